//! The changes of one incident.

use rusqlite::{Connection, params};

use super::parcel::{Snapshot, snapshot};
use super::{Store, StoreError, micros};
use crate::domain::change::EmergencyChange;
use crate::domain::id::{ChangeNumber, WorkspaceId};
use crate::domain::ticket::{Field, SIBLINGS_WITHIN, Value, are_siblings, may_be_siblings};

/// How many changes about the same time are looked at.
const LOOKED_AT: usize = 50;

impl Store {
    /// Returns the changes of the same incident, newest first: of the same channel
    /// or with the same link to the incident, within a day.
    pub async fn siblings(
        &self,
        number: ChangeNumber,
        limit: usize,
    ) -> Result<Vec<Snapshot>, StoreError> {
        self.read(move |connection, workspace| {
            let Some(this) = snapshot(connection, workspace, number)? else {
                return Ok(Vec::new());
            };
            let mut siblings = Vec::new();
            for near in about_the_same_time(connection, workspace, &this.change)? {
                if siblings.len() == limit {
                    break;
                }
                let found = snapshot(connection, workspace, near)?;
                siblings.extend(found.filter(|other| {
                    are_siblings(&this.change, &other.change)
                        || (may_be_siblings(&this.change, &other.change)
                            && link(&this).is_some_and(|link| self::link(other) == Some(link)))
                }));
            }
            Ok(siblings)
        })
        .await
    }
}

/// The address of the incident, if the ticket has one.
fn link(snapshot: &Snapshot) -> Option<&str> {
    match &snapshot.change.fields.get(&Field::IncidentLink)?.value {
        Value::Links(text) => snapshot.words.get(text)?.as_deref().map(str::trim),
        Value::Words(_)
        | Value::Choice(_)
        | Value::Person(_)
        | Value::Instant(_)
        | Value::Systems(_) => None,
    }
}

fn about_the_same_time(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
) -> Result<Vec<ChangeNumber>, StoreError> {
    connection
        .prepare_cached(
            "SELECT number FROM change
             WHERE workspace = ?1 AND requested_at BETWEEN ?2 AND ?3 AND number <> ?4
             ORDER BY number DESC LIMIT ?5",
        )?
        .query_map(
            params![
                workspace.as_str(),
                micros(change.requested_at - SIBLINGS_WITHIN),
                micros(change.requested_at + SIBLINGS_WITHIN),
                change.number.0,
                LOOKED_AT,
            ],
            |row| Ok(ChangeNumber(row.get(0)?)),
        )?
        .map(|number| Ok(number?))
        .collect()
}
