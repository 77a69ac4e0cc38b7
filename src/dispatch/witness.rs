//! Lets others have the log's checkpoints: in the last line of the weekly report and of
//! each approval, as a file under the report, and at the configured address.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Dispatcher, FIRST_PAUSE};
use crate::domain::change::Event;
use crate::domain::id::ChangeNumber;
use crate::evidence::checkpoint::root_in_words;
use crate::slack::error::{ErrorCode, SlackError};
use crate::slack::views::{Message, seal};
use crate::store::{Kept, Kind, Parcel, ReportPart, Showing, StoreError, Witness};

/// The longest pause before a checkpoint is shown again: who didn't take it for so long
/// is away for longer.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// How often a file that Slack refuses is tried; with the longest pause, a week.
const MOST_TRIES: u32 = 7 * 24;

/// What the file is called where files are listed.
const TITLE: &str = "Signed checkpoint of the log";

fn pause(attempts: u32) -> TimeDelta {
    (FIRST_PAUSE * 2i32.saturating_pow(attempts.min(12))).min(LONGEST_PAUSE)
}

impl Dispatcher {
    /// Adds the line about the log to a message that has one: the weekly report says
    /// what the log was when its figures were frozen, and an approval what it was when
    /// the approval first stood in it. Said again, it is the same.
    pub(super) async fn sealed(
        &self,
        message: Message,
        parcel: &Parcel,
        now: DateTime<Utc>,
    ) -> Result<Message, StoreError> {
        let store = self.engine.store();
        let mut shown: Option<Kept> = None;
        for owed in &parcel.owed {
            let found = match &owed.kind {
                Kind::Report {
                    part: ReportPart::Report,
                    ..
                } => match &parcel.report {
                    Some(reported) => store.checkpoint_of(reported.week.reported_at).await?,
                    None => None,
                },
                Kind::Note { change, version }
                | Kind::Told {
                    change, version, ..
                } if is_approval(parcel, *change, *version) => {
                    self.over(*change, *version, now).await?
                }
                Kind::Card { .. }
                | Kind::Ledger { .. }
                | Kind::Note { .. }
                | Kind::Reminder { .. }
                | Kind::Told { .. }
                | Kind::Reply { .. }
                | Kind::Offer { .. }
                | Kind::Home { .. }
                | Kind::Shut { .. }
                | Kind::Report { .. }
                | Kind::Question { .. } => None,
            };
            // Of several, the largest holds them all.
            shown = shown.into_iter().chain(found).max_by_key(|one| one.size);
        }
        Ok(match shown {
            Some(one) => seal::sealed(message, one.size, &root_in_words(&one.root)),
            None => message,
        })
    }

    /// The first checkpoint that holds an event, made now if there is none.
    async fn over(
        &self,
        change: ChangeNumber,
        version: u64,
        now: DateTime<Utc>,
    ) -> Result<Option<Kept>, StoreError> {
        let store = self.engine.store();
        let found = store.checkpoint_over(change, version).await?;
        if found.is_some() || self.engine.checkpoint(now).await?.is_none() {
            return Ok(found);
        }
        store.checkpoint_over(change, version).await
    }

    /// Shows checkpoints to those to whom they are owed.
    pub async fn show(&self, owed: Vec<Showing>, now: DateTime<Utc>) -> Result<(), StoreError> {
        for showing in owed {
            match showing.witness {
                Witness::Address => self.send_to_address(showing, now).await?,
                Witness::Report => self.file_under_report(showing, now).await?,
            }
        }
        Ok(())
    }

    async fn send_to_address(
        &self,
        showing: Showing,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let store = self.engine.store();
        let Some(address) = &self.address else {
            let why = "no address is configured".to_owned();
            return store.give_up_showing(&showing, why, now).await;
        };
        match address.take(showing.checkpoint.note.clone()).await {
            Ok(()) => {
                let place = address.host().to_owned();
                store.shown(showing, place, now).await
            }
            Err(error) => {
                tracing::warn!(checkpoint = showing.checkpoint.n, error = %error, "the address in `witness_url` doesn't take a checkpoint; it is sent again");
                let until = now + pause(showing.attempts);
                store.show_later(&showing, until, error.to_string()).await
            }
        }
    }

    async fn file_under_report(
        &self,
        showing: Showing,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let store = self.engine.store();
        let Some((channel, ts)) = showing.under.clone() else {
            let why = "the report stands nowhere".to_owned();
            return store.give_up_showing(&showing, why, now).await;
        };
        let filed = self.filed(&showing).await?;
        match filed {
            Ok(()) => {
                let place = format!("{channel} {ts}");
                store.shown(showing, place, now).await
            }
            Err(SlackError::RateLimited { retry_after }) => {
                let pause = TimeDelta::from_std(retry_after).unwrap_or(LONGEST_PAUSE);
                let why = "Slack asks for a pause".to_owned();
                store.show_later(&showing, now + pause, why).await
            }
            Err(error) if showing.attempts < MOST_TRIES => {
                tracing::warn!(checkpoint = showing.checkpoint.n, error = %error, "a checkpoint can't be put under the report now");
                let until = now + pause(showing.attempts);
                store.show_later(&showing, until, error.to_string()).await
            }
            Err(error) => {
                tracing::error!(checkpoint = showing.checkpoint.n, error = %error, "a checkpoint isn't put under the report");
                store
                    .give_up_showing(&showing, error.to_string(), now)
                    .await
            }
        }
    }

    /// Puts a checkpoint under its report as a file, once: Slack's name for it is kept
    /// before it is shared, and tells afterwards whether it was.
    async fn filed(&self, showing: &Showing) -> Result<Result<(), SlackError>, StoreError> {
        let store = self.engine.store();
        let checkpoint = &showing.checkpoint;
        let Some((channel, ts)) = &showing.under else {
            return Ok(Err(SlackError::Malformed));
        };
        let file = if let Some(file) = &showing.file {
            match self.client.is_shared(file).await {
                Ok(true) => return Ok(Ok(())),
                Ok(false) => file.clone(),
                Err(error) => return Ok(Err(error)),
            }
        } else {
            let name = format!("checkpoint-{}.txt", checkpoint.size);
            let bytes = checkpoint.note.clone().into();
            match self.client.hand_in(&name, None, bytes).await {
                Ok(file) => {
                    store.keep_file(checkpoint.n, Some(file.clone())).await?;
                    file
                }
                Err(error) => return Ok(Err(error)),
            }
        };
        let shared = self.client.share_file(&file, TITLE, channel, ts).await;
        if let Err(SlackError::Refused {
            code: ErrorCode::FileNotFound | ErrorCode::FileDeleted,
        }) = &shared
        {
            // What was handed in is gone; it has to be handed in again.
            store.keep_file(checkpoint.n, None).await?;
        }
        Ok(shared)
    }
}

/// Whether the event of a message is a retrospective approval.
fn is_approval(parcel: &Parcel, change: ChangeNumber, version: u64) -> bool {
    let place = usize::try_from(version).ok().and_then(|n| n.checked_sub(1));
    parcel
        .changes
        .get(&change)
        .zip(place)
        .and_then(|(snapshot, place)| snapshot.history.get(place))
        .is_some_and(|recorded| matches!(recorded.event, Event::Approved { .. }))
}
