//! What was an emergency before is seen to repeat, and could be a standard change.

use chrono::TimeDelta;
use serde_json::json;

use super::SECTIONS;
use crate::world::{CHANNEL, Setting, World};

async fn world() -> World {
    let mut setting = Setting::default();
    setting.policy.systems = ["auth-api", "mail", "web"].map(str::to_owned).into();
    World::of(setting).await
}

/// An emergency of Dana's from the request to the finished ticket; its number.
async fn emergency(world: &mut World, number: u64, category: &str, systems: &[&str]) {
    world
        .slash(
            "dana",
            &format!("Restart pool {number} of the login @morgan"),
        )
        .await;
    for (who, action) in [
        ("dana", "criterion:production_down"),
        ("morgan", "authorize"),
        ("riley", "take_command"),
        ("dana", "deployed"),
    ] {
        world.press(who, CHANNEL, action).await;
    }
    world.slash("dana", &format!("document CHG-{number}")).await;
    let mut values = vec![("section:systems".to_owned(), json!(systems))];
    for (field, words) in SECTIONS {
        let words = if field == "category" { category } else { words };
        values.push((format!("section:{field}"), json!(words)));
    }
    let values: Vec<_> = values
        .iter()
        .map(|(block, value)| (block.as_str(), value.clone()))
        .collect();
    world.send_in("dana", &values).await;
    assert_eq!(world.stage(number), "documented");
}

/// What the status says of a change.
async fn status(world: &mut World, number: u64) -> String {
    world.skip();
    world.slash("riley", &format!("status CHG-{number}")).await;
    world.read("riley, aside").pop().unwrap().words
}

async fn days(world: &mut World, n: i64) {
    world.go(TimeDelta::days(n)).await;
    world.skip();
}

#[tokio::test]
async fn the_same_category_on_the_same_system_is_shown_with_the_earlier_numbers() {
    let mut world = world().await;
    emergency(&mut world, 1001, "hotfix", &["auth-api"]).await;
    assert!(!status(&mut world, 1001).await.contains("It repeats"));
    days(&mut world, 40).await;
    emergency(&mut world, 1002, "hotfix", &["mail", "auth-api"]).await;
    let second = status(&mut world, 1002).await;
    assert!(
        second.contains(
            "It repeats CHG-1001: the same category on the same system, within 90 days. \
             Propose to make it a *standard change*"
        ),
        "{second}"
    );
    // Another category, another system: neither repeats anything.
    emergency(&mut world, 1003, "code", &["auth-api"]).await;
    emergency(&mut world, 1004, "hotfix", &["web"]).await;
    for number in [1001, 1003, 1004] {
        let alone = status(&mut world, number).await;
        assert!(!alone.contains("It repeats"), "{alone}");
    }
    days(&mut world, 40).await;
    emergency(&mut world, 1005, "hotfix", &["auth-api"]).await;
    let third = status(&mut world, 1005).await;
    assert!(
        third.contains("It repeats CHG-1001 and CHG-1002:"),
        "{third}"
    );
    // The first is out of sight of the next.
    days(&mut world, 15).await;
    emergency(&mut world, 1006, "hotfix", &["auth-api"]).await;
    let fourth = status(&mut world, 1006).await;
    assert!(
        fourth.contains("It repeats CHG-1002 and CHG-1005:"),
        "{fourth}"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn the_approver_and_the_meeting_see_it_beside_what_they_decide() {
    let mut world = world().await;
    emergency(&mut world, 1001, "hotfix", &["auth-api"]).await;
    days(&mut world, 1).await;
    emergency(&mut world, 1002, "hotfix", &["auth-api"]).await;
    let told = world.read("morgan");
    let is_shown = told.iter().any(|one| {
        one.words.contains("ready for your decision") && one.words.contains("It repeats CHG-1001:")
    });
    assert!(is_shown, "{told:#?}");
    world.tap("morgan", "@breakglass", "approve").await;
    let form = world.hand.modal("morgan").await.unwrap().to_string();
    assert!(form.contains("It repeats CHG-1001:"), "{form}");
    world
        .send_in("morgan", &[("genuine", json!("genuine"))])
        .await;
    world.skip();
    world.slash("sam", "agenda").await;
    world.heard("sam, aside", &["It repeats CHG-1001:"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_rehearsal_is_repeated_by_nothing() {
    let mut world = world().await;
    world.slash("dana", "drill Restart the login @morgan").await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.press("dana", CHANNEL, "deployed").await;
    world.slash("dana", "document CHG-1001").await;
    world
        .send_in(
            "dana",
            &[
                ("section:systems", json!(["auth-api"])),
                ("section:category", json!("hotfix")),
            ],
        )
        .await;
    emergency(&mut world, 1002, "hotfix", &["auth-api"]).await;
    for number in [1001, 1002] {
        let status = status(&mut world, number).await;
        assert!(!status.contains("It repeats"), "{status}");
    }
    world.skip();
    world.end().await;
}
