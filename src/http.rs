//! The HTTP server: binds, serves the routes that others make, and stops when
//! told. Has no routes of its own but `/healthz`.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::stop::Stop;

/// How long requests in hand may take once the server is told to stop. Slack
/// waits three seconds for an answer; the rest is for the slow end of a network.
const DRAIN: Duration = Duration::from_secs(10);

/// How long a connection may stay open without the head of a request: longer than a
/// proxy keeps one for the next (nginx: 60 s), so that it is the proxy who closes.
const SILENCE: Duration = Duration::from_secs(75);

/// What `/healthz` answers: who has the address, for whoever finds it taken.
pub const ALIVE: &str = "Breakglass lives.";

/// The address can't be had: somebody else has it, or nobody may have it.
#[derive(Debug, thiserror::Error)]
#[error("can't listen on {address}")]
pub struct CannotListen {
    /// The address that was asked for.
    pub address: SocketAddr,
    /// Why not.
    #[source]
    pub source: io::Error,
}

/// Listens on `address`; on a port that the system picks if it names port 0.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, CannotListen> {
    TcpListener::bind(address)
        .await
        .map_err(|source| CannotListen { address, source })
}

/// Returns `/healthz`: that this process lives and answers.
pub fn health() -> Router {
    Router::new().route("/healthz", get(async || ALIVE))
}

/// Serves `routes` until told to stop; then takes nothing new, and gives what is
/// in hand ten seconds to finish.
pub async fn serve(mut listener: TcpListener, routes: Router, stop: Stop) {
    let mut protocol = http1::Builder::new();
    // Whoever connects and says nothing doesn't keep a file of ours for ever.
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(SILENCE);
    let open = GracefulShutdown::new();
    loop {
        // What goes wrong with one connection is dealt with there.
        let (connection, _) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = stop.told() => break,
        };
        // Answers are small and somebody waits for each.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let service = TowerToHyperService::new(routes.clone());
        let served = open.watch(protocol.serve_connection(TokioIo::new(connection), service));
        tokio::spawn(async move {
            if let Err(error) = served.await {
                tracing::debug!(%error, "a connection ended before its time");
            }
        });
    }
    drop(listener);
    if timeout(DRAIN, open.shutdown()).await.is_err() {
        tracing::warn!("some connections did not finish in time and were dropped");
    }
}
