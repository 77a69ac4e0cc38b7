//! Notes: what happened, one line each, in the thread under the card.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::authorization::Ground;
use crate::domain::change::{
    ActOf, Actor, EmergencyChange, Event, Evidence, Handover, Method, Recorded, Source,
};
use crate::domain::obligation::Duty;
use crate::domain::policy::Party;
use crate::domain::text::Commitment;
use crate::domain::ticket::Field;

use super::blocks::{message, section};
use super::facts::Decision;
use super::{Message, Showing, facts, say, ticket};

/// How much of what somebody wrote a note repeats.
const ROOM: usize = 600;

/// How much of *what* a repeated request shows.
const ROOM_FOR_WHAT: usize = 150;

/// Returns what the card's thread is told of an event; nothing of those that
/// only the card shows.
pub fn note(showing: &Showing<'_>, recorded: &Recorded) -> Option<Message> {
    Some(said(showing, &line(showing, recorded)?))
}

/// What takes the place of a message that stands, has nothing to say any more, and
/// may show words that were removed.
pub fn moot(showing: &Showing<'_>) -> Message {
    said(
        showing,
        "What stood here is settled, and words were removed from the record since.",
    )
}

fn said(showing: &Showing<'_>, line: &str) -> Message {
    let text = format!("{}: {line}", say::title(showing.change));
    let seen = if showing.change.drill {
        format!("Drill · {line}")
    } else {
        line.to_owned()
    };
    message(&text, vec![section(&seen)])
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm for each event; the compiler sees that none is missing"
)]
fn line(showing: &Showing<'_>, recorded: &Recorded) -> Option<String> {
    let change = showing.change;
    let who = actor(&recorded.actor);
    let requester = say::person(&change.requester);
    match &recorded.event {
        // The card says these, and to say them again would be noise.
        Event::Requested { .. }
        | Event::Snoozed { .. }
        | Event::CriterionStated { .. }
        | Event::CommanderNamed { .. }
        | Event::SectionWritten { .. }
        | Event::FieldWritten { .. }
        | Event::Documented
        | Event::ExceptionRecorded { .. }
        | Event::Delivered { .. }
        | Event::Undelivered { .. } => None,
        Event::AskedAnew { asked } => Some(format!(
            "{}, {who} asks you for authorization: {}",
            say::parties(asked),
            showing.what_in_a_line(ROOM_FOR_WHAT)
        )),
        Event::Authorized {
            by,
            method,
            ground,
            attested,
            ..
        } => {
            let by = say::person(by);
            let how = how(showing, &by, *method, *ground, attested.as_ref());
            Some(authorized(change, &by, recorded.at, &how))
        }
        Event::Denied { evidence, .. } => Some(format!(
            "Denied by {who}{}. {requester} can ask someone else, or go ahead without; that is recorded as an exception.",
            seen_by(evidence.as_ref())
        )),
        Event::WentAhead => Some(format!(
            "{who} goes ahead without authorization. That is recorded as an exception; a second person makes it good {}.",
            facts::second_person_within(showing.policy)
        )),
        Event::CommanderAuthorized { .. } => Some(format!(
            "{who} commands the incident and authorizes the change as such."
        )),
        Event::SecondAuthorized { evidence, .. } => Some(format!(
            "{who} authorized it afterwards{}, as the second person.",
            seen_by(evidence.as_ref())
        )),
        Event::Deployed {
            deployed_at,
            known_from,
            implementer,
        } => Some(deployed(
            showing,
            *deployed_at,
            *known_from,
            &say::person(implementer),
        )),
        Event::AttestationConfirmed => Some(format!("{who} confirms having authorized it.")),
        Event::AttestationDisputed => Some(disputed(change, &who, &requester)),
        Event::DeploymentCorrected { from, to, reason } => Some(format!(
            "{who} put the deployment's time right: {}, not {}. Why: {}",
            say::at(*to),
            say::at(*from),
            say::wrote_in_a_line(&showing.texts.said(reason), ROOM)
        )),
        Event::ReasonStated { reason, text } => Some(format!(
            "{who} stated another reason: {}{}. None of the five, so it is flagged for the genuineness review. The fix goes on.",
            say::not_genuine(*reason),
            text.map_or_else(String::new, |text| format!(
                ": “{}”",
                say::wrote_in_a_line(&showing.texts.said(&text), ROOM)
            ))
        )),
        Event::LinkedAsDuplicate { of } => Some(format!(
            "{who} says that it is the same as {of}, where it goes on. This number stays listed."
        )),
        Event::AttachmentKept { message, .. } => {
            let lines: Vec<String> = change
                .attachments
                .iter()
                .filter(|one| one.message == *message)
                .map(|one| facts::attachment(showing, one))
                .collect();
            let after = if change
                .attachments
                .iter()
                .any(|one| one.message == *message && one.is_later)
            {
                " It came after the approval, which doesn't speak of it."
            } else {
                ""
            };
            Some(format!(
                "{who} added evidence:{after}\n{}",
                lines.join("\n")
            ))
        }
        Event::Redacted { reason, .. } => {
            let removed: Vec<String> = change
                .redactions
                .iter()
                .filter(|(_, one)| one.reason == *reason)
                .filter_map(|(text, _)| Some(change.texts.get(text)?.passage.to_string()))
                .collect();
            Some(format!(
                "{who} removed words from the record ({}). Why: {} That they were there stays on record, and so does what was approved.",
                say::listed(removed),
                sentence(&say::wrote_in_a_line(&showing.texts.said(reason), ROOM))
            ))
        }
        // The words themselves aren't said again: somebody may have had a reason
        // to take them away.
        Event::MessageEdited { message, .. } => Some(format!(
            "{who} edited {} that is captured here. What was captured stays; both are on record.",
            say::link(message, "a message")
        )),
        Event::MessageDeleted { .. } => Some(format!(
            "A message of {who}'s that is captured here was deleted. What was captured stays."
        )),
        Event::ReactionRemoved { name, on } => Some(format!(
            "{who} took :{}: away from {}. That is on record and takes nothing back.",
            say::safe(name, 100).words,
            say::link(on, "a message")
        )),
        Event::Lapsed => Some(format!(
            "{who} says it was never deployed. It stays listed; nothing more is owed."
        )),
        Event::Withdrawn if change.drill => {
            Some(format!("{who} ended the drill. It counts nowhere."))
        }
        Event::Withdrawn => Some(format!("{who} withdrew the request. It stays listed.")),
        Event::Approved {
            genuine,
            conditions,
            ..
        } => {
            let doubt = match genuine {
                Some(said) if !said.is_genuine => " They say it was no genuine emergency.",
                Some(_) | None => "",
            };
            let conditions = conditions.map_or_else(String::new, |text| {
                format!(
                    " On a condition: {}",
                    say::wrote_in_a_line(&showing.texts.said(&text), ROOM)
                )
            });
            Some(format!(
                "Approved in retrospect by {who}, exactly as the ticket reads now.{doubt}{conditions}"
            ))
        }
        Event::ApprovalTakenBack { field } => Some(taken_back(change, &who, *field, recorded.at)),
        Event::TicketReopened { missing } => Some(format!(
            "The ticket misses more by what is known now: {}.",
            say::listed(missing.iter().map(ToString::to_string))
        )),
        Event::Reviewed { review, .. } => Some(format!("{who} gave {}.", Duty::of_review(*review))),
        Event::GenuinenessReviewed { genuine, .. } => Some(format!(
            "{who} says that it was {} emergency.",
            if genuine.is_genuine {
                "a genuine"
            } else {
                "no genuine"
            }
        )),
        Event::MeetingHeld {
            held_at,
            minutes,
            improvements,
        } => {
            let said = |label: &str, text: &Option<Commitment>| {
                text.map_or_else(String::new, |text| {
                    let words = say::wrote_in_a_line(&showing.texts.said(&text), ROOM);
                    format!("\n{label}: {words}")
                })
            };
            Some(format!(
                "Reviewed in the team meeting of {}, says {who}.{}{}",
                say::at(*held_at),
                said("Minutes", minutes),
                said("What we do differently", improvements)
            ))
        }
        Event::PermanentFixMade { how } => Some(format!(
            "Fixed for good, says {who}: {}",
            say::wrote_in_a_line(&showing.texts.said(how), ROOM)
        )),
        Event::FollowUpAdded {
            what,
            owner,
            due_at,
        } => Some(format!(
            "{} for {}, until {}: {}",
            which_follow_up(change, what),
            say::person(owner),
            say::at(*due_at),
            say::wrote_in_a_line(&showing.texts.said(what), ROOM)
        )),
        Event::FollowUpDone { n, how } => Some(how.map_or_else(
            || format!("Follow-up {n} is done, says {who}."),
            |how| {
                let how = say::wrote_in_a_line(&showing.texts.said(&how), ROOM);
                format!("Follow-up {n} is done, says {who}: {how}")
            },
        )),
        Event::Rejected { reason, due_at, .. } => Some(rejected(
            showing,
            &who,
            &say::wrote_in_a_line(&showing.texts.said(reason), ROOM),
            facts::remedy_due_at(showing, *due_at, recorded.at),
        )),
        Event::Remediated { how } => Some(format!(
            "Put right, says {who}: {}",
            say::wrote_in_a_line(&showing.texts.said(how), ROOM)
        )),
        Event::ExceptionAnswered {
            exception,
            cause,
            remedy,
            owner,
        } => Some(format!(
            "{who} answered the exception “{}”. Cause: {} Remedy: {} By {}.",
            say::exception(*exception),
            sentence(&say::wrote_in_a_line(&showing.texts.said(cause), ROOM)),
            sentence(&say::wrote_in_a_line(&showing.texts.said(remedy), ROOM)),
            say::person(owner)
        )),
        // A deadline passes at any hour. The thread names the role and not the
        // person, because a name would ring their phone at night.
        Event::DeadlineMissed { .. } => Some(missed_at_once(showing, recorded, |duty, owner| {
            role(change, duty, owner).to_owned()
        })),
        Event::HandedOver {
            duty,
            from,
            to,
            why,
        } => Some(match recorded.actor {
            Actor::Clock => passes_at_once(showing, recorded),
            Actor::Person(_) | Actor::Bot => passes(change, *duty, from.as_ref(), to, *why, &who),
        }),
        Event::Escalated { duty, due_at, .. } => Some(format!(
            "{} is still open, {} after it was due. The next contact for what is missed has been told.",
            say::capitalised(&duty.to_string()),
            say::span(recorded.at - *due_at)
        )),
        Event::Reminded {
            duty,
            owner,
            due_at,
            rung: _,
            round: _,
        } => reminded(showing, *duty, owner.as_ref(), *due_at),
        Event::Closed => Some(closed(showing, recorded.at)),
    }
}

/// What one look found unable to stay with its owners, told in one.
fn passes_at_once(showing: &Showing<'_>, recorded: &Recorded) -> String {
    let by = actor(&recorded.actor);
    let others = showing.history.iter().filter(|one| {
        one.at == recorded.at && one.actor == recorded.actor && one.event != recorded.event
    });
    let lines: Vec<String> = std::iter::once(recorded)
        .chain(others)
        .filter_map(|one| match &one.event {
            Event::HandedOver {
                duty,
                from,
                to,
                why,
            } => Some(passes(showing.change, *duty, from.as_ref(), to, *why, &by)),
            _ => None,
        })
        .collect();
    lines.join("\n")
}

/// That somebody else owes something now, and why. It may pass at any hour, so the
/// thread names the parts that people have in it, and the list above them.
fn passes(
    change: &EmergencyChange,
    duty: Duty,
    from: Option<&Party>,
    to: &Party,
    why: Handover,
    by: &str,
) -> String {
    let what = say::capitalised(&duty.to_string());
    let from = part(change, from).unwrap_or("whoever had it");
    let to = part(change, Some(to)).unwrap_or("somebody else");
    let why = match why {
        Handover::Delegated => format!("{by} asked for it."),
        Handover::Away => "whoever had it is away until after it is due.".to_owned(),
        Handover::Left => "whoever had it is no longer a full member of this workspace.".to_owned(),
        Handover::Ineligible => "whoever had it may no longer do it under the policy.".to_owned(),
    };
    format!(
        "{what} passes from {from} to {to}: {why} Whose it is now stands in the list in this thread."
    )
}

/// The same to whoever owed it.
pub(super) fn passes_from_you(duty: Duty, to: &Party, why: Handover, by: &Actor) -> String {
    let what = say::capitalised(&duty.to_string());
    let to = say::party(to);
    let why = match why {
        Handover::Delegated => format!("{} asked for it.", actor(by)),
        Handover::Away => "you're away until after it is due.".to_owned(),
        Handover::Left => "you're no longer a full member of this workspace.".to_owned(),
        Handover::Ineligible => "you may no longer do it under the policy.".to_owned(),
    };
    format!("{what} passes from you to {to}: {why}")
}

/// Somebody by their part in a change, if they have one.
fn part(change: &EmergencyChange, party: Option<&Party>) -> Option<&'static str> {
    let who = match party? {
        Party::Person(who) => who,
        Party::Group(_) => return Some("a group that may do it"),
    };
    let authorized = change.authorization.as_ref().map(|given| &given.by);
    let second = change.second.as_ref().map(|act| &act.by);
    let commander = change.commander.as_ref().map(|one| &one.who);
    if change.implementers().any(|one| one == who) {
        Some("the implementer")
    } else if change.requester == *who {
        Some("the requester")
    } else if authorized == Some(who) || second == Some(who) {
        Some("the authorizer")
    } else if commander == Some(who) {
        Some("the incident commander")
    } else {
        None
    }
}

/// Who brought an event about.
pub(super) fn actor(actor: &Actor) -> String {
    match actor {
        Actor::Person(who) => say::person(who),
        Actor::Clock | Actor::Bot => "Breakglass".to_owned(),
    }
}

fn sentence(words: &str) -> String {
    if words.ends_with(['.', '!', '?', '…']) {
        words.to_owned()
    } else {
        format!("{words}.")
    }
}

/// That it was authorized, how, and what is next.
fn authorized(change: &EmergencyChange, by: &str, at: DateTime<Utc>, how: &str) -> String {
    let requester = say::person(&change.requester);
    let next = if change.deployments.is_empty() {
        format!(" {requester}, deploy; then press *Deployed now* on the card.")
    } else {
        String::new()
    };
    // What was captured can be in an order that nobody expects.
    let after = if at >= change.asked_at {
        format!("{} after being asked", say::span(at - change.asked_at))
    } else {
        format!("{} before being asked", say::span(change.asked_at - at))
    };
    format!("Authorized by {by} {}, {after}{how}.{next}", say::at(at))
}

/// How an authorization was given; by the button, which is the ordinary way, it
/// needn't be said.
fn how(
    showing: &Showing<'_>,
    by: &str,
    method: Method,
    ground: Ground,
    attested: Option<&ActOf>,
) -> String {
    if ground == Ground::MostSenior {
        return format!(
            ", as the most senior engineer available by their own word; a second person makes it good {}",
            facts::second_person_within(showing.policy)
        );
    }
    match (method, attested) {
        (Method::Button, _) => String::new(),
        (Method::Message, Some(attested)) => format!(
            ", in words that {} takes for it; {by} is asked to confirm that",
            say::person(&attested.by)
        ),
        (Method::Message, None) => ", in a message".to_owned(),
        (Method::Reaction, _) => ", by an emoji".to_owned(),
        (Method::Spoken, Some(attested)) => format!(
            ", by word of mouth, as {} says; {by} is asked to confirm that",
            say::person(&attested.by)
        ),
        (Method::Spoken, None) => ", by word of mouth".to_owned(),
    }
}

/// By what an answer can be seen.
fn seen_by(evidence: Option<&Evidence>) -> String {
    match evidence {
        Some(Evidence::Words { message, .. }) => {
            format!(" in {}", say::link(message, "a message"))
        }
        Some(Evidence::Emoji { name, on }) => format!(
            " by :{}: on {}",
            say::safe(name, 100).words,
            say::link(on, "a message")
        ),
        Some(Evidence::Account { .. }) | None => String::new(),
    }
}

/// That whoever is said to have authorized it didn't.
fn disputed(change: &EmergencyChange, who: &str, requester: &str) -> String {
    let next = if change.deployments.is_empty() {
        format!(
            "{requester} can ask someone else, or go ahead without; that is recorded as an exception."
        )
    } else {
        "It is deployed, so that is an exception; a second person makes it good.".to_owned()
    };
    format!("{who} says: I did not authorize it. {next}")
}

fn deployed(
    showing: &Showing<'_>,
    deployed_at: DateTime<Utc>,
    known_from: Source,
    implementer: &str,
) -> String {
    let change = showing.change;
    let known = match known_from {
        Source::Attested => ", as they say",
        Source::Webhook => ", as the pipeline says",
        Source::Slack | Source::Receipt | Source::Clock => "",
    };
    let relation = match change.authorization.as_ref().map(|given| given.at) {
        Some(at) if at <= deployed_at => {
            format!(", {} after the authorization", say::span(deployed_at - at))
        }
        Some(at) => format!(", {} before the authorization", say::span(at - deployed_at)),
        None => ", without an authorization".to_owned(),
    };
    // The clock runs from the first deployment, for as long as the policy says.
    let due = change.due_at().map_or_else(String::new, |due_at| {
        format!(" The ticket is {}.", say::due(due_at, showing.now))
    });
    format!(
        "Deployed by {implementer} {}{known}{relation}.{due}",
        say::at(deployed_at)
    )
}

/// That an edit took an approval back.
pub(super) fn taken_back(
    change: &EmergencyChange,
    who: &str,
    field: Option<Field>,
    at: DateTime<Utc>,
) -> String {
    let what = match field {
        Some(field) => format!("edited “{field}”"),
        None if change.corrections.iter().any(|one| one.at == at) => {
            "put the deployment's time right".to_owned()
        }
        None => "told of a further deployment".to_owned(),
    };
    format!(
        "{who} {what} after the approval, so the approval no longer holds. The approver decides anew."
    )
}

/// That it was rejected, and who puts it right until when.
fn rejected(showing: &Showing<'_>, who: &str, reason: &str, until: DateTime<Utc>) -> String {
    let change = showing.change;
    let owner = change
        .remedy_owner()
        .map_or_else(|| "The implementer".to_owned(), say::person);
    let rejection = change.rejection.as_ref();
    let remedy = rejection
        .and_then(|rejection| rejection.remedy)
        .map_or_else(String::new, |remedy| {
            format!(" Remedy: {}.", say::remedy(remedy))
        });
    let doubt = rejection
        .and_then(|rejection| rejection.genuine.as_ref())
        .filter(|said| !said.is_genuine)
        .map_or("", |_| " They say it was no genuine emergency.");
    format!(
        "Rejected in retrospect by {who}: {reason}\n{owner} has until {} to say how it was put right.{remedy}{doubt}",
        say::at(until)
    )
}

/// That somebody saved over what they hadn't seen.
pub(super) fn saved_over(field: Field) -> String {
    format!(
        "Somebody else had saved “{field}” since you opened the form. Yours stands now; theirs is kept beside it."
    )
}

/// That deadlines passed: all those that one look found, for they are told in one.
pub(super) fn missed_at_once(
    showing: &Showing<'_>,
    recorded: &Recorded,
    from: impl Fn(Duty, Option<&Party>) -> String,
) -> String {
    let together = showing.history.iter().filter(|one| one.at == recorded.at);
    let mut lines: Vec<(String, &'static str)> = together
        .filter_map(|one| match &one.event {
            Event::DeadlineMissed {
                duty,
                owner,
                due_at,
            } => Some(missed(
                showing,
                *duty,
                &from(*duty, owner.as_ref()),
                *due_at,
                recorded.at,
            )),
            _ => None,
        })
        .collect();
    // What holds of one after the other is said once.
    for n in 1..lines.len() {
        if let Some([(_, said), (_, next)]) = lines.get_mut(n - 1..=n)
            && said == next
        {
            *said = "";
        }
    }
    let said = lines.iter().map(|(line, then)| format!("{line}{then}"));
    said.collect::<Vec<_>>().join("\n")
}

/// That a deadline was missed.
fn missed(
    showing: &Showing<'_>,
    duty: Duty,
    from: &str,
    due_at: DateTime<Utc>,
    noticed_at: DateTime<Utc>,
) -> (String, &'static str) {
    let noticed = if noticed_at - due_at > TimeDelta::minutes(5) {
        format!(" (noticed {})", say::at(noticed_at))
    } else {
        String::new()
    };
    let missing = match duty {
        Duty::Ticket if showing.change.documented_at.is_none() => {
            format!(" Missing: {}.", ticket::missing(showing))
        }
        Duty::AnswerException(exception) => {
            format!(" The exception: {}.", say::exception(exception))
        }
        // Whoever couldn't decide yet isn't blamed alone.
        Duty::Approval => match facts::decision(showing) {
            Decision::Waits(_) => {
                let waited_for = facts::owed(showing)
                    .into_iter()
                    .filter(|one| one.duty.is_needed_for_approval())
                    .map(|one| one.duty.to_string());
                format!(" It waits for {}.", say::listed(waited_for))
            }
            Decision::Ready(_) | Decision::NotOwed => String::new(),
        },
        Duty::AnswerRequest
        | Duty::ConfirmDeployment
        | Duty::Ticket
        | Duty::CommanderAuthorization
        | Duty::Confirmation
        | Duty::SecondAuthorization
        | Duty::Remediation
        | Duty::SecurityReview
        | Duty::DatabaseApproval
        | Duty::GenuinenessReview
        | Duty::MeetingReview
        | Duty::PermanentFix
        | Duty::FollowUp(_) => String::new(),
    };
    let then = if !facts::is_owed(showing, duty) {
        " It has come in since; the miss stays on record."
    } else if is_pressed(showing.change, duty) {
        " The miss stays on record; the reminders go on, every 4 h for a day, then daily."
    } else {
        " The miss stays on record; the reminders go on, weekly."
    };
    let line = format!(
        "Deadline missed. {} was due {}{from}{noticed}.{missing}",
        say::duty(duty),
        say::at(due_at),
    );
    (line, then)
}

/// Whether somebody is pressed for it once it is late. For what closing doesn't wait
/// for, nobody is, nor for what comes after it.
fn is_pressed(change: &EmergencyChange, duty: Duty) -> bool {
    duty.is_needed_to_close() && change.closed_at.is_none()
}

/// From whom something is due, by their part in the change.
fn role(change: &EmergencyChange, duty: Duty, owner: Option<&Party>) -> &'static str {
    let is_handed = change
        .handed
        .get(&duty)
        .is_some_and(|handed| Some(&handed.to) == owner);
    match duty {
        Duty::Ticket | Duty::Remediation | Duty::Approval | Duty::AnswerException(_)
            if is_handed =>
        {
            " from whoever it was handed to"
        }
        Duty::AnswerRequest => " from whoever may authorize",
        Duty::ConfirmDeployment => " from the requester",
        Duty::Ticket => " from the implementer",
        Duty::Remediation => {
            let owner = change.remedy_owner();
            if change.implementers().any(|who| Some(who) == owner) {
                " from the implementer"
            } else {
                " from whoever was named for it"
            }
        }
        // These say themselves whose they are.
        Duty::CommanderAuthorization
        | Duty::Confirmation
        | Duty::SecondAuthorization
        | Duty::SecurityReview
        | Duty::DatabaseApproval
        | Duty::GenuinenessReview
        | Duty::MeetingReview
        | Duty::PermanentFix
        | Duty::FollowUp(_) => "",
        Duty::Approval | Duty::AnswerException(_) => " from the approver",
    }
}

/// What a reminder says in the thread: a request, to everybody; anything else,
/// only where no single person owes it.
fn reminded(
    showing: &Showing<'_>,
    duty: Duty,
    owner: Option<&Party>,
    due_at: Option<DateTime<Utc>>,
) -> Option<String> {
    let change = showing.change;
    match (duty, owner) {
        (Duty::AnswerRequest, owner) => {
            let whom = owner.map_or_else(|| "Whoever may authorize".to_owned(), say::party);
            Some(format!(
                "{whom}, {} still waits for your answer, {} after asking: {} *Authorize* and *Deny* are on the card.",
                say::person(&change.requester),
                say::span(showing.now - change.asked_at),
                sentence(&showing.what_in_a_line(ROOM_FOR_WHAT)),
            ))
        }
        (
            Duty::ConfirmDeployment
            | Duty::Ticket
            | Duty::CommanderAuthorization
            | Duty::Confirmation
            | Duty::SecondAuthorization
            | Duty::Approval
            | Duty::Remediation
            | Duty::AnswerException(_)
            | Duty::SecurityReview
            | Duty::DatabaseApproval
            | Duty::GenuinenessReview
            | Duty::MeetingReview
            | Duty::PermanentFix
            | Duty::FollowUp(_),
            Some(Party::Person(_)),
        ) => None,
        (
            Duty::ConfirmDeployment
            | Duty::Ticket
            | Duty::CommanderAuthorization
            | Duty::Confirmation
            | Duty::SecondAuthorization
            | Duty::Approval
            | Duty::Remediation
            | Duty::AnswerException(_)
            | Duty::SecurityReview
            | Duty::DatabaseApproval
            | Duty::GenuinenessReview
            | Duty::MeetingReview
            | Duty::PermanentFix
            | Duty::FollowUp(_),
            Some(Party::Group(_)) | None,
        ) => {
            let whom = owner.map_or_else(|| "Whoever may authorize".to_owned(), say::party);
            let due = due_at.map_or_else(String::new, |due_at| {
                format!(", {}", say::due(due_at, showing.now))
            });
            let exception = match duty {
                Duty::AnswerException(exception) => format!(" ({})", say::exception(exception)),
                Duty::AnswerRequest
                | Duty::ConfirmDeployment
                | Duty::Ticket
                | Duty::CommanderAuthorization
                | Duty::Confirmation
                | Duty::SecondAuthorization
                | Duty::Approval
                | Duty::Remediation
                | Duty::SecurityReview
                | Duty::DatabaseApproval
                | Duty::GenuinenessReview
                | Duty::MeetingReview
                | Duty::PermanentFix
                | Duty::FollowUp(_) => String::new(),
            };
            let buttons = match (duty, facts::decision(showing)) {
                (Duty::Approval, Decision::Waits(_)) => {
                    "Its buttons come onto the card with what it waits for."
                }
                (_, _) => "The card has the buttons.",
            };
            Some(format!(
                "{whom}, one of you is needed: {duty}{exception}{due}. {buttons}"
            ))
        }
    }
}

/// That it is closed, and what comes after that all the same.
fn closed(showing: &Showing<'_>, at: DateTime<Utc>) -> String {
    let change = showing.change;
    let took = change
        .deployed_at()
        .map_or_else(String::new, |deployed_at| {
            format!(" {} after the deployment", say::span(at - deployed_at))
        });
    let exceptions = match change.exceptions.len() {
        0 => "without exceptions".to_owned(),
        1 => "with one exception on record, answered".to_owned(),
        n => format!("with {n} exceptions on record, all answered"),
    };
    let owed = facts::owed(showing);
    if owed.is_empty() {
        return format!("Closed{took}, {exceptions}. Thank you; nothing more is owed.");
    }
    let owed = say::listed(owed.iter().map(|one| one.duty.to_string()));
    format!(
        "Closed{took}, {exceptions}. Thank you. What closing doesn't wait for is still to come: {owed}."
    )
}

/// A follow-up by its number.
fn which_follow_up(change: &EmergencyChange, what: &Commitment) -> String {
    (1u16..)
        .zip(&change.follow_ups)
        .find(|(_, one)| one.what == *what)
        .map_or_else(
            || "Follow-up".to_owned(),
            |(n, _)| say::duty(Duty::FollowUp(n)),
        )
}
