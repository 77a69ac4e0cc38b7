//! The Web API: which methods there are, who may call them, how often, and what the wire looks like.
//! What a method does stands in the file of its family; misbehaviour is acted out here, before or after it.

mod apps;
mod chat;
mod conversations;
mod files;
mod links;
mod people;
mod reactions;
mod views;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Path, RawQuery, State as AxumState};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Map, Value, json};

pub(super) use links::{download, respond, upload};

use super::blocks::Fault;
use super::connections::ConnectionId;
use super::json::{merge, put};
use super::limits::{Tier, TooSoon};
use super::misbehave::{CallFault, StruckCall};
use super::state::{CallRecord, OpenCall, Shared, State};

/// A silent call is cut off after this long, so that a client without a timeout does not leak.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// Why a call was not done.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum Failure {
    /// By the name that Slack gives it.
    #[error("{0}")]
    Named(&'static str),
    /// The manifest does not grant the scope.
    #[error("missing_scope")]
    MissingScope { needed: &'static str },
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

/// Which token a method wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Bot,
    App,
    /// None at all.
    Nobody,
}

/// One method: its name, its limits, and what does it.
struct Method {
    name: &'static str,
    tier: Tier,
    token: Token,
    /// Scopes of which one must be granted; which one exactly may depend on the channel.
    scopes: &'static [&'static str],
    run: fn(&mut State, &Arguments) -> Outcome,
}

const fn bot(
    name: &'static str,
    tier: Tier,
    scopes: &'static [&'static str],
    run: fn(&mut State, &Arguments) -> Outcome,
) -> Method {
    Method {
        name,
        tier,
        token: Token::Bot,
        scopes,
        run,
    }
}

const READ: &[&str] = &["channels:read", "groups:read", "im:read", "mpim:read"];
const HISTORY: &[&str] = &[
    "channels:history",
    "groups:history",
    "im:history",
    "mpim:history",
];

/// Every method that the workspace has. Tiers are those of Slack's pages; `apps.connections.open` is taken at tier 3,
/// as its page says, because at the Java SDK's tier 1 an app could not even open its second socket.
const METHODS: &[Method] = &[
    Method {
        name: "api.test",
        tier: Tier::Four,
        token: Token::Nobody,
        scopes: &[],
        run: apps::api_test,
    },
    Method {
        name: "apps.connections.open",
        tier: Tier::Three,
        token: Token::App,
        scopes: &[],
        run: apps::connections_open,
    },
    bot("auth.test", Tier::Special, &[], apps::auth_test),
    bot("blocks.validate", Tier::Special, &[], apps::blocks_validate),
    bot("chat.delete", Tier::Three, &["chat:write"], chat::delete),
    bot("chat.getPermalink", Tier::Special, &[], chat::permalink),
    bot(
        "chat.postEphemeral",
        Tier::Four,
        &["chat:write"],
        chat::post_ephemeral,
    ),
    bot(
        "chat.postMessage",
        Tier::Posting,
        &["chat:write"],
        chat::post_message,
    ),
    bot("chat.update", Tier::Three, &["chat:write"], chat::update),
    bot(
        "conversations.history",
        Tier::Three,
        HISTORY,
        conversations::history,
    ),
    bot("conversations.info", Tier::Three, READ, conversations::info),
    bot(
        "conversations.join",
        Tier::Three,
        &["channels:join"],
        conversations::join,
    ),
    bot("conversations.list", Tier::Two, READ, conversations::list),
    bot(
        "conversations.members",
        Tier::Four,
        READ,
        conversations::members,
    ),
    bot(
        "conversations.open",
        Tier::Three,
        &["im:write", "mpim:write"],
        conversations::open,
    ),
    bot(
        "conversations.replies",
        Tier::Three,
        HISTORY,
        conversations::replies,
    ),
    bot(
        "files.completeUploadExternal",
        Tier::Four,
        &["files:write"],
        files::complete,
    ),
    bot(
        "files.getUploadURLExternal",
        Tier::Four,
        &["files:write"],
        files::upload_url,
    ),
    bot("files.info", Tier::Four, &["files:read"], files::info),
    bot(
        "reactions.add",
        Tier::Three,
        &["reactions:write"],
        reactions::add,
    ),
    bot(
        "reactions.get",
        Tier::Three,
        &["reactions:read"],
        reactions::get,
    ),
    bot(
        "usergroups.list",
        Tier::Two,
        &["usergroups:read"],
        people::groups,
    ),
    bot(
        "usergroups.users.list",
        Tier::Two,
        &["usergroups:read"],
        people::group_members,
    ),
    bot("users.info", Tier::Four, &["users:read"], people::info),
    bot("users.list", Tier::Two, &["users:read"], people::list),
    bot(
        "users.lookupByEmail",
        Tier::Three,
        &["users:read.email"],
        people::by_email,
    ),
    bot("views.open", Tier::Four, &[], views::open),
    bot("views.publish", Tier::Four, &[], views::publish),
    bot("views.push", Tier::Four, &[], views::push),
    bot("views.update", Tier::Four, &[], views::update),
];

/// The arguments of a call, wherever they stood.
#[derive(Debug, Clone, Default)]
pub(super) struct Arguments {
    given: Map<String, Value>,
}

impl Arguments {
    fn read(query: Option<&str>, headers: &HeaderMap, body: &Bytes) -> Result<Self, Failure> {
        let mut given = Map::new();
        let mut form = |bytes: &[u8]| {
            for (key, value) in form_urlencoded::parse(bytes) {
                given.insert(key.into_owned(), Value::String(value.into_owned()));
            }
        };
        form(query.unwrap_or_default().as_bytes());
        let content_type = headers
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if content_type.starts_with("application/json") {
            if !body.is_empty() {
                let parsed: Value =
                    serde_json::from_slice(body).map_err(|_| Failure::Named("invalid_json"))?;
                match parsed {
                    Value::Object(map) => given.extend(map),
                    _ => return Err(Failure::Named("json_not_object")),
                }
            }
        } else if content_type.starts_with("application/x-www-form-urlencoded")
            || content_type.is_empty()
        {
            form(body);
        } else if !body.is_empty() {
            return Err(Failure::Named("invalid_post_type"));
        }
        Ok(Self { given })
    }

    /// A text argument; numbers given as such are taken too.
    fn text(&self, key: &str) -> Option<String> {
        match self.given.get(key)? {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    fn required(&self, key: &str) -> Result<String, Failure> {
        self.text(key).ok_or(Failure::Named("invalid_arguments"))
    }

    fn flag(&self, key: &str) -> bool {
        match self.given.get(key) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "true" || text == "1",
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            _ => false,
        }
    }

    fn number(&self, key: &str) -> Option<i64> {
        self.text(key).and_then(|text| text.parse().ok())
    }

    /// A structured argument: JSON itself in a JSON body, JSON as text in a form.
    fn json(&self, key: &str) -> Result<Option<Value>, ()> {
        match self.given.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|_| ()),
            Some(other) => Ok(Some(other.clone())),
        }
    }

    /// A structured argument that must be a list if it is there.
    fn list(&self, key: &str, malformed: &'static str) -> Result<Vec<Value>, Failure> {
        match self.json(key) {
            Ok(None) => Ok(Vec::new()),
            Ok(Some(Value::Array(items))) => Ok(items),
            Ok(Some(_)) | Err(()) => Err(Failure::Named(malformed)),
        }
    }

    /// For the log: everything but the token.
    fn logged(&self) -> Value {
        let mut given = self.given.clone();
        given.remove("token");
        Value::Object(given)
    }
}

/// One page of a long list, as Slack's cursors cut it.
fn page(items: Vec<Value>, arguments: &Arguments, default: usize, key: &str) -> Outcome {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let from = match arguments.text("cursor") {
        None => 0,
        Some(cursor) => STANDARD
            .decode(cursor)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| {
                text.strip_prefix("offset:")
                    .and_then(|offset| offset.parse::<usize>().ok())
            })
            .ok_or(Failure::Named("invalid_cursor"))?,
    };
    let limit = match arguments.number("limit") {
        None | Some(0) => default,
        Some(limit) => usize::try_from(limit)
            .ok()
            .filter(|limit| *limit <= 1000)
            .ok_or(Failure::Named("invalid_limit"))?,
    };
    let n = items.len();
    let page: Vec<_> = items.into_iter().skip(from).take(limit).collect();
    let end = from + page.len();
    let next = if end < n {
        STANDARD.encode(format!("offset:{end}"))
    } else {
        String::new()
    };
    let mut answer = json!({"response_metadata": {"next_cursor": next}});
    put(&mut answer, key, Some(page.into()));
    Ok(answer)
}

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
        arguments,
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

/// Acts a fault out.
async fn misbehave(
    shared: &Arc<Shared>,
    connection: ConnectionId,
    open: OpenCall,
    call: Call,
    struck: StruckCall,
) -> Response {
    let unapplied = |outcome: &str| {
        shared.with(|state| record(state, open.id, &call, outcome.to_owned(), false));
    };
    match struck.fault {
        CallFault::Ratelimited => {
            unapplied("ratelimited");
            let failure = Failure::TooSoon {
                retry_after_s: struck.retry_after_s,
            };
            shared
                .peek(|state| answer(state, None, Err(failure)))
                .into_response()
        }
        CallFault::ServerError => {
            unapplied("server_error");
            broken(struck.status)
        }
        CallFault::Silence => {
            unapplied("silence");
            silence(shared, connection, open).await
        }
        CallFault::Late => {
            let shared_later = Arc::clone(shared);
            shared.spawn(async move {
                tokio::time::sleep(Duration::from_millis(struck.delay_ms)).await;
                drop(apply(&shared_later, open.id, &call, Some("late")));
                shared_later.with(|state| state.clock.tick());
                drop(open);
            });
            broken(struck.status)
        }
        CallFault::AppliedThenSilence => {
            drop(apply(shared, open.id, &call, Some("applied_then_silence")));
            silence(shared, connection, open).await
        }
        CallFault::DropConnection => {
            unapplied("drop_connection");
            hang_up(shared, connection).await
        }
        CallFault::AppliedThenDrop => {
            drop(apply(shared, open.id, &call, Some("applied_then_drop")));
            hang_up(shared, connection).await
        }
    }
}

fn broken(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    (
        status,
        "something broke inside the sandbox, as it was told to",
    )
        .into_response()
}

/// Says nothing for as long as the client stays, but no longer than a minute; the call stays under way meanwhile.
async fn silence(shared: &Arc<Shared>, connection: ConnectionId, open: OpenCall) -> Response {
    tokio::time::sleep(LONGEST_SILENCE).await;
    drop(open);
    hang_up(shared, connection).await
}

/// Ends the connection without an answer.
async fn hang_up(shared: &Arc<Shared>, connection: ConnectionId) -> Response {
    shared.connections.cut(connection);
    // The connection's end drops this handler; there is nothing to return.
    std::future::pending().await
}
