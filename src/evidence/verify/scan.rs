//! The one pass over the records of a log: each against its hash and its place, all of
//! them so far against what was signed and what somebody else kept. Keeps none.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};

use super::super::checkpoint::Checkpoint;
use super::super::key::is_handed_over;
use super::super::note::{NoteFault, SignedNote, VerifierKey};
use super::database::Ask;
use super::verdict::{Fault, Reach, Whose};
use super::witness::Given;
use crate::domain::id::ChangeNumber;
use crate::domain::merkle::{Frontier, Hash, leaf_hash};
use crate::store::{Head, HouseFact, Kept, LeafHead, Moment, Record, StoreError};

/// How many changes are named of those that may be concerned; more are no help.
const NAMED: usize = 6;

/// What was found first: a fault, or that something in a stretch is wrong.
pub(super) enum Found {
    Fault(Fault),
    Window(Window),
}

/// Records of which some aren't those that were signed or witnessed.
pub(super) struct Window {
    from: u64,
    to: u64,
    /// The number and time of the checkpoint; nothing for what somebody brought.
    checkpoint: Option<(u64, DateTime<Utc>)>,
    /// What was signed; the line of a message isn't.
    note: Option<SignedNote>,
}

impl Window {
    pub(super) fn fault(&self, moment: &Moment<'_>, scan: &Scan<'_>) -> Result<Fault, StoreError> {
        let from = whose_at(moment, self.from)?;
        let to = whose_at(moment, self.to.saturating_sub(1))?;
        if let Some(note) = &self.note
            && !is_signed_by_any(note, scan.expected, &named_keys(moment)?)
        {
            // Whatever it says, nobody whom the log names said it.
            let key = scan.keys.last().map(|(_, key)| key);
            let why = is_signed(note, key).err().unwrap_or_default();
            return Ok(match self.checkpoint {
                Some((n, _)) => Fault::CheckpointBad { n, why },
                None => Fault::Given { why },
            });
        }
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

/// Every key that the log names anywhere: what moved in it may stand before its key.
fn named_keys(moment: &Moment<'_>) -> Result<Vec<VerifierKey>, StoreError> {
    let mut keys = Vec::new();
    moment.records(0, |record| {
        let is_of_the_house = record.change.is_none();
        match record.house_fact().filter(|_| is_of_the_house) {
            Some(HouseFact::KeyAdopted { key } | HouseFact::KeyRotated { to: key, .. }) => {
                keys.extend(key.parse::<VerifierKey>().ok());
            }
            Some(HouseFact::CheckpointShown { .. }) | None => {}
        }
        ControlFlow::Continue(())
    })?;
    Ok(keys)
}

fn is_signed_by_any(
    note: &SignedNote,
    expected: Option<&VerifierKey>,
    keys: &[VerifierKey],
) -> bool {
    let keys: Vec<&VerifierKey> = keys.iter().chain(expected).collect();
    note.verified_by(&keys).is_ok()
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

/// Whether the next record was written in the place of the last one.
fn is_claimed_by(seq: u64, next: &Record<'_>) -> bool {
    next.seq == seq + 1
        && next.leaf_hash == leaf_hash(next.leaf)
        && next.head().is_some_and(|head| head.seq == seq)
}

/// A record that stands earlier than it was written, until the next one tells why.
struct Shifted {
    stands: u64,
    by: u64,
    whose: Whose,
}

/// The one pass over the records.
pub(super) struct Scan<'a> {
    workspace: &'a str,
    pub(super) name: &'a str,
    /// The key that is expected.
    expected: Option<&'a VerifierKey>,
    /// Where the log ends by its own account.
    end: u64,
    pub(super) checkpoints: BTreeMap<u64, &'a Kept>,
    witnesses: BTreeMap<u64, &'a Given>,
    pub(super) grown: Frontier,
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
    pub(super) keys: Vec<(u64, VerifierKey)>,
    pub(super) unsigned: Vec<u64>,
    roots: BTreeMap<u64, Hash>,
    pub(super) n_checkpoints: u64,
    pub(super) signed: Option<Reach>,
    pub(super) witnessed: Option<Reach>,
    /// What is wrong with what the last record says, or with all up to it; the next one
    /// tells whether that is because it was put in.
    doubt: Option<Found>,
    pub(super) fault: Option<Found>,
}

impl<'a> Scan<'a> {
    /// Begins, with nothing read yet.
    pub(super) fn of(
        workspace: &'a str,
        name: &'a str,
        ask: &Ask<'a>,
        head: Option<&Head>,
        checkpoints: &'a [Kept],
    ) -> Self {
        let longest = checkpoints.iter().map(|one| one.size).max();
        // Where that isn't kept, nothing is known to be too much.
        let end = head.map_or(u64::MAX, |head| head.size);
        Self {
            workspace,
            name,
            expected: ask.key,
            end: end.max(longest.unwrap_or_default()),
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
            doubt: None,
            fault: None,
        }
    }
}

impl Scan<'_> {
    fn found(&mut self, fault: Fault) -> ControlFlow<()> {
        self.fault = Some(Found::Fault(fault));
        ControlFlow::Break(())
    }

    fn doubts(&mut self, found: Found) -> ControlFlow<()> {
        self.doubt = Some(found);
        ControlFlow::Continue(())
    }

    fn doubts_key(&mut self, why: String) -> ControlFlow<()> {
        self.doubts(Found::Fault(Fault::Key { why }))
    }

    pub(super) fn take(&mut self, record: Record<'_>) -> ControlFlow<()> {
        if let Some(doubt) = self.doubt.take() {
            let last = self.last.take();
            let put_in = last.filter(|last| is_claimed_by(last.seq, &record));
            self.fault = Some(put_in.map_or(doubt, |last| Found::Fault(Fault::Inserted(last))));
            return ControlFlow::Break(());
        }
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
        match self.doubt.take() {
            None => self.held_against_words(),
            Some(Found::Fault(doubt @ Fault::CheckpointMissing { .. })) => {
                self.held_against_words()?;
                // Where records before it were others, it may only have moved.
                if !matches!(self.doubt, Some(Found::Window(_))) {
                    self.doubt = Some(Found::Fault(doubt));
                }
                ControlFlow::Continue(())
            }
            Some(doubt) => self.doubts(doubt),
        }
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
            Some(HouseFact::KeyAdopted { .. }) => self.doubts_key(format!(
                "record {} names a first key, and there was one before",
                record.seq
            )),
            Some(HouseFact::KeyRotated { from, to, note }) => {
                self.is_handed_over(record.seq, &from, &to, note.as_deref())?;
                if self.doubt.is_some() {
                    return ControlFlow::Continue(());
                }
                self.takes_over(record.seq, &to)
            }
            Some(HouseFact::CheckpointShown { size, root, .. }) => {
                if self.roots.get(&size) == Some(&root) {
                    return ControlFlow::Continue(());
                }
                self.doubts(Found::Fault(Fault::CheckpointMissing {
                    n: None,
                    size: Some(size),
                }))
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
            Ok(key) => self.doubts_key(format!(
                "record {seq} names a key of another log, {}",
                key.name()
            )),
            Err(fault) => self.doubts_key(format!(
                "record {seq} names something that is no key ({fault})"
            )),
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
            return self.doubts_key(format!("record {seq} replaces a key that wasn't in force"));
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
            self.doubts_key(format!(
                "record {seq} puts another key in the place of the one before, which didn't sign that"
            ))
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
        if let Some(kept) = signed {
            let read = match read(kept, self.name) {
                Ok(read) => read,
                Err(why) => {
                    return self.doubts(Found::Fault(Fault::CheckpointBad { n: kept.n, why }));
                }
            };
            let (checkpoint, note) = read;
            if checkpoint.root != root {
                return self.doubts(Found::Window(Window {
                    from: self.good,
                    to: size,
                    checkpoint: Some((kept.n, kept.made_at)),
                    note: Some(note),
                }));
            }
            let key = self.keys.last().map(|(_, key)| key);
            if let Err(why) = is_signed(&note, key) {
                return self.doubts(Found::Fault(Fault::CheckpointBad { n: kept.n, why }));
            }
            self.n_checkpoints += 1;
            self.signed = Some(Reach {
                size,
                at: Some(kept.made_at),
            });
        }
        if let Some(given) = given {
            if given.root != root {
                return self.doubts(Found::Window(Window {
                    from: self.seen,
                    to: size,
                    checkpoint: None,
                    note: given.note.as_ref().map(|(_, note)| note.clone()),
                }));
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
    pub(super) fn end_of_records(&mut self) {
        self.fault = self.fault.take().or_else(|| self.doubt.take());
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
    pub(super) fn of_end(&self, head: Option<&Head>) -> Option<Fault> {
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
