//! What can happen to a change: the facts of its record.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ActOf, Actor, Attached, Capture, Criterion, Evidence, Exception, Genuineness, Handover,
    MessageRef, Method, NotGenuine, Place, Remedy, Review, Source, Strength,
};
use crate::domain::authorization::Ground;
use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId};
use crate::domain::obligation::{Duty, Rung};
use crate::domain::policy::{Party, PolicyVersion};
use crate::domain::text::Commitment;
use crate::domain::ticket::{ContentHash, Field, Section, Vague, Value};

/// What happened. Appended to the log, and never altered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An emergency change was asked for.
    Requested {
        /// What is to be changed.
        what: Commitment,
        /// The whole line as typed.
        verbatim: Commitment,
        /// Who was asked.
        asked: Vec<Party>,
        /// Where.
        place: Place,
        /// The policy in force.
        policy: PolicyVersion,
        /// The message in which it was asked for; nothing: a command or a form.
        said: Option<MessageRef>,
        /// Who put it on record, if that was later than it was said.
        captured: Option<Capture>,
        /// Whether it is a rehearsal.
        drill: bool,
        /// How long after the deployment the ticket is due; nothing: a day.
        documented_within: Option<TimeDelta>,
    },
    /// Somebody said which kind of emergency it is.
    CriterionStated {
        /// The kind.
        criterion: Criterion,
    },
    /// Somebody else was asked.
    AskedAnew {
        /// Who.
        asked: Vec<Party>,
    },
    /// It was permitted.
    Authorized {
        /// By whom.
        by: UserId,
        /// How.
        method: Method,
        /// What that proves.
        strength: Strength,
        /// Why they had the authority.
        ground: Ground,
        /// By what it can be seen.
        evidence: Option<Evidence>,
        /// Who says so and since when, if it was given by word of mouth.
        attested: Option<ActOf>,
    },
    /// Whoever is said to have authorized it says that they did.
    AttestationConfirmed,
    /// Whoever is said to have authorized it says that they didn't.
    AttestationDisputed,
    /// It was refused.
    Denied {
        /// Why they had the authority.
        ground: Ground,
        /// By what it can be seen.
        evidence: Option<Evidence>,
    },
    /// Somebody went ahead without authorization.
    WentAhead,
    /// Somebody said who commands.
    CommanderNamed {
        /// Who commands.
        commander: UserId,
    },
    /// The commander authorized it.
    CommanderAuthorized {
        /// How.
        method: Method,
        /// What that proves.
        strength: Strength,
        /// Why they had the authority.
        ground: Ground,
    },
    /// A second person authorized it after the fact.
    SecondAuthorized {
        /// How.
        method: Method,
        /// What that proves.
        strength: Strength,
        /// Why they had the authority.
        ground: Ground,
        /// By what it can be seen.
        evidence: Option<Evidence>,
    },
    /// It went into production.
    Deployed {
        /// When.
        deployed_at: DateTime<Utc>,
        /// How that is known.
        known_from: Source,
        /// Who implemented it.
        implementer: UserId,
    },
    /// The time of a deployment was put right.
    DeploymentCorrected {
        /// The time that stood.
        from: DateTime<Utc>,
        /// The time that stands.
        to: DateTime<Utc>,
        /// Why.
        reason: Commitment,
    },
    /// Somebody stated a reason that isn't one of a genuine emergency.
    ReasonStated {
        /// Which of those the guide names.
        reason: NotGenuine,
        /// In their own words.
        text: Option<Commitment>,
    },
    /// It turned out to be a second record of the same change.
    LinkedAsDuplicate {
        /// The first.
        of: ChangeNumber,
    },
    /// A captured message was edited. What was captured stays.
    MessageEdited {
        /// Which message.
        message: MessageRef,
        /// What it said.
        from: Commitment,
        /// What it says.
        to: Commitment,
    },
    /// A captured message was deleted. What was captured stays.
    MessageDeleted {
        /// Which message.
        message: MessageRef,
        /// What it said.
        from: Commitment,
    },
    /// The emoji that authorized it was taken away. That takes nothing back.
    ReactionRemoved {
        /// Its name, without colons.
        name: String,
        /// The message that it stood on.
        on: MessageRef,
    },
    /// It was never deployed.
    Lapsed,
    /// The request was taken back.
    Withdrawn,
    /// A section of one of the first tickets was written.
    SectionWritten {
        /// Which.
        section: Section,
        /// Its words.
        text: Commitment,
    },
    /// A field of the ticket was filled.
    FieldWritten {
        /// Which.
        field: Field,
        /// With what.
        value: Value,
        /// Why that says too little.
        vague: Option<Vague>,
        /// The change from which it was taken over.
        taken_from: Option<ChangeNumber>,
        /// What it replaced without the writer's having seen that.
        replaced: Option<Value>,
    },
    /// A file or an address was attached as evidence.
    AttachmentKept {
        /// The file's name, or the address.
        name: Commitment,
        /// What it is.
        attached: Attached,
        /// The message that shared it.
        message: MessageRef,
    },
    /// A text was taken out of the record, with its salt: a leaked secret.
    Redacted {
        /// Which.
        text: Commitment,
        /// Why.
        reason: Commitment,
    },
    /// The ticket became complete.
    Documented,
    /// A circumstance came to light under which the complete ticket misses more.
    TicketReopened {
        /// What it misses.
        missing: Vec<Field>,
    },
    /// It was approved in retrospect.
    Approved {
        /// Exactly what was approved.
        content: ContentHash,
        /// Why they had the authority.
        ground: Ground,
        /// What they ask for beside it.
        conditions: Option<Commitment>,
        /// Whether they hold it for a genuine emergency.
        genuine: Option<Genuineness>,
        /// The fields that say too little, and that they approved all the same.
        despite: Vec<Field>,
    },
    /// Something new about what was approved took the approval back.
    ApprovalTakenBack {
        /// Which field was edited; nothing: a further deployment was told, or the
        /// time of one was put right.
        field: Option<Field>,
    },
    /// It was rejected in retrospect.
    Rejected {
        /// Why.
        reason: Commitment,
        /// Why they had the authority.
        ground: Ground,
        /// How it is to be put right.
        remedy: Option<Remedy>,
        /// By whom.
        owner: Option<UserId>,
        /// By when.
        due_at: Option<DateTime<Utc>>,
        /// Whether they hold it for a genuine emergency.
        genuine: Option<Genuineness>,
    },
    /// The security group or the database administrator reviewed it.
    Reviewed {
        /// Which review it was.
        review: Review,
        /// Why they had the authority.
        ground: Ground,
        /// Exactly what was reviewed.
        content: ContentHash,
        /// What they say of it.
        words: Option<Commitment>,
    },
    /// The compliance lead said whether it was a genuine emergency.
    GenuinenessReviewed {
        /// Why they had the authority.
        ground: Ground,
        /// What they say.
        genuine: Genuineness,
    },
    /// A team meeting reviewed it.
    MeetingHeld {
        /// When.
        held_at: DateTime<Utc>,
        /// Where its minutes are.
        minutes: Option<Commitment>,
        /// Which improvements of the process it found.
        improvements: Option<Commitment>,
    },
    /// The permanent fix took the place of what was temporary.
    PermanentFixMade {
        /// How.
        how: Commitment,
    },
    /// Something is to be done after the change.
    FollowUpAdded {
        /// What.
        what: Commitment,
        /// By whom.
        owner: UserId,
        /// By when.
        due_at: DateTime<Utc>,
    },
    /// It was done.
    FollowUpDone {
        /// The how-manieth it was, from 1.
        n: u16,
        /// How.
        how: Option<Commitment>,
    },
    /// A rejected change was put right.
    Remediated {
        /// How.
        how: Commitment,
    },
    /// A control was not met.
    ExceptionRecorded {
        /// Which.
        exception: Exception,
    },
    /// An exception was answered.
    ExceptionAnswered {
        /// Which.
        exception: Exception,
        /// Why it came to that.
        cause: Commitment,
        /// What is done about it.
        remedy: Commitment,
        /// By whom.
        owner: UserId,
    },
    /// A deadline passed. The event's own time says when that was noticed.
    DeadlineMissed {
        /// What was owed.
        duty: Duty,
        /// By whom.
        owner: Option<Party>,
        /// By when.
        due_at: DateTime<Utc>,
    },
    /// Somebody was reminded.
    Reminded {
        /// What is owed.
        duty: Duty,
        /// By whom.
        owner: Option<Party>,
        /// By when.
        due_at: Option<DateTime<Utc>>,
        /// On which rung.
        rung: Rung,
        /// How often the same had passed on, or come to be owed anew, before;
        /// nothing: never.
        round: Option<u16>,
    },
    /// Whoever owes something put its reminders off.
    Snoozed {
        /// What is owed.
        duty: Duty,
        /// By whom.
        owner: Option<Party>,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// What somebody owed is owed by somebody else.
    HandedOver {
        /// What is owed.
        duty: Duty,
        /// By whom it was.
        from: Option<Party>,
        /// By whom it is.
        to: Party,
        /// Why.
        why: Handover,
    },
    /// A further contact heard of what is missed and still not done.
    Escalated {
        /// What is owed.
        duty: Duty,
        /// By when it was due.
        due_at: DateTime<Utc>,
        /// Who heard.
        to: UserId,
        /// The how-manieth after the first, who heard of the miss itself.
        step: u16,
    },
    /// Slack has a message.
    Delivered {
        /// Its key in the outbox.
        key: String,
        /// Where it stands.
        channel: ChannelId,
        /// Its name there.
        ts: MessageTs,
        /// SHA-256 of what was sent.
        payload: [u8; 32],
        /// The change's version that it showed.
        showed: u64,
    },
    /// Slack refused a message for good.
    Undelivered {
        /// Its key in the outbox.
        key: String,
        /// Slack's error code.
        error: String,
    },
    /// Everything that closing needs is done.
    Closed,
}

/// An event with who brought it about and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// When, by the source's clock.
    pub at: DateTime<Utc>,
    /// How that is known.
    pub source: Source,
    /// Who.
    pub actor: Actor,
    /// What.
    pub event: Event,
}
