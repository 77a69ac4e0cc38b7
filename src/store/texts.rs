//! What people wrote. No other table holds that.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest as _, Sha256};

use super::StoreError;
use crate::domain::change::EmergencyChange;
use crate::domain::id::WorkspaceId;
use crate::domain::text::{Commitment, Salt, Text};

/// The words behind commitments; nothing where they were redacted.
pub type Words = BTreeMap<Commitment, Option<String>>;

/// Keeps a text that is part of what a source told.
pub(super) const KEEP_TOLD: &str =
    "INSERT INTO text (workspace, commitment, salt, body, telling) VALUES (?1, ?2, ?3, ?4, ?5)";

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
        .prepare_cached(
            "SELECT body, salt FROM text
             WHERE workspace = ?1 AND commitment = ?2 AND telling IS NULL",
        )?
        .query_row(params![workspace.as_str(), commitment.0], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    Ok(as_text(row))
}

fn as_text(row: Option<(Option<String>, Option<[u8; 32]>)>) -> Option<Text> {
    match row {
        Some((Some(body), Some(salt))) => Some(Text::new(body, Salt(salt))),
        _ => None,
    }
}

/// Returns a text of a telling; nothing if it was redacted.
pub(super) fn find_told(
    connection: &Connection,
    workspace: &WorkspaceId,
    telling: i64,
    commitment: Commitment,
) -> Result<Option<Text>, StoreError> {
    let row = connection
        .prepare_cached(
            "SELECT body, salt FROM text
             WHERE telling = ?3 AND workspace = ?1 AND commitment = ?2",
        )?
        .query_row(params![workspace.as_str(), commitment.0, telling], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    Ok(as_text(row))
}

/// Texts of tellings in which some words stand, as a reader found them: there may be
/// millions of texts, and the one thread that writes has no time to read them all.
#[derive(Debug, Default)]
pub(super) struct Echoes {
    /// By the words; those that aren't among them weren't looked for.
    found: BTreeMap<String, Vec<Echo>>,
    /// Up to which telling that was. Later ones may repeat them, too.
    up_to: i64,
}

/// A text of a telling. Its row's own place changes when the file is written anew.
type Echo = (i64, Commitment);

impl Echoes {
    /// Begins before any words are looked for.
    pub(super) fn begin(connection: &Connection) -> Result<Self, StoreError> {
        let up_to: Option<i64> = connection
            .prepare_cached("SELECT max(telling) FROM text WHERE telling IS NOT NULL")?
            .query_row([], |row| row.get(0))?;
        Ok(Self {
            found: BTreeMap::new(),
            up_to: up_to.unwrap_or(0),
        })
    }

    /// Looks for what sources told in which these words stand, as far as `is_meant`
    /// says so.
    pub(super) fn look_for(
        &mut self,
        connection: &Connection,
        workspace: &WorkspaceId,
        words: &str,
        is_meant: impl Fn(&str) -> bool,
    ) -> Result<(), StoreError> {
        let found = told_after(connection, workspace, 0, words, is_meant)?;
        self.found.insert(words.to_owned(), found);
        Ok(())
    }
}

/// What sources told after a telling in which these words stand.
pub(super) const TOLD_AFTER: &str = "SELECT telling, commitment, body FROM text
     WHERE workspace = ?1 AND telling > ?2 AND instr(body, ?3) > 0";

fn told_after(
    connection: &Connection,
    workspace: &WorkspaceId,
    telling: i64,
    words: &str,
    is_meant: impl Fn(&str) -> bool,
) -> Result<Vec<Echo>, StoreError> {
    let mut statement = connection.prepare_cached(TOLD_AFTER)?;
    let mut rows = statement.query(params![workspace.as_str(), telling, words])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let body: String = row.get(2)?;
        if is_meant(&body) {
            found.push((row.get(0)?, Commitment(row.get(1)?)));
        }
    }
    Ok(found)
}

/// Takes the words and salts of what sources told away where these words stand in
/// them, as far as `is_meant` says so. What a reader found isn't looked for again.
pub(super) fn redact_told(
    connection: &Connection,
    workspace: &WorkspaceId,
    words: &str,
    echoes: &Echoes,
    is_meant: impl Fn(&str) -> bool,
) -> Result<(), StoreError> {
    let known = echoes.found.get(words);
    let after = if known.is_some() { echoes.up_to } else { 0 };
    let since = told_after(connection, workspace, after, words, is_meant)?;
    let mut update = connection.prepare_cached(
        "UPDATE text SET salt = NULL, body = NULL
         WHERE telling = ?1 AND workspace = ?2 AND commitment = ?3",
    )?;
    for (telling, commitment) in known.into_iter().flatten().chain(&since) {
        update.execute(params![telling, workspace.as_str(), commitment.0])?;
    }
    Ok(())
}

/// Whether the words of a text stand in a file, of whatever form that is.
pub(super) fn stands(
    connection: &Connection,
    workspace: &WorkspaceId,
    commitment: Commitment,
) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM text
             WHERE workspace = ?1 AND commitment = ?2 AND body IS NOT NULL)",
        )?
        .query_row(params![workspace.as_str(), commitment.0], |row| row.get(0))?)
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

/// Returns whether the words of a change are those that its records commit to. Where
/// its records say that they were taken out, they are gone.
pub(super) fn fit(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
) -> Result<bool, StoreError> {
    for commitment in change.commitments() {
        let kept = find(connection, workspace, commitment)?;
        let fits = match kept {
            Some(text) => text.commitment() == commitment,
            None => change.redactions.contains_key(&commitment),
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns the first telling whose words aren't those that were taken in with it. Where
/// they were taken out, their rows stand empty, and no record says so.
pub(super) fn told_otherwise(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<i64>, StoreError> {
    let mut kept = connection.prepare(
        "SELECT telling, commitment, salt, body FROM text
         WHERE workspace = ?1 AND telling IS NOT NULL AND body IS NOT NULL",
    )?;
    let mut kept = kept.query([workspace.as_str()])?;
    while let Some(row) = kept.next()? {
        let mut hash = Sha256::new();
        hash.update(row.get_ref(2)?.as_bytes().unwrap_or_default());
        hash.update(row.get_ref(3)?.as_bytes().unwrap_or_default());
        if row.get_ref(1)?.as_bytes().unwrap_or_default() != hash.finalize().as_slice() {
            return Ok(row.get(0)?);
        }
    }
    Ok(connection
        .prepare(
            "SELECT id FROM deployment
             WHERE workspace = ?1 AND (
                 title IS NOT NULL AND NOT EXISTS (SELECT 1 FROM text
                     WHERE telling = deployment.id AND commitment = title)
                 OR testing_result IS NOT NULL AND NOT EXISTS (SELECT 1 FROM text
                     WHERE telling = deployment.id AND commitment = testing_result))
             LIMIT 1",
        )?
        .query_row([workspace.as_str()], |row| row.get(0))
        .optional()?)
}

/// Takes the words of a text and their salt away, and leaves its row.
pub(super) fn redact(
    connection: &Connection,
    workspace: &WorkspaceId,
    commitment: Commitment,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE text SET salt = NULL, body = NULL
             WHERE workspace = ?1 AND commitment = ?2 AND telling IS NULL",
        )?
        .execute(params![workspace.as_str(), commitment.0])?;
    Ok(())
}

/// Returns the texts of people in which these words stand. Seldom asked, and all of them
/// are read for it.
pub(super) fn containing(
    connection: &Connection,
    workspace: &WorkspaceId,
    words: &str,
) -> Result<Vec<Commitment>, StoreError> {
    connection
        .prepare_cached(
            "SELECT commitment FROM text
             WHERE workspace = ?1 AND telling IS NULL AND instr(body, ?2) > 0",
        )?
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
        .prepare_cached(
            "DELETE FROM text WHERE workspace = ?1 AND commitment = ?2 AND telling IS NULL",
        )?
        .execute(params![workspace.as_str(), commitment.0])?;
    Ok(())
}
