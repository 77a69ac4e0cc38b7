//! What stands in a field: as it is handed in, and as the record keeps it.

use std::fmt;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::{Field, Vague};
use crate::domain::change::{Actor, Source};
use crate::domain::id::{ChangeNumber, UserId};
use crate::domain::text::{Commitment, Text};

/// What somebody puts into a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Words; in a field for a link: the reason why there is none.
    Words(Text),
    /// One of the choices.
    Choice(String),
    /// Addresses, one a line.
    Links(Text),
    /// Somebody.
    Person(UserId),
    /// A point in time.
    Instant(DateTime<Utc>),
    /// Names of systems, from the policy.
    Systems(Vec<String>),
}

impl Told {
    /// Returns what the record keeps of it.
    pub fn value(&self) -> Value {
        match self {
            Self::Words(text) => Value::Words(text.commitment()),
            Self::Choice(name) => Value::Choice(name.clone()),
            Self::Links(text) => Value::Links(text.commitment()),
            Self::Person(who) => Value::Person(who.clone()),
            Self::Instant(at) => Value::Instant(*at),
            Self::Systems(names) => Value::Systems(names.clone()),
        }
    }

    /// Whether it says nothing at all.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Words(text) | Self::Links(text) => text.is_blank(),
            Self::Choice(name) => name.trim().is_empty(),
            Self::Systems(names) => names.is_empty(),
            Self::Person(_) | Self::Instant(_) => false,
        }
    }

    /// Returns the words that somebody typed, if it has any.
    pub fn text(&self) -> Option<&Text> {
        match self {
            Self::Words(text) | Self::Links(text) => Some(text),
            Self::Choice(_) | Self::Person(_) | Self::Instant(_) | Self::Systems(_) => None,
        }
    }
}

/// What the record keeps of a field: of what people wrote, only the commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Words; in a field for a link: the reason why there is none.
    Words(Commitment),
    /// One of the choices, by its name.
    Choice(String),
    /// Addresses, one a line.
    Links(Commitment),
    /// Somebody.
    Person(UserId),
    /// A point in time.
    Instant(DateTime<Utc>),
    /// Names of systems.
    Systems(Vec<String>),
}

/// SHA-256 of a value: what a form remembers of the field that it showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueHash(pub [u8; 32]);

impl fmt::Display for ValueHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Value {
    /// Returns the text that it refers to.
    pub fn commitment(&self) -> Option<Commitment> {
        match self {
            Self::Words(text) | Self::Links(text) => Some(*text),
            Self::Choice(_) | Self::Person(_) | Self::Instant(_) | Self::Systems(_) => None,
        }
    }

    /// Hands on its parts, each of them bytes, for whoever hashes it.
    pub(super) fn parts(&self, mut part: impl FnMut(&str, &[u8])) {
        match self {
            Self::Words(text) => part("text", &text.0),
            Self::Choice(name) => part("choice", name.as_bytes()),
            Self::Links(text) => part("links", &text.0),
            Self::Person(who) => part("person", who.as_str().as_bytes()),
            Self::Instant(at) => part("instant", &at.timestamp_micros().to_be_bytes()),
            Self::Systems(names) => {
                for name in names {
                    part("system", name.as_bytes());
                }
            }
        }
    }

    /// Returns its hash.
    pub fn hash(&self) -> ValueHash {
        let mut sha = Sha256::new();
        self.parts(|kind, bytes| {
            for part in [kind.as_bytes(), bytes] {
                sha.update((part.len() as u64).to_be_bytes());
                sha.update(part);
            }
        });
        ValueHash(sha.finalize().into())
    }
}

/// How a value came into the ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Somebody wrote or chose it.
    Person,
    /// The bot knew it, from there.
    Bot(Source),
    /// It was taken over from another change of the same incident.
    TakenFrom(ChangeNumber),
}

/// A field as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it says.
    pub value: Value,
    /// Who put it there last.
    pub by: Actor,
    /// When.
    pub at: DateTime<Utc>,
    /// How it is known.
    pub source: Known,
    /// Why it says too little.
    pub vague: Option<Vague>,
    /// What it replaced unseen: another had saved that since the form was opened.
    pub replaced: Option<Value>,
}

/// One field that somebody saves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writing {
    /// Which field.
    pub field: Field,
    /// What they put into it.
    pub told: Told,
    /// What stood in it when their form was opened; nothing: it was blank.
    pub base: Option<ValueHash>,
    /// The change from which it is taken over.
    pub taken_from: Option<ChangeNumber>,
}

/// Whether it is one address, and nothing else.
pub fn is_address(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        rest.starts_with(char::is_alphanumeric) && !rest.contains(char::is_whitespace)
    })
}
