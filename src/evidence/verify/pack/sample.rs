//! Whether a sample's record tells what the log and its sources do.

use std::collections::BTreeSet;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::about::instant;
use super::flaw::Flaw;
use super::log::{Log, number_of};
use super::told::{self, Tellings};
use super::{CHANGES, Kept, Leaf};
use crate::domain::merkle::{Hash, Inclusion, leaf_hash};
use crate::evidence::checkpoint::root_in_words;
use crate::evidence::pack::{NORMAL_PAPERS, PAPERS};

/// Returns the names of a sample's papers by the form of its record.
pub(super) fn papers(record: &Value) -> Option<Vec<&'static str>> {
    match text(record, "form")? {
        "breakglass-record" => Some(PAPERS.map(|(name, _)| name).into()),
        "breakglass-normal-record" => Some(NORMAL_PAPERS.map(|(name, _)| name).into()),
        _ => None,
    }
}

/// Returns which of the samples a folder is of, by its name.
pub(super) fn place_of(folder: &str) -> Result<u64, Flaw> {
    let rest = folder.strip_prefix("Sample ");
    let number = rest.and_then(|rest| Some(rest.split_once(" - ")?.0));
    let number = number.filter(|number| {
        let is_number = number.bytes().all(|digit| digit.is_ascii_digit());
        number.len() <= 9 && is_number && !number.starts_with('0')
    });
    let number = number.and_then(|number| number.parse().ok());
    number.ok_or_else(|| Flaw::inserted(format!("{CHANGES}{folder}/ is no folder of a sample")))
}

/// What samples are held against.
pub(super) struct Around<'a> {
    pub(super) kept: &'a Kept,
    pub(super) told: &'a Tellings,
    pub(super) log: &'a Log<'a>,
    pub(super) size: u64,
    pub(super) root: Hash,
}

/// Returns the number of the emergency change that a record is of.
pub(super) fn number(record: &Value) -> Option<u64> {
    number_of(text(record, "number")?)
}

/// Whether a record is of an emergency change.
pub(super) fn is_emergency(record: &Value) -> bool {
    text(record, "form") == Some("breakglass-record")
}

pub(super) fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}

impl Around<'_> {
    /// Holds a sample against the log. Returns how many of its texts are said to be taken
    /// out, and the log doesn't confirm it.
    pub(super) fn check(&self, name: &str, record: &Value, proofs: &Value) -> Result<usize, Flaw> {
        let form = || Flaw::form(name);
        let size = proofs.get("size").and_then(Value::as_u64);
        if size != Some(self.size) || text(proofs, "root") != Some(&root_in_words(&self.root)) {
            return Err(Flaw::altered(format!(
                "the proofs beside {name} are of another checkpoint"
            )));
        }
        let about = self.log.about;
        if text(record, "workspace") != Some(&about.workspace)
            || text(record, "as_of") != Some(&about.made_at)
        {
            return Err(Flaw::altered(format!("{name} is of another checkpoint")));
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
        if !is_emergency(record) {
            return self.normal(name, record, &seqs);
        }
        let number = number(record).ok_or_else(form)?;
        let at = self
            .log
            .changes
            .get(&number)
            .and_then(super::log::Change::at);
        is_called(name, at.ok_or_else(form)?, text(record, "number"))?;
        let leaves = self.kept.changes.get(&number).ok_or_else(form)?;
        if !leaves.iter().map(|(_, leaf)| &leaf.seq).eq(&seqs) {
            return Err(Flaw::missing(format!(
                "a record of CHG-{number} beside {name}"
            )));
        }
        emergency(name, record, number, leaves)
    }

    fn normal(&self, name: &str, record: &Value, seqs: &[u64]) -> Result<usize, Flaw> {
        let form = || Flaw::form(name);
        let tellings = record.get("tellings").and_then(Value::as_array);
        let mut of = BTreeSet::new();
        for telling in tellings.ok_or_else(form)? {
            let leaf = telling.get("leaf").and_then(Value::as_u64);
            of.insert(leaf.ok_or_else(form)?);
        }
        let called = text(record, "name").ok_or_else(form)?;
        if of.is_empty() || !of.iter().eq(seqs) {
            return Err(Flaw::missing(format!("a record of {called} beside {name}")));
        }
        let at = text(record, "at").and_then(instant).ok_or_else(form)?;
        is_called(name, at, None)?;
        let row = self.log.of_samples.get(called).and_then(Option::as_ref);
        told::normal(name, record, self.told, row)
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
}

/// A folder is called by its sample. Days begin at most half a day and some from UTC's.
fn is_called(name: &str, at: i64, called: Option<&str>) -> Result<(), Flaw> {
    let folder = name.rsplit('/').nth(1).unwrap_or_default();
    let rest = folder.split_once(" - ").map_or("", |(_, rest)| rest);
    let (day, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let noon = instant(&format!("{day}T12:00:00Z")).ok_or_else(|| Flaw::form(name))?;
    let is_then = noon.abs_diff(at) <= 27 * 3_600 * 1_000_000;
    if !is_then || called.is_some_and(|called| called != rest) {
        return Err(Flaw::altered(format!(
            "{name} is of another change than its folder"
        )));
    }
    Ok(())
}

/// Shows each text in a record.
fn each_text<'v>(value: &'v Value, see: &mut impl FnMut(&'v Value)) {
    match value {
        Value::Object(fields) => {
            // Words without a commitment are none that anybody recorded.
            let text = fields.get("text");
            let is_text = fields.contains_key("salt") || text.is_some_and(Value::is_string);
            if is_text || (fields.contains_key("commitment") && text.is_some()) {
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

/// Each text is one to which the log holds the commitment. Returns those whose words are
/// gone.
pub(super) fn texts<'v>(
    name: &str,
    record: &'v Value,
    is_recorded: &dyn Fn(&str) -> bool,
) -> Result<BTreeSet<&'v str>, Flaw> {
    let mut gone = BTreeSet::new();
    for one in all_texts(record) {
        let form = || Flaw::form(name);
        let commitment = text(one, "commitment").ok_or_else(form)?;
        super::log::hash(commitment).ok_or_else(form)?;
        let (words, salt) = (one.get("text"), one.get("salt"));
        let is_one =
            |part: Option<&Value>| part.is_some_and(|part| part.is_null() || part.is_string());
        if !is_one(words) || !is_one(salt) {
            return Err(form());
        }
        if !is_recorded(commitment) {
            return Err(Flaw::inserted(format!(
                "{name} holds a text of which no record speaks"
            )));
        }
        let Some(words) = text(one, "text") else {
            gone.insert(commitment);
            continue;
        };
        let salt = text(one, "salt").and_then(|salt| hex::decode(salt).ok());
        let found = Sha256::new()
            .chain_update(salt.ok_or_else(form)?)
            .chain_update(words)
            .finalize();
        if hex::encode(found) != commitment {
            return Err(Flaw::altered(format!(
                "a text in {name} isn't the one that was recorded"
            )));
        }
    }
    Ok(gone)
}

/// The record tells what the log's records of the change do.
fn emergency(
    name: &str,
    record: &Value,
    number: u64,
    leaves: &[(Vec<u8>, Leaf)],
) -> Result<usize, Flaw> {
    let form = || Flaw::form(name);
    let lines: String = leaves
        .iter()
        .map(|(line, _)| String::from_utf8_lossy(line))
        .collect::<Vec<_>>()
        .join("\n");
    let taken_out = texts(name, record, &|commitment| lines.contains(commitment))?;
    let gone: BTreeSet<&str> = leaves
        .iter()
        .filter(|(_, leaf)| leaf.kind == "redacted")
        .filter_map(|(_, leaf)| text(&leaf.data, "text"))
        .collect();
    let as_of = text(record, "as_of").and_then(instant).ok_or_else(form)?;
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
        if instant(removed).ok_or_else(form)? <= as_of && !gone.contains(commitment) {
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
            && text(told, "at").and_then(instant).ok_or_else(form)?
                == instant(&leaf.at).ok_or_else(form)?
            && who == leaf.actor;
        if !is_so {
            return Err(Flaw::altered(format!("{name} tells {leaf} otherwise")));
        }
    }
    Ok(taken_out.difference(&gone).count())
}
