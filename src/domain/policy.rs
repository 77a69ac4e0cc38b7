//! The organisation's rules: who may permit and approve, and by when.
//!
//! A policy is versioned, and a change keeps the version under which it was
//! declared, so that a later edit can't rewrite what was owed.

use chrono::{NaiveTime, TimeDelta};

use super::id::{ChannelId, GroupId, UserId};

/// The version of a policy: 1 for the first that a workspace adopted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyVersion(pub u32);

/// A person, or everyone in a user group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// One person.
    Person(UserId),
    /// Whoever is in the group at the time.
    Group(GroupId),
}

/// The organisation's rules for emergency changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Which version this is.
    pub version: PolicyVersion,
    /// Who may authorize and approve. Empty while no policy is written.
    pub approvers: Vec<Party>,
    /// Who may act as incident commander. Empty: any full member.
    pub commanders: Vec<Party>,
    /// Who hears of a missed deadline.
    pub escalation: Option<UserId>,
    /// Where the weekly report is posted.
    pub report_channel: Option<ChannelId>,
    /// The names of incident channels; `*` stands for anything.
    pub incident_channels: Vec<String>,
    /// The emoji that authorize, without colons.
    pub emoji: Vec<String>,
}

impl Policy {
    /// How long after the deployment the paperwork is due: 24 hours, the
    /// guide's "documented within 24 hours of deployment".
    pub const DOCUMENTATION: TimeDelta = TimeDelta::hours(24);

    /// How long an exception may wait for its answer, and a rejection for its
    /// remedy, where no date was given.
    pub const REMEDY: TimeDelta = TimeDelta::days(7);

    /// When the night begins for the chase, in the reader's own zone.
    pub const NIGHT_FROM: NaiveTime = hm(NIGHT_FROM);
    /// When it ends.
    pub const NIGHT_TO: NaiveTime = hm(NIGHT_TO);
    /// When a reminder that would fall into the night is sent instead.
    pub const EVENING: NaiveTime = hm(EVENING);
    /// Who was active this recently is awake, whatever the hour.
    pub const AWAKE: TimeDelta = TimeDelta::minutes(30);

    /// The rules where nobody wrote any.
    pub fn unwritten(version: PolicyVersion) -> Self {
        Self {
            version,
            approvers: Vec::new(),
            commanders: Vec::new(),
            escalation: None,
            report_channel: None,
            incident_channels: vec!["inc-*".to_owned(), "incident*".to_owned()],
            emoji: vec!["white_check_mark".to_owned()],
        }
    }

    /// Whether somebody has written down who may approve.
    pub fn is_written(&self) -> bool {
        !self.approvers.is_empty()
    }

    /// Whether a channel of this name is one in which incidents are handled.
    pub fn is_incident_channel(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.incident_channels
            .iter()
            .any(|pattern| fits(&pattern.to_lowercase(), &name))
    }
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(rest) = name.strip_prefix(head) else {
        return false;
    };
    rest.char_indices()
        .map(|(at, _)| at)
        .chain([rest.len()])
        .any(|at| rest.get(at..).is_some_and(|rest| fits(tail, rest)))
}

/// Hour and minute of the times above, for the comparisons below.
const NIGHT_FROM: (u32, u32) = (22, 0);
const NIGHT_TO: (u32, u32) = (8, 0);
const EVENING: (u32, u32) = (21, 30);

const fn hm((hour, minute): (u32, u32)) -> NaiveTime {
    match NaiveTime::from_hms_opt(hour, minute, 0) {
        Some(time) => time,
        None => NaiveTime::MIN,
    }
}

// The evening rung must fall into the day, before the night that it spares.
const _: () = assert!(NIGHT_TO.0 * 60 + NIGHT_TO.1 < EVENING.0 * 60 + EVENING.1);
const _: () = assert!(EVENING.0 * 60 + EVENING.1 < NIGHT_FROM.0 * 60 + NIGHT_FROM.1);
