//! The policies that were in force, with the bytes that were adopted.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::log::{Appender, HouseEvent};
use super::{StoreError, micros, people};
use crate::domain::id::WorkspaceId;
use crate::domain::policy::PolicyVersion;

/// A policy as it was adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// Which version it is.
    pub version: PolicyVersion,
    /// What was written.
    pub bytes: String,
}

pub(super) fn adopt(
    connection: &Connection,
    workspace: &WorkspaceId,
    bytes: &str,
    now: DateTime<Utc>,
) -> Result<PolicyVersion, StoreError> {
    let newest: Option<(u32, Vec<u8>)> = connection
        .prepare_cached(
            "SELECT version, bytes FROM policy WHERE workspace = ?1
             ORDER BY version DESC LIMIT 1",
        )?
        .query_row([workspace.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let version = match newest {
        Some((version, known)) if known == bytes.as_bytes() => return Ok(PolicyVersion(version)),
        Some((version, _)) => version + 1,
        None => 1,
    };
    connection
        .prepare_cached(
            "INSERT INTO policy (workspace, version, adopted_at, bytes) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            workspace.as_str(),
            version,
            micros(now),
            bytes.as_bytes()
        ])?;
    let mut log = Appender::begin(connection, workspace)?;
    log.append_house_event(
        now,
        &HouseEvent::PolicyAdopted {
            version: u64::from(version),
            bytes: bytes.to_owned(),
        },
    )?;
    log.save()?;
    people::forget_what_was_seen(connection, workspace)?;
    Ok(PolicyVersion(version))
}

pub(super) fn all(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Vec<Adopted>, StoreError> {
    connection
        .prepare_cached("SELECT version, bytes FROM policy WHERE workspace = ?1 ORDER BY version")?
        .query_map([workspace.as_str()], |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?
        .map(|row| {
            let (version, bytes) = row?;
            Ok(Adopted {
                version: PolicyVersion(version),
                bytes: String::from_utf8(bytes).map_err(|_| StoreError::Corrupt("a policy"))?,
            })
        })
        .collect()
}
