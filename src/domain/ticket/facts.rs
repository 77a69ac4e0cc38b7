//! What follows from a change's facts, as an auditor asks it. Computed, never
//! stored, and nobody writes it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Field, Value};
use crate::domain::change::EmergencyChange;
use crate::domain::id::{ChangeNumber, UserId};

/// Whether something came in time, and by how much it did or didn't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeliness {
    /// So long before its deadline.
    InTime {
        /// By how much.
        by: TimeDelta,
    },
    /// So long after it.
    Late {
        /// By how much.
        by: TimeDelta,
    },
}

impl Timeliness {
    /// Compares an instant with its deadline.
    pub fn of(at: DateTime<Utc>, due_at: DateTime<Utc>) -> Self {
        if at <= due_at {
            Self::InTime { by: due_at - at }
        } else {
            Self::Late { by: at - due_at }
        }
    }
}

/// Returns whether the ticket was complete in time. While it isn't complete it
/// is as late as `now` says, and nothing before its deadline.
pub fn documented(change: &EmergencyChange, now: DateTime<Utc>) -> Option<Timeliness> {
    let due_at = change.due_at()?;
    match change.first_documented_at {
        Some(at) => Some(Timeliness::of(at, due_at)),
        None if now > due_at => Some(Timeliness::of(now, due_at)),
        None => None,
    }
}

named! {
    /// In what capacity somebody had a part in a change.
    pub enum Capacity {
        /// Asked for it.
        Requester = "requester",
        /// Deployed it.
        Implementer = "implementer",
        /// Permitted it.
        Authorizer = "authorizer",
        /// Commanded the incident.
        Commander = "commander",
        /// Approved it afterwards.
        Approver = "approver",
    }
}

/// Returns everybody who had a part in the change, with all their capacities.
/// Who has more than one held several roles.
pub fn capacities(change: &EmergencyChange) -> BTreeMap<UserId, Vec<Capacity>> {
    let mut held: BTreeMap<UserId, Vec<Capacity>> = BTreeMap::new();
    let mut took_part = |who: &UserId, capacity| {
        let all = held.entry(who.clone()).or_default();
        if !all.contains(&capacity) {
            all.push(capacity);
        }
    };
    took_part(&change.requester, Capacity::Requester);
    for who in change.implementers() {
        took_part(who, Capacity::Implementer);
    }
    let second = change.second.as_ref().map(|act| &act.by);
    let first = change.authorization.as_ref().map(|given| &given.by);
    for who in first.into_iter().chain(second) {
        took_part(who, Capacity::Authorizer);
    }
    if let Some(commander) = &change.commander {
        took_part(&commander.who, Capacity::Commander);
    }
    if let Some(approval) = &change.approval {
        took_part(&approval.by, Capacity::Approver);
    }
    held
}

/// On which side of the change the incident began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Before it went into production, as an emergency's does.
    Before {
        /// By how much.
        by: TimeDelta,
    },
    /// After it; then the change can't have been made because of it.
    After {
        /// By how much.
        by: TimeDelta,
    },
}

/// Returns whether the incident began before or after the deployment.
pub fn incident_order(change: &EmergencyChange) -> Option<Order> {
    let Value::Instant(began_at) = change.fields.get(&Field::IncidentBeganAt)?.value else {
        return None;
    };
    let deployed_at = change.deployed_at()?;
    Some(if began_at <= deployed_at {
        Order::Before {
            by: deployed_at - began_at,
        }
    } else {
        Order::After {
            by: began_at - deployed_at,
        }
    })
}

/// What has to be known of an earlier emergency to see that another repeats it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Its number.
    pub number: ChangeNumber,
    /// Its category.
    pub category: String,
    /// The systems that it touched.
    pub systems: Vec<String>,
    /// When it went into production.
    pub deployed_at: DateTime<Utc>,
}

/// Returns what another change has to know of this one; nothing while that
/// can't be told, of a rehearsal, and of what stands elsewhere already.
pub fn past(change: &EmergencyChange) -> Option<Past> {
    if change.drill || change.duplicate_of.is_some() {
        return None;
    }
    Some(Past {
        number: change.number,
        category: change.choice(Field::Category)?.to_owned(),
        systems: change.systems().to_vec(),
        deployed_at: change.deployed_at()?,
    })
}

/// That a change repeats earlier ones: it might be made a standard change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// Those that it repeats, in the order in which they were deployed; never none.
    pub of: Vec<ChangeNumber>,
}

/// How far back an emergency counts as the same.
pub const REPEATS_WITHIN: TimeDelta = TimeDelta::days(90);

/// Returns what a change repeats: emergencies of the same category on one of
/// the same systems within [`REPEATS_WITHIN`] before it.
pub fn repeat_of(change: &EmergencyChange, others: &[Past]) -> Option<Repeat> {
    let this = past(change)?;
    let mut earlier: Vec<&Past> = others
        .iter()
        .filter(|other| {
            let since = this.deployed_at - other.deployed_at;
            other.number != this.number
                && other.category == this.category
                && other.systems.iter().any(|one| this.systems.contains(one))
                && since >= TimeDelta::zero()
                && since <= REPEATS_WITHIN
        })
        .collect();
    earlier.sort_by_key(|other| (other.deployed_at, other.number));
    let of: Vec<ChangeNumber> = earlier.into_iter().map(|other| other.number).collect();
    (!of.is_empty()).then_some(Repeat { of })
}
