//! The clock's routes: following it, moving it, waiting until nothing is under way.

use std::sync::Arc;

use axum::extract::{ConnectInfo, Path, State as AxumState};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Body, Room, act, refused};
use crate::sandbox::connections::ConnectionId;
use crate::sandbox::settle::{self, MoveFault, Unsettled};
use crate::sandbox::state::Shared;

/// The clock's routes.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/clock", get(describe))
        .route("/clock/await", post(await_change))
        .route("/clock/settle", post(settle_clock))
        .route("/clock/move", post(move_clock))
        .route("/clock/freeze", post(freeze))
        .route("/clock/nudge", post(nudge))
        .route("/clock/sleepers/{id}", delete(dismiss))
}

/// What time it is, who follows it, and whether anything is under way.
async fn describe(AxumState(shared): Room) -> Json<Value> {
    Json(shared.peek(settle::describe))
}

async fn await_change(
    AxumState(shared): Room,
    ConnectInfo(connection): ConnectInfo<ConnectionId>,
    headers: HeaderMap,
    Body(request): Body<settle::Await>,
) -> Response {
    let closes = headers
        .get("connection")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.eq_ignore_ascii_case("close"));
    Json(settle::await_change(shared, connection, !closes, request).await).into_response()
}

fn overdue(unsettled: &Unsettled) -> Response {
    let body = json!({"ok": false, "error": unsettled.to_string()});
    (StatusCode::GATEWAY_TIMEOUT, Json(body)).into_response()
}

async fn settle_clock(AxumState(shared): Room, Body(request): Body<settle::Settle>) -> Response {
    match settle::settle(&shared, request).await {
        Ok(settled) => Json(settled).into_response(),
        Err(unsettled) => overdue(&unsettled),
    }
}

async fn move_clock(AxumState(shared): Room, Body(request): Body<settle::Move>) -> Response {
    match settle::move_clock(&shared, request).await {
        Ok(moved) => Json(moved).into_response(),
        Err(MoveFault::Unsettled(unsettled)) => overdue(&unsettled),
        Err(fault) => refused(&fault),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Freeze {
    frozen: bool,
}

async fn freeze(room: Room, body: Body<Freeze>) -> Response {
    act(room, body, |state, freeze: &Freeze| {
        state.clock.freeze(freeze.frozen);
        Ok(settle::describe(state))
    })
    .await
}

async fn nudge(AxumState(shared): Room) -> Json<Value> {
    Json(shared.with(|state| {
        state.clock.tick();
        settle::describe(state)
    }))
}

async fn dismiss(AxumState(shared): Room, Path(id): Path<String>) -> Response {
    let known = shared.with(|state| state.sleepers.dismiss(&id));
    Json(json!({"ok": true, "known": known})).into_response()
}
