//! What others have of the log: a line under the report and under each approval, the
//! checkpoint as a file, and a copy at an address. By each of them, a record that was
//! written anew is found out.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use breakglass::config::Secret;
use breakglass::evidence::checkpoint::{Checkpoint, root_in_words};
use breakglass::evidence::note::SignedNote;
use breakglass::evidence::verify::{Ask, Verdict, database, read_witness};
use breakglass::store::look;
use chrono::TimeDelta;
use serde_json::Value;

use crate::world::{Setting, World, berlin};

fn verify(world: &World, witness: &str) -> Verdict {
    let witnesses = [read_witness(witness).unwrap()];
    let ask = Ask {
        key: None,
        witnesses: &witnesses,
        is_deep: true,
    };
    look(&world.database(), None, |moment| Ok(database(moment, &ask))).unwrap()
}

/// Whoever keeps checkpoints: what was sent there, and whether it is taken.
struct Address {
    url: String,
    taken: Arc<Mutex<Vec<String>>>,
    refuses: Arc<Mutex<bool>>,
}

impl Address {
    async fn open() -> Self {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let refuses = Arc::new(Mutex::new(false));
        let (theirs, no) = (Arc::clone(&taken), Arc::clone(&refuses));
        let take = axum::routing::post(move |note: String| {
            let (theirs, no) = (Arc::clone(&theirs), Arc::clone(&no));
            async move {
                if *no.lock().unwrap() {
                    return StatusCode::BAD_GATEWAY;
                }
                theirs.lock().unwrap().push(note);
                StatusCode::OK
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/secret-place", listener.local_addr().unwrap());
        let routes = axum::Router::new().route("/secret-place", take);
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self {
            url,
            taken,
            refuses,
        }
    }

    fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }
}

fn setting(at: &str) -> Setting {
    let mut setting = Setting {
        at: berlin(at),
        ..Setting::default()
    };
    setting.policy.report_channel = Some("C0ENGINEER".to_owned());
    setting
}

async fn messages(world: &World, channel: &str) -> Vec<Value> {
    let said = world
        .hand
        .look(&format!("messages?channel={channel}"))
        .await;
    said.unwrap()["messages"].as_array().unwrap().clone()
}

/// The line about the log on a message, if it has one.
fn line(message: &Value) -> Option<String> {
    let blocks = message["blocks"].as_array()?;
    blocks.iter().find_map(|block| {
        let text = block["elements"][0]["text"].as_str()?;
        text.starts_with("Log: ").then(|| text.to_owned())
    })
}

#[tokio::test]
async fn the_report_says_what_the_log_was_and_has_its_checkpoint_as_a_file() {
    let mut world = World::of(setting("2026-03-13 12:00")).await;
    world.slash("dana", "Deploy WAF rule @morgan").await;
    world.go_to(berlin("2026-03-16 09:02")).await;
    let said = messages(&world, "C0ENGINEER").await;
    let line = said.iter().find_map(line).expect("the report has the line");
    let file = said
        .iter()
        .find_map(|one| one["files"][0]["url_private"].as_str())
        .expect("the checkpoint stands in the thread");
    assert!(file.contains("/checkpoint-"), "{file}");
    let n_files = said.iter().filter(|one| one["files"].is_array()).count();
    assert_eq!(n_files, 1);
    let token = world.sandbox.credentials().bot_token.clone();
    let file = crate::world::browser()
        .get(file)
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    let note = file.text().await.unwrap();
    let checkpoint = Checkpoint::of(&note.parse::<SignedNote>().unwrap()).unwrap();
    let root = root_in_words(&checkpoint.root);
    assert_eq!(
        line,
        format!("Log: {} records, root `{root}`", checkpoint.size)
    );
    for witness in [&note, &line] {
        let verdict = verify(&world, witness);
        assert_eq!(verdict.fault, None);
        assert_eq!(verdict.witnessed.unwrap().size, checkpoint.size);
    }
    // That it was shown is on record, once, and keeps nobody awake.
    let shown = "SELECT count(*) FROM event WHERE instr(leaf, '\"checkpoint_shown\"') > 0";
    assert_eq!(world.count(shown), 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_file_of_which_nobody_knows_whether_it_was_shared_is_shared_once() {
    let mut world = World::of(setting("2026-03-13 12:00")).await;
    world.slash("dana", "Deploy WAF rule @morgan").await;
    world.go_to(berlin("2026-03-16 08:59")).await;
    world
        .misbehave(serde_json::json!({
            "method": "files.completeUploadExternal", "fault": "applied_then_drop", "times": 1, "after": 1
        }))
        .await;
    world.go_to(berlin("2026-03-16 10:30")).await;
    world.behave().await;
    world.go(TimeDelta::hours(2)).await;
    let said = messages(&world, "C0ENGINEER").await;
    let n_files = said.iter().filter(|one| one["files"].is_array()).count();
    assert_eq!(n_files, 1);
    assert_eq!(
        world.count("SELECT count(*) FROM showing WHERE shown_at IS NULL"),
        0
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn an_approval_says_what_the_log_was_when_it_stood_in_it() {
    let mut world = super::documented().await;
    world.approve("morgan", "@breakglass").await;
    let seq = "SELECT seq FROM event WHERE instr(leaf, '\"type\":\"approved\"') > 0";
    let seq = world.count(seq);
    let said = messages(&world, "C0INCAUTH1").await;
    let line = said
        .iter()
        .filter(|one| {
            one["text"]
                .as_str()
                .is_some_and(|text| text.contains("Approved"))
        })
        .find_map(line)
        .expect("the approval has the line");
    let given = read_witness(&line).unwrap();
    assert!(given.size > seq, "{line} holds record {seq}");
    assert_eq!(verify(&world, &line).fault, None);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn an_address_gets_every_checkpoint_as_it_is_even_if_it_was_away() {
    let address = Address::open().await;
    let mut world = World::of(Setting {
        witness_url: Some(Secret::new(&address.url)),
        ..Setting::default()
    })
    .await;
    let before = address.taken().len();
    assert_eq!(before, 1, "the first one comes with the key");
    *address.refuses.lock().unwrap() = true;
    world.slash("dana", "Deploy WAF rule @morgan").await;
    world.go(TimeDelta::hours(3)).await;
    assert_eq!(address.taken().len(), before);
    *address.refuses.lock().unwrap() = false;
    world.go(TimeDelta::hours(2)).await;
    let taken = address.taken();
    let kept = world.count("SELECT count(*) FROM checkpoint");
    assert_eq!(taken.len() as u64, kept);
    for note in &taken {
        assert_eq!(verify(&world, note).fault, None);
    }
    // The path may be the key to the address.
    let told = "SELECT count(*) FROM event WHERE instr(leaf, 'secret-place') > 0";
    assert_eq!(world.count(told), 0);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn nobody_is_kept_awake_by_checkpoints_while_nothing_happens() {
    let mut world = World::new().await;
    world.go(TimeDelta::days(1)).await;
    let n = world.count("SELECT count(*) FROM checkpoint");
    world.go(TimeDelta::days(7)).await;
    assert_eq!(world.count("SELECT count(*) FROM checkpoint"), n);
    world.end().await;
}
