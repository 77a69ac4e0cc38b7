//! What a command brings about: the rules of the life of a change.
//!
//! [`decide`] works on a copy of the change that takes in each event as it is
//! decided, and hands back the events; nothing else changes.

use chrono::{DateTime, Utc};

use super::{
    Actor, Command, EmergencyChange, Event, Exception, LONGEST_TEXT, Recorded, Refusal, Source,
    Stage, Submission,
};
use crate::domain::authorization::Act;
use crate::domain::id::{ChangeNumber, UserId};
use crate::domain::obligation::{Obligation, People, obligations};
use crate::domain::policy::{Party, Policy, Term};
use crate::domain::text::Text;
use crate::domain::ticket::gaps;

mod afterwards;
mod attach;
mod chase;
mod conclude;
mod deploy;
mod document;
mod note;
mod permit;
mod redact;

use afterwards::{
    add_follow_up, answer_exceptions, finish_follow_up, record_meeting, record_permanent_fix,
};
use attach::attach;
pub use chase::NAPS_IN_A_ROW;
use chase::{delegate, escalate, hand_over, snooze};
use conclude::{Rejected, approve, reject, remediate, review, review_genuineness};

use deploy::{correct_deployment, lapse, link_as_duplicate, record_deployment, withdraw};
use document::{complete, document, fits, state_criterion, state_reason};
use note::{note_deletion, note_edit, note_reaction_removed};
use permit::{
    ask_someone_else, authorize, confirm_attestation, deny, dispute_attestation, go_ahead,
    name_commander, stand_in, take_command,
};

use redact::redact;

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
        said,
        captured,
        drill,
        known,
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
        said: said.clone(),
        captured: captured.clone(),
        drill: *drill,
        documented_within: Some(policy.due.within(Term::Ticket)),
    })];
    if let Some(criterion) = criterion {
        recorded.push(record(Event::CriterionStated {
            criterion: *criterion,
        }));
    }
    // Filled by rule, with its source; whoever knows better writes over it.
    recorded.extend(
        known
            .iter()
            .filter(|(field, told)| !told.is_blank() && fits(*field, told, policy))
            .map(|(field, told)| Recorded {
                actor: Actor::Bot,
                ..record(Event::FieldWritten {
                    field: *field,
                    value: told.value(),
                    vague: None,
                    taken_from: None,
                    replaced: None,
                })
            }),
    );
    if let Some(capture) = captured
        && capture.at - submission.at > Policy::DOCUMENTATION
    {
        recorded.push(Recorded {
            at: capture.at,
            source: Source::Slack,
            actor: Actor::Person(capture.by.clone()),
            event: Event::ExceptionRecorded {
                exception: Exception::CapturedLate,
            },
        });
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
    let missing_before = gaps(change, policy);
    carry_out(&mut draft, people, &submission.command)?;
    complete(&mut draft, &missing_before);
    hand_over(&mut draft, people);
    // What the bot notes by itself may overtake an act that came in time and waits
    // to be taken in; the sweep doesn't.
    if submission.actor != Actor::Bot {
        notice_misses(&mut draft, now);
        escalate(&mut draft);
    }
    remind(&mut draft, people);
    close(&mut draft);
    Ok(draft.recorded)
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm for each command; the compiler sees that none is missing"
)]
fn carry_out(draft: &mut Draft<'_>, people: &dyn People, command: &Command) -> Result<(), Refusal> {
    match command {
        Command::Request { .. } => return Err(Refusal::NothingSaid),
        Command::StateCriterion { by, criterion } => state_criterion(draft, by, *criterion)?,
        Command::AskSomeoneElse { asked } => ask_someone_else(draft, asked)?,
        Command::Authorize { by, given } => authorize(draft, by, given)?,
        Command::StandIn { by } => stand_in(draft, by)?,
        Command::Deny { by, given } => deny(draft, by, given)?,
        Command::ConfirmAttestation => confirm_attestation(draft)?,
        Command::DisputeAttestation => dispute_attestation(draft)?,
        Command::GoAhead { by } => go_ahead(draft, by)?,
        Command::TakeCommand { by } => take_command(draft, by)?,
        Command::NameCommander { by, commander } => name_commander(draft, by, commander)?,
        Command::RecordDeployment { at, source, by } => {
            record_deployment(draft, *at, *source, by)?;
        }
        Command::CorrectDeployment { from, to, reason } => {
            correct_deployment(draft, *from, *to, reason)?;
        }
        Command::StateReason { by, reason, text } => {
            state_reason(draft, by, *reason, text.as_ref())?;
        }
        Command::LinkAsDuplicate { of } => link_as_duplicate(draft, *of)?,
        Command::NoteEdit { channel, ts, to } => note_edit(draft, channel, ts, to)?,
        Command::NoteDeletion { channel, ts } => note_deletion(draft, channel, ts)?,
        Command::NoteReactionRemoved { name, channel, ts } => {
            note_reaction_removed(draft, name, channel, ts)?;
        }
        Command::Lapse => lapse(draft)?,
        Command::Withdraw => withdraw(draft)?,
        Command::Document {
            by,
            fields,
            standing,
        } => document(draft, by.as_ref(), fields, standing)?,
        Command::Attach {
            by,
            message,
            attached,
        } => attach(draft, by, message, attached)?,
        Command::Redact {
            by,
            administrators,
            texts,
            reason,
        } => redact(draft, by, administrators, texts, reason.as_ref())?,
        Command::Approve {
            by,
            seen,
            conditions,
            genuine,
        } => approve(draft, by, *seen, conditions.as_ref(), genuine)?,
        Command::Reject {
            by,
            reason,
            remedy,
            owner,
            due_at,
            genuine,
        } => {
            let remedy = Rejected {
                remedy: *remedy,
                owner: owner.as_ref(),
                due_at: *due_at,
            };
            reject(draft, by, reason, remedy, genuine.as_ref())?;
        }
        Command::Review {
            by,
            review: which,
            seen,
            words,
        } => review(draft, by, *which, *seen, words.as_ref())?,
        Command::ReviewGenuineness { by, genuine } => {
            review_genuineness(draft, by, genuine)?;
        }
        Command::RecordMeeting {
            by,
            held_at,
            minutes,
            improvements,
        } => {
            let (minutes, improvements) = (minutes.as_ref(), improvements.as_ref());
            record_meeting(draft, by, *held_at, minutes, improvements)?;
        }
        Command::RecordPermanentFix { by, how } => record_permanent_fix(draft, by, how)?,
        Command::AddFollowUp {
            by,
            what,
            owner,
            due_at,
        } => add_follow_up(draft, by, what, owner, *due_at)?,
        Command::FinishFollowUp { by, n, how } => {
            finish_follow_up(draft, by, *n, how.as_ref())?;
        }
        Command::Remediate { by, how } => remediate(draft, by, how)?,
        Command::AnswerExceptions {
            by,
            exceptions,
            cause,
            remedy,
            owner,
        } => answer_exceptions(draft, by, exceptions, cause, remedy, owner)?,
        Command::Snooze { by, duty, nap } => snooze(draft, by, *duty, *nap)?,
        Command::Delegate { by, duty, to } => delegate(draft, people, by, *duty, to)?,
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
    Ok(())
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

/// A deadline that has passed by an instant is recorded, once and for ever, even
/// if what was owed has come in since.
fn notice_misses(draft: &mut Draft<'_>, by: DateTime<Utc>) {
    for obligation in draft.owed() {
        let Some(due_at) = obligation.due_at else {
            continue;
        };
        let in_time = obligation.met_at.is_some_and(|met_at| met_at <= due_at);
        let known = draft.change.has_missed(obligation.duty, due_at);
        if in_time || known || due_at > by {
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
                round: draft.change.rounds.get(&obligation.duty).copied(),
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
    let owes = |one: &Obligation| one.met_at.is_none() && one.closing_waits;
    if decided && !draft.owed().iter().any(owes) {
        draft.follow(Event::Closed);
    }
}
