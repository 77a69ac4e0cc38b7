//! What happened to captured messages since; what was captured stays.

use super::Draft;
use crate::domain::change::{Actor, Event, Refusal};
use crate::domain::id::{ChannelId, MessageTs};
use crate::domain::text::Text;
pub(super) fn note_edit(
    draft: &mut Draft<'_>,
    channel: &ChannelId,
    ts: &MessageTs,
    to: &Text,
) -> Result<(), Refusal> {
    let number = draft.change.number;
    let Some(quote) = draft.change.quote(channel, ts) else {
        return Err(Refusal::NothingAltered { number });
    };
    let (message, from) = (quote.message.clone(), quote.stands);
    draft.record(Event::MessageEdited {
        message,
        from,
        to: to.commitment(),
    });
    Ok(())
}

pub(super) fn note_deletion(
    draft: &mut Draft<'_>,
    channel: &ChannelId,
    ts: &MessageTs,
) -> Result<(), Refusal> {
    let number = draft.change.number;
    let Some(quote) = draft
        .change
        .quote(channel, ts)
        .filter(|one| !one.is_deleted)
    else {
        return Err(Refusal::NothingAltered { number });
    };
    let (message, from) = (quote.message.clone(), quote.stands);
    draft.record(Event::MessageDeleted { message, from });
    Ok(())
}

pub(super) fn note_reaction_removed(
    draft: &mut Draft<'_>,
    name: &str,
    channel: &ChannelId,
    ts: &MessageTs,
) -> Result<(), Refusal> {
    let number = draft.change.number;
    let captured = draft.change.reactions.iter().find(|reacted| {
        reacted.name == name
            && reacted.on.is(channel, ts)
            && draft.submission.actor == Actor::Person(reacted.by.clone())
            && !reacted.is_removed
    });
    let Some(reacted) = captured else {
        return Err(Refusal::NothingAltered { number });
    };
    let (name, on) = (reacted.name.clone(), reacted.on.clone());
    draft.record(Event::ReactionRemoved { name, on });
    Ok(())
}
