//! Whose e-mail address has to be known before something is taken in.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::belong;
use super::row::Prepared;
use crate::domain::deployment::Deployment;
use crate::store::{Store, StoreError, log};

impl Store {
    /// Returns the addresses of those who made what belongs to an emergency change
    /// that isn't known to be in production.
    pub async fn authors_wanted(
        &self,
        told: &[Deployment],
        now: DateTime<Utc>,
    ) -> Result<BTreeSet<String>, StoreError> {
        let told: Vec<Deployment> = told
            .iter()
            .filter(|one| one.author_email.is_some())
            .cloned()
            .collect();
        if told.is_empty() {
            return Ok(BTreeSet::new());
        }
        self.read(move |connection, workspace| {
            let is_any_named = belong::is_any_named(connection, workspace)?;
            let mut wanted = BTreeSet::new();
            for one in told.into_iter().map(Prepared::new) {
                if one.told.reference.is_none() && !is_any_named {
                    continue;
                }
                let found = belong::find(connection, workspace, &one, is_any_named, now)?;
                let Some(number) = found else { continue };
                let change = log::load(connection, workspace, number)?;
                if change.is_some_and(|(change, _)| change.deployments.is_empty()) {
                    wanted.extend(one.told.author_email);
                }
            }
            Ok(wanted)
        })
        .await
    }
}
