//! When Slack, the network or the bot itself fails in the middle.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;

use super::{minutes, request, requested};
use crate::world::{CHANNEL, Setting, World, acknowledged, browser};

/// A world in which a call that isn't answered is soon given up.
async fn impatient() -> World {
    World::of(Setting {
        http_timeout: Duration::from_millis(500),
        ..Setting::default()
    })
    .await
}

/// How many messages stand in the channel that say this.
async fn n_standing(world: &World, words: &str) -> usize {
    let seen = world
        .hand
        .look("messages?channel=C0INCAUTH1")
        .await
        .unwrap();
    let messages = seen["messages"].as_array().unwrap();
    messages
        .iter()
        .filter(|one| one["text"].as_str().unwrap().contains(words))
        .count()
}

#[tokio::test]
async fn a_message_that_arrived_unanswered_is_adopted_and_not_sent_twice() {
    for fault in ["applied_then_silence", "applied_then_drop"] {
        let mut world = impatient().await;
        world
            .misbehave(json!({"method": "chat.postMessage", "fault": fault, "times": 1}))
            .await;
        let answer = world
            .type_in("dana", CHANNEL, "Deploy WAF rule @morgan")
            .await;
        acknowledged(&answer);
        world.go(minutes(2)).await;
        assert_eq!(n_standing(&world, "Deploy WAF rule").await, 1, "{fault}");
        assert_eq!(world.calls("chat.postMessage").await.len(), 1, "{fault}");
        // It is the card by now: what follows edits it.
        world.press("morgan", CHANNEL, "authorize").await;
        world.heard(CHANNEL, &["*Authorized* by", "Authorized by @morgan"]);
        world.end().await;
    }
}

#[tokio::test]
async fn a_message_that_never_arrived_is_sent_again_after_its_grace() {
    for fault in ["silence", "drop_connection"] {
        let mut world = impatient().await;
        world
            .misbehave(json!({"method": "chat.postMessage", "fault": fault, "times": 1}))
            .await;
        let answer = world
            .type_in("dana", CHANNEL, "Deploy WAF rule @morgan")
            .await;
        acknowledged(&answer);
        world.go(minutes(2)).await;
        assert_eq!(n_standing(&world, "Deploy WAF rule").await, 1, "{fault}");
        assert_eq!(world.calls("chat.postMessage").await.len(), 2, "{fault}");
        world.skip();
        world.end().await;
    }
}

#[tokio::test]
async fn a_message_applied_late_behind_an_error_is_not_sent_twice() {
    let mut world = World::new().await;
    world
        .misbehave(json!({
            "method": "chat.postMessage", "fault": "late", "delay_ms": 50, "times": 1,
        }))
        .await;
    let answer = world
        .type_in("dana", CHANNEL, "Deploy WAF rule @morgan")
        .await;
    acknowledged(&answer);
    world.go(minutes(2)).await;
    assert_eq!(n_standing(&world, "Deploy WAF rule").await, 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn retry_after_is_obeyed_to_the_second() {
    let mut world = World::new().await;
    world
        .misbehave(json!({
            "method": "chat.postMessage", "fault": "ratelimited", "retry_after_s": 17, "times": 1,
        }))
        .await;
    let answer = world
        .type_in("dana", CHANNEL, "Deploy WAF rule @morgan")
        .await;
    acknowledged(&answer);
    world.settle().await;
    let calls = world.calls("chat.postMessage").await;
    let at = |n: usize| -> chrono::DateTime<chrono::Utc> {
        calls[n]["at"].as_str().unwrap().parse().unwrap()
    };
    assert_eq!(calls.len(), 2, "{calls:#?}");
    let waited = at(1) - at(0);
    assert!(
        waited >= TimeDelta::seconds(17) && waited <= TimeDelta::seconds(18),
        "{waited}"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn server_errors_delay_and_lose_nothing() {
    let mut world = World::new().await;
    world
        .misbehave(json!({"method": "*", "fault": "server_error", "probability": 0.3, "seed": 7}))
        .await;
    let answer = world
        .type_in("dana", CHANNEL, "Deploy WAF rule @morgan")
        .await;
    acknowledged(&answer);
    world.go(minutes(2)).await;
    world.deliver_press("morgan", "authorize", "1001").await;
    world.go(minutes(10)).await;
    world.behave().await;
    world.go(minutes(10)).await;
    assert_eq!(world.n_facts("requested"), 1);
    assert_eq!(world.n_facts("authorized"), 1);
    assert_eq!(n_standing(&world, "Authorized by").await, 1);
    assert_eq!(n_standing(&world, "CHG-1001, ").await, 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_message_that_was_deleted_by_hand_does_not_stop_the_rest() {
    let mut world = requested().await;
    let card = world.hand.transcript("dana", CHANNEL).await.unwrap();
    let ts = card[0]["ts"].as_str().unwrap().to_owned();
    world
        .misbehave(json!({"method": "chat.update", "fault": "ratelimited", "retry_after_s": 1, "times": 1}))
        .await;
    // As an administrator may, or the app's owner with its token.
    let deleted = browser()
        .post(format!("{}/chat.delete", world.sandbox.slack_api_url()))
        .bearer_auth(&world.sandbox.credentials().bot_token)
        .json(&json!({"channel": "C0INCAUTH1", "ts": ts}))
        .send()
        .await
        .unwrap();
    let deleted: serde_json::Value = deleted.json().await.unwrap();
    assert_eq!(deleted["ok"], true, "{deleted}");
    world.deliver_press("morgan", "authorize", "1001").await;
    world.settle().await;
    assert_eq!(world.stage(1001), "authorized");
    // The card is posted anew, and its news stands in the new one's thread.
    world.heard(CHANNEL, &["*Authorized* by", "Authorized by @morgan"]);
    world.press("riley", CHANNEL, "take_command").await;
    world.heard(CHANNEL, &["@riley authorized it", "@riley commands"]);
    // Another change in the same channel is told of as ever.
    world.slash("priya", "Restart the API @morgan").await;
    world.heard(CHANNEL, &["Restart the API"]);
    world.end().await;
}

#[tokio::test]
async fn a_revoked_token_holds_messages_back_until_it_is_restored() {
    let mut world = requested().await;
    let token = |revoked: bool| json!({"token": "bot", "revoked": revoked});
    world.try_act("token", token(true)).await.unwrap();
    // Who asked needn't be looked up to take it back.
    world.deliver_press("dana", "withdraw", "1001").await;
    world.go(minutes(1)).await;
    world.heard(CHANNEL, &[]);
    world.try_act("token", token(false)).await.unwrap();
    world.go(minutes(1)).await;
    assert_eq!(world.n_facts("withdrawn"), 1);
    let card = world.read(CHANNEL);
    assert!(
        card.iter().any(|one| one.words.contains("withdrawn")),
        "{card:#?}"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_crash_after_the_commit_loses_nothing_that_was_acknowledged() {
    let mut world = World::new().await;
    // Slack can't be asked: the request is kept, acknowledged, and goes no further.
    world
        .misbehave(json!({"method": "*", "fault": "server_error"}))
        .await;
    let answer = world
        .type_in("dana", CHANNEL, "Deploy WAF rule @morgan")
        .await;
    acknowledged(&answer);
    world.crash().await;
    assert_eq!(world.count("SELECT count(*) FROM inbox"), 1);
    world.behave().await;
    world.start().await;
    world.go(minutes(2)).await;
    assert_eq!(world.deeds(), ["requested"]);
    assert_eq!(n_standing(&world, "Deploy WAF rule").await, 1);
    // The redelivery that Slack owes a client without an answer changes nothing.
    world.deliver_again(1).await;
    assert_eq!(world.deeds(), ["requested"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_crash_while_a_message_is_under_way_sends_it_once() {
    let mut world = World::new().await;
    world
        .misbehave(
            json!({"method": "chat.postMessage", "fault": "applied_then_silence", "times": 1}),
        )
        .await;
    let answer = world
        .type_in("dana", CHANNEL, "Deploy WAF rule @morgan")
        .await;
    acknowledged(&answer);
    // The call hangs without an answer; until it is seen, nothing is cut short.
    while world.calls("chat.postMessage").await.is_empty() {}
    world.crash().await;
    world.start().await;
    world.go(minutes(2)).await;
    assert_eq!(n_standing(&world, "Deploy WAF rule").await, 1);
    assert_eq!(world.calls("chat.postMessage").await.len(), 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn an_archived_channels_news_goes_to_the_requester() {
    let mut world = World::new().await;
    request(&mut world).await;
    world
        .try_act("channel", json!({"channel": CHANNEL, "archived": true}))
        .await
        .unwrap();
    world.deliver_press("morgan", "authorize", "1001").await;
    world.settle().await;
    assert_eq!(world.stage(1001), "authorized");
    world.heard(CHANNEL, &[]);
    world.heard("dana", &["*Authorized* by", "Authorized by @morgan"]);
    // The card works where it stands now.
    world.press("dana", "@breakglass", "deployed").await;
    assert_eq!(world.stage(1001), "deployed");
    world.skip();
    world.end().await;
}
