//! What is read of one moment, so that its parts fit one another: by a running bot,
//! or by a command that only looks. Writes nothing.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::deployments::{
    self, Correction, Counted, Emergency, FrozenWeek, Hearing, Question, Reading, Since, ToldSince,
};
use super::{Adopted, OpenError, Store, StoreError, file, log, policies};
use crate::domain::id::WorkspaceId;

/// A moment of the store: whatever is asked of it, nothing is written in between.
#[derive(Debug)]
pub struct Moment<'a> {
    pub(super) connection: &'a Connection,
    pub(super) workspace: &'a WorkspaceId,
}

/// Why there is no moment to look at.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The file can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What stands in it can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such file.
    #[error("there is no database yet: `serve` makes one")]
    Missing,
    /// The file is of an older program.
    #[error(
        "the database is of an older program: `serve` brings it up to date when it starts; of a backup, `restore --drill` says whether it holds"
    )]
    Older,
    /// The file holds no register.
    #[error("the database is still empty: nobody has signed in with it yet")]
    Empty,
    /// It isn't clear whose register is meant.
    #[error("the database has no one register for this: name one of its workspaces, {0}")]
    Ambiguous(Workspaces),
}

/// The workspaces of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspaces(pub BTreeSet<WorkspaceId>);

impl std::fmt::Display for Workspaces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, workspace) in self.0.iter().enumerate() {
            let between = if place == 0 { "" } else { ", " };
            write!(f, "{between}{workspace}")?;
        }
        Ok(())
    }
}

impl Store {
    /// Reads several things of one moment.
    pub async fn moment<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Moment<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.read(move |connection, workspace| {
            work(&Moment {
                connection,
                workspace,
            })
        })
        .await
    }
}

/// Reads several things of one moment of a file, without a lock and without a trace,
/// beside a running bot or where none runs. A file of one workspace needs none named.
pub fn look<T, F>(path: &Path, workspace: Option<&WorkspaceId>, work: F) -> Result<T, LookError>
where
    F: FnOnce(&Moment<'_>) -> Result<T, StoreError>,
{
    match std::fs::File::open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(LookError::Missing);
        }
        Err(error) => {
            return Err(LookError::Open(OpenError::Unreadable {
                path: path.to_owned(),
                reason: error.to_string(),
            }));
        }
    }
    let connection = file::open_for_inspection(path)?;
    match file::form(&connection, path)? {
        0 => return Err(LookError::Empty),
        form if form < file::MIGRATIONS.len() => return Err(LookError::Older),
        _ => {}
    }
    let moment = connection
        .unchecked_transaction()
        .map_err(StoreError::from)?;
    let found = workspaces(&moment)?;
    let mut meant = found
        .iter()
        .filter(|one| workspace.is_none_or(|named| named == *one));
    match (meant.next(), meant.next()) {
        (Some(workspace), None) => Ok(work(&Moment {
            connection: &moment,
            workspace,
        })?),
        _ if found.is_empty() => Err(LookError::Empty),
        _ => Err(LookError::Ambiguous(Workspaces(found.clone()))),
    }
}

/// The workspaces of which a file holds a log, even if something of it is gone.
pub(super) fn workspaces(connection: &Connection) -> Result<BTreeSet<WorkspaceId>, StoreError> {
    connection
        .prepare(
            "WITH RECURSIVE told(workspace) AS (
                 SELECT min(workspace) FROM event
                 UNION ALL
                 SELECT (SELECT min(event.workspace) FROM event
                         WHERE event.workspace > told.workspace)
                 FROM told WHERE told.workspace IS NOT NULL)
             SELECT workspace FROM told WHERE workspace IS NOT NULL
             UNION SELECT workspace FROM head
             UNION SELECT workspace FROM checkpoint",
        )?
        .query_map([], |row| row.get::<_, String>(0))?
        .map(|name| Ok(WorkspaceId::new(name?)))
        .collect()
}

impl Moment<'_> {
    /// Folds the changes that count in a window, in order of time, without keeping
    /// them: `from` is in it, `to` isn't.
    pub fn counted(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        fold: impl FnMut(Counted<'_>),
    ) -> Result<(), StoreError> {
        deployments::counted(self.connection, self.workspace, from, to, fold)
    }

    /// Returns the emergencies that went to production in a window, in order of time.
    /// Rehearsals and second records are left out.
    pub fn emergencies_between(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Emergency>, StoreError> {
        deployments::emergencies(self.connection, self.workspace, from, to, now)
    }

    /// Returns from whom something was heard on the days (UTC) that a window touches,
    /// by source and day.
    pub fn hearings(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<Hearing>, StoreError> {
        deployments::hearings(self.connection, self.workspace, from, to)
    }

    /// Returns what is asked of polled sources and how that goes, by source and path.
    pub fn readings(&self) -> Result<Vec<Reading>, StoreError> {
        deployments::readings(self.connection, self.workspace)
    }

    /// Returns the frozen weeks that begin in a time, the first first.
    pub fn frozen_weeks(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<FrozenWeek>, StoreError> {
        deployments::frozen_weeks(self.connection, self.workspace, from, to)
    }

    /// Returns what was put right of the weeks that begin in a time, in the order in
    /// which it was told.
    pub fn corrections(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<Correction>, StoreError> {
        deployments::corrections(self.connection, self.workspace, from, to)
    }

    /// Returns what the report of the week that begins then puts right, the oldest
    /// week first.
    pub fn told_in(&self, week: DateTime<Utc>) -> Result<Vec<Correction>, StoreError> {
        deployments::told_in(self.connection, self.workspace, week)
    }

    /// Returns how much the log holds.
    pub fn log_size(&self) -> Result<u64, StoreError> {
        Ok(log::frontier(self.connection, self.workspace)?.size())
    }

    /// Returns what the log held when the newest report's figures were counted;
    /// nothing while no week is frozen.
    pub fn reported_size(&self) -> Result<Option<u64>, StoreError> {
        deployments::reported_size(self.connection, self.workspace)
    }

    /// Hands on what sources told since the log had a size, the newest first.
    pub fn told_since(&self, size: u64, fold: impl FnMut(ToldSince)) -> Result<(), StoreError> {
        deployments::told_since(self.connection, self.workspace, size, fold)
    }

    /// Returns what else came into the log since, as far as weeks may be counted
    /// otherwise for it.
    pub fn since(&self, size: u64) -> Result<Since, StoreError> {
        deployments::since(self.connection, self.workspace, size)
    }

    /// Returns the questions without an answer about changes of a window, in order of
    /// time.
    pub fn unexplained(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<Question>, StoreError> {
        deployments::unexplained(self.connection, self.workspace, from, to)
    }

    /// Returns every policy that was ever in force, oldest first.
    pub fn policies(&self) -> Result<Vec<Adopted>, StoreError> {
        policies::all(self.connection, self.workspace)
    }
}
