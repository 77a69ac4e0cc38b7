//! Checkpoints of the log, as whole transactions: made when there is news, never
//! altered, and shown to others. Signs nothing itself: whoever asks for a checkpoint
//! brings what signs it.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::log::{self, Appender, HouseEvent, decode_house_event};
use super::writer::Urgency;
use super::{Moment, Store, StoreError, instant, micros, showings};
use crate::domain::id::{ChangeNumber, WorkspaceId};
use crate::domain::merkle::Hash;
use crate::domain::named;

/// How long after a checkpoint the next one is made, if there is news.
pub(super) const EVERY: TimeDelta = TimeDelta::hours(1);

named! {
    /// Who keeps a checkpoint beside us.
    pub enum Witness {
        /// Whoever reads the channel of the weekly report, which has it as a file.
        Report = "report",
        /// Whoever answers at the configured address.
        Address = "address",
    }
}

/// A checkpoint as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number; the first is 1.
    pub n: u64,
    /// How many records the log had.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// When it was made, by our clock.
    pub made_at: DateTime<Utc>,
    /// The signed note, whole.
    pub note: String,
}

/// A key taking over the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandOver {
    /// The first one.
    First {
        /// It, as it is written for verifiers.
        key: String,
    },
    /// One after another.
    Next {
        /// The one so far.
        from: String,
        /// The new one.
        to: String,
        /// The new one's name, signed by the one so far; nothing if that is lost.
        note: Option<String>,
    },
}

/// What signs: given the log's size and its root, it returns the note.
type Sign<'s> = &'s dyn Fn(u64, Hash) -> Option<String>;

const COLUMNS: &str = "n, size, root, made_at, note";

fn read(row: &Row<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept {
        n: row.get(0)?,
        size: row.get(1)?,
        root: row.get(2)?,
        made_at: instant(row.get(3)?),
        note: row.get(4)?,
    })
}

impl Store {
    /// Returns the checkpoint of all that is news, and makes it if it isn't made yet;
    /// nothing where there is neither a checkpoint nor anything to make one of. Where
    /// an address is to have a copy, that is owed in the same transaction.
    pub async fn checkpoint<F>(
        &self,
        sign: F,
        to_address: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<Kept>, StoreError>
    where
        F: Fn(u64, Hash) -> Option<String> + Send + 'static,
    {
        self.write(Urgency::Later, move |connection, workspace| {
            if has_news(connection, workspace)? {
                make(connection, workspace, &sign, to_address, now)?;
            }
            newest(connection, workspace)
        })
        .await
    }

    /// Hands the log over to a key: a last checkpoint by the one so far, the fact, and
    /// a first checkpoint by the new one, at once.
    pub async fn hand_over<B, A>(
        &self,
        hand_over: HandOver,
        before: B,
        after: A,
        to_address: bool,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>
    where
        B: Fn(u64, Hash) -> Option<String> + Send + 'static,
        A: Fn(u64, Hash) -> Option<String> + Send + 'static,
    {
        self.write(Urgency::Later, move |connection, workspace| {
            let (event, key) = match hand_over {
                HandOver::First { key } => (HouseEvent::KeyAdopted { key: key.clone() }, key),
                HandOver::Next { from, to, note } => {
                    // A lost key signs nothing any more.
                    if note.is_some() {
                        make(connection, workspace, &before, to_address, now)?;
                    }
                    let key = to.clone();
                    (HouseEvent::KeyRotated { from, to, note }, key)
                }
            };
            let mut log = Appender::begin(connection, workspace)?;
            let seq = log.next();
            connection
                .prepare_cached("INSERT INTO log_key (workspace, seq, key) VALUES (?1, ?2, ?3)")?
                .execute(params![workspace.as_str(), seq, key])?;
            log.append_house_event(now, &event)?;
            log.save()?;
            make(connection, workspace, &after, to_address, now)
        })
        .await
    }

    /// Returns the key by which checkpoints are signed now, as it is written for
    /// verifiers.
    pub async fn log_key(&self) -> Result<Option<String>, StoreError> {
        self.read(key).await
    }

    /// Returns when the next checkpoint is due; nothing while there is no news.
    pub async fn checkpoint_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.read(next_at).await
    }

    /// Returns the first checkpoint that holds an event of a change.
    pub async fn checkpoint_over(
        &self,
        change: ChangeNumber,
        version: u64,
    ) -> Result<Option<Kept>, StoreError> {
        self.read(move |connection, workspace| over(connection, workspace, change, version))
            .await
    }

    /// Returns the newest checkpoint of a time.
    pub async fn checkpoint_of(&self, at: DateTime<Utc>) -> Result<Option<Kept>, StoreError> {
        self.read(move |connection, workspace| of_time(connection, workspace, at))
            .await
    }
}

impl Moment<'_> {
    /// Returns every checkpoint, the first first.
    pub fn checkpoints(&self) -> Result<Vec<Kept>, StoreError> {
        self.connection
            .prepare(&format!(
                "SELECT {COLUMNS} FROM checkpoint WHERE workspace = ?1 ORDER BY n"
            ))?
            .query_map([self.workspace.as_str()], read)?
            .map(|row| Ok(row?))
            .collect()
    }

    /// Returns the key by which checkpoints are signed now, as it is written for
    /// verifiers.
    pub fn log_key(&self) -> Result<Option<String>, StoreError> {
        key(self.connection, self.workspace)
    }
}

pub(super) fn newest(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<Kept>, StoreError> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM checkpoint WHERE workspace = ?1 ORDER BY n DESC LIMIT 1"
        ))?
        .query_row([workspace.as_str()], read)
        .optional()?)
}

/// The newest checkpoint of a time.
pub(super) fn of_time(
    connection: &Connection,
    workspace: &WorkspaceId,
    at: DateTime<Utc>,
) -> Result<Option<Kept>, StoreError> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM checkpoint WHERE workspace = ?1 AND made_at <= ?2
             ORDER BY made_at DESC, n DESC LIMIT 1"
        ))?
        .query_row(params![workspace.as_str(), micros(at)], read)
        .optional()?)
}

/// The first checkpoint that holds an event of a change.
pub(super) fn over(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: ChangeNumber,
    version: u64,
) -> Result<Option<Kept>, StoreError> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM checkpoint
             WHERE workspace = ?1 AND size > (SELECT seq FROM event
                 WHERE workspace = ?1 AND change = ?2 AND version = ?3)
             ORDER BY size LIMIT 1"
        ))?
        .query_row(params![workspace.as_str(), change.0, version], read)
        .optional()?)
}

/// The checkpoint of a number.
pub(super) fn find(
    connection: &Connection,
    workspace: &WorkspaceId,
    n: u64,
) -> Result<Option<Kept>, StoreError> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM checkpoint WHERE workspace = ?1 AND n = ?2"
        ))?
        .query_row(params![workspace.as_str(), n], read)
        .optional()?)
}

/// Makes a checkpoint of the log as it is; of a size that has one, none.
fn make(
    connection: &Connection,
    workspace: &WorkspaceId,
    sign: Sign<'_>,
    to_address: bool,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let head = log::frontier(connection, workspace)?;
    let last = newest(connection, workspace)?;
    if head.size() == 0 || last.as_ref().is_some_and(|last| last.size >= head.size()) {
        return Ok(());
    }
    let root = head.root();
    let note = sign(head.size(), root).ok_or(StoreError::Corrupt("the log's name"))?;
    let n = last.map_or(1, |last| last.n + 1);
    connection
        .prepare_cached(
            "INSERT INTO checkpoint (workspace, n, size, root, made_at, note)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            workspace.as_str(),
            n,
            head.size(),
            root,
            micros(now),
            note
        ])?;
    if to_address {
        showings::owe(connection, workspace, n, None, now)?;
    }
    Ok(())
}

/// Whether something happened since the newest checkpoint. That it was shown is a fact
/// of the log, too, and no reason for another one.
fn has_news(connection: &Connection, workspace: &WorkspaceId) -> Result<bool, StoreError> {
    let covered = newest(connection, workspace)?.map_or(0, |last| last.size);
    has_news_since(connection, workspace, covered)
}

/// The same since the log had `size` records.
pub(super) fn has_news_since(
    connection: &Connection,
    workspace: &WorkspaceId,
    size: u64,
) -> Result<bool, StoreError> {
    let mut since = connection.prepare_cached(
        "SELECT change IS NULL, leaf FROM event WHERE workspace = ?1 AND seq >= ?2 ORDER BY seq",
    )?;
    let mut since = since.query(params![workspace.as_str(), size])?;
    while let Some(row) = since.next()? {
        let is_of_the_house: bool = row.get(0)?;
        if !is_of_the_house {
            return Ok(true);
        }
        let leaf: Vec<u8> = row.get(1)?;
        match decode_house_event(&leaf) {
            Some(HouseEvent::CheckpointShown { .. }) => {}
            Some(
                HouseEvent::PolicyAdopted { .. }
                | HouseEvent::DeploymentsTakenIn { .. }
                | HouseEvent::QuestionAnswered { .. }
                | HouseEvent::KeyAdopted { .. }
                | HouseEvent::KeyRotated { .. }
                | HouseEvent::PackDelivered { .. },
            )
            | None => return Ok(true),
        }
    }
    Ok(false)
}

fn next_at(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    if !has_news(connection, workspace)? {
        return Ok(None);
    }
    Ok(Some(
        newest(connection, workspace)?.map_or(DateTime::UNIX_EPOCH, |last| last.made_at + EVERY),
    ))
}

/// The key that the log was handed over to last.
pub(super) fn key(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT key FROM log_key WHERE workspace = ?1 ORDER BY seq DESC LIMIT 1")?
        .query_row([workspace.as_str()], |row| row.get(0))
        .optional()?)
}
