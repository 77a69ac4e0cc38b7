//! Control of the app's side: its tokens, its door, how long it may take.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State as AxumState;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::{Body, Room, act, refused};
use crate::sandbox::deliver::Kind;
use crate::sandbox::http_door;
use crate::sandbox::json::text;
use crate::sandbox::state::Shared;

/// The app's routes.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/token", post(token))
        .route("/app", post(app))
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
