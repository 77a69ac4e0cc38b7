//! Looking: what people see, what was called, what was delivered. Changes nothing.

use std::sync::Arc;

use axum::extract::{Query, State as AxumState};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Room, refused};
use crate::sandbox::cast::APP;
use crate::sandbox::gestures::{self, Misuse};
use crate::sandbox::json::put;
use crate::sandbox::state::{Shared, State};
use crate::sandbox::transcript;

/// The routes that show something.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/transcript", get(show_transcript))
        .route("/messages", get(messages))
        .route("/views", get(open_views))
        .route("/home_view", get(home_view))
        .route("/channels", get(channels))
        .route("/people", get(people))
        .route("/usergroups", get(groups))
        .route("/calls", get(calls))
        .route("/deliveries", get(deliveries))
        .route("/sockets", get(sockets))
}

#[derive(Deserialize)]
struct Seen {
    r#as: String,
    channel: String,
}

fn names_a_person(state: &State, named: &str) -> bool {
    named
        .strip_prefix('@')
        .is_some_and(|handle| state.workspace.person(handle).is_some())
}

async fn show_transcript(AxumState(shared): Room, Query(seen): Query<Seen>) -> Response {
    let shown = shared.peek(|state| {
        let reader = state
            .workspace
            .person(&seen.r#as)
            .ok_or_else(|| Misuse::NoPerson(seen.r#as.clone()))?
            .id
            .clone();
        match gestures::place(state, &reader, &seen.channel) {
            Ok(channel) => Ok(transcript::transcript(state, channel, &reader)),
            // Two who have not yet spoken have nothing to show, which is no mistake.
            Err(Misuse::NoChannel(named)) if names_a_person(state, &named) => {
                Ok(json!({"channel": null, "messages": []}))
            }
            Err(misuse) => Err(misuse),
        }
    });
    match shown {
        Ok(shown) => Json(shown).into_response(),
        Err(misuse) => refused(&misuse),
    }
}

#[derive(Deserialize)]
struct OfChannel {
    channel: String,
}

async fn messages(AxumState(shared): Room, Query(of): Query<OfChannel>) -> Response {
    match shared.peek(|state| state.workspace.channel(&of.channel).map(transcript::raw)) {
        Some(messages) => Json(json!({"messages": messages})).into_response(),
        None => refused(&Misuse::NoChannel(of.channel)),
    }
}

#[derive(Deserialize)]
pub(super) struct OfPerson {
    pub(super) r#as: String,
}

pub(super) fn person_id(state: &State, named: &str) -> Result<String, Misuse> {
    let person = state
        .workspace
        .person(named)
        .ok_or_else(|| Misuse::NoPerson(named.to_owned()))?;
    Ok(person.id.clone())
}

async fn open_views(AxumState(shared): Room, Query(of): Query<OfPerson>) -> Response {
    let shown = shared.peek(|state| {
        let id = person_id(state, &of.r#as)?;
        Ok::<Vec<_>, Misuse>(state.views.stack(&id).map(transcript::view).collect())
    });
    match shown {
        Ok(views) => Json(json!({"views": views})).into_response(),
        Err(misuse) => refused(&misuse),
    }
}

async fn home_view(AxumState(shared): Room, Query(of): Query<OfPerson>) -> Response {
    let shown = shared.peek(|state| {
        let id = person_id(state, &of.r#as)?;
        Ok::<_, Misuse>(state.views.home(&id).map(transcript::view))
    });
    match shown {
        Ok(view) => Json(json!({"view": view})).into_response(),
        Err(misuse) => refused(&misuse),
    }
}

#[derive(Deserialize)]
struct MaybeOfPerson {
    #[serde(default)]
    r#as: Option<String>,
}

async fn channels(AxumState(shared): Room, Query(of): Query<MaybeOfPerson>) -> Response {
    let shown = shared.peek(|state| {
        let reader = of
            .r#as
            .as_deref()
            .map(|named| person_id(state, named))
            .transpose()?;
        let channels: Vec<_> = state
            .workspace
            .channels
            .values()
            .filter(|channel| reader.as_deref().is_none_or(|reader| channel.has(reader)))
            .map(|channel| {
                let mut shown = channel.to_json(true);
                put(&mut shown, "members", Some(json!(channel.members)));
                put(&mut shown, "kind", Some(channel.kind.channel_type().into()));
                shown
            })
            .collect();
        Ok::<_, Misuse>(channels)
    });
    match shown {
        Ok(channels) => Json(json!({"channels": channels})).into_response(),
        Err(misuse) => refused(&misuse),
    }
}

async fn people(AxumState(shared): Room) -> Json<Value> {
    let people: Vec<_> = shared.peek(|state| {
        let now = state.clock.now();
        state
            .workspace
            .people
            .values()
            .map(|person| person.to_json(now, true))
            .collect()
    });
    Json(json!({"people": people}))
}

async fn groups(AxumState(shared): Room) -> Json<Value> {
    let groups: Vec<_> = shared.peek(|state| {
        state
            .workspace
            .groups
            .values()
            .map(|group| group.to_json(true, true))
            .collect()
    });
    Json(json!({"usergroups": groups}))
}

#[derive(Deserialize)]
struct CallFilter {
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    after: u64,
}

async fn calls(AxumState(shared): Room, Query(filter): Query<CallFilter>) -> Json<Value> {
    let calls: Vec<_> = shared.peek(|state| {
        state
            .calls
            .log
            .iter()
            .filter(|call| {
                filter
                    .method
                    .as_ref()
                    .is_none_or(|method| *method == call.method)
            })
            .filter(|call| call.n > filter.after)
            .map(|call| {
                json!({
                    "n": call.n,
                    "method": call.method,
                    "arguments": call.arguments.unpack(),
                    "at": call.at,
                    "outcome": call.outcome,
                    "applied": call.applied,
                    "retry_attempt": call.retry_attempt,
                })
            })
            .collect()
    });
    Json(json!({"calls": calls}))
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

async fn deliveries(AxumState(shared): Room, Query(filter): Query<After>) -> Json<Value> {
    let mut all = shared.peek(|state| state.deliveries.to_json());
    all.retain(|delivery| delivery.get("id").and_then(Value::as_u64) > Some(filter.after));
    Json(json!({"deliveries": all}))
}

async fn sockets(AxumState(shared): Room) -> Json<Value> {
    let (sockets, retiring) = shared.peek(|state| state.sockets.to_json());
    Json(json!({"app_id": APP, "sockets": sockets, "retiring": retiring}))
}
