//! The emergency rate: which share of all changes were emergencies, how sure that
//! is, and how much room the guideline leaves.
//!
//! Changes stream through a [`Tally`], which keeps counts and no rows; [`Figures`]
//! are what it says of one [`Window`]. Whoever declares the rate wrong will do so
//! with a recount, so every figure is one that a naive recount yields exactly.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::change::Criterion;
use super::deployment::ChangeKind;
use super::id::ChangeNumber;

mod budget;
mod coverage;
mod frozen;
mod interval;
mod offender;
mod schedule;
mod tally;
#[cfg(test)]
mod tests;
mod window;

pub use budget::{Budget, Forecast, Pace, Reach};
pub use coverage::{Coverage, Heard, Hearing, SILENT_AFTER, Silent};
pub use frozen::{Corrected, Difference, Frozen};
pub use interval::{Interval, wilson};
pub use offender::{OFFENDER_WITHIN, Offender, offenders};
pub use schedule::{Due, Schedule};
pub use tally::Tally;
pub use window::{Window, WindowKind, midnight};

/// Fewer changes than this say nothing about a share: one emergency more would
/// turn any verdict.
pub const FEWEST_FOR_A_VERDICT: u64 = 10;

/// A change of the denominator, as it passes by: it is counted and not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted<'a> {
    /// When it went to production.
    pub at: DateTime<Utc>,
    /// What kind of change it was.
    pub kind: ChangeKind,
    /// The system that was changed.
    pub system: Option<&'a str>,
    /// Who told of it.
    pub source: &'a str,
}

/// An emergency change of the register that was deployed; no drill is among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emergency {
    /// Its number.
    pub number: ChangeNumber,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it was deployed first.
    pub deployed_at: DateTime<Utc>,
    /// When somebody authorized it.
    pub authorized_at: Option<DateTime<Utc>>,
    /// When its ticket was complete for the first time.
    pub documented_at: Option<DateTime<Utc>>,
    /// Whether that was by the deadline; nothing while it may still become so.
    pub documented_in_time: Option<bool>,
    /// When it was approved in retrospect.
    pub approved_at: Option<DateTime<Utc>>,
    /// Which of the five kinds of emergency it was.
    pub criterion: Option<Criterion>,
    /// The systems that it touched.
    pub systems: Vec<String>,
    /// Its category, by its name in the policy.
    pub category: Option<String>,
    /// Whether it was found to be no genuine emergency. It stays one in the rate:
    /// the normal process was left all the same.
    pub is_not_genuine: bool,
}

/// What the policy says about counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The share of emergencies that isn't to be exceeded, in thousandths.
    pub guideline: u16,
    /// Whether changes that are approved in advance count among all changes.
    pub with_standard: bool,
}

/// Whose systems are whose, as the policy says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Teams(Arc<BTreeMap<String, BTreeSet<String>>>);

impl Teams {
    /// Takes the systems of each team. Capitals make no other system.
    pub fn new(systems: &BTreeMap<String, Vec<String>>) -> Self {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (team, systems) in systems {
            for system in systems {
                let teams = found.entry(system.to_lowercase()).or_default();
                teams.insert(team.clone());
            }
        }
        Self(Arc::new(found))
    }

    /// Returns whose a system is.
    fn of(&self, system: &str) -> impl Iterator<Item = &String> {
        self.0.get(&system.to_lowercase()).into_iter().flatten()
    }
}

/// The rate's formula in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Formula {
    /// Whether changes that are approved in advance count among all changes.
    pub with_standard: bool,
}

impl Rules {
    /// Returns the formula that the rate is computed by.
    pub const fn formula(self) -> Formula {
        Formula {
            with_standard: self.with_standard,
        }
    }

    /// Whether so many emergencies among so many changes keep to the guideline.
    /// Whole numbers decide: exactly 10.0 % is within 10 %.
    pub const fn allow(self, n_emergencies: u64, n_changes: u64) -> bool {
        n_emergencies as u128 * 1000 <= self.guideline as u128 * n_changes as u128
    }

    /// Whether a change of this kind is among all changes.
    pub const fn count(self, kind: ChangeKind) -> bool {
        match kind {
            ChangeKind::Normal | ChangeKind::Emergency => true,
            ChangeKind::Standard => self.with_standard,
        }
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let standard = if self.with_standard {
            "standard changes counted among all"
        } else {
            "standard changes left out"
        };
        write!(
            f,
            "emergency changes ÷ all changes deployed to production, each counted once; {standard}; drills left out; emergencies found not genuine counted as emergencies"
        )
    }
}

named! {
    /// What the figures say about the guideline.
    pub enum Verdict {
        /// No source of changes was heard from, or only of emergencies, so there is
        /// nothing to divide by.
        Unknown = "unknown",
        /// Too few changes for a verdict.
        TooFew = "too_few",
        /// At most the guideline's share were emergencies.
        Within = "within",
        /// More than that.
        Over = "over",
    }
}

/// How many of those whose deadline has come were in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Punctuality {
    /// Those in time.
    pub n_in_time: u64,
    /// Those that were, or weren't.
    pub n_due: u64,
}

impl Punctuality {
    /// Returns the share in time; nothing where none was due.
    pub fn share(self) -> Option<f64> {
        share(self.n_in_time, self.n_due)
    }
}

/// The changes of one system, source or team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// How many changes it had, emergencies among them.
    pub n_changes: u64,
    /// How many of them were emergencies.
    pub n_emergencies: u64,
}

/// What is known about the changes of one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Which window.
    pub window: Window,
    /// By what it was counted.
    pub rules: Rules,
    /// When it was counted.
    pub as_of: DateTime<Utc>,
    /// All changes that count, emergencies among them.
    pub n_changes: u64,
    /// The emergencies among them.
    pub n_emergencies: u64,
    /// The emergencies that were found not to be genuine, which stay among them.
    pub n_not_genuine: u64,
    /// The changes approved in advance, whether or not they count.
    pub n_standard: u64,
    /// Which sources were heard from.
    pub coverage: Coverage,
    /// How many emergencies were documented in time.
    pub documented: Punctuality,
    /// The median time from the request to the authorization.
    pub to_authorization: Option<TimeDelta>,
    /// The median time from the deployment to the complete ticket.
    pub to_documentation: Option<TimeDelta>,
    /// The median time from the deployment to the retrospective approval.
    pub to_approval: Option<TimeDelta>,
    /// By system, the one with most emergencies first. A change of several systems
    /// stands with each, one that names none with none.
    pub by_system: Vec<Part>,
    /// By team, likewise, where the policy says whose system it is. A change of several
    /// systems stands once with each team.
    pub by_team: Vec<Part>,
    /// Emergencies by criterion, in the order of the criteria; last those that
    /// state none. Together they are all emergencies.
    pub by_criterion: Vec<(Option<Criterion>, u64)>,
    /// What each source told of and counts, by name.
    pub by_source: Vec<Part>,
    /// The register's emergencies, in the order of their deployments.
    pub emergencies: Vec<ChangeNumber>,
    /// When the first change happened that is known of it.
    pub first_at: Option<DateTime<Utc>>,
    /// Whether any source told of a change that happened in it and was no emergency,
    /// whether or not that counts.
    pub(super) is_told_of: bool,
}

impl Figures {
    /// Returns the share of emergencies; nothing where there is no denominator.
    /// With nobody heard from the register alone would say 100 %, which nobody knows.
    pub fn rate(&self) -> Option<f64> {
        if self.is_unknown() {
            return None;
        }
        share(self.n_emergencies, self.n_changes)
    }

    /// Returns between which shares the rate lies with 95 % confidence.
    pub fn interval(&self) -> Option<Interval> {
        self.rate()?;
        wilson(self.n_emergencies, self.n_changes)
    }

    /// Returns what that says about the guideline.
    pub fn verdict(&self) -> Verdict {
        if self.is_unknown() {
            Verdict::Unknown
        } else if self.n_changes < FEWEST_FOR_A_VERDICT {
            Verdict::TooFew
        } else if self.rules.allow(self.n_emergencies, self.n_changes) {
            Verdict::Within
        } else {
            Verdict::Over
        }
    }

    /// Whether it isn't known how many changes there were in all: nobody speaks for the
    /// others, or emergencies are all that was told of. Nobody deploys nothing else,
    /// and a share of 100 % would only say that.
    pub fn is_unknown(&self) -> bool {
        if self.n_changes == self.n_emergencies && self.n_emergencies > 0 {
            return true;
        }
        !self.is_told_of && !self.is_heard()
    }

    /// Whether a source that speaks by itself was heard from.
    fn is_heard(&self) -> bool {
        self.coverage.heard.iter().any(|one| one.is_regular)
    }

    /// Returns why the rate is unknown, if it is.
    pub fn why_unknown(&self) -> Option<&'static str> {
        let is_told = self.is_heard() || !self.by_source.is_empty();
        self.is_unknown().then_some(if self.is_told_of {
            "nothing but emergencies and standard changes was told of"
        } else if is_told {
            "nothing but emergencies was told of"
        } else {
            "no source of changes was heard from"
        })
    }

    /// Whether the window isn't over yet.
    pub fn is_in_progress(&self) -> bool {
        self.as_of < self.window.to
    }

    /// Returns the rate in percent, as it is shown.
    pub fn percent(&self) -> Option<String> {
        self.rate()?;
        percent(self.n_emergencies, self.n_changes, self.rules.guideline)
    }
}

/// Returns a share in percent with one digit after the point, and with more where
/// one would be a lie: 10.04 % is over a guideline of 10 %, and 0.02 % isn't nothing.
pub fn percent(part: u64, whole: u64, guideline: u16) -> Option<String> {
    let (part, whole) = (u128::from(part), u128::from(whole));
    let guideline = u128::from(guideline);
    let mut shown = None;
    for digits in 1..=MOST_DIGITS {
        let unit = 10u128.pow(digits);
        let rounded = (part * unit * 200 + whole).checked_div(whole * 2)?;
        let (percent, rest) = (rounded / unit, rounded % unit);
        let width = digits as usize;
        shown = Some(format!("{percent}.{rest:0width$}"));
        let seems_exact = rounded * 10 == guideline * unit;
        let is_exact = part * 1000 == guideline * whole;
        let seems_nothing = rounded == 0;
        if seems_exact == is_exact && seems_nothing == (part == 0) {
            break;
        }
    }
    shown
}

/// Returns a number as people read it, with its thousands set apart.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns so many of something: `1 change`, `2,000 changes`.
pub fn so_many(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// Returns a guideline in percent: 10 for a tenth, 7.5 for three fortieths.
pub fn guideline_percent(guideline: u16) -> String {
    match (guideline / 10, guideline % 10) {
        (whole, 0) => whole.to_string(),
        (whole, tenth) => format!("{whole}.{tenth}"),
    }
}

/// After so many digits the reader has to look at the counts beside the share.
const MOST_DIGITS: u32 = 4;

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody deploys 2⁵³ changes in a quarter"
)]
pub(crate) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
