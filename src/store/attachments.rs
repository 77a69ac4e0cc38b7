//! The files that were attached to changes: bytes, and nothing about them. They
//! are kept as they came and never opened.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::execute::{self, Execution};
use super::writer::Urgency;
use super::{Outcome, Rules, Store, StoreError, log, redaction};
use crate::domain::change::{Attached, EmergencyChange, Event, LARGEST_ATTACHMENT, Recorded};
use crate::domain::id::{ChangeNumber, WorkspaceId};

// The table's own check says the same in figures.
const _: () = assert!(LARGEST_ATTACHMENT == 10_485_760);

/// A file as Slack handed it over.
#[derive(Clone, PartialEq, Eq)]
pub struct Fetched {
    sha256: [u8; 32],
    bytes: Vec<u8>,
}

impl Fetched {
    /// Takes the bytes and hashes them.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self {
            sha256: Sha256::digest(&bytes).into(),
            bytes,
        }
    }

    /// Returns the SHA-256 of the bytes.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }
}

impl std::fmt::Debug for Fetched {
    /// What people shared doesn't belong in logs of the program.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetched")
            .field("sha256", &hex::encode(self.sha256))
            .field("n_bytes", &self.bytes.len())
            .finish()
    }
}

impl Store {
    /// Carries out a command that attaches files, and keeps those that it did.
    pub async fn attach(
        &self,
        execution: Execution,
        files: Vec<Fetched>,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<(Outcome, Option<ChangeNumber>), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            let done = execute::execute(connection, workspace, &execution, &rules, now)?;
            if let (Outcome::Done, Some(number)) = &done {
                let named = sha256s(&log::history(connection, workspace, *number)?);
                for file in files.iter().filter(|file| named.contains(&file.sha256)) {
                    keep(connection, workspace, file)?;
                }
            }
            Ok(done)
        })
        .await
    }

    /// Returns the bytes of an attached file; nothing if it isn't kept.
    pub async fn attachment(&self, sha256: [u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |connection, workspace| find(connection, workspace, &sha256))
            .await
    }
}

/// The files whose bytes a history says are kept.
fn sha256s(history: &[Recorded]) -> BTreeSet<[u8; 32]> {
    history
        .iter()
        .filter_map(|one| match &one.event {
            Event::AttachmentKept {
                attached: Attached::File { sha256, .. },
                ..
            } => Some(*sha256),
            _ => None,
        })
        .collect()
}

fn keep(
    connection: &Connection,
    workspace: &WorkspaceId,
    file: &Fetched,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO attachment (workspace, sha256, bytes) VALUES (?1, ?2, ?3)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![workspace.as_str(), file.sha256, file.bytes])?;
    Ok(())
}

pub(super) fn find(
    connection: &Connection,
    workspace: &WorkspaceId,
    sha256: &[u8; 32],
) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT bytes FROM attachment WHERE workspace = ?1 AND sha256 = ?2")?
        .query_row(params![workspace.as_str(), sha256], |row| row.get(0))
        .optional()?)
}

/// Returns whether the files of a change are there and hash to their names, but
/// for those that were taken out of the record.
pub(super) fn fit(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
) -> Result<bool, StoreError> {
    let gone: BTreeSet<[u8; 32]> = redaction::files(change)
        .filter(|(name, _)| change.redactions.contains_key(name))
        .map(|(_, sha256)| sha256)
        .collect();
    for (_, sha256) in redaction::files(change).filter(|(_, sha256)| !gone.contains(sha256)) {
        let kept = find(connection, workspace, &sha256)?;
        if kept.is_none_or(|bytes| Sha256::digest(bytes)[..] != sha256[..]) {
            return Ok(false);
        }
    }
    Ok(true)
}
