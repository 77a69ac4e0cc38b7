//! Conversations of the real bot with people, each a fact about the story.

mod authorize;
mod capture;
mod chase;
mod doors;
mod evidence;
mod heard;
mod offer;
mod overheard;
mod redact;
mod repeated;
mod siblings;
mod slips;
mod ticket;
mod trouble;
mod two;
mod ways;
mod who;

use crate::world::{CHANNEL, World};
use chrono::TimeDelta;

/// The five sections, filled in.
const SECTIONS: [(&str, &str); 5] = [
    ("what_was_done", "Added WAF rule 4711 in front of auth-api."),
    ("testing", "Replayed 40 attack samples: all blocked."),
    ("rollback_plan", "Disable rule 4711; takes 30 s."),
    ("outcome", "Attack blocked at 02:20; no data exposed."),
    ("lessons_learned", "Keep such rules ready to switch on."),
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
        .press("dana", CHANNEL, "criterion:vulnerability")
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
