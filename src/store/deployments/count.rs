//! What the rate is made of: the changes that count in a window, and its
//! emergencies.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::names::{self, Table};
use super::row;
use super::{Counted, Emergency, Name};
use crate::domain::change::EmergencyChange;
use crate::domain::id::WorkspaceId;
use crate::domain::ticket::{Field, Timeliness, documented};
use crate::store::{StoreError, instant, log, micros, register};

/// The changes of a window that count. Read off the index that holds all of it.
pub(in crate::store) const COUNTED: &str = "SELECT counted_at, rank, last_system, first_source
     FROM deployment
     WHERE workspace = ?1 AND counted_at IS NOT NULL AND counted_at >= ?2 AND counted_at < ?3
     ORDER BY counted_at";

/// Hands on the changes that count in a window, in order of time, without keeping
/// them.
pub(in crate::store) fn counted(
    connection: &Connection,
    workspace: &WorkspaceId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    mut fold: impl FnMut(Counted<'_>),
) -> Result<(), StoreError> {
    let sources = names::all(connection, workspace, Table::Source)?;
    let systems = names::all(connection, workspace, Table::System)?;
    let mut statement = connection.prepare_cached(COUNTED)?;
    let mut rows = statement.query(params![workspace.as_str(), micros(from), micros(to)])?;
    while let Some(found) = rows.next()? {
        let system: Option<usize> = found.get(2)?;
        fold(Counted {
            at: instant(found.get(0)?),
            kind: row::kind(found.get(1)?),
            system: system.and_then(|place| name(&systems, place)),
            source: name(&sources, found.get(3)?).ok_or(StoreError::Corrupt("a source"))?,
        });
    }
    Ok(())
}

fn name(names: &[String], place: usize) -> Option<Name<'_>> {
    names.get(place).map(|name| Name { place, name })
}

/// Returns the emergencies that went into production in a window, the first first.
/// Rehearsals and second records are none.
pub(in crate::store) fn emergencies(
    connection: &Connection,
    workspace: &WorkspaceId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Emergency>, StoreError> {
    let mut found = Vec::new();
    for number in register::deployed_between(connection, workspace, from, to)? {
        let Some((change, _)) = log::load(connection, workspace, number)? else {
            continue;
        };
        found.extend(emergency(&change, now).filter(|one| one.deployed_at < to));
    }
    Ok(found)
}

/// Returns a change as the rate counts it; nothing while it isn't deployed, and of a
/// rehearsal or second record.
pub(in crate::store) fn emergency(
    change: &EmergencyChange,
    now: DateTime<Utc>,
) -> Option<Emergency> {
    if change.drill || change.duplicate_of.is_some() {
        return None;
    }
    let review = change.genuineness.as_ref().map(|it| &it.genuine);
    let approval = change.approval.as_ref();
    let rejection = change.rejection.as_ref();
    let decided = approval.map_or_else(
        || rejection.and_then(|it| it.genuine.as_ref()),
        |it| it.genuine.as_ref(),
    );
    Some(Emergency {
        number: change.number,
        stage: change.stage,
        channel: change.place.channel.clone(),
        requested_at: change.requested_at,
        authorized_at: change.authorization.as_ref().map(|it| it.at),
        deployed_at: change.deployed_at()?,
        documented_at: change.first_documented_at,
        approved_at: approval.map(|it| it.at),
        closed_at: change.closed_at,
        due_at: change.due_at(),
        documented_in_time: documented(change, now)
            .map(|it| matches!(it, Timeliness::InTime { .. })),
        criterion: change.criterion,
        category: change.choice(Field::Category).map(ToOwned::to_owned),
        systems: change.systems().to_vec(),
        is_genuine: review.or(decided).map(|it| it.is_genuine),
        stated_reason: change.reason.as_ref().map(|it| it.reason),
        n_exceptions: change.exceptions.len(),
    })
}
