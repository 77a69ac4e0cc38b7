//! Who may permit what, and what the others are told.

use serde_json::json;

use super::{hours, minutes, request, requested};
use crate::world::{CHANNEL, Setting, World, berlin};

#[tokio::test]
async fn a_double_press_by_one_person_counts_once() {
    let mut world = requested().await;
    world.tap("morgan", CHANNEL, "authorize").await;
    world.deliver_press("morgan", "authorize", "1001").await;
    world.settle().await;
    assert_eq!(world.deeds(), ["requested", "authorized"]);
    world.heard(CHANNEL, &["*Authorized* by", "Authorized by @morgan"]);
    // The second press is answered with whose decision stands and since when.
    world.heard(
        "morgan, aside",
        &["CHG-1001 is already authorized: @morgan did that at"],
    );
    world.end().await;
}

#[tokio::test]
async fn of_two_who_decide_at_once_one_counts_and_the_other_is_told() {
    let mut world = requested().await;
    world.tap("priya", CHANNEL, "authorize").await;
    world.deliver_press("morgan", "authorize", "1001").await;
    world.settle().await;
    assert_eq!(world.n_facts("authorized"), 1);
    assert_eq!(world.fact("authorized").actor, "user:U0PRIYA001");
    world.heard("morgan, aside", &["already authorized: @priya did that"]);
    world.heard(CHANNEL, &["*Authorized* by", "Authorized by @priya"]);
    world.end().await;
}

#[tokio::test]
async fn whoever_may_not_authorize_is_told_why_and_the_request_stays_open() {
    let mut world = requested().await;
    world
        .hand
        .act(
            "channel",
            json!({"channel": "#inc-auth-outage", "invite": ["xavier"], "shared": true}),
        )
        .await
        .unwrap();
    world.settle().await;
    for (who, sentence) in [
        ("gus", "Guests can't authorize it"),
        ("dana", "You asked for this change, so somebody else has to"),
        ("sam", "The policy doesn't name you among those who may"),
        (
            "xavier",
            "Only people of this organisation can authorize it",
        ),
        ("ci", "A bot can't authorize it"),
    ] {
        world.deliver_press(who, "authorize", "1001").await;
        world.settle().await;
        let told = world.read_all();
        assert_eq!(told.len(), 1, "{who}: {told:#?}");
        assert!(told[0].words.contains(sentence), "{who}: {told:#?}");
        assert_eq!(world.stage(1001), "requested");
    }
    // Somebody who has left can't be told anything.
    world.deliver_press("olga", "authorize", "1001").await;
    world.settle().await;
    assert_eq!(world.stage(1001), "requested");
    world.expect_failures(1);
    world.press("morgan", CHANNEL, "authorize").await;
    assert_eq!(world.stage(1001), "authorized");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_press_counts_as_of_its_own_instant_however_long_slack_takes() {
    let mut world = requested().await;
    world.go(minutes(1)).await;
    for fault in ["server_error", "ratelimited"] {
        world
            .misbehave(
                json!({"method": "users.info", "fault": fault, "times": 1, "retry_after_s": 5}),
            )
            .await;
    }
    let pressed_at = world.now().await;
    world.tap("morgan", CHANNEL, "authorize").await;
    world.settle().await;
    let authorized = world.fact("authorized");
    assert!(
        (authorized.at - pressed_at).num_seconds().abs() < 1,
        "{authorized:?}, pressed at {pressed_at}"
    );
    assert!(world.now().await > pressed_at);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn while_slack_does_not_answer_the_press_is_kept_and_tried_again() {
    let mut world = World::of(Setting {
        http_timeout: std::time::Duration::from_millis(400),
        ..Setting::default()
    })
    .await;
    request(&mut world).await;
    world
        .misbehave(json!({"method": "users.info", "fault": "silence", "times": 2}))
        .await;
    world.tap("morgan", CHANNEL, "authorize").await;
    world.settle().await;
    assert_eq!(world.deeds(), ["requested", "authorized"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_button_on_a_finished_card_is_answered_kindly() {
    let mut world = requested().await;
    world.choose("dana", CHANNEL, "more", "withdraw/1001").await;
    assert_eq!(world.stage(1001), "withdrawn");
    world.heard(CHANNEL, &["*Withdrawn*", "@dana withdrew the request"]);
    for action in ["authorize", "deny", "take_command", "go_ahead"] {
        world.deliver_press("morgan", action, "1001").await;
        world.settle().await;
        world.heard(
            "morgan, aside",
            &["CHG-1001 is withdrawn, so that can't be done any more"],
        );
    }
    assert_eq!(world.deeds(), ["requested", "withdrawn"]);
    world.end().await;
}

#[tokio::test]
async fn a_button_of_no_change_of_ours_is_answered_kindly() {
    let mut world = World::new().await;
    world.deliver_press("morgan", "authorize", "4711").await;
    world.settle().await;
    world.heard("morgan, aside", &["There is no CHG-4711 here"]);
    world.end().await;
}

#[tokio::test]
async fn after_a_denial_somebody_else_can_be_asked() {
    let mut world = requested().await;
    world.press("morgan", CHANNEL, "deny").await;
    world.heard(CHANNEL, &["Denied", "Denied by @morgan"]);
    world.tap("dana", CHANNEL, "ask_someone_else").await;
    world
        .send_in("dana", &[("whom", json!("U0PRIYA001"))])
        .await;
    assert_eq!(world.deeds(), ["requested", "denied", "asked_anew"]);
    assert_eq!(world.stage(1001), "requested");
    world.heard(CHANNEL, &["asks @priya", "@priya"]);
    world.press("priya", CHANNEL, "authorize").await;
    assert_eq!(world.stage(1001), "authorized");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn nobody_is_asked_to_judge_their_own_request() {
    let mut world = requested().await;
    world.press("morgan", CHANNEL, "deny").await;
    world.skip();
    world.tap("dana", CHANNEL, "ask_someone_else").await;
    world
        .send_in("dana", &[("whom", json!("U0DANA0001"))])
        .await;
    assert_eq!(world.stage(1001), "denied");
    let told = world.read_all();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].words.contains("You can't ask yourself"));
    world.end().await;
}

#[tokio::test]
async fn going_ahead_is_an_exception_that_a_second_person_makes_good() {
    let mut world = requested().await;
    world.go(minutes(7)).await;
    world.press("dana", CHANNEL, "go_ahead").await;
    world.press("dana", CHANNEL, "deployed").await;
    assert_eq!(
        world.deeds(),
        ["requested", "went_ahead", "exception_recorded", "deployed"]
    );
    assert_eq!(
        world.fact("exception_recorded").data["exception"],
        "not_authorized"
    );
    world.press("morgan", CHANNEL, "authorize").await;
    assert_eq!(world.fact("second_authorized").actor, "user:U0MORGAN01");
    assert_eq!(world.n_facts("authorized"), 0);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_request_that_nobody_answers_is_asked_again_after_three_and_six_minutes() {
    let mut world = requested().await;
    world.go(minutes(2)).await;
    world.heard(CHANNEL, &[]);
    world.go(minutes(1) + chrono::TimeDelta::seconds(5)).await;
    world.heard("morgan", &["Authorize"]);
    world.heard(
        CHANNEL,
        &["asked again", "@dana still waits for your answer"],
    );
    assert!(world.sees("dana", CHANNEL, "ask_someone_else").await);
    world.go(minutes(3)).await;
    assert!(world.sees("dana", CHANNEL, "go_ahead").await);
    assert_eq!(world.n_facts("reminded"), 2);
    world.skip();
    world.go(hours(12)).await;
    assert_eq!(world.n_facts("reminded"), 2);
    world.end().await;
}

#[tokio::test]
async fn what_is_deployed_before_its_authorization_is_an_exception() {
    let mut world = requested().await;
    world.slash("dana", "deployed 20 min ago").await;
    assert_eq!(
        world.deeds(),
        ["requested", "deployed", "exception_recorded"]
    );
    assert_eq!(
        world.fact("exception_recorded").data["exception"],
        "deployed_before_authorization"
    );
    let deployed = world.fact("deployed");
    assert_eq!((deployed.at - deployed_at(&deployed)).num_minutes(), 20);
    assert_eq!(deployed.data["known_from"], "attested");
    world.skip();
    world.end().await;
}

fn deployed_at(fact: &crate::world::Fact) -> chrono::DateTime<chrono::Utc> {
    fact.data["deployed_at"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_deployment_in_the_future_is_refused() {
    let mut world = requested().await;
    world.slash("dana", "deployed today 02:50").await;
    world.heard("dana, aside", &["to come"]);
    assert_eq!(world.n_facts("deployed"), 0);
    world.end().await;
}

#[tokio::test]
async fn a_time_is_read_in_the_zone_of_whoever_states_it() {
    let mut world = World::of(Setting {
        at: berlin("2026-03-14 15:00"),
        ..Setting::default()
    })
    .await;
    world.slash("priya", "Deploy WAF rule @morgan").await;
    world.press("morgan", CHANNEL, "authorize").await;
    // It is 10 in the morning in New York (summer time began there a week before).
    world.slash("priya", "deployed 09:55").await;
    let deployed = world.fact("deployed");
    assert_eq!(deployed_at(&deployed), berlin("2026-03-14 14:55"));
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn what_was_never_deployed_lapses() {
    let mut world = requested().await;
    world.press("morgan", CHANNEL, "authorize").await;
    world
        .choose("dana", CHANNEL, "more", "never_deployed/1001")
        .await;
    assert_eq!(world.deeds(), ["requested", "authorized", "lapsed"]);
    world.skip();
    world.go(hours(48)).await;
    world.end().await;
}
