//! A message, its timestamp, and the JSON that Slack makes of it. Knows nothing of who may see it.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::cast::{APP, BOT, BOT_USER, TEAM};
use super::json::{Packed, put};

/// A message's timestamp, which is also its name within the channel: seconds and microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ts(i64);

impl Ts {
    pub(super) fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub(super) fn instant(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// Whole seconds, as in `event_time`.
    pub(super) fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

impl fmt::Display for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.0.div_euclid(1_000_000), self.0.rem_euclid(1_000_000));
        write!(f, "{seconds}.{micros:06}")
    }
}

/// The text is not a timestamp such as `1795227240.000001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a timestamp is seconds, a point and six digits")]
pub(super) struct NotATimestamp;

impl FromStr for Ts {
    type Err = NotATimestamp;

    fn from_str(text: &str) -> Result<Self, NotATimestamp> {
        let (seconds, micros) = text.split_once('.').unwrap_or((text, "0"));
        let seconds: i64 = seconds.parse().map_err(|_| NotATimestamp)?;
        if micros.len() > 6 || !micros.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotATimestamp);
        }
        let micros: i64 = format!("{micros:0<6}").parse().map_err(|_| NotATimestamp)?;
        seconds
            .checked_mul(1_000_000)
            .and_then(|whole| whole.checked_add(micros))
            .map(Self)
            .ok_or(NotATimestamp)
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Author {
    /// A person, or another app's bot, by user id.
    Person(String),
    /// The app under test.
    App,
    /// Slack itself, as when a command failed.
    Slackbot,
}

impl Author {
    /// The user id under which the message appears.
    pub(super) fn user_id(&self) -> &str {
        match self {
            Self::Person(id) => id,
            Self::App => BOT_USER,
            Self::Slackbot => "USLACKBOT",
        }
    }
}

/// An emoji on a message and who put it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reaction {
    pub(super) name: String,
    pub(super) users: Vec<String>,
}

/// The last edit of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edited {
    pub(super) by: String,
    pub(super) ts: Ts,
}

/// One message in one channel.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) ts: Ts,
    pub(super) author: Author,
    /// Team of the author; differs from ours for people of another organisation.
    pub(super) team: String,
    pub(super) text: String,
    pub(super) subtype: Option<&'static str>,
    pub(super) blocks: Vec<Value>,
    pub(super) attachments: Vec<Value>,
    pub(super) metadata: Option<Value>,
    pub(super) thread: Option<Ts>,
    pub(super) edited: Option<Edited>,
    pub(super) reactions: Vec<Reaction>,
    pub(super) files: Vec<Value>,
    /// The one person who sees it, if it is ephemeral.
    pub(super) only_for: Option<String>,
    /// What it said before each edit, oldest first; nobody in Slack sees this, but tests may ask.
    pub(super) earlier: Vec<Packed>,
    pub(super) client_msg_id: Option<String>,
    pub(super) bot_id: Option<String>,
}

impl Message {
    /// A plain message; everything else is filled in by whoever posts it.
    pub(super) fn new(ts: Ts, author: Author, text: String) -> Self {
        let bot_id = (author == Author::App).then(|| BOT.to_owned());
        Self {
            ts,
            author,
            team: TEAM.to_owned(),
            text,
            subtype: None,
            blocks: Vec::new(),
            attachments: Vec::new(),
            metadata: None,
            thread: None,
            edited: None,
            reactions: Vec::new(),
            files: Vec::new(),
            only_for: None,
            earlier: Vec::new(),
            client_msg_id: None,
            bot_id,
        }
    }

    /// Whether it stands in the channel itself rather than only in a thread.
    pub(super) fn is_top_level(&self) -> bool {
        self.thread.is_none_or(|thread| thread == self.ts)
            || self.subtype == Some("thread_broadcast")
    }

    /// The message as methods and events show it, without what depends on its replies.
    pub(super) fn to_json(&self, with_metadata: bool) -> Value {
        let mut message = json!({
            "type": "message",
            "user": self.author.user_id(),
            "text": self.text,
            "ts": self.ts.to_string(),
            "team": self.team,
        });
        let some = |value: Vec<Value>| (!value.is_empty()).then_some(Value::Array(value));
        put(&mut message, "subtype", self.subtype.map(Value::from));
        put(
            &mut message,
            "client_msg_id",
            self.client_msg_id.clone().map(Value::from),
        );
        put(
            &mut message,
            "thread_ts",
            self.thread.map(|ts| ts.to_string().into()),
        );
        put(&mut message, "blocks", some(self.blocks.clone()));
        put(&mut message, "attachments", some(self.attachments.clone()));
        put(&mut message, "files", some(self.files.clone()));
        if self.author == Author::App {
            put(&mut message, "app_id", Some(APP.into()));
            put(&mut message, "bot_profile", Some(bot_profile()));
        }
        put(&mut message, "bot_id", self.bot_id.clone().map(Value::from));
        if with_metadata {
            put(&mut message, "metadata", self.metadata.clone());
        }
        let edited = self
            .edited
            .as_ref()
            .map(|edited| json!({"user": edited.by, "ts": edited.ts.to_string()}));
        put(&mut message, "edited", edited);
        let reactions = self
            .reactions
            .iter()
            .map(|r| json!({"name": r.name, "users": r.users, "count": r.users.len()}))
            .collect();
        put(&mut message, "reactions", some(reactions));
        message
    }
}

/// The profile that Slack puts on an app's messages.
fn bot_profile() -> Value {
    json!({
        "id": BOT,
        "app_id": APP,
        "user_id": BOT_USER,
        "name": "Breakglass",
        "icons": {},
        "deleted": false,
        "updated": 0,
        "team_id": TEAM,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_reads_as_it_prints() {
        for text in ["1795227240.000001", "0.999999", "1531420618.120000"] {
            assert_eq!(text.parse::<Ts>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_timestamp_is_refused() {
        for text in ["", "abc", "1.2345678", "1.-1", "99999999999999999999.0"] {
            assert_eq!(text.parse::<Ts>(), Err(NotATimestamp), "{text}");
        }
    }

    #[test]
    fn metadata_shows_only_when_asked_for() {
        let mut message = Message::new(Ts::from_micros(1), Author::App, "hello".into());
        message.metadata = Some(json!({"event_type": "t", "event_payload": {}}));
        assert!(message.to_json(false).get("metadata").is_none());
        assert!(message.to_json(true).get("metadata").is_some());
    }
}
