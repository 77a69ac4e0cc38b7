//! The emergency budget: how many more emergencies a quarter has room for, and
//! whether the present pace uses it up.

use chrono::{DateTime, TimeDelta, Utc};

use super::{FEWEST_FOR_A_VERDICT, Figures, Rules, Window};

/// What happens in less than a week says little about a pace: weekends differ.
const SHORTEST_PACE: TimeDelta = TimeDelta::weeks(1);

/// How much happened lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// In how long a time.
    pub over: TimeDelta,
    /// How many changes, emergencies among them.
    pub n_changes: u64,
    /// How many emergencies.
    pub n_emergencies: u64,
}

/// What a quarter has room for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Which quarter.
    pub quarter: Window,
    /// By what it is reckoned.
    pub rules: Rules,
    /// How many more emergencies keep to the guideline, if nothing else is deployed;
    /// less than none: so many there were too many.
    pub left: i64,
    /// How it goes on at the present pace, where there is one.
    pub forecast: Option<Forecast>,
}

/// How a quarter goes on at the present pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// All changes by its end.
    pub n_changes: u64,
    /// All emergencies by its end.
    pub n_emergencies: u64,
    /// How many more emergencies there is room for, with that many changes.
    pub left: i64,
    /// When that room is used up.
    pub reach: Reach,
}

/// When a budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Not in this quarter.
    Kept,
    /// The emergency that is one too many comes then.
    On(DateTime<Utc>),
    /// It came already.
    Already,
}

impl Pace {
    /// Returns the pace of a window, if it says anything. From before the first
    /// source was heard from or the first change happened nothing is known, and what
    /// isn't known didn't fail to happen.
    pub fn of(figures: &Figures) -> Option<Self> {
        let window = &figures.window;
        let heard = figures.coverage.heard.iter().map(|one| one.first_at);
        let since = heard.chain(figures.first_at).min()?;
        let over = window.to.min(figures.as_of) - since.max(window.from);
        let is_enough = over >= SHORTEST_PACE
            && figures.n_changes >= FEWEST_FOR_A_VERDICT
            && !figures.is_unknown();
        is_enough.then_some(Self {
            over,
            n_changes: figures.n_changes,
            n_emergencies: figures.n_emergencies,
        })
    }

    /// How many of what came `n` times come in `time`, to the nearest.
    fn in_time(self, n: u64, time: TimeDelta) -> u64 {
        let over = u128::from(micros(self.over));
        let twice = 2 * u128::from(n) * u128::from(micros(time));
        let nearest = (twice + over).checked_div(2 * over).unwrap_or(0);
        u64::try_from(nearest).unwrap_or(u64::MAX)
    }

    /// How long it takes until so many more emergencies came.
    fn until(self, more: u64) -> Option<TimeDelta> {
        let micros = u128::from(micros(self.over)) * u128::from(more);
        let wait = micros.checked_div(u128::from(self.n_emergencies))?;
        Some(TimeDelta::microseconds(i64::try_from(wait).ok()?))
    }
}

fn micros(time: TimeDelta) -> u64 {
    time.num_microseconds()
        .and_then(|micros| u64::try_from(micros).ok())
        .unwrap_or(0)
}

impl Rules {
    /// How many emergencies among so many changes keep to the guideline.
    fn room_among(self, n_changes: u64) -> u64 {
        let room = u128::from(self.guideline) * u128::from(n_changes) / 1000;
        u64::try_from(room).unwrap_or(u64::MAX)
    }

    /// How many more emergencies keep to it, if nothing else is deployed: each of
    /// them is a change, too.
    fn more(self, n_emergencies: u64, n_changes: u64) -> u64 {
        let guideline = i128::from(self.guideline);
        let room = guideline * i128::from(n_changes) - 1000 * i128::from(n_emergencies);
        let more = room.checked_div(1000 - guideline).unwrap_or(0);
        u64::try_from(more).unwrap_or(0)
    }
}

impl Budget {
    /// Returns what a quarter has room for; nothing where it isn't known how many
    /// changes it had.
    pub fn of(quarter: &Figures, pace: Option<&Pace>) -> Option<Self> {
        if quarter.is_unknown() {
            return None;
        }
        let rules = quarter.rules;
        let (n_emergencies, n_changes) = (quarter.n_emergencies, quarter.n_changes);
        let left = if rules.allow(n_emergencies, n_changes) {
            signed(rules.more(n_emergencies, n_changes))
        } else {
            signed(rules.room_among(n_changes)) - signed(n_emergencies)
        };
        let ahead = quarter.window.to - quarter.as_of;
        let forecast = pace
            .filter(|_| ahead > TimeDelta::zero())
            .map(|pace| forecast(quarter, *pace, ahead));
        Some(Self {
            quarter: quarter.window,
            rules,
            left,
            forecast,
        })
    }
}

fn forecast(quarter: &Figures, pace: Pace, ahead: TimeDelta) -> Forecast {
    let so_far = quarter.n_emergencies;
    let n_changes = quarter.n_changes + pace.in_time(pace.n_changes, ahead);
    let room = quarter.rules.room_among(n_changes);
    let reach = match room.checked_sub(so_far) {
        None => Reach::Already,
        Some(left) => pace
            .until(left + 1)
            .and_then(|wait| quarter.as_of.checked_add_signed(wait))
            .filter(|at| quarter.window.holds(*at))
            .map_or(Reach::Kept, Reach::On),
    };
    Forecast {
        n_changes,
        n_emergencies: so_far + pace.in_time(pace.n_emergencies, ahead),
        left: signed(room) - signed(so_far),
        reach,
    }
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
