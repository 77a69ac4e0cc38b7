//! The bot as a whole, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may die"
)]

mod cli;
mod doors;
mod intake;
mod reported;
mod sandbox;
mod scopes;
mod source;
mod sql;
mod story;
mod tidy;
mod world;
mod years;
