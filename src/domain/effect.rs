//! What an event owes the outside world.
//!
//! Effects are data. They are written into the outbox in the transaction that
//! records their events; the dispatcher makes them true afterwards.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::change::{Actor, EmergencyChange, Event, Handover, Recorded};
use super::id::UserId;
use super::obligation::{Duty, Obligation, Rung, obligations};
use super::policy::{Party, Policy};

/// Something owed to the outside world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The card shall show the present state.
    Card,
    /// The ledger in the card's thread shall show what is owed and done by now.
    Ledger,
    /// The card's thread shall tell the event of this version of the change.
    Note {
        /// The version at which the event stands.
        version: u64,
    },
    /// Somebody shall be reminded by direct message.
    Remind {
        /// Who.
        person: UserId,
        /// Of what.
        duty: Duty,
        /// Due when.
        due_at: Option<DateTime<Utc>>,
        /// On which rung.
        rung: Rung,
        /// How often the same had passed on, or come to be owed anew, before.
        round: Option<u16>,
    },
    /// Somebody shall hear of the event of this version by direct message, by day.
    Tell {
        /// Who.
        person: UserId,
        /// The version at which the event stands.
        version: u64,
    },
    /// Every message about the change that stands shows it anew: words are gone
    /// from it.
    Redraw,
    /// The reminders of this show something that has changed: more is written,
    /// or they have done their work and lose their buttons.
    Refresh {
        /// What is or was owed.
        duty: Duty,
    },
}

/// Returns what `recorded`, which led from `before` to `after`, owes.
pub fn effects(
    before: Option<&EmergencyChange>,
    after: &EmergencyChange,
    recorded: &[Recorded],
    policy: &Policy,
) -> Vec<Effect> {
    let mut owed = Vec::new();
    let first = after.version + 1 - recorded.len() as u64;
    for (version, one) in (first..).zip(recorded) {
        owed.extend(effects_of(version, one, after, policy));
        // One note tells all that a message attached, a redaction took or a moment
        // saw missed or passed on: the last.
        let next = usize::try_from(version + 1 - first).ok();
        let later = next
            .and_then(|next| recorded.get(next..))
            .unwrap_or_default();
        let is_missed = |one: &Recorded| matches!(one.event, Event::DeadlineMissed { .. });
        let again = is_missed(one) && later.iter().any(is_missed);
        if again || is_told_with(one, later.first()) {
            owed.retain(|effect| !is_of(effect, version));
        }
        if passes_by_rule(one) && later.iter().any(passes_by_rule) {
            owed.retain(|effect| *effect != note_of(version));
        }
    }
    if let Some(before) = before {
        owed.extend(refreshed(before, after, policy));
    }
    if is_ledger_another(before, after, policy) {
        owed.push(Effect::Ledger);
    }
    // One drawing of the card shows all that happened.
    let redraw = owed.contains(&Effect::Card);
    let everything = owed.contains(&Effect::Redraw);
    owed.retain(|effect| !matches!(effect, Effect::Card | Effect::Redraw));
    if everything {
        owed.push(Effect::Redraw);
    }
    if redraw {
        owed.insert(0, Effect::Card);
    }
    owed
}

fn note_of(version: u64) -> Effect {
    Effect::Note { version }
}

/// Whether something passes on because it can't stay: of all that a moment sees
/// pass, one note tells.
fn passes_by_rule(one: &Recorded) -> bool {
    matches!(one.event, Event::HandedOver { .. }) && one.actor == Actor::Clock
}

/// Whether an effect tells the event of this version.
fn is_of(effect: &Effect, told: u64) -> bool {
    match effect {
        Effect::Note { version } | Effect::Tell { version, .. } => *version == told,
        Effect::Card
        | Effect::Ledger
        | Effect::Remind { .. }
        | Effect::Redraw
        | Effect::Refresh { .. } => false,
    }
}

/// What words that were taken out owe. Nobody hears of those whose time was over: the
/// change is years old, and Slack has a rule of its own for what was said there.
fn of_redaction(redacted: &Recorded, note: Effect) -> Vec<Effect> {
    match redacted.actor {
        Actor::Person(_) => vec![Effect::Card, note, Effect::Redraw],
        Actor::Clock | Actor::Bot => Vec::new(),
    }
}

/// Whether both are of one act: what one message attaches, what one redaction takes.
fn is_told_with(one: &Recorded, next: Option<&Recorded>) -> bool {
    match (&one.event, next.map(|next| &next.event)) {
        (
            Event::AttachmentKept { message, .. },
            Some(Event::AttachmentKept { message: other, .. }),
        ) => message == other,
        (Event::Redacted { reason, .. }, Some(Event::Redacted { reason: other, .. })) => {
            reason == other
        }
        _ => false,
    }
}

fn effects_of(
    version: u64,
    recorded: &Recorded,
    after: &EmergencyChange,
    policy: &Policy,
) -> Vec<Effect> {
    let note = Effect::Note { version };
    let tell = |person: &UserId| Effect::Tell {
        person: person.clone(),
        version,
    };
    match &recorded.event {
        // Whoever saved over what they hadn't seen hears of it.
        Event::FieldWritten {
            replaced: Some(_), ..
        } => match &recorded.actor {
            Actor::Person(writer) => vec![Effect::Card, tell(writer)],
            Actor::Clock | Actor::Bot => vec![Effect::Card],
        },
        // An exception shows on the card; what it came from has its own note.
        Event::Requested { .. }
        | Event::CriterionStated { .. }
        | Event::CommanderNamed { .. }
        | Event::ExceptionRecorded { .. }
        | Event::Documented
        | Event::SectionWritten { .. }
        | Event::FieldWritten { replaced: None, .. } => vec![Effect::Card],
        Event::AskedAnew { .. }
        | Event::Authorized { .. }
        | Event::Denied { .. }
        | Event::WentAhead
        | Event::CommanderAuthorized { .. }
        | Event::SecondAuthorized { .. }
        | Event::Deployed { .. }
        | Event::AttestationConfirmed
        | Event::DeploymentCorrected { .. }
        | Event::ReasonStated { .. }
        | Event::LinkedAsDuplicate { .. }
        | Event::AttachmentKept { .. }
        | Event::MessageEdited { .. }
        | Event::MessageDeleted { .. }
        | Event::ReactionRemoved { .. }
        | Event::Lapsed
        | Event::Withdrawn
        | Event::Remediated { .. }
        | Event::TicketReopened { .. }
        | Event::Reviewed { .. }
        | Event::GenuinenessReviewed { .. }
        | Event::MeetingHeld { .. }
        | Event::PermanentFixMade { .. }
        | Event::FollowUpAdded { .. }
        | Event::FollowUpDone { .. }
        | Event::ExceptionAnswered { .. }
        | Event::Closed => vec![Effect::Card, note],
        Event::Redacted { .. } => of_redaction(recorded, note),
        Event::Approved { .. } | Event::ApprovalTakenBack { .. } | Event::Rejected { .. } => {
            // Somebody may have deployed more than once, and hears of it once.
            let implementers: BTreeSet<_> = after.implementers().collect();
            let implementers = implementers.into_iter().map(tell);
            [Effect::Card, note]
                .into_iter()
                .chain(implementers)
                .collect()
        }
        // Whoever asked believes that they may deploy, or that they might have.
        Event::AttestationDisputed => vec![Effect::Card, note, tell(&after.requester)],
        Event::DeadlineMissed { .. } => {
            let escalation = policy.escalation.first().map(tell);
            [Effect::Card, note].into_iter().chain(escalation).collect()
        }
        Event::Reminded {
            duty,
            owner,
            due_at,
            rung,
            round,
        } => {
            let remind = |person: &UserId| Effect::Remind {
                person: person.clone(),
                duty: *duty,
                due_at: *due_at,
                rung: *rung,
                round: *round,
            };
            match (duty, owner) {
                // The request itself is repeated where everybody sees it.
                (Duty::AnswerRequest, Some(Party::Person(person))) => {
                    vec![Effect::Card, note, remind(person)]
                }
                (Duty::AnswerRequest, Some(Party::Group(_)) | None) => vec![Effect::Card, note],
                // What it says now is said with buttons of its own; the one before it
                // gives its own up.
                (Duty::Approval, Some(Party::Person(person))) if *rung == Rung::Ready => {
                    vec![Effect::Refresh { duty: *duty }, remind(person)]
                }
                (_, Some(Party::Person(person))) => vec![remind(person)],
                // A group, or nobody in particular, is reminded in the thread.
                (_, Some(Party::Group(_)) | None) => vec![note],
            }
        }
        // The reminder that was put off says until when; its buttons may stay away.
        Event::Snoozed { duty, .. } => vec![Effect::Refresh { duty: *duty }],
        // Who owed it hears so, unless they did it themselves; who owes it now is
        // reminded.
        Event::HandedOver {
            duty, from, why, ..
        } => {
            let refresh = Effect::Refresh { duty: *duty };
            let first = first_owner(recorded, from.as_ref(), *why).map(tell);
            [Effect::Card, note, refresh]
                .into_iter()
                .chain(first)
                .collect()
        }
        Event::Escalated { to, .. } => vec![note, tell(to)],
        // A delivery that owed a delivery would never end.
        Event::Delivered { .. } | Event::Undelivered { .. } => Vec::new(),
    }
}

/// Whether the ledger shows something else than before. It begins with the
/// deployment: until then the card says all that is owed.
fn is_ledger_another(
    before: Option<&EmergencyChange>,
    after: &EmergencyChange,
    policy: &Policy,
) -> bool {
    if after.deployments.is_empty() {
        return false;
    }
    before.is_none_or(|before| {
        before.missed != after.missed
            || before.criterion != after.criterion
            || before.fields != after.fields
            || obligations(before, policy) != obligations(after, policy)
    })
}

/// Who hears that what they owed passed on: not whoever did it themselves, nor
/// whoever has left, nor whoever said that they are away and was answered then.
fn first_owner<'a>(
    recorded: &Recorded,
    from: Option<&'a Party>,
    why: Handover,
) -> Option<&'a UserId> {
    match (from?, why) {
        (_, Handover::Left | Handover::Away) | (Party::Group(_), _) => None,
        (Party::Person(from), Handover::Delegated | Handover::Ineligible) => {
            Some(from).filter(|from| recorded.actor != Actor::Person((*from).clone()))
        }
    }
}

/// The duties whose reminders show something else than before: they are met, or
/// the ticket that they are about was written to.
fn refreshed<'a>(
    before: &'a EmergencyChange,
    after: &'a EmergencyChange,
    policy: &'a Policy,
) -> impl Iterator<Item = Effect> + 'a {
    let still = open_duties(after, policy);
    let rewritten = before.fields != after.fields
        || before.criterion != after.criterion
        || before.reason != after.reason
        || before.attachments.len() != after.attachments.len();
    open_duties(before, policy)
        .into_iter()
        .filter(move |duty| {
            let about_the_ticket = matches!(
                duty,
                Duty::Ticket | Duty::Approval | Duty::SecurityReview | Duty::DatabaseApproval
            );
            !still.contains(duty) || (rewritten && about_the_ticket)
        })
        .map(|duty| Effect::Refresh { duty })
}

/// Those to whom what they owe, or what waits for them, is another than before:
/// people, groups, and nobody in particular.
pub fn concerned(
    before: Option<&EmergencyChange>,
    after: &EmergencyChange,
    policy: &Policy,
) -> BTreeSet<Option<Party>> {
    let earlier = before.map_or_else(Vec::new, |before| obligations(before, policy));
    let later = obligations(after, policy);
    let rewritten = before.is_none_or(|before| {
        before.fields != after.fields
            || before.criterion != after.criterion
            || before.reason != after.reason
    });
    let is_new = |one: &Obligation, others: &[Obligation]| {
        let about_the_ticket = matches!(one.duty, Duty::Ticket | Duty::Approval);
        one.met_at.is_none() && ((rewritten && about_the_ticket) || !others.contains(one))
    };
    let gone = earlier.iter().filter(|one| is_new(one, &later));
    let come = later.iter().filter(|one| is_new(one, &earlier));
    gone.chain(come).map(|one| one.owner.clone()).collect()
}

fn open_duties(change: &EmergencyChange, policy: &Policy) -> Vec<Duty> {
    obligations(change, policy)
        .into_iter()
        .filter(|one| one.met_at.is_none())
        .map(|one| one.duty)
        .collect()
}
