//! The population: every change of the period in order of time, and how it was
//! obtained. Emergencies are the register's; all others are what sources told.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::Step;
use super::context::Context;
use super::draw::Drawing;
use super::emergency::{Emergency, Part};
use super::fault::PackFault;
use super::left_out::{Omitted, omitted};
use super::sampling::{self, OF_SEEDS, RECIPE};
use crate::domain::deployment::ChangeKind;
use crate::domain::rate::{Coverage, Window, WindowKind};
use crate::evidence::checkpoint::root_in_words;
use crate::evidence::record::utc;
use crate::evidence::sample::Draw;
use crate::evidence::sheets::{
    Beside, ChangeRow, Cover, CoverageRow, Fact, Population, WeekRow, change_log,
};
use crate::report::assemble::heard;
use crate::store::{CountedChange, Place};

/// How often is told how far it has come.
const EVERY: u64 = 10_000;

/// How many changes there are, and how that is known.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    /// The register's emergencies that were deployed.
    pub(super) n_register: u64,
    /// What sources call an emergency, and the register doesn't have.
    pub(super) n_told_emergencies: u64,
    pub(super) n_normal: u64,
    pub(super) n_standard: u64,
    /// What is listed and isn't of the population.
    pub(super) n_drills: u64,
    pub(super) n_duplicates: u64,
    pub(super) n_undeployed: u64,
    pub(super) n_exceptions: u64,
    /// The changes not of the register of which a control wasn't met, as far as that is
    /// told. Known when all have passed.
    pub(super) n_with_exception: u64,
    pub(super) omitted: Omitted,
    pub(super) coverage: Vec<CoverageRow>,
}

impl About {
    /// All changes that were deployed in the period.
    pub(super) fn n_changes(&self) -> u64 {
        self.n_emergencies() + self.n_normal + self.n_standard
    }

    /// The emergencies among them.
    pub(super) fn n_emergencies(&self) -> u64 {
        self.n_register + self.n_told_emergencies
    }
}

/// Counts the population.
pub(super) fn about(context: &Context<'_>, emergencies: &[Emergency]) -> Result<About, PackFault> {
    let of = |part: Part| emergencies.iter().filter(|one| one.part == part).count() as u64;
    let mut about = About {
        n_register: of(Part::Counted),
        n_drills: of(Part::Drill),
        n_duplicates: of(Part::Duplicate),
        n_undeployed: of(Part::Undeployed),
        n_exceptions: emergencies
            .iter()
            .map(|one| one.exceptions.len() as u64)
            .sum(),
        omitted: omitted(context)?,
        coverage: coverage(context)?,
        ..About::default()
    };
    let mut add = |kind: ChangeKind| match kind {
        ChangeKind::Normal => about.n_normal += 1,
        ChangeKind::Standard => about.n_standard += 1,
        ChangeKind::Emergency => about.n_told_emergencies += 1,
    };
    if context.is_exact {
        context
            .moment
            .counted(context.from, context.to, |one| add(one.kind))?;
    } else {
        let mut place = Some(Place::first(context.from, false));
        while let Some(here) = place {
            let (page, next) = context
                .moment
                .counted_changes(&here, context.to, context.size)?;
            for one in &page {
                add(one.kind);
            }
            place = next;
        }
    }
    Ok(about)
}

/// What was heard from each source on the days of the period.
fn coverage(context: &Context<'_>) -> Result<Vec<CoverageRow>, PackFault> {
    let until = context.to.min(context.at);
    let zone = &context.wanted.zone;
    let hearings = context.moment.hearings(context.from, until)?;
    let window = Window::between(zone, WindowKind::Quarter, context.from, context.to);
    let silent = Coverage::of(zone, &window, hearings.iter().filter_map(heard), context.at).silent;
    let mut rows: BTreeMap<&str, CoverageRow> = BTreeMap::new();
    for one in &hearings {
        let source = one.source.as_str();
        let row = rows.entry(source).or_insert_with(|| CoverageRow {
            source: source.to_owned(),
            counts_by: context
                .policy
                .counting
                .happening(&one.source)
                .name()
                .to_owned(),
            n_told: 0,
            n_duplicate: 0,
            n_unknown: 0,
            n_refused: 0,
            first_at: None,
            last_at: None,
            remark: silent
                .iter()
                .find(|silent| silent.source == source)
                .map(|silent| {
                    format!(
                        "Not heard from since {}: changes may be missing.",
                        utc(silent.since)
                    )
                }),
        });
        row.n_told += one.n_told;
        row.n_duplicate += one.n_duplicate;
        row.n_unknown += one.n_unknown;
        row.n_refused += one.n_refused;
        row.first_at = Some(row.first_at.map_or(one.last_at, |at| at.min(one.last_at)));
        row.last_at = row.last_at.max(Some(one.last_at));
    }
    Ok(rows.into_values().collect())
}

/// How the population was obtained, as a page of the change log.
fn obtained(context: &Context<'_>, about: &About, draw: Option<Draw>) -> Population {
    let text = |words: String| Fact::Text(words);
    let wanted = context.wanted;
    let fact = |label: &str, fact: Fact| (label.to_owned(), fact);
    let sampling = sampling::in_words(wanted.which, draw);
    Population {
        facts: vec![
            fact("Workspace", text(context.moment.workspace().to_string())),
            fact(
                "Period",
                text(format!("{} (days in {})", context.period(), wanted.zone)),
            ),
            fact("From (UTC)", Fact::Instant(context.from)),
            fact("Up to, and not with (UTC)", Fact::Instant(context.to)),
            fact(
                "Told up to (UTC)",
                Fact::Instant(context.at.min(context.to)),
            ),
            fact("All changes deployed", Fact::Count(about.n_changes())),
            fact(
                "Emergency changes of the register",
                Fact::Count(about.n_register),
            ),
            fact(
                "Emergencies by a source's word alone",
                Fact::Count(about.n_told_emergencies),
            ),
            fact("Normal changes", Fact::Count(about.n_normal)),
            fact(
                "Standard changes (approved in advance)",
                Fact::Count(about.n_standard),
            ),
            fact(
                "Listed beside them: rehearsals",
                Fact::Count(about.n_drills),
            ),
            fact(
                "Listed beside them: second records",
                Fact::Count(about.n_duplicates),
            ),
            fact(
                "Listed beside them: asked for, never deployed",
                Fact::Count(about.n_undeployed),
            ),
            fact(
                "Left out: no production, by somebody's word",
                Fact::Count(about.omitted.n_no_production),
            ),
            fact(
                "Left out: of an emergency, by somebody's word",
                Fact::Count(about.omitted.n_by_answer),
            ),
            fact(
                "Left out: of an emergency, by number or ticket",
                Fact::Count(about.omitted.n_by_name),
            ),
            fact(
                "Exceptions of emergencies (sheet Exceptions)",
                Fact::Count(about.n_exceptions),
            ),
            fact(
                "Other changes with an exception (change log)",
                Fact::Count(about.n_with_exception),
            ),
            fact("Samples", text(sampling)),
            fact("Checkpoint", Fact::Count(wanted.checkpoint.n)),
            fact("Made at (UTC)", Fact::Instant(context.at)),
            fact("Records of the log", Fact::Count(context.size)),
            fact(
                "Root of the log",
                Fact::Hash(root_in_words(&wanted.checkpoint.root)),
            ),
            fact("Signed by", Fact::Hash(wanted.key.verifier().to_string())),
            fact(
                "Policy in force, version",
                Fact::Count(context.policy.version.0.into()),
            ),
        ],
        coverage: about.coverage.clone(),
        query: QUERY.lines().map(str::to_owned).collect(),
        recipe: draw
            .map(|_| OF_SEEDS.iter().chain(&RECIPE))
            .into_iter()
            .flatten()
            .map(|line| (*line).to_owned())
            .collect(),
        notes: notes(context),
    }
}

const QUERY: &str = "\
Emergency changes: every change of the register whose first deployment, by its records up to the
checkpoint, lies in the period. Rehearsals and second records are listed and not counted; so are
those that were asked for in the period and never deployed.
Other changes: everything that sources told of as deployed to production in the period, by what was
told up to the checkpoint. Tellings of one change (the same name at one source, or the same commit or
link within seven days) are one row. What belongs to an emergency change of the register is counted
there, and what somebody explained as not production isn't counted: the sheet Left out has both, with
who said so, when and why.";

fn notes(context: &Context<'_>) -> Vec<String> {
    let mut notes: Vec<String> = context.unfinished().into_iter().collect();
    if !context.is_newest {
        notes.push("More was recorded after the checkpoint, and is left out. But which tellings are of one change, which of them belong to an emergency change or were no production, and how much was heard from each source on a day, is as it is known now.".to_owned());
    }
    notes.extend(
        [
            "A change that no source told of, and that nobody declared, is missing here: compare with what your deployment tools list.",
            "Each row of a change that isn't of the register bears the SHA-256 over the facts of its first telling; the log holds the hash of each intake (verify/tellings.bin).",
            "What somebody wrote and was taken out since is shown as redacted, with who did that, when and why.",
        ]
        .map(str::to_owned),
    );
    notes
}

/// The change log in the making.
pub(super) struct Sheet<'a> {
    pub(super) emergencies: &'a [Emergency],
    pub(super) weeks: &'a [WeekRow],
    pub(super) about: &'a About,
    pub(super) scratch: &'a Path,
}

impl Sheet<'_> {
    /// Writes the change log, and shows each change to what draws the samples. Returns
    /// how many changes not of the register have an exception.
    pub(super) fn write(
        &self,
        context: &Context<'_>,
        drawing: &mut Drawing<'_>,
        out: impl Write + Send,
        tell: &dyn Fn(Step),
    ) -> Result<u64, PackFault> {
        let title = format!("Change log, {}", context.period());
        let cover = Cover {
            title: &title,
            at: context.at,
            scratch: Some(self.scratch),
        };
        let draw = drawing.draw();
        let n_with_exception = Cell::new(0);
        let mut rows = Rows {
            context,
            drawing,
            tell,
            emergencies: self.emergencies.iter(),
            emergency: None,
            page: Vec::new().into_iter(),
            place: Some(Place::first(context.from, context.is_exact)),
            normal: None,
            n: 0,
            n_with_exception: &n_with_exception,
            fault: None,
        };
        let exceptions = self
            .emergencies
            .iter()
            .flat_map(|one| one.exceptions.clone());
        let beside = Beside {
            exceptions,
            left_out: self.about.omitted.rows.iter().cloned(),
            weeks: self.weeks.iter().cloned(),
        };
        change_log(out, cover, &mut rows, beside, || {
            let about = About {
                n_with_exception: n_with_exception.get(),
                ..self.about.clone()
            };
            obtained(context, &about, draw)
        })?;
        rows.fault.map_or_else(|| Ok(n_with_exception.get()), Err)
    }
}

/// The changes of the period in the order of their times. Ends at the first fault.
struct Rows<'r, 'd> {
    context: &'r Context<'r>,
    drawing: &'r mut Drawing<'d>,
    tell: &'r dyn Fn(Step),
    emergencies: std::slice::Iter<'r, Emergency>,
    emergency: Option<&'r Emergency>,
    page: std::vec::IntoIter<CountedChange>,
    place: Option<Place>,
    normal: Option<CountedChange>,
    n: u64,
    n_with_exception: &'r Cell<u64>,
    fault: Option<PackFault>,
}

impl Rows<'_, '_> {
    /// Returns the next change that sources told of, a page at a time.
    fn next_normal(&mut self) -> Option<CountedChange> {
        loop {
            if let Some(one) = self.page.next() {
                return Some(one);
            }
            let place = self.place.take()?;
            let context = self.context;
            match context
                .moment
                .counted_changes(&place, context.to, context.size)
            {
                Ok((page, next)) => {
                    self.page = page.into_iter();
                    self.place = next;
                }
                Err(fault) => {
                    self.fault = Some(fault.into());
                    return None;
                }
            }
        }
    }
}

impl Iterator for Rows<'_, '_> {
    type Item = ChangeRow;

    fn next(&mut self) -> Option<ChangeRow> {
        self.emergency = self.emergency.or_else(|| self.emergencies.next());
        if self.normal.is_none() {
            self.normal = self.next_normal();
        }
        if self.fault.is_some() {
            return None;
        }
        let at = |normal: &CountedChange| -> DateTime<Utc> { normal.at };
        let is_emergency_next = match (&self.emergency, &self.normal) {
            (Some(emergency), Some(normal)) => emergency.row.at <= at(normal),
            (emergency, _) => emergency.is_some(),
        };
        self.n += 1;
        if self.n.is_multiple_of(EVERY) {
            (self.tell)(Step::Log(self.n));
        }
        if is_emergency_next {
            let one = self.emergency.take()?;
            self.drawing.emergency(one);
            return Some(one.row.clone());
        }
        let one = self.normal.take()?;
        let record = self.context.normal(&one)?;
        let row = ChangeRow::of_normal(&record, one.kind);
        let is_exception = row.exceptions.is_some();
        let n = self.n_with_exception.get();
        self.n_with_exception.set(n + u64::from(is_exception));
        self.drawing.normal(one, is_exception);
        Some(row)
    }
}
