//! What it costs to look whether anything is due.
//!
//! `cargo bench --bench sweep` makes two registers, one with 1,000 closed changes
//! and one with 1,000,000, each with 1,000 open ones, and sweeps both: an empty
//! sweep must cost under a millisecond, and a sweep with something to do must cost
//! what is due and not what exists. Beside it stands the same question asked without
//! the index, which must be far slower. `-- --short` makes 100,000 instead of the
//! million, for machines that do other things too. It exits with 1 if a promise
//! isn't kept, and touches nothing but its own folder under `target/tmp`.
#![allow(
    clippy::print_stdout,
    reason = "the figures are what the benchmark is for"
)]

#[path = "../../tests/scorecard/declared.rs"]
mod declared;
mod register;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use breakglass::clock::Stopwatch;
use breakglass::store::Rules;
use chrono::{DateTime, TimeDelta, Utc};

use register::{Register, began, without_the_index};

/// How many changes are open in each register.
const OPEN: u32 = 1_000;

/// How many are closed in the small one.
const FEW: u32 = 1_000;

/// What an empty sweep may cost.
const EMPTY: Duration = Duration::from_millis(1);

/// How often an empty sweep is measured.
const N_EMPTY: usize = 400;

/// How many are due at once, in turn; and how often each is measured.
const DUE: [u32; 2] = [10, 100];
const TURNS: u32 = 7;

// There must be as many open ones as all that falls due.
const _: () = assert!(TURNS * (DUE[0] + DUE[1]) <= OPEN);

/// How much more a sweep may cost beside a thousand times as many closed changes:
/// nothing but the depth of the trees, and what a busy machine adds.
const MORE: f64 = 2.0;

/// Grace of an ordinary installation.
const GRACE: TimeDelta = TimeDelta::seconds(90);

/// What one register costs.
struct Measured {
    n_closed: u32,
    mib: u64,
    sweep: Spread,
    round: Spread,
    due: Vec<Duration>,
}

/// Median, and the slowest of a hundred.
struct Spread {
    p50: Duration,
    p99: Duration,
}

fn main() -> ExitCode {
    let short = std::env::args().any(|argument| argument == "--short");
    let measured = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the system starts no runtime")
        .and_then(|runtime| runtime.block_on(measure(short)));
    match measured {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("sweep: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(short: bool) -> anyhow::Result<bool> {
    let many = if short { 100_000 } else { 1_000_000 };
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sweep");
    if place.exists() {
        std::fs::remove_dir_all(&place)?;
    }
    std::fs::create_dir_all(&place)?;
    println!("a look at what is due, in a register with {OPEN} open changes\n");
    println!(
        "   closed      file   empty sweep p50 / p99     whole idle round p50 / p99   {} due   {} due",
        DUE[0], DUE[1]
    );
    let few = look_at(&place, FEW).await?;
    let all = look_at(&place, many).await?;
    let control = without_the_index(&place.join(format!("{many}.db")))?;
    std::fs::remove_dir_all(&place)?;
    println!(
        "\nthe same question without the index: {}\n",
        millis(control)
    );
    let mut kept = vec![(
        format!(
            "an empty sweep beside {many} closed changes costs {} (under {})",
            millis(all.sweep.p50),
            millis(EMPTY)
        ),
        all.sweep.p50 < EMPTY && few.sweep.p50 < EMPTY,
    )];
    for ((n, small), large) in DUE.iter().zip(&few.due).zip(&all.due) {
        let ratio = large.as_secs_f64() / small.as_secs_f64();
        kept.push((
            format!(
                "{n} due cost {ratio:.2} times as much beside {} times as many closed changes (at most {MORE:.1})",
                many / FEW
            ),
            ratio <= MORE,
        ));
    }
    kept.push((
        format!(
            "without the index it costs {} (control: over {})",
            millis(control),
            millis(EMPTY)
        ),
        control > EMPTY,
    ));
    for (claim, holds) in &kept {
        println!("{}  {claim}", if *holds { "PASS" } else { "FAIL" });
    }
    Ok(kept.iter().all(|(_, holds)| *holds))
}

async fn look_at(place: &Path, n_closed: u32) -> anyhow::Result<Measured> {
    let path = place.join(format!("{n_closed}.db"));
    let register = Register::make(&path, n_closed, OPEN).await?;
    let mib = std::fs::metadata(&path)?.len() >> 20;
    let Register { store, rules } = &register;
    let calm = began() + TimeDelta::hours(1);
    let (mut sweeps, mut rounds) = (Vec::new(), Vec::new());
    for n in 0..N_EMPTY {
        let watch = Stopwatch::start();
        let found = store
            .sweep(BTreeSet::new(), Arc::clone(rules), calm)
            .await?;
        sweeps.push(watch.elapsed());
        ensure!(found == 0, "{found} are due in the calm");
        // What the bot does between two naps, with nothing to do.
        let watch = Stopwatch::start();
        store.waiting(128).await?;
        store
            .sweep(BTreeSet::new(), Arc::clone(rules), calm)
            .await?;
        store.doubtful(calm, GRACE, 16).await?;
        store.lanes(calm, 64).await?;
        store.next_at(GRACE).await?;
        rounds.push(watch.elapsed());
        // The first ones read the file.
        if n < N_EMPTY / 10 {
            sweeps.clear();
            rounds.clear();
        }
    }
    let mut due = Vec::new();
    let mut swept = 0;
    for n in DUE {
        let mut turns = Vec::new();
        for _ in 0..TURNS {
            swept += n;
            // The changes were deployed a second apart; each has a rung 16 hours before
            // its deadline.
            let at = began() + TimeDelta::hours(8) + TimeDelta::seconds(i64::from(swept) - 1);
            turns.push(sweep_all(&register, rules, at, n).await?);
        }
        // What a busy machine adds is no cost of ours.
        due.push(turns.into_iter().min().context("nothing was measured")?);
    }
    store.close().await;
    let measured = Measured {
        n_closed,
        mib,
        sweep: spread(sweeps)?,
        round: spread(rounds)?,
        due,
    };
    let [ten, hundred] = measured.due.as_slice() else {
        anyhow::bail!("two sweeps with something to do were to be measured");
    };
    println!(
        "{:9}  {:5} MB   {:>9} / {:>9}       {:>9} / {:>9}         {:>9}  {:>9}",
        measured.n_closed,
        measured.mib,
        millis(measured.sweep.p50),
        millis(measured.sweep.p99),
        millis(measured.round.p50),
        millis(measured.round.p99),
        millis(*ten),
        millis(*hundred),
    );
    Ok(measured)
}

/// Sweeps until nothing is due, and returns how long that took.
async fn sweep_all(
    register: &Register,
    rules: &Arc<Rules>,
    at: DateTime<Utc>,
    expected: u32,
) -> anyhow::Result<Duration> {
    let watch = Stopwatch::start();
    let mut n_found = 0;
    loop {
        let rules = Arc::clone(rules);
        let found = register.store.sweep(BTreeSet::new(), rules, at).await?;
        if found == 0 {
            break;
        }
        n_found += found;
    }
    let took = watch.elapsed();
    let is_so = u32::try_from(n_found).is_ok_and(|n_found| n_found == expected);
    ensure!(is_so, "{n_found} were due instead of {expected}");
    Ok(took)
}

fn spread(mut all: Vec<Duration>) -> anyhow::Result<Spread> {
    all.sort();
    let at = |part: usize| all.get(all.len() * part / 100).copied();
    Ok(Spread {
        p50: at(50).context("nothing was measured")?,
        p99: at(99).context("nothing was measured")?,
    })
}

fn millis(span: Duration) -> String {
    format!("{:.3} ms", span.as_secs_f64() * 1000.0)
}
