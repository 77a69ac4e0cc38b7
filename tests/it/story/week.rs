//! What a week asks of people: how many messages, when in their day.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Timelike as _};
use chrono_tz::Tz;

use super::{SECTIONS, deployed, hours};
use crate::world::{CHANNEL, Setting, World, berlin};

/// The people of the story with their zones.
const PEOPLE: [(&str, &str, Tz); 5] = [
    ("dana", "U0DANA0001", chrono_tz::Europe::Berlin),
    ("morgan", "U0MORGAN01", chrono_tz::Europe::Berlin),
    ("riley", "U0RILEY001", chrono_tz::Europe::Berlin),
    ("sam", "U0SAM00001", chrono_tz::Europe::Berlin),
    ("priya", "U0PRIYA001", chrono_tz::America::New_York),
];

/// The most chasing messages a person gets on one of their days.
const CAP: usize = 8;

/// When somebody was sent a direct message of a kind, on each of their days.
fn days(world: &World, id: &str, zone: Tz, kinds: &str) -> BTreeMap<String, Vec<String>> {
    let sql = format!(
        "SELECT coalesce(group_concat(said_at, ' '), '') FROM (
             SELECT DISTINCT said_at FROM outbox
             WHERE person = '{id}' AND kind IN ({kinds}) AND batch IS NULL AND ts IS NOT NULL
             ORDER BY said_at)"
    );
    let mut days: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for micros in world.text(&sql).split_whitespace() {
        let at = DateTime::from_timestamp_micros(micros.parse().unwrap()).unwrap();
        let local = at.with_timezone(&zone);
        days.entry(local.format("%m-%d %a").to_string())
            .or_default()
            .push(local.format("%H:%M").to_string());
    }
    days
}

/// Prints who was written to when, and holds it to the cap and the night.
#[expect(clippy::print_stdout, reason = "the figures are worth reading")]
fn hold(world: &World, title: &str, awake_until: DateTime<chrono::Utc>) {
    println!("{title}");
    for (name, id, zone) in PEOPLE {
        let chased = days(world, id, zone, "'reminder'");
        for (day, times) in &chased {
            assert!(times.len() <= CAP, "{name}, {day}: {times:?}");
        }
        let all = days(world, id, zone, "'reminder', 'told'");
        let n: usize = all.values().map(Vec::len).sum();
        println!("  {name}: {n} messages");
        for (day, times) in &all {
            println!("    {day}: {}", times.join(" "));
        }
        let sql = format!(
            "SELECT coalesce(group_concat(said_at, ' '), '') FROM outbox
             WHERE person = '{id}' AND kind IN ('reminder', 'told') AND ts IS NOT NULL
               AND coalesce(duty, '') <> 'answer_request'
               AND said_at > {}",
            awake_until.timestamp_micros()
        );
        for micros in world.text(&sql).split_whitespace() {
            let at = DateTime::from_timestamp_micros(micros.parse().unwrap()).unwrap();
            let hour = at.with_timezone(&zone).hour();
            assert!((8..22).contains(&hour), "{name} was written to at {at}");
        }
    }
}

#[tokio::test]
async fn a_change_left_alone_for_ten_days_wears_nobody_out() {
    let mut world = deployed().await;
    let deployed_at = world.now().await;
    world.go(TimeDelta::days(10)).await;
    hold(
        &world,
        "A change left alone for ten days:",
        deployed_at + hours(1),
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_bad_week_of_twelve_changes_with_one_approver_mutes_nobody() {
    let mut world = World::of(Setting {
        at: berlin("2026-03-16 09:10"),
        ..Setting::default()
    })
    .await;
    // Two a day, in the morning and in the afternoon; every second one is documented
    // after some hours, and nothing is approved before the week is over.
    for n in 1001..=1012_u64 {
        world
            .slash("dana", &format!("Fix number {n} @morgan"))
            .await;
        world
            .press("dana", CHANNEL, "criterion:production_down")
            .await;
        world.press("morgan", CHANNEL, "authorize").await;
        world.press("riley", CHANNEL, "take_command").await;
        world.press("dana", CHANNEL, "deployed").await;
        world.go(hours(5)).await;
        if n % 2 == 0 {
            world.document("dana", CHANNEL, &SECTIONS).await;
            world.go(hours(19)).await;
        }
    }
    // Whoever is at work is awake; nobody works after eight in the evening here.
    let start = berlin("2026-03-16 09:10");
    world.go(TimeDelta::days(1)).await;
    hold(
        &world,
        "A bad week of twelve changes with one approver:",
        start + hours(24 * 7),
    );
    world.skip();
    world.end().await;
}
