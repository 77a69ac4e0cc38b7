//! Homes: who has opened theirs, and whose is to be shown anew.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, params};

use super::Kind;
use super::owing::owe;
use crate::domain::id::{UserId, WorkspaceId};
use crate::domain::policy::Party;
use crate::store::{StoreError, micros};

/// For how long after it was opened a Home is redrawn by itself. Whoever comes
/// back later opens it, which draws it anew.
const LOOKED_AT: TimeDelta = TimeDelta::days(1);

/// Shows a Home anew that was shown before, no sooner than its lane allows. One
/// that Slack refused for good is tried again: the Home may be switched on now.
const REDRAW: &str = "UPDATE outbox SET owed_revision = owed_revision + 1,
        attempts = iif(state = 'failed', 0, attempts),
        not_before = iif(state = 'owed', not_before, max(?2, coalesce((
            SELECT lane.not_before FROM lane
            WHERE lane.workspace = ?1 AND lane.lane = outbox.lane), 0))),
        state = iif(state IN ('settled', 'failed'), 'owed', state)
     WHERE workspace = ?1";

fn key(person: &UserId) -> String {
    format!("home:{person}")
}

/// Owes somebody who opened their Home its present state.
pub(in crate::store) fn open_home(
    connection: &Connection,
    workspace: &WorkspaceId,
    person: &UserId,
    opened_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO home (workspace, person, opened_at) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET opened_at = max(opened_at, ?3)",
        )?
        .execute(params![
            workspace.as_str(),
            person.as_str(),
            micros(opened_at)
        ])?;
    let key = key(person);
    let redrawn = connection
        .prepare_cached(&format!("{REDRAW} AND key = ?3"))?
        .execute(params![workspace.as_str(), micros(now), key])?;
    if redrawn == 0 {
        let person = person.clone();
        // A lane of its own: a Home waits for nobody, and nobody for it.
        owe(
            connection,
            workspace,
            &key,
            &key,
            &Kind::Home { person },
            now,
        )?;
    }
    Ok(())
}

/// Shows the Homes anew of those whom a change concerns. Who is in a group only
/// Slack knows, so a group's are everybody's who looked lately.
pub(in crate::store) fn redraw_homes(
    connection: &Connection,
    workspace: &WorkspaceId,
    concerned: &BTreeSet<Option<Party>>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    const LATELY: &str = "SELECT 'home:' || person FROM home
                          WHERE home.workspace = ?1 AND opened_at >= ?3";
    let since = micros(now - LOOKED_AT);
    let many = concerned
        .iter()
        .any(|one| matches!(one, Some(Party::Group(_)) | None));
    if many {
        connection
            .prepare_cached(&format!("{REDRAW} AND key IN ({LATELY})"))?
            .execute(params![workspace.as_str(), micros(now), since])?;
        return Ok(());
    }
    let mut redraw =
        connection.prepare_cached(&format!("{REDRAW} AND key IN ({LATELY} AND person = ?4)"))?;
    for one in concerned {
        if let Some(Party::Person(person)) = one {
            redraw.execute(params![
                workspace.as_str(),
                micros(now),
                since,
                person.as_str()
            ])?;
        }
    }
    Ok(())
}

/// Shows every Home anew that was ever shown: words that may stand on it are gone.
pub(in crate::store) fn redraw_all_homes(
    connection: &Connection,
    workspace: &WorkspaceId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(&format!("{REDRAW} AND kind = 'home'"))?
        .execute(params![workspace.as_str(), micros(now)])?;
    Ok(())
}
