//! What the bot costs while nothing happens, and what it costs to have it at all.
//!
//! `cargo bench --bench idle` starts the real `breakglass serve` beside a real
//! `breakglass sandbox`, over Socket Mode and with the real clock, and prints its
//! memory and its wake-ups while it idles, before and after some work; the size of the
//! program; and how many crates it is made of. `-- --clean` builds it anew, too, in a
//! folder of its own, and says how long that took: minutes. `-- --short` looks on for a
//! shorter time. Exits with 1 if a promise isn't kept.
#![allow(
    clippy::print_stdout,
    reason = "the figures are what the benchmark is for"
)]

#[path = "../../tests/scorecard/kill/port.rs"]
mod port;
#[path = "../../tests/scorecard/kill/processes.rs"]
mod processes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use breakglass::clock::Stopwatch;
use breakglass::sandbox::hand::Hand;
use serde_json::{Value, json};

use port::Port;
use processes::{Door, Sandbox, Serve, Serving, folder};

/// What is promised of an idle bot: issue 8, acceptance 6.
const RESIDENT_KIB: u64 = 30 * 1024;
const WAKE_UPS: f64 = 5.0;
const PROGRAM_BYTES: u64 = 30 << 20;
const BUILD: Duration = Duration::from_mins(10);

/// How many changes are asked for before it idles again.
const N_ASKED: usize = 100;

/// How long after its start or its work it isn't idle yet: a thread without work ends
/// after ten seconds.
const REST: Duration = Duration::from_secs(15);

fn main() -> ExitCode {
    let wants = |flag: &str| std::env::args().any(|argument| argument == flag);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let measured = runtime
        .context("the system starts no runtime")
        .and_then(|runtime| runtime.block_on(measure(wants("--short"), wants("--clean"))));
    match measured {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("idle: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures all and prints it; whether every promise is kept.
async fn measure(short: bool, clean: bool) -> anyhow::Result<bool> {
    let span = Duration::from_secs(if short { 10 } else { 60 });
    let sandbox = Sandbox::start(None, None, 1)?;
    let hand = Hand::on(sandbox.said.control.clone())?;
    let serving = Serving {
        said: sandbox.said.clone(),
        door: Door::Socket,
        port: Port::take()?,
        folder: folder(Path::new(env!("CARGO_TARGET_TMPDIR")), "idle")?,
        flags: Vec::new(),
    };
    let mut serve = serving.start()?;
    is_up(&hand, &mut serve).await?;
    let fresh = idle(&serve, span).await?;
    println!("idle, just started: {}", fresh.line());
    for n in 0..N_ASKED {
        let asked = hand
            .act(
                "slash",
                json!({"as": "dana", "channel": "#inc-auth-outage", "command": "/emergency",
                        "text": format!("Restart gateway {n} of the auth cluster @morgan")}),
            )
            .await?;
        let status = asked.get("status").and_then(Value::as_str);
        ensure!(status == Some("acknowledged"), "not acknowledged: {asked}");
    }
    // A card a second: the pace of its channel.
    let at_work = Duration::from_secs(u64::try_from(N_ASKED)?) + Duration::from_secs(20);
    tokio::time::sleep(if short {
        Duration::from_secs(20)
    } else {
        at_work
    })
    .await;
    let after = idle(&serve, span).await?;
    println!("idle, after {N_ASKED} requests: {}\n", after.line());
    serve.kill();

    let program = std::fs::metadata(env!("CARGO_BIN_EXE_breakglass"))?.len();
    let mut kept = vec![
        (
            format!(
                "resident, just started: {} MB (at most {})",
                mib(fresh.resident_kib),
                mib(RESIDENT_KIB)
            ),
            fresh.resident_kib <= RESIDENT_KIB,
        ),
        (
            format!(
                "wake-ups: {:.1} a second (at most {WAKE_UPS})",
                fresh.wake_ups
            ),
            fresh.wake_ups <= WAKE_UPS,
        ),
        (
            format!(
                "the program: {} MB (at most {})",
                mib(program / 1024),
                mib(PROGRAM_BYTES / 1024)
            ),
            program <= PROGRAM_BYTES,
        ),
    ];
    println!("crates, our own among them: {}", n_crates()?);
    if clean {
        let took = clean_build()?;
        kept.push((
            format!(
                "a clean release build: {} s (at most {})",
                took.as_secs(),
                BUILD.as_secs()
            ),
            took <= BUILD,
        ));
    }
    for (claim, holds) in &kept {
        println!("{}  {claim}", if *holds { "PASS" } else { "FAIL" });
    }
    Ok(kept.iter().all(|(_, holds)| *holds))
}

async fn is_up(hand: &Hand, serve: &mut Serve) -> anyhow::Result<()> {
    let watch = Stopwatch::start();
    loop {
        let seen = hand.look("sockets").await?;
        let open = seen.get("sockets").and_then(Value::as_array);
        if open.is_some_and(|open| open.len() == 2) {
            return Ok(());
        }
        ensure!(!serve.has_ended()?, "the bot ended");
        if watch.elapsed() > Duration::from_secs(30) {
            bail!("the bot opens no connections");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What a bot cost that did nothing.
struct Idle {
    resident_kib: u64,
    /// What of it the system may drop at any time, to read it again: the program above all.
    file_kib: u64,
    most_kib: u64,
    wake_ups: f64,
    worked: Duration,
    n_threads: usize,
}

impl Idle {
    fn line(&self) -> String {
        format!(
            "{} MB resident, {} MB of it the program's own file (at most {} so far), {:.1} wake-ups a second, {} ms of processor time a minute, {} threads",
            mib(self.resident_kib),
            mib(self.file_kib),
            mib(self.most_kib),
            self.wake_ups,
            self.worked.as_millis(),
            self.n_threads
        )
    }
}

async fn idle(serve: &Serve, span: Duration) -> anyhow::Result<Idle> {
    tokio::time::sleep(REST).await;
    let (before, worked) = (wake_ups(serve.id())?, serve.worked()?);
    let watch = Stopwatch::start();
    tokio::time::sleep(span).await;
    let (after, seconds) = (wake_ups(serve.id())?, watch.elapsed().as_secs_f64());
    let (resident_kib, most_kib) = serve.resident()?;
    // A thread that ended meanwhile isn't counted, nor what it had counted before.
    let since = |(thread, n): (&u32, &u64)| n - before.get(thread).copied().unwrap_or(0);
    let n = u32::try_from(after.iter().map(since).sum::<u64>())?;
    Ok(Idle {
        resident_kib,
        file_kib: file_kib(serve.id())?,
        most_kib,
        wake_ups: f64::from(n) / seconds,
        worked: (serve.worked()?.saturating_sub(worked)).mul_f64(60.0 / seconds),
        n_threads: after.len(),
    })
}

/// How often each thread of a process went to sleep of itself so far: each sleep ends
/// with a wake-up.
fn wake_ups(process: u32) -> anyhow::Result<BTreeMap<u32, u64>> {
    const FIELD: &str = "voluntary_ctxt_switches:";
    let mut counts = BTreeMap::new();
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let thread = thread?;
        let status = std::fs::read_to_string(thread.path().join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(FIELD));
        let n = line.context("the system doesn't count wake-ups")?.trim();
        let name = thread.file_name();
        let name = name.to_str().context("a thread has no number")?;
        counts.insert(name.parse()?, n.parse()?);
    }
    Ok(counts)
}

/// How many KiB of a process's memory are pages of files.
fn file_kib(process: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssFile:"));
    let figure = line.context("the system doesn't say what is of files")?;
    Ok(figure.trim().trim_end_matches("kB").trim().parse()?)
}

/// How many crates are in the program.
fn n_crates() -> anyhow::Result<usize> {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
        ])
        .args(["--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::null())
        .output()?;
    ensure!(
        tree.status.success(),
        "cargo doesn't say what the crates are"
    );
    let tree = String::from_utf8(tree.stdout)?;
    let crates: BTreeSet<_> = tree
        .lines()
        .map(|line| {
            line.trim_end_matches(" (*)")
                .trim_end_matches(" (proc-macro)")
        })
        .filter(|line| !line.is_empty())
        .collect();
    Ok(crates.len())
}

/// How long a release build takes where nothing was built before.
fn clean_build() -> anyhow::Result<Duration> {
    let place = folder(Path::new(env!("CARGO_TARGET_TMPDIR")), "clean-build")?;
    let watch = Stopwatch::start();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--bin", "breakglass"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_TARGET_DIR", &place)
        .env("CARGO_INCREMENTAL", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    let took = watch.elapsed();
    std::fs::remove_dir_all(&place)?;
    ensure!(built.success(), "the release build failed");
    Ok(took)
}

fn mib(kib: u64) -> String {
    format!("{}.{}", kib / 1024, kib % 1024 * 10 / 1024)
}
