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
#[cfg(test)]
mod forged;
mod html;
mod left_out;
mod papers;
mod population;
mod proof;
mod readme;
mod sampling;
#[cfg(test)]
mod tests;
mod weeks;

pub use context::identity;
pub(in crate::evidence) use context::{log_in_words, policy_of};
pub use draw::Which;
pub use export::{Exported, export};
pub use fault::PackFault;
pub(in crate::evidence) use papers::{
    Foot, NORMAL_PAPERS, PAPERS, attachment_name, json, papers_of,
};

use crate::domain::id::ChangeNumber;
use crate::domain::policy::Policy;
use crate::domain::rate::midnight;
use crate::evidence::note::SignerKey;
use crate::evidence::record::Record;
pub use crate::evidence::sample::Stratum;
use crate::store::{Kept, Moment, StoreError};
use archive::{Archive, Pressed};
use context::Context;

/// The folder of what it takes to check a pack.
pub(in crate::evidence) const ROOM: &str = "verify/";

/// The list of a pack's files.
pub(in crate::evidence) const LIST: &str = "verify/MANIFEST";

/// The signature under that list.
pub(in crate::evidence) const SEAL: &str = "verify/MANIFEST.note";

/// The program that makes packs, with its version: by it is known whether what it made
/// can be made again.
pub(in crate::evidence) const PROGRAM: &str = concat!("breakglass ", env!("CARGO_PKG_VERSION"));

/// The verifier that a pack brings along.
pub const VERIFIER: &str = include_str!("verify.py");

/// What is in the folder that the guide names.
pub(in crate::evidence) const CHANGES: &str = "SOC 2 Evidence/Change Management/";

/// The change log.
pub(in crate::evidence) const BOOK: &str = "SOC 2 Evidence/Change Management/Change Log.xlsx";

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
        period((self.first_day, self.last_day), &self.zone)
    }
}

/// Returns the first instant of a period of days in a zone, and the first one after it.
pub fn period(days: (NaiveDate, NaiveDate), zone: &Tz) -> (DateTime<Utc>, DateTime<Utc>) {
    let end = days.1.checked_add_days(Days::new(1));
    (
        midnight(zone, days.0),
        end.map_or(DateTime::<Utc>::MAX_UTC, |end| midnight(zone, end)),
    )
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
    /// Up to when the period is told of, where it ends after the checkpoint.
    pub told_up_to: Option<DateTime<Utc>>,
}

/// Returns the record of an emergency change as it is now, checkpoint or none; nothing if
/// there is no such change.
pub fn record(
    moment: &Moment<'_>,
    policies: &[Policy],
    number: ChangeNumber,
    now: DateTime<Utc>,
) -> Result<Option<Record>, StoreError> {
    let Some(dossier) = moment.dossier(number, u64::MAX)? else {
        return Ok(None);
    };
    context::told(moment, &dossier, policies, &moment.names()?, now).map(Some)
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
    let emergencies = emergency::all(&context, tell)?;
    let weeks = weeks::weeks(&context)?;
    let mut about = population::about(&context, &emergencies)?;
    let mut drawing = draw::Drawing::new(&context);
    let mut n_with_exception = 0;
    archive.stream(BOOK, Pressed::Already, |entry| {
        let sheet = population::Sheet {
            emergencies: &emergencies,
            weeks: &weeks,
            about: &about,
            scratch,
        };
        n_with_exception = sheet.write(&context, &mut drawing, entry, tell)?;
        Ok(())
    })?;
    about.n_with_exception = n_with_exception;
    let draw = drawing.draw();
    let samples = drawing.samples()?;

    let proof = proof::Proof::begin(&context, &samples)?;
    let folders = papers::write(&context, &mut archive, &samples, &proof, tell)?;
    papers::policies(&context, &mut archive)?;
    let index = html::Index {
        context: &context,
        emergencies: &emergencies,
        weeks: &weeks,
        about: &about,
        samples: &folders,
    };
    archive.add("index.html", index.page().as_bytes())?;
    let readme = readme::readme(&context, draw, folders.len());
    archive.add("README.txt", readme.as_bytes())?;
    tell(Step::Proofs);
    let sampling = proof::Sampling {
        which: wanted.which,
        draw,
        folders: &folders,
        about: &about,
    };
    proof.write(&context, &mut archive, &sampling)?;
    let n_files = archive.seal(wanted.key)?;
    Ok(Made {
        n_files,
        n_changes: about.n_changes(),
        n_emergencies: about.n_emergencies(),
        samples: folders.into_iter().map(|one| one.name).collect(),
        seed: draw.map(|draw| draw.seed),
        told_up_to: context.told_up_to(),
    })
}
