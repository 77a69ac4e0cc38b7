//! The auditor's pack: proof that needs no trust in us. Signed checkpoints of the log,
//! what verifies them, and the papers and sheets that tell what the log holds.
//!
//! The only room that knows how papers, sheets and signatures are written. It knows
//! neither the database nor Slack; what it shows is handed to it.

pub mod checkpoint;
pub mod key;
pub mod note;
pub mod pack;
pub mod pages;
pub mod record;
pub mod sample;
pub mod seal;
pub mod sheets;
pub mod verify;
