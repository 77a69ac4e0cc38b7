//! Two records of one change, rehearsals, reasons that are none, and times put
//! right afterwards.

use serde_json::json;

use super::{deployed, hours, minutes, requested};
use crate::world::{CHANNEL, Setting, World, berlin};

#[tokio::test]
async fn a_request_much_like_an_open_one_is_asked_about_and_links_by_one_tap() {
    let mut world = requested().await;
    world.go(minutes(1)).await;
    world
        .slash(
            "priya",
            "deploying the WAF rule, blocks SQL injection @morgan",
        )
        .await;
    world.heard(CHANNEL, &["CHG-1002"]);
    world.heard("priya, aside", &["CHG-1001"]);
    world.press("priya", CHANNEL, "same").await;
    assert_eq!(world.fact("linked_as_duplicate").data["of"], json!(1001));
    assert_eq!(world.stage(1002), "withdrawn");
    assert_eq!(world.stage(1001), "requested");
    world.skip();
    // Its number stays listed, and the next is the next.
    world.slash("priya", "status CHG-1002").await;
    world.heard("priya, aside", &["The same as CHG-1001"]);
    world.slash("priya", "deployed CHG-1002").await;
    world.heard("priya, aside", &["CHG-1002 is a duplicate of CHG-1001"]);
    world
        .slash("riley", "Fail over the payments database @morgan")
        .await;
    world.heard(CHANNEL, &["CHG-1003"]);
    world.end().await;
}

#[tokio::test]
async fn another_one_after_all_stays_a_change_of_its_own() {
    let mut world = requested().await;
    world
        .slash(
            "priya",
            "Deploy WAF rule to block SQL injection on api-2 @morgan",
        )
        .await;
    world.skip();
    world.press("priya", CHANNEL, "not_same").await;
    assert_eq!(world.stage(1002), "requested");
    assert_eq!(world.n_facts("linked_as_duplicate"), 0);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn what_differs_or_was_long_ago_is_not_asked_about() {
    let mut world = requested().await;
    world
        .slash("priya", "Restart the payments API @morgan")
        .await;
    world.heard("priya, aside", &[]);
    world.go(minutes(11)).await;
    world
        .slash("priya", "Deploy WAF rule to block SQL injection @morgan")
        .await;
    world.heard("priya, aside", &[]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_drill_rehearses_everything_and_says_so_everywhere() {
    let mut world = World::of(Setting {
        at: berlin("2026-03-14 10:14"),
        ..Setting::default()
    })
    .await;
    world
        .slash("dana", "drill Fail over the payments database @morgan")
        .await;
    let card = world.read(CHANNEL);
    assert!(card[0].words.contains("rill"), "{card:#?}");
    world.press("morgan", CHANNEL, "authorize").await;
    world.press("dana", CHANNEL, "deployed").await;
    assert_eq!(world.fact("requested").data["drill"], json!(true));
    let dm = world.read("dana");
    assert!(dm.iter().all(|one| one.words.contains("rill")), "{dm:#?}");
    // It may end at any time, and then nothing more is asked of anybody.
    world.press("dana", CHANNEL, "withdraw").await;
    assert_eq!(world.stage(1001), "withdrawn");
    world.skip();
    world.go(hours(30)).await;
    world.heard("dana", &[]);
    world.heard("morgan", &[]);
    assert_eq!(world.n_facts("deadline_missed"), 0);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_reason_that_is_none_is_kept_as_stated_and_flagged() {
    let mut world = requested().await;
    world
        .choose("dana", CHANNEL, "more", "state_reason/1001")
        .await;
    world
        .send_in(
            "dana",
            &[
                ("stated", json!("deadline_today")),
                ("account", json!("Marketing promised it for today")),
            ],
        )
        .await;
    assert_eq!(
        world.deeds(),
        ["requested", "reason_stated", "exception_recorded"]
    );
    assert_eq!(
        world.fact("exception_recorded").data["exception"],
        "not_genuine"
    );
    world.heard(
        CHANNEL,
        &["Marketing promised it for today", "genuineness review"],
    );
    world.end().await;
}

#[tokio::test]
async fn a_time_in_words_is_echoed_with_a_way_to_fix_it() {
    let mut world = requested().await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.go(minutes(30)).await;
    world.skip();
    let now = world.now().await;
    world.slash("dana", "deployed 20 min ago").await;
    let told = world.read("dana, aside");
    assert_eq!(told.len(), 1, "{told:#?}");
    let deployed_at = world.fact("deployed").data["deployed_at"].clone();
    assert_eq!(
        deployed_at
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap(),
        now - minutes(20)
    );
    world.tap("dana", CHANNEL, "correct_deployment").await;
    world
        .send_in(
            "dana",
            &[
                ("when", json!("25 min ago")),
                ("reason", json!("The pipeline says 02:19")),
            ],
        )
        .await;
    let corrected = world.fact("deployment_corrected");
    assert_eq!(corrected.data["from"], deployed_at);
    assert_eq!(
        world.words_of(&corrected.data["reason"]),
        "The pipeline says 02:19"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_time_far_back_is_asked_back_before_it_counts() {
    let mut world = requested().await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.skip();
    world.slash("dana", "deployed yesterday 01:50").await;
    assert_eq!(world.n_facts("deployed"), 0);
    world.heard("dana, aside", &["24 h"]);
    world.press("dana", CHANNEL, "deployed_at").await;
    assert_eq!(world.n_facts("deployed"), 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_deployment_is_told_with_the_request_for_it() {
    let mut world = World::new().await;
    world
        .slash(
            "dana",
            "Rolled back auth-api to 4.11, deployed 20 min ago @morgan",
        )
        .await;
    assert_eq!(world.deeds()[..2], ["requested", "deployed"]);
    assert_eq!(
        world.words_of(&world.fact("requested").data["what"]),
        "Rolled back auth-api to 4.11"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_button_of_any_kind_on_a_finished_card_answers_gracefully() {
    let mut world = deployed().await;
    world.skip();
    for action in [
        "authorize",
        "deny",
        "go_ahead",
        "withdraw",
        "never_deployed",
        "stand_in",
    ] {
        world.deliver_press("morgan", action, "1001").await;
        world.settle().await;
        assert_eq!(world.read("morgan, aside").len(), 1, "{action}");
    }
    world.skip();
    world.end().await;
}
