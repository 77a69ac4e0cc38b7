//! What people do with buttons, selects and modals.
//! Enforces what Slack's client enforces before it sends anything; what it sends is built in `payloads.rs`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::blocks;
use super::deliver::{Kind as DeliveryKind, Outcome, Reply};
use super::gestures::{Misuse, Then, actor, interactive, open_view, place, seen};
use super::json::{flag, text};
use super::payloads;
use super::state::State;
use super::views::{self, View};
use super::widgets::{self, Values};

/// `POST /sandbox/click`: an element in a message, or in a view if `view_id` or no channel is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Click {
    r#as: String,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    ts: Option<String>,
    #[serde(default)]
    view_id: Option<String>,
    action_id: String,
    #[serde(default)]
    block_id: Option<String>,
    /// Tells buttons of one `action_id` apart; in a select, what is chosen.
    #[serde(default)]
    value: Option<Value>,
}

/// The one element that was meant.
fn element<'a>(blocks: &'a [Value], click: &Click) -> Result<(&'a Value, &'a Value), Misuse> {
    let matches = |(block, element): &(&Value, &Value)| {
        let is_button = text(element, "type") == Some("button");
        text(element, "action_id") == Some(&click.action_id)
            && click
                .block_id
                .as_deref()
                .is_none_or(|id| text(block, "block_id") == Some(id))
            && click
                .value
                .as_ref()
                .is_none_or(|value| !is_button || element.get("value") == Some(value))
    };
    let mut found = widgets::elements(blocks).filter(matches);
    let first = found
        .next()
        .ok_or_else(|| Misuse::NoElement(click.action_id.clone()))?;
    if found.next().is_some() {
        return Err(Misuse::Ambiguous(click.action_id.clone()));
    }
    Ok(first)
}

/// The element's state after the click; `None` for buttons, which keep none.
fn touched(block: &Value, element: &Value, click: &Click) -> Result<Option<Value>, Misuse> {
    if text(element, "type").is_some_and(|kind| kind.ends_with("button")) {
        return Ok(None);
    }
    let chosen = widgets::chosen(element, click.value.as_ref().unwrap_or(&Value::Null));
    let (block, action) = widgets::key(block, element);
    chosen
        .map(Some)
        .map_err(|why| Misuse::Unchoosable { block, action, why })
}

/// Something in a message or a view was clicked or chosen.
pub(super) fn click(
    state: &mut State,
    click: &Click,
) -> Result<oneshot::Receiver<Outcome>, Misuse> {
    let by = actor(state, &click.r#as)?.id.clone();
    interactive(state)?;
    let payload = match (&click.channel, &click.ts) {
        (Some(channel), Some(ts)) => click_message(state, &by, channel, ts, click)?,
        (None, None) => click_view(state, &by, click)?,
        (_, ts) => return Err(Misuse::NoMessage(ts.clone().unwrap_or_default())),
    };
    let at = state.clock.now();
    Ok(state
        .deliveries
        .queue(DeliveryKind::Interaction, &payload, Then::Nothing, at))
}

fn click_message(
    state: &mut State,
    by: &str,
    channel: &str,
    ts: &str,
    click: &Click,
) -> Result<Value, Misuse> {
    let channel = place(state, by, channel)?;
    let message = seen(channel, by, ts)?.clone();
    let channel = channel.id.clone();
    let (block, element) = element(&message.blocks, click)?;
    let chosen = touched(block, element, click)?;
    let mut values = widgets::initial_values(&message.blocks, &Values::new());
    if let Some(chosen) = &chosen
        && let Some(state) = values.get_mut(&widgets::key(block, element))
    {
        state.clone_from(chosen);
    }
    let action_ts = state.clock.stamp().to_string();
    let action = widgets::action(block, element, chosen.as_ref(), &action_ts);
    let values = widgets::values_json(&values);
    Ok(payloads::message_action(
        state, by, &channel, &message, &values, &action,
    ))
}

fn click_view(state: &mut State, by: &str, click: &Click) -> Result<Value, Misuse> {
    let mut view = open_view(state, by, click.view_id.as_deref())?.clone();
    let (block, element) = element(view.blocks(), click)?;
    let chosen = touched(block, element, click)?;
    let action_ts = state.clock.stamp().to_string();
    let action = widgets::action(block, element, chosen.as_ref(), &action_ts);
    if let Some(chosen) = chosen {
        let key = widgets::key(block, element);
        view.values.insert(key, chosen);
        if let Some(kept) = state.views.view_mut(&view.id) {
            kept.values.clone_from(&view.values);
        }
    }
    Ok(payloads::view_action(state, by, &view, &action))
}

/// `POST /sandbox/suggest`: types into an external select of a view.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Suggest {
    r#as: String,
    #[serde(default)]
    view_id: Option<String>,
    action_id: String,
    #[serde(default)]
    text: String,
}

pub(super) fn suggest(
    state: &mut State,
    request: &Suggest,
) -> Result<oneshot::Receiver<Outcome>, Misuse> {
    let by = actor(state, &request.r#as)?.id.clone();
    interactive(state)?;
    let view = open_view(state, &by, request.view_id.as_deref())?.clone();
    let (block_id, _) = widgets::elements(view.blocks())
        .filter(|(_, element)| text(element, "type").is_some_and(|kind| kind.contains("external")))
        .map(|(block, element)| widgets::key(block, element))
        .find(|(_, action)| *action == request.action_id)
        .ok_or_else(|| Misuse::NoElement(request.action_id.clone()))?;
    let payload = payloads::suggestion(
        state,
        &by,
        &view,
        &block_id,
        &request.action_id,
        &request.text,
    );
    let at = state.clock.now();
    Ok(state
        .deliveries
        .queue(DeliveryKind::Interaction, &payload, Then::Nothing, at))
}

/// `POST /sandbox/submit`: fills a modal in and presses its submit button.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Submit {
    r#as: String,
    #[serde(default)]
    view_id: Option<String>,
    /// By block, then by action. What is not named stays as it stands.
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, Value>>,
    /// Fills in without submitting, as somebody does who is called away.
    #[serde(default)]
    only_fill: bool,
}

/// What submitting led to at once.
#[derive(Debug)]
pub(super) enum Submitted {
    /// Slack's client kept the modal back, or nothing was to be sent.
    AtOnce(Value),
    /// The app was asked.
    Asked(oneshot::Receiver<Outcome>),
}

pub(super) fn submit(state: &mut State, request: &Submit) -> Result<Submitted, Misuse> {
    let by = actor(state, &request.r#as)?.id.clone();
    interactive(state)?;
    let mut view = open_view(state, &by, request.view_id.as_deref())?.clone();
    if view.is_home() {
        return Err(Misuse::NoModal);
    }
    fill(&mut view, &request.values)?;
    if let Some(kept) = state.views.view_mut(&view.id) {
        kept.values.clone_from(&view.values);
    }
    if request.only_fill {
        return Ok(Submitted::AtOnce(json!({"ok": true, "outcome": "filled"})));
    }
    if view.body.get("submit").is_none_or(Value::is_null) {
        return Err(Misuse::NoSubmit);
    }
    let complaints = complaints(&view);
    if !complaints.is_empty() {
        let told = json!({"ok": true, "outcome": "errors", "errors": complaints, "by": "client"});
        return Ok(Submitted::AtOnce(told));
    }
    let payload = payloads::submission(state, &by, &view);
    let at = state.clock.now();
    let then = Then::Submission {
        user: by,
        view: view.id,
    };
    Ok(Submitted::Asked(state.deliveries.queue(
        DeliveryKind::Interaction,
        &payload,
        then,
        at,
    )))
}

fn fill(view: &mut View, values: &BTreeMap<String, BTreeMap<String, Value>>) -> Result<(), Misuse> {
    for (block_id, actions) in values {
        for (action_id, input) in actions {
            let key = (block_id.clone(), action_id.clone());
            let (_, element) = widgets::elements(view.blocks())
                .find(|(block, element)| widgets::key(block, element) == key)
                .ok_or_else(|| Misuse::NoElement(format!("{block_id}/{action_id}")))?;
            let chosen = widgets::chosen(element, input).map_err(|why| Misuse::Unchoosable {
                block: block_id.clone(),
                action: action_id.clone(),
                why,
            })?;
            view.values.insert(key, chosen);
        }
    }
    Ok(())
}

/// What Slack's client says beside each field before it sends anything.
fn complaints(view: &View) -> Map<String, Value> {
    let inputs =
        widgets::elements(view.blocks()).filter(|(block, _)| text(block, "type") == Some("input"));
    inputs
        .filter_map(|(block, element)| {
            let key = widgets::key(block, element);
            let state = view.values.get(&key)?;
            let complaint = widgets::complaint(block, element, state)?;
            Some((key.0, complaint.into()))
        })
        .collect()
}

/// The app answered a submission: the modal closes, changes, stacks another, clears away, or shows errors.
pub(super) fn submission_answered(
    state: &mut State,
    user: &str,
    view_id: &str,
    reply: &Reply,
) -> Value {
    let nothing = Value::Null;
    let answer = reply.payload.as_ref().unwrap_or(&nothing);
    let new_view = || answer.get("view").cloned().unwrap_or_default();
    let trouble = |error: &str| json!({"outcome": "trouble", "error": error});
    match text(answer, "response_action") {
        None => {
            if state.views.top(user).is_some_and(|top| top.id == view_id) {
                state.views.pop(user);
            }
            json!({"outcome": "closed"})
        }
        Some("clear") => {
            state.views.clear(user);
            json!({"outcome": "closed", "cleared": true})
        }
        Some("errors") => match error_trouble(state, view_id, answer) {
            Some(error) => trouble(error),
            None => json!({"outcome": "errors", "errors": answer.get("errors"), "by": "app"}),
        },
        Some("update") => {
            let body = new_view();
            if !blocks::validate_view(&body).is_empty() {
                return trouble("invalid_view");
            }
            match views::update(state, view_id, body, None) {
                Ok(view) => json!({"outcome": "updated", "view": view}),
                Err(fault) => trouble(&fault.to_string()),
            }
        }
        Some("push") => {
            let body = new_view();
            if !blocks::validate_view(&body).is_empty() {
                return trouble("invalid_view");
            }
            match views::push(state, user, body) {
                Ok(view) => json!({"outcome": "pushed", "view": view}),
                Err(fault) => trouble(&fault.to_string()),
            }
        }
        Some(_) => trouble("invalid_response_action"),
    }
}

/// Errors must name input blocks of the modal, else Slack shows none of them.
fn error_trouble(state: &State, view_id: &str, answer: &Value) -> Option<&'static str> {
    let Some(errors) = answer.get("errors").and_then(Value::as_object) else {
        return Some("invalid_errors");
    };
    let view = state.views.view(view_id)?;
    let is_input = |id: &String| {
        view.blocks().iter().any(|block| {
            text(block, "block_id") == Some(id) && text(block, "type") == Some("input")
        })
    };
    if errors.is_empty() || !errors.values().all(Value::is_string) {
        return Some("invalid_errors");
    }
    (!errors.keys().all(is_input)).then_some("errors_name_no_input_block")
}

/// `POST /sandbox/close`: closes the topmost modal, or all with `all`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Close {
    r#as: String,
    #[serde(default)]
    all: bool,
}

pub(super) fn close(state: &mut State, request: &Close) -> Result<Value, Misuse> {
    let by = actor(state, &request.r#as)?.id.clone();
    let clears = request.all
        || state
            .views
            .top(&by)
            .is_some_and(|view| flag(&view.body, "clear_on_close"));
    let closed: Vec<View> = if clears {
        state.views.clear(&by)
    } else {
        state.views.pop(&by).into_iter().collect()
    };
    if closed.is_empty() {
        return Err(Misuse::NoModal);
    }
    let at = state.clock.now();
    for view in &closed {
        if view.notifies_on_close() {
            let payload = payloads::closed(state, &by, view, clears);
            // Nobody waits for the app to hear that a modal was closed.
            drop(
                state
                    .deliveries
                    .queue(DeliveryKind::Interaction, &payload, Then::Nothing, at),
            );
        }
    }
    Ok(json!({"ok": true, "closed": closed.len()}))
}
