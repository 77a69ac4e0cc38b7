//! Who was heard from.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::names::Names;
use super::row::Prepared;
use super::{Hearing, Intake, TakenIn, reading};
use crate::domain::deployment::SourceName;
use crate::domain::id::WorkspaceId;
use crate::store::{StoreError, instant, micros};

/// A day in microseconds.
const DAY: i64 = 86_400_000_000;

/// How much was heard from one source at once.
#[derive(Debug, Default)]
struct Heard {
    told: u64,
    duplicate: u64,
    unknown: u64,
    refused: u64,
    /// Whether it spoke by itself, and could be understood.
    spoke: bool,
}

/// Notes from whom something was heard. A list names its sources line by line; it is
/// itself one only if it names none or says something else, too.
pub(super) fn hear(
    connection: &Connection,
    workspace: &WorkspaceId,
    names: &mut Names<'_>,
    intake: &Intake,
    told: &[Prepared],
    taken: &[TakenIn],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut heard: BTreeMap<&SourceName, Heard> = BTreeMap::new();
    for (one, taken) in told.iter().zip(taken) {
        let heard = heard.entry(&one.told.source).or_default();
        heard.told += 1;
        heard.spoke = !intake.is_list;
        heard.duplicate += u64::from(*taken == TakenIn::Duplicate);
    }
    let is_heard = told.is_empty() && reading::is_hearing(connection, workspace, intake, now)?;
    if is_heard || intake.n_unknown > 0 || intake.n_refused > 0 {
        let heard = heard.entry(&intake.source).or_default();
        // A look that found nothing.
        heard.spoke |= !intake.is_list && intake.n_unknown == 0 && intake.n_refused == 0;
        heard.unknown += intake.n_unknown;
        heard.refused += intake.n_refused;
    }
    let mut upsert = connection.prepare_cached(
        "INSERT INTO hearing (workspace, source, day, n_told, n_duplicate, n_unknown, n_refused,
                              last_at, spoke_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT DO UPDATE SET n_told = n_told + ?4, n_duplicate = n_duplicate + ?5,
             n_unknown = n_unknown + ?6, n_refused = n_refused + ?7, last_at = max(last_at, ?8),
             spoke_at = coalesce(max(spoke_at, ?9), spoke_at, ?9)",
    )?;
    for (source, heard) in heard {
        upsert.execute(params![
            workspace.as_str(),
            names.source(source.as_str())?,
            micros(now).div_euclid(DAY),
            heard.told,
            heard.duplicate,
            heard.unknown,
            heard.refused,
            micros(now),
            heard.spoke.then(|| micros(now)),
        ])?;
    }
    Ok(())
}

/// Returns who was heard from on the days that a time touches, by source and day.
pub(in crate::store) fn between(
    connection: &Connection,
    workspace: &WorkspaceId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Hearing>, StoreError> {
    connection
        .prepare_cached(
            "SELECT (SELECT name FROM source WHERE id = hearing.source) AS name, day, n_told,
                    n_duplicate, n_unknown, n_refused, last_at, spoke_at
             FROM hearing WHERE workspace = ?1 AND day BETWEEN ?2 AND ?3 ORDER BY name, day",
        )?
        .query_map(
            params![
                workspace.as_str(),
                micros(from).div_euclid(DAY),
                (micros(to) - 1).div_euclid(DAY),
            ],
            |row| {
                let source: String = row.get(0)?;
                let day: i64 = row.get(1)?;
                Ok(Hearing {
                    source: SourceName::new(&source),
                    day: instant(day * DAY).date_naive(),
                    n_told: row.get(2)?,
                    n_duplicate: row.get(3)?,
                    n_unknown: row.get(4)?,
                    n_refused: row.get(5)?,
                    last_at: instant(row.get(6)?),
                    spoke_at: row.get::<_, Option<i64>>(7)?.map(instant),
                })
            },
        )?
        .map(|row| Ok(row?))
        .collect()
}

/// Returns when each source was heard from last, before an instant.
pub(in crate::store) fn last_heard(
    connection: &Connection,
    workspace: &WorkspaceId,
    before: DateTime<Utc>,
) -> Result<BTreeMap<SourceName, DateTime<Utc>>, StoreError> {
    let day = micros(before).div_euclid(DAY);
    connection
        .prepare_cached(
            "SELECT name, (SELECT max(last_at) FROM hearing
                           WHERE workspace = ?1 AND source = source.id AND day <= ?2) AS last_at
             FROM source WHERE workspace = ?1",
        )?
        .query_map(params![workspace.as_str(), day], |row| {
            let name: String = row.get(0)?;
            Ok((SourceName::new(&name), row.get::<_, Option<i64>>(1)?))
        })?
        .filter_map(|row| match row {
            Ok((name, last_at)) => last_at.map(|last_at| Ok((name, instant(last_at)))),
            Err(error) => Some(Err(error.into())),
        })
        .collect()
}
