//! The rate by week in the period: as it was reported, and as it is known where it
//! wasn't, or where that differs.

use chrono::TimeDelta;

use super::context::Context;
use super::fault::PackFault;
use crate::domain::rate::{
    self, Coverage, Figures, Frozen, Interval, Rules, Tally, Verdict, Window,
};
use crate::evidence::record::utc;
use crate::evidence::sheets::WeekRow;
use crate::report::assemble::{emergency, heard};
use crate::report::frozen::thaw;
use crate::store::Place;

/// The least time there is.
const LEAST: TimeDelta = TimeDelta::microseconds(1);

/// How far back hearings are looked at: the habits of a source are told by them.
const HABITS: TimeDelta = TimeDelta::weeks(12);

/// Returns the complete weeks that touch the period, the first first.
pub(super) fn weeks(context: &Context<'_>) -> Result<Vec<WeekRow>, PackFault> {
    let zone = &context.wanted.zone;
    let until = context.to.min(context.at);
    if until <= context.from {
        return Ok(Vec::new());
    }
    let first = Window::week(zone, context.from);
    let last = Window::week(zone, until - LEAST);
    let days = last
        .first_day
        .signed_duration_since(first.first_day)
        .num_days();
    let n = u64::try_from(days / 7 + 1).unwrap_or(1);
    let mut windows = Window::weeks(zone, until - LEAST, n);
    windows.retain(|week| week.to <= context.at);
    let rules = Rules {
        guideline: context.policy.guideline,
        with_standard: context.policy.counting.standard,
    };
    let mut tally = Tally::new(rules, &windows);
    let Some((from, to)) = tally.span() else {
        return Ok(Vec::new());
    };
    let moment = context.moment;
    if context.is_exact {
        moment.counted(from, to, |one| {
            tally.count(&rate::Counted {
                at: one.at,
                kind: one.kind,
                system: None,
                source: one.source.name,
            });
        })?;
    } else {
        let mut place = Some(Place::first(from, false));
        while let Some(here) = place {
            let (page, next) = moment.counted_changes(&here, to, context.size)?;
            for one in &page {
                tally.count(&rate::Counted {
                    at: one.at,
                    kind: one.kind,
                    system: None,
                    source: one
                        .tellings
                        .first()
                        .map_or("", |one| one.told.source.as_str()),
                });
            }
            place = next;
        }
    }
    for one in moment.emergencies_known((from, to), context.size, context.at)? {
        tally.add(emergency(one));
    }
    let hearings = moment.hearings(from - HABITS, to)?;
    let frozen: Vec<Frozen> = moment
        .frozen_weeks(from, to)?
        .iter()
        .filter(|one| one.reported_at <= context.at)
        .filter_map(thaw)
        .collect();
    Ok(windows
        .iter()
        .map(|window| {
            let coverage =
                Coverage::of(zone, window, hearings.iter().filter_map(heard), context.at);
            let known = tally.figures(window, coverage, context.at);
            let reported = frozen
                .iter()
                .find(|one| (one.window.from, one.window.to) == (window.from, window.to));
            row(known, reported)
        })
        .collect())
}

fn row(known: Figures, reported: Option<&Frozen>) -> WeekRow {
    let remark = match reported {
        None => Some("Never reported; as it is known now.".to_owned()),
        Some(frozen) => {
            let now = Frozen::of(&known);
            let sums = |one: &Frozen| {
                (
                    one.n_changes,
                    one.n_emergencies,
                    one.n_not_genuine,
                    one.is_unknown,
                )
            };
            (sums(&now) != sums(frozen)).then(|| {
                let better = if now.is_unknown {
                    "nobody was heard from".to_owned()
                } else {
                    format!("{} of {}", now.n_emergencies, now.n_changes)
                };
                format!(
                    "As reported at {}; known better now: {better}, {} of them not genuine.",
                    utc(frozen.reported_at),
                    now.n_not_genuine
                )
            })
        }
    };
    let figures = match reported {
        Some(frozen) => frozen.put_into(known),
        None => known,
    };
    WeekRow {
        from: figures.window.from,
        to: figures.window.to,
        n_changes: figures.n_changes,
        n_emergencies: figures.n_emergencies,
        n_not_genuine: figures.n_not_genuine,
        guideline: figures.rules.guideline,
        is_within: !matches!(figures.verdict(), Verdict::Over)
            && figures
                .rules
                .allow(figures.n_emergencies, figures.n_changes),
        interval: figures.interval().map(|Interval { low, high }| (low, high)),
        is_unknown: figures.is_unknown(),
        remark,
    }
}
