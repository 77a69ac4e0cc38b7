//! The control interface under `/sandbox/`: acting as people, moving the clock, misbehaving, looking.
//! Plain JSON over HTTP, for tests, demos and a page in the browser. Only translates; what happens is done elsewhere.
//!
//! People are named by id, handle or `@handle`; channels by id, name or `#name`; `@handle` as a channel is the direct
//! conversation with that person. A request that a person could not make is answered 400 with `{"ok": false, "error"}`
//! and a sentence. Requests that wait for the app answer `{"ok", "ack_ms", "status", "response", "effect"}`, where
//! `status` is `acknowledged`, `operation_timeout` or `dispatch_failed`.
//!
//! **Acting** (POST)
//!
//! | Route | Body | What it does |
//! |---|---|---|
//! | `say` | `as, channel, text, thread_ts?, broadcast?` | posts a message; `{ts}` |
//! | `edit` | `as, channel, ts, text` | edits one's own message |
//! | `delete` | `as, channel, ts` | deletes one's own message, or as an administrator (Morgan) anybody's |
//! | `react`, `unreact` | `as, channel, ts, name` | an emoji on a message |
//! | `slash` | `as, channel, command, text?` | a slash command; waits |
//! | `shortcut` | `as, callback_id, channel?, ts?` | a message shortcut with `ts`, else a global one; waits |
//! | `click`, `select` | `as, action_id, channel+ts or view_id?, block_id?, value?` | a button or a choice in a message or view; waits |
//! | `click_view` | `as, action_id, view_id?, block_id?, value?` | the same, in the modal on top or on Home |
//! | `suggest` | `as, action_id, view_id?, text?` | types into an external select; waits for its options |
//! | `submit` | `as, view_id?, values?, only_fill?` | fills a modal in and submits it; `{outcome: closed, errors, updated, pushed, timeout, trouble or filled}` |
//! | `close` | `as, all?` | closes the modal on top |
//! | `home` | `as, tab?` | opens the Home tab, or the app's `messages` tab |
//! | `read` | `as, channel, ts, thread_ts?` | has read as far as that, in the channel or in a thread of it |
//!
//! **Changing the workspace** (POST)
//!
//! | Route | Body |
//! |---|---|
//! | `person` | `person` (a new handle makes a new person), `handle?, real_name?, title?, email?, zone?, deleted?, is_restricted?, is_stranger?, is_admin?` |
//! | `channel` | `channel` (a new name makes a new channel), `name?, private?, archived?, shared?, topic?, invite?: [..], remove?: [..], by?`; the bot is `breakglass` |
//! | `usergroup` | `usergroup` (a new handle makes a new group), `name?, members?: [..], disabled?` |
//! | `token` | `token: bot or app`, `revoked` |
//! | `webhook/connect` | `url, token` (where a build server reaches the app, beside Slack) |
//! | `webhook` | anything; it is posted there with the token, and the app looks at the clock |
//! | `app` | `request_url?` (null returns to Socket Mode; a new one must answer `url_verification`), `patience_ms?, trigger_life_ms?, rate_limits?` |
//!
//! **Looking** (GET)
//!
//! | Route | Query | What it shows |
//! |---|---|---|
//! | `desk` | `as` | all that one person has before them, and the clock |
//! | `desk/live` | `as` | the same as a stream of events: at once, and whenever it changes |
//! | `files/ID/NAME` | | the bytes of a file, without the token that `/files` wants |
//! | `transcript` | `as, channel` | the conversation as that person sees it, threads nested |
//! | `messages` | `channel` | every message raw, ephemerals and earlier versions included |
//! | `views` | `as` | the modals open to a person, the topmost last |
//! | `home_view` | `as` | the Home tab |
//! | `channels`, `people`, `usergroups` | | who and what there is; `channels?as=` only those one is in |
//! | `calls` | `method?, after?` | API calls: method, arguments, when, outcome, whether applied |
//! | `deliveries` | `after?` | what was delivered: kind, payload, attempts, acknowledged or not |
//! | `sockets` | | the app's sockets that take payloads, and those told to go |
//!
//! **Trouble**
//!
//! | Route | Body | What it does |
//! |---|---|---|
//! | POST `misbehave` | `method, fault, times?, after?, probability?, seed?, delay_ms?, retry_after_s?, status?` or `deliveries, ...` | see `misbehave.rs` |
//! | DELETE `misbehave` | | behave again |
//! | POST `deliver_again` | `id?, n?` | delivers the last delivery, or that one, again |
//! | POST `deliver_raw` | `kind: events_api, slash_commands or interactive`, `payload` | delivers anything; waits unless it is an event |
//! | POST `sockets/farewell` | `reason: warning, refresh_requested or link_disabled, socket?` | tells the app that its socket ends |
//! | POST `sockets/cut` | `socket?` | ends sockets without a close frame |
//! | POST `sockets/say` | `text` | sends any text frame down every socket, well-formed or not |
//!
//! **The clock**
//!
//! | Route | Body | What it does |
//! |---|---|---|
//! | GET `clock` | | `now, frozen, version, sleepers, settled, next` |
//! | POST `clock/await` | `sleeper, seen, wake_at` | the long poll by which a bot follows the clock |
//! | POST `clock/settle` | `within_s?, n_sleepers?, n_sockets?, timeout_ms?` | waits until nothing is under way; 504 says what is |
//! | POST `clock/move` | exactly one of `to`, `by_s`, `next`, `until_posted`, `jump_to`; `timeout_ms?` | moves, stepping through every wake-up on the way |
//! | POST `clock/freeze` | `frozen` | stops the clock, or lets it run on |
//! | POST `clock/nudge` | | wakes every sleeper without moving; for what reached the bot by another way than this workspace |
//! | DELETE `clock/sleepers/ID` | | forgets a sleeper |

mod app;
mod clock;
mod desk;
mod look;
mod trouble;
mod webhook;

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State as AxumState};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::deliver::Outcome;
use super::gestures::{self, Misuse};
use super::json::merge;
use super::reshape;
use super::state::{Shared, State};
use super::touch::{self, Submitted};

type Room = AxumState<Arc<Shared>>;

/// All routes under `/sandbox`.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .merge(acting_routes())
        .merge(app::routes())
        .merge(desk::routes())
        .merge(look::routes())
        .merge(trouble::routes())
        .merge(webhook::routes())
        .merge(clock::routes())
}

fn acting_routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/say", acting(gestures::say))
        .route("/edit", acting(gestures::edit))
        .route("/delete", acting(gestures::delete))
        .route("/react", acting(gestures::react))
        .route("/unreact", acting(gestures::unreact))
        .route("/home", acting(gestures::home))
        .route("/close", acting(touch::close))
        .route("/slash", asking(gestures::slash))
        .route("/shortcut", asking(gestures::shortcut))
        .route("/click", asking(touch::click))
        .route("/click_view", asking(touch::click))
        .route("/select", asking(touch::click))
        .route("/suggest", asking(touch::suggest))
        .route("/submit", post(submit))
        .route("/person", acting(reshape::person))
        .route("/channel", acting(reshape::channel))
        .route("/usergroup", acting(reshape::group))
}

/// A route for something that is over at once.
fn acting<T: DeserializeOwned + Send + 'static>(
    gesture: fn(&mut State, &T) -> Result<Value, Misuse>,
) -> MethodRouter<Arc<Shared>> {
    post(move |room, body| act(room, body, gesture))
}

/// A route for something that the app must acknowledge.
fn asking<T: DeserializeOwned + Send + 'static>(
    gesture: fn(&mut State, &T) -> Result<oneshot::Receiver<Outcome>, Misuse>,
) -> MethodRouter<Arc<Shared>> {
    post(
        async move |AxumState(shared): Room, Body(request): Body<T>| match shared
            .with(|state| gesture(state, &request))
        {
            Ok(outcome) => Json(waited(outcome).await).into_response(),
            Err(misuse) => refused(&misuse),
        },
    )
}

fn refused(error: &impl ToString) -> Response {
    let body = json!({"ok": false, "error": error.to_string()});
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

/// A JSON body that need not name its content type; what is wrong with it is said in one line.
struct Body<T>(T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = (StatusCode, Json<Value>);

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let refuse = |error: String| {
            (
                StatusCode::BAD_REQUEST,
                Json(json!({"ok": false, "error": error})),
            )
        };
        let body = String::from_request(request, state)
            .await
            .map_err(|error| refuse(error.to_string()))?;
        let body = if body.trim().is_empty() { "{}" } else { &body };
        serde_json::from_str(body)
            .map(Self)
            .map_err(|error| refuse(error.to_string()))
    }
}

/// Does something that is over at once.
async fn act<T>(
    AxumState(shared): Room,
    Body(request): Body<T>,
    gesture: impl FnOnce(&mut State, &T) -> Result<Value, Misuse>,
) -> Response {
    match shared.with(|state| gesture(state, &request)) {
        Ok(done) => Json(done).into_response(),
        Err(misuse) => refused(&misuse),
    }
}

/// What became of a delivery that somebody waits for.
async fn waited(outcome: oneshot::Receiver<Outcome>) -> Value {
    let Ok(outcome) = outcome.await else {
        return json!({"ok": false, "status": "forgotten"});
    };
    json!({
        "ok": outcome.error.is_none(),
        "status": outcome.error.unwrap_or("acknowledged"),
        "ack_ms": outcome.ack_ms,
        "response": outcome.reply,
        "effect": outcome.effect,
    })
}

async fn submit(AxumState(shared): Room, Body(request): Body<touch::Submit>) -> Response {
    match shared.with(|state| touch::submit(state, &request)) {
        Err(misuse) => refused(&misuse),
        Ok(Submitted::AtOnce(told)) => Json(told).into_response(),
        Ok(Submitted::Asked(outcome)) => {
            let mut told = waited(outcome).await;
            let effect = told.get("effect").cloned().filter(Value::is_object);
            merge(
                &mut told,
                effect.unwrap_or_else(|| json!({"outcome": "timeout"})),
            );
            Json(told).into_response()
        }
    }
}
