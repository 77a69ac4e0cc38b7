//! `reactions.*`.

use serde_json::json;

use super::{Arguments, Failure, Outcome};
use crate::sandbox::cast::BOT_USER;
use crate::sandbox::message::Ts;
use crate::sandbox::posting;
use crate::sandbox::state::State;

fn message(state: &State, arguments: &Arguments) -> Result<(String, Ts), Failure> {
    let named = arguments
        .text("channel")
        .ok_or(Failure::Named("no_item_specified"))?;
    let channel = super::conversations::visible(state, &named)?;
    let ts = arguments
        .text("timestamp")
        .ok_or(Failure::Named("no_item_specified"))?;
    let ts: Ts = ts.parse().map_err(|_| Failure::Named("bad_timestamp"))?;
    let exists = channel
        .messages
        .get(&ts)
        .is_some_and(|message| message.only_for.is_none());
    if !exists {
        return Err(Failure::Named("message_not_found"));
    }
    Ok((channel.id.clone(), ts))
}

pub(super) fn add(state: &mut State, arguments: &Arguments) -> Outcome {
    let name = arguments
        .text("name")
        .ok_or(Failure::Named("invalid_name"))?;
    let name = name.trim_matches(':');
    let (channel, ts) = message(state, arguments)?;
    let place = state
        .workspace
        .channels
        .get(&channel)
        .ok_or(Failure::Named("channel_not_found"))?;
    if place.archived {
        return Err(Failure::Named("is_archived"));
    }
    if !place.has_bot() {
        return Err(Failure::Named("not_in_channel"));
    }
    let legal = |c: char| c.is_alphanumeric() || "_-+'".contains(c);
    if name.is_empty() || name.len() > 100 || !name.chars().all(legal) {
        return Err(Failure::Named("invalid_name"));
    }
    if !posting::react(state, &channel, ts, BOT_USER, name) {
        return Err(Failure::Named("already_reacted"));
    }
    Ok(json!({}))
}

pub(super) fn get(state: &mut State, arguments: &Arguments) -> Outcome {
    let (channel, ts) = message(state, arguments)?;
    let place = state
        .workspace
        .channels
        .get(&channel)
        .ok_or(Failure::Named("channel_not_found"))?;
    let shown = place
        .messages
        .get(&ts)
        .map(|message| place.shown(message, false));
    Ok(json!({"type": "message", "channel": channel, "message": shown}))
}
