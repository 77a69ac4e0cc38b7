//! What leaves a change's record when its time is over: the words and files, and never
//! that they were there. Of a change that is still open, or owes anything, nothing does.

use chrono::{DateTime, Months, Utc};

use super::{EmergencyChange, Passage, Stage};
use crate::domain::obligation::obligations;
use crate::domain::policy::Policy;
use crate::domain::text::Commitment;
use crate::domain::ticket::Field;

/// Returns the instant such that whatever ended before has no words any more; nothing
/// if the policy keeps them for good.
pub fn kept_since(policy: &Policy, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    now.checked_sub_months(Months::new(u32::from(policy.keep_texts?)))
}

/// Returns the texts whose time is over, where the last thing that happened to the
/// change happened at `last_at`.
///
/// Two kinds stay. What the ticket links to is no prose, and what was deployed belongs
/// to the change by it: the reported rate would become another without. Why words were
/// taken out is what is left of them.
pub fn expiring(
    change: &EmergencyChange,
    policy: &Policy,
    in_force: &Policy,
    last_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Vec<Commitment> {
    let is_over = match change.stage {
        Stage::Closed => obligations(change, policy)
            .iter()
            .all(|one| one.met_at.is_some()),
        Stage::Withdrawn | Stage::Lapsed => true,
        Stage::Requested
        | Stage::Authorized
        | Stage::Denied
        | Stage::Deployed
        | Stage::Documented
        | Stage::Approved
        | Stage::Rejected => false,
    };
    if !is_over || kept_since(in_force, now).is_none_or(|since| last_at >= since) {
        return Vec::new();
    }
    change
        .texts
        .iter()
        .filter(|(text, _)| !change.redactions.contains_key(*text))
        .filter(|(_, stands)| {
            !matches!(
                stands.passage,
                Passage::Redaction | Passage::Field(Field::Links)
            )
        })
        .map(|(text, _)| *text)
        .collect()
}
