//! What is done to a pack's files and to the log that they prove, and by which name it
//! has to be found.

use std::path::Path;

use anyhow::Context as _;
use breakglass::evidence::note::{KeyName, SignerKey};

use super::super::forger::Forger;
use super::super::life::Life;
use super::forge::{Files, LIST, ROOM, SEAL};
use super::{Beside, Packed, newest, packed, record, signed_by, wrapping};
use crate::dice::Dice;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    // To files; the list stays, or its signature does.
    ByteOfFile,
    FileDeleted,
    FileInserted,
    FileTruncated,
    FilesSwapped,
    FileRenamed,
    PaperAltered,
    SheetAltered,
    PaperAndList,
    VerifierAndList,
    SampleExchanged,
    ListSignedByAnother,
    // To the log in it.
    LeafEdited,
    LeafDeleted,
    LeafSaidAgain,
    LeavesSwapped,
    LeavesCutOff,
    HashAltered,
    HashesSwapped,
    HashesCutOff,
    HashPutIn,
    TreeRebuilt,
    TellingsAltered,
    TellingPutIn,
    CheckpointExchanged,
    // By whoever holds the key.
    TreeRebuiltAndSigned,
    WordsAltered,
    WordsInvented,
    WordsTakenOut,
    WordsGone,
    TimelineAltered,
    TimelineCut,
    ProofOfAnother,
    ProofLeftOut,
    SampleInAnothersFolder,
    FactAltered,
    TellingInvented,
    // By whoever holds the key, or another, and the database.
    SignedByAnother,
    WhollySignedByAnother,
    RewrittenAndSigned,
    LastRecordDropped,
    CutOffAndSigned,
    // To the zip.
    TwoOfOneName,
    BytesBehind,
    BytesBefore,
    BytesBetween,
    Comment,
    RemarkOnFile,
    OtherNameBeside,
    ClimbingName,
    Bomb,
    ZipTruncated,
    BitOfZip,
    TimesAltered,
    PackedAnew,
}

/// What a verifier has to say of it.
pub(super) enum Expected {
    /// This, whoever asks.
    Named(Box<dyn Fn(&str) -> bool>),
    /// This, to who knows the key or kept a checkpoint; and to nobody else anything.
    Beside(Box<dyn Fn(&str) -> bool>),
    /// Nothing: no file was altered.
    Nothing,
    /// This, or nothing if no file was altered.
    IfAnything(Box<dyn Fn(&str) -> bool>),
}

/// A deed that was done.
pub(super) struct Done {
    /// In words, with what it was done to.
    pub(super) what: String,
    pub(super) bytes: Vec<u8>,
    pub(super) beside: Beside,
    pub(super) expected: Expected,
    /// Whether both verifiers say it in the same words, for there is one first thing.
    pub(super) is_worded_alike: bool,
}

impl Done {
    pub(super) fn new(
        what: String,
        bytes: Vec<u8>,
        is_named: impl Fn(&str) -> bool + 'static,
    ) -> Self {
        Self {
            what,
            bytes,
            beside: Beside::default(),
            expected: Expected::Named(Box::new(is_named)),
            is_worded_alike: true,
        }
    }

    /// Something that is said in these words.
    pub(super) fn said(what: String, files: &Files, words: String) -> anyhow::Result<Self> {
        Ok(Self::new(what, files.zip()?, move |said| said == words))
    }

    /// Something of which there are several first things to say.
    pub(super) fn in_other_words(self) -> Self {
        Self {
            is_worded_alike: false,
            ..self
        }
    }

    /// Lets it hold, too.
    pub(super) fn if_anything(&mut self) {
        let expected = std::mem::replace(&mut self.expected, Expected::Nothing);
        if let Expected::Named(is) = expected {
            self.expected = Expected::IfAnything(is);
        }
    }

    /// How what a verifier says isn't what it has to.
    pub(super) fn missed(&self, said: Option<&str>) -> Option<String> {
        match (&self.expected, said) {
            (Expected::Named(_) | Expected::Beside(_), None) => Some("is missed".to_owned()),
            (Expected::Named(is) | Expected::Beside(is) | Expected::IfAnything(is), Some(said)) => {
                (!is(said)).then(|| format!("is named: {said}"))
            }
            (Expected::Nothing, Some(said)) => Some(format!("alters nothing, and: {said}")),
            (Expected::Nothing | Expected::IfAnything(_), None) => None,
        }
    }
}

/// A pack, and who does something to it.
pub(super) struct Hand<'a> {
    pub(super) life: &'a Life,
    pub(super) packed: &'a Packed,
    /// Where the database is.
    pub(super) path: &'a Path,
}

/// Whether a file's name is said, or, where the log or a sample speak for it, what is
/// wrong with those.
pub(super) fn names(file: &str, said: &str) -> bool {
    let of_the_log: &[&str] = match file.strip_prefix(ROOM) {
        Some("key.txt") => &["key", "is of another log"],
        Some("hashes.bin") => &[
            "the records' hashes don't give the root",
            "the checkpoint is of ",
        ],
        Some("leaves.jsonl") => &["record ", "leaves.jsonl"],
        Some("tellings.bin") => &["took in isn't what was told", "tellings.bin"],
        Some("pack.json") => &["missing: record ", "took in isn't", "tellings.bin"],
        _ => &[],
    };
    let sample = file
        .strip_suffix("/inclusion_proof.json")
        .or(file.strip_suffix("/record.json"));
    said.contains(file)
        || of_the_log.iter().any(|words| said.contains(words))
        || sample.is_some_and(|folder| said.contains(&format!("{folder}/record.json")))
}

pub(super) fn listed(file: &str) -> String {
    format!("altered: {file} isn't the file that was listed")
}

/// A line of leaves.jsonl, and its place in the log.
pub(super) fn leaves(files: &Files) -> anyhow::Result<Vec<(u64, String)>> {
    let text = files.text("verify/leaves.jsonl")?;
    text.lines()
        .map(|line| Ok((seq(line)?, line.to_owned())))
        .collect()
}

fn seq(line: &str) -> anyhow::Result<u64> {
    let leaf: serde_json::Value = serde_json::from_str(line)?;
    leaf["seq"].as_u64().context("a leaf without a place")
}

fn put_leaves(files: &mut Files, leaves: &[(u64, String)]) {
    let lines = leaves.iter().map(|(_, line)| format!("{line}\n"));
    files.put("verify/leaves.jsonl", lines.collect::<String>());
}

/// Two different ones of so many, the lower one first.
pub(super) fn two(n: usize, dice: &mut Dice) -> Option<(usize, usize)> {
    let one = dice.below(n);
    let other = (one + 1 + dice.below(n.checked_sub(2)? + 1)) % n;
    Some((one.min(other), one.max(other)))
}

impl Deed {
    pub(super) const ALL: [Self; 55] = [
        Self::ByteOfFile,
        Self::FileDeleted,
        Self::FileInserted,
        Self::FileTruncated,
        Self::FilesSwapped,
        Self::FileRenamed,
        Self::PaperAltered,
        Self::SheetAltered,
        Self::PaperAndList,
        Self::VerifierAndList,
        Self::SampleExchanged,
        Self::ListSignedByAnother,
        Self::LeafEdited,
        Self::LeafDeleted,
        Self::LeafSaidAgain,
        Self::LeavesSwapped,
        Self::LeavesCutOff,
        Self::HashAltered,
        Self::HashesSwapped,
        Self::HashesCutOff,
        Self::HashPutIn,
        Self::TreeRebuilt,
        Self::TellingsAltered,
        Self::TellingPutIn,
        Self::CheckpointExchanged,
        Self::TreeRebuiltAndSigned,
        Self::WordsAltered,
        Self::WordsInvented,
        Self::WordsTakenOut,
        Self::WordsGone,
        Self::TimelineAltered,
        Self::TimelineCut,
        Self::ProofOfAnother,
        Self::ProofLeftOut,
        Self::SampleInAnothersFolder,
        Self::FactAltered,
        Self::TellingInvented,
        Self::SignedByAnother,
        Self::WhollySignedByAnother,
        Self::RewrittenAndSigned,
        Self::LastRecordDropped,
        Self::CutOffAndSigned,
        Self::TwoOfOneName,
        Self::BytesBehind,
        Self::BytesBefore,
        Self::BytesBetween,
        Self::Comment,
        Self::RemarkOnFile,
        Self::OtherNameBeside,
        Self::ClimbingName,
        Self::Bomb,
        Self::ZipTruncated,
        Self::BitOfZip,
        Self::TimesAltered,
        Self::PackedAnew,
    ];

    /// Does it; nothing if this pack has nothing that it could be done to.
    pub(super) fn done(self, hand: &Hand<'_>, dice: &mut Dice) -> anyhow::Result<Option<Done>> {
        match self {
            Self::ByteOfFile
            | Self::FileDeleted
            | Self::FileInserted
            | Self::FileTruncated
            | Self::FilesSwapped
            | Self::FileRenamed
            | Self::PaperAltered
            | Self::SheetAltered
            | Self::PaperAndList
            | Self::VerifierAndList
            | Self::SampleExchanged
            | Self::ListSignedByAnother => self.to_files(hand, dice),
            Self::LeafEdited
            | Self::LeafDeleted
            | Self::LeafSaidAgain
            | Self::LeavesSwapped
            | Self::LeavesCutOff
            | Self::HashAltered
            | Self::HashesSwapped
            | Self::HashesCutOff
            | Self::HashPutIn
            | Self::TreeRebuilt
            | Self::TreeRebuiltAndSigned
            | Self::TellingsAltered
            | Self::TellingPutIn
            | Self::CheckpointExchanged => self.to_log(hand, dice),
            Self::WordsAltered
            | Self::WordsInvented
            | Self::WordsTakenOut
            | Self::WordsGone
            | Self::TimelineAltered
            | Self::TimelineCut
            | Self::ProofOfAnother
            | Self::ProofLeftOut
            | Self::SampleInAnothersFolder
            | Self::FactAltered
            | Self::TellingInvented => record::done(self, hand, dice),
            Self::SignedByAnother
            | Self::WhollySignedByAnother
            | Self::RewrittenAndSigned
            | Self::LastRecordDropped
            | Self::CutOffAndSigned => self.signed(hand, dice),
            Self::TwoOfOneName
            | Self::BytesBehind
            | Self::BytesBefore
            | Self::BytesBetween
            | Self::Comment
            | Self::RemarkOnFile
            | Self::OtherNameBeside
            | Self::ClimbingName
            | Self::Bomb
            | Self::ZipTruncated
            | Self::BitOfZip
            | Self::TimesAltered
            | Self::PackedAnew => wrapping::done(self, hand, dice),
        }
    }

    fn to_files(self, hand: &Hand<'_>, dice: &mut Dice) -> anyhow::Result<Option<Done>> {
        let mut files = hand.packed.files.clone();
        let names_of_all = files.names();
        let file = dice.choose(&names_of_all).context("no files")?.clone();
        let done = match self {
            Self::ByteOfFile | Self::FileTruncated => {
                let mut bytes = files.bytes(&file)?.clone();
                if bytes.is_empty() {
                    return Ok(None);
                }
                let at = dice.below(bytes.len());
                let what = if self == Self::ByteOfFile {
                    bytes[at] ^= 1 << dice.below(8);
                    format!("byte {at} of {file}")
                } else {
                    bytes.truncate(at);
                    format!("{file} cut off at {at}")
                };
                files.put(&file, bytes);
                Done::new(what, files.zip()?, move |said| names(&file, said)).in_other_words()
            }
            Self::FileDeleted => {
                files.take(&file);
                Done::said(
                    format!("{file} deleted"),
                    &files,
                    format!("missing: {file}"),
                )?
            }
            Self::FileInserted => {
                let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
                let end = dice.choose(&["more.pdf", "record.txt", ".hidden", "MANIFEST"]);
                let new = format!("{folder}/{}", end.unwrap_or(&"x")).replace("//", "/");
                let new = new.trim_start_matches('/').to_owned();
                if names_of_all.contains(&new) {
                    return Ok(None);
                }
                files.put(&new, "more");
                let words = format!("inserted: {new} isn't in the list of files");
                Done::said(format!("{new} put in"), &files, words)?
            }
            Self::FilesSwapped => {
                let Some((one, other)) = two(names_of_all.len(), dice) else {
                    return Ok(None);
                };
                let (one, other) = (names_of_all[one].clone(), names_of_all[other].clone());
                let (this, that) = (files.bytes(&one)?.clone(), files.bytes(&other)?.clone());
                if this == that {
                    return Ok(None);
                }
                files.put(&one, that);
                files.put(&other, this);
                let what = format!("{one} and {other} swapped");
                let zip = files.zip()?;
                Done::new(what, zip, move |said| {
                    names(&one, said) || names(&other, said)
                })
                .in_other_words()
            }
            Self::FileRenamed => {
                let new = format!("{file}~");
                for (name, _) in &mut files.0 {
                    if *name == file {
                        name.clone_from(&new);
                    }
                }
                let (missing, inserted) = (
                    format!("missing: {file}"),
                    format!("inserted: {new} isn't in the list of files"),
                );
                let zip = files.zip()?;
                Done::new(format!("{file} renamed"), zip, move |said| {
                    said == missing || said == inserted
                })
            }
            Self::PaperAltered | Self::SheetAltered => {
                let end = if self == Self::PaperAltered {
                    ".pdf"
                } else {
                    ".xlsx"
                };
                let papers = files.ending(end);
                let paper = dice.choose(&papers).context("no paper")?.clone();
                let mut bytes = files.bytes(&paper)?.clone();
                let at = dice.below(bytes.len());
                bytes[at] = bytes[at].wrapping_add(1 + u8::try_from(dice.below(255))?);
                files.put(&paper, bytes);
                Done::said(format!("byte {at} of {paper}"), &files, listed(&paper))?
            }
            Self::PaperAndList | Self::VerifierAndList => {
                let file = if self == Self::VerifierAndList {
                    "verify/verify.py".to_owned()
                } else {
                    let of_list = [LIST.to_owned(), SEAL.to_owned()];
                    let mut papers = names_of_all.clone();
                    // Of what the log speaks for, that is said first.
                    papers.retain(|name| {
                        let is_of_log = name.starts_with(ROOM) || name.contains("/Sample ");
                        !is_of_log && !of_list.contains(name)
                    });
                    dice.choose(&papers).context("no paper")?.clone()
                };
                files.put(&file, "print('Everything holds.')\n");
                files.list();
                let words = format!("altered: {LIST} isn't the list that was signed");
                Done::said(format!("{file} and the list altered"), &files, words)?
            }
            Self::SampleExchanged => {
                let records = files.ending("/record.json");
                let Some((one, other)) = two(records.len(), dice) else {
                    return Ok(None);
                };
                let folder = |n: usize| records[n].trim_end_matches("record.json").to_owned();
                let (one, other) = (folder(one), folder(other));
                for (name, _) in &mut files.0 {
                    if let Some(file) = name.strip_prefix(&one) {
                        *name = format!("{other}{file}");
                    } else if let Some(file) = name.strip_prefix(&other) {
                        *name = format!("{one}{file}");
                    }
                }
                let what = format!("{one} and {other} exchanged");
                let zip = files.zip()?;
                Done::new(what, zip, move |said| {
                    said.contains(&one) || said.contains(&other)
                })
            }
            _ => {
                let theirs = theirs(hand, dice)?;
                files.seal(&theirs)?;
                let ours = hand.packed.key.verifier();
                let words = format!("{SEAL} isn't signed by the key {ours}");
                Done::said("the list signed by another".to_owned(), &files, words)?
            }
        };
        Ok(Some(done))
    }

    fn to_log(self, hand: &Hand<'_>, dice: &mut Dice) -> anyhow::Result<Option<Done>> {
        let mut files = hand.packed.files.clone();
        let mut leaves = leaves(&files)?;
        let place = dice.below(leaves.len());
        let (seq, line) = leaves[place].clone();
        let (hashes, size) = (files.bytes("verify/hashes.bin")?.clone(), hand.packed.size);
        let root = "the records' hashes don't give the root that the checkpoint states";
        let about = files.json("verify/pack.json")?;
        let bound = |which: &str| about["leaves"][which].as_u64().context("no bounds");
        let (first, end) = (bound("first")?, bound("end")?);
        let within = || (0..leaves.len()).filter(|n| (first..end).contains(&leaves[*n].0));
        let within: Vec<usize> = within().collect();
        let done = match self {
            Self::LeafEdited => {
                let at = line.find("\"at\":\"20").context("no time")? + 9;
                let mut edited = line.clone();
                edited.replace_range(at..at + 2, "19");
                leaves[place].1 = edited;
                put_leaves(&mut files, &leaves);
                let zip = files.zip()?;
                Done::new(format!("the time of record {seq}"), zip, move |said| {
                    said.starts_with(&format!("altered: record {seq} ("))
                        && said.ends_with("isn't the one that was signed")
                })
            }
            Self::LeafDeleted => {
                let Some(place) = dice.choose(&within) else {
                    return Ok(None);
                };
                let (seq, _) = leaves.remove(*place);
                put_leaves(&mut files, &leaves);
                let words = format!("missing: record {seq} isn't in leaves.jsonl");
                Done::said(format!("record {seq} left out"), &files, words)?
            }
            Self::LeafSaidAgain => {
                leaves.insert(place + 1, leaves[place].clone());
                put_leaves(&mut files, &leaves);
                let zip = files.zip()?;
                Done::new(format!("record {seq} said again"), zip, move |said| {
                    said.starts_with(&format!("out of order: record {seq} ("))
                        && said.ends_with(&format!("comes after record {seq}"))
                })
            }
            Self::LeavesSwapped => {
                let Some((one, other)) = two(leaves.len(), dice) else {
                    return Ok(None);
                };
                let (low, high) = (leaves[one].0, leaves[other].0);
                leaves.swap(one, other);
                put_leaves(&mut files, &leaves);
                let what = format!("records {low} and {high} swapped");
                let zip = files.zip()?;
                Done::new(what, zip, move |said| {
                    said.starts_with("missing: ") && said.ends_with("isn't in leaves.jsonl")
                        || said.starts_with("out of order: record ")
                            && said.ends_with(&format!("comes after record {high}"))
                })
            }
            Self::LeavesCutOff => {
                let Some(place) = dice.choose(&within) else {
                    return Ok(None);
                };
                let seq = leaves[*place].0;
                leaves.truncate(*place);
                put_leaves(&mut files, &leaves);
                let words = format!("missing: record {seq} isn't in leaves.jsonl");
                Done::said(format!("cut off before record {seq}"), &files, words)?
            }
            Self::HashAltered => {
                let mut hashes = hashes;
                let at = dice.below(hashes.len());
                hashes[at] ^= 1 << dice.below(8);
                files.put("verify/hashes.bin", hashes);
                Done::said(format!("byte {at} of the hashes"), &files, root.to_owned())?
            }
            Self::HashesSwapped => {
                let mut hashes: Vec<[u8; 32]> = hashes.as_chunks().0.to_vec();
                let Some((one, other)) = two(hashes.len(), dice) else {
                    return Ok(None);
                };
                hashes.swap(one, other);
                files.put("verify/hashes.bin", hashes.concat());
                let what = format!("hashes {one} and {other} swapped");
                Done::said(what, &files, root.to_owned())?
            }
            Self::HashesCutOff => {
                let n = dice.below(hashes.len());
                files.put("verify/hashes.bin", &hashes[..n]);
                let n = n / 32;
                let words = format!("the checkpoint is of {size} records, and there are {n}");
                Done::said(format!("hashes cut off behind {n}"), &files, words)?
            }
            Self::HashPutIn => {
                let at = 32 * dice.below(hashes.len() / 32 + 1);
                let more = [&hashes[..at], &[7; 32], &hashes[at..]].concat();
                files.put("verify/hashes.bin", more);
                let words = format!("the checkpoint is of {size} records, and there are more");
                Done::said(format!("a hash put in at {at}"), &files, words)?
            }
            Self::TreeRebuilt | Self::TreeRebuiltAndSigned => {
                // The last one leaves no gap behind.
                let Some(place) = dice.choose(within.get(..within.len() - 1).unwrap_or_default())
                else {
                    return Ok(None);
                };
                let (seq, _) = leaves.remove(*place);
                let at = 32 * usize::try_from(seq)?;
                files.put(
                    "verify/hashes.bin",
                    [&hashes[..at], &hashes[at + 32..]].concat(),
                );
                put_leaves(&mut files, &leaves);
                if self == Self::TreeRebuilt {
                    let n = size - 1;
                    let words = format!("the checkpoint is of {size} records, and there are {n}");
                    Done::said(format!("record {seq} and its hash left out"), &files, words)?
                } else {
                    files.sign(&hand.packed.key)?;
                    let what = format!("record {seq} and its hash left out, and signed");
                    let zip = files.zip()?;
                    Done::new(what, zip, move |said| {
                        said.starts_with(&format!("altered: record {} (", seq + 1))
                    })
                }
            }
            Self::TellingsAltered | Self::TellingPutIn => {
                let mut tellings = files.bytes("verify/tellings.bin")?.clone();
                if self == Self::TellingPutIn {
                    let at = 32 * dice.below(tellings.len() / 32 + 1);
                    tellings.splice(at..at, [7; 32]);
                    files.put("verify/tellings.bin", tellings);
                    let words = "inserted: tellings.bin holds more than the log took in";
                    let what = format!("a telling put in at {at}");
                    return Ok(Some(Done::said(what, &files, words.to_owned())?));
                }
                if tellings.is_empty() {
                    return Ok(None);
                }
                let at = dice.below(tellings.len());
                tellings[at] ^= 1 << dice.below(8);
                files.put("verify/tellings.bin", tellings);
                // Which intake that is of.
                let mut ends = 0;
                let mut of = None;
                for (seq, line) in &leaves {
                    let leaf: serde_json::Value = serde_json::from_str(line)?;
                    if leaf["type"] == "deployments_taken_in" && (first..end).contains(seq) {
                        ends += 32 * leaf["data"]["n"].as_u64().context("no number")?;
                        of = of.or((at as u64).lt(&ends).then_some(*seq));
                    }
                }
                let of = of.context("it is of no intake")?;
                let what = format!("byte {at} of what was told");
                let zip = files.zip()?;
                Done::new(what, zip, move |said| {
                    said.starts_with(&format!("altered: what record {of} ("))
                        && said.ends_with("took in isn't what was told")
                })
            }
            _ => {
                let others: Vec<usize> = (0..hand.life.notes.len())
                    .filter(|n| *n as u64 + 1 != hand.packed.n)
                    .collect();
                let Some(other) = dice.choose(&others) else {
                    return Ok(None);
                };
                let note = &hand.life.notes[*other];
                let is_ours = signed_by(&hand.life.keys, note)?
                    .is_some_and(|key| key.verifier() == hand.packed.key.verifier());
                files.put("verify/checkpoint.txt", note.as_str());
                let over = hand.life.sizes[*other];
                let words = if !is_ours {
                    let ours = hand.packed.key.verifier();
                    format!("verify/checkpoint.txt isn't signed by the key {ours}")
                } else if over < size {
                    format!("the checkpoint is of {over} records, and there are more")
                } else {
                    format!("the checkpoint is of {over} records, and there are {size}")
                };
                Done::said(
                    format!("checkpoint {} in its place", other + 1),
                    &files,
                    words,
                )?
            }
        };
        Ok(Some(done))
    }

    fn signed(self, hand: &Hand<'_>, dice: &mut Dice) -> anyhow::Result<Option<Done>> {
        let (life, pack) = (hand.life, hand.packed);
        if self == Self::SignedByAnother {
            let theirs = theirs(hand, dice)?;
            let mut files = pack.files.clone();
            files.sign(&theirs)?;
            let words = format!(
                "the pack is signed with another key than the log names: {}",
                theirs.verifier()
            );
            return Ok(Some(Done::said(
                "all signed by another".to_owned(),
                &files,
                words,
            )?));
        }
        // Another file, so that the next deed finds this one as it was.
        let path = hand.path.with_file_name("forged.db");
        for end in ["", "-wal", "-shm"] {
            let of = |path: &Path| {
                path.with_file_name(format!(
                    "{}{end}",
                    path.file_name().unwrap_or_default().to_string_lossy()
                ))
            };
            if of(&path).exists() {
                std::fs::remove_file(of(&path))?;
            }
            if of(hand.path).exists() {
                std::fs::copy(of(hand.path), of(&path))?;
            }
        }
        let forger = Forger::at(&path)?;
        let mut leaves = forger.leaves()?;
        let within = usize::try_from(pack.size)?;
        let (what, place) = match self {
            Self::CutOffAndSigned => {
                let before = life.sizes.iter().filter(|size| **size < pack.size);
                let before: Vec<u64> = before.copied().collect();
                let Some(size) = dice.choose(&before) else {
                    return Ok(None);
                };
                let behind = leaves.split_off(usize::try_from(*size)?);
                // Words that were taken out are missed by themselves.
                if behind.iter().any(|leaf| leaf.kind() == "redacted") {
                    return Ok(None);
                }
                forger
                    .0
                    .execute("DELETE FROM checkpoint WHERE size > ?1", [size])?;
                (format!("cut off behind record {size}"), *size)
            }
            Self::LastRecordDropped => {
                let shown: Vec<usize> = (0..within)
                    .filter(|n| {
                        let change = leaves[*n].change;
                        // Words that were taken out are missed by themselves.
                        change.is_some()
                            && leaves[*n].kind() != "redacted"
                            && leaves[n + 1..].iter().all(|later| later.change != change)
                            && leaves[..*n].iter().any(|before| before.change == change)
                    })
                    .collect();
                let Some(place) = dice.choose(&shown) else {
                    return Ok(None);
                };
                // Something else stands in its place, so that all others keep theirs.
                let other = leaves.iter().find(|leaf| leaf.kind() == "policy_adopted");
                leaves[*place] = other.cloned().context("no policy")?;
                (format!("record {place} dropped"), *place as u64)
            }
            _ => {
                let named = (0..within).filter(|n| leaves[*n].names_somebody());
                let named: Vec<usize> = named.collect();
                let Some(place) = dice.choose(&named) else {
                    return Ok(None);
                };
                leaves[*place].put_on_somebody_else();
                let change = leaves[*place].change.context("no change")?;
                forger.put_on_somebody_else(change)?;
                (
                    format!("record {place} put on somebody else"),
                    *place as u64,
                )
            }
        };
        let mut key = pack.key.clone();
        let is_of_another = self == Self::WhollySignedByAnother;
        if is_of_another {
            if life.keys.len() > 1 {
                return Ok(None);
            }
            key = theirs(hand, dice)?;
            let (from, to) = (pack.key.verifier().to_string(), key.verifier().to_string());
            for leaf in &mut leaves {
                leaf.json = leaf.json.replace(&from, &to);
            }
        }
        let roots = forger.rewrite(&leaves)?;
        forger.sign(&roots, |note| {
            if is_of_another {
                return Some(&key);
            }
            super::super::forger::signer(&life.keys, note)
        })?;
        drop(forger);
        let last = pack.size.min(place);
        let made = packed(&path, &key, &pack.which, pack.days, |moment| {
            let mut all = moment.checkpoints()?;
            if self == Self::CutOffAndSigned {
                return newest(moment);
            }
            all.retain(|one| one.n == pack.n);
            all.pop().context("it is gone")
        });
        // What is named may be gone, and the key in force may have come later.
        let Ok((bytes, _)) = made else {
            return Ok(None);
        };
        let mut done = Done::new(String::new(), bytes, |_| false);
        if is_of_another {
            done.what = format!("{what}, and all signed by another key");
            done.beside.key = Some(pack.key.verifier().to_string());
            let words = format!(
                "the pack is signed with another key than the one you gave: {}",
                key.verifier()
            );
            done.expected = Expected::Beside(Box::new(move |said| said == words));
            return Ok(Some(done));
        }
        let over = |size: u64| {
            let is_over = if self == Self::CutOffAndSigned {
                size > last
            } else {
                size > place
            };
            is_over && size <= pack.size
        };
        let kept: Vec<usize> = (0..life.sizes.len())
            .filter(|n| over(life.sizes[*n]))
            .collect();
        let Some(kept) = dice.choose(&kept) else {
            return Ok(None);
        };
        let (were, note) = (life.sizes[*kept], &life.notes[*kept]);
        // A key that was handed over to later may have signed what was kept.
        let is_known = signed_by(&life.keys, note)?.is_some_and(|signer| {
            let by = |key: &SignerKey| {
                life.keys
                    .iter()
                    .position(|one| one.verifier() == key.verifier())
            };
            by(signer) <= by(&key)
        });
        if !is_known {
            return Ok(None);
        }
        let words = if self == Self::CutOffAndSigned {
            format!("the log lost records: the witness saw {were}, and here are {last}")
        } else {
            format!("the first {were} records aren't those that the witness saw")
        };
        done.what = format!("{what}, and signed anew by the same key");
        done.beside.witness = Some(note.clone());
        done.expected = Expected::Beside(Box::new(move |said| said == words));
        Ok(Some(done))
    }
}

/// A key of the same name that isn't ours.
fn theirs(hand: &Hand<'_>, dice: &mut Dice) -> anyhow::Result<SignerKey> {
    let name = KeyName::new(hand.packed.key.verifier().name().as_str())?;
    Ok(SignerKey::new(name, &[u8::try_from(dice.below(256))?; 32]))
}
