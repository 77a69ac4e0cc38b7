//! The store's face towards what people see without a change in hand: their
//! Home, and everything that is still owed.

use chrono::{DateTime, Utc};

use super::parcel::snapshot;
use super::{Outcome, Snapshot, Store, StoreError, inbox, outbox, register};
use crate::domain::id::{ChangeNumber, UserId};
use crate::gesture::Gesture;

/// How many changes to which something is owed are looked through: far more than
/// anybody reads, and far fewer than would take long.
pub const MOST_OWING: usize = 200;

impl Store {
    /// Settles that somebody opened their Home, and owes it to them.
    pub async fn open_home(&self, gesture: Gesture, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write_once(gesture, move |connection, workspace, gesture| {
            inbox::settle(connection, workspace, gesture, &Outcome::Answered, None)?;
            outbox::open_home(connection, workspace, &gesture.actor, gesture.at, now)
        })
        .await
    }

    /// Returns the changes that aren't over or to which something is owed beyond
    /// their end, oldest first. Of more than `limit`, the newest that are open come
    /// before all others.
    pub async fn owing_changes(&self, limit: usize) -> Result<Vec<Snapshot>, StoreError> {
        self.read(move |connection, workspace| {
            let mut owing = register::owing(connection, workspace, limit)?;
            owing.sort_unstable();
            owing
                .into_iter()
                .filter_map(|number| snapshot(connection, workspace, number).transpose())
                .collect()
        })
        .await
    }

    /// Returns the changes of `who` that aren't deployed yet, newest first.
    pub async fn all_undeployed_of(
        &self,
        who: UserId,
        limit: usize,
    ) -> Result<Vec<ChangeNumber>, StoreError> {
        self.read(move |connection, workspace| {
            register::all_undeployed_of(connection, workspace, &who, limit)
        })
        .await
    }
}
