//! The Socket Mode door: two connections to Slack, many deliveries in flight on
//! each, and an acknowledgement only for what was kept.
//!
//! Logs neither payloads nor addresses, which carry tickets. Decides nothing
//! about a delivery but its kind.
//!
//! A loop of our own, because slack-morphism's handles one delivery at a time,
//! may wait for ever for a connection, and goes deaf when a handler panics.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message, Utf8Bytes};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
};

use super::client::SlackClient;
use super::error::SlackError;
use super::{Answer, Delivery, DeliveryKind, Receive};
use crate::clock::{Clock, Stopwatch};
use crate::stop::Stop;

/// So that while one connection is replaced, another hears. Slack allows ten.
const CONNECTIONS: usize = 2;

/// How many deliveries each connection has in hand; one more waits its turn.
const MOST_IN_FLIGHT: usize = 32;

/// Larger than any delivery that Slack documents, and no danger to memory.
const LARGEST_MESSAGE: usize = 4 * 1024 * 1024;

/// How long deliveries in hand may take once their connection is over. Slack
/// waits three seconds for the acknowledgement.
const DRAIN: Duration = Duration::from_secs(10);

/// How long a connection that we close waits for Slack to have read its last
/// acknowledgements.
const GOODBYE: Duration = Duration::from_secs(1);

/// How patient the door is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long a connection may take from the first packet to `hello`, and a
    /// message to leave.
    pub handshake: Duration,
    /// How often we ask whether the other end lives.
    pub ping_every: Duration,
    /// How long a silence means that it doesn't.
    pub silence: Duration,
    /// How long the first pause between attempts is; each next one doubles.
    pub first_pause: Duration,
    /// How long a pause grows at most, and how long a connection must have
    /// lived to count as a good one.
    pub longest_pause: Duration,
    /// How long a connection that Slack is about to close is still listened to.
    pub linger: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            ping_every: Duration::from_secs(15),
            // Five pings without an answer.
            silence: Duration::from_secs(75),
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
            // Slack warns about ten seconds ahead.
            linger: Duration::from_secs(30),
        }
    }
}

/// What the door has heard; for `doctor` and `/readyz`. Clones show the same.
#[derive(Debug, Clone, Default)]
pub struct Heard(Arc<State>);

#[derive(Debug, Default)]
struct State {
    open: watch::Sender<usize>,
    last_hello: Mutex<Option<DateTime<Utc>>>,
}

impl Heard {
    /// Returns how many connections are open and greeted.
    pub fn connections(&self) -> usize {
        *self.0.open.borrow()
    }

    /// Waits until so many connections are open and greeted.
    pub async fn connected(&self, at_least: usize) {
        // The sending end lives as long as `self`, so there is always an answer.
        let mut open = self.0.open.subscribe();
        let _open = open.wait_for(|open| *open >= at_least).await;
    }

    /// Returns when Slack last said hello.
    pub fn last_hello(&self) -> Option<DateTime<Utc>> {
        *self.lock()
    }

    fn hello(&self, now: DateTime<Utc>) -> Greeted {
        *self.lock() = Some(now);
        self.0.open.send_modify(|open| *open += 1);
        Greeted(self.clone())
    }

    /// An instant is written whole, so a poisoned lock still holds a good one.
    fn lock(&self) -> MutexGuard<'_, Option<DateTime<Utc>>> {
        self.0
            .last_hello
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open connection, as long as it is one.
struct Greeted(Heard);

impl Drop for Greeted {
    fn drop(&mut self) {
        self.0.0.open.send_modify(|open| *open -= 1);
    }
}

struct Door {
    client: SlackClient,
    receive: Receive,
    clock: Clock,
    heard: Heard,
    pace: Pace,
}

/// Keeps two connections open and hands what they bring to `receive`, until
/// told to stop; then reads no more, finishes what is in hand, and closes.
///
/// Fails only if Slack refuses the app's token before it ever said hello: that
/// is a wrong token. One that is refused later may be put right meanwhile.
pub async fn run(
    client: SlackClient,
    receive: Receive,
    clock: Clock,
    heard: Heard,
    pace: Pace,
    stop: Stop,
) -> Result<(), SlackError> {
    let door = Arc::new(Door {
        client,
        receive,
        clock,
        heard,
        pace,
    });
    let mut kept = JoinSet::new();
    for _ in 0..CONNECTIONS {
        kept.spawn(keep_open(Arc::clone(&door), stop.clone()));
    }
    while let Some(ended) = kept.join_next().await {
        match ended {
            // The other attempts end with the set.
            Ok(kept) => kept?,
            Err(error) => report_panic(Some(error)),
        }
    }
    Ok(())
}

/// Keeps one connection open, whatever becomes of each.
async fn keep_open(door: Arc<Door>, stop: Stop) -> Result<(), SlackError> {
    // The present connection, and those that are still finishing.
    let mut lines = JoinSet::new();
    let mut failures = 0;
    loop {
        let opened = tokio::select! {
            () = stop.told() => break,
            opened = door.open() => opened,
        };
        let pause = match opened {
            Ok(line) => {
                let age = Stopwatch::start();
                let (leaving, left) = oneshot::channel();
                lines.spawn(attend(Arc::clone(&door), line, leaving, stop.clone()));
                tokio::select! {
                    () = stop.told() => break,
                    // Whether it says so or is gone, another is needed.
                    _ = left => {}
                }
                if age.elapsed() >= door.pace.longest_pause {
                    failures = 0;
                }
                door.pace.pause(failures, chance())
            }
            Err(OpenError::Slack(error))
                if error.concerns_the_token() && door.heard.last_hello().is_none() =>
            {
                return Err(error);
            }
            Err(error) => {
                failures = failures.max(1);
                let pause = door.pace.pause(failures, chance());
                if matches!(&error, OpenError::Slack(error) if error.concerns_the_token()) {
                    tracing::error!(%error, "Slack refuses SLACK_APP_TOKEN: nothing that people do comes in until it is mended. Make a new App-Level Token with connections:write on your app's page, Basic Information, set it and restart; if Slack takes this one again, the bot goes on by itself");
                } else {
                    tracing::warn!(%error, ?pause, "Socket Mode: can't connect");
                }
                match error {
                    OpenError::Slack(SlackError::RateLimited { retry_after }) => {
                        pause.max(retry_after)
                    }
                    OpenError::Slack(_)
                    | OpenError::Late
                    | OpenError::Network(_)
                    | OpenError::Status(_)
                    | OpenError::Protocol => pause,
                }
            }
        };
        failures += 1;
        while let Some(ended) = lines.try_join_next() {
            report_panic(ended.err());
        }
        tokio::select! {
            () = stop.told() => break,
            () = sleep(pause) => {}
        }
    }
    while let Some(ended) = lines.join_next().await {
        report_panic(ended.err());
    }
    Ok(())
}

impl Pace {
    /// Returns how long to wait after so many failures in a row. The first
    /// costs nothing; `chance`, from 0 to 1, keeps many bots from coming back
    /// in step.
    fn pause(&self, failures: u32, chance: f64) -> Duration {
        let Some(doublings) = failures.checked_sub(1) else {
            return Duration::ZERO;
        };
        let longest = self
            .first_pause
            .saturating_mul(2_u32.saturating_pow(doublings))
            .min(self.longest_pause);
        longest.mul_f64(0.5 + chance / 2.0)
    }
}

/// Returns a number from 0 to 1, or the middle where the system has no chance
/// to offer.
fn chance() -> f64 {
    getrandom::u32().map_or(0.5, |drawn| f64::from(drawn) / f64::from(u32::MAX))
}

fn report_panic(ended: Option<JoinError>) {
    if ended.is_some_and(|error| error.is_panic()) {
        tracing::error!("Socket Mode: a connection's task panicked");
    }
}

type WebSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A connection on which Slack has spoken.
struct Line {
    socket: WebSocket,
    first: Utf8Bytes,
}

/// A connection couldn't be opened. Never quotes an address.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error(transparent)]
    Slack(#[from] SlackError),
    #[error("no hello in time")]
    Late,
    #[error("the network: {0}")]
    Network(std::io::ErrorKind),
    #[error("HTTP status {0}")]
    Status(u16),
    #[error("what answers doesn't speak the protocol")]
    Protocol,
}

impl From<WebSocketError> for OpenError {
    fn from(error: WebSocketError) -> Self {
        match error {
            WebSocketError::Io(error) => Self::Network(error.kind()),
            WebSocketError::Http(response) => Self::Status(response.status().as_u16()),
            WebSocketError::ConnectionClosed
            | WebSocketError::AlreadyClosed
            | WebSocketError::Tls(_)
            | WebSocketError::Capacity(_)
            | WebSocketError::Protocol(_)
            | WebSocketError::WriteBufferFull(_)
            | WebSocketError::Utf8(_)
            | WebSocketError::AttackAttempt
            | WebSocketError::Url(_)
            | WebSocketError::HttpFormat(_) => Self::Protocol,
        }
    }
}

impl Door {
    /// Opens a connection and waits until Slack speaks on it.
    async fn open(&self) -> Result<Line, OpenError> {
        let address = self.client.open_socket().await?;
        let spoken = async {
            let config = WebSocketConfig::default().max_message_size(Some(LARGEST_MESSAGE));
            let connector = Connector::Rustls(self.client.tls());
            let (mut socket, _) = connect_async_tls_with_config(
                address.as_str(),
                Some(config),
                true,
                Some(connector),
            )
            .await?;
            loop {
                match socket.next().await {
                    Some(Ok(Message::Text(first))) => return Ok(Line { socket, first }),
                    Some(Ok(Message::Close(_))) | None => return Err(OpenError::Protocol),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(error.into()),
                }
            }
        };
        timeout(self.pace.handshake, spoken)
            .await
            .unwrap_or(Err(OpenError::Late))
    }
}

/// One thing that Slack says on a connection.
#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    envelope_id: Option<String>,
    #[serde(default)]
    payload: Value,
    #[serde(default)]
    accepts_response_payload: bool,
    reason: Option<String>,
}

/// What we say to an envelope. Slack tells one by its identifier, and knows a
/// payload only where it asked for one.
#[derive(Serialize)]
struct Acknowledgement {
    envelope_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Value>,
}

/// What a frame means for its connection.
enum Turn {
    Hello,
    Leave,
    Kept(String, bool, Delivery),
    Unknown(Option<String>),
}

fn read(text: &str) -> Option<Turn> {
    let frame: Frame = serde_json::from_str(text).ok()?;
    let kind = match frame.kind.as_str() {
        "hello" => return Some(Turn::Hello),
        "disconnect" => {
            let reason = frame.reason.as_deref().unwrap_or("none given");
            tracing::info!(reason, "Socket Mode: Slack closes this connection");
            return Some(Turn::Leave);
        }
        "events_api" => DeliveryKind::Event,
        "slash_commands" => DeliveryKind::Command,
        "interactive" => DeliveryKind::Interaction,
        other => {
            tracing::warn!(kind = other, "Socket Mode: an unknown kind of delivery");
            return Some(Turn::Unknown(frame.envelope_id));
        }
    };
    let payload = frame.payload;
    Some(Turn::Kept(
        frame.envelope_id?,
        frame.accepts_response_payload,
        Delivery { kind, payload },
    ))
}

/// A connection, and what it has in hand.
struct Attended {
    door: Arc<Door>,
    socket: WebSocket,
    in_flight: JoinSet<Option<Acknowledgement>>,
    /// Told once that another connection is needed.
    leaving: Option<oneshot::Sender<()>>,
    greeted: Option<Greeted>,
    /// Since anything was last heard.
    silence: Stopwatch,
    /// Since Slack said that it will close.
    warned: Option<Stopwatch>,
}

/// The connection is over: nothing more is heard, and nothing can be said.
struct Over;

/// Listens on one connection until it is over or the program is.
async fn attend(door: Arc<Door>, line: Line, leaving: oneshot::Sender<()>, stop: Stop) {
    let mut line_in = Attended {
        door,
        socket: line.socket,
        in_flight: JoinSet::new(),
        leaving: Some(leaving),
        greeted: None,
        silence: Stopwatch::start(),
        warned: None,
    };
    let ended = match line_in.heed(&line.first).await {
        Ok(()) => line_in.listen(&stop).await,
        Err(over) => Err(over),
    };
    line_in.leave();
    line_in.greeted = None;
    line_in.finish(ended.is_ok()).await;
}

impl Attended {
    /// Listens until told to stop (`Ok`) or until the connection is over.
    async fn listen(&mut self, stop: &Stop) -> Result<(), Over> {
        let mut ping = interval(self.door.pace.ping_every);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let full = self.in_flight.len() >= MOST_IN_FLIGHT;
            tokio::select! {
                () = stop.told() => return Ok(()),
                Some(done) = self.in_flight.join_next() => {
                    if full {
                        // While nothing was read, nothing could be heard.
                        self.silence = Stopwatch::start();
                    }
                    self.acknowledge(done).await?;
                }
                frame = self.socket.next(), if !full => {
                    self.silence = Stopwatch::start();
                    match frame {
                        Some(Ok(Message::Text(text))) => self.heed(&text).await?,
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Over),
                        Some(Ok(
                            Message::Ping(_)
                            | Message::Pong(_)
                            | Message::Binary(_)
                            | Message::Frame(_),
                        )) => {}
                    }
                }
                _ = ping.tick() => {
                    if !full && self.silence.elapsed() > self.door.pace.silence {
                        tracing::warn!("Socket Mode: a connection went silent");
                        return Err(Over);
                    }
                    if self.warned.is_some_and(|since| since.elapsed() > self.door.pace.linger) {
                        return Ok(());
                    }
                    self.say(Message::Ping(Vec::new().into())).await?;
                }
            }
        }
    }

    async fn heed(&mut self, text: &str) -> Result<(), Over> {
        match read(text) {
            Some(Turn::Hello) => {
                let now = self.door.clock.now();
                self.greeted = Some(self.door.heard.hello(now));
            }
            Some(Turn::Leave) => {
                self.warned.get_or_insert_with(Stopwatch::start);
                self.leave();
            }
            Some(Turn::Kept(envelope_id, accepts_payload, delivery)) => {
                let receive = Arc::clone(&self.door.receive);
                self.in_flight.spawn(async move {
                    let answer = receive(delivery).await;
                    Acknowledgement::of(envelope_id, accepts_payload, answer)
                });
            }
            // Delivered again it would be no better known.
            Some(Turn::Unknown(Some(envelope_id))) => {
                let acknowledgement = Acknowledgement {
                    envelope_id,
                    payload: None,
                };
                self.acknowledge(Ok(Some(acknowledgement))).await?;
            }
            Some(Turn::Unknown(None)) => {}
            None => tracing::warn!("Socket Mode: something that can't be read"),
        }
        Ok(())
    }

    /// Acknowledges what was kept. What was not kept comes again.
    async fn acknowledge(
        &mut self,
        done: Result<Option<Acknowledgement>, JoinError>,
    ) -> Result<(), Over> {
        match done {
            Ok(Some(acknowledgement)) => {
                let text = serde_json::to_string(&acknowledgement).map_err(|_| Over)?;
                self.say(Message::Text(text.into())).await
            }
            Ok(None) => Ok(()),
            Err(_panicked) => {
                tracing::error!("a handler panicked; its delivery is not acknowledged");
                Ok(())
            }
        }
    }

    async fn say(&mut self, message: Message) -> Result<(), Over> {
        match timeout(self.door.pace.handshake, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Over),
        }
    }

    /// Asks for another connection. Nobody listens any more if the program ends.
    fn leave(&mut self) {
        if let Some(leaving) = self.leaving.take() {
            let _asked_or_ending = leaving.send(());
        }
    }

    /// Finishes what is in hand, acknowledging it if the connection can still
    /// carry that, and closes.
    async fn finish(mut self, mut open: bool) {
        let drained = timeout(DRAIN, async {
            while let Some(done) = self.in_flight.join_next().await {
                if open {
                    open = self.acknowledge(done).await.is_ok();
                }
            }
        });
        if drained.await.is_err() {
            tracing::warn!("Socket Mode: deliveries in hand did not finish in time");
            self.in_flight.abort_all();
        }
        if open && self.say(Message::Close(None)).await.is_ok() {
            // Read on, into nothing, until Slack closes too: to close on unread
            // words would throw our last ones away.
            let emptied = async { while let Some(Ok(_)) = self.socket.next().await {} };
            let _closed_or_late = timeout(GOODBYE, emptied).await;
        }
    }
}

impl Acknowledgement {
    fn of(envelope_id: String, accepts_payload: bool, answer: Answer) -> Option<Self> {
        let payload = match answer {
            Answer::NotKept => return None,
            Answer::Acknowledged => None,
            Answer::With(payload) => Some(payload).filter(|payload| {
                let empty = payload.as_object().is_some_and(serde_json::Map::is_empty);
                accepts_payload && !empty
            }),
        };
        Some(Self {
            envelope_id,
            payload,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pauses_grow_to_half_a_minute_and_no_further() {
        let pace = Pace::default();
        assert_eq!(pace.pause(0, 1.0), Duration::ZERO);
        let whole: Vec<_> = (1..12).map(|failures| pace.pause(failures, 1.0)).collect();
        assert_eq!(whole[0], pace.first_pause);
        assert!(whole.is_sorted());
        assert_eq!(whole[10], pace.longest_pause);
        assert_eq!(pace.pause(u32::MAX, 1.0), pace.longest_pause);
        assert_eq!(pace.pause(u32::MAX, 0.0), pace.longest_pause / 2);
    }

    #[test]
    fn an_acknowledgement_has_a_payload_only_where_one_is_accepted() {
        let said = |accepts, answer| {
            Acknowledgement::of("e1".to_owned(), accepts, answer)
                .map(|acknowledgement| serde_json::to_value(acknowledgement).unwrap())
        };
        let bare = Some(json!({"envelope_id": "e1"}));
        assert_eq!(said(true, Answer::Acknowledged), bare);
        assert_eq!(
            said(false, Answer::With(json!({"response_action": "clear"}))),
            bare
        );
        assert_eq!(said(true, Answer::With(json!({}))), bare);
        assert_eq!(
            said(true, Answer::With(json!({"response_action": "clear"}))),
            Some(json!({"envelope_id": "e1", "payload": {"response_action": "clear"}}))
        );
        assert_eq!(said(true, Answer::NotKept), None);
    }

    #[test]
    fn a_connection_counts_while_it_lasts() {
        let heard = Heard::default();
        assert_eq!(heard.last_hello(), None);
        let now = DateTime::from_timestamp(1_760_753_640, 0).unwrap();
        let greeted = heard.hello(now);
        assert_eq!((heard.connections(), heard.last_hello()), (1, Some(now)));
        drop(greeted);
        assert_eq!((heard.connections(), heard.last_hello()), (0, Some(now)));
    }
}
