//! What it costs to count the rate, and to hand in a list.
//!
//! `cargo bench --bench rate` writes 10,000,000 deployments of three years and asks
//! for the weekly report's figures: at most a second and 100 MB, and equal to a naive
//! recount. Beside it stands one count without the index, which must be slower. Then
//! a list of 1,000,000 lines is handed in: at most 20 seconds. `-- --short` makes
//! 300,000 and 50,000 of them, for machines that do other things too. It exits with
//! 1 if a promise isn't kept, and touches nothing but its own folder under
//! `target/tmp`.
#![allow(
    clippy::print_stdout,
    reason = "the figures are what the benchmark is for"
)]

#[path = "../../tests/scorecard/declared.rs"]
mod declared;
mod list;
mod years;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use breakglass::clock::Stopwatch;
use breakglass::domain::id::WorkspaceId;
use breakglass::domain::policy::{Policy, PolicyVersion};
use breakglass::domain::rate::Figures;
use breakglass::report::assemble::{Assembled, Wanted, assembled};
use breakglass::store::{Options, Rules, Store};
use chrono::{DateTime, Utc};

use years::Years;

const WORKSPACE: &str = "T0BREAK01";

const ZONE: chrono_tz::Tz = chrono_tz::Europe::Berlin;

/// What the report's figures may cost.
const FIGURES: Duration = Duration::from_secs(1);
const MEMORY_MIB: u64 = 100;

/// How often they are asked for; the slowest counts.
const TURNS: u32 = 5;

/// What a million lines may cost; fewer cost less, but for what a busy machine adds.
const IMPORT: Duration = Duration::from_secs(20);
const SLACK_WHEN_SHORT: u32 = 3;

/// Monday, 16 November 2026, 09:00 in Berlin.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_794_816_000, 0).unwrap_or_default()
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
            eprintln!("rate: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(short: bool) -> anyhow::Result<bool> {
    let (n_deployments, n_lines) = if short {
        (300_000, 50_000)
    } else {
        (10_000_000, 1_000_000)
    };
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rate");
    if place.exists() {
        std::fs::remove_dir_all(&place)?;
    }
    std::fs::create_dir_all(&place)?;
    let mut kept = figures(&place, Years { n: n_deployments }).await?;
    kept.extend(import(&place, n_lines, short).await?);
    std::fs::remove_dir_all(&place)?;
    println!();
    for (claim, holds) in &kept {
        println!("{}  {claim}", if *holds { "PASS" } else { "FAIL" });
    }
    Ok(kept.iter().all(|(_, holds)| *holds))
}

/// The weekly report's figures over three years of deployments.
async fn figures(place: &Path, years: Years) -> anyhow::Result<Vec<(String, bool)>> {
    let path = place.join("years.db");
    let rules = rules();
    open(&path)?.close().await;
    let watch = Stopwatch::start();
    years.fill(&path)?;
    let store = open(&path)?;
    years::declare(&store, &rules).await?;
    println!(
        "{} deployments of three years, {} MB, written in {:.1} s",
        years.n,
        std::fs::metadata(&path)?.len() >> 20,
        watch.elapsed().as_secs_f64()
    );
    let before = memory("VmRSS")?;
    forget_the_peak()?;
    let wanted = Wanted::by(rules.newest(), ZONE, now());
    let mut turns = Vec::new();
    let mut rate = None;
    for _ in 0..TURNS {
        let watch = Stopwatch::start();
        rate = Some(assembled(&store, wanted.clone()).await?);
        turns.push(watch.elapsed());
    }
    let more = memory("VmHWM")?.saturating_sub(before);
    let rate = rate.context("nothing was counted")?;
    store.close().await;
    let slowest = turns.iter().max().copied().unwrap_or_default();
    let fastest = turns.iter().min().copied().unwrap_or_default();
    let mut wrong = Vec::new();
    let windows = windows(&rate);
    for (name, one) in &windows {
        let counted = years.recount(&one.window);
        if counted != (one.n_changes, one.n_emergencies, one.n_standard) {
            wrong.push(format!(
                "{name}: {} of {}, and {counted:?} by hand",
                one.n_emergencies, one.n_changes
            ));
        }
    }
    for one in &wrong {
        println!("{one}");
    }
    let control = years::without_the_index(&path, &rate.rolling.window)?;
    println!(
        "the report's figures: {} to {}, {more} MB more; four weeks counted without the index: {}",
        millis(fastest),
        millis(slowest),
        millis(control)
    );
    Ok(vec![
        (
            format!(
                "the weekly report's figures among {} deployments take {} at most (up to {})",
                years.n,
                millis(slowest),
                millis(FIGURES)
            ),
            slowest <= FIGURES,
        ),
        (
            format!("they take {more} MB (up to {MEMORY_MIB} MB)"),
            more <= MEMORY_MIB,
        ),
        (
            format!("{} windows equal their naive recount", windows.len()),
            wrong.is_empty(),
        ),
        (
            format!(
                "four weeks alone take {} without the index (control: more than all figures, {})",
                millis(control),
                millis(fastest)
            ),
            control > fastest,
        ),
    ])
}

/// A list, handed in, and handed in again.
async fn import(place: &Path, n: u64, short: bool) -> anyhow::Result<Vec<(String, bool)>> {
    let (file, path) = (place.join("list.csv"), place.join("list.db"));
    list::write(&file, n)?;
    let rules = rules();
    let store = open(&path)?;
    let first = list::take_in(&file, &store, &rules).await?;
    ensure!(first.n_bad == 0, "{} lines can't be read", first.n_bad);
    let rate = assembled(&store, Wanted::by(rules.newest(), ZONE, now())).await?;
    let is_exact = windows(&rate).into_iter().all(|(_, one)| {
        let to = one.window.to.min(now());
        list::recount(n, one.window.from, to) == (one.n_changes, one.n_emergencies)
    });
    store.close().await;
    let ceiling = if short {
        IMPORT * u32::try_from(n / 1_000)? / 1_000 * SLACK_WHEN_SHORT
    } else {
        IMPORT
    };
    println!(
        "a list of {n} lines, {} MB, taken in within {:.1} s: {} lines a second; the database has {} MB",
        std::fs::metadata(&file)?.len() >> 20,
        first.took.as_secs_f64(),
        u128::from(n) * 1_000 / first.took.as_millis().max(1),
        std::fs::metadata(&path)?.len() >> 20,
    );
    Ok(vec![
        (
            format!(
                "{n} lines are taken in within {:.1} s (up to {:.1} s)",
                first.took.as_secs_f64(),
                ceiling.as_secs_f64()
            ),
            first.took <= ceiling && first.n_lines == n,
        ),
        (
            "the rate of the list equals its naive recount".to_owned(),
            is_exact,
        ),
    ])
}

fn windows(rate: &Assembled) -> Vec<(String, &Figures)> {
    let weeks = rate.weeks.iter();
    weeks
        .chain([
            &rate.this_week,
            &rate.rolling,
            &rate.these_weeks,
            &rate.weeks_before,
            &rate.quarter,
        ])
        .map(|one| (format!("{} {}", one.window.kind.name(), one.window), one))
        .collect()
}

fn rules() -> Arc<Rules> {
    let policy = Policy::unwritten(PolicyVersion(1));
    Arc::new(Rules::new(policy, [], ZONE))
}

fn open(path: &Path) -> anyhow::Result<Store> {
    Ok(Store::open(
        &Options::at(path),
        WorkspaceId::new(WORKSPACE),
    )?)
}

/// Reads a figure of this process's memory, in MB.
fn memory(name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let figure = line.and_then(|line| line.split_whitespace().nth(1));
    let kib: u64 = figure.with_context(|| format!("no {name}"))?.parse()?;
    Ok(kib >> 10)
}

/// Lets the peak of this process's memory be what it has now.
fn forget_the_peak() -> anyhow::Result<()> {
    std::fs::write("/proc/self/clear_refs", "5").context("the peak can't be forgotten")
}

fn millis(span: Duration) -> String {
    format!("{:.1} ms", span.as_secs_f64() * 1000.0)
}
