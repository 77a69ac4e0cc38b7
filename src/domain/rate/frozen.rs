//! A week's figures as they were reported. They stay; what comes to light later is a
//! new figure beside the old one, with its reason.

use chrono::{DateTime, Utc};

use super::{Figures, Rules, Window, percent};
use crate::domain::id::ChangeNumber;

/// What was reported of a window, which nothing changes any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// Which window.
    pub window: Window,
    /// By what it was counted.
    pub rules: Rules,
    /// When it was reported.
    pub reported_at: DateTime<Utc>,
    /// All changes that counted.
    pub n_changes: u64,
    /// The emergencies among them.
    pub n_emergencies: u64,
    /// The emergencies found not genuine by then.
    pub n_not_genuine: u64,
    /// The changes approved in advance, whether or not they counted.
    pub n_standard: u64,
    /// The register's emergencies among them, in the order of their deployments.
    pub emergencies: Vec<ChangeNumber>,
    /// Whether nobody knew how many changes there were in all.
    pub is_unknown: bool,
}

/// A reported window beside what is known of it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrected {
    /// What was reported.
    pub reported: Frozen,
    /// What is known now.
    pub now: Frozen,
    /// Why the figures differ: what came, and what went.
    pub differences: Vec<Difference>,
}

/// Why a figure differs from the one that was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// So many changes were told of later.
    ToldLater(u64),
    /// So many changes turned out to be others', told of twice, or to have happened
    /// at another time.
    CountedElsewhere(u64),
    /// So many emergencies were declared, or their deployments recorded, later.
    DeclaredLater(u64),
    /// So many emergencies turned out to have been deployed at another time.
    MovedAway(u64),
    /// So many emergencies were found not genuine since.
    FoundNotGenuine(u64),
    /// So many emergencies were found genuine since, after all.
    FoundGenuine(u64),
    /// Standard changes count now, and didn't.
    StandardCounted,
    /// Standard changes counted, and don't now.
    StandardLeftOut,
    /// Nobody had known how many changes there were in all, and somebody does since.
    HeardLater,
}

impl Difference {
    /// Returns the name by which it is kept and handed on, and how many it is about.
    pub const fn named(self) -> (&'static str, u64) {
        match self {
            Self::ToldLater(n) => ("told_later", n),
            Self::CountedElsewhere(n) => ("counted_elsewhere", n),
            Self::DeclaredLater(n) => ("declared_later", n),
            Self::MovedAway(n) => ("moved_away", n),
            Self::FoundNotGenuine(n) => ("found_not_genuine", n),
            Self::FoundGenuine(n) => ("found_genuine", n),
            Self::StandardCounted => ("standard_counted", 0),
            Self::StandardLeftOut => ("standard_left_out", 0),
            Self::HeardLater => ("heard_later", 0),
        }
    }

    /// Returns what has such a name.
    pub fn from_name(name: &str, n: u64) -> Option<Self> {
        [
            Self::ToldLater(n),
            Self::CountedElsewhere(n),
            Self::DeclaredLater(n),
            Self::MovedAway(n),
            Self::FoundNotGenuine(n),
            Self::FoundGenuine(n),
            Self::StandardCounted,
            Self::StandardLeftOut,
            Self::HeardLater,
        ]
        .into_iter()
        .find(|one| one.named().0 == name)
    }
}

impl Frozen {
    /// Freezes figures as they are reported.
    pub fn of(figures: &Figures) -> Self {
        Self {
            window: figures.window,
            rules: figures.rules,
            reported_at: figures.as_of,
            n_changes: figures.n_changes,
            n_emergencies: figures.n_emergencies,
            n_not_genuine: figures.n_not_genuine,
            n_standard: figures.n_standard,
            emergencies: figures.emergencies.clone(),
            is_unknown: figures.is_unknown(),
        }
    }

    /// Whether it is the same stretch of time.
    pub fn is_of(&self, window: &Window) -> bool {
        (self.window.from, self.window.to) == (window.from, window.to)
    }

    /// Returns the share of emergencies in percent, as it is shown.
    pub fn percent(&self) -> Option<String> {
        let shown = percent(self.n_emergencies, self.n_changes, self.rules.guideline);
        shown.filter(|_| !self.is_unknown)
    }

    /// Returns the figures of the same window as they are known now, if they differ;
    /// `n_told_later` is of how many changes beside emergencies nobody had told.
    pub fn corrected(&self, now: &Figures, n_told_later: u64) -> Option<Corrected> {
        let now = Self::of(now);
        let differences = self.differences(&now, n_told_later);
        (self.is_of(&now.window) && !differences.is_empty()).then(|| Corrected {
            reported: self.clone(),
            now,
            differences,
        })
    }

    /// Returns figures of the same window with what was reported of it in them.
    #[must_use]
    pub fn put_into(&self, mut figures: Figures) -> Figures {
        if self.is_of(&figures.window) {
            figures.rules = self.rules;
            figures.n_changes = self.n_changes;
            figures.n_emergencies = self.n_emergencies;
            figures.n_not_genuine = self.n_not_genuine;
            figures.n_standard = self.n_standard;
            figures.emergencies.clone_from(&self.emergencies);
            if self.is_unknown {
                figures.is_told_of = false;
                figures.coverage.heard.clear();
                figures.by_source.clear();
            }
        }
        figures
    }

    fn differences(&self, now: &Self, n_told_later: u64) -> Vec<Difference> {
        let with_standard = now.rules.with_standard;
        let mut found = Vec::new();
        if self.is_unknown && !now.is_unknown {
            found.push(Difference::HeardLater);
        }
        match (self.rules.with_standard, with_standard) {
            (false, true) => found.push(Difference::StandardCounted),
            (true, false) => found.push(Difference::StandardLeftOut),
            (true, true) | (false, false) => {}
        }
        let others = |one: &Self| one.others(with_standard);
        found.extend(both(
            (others(self), others(now)),
            n_told_later,
            (Difference::ToldLater, Difference::CountedElsewhere),
        ));
        let is_new = |one: &&ChangeNumber| !self.emergencies.contains(one);
        let n_new = now.emergencies.iter().filter(is_new).count() as u64;
        found.extend(both(
            (self.n_emergencies, now.n_emergencies),
            n_new,
            (Difference::DeclaredLater, Difference::MovedAway),
        ));
        found.extend(both(
            (self.n_not_genuine, now.n_not_genuine),
            0,
            (Difference::FoundNotGenuine, Difference::FoundGenuine),
        ));
        found
    }

    /// The changes that weren't emergencies.
    fn others(&self, with_standard: bool) -> u64 {
        let standard = if self.rules.with_standard {
            self.n_standard
        } else {
            0
        };
        let normal = self
            .n_changes
            .saturating_sub(self.n_emergencies)
            .saturating_sub(standard);
        if with_standard {
            normal + self.n_standard
        } else {
            normal
        }
    }
}

/// What came and what went, where at least `n_came` came: as many may have gone, and
/// the sum says nothing of either.
fn both(
    (then, now): (u64, u64),
    n_came: u64,
    (more, fewer): (impl Fn(u64) -> Difference, impl Fn(u64) -> Difference),
) -> impl Iterator<Item = Difference> {
    let n_came = n_came.max(now.saturating_sub(then));
    let n_went = (then + n_came).saturating_sub(now);
    let said = [
        (n_came > 0).then(|| more(n_came)),
        (n_went > 0).then(|| fewer(n_went)),
    ];
    said.into_iter().flatten()
}
