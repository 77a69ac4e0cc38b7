//! What tickets name: the commits and links by which what sources tell is known for
//! an emergency change's. Knows nothing of time.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

use super::row::{SHORT, week};
use crate::domain::change::EmergencyChange;
use crate::domain::deployment::{ABBREVIATED, commit};
use crate::domain::id::{ChangeNumber, WorkspaceId};
use crate::domain::merkle::Hash;
use crate::domain::ticket::{Field, Value};
use crate::store::{StoreError, log, texts};

/// What pages of one request to merge are called, after its own address.
const PAGES: [&str; 6] = [
    "files",
    "commits",
    "checks",
    "changes",
    "diffs",
    "pipelines",
];

/// What a ticket or a source names: a commit or a link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    /// The hash of a commit, in full or abbreviated.
    Commit(String),
    /// The abbreviation of a hash that stands in full in a ticket: what names only
    /// that finds it so.
    Begins(String),
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
            Self::Begins(name) => ("begins", name),
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
    for commit in words.filter_map(commit) {
        let short = commit.get(..ABBREVIATED).unwrap_or_default();
        if short != commit {
            names.insert(Name::Begins(short.to_owned()));
        }
        names.insert(Name::Commit(commit));
    }
    names.retain(|name| !matches!(name, Name::Link(link) if link.is_empty()));
    names
}

/// Returns the names by which a ticket would find what has such a commit and link.
pub(super) fn names_of(commit: Option<&[u8]>, url: Option<&str>) -> Vec<Name> {
    let mut names = Vec::with_capacity(3);
    if let Some(commit) = commit {
        names.push(Name::Commit(hex::encode(commit)));
        names.push(match commit.get(..SHORT) {
            Some(short) if short != commit => Name::Commit(hex::encode(short)),
            _ => Name::Begins(hex::encode(commit)),
        });
    }
    names.extend(url.map(Name::link));
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

/// Returns the changes whose tickets name it.
pub(super) fn naming(
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

/// Writes down what a change's ticket names, and nothing else of it; returns it. A
/// rehearsal's names nothing, and neither does what was taken out of one.
pub(super) fn learn(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
) -> Result<BTreeSet<Name>, StoreError> {
    let names = written(connection, workspace, change)?;
    let number = change.number.0;
    connection
        .prepare_cached("DELETE FROM named WHERE workspace = ?1 AND change = ?2")?
        .execute(params![workspace.as_str(), number])?;
    let mut insert = connection
        .prepare_cached("INSERT INTO named (workspace, hash, change) VALUES (?1, ?2, ?3)")?;
    for one in &names {
        insert.execute(params![workspace.as_str(), one.hash(), number])?;
    }
    Ok(names)
}

fn written(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
) -> Result<BTreeSet<Name>, StoreError> {
    let entry = change.fields.get(&Field::Links).map(|entry| &entry.value);
    let Some(Value::Links(text)) = entry else {
        return Ok(BTreeSet::new());
    };
    if change.redactions.contains_key(text) || change.drill {
        return Ok(BTreeSet::new());
    }
    let written = texts::find(connection, workspace, *text)?;
    Ok(written
        .iter()
        .flat_map(|text| text.body().split_whitespace())
        .flat_map(names_in)
        .collect())
}

/// Learns what the tickets name that were written before this could be known.
pub(in crate::store) fn learn_all(connection: &Connection) -> Result<(), StoreError> {
    let numbers: Vec<(String, u64)> = connection
        .prepare("SELECT workspace, number FROM change")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (workspace, number) in numbers {
        let workspace = WorkspaceId::new(workspace);
        if let Some((change, _)) = log::load(connection, &workspace, ChangeNumber(number))? {
            learn(connection, &workspace, &change)?;
        }
    }
    Ok(())
}

/// What has a commit in a week and a time; of an abbreviated one, all that begin so. Of
/// each group it is one telling that somebody said in Slack and one that nobody did, for
/// the rules differ; an approval belongs to nothing.
pub(in crate::store) const OF_COMMIT: &str = "SELECT min(id) FROM deployment
     WHERE workspace = ?1 AND week = ?2 AND commit_hash BETWEEN ?3 AND ?4 AND at BETWEEN ?5 AND ?6
         AND happening <> 'review'
     GROUP BY leader, said_in IS NULL";

/// What has a link in a week and a time, as [`OF_COMMIT`] has it.
pub(in crate::store) const OF_LINK: &str = "SELECT min(id) FROM deployment
     WHERE workspace = ?1 AND week = ?2 AND url IN (?3, ?4) AND at BETWEEN ?5 AND ?6
         AND happening <> 'review'
     GROUP BY leader, said_in IS NULL";

/// Returns a telling of each group that has such a name in a time.
pub(super) fn told_of(
    connection: &Connection,
    workspace: &WorkspaceId,
    name: &Name,
    (from, to): (i64, i64),
) -> Result<Vec<i64>, StoreError> {
    let mut found = Vec::new();
    for week in week(from)..=week(to) {
        match name {
            Name::Commit(commit) | Name::Begins(commit) => {
                let first = hex::decode(commit).unwrap_or_default();
                let last = match name {
                    Name::Commit(_) => last_beginning(&first),
                    Name::Begins(_) | Name::Link(_) => first.clone(),
                };
                let mut select = connection.prepare_cached(OF_COMMIT)?;
                let rows =
                    select.query(params![workspace.as_str(), week, first, last, from, to])?;
                ids(rows, &mut found)?;
            }
            Name::Link(link) => {
                let mut select = connection.prepare_cached(OF_LINK)?;
                let slashed = format!("{link}/");
                let rows =
                    select.query(params![workspace.as_str(), week, link, slashed, from, to])?;
                ids(rows, &mut found)?;
            }
        }
    }
    Ok(found)
}

/// Reads rows of one number each.
pub(super) fn ids(
    mut rows: rusqlite::Rows<'_>,
    found: &mut impl Extend<i64>,
) -> Result<(), StoreError> {
    while let Some(row) = rows.next()? {
        found.extend([row.get(0)?]);
    }
    Ok(())
}

/// Returns the last hash that begins as this one does; of a full one, itself.
pub(super) fn last_beginning(commit: &[u8]) -> Vec<u8> {
    let mut last = commit.to_vec();
    if commit.len() == SHORT {
        last.resize(32, u8::MAX);
    }
    last
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
    fn an_abbreviated_commit_and_the_full_one_find_each_other() {
        let (full, short) = ("ab".repeat(20), "ab".repeat(6));
        let other = format!("{short}{}", "cd".repeat(14));
        let meet = |ticket: &str, told: &str| {
            let names = names_in(&format!("https://bitbucket.org/acme/api/commits/{ticket}"));
            let told = hex::decode(told).unwrap();
            let found = names_of(Some(&told), None);
            found.iter().any(|name| names.contains(name))
        };
        assert!(meet(&full, &full) && meet(&short, &short));
        assert!(meet(&full, &short) && meet(&short, &full));
        assert!(!meet(&full, &other) && !meet(&full, &"cd".repeat(6)));
    }

    #[test]
    fn a_commit_and_a_link_of_the_same_name_are_not_the_same() {
        let name = "ab".repeat(20);
        let names = [
            Name::Commit(name.clone()),
            Name::Begins(name.clone()),
            Name::Link(name),
        ];
        let hashes: BTreeSet<Hash> = names.iter().map(Name::hash).collect();
        assert_eq!(hashes.len(), names.len());
    }
}
