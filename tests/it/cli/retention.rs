//! What is left of changes when the time of their words is over: the log holds, packs
//! hold by both verifiers, and everybody sees that something was removed by the rule.

use breakglass::backup;
use breakglass::domain::id::WorkspaceId;
use breakglass::domain::policy::PolicyVersion;
use breakglass::engine::Engine;
use breakglass::store::{Options, Rules, Store};
use chrono::TimeDelta;
use serde_json::json;

use super::evidence::{Desk, ended, files, read};
use super::printed::words;
use crate::world::{CHANNEL, Setting, World};

const ASKED: &str = "Deploy the rule against injection";
const LOG: &str = "40 samples, 40 blocked\n";

/// One change that was carried out, documented and approved, and one that was withdrawn.
async fn lived() -> World {
    let mut setting = Setting::default();
    setting.policy.keep_texts = Some(1);
    let mut world = World::of(setting).await;
    world.slash("dana", &format!("{ASKED} @priya")).await;
    world
        .press("dana", CHANNEL, "criterion:production_down")
        .await;
    world.press("priya", CHANNEL, "authorize").await;
    world.press("riley", CHANNEL, "take_command").await;
    world.press("dana", CHANNEL, "deployed").await;
    let card = world.text("SELECT ts FROM outbox WHERE key = 'card:CHG-1001'");
    let shared = json!([{"name": "waf-test.log", "content": LOG}]);
    world.share("dana", CHANNEL, &card, "", shared).await;
    world
        .document("dana", CHANNEL, &crate::story::SECTIONS)
        .await;
    world.approve("morgan", CHANNEL).await;
    assert_eq!(world.stage(1001), "closed");
    world.slash("dana", &format!("{ASKED} again @priya")).await;
    world.deliver_press("dana", "withdraw", "1002").await;
    world.settle().await;
    assert_eq!(world.stage(1002), "withdrawn");
    world.skip();
    world
}

/// The team's meeting, for which closing doesn't wait.
async fn meet(world: &mut World) {
    world.slash("morgan", "agenda").await;
    world.tap("morgan", CHANNEL, "record_meeting").await;
    let held_at = world.now().await.timestamp();
    let minutes = json!("https://wiki.example.com/minutes/1");
    let values = [("held_at", json!(held_at)), ("minutes", minutes)];
    world.send_in("morgan", &values).await;
    world.skip();
}

/// Does what is done every night, and returns of how many changes something went.
async fn expire(world: &mut World) -> usize {
    let now = world.now().await;
    world.stop().await;
    let policy = world.setting.policy.policy(PolicyVersion(1)).unwrap();
    let rules = Rules::new(policy, [], chrono_tz::Europe::Berlin);
    let options = Options::at(world.database());
    let store = Store::open(&options, WorkspaceId::new("T0BREAK01")).unwrap();
    let engine = Engine::new(store, rules);
    let n_expired = engine.expire(now).await.unwrap();
    engine.store().close().await;
    drop(engine);
    world.start().await;
    world.skip();
    n_expired
}

#[tokio::test]
async fn what_was_removed_by_the_rule_is_shown_as_that_and_everything_holds() {
    let mut world = lived().await;
    world.go(TimeDelta::days(40)).await;
    world.skip();
    // To the one that was carried out the meeting is still owed.
    assert_eq!(expire(&mut world).await, 1);
    assert_eq!(world.count("SELECT count(*) FROM attachment"), 1);
    meet(&mut world).await;
    assert_eq!(expire(&mut world).await, 0, "something just happened to it");
    world.go(TimeDelta::days(32)).await;
    assert_eq!(expire(&mut world).await, 1);
    assert_eq!(world.count("SELECT count(*) FROM attachment"), 0);
    let mut removed = world.facts();
    removed.retain(|fact| fact.kind == "redacted");
    assert!(removed.iter().all(|fact| fact.actor == "clock"));
    let day = removed.last().unwrap().at.format("%Y-%m-%d").to_string();
    let shown = format!("removed by the retention rule on {day}");

    // In Slack.
    world.slash("riley", "status CHG-1001").await;
    let status = world.read("riley, aside").pop().unwrap().words;
    assert!(
        status.contains("removed by the retention rule on ") && !status.contains(ASKED),
        "{status}"
    );
    world.skip();

    // In the pack, in each of its forms.
    let desk = Desk::of(&world);
    let period = ["--from", "2026-03-13", "--to", "2026-03-15"];
    let all = ["--sample", "10", "--seed", "7"];
    let arguments = [&["evidence", "--out", "pack.zip"][..], &period, &all].concat();
    let made = desk.run(&arguments).await;
    assert_eq!(made.code, Some(0), "{made:?}");
    let (holds, said) = desk.verify("pack.zip", &[]).await;
    assert!(holds, "{said}");
    let pack = files(&std::fs::read(desk.path("pack.zip")).unwrap());
    let (mut n_papers, mut n_records) = (0, 0);
    for (name, bytes) in &pack {
        let told = words(bytes);
        assert!(!told.contains(ASKED), "{name}");
        if name.ends_with("change_ticket.pdf") {
            assert!(told.contains("retention rule"), "{name}: {told}");
            n_papers += 1;
        }
        if name.ends_with("/record.json") {
            let record = read(bytes);
            let gone = &record["redactions"][0]["removed"];
            assert_eq!(gone["by"]["id"], "policy", "{name}: {gone}");
            let why = gone["why"].as_str().unwrap();
            assert!(why.contains("keeps words and files for 1 month "), "{why}");
            n_records += 1;
        }
    }
    assert!(n_papers > 0 && n_records > 0, "{:?}", pack.keys());
    assert!(words(&pack["index.html"]).contains(&shown));
    let log = pack
        .keys()
        .find(|name| name.ends_with("Change Log.xlsx"))
        .unwrap();
    assert!(words(&pack[log]).contains(&format!("[{shown}")));

    // And the file itself, whose copy holds no byte of it.
    let database = world.database();
    let verified = desk.run(&["verify", "--deep"]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let copy = desk.path("a.backup");
    let to = copy.clone();
    tokio::task::spawn_blocking(move || backup::take(&database, &to, false))
        .await
        .unwrap()
        .unwrap();
    let bytes = std::fs::read(copy).unwrap();
    for gone in [ASKED, LOG] {
        let mut parts = bytes.windows(gone.len());
        assert!(!parts.any(|part| part == gone.as_bytes()), "{gone}");
    }
    ended(world).await;
}
