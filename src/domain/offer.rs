//! The quiet offer: a request and its answer that were overheard, and that the
//! asker may put on record.
//!
//! An offer says nothing of a change; it becomes one by being taken. It is asked
//! twice and never a third time: quietly at once, by direct message an hour
//! later. What nobody takes is listed as undeclared.

use chrono::{DateTime, TimeDelta, Utc};

use super::change::{MessageRef, Verdict};
use super::id::{ChangeNumber, ChannelId, UserId};
use super::obligation::{People, by_day};
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
    /// When the clock has something to do for it.
    pub next_at: Option<DateTime<Utc>>,
}

/// An offer can't be answered any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OfferClosed {
    /// It is on record.
    #[error("That is on record already, as {0}.")]
    Taken(ChangeNumber),
    /// It was declined.
    #[error(
        "You said no to this one before. If it was an emergency change after all, use the shortcut *Record authorization* on the message."
    )]
    Declined,
}

/// What the clock does for an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferStep {
    /// It comes once more, by direct message.
    Again,
    /// It counts as undeclared from now on.
    Undeclared,
}

impl Offer {
    /// Offers a pair for the first time, to whoever asked.
    pub fn begin(
        id: u64,
        request: Quoted,
        answer: Quoted,
        verdict: Verdict,
        people: &dyn People,
        now: DateTime<Utc>,
    ) -> Self {
        let next_at = Some(by_day(&request.by, now + AGAIN_AFTER, people));
        Self {
            id,
            channel: request.message.channel.clone(),
            asker: request.by.clone(),
            request,
            answer,
            verdict,
            offered_at: now,
            stage: OfferStage::Offered,
            change: None,
            next_at,
        }
    }

    /// Whether somebody may still answer it.
    pub fn is_open(&self) -> bool {
        match self.stage {
            OfferStage::Offered | OfferStage::Again | OfferStage::Undeclared => true,
            OfferStage::Taken | OfferStage::Declined => false,
        }
    }

    /// Lets the clock do what is due; nothing if nothing is.
    ///
    /// One step at a time, however long the bot was away: who never got the
    /// direct message has a day from when they do. At night it waits for the
    /// morning, because the hour may have been set before the night began.
    pub fn pass(&mut self, people: &dyn People, now: DateTime<Utc>) -> Option<OfferStep> {
        if self.next_at.is_none_or(|next_at| next_at > now) {
            return None;
        }
        match self.stage {
            OfferStage::Offered => {
                let considerate = by_day(&self.asker, now, people);
                if considerate > now {
                    self.next_at = Some(considerate);
                    return None;
                }
                self.stage = OfferStage::Again;
                self.next_at = Some(now + UNDECLARED_AFTER);
                Some(OfferStep::Again)
            }
            OfferStage::Again => {
                self.stage = OfferStage::Undeclared;
                self.next_at = None;
                Some(OfferStep::Undeclared)
            }
            OfferStage::Undeclared | OfferStage::Taken | OfferStage::Declined => None,
        }
    }

    /// Refuses what was answered already.
    pub fn refuse_if_closed(&self) -> Result<(), OfferClosed> {
        match (self.stage, self.change) {
            (OfferStage::Taken, Some(change)) => Err(OfferClosed::Taken(change)),
            (OfferStage::Declined, _) => Err(OfferClosed::Declined),
            (
                OfferStage::Offered
                | OfferStage::Again
                | OfferStage::Undeclared
                | OfferStage::Taken,
                _,
            ) => Ok(()),
        }
    }

    /// Its request became a change's, by the offer or in any other way: somebody
    /// may think better of *No, thanks*. What is on record stays there.
    pub fn take(&mut self, change: ChangeNumber) {
        if self.change.is_none() {
            self.stage = OfferStage::Taken;
            self.change = Some(change);
            self.next_at = None;
        }
    }

    /// *No, thanks*, which is remembered.
    pub fn decline(&mut self) -> Result<(), OfferClosed> {
        self.refuse_if_closed()?;
        self.stage = OfferStage::Declined;
        self.next_at = None;
        Ok(())
    }
}
