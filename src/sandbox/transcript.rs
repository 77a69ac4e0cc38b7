//! How a person sees a conversation or a view: words, buttons, threads. Reads only.

use serde_json::{Value, json};

use super::json::{Packed, list, put, text};
use super::message::{Message, Ts};
use super::state::State;
use super::views::View;
use super::widgets;
use super::workspace::Channel;

/// The text of a message's or view's blocks, for transcripts.
fn words_of(blocks: &[Value]) -> Vec<String> {
    fn collect(value: &Value, words: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                let is_text = matches!(
                    text(value, "type"),
                    Some("plain_text" | "mrkdwn" | "text" | "markdown")
                );
                // A closed menu says nothing.
                if text(value, "type") == Some("overflow") {
                    return;
                }
                if let Some(said) = text(value, "text").filter(|_| is_text) {
                    words.push(said.to_owned());
                    return;
                }
                // Nor does a question that is asked only after a press.
                map.iter()
                    .filter(|(name, _)| name.as_str() != "confirm")
                    .for_each(|(_, value)| collect(value, words));
            }
            Value::Array(items) => items.iter().for_each(|value| collect(value, words)),
            _ => {}
        }
    }
    let mut words = Vec::new();
    for block in blocks {
        collect(block, &mut words);
    }
    words
}

/// The buttons and selects that somebody could use here, for transcripts and error messages.
fn usable(blocks: &[Value]) -> Vec<Value> {
    widgets::elements(blocks)
        .map(|(block, element)| {
            let label = element
                .pointer("/text/text")
                .or_else(|| element.pointer("/placeholder/text"));
            let options: Vec<_> = list(element, "options")
                .iter()
                .filter_map(|option| text(option, "value"))
                .collect();
            let mut usable = json!({
                "type": text(element, "type"),
                "action_id": text(element, "action_id"),
                "block_id": text(block, "block_id"),
                "label": label,
                "value": element.get("value"),
            });
            if !options.is_empty() {
                put(&mut usable, "options", Some(json!(options)));
            }
            usable
        })
        .collect()
}

/// One message as a person sees it.
fn message(state: &State, channel: &Channel, message: &Message, reader: &str) -> Value {
    let author = message.author.user_id();
    let person = state.workspace.people.get(author);
    let mut seen = json!({
        "ts": message.ts.to_string(),
        "at": message.ts.instant(),
        "from": {
            "id": author,
            "handle": person.map_or("slackbot", |person| person.handle.as_str()),
            "name": person.map_or("Slackbot", |person| person.real_name.as_str()),
        },
        "text": message.text,
        "words": words_of(&message.blocks),
        "ephemeral": message.only_for.is_some(),
        "edited": message.edited.is_some(),
    });
    let some = |items: Vec<Value>| (!items.is_empty()).then_some(Value::Array(items));
    put(&mut seen, "usable", some(usable(&message.blocks)));
    let reactions = message
        .reactions
        .iter()
        .map(|r| json!({"name": r.name, "users": r.users}))
        .collect();
    put(&mut seen, "reactions", some(reactions));
    let files = message
        .files
        .iter()
        .filter_map(|file| file.get("name").cloned())
        .collect();
    put(&mut seen, "files", some(files));
    put(&mut seen, "subtype", message.subtype.map(Value::from));
    let thread = thread(state, channel, message.ts, reader);
    put(&mut seen, "thread", some(thread));
    seen
}

/// Whether `reader` sees a message that stands in a conversation of theirs.
pub(super) fn visible(message: &Message, reader: &str) -> bool {
    message
        .only_for
        .as_deref()
        .is_none_or(|only| only == reader)
}

fn thread(state: &State, channel: &Channel, parent: Ts, reader: &str) -> Vec<Value> {
    channel
        .messages
        .values()
        .filter(|reply| {
            reply.thread == Some(parent) && reply.ts != parent && visible(reply, reader)
        })
        .map(|reply| message(state, channel, reply, reader))
        .collect()
}

/// A conversation as `reader` sees it, threads under their heads.
pub(super) fn transcript(state: &State, channel: &Channel, reader: &str) -> Value {
    let messages: Vec<_> = channel
        .messages
        .values()
        .filter(|message| message.is_top_level() && visible(message, reader))
        .map(|top| message(state, channel, top, reader))
        .collect();
    json!({
        "channel": {"id": channel.id, "name": channel.name, "kind": channel.kind.channel_type(), "archived": channel.archived},
        "messages": messages,
    })
}

/// Every message of a conversation with everything about it, whoever may see it.
pub(super) fn raw(channel: &Channel) -> Vec<Value> {
    channel
        .messages
        .values()
        .map(|message| {
            let mut shown = channel.shown(message, true);
            put(
                &mut shown,
                "ephemeral_to",
                message.only_for.clone().map(Value::from),
            );
            put(
                &mut shown,
                "earlier",
                (!message.earlier.is_empty())
                    .then(|| message.earlier.iter().map(Packed::unpack).collect()),
            );
            shown
        })
        .collect()
}

/// A modal or Home tab as its owner sees it.
pub(super) fn view(view: &View) -> Value {
    let mut seen = view.to_json();
    put(&mut seen, "words", Some(json!(words_of(view.blocks()))));
    put(&mut seen, "usable", Some(usable(view.blocks()).into()));
    seen
}
