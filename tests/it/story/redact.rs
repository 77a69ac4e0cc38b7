//! A secret got into the record, and is taken out again.

use breakglass::backup;
use serde_json::{Value, json};

use super::{hours, minutes, requested};
use crate::world::{CHANNEL, Setting, World};

const SECRET: &str = "hunter2-4f9c";

/// A world in which Sam may remove words.
async fn with_administrator() -> World {
    let mut setting = Setting::default();
    setting.policy.administrators = vec!["U0SAM00001".to_owned()];
    World::of(setting).await
}

/// Dana pastes a token into the request; Morgan authorizes; Dana deploys.
async fn leaked() -> World {
    let mut world = with_administrator().await;
    let line = format!("Rotate the key {SECRET} on auth-api @morgan");
    world.slash("dana", &line).await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.press("dana", CHANNEL, "deployed").await;
    world.skip();
    world
}

/// Removes a text by its commitment.
async fn redact(world: &mut World, text: &Value) {
    world.slash("sam", "redact CHG-1001").await;
    let form = world.hand.modal("sam").await.unwrap();
    assert_eq!(form["callback_id"], "redact", "{form}");
    let reason = "A token was pasted; it is revoked.";
    world
        .send_in(
            "sam",
            &[("texts", json!([text])), ("reason", json!(reason))],
        )
        .await;
}

/// Everything of the bot's that stands in any conversation.
async fn all_that_stands(world: &World) -> String {
    let mut all = String::new();
    let channels = world.hand.look("channels").await.unwrap();
    for channel in channels["channels"].as_array().unwrap() {
        let id = channel["id"].as_str().unwrap();
        let said = world.hand.look(&format!("messages?channel={id}")).await;
        for message in said.unwrap()["messages"].as_array().unwrap() {
            // A whisper can't be edited, and is gone with the next start of the client.
            let is_ours = message["user"] == "U0BREAKBOT" || message["bot_id"].is_string();
            if is_ours && message["ephemeral_to"].is_null() {
                let mut now = message.clone();
                now.as_object_mut().unwrap().remove("earlier");
                all.push_str(&now.to_string());
            }
        }
    }
    all
}

/// The files of the database in which some words stand, byte for byte.
fn files_with(world: &World, words: &str) -> Vec<String> {
    let folder = world.database().parent().unwrap().to_owned();
    std::fs::read_dir(folder)
        .unwrap()
        .flatten()
        .filter(|entry| {
            let bytes = std::fs::read(entry.path()).unwrap();
            bytes
                .windows(words.len())
                .any(|part| part == words.as_bytes())
        })
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[tokio::test]
async fn a_removed_secret_stands_nowhere_and_everybody_sees_that_it_was_removed() {
    let mut world = leaked().await;
    assert!(!files_with(&world, SECRET).is_empty());
    assert!(all_that_stands(&world).await.contains(SECRET));
    let what = world.fact("requested").data["what"].clone();
    redact(&mut world, &what).await;
    // What was typed repeats it, and goes with it.
    let removed: Vec<_> = world
        .facts()
        .into_iter()
        .filter(|fact| fact.kind == "redacted")
        .collect();
    assert_eq!(removed.len(), 2);
    assert!(removed.iter().all(|fact| fact.actor == "user:U0SAM00001"));
    assert_eq!(files_with(&world, SECRET), Vec::<String>::new());
    assert!(!all_that_stands(&world).await.contains(SECRET));
    let told = world.read(CHANNEL);
    let card = told.iter().find(|one| !one.threaded).unwrap();
    assert!(
        card.words.contains("removed by @sam on")
            && card.words.contains("A token was pasted; it is revoked."),
        "{card:#?}"
    );
    assert!(
        told.iter()
            .any(|one| one.words.contains("@sam removed words from the record")),
        "{told:#?}"
    );
    let reply = world.read("sam, aside").pop().unwrap().words;
    assert!(
        reply.contains("removed from the record: the request as typed and what is changed.")
            && reply.contains("taken elsewhere"),
        "{reply}"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_backup_made_afterwards_holds_none_of_it_and_verifies() {
    let mut world = leaked().await;
    let what = world.fact("requested").data["what"].clone();
    redact(&mut world, &what).await;
    let copy = world.database().with_file_name("a.backup");
    let made = backup::take(&world.database(), &copy, false).unwrap();
    assert_eq!(made.logs.len(), 1);
    assert_eq!(files_with(&world, SECRET), Vec::<String>::new());
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_backup_that_still_holds_it_is_named() {
    let mut world = leaked().await;
    let backup = world
        .database()
        .with_file_name("breakglass.db.form-2.backup");
    let other = world
        .database()
        .with_file_name("breakglass.db.form-1.backup");
    let copy = rusqlite::Connection::open(world.database()).unwrap();
    copy.execute("VACUUM INTO ?1", [backup.to_str().unwrap()])
        .unwrap();
    copy.execute("VACUUM INTO ?1", [other.to_str().unwrap()])
        .unwrap();
    drop(copy);
    rusqlite::Connection::open(other)
        .unwrap()
        .execute("DELETE FROM text", [])
        .unwrap();
    let what = world.fact("requested").data["what"].clone();
    redact(&mut world, &what).await;
    let reply = world.read("sam, aside").pop().unwrap().words;
    assert!(reply.contains("breakglass.db.form-2.backup"), "{reply}");
    assert!(!reply.contains("breakglass.db.form-1.backup"), "{reply}");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn nobody_but_an_administrator_removes_words() {
    let mut world = leaked().await;
    world.slash("morgan", "redact CHG-1001").await;
    assert!(world.hand.modal("morgan").await.is_err());
    world.heard(
        "morgan, aside",
        &["Only an administrator can remove words from the record, so nothing was removed. Ask @sam."],
    );
    assert_eq!(world.n_facts("redacted"), 0);
    assert!(!files_with(&world, SECRET).is_empty());
    world.end().await;
}

#[tokio::test]
async fn where_the_policy_names_nobody_nobody_removes_words() {
    let mut world = requested().await;
    world.slash("sam", "redact CHG-1001").await;
    world.heard("sam, aside", &["The policy names nobody for that yet"]);
    world.end().await;
}

#[tokio::test]
async fn a_file_is_removed_with_its_bytes() {
    let mut world = leaked().await;
    let card = world.text("SELECT ts FROM outbox WHERE key = 'card:CHG-1001'");
    let content = format!("AWS_SECRET={SECRET}-in-a-file");
    let files = json!([{"name": "env.txt", "content": content}]);
    world.share("dana", CHANNEL, &card, "", files).await;
    assert_eq!(world.count("SELECT count(*) FROM attachment"), 1);
    let name = world.fact("attachment_kept").data["name"].clone();
    redact(&mut world, &name).await;
    assert_eq!(world.count("SELECT count(*) FROM attachment"), 0);
    assert_eq!(files_with(&world, "-in-a-file"), Vec::<String>::new());
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn what_was_overwritten_can_be_removed_too() {
    let mut world = leaked().await;
    let before = "Tested with hunter3-7d1e against staging.";
    for words in [before, "Tested against staging, 40 of 40 blocked."] {
        world.document("dana", CHANNEL, &[("testing", words)]).await;
    }
    let written = world
        .facts()
        .into_iter()
        .find(|fact| fact.kind == "field_written" && fact.data["field"] == "testing");
    let text = written.unwrap().data["value"]["of"].clone();
    assert!(!files_with(&world, "hunter3-7d1e").is_empty());
    redact(&mut world, &text).await;
    assert_eq!(files_with(&world, "hunter3-7d1e"), Vec::<String>::new());
    assert_eq!(world.n_facts("redacted"), 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_short_word_takes_only_itself_along() {
    let mut world = leaked().await;
    for (field, words) in [
        ("testing", "ok"),
        ("outcome", "All is ok, the pods look fine."),
    ] {
        world.document("dana", CHANNEL, &[(field, words)]).await;
    }
    let facts = world.facts();
    let mut testing = facts
        .iter()
        .filter(|fact| fact.kind == "field_written" && fact.data["field"] == "testing");
    let text = testing.next().unwrap().data["value"]["of"].clone();
    redact(&mut world, &text).await;
    assert_eq!(world.fact("redacted").data["text"], text);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_home_that_was_opened_days_ago_loses_the_words_too() {
    let mut world = leaked().await;
    world.try_act("home", json!({"as": "riley"})).await.unwrap();
    world.settle().await;
    let home = async |world: &World| {
        let seen = world.hand.look("home_view?as=riley").await.unwrap();
        seen["view"].to_string()
    };
    assert!(home(&world).await.contains(SECRET));
    world.go(hours(72)).await;
    let what = world.fact("requested").data["what"].clone();
    redact(&mut world, &what).await;
    world.go(minutes(2)).await;
    let seen = home(&world).await;
    assert!(!seen.contains(SECRET), "{seen}");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn redact_is_a_subcommand_only_of_a_change() {
    let mut world = with_administrator().await;
    world
        .slash("dana", "redact the customer export @morgan")
        .await;
    assert_eq!(world.n_facts("requested"), 1);
    world.skip();
    world.end().await;
}
