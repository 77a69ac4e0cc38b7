//! How far a source was looked through: from where the next look begins, and how far
//! the one under way has come, so that whatever ends a look, the next goes on there.
//!
//! Asks nobody and keeps nothing itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A look begins so long before the begin of the last: their clock isn't ours, and
/// what they list comes a little after what happened.
const OVERLAP: TimeDelta = TimeDelta::minutes(10);

/// How far apart what stands in order of time may stand the wrong way round.
const SLACK: TimeDelta = TimeDelta::minutes(1);

/// How far a source was looked through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Nothing that happened before is told of, however late it is listed.
    pub horizon: DateTime<Utc>,
    /// What was listed before was seen.
    pub since: DateTime<Utc>,
    /// The deployments that were seen and hadn't ended, or had failed just then.
    pub(super) open: BTreeSet<u64>,
    /// Those that had ended, and that the next look lists again.
    pub(super) ended: BTreeMap<u64, DateTime<Utc>>,
    /// How far the look has come that is under way.
    pub(super) under_way: Option<Progress>,
}

/// What a look goes through, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    /// The deployments that hadn't ended when they were seen.
    Open,
    /// Deployments.
    Deployments,
    /// Requests to merge.
    Merges,
    /// Bypassed protection.
    Bypasses,
    /// Pushes to the default branch.
    Pushes,
}

impl Part {
    /// Returns what follows.
    pub(super) fn next(self) -> Option<Self> {
        match self {
            Self::Open => Some(Self::Deployments),
            Self::Deployments => Some(Self::Merges),
            Self::Merges => Some(Self::Bypasses),
            Self::Bypasses => Some(Self::Pushes),
            Self::Pushes => None,
        }
    }
}

/// How far a look has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// When it began.
    began: DateTime<Utc>,
    /// In which list it is.
    pub(super) part: Part,
    /// On which page.
    pub(super) page: u32,
    /// Behind which word of the source the next page begins, where pages have no
    /// number. Not for long, so it isn't kept.
    #[serde(skip)]
    pub(super) after: Option<String>,
    /// The instant of the last item that was dealt with, from whichever end the
    /// list is read.
    pub(super) reached: Option<DateTime<Utc>>,
    /// The items about that instant that were dealt with.
    pub(super) edge: BTreeMap<u64, DateTime<Utc>>,
}

impl Progress {
    fn at(began: DateTime<Utc>) -> Self {
        Self {
            began,
            part: Part::Open,
            page: 1,
            after: None,
            reached: None,
            edge: BTreeMap::new(),
        }
    }

    /// Whether an item of a list that has the newest first was dealt with.
    pub(super) fn has_passed(&self, id: u64, at: DateTime<Utc>) -> bool {
        self.reached.is_some_and(|reached| at > reached + SLACK) || self.edge.contains_key(&id)
    }

    /// Notes that an item of such a list was dealt with.
    pub(super) fn pass(&mut self, id: u64, at: DateTime<Utc>) {
        let reached = self.reached.map_or(at, |reached| reached.min(at));
        self.reached = Some(reached);
        self.edge.insert(id, at);
        self.edge.retain(|_, at| *at <= reached + SLACK);
    }

    /// Whether an item of a list that has the oldest first was dealt with as it is.
    pub(super) fn has_seen(&self, id: u64, at: DateTime<Utc>) -> bool {
        self.edge.get(&id) == Some(&at)
    }

    /// Notes that an item of such a list was dealt with. What comes after it is
    /// listed from the first page.
    pub(super) fn see(&mut self, id: u64, at: DateTime<Utc>) {
        if self.reached.is_none_or(|reached| at > reached) {
            self.reached = Some(at);
            self.page = 1;
        }
        self.edge.insert(id, at);
        if let Some(reached) = self.reached {
            self.edge.retain(|_, at| *at >= reached - SLACK);
        }
    }
}

impl Cursor {
    /// A source of which nothing is known, and nothing earlier than this is asked.
    pub fn from(since: DateTime<Utc>) -> Self {
        Self {
            horizon: since,
            since,
            open: BTreeSet::new(),
            ended: BTreeMap::new(),
            under_way: None,
        }
    }

    /// From where on to look.
    pub(super) fn begin(&self) -> DateTime<Utc> {
        self.since - OVERLAP
    }

    /// Whether something that happened then is to be told of.
    pub(super) fn reaches(&self, at: DateTime<Utc>) -> bool {
        at >= self.horizon - OVERLAP
    }

    /// Returns how far the look has come; one that begins now, if none is under way.
    pub(super) fn progress(&mut self, now: DateTime<Utc>) -> &mut Progress {
        self.under_way.get_or_insert_with(|| Progress::at(now))
    }

    /// Goes on to the next list. Returns whether there is none: the look is at its
    /// end then, and the next begins where this one began.
    pub(super) fn turn(&mut self, now: DateTime<Utc>) -> bool {
        let Progress { began, part, .. } = *self.progress(now);
        self.under_way = part.next().map(|part| Progress {
            part,
            ..Progress::at(began)
        });
        if self.under_way.is_some() {
            return false;
        }
        self.since = began;
        let begin = self.begin();
        self.ended.retain(|_, at| *at >= begin);
        true
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// What isn't a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no cursor of a source")]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        serde_json::from_str(text).map_err(|_| NoCursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for text in ["", "soon", "{}", "2026-11-21T12:00:00.000000Z 7"] {
            assert_eq!(text.parse::<Cursor>(), Err(NoCursor), "{text}");
        }
        let mut cursor = Cursor::from(at(0));
        cursor.open.insert(7);
        cursor.ended.insert(8, at(-3));
        let progress = cursor.progress(at(5));
        progress.page = 3;
        progress.pass(9, at(1));
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }

    #[test]
    fn what_stands_the_wrong_way_round_by_a_second_is_not_passed_over() {
        let mut progress = Progress::at(at(100));
        progress.pass(3, at(50));
        assert!(!progress.has_passed(2, at(51)) && progress.has_passed(3, at(50)));
        progress.pass(2, at(51));
        assert!(progress.has_passed(2, at(51)));
        progress.pass(1, at(-50));
        assert!(progress.has_passed(3, at(50)), "though its name isn't kept");
        assert_eq!(progress.edge.len(), 1);
    }

    #[test]
    fn the_next_look_begins_where_the_last_one_began() {
        let mut cursor = Cursor::from(at(0));
        cursor.ended.extend([(1, at(0)), (2, at(9_000))]);
        cursor.progress(at(9_000));
        let mut n = 0;
        while !cursor.turn(at(9_999)) {
            n += 1;
        }
        assert_eq!((n, cursor.since, cursor.horizon), (4, at(9_000), at(0)));
        assert_eq!(cursor.ended, BTreeMap::from([(2, at(9_000))]));
    }
}
