//! The two processes under proof: a workspace in a box, and the bot beside it.
//!
//! Starts and ends them, and knows nothing of what they say to each other. The
//! acknowledgement benchmark starts its processes from here too.
#![allow(dead_code, reason = "each of its two users needs a part of it")]

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::port::Port;

/// The program under proof, as cargo built it for this target.
const PROGRAM: &str = env!("CARGO_BIN_EXE_breakglass");

/// The workspace of the sandbox.
pub(crate) const WORKSPACE: &str = "T0BREAK01";

/// A child that doesn't outlive us.
#[derive(Debug)]
struct Own(Child);

impl Own {
    fn kill(&mut self) {
        // It may have ended by itself, which is as good; a process that is not
        // waited for would stay behind.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What the sandbox says of itself on its first line.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Said {
    pub(crate) listen: SocketAddr,
    pub(crate) slack_api_url: String,
    pub(crate) control: String,
    pub(crate) bot_token: String,
    pub(crate) app_token: String,
    pub(crate) signing_secret: String,
}

/// A `breakglass sandbox`.
#[derive(Debug)]
pub(crate) struct Sandbox {
    pub(crate) said: Said,
    _process: Own,
}

impl Sandbox {
    /// Starts one, with its clock stopped at an instant or running, delivering
    /// to `request_url` or over sockets.
    pub(crate) fn start(
        frozen_at: Option<&str>,
        request_url: Option<&str>,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(PROGRAM);
        command
            .args(["sandbox", "--listen", "127.0.0.1:0"])
            .args(["--seed", &seed.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(at) = frozen_at {
            command.args(["--frozen-at", at]);
        }
        if let Some(url) = request_url {
            command.args(["--request-url", url]);
        }
        let mut process = Own(command.spawn().context("the sandbox can't be started")?);
        let said = process
            .0
            .stdout
            .take()
            .context("the sandbox says nothing")?;
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line)?;
        let said = serde_json::from_str(&line).context("the sandbox said something else")?;
        Ok(Self {
            said,
            _process: process,
        })
    }
}

/// Through which door Slack's deliveries come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Http,
    Socket,
}

/// How `breakglass serve` is started, again and again.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) said: Said,
    pub(crate) door: Door,
    pub(crate) port: Port,
    pub(crate) folder: PathBuf,
    /// Flags beside the usual ones.
    pub(crate) flags: Vec<String>,
}

impl Serving {
    /// Where its database is.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("breakglass.db")
    }

    /// Where it writes what it logs, one run after the other.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("serve.log")
    }

    /// Starts it; returns at once.
    pub(crate) fn start(&self) -> anyhow::Result<Serve> {
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut command = Command::new(PROGRAM);
        command
            .arg("serve")
            .arg("--database")
            .arg(self.database())
            .args(["--listen", &self.port.address.to_string()])
            .args(["--slack-api-url", &self.said.slack_api_url])
            .args(&self.flags)
            // Neither our configuration nor our secrets are its own.
            .env_clear()
            .env("SLACK_BOT_TOKEN", &self.said.bot_token)
            .env("RUST_LOG", "warn")
            .env("NO_COLOR", "1")
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        match self.door {
            Door::Http => command
                .env("SLACK_SIGNING_SECRET", &self.said.signing_secret)
                .env("GITHUB_WEBHOOK_SECRET", &self.said.signing_secret),
            Door::Socket => command.env("SLACK_APP_TOKEN", &self.said.app_token),
        };
        let process = command.spawn().context("the bot can't be started")?;
        Ok(Serve(Own(process)))
    }
}

/// A `breakglass serve`.
#[derive(Debug)]
pub(crate) struct Serve(Own);

impl Serve {
    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.0.kill();
    }

    /// Stops it where it stands, or lets it go on.
    pub(crate) fn rest(&self, rests: bool) -> anyhow::Result<()> {
        let signal = if rests { "STOP" } else { "CONT" };
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{signal} {}", self.0.0.id())])
            .status()?;
        ensure!(sent.success(), "the bot can't be sent {signal}");
        Ok(())
    }

    /// Its number among the system's processes.
    pub(crate) fn id(&self) -> u32 {
        self.0.0.id()
    }

    /// Whether it has ended, by itself or by us.
    pub(crate) fn has_ended(&mut self) -> anyhow::Result<bool> {
        Ok(self.0.0.try_wait()?.is_some())
    }

    /// How much processor time it has used so far.
    pub(crate) fn worked(&self) -> anyhow::Result<Duration> {
        // The fields after the program's name, which may hold anything.
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.0.id()))?;
        let (_, fields) = stat
            .rsplit_once(')')
            .context("the system says nothing of it")?;
        let mut fields = fields.split_whitespace().skip(11);
        let mut ticks = || -> anyhow::Result<u64> {
            let field = fields.next().context("the system says too little of it")?;
            Ok(field.parse()?)
        };
        // Linux counts in hundredths of a second, whatever its clock does.
        Ok(Duration::from_millis((ticks()? + ticks()?) * 10))
    }

    /// How much memory it occupies now and how much at most so far, in KiB.
    pub(crate) fn resident(&self) -> anyhow::Result<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.0.id()))?;
        let figure = |name: &str| -> anyhow::Result<u64> {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .with_context(|| format!("the system doesn't say {name}"))?;
            let figure = line.trim().trim_end_matches("kB").trim();
            Ok(figure.parse()?)
        };
        Ok((figure("VmRSS:")?, figure("VmHWM:")?))
    }
}

/// A folder for one run; what was in it is gone.
pub(crate) fn folder(under: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let folder = under.join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    ensure!(folder.is_dir(), "{} is no folder", folder.display());
    Ok(folder)
}
