//! Whose e-mail address has to be known before something is taken in.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::belong::Register;
use super::row::Prepared;
use super::{ASKED_WITHIN, OPEN_FOR, belong, named};
use crate::domain::deployment::Deployment;
use crate::domain::id::WorkspaceId;
use crate::store::{Store, StoreError, instant, micros};

impl Store {
    /// Returns the addresses of those who made what belongs to an emergency change
    /// that isn't known to be in production, or what went there about the time of an
    /// authorization that nobody put on record.
    pub async fn authors_wanted(
        &self,
        told: &[Deployment],
        now: DateTime<Utc>,
    ) -> Result<BTreeSet<String>, StoreError> {
        let told: Vec<Deployment> = told
            .iter()
            .filter(|one| one.author_email.is_some())
            .cloned()
            .collect();
        if told.is_empty() {
            return Ok(BTreeSet::new());
        }
        self.read(move |connection, workspace| {
            let is_any_named = named::is_any_named(connection, workspace)?;
            let mut register = Register::default();
            let mut wanted = BTreeSet::new();
            let overheard = overheard(connection, workspace, now)?;
            for one in told.into_iter().map(Prepared::new) {
                let is_near = |at: &DateTime<Utc>| (*at - one.told.at).abs() <= OPEN_FOR;
                if overheard.iter().any(is_near) {
                    wanted.extend(one.told.author_email);
                    continue;
                }
                if one.told.reference.is_none() && !is_any_named {
                    continue;
                }
                let at = (connection, workspace);
                let found = belong::find(at, &mut register, &one, is_any_named, now)?;
                for number in found.belongs {
                    let change = register.change(connection, workspace, number)?;
                    if change.is_some_and(|change| change.deployments.is_empty()) {
                        wanted.extend(one.told.author_email.clone());
                    }
                }
            }
            Ok(wanted)
        })
        .await
    }
}

/// Returns when authorizations were overheard of late that nobody put on record.
fn overheard(
    connection: &Connection,
    workspace: &WorkspaceId,
    now: DateTime<Utc>,
) -> Result<Vec<DateTime<Utc>>, StoreError> {
    let since = micros(now - ASKED_WITHIN - OPEN_FOR);
    connection
        .prepare_cached(
            "SELECT offered_at FROM offer WHERE workspace = ?1
                 AND stage NOT IN ('taken', 'declined') AND offered_at >= ?2",
        )?
        .query_map(params![workspace.as_str(), since], |row| row.get(0))?
        .map(|at| Ok(instant(at?)))
        .collect()
}
