//! Who owes what to a change until when, and when they are reminded of it.
//!
//! One idea serves every chase. Obligations are derived from the state, never
//! stored: a restart loses nothing, because there is nothing to lose.
//! [`Duty`] says what can be owed, `owed` when it is, `owner` by whom, and
//! `ladder` when they hear of it.

use chrono::{DateTime, TimeDelta, Utc};

use super::change::EmergencyChange;
use super::policy::{Party, Policy};

mod chase_log;
mod day;
mod deed;
mod duty;
mod handover;
mod ladder;
mod owed;
mod owner;

pub use chase_log::{Answered, ChaseLine, Delivery, Moot, chase_log, note_key, reminder_key};
pub use day::{
    KEPT_FOR_THE_LAST, MOST_CHASING, day_began_at, has_room, is_last_word, next_morning,
};
pub use deed::Deed;
pub use duty::Duty;
pub use handover::{Absence, act_of, cannot_stay, next_owner};
pub use ladder::{Chase, ChaseKey, People, Rung, by_day};
pub use owed::obligations;
pub use owner::{approver, made_good_at, needs_second_person};

/// Something that somebody owes to a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obligation {
    /// What.
    pub duty: Duty,
    /// Who; nobody in particular while nobody is known.
    pub owner: Option<Party>,
    /// Since when.
    pub opened_at: DateTime<Utc>,
    /// Since when the owner can do it: an approval waits for the ticket.
    pub ready_at: Option<DateTime<Utc>>,
    /// Until when, if there is a deadline.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether closing waits for it; what it doesn't wait for is chased weekly.
    pub closing_waits: bool,
    /// When it was done.
    pub met_at: Option<DateTime<Utc>>,
}

/// How long after one contact of the policy the next hears of what is still
/// missed.
const ESCALATED_AFTER: TimeDelta = TimeDelta::hours(24);

impl Obligation {
    /// When the next contact of the policy is to hear that it is still missed: the
    /// first heard when that was noticed, and each has a day before the next.
    pub fn next_escalation_at(
        &self,
        change: &EmergencyChange,
        policy: &Policy,
    ) -> Option<DateTime<Utc>> {
        let due_at = self
            .due_at
            .filter(|_| self.met_at.is_none() && self.closing_waits)?;
        let told_at = change.contact_told_at(self.duty, due_at)?;
        let step = change.escalations(self.duty, due_at) + 1;
        policy
            .escalation
            .get(usize::from(step))
            .map(|_| told_at + ESCALATED_AFTER)
    }
}

/// When the clock has something to do for the change next: the earliest rung
/// not yet reached and the earliest deadline not yet missed.
pub fn next_due_at(
    change: &EmergencyChange,
    policy: &Policy,
    people: &dyn People,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let mut next: Option<DateTime<Utc>> = None;
    for obligation in obligations(change, policy) {
        if obligation.met_at.is_some() {
            continue;
        }
        let chase = change
            .chases
            .get(&(obligation.duty, obligation.owner.clone()))
            .cloned()
            .unwrap_or_default();
        let deadline = obligation
            .due_at
            .filter(|due_at| !change.has_missed(obligation.duty, *due_at));
        let rung = obligation.next_rung_at(&chase, people, now);
        let escalation = obligation.next_escalation_at(change, policy);
        for at in deadline.into_iter().chain(rung).chain(escalation) {
            next = Some(next.map_or(at, |next| next.min(at)));
        }
    }
    next
}
