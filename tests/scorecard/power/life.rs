//! A life of the store between two losses: gestures are kept, commands carried
//! out, messages claimed and settled, and of each promise a note is taken.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use breakglass::domain::authorization::{Member, Standing};
use breakglass::domain::change::{Actor, Command, Given, Place, Source, Submission};
use breakglass::domain::id::{ChangeNumber, ChannelId, UserId, WorkspaceId};
use breakglass::domain::policy::{Party, Policy, PolicyVersion};
use breakglass::domain::text::{Salt, Text};
use breakglass::gesture::{Ask, Gesture, Heard, Mention};
use breakglass::store::{Arrival, Execution, Options, Outcome, Rules, Store, StoreError, Target};
use chrono::{DateTime, TimeDelta, Utc};

/// What became of a gesture, as the store said.
pub(crate) type Became = (Outcome, Option<ChangeNumber>);

/// How many people are at work at once.
const AT_ONCE: usize = 4;

/// What the store has promised to keep.
#[derive(Debug, Default, Clone)]
pub(crate) struct Promises {
    /// Gestures that it said it keeps, by key.
    pub(crate) kept: BTreeMap<String, Heard>,
    /// What it said became of them.
    pub(crate) became: BTreeMap<String, Became>,
}

/// What was looked for after a loss.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Promises that weren't kept.
    pub(crate) lost: Vec<String>,
    /// What is wrong with the file.
    pub(crate) corrupt: Vec<String>,
}

impl Found {
    pub(crate) fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.corrupt.is_empty()
    }
}

pub(crate) fn open(path: &Path) -> Result<Store, breakglass::store::OpenError> {
    let mut options = Options::at(path);
    // Small groups, so that there are many commits to lose.
    options.largest_group = 4;
    Store::open(&options, WorkspaceId::new("T0BREAK01"))
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_450_840, 0).unwrap_or_default()
}

pub(crate) fn rules() -> Arc<Rules> {
    let mut policy = Policy::unwritten(PolicyVersion(1));
    policy.approvers = vec![Party::Person(UserId::new("U0MORGAN01"))];
    Arc::new(Rules::new(policy, [], chrono_tz::Europe::Berlin))
}

fn gesture(key: &str, actor: &str, ask: Ask) -> Gesture {
    Gesture {
        key: key.to_owned(),
        actor: UserId::new(actor),
        at: now(),
        source: Source::Slack,
        channel: Some(ChannelId::new("C0INCAUTH1")),
        thread: None,
        response_url: None,
        ask,
    }
}

/// Works until something fails, or until `n_acts` were done: several people at
/// once, each of whom declares, authorizes and deploys.
pub(crate) async fn work(
    store: &Store,
    promises: &Mutex<Promises>,
    counter: &AtomicU64,
    n_acts: usize,
) {
    let one = |_| async {
        for _ in 0..n_acts.div_ceil(AT_ONCE) {
            if let Err(_stopped) = one_emergency(store, promises, counter).await {
                return;
            }
        }
    };
    futures_util::future::join_all((0..AT_ONCE).map(one)).await;
}

/// As `work`, one after the other, so that each run does the same.
pub(crate) async fn work_in_turn(
    store: &Store,
    promises: &Mutex<Promises>,
    counter: &AtomicU64,
    n_emergencies: usize,
) {
    for _ in 0..n_emergencies {
        // Whoever isn't answered tries again, as Slack does.
        for _ in 0..2 {
            if one_emergency(store, promises, counter).await.is_ok() {
                break;
            }
        }
    }
}

async fn one_emergency(
    store: &Store,
    promises: &Mutex<Promises>,
    counter: &AtomicU64,
) -> Result<(), StoreError> {
    let n = counter.fetch_add(1, Ordering::Relaxed);
    let text = |which: u8, words: String| {
        let mut salt = [which; 32];
        salt[..8].copy_from_slice(&n.to_le_bytes());
        Text::new(words, Salt(salt))
    };
    let what = text(1, format!("Restart gateway {n}"));
    let verbatim = text(2, format!("Restart gateway {n} @morgan"));
    let morgan = UserId::new("U0MORGAN01");
    let ask = Ask::Request {
        what: what.commitment(),
        verbatim: verbatim.commitment(),
        asked: vec![Mention::User(morgan.clone())],
        criterion: None,
        said: None,
        deployed: None,
        drill: false,
    };
    let texts = vec![what.clone(), verbatim.clone()];
    let request = Command::Request {
        what,
        verbatim,
        asked: vec![Party::Person(morgan.clone())],
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
    let asked = gesture(&format!("request-{n}"), "U0DANA0001", ask);
    let (_, number) = act(store, promises, asked, texts, Target::New, request).await?;
    let Some(change) = number else {
        return Ok(());
    };
    let by = Member {
        id: morgan,
        standing: Standing::Full,
        groups: std::collections::BTreeSet::new(),
    };
    let given = gesture(
        &format!("authorize-{n}"),
        "U0MORGAN01",
        Ask::Authorize { change },
    );
    let authorize = Command::Authorize {
        by,
        given: Given::Button,
    };
    act(
        store,
        promises,
        given,
        Vec::new(),
        Target::Change(change),
        authorize,
    )
    .await?;
    // The clock writes too: a day on, everything is late.
    store
        .sweep(
            std::collections::BTreeSet::new(),
            rules(),
            now() + TimeDelta::hours(1),
        )
        .await?;
    Ok(())
}

/// One gesture, kept and carried out; whatever the store says is a promise.
async fn act(
    store: &Store,
    promises: &Mutex<Promises>,
    gesture: Gesture,
    texts: Vec<Text>,
    target: Target,
    command: Command,
) -> Result<Became, StoreError> {
    let key = gesture.key.clone();
    let heard = Heard {
        gesture: gesture.clone(),
        texts,
    };
    store.keep(heard.clone(), now()).await?;
    lock(promises).kept.insert(key.clone(), heard);
    let submission = Submission {
        actor: Actor::Person(gesture.actor.clone()),
        at: gesture.at,
        source: gesture.source,
        command,
    };
    let execution = Execution {
        target,
        submissions: vec![submission],
        texts: Vec::new(),
        gesture: Some(gesture),
        met: Vec::new(),
        asks_back: None,
        afterwards: None,
    };
    let became = store.execute(execution, rules(), now()).await?;
    lock(promises).became.insert(key, became.clone());
    Ok(became)
}

pub(crate) fn lock(promises: &Mutex<Promises>) -> std::sync::MutexGuard<'_, Promises> {
    promises.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens the file that is left, and holds the store to what it promised.
pub(crate) async fn look(path: &Path, promises: &Promises) -> Found {
    let mut found = Found::default();
    match breakglass::store::inspect(path) {
        Ok(Some(inspection)) => {
            found.corrupt.extend(inspection.fault);
            for register in inspection.registers {
                found.corrupt.extend(register.records.err());
            }
        }
        // A file that nothing was promised of may be gone.
        Ok(None) if promises.kept.is_empty() => return found,
        Ok(None) => found.corrupt.push("the file is gone".to_owned()),
        Err(error) => found.corrupt.push(error.to_string()),
    }
    let store = match open(path) {
        Ok(store) => store,
        Err(error) => {
            found.corrupt.push(error.to_string());
            return found;
        }
    };
    if let Err(error) = hold(&store, promises, &mut found).await {
        found.corrupt.push(error.to_string());
    }
    store.close().await;
    found
}

async fn hold(store: &Store, promises: &Promises, found: &mut Found) -> Result<(), StoreError> {
    for (key, became) in &promises.became {
        match store.became(key.clone()).await? {
            Some(is) if is == *became => {}
            other => found
                .lost
                .push(format!("{key}: said {became:?}, and has {other:?}")),
        }
    }
    for (key, heard) in &promises.kept {
        if !promises.became.contains_key(key)
            && store.became(key.clone()).await?.is_none()
            && store.keep(heard.clone(), now()).await? == Arrival::New
        {
            found.lost.push(format!("{key}: was kept, and isn't there"));
        }
    }
    Ok(())
}
