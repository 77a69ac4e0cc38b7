//! Backups: taken while the bot runs, verified before they bear their names, and put
//! back. A backup is a database like any other; whatever reads one reads it, too.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::domain::id::WorkspaceId;
use crate::evidence::checkpoint::origin;
use crate::evidence::key::{self, KeyFault};
use crate::evidence::note::SignerKey;
use crate::evidence::verify::{self, Ask, Verdict};
use crate::store::{self, Copy, CopyError, LookError, OpenError};
use crate::unfinished::with_ending;

mod nightly;

pub use nightly::{Nightly, Nights};

/// Why a backup isn't made or not put back. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BackupFault {
    /// There is no copy.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The file can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What stands in it can't be looked at.
    #[error(transparent)]
    Look(#[from] LookError),
    /// Its record isn't what it was.
    #[error("the record in {path} doesn't hold ({what}), so there is no copy of it: keep the file as it is, and ask `breakglass verify --database {path} --deep`", path = .path.display())]
    Broken {
        /// The file that was copied.
        path: PathBuf,
        /// What is wrong first.
        what: String,
    },
    /// Something of a database stands where one is to be put.
    #[error("{path} is there already, and nothing is written over it: move it away, or name another place with --database", path = .0.display())]
    InTheWay(PathBuf),
    /// The key that goes with a copy.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// The key isn't there.
    #[error("the key that signs the log of {workspace} isn't at {path}, so it can't go along: leave --with-key out, or put it back", path = .path.display())]
    NoKey {
        /// Whose log.
        workspace: WorkspaceId,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The folder can't be used.
    #[error("the folder {path} can't be used ({source}); let this user write it", path = .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

/// A copy that holds, under its name.
#[derive(Debug)]
pub struct Made {
    /// What was found of each log in it.
    pub logs: Vec<Verdict>,
    /// How many bytes it has.
    pub n_bytes: u64,
    /// The form that it had before, if that was an older one.
    pub older_form: Option<usize>,
    /// The logs whose keys came along.
    pub with_key: Vec<WorkspaceId>,
}

/// Copies a database and verifies the copy: every page, every record, and all that is
/// derived from them. With `with_key` the keys go along, in files beside it: it can then
/// sign, and has to be kept as secret as they are.
pub fn take(database: &Path, out: &Path, with_key: bool) -> Result<Made, BackupFault> {
    let (copy, logs) = loop {
        let copy = Copy::of(database, out)?;
        let logs = verified(copy.path(), database)?;
        if !copy.holds_what_left(database)? {
            break (copy, logs);
        }
    };
    let mut keys = Vec::new();
    if with_key {
        for log in &logs {
            let workspace = WorkspaceId::new(log.workspace.as_str());
            let to = key::path_of(out, &workspace);
            let Some(key) = key_of(log, database, &workspace)? else {
                return Err(BackupFault::NoKey {
                    path: key::path_of(database, &workspace),
                    workspace,
                });
            };
            if to.exists() {
                return Err(BackupFault::InTheWay(to));
            }
            keys.push((workspace, to, key));
        }
    }
    finish(copy, logs, None, keys)
}

/// Copies a backup to where the bot will look for its database, verifies the copy, and
/// gives it its name. Keys that stand beside the backup go along.
pub fn restore(backup: &Path, database: &Path, now: DateTime<Utc>) -> Result<Made, BackupFault> {
    for part in ["", "-wal", "-shm", "-journal"] {
        let there = with_ending(database, part);
        if there.symlink_metadata().is_ok() {
            return Err(BackupFault::InTheWay(there));
        }
    }
    let copy = Copy::of(backup, database)?;
    let newest = store::newest_form();
    let older_form = Some(copy.make_ready(now)?).filter(|form| *form < newest);
    let logs = verified(copy.path(), backup)?;
    let mut keys = Vec::new();
    for log in &logs {
        let workspace = WorkspaceId::new(log.workspace.as_str());
        let to = key::path_of(database, &workspace);
        if to.symlink_metadata().is_ok() {
            continue;
        }
        if let Some(key) = key_of(log, backup, &workspace)? {
            keys.push((workspace, to, key));
        }
    }
    finish(copy, logs, older_form, keys)
}

/// Returns whether the key that signs a log stands beside a database.
pub fn has_key(log: &Verdict, database: &Path) -> bool {
    let workspace = WorkspaceId::new(log.workspace.as_str());
    log.key.is_none() || key_of(log, database, &workspace).is_ok_and(|found| found.is_some())
}

fn finish(
    copy: Copy,
    logs: Vec<Verdict>,
    older_form: Option<usize>,
    keys: Vec<(WorkspaceId, PathBuf, SignerKey)>,
) -> Result<Made, BackupFault> {
    let n_bytes = std::fs::metadata(copy.path()).map_or(0, |of| of.len());
    copy.keep()?;
    let mut with_key = Vec::new();
    for (workspace, to, key) in keys {
        key::write(&to, &key)?;
        with_key.push(workspace);
    }
    Ok(Made {
        logs,
        n_bytes,
        older_form,
        with_key,
    })
}

/// The key that a log names, if it stands beside a database: where it was being put in
/// the place of another, that may be the one that waits.
fn key_of(
    log: &Verdict,
    database: &Path,
    workspace: &WorkspaceId,
) -> Result<Option<SignerKey>, KeyFault> {
    let Ok(name) = origin(workspace) else {
        return Ok(None);
    };
    let path = key::path_of(database, workspace);
    for path in [key::next_to(&path), path] {
        let found = key::read(&path, &name)?;
        let is_it = |key: &SignerKey| Some(key.verifier().to_string()) == log.key;
        if let Some(key) = found.filter(is_it) {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// Verifies every log of a copy, and fails with the first thing that is wrong.
fn verified(copy: &Path, of: &Path) -> Result<Vec<Verdict>, BackupFault> {
    let workspaces = store::workspaces(copy)?;
    if workspaces.is_empty() {
        return Err(CopyError::Empty(of.to_owned()).into());
    }
    let ask = Ask {
        is_deep: true,
        ..Ask::default()
    };
    let mut verdicts = Vec::new();
    for workspace in workspaces {
        let verdict = store::look(copy, Some(&workspace), |moment| {
            Ok(verify::database(moment, &ask))
        })?;
        if let Some(fault) = &verdict.fault {
            return Err(BackupFault::Broken {
                path: of.to_owned(),
                what: fault.to_string(),
            });
        }
        verdicts.push(verdict);
    }
    Ok(verdicts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Options, Store};

    /// A database in which something stands.
    pub(super) async fn database(folder: &Path) -> PathBuf {
        let path = folder.join("breakglass.db");
        let store = Store::open(&Options::at(&path), WorkspaceId::new("T0BREAK01")).unwrap();
        let at = DateTime::from_timestamp(1_773_450_840, 0).unwrap();
        store.adopt_policy("a".to_owned(), at).await.unwrap();
        store.close().await;
        path
    }

    #[tokio::test]
    async fn what_was_altered_is_not_copied_under_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(folder.path()).await;
        let mut bytes = std::fs::read(&database).unwrap();
        let word = b"policy_adopted";
        let at = bytes
            .windows(word.len())
            .position(|part| part == word)
            .unwrap();
        bytes[at] = b'P';
        std::fs::write(&database, bytes).unwrap();
        let out = folder.path().join("out");
        let fault = take(&database, &out, false).unwrap_err();
        assert!(matches!(fault, BackupFault::Broken { .. }), "{fault}");
        assert!(!out.exists() && !with_ending(&out, ".part").exists());
    }

    #[tokio::test]
    async fn nothing_that_is_there_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(folder.path()).await;
        let (out, back) = (folder.path().join("out"), folder.path().join("back.db"));
        take(&database, &out, false).unwrap();
        assert!(take(&database, &out, false).is_err());
        for part in ["", "-wal", "-shm", "-journal"] {
            let there = with_ending(&back, part);
            std::fs::write(&there, "a").unwrap();
            let fault = restore(&out, &back, DateTime::UNIX_EPOCH).unwrap_err();
            assert!(matches!(&fault, BackupFault::InTheWay(path) if *path == there));
            std::fs::remove_file(there).unwrap();
        }
        restore(&out, &back, DateTime::UNIX_EPOCH).unwrap();
        let fault = take(
            &folder.path().join("none.db"),
            &back.with_extension("b"),
            false,
        );
        assert!(matches!(
            fault,
            Err(BackupFault::Copy(CopyError::Missing(_)))
        ));
    }
}
