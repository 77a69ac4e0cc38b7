//! What is taken out of the record: a leaked secret. That it was there stays.

use std::collections::BTreeSet;

use super::{Draft, reason_given};
use crate::domain::authorization::{Act, Member, judge};
use crate::domain::change::{Event, Refusal};
use crate::domain::policy::{Party, Policy};
use crate::domain::text::{Commitment, Text};

/// Takes texts out of the record, at any stage. Who may do that, the policy in
/// force says: it may be that nobody could when the change was declared.
pub(super) fn redact(
    draft: &mut Draft<'_>,
    by: &Member,
    administrators: &[Party],
    texts: &BTreeSet<Commitment>,
    reason: Option<&Text>,
) -> Result<(), Refusal> {
    let in_force = Policy {
        administrators: administrators.to_vec(),
        ..draft.policy.clone()
    };
    judge(Act::Redact, by, &draft.change, &in_force)?;
    let number = draft.change.number;
    let (known, redacted) = (&draft.change.texts, &draft.change.redactions);
    let there: Vec<Commitment> = texts
        .iter()
        .filter(|text| known.contains_key(text) && !redacted.contains_key(text))
        .copied()
        .collect();
    if there.is_empty() {
        return Err(Refusal::NothingToRedact { number });
    }
    let reason = reason.ok_or(Refusal::NoReason)?;
    reason_given(reason)?;
    for text in there {
        draft.record(Event::Redacted {
            text,
            reason: reason.commitment(),
        });
    }
    Ok(())
}
