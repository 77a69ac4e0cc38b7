//! The auditor's pack: one file with the population of changes of a period, samples of
//! it with their papers, and all that it takes to check them without us.
//!
//! Made from one moment of the store, from a checkpoint and from what was asked for;
//! the same of these make the same bytes. Every time in it is the checkpoint's. What
//! `verify.py` beside this file reads is the form of it.

use std::io::{Seek, Write};
use std::path::Path;

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;

mod archive;
mod context;
mod draw;
mod emergency;
mod export;
mod fault;
mod html;
mod papers;
mod population;
mod proof;
mod readme;
#[cfg(test)]
mod tests;
mod weeks;

pub use context::identity;
pub use draw::{Stratum, Which};
pub use export::{Exported, export};
pub use fault::PackFault;

use crate::domain::id::ChangeNumber;
use crate::domain::policy::Policy;
use crate::domain::rate::midnight;
use crate::evidence::note::SignerKey;
use crate::evidence::record::Record;
use crate::store::{Kept, Moment};
use archive::{Archive, Pressed};
use context::Context;

/// The folder of what it takes to check a pack.
pub(in crate::evidence) const ROOM: &str = "verify/";

/// The list of a pack's files.
pub(in crate::evidence) const LIST: &str = "verify/MANIFEST";

/// The signature under that list.
pub(in crate::evidence) const SEAL: &str = "verify/MANIFEST.note";

/// The verifier that a pack brings along.
pub const VERIFIER: &str = include_str!("verify.py");

/// What is in the folder that the guide names.
const CHANGES: &str = "SOC 2 Evidence/Change Management/";

/// What a pack is asked to hold.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The period's first day.
    pub first_day: NaiveDate,
    /// Its last day.
    pub last_day: NaiveDate,
    /// Which changes are sampled.
    pub which: &'a Which,
    /// Up to which checkpoint the log is told.
    pub checkpoint: &'a Kept,
    /// What signs the list of files: the key that signed the checkpoint.
    pub key: &'a SignerKey,
    /// Every policy that was ever in force, the first first.
    pub policies: &'a [Policy],
    /// The zone in which days begin.
    pub zone: Tz,
}

impl Wanted<'_> {
    /// Returns the period's first instant, and the first one after it.
    pub fn period(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        let end = self.last_day.checked_add_days(Days::new(1));
        (
            midnight(&self.zone, self.first_day),
            end.map_or(DateTime::<Utc>::MAX_UTC, |end| midnight(&self.zone, end)),
        )
    }
}

/// How far a pack has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many emergencies were read.
    Emergencies(u64),
    /// So many changes stand in the change log.
    Log(u64),
    /// So many of the samples are written.
    Samples {
        /// So many.
        n: usize,
        /// Of so many.
        of: usize,
    },
    /// What it takes to check it is written.
    Proofs,
}

/// What a pack has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// How many files it has.
    pub n_files: usize,
    /// How many changes were deployed in the period.
    pub n_changes: u64,
    /// How many of them were emergencies.
    pub n_emergencies: u64,
    /// What the samples are called.
    pub samples: Vec<String>,
    /// The seed by which they were drawn.
    pub seed: Option<u64>,
}

/// Returns the record of an emergency change, as a pack would have it; nothing if there
/// is no such change.
pub fn record(
    moment: &Moment<'_>,
    wanted: &Wanted<'_>,
    number: ChangeNumber,
) -> Result<Option<Record>, PackFault> {
    let context = Context::of(moment, wanted)?;
    match context.dossier(number)? {
        Some(dossier) => Ok(Some(context.record(&dossier)?)),
        None => Ok(None),
    }
}

/// Makes a pack of a moment. `scratch`: where rows may lie while they are written.
pub fn make<W: Write + Seek + Send>(
    moment: &Moment<'_>,
    wanted: &Wanted<'_>,
    scratch: &Path,
    out: W,
    tell: &dyn Fn(Step),
) -> Result<Made, PackFault> {
    let context = Context::of(moment, wanted)?;
    let mut archive = Archive::begin(out, context.at);
    archive.add("README.txt", readme::readme(&context).as_bytes())?;

    let emergencies = emergency::all(&context, tell)?;
    let weeks = weeks::weeks(&context)?;
    let about = population::about(&context, &emergencies)?;
    let mut drawing = draw::Drawing::new(wanted.which, &context);
    let name = format!("{CHANGES}Change Log.xlsx");
    archive.stream(&name, Pressed::Already, |entry| {
        let sheet = population::Sheet {
            emergencies: &emergencies,
            weeks: &weeks,
            about: &about,
            scratch,
        };
        sheet.write(&context, &mut drawing, entry, tell)
    })?;
    let seed = drawing.seed();
    let samples = drawing.samples()?;

    let mut proof = proof::Proof::begin(&context, &samples)?;
    let folders = papers::write(&context, &mut archive, &samples, &mut proof, tell)?;
    papers::policies(&context, &mut archive)?;
    let index = html::Index {
        context: &context,
        emergencies: &emergencies,
        weeks: &weeks,
        about: &about,
        samples: &folders,
    };
    archive.add("index.html", index.page().as_bytes())?;
    tell(Step::Proofs);
    let sampling = proof::Sampling {
        which: wanted.which,
        seed,
        n: folders.len(),
        about: &about,
    };
    proof.write(&context, &mut archive, &sampling)?;
    let (n_files, mut out) = archive.seal(wanted.key)?;
    out.flush()?;
    Ok(Made {
        n_files,
        n_changes: about.n_changes(),
        n_emergencies: about.n_emergencies(),
        samples: folders.into_iter().map(|one| one.name).collect(),
        seed,
    })
}
