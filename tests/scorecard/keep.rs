//! Backups while the bot is at work: what was acknowledged before one began is in it, and
//! it restores to a database that verifies. The control copies the file as anybody would.

use std::path::Path;
use std::process::Command as Program;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use breakglass::backup;
use breakglass::clock::Stopwatch;
use breakglass::domain::change::{Actor, Command, Place, Source, Submission};
use breakglass::domain::id::{ChannelId, UserId, WorkspaceId};
use breakglass::domain::policy::{Policy, PolicyVersion};
use breakglass::domain::text::{Salt, Text};
use breakglass::store::{Execution, Options, Rules, Store, Target};
use chrono::{DateTime, TimeDelta, Utc};

use super::Score;

/// How many commands a second there have to be meanwhile.
const A_SECOND: f64 = 500.0;

/// How many are asked for, every so often: a little more than that.
const A_TICK: (u64, Duration) = (11, Duration::from_millis(20));

/// How many are there before the first backup: enough that one takes its time.
const BEFORE: u64 = 2_000;

const WORKSPACE: &str = "T0BREAK01";

pub(super) async fn backups(place: &Path, runs: usize, seed: u64) -> anyhow::Result<Score> {
    let place = place.join("keep");
    std::fs::create_dir_all(&place)?;
    let database = place.join("breakglass.db");
    let store = Store::open(&Options::at(&database), WorkspaceId::new(WORKSPACE))?;
    let load = Load::on(store.clone());
    for _ in 0..BEFORE {
        load.command().await?;
    }
    let (mut failures, mut control_failures) = (Vec::new(), 0);
    let stop = Arc::new(AtomicBool::new(false));
    let commands = tokio::spawn(paced(load.clone(), Arc::clone(&stop)));
    let watch = Stopwatch::start();
    let began_with = load.n_acknowledged();
    for run in 0..runs {
        let (out, back) = (
            place.join(format!("{run}.backup")),
            place.join(format!("{run}.db")),
        );
        let acknowledged = load.n_acknowledged();
        // A program of its own, as an operator would start it.
        let mut program = Program::new(env!("CARGO_BIN_EXE_breakglass"));
        program
            .env_clear()
            .args(["backup", "--database"])
            .arg(&database)
            .arg(&out);
        let said = tokio::task::spawn_blocking(move || program.output()).await??;
        if said.status.success() {
            match restored(&out, &back) {
                Ok(n) if n >= acknowledged => {}
                Ok(n) => failures.push(format!("run {run}: {n} of {acknowledged} acknowledged")),
                Err(error) => failures.push(format!("run {run}: {error:#}")),
            }
        } else {
            let said = String::from_utf8_lossy(&said.stderr).into_owned();
            failures.push(format!("run {run}: {said}"));
        }
        let acknowledged = load.n_acknowledged();
        let (copied, back) = (place.join("copied"), place.join("copied.db"));
        std::fs::copy(&database, &copied)?;
        if restored(&copied, &back).is_ok_and(|n| n >= acknowledged) {
            continue;
        }
        control_failures += 1;
    }
    let n_meanwhile = u32::try_from(load.n_acknowledged() - began_with)?;
    let a_second = f64::from(n_meanwhile) / watch.elapsed().as_secs_f64();
    // Unoptimised, it isn't what is asked about.
    if a_second < A_SECOND && !cfg!(debug_assertions) {
        failures.push(format!("only {a_second:.0} commands a second meanwhile"));
    }
    stop.store(true, Ordering::Relaxed);
    commands.await??;
    store.close().await;
    Ok(Score {
        harness: "backups",
        runs,
        of: "backups beside a bot at work",
        seed,
        about: format!(
            "{a_second:.0} commands a second, {} in the last",
            load.n_acknowledged()
        ),
        failures,
        control: "the file copied byte by byte",
        control_failures,
    })
}

/// Restores, and returns how many commands are in it.
fn restored(from: &Path, to: &Path) -> anyhow::Result<u64> {
    let _ = std::fs::remove_file(to);
    let made = backup::restore(from, to, DateTime::UNIX_EPOCH);
    let n = made.map(|made| made.logs.iter().map(|log| log.n_records).sum());
    let _ = std::fs::remove_file(to);
    Ok(n?)
}

/// Keeps the pace until told to stop.
async fn paced(load: Load, stop: Arc<AtomicBool>) -> anyhow::Result<()> {
    let (n, pause) = A_TICK;
    let mut tick = tokio::time::interval(pause);
    while !stop.load(Ordering::Relaxed) {
        tick.tick().await;
        let together = (0..n).map(|_| load.command());
        futures_util::future::try_join_all(together).await?;
    }
    Ok(())
}

/// Requests, each a record of the log.
#[derive(Clone)]
struct Load {
    store: Store,
    rules: Arc<Rules>,
    begun: Arc<AtomicU64>,
    acknowledged: Arc<AtomicU64>,
}

impl Load {
    fn on(store: Store) -> Self {
        let policy = Policy::unwritten(PolicyVersion(1));
        Self {
            store,
            rules: Arc::new(Rules::new(policy, [], chrono_tz::UTC)),
            begun: Arc::default(),
            acknowledged: Arc::default(),
        }
    }

    fn n_acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    async fn command(&self) -> anyhow::Result<()> {
        let n = self.begun.fetch_add(1, Ordering::Relaxed);
        let began = DateTime::<Utc>::from_timestamp(1_773_450_840, 0).context("no such time")?;
        let at = began + TimeDelta::seconds(i64::try_from(n)?);
        let salt = |kind: u8| {
            let mut salt = [kind; 32];
            for (to, from) in salt.iter_mut().zip(n.to_be_bytes()) {
                *to = from;
            }
            Salt(salt)
        };
        let what = Text::new(format!("Deploy WAF rule {n}"), salt(1));
        let verbatim = Text::new(format!("Deploy WAF rule {n}, now"), salt(2));
        let command = Command::Request {
            what: what.clone(),
            verbatim: verbatim.clone(),
            asked: Vec::new(),
            place: Place {
                channel: ChannelId::new("C0INCAUTH1"),
                thread: None,
            },
            criterion: None,
            said: None,
            captured: None,
            drill: false,
            known: Vec::new(),
        };
        let submission = Submission {
            actor: Actor::Person(UserId::new("U0DANA0001")),
            at,
            source: Source::Slack,
            command,
        };
        let execution = Execution {
            target: Target::New,
            submissions: vec![submission],
            texts: vec![what, verbatim],
            gesture: None,
            met: Vec::new(),
            asks_back: None,
            afterwards: None,
        };
        let (_, number) = self
            .store
            .execute(execution, Arc::clone(&self.rules), at)
            .await?;
        if number.is_none() {
            bail!("request {n} became no change");
        }
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
