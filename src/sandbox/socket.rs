//! Socket Mode: the app's open sockets, each payload to exactly one of them.
//! Carries envelopes and acknowledgements; what they mean is known to the deliveries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, close_code};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::cast::APP;
use super::connections::ConnectionId;
use super::deliver::{Reply, Signal};
use super::json::text;
use super::state::{Shared, State};

/// Slack lets an app hold ten sockets.
const MOST_SOCKETS: usize = 10;
/// Slack pings; some SDKs take a socket for dead that was not pinged for 30 seconds.
const PING_EVERY: Duration = Duration::from_secs(10);

/// An acknowledgement that comes later than so many others is no longer recognised.
const MOST_OVERDUE: usize = 10_000;

/// Slack's sockets close with the code of a normal end; a bare close frame on the heels of a message makes Slack's
/// Python SDK wait for a third byte before it looks at either.
fn normal_end() -> Frame {
    Frame::Close(Some(CloseFrame {
        code: close_code::NORMAL,
        reason: "".into(),
    }))
}

/// What the socket's own task is told to do.
#[derive(Debug)]
enum Errand {
    Say(String),
    Close,
}

#[derive(Debug)]
struct Socket {
    id: u64,
    connection: ConnectionId,
    errands: mpsc::UnboundedSender<Errand>,
    /// Told to go: it may still acknowledge, but carries nothing new.
    retiring: bool,
}

/// An envelope on its way.
#[derive(Debug)]
struct Pending {
    delivery: u64,
    socket: u64,
    signal: oneshot::Sender<Signal>,
}

/// All sockets of the app.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    open: Vec<Socket>,
    tickets: BTreeSet<String>,
    pending: BTreeMap<String, Pending>,
    /// Envelopes whose time was up; a late acknowledgement still names its delivery.
    overdue: BTreeMap<String, u64>,
    turn: usize,
    n: u64,
}

/// Why the app is told that its socket will end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Farewell {
    /// The connection will be refreshed in about ten seconds.
    Warning,
    /// The connection is refreshed now.
    RefreshRequested,
    /// Socket Mode was turned off.
    LinkDisabled,
}

impl Farewell {
    fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::RefreshRequested => "refresh_requested",
            Self::LinkDisabled => "link_disabled",
        }
    }
}

impl Sockets {
    pub(super) fn issue_ticket(&mut self, ticket: String) {
        self.tickets.insert(ticket);
    }

    /// A ticket opens one socket, once.
    pub(super) fn take_ticket(&mut self, ticket: &str) -> bool {
        self.tickets.remove(ticket)
    }

    pub(super) fn n_open(&self) -> usize {
        self.open.len()
    }

    /// Whose turn it is, or nobody if no socket takes new payloads.
    fn next(&mut self) -> Option<(u64, ConnectionId)> {
        let willing: Vec<_> = self.open.iter().filter(|socket| !socket.retiring).collect();
        let index = self.turn.checked_rem(willing.len())?;
        self.turn = self.turn.wrapping_add(1);
        willing
            .get(index)
            .map(|socket| (socket.id, socket.connection))
    }

    /// Hands an envelope to the socket whose turn it is.
    pub(super) fn send(
        &mut self,
        delivery: u64,
        envelope_id: String,
        envelope: &Value,
    ) -> Option<oneshot::Receiver<Signal>> {
        let (id, _) = self.next()?;
        let socket = self.open.iter().find(|socket| socket.id == id)?;
        socket
            .errands
            .send(Errand::Say(envelope.to_string()))
            .ok()?;
        let (signal, heard) = oneshot::channel();
        self.pending.insert(
            envelope_id,
            Pending {
                delivery,
                socket: id,
                signal,
            },
        );
        Some(heard)
    }

    /// Takes the socket whose turn it is out of service; its connection is to be cut off.
    pub(super) fn drop_next(&mut self) -> Option<ConnectionId> {
        let (id, connection) = self.next()?;
        self.leave(id);
        Some(connection)
    }

    /// The delivery that an acknowledgement is for, and who waits for it.
    pub(super) fn acknowledged(
        &mut self,
        envelope_id: &str,
    ) -> Option<(u64, Option<oneshot::Sender<Signal>>)> {
        if let Some(pending) = self.pending.remove(envelope_id) {
            return Some((pending.delivery, Some(pending.signal)));
        }
        self.overdue
            .remove(envelope_id)
            .map(|delivery| (delivery, None))
    }

    /// The attempt's time is up; its envelopes no longer count as pending.
    pub(super) fn give_up(&mut self, delivery: u64) {
        let late: Vec<_> = self
            .pending
            .iter()
            .filter(|(_, pending)| pending.delivery == delivery)
            .map(|(envelope_id, _)| envelope_id.clone())
            .collect();
        for envelope_id in late {
            self.pending.remove(&envelope_id);
            if self.overdue.len() >= MOST_OVERDUE {
                self.overdue.clear();
            }
            self.overdue.insert(envelope_id, delivery);
        }
    }

    /// Tells one socket, or all, that it will end; returns how many were told.
    pub(super) fn bid_farewell(&mut self, farewell: Farewell, only: Option<u64>) -> usize {
        let mut n_told = 0;
        for socket in &mut self.open {
            if only.is_some_and(|only| only != socket.id) {
                continue;
            }
            let told = json!({
                "type": "disconnect",
                "reason": farewell.word(),
                "debug_info": {"host": "sandbox"},
            });
            // A socket whose task has ended is about to be removed and needs no farewell.
            if socket.errands.send(Errand::Say(told.to_string())).is_ok() {
                n_told += 1;
            }
            match farewell {
                Farewell::Warning => {}
                Farewell::RefreshRequested | Farewell::LinkDisabled => {
                    socket.retiring = true;
                    let _ = socket.errands.send(Errand::Close);
                }
            }
        }
        n_told
    }

    /// Sends a frame down every socket as it is; returns to how many.
    pub(super) fn say_raw(&self, text: &str) -> usize {
        let said = |socket: &&Socket| socket.errands.send(Errand::Say(text.to_owned())).is_ok();
        self.open.iter().filter(said).count()
    }

    /// Takes all sockets, or one, out of service; their connections are to be cut off.
    pub(super) fn drop_all(&mut self, only: Option<u64>) -> Vec<ConnectionId> {
        let doomed: Vec<_> = self
            .open
            .iter()
            .filter(|socket| only.is_none_or(|only| only == socket.id))
            .map(|socket| (socket.id, socket.connection))
            .collect();
        for (id, _) in &doomed {
            self.leave(*id);
        }
        doomed
            .into_iter()
            .map(|(_, connection)| connection)
            .collect()
    }

    /// How many sockets take new payloads.
    pub(super) fn n_willing(&self) -> usize {
        self.open.iter().filter(|socket| !socket.retiring).count()
    }

    /// The sockets that take new payloads, and those that were told to go.
    pub(super) fn to_json(&self) -> (Vec<Value>, Vec<Value>) {
        let shown = |retiring: bool| {
            let sockets = self
                .open
                .iter()
                .filter(move |socket| socket.retiring == retiring);
            sockets.map(|socket| json!({"id": socket.id})).collect()
        };
        (shown(false), shown(true))
    }

    /// Opens a socket, unless there are ten already.
    fn enter(
        &mut self,
        connection: ConnectionId,
        errands: mpsc::UnboundedSender<Errand>,
    ) -> Option<u64> {
        if self.open.len() >= MOST_SOCKETS {
            return None;
        }
        self.n += 1;
        self.open.push(Socket {
            id: self.n,
            connection,
            errands,
            retiring: false,
        });
        Some(self.n)
    }

    /// Ends a socket; what it had not acknowledged has failed.
    fn leave(&mut self, id: u64) {
        self.open.retain(|socket| socket.id != id);
        let lost: Vec<_> = self
            .pending
            .iter()
            .filter(|(_, pending)| pending.socket == id)
            .map(|(envelope_id, _)| envelope_id.clone())
            .collect();
        for envelope_id in lost {
            if let Some(pending) = self.pending.remove(&envelope_id) {
                // Whoever waited may have given up in this very moment; then there is nobody to tell.
                let _ = pending.signal.send(Signal::SocketClosed);
            }
        }
    }
}

fn hello(state: &State) -> Value {
    json!({
        "type": "hello",
        "num_connections": state.sockets.n_open(),
        "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
        "connection_info": {"app_id": APP},
    })
}

/// One socket's life.
pub(super) async fn serve(shared: Arc<Shared>, connection: ConnectionId, mut socket: WebSocket) {
    let (errands, mut todo) = mpsc::unbounded_channel();
    let entered = shared.with(|state| {
        let entered = state.sockets.enter(connection, errands.clone());
        if entered.is_some() {
            // The receiver lives in this very function, so the greeting cannot fail to be queued.
            let _ = errands.send(Errand::Say(hello(state).to_string()));
        }
        entered
    });
    let Some(id) = entered else {
        let refusal = json!({"type": "disconnect", "reason": "too_many_websockets", "debug_info": {"host": "sandbox"}});
        // The app may already have hung up; it will find out either way.
        let _ = socket.send(Frame::Text(refusal.to_string().into())).await;
        let _ = socket.send(normal_end()).await;
        return;
    };
    // From here the socket's entry in the state holds the only sender.
    drop(errands);
    let mut pings = tokio::time::interval(PING_EVERY);
    loop {
        let alive = tokio::select! {
            errand = todo.recv() => match errand {
                Some(Errand::Say(text)) => socket.send(Frame::Text(text.into())).await.is_ok(),
                Some(Errand::Close) => socket.send(normal_end()).await.is_ok(),
                None => false,
            },
            frame = socket.recv() => match frame {
                Some(Ok(Frame::Text(text))) => {
                    heard(&shared, &text);
                    true
                }
                Some(Ok(Frame::Close(_)) | Err(_)) | None => false,
                Some(Ok(Frame::Binary(_) | Frame::Ping(_) | Frame::Pong(_))) => true,
            },
            _ = pings.tick() => socket.send(Frame::Ping("Ping from sandbox".into())).await.is_ok(),
        };
        if !alive {
            break;
        }
    }
    shared.with(|state| state.sockets.leave(id));
}

/// The app said something; the only thing it can say is that it has taken an envelope.
fn heard(shared: &Arc<Shared>, said: &str) {
    let Ok(said) = serde_json::from_str::<Value>(said) else {
        tracing::debug!("the app sent something that is not JSON");
        return;
    };
    let Some(envelope_id) = text(&said, "envelope_id") else {
        return;
    };
    let reply = Reply::from_socket(said.get("payload").cloned());
    shared.with(|state| {
        if let Some((delivery, signal)) = state.sockets.acknowledged(envelope_id) {
            super::deliver::acknowledge(state, delivery, &reply);
            if let Some(signal) = signal {
                // The attempt may have run out of patience in this very moment; the acknowledgement counts all the same.
                let _ = signal.send(Signal::Acknowledged);
            }
        }
    });
}
