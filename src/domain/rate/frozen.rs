//! A week's figures as they were reported. They stay; what comes to light later is a
//! new figure beside the old one, with its reason.

use chrono::{DateTime, Utc};

use super::{Figures, Rules, Window};

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
    /// Whether no source of changes had been heard from.
    pub is_unknown: bool,
}

/// A reported window beside what is known of it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrected {
    /// What was reported.
    pub reported: Frozen,
    /// All changes that count now.
    pub n_changes: u64,
    /// The emergencies among them now.
    pub n_emergencies: u64,
    /// The emergencies found not genuine by now.
    pub n_not_genuine: u64,
    /// Whether still no source of changes was heard from.
    pub is_unknown: bool,
    /// Why the figures differ.
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
    /// Nobody had been heard from, and somebody was since.
    HeardLater,
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
            is_unknown: figures.is_unknown(),
        }
    }

    /// Returns the figures of the same window as they are known now, if they differ.
    pub fn corrected(&self, now: &Figures) -> Option<Corrected> {
        let differences = self.differences(now);
        let is_same = (self.window.from, self.window.to) == (now.window.from, now.window.to);
        (is_same && !differences.is_empty()).then(|| Corrected {
            reported: self.clone(),
            n_changes: now.n_changes,
            n_emergencies: now.n_emergencies,
            n_not_genuine: now.n_not_genuine,
            is_unknown: now.is_unknown(),
            differences,
        })
    }

    /// Returns figures of the same window with what was reported of it in them.
    #[must_use]
    pub fn put_into(&self, mut figures: Figures) -> Figures {
        if (self.window.from, self.window.to) == (figures.window.from, figures.window.to) {
            figures.rules = self.rules;
            figures.n_changes = self.n_changes;
            figures.n_emergencies = self.n_emergencies;
            figures.n_not_genuine = self.n_not_genuine;
            figures.n_standard = self.n_standard;
            if self.is_unknown {
                figures.is_told_of = false;
                figures.coverage.heard.clear();
            }
        }
        figures
    }

    fn differences(&self, now: &Figures) -> Vec<Difference> {
        let then = Self::of(now);
        let with_standard = now.rules.with_standard;
        let mut found = Vec::new();
        if self.is_unknown && !then.is_unknown {
            found.push(Difference::HeardLater);
        }
        match (self.rules.with_standard, with_standard) {
            (false, true) => found.push(Difference::StandardCounted),
            (true, false) => found.push(Difference::StandardLeftOut),
            (true, true) | (false, false) => {}
        }
        found.extend(difference(
            (self.others(with_standard), then.others(with_standard)),
            Difference::ToldLater,
            Difference::CountedElsewhere,
        ));
        found.extend(difference(
            (self.n_emergencies, then.n_emergencies),
            Difference::DeclaredLater,
            Difference::MovedAway,
        ));
        found.extend(difference(
            (self.n_not_genuine, then.n_not_genuine),
            Difference::FoundNotGenuine,
            Difference::FoundGenuine,
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

fn difference(
    (then, now): (u64, u64),
    more: impl Fn(u64) -> Difference,
    fewer: impl Fn(u64) -> Difference,
) -> Option<Difference> {
    match now.checked_sub(then) {
        Some(0) => None,
        Some(by) => Some(more(by)),
        None => Some(fewer(then - now)),
    }
}
