//! Looks at the sources that are asked: every five minutes, or when they say.
//!
//! When to look next is kept in memory, and how far was looked in the database, in
//! the transaction that keeps what was seen: whatever ends a look, the next one goes
//! on from there.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::domain::deployment::SourceName;
use crate::engine::{Engine, draw_salt};
use crate::intake::poll::{Cursor, Look, PollError, Watch};
use crate::store::{Intake, StoreError};

/// How often to look. Less often, and a deployment in an incident is learned of
/// when its people sleep again; more often, and the limits of the sources are felt.
pub const EVERY: TimeDelta = TimeDelta::minutes(5);

/// How far the first look goes back: as far as the rolling rate does.
pub const FIRST_LOOK: TimeDelta = TimeDelta::weeks(4);

/// Nobody's limit lasts longer.
const LONGEST_LIMIT: TimeDelta = TimeDelta::hours(24);

/// The looks at all sources.
pub(super) struct Looks {
    tasks: JoinSet<(usize, Result<Looked, StoreError>)>,
    sources: Vec<Source>,
}

/// A source, and when to look at it.
struct Source {
    watch: Arc<Watch>,
    next_at: DateTime<Utc>,
    /// Whether it asked to wait until then.
    is_limited: bool,
    /// With which of its paths to begin.
    first: usize,
    is_under_way: bool,
    /// What was wrong with a path when it was last looked at, so that it is said
    /// once and not every five minutes.
    faults: BTreeMap<String, String>,
}

/// What came of looking at a source.
struct Looked {
    /// Until when it asks to wait, and with which path to go on then.
    limited: Option<(DateTime<Utc>, usize)>,
    /// What was wrong, by path.
    faults: BTreeMap<String, String>,
}

impl Looks {
    pub(super) fn at(watches: &[Arc<Watch>]) -> Self {
        let source = |watch: &Arc<Watch>| Source {
            watch: Arc::clone(watch),
            next_at: DateTime::<Utc>::MIN_UTC,
            is_limited: false,
            first: 0,
            is_under_way: false,
            faults: BTreeMap::new(),
        };
        Self {
            tasks: JoinSet::new(),
            sources: watches.iter().map(source).collect(),
        }
    }

    /// Whether nobody is being looked at.
    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Begins what is due. One source is asked for one thing at a time, as its
    /// limits want it.
    pub(super) fn begin(&mut self, engine: &Engine, clock: &Clock, now: DateTime<Utc>) {
        for (place, source) in self.sources.iter_mut().enumerate() {
            // A clock that is set back must not keep us from looking.
            let longest = if source.is_limited {
                LONGEST_LIMIT
            } else {
                EVERY
            };
            source.next_at = source.next_at.min(now + longest);
            if source.is_under_way || source.next_at > now {
                continue;
            }
            source.is_under_way = true;
            source.next_at = now + EVERY;
            let (engine, clock) = (engine.clone(), clock.clone());
            let (watch, first) = (Arc::clone(&source.watch), source.first);
            self.tasks
                .spawn(async move { (place, look_through(&engine, &clock, &watch, first).await) });
        }
    }

    /// Returns when to look next.
    pub(super) fn next_at(&self) -> Option<DateTime<Utc>> {
        let waiting = self.sources.iter().filter(|source| !source.is_under_way);
        waiting.map(|source| source.next_at).min()
    }

    /// Waits until a look has ended, and takes in how.
    pub(super) async fn land(&mut self) -> Result<(), StoreError> {
        match self.tasks.join_next().await {
            Some(Ok((place, looked))) => {
                if let Some(source) = self.sources.get_mut(place) {
                    source.is_under_way = false;
                    match looked {
                        Ok(looked) => source.take(looked),
                        Err(error @ (StoreError::Unknown | StoreError::Stopped)) => {
                            return Err(error);
                        }
                        Err(error) => {
                            tracing::error!(error = %error, "what a source told couldn't be kept");
                        }
                    }
                }
            }
            // It isn't looked at again: what panics once would panic again.
            Some(Err(panic)) => tracing::error!(error = %panic, "a look at a source panicked"),
            None => {}
        }
        Ok(())
    }
}

impl Source {
    fn take(&mut self, looked: Looked) {
        self.is_limited = looked.limited.is_some();
        if let Some((until, first)) = looked.limited {
            self.next_at = until;
            self.first = first;
            tracing::info!(source = self.watch.asked.name(), %until, "asked to wait");
        } else {
            self.first = 0;
        }
        for (path, fault) in &looked.faults {
            if self.faults.get(path) == Some(fault) {
                tracing::debug!(path, fault, "still can't be looked at");
            } else {
                let source = self.watch.asked.name();
                tracing::warn!(source, path, fault, "can't be looked at; tried again");
            }
        }
        self.faults = looked.faults;
    }
}

/// Looks through all that a source is asked for, and keeps what is seen.
async fn look_through(
    engine: &Engine,
    clock: &Clock,
    watch: &Watch,
    first: usize,
) -> Result<Looked, StoreError> {
    let mut faults = BTreeMap::new();
    let n_paths = watch.paths.len();
    for step in 0..n_paths {
        let place = (first + step) % n_paths;
        let Some(path) = watch.paths.get(place) else {
            continue;
        };
        let until = match look_at(engine, clock, watch, path).await? {
            Ok(again_at) => again_at,
            Err(PollError::Limited { until }) => Some(until),
            Err(error) => {
                faults.insert(path.clone(), in_full(&error));
                continue;
            }
        };
        if let Some(until) = until {
            // What used a limit up alone doesn't go first again.
            let next = if step == 0 { place + 1 } else { place };
            return Ok(Looked {
                limited: Some((until, next % n_paths)),
                faults,
            });
        }
    }
    Ok(Looked {
        limited: None,
        faults,
    })
}

/// Looks through one repository or project; returns until when the source asks to
/// wait, if that ended the look.
async fn look_at(
    engine: &Engine,
    clock: &Clock,
    watch: &Watch,
    path: &str,
) -> Result<Result<Option<DateTime<Utc>>, PollError>, StoreError> {
    let now = clock.now();
    let source = watch.asked.name();
    let name = format!("{source}/{path}");
    let kept = engine.store().cursor(name.clone()).await?;
    let cursor = kept.and_then(|kept| kept.parse().ok());
    let cursor = cursor.unwrap_or_else(|| Cursor::from(now - FIRST_LOOK));
    let looked = watch
        .look(path, &cursor, engine.counting(), &draw_salt, now)
        .await;
    let Look {
        told,
        next,
        again_at,
        n_refused,
    } = match looked {
        Ok(look) => look,
        Err(error) => return Ok(Err(error)),
    };
    let intake = Intake {
        n_refused: u64::from(n_refused),
        cursor: Some((name, next.to_string())),
        ..Intake::new(SourceName::new(source), told)
    };
    engine.take_in(intake, clock.now()).await?;
    Ok(Ok(again_at))
}

/// An error with its causes, in one line.
fn in_full(error: &PollError) -> String {
    let mut line = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}
