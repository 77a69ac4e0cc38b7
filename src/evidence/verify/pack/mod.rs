//! Verifies a pack, without the database that it came from: what `verify.py` in it does,
//! in the same order and in the same words.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

mod about;
mod book;
mod flaw;
mod layout;
mod log;
mod place;
mod rebuild;
mod sample;
mod told;
mod words;

pub use flaw::Flaw;

use super::super::checkpoint::Checkpoint;
use super::super::key::is_handed_over;
use super::super::note::{NoteFault, SignedNote, VerifierKey};
use super::super::pack::{BOOK, CHANGES, LIST, ROOM, SEAL};
use super::witness::Given;
use crate::domain::merkle::{Frontier, Hash, leaf_hash};
use about::{About, instant};
use log::{Change, Log};
use place::{LONGEST, Place, too_long, unreadable};
use rebuild::Maker;

use told::Tellings;

/// What a pack says of itself.
const ABOUT: &str = "verify/pack.json";

/// What is asked of a verification of a pack.
#[derive(Debug, Clone, Copy, Default)]
pub struct PackAsk<'a> {
    /// The key that is expected.
    pub key: Option<&'a VerifierKey>,
    /// What somebody else kept.
    pub witnesses: &'a [Given],
}

/// What a pack is that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    /// How many files were listed.
    pub n_files: usize,
    /// How many samples there are.
    pub n_samples: usize,
    /// How many records of the log are in it whole.
    pub n_leaves: u64,
    /// Whether records and papers of the samples were made again, and are the same:
    /// only the version of the program that made them can.
    pub is_made_again: bool,
    /// How many the log has.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// The key that signed it.
    pub key: VerifierKey,
    /// How many of its records somebody else saw; nothing if nobody was asked.
    pub witnessed: Option<u64>,
    /// The records by which a key took the place of one that was lost.
    pub lost: Vec<String>,
    /// How many texts of samples are said to be taken out, and the log doesn't confirm it.
    pub n_gone: usize,
}

/// A leaf of the log, as far as it is looked at.
#[derive(Debug, Clone, Deserialize)]
struct Leaf {
    workspace: String,
    seq: u64,
    change: Option<u64>,
    at: String,
    actor: String,
    #[serde(rename = "type")]
    kind: String,
    data: Value,
}

impl std::fmt::Display for Leaf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "record {} ({}", self.seq, self.kind)?;
        if let Some(change) = self.change {
            write!(f, ", of CHG-{change}")?;
        }
        write!(f, ", {})", self.at)
    }
}

/// The samples in their order: the name of each one's record, that, and the proofs beside
/// it.
type Samples = Vec<(String, (Value, Value))>;

/// What the samples are about: only such leaves are kept while all pass by.
#[derive(Debug, Default)]
struct Kept {
    samples: Samples,
    /// The papers that have to be there.
    papers: Vec<String>,
    changes: BTreeMap<u64, Vec<(Vec<u8>, Leaf)>>,
    seqs: BTreeMap<u64, Option<(Vec<u8>, Leaf)>>,
}

/// What was seen of the leaves.
#[derive(Debug, Default)]
struct Seen {
    n_leaves: u64,
    keys: Vec<Leaf>,
    intakes: Vec<Leaf>,
    policies: Vec<Leaf>,
    /// The changes of the register.
    changes: BTreeMap<u64, Change>,
}

/// Verifies a pack, as it came or unpacked. Returns what is wrong first.
pub fn pack(path: &Path, ask: &PackAsk<'_>) -> Result<Sound, Flaw> {
    let mut place = Place::open(path)?;
    let name = format!("{ROOM}key.txt");
    let key = place.read(&name)?;
    let key = String::from_utf8_lossy(&key);
    let key: VerifierKey = key
        .trim()
        .parse()
        .map_err(|fault: NoteFault| Flaw::key(format!("{fault}: {}", key.trim())))?;
    let (size, root, hashes) = log(&mut place, &key)?;
    let about = About::of(&mut place, &key, size, root)?;
    let mut kept = kept(&mut place, &about)?;
    let seen = leaves(&mut place, &hashes, &about, &mut kept)?;
    let keys = keys(&seen.keys, &key, ask.key)?;
    for given in ask.witnesses {
        witness(given, &keys, size, &hashes)?;
    }
    let mut told = Tellings::of(&mut place, &seen.intakes)?;
    let mut log = Log::of(&about, &seen.changes, &kept.samples, &root)?;
    let n_files = files(&mut place, &key)?;
    place.is_of_files()?;
    place.with_seek(BOOK, |file| {
        book::rows(file, &mut |row| log.row(row, &mut told))
    })?;
    log.check(&kept.samples)?;
    if let Some(paper) = kept.papers.iter().find(|one| !place.names().contains(*one)) {
        return Err(Flaw::missing(paper));
    }
    let mut n_gone = 0;
    let around = sample::Around {
        kept: &kept,
        told: &told,
        log: &log,
        size,
        root,
    };
    for (name, (record, proofs)) in &kept.samples {
        n_gone += around.check(name, record, proofs)?;
    }
    log.names(&kept.samples)?;
    let is_lost = |leaf: &&Leaf| leaf.data.get("note").is_some_and(Value::is_null);
    let maker = Maker::of(&mut place, &around, &seen)?;
    if let Some(maker) = &maker {
        for (n, (name, (record, _))) in (1..).zip(&kept.samples) {
            let number = sample::number(record);
            let leaves = number.and_then(|number| kept.changes.get(&number));
            maker.check(&mut place, n, name, record, leaves.map(Vec::as_slice))?;
        }
    }
    Ok(Sound {
        n_files,
        n_samples: kept.samples.len(),
        n_leaves: seen.n_leaves,
        is_made_again: maker.is_some(),
        size,
        root,
        key,
        witnessed: ask.witnesses.iter().map(|given| given.size).max(),
        lost: seen
            .keys
            .iter()
            .filter(is_lost)
            .map(Leaf::to_string)
            .collect(),
        n_gone,
    })
}

/// The text of a note that one of the keys signed.
fn opened(what: &str, note: &[u8], keys: &[&VerifierKey]) -> Result<SignedNote, Flaw> {
    let note: SignedNote = std::str::from_utf8(note)
        .ok()
        .and_then(|note| note.parse().ok())
        .ok_or_else(|| Flaw::altered(format!("{what} is no signed note")))?;
    match note.verified_by(keys) {
        Ok(_) => Ok(note),
        Err(NoteFault::Unsigned) => Err(Flaw::key(format!(
            "{what} isn't signed by the key {}",
            keys.last().map_or_else(String::new, ToString::to_string)
        ))),
        Err(_) => Err(Flaw::altered(format!(
            "{what}, for its signature doesn't fit"
        ))),
    }
}

/// The log is the one that was signed.
fn log(place: &mut Place, key: &VerifierKey) -> Result<(u64, Hash, Vec<Hash>), Flaw> {
    let name = format!("{ROOM}checkpoint.txt");
    let note = opened(&name, &place.read(&name)?, &[key])?;
    let checkpoint =
        Checkpoint::of(&note).map_err(|_| Flaw::altered(format!("{name} is no checkpoint")))?;
    if checkpoint.origin != key.name().as_str() {
        let what = format!("{name} is of another log: {}", checkpoint.origin);
        return Err(Flaw::Log { what });
    }
    let most = checkpoint.size.saturating_mul(32);
    let bytes = place.read_up_to(&format!("{ROOM}hashes.bin"), most)?;
    let bytes = bytes.ok_or_else(|| Flaw::Log {
        what: format!(
            "the checkpoint is of {} records, and there are more",
            checkpoint.size
        ),
    })?;
    let (hashes, rest) = bytes.as_chunks::<32>();
    let n = hashes.len() as u64;
    if n != checkpoint.size || !rest.is_empty() {
        return Err(Flaw::Log {
            what: format!(
                "the checkpoint is of {} records, and there are {n}",
                checkpoint.size
            ),
        });
    }
    if root_of(hashes) != checkpoint.root {
        return Err(Flaw::Log {
            what: "the records' hashes don't give the root that the checkpoint states".to_owned(),
        });
    }
    parts(place, &note, key)?;
    Ok((n, checkpoint.root, hashes.to_vec()))
}

/// What openssl is given is the checkpoint and the key.
fn parts(place: &mut Place, note: &SignedNote, key: &VerifierKey) -> Result<(), Flaw> {
    let signature = note.signatures().iter().find(|one| one.id == key.id());
    let signature = signature.map_or(&[][..], |one| one.bytes.as_slice());
    for (name, due) in [
        ("checkpoint.body", note.text().as_bytes()),
        ("checkpoint.sig", signature),
        ("key.pem", key.to_pem().as_bytes()),
    ] {
        let name = format!("{ROOM}{name}");
        if place.read(&name)? != due {
            return Err(Flaw::altered(format!(
                "{name} isn't that of checkpoint.txt and key.txt"
            )));
        }
    }
    Ok(())
}

fn root_of(hashes: &[Hash]) -> Hash {
    let mut grown = Frontier::default();
    for hash in hashes {
        grown.append(*hash);
    }
    grown.root()
}

/// The samples, and what they are about.
fn kept(place: &mut Place, about: &About) -> Result<Kept, Flaw> {
    let mut kept = Kept::default();
    let mut folders = BTreeSet::new();
    for name in place.names() {
        let inside = name.strip_prefix(CHANGES);
        let folder = inside.and_then(|inside| Some(inside.split_once('/')?.0));
        if let Some(folder) = folder.filter(|folder| folder.starts_with("Sample ")) {
            folders.insert(folder.to_owned());
        } else if name.ends_with("/record.json") {
            return Err(Flaw::inserted(format!("{name} is of no sample")));
        }
    }
    let mut folders = folders
        .into_iter()
        .map(|folder| Ok((sample::place_of(&folder)?, folder)))
        .collect::<Result<Vec<_>, _>>()?;
    folders.sort();
    for (due, (n, folder)) in (1..).zip(folders) {
        if n != due {
            return Err(Flaw::missing(format!("sample {due}")));
        }
        let name = format!("{CHANGES}{folder}/record.json");
        let record = place.json(&name)?;
        let beside = format!("{CHANGES}{folder}/inclusion_proof.json");
        let proofs = place.json(&beside)?;
        let form = || Flaw::form(&name);
        for paper in sample::papers(&record).ok_or_else(form)? {
            kept.papers.push(format!("{CHANGES}{folder}/{paper}"));
        }
        if sample::is_emergency(&record) {
            let number = sample::number(&record).ok_or_else(form)?;
            kept.changes.insert(number, Vec::new());
        }
        let of = proofs.get("records").and_then(Value::as_array);
        let of = of.filter(|of| !of.is_empty());
        for proof in of.ok_or_else(|| Flaw::form(&beside))? {
            let seq = proof.get("seq").and_then(Value::as_u64);
            kept.seqs
                .insert(seq.ok_or_else(|| Flaw::form(&beside))?, None);
        }
        kept.samples.push((name, (record, proofs)));
    }
    let n = kept.samples.len();
    if n as u64 != about.n_samples {
        return Err(Flaw::missing(format!(
            "{ABOUT} states {} samples, and here are {n}",
            about.n_samples
        )));
    }
    Ok(kept)
}

/// The full records fit their hashes, and from the first of the period on none is left
/// out.
fn leaves(
    place: &mut Place,
    hashes: &[Hash],
    about: &About,
    kept: &mut Kept,
) -> Result<Seen, Flaw> {
    let first = about.first;
    let name = format!("{ROOM}leaves.jsonl");
    let mut seen = Seen::default();
    let (mut due, mut last) = (first, None);
    let missing = |seq: u64| Flaw::missing(format!("record {seq} isn't in leaves.jsonl"));
    place.with(&name, |file| {
        let mut lines = BufReader::new(file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let n = lines.by_ref().take(LONGEST).read_until(b'\n', &mut line);
            let n = n.map_err(|_| unreadable(&name))?;
            if n == 0 {
                break;
            }
            if n as u64 == LONGEST {
                return Err(too_long(&name));
            }
            if line.pop() != Some(b'\n') {
                return Err(Flaw::altered(format!("{name} ends within a line")));
            }
            let after = || last.map_or_else(|| "-1".to_owned(), |last: u64| last.to_string());
            let leaf: Leaf = serde_json::from_slice(&line).map_err(|_| {
                Flaw::altered(format!("a line of leaves.jsonl after record {}", after()))
            })?;
            if last.is_some_and(|last| leaf.seq <= last) {
                return Err(Flaw::OutOfOrder {
                    what: format!("{leaf} comes after record {}", after()),
                });
            }
            let place = usize::try_from(leaf.seq).ok();
            let signed = place.and_then(|place| hashes.get(place));
            if signed != Some(&leaf_hash(&line)) {
                return Err(Flaw::altered(format!(
                    "{leaf} isn't the one that was signed"
                )));
            }
            if leaf.workspace != about.workspace {
                return Err(Flaw::altered(format!("{leaf} is of another workspace")));
            }
            let form = || Flaw::form(&name);
            if leaf.seq >= first {
                if leaf.seq != due {
                    return Err(missing(due));
                }
                due += 1;
                if leaf.kind == "deployments_taken_in" {
                    seen.intakes.push(leaf.clone());
                }
            }
            if leaf.seq.checked_add(1) == Some(first)
                && instant(&leaf.at).ok_or_else(form)? >= about.start
            {
                return Err(Flaw::missing(format!(
                    "{leaf} is of the period, or later, and left out of it"
                )));
            }
            if let Some(change) = leaf.change {
                let change = seen.changes.entry(change).or_default();
                change.take(&leaf, &form)?;
            }
            if leaf.kind == "key_adopted" || leaf.kind == "key_rotated" {
                seen.keys.push(leaf.clone());
            }
            if leaf.kind == "policy_adopted" {
                seen.policies.push(leaf.clone());
            }
            let of_change = leaf.change.and_then(|change| kept.changes.get_mut(&change));
            if let Some(of_change) = of_change {
                of_change.push((line.clone(), leaf.clone()));
            }
            if let Some(kept) = kept.seqs.get_mut(&leaf.seq) {
                *kept = Some((line.clone(), leaf.clone()));
            }
            let before = last.map_or(0, |last| last + 1);
            if leaf.seq >= first && first > before {
                return Err(missing(first - 1));
            }
            last = Some(leaf.seq);
            seen.n_leaves += 1;
        }
        Ok(())
    })?;
    if due < hashes.len() as u64 {
        return Err(missing(due));
    }
    if last.map_or(0, |last| last + 1) < first {
        return Err(missing(first.saturating_sub(1)));
    }
    Ok(seen)
}

/// The keys that the log names, up to the one that signed; and the expected one among
/// them.
fn keys(
    named: &[Leaf],
    key: &VerifierKey,
    expected: Option<&VerifierKey>,
) -> Result<Vec<VerifierKey>, Flaw> {
    let mut keys: Vec<VerifierKey> = Vec::new();
    let mut is_expected = false;
    for leaf in named {
        let text = |which: &str| leaf.data.get(which).and_then(Value::as_str);
        let read = |which: &str| text(which)?.parse::<VerifierKey>().ok();
        match (leaf.kind.as_str(), keys.last()) {
            ("key_adopted", None) => keys.extend(read("key")),
            ("key_rotated", Some(before)) if text("from") == Some(&before.to_string()) => {
                let Some(to) = read("to") else {
                    return Err(Flaw::key(format!("{leaf} names no key")));
                };
                match text("note") {
                    None => is_expected = false,
                    Some(note) => {
                        let note: Option<SignedNote> = note.parse().ok();
                        if !note.is_some_and(|note| is_handed_over(&note, before, &to)) {
                            return Err(Flaw::key(format!(
                                "{leaf} hands the log over to another key"
                            )));
                        }
                    }
                }
                keys.push(to);
            }
            _ => {
                return Err(Flaw::key(format!(
                    "{leaf} replaces a key that wasn't in force"
                )));
            }
        }
        is_expected |= expected.is_some() && keys.last() == expected;
    }
    if keys.last() != Some(key) {
        return Err(Flaw::key(format!(
            "the pack is signed with another key than the log names: {key}"
        )));
    }
    if expected.is_some() && !is_expected {
        return Err(Flaw::key(format!(
            "the pack is signed with another key than the one you gave: {key}"
        )));
    }
    Ok(keys)
}

/// The log goes on from what somebody else kept.
fn witness(given: &Given, keys: &[VerifierKey], size: u64, hashes: &[Hash]) -> Result<(), Flaw> {
    if let Some((checkpoint, note)) = &given.note {
        let known: Vec<&VerifierKey> = keys.iter().collect();
        opened(
            "the witnessed checkpoint",
            note.to_string().as_bytes(),
            &known,
        )?;
        if keys
            .last()
            .is_some_and(|key| key.name().as_str() != checkpoint.origin)
        {
            let what = format!(
                "the witnessed checkpoint is of another log: {}",
                checkpoint.origin
            );
            return Err(Flaw::Witness { what });
        }
    }
    let first = usize::try_from(given.size)
        .ok()
        .and_then(|n| hashes.get(..n));
    let Some(first) = first else {
        let what = format!(
            "the log lost records: the witness saw {}, and here are {size}",
            given.size
        );
        return Err(Flaw::Witness { what });
    };
    if given.size == 0 {
        let what = "the witness is of a log without records, and says nothing".to_owned();
        return Err(Flaw::Witness { what });
    }
    if root_of(first) != given.root {
        let what = format!(
            "the first {} records aren't those that the witness saw",
            given.size
        );
        return Err(Flaw::Witness { what });
    }
    Ok(())
}

/// Every file is as it was listed, none is missing, none came since.
fn files(place: &mut Place, key: &VerifierKey) -> Result<usize, Flaw> {
    let note = opened(SEAL, &place.read(SEAL)?, &[key])?;
    let manifest = place.read(LIST)?;
    let sealed = format!(
        "{}/pack\n{}\n",
        key.name(),
        hex::encode(Sha256::digest(&manifest))
    );
    if !note.text().starts_with(&sealed) {
        return Err(Flaw::altered(format!(
            "{LIST} isn't the list that was signed"
        )));
    }
    let manifest = String::from_utf8(manifest).map_err(|_| Flaw::form(LIST))?;
    let mut listed = BTreeMap::new();
    for (digest, name) in manifest.lines().filter_map(|line| line.split_once("  ")) {
        if listed.insert(name, digest).is_some() {
            return Err(Flaw::inserted(format!("{LIST} lists {name} twice")));
        }
    }
    for name in place.names() {
        if !listed.contains_key(name.as_str()) && name != LIST && name != SEAL {
            return Err(Flaw::inserted(format!("{name} isn't in the list of files")));
        }
    }
    for (name, digest) in &listed {
        if place.digest(name)? != *digest {
            return Err(Flaw::altered(format!(
                "{name} isn't the file that was listed"
            )));
        }
    }
    Ok(listed.len())
}
