//! The two doors: Socket Mode and signed HTTP.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::bench::{INCIDENT, Socket, app, bench};

#[tokio::test]
async fn each_payload_goes_to_exactly_one_socket_in_turn() {
    let bench = bench().await;
    let (mut one, mut two) = (bench.socket().await, bench.socket().await);
    for text in ["a", "b", "c", "d"] {
        bench.say("dana", INCIDENT, text).await;
    }
    let mut texts = Vec::new();
    for socket in [&mut one, &mut two] {
        for _ in 0..2 {
            texts.push(
                socket.take().await["payload"]["event"]["text"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
        }
    }
    assert_eq!(texts, ["a", "c", "b", "d"]);
    bench.control("clock/settle", json!({})).await;
    let deliveries = bench.look("deliveries").await;
    let attempts: Vec<_> = deliveries["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["attempts"].clone())
        .collect();
    assert_eq!(attempts, [json!(1), json!(1), json!(1), json!(1)]);
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again_on_another_socket() {
    let bench = bench().await;
    bench.control("app", json!({"patience_ms": 20})).await;
    let (mut one, mut two) = (bench.socket().await, bench.socket().await);
    bench.say("dana", INCIDENT, "x").await;
    let first = one.frame().await;
    assert_eq!(first["retry_attempt"], 0);
    let again = two.take().await;
    assert_eq!(again["retry_attempt"], 1);
    assert_eq!(again["retry_reason"], "timeout");
    assert_ne!(again["envelope_id"], first["envelope_id"]);
    assert_eq!(again["payload"]["event_id"], first["payload"]["event_id"]);
}

#[tokio::test]
async fn what_a_dying_socket_held_comes_again_at_once() {
    let bench = bench().await;
    let (mut one, mut two) = (bench.socket().await, bench.socket().await);
    bench.say("dana", INCIDENT, "x").await;
    one.frame().await;
    drop(one);
    assert_eq!(two.take().await["payload"]["event"]["text"], "x");
}

#[tokio::test]
async fn without_a_socket_events_come_after_a_minute_and_five() {
    let bench = bench().await;
    bench.say("dana", INCIDENT, "x").await;
    let clock = bench.control("clock/settle", json!({})).await;
    assert_eq!(clock["now"], "2026-11-21T02:14:00Z");
    assert_eq!(bench.look("clock").await["next"], "2026-11-21T02:15:00Z");
    bench.control("clock/move", json!({"next": true})).await;
    assert_eq!(bench.look("clock").await["next"], "2026-11-21T02:20:00Z");
    let mut heard = bench.obedient().await;
    bench.control("clock/move", json!({"by_s": 600})).await;
    assert_eq!(heard.recv().await.unwrap()["retry_attempt"], 3);
    let delivery = bench.look("deliveries").await["deliveries"][0].clone();
    assert_eq!(
        (&delivery["attempts"], &delivery["acked"]),
        (&json!(4), &json!(true))
    );
}

#[tokio::test]
async fn after_the_third_retry_an_event_is_lost() {
    let bench = bench().await;
    bench.say("dana", INCIDENT, "x").await;
    bench.control("clock/move", json!({"by_s": 600})).await;
    let delivery = bench.look("deliveries").await["deliveries"][0].clone();
    assert_eq!(
        (&delivery["attempts"], &delivery["status"]),
        (&json!(4), &json!("given_up"))
    );
    assert_eq!(bench.look("clock").await["next"], Value::Null);
}

#[tokio::test]
async fn a_ticket_opens_one_socket_and_ten_are_enough() {
    let bench = bench().await;
    let token = &bench.running.credentials().app_token;
    let url = format!("{}/apps.connections.open", bench.running.slack_api_url());
    let opened: Value = bench
        .http
        .post(url)
        .bearer_auth(token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let url = opened["url"].as_str().unwrap();
    let mut first = Socket::open(url).await;
    assert_eq!(first.frame().await["num_connections"], 1);
    assert!(tokio_tungstenite::connect_async(url).await.is_err());
    let mut sockets = vec![first];
    for _ in 0..9 {
        sockets.push(bench.socket().await);
    }
    let token = &bench.running.credentials().app_token;
    let url = format!("{}/apps.connections.open", bench.running.slack_api_url());
    let opened: Value = bench
        .http
        .post(url)
        .bearer_auth(token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let mut eleventh = Socket::open(opened["url"].as_str().unwrap()).await;
    assert_eq!(eleventh.frame().await["reason"], "too_many_websockets");
}

#[tokio::test]
async fn a_socket_is_warned_refreshed_and_cut() {
    let bench = bench().await;
    let mut socket = bench.socket().await;
    bench
        .control("sockets/farewell", json!({"reason": "warning"}))
        .await;
    let told = socket.frame().await;
    assert_eq!(
        (&told["type"], &told["reason"]),
        (&json!("disconnect"), &json!("warning"))
    );
    bench.say("dana", INCIDENT, "still here").await;
    socket.take().await;
    bench
        .control("sockets/farewell", json!({"reason": "refresh_requested"}))
        .await;
    assert_eq!(socket.frame().await["reason"], "refresh_requested");
    // As Slack's sockets end; its Python SDK hears nothing of an end without a code.
    assert_eq!(socket.end().await, Some(1000));
    let mut socket = bench.socket().await;
    bench.control("sockets/cut", json!({})).await;
    assert_eq!(socket.maybe_frame().await, None);
}

fn signed(secret: &str, timestamp: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn over_http_everything_is_signed_with_the_workspaces_time() {
    let bench = bench().await;
    let mut app = app().await;
    assert_eq!(
        bench.control("app", json!({"request_url": app.url})).await["ok"],
        true
    );
    bench.say("dana", INCIDENT, "x").await;
    let typed = json!({"as": "dana", "channel": INCIDENT, "command": "/emergency", "text": "a b"});
    app.received
        .recv()
        .await
        .map(|event| assert_eq!(event.path, "events"))
        .unwrap();
    assert_eq!(bench.control("slash", typed).await["ok"], true);
    let command = app.received.recv().await.unwrap();
    assert_eq!(command.path, "commands");
    assert!(command.body.contains("text=a+b"));
    let timestamp = command.headers["x-slack-request-timestamp"]
        .to_str()
        .unwrap();
    assert_eq!(timestamp, "1795227240");
    let secret = &bench.running.credentials().signing_secret;
    assert_eq!(
        command.headers["x-slack-signature"],
        signed(secret, timestamp, &command.body)
    );
    bench
        .control("shortcut", json!({"as": "dana", "callback_id": "declare"}))
        .await;
    let interaction = app.received.recv().await.unwrap();
    assert_eq!(interaction.path, "interactions");
    assert!(interaction.body.starts_with("payload=%7B"));
}

#[tokio::test]
async fn over_http_what_fails_comes_again_and_says_so() {
    let bench = bench().await;
    let mut app = app().await;
    bench.control("app", json!({"request_url": app.url})).await;
    let broken = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
    app.answers
        .lock()
        .unwrap()
        .extend([(broken, ""), (broken, "")]);
    bench.say("dana", INCIDENT, "x").await;
    let first = app.received.recv().await.unwrap();
    assert!(first.headers.get("x-slack-retry-num").is_none());
    let second = app.received.recv().await.unwrap();
    assert_eq!(second.headers["x-slack-retry-num"], "1");
    assert_eq!(second.headers["x-slack-retry-reason"], "http_error");
    assert_eq!(second.body, first.body);
    bench.control("clock/move", json!({"by_s": 60})).await;
    let third = app.received.recv().await.unwrap();
    assert_eq!(third.headers["x-slack-retry-num"], "2");
}

#[tokio::test]
async fn a_commands_body_is_shown_to_whoever_gave_it() {
    let bench = bench().await;
    let app = app().await;
    bench.control("app", json!({"request_url": app.url})).await;
    app.answers
        .lock()
        .unwrap()
        .push((axum::http::StatusCode::OK, "taken"));
    let typed = json!({"as": "dana", "channel": INCIDENT, "command": "/emergency"});
    assert_eq!(bench.control("slash", typed).await["response"], "taken");
    let seen = bench
        .look("transcript?as=dana&channel=inc-auth-outage")
        .await;
    assert_eq!(seen["messages"][0]["text"], "taken");
}

#[tokio::test]
async fn a_request_url_must_echo_the_challenge() {
    let bench = bench().await;
    let nobody = json!({"request_url": "http://127.0.0.1:1/slack"});
    assert_eq!(bench.control("app", nobody).await["ok"], false);
    let secure = json!({"request_url": "https://127.0.0.1:1/slack"});
    assert_eq!(bench.control("app", secure).await["ok"], false);
    let token = &bench.running.credentials().app_token;
    let url = format!("{}/apps.connections.open", bench.running.slack_api_url());
    let opened: Value = bench
        .http
        .post(url)
        .bearer_auth(token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(opened["ok"], true, "Socket Mode is still on");
}

#[tokio::test]
async fn settling_can_wait_for_the_app_to_open_its_sockets() {
    let bench = bench().await;
    let none = bench
        .control("clock/settle", json!({"n_sockets": 1, "timeout_ms": 20}))
        .await;
    assert_eq!(none["error"], "not settled: 0 of 1 sockets are open");
    let (settled, _socket) = tokio::join!(
        bench.control("clock/settle", json!({"n_sockets": 1})),
        bench.socket()
    );
    assert_eq!(settled["now"], "2026-11-21T02:14:00Z");
    bench
        .control("sockets/farewell", json!({"reason": "refresh_requested"}))
        .await;
    assert_eq!(bench.look("sockets").await["sockets"], json!([]));
}
