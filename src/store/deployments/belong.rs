//! Which production change belongs to which emergency change of the register: by
//! number, by commit or by link, never by time and system alone.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::names::Names;
use super::row::{self, Prepared, week, within};
use super::take::settle;
use crate::domain::change::{Command, EmergencyChange, Event, Recorded, Source};
use crate::domain::deployment::{commit, may_belong};
use crate::domain::id::{ChangeNumber, UserId, WorkspaceId};
use crate::domain::merkle::Hash;
use crate::domain::ticket::{Field, Value};
use crate::store::execute::if_the_rules_allow;
use crate::store::{Rules, StoreError, instant, log, micros, texts};

/// How far ahead of ours a source's clock may go: as far as the register allows.
const AHEAD: TimeDelta = TimeDelta::minutes(2);

/// What pages of one request to merge are called, after its own address.
const PAGES: [&str; 6] = [
    "files",
    "commits",
    "checks",
    "changes",
    "diffs",
    "pipelines",
];

/// The changes that one transaction has looked at.
#[derive(Debug, Default)]
pub(super) struct Register(BTreeMap<ChangeNumber, Option<EmergencyChange>>);

impl Register {
    /// Returns a change as it stood when this transaction first looked at it.
    pub(super) fn change(
        &mut self,
        connection: &Connection,
        workspace: &WorkspaceId,
        number: ChangeNumber,
    ) -> Result<Option<&EmergencyChange>, StoreError> {
        let known = match self.0.entry(number) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(unknown) => {
                let loaded = log::load(connection, workspace, number)?;
                unknown.insert(loaded.map(|(change, _)| change))
            }
        };
        Ok(known.as_ref())
    }
}

/// What a ticket or a source names: a commit or a link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    /// The full hash of a commit.
    Commit(String),
    /// An address, without a slash at its end.
    Link(String),
}

impl Name {
    fn link(address: &str) -> Self {
        Self::Link(address.trim().trim_end_matches('/').to_owned())
    }

    /// Returns what stands for it in the database: what somebody wrote into a ticket
    /// may have to be taken out again.
    pub(super) fn hash(&self) -> Hash {
        let (kind, name) = match self {
            Self::Commit(name) => ("commit", name),
            Self::Link(name) => ("link", name),
        };
        Sha256::new()
            .chain_update(kind)
            .chain_update([0])
            .chain_update(name)
            .finalize()
            .into()
    }
}

/// Returns what an address in a ticket names: itself, the request to merge of which
/// it is a page, and the commits in it.
pub(super) fn names_in(address: &str) -> BTreeSet<Name> {
    let mut names = BTreeSet::new();
    let address = address.trim();
    let bare = address.split(['#', '?']).next().unwrap_or_default();
    for one in [address, bare] {
        names.insert(Name::link(one));
    }
    if let Some((before, page)) = bare.trim_end_matches('/').rsplit_once('/')
        && PAGES.contains(&page)
    {
        names.insert(Name::link(before));
    }
    let words = address.split(|one: char| !one.is_ascii_alphanumeric());
    names.extend(words.filter_map(commit).map(Name::Commit));
    names.retain(|name| !matches!(name, Name::Link(link) if link.is_empty()));
    names
}

/// Whether any ticket names a commit or a link.
pub(super) fn is_any_named(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM named WHERE workspace = ?1)")?
        .query_row([workspace.as_str()], |row| row.get(0))?)
}

/// Returns the emergency change to which a telling belongs by what it says.
pub(super) fn find(
    connection: &Connection,
    workspace: &WorkspaceId,
    one: &Prepared,
    is_any_named: bool,
    now: DateTime<Utc>,
) -> Result<Option<ChangeNumber>, StoreError> {
    // The register takes no deployment that is still to come.
    if one.told.at > now + AHEAD {
        return Ok(None);
    }
    let mut candidates: BTreeSet<ChangeNumber> = one.told.reference.into_iter().collect();
    if is_any_named {
        let commit = one.told.commit.clone().map(Name::Commit);
        let link = one.told.url.as_deref().map(Name::link);
        for name in commit.into_iter().chain(link) {
            candidates.extend(naming(connection, workspace, &name)?);
        }
    }
    let mut found: Option<ChangeNumber> = None;
    for number in candidates {
        if let Some(number) = if_near(connection, workspace, number, one.at)? {
            found = Some(found.map_or(number, |other| other.min(number)));
        }
    }
    Ok(found)
}

/// Returns the changes whose tickets name it.
fn naming(
    connection: &Connection,
    workspace: &WorkspaceId,
    name: &Name,
) -> Result<Vec<ChangeNumber>, StoreError> {
    connection
        .prepare_cached("SELECT change FROM named WHERE workspace = ?1 AND hash = ?2")?
        .query_map(params![workspace.as_str(), name.hash()], |row| {
            row.get(0).map(ChangeNumber)
        })?
        .map(|number| Ok(number?))
        .collect()
}

/// Returns the change, or the one of which it is a second record, if it exists and
/// is near enough in time.
fn if_near(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    at: i64,
) -> Result<Option<ChangeNumber>, StoreError> {
    let requested_at: Option<i64> = connection
        .prepare_cached("SELECT requested_at FROM change WHERE workspace = ?1 AND number = ?2")?
        .query_row(params![workspace.as_str(), number.0], |row| row.get(0))
        .optional()?;
    let is_near = requested_at.is_some_and(|it| may_belong(instant(at), instant(it)));
    if !is_near {
        return Ok(None);
    }
    let loaded = log::load(connection, workspace, number)?;
    Ok(loaded.map(|(change, _)| change.duplicate_of.unwrap_or(number)))
}

/// Tells the register that a change of its is in production, if it doesn't know. The
/// implementer is the author where they are known, and the requester otherwise.
/// Returns the change as it stands then; nothing if it is as it was.
pub(super) fn deployed(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    at: i64,
    author: Option<&UserId>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Option<EmergencyChange>, StoreError> {
    let Some((change, _)) = log::load(connection, workspace, number)? else {
        return Ok(None);
    };
    if !change.deployments.is_empty() {
        return Ok(None);
    }
    let command = Command::RecordDeployment {
        at: instant(at),
        source: Source::Webhook,
        by: author.unwrap_or(&change.requester).clone(),
    };
    if_the_rules_allow(
        (connection, workspace),
        &change,
        Source::Webhook,
        command,
        rules,
        now,
    )
}

/// Learns from a ticket which commits and links it names, and finds what was told of
/// them before. Returns the change if that told the register of its deployment.
pub(in crate::store) fn learn(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
    recorded: &[Recorded],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Option<EmergencyChange>, StoreError> {
    let concerns = recorded.iter().any(|one| match &one.event {
        Event::FieldWritten { field, .. } => *field == Field::Links,
        Event::Redacted { .. } => true,
        _ => false,
    });
    if !concerns {
        return Ok(None);
    }
    let names = names_of(connection, workspace, change)?;
    name(connection, workspace, change.number, &names)?;
    let mut found = BTreeSet::new();
    for one in &names {
        found.extend(telling_of(connection, workspace, change, one)?);
    }
    let mut stands = None;
    for id in found {
        let now_stands = matched(connection, workspace, id, change.number, None, rules, now)?;
        stands = now_stands.or(stands);
    }
    Ok(stands)
}

/// Returns what the ticket names. What was taken out of it isn't named any more.
fn names_of(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
) -> Result<BTreeSet<Name>, StoreError> {
    let entry = change.fields.get(&Field::Links).map(|entry| &entry.value);
    let Some(Value::Links(text)) = entry else {
        return Ok(BTreeSet::new());
    };
    if change.redactions.contains_key(text) || change.duplicate_of.is_some() {
        return Ok(BTreeSet::new());
    }
    let written = texts::find(connection, workspace, *text)?;
    Ok(written
        .iter()
        .flat_map(|text| text.body().split_whitespace())
        .flat_map(names_in)
        .collect())
}

fn name(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    names: &BTreeSet<Name>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM named WHERE workspace = ?1 AND change = ?2")?
        .execute(params![workspace.as_str(), number.0])?;
    for one in names {
        connection
            .prepare_cached("INSERT INTO named (workspace, hash, change) VALUES (?1, ?2, ?3)")?
            .execute(params![workspace.as_str(), one.hash(), number.0])?;
    }
    Ok(())
}

/// Learns what the tickets name that were written before this could be known.
pub(in crate::store) fn learn_all(connection: &Connection) -> Result<(), StoreError> {
    let numbers: Vec<(String, u64)> = connection
        .prepare("SELECT workspace, number FROM change")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (workspace, number) in numbers {
        let (workspace, number) = (WorkspaceId::new(workspace), ChangeNumber(number));
        if let Some((change, _)) = log::load(connection, &workspace, number)? {
            let names = names_of(connection, &workspace, &change)?;
            name(connection, &workspace, number, &names)?;
        }
    }
    Ok(())
}

/// Returns a telling of each group that has a commit or link about the time of a
/// change.
fn telling_of(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
    name: &Name,
) -> Result<Vec<i64>, StoreError> {
    let first = micros(change.requested_at) - within();
    let last = micros(change.requested_at) + within();
    let mut found = Vec::new();
    for week in week(first)..=week(last) {
        let mut select = connection.prepare_cached(match name {
            Name::Commit(_) => {
                "SELECT min(id) FROM deployment
                 WHERE workspace = ?1 AND week = ?2 AND commit_hash = ?3 AND at BETWEEN ?4 AND ?5
                 GROUP BY leader"
            }
            Name::Link(_) => {
                "SELECT min(id) FROM deployment
                 WHERE workspace = ?1 AND week = ?2 AND url IN (?3, ?3 || '/')
                   AND at BETWEEN ?4 AND ?5
                 GROUP BY leader"
            }
        })?;
        let mut rows = match name {
            Name::Commit(commit) => {
                let bytes = hex::decode(commit).unwrap_or_default();
                select.query(params![workspace.as_str(), week, bytes, first, last])?
            }
            Name::Link(link) => {
                select.query(params![workspace.as_str(), week, link, first, last])?
            }
        };
        while let Some(row) = rows.next()? {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

/// Notes that a telling belongs to an emergency change, and tells the register.
/// Returns the change if that was news to it.
pub(super) fn matched(
    connection: &Connection,
    workspace: &WorkspaceId,
    id: i64,
    number: ChangeNumber,
    author: Option<&UserId>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Option<EmergencyChange>, StoreError> {
    connection
        .prepare_cached(
            "UPDATE deployment SET matched = min(coalesce(matched, ?3), ?3)
             WHERE id = ?2 AND workspace = ?1",
        )?
        .execute(params![workspace.as_str(), id, number.0])?;
    let leader = row::leader_of(connection, workspace, id)?;
    let mut group = row::group(connection, workspace, leader)?;
    let emergency = group.emergency.map_or(number, |other| other.min(number));
    if group.emergency != Some(emergency) {
        group.emergency = Some(emergency);
        settle(&mut group, false, now);
        let mut names = Names::new(connection, workspace);
        row::save_group(connection, workspace, &mut names, leader, &group)?;
    }
    match &group.first {
        Some((at, _)) => deployed(connection, workspace, number, *at, author, rules, now),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_request_to_merge_and_its_commit() {
        let hash = "ab".repeat(20);
        let link = |text: &str| Name::Link(text.to_owned());
        let request = "https://github.com/acme/api/pull/7";
        for page in [
            "",
            "/",
            "/files",
            "/commits/",
            "#discussion_r1",
            "?diff=split",
        ] {
            let names = names_in(&format!("{request}{page}"));
            assert!(names.contains(&link(request)), "{page}: {names:?}");
        }
        let names = names_in(&format!("https://github.com/acme/api/commit/{hash}?w=1"));
        assert!(names.contains(&Name::Commit(hash)), "{names:?}");
        assert!(!names_in("https://github.com/acme/api/pull/70").contains(&link(request)));
        assert!(names_in("  ").is_empty());
    }

    #[test]
    fn a_commit_and_a_link_of_the_same_name_are_not_the_same() {
        let name = "ab".repeat(20);
        assert_ne!(Name::Commit(name.clone()).hash(), Name::Link(name).hash());
    }
}
