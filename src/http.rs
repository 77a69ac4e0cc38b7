//! The HTTP server: binds, serves the routes that others make, and stops when
//! told. Has no routes of its own but `/healthz`.

use std::future::IntoFuture;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use crate::stop::Stop;

/// How long requests in hand may take once the server is told to stop. Slack
/// waits three seconds for an answer; the rest is for the slow end of a network.
const DRAIN: Duration = Duration::from_secs(10);

/// What `/healthz` answers: who has the address, for whoever finds it taken.
pub const ALIVE: &str = "Breakglass lives.";

/// The server can't run.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Somebody else has the address, or nobody may have it.
    #[error("can't listen on {address}")]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The listener broke.
    #[error("the HTTP server stopped")]
    Serve(#[source] io::Error),
}

/// Listens on `address`; on a port that the system picks if it names port 0.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, HttpError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| HttpError::Bind { address, source })
}

/// Returns `/healthz`: that this process lives and answers.
pub fn health() -> Router {
    Router::new().route("/healthz", get(async || ALIVE))
}

/// Serves `routes` until told to stop; then takes nothing new, and gives what is
/// in hand ten seconds to finish.
pub async fn serve(listener: TcpListener, routes: Router, stop: Stop) -> Result<(), HttpError> {
    // Answers are small and somebody waits for each.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let until_told = stop.clone();
    let serving = axum::serve(listener, routes)
        .with_graceful_shutdown(async move { until_told.told().await })
        .into_future();
    let overdue = async {
        stop.told().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        served = serving => served.map_err(HttpError::Serve),
        () = overdue => {
            tracing::warn!("some connections did not finish in time and were dropped");
            Ok(())
        }
    }
}
