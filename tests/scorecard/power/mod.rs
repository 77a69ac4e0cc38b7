//! Two harnesses over a disk of ours: power cuts, and calls that fail.

mod disk;
mod life;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use anyhow::Context as _;
use rusqlite::ffi;

use crate::Score;
use crate::dice::Dice;
use disk::Trouble;
use life::{Found, Promises, lock, look, work, work_in_turn};
pub(crate) use life::{open, rules};

/// How many cuts one database takes: then a fresh one begins, so that the small
/// files of the beginning are met again and again.
const CUTS_A_DATABASE: usize = 25;

/// How many calls a life has at most before its power goes. A commit takes about
/// four.
const LONGEST_LIFE: usize = 400;

/// How many emergencies the story has in which one call fails.
const EMERGENCIES: usize = 3;

/// Cuts the power `n_cuts` times, at random calls, and looks after each.
pub(crate) async fn cuts(place: &Path, n_cuts: usize, seed: u64) -> anyhow::Result<Score> {
    disk::register()?;
    let (failures, n_promises) = cut(place, n_cuts, seed, usize::MAX).await?;
    disk::forget_commits(true);
    // What the control has to show is shown by a few; it may take long to lose.
    let control = cut(place, n_cuts.clamp(200, 1000), seed, 1).await;
    disk::forget_commits(false);
    let (lost, _) = control?;
    Ok(Score {
        harness: "power cuts",
        runs: n_cuts,
        of: "cuts",
        seed,
        about: format!("{n_promises} promises"),
        failures,
        control: "synchronous=NORMAL",
        control_failures: lost.len(),
    })
}

/// Returns what was lost or corrupt, and how many promises were made. Stops after
/// `enough` failures.
async fn cut(
    place: &Path,
    n_cuts: usize,
    seed: u64,
    enough: usize,
) -> anyhow::Result<(Vec<String>, usize)> {
    let mut dice = Dice::new(seed);
    let mut failures = Vec::new();
    let mut n_promises = 0;
    let mut cut = 0;
    while cut < n_cuts && failures.len() < enough {
        let folder = tempfile::tempdir_in(place)?;
        let path = folder.path().join("breakglass.db");
        let promises = Mutex::new(Promises::default());
        let counter = AtomicU64::new(0);
        for _ in 0..CUTS_A_DATABASE.min(n_cuts - cut) {
            let at = 1 + dice.below(LONGEST_LIFE) as u64;
            disk::power_on(Trouble::PowerCut { at });
            // The power may go while the file is opened; nothing is promised then.
            if let Ok(store) = open(&path) {
                work(&store, &promises, &counter, LONGEST_LIFE).await;
                disk::power_off();
                store.close().await;
            }
            disk::power_off();
            disk::put_back(&mut dice)?;
            disk::power_on(Trouble::None);
            let promises = lock(&promises).clone();
            let found = look(&path, &promises).await;
            // What was looked at was closed in good order.
            disk::forget_files();
            note(&mut failures, &found, &format!("cut {cut}, at call {at}"));
            cut += 1;
            if !found.is_clean() {
                break;
            }
        }
        let promises = lock(&promises);
        n_promises += promises.kept.len() + promises.became.len();
    }
    Ok((failures, n_promises))
}

/// Lets each call of a story fail, one a run, in each way in which a disk may.
pub(crate) async fn faults(place: &Path, stride: u64, seed: u64) -> anyhow::Result<Score> {
    disk::register()?;
    let n_calls = story(place, Trouble::None).await?.n_calls;
    let mut runs = 0;
    let mut failures = Vec::new();
    let ways = [
        ("disk full", ffi::SQLITE_FULL),
        ("write error", ffi::SQLITE_IOERR_WRITE),
        ("flush error", ffi::SQLITE_IOERR_FSYNC),
    ];
    let first = 1 + seed % stride;
    for at in (first..=n_calls).step_by(usize::try_from(stride)?) {
        for (name, code) in ways {
            for stays in [false, true] {
                let told = story(place, Trouble::Fails { at, code, stays }).await?;
                runs += 1;
                let for_good = if stays { ", for good" } else { "" };
                let when = format!("{name} at call {at} of {n_calls}{for_good}");
                note(&mut failures, &told.found, &when);
                if let Some(fault) = told.went_on {
                    failures.push(format!("{when}: {fault}"));
                }
            }
        }
    }
    let mut control_failures = 0;
    for at in (first..=n_calls).step_by(usize::try_from(stride)?) {
        let told = story(place, Trouble::Lies { at }).await?;
        control_failures += usize::from(!told.found.is_clean());
    }
    Ok(Score {
        harness: "disk errors",
        runs,
        of: "runs",
        seed,
        about: format!("each of {n_calls} calls, every {stride}."),
        failures,
        control: "a disk that says it wrote",
        control_failures,
    })
}

struct Told {
    n_calls: u64,
    found: Found,
    /// How the store went on where it had to stop.
    went_on: Option<String>,
}

/// The story, with one trouble, and then a power cut on top: what was promised
/// rests on what was flushed.
async fn story(place: &Path, trouble: Trouble) -> anyhow::Result<Told> {
    let folder = tempfile::tempdir_in(place)?;
    let path = folder.path().join("breakglass.db");
    let promises = Mutex::new(Promises::default());
    let counter = AtomicU64::new(0);
    disk::power_on(trouble);
    let mut went_on = None;
    if let Ok(store) = open(&path) {
        work_in_turn(&store, &promises, &counter, EMERGENCIES).await;
        went_on = went_on_after_a_commit(&store, trouble).await;
        store.close().await;
    }
    let n_calls = disk::n_calls();
    disk::power_off();
    disk::put_back(&mut Dice::new(n_calls))?;
    disk::power_on(Trouble::None);
    let promises = lock(&promises).clone();
    let found = look(&path, &promises).await;
    disk::forget_files();
    Ok(Told {
        n_calls,
        found,
        went_on,
    })
}

/// Whether the store answers on although its disk takes nothing any more.
async fn went_on_after_a_commit(
    store: &breakglass::store::Store,
    trouble: Trouble,
) -> Option<String> {
    let Trouble::Fails { stays: true, .. } = trouble else {
        return None;
    };
    if !disk::has_failed() {
        return None;
    }
    let stopped = tokio::time::timeout(std::time::Duration::from_secs(10), store.failed()).await;
    stopped
        .context("the store didn't stop")
        .err()
        .map(|error| error.to_string())
}

fn note(failures: &mut Vec<String>, found: &Found, when: &str) {
    let lost = found.lost.iter().map(|what| format!("{when}: lost {what}"));
    let corrupt = found
        .corrupt
        .iter()
        .map(|what| format!("{when}: corrupt: {what}"));
    failures.extend(lost.chain(corrupt));
}
