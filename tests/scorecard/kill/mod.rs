//! Kills the bot, again and again, and counts what that cost: nothing.
//!
//! The story is told in a `breakglass sandbox` that misbehaves, with `breakglass
//! serve` beside it in a process of its own, which is killed with -9 at random
//! moments and started again. At the end each acknowledged gesture must be on
//! record, each reminder that is owed must stand in Slack, and nothing twice. Two
//! further runs and one forged piece of evidence must fail, or the count could not
//! be trusted.

mod audit;
mod fact;
mod story;
mod world;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use breakglass::clock::Stopwatch;
use serde_json::{Value, json};

use crate::Score;
use crate::dice::Dice;
use crate::processes::{Door, folder};
use audit::{Tally, audit, without_a_reminder};
use story::Told;
use world::{Evidence, World};

/// How many kills one world takes: then a fresh one begins, so that the last
/// kill still meets a young database.
const KILLS_A_WORLD: usize = 20;

/// How many emergencies run at once.
const PLANS: usize = 5;

/// How far beyond its grace Slack applies a message in the run that must fail.
const FAR_TOO_LATE: Duration = Duration::from_secs(3);

/// How long that run may take to fail.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs worlds until enough was killed, then what must fail; prints the count.
pub(crate) async fn kills(place: &Path, n_wanted: usize, seed: u64) -> anyhow::Result<Score> {
    let mut dice = Dice::new(seed);
    let mut tally = Tally::default();
    let mut told = Told::default();
    let mut n_kills = 0;
    let mut n_worlds = 0;
    let mut last = None;
    while n_kills < n_wanted {
        let kills = (n_wanted - n_kills).min(KILLS_A_WORLD);
        let seed = dice.number() >> 1;
        let door = if n_worlds % 2 == 0 {
            Door::Http
        } else {
            Door::Socket
        };
        let folder = folder(place, &format!("world-{n_worlds}"))?;
        let mut world = World::begin(folder, seed, kills, door, false).await?;
        let plans = if n_wanted < KILLS_A_WORLD { 2 } else { PLANS };
        let ours = story::tell(&mut world, plans)
            .await
            .with_context(|| format!("world {n_worlds} ({door:?})"))?;
        told.n_acts += ours.n_acts;
        told.n_moot += ours.n_moot;
        n_kills += world.n_kills;
        let evidence = world.testify().await?;
        let found = audit(&evidence).await?;
        for fault in found.faults() {
            println!("world {n_worlds} ({door:?}): {fault}");
        }
        tally.add(found);
        last = Some(evidence);
        n_worlds += 1;
    }
    let evidence = last.context("nothing was killed")?;
    let controls = [
        (
            "a reminder taken away is missed",
            a_reminder_is_taken(&evidence).await?,
        ),
        (
            "a database put back loses what was acknowledged",
            the_database_is_put_back(place).await?,
        ),
        (
            "a message applied after its grace stands twice",
            slack_applies_far_too_late(place).await?,
        ),
    ];
    let mut failures: Vec<String> = Vec::new();
    for (what, found) in [
        ("lost", &tally.lost),
        ("missed", &tally.missed),
        ("twice", &tally.twice),
        ("broken", &tally.broken),
    ] {
        failures.extend(found.iter().map(|one| format!("{what}: {one}")));
    }
    // A control that doesn't fail leaves the count worth nothing.
    let asleep = controls.iter().filter(|(_, failed)| !failed);
    failures.extend(asleep.map(|(control, _)| format!("the control {control} did not fail")));
    let n_failed = controls.iter().filter(|(_, failed)| *failed).count();
    Ok(Score {
        harness: "kills",
        runs: n_kills,
        of: "kills",
        seed,
        about: format!(
            "{n_worlds} worlds, {} acts, {} acknowledged, {} reminders",
            told.n_acts, tally.n_acknowledged, tally.n_reminders
        ),
        failures,
        control: "a reminder taken away, a database put back, a message far too late",
        control_failures: n_failed,
    })
}

/// Whether the audit misses a reminder that was taken out of the evidence.
async fn a_reminder_is_taken(evidence: &Evidence) -> anyhow::Result<bool> {
    let poorer = without_a_reminder(evidence).context("nobody was reminded of anything")?;
    Ok(!audit(&poorer).await?.missed.is_empty())
}

/// Whether the audit sees that the bot forgot: its database is put back to how
/// it stood before something was acknowledged.
async fn the_database_is_put_back(place: &Path) -> anyhow::Result<bool> {
    let folder = folder(place, "put-back")?;
    let mut world = World::begin(folder.clone(), 1, 0, Door::Http, false).await?;
    world
        .slash("dana", "Restart the first gateway @morgan")
        .await?;
    world.settle(30).await?;
    world.end();
    let mut kept = Vec::new();
    for file in std::fs::read_dir(&folder)? {
        let path = file?.path();
        if path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("breakglass.db"))
        {
            kept.push((path.clone(), std::fs::read(&path)?));
        }
    }
    world.kill().await?;
    world
        .slash("dana", "Restart the second gateway @morgan")
        .await?;
    world.settle(30).await?;
    world.end();
    for (path, bytes) in kept {
        std::fs::write(path, bytes)?;
    }
    world.kill().await?;
    world.calm().await?;
    let found = audit(&world.testify().await?).await?;
    Ok(!found.lost.is_empty())
}

/// Whether a message is repeated that Slack applies after the grace in which it
/// promises to: nobody can keep that promise in Slack's place.
async fn slack_applies_far_too_late(place: &Path) -> anyhow::Result<bool> {
    let folder = folder(place, "far-too-late")?;
    // The clock runs, or the sandbox would wait for the message before it moves it.
    let mut world = World::begin(folder, 1, 0, Door::Http, true).await?;
    let order = json!({
        "method": "chat.postMessage", "fault": "late", "times": 1,
        "delay_ms": u64::try_from(FAR_TOO_LATE.as_millis())?,
    });
    world.hand.act("misbehave", order).await?;
    world.slash("dana", "Restart the gateway @morgan").await?;
    let watch = Stopwatch::start();
    while watch.elapsed() < PATIENCE {
        let messages = world.messages().await?;
        let bears_the_card = |message: &&Value| {
            let key = message.pointer("/metadata/event_payload/key");
            key.and_then(Value::as_str)
                .is_some_and(|key| key.starts_with("card:"))
        };
        if messages.iter().filter(bears_the_card).count() > 1 {
            let found = audit(&world.testify().await?).await?;
            return Ok(!found.twice.is_empty());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("the late message never came");
}
