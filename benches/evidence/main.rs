//! What it costs to make the auditor's pack of a year, and to verify it.
//!
//! `cargo bench --bench evidence` lets a register live through a year with 10,000
//! emergencies and 1,000,000 normal changes, of which sources told 1,250,000 times, and
//! then asks the program for packs of it: population and log in at most 60 seconds and
//! 300 MB, a sample of 25 in at most 5 seconds more, and every number as counted by hand.
//! Killed in the middle it leaves nothing. The pack is verified in 300 MB, too; one byte
//! of it altered has to be found. `-- --short` makes a fiftieth of all that, for machines
//! that do other things too. It exits with 1 if a promise isn't kept, and touches nothing
//! but its own folder under `target/tmp`; `-- --keep` leaves that there.
#![allow(
    clippy::print_stdout,
    reason = "the figures are what the benchmark is for"
)]

#[path = "../../tests/scorecard/documented.rs"]
mod documented;
mod year;

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use breakglass::clock::Stopwatch;
use breakglass::domain::rate::grouped;

use year::Year;

/// What population and log may cost, what a sample may cost beside that, and what memory
/// either may take.
const POPULATION: Duration = Duration::from_mins(1);
const SAMPLE: Duration = Duration::from_secs(5);
const MEMORY_MIB: u64 = 300;

/// What is there in the end: the database with its key and its lock, and two packs.
const WHOLE: [&str; 5] = [
    "year.db",
    "year.db.T0BREAK01.key",
    "year.db.lock",
    "population.zip",
    "sampled.zip",
];

/// In how many parts of its time it is killed, at the end of each but the last.
const KILLED: u32 = 5;

/// A busy machine takes its time; fewer changes cost less.
const SHORT: u64 = 50;
const SLACK_WHEN_SHORT: u32 = 3;

/// By this a run of this program knows that it is to be the program itself, and to say
/// what memory that took.
const AS_PROGRAM: [&str; 2] = ["evidence", "verify"];

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("evidence: the system starts no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is = |word: &str| arguments.iter().any(|argument| argument == word);
    if arguments
        .first()
        .is_some_and(|first| AS_PROGRAM.contains(&first.as_str()))
    {
        let code = runtime.block_on(breakglass::cli::run());
        match peak() {
            Ok(kib) => println!("{kib}"),
            Err(error) => eprintln!("evidence: {error:#}"),
        }
        return code;
    }
    match measure(&runtime, is("--short"), is("--keep")) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("evidence: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(runtime: &tokio::runtime::Runtime, short: bool, keep: bool) -> anyhow::Result<bool> {
    let (share, slack) = if short {
        (SHORT, SLACK_WHEN_SHORT)
    } else {
        (1, 1)
    };
    let year = Year {
        n_emergencies: 10_000 / share,
        n_normal: 1_000_000 / share,
    };
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("evidence");
    if place.exists() {
        std::fs::remove_dir_all(&place)?;
    }
    std::fs::create_dir_all(&place)?;
    let watch = Stopwatch::start();
    let n_records = runtime.block_on(year.live(&place.join("year.db")))?;
    println!(
        "{} emergencies and {} normal changes of a year, {} records, {} MB, lived in {:.1} s",
        grouped(year.n_emergencies),
        grouped(year.n_normal),
        grouped(n_records),
        std::fs::metadata(place.join("year.db"))?.len() >> 20,
        watch.elapsed().as_secs_f64()
    );
    let population = made(&place, "population.zip", 0)?;
    let n_killed = killed(&place, population.took)?;
    let sampled = made(&place, "sampled.zip", 25)?;
    let verified = Run::of(&place, &["verify", "sampled.zip"])?;
    alter(&place.join("sampled.zip"))?;
    let altered = Run::of(&place, &["verify", "sampled.zip"])?;
    let mut left = Vec::new();
    for one in std::fs::read_dir(&place)? {
        left.push(one?.file_name());
    }
    left.retain(|name| !WHOLE.iter().any(|whole| name == whole));
    for (what, run) in [
        ("population and log", &population),
        ("with a sample of 25", &sampled),
        ("verified", &verified),
    ] {
        println!(
            "{what}: {:.1} s, {} MB: {}",
            run.took.as_secs_f64(),
            run.mib,
            run.said.lines().next().unwrap_or_default()
        );
    }
    if !keep {
        std::fs::remove_dir_all(&place)?;
    }
    let packs = Packs {
        population,
        sampled,
        verified,
    };
    let mut kept = packs.claims(year, u32::try_from(share)?, slack);
    kept.extend([
        (
            format!("killed {n_killed} times in the middle, it leaves nothing"),
            left.is_empty() && n_killed > 0,
        ),
        (
            format!(
                "one byte of it altered, it doesn't verify (control): {}",
                altered.said.lines().next().unwrap_or_default()
            ),
            !altered.is_done,
        ),
    ]);
    println!();
    for (claim, holds) in &kept {
        println!("{}  {claim}", if *holds { "PASS" } else { "FAIL" });
    }
    Ok(kept.iter().all(|(_, holds)| *holds))
}

/// What the runs came to that are measured.
struct Packs {
    population: Run,
    sampled: Run,
    verified: Run,
}

impl Packs {
    /// What was promised of them, and whether it is kept.
    fn claims(&self, year: Year, share: u32, slack: u32) -> Vec<(String, bool)> {
        let counted = format!(
            "{} changes, {} of them emergencies",
            grouped(year.n_emergencies + year.n_normal),
            grouped(year.n_emergencies)
        );
        let within = POPULATION * slack / share;
        let more = self.sampled.took.saturating_sub(self.population.took);
        let most = self.population.mib.max(self.sampled.mib);
        vec![
            (
                format!(
                    "population and log take {:.1} s (up to {:.1} s)",
                    self.population.took.as_secs_f64(),
                    within.as_secs_f64()
                ),
                self.population.took <= within,
            ),
            (
                format!(
                    "a sample of 25 takes {:.1} s more (up to {:.1} s)",
                    more.as_secs_f64(),
                    (SAMPLE * slack).as_secs_f64()
                ),
                more <= SAMPLE * slack && self.sampled.said.contains("25 samples"),
            ),
            (
                format!("neither takes more than {most} MB (up to {MEMORY_MIB} MB)"),
                most <= MEMORY_MIB,
            ),
            (
                format!("both hold {counted}, as many as there were"),
                [&self.population, &self.sampled]
                    .iter()
                    .all(|run| run.is_done && run.said.contains(&counted)),
            ),
            (
                format!(
                    "the pack verifies, in {:.1} s and {} MB (up to {MEMORY_MIB} MB)",
                    self.verified.took.as_secs_f64(),
                    self.verified.mib
                ),
                self.verified.is_done && self.verified.mib <= MEMORY_MIB,
            ),
        ]
    }
}

/// What asks for the year's pack.
const PACK: [&str; 7] = [
    "evidence",
    "--from",
    "2025-01-01",
    "--to",
    "2025-12-31",
    "--seed",
    "7",
];

fn made(place: &Path, name: &str, n_samples: usize) -> anyhow::Result<Run> {
    let n_samples = n_samples.to_string();
    let more = ["--sample", &n_samples, "--out", name];
    let run = Run::of(place, &[&PACK[..], &more].concat())?;
    ensure!(run.is_done, "there is no {name}: {}", run.said);
    Ok(run)
}

/// Kills it again and again in the middle of the time that it takes. Returns how often
/// that came before its end.
fn killed(place: &Path, took: Duration) -> anyhow::Result<u32> {
    let mut n_killed = 0;
    for part in 1..KILLED {
        let more = ["--out", "killed.zip"];
        let mut child = program(place, &[&PACK[..], &more].concat())?
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        // Nothing is waited for but the time itself.
        std::thread::sleep(took * part / KILLED);
        child.kill()?;
        n_killed += u32::from(child.wait()?.code().is_none());
    }
    Ok(n_killed)
}

/// This program as the bot's, in a process of its own: what others left in memory isn't
/// counted.
fn program(place: &Path, arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(arguments)
        .current_dir(place)
        .env_clear()
        .env("BREAKGLASS_DATABASE", "year.db");
    Ok(command)
}

/// What a run of the program came to.
struct Run {
    took: Duration,
    mib: u64,
    is_done: bool,
    said: String,
}

impl Run {
    fn of(place: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let watch = Stopwatch::start();
        let output = program(place, arguments)?
            .output()
            .context("the program can't be started")?;
        let took = watch.elapsed();
        let out = String::from_utf8(output.stdout)?;
        let (said, kib) = out
            .trim_end()
            .rsplit_once('\n')
            .unwrap_or(("", out.trim_end()));
        let errors = String::from_utf8(output.stderr)?;
        let kib: u64 = kib
            .parse()
            .with_context(|| format!("its memory isn't known: {errors}"))?;
        Ok(Self {
            took,
            mib: kib >> 10,
            is_done: output.status.success(),
            said: format!("{said}{errors}"),
        })
    }
}

/// Alters a byte in the middle of a file.
fn alter(path: &Path) -> anyhow::Result<()> {
    let mut file = std::fs::File::options().read(true).write(true).open(path)?;
    let middle = file.metadata()?.len() / 2;
    let mut byte = [0];
    file.seek(SeekFrom::Start(middle))?;
    file.read_exact(&mut byte)?;
    file.seek(SeekFrom::Start(middle))?;
    file.write_all(&[byte[0] ^ 1])?;
    Ok(())
}

/// The most memory that this process ever held, in KiB.
fn peak() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let figure = line.and_then(|line| line.split_whitespace().next());
    Ok(figure.context("the system doesn't say VmHWM")?.parse()?)
}
