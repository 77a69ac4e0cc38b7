//! Whether what sources told, and what was answered about it, is what the log says.

use std::collections::BTreeMap;

use rusqlite::{Connection, Rows};
use sha2::{Digest, Sha256};

use super::row::{FACTS, facts};
use crate::domain::id::{ChangeNumber, WorkspaceId};
use crate::domain::merkle::Hash;
use crate::store::log::{HouseEvent, decode_house_event};
use crate::store::{StoreError, texts};

/// An answer, as row and log have it.
type Answer = (String, Option<u64>, String, Option<Hash>);

/// Holds every leaf of an intake and of an answer against its rows, and the words of
/// those against their commitments. Returns what is
/// wrong first, if anything is.
pub(in crate::store) fn check(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<String>, StoreError> {
    let mut answers = answers(connection, workspace)?;
    let mut leaves = connection.prepare(
        "SELECT seq, leaf FROM event WHERE workspace = ?1 AND change IS NULL ORDER BY seq",
    )?;
    let mut leaves = leaves.query([workspace.as_str()])?;
    let mut select = connection.prepare(&format!(
        "SELECT {FACTS}, intake FROM deployment WHERE workspace = ?1 ORDER BY id"
    ))?;
    let mut tellings = Tellings {
        rows: select.query([workspace.as_str()])?,
        next: None,
    };
    tellings.step()?;
    while let Some(row) = leaves.next()? {
        let seq: u64 = row.get(0)?;
        let leaf: Vec<u8> = row.get(1)?;
        match decode_house_event(&leaf) {
            Some(HouseEvent::DeploymentsTakenIn { source, n, rows }) => {
                let (found, hash) = tellings.of(seq)?;
                if found != n || hash != rows {
                    return Ok(Some(format!(
                        "the changes of record {seq}, which {source} told of, aren't those that were taken in ({found} of {n} are there)"
                    )));
                }
            }
            Some(HouseEvent::QuestionAnswered {
                question,
                answer,
                change,
                by,
                proof,
                ..
            }) => {
                let said: Answer = (
                    answer.name().to_owned(),
                    change.map(|ChangeNumber(number)| number),
                    by.as_str().to_owned(),
                    proof.map(|proof| proof.0),
                );
                if answers.remove(&question) != Some(said) {
                    return Ok(Some(format!(
                        "the answer to question {question} isn't what record {seq} says"
                    )));
                }
            }
            Some(
                HouseEvent::PolicyAdopted { .. }
                | HouseEvent::KeyAdopted { .. }
                | HouseEvent::KeyRotated { .. }
                | HouseEvent::CheckpointShown { .. }
                | HouseEvent::PackDelivered { .. },
            )
            | None => {}
        }
    }
    if let Some((intake, _)) = tellings.next {
        return Ok(Some(format!(
            "a change that a source told of has no record (its intake is {intake})"
        )));
    }
    if let Some(question) = answers.keys().next() {
        return Ok(Some(format!(
            "the answer to question {question} has no record"
        )));
    }
    let told = texts::told_otherwise(connection, workspace)?;
    Ok(told.map(|telling| {
        format!("the words of deployment {telling} aren't those that its source told")
    }))
}

fn answers(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<BTreeMap<u64, Answer>, StoreError> {
    connection
        .prepare(
            "SELECT id, answer, change, answered_by, proof FROM question
             WHERE workspace = ?1 AND answer IS NOT NULL",
        )?
        .query_map([workspace.as_str()], |row| {
            let answer = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            Ok((row.get(0)?, answer))
        })?
        .map(|row| Ok(row?))
        .collect()
}

/// The tellings in the order in which they were taken in.
struct Tellings<'s> {
    rows: Rows<'s>,
    /// The next one: its intake, and its hash.
    next: Option<(u64, Hash)>,
}

impl Tellings<'_> {
    fn step(&mut self) -> Result<(), StoreError> {
        self.next = match self.rows.next()? {
            Some(row) => Some((row.get(22)?, facts(row)?.hash())),
            None => None,
        };
        Ok(())
    }

    /// Returns how many an intake has, and the hash over theirs. Those that come
    /// before it have no record, and are left for the end to find.
    fn of(&mut self, intake: u64) -> Result<(u64, Hash), StoreError> {
        let mut n = 0;
        let mut all = Sha256::new();
        while let Some((theirs, hash)) = self.next
            && theirs == intake
        {
            n += 1;
            all.update(hash);
            self.step()?;
        }
        Ok((n, all.finalize().into()))
    }
}
