//! The chase as evidence: each reminder with what became of it.

use chrono::{DateTime, Utc};

use super::deed::{Deed, deed, doer};
use super::{Duty, Rung, obligations};
use crate::domain::change::{Actor, EmergencyChange, Event, Handover, Recorded};
use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId};
use crate::domain::policy::{Party, Policy};

/// Whether Slack has a reminder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It is to be sent.
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
    /// There was nothing left to say when its turn came.
    Unsaid {
        /// Since when.
        at: DateTime<Utc>,
        /// Why.
        why: Moot,
    },
}

/// Why a reminder had nothing left to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moot {
    /// It was done.
    Done,
    /// Somebody else owed it.
    Passed,
    /// Nobody owed it any more.
    Over,
}

/// What came of a reminder first, before the next of the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// They put it off, until then.
    Snoozed(DateTime<Utc>),
    /// It passed to somebody else.
    HandedOver {
        /// When.
        at: DateTime<Utc>,
        /// To whom.
        to: Party,
        /// Why.
        why: Handover,
    },
    /// Somebody whom it was for did something about it.
    Acted {
        /// When.
        at: DateTime<Utc>,
        /// Who; of a group it is one.
        by: UserId,
        /// What.
        deed: Deed,
    },
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
    /// What whoever was reminded did about it first, before the next reminder of
    /// the same.
    pub answered: Option<Answered>,
}

/// Returns the name under which a reminder waits to be sent. It stands in the
/// record of its delivery. A round is a rung climbed anew: of what passed on and
/// came back, somebody hears again.
pub fn reminder_key(
    change: ChangeNumber,
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

/// Returns the name under which the note of a change's event waits to be sent.
pub fn note_key(change: ChangeNumber, version: u64) -> String {
    format!("note:{change}:{version}")
}

/// A line as the log is read.
struct Entry {
    /// Under which name its message waits.
    key: String,
    /// Since which version, and when, the message has had nothing left to say;
    /// nothing for what is said in the thread, which is said in any case.
    moot: Option<(u64, DateTime<Utc>, Moot)>,
    line: ChaseLine,
}

/// Reads the chase out of a change's events, oldest first.
pub fn chase_log(number: ChangeNumber, history: &[Recorded], policy: &Policy) -> Vec<ChaseLine> {
    let mut log: Vec<Entry> = Vec::new();
    let mut change: Option<EmergencyChange> = None;
    for (version, recorded) in (1u64..).zip(history) {
        match &mut change {
            None => change = EmergencyChange::replay(number, [recorded]),
            Some(change) => change.apply(recorded),
        }
        take_in(&mut log, number, version, recorded);
        if let Some(change) = &change {
            look_again(&mut log, change, policy, version, recorded.at);
        }
    }
    log.into_iter().map(|one| one.line).collect()
}

/// Puts one event where it belongs.
fn take_in(log: &mut Vec<Entry>, number: ChangeNumber, version: u64, recorded: &Recorded) {
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
                    reminder_key(number, *duty, who, *due_at, (*rung, *round))
                }
                // A group, or nobody in particular, reads it in the thread.
                Some(Party::Group(_)) | None => note_key(number, version),
            };
            log.push(Entry {
                key,
                moot: None,
                line: ChaseLine {
                    at: recorded.at,
                    duty: *duty,
                    owner: owner.clone(),
                    due_at: *due_at,
                    rung: *rung,
                    delivery: Delivery::Waiting,
                    answered: None,
                },
            });
        }
        Event::Delivered {
            key,
            channel,
            ts,
            payload,
            showed,
        } => {
            let entry = log.iter_mut().find(|one| one.key == *key);
            // One message may be for several; it leaves out what was done before.
            let posted_at = ts.at().unwrap_or(recorded.at);
            let was_said = |entry: &&mut Entry| {
                !entry
                    .moot
                    .is_some_and(|(since, at, _)| since <= *showed && at <= posted_at)
            };
            if let Some(entry) = entry.filter(was_said) {
                entry.line.delivery = Delivery::Delivered {
                    channel: channel.clone(),
                    ts: ts.clone(),
                    at: recorded.at,
                    payload: *payload,
                };
            }
        }
        Event::Undelivered { key, error } => {
            let entry = log.iter_mut().find(|one| one.key == *key);
            // Where it stands, what failed was an edit.
            if let Some(entry) = entry
                && !matches!(entry.line.delivery, Delivery::Delivered { .. })
            {
                entry.line.delivery = Delivery::Undelivered {
                    error: error.clone(),
                    at: recorded.at,
                };
            }
        }
        Event::Snoozed { duty, owner, until } => {
            answer(log, *duty, &Answered::Snoozed(*until), |line| {
                line.owner == *owner
            });
        }
        Event::HandedOver {
            duty,
            from,
            to,
            why,
        } => {
            let answered = Answered::HandedOver {
                at: recorded.at,
                to: to.clone(),
                why: *why,
            };
            answer(log, *duty, &answered, |line| line.owner == *from);
        }
        event => acted(log, event, recorded),
    }
}

/// Whoever did what was asked of them has answered.
fn acted(log: &mut [Entry], event: &Event, recorded: &Recorded) {
    let actor = match &recorded.actor {
        Actor::Person(who) => Some(who),
        Actor::Clock | Actor::Bot => None,
    };
    let (Some(by), Some((deed, duties))) = (doer(event, actor), deed(event)) else {
        return;
    };
    let answered = Answered::Acted {
        at: recorded.at,
        by: by.clone(),
        deed,
    };
    for duty in duties {
        answer(log, duty, &answered, |line| match &line.owner {
            Some(Party::Person(owner)) => owner == by,
            Some(Party::Group(_)) | None => true,
        });
    }
}

/// Sees which of what waits to be said has nothing left to say. What had nothing
/// to say for a while was taken from those that wait, as a rule; so it counts as
/// unsaid until its delivery is on record.
fn look_again(
    log: &mut [Entry],
    change: &EmergencyChange,
    policy: &Policy,
    version: u64,
    at: DateTime<Utc>,
) {
    let waits = |one: &Entry| match (&one.line.delivery, &one.line.owner) {
        (Delivery::Waiting | Delivery::Unsaid { .. }, Some(Party::Person(_))) => true,
        (Delivery::Delivered { .. } | Delivery::Undelivered { .. }, _)
        | (_, Some(Party::Group(_)) | None) => false,
    };
    if !log.iter().any(waits) {
        return;
    }
    let owed = obligations(change, policy);
    for entry in log.iter_mut().filter(|one| waits(one)) {
        let line = &mut entry.line;
        let mut same = owed.iter().filter(|one| one.duty == line.duty);
        // Whoever was asked for permission is asked for as long as it is open.
        let is_asked = line.duty == Duty::AnswerRequest
            && line
                .owner
                .as_ref()
                .is_some_and(|who| change.asked.contains(who));
        let is_open = same
            .clone()
            .any(|one| one.met_at.is_none() && (is_asked || one.owner == line.owner));
        if is_open {
            entry.moot = None;
            continue;
        }
        let why = if same.clone().any(|one| one.met_at.is_none()) {
            Moot::Passed
        } else if same.any(|one| one.met_at.is_some()) {
            Moot::Done
        } else {
            Moot::Over
        };
        let (_, since, why) = *entry.moot.get_or_insert((version, at, why));
        if line.delivery == Delivery::Waiting {
            line.delivery = Delivery::Unsaid { at: since, why };
        }
    }
}

/// Puts an answer beside the latest reminder of what it is about.
fn answer(
    log: &mut [Entry],
    duty: Duty,
    answered: &Answered,
    is_theirs: impl Fn(&ChaseLine) -> bool,
) {
    let latest = log
        .iter_mut()
        .rev()
        .map(|one| &mut one.line)
        .find(|line| line.duty == duty && is_theirs(line));
    if let Some(line) = latest
        && line.answered.is_none()
    {
        line.answered = Some(answered.clone());
    }
}
