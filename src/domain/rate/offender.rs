//! Emergencies that come again and again: what repeats is foreseen, and could be
//! approved once, in advance, as a standard change.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::Emergency;
use crate::domain::id::ChangeNumber;

/// How long ago an emergency may be of which another is a repetition; the ticket
/// looks back as far.
pub const OFFENDER_WITHIN: TimeDelta = TimeDelta::days(90);

/// How often something has to come for a proposal: twice is chance.
const OFTEN: usize = 3;

/// Emergencies of one category on one system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offender {
    /// The category, by its name in the policy.
    pub category: String,
    /// The system.
    pub system: String,
    /// The changes, the oldest first.
    pub changes: Vec<ChangeNumber>,
}

/// What touched one system, by when it was deployed.
type Same = Vec<(DateTime<Utc>, ChangeNumber)>;

/// Returns what came three times or more in the ninety days before `now`, the most
/// frequent first.
pub fn offenders<'a>(
    emergencies: impl IntoIterator<Item = &'a Emergency>,
    now: DateTime<Utc>,
) -> Vec<Offender> {
    let mut found: BTreeMap<(&str, &str), Same> = BTreeMap::new();
    let recent = emergencies
        .into_iter()
        .filter(|one| one.deployed_at <= now && now - one.deployed_at <= OFFENDER_WITHIN);
    for one in recent {
        let Some(category) = &one.category else {
            continue;
        };
        for system in &one.systems {
            let same = found.entry((category, system)).or_default();
            // A ticket may name a system twice.
            if !same.contains(&(one.deployed_at, one.number)) {
                same.push((one.deployed_at, one.number));
            }
        }
    }
    let mut offenders: Vec<Offender> = found
        .into_iter()
        .filter(|(_, changes)| changes.len() >= OFTEN)
        .map(|((category, system), mut changes)| {
            changes.sort_unstable();
            Offender {
                category: category.to_owned(),
                system: system.to_owned(),
                changes: changes.into_iter().map(|(_, number)| number).collect(),
            }
        })
        .collect();
    offenders.sort_by_key(|one| std::cmp::Reverse(one.changes.len()));
    offenders
}
