//! What is wrong first with a pack, in the sentences of the verifier that packs bring
//! along.

use std::fmt;

/// What is wrong first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// Something isn't what was listed, signed or recorded.
    Altered {
        /// What, as a sentence.
        what: String,
    },
    /// Something that was listed, signed or recorded isn't there.
    Missing {
        /// What, as a sentence.
        what: String,
    },
    /// Something is there that wasn't listed, signed or recorded.
    Inserted {
        /// What, as a sentence.
        what: String,
    },
    /// Something stands in the place of something else.
    OutOfOrder {
        /// What, as a sentence.
        what: String,
    },
    /// The log isn't the one that was signed.
    Log {
        /// How that shows.
        what: String,
    },
    /// The key isn't the expected one, or isn't one.
    Key {
        /// What is wrong with it.
        what: String,
    },
    /// The log isn't the one that somebody else saw.
    Witness {
        /// How that shows.
        what: String,
    },
    /// It is no pack.
    NoPack {
        /// Which file.
        what: String,
    },
}

impl Flaw {
    /// Returns in one word what sort of flaw it is.
    pub fn sort(&self) -> &'static str {
        match self {
            Self::Altered { .. } => "altered",
            Self::Missing { .. } => "missing",
            Self::Inserted { .. } => "inserted",
            Self::OutOfOrder { .. } => "out of order",
            Self::Log { .. } => "log",
            Self::Key { .. } => "key",
            Self::Witness { .. } => "witness",
            Self::NoPack { .. } => "unreadable",
        }
    }

    pub(super) fn altered(what: impl Into<String>) -> Self {
        Self::Altered { what: what.into() }
    }

    pub(super) fn missing(what: impl Into<String>) -> Self {
        Self::Missing { what: what.into() }
    }

    pub(super) fn inserted(what: impl Into<String>) -> Self {
        Self::Inserted { what: what.into() }
    }

    pub(super) fn key(what: impl Into<String>) -> Self {
        Self::Key { what: what.into() }
    }

    /// That a file isn't of its form.
    pub(super) fn form(name: &str) -> Self {
        Self::altered(format!("{name} isn't of the form that packs have"))
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { what }
            | Self::Missing { what }
            | Self::Inserted { what }
            | Self::OutOfOrder { what } => write!(f, "{}: {what}", self.sort()),
            Self::Log { what }
            | Self::Key { what }
            | Self::Witness { what }
            | Self::NoPack { what } => f.write_str(what),
        }
    }
}

impl std::error::Error for Flaw {}
