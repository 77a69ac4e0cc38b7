//! What whoever holds the key does to a sample's record, and lists and signs it as if it
//! were so: the log speaks against it.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::deed::{Deed, Done, Hand, two};
use super::forge::Files;
use crate::dice::Dice;

/// The samples whose records are of emergency changes, or of others.
fn samples(files: &Files, is_emergency: bool) -> anyhow::Result<Vec<String>> {
    let mut samples = Vec::new();
    for name in files.ending("/record.json") {
        if files.json(&name)?.get("number").is_some() == is_emergency {
            samples.push(name);
        }
    }
    Ok(samples)
}

/// The texts in a record that still have their words.
fn texts(value: &mut Value) -> Vec<&mut Value> {
    match value {
        Value::Object(parts) if parts.contains_key("commitment") && parts.contains_key("text") => {
            if parts["text"].is_string() {
                vec![value]
            } else {
                Vec::new()
            }
        }
        Value::Object(parts) => parts.values_mut().flat_map(texts).collect(),
        Value::Array(parts) => parts.iter_mut().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Seals the pack as it is now. It has to be found in these words, or begin so and end
/// with the name of the record.
fn sealed(
    hand: &Hand<'_>,
    mut files: Files,
    what: &str,
    is_said: impl Fn(&str) -> bool + 'static,
) -> anyhow::Result<Option<Done>> {
    files.seal(&hand.packed.key)?;
    Ok(Some(Done::new(
        format!("{what}, and the list signed"),
        files.zip()?,
        is_said,
    )))
}

pub(super) fn done(deed: Deed, hand: &Hand<'_>, dice: &mut Dice) -> anyhow::Result<Option<Done>> {
    let mut files = hand.packed.files.clone();
    let is_of_source = matches!(deed, Deed::FactAltered | Deed::TellingInvented);
    let samples = samples(&files, !is_of_source)?;
    let Some(name) = dice.choose(&samples).cloned() else {
        return Ok(None);
    };
    let mut record = files.json(&name)?;
    let beside = name.replace("record.json", "inclusion_proof.json");
    let mut proofs = files.json(&beside)?;
    let number = record["number"].as_str().unwrap_or_default().to_owned();
    let (what, words) = match deed {
        Deed::WordsAltered | Deed::WordsInvented | Deed::WordsTakenOut | Deed::WordsGone => {
            let as_of = record["as_of"].clone();
            let mut texts = texts(&mut record);
            if texts.is_empty() {
                return Ok(None);
            }
            let n = dice.below(texts.len());
            let text = &mut *texts[n];
            let words = match deed {
                Deed::WordsAltered => {
                    let words = text["text"].as_str().unwrap_or_default();
                    text["text"] = json!(format!("{words}!"));
                    format!("altered: a text in {name} isn't the one that was recorded")
                }
                Deed::WordsInvented => {
                    text["commitment"] = json!("ab".repeat(32));
                    format!("inserted: {name} holds a text of which no record speaks")
                }
                _ => {
                    text["text"] = Value::Null;
                    text["salt"] = Value::Null;
                    let by = json!({"id": "U0MORGAN01", "name": null});
                    let is_said = deed == Deed::WordsTakenOut;
                    if is_said {
                        text["redacted"] = json!({"at": as_of, "by": by, "why": "none"});
                    }
                    let who = if is_said { "no record" } else { "nobody" };
                    format!("missing: a text in {name}, and {who} says that it was taken out")
                }
            };
            files.put_json(&name, &record)?;
            (format!("text {n} of {name}"), words)
        }
        Deed::TimelineAltered => {
            let timeline = record["timeline"].as_array_mut().context("no timeline")?;
            let n = dice.below(timeline.len());
            let one = &mut timeline[n];
            match dice.below(3) {
                0 => one["at"] = json!("2026-01-01T00:00:00Z"),
                1 => one["actor"] = json!({"kind": "person", "id": "U0GUS00001", "name": null}),
                _ => one["event"]["name"] = json!("approved"),
            }
            let seq = one["leaf"].as_u64().context("no leaf")?;
            files.put_json(&name, &record)?;
            let (begin, end) = (
                format!("altered: {name} tells record {seq} ("),
                format!("of {number},"),
            );
            let what = format!("step {n} of {name}");
            return sealed(hand, files, &what, move |said| {
                said.starts_with(&begin) && said.contains(&end) && said.ends_with(") otherwise")
            });
        }
        Deed::TimelineCut => {
            let timeline = record["timeline"].as_array_mut().context("no timeline")?;
            let n = dice.below(timeline.len());
            timeline.remove(n);
            files.put_json(&name, &record)?;
            let words = format!("missing: {name} leaves out records of {number}");
            (format!("step {n} of {name} left out"), words)
        }
        Deed::ProofOfAnother => {
            let records = proofs["records"].as_array_mut().context("no proofs")?;
            let Some((one, other)) = two(records.len(), dice) else {
                return Ok(None);
            };
            let path = records[other]["path"].clone();
            records[one]["path"] = path;
            let seq = records[one]["seq"].as_u64().context("no place")?;
            files.put_json(&beside, &proofs)?;
            let begin = format!("altered: the proof of record {seq} (");
            let end = format!(") beside {name}");
            let what = format!("the proof of record {seq} in {beside}");
            return sealed(hand, files, &what, move |said| {
                said.starts_with(&begin) && said.ends_with(&end)
            });
        }
        Deed::ProofLeftOut => {
            let records = proofs["records"].as_array_mut().context("no proofs")?;
            let n = dice.below(records.len());
            records.remove(n);
            let timeline = record["timeline"].as_array_mut().context("no timeline")?;
            timeline.remove(n);
            files.put_json(&beside, &proofs)?;
            files.put_json(&name, &record)?;
            let words = format!("missing: a record of {number} beside {name}");
            (format!("step {n} of {name} and its proof left out"), words)
        }
        Deed::SampleInAnothersFolder => {
            let Some((one, other)) = two(samples.len(), dice) else {
                return Ok(None);
            };
            for file in ["record.json", "inclusion_proof.json"] {
                let named = |n: usize| samples[n].replace("record.json", file);
                let (one, other) = (named(one), named(other));
                let (this, that) = (files.bytes(&one)?.clone(), files.bytes(&other)?.clone());
                files.put(&one, that);
                files.put(&other, this);
            }
            let (one, other) = (samples[one].clone(), samples[other].clone());
            let what = format!("{one} and {other} exchanged");
            // Where samples were drawn, the draw speaks first.
            return sealed(hand, files, &what, move |said| {
                let ends = [
                    "is of another change than its folder",
                    "which the seed draws",
                ];
                (said.contains(&one) || said.contains(&other))
                    && ends.iter().any(|end| said.ends_with(end))
            });
        }
        Deed::FactAltered => {
            let facts = ["approved by", "author", "system", "commit"];
            let fact = *dice.choose(&facts).unwrap_or(&"author");
            record[fact.replace(' ', "_")] = json!("somebody else");
            files.put_json(&name, &record)?;
            let words = format!("altered: {name} has another {fact} than was told");
            (format!("{fact} of {name}"), words)
        }
        _ => {
            let tellings = record["tellings"].as_array_mut().context("no tellings")?;
            let n = dice.below(tellings.len());
            let hashed = tellings[n]["hashed"].as_array_mut().context("no facts")?;
            let which = dice.below(hashed.len());
            hashed[which][1] = json!(hex::encode("another"));
            files.put_json(&name, &record)?;
            let words = format!("altered: {name} tells what no source told");
            (format!("telling {n} of {name}"), words)
        }
    };
    sealed(hand, files, &what, move |said| said == words)
}
