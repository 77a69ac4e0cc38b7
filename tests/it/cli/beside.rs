//! An export beside a bot that runs: what has just happened is in it, because the bot
//! makes the checkpoint that the export ends at.

use tempfile::TempDir;

use super::{Ended, program, run};
use crate::world::{CHANNEL, World, browser};

/// A world in which an emergency has just been deployed.
async fn just_deployed() -> World {
    let mut world = World::new().await;
    world.slash("dana", "Deploy WAF rule @morgan").await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.press("dana", CHANNEL, "deployed").await;
    world.skip();
    world
}

/// Exports the day beside the bot that listens there.
async fn export(world: &World, folder: &TempDir, listen: String) -> Ended {
    let mut command = program(folder.path());
    command
        .args(["evidence", "--on", "2026-03-14", "--out", "pack.zip"])
        .env("BREAKGLASS_DATABASE", world.database())
        .env("BREAKGLASS_LISTEN", listen);
    tokio::task::spawn_blocking(move || run(&mut command))
        .await
        .unwrap()
}

/// Whether the newest checkpoint holds the deployment.
fn is_covered(world: &World) -> bool {
    let covered = world.count("SELECT max(size) FROM checkpoint");
    let deployed = "SELECT seq FROM event WHERE instr(leaf, '\"type\":\"deployed\"') > 0";
    covered > world.count(deployed)
}

#[tokio::test]
async fn an_export_beside_the_bot_holds_what_has_just_happened() {
    let world = just_deployed().await;
    assert!(!is_covered(&world), "the hour isn't over");
    let folder = tempfile::tempdir().unwrap();
    let ended = export(&world, &folder, world.address().to_string()).await;
    // All that it says is that the period goes on.
    assert_eq!(
        (ended.code, ended.err.lines().count()),
        (Some(0), 1),
        "{ended:?}"
    );
    assert!(ended.err.contains("the period isn't over"), "{ended:?}");
    assert!(
        ended
            .out
            .contains("1 change, 1 of them an emergency; 1 sample"),
        "{ended:?}"
    );
    assert!(is_covered(&world));
    let verified = run(program(folder.path()).args(["verify", "pack.zip"]));
    assert_eq!(verified.code, Some(0), "{verified:?}");
    world.end().await;
}

#[tokio::test]
async fn a_bot_that_isnt_found_is_told_and_the_export_ends_earlier() {
    let world = just_deployed().await;
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens on the first port.
    let ended = export(&world, &folder, "127.0.0.1:1".to_owned()).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for part in ["127.0.0.1:1", "--listen", "isn't told"] {
        assert!(ended.err.contains(part), "no {part}: {ended:?}");
    }
    assert!(!is_covered(&world));
    world.end().await;
}

#[tokio::test]
async fn nobody_without_the_key_has_a_checkpoint_made() {
    let world = just_deployed().await;
    let url = format!("http://{}/checkpoint", world.address());
    for word in [
        None,
        Some(""),
        Some("Bearer "),
        Some("Bearer 00"),
        Some("Basic 00"),
    ] {
        let mut ask = browser().post(&url);
        if let Some(word) = word {
            ask = ask.header("authorization", word);
        }
        assert_eq!(ask.send().await.unwrap().status().as_u16(), 401, "{word:?}");
    }
    assert!(!is_covered(&world));
    world.end().await;
}
