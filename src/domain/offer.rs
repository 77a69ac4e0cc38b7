//! The quiet offer: a request and its answer that were overheard, and that the
//! asker may put on record.
//!
//! An offer says nothing of a change; it becomes one by being taken. It is asked
//! twice and never a third time: quietly at once, by direct message an hour
//! later. What nobody takes is listed as undeclared.

use chrono::{DateTime, TimeDelta, Utc};

use super::change::{MessageRef, Verdict};
use super::id::{ChangeNumber, ChannelId, UserId};
use super::text::Commitment;

/// How long the quiet offer waits before it comes once more: time to look after
/// the outage first.
pub const AGAIN_AFTER: TimeDelta = TimeDelta::hours(1);

/// How long the direct message waits before the pair counts as undeclared: the
/// day in which an emergency change is to be documented.
pub const UNDECLARED_AFTER: TimeDelta = TimeDelta::hours(24);

const _: () = assert!(AGAIN_AFTER.num_seconds() < UNDECLARED_AFTER.num_seconds());

named! {
    /// Where an offer stands.
    pub enum OfferStage {
        /// Offered quietly; nobody has answered.
        Offered = "offered",
        /// Offered once more, by direct message.
        Again = "again",
        /// Not answered in the end; listed until somebody does.
        Undeclared = "undeclared",
        /// Put on record.
        Taken = "taken",
        /// *No, thanks*.
        Declined = "declined",
    }
}

/// A message that was overheard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// Who wrote it.
    pub by: UserId,
    /// Where it stands.
    pub message: MessageRef,
    /// What it says.
    pub text: Commitment,
}

/// A pair of messages that reads like an authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its number, by which buttons name it.
    pub id: u64,
    /// The conversation.
    pub channel: ChannelId,
    /// Who asked, and is offered to record it.
    pub asker: UserId,
    /// The message that asks.
    pub request: Quoted,
    /// The message that answers.
    pub answer: Quoted,
    /// What the answer does.
    pub verdict: Verdict,
    /// When it was offered first.
    pub offered_at: DateTime<Utc>,
    /// Where it stands.
    pub stage: OfferStage,
    /// The change that it became.
    pub change: Option<ChangeNumber>,
    /// When it goes further by itself.
    pub next_at: Option<DateTime<Utc>>,
}

impl OfferStage {
    /// Whether somebody may still take or decline it. What counts as undeclared
    /// may: better late than never.
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

    /// Returns what becomes of the offer by now, and when it goes further;
    /// nothing while it isn't due.
    ///
    /// One step at a time, however long the bot was away: whoever hadn't got the
    /// direct message has a day from when they do.
    pub fn due(&self, now: DateTime<Utc>) -> Option<(OfferStage, Option<DateTime<Utc>>)> {
        self.next_at.filter(|next_at| *next_at <= now)?;
        match self.stage {
            OfferStage::Offered => Some((OfferStage::Again, Some(now + UNDECLARED_AFTER))),
            OfferStage::Again => Some((OfferStage::Undeclared, None)),
            OfferStage::Undeclared | OfferStage::Taken | OfferStage::Declined => None,
        }
    }
}
