//! The command line from outside: the program itself, in an empty environment,
//! against a workspace in a box that is a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use breakglass::sandbox::hand::Hand;
use serde_json::Value;

mod backup;
mod beside;
mod broken;
mod check_config;
mod cut_short;
mod doctor;
mod evidence;
mod evidence_cut;
mod export;
mod fields;
mod import;
mod picture;
mod printed;
mod quarter;
mod questions;
mod rate;
mod rehearse;
mod retention;
mod serve;
mod setup;
mod stop;
mod verify;
mod watch;

/// Far longer than any of these takes; a program that hangs is ended, and its
/// test fails for want of an exit code.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program, knowing nothing but what it is told, in a folder of its own.
fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_breakglass"));
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    command
}

/// How a program ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ended {
    /// It failed with one line, in which all of these stand.
    #[track_caller]
    fn failed_saying(&self, parts: &[&str]) {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        assert!(self.err.starts_with("breakglass: "), "{self:?}");
        self.says(parts);
    }

    #[track_caller]
    fn says(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.err.contains(part), "no {part:?} in {self:?}");
        }
    }
}

/// Speaks to this machine. A TLS library has to be chosen, and is never asked.
fn plain_http() -> reqwest::Client {
    // The second of us finds it chosen.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// Runs a program to its end.
fn run(command: &mut Command) -> Ended {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    finish(child)
}

fn finish(child: Child) -> Ended {
    let id = child.id();
    let (done, watched) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        if watched.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            signal("KILL", id);
        }
    });
    let output = child.wait_with_output().unwrap();
    drop(done);
    watch.join().unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn signal(name: &str, process: u32) {
    // The shell's own `kill` is there on every machine.
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -{name} {process}")])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// A workspace in a box.
struct Sandbox {
    child: Child,
    told: Value,
    folder: tempfile::TempDir,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sandbox {
    fn start() -> Self {
        Self::with_manifest(include_str!("../../../manifest.yml"))
    }

    fn with_manifest(manifest: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("manifest.yml"), manifest).unwrap();
        let mut child = program(folder.path())
            .args(["sandbox", "--manifest", "manifest.yml"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        std::fs::remove_file(folder.path().join("manifest.yml")).unwrap();
        Self {
            child,
            told: serde_json::from_str(&line).unwrap(),
            folder,
        }
    }

    fn told(&self, what: &str) -> &str {
        self.told[what].as_str().unwrap()
    }

    /// The program's folder, in which nothing stands at first.
    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.folder().join(name), content).unwrap();
    }

    /// The program, installed in this workspace through Socket Mode.
    fn installed(&self, subcommand: &str) -> Command {
        let mut command = program(self.folder());
        command
            .arg(subcommand)
            .env("BREAKGLASS_LISTEN", "127.0.0.1:0")
            .env("BREAKGLASS_SLACK_API_URL", self.told("slack_api_url"))
            .env("SLACK_BOT_TOKEN", self.told("bot_token"))
            .env("SLACK_APP_TOKEN", self.told("app_token"));
        if subcommand == "doctor" {
            command.env_remove("BREAKGLASS_LISTEN");
        }
        command
    }

    /// Runs the program to its end, which must not tell anybody a secret.
    #[track_caller]
    fn run(&self, command: &mut Command) -> Ended {
        let ended = run(command);
        for secret in ["bot_token", "app_token", "signing_secret"] {
            let secret = self.told(secret);
            assert!(!ended.out.contains(secret), "{ended:?}");
            assert!(!ended.err.contains(secret), "{ended:?}");
        }
        ended
    }

    fn act(&self, route: &str, body: Value) -> Value {
        let hand = Hand::on(self.told("control")).unwrap();
        tokio::runtime::Runtime::new()
            .unwrap()
            .block_on(hand.act(route, body))
            .unwrap()
    }

    fn n_sockets(&self) -> usize {
        let hand = Hand::on(self.told("control")).unwrap();
        let sockets = tokio::runtime::Runtime::new()
            .unwrap()
            .block_on(hand.look("sockets"))
            .unwrap();
        sockets["sockets"].as_array().unwrap().len()
    }

    /// Starts the bot and waits until it is ready and Slack can reach it.
    fn serve(&self) -> Serving {
        self.serve_with(&mut self.installed("serve"))
    }

    /// The same, told more.
    fn serve_with(&self, command: &mut Command) -> Serving {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("ready") {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "the bot ended");
        }
        while self.n_sockets() == 0 {
            assert_eq!(child.try_wait().unwrap(), None, "the bot ended");
        }
        Serving { child, log }
    }
}

/// A bot at work.
struct Serving {
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Serving {
    fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal and waits for the end.
    fn end(self, name: &str) -> Option<i32> {
        self.end_with_log(name).0
    }

    /// The same, with all that was logged since it was ready.
    fn end_with_log(mut self, name: &str) -> (Option<i32>, String) {
        signal(name, self.id());
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.log, &mut rest).unwrap();
        (finish(self.child).code, rest)
    }
}
