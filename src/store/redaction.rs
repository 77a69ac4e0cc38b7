//! Taking words out of the record for good: out of their table, out of every
//! change that has them, and out of the bytes of the file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::execute::{Execution, record};
use super::texts::Echoes;
use super::{Rules, Store, StoreError, file, inbox, log, micros, offers, outbox, texts};
use crate::domain::change::{Attached, Command, EmergencyChange, Event, Recorded};
use crate::domain::id::{ChangeNumber, WorkspaceId};
use crate::domain::text::{Commitment, repeats};
use crate::unfinished::folder_of;

impl Store {
    /// Returns the names of the copies beside the database, and in the folder of its
    /// backups, in which one of these texts still stands. Of copies made elsewhere it
    /// knows nothing.
    pub async fn copies_holding(&self, texts: Vec<Commitment>) -> Vec<String> {
        let (path, workspace) = (self.path.clone(), self.workspace.clone());
        let folders: Vec<PathBuf> = [folder_of(&path)]
            .into_iter()
            .chain(self.backups.as_deref().map(Path::to_owned))
            .collect();
        let looked = tokio::task::spawn_blocking(move || {
            let looked = folders
                .iter()
                .flat_map(|folder| copies(folder, &path, &workspace, &texts));
            let found: BTreeSet<String> = looked.collect();
            found.into_iter().collect()
        });
        looked.await.unwrap_or_default()
    }
}

/// Looks for what sources told that repeats the words that an execution takes out, if
/// it takes any out. Nothing is written: that is for a reader.
pub(super) fn echoes(
    connection: &Connection,
    workspace: &WorkspaceId,
    execution: &Execution,
) -> Result<Echoes, StoreError> {
    let mut echoes = Echoes::begin(connection)?;
    for submission in &execution.submissions {
        let Command::Redact { texts, .. } = &submission.command else {
            continue;
        };
        for one in texts {
            let Some(gone) = texts::find(connection, workspace, *one)? else {
                continue;
            };
            let words = gone.body().trim();
            let is_meant = |told: &str| repeats(told, words);
            echoes.look_for(connection, workspace, words, is_meant)?;
        }
    }
    Ok(echoes)
}

/// Carries out what the events say was taken out: the words and their salts go,
/// and whatever other change has the same text or file says so, too.
pub(super) fn take_out(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    recorded: &[Recorded],
    echoes: &Echoes,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some(first) = recorded
        .iter()
        .find(|one| matches!(one.event, Event::Redacted { .. }))
    else {
        return Ok(());
    };
    let mut taken: BTreeSet<Commitment> = recorded
        .iter()
        .filter_map(|one| match &one.event {
            Event::Redacted { text, .. } => Some(*text),
            _ => None,
        })
        .collect();
    for (other, texts) in elsewhere(connection, workspace, number, &taken)? {
        let Some((change, _)) = log::load(connection, workspace, other)? else {
            continue;
        };
        let gone: Vec<Recorded> = texts
            .iter()
            .filter(|text| !change.redactions.contains_key(*text))
            .map(|text| Recorded {
                event: Event::Redacted {
                    text: *text,
                    reason: reason_of(&first.event).unwrap_or(*text),
                },
                ..first.clone()
            })
            .collect();
        if !gone.is_empty() {
            record(
                connection,
                workspace,
                other,
                Some(&change),
                &gone,
                rules,
                now,
            )?;
        }
        taken.extend(texts);
    }
    let mut gone = taken.clone();
    for text in &taken {
        gone.extend(forget_echoes(connection, workspace, *text, echoes)?);
    }
    for text in &taken {
        texts::redact(connection, workspace, *text)?;
    }
    for text in gone {
        for offer in offers::quoting(connection, workspace, text)? {
            outbox::redraw_offer(connection, workspace, offer, now)?;
        }
    }
    // What a Home shows is written down nowhere: each may show it.
    outbox::redraw_all_homes(connection, workspace, now)?;
    for sha256 in files_of(connection, workspace, number, &taken)? {
        connection
            .prepare_cached("DELETE FROM attachment WHERE workspace = ?1 AND sha256 = ?2")?
            .execute(params![workspace.as_str(), sha256])?;
    }
    connection
        .prepare_cached("INSERT INTO erasure VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![workspace.as_str(), micros(now)])?;
    Ok(())
}

fn reason_of(event: &Event) -> Option<Commitment> {
    match event {
        Event::Redacted { reason, .. } => Some(*reason),
        _ => None,
    }
}

/// The files of a change whose names are among these.
fn files_of(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    names: &BTreeSet<Commitment>,
) -> Result<Vec<[u8; 32]>, StoreError> {
    let loaded = log::load(connection, workspace, number)?;
    Ok(loaded
        .iter()
        .flat_map(|(change, _)| files(change))
        .filter(|(name, _)| names.contains(name))
        .map(|(_, sha256)| sha256)
        .collect())
}

/// The kept files of a change, each with its name.
pub(super) fn files(change: &EmergencyChange) -> impl Iterator<Item = (Commitment, [u8; 32])> {
    change
        .attachments
        .iter()
        .filter_map(|one| match &one.attached {
            Attached::File { sha256, .. } => Some((one.name, *sha256)),
            Attached::Unfetched { .. } | Attached::Elsewhere { .. } | Attached::Link => None,
        })
}

/// The other changes that have one of these texts, or a file that bears such a
/// name here, with what has to go from each. This change's own files of the same
/// bytes are among them.
fn elsewhere(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    taken: &BTreeSet<Commitment>,
) -> Result<BTreeMap<ChangeNumber, BTreeSet<Commitment>>, StoreError> {
    let mut found: BTreeMap<ChangeNumber, BTreeSet<Commitment>> = BTreeMap::new();
    for text in taken {
        for other in having(connection, workspace, &text.to_string())? {
            if other != number {
                found.entry(other).or_default().insert(*text);
            }
        }
    }
    for sha256 in files_of(connection, workspace, number, taken)? {
        for other in having(connection, workspace, &hex::encode(sha256))? {
            let loaded = log::load(connection, workspace, other)?;
            let names = loaded
                .iter()
                .flat_map(|(change, _)| files(change))
                .filter(|(name, bytes)| *bytes == sha256 && !taken.contains(name))
                .map(|(name, _)| name);
            let names: BTreeSet<Commitment> = names.collect();
            if !names.is_empty() {
                found.entry(other).or_default().extend(names);
            }
        }
    }
    Ok(found)
}

/// The changes that have an event in which a hash stands. Seldom asked, and all
/// of the log is read for it.
fn having(
    connection: &Connection,
    workspace: &WorkspaceId,
    hash: &str,
) -> Result<BTreeSet<ChangeNumber>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT DISTINCT change FROM event
             WHERE workspace = ?1 AND change IS NOT NULL AND instr(CAST(leaf AS TEXT), ?2) > 0",
        )?
        .query_map(params![workspace.as_str(), hash], |row| {
            row.get(0).map(ChangeNumber)
        })?
        .collect::<Result<_, _>>()?)
}

/// Deletes what repeats these words and came into no record: a form that was
/// refused, a command that was mistyped, a message that was overheard. Returns
/// what went. What a source told that repeats them loses its words, and keeps its
/// place. Of an offer the text stays as one that was removed: whoever takes
/// it up is told, and sent to the message itself.
fn forget_echoes(
    connection: &Connection,
    workspace: &WorkspaceId,
    text: Commitment,
    echoes: &Echoes,
) -> Result<Vec<Commitment>, StoreError> {
    let Some(gone) = texts::find(connection, workspace, text)? else {
        return Ok(Vec::new());
    };
    let words = gone.body().trim();
    let mut forgotten = Vec::new();
    for echo in texts::containing(connection, workspace, words)? {
        let is_repeated = texts::find(connection, workspace, echo)?
            .is_some_and(|other| repeats(other.body(), words));
        let is_recorded = !having(connection, workspace, &echo.to_string())?.is_empty();
        if !is_repeated || is_recorded || inbox::needs(connection, workspace, echo)? {
            continue;
        }
        if offers::needs(connection, workspace, echo)? {
            texts::redact(connection, workspace, echo)?;
        } else {
            texts::forget(connection, workspace, echo)?;
        }
        forgotten.push(echo);
    }
    let is_meant = |told: &str| repeats(told, words);
    texts::redact_told(connection, workspace, words, echoes, is_meant)?;
    Ok(forgotten)
}

/// Looks into the copies of a database in a folder.
fn copies(
    folder: &Path,
    database: &Path,
    workspace: &WorkspaceId,
    texts: &[Commitment],
) -> Vec<String> {
    let Some(name) = database.file_name() else {
        return Vec::new();
    };
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let ours = format!("{}.", name.to_string_lossy());
    entries
        .flatten()
        .map(|entry| {
            (
                entry.path(),
                entry.file_name().to_string_lossy().into_owned(),
            )
        })
        .filter(|(_, name)| name.starts_with(&ours) && name.ends_with(".backup"))
        // One that can't be read may hold it.
        .filter(|(path, _)| holds(path, workspace, texts).unwrap_or(true))
        .map(|(_, name)| name)
        .collect()
}

fn holds(path: &Path, workspace: &WorkspaceId, texts: &[Commitment]) -> Option<bool> {
    let connection = file::open_for_inspection(path).ok()?;
    for text in texts {
        if texts::stands(&connection, workspace, *text).ok()? {
            return Some(true);
        }
    }
    Some(false)
}
