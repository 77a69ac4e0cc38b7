//! Reported weeks beside what is known of them since. What was reported stays; what
//! came to light later is told by the next report, once, and stands beside it wherever
//! the week is shown. Only reads.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::assemble::{WEEKS, Wanted, figures_of};
use super::frozen::{keep, read, thaw};
use crate::domain::deployment::{ChangeKind, SAME_WITHIN};
use crate::domain::rate::{Corrected, Difference, Figures, Frozen, Rules};
use crate::store::{Correction, Moment, StoreError};

/// Where another policy counts otherwise, that is said of the weeks that are shown.
const LATELY: TimeDelta = TimeDelta::weeks(WEEKS.cast_signed());

/// A reported week with all that was told of it.
#[derive(Debug, Clone)]
pub struct Reported {
    /// As it was reported.
    pub first: Frozen,
    /// What was put right of it, in the order in which it was told.
    pub told: Vec<Corrected>,
    /// The zone by which it is a week.
    zone: Tz,
    /// What the log held when it was counted: a week that has no report of its own was
    /// counted after the newest report before it.
    log_size: u64,
    /// Of how many changes beside emergencies sources told since the newest report.
    n_since: u64,
}

impl Reported {
    /// What was told of it last.
    fn last(&self) -> &Frozen {
        self.told.last().map_or(&self.first, |one| &one.now)
    }

    /// What is known now beside what was reported, if that differs.
    pub fn beside(&self, now: &Figures) -> Option<Corrected> {
        let told = self.told.iter().flat_map(|one| &one.differences);
        let n_told: u64 = told
            .map(|one| match one {
                Difference::ToldLater(n) => *n,
                _ => 0,
            })
            .sum();
        self.first.corrected(now, n_told + self.n_since)
    }
}

/// Returns the reported weeks that begin in a time, the first first.
pub fn reported(
    moment: &Moment<'_>,
    rules: Rules,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Reported>, StoreError> {
    let mut told: Vec<Corrected> = moment
        .corrections(from, to)?
        .iter()
        .filter_map(read)
        .collect();
    let mut found: Vec<Reported> = moment
        .frozen_weeks(from, to)?
        .iter()
        .filter_map(|week| {
            let first = thaw(week)?;
            let told = told.extract_if(.., |one| first.is_of(&one.now.window));
            Some(Reported {
                told: told.collect(),
                first,
                zone: week.zone(),
                log_size: week.log_size,
                n_since: 0,
            })
        })
        .collect();
    if let (false, Some(size)) = (found.is_empty(), moment.reported_size()?) {
        moment.told_since(size, |told| {
            let Some((at, kind)) = told.counted else {
                return;
            };
            if kind == ChangeKind::Emergency || !rules.count(kind) {
                return;
            }
            for week in &mut found {
                let is_new = told.log_size >= week.log_size && week.first.window.holds(at);
                week.n_since += u64::from(is_new);
            }
        })?;
    }
    Ok(found)
}

/// Returns what the report of the week that begins then is to put right: all weeks
/// before it are looked at of which anything came to light since the report before.
pub fn due(
    moment: &Moment<'_>,
    wanted: &Wanted,
    told_in: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Correction>, StoreError> {
    let Some(size) = moment.reported_size()? else {
        return Ok(Vec::new());
    };
    let since = moment.since(size)?;
    let mut days: Vec<DateTime<Utc>> = since.at.into_iter().collect();
    moment.told_since(size, |told| match days.last() {
        // They come by the thousand, and many on one day.
        Some(last) if last.date_naive() == told.at.date_naive() => {}
        _ => days.push(told.at),
    })?;
    days.sort_unstable();
    let newly = since.is_policy_new.then(|| now - LATELY);
    let is_touched = |one: &Frozen| {
        // Of one change may be what lies so far apart, and a day's first stands for all
        // of that day.
        let from = one.window.from - SAME_WITHIN - TimeDelta::days(1);
        let to = one.window.to + SAME_WITHIN + TimeDelta::days(1);
        let next = days.partition_point(|at| *at < from);
        days.get(next).is_some_and(|at| *at < to) || newly.is_some_and(|from| one.window.to > from)
    };
    let mut found = Vec::new();
    for week in reported(moment, wanted.rules, DateTime::UNIX_EPOCH, told_in)? {
        if !is_touched(&week.first) {
            continue;
        }
        let known = figures_of(moment, wanted, &week.first.window, now)?;
        if let Some(corrected) = week.last().corrected(&known, week.n_since) {
            found.push(keep(&corrected, week.zone, told_in));
        }
    }
    Ok(found)
}
