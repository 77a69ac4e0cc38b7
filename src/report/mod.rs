//! The weekly report, apart from its words: the picture of the last weeks.
//!
//! Nothing here asks the store or Slack anything; what is drawn is handed over.

pub mod chart;
