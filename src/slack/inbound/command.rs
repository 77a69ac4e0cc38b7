//! Slash commands: `/emergency …`.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::change::Source;
use crate::domain::id::{ChannelId, UserId};
use crate::domain::text::Salt;
use crate::gesture::{Gesture, Heard};

use super::{Matter, OpenModal, Read, Understood, grammar, text_at, understand};

/// Reads a command. Slack gives it no time, so it counts from our receipt.
pub(super) fn read(
    payload: &Value,
    received_at: DateTime<Utc>,
    salt: &mut dyn FnMut() -> Salt,
) -> Read {
    let Some(actor) = text_at(payload, "/user_id").map(UserId::new) else {
        return Read::Broken("a command without a user_id");
    };
    let Some(trigger_id) = text_at(payload, "/trigger_id") else {
        return Read::Broken("a command without a trigger_id");
    };
    let channel = text_at(payload, "/channel_id").map(ChannelId::new);
    let response_url = text_at(payload, "/response_url").map(str::to_owned);
    let typed = text_at(payload, "/text").unwrap_or_default();
    match understand(grammar::parse(typed), typed, salt) {
        Understood::Asked(ask, texts) => Read::Heard(Heard {
            gesture: Gesture {
                key: trigger_id.to_owned(),
                actor,
                at: received_at,
                source: Source::Receipt,
                channel,
                thread: None,
                response_url,
                ask,
            },
            texts,
        }),
        Understood::Form(which, change, prefill) => Read::Open(OpenModal {
            trigger_id: trigger_id.to_owned(),
            actor,
            channel,
            thread: None,
            response_url,
            which,
            change,
            prefill,
            deployed_at: None,
            message: None,
            matter: Matter::Whole,
            on_top: false,
        }),
    }
}
