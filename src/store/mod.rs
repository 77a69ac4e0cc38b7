//! The store: the only place that knows rusqlite.
//!
//! Its public face is whole transactions (keep a gesture, carry out a command,
//! claim a message, settle it); no SQL, row or connection leaves it. One thread
//! writes; readers only read. Every write is durable when its call returns, and
//! a commit error means *unknown*, never *failed*.

mod attachments;
mod audit;
mod backup;
mod capture;
mod checkpoints;
mod delivery;
mod deployments;
mod evidence;
mod execute;
mod file;
mod form;
mod health;
mod home;
mod inbox;
mod inspect;
mod log;
mod moment;
mod offers;
mod outbox;
mod packs;
mod parcel;
mod people;
mod policies;
mod quotes;
mod redaction;
mod register;
mod repeats;
mod reports;
mod retention;
mod showings;
mod siblings;
mod texts;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use rusqlite::Connection;

use crate::domain::authorization::Member;
use crate::domain::change::{Command, EmergencyChange};
use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId, WorkspaceId};
use crate::domain::obligation::obligations;
use crate::domain::policy::{Party, Policy, PolicyVersion};
use crate::domain::text::{Commitment, Text};
use crate::gesture::{Gesture, Heard};

pub use attachments::Fetched;
pub use audit::{Head, HouseFact, LeafHead, Misfit, Record};
pub use backup::{Copy, CopyError};
pub use checkpoints::{HandOver, Kept, Witness};
pub use deployments::{
    ASKED_WITHIN, Correction, Counted, Emergency, Explained, FrozenWeek, Hearing, Intake, Name,
    OPEN_FOR, Question, READ_WITHIN, ReadTo, Reading, Reply, SETTLED_AFTER, TakenIn, ToldSince,
};
pub use evidence::{CountedChange, Dossier, LeftOut, Place, Telling, recorded};
pub use execute::{Afterwards, Execution, Target};
pub use file::{OpenError, SQLITE_AT_LEAST, newest_form, sqlite_is_sound, sqlite_version};
pub use health::{Backlog, Unwritable};
pub use home::MOST_OWING;
pub use inbox::{Arrival, Outcome, Waiting};
pub use inspect::{Inspection, Register, Unsent, inspect, workspaces};
pub use moment::{LookError, Moment, Workspaces, look};
pub use offers::{NewOffer, OffersOf};
pub use outbox::{Claim, Doubtful, Halt, Kind, Owed, ReportPart, Shut, reply_is_alive};
pub use packs::{HandedIn, OrderedPack, PackStage, PackWish};
pub use parcel::{Answered, Offered, Parcel, Snapshot};
pub use people::{Person, resolve};
pub use policies::Adopted;
pub use register::LEFT_OUT_NUMBERS;
pub use reports::{Look, Picture, Reported, Reporting};
pub use showings::Showing;
use texts::Echoes;
pub use texts::Words;
pub use writer::LARGEST_GROUP;

use execute::{by_the_bot, forget, pass_on, roster, tick};
use outbox::Next;
use parcel::{change_of, snapshot};
use writer::{Urgency, Writer};

/// How many connections read.
const N_READERS: usize = 3;

/// How many changes one sweep looks at before it lets others write.
const SWEEP: usize = 32;

/// More changes than are ever open at once.
const MOST_OPEN: usize = 100_000;

/// How long the clock leaves a change alone about which somebody has said
/// something that Slack has to be asked about first.
const UNHEARD: TimeDelta = TimeDelta::seconds(5);

/// What went wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The commit failed: whether it holds is not known.
    #[error("a commit failed, and whether it holds is unknown")]
    Unknown,
    /// The writer has stopped.
    #[error("the store has stopped")]
    Stopped,
    /// What stands in the file is not what was put there.
    #[error("{0} in the database can't be read")]
    Corrupt(&'static str),
    /// The database said no.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl StoreError {
    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
            ),
            Self::Unknown | Self::Stopped | Self::Corrupt(_) => false,
        }
    }
}

/// The policies under which changes were declared, and the zone of the house.
#[derive(Debug, Clone)]
pub struct Rules {
    versions: BTreeMap<PolicyVersion, Policy>,
    newest: Policy,
    house: Tz,
}

impl Rules {
    /// Takes the policy in force, those before it, and the house's zone.
    pub fn new(newest: Policy, older: impl IntoIterator<Item = Policy>, house: Tz) -> Self {
        let versions = older
            .into_iter()
            .chain([newest.clone()])
            .map(|policy| (policy.version, policy))
            .collect();
        Self {
            versions,
            newest,
            house,
        }
    }

    /// Returns the policy in force.
    pub fn newest(&self) -> &Policy {
        &self.newest
    }

    /// Returns the policy under which a change was declared.
    pub fn of(&self, change: &EmergencyChange) -> &Policy {
        self.versions.get(&change.policy).unwrap_or(&self.newest)
    }

    /// Returns every policy that was ever in force.
    pub fn all(&self) -> impl Iterator<Item = &Policy> {
        self.versions.values()
    }

    /// Returns the zone of people whose own isn't known.
    pub fn house(&self) -> Tz {
        self.house
    }
}

/// Where the store finds its file and what it is tuned to.
#[derive(Debug, Clone)]
pub struct Options {
    /// The database file.
    pub path: PathBuf,
    /// How many jobs one transaction takes at most.
    pub largest_group: usize,
    /// The folder of the backups, if they have one: a file is kept there before its form
    /// changes, and whoever takes words out is told which of them still have those.
    pub backups: Option<PathBuf>,
}

impl Options {
    /// The usual options for a file.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            largest_group: LARGEST_GROUP,
            backups: None,
        }
    }
}

/// The register, the log, the inbox and the outbox of one workspace.
#[derive(Clone)]
pub struct Store {
    workspace: WorkspaceId,
    writer: Writer,
    readers: Arc<Readers>,
    path: Arc<Path>,
    backups: Option<Arc<Path>>,
    _lock: Arc<file::Lock>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

struct Readers {
    idle: Mutex<Vec<Connection>>,
    free: tokio::sync::Semaphore,
}

/// Instants stand in the database as microseconds since 1970.
fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

impl Store {
    /// Opens the file for writing, makes it if need be, and brings its form up
    /// to date.
    pub fn open(options: &Options, workspace: WorkspaceId) -> Result<Self, OpenError> {
        let lock = file::Lock::take(&options.path)?;
        let writing = file::open_for_writing(&options.path, options.backups.as_deref())?;
        let readers = (0..N_READERS)
            .map(|_| file::open_for_reading(&options.path))
            .collect::<Result<Vec<_>, _>>()?;
        let writer =
            Writer::start(writing, options.largest_group).map_err(|_| OpenError::NoThread)?;
        Ok(Self {
            workspace,
            writer,
            readers: Arc::new(Readers {
                free: tokio::sync::Semaphore::new(readers.len()),
                idle: Mutex::new(readers),
            }),
            path: options.path.clone().into(),
            backups: options.backups.clone().map(Into::into),
            _lock: Arc::new(lock),
        })
    }

    /// Returns the workspace whose register this is.
    pub fn workspace(&self) -> &WorkspaceId {
        &self.workspace
    }

    /// Returns where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns when a commit has failed; the process must then end.
    pub async fn failed(&self) {
        self.writer.failed().await;
    }

    /// Finishes what waits to be written, and closes the file.
    pub async fn close(&self) {
        self.writer.stop().await;
    }

    async fn write<T, F>(&self, urgency: Urgency, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &WorkspaceId) -> Result<T, StoreError> + Send + 'static,
    {
        let workspace = self.workspace.clone();
        self.writer
            .run(urgency, move |connection| work(connection, &workspace))
            .await
    }

    /// Writes what follows from a gesture that settles it, unless it is settled: a
    /// redelivery changes nothing.
    async fn write_once<F>(&self, gesture: Gesture, work: F) -> Result<(), StoreError>
    where
        F: FnOnce(&Connection, &WorkspaceId, &Gesture) -> Result<(), StoreError> + Send + 'static,
    {
        self.write(
            Urgency::Later,
            move |connection, workspace| match inbox::outcome(connection, workspace, &gesture.key)?
            {
                Some(_) => Ok(()),
                None => work(connection, workspace, &gesture),
            },
        )
        .await
    }

    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &WorkspaceId) -> Result<T, StoreError> + Send + 'static,
    {
        let workspace = self.workspace.clone();
        let readers = Arc::clone(&self.readers);
        let permit = self
            .readers
            .free
            .acquire()
            .await
            .map_err(|_| StoreError::Stopped)?;
        let result = tokio::task::spawn_blocking(move || {
            let mut idle = readers.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = idle.pop().ok_or(StoreError::Stopped)?;
            drop(idle);
            // One read transaction, so that all of it is of one moment.
            let result = connection
                .unchecked_transaction()
                .map_err(StoreError::from)
                .and_then(|moment| work(&moment, &workspace));
            readers
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            result
        })
        .await;
        drop(permit);
        result.unwrap_or(Err(StoreError::Stopped))
    }

    // ---- policy -----------------------------------------------------------

    /// Brings a policy into force, with its full bytes in the log. The same
    /// bytes as the newest are no news.
    pub async fn adopt_policy(
        &self,
        bytes: String,
        now: DateTime<Utc>,
    ) -> Result<PolicyVersion, StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            policies::adopt(connection, workspace, &bytes, now)
        })
        .await
    }

    /// Returns every policy that was ever in force, oldest first.
    pub async fn policies(&self) -> Result<Vec<Adopted>, StoreError> {
        self.read(policies::all).await
    }

    // ---- gestures ---------------------------------------------------------

    /// Keeps what a person did, durably, before it is acknowledged.
    pub async fn keep(&self, heard: Heard, now: DateTime<Utc>) -> Result<Arrival, StoreError> {
        self.write(Urgency::Now, move |connection, workspace| {
            let arrival = inbox::keep(connection, workspace, &heard.gesture, now)?;
            if arrival == Arrival::New {
                texts::keep(connection, workspace, &heard.texts)?;
                people::is_active(connection, workspace, &heard.gesture.actor, now)?;
            }
            Ok(arrival)
        })
        .await
    }

    /// Returns how many gestures came in since the start, known ones included:
    /// who has time to spare can see by it that others haven't.
    pub fn n_arrived(&self) -> usize {
        self.writer.n_urgent()
    }

    /// Returns gestures that wait to be answered, longest waiting first, those
    /// that were postponed among them: a later gesture about the same change
    /// must not overtake them.
    pub async fn waiting(&self, limit: usize) -> Result<Vec<Waiting>, StoreError> {
        self.read(move |connection, workspace| inbox::waiting(connection, workspace, limit))
            .await
    }

    /// Returns what became of a gesture, and of which change; nothing while it
    /// waits, and nothing if it was never kept.
    pub async fn became(
        &self,
        key: String,
    ) -> Result<Option<(Outcome, Option<ChangeNumber>)>, StoreError> {
        self.read(move |connection, workspace| inbox::outcome(connection, workspace, &key))
            .await
    }

    /// Lets a gesture wait until Slack can be asked again.
    pub async fn postpone(&self, key: String, until: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            inbox::postpone(connection, workspace, &key, until)
        })
        .await
    }

    /// Settles a gesture that asks for something to read, that can't become a
    /// command, or that is asked back about; its reply is owed. Words that were
    /// overheard aren't kept.
    pub async fn answer(
        &self,
        gesture: Gesture,
        outcome: Outcome,
        change: Option<ChangeNumber>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            inbox::settle(connection, workspace, &gesture, &outcome, change)?;
            outbox::owe_reply(connection, workspace, &gesture, now)?;
            if gesture.is_overheard() {
                forget(connection, workspace, gesture.commitments())?;
            }
            Ok(())
        })
        .await
    }

    /// Notes until when somebody is away, and lets what they owe and is due before
    /// they are back pass on, in every change; their reply is owed.
    pub async fn say_away(
        &self,
        gesture: Gesture,
        until: DateTime<Utc>,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let owed = self.owed_by(&gesture.actor, &rules).await?;
        self.write(Urgency::Later, move |connection, workspace| {
            let who = &gesture.actor;
            people::is_away(connection, workspace, who, until)?;
            pass_on(connection, workspace, &owed, &rules, now)?;
            inbox::settle(connection, workspace, &gesture, &Outcome::Answered, None)?;
            outbox::owe_reply(connection, workspace, &gesture, now)
        })
        .await
    }

    /// Notes what somebody is in the workspace. Where that is news, what they owe
    /// is looked at in the same transaction, and `true` returned.
    pub async fn saw(
        &self,
        who: Member,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let seen = who.clone();
        let is_known = self
            .read(move |connection, workspace| {
                people::is_as_seen(connection, workspace, &seen, now)
            })
            .await?;
        if is_known {
            return Ok(false);
        }
        let owed = self.owed_by(&who.id, &rules).await?;
        self.write(Urgency::Later, move |connection, workspace| {
            people::is_seen(connection, workspace, &who, now)?;
            pass_on(connection, workspace, &owed, &rules, now)?;
            Ok(true)
        })
        .await
    }

    /// Returns the changes to which somebody owes something. Read beside the writer:
    /// it takes as long as there are open changes, and somebody may wait for an
    /// acknowledgement.
    async fn owed_by(
        &self,
        who: &UserId,
        rules: &Arc<Rules>,
    ) -> Result<Vec<ChangeNumber>, StoreError> {
        let (who, rules) = (Some(Party::Person(who.clone())), Arc::clone(rules));
        self.read(move |connection, workspace| {
            let mut theirs = Vec::new();
            for number in register::owing(connection, workspace, MOST_OPEN)? {
                let change = match log::load(connection, workspace, number) {
                    Ok(Some((change, _))) => change,
                    // The sweep says so, and leaves it alone.
                    Ok(None) | Err(StoreError::Corrupt(_)) => continue,
                    Err(error) => return Err(error),
                };
                let owes = obligations(&change, rules.of(&change))
                    .iter()
                    .any(|one| one.met_at.is_none() && one.owner == who);
                theirs.extend(owes.then_some(number));
            }
            Ok(theirs)
        })
        .await
    }

    /// Returns a text, to make a command of it.
    pub async fn text(&self, commitment: Commitment) -> Result<Option<Text>, StoreError> {
        self.read(move |connection, workspace| texts::find(connection, workspace, commitment))
            .await
    }

    // ---- commands ---------------------------------------------------------

    /// Carries out a command: decides, appends, saves, and owes the effects, in
    /// one transaction. A refusal keeps the gesture's row with its answer.
    pub async fn execute(
        &self,
        execution: Execution,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<(Outcome, Option<ChangeNumber>), StoreError> {
        let redacts = execution
            .submissions
            .iter()
            .any(|one| matches!(one.command, Command::Redact { .. }));
        // What sources told is looked through beside the one thread that writes.
        let (execution, echoes) = if redacts {
            self.read(move |connection, workspace| {
                let echoes = redaction::echoes(connection, workspace, &execution)?;
                Ok((execution, echoes))
            })
            .await?
        } else {
            (execution, Echoes::default())
        };
        let done = self
            .write(Urgency::Later, move |connection, workspace| {
                let execution = &execution;
                execute::execute_knowing(connection, workspace, execution, &echoes, &rules, now)
            })
            .await?;
        if redacts {
            self.writer.scrub().await;
        }
        Ok(done)
    }

    /// Looks at the changes and offers for which the clock has something to do, and
    /// at the changes about which something is `unheard` a little later. Returns how
    /// many there were; more may be waiting.
    pub async fn sweep(
        &self,
        unheard: BTreeSet<ChangeNumber>,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let due = self
            .read(move |connection, workspace| register::due(connection, workspace, now, SWEEP))
            .await?;
        let n_due = due.len();
        // Handed in together, they share their commits.
        let swept = due.into_iter().map(|number| {
            let rules = Arc::clone(&rules);
            let unheard = unheard.contains(&number);
            async move {
                if unheard {
                    return self.look_again(number, now + UNHEARD).await;
                }
                let ticked = self
                    .write(Urgency::Later, move |connection, workspace| {
                        tick(connection, workspace, number, &rules, now)
                    })
                    .await;
                match ticked {
                    Err(error @ StoreError::Corrupt(_)) => {
                        tracing::error!(change = %number, error = %error, "a change can't be swept");
                        self.look_again(number, now + TimeDelta::hours(1)).await
                    }
                    other => other,
                }
            }
        });
        futures_util::future::try_join_all(swept).await?;
        let n_settled = self.sweep_deployments(now).await?;
        Ok(n_due + n_settled + self.sweep_offers(rules, now).await?)
    }

    /// A change that can't be swept must not hold up the others.
    async fn look_again(&self, number: ChangeNumber, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            register::look_again(connection, workspace, number, at)
        })
        .await
    }

    /// Returns when the clock has something to do next: a change, an offer, a message
    /// or a deployment that somebody is to be asked about.
    /// Gestures wait for each other, which only the bot knows.
    pub async fn next_at(&self, grace: TimeDelta) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.read(move |connection, workspace| {
            let sweep = register::next_at(connection, workspace)?;
            let offer = offers::next_at(connection, workspace)?;
            let message = outbox::next_at(connection, workspace, grace)?;
            let deployment = deployments::next_at(connection, workspace)?;
            let question = deployments::next_question_at(connection, workspace)?;
            let showing = showings::next_at(connection, workspace)?;
            let pack = packs::next_at(connection, workspace)?;
            let all = sweep.into_iter().chain(offer).chain(message);
            let all = all.chain(deployment).chain(question);
            Ok(all.chain(showing).chain(pack).min())
        })
        .await
    }

    /// Returns a change with its words and events.
    pub async fn change(&self, number: ChangeNumber) -> Result<Option<Snapshot>, StoreError> {
        self.read(move |connection, workspace| snapshot(connection, workspace, number))
            .await
    }

    /// Returns the changes that aren't over, newest first.
    pub async fn open_changes(&self, limit: usize) -> Result<Vec<Snapshot>, StoreError> {
        self.open_changes_that(|_| true, limit).await
    }

    /// Returns the changes that aren't over and are wanted, newest first: however
    /// many that aren't wanted stand before them.
    pub async fn open_changes_that(
        &self,
        is_wanted: impl Fn(&EmergencyChange) -> bool + Send + 'static,
        limit: usize,
    ) -> Result<Vec<Snapshot>, StoreError> {
        self.read(move |connection, workspace| {
            let mut wanted = Vec::new();
            for number in register::open(connection, workspace)? {
                if wanted.len() == limit {
                    break;
                }
                let found = log::load(connection, workspace, number)?;
                if let Some(loaded) = found.filter(|(change, _)| is_wanted(change)) {
                    wanted.push(parcel::with_words(connection, workspace, loaded)?);
                }
            }
            Ok(wanted)
        })
        .await
    }

    /// Returns the change of `who` that isn't deployed yet, if there is just one.
    pub async fn undeployed_of(&self, who: UserId) -> Result<Option<ChangeNumber>, StoreError> {
        self.read(move |connection, workspace| register::undeployed_of(connection, workspace, &who))
            .await
    }

    /// Returns the requests of a channel that wait for an answer or were denied,
    /// newest first.
    pub async fn asking_in(
        &self,
        channel: ChannelId,
        limit: usize,
    ) -> Result<Vec<Snapshot>, StoreError> {
        self.read(move |connection, workspace| {
            let mut asking = Vec::new();
            for number in register::asking_in(connection, workspace, &channel)? {
                if asking.len() == limit {
                    break;
                }
                let found = snapshot(connection, workspace, number)?;
                asking.extend(found.filter(|one| one.change.went_ahead.is_none()));
            }
            Ok(asking)
        })
        .await
    }

    // ---- people -----------------------------------------------------------

    /// Which of these the bot hasn't met.
    pub async fn unmet(&self, people: Vec<UserId>) -> Result<Vec<UserId>, StoreError> {
        self.read(move |connection, workspace| people::unmet(connection, workspace, &people))
            .await
    }

    /// Keeps the direct message conversation with somebody.
    pub async fn speaks_in(&self, who: UserId, channel: ChannelId) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            people::speaks_in(connection, workspace, &who, &channel)
        })
        .await
    }

    // ---- messages ---------------------------------------------------------

    /// Returns the lanes in which something may be sent now.
    pub async fn lanes(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<String>, StoreError> {
        self.read(move |connection, workspace| outbox::lanes(connection, workspace, now, limit))
            .await
    }

    /// Returns what a lane sends next, with all that rendering it needs. What would
    /// chase somebody too often in one day is held back until the next; what can't
    /// be read is set aside, and stops nothing else.
    pub async fn parcel(
        &self,
        lane: String,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<Option<Parcel>, StoreError> {
        loop {
            let (ours, rules) = (lane.clone(), Arc::clone(&rules));
            let next = self
                .read(move |connection, workspace| {
                    let roster = roster(connection, workspace, &rules);
                    match outbox::next_of(connection, workspace, &ours, &rules, &roster, now)? {
                        Next::Now(owed) => parcel::parcel(connection, workspace, owed).map(Ok),
                        Next::Held(until) => Ok(Err((until, false))),
                        Next::Unasked(until) => Ok(Err((until, true))),
                    }
                })
                .await;
            let ours = lane.clone();
            match next {
                Ok(Ok(parcel)) => return Ok(parcel),
                Ok(Err((until, asks))) => {
                    self.write(Urgency::Later, move |connection, workspace| {
                        let hold = if asks {
                            outbox::hold_questions
                        } else {
                            outbox::hold_back
                        };
                        hold(connection, workspace, &ours, until, now)
                    })
                    .await?;
                }
                Err(error @ StoreError::Corrupt(_)) => {
                    tracing::error!(lane, error = %error, "a message is set aside; doctor shows it");
                    self.write(Urgency::Later, move |connection, workspace| {
                        outbox::set_aside(connection, workspace, &ours, &error.to_string(), now)
                    })
                    .await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Claims what is about to be sent, if it is still owed as it was rendered.
    pub async fn claim(&self, claim: Claim, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            outbox::claim(connection, workspace, &claim, now)
        })
        .await
    }

    /// Notes that Slack has a message, in the outbox and, where it is the first
    /// word of it, in the log of each change that it is about.
    pub async fn settle(
        &self,
        parcel: Vec<Owed>,
        claim: Claim,
        stands: Option<(ChannelId, MessageTs)>,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            outbox::settle(connection, workspace, &claim, stands.as_ref(), now)?;
            let first = parcel.first().is_some_and(|leader| leader.stands.is_none());
            let Some((channel, ts)) = stands.filter(|_| first) else {
                return Ok(());
            };
            outbox::reopen(connection, workspace, &channel)?;
            if let Some(Owed {
                key,
                kind:
                    Kind::Report {
                        week,
                        part: ReportPart::Report,
                    },
                ..
            }) = parcel.first()
            {
                let report = (*week, key.as_str());
                outbox::owe_details(connection, workspace, report, &channel, now)?;
                showings::owe_with_report(connection, workspace, *week, now)?;
            }
            for owed in &parcel {
                let Some(number) = change_of(&owed.kind) else {
                    continue;
                };
                let command = Command::RecordDelivery {
                    key: owed.key.clone(),
                    channel: channel.clone(),
                    ts: ts.clone(),
                    payload: claim.payload,
                    showed: claim.showed,
                };
                by_the_bot(connection, workspace, number, command, &rules, now)?;
            }
            Ok(())
        })
        .await
    }

    /// Notes that a claimed message goes elsewhere than was meant, with what it says
    /// there, before it is sent: if its fate becomes unknown, it is looked for there.
    pub async fn redirect(
        &self,
        leader: String,
        channel: ChannelId,
        payload: [u8; 32],
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            outbox::redirect(connection, workspace, &leader, &channel, payload)
        })
        .await
    }

    /// Owes people a request by direct message whose card can't stand where they
    /// would see it. Whoever has it already isn't told again.
    pub async fn ask_directly(
        &self,
        number: ChangeNumber,
        people: Vec<UserId>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(
            Urgency::Later,
            move |connection, workspace| match log::load(connection, workspace, number)? {
                Some((change, _)) => {
                    outbox::owe_requests(connection, workspace, &change, &people, now)
                }
                None => Ok(()),
            },
        )
        .await
    }

    /// Owes a message anew that can't be edited where it stood.
    pub async fn uproot(&self, key: String) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            outbox::uproot(connection, workspace, &key)
        })
        .await
    }

    /// Owes a message again from `not_before` on: Slack doesn't have it.
    pub async fn release(
        &self,
        leader: String,
        not_before: DateTime<Utc>,
        error: String,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            outbox::release(connection, workspace, &leader, not_before, &error)
        })
        .await
    }

    /// Gives a message up, and says so in the log of each change that it is about.
    pub async fn give_up(
        &self,
        parcel: Vec<Owed>,
        error: String,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            if let Some(leader) = parcel.first() {
                outbox::fail(connection, workspace, &leader.key, &error)?;
                // An edit that fails takes nothing back: what stands was delivered.
                if leader.stands.is_some() {
                    return Ok(());
                }
            }
            for owed in &parcel {
                if let Some(number) = change_of(&owed.kind) {
                    let command = Command::RecordFailure {
                        key: owed.key.clone(),
                        error: error.clone(),
                    };
                    by_the_bot(connection, workspace, number, command, &rules, now)?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Lets nothing into a lane before an instant.
    pub async fn hold_lane(&self, lane: String, until: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            outbox::hold_lane(connection, workspace, &lane, until)
        })
        .await
    }

    /// Returns the messages claimed longer than `grace` ago of which it is
    /// unknown whether Slack has them.
    pub async fn doubtful(
        &self,
        now: DateTime<Utc>,
        grace: TimeDelta,
        limit: usize,
    ) -> Result<Vec<Doubtful>, StoreError> {
        let found = self
            .read(move |connection, workspace| {
                outbox::doubtful(connection, workspace, now, grace, limit)
            })
            .await;
        let Err(error @ StoreError::Corrupt(_)) = found else {
            return found;
        };
        tracing::error!(error = %error, "a message on its way is set aside; doctor shows it");
        self.write(Urgency::Later, move |connection, workspace| {
            outbox::set_claimed_aside(connection, workspace, &error.to_string(), now)
        })
        .await?;
        Ok(Vec::new())
    }

    /// Looks for a message of unknown fate again from `not_before` on: Slack
    /// could not be asked.
    pub async fn doubt_until(
        &self,
        leader: String,
        not_before: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            outbox::doubt_until(connection, workspace, &leader, not_before)
        })
        .await
    }

    /// Returns where the card of a change stands.
    pub async fn card(
        &self,
        number: ChangeNumber,
    ) -> Result<Option<(ChannelId, MessageTs)>, StoreError> {
        self.read(move |connection, workspace| outbox::card(connection, workspace, number))
            .await
    }

    // ---- looking after itself ---------------------------------------------

    /// Checks that the log's leaves hash to its head, that replaying each change
    /// yields its row in the register, and that what sources told is what was taken in. Returns the number of records, or
    /// what is wrong first.
    pub async fn verify(&self) -> Result<Result<u64, String>, StoreError> {
        self.read(verify).await
    }
}

fn verify(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Result<u64, String>, StoreError> {
    let n_records = match log::check(connection, workspace)? {
        Ok(n_records) => n_records,
        Err(fault) => return Ok(Err(fault)),
    };
    if let Some(misfit) = audit::misfit(connection, workspace)? {
        return Ok(Err(misfit.to_string()));
    }
    Ok(Ok(n_records))
}

#[cfg(test)]
mod tests;
