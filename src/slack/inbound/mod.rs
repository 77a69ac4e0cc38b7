//! From what Slack delivers to what a person asks.

pub mod grammar;
pub mod when;
