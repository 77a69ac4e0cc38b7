//! Changes of one incident, and what one can take over from another.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{Field, Known, Part};
use crate::domain::change::EmergencyChange;

/// How far apart two changes of one incident are asked for at most.
pub const SIBLINGS_WITHIN: TimeDelta = TimeDelta::hours(24);

/// Whether both were asked for in the same channel about the same time, and both
/// stand: a rehearsal is no sibling of what it rehearses.
pub fn are_siblings(one: &EmergencyChange, other: &EmergencyChange) -> bool {
    one.place.channel == other.place.channel && may_be_siblings(one, other)
}

/// The same of two changes that name the same incident, wherever they were asked
/// for.
pub fn may_be_siblings(one: &EmergencyChange, other: &EmergencyChange) -> bool {
    let apart = (one.requested_at - other.requested_at).abs();
    one.number != other.number
        && one.drill == other.drill
        && apart <= SIBLINGS_WITHIN
        && one.duplicate_of.is_none()
        && other.duplicate_of.is_none()
}

/// Returns the fields that `to` can take over from `from`, section by section:
/// those that somebody filled there, and nobody here. What was taken out of the
/// record there isn't taken over.
pub fn takeable(to: &EmergencyChange, from: &EmergencyChange) -> BTreeMap<Part, Vec<Field>> {
    let mut parts: BTreeMap<Part, Vec<Field>> = BTreeMap::new();
    for (field, entry) in &from.fields {
        let is_gone = entry
            .value
            .commitment()
            .is_some_and(|text| from.redactions.contains_key(&text));
        let was_written = !matches!(entry.source, Known::Bot(_));
        let present = to.fields.get(field);
        let has_own = present.is_some_and(|here| !matches!(here.source, Known::Bot(_)));
        let is_same = present.is_some_and(|here| here.value == entry.value);
        if field.is_written() && was_written && !has_own && !is_same && !is_gone {
            parts.entry(field.row().part).or_default().push(*field);
        }
    }
    parts
}
