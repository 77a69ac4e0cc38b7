//! The build server in the box: what somebody lets it say goes to the app by a door of the app's own, not through Slack.

use std::sync::Arc;

use axum::extract::State as AxumState;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Body, Room, refused};
use crate::sandbox::state::{Shared, Webhook};

/// The webhook's routes.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/webhook", post(tell))
        .route("/webhook/connect", post(connect))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Connected {
    url: String,
    token: String,
}

async fn connect(AxumState(shared): Room, Body(door): Body<Connected>) -> Response {
    if !door.url.starts_with("http://") {
        return refused(&"the sandbox delivers to http:// only");
    }
    shared.with(|state| {
        state.app.webhook = Some(Webhook {
            url: door.url,
            token: door.token,
        });
    });
    Json(json!({"ok": true})).into_response()
}

/// Posts the body as it is, and lets the app look at the clock: what it heard it didn't hear from this workspace.
async fn tell(AxumState(shared): Room, Body(body): Body<Value>) -> Response {
    let Some(webhook) = shared.peek(|state| state.app.webhook.clone()) else {
        return refused(&"no webhook is connected");
    };
    let sent = shared
        .http
        .post(&webhook.url)
        .bearer_auth(&webhook.token)
        .json(&body)
        .send()
        .await;
    let Ok(answer) = sent else {
        return refused(&"nobody answers at the webhook's address");
    };
    let ok = answer.status().is_success();
    let status = answer.status().as_u16();
    let said: Value = answer.json().await.unwrap_or_default();
    shared.with(|state| state.clock.tick());
    Json(json!({"ok": ok, "status": status, "response": said})).into_response()
}
