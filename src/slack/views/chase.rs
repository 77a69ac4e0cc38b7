//! The chase as it is shown: what became of each reminder, and what somebody's
//! being away came to.

use chrono::{DateTime, TimeDelta, Utc};
use slack_morphism::prelude::SlackBlock;

use crate::domain::id::ChangeNumber;
use crate::domain::obligation::{Answered, ChaseLine, Delivery, Duty, Rung};
use crate::domain::policy::Party;
use crate::slack::control::Control;

use super::blocks::{actions, button_of, message, section};
use super::{Message, facts, say};

/// How many reminders a status tells of.
const MOST: usize = 6;

/// Within how long a delivery needs no time of its own.
const AT_ONCE: TimeDelta = TimeDelta::minutes(2);

/// How many of what passed or stays an answer names.
const MOST_NAMED: usize = 20;

/// The last reminders with what became of them, and how many there were.
pub(super) fn lines(log: &[ChaseLine]) -> Vec<String> {
    let earlier = log.len().saturating_sub(MOST);
    let mut lines: Vec<String> = log.iter().skip(earlier).map(line).collect();
    if earlier > 0 {
        lines.insert(0, format!("• {earlier} earlier"));
    }
    lines
}

fn line(one: &ChaseLine) -> String {
    let who = facts::owner(one.owner.as_ref());
    let rung = match one.rung {
        Rung::Opening => "the first word".to_owned(),
        Rung::Ready => "the ticket is ready".to_owned(),
        Rung::Again(n) => format!("time {n}"),
        Rung::Before(minutes) => format!("{} ahead", ahead(minutes)),
        Rung::Overdue(n) => format!("overdue, time {n}"),
        Rung::AfterNap(_) => "after it was put off".to_owned(),
    };
    let delivery = match &one.delivery {
        Delivery::Waiting => match one.owner {
            Some(Party::Person(_)) => "On its way".to_owned(),
            Some(Party::Group(_)) | None => "Said in the thread".to_owned(),
        },
        Delivery::Delivered { at, .. } if *at - one.at < AT_ONCE => "Delivered".to_owned(),
        Delivery::Delivered { at, .. } => format!("Delivered {}", say::at(*at)),
        Delivery::Undelivered { error, at } => {
            format!("Could not be delivered {} (`{error}`)", say::at(*at))
        }
    };
    let answered = match one.answered {
        None => String::new(),
        Some(Answered::Snoozed(until)) => format!("; put off until {}", say::at(until)),
        Some(Answered::HandedOver(at)) => format!("; handed on {}", say::at(at)),
        Some(Answered::Acted(at)) => format!("; answered {}", say::at(at)),
    };
    format!(
        "• {} to {who}: {}, {rung}. {delivery}{answered}.",
        say::at(one.at),
        one.duty
    )
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
