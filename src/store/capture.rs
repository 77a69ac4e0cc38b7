//! The store's face towards what people say: messages that are part of a record,
//! what is overheard, and what is offered.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;

use super::execute::{forget, roster};
use super::quotes::{self, Half};
use super::writer::Urgency;
use super::{
    NewOffer, OffersOf, Outcome, Rules, SWEEP, Store, StoreError, Words, inbox, offers, outbox,
    texts,
};
use crate::domain::change::{MessageRef, Verdict};
use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId, WorkspaceId};
use crate::domain::offer::Offer;
use crate::domain::text::Text;
use crate::gesture::Gesture;

impl Store {
    /// Settles what was overheard and comes to nothing: nobody hears of it, and
    /// its words aren't kept.
    pub async fn let_go(&self, gesture: Gesture) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            settle_quietly(connection, workspace, &gesture)?;
            Ok(())
        })
        .await
    }

    /// Returns the change that the words of a message are part of, as its request
    /// or its answer; the first, of several.
    pub async fn captured(
        &self,
        channel: ChannelId,
        ts: MessageTs,
    ) -> Result<Option<ChangeNumber>, StoreError> {
        self.read(move |connection, workspace| {
            let changes = quotes::captured(connection, workspace, (&channel, &ts))?;
            Ok(changes.first().copied())
        })
        .await
    }

    /// Returns the change that an emoji on this message answered; the first, of
    /// several.
    pub async fn emoji_on(
        &self,
        channel: ChannelId,
        ts: MessageTs,
    ) -> Result<Option<ChangeNumber>, StoreError> {
        self.read(move |connection, workspace| {
            let name = (&channel, &ts);
            let changes = quotes::changes_of(connection, workspace, name, Half::Emoji)?;
            Ok(changes.first().copied())
        })
        .await
    }

    /// Whether something that was done in a channel still waits to be answered.
    pub async fn awaits(&self, channel: ChannelId) -> Result<bool, StoreError> {
        self.read(move |connection, workspace| inbox::awaits(connection, workspace, &channel))
            .await
    }

    /// Returns the change whose card stands there.
    pub async fn card_at(
        &self,
        channel: ChannelId,
        ts: MessageTs,
    ) -> Result<Option<ChangeNumber>, StoreError> {
        self.read(move |connection, workspace| {
            quotes::card_at(connection, workspace, (&channel, &ts))
        })
        .await
    }

    /// Settles what was overheard with an offer to put it on record, to whoever
    /// asked. What was offered before, or is on record, is let go.
    pub async fn make_offer(
        &self,
        gesture: Gesture,
        offer: NewOffer,
        texts: Vec<Text>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write_once(gesture, move |connection, workspace, gesture| {
            texts::keep(connection, workspace, &texts)?;
            let request = &offer.request.message;
            let name = (&request.channel, &request.ts);
            let on_record = quotes::changes_of(connection, workspace, name, Half::Request)?;
            let gave_way = if on_record.is_empty() {
                offers::outrank(connection, workspace, &offer, now)?
            } else {
                None
            };
            if on_record.is_empty()
                && gave_way.is_none()
                && let Some(id) = offers::make(connection, workspace, &offer, now)?
                && let Some(found) = offers::find(connection, workspace, id)?
            {
                outbox::owe_offer(connection, workspace, &found.offer, false, now)?;
            }
            settle_quietly(connection, workspace, gesture)?;
            let unclear = texts.iter().map(Text::commitment).chain(gave_way);
            forget(connection, workspace, unclear)
        })
        .await
    }

    /// Returns who answered a request in the open offer of it that does the same.
    pub async fn offered_answer(
        &self,
        request: MessageRef,
        verdict: Verdict,
    ) -> Result<Option<UserId>, StoreError> {
        self.read(move |connection, workspace| {
            offers::answered_by(connection, workspace, &request, verdict)
        })
        .await
    }

    /// Returns an offer with its words.
    pub async fn offer(&self, id: u64) -> Result<Option<(Offer, Words)>, StoreError> {
        self.read(move |connection, workspace| {
            let Some(found) = offers::find(connection, workspace, id)? else {
                return Ok(None);
            };
            let words = offers::words(connection, workspace, &found.offer)?;
            Ok(Some((found.offer, words)))
        })
        .await
    }

    /// Remembers a *No, thanks*: the pair is never offered again, and its words
    /// aren't kept. Says so where the offer stands.
    pub async fn decline_offer(
        &self,
        gesture: Gesture,
        id: u64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write_once(gesture, move |connection, workspace, gesture| {
            let freed = offers::decline(connection, workspace, id, now)?;
            inbox::settle(connection, workspace, gesture, &Outcome::Done, None)?;
            outbox::owe_reply(connection, workspace, gesture, now)?;
            forget(connection, workspace, freed)
        })
        .await
    }

    /// Returns the offers that were left unanswered, with their words, newest first:
    /// all, or `only` those.
    pub async fn undeclared(
        &self,
        only: Option<OffersOf>,
        limit: usize,
    ) -> Result<Vec<(Offer, Words)>, StoreError> {
        self.read(move |connection, workspace| {
            offers::undeclared(connection, workspace, only.as_ref(), limit)?
                .into_iter()
                .map(|offer| {
                    let words = offers::words(connection, workspace, &offer)?;
                    Ok((offer, words))
                })
                .collect()
        })
        .await
    }

    /// Lets the offers go further that are due. Returns how many there were.
    pub(super) async fn sweep_offers(
        &self,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let due = self
            .read(move |connection, workspace| offers::due(connection, workspace, now, SWEEP))
            .await?;
        let n_due = due.len();
        let swept = due.into_iter().map(|id| {
            let rules = Arc::clone(&rules);
            async move {
                let ticked = self
                    .write(Urgency::Later, move |connection, workspace| {
                        let roster = roster(connection, workspace, &rules);
                        offers::tick(connection, workspace, id, &roster, now)
                    })
                    .await;
                match ticked {
                    Err(error @ StoreError::Corrupt(_)) => {
                        tracing::error!(offer = id, error = %error, "an offer can't be swept");
                        self.write(Urgency::Later, move |connection, workspace| {
                            let later = now + TimeDelta::hours(1);
                            offers::look_again(connection, workspace, id, later)
                        })
                        .await
                    }
                    other => other,
                }
            }
        });
        futures_util::future::try_join_all(swept).await?;
        Ok(n_due)
    }
}

/// Settles what was overheard without a word, and lets go of its words but for
/// those that an offer needs.
fn settle_quietly(
    connection: &Connection,
    workspace: &WorkspaceId,
    gesture: &Gesture,
) -> Result<(), StoreError> {
    if inbox::outcome(connection, workspace, &gesture.key)?.is_none() {
        inbox::settle(connection, workspace, gesture, &Outcome::Done, None)?;
        forget(connection, workspace, gesture.commitments())?;
    }
    Ok(())
}
