//! `views.*`: modals and Home tabs.

use serde_json::{Value, json};

use super::{Arguments, Failure, Outcome};
use crate::sandbox::blocks;
use crate::sandbox::clock::stopwatch;
use crate::sandbox::json::text;
use crate::sandbox::state::State;
use crate::sandbox::tickets::{Trigger, TriggerFault};
use crate::sandbox::views::{self, ViewFault};

/// Slack refuses a view over 250 kB.
const LARGEST_VIEW: usize = 250_000;

fn named(fault: ViewFault) -> Failure {
    Failure::Named(match fault {
        ViewFault::NotFound => "not_found",
        ViewFault::HashConflict => "hash_conflict",
        ViewFault::DuplicateExternalId => "duplicate_external_id",
        ViewFault::PushLimitReached => "push_limit_reached",
    })
}

/// The view of a call, of the type wanted, checked.
fn view(arguments: &Arguments, wanted: Option<&str>) -> Result<Value, Failure> {
    let view = arguments
        .json("view")
        .map_err(|()| Failure::Named("invalid_arguments"))?
        .filter(Value::is_object)
        .ok_or(Failure::Named("invalid_arguments"))?;
    if view.to_string().len() > LARGEST_VIEW {
        return Err(Failure::Named("view_too_large"));
    }
    if wanted.is_some_and(|wanted| text(&view, "type") != Some(wanted)) {
        return Err(Failure::Named("invalid_arguments"));
    }
    let faults = blocks::validate_view(&view);
    if !faults.is_empty() {
        return Err(Failure::Malformed {
            name: "invalid_arguments",
            prefix: "/view",
            faults,
        });
    }
    Ok(view)
}

/// Exchanges the trigger. It is looked at after the view, so that a malformed view does not spend it.
fn trigger(state: &mut State, arguments: &Arguments) -> Result<Trigger, Failure> {
    let id = arguments
        .text("trigger_id")
        .or_else(|| arguments.text("interactivity_pointer"))
        .ok_or(Failure::Named("invalid_arguments"))?;
    state.tickets.exchange(&id, stopwatch()).map_err(|fault| {
        Failure::Named(match fault {
            TriggerFault::Invalid => "invalid_trigger_id",
            TriggerFault::Expired => "expired_trigger_id",
            TriggerFault::Exchanged => "exchanged_trigger_id",
        })
    })
}

pub(super) fn open(state: &mut State, arguments: &Arguments) -> Outcome {
    let view = view(arguments, Some("modal"))?;
    let trigger = trigger(state, arguments)?;
    let view = views::open(state, &trigger.user, view).map_err(named)?;
    Ok(json!({"view": view}))
}

pub(super) fn push(state: &mut State, arguments: &Arguments) -> Outcome {
    let view = view(arguments, Some("modal"))?;
    let trigger = trigger(state, arguments)?;
    // Only what happened inside a modal that is still open can put another on top of it.
    let inside = trigger
        .view
        .as_deref()
        .and_then(|id| state.views.view(id))
        .is_some_and(|view| !view.is_home());
    if !inside {
        return Err(Failure::Named("invalid_trigger_id"));
    }
    let view = views::push(state, &trigger.user, view).map_err(named)?;
    Ok(json!({"view": view}))
}

pub(super) fn update(state: &mut State, arguments: &Arguments) -> Outcome {
    let body = view(arguments, None)?;
    let (id, external_id) = (arguments.text("view_id"), arguments.text("external_id"));
    if id.is_none() && external_id.is_none() {
        return Err(Failure::Named("invalid_arguments"));
    }
    let current = state
        .views
        .find(id.as_deref(), external_id.as_deref())
        .ok_or(Failure::Named("not_found"))?;
    if current.is_home() != (text(&body, "type") == Some("home")) {
        return Err(Failure::Named("invalid_arguments"));
    }
    let id = current.id.clone();
    let view = views::update(state, &id, body, arguments.text("hash").as_deref()).map_err(named)?;
    Ok(json!({"view": view}))
}

pub(super) fn publish(state: &mut State, arguments: &Arguments) -> Outcome {
    if !state.app.manifest.home_tab {
        return Err(Failure::Named("not_enabled"));
    }
    let user = arguments.required("user_id")?;
    let known = state
        .workspace
        .people
        .get(&user)
        .is_some_and(|person| !person.deleted);
    if !known {
        return Err(Failure::Named("user_not_found"));
    }
    let body = view(arguments, Some("home"))?;
    let view =
        views::publish(state, &user, body, arguments.text("hash").as_deref()).map_err(named)?;
    Ok(json!({"view": view}))
}
