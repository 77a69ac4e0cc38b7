//! What it costs to make the auditor's pack of a year, and to verify it.
//!
//! `cargo bench --bench evidence` lets a register live through a year with 10,000
//! emergencies and 1,000,000 normal changes, 1,250,000 tellings of which came one by
//! one, and then asks the program for packs of it: population and log in at most 60
//! seconds and 300 MB, a sample of 25 in at most 5 seconds more, and every number as
//! counted by hand. The pack is verified in 300 MB, too; one byte of it altered has to
//! be found. `-- --short` makes a fiftieth of all that, for machines that do other things
//! too. It exits with 1 if a promise isn't kept, and touches nothing but its own folder
//! under `target/tmp`; `-- --keep` leaves that there.
#![allow(
    clippy::print_stdout,
    reason = "the figures are what the benchmark is for"
)]

#[path = "../../tests/scorecard/documented.rs"]
mod documented;
mod year;

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use breakglass::clock::Stopwatch;
use breakglass::domain::rate::grouped;

use year::Year;

/// What population and log may cost, what a sample may cost beside that, and what memory
/// either may take.
const POPULATION: Duration = Duration::from_secs(60);
const SAMPLE: Duration = Duration::from_secs(5);
const MEMORY_MIB: u64 = 300;

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
    let sampled = made(&place, "sampled.zip", 25)?;
    let verified = Run::of(&place, &["verify", "sampled.zip"])?;
    alter(&place.join("sampled.zip"))?;
    let altered = Run::of(&place, &["verify", "sampled.zip"])?;
    let left = std::fs::read_dir(&place)?.count();
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
    let counted = format!(
        "{} changes, {} of them emergencies;",
        grouped(year.n_emergencies + year.n_normal),
        grouped(year.n_emergencies)
    );
    let within = POPULATION * slack / u32::try_from(share)?;
    let more = sampled.took.saturating_sub(population.took);
    let most = population.mib.max(sampled.mib);
    let kept = [
        (
            format!(
                "population and log take {:.1} s (up to {:.1} s)",
                population.took.as_secs_f64(),
                within.as_secs_f64()
            ),
            population.took <= within,
        ),
        (
            format!(
                "a sample of 25 takes {:.1} s more (up to {:.1} s)",
                more.as_secs_f64(),
                (SAMPLE * slack).as_secs_f64()
            ),
            more <= SAMPLE * slack && sampled.said.contains("25 samples"),
        ),
        (
            format!("neither takes more than {most} MB (up to {MEMORY_MIB} MB)"),
            most <= MEMORY_MIB,
        ),
        (
            format!("both hold {counted} as counted by hand"),
            [&population, &sampled]
                .iter()
                .all(|run| run.is_done && run.said.contains(&counted)),
        ),
        (
            "the database, its key, its lock and two packs are all that is left".to_owned(),
            left == 5,
        ),
        (
            format!(
                "the pack verifies, in {:.1} s and {} MB (up to {MEMORY_MIB} MB)",
                verified.took.as_secs_f64(),
                verified.mib
            ),
            verified.is_done && verified.mib <= MEMORY_MIB,
        ),
        (
            format!(
                "one byte of it altered, it doesn't (control): {}",
                altered.said.lines().next().unwrap_or_default()
            ),
            !altered.is_done,
        ),
    ];
    println!();
    for (claim, holds) in &kept {
        println!("{}  {claim}", if *holds { "PASS" } else { "FAIL" });
    }
    Ok(kept.iter().all(|(_, holds)| *holds))
}

fn made(place: &Path, name: &str, n_samples: usize) -> anyhow::Result<Run> {
    let n_samples = n_samples.to_string();
    let run = Run::of(
        place,
        &[
            "evidence",
            "--from",
            "2025-01-01",
            "--to",
            "2025-12-31",
            "--sample",
            &n_samples,
            "--seed",
            "7",
            "--out",
            name,
        ],
    )?;
    ensure!(run.is_done, "there is no {name}: {}", run.said);
    Ok(run)
}

/// What a run of the program came to.
struct Run {
    took: Duration,
    mib: u64,
    is_done: bool,
    said: String,
}

impl Run {
    /// Runs this program as the bot's, in a process of its own: what others left in memory
    /// isn't counted.
    fn of(place: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let watch = Stopwatch::start();
        let output = Command::new(std::env::current_exe()?)
            .args(arguments)
            .current_dir(place)
            .env_clear()
            .env("BREAKGLASS_DATABASE", "year.db")
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
