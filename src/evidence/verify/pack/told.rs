//! What sources told of changes, and whether a normal change's record tells it so.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::about::instant;
use super::flaw::Flaw;
use super::log::{Listed, is_near};
use super::place::Place;
use super::sample::{text, texts};
use super::{Leaf, ROOM};
use crate::domain::deployment::{ChangeKind, Mark, unexplained};
use crate::domain::merkle::Hash;

/// What a normal change's record says, and under which name a telling is hashed with it.
const FACTS: [(&str, &str); 11] = [
    ("system", "system"),
    ("change_type", "type"),
    ("author", "author"),
    ("author_email", "author_email"),
    ("url", "url"),
    ("commit", "commit"),
    ("approved_by", "approved_by"),
    ("approval_url", "approval_url"),
    ("testing_url", "testing_url"),
    ("deploy_log_url", "deploy_log_url"),
    ("outcome", "outcome"),
];

/// What sources told, by its hashes.
#[derive(Debug, Default)]
pub(super) struct Tellings {
    rows: Vec<Hash>,
    of_leaf: BTreeMap<u64, Range<usize>>,
    /// The same in order, and whether somebody took it.
    left: Vec<(Hash, bool)>,
}

impl Tellings {
    /// What sources told is what the log has the hash of.
    pub(super) fn of(place: &mut Place, intakes: &[Leaf]) -> Result<Self, Flaw> {
        let n = |leaf: &Leaf| leaf.data.get("n").and_then(Value::as_u64);
        let most = intakes.iter().filter_map(n).fold(0, u64::saturating_add);
        let name = format!("{ROOM}tellings.bin");
        let bytes = place
            .read_up_to(&name, most.saturating_mul(32))?
            .ok_or_else(|| Flaw::inserted("tellings.bin holds more than the log took in"))?;
        let mut rest = bytes.as_slice();
        let mut told = Self::default();
        for leaf in intakes {
            let length = n(leaf).and_then(|n| usize::try_from(n).ok()?.checked_mul(32));
            let rows = rest.get(..length.unwrap_or(usize::MAX)).unwrap_or(rest);
            let said = leaf.data.get("rows").and_then(Value::as_str);
            if said != Some(&hex::encode(Sha256::digest(rows))) {
                return Err(Flaw::altered(format!(
                    "what {leaf} took in isn't what was told"
                )));
            }
            let first = told.rows.len();
            told.rows.extend_from_slice(rows.as_chunks::<32>().0);
            told.of_leaf.insert(leaf.seq, first..told.rows.len());
            rest = rest.get(rows.len()..).unwrap_or_default();
        }
        told.left = told.rows.iter().map(|row| (*row, false)).collect();
        told.left.sort_unstable();
        Ok(told)
    }

    /// Whether it was told, and nobody took it before.
    pub(super) fn take(&mut self, hash: &Hash) -> bool {
        let at = self.left.partition_point(|(one, _)| one < hash);
        let mut alike = self.left.iter_mut().skip(at);
        let free = alike.find(|(one, is_taken)| one != hash || !*is_taken);
        match free {
            Some((one, is_taken)) if one == hash => {
                *is_taken = true;
                true
            }
            _ => false,
        }
    }

    fn has(&self, leaf: u64, hash: &Hash) -> bool {
        let rows = self.of_leaf.get(&leaf).cloned();
        let rows = rows.and_then(|rows| self.rows.get(rows));
        rows.is_some_and(|rows| rows.contains(hash))
    }
}

type Fact = (String, Vec<u8>);

/// The (name, value) pairs over which a telling is hashed.
fn hashed(telling: &Value) -> Option<Vec<Fact>> {
    telling
        .get("hashed")?
        .as_array()?
        .iter()
        .map(|pair| {
            let (name, value) = (pair.get(0)?.as_str()?, pair.get(1)?.as_str()?);
            Some((name.to_owned(), hex::decode(value).ok()?))
        })
        .collect()
}

/// SHA-256 over such pairs, each part with its length before it.
fn digest(fields: &[Fact]) -> Hash {
    let mut sha = Sha256::new();
    for (name, value) in fields {
        for part in [name.as_bytes(), value] {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part);
        }
    }
    sha.finalize().into()
}

/// What all tellings of a change say, the last word of each.
#[derive(Default)]
struct Whole {
    facts: BTreeMap<String, Vec<u8>>,
    kinds: BTreeSet<ChangeKind>,
    marks: BTreeSet<Mark>,
    names: BTreeSet<String>,
    ats: Vec<i64>,
    commitments: BTreeSet<String>,
}

/// Whether somebody among those who approved isn't who made it; nothing: it can't be
/// told.
fn is_another(author: Option<&str>, approved_by: Option<&str>) -> Option<bool> {
    let author = author?.trim().to_lowercase();
    let approved_by = approved_by?.to_lowercase();
    let mut names = approved_by.split([',', ';']).map(str::trim);
    Some(names.any(|name| !name.is_empty() && name != author))
}

/// The record tells what its sources did, in the last word that any of them had. Returns
/// how many of its texts are said to be taken out.
pub(super) fn normal(
    name: &str,
    record: &Value,
    told: &Tellings,
    row: Option<&Listed>,
) -> Result<usize, Flaw> {
    let form = || Flaw::form(name);
    let mut whole = Whole::default();
    let tellings = record.get("tellings").and_then(Value::as_array);
    let tellings = tellings.ok_or_else(form)?;
    for telling in tellings {
        let hashed = hashed(telling).ok_or_else(form)?;
        let digest = digest(&hashed);
        let leaf = telling.get("leaf").and_then(Value::as_u64);
        if !leaf.is_some_and(|leaf| told.has(leaf, &digest)) {
            return Err(Flaw::altered(format!("{name} tells what no source told")));
        }
        let source = text(telling, "source").ok_or_else(form)?;
        if text(telling, "hash") != Some(&hex::encode(digest))
            || !whole.take(telling, &hashed).ok_or_else(form)?
        {
            return Err(Flaw::altered(format!(
                "{name} tells otherwise what {source} told"
            )));
        }
    }
    let other = |field: &str| {
        let field = field.replace('_', " ");
        Err(Flaw::altered(format!(
            "{name} has another {field} than was told"
        )))
    };
    for (field, hashed) in FACTS {
        let said = record.get(field).ok_or_else(form)?;
        let due = whole.facts.get(hashed).map(Vec::as_slice);
        if said.as_str().map(str::as_bytes) != due || !(said.is_null() || said.is_string()) {
            return other(field);
        }
    }
    for field in ["title", "testing_result"] {
        let said = record.get(field).ok_or_else(form)?;
        let said = text(said, "commitment").map(str::to_owned);
        if said != whole.facts.get(field).map(hex::encode) {
            return other(field);
        }
    }
    let kind = whole.kinds.last().copied().unwrap_or(ChangeKind::Normal);
    if !whole.is_so(record, tellings, kind).ok_or_else(form)? {
        return Err(Flaw::altered(format!(
            "{name} says otherwise what follows from what was told"
        )));
    }
    let at = text(record, "at").and_then(instant).ok_or_else(form)?;
    let first = tellings.first().and_then(|first| text(first, "hash"));
    let is_listed = row.is_some_and(|(listed, hash, called)| {
        is_near(*listed, at) && Some(hash.as_str()) == first && called.to_lowercase() == kind.name()
    });
    if !is_listed {
        return Err(Flaw::altered(format!(
            "{name} isn't as the change log has it"
        )));
    }
    let gone = texts(name, record, &|commitment| {
        whole.commitments.contains(commitment)
    })?;
    Ok(gone.len())
}

impl Whole {
    /// Takes a telling in; returns whether it is as it was hashed.
    fn take(&mut self, telling: &Value, hashed: &[Fact]) -> Option<bool> {
        let facts: BTreeMap<&str, &[u8]> = hashed
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let at = text(telling, "at").and_then(instant)?;
        let happening = telling.get("happening")?;
        let said = [
            ("source", telling.get("source")?),
            ("external_id", telling.get("external_id")?),
            ("happening", happening.get("name")?),
            ("outcome", telling.get("outcome")?),
            ("url", telling.get("url")?),
        ];
        let is_so = said.iter().all(|(field, said)| {
            let is_text = said.is_null() || said.is_string();
            is_text && facts.get(field).copied() == said.as_str().map(str::as_bytes)
        });
        self.ats.push(at);
        let source = text(telling, "source")?;
        self.names
            .insert(format!("{source} {}", text(telling, "external_id")?));
        let words = |value: &[u8]| std::str::from_utf8(value).ok().map(str::to_owned);
        if let Some(kind) = facts.get("kind") {
            self.kinds.insert(ChangeKind::from_name(&words(kind)?)?);
        }
        for (name, value) in hashed {
            if name == "mark" {
                self.marks.insert(Mark::from_name(&words(value)?)?);
            }
            if name == "title" || name == "testing_result" {
                self.commitments.insert(hex::encode(value));
            }
            self.facts.insert(name.clone(), value.clone());
        }
        Some(is_so && facts.get("at").copied() == Some(at.to_be_bytes().as_slice()))
    }

    /// Whether a record says what follows from them.
    fn is_so(&self, record: &Value, tellings: &[Value], kind: ChangeKind) -> Option<bool> {
        let happening = |one: &Value| {
            one.get("happening")
                .and_then(|one| text(one, "name").map(str::to_owned))
        };
        let is_merged = tellings
            .iter()
            .any(|one| happening(one).as_deref() == Some("merge"));
        let marks = unexplained(
            &self.marks,
            is_merged,
            self.facts.contains_key("approved_by"),
        );
        let mut said = BTreeSet::new();
        for mark in record.get("marks")?.as_array()? {
            said.insert(text(mark, "name")?);
        }
        let another = record.get("approver_is_another")?;
        let due = is_another(text(record, "author"), text(record, "approved_by"));
        let at = text(record, "at").and_then(instant)?;
        Some(
            marks.iter().all(|mark| said.contains(mark.name()))
                && text(record.get("kind")?, "name")? == kind.name()
                && self.names.contains(text(record, "name")?)
                && self.ats.is_sorted()
                && self.ats.contains(&at)
                && *another == due.map_or(Value::Null, Value::Bool),
        )
    }
}
