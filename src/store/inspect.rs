//! What a look at a database tells: whether it is sound, and what it could not
//! send. Takes no lock, writes nothing, and may be done beside a running bot.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::outbox::STUCK;
use super::{
    Halt, OpenError, Reading, Shut, StoreError, checkpoints, deployments, file, instant, outbox,
    showings,
};
use crate::domain::deployment::SourceName;
use crate::domain::id::{ChangeNumber, ChannelId, WorkspaceId};

/// How many messages are described; the rest is only counted.
const SHOWN: usize = 10;

/// What a database looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// How many migrations the file has seen.
    pub form: usize,
    /// How many this program knows; the next `serve` applies the others.
    pub known: usize,
    /// What `SQLite`'s own check found first, if anything.
    pub fault: Option<String>,
    /// The registers in it; none in a file that is still empty or is damaged.
    pub registers: Vec<Register>,
}

/// The register of one workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// How many records the log has, or the first thing that is wrong with it.
    pub records: Result<u64, String>,
    /// How many changes there are.
    pub n_changes: u64,
    /// How many messages were given up or fail again and again.
    pub n_unsent: u64,
    /// The newest of those.
    pub unsent: Vec<Unsent>,
    /// Why nothing at all is sent, if nothing is.
    pub halt: Option<Halt>,
    /// The channels that Slack lets nothing into.
    pub shut: Vec<(ChannelId, Shut)>,
    /// How often the machine's clock jumped.
    pub n_clock_steps: u64,
    /// When it did last, and by how much.
    pub clock_step: Option<(DateTime<Utc>, TimeDelta)>,
    /// The key that signs the log, as it is written for verifiers; none was made yet,
    /// without it.
    pub key: Option<String>,
    /// How many records the newest checkpoint is over, and when it was made.
    pub checkpoint: Option<(u64, DateTime<Utc>)>,
    /// What an address or a report is still to have of the log, and doesn't take: how
    /// many checkpoints, and what stands in the way.
    pub unshown: Option<(u64, String)>,
    /// When each source of changes was heard from last.
    pub heard: BTreeMap<SourceName, DateTime<Utc>>,
    /// What is asked of polled sources, and how that goes.
    pub readings: Vec<Reading>,
}

/// A message that Slack doesn't have and should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    /// Its key.
    pub key: String,
    /// What kind of message it is.
    pub kind: String,
    /// The change that it is about.
    pub change: Option<ChangeNumber>,
    /// How often it was tried.
    pub attempts: u32,
    /// Whether it was given up; it is tried again otherwise.
    pub given_up: bool,
    /// What Slack said last.
    pub error: String,
}

/// Looks at a database; `None` where there is none.
pub fn inspect(path: &Path) -> Result<Option<Inspection>, OpenError> {
    read(path, look)
}

/// Returns the workspaces whose registers stand in a database; none where there is
/// no database, or an empty one.
pub fn workspaces(path: &Path) -> Result<Vec<WorkspaceId>, OpenError> {
    let found = read(path, |connection, form| match form {
        0 => Ok(Vec::new()),
        form if form < file::MIGRATIONS.len() => heads(connection),
        _ => Ok(super::moment::workspaces(connection)?.into_iter().collect()),
    })?;
    Ok(found.unwrap_or_default())
}

/// Reads a database, of which the form is told; `None` where there is none.
fn read<T>(
    path: &Path,
    read: impl FnOnce(&Connection, usize) -> Result<T, StoreError>,
) -> Result<Option<T>, OpenError> {
    match std::fs::File::open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(OpenError::Unreadable {
                path: path.to_owned(),
                reason: error.to_string(),
            });
        }
    }
    let connection = file::open_for_inspection(path)?;
    let found = file::form(&connection, path)?;
    match read(&connection, found) {
        Ok(read) => Ok(Some(read)),
        Err(StoreError::Sqlite(source)) => Err(file::explain(path, source)),
        Err(error) => Err(OpenError::Damaged {
            path: path.to_owned(),
            reason: error.to_string(),
        }),
    }
}

fn heads(connection: &Connection) -> Result<Vec<WorkspaceId>, StoreError> {
    connection
        .prepare("SELECT workspace FROM head ORDER BY workspace")?
        .query_map([], |row| row.get::<_, String>(0))?
        .map(|workspace| Ok(WorkspaceId::new(workspace?)))
        .collect()
}

fn look(connection: &Connection, form: usize) -> Result<Inspection, StoreError> {
    // One read transaction, so that log and register are of one moment.
    let moment = connection.unchecked_transaction()?;
    let checked: String = moment.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    let fault = Some(checked).filter(|said| said != "ok");
    let known = file::MIGRATIONS.len();
    let mut registers = Vec::new();
    if fault.is_none() && form == known {
        for workspace in heads(&moment)? {
            registers.push(register(&moment, workspace)?);
        }
    }
    Ok(Inspection {
        form,
        known,
        fault,
        registers,
    })
}

fn register(connection: &Connection, workspace: WorkspaceId) -> Result<Register, StoreError> {
    let records = match super::verify(connection, &workspace) {
        Ok(records) => records,
        Err(StoreError::Corrupt(what)) => Err(format!("{what} can't be read")),
        Err(error) => return Err(error),
    };
    let n_changes = connection.query_row(
        "SELECT count(*) FROM change WHERE workspace = ?1",
        [workspace.as_str()],
        |row| row.get(0),
    )?;
    let mut statement = connection.prepare(
        "SELECT key, kind, change, attempts, state = 'failed', coalesce(error, '')
         FROM outbox
         WHERE workspace = ?1 AND (state = 'failed'
                OR state IN ('owed', 'claimed') AND attempts >= ?2)
         ORDER BY id DESC",
    )?;
    let mut rows = statement.query(rusqlite::params![workspace.as_str(), STUCK])?;
    let mut unsent = Vec::new();
    let mut n_unsent = 0;
    while let Some(row) = rows.next()? {
        n_unsent += 1;
        if unsent.len() < SHOWN {
            unsent.push(Unsent {
                key: row.get(0)?,
                kind: row.get(1)?,
                change: row.get::<_, Option<u64>>(2)?.map(ChangeNumber),
                attempts: row.get(3)?,
                given_up: row.get(4)?,
                error: row.get(5)?,
            });
        }
    }
    let halt = outbox::halted(connection, &workspace)?;
    let shut = connection
        .prepare("SELECT channel, reason, since FROM shut WHERE workspace = ?1 ORDER BY since")?
        .query_map([workspace.as_str()], |row| {
            let shut = Shut {
                reason: row.get(1)?,
                since: instant(row.get(2)?),
            };
            Ok((ChannelId::new(row.get::<_, String>(0)?), shut))
        })?
        .collect::<Result<_, _>>()?;
    let n_clock_steps = connection.query_row(
        "SELECT count(*) FROM clock_step WHERE workspace = ?1",
        [workspace.as_str()],
        |row| row.get(0),
    )?;
    let clock_step = connection
        .query_row(
            "SELECT seen_at, by_micros FROM clock_step WHERE workspace = ?1
             ORDER BY id DESC LIMIT 1",
            [workspace.as_str()],
            |row| {
                let by = TimeDelta::microseconds(row.get(1)?);
                Ok((instant(row.get(0)?), by))
            },
        )
        .optional()?;
    let heard = deployments::last_heard(connection, &workspace, DateTime::<Utc>::MAX_UTC)?;
    let newest = checkpoints::newest(connection, &workspace)?;
    Ok(Register {
        key: checkpoints::key(connection, &workspace)?,
        checkpoint: newest.map(|one| (one.size, one.made_at)),
        unshown: showings::stuck(connection, &workspace)?,
        records,
        n_changes,
        n_unsent,
        unsent,
        halt,
        shut,
        n_clock_steps,
        clock_step,
        heard,
        readings: deployments::readings(connection, &workspace)?,
        workspace,
    })
}
