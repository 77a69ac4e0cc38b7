//! The database file: who may write it, how it is opened, and its form.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::backup;

/// The oldest `SQLite` that may write a file: 3.51.3 mends a fault by which a
/// write-ahead log could be reset under a second connection (3.7.0 to 3.51.2).
pub const SQLITE_AT_LEAST: i32 = 3_051_003;

/// "EMG " in ASCII: says whose file this is.
const APPLICATION_ID: i32 = 0x454D_4720;

/// Every step of the database's form, in order. A released one is never edited.
pub(super) const MIGRATIONS: [&str; 10] = [
    include_str!("../../migrations/0001_register.sql"),
    include_str!("../../migrations/0002_capture.sql"),
    include_str!("../../migrations/0003_home.sql"),
    include_str!("../../migrations/0004_evidence.sql"),
    include_str!("../../migrations/0005_chase.sql"),
    include_str!("../../migrations/0006_delivery.sql"),
    include_str!("../../migrations/0007_deployment.sql"),
    include_str!("../../migrations/0008_report.sql"),
    include_str!("../../migrations/0009_checkpoint.sql"),
    include_str!("../../migrations/0010_restored.sql"),
];

/// The form since which it is kept what tickets name.
const NAMED_SINCE: usize = 7;

/// How long a reader waits for a checkpoint in its way.
const BUSY: Duration = Duration::from_secs(5);

/// How many prepared statements a connection keeps: more than there are.
const STATEMENTS: usize = 192;

/// Why the database can't be opened. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process writes it.
    #[error(
        "{path} is in use by {holder}; stop that process first, or choose another file with --database"
    )]
    Locked {
        /// The file.
        path: PathBuf,
        /// Who holds it, as they said themselves.
        holder: String,
    },
    /// It can't be made or written.
    #[error(
        "{path} can't be written ({reason}); make the file and its folder writable for this user, or choose another with --database"
    )]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why, in the system's words.
        reason: String,
    },
    /// It can't even be looked at.
    #[error("{path} can't be read ({reason}); make the file readable for this user")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why, in the system's words.
        reason: String,
    },
    /// It isn't ours.
    #[error("{path} is not a Breakglass database; choose another file with --database")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It was written by a later version.
    #[error(
        "{path} was written by a newer Breakglass (form {found}, this one knows {known}); run that version, or restore the backup it made"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its form.
        found: usize,
        /// The newest form that we know.
        known: usize,
    },
    /// It is damaged.
    #[error(
        "{path} is damaged ({reason}); keep the file as it is for the auditor, and put the last backup in place with `breakglass restore`"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// `SQLite`'s words.
        reason: String,
    },
    /// It can't be kept as it was before its form changes.
    #[error(
        "{path} is of an older form, and can't be copied before that changes ({reason}); nothing was changed in it"
    )]
    NotKept {
        /// The file.
        path: PathBuf,
        /// Why, in words.
        reason: String,
    },
    /// The linked `SQLite` is too old to be safe.
    #[error(
        "this program was built with SQLite {0}, which can corrupt a database; build it with 3.51.3 or newer"
    )]
    OldSqlite(&'static str),
    /// No thread can be started.
    #[error("the system can't start another thread; raise its limits")]
    NoThread,
    /// `SQLite` said no.
    #[error("{path} can't be opened: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Its words.
        source: rusqlite::Error,
    },
}

/// Returns the newest form of a database that is known.
pub const fn newest_form() -> usize {
    MIGRATIONS.len()
}

/// Returns the version of the linked `SQLite`.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// Returns whether the linked `SQLite` is new enough to be trusted with a file.
pub fn sqlite_is_sound() -> bool {
    rusqlite::version_number() >= SQLITE_AT_LEAST
}

/// The advisory lock of the one process that may write a file. Released when
/// dropped, and by the system when the process dies.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    /// Gives it up in words: a process that somebody begins just now holds the same file
    /// until it runs its own program, and would hold the lock as long.
    fn drop(&mut self) {
        // Whoever ends gives it up anyway.
        let _ = self.file.unlock();
    }
}

impl Lock {
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let unwritable = |error: std::io::Error| OpenError::Unwritable {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let beside = beside(path, "lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(beside)
            .map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // A holder that can't be read is still a holder.
                let _ = file.read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => "another process".to_owned(),
                    named => named.to_owned(),
                };
                return Err(OpenError::Locked {
                    path: path.to_owned(),
                    holder,
                });
            }
            Err(TryLockError::Error(error)) => return Err(unwritable(error)),
        }
        let holder = format!("breakglass, process {}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(holder.as_bytes()))
            .map_err(unwritable)?;
        Ok(Self { file })
    }
}

/// Returns the path of a file that stands beside the database.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// Opens the file for the writer, and brings its form up to date. What it was before is
/// kept in the folder of its backups, or beside it.
pub(super) fn open_for_writing(
    path: &Path,
    backups: Option<&Path>,
) -> Result<Connection, OpenError> {
    if !sqlite_is_sound() {
        return Err(OpenError::OldSqlite(rusqlite::version()));
    }
    // SQLite opens what it can't write as read-only, without a word.
    if let Err(error) = OpenOptions::new().append(true).create(true).open(path) {
        return Err(OpenError::Unwritable {
            path: path.to_owned(),
            reason: error.to_string(),
        });
    }
    let fault = |source| explain(path, source);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(fault)?;
    prepare(&connection).map_err(fault)?;
    // Before anything is written: somebody else's file stays as it is.
    form(&connection, path)?;
    // A checkpoint flushes the file too and keeps whoever waits for a commit
    // waiting: it comes every 32 MB, eight times as rarely as SQLite would have it.
    // The index of the texts is written to all over; 6 MB hold it for a hundred
    // thousand of them. What undoes a job is kept in memory: it is written for every
    // page that a job touches, and hardly ever read.
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA journal_size_limit = 67108864;
             PRAGMA wal_autocheckpoint = 8000;
             PRAGMA secure_delete = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -6144;",
        )
        .map_err(fault)?;
    migrate(&mut connection, path, backups)?;
    // Whoever stopped us in between shall not keep what was taken out.
    let owed: bool = connection
        .query_row("SELECT EXISTS (SELECT 1 FROM erasure)", [], |row| {
            row.get(0)
        })
        .map_err(fault)?;
    if owed {
        scrub(&connection).map_err(fault)?;
    }
    Ok(connection)
}

/// Writes the file anew and empties its write-ahead log, so that no page holds
/// what was taken out: `SQLite` zeroes what it deletes, but leaves copies of what
/// it moved from one page to another.
pub(super) fn scrub(connection: &Connection) -> rusqlite::Result<()> {
    // What is prepared would hold the file open.
    connection.flush_prepared_statement_cache();
    connection.execute_batch("VACUUM")?;
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
            None,
        ));
    }
    connection.execute("DELETE FROM erasure", [])?;
    Ok(())
}

/// Opens the file for a reader, which can't write.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, OpenError> {
    let fault = |source| explain(path, source);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fault)?;
    prepare(&connection).map_err(fault)?;
    // There are several readers, and what one of them needs is soon something else:
    // half of what the writer keeps is enough.
    connection
        .execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -1024;")
        .map_err(fault)?;
    Ok(connection)
}

/// Opens the file to look at it, and leaves no trace: a file whose write-ahead
/// log is there is read through it; one without is taken as it stands, for
/// `SQLite` would make the log's files only to read that they are empty.
pub(super) fn open_for_inspection(path: &Path) -> Result<Connection, OpenError> {
    let fault = |source| explain(path, source);
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = if Path::new(&log).exists() {
        Connection::open_with_flags(path, flags)
    } else {
        let absolute = std::path::absolute(path).map_err(|error| OpenError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let uri = format!("file:{}?immutable=1", percent_encoded(&absolute));
        Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)
    }
    .map_err(fault)?;
    prepare(&connection).map_err(fault)?;
    form(&connection, path)?;
    Ok(connection)
}

/// Opens the file to copy it while others may write it. Where it can't be written, nobody
/// does.
pub(super) fn open_for_copying(path: &Path) -> Result<Connection, OpenError> {
    // The log's files are made if they aren't there, which a reader may not: a bot that
    // starts meanwhile is seen by them. Nothing is written through this connection.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
        prepare(&connection)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    });
    match opened.map_err(|error| explain(path, error)) {
        Err(OpenError::Unwritable { .. }) => open_for_inspection(path),
        opened => opened,
    }
}

/// Opens a copy that nobody else has open, and brings its form up to date. Returns the
/// form that it had before, too.
pub(super) fn bring_up_to_date(path: &Path) -> Result<(Connection, usize), OpenError> {
    let fault = |source| explain(path, source);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(fault)?;
    prepare(&connection).map_err(fault)?;
    let found = form(&connection, path)?;
    if found < MIGRATIONS.len() {
        apply(&mut connection, path, found)?;
    }
    Ok((connection, found))
}

/// Writes a path as it may stand in a URI of `SQLite`'s.
fn percent_encoded(path: &Path) -> String {
    let mut encoded = String::new();
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&hex::encode([byte]));
        }
    }
    encoded
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(
        "PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA mmap_size = 0;
         PRAGMA cache_size = -2048;",
    )
}

pub(super) fn explain(path: &Path, source: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => OpenError::Foreign { path },
        Some(rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::CannotOpen) => {
            OpenError::Unwritable {
                path,
                reason: source.to_string(),
            }
        }
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => OpenError::Damaged {
            path,
            reason: source.to_string(),
        },
        _ => OpenError::Sqlite { path, source },
    }
}

/// Returns the form of a file of ours: how many of the migrations it has seen.
/// An empty file is ours to make.
pub(super) fn form(connection: &Connection, path: &Path) -> Result<usize, OpenError> {
    let fault = |source| explain(path, source);
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let owner = pragma("application_id").map_err(fault)?;
    let n_tables: u32 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(fault)?;
    if owner != APPLICATION_ID && n_tables > 0 {
        return Err(OpenError::Foreign {
            path: path.to_owned(),
        });
    }
    let found = usize::try_from(pragma("user_version").map_err(fault)?).unwrap_or_default();
    if found > MIGRATIONS.len() {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known: MIGRATIONS.len(),
        });
    }
    Ok(found)
}

fn migrate(
    connection: &mut Connection,
    path: &Path,
    backups: Option<&Path>,
) -> Result<(), OpenError> {
    let found = form(connection, path)?;
    if found == MIGRATIONS.len() {
        return Ok(());
    }
    if found > 0 {
        backup::before_migrating(connection, path, backups, found)?;
    }
    apply(connection, path, found)
}

/// Applies the steps that a file hasn't seen.
fn apply(connection: &mut Connection, path: &Path, found: usize) -> Result<(), OpenError> {
    let fault = |source| explain(path, source);
    let steps = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(fault)?;
    for migration in MIGRATIONS.iter().skip(found) {
        steps.execute_batch(migration).map_err(fault)?;
    }
    if found > 0 && found < NAMED_SINCE {
        super::deployments::learn_all(&steps).map_err(|error| OpenError::Damaged {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
    }
    steps
        .execute_batch(&format!(
            "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {};",
            MIGRATIONS.len()
        ))
        .map_err(fault)?;
    steps.commit().map_err(fault)
}
