//! The Web API: which methods there are, who may call them, how often, and what the wire looks like.
//! The table of methods is `methods.rs`; what a method does stands in the file of its family, misbehaviour in `broken.rs`.

mod apps;
mod arguments;
mod broken;
mod chat;
mod conversations;
mod files;
mod links;
mod methods;
mod people;
mod reactions;
mod views;

use std::sync::Arc;

use axum::extract::{ConnectInfo, Path, RawQuery, State as AxumState};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};

pub(super) use links::{download, respond, upload};

use arguments::{Arguments, page};
use broken::{broken, hang_up, misbehave, silence};
use methods::{METHODS, Method, Token};

use super::blocks::Fault;
use super::connections::ConnectionId;
use super::json::{Packed, merge, put};
use super::limits::TooSoon;
use super::state::{CallRecord, Shared, State};

/// Why a call was not done.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum Failure {
    /// By the name that Slack gives it.
    #[error("{0}")]
    Named(&'static str),
    /// The manifest does not grant the scope.
    #[error("missing_scope")]
    MissingScope { needed: &'static str },
    /// `api.test` was asked to fail like this; what it was given comes back.
    #[error("{name}")]
    Asked { name: String, arguments: Value },
    /// Too many calls.
    #[error("ratelimited")]
    TooSoon { retry_after_s: i64 },
    /// The blocks, or the view under `prefix`, are not well-formed.
    #[error("{name}")]
    Malformed {
        name: &'static str,
        prefix: &'static str,
        faults: Vec<Fault>,
    },
}

impl From<TooSoon> for Failure {
    fn from(too_soon: TooSoon) -> Self {
        Self::TooSoon {
            retry_after_s: too_soon.retry_after_s,
        }
    }
}

/// What a method gives back, without `ok`.
type Outcome = Result<Value, Failure>;

/// An answer on its way out.
struct Answer {
    status: StatusCode,
    body: Value,
    headers: Vec<(&'static str, String)>,
    /// For the log.
    outcome: String,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(self.body)).into_response();
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// Whom the token stands for, or why it stands for nobody.
fn authenticate(state: &State, token: Option<&str>, wanted: Token) -> Result<(), Failure> {
    if wanted == Token::Nobody {
        return Ok(());
    }
    let token = token.ok_or(Failure::Named("not_authed"))?;
    let credentials = &state.app.credentials;
    let held = if token == credentials.bot_token {
        Token::Bot
    } else if token == credentials.app_token {
        Token::App
    } else {
        return Err(Failure::Named("invalid_auth"));
    };
    if state.app.revoked.contains(token) {
        return Err(Failure::Named("token_revoked"));
    }
    if held == wanted {
        Ok(())
    } else {
        Err(Failure::Named("not_allowed_token_type"))
    }
}

/// Checks that the method may be called now, and calls it.
fn perform(
    state: &mut State,
    method: &Method,
    token: Option<&str>,
    arguments: &Arguments,
) -> Outcome {
    authenticate(state, token, method.token)?;
    let scopes = &state.app.manifest.scopes;
    if let Some(first) = method.scopes.first()
        && !method.scopes.iter().any(|scope| scopes.contains(*scope))
    {
        return Err(Failure::MissingScope { needed: first });
    }
    let now = state.clock.now();
    state.limits.call(method.name, method.tier, now)?;
    (method.run)(state, arguments)
}

fn answer(state: &State, method: Option<&Method>, outcome: Outcome) -> Answer {
    let mut headers = vec![("x-slack-req-id", "sandbox".to_owned())];
    if method.is_some_and(|method| method.token == Token::Bot) {
        headers.push(("x-oauth-scopes", state.app.manifest.scope_list()));
        headers.push((
            "x-accepted-oauth-scopes",
            method
                .map(|method| method.scopes.join(","))
                .unwrap_or_default(),
        ));
    }
    let failure = match outcome {
        Ok(value) => {
            let mut body = json!({"ok": true});
            merge(&mut body, value);
            return Answer {
                status: StatusCode::OK,
                body,
                headers,
                outcome: "ok".to_owned(),
            };
        }
        Err(failure) => failure,
    };
    let mut body = json!({"ok": false, "error": failure.to_string()});
    let mut status = StatusCode::OK;
    match &failure {
        Failure::Named(_) => {}
        Failure::MissingScope { needed } => {
            merge(
                &mut body,
                json!({"needed": needed, "provided": state.app.manifest.scope_list()}),
            );
        }
        Failure::Asked { arguments, .. } => put(&mut body, "args", Some(arguments.clone())),
        Failure::TooSoon { retry_after_s } => {
            status = StatusCode::TOO_MANY_REQUESTS;
            headers.push(("retry-after", retry_after_s.to_string()));
        }
        Failure::Malformed {
            name,
            prefix,
            faults,
        } if *name == "blocks" => {
            // `blocks.validate` has its own form and its own names.
            let (error, pointer) = prefix.split_once(' ').unwrap_or(("invalid_blocks", prefix));
            let errors: Vec<_> = faults.iter().map(|fault| fault.to_json(pointer)).collect();
            merge(&mut body, json!({"error": error, "errors": errors}));
        }
        Failure::Malformed { prefix, faults, .. } => {
            let messages: Vec<_> = faults.iter().map(|fault| fault.line(prefix)).collect();
            merge(
                &mut body,
                json!({"response_metadata": {"messages": messages}}),
            );
        }
    }
    Answer {
        status,
        body,
        headers,
        outcome: failure.to_string(),
    }
}

/// One call, as the client made it.
struct Call {
    method: String,
    token: Option<String>,
    arguments: Result<Arguments, Failure>,
    retry_attempt: Option<String>,
}

/// Does the call now, and logs it.
fn apply(shared: &Arc<Shared>, id: u64, call: &Call, kept_back: Option<&str>) -> Answer {
    shared.with(|state| {
        let method = METHODS.iter().find(|method| method.name == call.method);
        let outcome = match (&call.arguments, method) {
            (Err(failure), _) => Err(failure.clone()),
            (Ok(_), None) => Err(Failure::Named("unknown_method")),
            (Ok(arguments), Some(method)) => {
                perform(state, method, call.token.as_deref(), arguments)
            }
        };
        let answer = answer(state, method, outcome);
        let applied = answer.outcome == "ok";
        let outcome = kept_back.map_or_else(|| answer.outcome.clone(), str::to_owned);
        record(state, id, call, outcome, applied);
        answer
    })
}

fn record(state: &mut State, id: u64, call: &Call, outcome: String, applied: bool) {
    let arguments = call
        .arguments
        .as_ref()
        .map(Arguments::logged)
        .unwrap_or_default();
    let at = state.clock.now();
    state.calls.record(CallRecord {
        n: id,
        method: call.method.clone(),
        arguments: Packed::pack(&arguments),
        at,
        outcome,
        applied,
        retry_attempt: call.retry_attempt.clone(),
    });
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("authorization")?.to_str().ok()?;
    value
        .strip_prefix("Bearer ")
        .map(|token| token.trim().to_owned())
}

/// `/api/METHOD`.
pub(super) async fn call(
    AxumState(shared): AxumState<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<ConnectionId>,
    Path(method): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let open = shared.begin_call(&method);
    let arguments = Arguments::read(query.as_deref(), &headers, &body);
    let in_form = arguments
        .as_ref()
        .ok()
        .and_then(|arguments| arguments.text("token"));
    let call = Call {
        token: bearer(&headers).or(in_form),
        retry_attempt: headers
            .get("x-slack-retry-num")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
        method,
        arguments,
    };
    let struck = shared.with(|state| state.misbehaviour.strike_call(&call.method));
    match struck {
        None => apply(&shared, open.id, &call, None).into_response(),
        Some(struck) => misbehave(&shared, connection, open, call, struck).await,
    }
}
