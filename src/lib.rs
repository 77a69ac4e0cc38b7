//! Breakglass, a Slack bot for emergency changes.
#![forbid(unsafe_code)]

pub mod cli;
pub mod sandbox;
