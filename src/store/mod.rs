//! The store: the only place that knows rusqlite.
//!
//! Its public face is whole transactions (keep a gesture, carry out a command,
//! claim a message, settle it); no SQL, row or connection leaves it. One thread
//! writes; readers only read. Every write is durable when its call returns, and
//! a commit error means *unknown*, never *failed*.

mod file;
mod form;
mod inbox;
mod inspect;
mod log;
mod outbox;
mod people;
mod policies;
mod register;
mod texts;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use rusqlite::Connection;

use crate::domain::change::{
    Actor, Command, EmergencyChange, Recorded, Refusal, Source, Submission, decide, declare,
};
use crate::domain::effect::effects;
use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId, WorkspaceId};
use crate::domain::policy::{Policy, PolicyVersion};
use crate::domain::text::{Commitment, Text};
use crate::gesture::{Gesture, Heard};

pub use file::{OpenError, SQLITE_AT_LEAST, sqlite_is_sound, sqlite_version};
pub use inbox::{Arrival, Outcome, Waiting};
pub use inspect::{Inspection, Register, Unsent, inspect};
pub use outbox::{Claim, Doubtful, Kind, Owed, reply_is_alive};
pub use people::{Person, resolve};
pub use policies::Adopted;
pub use texts::Words;
pub use writer::LARGEST_GROUP;

use people::Roster;
use writer::{Urgency, Writer};

/// How many connections read.
const N_READERS: usize = 3;

/// How many changes one sweep looks at before it lets others write.
const SWEEP: usize = 32;

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

/// Which change a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One that begins with it.
    New,
    /// This one.
    Change(ChangeNumber),
}

/// A command to carry out.
#[derive(Debug, Clone)]
pub struct Execution {
    /// For which change.
    pub target: Target,
    /// What is asked, by whom, when: one after the other, in one transaction. If
    /// one is refused, those before it stand, and those after it aren't tried.
    pub submissions: Vec<Submission>,
    /// Texts that the commands commit to and that weren't kept with the gesture.
    pub texts: Vec<Text>,
    /// The gesture that it answers.
    pub gesture: Option<Gesture>,
    /// What was learned of people on the way.
    pub met: Vec<Person>,
}

/// A pair of messages that the asker may want on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOffer {
    /// Where it was said.
    pub channel: ChannelId,
    /// In which thread.
    pub thread: Option<MessageTs>,
    /// Who asked.
    pub asker: UserId,
    /// The question.
    pub request: crate::domain::offer::Quoted,
    /// The answer.
    pub answer: crate::domain::offer::Quoted,
    /// What it does.
    pub verdict: crate::domain::change::Verdict,
}

/// A change with its words and its events.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The change.
    pub change: EmergencyChange,
    /// Its events in order; the first has version 1.
    pub history: Vec<Recorded>,
    /// The words behind its commitments.
    pub words: Words,
}

/// What goes out as one message, and all that rendering it needs.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The messages, leader first.
    pub owed: Vec<Owed>,
    /// The changes that they show.
    pub changes: BTreeMap<ChangeNumber, Snapshot>,
    /// For a reply: the gesture, what became of it, and its words.
    pub answer: Option<Answered>,
    /// The card of the leader's change, if it stands.
    pub card: Option<(ChannelId, MessageTs)>,
    /// The direct message conversation with the person, if known.
    pub direct: Option<ChannelId>,
}

/// A gesture with what became of it.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The gesture.
    pub gesture: Gesture,
    /// What became of it.
    pub outcome: Outcome,
    /// The words that it commits to.
    pub words: Words,
}

/// Where the store finds its file and what it is tuned to.
#[derive(Debug, Clone)]
pub struct Options {
    /// The database file.
    pub path: PathBuf,
    /// How many jobs one transaction takes at most.
    pub largest_group: usize,
}

impl Options {
    /// The usual options for a file.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            largest_group: LARGEST_GROUP,
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
        let writing = file::open_for_writing(&options.path)?;
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
            _lock: Arc::new(lock),
        })
    }

    /// Returns the workspace whose register this is.
    pub fn workspace(&self) -> &WorkspaceId {
        &self.workspace
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

    /// Settles a gesture that asks for something to read, or that can't become
    /// a command; its reply is owed.
    pub async fn answer(
        &self,
        gesture: Gesture,
        outcome: Outcome,
        change: Option<ChangeNumber>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            inbox::settle(connection, workspace, &gesture, &outcome, change)?;
            outbox::owe_reply(connection, workspace, &gesture, now)
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
        self.write(Urgency::Later, move |connection, workspace| {
            execute(connection, workspace, &execution, &rules, now)
        })
        .await
    }

    /// Looks at the changes for which the clock has something to do, and at those
    /// about which something is `unheard` a little later. Returns how many there
    /// were; more may be waiting.
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
        Ok(n_due)
    }

    /// A change that can't be swept must not hold up the others.
    async fn look_again(&self, number: ChangeNumber, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            register::look_again(connection, workspace, number, at)
        })
        .await
    }

    /// Returns when the clock has something to do next: a change or a message.
    /// Gestures wait for each other, which only the bot knows.
    pub async fn next_at(&self, grace: TimeDelta) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.read(move |connection, workspace| {
            let sweep = register::next_at(connection, workspace)?;
            let message = outbox::next_at(connection, workspace, grace)?;
            Ok(sweep.into_iter().chain(message).min())
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
        self.read(move |connection, workspace| {
            register::open(connection, workspace, limit)?
                .into_iter()
                .filter_map(|number| snapshot(connection, workspace, number).transpose())
                .collect()
        })
        .await
    }

    /// Returns the change of `who` that isn't deployed yet, if there is just one.
    pub async fn undeployed_of(&self, who: UserId) -> Result<Option<ChangeNumber>, StoreError> {
        self.read(move |connection, workspace| register::undeployed_of(connection, workspace, &who))
            .await
    }

    // ---- captured messages --------------------------------------------------

    /// Returns the change of which a message is the request or the answer.
    pub async fn captured(
        &self,
        channel: ChannelId,
        ts: MessageTs,
    ) -> Result<Option<ChangeNumber>, StoreError> {
        self.asked_of(move |change| change.quote(&channel, &ts).is_some())
            .await
    }

    /// Returns the change that an emoji on this message authorized.
    pub async fn emoji_on(
        &self,
        channel: ChannelId,
        ts: MessageTs,
    ) -> Result<Option<ChangeNumber>, StoreError> {
        self.asked_of(move |change| {
            let evidence = change
                .authorization
                .as_ref()
                .and_then(|given| given.evidence.as_ref());
            matches!(
                evidence,
                Some(crate::domain::change::Evidence::Emoji { on, .. }) if on.is(&channel, &ts)
            )
        })
        .await
    }

    async fn asked_of(
        &self,
        is: impl Fn(&EmergencyChange) -> bool + Send + 'static,
    ) -> Result<Option<ChangeNumber>, StoreError> {
        Ok(self
            .open_changes(usize::MAX >> 1)
            .await?
            .into_iter()
            .find(|one| is(&one.change))
            .map(|one| one.change.number))
    }

    /// Returns the change whose card stands there.
    pub async fn card_at(
        &self,
        channel: ChannelId,
        ts: MessageTs,
    ) -> Result<Option<ChangeNumber>, StoreError> {
        for one in self.open_changes(usize::MAX >> 1).await? {
            let number = one.change.number;
            if self.card(number).await? == Some((channel.clone(), ts.clone())) {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// Returns the requests of a channel that wait for an answer, newest first.
    pub async fn asking_in(
        &self,
        channel: ChannelId,
        limit: usize,
    ) -> Result<Vec<Snapshot>, StoreError> {
        use crate::domain::change::Stage;
        let mut open = self.open_changes(limit).await?;
        open.retain(|one| {
            one.change.place.channel == channel
                && one.change.went_ahead.is_none()
                && matches!(one.change.stage, Stage::Requested | Stage::Denied)
        });
        Ok(open)
    }

    /// Settles what was overheard and came to nothing.
    pub async fn let_go(&self, gesture: Gesture, now: DateTime<Utc>) -> Result<(), StoreError> {
        let _ = now;
        self.write(Urgency::Later, move |connection, workspace| {
            inbox::settle(connection, workspace, &gesture, &Outcome::Answered, None)
        })
        .await
    }

    /// Settles what was overheard with an offer to record it.
    pub async fn make_offer(
        &self,
        gesture: Gesture,
        offer: NewOffer,
        texts: Vec<Text>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let _ = (gesture, offer, texts, now);
        Err(StoreError::Stopped)
    }

    /// Returns an offer with its words.
    pub async fn offer(
        &self,
        id: u64,
    ) -> Result<Option<(crate::domain::offer::Offer, Words)>, StoreError> {
        let _ = id;
        Err(StoreError::Stopped)
    }

    /// Settles an offer with *No, thanks*.
    pub async fn decline_offer(
        &self,
        gesture: Gesture,
        id: u64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let _ = (gesture, id, now);
        Err(StoreError::Stopped)
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

    /// Returns what a lane sends next, with all that rendering it needs.
    pub async fn parcel(
        &self,
        lane: String,
        now: DateTime<Utc>,
    ) -> Result<Option<Parcel>, StoreError> {
        self.read(move |connection, workspace| {
            let owed = outbox::next_of(connection, workspace, &lane, now)?;
            parcel(connection, workspace, owed)
        })
        .await
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

    /// Notes that a claimed message goes elsewhere than was meant, before it is
    /// sent there: if its fate becomes unknown, it is looked for there.
    pub async fn redirect(&self, leader: String, channel: ChannelId) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            outbox::redirect(connection, workspace, &leader, &channel)
        })
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
        self.read(move |connection, workspace| {
            outbox::doubtful(connection, workspace, now, grace, limit)
        })
        .await
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

    /// Checks that the log's leaves hash to its head, and that replaying each
    /// change yields its row in the register. Returns the number of records, or
    /// what is wrong first.
    pub async fn verify(&self) -> Result<Result<u64, String>, StoreError> {
        self.read(verify).await
    }
}

/// Which change a message is about.
fn change_of(kind: &Kind) -> Option<ChangeNumber> {
    match kind {
        Kind::Card { change }
        | Kind::Note { change, .. }
        | Kind::Reminder { change, .. }
        | Kind::Told { change, .. } => Some(*change),
        Kind::Reply { .. } => None,
    }
}

fn execute(
    connection: &Connection,
    workspace: &WorkspaceId,
    execution: &Execution,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(Outcome, Option<ChangeNumber>), StoreError> {
    if let Some(gesture) = &execution.gesture
        && let Some(known) = inbox::outcome(connection, workspace, &gesture.key)?
    {
        return Ok(known);
    }
    for person in &execution.met {
        people::meet(connection, workspace, person)?;
    }
    texts::keep(connection, workspace, &execution.texts)?;
    let (number, mut change) = match execution.target {
        Target::New => (register::next_number(connection, workspace)?, None),
        Target::Change(number) => match log::load(connection, workspace, number)? {
            Some((change, _)) => (number, Some(change)),
            None => {
                let refusal = Refusal::NoSuchChange(number);
                return conclude(connection, workspace, execution, Err(refusal), None, now);
            }
        },
    };
    let mut concluded = Ok(());
    for submission in &execution.submissions {
        let decided = match &change {
            None => declare(number, submission, rules.newest()),
            Some(change) => {
                let roster = roster(connection, workspace, rules);
                decide(change, submission, rules.of(change), &roster, now)
            }
        };
        match decided {
            Ok(recorded) => {
                let before = change.as_ref();
                let after = record(connection, workspace, number, before, &recorded, rules, now)?;
                change = Some(after);
            }
            Err(refusal) => {
                concluded = Err(refusal);
                break;
            }
        }
    }
    let number = change.map(|change| change.number);
    conclude(connection, workspace, execution, concluded, number, now)
}

/// Settles the gesture that a command came from; a refusal is owed as its reply.
fn conclude(
    connection: &Connection,
    workspace: &WorkspaceId,
    execution: &Execution,
    concluded: Result<(), Refusal>,
    number: Option<ChangeNumber>,
    now: DateTime<Utc>,
) -> Result<(Outcome, Option<ChangeNumber>), StoreError> {
    let outcome = match concluded {
        Ok(()) => Outcome::Done,
        Err(refusal) => Outcome::Refused(refusal.to_string()),
    };
    if let Some(gesture) = &execution.gesture {
        inbox::settle(connection, workspace, gesture, &outcome, number)?;
        if matches!(outcome, Outcome::Refused(_)) {
            outbox::owe_reply(connection, workspace, gesture, now)?;
        }
    }
    Ok((outcome, number))
}

/// Appends events, saves the state that they lead to, and owes their effects.
fn record(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    before: Option<&EmergencyChange>,
    recorded: &[Recorded],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<EmergencyChange, StoreError> {
    let mut log = log::Appender::begin(connection, workspace)?;
    let version = before.map_or(0, |change| change.version);
    log.append(number, version, recorded)?;
    log.save()?;
    let after = match before {
        None => EmergencyChange::replay(number, recorded)
            .ok_or(StoreError::Corrupt("a change's beginning"))?,
        Some(before) => {
            let mut change = before.clone();
            for one in recorded {
                change.apply(one);
            }
            change
        }
    };
    let roster = roster(connection, workspace, rules);
    let policy = rules.of(&after);
    register::save(connection, workspace, &after, policy, &roster, now)?;
    let owed = effects(before, &after, recorded, policy);
    outbox::owe_effects(connection, workspace, &after, &owed, &roster, now)?;
    Ok(after)
}

fn roster<'c>(connection: &'c Connection, workspace: &'c WorkspaceId, rules: &Rules) -> Roster<'c> {
    Roster {
        connection,
        workspace,
        house: rules.house(),
    }
}

fn tick(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let submission = Submission {
        actor: Actor::Clock,
        at: now,
        source: Source::Clock,
        command: Command::Tick,
    };
    carry_out(connection, workspace, number, &submission, rules, now)
}

fn by_the_bot(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    command: Command,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let submission = Submission {
        actor: Actor::Bot,
        at: now,
        source: Source::Clock,
        command,
    };
    carry_out(connection, workspace, number, &submission, rules, now)
}

/// Carries out a command that nobody waits for and no rule refuses.
fn carry_out(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    submission: &Submission,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (change, _) = log::load(connection, workspace, number)?
        .ok_or(StoreError::Corrupt("a change that is due"))?;
    let roster = roster(connection, workspace, rules);
    let recorded = decide(&change, submission, rules.of(&change), &roster, now)
        .map_err(|_| StoreError::Corrupt("the rules' answer to the clock"))?;
    record(
        connection,
        workspace,
        number,
        Some(&change),
        &recorded,
        rules,
        now,
    )?;
    Ok(())
}

fn snapshot(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
) -> Result<Option<Snapshot>, StoreError> {
    let Some((change, history)) = log::load(connection, workspace, number)? else {
        return Ok(None);
    };
    let words = texts::words(connection, workspace, change.commitments())?;
    Ok(Some(Snapshot {
        change,
        history,
        words,
    }))
}

fn parcel(
    connection: &Connection,
    workspace: &WorkspaceId,
    owed: Vec<Owed>,
) -> Result<Option<Parcel>, StoreError> {
    let Some(leader) = owed.first().cloned() else {
        return Ok(None);
    };
    let mut changes = BTreeMap::new();
    for number in owed.iter().filter_map(|one| change_of(&one.kind)) {
        if let Some(snapshot) = snapshot(connection, workspace, number)? {
            changes.insert(number, snapshot);
        }
    }
    let mut answer = None;
    if let Kind::Reply { gesture: key } = &leader.kind {
        let gesture = inbox::find(connection, workspace, key)?;
        let outcome = inbox::outcome(connection, workspace, key)?;
        if let (Some(gesture), Some((outcome, change))) = (gesture, outcome) {
            let words = texts::words(connection, workspace, gesture.commitments())?;
            if let Some(number) = change
                && let Some(snapshot) = snapshot(connection, workspace, number)?
            {
                changes.insert(number, snapshot);
            }
            answer = Some(Answered {
                gesture,
                outcome,
                words,
            });
        }
    }
    let card = match change_of(&leader.kind) {
        Some(number) => outbox::card(connection, workspace, number)?,
        None => None,
    };
    let direct = match &leader.kind {
        Kind::Reminder { person, .. } | Kind::Told { person, .. } => {
            people::direct(connection, workspace, person)?
        }
        Kind::Card { .. } | Kind::Note { .. } | Kind::Reply { .. } => None,
    };
    Ok(Some(Parcel {
        owed,
        changes,
        answer,
        card,
        direct,
    }))
}

fn verify(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Result<u64, String>, StoreError> {
    let n_records = match log::check(connection, workspace)? {
        Ok(n_records) => n_records,
        Err(fault) => return Ok(Err(fault)),
    };
    for (number, version, stage) in register::rows(connection, workspace)? {
        let folded = log::load(connection, workspace, number)?;
        let fits = folded
            .is_some_and(|(change, _)| change.version == version && change.stage.name() == stage);
        if !fits {
            return Ok(Err(format!("{number} isn't what its records say")));
        }
    }
    Ok(Ok(n_records))
}

#[cfg(test)]
mod tests;
