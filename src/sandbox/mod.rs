//! A Slack workspace in a box: people, channels, modals, a clock that can be moved, and the protocol that apps speak.
//! Knows nothing of the rest of the bot: any Slack app that honours a base URL can be run against it, in any language.
//!
//! | File | Holds |
//! |---|---|
//! | `workspace`, `message`, `cast` | what there is, and how it begins |
//! | `views`, `widgets`, `blocks` | modals, the elements in them, and the rules of Block Kit |
//! | `posting`, `events` | changing a conversation, and telling the app |
//! | `gestures`, `touch`, `typed`, `payloads` | what people do, and the payloads it makes |
//! | `deliver`, `socket`, `http_door` | the queue to the app and its two doors |
//! | `api` | the Web API |
//! | `respond`, `tickets`, `limits`, `manifest`, `files` | response URLs, what expires, what is limited, what is granted, uploads |
//! | `clock`, `settle` | the time, and when nothing is under way |
//! | `misbehave` | what goes wrong on demand |
//! | `control`, `reshape`, `transcript`, `hand` | the interface for tests, demos and the page, and a client of it |
//! | `desk`, `unread`, `page` | what one person has before them, what is new to them, and the page that draws it |
//! | `state`, `connections`, `ids`, `json` | the one lock, TCP, identifiers, loose JSON |

mod api;
mod blocks;
mod cast;
mod clock;
mod connections;
mod control;
mod deliver;
mod desk;
mod events;
mod files;
mod gestures;
pub mod hand;
mod http_door;
mod ids;
mod json;
mod limits;
mod manifest;
mod message;
mod misbehave;
mod page;
mod payloads;
mod posting;
mod reshape;
mod respond;
mod settle;
mod socket;
mod state;
mod tickets;
mod touch;
mod transcript;
mod typed;
mod unread;
mod views;
mod widgets;
mod workspace;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Query, State as AxumState, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use manifest::ManifestError;

use connections::{ConnectionId, Connections, Door};
use ids::Ids;
use manifest::Manifest;
use state::{App, Shared, State};

/// How long Slack waits for an acknowledgement.
const PATIENCE: Duration = Duration::from_secs(3);
/// Slack takes uploads of a gigabyte; the sandbox keeps them in memory and takes 64 MiB.
const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// How the sandbox is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The app's manifest, as the text of `manifest.yml`.
    pub manifest: String,
    /// The clock stands here and moves only when told; without it, it runs with real time.
    pub frozen_at: Option<DateTime<Utc>>,
    /// Delivers over HTTP to `{request_url}/events`, `/commands` and `/interactions`; without it, over Socket Mode.
    /// Unlike one that is set through the control interface it is not asked to verify itself, since the app may not
    /// be running yet.
    pub request_url: Option<String>,
    /// Tokens and ids are drawn from it; the same seed gives the same ones.
    pub seed: u64,
    /// What the page offers to show a newcomer: a tour and what the build server may say, as JSON; see
    /// `page/assets/tour.js`.
    pub tour: Option<String>,
}

/// What the app needs to sign in and to check signatures. The values open this sandbox and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Credentials {
    /// `xoxb-…`, for the Web API.
    pub bot_token: String,
    /// `xapp-…`, for Socket Mode.
    pub app_token: String,
    /// Signs what is delivered over HTTP.
    pub signing_secret: String,
}

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// Deliveries go to plain HTTP on this machine only.
    #[error(
        "the request URL must begin with http://; the sandbox has no certificates to check others with"
    )]
    RequestUrl,
    /// The HTTP client for deliveries could not be made.
    #[error("cannot make the HTTP client that delivers to the app")]
    Client(#[from] reqwest::Error),
    /// The TLS layer of that client could not be made.
    #[error("cannot set up TLS for the HTTP client that delivers to the app")]
    Tls(#[from] rustls::Error),
}

/// A sandbox that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    credentials: Credentials,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of the Web API, without a trailing slash, as slack-morphism wants it.
    pub fn slack_api_url(&self) -> String {
        format!("http://{}/api", self.address)
    }

    /// The address of the page.
    pub fn page_url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The base URL of the control interface.
    pub fn control_url(&self) -> String {
        format!("http://{}/sandbox", self.address)
    }

    /// What the app signs in with.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Stops serving and cuts every connection off.
    pub async fn stop(mut self) {
        self.halt();
        for task in self.tasks.drain(..) {
            // A task that was told to stop ends as cancelled, which is what was wanted.
            let _ = task.await;
        }
    }

    fn halt(&self) {
        for task in &self.tasks {
            task.abort();
        }
        self.shared.stop();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.halt();
    }
}

fn credentials(ids: &mut Ids) -> Credentials {
    Credentials {
        bot_token: format!(
            "xoxb-{}-{}-{}",
            ids.digits(12),
            ids.digits(13),
            ids.token(24)
        ),
        app_token: format!("xapp-1-{}-{}-{}", cast::APP, ids.digits(13), ids.hex(64)),
        signing_secret: ids.hex(32),
    }
}

/// A client that knows no certificate authority, because it only ever speaks plain HTTP on this machine.
fn plain_client() -> Result<reqwest::ClientBuilder, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::limited(2)))
}

/// Starts a workspace and serves it.
pub async fn start(options: Options) -> Result<Running, SandboxError> {
    let manifest = Manifest::parse(&options.manifest)?;
    if options
        .request_url
        .as_ref()
        .is_some_and(|url| !url.starts_with("http://"))
    {
        return Err(SandboxError::RequestUrl);
    }
    let client = plain_client()?.build()?;
    let listen = |source| SandboxError::Listen {
        address: options.listen,
        source,
    };
    let listener = TcpListener::bind(options.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let mut ids = Ids::new(options.seed);
    let credentials = credentials(&mut ids);
    let app = App {
        manifest,
        credentials: credentials.clone(),
        verification: ids.token(24),
        request_url: options.request_url,
        revoked: BTreeSet::new(),
        patience: PATIENCE,
        webhook: None,
    };
    let state = State::new(app, options.frozen_at, ids, format!("http://{address}"));
    let connections = Arc::new(Connections::default());
    let shared = Shared::new(state, client, Arc::clone(&connections), options.tour);
    let (ended, mut endings) = mpsc::unbounded_channel::<ConnectionId>();
    let door = Door::new(listener, Arc::clone(&connections), ended);
    let service = routes(Arc::clone(&shared)).into_make_service_with_connect_info::<ConnectionId>();
    let serving = tokio::spawn(async move {
        if let Err(error) = axum::serve(door, service).await {
            tracing::error!(%error, "the sandbox stopped serving");
        }
    });
    let ears = Arc::clone(&shared);
    let watching = tokio::spawn(async move {
        while let Some(connection) = endings.recv().await {
            ears.with(|state| state.sleepers.connection_ended(connection));
        }
    });
    Ok(Running {
        address,
        credentials,
        shared,
        tasks: vec![serving, watching],
    })
}

fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/api/{method}", any(api::call))
        .route("/link/", get(link))
        .route("/upload/v1/{id}", post(api::upload))
        .route("/files/{id}/{name}", get(api::download))
        .route("/{family}/{team}/{number}/{token}", post(api::respond))
        .nest("/sandbox", control::routes())
        .merge(page::routes())
        .layer(axum::middleware::from_fn(page::only_ours))
        .layer(axum::extract::DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(shared)
}

#[derive(Deserialize)]
struct Link {
    ticket: String,
}

/// `GET /link/?ticket=…`: a socket, for whoever holds a fresh ticket.
async fn link(
    AxumState(shared): AxumState<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<ConnectionId>,
    Query(link): Query<Link>,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !shared.with(|state| state.sockets.take_ticket(&link.ticket)) {
        return (StatusCode::FORBIDDEN, "the ticket is unknown or was used").into_response();
    }
    upgrade.on_upgrade(move |socket| socket::serve(shared, connection, socket))
}
