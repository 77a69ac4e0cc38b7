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
use super::id::{ChangeNumber, ChannelId, MessageTs, Permalink, UserId};
use super::obligation::{Chase, ChaseKey, Duty};
use super::policy::{Party, Policy, PolicyVersion};
use super::text::Commitment;
use super::ticket::{ContentHash, Section};

mod command;
mod decide;
mod event;
mod refusal;

pub use command::{Command, Given, Submission};
pub use decide::{decide, declare};
pub use event::{Event, Recorded};
pub use refusal::{Refusal, Shown, Waiting};

/// What is due 24 hours after the deployment, and moves with its time.
const DUE_WITHIN_A_DAY: [Duty; 5] = [
    Duty::Ticket,
    Duty::CommanderAuthorization,
    Duty::Confirmation,
    Duty::SecondAuthorization,
    Duty::Approval,
];

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
        /// The reason that was stated is none of the five of a genuine emergency.
        NotGenuine = "not_genuine",
        /// Put on record more than a day after it was asked for.
        CapturedLate = "captured_late",
        /// Whoever is said to have authorized it hadn't confirmed that by the deadline.
        ConfirmedLate = "confirmed_late",
    }
}

named! {
    /// What an answer to a request for authorization does.
    pub enum Verdict {
        /// It permits.
        Grant = "grant",
        /// It refuses.
        Refuse = "refuse",
    }
}

named! {
    /// A reason that somebody stated and that is none of a genuine emergency:
    /// the guide's three, and whatever else people say.
    pub enum NotGenuine {
        /// To launch something faster.
        FasterLaunch = "faster_launch",
        /// A deadline of today.
        DeadlineToday = "deadline_today",
        /// To skip the normal process.
        SkippingProcess = "skipping_process",
        /// Another reason, in the person's own words.
        Other = "other",
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
    /// The captured messages.
    pub quotes: Vec<Quote>,
    /// The emoji by which somebody answered.
    pub reactions: Vec<Reacted>,
    /// What happened to the captured messages since.
    pub altered: Vec<Altered>,
    /// The times of deployments that were put right.
    pub corrections: Vec<Correction>,
    /// A deadline that had passed before the deployment's time was corrected: a
    /// later fact moves it no more.
    pub due_no_later_than: Option<DateTime<Utc>>,
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
            said: said.clone(),
            captured: captured.clone(),
            drill: *drill,
            asked: asked.clone(),
            asked_at: recorded.at,
            criterion: None,
            reason: None,
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
            quotes: quote.into_iter().collect(),
            reactions: Vec::new(),
            altered: Vec::new(),
            corrections: Vec::new(),
            due_no_later_than: None,
            duplicate_of: None,
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

    /// Puts a time right. A fact moves the deadline only before that has passed:
    /// one that had passed by `at`, or was missed before that was heard, stays.
    fn correct_deployment(&mut self, from: DateTime<Utc>, to: DateTime<Utc>, at: DateTime<Utc>) {
        let stood = self.due_at();
        let missed = |due_at| {
            let mut duties = DUE_WITHIN_A_DAY.iter();
            duties.any(|duty| self.missed.contains(&(*duty, due_at)))
        };
        if let Some(due_at) = stood.filter(|due_at| *due_at <= at || missed(*due_at)) {
            self.due_no_later_than = Some(due_at);
        }
        for deployment in &mut self.deployments {
            if deployment.at == from {
                deployment.at = to;
                deployment.known_from = Source::Attested;
            }
        }
        if self.due_at() > stood {
            // The deadline is farther off, so its ladder is climbed again.
            for duty in DUE_WITHIN_A_DAY {
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

    /// When the paperwork is due.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        let due_at = self.deployed_at()? + Policy::DOCUMENTATION;
        Some(self.due_no_later_than.map_or(due_at, |at| at.min(due_at)))
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

    /// Every text that the state refers to.
    pub fn commitments(&self) -> Vec<Commitment> {
        let answers = self
            .exceptions
            .values()
            .filter_map(|one| one.answer.as_ref());
        let account =
            self.authorization
                .as_ref()
                .and_then(|given| match given.evidence.as_ref()? {
                    Evidence::Account { text } => Some(*text),
                    Evidence::Words { .. } | Evidence::Emoji { .. } => None,
                });
        [self.what, self.verbatim]
            .into_iter()
            .chain(account)
            .chain(
                self.quotes
                    .iter()
                    .flat_map(|one| [one.captured, one.stands]),
            )
            .chain(self.altered.iter().filter_map(|one| match one.alteration {
                Alteration::Edited { text } => Some(text),
                Alteration::Deleted | Alteration::ReactionRemoved => None,
            }))
            .chain(self.corrections.iter().map(|one| one.reason))
            .chain(self.reason.as_ref().and_then(|stated| stated.text))
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
