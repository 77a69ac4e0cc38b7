//! What an operator is told of a channel that the bot can't write in any more.

use crate::domain::id::ChannelId;
use crate::store::Shut;

use super::blocks::{context, message, section};
use super::{Message, say};

/// Returns the message.
pub fn shut(channel: &ChannelId, shut: &Shut) -> Message {
    let place = say::channel(channel);
    let (what, mend) = match shut.reason.as_str() {
        "is_archived" => (
            format!("{place} is archived, so I can't write there any more."),
            "Nothing is to be done unless it is needed again.",
        ),
        "restricted_action" => (
            format!("I'm not allowed to post in {place}."),
            "Let me post there in the channel's settings, or use another channel.",
        ),
        _ => (
            format!("I'm not in {place}, so I can't write there."),
            "Type `/invite` with my name there, and I go on.",
        ),
    };
    let since = say::at(shut.since);
    message(
        &what,
        vec![
            section(&format!("*{what}* {mend}")),
            context(&format!(
                "Since {since}. What belongs there goes by direct message to whoever asked for the change, the weekly report to whoever `escalation` names first, and nothing is lost. I tell you of it once, and again should it open and shut again."
            )),
        ],
    )
}
