//! What the whole bot passes through: a command is handled, the clock ticks.
//!
//! The engine joins the rules in force to the store. It knows nothing of Slack,
//! and reads no clock: `now` is a parameter.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::change::EmergencyChange;
use crate::domain::id::{ChangeNumber, GroupId};
use crate::domain::policy::{Counting, Party, Policy, Role};
use crate::domain::text::Salt;
use crate::gesture::Heard;
use crate::store::{
    Arrival, Execution, Fetched, Intake, Outcome, Rules, Store, StoreError, TakenIn,
};

/// The rules and the store of one workspace.
#[derive(Debug, Clone)]
pub struct Engine {
    store: Store,
    rules: Arc<Rules>,
    counting: Arc<Counting>,
}

impl Engine {
    /// Joins a store to the rules in force.
    pub fn new(store: Store, rules: Rules) -> Self {
        Self {
            store,
            counting: Arc::new(rules.newest().counting.clone()),
            rules: Arc::new(rules),
        }
    }

    /// Returns the store, to read and to settle messages.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Returns the rules in force and those before them.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// Returns what counts as one change to production now.
    pub fn counting(&self) -> &Arc<Counting> {
        &self.counting
    }

    /// Takes in what a source told. Once this returns, it may be acknowledged.
    pub async fn take_in(
        &self,
        intake: Intake,
        now: DateTime<Utc>,
    ) -> Result<Vec<TakenIn>, StoreError> {
        let (counting, rules) = (Arc::clone(&self.counting), Arc::clone(&self.rules));
        self.store.take_in(intake, counting, rules, now).await
    }

    /// Returns the policy under which a change was declared.
    pub fn policy_of(&self, change: &EmergencyChange) -> &Policy {
        self.rules.of(change)
    }

    /// Keeps what a person did. Once this returns, it may be acknowledged.
    pub async fn hear(&self, heard: Heard, now: DateTime<Utc>) -> Result<Arrival, StoreError> {
        self.store.keep(heard, now).await
    }

    /// Carries out a command.
    pub async fn handle(
        &self,
        execution: Execution,
        now: DateTime<Utc>,
    ) -> Result<(Outcome, Option<ChangeNumber>), StoreError> {
        self.store
            .execute(execution, Arc::clone(&self.rules), now)
            .await
    }

    /// Carries out a command that attaches files, and keeps their bytes.
    pub async fn attach(
        &self,
        execution: Execution,
        files: Vec<Fetched>,
        now: DateTime<Utc>,
    ) -> Result<(Outcome, Option<ChangeNumber>), StoreError> {
        self.store
            .attach(execution, files, Arc::clone(&self.rules), now)
            .await
    }

    /// Does what has become due, but for the changes about which something
    /// `unheard` is waiting, and asks about what sources told and nobody explained.
    /// Returns how many changes there were to look at; more may be waiting.
    pub async fn tick(
        &self,
        unheard: BTreeSet<ChangeNumber>,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let rules = Arc::clone(&self.rules);
        let swept = self.store.sweep(unheard, rules, now).await?;
        Ok(swept + self.store.sweep_deployments(now).await?)
    }

    /// Returns the groups that decide who may do what: those of every role. Who is
    /// in one that isn't read has nothing to show for it.
    pub fn deciding_groups(&self) -> Vec<GroupId> {
        self.groups_of(Role::ALL)
    }

    /// Returns the groups that may be asked to authorize.
    pub fn asked_groups(&self) -> Vec<GroupId> {
        self.groups_of(&[Role::Approvers, Role::Commanders])
    }

    fn groups_of(&self, roles: &[Role]) -> Vec<GroupId> {
        self.rules
            .all()
            .flat_map(|policy| roles.iter().flat_map(|role| policy.named(*role)))
            .filter_map(|party| match party {
                Party::Group(group) => Some(group.clone()),
                Party::Person(_) => None,
            })
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }
}

/// Draws the 32 random bytes under which a text is committed to.
pub fn draw_salt() -> Result<Salt, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(Salt(bytes))
}
