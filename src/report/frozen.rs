//! How a reported week's figures stand in the store: written once and read for ever.

use chrono::Utc;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::domain::rate::{Figures, Frozen, Rules, Window, WindowKind};
use crate::store::FrozenWeek;

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
    is_unknown: bool,
}

/// Which form is written.
const FORM: u8 = 1;

/// Returns a week as it is to be kept when it is reported.
pub fn freeze(week: &Figures, zone: Tz) -> FrozenWeek {
    let frozen = Frozen::of(week);
    let kept = Kept {
        v: FORM,
        guideline: frozen.rules.guideline,
        with_standard: frozen.rules.with_standard,
        n_changes: frozen.n_changes,
        n_emergencies: frozen.n_emergencies,
        n_not_genuine: frozen.n_not_genuine,
        n_standard: frozen.n_standard,
        is_unknown: frozen.is_unknown,
    };
    FrozenWeek {
        from: frozen.window.from,
        to: frozen.window.to,
        zone: zone.name().to_owned(),
        // Numbers and truths are always JSON.
        figures: serde_json::to_vec(&kept).unwrap_or_default(),
        reported_at: frozen.reported_at,
    }
}

/// Returns a week as it was reported; nothing if what was kept can't be read.
pub fn thaw(week: &FrozenWeek) -> Option<Frozen> {
    let kept: Kept = serde_json::from_slice(&week.figures).ok()?;
    if kept.v != FORM {
        return None;
    }
    let window = match week.zone.parse::<Tz>() {
        Ok(zone) => Window::between(&zone, WindowKind::Week, week.from, week.to),
        Err(_) => Window::between(&Utc, WindowKind::Week, week.from, week.to),
    };
    Some(Frozen {
        window,
        rules: Rules {
            guideline: kept.guideline,
            with_standard: kept.with_standard,
        },
        reported_at: week.reported_at,
        n_changes: kept.n_changes,
        n_emergencies: kept.n_emergencies,
        n_not_genuine: kept.n_not_genuine,
        n_standard: kept.n_standard,
        is_unknown: kept.is_unknown,
    })
}
