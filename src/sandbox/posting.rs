//! What changes in a conversation: posting, editing, deleting, reacting, coming and going.
//! Each change is made and told to the app in one go; whether somebody may make it was asked before.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::cast::BOT_USER;
use super::events;
use super::json::{Packed, text};
use super::message::{Edited, Message, Reaction, Ts};
use super::state::State;
use super::workspace::{Channel, Kind};

/// How many earlier versions of one message are kept.
const REMEMBERED_VERSIONS: usize = 200;

/// Gives every block a `block_id` and every interactive element an `action_id`, as Slack does for those without.
pub(super) fn name_blocks(state: &mut State, blocks: &[Value]) -> Vec<Value> {
    let mut blocks = blocks.to_vec();
    for block in &mut blocks {
        name_one(state, block, "block_id");
        for place in ["element", "accessory"] {
            if let Some(element) = block.get_mut(place) {
                name_element(state, element);
            }
        }
        let elements = block.get_mut("elements").and_then(Value::as_array_mut);
        for element in elements.into_iter().flatten() {
            name_element(state, element);
        }
    }
    blocks
}

fn name_element(state: &mut State, element: &mut Value) {
    if super::widgets::is_interactive(element) {
        name_one(state, element, "action_id");
    }
}

fn name_one(state: &mut State, thing: &mut Value, key: &str) {
    if text(thing, key).is_none()
        && let Some(map) = thing.as_object_mut()
    {
        map.insert(key.to_owned(), state.ids.token(5).into());
    }
}

/// Puts a message into a channel and tells the app, unless only one person sees it.
pub(super) fn post(state: &mut State, channel: &str, message: Message) -> Ts {
    let ts = message.ts;
    if message.only_for.is_none() {
        // The event shows the message and its parent, neither of which needs the message to be in its place yet.
        events::message_posted(state, channel, &message);
    }
    if let Some(place) = state.workspace.channels.get_mut(channel) {
        place.messages.insert(ts, message);
    }
    ts
}

/// Changes a message in place and tells the app. `by` is whoever edits it; `None` leaves no "(edited)".
pub(super) fn edit(
    state: &mut State,
    channel: &str,
    ts: Ts,
    by: Option<&str>,
    change: impl FnOnce(&mut Message),
) -> bool {
    let at = state.clock.stamp();
    let Some(place) = state.workspace.channels.get_mut(channel) else {
        return false;
    };
    let Some(before) = place
        .messages
        .get(&ts)
        .map(|message| place.shown(message, true))
    else {
        return false;
    };
    let Some(message) = place.messages.get_mut(&ts) else {
        return false;
    };
    change(message);
    // The earlier versions stay where they are; copying them with every edit would make a long chase slow.
    let mut earlier = std::mem::take(&mut message.earlier);
    if let Some(by) = by {
        message.edited = Some(Edited {
            by: by.to_owned(),
            ts: at,
        });
    }
    let now = message.clone();
    if earlier.len() >= REMEMBERED_VERSIONS {
        earlier.remove(0);
    }
    earlier.push(Packed::pack(&before));
    message.earlier = earlier;
    if now.only_for.is_none() {
        events::message_changed(state, channel, &before, &now, at);
    }
    true
}

/// Deletes a message. The head of a thread leaves a stone that says so.
pub(super) fn delete(state: &mut State, channel: &str, ts: Ts) -> bool {
    let at = state.clock.stamp();
    let Some(place) = state.workspace.channels.get_mut(channel) else {
        return false;
    };
    let Some(before) = place
        .messages
        .get(&ts)
        .map(|message| place.shown(message, true))
    else {
        return false;
    };
    let Some(message) = place.messages.remove(&ts) else {
        return false;
    };
    if place.replies(ts).next().is_some() {
        let mut stone = Message::new(
            ts,
            super::message::Author::Slackbot,
            "This message was deleted.".to_owned(),
        );
        stone.subtype = Some("tombstone");
        stone.thread = Some(ts);
        place.messages.insert(ts, stone);
    }
    if message.only_for.is_none() {
        events::message_deleted(state, channel, &before, ts, at);
    }
    true
}

/// Puts an emoji on a message; false if it was there already.
pub(super) fn react(state: &mut State, channel: &str, ts: Ts, by: &str, name: &str) -> bool {
    let Some(message) = message_mut(state, channel, ts) else {
        return false;
    };
    match message
        .reactions
        .iter_mut()
        .find(|reaction| reaction.name == name)
    {
        Some(reaction) if reaction.users.iter().any(|user| user == by) => return false,
        Some(reaction) => reaction.users.push(by.to_owned()),
        None => message.reactions.push(Reaction {
            name: name.to_owned(),
            users: vec![by.to_owned()],
        }),
    }
    let author = message.author.user_id().to_owned();
    events::reaction(state, channel, ts, &author, by, name, true);
    true
}

/// Takes an emoji away; false if it was not there.
pub(super) fn unreact(state: &mut State, channel: &str, ts: Ts, by: &str, name: &str) -> bool {
    let Some(message) = message_mut(state, channel, ts) else {
        return false;
    };
    let mut removed = false;
    for reaction in message
        .reactions
        .iter_mut()
        .filter(|reaction| reaction.name == name)
    {
        let before = reaction.users.len();
        reaction.users.retain(|user| user != by);
        removed |= reaction.users.len() < before;
    }
    message
        .reactions
        .retain(|reaction| !reaction.users.is_empty());
    let author = message.author.user_id().to_owned();
    if removed {
        events::reaction(state, channel, ts, &author, by, name, false);
    }
    removed
}

fn message_mut<'a>(state: &'a mut State, channel: &str, ts: Ts) -> Option<&'a mut Message> {
    state
        .workspace
        .channels
        .get_mut(channel)?
        .messages
        .get_mut(&ts)
}

/// Brings somebody into a channel; false if they were there.
pub(super) fn join(state: &mut State, channel: &str, user: &str, inviter: Option<&str>) -> bool {
    let joined = state
        .workspace
        .channels
        .get_mut(channel)
        .is_some_and(|place| place.members.insert(user.to_owned()));
    if joined {
        events::membership(state, channel, user, inviter, true);
    }
    joined
}

/// Takes somebody out of a channel; false if they were not there.
pub(super) fn leave(state: &mut State, channel: &str, user: &str, by: Option<&str>) -> bool {
    let left = state
        .workspace
        .channels
        .get_mut(channel)
        .is_some_and(|place| place.members.remove(user));
    if left {
        events::membership(state, channel, user, by, false);
    }
    left
}

/// The direct conversation between two people, opened if need be, and whether it was open already.
pub(super) fn open_direct(state: &mut State, one: &str, other: &str) -> (String, bool) {
    if let Some(channel) = state.workspace.direct(one, other) {
        return (channel.id.clone(), true);
    }
    let members = BTreeSet::from([one.to_owned(), other.to_owned()]);
    (
        open(state, "D", String::new(), Kind::Direct, members),
        false,
    )
}

/// The group conversation of the bot and several people, opened if need be, and whether it was open already.
pub(super) fn open_group(state: &mut State, users: &[String]) -> (String, bool) {
    let mut members: BTreeSet<_> = users.iter().cloned().collect();
    members.insert(BOT_USER.to_owned());
    if let Some(channel) = state.workspace.group_conversation(&members) {
        return (channel.id.clone(), true);
    }
    let handles: Vec<_> = members
        .iter()
        .filter_map(|member| state.workspace.people.get(member))
        .map(|person| person.handle.as_str())
        .collect();
    let name = format!("mpdm-{}-1", handles.join("--"));
    (open(state, "G", name, Kind::Group, members), false)
}

/// Makes a new conversation.
pub(super) fn open(
    state: &mut State,
    prefix: &str,
    name: String,
    kind: Kind,
    members: BTreeSet<String>,
) -> String {
    let id = state.ids.object(prefix);
    let channel = Channel {
        id: id.clone(),
        name,
        kind,
        members,
        archived: false,
        shared: false,
        topic: String::new(),
        created: state.clock.now(),
        messages: BTreeMap::new(),
    };
    state.workspace.channels.insert(id.clone(), channel);
    id
}
