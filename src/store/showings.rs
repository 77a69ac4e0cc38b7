//! The showings of checkpoints to others that are owed and done, as whole
//! transactions. What was shown to whom is a fact of the log.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::checkpoints::{self, Kept, Witness};
use super::log::{Appender, HouseEvent};
use super::writer::Urgency;
use super::{Store, StoreError, deployments, instant, micros, outbox};
use crate::domain::id::{ChannelId, MessageTs, WorkspaceId};

/// A showing that is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Showing {
    /// What is to be shown.
    pub checkpoint: Kept,
    /// To whom.
    pub witness: Witness,
    /// Under which report it belongs, as a file: where that stands.
    pub under: Option<(ChannelId, MessageTs)>,
    /// What Slack calls the file, once it has it.
    pub file: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
}

/// A row: the checkpoint's number, to whom, the report's week, the file, the attempts.
type Row = (u64, String, Option<i64>, Option<String>, u32);

impl Store {
    /// Returns the showings that are due, the first owed first.
    pub async fn showings(
        &self,
        now: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<Showing>, StoreError> {
        self.read(move |connection, workspace| {
            let owed: Vec<Row> = connection
                .prepare_cached(
                    "SELECT checkpoint, witness, week, file, attempts FROM showing
                     WHERE workspace = ?1 AND shown_at IS NULL AND not_before <= ?2
                     ORDER BY not_before, checkpoint LIMIT ?3",
                )?
                .query_map(params![workspace.as_str(), micros(now), limit], |row| {
                    Ok((
                        row.get(0)?,
                        row.get(1)?,
                        row.get(2)?,
                        row.get(3)?,
                        row.get(4)?,
                    ))
                })?
                .collect::<Result<_, _>>()?;
            owed.into_iter()
                .map(|(n, witness, week, file, attempts)| {
                    let corrupt = || StoreError::Corrupt("the showing of a checkpoint");
                    Ok(Showing {
                        checkpoint: checkpoints::find(connection, workspace, n)?
                            .ok_or_else(corrupt)?,
                        witness: Witness::from_name(&witness).ok_or_else(corrupt)?,
                        under: match week {
                            Some(week) => {
                                outbox::report_stands(connection, workspace, instant(week))?
                            }
                            None => None,
                        },
                        file,
                        attempts,
                    })
                })
                .collect()
        })
        .await
    }

    /// Notes whether an address is to have checkpoints. Where there is none any more,
    /// what it was owed isn't owed.
    pub async fn shows_to_address(&self, is_wanted: bool) -> Result<(), StoreError> {
        if is_wanted {
            return Ok(());
        }
        self.write(Urgency::Later, move |connection, workspace| {
            connection
                .prepare_cached(
                    "DELETE FROM showing
                     WHERE workspace = ?1 AND witness = 'address' AND shown_at IS NULL",
                )?
                .execute([workspace.as_str()])?;
            Ok(())
        })
        .await
    }

    /// Gives a showing up: nobody will have it.
    pub async fn give_up_showing(
        &self,
        showing: &Showing,
        error: String,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (n, witness) = (showing.checkpoint.n, showing.witness);
        self.write(Urgency::Later, move |connection, workspace| {
            connection
                .prepare_cached(
                    "UPDATE showing SET shown_at = ?4, error = ?5
                     WHERE workspace = ?1 AND checkpoint = ?2 AND witness = ?3",
                )?
                .execute(params![
                    workspace.as_str(),
                    n,
                    witness.name(),
                    micros(now),
                    error
                ])?;
            Ok(())
        })
        .await
    }

    /// Keeps what Slack calls the file of a showing, before it is shared; nothing if
    /// Slack has forgotten it.
    pub async fn keep_file(&self, n: u64, file: Option<String>) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            connection
                .prepare_cached(
                    "UPDATE showing SET file = ?3
                     WHERE workspace = ?1 AND checkpoint = ?2 AND witness = 'report'",
                )?
                .execute(params![workspace.as_str(), n, file])?;
            Ok(())
        })
        .await
    }

    /// Notes that a checkpoint was shown, and where, in the log, too.
    pub async fn shown(
        &self,
        showing: Showing,
        place: String,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            let Showing {
                checkpoint,
                witness,
                ..
            } = showing;
            let n_settled = connection
                .prepare_cached(
                    "UPDATE showing SET shown_at = ?4, error = NULL
                     WHERE workspace = ?1 AND checkpoint = ?2 AND witness = ?3
                       AND shown_at IS NULL",
                )?
                .execute(params![
                    workspace.as_str(),
                    checkpoint.n,
                    witness.name(),
                    micros(now)
                ])?;
            if n_settled == 0 {
                return Ok(());
            }
            let mut log = Appender::begin(connection, workspace)?;
            let event = HouseEvent::CheckpointShown {
                size: checkpoint.size,
                root: checkpoint.root,
                made_at: checkpoint.made_at,
                witness,
                place,
            };
            log.append_house_event(now, &event)?;
            log.save()
        })
        .await
    }

    /// Shows a checkpoint again from `until` on: nobody has it yet.
    pub async fn show_later(
        &self,
        showing: &Showing,
        until: DateTime<Utc>,
        error: String,
    ) -> Result<(), StoreError> {
        let (n, witness) = (showing.checkpoint.n, showing.witness);
        self.write(Urgency::Later, move |connection, workspace| {
            connection
                .prepare_cached(
                    "UPDATE showing SET attempts = attempts + 1, not_before = ?4, error = ?5
                     WHERE workspace = ?1 AND checkpoint = ?2 AND witness = ?3",
                )?
                .execute(params![
                    workspace.as_str(),
                    n,
                    witness.name(),
                    micros(until),
                    error
                ])?;
            Ok(())
        })
        .await
    }
}

/// Owes the showing of a checkpoint: under the report of a week, or to the address.
pub(super) fn owe(
    connection: &Connection,
    workspace: &WorkspaceId,
    n: u64,
    week: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let witness = match week {
        Some(_) => Witness::Report,
        None => Witness::Address,
    };
    connection
        .prepare_cached(
            "INSERT INTO showing (workspace, checkpoint, witness, week, not_before)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            workspace.as_str(),
            n,
            witness.name(),
            week.map(micros),
            micros(now)
        ])?;
    Ok(())
}

/// Owes the checkpoint of a report that stands now, as a file under it.
pub(super) fn owe_with_report(
    connection: &Connection,
    workspace: &WorkspaceId,
    week: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let end = week + chrono::TimeDelta::microseconds(1);
    let frozen = deployments::frozen_weeks(connection, workspace, week, end)?;
    let Some(frozen) = frozen.first() else {
        return Ok(());
    };
    match checkpoints::of_time(connection, workspace, frozen.reported_at)? {
        Some(checkpoint) => owe(connection, workspace, checkpoint.n, Some(week), now),
        None => Ok(()),
    }
}

/// When the next showing may be tried.
pub(super) fn next_at(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let at: Option<Option<i64>> = connection
        .prepare_cached(
            "SELECT min(not_before) FROM showing WHERE workspace = ?1 AND shown_at IS NULL",
        )?
        .query_row([workspace.as_str()], |row| row.get(0))
        .optional()?;
    Ok(at.flatten().map(instant))
}

/// How many showings failed again and again, and with what the last of them did.
pub(super) fn stuck(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<(u64, String)>, StoreError> {
    let (n, error): (u64, Option<String>) = connection
        .prepare_cached(
            "SELECT count(*), max(error) FROM showing
             WHERE workspace = ?1 AND error IS NOT NULL AND attempts >= ?2",
        )?
        .query_row(params![workspace.as_str(), outbox::STUCK], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    Ok(error.map(|error| (n, error)))
}
