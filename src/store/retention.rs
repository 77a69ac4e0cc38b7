//! Taking words and files out of changes whose time is over, as the policy says. What is
//! taken out of each stands in the log, as a redaction does.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::execute::record;
use super::writer::Urgency;
use super::{Rules, Store, StoreError, log, micros, redaction, texts};
use crate::domain::change::{
    Actor, EmergencyChange, Event, Recorded, Source, expiring, kept_since,
};
use crate::domain::id::{ChangeNumber, WorkspaceId};
use crate::domain::text::{Commitment, Text};

/// What a reader found whose time is over.
struct Found {
    /// How many records the log had then: what came later wasn't looked at.
    size: u64,
    changes: Vec<Over>,
}

/// A change whose time is over.
struct Over {
    number: ChangeNumber,
    texts: BTreeSet<Commitment>,
    files: BTreeSet<[u8; 32]>,
}

/// The hashes of texts and files, as records write them, each with the changes of which
/// it is to go.
type Holders = HashMap<String, BTreeSet<ChangeNumber>>;

impl Over {
    fn hashes(&self) -> impl Iterator<Item = String> {
        let texts = self.texts.iter().map(Commitment::to_string);
        texts.chain(self.files.iter().map(hex::encode))
    }

    fn leave(&mut self, hash: &str) {
        self.texts.retain(|text| text.to_string() != hash);
        self.files.retain(|sha256| hex::encode(sha256) != hash);
    }
}

impl Store {
    /// Takes the texts and files out of changes whose time is over: of one for each of
    /// these reasons, which stand in the log as why. What another change still has
    /// stays. Returns of how many changes something went.
    pub async fn expire(
        &self,
        reasons: Vec<Text>,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let n = reasons.len();
        let theirs = Arc::clone(&rules);
        let found = self
            .read(move |connection, workspace| look(connection, workspace, &theirs, n, now))
            .await?;
        if found.changes.is_empty() {
            return Ok(0);
        }
        // All in one transaction: what two changes have goes out of both or stays.
        self.write(Urgency::Later, move |connection, workspace| {
            expire(connection, workspace, found, &reasons, &rules, now)
        })
        .await
    }
}

/// Returns a change, and what of it is to go now.
fn over(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Option<(EmergencyChange, Over)>, StoreError> {
    let Some((change, history)) = log::load(connection, workspace, number)? else {
        return Ok(None);
    };
    let Some(last) = history.last() else {
        return Ok(None);
    };
    let texts = expiring(&change, rules.of(&change), rules.newest(), last.at, now);
    let texts: BTreeSet<Commitment> = texts.into_iter().collect();
    let files = redaction::files(&change)
        .filter(|(name, _)| texts.contains(name))
        .map(|(_, sha256)| sha256)
        .collect();
    let over = Over {
        number,
        texts,
        files,
    };
    Ok(Some((change, over)))
}

/// Looks for so many changes of which something is to go.
fn look(
    connection: &Connection,
    workspace: &WorkspaceId,
    rules: &Rules,
    n: usize,
    now: DateTime<Utc>,
) -> Result<Found, StoreError> {
    let size = connection.query_row(
        "SELECT coalesce(max(seq) + 1, 0) FROM event WHERE workspace = ?1",
        [workspace.as_str()],
        |row| row.get(0),
    )?;
    let mut changes = Vec::new();
    let Some(since) = kept_since(rules.newest(), now) else {
        return Ok(Found { size, changes });
    };
    let mut select = connection.prepare(
        "SELECT number FROM change
         WHERE workspace = ?1 AND stage IN ('withdrawn', 'lapsed', 'closed')
           AND next_due_at IS NULL AND requested_at < ?2 ORDER BY number",
    )?;
    let mut rows = select.query(params![workspace.as_str(), micros(since)])?;
    while let Some(row) = rows.next()? {
        if changes.len() >= n {
            break;
        }
        let number = ChangeNumber(row.get(0)?);
        let over = over(connection, workspace, number, rules, now)?;
        changes.extend(
            over.map(|(_, over)| over)
                .filter(|over| !over.texts.is_empty()),
        );
    }
    let of = holders(&changes);
    for (hash, other) in naming(connection, workspace, &of, 0)? {
        if !is_gone_there(connection, workspace, other, &hash)? {
            for over in &mut changes {
                over.leave(&hash);
            }
        }
    }
    Ok(Found { size, changes })
}

fn holders(changes: &[Over]) -> Holders {
    let mut of = Holders::new();
    for over in changes {
        for hash in over.hashes() {
            of.entry(hash).or_default().insert(over.number);
        }
    }
    of
}

/// Whether a change has lost a text or a file already.
fn is_gone_there(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    hash: &str,
) -> Result<bool, StoreError> {
    let Some((change, _)) = log::load(connection, workspace, number)? else {
        return Ok(false);
    };
    let is_gone = |name: &Commitment| change.redactions.contains_key(name);
    let mut files = redaction::files(&change).filter(|(_, sha256)| hex::encode(sha256) == hash);
    let texts = change.texts.keys().find(|text| text.to_string() == hash);
    Ok(texts.is_none_or(is_gone) && files.all(|(name, _)| is_gone(&name)))
}

/// Returns which of these hashes stand in records, from a place in the log on, of changes
/// of which they aren't to go.
fn naming(
    connection: &Connection,
    workspace: &WorkspaceId,
    of: &Holders,
    from: u64,
) -> Result<BTreeSet<(String, ChangeNumber)>, StoreError> {
    let mut found = BTreeSet::new();
    if of.is_empty() {
        return Ok(found);
    }
    let mut select = connection.prepare(
        "SELECT change, leaf FROM event
         WHERE workspace = ?1 AND seq >= ?2 AND change IS NOT NULL",
    )?;
    let mut rows = select.query(params![workspace.as_str(), from])?;
    while let Some(row) = rows.next()? {
        let number = ChangeNumber(row.get(0)?);
        let leaf = row.get_ref(1)?.as_bytes().unwrap_or_default();
        let hashes = leaf
            .split(|byte| *byte == b'"')
            .filter(|part| part.len() == 64)
            .filter_map(|part| std::str::from_utf8(part).ok());
        for hash in hashes {
            if of.get(hash).is_some_and(|known| !known.contains(&number)) {
                found.insert((hash.to_owned(), number));
            }
        }
    }
    Ok(found)
}

/// Takes out what is still to go of what a reader found. Returns of how many changes
/// something went.
fn expire(
    connection: &Connection,
    workspace: &WorkspaceId,
    found: Found,
    reasons: &[Text],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let of = holders(&found.changes);
    let mut stays: BTreeSet<String> = naming(connection, workspace, &of, found.size)?
        .into_iter()
        .map(|(hash, _)| hash)
        .collect();
    let mut going = Vec::new();
    for planned in found.changes {
        // Somebody may have touched it since.
        let is_as_found = over(connection, workspace, planned.number, rules, now)?
            .filter(|(_, now)| planned.texts.is_subset(&now.texts));
        match is_as_found {
            Some((change, _)) => going.push((change, planned)),
            None => stays.extend(planned.hashes()),
        }
    }
    let mut n_expired = 0;
    for ((change, mut over), reason) in going.into_iter().zip(reasons) {
        for hash in &stays {
            over.leave(hash);
        }
        if over.texts.is_empty() {
            continue;
        }
        take_out(connection, workspace, &change, &over, reason, rules, now)?;
        n_expired += 1;
    }
    Ok(n_expired)
}

/// Takes the words and files of one change out, and puts on record that they went.
fn take_out(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
    over: &Over,
    reason: &Text,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    texts::keep(connection, workspace, std::slice::from_ref(reason))?;
    let gone: Vec<Recorded> = over
        .texts
        .iter()
        .map(|text| Recorded {
            at: now,
            source: Source::Clock,
            actor: Actor::Clock,
            event: Event::Redacted {
                text: *text,
                reason: reason.commitment(),
            },
        })
        .collect();
    let before = Some(change);
    record(
        connection,
        workspace,
        over.number,
        before,
        &gone,
        rules,
        now,
    )?;
    for text in &over.texts {
        texts::redact(connection, workspace, *text)?;
    }
    for sha256 in &over.files {
        connection
            .prepare_cached("DELETE FROM attachment WHERE workspace = ?1 AND sha256 = ?2")?
            .execute(params![workspace.as_str(), sha256])?;
    }
    Ok(())
}
