//! How a request comes onto the record.

use serde_json::json;

use super::{minutes, request, requested};
use crate::world::{CHANNEL, World};

#[tokio::test]
async fn a_command_puts_the_card_into_the_channel() {
    let mut world = requested().await;
    assert_eq!(world.deeds(), ["requested"]);
    let asked = world.fact("requested");
    assert_eq!(asked.actor, "user:U0DANA0001");
    assert_eq!(asked.data["asked"], json!(["user:U0MORGAN01"]));
    world.heard(CHANNEL, &[]);
    world.end().await;
}

#[tokio::test]
async fn a_command_without_a_word_opens_the_form() {
    let mut world = World::new().await;
    world.slash("dana", "").await;
    let form = world.hand.modal("dana").await.unwrap();
    assert_eq!(form["callback_id"], "declare");
    // A blank *what* is told beside the field, and what was chosen stays.
    let kept = world
        .submit(
            "dana",
            &[
                ("what", json!("   ")),
                ("criterion", json!("production_down")),
            ],
        )
        .await;
    assert_eq!(kept["outcome"], "errors", "{kept}");
    assert!(kept["errors"]["what"].is_string(), "{kept}");
    world
        .send_in(
            "dana",
            &[("what", json!("Fail over the payments database"))],
        )
        .await;
    assert_eq!(world.deeds(), ["requested", "criterion_stated"]);
    assert_eq!(
        world.fact("criterion_stated").data["criterion"],
        "production_down"
    );
    world.heard(CHANNEL, &["Fail over the payments database"]);
    world.end().await;
}

#[tokio::test]
async fn a_request_that_names_nobody_asks_whom_the_policy_names() {
    let mut world = World::new().await;
    world.slash("dana", "Restart the payments API").await;
    world.heard(CHANNEL, &["@dana asks @eng-managers"]);
    world.end().await;
}

#[tokio::test]
async fn while_slack_is_down_a_request_is_kept_and_answered_later() {
    let mut world = World::new().await;
    world
        .misbehave(json!({"method": "*", "fault": "server_error"}))
        .await;
    let answer = world
        .type_in("dana", CHANNEL, "Deploy WAF rule @morgan")
        .await;
    crate::world::acknowledged(&answer);
    world.go(minutes(2)).await;
    world.heard(CHANNEL, &[]);
    world.behave().await;
    world.go(minutes(6)).await;
    assert_eq!(world.n_facts("requested"), 1);
    let said = world.read(CHANNEL);
    assert_eq!(
        said.iter()
            .filter(|one| one.words.contains("CHG-1001*  Deploy"))
            .count(),
        1,
        "{said:#?}"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn where_the_bot_may_not_speak_it_answers_by_direct_message() {
    for channel in ["#inc-secret", "#general"] {
        let mut world = World::new().await;
        let answer = world
            .type_in("dana", channel, "Rotate the leaked key @morgan")
            .await;
        crate::world::acknowledged(&answer);
        world.settle().await;
        assert_eq!(world.deeds(), ["requested"], "{channel}");
        world.heard("dana", &["Rotate the leaked key"]);
        // Who is asked hears of it at once, and by direct message too.
        world.heard("morgan", &["Rotate the leaked key"]);
        // The card works where it stands.
        world
            .press("dana", "@breakglass", "criterion:vulnerability")
            .await;
        assert_eq!(world.n_facts("criterion_stated"), 1);
        world.heard("dana", &["A critical vulnerability"]);
        world.end().await;
    }
}

#[tokio::test]
async fn who_is_asked_where_the_bot_may_not_speak_answers_from_a_direct_message() {
    let mut world = World::new().await;
    let answer = world
        .type_in("dana", "#inc-secret", "Rotate the leaked key @morgan")
        .await;
    crate::world::acknowledged(&answer);
    world.settle().await;
    world.skip();
    world.press("morgan", "@breakglass", "authorize").await;
    assert_eq!(world.stage(1001), "authorized");
    world.heard("dana", &["*Authorized* by", "Authorized by @morgan"]);
    // What Morgan was sent has done its work, and is edited to say so.
    assert!(!world.sees("morgan", "@breakglass", "authorize").await);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn each_change_has_the_next_number() {
    let mut world = requested().await;
    world.slash("priya", "Restart the API @morgan").await;
    world.heard(CHANNEL, &["CHG-1002"]);
    let numbers: Vec<_> = world.facts().iter().filter_map(|one| one.change).collect();
    assert!(numbers.contains(&1001) && numbers.contains(&1002));
    world.end().await;
}

#[tokio::test]
async fn reading_needs_no_change() {
    let mut world = World::new().await;
    world.slash("dana", "list").await;
    world.heard("dana, aside", &["No emergency change is open"]);
    world.slash("dana", "help").await;
    world.heard("dana, aside", &["What you can say to /emergency"]);
    world.slash("dana", "statsu").await;
    world.heard("dana, aside", &["Did you mean `/emergency status`?"]);
    world.slash("dana", "status CHG-1007").await;
    world.heard("dana, aside", &["There is no CHG-1007 here"]);
    assert_eq!(world.deeds(), [""; 0]);
    request(&mut world).await;
    world.slash("dana", "status").await;
    world.heard("dana, aside", &["CHG-1001"]);
    world.slash("riley", "list").await;
    world.heard("riley, aside", &["CHG-1001"]);
    world.end().await;
}

#[tokio::test]
async fn words_that_only_begin_like_a_subcommand_are_a_request() {
    let mut world = World::new().await;
    world
        .slash("dana", "rate limit raised on api @morgan")
        .await;
    world.heard(CHANNEL, &["rate limit raised on api"]);
    world.end().await;
}

#[tokio::test]
async fn a_text_can_not_ping_the_channel() {
    let mut world = World::new().await;
    world
        .slash("dana", "Restart <!channel> & \"api\" @morgan")
        .await;
    let card = world.read(CHANNEL);
    let raw = world
        .hand
        .look("messages?channel=C0INCAUTH1")
        .await
        .unwrap()
        .to_string();
    assert!(!raw.contains("<!channel>"), "{raw}");
    assert_eq!(card.len(), 1);
    world.end().await;
}
