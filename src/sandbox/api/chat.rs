//! `chat.*`: posting, changing, deleting, linking.

use serde_json::{Value, json};

use super::{Arguments, Failure, Outcome};
use crate::sandbox::blocks::{self, Fault, Surface};
use crate::sandbox::cast::{BOT_USER, TEAM};
use crate::sandbox::json::{put, text};
use crate::sandbox::message::{Author, Message, Ts};
use crate::sandbox::posting;
use crate::sandbox::state::State;
use crate::sandbox::workspace::{Channel, Kind};

/// Slack cuts a message's text at 40,000 characters ...
const LONGEST_TEXT: usize = 40_000;
/// ... but refuses an edit over 4,000.
const LONGEST_EDIT: usize = 4_000;
/// Slack gives no figure for metadata; eight kilobytes is far beyond what an app should put there.
const LARGEST_METADATA: usize = 8 * 1024;

/// What a message is to say, checked.
struct Draft {
    text: String,
    blocks: Vec<Value>,
    attachments: Vec<Value>,
    metadata: Option<Value>,
    truncated: bool,
}

fn draft(state: &mut State, arguments: &Arguments) -> Result<Draft, Failure> {
    let mut blocks = arguments.list("blocks", "invalid_blocks_format")?;
    let attachments = arguments.list("attachments", "invalid_attachments")?;
    let mut words = arguments.text("text").unwrap_or_default();
    if let Some(markdown) = arguments.text("markdown_text") {
        if !blocks.is_empty() || !words.is_empty() {
            return Err(Failure::Named("markdown_text_conflict"));
        }
        if markdown.chars().count() > 12_000 {
            return Err(Failure::Named("msg_too_long"));
        }
        blocks = vec![json!({"type": "markdown", "text": markdown})];
        words = markdown;
    }
    if words.trim().is_empty() && blocks.is_empty() && attachments.is_empty() {
        return Err(Failure::Named("no_text"));
    }
    if attachments.len() > 100 {
        return Err(Failure::Named("too_many_attachments"));
    }
    let faults = blocks::validate(&blocks, Surface::Message);
    if !faults.is_empty() {
        return Err(Failure::Malformed {
            name: "invalid_blocks",
            prefix: "/blocks",
            faults,
        });
    }
    if blocks::are_too_long(&blocks) {
        return Err(Failure::Named("msg_blocks_too_long"));
    }
    check_slack_files(state, &blocks)?;
    let truncated = words.chars().count() > LONGEST_TEXT;
    if truncated {
        words = words.chars().take(LONGEST_TEXT).collect();
    }
    let metadata = metadata(arguments)?;
    let blocks = posting::name_blocks(state, &blocks);
    Ok(Draft {
        text: words,
        blocks,
        attachments,
        metadata,
        truncated,
    })
}

/// An image may show an uploaded file, but only one that exists, that the app can
/// see, that is an image, and that Slack has looked at.
fn check_slack_files(state: &State, blocks: &[Value]) -> Result<(), Failure> {
    let mut faults = Vec::new();
    for (place, block) in blocks.iter().enumerate() {
        find_unshown(state, block, &format!("/{place}"), &mut faults);
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::Malformed {
        name: "invalid_blocks",
        prefix: "/blocks",
        faults,
    })
}

/// Looks through a block and its elements for images that can't be shown.
fn find_unshown(state: &State, thing: &Value, pointer: &str, faults: &mut Vec<Fault>) {
    match thing {
        Value::Array(things) => {
            for (place, thing) in things.iter().enumerate() {
                find_unshown(state, thing, &format!("{pointer}/{place}"), faults);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let pointer = format!("{pointer}/{name}");
                if name != "slack_file" {
                    find_unshown(state, field, &pointer, faults);
                    continue;
                }
                let by_id = text(field, "id").and_then(|id| state.files.file(id));
                let by_url = text(field, "url");
                let by_url = by_url.and_then(|url| state.files.at(url, &state.base_url));
                let now = state.clock.now();
                if !by_id.or(by_url).is_some_and(|file| file.can_be_shown(now)) {
                    faults.push(Fault::unshown(&pointer));
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn metadata(arguments: &Arguments) -> Result<Option<Value>, Failure> {
    let Some(metadata) = arguments
        .json("metadata")
        .map_err(|()| Failure::Named("invalid_metadata_format"))?
    else {
        return Ok(None);
    };
    let shaped = text(&metadata, "event_type").is_some_and(|kind| !kind.is_empty())
        && metadata.get("event_payload").is_some_and(Value::is_object);
    if !shaped {
        return Err(Failure::Named("invalid_metadata_schema"));
    }
    if metadata.to_string().len() > LARGEST_METADATA {
        return Err(Failure::Named("metadata_too_large"));
    }
    Ok(Some(metadata))
}

/// The channel to post into. A person's id stands for the direct conversation with them.
fn destination(state: &mut State, arguments: &Arguments) -> Result<String, Failure> {
    let named = arguments
        .text("channel")
        .ok_or(Failure::Named("channel_not_found"))?;
    if let Some(person) = state.workspace.people.get(&named) {
        if person.id == BOT_USER || person.bot_id.is_some() {
            return Err(Failure::Named("channel_not_found"));
        }
        if person.deleted {
            return Err(Failure::Named("user_not_found"));
        }
        if !state.app.manifest.messages_tab {
            return Err(Failure::Named("messages_tab_disabled"));
        }
        return Ok(posting::open_direct(state, BOT_USER, &named).0);
    }
    let channel = super::conversations::visible(state, &named)?;
    may_post(state, channel)?;
    Ok(channel.id.clone())
}

fn may_post(state: &State, channel: &Channel) -> Result<(), Failure> {
    if channel.archived {
        return Err(Failure::Named("is_archived"));
    }
    let is_open =
        channel.kind == Kind::Public && state.app.manifest.scopes.contains("chat:write.public");
    if !channel.has_bot() && !is_open {
        return Err(Failure::Named("not_in_channel"));
    }
    let partner = channel
        .partner_of(BOT_USER)
        .filter(|_| channel.kind == Kind::Direct);
    if partner
        .and_then(|id| state.workspace.people.get(id))
        .is_some_and(|person| person.deleted)
    {
        return Err(Failure::Named("cannot_reply_to_message"));
    }
    Ok(())
}

fn thread(state: &State, channel: &str, arguments: &Arguments) -> Result<Option<Ts>, Failure> {
    let Some(named) = arguments.text("thread_ts") else {
        return Ok(None);
    };
    let ts: Ts = named
        .parse()
        .map_err(|_| Failure::Named("invalid_thread_ts"))?;
    let place = state
        .workspace
        .channels
        .get(channel)
        .ok_or(Failure::Named("channel_not_found"))?;
    let parent = place
        .messages
        .get(&ts)
        .filter(|message| message.only_for.is_none())
        .ok_or(Failure::Named("thread_not_found"))?;
    Ok(Some(parent.thread.unwrap_or(parent.ts)))
}

pub(super) fn post_message(state: &mut State, arguments: &Arguments) -> Outcome {
    let channel = destination(state, arguments)?;
    let thread = thread(state, &channel, arguments)?;
    let draft = draft(state, arguments)?;
    let now = state.clock.now();
    state.limits.post(&channel, now)?;
    let mut message = Message::new(state.clock.stamp(), Author::App, draft.text);
    message.blocks = draft.blocks;
    message.attachments = draft.attachments;
    message.metadata = draft.metadata;
    message.thread = thread;
    message.subtype =
        (thread.is_some() && arguments.flag("reply_broadcast")).then_some("thread_broadcast");
    let shown = message.to_json(true);
    let ts = posting::post(state, &channel, message);
    let mut answer = json!({"channel": channel, "ts": ts.to_string(), "message": shown});
    if draft.truncated {
        put(&mut answer, "warning", Some("message_truncated".into()));
        put(
            &mut answer,
            "response_metadata",
            Some(json!({"warnings": ["message_truncated"]})),
        );
    }
    Ok(answer)
}

pub(super) fn post_ephemeral(state: &mut State, arguments: &Arguments) -> Outcome {
    let named = arguments
        .text("channel")
        .ok_or(Failure::Named("channel_not_found"))?;
    let channel = super::conversations::visible(state, &named)?;
    if channel.archived {
        return Err(Failure::Named("is_archived"));
    }
    if !channel.has_bot() {
        return Err(Failure::Named("not_in_channel"));
    }
    let channel_id = channel.id.clone();
    let user = arguments
        .text("user")
        .ok_or(Failure::Named("user_not_found"))?;
    if !state.workspace.people.contains_key(&user) {
        return Err(Failure::Named("user_not_found"));
    }
    if !channel.has(&user) {
        return Err(Failure::Named("user_not_in_channel"));
    }
    let thread = thread(state, &channel_id, arguments)?;
    let draft = draft(state, arguments)?;
    if draft.truncated {
        return Err(Failure::Named("msg_too_long"));
    }
    let mut message = Message::new(state.clock.stamp(), Author::App, draft.text);
    message.blocks = draft.blocks;
    message.attachments = draft.attachments;
    message.thread = thread;
    message.only_for = Some(user);
    let ts = posting::post(state, &channel_id, message);
    Ok(json!({"message_ts": ts.to_string()}))
}

/// A message of the app's own that it may change; ephemerals are beyond its reach.
fn own_message(
    state: &State,
    arguments: &Arguments,
    refusal: &'static str,
) -> Result<(String, Ts), Failure> {
    let named = arguments
        .text("channel")
        .ok_or(Failure::Named("channel_not_found"))?;
    let channel = super::conversations::visible(state, &named)?;
    let ts = arguments
        .text("ts")
        .ok_or(Failure::Named("message_not_found"))?;
    let ts: Ts = ts
        .parse()
        .map_err(|_| Failure::Named("message_not_found"))?;
    let message = channel
        .messages
        .get(&ts)
        .filter(|message| message.only_for.is_none())
        .ok_or(Failure::Named("message_not_found"))?;
    if message.author != Author::App {
        return Err(Failure::Named(refusal));
    }
    if channel.archived {
        return Err(Failure::Named("is_archived"));
    }
    if !channel.has_bot() && channel.kind != Kind::Public {
        return Err(Failure::Named("channel_not_found"));
    }
    Ok((channel.id.clone(), ts))
}

pub(super) fn update(state: &mut State, arguments: &Arguments) -> Outcome {
    let (channel, ts) = own_message(state, arguments, "cant_update_message")?;
    let words = arguments.text("text").unwrap_or_default();
    if words.chars().count() > LONGEST_EDIT {
        return Err(Failure::Named("msg_too_long"));
    }
    let draft = draft(state, arguments)?;
    let gives = |key: &str| arguments.given.contains_key(key);
    // What an edit does not name stays; an empty list takes it away.
    let (new_blocks, new_attachments, new_metadata) =
        (gives("blocks"), gives("attachments"), gives("metadata"));
    let text = draft.text.clone();
    posting::edit(state, &channel, ts, Some(BOT_USER), |message| {
        message.text = draft.text;
        if new_blocks || !draft.blocks.is_empty() {
            message.blocks = draft.blocks;
        }
        if new_attachments {
            message.attachments = draft.attachments;
        }
        if new_metadata {
            message.metadata = draft.metadata;
        }
    });
    let place = state.workspace.channels.get(&channel);
    let shown = place.and_then(|place| {
        place
            .messages
            .get(&ts)
            .map(|message| place.shown(message, true))
    });
    Ok(json!({"channel": channel, "ts": ts.to_string(), "text": text, "message": shown}))
}

pub(super) fn delete(state: &mut State, arguments: &Arguments) -> Outcome {
    let (channel, ts) = own_message(state, arguments, "cant_delete_message")?;
    posting::delete(state, &channel, ts);
    Ok(json!({"channel": channel, "ts": ts.to_string()}))
}

pub(super) fn permalink(state: &mut State, arguments: &Arguments) -> Outcome {
    let named = arguments
        .text("channel")
        .ok_or(Failure::Named("channel_not_found"))?;
    let channel = super::conversations::visible(state, &named)?;
    let ts: Ts = arguments
        .text("message_ts")
        .and_then(|ts| ts.parse().ok())
        .ok_or(Failure::Named("message_not_found"))?;
    let message = channel
        .messages
        .get(&ts)
        .filter(|message| message.only_for.is_none())
        .ok_or(Failure::Named("message_not_found"))?;
    let compact = ts.to_string().replace('.', "");
    let domain = crate::sandbox::cast::TEAM_DOMAIN;
    let mut link = format!(
        "https://{domain}.slack.com/archives/{}/p{compact}",
        channel.id
    );
    if let Some(thread) = message.thread.filter(|thread| *thread != ts) {
        link = format!("{link}?thread_ts={thread}&cid={}", channel.id);
    }
    Ok(json!({"channel": channel.id, "permalink": link, "team": TEAM}))
}
