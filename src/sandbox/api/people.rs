//! `users.*` and `usergroups.*`: who is who.

use serde_json::{Value, json};

use super::{Arguments, Failure, Outcome, page};
use crate::sandbox::state::State;

fn with_email(state: &State) -> bool {
    state.app.manifest.scopes.contains("users:read.email")
}

pub(super) fn info(state: &mut State, arguments: &Arguments) -> Outcome {
    let id = arguments
        .text("user")
        .ok_or(Failure::Named("user_not_found"))?;
    let person = state
        .workspace
        .people
        .get(&id)
        .ok_or(Failure::Named("user_not_found"))?;
    Ok(json!({"user": person.to_json(state.clock.now(), with_email(state))}))
}

pub(super) fn list(state: &mut State, arguments: &Arguments) -> Outcome {
    let now = state.clock.now();
    let with_email = with_email(state);
    // People of other organisations are visible one by one but do not stand in our list.
    let people: Vec<Value> = state
        .workspace
        .people
        .values()
        .filter(|person| !person.is_stranger)
        .map(|person| person.to_json(now, with_email))
        .collect();
    let limit = if arguments.text("limit").is_some() {
        100
    } else {
        people.len().max(1)
    };
    let mut answer = page(people, arguments, limit, "members")?;
    crate::sandbox::json::put(&mut answer, "cache_ts", Some(now.timestamp().into()));
    Ok(answer)
}

pub(super) fn by_email(state: &mut State, arguments: &Arguments) -> Outcome {
    let wanted = arguments
        .text("email")
        .ok_or(Failure::Named("users_not_found"))?;
    let person = state
        .workspace
        .people
        .values()
        .filter(|person| !person.deleted && !person.is_stranger)
        .find(|person| {
            person
                .email
                .as_ref()
                .is_some_and(|email| email.eq_ignore_ascii_case(&wanted))
        })
        .ok_or(Failure::Named("users_not_found"))?;
    Ok(json!({"user": person.to_json(state.clock.now(), true)}))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every method has the one signature of the table"
)]
pub(super) fn groups(state: &mut State, arguments: &Arguments) -> Outcome {
    let with_disabled = arguments.flag("include_disabled");
    let (with_users, with_count) = (
        arguments.flag("include_users"),
        arguments.flag("include_count"),
    );
    let groups: Vec<_> = state
        .workspace
        .groups
        .values()
        .filter(|group| with_disabled || !group.disabled)
        .map(|group| group.to_json(with_users, with_count))
        .collect();
    Ok(json!({"usergroups": groups}))
}

pub(super) fn group_members(state: &mut State, arguments: &Arguments) -> Outcome {
    let id = arguments
        .text("usergroup")
        .ok_or(Failure::Named("no_such_subteam"))?;
    let group = state
        .workspace
        .groups
        .get(&id)
        .filter(|group| !group.disabled || arguments.flag("include_disabled"))
        .ok_or(Failure::Named("no_such_subteam"))?;
    Ok(json!({"users": group.members}))
}
