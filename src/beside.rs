//! What a command asks of a bot that runs on this machine, because the bot alone may
//! write its database: a checkpoint, through a door of its own. Lists of changes go
//! through the door for sources.
//!
//! Whoever asks proves that they can read the log's key, and needs nothing configured:
//! the word of the door is made of the key, and the key can't be made of the word.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use futures_util::future::BoxFuture;

use crate::config::Secret;
use crate::intake::seal::{self, Token};

/// Where a checkpoint is asked for.
const CHECKPOINT: &str = "/checkpoint";

/// How long the bot may take while others keep it busy.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Makes a checkpoint of all that is news; says whether that worked.
pub type MakeCheckpoint = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// Why the bot made no checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// Nobody listens there.
    #[error(
        "the bot that holds the database doesn't answer at {address}; name its address with --listen"
    )]
    Silent {
        /// Where it was looked for.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: reqwest::Error,
    },
    /// It says no.
    #[error(
        "what listens at {address} made none (status {status}); name the bot's address with --listen"
    )]
    Refused {
        /// Where it was asked.
        address: SocketAddr,
        /// With which status.
        status: u16,
    },
    /// The HTTP client can't be made.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
    /// The TLS library can't be set up.
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
}

/// Returns where a bot that listens on an address is found from this machine: who
/// listens everywhere listens here, too.
pub fn here(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Returns a client for this machine, which speaks plain HTTP.
pub fn client<E>(
    timeout: Duration,
    failed: impl FnOnce(reqwest::Error) -> E,
) -> Result<reqwest::Client, E>
where
    E: From<rustls::Error>,
{
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(timeout)
        .build()
        .map_err(failed)
}

/// Has the bot that listens on this address make a checkpoint of all that is news.
pub async fn ask_for_checkpoint(address: SocketAddr, word: &Secret) -> Result<(), NotMade> {
    let address = here(address);
    let answer = client(TIMEOUT, NotMade::Client)?
        .post(format!("http://{address}{CHECKPOINT}"))
        .bearer_auth(word.reveal())
        .send()
        .await
        .map_err(|source| NotMade::Silent { address, source })?;
    match answer.status() {
        StatusCode::NO_CONTENT => Ok(()),
        other => Err(NotMade::Refused {
            address,
            status: other.as_u16(),
        }),
    }
}

/// The door at which it is asked for.
pub fn door(word: Token, make: MakeCheckpoint) -> Router {
    let answer = move |headers: HeaderMap| {
        let is_known = seal::bearer(&word, &headers).is_ok();
        let make = Arc::clone(&make);
        async move {
            if !is_known {
                return StatusCode::UNAUTHORIZED;
            }
            if make().await {
                StatusCode::NO_CONTENT
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    };
    Router::new().route(CHECKPOINT, post(answer))
}
