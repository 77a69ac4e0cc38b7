//! Verifies the log in a database: its records against their hashes and against every
//! checkpoint, in one pass that keeps none of them; then what is derived from it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::super::checkpoint::{Checkpoint, origin};
use super::super::key::is_handed_over;
use super::super::note::{NoteFault, SignedNote, VerifierKey};
use super::verdict::{Fault, Reach, Verdict, Whose};
use super::witness::Given;
use crate::domain::id::ChangeNumber;
use crate::domain::merkle::{Frontier, Hash, leaf_hash};
use crate::store::{Head, HouseFact, Kept, LeafHead, Moment, Record, StoreError};

/// How many changes are named of those that may be concerned; more are no help.
const NAMED: usize = 6;

/// What is asked of a verification.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask<'a> {
    /// The key that is expected.
    pub key: Option<&'a VerifierKey>,
    /// What somebody else kept.
    pub witnesses: &'a [Given],
    /// Whether what is derived is rebuilt and compared.
    pub is_deep: bool,
}

/// Verifies the log of a moment. What can't be read is a fault of the record, too.
pub fn database(moment: &Moment<'_>, ask: &Ask<'_>) -> Verdict {
    let mut verdict = Verdict {
        workspace: moment.workspace().as_str().to_owned(),
        fault: None,
        n_records: 0,
        n_checkpoints: 0,
        signed: None,
        witnessed: None,
        key: None,
        is_pinned: false,
        is_deep: ask.is_deep,
        unsigned: Vec::new(),
    };
    match judge(moment, ask, &mut verdict) {
        Ok(fault) => verdict.fault = fault,
        Err(error) => {
            verdict.fault = Some(Fault::Unreadable {
                what: error.to_string(),
            });
        }
    }
    verdict
}

fn judge(
    moment: &Moment<'_>,
    ask: &Ask<'_>,
    verdict: &mut Verdict,
) -> Result<Option<Fault>, StoreError> {
    let Ok(name) = origin(moment.workspace()) else {
        return Ok(Some(Fault::Unreadable {
            what: "the workspace's name".to_owned(),
        }));
    };
    let head = moment.head()?;
    let checkpoints = moment.checkpoints()?;
    let longest = checkpoints.iter().map(|one| one.size).max();
    // Where that isn't kept, nothing is known to be too much.
    let end = head.as_ref().map_or(u64::MAX, |head| head.size);
    let end = end.max(longest.unwrap_or_default());
    let mut scan = Scan {
        workspace: moment.workspace().as_str(),
        name: name.as_str(),
        end,
        checkpoints: checkpoints.iter().map(|one| (one.size, one)).collect(),
        witnesses: ask.witnesses.iter().map(|one| (one.size, one)).collect(),
        grown: Frontier::default(),
        versions: BTreeMap::new(),
        last: None,
        shifted: None,
        good: 0,
        seen: 0,
        concerned: BTreeSet::new(),
        keys: Vec::new(),
        unsigned: Vec::new(),
        roots: BTreeMap::new(),
        n_checkpoints: 0,
        signed: None,
        witnessed: None,
        fault: None,
    };
    moment.records(0, |record| scan.take(record))?;
    scan.end_of_records();
    verdict.n_records = scan.grown.size();
    verdict.n_checkpoints = scan.n_checkpoints;
    verdict.signed = scan.signed;
    verdict.witnessed = scan.witnessed;
    verdict.key = scan.keys.last().map(|(_, key)| key.to_string());
    verdict.unsigned.clone_from(&scan.unsigned);
    if let Some(found) = scan.fault.take() {
        return Ok(Some(match found {
            Found::Fault(fault) => fault,
            Found::Window(window) => window.fault(moment, &scan)?,
        }));
    }
    let fault = scan
        .of_end(head.as_ref())
        .or_else(|| of_checkpoints(&checkpoints, &scan))
        .or_else(|| of_witnesses(ask, &scan))
        .or_else(|| of_key(ask, &scan, verdict));
    if fault.is_some() || !ask.is_deep {
        return Ok(fault);
    }
    if let Some(misfit) = moment.misfit()? {
        return Ok(Some(Fault::Derived(misfit)));
    }
    Ok((moment.log_key()? != verdict.key).then(|| Fault::Key {
        why: "the key that is kept as the one in force isn't the one that the log names".to_owned(),
    }))
}

/// What was found first: a fault, or that something in a stretch is wrong.
enum Found {
    Fault(Fault),
    Window(Window),
}

/// Records of which some aren't those that were signed or witnessed.
struct Window {
    from: u64,
    to: u64,
    /// The number and time of the checkpoint; nothing for what somebody brought.
    checkpoint: Option<(u64, chrono::DateTime<chrono::Utc>)>,
}

impl Window {
    fn fault(&self, moment: &Moment<'_>, scan: &Scan<'_>) -> Result<Fault, StoreError> {
        let from = whose_at(moment, self.from)?;
        let to = whose_at(moment, self.to.saturating_sub(1))?;
        Ok(match self.checkpoint {
            Some(checkpoint) => Fault::Signed {
                checkpoint,
                from,
                to,
                changes: if scan.concerned.len() > NAMED {
                    Vec::new()
                } else {
                    scan.concerned.iter().copied().collect()
                },
            },
            None => Fault::Witnessed {
                size: self.to,
                from,
                to,
            },
        })
    }
}

fn whose_at(moment: &Moment<'_>, seq: u64) -> Result<Option<Whose>, StoreError> {
    let mut found = None;
    moment.records(seq, |record| {
        found = (record.seq == seq).then(|| whose(&record, record.head().as_ref()));
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// A record as it is named: where it stands, and what it says of itself.
fn whose(record: &Record<'_>, head: Option<&LeafHead>) -> Whose {
    let said = head.and_then(|head| head.change);
    Whose {
        seq: record.seq,
        kind: head.map(|head| head.kind.clone()),
        at: head.map(|head| head.at),
        change: said.or(record.change).map(ChangeNumber),
    }
}

/// A record that isn't what it was, as it is named: what it says of itself may be what
/// was altered, so that the change it is filed with goes first.
fn altered(record: &Record<'_>, head: Option<&LeafHead>) -> Whose {
    let said = whose(record, head);
    Whose {
        change: record.change.map(ChangeNumber).or(said.change),
        ..said
    }
}

/// A record that stands earlier than it was written, until the next one tells why.
struct Shifted {
    stands: u64,
    by: u64,
    whose: Whose,
}

/// The one pass over the records.
struct Scan<'a> {
    workspace: &'a str,
    name: &'a str,
    /// Where the log ends by its own account.
    end: u64,
    checkpoints: BTreeMap<u64, &'a Kept>,
    witnesses: BTreeMap<u64, &'a Given>,
    grown: Frontier,
    /// How many records of each change have passed.
    versions: BTreeMap<u64, u64>,
    last: Option<Whose>,
    shifted: Option<Shifted>,
    /// Up to here our own word holds.
    good: u64,
    /// Up to here somebody else's does; whoever can sign may have rewritten the rest,
    /// whatever our own says.
    seen: u64,
    /// The changes since then.
    concerned: BTreeSet<ChangeNumber>,
    /// The keys that the log names, each from its record on.
    keys: Vec<(u64, VerifierKey)>,
    unsigned: Vec<u64>,
    roots: BTreeMap<u64, Hash>,
    n_checkpoints: u64,
    signed: Option<Reach>,
    witnessed: Option<Reach>,
    fault: Option<Found>,
}

impl Scan<'_> {
    fn found(&mut self, fault: Fault) -> ControlFlow<()> {
        self.fault = Some(Found::Fault(fault));
        ControlFlow::Break(())
    }

    fn take(&mut self, record: Record<'_>) -> ControlFlow<()> {
        let place = self.grown.size();
        if record.seq > place {
            if record.seq >= self.end && place >= self.end {
                let head = record.head();
                return self.found(Fault::Inserted(whose(&record, head.as_ref())));
            }
            let after = self.last.take();
            return self.found(Fault::Missing {
                from: place,
                to: record.seq - 1,
                after,
            });
        }
        let head = record.head();
        let hash = leaf_hash(record.leaf);
        if record.leaf_hash != hash {
            return self.found(Fault::Altered(altered(&record, head.as_ref())));
        }
        let Some(head) = head else {
            return self.found(Fault::Altered(altered(&record, None)));
        };
        if place >= self.end {
            return self.found(Fault::Inserted(whose(&record, Some(&head))));
        }
        self.in_its_place(&record, &head)?;
        if self.shifted.is_none() {
            self.as_it_says(&record, &head)?;
        }
        self.last = Some(whose(&record, Some(&head)));
        self.concerned.extend(head.change.map(ChangeNumber));
        self.grown.append(hash);
        if self.shifted.is_some() {
            return ControlFlow::Continue(());
        }
        self.tells(&record, &head)?;
        self.held_against_words()
    }

    /// Whether a record stands where it was written.
    fn in_its_place(&mut self, record: &Record<'_>, head: &LeafHead) -> ControlFlow<()> {
        if let Some(Shifted { stands, by, whose }) = self.shifted.take() {
            // All that follow stand as much earlier: something was taken out.
            let fault = if head.seq.checked_sub(record.seq) == Some(by) {
                Fault::Missing {
                    from: stands,
                    to: stands + by - 1,
                    after: None,
                }
            } else {
                Fault::OutOfOrder { stands, whose }
            };
            return self.found(fault);
        }
        if head.seq > record.seq {
            self.shifted = Some(Shifted {
                stands: record.seq,
                by: head.seq - record.seq,
                whose: Whose {
                    seq: head.seq,
                    ..whose(record, Some(head))
                },
            });
            return ControlFlow::Continue(());
        }
        if head.seq < record.seq {
            let before = self.last.take().filter(|last| last.seq == head.seq);
            return self.found(match before {
                // Two records claim one place: the earlier one was put in.
                Some(before) => Fault::Inserted(before),
                None => Fault::OutOfOrder {
                    stands: record.seq,
                    whose: Whose {
                        seq: head.seq,
                        ..whose(record, Some(head))
                    },
                },
            });
        }
        ControlFlow::Continue(())
    }

    /// Whether a record is filed as it says itself.
    fn as_it_says(&mut self, record: &Record<'_>, head: &LeafHead) -> ControlFlow<()> {
        let expected = head.change.map(|change| {
            let passed = self.versions.entry(change).or_default();
            *passed += 1;
            *passed
        });
        let fits = head.workspace == self.workspace
            && head.change == record.change
            && expected == record.version;
        if fits {
            ControlFlow::Continue(())
        } else {
            self.found(Fault::Displaced(whose(record, Some(head))))
        }
    }

    /// Takes in what a record says of keys and checkpoints.
    fn tells(&mut self, record: &Record<'_>, head: &LeafHead) -> ControlFlow<()> {
        // Nearly all records say nothing of the sort, and aren't read for it.
        if record.change.is_some()
            || !(head.kind.starts_with("key_") || head.kind.starts_with("checkpoint_"))
        {
            return ControlFlow::Continue(());
        }
        match record.house_fact() {
            Some(HouseFact::KeyAdopted { key }) if self.keys.is_empty() => {
                self.takes_over(record.seq, &key)
            }
            Some(HouseFact::KeyAdopted { .. }) => self.found(Fault::Key {
                why: format!(
                    "record {} names a first key, and there was one before",
                    record.seq
                ),
            }),
            Some(HouseFact::KeyRotated { from, to, note }) => {
                self.is_handed_over(record.seq, &from, &to, note.as_deref())?;
                self.takes_over(record.seq, &to)
            }
            Some(HouseFact::CheckpointShown { size, root, .. }) => {
                if self.roots.get(&size) == Some(&root) {
                    return ControlFlow::Continue(());
                }
                self.found(Fault::CheckpointMissing {
                    n: None,
                    size: Some(size),
                })
            }
            None => ControlFlow::Continue(()),
        }
    }

    fn takes_over(&mut self, seq: u64, key: &str) -> ControlFlow<()> {
        match key.parse::<VerifierKey>() {
            Ok(key) if key.name().as_str() == self.name => {
                self.keys.push((seq, key));
                ControlFlow::Continue(())
            }
            Ok(key) => {
                let why = format!("record {seq} names a key of another log, {}", key.name());
                self.found(Fault::Key { why })
            }
            Err(fault) => {
                let why = format!("record {seq} names something that is no key ({fault})");
                self.found(Fault::Key { why })
            }
        }
    }

    fn is_handed_over(
        &mut self,
        seq: u64,
        from: &str,
        to: &str,
        note: Option<&str>,
    ) -> ControlFlow<()> {
        let before = self.keys.last().map(|(_, key)| key.clone());
        let Some(before) = before.filter(|key| key.to_string() == from) else {
            return self.found(Fault::Key {
                why: format!("record {seq} replaces a key that wasn't in force"),
            });
        };
        let Some(note) = note else {
            self.unsigned.push(seq);
            return ControlFlow::Continue(());
        };
        let is_signed = match (note.parse::<SignedNote>(), to.parse::<VerifierKey>()) {
            (Ok(note), Ok(to)) => is_handed_over(&note, &before, &to),
            (Err(_), _) | (_, Err(_)) => false,
        };
        if is_signed {
            ControlFlow::Continue(())
        } else {
            self.found(Fault::Key {
                why: format!(
                    "record {seq} puts another key in the place of the one before, which didn't sign that"
                ),
            })
        }
    }

    /// Holds the log, as far as it has passed, against what was signed and what was
    /// witnessed of it.
    fn held_against_words(&mut self) -> ControlFlow<()> {
        let size = self.grown.size();
        let signed = self.checkpoints.get(&size).copied();
        let given = self.witnesses.get(&size).copied();
        if signed.is_none() && given.is_none() {
            return ControlFlow::Continue(());
        }
        let root = self.grown.root();
        let window = |from, checkpoint| {
            Found::Window(Window {
                from,
                to: size,
                checkpoint,
            })
        };
        if let Some(kept) = signed {
            let read = match read(kept, self.name) {
                Ok(read) => read,
                Err(why) => return self.found(Fault::CheckpointBad { n: kept.n, why }),
            };
            let key = self.keys.last().map(|(_, key)| key.clone());
            if let Err(why) = is_signed(&read.1, key.as_ref()) {
                return self.found(Fault::CheckpointBad { n: kept.n, why });
            }
            if read.0.root != root {
                self.fault = Some(window(self.good, Some((kept.n, kept.made_at))));
                return ControlFlow::Break(());
            }
            self.n_checkpoints += 1;
            self.signed = Some(Reach {
                size,
                at: Some(kept.made_at),
            });
        }
        if let Some(given) = given {
            if given.root != root {
                self.fault = Some(window(self.seen, None));
                return ControlFlow::Break(());
            }
            self.witnessed = Some(Reach {
                size,
                at: signed.map(|kept| kept.made_at),
            });
            self.seen = size;
        }
        self.roots.insert(size, root);
        self.good = size;
        self.concerned.clear();
        ControlFlow::Continue(())
    }

    /// No record follows: whatever was still open is decided.
    fn end_of_records(&mut self) {
        if self.fault.is_none()
            && let Some(Shifted { stands, by, .. }) = self.shifted.take()
        {
            self.fault = Some(Found::Fault(Fault::Missing {
                from: stands,
                to: stands + by - 1,
                after: None,
            }));
        }
    }

    /// Whether the log ends where it says.
    fn of_end(&self, head: Option<&Head>) -> Option<Fault> {
        let found = self.grown.size();
        if let Some((were, kept)) = self.checkpoints.range(found + 1..).next_back() {
            return Some(Fault::Truncated {
                found,
                were: *were,
                by: format!("its checkpoint {}", kept.n),
            });
        }
        match head {
            None => (found > 0).then_some(Fault::Head { found, said: None }),
            Some(head) => {
                let fits = head.size == found && head.peaks == self.grown.peaks().concat();
                (!fits).then_some(Fault::Head {
                    found,
                    said: Some(head.size),
                })
            }
        }
    }
}

/// Reads a checkpoint as it is kept, or says in what it isn't one of this log's.
fn read(kept: &Kept, name: &str) -> Result<(Checkpoint, SignedNote), String> {
    let note: SignedNote = kept
        .note
        .parse()
        .map_err(|fault: NoteFault| fault.to_string())?;
    let checkpoint = Checkpoint::of(&note).map_err(|fault| fault.to_string())?;
    if checkpoint.origin != name {
        return Err(format!("it is of another log, {}", checkpoint.origin));
    }
    if checkpoint.size != kept.size || checkpoint.root != kept.root {
        return Err("what is kept beside its signed text isn't what that says".to_owned());
    }
    Ok((checkpoint, note))
}

fn is_signed(note: &SignedNote, key: Option<&VerifierKey>) -> Result<(), String> {
    let Some(key) = key else {
        return Err("it is signed, and the log names no key".to_owned());
    };
    note.verified_by(&[key])
        .map(|_| ())
        .map_err(|fault| match fault {
            NoteFault::Unsigned => {
                let by = note.signatures().iter();
                let by: Vec<String> = by
                    .map(|one| format!("{}+{:08x}", one.name, one.id))
                    .collect();
                format!(
                    "it isn't signed by the key that the log names ({}+{:08x}), but by {}",
                    key.name(),
                    key.id(),
                    by.join(", ")
                )
            }
            NoteFault::Wrong => {
                "its signature doesn't fit: the checkpoint was altered, or forged".to_owned()
            }
            NoteFault::Form(_) | NoteFault::Key(_) | NoteFault::Name => fault.to_string(),
        })
}

/// Whether all checkpoints that were made are there.
fn of_checkpoints(checkpoints: &[Kept], scan: &Scan<'_>) -> Option<Fault> {
    for (kept, n) in checkpoints.iter().zip(1..) {
        if kept.n != n {
            return Some(Fault::CheckpointMissing {
                n: Some(n),
                size: None,
            });
        }
    }
    let grows = checkpoints.is_sorted_by(|a, b| a.size < b.size);
    if !grows {
        return checkpoints
            .windows(2)
            .find_map(|pair| match pair {
                [a, b] if a.size >= b.size => Some(b.n),
                _ => None,
            })
            .map(|n| Fault::CheckpointBad {
                n,
                why: "it is over fewer records than the one before".to_owned(),
            });
    }
    // A key is never named without a first checkpoint at once.
    let newest = checkpoints.last().map_or(0, |one| one.size);
    let named = scan.keys.last().map(|(seq, _)| *seq);
    named
        .filter(|seq| *seq >= newest)
        .map(|_| Fault::CheckpointMissing {
            n: (newest > 0).then_some(checkpoints.last().map_or(1, |one| one.n + 1)),
            size: None,
        })
}

/// Whether what somebody brought is of this log, and within it.
fn of_witnesses(ask: &Ask<'_>, scan: &Scan<'_>) -> Option<Fault> {
    let found = scan.grown.size();
    for given in ask.witnesses {
        if let Some((checkpoint, note)) = &given.note {
            if checkpoint.origin != scan.name {
                return Some(Fault::Given {
                    why: format!(
                        "it is of another log: {}; this one is {}",
                        checkpoint.origin, scan.name
                    ),
                });
            }
            let keys = scan.keys.iter().map(|(_, key)| key);
            let keys: Vec<&VerifierKey> = keys.chain(ask.key).collect();
            if let Err(fault) = note.verified_by(&keys) {
                return Some(Fault::Given {
                    why: format!("it isn't signed by a key that this log names ({fault})"),
                });
            }
        }
        if given.size > found {
            return Some(Fault::Truncated {
                found,
                were: given.size,
                by: "the checkpoint that you brought".to_owned(),
            });
        }
        // Nothing is shown to anybody but checkpoints.
        if given.size > 0 && !scan.checkpoints.contains_key(&given.size) {
            return Some(Fault::CheckpointMissing {
                n: None,
                size: Some(given.size),
            });
        }
        if given.size == 0 && given.root != Frontier::default().root() {
            return Some(Fault::Given {
                why: "it is over no records, and has another root than nothing has".to_owned(),
            });
        }
    }
    None
}

/// Whether the log is signed by the expected key, or by one that was handed over to
/// from that.
fn of_key(ask: &Ask<'_>, scan: &Scan<'_>, verdict: &mut Verdict) -> Option<Fault> {
    let expected = ask.key?;
    if scan.signed.is_none() {
        return Some(Fault::Key {
            why: "nothing is signed; no checkpoint was ever made".to_owned(),
        });
    }
    let since = scan
        .keys
        .iter()
        .find(|(_, key)| key == expected)
        .map(|(seq, _)| *seq);
    let Some(since) = since else {
        let signed = verdict.key.clone().unwrap_or_default();
        return Some(Fault::Key {
            why: format!("the log is signed by {signed}, which isn't the key that was expected"),
        });
    };
    if let Some(seq) = scan.unsigned.iter().find(|seq| **seq > since) {
        return Some(Fault::Key {
            why: format!(
                "record {seq} puts another key in the place of the expected one, which didn't sign that"
            ),
        });
    }
    verdict.is_pinned = true;
    None
}
