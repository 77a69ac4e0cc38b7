//! The retrospective change ticket: its sections, what is missing of them, and
//! the hash that an approval is bound to.

use std::fmt;

use sha2::{Digest, Sha256};

use super::change::EmergencyChange;

named! {
    /// A part of the ticket that a person writes.
    pub enum Section {
        /// What was changed, where.
        WhatWasDone = "what_was_done",
        /// What was tested before and after, even if minimal.
        Testing = "testing",
        /// How to go back.
        RollbackPlan = "rollback_plan",
        /// What came of it.
        Outcome = "outcome",
        /// What to do better.
        LessonsLearned = "lessons_learned",
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WhatWasDone => "what was done",
            Self::Testing => "testing",
            Self::RollbackPlan => "rollback plan",
            Self::Outcome => "outcome",
            Self::LessonsLearned => "lessons learned",
        })
    }
}

/// Something without which the ticket isn't complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gap {
    /// Nobody has said which kind of emergency it was.
    Criterion,
    /// A section is unwritten.
    Section(Section),
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Criterion => f.write_str("why it was an emergency"),
            Self::Section(section) => section.fmt(f),
        }
    }
}

/// Returns what the ticket still misses, in the order of the ticket.
pub fn gaps(change: &EmergencyChange) -> Vec<Gap> {
    let unstated = change.criterion.is_none() && change.reason.is_none();
    let criterion = unstated.then_some(Gap::Criterion);
    let sections = Section::ALL
        .iter()
        .copied()
        .filter(|section| !change.sections.contains_key(section))
        .map(Gap::Section);
    criterion.into_iter().chain(sections).collect()
}

/// SHA-256 over the content of a ticket: what an approval approves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Hashes what an approver approves, as length-prefixed (field, value) pairs in
/// a fixed order.
///
/// Texts stand as their commitments, so the hash survives a redaction.
pub fn content_hash(change: &EmergencyChange) -> ContentHash {
    let mut sha = Sha256::new();
    let mut field = |name: &str, value: &[u8]| {
        for part in [name.as_bytes(), value] {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part);
        }
    };
    field("form", b"breakglass-ticket-v1");
    field("number", &change.number.0.to_be_bytes());
    field("policy", &change.policy.0.to_be_bytes());
    field("requester", change.requester.as_str().as_bytes());
    field("requested_at", &micros(change.requested_at));
    field("what", &change.what.0);
    field("verbatim", &change.verbatim.0);
    if let Some(criterion) = change.criterion {
        field("criterion", criterion.name().as_bytes());
    }
    if let Some(stated) = &change.reason {
        field("reason", stated.reason.name().as_bytes());
        if let Some(text) = &stated.text {
            field("text", &text.0);
        }
    }
    if let Some(given) = &change.authorization {
        field("authorizer", given.by.as_str().as_bytes());
        field("authorized_at", &micros(given.at));
        if let Some(attested) = &given.attested {
            field("attested_by", attested.by.as_str().as_bytes());
        }
    }
    for quote in &change.quotes {
        field("quoted", quote.by.as_str().as_bytes());
        field("text", &quote.captured.0);
    }
    if let Some(act) = &change.went_ahead {
        field("went_ahead", act.by.as_str().as_bytes());
        field("went_ahead_at", &micros(act.at));
    }
    if let Some(commander) = &change.commander {
        field("commander", commander.who.as_str().as_bytes());
        if let Some(at) = commander.authorized_at {
            field("commander_authorized_at", &micros(at));
        }
    }
    if let Some(act) = &change.second {
        field("second_person", act.by.as_str().as_bytes());
        field("second_authorized_at", &micros(act.at));
    }
    for deployment in &change.deployments {
        field("deployed_at", &micros(deployment.at));
        field("implementer", deployment.by.as_str().as_bytes());
    }
    for (section, written) in &change.sections {
        field("section", section.name().as_bytes());
        field("text", &written.text.0);
    }
    ContentHash(sha.finalize().into())
}

fn micros(at: chrono::DateTime<chrono::Utc>) -> [u8; 8] {
    at.timestamp_micros().to_be_bytes()
}
