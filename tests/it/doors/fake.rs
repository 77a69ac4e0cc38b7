//! A peer that does exactly what a test says, for what the sandbox never does:
//! answers cut short, connections that break, sockets that fall silent.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use breakglass::slack::client::{HTTP_TIMEOUT, Settings, SlackClient};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

pub(super) const BOT_TOKEN: &str = "xoxb-1-secret";
pub(super) const APP_TOKEN: &str = "xapp-1-secret";

/// A client of the API at `address`.
pub(super) fn client(address: SocketAddr) -> SlackClient {
    client_with_timeout(address, HTTP_TIMEOUT)
}

pub(super) fn client_with_timeout(address: SocketAddr, http_timeout: Duration) -> SlackClient {
    SlackClient::new(Settings {
        api_url: format!("http://{address}/api"),
        bot_token: BOT_TOKEN.to_owned(),
        app_token: Some(APP_TOKEN.to_owned()),
        http_timeout,
    })
    .unwrap()
}

/// What a call looked like.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

/// Answers each call with the next answer of a list, and keeps what was asked.
#[derive(Clone, Default)]
pub(super) struct Api(Arc<Mutex<(VecDeque<Response>, Vec<Call>)>>);

impl Api {
    pub(super) async fn serving(answers: impl IntoIterator<Item = Response>) -> (Self, SocketAddr) {
        let api = Self::default();
        api.0.lock().unwrap().0.extend(answers);
        let routes = Router::new().fallback(answer).with_state(api.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async { axum::serve(listener, routes).await.unwrap() });
        (api, address)
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.0.lock().unwrap().1.clone()
    }
}

async fn answer(State(api): State<Api>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let mut api = api.0.lock().unwrap();
    api.1.push(Call {
        uri: head.uri,
        headers: head.headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    });
    api.0.pop_front().unwrap()
}

pub(super) fn ok(answer: Value) -> Response {
    axum::Json(answer).into_response()
}

/// Accepts one connection, reads what was asked, says `words` and closes.
pub(super) async fn says_and_closes(words: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        read_request(&mut connection).await;
        connection.write_all(words.as_bytes()).await.unwrap();
    });
    address
}

/// Accepts one connection, tells the test what was asked, and never answers.
pub(super) async fn never_answers() -> (SocketAddr, mpsc::UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            read_request(&mut connection).await;
            held.push(connection);
            tell.send(()).unwrap();
        }
    });
    (address, told)
}

/// Reads at least the head of a request.
async fn read_request(connection: &mut TcpStream) {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if connection.read_buf(&mut request).await.unwrap() == 0 {
            return;
        }
    }
}

/// Slack's end of Socket Mode: gives the test each connection as it opens.
pub(super) struct Sockets {
    pub(super) address: SocketAddr,
    opened: mpsc::UnboundedReceiver<WebSocket>,
}

#[derive(Clone)]
struct Opening {
    address: SocketAddr,
    opened: mpsc::UnboundedSender<WebSocket>,
}

impl Sockets {
    pub(super) async fn serving() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, opened) = mpsc::unbounded_channel();
        let routes = Router::new()
            .route("/link", get(upgrade))
            .fallback(connections_open)
            .with_state(Opening {
                address,
                opened: tell,
            });
        tokio::spawn(async { axum::serve(listener, routes).await.unwrap() });
        Self { address, opened }
    }

    /// Waits for the next connection and greets it.
    pub(super) async fn next(&mut self) -> Peer {
        let mut peer = Peer(self.opened.recv().await.unwrap());
        peer.say(json!({"type": "hello", "num_connections": 1}))
            .await;
        peer
    }
}

async fn connections_open(State(opening): State<Opening>) -> Response {
    ok(json!({"ok": true, "url": format!("ws://{}/link?ticket=hush", opening.address)}))
}

async fn upgrade(State(opening): State<Opening>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |socket| {
        // The test may be over.
        let _taken = opening.opened.send(socket);
    })
}

/// Slack's end of one connection.
pub(super) struct Peer(WebSocket);

impl Peer {
    pub(super) async fn say(&mut self, frame: Value) {
        self.say_text(&frame.to_string()).await;
    }

    pub(super) async fn say_text(&mut self, text: &str) {
        self.0.send(Message::Text(text.into())).await.unwrap();
    }

    /// Delivers a command as Slack does.
    pub(super) async fn deliver(&mut self, envelope_id: &str, text: &str) {
        self.say(json!({
            "envelope_id": envelope_id,
            "type": "slash_commands",
            "accepts_response_payload": true,
            "payload": {"command": "/emergency", "text": text},
        }))
        .await;
    }

    /// Waits for the next thing the bot says, pings aside.
    pub(super) async fn hear(&mut self) -> Option<Value> {
        loop {
            match self.0.recv().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).ok(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_) | Message::Binary(_)) | Err(_)) | None => return None,
            }
        }
    }
}
