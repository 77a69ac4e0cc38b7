//! Roles that the policy fills with groups: who is in one has its authority.

use super::{SECTIONS, request};
use crate::world::{CHANNEL, Setting, World};
use breakglass::config::PolicyFile;

/// Morgan is an engineering manager, Riley a commander, Sam in the group that
/// looks after everything else.
async fn staffed() -> World {
    let setting = Setting::default();
    let elsewhere = vec!["S0SECURIT1".to_owned()];
    World::of(Setting {
        policy: PolicyFile {
            security: elsewhere.clone(),
            database: elsewhere.clone(),
            compliance: elsewhere,
            ..setting.policy
        },
        ..setting
    })
    .await
}

#[tokio::test]
async fn who_is_in_the_group_of_a_role_holds_it() {
    let mut world = staffed().await;
    request(&mut world).await;
    world
        .press("dana", CHANNEL, "criterion:vulnerability")
        .await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.press("riley", CHANNEL, "take_command").await;
    world.press("dana", CHANNEL, "deployed").await;
    let sections = SECTIONS.map(|(field, words)| match field {
        "category" => (field, "database"),
        _ => (field, words),
    });
    world.document("dana", CHANNEL, &sections).await;
    // What a vulnerability and a database ask for besides.
    let besides = [
        ("security_impact_words", "The rule opens nothing."),
        ("data_scope", "none"),
        ("rollback_data", "No data is touched by a rollback."),
    ];
    world.document("dana", CHANNEL, &besides).await;
    world.approve("morgan", CHANNEL).await;
    assert_eq!(world.stage(1001), "approved", "the reviews are owed");
    for review in ["security", "database"] {
        let button = format!("review:{review}");
        world.tap("sam", CHANNEL, &button).await;
        world.send_in("sam", &[]).await;
    }
    assert_eq!(world.n_facts("reviewed"), 2);
    assert_eq!(world.stage(1001), "closed");
    world.skip();
    world.end().await;
}
