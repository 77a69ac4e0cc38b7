//! What was said: messages read back from Slack, one by its name or those
//! around one. Their words leave this room only as texts that are kept.

use std::fmt;

use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::Value;

use super::Lookup;
use crate::domain::id::{ChannelId, MessageTs, Permalink, UserId};
use crate::slack::client::slack_seconds;
use crate::slack::error::{ErrorCode, SlackError};
use crate::slack::inbound::overhear::Line;

/// How far around a message its thread is read. Nobody authorizes an emergency
/// longer after it was asked for and is still found by chance.
const THREAD_AROUND: TimeDelta = TimeDelta::hours(12);

/// How far back from an answer its question may lie for the quiet offer, which
/// looks half an hour back; a little more, so that the border isn't ours.
const THREAD_BEFORE: TimeDelta = TimeDelta::minutes(40);

/// How far after a question its answer is looked for.
const CHANNEL_AFTER: TimeDelta = TimeDelta::hours(1);

/// How many messages one call reads at most, as Slack recommends.
const PAGE: &str = "200";

/// A message as Slack has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Its name.
    pub ts: MessageTs,
    /// The thread that it is a reply in.
    pub thread: Option<MessageTs>,
    /// Who wrote it; nothing: an app without a face.
    pub by: Option<UserId>,
    /// Its text, in Slack's markup.
    pub text: String,
    /// Whether an app wrote it.
    pub bot: bool,
    /// Whether it was edited.
    pub edited: bool,
}

impl fmt::Debug for Message {
    /// What people wrote doesn't belong in logs of the program.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("ts", &self.ts)
            .field("by", &self.by)
            .finish_non_exhaustive()
    }
}

impl Message {
    /// Reads a message as an event, a shortcut or a history holds it. What Slack
    /// itself notes in a channel (joined, renamed, deleted) is none.
    pub fn read(message: &Value) -> Option<Self> {
        let text = |name: &str| {
            let found = message.get(name)?.as_str()?;
            (!found.is_empty()).then_some(found)
        };
        let is_said = matches!(
            text("subtype"),
            None | Some("thread_broadcast" | "file_share" | "me_message" | "bot_message")
        );
        let ts = text("ts").filter(|_| is_said)?;
        Some(Self {
            ts: MessageTs::new(ts),
            // The first message of a thread bears its own name as the thread's.
            thread: text("thread_ts")
                .filter(|thread| *thread != ts)
                .map(MessageTs::new),
            by: text("user").map(UserId::new),
            text: text("text").unwrap_or_default().to_owned(),
            bot: text("bot_id").is_some() || text("subtype") == Some("bot_message"),
            edited: message.get("edited").is_some_and(Value::is_object),
        })
    }

    /// Returns the message as the rules of overhearing read it.
    pub fn line(&self) -> Option<Line> {
        Some(Line {
            by: self.by.clone()?,
            text: self.text.clone(),
            ts: self.ts.clone(),
            thread: self.thread.clone(),
            bot: self.bot,
            edited: self.edited,
        })
    }
}

/// Which messages of a conversation are read.
#[derive(Clone, Copy, Default)]
struct Span<'a> {
    thread: Option<&'a MessageTs>,
    oldest: Option<&'a str>,
    latest: Option<&'a str>,
    limit: Option<&'a str>,
}

impl Lookup {
    /// Reads one message, in a thread or not; nothing if it is gone. A reaction
    /// doesn't say in which thread its message stands, so its own name must do.
    pub async fn message(
        &self,
        channel: &ChannelId,
        thread: Option<&MessageTs>,
        ts: &MessageTs,
    ) -> Result<Option<Message>, SlackError> {
        let places = thread.map(Some).into_iter().chain([None, Some(ts)]);
        for place in places {
            let span = Span {
                thread: place,
                oldest: Some(ts.as_str()),
                latest: Some(ts.as_str()),
                limit: Some(PAGE),
            };
            let read = self.said(channel, span).await?;
            if let Some(found) = read.into_iter().find(|message| message.ts == *ts) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Reads a message and up to `n` of those before it, oldest first: of its
    /// thread, with the message that this began with, or of the channel.
    pub async fn messages_before(
        &self,
        channel: &ChannelId,
        thread: Option<&MessageTs>,
        ts: &MessageTs,
        n: usize,
    ) -> Result<Vec<Message>, SlackError> {
        let limit = (n + 1).to_string();
        let oldest = around(ts, -THREAD_BEFORE);
        let span = match thread {
            None => Span {
                latest: Some(ts.as_str()),
                limit: Some(&limit),
                ..Span::default()
            },
            Some(_) => Span {
                thread,
                oldest: oldest.as_deref(),
                latest: Some(ts.as_str()),
                limit: Some(PAGE),
            },
        };
        let mut read = self.said(channel, span).await?;
        read.retain(|message| message.ts <= *ts);
        let spare = read.len().saturating_sub(n + 1);
        Ok(read.split_off(spare))
    }

    /// Reads a message with up to `n` before and up to `n` after it, oldest
    /// first; of a message of the channel, the replies to it among them.
    pub async fn messages_around(
        &self,
        channel: &ChannelId,
        thread: Option<&MessageTs>,
        ts: &MessageTs,
        n: usize,
    ) -> Result<Vec<Message>, SlackError> {
        let (oldest, latest) = (around(ts, -THREAD_AROUND), around(ts, THREAD_AROUND));
        let in_thread = Span {
            thread: Some(thread.unwrap_or(ts)),
            oldest: oldest.as_deref(),
            latest: latest.as_deref(),
            limit: Some(PAGE),
        };
        let mut read = if thread.is_some() {
            self.said(channel, in_thread).await?
        } else {
            let soon = around(ts, CHANNEL_AFTER);
            let after = Span {
                oldest: Some(ts.as_str()),
                latest: soon.as_deref(),
                limit: Some(PAGE),
                ..Span::default()
            };
            let (mut before, after, replies) = futures_util::try_join!(
                self.messages_before(channel, None, ts, n),
                self.said(channel, after),
                self.said(channel, in_thread),
            )?;
            before.extend(after);
            before.extend(replies);
            before
        };
        read.sort_by(|one, other| one.ts.cmp(&other.ts));
        read.dedup_by(|one, other| one.ts == other.ts);
        let (mut before, mut after): (Vec<_>, Vec<_>) =
            read.into_iter().partition(|message| message.ts <= *ts);
        let mut kept = before.split_off(before.len().saturating_sub(n + 1));
        after.truncate(n);
        kept.extend(after);
        Ok(kept)
    }

    /// Returns the address of a message; nothing where Slack gives none. A
    /// record without it beats no record.
    pub async fn permalink(
        &self,
        channel: &ChannelId,
        ts: &MessageTs,
    ) -> Result<Option<Permalink>, SlackError> {
        match self.0.client.permalink(channel, ts).await {
            Ok(address) => Ok(Some(Permalink::new(address))),
            Err(error) if error.is_transient() => Err(error),
            Err(error) => {
                tracing::warn!(error = %error, "a message's address can't be had");
                Ok(None)
            }
        }
    }

    /// Reads a span of a conversation, oldest first. No such message is no
    /// message, not an error.
    async fn said(&self, channel: &ChannelId, span: Span<'_>) -> Result<Vec<Message>, SlackError> {
        #[derive(Deserialize)]
        struct Page {
            // Other apps put into messages what they like: each is read alone.
            messages: Vec<Value>,
        }
        let method = match span.thread {
            Some(_) => "conversations.replies",
            None => "conversations.history",
        };
        let read = self
            .0
            .client
            .read(
                method,
                &[
                    ("channel", Some(channel.as_str())),
                    ("ts", span.thread.map(MessageTs::as_str)),
                    ("oldest", span.oldest),
                    ("latest", span.latest),
                    ("inclusive", Some("true")),
                    ("limit", span.limit),
                ],
            )
            .await;
        let Page { messages } = match read {
            Ok(page) => page,
            Err(SlackError::Refused {
                code: ErrorCode::MessageNotFound | ErrorCode::ThreadNotFound,
            }) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut said: Vec<Message> = messages.iter().filter_map(Message::read).collect();
        said.sort_by(|one, other| one.ts.cmp(&other.ts));
        Ok(said)
    }
}

/// Returns the instant `by` from a message, as Slack writes it.
fn around(ts: &MessageTs, by: TimeDelta) -> Option<String> {
    let at = ts.at()?.checked_add_signed(by)?;
    Some(slack_seconds(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_message_says_who_wrote_it_and_in_which_thread() {
        let message = Message::read(&json!({
            "type": "message", "user": "U1", "text": "approved", "ts": "2.000000",
            "thread_ts": "1.000000", "edited": {"user": "U1", "ts": "3.000000"}
        }))
        .unwrap();
        assert_eq!(message.by, Some(UserId::new("U1")));
        assert_eq!(message.thread, Some(MessageTs::new("1.000000")));
        assert!(message.edited && !message.bot);
        assert!(!format!("{message:?}").contains("approved"));
    }

    #[test]
    fn what_begins_a_thread_stands_in_none() {
        let message = json!({"user": "U1", "ts": "1.000000", "thread_ts": "1.000000"});
        assert_eq!(Message::read(&message).unwrap().thread, None);
    }

    #[test]
    fn what_slack_notes_itself_is_no_message() {
        for subtype in ["channel_join", "tombstone", "channel_topic"] {
            let message = json!({"user": "U1", "ts": "1.000000", "subtype": subtype});
            assert_eq!(Message::read(&message), None, "{subtype}");
        }
        assert_eq!(Message::read(&json!({"user": "U1"})), None);
        assert_eq!(Message::read(&json!(null)), None);
        let app = json!({"bot_id": "B1", "ts": "1.000000", "subtype": "bot_message"});
        let app = Message::read(&app).unwrap();
        assert!(app.bot && app.line().is_none());
    }

    #[test]
    fn the_time_around_a_message_is_written_as_slack_writes_it() {
        let ts = MessageTs::new("1760753640.000100");
        let before = around(&ts, TimeDelta::minutes(-40));
        assert_eq!(before.as_deref(), Some("1760751240.000100"));
        assert_eq!(around(&MessageTs::new("soon"), TimeDelta::hours(1)), None);
    }
}
