//! The ledger: what is owed to a change and what is done, each with whose it is and
//! when. It stands in the card's thread and is kept up there.

use crate::domain::obligation::{Duty, Obligation, obligations};
use crate::domain::policy::Party;

use super::blocks::{fits, message, paragraphs};
use super::{Message, Showing, facts, say, ticket};

/// How much of a follow-up tells it from others.
pub(super) const ROOM_FOR_A_FOLLOW_UP: usize = 100;

/// How much of each is shown: the most that fits a message.
const ROOMS: [usize; 3] = [ROOM_FOR_A_FOLLOW_UP, 40, 10];

/// Returns the ledger of a change. Whoever is named in a new message hears of it,
/// at any hour; nobody is woken for paperwork, so one that `is_new` names roles, and
/// the names come with its first edit, of which Slack tells nobody.
pub fn ledger(showing: &Showing<'_>, is_new: bool) -> Message {
    let title = say::title(showing.change);
    let text = format!("{title}: what is owed, and what is done");
    let mut blocks = Vec::new();
    for room in ROOMS {
        let owed: Vec<String> = facts::owed(showing)
            .iter()
            .map(|one| still_owed(showing, one, room, is_new))
            .collect();
        let done = done(showing, room, is_new);
        // What is done gives way first: the status has all of it.
        for left_out in 0..=done.len() {
            blocks = paragraphs(&words(&owed, &done, left_out));
            if fits(&blocks) {
                return message(&text, blocks);
            }
        }
    }
    message(&text, blocks)
}

fn words(owed: &[String], done: &[String], left_out: usize) -> String {
    let mut parts = vec![if owed.is_empty() {
        "*Still owed*\nNothing.".to_owned()
    } else {
        format!("*Still owed*\n{}", owed.join("\n"))
    }];
    let shown: Vec<&str> = done.iter().skip(left_out).map(String::as_str).collect();
    if !shown.is_empty() {
        parts.push(format!("*Done*\n{}", shown.join("\n")));
    }
    if left_out > 0 {
        parts.push(format!(
            "And {left_out} more; `/emergency status` shows them."
        ));
    }
    parts.join("\n")
}

/// What is owed, told from what else is; a follow-up by `room` of its words.
pub(super) fn what(showing: &Showing<'_>, duty: Duty, room: usize) -> String {
    match duty {
        Duty::Ticket if showing.change.documented_at.is_none() => {
            format!("The ticket ({})", ticket::missing(showing))
        }
        Duty::AnswerException(exception) => {
            format!("The answer to “{}”", say::exception(exception))
        }
        Duty::FollowUp(n) => {
            let nth = usize::from(n).checked_sub(1);
            let one = nth.and_then(|nth| showing.change.follow_ups.get(nth));
            let what = one.map_or_else(String::new, |one| {
                let said = showing.texts.said(&one.what);
                format!(", “{}”", say::wrote_in_a_line(&said, room))
            });
            format!("{}{what}", say::duty(duty))
        }
        Duty::Ticket
        | Duty::AnswerRequest
        | Duty::ConfirmDeployment
        | Duty::CommanderAuthorization
        | Duty::Confirmation
        | Duty::SecondAuthorization
        | Duty::Approval
        | Duty::Remediation
        | Duty::SecurityReview
        | Duty::DatabaseApproval
        | Duty::GenuinenessReview
        | Duty::MeetingReview
        | Duty::PermanentFix => say::duty(duty),
    }
}

/// The ledger is drawn when something happens and not as time goes by, so its
/// deadlines are instants: "in 4 h" would soon be a lie.
fn still_owed(showing: &Showing<'_>, one: &Obligation, room: usize, is_new: bool) -> String {
    let due = one.due_at.map_or_else(String::new, |due_at| {
        format!(", {}", facts::due(showing.change, one.duty, due_at))
    });
    let what = what(showing, one.duty, room);
    format!("• {what}: {}{due}", whose(showing, one, is_new))
}

fn done(showing: &Showing<'_>, room: usize, is_new: bool) -> Vec<String> {
    obligations(showing.change, showing.policy)
        .iter()
        .filter_map(|one| {
            let at = one.met_at?;
            let late = one.due_at.filter(|due_at| at > *due_at);
            let late = late.map_or_else(String::new, |due_at| {
                format!(", {} late", say::span(at - due_at))
            });
            let what = what(showing, one.duty, room);
            let whose = whose(showing, one, is_new);
            Some(format!("• {what}: {whose}, done {}{late}", say::at(at)))
        })
        .collect()
}

fn whose(showing: &Showing<'_>, one: &Obligation, is_new: bool) -> String {
    if !is_new {
        return facts::owner(one.owner.as_ref());
    }
    let change = showing.change;
    match &one.owner {
        Some(Party::Person(who)) if change.implementers().any(|by| by == who) => {
            "the implementer".to_owned()
        }
        Some(Party::Person(who)) if *who == change.requester => "the requester".to_owned(),
        Some(Party::Person(_)) => "whoever is named for it".to_owned(),
        Some(Party::Group(_)) => "a group".to_owned(),
        None => facts::owner(None),
    }
}
