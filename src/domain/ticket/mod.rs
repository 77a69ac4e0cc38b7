//! The retrospective change ticket: its fields, what is missing of them, which
//! words say too little, and the hash that an approval is bound to.
//!
//! [`Field::row`] is the table from which all of that follows.

use super::change::{Criterion, EmergencyChange};
use super::policy::{Category, Framework, Policy};

mod facts;
mod field;
mod framework;
mod hash;
mod section;
mod sibling;
mod vague;
mod value;

pub use facts::{
    Capacity, Order, Past, REPEATS_WITHIN, Repeat, Timeliness, capacities, documented,
    incident_order, past, repeat_of,
};
pub use field::{Circumstance, Field, Kind, Part, Requirement, Row, choice};
pub use framework::{Citations, provision};
pub use hash::{ContentHash, content_hash};
pub use section::Section;
pub use sibling::{SIBLINGS_WITHIN, are_siblings, may_be_siblings, takeable};
pub use vague::{Vague, vague};
pub use value::{Entry, Known, Told, Value, ValueHash, Writing, is_address};

/// Returns what the ticket still misses, in the order of the ticket.
pub fn gaps(change: &EmergencyChange, policy: &Policy) -> Vec<Field> {
    Field::ALL
        .iter()
        .copied()
        .filter(|field| is_required(*field, change, policy) && !is_there(*field, change))
        .collect()
}

/// Whether closing asks for a field: in any case, under the change's
/// circumstances, or for a framework that the policy names.
pub fn is_required(field: Field, change: &EmergencyChange, policy: &Policy) -> bool {
    if change.has_first_ticket() {
        return field.is_typed() || field == Field::Criterion;
    }
    match field.row().requirement {
        Requirement::Close => true,
        Requirement::When(circumstance) => holds(circumstance, change, policy),
        Requirement::WhenOr(circumstance, asking) => {
            holds(circumstance, change, policy) || names_any(policy, asking)
        }
        Requirement::Framework(asking) => names_any(policy, asking),
        // What is somebody's act stands in no field that anybody writes.
        Requirement::Kept
        | Requirement::Act
        | Requirement::ActWhen(_)
        | Requirement::Afterwards
        | Requirement::Optional => false,
    }
}

fn names_any(policy: &Policy, frameworks: &[Framework]) -> bool {
    frameworks
        .iter()
        .any(|framework| policy.frameworks.contains(framework))
}

/// Whether a circumstance holds.
pub fn holds(circumstance: Circumstance, change: &EmergencyChange, policy: &Policy) -> bool {
    let category = || policy.category(change.choice(Field::Category)?);
    match circumstance {
        Circumstance::SecurityIncident => {
            category().is_some_and(Category::is_security)
                || change.criterion == Some(Criterion::Vulnerability)
        }
        Circumstance::Workaround => change
            .choice(Field::Permanence)
            .is_some_and(choice::is_provisional),
        Circumstance::Database => category().is_some_and(Category::is_database),
        Circumstance::PolicyListsSystems => !policy.systems.is_empty(),
    }
}

fn is_there(field: Field, change: &EmergencyChange) -> bool {
    match field {
        Field::Criterion => change.criterion.is_some() || change.reason.is_some(),
        field => change.fields.contains_key(&field),
    }
}
