//! What people wrote. No other table holds that.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use crate::domain::id::WorkspaceId;
use crate::domain::text::{Commitment, Salt, Text};

/// The words behind commitments; nothing where they were redacted.
pub type Words = BTreeMap<Commitment, Option<String>>;

pub(super) fn keep(
    connection: &Connection,
    workspace: &WorkspaceId,
    texts: &[Text],
) -> Result<(), StoreError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO text (workspace, commitment, salt, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?;
    for text in texts {
        insert.execute(params![
            workspace.as_str(),
            text.commitment().0,
            text.salt().0,
            text.body(),
        ])?;
    }
    Ok(())
}

/// Returns a text; nothing if it was redacted or never kept.
pub(super) fn find(
    connection: &Connection,
    workspace: &WorkspaceId,
    commitment: Commitment,
) -> Result<Option<Text>, StoreError> {
    let row: Option<(Option<String>, Option<[u8; 32]>)> = connection
        .prepare_cached("SELECT body, salt FROM text WHERE workspace = ?1 AND commitment = ?2")?
        .query_row(params![workspace.as_str(), commitment.0], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    Ok(match row {
        Some((Some(body), Some(salt))) => Some(Text::new(body, Salt(salt))),
        _ => None,
    })
}

pub(super) fn words(
    connection: &Connection,
    workspace: &WorkspaceId,
    commitments: impl IntoIterator<Item = Commitment>,
) -> Result<Words, StoreError> {
    commitments
        .into_iter()
        .map(|commitment| {
            let text = find(connection, workspace, commitment)?;
            Ok((commitment, text.map(|text| text.body().to_owned())))
        })
        .collect()
}

/// Takes the words of a text and their salt away, and leaves its row.
pub(super) fn redact(
    connection: &Connection,
    workspace: &WorkspaceId,
    commitment: Commitment,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE text SET salt = NULL, body = NULL WHERE workspace = ?1 AND commitment = ?2",
        )?
        .execute(params![workspace.as_str(), commitment.0])?;
    Ok(())
}

/// Returns the texts in which these words stand. Seldom asked, and all of them
/// are read for it.
pub(super) fn containing(
    connection: &Connection,
    workspace: &WorkspaceId,
    words: &str,
) -> Result<Vec<Commitment>, StoreError> {
    connection
        .prepare_cached("SELECT commitment FROM text WHERE workspace = ?1 AND instr(body, ?2) > 0")?
        .query_map(params![workspace.as_str(), words], |row| {
            row.get(0).map(Commitment)
        })?
        .map(|text| Ok(text?))
        .collect()
}

/// Deletes a text that nothing refers to.
pub(super) fn forget(
    connection: &Connection,
    workspace: &WorkspaceId,
    commitment: Commitment,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM text WHERE workspace = ?1 AND commitment = ?2")?
        .execute(params![workspace.as_str(), commitment.0])?;
    Ok(())
}
