//! The quiet offer: what people said looks like an authorization, and the one
//! who asked is offered to put it on record. Pure; the store keeps it.
//!
//! ```text
//!  offered ─▶ offered again ─▶ undeclared
//!     └───────────┴──────────────┴─────▶ taken | declined
//! ```

use chrono::{DateTime, TimeDelta, Utc};

use super::change::{MessageRef, Verdict};
use super::id::{ChannelId, UserId};
use super::text::Commitment;

/// How long after the first offer it comes once more, by direct message.
const AGAIN_AFTER: TimeDelta = TimeDelta::hours(1);

/// How long after that the pair counts as undeclared.
const UNDECLARED_AFTER: TimeDelta = TimeDelta::hours(24);

named! {
    /// How far an offer has come.
    pub enum OfferStage {
        /// Whispered where it was said.
        Offered = "offered",
        /// Said once more, by direct message.
        Again = "again",
        /// Left unanswered.
        Undeclared = "undeclared",
        /// Put on record.
        Taken = "taken",
        /// *No, thanks*.
        Declined = "declined",
    }
}

/// A message as it stood when it was overheard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// Who wrote it.
    pub by: UserId,
    /// Where it stands.
    pub message: MessageRef,
    /// What it said.
    pub text: Commitment,
}

/// A pair of messages that was offered to be put on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its number.
    pub id: u64,
    /// The conversation in which they were said.
    pub channel: ChannelId,
    /// Who asked, and is offered it.
    pub asker: UserId,
    /// The message that asks.
    pub request: Quoted,
    /// The message that answers.
    pub answer: Quoted,
    /// What the answer does.
    pub verdict: Verdict,
    /// When it was offered first.
    pub offered_at: DateTime<Utc>,
    /// How far it has come.
    pub stage: OfferStage,
    /// When it goes further by itself.
    pub next_at: Option<DateTime<Utc>>,
}

impl OfferStage {
    /// Whether it can still be taken or declined.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Offered | Self::Again | Self::Undeclared => true,
            Self::Taken | Self::Declined => false,
        }
    }
}

impl Offer {
    /// Returns when a new offer goes further by itself.
    pub fn first_at(offered_at: DateTime<Utc>) -> DateTime<Utc> {
        offered_at + AGAIN_AFTER
    }

    /// Returns what becomes of the offer by now, and when it goes further; nothing
    /// while it is not due.
    pub fn due(&self, now: DateTime<Utc>) -> Option<(OfferStage, Option<DateTime<Utc>>)> {
        self.next_at.filter(|at| *at <= now)?;
        match self.stage {
            OfferStage::Offered => Some((OfferStage::Again, Some(now + UNDECLARED_AFTER))),
            OfferStage::Again => Some((OfferStage::Undeclared, None)),
            OfferStage::Undeclared | OfferStage::Taken | OfferStage::Declined => None,
        }
    }
}
