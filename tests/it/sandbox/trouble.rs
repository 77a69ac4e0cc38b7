//! Misbehaviour on demand: each fault as the client sees it, and what it did or did not do.

use std::time::Duration;

use serde_json::{Value, json};

use super::bench::{Bench, INCIDENT, bench};

async fn texts(bench: &Bench) -> Vec<String> {
    let messages = bench.look("messages?channel=C0INCAUTH1").await;
    let messages = messages["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["text"].as_str().unwrap().to_owned())
        .collect()
}

fn message(text: &str) -> Value {
    json!({"channel": INCIDENT, "text": text})
}

async fn order(bench: &Bench, order: Value) {
    assert_eq!(bench.control("misbehave", order).await["ok"], true);
}

#[tokio::test]
async fn a_refused_call_was_not_applied() {
    let bench = bench().await;
    order(&bench, json!({"method": "chat.postMessage", "fault": "ratelimited", "retry_after_s": 7, "times": 1})).await;
    order(
        &bench,
        json!({"method": "chat.postMessage", "fault": "server_error", "times": 1}),
    )
    .await;
    let limited = bench.respond("chat.postMessage", message("x")).await;
    assert_eq!(
        (
            limited.status().as_u16(),
            limited.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "7")
    );
    assert_eq!(
        bench
            .respond("chat.postMessage", message("x"))
            .await
            .status(),
        503
    );
    assert_eq!(texts(&bench).await, Vec::<String>::new());
    bench.done("chat.postMessage", message("x")).await;
    assert_eq!(texts(&bench).await, ["x"]);
}

#[tokio::test]
async fn a_late_call_is_applied_after_it_failed_and_nothing_settles_before() {
    let bench = bench().await;
    order(
        &bench,
        json!({"method": "chat.postMessage", "fault": "late", "delay_ms": 50, "times": 1}),
    )
    .await;
    let before = bench.look("clock").await["version"].as_u64().unwrap();
    assert_eq!(
        bench
            .respond("chat.postMessage", message("late"))
            .await
            .status(),
        503
    );
    assert_eq!(bench.look("clock").await["settled"], false);
    bench.control("clock/settle", json!({})).await;
    assert_eq!(texts(&bench).await, ["late"]);
    assert!(bench.look("clock").await["version"].as_u64().unwrap() > before);
}

#[tokio::test]
async fn a_dropped_connection_tells_nothing_of_what_was_done() {
    let bench = bench().await;
    order(
        &bench,
        json!({"method": "chat.postMessage", "fault": "drop_connection", "times": 1}),
    )
    .await;
    order(
        &bench,
        json!({"method": "chat.postMessage", "fault": "applied_then_drop", "times": 1}),
    )
    .await;
    let post = async |text: &str| {
        let token = &bench.running.credentials().bot_token;
        let url = format!("{}/chat.postMessage", bench.running.slack_api_url());
        bench
            .http
            .post(url)
            .bearer_auth(token)
            .json(&message(text))
            .send()
            .await
    };
    assert!(post("lost").await.is_err());
    assert!(post("kept").await.is_err());
    assert_eq!(texts(&bench).await, ["kept"]);
    bench.control("clock/settle", json!({})).await;
    let calls = bench.look("calls?method=chat.postMessage").await;
    let applied: Vec<_> = calls["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["applied"].clone())
        .collect();
    assert_eq!(applied, [json!(false), json!(true)]);
}

#[tokio::test]
async fn silence_lasts_until_the_client_gives_up() {
    let bench = bench().await;
    order(
        &bench,
        json!({"method": "*", "fault": "silence", "times": 1}),
    )
    .await;
    order(
        &bench,
        json!({"method": "*", "fault": "applied_then_silence", "times": 1}),
    )
    .await;
    for text in ["lost", "kept"] {
        let token = &bench.running.credentials().bot_token;
        let url = format!("{}/chat.postMessage", bench.running.slack_api_url());
        let request = bench.http.post(url).bearer_auth(token).json(&message(text));
        let error = request
            .timeout(Duration::from_millis(50))
            .send()
            .await
            .unwrap_err();
        assert!(error.is_timeout());
    }
    assert_eq!(
        bench.control("clock/settle", json!({})).await["now"],
        "2026-11-21T02:14:00Z"
    );
    assert_eq!(texts(&bench).await, ["kept"]);
}

#[tokio::test]
async fn a_duplicate_has_the_same_event_id() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    order(&bench, json!({"deliveries": "duplicate", "times": 1})).await;
    bench.say("dana", INCIDENT, "x").await;
    let (one, two) = (heard.recv().await.unwrap(), heard.recv().await.unwrap());
    assert_eq!(one["payload"]["event_id"], two["payload"]["event_id"]);
    assert_ne!(one["envelope_id"], two["envelope_id"]);
    bench.control("deliver_again", json!({"n": 3})).await;
    for _ in 0..3 {
        assert_eq!(
            heard.recv().await.unwrap()["payload"]["event_id"],
            one["payload"]["event_id"]
        );
    }
}

#[tokio::test]
async fn a_reordered_delivery_comes_after_the_one_that_follows() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    order(
        &bench,
        json!({"deliveries": "reorder", "times": 1, "delay_ms": 60_000}),
    )
    .await;
    bench.say("dana", INCIDENT, "question").await;
    bench.say("morgan", INCIDENT, "answer").await;
    assert_eq!(
        heard.recv().await.unwrap()["payload"]["event"]["text"],
        "answer"
    );
    assert_eq!(
        heard.recv().await.unwrap()["payload"]["event"]["text"],
        "question"
    );
}

#[tokio::test]
async fn a_socket_that_drops_gets_nothing_and_the_other_gets_it() {
    let bench = bench().await;
    let (mut one, mut two) = (bench.socket().await, bench.socket().await);
    order(&bench, json!({"deliveries": "drop_socket", "times": 1})).await;
    bench.say("dana", INCIDENT, "x").await;
    assert_eq!(one.maybe_frame().await, None);
    assert_eq!(two.take().await["retry_attempt"], 1);
}

#[tokio::test]
async fn a_delayed_delivery_keeps_the_workspace_unsettled() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    order(
        &bench,
        json!({"deliveries": "delay", "times": 1, "delay_ms": 30}),
    )
    .await;
    bench.say("dana", INCIDENT, "x").await;
    assert_eq!(bench.look("clock").await["settled"], false);
    bench.control("clock/settle", json!({})).await;
    assert_eq!(heard.try_recv().unwrap()["payload"]["event"]["text"], "x");
}

#[tokio::test]
async fn anything_can_be_delivered_and_orders_can_be_cleared() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    let strange = json!({"kind": "interactive", "payload": {"type": "never_heard_of"}});
    assert_eq!(bench.control("deliver_raw", strange).await["ok"], true);
    assert_eq!(
        heard.recv().await.unwrap()["payload"]["type"],
        "never_heard_of"
    );
    order(&bench, json!({"fault": "server_error"})).await;
    assert_eq!(bench.respond("auth.test", json!({})).await.status(), 503);
    let url = format!("{}/misbehave", bench.running.control_url());
    bench.http.delete(url).send().await.unwrap();
    bench.done("auth.test", json!({})).await;
}

#[tokio::test]
async fn an_event_that_nobody_takes_does_not_hold_up_who_delivered_it() {
    let bench = bench().await;
    let raw = json!({"kind": "events_api", "payload": {"type": "event_callback"}});
    assert_eq!(bench.control("deliver_raw", raw).await["ok"], true);
    bench.control("clock/settle", json!({})).await;
    assert_eq!(
        bench.look("deliveries").await["deliveries"][0]["status"],
        "waiting"
    );
}

#[tokio::test]
async fn any_frame_can_be_sent_down_a_socket() {
    let bench = bench().await;
    let mut socket = bench.socket().await;
    let strange = json!({"text": "{\"type\": \"news\"}"});
    assert_eq!(bench.control("sockets/say", strange).await["told"], 1);
    assert_eq!(socket.frame().await["type"], "news");
}

#[tokio::test]
async fn a_response_url_misbehaves_too() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    let typed = json!({"as": "dana", "channel": INCIDENT, "command": "/emergency"});
    bench.control("slash", typed).await;
    let url = heard.recv().await.unwrap()["payload"]["response_url"]
        .as_str()
        .unwrap()
        .to_owned();
    let answer = async |text: &str| {
        bench
            .http
            .post(&url)
            .json(&json!({"text": text}))
            .send()
            .await
    };
    order(
        &bench,
        json!({"method": "response_url", "fault": "server_error", "times": 1}),
    )
    .await;
    order(
        &bench,
        json!({"method": "response_url", "fault": "late", "delay_ms": 10, "times": 1}),
    )
    .await;
    order(
        &bench,
        json!({"method": "response_url", "fault": "applied_then_drop", "times": 1}),
    )
    .await;
    assert_eq!(answer("lost").await.unwrap().status(), 503);
    assert_eq!(answer("late").await.unwrap().status(), 503);
    bench.control("clock/settle", json!({})).await;
    assert!(answer("kept").await.is_err());
    assert_eq!(texts(&bench).await, ["late", "kept"]);
}

#[tokio::test]
async fn a_stopped_sandbox_is_gone() {
    let bench = bench().await;
    let mut socket = bench.socket().await;
    let control = bench.running.control_url();
    bench.running.stop().await;
    assert_eq!(socket.maybe_frame().await, None);
    assert!(
        bench
            .http
            .get(format!("{control}/clock"))
            .send()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_lasting_order_to_duplicate_doubles_each_delivery_and_no_more() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    order(&bench, json!({"deliveries": "duplicate"})).await;
    bench.say("dana", INCIDENT, "x").await;
    bench.say("dana", INCIDENT, "y").await;
    bench.control("clock/settle", json!({})).await;
    let mut texts = Vec::new();
    while let Ok(envelope) = heard.try_recv() {
        texts.push(envelope["payload"]["event"]["text"].clone());
    }
    assert_eq!(texts, ["x", "x", "y", "y"]);
}

#[tokio::test]
async fn a_cut_socket_is_out_of_service_at_once() {
    let bench = bench().await;
    let (_one, mut two) = (bench.socket().await, bench.socket().await);
    let sockets = bench.look("sockets").await;
    let first = &sockets["sockets"][0]["id"];
    assert_eq!(
        bench.control("sockets/cut", json!({"socket": first})).await["cut"],
        1
    );
    assert_eq!(
        bench.look("sockets").await["sockets"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    bench.say("dana", INCIDENT, "x").await;
    assert_eq!(two.take().await["retry_attempt"], 0);
}
