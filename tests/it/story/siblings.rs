//! Several fixes in one incident share what is the same.

use serde_json::{Value, json};

use crate::world::{CHANNEL, Setting, World};

const LESSON: &str = "Rotate the auth keys every month, and rehearse it with the whole team.";

/// Two changes of one incident; the first says what was learned.
async fn two() -> World {
    let mut setting = Setting::default();
    setting.policy.administrators = vec!["U0SAM00001".to_owned()];
    let mut world = World::of(setting).await;
    for what in [
        "Deploy WAF rule to block SQL injection @morgan",
        "Rotate the auth keys @morgan",
    ] {
        world.slash("dana", what).await;
        world.press("morgan", CHANNEL, "authorize").await;
        world.press("dana", CHANNEL, "deployed").await;
    }
    world.slash("dana", "document CHG-1001").await;
    world
        .send_in("dana", &[("section:lessons_learned", json!(LESSON))])
        .await;
    world.skip();
    world
}

/// What people wrote of the lessons; what a form proposes is saved beside it.
fn written(world: &World, change: u64) -> Vec<Value> {
    world
        .facts()
        .into_iter()
        .filter(|fact| fact.kind == "field_written" && fact.change == Some(change))
        .filter(|fact| fact.actor.starts_with("user:"))
        .filter(|fact| fact.data["field"] == "lessons_learned")
        .map(|fact| fact.data)
        .collect()
}

#[tokio::test]
async fn a_section_is_taken_over_from_a_change_of_the_same_incident_and_marked() {
    let mut world = two().await;
    world.slash("dana", "status CHG-1002").await;
    let status = world.read("dana, aside").pop().unwrap().words;
    assert!(
        status.contains("*CHG-1001* is of the same incident"),
        "{status}"
    );
    world.press("dana", CHANNEL, "take_over:lessons").await;
    let taken = written(&world, 1002);
    assert_eq!(taken.len(), 1, "{taken:#?}");
    assert_eq!(taken[0]["field"], "lessons_learned");
    assert_eq!(taken[0]["taken_from"], 1001);
    // The same words under the same commitment: they are kept once.
    assert_eq!(taken[0]["value"], written(&world, 1001)[0]["value"]);
    let status = world.read("dana, aside").pop().unwrap().words;
    assert!(status.contains("lessons learned"), "{status}");
    assert!(status.contains("Taken over from CHG-1001"), "{status}");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn what_somebody_wrote_here_is_not_taken_over() {
    let mut world = two().await;
    world.slash("dana", "status CHG-1002").await;
    world.slash("riley", "document CHG-1002").await;
    let own = "The keys had no owner; now the platform team has them.";
    world
        .send_in("riley", &[("section:lessons_learned", json!(own))])
        .await;
    world.skip();
    // Dana's screen still has the button.
    world.press("dana", CHANNEL, "take_over:lessons").await;
    assert_eq!(written(&world, 1002).len(), 1);
    world.heard(
        "dana, aside",
        &["Nothing in that section is left to take over"],
    );
    world.end().await;
}

#[tokio::test]
async fn a_change_of_another_day_is_no_sibling() {
    let mut world = two().await;
    world.go(chrono::TimeDelta::hours(25)).await;
    world.slash("dana", "Restart the mail relay @morgan").await;
    world.skip();
    world.slash("dana", "status CHG-1003").await;
    let status = world.read("dana, aside").pop().unwrap().words;
    assert!(!status.contains("of the same incident"), "{status}");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn what_is_removed_from_one_goes_from_the_other_too() {
    let mut world = two().await;
    world.slash("dana", "status CHG-1002").await;
    world.press("dana", CHANNEL, "take_over:lessons").await;
    let text = written(&world, 1001)[0]["value"]["of"].clone();
    world.slash("sam", "redact CHG-1001").await;
    world
        .send_in(
            "sam",
            &[
                ("texts", json!([text])),
                ("reason", json!("It names a key.")),
            ],
        )
        .await;
    let of: Vec<_> = world
        .facts()
        .into_iter()
        .filter(|fact| fact.kind == "redacted")
        .map(|fact| (fact.change, fact.data["text"].clone()))
        .collect();
    assert_eq!(of, [(Some(1001), text.clone()), (Some(1002), text)]);
    world.skip();
    world.end().await;
}
