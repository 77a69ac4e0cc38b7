//! The TCP connections that the sandbox holds: noticing when one ends, and cutting one off without a word.
//! Knows bytes only; what was spoken over a connection is known elsewhere.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Names one TCP connection for as long as the sandbox runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ConnectionId(u64);

impl Connected<IncomingStream<'_, Door>> for ConnectionId {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        *stream.remote_addr()
    }
}

/// The switch that cuts a connection off.
#[derive(Debug, Default)]
struct Switch {
    cut: AtomicBool,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

impl Switch {
    fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        self.reader.wake();
        self.writer.wake();
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }
}

/// All open connections.
#[derive(Debug, Default)]
pub(super) struct Connections {
    open: Mutex<BTreeMap<ConnectionId, Arc<Switch>>>,
    next: AtomicU64,
}

impl Connections {
    /// Cuts one off: no answer, no close frame, as when a cable is pulled.
    pub(super) fn cut(&self, id: ConnectionId) {
        if let Some(switch) = self.locked().get(&id) {
            switch.cut();
        }
    }

    /// Cuts all of them off, when the sandbox stops.
    pub(super) fn cut_all(&self) {
        for switch in self.locked().values() {
            switch.cut();
        }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<ConnectionId, Arc<Switch>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accepts connections and reports the end of each to `ended`.
#[derive(Debug)]
pub(super) struct Door {
    listener: TcpListener,
    connections: Arc<Connections>,
    ended: mpsc::UnboundedSender<ConnectionId>,
}

impl Door {
    pub(super) fn new(
        listener: TcpListener,
        connections: Arc<Connections>,
        ended: mpsc::UnboundedSender<ConnectionId>,
    ) -> Self {
        Self {
            listener,
            connections,
            ended,
        }
    }
}

impl Listener for Door {
    type Io = Wire;
    type Addr = ConnectionId;

    async fn accept(&mut self) -> (Wire, ConnectionId) {
        let (stream, _) = Listener::accept(&mut self.listener).await;
        // Answers are small and waited for; a delayed last segment would cost every step 40 ms.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let id = ConnectionId(self.connections.next.fetch_add(1, Ordering::Relaxed));
        let switch = Arc::new(Switch::default());
        self.connections.locked().insert(id, Arc::clone(&switch));
        let wire = Wire {
            stream,
            switch,
            id,
            connections: Arc::clone(&self.connections),
            ended: self.ended.clone(),
        };
        (wire, id)
    }

    fn local_addr(&self) -> io::Result<ConnectionId> {
        Ok(ConnectionId(u64::MAX))
    }
}

/// A TCP stream that can be cut and that tells when it ends.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    switch: Arc<Switch>,
    id: ConnectionId,
    connections: Arc<Connections>,
    ended: mpsc::UnboundedSender<ConnectionId>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.connections.locked().remove(&self.id);
        // Nobody listens any more when the sandbox itself is going down, and then nobody needs to know.
        let _ = self.ended.send(self.id);
    }
}

fn was_cut() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionReset)
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.switch.reader.register(context.waker());
        if self.switch.is_cut() {
            return Poll::Ready(Err(was_cut()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.switch.writer.register(context.waker());
        if self.switch.is_cut() {
            return Poll::Ready(Err(was_cut()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.switch.is_cut() {
            return Poll::Ready(Err(was_cut()));
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.switch.is_cut() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
