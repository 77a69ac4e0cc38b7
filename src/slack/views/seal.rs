//! What a message says of the log: how long it was and what stood in it, so that
//! whoever has the message can tell later whether it still is what it was.

use super::Message;
use super::blocks::context;

/// Adds the line about a log of this many records and this root, which is written as in
/// the checkpoint itself.
pub fn sealed(mut message: Message, n_records: u64, root: &str) -> Message {
    let line = format!("Log: {} records, root `{root}`", counted(n_records));
    message.blocks.push(context(&line));
    message
}

/// A number with a comma between thousands.
fn counted(n: u64) -> String {
    let digits = n.to_string();
    let mut shown = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_number_is_read_at_a_glance() {
        assert_eq!(counted(0), "0");
        assert_eq!(counted(999), "999");
        assert_eq!(counted(1_000), "1,000");
        assert_eq!(counted(1_234_567), "1,234,567");
    }
}
