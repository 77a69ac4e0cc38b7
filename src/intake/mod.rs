//! Every change that went to production, as the sources tell of it.
//!
//! A source's bytes become tellings here, and nothing is kept: the store takes
//! in what was told. What a person wrote becomes a text, the rest is cut to what
//! an identifier may be.

use chrono::{DateTime, Utc};

use crate::domain::deployment::{AHEAD, Deployment};
use crate::domain::text::Salt;

pub mod bitbucket;
pub mod changes;
pub mod circleci;
pub mod csv;
pub mod github;
pub mod gitlab;
pub mod import;
pub mod jenkins;
mod payload;
pub mod poll;
pub mod routes;
mod row;
pub mod running;
pub mod seal;
#[cfg(test)]
mod tests;

pub use crate::store::{Intake, TakenIn};
pub use row::{Column, RowFault, as_row};

/// Draws the salt of a text, as [`crate::engine::draw_salt`] does.
pub type Draw<'a> = &'a (dyn Fn() -> Result<Salt, getrandom::Error> + Send + Sync);

/// What a payload says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Of changes that went to production.
    Told(Vec<Deployment>),
    /// Something that is understood and no such change.
    Ignored(Ignored),
    /// Something that this program doesn't read; its name.
    Unknown(String),
}

impl Reading {
    /// Returns what was told, if it can have happened by then.
    ///
    /// # Errors
    ///
    /// If something of it lies more than [`AHEAD`] later.
    pub fn by(self, now: DateTime<Utc>) -> Result<Self, Refused> {
        match &self {
            Self::Told(told) if told.iter().any(|one| one.at > now + AHEAD) => {
                Err(Refused::InTheFuture)
            }
            Self::Told(_) | Self::Ignored(_) | Self::Unknown(_) => Ok(self),
        }
    }
}

/// Why something that is understood is no change to production.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    /// The source only says hello.
    #[error("only a test of the connection")]
    Ping,
    /// The policy's names of production environments don't hold it.
    #[error("not a production environment; policy.production names those")]
    NotProduction,
    /// It is still going on, or it failed.
    #[error("not a success")]
    NotDone,
    /// A request to merge that wasn't merged.
    #[error("not merged")]
    NotMerged,
    /// It happened on a branch that doesn't go to production.
    #[error("not on the branch that goes to production")]
    OtherBranch,
    /// A branch was made or deleted: nothing changed.
    #[error("a branch was made or deleted")]
    NoCommits,
    /// The policy's names of deploying jobs don't hold it.
    #[error("not a workflow or job that deploys; policy.jobs names those")]
    NotADeployment,
}

/// Why a payload can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It isn't JSON.
    #[error("the body isn't JSON")]
    NotJson,
    /// Something is missing that the source's documentation promises.
    #[error("the payload has no `{0}`")]
    Missing(&'static str),
    /// Nothing went to production tomorrow.
    #[error("it happened more than an hour from now, by the clock of whoever sent it")]
    InTheFuture,
    /// It is neither an object nor an array of them.
    #[error("the body is neither one change nor an array of changes")]
    NotAChange,
    /// More than one request may tell.
    #[error(
        "more than {LARGEST_BATCH} changes in one request; send them in parts",
        LARGEST_BATCH = changes::LARGEST_BATCH
    )]
    TooMany,
    /// No salt can be drawn for what a person wrote.
    #[error("this machine gives no random numbers")]
    NoSalt(#[from] getrandom::Error),
}

impl Refused {
    /// Whether the same payload may be read another time.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::NoSalt(_))
    }
}

impl PartialEq for Refused {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}
