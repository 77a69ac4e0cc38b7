//! The weekly report's figures: frozen when its time comes, and the same whenever they
//! are shown. Writes nothing but the frozen week with what is owed for it.

use chrono::{DateTime, Utc};

use super::assemble::{Assembled, Wanted, assembled};
use super::frozen::{freeze, thaw};
use crate::domain::rate::{Schedule, Window};
use crate::store::{FrozenWeek, Reporting, Rules, Store, StoreError};

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

/// Freezes the weeks whose reports are due, and owes the newest of these. Returns how
/// many there were.
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
    let zone = rules.house();
    for (place, one) in due.iter().enumerate() {
        let is_newest = place + 1 == due.len();
        // A missed week is counted as its report would have been, by what is known now.
        let is_last = Window::last_week(&zone, now) == one.week;
        let at = if is_last { now } else { one.at };
        let counted = assembled(store, Wanted::by(rules.newest(), zone, at)).await?;
        let post = is_newest.then(|| channel.clone());
        store
            .freeze_week(freeze(&counted.week, zone), post, now)
            .await?;
    }
    Ok(due.len())
}

/// Returns all that the report of a frozen week says: its figures as they were frozen,
/// and beside them what is known better of earlier weeks.
pub async fn of_week(
    store: &Store,
    rules: &Rules,
    week: &FrozenWeek,
) -> Result<Assembled, StoreError> {
    let wanted = Wanted::by(rules.newest(), week.zone(), week.reported_at);
    let mut all = assembled(store, wanted).await?;
    if let Some(frozen) = thaw(week) {
        all.week = frozen.put_into(all.week);
        all.weeks = all
            .weeks
            .into_iter()
            .map(|one| frozen.put_into(one))
            .collect();
    }
    // What comes to light of this one is for the next report.
    all.corrections
        .retain(|one| one.reported.window.from < week.from);
    Ok(all)
}
