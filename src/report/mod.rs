//! The weekly report, apart from its words: what it is made of, and the picture of
//! the last weeks.
//!
//! Figures come from one moment of the store; what is drawn is handed over. Of all
//! here only `weekly` writes: it freezes what is reported. Nothing asks Slack.

pub mod assemble;
pub mod chart;
pub mod correction;
pub mod frozen;
pub mod weekly;
