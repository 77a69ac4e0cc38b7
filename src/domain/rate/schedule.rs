//! When a week is reported: once, at a local time, and as soon as may be where nobody
//! was there to do it.

use chrono::{DateTime, Days, TimeDelta, TimeZone, Utc, Weekday};

use super::Window;
use super::window::at_local;
use crate::domain::policy::ReportTime;

/// Half of a week: where a zone is changed, weeks begin at other hours, but none is
/// reported for a second time, and none left out.
const HALF_A_WEEK: TimeDelta = TimeDelta::hours(84);

/// By what reports come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule<Z> {
    /// Whose clocks say when a week begins and when it is reported.
    pub zone: Z,
    /// When it is.
    pub at: ReportTime,
    /// What was due up to then isn't made up for: nobody reported anything.
    pub since: DateTime<Utc>,
    /// Where the last week ends that was reported.
    pub reported_to: Option<DateTime<Utc>>,
}

/// A week and when it is to be reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Which week.
    pub week: Window,
    /// When.
    pub at: DateTime<Utc>,
}

impl<Z: TimeZone> Schedule<Z> {
    /// Returns the next week to be reported; its time may have come.
    pub fn next(&self) -> Due {
        let mut due = self.first();
        while due.at <= self.since {
            due = self.after(&due);
        }
        due
    }

    /// Returns the weeks whose time has come, the oldest first. All but the last were
    /// missed.
    pub fn due(&self, now: DateTime<Utc>) -> Vec<Due> {
        let mut due = self.next();
        let mut all = Vec::new();
        while due.at <= now {
            all.push(due);
            due = self.after(&due);
        }
        all
    }

    /// The first week that may be reported.
    fn first(&self) -> Due {
        let week = match self.reported_to {
            Some(end) => Window::week(&self.zone, end + HALF_A_WEEK),
            // That week's time may have come before `since`, or may come after.
            None => Window::last_week(&self.zone, self.since - TimeDelta::weeks(1)),
        };
        self.of(week)
    }

    fn after(&self, due: &Due) -> Due {
        self.of(Window::week(&self.zone, due.week.to + HALF_A_WEEK))
    }

    /// A week is reported at the first time after it that fits.
    fn of(&self, week: Window) -> Due {
        let days = self.at.weekday.days_since(Weekday::Mon);
        let day = week.end_day.checked_add_days(Days::new(days.into()));
        let time = day.unwrap_or(week.end_day).and_time(self.at.time);
        Due {
            week,
            at: at_local(&self.zone, time),
        }
    }
}
