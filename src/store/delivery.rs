//! What stands in delivery's way, as whole transactions.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::execute::roster;
use super::writer::Urgency;
use super::{Rules, Store, StoreError, outbox};
use crate::domain::id::{ChangeNumber, ChannelId};

impl Store {
    /// Stops all sending because Slack refuses the token, and owes a message again
    /// that was stopped by it. Returns whether that is news.
    pub async fn halt(
        &self,
        leader: Option<String>,
        reason: String,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            outbox::halt(connection, workspace, leader.as_deref(), &reason, now)
        })
        .await
    }

    /// Notes that Slack lets nothing into a channel, and tells the policy's first
    /// contact so, by day. Returns whether that is news.
    pub async fn shut(
        &self,
        channel: ChannelId,
        reason: String,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            let roster = roster(connection, workspace, &rules);
            let told = rules.newest().escalation.first();
            let what = (&channel, reason.as_str());
            outbox::shut(connection, workspace, what, told, &roster, now)
        })
        .await
    }

    /// Owes the card of a change anew that stands in a channel that was shut, and
    /// after it the note that found this out.
    pub async fn move_out(
        &self,
        number: ChangeNumber,
        channel: ChannelId,
        note: String,
        error: String,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            outbox::uproot_card(connection, workspace, number, &channel, now)?;
            outbox::release(connection, workspace, &note, now, &error)
        })
        .await
    }

    /// Notes that Slack has taken the token. What stands in Slack says so by itself;
    /// this is for what leaves no trace there.
    pub async fn token_was_taken(&self) -> Result<(), StoreError> {
        let halted = self.read(outbox::halted).await?;
        if halted.is_none() {
            return Ok(());
        }
        self.write(Urgency::Later, outbox::go_on).await
    }

    /// Notes that the civil clock has jumped by `by` and shows `at` now. Deadlines
    /// don't move; what waits for a while goes on waiting as long.
    pub async fn clock_stepped(
        &self,
        at: DateTime<Utc>,
        by: TimeDelta,
        grace: TimeDelta,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            outbox::clock_stepped(connection, workspace, (at, by), grace)
        })
        .await
    }
}
