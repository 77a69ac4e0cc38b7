//! The weeks that were reported, with their figures as they were reported.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, params};

use super::FrozenWeek;
use crate::domain::id::WorkspaceId;
use crate::store::{StoreError, instant, micros};

/// Freezes a week. One that is frozen stays as it is; returns whether it wasn't.
pub(in crate::store) fn freeze(
    connection: &Connection,
    workspace: &WorkspaceId,
    week: &FrozenWeek,
) -> Result<bool, StoreError> {
    let n_new = connection
        .prepare_cached(
            "INSERT INTO frozen_week (workspace, from_at, to_at, zone, figures, reported_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            workspace.as_str(),
            micros(week.from),
            micros(week.to),
            week.zone,
            week.figures,
            micros(week.reported_at),
        ])?;
    Ok(n_new > 0)
}

/// Returns the frozen weeks that begin in a time, the first first.
pub(in crate::store) fn between(
    connection: &Connection,
    workspace: &WorkspaceId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<FrozenWeek>, StoreError> {
    connection
        .prepare_cached(
            "SELECT from_at, to_at, zone, figures, reported_at FROM frozen_week
             WHERE workspace = ?1 AND from_at >= ?2 AND from_at < ?3 ORDER BY from_at, to_at",
        )?
        .query_map(params![workspace.as_str(), micros(from), micros(to)], read)?
        .map(|row| Ok(row?))
        .collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<FrozenWeek> {
    Ok(FrozenWeek {
        from: instant(row.get(0)?),
        to: instant(row.get(1)?),
        zone: row.get(2)?,
        figures: row.get(3)?,
        reported_at: instant(row.get(4)?),
    })
}
