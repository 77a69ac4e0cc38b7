//! One change as the pack shows it, in plain data: what `record.json` holds, and
//! what the papers are made from.
//!
//! The form is versioned and described by `record.schema.json` beside this file.
//! Instants are UTC (RFC 3339); enumerations bear the names that the log has for
//! them, each with its words. What people wrote stands with the commitment that
//! stands for it in the log; what was redacted says so, by whom, when and why.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::change::Actor;

mod afterwards;
mod fill;
mod normal;
mod permit;
#[cfg(test)]
pub(in crate::evidence) mod tests;
mod ticket;
mod told;
mod words;

pub use afterwards::{
    Answer, Decision, Exception, FollowUp, Genuineness, Meeting, Obligation, Review, TakenBack,
    Written,
};
pub use fill::{Sources, Words as Found, removed_by};
pub use normal::{NormalRecord, Telling, Told};
pub(super) use told::{apart, short, utc};
pub(super) use words::{capitalised, happening, mark, span};

/// The form of an emergency change's record.
pub const FORM: &str = "breakglass-record";

/// The form of a normal change's record.
pub const NORMAL_FORM: &str = "breakglass-normal-record";

/// The version of both forms: it rises when a reader of the old one would be misled.
pub const VERSION: u32 = 1;

/// The JSON Schema of `record.json`, of both forms.
pub const SCHEMA: &str = include_str!("record.schema.json");

/// Everything of one emergency change that the pack shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Always [`FORM`].
    pub form: String,
    /// Always [`VERSION`].
    pub version: u32,
    /// Whose log it stands in.
    pub workspace: String,
    /// As of when it is told: the checkpoint's time.
    pub as_of: DateTime<Utc>,
    /// Its number, such as `CHG-1042`.
    pub number: String,
    /// Whether it rehearses an emergency, and counts nowhere.
    pub drill: bool,
    /// The first change of which this is a second record.
    pub duplicate_of: Option<String>,
    /// Where it stands.
    pub stage: Named,
    /// The version of the policy under which it was declared.
    pub policy: u32,
    /// What is changed.
    pub what: Words,
    /// How it was asked for.
    pub request: Request,
    /// Which of the five kinds of emergency it was.
    pub criterion: Option<Named>,
    /// The reason that was stated instead of one.
    pub stated_reason: Option<StatedReason>,
    /// The permission that stands.
    pub authorization: Option<Permission>,
    /// How long before the first deployment it came, in seconds; negative: after it.
    pub authorized_ahead_by_seconds: Option<i64>,
    /// Every permission and refusal that was given, in order.
    pub permissions: Vec<Permission>,
    /// Who commanded the incident.
    pub commander: Option<Commander>,
    /// Who had a part in it, in what capacities.
    pub people: Vec<Part>,
    /// Whether segregation of duties was kept, rule by rule.
    pub segregation: Vec<Duties>,
    /// The deployments, in the order in which they became known.
    pub deployments: Vec<Deployed>,
    /// The times of deployments that were put right.
    pub corrections: Vec<Correction>,
    /// The ticket's fields, all of them, in the order of the ticket.
    pub ticket: Vec<Entry>,
    /// When the ticket was opened.
    pub ticket_opened_at: Option<DateTime<Utc>>,
    /// When it is due.
    pub ticket_due_at: Option<DateTime<Utc>>,
    /// When it was complete first.
    pub documented_at: Option<DateTime<Utc>>,
    /// What was attached, in order.
    pub attachments: Vec<Attachment>,
    /// SHA-256 over the ticket as it stands: what an approval is bound to.
    pub content_hash: String,
    /// The decision afterwards, while it stands.
    pub decision: Option<Decision>,
    /// When approvals were taken back, and by what.
    pub taken_back: Vec<TakenBack>,
    /// The reviews beside the decision.
    pub reviews: Vec<Review>,
    /// The compliance lead's word on whether it was a genuine emergency.
    pub genuineness: Option<Genuineness>,
    /// The review in a team meeting.
    pub meeting: Option<Meeting>,
    /// The permanent fix of what was temporary.
    pub permanent_fix: Option<Written>,
    /// How a rejected change was put right.
    pub remediation: Option<Written>,
    /// What is to be done after it.
    pub follow_ups: Vec<FollowUp>,
    /// What is or was owed, until when, and when it was done.
    pub obligations: Vec<Obligation>,
    /// The controls that were not met, with their answers.
    pub exceptions: Vec<Exception>,
    /// The captured messages.
    pub quotes: Vec<Quote>,
    /// What happened to them since.
    pub alterations: Vec<Alteration>,
    /// Each reminder, and what became of it.
    pub chase: Vec<Reminder>,
    /// The texts that were taken out of the record.
    pub redactions: Vec<Redaction>,
    /// Every event, in order.
    pub timeline: Vec<Event>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
}

/// The name of something in the log, and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Its name, which never changes.
    pub name: String,
    /// What it means, for people.
    pub words: String,
}

/// What somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// SHA-256 over salt and text: what stands for it in the log.
    pub commitment: String,
    /// The text, verbatim; nothing if it isn't there any more.
    pub text: Option<String>,
    /// The 32 random bytes before it, with which anybody can hash it again; they went
    /// with the text.
    pub salt: Option<String>,
    /// That it was taken out.
    pub redacted: Option<Removed>,
}

/// That a text was taken out of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Person,
    /// Why; nothing if that was taken out, too.
    pub why: Option<String>,
}

impl Removed {
    /// What that is called: a person redacts, and the rule only removes.
    pub fn word(&self) -> &'static str {
        match removed_by(&self.by.id) {
            Actor::Person(_) => "redacted",
            Actor::Clock | Actor::Bot => "removed",
        }
    }
}

/// Somebody, as Slack knows them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Person {
    /// Their id.
    pub id: String,
    /// Their name, where it is known.
    pub name: Option<String>,
}

/// Who did or owes something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Who {
    /// A person.
    Person(Person),
    /// Whoever is in a group.
    Group(Person),
    /// Time passed.
    Clock,
    /// The bot's own doing.
    Bot,
}

/// A message in Slack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The conversation's id.
    pub channel: String,
    /// Its name, where it is known.
    pub channel_name: Option<String>,
    /// The message's name there.
    pub ts: String,
    /// Its address.
    pub permalink: Option<String>,
}

/// Somebody's act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Who.
    pub by: Person,
    /// When.
    pub at: DateTime<Utc>,
}

/// How a change was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// By whom.
    pub by: Person,
    /// When.
    pub at: DateTime<Utc>,
    /// The line as it was typed.
    pub verbatim: Words,
    /// The conversation's id.
    pub channel: String,
    /// Its name, where it is known.
    pub channel_name: Option<String>,
    /// The message; nothing: it was a command or a form.
    pub message: Option<Message>,
    /// Who put it on record later, and when.
    pub captured: Option<Act>,
    /// Who was asked to authorize, in order.
    pub asked: Vec<Who>,
}

/// A reason that is none of the five of a genuine emergency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatedReason {
    /// Which.
    pub reason: Named,
    /// In their own words.
    pub text: Option<Words>,
    /// Who stated it, and when.
    pub act: Act,
}

/// A permission or a refusal, with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// What kind of act it was.
    pub act: Named,
    /// By whom.
    pub by: Person,
    /// When.
    pub at: DateTime<Utc>,
    /// Where that instant comes from.
    pub source: Named,
    /// How.
    pub method: Option<Named>,
    /// What that proves.
    pub strength: Option<Named>,
    /// Why they had the authority.
    pub ground: Option<Named>,
    /// By what it can be seen.
    pub evidence: Option<Evidence>,
    /// Who says so, and since when, if it was given by word of mouth.
    pub attested: Option<Act>,
    /// When whoever is said to have given it confirmed that.
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// By what an answer can be seen in Slack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Evidence {
    /// Words in a message.
    Words {
        /// What it said, verbatim.
        text: Words,
        /// Where it stands.
        message: Message,
    },
    /// An emoji on a message.
    Emoji {
        /// Its name, without colons.
        name: String,
        /// The message.
        message: Message,
    },
    /// Somebody else's account of what was said by word of mouth.
    Account {
        /// The account.
        text: Words,
    },
}

/// The incident's commander.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commander {
    /// Who.
    pub person: Person,
    /// When they authorized the change.
    pub authorized_at: Option<DateTime<Utc>>,
}

/// Somebody with what they were to the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Who.
    pub person: Person,
    /// Their capacities.
    pub capacities: Vec<Named>,
}

/// A rule of segregation of duties, and whether it was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duties {
    /// The rule in words.
    pub rule: String,
    /// How it stands: `kept`; `not_kept`; `allowed`, where it isn't so and the procedure
    /// allows that; `open`, while nobody did what it speaks of.
    pub standing: Named,
    /// By what that is known.
    pub because: String,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// When it went into production.
    pub at: DateTime<Utc>,
    /// How that is known.
    pub known_from: Named,
    /// Who implemented it.
    pub by: Person,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
}

/// That a time was put right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// The time that stood.
    pub from: DateTime<Utc>,
    /// The time that took its place.
    pub to: DateTime<Utc>,
    /// Who put it right, and when.
    pub act: Act,
    /// Why.
    pub reason: Words,
}

/// A field of the ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which, with its label.
    pub field: Named,
    /// The part of the ticket in which it stands.
    pub part: Named,
    /// Whether the bot keeps it as it happens: it then stands elsewhere in this
    /// record, and has no value here.
    pub is_recorded: bool,
    /// Whether this ticket can't be complete without it.
    pub is_required: bool,
    /// What it says; nothing: nobody wrote it.
    pub value: Option<Value>,
    /// Who put it there last.
    pub by: Option<Who>,
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// How it is known.
    pub known: Option<Named>,
    /// Why it says too little, by its words alone.
    pub vague: Option<Named>,
}

/// What stands in a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Value {
    /// Words.
    Words(Words),
    /// One of its choices.
    Choice(Named),
    /// Addresses, one a line.
    Links(Words),
    /// Somebody.
    Person(Person),
    /// A point in time.
    Instant {
        /// Which.
        at: DateTime<Utc>,
    },
    /// Systems.
    Systems {
        /// Their names.
        names: Vec<String>,
    },
}

/// Something attached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The file's name, or the address.
    pub name: Words,
    /// What it is.
    pub kind: Named,
    /// SHA-256 of its bytes, if they are kept.
    pub sha256: Option<String>,
    /// How many there are.
    pub n_bytes: Option<u64>,
    /// Why they aren't kept.
    pub not_kept_because: Option<Named>,
    /// The message that shared it.
    pub message: Message,
    /// Who shared it, and when.
    pub act: Act,
    /// Whether it came after the approval that stands, which doesn't speak of it.
    pub is_after_approval: bool,
}

/// A captured message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Where it stands.
    pub message: Message,
    /// Who wrote it.
    pub by: Person,
    /// What it said when it was captured.
    pub captured: Words,
    /// What it said last.
    pub stands: Words,
    /// Whether it was deleted since.
    pub is_deleted: bool,
}

/// What happened to a captured message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alteration {
    /// What.
    pub alteration: Named,
    /// Which message.
    pub message: Message,
    /// When.
    pub at: DateTime<Utc>,
}

/// A reminder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminder {
    /// When it fell due.
    pub at: DateTime<Utc>,
    /// Of what.
    pub duty: Named,
    /// Who was reminded.
    pub owner: Option<Who>,
    /// By when it was due.
    pub due_at: Option<DateTime<Utc>>,
    /// On which rung of the ladder.
    pub rung: Named,
    /// What became of the message.
    pub delivery: Named,
    /// When.
    pub delivered_at: Option<DateTime<Utc>>,
    /// What came of it, in words.
    pub answer: Option<String>,
}

/// A text that was taken out of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    /// What stands for it in the log.
    pub commitment: String,
    /// What it was to the record.
    pub passage: String,
    /// By whom, when and why.
    pub removed: Removed,
}

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The how-manieth of the change it is, from 1.
    pub n: u64,
    /// At which leaf of the log it stands, from 0, where that was told.
    pub leaf: Option<u64>,
    /// When.
    pub at: DateTime<Utc>,
    /// Where that instant comes from.
    pub source: Named,
    /// Who.
    pub actor: Who,
    /// What, with a sentence that tells it.
    pub event: Named,
    /// What was written, each with what it is to the event.
    pub texts: Vec<Passage>,
}

impl Event {
    /// Whether it says no more than that Slack took a message of the bot's.
    pub fn is_receipt(&self) -> bool {
        self.event.name == "delivered"
    }
}

/// What was written, and what it is to the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// What it is.
    pub label: String,
    /// The words.
    pub words: Words,
}
