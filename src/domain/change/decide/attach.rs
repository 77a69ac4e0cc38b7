//! What is attached as evidence. It is taken whatever the stage: evidence that
//! comes late is evidence.

use super::Draft;
use crate::domain::authorization::{Act, Member, judge};
use crate::domain::change::{Attached, Event, MessageRef, Refusal};
use crate::domain::text::Text;

/// Keeps what a message attaches, but for what is kept of it already: a file
/// once, and the addresses of a message once.
pub(super) fn attach(
    draft: &mut Draft<'_>,
    by: &Member,
    message: &MessageRef,
    attached: &[(Text, Attached)],
) -> Result<(), Refusal> {
    let number = draft.change.number;
    if let Some(of) = draft.change.duplicate_of {
        return Err(Refusal::Duplicate { number, of });
    }
    judge(Act::Document, by, &draft.change, draft.policy)?;
    let before = draft.change.attachments.clone();
    let is_kept = |one: &Attached| {
        before.iter().any(|kept| match one.file() {
            Some(id) => {
                kept.attached.file() == Some(id)
                    && (kept.attached.is_evidence() || !one.is_evidence())
            }
            None => {
                kept.attached == Attached::Link && kept.message.is(&message.channel, &message.ts)
            }
        })
    };
    let new: Vec<_> = attached.iter().filter(|(_, one)| !is_kept(one)).collect();
    if new.is_empty() {
        return Err(Refusal::NothingAltered { number });
    }
    for (name, one) in new {
        draft.record_by(
            &by.id,
            Event::AttachmentKept {
                name: name.commitment(),
                attached: one.clone(),
                message: message.clone(),
            },
        );
    }
    Ok(())
}
