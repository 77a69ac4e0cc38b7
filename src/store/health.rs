//! Whether the file can be written now, and how far what is owed has come. For
//! whoever watches over the bot; says nothing of any change.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::params;
use rustix::fs::{StatVfsMountFlags, statvfs};

use super::writer::Urgency;
use super::{Store, StoreError, instant, micros, outbox};

/// As much as the write-ahead log may need before it is cut.
const LEAST_ROOM: u64 = 64 << 20;

/// A writer that is well begins the next transaction within a second, however much
/// waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the file can't be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// Nobody may write on the disk.
    #[error("the database's disk is read-only")]
    ReadOnly,
    /// The next burst may not fit.
    #[error("the database's disk is full")]
    Full,
    /// The writer doesn't come round to it.
    #[error("the database can't be written")]
    Stuck,
}

/// How far what is owed has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// How many messages could go now and haven't gone yet.
    pub n_owed: u64,
    /// Since when the oldest of them could.
    pub oldest_owed: Option<DateTime<Utc>>,
    /// How many were sent without an answer from Slack.
    pub n_unknown: u64,
    /// How many gestures wait for their answer.
    pub n_waiting: u64,
    /// Whether Slack refuses the token, so that nothing is sent.
    pub is_halted: bool,
}

impl Store {
    /// Says whether what comes next could be kept: there is room for it, and the
    /// writer begins a transaction and ends it. Puts nothing into the file.
    pub async fn writable(&self) -> Result<(), Unwritable> {
        if let Ok(disk) = statvfs(folder_of(&self.path)) {
            if disk.f_flag.contains(StatVfsMountFlags::RDONLY) {
                return Err(Unwritable::ReadOnly);
            }
            if disk.f_bavail.saturating_mul(disk.f_frsize) < LEAST_ROOM {
                return Err(Unwritable::Full);
            }
        }
        let written = self.write(Urgency::Later, |_connection, _workspace| Ok(()));
        match tokio::time::timeout(PATIENCE, written).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Unwritable::Stuck),
        }
    }

    /// Returns how far what is owed has come.
    pub async fn backlog(&self, now: DateTime<Utc>) -> Result<Backlog, StoreError> {
        self.read(move |connection, workspace| {
            let (n_owed, oldest_owed) = connection
                .prepare_cached(
                    "SELECT count(*), min(not_before) FROM outbox
                     WHERE workspace = ?1 AND state = 'owed' AND not_before <= ?2",
                )?
                .query_row(params![workspace.as_str(), micros(now)], |row| {
                    Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.map(instant)))
                })?;
            let count = |sql| -> Result<u64, StoreError> {
                let n = connection
                    .prepare_cached(sql)?
                    .query_row([workspace.as_str()], |row| row.get(0))?;
                Ok(n)
            };
            Ok(Backlog {
                n_owed,
                oldest_owed,
                n_unknown: count(
                    "SELECT count(*) FROM outbox WHERE workspace = ?1 AND state = 'claimed'",
                )?,
                n_waiting: count(
                    "SELECT count(*) FROM inbox WHERE workspace = ?1 AND state = 'waiting'",
                )?,
                is_halted: outbox::halted(connection, workspace)?.is_some(),
            })
        })
        .await
    }
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    }
}
