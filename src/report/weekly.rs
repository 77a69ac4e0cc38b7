//! The weekly report's figures: frozen when its time comes, and the same whenever they
//! are shown. Writes nothing but the frozen week with what is owed for it.

use chrono::{DateTime, Utc};

use super::assemble::{Assembled, Wanted, assemble};
use super::correction;
use super::frozen::{freeze, read, thaw};
use crate::domain::rate::{Corrected, Frozen, Schedule, Window};
use crate::store::{FrozenWeek, Moment, Reporting, Rules, Store, StoreError};

/// What the report of a week says.
#[derive(Debug, Clone)]
pub struct Weekly {
    /// The figures, reported weeks as they were reported.
    pub all: Assembled,
    /// What it puts right of weeks that were reported before, the oldest first.
    pub corrections: Vec<Corrected>,
    /// The weeks before its own that have no report of their own, because nobody was
    /// there to post it, the oldest first.
    pub skipped: Vec<Frozen>,
}

/// Returns by what reports come, if they do.
fn schedule(rules: &Rules, reporting: Reporting) -> Schedule<chrono_tz::Tz> {
    Schedule {
        zone: rules.house(),
        at: rules.newest().report_at,
        since: reporting.since,
        reported_to: reporting.frozen_to,
    }
}

/// Returns when the next report is due, if there are any; that may have passed.
pub async fn next_at(store: &Store, rules: &Rules) -> Result<Option<DateTime<Utc>>, StoreError> {
    let reporting = store.reporting().await?;
    Ok(reporting.map(|reporting| schedule(rules, reporting).next().at))
}

/// Freezes the oldest week whose report is due, and owes the report if no other week is
/// due by now. Returns how many weeks it froze: the next one has its turn at once, but
/// whatever else is due comes in between.
pub async fn freeze_due(
    store: &Store,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let (Some(reporting), Some(channel)) =
        (store.reporting().await?, &rules.newest().report_channel)
    else {
        return Ok(0);
    };
    let due = schedule(rules, reporting).due(now);
    let Some(first) = due.first() else {
        return Ok(0);
    };
    let zone = rules.house();
    // A missed week is counted as its report would have been, by what is known now.
    let is_last = Window::last_week(&zone, now) == first.week;
    let at = if is_last { now } else { first.at };
    let wanted = Wanted::by(rules.newest(), zone, at);
    let is_newest = due.len() == 1;
    let told_in = first.week.from;
    let (week, corrections) = store
        .moment(move |moment| {
            let week = freeze(&assemble(moment, &wanted)?);
            let corrections = if is_newest {
                correction::due(moment, &wanted, told_in, now)?
            } else {
                Vec::new()
            };
            Ok((week, corrections))
        })
        .await?;
    let post = is_newest.then(|| (channel.clone(), corrections));
    Ok(usize::from(store.freeze_week(week, post, now).await?))
}

/// Returns all that the report of a frozen week says, whenever it is said.
pub async fn of_week(
    store: &Store,
    rules: &Rules,
    week: &FrozenWeek,
) -> Result<Weekly, StoreError> {
    let wanted = Wanted::by(rules.newest(), week.zone(), week.reported_at);
    let from = week.from;
    store
        .moment(move |moment| {
            Ok(Weekly {
                all: assemble(moment, &wanted)?,
                corrections: moment.told_in(from)?.iter().filter_map(read).collect(),
                skipped: skipped(moment, from)?,
            })
        })
        .await
}

/// The weeks before one that have no report of their own.
fn skipped(moment: &Moment<'_>, week: DateTime<Utc>) -> Result<Vec<Frozen>, StoreError> {
    let before = moment.frozen_weeks(DateTime::UNIX_EPOCH, week)?;
    let last = before.iter().rposition(|one| one.is_posted);
    let skipped = before.iter().skip(last.map_or(0, |last| last + 1));
    Ok(skipped.filter_map(thaw).collect())
}
