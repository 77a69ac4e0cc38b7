//! What is known and what is owed, in words: the lines that the card, the
//! status and the summary for the approver have in common.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::change::{EmergencyChange, Stage};
use crate::domain::obligation::{Duty, Obligation, obligations};
use crate::domain::policy::Party;
use crate::domain::ticket::{ContentHash, content_hash, gaps};

use super::{Showing, say};

/// How many deployments are listed one by one.
const MOST_DEPLOYMENTS: usize = 5;

/// How many of those asked are named: more names than that are a crowd.
const MOST_ASKED: usize = 3;

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
    let waits = owed
        .iter()
        .filter(|one| one.duty.is_needed_for_approval())
        .map(|one| waited_for(showing.change, one))
        .collect();
    Decision::Waits(waits)
}

/// What the decision waits for, and from whom.
fn waited_for(change: &EmergencyChange, one: &Obligation) -> String {
    let whom = owner(one.owner.as_ref());
    match one.duty {
        Duty::Ticket => format!("{} from {whom}", missing(change)),
        Duty::CommanderAuthorization if change.commander.is_none() => {
            format!("{} ({whom} is asked who commands)", one.duty)
        }
        Duty::AnswerRequest
        | Duty::ConfirmDeployment
        | Duty::CommanderAuthorization
        | Duty::Confirmation
        | Duty::SecondAuthorization
        | Duty::Approval
        | Duty::Remediation
        | Duty::AnswerException(_) => format!("{} from {whom}", one.duty),
    }
}

/// Who owes something, in words.
pub(super) fn owner(owner: Option<&Party>) -> String {
    owner.map_or_else(|| "somebody who may authorize".to_owned(), say::party)
}

/// What the ticket still misses, as a list in words.
pub(super) fn missing(change: &EmergencyChange) -> String {
    say::listed(gaps(change).iter().map(ToString::to_string))
}

/// Who was asked by whom and when.
pub(super) fn request(change: &EmergencyChange) -> String {
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
    match change.stage {
        Stage::Requested if change.went_ahead.is_none() => {
            format!("{requester} asks {asked} for authorization, {at}")
        }
        Stage::Requested
        | Stage::Authorized
        | Stage::Denied
        | Stage::Withdrawn
        | Stage::Lapsed
        | Stage::Deployed
        | Stage::Documented
        | Stage::Approved
        | Stage::Rejected
        | Stage::Closed => format!("{requester} asked {asked} for authorization, {at}"),
    }
}

/// Why it was an emergency, or that nobody has said so yet.
pub(super) fn why(change: &EmergencyChange) -> String {
    match change.criterion {
        Some(criterion) => format!("*Why an emergency:* {}", say::criterion(criterion)),
        None => "*Why an emergency:* not yet stated".to_owned(),
    }
}

/// What happened so far, one line each, in the order of the story.
pub(super) fn story(showing: &Showing<'_>) -> Vec<String> {
    let change = showing.change;
    let mut lines = authorization(change);
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

fn authorization(change: &EmergencyChange) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(denial) = &change.denial {
        let line = format!(
            "*Denied* by {} {}",
            say::person(&denial.by),
            say::at(denial.at)
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
            "*Authorized* by {} {}{ahead}",
            say::person(&given.by),
            say::at(given.at)
        );
        lines.push(line);
    }
    if let Some(act) = &change.second {
        let line = format!(
            "*Authorized afterwards* by {} {}",
            say::person(&act.by),
            say::at(act.at)
        );
        lines.push(line);
    }
    lines
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
        let line = format!(
            "*Approved* in retrospect by {} {}",
            say::person(&approval.by),
            say::at(approval.at)
        );
        lines.push(line);
    }
    if let Some(rejection) = &change.rejection {
        let reason = say::wrote_in_a_line(&showing.texts.said(&rejection.reason), 300);
        let line = format!(
            "*Rejected* in retrospect by {} {}: {reason}",
            say::person(&rejection.by),
            say::at(rejection.at)
        );
        lines.push(line);
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
        Stage::Withdrawn => lines.push("*Withdrawn*. It stays listed.".to_owned()),
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
            missing(change)
        )),
        (None, None) => {}
    }
    // What the ticket misses is said above; this is what else the decision needs.
    let also: Vec<String> = owed(showing)
        .iter()
        .filter(|one| one.duty.is_needed_for_approval() && one.duty != Duty::Ticket)
        .map(|one| waited_for(change, one))
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
fn due(change: &EmergencyChange, duty: Duty, due_at: DateTime<Utc>) -> String {
    if change.missed.contains(&(duty, due_at)) {
        format!("was due {} and is overdue", say::at(due_at))
    } else {
        format!("due {}", say::at(due_at))
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
