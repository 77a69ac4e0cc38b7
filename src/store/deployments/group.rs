//! All that is known together of one change that sources told of. Pure: what two
//! groups are together doesn't depend on which of them came first.

use std::collections::BTreeSet;

use crate::domain::deployment::{ChangeKind, Deployment, Happening, Mark, unexplained};
use crate::domain::id::ChangeNumber;

/// What is known of a group beside its tellings' facts. Grows only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and any of them may go together"
)]
pub(super) struct Traits {
    /// It was merged: somebody had asked for that.
    pub(super) is_merged: bool,
    /// Somebody approved it in time.
    pub(super) is_approved: bool,
    /// It is called an emergency, and somebody has shown that it was a normal change.
    pub(super) is_normal: bool,
    /// Somebody is asked, or was, whether it was an undeclared emergency.
    pub(super) was_asked: bool,
    /// It was proposed for an emergency change.
    pub(super) was_proposed: bool,
}

impl Traits {
    fn flags(self) -> [bool; 5] {
        [
            self.is_merged,
            self.is_approved,
            self.is_normal,
            self.was_asked,
            self.was_proposed,
        ]
    }

    /// Returns the form in which they are kept.
    pub(super) fn bits(self) -> u8 {
        let places = self.flags().into_iter().enumerate();
        places.fold(0, |bits, (place, is_set)| bits | u8::from(is_set) << place)
    }

    /// Reads that form.
    pub(super) fn from_bits(bits: u8) -> Self {
        let is_set = |place: u8| bits & (1 << place) != 0;
        Self {
            is_merged: is_set(0),
            is_approved: is_set(1),
            is_normal: is_set(2),
            was_asked: is_set(3),
            was_proposed: is_set(4),
        }
    }
}

/// The place of a mark in its stored form. Never changed.
fn place(mark: Mark) -> u8 {
    match mark {
        Mark::Unreviewed => 0,
        Mark::Bypassed => 1,
        Mark::DirectPush => 2,
        Mark::Hotfix => 3,
        Mark::Revert => 4,
        Mark::DuringIncident => 5,
        Mark::Unrecorded => 6,
        Mark::Labelled => 7,
    }
}

/// Returns the form in which marks are kept.
pub(super) fn bits(marks: &BTreeSet<Mark>) -> u8 {
    marks.iter().fold(0, |bits, mark| bits | 1 << place(*mark))
}

/// Reads that form.
pub(super) fn marks(bits: u8) -> BTreeSet<Mark> {
    let marks = Mark::ALL.iter().copied();
    marks
        .filter(|mark| bits & (1 << place(*mark)) != 0)
        .collect()
}

/// Tellings of one change, put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// How many there are.
    pub(super) n_tellings: u64,
    /// The earliest that counts, and who told of it.
    pub(super) first: Option<(i64, String)>,
    /// The earliest that counts or went to the deployed branch: what hides behind a
    /// later deployment is asked about as well.
    pub(super) seen_at: Option<i64>,
    /// What kind they say it is.
    pub(super) kind: ChangeKind,
    /// The system that was told last, and the time of that telling.
    pub(super) system: Option<(i64, String)>,
    /// The marks of them all.
    pub(super) marks: u8,
    /// What is known beside.
    pub(super) traits: Traits,
    /// The emergency change to which they belong.
    pub(super) emergency: Option<ChangeNumber>,
    /// When somebody is to be asked about them.
    pub(super) settles_at: Option<i64>,
}

impl Group {
    /// A group of one telling, of `at` in microseconds.
    pub(super) fn of(told: &Deployment, at: i64, counts: bool) -> Self {
        Self {
            n_tellings: 1,
            first: counts.then(|| (at, told.source.as_str().to_owned())),
            seen_at: (counts || matches!(told.happening, Happening::Merge | Happening::Push))
                .then_some(at),
            kind: told.kind.unwrap_or(ChangeKind::Normal),
            system: told.system.clone().map(|system| (at, system)),
            marks: bits(&told.marks),
            traits: Traits {
                is_merged: told.happening == Happening::Merge,
                // Whoever approves what was merged reviewed it too late.
                is_approved: (told.approved_by.is_some() || told.approval_url.is_some())
                    && !told.marks.contains(&Mark::Unreviewed),
                ..Traits::default()
            },
            emergency: None,
            settles_at: None,
        }
    }

    /// Puts two groups together.
    pub(super) fn and(self, other: Self) -> Self {
        let traits = self.traits.bits() | other.traits.bits();
        Self {
            n_tellings: self.n_tellings + other.n_tellings,
            first: earliest(self.first, other.first),
            seen_at: earliest(self.seen_at, other.seen_at),
            kind: self.kind.max(other.kind),
            // Of one instant, any choice will do that is always the same.
            system: self.system.max(other.system),
            marks: self.marks | other.marks,
            traits: Traits::from_bits(traits),
            emergency: earliest(self.emergency, other.emergency),
            settles_at: earliest(self.settles_at, other.settles_at),
        }
    }

    /// Returns the instant at which it counts; nothing while it doesn't count by
    /// itself.
    pub(super) fn counted_at(&self) -> Option<i64> {
        if self.emergency.is_some() {
            return None;
        }
        self.first.as_ref().map(|(at, _)| *at)
    }

    /// Returns the instant at which it is shown: where it doesn't count, when it was
    /// seen.
    pub(super) fn stands_at(&self) -> Option<i64> {
        let first = self.first.as_ref().map(|(at, _)| *at);
        first.or(self.seen_at)
    }

    /// Leaves out what is known so far: it was not production. What it is marked with
    /// stands, for what is told of it later.
    pub(super) fn exclude(&mut self) {
        self.first = None;
        self.seen_at = None;
        self.settles_at = None;
    }

    /// Returns what kind it is by all that is known.
    pub(super) fn kind(&self) -> ChangeKind {
        match self.kind {
            ChangeKind::Emergency if self.traits.is_normal => ChangeKind::Normal,
            kind => kind,
        }
    }

    /// Whether it is of no emergency of the register, and has marks that nothing
    /// explains.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.seen_at.is_some() && self.emergency.is_none() && !self.unexplained().is_empty()
    }

    /// Whether it looks like an emergency that nobody declared, and nobody was asked
    /// about that yet.
    pub(super) fn looks_undeclared(&self) -> bool {
        !self.traits.was_asked && self.is_in_doubt()
    }

    /// Returns the marks that nothing else that is known explains.
    pub(super) fn unexplained(&self) -> BTreeSet<Mark> {
        if self.marks == 0 {
            return BTreeSet::new();
        }
        let Traits {
            is_merged,
            is_approved,
            ..
        } = self.traits;
        unexplained(&marks(self.marks), is_merged, is_approved)
    }
}

fn earliest<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_traits_read_back_as_what_they_were() {
        for bits in 0..=u8::MAX {
            assert_eq!(super::bits(&marks(bits)), bits);
        }
        for bits in 0..32 {
            assert_eq!(Traits::from_bits(bits).bits(), bits);
        }
    }
}
