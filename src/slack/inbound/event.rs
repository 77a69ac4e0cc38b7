//! The Events API. So far only what is said to the bot by name is heard.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::id::{ChannelId, MessageTs, UserId};
use crate::domain::text::Salt;
use crate::gesture::{Ask, Gesture, Heard};
use crate::slack::control::Modal;

use super::{Read, Understood, grammar, instant, text_at, understand};

/// Reads an event.
pub(super) fn read(
    payload: &Value,
    received_at: DateTime<Utc>,
    salt: &mut dyn FnMut() -> Salt,
) -> Read {
    match text_at(payload, "/type") {
        Some("event_callback") => {}
        Some("url_verification") => return Read::Ignored("a check of the address"),
        Some("app_rate_limited") => return Read::Ignored("Slack holds events back"),
        Some(_) => return Read::Ignored("a delivery of an unknown type"),
        None => return Read::Broken("an event without a type"),
    }
    match text_at(payload, "/event/type") {
        Some("app_mention") => mention(payload, received_at, salt),
        Some("message") => Read::Ignored(message(payload)),
        Some("reaction_added" | "reaction_removed") => {
            Read::Ignored("reactions aren't listened to yet")
        }
        Some("app_home_opened") => Read::Ignored("the Home isn't there yet"),
        Some(_) => Read::Ignored("an event of an unknown type"),
        None => Read::Broken("an event without an event"),
    }
}

/// Why a message isn't heard.
fn message(payload: &Value) -> &'static str {
    match text_at(payload, "/event/subtype") {
        Some("message_changed" | "message_deleted") => "edits aren't listened to yet",
        _ if is_by_a_bot(payload) => "a bot's own message",
        _ => "messages aren't listened to yet",
    }
}

/// The bot hears its own words back, and must not answer them.
fn is_by_a_bot(payload: &Value) -> bool {
    text_at(payload, "/event/bot_id").is_some()
        || text_at(payload, "/event/subtype") == Some("bot_message")
}

fn mention(payload: &Value, received_at: DateTime<Utc>, salt: &mut dyn FnMut() -> Salt) -> Read {
    let Some(key) = text_at(payload, "/event_id") else {
        return Read::Broken("a mention without an event_id");
    };
    if is_by_a_bot(payload) {
        return Read::Ignored("a bot's own message");
    }
    // Whoever mends a typo asked already; the card shows what was heard.
    if payload.pointer("/event/edited").is_some() {
        return Read::Ignored("an edit of something said before");
    }
    let Some(actor) = text_at(payload, "/event/user").map(UserId::new) else {
        return Read::Broken("a mention by nobody");
    };
    let Some(bot) = text_at(payload, "/authorizations/0/user_id").map(UserId::new) else {
        return Read::Broken("a mention of a bot that isn't named");
    };
    if actor == bot {
        return Read::Ignored("a bot's own message");
    }
    let typed = text_at(payload, "/event/text").unwrap_or_default();
    let Some(slash) = grammar::parse_mention(typed, &bot) else {
        return Read::Ignored("it speaks of the bot, not to it");
    };
    let (at, source) = instant(text_at(payload, "/event/ts"), received_at);
    let (ask, texts) = match understand(slash, typed, salt) {
        Understood::Asked(ask, texts) => (ask, texts),
        // A message can't open a form. The status has the button that does; who
        // said nothing but the bot's name is told what can be said.
        Understood::Form(Modal::Document, change, _) => (Ask::Status { change }, Vec::new()),
        Understood::Form(
            Modal::Declare
            | Modal::Reject
            | Modal::Remediate
            | Modal::AnswerExceptions
            | Modal::AskSomeoneElse
            | Modal::Record
            | Modal::Attest
            | Modal::CorrectDeployment
            | Modal::StateReason,
            _,
            _,
        ) => (Ask::Help, Vec::new()),
    };
    Read::Heard(Heard {
        gesture: Gesture {
            key: key.to_owned(),
            actor,
            at,
            source,
            channel: text_at(payload, "/event/channel").map(ChannelId::new),
            thread: text_at(payload, "/event/thread_ts").map(MessageTs::new),
            response_url: None,
            ask,
        },
        texts,
    })
}
