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
//! | `delete` | `as, channel, ts` | deletes one's own message |
//! | `react`, `unreact` | `as, channel, ts, name` | an emoji on a message |
//! | `slash` | `as, channel, command, text?` | a slash command; waits |
//! | `shortcut` | `as, callback_id, channel?, ts?` | a message shortcut with `ts`, else a global one; waits |
//! | `click`, `select` | `as, action_id, channel+ts or view_id?, block_id?, value?` | a button or a choice in a message or view; waits |
//! | `click_view` | `as, action_id, view_id?, block_id?, value?` | the same, in the modal on top or on Home |
//! | `suggest` | `as, action_id, view_id?, text?` | types into an external select; waits for its options |
//! | `submit` | `as, view_id?, values?, only_fill?` | fills a modal in and submits it; `{outcome: closed, errors, updated, pushed, timeout, trouble or filled}` |
//! | `close` | `as, all?` | closes the modal on top |
//! | `home` | `as` | opens the Home tab |
//!
//! **Changing the workspace** (POST)
//!
//! | Route | Body |
//! |---|---|
//! | `person` | `person` (a new handle makes a new person), `handle?, real_name?, title?, email?, zone?, deleted?, is_restricted?, is_stranger?, is_admin?` |
//! | `channel` | `channel` (a new name makes a new channel), `name?, private?, archived?, shared?, topic?, invite?: [..], remove?: [..], by?`; the bot is `breakglass` |
//! | `usergroup` | `usergroup` (a new handle makes a new group), `name?, members?: [..], disabled?` |
//! | `token` | `token: bot or app`, `revoked` |
//! | `app` | `request_url?` (null returns to Socket Mode; a new one must answer `url_verification`), `patience_ms?, trigger_life_ms?, rate_limits?` |
//!
//! **Looking** (GET)
//!
//! | Route | Query | What it shows |
//! |---|---|---|
//! | `transcript` | `as, channel` | the conversation as that person sees it, threads nested |
//! | `messages` | `channel` | every message raw, ephemerals and earlier versions included |
//! | `views` | `as` | the modals open to a person, the topmost last |
//! | `home_view` | `as` | the Home tab |
//! | `channels`, `people`, `usergroups` | | who and what there is; `channels?as=` only those one is in |
//! | `calls` | `method?, after?` | API calls: method, arguments, when, outcome, whether applied |
//! | `deliveries` | `after?` | what was delivered: kind, payload, attempts, acknowledged or not |
//! | `sockets` | | the app's open sockets |
//!
//! **Trouble**
//!
//! | Route | Body | What it does |
//! |---|---|---|
//! | POST `misbehave` | `method, fault, times?, after?, probability?, seed?, delay_ms?, retry_after_s?, status?` or `deliveries, ...` | see `misbehave.rs` |
//! | DELETE `misbehave` | | behave again |
//! | POST `deliver_again` | `id?, n?` | delivers the last delivery, or that one, again |
//! | POST `deliver_raw` | `kind, payload` | delivers anything |
//! | POST `sockets/farewell` | `reason: warning, refresh_requested or link_disabled, socket?` | tells the app that its socket ends |
//! | POST `sockets/cut` | `socket?` | ends sockets without a close frame |
//!
//! **The clock**
//!
//! | Route | Body | What it does |
//! |---|---|---|
//! | GET `clock` | | `now, frozen, version, sleepers, settled, next` |
//! | POST `clock/await` | `sleeper, seen, wake_at` | the long poll by which a bot follows the clock |
//! | POST `clock/settle` | `within_s?, n_sleepers?, timeout_ms?` | waits until nothing is under way; 504 says what is |
//! | POST `clock/move` | exactly one of `to`, `by_s`, `next`, `jump_to`; `timeout_ms?` | moves, stepping through every wake-up on the way |
//! | POST `clock/freeze` | `frozen` | stops the clock, or lets it run on |
//! | DELETE `clock/sleepers/ID` | | forgets a sleeper |

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequest, Path, Query, Request, State as AxumState};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::cast::APP;
use super::connections::ConnectionId;
use super::deliver::{Kind, Outcome};
use super::gestures::{self, Misuse, Then};
use super::json::{merge, put, text};
use super::misbehave::Order;
use super::settle::{self, MoveFault, Unsettled};
use super::socket::Farewell;
use super::state::{Shared, State};
use super::touch::{self, Submitted};
use super::{http_door, reshape, transcript};

type Room = AxumState<Arc<Shared>>;

/// All routes under `/sandbox`.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/say", post(|room, body| act(room, body, gestures::say)))
        .route("/edit", post(|room, body| act(room, body, gestures::edit)))
        .route(
            "/delete",
            post(|room, body| act(room, body, gestures::delete)),
        )
        .route(
            "/react",
            post(|room, body| {
                act(room, body, |state, r: &gestures::React| {
                    gestures::react(state, r, true)
                })
            }),
        )
        .route(
            "/unreact",
            post(|room, body| {
                act(room, body, |state, r: &gestures::React| {
                    gestures::react(state, r, false)
                })
            }),
        )
        .route("/home", post(|room, body| act(room, body, gestures::home)))
        .route("/close", post(|room, body| act(room, body, touch::close)))
        .route(
            "/slash",
            post(|room, body| ask(room, body, gestures::slash)),
        )
        .route(
            "/shortcut",
            post(|room, body| ask(room, body, gestures::shortcut)),
        )
        .route("/click", post(|room, body| ask(room, body, touch::click)))
        .route(
            "/click_view",
            post(|room, body| ask(room, body, touch::click)),
        )
        .route("/select", post(|room, body| ask(room, body, touch::click)))
        .route(
            "/suggest",
            post(|room, body| ask(room, body, touch::suggest)),
        )
        .route("/submit", post(submit))
        .route(
            "/person",
            post(|room, body| act(room, body, reshape::person)),
        )
        .route(
            "/channel",
            post(|room, body| act(room, body, reshape::channel)),
        )
        .route(
            "/usergroup",
            post(|room, body| act(room, body, reshape::group)),
        )
        .route("/token", post(token))
        .route("/app", post(app))
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
        .route("/misbehave", post(misbehave).delete(behave))
        .route("/deliver_again", post(deliver_again))
        .route("/deliver_raw", post(deliver_raw))
        .route("/sockets/farewell", post(farewell))
        .route("/sockets/cut", post(cut))
        .route(
            "/clock",
            get(|AxumState(shared): Room| async move { Json(shared.peek(settle::describe)) }),
        )
        .route("/clock/await", post(await_change))
        .route("/clock/settle", post(settle_clock))
        .route("/clock/move", post(move_clock))
        .route("/clock/freeze", post(freeze))
        .route("/clock/sleepers/{id}", delete(dismiss))
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
#[expect(clippy::unused_async, reason = "axum's handlers are async")]
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

/// Does something that the app must acknowledge, and waits for that.
async fn ask<T>(
    AxumState(shared): Room,
    Body(request): Body<T>,
    gesture: impl FnOnce(&mut State, &T) -> Result<oneshot::Receiver<Outcome>, Misuse>,
) -> Response {
    match shared.with(|state| gesture(state, &request)) {
        Ok(outcome) => Json(waited(outcome).await).into_response(),
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

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum WhichToken {
    Bot,
    App,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenChange {
    token: WhichToken,
    revoked: bool,
}

async fn token(room: Room, body: Body<TokenChange>) -> Response {
    act(room, body, |state, change: &TokenChange| {
        let credentials = &state.app.credentials;
        let token = match change.token {
            WhichToken::Bot => credentials.bot_token.clone(),
            WhichToken::App => credentials.app_token.clone(),
        };
        let changed = if change.revoked {
            state.app.revoked.insert(token)
        } else {
            state.app.revoked.remove(&token)
        };
        Ok(json!({"ok": true, "changed": changed}))
    })
    .await
}

/// Through which door the app is to be reached from now on.
#[derive(Default)]
enum NewDoor {
    #[default]
    Unchanged,
    SocketMode,
    Http(String),
}

impl<'de> Deserialize<'de> for NewDoor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let url = Option::deserialize(deserializer)?;
        Ok(url.map_or(Self::SocketMode, Self::Http))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppChange {
    #[serde(default)]
    request_url: NewDoor,
    #[serde(default)]
    patience_ms: Option<u64>,
    #[serde(default)]
    trigger_life_ms: Option<u64>,
    #[serde(default)]
    rate_limits: Option<bool>,
}

async fn app(AxumState(shared): Room, Body(change): Body<AppChange>) -> Response {
    if let NewDoor::Http(url) = &change.request_url
        && let Err(why) = verify(&shared, url).await
    {
        return refused(&why);
    }
    shared.with(|state| {
        match change.request_url {
            NewDoor::Unchanged => {}
            NewDoor::SocketMode => state.app.request_url = None,
            NewDoor::Http(url) => state.app.request_url = Some(url),
        }
        if let Some(patience) = change.patience_ms {
            state.app.patience = Duration::from_millis(patience);
        }
        if let Some(life) = change.trigger_life_ms {
            state.tickets.trigger_life = Duration::from_millis(life);
        }
        if let Some(enforced) = change.rate_limits {
            state.limits.enforce(enforced);
        }
    });
    Json(json!({"ok": true})).into_response()
}

/// Asks a new request URL to echo a challenge, as Slack does before it takes one.
async fn verify(shared: &Arc<Shared>, url: &str) -> Result<(), &'static str> {
    if !url.starts_with("http://") {
        return Err("the sandbox delivers to http:// only");
    }
    let (challenge, post, patience) = shared.with(|state| {
        let challenge = state.ids.token(48);
        let payload = json!({"token": state.app.verification, "challenge": challenge, "type": "url_verification"});
        let secret = &state.app.credentials.signing_secret;
        let post = http_door::post(url, Kind::Event, &payload, secret, state.clock.now());
        (challenge, post, state.app.patience)
    });
    let reply = http_door::send(&shared.http, post, patience)
        .await
        .map_err(|_| "the request URL did not answer url_verification with 200")?;
    let in_json = reply
        .payload
        .as_ref()
        .and_then(|payload| text(payload, "challenge"));
    let in_text = reply
        .text
        .as_deref()
        .map(|text| text.trim_start_matches("challenge=").trim());
    if in_json.or(in_text) == Some(challenge.as_str()) {
        Ok(())
    } else {
        Err("the request URL answered url_verification with something other than the challenge")
    }
}

#[derive(Deserialize)]
struct Seen {
    r#as: String,
    channel: String,
}

async fn show_transcript(AxumState(shared): Room, Query(seen): Query<Seen>) -> Response {
    let shown = shared.peek(|state| {
        let reader = state
            .workspace
            .person(&seen.r#as)
            .ok_or_else(|| Misuse::NoPerson(seen.r#as.clone()))?
            .id
            .clone();
        let channel = gestures::place(state, &reader, &seen.channel)?;
        Ok::<_, Misuse>(transcript::transcript(state, channel, &reader))
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
struct OfPerson {
    r#as: String,
}

fn person_id(state: &State, named: &str) -> Result<String, Misuse> {
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
                    "arguments": call.arguments,
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
    Json(shared.peek(|state| json!({"app_id": APP, "sockets": state.sockets.to_json()})))
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

async fn deliver_raw(room: Room, body: Body<RawDelivery>) -> Response {
    ask(room, body, |state, raw: &RawDelivery| {
        let at = state.clock.now();
        Ok(state
            .deliveries
            .queue(raw.kind, raw.payload.clone(), Then::Nothing, at))
    })
    .await
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
struct Cut {
    #[serde(default)]
    socket: Option<u64>,
}

async fn cut(AxumState(shared): Room, Body(which): Body<Cut>) -> Response {
    let victims = shared.peek(|state| state.sockets.connections(which.socket));
    for victim in &victims {
        shared.connections.cut(*victim);
    }
    Json(json!({"ok": true, "cut": victims.len()})).into_response()
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

async fn dismiss(AxumState(shared): Room, Path(id): Path<String>) -> Response {
    let known = shared.with(|state| state.sleepers.dismiss(&id));
    Json(json!({"ok": true, "known": known})).into_response()
}
