//! The names by which people, places and changes are known.
//!
//! Slack's identifiers are opaque to the rules; wrapping them keeps a channel
//! from being handed over where a person is meant.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

macro_rules! opaque {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Wraps an identifier as Slack gave it.
            pub fn new(raw: impl Into<String>) -> Self {
                Self(raw.into())
            }

            /// Returns the identifier as Slack gave it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

opaque! {
    /// A Slack workspace (`T…`); the owner of one register and one log.
    WorkspaceId;
    /// A person or bot in Slack (`U…` or `W…`).
    UserId;
    /// A user group in Slack (`S…`).
    GroupId;
    /// A conversation in Slack: channel (`C…`, `G…`) or direct message (`D…`).
    ChannelId;
    /// Slack's address of a message, as `chat.getPermalink` gave it.
    Permalink;
}

/// A Slack message's timestamp, which with its channel names the message.
///
/// Kept as Slack wrote it: it is an identifier first and a time second.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageTs(String);

impl MessageTs {
    /// Wraps a timestamp as Slack gave it, such as `1760753640.000100`.
    pub fn new(raw: impl Into<String>) -> Self {
        Self(raw.into())
    }

    /// Returns the timestamp as Slack gave it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the instant that the timestamp states, to the microsecond,
    /// or nothing if it isn't of Slack's form.
    pub fn at(&self) -> Option<DateTime<Utc>> {
        let (seconds, micros) = self.0.split_once('.')?;
        if micros.len() != 6 || !micros.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        DateTime::from_timestamp(seconds.parse().ok()?, 0)?
            .checked_add_signed(TimeDelta::microseconds(micros.parse().ok()?))
    }
}

impl fmt::Display for MessageTs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number of an emergency change, shown as `CHG-1042`.
///
/// Given at the request, per workspace, in sequence and without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeNumber(pub u64);

impl ChangeNumber {
    /// The first number of a workspace. Four digits from the start, so that
    /// numbers sort and read alike in a change log.
    pub const FIRST: Self = Self(1001);

    /// Returns the number that comes after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Reads `CHG-1042`, `chg-1042`, `#1042` or `1042`.
    pub fn parse(word: &str) -> Option<Self> {
        let digits = word
            .strip_prefix('#')
            .or_else(|| {
                word.get(..4)
                    .filter(|prefix| prefix.eq_ignore_ascii_case("chg-"))
                    .and_then(|_| word.get(4..))
            })
            .unwrap_or(word);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok().map(Self)
    }
}

impl fmt::Display for ChangeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CHG-{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_people_write_it() {
        for word in ["CHG-1042", "chg-1042", "#1042", "1042"] {
            assert_eq!(ChangeNumber::parse(word), Some(ChangeNumber(1042)));
        }
        for word in ["", "CHG-", "CHG", "1042x", "-1042", "é-10", "rate"] {
            assert_eq!(ChangeNumber::parse(word), None, "{word}");
        }
    }

    #[test]
    fn a_message_timestamp_keeps_its_microseconds() {
        let at = MessageTs::new("1760753640.000100").at().unwrap();
        assert_eq!(at.timestamp_micros(), 1_760_753_640_000_100);
        for malformed in ["", "1760753640", "1760753640.1", "x.000100"] {
            assert_eq!(MessageTs::new(malformed).at(), None, "{malformed}");
        }
    }
}
