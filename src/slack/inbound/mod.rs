//! From what Slack delivers to what a person asks.
//!
//! Pure: a payload goes in, a gesture comes out, or a modal to open, or the
//! reason why it is none of ours. Nothing here asks Slack or the store anything,
//! and nothing that Slack may send makes it fail: a field that is missing or of
//! another type than documented is a field that isn't there.
//!
//! The payloads are read as raw JSON, because slack-morphism's models drop
//! fields that we need (the select of a person, the thread of a button) and
//! refuse payloads that hold something new.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::domain::change::Review;
use crate::domain::change::Source;
use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId};
use crate::domain::obligation::Duty;
use crate::domain::text::{Salt, Text};
use crate::domain::ticket::ContentHash;
use crate::gesture::{Ask, Heard, Mention};
use crate::slack::control::{Input, Modal};
use crate::slack::lookup::Message;
use crate::slack::views::modal::{OpenedFrom, Prefill};
use crate::slack::{Delivery, DeliveryKind};

mod command;
mod event;
pub mod grammar;
mod interaction;
pub mod overhear;
pub mod period;
mod proposal;
pub mod reception;
pub mod resolve;
mod submission;
#[cfg(test)]
mod tests;
pub mod when;

use grammar::Slash;
use when::When;

/// What a delivery turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Read {
    /// Somebody asks for something.
    Heard(Heard),
    /// Somebody asks for something, and shares something beside it.
    Both(Box<(Heard, Heard)>),
    /// Somebody wants a modal. Its trigger dies in three seconds.
    Open(OpenModal),
    /// A modal's input can't be right. This is the answer to Slack, which shows
    /// it beside the input and keeps everything that was typed.
    Invalid(Value),
    /// It is none of ours, for this reason.
    Ignored(&'static str),
    /// It ought to be ours and lacks this.
    Broken(&'static str),
}

/// A modal that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenModal {
    /// What lets us open it, once, within three seconds.
    pub trigger_id: String,
    /// Who wants it.
    pub actor: UserId,
    /// The conversation it is opened from.
    pub channel: Option<ChannelId>,
    /// The thread it is opened from.
    pub thread: Option<MessageTs>,
    /// Where a reply to the person alone may be sent, if it can't be opened.
    pub response_url: Option<String>,
    /// Which modal.
    pub which: Modal,
    /// The change it is about; nothing: a new one, or the person's own open one.
    pub change: Option<ChangeNumber>,
    /// What a new change begins with.
    pub prefill: Prefill,
    /// The deployment that it is about, by its time.
    pub deployed_at: Option<DateTime<Utc>>,
    /// The message that it is about.
    pub message: Option<Message>,
    /// What of the change it is about, if not all of it.
    pub matter: Matter,
    /// Whether it opens on top of another.
    pub on_top: bool,
}

/// What of a change a modal is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Matter {
    /// All of it.
    #[default]
    Whole,
    /// Exactly this content, which is to be decided on.
    Content(ContentHash),
    /// The same, which is to be reviewed.
    Review(Review, ContentHash),
    /// A follow-up, the how-manieth.
    FollowUp(u16),
    /// Something that is owed.
    Duty(Duty),
    /// A question about a change that a source told of.
    Question(u64),
}

impl OpenModal {
    /// Returns where it is opened from, for the modal to remember.
    pub fn opened_from(&self) -> OpenedFrom<'_> {
        OpenedFrom {
            channel: self.channel.as_ref(),
            thread: self.thread.as_ref(),
        }
    }
}

/// Reads what Slack delivered. Of all emoji, those in `emoji` authorize;
/// `received_at` stands in where Slack says no time.
pub fn read(
    delivery: &Delivery,
    emoji: &[String],
    received_at: DateTime<Utc>,
    salt: &mut dyn FnMut() -> Salt,
) -> Read {
    match delivery.kind {
        DeliveryKind::Command => command::read(&delivery.payload, received_at, salt),
        DeliveryKind::Interaction => interaction::read(&delivery.payload, received_at, salt),
        DeliveryKind::Event => event::read(&delivery.payload, emoji, received_at, salt),
    }
}

/// Returns the string at `path`; a blank one is as good as none.
fn text_at<'a>(payload: &'a Value, path: &str) -> Option<&'a str> {
    payload
        .pointer(path)?
        .as_str()
        .filter(|text| !text.is_empty())
}

/// Returns the instant that a timestamp of Slack's states, else the receipt.
fn instant(ts: Option<&str>, received_at: DateTime<Utc>) -> (DateTime<Utc>, Source) {
    match ts.and_then(|ts| MessageTs::new(ts).at()) {
        Some(at) => (at, Source::Slack),
        None => (received_at, Source::Receipt),
    }
}

/// What a line that somebody typed means.
#[derive(Debug)]
enum Understood {
    /// Something asked, with the words that it commits to.
    Asked(Ask, Vec<Text>),
    /// A form is needed.
    Form(Modal, Option<ChangeNumber>, Prefill),
}

/// Turns a parsed line into what it asks. `typed` is the line as Slack gave it.
fn understand(slash: Slash, typed: &str, salt: &mut dyn FnMut() -> Salt) -> Understood {
    let asked = |ask| Understood::Asked(ask, Vec::new());
    match slash {
        Slash::Declare => Understood::Form(Modal::Declare, None, Prefill::default()),
        Slash::Request(request) => requested(request, typed, false, salt),
        Slash::Drill(request) => requested(request, typed, true, salt),
        Slash::Deployed { change, when } => {
            let when = when.map(|words| Text::new(words, salt()));
            let ask = Ask::RecordDeployment {
                change,
                when: when.as_ref().map(Text::commitment),
                at: None,
                by: None,
            };
            Understood::Asked(ask, when.into_iter().collect())
        }
        Slash::Status { change } => asked(Ask::Status { change }),
        Slash::List { which } => asked(Ask::List { which }),
        Slash::Document { change } => Understood::Form(Modal::Document, change, Prefill::default()),
        Slash::Redact { change } => Understood::Form(Modal::Redact, change, Prefill::default()),
        Slash::Rate { window } => asked(Ask::Rate {
            window: window.map(grammar::Window::kind),
        }),
        Slash::Agenda => asked(Ask::Agenda),
        Slash::Exceptions => asked(Ask::Exceptions),
        Slash::Evidence { change, period } => {
            let words = period.map(|words| Text::new(words, salt()));
            let period = words.as_ref().map(Text::commitment);
            let ask = Ask::Evidence { change, period };
            Understood::Asked(ask, words.into_iter().collect())
        }
        Slash::Normal(normal) => {
            let (ask, texts) = listed(normal, salt);
            Understood::Asked(ask, texts)
        }
        Slash::Help => asked(Ask::Help),
        Slash::Unsure { meant, request } => {
            let said = Text::new(request.what, salt());
            let ask = Ask::Unsure {
                meant: meant.as_str().to_owned(),
                typed: Some(said.commitment()),
            };
            Understood::Asked(ask, vec![said])
        }
    }
}

/// A normal change that somebody lists.
fn listed(normal: grammar::Normal, salt: &mut dyn FnMut() -> Salt) -> (Ask, Vec<Text>) {
    let what = Text::new(normal.what, salt());
    let when = normal.when.map(|words| Text::new(words, salt()));
    let system = normal.system.map(|name| Text::new(name, salt()));
    let ask = Ask::ListNormal {
        what: what.commitment(),
        when: when.as_ref().map(Text::commitment),
        system: system.as_ref().map(Text::commitment),
    };
    let texts = std::iter::once(what).chain(when).chain(system).collect();
    (ask, texts)
}

/// A request, or the form for one that doesn't say what.
fn requested(
    request: grammar::Request,
    typed: &str,
    drill: bool,
    salt: &mut dyn FnMut() -> Salt,
) -> Understood {
    if request.what.trim().is_empty() {
        let prefill = Prefill {
            what: String::new(),
            asked: request.asked.iter().find_map(|asked| match asked {
                Mention::User(user) => Some(user.clone()),
                Mention::Group(_) | Mention::Handle(_) => None,
            }),
            drill,
        };
        return Understood::Form(Modal::Declare, None, prefill);
    }
    let what = Text::new(request.what, salt());
    let verbatim = Text::new(grammar::verbatim(typed), salt());
    let deployed = request.deployed.map(|words| Text::new(words, salt()));
    let ask = Ask::Request {
        what: what.commitment(),
        verbatim: verbatim.commitment(),
        asked: request.asked,
        criterion: None,
        said: None,
        deployed: deployed.as_ref().map(Text::commitment),
        drill,
    };
    let texts = [what, verbatim].into_iter().chain(deployed).collect();
    Understood::Asked(ask, texts)
}

/// Why nothing was heard.
#[derive(Debug)]
enum Unheard {
    Invalid(Value),
    Ignored(&'static str),
    Broken(&'static str),
}

impl From<Unheard> for Read {
    fn from(unheard: Unheard) -> Self {
        match unheard {
            Unheard::Invalid(answer) => Self::Invalid(answer),
            Unheard::Ignored(reason) => Self::Ignored(reason),
            Unheard::Broken(reason) => Self::Broken(reason),
        }
    }
}

/// What is wrong with the inputs of a modal, each with its sentence.
#[derive(Debug, Default)]
struct Faults(Map<String, Value>);

impl Faults {
    fn find(&mut self, input: Input, sentence: &str) {
        self.0
            .insert(input.block_id().into_owned(), json!(sentence));
    }

    /// Finds what is wrong with a time in words, as far as that can be said
    /// without knowing where the person is.
    fn find_in_time(&mut self, words: &str) {
        if words.trim().is_empty() {
            return;
        }
        let fault = match When::parse(words) {
            None => "That reads like no time. Say for example: 20 min ago, 02:19, yesterday 23:50.",
            Some(when) if !when.says_a_time_of_day() => {
                "At what time? Say it like: yesterday 23:50."
            }
            Some(_) => return,
        };
        self.find(Input::When, fault);
    }

    /// Stops at what is wrong, if anything is.
    fn settle(self) -> Result<(), Unheard> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(self.answer())
    }

    /// Returns what Slack shows beside the inputs.
    fn answer(self) -> Unheard {
        Unheard::Invalid(json!({"response_action": "errors", "errors": self.0}))
    }
}
