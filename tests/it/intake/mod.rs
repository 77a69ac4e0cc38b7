//! The sources of changes, from their own words over real HTTP into the real bot.

mod asked;
mod sent;

use breakglass::config::{PolicyFile, Sources};
use chrono::{DateTime, Utc};

use crate::world::{Door, Setting, World};

/// A Saturday's afternoon; the payloads are of its noon.
fn saturday() -> DateTime<Utc> {
    instant("2026-11-21T13:00:00Z")
}

fn instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

async fn world(door: Door, sources: Sources) -> World {
    World::of(Setting {
        door,
        at: saturday(),
        sources,
        ..Setting::default()
    })
    .await
}

/// The same under another policy.
async fn world_under(policy: PolicyFile, sources: Sources) -> World {
    World::of(Setting {
        at: saturday(),
        policy,
        sources,
        ..Setting::default()
    })
    .await
}

/// How many changes count.
fn n_counted(world: &World) -> u64 {
    world.count("SELECT count(*) FROM deployment WHERE id = leader AND counted_at IS NOT NULL")
}

/// How many changes of a source were heard of: all, those told before, events of no
/// known kind, and what was refused.
fn heard(world: &World, source: &str) -> [u64; 4] {
    ["n_told", "n_duplicate", "n_unknown", "n_refused"].map(|column| {
        world.count(&format!(
            "SELECT coalesce(sum({column}), 0) FROM hearing
             WHERE source = (SELECT id FROM source WHERE name = '{source}')"
        ))
    })
}
