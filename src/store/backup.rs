//! Copies of a database, made while it is written, and what is looked at before one is
//! relied on. A copy is written anew, row by row: none of its pages ever held anything
//! that was taken out of the record.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::{OpenError, StoreError, file, log, moment, register};
use crate::domain::id::WorkspaceId;
use crate::unfinished::{Unfinished, folder_of, with_ending};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// There is nothing to copy.
    #[error("there is no {path}", path = .0.display())]
    Missing(PathBuf),
    /// There is nothing in it.
    #[error("{path} is still empty: nobody has signed in with it yet", path = .0.display())]
    Empty(PathBuf),
    /// One of the two files can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The copy can't be written.
    #[error("{path} can't be written: {source}", path = .path.display())]
    Unwritable {
        /// The copy.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The disk is full.
    #[error("there is no room for a copy in {folder}: make some, or name another place", folder = .0.display())]
    NoRoom(PathBuf),
    /// What was to be copied can't be read, or isn't sound.
    #[error("{path} is damaged ({reason}), so there is no copy of it; keep the file as it is", path = .path.display())]
    Damaged {
        /// The file that was copied.
        path: PathBuf,
        /// What was found first.
        reason: String,
    },
}

/// A copy that doesn't bear its name yet. It goes if it is never given one.
#[derive(Debug)]
pub struct Copy {
    unfinished: Unfinished,
    to: PathBuf,
}

impl Copy {
    /// Copies a database as it is at this moment, whoever writes it meanwhile, and
    /// checks every page of the copy. Nothing may stand at `to`.
    pub fn of(from: &Path, to: &Path) -> Result<Self, CopyError> {
        // Never opened but through SQLite: whoever closes a file gives up all locks that
        // the process has on it.
        if !from.exists() {
            return Err(CopyError::Missing(from.to_owned()));
        }
        let connection = file::open_for_copying(from)?;
        if file::form(&connection, from)? == 0 {
            return Err(CopyError::Empty(from.to_owned()));
        }
        Self::through(&connection, from, to)
    }

    pub(super) fn through(
        connection: &Connection,
        from: &Path,
        to: &Path,
    ) -> Result<Self, CopyError> {
        let unfinished = Unfinished::named_beside(to).map_err(|error| unwritable(to, error))?;
        let copy = Self {
            unfinished,
            to: to.to_owned(),
        };
        let path = copy.path();
        // What somebody who was killed left beside it is of another copy.
        for part in ["-journal", "-wal", "-shm"] {
            match std::fs::remove_file(with_ending(path, part)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(unwritable(to, error)),
            }
        }
        let fault = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => CopyError::NoRoom(folder_of(to)),
            _ => CopyError::Damaged {
                path: from.to_owned(),
                reason: error.to_string(),
            },
        };
        let name = path.to_str().ok_or_else(|| CopyError::Unwritable {
            path: to.to_owned(),
            source: io::Error::new(io::ErrorKind::InvalidFilename, "its name isn't text"),
        })?;
        connection
            .execute("VACUUM INTO ?1", [name])
            .map_err(fault)?;
        if let Some(reason) = unsound(path)? {
            return Err(CopyError::Damaged {
                path: from.to_owned(),
                reason,
            });
        }
        Ok(copy)
    }

    /// Whether words were taken out of what was copied since it was: they still stand in
    /// the copy, and whoever took them out wasn't told of it.
    pub fn holds_what_left(&self, from: &Path) -> Result<bool, CopyError> {
        let copied = file::open_for_inspection(self.path())?;
        let there = file::open_for_copying(from)?;
        let look = || -> rusqlite::Result<bool> {
            let mut heads = copied.prepare("SELECT workspace, size FROM head")?;
            let mut left = there.prepare(
                "SELECT EXISTS (SELECT 1 FROM event WHERE workspace = ?1 AND seq >= ?2
                     AND instr(CAST(leaf AS TEXT), '\"type\":\"redacted\"') > 0)",
            )?;
            let mut rows = heads.query([])?;
            while let Some(row) = rows.next()? {
                let (workspace, size): (String, u64) = (row.get(0)?, row.get(1)?);
                if left.query_row((workspace, size), |row| row.get(0))? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        Ok(look().map_err(|error| file::explain(from, error))?)
    }

    /// Returns where it stands until it has its name.
    pub fn path(&self) -> &Path {
        self.unfinished.path().unwrap_or(&self.to)
    }

    /// Makes it ready to be gone on with: of this program's form, and without the numbers
    /// that may have been given since. Returns the form that it had before.
    pub fn make_ready(&self, now: DateTime<Utc>) -> Result<usize, CopyError> {
        let path = self.path();
        let (connection, form) = file::bring_up_to_date(path)?;
        let leave_out = || -> Result<(), StoreError> {
            for workspace in moment::workspaces(&connection)? {
                register::leave_numbers_out(&connection, &workspace, now)?;
            }
            Ok(())
        };
        match leave_out() {
            Ok(()) => Ok(form),
            Err(StoreError::Sqlite(error)) => Err(file::explain(path, error).into()),
            Err(error) => Err(CopyError::Damaged {
                path: path.to_owned(),
                reason: error.to_string(),
            }),
        }
    }

    /// Gives it its name, for good.
    pub fn keep(self) -> Result<(), CopyError> {
        let to = self.to;
        self.unfinished
            .finish(&to)
            .map_err(|error| unwritable(&to, error))
    }
}

fn unwritable(path: &Path, source: io::Error) -> CopyError {
    if source.kind() == io::ErrorKind::StorageFull {
        return CopyError::NoRoom(folder_of(path));
    }
    CopyError::Unwritable {
        path: path.to_owned(),
        source,
    }
}

/// Reads every page of a file that nobody writes, and returns the first thing that is
/// wrong.
fn unsound(path: &Path) -> Result<Option<String>, OpenError> {
    let connection = file::open_for_inspection(path)?;
    let said: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|error| file::explain(path, error))?;
    Ok(Some(said).filter(|said| said != "ok"))
}

/// Keeps a file as it is before its form changes, under a name that says which form it
/// has: in this folder, or beside it. What an attempt before kept under it is what stands
/// here still, and goes.
pub(super) fn before_migrating(
    connection: &Connection,
    path: &Path,
    folder: Option<&Path>,
    form: usize,
) -> Result<(), OpenError> {
    let not_kept = |reason: String| OpenError::NotKept {
        path: path.to_owned(),
        reason,
    };
    let folder = folder.map_or_else(|| folder_of(path), Path::to_owned);
    std::fs::create_dir_all(&folder).map_err(|error| not_kept(error.to_string()))?;
    let name = folder.join(path.file_name().unwrap_or_default());
    let to = with_ending(&name, &format!(".form-{form}.backup"));
    match std::fs::remove_file(&to) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(not_kept(error.to_string())),
    }
    let copy = Copy::through(connection, path, &to).map_err(|error| not_kept(error.to_string()))?;
    if let Some(reason) = broken_log(copy.path())? {
        return Err(OpenError::Damaged {
            path: path.to_owned(),
            reason,
        });
    }
    copy.keep().map_err(|error| not_kept(error.to_string()))
}

/// Returns the first thing that is wrong with the logs of a file, whatever its form.
fn broken_log(path: &Path) -> Result<Option<String>, OpenError> {
    let connection = file::open_for_inspection(path)?;
    let check = || -> Result<Option<String>, StoreError> {
        let workspaces: Vec<String> = connection
            .prepare("SELECT workspace FROM head UNION SELECT workspace FROM event")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for workspace in workspaces {
            if let Err(fault) = log::check(&connection, &WorkspaceId::new(workspace))? {
                return Ok(Some(fault));
            }
        }
        Ok(None)
    };
    match check() {
        Ok(found) => Ok(found),
        Err(StoreError::Sqlite(error)) => Err(file::explain(path, error)),
        Err(error) => Ok(Some(error.to_string())),
    }
}
