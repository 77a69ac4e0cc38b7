//! The weeks that were reported, with their figures as they were reported, what was
//! put right of them since, and what came to light since.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Correction, FrozenWeek, Since, ToldSince, row};
use crate::domain::change::Event;
use crate::domain::id::{ChangeNumber, WorkspaceId};
use crate::store::log::{self, HouseEvent};
use crate::store::{StoreError, instant, micros};

/// Freezes a week. One that is frozen stays as it is; returns whether it wasn't.
pub(in crate::store) fn freeze(
    connection: &Connection,
    workspace: &WorkspaceId,
    week: &FrozenWeek,
) -> Result<bool, StoreError> {
    let n_new = connection
        .prepare_cached(
            "INSERT INTO frozen_week (workspace, from_at, to_at, zone, figures, reported_at,
                                      log_size, is_posted)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            workspace.as_str(),
            micros(week.from),
            micros(week.to),
            week.zone,
            week.figures,
            micros(week.reported_at),
            week.log_size,
            week.is_posted,
        ])?;
    Ok(n_new > 0)
}

/// Keeps what the report of a week puts right of an earlier one.
pub(in crate::store) fn correct(
    connection: &Connection,
    workspace: &WorkspaceId,
    one: &Correction,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO correction (workspace, from_at, to_at, told_in, figures, reason, told_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            workspace.as_str(),
            micros(one.from),
            micros(one.to),
            micros(one.told_in),
            one.figures,
            one.reason,
            micros(one.told_at),
        ])?;
    Ok(())
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
            "SELECT from_at, to_at, zone, figures, reported_at, log_size, is_posted
             FROM frozen_week
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
        log_size: row.get(5)?,
        is_posted: row.get(6)?,
    })
}

/// Returns what was put right of the weeks that begin in a time, in the order in which
/// it was told.
pub(in crate::store) fn corrections(
    connection: &Connection,
    workspace: &WorkspaceId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Correction>, StoreError> {
    connection
        .prepare_cached(
            "SELECT from_at, to_at, told_in, figures, reason, told_at FROM correction
             WHERE workspace = ?1 AND from_at >= ?2 AND from_at < ?3
             ORDER BY from_at, to_at, told_in",
        )?
        .query_map(
            params![workspace.as_str(), micros(from), micros(to)],
            correction,
        )?
        .map(|row| Ok(row?))
        .collect()
}

/// Returns what the report of the week that begins then puts right, the oldest week
/// first.
pub(in crate::store) fn told_in(
    connection: &Connection,
    workspace: &WorkspaceId,
    week: DateTime<Utc>,
) -> Result<Vec<Correction>, StoreError> {
    connection
        .prepare_cached(
            "SELECT from_at, to_at, told_in, figures, reason, told_at FROM correction
             WHERE workspace = ?1 AND told_in = ?2 ORDER BY from_at, to_at",
        )?
        .query_map(params![workspace.as_str(), micros(week)], correction)?
        .map(|row| Ok(row?))
        .collect()
}

fn correction(row: &Row<'_>) -> rusqlite::Result<Correction> {
    Ok(Correction {
        from: instant(row.get(0)?),
        to: instant(row.get(1)?),
        told_in: instant(row.get(2)?),
        figures: row.get(3)?,
        reason: row.get(4)?,
        told_at: instant(row.get(5)?),
    })
}

/// Returns what the log held when the newest report's figures were counted; nothing
/// while no week is frozen.
pub(in crate::store) fn reported_size(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<u64>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT coalesce(max(CASE WHEN is_posted THEN log_size END), max(log_size))
             FROM frozen_week WHERE workspace = ?1",
        )?
        .query_row([workspace.as_str()], |row| row.get(0))?)
}

/// What was told since, the newest first: tellings are appended, and so is the log that
/// numbers them.
pub(in crate::store) const SINCE: &str =
    "SELECT at, counted_at, rank, intake FROM deployment NOT INDEXED
     WHERE workspace = ?1 ORDER BY id DESC";

/// Hands on what was told since the log had a size.
pub(in crate::store) fn told_since(
    connection: &Connection,
    workspace: &WorkspaceId,
    size: u64,
    mut fold: impl FnMut(ToldSince),
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(SINCE)?;
    let mut rows = statement.query([workspace.as_str()])?;
    while let Some(found) = rows.next()? {
        let log_size: u64 = found.get(3)?;
        if log_size < size {
            break;
        }
        let counted_at: Option<i64> = found.get(1)?;
        let counted = match counted_at {
            Some(at) => Some((instant(at), row::kind(found.get(2)?))),
            None => None,
        };
        fold(ToldSince {
            at: instant(found.get(0)?),
            counted,
            log_size,
        });
    }
    Ok(())
}

/// Returns what came into the log since it had a size, as far as weeks may be counted
/// otherwise for it: what sources told is beside it.
pub(in crate::store) fn since(
    connection: &Connection,
    workspace: &WorkspaceId,
    size: u64,
) -> Result<Since, StoreError> {
    let mut since = Since::default();
    let mut changes: BTreeSet<ChangeNumber> = BTreeSet::new();
    let mut statement = connection
        .prepare_cached("SELECT change, leaf FROM event WHERE workspace = ?1 AND seq >= ?2")?;
    let mut leaves = statement.query(params![workspace.as_str(), size])?;
    while let Some(found) = leaves.next()? {
        if let Some(number) = found.get(0)? {
            changes.insert(ChangeNumber(number));
            continue;
        }
        let leaf: Vec<u8> = found.get(1)?;
        match log::decode_house_event(&leaf) {
            Some(HouseEvent::QuestionAnswered { question, .. }) => {
                since.at.extend(asked_about(connection, question)?);
            }
            Some(HouseEvent::PolicyAdopted { .. }) => since.is_policy_new = true,
            Some(
                HouseEvent::DeploymentsTakenIn { .. }
                | HouseEvent::KeyAdopted { .. }
                | HouseEvent::KeyRotated { .. }
                | HouseEvent::CheckpointShown { .. }
                | HouseEvent::PackDelivered { .. },
            )
            | None => {}
        }
    }
    for number in changes {
        for one in log::history(connection, workspace, number)? {
            match one.event {
                Event::Deployed { deployed_at, .. } => {
                    since.at.insert(deployed_at);
                }
                Event::DeploymentCorrected { from, to, .. } => since.at.extend([from, to]),
                _ => {}
            }
        }
    }
    Ok(since)
}

/// When the change was of which a question asks.
fn asked_about(
    connection: &Connection,
    question: u64,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let at: Option<i64> = connection
        .prepare_cached(
            "SELECT at FROM deployment
             WHERE id = (SELECT deployment FROM question WHERE id = ?1)",
        )?
        .query_row([question], |row| row.get(0))
        .optional()?;
    Ok(at.map(instant))
}
