//! Stretches of time, as an organisation reckons them in its own zone.

use std::fmt;

use chrono::{
    DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc,
};

named! {
    /// What kind of window it is.
    pub enum WindowKind {
        /// An ISO week, from Monday to Monday.
        Week = "week",
        /// Four ISO weeks.
        Rolling = "rolling",
        /// A quarter of the calendar's year.
        Quarter = "quarter",
    }
}

/// How many weeks roll.
const ROLLING_WEEKS: u64 = 4;

/// How far clocks are looked through for the first time that a day has, in quarters
/// of an hour: Samoa once left out a whole day.
const QUARTERS_OF_AN_HOUR: i64 = 26 * 4;

/// A stretch of time from an instant up to another, which no longer belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    /// What kind it is.
    pub kind: WindowKind,
    /// Its first instant.
    pub from: DateTime<Utc>,
    /// The first instant after it.
    pub to: DateTime<Utc>,
    /// Its first day, where the zone's clocks hang.
    pub first_day: NaiveDate,
    /// The first day after it.
    pub end_day: NaiveDate,
}

/// Returns the first instant of a day in a zone. Where clocks go forward at
/// midnight it is the one to which they go, where they show it twice the first.
pub fn midnight<Z: TimeZone>(zone: &Z, day: NaiveDate) -> DateTime<Utc> {
    at_local(zone, day.and_time(NaiveTime::MIN))
}

/// Returns when clocks in a zone show a time; where they leave it out, when they show
/// the first one after it, and where they show it twice, the first time.
pub(super) fn at_local<Z: TimeZone>(zone: &Z, time: NaiveDateTime) -> DateTime<Utc> {
    (0..=QUARTERS_OF_AN_HOUR)
        .find_map(|n| {
            let local = time.checked_add_signed(TimeDelta::minutes(15 * n))?;
            zone.from_local_datetime(&local).earliest()
        })
        .map_or_else(|| time.and_utc(), |at| at.to_utc())
}

impl Window {
    fn new<Z: TimeZone>(
        zone: &Z,
        kind: WindowKind,
        first_day: NaiveDate,
        end_day: NaiveDate,
    ) -> Self {
        Self {
            kind,
            from: midnight(zone, first_day),
            to: midnight(zone, end_day),
            first_day,
            end_day,
        }
    }

    /// Returns the ISO week of an instant.
    pub fn week<Z: TimeZone>(zone: &Z, at: DateTime<Utc>) -> Self {
        let monday = monday(zone, at);
        Self::new(zone, WindowKind::Week, monday, after(monday, 7))
    }

    /// Returns so many ISO weeks, the last of them that of the instant, in their
    /// order.
    pub fn weeks<Z: TimeZone>(zone: &Z, at: DateTime<Utc>, n: u64) -> Vec<Self> {
        let last = monday(zone, at);
        (0..n)
            .rev()
            .map(|back| {
                let monday = before(last, 7 * back);
                Self::new(zone, WindowKind::Week, monday, after(monday, 7))
            })
            .collect()
    }

    /// Returns the four ISO weeks of which the last is that of the instant.
    pub fn rolling<Z: TimeZone>(zone: &Z, at: DateTime<Utc>) -> Self {
        let last = monday(zone, at);
        let first = before(last, 7 * (ROLLING_WEEKS - 1));
        Self::new(zone, WindowKind::Rolling, first, after(last, 7))
    }

    /// Returns the quarter of an instant.
    pub fn quarter<Z: TimeZone>(zone: &Z, at: DateTime<Utc>) -> Self {
        let day = at.with_timezone(zone).date_naive();
        let first = day
            .with_day(1)
            .and_then(|day| day.with_month(day.month0() / 3 * 3 + 1))
            .unwrap_or(day);
        let end = first.checked_add_months(Months::new(3)).unwrap_or(first);
        Self::new(zone, WindowKind::Quarter, first, end)
    }

    /// Returns the last complete ISO week before an instant: the one that is
    /// reported.
    pub fn last_week<Z: TimeZone>(zone: &Z, at: DateTime<Utc>) -> Self {
        let end = monday(zone, at);
        Self::new(zone, WindowKind::Week, before(end, 7), end)
    }

    /// Returns a window of which the instants were kept, such as a reported one.
    pub fn between<Z: TimeZone>(
        zone: &Z,
        kind: WindowKind,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Self {
        Self {
            kind,
            from,
            to,
            first_day: from.with_timezone(zone).date_naive(),
            end_day: to.with_timezone(zone).date_naive(),
        }
    }

    /// Whether an instant belongs to it.
    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.to
    }

    /// Returns its last day.
    pub fn last_day(&self) -> NaiveDate {
        before(self.end_day, 1)
    }

    /// Returns the ISO year and number of the week with which it begins.
    pub fn iso_week(&self) -> (i32, u32) {
        let week = self.first_day.iso_week();
        (week.year(), week.week())
    }
}

/// A window as people say it, in its own zone's days: `16–22 Nov`, `26 Oct – 1 Nov`,
/// `Q4 2026`.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.first_day, self.last_day());
        match self.kind {
            WindowKind::Quarter => {
                write!(f, "Q{} {}", first.month0() / 3 + 1, first.year())
            }
            WindowKind::Week | WindowKind::Rolling if first.month() == last.month() => {
                write!(f, "{}–{}", first.day(), last.format("%-d %b"))
            }
            WindowKind::Week | WindowKind::Rolling => {
                write!(f, "{} – {}", first.format("%-d %b"), last.format("%-d %b"))
            }
        }
    }
}

fn monday<Z: TimeZone>(zone: &Z, at: DateTime<Utc>) -> NaiveDate {
    let day = at.with_timezone(zone).date_naive();
    before(day, u64::from(day.weekday().num_days_from_monday()))
}

/// At the end of chrono's time, a quarter of a million years from now, days stay
/// where they are.
fn before(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}

fn after(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(day)
}
