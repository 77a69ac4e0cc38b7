//! Evidence that isn't words: what is shared in the thread under a card.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::requested;
use crate::world::{CHANNEL, World};

/// Where the card of a change stands.
fn card(world: &World) -> String {
    world.text("SELECT ts FROM outbox WHERE key = 'card:CHG-1001'")
}

/// Dana asks, Morgan authorizes, Dana deploys; all that was said of it is read.
async fn deployed() -> World {
    let mut world = requested().await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.press("dana", CHANNEL, "deployed").await;
    world.skip();
    world
}

fn n_kept(world: &World) -> u64 {
    world.count("SELECT count(*) FROM attachment")
}

#[tokio::test]
async fn a_file_in_the_cards_thread_is_kept_with_its_hash() {
    let mut world = deployed().await;
    let card = card(&world);
    let content = "40 samples, 40 blocked\n";
    let files = json!([{"name": "waf-test.log", "content": content}]);
    let ts = world.share("dana", CHANNEL, &card, "", files).await;
    let kept = world.fact("attachment_kept");
    let sha256 = hex::encode(Sha256::digest(content));
    assert_eq!(kept.actor, "user:U0DANA0001");
    assert_eq!(kept.data["attached"]["kind"], "file");
    assert_eq!(kept.data["attached"]["of"]["sha256"], json!(sha256));
    assert_eq!(kept.data["attached"]["of"]["n_bytes"], content.len());
    assert_eq!(kept.data["message"]["ts"], json!(ts));
    assert_eq!(
        world.count("SELECT length(bytes) FROM attachment"),
        content.len() as u64
    );
    // Its name is what a person wrote, and stands in the log as a commitment.
    assert!(!kept.data.to_string().contains("waf-test"));
    let line = format!("waf-test.log, 23 bytes, SHA-256 {}…", &sha256[..8]);
    let told = world.read(CHANNEL);
    let note = told
        .iter()
        .find(|one| one.words.contains("@dana added evidence:"));
    let note = note.unwrap_or_else(|| panic!("{told:#?}"));
    assert!(
        note.threaded && note.words.replace('`', "").contains(&line),
        "{note:#?}"
    );
    world.slash("riley", "status CHG-1001").await;
    let status = world
        .read("riley, aside")
        .pop()
        .unwrap()
        .words
        .replace('`', "");
    assert!(
        status.contains("Evidence") && status.contains(&line),
        "{status}"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn the_same_delivery_four_times_keeps_one_file() {
    let mut world = deployed().await;
    let card = card(&world);
    let files = json!([{"name": "a.png", "content": "one"}, {"name": "b.png", "content": "two"}]);
    world
        .share("dana", CHANNEL, &card, "both runs", files)
        .await;
    world.deliver_again(3).await;
    assert_eq!(world.n_facts("attachment_kept"), 2);
    assert_eq!(n_kept(&world), 2);
    let told = world.read(CHANNEL);
    let notes = told
        .iter()
        .filter(|one| one.words.contains("added evidence"));
    assert_eq!(notes.count(), 1, "one note tells both: {told:#?}");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn an_address_in_the_thread_is_evidence_and_is_not_followed() {
    let mut world = deployed().await;
    let card = card(&world);
    let words = "the run: https://ci.example.com/runs/7?a=1&b=2";
    world.share("dana", CHANNEL, &card, words, json!([])).await;
    let kept = world.fact("attachment_kept");
    assert_eq!(kept.data["attached"]["kind"], "link");
    let named = world
        .count("SELECT count(*) FROM text WHERE body = 'https://ci.example.com/runs/7?a=1&b=2'");
    assert_eq!(named, 1);
    assert_eq!(n_kept(&world), 0);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_file_makes_a_test_told_without_a_link_evidence_enough() {
    let mut world = deployed().await;
    let mut vague = Vec::new();
    for (words, files) in [
        ("Replayed 40 attack samples in staging.", None),
        ("Replayed 41 attack samples in staging.", Some("run.txt")),
    ] {
        if let Some(name) = files {
            let card = card(&world);
            let files = json!([{"name": name, "content": "ok"}]);
            world.share("dana", CHANNEL, &card, "", files).await;
        }
        world.document("dana", CHANNEL, &[("testing", words)]).await;
        let written = world
            .facts()
            .into_iter()
            .rfind(|fact| fact.kind == "field_written" && fact.data["field"] == "testing");
        vague.push(written.unwrap().data["vague"].clone());
    }
    assert_eq!(vague, [json!("no_evidence"), json!(null)]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_file_that_is_too_large_is_on_record_and_not_kept() {
    let mut world = deployed().await;
    let card = card(&world);
    let files = json!([{"name": "core.dump", "at_least": 10 * 1024 * 1024 + 1}]);
    world.share("dana", CHANNEL, &card, "", files).await;
    let kept = world.fact("attachment_kept");
    assert_eq!(kept.data["attached"]["kind"], "unfetched");
    assert_eq!(kept.data["attached"]["of"]["why"], "too_large");
    assert_eq!(n_kept(&world), 0);
    let told = world.read(CHANNEL);
    assert!(
        told.iter().any(|one| one
            .words
            .contains("core.dump, 11 MB. Not kept: it is larger than 10 MB")),
        "{told:#?}"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn an_answer_with_a_screenshot_is_both() {
    let mut world = requested().await;
    let card = card(&world);
    let files = json!([{"name": "attack.png", "content": "…"}]);
    world
        .share("morgan", CHANNEL, &card, "approved. Deploy.", files)
        .await;
    assert_eq!(world.n_facts("authorized"), 1);
    assert_eq!(world.fact("attachment_kept").actor, "user:U0MORGAN01");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn what_is_shared_elsewhere_is_kept_nowhere() {
    let mut world = deployed().await;
    let other = world.say("riley", CHANNEL, "lunch?").await;
    let before = world.count("SELECT count(*) FROM inbox");
    let files = json!([{"name": "menu.pdf", "content": "soup"}]);
    world
        .share("riley", CHANNEL, &other, "https://menu.example.com", files)
        .await;
    assert_eq!(world.count("SELECT count(*) FROM inbox"), before);
    assert_eq!(world.n_facts("attachment_kept"), 0);
    world.end().await;
}

#[tokio::test]
async fn a_guests_file_is_no_evidence_and_they_hear_why() {
    let mut world = deployed().await;
    let card = card(&world);
    let files = json!([{"name": "mine.txt", "content": "x"}]);
    world.share("gus", CHANNEL, &card, "", files).await;
    assert_eq!(world.n_facts("attachment_kept"), 0);
    assert_eq!(n_kept(&world), 0);
    world.heard("gus, aside", &["Guests can't write into its ticket"]);
    world.end().await;
}
