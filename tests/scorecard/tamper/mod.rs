//! A record with checkpoints, as somebody who can write the file, and may hold the key,
//! leaves it: whatever they do is found and named, and a record that nobody touched is
//! never accused.
//!
//! Every run has a database of its own, which is verified untouched first: to the
//! ground, with the key that is expected and a checkpoint that somebody else kept. Then
//! one thing is done to it.
#![allow(
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "a harness that slips is a harness that fails; and each deed stands beside its name"
)]

mod deed;
mod forger;
mod life;
mod pack;

use std::path::Path;

use anyhow::Context as _;
use breakglass::evidence::note::VerifierKey;
use breakglass::evidence::verify::{Ask, Given, Verdict, database, read_witness};
use breakglass::store::look;

use crate::Score;
use crate::dice::Dice;
use deed::Deed;
use forger::Forger;
use life::Life;

pub(crate) use pack::packs_tampered;

/// Runs so many, each from a seed of its own, and every deed in turn.
pub(crate) async fn tampered(place: &Path, runs: usize, seed: u64) -> anyhow::Result<Score> {
    let mut failures = Vec::new();
    let mut control_failures = 0;
    let mut n_records = 0;
    let folder = place.join("tampered");
    for run in 0..runs {
        let mut dice = Dice::new(seed.wrapping_mul(6_271).wrapping_add(run as u64));
        let deed = Deed::ALL[run % Deed::ALL.len()];
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        let path = folder.join("log.db");
        let life = Life::live(&path, &mut dice, deed.is_of_one_key()).await?;
        n_records += life.n_records;
        // Any key that was ever in force leads to the one that is.
        let key = dice.choose(&life.keys).context("there is no key")?;
        let key = key.verifier().clone();
        for note in &life.notes {
            let witness = read_witness(note)?;
            let verdict = verify(&path, Some(&key), &[witness])?;
            if let Some(fault) = verdict.fault {
                failures.push(format!("run {run}: untouched, and accused: {fault}"));
            }
        }
        let forger = Forger::at(&path)?;
        let done = deed.done(&life, &forger, &mut dice)?;
        drop(forger);
        let witnesses: Vec<Given> = done.witness.iter().cloned().collect();
        let verdict = verify(&path, done.key.then_some(&key), &witnesses)?;
        match verdict.fault {
            None => failures.push(format!("run {run}: {} is missed", done.what)),
            Some(fault) if !done.is_named(&fault) => {
                failures.push(format!("run {run}: {} is named: {fault}", done.what));
            }
            Some(_) => {}
        }
        if deed.takes_a_key() {
            let alone = verify(&path, None, &[])?;
            control_failures += usize::from(alone.holds());
        }
    }
    Ok(Score {
        harness: "what_is_done_to_a_record_is_found_and_named",
        runs,
        of: "records, each verified untouched and then altered",
        seed,
        about: format!("{} ways, {n_records} records in all", Deed::ALL.len()),
        failures,
        control: "signed anew, and verified without key and witness",
        control_failures,
    })
}

fn verify(path: &Path, key: Option<&VerifierKey>, witnesses: &[Given]) -> anyhow::Result<Verdict> {
    let ask = Ask {
        key,
        witnesses,
        is_deep: true,
    };
    Ok(look(path, None, |moment| Ok(database(moment, &ask)))?)
}
