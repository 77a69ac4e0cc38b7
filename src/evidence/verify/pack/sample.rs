//! Whether a sample's record tells what the log and its sources do.

use std::collections::BTreeSet;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::flaw::Flaw;
use super::{Kept, Leaf, Tellings};
use crate::domain::merkle::{Hash, Inclusion, leaf_hash};

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

/// What samples are held against.
pub(super) struct Around<'a> {
    pub(super) kept: &'a Kept,
    pub(super) told: &'a Tellings,
    pub(super) size: u64,
    pub(super) root: Hash,
}

/// Returns the number of the emergency change that a record is of.
pub(super) fn number(record: &Value) -> Option<u64> {
    let (_, number) = record.get("number")?.as_str()?.split_once('-')?;
    number.parse().ok()
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}

impl Around<'_> {
    /// Holds a sample against the log.
    pub(super) fn check(&self, name: &str, record: &Value, proofs: &Value) -> Result<(), Flaw> {
        let form = || Flaw::form(name);
        if proofs.get("size").and_then(Value::as_u64) != Some(self.size) {
            return Err(Flaw::altered(format!(
                "the proofs beside {name} are of another checkpoint"
            )));
        }
        let mut seqs = Vec::new();
        let records = proofs.get("records").and_then(Value::as_array);
        for proof in records.ok_or_else(form)? {
            let seq = proof.get("seq").and_then(Value::as_u64).ok_or_else(form)?;
            let Some((line, leaf)) = self.kept.seqs.get(&seq).and_then(Option::as_ref) else {
                return Err(Flaw::altered(format!("record {seq} beside {name}")));
            };
            if text(proof, "leaf").map(str::as_bytes) != Some(line) {
                return Err(Flaw::altered(format!("{leaf} beside {name}")));
            }
            if !self.is_included(seq, line, proof) {
                return Err(Flaw::altered(format!("the proof of {leaf} beside {name}")));
            }
            seqs.push(seq);
        }
        let Some(number) = number(record) else {
            return self.normal(name, record);
        };
        let folder = name.rsplit('/').nth(1).unwrap_or_default();
        let called = text(record, "number").unwrap_or_default();
        if !folder.ends_with(&format!(" {called}")) {
            return Err(Flaw::altered(format!(
                "{name} is of another change than its folder"
            )));
        }
        let leaves = self.kept.changes.get(&number).ok_or_else(form)?;
        if !leaves.iter().map(|(_, leaf)| &leaf.seq).eq(&seqs) {
            return Err(Flaw::missing(format!(
                "a record of CHG-{number} beside {name}"
            )));
        }
        emergency(name, record, number, leaves)
    }

    fn is_included(&self, seq: u64, line: &[u8], proof: &Value) -> bool {
        let path = proof.get("path").and_then(Value::as_array);
        let path: Option<Vec<Hash>> = path.and_then(|path| {
            path.iter()
                .map(|step| hex::decode(step.as_str()?).ok()?.try_into().ok())
                .collect()
        });
        path.is_some_and(|path| {
            let proof = Inclusion {
                index: seq,
                size: self.size,
                path,
            };
            proof.holds(leaf_hash(line), self.root)
        })
    }

    /// The record tells what its sources did.
    fn normal(&self, name: &str, record: &Value) -> Result<(), Flaw> {
        let form = || Flaw::form(name);
        let mut facts: BTreeSet<(String, Vec<u8>)> = BTreeSet::new();
        let tellings = record.get("tellings").and_then(Value::as_array);
        for telling in tellings.ok_or_else(form)? {
            let hashed = hashed(telling).ok_or_else(form)?;
            let digest = digest(&hashed);
            let leaf = telling.get("leaf").and_then(Value::as_u64);
            let rows = leaf.and_then(|leaf| self.told.get(&leaf));
            if !rows.is_some_and(|rows| rows.contains(&digest)) {
                return Err(Flaw::altered(format!("{name} tells what no source told")));
            }
            let of_this: BTreeSet<(String, Vec<u8>)> = hashed.into_iter().collect();
            let source = text(telling, "source").ok_or_else(form)?;
            let said = [
                ("source", Some(source)),
                ("external_id", text(telling, "external_id")),
                (
                    "happening",
                    telling.get("happening").and_then(|one| text(one, "name")),
                ),
                ("outcome", text(telling, "outcome")),
                ("url", text(telling, "url")),
            ];
            let is_so = said
                .into_iter()
                .filter_map(|(field, said)| Some((field.to_owned(), said?.as_bytes().to_vec())))
                .all(|fact| of_this.contains(&fact));
            if !is_so || text(telling, "hash") != Some(&hex::encode(digest)) {
                return Err(Flaw::altered(format!(
                    "{name} tells otherwise what {source} told"
                )));
            }
            facts.extend(of_this);
        }
        for (field, hashed) in FACTS {
            if let Some(said) = text(record, field)
                && !facts.contains(&(hashed.to_owned(), said.as_bytes().to_vec()))
            {
                return Err(Flaw::altered(format!(
                    "{name} has another {} than was told",
                    field.replace('_', " ")
                )));
            }
        }
        let commitments: BTreeSet<String> =
            facts.iter().map(|(_, value)| hex::encode(value)).collect();
        texts(name, record, &|commitment| commitments.contains(commitment))
    }
}

/// The (name, value) pairs over which a telling is hashed.
fn hashed(telling: &Value) -> Option<Vec<(String, Vec<u8>)>> {
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
fn digest(fields: &[(String, Vec<u8>)]) -> Hash {
    let mut sha = Sha256::new();
    for (name, value) in fields {
        for part in [name.as_bytes(), value] {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part);
        }
    }
    sha.finalize().into()
}

/// Shows each text in a record.
fn each_text<'v>(value: &'v Value, see: &mut impl FnMut(&'v Value)) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("commitment") && fields.contains_key("text") {
                see(value);
            }
            fields.values().for_each(|part| each_text(part, see));
        }
        Value::Array(parts) => parts.iter().for_each(|part| each_text(part, see)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn all_texts(record: &Value) -> Vec<&Value> {
    let mut all = Vec::new();
    each_text(record, &mut |text| all.push(text));
    all
}

/// Each text is one to which the log holds the commitment.
fn texts(name: &str, record: &Value, is_recorded: &dyn Fn(&str) -> bool) -> Result<(), Flaw> {
    for one in all_texts(record) {
        let commitment = text(one, "commitment").unwrap_or_default();
        if !is_recorded(commitment) {
            return Err(Flaw::inserted(format!(
                "{name} holds a text of which no record speaks"
            )));
        }
        let Some(words) = text(one, "text") else {
            continue;
        };
        let salt = text(one, "salt").and_then(|salt| hex::decode(salt).ok());
        let found = Sha256::new()
            .chain_update(salt.unwrap_or_default())
            .chain_update(words)
            .finalize();
        if hex::encode(found) != commitment {
            return Err(Flaw::altered(format!(
                "a text in {name} isn't the one that was recorded"
            )));
        }
    }
    Ok(())
}

/// An instant to the microsecond, as text that can be compared.
fn instant(said: &str) -> (String, String) {
    let said = said.trim_end_matches('Z');
    let (whole, part) = said.split_once('.').unwrap_or((said, ""));
    (
        whole.to_owned(),
        format!("{part:0<6}").chars().take(6).collect(),
    )
}

/// The record tells what the log's records of the change do.
fn emergency(
    name: &str,
    record: &Value,
    number: u64,
    leaves: &[(Vec<u8>, Leaf)],
) -> Result<(), Flaw> {
    let form = || Flaw::form(name);
    let lines: String = leaves
        .iter()
        .map(|(line, _)| String::from_utf8_lossy(line))
        .collect::<Vec<_>>()
        .join("\n");
    texts(name, record, &|commitment| lines.contains(commitment))?;
    let gone: BTreeSet<&str> = leaves
        .iter()
        .filter(|(_, leaf)| leaf.kind == "redacted")
        .filter_map(|(_, leaf)| text(&leaf.data, "text"))
        .collect();
    let as_of = instant(text(record, "as_of").ok_or_else(form)?);
    for one in all_texts(record) {
        if text(one, "text").is_some() {
            continue;
        }
        let removed = one.get("redacted").and_then(|removed| text(removed, "at"));
        let Some(removed) = removed else {
            return Err(Flaw::missing(format!(
                "a text in {name}, and nobody says that it was taken out"
            )));
        };
        let commitment = text(one, "commitment").unwrap_or_default();
        if instant(removed) <= as_of && !gone.contains(commitment) {
            return Err(Flaw::missing(format!(
                "a text in {name}, and no record says that it was taken out"
            )));
        }
    }
    let timeline = record.get("timeline").and_then(Value::as_array);
    let timeline = timeline.ok_or_else(form)?;
    if timeline.len() != leaves.len() {
        return Err(Flaw::missing(format!(
            "{name} leaves out records of CHG-{number}"
        )));
    }
    for (told, (_, leaf)) in timeline.iter().zip(leaves) {
        let actor = told.get("actor").ok_or_else(form)?;
        let kind = text(actor, "kind").ok_or_else(form)?;
        let who = match (kind, text(actor, "id")) {
            ("person", Some(id)) => format!("user:{id}"),
            (kind, _) => kind.to_owned(),
        };
        let is_so = told.get("leaf").and_then(Value::as_u64) == Some(leaf.seq)
            && told.get("event").and_then(|event| text(event, "name")) == Some(&leaf.kind)
            && text(told, "at").map(instant) == Some(instant(&leaf.at))
            && who == leaf.actor;
        if !is_so {
            return Err(Flaw::altered(format!("{name} tells {leaf} otherwise")));
        }
    }
    Ok(())
}
