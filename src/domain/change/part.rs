//! What a change is made of: acts, evidence, deployments, decisions.

use chrono::{DateTime, Utc};

use super::{Handover, Method, NotGenuine, Remedy, Source, Strength};
use crate::domain::authorization::Ground;
use crate::domain::id::{ChannelId, MessageTs, Permalink, UserId};
use crate::domain::policy::Party;
use crate::domain::text::Commitment;
use crate::domain::ticket::{ContentHash, Field};

/// To whom something passed that was owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// Who owed it.
    pub from: Option<Party>,
    /// Who owes it.
    pub to: Party,
    /// Why.
    pub why: Handover,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// A person in Slack.
    Person(UserId),
    /// Time passed.
    Clock,
    /// The bot's own doing, such as a delivery.
    Bot,
}

/// Where a change was declared, and its words verbatim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The conversation.
    pub channel: ChannelId,
    /// The thread in it, if it was said in one.
    pub thread: Option<MessageTs>,
}

/// A message in Slack, by its name there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageRef {
    /// The conversation.
    pub channel: ChannelId,
    /// Its timestamp, which names it there.
    pub ts: MessageTs,
    /// The thread that it stands in.
    pub thread: Option<MessageTs>,
    /// Its address; nothing where Slack gives none.
    pub permalink: Option<Permalink>,
}

impl MessageRef {
    /// Whether both name the same message.
    pub fn is(&self, channel: &ChannelId, ts: &MessageTs) -> bool {
        self.channel == *channel && self.ts == *ts
    }
}

/// By what an answer can be seen in Slack. The press of a button on the card
/// leaves nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// Words in a message.
    Words {
        /// What it said, verbatim.
        text: Commitment,
        /// Where it stands.
        message: MessageRef,
    },
    /// An emoji on a message.
    Emoji {
        /// Its name, without colons.
        name: String,
        /// The message.
        on: MessageRef,
    },
    /// Somebody else's account of what was said by word of mouth.
    Account {
        /// The account.
        text: Commitment,
    },
}

/// That what was said before was put on record by somebody, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Who put it on record.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

/// A captured message with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// Where it stands.
    pub message: MessageRef,
    /// Who wrote it.
    pub by: UserId,
    /// What it said when it was captured.
    pub captured: Commitment,
    /// What it said last.
    pub stands: Commitment,
    /// Whether it was deleted since.
    pub is_deleted: bool,
}

/// What happened to a message after it was captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alteration {
    /// Its author changed the words.
    Edited {
        /// The new ones.
        text: Commitment,
    },
    /// It was taken away.
    Deleted,
    /// The emoji was taken away.
    ReactionRemoved,
}

/// Something that happened to a captured message, and what was captured stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Altered {
    /// Which message.
    pub message: MessageRef,
    /// What.
    pub alteration: Alteration,
    /// When.
    pub at: DateTime<Utc>,
}

/// An emoji by which somebody answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reacted {
    /// The message that it stands on.
    pub on: MessageRef,
    /// Its name, without colons.
    pub name: String,
    /// Who put it there.
    pub by: UserId,
    /// Whether they took it away since.
    pub is_removed: bool,
}

/// That the time of a deployment was put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The time that stood.
    pub from: DateTime<Utc>,
    /// The time that was put in its place.
    pub to: DateTime<Utc>,
    /// Who put it right.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: Commitment,
}

/// A reason that isn't one of a genuine emergency, as stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedReason {
    /// Which of those the guide names.
    pub reason: NotGenuine,
    /// In the person's own words.
    pub text: Option<Commitment>,
    /// Who stated it.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Permission to act, and the record of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Who gave it.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
    /// How.
    pub method: Method,
    /// What that proves.
    pub strength: Strength,
    /// Why they had the authority.
    pub ground: Ground,
    /// By what it can be seen.
    pub evidence: Option<Evidence>,
    /// Who says so and since when, if it was given by word of mouth.
    pub attested: Option<ActOf>,
    /// When the one who is said to have given it confirmed that.
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// Somebody's act at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActOf {
    /// Who.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

/// The incident's commander, as far as known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commander {
    /// Who commands.
    pub who: UserId,
    /// When they authorized the change, if they did.
    pub authorized_at: Option<DateTime<Utc>>,
}

/// One deployment under the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// When it went into production.
    pub at: DateTime<Utc>,
    /// How that is known.
    pub known_from: Source,
    /// Who implemented it.
    pub by: UserId,
    /// When we learned of it.
    pub recorded_at: DateTime<Utc>,
}

/// Words about something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its words.
    pub text: Commitment,
    /// Who wrote it last.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

/// A retrospective approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Who approved.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
    /// Exactly what.
    pub content: ContentHash,
    /// What they ask for beside it.
    pub conditions: Option<Commitment>,
    /// Whether they hold it for a genuine emergency; nothing: nobody asked yet.
    pub genuine: Option<Genuineness>,
    /// The fields that said too little, and that they approved all the same.
    pub despite: Vec<Field>,
}

/// What somebody who decided says of whether it was a genuine emergency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genuineness {
    /// Whether it was.
    pub is_genuine: bool,
    /// Why.
    pub words: Option<Commitment>,
}

/// The compliance lead's word on that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenuinenessReview {
    /// Who gave it.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
    /// What they say.
    pub genuine: Genuineness,
}

/// A review beside the approver's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// Who reviewed.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
    /// Exactly what.
    pub content: ContentHash,
    /// What they say of it.
    pub words: Option<Commitment>,
}

/// That a team meeting reviewed the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// Who says so.
    pub by: UserId,
    /// When they said so.
    pub at: DateTime<Utc>,
    /// When it was held.
    pub held_at: DateTime<Utc>,
    /// Where its minutes are.
    pub minutes: Option<Commitment>,
    /// Which improvements of the process it found.
    pub improvements: Option<Commitment>,
}

/// Something that is to be done after the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    /// What.
    pub what: Commitment,
    /// Who does it.
    pub owner: UserId,
    /// By when.
    pub due_at: DateTime<Utc>,
    /// Who wrote it down, and when.
    pub added: ActOf,
    /// That it was done.
    pub done: Option<Done>,
}

/// That somebody did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Who.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
    /// How.
    pub how: Option<Commitment>,
}

/// A retrospective rejection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Who rejected.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: Commitment,
    /// How it is to be put right; nothing: before that could be said.
    pub remedy: Option<Remedy>,
    /// By whom; nothing: by whoever implemented it.
    pub owner: Option<UserId>,
    /// By when; nothing: within the policy's time.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether they hold it for a genuine emergency; nothing: nobody asked yet.
    pub genuine: Option<Genuineness>,
}

/// An exception as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionState {
    /// When it was recorded.
    pub at: DateTime<Utc>,
    /// Whether that was after the change was closed, which thus didn't wait for
    /// its answer.
    pub is_after_closing: bool,
    /// Its answer.
    pub answer: Option<ExceptionAnswer>,
}

/// The answer to an exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionAnswer {
    /// Who answered.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
    /// Why it came to that.
    pub cause: Commitment,
    /// What is done about it.
    pub remedy: Commitment,
    /// Who does it.
    pub owner: UserId,
}
