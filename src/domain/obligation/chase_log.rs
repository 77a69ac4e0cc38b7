//! The chase as evidence: each reminder with what became of it.

use chrono::{DateTime, Utc};

use super::{Duty, Rung};
use crate::domain::change::{Actor, Event, Recorded};
use crate::domain::id::{ChannelId, MessageTs, UserId};
use crate::domain::policy::Party;

/// Whether Slack has a reminder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It is to be sent, or was said in the thread of the card.
    Waiting,
    /// Slack has it.
    Delivered {
        /// Where it stands.
        channel: ChannelId,
        /// Its name there.
        ts: MessageTs,
        /// Since when.
        at: DateTime<Utc>,
        /// SHA-256 of what was sent.
        payload: [u8; 32],
    },
    /// Slack refused it for good.
    Undelivered {
        /// Slack's error code.
        error: String,
        /// When that was known.
        at: DateTime<Utc>,
    },
}

/// What the reminded person did next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// They put it off, until then.
    Snoozed(DateTime<Utc>),
    /// It passed to somebody else, then.
    HandedOver(DateTime<Utc>),
    /// They did something about the change, then.
    Acted(DateTime<Utc>),
}

/// One reminder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChaseLine {
    /// When it fell due and was put on record.
    pub at: DateTime<Utc>,
    /// What was owed.
    pub duty: Duty,
    /// By whom.
    pub owner: Option<Party>,
    /// By when.
    pub due_at: Option<DateTime<Utc>>,
    /// On which rung.
    pub rung: Rung,
    /// What became of the message.
    pub delivery: Delivery,
    /// What whoever was reminded did first after it, before the next reminder of
    /// the same.
    pub answered: Option<Answered>,
}

/// Returns the name under which a reminder waits to be sent. It stands in the
/// record of its delivery. A round is a rung climbed anew: of what passed on and
/// came back, somebody hears again.
pub fn reminder_key(
    change: crate::domain::id::ChangeNumber,
    duty: Duty,
    person: &UserId,
    due_at: Option<DateTime<Utc>>,
    (rung, round): (Rung, Option<u16>),
) -> String {
    let key = format!(
        "reminder:{change}:{}:{person}:{}:{}",
        duty.name(),
        due_at.map_or(0, |due_at| due_at.timestamp_micros()),
        rung.name()
    );
    match round {
        // What had never passed on keeps the name that it always had.
        None | Some(0) => key,
        Some(round) => format!("{key}:{round}"),
    }
}

/// Reads the chase out of a change's events, oldest first.
pub fn chase_log(change: crate::domain::id::ChangeNumber, history: &[Recorded]) -> Vec<ChaseLine> {
    let mut lines: Vec<(Option<String>, ChaseLine)> = Vec::new();
    for recorded in history {
        match &recorded.event {
            Event::Reminded {
                duty,
                owner,
                due_at,
                rung,
                round,
            } => {
                let key = match owner {
                    Some(Party::Person(who)) => {
                        Some(reminder_key(change, *duty, who, *due_at, (*rung, *round)))
                    }
                    Some(Party::Group(_)) | None => None,
                };
                let line = ChaseLine {
                    at: recorded.at,
                    duty: *duty,
                    owner: owner.clone(),
                    due_at: *due_at,
                    rung: *rung,
                    delivery: Delivery::Waiting,
                    answered: None,
                };
                lines.push((key, line));
            }
            Event::Delivered {
                key,
                channel,
                ts,
                payload,
                ..
            } => {
                if let Some((_, line)) = lines.iter_mut().find(|(own, _)| own.as_ref() == Some(key))
                {
                    line.delivery = Delivery::Delivered {
                        channel: channel.clone(),
                        ts: ts.clone(),
                        at: recorded.at,
                        payload: *payload,
                    };
                }
            }
            Event::Undelivered { key, error } => {
                if let Some((_, line)) = lines.iter_mut().find(|(own, _)| own.as_ref() == Some(key))
                {
                    line.delivery = Delivery::Undelivered {
                        error: error.clone(),
                        at: recorded.at,
                    };
                }
            }
            Event::Snoozed { duty, owner, until } => {
                answer(&mut lines, Answered::Snoozed(*until), |line| {
                    line.duty == *duty && line.owner == *owner
                });
            }
            Event::HandedOver { duty, from, .. } => {
                answer(&mut lines, Answered::HandedOver(recorded.at), |line| {
                    line.duty == *duty && line.owner == *from
                });
            }
            _ => {
                if let Actor::Person(who) = &recorded.actor {
                    let theirs = Some(Party::Person(who.clone()));
                    answer(&mut lines, Answered::Acted(recorded.at), |line| {
                        line.owner == theirs
                    });
                }
            }
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

/// Puts an answer beside the latest reminder of each duty that it may answer.
fn answer(
    lines: &mut [(Option<String>, ChaseLine)],
    answered: Answered,
    is_about: impl Fn(&ChaseLine) -> bool,
) {
    let mut seen: Vec<Duty> = Vec::new();
    for (_, line) in lines.iter_mut().rev() {
        if is_about(line) && !seen.contains(&line.duty) {
            seen.push(line.duty);
            if line.answered.is_none() {
                line.answered = Some(answered);
            }
        }
    }
}
