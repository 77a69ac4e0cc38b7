//! Evidence that isn't words: files that were shared in a change's thread, and
//! addresses that were given there.

use std::fmt;

use chrono::{DateTime, Utc};

use super::MessageRef;
use crate::domain::id::UserId;
use crate::domain::text::Commitment;

/// The largest file that is kept, in bytes: a screenshot or a log has a few
/// hundred thousand, and what is kept is in every backup.
pub const LARGEST_ATTACHMENT: u64 = 10 * 1024 * 1024;

named! {
    /// Why the bytes of a file aren't kept.
    pub enum NotFetched {
        /// It is larger than what is kept.
        TooLarge = "too_large",
        /// It was deleted, or Slack hides it.
        Gone = "gone",
        /// Slack doesn't let the bot read it.
        NotAllowed = "not_allowed",
        /// Slack handed over something else than the file that it described.
        NotTheFile = "not_the_file",
        /// Slack didn't hand it over, however often it was asked.
        Unreachable = "unreachable",
    }
}

impl fmt::Display for NotFetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "it is larger than 10 MB",
            Self::Gone => "it is gone from Slack",
            Self::NotAllowed => "Slack doesn't let the bot read it",
            Self::NotTheFile => "Slack handed over something else",
            Self::Unreachable => "Slack didn't hand it over",
        })
    }
}

/// What was attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attached {
    /// A file whose bytes are kept.
    File {
        /// Its id in Slack.
        id: String,
        /// SHA-256 of its bytes.
        sha256: [u8; 32],
        /// How many there are.
        n_bytes: u64,
    },
    /// A file whose bytes aren't.
    Unfetched {
        /// Its id in Slack.
        id: String,
        /// How many bytes Slack says it has.
        n_bytes: Option<u64>,
        /// Why.
        why: NotFetched,
    },
    /// A file that Slack only points to: it is kept elsewhere, and its name is its
    /// address. It isn't followed either.
    Elsewhere {
        /// Its id in Slack.
        id: String,
    },
    /// An address that stood in a message. It isn't followed: what stands there may
    /// change or lie.
    Link,
}

impl Attached {
    /// Returns the id of the file in Slack, if it is one.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::File { id, .. } | Self::Unfetched { id, .. } | Self::Elsewhere { id } => Some(id),
            Self::Link => None,
        }
    }

    /// Whether it shows something of what was tested: a file that nobody has any
    /// more doesn't, nor does whatever address came up in the talk. One that shows
    /// the test stands in the words on the test.
    pub fn is_evidence(&self) -> bool {
        match self {
            Self::File { .. } | Self::Elsewhere { .. } => true,
            Self::Unfetched { .. } | Self::Link => false,
        }
    }
}

/// Something attached to a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The name of the file as its owner gave it, or the address.
    pub name: Commitment,
    /// What it is.
    pub attached: Attached,
    /// The message that shared it.
    pub message: MessageRef,
    /// Who shared it.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether it came after the approval that stands, which therefore doesn't
    /// speak of it.
    pub is_later: bool,
}
