//! Looks at the sources that are asked: every five minutes, or when they say.
//!
//! When to look next is kept in memory, and how far was looked in the database, in
//! the transaction that keeps what was seen: whatever ends a look, the next one goes
//! on from there.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt as _;
use tokio::task::{AbortHandle, JoinError, JoinSet};

use super::Bot;
use super::authors::take_in;
use crate::domain::deployment::SourceName;
use crate::engine::draw_salt;
use crate::intake::poll::{Cursor, PollError, Watch};
use crate::store::{Intake, ReadTo, StoreError};

/// How often to look. Less often, and a deployment in an incident is learned of
/// when its people sleep again; more often, and the limits of the sources are felt.
pub const EVERY: TimeDelta = TimeDelta::minutes(5);

/// How far the first look goes back: as far as the rolling rate does.
pub const FIRST_LOOK: TimeDelta = TimeDelta::weeks(4);

/// Nobody's limit lasts longer.
const LONGEST_LIMIT: TimeDelta = TimeDelta::hours(24);

/// How long a path is left alone at which this program itself failed.
const AFTER_A_PANIC: TimeDelta = TimeDelta::hours(1);

/// What is said of such a path.
const PANICKED: &str = "this program failed at it, and tries again in an hour; its log says where";

/// The looks at all sources.
pub(super) struct Looks {
    tasks: JoinSet<Result<Looked, StoreError>>,
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
    /// The look that is under way.
    task: Option<AbortHandle>,
    /// What was wrong with a path when it was last looked at, so that it is said
    /// once and not every five minutes.
    faults: BTreeMap<String, String>,
    /// Until when a path is left alone.
    rests: BTreeMap<String, DateTime<Utc>>,
}

/// What came of looking at a source.
struct Looked {
    /// Until when it asks to wait, and with which path to go on then.
    limited: Option<(DateTime<Utc>, usize)>,
    /// What was wrong, by path.
    faults: BTreeMap<String, String>,
    /// Until when a path is left alone.
    rests: BTreeMap<String, DateTime<Utc>>,
}

/// What came of looking at one path: until when the source asks to wait, if that ended
/// it, or why it can't be looked at.
type Seen = Result<Result<Option<DateTime<Utc>>, PollError>, StoreError>;

impl Looks {
    pub(super) fn at(watches: &[Arc<Watch>]) -> Self {
        let source = |watch: &Arc<Watch>| Source {
            watch: Arc::clone(watch),
            next_at: DateTime::<Utc>::MIN_UTC,
            is_limited: false,
            first: 0,
            task: None,
            faults: BTreeMap::new(),
            rests: BTreeMap::new(),
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

    /// Returns what is asked, as source and path.
    pub(super) fn paths(&self) -> Vec<(SourceName, String)> {
        let watches = self.sources.iter().map(|source| &source.watch);
        watches
            .flat_map(|watch| {
                let source = SourceName::new(watch.asked.name());
                let paths = watch.paths.iter().cloned();
                paths.map(move |path| (source.clone(), path))
            })
            .collect()
    }

    /// Begins what is due. One source is asked for one thing at a time, as its
    /// limits want it.
    pub(super) fn begin(&mut self, bot: &Bot, now: DateTime<Utc>) {
        for source in &mut self.sources {
            // A clock that is set back must not keep us from looking.
            let longest = if source.is_limited {
                LONGEST_LIMIT
            } else {
                EVERY
            };
            source.next_at = source.next_at.min(now + longest);
            if source.task.is_some() || source.next_at > now {
                continue;
            }
            source.next_at = now + EVERY;
            let bot = bot.clone();
            let watch = Arc::clone(&source.watch);
            let (first, rests) = (source.first, source.rests.clone());
            let task = self.tasks.spawn(async move {
                let look = |path: &str| look_at(&bot, &watch, path.to_owned());
                look_through(&watch.paths, first, rests, bot.clock.now(), look).await
            });
            source.task = Some(task);
        }
    }

    /// Returns when to look next.
    pub(super) fn next_at(&self) -> Option<DateTime<Utc>> {
        let waiting = self.sources.iter().filter(|source| source.task.is_none());
        waiting.map(|source| source.next_at).min()
    }

    /// Waits until a look has ended, and takes in how.
    pub(super) async fn land(&mut self, bot: &Bot) -> Result<(), StoreError> {
        let Some(landed) = self.tasks.join_next_with_id().await else {
            return Ok(());
        };
        let id = landed.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let is_it = |source: &&mut Source| source.task.as_ref().is_some_and(|task| task.id() == id);
        let Some(source) = self.sources.iter_mut().find(is_it) else {
            return Ok(());
        };
        source.task = None;
        match landed {
            Ok((_, Ok(looked))) => source.take(looked, bot).await,
            Ok((_, Err(error @ (StoreError::Unknown | StoreError::Stopped)))) => Err(error),
            Ok((_, Err(error))) => {
                tracing::error!(error = %error, "what a source told couldn't be kept");
                Ok(())
            }
            Err(error) => {
                tracing::error!(error = %error, "a look at a source ended by itself");
                Ok(())
            }
        }
    }
}

impl Source {
    async fn take(&mut self, looked: Looked, bot: &Bot) -> Result<(), StoreError> {
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
                let (path, fault) = (path.clone(), fault.clone());
                let store = bot.engine.store();
                store.not_read(SourceName::new(source), path, fault).await?;
            }
        }
        self.faults = looked.faults;
        self.rests = looked.rests;
        Ok(())
    }
}

/// Looks at one path after the other, as far as the source lets us. A path at which
/// this program itself fails rests for an hour, and the others are looked at.
async fn look_through<F: Future<Output = Seen>>(
    paths: &[String],
    first: usize,
    mut rests: BTreeMap<String, DateTime<Utc>>,
    now: DateTime<Utc>,
    look: impl Fn(&str) -> F,
) -> Result<Looked, StoreError> {
    let mut faults = BTreeMap::new();
    let mut limited = None;
    // A clock that is set back must not keep us from looking.
    rests.retain(|_, until| *until > now && *until <= now + AFTER_A_PANIC);
    for step in 0..paths.len() {
        let place = (first + step) % paths.len();
        let Some(path) = paths.get(place) else {
            continue;
        };
        if rests.contains_key(path) {
            faults.insert(path.clone(), PANICKED.to_owned());
            continue;
        }
        let Ok(seen) = AssertUnwindSafe(look(path)).catch_unwind().await else {
            rests.insert(path.clone(), now + AFTER_A_PANIC);
            faults.insert(path.clone(), PANICKED.to_owned());
            continue;
        };
        let until = match seen? {
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
            limited = Some((until, next % paths.len()));
            break;
        }
    }
    Ok(Looked {
        limited,
        faults,
        rests,
    })
}

/// Looks through one repository or project, and keeps what is seen as it is seen.
async fn look_at(bot: &Bot, watch: &Watch, path: String) -> Seen {
    let source = SourceName::new(watch.asked.name());
    let store = bot.engine.store();
    let kept = store.cursor(source.clone(), path.clone()).await?;
    let cursor = kept.and_then(|kept| kept.parse().ok());
    let mut cursor = cursor.unwrap_or_else(|| Cursor::from(bot.clock.now() - FIRST_LOOK));
    loop {
        // The first look at a large repository goes on for hours.
        let now = bot.clock.now();
        let counting = bot.engine.counting();
        let looked = watch.look(&path, cursor, counting, &draw_salt, now).await;
        let look = match looked {
            Ok(look) => look,
            Err(error) => return Ok(Err(error)),
        };
        let read_to = ReadTo {
            path: path.clone(),
            cursor: look.next.to_string(),
            is_end: look.is_end,
        };
        let intake = Intake {
            n_refused: u64::from(look.n_refused),
            read_to: Some(read_to),
            ..Intake::new(source.clone(), look.told)
        };
        take_in(&bot.engine, &bot.lookup, intake, bot.clock.now()).await?;
        if look.is_end || look.again_at.is_some() {
            return Ok(Ok(look.again_at));
        }
        cursor = look.next;
    }
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap()
    }

    /// Looks through three repositories, of which the second is odd.
    async fn looked(
        rests: BTreeMap<String, DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> (Looked, Vec<String>) {
        let paths = ["acme/web", "acme/odd", "acme/api"].map(str::to_owned);
        let asked = Mutex::new(Vec::new());
        let look = |path: &str| {
            asked.lock().unwrap().push(path.to_owned());
            let is_odd = path == "acme/odd";
            async move {
                assert!(!is_odd, "an odd repository");
                Ok(Ok(None))
            }
        };
        let looked = look_through(&paths, 0, rests, now, look).await.unwrap();
        (looked, asked.into_inner().unwrap())
    }

    #[tokio::test]
    async fn a_panic_ends_one_look_and_is_tried_again_after_an_hour() {
        let (first, asked) = looked(BTreeMap::new(), now()).await;
        assert_eq!(asked, ["acme/web", "acme/odd", "acme/api"]);
        assert_eq!(first.faults["acme/odd"], PANICKED);
        assert_eq!(first.faults.len(), 1);
        let hour = TimeDelta::hours(1);
        let (second, asked) = looked(first.rests, now() + hour - EVERY).await;
        assert_eq!(asked, ["acme/web", "acme/api"]);
        assert_eq!(second.faults["acme/odd"], PANICKED, "it is no better");
        let (third, asked) = looked(second.rests, now() + hour).await;
        assert_eq!(asked, ["acme/web", "acme/odd", "acme/api"]);
        assert_eq!(third.rests["acme/odd"], now() + hour * 2);
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_lets_nothing_rest_for_longer() {
        let later = now() + TimeDelta::days(1);
        let rests = BTreeMap::from([("acme/web".to_owned(), later)]);
        let (_, asked) = looked(rests, now()).await;
        assert_eq!(asked.len(), 3);
    }
}
