//! What sources told of and what isn't counted as a change by itself: because somebody
//! said that it was no production, or because it belongs to an emergency change of the
//! register. Reads only.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::group::marks;
use super::population::{CountedChange, EARLIER, change_of};
use crate::domain::deployment::Mark;
use crate::domain::id::{ChangeNumber, UserId, WorkspaceId};
use crate::store::{StoreError, instant, micros};

/// A change that sources told of and that isn't counted by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The change, with what was told of it up to the checkpoint.
    pub change: CountedChange,
    /// The emergency change with which it is counted; nothing: it was no production, as
    /// somebody said.
    pub counted_with: Option<ChangeNumber>,
    /// Who said so, where somebody was asked.
    pub said: Option<Said>,
    /// Whether what was told of it since counts.
    pub counts_again: bool,
}

/// The answer by which a change was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Whose it is.
    pub by: UserId,
    /// When they gave it.
    pub at: DateTime<Utc>,
    /// The marks for which they were asked.
    pub marks: BTreeSet<Mark>,
}

/// The columns that [`said`] reads.
const SAID: &str = "answered_by, answered_at, question.marks";

fn said(row: &Row<'_>) -> rusqlite::Result<Said> {
    Ok(Said {
        by: UserId::new(row.get::<_, String>(0)?),
        at: instant(row.get(1)?),
        marks: marks(row.get(2)?),
    })
}

/// Returns what isn't counted by itself and would have gone to production in a time, by
/// what was told before `size`, in order of time.
pub(in crate::store) fn left_out(
    connection: &Connection,
    workspace: &WorkspaceId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    size: u64,
) -> Result<Vec<LeftOut>, StoreError> {
    let mut found = no_production(connection, workspace, size)?;
    found.extend(of_emergencies(connection, workspace, (from, to), size)?);
    found.retain(|one| from <= one.change.at && one.change.at < to);
    found.sort_by_key(|one| (one.change.at, one.change.id));
    Ok(found)
}

fn no_production(
    connection: &Connection,
    workspace: &WorkspaceId,
    size: u64,
) -> Result<Vec<LeftOut>, StoreError> {
    // Few are ever asked about.
    let mut select = connection.prepare(&format!(
        "SELECT {SAID}, leader.id, leader.counted_at IS NOT NULL FROM question
         JOIN deployment ON deployment.id = question.deployment
         JOIN deployment AS leader ON leader.id = deployment.leader
         WHERE question.workspace = ?1 AND answer = 'not_production' ORDER BY question.id"
    ))?;
    let mut rows = select.query([workspace.as_str()])?;
    // Who was asked of one change twice has left it out once: the last word holds.
    let mut answers: BTreeMap<i64, (Said, bool)> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        answers.insert(row.get(3)?, (said(row)?, row.get(4)?));
    }
    let mut found = Vec::new();
    for (leader, (said, counts_again)) in answers {
        // What wouldn't have counted either way isn't left out by an answer.
        let change = change_of(connection, workspace, leader, size, true)?;
        found.extend(change.map(|change| LeftOut {
            change,
            counted_with: None,
            said: Some(said),
            counts_again,
        }));
    }
    Ok(found)
}

fn of_emergencies(
    connection: &Connection,
    workspace: &WorkspaceId,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    size: u64,
) -> Result<Vec<LeftOut>, StoreError> {
    // What was told since may have moved them.
    let mut select = connection.prepare(
        "SELECT id, emergency FROM deployment
         WHERE workspace = ?1 AND emergency IS NOT NULL AND first_at >= ?2 AND first_at < ?3",
    )?;
    let from = micros(from).saturating_sub(EARLIER);
    let mut rows = select.query(params![workspace.as_str(), from, micros(to)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let leader: i64 = row.get(0)?;
        let Some(change) = change_of(connection, workspace, leader, size, false)? else {
            continue;
        };
        let said = connection
            .prepare_cached(&format!(
                "SELECT {SAID} FROM question
                 WHERE workspace = ?1 AND answer IN ('yes', 'declared') AND deployment IN (
                     SELECT ?2 UNION ALL SELECT id FROM deployment
                     WHERE workspace = ?1 AND leader = ?2 AND leader <> id)
                 ORDER BY id DESC LIMIT 1"
            ))?
            .query_row(params![workspace.as_str(), leader], said)
            .optional()?;
        found.push(LeftOut {
            change,
            counted_with: Some(ChangeNumber(row.get(1)?)),
            said,
            counts_again: false,
        });
    }
    Ok(found)
}
