//! How far each person has read, and what is new to them. Knows nothing of who may read what.

use std::collections::BTreeMap;

use super::message::{Message, Ts};
use super::workspace::{Channel, Kind};

/// The last message that a person has seen in a conversation, or in one thread of it.
#[derive(Debug, Default)]
pub(super) struct Read {
    marks: BTreeMap<(String, String, Option<Ts>), Ts>,
}

impl Read {
    /// Somebody has read as far as `ts`. Reading never goes back.
    pub(super) fn mark(&mut self, user: &str, channel: &str, thread: Option<Ts>, ts: Ts) {
        let mark = self
            .marks
            .entry((user.to_owned(), channel.to_owned(), thread))
            .or_insert(ts);
        *mark = ts.max(*mark);
    }

    pub(super) fn until(&self, user: &str, channel: &str, thread: Option<Ts>) -> Option<Ts> {
        self.marks
            .get(&(user.to_owned(), channel.to_owned(), thread))
            .copied()
    }
}

/// What somebody hasn't seen yet in a conversation.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unread {
    /// Messages in the conversation itself.
    pub(super) n_messages: usize,
    /// Those among them that call for this person: their name, a group of theirs, or everything in a direct one.
    pub(super) n_mentions: usize,
}

/// Counts what is new in a conversation. `names` are the tags by which the reader is called, such as `<@U0DANA0001>`.
pub(super) fn unread(read: &Read, channel: &Channel, user: &str, names: &[String]) -> Unread {
    let until = read.until(user, &channel.id, None);
    let fresh = channel.messages.values().filter(|message| {
        message.is_top_level() && is_new(message, user, until) && message.only_for.is_none()
    });
    let mut unread = Unread::default();
    for message in fresh {
        unread.n_messages += 1;
        let called = matches!(channel.kind, Kind::Direct | Kind::Group)
            || names.iter().any(|name| message.text.contains(name));
        unread.n_mentions += usize::from(called);
    }
    unread
}

/// How many replies of a thread are new to somebody.
pub(super) fn new_replies(read: &Read, channel: &Channel, user: &str, thread: Ts) -> usize {
    let until = read.until(user, &channel.id, Some(thread));
    channel
        .replies(thread)
        .filter(|reply| is_new(reply, user, until))
        .count()
}

fn is_new(message: &Message, user: &str, until: Option<Ts>) -> bool {
    message.author.user_id() != user && until.is_none_or(|until| message.ts > until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::cast;
    use crate::sandbox::message::Author;

    const DANA: &str = "U0DANA0001";
    const MORGAN: &str = "U0MORGAN01";

    fn channel_with(messages: &[(i64, &str, &str)]) -> Channel {
        let mut workspace = cast::workspace(chrono::DateTime::default(), "Breakglass");
        let mut channel = workspace.channels.remove("C0INCAUTH1").unwrap();
        for (ts, who, words) in messages {
            let ts = Ts::from_micros(*ts);
            let message = Message::new(ts, Author::Person((*who).to_owned()), (*words).to_owned());
            channel.messages.insert(ts, message);
        }
        channel
    }

    #[test]
    fn what_others_wrote_since_is_new_and_what_names_one_is_a_mention() {
        let channel = channel_with(&[
            (1, MORGAN, "hi"),
            (2, DANA, "hi"),
            (3, MORGAN, "<@U0DANA0001>"),
        ]);
        let names = ["<@U0DANA0001>".to_owned()];
        let mut read = Read::default();
        let both = Unread {
            n_messages: 2,
            n_mentions: 1,
        };
        assert_eq!(unread(&read, &channel, DANA, &names), both);
        read.mark(DANA, &channel.id, None, Ts::from_micros(1));
        let one = Unread {
            n_messages: 1,
            n_mentions: 1,
        };
        assert_eq!(unread(&read, &channel, DANA, &names), one);
    }

    #[test]
    fn reading_never_goes_back() {
        let mut read = Read::default();
        read.mark(DANA, "C", None, Ts::from_micros(5));
        read.mark(DANA, "C", None, Ts::from_micros(3));
        assert_eq!(read.until(DANA, "C", None), Some(Ts::from_micros(5)));
    }

    #[test]
    fn a_thread_is_read_apart_from_its_channel() {
        let mut channel = channel_with(&[(1, DANA, "head"), (2, MORGAN, "reply")]);
        let head = Ts::from_micros(1);
        channel
            .messages
            .get_mut(&Ts::from_micros(2))
            .unwrap()
            .thread = Some(head);
        let mut read = Read::default();
        assert_eq!(unread(&read, &channel, DANA, &[]), Unread::default());
        assert_eq!(new_replies(&read, &channel, DANA, head), 1);
        read.mark(DANA, &channel.id, Some(head), Ts::from_micros(2));
        assert_eq!(new_replies(&read, &channel, DANA, head), 0);
    }
}
