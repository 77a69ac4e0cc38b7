//! `conversations.*`: finding, reading, opening, joining.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Arguments, Failure, Outcome, page};
use crate::sandbox::cast::BOT_USER;
use crate::sandbox::json::put;
use crate::sandbox::message::{Message, Ts};
use crate::sandbox::posting;
use crate::sandbox::state::State;
use crate::sandbox::workspace::{Channel, Kind};

/// A conversation that the bot can see at all: private ones only from the inside.
pub(super) fn visible<'a>(state: &'a State, named: &str) -> Result<&'a Channel, Failure> {
    state
        .workspace
        .channel(named)
        .filter(|channel| channel.kind == Kind::Public || channel.has_bot())
        .ok_or(Failure::Named("channel_not_found"))
}

/// The scope of this family that this kind of conversation needs.
fn scope(kind: Kind, access: &str) -> &'static str {
    match (kind, access) {
        (Kind::Public, "history") => "channels:history",
        (Kind::Private, "history") => "groups:history",
        (Kind::Direct, "history") => "im:history",
        (Kind::Group, "history") => "mpim:history",
        (Kind::Public, _) => "channels:read",
        (Kind::Private, _) => "groups:read",
        (Kind::Direct, _) => "im:read",
        (Kind::Group, _) => "mpim:read",
    }
}

fn readable<'a>(
    state: &'a State,
    arguments: &Arguments,
    access: &str,
) -> Result<&'a Channel, Failure> {
    let named = arguments
        .text("channel")
        .ok_or(Failure::Named("channel_not_found"))?;
    // Reading methods take ids only; a name is no channel to them.
    let channel = state
        .workspace
        .channels
        .get(&named)
        .filter(|channel| channel.kind == Kind::Public || channel.has_bot())
        .ok_or(Failure::Named("channel_not_found"))?;
    let needed = scope(channel.kind, access);
    if !state.app.manifest.scopes.contains(needed) {
        return Err(Failure::MissingScope { needed });
    }
    Ok(channel)
}

pub(super) fn info(state: &mut State, arguments: &Arguments) -> Outcome {
    let channel = readable(state, arguments, "read")?;
    Ok(json!({"channel": channel.to_json(arguments.flag("include_num_members"))}))
}

pub(super) fn list(state: &mut State, arguments: &Arguments) -> Outcome {
    let types = arguments
        .text("types")
        .unwrap_or_else(|| "public_channel".to_owned());
    let types: BTreeSet<&str> = types.split(',').map(str::trim).collect();
    for kind in [Kind::Public, Kind::Private, Kind::Direct, Kind::Group] {
        let needed = scope(kind, "read");
        if types.contains(kind.list_type()) && !state.app.manifest.scopes.contains(needed) {
            return Err(Failure::MissingScope { needed });
        }
    }
    let without_archived = arguments.flag("exclude_archived");
    let channels = state
        .workspace
        .channels
        .values()
        .filter(|channel| types.contains(channel.kind.list_type()))
        .filter(|channel| channel.kind == Kind::Public || channel.has_bot())
        .filter(|channel| !(without_archived && channel.archived))
        .map(|channel| channel.to_json(true))
        .collect();
    page(channels, arguments, 100, "channels")
}

pub(super) fn members(state: &mut State, arguments: &Arguments) -> Outcome {
    let channel = readable(state, arguments, "read")?;
    let members = channel
        .members
        .iter()
        .map(|member| member.as_str().into())
        .collect();
    page(members, arguments, 100, "members")
}

fn moment(arguments: &Arguments, key: &str) -> Result<Option<Ts>, Failure> {
    match arguments.text(key) {
        None => Ok(None),
        Some(text) if text == "now" => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            Failure::Named(if key == "oldest" {
                "invalid_ts_oldest"
            } else {
                "invalid_ts_latest"
            })
        }),
    }
}

/// The messages between `oldest` and `latest`, as both reading methods bound them.
fn within(message: &Message, oldest: Option<Ts>, latest: Option<Ts>, inclusive: bool) -> bool {
    let late_enough =
        oldest.is_none_or(|oldest| message.ts > oldest || (inclusive && message.ts == oldest));
    let early_enough =
        latest.is_none_or(|latest| message.ts < latest || (inclusive && message.ts == latest));
    late_enough && early_enough
}

pub(super) fn history(state: &mut State, arguments: &Arguments) -> Outcome {
    let channel = readable(state, arguments, "history")?;
    if !channel.has_bot() {
        return Err(Failure::Named("not_in_channel"));
    }
    let (oldest, latest) = (moment(arguments, "oldest")?, moment(arguments, "latest")?);
    let inclusive = arguments.flag("inclusive");
    let with_metadata = arguments.flag("include_all_metadata");
    let messages: Vec<Value> = channel
        .messages
        .values()
        .rev()
        .filter(|message| message.only_for.is_none() && message.is_top_level())
        .filter(|message| within(message, oldest, latest, inclusive))
        .map(|message| channel.shown(message, with_metadata))
        .collect();
    let mut answer = page(messages, arguments, 100, "messages")?;
    finish(&mut answer);
    put(&mut answer, "pin_count", Some(0.into()));
    Ok(answer)
}

/// Histories say whether there is more, and leave the cursor out if there is not.
fn finish(answer: &mut Value) {
    let cursor = answer
        .pointer("/response_metadata/next_cursor")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let has_more = !cursor.is_empty();
    put(answer, "has_more", Some(has_more.into()));
    if !has_more && let Some(map) = answer.as_object_mut() {
        map.remove("response_metadata");
    }
}

pub(super) fn replies(state: &mut State, arguments: &Arguments) -> Outcome {
    let channel = readable(state, arguments, "history")?;
    if !channel.has_bot() {
        return Err(Failure::Named("not_in_channel"));
    }
    let ts: Ts = arguments
        .text("ts")
        .and_then(|ts| ts.parse().ok())
        .ok_or(Failure::Named("thread_not_found"))?;
    let named = channel
        .messages
        .get(&ts)
        .filter(|message| message.only_for.is_none())
        .ok_or(Failure::Named("thread_not_found"))?;
    let with_metadata = arguments.flag("include_all_metadata");
    // A reply's own timestamp gives that reply alone, as it does at Slack.
    if named.thread.is_some_and(|thread| thread != ts) {
        let mut answer = page(
            vec![channel.shown(named, with_metadata)],
            arguments,
            1000,
            "messages",
        )?;
        finish(&mut answer);
        return Ok(answer);
    }
    let (oldest, latest) = (moment(arguments, "oldest")?, moment(arguments, "latest")?);
    let inclusive = arguments.flag("inclusive");
    let messages = std::iter::once(named)
        .chain(
            channel
                .replies(ts)
                .filter(|reply| within(reply, oldest, latest, inclusive)),
        )
        .map(|message| channel.shown(message, with_metadata))
        .collect();
    let mut answer = page(messages, arguments, 1000, "messages")?;
    finish(&mut answer);
    Ok(answer)
}

pub(super) fn open(state: &mut State, arguments: &Arguments) -> Outcome {
    if let Some(named) = arguments.text("channel") {
        let channel = visible(state, &named)?;
        return Ok(json!({"channel": {"id": channel.id}, "no_op": true, "already_open": true}));
    }
    let users = arguments
        .text("users")
        .ok_or(Failure::Named("users_list_not_supplied"))?;
    let users: Vec<String> = users
        .split(',')
        .map(|user| user.trim().to_owned())
        .collect();
    for user in &users {
        let person = state
            .workspace
            .people
            .get(user)
            .ok_or(Failure::Named("user_not_found"))?;
        if person.deleted {
            return Err(Failure::Named("user_disabled"));
        }
        if person.bot_id.is_some() {
            return Err(Failure::Named("cannot_dm_bot"));
        }
    }
    let needed = if users.len() == 1 {
        "im:write"
    } else {
        "mpim:write"
    };
    if !state.app.manifest.scopes.contains(needed) {
        return Err(Failure::MissingScope { needed });
    }
    let (channel, already) = match users.as_slice() {
        [user] => posting::open_direct(state, BOT_USER, user),
        several if several.len() <= 8 => posting::open_group(state, several),
        _ => return Err(Failure::Named("too_many_users")),
    };
    let shown = match state.workspace.channels.get(&channel) {
        Some(place) if arguments.flag("return_im") => place.to_json(false),
        _ => json!({"id": channel}),
    };
    let mut answer = json!({"channel": shown});
    if already {
        crate::sandbox::json::merge(&mut answer, json!({"no_op": true, "already_open": true}));
    }
    Ok(answer)
}

pub(super) fn join(state: &mut State, arguments: &Arguments) -> Outcome {
    let named = arguments
        .text("channel")
        .ok_or(Failure::Named("channel_not_found"))?;
    let channel = visible(state, &named)?;
    if channel.archived {
        return Err(Failure::Named("is_archived"));
    }
    if channel.kind != Kind::Public {
        return Err(Failure::Named("method_not_supported_for_channel_type"));
    }
    let id = channel.id.clone();
    let joined = posting::join(state, &id, BOT_USER, None);
    let shown = state
        .workspace
        .channels
        .get(&id)
        .map(|channel| channel.to_json(false));
    let mut answer = json!({"channel": shown});
    if !joined {
        put(&mut answer, "warning", Some("already_in_channel".into()));
        put(
            &mut answer,
            "response_metadata",
            Some(json!({"warnings": ["already_in_channel"]})),
        );
    }
    Ok(answer)
}
