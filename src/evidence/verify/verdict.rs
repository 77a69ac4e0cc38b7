//! The verdict and its words. Whoever reads them has never seen the program.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::domain::id::ChangeNumber;
use crate::store::Misfit;

/// The record that something is wrong with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// Its place in the log; the first is 0.
    pub seq: u64,
    /// What it is, by its own words.
    pub kind: Option<String>,
    /// When it happened, by its own words.
    pub at: Option<DateTime<Utc>>,
    /// The change that it belongs to.
    pub change: Option<ChangeNumber>,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {}", self.seq)?;
        let kind = self.kind.as_ref().map(|kind| kind.replace('_', " "));
        let of = self.change.map(|change| format!("of {change}"));
        let at = self
            .at
            .map(|at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string());
        let about: Vec<String> = kind.into_iter().chain(of).chain(at).collect();
        if !about.is_empty() {
            write!(f, " ({})", about.join(", "))?;
        }
        Ok(())
    }
}

/// What is wrong first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A record isn't what its hash says.
    Altered(Whose),
    /// Records aren't there: from this place on, so many, as far as that is known.
    Missing {
        /// The place of the first.
        from: u64,
        /// The place of the last.
        to: u64,
        /// The record before them.
        after: Option<Whose>,
    },
    /// A record stands where another one was written.
    Inserted(Whose),
    /// A record stands in the place of another.
    OutOfOrder {
        /// Where it stands.
        stands: u64,
        /// The record, with its own place.
        whose: Whose,
    },
    /// A record is attributed to another change, or another place in it, than it says.
    Displaced(Whose),
    /// The log's end, as it is kept beside it, isn't its end.
    Head {
        /// How many records there are.
        found: u64,
        /// How many there should be; nothing where that isn't kept at all.
        said: Option<u64>,
    },
    /// The records up to a checkpoint aren't those that were signed.
    Signed {
        /// The checkpoint: its number, and when it was made.
        checkpoint: (u64, DateTime<Utc>),
        /// The first of the records of which one or more are others now.
        from: Option<Whose>,
        /// The last of them.
        to: Option<Whose>,
        /// The changes among them, if they are few.
        changes: Vec<ChangeNumber>,
    },
    /// The records up to what somebody else kept aren't those that were there then.
    Witnessed {
        /// How many records there were.
        size: u64,
        /// The first of the records of which one or more are others now.
        from: Option<Whose>,
        /// The last of them.
        to: Option<Whose>,
    },
    /// The log was longer once.
    Truncated {
        /// How many records there are.
        found: u64,
        /// How many there were.
        were: u64,
        /// By whose word.
        by: String,
    },
    /// A checkpoint is gone.
    CheckpointMissing {
        /// Its number; nothing if it is known by a record only.
        n: Option<u64>,
        /// How many records it was over.
        size: Option<u64>,
    },
    /// A checkpoint isn't one, isn't this log's, or isn't signed.
    CheckpointBad {
        /// Its number.
        n: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The key isn't the expected one.
    Key {
        /// What is wrong with it.
        why: String,
    },
    /// The checkpoint that was brought is of another log, or isn't signed.
    Given {
        /// What is wrong with it.
        why: String,
    },
    /// What is derived from the log isn't what the log says.
    Derived(Misfit),
    /// Something can't be read.
    Unreadable {
        /// What, in words.
        what: String,
    },
}

/// Something wrong, in the log of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Whose log.
    pub workspace: String,
    /// What.
    pub fault: Fault,
}

fn last(n: u64) -> String {
    match n {
        1 => "the last record".to_owned(),
        n => format!("the last {n} records"),
    }
}

fn range(from: Option<&Whose>, to: Option<&Whose>) -> String {
    match (from, to) {
        (Some(from), Some(to)) if from.seq == to.seq => from.to_string(),
        (Some(from), Some(to)) => format!("one or more of the records from {from} to {to}"),
        (Some(one), None) | (None, Some(one)) => one.to_string(),
        (None, None) => "one or more records".to_owned(),
    }
}

impl Fault {
    /// Returns in one word what sort of fault it is.
    pub fn sort(&self) -> &'static str {
        match self {
            Self::Altered(_)
            | Self::Displaced(_)
            | Self::Signed { .. }
            | Self::Witnessed { .. } => "altered",
            Self::Missing { .. } | Self::Truncated { .. } | Self::CheckpointMissing { .. } => {
                "missing"
            }
            Self::Inserted(_) => "inserted",
            Self::OutOfOrder { .. } => "out of order",
            Self::Head { .. } => "head",
            Self::CheckpointBad { .. } => "checkpoint",
            Self::Key { .. } => "key",
            Self::Given { .. } => "witness",
            Self::Derived(_) => "derived",
            Self::Unreadable { .. } => "unreadable",
        }
    }

    /// Returns the record that it names, if it names one.
    pub fn record(&self) -> Option<&Whose> {
        match self {
            Self::Altered(whose)
            | Self::Inserted(whose)
            | Self::Displaced(whose)
            | Self::OutOfOrder { whose, .. } => Some(whose),
            Self::Missing { after, .. } => after.as_ref(),
            Self::Signed { from, .. } | Self::Witnessed { from, .. } => from.as_ref(),
            Self::Head { .. }
            | Self::Truncated { .. }
            | Self::CheckpointMissing { .. }
            | Self::CheckpointBad { .. }
            | Self::Key { .. }
            | Self::Given { .. }
            | Self::Derived(_)
            | Self::Unreadable { .. } => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered(whose) => write!(
                f,
                "altered: {whose} isn't what was written; it doesn't fit the hash that was kept of it"
            ),
            Self::Missing { from, to, after } => {
                if from == to {
                    write!(f, "missing: record {from} is gone")?;
                } else {
                    write!(f, "missing: records {from} to {to} are gone")?;
                }
                match after {
                    Some(after) => write!(f, "; the last one before is {after}"),
                    None => Ok(()),
                }
            }
            Self::Inserted(whose) => write!(
                f,
                "inserted: {whose} was put in; the record that was written there stands after it"
            ),
            Self::OutOfOrder { stands, whose } => write!(
                f,
                "out of order: where record {stands} was written, {whose} stands now"
            ),
            Self::Displaced(whose) => write!(
                f,
                "altered: {whose} is filed under another change, or in another place of it, than it says itself"
            ),
            Self::Head { found, said } => match said {
                None => write!(
                    f,
                    "missing: how long the log is isn't kept any more; {found} records are there"
                ),
                Some(said) if said > found => write!(
                    f,
                    "missing: the log had {said} records, and {found} are there; those from record {found} on are gone"
                ),
                Some(said) if said < found => write!(
                    f,
                    "inserted: the log had {said} records, and {found} are there; what stands from record {said} on was put in behind its end"
                ),
                Some(said) => write!(
                    f,
                    "altered: one or more of the {said} records were replaced together with their hashes, or what was kept of their sum was"
                ),
            },
            Self::Signed {
                checkpoint: (n, at),
                from,
                to,
                changes,
            } => {
                write!(
                    f,
                    "altered: {} was altered, removed or put in after checkpoint {n} was signed ({})",
                    range(from.as_ref(), to.as_ref()),
                    at.format("%Y-%m-%d %H:%M UTC")
                )?;
                match changes.as_slice() {
                    [] => Ok(()),
                    [one] => write!(f, "; they concern {one}"),
                    [most @ .., last] => {
                        let most: Vec<String> = most.iter().map(ToString::to_string).collect();
                        write!(f, "; they concern {} and {last}", most.join(", "))
                    }
                }
            }
            Self::Witnessed { size, from, to } => write!(
                f,
                "altered: the log isn't the one that was witnessed when it had {size} records: {} was altered, removed or put in since. Whoever did that could sign, so its own checkpoints say nothing about it",
                range(from.as_ref(), to.as_ref())
            ),
            Self::Truncated { found, were, by } => write!(
                f,
                "missing: the log had {were} records by {by}, and {found} are there; those from record {found} on are gone"
            ),
            Self::CheckpointMissing { n, size } => match (n, size) {
                (Some(n), _) => write!(f, "missing: checkpoint {n} is gone"),
                (None, Some(size)) => write!(
                    f,
                    "missing: a checkpoint over {size} records was shown to others, and it isn't there"
                ),
                (None, None) => write!(
                    f,
                    "missing: the log names a key, and no checkpoint by it is there"
                ),
            },
            Self::CheckpointBad { n, why } => write!(f, "checkpoint {n}: {why}"),
            Self::Key { why } => write!(f, "key: {why}"),
            Self::Given { why } => write!(f, "the witnessed checkpoint: {why}"),
            Self::Derived(misfit) => write!(f, "altered: {misfit}"),
            Self::Unreadable { what } => write!(f, "unreadable: {what}"),
        }
    }
}

/// How far something reaches that holds: how many records, and when it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// How many records.
    pub size: u64,
    /// When it was said, by our clock; nothing if that isn't known.
    pub at: Option<DateTime<Utc>>,
}

/// What was found out about the log of one workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whose log.
    pub workspace: String,
    /// What is wrong first, if anything.
    pub fault: Option<Fault>,
    /// How many records were read.
    pub n_records: u64,
    /// How many checkpoints hold.
    pub n_checkpoints: u64,
    /// The newest checkpoint that holds.
    pub signed: Option<Reach>,
    /// The newest of those that somebody else kept and brought.
    pub witnessed: Option<Reach>,
    /// The key by which the newest checkpoint is signed, as it is written for verifiers.
    pub key: Option<String>,
    /// Whether that is, or was handed over from, the key that was expected.
    pub is_pinned: bool,
    /// Whether what is derived was rebuilt and compared.
    pub is_deep: bool,
    /// Hand-overs that the key before didn't sign: the place of the record.
    pub unsigned: Vec<u64>,
}

impl Verdict {
    /// Whether everything holds.
    pub fn holds(&self) -> bool {
        self.fault.is_none()
    }

    /// Returns what the verdict rests on and what it can't say, a sentence each.
    pub fn limits(&self) -> Vec<String> {
        let mut limits = Vec::new();
        match (&self.signed, &self.witnessed) {
            (_, Some(witnessed)) => {
                let after = self.n_records.saturating_sub(witnessed.size);
                if after > 0 {
                    limits.push(format!(
                        "Whoever holds the key could have rewritten {}: newer than the checkpoint that you brought.",
                        last(after)
                    ));
                }
            }
            (Some(signed), None) => {
                limits.push(format!(
                    "No checkpoint that somebody else kept was given (--witness): whoever holds the key could have rewritten everything and signed it again. The report's channel, each approval and the configured address have copies; the newest over {} records.",
                    signed.size
                ));
            }
            (None, None) => limits.push(
                "No checkpoint was ever signed: that the log fits itself is all that can be said."
                    .to_owned(),
            ),
        }
        if let Some(signed) = &self.signed {
            let after = self.n_records.saturating_sub(signed.size);
            if after > 0 {
                limits.push(format!(
                    "No checkpoint covers {} yet; whoever can write the file could have rewritten that much without the key.",
                    last(after)
                ));
            }
            if !self.is_pinned {
                limits.push(
                    "No expected key was given (--key): that the checkpoints are signed by the key that the log itself names says nothing about whose key that is."
                        .to_owned(),
                );
            }
        }
        for seq in &self.unsigned {
            limits.push(format!(
                "Record {seq} puts a new key in place of a lost one: the one before didn't sign it. Ask who did that, and why."
            ));
        }
        if !self.is_deep {
            limits.push(
                "What is shown of each change was not rebuilt from the log and compared (--deep)."
                    .to_owned(),
            );
        }
        limits.push(
            "What nobody ever recorded can't be missed here; compare with what your deployment tools say."
                .to_owned(),
        );
        limits
    }
}
