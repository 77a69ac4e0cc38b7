//! The quiet offer: two messages that read like a request and its answer, which
//! somebody is asked to put on record.

use chrono::{DateTime, Utc};

use super::change::{MessageRef, Verdict};
use super::id::{ChangeNumber, ChannelId, UserId};
use super::text::Commitment;

named! {
    /// How far an offer has come.
    pub enum OfferStage {
        /// Made where it was said.
        Offered = "offered",
        /// Made once more, by direct message.
        Again = "again",
        /// Never answered; the pair counts among the undeclared.
        Undeclared = "undeclared",
        /// The pair is on record.
        Taken = "taken",
        /// *No, thanks*.
        Declined = "declined",
    }
}

/// One message of the pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// Who wrote it.
    pub by: UserId,
    /// Where it stands.
    pub message: MessageRef,
    /// What it says.
    pub text: Commitment,
}

/// An offer to put two messages on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its number.
    pub id: u64,
    /// The conversation.
    pub channel: ChannelId,
    /// Who asked, and is made the offer.
    pub asker: UserId,
    /// The request.
    pub request: Quoted,
    /// The answer.
    pub answer: Quoted,
    /// What the answer does.
    pub verdict: Verdict,
    /// When it was made first.
    pub offered_at: DateTime<Utc>,
    /// How far it has come.
    pub stage: OfferStage,
    /// The change that it became.
    pub change: Option<ChangeNumber>,
    /// When something is to be done about it.
    pub next_at: Option<DateTime<Utc>>,
}
