//! A Slack bot for emergency changes; the README is the page of this crate.
#![doc = ""]
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test may die"
    )
)]

pub mod backup;
pub mod beside;
pub mod bot;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dispatch;
pub mod domain;
pub mod engine;
pub mod evidence;
pub mod gesture;
pub mod health;
pub mod http;
pub mod intake;
pub mod metrics;
pub mod report;
pub mod sandbox;
pub mod schedule;
pub mod slack;
pub mod stop;
pub mod store;
mod unfinished;
