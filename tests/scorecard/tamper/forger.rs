//! Somebody who can write the file and knows how it is made: drops what guards it, and
//! makes every place, hash, sum and signature fit again that they can.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use breakglass::domain::merkle::{Frontier, Hash, leaf_hash};
use breakglass::evidence::checkpoint::Checkpoint;
use breakglass::evidence::note::{SignedNote, SignerKey, VerifierKey};
use rusqlite::{Connection, params};
use serde_json::Value;

use super::life::WORKSPACE;

/// A record, and the change that it is filed with.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) change: Option<u64>,
    pub(super) json: String,
}

impl Leaf {
    pub(super) fn kind(&self) -> String {
        let read: Option<Value> = serde_json::from_str(&self.json).ok();
        let kind = read.as_ref().and_then(|read| read["type"].as_str());
        kind.unwrap_or_default().to_owned()
    }

    /// Whether it speaks of keys or checkpoints, which have names of their own for what
    /// is wrong with them.
    pub(super) fn is_of_the_seal(&self) -> bool {
        self.kind().starts_with("key_") || self.kind().starts_with("checkpoint_")
    }

    /// Whether it says who did it, by a name that another can be put in the place of.
    pub(super) fn names_somebody(&self) -> bool {
        self.change.is_some() && self.json.contains(SOMEBODY)
    }

    /// Says that somebody else did it.
    pub(super) fn put_on_somebody_else(&mut self) {
        self.json = self.json.replace(SOMEBODY, SOMEBODY_ELSE);
    }
}

const SOMEBODY: &str = "user:U0DANA0001";
const SOMEBODY_ELSE: &str = "user:U0GUS00001";

pub(super) struct Forger(pub(super) Connection);

impl Forger {
    pub(super) fn at(path: &Path) -> anyhow::Result<Self> {
        let file = Connection::open(path)?;
        file.execute_batch(
            "DROP TRIGGER event_is_never_updated; DROP TRIGGER event_is_never_deleted;
             DROP TRIGGER checkpoint_is_never_updated; DROP TRIGGER checkpoint_is_never_deleted;
             DROP TRIGGER deployment_is_never_altered; DROP TRIGGER deployment_is_never_deleted;
             DROP INDEX event_of_change;
             PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;
             PRAGMA synchronous = OFF",
        )?;
        Ok(Self(file))
    }

    pub(super) fn leaves(&self) -> anyhow::Result<Vec<Leaf>> {
        let mut select = self
            .0
            .prepare("SELECT change, CAST(leaf AS TEXT) FROM event ORDER BY seq")?;
        let rows = select.query_map([], |row| {
            Ok(Leaf {
                change: row.get(0)?,
                json: row.get(1)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes the log anew: places, hashes, head, what it says of checkpoints that were
    /// shown. Returns the root over so many of each.
    pub(super) fn rewrite(&self, leaves: &[Leaf]) -> anyhow::Result<Vec<Hash>> {
        let all = self.0.unchecked_transaction()?;
        all.execute_batch("DELETE FROM event")?;
        let mut frontier = Frontier::default();
        let mut roots = vec![frontier.root()];
        let mut versions: BTreeMap<u64, u64> = BTreeMap::new();
        for (seq, leaf) in leaves.iter().enumerate() {
            let (head, rest) = leaf.json.split_once("\"seq\":").context("no place")?;
            let (_, rest) = rest.split_once(',').context("nothing follows")?;
            let mut json = format!("{head}\"seq\":{seq},{rest}");
            if leaf.kind() == "checkpoint_shown" {
                let read: Value = serde_json::from_str(&json)?;
                let size = read["data"]["size"].as_u64().context("no size")?;
                let said = read["data"]["root"].as_str().context("no root")?;
                let root = roots.get(usize::try_from(size)?);
                json = json.replace(said, &hex::encode(root.copied().unwrap_or_default()));
            }
            let version = leaf.change.map(|change| {
                let version = versions.entry(change).or_default();
                *version += 1;
                *version
            });
            let hash = leaf_hash(json.as_bytes());
            all.prepare_cached("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                .execute(params![
                    WORKSPACE,
                    seq,
                    leaf.change,
                    version,
                    json.as_bytes(),
                    hash
                ])?;
            frontier.append(hash);
            roots.push(frontier.root());
        }
        all.execute(
            "UPDATE head SET size = ?1, peaks = ?2",
            params![frontier.size(), frontier.peaks().concat()],
        )?;
        all.commit()?;
        Ok(roots)
    }

    /// Signs every checkpoint anew, each by the key that `by` has for the note before.
    pub(super) fn sign<'k>(
        &self,
        roots: &[Hash],
        by: impl Fn(&SignedNote) -> Option<&'k SignerKey>,
    ) -> anyhow::Result<()> {
        let kept: Vec<(u64, usize, String)> = self
            .0
            .prepare("SELECT n, size, note FROM checkpoint ORDER BY n")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        for (n, size, note) in kept {
            let note: SignedNote = note.parse()?;
            let key = by(&note).context("nobody signs")?;
            let checkpoint = Checkpoint {
                origin: key.verifier().name().to_string(),
                size: size as u64,
                root: *roots.get(size).context("the log is too short")?,
            };
            self.0.execute(
                "UPDATE checkpoint SET note = ?2, root = ?3 WHERE n = ?1",
                params![n, checkpoint.sign(key)?.to_string(), checkpoint.root],
            )?;
        }
        Ok(())
    }

    /// Lets the register say what the log says now of who asked.
    pub(super) fn put_on_somebody_else(&self, change: u64) -> anyhow::Result<()> {
        self.0.execute(
            "UPDATE change SET requester = 'U0GUS00001'
             WHERE number = ?1 AND requester = 'U0DANA0001'",
            [change],
        )?;
        Ok(())
    }
}

/// The key that signed a note.
pub(super) fn signer<'k>(keys: &'k [SignerKey], note: &SignedNote) -> Option<&'k SignerKey> {
    keys.iter().find(|key| {
        let verifier: &VerifierKey = key.verifier();
        note.verified_by(&[verifier]).is_ok()
    })
}
