//! Kills the bot, again and again, and counts what that cost: nothing.
//!
//! `cargo test --release --test kill -- --kills 200 --seed 1` lets the story be
//! told in a `breakglass sandbox` that misbehaves, with `breakglass serve` beside
//! it in a process of its own, which is killed with -9 at random moments and
//! started again. At the end each acknowledged gesture must be on record, each
//! reminder that is owed must stand in Slack, and nothing twice. Two further runs
//! and one forged piece of evidence must fail, or the count could not be trusted.
//! Plain `cargo test` kills a few times, `-- --short` twenty times.
//!
//! Not a harness test: it names itself to `cargo test` and obeys its filters.
#![allow(clippy::print_stdout, reason = "the count is what the proof is for")]

mod audit;
mod dice;
mod fact;
mod port;
mod processes;
mod story;
mod world;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use breakglass::clock::Stopwatch;
use serde_json::{Value, json};

use audit::{Tally, audit, without_a_reminder};
use dice::Dice;
use processes::{Door, folder};
use story::Told;
use world::{Evidence, World};

/// What this target proves, by the name under which a filter finds it.
const NAME: &str = "killing_the_bot_loses_nothing_and_repeats_nothing";

/// How many kills one world takes: then a fresh one begins, so that the last
/// kill still meets a young database.
const KILLS_A_WORLD: usize = 20;

/// How many emergencies run at once.
const PLANS: usize = 5;

/// How far beyond its grace Slack applies a message in the run that must fail.
const FAR_TOO_LATE: Duration = Duration::from_secs(3);

/// How long that run may take to fail.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was asked for on the command line.
struct Wanted {
    kills: usize,
    seed: u64,
    keep: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        println!("{NAME}: test");
        return ExitCode::SUCCESS;
    }
    let wanted = match wanted(&arguments) {
        Ok(Some(wanted)) => wanted,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kill: {error:#}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let proved = runtime
        .context("the system starts no runtime")
        .and_then(|runtime| runtime.block_on(prove(&wanted)));
    match proved {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("kill, seed {}: {error:#}", wanted.seed);
            ExitCode::FAILURE
        }
    }
}

/// Reads the command line; nothing if a filter of `cargo test` means other tests.
fn wanted(arguments: &[String]) -> anyhow::Result<Option<Wanted>> {
    let mut wanted = Wanted {
        kills: 3,
        seed: 1,
        keep: false,
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut figure = || -> anyhow::Result<u64> {
            let figure = arguments.next();
            let figure = figure.with_context(|| format!("{argument} wants a number"))?;
            figure
                .parse()
                .with_context(|| format!("{figure} is no number"))
        };
        match argument.as_str() {
            "--kills" => wanted.kills = usize::try_from(figure()?)?,
            "--seed" => wanted.seed = figure()?,
            "--short" => wanted.kills = KILLS_A_WORLD,
            "--keep" => wanted.keep = true,
            // What the harness of other targets understands is nothing to us.
            flag if flag.starts_with('-') => {}
            filter if NAME.contains(filter) => {}
            _other => return Ok(None),
        }
    }
    Ok(Some(wanted))
}

/// Runs worlds until enough was killed, then what must fail; prints the count.
async fn prove(wanted: &Wanted) -> anyhow::Result<bool> {
    let watch = Stopwatch::start();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kill-{}", std::process::id()));
    let mut dice = Dice::new(wanted.seed);
    let mut tally = Tally::default();
    let mut told = Told::default();
    let mut n_kills = 0;
    let mut n_worlds = 0;
    let mut last = None;
    while n_kills < wanted.kills {
        let kills = (wanted.kills - n_kills).min(KILLS_A_WORLD);
        let seed = dice.number() >> 1;
        let door = if n_worlds % 2 == 0 {
            Door::Http
        } else {
            Door::Socket
        };
        let folder = folder(&place, &format!("world-{n_worlds}"))?;
        let mut world = World::begin(folder, seed, kills, door, false).await?;
        let plans = if wanted.kills < KILLS_A_WORLD {
            2
        } else {
            PLANS
        };
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
    println!(
        "{n_kills} kills in {n_worlds} worlds, seed {}, {:.1} s: {} acts ({} had become moot), {} events, {} messages",
        wanted.seed,
        watch.elapsed().as_secs_f64(),
        told.n_acts,
        told.n_moot,
        tally.n_events,
        tally.n_messages
    );
    println!(
        "acknowledged {} ({} refused by a rule), lost {}; reminders {} ({} moot before they could be sent), missed {}, duplicates {}; otherwise broken {}",
        tally.n_acknowledged,
        tally.n_refused,
        tally.lost.len(),
        tally.n_reminders,
        tally.n_moot,
        tally.missed.len(),
        tally.twice.len(),
        tally.broken.len()
    );
    let evidence = last.context("nothing was killed")?;
    let controls = [
        (
            "a reminder taken away is missed",
            a_reminder_is_taken(&evidence).await?,
        ),
        (
            "a database put back loses what was acknowledged",
            the_database_is_put_back(&place).await?,
        ),
        (
            "a message applied after its grace stands twice",
            slack_applies_far_too_late(&place).await?,
        ),
    ];
    for (control, failed) in &controls {
        let verdict = if *failed {
            "failed, as it must"
        } else {
            "DID NOT FAIL"
        };
        println!("control: {control}: {verdict}");
    }
    let clean = tally.is_clean() && controls.iter().all(|(_, failed)| *failed);
    println!("{}", if clean { "PASS" } else { "FAIL" });
    if clean && !wanted.keep {
        std::fs::remove_dir_all(&place)?;
    } else {
        println!("what they wrote is in {}", place.display());
    }
    Ok(clean)
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
