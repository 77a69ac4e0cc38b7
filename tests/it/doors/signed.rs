//! The signed HTTP door.

use std::net::SocketAddr;

use breakglass::clock::Clock;
use breakglass::http;
use breakglass::slack::events::{SigningSecret, router};
use breakglass::slack::{Answer, DeliveryKind, Receive};
use breakglass::stop::{self, Stopper};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Response, StatusCode};
use serde_json::json;
use sha2::Sha256;
use tokio::task::JoinHandle;

use super::{browser, receive, receive_with, text};

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

struct Door {
    address: SocketAddr,
    clock: Clock,
    browser: reqwest::Client,
    stopper: Stopper,
    served: JoinHandle<()>,
}

impl Door {
    async fn open(receive: Receive) -> Self {
        let clock = Clock::system();
        let secret = SigningSecret::new(SECRET).unwrap();
        let listener = http::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stopper, stop) = stop::pair();
        let routes = router(secret, clock.clone(), receive).merge(http::health());
        Self {
            address,
            clock,
            browser: browser(),
            stopper,
            served: tokio::spawn(http::serve(listener, routes, stop)),
        }
    }

    fn request(&self, path: &str, body: &str, age: i64, secret: &str) -> reqwest::RequestBuilder {
        let timestamp = self.clock.now().timestamp() - age;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("v0:{timestamp}:{body}").as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        self.browser
            .post(format!("http://{}{path}", self.address))
            .header("x-slack-request-timestamp", timestamp.to_string())
            .header("x-slack-signature", format!("v0={signature}"))
            .body(body.to_owned())
    }

    async fn deliver(&self, path: &str, body: &str) -> Response {
        let request = self.request(path, body, 0, SECRET);
        request.send().await.unwrap()
    }
}

const COMMAND: &str = "command=%2Femergency&text=Deploy+WAF+rule+%40morgan&user_id=U0DANA0001\
    &is_enterprise_install=false&channel_name=inc-auth-outage";

#[tokio::test]
async fn a_command_arrives_whole_and_is_answered_with_nothing() {
    let (receive, mut heard) = receive();
    let door = Door::open(receive).await;
    let answer = door.deliver("/slack/commands", COMMAND).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.bytes().await.unwrap().len(), 0);
    let delivery = heard.recv().await.unwrap();
    assert_eq!(delivery.kind, DeliveryKind::Command);
    assert_eq!(
        delivery.payload,
        json!({
            "command": "/emergency",
            "text": "Deploy WAF rule @morgan",
            "user_id": "U0DANA0001",
            "is_enterprise_install": "false",
            "channel_name": "inc-auth-outage",
        })
    );
}

#[tokio::test]
async fn a_modals_errors_go_back_as_json() {
    let errors = json!({"response_action": "errors", "errors": {"what": "Say what."}});
    let said = errors.clone();
    let (receive, mut heard) = receive_with(move |_| Answer::With(said.clone()));
    let door = Door::open(receive).await;
    let body = "payload=%7B%22type%22%3A%22view_submission%22%7D";
    let answer = door.deliver("/slack/interactions", body).await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.json::<serde_json::Value>().await.unwrap(), errors);
    let delivery = heard.recv().await.unwrap();
    assert_eq!(delivery.kind, DeliveryKind::Interaction);
    assert_eq!(delivery.payload, json!({"type": "view_submission"}));
}

#[tokio::test]
async fn slack_verifying_the_address_gets_its_challenge_back() {
    let (receive, mut heard) = receive();
    let door = Door::open(receive).await;
    let body = r#"{"type":"url_verification","challenge":"3eZbrw1aB"}"#;
    let answer = door.deliver("/slack/events", body).await;
    assert_eq!(answer.text().await.unwrap(), "3eZbrw1aB");
    assert!(heard.try_recv().is_err());
}

#[tokio::test]
async fn what_slack_did_not_sign_just_now_gets_no_further() {
    let (receive, mut heard) = receive();
    let door = Door::open(receive).await;
    let url = format!("http://{}/slack/commands", door.address);
    for request in [
        door.browser.post(url).body(COMMAND),
        door.request("/slack/commands", COMMAND, 0, "another secret"),
        door.request("/slack/commands", COMMAND, 6 * 60, SECRET),
        door.request("/slack/commands", COMMAND, -6 * 60, SECRET),
        door.request("/slack/commands", COMMAND, 0, SECRET)
            .body(COMMAND.replace("morgan", "gus")),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
    assert!(heard.try_recv().is_err());
}

#[tokio::test]
async fn two_megabytes_are_refused_and_the_door_stays_open() {
    let (receive, mut heard) = receive();
    let door = Door::open(receive).await;
    let body = format!("{COMMAND}&filler={}", "x".repeat(2 * 1024 * 1024));
    let answer = door.deliver("/slack/commands", &body).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(heard.try_recv().is_err());
    let answer = door.deliver("/slack/commands", COMMAND).await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_is_cut_short_is_a_bad_request() {
    let (receive, mut heard) = receive();
    let door = Door::open(receive).await;
    for (path, body) in [
        ("/slack/events", r#"{"type":"event_callback","event":{"ty"#),
        ("/slack/events", r#"{"type":"url_verification"}"#),
        ("/slack/interactions", "payload=%7B%22type%22%3A"),
        ("/slack/interactions", "pay"),
        ("/slack/commands", "comm"),
        ("/slack/commands", ""),
    ] {
        let answer = door.deliver(path, body).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path} {body}");
    }
    assert!(heard.try_recv().is_err());
}

#[tokio::test]
async fn an_unknown_event_is_handed_on() {
    let (receive, mut heard) = receive();
    let door = Door::open(receive).await;
    let body = r#"{"type":"event_callback","event":{"type":"from_the_future","n":1}}"#;
    let answer = door.deliver("/slack/events", body).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let delivery = heard.recv().await.unwrap();
    assert_eq!(delivery.kind, DeliveryKind::Event);
    assert_eq!(delivery.payload["event"]["type"], "from_the_future");
}

#[tokio::test]
async fn a_delivery_made_four_times_is_handed_on_four_times() {
    let (receive, mut heard) = receive();
    let door = Door::open(receive).await;
    for n in 0..4 {
        let request = door.request("/slack/commands", COMMAND, 0, SECRET);
        let retried = request.header("x-slack-retry-num", n.to_string());
        assert_eq!(retried.send().await.unwrap().status(), StatusCode::OK);
    }
    for _ in 0..4 {
        let delivery = heard.recv().await.unwrap();
        assert_eq!(text(&delivery.payload), "Deploy WAF rule @morgan");
    }
}

#[tokio::test]
async fn what_was_not_kept_is_an_error_so_that_slack_delivers_again() {
    let (receive, _heard) = receive_with(|_| Answer::NotKept);
    let door = Door::open(receive).await;
    let answer = door.deliver("/slack/commands", COMMAND).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_panic_behind_the_door_ends_one_connection_only() {
    let (receive, _heard) = receive_with(|delivery| {
        assert!(text(&delivery.payload) != "boom", "as this test wants it");
        Answer::Acknowledged
    });
    let door = Door::open(receive).await;
    let request = door.request(
        "/slack/commands",
        "command=%2Femergency&text=boom",
        0,
        SECRET,
    );
    assert!(request.send().await.is_err());
    let answer = door.deliver("/slack/commands", COMMAND).await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_is_in_hand_is_finished_before_the_server_ends() {
    let (begun, mut beginning) = tokio::sync::mpsc::unbounded_channel();
    let finish = std::sync::Arc::new(tokio::sync::Notify::new());
    let waiting = finish.clone();
    let receive: Receive = std::sync::Arc::new(move |_| {
        let (begun, waiting) = (begun.clone(), waiting.clone());
        Box::pin(async move {
            begun.send(()).unwrap();
            waiting.notified().await;
            Answer::Acknowledged
        })
    });
    let door = Door::open(receive).await;
    let slow = tokio::spawn(door.request("/slack/commands", COMMAND, 0, SECRET).send());
    beginning.recv().await.unwrap();
    door.stopper.stop();
    finish.notify_one();
    assert_eq!(slow.await.unwrap().unwrap().status(), StatusCode::OK);
    door.served.await.unwrap();
}

#[tokio::test]
async fn whoever_asks_hears_that_the_process_lives() {
    let (receive, _heard) = receive();
    let door = Door::open(receive).await;
    let url = format!("http://{}/healthz", door.address);
    let answer = door.browser.get(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let taken = http::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = http::bind(address).await.unwrap_err();
    assert_eq!(error.to_string(), format!("can't listen on {address}"));
}
