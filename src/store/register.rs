//! The register: one row a change, folded from its events.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, params};

use super::people::Roster;
use super::{StoreError, instant, micros};
use crate::domain::change::EmergencyChange;
use crate::domain::id::{ChangeNumber, ChannelId, UserId, WorkspaceId};
use crate::domain::obligation::next_due_at;
use crate::domain::policy::Policy;

/// The changes for which the clock has something to do, longest due first. Read
/// off the index of those that are due some time: what is over costs nothing.
pub(super) const DUE: &str = "SELECT number FROM change
     WHERE workspace = ?1 AND next_due_at <= ?2 ORDER BY next_due_at LIMIT ?3";

/// When the clock has something to do next.
pub(super) const NEXT_DUE: &str = "SELECT min(next_due_at) FROM change
     WHERE workspace = ?1 AND next_due_at IS NOT NULL";

/// Returns the number that the next change of the workspace gets.
pub(super) fn next_number(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<ChangeNumber, StoreError> {
    let next: Option<u64> = connection
        .prepare_cached(
            "SELECT max(next) FROM (
                 SELECT max(number) + 1 AS next FROM change WHERE workspace = ?1
                 UNION ALL SELECT max(next_number) FROM restored WHERE workspace = ?1)",
        )?
        .query_row([workspace.as_str()], |row| row.get(0))?;
    Ok(next.map_or(ChangeNumber::FIRST, ChangeNumber))
}

/// How many numbers are left out when a database is put back from a backup: more than
/// were given since.
pub const LEFT_OUT_NUMBERS: u64 = 100;

/// Leaves out the numbers that may have been given since a backup was made: their cards
/// are still in Slack, and a button on one must not act on another change.
pub(super) fn leave_numbers_out(
    connection: &Connection,
    workspace: &WorkspaceId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let next = next_number(connection, workspace)?.0 + LEFT_OUT_NUMBERS;
    connection.execute(
        "INSERT INTO restored VALUES (?1, ?2, ?3)",
        params![workspace.as_str(), micros(now), next],
    )?;
    Ok(())
}

/// Saves the state of a change, and when the clock has to look at it next.
pub(super) fn save(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
    policy: &Policy,
    roster: &Roster<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO change (workspace, number, version, stage, policy, requester, channel,
                                 requested_at, deployed_at, due_at, closed_at, next_due_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (workspace, number) DO UPDATE SET
                version = ?3, stage = ?4, deployed_at = ?9, due_at = ?10, closed_at = ?11,
                next_due_at = ?12",
        )?
        .execute(params![
            workspace.as_str(),
            change.number.0,
            change.version,
            change.stage.name(),
            change.policy.0,
            change.requester.as_str(),
            change.place.channel.as_str(),
            micros(change.requested_at),
            change.deployed_at().map(micros),
            change.due_at().map(micros),
            change.closed_at.map(micros),
            next_due_at(change, policy, roster, now).map(micros),
        ])?;
    Ok(())
}

/// Returns the changes for which the clock has something to do, longest due first.
pub(super) fn due(
    connection: &Connection,
    workspace: &WorkspaceId,
    now: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<ChangeNumber>, StoreError> {
    connection
        .prepare_cached(DUE)?
        .query_map(params![workspace.as_str(), micros(now), limit], |row| {
            Ok(ChangeNumber(row.get(0)?))
        })?
        .map(|number| Ok(number?))
        .collect()
}

/// Looks at a change again later: a row that can't be worked must not hold up
/// the others.
pub(super) fn look_again(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE change SET next_due_at = ?3 WHERE workspace = ?1 AND number = ?2")?
        .execute(params![workspace.as_str(), number.0, micros(at)])?;
    Ok(())
}

/// Returns when the clock has something to do next.
pub(super) fn next_at(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let at: Option<i64> = connection
        .prepare_cached(NEXT_DUE)?
        .query_row([workspace.as_str()], |row| row.get(0))?;
    Ok(at.map(instant))
}

/// Returns the changes that aren't over, newest first.
pub(super) fn open(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Vec<ChangeNumber>, StoreError> {
    connection
        .prepare_cached(
            "SELECT number FROM change
             WHERE workspace = ?1 AND stage NOT IN ('withdrawn', 'lapsed', 'closed')
             ORDER BY number DESC",
        )?
        .query_map([workspace.as_str()], |row| Ok(ChangeNumber(row.get(0)?)))?
        .map(|number| Ok(number?))
        .collect()
}

/// Returns the changes that aren't over, and those that are closed and that
/// somebody is still chased about. Where there are more than `limit`, those that
/// aren't over go before closed ones and newer before older: what was asked for
/// tonight is never crowded out.
pub(super) fn owing(
    connection: &Connection,
    workspace: &WorkspaceId,
    limit: usize,
) -> Result<Vec<ChangeNumber>, StoreError> {
    connection
        .prepare_cached(
            "SELECT number FROM (
                 SELECT number, 0 AS is_closed FROM change
                 WHERE workspace = ?1 AND stage NOT IN ('withdrawn', 'lapsed', 'closed')
                 UNION ALL
                 SELECT number, 1 FROM change
                 WHERE workspace = ?1 AND stage = 'closed' AND next_due_at IS NOT NULL)
             ORDER BY is_closed, number DESC LIMIT ?2",
        )?
        .query_map(params![workspace.as_str(), limit], |row| {
            Ok(ChangeNumber(row.get(0)?))
        })?
        .map(|number| Ok(number?))
        .collect()
}

/// Returns the changes of `who` that aren't deployed yet, newest first.
pub(super) fn all_undeployed_of(
    connection: &Connection,
    workspace: &WorkspaceId,
    who: &UserId,
    limit: usize,
) -> Result<Vec<ChangeNumber>, StoreError> {
    connection
        .prepare_cached(
            "SELECT number FROM change
             WHERE workspace = ?1 AND stage NOT IN ('withdrawn', 'lapsed', 'closed')
               AND requester = ?2 AND stage IN ('requested', 'authorized', 'denied')
             ORDER BY number DESC LIMIT ?3",
        )?
        .query_map(params![workspace.as_str(), who.as_str(), limit], |row| {
            Ok(ChangeNumber(row.get(0)?))
        })?
        .map(|number| Ok(number?))
        .collect()
}

/// Returns the requests of a channel that aren't permitted and not deployed
/// either, newest first.
pub(super) fn asking_in(
    connection: &Connection,
    workspace: &WorkspaceId,
    channel: &ChannelId,
) -> Result<Vec<ChangeNumber>, StoreError> {
    connection
        .prepare_cached(
            "SELECT number FROM change
             WHERE workspace = ?1 AND channel = ?2
               AND stage NOT IN ('withdrawn', 'lapsed', 'closed')
               AND stage IN ('requested', 'denied')
             ORDER BY number DESC",
        )?
        .query_map(params![workspace.as_str(), channel.as_str()], |row| {
            Ok(ChangeNumber(row.get(0)?))
        })?
        .map(|number| Ok(number?))
        .collect()
}

/// Returns the other changes that aren't over and were asked for in the same
/// channel within `span` of this one, newest first.
pub(super) fn asked_near(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
    span: TimeDelta,
) -> Result<Vec<ChangeNumber>, StoreError> {
    connection
        .prepare_cached(
            "SELECT number FROM change
             WHERE workspace = ?1 AND channel = ?2
               AND stage NOT IN ('withdrawn', 'lapsed', 'closed')
               AND requested_at BETWEEN ?3 AND ?4 AND number <> ?5
             ORDER BY number",
        )?
        .query_map(
            params![
                workspace.as_str(),
                change.place.channel.as_str(),
                micros(change.requested_at - span),
                micros(change.requested_at + span),
                change.number.0,
            ],
            |row| Ok(ChangeNumber(row.get(0)?)),
        )?
        .map(|number| Ok(number?))
        .collect()
}

/// Returns the changes that went into production between two instants, the first
/// first.
pub(super) fn deployed_between(
    connection: &Connection,
    workspace: &WorkspaceId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<ChangeNumber>, StoreError> {
    connection
        .prepare_cached(
            "SELECT number FROM change
             WHERE workspace = ?1 AND deployed_at BETWEEN ?2 AND ?3
             ORDER BY deployed_at, number",
        )?
        .query_map(
            params![workspace.as_str(), micros(from), micros(to)],
            |row| Ok(ChangeNumber(row.get(0)?)),
        )?
        .map(|number| Ok(number?))
        .collect()
}

/// Returns the change of `who` that isn't deployed yet, if there is just one.
pub(super) fn undeployed_of(
    connection: &Connection,
    workspace: &WorkspaceId,
    who: &UserId,
) -> Result<Option<ChangeNumber>, StoreError> {
    let found = all_undeployed_of(connection, workspace, who, 2)?;
    Ok(match found.as_slice() {
        [only] => Some(*only),
        _ => None,
    })
}

/// What stands of a change in the register and follows from its events alone; when
/// the clock looks at it next depends on more, and isn't part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) number: ChangeNumber,
    version: u64,
    stage: String,
    policy: u32,
    requester: String,
    channel: String,
    requested_at: i64,
    deployed_at: Option<i64>,
    due_at: Option<i64>,
    closed_at: Option<i64>,
}

impl Row {
    /// The row that a change should have.
    pub(super) fn of(change: &EmergencyChange) -> Self {
        Self {
            number: change.number,
            version: change.version,
            stage: change.stage.name().to_owned(),
            policy: change.policy.0,
            requester: change.requester.as_str().to_owned(),
            channel: change.place.channel.as_str().to_owned(),
            requested_at: micros(change.requested_at),
            deployed_at: change.deployed_at().map(micros),
            due_at: change.due_at().map(micros),
            closed_at: change.closed_at.map(micros),
        }
    }

    /// What of it isn't as it should be, in words.
    pub(super) fn differs_in(&self, should: &Self) -> Option<&'static str> {
        let differs = [
            (self.version != should.version, "number of records"),
            (self.stage != should.stage, "stage"),
            (self.policy != should.policy, "policy"),
            (self.requester != should.requester, "requester"),
            (self.channel != should.channel, "channel"),
            (
                self.requested_at != should.requested_at,
                "time of the request",
            ),
            (self.deployed_at != should.deployed_at, "time of deployment"),
            (self.due_at != should.due_at, "deadline"),
            (self.closed_at != should.closed_at, "time of closing"),
        ];
        differs.iter().find(|(is, _)| *is).map(|(_, what)| *what)
    }
}

/// Reads every row in order of its number, without keeping them.
pub(super) fn rows<'s>(
    select: &'s mut rusqlite::Statement<'_>,
    workspace: &WorkspaceId,
) -> Result<impl Iterator<Item = Result<Row, StoreError>> + use<'s>, StoreError> {
    let rows = select.query_map([workspace.as_str()], |row| {
        Ok(Row {
            number: ChangeNumber(row.get(0)?),
            version: row.get(1)?,
            stage: row.get(2)?,
            policy: row.get(3)?,
            requester: row.get(4)?,
            channel: row.get(5)?,
            requested_at: row.get(6)?,
            deployed_at: row.get(7)?,
            due_at: row.get(8)?,
            closed_at: row.get(9)?,
        })
    })?;
    Ok(rows.map(|row| Ok(row?)))
}

/// All that [`rows`] reads.
pub(super) const ROWS: &str = "SELECT number, version, stage, policy, requester, channel,
            requested_at, deployed_at, due_at, closed_at
     FROM change WHERE workspace = ?1 ORDER BY number";
