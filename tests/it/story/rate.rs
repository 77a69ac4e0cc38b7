//! The rate on demand: what whoever asks is told, alone, and what stands on the Home.

use std::sync::Arc;

use breakglass::domain::deployment::{Deployment, Happening, SourceName};
use breakglass::domain::id::WorkspaceId;
use breakglass::domain::policy::PolicyVersion;
use breakglass::store::{Intake, Options, Rules, Store};
use chrono::TimeDelta;
use serde_json::json;

use super::minutes;
use crate::world::{CHANNEL, World, berlin};

/// So many normal changes in production, from a time on, an hour apart.
async fn told(world: &mut World, since: &[(&str, i64)]) {
    world.stop().await;
    let now = world.now().await;
    let store = Store::open(
        &Options::at(world.database()),
        WorkspaceId::new("T0BREAK01"),
    )
    .unwrap();
    let policy = world.setting.policy.policy(PolicyVersion(1)).unwrap();
    let zone = world.setting.policy.zone().unwrap();
    let told = since.iter().flat_map(|(local, n)| {
        let from = berlin(local);
        (0..*n).map(move |n| {
            let at = from + TimeDelta::hours(n);
            let mut one = Deployment::new(
                SourceName::new("ledger"),
                at.to_rfc3339(),
                Happening::Listed,
                at,
            );
            one.system = Some("payroll".to_owned());
            one
        })
    });
    let intake = Intake::new(SourceName::new("ledger"), told.collect());
    let rules = Arc::new(Rules::new(policy, [], zone));
    store
        .take_in(intake, Arc::default(), rules, now)
        .await
        .unwrap();
    store.close().await;
    drop(store);
    world.start().await;
}

async fn an_emergency(world: &mut World) {
    world.slash("dana", "Deploy WAF rule @morgan").await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.press("dana", CHANNEL, "deployed").await;
    world.skip();
}

#[tokio::test]
async fn the_rate_is_told_to_whoever_asks_and_to_nobody_else() {
    let mut world = World::new().await;
    let weeks = [
        ("2026-02-23 09:00", 11),
        ("2026-03-02 09:00", 40),
        ("2026-03-09 09:00", 12),
    ];
    told(&mut world, &weeks).await;
    an_emergency(&mut world).await;
    world.go(minutes(10)).await;
    world.skip();
    for (line, parts) in [
        (
            "rate",
            vec!["0 of 40 changes", "Week of 2–8 Mar", "0 of 11", "within"],
        ),
        (
            "rate week",
            vec!["1 of 13 changes", "This week so far", "0 of 40"],
        ),
        (
            "rate month",
            vec!["1 of 64 changes", "Four weeks with this one"],
        ),
        (
            "rate quarter",
            vec!["1 of 64 changes", "Q1 2026 so far", "Budget:"],
        ),
    ] {
        world.slash("sam", line).await;
        let read = world.read_all();
        let [one] = read.as_slice() else {
            panic!("{line}: {read:#?}")
        };
        assert_eq!(one.place, "sam, aside", "{line}");
        for part in parts {
            assert!(
                one.words.contains(part),
                "{line}: no {part:?} in {}",
                one.words
            );
        }
    }
    world.end().await;
}

#[tokio::test]
async fn a_rehearsal_is_in_no_rate() {
    let mut world = World::new().await;
    told(&mut world, &[("2026-03-09 09:00", 12)]).await;
    world.slash("dana", "drill Deploy WAF rule @morgan").await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.press("dana", CHANNEL, "deployed").await;
    world.skip();
    world.slash("dana", "rate week").await;
    world.heard("dana, aside", &["0 of 12 changes"]);
    world.end().await;
}

#[tokio::test]
async fn with_no_source_heard_from_the_rate_is_unknown_and_never_all() {
    let mut world = World::new().await;
    an_emergency(&mut world).await;
    world.go(minutes(10)).await;
    world.skip();
    world.slash("dana", "rate week").await;
    let read = world.read("dana, aside");
    let words = &read[0].words;
    assert!(
        words.contains("unknown") && !words.contains("100"),
        "{words}"
    );
    world.end().await;
}

#[tokio::test]
async fn a_guest_is_told_how_many_and_not_of_what() {
    let mut world = World::new().await;
    told(&mut world, &[("2026-03-09 09:00", 12)]).await;
    world.slash_in("gus", "#engineering", "rate week").await;
    let read = world.read("gus, aside");
    let words = &read[0].words;
    assert!(words.contains("0 of 12 changes"), "{words}");
    assert!(!words.contains("payroll"), "{words}");
    world.end().await;
}

#[tokio::test]
async fn the_home_has_a_line_for_the_rate() {
    let mut world = World::new().await;
    told(&mut world, &[("2026-03-02 09:00", 40)]).await;
    world.try_act("home", json!({"as": "dana"})).await.unwrap();
    world.settle().await;
    let seen = world.hand.look("home_view?as=dana").await.unwrap();
    let words = seen["view"]["words"].to_string();
    for part in ["Emergency rate", "0 of 40", "Budget:"] {
        assert!(words.contains(part), "no {part:?} in {words}");
    }
    world.end().await;
}
