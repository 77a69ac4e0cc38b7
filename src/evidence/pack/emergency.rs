//! The emergency changes of the period: those deployed in it, and those asked for in it
//! that never were.

use chrono::{DateTime, Utc};

use super::Step;
use super::context::Context;
use super::fault::PackFault;
use crate::domain::change::EmergencyChange;
use crate::domain::id::ChangeNumber;
use crate::evidence::sheets::{ChangeRow, ExceptionRow};

/// How often is told how far it has come.
const EVERY: u64 = 100;

/// An emergency change as the change log has it.
#[derive(Debug, Clone)]
pub(super) struct Emergency {
    pub(super) number: ChangeNumber,
    pub(super) row: ChangeRow,
    pub(super) exceptions: Vec<ExceptionRow>,
    pub(super) part: Part,
}

/// What part a change of the register has in the population.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// It was deployed in the period, and counts.
    Counted,
    /// It rehearses an emergency.
    Drill,
    /// It is a second record of another.
    Duplicate,
    /// It was asked for in the period, and wasn't deployed by the checkpoint.
    Undeployed,
}

impl Part {
    /// Returns what part a change has in a period, if any.
    pub(super) fn of(
        change: &EmergencyChange,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Option<Self> {
        let at = change.deployed_at().unwrap_or(change.requested_at);
        if at < from || to <= at {
            return None;
        }
        Some(if change.drill {
            Self::Drill
        } else if change.duplicate_of.is_some() {
            Self::Duplicate
        } else if change.deployed_at().is_some() {
            Self::Counted
        } else {
            Self::Undeployed
        })
    }
}

/// Returns the emergency changes of the period, in the order of their times.
pub(super) fn all(context: &Context<'_>, tell: &dyn Fn(Step)) -> Result<Vec<Emergency>, PackFault> {
    let mut found = Vec::new();
    let (from, to) = (context.from, context.to);
    for number in context.moment.changes_about(from, to, context.size)? {
        let Some(dossier) = context.dossier(number)? else {
            continue;
        };
        let Some(part) = Part::of(&dossier.change, from, to) else {
            continue;
        };
        let record = context.record(&dossier)?;
        let mut row = ChangeRow::of(&record);
        match part {
            Part::Counted | Part::Drill => {}
            Part::Duplicate => "Second record".clone_into(&mut row.kind),
            Part::Undeployed => "Not deployed".clone_into(&mut row.kind),
        }
        found.push(Emergency {
            number,
            row,
            exceptions: ExceptionRow::of(&record),
            part,
        });
        let n = found.len() as u64;
        if n.is_multiple_of(EVERY) {
            tell(Step::Emergencies(n));
        }
    }
    found.sort_by_key(|one| (one.row.at, one.number));
    Ok(found)
}
