//! The bot at work: answers what waits, does what is due, sends what is owed,
//! and sleeps until the next of these.
//!
//! One loop decides what may run beside what. Gestures about one change are
//! answered in the order in which they came, even when the first of them has to
//! wait for Slack; a lane sends one message at a time; nothing else waits.

mod authors;
mod holds;
mod looks;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::clock::{Clock, ClockError};
use crate::dispatch::Dispatcher;
use crate::domain::id::ChangeNumber;
use crate::engine::Engine;
use crate::intake::poll::Watch;
use crate::slack::inbound::reception::Openings;
use crate::slack::inbound::resolve;
use crate::slack::lookup::Lookup;
use crate::stop::Stop;
use crate::store::{StoreError, Waiting};

pub use authors::take_in;
pub use looks::{EVERY, FIRST_LOOK};

use holds::{Hold, bars, holds_of, is_an_answer};
use looks::Looks;

/// How many gestures are looked at at once, and how many are answered.
const GESTURES: usize = 128;
const ANSWERS: usize = 16;

/// How many lanes are looked at at once, and how many send.
const LANES: usize = 64;
const SENDERS: usize = 32;

/// How many messages of unknown fate are looked for at once.
const DOUBTFUL: usize = 16;

/// How many checkpoints are shown in one go.
const SHOWINGS: usize = 16;

/// How many questions find their way at once: each costs a call or two.
const QUESTIONS: usize = 8;

/// How long a flood of gestures may keep the clock's work waiting.
const LONGEST_WITHOUT_SWEEP: TimeDelta = TimeDelta::seconds(30);
/// If so many gestures came in during one round, people wait for their
/// acknowledgement: the bot then takes a breath before it answers any. Slack
/// allows three seconds for the one and half an hour for the other.
const RUSH: usize = 16;
const BREATH: Duration = Duration::from_millis(200);

/// How long what is under way may take once nothing new comes in. With the ten seconds
/// of the doors it stays below the twenty within which we promise to end.
const LAST: Duration = Duration::from_secs(8);

/// Why the bot stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum BotError {
    /// The store can't be relied on any more.
    #[error(
        "the database failed; what was acknowledged is in it, and starting again goes on from there"
    )]
    Store(#[from] StoreError),
    /// The clock that it follows is gone.
    #[error(transparent)]
    Clock(#[from] ClockError),
}

/// The bot behind its doors.
#[derive(Debug, Clone)]
pub struct Bot {
    /// What it decides with.
    pub engine: Engine,
    /// What it reads Slack with.
    pub lookup: Lookup,
    /// What it writes to Slack with.
    pub dispatcher: Dispatcher,
    /// What it reads the time from.
    pub clock: Clock,
    /// What wakes it.
    pub wake: Arc<Notify>,
    /// The modals that its reception is opening.
    pub openings: Openings,
    /// The sources that it asks.
    pub watches: Vec<Arc<Watch>>,
}

/// What is under way.
#[derive(Default)]
struct Flights {
    tasks: JoinSet<(Vec<Hold>, Result<(), StoreError>)>,
    held: HashSet<Hold>,
}

impl Flights {
    fn spawn(
        &mut self,
        holds: Vec<Hold>,
        task: impl Future<Output = Result<(), StoreError>> + Send + 'static,
    ) {
        self.held.extend(holds.iter().cloned());
        self.tasks.spawn(async move { (holds, task.await) });
    }

    /// Whether something that `hold` must not run beside is under way.
    fn bars(&self, hold: &Hold) -> bool {
        bars(&self.held, hold)
    }

    fn count(&self, is: impl Fn(&Hold) -> bool) -> usize {
        self.held.iter().filter(|hold| is(hold)).count()
    }

    /// Waits until something has landed, and takes in all that has.
    async fn land(&mut self) -> Result<(), StoreError> {
        let mut landed = self.tasks.join_next().await;
        while let Some(result) = landed {
            match result {
                Ok((holds, result)) => {
                    for hold in holds {
                        self.held.remove(&hold);
                    }
                    match result {
                        Err(error @ (StoreError::Unknown | StoreError::Stopped)) => {
                            return Err(error);
                        }
                        Err(error) => tracing::error!(error = %error, "a task failed"),
                        Ok(()) => {}
                    }
                }
                Err(panic) => {
                    // Its hold stays: what panics once would panic again at once.
                    tracing::error!(error = %panic, "a task panicked");
                }
            }
            landed = self.tasks.try_join_next();
        }
        Ok(())
    }
}

/// What the gestures that wait keep from the clock.
struct Answering {
    /// Whether an answer was begun.
    begun: bool,
    /// The changes about which somebody said something that isn't taken in yet.
    unheard: BTreeSet<ChangeNumber>,
    /// When the next of them may be tried. What waits behind another doesn't
    /// count: it would keep the bot from ever sleeping.
    next_at: Option<DateTime<Utc>>,
}

/// What one round came to.
struct Round {
    /// Whether anything is under way or may have become possible.
    begun: bool,
    /// When the next gesture may be tried.
    next_at: Option<DateTime<Utc>>,
}

impl Bot {
    /// Works until told to stop, then finishes what is under way and doesn't take long.
    pub async fn run(&self, stop: Stop) -> Result<(), BotError> {
        let mut flights = Flights::default();
        // They end with us: what they saw and didn't keep is seen again.
        let mut looks = Looks::at(&self.watches);
        let mut swept_at = DateTime::<Utc>::MIN_UTC;
        let mut n_arrived = 0;
        self.engine.begin(self.clock.now()).await?;
        self.engine.store().asks(looks.paths()).await?;
        loop {
            n_arrived = self.yield_to_a_rush(n_arrived).await;
            self.notice_a_jump().await?;
            let now = self.clock.now();
            // Asked before the round: what an opening leaves behind when it ends
            // during one isn't in it, and must not be slept upon.
            let none_opening = self.openings.none();
            let round = self.begin(&mut flights, &mut swept_at, now).await?;
            looks.begin(self, now);
            // A sandbox's clock waits for all that is under way, a source's answer
            // too; nothing else waits for that.
            let none_looking = looks.is_empty() || !self.clock.is_followed();
            if round.begun && flights.tasks.is_empty() {
                // The clock has done something that nobody can be told of yet;
                // nothing is under way that would wake us for what comes next.
                tokio::select! {
                    biased;
                    () = stop.told() => break,
                    () = tokio::task::yield_now() => {}
                }
            } else if round.begun {
                tokio::select! {
                    landed = flights.land() => landed?,
                    () = self.wake.notified() => {}
                    () = stop.told() => break,
                }
            } else if flights.tasks.is_empty() && none_opening && none_looking {
                let owed = self.engine.next_at(self.dispatcher.grace).await?;
                let all = owed.into_iter().chain(round.next_at);
                let next = all.chain(looks.next_at()).min();
                tokio::select! {
                    idled = self.idle(next) => idled?,
                    landed = looks.land(self), if !looks.is_empty() => landed?,
                    () = stop.told() => break,
                    () = self.engine.store().failed() => {
                        return Err(StoreError::Unknown.into());
                    }
                }
            } else {
                tokio::select! {
                    landed = flights.land(), if !flights.tasks.is_empty() => landed?,
                    landed = looks.land(self), if !looks.is_empty() => landed?,
                    () = self.wake.notified() => {}
                    () = stop.told() => break,
                }
            }
        }
        let finish = async {
            while !flights.tasks.is_empty() {
                flights.land().await?;
            }
            Ok(())
        };
        timeout(LAST, finish).await.unwrap_or_else(|_| {
            // As if we had been killed over it: what it is about stands in the database.
            tracing::warn!("what takes longer is given up; the next start begins it again");
            Ok(())
        })
    }

    /// Puts on record that the clock has jumped, before anything is done by it.
    async fn notice_a_jump(&self) -> Result<(), StoreError> {
        let Some((at, by)) = self.clock.stepped() else {
            return Ok(());
        };
        tracing::warn!(
            seconds = by.num_seconds(),
            "this machine's clock has jumped; deadlines don't move with it"
        );
        let grace = self.dispatcher.grace;
        self.engine.store().clock_stepped(at, by, grace).await
    }

    /// Takes a breath if many gestures came in since there were `n_before`, so
    /// that answering doesn't delay acknowledging. Returns how many there are now.
    async fn yield_to_a_rush(&self, n_before: usize) -> usize {
        let n_arrived = self.engine.store().n_arrived();
        if n_arrived.saturating_sub(n_before) >= RUSH {
            tokio::time::sleep(BREATH).await;
        }
        n_arrived
    }

    /// Sleeps until `next`, or until somebody wakes us.
    ///
    /// A sandbox's clock knows by the sleep itself that we have settled, and says
    /// itself what happens; that sleep must not be broken off.
    async fn idle(&self, next: Option<DateTime<Utc>>) -> Result<(), ClockError> {
        if self.clock.is_followed() {
            return self.clock.idle_until(next).await;
        }
        tokio::select! {
            idled = self.clock.idle_until(next) => idled,
            () = self.wake.notified() => Ok(()),
        }
    }

    /// Begins all that can begin now.
    async fn begin(
        &self,
        flights: &mut Flights,
        swept_at: &mut DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Round, StoreError> {
        let answering = self.answer(flights).await?;
        // What people did comes before what the clock finds missing, unless they
        // never cease: a deadline must not be missed for an act still in hand.
        let under_way = flights.count(is_an_answer) > 0;
        let swept = if under_way && now - *swept_at < LONGEST_WITHOUT_SWEEP {
            0
        } else {
            *swept_at = now;
            self.engine.tick(answering.unheard, now).await?
        };
        let asking = self.ask(flights, now).await?;
        let sending = self.send(flights, now).await?;
        let showing = self.show(flights, now).await?;
        let packing = self.pack(flights, now).await?;
        Ok(Round {
            begun: answering.begun || swept > 0 || asking || sending || showing || packing,
            next_at: answering.next_at,
        })
    }

    async fn answer(&self, flights: &mut Flights) -> Result<Answering, StoreError> {
        let now = self.clock.now();
        let mut begun = false;
        let mut next_at: Option<DateTime<Utc>> = None;
        let mut unheard = BTreeSet::new();
        let mut blocked: HashSet<Hold> = HashSet::new();
        for waiting in self.engine.store().waiting(GESTURES).await? {
            let holds = holds_of(self.engine.store(), &waiting.gesture).await?;
            unheard.extend(holds.iter().filter_map(|hold| match hold {
                Hold::Change(number) => Some(*number),
                Hold::Person(_)
                | Hold::Asking(..)
                | Hold::Channel(_)
                | Hold::Question(_)
                | Hold::Lane(_)
                | Hold::Doubt(_)
                | Hold::Showing
                | Hold::Packing => None,
            }));
            // What comes later about the same must not overtake.
            let behind = holds
                .iter()
                .any(|hold| bars(&blocked, hold) || flights.bars(hold));
            let full = flights.count(is_an_answer) >= ANSWERS;
            blocked.extend(holds.iter().cloned());
            if !behind && waiting.not_before > now {
                next_at = next_at.into_iter().chain([waiting.not_before]).min();
                continue;
            }
            if behind || full {
                continue;
            }
            flights.spawn(holds, self.clone().answer_one(waiting));
            begun = true;
        }
        Ok(Answering {
            begun,
            unheard,
            next_at,
        })
    }

    async fn answer_one(self, waiting: Waiting) -> Result<(), StoreError> {
        let now = self.clock.now();
        resolve::answer(&self.engine, &self.lookup, waiting, now).await
    }

    /// Lets questions go to whoever can answer them.
    async fn ask(&self, flights: &mut Flights, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut begun = false;
        for question in self.engine.store().questions_due(now, QUESTIONS).await? {
            let hold = Hold::Question(question.id);
            if !flights.held.contains(&hold) {
                let dispatcher = self.dispatcher.clone();
                let task = async move { dispatcher.ask(question, now).await };
                flights.spawn(vec![hold], task);
                begun = true;
            }
        }
        Ok(begun)
    }

    /// Lets others have the checkpoints that they are owed, one after another.
    async fn show(&self, flights: &mut Flights, now: DateTime<Utc>) -> Result<bool, StoreError> {
        if flights.held.contains(&Hold::Showing) {
            return Ok(false);
        }
        let owed = self.engine.store().showings(now, SHOWINGS).await?;
        if owed.is_empty() {
            return Ok(false);
        }
        let dispatcher = self.dispatcher.clone();
        let task = async move { dispatcher.show(owed, now).await };
        flights.spawn(vec![Hold::Showing], task);
        Ok(true)
    }

    /// Makes the packs that people asked for, one after another: each takes the
    /// machine for a while.
    async fn pack(&self, flights: &mut Flights, now: DateTime<Utc>) -> Result<bool, StoreError> {
        if flights.held.contains(&Hold::Packing) {
            return Ok(false);
        }
        let Some(order) = self.engine.store().pack_due(now).await? else {
            return Ok(false);
        };
        let dispatcher = self.dispatcher.clone();
        let task = async move { dispatcher.pack(order, now).await };
        flights.spawn(vec![Hold::Packing], task);
        Ok(true)
    }

    async fn send(&self, flights: &mut Flights, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut begun = false;
        let store = self.engine.store();
        let grace = self.dispatcher.grace;
        for doubtful in store.doubtful(now, grace, DOUBTFUL).await? {
            let Some(leader) = doubtful.parcel.first() else {
                continue;
            };
            let hold = Hold::Doubt(leader.key.clone());
            if !flights.held.contains(&hold) {
                let dispatcher = self.dispatcher.clone();
                let task = async move { dispatcher.settle_doubt(doubtful, now).await };
                flights.spawn(vec![hold], task);
                begun = true;
            }
        }
        for lane in store.lanes(now, LANES).await? {
            let hold = Hold::Lane(lane.clone());
            let sending = |hold: &Hold| matches!(hold, Hold::Lane(_));
            if flights.held.contains(&hold) || flights.count(sending) >= SENDERS {
                continue;
            }
            let dispatcher = self.dispatcher.clone();
            let task = async move { dispatcher.send_next(&lane, now).await };
            flights.spawn(vec![hold], task);
            begun = true;
        }
        Ok(begun)
    }
}
