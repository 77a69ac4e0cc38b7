//! The links that methods and payloads hand out: response URLs, upload URLs, files.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, Path, State as AxumState};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Arguments, Call, Failure, bearer, broken, hang_up, record, silence};
use crate::sandbox::connections::ConnectionId;
use crate::sandbox::files::FileFault;
use crate::sandbox::json::text;
use crate::sandbox::misbehave::CallFault;
use crate::sandbox::respond as answers;
use crate::sandbox::state::{Shared, State};

/// Under this name response URLs stand in the log and can be made to misbehave.
const RESPONSE_URL: &str = "response_url";

/// An answer through a response URL, as it came.
struct Posted {
    call: Call,
    ticket: String,
    body: Option<Value>,
}

impl Posted {
    /// Does what it asks for, and logs it.
    fn apply(&self, state: &mut State, id: u64) -> Answered {
        let (status, answer) = match &self.body {
            None => refused(StatusCode::BAD_REQUEST, "invalid_payload"),
            Some(body) => answered(state, &self.ticket, body),
        };
        let outcome = text(&answer, "error").unwrap_or("ok").to_owned();
        record(state, id, &self.call, outcome, status.is_success());
        (status, answer)
    }

    fn unapplied(&self, state: &mut State, id: u64, fault: CallFault) {
        record(state, id, &self.call, format!("{fault:?}"), false);
    }
}

/// `POST /{commands,actions,app}/TEAM/NUMBER/TOKEN`: the app answers a person.
pub(in crate::sandbox) async fn respond(
    AxumState(shared): AxumState<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<ConnectionId>,
    Path((_, team, number, token)): Path<(String, String, String, String)>,
    body: Bytes,
) -> Response {
    let open = shared.begin_call(RESPONSE_URL);
    let body = serde_json::from_slice::<Value>(&body).ok();
    let given = body
        .clone()
        .map(crate::sandbox::json::object)
        .unwrap_or_default();
    let call = Call {
        method: RESPONSE_URL.to_owned(),
        token: None,
        arguments: Ok(Arguments { given }),
        retry_attempt: None,
    };
    let posted = Posted {
        call,
        ticket: format!("{team}/{number}/{token}"),
        body,
    };
    let apply = |state: &mut State| posted.apply(state, open.id);
    let Some(struck) = shared.with(|state| state.misbehaviour.strike_call(RESPONSE_URL)) else {
        let (status, answer) = shared.with(apply);
        return (status, Json(answer)).into_response();
    };
    let unapplied = |state: &mut State| posted.unapplied(state, open.id, struck.fault);
    match struck.fault {
        CallFault::Ratelimited => {
            shared.with(unapplied);
            let retry_after = [("retry-after", struck.retry_after_s.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, retry_after, "ratelimited").into_response()
        }
        CallFault::ServerError => {
            shared.with(unapplied);
            broken(struck.status)
        }
        CallFault::Silence => {
            shared.with(unapplied);
            silence(&shared, connection, open).await
        }
        CallFault::Late => {
            let later = Arc::clone(&shared);
            shared.spawn(async move {
                tokio::time::sleep(Duration::from_millis(struck.delay_ms)).await;
                later.with(|state| {
                    posted.apply(state, open.id);
                    state.clock.tick();
                });
                drop(open);
            });
            broken(struck.status)
        }
        CallFault::AppliedThenSilence => {
            shared.with(apply);
            silence(&shared, connection, open).await
        }
        CallFault::DropConnection => {
            shared.with(unapplied);
            hang_up(&shared, connection).await
        }
        CallFault::AppliedThenDrop => {
            shared.with(apply);
            hang_up(&shared, connection).await
        }
    }
}

type Answered = (StatusCode, Value);

fn refused(status: StatusCode, error: &str) -> Answered {
    (status, json!({"ok": false, "error": error}))
}

fn answered(state: &mut State, ticket: &str, body: &Value) -> Answered {
    let now = state.clock.now();
    let url = match state.tickets.use_url(ticket, now) {
        Ok(url) => url,
        Err(fault) => return refused(StatusCode::NOT_FOUND, &fault.to_string()),
    };
    match answers::answer(state, &url.into(), body) {
        Ok(()) => (StatusCode::OK, json!({"ok": true})),
        Err(fault) => refused(StatusCode::BAD_REQUEST, &fault.to_string()),
    }
}

/// `POST /upload/v1/FILE`: the bytes of a promised file, bare or as a form's only part.
pub(in crate::sandbox) async fn upload(
    AxumState(shared): AxumState<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let _open = shared.begin_call("upload");
    let content_type = headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let bytes = match content_type.split_once("boundary=") {
        Some((kind, boundary)) if kind.starts_with("multipart/") => {
            first_part(&body, boundary.trim_matches('"'))
        }
        _ => Some(body),
    };
    let Some(bytes) = bytes else {
        return (StatusCode::BAD_REQUEST, "malformed multipart body").into_response();
    };
    match shared.with(|state| state.files.upload(&id, bytes)) {
        Ok(n) => format!("OK - {n}").into_response(),
        Err(fault @ FileFault::NotFound) => {
            (StatusCode::NOT_FOUND, fault.to_string()).into_response()
        }
        Err(fault) => (StatusCode::BAD_REQUEST, fault.to_string()).into_response(),
    }
}

/// The content of a multipart body's first part.
fn first_part(body: &Bytes, boundary: &str) -> Option<Bytes> {
    let find = |needle: &[u8], from: usize| {
        let rest = body.get(from..)?;
        rest.windows(needle.len())
            .position(|window| window == needle)
            .map(|at| from + at)
    };
    let start = find(b"\r\n\r\n", 0)? + 4;
    let end = find(format!("\r\n--{boundary}").as_bytes(), start)?;
    Some(body.slice(start..end))
}

/// `GET /files/FILE/NAME`: the bytes of a file, for whoever holds the bot's token.
pub(in crate::sandbox) async fn download(
    AxumState(shared): AxumState<Arc<Shared>>,
    Path((id, _)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let token = bearer(&headers);
    let found = shared.peek(|state| {
        super::authenticate(state, token.as_deref(), super::Token::Bot)?;
        state
            .files
            .bytes(&id)
            .ok_or(Failure::Named("file_not_found"))
    });
    match found {
        Ok(bytes) => bytes.into_response(),
        Err(Failure::Named("file_not_found")) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::FORBIDDEN.into_response(),
    }
}
