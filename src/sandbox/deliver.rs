//! Deliveries to the app: the queue, the retries, and what an acknowledgement sets off.
//! Through which door an attempt goes is decided here; the doors themselves are `socket.rs` and `http_door.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::clock::stopwatch;
use super::connections::Connections;
use super::gestures::{self, Then};
use super::http_door::{self, Post};
use super::json::{Packed, put};
use super::misbehave::DeliveryFault;
use super::state::{Shared, State};

/// Slack retries an event three times: nearly at once, after a minute, after five.
const RETRY_AFTER: [TimeDelta; 3] = [
    TimeDelta::zero(),
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
];
/// The log forgets deliveries that are older than so many.
const REMEMBERED: usize = 10_000;

/// What is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub(super) enum Kind {
    #[serde(rename = "events_api")]
    Event,
    #[serde(rename = "slash_commands")]
    Command,
    #[serde(rename = "interactive")]
    Interaction,
}

impl Kind {
    /// The envelope's `type` in Socket Mode, by which the log names the kind too.
    pub(super) fn envelope_type(self) -> &'static str {
        match self {
            Self::Event => "events_api",
            Self::Command => "slash_commands",
            Self::Interaction => "interactive",
        }
    }

    /// Only events are tried again: a person is waiting for the others and sees that they failed.
    fn is_retried(self) -> bool {
        self == Self::Event
    }
}

/// How it stands with a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Status {
    /// Created, not yet attempted.
    Fresh,
    InFlight,
    /// The next attempt is due at an instant of the workspace's clock.
    Waiting {
        due: DateTime<Utc>,
    },
    Acknowledged,
    GivenUp {
        reason: &'static str,
    },
}

/// What the app answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply {
    /// The acknowledgement's payload, or the body if it was a JSON object.
    pub(super) payload: Option<Value>,
    /// The body, if it was something else.
    pub(super) text: Option<String>,
}

impl Reply {
    pub(super) fn from_socket(payload: Option<Value>) -> Self {
        let payload =
            payload.filter(|payload| payload.as_object().is_some_and(|map| !map.is_empty()));
        Self {
            payload,
            text: None,
        }
    }

    fn to_json(&self) -> Value {
        match (&self.payload, &self.text) {
            (Some(payload), _) => payload.clone(),
            (None, Some(text)) => text.as_str().into(),
            (None, None) => Value::Null,
        }
    }
}

/// What became of a delivery, for the person who waits for it.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    /// Milliseconds until the acknowledgement, if there was one.
    pub(super) ack_ms: Option<u64>,
    /// What went wrong, as Slack would call it.
    pub(super) error: Option<&'static str>,
    pub(super) reply: Value,
    /// What the reply led to, such as the errors of a modal.
    pub(super) effect: Value,
}

/// How one attempt ended, as the socket tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Acknowledged,
    SocketClosed,
}

/// Why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    /// The word in `retry_reason` and `X-Slack-Retry-Reason`.
    pub(super) reason: &'static str,
    /// The app asked not to be tried again.
    pub(super) no_retry: bool,
}

/// One attempt under way.
#[derive(Debug)]
pub(super) enum Attempt {
    Socket(oneshot::Receiver<Signal>),
    Http(Post),
    /// There is no socket to send to, or it was cut off.
    Nobody(&'static str),
    /// Held back: until a later delivery was launched, or so many real milliseconds have passed.
    Held {
        launched: Option<u64>,
        delay: Duration,
    },
}

/// One payload on its way to the app.
#[derive(Debug)]
struct Delivery {
    kind: Kind,
    payload: Packed,
    status: Status,
    attempts: u32,
    retry_reason: Option<&'static str>,
    created_at: DateTime<Utc>,
    sent: Instant,
    ack_ms: Option<u64>,
    reply: Reply,
    then: Then,
    waiter: Option<oneshot::Sender<Outcome>>,
}

/// Everything delivered and to be delivered.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    all: BTreeMap<u64, Delivery>,
    active: BTreeSet<u64>,
    fresh: Vec<u64>,
    /// Duplicates that misbehaviour made; it must not strike them in turn, or there would be no end of them.
    copies: BTreeSet<u64>,
    n: u64,
    /// How many were launched; a held delivery waits for this to grow.
    launched: u64,
}

impl Deliveries {
    /// Queues a payload; it leaves when the change that owes it is complete.
    pub(super) fn queue(
        &mut self,
        kind: Kind,
        payload: &Value,
        then: Then,
        at: DateTime<Utc>,
    ) -> oneshot::Receiver<Outcome> {
        let (waiter, outcome) = oneshot::channel();
        self.n += 1;
        let delivery = Delivery {
            kind,
            payload: Packed::pack(payload),
            status: Status::Fresh,
            attempts: 0,
            retry_reason: None,
            created_at: at,
            sent: stopwatch(),
            ack_ms: None,
            reply: Reply::default(),
            then,
            waiter: Some(waiter),
        };
        self.all.insert(self.n, delivery);
        self.active.insert(self.n);
        self.fresh.push(self.n);
        if self.all.len() > REMEMBERED
            && let Some(oldest) = self
                .all
                .keys()
                .find(|id| !self.active.contains(id))
                .copied()
        {
            self.all.remove(&oldest);
        }
        outcome
    }

    /// Queues what was delivered before once more, as Slack's duplicates come; false if there was no such delivery.
    pub(super) fn again(&mut self, id: Option<u64>, times: u32, at: DateTime<Utc>) -> bool {
        let found = match id {
            Some(id) => self.all.get(&id),
            None => self.all.last_key_value().map(|(_, delivery)| delivery),
        };
        let Some((kind, payload)) =
            found.map(|delivery| (delivery.kind, delivery.payload.unpack()))
        else {
            return false;
        };
        for _ in 0..times {
            self.queue(kind, &payload, Then::Nothing, at);
        }
        true
    }

    /// Queues a copy of a delivery that is itself still to leave.
    fn duplicate(&mut self, id: u64) {
        if let Some(original) = self.all.get(&id) {
            let (kind, payload, at) = (
                original.kind,
                original.payload.unpack(),
                original.created_at,
            );
            // The person who waits, waits for the original.
            drop(self.queue(kind, &payload, Then::Nothing, at));
            self.copies.insert(self.n);
        }
    }

    /// What is on its way, in words.
    pub(super) fn outstanding(&self, now: DateTime<Utc>) -> impl Iterator<Item = String> {
        self.active.iter().filter_map(move |id| {
            let delivery = self.all.get(id)?;
            let on_its_way = match delivery.status {
                Status::Fresh | Status::InFlight => true,
                Status::Waiting { due } => due <= now,
                Status::Acknowledged | Status::GivenUp { .. } => false,
            };
            on_its_way.then(|| {
                format!(
                    "delivery {id} ({}) is on its way",
                    delivery.kind.envelope_type()
                )
            })
        })
    }

    /// When the next attempt at anything is due.
    pub(super) fn next_retry(&self) -> Option<DateTime<Utc>> {
        self.active
            .iter()
            .filter_map(|id| match self.all.get(id)?.status {
                Status::Waiting { due } => Some(due),
                _ => None,
            })
            .min()
    }

    /// The log, oldest first.
    pub(super) fn to_json(&self) -> Vec<Value> {
        self.all
            .iter()
            .map(|(id, delivery)| {
                let (status, reason, due) = match delivery.status {
                    Status::Fresh | Status::InFlight => ("in_flight", None, None),
                    Status::Waiting { due } => ("waiting", delivery.retry_reason, Some(due)),
                    Status::Acknowledged => ("acknowledged", None, None),
                    Status::GivenUp { reason } => ("given_up", Some(reason), None),
                };
                let payload = delivery.payload.unpack();
                json!({
                    "id": id,
                    "kind": delivery.kind.envelope_type(),
                    "type": payload_type(&payload),
                    "payload": payload,
                    "attempts": delivery.attempts,
                    "status": status,
                    "reason": reason,
                    "due": due,
                    "acked": delivery.status == Status::Acknowledged,
                    "ack_ms": delivery.ack_ms,
                    "reply": delivery.reply.to_json(),
                    "at": delivery.created_at,
                })
            })
            .collect()
    }
}

/// What a payload is about: the event's type, the command, or the interaction's type.
fn payload_type(payload: &Value) -> Value {
    ["/event/type", "/command", "/type"]
        .iter()
        .find_map(|pointer| payload.pointer(pointer))
        .cloned()
        .unwrap_or_default()
}

/// Begins the first attempt of everything that a change has queued, in the order in which it was queued.
pub(super) fn launch(state: &mut State, connections: &Connections) -> Vec<(u64, Attempt)> {
    let mut begun = Vec::new();
    // A duplicate queues another delivery while this loop runs.
    while !state.deliveries.fresh.is_empty() {
        for id in std::mem::take(&mut state.deliveries.fresh) {
            let is_copy = state.deliveries.copies.remove(&id);
            let strike = if is_copy {
                None
            } else {
                state.misbehaviour.strike_delivery()
            };
            let delay = Duration::from_millis(strike.map_or(0, |strike| strike.delay_ms));
            state.deliveries.launched += 1;
            let attempt = match strike.map(|strike| strike.fault) {
                None => begin(state, id),
                Some(DeliveryFault::Duplicate) => {
                    state.deliveries.duplicate(id);
                    begin(state, id)
                }
                Some(DeliveryFault::Reorder) => {
                    let launched = Some(state.deliveries.launched);
                    hold(state, id, Attempt::Held { launched, delay })
                }
                Some(DeliveryFault::Delay) => hold(
                    state,
                    id,
                    Attempt::Held {
                        launched: None,
                        delay,
                    },
                ),
                Some(DeliveryFault::DropSocket) => {
                    if let Some(victim) = state.sockets.drop_next() {
                        connections.cut(victim);
                    }
                    hold(state, id, Attempt::Nobody("connection_failed"))
                }
            };
            begun.push((id, attempt));
        }
    }
    begun
}

fn hold(state: &mut State, id: u64, attempt: Attempt) -> Attempt {
    if let Some(delivery) = state.deliveries.all.get_mut(&id) {
        delivery.status = Status::InFlight;
        if matches!(attempt, Attempt::Nobody(_)) {
            delivery.attempts += 1;
        }
    }
    attempt
}

/// Begins one attempt: through HTTP if the app has a request URL, else through the socket whose turn it is.
fn begin(state: &mut State, id: u64) -> Attempt {
    let Some(delivery) = state.deliveries.all.get_mut(&id) else {
        return Attempt::Nobody("unknown_error");
    };
    delivery.status = Status::InFlight;
    delivery.sent = stopwatch();
    let retry = delivery.attempts;
    delivery.attempts += 1;
    let payload = delivery.payload.unpack();
    if let Some(url) = &state.app.request_url {
        let now = state.clock.now();
        let secret = &state.app.credentials.signing_secret;
        let post = http_door::post(url, delivery.kind, &payload, secret, now);
        return Attempt::Http(post.retried(retry, delivery.retry_reason));
    }
    let envelope_id = state.ids.uuid();
    let mut envelope = json!({
        "envelope_id": envelope_id,
        "type": delivery.kind.envelope_type(),
        "payload": payload,
        "accepts_response_payload": delivery.kind != Kind::Event,
    });
    if delivery.kind.is_retried() {
        put(&mut envelope, "retry_attempt", Some(retry.into()));
        put(
            &mut envelope,
            "retry_reason",
            Some(delivery.retry_reason.unwrap_or_default().into()),
        );
    }
    match state.sockets.send(id, envelope_id, &envelope) {
        Some(signal) => Attempt::Socket(signal),
        None => Attempt::Nobody("connection_failed"),
    }
}

/// The app has taken a delivery. A second acknowledgement changes nothing.
pub(super) fn acknowledge(state: &mut State, id: u64, reply: &Reply) {
    let Some(delivery) = state.deliveries.all.get_mut(&id) else {
        return;
    };
    if !state.deliveries.active.remove(&id) {
        return;
    }
    let ack_ms = u64::try_from(
        stopwatch()
            .saturating_duration_since(delivery.sent)
            .as_millis(),
    )
    .unwrap_or(u64::MAX);
    delivery.status = Status::Acknowledged;
    delivery.ack_ms = Some(ack_ms);
    delivery.reply.clone_from(reply);
    let then = delivery.then.clone();
    let waiter = delivery.waiter.take();
    let shown = reply.to_json();
    state.clock.tick();
    let effect = gestures::answered(state, &then, reply);
    if let Some(waiter) = waiter {
        // Events have nobody waiting for them, and a person may have hung up.
        let _ = waiter.send(Outcome {
            ack_ms: Some(ack_ms),
            error: None,
            reply: shown,
            effect,
        });
    }
}

/// An attempt failed; answers when the next one is due, if there is to be one.
fn failed(state: &mut State, id: u64, failure: Failure) -> Option<DateTime<Utc>> {
    let now = state.clock.now();
    state.sockets.give_up(id);
    if !state.deliveries.active.contains(&id) {
        return None;
    }
    let delivery = state.deliveries.all.get_mut(&id)?;
    let wait = usize::try_from(delivery.attempts)
        .ok()
        .and_then(|attempts| RETRY_AFTER.get(attempts.saturating_sub(1)))
        .filter(|_| delivery.kind.is_retried() && !failure.no_retry);
    delivery.retry_reason = Some(failure.reason);
    if let Some(wait) = wait {
        let due = now + *wait;
        delivery.status = Status::Waiting { due };
        return Some(due);
    }
    delivery.status = Status::GivenUp {
        reason: failure.reason,
    };
    let then = delivery.then.clone();
    let waiter = delivery.waiter.take();
    state.deliveries.active.remove(&id);
    state.clock.tick();
    let error = match failure.reason {
        "timeout" | "http_timeout" => "operation_timeout",
        _ => "dispatch_failed",
    };
    gestures::unanswered(state, &then, error);
    if let Some(waiter) = waiter {
        // As above: whoever asked may be gone.
        let _ = waiter.send(Outcome {
            ack_ms: None,
            error: Some(error),
            reply: Value::Null,
            effect: Value::Null,
        });
    }
    None
}

/// Follows one delivery until it is acknowledged or given up.
pub(super) async fn pursue(shared: Arc<Shared>, id: u64, mut attempt: Attempt) {
    let patience = shared.peek(|state| state.app.patience);
    loop {
        let failure = match attempt {
            Attempt::Socket(signal) => match tokio::time::timeout(patience, signal).await {
                Ok(Ok(Signal::Acknowledged)) => return,
                Ok(Ok(Signal::SocketClosed) | Err(_)) => Failure {
                    reason: "connection_failed",
                    no_retry: false,
                },
                Err(_) => Failure {
                    reason: "timeout",
                    no_retry: false,
                },
            },
            Attempt::Http(post) => match http_door::send(&shared.http, post, patience).await {
                Ok(reply) => {
                    shared.with(|state| acknowledge(state, id, &reply));
                    return;
                }
                Err(failure) => failure,
            },
            Attempt::Nobody(reason) => Failure {
                reason,
                no_retry: false,
            },
            Attempt::Held { launched, delay } => {
                held(&shared, launched, delay).await;
                attempt = shared.with(|state| begin(state, id));
                continue;
            }
        };
        let Some(due) = shared.with(|state| failed(state, id, failure)) else {
            return;
        };
        shared.until(due).await;
        attempt = shared.with(|state| begin(state, id));
    }
}

/// Waits until something later was launched, or the delay is over.
async fn held(shared: &Shared, launched: Option<u64>, delay: Duration) {
    let mut pulse = shared.pulse();
    let overtaken = async {
        let Some(launched) = launched else {
            return std::future::pending().await;
        };
        loop {
            pulse.borrow_and_update();
            if shared.peek(|state| state.deliveries.launched) > launched
                || pulse.changed().await.is_err()
            {
                return;
            }
        }
    };
    tokio::select! {
        () = overtaken => {}
        () = tokio::time::sleep(delay) => {}
    }
}
