//! The auditor's pack, asked for in Slack: who is given it, once, and that it verifies.

use std::io::Read as _;

use breakglass::evidence::verify::{PackAsk, pack};
use serde_json::{Value, json};

use super::{hours, minutes};
use crate::world::{CHANNEL, News, Setting, World, acknowledged, browser, shown};

const SAM: &str = "U0SAM00001";

/// A world in which Sam may have it, and in which an emergency happened.
async fn with_evidence(named: &[&str]) -> World {
    let mut setting = Setting::default();
    setting.policy.evidence = named.iter().map(|one| (*one).to_owned()).collect();
    let mut world = World::of(setting).await;
    world.slash("dana", "Deploy WAF rule @morgan").await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.press("dana", CHANNEL, "deployed").await;
    world.skip();
    world
}

/// What somebody reads aside and what comes by direct message, apart.
fn read(world: &mut World, who: &str) -> (Vec<News>, Vec<News>) {
    let aside = world.read(&format!("{who}, aside"));
    (aside, world.read(who))
}

/// The files that were shared with Sam, in their order.
async fn files(world: &World) -> Vec<Value> {
    let place = world.fact("pack_delivered").data["place"].clone();
    let (channel, _) = place.as_str().unwrap().split_once(' ').unwrap();
    let said = world
        .hand
        .look(&format!("messages?channel={channel}"))
        .await
        .unwrap();
    let said = said["messages"].as_array().unwrap();
    let files = said.iter().filter_map(|one| one["files"].as_array());
    files.flatten().cloned().collect()
}

/// The bytes of a file, as its reader gets them.
async fn bytes(world: &World, file: &Value) -> Vec<u8> {
    let token = world.sandbox.credentials().bot_token.clone();
    let url = file["url_private"].as_str().unwrap();
    let answer = browser().get(url).bearer_auth(token).send().await.unwrap();
    assert!(answer.status().is_success(), "{file}");
    answer.bytes().await.unwrap().to_vec()
}

/// Checks that exactly one pack was shared, that it verifies, and that the log says
/// whom it was given to and which it was; returns the names in it.
async fn given_once(world: &World) -> Vec<String> {
    let files = files(world).await;
    assert_eq!(files.len(), 1, "{files:#?}");
    let bytes = bytes(world, &files[0]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pack.zip");
    std::fs::write(&path, &bytes).unwrap();
    let ask = PackAsk {
        key: None,
        witnesses: &[],
    };
    let found = pack(&path, &ask);
    assert!(found.is_ok(), "{found:?}");
    let fact = world.fact("pack_delivered");
    let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes));
    assert_eq!(
        (&fact.data["to"], &fact.data["sha256"]),
        (&json!(SAM), &json!(hash))
    );
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut record = String::new();
    let names: Vec<String> = zip
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect();
    let sample = names.iter().find(|name| name.ends_with("/record.json"));
    if let Some(sample) = sample {
        let mut file = zip.by_name(sample).unwrap();
        file.read_to_string(&mut record).unwrap();
        assert!(record.contains("CHG-1001"), "{record}");
    }
    names
}

#[tokio::test]
async fn whoever_may_have_the_pack_gets_it_once_and_it_verifies() {
    let mut world = with_evidence(&[SAM]).await;
    world.slash("sam", "evidence 2026-03-01 2026-03-31").await;
    let (aside, direct) = read(&mut world, "sam");
    assert!(
        aside.len() == 1 && aside[0].words.contains("2026-03-01 to 2026-03-31"),
        "{}",
        shown(&aside)
    );
    assert!(
        direct.len() == 1 && direct[0].words.contains("SHA-256"),
        "{}",
        shown(&direct)
    );
    let names = given_once(&world).await;
    assert!(
        names
            .iter()
            .any(|name| name.ends_with("approval_record.pdf"))
    );
    // What happened up to the asking is in it.
    let told = world.fact("pack_delivered");
    let deployed = world.count("SELECT max(seq) FROM event WHERE instr(leaf, '\"deployed\"') > 0");
    assert!(told.data["size"].as_u64().unwrap() > deployed);
    world.end().await;
}

#[tokio::test]
async fn one_change_can_be_asked_for_and_so_can_a_quarter() {
    for (words, name) in [
        ("evidence CHG-1001", "soc2-evidence-CHG-1001.zip"),
        (
            "evidence this quarter",
            "soc2-evidence-2026-01-01-to-2026-03-14.zip",
        ),
    ] {
        let mut world = with_evidence(&[SAM]).await;
        world.slash("sam", words).await;
        world.skip();
        given_once(&world).await;
        assert_eq!(files(&world).await[0]["name"], name);
        world.end().await;
    }
}

#[tokio::test]
async fn nobody_else_is_given_it_a_guest_in_the_group_neither() {
    let mut world = with_evidence(&[SAM]).await;
    world.slash("dana", "evidence last quarter").await;
    let (aside, direct) = read(&mut world, "dana");
    assert!(direct.is_empty());
    for part in ["ask @sam", "last quarter", "breakglass evidence --from"] {
        assert!(
            aside[0].words.contains(part),
            "no {part}: {}",
            shown(&aside)
        );
    }
    world.end().await;

    let mut world = with_evidence(&["U0GUS00001"]).await;
    world
        .slash_in("gus", "#engineering", "evidence last quarter")
        .await;
    world.heard("gus, aside", &["full members"]);
    world.slash("sam", "evidence").await;
    world.heard("sam, aside", &["names others for it: ask @gus"]);
    assert_eq!(world.n_facts("pack_delivered"), 0);
    assert_eq!(world.calls("files.getUploadURLExternal").await.len(), 0);
    world.end().await;

    let mut world = with_evidence(&[]).await;
    world.slash("sam", "evidence last quarter").await;
    world.heard("sam, aside", &["names nobody for it yet"]);
    world.end().await;
}

#[tokio::test]
async fn what_is_no_period_declares_nothing_and_is_answered_with_one_that_is() {
    let mut world = with_evidence(&[SAM]).await;
    for (line, part) in [
        ("evidence", "/emergency evidence 2025-10-01 2025-12-31"),
        ("evidence 2026-02-30", "can't read a period"),
        ("evidence 2026-03-31 2026-03-01", "before it begins"),
        ("evidence q4 2026", "hasn't come yet"),
        ("evidence CHG-1999", "CHG-1999"),
    ] {
        world.slash("sam", line).await;
        let (aside, direct) = read(&mut world, "sam");
        assert!(direct.is_empty(), "{line}: {}", shown(&direct));
        assert!(
            aside.len() == 1 && aside[0].words.contains(part),
            "{line}: {}",
            shown(&aside)
        );
    }
    assert_eq!(world.count("SELECT count(*) FROM change"), 1);
    assert_eq!(world.count("SELECT count(*) FROM pack"), 0);
    world.end().await;
}

#[tokio::test]
async fn the_same_pack_asked_for_twice_comes_once() {
    let mut world = with_evidence(&[SAM]).await;
    // Slack takes no file for a while.
    world
        .misbehave(json!({
            "method": "files.getUploadURLExternal", "fault": "ratelimited",
            "retry_after_s": 60, "times": 1,
        }))
        .await;
    world.slash("sam", "evidence 2026-03-01 2026-03-31").await;
    world.heard("sam, aside", &["is being made"]);
    world.slash("sam", "evidence 2026-03").await;
    world.heard("sam, aside", &["asked for that pack already"]);
    world.go(minutes(2)).await;
    world.skip();
    given_once(&world).await;
    world.end().await;
}

#[tokio::test]
async fn whatever_slack_does_at_the_upload_the_pack_comes_once() {
    for (method, fault) in [
        ("files.getUploadURLExternal", "server_error"),
        ("files.getUploadURLExternal", "applied_then_drop"),
        ("files.completeUploadExternal", "server_error"),
        ("files.completeUploadExternal", "ratelimited"),
        ("files.completeUploadExternal", "applied_then_drop"),
        ("files.completeUploadExternal", "late"),
        ("conversations.open", "server_error"),
    ] {
        let mut world = with_evidence(&[SAM]).await;
        world
            .misbehave(json!({"method": method, "fault": fault, "times": 1, "retry_after_s": 30}))
            .await;
        world.slash("sam", "evidence 2026-03-01 2026-03-31").await;
        world.go(minutes(10)).await;
        world.skip();
        given_once(&world).await;
        world.end().await;
    }
}

#[tokio::test]
async fn a_restart_in_the_middle_loses_no_pack_and_sends_none_twice() {
    // While it is made; when Slack has it and nobody does; when it isn't known.
    for (method, fault) in [
        ("files.getUploadURLExternal", "server_error"),
        ("files.completeUploadExternal", "server_error"),
        ("files.completeUploadExternal", "applied_then_silence"),
    ] {
        let mut world = with_evidence(&[SAM]).await;
        world
            .misbehave(json!({"method": method, "fault": fault}))
            .await;
        let answer = world
            .type_in("sam", CHANNEL, "evidence 2026-03-01 2026-03-31")
            .await;
        acknowledged(&answer);
        for _ in 0..50_000 {
            if !world.calls(method).await.is_empty() {
                break;
            }
        }
        world.crash().await;
        assert_eq!(world.n_facts("pack_delivered"), 0);
        world.behave().await;
        world.start().await;
        world.go(hours(1)).await;
        world.skip();
        given_once(&world).await;
        world.end().await;
    }
}

#[tokio::test]
async fn a_pack_that_slack_refuses_is_told_with_what_to_do() {
    let mut setting = Setting {
        without: Some("files:write"),
        ..Setting::default()
    };
    setting.policy.evidence = vec![SAM.to_owned()];
    let mut world = World::of(setting).await;
    world.slash("sam", "evidence 2026-03-01 2026-03-14").await;
    let words = shown(&world.read("sam, aside"));
    for part in [
        "is being made",
        "couldn't be sent",
        "breakglass evidence --from 2026-03-01 --to 2026-03-14",
    ] {
        assert!(words.contains(part), "no {part}: {words}");
    }
    assert_eq!(world.n_facts("pack_delivered"), 0);
    world.skip();
    world.end().await;
}
