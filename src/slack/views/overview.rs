//! Replies about several changes: which one is meant, the queue of exceptions,
//! the agenda of the next team meeting.

use chrono::{DateTime, Utc};
use slack_morphism::prelude::SlackBlockButtonElement;

use crate::domain::change::{EmergencyChange, Exception};
use crate::domain::id::{ChangeNumber, UserId};
use crate::domain::obligation::{Duty, Obligation};
use crate::slack::control::{self, Control};

use super::blocks::{
    actions, button, button_of, context, fits, message, one_line, primary, section, section_with,
};
use super::{Message, Showing, Typed, facts, moves, reply, say, ticket};

/// Whether a team meeting may have to review it.
pub fn is_to_review(change: &EmergencyChange) -> bool {
    change.approval.is_some() && change.meeting.is_none()
}

/// How many likely changes are offered: more than that is a list.
pub const MOST_LIKELY: usize = 5;

/// How many exceptions the queue shows at once; those of one change stand
/// together.
const MOST_EXCEPTIONS: usize = 20;

/// How many changes an agenda shows at once.
const MOST_ON_AGENDA: usize = 20;

/// How much of *what* one entry shows.
const ROOM_FOR_WHAT: usize = 100;

/// What is to be done to one of several changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// To see where it stands.
    Status,
    /// To write its ticket.
    Document,
    /// To say that it was deployed at this time.
    Deployed(DateTime<Utc>),
}

/// Asks which of the likely changes is meant, one button each.
pub fn which(likely: &[Showing<'_>], wanted: Wanted, question: Option<&str>) -> Message {
    let question = question.unwrap_or(match wanted {
        Wanted::Status => "Which change?",
        Wanted::Document => "Which change's ticket?",
        Wanted::Deployed(_) => "Which change was deployed?",
    });
    let hint = match wanted {
        Wanted::Status => {
            "`/emergency status CHG-…` shows any other; `/emergency list open` has them all."
        }
        Wanted::Document => {
            "`/emergency document CHG-…` opens any other; `/emergency list open` has them all."
        }
        Wanted::Deployed(_) => {
            "Nothing is recorded before you tap one. `/emergency deployed CHG-…` says it of any other."
        }
    };
    let mut blocks = vec![section(question)];
    blocks.extend(likely.iter().take(MOST_LIKELY).map(|showing| {
        let about = button_for(wanted, showing.change);
        section_with(&reply::listed(showing), about)
    }));
    blocks.push(context(hint));
    message(question, blocks)
}

fn button_for(wanted: Wanted, change: &EmergencyChange) -> SlackBlockButtonElement {
    match wanted {
        Wanted::Status => button(Control::Status, "Show", change.number),
        Wanted::Document => button(Control::Document, "Document", change.number),
        Wanted::Deployed(at) => button_of(
            Control::DeployedAt,
            "This one",
            &control::time_value(change.number, at, None),
        ),
    }
}

/// An exception that waits for its answer.
struct Unanswered<'a> {
    showing: &'a Showing<'a>,
    exception: Exception,
    owed: Obligation,
    /// Since when it stands.
    at: DateTime<Utc>,
}

/// Returns every exception that waits for its answer, the oldest first.
pub fn exceptions(changes: &[Showing<'_>], now: DateTime<Utc>) -> Message {
    let mut queue: Vec<Unanswered<'_>> = changes.iter().flat_map(unanswered).collect();
    if queue.is_empty() {
        return one_line(
            "No exception waits for an answer. A control that isn't met (late, without authorization, against a denial) stands here until somebody says why, and what is done about it.",
        );
    }
    queue.sort_by_key(|one| (one.at, one.showing.change.number));
    let n_changes = count_changes(&queue);
    let heading = format!(
        "*Exceptions without an answer* ({}, of {n_changes} {})",
        queue.len(),
        if n_changes == 1 { "change" } else { "changes" },
    );
    let mut shown = queue.len().min(MOST_EXCEPTIONS);
    loop {
        let mut blocks = vec![section(&heading)];
        blocks.extend(queue.iter().take(shown).map(|one| {
            let answer = button(
                Control::AnswerExceptions,
                "Answer",
                one.showing.change.number,
            );
            section_with(&exception(one, now), answer)
        }));
        let more = queue.len() - shown;
        let hint = "Whoever answers for the process, or may approve, answers them; never who asked for the change or deployed it. One form answers all of a change.";
        blocks.push(context(&if more > 0 {
            format!("And {more} younger. {hint}")
        } else {
            hint.to_owned()
        }));
        if fits(&blocks) || shown == 0 {
            return message(
                &format!("Exceptions without an answer: {}", queue.len()),
                blocks,
            );
        }
        shown -= 1;
    }
}

fn unanswered<'a>(showing: &'a Showing<'a>) -> Vec<Unanswered<'a>> {
    let mut unanswered = Vec::new();
    for owed in facts::owed(showing) {
        if let Duty::AnswerException(exception) = owed.duty
            && let Some(state) = showing.change.exceptions.get(&exception)
        {
            unanswered.push(Unanswered {
                showing,
                exception,
                at: state.at,
                owed,
            });
        }
    }
    unanswered
}

fn count_changes(queue: &[Unanswered<'_>]) -> usize {
    let mut numbers: Vec<ChangeNumber> =
        queue.iter().map(|one| one.showing.change.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.len()
}

fn exception(one: &Unanswered<'_>, now: DateTime<Utc>) -> String {
    let due = one
        .owed
        .due_at
        .map_or_else(String::new, |due_at| format!(", {}", say::due(due_at, now)));
    format!(
        "*{}*  {}\n{}\n{} old · from {}{due}",
        say::title(one.showing.change),
        say::capitalised(say::exception(one.exception)),
        what(one.showing),
        say::span(now - one.at),
        facts::owner(one.owed.owner.as_ref()),
    )
}

/// What is changed, or that it was said in private.
fn what(showing: &Showing<'_>) -> String {
    if showing.is_withheld() {
        "in a private channel".to_owned()
    } else {
        showing.what_in_a_line(ROOM_FOR_WHAT)
    }
}

/// The changes that the next team meeting has to review, with until when.
pub(super) fn to_review<'a>(
    changes: &'a [Showing<'a>],
) -> Vec<(&'a Showing<'a>, Option<DateTime<Utc>>)> {
    let mut found: Vec<_> = changes
        .iter()
        .filter_map(|showing| {
            let mut owed = facts::owed(showing).into_iter();
            let review = owed.find(|one| one.duty == Duty::MeetingReview)?;
            Some((showing, review.due_at))
        })
        .collect();
    found.sort_by_key(|(showing, due_at)| (*due_at, showing.change.number));
    found
}

/// Returns what the next team meeting has to review.
pub fn agenda(changes: &[Showing<'_>], now: DateTime<Utc>) -> Message {
    let found = to_review(changes);
    if found.is_empty() {
        return one_line(
            "The next team meeting has no emergency change to review. Each comes up here once it is approved in retrospect, and stays until a meeting has reviewed it.",
        );
    }
    let heading = format!("*For the next team meeting* ({})", found.len());
    let mut shown = found.len().min(MOST_ON_AGENDA);
    loop {
        let mut blocks = vec![section(&heading)];
        blocks.extend(
            found
                .iter()
                .take(shown)
                .map(|(showing, due_at)| section(&item(showing, *due_at, now))),
        );
        let more = found.len() - shown;
        if more > 0 {
            blocks.push(context(&format!("And {more} more.")));
        }
        blocks.push(actions(vec![primary(moves::mark_as_reviewed()).into()]));
        if fits(&blocks) || shown == 0 {
            return message(
                &format!("For the next team meeting: {}", found.len()),
                blocks,
            );
        }
        shown -= 1;
    }
}

fn item(showing: &Showing<'_>, due_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let change = showing.change;
    let due = due_at.map_or_else(String::new, |due_at| format!("\n{}", say::due(due_at, now)));
    let deployed = change
        .deployed_at()
        .map_or_else(String::new, |at| format!("deployed {}", say::at(at)));
    let exceptions = match change.exceptions.len() {
        0 => String::new(),
        1 => ", one exception".to_owned(),
        n => format!(", {n} exceptions"),
    };
    let why = change.criterion.map_or_else(String::new, |one| {
        format!(", {}", say::criterion_label(one))
    });
    let repeat = ticket::repeat(showing).map_or_else(String::new, |line| format!("\n{line}."));
    format!(
        "*{}*  {}\n{deployed}{why}{exceptions}{due}{repeat}",
        say::title(change),
        what(showing)
    )
}

/// Says which changes a meeting has reviewed now, and why it hasn't others; what was
/// `typed` comes back where none took it.
pub fn reviewed(
    changes: &[Showing<'_>],
    (by, held_at): (&UserId, DateTime<Utc>),
    refusal: Option<&str>,
    typed: &[Typed],
) -> Vec<Message> {
    let is_marked = |change: &EmergencyChange| {
        change
            .meeting
            .as_ref()
            .is_some_and(|meeting| meeting.by == *by && meeting.held_at == held_at)
    };
    let titles = |marked: bool| -> Vec<String> {
        changes
            .iter()
            .filter(|showing| is_marked(showing.change) == marked)
            .map(|showing| say::title(showing.change))
            .collect()
    };
    let (marked, left) = (titles(true), titles(false));
    let mut sentences = Vec::new();
    if !marked.is_empty() {
        sentences.push(format!(
            "Reviewed in the meeting of {}: {}.",
            say::at(held_at),
            say::listed(marked)
        ));
    }
    if !left.is_empty() {
        let why = refusal.unwrap_or("Somebody was faster, or it is decided anew.");
        let not_marked = say::listed(left.iter().cloned());
        sentences.push(format!("Not marked: {not_marked}. {why}"));
    }
    let line = sentences.join("\n");
    let lost = if left.is_empty() { &[] } else { typed };
    reply::with_typed(&line, vec![section(&line)], lost, Vec::new())
}
