//! What is known and what is owed, in words: the lines that the card, the
//! status and the summary for the approver have in common.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::authorization::Ground;
use crate::domain::change::{
    ActOf, Alteration, Attached, Attachment, Authorization, EmergencyChange, Evidence, Genuineness,
    Method, Quote, Review, Stage, StatedReason,
};
use crate::domain::id::{ChangeNumber, UserId};
use crate::domain::obligation::{Duty, Obligation, obligations};
use crate::domain::policy::{Party, Policy, Term};
use crate::domain::ticket::{ContentHash, Known, content_hash};

use super::{Said, Showing, say, ticket};

/// How many deployments are listed one by one.
const MOST_DEPLOYMENTS: usize = 5;

/// How many of those asked are named: more names than that are a crowd.
const MOST_ASKED: usize = 3;

/// How much of a quoted message is shown beside other things.
pub(super) const ROOM_FOR_A_QUOTE: usize = 400;

/// How much of a stated reason is shown.
const ROOM_FOR_A_REASON: usize = 400;

/// How long the name of an emoji may be; Slack's own limit is 100.
const ROOM_FOR_AN_EMOJI: usize = 100;

/// A deployment heard of later than this is shown with when that was.
const LATE_NEWS: TimeDelta = TimeDelta::minutes(5);

/// Where a change stands, in a few words.
pub(super) fn standing(change: &EmergencyChange) -> &'static str {
    match change.stage {
        Stage::Requested if change.went_ahead.is_some() => "going ahead without authorization",
        Stage::Requested => "waits for authorization",
        Stage::Authorized => "authorized, not deployed yet",
        Stage::Denied if change.went_ahead.is_some() => "going ahead although it was denied",
        Stage::Denied => "denied",
        Stage::Withdrawn if change.duplicate_of.is_some() => "withdrawn as a duplicate",
        Stage::Withdrawn if change.drill => "ended",
        Stage::Withdrawn => "withdrawn",
        Stage::Lapsed => "never deployed",
        Stage::Deployed => "deployed, its ticket is owed",
        Stage::Documented => "documented, the decision is owed",
        Stage::Approved => "approved, not closed yet",
        Stage::Rejected if change.remediation.is_some() => "rejected and put right, not closed yet",
        Stage::Rejected => "rejected, putting it right is owed",
        Stage::Closed => "closed",
    }
}

/// Everything that somebody still owes.
pub(super) fn owed(showing: &Showing<'_>) -> Vec<Obligation> {
    obligations(showing.change, showing.policy)
        .into_iter()
        .filter(|one| one.met_at.is_none())
        .collect()
}

/// What was owed and is done, each with who owed it and when it was done.
pub(super) fn met(showing: &Showing<'_>) -> Vec<String> {
    obligations(showing.change, showing.policy)
        .into_iter()
        .filter_map(|one| {
            let at = one.met_at?;
            let late = one.due_at.filter(|due_at| at > *due_at);
            let late = late.map_or_else(String::new, |due_at| {
                format!(" ({} late)", say::span(at - due_at))
            });
            let what = match one.duty {
                Duty::AnswerException(exception) => {
                    format!("the answer to “{}”", say::exception(exception))
                }
                other => other.to_string(),
            };
            Some(format!("{what} {}{late}", say::at(at)))
        })
        .collect()
}

/// Whether `duty` is owed and not done.
pub(super) fn is_owed(showing: &Showing<'_>, duty: Duty) -> bool {
    owed(showing).iter().any(|one| one.duty == duty)
}

/// How the retrospective decision stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// There is none to make, or it is made.
    NotOwed,
    /// It waits for these, each with who owes it.
    Waits(Vec<String>),
    /// It can be made, about exactly this content.
    Ready(ContentHash),
}

/// Returns how the retrospective decision stands.
pub(super) fn decision(showing: &Showing<'_>) -> Decision {
    let owed = owed(showing);
    let Some(approval) = owed.iter().find(|one| one.duty == Duty::Approval) else {
        return Decision::NotOwed;
    };
    if approval.ready_at.is_some() {
        return Decision::Ready(content_hash(showing.change));
    }
    Decision::Waits(waits(showing, None))
}

/// What the retrospective decision waits for, each with who owes it, as it is
/// said to `reader`, if to anybody in particular.
pub(super) fn waits(showing: &Showing<'_>, reader: Option<&UserId>) -> Vec<String> {
    owed(showing)
        .iter()
        .filter(|one| one.duty.is_needed_for_approval())
        .map(|one| waited_for(showing, one, reader))
        .collect()
}

/// What the decision waits for, and from whom.
fn waited_for(showing: &Showing<'_>, one: &Obligation, reader: Option<&UserId>) -> String {
    let change = showing.change;
    let is_reader = match (&one.owner, reader) {
        (Some(Party::Person(who)), Some(reader)) => who == reader,
        (Some(Party::Person(_) | Party::Group(_)) | None, _) => false,
    };
    let (whom, are) = if is_reader {
        ("you".to_owned(), "are")
    } else {
        (owner(one.owner.as_ref()), "is")
    };
    match one.duty {
        Duty::Ticket => format!("{} from {whom}", ticket::missing(showing)),
        Duty::CommanderAuthorization if change.commander.is_none() => {
            format!("{} ({whom} {are} asked who commands)", one.duty)
        }
        Duty::AnswerRequest
        | Duty::ConfirmDeployment
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
        | Duty::FollowUp(_) => format!("{} from {whom}", one.duty),
    }
}

/// Until when a second person makes good that nobody with the authority permitted
/// it.
pub(super) fn second_person_within(policy: &Policy) -> String {
    let within = policy.due.within(Term::SecondAuthorization);
    format!("within {} of the deployment", say::span(within))
}

/// Until when a rejected change is to be put right.
pub(super) fn remedy_due_at(
    showing: &Showing<'_>,
    named: Option<DateTime<Utc>>,
    rejected_at: DateTime<Utc>,
) -> DateTime<Utc> {
    named.unwrap_or(rejected_at + showing.policy.due.within(Term::Remediation))
}

/// Who owes something, in words.
pub(super) fn owner(owner: Option<&Party>) -> String {
    owner.map_or_else(|| "somebody who may authorize".to_owned(), say::party)
}

/// Who was asked by whom, when and how; what they wrote, verbatim, in at most
/// `room` characters.
pub(super) fn request(showing: &Showing<'_>, room: usize) -> String {
    let change = showing.change;
    let named: Vec<Party> = change.asked.iter().take(MOST_ASKED).cloned().collect();
    let more = change.asked.len().saturating_sub(MOST_ASKED);
    let asked = match (named.is_empty(), more) {
        (true, _) => "whoever may authorize".to_owned(),
        (false, 0) => say::parties(&named),
        (false, more) => format!("{} (and {more} more)", say::parties(&named)),
    };
    let requester = say::person(&change.requester);
    let at = if change.asked_at > change.requested_at {
        format!(
            "{} (first asked {})",
            say::at(change.asked_at),
            say::at(change.requested_at)
        )
    } else {
        say::at(change.requested_at)
    };
    let asks = match change.stage {
        Stage::Requested if change.went_ahead.is_none() => "asks",
        Stage::Requested
        | Stage::Authorized
        | Stage::Denied
        | Stage::Withdrawn
        | Stage::Lapsed
        | Stage::Deployed
        | Stage::Documented
        | Stage::Approved
        | Stage::Rejected
        | Stage::Closed => "asked",
    };
    format!(
        "{requester} {asks} {asked} for authorization, {at}, {}",
        asked_how(showing, room)
    )
}

/// How it was asked for, and who put that on record if it was later.
fn asked_how(showing: &Showing<'_>, room: usize) -> String {
    let change = showing.change;
    let captured = change.captured.as_ref();
    let recorded = captured.map(|capture| (say::person(&capture.by), say::at(capture.at)));
    let quote = change
        .said
        .as_ref()
        .and_then(|said| change.quote(&said.channel, &said.ts));
    match (quote, recorded) {
        (Some(quote), None) => words_of(showing, quote, room),
        (Some(quote), Some((by, at))) => {
            let words = words_of(showing, quote, room);
            format!("{words}\n_Put on record by {by} {at}_")
        }
        (None, Some((by, at))) => format!("as {by} put on record {at}"),
        (None, None) => "by `/emergency`".to_owned(),
    }
}

/// That something was said in a message, with its address and its words.
fn words_of(showing: &Showing<'_>, quote: &Quote, room: usize) -> String {
    let message = say::link(&quote.message, "a message");
    let since = if quote.is_deleted {
        ", deleted since; what was captured stays"
    } else if quote.stands != quote.captured {
        ", edited since; what was captured stays"
    } else {
        ""
    };
    let heading = showing.texts.said(&showing.change.what);
    match showing.texts.said(&quote.captured) {
        // The heading says these words already, or that they are kept elsewhere.
        same if same == heading => format!("in {message}{since}"),
        said => format!("in {message}{since}:\n{}", quoted(&said, room)),
    }
}

/// A quotation of at most `room` characters: where there is little, of few lines.
fn quoted(said: &Said, room: usize) -> String {
    if room > ROOM_FOR_A_QUOTE {
        say::quoted(&say::wrote(said, room).words)
    } else {
        say::quotation(said, room)
    }
}

/// Why it was an emergency, what else was stated, or that nobody has said so yet.
pub(super) fn why(showing: &Showing<'_>) -> String {
    let change = showing.change;
    let stated = change
        .reason
        .as_ref()
        .map(|stated| stated_reason(showing, stated));
    match (change.criterion, stated) {
        (Some(criterion), None) => {
            format!("*Why an emergency:* {}", say::criterion(criterion))
        }
        (Some(criterion), Some(stated)) => format!(
            "*Why an emergency:* {}\n*Also stated:* {stated}",
            say::criterion(criterion)
        ),
        (None, Some(stated)) => format!("*Why, as stated:* {stated}"),
        (None, None) => "*Why an emergency:* not yet stated".to_owned(),
    }
}

/// A reason that is none of the five, as it was stated.
fn stated_reason(showing: &Showing<'_>, stated: &StatedReason) -> String {
    let words = stated.text.as_ref().map_or_else(String::new, |text| {
        format!(
            ": “{}”",
            say::wrote_in_a_line(&showing.texts.said(text), ROOM_FOR_A_REASON)
        )
    });
    format!(
        "{}{words}. Stated by {} {}; none of the five, so it is flagged for the genuineness review.",
        say::not_genuine(stated.reason),
        say::person(&stated.by),
        say::at(stated.at)
    )
}

/// What happened so far, one line each, in the order of the story; messages are
/// quoted in at most `room` characters each.
pub(super) fn story(showing: &Showing<'_>, room: usize) -> Vec<String> {
    let change = showing.change;
    let mut lines = authorization(showing, room);
    lines.extend(commander(change));
    lines.extend(deployments(change));
    lines.extend(end(showing));
    lines
}

/// What is due and what went wrong, one line each.
pub(super) fn accounts(showing: &Showing<'_>) -> Vec<String> {
    let mut lines = paperwork(showing);
    lines.extend(exceptions(showing.change));
    lines
}

fn authorization(showing: &Showing<'_>, room: usize) -> Vec<String> {
    let change = showing.change;
    let mut lines = Vec::new();
    if let Some(denial) = &change.denial {
        let line = format!(
            "*Denied* by {} {}{}",
            say::person(&denial.by),
            say::at(denial.at),
            in_words(showing, denial, room)
        );
        lines.push(line);
    }
    if let Some(act) = &change.went_ahead {
        let line = format!(
            "*Without authorization*: {} went ahead {}",
            say::person(&act.by),
            say::at(act.at)
        );
        lines.push(line);
    }
    if let Some(given) = &change.authorization {
        let ahead = match change.authorized_ahead_by() {
            Some(ahead) if ahead >= TimeDelta::zero() => {
                format!(", {} before deployment", say::span(ahead))
            }
            Some(behind) => format!(", {} after deployment", say::span(behind)),
            None => String::new(),
        };
        let line = format!(
            "*Authorized* by {} {}{ahead}, {}",
            say::person(&given.by),
            say::at(given.at),
            given_how(showing, given, room)
        );
        lines.push(line);
    }
    if let Some(act) = &change.second {
        let line = format!(
            "*Authorized afterwards* by {} {}{}",
            say::person(&act.by),
            say::at(act.at),
            in_words(showing, act, room)
        );
        lines.push(line);
    }
    lines
}

/// The words by which somebody acted, if it was by words: the message has the
/// time of the act.
fn in_words(showing: &Showing<'_>, act: &ActOf, room: usize) -> String {
    showing
        .change
        .quotes
        .iter()
        .find(|quote| quote.by == act.by && quote.message.ts.at() == Some(act.at))
        .map_or_else(String::new, |quote| {
            format!(", {}", words_of(showing, quote, room))
        })
}

/// How an authorization was given, by what it can be seen, and what it waits for.
fn given_how(showing: &Showing<'_>, given: &Authorization, room: usize) -> String {
    let change = showing.change;
    if given.ground == Ground::MostSenior {
        return "as the most senior engineer available, which is their own word".to_owned();
    }
    match &given.evidence {
        Some(Evidence::Words { message, .. }) => {
            let taken = given
                .attested
                .as_ref()
                .map_or_else(String::new, |attested| {
                    format!(
                        "as {} reads these words; {}\n",
                        say::person(&attested.by),
                        confirmed(given)
                    )
                });
            let words = change.quote(&message.channel, &message.ts).map_or_else(
                || format!("in {}", say::link(message, "a message")),
                |quote| words_of(showing, quote, room),
            );
            format!("{taken}{words}")
        }
        Some(Evidence::Emoji { name, on }) => {
            let is_taken_away = change.altered.iter().any(|one| {
                one.alteration == Alteration::ReactionRemoved && one.message.is(&on.channel, &on.ts)
            });
            let since = if is_taken_away {
                ", taken away since; what was captured stays"
            } else {
                ""
            };
            format!(
                "by :{}: on {}{since}",
                say::safe(name, ROOM_FOR_AN_EMOJI).words,
                say::link(on, "a message")
            )
        }
        Some(Evidence::Account { text }) => {
            let account = showing.texts.said(text);
            let account = match account {
                Said::Withheld => String::new(),
                Said::Words(_) | Said::Redacted | Said::Removed(_) => {
                    format!(":\n{}", quoted(&account, room))
                }
            };
            format!("{}{account}", by_mouth(given))
        }
        None => match given.method {
            Method::Spoken => by_mouth(given),
            Method::Button => "by the button".to_owned(),
            // Their evidence was said above; without it the method is all there is.
            Method::Message => "in a message".to_owned(),
            Method::Reaction => "by an emoji".to_owned(),
        },
    }
}

/// That it was said by word of mouth, by whose account, and whether that is
/// confirmed.
fn by_mouth(given: &Authorization) -> String {
    let attester = given.attested.as_ref().map_or_else(
        || "by word of mouth".to_owned(),
        |attested| format!("by word of mouth, as {} says", say::person(&attested.by)),
    );
    format!("{attester}; {}", confirmed(given))
}

/// Whether the one who is said to have given it confirmed that.
fn confirmed(given: &Authorization) -> String {
    let by = say::person(&given.by);
    match given.confirmed_at {
        Some(at) => format!("{by} confirmed that {}", say::at(at)),
        None => format!("waits for {by}'s confirmation"),
    }
}

fn commander(change: &EmergencyChange) -> Option<String> {
    match &change.commander {
        Some(commander) => Some(match commander.authorized_at {
            Some(authorized_at) => format!(
                "*Incident commander* {} authorized it {}",
                say::person(&commander.who),
                say::at(authorized_at)
            ),
            None => format!(
                "*Incident commander* {} hasn't authorized it yet",
                say::person(&commander.who)
            ),
        }),
        None if change.deployments.is_empty() => None,
        None => Some("*Incident commander* not known yet".to_owned()),
    }
}

fn deployments(change: &EmergencyChange) -> Vec<String> {
    let mut lines: Vec<String> = change
        .deployments
        .iter()
        .take(MOST_DEPLOYMENTS)
        .map(|one| {
            let late = if one.recorded_at - one.at > LATE_NEWS {
                format!(", recorded {}", say::at(one.recorded_at))
            } else {
                String::new()
            };
            format!(
                "*Deployed* by {} {}{late}",
                say::person(&one.by),
                say::at(one.at)
            )
        })
        .collect();
    let more = change.deployments.len().saturating_sub(MOST_DEPLOYMENTS);
    if more > 0 {
        lines.push(format!("and deployed {more} more times"));
    }
    lines
}

fn end(showing: &Showing<'_>) -> Vec<String> {
    let change = showing.change;
    let mut lines = Vec::new();
    if let Some(approval) = &change.approval {
        let mut line = format!(
            "*Approved* in retrospect by {} {}",
            say::person(&approval.by),
            say::at(approval.at)
        );
        if let Some(conditions) = &approval.conditions {
            let words = say::wrote_in_a_line(&showing.texts.said(conditions), 300);
            line = format!("{line}, on a condition: {words}");
        }
        lines.push(line);
        lines.extend(
            approval
                .genuine
                .as_ref()
                .map(|said| genuine(showing, &approval.by, said)),
        );
    }
    if let Some(review) = &change.genuineness {
        lines.push(genuine(showing, &review.by, &review.genuine));
    }
    for (review, done) in &change.reviews {
        let words = done.words.as_ref().map_or_else(String::new, |text| {
            format!(": {}", say::wrote_in_a_line(&showing.texts.said(text), 300))
        });
        lines.push(format!(
            "*{}* by {} {}{words}",
            match review {
                Review::Security => "Security review",
                Review::Database => "Database approval",
            },
            say::person(&done.by),
            say::at(done.at)
        ));
    }
    if let Some(rejection) = &change.rejection {
        let reason = say::wrote_in_a_line(&showing.texts.said(&rejection.reason), 300);
        let line = format!(
            "*Rejected* in retrospect by {} {}: {reason}",
            say::person(&rejection.by),
            say::at(rejection.at)
        );
        lines.push(line);
        let owner = change.remedy_owner().map(say::person);
        lines.extend(rejection.remedy.map(|remedy| {
            let by = owner.map_or_else(String::new, |who| format!(", by {who}"));
            let until = rejection
                .due_at
                .map_or_else(String::new, |at| format!(", until {}", say::at(at)));
            format!("*Remedy* {}{by}{until}", say::remedy(remedy))
        }));
        let said = rejection.genuine.as_ref();
        lines.extend(said.map(|said| genuine(showing, &rejection.by, said)));
    }
    if let Some(remediation) = &change.remediation {
        let how = say::wrote_in_a_line(&showing.texts.said(&remediation.text), 300);
        let line = format!(
            "*Put right* by {} {}: {how}",
            say::person(&remediation.by),
            say::at(remediation.at)
        );
        lines.push(line);
    }
    match change.stage {
        Stage::Withdrawn => lines.push(match change.duplicate_of {
            Some(of) => format!("*The same as {of}*, says the requester. It stays listed."),
            None if change.drill => "*Drill ended*. It counts nowhere.".to_owned(),
            None => "*Withdrawn*. It stays listed.".to_owned(),
        }),
        Stage::Lapsed => {
            lines.push("*Never deployed*. It stays listed; nothing more is owed.".to_owned());
        }
        Stage::Requested
        | Stage::Authorized
        | Stage::Denied
        | Stage::Deployed
        | Stage::Documented
        | Stage::Approved
        | Stage::Rejected
        | Stage::Closed => {}
    }
    if let Some(closed_at) = change.closed_at {
        lines.push(format!("*Closed* {}", say::at(closed_at)));
    }
    lines
}

/// Whether somebody who decided holds it for a genuine emergency.
fn genuine(showing: &Showing<'_>, by: &UserId, said: &Genuineness) -> String {
    let words = said.words.as_ref().map_or_else(String::new, |text| {
        format!(": {}", say::wrote_in_a_line(&showing.texts.said(text), 300))
    });
    let answer = if said.is_genuine { "yes" } else { "*no*" };
    format!(
        "*A genuine emergency?* {answer}, says {}{words}",
        say::person(by)
    )
}

/// The card is drawn when something happens and not as time goes by, so its
/// deadlines are instants: "in 4 h" would soon be a lie.
fn paperwork(showing: &Showing<'_>) -> Vec<String> {
    let change = showing.change;
    if change.is_before_deployment() || change.closed_at.is_some() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    match (change.documented_at, change.due_at()) {
        (Some(documented_at), _) => {
            lines.push(format!(
                "*Ticket* complete since {}",
                say::at(documented_at)
            ));
        }
        (None, Some(due_at)) => lines.push(format!(
            "*Ticket* {}. Missing: {}",
            due(change, Duty::Ticket, due_at),
            ticket::missing(showing)
        )),
        (None, None) => {}
    }
    // What the ticket misses is said above; this is what else the decision needs.
    let also: Vec<String> = owed(showing)
        .iter()
        .filter(|one| one.duty.is_needed_for_approval() && one.duty != Duty::Ticket)
        .map(|one| waited_for(showing, one, None))
        .collect();
    if !also.is_empty() {
        lines.push(format!("*Also needed*: {}", say::listed(also)));
    }
    for one in owed(showing) {
        if let (Duty::Approval, Some(due_at)) = (one.duty, one.due_at) {
            lines.push(format!(
                "*Decision* by {}, {}",
                owner(one.owner.as_ref()),
                due(change, Duty::Approval, due_at)
            ));
        }
    }
    lines
}

/// When something is due, or that it is missed, without a word that ages.
pub(super) fn due(change: &EmergencyChange, duty: Duty, due_at: DateTime<Utc>) -> String {
    if change.missed.contains(&(duty, due_at)) {
        format!("was due {} and is overdue", say::at(due_at))
    } else {
        format!("due {}", say::at(due_at))
    }
}

/// What was taken over from other changes of the incident, one line each.
pub(super) fn taken_over(change: &EmergencyChange) -> Option<String> {
    let mut from: BTreeMap<ChangeNumber, Vec<String>> = BTreeMap::new();
    for (field, entry) in &change.fields {
        if let Known::TakenFrom(number) = entry.source {
            from.entry(number).or_default().push(field.to_string());
        }
    }
    let lines: Vec<String> = from
        .into_iter()
        .map(|(number, fields)| format!("*Taken over from {number}*: {}", say::listed(fields)))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// How many attachments are shown one by one.
const MOST_ATTACHMENTS: usize = 10;

/// How much of a file's name or of an address is shown.
const ROOM_FOR_A_NAME: usize = 150;

/// What was attached as evidence, the first first; nothing if nothing was.
pub(super) fn evidence(showing: &Showing<'_>) -> Option<String> {
    let all = &showing.change.attachments;
    if all.is_empty() {
        return None;
    }
    let mut lines = vec!["*Evidence*".to_owned()];
    let shown = all.iter().take(MOST_ATTACHMENTS);
    lines.extend(shown.map(|one| {
        format!(
            "{}, {} {}",
            attachment(showing, one),
            say::person(&one.by),
            say::at(one.at)
        )
    }));
    let more = all.len().saturating_sub(MOST_ATTACHMENTS);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    Some(lines.join("\n"))
}

/// One attachment: its name, its size, and the beginning of its hash.
pub(super) fn attachment(showing: &Showing<'_>, one: &Attachment) -> String {
    let name = say::wrote_in_a_line(&showing.texts.said(&one.name), ROOM_FOR_A_NAME);
    match &one.attached {
        Attached::File {
            sha256, n_bytes, ..
        } => format!(
            "• {name}, {}, SHA-256 `{}…`",
            say::size(*n_bytes),
            hex::encode(sha256.first_chunk::<4>().copied().unwrap_or_default())
        ),
        Attached::Unfetched { n_bytes, why, .. } => {
            let size = n_bytes.map_or_else(String::new, |n| format!(", {}", say::size(n)));
            format!("• {name}{size}. Not kept: {why}, so it is no evidence yet")
        }
        Attached::Elsewhere { .. } | Attached::Link => format!("• {name}"),
    }
}

/// The controls that were not met, in plain words.
pub(super) fn exceptions(change: &EmergencyChange) -> Vec<String> {
    let said: Vec<String> = change
        .exceptions
        .iter()
        .map(|(exception, state)| {
            let words = say::exception(*exception);
            match &state.answer {
                Some(_) => format!("{words} (answered)"),
                None => words.to_owned(),
            }
        })
        .collect();
    match said.len() {
        0 => Vec::new(),
        1 => vec![format!("*Exception*: {}", said.join(""))],
        _ => vec![format!("*Exceptions*: {}", said.join("; "))],
    }
}
