//! Proof that needs no trust in us: signed checkpoints of the log, and what verifies
//! them.
//!
//! The only place that knows signatures. Names no database and nothing of Slack's:
//! what it needs is handed to it.

pub mod checkpoint;
pub mod key;
pub mod note;
pub mod seal;
pub mod verify;
