//! What the tests of the sandbox stand on: a running workspace, a socket to it, an app that answers over HTTP.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use breakglass::sandbox::{self, Options, Running};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub(super) const DANA: &str = "U0DANA0001";
pub(super) const BOT: &str = "U0BREAKGLS";
pub(super) const INCIDENT: &str = "C0INCAUTH1";
pub(super) const NIGHT: &str = "2026-11-21T02:14:00Z";

/// A manifest that grants what these tests use.
pub(super) const MANIFEST: &str = "
display_information: {name: Bench}
features:
  app_home: {home_tab_enabled: true, messages_tab_enabled: true, messages_tab_read_only_enabled: false}
  bot_user: {display_name: bench}
  slash_commands: [{command: /emergency, description: d, should_escape: true}]
  shortcuts:
    - {name: Record, type: message, callback_id: record, description: d}
    - {name: Declare, type: global, callback_id: declare, description: d}
oauth_config:
  scopes:
    bot:
      - app_mentions:read
      - channels:history
      - channels:read
      - chat:write
      - commands
      - files:read
      - files:write
      - im:history
      - im:write
      - reactions:read
      - reactions:write
      - usergroups:read
      - users:read
settings:
  event_subscriptions:
    bot_events:
      - app_home_opened
      - app_mention
      - channel_archive
      - file_shared
      - member_joined_channel
      - message.channels
      - message.im
      - reaction_added
      - reaction_removed
      - user_change
  interactivity: {is_enabled: true}
  socket_mode_enabled: true
";

/// A workspace and a client for both of its faces.
pub(super) struct Bench {
    pub(super) running: Running,
    pub(super) http: reqwest::Client,
}

pub(super) fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .build()
        .unwrap()
}

/// A workspace whose clock stands at 02:14.
pub(super) async fn bench() -> Bench {
    bench_with(MANIFEST).await
}

pub(super) async fn bench_with(manifest: &str) -> Bench {
    let running = sandbox::start(Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        manifest: manifest.to_owned(),
        frozen_at: Some(NIGHT.parse().unwrap()),
        request_url: None,
        seed: 1,
        tour: None,
    })
    .await
    .unwrap();
    Bench {
        running,
        http: client(),
    }
}

impl Bench {
    /// A call with the bot's token, as JSON.
    pub(super) async fn api(&self, method: &str, arguments: Value) -> Value {
        self.respond(method, arguments).await.json().await.unwrap()
    }

    pub(super) async fn respond(&self, method: &str, arguments: Value) -> reqwest::Response {
        let token = &self.running.credentials().bot_token;
        let url = format!("{}/{method}", self.running.slack_api_url());
        self.http
            .post(url)
            .bearer_auth(token)
            .json(&arguments)
            .send()
            .await
            .unwrap()
    }

    /// The error of a call that must fail.
    pub(super) async fn error(&self, method: &str, arguments: Value) -> String {
        let answer = self.api(method, arguments).await;
        assert_eq!(answer["ok"], false, "{answer}");
        answer["error"].as_str().unwrap().to_owned()
    }

    /// A call that must succeed.
    pub(super) async fn done(&self, method: &str, arguments: Value) -> Value {
        let answer = self.api(method, arguments).await;
        assert_eq!(answer["ok"], true, "{answer}");
        answer
    }

    /// A control request, whatever comes of it.
    pub(super) async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/{path}", self.running.control_url());
        self.http
            .post(url)
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    pub(super) async fn look(&self, path: &str) -> Value {
        let url = format!("{}/{path}", self.running.control_url());
        self.http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    pub(super) async fn say(&self, who: &str, channel: &str, text: &str) -> String {
        let said = self
            .control("say", json!({"as": who, "channel": channel, "text": text}))
            .await;
        said["ts"]
            .as_str()
            .unwrap_or_else(|| panic!("{said}"))
            .to_owned()
    }

    /// Opens a socket and takes its greeting.
    pub(super) async fn socket(&self) -> Socket {
        let token = &self.running.credentials().app_token;
        let url = format!("{}/apps.connections.open", self.running.slack_api_url());
        let opened: Value = self
            .http
            .post(url)
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let mut socket = Socket::open(opened["url"].as_str().unwrap()).await;
        assert_eq!(socket.frame().await["type"], "hello");
        socket
    }

    /// Opens a socket that acknowledges everything and passes it on.
    pub(super) async fn obedient(&self) -> Heard<Value> {
        let mut socket = self.socket().await;
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(envelope) = socket.maybe_frame().await {
                if envelope.get("envelope_id").is_some() {
                    socket.acknowledge(&envelope, None).await;
                }
                if sender.send(envelope).is_err() {
                    return;
                }
            }
        });
        Heard(receiver)
    }
}

/// Longer than anything here takes; what has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was heard, one after the other.
pub(super) struct Heard<T>(mpsc::UnboundedReceiver<T>);

impl<T> Heard<T> {
    pub(super) async fn recv(&mut self) -> Option<T> {
        let heard = tokio::time::timeout(PATIENCE, self.0.recv());
        heard.await.expect("nothing was heard")
    }

    pub(super) fn try_recv(&mut self) -> Result<T, mpsc::error::TryRecvError> {
        self.0.try_recv()
    }
}

/// One end of a Socket Mode connection.
pub(super) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(super) async fn open(url: &str) -> Self {
        Self(tokio_tungstenite::connect_async(url).await.unwrap().0)
    }

    /// The next text frame, or nothing if the socket ended.
    pub(super) async fn maybe_frame(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await? {
                Ok(Frame::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Frame::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The code with which the socket ends, if that comes next and has one.
    pub(super) async fn end(&mut self) -> Option<u16> {
        match self.0.next().await?.unwrap() {
            Frame::Close(close) => close.map(|close| close.code.into()),
            _ => None,
        }
    }

    pub(super) async fn frame(&mut self) -> Value {
        let frame = tokio::time::timeout(PATIENCE, self.maybe_frame());
        frame
            .await
            .expect("nothing came")
            .expect("the socket ended")
    }

    pub(super) async fn acknowledge(&mut self, envelope: &Value, payload: Option<Value>) {
        let mut ack = json!({"envelope_id": envelope["envelope_id"]});
        if let Some(payload) = payload {
            ack["payload"] = payload;
        }
        self.0
            .send(Frame::Text(ack.to_string().into()))
            .await
            .unwrap();
    }

    /// The next frame, acknowledged.
    pub(super) async fn take(&mut self) -> Value {
        let envelope = self.frame().await;
        self.acknowledge(&envelope, None).await;
        envelope
    }
}

/// What an HTTP app was sent.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// How an HTTP app answers the next requests; 200 and nothing once these are used up.
type Answers = Arc<Mutex<Vec<(StatusCode, &'static str)>>>;

/// An app behind a request URL.
pub(super) struct App {
    pub(super) url: String,
    pub(super) received: Heard<Received>,
    pub(super) answers: Answers,
}

pub(super) async fn app() -> App {
    let (sender, received) = mpsc::unbounded_channel();
    let answers = Answers::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/slack", listener.local_addr().unwrap());
    let routes = Router::new()
        .route("/slack/{path}", post(receive))
        .with_state((sender, Arc::clone(&answers)));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let received = Heard(received);
    App {
        url,
        received,
        answers,
    }
}

async fn receive(
    State((sender, answers)): State<(mpsc::UnboundedSender<Received>, Answers)>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    if let Ok(json) = serde_json::from_str::<Value>(&body)
        && json["type"] == "url_verification"
    {
        return json["challenge"]
            .as_str()
            .unwrap()
            .to_owned()
            .into_response();
    }
    sender
        .send(Received {
            path,
            headers,
            body,
        })
        .unwrap();
    let mut answers = answers.lock().unwrap();
    if answers.is_empty() {
        StatusCode::OK.into_response()
    } else {
        answers.remove(0).into_response()
    }
}

/// A modal with one required input of at least three characters.
pub(super) fn modal() -> Value {
    json!({
        "type": "modal",
        "callback_id": "document",
        "title": {"type": "plain_text", "text": "Document"},
        "submit": {"type": "plain_text", "text": "Save"},
        "blocks": [{
            "type": "input",
            "block_id": "testing",
            "label": {"type": "plain_text", "text": "Testing"},
            "element": {"type": "plain_text_input", "action_id": "words", "min_length": 3, "max_length": 20},
        }],
    })
}

/// An actions block of buttons; each name is `action_id` and label.
pub(super) fn buttons(names: &[&str]) -> Value {
    let elements: Vec<_> = names
        .iter()
        .map(|name| json!({"type": "button", "action_id": name, "value": name, "text": {"type": "plain_text", "text": name}}))
        .collect();
    json!([{"type": "actions", "block_id": "acts", "elements": elements}])
}
