//! Questions about changes that other systems told of. What they tell is put into
//! the store by hand here: these are the promises of what follows.

use std::collections::BTreeSet;
use std::sync::Arc;

use breakglass::domain::deployment::{Counting, Deployment, Happening, Mark, SourceName};
use breakglass::domain::id::WorkspaceId;
use breakglass::domain::policy::{Policy, PolicyVersion};
use breakglass::domain::text::{Salt, Text};
use breakglass::store::{Intake, Options, Rules, Store};
use serde_json::json;

use super::{hours, minutes};
use crate::world::{Setting, World, berlin};

const DANA: &str = "dana@northwind.example";
const TITLE: &str = "Skip the session check";

/// A world on a Monday at ten in the morning.
async fn by_day() -> World {
    World::of(Setting {
        at: berlin("2026-03-16 10:00"),
        ..Setting::default()
    })
    .await
}

/// What GitHub tells of a merge that nobody reviewed.
fn merged(id: &str, by: Option<&str>) -> Deployment {
    let source = SourceName::new("github");
    let n = u8::try_from(id.len()).unwrap();
    Deployment {
        system: Some("auth-api".to_owned()),
        author: Some("dana-dev".to_owned()),
        author_email: by.map(str::to_owned),
        url: Some(format!("https://github.com/acme/auth-api/pull/{id}")),
        marks: BTreeSet::from([Mark::Unreviewed]),
        title: Some(Text::new(TITLE, Salt([n; 32]))),
        ..Deployment::new(
            source,
            id,
            Happening::Deployment,
            chrono::DateTime::UNIX_EPOCH,
        )
    }
}

fn rules() -> Arc<Rules> {
    let policy = Policy::none(PolicyVersion([0; 32]));
    Arc::new(Rules::new(vec![policy], "Europe/Berlin").unwrap())
}

/// Tells of changes that went to production just now, and lets them settle.
async fn told(world: &mut World, told: Vec<Deployment>) {
    world.stop().await;
    let now = world.now().await;
    let options = Options::at(world.database());
    let store = Store::open(&options, WorkspaceId::new("T0BREAK01")).unwrap();
    let told = told.into_iter().map(|one| Deployment { at: now, ..one });
    let intake = Intake::new(SourceName::new("github"), told.collect());
    let counting = Arc::new(Counting::default());
    store
        .take_in(intake, counting, rules(), now)
        .await
        .unwrap();
    store.close().await;
    drop(store);
    world.start().await;
    world.go(minutes(11)).await;
}
