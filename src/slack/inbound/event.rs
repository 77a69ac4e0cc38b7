//! The Events API: what is said to the bot by name, what reads like an answer to
//! a request, emoji, and what happens to messages afterwards.
//!
//! Most of what people say is none of ours and is kept nowhere.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::change::Verdict;
use crate::domain::id::{ChannelId, MessageTs, UserId};
use crate::domain::text::{Salt, Text};
use crate::gesture::{Ask, Gesture, Heard};
use crate::slack::control::Modal;

use super::{Read, Understood, grammar, instant, overhear, text_at, understand};

/// Reads an event. Of all emoji, those in `emoji` authorize.
pub(super) fn read(
    payload: &Value,
    emoji: &[String],
    received_at: DateTime<Utc>,
    salt: &mut dyn FnMut() -> Salt,
) -> Read {
    match text_at(payload, "/type") {
        Some("event_callback") => {}
        Some("url_verification") => return Read::Ignored("a check of the address"),
        Some("app_rate_limited") => return Read::Ignored("Slack holds events back"),
        Some(_) => return Read::Ignored("a delivery of an unknown type"),
        None => return Read::Broken("an event without a type"),
    }
    let Some(key) = text_at(payload, "/event_id") else {
        return Read::Broken("an event without an event_id");
    };
    let event = Event {
        payload,
        key,
        received_at,
    };
    match text_at(payload, "/event/type") {
        Some("app_mention") => mention(&event, salt),
        Some("message") => match text_at(payload, "/event/subtype") {
            None | Some("thread_broadcast" | "file_share") => {
                match (message(&event, salt), shared(&event, salt)) {
                    (Read::Heard(words), Some(shared)) => Read::Both(Box::new((words, shared))),
                    (_, Some(shared)) => Read::Heard(shared),
                    (read, None) => read,
                }
            }
            Some("message_changed") => edit(&event, salt),
            Some("message_deleted") => deletion(&event),
            Some(_) => Read::Ignored("what nobody said"),
        },
        Some("reaction_added") => reaction(&event, emoji, true),
        Some("reaction_removed") => reaction(&event, emoji, false),
        Some("app_home_opened") => home(&event),
        Some(_) => Read::Ignored("an event of an unknown type"),
        None => Read::Broken("an event without an event"),
    }
}

/// An event with what makes it one's own.
struct Event<'a> {
    payload: &'a Value,
    key: &'a str,
    received_at: DateTime<Utc>,
}

impl<'a> Event<'a> {
    fn text(&self, path: &str) -> Option<&'a str> {
        text_at(self.payload, path)
    }

    /// The bot, as a member of the workspace.
    fn bot(&self) -> Option<UserId> {
        self.text("/authorizations/0/user_id").map(UserId::new)
    }

    fn ts(&self, path: &str) -> Option<MessageTs> {
        self.text(path).map(MessageTs::new)
    }

    /// The thread of the message that the event is or is about. What a thread
    /// began with stands in the channel.
    fn thread(&self, message: &str) -> Option<MessageTs> {
        let ts = self.text(&format!("{message}/ts"));
        self.ts(&format!("{message}/thread_ts"))
            .filter(|thread| Some(thread.as_str()) != ts)
    }

    /// Whether a message is one of an app. The bot hears its own words back, and
    /// must not answer them.
    fn is_by_a_bot(&self, message: &str) -> bool {
        let user = self.text(&format!("{message}/user")).map(UserId::new);
        self.text(&format!("{message}/bot_id")).is_some()
            || self.text(&format!("{message}/subtype")) == Some("bot_message")
            || (user.is_some() && user == self.bot())
    }

    /// Whether it happened in a conversation of a few, in which nothing is
    /// overheard.
    fn is_direct(&self) -> bool {
        matches!(self.text("/event/channel_type"), Some("im" | "mpim"))
            || self
                .text("/event/channel")
                .is_some_and(|channel| channel.starts_with('D'))
    }

    /// The gesture that the event is, as of the timestamp at `when`.
    fn heard(
        &self,
        actor: UserId,
        when: &str,
        thread: Option<MessageTs>,
        ask: Ask,
        texts: Vec<Text>,
    ) -> Read {
        let (at, source) = instant(self.text(when), self.received_at);
        let channel = self
            .text("/event/channel")
            .or_else(|| self.text("/event/item/channel"));
        Read::Heard(Heard {
            gesture: Gesture {
                key: self.key.to_owned(),
                actor,
                at,
                source,
                channel: channel.map(ChannelId::new),
                thread,
                response_url: None,
                ask,
            },
            texts,
        })
    }
}

/// One of the bot's tabs was opened. Its other one holds its messages, of which
/// nobody asks anything by looking.
fn home(event: &Event<'_>) -> Read {
    if event.text("/event/tab") != Some("home") {
        return Read::Ignored("a tab that isn't the Home");
    }
    let Some(actor) = event.text("/event/user").map(UserId::new) else {
        return Read::Broken("a Home opened by nobody");
    };
    event.heard(actor, "/event/event_ts", None, Ask::OpenHome, Vec::new())
}

/// Words in a channel, which may answer a request.
fn message(event: &Event<'_>, salt: &mut dyn FnMut() -> Salt) -> Read {
    if event.is_by_a_bot("/event") {
        return Read::Ignored("a bot's own message");
    }
    if event.is_direct() {
        return Read::Ignored("a direct message");
    }
    // An edit comes as an event of its own; this is a late copy of one.
    if event.payload.pointer("/event/edited").is_some() {
        return Read::Ignored("an edit of something said before");
    }
    let typed = event.text("/event/text").unwrap_or_default();
    if let Some(bot) = event.bot()
        && grammar::parse_mention(typed, &bot).is_some()
    {
        return Read::Ignored("it is said to the bot, and heard as a mention");
    }
    let Some(verdict) = overhear::answers(typed) else {
        return Read::Ignored("it answers nothing");
    };
    let (Some(actor), Some(ts)) = (event.text("/event/user"), event.ts("/event/ts")) else {
        return Read::Broken("a message by nobody");
    };
    let text = Text::new(grammar::verbatim(typed), salt());
    let ask = Ask::Overhear {
        ts,
        text: text.commitment(),
        verdict,
        addressed: false,
    };
    let thread = event.thread("/event");
    event.heard(UserId::new(actor), "/event/ts", thread, ask, vec![text])
}

/// What a message in a thread shares that may be evidence: files and addresses.
fn shared(event: &Event<'_>, salt: &mut dyn FnMut() -> Salt) -> Option<Heard> {
    let is_first_hand = !event.is_by_a_bot("/event")
        && !event.is_direct()
        && event.payload.pointer("/event/edited").is_none();
    let thread = event.thread("/event").filter(|_| is_first_hand)?;
    let files: Vec<String> = event
        .payload
        .pointer("/event/files")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|file| text_at(file, "/id"))
        .map(str::to_owned)
        .collect();
    let links: Vec<Text> = addresses(event.text("/event/text").unwrap_or_default())
        .into_iter()
        .take(MOST_LINKS)
        .map(|address| Text::new(address, salt()))
        .collect();
    if files.is_empty() && links.is_empty() {
        return None;
    }
    let ts = event.ts("/event/ts")?;
    let actor = UserId::new(event.text("/event/user")?);
    let ask = Ask::Attach {
        ts,
        files,
        links: links.iter().map(Text::commitment).collect(),
    };
    match event.heard(actor, "/event/ts", Some(thread), ask, links) {
        Read::Heard(mut heard) => {
            heard.gesture.key.push_str("/shared");
            Some(heard)
        }
        _ => None,
    }
}

/// How many addresses of one message are kept.
const MOST_LINKS: usize = 10;

/// The addresses that Slack marked in a text, each once, as they were typed.
fn addresses(markup: &str) -> Vec<String> {
    let mut found = Vec::new();
    for piece in markup.split('<').skip(1) {
        let Some((inside, _)) = piece.split_once('>') else {
            continue;
        };
        let address = inside.split('|').next().unwrap_or_default();
        if address.starts_with("https://") || address.starts_with("http://") {
            let address = address
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&");
            if !found.contains(&address) {
                found.push(address);
            }
        }
    }
    found
}

/// A message that says something else than it did. Slack also tells so when it
/// unfurls a link or counts replies.
fn edit(event: &Event<'_>, salt: &mut dyn FnMut() -> Salt) -> Read {
    if event.is_by_a_bot("/event/message") {
        return Read::Ignored("a bot's own message");
    }
    // A deleted message on which others have replied stays as a stone.
    if event.text("/event/message/subtype") == Some("tombstone") {
        return gone(event, event.ts("/event/message/ts"));
    }
    let now = event.text("/event/message/text").unwrap_or_default();
    let before = event.payload.pointer("/event/previous_message");
    let said = before.map(|message| text_at(message, "/text").unwrap_or_default());
    if said == Some(now) {
        return Read::Ignored("a message that still says the same");
    }
    let Some(ts) = event.ts("/event/message/ts") else {
        return Read::Broken("an edit of nothing");
    };
    let Some(editor) = event.text("/event/message/edited/user") else {
        return Read::Ignored("a change that nobody made");
    };
    let text = Text::new(grammar::verbatim(now), salt());
    let ask = Ask::NoteEdit {
        ts,
        text: text.commitment(),
    };
    let thread = event.thread("/event/message");
    event.heard(
        UserId::new(editor),
        "/event/event_ts",
        thread,
        ask,
        vec![text],
    )
}

fn deletion(event: &Event<'_>) -> Read {
    gone(event, event.ts("/event/deleted_ts"))
}

/// A message that was deleted. Slack doesn't say by whom: it may have been an
/// administrator. The author stands for them, and the event says no more than
/// that the message is gone.
fn gone(event: &Event<'_>, ts: Option<MessageTs>) -> Read {
    if event.is_by_a_bot("/event/previous_message") {
        return Read::Ignored("a bot's own message");
    }
    let Some(ts) = ts else {
        return Read::Broken("a deletion of nothing");
    };
    let Some(author) = event.text("/event/previous_message/user") else {
        return Read::Ignored("a deletion of what nobody wrote");
    };
    let thread = event.thread("/event/previous_message");
    let ask = Ask::NoteDeletion { ts };
    event.heard(
        UserId::new(author),
        "/event/event_ts",
        thread,
        ask,
        Vec::new(),
    )
}

/// An emoji on a message, or one that is there no longer.
fn reaction(event: &Event<'_>, emoji: &[String], is_added: bool) -> Read {
    let Some(name) = event.text("/event/reaction") else {
        return Read::Broken("an emoji without a name");
    };
    // The same gesture in another skin: `+1::skin-tone-3`.
    let plain = name
        .split_once("::")
        .map_or(name, |(before, _)| before)
        .to_owned();
    if !emoji.contains(&plain) {
        return Read::Ignored("an emoji that authorizes nothing");
    }
    if event.text("/event/item/type") != Some("message") {
        return Read::Ignored("an emoji on something else than a message");
    }
    let (Some(actor), Some(ts)) = (event.text("/event/user"), event.ts("/event/item/ts")) else {
        return Read::Broken("an emoji by nobody");
    };
    let actor = UserId::new(actor);
    if Some(&actor) == event.bot().as_ref() {
        return Read::Ignored("a bot's own emoji");
    }
    let ask = if is_added {
        Ask::React { ts, name: plain }
    } else {
        Ask::Unreact { ts, name: plain }
    };
    event.heard(actor, "/event/event_ts", None, ask, Vec::new())
}

fn mention(event: &Event<'_>, salt: &mut dyn FnMut() -> Salt) -> Read {
    if event.is_by_a_bot("/event") {
        return Read::Ignored("a bot's own message");
    }
    // Whoever mends a typo asked already; the card shows what was heard.
    if event.payload.pointer("/event/edited").is_some() {
        return Read::Ignored("an edit of something said before");
    }
    let Some(actor) = event.text("/event/user").map(UserId::new) else {
        return Read::Broken("a mention by nobody");
    };
    let Some(bot) = event.bot() else {
        return Read::Broken("a mention of a bot that isn't named");
    };
    let typed = event.text("/event/text").unwrap_or_default();
    let Some(slash) = grammar::parse_mention(typed, &bot) else {
        return Read::Ignored("it speaks of the bot, not to it");
    };
    let ts = event.ts("/event/ts");
    if let Some(verdict) = answer_in(&slash)
        && let Some(ts) = ts
    {
        let text = Text::new(grammar::verbatim(typed), salt());
        let ask = Ask::Overhear {
            ts,
            text: text.commitment(),
            verdict,
            addressed: true,
        };
        let thread = event.thread("/event");
        return event.heard(actor, "/event/ts", thread, ask, vec![text]);
    }
    let (mut ask, texts) = match understand(slash, typed, salt) {
        Understood::Asked(ask, texts) => (ask, texts),
        // A message can't open a form. The status has the button that does; who
        // said nothing but the bot's name is told what can be said.
        Understood::Form(Modal::Document, change, _) => (Ask::Status { change }, Vec::new()),
        Understood::Form(
            Modal::Declare
            | Modal::MoreFields
            | Modal::Approve
            | Modal::Review
            | Modal::ReviewGenuineness
            | Modal::PermanentFix
            | Modal::Delegate
            | Modal::Away
            | Modal::AddFollowUp
            | Modal::FinishFollowUp
            | Modal::Reject
            | Modal::Remediate
            | Modal::AnswerExceptions
            | Modal::AskSomeoneElse
            | Modal::Record
            | Modal::Attest
            | Modal::CorrectDeployment
            | Modal::StateReason
            | Modal::RecordMeeting
            | Modal::ExplainNormal
            | Modal::Redact,
            _,
            _,
        ) => (Ask::Help, Vec::new()),
    };
    if let Ask::Request { said, .. } = &mut ask {
        *said = ts;
    }
    let thread = event.thread("/event");
    event.heard(actor, "/event/ts", thread, ask, texts)
}

/// What `@breakglass approved` answers: the words that remain without the bot's
/// name are an answer, and nothing to be changed.
fn answer_in(slash: &grammar::Slash) -> Option<Verdict> {
    match slash {
        grammar::Slash::Request(request) | grammar::Slash::Unsure { request, .. } => {
            // Who names somebody asks them; and `Deploy WAF rule`, which among
            // people may be a go-ahead, is said to the bot to have it authorized.
            if !request.asked.is_empty() || says_what_to_do(&request.what) {
                return None;
            }
            overhear::answers(&request.what)
        }
        grammar::Slash::Declare
        | grammar::Slash::Deployed { .. }
        | grammar::Slash::Status { .. }
        | grammar::Slash::List { .. }
        | grammar::Slash::Document { .. }
        | grammar::Slash::Redact { .. }
        | grammar::Slash::Rate { .. }
        | grammar::Slash::Agenda
        | grammar::Slash::Exceptions
        | grammar::Slash::Evidence { .. }
        | grammar::Slash::Drill(_)
        | grammar::Slash::Normal(_)
        | grammar::Slash::Help => None,
    }
}

/// Whether words begin with what is to be done and go on to say with what.
fn says_what_to_do(what: &str) -> bool {
    const DONE: [&str; 14] = [
        "apply", "block", "deploy", "disable", "enable", "merge", "patch", "push", "release",
        "restart", "revert", "roll", "run", "ship",
    ];
    const AND_NO_MORE: [&str; 9] = [
        "away", "go", "it", "now", "please", "pls", "that", "this", "yes",
    ];
    let mut words = what.split_whitespace().map(grammar::bare);
    words.next().is_some_and(|first| DONE.contains(&&*first))
        && words.any(|word| !word.is_empty() && !AND_NO_MORE.contains(&&*word))
}
