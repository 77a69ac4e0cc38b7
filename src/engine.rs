//! What the whole bot passes through: a command is handled, the clock ticks.
//!
//! The engine joins the rules in force to the store. It knows nothing of Slack,
//! and reads no clock: `now` is a parameter.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::change::EmergencyChange;
use crate::domain::id::{ChangeNumber, GroupId};
use crate::domain::policy::{Counting, Party, Policy, Role, months_in_words};
use crate::domain::text::{Salt, Text};
use crate::evidence::seal::Seal;
use crate::gesture::Heard;
use crate::report::weekly;
use crate::store::{
    Arrival, Execution, Fetched, Intake, Kept, Outcome, Rules, Store, StoreError, TakenIn,
};

/// A report that can't be made is tried again after so long.
const REPORT_PAUSE: TimeDelta = TimeDelta::hours(1);

/// Of how many changes a night words are taken out: in one transaction, and it must not
/// keep anybody waiting.
const A_NIGHT: usize = 25;

/// The rules and the store of one workspace.
#[derive(Debug, Clone)]
pub struct Engine {
    store: Store,
    rules: Arc<Rules>,
    counting: Arc<Counting>,
    /// What signs the log; whoever only takes in a list signs nothing.
    seal: Option<Seal>,
    /// When the next weekly report is due, as far as that was looked up.
    report_at: Arc<Mutex<Upcoming>>,
}

/// When something is due next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Upcoming {
    /// Nobody has looked yet.
    Unknown,
    /// Nothing is.
    Never,
    /// Then.
    At(DateTime<Utc>),
}

impl Engine {
    /// Joins a store to the rules in force.
    pub fn new(store: Store, rules: Rules) -> Self {
        Self {
            store,
            counting: Arc::new(rules.newest().counting.clone()),
            rules: Arc::new(rules),
            seal: None,
            report_at: Arc::new(Mutex::new(Upcoming::Unknown)),
        }
    }

    /// Gives it what signs the log: it makes checkpoints from then on.
    #[must_use]
    pub fn sealed(self, seal: Seal) -> Self {
        Self {
            seal: Some(seal),
            ..self
        }
    }

    /// Returns what signs the log; nothing if it isn't signed.
    pub fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
    }

    /// Returns the checkpoint of all that is news, and makes it if need be; nothing if
    /// the log isn't signed.
    pub async fn checkpoint(&self, now: DateTime<Utc>) -> Result<Option<Kept>, StoreError> {
        match &self.seal {
            Some(seal) => seal.checkpoint(&self.store, now).await,
            None => Ok(None),
        }
    }

    /// Returns when the next checkpoint is due, if one is.
    async fn checkpoint_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        match &self.seal {
            Some(_) => self.store.checkpoint_at().await,
            None => Ok(None),
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
        let n_reported = self.report(now).await?;
        let n_swept = self.store.sweep(unheard, rules, now).await?;
        // Last, so that it holds what the clock has just done.
        let is_due = self.checkpoint_at().await?.is_some_and(|at| at <= now);
        if is_due {
            self.checkpoint(now).await?;
        }
        Ok(n_reported + n_swept + usize::from(is_due))
    }

    /// Takes words and files out of changes whose time is over, of so many at most as one
    /// night shall have. Returns of how many.
    pub async fn expire(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let Some(months) = self.rules.newest().keep_texts else {
            return Ok(0);
        };
        let why = format!(
            "Its time was over: the policy keeps words and files for {} (version {}).",
            months_in_words(months),
            self.rules.newest().version.0
        );
        let mut reasons = Vec::new();
        for _ in 0..A_NIGHT {
            let Ok(salt) = draw_salt() else {
                // There is another night.
                return Ok(0);
            };
            reasons.push(Text::new(why.clone(), salt));
        }
        self.store
            .expire(reasons, Arc::clone(&self.rules), now)
            .await
    }

    /// Begins: weekly reports are posted from now on, or go on where they were before.
    pub async fn begin(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let posts = self.rules.newest().report_channel.is_some();
        self.store.posts_reports(posts, now).await?;
        self.remember(Upcoming::Unknown);
        Ok(())
    }

    /// Returns when the clock has something to do next.
    pub async fn next_at(&self, grace: TimeDelta) -> Result<Option<DateTime<Utc>>, StoreError> {
        let report = match self.upcoming().await? {
            Upcoming::At(at) => Some(at),
            Upcoming::Never | Upcoming::Unknown => None,
        };
        let next = self.store.next_at(grace).await?;
        let checkpoint = self.checkpoint_at().await?;
        Ok(next.into_iter().chain(report).chain(checkpoint).min())
    }

    /// Freezes the weeks whose reports are due. Returns how many there were.
    async fn report(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        match self.upcoming().await? {
            Upcoming::At(at) if at <= now => {}
            Upcoming::At(_) | Upcoming::Never | Upcoming::Unknown => return Ok(0),
        }
        // The report says what the log was when its figures were frozen.
        self.checkpoint(now).await?;
        match weekly::freeze_due(&self.store, &self.rules, now).await {
            Ok(n_reported) => {
                self.remember(Upcoming::Unknown);
                Ok(n_reported)
            }
            Err(error @ (StoreError::Unknown | StoreError::Stopped)) => Err(error),
            // It must not hold up what else is due.
            Err(error) => {
                tracing::error!(error = %error, "the weekly report can't be made");
                self.remember(Upcoming::At(now + REPORT_PAUSE));
                Ok(0)
            }
        }
    }

    /// When the next report is due. Nobody but this process moves it.
    async fn upcoming(&self) -> Result<Upcoming, StoreError> {
        let known = *self
            .report_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if known != Upcoming::Unknown {
            return Ok(known);
        }
        let next = weekly::next_at(&self.store, &self.rules).await?;
        let found = next.map_or(Upcoming::Never, Upcoming::At);
        self.remember(found);
        Ok(found)
    }

    fn remember(&self, upcoming: Upcoming) {
        *self
            .report_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = upcoming;
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
