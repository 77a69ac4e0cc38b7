//! The chase as it is shown: what became of each reminder, and what somebody's
//! being away came to.
//!
//! It shows no words that people wrote.

use chrono::{DateTime, TimeDelta, Utc};
use slack_morphism::prelude::SlackBlock;

use crate::domain::change::Handover;
use crate::domain::id::ChangeNumber;
use crate::domain::obligation::{Answered, ChaseLine, Deed, Delivery, Duty, Moot, Rung};
use crate::domain::policy::Party;
use crate::slack::control::Control;

use super::blocks::{actions, button_of, context, message, section};
use super::{Message, facts, say};

/// How many messages a chase log may have: Slack takes five answers to one
/// command, and the status is the first.
const MOST_MESSAGES: usize = 3;

/// How much of a log goes into one message, as JSON counts it, so that what holds it
/// together fits beside it.
const ROOM: usize = 11_000;

/// How much of it goes into one block.
const ROOM_IN_A_BLOCK: usize = 2900;

/// Within how long a delivery needs no time of its own.
const AT_ONCE: TimeDelta = TimeDelta::minutes(2);

/// How many of what passed or stays an answer names.
const MOST_NAMED: usize = 20;

/// How many digits of a commitment are shown: enough to find it, and to see that it
/// is no other.
const DIGITS: usize = 12;

/// What the figures in a line are.
const LEGEND: &str = "Each with its place in Slack (conversation, ts) and the first 12 digits of the SHA-256 of what was sent.";

/// A log in as many messages as it needs; of one that is longer than those, the
/// newest in full, and how many there were before.
pub(super) fn messages(title: &str, log: &[ChaseLine]) -> Vec<Message> {
    let lines: Vec<String> = log.iter().map(line).collect();
    let mut pages: Vec<Vec<&str>> = Vec::new();
    let mut room = 0;
    let mut n_shown = 0;
    for line in lines.iter().rev() {
        // A line's end is two letters of JSON.
        let width = serde_json::to_string(line).map_or(ROOM, |json| say::width(&json));
        if pages.is_empty() || width > room {
            if pages.len() == MOST_MESSAGES {
                break;
            }
            pages.push(Vec::new());
            room = ROOM;
        }
        room = room.saturating_sub(width);
        if let Some(page) = pages.last_mut() {
            page.push(line);
            n_shown += 1;
        }
    }
    let earlier = log.len().saturating_sub(n_shown);
    let heading = if earlier > 0 {
        format!("*Reminders*, the last {n_shown}; {earlier} earlier are on record")
    } else {
        "*Reminders*".to_owned()
    };
    let n_pages = pages.len();
    let mut said = Vec::new();
    for (n, page) in pages.into_iter().rev().enumerate() {
        let lines: Vec<&str> = page.into_iter().rev().collect();
        let heading = if n == 0 {
            heading.clone()
        } else {
            "*Reminders*, further".to_owned()
        };
        let mut blocks = in_blocks(&heading, &lines);
        if n + 1 == n_pages {
            blocks.extend(legend(log));
        }
        said.push(message(&format!("{title}: its reminders"), blocks));
    }
    said
}

/// The whole of a log, to stand among other things.
pub(super) fn blocks(log: &[ChaseLine]) -> Vec<SlackBlock> {
    let lines: Vec<String> = log.iter().map(line).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut blocks = in_blocks("*Reminders*", &lines);
    blocks.extend(legend(log));
    blocks
}

/// What the figures are, where there are any.
fn legend(log: &[ChaseLine]) -> Option<SlackBlock> {
    let is_delivered = |one: &ChaseLine| matches!(one.delivery, Delivery::Delivered { .. });
    log.iter().any(is_delivered).then(|| context(LEGEND))
}

/// Lines as paragraphs that break between them.
fn in_blocks(heading: &str, lines: &[&str]) -> Vec<SlackBlock> {
    let mut texts = vec![heading.to_owned()];
    for line in lines {
        match texts.last_mut() {
            Some(last) if say::width(last) + say::width(line) < ROOM_IN_A_BLOCK => {
                last.push('\n');
                last.push_str(line);
            }
            Some(_) | None => texts.push((*line).to_owned()),
        }
    }
    texts.iter().map(|text| section(text)).collect()
}

fn line(one: &ChaseLine) -> String {
    let who = facts::owner(one.owner.as_ref());
    let what = match one.duty {
        Duty::AnswerException(exception) => {
            format!("the answer to “{}”", say::exception(exception))
        }
        duty => duty.to_string(),
    };
    let rung = match one.rung {
        Rung::Opening => "the first word".to_owned(),
        Rung::Ready => "the ticket is ready".to_owned(),
        Rung::Again(n) => format!("time {n}"),
        Rung::Before(minutes) => format!("{} ahead", ahead(minutes)),
        Rung::Overdue(n) => format!("overdue, time {n}"),
        Rung::AfterNap(_) => "after it was put off".to_owned(),
    };
    let delivery = match &one.delivery {
        Delivery::Waiting => "On its way".to_owned(),
        Delivery::Delivered {
            channel,
            ts,
            at,
            payload,
        } => {
            let late = if *at - one.at < AT_ONCE {
                String::new()
            } else {
                format!(" {}", say::at(*at))
            };
            let digits: String = hex::encode(payload).chars().take(DIGITS).collect();
            format!("Delivered{late}: `{channel}` `{ts}` `{digits}`")
        }
        Delivery::Undelivered { error, at } => {
            let error = say::safe(error, LONGEST_ERROR).words;
            format!("Could not be delivered {}: `{error}`", say::at(*at))
        }
        Delivery::Unsaid { at, why } => {
            let why = match why {
                Moot::Done => "it was done",
                Moot::Passed => "it had passed to somebody else",
                Moot::Over => "nobody owed it any more",
            };
            format!("Not said: {why} {}", say::at(*at))
        }
    };
    let answered = one.answered.as_ref().map_or_else(String::new, |answered| {
        format!(" {}", answer(answered, one.owner.as_ref()))
    });
    format!(
        "• {} to {who}: {what}, {rung}. {delivery}.{answered}",
        say::at(one.at)
    )
}

/// How much of Slack's word for what went wrong is shown.
const LONGEST_ERROR: usize = 80;

/// What came of a reminder, as a sentence.
fn answer(answered: &Answered, owner: Option<&Party>) -> String {
    match answered {
        Answered::Snoozed(until) => format!("→ Put off until {}.", say::at(*until)),
        Answered::HandedOver { at, to, why } => {
            let why = match why {
                Handover::Delegated => "Handed",
                Handover::Away => "Away, so passed",
                Handover::Left => "No longer there, so passed",
                Handover::Ineligible => "No longer eligible, so passed",
            };
            format!("→ {why} to {} {}.", say::party(to), say::at(*at))
        }
        Answered::Acted { at, by, deed } => {
            let did = match deed {
                Deed::Authorized => "Authorized",
                Deed::Denied => "Denied",
                Deed::Confirmed => "Confirmed",
                Deed::Disputed => "Disputed",
                Deed::NamedCommander => "Commander named",
                Deed::Deployed => "Deployment told",
                Deed::CalledOff => "Called off",
                Deed::Wrote => "Worked on",
                Deed::Attached => "Evidence added",
                Deed::Approved => "Approved",
                Deed::Rejected => "Rejected",
                Deed::Reviewed => "Reviewed",
                Deed::Judged => "Word given",
                Deed::Met => "Meeting recorded",
                Deed::Done => "Done",
                Deed::Answered => "Answered",
            };
            let by = match owner {
                Some(Party::Person(owner)) if owner == by => String::new(),
                Some(_) | None => format!(" by {}", say::person(by)),
            };
            format!("→ {did}{by} {}.", say::at(*at))
        }
    }
}

fn ahead(minutes: u16) -> String {
    say::span(TimeDelta::minutes(i64::from(minutes)))
}

/// What came of somebody's being away: what passed on and to whom, and what stays.
pub fn away(
    until: DateTime<Utc>,
    passed: &[(ChangeNumber, Duty, Party)],
    stays: &[(ChangeNumber, Duty)],
    now: DateTime<Utc>,
) -> Message {
    if until <= now {
        return message(
            "Welcome back. What falls to you from now on reaches you again; what passed to others stays with them.",
            vec![section(
                "*Welcome back.* What falls to you from now on reaches you again; what passed to others stays with them.",
            )],
        );
    }
    let mut lines = vec![format!("*You're away until {}.*", say::at(until))];
    for (number, duty, to) in passed.iter().take(MOST_NAMED) {
        let to = facts::owner(Some(to));
        lines.push(format!("• *{number}*: {duty} passes to {to}."));
    }
    lines.extend(more(passed.len()));
    if !stays.is_empty() {
        lines.push(
            "Due before you are back, and nobody else may do it, so it stays yours:".to_owned(),
        );
        for (number, duty) in stays.iter().take(MOST_NAMED) {
            lines.push(format!("• *{number}*: {duty}"));
        }
        lines.extend(more(stays.len()));
    }
    if passed.is_empty() && stays.is_empty() {
        lines.push("Nothing that you owe is due before then.".to_owned());
    }
    let back = button_of(Control::Back, "I'm back", "back");
    let blocks: Vec<SlackBlock> = vec![section(&lines.join("\n")), actions(vec![back.into()])];
    message(&lines.join(" "), blocks)
}

fn more(n: usize) -> Option<String> {
    (n > MOST_NAMED).then(|| format!("• and {} more", n - MOST_NAMED))
}
