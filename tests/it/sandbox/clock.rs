//! The clock: steps, sleepers, and when the workspace counts as settled.

use std::sync::Arc;
use std::sync::Mutex;

use breakglass::sandbox::{self, Options};
use serde_json::{Value, json};

use super::bench::{Bench, INCIDENT, MANIFEST, bench, client};

/// A bot reduced to its sleep: it wakes at each of the instants given and notes what time it found.
struct Sleeper {
    found: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Sleeper {
    fn start(bench: &Bench, name: &str, wakes: &[&str]) -> Self {
        let found = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&found);
        let url = format!("{}/clock/await", bench.running.control_url());
        let name = name.to_owned();
        let mut wakes: Vec<String> = wakes.iter().map(|wake| (*wake).to_owned()).collect();
        let http = client();
        let task = tokio::spawn(async move {
            let mut seen = 0;
            loop {
                let request = json!({"sleeper": name, "seen": seen, "wake_at": wakes.first()});
                let woken: Value = http
                    .post(&url)
                    .json(&request)
                    .send()
                    .await
                    .unwrap()
                    .json()
                    .await
                    .unwrap();
                seen = woken["version"].as_u64().unwrap();
                let now = woken["now"].as_str().unwrap().to_owned();
                while wakes.first().is_some_and(|wake| *wake <= now) {
                    wakes.remove(0);
                    notes.lock().unwrap().push(now.clone());
                }
            }
        });
        Self { found, task }
    }

    fn found(&self) -> Vec<String> {
        self.found.lock().unwrap().clone()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(bench: &Bench, wakes: &[&str]) -> Sleeper {
    let sleeper = Sleeper::start(bench, "bot", wakes);
    bench
        .control("clock/settle", json!({"n_sleepers": 1}))
        .await;
    sleeper
}

#[tokio::test]
async fn a_move_stops_at_every_wake_up_on_the_way() {
    let bench = bench().await;
    let wakes = [
        "2026-11-21T02:17:00Z",
        "2026-11-21T02:20:00Z",
        "2026-11-22T02:14:00Z",
        "2026-11-30T00:00:00Z",
    ];
    let sleeper = follow(&bench, &wakes).await;
    let moved = bench.control("clock/move", json!({"by_s": 86_400})).await;
    assert_eq!(moved["now"], "2026-11-22T02:14:00Z");
    assert_eq!(moved["settled"], true);
    assert_eq!(moved["next"], "2026-11-30T00:00:00Z");
    assert_eq!(sleeper.found(), wakes[..3]);
    bench.control("clock/move", json!({"next": true})).await;
    assert_eq!(sleeper.found(), wakes);
}

#[tokio::test]
async fn settling_steps_through_what_lies_near() {
    let bench = bench().await;
    let wakes = [
        "2026-11-21T02:14:01Z",
        "2026-11-21T02:14:02Z",
        "2026-11-21T02:15:00Z",
    ];
    let sleeper = follow(&bench, &wakes).await;
    let settled = bench.control("clock/settle", json!({"within_s": 5})).await;
    assert_eq!(settled["now"], "2026-11-21T02:14:02Z");
    assert_eq!(sleeper.found(), wakes[..2]);
}

#[tokio::test]
async fn two_sleepers_are_both_waited_for() {
    let bench = bench().await;
    let one = Sleeper::start(&bench, "one", &["2026-11-21T02:15:00Z"]);
    let two = Sleeper::start(&bench, "two", &["2026-11-21T02:16:00Z"]);
    bench
        .control("clock/settle", json!({"n_sleepers": 2}))
        .await;
    bench.control("clock/move", json!({"by_s": 3600})).await;
    assert_eq!(one.found(), ["2026-11-21T02:15:00Z"]);
    assert_eq!(two.found(), ["2026-11-21T02:16:00Z"]);
}

#[tokio::test]
async fn a_sleeper_that_dies_is_forgotten() {
    let bench = bench().await;
    let sleeper = follow(&bench, &[]).await;
    assert_eq!(bench.look("clock").await["sleepers"][0]["id"], "bot");
    drop(sleeper);
    let moved = bench.control("clock/move", json!({"by_s": 60})).await;
    assert_eq!(moved["now"], "2026-11-21T02:15:00Z");
    assert_eq!(moved["sleepers"], json!([]));
}

#[tokio::test]
async fn nothing_moves_while_something_is_on_its_way() {
    let bench = bench().await;
    let mut socket = bench.socket().await;
    bench.say("dana", INCIDENT, "x").await;
    let stuck = bench
        .control("clock/move", json!({"by_s": 60, "timeout_ms": 20}))
        .await;
    assert_eq!(stuck["ok"], false);
    assert!(
        stuck["error"]
            .as_str()
            .unwrap()
            .contains("delivery 1 (events_api) is on its way"),
        "{stuck}"
    );
    assert_eq!(bench.look("clock").await["now"], "2026-11-21T02:14:00Z");
    let before = bench.look("clock").await["version"].as_u64().unwrap();
    socket.take().await;
    bench.control("clock/settle", json!({})).await;
    assert!(
        bench.look("clock").await["version"].as_u64().unwrap() > before,
        "an acknowledgement is news"
    );
}

#[tokio::test]
async fn a_sleeper_that_has_not_seen_the_latest_is_waited_for() {
    let bench = bench().await;
    let version = bench.look("clock").await["version"].as_u64().unwrap();
    let woken = bench
        .control(
            "clock/await",
            json!({"sleeper": "slow", "seen": version - 1}),
        )
        .await;
    assert_eq!(woken["version"], version);
    let stuck = bench
        .control("clock/settle", json!({"timeout_ms": 20}))
        .await;
    assert_eq!(stuck["error"], "not settled: sleeper slow is awake");
}

#[tokio::test]
async fn jumps_go_backwards_and_do_not_step() {
    let bench = bench().await;
    let sleeper = follow(&bench, &["2026-11-21T02:20:00Z"]).await;
    let back = bench
        .control("clock/move", json!({"to": "2026-11-21T02:00:00Z"}))
        .await;
    assert_eq!(back["ok"], false);
    let jumped = bench
        .control("clock/move", json!({"jump_to": "2026-11-21T02:00:00Z"}))
        .await;
    assert_eq!(jumped["now"], "2026-11-21T02:00:00Z");
    assert_eq!(sleeper.found(), Vec::<String>::new());
    let jumped = bench
        .control("clock/move", json!({"jump_to": "2026-11-21T03:00:00Z"}))
        .await;
    assert_eq!(jumped["now"], "2026-11-21T03:00:00Z");
    assert_eq!(sleeper.found(), ["2026-11-21T03:00:00Z"]);
    let both = bench
        .control("clock/move", json!({"by_s": 1, "next": true}))
        .await;
    assert_eq!(both["ok"], false);
    assert_eq!(
        bench.control("clock/move", json!({"next": true})).await["ok"],
        false
    );
}

#[tokio::test]
async fn a_thousand_steps_take_no_time_worth_mentioning() {
    let bench = bench().await;
    let start: chrono::DateTime<chrono::Utc> = "2026-11-21T02:14:00Z".parse().unwrap();
    let wakes: Vec<_> = (1..=1000)
        .map(|n| {
            (start + chrono::TimeDelta::minutes(n))
                .to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        })
        .collect();
    let wakes: Vec<_> = wakes.iter().map(String::as_str).collect();
    let sleeper = follow(&bench, &wakes).await;
    let moved = bench
        .control("clock/move", json!({"by_s": 60_000, "timeout_ms": 10_000}))
        .await;
    assert_eq!(moved["settled"], true, "{moved}");
    assert_eq!(sleeper.found().len(), 1000);
}

#[tokio::test]
async fn a_running_clock_runs_and_can_be_moved_and_frozen() {
    let running = sandbox::start(Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        manifest: MANIFEST.to_owned(),
        frozen_at: None,
        request_url: None,
        seed: 1,
        tour: None,
    })
    .await
    .unwrap();
    let bench = Bench {
        running,
        http: client(),
    };
    let now = |clock: &Value| {
        clock["now"]
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    };
    let before = now(&bench.look("clock").await);
    let moved = bench.control("clock/move", json!({"by_s": 86_400})).await;
    assert!(now(&moved) >= before + chrono::TimeDelta::days(1));
    assert_eq!(moved["frozen"], false);
    let frozen = bench.control("clock/freeze", json!({"frozen": true})).await;
    assert_eq!(now(&bench.look("clock").await), now(&frozen));
    // A poll whose time has come is answered though nothing else happened.
    bench
        .control("clock/freeze", json!({"frozen": false}))
        .await;
    let clock = bench.look("clock").await;
    let soon = now(&clock) + chrono::TimeDelta::milliseconds(20);
    let woken = bench
        .control(
            "clock/await",
            json!({"sleeper": "s", "seen": clock["version"], "wake_at": soon}),
        )
        .await;
    assert!(now(&woken) >= soon);
    assert_eq!(woken["version"], clock["version"]);
}

#[tokio::test]
async fn a_nudge_wakes_the_sleepers_without_moving_the_clock() {
    let bench = bench().await;
    let _sleeper = follow(&bench, &[]).await;
    let before = bench.look("clock").await["version"].as_u64().unwrap();
    let nudged = bench.control("clock/nudge", json!({})).await;
    assert_eq!(nudged["version"].as_u64().unwrap(), before + 1);
    assert_eq!(nudged["settled"], false);
    let settled = bench.control("clock/settle", json!({})).await;
    assert_eq!(settled["now"], "2026-11-21T02:14:00Z");
}
