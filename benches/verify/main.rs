//! What it costs to verify a database to the ground.
//!
//! `cargo bench --bench verify` writes a log of 1,000,000 records of 10,000 changes,
//! with a signed checkpoint every hundred of them, and verifies it with `--deep`: at
//! most 10 seconds, and 100 MB more. Then the last record but one is altered, and has
//! to be named. `-- --short` makes 50,000 records. It exits with 1 if a promise isn't
//! kept, and touches nothing but its own folder under `target/tmp`.
#![allow(
    clippy::print_stdout,
    reason = "the figures are what the benchmark is for"
)]

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use breakglass::clock::Stopwatch;
use breakglass::domain::change::{Actor, Command, Place, Source, Submission};
use breakglass::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId, WorkspaceId};
use breakglass::domain::merkle::{Frontier, leaf_hash};
use breakglass::domain::policy::{Policy, PolicyVersion};
use breakglass::domain::text::{Salt, Text};
use breakglass::evidence::checkpoint::Checkpoint;
use breakglass::evidence::key;
use breakglass::evidence::note::SignerKey;
use breakglass::evidence::seal::Seal;
use breakglass::evidence::verify::{Ask, Fault, Verdict, database};
use breakglass::store::{Execution, Options, Outcome, Rules, Store, Target, look};
use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

const WORKSPACE: &str = "T0BREAK01";

/// How many records a change has, like one that was chased for a while.
const OF_A_CHANGE: u64 = 100;

/// After how many records there is a checkpoint.
const EVERY: u64 = 10_000;

/// What verifying may cost.
const WITHIN: Duration = Duration::from_secs(10);
const MEMORY_MIB: u64 = 100;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_794_816_000, 0).unwrap_or_default()
}

fn main() -> ExitCode {
    let short = std::env::args().any(|argument| argument == "--short");
    let measured = tokio::runtime::Runtime::new()
        .context("the system starts no runtime")
        .and_then(|runtime| runtime.block_on(measure(short)));
    match measured {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("verify: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(short: bool) -> anyhow::Result<bool> {
    let n_changes = if short { 500 } else { 10_000 };
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify");
    if place.exists() {
        std::fs::remove_dir_all(&place)?;
    }
    std::fs::create_dir_all(&place)?;
    let path = place.join("log.db");
    let watch = Stopwatch::start();
    begin(&path).await?;
    let n_records = multiply(&path, n_changes)?;
    println!(
        "{n_records} records of {n_changes} changes, {} MB, written in {:.1} s",
        std::fs::metadata(&path)?.len() >> 20,
        watch.elapsed().as_secs_f64()
    );
    let before = memory("VmRSS")?;
    std::fs::write("/proc/self/clear_refs", "5").context("the peak can't be forgotten")?;
    let (plain, shallow) = verify(&path, false)?;
    let (deep, took) = verify(&path, true)?;
    let more = memory("VmHWM")?.saturating_sub(before);
    Connection::open(&path)?.execute_batch(&format!(
        "DROP TRIGGER event_is_never_updated;
         UPDATE event SET leaf = CAST(leaf || ' ' AS BLOB) WHERE seq = {}",
        n_records - 2
    ))?;
    let (altered, _) = verify(&path, false)?;
    let is_named =
        matches!(&altered.fault, Some(Fault::Altered(whose)) if whose.seq == n_records - 2);
    std::fs::remove_dir_all(&place)?;
    println!(
        "records and {} checkpoints: {:.2} s; with all that is derived: {:.2} s; {more} MB more",
        deep.n_checkpoints,
        shallow.as_secs_f64(),
        took.as_secs_f64()
    );
    let kept = [
        (
            format!("{n_records} records verify to the ground within {WITHIN:?}"),
            took <= WITHIN && deep.holds() && plain.holds() && deep.n_records == n_records,
        ),
        (
            format!("that takes {more} MB (up to {MEMORY_MIB} MB)"),
            more <= MEMORY_MIB,
        ),
        (
            "one altered record among them is named (control)".to_owned(),
            is_named,
        ),
    ];
    for fault in [&plain, &deep]
        .into_iter()
        .filter_map(|one| one.fault.as_ref())
    {
        println!("{fault}");
    }
    println!();
    for (claim, holds) in &kept {
        println!("{}  {claim}", if *holds { "PASS" } else { "FAIL" });
    }
    Ok(kept.iter().all(|(_, holds)| *holds))
}

fn verify(path: &Path, is_deep: bool) -> anyhow::Result<(Verdict, Duration)> {
    let watch = Stopwatch::start();
    let ask = Ask {
        is_deep,
        ..Ask::default()
    };
    let verdict = look(path, None, |moment| Ok(database(moment, &ask)))?;
    Ok((verdict, watch.elapsed()))
}

/// A log with its key and one change, of which the bot had much to tell.
async fn begin(path: &Path) -> anyhow::Result<()> {
    let store = Store::open(&Options::at(path), WorkspaceId::new(WORKSPACE))?;
    Seal::of(&store, path, false, now()).await?;
    let who = UserId::new("U0DANA0001");
    let what = Text::new("Fix something", Salt([7; 32]));
    let request = Command::Request {
        what: what.clone(),
        verbatim: what.clone(),
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
    let told = (1..OF_A_CHANGE).map(|n| Command::RecordDelivery {
        key: format!("note:CHG-1001:{n}"),
        channel: ChannelId::new("C0INCAUTH1"),
        ts: MessageTs::new(format!("1794816000.{n:06}")),
        payload: [7; 32],
        showed: n,
    });
    let submissions = std::iter::once(request)
        .chain(told)
        .map(|command| Submission {
            actor: match &command {
                Command::RecordDelivery { .. } => Actor::Bot,
                _ => Actor::Person(who.clone()),
            },
            at: now(),
            source: Source::Slack,
            command,
        });
    let execution = Execution {
        target: Target::New,
        submissions: submissions.collect(),
        texts: vec![what],
        gesture: None,
        met: Vec::new(),
        asks_back: None,
        afterwards: None,
    };
    let policy = Policy::unwritten(PolicyVersion(1));
    let rules = Arc::new(Rules::new(policy, [], chrono_tz::Europe::Berlin));
    let (outcome, number) = store.execute(execution, rules, now()).await?;
    ensure!(outcome == Outcome::Done && number == Some(ChangeNumber::FIRST));
    store.close().await;
    Ok(())
}

/// Writes the change of a file again and again, under other numbers, as the store would
/// have done. Returns how many records there are.
fn multiply(path: &Path, n_changes: u64) -> anyhow::Result<u64> {
    let mut file = Connection::open(path)?;
    let leaves: Vec<(Option<u64>, Vec<u8>)> = file
        .prepare("SELECT version, leaf FROM event ORDER BY seq")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut frontier = Frontier::default();
    for (_, leaf) in &leaves {
        frontier.append(leaf_hash(leaf));
    }
    let of_change = leaves.iter().filter_map(|(version, leaf)| {
        let leaf = std::str::from_utf8(leaf).ok()?;
        let (head, rest) = leaf.split_once("\"seq\":")?;
        let (_, rest) = rest.split_once("\"change\":1001")?;
        Some(((*version)?, head.to_owned(), rest.to_owned()))
    });
    let of_change: Vec<(u64, String, String)> = of_change.collect();
    let workspace = WorkspaceId::new(WORKSPACE);
    let name = breakglass::evidence::checkpoint::origin(&workspace)?;
    let key = key::read(&key::path_of(path, &workspace), &name)?.context("there is no key")?;
    let first = ChangeNumber::FIRST.0;
    let all = file.transaction()?;
    for number in first + 1..first + n_changes {
        for (version, head, rest) in &of_change {
            let seq = frontier.size();
            let leaf = format!("{head}\"seq\":{seq},\"change\":{number}{rest}");
            let hash = leaf_hash(leaf.as_bytes());
            all.prepare_cached("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                .execute(params![
                    WORKSPACE,
                    seq,
                    number,
                    version,
                    leaf.as_bytes(),
                    hash
                ])?;
            frontier.append(hash);
            if frontier.size().is_multiple_of(EVERY) {
                sign(&all, &frontier, &key)?;
            }
        }
        all.prepare_cached(
            "INSERT INTO change SELECT workspace, ?1, version, stage, policy, requester, channel,
                    requested_at, deployed_at, due_at, closed_at, NULL FROM change
             WHERE number = ?2",
        )?
        .execute([number, first])?;
    }
    all.execute(
        "UPDATE head SET size = ?1, peaks = ?2",
        params![frontier.size(), frontier.peaks().concat()],
    )?;
    all.commit()?;
    Ok(frontier.size())
}

fn sign(file: &Connection, frontier: &Frontier, key: &SignerKey) -> anyhow::Result<()> {
    let checkpoint = Checkpoint {
        origin: key.verifier().name().to_string(),
        size: frontier.size(),
        root: frontier.root(),
    };
    let note = checkpoint.sign(key)?.to_string();
    file.prepare_cached(
        "INSERT INTO checkpoint (workspace, n, size, root, made_at, note)
         SELECT ?1, max(n) + 1, ?2, ?3, ?4, ?5 FROM checkpoint",
    )?
    .execute(params![
        WORKSPACE,
        frontier.size(),
        frontier.root(),
        now().timestamp_micros(),
        note
    ])?;
    Ok(())
}

/// A figure of the system's about our memory, in MB.
fn memory(name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    status
        .lines()
        .find_map(|line| {
            let figure = line.strip_prefix(name)?.strip_prefix(':')?;
            figure.trim().strip_suffix(" kB")?.parse::<u64>().ok()
        })
        .map(|kilobytes| kilobytes >> 10)
        .with_context(|| format!("the system doesn't say {name}"))
}
