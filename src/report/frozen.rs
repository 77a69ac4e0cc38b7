//! How reported weeks stand in the store, and what reports put right of them: written
//! once and read for ever.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::assemble::Assembled;
use crate::domain::id::ChangeNumber;
use crate::domain::rate::{Corrected, Difference, Frozen, Rules, Window, WindowKind};
use crate::store::{Correction, FrozenWeek};

/// Figures as they are kept. A later form gets a number of its own, and this one
/// stays readable.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    v: u8,
    guideline: u16,
    with_standard: bool,
    n_changes: u64,
    n_emergencies: u64,
    n_not_genuine: u64,
    n_standard: u64,
    emergencies: Vec<u64>,
    is_unknown: bool,
}

/// Why figures differ from those that were told before.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    v: u8,
    zone: String,
    told_before: Kept,
    /// When that was, in microseconds.
    told_before_at: i64,
    differences: Vec<(String, u64)>,
}

/// Which form is written.
const FORM: u8 = 1;

impl Kept {
    fn of(frozen: &Frozen) -> Self {
        Self {
            v: FORM,
            guideline: frozen.rules.guideline,
            with_standard: frozen.rules.with_standard,
            n_changes: frozen.n_changes,
            n_emergencies: frozen.n_emergencies,
            n_not_genuine: frozen.n_not_genuine,
            n_standard: frozen.n_standard,
            emergencies: frozen.emergencies.iter().map(|number| number.0).collect(),
            is_unknown: frozen.is_unknown,
        }
    }

    fn frozen(self, window: Window, reported_at: DateTime<Utc>) -> Option<Frozen> {
        (self.v == FORM).then(|| Frozen {
            window,
            rules: Rules {
                guideline: self.guideline,
                with_standard: self.with_standard,
            },
            reported_at,
            n_changes: self.n_changes,
            n_emergencies: self.n_emergencies,
            n_not_genuine: self.n_not_genuine,
            n_standard: self.n_standard,
            emergencies: self.emergencies.into_iter().map(ChangeNumber).collect(),
            is_unknown: self.is_unknown,
        })
    }
}

/// Numbers, names and truths are always JSON.
fn json(kept: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(kept).unwrap_or_default()
}

/// Returns the week that is to be reported as it is to be kept.
pub fn freeze(all: &Assembled) -> FrozenWeek {
    let frozen = Frozen::of(&all.week);
    FrozenWeek {
        from: frozen.window.from,
        to: frozen.window.to,
        zone: all.wanted.zone.name().to_owned(),
        figures: json(&Kept::of(&frozen)),
        reported_at: frozen.reported_at,
        log_size: all.log_size,
        is_posted: false,
    }
}

/// Returns a week as it was reported; nothing if what was kept can't be read.
pub fn thaw(week: &FrozenWeek) -> Option<Frozen> {
    let kept: Kept = serde_json::from_slice(&week.figures).ok()?;
    kept.frozen(week.window(), week.reported_at)
}

/// Returns a correction as it is to be kept, told by the report of the week that
/// begins at `told_in`.
pub fn keep(corrected: &Corrected, zone: Tz, told_in: DateTime<Utc>) -> Correction {
    let before = &corrected.reported;
    let named = corrected.differences.iter().map(|one| one.named());
    let reason = Reason {
        v: FORM,
        zone: zone.name().to_owned(),
        told_before: Kept::of(before),
        told_before_at: before.reported_at.timestamp_micros(),
        differences: named.map(|(name, n)| (name.to_owned(), n)).collect(),
    };
    Correction {
        from: before.window.from,
        to: before.window.to,
        told_in,
        figures: json(&Kept::of(&corrected.now)),
        reason: json(&reason),
        told_at: corrected.now.reported_at,
    }
}

/// Returns a correction as it was told; nothing if what was kept can't be read.
pub fn read(one: &Correction) -> Option<Corrected> {
    let kept: Kept = serde_json::from_slice(&one.figures).ok()?;
    let reason: Reason = serde_json::from_slice(&one.reason).ok()?;
    let zone: Tz = reason.zone.parse().unwrap_or(Tz::UTC);
    let window = Window::between(&zone, WindowKind::Week, one.from, one.to);
    let before_at = DateTime::from_timestamp_micros(reason.told_before_at)?;
    let differences = reason.differences.iter();
    Some(Corrected {
        reported: reason.told_before.frozen(window, before_at)?,
        now: kept.frozen(window, one.told_at)?,
        differences: differences
            .map(|(name, n)| Difference::from_name(name, *n))
            .collect::<Option<_>>()?,
    })
}
