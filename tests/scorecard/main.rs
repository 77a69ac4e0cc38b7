//! Every promise about faults, counted, beside a control that must break it.
//!
//! `cargo test --release --test scorecard -- --long` takes over an hour; `--short` is what
//! CI runs, and plain `cargo test` takes a few of each. `--seed N` repeats a run,
//! a name picks one harness, `--runs N` says how often. Exits with failure if a
//! harness fails or a control doesn't.
//!
//! Not a harness test: it names itself to `cargo test` and obeys its filters.
#![allow(clippy::print_stdout, reason = "the count is what the proof is for")]

mod bodies;
mod declared;
mod deliveries;
mod dice;
mod documented;
mod keep;
mod kill;
mod months;
#[path = "kill/port.rs"]
mod port;
mod power;
#[path = "kill/processes.rs"]
mod processes;
mod quarter;
mod tamper;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use breakglass::clock::Stopwatch;

/// What one harness came to.
struct Score {
    harness: &'static str,
    runs: usize,
    /// What was run so often.
    of: &'static str,
    seed: u64,
    /// How much it went through.
    about: String,
    failures: Vec<String>,
    /// What must fail.
    control: &'static str,
    control_failures: usize,
}

impl Score {
    fn holds(&self) -> bool {
        self.failures.is_empty() && self.control_failures > 0
    }
}

/// How often each harness runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// With all other tests.
    Few,
    /// In CI.
    Short,
    /// By command.
    Long,
}

/// The harnesses, by the names that a filter finds.
const HARNESSES: [(&str, [usize; 3]); 10] = [
    (
        "killing_the_bot_loses_nothing_and_repeats_nothing",
        [3, 20, 10_000],
    ),
    (
        "power_cuts_lose_nothing_that_was_acknowledged",
        [50, 1_000, 10_000],
    ),
    ("a_disk_that_fails_acknowledges_nothing", [29, 7, 1]),
    (
        "every_rung_is_said_once_in_simulated_months",
        [20, 300, 10_000],
    ),
    (
        "a_delivery_repeated_and_reordered_changes_nothing_more",
        [20, 300, 10_000],
    ),
    ("a_quarter_equals_its_naive_recount", [10, 100, 1_000]),
    (
        "what_is_done_to_a_record_is_found_and_named",
        [32, 200, 1_000],
    ),
    (
        "what_is_done_to_a_pack_is_found_and_named",
        [55, 220, 1_000],
    ),
    (
        "a_backup_beside_a_bot_at_work_restores_to_what_verifies",
        [2, 10, 200],
    ),
    (
        "whatever_strangers_send_is_read_or_turned_away",
        [200, 20_000, 1_000_000],
    ),
];

struct Wanted {
    form: Form,
    seed: u64,
    runs: Option<usize>,
    filters: Vec<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        for (name, _) in HARNESSES {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    match wanted(&arguments).and_then(|wanted| prove(&wanted)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("scorecard: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn wanted(arguments: &[String]) -> anyhow::Result<Wanted> {
    let mut wanted = Wanted {
        form: Form::Few,
        seed: 1,
        runs: None,
        filters: Vec::new(),
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut figure = || -> anyhow::Result<u64> {
            let figure = arguments.next();
            let figure = figure.with_context(|| format!("{argument} wants a number"))?;
            figure
                .parse()
                .with_context(|| format!("{figure} is no number"))
        };
        match argument.as_str() {
            "--long" => wanted.form = Form::Long,
            "--short" => wanted.form = Form::Short,
            "--seed" => wanted.seed = figure()?,
            "--runs" => wanted.runs = Some(usize::try_from(figure()?)?),
            // What the harness of other targets understands is nothing to us.
            flag if flag.starts_with('-') => {}
            filter => wanted.filters.push(filter.to_owned()),
        }
    }
    Ok(wanted)
}

fn prove(wanted: &Wanted) -> anyhow::Result<bool> {
    let place =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("score-{}", std::process::id()));
    std::fs::create_dir_all(&place)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut holds = true;
    for (which, (name, runs)) in HARNESSES.iter().enumerate() {
        let filters = &wanted.filters;
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter.as_str())) {
            continue;
        }
        let [few, short, long] = *runs;
        let runs = wanted.runs.unwrap_or(match wanted.form {
            Form::Few => few,
            Form::Short => short,
            Form::Long => long,
        });
        let watch = Stopwatch::start();
        let score = runtime.block_on(async {
            match which {
                0 => kill::kills(&place, runs, wanted.seed).await,
                1 => power::cuts(&place, runs, wanted.seed).await,
                2 => power::faults(&place, runs as u64, wanted.seed).await,
                3 => Ok(months::months(runs, wanted.seed)),
                4 => deliveries::deliveries(&place, runs, wanted.seed).await,
                5 => quarter::quarters(&place, runs, wanted.seed).await,
                6 => tamper::tampered(&place, runs, wanted.seed).await,
                7 => tamper::packs_tampered(&place, wanted.form, runs, wanted.seed).await,
                8 => keep::backups(&place, runs, wanted.seed).await,
                _ => Ok(bodies::bodies(runs, wanted.seed)),
            }
        });
        let score = score.with_context(|| format!("{name}, seed {}", wanted.seed))?;
        for failure in score.failures.iter().take(20) {
            println!("{}: {failure}", score.harness);
        }
        println!(
            "{}: {} {} ({}), seed {}: {} failures; control ({}): {} failures; {:.1} s: {}",
            score.harness,
            score.runs,
            score.of,
            score.about,
            score.seed,
            score.failures.len(),
            score.control,
            score.control_failures,
            watch.elapsed().as_secs_f64(),
            if score.holds() { "holds" } else { "FAILS" },
        );
        holds &= score.holds();
    }
    if holds {
        std::fs::remove_dir_all(&place)?;
    } else {
        println!("what they wrote is in {}", place.display());
    }
    Ok(holds)
}
