//! What the app hears: events, in the wrapper that Slack puts round them.
//! An event is heard only if the manifest subscribes to it and grants its scope; who caused it is the caller's business.

use serde_json::{Value, json};

use super::cast::{APP, BOT_USER, TEAM};
use super::deliver::Kind as DeliveryKind;
use super::gestures::Then;
use super::json::{merge, put, text};
use super::message::{Message, Ts};
use super::state::State;
use super::workspace::{Channel, Kind};

/// The scopes of which one must be granted for an event to be heard; none for events that need none.
fn scopes(subscription: &str) -> &'static [&'static str] {
    match subscription {
        "message.channels" => &["channels:history"],
        "message.groups" => &["groups:history"],
        "message.im" => &["im:history"],
        "message.mpim" => &["mpim:history"],
        "app_mention" => &["app_mentions:read"],
        "reaction_added" | "reaction_removed" => &["reactions:read"],
        "file_shared" | "file_created" | "file_change" => &["files:read"],
        "member_joined_channel" | "member_left_channel" => &["channels:read", "groups:read"],
        "channel_archive" | "channel_unarchive" | "channel_rename" | "channel_created"
        | "channel_left" => &["channels:read"],
        "group_archive" | "group_unarchive" | "group_rename" | "group_left" => &["groups:read"],
        "user_change" | "team_join" => &["users:read"],
        "subteam_created" | "subteam_updated" | "subteam_members_changed" => &["usergroups:read"],
        _ => &[],
    }
}

/// Queues an event for the app, if it is subscribed.
pub(super) fn hear(state: &mut State, subscription: &str, event: Value, ext_shared: bool) {
    let manifest = &state.app.manifest;
    let needed = scopes(subscription);
    let granted = needed.is_empty() || needed.iter().any(|scope| manifest.scopes.contains(*scope));
    if !manifest.events.contains(subscription) || !granted {
        return;
    }
    let wrapped = wrap(state, event, ext_shared);
    let at = state.clock.now();
    // Nobody waits for an event.
    drop(
        state
            .deliveries
            .queue(DeliveryKind::Event, &wrapped, Then::Nothing, at),
    );
}

fn wrap(state: &mut State, event: Value, ext_shared: bool) -> Value {
    let mut wrapped = json!({
        "token": state.app.verification,
        "team_id": TEAM,
        "context_team_id": TEAM,
        "context_enterprise_id": null,
        "api_app_id": APP,
        "type": "event_callback",
        "event_id": state.ids.object("Ev"),
        "event_time": state.clock.now().timestamp(),
        "authorizations": [{
            "enterprise_id": null,
            "team_id": TEAM,
            "user_id": BOT_USER,
            "is_bot": true,
            "is_enterprise_install": false,
        }],
        "is_ext_shared_channel": ext_shared,
        "event_context": format!("4-{}", state.ids.token(40)),
    });
    put(&mut wrapped, "event", Some(event));
    wrapped
}

fn message_subscription(kind: Kind) -> &'static str {
    match kind {
        Kind::Public => "message.channels",
        Kind::Private => "message.groups",
        Kind::Direct => "message.im",
        Kind::Group => "message.mpim",
    }
}

/// The channel, if the app hears what happens in it.
fn audible<'a>(state: &'a State, channel: &str) -> Option<&'a Channel> {
    state
        .workspace
        .channels
        .get(channel)
        .filter(|channel| channel.has_bot())
}

/// Somebody, or the app itself, posted a message.
pub(super) fn message_posted(state: &mut State, channel: &str, message: &Message) {
    let Some(place) = audible(state, channel) else {
        return;
    };
    let (kind, shared) = (place.kind, place.shared);
    let mut event = place.shown(message, true);
    let at = message.ts.to_string();
    merge(
        &mut event,
        json!({"channel": channel, "event_ts": at, "channel_type": kind.channel_type()}),
    );
    if message.team != TEAM {
        merge(
            &mut event,
            json!({"user_team": message.team, "source_team": message.team, "user_profile": null}),
        );
    }
    if message.text.contains(&format!("<@{BOT_USER}>"))
        && message.author.user_id() != BOT_USER
        && kind != Kind::Direct
    {
        let mut mention = event.clone();
        put(&mut mention, "type", Some("app_mention".into()));
        if let Some(map) = mention.as_object_mut() {
            map.remove("channel_type");
        }
        hear(state, "app_mention", mention, shared);
    }
    hear(state, message_subscription(kind), event, shared);
    for file in &message.files {
        if let Some(file_id) = text(file, "id") {
            let event = json!({
                "type": "file_shared",
                "file_id": file_id,
                "user_id": message.author.user_id(),
                "file": {"id": file_id},
                "channel_id": channel,
                "event_ts": at,
            });
            hear(state, "file_shared", event, shared);
        }
    }
}

/// A message was edited; `before` is how it stood.
pub(super) fn message_changed(
    state: &mut State,
    channel: &str,
    before: &Value,
    now: &Message,
    at: Ts,
) {
    let Some(place) = audible(state, channel) else {
        return;
    };
    let (kind, shared) = (place.kind, place.shared);
    let event = json!({
        "type": "message",
        "subtype": "message_changed",
        "message": place.shown(now, true),
        "previous_message": before,
        "channel": channel,
        "hidden": true,
        "ts": at.to_string(),
        "event_ts": at.to_string(),
        "channel_type": kind.channel_type(),
    });
    hear(state, message_subscription(kind), event, shared);
}

/// A message was deleted.
pub(super) fn message_deleted(
    state: &mut State,
    channel: &str,
    before: &Value,
    deleted: Ts,
    at: Ts,
) {
    let Some(place) = audible(state, channel) else {
        return;
    };
    let (kind, shared) = (place.kind, place.shared);
    let event = json!({
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": before,
        "channel": channel,
        "hidden": true,
        "deleted_ts": deleted.to_string(),
        "ts": at.to_string(),
        "event_ts": at.to_string(),
        "channel_type": kind.channel_type(),
    });
    hear(state, message_subscription(kind), event, shared);
}

/// Somebody put an emoji on a message, or took it away.
pub(super) fn reaction(
    state: &mut State,
    channel: &str,
    ts: Ts,
    author: &str,
    by: &str,
    name: &str,
    added: bool,
) {
    let Some(shared) = audible(state, channel).map(|place| place.shared) else {
        return;
    };
    let subscription = if added {
        "reaction_added"
    } else {
        "reaction_removed"
    };
    let at = state.clock.stamp();
    let event = json!({
        "type": subscription,
        "user": by,
        "reaction": name,
        "item": {"type": "message", "channel": channel, "ts": ts.to_string()},
        "item_user": author,
        "event_ts": at.to_string(),
    });
    hear(state, subscription, event, shared);
}

/// Somebody came into a channel or left it. The bot hears its own coming and going too.
pub(super) fn membership(
    state: &mut State,
    channel: &str,
    user: &str,
    inviter: Option<&str>,
    joined: bool,
) {
    let Some(place) = state.workspace.channels.get(channel) else {
        return;
    };
    if !place.has_bot() && user != BOT_USER {
        return;
    }
    let (kind, shared) = (place.kind, place.shared);
    if !matches!(kind, Kind::Public | Kind::Private) {
        return;
    }
    let at = state.clock.stamp();
    if user == BOT_USER && !joined {
        let subscription = if kind == Kind::Public {
            "channel_left"
        } else {
            "group_left"
        };
        let event = json!({"type": subscription, "channel": channel, "actor_id": inviter, "event_ts": at.to_string()});
        hear(state, subscription, event, shared);
        return;
    }
    let subscription = if joined {
        "member_joined_channel"
    } else {
        "member_left_channel"
    };
    let mut event = json!({
        "type": subscription,
        "user": user,
        "channel": channel,
        "channel_type": if kind == Kind::Public { "C" } else { "G" },
        "team": TEAM,
        "event_ts": at.to_string(),
    });
    put(
        &mut event,
        "inviter",
        inviter.filter(|_| joined).map(Value::from),
    );
    hear(state, subscription, event, shared);
}

/// A channel was archived or brought back.
pub(super) fn archived(state: &mut State, channel: &str, by: &str, archived: bool) {
    let Some((kind, shared)) = audible(state, channel).map(|place| (place.kind, place.shared))
    else {
        return;
    };
    let subscription = match (kind, archived) {
        (Kind::Public, true) => "channel_archive",
        (Kind::Public, false) => "channel_unarchive",
        (_, true) => "group_archive",
        (_, false) => "group_unarchive",
    };
    let at = state.clock.stamp();
    let event = json!({"type": subscription, "channel": channel, "user": by, "is_moved": 0, "event_ts": at.to_string()});
    hear(state, subscription, event, shared);
}

/// A channel has a new name.
pub(super) fn renamed(state: &mut State, channel: &str) {
    let Some(place) = audible(state, channel) else {
        return;
    };
    let (kind, shared, name, created) = (
        place.kind,
        place.shared,
        place.name.clone(),
        place.created.timestamp(),
    );
    let subscription = if kind == Kind::Public {
        "channel_rename"
    } else {
        "group_rename"
    };
    let at = state.clock.stamp();
    let event = json!({
        "type": subscription,
        "channel": {"id": channel, "name": name, "created": created},
        "event_ts": at.to_string(),
    });
    hear(state, subscription, event, shared);
}

/// Somebody's profile, zone or standing changed, or they are new.
pub(super) fn person_changed(state: &mut State, id: &str, is_new: bool) {
    let with_email = state.app.manifest.scopes.contains("users:read.email");
    let now = state.clock.now();
    let Some(user) = state
        .workspace
        .people
        .get(id)
        .map(|person| person.to_json(now, with_email))
    else {
        return;
    };
    let at = state.clock.stamp();
    let subscription = if is_new { "team_join" } else { "user_change" };
    let event = json!({
        "type": subscription,
        "user": user,
        "cache_ts": at.seconds(),
        "event_ts": at.to_string(),
    });
    hear(state, subscription, event, false);
}

/// A user group is new or has other members.
pub(super) fn group_changed(state: &mut State, id: &str, is_new: bool) {
    let Some(group) = state
        .workspace
        .groups
        .get(id)
        .map(|group| group.to_json(true, true))
    else {
        return;
    };
    let at = state.clock.stamp();
    let subscription = if is_new {
        "subteam_created"
    } else {
        "subteam_updated"
    };
    let event = json!({"type": subscription, "subteam": group, "event_ts": at.to_string()});
    hear(state, subscription, event, false);
}

/// Somebody opened one of the app's tabs.
pub(super) fn home_opened(
    state: &mut State,
    user: &str,
    channel: &str,
    tab: &str,
    view: Option<Value>,
) {
    let at = state.clock.stamp();
    let mut event = json!({
        "type": "app_home_opened",
        "user": user,
        "channel": channel,
        "tab": tab,
        "event_ts": at.to_string(),
    });
    put(&mut event, "view", view);
    hear(state, "app_home_opened", event, false);
}
