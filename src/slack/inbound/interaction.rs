//! Buttons, menus and modals.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::change::{Criterion, Exception, LONGEST_TEXT, Source};
use crate::domain::id::{ChangeNumber, ChannelId, GroupId, MessageTs, UserId};
use crate::domain::policy::Party;
use crate::domain::text::{Salt, Text};
use crate::domain::ticket::Section;
use crate::gesture::{Ask, Gesture, Heard, Mention};
use crate::slack::control::{self, Control, Input, Memory, Modal};
use crate::slack::views::modal::Prefill;

use super::grammar::{self, Slash};
use super::{Faults, OpenModal, Read, Unheard, instant, text_at};

/// Reads an interaction.
pub(super) fn read(
    payload: &Value,
    received_at: DateTime<Utc>,
    salt: &mut dyn FnMut() -> Salt,
) -> Read {
    match text_at(payload, "/type") {
        Some("block_actions") => press(payload, received_at),
        Some("view_submission") => submission(payload, received_at, salt),
        Some("view_closed") => Read::Ignored("a form that was closed"),
        Some("shortcut" | "message_action") => Read::Ignored("shortcuts aren't there yet"),
        Some(_) => Read::Ignored("an interaction of an unknown type"),
        None => Read::Broken("an interaction without a type"),
    }
}

/// What a press of a button wants.
enum Wanted {
    Asked(Ask),
    Form(Modal, Option<ChangeNumber>, Prefill),
    Nothing(Unheard),
}

fn press(payload: &Value, received_at: DateTime<Utc>) -> Read {
    let Some(actor) = text_at(payload, "/user/id").map(UserId::new) else {
        return Read::Broken("a press by nobody");
    };
    let Some(action) = payload.pointer("/actions/0") else {
        return Read::Broken("a press of nothing");
    };
    let trigger_id = text_at(payload, "/trigger_id");
    let action_ts = text_at(action, "/action_ts");
    let message_ts =
        text_at(payload, "/container/message_ts").or_else(|| text_at(payload, "/message/ts"));
    let key = match (trigger_id, message_ts, action_ts) {
        (Some(trigger_id), _, _) => trigger_id.to_owned(),
        (None, Some(message_ts), Some(action_ts)) => format!("{message_ts}/{action_ts}/{actor}"),
        (None, _, _) => return Read::Broken("a press that can't be told from another"),
    };
    let channel = text_at(payload, "/channel/id")
        .or_else(|| text_at(payload, "/container/channel_id"))
        .map(ChannelId::new);
    let thread = text_at(payload, "/container/thread_ts")
        .or_else(|| text_at(payload, "/message/thread_ts"))
        .map(MessageTs::new);
    let response_url = text_at(payload, "/response_url").map(str::to_owned);
    match wanted(payload, action) {
        Wanted::Asked(ask) => {
            let (at, source) = instant(action_ts, received_at);
            Read::Heard(Heard {
                gesture: Gesture {
                    key,
                    actor,
                    at,
                    source,
                    channel,
                    thread,
                    response_url,
                    ask,
                },
                texts: Vec::new(),
            })
        }
        Wanted::Form(which, change, prefill) => match trigger_id {
            Some(trigger_id) => Read::Open(OpenModal {
                trigger_id: trigger_id.to_owned(),
                actor,
                channel,
                thread,
                response_url,
                which,
                change,
                prefill,
            }),
            None => Read::Broken("a form without a trigger"),
        },
        Wanted::Nothing(unheard) => unheard.into(),
    }
}

fn wanted(payload: &Value, action: &Value) -> Wanted {
    const NO_CHANGE: Wanted = Wanted::Nothing(Unheard::Broken("a press about no change"));
    let control = text_at(action, "/action_id").and_then(Control::from_action_id);
    let value = text_at(action, "/value").unwrap_or_default();
    match control {
        None => Wanted::Nothing(Unheard::Ignored("a button that isn't ours")),
        Some(Control::More) => {
            let option = text_at(action, "/selected_option/value").unwrap_or_default();
            match control::read_menu_value(option) {
                Some((control, change)) => about(control, change),
                None => NO_CHANGE,
            }
        }
        Some(Control::NameCommander) => name_commander(payload, action),
        Some(Control::Approve) => match control::read_approval_value(value) {
            Some((change, seen)) => Wanted::Asked(Ask::Approve { change, seen }),
            None => NO_CHANGE,
        },
        Some(Control::Declare) => {
            let prefill = Prefill {
                what: value.to_owned(),
                ..Prefill::default()
            };
            Wanted::Form(Modal::Declare, None, prefill)
        }
        Some(control) => match control::read_value(value) {
            Some(change) => about(control, change),
            None => NO_CHANGE,
        },
    }
}

/// What a control means whose value names nothing but a change.
fn about(control: Control, change: ChangeNumber) -> Wanted {
    let form = |modal| Wanted::Form(modal, Some(change), Prefill::default());
    match control {
        Control::Authorize => Wanted::Asked(Ask::Authorize { change }),
        Control::Deny => Wanted::Asked(Ask::Deny { change }),
        Control::TakeCommand => Wanted::Asked(Ask::TakeCommand { change }),
        Control::GoAhead => Wanted::Asked(Ask::GoAhead { change }),
        Control::Deployed => Wanted::Asked(Ask::RecordDeployment {
            change: Some(change),
            when: None,
            at: None,
        }),
        Control::NeverDeployed => Wanted::Asked(Ask::Lapse { change }),
        Control::Withdraw => Wanted::Asked(Ask::Withdraw { change }),
        Control::Criterion(criterion) => Wanted::Asked(Ask::StateCriterion { change, criterion }),
        Control::Document => form(Modal::Document),
        Control::Reject => form(Modal::Reject),
        Control::Remediate => form(Modal::Remediate),
        Control::AnswerExceptions => form(Modal::AnswerExceptions),
        Control::AskSomeoneElse => form(Modal::AskSomeoneElse),
        Control::StandIn => Wanted::Asked(Ask::StandIn { change }),
        Control::ConfirmAttestation => Wanted::Asked(Ask::ConfirmAttestation { change }),
        Control::DisputeAttestation => Wanted::Asked(Ask::DisputeAttestation { change }),
        Control::Attest => form(Modal::Attest),
        Control::StateReason => form(Modal::StateReason),
        Control::CorrectDeployment
        | Control::DeployedAt
        | Control::Same
        | Control::NotSame
        | Control::TakeOffer
        | Control::DeclineOffer
        | Control::Approve
        | Control::NameCommander
        | Control::Declare
        | Control::More => Wanted::Nothing(Unheard::Broken("a press that says too little")),
    }
}

/// The choice of a commander. Its block names the change; whom was chosen stands
/// in the action, and in the state of the message.
fn name_commander(payload: &Value, action: &Value) -> Wanted {
    let block_id = text_at(action, "/block_id").unwrap_or_default();
    let Some((Control::NameCommander, change)) = control::read_select_block(block_id) else {
        return Wanted::Nothing(Unheard::Broken("a choice about no change"));
    };
    let in_state = || {
        payload
            .pointer("/state/values")?
            .get(block_id)?
            .get(Control::NameCommander.action_id())?
            .get("selected_user")?
            .as_str()
    };
    match text_at(action, "/selected_user").or_else(in_state) {
        Some(commander) => Wanted::Asked(Ask::NameCommander {
            change,
            commander: UserId::new(commander),
        }),
        None => Wanted::Nothing(Unheard::Ignored("nobody was chosen")),
    }
}

/// What was put into a modal.
struct Filled<'a>(Option<&'a Value>);

impl<'a> Filled<'a> {
    fn element(&self, input: Input) -> Option<&'a Value> {
        self.0?.get(input.block_id())?.get(Input::ACTION_ID)
    }

    fn text(&self, input: Input) -> &'a str {
        self.element(input)
            .and_then(|element| text_at(element, "/value"))
            .unwrap_or_default()
    }

    fn person(&self, input: Input) -> Option<UserId> {
        text_at(self.element(input)?, "/selected_user").map(UserId::new)
    }

    fn option(&self, input: Input) -> Option<&'a str> {
        text_at(self.element(input)?, "/selected_option/value")
    }

    fn options(&self, input: Input) -> impl Iterator<Item = &'a str> {
        self.element(input)
            .and_then(|element| element.get("selected_options"))
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|option| text_at(option, "/value"))
    }
}

/// What a submitted modal asks.
type Submitted = Result<(Ask, Vec<Text>), Unheard>;

fn submission(payload: &Value, received_at: DateTime<Utc>, salt: &mut dyn FnMut() -> Salt) -> Read {
    let Some(actor) = text_at(payload, "/user/id").map(UserId::new) else {
        return Read::Broken("a form sent by nobody");
    };
    let key = match (
        text_at(payload, "/trigger_id"),
        text_at(payload, "/view/id"),
        text_at(payload, "/view/hash"),
    ) {
        (Some(trigger_id), _, _) => trigger_id.to_owned(),
        (None, Some(id), Some(hash)) => format!("{id}/{hash}/{actor}"),
        (None, _, _) => return Read::Broken("a form that can't be told from another"),
    };
    let Some(modal) = text_at(payload, "/view/callback_id").and_then(Modal::from_callback_id)
    else {
        return Read::Ignored("a form that isn't ours");
    };
    let metadata = text_at(payload, "/view/private_metadata").unwrap_or_default();
    let Some(memory) = Memory::from_metadata(metadata) else {
        return Read::Broken("a form that remembers nothing");
    };
    let filled = Filled(payload.pointer("/view/state/values"));
    let change = memory.change.map(ChangeNumber);
    let submitted = match (modal, change) {
        (Modal::Declare, _) => declare(&filled, &actor, salt),
        (Modal::Document, Some(change)) => document(&filled, &memory, change, salt),
        (Modal::Reject, Some(change)) => {
            let input = (Input::Reason, "Say why; a few words are enough.");
            sentence(&filled, input, salt, |reason| Ask::Reject {
                change,
                reason,
            })
        }
        (Modal::Remediate, Some(change)) => {
            let input = (Input::How, "Say how it was put right.");
            sentence(&filled, input, salt, |how| Ask::Remediate { change, how })
        }
        (Modal::AnswerExceptions, Some(change)) => answer_exceptions(&filled, change, salt),
        (Modal::AskSomeoneElse, Some(change)) => ask_someone_else(&filled, change),
        (
            Modal::Document
            | Modal::Reject
            | Modal::Remediate
            | Modal::AnswerExceptions
            | Modal::AskSomeoneElse
            | Modal::Record
            | Modal::Attest
            | Modal::CorrectDeployment
            | Modal::StateReason,
            _,
        ) => Err(Unheard::Broken("a form about no change")),
    };
    match submitted {
        Err(unheard) => unheard.into(),
        Ok((ask, texts)) => Read::Heard(Heard {
            gesture: Gesture {
                key,
                actor,
                at: received_at,
                source: Source::Receipt,
                channel: memory.channel.map(ChannelId::new),
                thread: memory.thread.map(MessageTs::new),
                response_url: None,
                ask,
            },
            texts,
        }),
    }
}

/// What is wrong with a text, if anything is.
fn fault(words: &str, blank: &'static str) -> Option<&'static str> {
    if words.trim().is_empty() {
        Some(blank)
    } else if words.chars().count() > LONGEST_TEXT {
        Some("Up to 3,000 characters fit. Shorten it, or put the rest in a link.")
    } else {
        None
    }
}

const NOT_YOURSELF: &str = "Somebody else has to authorize your change. Choose another person.";

fn declare(filled: &Filled<'_>, actor: &UserId, salt: &mut dyn FnMut() -> Salt) -> Submitted {
    let typed = filled.text(Input::What);
    let chosen = filled.person(Input::Whom);
    let mut faults = Faults::default();
    if let Some(fault) = fault(typed, "Say what you have to change.") {
        faults.find(Input::What, fault);
    }
    if chosen.as_ref() == Some(actor) {
        faults.find(Input::Whom, NOT_YOURSELF);
    }
    faults.settle()?;
    let groups = filled.options(Input::Groups).map(GroupId::new);
    let mut asked: Vec<Mention> = chosen
        .map(Mention::User)
        .into_iter()
        .chain(groups.map(Mention::Group))
        .collect();
    let mut what = typed.trim().to_owned();
    if asked.is_empty() {
        // Out of habit people write `@morgan` at the end here too.
        (what, asked) = named_in(&what);
    }
    let what = Text::new(what, salt());
    let verbatim = Text::new(typed, salt());
    let ask = Ask::Request {
        what: what.commitment(),
        verbatim: verbatim.commitment(),
        asked,
        criterion: filled
            .option(Input::Criterion)
            .and_then(Criterion::from_name),
        said: None,
        deployed: None,
        drill: false,
    };
    Ok((ask, vec![what, verbatim]))
}

/// Who is named in a text that was typed into a form, and what remains of it.
/// A form hands over what was typed, not Slack's markup.
fn named_in(typed: &str) -> (String, Vec<Mention>) {
    let markup = typed
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    match grammar::parse(&markup) {
        Slash::Request(request) if !request.what.trim().is_empty() => (request.what, request.asked),
        // In the form even `help` is what somebody has to change.
        Slash::Request(_)
        | Slash::Declare
        | Slash::Deployed { .. }
        | Slash::Status { .. }
        | Slash::List { .. }
        | Slash::Document { .. }
        | Slash::Rate { .. }
        | Slash::Agenda
        | Slash::Exceptions
        | Slash::Evidence { .. }
        | Slash::Drill(_)
        | Slash::Help
        | Slash::Unsure { .. } => (typed.to_owned(), Vec::new()),
    }
}

fn document(
    filled: &Filled<'_>,
    memory: &Memory,
    change: ChangeNumber,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let mut faults = Faults::default();
    let mut sections = Vec::new();
    let mut texts = Vec::new();
    for section in Section::ALL.iter().copied() {
        let input = Input::Section(section);
        let words = filled.text(input);
        if words.trim().is_empty() {
            if memory.has_shown(section) {
                faults.find(
                    input,
                    "What is written here can be changed but not emptied. Say what is true now.",
                );
            }
            continue;
        }
        if memory.stood_as(section, words) {
            continue;
        }
        if let Some(fault) = fault(words, "Say a few words.") {
            faults.find(input, fault);
            continue;
        }
        let text = Text::new(words, salt());
        sections.push((section, text.commitment()));
        texts.push(text);
    }
    faults.settle()?;
    if sections.is_empty() {
        return Err(Unheard::Ignored("nothing new was written"));
    }
    Ok((Ask::Document { change, sections }, texts))
}

/// A form of one text.
fn sentence(
    filled: &Filled<'_>,
    (input, blank): (Input, &'static str),
    salt: &mut dyn FnMut() -> Salt,
    ask: impl FnOnce(crate::domain::text::Commitment) -> Ask,
) -> Submitted {
    let words = filled.text(input);
    let mut faults = Faults::default();
    if let Some(fault) = fault(words, blank) {
        faults.find(input, fault);
    }
    faults.settle()?;
    let text = Text::new(words, salt());
    Ok((ask(text.commitment()), vec![text]))
}

fn answer_exceptions(
    filled: &Filled<'_>,
    change: ChangeNumber,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let exceptions: BTreeSet<Exception> = filled
        .options(Input::Exceptions)
        .filter_map(Exception::from_name)
        .collect();
    let cause = filled.text(Input::Cause);
    let remedy = filled.text(Input::Remedy);
    let owner = filled.person(Input::Owner);
    let mut faults = Faults::default();
    if exceptions.is_empty() {
        faults.find(Input::Exceptions, "Tick what you answer.");
    }
    if let Some(fault) = fault(cause, "Say how it came to that.") {
        faults.find(Input::Cause, fault);
    }
    if let Some(fault) = fault(remedy, "Say what is done about it.") {
        faults.find(Input::Remedy, fault);
    }
    let Some(owner) = owner else {
        faults.find(Input::Owner, "Choose who does it.");
        return Err(faults.answer());
    };
    faults.settle()?;
    let cause = Text::new(cause, salt());
    let remedy = Text::new(remedy, salt());
    let ask = Ask::AnswerExceptions {
        change,
        exceptions: exceptions.into_iter().collect(),
        cause: cause.commitment(),
        remedy: remedy.commitment(),
        owner,
    };
    Ok((ask, vec![cause, remedy]))
}

fn ask_someone_else(filled: &Filled<'_>, change: ChangeNumber) -> Submitted {
    let chosen = filled.person(Input::Whom);
    let groups = filled.options(Input::Groups).map(GroupId::new);
    let asked: Vec<Party> = chosen
        .map(Party::Person)
        .into_iter()
        .chain(groups.map(Party::Group))
        .collect();
    let mut faults = Faults::default();
    if asked.is_empty() {
        faults.find(Input::Whom, "Choose whom to ask.");
    }
    faults.settle()?;
    Ok((Ask::AskSomeoneElse { change, asked }, Vec::new()))
}
