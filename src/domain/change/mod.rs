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

use chrono::{DateTime, TimeDelta, Utc};

use super::authorization::Ground;
use super::id::{ChangeNumber, ChannelId, MessageTs, UserId};
use super::obligation::{Chase, ChaseKey, Duty};
use super::policy::{Party, Policy, PolicyVersion};
use super::text::Commitment;
use super::ticket::{Entry, Field, Vague, Value};

mod apply;
mod attachment;
mod command;
mod decide;
mod event;
mod kind;
mod part;
mod passage;
mod refusal;
mod retention;

pub use attachment::{Attached, Attachment, LARGEST_ATTACHMENT, NotFetched};
pub use command::{Command, Genuine, Given, Submission};
pub use decide::{NAPS_IN_A_ROW, decide, declare};
pub use event::{Event, Recorded};
pub use kind::{
    Criterion, Exception, Handover, Method, Nap, NotGenuine, Remedy, Review, Source, Stage,
    Strength, Verdict,
};
pub use part::{
    ActOf, Actor, Alteration, Altered, Approval, Authorization, Capture, Commander, Correction,
    Deployment, Done, Evidence, ExceptionAnswer, ExceptionState, FollowUp, Genuineness,
    GenuinenessReview, Handed, Meeting, MessageRef, Place, Quote, Reacted, Rejection, Reviewed,
    StatedReason, Written,
};
pub use passage::{Passage, Redaction, Stands, going_with};
pub use refusal::{Refusal, Shown, Waiting};
pub use retention::{expiring, kept_since};

/// Two deployments by one person within this time are one, told twice.
pub const SAME_DEPLOYMENT: TimeDelta = TimeDelta::minutes(5);

/// What is due so long after the deployment, and moves with its time.
const DUE_AFTER_DEPLOYMENT: [Duty; 7] = [
    Duty::Ticket,
    Duty::CommanderAuthorization,
    Duty::Confirmation,
    Duty::SecondAuthorization,
    Duty::Approval,
    Duty::SecurityReview,
    Duty::DatabaseApproval,
];

/// The longest text that one field keeps, in characters: what Slack lets a
/// person type into one input.
pub const LONGEST_TEXT: usize = 3000;

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
    /// The message in which it was asked for; nothing: it was a command or a form.
    pub said: Option<MessageRef>,
    /// Who put it on record, if that was later than it was said.
    pub captured: Option<Capture>,
    /// Whether it rehearses an emergency; it then counts nowhere.
    pub drill: bool,
    /// Who is asked to authorize, in order.
    pub asked: Vec<Party>,
    /// Since when they are asked.
    pub asked_at: DateTime<Utc>,
    /// Which kind of emergency it was.
    pub criterion: Option<Criterion>,
    /// When each kind was said first. What is taken back and said again was known
    /// since then.
    pub criteria_since: BTreeMap<Criterion, DateTime<Utc>>,
    /// The reason that was stated instead of one.
    pub reason: Option<StatedReason>,
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
    /// The ticket's fields that are filled.
    pub fields: BTreeMap<Field, Entry>,
    /// When each choice of a field was made first, by its name in the record.
    pub chosen_since: BTreeMap<(Field, String), DateTime<Utc>>,
    /// How long after the deployment the ticket is due; nothing: a day, and the
    /// ticket is one of the first, of which less was asked.
    pub documented_within: Option<TimeDelta>,
    /// Since when the ticket is complete.
    pub documented_at: Option<DateTime<Utc>>,
    /// When it was complete for the first time: what came to light since makes
    /// nothing late that was in time, nor the other way round.
    pub first_documented_at: Option<DateTime<Utc>>,
    /// When a circumstance last came to light under which it missed more.
    pub reopened_at: Option<DateTime<Utc>>,
    /// The approval, while it stands.
    pub approval: Option<Approval>,
    /// When an edit last took an approval back.
    pub taken_back_at: Option<DateTime<Utc>>,
    /// The reviews beside the approver's decision.
    pub reviews: BTreeMap<Review, Reviewed>,
    /// The compliance lead's word on whether it was a genuine emergency.
    pub genuineness: Option<GenuinenessReview>,
    /// The team meeting that reviewed it.
    pub meeting: Option<Meeting>,
    /// The permanent fix that took its place.
    pub permanent_fix: Option<Written>,
    /// What is to be done after it, in the order in which it was written down.
    pub follow_ups: Vec<FollowUp>,
    /// The rejection.
    pub rejection: Option<Rejection>,
    /// When the rejected change was put right, and how.
    pub remediation: Option<Written>,
    /// The controls that were not met.
    pub exceptions: BTreeMap<Exception, ExceptionState>,
    /// The deadlines that passed, with when each was due.
    pub missed: BTreeSet<(Duty, DateTime<Utc>)>,
    /// What is owed by somebody else than by rule, and since when.
    pub handed: BTreeMap<Duty, Handed>,
    /// Who had left when something that they owed passed on, and did nothing since.
    pub gone: BTreeSet<UserId>,
    /// How often each duty passed to somebody else, or came to be owed anew.
    pub rounds: BTreeMap<Duty, u16>,
    /// How many further contacts of the policy heard of each miss, and when the last
    /// one did; the first hears when it is noticed.
    pub escalated: BTreeMap<(Duty, DateTime<Utc>), (u16, DateTime<Utc>)>,
    /// How far each chase has come.
    pub chases: BTreeMap<ChaseKey, Chase>,
    /// The captured messages.
    pub quotes: Vec<Quote>,
    /// The emoji by which somebody answered.
    pub reactions: Vec<Reacted>,
    /// The files and addresses that were attached, in their order.
    pub attachments: Vec<Attachment>,
    /// Every text that was ever part of the record, and where it came into it.
    pub texts: BTreeMap<Commitment, Stands>,
    /// The texts that were taken out of it again.
    pub redactions: BTreeMap<Commitment, Redaction>,
    /// What happened to the captured messages since.
    pub altered: Vec<Altered>,
    /// The times of deployments that were put right.
    pub corrections: Vec<Correction>,
    /// The first deployment's time before each correction, and when that came.
    pub stood: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// The change of which this is a second record.
    pub duplicate_of: Option<ChangeNumber>,
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
            said,
            captured,
            drill,
            documented_within,
        } = &recorded.event
        else {
            return None;
        };
        let quote = said.as_ref().map(|message| Quote {
            message: message.clone(),
            by: requester.clone(),
            captured: *verbatim,
            stands: *verbatim,
            is_deleted: false,
        });
        let mut change = Self {
            number,
            version: 1,
            stage: Stage::Requested,
            policy: *policy,
            requester: requester.clone(),
            requested_at: recorded.at,
            what: *what,
            verbatim: *verbatim,
            place: place.clone(),
            said: said.clone(),
            captured: captured.clone(),
            drill: *drill,
            asked: asked.clone(),
            asked_at: recorded.at,
            criterion: None,
            criteria_since: BTreeMap::new(),
            reason: None,
            authorization: None,
            denial: None,
            went_ahead: None,
            commander: None,
            second: None,
            deployments: Vec::new(),
            fields: BTreeMap::new(),
            chosen_since: BTreeMap::new(),
            documented_within: *documented_within,
            documented_at: None,
            first_documented_at: None,
            reopened_at: None,
            approval: None,
            taken_back_at: None,
            reviews: BTreeMap::new(),
            genuineness: None,
            meeting: None,
            permanent_fix: None,
            follow_ups: Vec::new(),
            rejection: None,
            remediation: None,
            exceptions: BTreeMap::new(),
            missed: BTreeSet::new(),
            handed: BTreeMap::new(),
            gone: BTreeSet::new(),
            rounds: BTreeMap::new(),
            escalated: BTreeMap::new(),
            chases: BTreeMap::new(),
            quotes: quote.into_iter().collect(),
            reactions: Vec::new(),
            attachments: Vec::new(),
            texts: BTreeMap::new(),
            redactions: BTreeMap::new(),
            altered: Vec::new(),
            corrections: Vec::new(),
            stood: Vec::new(),
            duplicate_of: None,
            closed_at: None,
        };
        change.keep_texts(recorded);
        Some(change)
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

    /// Whether something attached shows what was tested. What came after the
    /// approval counts from the next decision on.
    pub fn has_evidence(&self) -> bool {
        self.attachments
            .iter()
            .any(|one| one.attached.is_evidence() && !one.is_later)
    }

    /// Returns the captured message of this name.
    pub fn quote(&self, channel: &ChannelId, ts: &MessageTs) -> Option<&Quote> {
        self.quotes
            .iter()
            .find(|quote| quote.message.is(channel, ts))
    }

    /// Returns who authorized it on no other ground than having been the most
    /// senior engineer available, while nothing better has taken its place.
    pub fn stood_in(&self) -> Option<&UserId> {
        self.authorization
            .as_ref()
            .filter(|given| given.ground == Ground::MostSenior)
            .map(|given| &given.by)
    }

    /// Whether a miss is on record already: at that deadline, or at a later one
    /// that an earlier deployment has moved since. Missed is missed once.
    pub fn has_missed(&self, duty: Duty, due_at: DateTime<Utc>) -> bool {
        self.missed
            .iter()
            .any(|(missed, at)| *missed == duty && *at >= due_at)
    }

    /// Returns the first deadline of a duty that was missed.
    pub fn first_missed(&self, duty: Duty) -> Option<DateTime<Utc>> {
        let mut missed = self.missed.iter().filter(|(missed, _)| *missed == duty);
        missed.next().map(|(_, due_at)| *due_at)
    }

    /// Returns who is said to have authorized it by word of mouth, while they
    /// haven't said whether they did.
    pub fn awaits_confirmation(&self) -> Option<&UserId> {
        let given = self.authorization.as_ref()?;
        let attested = given.attested.as_ref()?;
        (attested.by != given.by && given.confirmed_at.is_none()).then_some(&given.by)
    }

    /// When it went into production, by the earliest deployment known.
    pub fn deployed_at(&self) -> Option<DateTime<Utc>> {
        self.deployments.iter().map(|one| one.at).min()
    }

    /// When the ticket is due.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        self.due_within(self.documented_within.unwrap_or(Policy::DOCUMENTATION))
    }

    /// Whether it has one of the first tickets: five sections, and nothing beside
    /// the decision. What was declared under those rules keeps them.
    pub fn has_first_ticket(&self) -> bool {
        self.documented_within.is_none()
    }

    /// When is due what has to come so long after the deployment.
    ///
    /// A fact moves a deadline only before that has passed: one that had passed
    /// when the deployment's time was corrected, or was missed before that was
    /// heard, stays.
    pub fn due_within(&self, within: TimeDelta) -> Option<DateTime<Utc>> {
        let no_later = |due_at: DateTime<Utc>, than: Option<DateTime<Utc>>| {
            than.map_or(due_at, |than| due_at.min(than))
        };
        let missed = |due_at| {
            let mut duties = DUE_AFTER_DEPLOYMENT.iter();
            duties.any(|duty| self.missed.contains(&(*duty, due_at)))
        };
        let mut passed = None;
        for (deployed_at, corrected_at) in &self.stood {
            let due_at = no_later(*deployed_at + within, passed);
            if due_at <= *corrected_at || missed(due_at) {
                passed = Some(due_at);
            }
        }
        Some(no_later(self.deployed_at()? + within, passed))
    }

    /// Returns the words that stand in a field, by their commitment.
    pub fn words(&self, field: Field) -> Option<Commitment> {
        match &self.fields.get(&field)?.value {
            Value::Words(text) => Some(*text),
            Value::Choice(_)
            | Value::Links(_)
            | Value::Person(_)
            | Value::Instant(_)
            | Value::Systems(_) => None,
        }
    }

    /// Returns the choice that stands in a field, by its name.
    pub fn choice(&self, field: Field) -> Option<&str> {
        match &self.fields.get(&field)?.value {
            Value::Choice(name) => Some(name),
            Value::Words(_)
            | Value::Links(_)
            | Value::Person(_)
            | Value::Instant(_)
            | Value::Systems(_) => None,
        }
    }

    /// Returns the person who stands in a field.
    pub fn person(&self, field: Field) -> Option<&UserId> {
        match &self.fields.get(&field)?.value {
            Value::Person(who) => Some(who),
            Value::Words(_)
            | Value::Choice(_)
            | Value::Links(_)
            | Value::Instant(_)
            | Value::Systems(_) => None,
        }
    }

    /// Returns the instant that stands in a field.
    pub fn instant(&self, field: Field) -> Option<DateTime<Utc>> {
        match &self.fields.get(&field)?.value {
            Value::Instant(at) => Some(*at),
            Value::Words(_)
            | Value::Choice(_)
            | Value::Links(_)
            | Value::Person(_)
            | Value::Systems(_) => None,
        }
    }

    /// Returns the systems that it touched.
    pub fn systems(&self) -> &[String] {
        match self.fields.get(&Field::Systems).map(|entry| &entry.value) {
            Some(Value::Systems(names)) => names,
            Some(
                Value::Words(_)
                | Value::Choice(_)
                | Value::Links(_)
                | Value::Person(_)
                | Value::Instant(_),
            )
            | None => &[],
        }
    }

    /// The fields that say too little, each with why, in the order of the ticket.
    pub fn vague(&self) -> impl Iterator<Item = (Field, Vague)> {
        self.fields
            .iter()
            .filter_map(|(field, entry)| Some((*field, entry.vague?)))
    }

    /// How many further contacts of the policy heard of a miss.
    pub fn escalations(&self, duty: Duty, due_at: DateTime<Utc>) -> u16 {
        let steps = self.told_of(duty, due_at).map(|(step, _)| *step);
        steps.max().unwrap_or_default()
    }

    /// When a contact of the policy last heard of a miss; nothing: it isn't missed.
    pub fn contact_told_at(&self, duty: Duty, due_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.told_of(duty, due_at).map(|(_, at)| *at).max()
    }

    /// What the contacts heard of a duty that was due then or later.
    fn told_of(
        &self,
        duty: Duty,
        due_at: DateTime<Utc>,
    ) -> impl Iterator<Item = &(u16, DateTime<Utc>)> {
        let of_it = self.escalated.range((duty, due_at)..);
        of_it
            .take_while(move |((of, _), _)| *of == duty)
            .map(|(_, told)| told)
    }

    /// Returns who owes the remedy after a rejection.
    pub fn remedy_owner(&self) -> Option<&UserId> {
        if let Some(Party::Person(owner)) = self.handed.get(&Duty::Remediation).map(|one| &one.to) {
            return Some(owner);
        }
        let rejection = self.rejection.as_ref()?;
        rejection
            .owner
            .as_ref()
            .or_else(|| self.implementers().next())
    }

    /// Whether somebody asked for it or deployed it.
    pub fn is_involved(&self, who: &UserId) -> bool {
        self.requester == *who || self.implementers().any(|by| by == who)
    }

    /// Returns who approved or rejected it, and when.
    pub fn decision(&self) -> Option<(&UserId, DateTime<Utc>)> {
        let approved = self.approval.as_ref().map(|one| (&one.by, one.at));
        approved.or_else(|| self.rejection.as_ref().map(|one| (&one.by, one.at)))
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

    /// Whether nothing is known to be in production; what a rehearsal that was
    /// ended is said to have deployed never was.
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

    /// Every text that was ever part of the record.
    pub fn commitments(&self) -> Vec<Commitment> {
        self.texts.keys().copied().collect()
    }

    /// The exceptions that wait for their answer.
    pub fn unanswered(&self) -> impl Iterator<Item = Exception> {
        self.exceptions
            .iter()
            .filter(|(_, state)| state.answer.is_none())
            .map(|(exception, _)| *exception)
    }

    /// Whether closing waits for a duty: not for the answer to what came to light
    /// after it.
    pub fn closing_waits_for(&self, duty: Duty) -> bool {
        let came_later = match duty {
            Duty::AnswerException(exception) => self
                .exceptions
                .get(&exception)
                .is_some_and(|state| state.is_after_closing),
            Duty::AnswerRequest
            | Duty::ConfirmDeployment
            | Duty::Ticket
            | Duty::CommanderAuthorization
            | Duty::Confirmation
            | Duty::SecondAuthorization
            | Duty::Approval
            | Duty::SecurityReview
            | Duty::DatabaseApproval
            | Duty::Remediation
            | Duty::GenuinenessReview
            | Duty::MeetingReview
            | Duty::PermanentFix
            | Duty::FollowUp(_) => false,
        };
        duty.is_needed_to_close() && !came_later
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
        if let Some(of) = self.duplicate_of {
            return Err(Refusal::Duplicate {
                number: self.number,
                of,
            });
        }
        if self.is_over() {
            return Err(Refusal::Over {
                number: self.number,
                stage: self.stage,
            });
        }
        Ok(())
    }
}
