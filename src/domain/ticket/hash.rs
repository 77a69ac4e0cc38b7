//! The hash of a ticket: exactly what an approval approves.

use std::fmt;

use sha2::{Digest, Sha256};

use super::{Known, Section, Value};
use crate::domain::change::{Attached, EmergencyChange};

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
    // What the first tickets held stands as it stood there, so that theirs keep
    // their hash.
    for section in Section::ALL {
        if let Some(text) = change.words(section.field()) {
            field("section", section.name().as_bytes());
            field("text", &text.0);
        }
    }
    for (name, entry) in &change.fields {
        let is_first = Section::ALL.iter().any(|section| section.field() == *name);
        if !is_first || !matches!(entry.value, Value::Words(_)) {
            field("field", name.name().as_bytes());
            entry.value.parts(&mut field);
        }
        // Who approves a text that says too little has seen that it does.
        if let Some(vague) = entry.vague {
            field("vague", name.name().as_bytes());
            field("because", vague.name().as_bytes());
        }
        if let Known::TakenFrom(number) = entry.source {
            field("taken_over", name.name().as_bytes());
            field("from", &number.0.to_be_bytes());
        }
    }
    for attachment in change.attachments.iter().filter(|one| !one.is_later) {
        field("attachment", &attachment.name.0);
        field("attached_by", attachment.by.as_str().as_bytes());
        match &attachment.attached {
            Attached::File { sha256, .. } => field("sha256", sha256),
            Attached::Unfetched { id, .. } => field("unfetched", id.as_bytes()),
            Attached::Elsewhere { id } => field("elsewhere", id.as_bytes()),
            Attached::Link => field("link", &[]),
        }
    }
    ContentHash(sha.finalize().into())
}

fn micros(at: chrono::DateTime<chrono::Utc>) -> [u8; 8] {
    at.timestamp_micros().to_be_bytes()
}
