//! The signed HTTP door. Trusts nothing before its signature, and looks into a
//! delivery only as far as it must to hand it on.
//!
//! Each connection is a task of its own: a panic behind the door ends that
//! connection, Slack delivers again, and the server goes on. A client that
//! leaves drops its request wherever it stands, so what is behind the door must
//! be able to bear that.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;
use tokio::time::timeout;
use url::form_urlencoded;

use super::{Answer, Delivery, DeliveryKind, Receive};
use crate::clock::Clock;

/// The largest thing that Slack sends, a modal with everything in it, stays
/// under a quarter of this.
const LARGEST_BODY: usize = 1024 * 1024;

/// How far a delivery's timestamp may stray from ours, as Slack recommends:
/// what was recorded on the way can't be played again later.
const LEEWAY_SECONDS: u64 = 300;

/// How long a body may take to arrive: Slack itself gives up after three seconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// The secret with which Slack signs what it delivers.
#[derive(Clone)]
pub struct SigningSecret(Hmac<Sha256>);

impl SigningSecret {
    /// Takes the secret as Slack's app page shows it.
    pub fn new(secret: &str) -> Result<Self, EmptySecret> {
        if secret.is_empty() {
            return Err(EmptySecret);
        }
        // Keyed once; each check starts from a copy of the keyed state.
        Hmac::new_from_slice(secret.as_bytes())
            .map(Self)
            .map_err(|_| EmptySecret)
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

/// An empty secret, with which anybody could sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signing secret is empty")]
pub struct EmptySecret;

struct Door {
    secret: SigningSecret,
    clock: Clock,
    receive: Receive,
}

/// Returns the door: `/slack/events`, `/slack/commands`, `/slack/interactions`.
pub fn router(secret: SigningSecret, clock: Clock, receive: Receive) -> Router {
    let door = Door {
        secret,
        clock,
        receive,
    };
    Router::new()
        .route("/slack/events", post(event))
        .route("/slack/commands", post(command))
        .route("/slack/interactions", post(interaction))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(Arc::new(door))
}

/// Why a request was turned away at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum TurnedAway {
    #[error("not signed by Slack, or not just now")]
    Unsigned,
    #[error("larger than anything that Slack sends")]
    TooLarge,
    #[error("not there within three seconds")]
    Late,
    #[error("not in the form that Slack documents")]
    Unreadable,
}

impl IntoResponse for TurnedAway {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Unsigned => StatusCode::UNAUTHORIZED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
            Self::Unreadable => StatusCode::BAD_REQUEST,
        };
        tracing::warn!(reason = %self, "a request was turned away");
        (status, self.to_string()).into_response()
    }
}

async fn event(State(door): State<Arc<Door>>, request: Request) -> Result<Response, TurnedAway> {
    let body = door.authentic(request).await?;
    let payload: Value = serde_json::from_slice(&body).map_err(|_| TurnedAway::Unreadable)?;
    let text = |field| payload.get(field).and_then(Value::as_str);
    if text("type") == Some("url_verification") {
        let challenge = text("challenge").ok_or(TurnedAway::Unreadable)?;
        return Ok(challenge.to_owned().into_response());
    }
    Ok(door.hand_on(DeliveryKind::Event, payload).await)
}

async fn command(State(door): State<Arc<Door>>, request: Request) -> Result<Response, TurnedAway> {
    let body = door.authentic(request).await?;
    let fields: Map<String, Value> = form_urlencoded::parse(&body)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    if !fields.contains_key("command") {
        return Err(TurnedAway::Unreadable);
    }
    Ok(door
        .hand_on(DeliveryKind::Command, Value::Object(fields))
        .await)
}

async fn interaction(
    State(door): State<Arc<Door>>,
    request: Request,
) -> Result<Response, TurnedAway> {
    let body = door.authentic(request).await?;
    let payload = form_urlencoded::parse(&body)
        .find(|(name, _)| name == "payload")
        .and_then(|(_, payload)| serde_json::from_str(&payload).ok())
        .ok_or(TurnedAway::Unreadable)?;
    Ok(door.hand_on(DeliveryKind::Interaction, payload).await)
}

impl Door {
    /// Reads the body and checks who signed it, before anyone reads what it says.
    async fn authentic(&self, request: Request) -> Result<Bytes, TurnedAway> {
        let seal = Seal::of(request.headers()).ok_or(TurnedAway::Unsigned)?;
        let arriving = timeout(PATIENCE, Bytes::from_request(request, &()));
        let arrived = arriving.await.map_err(|_elapsed| TurnedAway::Late)?;
        let body = arrived.map_err(|refused| {
            if refused.status() == StatusCode::PAYLOAD_TOO_LARGE {
                TurnedAway::TooLarge
            } else {
                TurnedAway::Unreadable
            }
        })?;
        if seal.is_genuine(&body, &self.secret, self.clock.now()) {
            Ok(body)
        } else {
            Err(TurnedAway::Unsigned)
        }
    }

    async fn hand_on(&self, kind: DeliveryKind, payload: Value) -> Response {
        match (self.receive)(Delivery { kind, payload }).await {
            // Not one byte: Slack would show it to the person.
            Answer::Acknowledged => StatusCode::OK.into_response(),
            Answer::With(payload) => {
                let json = HeaderValue::from_static("application/json");
                ([(header::CONTENT_TYPE, json)], payload.to_string()).into_response()
            }
            Answer::NotKept => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }
}

/// What Slack says in the headers about who sent a body, and when.
#[derive(Debug, Clone)]
pub struct Seal {
    signature: [u8; 32],
    timestamp: HeaderValue,
    sent_at: i64,
}

impl Seal {
    /// Reads the two headers; nothing, where they aren't of Slack's form.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut signature = [0; 32];
        let hex = headers.get("x-slack-signature")?.as_bytes();
        hex::decode_to_slice(hex.strip_prefix(b"v0=")?, &mut signature).ok()?;
        let timestamp = headers.get("x-slack-request-timestamp")?.clone();
        let sent_at = timestamp.to_str().ok()?.parse().ok()?;
        Some(Self {
            signature,
            timestamp,
            sent_at,
        })
    }

    /// Whether whoever holds the secret sealed this body, and at most five minutes
    /// from `now`.
    pub fn is_genuine(&self, body: &[u8], secret: &SigningSecret, now: DateTime<Utc>) -> bool {
        let mut mac = secret.0.clone();
        mac.update(b"v0:");
        mac.update(self.timestamp.as_bytes());
        mac.update(b":");
        mac.update(body);
        // Compares in constant time.
        mac.verify_slice(&self.signature).is_ok()
            && now.timestamp().abs_diff(self.sent_at) <= LEEWAY_SECONDS
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    /// The example in Slack's documentation of request signing.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const SENT_AT: i64 = 1_531_420_618;
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow\
        &channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner\
        &command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands\
        %2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
        &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn seal(signature: &str, timestamp: &str) -> Option<Seal> {
        let mut headers = HeaderMap::new();
        headers.insert("x-slack-signature", signature.parse().unwrap());
        headers.insert("x-slack-request-timestamp", timestamp.parse().unwrap());
        Seal::of(&headers)
    }

    fn genuine(signature: &str, timestamp: &str, body: &str, minutes_later: i64) -> bool {
        let now = DateTime::from_timestamp(SENT_AT, 0).unwrap();
        seal(signature, timestamp).is_some_and(|seal| {
            seal.is_genuine(
                body.as_bytes(),
                &SigningSecret::new(SECRET).unwrap(),
                now + TimeDelta::minutes(minutes_later),
            )
        })
    }

    #[test]
    fn slacks_published_example_is_genuine() {
        assert!(genuine(SIGNATURE, "1531420618", BODY, 0));
        assert!(genuine(SIGNATURE, "1531420618", BODY, 5));
        assert!(genuine(SIGNATURE, "1531420618", BODY, -5));
    }

    #[test]
    fn whatever_was_touched_is_not() {
        assert!(!genuine(
            SIGNATURE,
            "1531420618",
            &BODY.replace("foobar", "foobaz"),
            0
        ));
        assert!(!genuine(SIGNATURE, "1531420619", BODY, 0));
        assert!(!genuine(
            &SIGNATURE.replace("a2", "a3"),
            "1531420618",
            BODY,
            0
        ));
        assert!(!genuine(
            &SIGNATURE.replace("v0=", "v1="),
            "1531420618",
            BODY,
            0
        ));
        assert!(!genuine(&SIGNATURE[..65], "1531420618", BODY, 0));
        assert!(!genuine(SIGNATURE, "soon", BODY, 0));
        assert!(!genuine(SIGNATURE, "-9223372036854775808", BODY, 0));
    }

    #[test]
    fn six_minutes_are_too_long() {
        assert!(!genuine(SIGNATURE, "1531420618", BODY, 6));
        assert!(!genuine(SIGNATURE, "1531420618", BODY, -6));
    }

    #[test]
    fn a_secret_shows_itself_to_nobody() {
        assert!(!format!("{:?}", SigningSecret::new(SECRET)).contains("8f74"));
        assert_eq!(SigningSecret::new("").unwrap_err(), EmptySecret);
    }
}
