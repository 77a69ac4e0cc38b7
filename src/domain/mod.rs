//! The rules of emergency changes, and nothing else.
//!
//! Pure: std, chrono, thiserror and sha2. Nothing here is async, does I/O,
//! serializes itself or reads a clock; `now` is always a parameter.
//! Start reading in [`change`].

pub mod id;
pub mod text;
