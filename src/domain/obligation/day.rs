//! How often somebody is chased in one of their days.
//!
//! Whoever is told too much reads nothing; what is too much waits for the morning.

use chrono::{DateTime, Days, NaiveTime, Utc};

use super::{Duty, Obligation, People, Rung, obligations};
use crate::domain::change::EmergencyChange;
use crate::domain::id::UserId;
use crate::domain::policy::Policy;

/// How many chasing messages somebody gets in one of their days at most.
pub const MOST_CHASING: u32 = 8;

/// How many of those are kept for a last word before a deadline.
pub const KEPT_FOR_THE_LAST: u32 = 2;

const _: () = assert!(KEPT_FOR_THE_LAST < MOST_CHASING);

impl Duty {
    /// Whether its reminders chase somebody. The request for authorization is the
    /// emergency itself: it is never held back, and counts for nothing.
    pub const fn is_chased(self) -> bool {
        !self.may_wake()
    }
}

impl Rung {
    /// Whether the reminder comes at a time that its reader chose: what somebody asked
    /// for isn't held back, however much they were sent.
    pub const fn is_asked_for(self) -> bool {
        match self {
            Self::AfterNap(_) => true,
            Self::Opening | Self::Ready | Self::Again(_) | Self::Before(_) | Self::Overdue(_) => {
                false
            }
        }
    }
}

impl Obligation {
    /// Whether no rung follows `rung` before the deadline, or at all where there is
    /// none: an approver whose ticket isn't ready has another last rung than one whose
    /// is.
    fn is_last_word(&self, rung: Rung) -> bool {
        let mut rungs = self.rungs(self.opened_at).into_iter();
        match rung {
            Rung::Before(last) => {
                !rungs.any(|(one, _, _)| matches!(one, Rung::Before(minutes) if minutes < last))
            }
            Rung::Again(last) => {
                !rungs.any(|(one, _, _)| matches!(one, Rung::Again(n) if n > last))
            }
            Rung::Opening | Rung::Ready | Rung::Overdue(_) | Rung::AfterNap(_) => false,
        }
    }
}

/// Whether `rung` is the last on which whoever owes `duty` is reminded in time, or
/// asked at all where there is no deadline.
pub fn is_last_word(duty: Duty, rung: Rung, change: &EmergencyChange, policy: &Policy) -> bool {
    obligations(change, policy)
        .iter()
        .find(|one| one.duty == duty)
        // Of what isn't owed any more, the ladder says it.
        .map_or_else(
            || duty.is_last_before_deadline(rung, change),
            |owed| owed.is_last_word(rung),
        )
}

/// Whether somebody who was sent so many chasing messages today may get one more.
pub fn has_room(n_today: u32, says_a_last_word: bool) -> bool {
    let kept = if says_a_last_word {
        0
    } else {
        KEPT_FOR_THE_LAST
    };
    n_today < MOST_CHASING - kept
}

/// Returns when the day of `who` began in which `at` lies.
pub fn day_began_at(who: &UserId, at: DateTime<Utc>, people: &dyn People) -> DateTime<Utc> {
    let midnight = people.local(Some(who), at).date().and_time(NaiveTime::MIN);
    // Where the clocks skip midnight, the day begins after it.
    people.instant(Some(who), midnight).min(at)
}

/// Returns the morning of the day after the one of `who` in which `at` lies.
pub fn next_morning(who: &UserId, at: DateTime<Utc>, people: &dyn People) -> DateTime<Utc> {
    let today = people.local(Some(who), at).date();
    let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
    people.instant(Some(who), tomorrow.and_time(Policy::NIGHT_TO))
}
