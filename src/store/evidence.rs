//! What the auditor's pack reads of a moment: changes as their records up to a
//! checkpoint tell them, the log's hashes and leaves, and what people are called.
//! Reads only, and keeps nothing that it shows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, params};

use super::audit::has;
use super::log::decode;
use super::{Moment, StoreError, attachments, checkpoints, deployments, instant, micros, texts};
use crate::domain::change::{EmergencyChange, Recorded};
use crate::domain::id::{ChangeNumber, UserId};
use crate::domain::merkle::Hash;
use crate::domain::policy::PolicyVersion;
use crate::domain::text::{Commitment, Text};

use super::deployments::Emergency;
pub use super::deployments::{CountedChange, LeftOut, Place, Telling};

/// A change as its records up to a checkpoint tell it.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// The change.
    pub change: EmergencyChange,
    /// Its records up to the checkpoint.
    pub history: Vec<Recorded>,
    /// Where each of them stands in the log.
    pub seqs: Vec<u64>,
    /// The change as all of its records tell it: what was taken out of it since has to
    /// be gone from what is told of before.
    pub now: EmergencyChange,
}

impl Moment<'_> {
    /// Returns a change by its records before `size`; nothing if it has none of them.
    pub fn dossier(&self, number: ChangeNumber, size: u64) -> Result<Option<Dossier>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT seq, leaf FROM event WHERE workspace = ?1 AND change = ?2 ORDER BY version",
        )?;
        let mut rows = select.query(params![self.workspace.as_str(), number.0])?;
        let (mut seqs, mut history, mut later) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(row) = rows.next()? {
            let seq: u64 = row.get(0)?;
            let leaf = row.get_ref(1)?.as_bytes().unwrap_or_default();
            let recorded = decode(leaf).ok_or(StoreError::Corrupt("an event"))?;
            if seq < size {
                seqs.push(seq);
                history.push(recorded);
            } else {
                later.push(recorded);
            }
        }
        if history.is_empty() {
            return Ok(None);
        }
        let corrupt = || StoreError::Corrupt("a change's history");
        let change = EmergencyChange::replay(number, &history).ok_or_else(corrupt)?;
        let mut now = change.clone();
        for recorded in &later {
            now.apply(recorded);
        }
        Ok(Some(Dossier {
            change,
            history,
            seqs,
            now,
        }))
    }

    /// Returns the changes that may have been deployed in a time, or asked for in it and
    /// never deployed, by their records before `size`. What was recorded since may have
    /// moved others out of it: all that has such records is among them.
    pub fn changes_about(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        size: u64,
    ) -> Result<Vec<ChangeNumber>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT number FROM change
                 WHERE workspace = ?1 AND (deployed_at >= ?2 AND deployed_at < ?3
                     OR deployed_at IS NULL AND requested_at >= ?2 AND requested_at < ?3)
                 UNION
                 SELECT change FROM event
                 WHERE workspace = ?1 AND seq >= ?4 AND change IS NOT NULL
                 ORDER BY 1",
            )?
            .query_map(
                params![self.workspace.as_str(), micros(from), micros(to), size],
                |row| Ok(ChangeNumber(row.get(0)?)),
            )?
            .map(|number| Ok(number?))
            .collect()
    }

    /// Returns the first of the records before `size` that didn't happen before a time, by
    /// their own words; `size` if all did.
    pub fn first_since(&self, from: DateTime<Utc>, size: u64) -> Result<u64, StoreError> {
        let mut select = self.connection.prepare(
            "SELECT seq, leaf FROM event WHERE workspace = ?1 AND seq < ?2 ORDER BY seq",
        )?;
        let mut rows = select.query(params![self.workspace.as_str(), size])?;
        while let Some(row) = rows.next()? {
            let leaf = row.get_ref(1)?.as_bytes().unwrap_or_default();
            let at = happened_at(leaf).ok_or(StoreError::Corrupt("an event"))?;
            if from <= at {
                return Ok(row.get(0)?);
            }
        }
        Ok(size)
    }

    /// Returns the records before `first` of the changes that have others from there on,
    /// up to `size`.
    pub fn begun_before(&self, first: u64, size: u64) -> Result<Vec<u64>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT seq FROM event WHERE workspace = ?1 AND seq < ?2 AND change IN (
                     SELECT change FROM event
                     WHERE workspace = ?1 AND seq >= ?2 AND seq < ?3 AND change IS NOT NULL)",
            )?
            .query_map(params![self.workspace.as_str(), first, size], |row| {
                row.get(0)
            })?
            .map(|seq| Ok(seq?))
            .collect()
    }

    /// Shows the hashes of the first `size` leaves, in their order.
    pub fn leaf_hashes(&self, size: u64, mut see: impl FnMut(Hash)) -> Result<(), StoreError> {
        let mut select = self.connection.prepare(
            "SELECT leaf_hash FROM event WHERE workspace = ?1 AND seq < ?2 ORDER BY seq",
        )?;
        let mut rows = select.query(params![self.workspace.as_str(), size])?;
        while let Some(row) = rows.next()? {
            see(row.get(0)?);
        }
        Ok(())
    }

    /// Returns a leaf's bytes.
    pub fn leaf(&self, seq: u64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT leaf FROM event WHERE workspace = ?1 AND seq = ?2")?
            .query_row(params![self.workspace.as_str(), seq], |row| row.get(0))
            .optional()?)
    }

    /// Returns the records before `size` that name the log's keys.
    pub fn key_records(&self, size: u64) -> Result<Vec<u64>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT seq FROM log_key WHERE workspace = ?1 AND seq < ?2 ORDER BY seq",
            )?
            .query_map(params![self.workspace.as_str(), size], |row| row.get(0))?
            .map(|seq| Ok(seq?))
            .collect()
    }

    /// Returns the records before `size` that adopted a policy.
    pub fn policy_records(&self, size: u64) -> Result<Vec<u64>, StoreError> {
        let mut found = Vec::new();
        let mut select = self.connection.prepare_cached(
            "SELECT seq, leaf FROM event
             WHERE workspace = ?1 AND change IS NULL AND seq < ?2 ORDER BY seq",
        )?;
        let mut rows = select.query(params![self.workspace.as_str(), size])?;
        while let Some(row) = rows.next()? {
            let leaf = row.get_ref(1)?.as_bytes().unwrap_or_default();
            if has(leaf, b"\"type\":\"policy_adopted\"") {
                found.push(row.get(0)?);
            }
        }
        Ok(found)
    }

    /// Returns a text of people's; nothing if it was taken out.
    pub fn text(&self, commitment: Commitment) -> Result<Option<Text>, StoreError> {
        texts::find(self.connection, self.workspace, commitment)
    }

    /// Returns the bytes of an attached file; nothing if they aren't kept.
    pub fn attachment(&self, sha256: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        attachments::find(self.connection, self.workspace, sha256)
    }

    /// Returns what the people that the bot has met are called.
    pub fn names(&self) -> Result<BTreeMap<UserId, String>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT id, name FROM person WHERE workspace = ?1 AND name IS NOT NULL",
            )?
            .query_map([self.workspace.as_str()], |row| {
                Ok((UserId::new(row.get::<_, String>(0)?), row.get(1)?))
            })?
            .map(|row| Ok(row?))
            .collect()
    }

    /// Returns when a version of the policy was adopted.
    pub fn adopted_at(&self, version: PolicyVersion) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT adopted_at FROM policy WHERE workspace = ?1 AND version = ?2")?
            .query_row(params![self.workspace.as_str(), version.0], |row| {
                row.get(0).map(instant)
            })
            .optional()?)
    }

    /// Returns some of the changes that count in a time by what was told before `size`,
    /// in order of time, after a place; the next place is behind the last of them.
    pub fn counted_changes(
        &self,
        place: &Place,
        to: DateTime<Utc>,
        size: u64,
    ) -> Result<(Vec<CountedChange>, Option<Place>), StoreError> {
        deployments::counted_changes(self.connection, self.workspace, place, to, size)
    }

    /// Returns the first intake that told of the changes that count in a time; nothing if
    /// none does.
    pub fn first_intake_of(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        size: u64,
    ) -> Result<Option<u64>, StoreError> {
        deployments::first_intake_of(self.connection, self.workspace, from, to, size)
    }

    /// Whether anything was told since the log had `size` records.
    pub fn is_told_since(&self, size: u64) -> Result<bool, StoreError> {
        deployments::is_told_since(self.connection, self.workspace, size)
    }

    /// Whether nothing happened since the log had `size` records but that somebody was
    /// shown how it stands.
    pub fn is_newest(&self, size: u64) -> Result<bool, StoreError> {
        Ok(!checkpoints::has_news_since(
            self.connection,
            self.workspace,
            size,
        )?)
    }

    /// Returns what sources told of before `size` as deployed in a time and what isn't
    /// counted by itself, in order of time.
    pub fn left_out(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        size: u64,
    ) -> Result<Vec<LeftOut>, StoreError> {
        deployments::left_out(self.connection, self.workspace, from, to, size)
    }

    /// Returns the emergencies that went to production in a time by their records before
    /// `size`, judged as of then, the first first.
    pub fn emergencies_known(
        &self,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        size: u64,
        then: DateTime<Utc>,
    ) -> Result<Vec<Emergency>, StoreError> {
        let mut found = Vec::new();
        for number in self.changes_about(from, to, size)? {
            if let Some(dossier) = self.dossier(number, size)? {
                found.extend(deployments::emergency(&dossier.change, then));
            }
        }
        found.retain(|one| (from..to).contains(&one.deployed_at));
        found.sort_by_key(|one| (one.deployed_at, one.number));
        Ok(found)
    }

    /// Shows the hash of each telling of the intakes from `first` up to `end`, in the
    /// order in which their leaves hash them.
    pub fn telling_hashes(
        &self,
        first: u64,
        end: u64,
        see: impl FnMut(Hash),
    ) -> Result<(), StoreError> {
        deployments::telling_hashes(self.connection, self.workspace, first, end, see)
    }
}

/// Reads the leaf of a change's event; nothing if it is none.
pub fn recorded(leaf: &[u8]) -> Option<Recorded> {
    decode(leaf)
}

/// Returns when a leaf says that it happened, without reading the rest of it.
fn happened_at(leaf: &[u8]) -> Option<DateTime<Utc>> {
    const NAME: &[u8] = b"\"at\":\"";
    let from = leaf.windows(NAME.len()).position(|part| part == NAME)? + NAME.len();
    let rest = leaf.get(from..)?;
    let length = rest.iter().position(|byte| *byte == b'"')?;
    let said = std::str::from_utf8(rest.get(..length)?).ok()?;
    Some(DateTime::parse_from_rfc3339(said).ok()?.to_utc())
}
