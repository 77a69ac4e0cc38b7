//! Making trouble: misbehaviour, deliveries again or of anything, sockets that end.

use std::sync::Arc;

use axum::extract::State as AxumState;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Body, Room, act, refused, waited};
use crate::sandbox::deliver::Kind;
use crate::sandbox::gestures::Then;
use crate::sandbox::misbehave::Order;
use crate::sandbox::socket::Farewell;
use crate::sandbox::state::Shared;

/// The routes that make trouble.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/misbehave", post(misbehave).delete(behave))
        .route("/deliver_again", post(deliver_again))
        .route("/deliver_raw", post(deliver_raw))
        .route("/sockets/farewell", post(farewell))
        .route("/sockets/cut", post(cut))
        .route("/sockets/say", post(say_raw))
}

async fn misbehave(AxumState(shared): Room, Body(order): Body<Order>) -> Response {
    match shared.with(|state| state.misbehaviour.order(order)) {
        Ok(()) => Json(json!({"ok": true})).into_response(),
        Err(fault) => refused(&fault),
    }
}

async fn behave(AxumState(shared): Room) -> Json<Value> {
    shared.with(|state| state.misbehaviour.clear());
    Json(json!({"ok": true}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    #[serde(default)]
    id: Option<u64>,
    #[serde(default = "once")]
    n: u32,
}

fn once() -> u32 {
    1
}

async fn deliver_again(AxumState(shared): Room, Body(again): Body<Again>) -> Response {
    let found = shared.with(|state| {
        let at = state.clock.now();
        state.deliveries.again(again.id, again.n, at)
    });
    if found {
        Json(json!({"ok": true})).into_response()
    } else {
        refused(&"there was no such delivery")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDelivery {
    kind: Kind,
    payload: Value,
}

async fn deliver_raw(AxumState(shared): Room, Body(raw): Body<RawDelivery>) -> Response {
    let outcome = shared.with(|state| {
        let at = state.clock.now();
        state
            .deliveries
            .queue(raw.kind, &raw.payload, Then::Nothing, at)
    });
    match raw.kind {
        // An event that is not taken is tried again minutes later; `deliveries` tells what became of it.
        Kind::Event => Json(json!({"ok": true})).into_response(),
        Kind::Command | Kind::Interaction => Json(waited(outcome).await).into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parting {
    reason: Farewell,
    #[serde(default)]
    socket: Option<u64>,
}

async fn farewell(room: Room, body: Body<Parting>) -> Response {
    act(room, body, |state, parting: &Parting| {
        let n_told = state.sockets.bid_farewell(parting.reason, parting.socket);
        Ok(json!({"ok": true, "told": n_told}))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame {
    text: String,
}

async fn say_raw(room: Room, body: Body<Frame>) -> Response {
    act(room, body, |state, frame: &Frame| {
        let n_told = state.sockets.say_raw(&frame.text);
        Ok(json!({"ok": true, "told": n_told}))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cut {
    #[serde(default)]
    socket: Option<u64>,
}

async fn cut(AxumState(shared): Room, Body(which): Body<Cut>) -> Response {
    let victims = shared.with(|state| state.sockets.drop_all(which.socket));
    for victim in &victims {
        shared.connections.cut(*victim);
    }
    Json(json!({"ok": true, "cut": victims.len()})).into_response()
}
