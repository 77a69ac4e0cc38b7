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
use super::ticket::{Entry, Field, Known, Vague, Value};

mod attachment;
mod command;
mod decide;
mod event;
mod kind;
mod part;
mod passage;
mod refusal;

pub use attachment::{Attached, Attachment, LARGEST_ATTACHMENT, NotFetched};
pub use command::{Command, Genuine, Given, Submission};
pub use decide::{decide, declare};
pub use event::{Event, Recorded};
pub use kind::{
    Criterion, Exception, Method, NotGenuine, Remedy, Review, Source, Stage, Strength, Verdict,
};
pub use part::{
    ActOf, Actor, Alteration, Altered, Approval, Authorization, Capture, Commander, Correction,
    Deployment, Done, Evidence, ExceptionAnswer, ExceptionState, FollowUp, Genuineness,
    GenuinenessReview, Meeting, MessageRef, Place, Quote, Reacted, Rejection, Reviewed,
    StatedReason, Written,
};
pub use passage::{Passage, Redaction, Stands};
pub use refusal::{Refusal, Shown, Waiting};

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
    /// When that was said last.
    pub criterion_at: Option<DateTime<Utc>>,
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
    /// How long after the deployment the ticket is due; nothing: a day, and the
    /// ticket is one of the first, of which less was asked.
    pub documented_within: Option<TimeDelta>,
    /// Since when the ticket is complete.
    pub documented_at: Option<DateTime<Utc>>,
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
            criterion_at: None,
            reason: None,
            authorization: None,
            denial: None,
            went_ahead: None,
            commander: None,
            second: None,
            deployments: Vec::new(),
            fields: BTreeMap::new(),
            documented_within: *documented_within,
            documented_at: None,
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

    /// Folds one event into the state.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each event; the compiler sees that none is missing"
    )]
    pub fn apply(&mut self, recorded: &Recorded) {
        self.version += 1;
        self.keep_texts(recorded);
        let at = recorded.at;
        let act = match &recorded.actor {
            Actor::Person(by) => Some(ActOf { by: by.clone(), at }),
            Actor::Clock | Actor::Bot => None,
        };
        match &recorded.event {
            // Only a beginning requests; a second one would be another change.
            Event::Requested { .. } | Event::Delivered { .. } | Event::Undelivered { .. } => {}
            Event::CriterionStated { criterion } => {
                self.criterion = Some(*criterion);
                self.criterion_at = Some(at);
            }
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
                evidence,
                attested,
            } => {
                self.keep_evidence(by, evidence.as_ref());
                if attested.is_some() {
                    // Of another authorization by the same person, they hear anew.
                    self.begin_chase_anew(Duty::Confirmation);
                }
                self.authorization = Some(Authorization {
                    by: by.clone(),
                    at,
                    method: *method,
                    strength: *strength,
                    ground: *ground,
                    evidence: evidence.clone(),
                    attested: attested.clone(),
                    confirmed_at: None,
                });
                if self.deployments.is_empty() {
                    self.stage = Stage::Authorized;
                }
            }
            Event::Denied { evidence, .. } => {
                if let Some(act) = &act {
                    self.keep_evidence(&act.by, evidence.as_ref());
                }
                // What rested on nobody's authority, or on their own alleged word,
                // doesn't outlive a denial.
                let said_of = self.awaits_confirmation();
                let denied_themselves = act.as_ref().is_some_and(|act| Some(&act.by) == said_of);
                if self.stood_in().is_some() || denied_themselves {
                    self.authorization = None;
                }
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
            Event::SecondAuthorized { evidence, .. } => {
                if let Some(act) = &act {
                    self.keep_evidence(&act.by, evidence.as_ref());
                }
                self.second = act;
            }
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
            Event::AttestationConfirmed => {
                if let Some(given) = &mut self.authorization {
                    given.confirmed_at = Some(at);
                }
            }
            Event::AttestationDisputed => {
                self.authorization = None;
                if self.is_before_deployment() {
                    // A denial stands until somebody authorizes, and nobody has.
                    self.stage = match self.denial {
                        Some(_) => Stage::Denied,
                        None => Stage::Requested,
                    };
                    self.asked_at = at;
                    self.begin_chase_anew(Duty::AnswerRequest);
                }
            }
            Event::DeploymentCorrected { from, to, reason } => {
                self.correct_deployment(*from, *to, at);
                self.corrections
                    .extend(act.map(|ActOf { by, at }| Correction {
                        from: *from,
                        to: *to,
                        by,
                        at,
                        reason: *reason,
                    }));
            }
            Event::ReasonStated { reason, text } => {
                self.reason = act.map(|ActOf { by, at }| StatedReason {
                    reason: *reason,
                    text: *text,
                    by,
                    at,
                });
            }
            Event::LinkedAsDuplicate { of } => {
                self.duplicate_of = Some(*of);
                self.stage = Stage::Withdrawn;
            }
            Event::MessageEdited { message, to, .. } => {
                for quote in self.quotes_of(message) {
                    quote.stands = *to;
                }
                self.altered.push(Altered {
                    message: message.clone(),
                    alteration: Alteration::Edited { text: *to },
                    at,
                });
            }
            Event::MessageDeleted { message, .. } => {
                for quote in self.quotes_of(message) {
                    quote.is_deleted = true;
                }
                self.altered.push(Altered {
                    message: message.clone(),
                    alteration: Alteration::Deleted,
                    at,
                });
            }
            Event::ReactionRemoved { name, on } => {
                for reacted in &mut self.reactions {
                    let by_them = act.as_ref().is_some_and(|act| act.by == reacted.by);
                    if by_them && reacted.name == *name && reacted.on.is(&on.channel, &on.ts) {
                        reacted.is_removed = true;
                    }
                }
                self.altered.push(Altered {
                    message: on.clone(),
                    alteration: Alteration::ReactionRemoved,
                    at,
                });
            }
            Event::Lapsed => self.stage = Stage::Lapsed,
            Event::Withdrawn => self.stage = Stage::Withdrawn,
            Event::SectionWritten { section, text } => {
                let entry = Entry {
                    value: Value::Words(*text),
                    by: recorded.actor.clone(),
                    at,
                    source: Known::Person,
                    vague: None,
                    replaced: None,
                };
                self.fields.insert(section.field(), entry);
            }
            Event::FieldWritten {
                field,
                value,
                vague,
                taken_from,
                replaced,
            } => {
                let source = match (taken_from, &recorded.actor) {
                    (Some(number), _) => Known::TakenFrom(*number),
                    (None, Actor::Person(_)) => Known::Person,
                    (None, Actor::Clock | Actor::Bot) => Known::Bot(recorded.source),
                };
                let entry = Entry {
                    value: value.clone(),
                    by: recorded.actor.clone(),
                    at,
                    source,
                    vague: *vague,
                    replaced: replaced.clone(),
                };
                self.fields.insert(*field, entry);
            }
            Event::AttachmentKept {
                name,
                attached,
                message,
            } => {
                self.attachments
                    .extend(act.map(|ActOf { by, at }| Attachment {
                        name: *name,
                        attached: attached.clone(),
                        message: message.clone(),
                        by,
                        at,
                        is_later: self.approval.is_some(),
                    }));
                self.weigh_evidence();
            }
            Event::Redacted { text, reason } => {
                self.redactions.extend(act.map(|ActOf { by, at }| {
                    (
                        *text,
                        Redaction {
                            by,
                            at,
                            reason: *reason,
                        },
                    )
                }));
            }
            Event::TicketReopened { .. } => {
                self.documented_at = None;
                self.reopened_at = Some(at);
                self.begin_chase_anew(Duty::Ticket);
                if self.stage == Stage::Documented {
                    self.stage = Stage::Deployed;
                }
            }
            Event::Documented => {
                self.documented_at = Some(at);
                if self.stage == Stage::Deployed {
                    self.stage = Stage::Documented;
                }
            }
            Event::Approved {
                content,
                conditions,
                genuine,
                despite,
                ..
            } => {
                self.approval = act.map(|ActOf { by, at }| Approval {
                    by,
                    at,
                    content: *content,
                    conditions: *conditions,
                    genuine: genuine.clone(),
                    despite: despite.clone(),
                });
                self.stage = Stage::Approved;
            }
            Event::ApprovalTakenBack { .. } => {
                self.approval = None;
                self.taken_back_at = Some(at);
                // Whoever decides anew sees it.
                for one in &mut self.attachments {
                    one.is_later = false;
                }
                self.weigh_evidence();
                self.begin_chase_anew(Duty::Approval);
                self.stage = Stage::Documented;
            }
            Event::Rejected {
                reason,
                remedy,
                owner,
                due_at,
                ..
            } => {
                self.rejection = act.map(|ActOf { by, at }| Rejection {
                    by,
                    at,
                    reason: *reason,
                    remedy: *remedy,
                    owner: owner.clone(),
                    due_at: *due_at,
                });
                self.stage = Stage::Rejected;
            }
            Event::Reviewed {
                review,
                content,
                words,
                ..
            } => {
                if let Some(ActOf { by, at }) = act {
                    let reviewed = Reviewed {
                        by,
                        at,
                        content: *content,
                        words: *words,
                    };
                    self.reviews.insert(*review, reviewed);
                }
            }
            Event::GenuinenessReviewed { genuine, .. } => {
                self.genuineness = act.map(|ActOf { by, at }| GenuinenessReview {
                    by,
                    at,
                    genuine: genuine.clone(),
                });
            }
            Event::MeetingHeld {
                held_at,
                minutes,
                improvements,
            } => {
                self.meeting = act.map(|ActOf { by, at }| Meeting {
                    by,
                    at,
                    held_at: *held_at,
                    minutes: *minutes,
                    improvements: *improvements,
                });
            }
            Event::PermanentFixMade { how } => {
                self.permanent_fix = act.map(|ActOf { by, at }| Written { text: *how, by, at });
            }
            Event::FollowUpAdded {
                what,
                owner,
                due_at,
            } => self.follow_ups.extend(act.map(|added| FollowUp {
                what: *what,
                owner: owner.clone(),
                due_at: *due_at,
                added,
                done: None,
            })),
            Event::FollowUpDone { n, how } => {
                let nth = usize::from(*n).checked_sub(1);
                if let (Some(one), Some(ActOf { by, at })) =
                    (nth.and_then(|nth| self.follow_ups.get_mut(nth)), act)
                {
                    one.done = Some(Done { by, at, how: *how });
                }
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

    /// Keeps which texts an event brings; where one came in first is where it is.
    fn keep_texts(&mut self, recorded: &Recorded) {
        for (passage, text) in passage::passages(&recorded.event) {
            self.texts.entry(text).or_insert_with(|| Stands {
                passage,
                by: recorded.actor.clone(),
                at: recorded.at,
            });
        }
    }

    fn keep_evidence(&mut self, by: &UserId, evidence: Option<&Evidence>) {
        match evidence {
            Some(Evidence::Words { text, message }) => self.quotes.push(Quote {
                message: message.clone(),
                by: by.clone(),
                captured: *text,
                stands: *text,
                is_deleted: false,
            }),
            Some(Evidence::Emoji { name, on }) => self.reactions.push(Reacted {
                on: on.clone(),
                name: name.clone(),
                by: by.clone(),
                is_removed: false,
            }),
            Some(Evidence::Account { .. }) | None => {}
        }
    }

    /// Whether something attached shows what was tested. What came after the
    /// approval counts from the next decision on.
    pub fn has_evidence(&self) -> bool {
        self.attachments
            .iter()
            .any(|one| one.attached.is_evidence() && !one.is_later)
    }

    /// A test told of without a link lacks none any more once something is attached.
    fn weigh_evidence(&mut self) {
        if self.has_evidence()
            && let Some(testing) = self.fields.get_mut(&Field::Testing)
            && testing.vague == Some(Vague::NoEvidence)
        {
            testing.vague = None;
        }
    }

    /// Puts a time right. What stood is kept: it may have been a deadline.
    fn correct_deployment(&mut self, from: DateTime<Utc>, to: DateTime<Utc>, at: DateTime<Utc>) {
        let due_at = self.due_at();
        self.stood
            .extend(self.deployed_at().map(|stood| (stood, at)));
        for deployment in &mut self.deployments {
            if deployment.at == from {
                deployment.at = to;
                deployment.known_from = Source::Attested;
            }
        }
        if self.due_at() > due_at {
            // The deadline is farther off, so its ladder is climbed again.
            for duty in DUE_AFTER_DEPLOYMENT {
                self.begin_chase_anew(duty);
            }
        }
    }

    fn quotes_of<'a>(&'a mut self, message: &'a MessageRef) -> impl Iterator<Item = &'a mut Quote> {
        self.quotes
            .iter_mut()
            .filter(|quote| quote.message.is(&message.channel, &message.ts))
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

    /// Returns who is said to have authorized it by word of mouth, while they
    /// haven't said whether they did.
    pub fn awaits_confirmation(&self) -> Option<&UserId> {
        let given = self.authorization.as_ref()?;
        let attested = given.attested.as_ref()?;
        (attested.by != given.by && given.confirmed_at.is_none()).then_some(&given.by)
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

    /// Returns who owes the remedy after a rejection.
    pub fn remedy_owner(&self) -> Option<&UserId> {
        let rejection = self.rejection.as_ref()?;
        rejection
            .owner
            .as_ref()
            .or_else(|| self.implementers().next())
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
