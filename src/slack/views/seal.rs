//! What a message says of the log: how long it was and what stood in it, so that
//! whoever has the message can tell later whether it still is what it was.

use super::Message;
use super::blocks::context;
use crate::domain::rate::grouped;

/// Adds the line about a log of this many records and this root, which is written as in
/// the checkpoint itself.
pub fn sealed(mut message: Message, n_records: u64, root: &str) -> Message {
    let line = format!("Log: {} records, root `{root}`", grouped(n_records));
    message.blocks.push(context(&line));
    message
}
