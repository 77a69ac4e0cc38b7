//! The payloads of commands and interactions, field for field as Slack documents them.
//! Builds and issues what they carry (trigger, response URL); queues nothing.

use serde_json::{Value, json};

use super::cast::{APP, TEAM, TEAM_DOMAIN};
use super::clock::stopwatch;
use super::json::{merge, put};
use super::message::{Message, Ts};
use super::state::State;
use super::views::View;

/// A fresh trigger for this person, good for three seconds and one use.
fn trigger(state: &mut State, user: &str, view: Option<String>) -> String {
    let id = format!(
        "{}.{}.{}",
        state.ids.digits(13),
        state.ids.digits(11),
        state.ids.hex(32)
    );
    state
        .tickets
        .issue_trigger(id.clone(), user, view, stopwatch());
    id
}

/// A fresh response URL for this person in this channel.
fn response_url(
    state: &mut State,
    family: &str,
    user: &str,
    channel: &str,
    about: Option<(Ts, Option<Ts>)>,
) -> String {
    let token = format!("{TEAM}/{}/{}", state.ids.digits(13), state.ids.token(24));
    let now = state.clock.now();
    let (message, thread) = about.map_or((None, None), |(ts, thread)| (Some(ts), thread));
    state
        .tickets
        .issue_url(token.clone(), user, channel, message, thread, now);
    format!("{}/{family}/{token}", state.base_url)
}

fn user(state: &State, id: &str) -> Value {
    let person = state.workspace.people.get(id);
    let handle = person.map(|person| person.handle.as_str());
    let team = person.map_or(TEAM, |person| person.team.as_str());
    json!({"id": id, "username": handle, "name": handle, "team_id": team})
}

/// What every interaction carries.
fn interaction(state: &State, kind: &str, by: &str) -> Value {
    json!({
        "type": kind,
        "user": user(state, by),
        "api_app_id": APP,
        "token": state.app.verification,
        "team": {"id": TEAM, "domain": TEAM_DOMAIN},
        "enterprise": null,
        "is_enterprise_install": false,
    })
}

fn channel(state: &State, id: &str) -> Value {
    let name = state
        .workspace
        .channels
        .get(id)
        .map(super::workspace::Channel::payload_name);
    json!({"id": id, "name": name})
}

/// A slash command, as its form fields.
pub(super) fn command(
    state: &mut State,
    by: &str,
    place: &str,
    command: &str,
    words: &str,
) -> Value {
    let trigger_id = trigger(state, by, None);
    let response_url = response_url(state, "commands", by, place, None);
    let handle = state
        .workspace
        .people
        .get(by)
        .map(|person| person.handle.clone());
    let channel = channel(state, place);
    json!({
        "token": state.app.verification,
        "team_id": TEAM,
        "team_domain": TEAM_DOMAIN,
        "channel_id": place,
        "channel_name": channel.get("name"),
        "user_id": by,
        "user_name": handle,
        "command": command,
        "text": words,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    })
}

/// Something was clicked or chosen in a message.
pub(super) fn message_action(
    state: &mut State,
    by: &str,
    place: &str,
    message: &Message,
    values: &Value,
    action: &Value,
) -> Value {
    let mut payload = interaction(state, "block_actions", by);
    let is_ephemeral = message.only_for.is_some();
    let mut container = json!({
        "type": "message",
        "message_ts": message.ts.to_string(),
        "channel_id": place,
        "is_ephemeral": is_ephemeral,
    });
    put(
        &mut container,
        "thread_ts",
        message.thread.map(|ts| ts.to_string().into()),
    );
    let trigger_id = trigger(state, by, None);
    let response_url = response_url(
        state,
        "actions",
        by,
        place,
        Some((message.ts, message.thread)),
    );
    merge(
        &mut payload,
        json!({
            "container": container,
            "trigger_id": trigger_id,
            "channel": channel(state, place),
            "state": {"values": values},
            "response_url": response_url,
            "actions": [action],
        }),
    );
    if !is_ephemeral {
        // Slack does not keep ephemeral messages and so cannot send them back.
        let shown = state
            .workspace
            .channels
            .get(place)
            .map(|channel| channel.shown(message, false));
        put(&mut payload, "message", shown);
    }
    payload
}

/// Something was clicked or chosen in a modal or on the Home tab.
pub(super) fn view_action(state: &mut State, by: &str, view: &View, action: &Value) -> Value {
    let mut payload = interaction(state, "block_actions", by);
    let trigger_id = trigger(state, by, Some(view.id.clone()));
    let shown = view.to_json();
    let values = shown.get("state").cloned().unwrap_or_default();
    merge(
        &mut payload,
        json!({
            "container": {"type": "view", "view_id": view.id},
            "trigger_id": trigger_id,
            "view": shown,
            "state": values,
            "actions": [action],
        }),
    );
    payload
}

/// A modal was submitted.
pub(super) fn submission(state: &mut State, by: &str, view: &View) -> Value {
    let mut payload = interaction(state, "view_submission", by);
    let trigger_id = trigger(state, by, Some(view.id.clone()));
    merge(
        &mut payload,
        json!({"trigger_id": trigger_id, "view": view.to_json(), "response_urls": []}),
    );
    payload
}

/// A modal was closed without being submitted.
pub(super) fn closed(state: &State, by: &str, view: &View, is_cleared: bool) -> Value {
    let mut payload = interaction(state, "view_closed", by);
    merge(
        &mut payload,
        json!({"view": view.to_json(), "is_cleared": is_cleared}),
    );
    payload
}

/// A shortcut was chosen on a message.
pub(super) fn message_shortcut(
    state: &mut State,
    by: &str,
    place: &str,
    message: &Message,
    callback_id: &str,
) -> Value {
    let mut payload = interaction(state, "message_action", by);
    let trigger_id = trigger(state, by, None);
    let response_url = response_url(state, "app", by, place, Some((message.ts, message.thread)));
    let action_ts = state.clock.stamp();
    let shown = state
        .workspace
        .channels
        .get(place)
        .map(|channel| channel.shown(message, false));
    merge(
        &mut payload,
        json!({
            "action_ts": action_ts.to_string(),
            "channel": channel(state, place),
            "callback_id": callback_id,
            "trigger_id": trigger_id,
            "response_url": response_url,
            "message_ts": message.ts.to_string(),
            "message": shown,
        }),
    );
    payload
}

/// A shortcut was chosen from the composer or the search.
pub(super) fn global_shortcut(state: &mut State, by: &str, callback_id: &str) -> Value {
    let mut payload = interaction(state, "shortcut", by);
    let trigger_id = trigger(state, by, None);
    let action_ts = state.clock.stamp();
    merge(
        &mut payload,
        json!({"action_ts": action_ts.to_string(), "callback_id": callback_id, "trigger_id": trigger_id}),
    );
    payload
}

/// A person types into an external select and wants options.
pub(super) fn suggestion(
    state: &mut State,
    by: &str,
    view: &View,
    block_id: &str,
    action_id: &str,
    typed: &str,
) -> Value {
    let mut payload = interaction(state, "block_suggestion", by);
    merge(
        &mut payload,
        json!({
            "container": {"type": "view", "view_id": view.id},
            "view": view.to_json(),
            "block_id": block_id,
            "action_id": action_id,
            "value": typed,
        }),
    );
    payload
}
