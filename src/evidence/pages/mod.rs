//! The papers of the pack: one PDF each for a change's ticket, its approval, its
//! tests and its deployment, and for the procedure that the policy lays down.
//!
//! Pure functions from a [`Record`](super::record::Record) to bytes. Nothing here
//! reads a clock, a file or a database; the same record makes the same paper, to the
//! byte. What is put on paper is decided by the file of each, how
//! it looks by `paper`, `line` and `face`.

use chrono::{DateTime, Utc};

mod approval;
mod deployment;
mod face;
mod line;
pub mod normal;
mod paper;
mod parts;
mod procedure;
mod testing;
#[cfg(test)]
mod tests;
mod ticket;

pub use approval::approval_record;
pub use deployment::deployment_confirmation;
pub(in crate::evidence) use face::is_hidden;
pub use procedure::{Procedure, emergency_change_procedure};
pub use testing::testing_results;
pub use ticket::change_ticket;

/// What is printed below each page of a paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imprint {
    /// Of what the paper is a part, such as *Sample 3 of 25 · 2026-07-01 to
    /// 2026-09-30*.
    pub part_of: String,
    /// What it was made from: the SHA-256 of `record.json`, say.
    pub bound_to: String,
    /// How the log stood: the short form of the checkpoint.
    pub checkpoint: String,
    /// The checkpoint's time: the only one that the paper bears as its own.
    pub at: DateTime<Utc>,
}

/// Why a paper couldn't be written.
#[derive(Debug, thiserror::Error)]
pub enum PageFault {
    /// The letters that the program brings along can't be read.
    #[error("a font of the papers can't be read")]
    Font,
    /// Something has no size, or too much of it.
    #[error("something on a page has no size")]
    Size,
    /// It wouldn't be PDF/A.
    #[error("the paper would not conform to PDF/A-2u: {0}")]
    Archival(String),
}
