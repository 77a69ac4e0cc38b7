//! Which sources were heard from, and which fell silent: how far the denominator
//! can be trusted.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, TimeZone, Utc, Weekday};

use super::{Window, midnight};

/// A source that hasn't been heard from for longer than this may be broken.
pub const SILENT_AFTER: TimeDelta = TimeDelta::days(2);

/// How long a source has to be known before its habits are.
const HABIT: TimeDelta = TimeDelta::weeks(4);

/// A source that hasn't been heard from for so long was given up.
const GIVEN_UP: TimeDelta = TimeDelta::weeks(12);

/// A source that speaks on so many days of four weeks speaks by itself.
const REGULAR: usize = 5;

/// That a source spoke by itself; one a day is enough. A look that found nothing new
/// is one, too. What people hand in by the list is none: a list is silent in between,
/// and nobody misses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hearing<'a> {
    /// Who was heard from.
    pub source: &'a str,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether it is known to speak by itself before its habits are.
    pub is_usual: bool,
}

/// A source that was heard from in the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Who.
    pub source: String,
    /// When first, of all that is known.
    pub first_at: DateTime<Utc>,
    /// When last before the window's end.
    pub last_at: DateTime<Utc>,
    /// Whether it speaks by itself: that nothing came of it says that there was
    /// nothing.
    pub is_regular: bool,
}

/// A source from which more was to be expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silent {
    /// Who.
    pub source: String,
    /// When it was heard from last.
    pub since: DateTime<Utc>,
}

/// How far the changes of a window are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Those heard from in it, by name.
    pub heard: Vec<Heard>,
    /// Those silent at its end, by name. They may have been heard from before, in
    /// the window, too.
    pub silent: Vec<Silent>,
}

impl Coverage {
    /// Returns how far the changes of a window are known, from the hearings of that
    /// window and of at least eight weeks before, in any order.
    pub fn of<'a, Z: TimeZone>(
        zone: &Z,
        window: &Window,
        hearings: impl IntoIterator<Item = Hearing<'a>>,
        now: DateTime<Utc>,
    ) -> Self {
        let end = window.to.min(now);
        let mut sources: BTreeMap<&str, (bool, Vec<DateTime<Utc>>)> = BTreeMap::new();
        for hearing in hearings {
            if hearing.at < end {
                let (is_usual, instants) = sources.entry(hearing.source).or_default();
                *is_usual |= hearing.is_usual;
                instants.push(hearing.at);
            }
        }
        let mut coverage = Self::default();
        for (source, (is_usual, mut instants)) in sources {
            instants.sort_unstable();
            let (Some(first), Some(last)) = (instants.first(), instants.last()) else {
                continue;
            };
            let is_regular = is_usual || is_regular(&instants, *last);
            if window.holds(*last) {
                coverage.heard.push(Heard {
                    source: source.to_owned(),
                    first_at: *first,
                    last_at: *last,
                    is_regular,
                });
            }
            if is_regular && is_silent(zone, &instants, *last, end) {
                coverage.silent.push(Silent {
                    source: source.to_owned(),
                    since: *last,
                });
            }
        }
        coverage
    }

    /// Returns those that were heard from for the first time in this window.
    pub fn new_in<'a>(&'a self, window: &'a Window) -> impl Iterator<Item = &'a Heard> {
        self.heard.iter().filter(|one| window.holds(one.first_at))
    }
}

/// Whether a source of no known kind speaks by itself: by what it did in the four weeks
/// up to its last word.
fn is_regular(instants: &[DateTime<Utc>], last: DateTime<Utc>) -> bool {
    let days: BTreeSet<NaiveDate> = instants
        .iter()
        .filter(|at| last - **at < HABIT)
        .map(DateTime::date_naive)
        .collect();
    days.len() >= REGULAR
}

/// Whether more was to be expected of a source. Teams that deploy nothing at the
/// weekend are silent for more than two days each week, so a source is held against
/// its own habit, and as long as that isn't known, weekends don't count.
fn is_silent<Z: TimeZone>(
    zone: &Z,
    instants: &[DateTime<Utc>],
    last: DateTime<Utc>,
    end: DateTime<Utc>,
) -> bool {
    let silence = end - last;
    if silence <= SILENT_AFTER || silence > GIVEN_UP {
        return false;
    }
    match habit(instants) {
        Some(longest) => silence > longest,
        None => without_weekends(zone, last, end) > SILENT_AFTER,
    }
}

/// Returns how long a source is silent now and then: its longest silence but one, so
/// that one failure doesn't hide the next.
fn habit(instants: &[DateTime<Utc>]) -> Option<TimeDelta> {
    let known = *instants.last()? - *instants.first()?;
    let mut silences: Vec<TimeDelta> = instants
        .windows(2)
        .filter_map(|pair| match pair {
            [before, after] => Some(*after - *before),
            _ => None,
        })
        .collect();
    silences.sort_unstable();
    silences.pop();
    silences.pop().filter(|_| known >= HABIT)
}

/// How long it was from one instant to another, but for Saturdays and Sundays.
fn without_weekends<Z: TimeZone>(zone: &Z, from: DateTime<Utc>, to: DateTime<Utc>) -> TimeDelta {
    let mut length = TimeDelta::zero();
    let mut day = from.with_timezone(zone).date_naive();
    loop {
        let Some(next) = day.succ_opt() else {
            return length;
        };
        let (begin, end) = (midnight(zone, day), midnight(zone, next));
        if begin >= to {
            return length;
        }
        if !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            length += (end.min(to) - begin.max(from)).max(TimeDelta::zero());
        }
        day = next;
    }
}
