//! The quiet offer: what the bot would put on record if the asker wants it to.
//! Pure.

use chrono::{DateTime, Utc};

use super::change::{MessageRef, Verdict};
use super::id::{ChannelId, UserId};
use super::text::Commitment;

named! {
    /// How far an offer has come.
    pub enum OfferStage {
        /// It was made where the pair was said.
        Offered = "offered",
        /// It was made once more, by direct message.
        OfferedAgain = "offered_again",
        /// Nobody answered it: the pair counts among the undeclared.
        Undeclared = "undeclared",
        /// The pair is on record.
        Taken = "taken",
        /// *No, thanks*.
        Declined = "declined",
    }
}

/// A message as it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// Who wrote it.
    pub by: UserId,
    /// Where it stands.
    pub message: MessageRef,
    /// Its words.
    pub text: Commitment,
}

/// A question and an answer that read like an authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its number.
    pub id: u64,
    /// Where it was said.
    pub channel: ChannelId,
    /// Who asked, and alone hears of the offer.
    pub asker: UserId,
    /// The question.
    pub request: Quoted,
    /// The answer.
    pub answer: Quoted,
    /// What the answer does.
    pub verdict: Verdict,
    /// When it was offered.
    pub offered_at: DateTime<Utc>,
    /// How far it has come.
    pub stage: OfferStage,
    /// When the next step is due.
    pub next_at: Option<DateTime<Utc>>,
}
