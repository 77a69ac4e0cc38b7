//! Both doors, and whatever may come through them.

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{SECTIONS, hours, minutes, request, requested};
use crate::world::{CHANNEL, Door, Setting, World, acknowledged, browser};

async fn behind(door: Door) -> World {
    World::of(Setting {
        door,
        ..Setting::default()
    })
    .await
}

/// The whole conversation, from the request to the closed change; what it left
/// on record, without what differs from one run to the next.
async fn conversation(door: Door) -> Vec<(String, String, Value)> {
    let mut world = behind(door).await;
    request(&mut world).await;
    world
        .press("dana", CHANNEL, "criterion:production_down")
        .await;
    world.go(minutes(1)).await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.press("riley", CHANNEL, "take_command").await;
    world.go(minutes(4)).await;
    world.press("dana", CHANNEL, "deployed").await;
    world.go(hours(7)).await;
    for sitting in SECTIONS.chunks(5) {
        world.document("dana", "@breakglass", sitting).await;
        world.go(hours(1)).await;
    }
    world.approve("morgan", "@breakglass").await;
    assert_eq!(world.stage(1001), "closed");
    world.skip();
    let facts = world.facts();
    world.end().await;
    facts
        .into_iter()
        // Lanes send side by side, so that deliveries come in no fixed order.
        .filter(|fact| fact.kind != "delivered")
        .map(|fact| (fact.kind, fact.actor, without_particulars(fact.data)))
        .collect()
}

/// A text's commitment is drawn anew each time, and with it the content's hash;
/// Slack names messages and payloads follow.
fn without_particulars(mut data: Value) -> Value {
    let particulars = [
        "what",
        "verbatim",
        "text",
        "content",
        "ts",
        "payload",
        "deployed_at",
        "due_at",
        "key",
    ];
    if let Some(fields) = data.as_object_mut() {
        let is_text = |value: &Value| ["words", "links"].iter().any(|kind| value["kind"] == *kind);
        fields.retain(|name, value| !particulars.contains(&name.as_str()) && !is_text(value));
    }
    data
}

#[tokio::test]
async fn the_same_conversation_through_either_door_leaves_the_same_record() {
    let socket = conversation(Door::Socket).await;
    let http = conversation(Door::Http).await;
    assert!(socket.len() > 12, "{socket:#?}");
    for (one, other) in socket.iter().zip(&http) {
        assert_eq!(one, other);
    }
    assert_eq!(socket.len(), http.len());
}

/// Slack's signature over `body` as of `at`.
fn signed(world: &World, at: DateTime<Utc>, secret: &str, body: &str) -> reqwest::RequestBuilder {
    let timestamp = at.timestamp();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    browser()
        .post(format!("http://{}/slack/commands", world.address()))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-slack-request-timestamp", timestamp.to_string())
        .header("x-slack-signature", format!("v0={signature}"))
        .body(body.to_owned())
}

const BODY: &str = "command=%2Femergency&text=Deploy+it+%40morgan&user_id=U0DANA0001\
    &team_id=T0BREAK01&channel_id=C0INCAUTH1&trigger_id=1.2.3";

#[tokio::test]
async fn what_slack_did_not_sign_just_now_changes_nothing() {
    let world = behind(Door::Http).await;
    let now = world.now().await;
    let secret = world.sandbox.credentials().signing_secret.clone();
    for (request, why) in [
        (signed(&world, now, "another secret", BODY), "signature"),
        (signed(&world, now - minutes(6), &secret, BODY), "age"),
        (signed(&world, now + minutes(6), &secret, BODY), "future"),
    ] {
        let status = request.send().await.unwrap().status();
        assert_eq!(status, reqwest::StatusCode::UNAUTHORIZED, "{why}");
    }
    let large = format!("{BODY}&pad={}", "x".repeat(2 * 1024 * 1024));
    let status = signed(&world, now, &secret, &large).send().await;
    // The door may close before all of it is sent.
    if let Ok(answer) = status {
        assert_eq!(answer.status(), reqwest::StatusCode::PAYLOAD_TOO_LARGE);
    }
    assert_eq!(world.deeds(), [""; 0]);
    assert_eq!(world.count("SELECT count(*) FROM inbox"), 0);
    // The control: the same body, signed by Slack just now, is taken.
    let answer = signed(&world, now, &secret, BODY).send().await.unwrap();
    assert!(answer.status().is_success());
    let mut world = world;
    // The sandbox didn't bring it, so it doesn't wait for it: the next wake-up does.
    world.go(TimeDelta::seconds(1)).await;
    assert_eq!(world.deeds(), ["requested"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn truncated_json_and_unknown_events_are_taken_and_change_nothing() {
    for door in [Door::Socket, Door::Http] {
        let mut world = behind(door).await;
        for (kind, payload) in [
            (
                "events_api",
                json!({"type": "event_callback", "event_id": "Ev1", "event": {"type": "moon_rose"}}),
            ),
            ("events_api", json!({"type": "event_callback"})),
            ("interactive", json!({"type": "block_actions"})),
            ("interactive", json!({"type": "moon_landing", "user": 7})),
            ("slash_commands", json!({"command": "/emergency"})),
            (
                "slash_commands",
                json!({"command": "/other", "user_id": "U0DANA0001"}),
            ),
        ] {
            let body = json!({"kind": kind, "payload": payload});
            world.try_act("deliver_raw", body).await.unwrap();
            world.settle().await;
            let seen = world.hand.look("deliveries").await.unwrap();
            let last = seen["deliveries"].as_array().unwrap().last().unwrap();
            assert_eq!(last["status"], "acknowledged", "{last}");
        }
        if door == Door::Http {
            let now = world.now().await;
            let secret = world.sandbox.credentials().signing_secret.clone();
            let cut = "payload=%7B%22type%22%3A%22block_act";
            let answer = signed(&world, now, &secret, cut).send().await.unwrap();
            assert!(!answer.status().is_server_error(), "{}", answer.status());
        }
        assert_eq!(world.deeds(), [""; 0]);
        // The bot is none the worse for it.
        request(&mut world).await;
        world.end().await;
    }
}

#[tokio::test]
async fn a_delivery_that_comes_four_times_counts_once() {
    for door in [Door::Socket, Door::Http] {
        let mut world = behind(door).await;
        request(&mut world).await;
        world.deliver_again(4).await;
        world.press("morgan", CHANNEL, "authorize").await;
        world.deliver_again(4).await;
        assert_eq!(world.deeds(), ["requested", "authorized"]);
        world.heard(CHANNEL, &["Authorized", "Authorized by @morgan"]);
        world.end().await;
    }
}

#[tokio::test]
async fn a_mention_delivered_four_times_asks_once() {
    let mut world = World::new().await;
    world
        .say(
            "dana",
            CHANNEL,
            "<@U0BREAKGLS> Deploy WAF rule <@U0MORGAN01>",
        )
        .await;
    world.deliver_again(4).await;
    assert_eq!(world.deeds(), ["requested"]);
    world.heard(CHANNEL, &["@dana asks @morgan"]);
    world.end().await;
}

#[tokio::test]
async fn a_redelivery_after_a_restart_changes_nothing() {
    let mut world = requested().await;
    world.stop().await;
    world.start().await;
    world.deliver_again(2).await;
    assert_eq!(world.deeds(), ["requested"]);
    world.end().await;
}

/// Before what was postponed is tried again, two seconds after it failed.
async fn a_second_later(world: &World) {
    let now = world.now().await;
    world
        .hand
        .move_to(now + TimeDelta::seconds(1))
        .await
        .unwrap();
    assert_eq!(world.deeds(), ["requested"]);
}

#[tokio::test]
async fn an_answer_that_waits_for_slack_is_not_overtaken_by_the_deployment() {
    let mut world = requested().await;
    world.go(minutes(1)).await;
    // Morgan's authorization can't be looked up yet.
    world
        .misbehave(json!({"method": "users.info", "fault": "server_error", "times": 1}))
        .await;
    world.tap("morgan", CHANNEL, "authorize").await;
    a_second_later(&world).await;
    let answer = world.type_in("dana", CHANNEL, "deployed").await;
    acknowledged(&answer);
    world.settle().await;
    let deeds = world.deeds();
    assert_eq!(deeds, ["requested", "authorized", "deployed"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_numbered_deployment_waits_its_turn_as_well() {
    let mut world = requested().await;
    world
        .misbehave(json!({"method": "users.info", "fault": "server_error", "times": 1}))
        .await;
    world.tap("morgan", CHANNEL, "authorize").await;
    a_second_later(&world).await;
    let answer = world.type_in("dana", CHANNEL, "deployed CHG-1001").await;
    acknowledged(&answer);
    world.settle().await;
    assert_eq!(world.deeds(), ["requested", "authorized", "deployed"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_socket_cut_without_a_word_loses_nothing() {
    let mut world = requested().await;
    let before = world.sockets().await;
    world.try_act("sockets/cut", json!({})).await.unwrap();
    world.connected_anew(&before).await;
    world.press("morgan", CHANNEL, "authorize").await;
    assert_eq!(world.deeds(), ["requested", "authorized"]);
    let before = world.sockets().await;
    world
        .try_act("sockets/farewell", json!({"reason": "refresh_requested"}))
        .await
        .unwrap();
    world.connected_anew(&before).await;
    world.press("riley", CHANNEL, "take_command").await;
    assert_eq!(world.n_facts("commander_authorized"), 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn duplicated_and_reordered_deliveries_leave_the_same_record() {
    let mut world = World::new().await;
    world.misbehave(json!({"deliveries": "duplicate"})).await;
    request(&mut world).await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.press("riley", CHANNEL, "take_command").await;
    world.press("dana", CHANNEL, "deployed").await;
    assert_eq!(
        world.deeds(),
        [
            "requested",
            "authorized",
            "commander_authorized",
            "deployed"
        ]
    );
    world.skip();
    world.behave().await;
    world.end().await;
}
