//! The changes that count, with all that was told of them: what an auditor samples.
//!
//! Which tellings are of one change is as it is known now; what was told after a
//! checkpoint is left out.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::row::{self, FACTS, Facts, facts};
use crate::domain::deployment::{ChangeKind, Deployment};
use crate::domain::id::WorkspaceId;
use crate::domain::merkle::Hash;
use crate::domain::text::Commitment;
use crate::store::{StoreError, instant, micros};

/// How many changes are read at once.
const PAGE: usize = 2_000;

/// How much earlier than it counts by what was told up to a checkpoint a change may
/// count by what was told since, in microseconds: four weeks.
pub(super) const EARLIER: i64 = 28 * 86_400 * 1_000_000;

/// Where among the changes that count reading goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    from: i64,
    at: i64,
    after: i64,
    is_exact: bool,
}

impl Place {
    /// The first place of a time. `is_exact`: nothing was told after the checkpoint.
    pub fn first(from: DateTime<Utc>, is_exact: bool) -> Self {
        let from = micros(from);
        Self {
            from,
            at: if is_exact {
                from
            } else {
                from.saturating_sub(EARLIER)
            },
            after: i64::MIN,
            is_exact,
        }
    }
}

/// A change that counts, with its tellings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedChange {
    /// What it is called in this database.
    pub id: i64,
    /// When it went to production.
    pub at: DateTime<Utc>,
    /// What kind they say it is.
    pub kind: ChangeKind,
    /// What was told of it, in the order in which it was heard.
    pub tellings: Vec<Telling>,
}

/// A telling as the register has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// What was told, with its words as far as they weren't taken out.
    pub told: Deployment,
    /// The commitment to its title, which stays when the words go.
    pub title: Option<Commitment>,
    /// The same of what was tested.
    pub testing_result: Option<Commitment>,
    /// When we heard.
    pub heard_at: DateTime<Utc>,
    /// The leaf of the log that hashes it.
    pub intake: u64,
}

/// A telling and whether it counts by its source's rule.
struct Found {
    facts: Facts,
    intake: u64,
    heard_at: i64,
    counts: bool,
    is_excluded: bool,
}

/// The columns after [`FACTS`] that [`found`] reads.
const MORE: &str = "intake, heard_at, counts, is_excluded";

fn found(row: &Row<'_>) -> Result<Found, StoreError> {
    Ok(Found {
        facts: facts(row)?,
        intake: row.get(22)?,
        heard_at: row.get(23)?,
        counts: row.get(24)?,
        is_excluded: row.get(25)?,
    })
}

/// Returns when a change counts by some of its tellings: by those that were no
/// production, as somebody said, or by the others.
fn counts_at(tellings: &[Found], is_excluded: bool) -> Option<i64> {
    let counting = tellings
        .iter()
        .filter(|one| one.counts && one.is_excluded == is_excluded);
    counting.map(|one| micros(one.facts.told.at)).min()
}

/// Returns a change by what was told of it before `size`, whether it counts by itself
/// or not; nothing if none of its tellings would count. `is_excluded`: by those that
/// were no production, as somebody said.
pub(super) fn change_of(
    connection: &Connection,
    workspace: &WorkspaceId,
    leader: i64,
    size: u64,
    is_excluded: bool,
) -> Result<Option<CountedChange>, StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {FACTS}, {MORE} FROM deployment
         WHERE workspace = ?1 AND (id = ?2 OR leader = ?2 AND leader <> id) AND intake < ?3
         ORDER BY id"
    ))?;
    let mut rows = select.query(params![workspace.as_str(), leader, size])?;
    let mut tellings = Vec::new();
    while let Some(row) = rows.next()? {
        tellings.push(found(row)?);
    }
    let Some(at) = counts_at(&tellings, is_excluded) else {
        return Ok(None);
    };
    Ok(Some(CountedChange {
        id: leader,
        at: instant(at),
        kind: kind_of(&tellings),
        tellings: tellings
            .into_iter()
            .map(|one| told(connection, workspace, one))
            .collect::<Result<_, _>>()?,
    }))
}

/// What kind of change some tellings make it.
fn kind_of(tellings: &[Found]) -> ChangeKind {
    let kinds = tellings.iter().filter_map(|one| one.facts.told.kind);
    kinds.max().unwrap_or(ChangeKind::Normal)
}

/// Returns some changes that count, after a place, and the next place.
pub(in crate::store) fn counted_changes(
    connection: &Connection,
    workspace: &WorkspaceId,
    place: &Place,
    to: DateTime<Utc>,
    size: u64,
) -> Result<(Vec<CountedChange>, Option<Place>), StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {FACTS}, {MORE}, id, counted_at, rank, n_tellings FROM deployment
         WHERE workspace = ?1 AND counted_at IS NOT NULL AND counted_at >= ?2 AND counted_at < ?3
             AND (counted_at > ?2 OR id > ?4)
         ORDER BY counted_at, id LIMIT ?5"
    ))?;
    let mut rows = select.query(params![
        workspace.as_str(),
        place.at,
        micros(to),
        place.after,
        PAGE
    ])?;
    let mut changes = Vec::new();
    let mut n_read = 0;
    let mut last = (place.at, place.after);
    while let Some(row) = rows.next()? {
        n_read += 1;
        let id: i64 = row.get(26)?;
        let counted_at: i64 = row.get(27)?;
        last = (counted_at, id);
        let mut tellings = vec![found(row)?];
        if row.get::<_, u64>(29)? > 1 {
            tellings.extend(members(connection, workspace, id)?);
        }
        let at = if place.is_exact {
            Some(counted_at)
        } else {
            tellings.retain(|one| one.intake < size);
            let first = counts_at(&tellings, false);
            first.filter(|at| (place.from..micros(to)).contains(at))
        };
        let Some(at) = at else { continue };
        tellings.sort_by_key(|one| one.facts.id());
        let by_all = row::kind(row.get(28)?);
        let kind = if place.is_exact {
            by_all
        } else {
            // What is called an emergency, somebody may have shown to be none.
            kind_of(&tellings).min(by_all)
        };
        changes.push(CountedChange {
            id,
            at: instant(at),
            kind,
            tellings: tellings
                .into_iter()
                .map(|one| told(connection, workspace, one))
                .collect::<Result<_, _>>()?,
        });
    }
    let next = (n_read == PAGE).then(|| Place {
        at: last.0,
        after: last.1,
        ..place.clone()
    });
    Ok((changes, next))
}

fn members(
    connection: &Connection,
    workspace: &WorkspaceId,
    leader: i64,
) -> Result<Vec<Found>, StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {FACTS}, {MORE} FROM deployment
         WHERE workspace = ?1 AND leader = ?2 AND leader <> id ORDER BY id"
    ))?;
    let mut rows = select.query(params![workspace.as_str(), leader])?;
    let mut members = Vec::new();
    while let Some(row) = rows.next()? {
        members.push(found(row)?);
    }
    Ok(members)
}

fn told(
    connection: &Connection,
    workspace: &WorkspaceId,
    one: Found,
) -> Result<Telling, StoreError> {
    let (title, testing_result) = (one.facts.title, one.facts.testing_result);
    Ok(Telling {
        told: one.facts.with_words(connection, workspace)?,
        title,
        testing_result,
        heard_at: instant(one.heard_at),
        intake: one.intake,
    })
}

/// Returns the first intake that told of the changes that count in a time; nothing if
/// none does.
pub(in crate::store) fn first_intake_of(
    connection: &Connection,
    workspace: &WorkspaceId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    size: u64,
) -> Result<Option<u64>, StoreError> {
    // Tellings that were heard after the checkpoint may have moved a change to earlier.
    let from = micros(from).saturating_sub(EARLIER);
    Ok(connection
        .prepare_cached(
            "SELECT min(first) FROM (
                 SELECT min(intake) AS first FROM deployment
                 WHERE workspace = ?1 AND counted_at IS NOT NULL AND counted_at >= ?2
                     AND counted_at < ?3 AND intake < ?4
                 UNION ALL
                 SELECT min(member.intake)
                 FROM deployment member JOIN deployment leader ON leader.id = member.leader
                 WHERE member.workspace = ?1 AND member.leader <> member.id
                     AND member.intake < ?4 AND leader.counted_at IS NOT NULL
                     AND leader.counted_at >= ?2 AND leader.counted_at < ?3)",
        )?
        .query_row(params![workspace.as_str(), from, micros(to), size], |row| {
            row.get(0)
        })?)
}

/// Whether anything was told since the log had `size` records.
pub(in crate::store) fn is_told_since(
    connection: &Connection,
    workspace: &WorkspaceId,
    size: u64,
) -> Result<bool, StoreError> {
    let newest: Option<u64> = connection
        .prepare_cached(
            "SELECT intake FROM deployment WHERE workspace = ?1 ORDER BY id DESC LIMIT 1",
        )?
        .query_row([workspace.as_str()], |row| row.get(0))
        .optional()?;
    Ok(newest.is_some_and(|intake| intake >= size))
}

/// Shows the hash of each telling of some intakes, in their order.
pub(in crate::store) fn telling_hashes(
    connection: &Connection,
    workspace: &WorkspaceId,
    first: u64,
    end: u64,
    mut see: impl FnMut(Hash),
) -> Result<(), StoreError> {
    let mut select = connection.prepare(&format!(
        "SELECT {FACTS} FROM deployment
         WHERE workspace = ?1 AND intake >= ?2 AND intake < ?3 ORDER BY id"
    ))?;
    let mut rows = select.query(params![workspace.as_str(), first, end])?;
    while let Some(row) = rows.next()? {
        see(facts(row)?.hash());
    }
    Ok(())
}
