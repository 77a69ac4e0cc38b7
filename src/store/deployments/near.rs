//! What went to production on a system while an emergency was being worked on there.
//! Whichever of the two is told first, it is asked about once.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, params};

use super::belong::Register;
use super::group::Group;
use super::names::{self, Names, Table};
use super::question::ask;
use super::{ASKED_WITHIN, OPEN_FOR, row};
use crate::domain::change::{EmergencyChange, Event, Recorded, Stage};
use crate::domain::deployment::{Doubt, Mark};
use crate::domain::id::{ChangeNumber, WorkspaceId};
use crate::domain::ticket::Field;
use crate::store::{StoreError, instant, micros};

/// How long after a deployment its authorization may be asked for: whoever is in a
/// hurry writes afterwards.
const ASKED_AFTERWARDS: TimeDelta = TimeDelta::minutes(10);

/// Asks whether a change belongs to an emergency that was open on its system.
/// Returns whether there is one.
pub(super) fn propose(
    connection: &Connection,
    workspace: &WorkspaceId,
    register: &mut Register,
    leader: i64,
    group: &Group,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let (Some(at), Some((_, system))) = (group.counted_at(), &group.system) else {
        return Ok(false);
    };
    if group.traits.was_proposed || group.traits.is_normal {
        return Ok(false);
    }
    let at = instant(at);
    let about: Vec<u64> = connection
        .prepare_cached(
            "SELECT number FROM change WHERE workspace = ?1 AND requested_at BETWEEN ?2 AND ?3",
        )?
        .query_map(
            params![
                workspace.as_str(),
                micros(at - OPEN_FOR),
                micros(at + ASKED_AFTERWARDS)
            ],
            |row| row.get(0),
        )?
        .collect::<rusqlite::Result<_>>()?;
    let mut nearest = None;
    for number in about.into_iter().map(ChangeNumber) {
        let change = register.change(connection, workspace, number)?;
        if let Some(change) = change.filter(|change| is_open_on(change, system, at)) {
            let distance = (change.deployed_at().unwrap_or(change.requested_at) - at).abs();
            nearest = nearest.into_iter().chain([(distance, number)]).min();
        }
    }
    let Some((_, number)) = nearest else {
        return Ok(false);
    };
    let marks = BTreeSet::from([Mark::DuringIncident]);
    ask(
        connection,
        workspace,
        (leader, Doubt::Belongs, Some(number)),
        &marks,
        now,
    )?;
    Ok(true)
}

/// Whether an emergency was being worked on, on such a system at such a time.
fn is_open_on(change: &EmergencyChange, system: &str, at: DateTime<Utc>) -> bool {
    let was_never = matches!(change.stage, Stage::Withdrawn | Stage::Lapsed);
    let ended = change.closed_at.is_some_and(|closed_at| closed_at <= at);
    !change.drill
        && change.duplicate_of.is_none()
        && !was_never
        && !ended
        && change.systems().iter().any(|one| is_same(one, system))
}

/// Whether two names are of one system: a policy may write *Auth* and a repository
/// *auth*.
fn is_same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// What went to production about the time of a change.
pub(in crate::store) const NEAR: &str = "SELECT id, last_system FROM deployment
     WHERE workspace = ?1 AND counted_at IS NOT NULL AND counted_at BETWEEN ?2 AND ?3";

/// Asks about what went to an emergency's systems before its ticket named them.
pub(in crate::store) fn look_around(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
    recorded: &[Recorded],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let is_news = recorded.iter().any(
        |one| matches!(&one.event, Event::FieldWritten { field, .. } if *field == Field::Systems),
    );
    let from = (change.requested_at - ASKED_AFTERWARDS).max(now - ASKED_WITHIN);
    if !is_news || change.systems().is_empty() {
        return Ok(());
    }
    let known = names::all(connection, workspace, Table::System)?;
    let is_on = |place: usize| {
        let name = known.get(place);
        name.is_some_and(|name| change.systems().iter().any(|one| is_same(one, name)))
    };
    let mut near = Vec::new();
    let mut select = connection.prepare_cached(NEAR)?;
    let mut rows = select.query(params![
        workspace.as_str(),
        micros(from),
        micros(change.requested_at + OPEN_FOR)
    ])?;
    while let Some(row) = rows.next()? {
        if row.get::<_, Option<usize>>(1)?.is_some_and(is_on) {
            near.push(row.get(0)?);
        }
    }
    let mut register = Register::default();
    let mut names = Names::new(connection, workspace);
    for leader in near {
        let mut group = row::group(connection, workspace, leader)?;
        if propose(connection, workspace, &mut register, leader, &group, now)? {
            group.traits.was_proposed = true;
            row::save_group(connection, workspace, &mut names, leader, &group)?;
        }
    }
    Ok(())
}
