//! The weekly report in Slack: once a week at its time, with its picture and its
//! thread, whatever happens in between.

use std::sync::Arc;

use breakglass::domain::deployment::{Deployment, Happening, SourceName};
use breakglass::domain::id::WorkspaceId;
use breakglass::domain::policy::{Counting, Policy, PolicyVersion};
use breakglass::store::{Intake, Options, Rules, Store};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::world::{CHANNEL, News, Setting, World, berlin};

const REPORTS: &str = "#engineering";

fn setting(at: &str) -> Setting {
    let mut setting = Setting {
        at: berlin(at),
        ..Setting::default()
    };
    setting.policy.report_channel = Some("C0ENGINEER".to_owned());
    setting
}

/// Something is told of, while the bot is down, by whoever hands in lists.
async fn told(world: &World, deployed: &[DateTime<Utc>]) {
    let workspace = WorkspaceId::new("T0BREAK01");
    let store = Store::open(&Options::at(world.database()), workspace).unwrap();
    let source = SourceName::new("ci");
    let told = deployed
        .iter()
        .map(|at| {
            let id = at.timestamp().to_string();
            Deployment::new(source.clone(), id, Happening::Listed, *at)
        })
        .collect();
    let rules = Rules::new(
        Policy::unwritten(PolicyVersion(1)),
        [],
        chrono_tz::Europe::Berlin,
    );
    let now = world.now().await;
    store
        .take_in(
            Intake::new(source, told),
            Arc::new(Counting::default()),
            Arc::new(rules),
            now,
        )
        .await
        .unwrap();
    store.close().await;
}

/// So many deployments, an hour apart.
fn hourly(from: &str, n: i64) -> Vec<DateTime<Utc>> {
    (0..n)
        .map(|hour| berlin(from) + TimeDelta::hours(hour))
        .collect()
}

/// A bot that began on Wednesday, when it was told of 41 deployments since Monday.
async fn on_wednesday() -> World {
    let mut world = World::of(setting("2026-03-11 12:00")).await;
    world.stop().await;
    told(&world, &hourly("2026-03-09 10:00", 41)).await;
    world.start().await;
    world
}

const MONDAY: &str = "2026-03-16 09:00";

/// Reads what stands where reports do: the reports, and what is in their threads but
/// for the checkpoint's file, which each of them has.
fn reports(world: &mut World) -> (Vec<News>, Vec<News>) {
    world
        .read(REPORTS)
        .into_iter()
        .filter(|one| !is_checkpoint(one))
        .partition(|one| !one.threaded)
}

fn is_checkpoint(one: &News) -> bool {
    one.threaded && one.words == "\nFile: Signed checkpoint of the log"
}

/// What stands in the channel, as Slack has it.
async fn posted(world: &World) -> Vec<Value> {
    let said = world.hand.look("messages?channel=C0ENGINEER").await;
    let said = said.unwrap()["messages"].as_array().unwrap().clone();
    said.into_iter()
        .filter(|one| one["thread_ts"].is_null() || one["thread_ts"] == one["ts"])
        .collect()
}

/// The images and charts of a message.
fn shown(message: &Value) -> Vec<&str> {
    let blocks = message["blocks"].as_array().unwrap().iter();
    blocks
        .filter_map(|block| block["type"].as_str())
        .filter(|kind| ["image", "data_visualization"].contains(kind))
        .collect()
}

fn at(ts: &str) -> DateTime<Utc> {
    let seconds = ts.split_once('.').unwrap().0.parse().unwrap();
    DateTime::from_timestamp(seconds, 0).unwrap()
}

#[tokio::test]
async fn the_report_stands_there_on_monday_at_nine_with_its_picture_and_its_thread() {
    let mut world = on_wednesday().await;
    world.go_to(berlin(MONDAY) - TimeDelta::seconds(1)).await;
    world.heard(REPORTS, &[]);
    world.go_to(berlin(MONDAY) + TimeDelta::minutes(1)).await;
    let (report, thread) = reports(&mut world);
    assert_eq!((report.len(), thread.len()), (1, 1), "{report:#?}");
    assert!(report[0].words.contains("0 of 41 changes"), "{report:#?}");
    let late = at(&report[0].ts) - berlin(MONDAY);
    assert!(late < TimeDelta::seconds(10), "{late}");
    let posted = posted(&world).await;
    assert_eq!(shown(&posted[0]), ["image"]);
    let image = posted[0]["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|block| block["type"] == "image")
        .unwrap();
    let alt = image["alt_text"].as_str().unwrap();
    assert!(alt.contains("9–15 Mar 0.0 % (0 of 41)"), "{alt}");
    // Nobody sees the file but in the report. The other one is the checkpoint's.
    let file = image["slack_file"]["id"].as_str().unwrap();
    let completed = world.calls("files.completeUploadExternal").await;
    assert_eq!(completed.len(), 2, "{completed:#?}");
    assert_eq!(
        world.text("SELECT file FROM picture WHERE look = 'file'"),
        file
    );
    world.go_to(berlin("2026-03-23 08:59")).await;
    world.heard(REPORTS, &[]);
    world.go_to(berlin("2026-03-23 09:01")).await;
    let (second, _) = reports(&mut world);
    assert_eq!(second.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_restart_at_that_minute_changes_nothing() {
    let mut world = on_wednesday().await;
    world.go_to(berlin(MONDAY) - TimeDelta::seconds(1)).await;
    world.stop().await;
    world.hand.move_to(berlin(MONDAY)).await.unwrap();
    world.start().await;
    world.crash().await;
    world.start().await;
    world.go(TimeDelta::minutes(2)).await;
    world.stop().await;
    world.start().await;
    world.go(TimeDelta::hours(1)).await;
    let (report, thread) = reports(&mut world);
    assert_eq!((report.len(), thread.len()), (1, 1), "{report:#?}");
    assert_eq!(posted(&world).await.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_crash_between_upload_and_post_shows_the_chart_once() {
    let mut world = on_wednesday().await;
    world.go_to(berlin(MONDAY) - TimeDelta::seconds(1)).await;
    world
        .misbehave(json!({"method": "files.info", "fault": "server_error", "times": 1}))
        .await;
    // Asked whether it can show the picture, Slack says nothing of use; the report waits.
    world.hand.move_to(berlin(MONDAY)).await.unwrap();
    world.crash().await;
    assert_eq!(world.count("SELECT count(*) FROM picture"), 1);
    assert_eq!(posted(&world).await.len(), 0);
    world.start().await;
    world.go(TimeDelta::minutes(2)).await;
    let (report, thread) = reports(&mut world);
    assert_eq!((report.len(), thread.len()), (1, 1), "{report:#?}");
    assert_eq!(shown(&posted(&world).await[0]), ["image"]);
    assert_eq!(world.calls("files.completeUploadExternal").await.len(), 2);
    world.end().await;
}

#[tokio::test]
async fn a_report_of_unknown_fate_is_found_and_neither_posted_nor_drawn_again() {
    let mut world = World::of(Setting {
        http_timeout: std::time::Duration::from_millis(500),
        ..setting("2026-03-11 12:00")
    })
    .await;
    world
        .misbehave(
            json!({"method": "chat.postMessage", "fault": "applied_then_silence", "times": 1}),
        )
        .await;
    world.go_to(berlin(MONDAY) + TimeDelta::minutes(5)).await;
    let (report, thread) = reports(&mut world);
    assert_eq!((report.len(), thread.len()), (1, 1), "{report:#?}");
    assert_eq!(posted(&world).await.len(), 1);
    assert_eq!(world.calls("files.completeUploadExternal").await.len(), 2);
    world.end().await;
}

#[tokio::test]
async fn after_weeks_of_downtime_only_the_newest_is_posted_and_names_the_others() {
    let mut world = on_wednesday().await;
    world.go_to(berlin("2026-03-15 12:00")).await;
    world.stop().await;
    world
        .hand
        .move_to(berlin("2026-04-01 14:30"))
        .await
        .unwrap();
    told(&world, &hourly("2026-03-24 08:00", 12)).await;
    world.start().await;
    world.go(TimeDelta::minutes(1)).await;
    let (report, thread) = reports(&mut world);
    assert_eq!((report.len(), thread.len()), (1, 1), "{report:#?}");
    assert!(report[0].words.contains("23–29 Mar"), "{report:#?}");
    assert!(report[0].words.contains("0 of 12 changes"), "{report:#?}");
    let away = "*Not posted, because I was away:* 9–15 Mar 0 of 41 (0.0 %); 16–22 Mar unknown.";
    assert!(report[0].words.contains(away), "{report:#?}");
    assert_eq!(world.count("SELECT count(*) FROM frozen_week"), 3);
    // Told of later, an earlier week is corrected beside what was reported.
    world.stop().await;
    told(&world, &hourly("2026-03-11 20:00", 2)).await;
    world.start().await;
    world.go_to(berlin("2026-04-06 09:01")).await;
    let (report, thread) = reports(&mut world);
    assert_eq!(report.len(), 1);
    assert!(thread[0].words.contains("9–15 Mar"), "{thread:#?}");
    assert!(!report[0].words.contains("Not posted"), "{report:#?}");
    let kept = world.text("SELECT cast(figures AS TEXT) FROM frozen_week ORDER BY from_at LIMIT 1");
    assert!(kept.contains(r#""n_changes":41"#), "{kept}");
    world.end().await;
}

#[tokio::test]
async fn where_files_cant_be_uploaded_slacks_own_chart_is_shown() {
    let mut world = World::of(Setting {
        without: Some("files:write"),
        ..setting("2026-03-11 12:00")
    })
    .await;
    world.stop().await;
    told(&world, &hourly("2026-03-09 10:00", 41)).await;
    world.start().await;
    world.go_to(berlin(MONDAY) + TimeDelta::minutes(1)).await;
    let (report, thread) = reports(&mut world);
    assert_eq!((report.len(), thread.len()), (1, 1), "{report:#?}");
    assert_eq!(shown(&posted(&world).await[0]), ["data_visualization"]);
    world.end().await;
}

#[tokio::test]
async fn a_channel_that_is_closed_sends_the_report_to_the_contact() {
    let mut world = on_wednesday().await;
    world
        .try_act("channel", json!({"channel": REPORTS, "archived": true}))
        .await
        .unwrap();
    world.go_to(berlin(MONDAY) + TimeDelta::minutes(2)).await;
    world.heard(REPORTS, &[]);
    let said = world.read("sam");
    let report: Vec<_> = said
        .iter()
        .filter(|one| one.words.contains("0 of 41 changes"))
        .collect();
    assert_eq!(report.len(), 1, "{said:#?}");
    assert!(report[0].words.contains("where I can't write"), "{said:#?}");
    assert_eq!(said.iter().filter(|one| is_checkpoint(one)).count(), 1);
    assert_eq!(said.iter().filter(|one| one.threaded).count(), 2);
    // Open again, the next one stands where it belongs.
    world
        .try_act("channel", json!({"channel": REPORTS, "archived": false}))
        .await
        .unwrap();
    world.go_to(berlin("2026-03-23 09:01")).await;
    let (report, _) = reports(&mut world);
    assert_eq!(report.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn without_a_channel_nothing_is_posted_and_nothing_made_up_for_later() {
    let mut world = World::of(Setting {
        at: berlin("2026-03-11 12:00"),
        ..Setting::default()
    })
    .await;
    world.go_to(berlin("2026-03-18 12:00")).await;
    assert_eq!(world.count("SELECT count(*) FROM frozen_week"), 0);
    world.stop().await;
    world.setting.policy.report_channel = Some("C0ENGINEER".to_owned());
    world.start().await;
    world.go_to(berlin("2026-03-23 08:59")).await;
    world.heard(REPORTS, &[]);
    world.go_to(berlin("2026-03-23 09:01")).await;
    let (report, _) = reports(&mut world);
    assert_eq!(report.len(), 1);
    assert!(report[0].words.contains("16–22 Mar"), "{report:#?}");
    world.heard(CHANNEL, &[]);
    world.end().await;
}
