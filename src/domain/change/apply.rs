//! How one event changes the state. Nothing else does.

use chrono::{DateTime, Utc};

use super::{
    ActOf, Actor, Alteration, Altered, Approval, Attachment, Authorization, Commander, Correction,
    DUE_AFTER_DEPLOYMENT, Deployment, Done, EmergencyChange, Event, Evidence, ExceptionAnswer,
    ExceptionState, FollowUp, GenuinenessReview, Handed, Handover, Meeting, MessageRef, Quote,
    Reacted, Recorded, Redaction, Rejection, Reviewed, Source, Stage, Stands, StatedReason,
    Written, passage,
};
use crate::domain::id::UserId;
use crate::domain::obligation::{Duty, Rung};
use crate::domain::policy::Party;
use crate::domain::ticket::{Entry, Field, Known, Vague, Value};

impl EmergencyChange {
    /// Folds one event into the state.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each event; the compiler sees that none is missing"
    )]
    pub fn apply(&mut self, recorded: &Recorded) {
        self.version += 1;
        self.keep_texts(recorded);
        self.end_naps_in_a_row(recorded);
        if let Actor::Person(who) = &recorded.actor {
            self.gone.remove(who);
        }
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
                let since = self.criteria_since.entry(*criterion).or_insert(at);
                *since = at.min(*since);
            }
            Event::AskedAnew { asked } => {
                self.asked.clone_from(asked);
                self.asked_at = at;
                self.begin_chase_anew(Duty::AnswerRequest);
                // Who is asked now is to be the second person, too.
                self.name_anew(Duty::SecondAuthorization);
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
                    self.handed.remove(&Duty::Confirmation);
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
                self.name_anew(Duty::CommanderAuthorization);
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
                if *field == Field::PermanentFixOwner {
                    self.name_anew(Duty::PermanentFix);
                }
                if let Value::Choice(name) = value {
                    let chosen = (*field, name.clone());
                    let since = self.chosen_since.entry(chosen).or_insert(at);
                    *since = at.min(*since);
                }
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
                let redaction = Redaction {
                    by: recorded.actor.clone(),
                    at,
                    reason: *reason,
                };
                self.redactions.insert(*text, redaction);
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
                self.first_documented_at.get_or_insert(at);
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
                genuine,
                ..
            } => {
                self.name_anew(Duty::Remediation);
                self.rejection = act.map(|ActOf { by, at }| Rejection {
                    by,
                    at,
                    reason: *reason,
                    remedy: *remedy,
                    owner: owner.clone(),
                    due_at: *due_at,
                    genuine: genuine.clone(),
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
                self.exceptions.entry(*exception).or_insert(ExceptionState {
                    at,
                    is_after_closing: self.closed_at.is_some(),
                    answer: None,
                });
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
                let (_, told_at) = self.escalated.entry((*duty, *due_at)).or_insert((0, at));
                *told_at = at;
            }
            Event::Reminded {
                duty, owner, rung, ..
            } => {
                let key = (*duty, owner.clone());
                self.chases.entry(key).or_default().reach(*rung, at);
                // What is ready may be reopened, and ready another time.
                if *rung == Rung::Ready {
                    self.begin_round(*duty);
                }
            }
            Event::Snoozed { duty, owner, until } => {
                let key = (*duty, owner.clone());
                self.chases.entry(key).or_default().put_off(*until);
            }
            Event::HandedOver {
                duty,
                from,
                to,
                why,
            } => {
                let handed = Handed {
                    from: from.clone(),
                    to: to.clone(),
                    why: *why,
                    at,
                };
                self.handed.insert(*duty, handed);
                if let (Some(Party::Person(from)), Handover::Left) = (from, why) {
                    self.gone.insert(from.clone());
                }
                self.begin_round(*duty);
                // Whom it comes back to hears of it anew.
                if let Some(chase) = self.chases.get_mut(&(*duty, Some(to.clone()))) {
                    chase.begin_anew();
                }
            }
            Event::Escalated {
                duty, due_at, step, ..
            } => {
                self.escalated.insert((*duty, *due_at), (*step, at));
            }
            Event::Closed => {
                self.closed_at = Some(at);
                self.stage = Stage::Closed;
            }
        }
    }

    /// Keeps which texts an event brings; where one came in first is where it is.
    pub(super) fn keep_texts(&mut self, recorded: &Recorded) {
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

    /// Whoever does something about the change has put nothing off in a row.
    fn end_naps_in_a_row(&mut self, recorded: &Recorded) {
        let (Actor::Person(who), false) = (
            &recorded.actor,
            matches!(recorded.event, Event::Snoozed { .. }),
        ) else {
            return;
        };
        for ((_, owner), chase) in &mut self.chases {
            if *owner == Some(Party::Person(who.clone())) {
                chase.naps_in_a_row = 0;
            }
        }
    }

    /// What is owed anew is chased from the foot of the ladder.
    fn begin_chase_anew(&mut self, duty: Duty) {
        self.begin_round(duty);
        for ((about, _), chase) in &mut self.chases {
            if *about == duty {
                chase.begin_anew();
            }
        }
    }

    /// Somebody is named for it, which counts before whom it passed to earlier.
    fn name_anew(&mut self, duty: Duty) {
        if self.handed.remove(&duty).is_some() {
            self.begin_chase_anew(duty);
        }
    }

    /// What is said of it from now on has been said before, and isn't the same.
    fn begin_round(&mut self, duty: Duty) {
        let round = self.rounds.entry(duty).or_default();
        *round = round.saturating_add(1);
    }
}
