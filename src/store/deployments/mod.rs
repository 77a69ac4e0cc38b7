//! Production changes as sources tell of them, and what the rate is made of.
//!
//! Tellings are appended and never altered. What is derived of them (which are of
//! one change, whether it counts, to which emergency it belongs) is kept beside them
//! as they come. Which hang together and what counts doesn't depend on the order in
//! which they come; where two emergencies lay claim to one, the first found stands.

mod asking;
mod belong;
mod count;
mod fit;
mod frozen;
mod group;
mod hearing;
mod left_out;
mod named;
mod names;
mod near;
mod population;
mod question;
mod reading;
mod row;
mod take;
mod unrecorded;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::writer::Urgency;
use super::{Rules, Store, StoreError};
use crate::domain::change::{Criterion, NotGenuine, Stage};
use crate::domain::deployment::{ChangeKind, Deployment, Doubt, Explanation, Mark, SourceName};
use crate::domain::id::{ChangeNumber, ChannelId, UserId};
use crate::domain::policy::Counting;
use crate::domain::text::Text;

pub(super) use asking::next_at as next_question_at;
pub(super) use belong::learn;
#[cfg(test)]
pub(super) use belong::{OF_NUMBER, answers, members};
#[cfg(test)]
pub(super) use count::COUNTED;
pub(super) use count::{counted, emergencies, emergency};
pub(super) use fit::check;
#[cfg(test)]
pub(super) use frozen::SINCE;
pub(super) use frozen::{
    between as frozen_weeks, correct, corrections, freeze, reported_size, since, told_in,
    told_since,
};
pub(super) use hearing::{between as hearings, last_heard};
pub use left_out::LeftOut;
pub(super) use left_out::left_out;
pub(super) use named::learn_all;
#[cfg(test)]
pub(super) use named::{OF_COMMIT, OF_LINK};
#[cfg(test)]
pub(super) use near::NEAR;
pub(super) use near::look_around;
pub use population::{CountedChange, Place, Telling};
pub(super) use population::{counted_changes, first_intake_of, is_told_since, telling_hashes};
pub(super) use question::{next_at, question, unexplained};
pub(super) use reading::readings;
pub use reading::{READ_WITHIN, ReadTo, Reading};
#[cfg(test)]
pub(super) use take::{IS_ANY_SHORT, NEXT_BEGINNING};
#[cfg(test)]
pub(super) use unrecorded::AFTERWARDS;
pub(super) use unrecorded::weigh;

/// How long nobody is asked about a change that looks like an undeclared emergency:
/// its review may be told of later than the push.
pub const SETTLED_AFTER: TimeDelta = TimeDelta::minutes(10);

/// How long after its request an emergency is taken for being worked on.
pub const OPEN_FOR: TimeDelta = TimeDelta::hours(24);

/// How old a change may be for somebody to be asked about it. Whoever imports the
/// last three years doesn't want to be asked about them.
pub const ASKED_WITHIN: TimeDelta = TimeDelta::days(30);

/// How many tellings may be taken in before those that somebody waits for: more are
/// a list, and have time.
const FEW: usize = 20;

/// What a source told at once: the body of a webhook, a page of a poll, some lines of
/// a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    /// By which door it came.
    pub source: SourceName,
    /// What the source calls the delivery; a known one changes nothing.
    pub delivery: Option<String>,
    /// The changes, each with its own source.
    pub told: Vec<Deployment>,
    /// Whether somebody handed it in: a list says nothing of whether its sources
    /// speak.
    pub is_list: bool,
    /// How many events were of no kind that is known.
    pub n_unknown: u64,
    /// How many were refused.
    pub n_refused: u64,
    /// Whose the e-mail addresses are, as far as Slack was asked.
    pub authors: BTreeMap<String, UserId>,
    /// How far a polled source is read then.
    pub read_to: Option<ReadTo>,
}

impl Intake {
    /// What a source told, and nothing else.
    pub fn new(source: SourceName, told: Vec<Deployment>) -> Self {
        Self {
            source,
            delivery: None,
            told,
            is_list: false,
            n_unknown: 0,
            n_refused: 0,
            authors: BTreeMap::new(),
            read_to: None,
        }
    }
}

/// What became of one telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenIn {
    /// Because of it, one more change counts.
    Counted,
    /// It adds facts: its source's rule doesn't count it, or the change counts
    /// already.
    NotCounted,
    /// It was told before, fact for fact.
    Duplicate,
    /// It is of an emergency change of the register, which counts there.
    Belongs(ChangeNumber),
}

/// A name, and the place that stands for it in this database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'a> {
    /// A small number: as good as the name, within one call.
    pub place: usize,
    /// The name.
    pub name: &'a str,
}

/// A change that counts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted<'a> {
    /// When it went to production.
    pub at: DateTime<Utc>,
    /// What kind they say it is.
    pub kind: ChangeKind,
    /// The system that was changed, if anybody said.
    pub system: Option<Name<'a>>,
    /// Who told of it first.
    pub source: Name<'a>,
}

/// An emergency change that went to production.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emergency {
    /// Its number.
    pub number: ChangeNumber,
    /// Where it stands.
    pub stage: Stage,
    /// Where it was declared: what may be said of it elsewhere depends on that.
    pub channel: ChannelId,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it was authorized, if it is.
    pub authorized_at: Option<DateTime<Utc>>,
    /// When it went to production.
    pub deployed_at: DateTime<Utc>,
    /// When its ticket was complete for the first time.
    pub documented_at: Option<DateTime<Utc>>,
    /// When it was approved, while that stands.
    pub approved_at: Option<DateTime<Utc>>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// When its ticket is or was due.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether that was kept; nothing: it isn't due yet.
    pub documented_in_time: Option<bool>,
    /// Which kind of emergency it was.
    pub criterion: Option<Criterion>,
    /// Its category.
    pub category: Option<String>,
    /// Its systems.
    pub systems: Vec<String>,
    /// Whether those who decided hold it for a genuine emergency, the compliance
    /// lead's word before the approver's; nothing: nobody has said.
    pub is_genuine: Option<bool>,
    /// The reason that was stated in place of a kind of emergency.
    pub stated_reason: Option<NotGenuine>,
    /// How many controls were not met.
    pub n_exceptions: usize,
}

/// What was heard from a source on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hearing {
    /// The source.
    pub source: SourceName,
    /// The day, in UTC.
    pub day: NaiveDate,
    /// How many changes it told of.
    pub n_told: u64,
    /// How many of them it had told of before.
    pub n_duplicate: u64,
    /// How many events were of no known kind.
    pub n_unknown: u64,
    /// How many were refused.
    pub n_refused: u64,
    /// When it was heard last on that day.
    pub last_at: DateTime<Utc>,
    /// When it last told of a change by itself, or was looked through without a new
    /// one; nothing where only a list names it, or nothing could be read.
    pub spoke_at: Option<DateTime<Utc>>,
}

/// A question about a change that a source told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its name.
    pub id: u64,
    /// What is asked.
    pub doubt: Doubt,
    /// The emergency change that it is about, or that was declared.
    pub change: Option<ChangeNumber>,
    /// What made the change look so.
    pub marks: BTreeSet<Mark>,
    /// Since when it is a question.
    pub made_at: DateTime<Utc>,
    /// Who was asked, and when.
    pub asked: Option<(UserId, DateTime<Utc>)>,
    /// The answer, who gave it, and when.
    pub answered: Option<(Explanation, UserId, DateTime<Utc>)>,
    /// How often whoever is asked was asked.
    pub n_asked: u8,
    /// Whose word it is to be that the change was a normal one, and who named them.
    pub second: Option<(UserId, UserId)>,
    /// Whether there is something to ask still.
    pub stands: bool,
    /// Whether anybody says that it was deployed; else it is only known to have gone to
    /// the deployed branch.
    pub is_deployed: bool,
    /// The emergency change of the register to which the change belongs by now.
    pub belongs_to: Option<ChangeNumber>,
    /// What is known of the change by all who told of it.
    pub told: Option<Deployment>,
}

/// An answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What is answered.
    pub answer: Explanation,
    /// The emergency change that was declared, with [`Explanation::Declared`].
    pub change: Option<ChangeNumber>,
    /// The review's link or a second person's word.
    pub proof: Option<Text>,
    /// Who answers.
    pub by: UserId,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explained {
    /// It is on record now.
    Now,
    /// Somebody had answered before, and that stands.
    Before(Explanation, UserId),
    /// It is no answer to such a question.
    Unfit,
}

/// A week that was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenWeek {
    /// Its beginning.
    pub from: DateTime<Utc>,
    /// Its end.
    pub to: DateTime<Utc>,
    /// The zone of the policy by which it is one.
    pub zone: String,
    /// Its figures, as whoever reported them wrote them.
    pub figures: Vec<u8>,
    /// When it was reported.
    pub reported_at: DateTime<Utc>,
    /// What the log held when it was counted.
    pub log_size: u64,
    /// Whether a report of its own tells of it.
    pub is_posted: bool,
}

/// What a report puts right of a week that was reported before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The beginning of the week that is put right.
    pub from: DateTime<Utc>,
    /// Its end.
    pub to: DateTime<Utc>,
    /// Where the week begins whose report tells of it.
    pub told_in: DateTime<Utc>,
    /// Its figures as they are known then, as whoever reports them writes them.
    pub figures: Vec<u8>,
    /// What differs and why, likewise.
    pub reason: Vec<u8>,
    /// When that is.
    pub told_at: DateTime<Utc>,
}

/// A telling that came since the log had a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToldSince {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// When its change counts by itself, and as what, if nobody told of that before.
    pub counted: Option<(DateTime<Utc>, ChangeKind)>,
    /// What the log held when it came.
    pub log_size: u64,
}

/// What came into the log since it had a size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Since {
    /// When things happened of which more is known.
    pub at: BTreeSet<DateTime<Utc>>,
    /// Whether another policy was adopted, which may count otherwise.
    pub is_policy_new: bool,
}

impl Store {
    /// Takes in what a source told, in one transaction: durable when it returns.
    /// Says of each telling in turn what became of it.
    pub async fn take_in(
        &self,
        mut intake: Intake,
        counting: Arc<Counting>,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<Vec<TakenIn>, StoreError> {
        let told = std::mem::take(&mut intake.told);
        let urgency = if told.len() <= FEW {
            Urgency::Now
        } else {
            Urgency::Later
        };
        // Hashing is done here, and not by the one thread that writes.
        let told: Vec<row::Prepared> = told.into_iter().map(row::Prepared::new).collect();
        self.write(urgency, move |connection, workspace| {
            take::take(
                connection, workspace, &intake, &told, &counting, &rules, now,
            )
        })
        .await
    }

    /// Folds the changes that count in a window, in order of time, without keeping
    /// them: `from` is in it, `to` isn't.
    pub async fn counted<T, F>(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        mut into: T,
        mut fold: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut T, Counted<'_>) + Send + 'static,
    {
        self.read(move |connection, workspace| {
            count::counted(connection, workspace, from, to, |one| fold(&mut into, one))?;
            Ok(into)
        })
        .await
    }

    /// Returns the emergencies that went to production in a window, in order of time.
    /// Rehearsals and second records are left out.
    pub async fn emergencies_between(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Emergency>, StoreError> {
        self.read(move |connection, workspace| {
            count::emergencies(connection, workspace, from, to, now)
        })
        .await
    }

    /// Returns from whom something was heard on the days (UTC) that a window touches,
    /// by source and day.
    pub async fn hearings(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<Hearing>, StoreError> {
        self.read(move |connection, workspace| hearing::between(connection, workspace, from, to))
            .await
    }

    /// Returns when each source was heard from last, up to the day of an instant.
    pub async fn last_heard(
        &self,
        until: DateTime<Utc>,
    ) -> Result<BTreeMap<SourceName, DateTime<Utc>>, StoreError> {
        self.read(move |connection, workspace| hearing::last_heard(connection, workspace, until))
            .await
    }

    /// Makes questions of the changes that still look like undeclared emergencies
    /// when all may be told of them. Returns how many changes it looked at.
    pub async fn sweep_deployments(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let next = self.read(next_at).await?;
        if next.is_none_or(|next| next > now) {
            return Ok(0);
        }
        self.write(Urgency::Later, move |connection, workspace| {
            question::sweep(connection, workspace, now)
        })
        .await
    }

    /// Returns the questions that nobody was asked yet and that still make sense,
    /// oldest first.
    pub async fn unasked(&self, limit: usize) -> Result<Vec<Question>, StoreError> {
        self.read(move |connection, workspace| question::unasked(connection, workspace, limit))
            .await
    }

    /// Notes who was asked a question.
    pub async fn asked(&self, id: u64, of: UserId, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            question::asked(connection, workspace, id, &of, now)
        })
        .await
    }

    /// Returns a question with what is known of its change.
    pub async fn question(&self, id: u64) -> Result<Option<Question>, StoreError> {
        self.read(move |connection, workspace| question::question(connection, workspace, id))
            .await
    }

    /// Puts an answer on record, and does what follows from it. The first stands.
    pub async fn answer_question(
        &self,
        id: u64,
        reply: Reply,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<Explained, StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            question::answer(connection, workspace, id, &reply, &rules, now)
        })
        .await
    }

    /// Returns the questions without an answer about changes of a window, in order of
    /// time.
    pub async fn unexplained(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<Question>, StoreError> {
        self.read(move |connection, workspace| {
            question::unexplained(connection, workspace, from, to)
        })
        .await
    }

    /// Returns the frozen weeks that begin in a time, the first first.
    pub async fn frozen_weeks(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<FrozenWeek>, StoreError> {
        self.read(move |connection, workspace| frozen::between(connection, workspace, from, to))
            .await
    }
}
