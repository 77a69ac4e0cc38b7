//! The auditor's pack: proof that needs no trust in us.
//!
//! The only room that knows how papers, sheets and signatures are written. It knows
//! neither the database nor Slack; what it shows is handed to it.

pub mod pages;
pub mod record;
pub mod sheets;
