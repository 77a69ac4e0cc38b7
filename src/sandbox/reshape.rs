//! Changing the workspace itself: people, channels and groups, new or other than they were.
//! What an administrator, or life, does; the app hears of it where Slack would tell it.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::{Value, json};

use super::cast::{PARTNER_TEAM, TEAM};
use super::gestures::Misuse;
use super::state::State;
use super::workspace::{Group, Kind, Person};
use super::{events, posting};

/// `POST /sandbox/person`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonChange {
    person: String,
    handle: Option<String>,
    real_name: Option<String>,
    title: Option<String>,
    email: Option<String>,
    zone: Option<Tz>,
    deleted: Option<bool>,
    is_restricted: Option<bool>,
    is_stranger: Option<bool>,
    is_admin: Option<bool>,
}

pub(super) fn person(state: &mut State, change: &PersonChange) -> Result<Value, Misuse> {
    let now = state.clock.now();
    let known = state
        .workspace
        .person(&change.person)
        .map(|person| person.id.clone());
    let is_new = known.is_none();
    let id = known.unwrap_or_else(|| state.ids.object("U"));
    if is_new {
        let handle = change.person.trim_start_matches('@').to_owned();
        let person = Person {
            id: id.clone(),
            team: TEAM.to_owned(),
            real_name: handle.clone(),
            title: String::new(),
            email: Some(format!("{handle}@northwind.example")),
            handle,
            zone: chrono_tz::Europe::Berlin,
            deleted: false,
            is_restricted: false,
            is_stranger: false,
            is_admin: false,
            bot_id: None,
            app_id: None,
            updated: now,
        };
        state.workspace.people.insert(id.clone(), person);
    }
    let unknown = || Misuse::NoPerson(change.person.clone());
    let person = state.workspace.people.get_mut(&id).ok_or_else(unknown)?;
    let set = |field: &mut String, given: &Option<String>| {
        if let Some(given) = given {
            field.clone_from(given);
        }
    };
    set(&mut person.handle, &change.handle);
    set(&mut person.real_name, &change.real_name);
    set(&mut person.title, &change.title);
    if change.email.is_some() {
        person.email.clone_from(&change.email);
    }
    person.zone = change.zone.unwrap_or(person.zone);
    person.deleted = change.deleted.unwrap_or(person.deleted);
    person.is_restricted = change.is_restricted.unwrap_or(person.is_restricted);
    person.is_admin = change.is_admin.unwrap_or(person.is_admin);
    if let Some(is_stranger) = change.is_stranger {
        person.is_stranger = is_stranger;
        let team = if is_stranger { PARTNER_TEAM } else { TEAM };
        team.clone_into(&mut person.team);
    }
    person.updated = now;
    let shown = person.to_json(now, true);
    events::person_changed(state, &id, is_new);
    Ok(json!({"ok": true, "person": shown}))
}

/// `POST /sandbox/channel`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelChange {
    channel: String,
    name: Option<String>,
    private: Option<bool>,
    archived: Option<bool>,
    shared: Option<bool>,
    topic: Option<String>,
    #[serde(default)]
    invite: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
    /// Who does it; Morgan, who is an administrator, unless said otherwise.
    by: Option<String>,
}

fn ids(state: &State, named: &[String]) -> Result<Vec<String>, Misuse> {
    named
        .iter()
        .map(|named| {
            let person = state.workspace.person(named);
            person
                .map(|person| person.id.clone())
                .ok_or_else(|| Misuse::NoPerson(named.clone()))
        })
        .collect()
}

pub(super) fn channel(state: &mut State, change: &ChannelChange) -> Result<Value, Misuse> {
    let by = ids(
        state,
        &[change.by.clone().unwrap_or_else(|| "morgan".to_owned())],
    )?
    .concat();
    let (invited, removed) = (ids(state, &change.invite)?, ids(state, &change.remove)?);
    let known = state
        .workspace
        .channel(&change.channel)
        .map(|channel| channel.id.clone());
    let id = known.unwrap_or_else(|| {
        let name = change.channel.trim_start_matches('#').to_owned();
        let (prefix, kind) = if change.private == Some(true) {
            ("G", Kind::Private)
        } else {
            ("C", Kind::Public)
        };
        posting::open(state, prefix, name, kind, BTreeSet::new())
    });
    let unknown = || Misuse::NoChannel(change.channel.clone());
    let place = state.workspace.channels.get_mut(&id).ok_or_else(unknown)?;
    if let Some(private) = change.private {
        place.kind = if private { Kind::Private } else { Kind::Public };
    }
    place.shared = change.shared.unwrap_or(place.shared);
    if let Some(topic) = &change.topic {
        place.topic.clone_from(topic);
    }
    let renamed = change.name.as_ref().is_some_and(|name| *name != place.name);
    if let Some(name) = &change.name {
        name.trim_start_matches('#').clone_into(&mut place.name);
    }
    let archived = change
        .archived
        .filter(|archived| *archived != place.archived);
    place.archived = archived.unwrap_or(place.archived);
    if renamed {
        events::renamed(state, &id);
    }
    for user in invited {
        posting::join(state, &id, &user, Some(&by));
    }
    for user in removed {
        posting::leave(state, &id, &user, Some(&by));
    }
    if let Some(archived) = archived {
        events::archived(state, &id, &by, archived);
    }
    let place = state.workspace.channels.get(&id).ok_or_else(unknown)?;
    Ok(json!({"ok": true, "channel": place.to_json(true), "members": place.members}))
}

/// `POST /sandbox/usergroup`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupChange {
    usergroup: String,
    name: Option<String>,
    members: Option<Vec<String>>,
    disabled: Option<bool>,
}

pub(super) fn group(state: &mut State, change: &GroupChange) -> Result<Value, Misuse> {
    let members = change
        .members
        .as_ref()
        .map(|members| ids(state, members))
        .transpose()?;
    let known = state
        .workspace
        .group(&change.usergroup)
        .map(|group| group.id.clone());
    let is_new = known.is_none();
    let id = known.unwrap_or_else(|| state.ids.object("S"));
    let handle = change.usergroup.trim_start_matches('@');
    let group = state
        .workspace
        .groups
        .entry(id.clone())
        .or_insert_with(|| Group {
            id: id.clone(),
            handle: handle.to_owned(),
            name: handle.to_owned(),
            members: Vec::new(),
            disabled: false,
        });
    if let Some(name) = &change.name {
        group.name.clone_from(name);
    }
    group.members = members.unwrap_or_else(|| std::mem::take(&mut group.members));
    group.disabled = change.disabled.unwrap_or(group.disabled);
    let shown = group.to_json(true, true);
    events::group_changed(state, &id, is_new);
    Ok(json!({"ok": true, "usergroup": shown}))
}
