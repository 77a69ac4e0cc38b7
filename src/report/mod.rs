//! The weekly report, apart from its words: what it is made of, and the picture of
//! the last weeks.
//!
//! Figures come from one moment of the store; what is drawn is handed over. Nothing
//! here writes, and nothing asks Slack.

pub mod assemble;
pub mod chart;
pub mod frozen;
