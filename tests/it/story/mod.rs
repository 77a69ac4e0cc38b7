//! Conversations of the real bot with people, each a fact about the story.

mod answers;
mod authorize;
mod capture;
mod chase;
mod delivery;
mod doors;
mod evidence;
mod form;
mod heard;
mod home;
mod offer;
mod overheard;
mod overview;
mod pack;
mod private;
mod rate;
mod redact;
mod repeated;
mod report;
mod roles;
mod rush;
mod siblings;
mod slips;
mod standard_change;
mod ticket;
mod trouble;
mod two;
mod undeclared;
mod ways;
mod week;
mod who;
mod witness;

use crate::world::{CHANNEL, World};
use chrono::TimeDelta;

/// A ticket that is asked for in full: five texts, and what is only chosen. The
/// incident link is known from the card, and saved with whatever is saved first.
pub(crate) const SECTIONS: [(&str, &str); 12] = [
    ("what_was_done", "Added WAF rule 4711 in front of auth-api."),
    (
        "testing",
        "Replayed 40 attack samples, all blocked: https://ci.example.com/42",
    ),
    ("rollback_plan", "Disable rule 4711; takes 30 s."),
    ("outcome", "Attack blocked at 02:20; no data exposed."),
    ("lessons_learned", "Keep such rules ready to switch on."),
    ("category", "code"),
    ("security_impact", "reduced"),
    ("rollback_executed", "not_needed"),
    ("outcome_code", "successful"),
    ("incident_resolved", "yes"),
    ("data_exposed", "no"),
    ("permanence", "permanent"),
];

fn minutes(n: i64) -> TimeDelta {
    TimeDelta::minutes(n)
}

fn hours(n: i64) -> TimeDelta {
    TimeDelta::hours(n)
}

/// Dana asks Morgan.
async fn requested() -> World {
    let mut world = World::new().await;
    request(&mut world).await;
    world
}

async fn request(world: &mut World) {
    world
        .slash("dana", "Deploy WAF rule to block SQL injection @morgan")
        .await;
    world.heard(CHANNEL, &["@dana asks @morgan for authorization"]);
}

/// Dana asks, says why; Morgan authorizes, Riley commands, Dana deploys. All
/// that was said of it has been read.
async fn deployed() -> World {
    let mut world = requested().await;
    world
        .press("dana", CHANNEL, "criterion:production_down")
        .await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.press("riley", CHANNEL, "take_command").await;
    world.press("dana", CHANNEL, "deployed").await;
    world.heard("dana", &["the ticket misses what was done"]);
    world.heard("morgan", &["your decision, once the ticket is ready"]);
    world.heard(
        CHANNEL,
        &[
            "Deployed",
            "Authorized by @morgan",
            "@riley commands",
            "Deployed by @dana",
        ],
    );
    world
}

/// The same, because production was down; whatever was said of it is waived.
async fn in_production() -> World {
    let mut world = requested().await;
    world
        .press("dana", CHANNEL, "criterion:production_down")
        .await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.press("riley", CHANNEL, "take_command").await;
    world.press("dana", CHANNEL, "deployed").await;
    world.skip();
    world
}

/// The ticket is written too, and waits for the decision.
async fn documented() -> World {
    let mut world = deployed().await;
    world.document("dana", CHANNEL, &SECTIONS).await;
    world.heard("dana", &["the ticket is complete"]);
    world.heard(CHANNEL, &["complete since"]);
    let told = world.read("morgan");
    assert!(
        told.iter()
            .all(|one| one.words.contains("ready for your decision")),
        "{told:#?}"
    );
    world
}
