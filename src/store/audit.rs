//! What a verifier reads of a file: the log's records as they stand, and whether what
//! is derived from them is what they say. Judges no signature and writes nothing.

use std::fmt;
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;

use super::log::{HouseEvent, decode, decode_house_event};
use super::register::{self, Row};
use super::{Moment, StoreError, attachments, deployments, quotes};
use crate::domain::change::{EmergencyChange, Recorded};
use crate::domain::id::{ChangeNumber, WorkspaceId};
use crate::domain::merkle::Hash;

/// A record of the log as it stands in its row, whatever is true of it.
#[derive(Debug, Clone, Copy)]
pub struct Record<'r> {
    /// Its place; the first is 0.
    pub seq: u64,
    /// The change that it stands with.
    pub change: Option<u64>,
    /// Its place among the records of that change; the first is 1.
    pub version: Option<u64>,
    /// Its bytes.
    pub leaf: &'r [u8],
    /// What stands beside it as its hash.
    pub leaf_hash: &'r [u8],
}

/// What a record says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LeafHead {
    /// The version of its form.
    pub v: u64,
    /// Whose log it was written to.
    pub workspace: String,
    /// Its place there.
    pub seq: u64,
    /// The change that it belongs to.
    pub change: Option<u64>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: String,
}

/// What a record says of keys and checkpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HouseFact {
    /// The log's first key, as it is written for verifiers.
    KeyAdopted {
        /// The key.
        key: String,
    },
    /// One key took the place of another.
    KeyRotated {
        /// The one before.
        from: String,
        /// The one after.
        to: String,
        /// The hand-over, signed by the one before.
        note: Option<String>,
    },
    /// A checkpoint was shown to somebody else.
    CheckpointShown {
        /// How large the log was.
        size: u64,
        /// The root over it.
        root: Hash,
        /// Where it was shown.
        place: String,
    },
}

/// The end of the log as it is kept beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number of records.
    pub size: u64,
    /// The roots of the full subtrees, from large to small, one behind the other.
    pub peaks: Vec<u8>,
}

/// Something derived that isn't what the log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit {
    /// The records of a change can't be read, or make no change.
    Unreadable {
        /// Which change.
        change: ChangeNumber,
    },
    /// The register says something else of a change than its records.
    Register {
        /// Which change.
        change: ChangeNumber,
        /// What of it, in words.
        what: &'static str,
    },
    /// The register lacks a change of which there are records.
    NotInRegister {
        /// Which change.
        change: ChangeNumber,
    },
    /// The register has a change of which there is no record.
    NotInLog {
        /// Which change.
        change: ChangeNumber,
    },
    /// The kept files of a change aren't those that its records name.
    Files {
        /// Which change.
        change: ChangeNumber,
    },
    /// The kept messages of a change aren't those that its records name.
    Messages {
        /// Which change.
        change: ChangeNumber,
    },
    /// The words of a change aren't those that its records commit to.
    Words {
        /// Which change.
        change: ChangeNumber,
    },
    /// A policy isn't the one that was adopted.
    Policy {
        /// Which version.
        version: u64,
    },
    /// What sources told isn't what was taken in, in words.
    Sources(String),
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { change } => write!(f, "the records of {change} can't be read"),
            Self::Register { change, what } => write!(
                f,
                "{change} isn't what its records say: the register has another {what}"
            ),
            Self::NotInRegister { change } => {
                write!(
                    f,
                    "{change} is missing from the register; its records are there"
                )
            }
            Self::NotInLog { change } => {
                write!(
                    f,
                    "{change} stands in the register, and no record speaks of it"
                )
            }
            Self::Files { change } => {
                write!(
                    f,
                    "the files of {change} aren't those that its records name"
                )
            }
            Self::Messages { change } => write!(
                f,
                "the messages of {change} aren't those that its records name"
            ),
            Self::Words { change } => write!(
                f,
                "the words of {change} aren't those that its records commit to"
            ),
            Self::Policy { version } => {
                write!(
                    f,
                    "version {version} of the policy isn't the one that was adopted"
                )
            }
            Self::Sources(fault) => f.write_str(fault),
        }
    }
}

impl Misfit {
    /// Returns the change that it is about.
    pub fn change(&self) -> Option<ChangeNumber> {
        match self {
            Self::Unreadable { change }
            | Self::Register { change, .. }
            | Self::NotInRegister { change }
            | Self::NotInLog { change }
            | Self::Files { change }
            | Self::Messages { change }
            | Self::Words { change } => Some(*change),
            Self::Policy { .. } | Self::Sources(_) => None,
        }
    }
}

impl Record<'_> {
    /// Returns what the record says of itself; nothing if it is no record of ours.
    pub fn head(&self) -> Option<LeafHead> {
        serde_json::from_slice(self.leaf).ok()
    }

    /// Whether its form is one that is known, of a version that is.
    pub fn is_known(&self) -> bool {
        decode(self.leaf).is_some() || decode_house_event(self.leaf).is_some()
    }

    /// Returns what it says of keys and checkpoints, if it does.
    pub fn house_fact(&self) -> Option<HouseFact> {
        match decode_house_event(self.leaf)? {
            HouseEvent::KeyAdopted { key } => Some(HouseFact::KeyAdopted { key }),
            HouseEvent::KeyRotated { from, to, note } => {
                Some(HouseFact::KeyRotated { from, to, note })
            }
            HouseEvent::CheckpointShown {
                size, root, place, ..
            } => Some(HouseFact::CheckpointShown { size, root, place }),
            HouseEvent::PolicyAdopted { .. }
            | HouseEvent::DeploymentsTakenIn { .. }
            | HouseEvent::QuestionAnswered { .. }
            | HouseEvent::PackDelivered { .. } => None,
        }
    }
}

impl Moment<'_> {
    /// Returns whose moment it is.
    pub fn workspace(&self) -> &WorkspaceId {
        self.workspace
    }

    /// Shows the records from `from` on in their order, until told to stop. None is
    /// kept.
    pub fn records(
        &self,
        from: u64,
        mut see: impl FnMut(Record<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut select = self.connection.prepare(
            "SELECT seq, change, version, leaf, leaf_hash FROM event
             WHERE workspace = ?1 AND seq >= ?2 ORDER BY seq",
        )?;
        let mut rows = select.query(rusqlite::params![self.workspace.as_str(), from])?;
        while let Some(row) = rows.next()? {
            let bytes = |column| row.get_ref(column).map(|value| value.as_bytes());
            let record = Record {
                seq: row.get(0)?,
                change: row.get(1)?,
                version: row.get(2)?,
                leaf: bytes(3)?.unwrap_or_default(),
                leaf_hash: bytes(4)?.unwrap_or_default(),
            };
            if see(record).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Returns the end of the log as it is kept beside it.
    pub fn head(&self) -> Result<Option<Head>, StoreError> {
        Ok(self
            .connection
            .prepare("SELECT size, peaks FROM head WHERE workspace = ?1")?
            .query_row([self.workspace.as_str()], |row| {
                Ok(Head {
                    size: row.get(0)?,
                    peaks: row.get(1)?,
                })
            })
            .optional()?)
    }

    /// Rebuilds all that is derived from the log, and returns the first of it that is
    /// something else.
    pub fn misfit(&self) -> Result<Option<Misfit>, StoreError> {
        misfit(self.connection, self.workspace)
    }
}

/// Rebuilds all that is derived from the log, change after change, and returns the
/// first that is something else.
pub(super) fn misfit(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<Misfit>, StoreError> {
    let mut select = connection.prepare(register::ROWS)?;
    let mut rows = register::rows(&mut select, workspace)?;
    let mut select = connection.prepare(
        "SELECT change, leaf FROM event
         WHERE workspace = ?1 AND change IS NOT NULL ORDER BY change, version",
    )?;
    let mut leaves = select.query([workspace.as_str()])?;
    // The records of the change that is read: none of them are kept when it is over.
    let mut gathered: Option<(ChangeNumber, Option<Vec<Recorded>>)> = None;
    loop {
        let next = match leaves.next()? {
            Some(row) => Some((ChangeNumber(row.get(0)?), row.get::<_, Vec<u8>>(1)?)),
            None => None,
        };
        let goes_on = gathered.as_ref().map(|(number, _)| *number)
            == next.as_ref().map(|(number, _)| *number);
        let over = if goes_on { None } else { gathered.take() };
        if let Some((number, history)) = over {
            let row = rows.next().transpose()?;
            let found = judge(connection, workspace, number, history.as_deref(), row)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        let Some((number, leaf)) = next else {
            break;
        };
        let (_, history) = gathered.get_or_insert_with(|| (number, Some(Vec::new())));
        match (decode(&leaf), history.as_mut()) {
            (Some(recorded), Some(history)) => history.push(recorded),
            (None, _) => *history = None,
            (Some(_), None) => {}
        }
    }
    if let Some(row) = rows.next().transpose()? {
        return Ok(Some(Misfit::NotInLog { change: row.number }));
    }
    if let Some(version) = other_policy(connection, workspace)? {
        return Ok(Some(Misfit::Policy { version }));
    }
    Ok(deployments::check(connection, workspace)?.map(Misfit::Sources))
}

/// Holds what is derived of one change against its records.
fn judge(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    history: Option<&[Recorded]>,
    row: Option<Row>,
) -> Result<Option<Misfit>, StoreError> {
    let replayed = history.and_then(|history| {
        EmergencyChange::replay(number, history).map(|change| (change, history))
    });
    let Some((change, history)) = replayed else {
        return Ok(Some(Misfit::Unreadable { change: number }));
    };
    let Some(row) = row else {
        return Ok(Some(Misfit::NotInRegister { change: number }));
    };
    if row.number < number {
        return Ok(Some(Misfit::NotInLog { change: row.number }));
    }
    if row.number > number {
        return Ok(Some(Misfit::NotInRegister { change: number }));
    }
    if let Some(what) = row.differs_in(&Row::of(&change)) {
        return Ok(Some(Misfit::Register {
            change: number,
            what,
        }));
    }
    if !attachments::fit(connection, workspace, &change)? {
        return Ok(Some(Misfit::Files { change: number }));
    }
    if !quotes::fit(connection, workspace, number, history)? {
        return Ok(Some(Misfit::Messages { change: number }));
    }
    if !super::texts::fit(connection, workspace, &change)? {
        return Ok(Some(Misfit::Words { change: number }));
    }
    Ok(None)
}

/// Returns the first policy whose row isn't what its record says, or for which there
/// is only one of the two.
fn other_policy(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<u64>, StoreError> {
    let mut kept: std::collections::BTreeMap<u64, Vec<u8>> = connection
        .prepare("SELECT version, bytes FROM policy WHERE workspace = ?1")?
        .query_map([workspace.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut leaves = connection
        .prepare("SELECT leaf FROM event WHERE workspace = ?1 AND change IS NULL ORDER BY seq")?;
    let mut leaves = leaves.query([workspace.as_str()])?;
    while let Some(row) = leaves.next()? {
        let leaf = row.get_ref(0)?.as_bytes().unwrap_or_default();
        // Most records of the house are of sources, and there may be many.
        if !has(leaf, b"\"type\":\"policy_adopted\"") {
            continue;
        }
        if let Some(HouseEvent::PolicyAdopted { version, bytes }) = decode_house_event(leaf)
            && kept.remove(&version).as_deref() != Some(bytes.as_bytes())
        {
            return Ok(Some(version));
        }
    }
    Ok(kept.into_keys().next())
}

/// Whether some bytes stand in others.
pub(super) fn has(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
