//! When the workspace is settled, and moving the clock without losing a step.
//!
//! A bot that follows this clock keeps one long poll open ("I sleep until …, and I have seen version v").
//! The workspace is *settled* when nothing is under way to the app and every sleeper sleeps at the present version;
//! only then does the clock take its next step. No other file decides whether something is settled.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::clock::stopwatch;
use super::connections::ConnectionId;
use super::message::Author;
use super::state::{Shared, State};

/// A long poll is answered after this long even if nothing happened, so that dead connections are noticed.
const LONGEST_POLL: Duration = Duration::from_secs(20);
/// A sleeper that opens a connection for each poll may be away this long between two of them.
const PATIENCE: Duration = Duration::from_secs(5);

/// One that follows the clock.
#[derive(Debug)]
struct Sleeper {
    connection: ConnectionId,
    /// Counts this sleeper's polls, so that the end of an old one cannot be taken for the end of the present one.
    poll: u64,
    /// What it has seen, while a poll of it is open.
    asleep_at: Option<u64>,
    wake_at: Option<DateTime<Utc>>,
    /// Set while it is away and its connection's end would say nothing about it.
    away_since: Option<Instant>,
}

/// All that follow the clock.
#[derive(Debug, Default)]
pub(super) struct Sleepers {
    known: BTreeMap<String, Sleeper>,
    polls: u64,
}

impl Sleepers {
    /// The connection ended. A sleeper between two polls on it is gone; an open poll ends by itself.
    pub(super) fn connection_ended(&mut self, connection: ConnectionId) {
        self.known.retain(|_, sleeper| {
            sleeper.connection != connection
                || sleeper.asleep_at.is_some()
                || sleeper.away_since.is_some()
        });
    }

    /// Forgets a sleeper by name; false if it was not known.
    pub(super) fn dismiss(&mut self, id: &str) -> bool {
        self.known.remove(id).is_some()
    }

    fn next_wake(&self) -> Option<DateTime<Utc>> {
        self.known
            .values()
            .filter_map(|sleeper| sleeper.wake_at)
            .min()
    }

    fn to_json(&self) -> Vec<Value> {
        self.known
            .iter()
            .map(|(id, sleeper)| json!({"id": id, "wake_at": sleeper.wake_at, "asleep": sleeper.asleep_at.is_some()}))
            .collect()
    }
}

/// What keeps the workspace from being settled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) struct Unsettled(Vec<String>);

impl fmt::Display for Unsettled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not settled: {}", self.0.join("; "))
    }
}

/// Whether nothing is under way, and if something is, what.
fn settled(state: &State) -> Result<(), Unsettled> {
    let version = state.clock.version();
    let calls = state
        .calls
        .open
        .values()
        .map(|method| format!("{method} is under way"));
    let deliveries = state.deliveries.outstanding(state.clock.now());
    let sleepers = state.sleepers.known.iter().filter_map(|(id, sleeper)| {
        let dead = |since: Instant| stopwatch().saturating_duration_since(since) > PATIENCE;
        match (sleeper.asleep_at, sleeper.away_since) {
            (Some(seen), _) if seen == version => None,
            (Some(seen), _) => Some(format!("sleeper {id} has seen version {seen} of {version}")),
            (None, Some(since)) if dead(since) => None,
            (None, _) => Some(format!("sleeper {id} is awake")),
        }
    });
    let reasons: Vec<_> = calls.chain(deliveries).chain(sleepers).collect();
    if reasons.is_empty() {
        Ok(())
    } else {
        Err(Unsettled(reasons))
    }
}

/// The next instant at which something will happen by itself.
pub(super) fn next_wake(state: &State) -> Option<DateTime<Utc>> {
    [state.sleepers.next_wake(), state.deliveries.next_retry()]
        .into_iter()
        .flatten()
        .min()
}

/// `GET /sandbox/clock`.
pub(super) fn describe(state: &State) -> Value {
    let settled = settled(state);
    json!({
        "now": state.clock.now(),
        "frozen": state.clock.is_frozen(),
        "version": state.clock.version(),
        "sleepers": state.sleepers.to_json(),
        "settled": settled.is_ok(),
        "unsettled": settled.err().map(|unsettled| unsettled.0),
        "next": next_wake(state),
    })
}

/// The body of `POST /sandbox/clock/await`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Await {
    sleeper: String,
    seen: u64,
    #[serde(default)]
    wake_at: Option<DateTime<Utc>>,
}

/// Removes the sleeper if its poll ends without an answer, which means that its connection is gone.
struct Poll {
    shared: Arc<Shared>,
    sleeper: String,
    number: u64,
    answered: bool,
}

impl Drop for Poll {
    fn drop(&mut self) {
        if self.answered {
            return;
        }
        self.shared.with(|state| {
            let known = &mut state.sleepers.known;
            if known
                .get(&self.sleeper)
                .is_some_and(|sleeper| sleeper.poll == self.number)
            {
                known.remove(&self.sleeper);
            }
        });
    }
}

/// The long poll: answers once the version differs from what was seen, or `wake_at` has come.
///
/// `keeps_connection` says that the client will come back on the same connection, so that its end means its death.
pub(super) async fn await_change(
    shared: Arc<Shared>,
    connection: ConnectionId,
    keeps_connection: bool,
    request: Await,
) -> Value {
    let mut pulse = shared.pulse();
    let poll = shared.with(|state| {
        state.sleepers.polls += 1;
        let poll = state.sleepers.polls;
        let sleeper = Sleeper {
            connection,
            poll,
            asleep_at: Some(request.seen),
            wake_at: request.wake_at,
            away_since: None,
        };
        state
            .sleepers
            .known
            .insert(request.sleeper.clone(), sleeper);
        poll
    });
    let mut guard = Poll {
        shared: Arc::clone(&shared),
        sleeper: request.sleeper.clone(),
        number: poll,
        answered: false,
    };
    let longest = tokio::time::sleep(LONGEST_POLL);
    tokio::pin!(longest);
    let mut patient = true;
    loop {
        pulse.borrow_and_update();
        let (due, by_itself) = shared.peek(|state| {
            let now = state.clock.now();
            let superseded = state
                .sleepers
                .known
                .get(&request.sleeper)
                .is_none_or(|sleeper| sleeper.poll != poll);
            let woken = request.wake_at.is_some_and(|wake_at| wake_at <= now);
            let due = superseded || woken || state.clock.version() != request.seen;
            (
                due,
                request
                    .wake_at
                    .and_then(|wake_at| state.clock.real_time_until(wake_at)),
            )
        });
        if due || !patient {
            break;
        }
        let wake = async {
            match by_itself {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = pulse.changed() => {}
            () = wake => {}
            () = &mut longest => patient = false,
        }
    }
    guard.answered = true;
    shared.with(|state| {
        if let Some(sleeper) = state.sleepers.known.get_mut(&request.sleeper)
            && sleeper.poll == poll
        {
            sleeper.asleep_at = None;
            sleeper.wake_at = None;
            sleeper.away_since = (!keeps_connection).then(stopwatch);
        }
        json!({"now": state.clock.now(), "version": state.clock.version(), "frozen": state.clock.is_frozen()})
    })
}

/// Who must be there before anything counts as settled.
#[derive(Debug, Clone, Copy, Default)]
struct Present {
    sleepers: usize,
    sockets: usize,
}

/// Waits until the workspace is settled and whoever must be there is there.
async fn until_settled(
    shared: &Shared,
    present: Present,
    deadline: tokio::time::Instant,
) -> Result<(), Unsettled> {
    let mut pulse = shared.pulse();
    loop {
        pulse.borrow_and_update();
        let verdict = shared.peek(|state| {
            settled(state)?;
            let (sleepers, sockets) = (state.sleepers.known.len(), state.sockets.n_willing());
            if sleepers < present.sleepers {
                let awaited = present.sleepers;
                return Err(Unsettled(vec![format!(
                    "{sleepers} of {awaited} sleepers have come"
                )]));
            }
            if sockets < present.sockets {
                let awaited = present.sockets;
                return Err(Unsettled(vec![format!(
                    "{sockets} of {awaited} sockets are open"
                )]));
            }
            Ok(())
        });
        let Err(unsettled) = verdict else {
            return Ok(());
        };
        // A sleeper that is away dies without a beat, so look again once its patience is over.
        let again = tokio::time::sleep(PATIENCE);
        tokio::select! {
            _ = pulse.changed() => {}
            () = again => {}
            () = tokio::time::sleep_until(deadline) => return Err(unsettled),
        }
    }
}

/// Ten times the longest step that a test should need, on a machine that is busy
/// with others; half of what the hand waits.
fn default_timeout_ms() -> u64 {
    60_000
}

/// The body of `POST /sandbox/clock/settle`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settle {
    /// Wake-ups that lie this near are waited for too, as when the bot obeys a `Retry-After`.
    #[serde(default)]
    within_s: i64,
    /// How many must be following the clock before anything counts as settled.
    #[serde(default)]
    n_sleepers: usize,
    /// How many sockets must take payloads, as after they were refreshed or the app was started again.
    #[serde(default)]
    n_sockets: usize,
    #[serde(default = "default_timeout_ms")]
    timeout_ms: u64,
}

/// Waits until settled, stepping through the wake-ups that lie within reach.
pub(super) async fn settle(shared: &Arc<Shared>, request: Settle) -> Result<Value, Unsettled> {
    let _moving = shared.moving.lock().await;
    let deadline = deadline(request.timeout_ms);
    let present = Present {
        sleepers: request.n_sleepers,
        sockets: request.n_sockets,
    };
    let reach =
        shared.peek(|state| state.clock.now()) + TimeDelta::seconds(request.within_s.max(0));
    step_through(shared, reach, present, deadline).await?;
    Ok(shared.peek(|state| json!({"now": state.clock.now()})))
}

/// The body of `POST /sandbox/clock/move`: exactly one of the five ways.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    /// To an instant, stepping through every wake-up on the way.
    #[serde(default)]
    to: Option<DateTime<Utc>>,
    /// By so many seconds, likewise.
    #[serde(default)]
    by_s: Option<i64>,
    /// To the next wake-up only.
    #[serde(default)]
    next: bool,
    /// To the first wake-up at which the app posts something, a month ahead at most.
    #[serde(default)]
    until_posted: bool,
    /// To an instant, backwards too, without stepping.
    #[serde(default)]
    jump_to: Option<DateTime<Utc>>,
    #[serde(default = "default_timeout_ms")]
    timeout_ms: u64,
}

/// Why the clock did not move as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum MoveFault {
    /// It took too long; the clock stands at the last step that settled.
    #[error(transparent)]
    Unsettled(#[from] Unsettled),
    /// Not exactly one way of moving was named.
    #[error("say exactly one of `to`, `by_s`, `next`, `until_posted` or `jump_to`")]
    Ambiguous,
    /// Backwards without `jump_to`.
    #[error("that lies in the past; `jump_to` goes there without stepping")]
    Past,
    /// Nobody waits for anything.
    #[error("nobody has asked to be woken, so there is no next wake-up")]
    NothingNext,
    /// The app sleeps on.
    #[error("the app has nothing to say for a month")]
    NothingSaid,
}

/// How far the clock is moved in search of something that the app posts.
const SEARCHED: TimeDelta = TimeDelta::days(31);
/// What the app posts within this time it was about to post anyway.
const SOON: TimeDelta = TimeDelta::seconds(20);

/// Moves the clock, and ends settled.
pub(super) async fn move_clock(shared: &Arc<Shared>, request: Move) -> Result<Value, MoveFault> {
    let _moving = shared.moving.lock().await;
    let deadline = deadline(request.timeout_ms);
    let now = shared.peek(|state| state.clock.now());
    if request.until_posted {
        let alone = request.to.is_none() && request.by_s.is_none() && request.jump_to.is_none();
        if request.next || !alone {
            return Err(MoveFault::Ambiguous);
        }
        return until_posted(shared, now + SEARCHED, deadline).await;
    }
    let target = match (request.to, request.by_s, request.next, request.jump_to) {
        (Some(to), None, false, None) => to,
        (None, Some(by_s), false, None) => now + TimeDelta::seconds(by_s),
        (None, None, true, None) => {
            until_settled(shared, Present::default(), deadline).await?;
            shared.peek(next_wake).ok_or(MoveFault::NothingNext)?
        }
        (None, None, false, Some(jump)) => {
            until_settled(shared, Present::default(), deadline).await?;
            shared.with(|state| {
                state.clock.set(jump);
                state.limits.forget();
            });
            until_settled(shared, Present::default(), deadline).await?;
            return Ok(shared.peek(describe));
        }
        _ => return Err(MoveFault::Ambiguous),
    };
    // A running clock may have passed the target by the time it is looked at; only a frozen one can refuse exactly.
    if target < now && !request.next {
        return Err(MoveFault::Past);
    }
    step_through(shared, target, Present::default(), deadline).await?;
    let arrived = shared.with(|state| {
        let ahead = state.clock.now() < target;
        if ahead {
            state.clock.set(target);
        }
        ahead
    });
    if arrived {
        until_settled(shared, Present::default(), deadline).await?;
    }
    Ok(shared.peek(describe))
}

/// Steps from wake-up to wake-up until the app has posted a message.
async fn until_posted(
    shared: &Arc<Shared>,
    horizon: DateTime<Utc>,
    deadline: tokio::time::Instant,
) -> Result<Value, MoveFault> {
    // What is on its way already was caused by what was done before.
    let soon = shared.peek(|state| state.clock.now()) + SOON;
    step_through(shared, soon, Present::default(), deadline).await?;
    let n_before = shared.peek(n_posted);
    while shared.peek(n_posted) == n_before {
        let wake = shared.peek(next_wake).ok_or(MoveFault::NothingNext)?;
        if wake > horizon {
            return Err(MoveFault::NothingSaid);
        }
        step_through(shared, wake, Present::default(), deadline).await?;
    }
    Ok(shared.peek(describe))
}

/// How many messages of the app stand in all conversations.
fn n_posted(state: &State) -> usize {
    let channels = state.workspace.channels.values();
    channels
        .flat_map(|channel| channel.messages.values())
        .filter(|message| message.author == Author::App)
        .count()
}

fn deadline(timeout_ms: u64) -> tokio::time::Instant {
    tokio::time::Instant::from_std(stopwatch()) + Duration::from_millis(timeout_ms)
}

/// Settles, moves to the next wake-up if it lies within reach, and so on until none does.
async fn step_through(
    shared: &Arc<Shared>,
    reach: DateTime<Utc>,
    present: Present,
    deadline: tokio::time::Instant,
) -> Result<(), Unsettled> {
    loop {
        until_settled(shared, present, deadline).await?;
        let moved = shared.with(|state| match next_wake(state) {
            Some(wake) if wake <= reach => {
                let wake = wake.max(state.clock.now());
                state.clock.set(wake);
                true
            }
            _ => false,
        });
        if !moved {
            return Ok(());
        }
        if stopwatch() > deadline.into_std() {
            return Err(Unsettled(vec!["the clock is still stepping".to_owned()]));
        }
    }
}
