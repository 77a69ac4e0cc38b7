//! What one person has before them: their conversations with what is new in each, their modals, the app's Home tab.
//! It is all that a page needs to draw Slack for somebody. Reads only.

use serde_json::{Value, json};

use super::cast::{APP, BOT_USER, STAFF, TEAM, TEAM_DOMAIN, TEAM_NAME};
use super::json::put;
use super::message::Message;
use super::settle;
use super::state::State;
use super::transcript;
use super::unread::{new_replies, unread};
use super::workspace::{Channel, Person};

/// How many messages of one conversation are shown, the newest; a demo that ran for a year should still draw at once.
const SHOWN: usize = 400;

/// The desk of `person`, without the time, which changes by itself.
pub(super) fn desk(state: &State, person: &Person) -> Value {
    let now = state.clock.now();
    let names = names_of(state, person);
    let channels: Vec<_> = state
        .workspace
        .channels
        .values()
        .filter(|channel| channel.has(&person.id))
        .map(|channel| conversation(state, channel, person, &names))
        .collect();
    let people: Vec<_> = state
        .workspace
        .people
        .values()
        .map(|one| one.to_json(now, false))
        .collect();
    let groups: Vec<_> = state
        .workspace
        .groups
        .values()
        .filter(|group| !group.disabled)
        .map(|group| group.to_json(true, true))
        .collect();
    let views: Vec<_> = state
        .views
        .stack(&person.id)
        .map(transcript::view)
        .collect();
    json!({
        "me": person.id,
        "team": {"id": TEAM, "name": TEAM_NAME, "url": format!("https://{TEAM_DOMAIN}.slack.com"), "base_url": state.base_url},
        "app": app(state, person),
        "cast": cast(state),
        "people": people,
        "usergroups": groups,
        "channels": channels,
        "views": views,
        "home": state.views.home(&person.id).map(transcript::view),
        "misbehaves": state.misbehaviour.is_ordered(),
        "webhook": state.app.webhook.is_some(),
    })
}

/// What the clock shows, for whoever draws it between two looks.
pub(super) fn clock(state: &State) -> Value {
    json!({
        "now": state.clock.now(),
        "frozen": state.clock.is_frozen(),
        "next": settle::next_wake(state),
    })
}

/// By which tags messages call a person.
fn names_of(state: &State, person: &Person) -> Vec<String> {
    let groups = state
        .workspace
        .groups
        .values()
        .filter(|group| group.members.contains(&person.id))
        .map(|group| format!("<!subteam^{}", group.id));
    let everybody = ["<!here", "<!channel", "<!everyone"].map(str::to_owned);
    groups
        .chain(everybody)
        .chain([format!("<@{}", person.id)])
        .collect()
}

/// Who can sit at a desk, in the order of the cast, whoever came later behind them.
fn cast(state: &State) -> Vec<&str> {
    let rank = |id: &str| {
        STAFF
            .iter()
            .position(|one| *one == id)
            .unwrap_or(STAFF.len())
    };
    let mut cast: Vec<_> = state
        .workspace
        .people
        .values()
        .filter(|one| !one.deleted && !one.is_stranger && one.bot_id.is_none())
        .map(|one| one.id.as_str())
        .collect();
    cast.sort_by_key(|id| rank(id));
    cast
}

/// What the app offers; people of another organisation have none of it.
fn app(state: &State, person: &Person) -> Value {
    let manifest = &state.app.manifest;
    let offered = |things: Value| {
        if person.is_stranger {
            json!([])
        } else {
            things
        }
    };
    json!({
        "id": APP,
        "user": BOT_USER,
        "name": manifest.bot_name,
        "description": manifest.description,
        "long_description": manifest.long_description,
        "colour": manifest.background_color,
        "commands": offered(json!(manifest.commands)),
        "shortcuts": offered(json!(manifest.shortcuts)),
        "home_tab": manifest.home_tab,
        "messages_tab": manifest.messages_tab,
        "messages_tab_read_only": manifest.messages_tab_read_only,
    })
}

fn conversation(state: &State, channel: &Channel, person: &Person, names: &[String]) -> Value {
    let unread = unread(&state.read, channel, &person.id, names);
    let seen: Vec<&Message> = channel
        .messages
        .values()
        .filter(|message| transcript::visible(message, &person.id))
        .collect();
    let messages: Vec<_> = seen
        .iter()
        .skip(seen.len().saturating_sub(SHOWN))
        .map(|message| shown(state, channel, message, person))
        .collect();
    let read = state.read.until(&person.id, &channel.id, None);
    json!({
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind.channel_type(),
        "members": channel.members,
        "archived": channel.archived,
        "shared": channel.shared,
        "topic": channel.topic,
        "n_unread": unread.n_messages,
        "n_mentions": unread.n_mentions,
        "read_until": read.map(|ts| ts.to_string()),
        "messages": messages,
    })
}

fn shown(state: &State, channel: &Channel, message: &Message, person: &Person) -> Value {
    let mut shown = channel.shown(message, false);
    let top_level = message.is_top_level().then_some(Value::Bool(true));
    put(&mut shown, "top_level", top_level);
    if message.only_for.is_some() {
        put(&mut shown, "ephemeral", Some(Value::Bool(true)));
    }
    let fresh = new_replies(&state.read, channel, &person.id, message.ts);
    if fresh > 0 {
        put(&mut shown, "n_new_replies", Some(fresh.into()));
    }
    shown
}
