//! `api.test`, `auth.test`, `apps.connections.open`, `blocks.validate`.

use serde_json::{Value, json};

use super::{Arguments, Failure, Outcome};
use crate::sandbox::blocks::{self, Surface};
use crate::sandbox::cast::{APP, BOT, BOT_USER, TEAM, TEAM_NAME};
use crate::sandbox::json::list;
use crate::sandbox::state::State;

pub(super) fn api_test(_: &mut State, arguments: &Arguments) -> Outcome {
    let given = arguments.logged();
    match arguments.text("error") {
        Some(name) => Err(Failure::Asked {
            name,
            arguments: given,
        }),
        None if given == json!({}) => Ok(given),
        None => Ok(json!({"args": given})),
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every method has the one signature of the table"
)]
pub(super) fn auth_test(state: &mut State, _: &Arguments) -> Outcome {
    let bot = state
        .workspace
        .people
        .get(BOT_USER)
        .map(|person| person.handle.clone());
    Ok(json!({
        "url": format!("{}/", state.base_url),
        "team": TEAM_NAME,
        "user": bot,
        "team_id": TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT,
        "app_id": APP,
        "is_enterprise_install": false,
    }))
}

pub(super) fn connections_open(state: &mut State, _: &Arguments) -> Outcome {
    if !state.app.manifest.socket_mode || state.app.request_url.is_some() {
        return Err(Failure::Named("socket_mode_not_enabled"));
    }
    let ticket = state.ids.uuid();
    state.sockets.issue_ticket(ticket.clone());
    let host = state.base_url.trim_start_matches("http://");
    Ok(json!({"url": format!("ws://{host}/link/?ticket={ticket}&app_id={APP}")}))
}

pub(super) fn blocks_validate(_: &mut State, arguments: &Arguments) -> Outcome {
    let given = |key| {
        arguments
            .json(key)
            .map_err(|()| Failure::Named("invalid_arguments"))
    };
    let (prefix, faults) = match (given("blocks")?, given("message")?, given("view")?) {
        (Some(Value::Array(blocks)), None, None) => (
            "invalid_blocks ",
            blocks::validate(&blocks, Surface::Message),
        ),
        (None, Some(message), None) => (
            "invalid_message /blocks",
            blocks::validate(list(&message, "blocks"), Surface::Message),
        ),
        (None, None, Some(view)) => ("invalid_view ", blocks::validate_view(&view)),
        _ => return Err(Failure::Named("invalid_arguments")),
    };
    if faults.is_empty() {
        return Ok(json!({}));
    }
    Err(Failure::Malformed {
        name: "blocks",
        prefix,
        faults,
    })
}
