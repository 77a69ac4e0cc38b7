//! Up to where the polled sources were read, path by path, and what keeps one from
//! being read.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Intake;
use crate::domain::deployment::SourceName;
use crate::domain::id::WorkspaceId;
use crate::store::writer::Urgency;
use crate::store::{Store, StoreError, instant, micros};

/// A source is heard while each of its paths was read within so long.
pub const READ_WITHIN: TimeDelta = TimeDelta::days(1);

/// How far a path of a polled source was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadTo {
    /// What is asked: a repository or project.
    pub path: String,
    /// The place up to which it was read, in its own words.
    pub cursor: String,
    /// Whether all that there was then was read.
    pub is_end: bool,
}

/// A path that is asked, and how that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Whose it is.
    pub source: SourceName,
    /// What is asked: a repository or project.
    pub path: String,
    /// When it was last read to its end.
    pub read_at: Option<DateTime<Utc>>,
    /// What has kept it from being read since, as far as that is known.
    pub fault: Option<String>,
}

/// Notes how far a path was read.
pub(super) fn read_to(
    connection: &Connection,
    workspace: &WorkspaceId,
    source: &SourceName,
    to: &ReadTo,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO cursor (workspace, source, path, position, read_at)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET position = ?4, read_at = coalesce(?5, read_at),
                 fault = CASE WHEN ?5 IS NULL THEN fault END",
        )?
        .execute(params![
            workspace.as_str(),
            source.as_str(),
            to.path,
            to.cursor,
            to.is_end.then(|| micros(now)),
        ])?;
    Ok(())
}

/// Whether to have been answered is to have heard the source: a polled one only if
/// nothing that is asked of it is left out.
pub(super) fn is_hearing(
    connection: &Connection,
    workspace: &WorkspaceId,
    intake: &Intake,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let Some(to) = &intake.read_to else {
        return Ok(true);
    };
    let is_left_out: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM cursor WHERE workspace = ?1 AND source = ?2
                 AND is_asked AND coalesce(read_at, 0) < ?3)",
        )?
        .query_row(
            params![
                workspace.as_str(),
                intake.source.as_str(),
                micros(now - READ_WITHIN)
            ],
            |row| row.get(0),
        )?;
    Ok(to.is_end && !is_left_out)
}

impl Store {
    /// Says what is asked from now on, as source and path, and nothing else is.
    pub async fn asks(&self, paths: Vec<(SourceName, String)>) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            connection
                .prepare_cached("UPDATE cursor SET is_asked = 0 WHERE workspace = ?1")?
                .execute([workspace.as_str()])?;
            let mut insert = connection.prepare_cached(
                "INSERT INTO cursor (workspace, source, path) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET is_asked = 1",
            )?;
            for (source, path) in paths {
                insert.execute(params![workspace.as_str(), source.as_str(), path])?;
            }
            Ok(())
        })
        .await
    }

    /// Notes what keeps a path from being read.
    pub async fn not_read(
        &self,
        source: SourceName,
        path: String,
        fault: String,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            connection
                .prepare_cached(
                    "UPDATE cursor SET fault = ?4
                     WHERE workspace = ?1 AND source = ?2 AND path = ?3",
                )?
                .execute(params![workspace.as_str(), source.as_str(), path, fault])?;
            Ok(())
        })
        .await
    }

    /// Returns what is asked and how that goes, by source and path.
    pub async fn readings(&self) -> Result<Vec<Reading>, StoreError> {
        self.read(readings).await
    }

    /// Returns up to where a path of a polled source was read.
    pub async fn cursor(
        &self,
        source: SourceName,
        path: String,
    ) -> Result<Option<String>, StoreError> {
        self.read(move |connection, workspace| {
            let found: Option<Option<String>> = connection
                .prepare_cached(
                    "SELECT position FROM cursor
                     WHERE workspace = ?1 AND source = ?2 AND path = ?3",
                )?
                .query_row(params![workspace.as_str(), source.as_str(), path], |row| {
                    row.get(0)
                })
                .optional()?;
            Ok(found.flatten())
        })
        .await
    }
}

/// Returns what is asked and how that goes, by source and path.
pub(in crate::store) fn readings(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Vec<Reading>, StoreError> {
    connection
        .prepare_cached(
            "SELECT source, path, read_at, fault FROM cursor
             WHERE workspace = ?1 AND is_asked ORDER BY source, path",
        )?
        .query_map([workspace.as_str()], |row| {
            let source: String = row.get(0)?;
            Ok(Reading {
                source: SourceName::new(&source),
                path: row.get(1)?,
                read_at: row.get::<_, Option<i64>>(2)?.map(instant),
                fault: row.get(3)?,
            })
        })?
        .map(|row| Ok(row?))
        .collect()
}
