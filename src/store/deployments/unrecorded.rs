//! What went to production right after an authorization that somebody gave in a
//! channel and that nobody put on record. That both are of one thing is never said:
//! it is a mark, and somebody is asked.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::group::{Group, bits};
use super::names::{self, Names, Table};
use super::take::settle;
use super::{ASKED_WITHIN, OPEN_FOR, row};
use crate::domain::change::Verdict;
use crate::domain::deployment::Mark;
use crate::domain::id::{UserId, WorkspaceId};
use crate::domain::offer::Offer;
use crate::store::{StoreError, micros, offers};

/// What went to production within a time, with its system, and whether it was made
/// by somebody.
pub(in crate::store) const AFTERWARDS: &str = "SELECT id, last_system, id IN (
         SELECT leader FROM deployment
         WHERE workspace = ?1 AND made_by = ?4 AND at BETWEEN ?2 AND ?3)
     FROM deployment
     WHERE workspace = ?1 AND counted_at IS NOT NULL AND counted_at BETWEEN ?2 AND ?3";

/// An authorization that was overheard and left open.
#[derive(Debug)]
struct Given {
    /// When it was given.
    at: DateTime<Utc>,
    /// Who had asked for it.
    asker: UserId,
    /// What both said, in small letters.
    words: String,
}

impl Given {
    /// Whether both together speak of a system.
    fn names(&self, system: &str) -> bool {
        let system = system.trim().to_lowercase();
        let is_part = |one: char| one.is_alphanumeric() || one == '-' || one == '_';
        !system.is_empty()
            && self.words.match_indices(&system).any(|(at, found)| {
                let before = self.words.get(..at).and_then(|it| it.chars().next_back());
                let after = self.words.get(at + found.len()..);
                let after = after.and_then(|it| it.chars().next());
                !before.is_some_and(is_part) && !after.is_some_and(is_part)
            })
    }
}

/// The authorizations that nobody recorded: offered twice, and left.
#[derive(Debug)]
pub(super) struct Unrecorded(Vec<Given>);

impl Unrecorded {
    /// Those that are so by now.
    pub(super) fn now(
        connection: &Connection,
        workspace: &WorkspaceId,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let since = now - ASKED_WITHIN - OPEN_FOR;
        let left = offers::undeclared_since(connection, workspace, since)?;
        let mut all = Vec::new();
        for offer in left {
            all.extend(given(connection, workspace, &offer)?);
        }
        Ok(Self(all))
    }

    /// Whether one was given shortly before what is told of went to production, to
    /// whoever made it or in words that name its system.
    pub(super) fn is_before(
        &self,
        (connection, workspace): (&Connection, &WorkspaceId),
        leader: i64,
        group: &Group,
    ) -> Result<bool, StoreError> {
        let Some(at) = group.counted_at() else {
            return Ok(false);
        };
        let mut near = self
            .0
            .iter()
            .filter(|one| (micros(one.at)..=micros(one.at + OPEN_FOR)).contains(&at))
            .peekable();
        if near.peek().is_none() {
            return Ok(false);
        }
        let made_by = row::made_by(connection, workspace, leader)?;
        let system = group.system.as_ref().map(|(_, system)| system);
        Ok(near.any(|one| {
            made_by.contains(&one.asker) || system.is_some_and(|system| one.names(system))
        }))
    }
}

/// Returns an authorization as it was given; nothing if it was refused.
fn given(
    connection: &Connection,
    workspace: &WorkspaceId,
    offer: &Offer,
) -> Result<Option<Given>, StoreError> {
    if offer.verdict != Verdict::Grant {
        return Ok(None);
    }
    let words = offers::words(connection, workspace, offer)?;
    let words: Vec<String> = words.into_values().flatten().collect();
    Ok(Some(Given {
        at: offer.answer.message.ts.at().unwrap_or(offer.offered_at),
        asker: offer.asker.clone(),
        words: words.join("\n").to_lowercase(),
    }))
}

/// Marks what went to production after an authorization that came to be unrecorded,
/// and takes the mark back when it is recorded after all.
pub(in crate::store) fn weigh(
    connection: &Connection,
    workspace: &WorkspaceId,
    offer: &Offer,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some(given) = given(connection, workspace, offer)? else {
        return Ok(());
    };
    let systems = names::all(connection, workspace, Table::System)?;
    let from = given.at.max(now - ASKED_WITHIN);
    let mut select = connection.prepare_cached(AFTERWARDS)?;
    let mut rows = select.query(params![
        workspace.as_str(),
        micros(from),
        micros(given.at + OPEN_FOR),
        given.asker.as_str()
    ])?;
    let mut near = Vec::new();
    while let Some(row) = rows.next()? {
        let system: Option<usize> = row.get(1)?;
        let name = system.and_then(|place| systems.get(place));
        if row.get(2)? || name.is_some_and(|name| given.names(name)) {
            near.push(row.get(0)?);
        }
    }
    let left = Unrecorded::now(connection, workspace, now)?;
    let mut names = Names::new(connection, workspace);
    let mark = bits(&BTreeSet::from([Mark::Unrecorded]));
    for leader in near {
        let mut group = row::group(connection, workspace, leader)?;
        let is_marked = left.is_before((connection, workspace), leader, &group)?;
        group.marks = group.marks & !mark | if is_marked { mark } else { 0 };
        settle(&mut group, true, now);
        row::save_group(connection, workspace, &mut names, leader, &group)?;
    }
    Ok(())
}
