//! Makes a sample's record again from the log's records, and its papers again from that:
//! what the log holds and the samples' texts settle every word of them.
//!
//! Only the program that made a pack can do that, for words change from version to
//! version. `verify.py` doesn't; it says so.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::flaw::Flaw;
use super::place::Place;
use super::sample::Around;
use super::{ABOUT, Leaf, Seen};
use crate::config::PolicyFile;
use crate::domain::change::{Attached, EmergencyChange, Recorded};
use crate::domain::id::{ChangeNumber, UserId};
use crate::domain::policy::{Policy, PolicyVersion};
use crate::domain::text::{Commitment, Salt, Text};
use crate::evidence::pack::{
    CHANGES, Foot, NORMAL_PAPERS, PAPERS, PROGRAM, attachment_name, json, log_in_words, papers_of,
    policy_of,
};
use crate::evidence::pages::PageFault;
use crate::evidence::record::{Found, NormalRecord, Record, Sources, removed_by};
use crate::store::recorded;

/// What every sample of a pack is made with.
pub(super) struct Maker<'a> {
    n_samples: u64,
    foot: Foot<'a>,
    policies: Vec<Policy>,
}

impl<'a> Maker<'a> {
    /// Reads the policies of a pack's log; nothing if another version of the program made
    /// the pack.
    pub(super) fn of(
        place: &mut Place,
        around: &Around<'a>,
        seen: &Seen,
    ) -> Result<Option<Self>, Flaw> {
        let form = || Flaw::form(ABOUT);
        let about = around.log.about;
        if about.program.as_ref().ok_or_else(form)? != PROGRAM {
            return Ok(None);
        }
        let at = about.made_at.parse().map_err(|_| form())?;
        let mut policies = Vec::new();
        for leaf in &seen.policies {
            let version = leaf.data.get("version").and_then(Value::as_u64);
            let version = version.and_then(|version| u32::try_from(version).ok());
            let bytes = leaf.data.get("bytes").and_then(Value::as_str);
            let (Some(version), Some(bytes)) = (version, bytes) else {
                return Err(Flaw::altered(leaf.to_string()));
            };
            let adopted = format!("{CHANGES}Policies/policy version {version}.toml");
            if place.names().contains(&adopted) && place.read(&adopted)? != bytes.as_bytes() {
                return Err(Flaw::altered(format!(
                    "{adopted} isn't the policy that {leaf} adopted"
                )));
            }
            let policy = PolicyFile::read(bytes).ok();
            let policy = policy.and_then(|file| file.policy(PolicyVersion(version)).ok());
            policies.extend(policy);
        }
        Ok(Some(Self {
            n_samples: about.n_samples,
            foot: Foot {
                workspace: &about.workspace,
                period: about.period.clone(),
                log: log_in_words(around.size, &around.root),
                at,
            },
            policies,
        }))
    }

    /// Makes the n-th sample again and compares. `name` is that of its record.
    pub(super) fn check(
        &self,
        place: &mut Place,
        n: usize,
        name: &str,
        record: &Value,
        leaves: Option<&[(Vec<u8>, Leaf)]>,
    ) -> Result<(), Flaw> {
        let written = place.read(name)?;
        let folder = name.strip_suffix("record.json").unwrap_or_default();
        let mut expected =
            BTreeSet::from([name.to_owned(), format!("{folder}inclusion_proof.json")]);
        let imprint = self.foot.of_sample(n, self.n_samples, &written);
        let papers = if let Some(leaves) = leaves {
            let (made, change) = self.emergency(name, record, leaves)?;
            same(name, record, &json(&made).unwrap_or_default(), &written)?;
            attachments(place, folder, &made, &change, &mut expected)?;
            papers_of(&PAPERS, &made, &imprint)
        } else {
            let made: NormalRecord =
                serde_json::from_slice(&written).map_err(|_| Flaw::form(name))?;
            same(name, record, &json(&made).unwrap_or_default(), &written)?;
            papers_of(&NORMAL_PAPERS, &made, &imprint)
        };
        let papers = papers.map_err(|_: PageFault| Flaw::form(name))?;
        for (paper, bytes) in papers {
            let paper = format!("{folder}{paper}");
            if place.digest(&paper)? != hex::encode(Sha256::digest(&bytes)) {
                return Err(Flaw::altered(format!(
                    "{paper} isn't the paper that its record makes"
                )));
            }
            expected.insert(paper);
        }
        let more = place
            .names()
            .iter()
            .find(|one| one.starts_with(folder) && !expected.contains(*one));
        more.map_or(Ok(()), |more| {
            Err(Flaw::inserted(format!("{more} is nothing of this sample")))
        })
    }

    /// Makes the record of an emergency change from its leaves; its words and what
    /// people are called come from the record itself, where they were checked.
    fn emergency(
        &self,
        name: &str,
        record: &Value,
        leaves: &[(Vec<u8>, Leaf)],
    ) -> Result<(Record, EmergencyChange), Flaw> {
        let form = || Flaw::form(name);
        let history: Option<Vec<Recorded>> =
            leaves.iter().map(|(line, _)| recorded(line)).collect();
        let seqs: Vec<u64> = leaves.iter().map(|(_, leaf)| leaf.seq).collect();
        let number = super::sample::number(record).ok_or_else(form)?;
        let number = ChangeNumber(number);
        let change = history
            .as_deref()
            .and_then(|history| EmergencyChange::replay(number, history));
        let (Some(history), Some(change)) = (history, change) else {
            return Err(Flaw::altered(format!(
                "the records of {number} don't make a change"
            )));
        };
        let mut said = Said::default();
        said.hear(record);
        let text = |of: Commitment| {
            let found = said.texts.get(&of).cloned().unwrap_or(Found::Missing);
            match (found, change.redactions.get(&of)) {
                // What the log says of it stands before what the record does.
                (Found::Redacted { why, .. }, Some(gone)) => Found::Redacted {
                    at: gone.at,
                    by: gone.by.clone(),
                    why,
                },
                (found, _) => found,
            }
        };
        let person = |who: &UserId| said.names.get(who.as_str()).cloned();
        let made = Record::of(
            &change,
            &history,
            &seqs,
            &policy_of(&self.policies, change.policy),
            Sources {
                workspace: self.foot.workspace,
                text: &text,
                person: &person,
                group: &|_| None,
                channel: &|_| None,
                as_of: self.foot.at,
            },
        );
        Ok((made, change))
    }
}

/// Each file that was attached is the one that was kept, or its name says that it was
/// taken out.
fn attachments(
    place: &mut Place,
    folder: &str,
    record: &Record,
    change: &EmergencyChange,
    expected: &mut BTreeSet<String>,
) -> Result<(), Flaw> {
    let both = change.attachments.iter().zip(&record.attachments);
    for (n, (one, told)) in (1..).zip(both) {
        let Attached::File { sha256, .. } = &one.attached else {
            continue;
        };
        let file = format!("{folder}{}", attachment_name(n, told.name.text.as_deref()));
        if place.names().contains(&file) {
            if place.digest(&file)? != hex::encode(sha256) {
                return Err(Flaw::altered(format!(
                    "{file} isn't the file that was kept"
                )));
            }
            expected.insert(file);
        } else if told.name.redacted.is_none() {
            return Err(Flaw::missing(file));
        }
    }
    Ok(())
}

/// The record as it is made again has the same bytes; else says where it differs.
fn same(name: &str, record: &Value, made: &[u8], written: &[u8]) -> Result<(), Flaw> {
    if made == written {
        return Ok(());
    }
    let made = serde_json::from_slice(made).unwrap_or_default();
    let place = difference(record, &made).unwrap_or_else(|| "its form".to_owned());
    Err(Flaw::altered(format!(
        "{name} says otherwise than the log's records: {place}"
    )))
}

/// Returns where two values differ first, as `deployments 1 at`.
fn difference(one: &Value, other: &Value) -> Option<String> {
    let within = |name: String, one: &Value, other: &Value| {
        let rest = difference(one, other)?;
        Some(if rest.is_empty() {
            name
        } else {
            format!("{name} {rest}")
        })
    };
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            names.into_iter().find_map(|name| {
                let none = Value::Null;
                let (one, other) = (one.get(name), other.get(name));
                within(name.clone(), one.unwrap_or(&none), other.unwrap_or(&none))
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => (1..)
            .zip(one.iter().zip(other))
            .find_map(|(n, (one, other))| within(n.to_string(), one, other)),
        (one, other) => (one != other).then(String::new),
    }
}

/// What a record says of what the log holds only as a commitment or an id.
#[derive(Default)]
struct Said {
    texts: BTreeMap<Commitment, Found>,
    names: BTreeMap<String, String>,
}

impl Said {
    fn hear(&mut self, value: &Value) {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        match value {
            Value::Object(fields) => {
                if let (Some(id), Some(name)) = (text("id"), text("name")) {
                    self.names.insert(id.to_owned(), name.to_owned());
                }
                if let Some(commitment) = text("commitment").and_then(commitment) {
                    self.texts.insert(commitment, found(value));
                }
                fields.values().for_each(|part| self.hear(part));
            }
            Value::Array(parts) => parts.iter().for_each(|part| self.hear(part)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

fn commitment(digits: &str) -> Option<Commitment> {
    Some(Commitment(hex::decode(digits).ok()?.try_into().ok()?))
}

/// Returns what a text says, as a record tells it.
fn found(words: &Value) -> Found {
    let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
    let salt = text(words, "salt")
        .and_then(|salt| hex::decode(salt).ok()?.try_into().ok())
        .map(Salt);
    if let (Some(body), Some(salt)) = (text(words, "text"), salt) {
        return Found::Text(Text::new(body, salt));
    }
    let removed = words.get("redacted").and_then(|removed| {
        Some(Found::Redacted {
            at: text(removed, "at")?.parse().ok()?,
            by: removed_by(removed.get("by")?.get("id")?.as_str()?),
            why: text(removed, "why"),
        })
    });
    removed.unwrap_or(Found::Missing)
}
