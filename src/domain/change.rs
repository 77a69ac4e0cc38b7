//! The emergency change: its stages, what may be asked of it, what happened.
//!
//! ```text
//!              ┌────────▶ withdrawn
//!              │ ┌──────▶ denied ───────┐ (asked anew, or against the denial)
//!              │ │                      ▼
//!  request ─▶ requested ─▶ authorized ─▶ deployed ─▶ documented ─▶ approved ─▶ closed
//!              │                │          ▲  │           │  ▲         │          ▲
//!              │                └▶ lapsed ─┘  │           │  └─────────┘ edited   │
//!              └───────────────────▶──────────┘           ▼                       │
//!                (without authorization)              rejected ─▶ remediated ─────┘
//! ```
//!
//! A change that was withdrawn or lapsed and went into production after all is
//! deployed, too.
//!
//! [`decide`] says what a command brings about, and changes nothing;
//! [`EmergencyChange::apply`] folds one event into the state. The paths nobody
//! likes are legal, because they happen and must be seen; each leaves an
//! exception. The bot never stands in the way of the fix.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use super::authorization::{Act, Ground, Member, holds_the_role, judge};
use super::id::{ChangeNumber, ChannelId, MessageTs, UserId};
use super::obligation::{
    Chase, ChaseKey, Duty, Obligation, People, Rung, made_good_at, needs_second_person, obligations,
};
use super::policy::{Party, Policy, PolicyVersion};
use super::text::{Commitment, Text};
use super::ticket::{ContentHash, Section, content_hash, gaps};

/// How far into the future a stated deployment may lie: nobody's clock is exact.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(2);

/// Two deployments by one person within this time are one, told twice.
const SAME_DEPLOYMENT: TimeDelta = TimeDelta::minutes(5);

/// The longest text that one field keeps, in characters: what Slack lets a
/// person type into one input.
pub const LONGEST_TEXT: usize = 3000;

named! {
    /// Where a change stands.
    pub enum Stage {
        /// Asked for; nobody has answered.
        Requested = "requested",
        /// Permitted; not deployed as far as we know.
        Authorized = "authorized",
        /// Refused, and not deployed as far as we know.
        Denied = "denied",
        /// Taken back by whoever asked.
        Withdrawn = "withdrawn",
        /// Permitted and never deployed.
        Lapsed = "lapsed",
        /// In production; the paperwork is owed.
        Deployed = "deployed",
        /// The ticket is complete; the decision is owed.
        Documented = "documented",
        /// Approved in retrospect; something else is still owed.
        Approved = "approved",
        /// Rejected in retrospect; the remedy is owed.
        Rejected = "rejected",
        /// Nothing that closing needs is owed.
        Closed = "closed",
    }
}

named! {
    /// Which of the guide's five kinds of genuine emergency it was.
    pub enum Criterion {
        /// A critical security vulnerability needs immediate patching.
        Vulnerability = "vulnerability",
        /// Production is down and needs a fix deployed.
        ProductionDown = "production_down",
        /// Data loss is imminent without intervention.
        DataLoss = "data_loss",
        /// A customer-impacting bug requires immediate resolution.
        CustomerImpact = "customer_impact",
        /// An external dependency's failure requires a configuration change.
        ExternalFailure = "external_failure",
    }
}

named! {
    /// A control that was not met. Never erased.
    pub enum Exception {
        /// Went ahead although nobody with authority had permitted it.
        NotAuthorized = "not_authorized",
        /// Permitted by the requester, who holds the role.
        SelfAuthorized = "self_authorized",
        /// Deployed before the authorization came.
        DeployedBeforeAuthorization = "deployed_before_authorization",
        /// Deployed although it had been denied.
        DeployedAgainstDenial = "deployed_against_denial",
        /// The ticket wasn't complete at its deadline.
        DocumentedLate = "documented_late",
        /// The retrospective decision wasn't made by its deadline.
        ApprovedLate = "approved_late",
        /// The commander's authorization was missing at its deadline.
        CommanderLate = "commander_late",
        /// A second person's authorization was missing at its deadline.
        SecondPersonLate = "second_person_late",
        /// Rejected in retrospect.
        Rejected = "rejected",
    }
}

named! {
    /// How an authorization was given.
    pub enum Method {
        /// The button on the card.
        Button = "button",
        /// A message in the authorizer's own words.
        Message = "message",
        /// An emoji on the request.
        Reaction = "reaction",
        /// By word of mouth, as somebody attests.
        Spoken = "spoken",
    }
}

named! {
    /// How much a record of an authorization proves.
    pub enum Strength {
        /// The authorizer's own act in Slack.
        Direct = "direct",
        /// Somebody else says that it was given.
        Attested = "attested",
    }
}

named! {
    /// Where an instant comes from.
    pub enum Source {
        /// The timestamp that Slack gave the act.
        Slack = "slack",
        /// When the act reached us; Slack gives a slash command no time.
        Receipt = "receipt",
        /// A person says so.
        Attested = "attested",
        /// A delivery pipeline says so.
        Webhook = "webhook",
        /// Our own clock.
        Clock = "clock",
    }
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

/// A command with who gave it and when.
///
/// `at` is the instant of the gesture, which may lie before `now`: a crash or a
/// slow look-up in between changes no evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Who asks.
    pub actor: Actor,
    /// When they asked.
    pub at: DateTime<Utc>,
    /// How we know.
    pub source: Source,
    /// What they ask.
    pub command: Command,
}

/// What a person, a system or the clock asks of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// To begin an emergency change.
    Request {
        /// What is to be changed, as it shall be read.
        what: Text,
        /// The whole line as it was typed.
        verbatim: Text,
        /// Who is asked, in order; empty: whom the policy names.
        asked: Vec<Party>,
        /// Where it was said.
        place: Place,
        /// Which kind of emergency, if that was said at once.
        criterion: Option<Criterion>,
    },
    /// To say which kind of emergency it is.
    StateCriterion {
        /// The kind.
        criterion: Criterion,
    },
    /// To ask somebody else for authorization.
    AskSomeoneElse {
        /// Who is asked instead.
        asked: Vec<Party>,
    },
    /// To permit it.
    Authorize {
        /// Who permits.
        by: Member,
        /// How.
        method: Method,
    },
    /// To refuse it.
    Deny {
        /// Who refuses.
        by: Member,
    },
    /// To go ahead without authorization.
    GoAhead {
        /// Who takes that upon them.
        by: Member,
    },
    /// To say *I'm commanding* and authorize as such.
    TakeCommand {
        /// Who commands.
        by: Member,
    },
    /// To say who commands.
    NameCommander {
        /// Who commands.
        commander: UserId,
    },
    /// To say that it is in production.
    RecordDeployment {
        /// Since when.
        at: DateTime<Utc>,
        /// How that is known.
        source: Source,
        /// Who implemented it.
        by: UserId,
    },
    /// To say that it was permitted and never deployed.
    Lapse,
    /// To take the request back.
    Withdraw,
    /// To write sections of the ticket; blank ones are passed over.
    Document {
        /// The sections and their words.
        sections: Vec<(Section, Text)>,
    },
    /// To approve in retrospect.
    Approve {
        /// Who approves.
        by: Member,
        /// The content that they saw.
        seen: ContentHash,
    },
    /// To reject in retrospect.
    Reject {
        /// Who rejects.
        by: Member,
        /// Why.
        reason: Text,
    },
    /// To say how a rejected change was put right.
    Remediate {
        /// What was done about it.
        how: Text,
    },
    /// To answer exceptions.
    AnswerExceptions {
        /// Which.
        exceptions: BTreeSet<Exception>,
        /// Why it came to that.
        cause: Text,
        /// What is done about it.
        remedy: Text,
        /// By whom.
        owner: UserId,
    },
    /// To see what has become due.
    Tick,
    /// To record that Slack has a message.
    RecordDelivery {
        /// The message's key in the outbox.
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
    /// To record that Slack refused a message for good.
    RecordFailure {
        /// The message's key in the outbox.
        key: String,
        /// Slack's error code.
        error: String,
    },
}

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
    },
    /// It was refused.
    Denied {
        /// Why they had the authority.
        ground: Ground,
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
    /// It was never deployed.
    Lapsed,
    /// The request was taken back.
    Withdrawn,
    /// A section of the ticket was written.
    SectionWritten {
        /// Which.
        section: Section,
        /// Its words.
        text: Commitment,
    },
    /// The ticket became complete.
    Documented,
    /// It was approved in retrospect.
    Approved {
        /// Exactly what was approved.
        content: ContentHash,
        /// Why they had the authority.
        ground: Ground,
    },
    /// Something new about what was approved took the approval back.
    ApprovalTakenBack {
        /// Which section was edited; nothing: a further deployment was told.
        section: Option<Section>,
    },
    /// It was rejected in retrospect.
    Rejected {
        /// Why.
        reason: Commitment,
        /// Why they had the authority.
        ground: Ground,
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

/// A rule said no. The text is the reply to the person; people stand in it as
/// `<@id>` and instants as `<!date^…>`, which Slack shows in the reader's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing was said.
    #[error(
        "Say what you're changing, for example: `/emergency Deploy WAF rule to block SQL injection @morgan`."
    )]
    NothingSaid,
    /// More than a field keeps.
    #[error(
        "That's {length} characters; up to {LONGEST_TEXT} fit. Shorten it, or put the rest in a link."
    )]
    TooLong {
        /// How long it is.
        length: usize,
    },
    /// There is no such change.
    #[error("There is no {0} here. `/emergency list` shows the open ones.")]
    NoSuchChange(ChangeNumber),
    /// A guest can't do that.
    #[error("Guests can't {}. Ask a full member of the workspace; the request stays open.", verb(*.act))]
    Guest {
        /// What they tried.
        act: Act,
    },
    /// A bot can't do that.
    #[error("A bot can't {}. A person has to.", verb(*.act))]
    Bot {
        /// What it tried.
        act: Act,
    },
    /// Somebody who left can't do that.
    #[error("That account is deactivated, so it can't {}. Somebody else has to.", verb(*.act))]
    Left {
        /// What was tried.
        act: Act,
    },
    /// Somebody of another organisation can't do that.
    #[error("Only people of this organisation can {}. The request stays open.", verb(*.act))]
    Foreign {
        /// What they tried.
        act: Act,
    },
    /// The requester can't do that.
    #[error("You asked for this change, {}", own_request(*.act))]
    OwnRequest {
        /// What they tried.
        act: Act,
    },
    /// An implementer can't do that.
    #[error("You deployed this change, so somebody else has to {}.", verb(*.act))]
    OwnDeployment {
        /// What they tried.
        act: Act,
    },
    /// Whoever went ahead can't make that good.
    #[error("You went ahead with this change, so somebody else has to {}.", verb(*.act))]
    OwnGoingAhead {
        /// What they tried.
        act: Act,
    },
    /// The policy doesn't name them.
    #[error("The policy doesn't name you among those who may {}. Those it names are on the card.", verb(*.act))]
    NotAnApprover {
        /// What they tried.
        act: Act,
    },
    /// The policy doesn't name them as a commander.
    #[error(
        "The policy doesn't name you among the incident commanders. If you command this incident, ask your compliance lead to add you; the requester can say who commands."
    )]
    NotACommander,
    /// It has been authorized.
    #[error("{number} is already authorized: <@{by}> did that at {}. Nothing is left to do here.", Shown(*.at))]
    AlreadyAuthorized {
        /// The change.
        number: ChangeNumber,
        /// By whom.
        by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// It has been denied by the same person.
    #[error("{number} is already denied: <@{by}> did that at {}.", Shown(*.at))]
    AlreadyDenied {
        /// The change.
        number: ChangeNumber,
        /// By whom.
        by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Its commander is known.
    #[error("<@{by}> already authorized {number} as the incident's commander.")]
    AlreadyCommanded {
        /// The change.
        number: ChangeNumber,
        /// Who commands.
        by: UserId,
    },
    /// Its deployment is known.
    #[error("{number} is already recorded as deployed at {} by <@{by}>. Nothing was added.", Shown(*.at))]
    AlreadyDeployed {
        /// The change.
        number: ChangeNumber,
        /// By whom.
        by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// It has been approved.
    #[error("{number} is already approved: <@{by}> did that at {}.", Shown(*.at))]
    AlreadyApproved {
        /// The change.
        number: ChangeNumber,
        /// By whom.
        by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// It has been rejected.
    #[error("{number} is already rejected: <@{by}> did that at {}.", Shown(*.at))]
    AlreadyRejected {
        /// The change.
        number: ChangeNumber,
        /// By whom.
        by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody is going ahead already.
    #[error("{number}: going ahead without authorization is already on record.")]
    AlreadyWentAhead {
        /// The change.
        number: ChangeNumber,
    },
    /// The kind of emergency has been said.
    #[error("{number} is already marked so.")]
    AlreadyStated {
        /// The change.
        number: ChangeNumber,
    },
    /// It has ended.
    #[error("{number} is {}, so that can't be done any more. For something new, `/emergency` starts the next change.", stage.name())]
    Over {
        /// The change.
        number: ChangeNumber,
        /// Where it stands.
        stage: Stage,
    },
    /// Only the requester can do that.
    #[error("<@{requester}> asked for {number}, so only they can {what}.")]
    NotTheRequester {
        /// The change.
        number: ChangeNumber,
        /// Who can.
        requester: UserId,
        /// What was tried.
        what: &'static str,
    },
    /// It was never permitted.
    #[error(
        "{number} isn't authorized, so there is nothing to let lapse. Withdraw it if it isn't needed any more."
    )]
    NotPermitted {
        /// The change.
        number: ChangeNumber,
    },
    /// It isn't deployed.
    #[error(
        "{number} isn't recorded as deployed yet. Press *Deployed now* or say `/emergency deployed {number}` first."
    )]
    NotDeployed {
        /// The change.
        number: ChangeNumber,
    },
    /// It is deployed.
    #[error(
        "{number} is deployed, so it can't be {what} any more. Its paperwork is owed either way."
    )]
    Deployed {
        /// The change.
        number: ChangeNumber,
        /// What was tried.
        what: &'static str,
    },
    /// It wasn't rejected.
    #[error("{number} wasn't rejected, so there is nothing to put right.")]
    NotRejected {
        /// The change.
        number: ChangeNumber,
    },
    /// The ticket can't be approved yet.
    #[error("{number} can't be approved yet. Still missing: {waiting}.")]
    NotReady {
        /// The change.
        number: ChangeNumber,
        /// What is missing.
        waiting: Waiting,
    },
    /// The ticket isn't what the approver saw.
    #[error(
        "{number} was edited after this message was shown. Read it again, then approve; the message now shows the newest."
    )]
    ContentChanged {
        /// The change.
        number: ChangeNumber,
    },
    /// A deployment can't lie in the future.
    #[error("{} is in the future. Say when it was deployed, for example `20 min ago`.", Shown(*.at))]
    InTheFuture {
        /// The time stated.
        at: DateTime<Utc>,
    },
    /// The requester can't ask themselves.
    #[error("You can't ask yourself. Choose somebody who may authorize.")]
    AskedThemselves,
    /// Nobody was named.
    #[error("Choose whom to ask.")]
    NobodyAsked,
    /// A reason is owed.
    #[error("Say why; a few words are enough.")]
    NoReason,
    /// No such exception is open.
    #[error("{number} has no exception that waits for an answer.")]
    NothingToAnswer {
        /// The change.
        number: ChangeNumber,
    },
}

/// What a ticket waits for, as a list in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting(pub Vec<String>);

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

/// An instant, which Slack shows in the reader's zone.
#[derive(Debug, Clone, Copy)]
pub struct Shown(pub DateTime<Utc>);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<!date^{}^{{date_short_pretty}} {{time}}|{}>",
            self.0.timestamp(),
            self.0.format("%Y-%m-%d %H:%M UTC")
        )
    }
}

fn verb(act: Act) -> &'static str {
    match act {
        Act::Authorize | Act::SecondAuthorize => "authorize it",
        Act::Deny => "deny it",
        Act::Command => "authorize it as commander",
        Act::Approve => "approve it",
        Act::Reject => "reject it",
    }
}

/// What the requester can do instead of deciding for themselves.
fn own_request(act: Act) -> String {
    let verb = verb(act);
    match act {
        Act::Authorize => format!(
            "so somebody else has to {verb}. *Ask someone else*, or go ahead without: that is \
             recorded, and a second person makes it good afterwards."
        ),
        Act::Deny => "so you can't deny it. Withdraw it if it isn't needed any more.".to_owned(),
        Act::SecondAuthorize | Act::Command | Act::Approve | Act::Reject => {
            format!("so somebody else has to {verb}.")
        }
    }
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

/// A section as it stands.
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
}

/// An exception as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionState {
    /// When it was recorded.
    pub at: DateTime<Utc>,
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

/// An emergency change, folded from its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmergencyChange {
    /// Its number.
    pub number: ChangeNumber,
    /// How many events made it.
    pub version: u64,
    /// Where it stands.
    pub stage: Stage,
    /// The policy under which it was declared.
    pub policy: PolicyVersion,
    /// Who asked.
    pub requester: UserId,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// What is changed.
    pub what: Commitment,
    /// The whole line as typed.
    pub verbatim: Commitment,
    /// Where it was said.
    pub place: Place,
    /// Who is asked to authorize, in order.
    pub asked: Vec<Party>,
    /// Since when they are asked.
    pub asked_at: DateTime<Utc>,
    /// Which kind of emergency it was.
    pub criterion: Option<Criterion>,
    /// The permission to act.
    pub authorization: Option<Authorization>,
    /// The last refusal. It stands until somebody authorizes.
    pub denial: Option<ActOf>,
    /// Who went ahead without.
    pub went_ahead: Option<ActOf>,
    /// Who commands.
    pub commander: Option<Commander>,
    /// The second person who made good what was missing.
    pub second: Option<ActOf>,
    /// What went into production, in the order in which we learned of it.
    pub deployments: Vec<Deployment>,
    /// The ticket's sections.
    pub sections: BTreeMap<Section, Written>,
    /// Since when the ticket is complete.
    pub documented_at: Option<DateTime<Utc>>,
    /// The approval, while it stands.
    pub approval: Option<Approval>,
    /// When an edit last took an approval back.
    pub taken_back_at: Option<DateTime<Utc>>,
    /// The rejection.
    pub rejection: Option<Rejection>,
    /// When the rejected change was put right, and how.
    pub remediation: Option<Written>,
    /// The controls that were not met.
    pub exceptions: BTreeMap<Exception, ExceptionState>,
    /// The deadlines that passed, with when each was due.
    pub missed: BTreeSet<(Duty, DateTime<Utc>)>,
    /// How far each chase has come.
    pub chases: BTreeMap<ChaseKey, Chase>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
}

impl EmergencyChange {
    /// Begins a change from its first event; nothing else begins one.
    pub fn begin(number: ChangeNumber, recorded: &Recorded) -> Option<Self> {
        let Actor::Person(requester) = &recorded.actor else {
            return None;
        };
        let Event::Requested {
            what,
            verbatim,
            asked,
            place,
            policy,
        } = &recorded.event
        else {
            return None;
        };
        Some(Self {
            number,
            version: 1,
            stage: Stage::Requested,
            policy: *policy,
            requester: requester.clone(),
            requested_at: recorded.at,
            what: *what,
            verbatim: *verbatim,
            place: place.clone(),
            asked: asked.clone(),
            asked_at: recorded.at,
            criterion: None,
            authorization: None,
            denial: None,
            went_ahead: None,
            commander: None,
            second: None,
            deployments: Vec::new(),
            sections: BTreeMap::new(),
            documented_at: None,
            approval: None,
            taken_back_at: None,
            rejection: None,
            remediation: None,
            exceptions: BTreeMap::new(),
            missed: BTreeSet::new(),
            chases: BTreeMap::new(),
            closed_at: None,
        })
    }

    /// Folds a whole history.
    pub fn replay<'a>(
        number: ChangeNumber,
        history: impl IntoIterator<Item = &'a Recorded>,
    ) -> Option<Self> {
        let mut history = history.into_iter();
        let mut change = Self::begin(number, history.next()?)?;
        for recorded in history {
            change.apply(recorded);
        }
        Some(change)
    }

    /// Folds one event into the state.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each event; the compiler sees that none is missing"
    )]
    pub fn apply(&mut self, recorded: &Recorded) {
        self.version += 1;
        let at = recorded.at;
        let act = match &recorded.actor {
            Actor::Person(by) => Some(ActOf { by: by.clone(), at }),
            Actor::Clock | Actor::Bot => None,
        };
        match &recorded.event {
            // Only a beginning requests; a second one would be another change.
            Event::Requested { .. } | Event::Delivered { .. } | Event::Undelivered { .. } => {}
            Event::CriterionStated { criterion } => self.criterion = Some(*criterion),
            Event::AskedAnew { asked } => {
                self.asked.clone_from(asked);
                self.asked_at = at;
                self.begin_chase_anew(Duty::AnswerRequest);
                if self.stage == Stage::Denied {
                    self.stage = Stage::Requested;
                }
            }
            Event::Authorized {
                by,
                method,
                strength,
                ground,
            } => {
                self.authorization = Some(Authorization {
                    by: by.clone(),
                    at,
                    method: *method,
                    strength: *strength,
                    ground: *ground,
                });
                if self.deployments.is_empty() {
                    self.stage = Stage::Authorized;
                }
            }
            Event::Denied { .. } => {
                self.denial = act;
                if self.is_before_deployment() {
                    self.stage = Stage::Denied;
                }
            }
            Event::WentAhead => self.went_ahead = act,
            Event::CommanderNamed { commander } => {
                self.commander = Some(Commander {
                    who: commander.clone(),
                    authorized_at: None,
                });
            }
            Event::CommanderAuthorized { .. } => {
                self.commander = act.map(|act| Commander {
                    who: act.by,
                    authorized_at: Some(act.at),
                });
            }
            Event::SecondAuthorized { .. } => self.second = act,
            Event::Deployed {
                deployed_at,
                known_from,
                implementer,
            } => {
                self.deployments.push(Deployment {
                    at: *deployed_at,
                    known_from: *known_from,
                    by: implementer.clone(),
                    recorded_at: at,
                });
                if self.is_before_deployment() {
                    self.stage = match self.documented_at {
                        Some(_) => Stage::Documented,
                        None => Stage::Deployed,
                    };
                }
            }
            Event::Lapsed => self.stage = Stage::Lapsed,
            Event::Withdrawn => self.stage = Stage::Withdrawn,
            Event::SectionWritten { section, text } => {
                if let Some(ActOf { by, at }) = act {
                    let text = *text;
                    self.sections.insert(*section, Written { text, by, at });
                }
            }
            Event::Documented => {
                self.documented_at = Some(at);
                if self.stage == Stage::Deployed {
                    self.stage = Stage::Documented;
                }
            }
            Event::Approved { content, .. } => {
                self.approval = act.map(|ActOf { by, at }| Approval {
                    by,
                    at,
                    content: *content,
                });
                self.stage = Stage::Approved;
            }
            Event::ApprovalTakenBack { .. } => {
                self.approval = None;
                self.taken_back_at = Some(at);
                self.begin_chase_anew(Duty::Approval);
                self.stage = Stage::Documented;
            }
            Event::Rejected { reason, .. } => {
                self.rejection = act.map(|ActOf { by, at }| Rejection {
                    by,
                    at,
                    reason: *reason,
                });
                self.stage = Stage::Rejected;
            }
            Event::Remediated { how } => {
                self.remediation = act.map(|ActOf { by, at }| Written { text: *how, by, at });
            }
            Event::ExceptionRecorded { exception } => {
                self.exceptions
                    .entry(*exception)
                    .or_insert(ExceptionState { at, answer: None });
            }
            Event::ExceptionAnswered {
                exception,
                cause,
                remedy,
                owner,
            } => {
                if let (Some(state), Some(ActOf { by, at })) =
                    (self.exceptions.get_mut(exception), act)
                {
                    state.answer = Some(ExceptionAnswer {
                        by,
                        at,
                        cause: *cause,
                        remedy: *remedy,
                        owner: owner.clone(),
                    });
                }
            }
            Event::DeadlineMissed { duty, due_at, .. } => {
                self.missed.insert((*duty, *due_at));
            }
            Event::Reminded {
                duty, owner, rung, ..
            } => {
                let key = (*duty, owner.clone());
                self.chases.entry(key).or_default().reach(*rung, at);
            }
            Event::Closed => {
                self.closed_at = Some(at);
                self.stage = Stage::Closed;
            }
        }
    }

    /// What is owed anew is chased from the foot of the ladder.
    fn begin_chase_anew(&mut self, duty: Duty) {
        for ((about, _), chase) in &mut self.chases {
            if *about == duty {
                chase.begin_anew();
            }
        }
    }

    /// When it went into production, by the earliest deployment known.
    pub fn deployed_at(&self) -> Option<DateTime<Utc>> {
        self.deployments.iter().map(|one| one.at).min()
    }

    /// When the paperwork is due.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        self.deployed_at().map(|at| at + Policy::DOCUMENTATION)
    }

    /// Who implemented it.
    pub fn implementers(&self) -> impl Iterator<Item = &UserId> {
        self.deployments.iter().map(|one| &one.by)
    }

    /// When the retrospective change ticket was opened: at the authorization or
    /// the deployment, whichever came first to our knowledge.
    pub fn ticket_opened_at(&self) -> Option<DateTime<Utc>> {
        let authorized = self.authorization.as_ref().map(|given| given.at);
        let deployed = self.deployments.iter().map(|one| one.recorded_at).min();
        authorized.into_iter().chain(deployed).min()
    }

    /// Whether nothing is known to be in production.
    pub fn is_before_deployment(&self) -> bool {
        match self.stage {
            Stage::Requested
            | Stage::Authorized
            | Stage::Denied
            | Stage::Withdrawn
            | Stage::Lapsed => true,
            Stage::Deployed
            | Stage::Documented
            | Stage::Approved
            | Stage::Rejected
            | Stage::Closed => false,
        }
    }

    /// Whether it has come to its end.
    pub fn is_over(&self) -> bool {
        match self.stage {
            Stage::Withdrawn | Stage::Lapsed | Stage::Closed => true,
            Stage::Requested
            | Stage::Authorized
            | Stage::Denied
            | Stage::Deployed
            | Stage::Documented
            | Stage::Approved
            | Stage::Rejected => false,
        }
    }

    /// Every text that the state refers to.
    pub fn commitments(&self) -> Vec<Commitment> {
        let answers = self
            .exceptions
            .values()
            .filter_map(|one| one.answer.as_ref());
        [self.what, self.verbatim]
            .into_iter()
            .chain(self.sections.values().map(|written| written.text))
            .chain(self.rejection.as_ref().map(|one| one.reason))
            .chain(self.remediation.as_ref().map(|one| one.text))
            .chain(answers.flat_map(|answer| [answer.cause, answer.remedy]))
            .collect()
    }

    /// The exceptions that wait for their answer.
    pub fn unanswered(&self) -> impl Iterator<Item = Exception> {
        self.exceptions
            .iter()
            .filter(|(_, state)| state.answer.is_none())
            .map(|(exception, _)| *exception)
    }

    /// How long before the first deployment the authorization came; negative
    /// if it came after.
    pub fn authorized_ahead_by(&self) -> Option<TimeDelta> {
        Some(self.deployed_at()? - self.authorization.as_ref()?.at)
    }

    fn refuse_unless_requester(&self, actor: &Actor, what: &'static str) -> Result<(), Refusal> {
        if *actor == Actor::Person(self.requester.clone()) {
            return Ok(());
        }
        Err(Refusal::NotTheRequester {
            number: self.number,
            requester: self.requester.clone(),
            what,
        })
    }

    fn refuse_if_over(&self) -> Result<(), Refusal> {
        if self.is_over() {
            return Err(Refusal::Over {
                number: self.number,
                stage: self.stage,
            });
        }
        Ok(())
    }
}

/// A copy of the change that takes in each event as it is decided, so that the
/// next decision sees it.
struct Draft<'a> {
    change: EmergencyChange,
    policy: &'a Policy,
    now: DateTime<Utc>,
    submission: &'a Submission,
    recorded: Vec<Recorded>,
}

impl Draft<'_> {
    /// Records what the submitter brought about.
    fn record(&mut self, event: Event) {
        self.push(Recorded {
            at: self.submission.at,
            source: self.submission.source,
            actor: self.submission.actor.clone(),
            event,
        });
    }

    /// Records an act that needs authority as the act of whoever had it, even if
    /// somebody else handed it in.
    fn record_by(&mut self, by: &UserId, event: Event) {
        self.push(Recorded {
            at: self.submission.at,
            source: self.submission.source,
            actor: Actor::Person(by.clone()),
            event,
        });
    }

    /// Whether the gesture came before the first deployment known. What was
    /// looked up late is judged by when it was done.
    fn is_before_deployment(&self) -> bool {
        self.change
            .deployed_at()
            .is_none_or(|deployed_at| self.submission.at <= deployed_at)
    }

    /// Records what follows by rule, at the present.
    fn follow(&mut self, event: Event) {
        self.push(Recorded {
            at: self.now,
            source: Source::Clock,
            actor: Actor::Clock,
            event,
        });
    }

    fn push(&mut self, recorded: Recorded) {
        self.change.apply(&recorded);
        self.recorded.push(recorded);
    }

    fn except(&mut self, exception: Exception) {
        if !self.change.exceptions.contains_key(&exception) {
            self.record(Event::ExceptionRecorded { exception });
        }
    }

    fn owed(&self) -> Vec<Obligation> {
        obligations(&self.change, self.policy)
    }
}

/// Decides what a request brings about: the first events of a new change.
pub fn declare(
    number: ChangeNumber,
    submission: &Submission,
    policy: &Policy,
) -> Result<Vec<Recorded>, Refusal> {
    let Command::Request {
        what,
        verbatim,
        asked,
        place,
        criterion,
    } = &submission.command
    else {
        return Err(Refusal::NoSuchChange(number));
    };
    within_bounds(what)?;
    let Actor::Person(requester) = &submission.actor else {
        return Err(Refusal::Bot {
            act: Act::Authorize,
        });
    };
    // Whom the policy names is asked where nobody else is; never the requester.
    let but_the_requester = |parties: &[Party]| -> Vec<Party> {
        parties
            .iter()
            .filter(|party| **party != Party::Person(requester.clone()))
            .cloned()
            .collect()
    };
    let mut asked = but_the_requester(asked);
    if asked.is_empty() {
        asked = but_the_requester(&policy.approvers);
    }
    let record = |event| Recorded {
        at: submission.at,
        source: submission.source,
        actor: submission.actor.clone(),
        event,
    };
    let mut recorded = vec![record(Event::Requested {
        what: what.commitment(),
        verbatim: verbatim.commitment(),
        asked,
        place: place.clone(),
        policy: policy.version,
    })];
    if let Some(criterion) = criterion {
        recorded.push(record(Event::CriterionStated {
            criterion: *criterion,
        }));
    }
    Ok(recorded)
}

/// Decides what a command brings about. Changes nothing.
pub fn decide(
    change: &EmergencyChange,
    submission: &Submission,
    policy: &Policy,
    people: &dyn People,
    now: DateTime<Utc>,
) -> Result<Vec<Recorded>, Refusal> {
    let mut draft = Draft {
        change: change.clone(),
        policy,
        now,
        submission,
        recorded: Vec::new(),
    };
    match &submission.command {
        Command::Request { .. } => return Err(Refusal::NothingSaid),
        Command::StateCriterion { criterion } => state_criterion(&mut draft, *criterion)?,
        Command::AskSomeoneElse { asked } => ask_someone_else(&mut draft, asked)?,
        Command::Authorize { by, method } => authorize(&mut draft, by, *method)?,
        Command::Deny { by } => deny(&mut draft, by)?,
        Command::GoAhead { by } => go_ahead(&mut draft, by)?,
        Command::TakeCommand { by } => take_command(&mut draft, by)?,
        Command::NameCommander { commander } => name_commander(&mut draft, commander)?,
        Command::RecordDeployment { at, source, by } => {
            record_deployment(&mut draft, *at, *source, by)?;
        }
        Command::Lapse => lapse(&mut draft)?,
        Command::Withdraw => withdraw(&mut draft)?,
        Command::Document { sections } => document(&mut draft, sections)?,
        Command::Approve { by, seen } => approve(&mut draft, by, *seen)?,
        Command::Reject { by, reason } => reject(&mut draft, by, reason)?,
        Command::Remediate { how } => remediate(&mut draft, how)?,
        Command::AnswerExceptions {
            exceptions,
            cause,
            remedy,
            owner,
        } => answer_exceptions(&mut draft, exceptions, cause, remedy, owner)?,
        Command::Tick => {}
        Command::RecordDelivery {
            key,
            channel,
            ts,
            payload,
            showed,
        } => draft.record(Event::Delivered {
            key: key.clone(),
            channel: channel.clone(),
            ts: ts.clone(),
            payload: *payload,
            showed: *showed,
        }),
        Command::RecordFailure { key, error } => draft.record(Event::Undelivered {
            key: key.clone(),
            error: error.clone(),
        }),
    }
    complete(&mut draft);
    notice_misses(&mut draft);
    remind(&mut draft, people);
    close(&mut draft);
    Ok(draft.recorded)
}

fn within_bounds(text: &Text) -> Result<(), Refusal> {
    if text.is_blank() {
        return Err(Refusal::NothingSaid);
    }
    let length = text.body().chars().count();
    if length > LONGEST_TEXT {
        return Err(Refusal::TooLong { length });
    }
    Ok(())
}

fn reason_given(text: &Text) -> Result<(), Refusal> {
    if text.is_blank() {
        return Err(Refusal::NoReason);
    }
    within_bounds(text)
}

fn state_criterion(draft: &mut Draft<'_>, criterion: Criterion) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    if draft.change.criterion == Some(criterion) {
        return Err(Refusal::AlreadyStated {
            number: draft.change.number,
        });
    }
    // It is part of what was approved, and stays that.
    refuse_if_approved(&draft.change)?;
    draft.record(Event::CriterionStated { criterion });
    Ok(())
}

fn ask_someone_else(draft: &mut Draft<'_>, asked: &[Party]) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    already_authorized(&draft.change)?;
    let requester = Party::Person(draft.change.requester.clone());
    if asked.contains(&requester) {
        return Err(Refusal::AskedThemselves);
    }
    if asked.is_empty() {
        return Err(Refusal::NobodyAsked);
    }
    draft.record(Event::AskedAnew {
        asked: asked.to_vec(),
    });
    Ok(())
}

fn already_authorized(change: &EmergencyChange) -> Result<(), Refusal> {
    // An authorizer who deployed in the end leaves room for a second person.
    let deployed = !change.deployments.is_empty();
    if deployed && needs_second_person(change) && made_good_at(change).is_none() {
        return Ok(());
    }
    let standing = change
        .authorization
        .as_ref()
        .map(|given| (&given.by, given.at))
        .or_else(|| change.second.as_ref().map(|act| (&act.by, act.at)));
    match standing {
        Some((by, at)) => Err(Refusal::AlreadyAuthorized {
            number: change.number,
            by: by.clone(),
            at,
        }),
        None => Ok(()),
    }
}

fn authorize(draft: &mut Draft<'_>, by: &Member, method: Method) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    already_authorized(&draft.change)?;
    let beforehand = draft.is_before_deployment() && draft.change.authorization.is_none();
    let act = if beforehand {
        Act::Authorize
    } else {
        Act::SecondAuthorize
    };
    let ground = judge(act, by, &draft.change, draft.policy)?;
    if beforehand {
        draft.record(Event::Authorized {
            by: by.id.clone(),
            method,
            strength: Strength::Direct,
            ground,
        });
    } else {
        let event = Event::SecondAuthorized {
            method,
            strength: Strength::Direct,
            ground,
        };
        draft.record_by(&by.id, event);
    }
    // Commander and authorizer may be one person, and then one act serves both.
    // The requester's word makes nobody a commander whom the policy doesn't.
    let named = draft
        .change
        .commander
        .as_ref()
        .is_some_and(|commander| commander.who == by.id && commander.authorized_at.is_none());
    if named && judge(Act::Command, by, &draft.change, draft.policy).is_ok() {
        let event = Event::CommanderAuthorized {
            method,
            strength: Strength::Direct,
            ground: Ground::Commander,
        };
        draft.record_by(&by.id, event);
    }
    Ok(())
}

fn deny(draft: &mut Draft<'_>, by: &Member) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    already_authorized(&draft.change)?;
    if !draft.is_before_deployment() {
        return Err(Refusal::Deployed {
            number: draft.change.number,
            what: "denied",
        });
    }
    // Who was asked anew may deny, too.
    if draft.change.stage != Stage::Requested {
        refuse_if_denied(&draft.change)?;
    }
    let ground = judge(Act::Deny, by, &draft.change, draft.policy)?;
    draft.record_by(&by.id, Event::Denied { ground });
    if !draft.change.deployments.is_empty() {
        draft.except(Exception::DeployedAgainstDenial);
    }
    Ok(())
}

fn refuse_if_denied(change: &EmergencyChange) -> Result<(), Refusal> {
    match &change.denial {
        Some(denial) => Err(Refusal::AlreadyDenied {
            number: change.number,
            by: denial.by.clone(),
            at: denial.at,
        }),
        None => Ok(()),
    }
}

fn go_ahead(draft: &mut Draft<'_>, by: &Member) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    already_authorized(&draft.change)?;
    if draft.change.went_ahead.is_some() {
        return Err(Refusal::AlreadyWentAhead {
            number: draft.change.number,
        });
    }
    if !draft.is_before_deployment() {
        return Err(Refusal::Deployed {
            number: draft.change.number,
            what: "gone ahead with",
        });
    }
    draft.record_by(&by.id, Event::WentAhead);
    draft.except(if holds_the_role(by, draft.policy) {
        Exception::SelfAuthorized
    } else {
        Exception::NotAuthorized
    });
    Ok(())
}

fn take_command(draft: &mut Draft<'_>, by: &Member) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    if let Some(commander) = &draft.change.commander
        && commander.authorized_at.is_some()
    {
        return Err(Refusal::AlreadyCommanded {
            number: draft.change.number,
            by: commander.who.clone(),
        });
    }
    let ground = judge(Act::Command, by, &draft.change, draft.policy)?;
    let event = Event::CommanderAuthorized {
        method: Method::Button,
        strength: Strength::Direct,
        ground,
    };
    draft.record_by(&by.id, event);
    Ok(())
}

fn name_commander(draft: &mut Draft<'_>, commander: &UserId) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    if let Some(known) = &draft.change.commander {
        if known.authorized_at.is_some() {
            return Err(Refusal::AlreadyCommanded {
                number: draft.change.number,
                by: known.who.clone(),
            });
        }
        if known.who == *commander {
            return Err(Refusal::AlreadyStated {
                number: draft.change.number,
            });
        }
    }
    draft.record(Event::CommanderNamed {
        commander: commander.clone(),
    });
    Ok(())
}

fn record_deployment(
    draft: &mut Draft<'_>,
    at: DateTime<Utc>,
    source: Source,
    by: &UserId,
) -> Result<(), Refusal> {
    let withdrawn = draft.change.stage == Stage::Withdrawn;
    // What was withdrawn or lapsed and deployed after all has to be seen.
    if !withdrawn && draft.change.stage != Stage::Lapsed {
        draft.change.refuse_if_over()?;
    }
    if at > draft.now + CLOCK_TOLERANCE {
        return Err(Refusal::InTheFuture { at });
    }
    let permitted_at = draft.change.authorization.as_ref().map(|given| given.at);
    // Told twice is known once, unless the second telling lies before the
    // authorization and the first doesn't.
    let same = draft.change.deployments.iter().find(|known| {
        known.by == *by
            && (known.at - at).abs() < SAME_DEPLOYMENT
            && !permitted_at.is_some_and(|given_at| at < given_at && given_at <= known.at)
    });
    if let Some(known) = same {
        return Err(Refusal::AlreadyDeployed {
            number: draft.change.number,
            by: known.by.clone(),
            at: known.at,
        });
    }
    draft.record(Event::Deployed {
        deployed_at: at,
        known_from: source,
        implementer: by.clone(),
    });
    if draft.change.approval.is_some() {
        // What was done is more than what was approved.
        draft.record(Event::ApprovalTakenBack { section: None });
    }
    if let Some(exception) = exception_of_deployment(&draft.change, at, withdrawn) {
        draft.except(exception);
    }
    let authorizers = [
        draft.change.authorization.as_ref().map(|given| &given.by),
        draft.change.second.as_ref().map(|act| &act.by),
    ];
    if authorizers.contains(&Some(by)) {
        draft.except(Exception::SelfAuthorized);
    }
    Ok(())
}

/// Which control a deployment at `at` passed by.
fn exception_of_deployment(
    change: &EmergencyChange,
    at: DateTime<Utc>,
    withdrawn: bool,
) -> Option<Exception> {
    if withdrawn {
        return Some(Exception::NotAuthorized);
    }
    match &change.authorization {
        Some(given) if given.at > at => Some(Exception::DeployedBeforeAuthorization),
        Some(_) => None,
        // A denial stands until somebody authorizes, even if others were asked since.
        None if change.denial.as_ref().is_some_and(|act| act.at <= at) => {
            Some(Exception::DeployedAgainstDenial)
        }
        // Going ahead has left its own exception.
        None if change.went_ahead.is_some() => None,
        None => Some(Exception::DeployedBeforeAuthorization),
    }
}

fn lapse(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    if !draft.change.is_before_deployment() {
        return Err(Refusal::Deployed {
            number: draft.change.number,
            what: "marked as never deployed",
        });
    }
    draft
        .change
        .refuse_unless_requester(&draft.submission.actor, "say that it was never deployed")?;
    if draft.change.authorization.is_none() && draft.change.went_ahead.is_none() {
        return Err(Refusal::NotPermitted {
            number: draft.change.number,
        });
    }
    draft.record(Event::Lapsed);
    Ok(())
}

fn withdraw(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    if !draft.change.is_before_deployment() {
        return Err(Refusal::Deployed {
            number: draft.change.number,
            what: "withdrawn",
        });
    }
    draft
        .change
        .refuse_unless_requester(&draft.submission.actor, "withdraw it")?;
    // A denial isn't made unseen by taking back what was denied.
    if draft.change.stage == Stage::Denied {
        refuse_if_denied(&draft.change)?;
    }
    draft.record(Event::Withdrawn);
    Ok(())
}

fn document(draft: &mut Draft<'_>, sections: &[(Section, Text)]) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    let written: Vec<_> = sections
        .iter()
        .filter(|(_, text)| !text.is_blank())
        .collect();
    for (_, text) in &written {
        within_bounds(text)?;
    }
    for (section, text) in written {
        draft.record(Event::SectionWritten {
            section: *section,
            text: text.commitment(),
        });
        if draft.change.approval.is_some() {
            draft.record(Event::ApprovalTakenBack {
                section: Some(*section),
            });
        }
    }
    Ok(())
}

fn approve(draft: &mut Draft<'_>, by: &Member, seen: ContentHash) -> Result<(), Refusal> {
    let change = &draft.change;
    refuse_if_approved(change)?;
    refuse_after_rejection(change)?;
    change.refuse_if_over()?;
    if change.deployments.is_empty() {
        return Err(Refusal::NotDeployed {
            number: change.number,
        });
    }
    let ground = judge(Act::Approve, by, change, draft.policy)?;
    let waiting: Vec<String> = gaps(change)
        .iter()
        .map(ToString::to_string)
        .chain(
            draft
                .owed()
                .iter()
                .filter(|one| {
                    one.met_at.is_none()
                        && one.duty.is_needed_for_approval()
                        && one.duty != Duty::Ticket
                })
                .map(|one| one.duty.to_string()),
        )
        .collect();
    if !waiting.is_empty() {
        return Err(Refusal::NotReady {
            number: change.number,
            waiting: Waiting(waiting),
        });
    }
    let content = content_hash(change);
    if content != seen {
        return Err(Refusal::ContentChanged {
            number: change.number,
        });
    }
    draft.record_by(&by.id, Event::Approved { content, ground });
    Ok(())
}

fn refuse_if_approved(change: &EmergencyChange) -> Result<(), Refusal> {
    match &change.approval {
        Some(approval) => Err(Refusal::AlreadyApproved {
            number: change.number,
            by: approval.by.clone(),
            at: approval.at,
        }),
        None => Ok(()),
    }
}

fn refuse_after_rejection(change: &EmergencyChange) -> Result<(), Refusal> {
    match &change.rejection {
        Some(rejection) => Err(Refusal::AlreadyRejected {
            number: change.number,
            by: rejection.by.clone(),
            at: rejection.at,
        }),
        None => Ok(()),
    }
}

fn reject(draft: &mut Draft<'_>, by: &Member, reason: &Text) -> Result<(), Refusal> {
    let change = &draft.change;
    refuse_after_rejection(change)?;
    refuse_if_approved(change)?;
    change.refuse_if_over()?;
    if change.deployments.is_empty() {
        return Err(Refusal::NotDeployed {
            number: change.number,
        });
    }
    reason_given(reason)?;
    let ground = judge(Act::Reject, by, change, draft.policy)?;
    let reason = reason.commitment();
    draft.record_by(&by.id, Event::Rejected { reason, ground });
    draft.except(Exception::Rejected);
    Ok(())
}

fn remediate(draft: &mut Draft<'_>, how: &Text) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    if draft.change.rejection.is_none() {
        return Err(Refusal::NotRejected {
            number: draft.change.number,
        });
    }
    reason_given(how)?;
    draft.record(Event::Remediated {
        how: how.commitment(),
    });
    Ok(())
}

fn answer_exceptions(
    draft: &mut Draft<'_>,
    exceptions: &BTreeSet<Exception>,
    cause: &Text,
    remedy: &Text,
    owner: &UserId,
) -> Result<(), Refusal> {
    reason_given(cause)?;
    reason_given(remedy)?;
    let open: Vec<Exception> = draft
        .change
        .unanswered()
        .filter(|exception| exceptions.contains(exception))
        .collect();
    if open.is_empty() {
        return Err(Refusal::NothingToAnswer {
            number: draft.change.number,
        });
    }
    for exception in open {
        draft.record(Event::ExceptionAnswered {
            exception,
            cause: cause.commitment(),
            remedy: remedy.commitment(),
            owner: owner.clone(),
        });
    }
    Ok(())
}

/// The ticket becomes complete with its last part, whoever wrote that; whoever
/// writes it ahead of the deployment isn't late when that is told late.
fn complete(draft: &mut Draft<'_>) {
    if !draft.change.is_over()
        && draft.change.documented_at.is_none()
        && gaps(&draft.change).is_empty()
    {
        draft.record(Event::Documented);
    }
}

/// A deadline that has passed is recorded, once and for ever, even if what was
/// owed has come in since.
fn notice_misses(draft: &mut Draft<'_>) {
    for obligation in draft.owed() {
        let Some(due_at) = obligation.due_at else {
            continue;
        };
        let in_time = obligation.met_at.is_some_and(|met_at| met_at <= due_at);
        let known = draft.change.missed.contains(&(obligation.duty, due_at));
        if in_time || known || due_at > draft.now {
            continue;
        }
        draft.follow(Event::DeadlineMissed {
            duty: obligation.duty,
            owner: obligation.owner.clone(),
            due_at,
        });
        if let Some(exception) = obligation.duty.exception_when_missed()
            && !draft.change.exceptions.contains_key(&exception)
        {
            draft.follow(Event::ExceptionRecorded { exception });
        }
    }
}

/// Each chase climbs to the latest rung that is due; those slept through count
/// as climbed.
fn remind(draft: &mut Draft<'_>, people: &dyn People) {
    for obligation in draft.owed() {
        let chase = draft
            .change
            .chases
            .get(&(obligation.duty, obligation.owner.clone()))
            .cloned()
            .unwrap_or_default();
        if let Some(rung) = obligation.due_rung(&chase, people, draft.now) {
            draft.follow(Event::Reminded {
                duty: obligation.duty,
                owner: obligation.owner.clone(),
                due_at: obligation.due_at,
                rung,
            });
        }
    }
}

fn close(draft: &mut Draft<'_>) {
    let decided = match draft.change.stage {
        Stage::Approved | Stage::Rejected => true,
        Stage::Requested
        | Stage::Authorized
        | Stage::Denied
        | Stage::Withdrawn
        | Stage::Lapsed
        | Stage::Deployed
        | Stage::Documented
        | Stage::Closed => false,
    };
    let owes = |one: &Obligation| one.met_at.is_none() && one.duty.is_needed_to_close();
    if decided && !draft.owed().iter().any(owes) {
        draft.follow(Event::Closed);
    }
}
