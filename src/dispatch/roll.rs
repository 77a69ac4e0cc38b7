//! Whether whoever is to be reminded is still there and may still do it.
//!
//! Slack is asked just before somebody is reminded. What it says decides nothing
//! over authority; it lets what they owe pass to somebody else.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Dispatcher;
use crate::domain::authorization::Member;
use crate::domain::id::UserId;
use crate::slack::error::SlackError;
use crate::store::StoreError;

impl Dispatcher {
    /// Asks Slack who somebody is. Returns whether that is news: then what they
    /// owe may have passed on, and what was to be said is to be read anew. While
    /// Slack can't say, they are reminded as they were.
    pub(super) async fn calls_the_roll(
        &self,
        who: &UserId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        match self.known_member(who).await {
            Ok(member) => {
                let rules = Arc::clone(self.engine.rules());
                self.engine.store().saw(member, rules, now).await
            }
            Err(error) => {
                tracing::warn!(error = %error, "whether somebody is still there can't be read");
                Ok(false)
            }
        }
    }

    async fn known_member(&self, who: &UserId) -> Result<Member, SlackError> {
        let facts = self.lookup.known_member(who).await?;
        let mut groups = BTreeSet::new();
        for group in self.engine.deciding_groups() {
            if self.lookup.known_group_members(&group).await?.contains(who) {
                groups.insert(group);
            }
        }
        Ok(Member {
            id: facts.id,
            standing: facts.standing,
            groups,
        })
    }
}
