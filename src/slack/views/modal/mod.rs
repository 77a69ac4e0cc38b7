//! The modals: what a person is asked for in a form of their own.
//!
//! What they put in comes back through `inbound`; the names of the inputs stand
//! in `control`.

use std::fmt;

use chrono::{DateTime, Utc};
use slack_morphism::prelude::{
    SlackBlock, SlackBlockCheckboxesElement, SlackBlockChoiceItem, SlackBlockDateTimePickerElement,
    SlackBlockId, SlackBlockPlainTextInputElement, SlackBlockPlainTextOnly,
    SlackBlockRadioButtonsElement, SlackBlockText, SlackBlockUsersSelectElement, SlackInputBlock,
    SlackInputBlockElement, SlackModalView, SlackView,
};

use crate::domain::change::{Criterion, EmergencyChange, Exception, LONGEST_TEXT};
use crate::domain::id::{ChannelId, GroupId, MessageTs, UserId};
use crate::slack::control::{Input, Memory, Modal};

use super::blocks::{context, plain, section};
use super::{Showing, moves, say};

mod capture;
mod chase;
mod decide;
mod later;
mod meeting;
mod question;
mod redact;
mod ticket;

pub use meeting::record_meeting;

pub use capture::{Candidate, Proposal, attest, correct_deployment, record, state_reason};
pub use chase::{away, delegate};
pub use decide::{approve, reject, remediate, review, review_genuineness};
pub use later::{add_follow_up, finish_follow_up, permanent_fix};
pub use question::explain_normal;
pub use redact::redact;
pub use ticket::{document, more_fields};

/// How many checkboxes Slack puts into one input.
const MOST_CHECKBOXES: usize = 10;

/// The longest time in words: a date, an hour and a zone.
const LONGEST_TIME: u64 = 100;

/// The longest title of a modal.
const LONGEST_TITLE: usize = 24;

/// The longest text of one of them.
const LONGEST_OPTION: usize = 75;

/// What a form begins with.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Prefill {
    /// What is to be changed, as far as it was typed.
    pub what: String,
    /// Who was named.
    pub asked: Option<UserId>,
    /// Whether it is a rehearsal.
    pub drill: bool,
}

impl fmt::Debug for Prefill {
    /// What people wrote doesn't belong in logs of the program.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prefill")
            .field("asked", &self.asked)
            .field("drill", &self.drill)
            .finish_non_exhaustive()
    }
}

/// Where a modal was opened from; its replies go there.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenedFrom<'a> {
    /// The conversation.
    pub channel: Option<&'a ChannelId>,
    /// The thread in it.
    pub thread: Option<&'a MessageTs>,
}

/// A user group that may be asked, with the name that people know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedGroup {
    /// Which.
    pub id: GroupId,
    /// Its name.
    pub name: String,
}

/// Returns the form that begins an emergency change.
pub fn declare(prefill: &Prefill, named: &[NamedGroup], from: OpenedFrom<'_>) -> SlackView {
    let mut what = long_text().with_placeholder(plain("Deploy WAF rule to block SQL injection"));
    if !prefill.what.trim().is_empty() {
        what = what.with_initial_value(say::beginning(&prefill.what, LONGEST_TEXT));
    }
    what = what.with_focus_on_load(true);
    let mut blocks = Vec::new();
    if prefill.drill {
        blocks.push(context(moves::DRILL));
    }
    blocks.extend([
        input(
            Input::What,
            if prefill.drill {
                "What would you have to change?"
            } else {
                "What do you have to change?"
            },
            what.into(),
            None,
            false,
        ),
        whom(
            prefill.asked.as_ref(),
            "Leave it empty to ask those whom the policy names.",
            true,
        ),
    ]);
    blocks.extend(groups(named));
    blocks.push(criterion());
    // In a rehearsal nothing was deployed before.
    if !prefill.drill {
        blocks.push(already_deployed());
    }
    let memory = Memory {
        drill: prefill.drill,
        ..Memory::at(from.channel, from.thread)
    };
    let title = if prefill.drill {
        "Emergency drill"
    } else {
        "Emergency change"
    };
    modal(Modal::Declare, title, "Ask now", &memory, blocks)
}

/// Which of the five it is, if that is known already.
fn criterion() -> SlackBlock {
    let criteria: Vec<SlackBlockChoiceItem<SlackBlockText>> = Criterion::ALL
        .iter()
        .map(|criterion| {
            SlackBlockChoiceItem::new(
                plain(say::criterion(*criterion)).into(),
                criterion.name().to_owned(),
            )
        })
        .collect();
    input(
        Input::Criterion,
        "Why can't it wait?",
        SlackBlockRadioButtonsElement::new(criteria).into(),
        Some("You can also say so later, with one tap on the card."),
        true,
    )
}

/// When it was deployed, if that has happened already.
fn already_deployed() -> SlackBlock {
    input(
        Input::When,
        "Already deployed? Say when",
        time("20 min ago").into(),
        Some("For example 20 min ago, 02:19 or yesterday 23:50 CET. Leave it empty if it isn't."),
        true,
    )
}

/// A time in words.
fn time(example: &str) -> SlackBlockPlainTextInputElement {
    SlackBlockPlainTextInputElement::new()
        .with_max_length(LONGEST_TIME)
        .with_placeholder(plain(example))
}

/// Returns the answer to the exceptions that wait for one.
pub fn answer_exceptions(showing: &Showing<'_>, from: OpenedFrom<'_>) -> SlackView {
    let change = showing.change;
    let exceptions = title(change, "", " exceptions");
    let option = |exception: Exception| -> SlackBlockChoiceItem<SlackBlockText> {
        SlackBlockChoiceItem::new(
            plain(say::exception(exception)).into(),
            exception.name().to_owned(),
        )
    };
    let open: Vec<_> = change.unanswered().map(option).collect();
    let mut blocks = vec![about(showing)];
    if open.is_empty() {
        blocks.push(section("No exception waits for an answer any more."));
        let memory = Memory::at(from.channel, from.thread).about(change.number);
        return view(Modal::AnswerExceptions, &exceptions, None, &memory, blocks);
    }
    let which = SlackBlockCheckboxesElement::new(open.clone()).with_initial_options(open);
    let owner = change.implementers().next().unwrap_or(&change.requester);
    blocks.extend([
        input(
            Input::Exceptions,
            "Which exceptions?",
            which.into(),
            None,
            false,
        ),
        input(
            Input::Cause,
            "How did it come to that?",
            long_text()
                .with_placeholder(plain("Nobody who may authorize was on call that night"))
                .into(),
            None,
            false,
        ),
        input(
            Input::Remedy,
            "What is done about it?",
            long_text()
                .with_placeholder(plain(
                    "The night's rota gets a second approver from Monday on",
                ))
                .into(),
            None,
            false,
        ),
        input(
            Input::Owner,
            "Who does it?",
            SlackBlockUsersSelectElement::new()
                .with_initial_user(owner.as_str().to_owned())
                .into(),
            None,
            false,
        ),
    ]);
    let memory = Memory::at(from.channel, from.thread).about(change.number);
    modal(
        Modal::AnswerExceptions,
        &exceptions,
        "Answer",
        &memory,
        blocks,
    )
}

/// Returns the choice of whom to ask instead.
pub fn ask_someone_else(
    showing: &Showing<'_>,
    named: &[NamedGroup],
    from: OpenedFrom<'_>,
) -> SlackView {
    let number = showing.change.number;
    let groups = groups(named);
    let mut blocks = vec![
        about(showing),
        // With groups to choose from, a person is one of two ways.
        whom(
            None,
            "They hear of it at once, in the thread under the card.",
            groups.is_some(),
        ),
    ];
    blocks.extend(groups);
    let memory = Memory::at(from.channel, from.thread).about(number);
    modal(
        Modal::AskSomeoneElse,
        &title(showing.change, "Ask for ", ""),
        "Ask",
        &memory,
        blocks,
    )
}

fn whom(asked: Option<&UserId>, hint: &str, optional: bool) -> SlackBlock {
    let mut select = SlackBlockUsersSelectElement::new().with_placeholder(plain("Choose a person"));
    if let Some(asked) = asked {
        select = select.with_initial_user(asked.as_str().to_owned());
    }
    input(
        Input::Whom,
        "Who should authorize it?",
        select.into(),
        Some(hint),
        optional,
    )
}

/// The groups that may be asked. A box can be unticked, which a choice can't.
fn groups(named: &[NamedGroup]) -> Option<SlackBlock> {
    let options: Vec<SlackBlockChoiceItem<SlackBlockText>> = named
        .iter()
        .take(MOST_CHECKBOXES)
        .map(|group| {
            let name = say::beginning(&group.name, LONGEST_OPTION);
            SlackBlockChoiceItem::new(plain(&name).into(), group.id.as_str().to_owned())
        })
        .collect();
    if options.is_empty() {
        return None;
    }
    Some(input(
        Input::Groups,
        "Or everybody in a group",
        SlackBlockCheckboxesElement::new(options).into(),
        Some("Whoever of them answers first."),
        true,
    ))
}

/// The title of a form about a change; its number alone where more has no room.
fn title(change: &EmergencyChange, before: &str, after: &str) -> String {
    let number = say::title(change);
    let whole = format!("{before}{number}{after}");
    if say::width(&whole) <= LONGEST_TITLE {
        whole
    } else {
        number
    }
}

/// Which change a form is about.
fn about(showing: &Showing<'_>) -> SlackBlock {
    section(&format!(
        "*{}*  {}",
        say::title(showing.change),
        showing.what_in_a_line(300)
    ))
}

fn long_text() -> SlackBlockPlainTextInputElement {
    SlackBlockPlainTextInputElement::new()
        .with_multiline(true)
        .with_max_length(LONGEST_TEXT as u64)
}

fn input(
    name: Input,
    label: &str,
    element: SlackInputBlockElement,
    hint: Option<&str>,
    optional: bool,
) -> SlackBlock {
    let hint: Option<SlackBlockPlainTextOnly> = hint.map(plain);
    SlackInputBlock {
        block_id: Some(SlackBlockId(name.block_id().into_owned())),
        label: plain(label),
        element: named(element),
        hint,
        optional: optional.then_some(true),
        dispatch_action: None,
    }
    .into()
}

/// A point in time, in the reader's own zone.
fn instant(at: Option<DateTime<Utc>>) -> SlackInputBlockElement {
    let picker = SlackBlockDateTimePickerElement::new();
    // slack-morphism keeps an instant in a type of another crate; seconds are what
    // both have in common.
    let shown = at.and_then(|at| serde_json::from_value(at.timestamp().into()).ok());
    match shown {
        Some(shown) => picker.with_initial_date_time(shown).into(),
        None => picker.into(),
    }
}

/// A person.
fn someone(who: Option<&UserId>) -> SlackInputBlockElement {
    let select = SlackBlockUsersSelectElement::new().with_placeholder(plain("Choose a person"));
    match who {
        Some(who) => select.with_initial_user(who.as_str().to_owned()).into(),
        None => select.into(),
    }
}

/// Gives the element of an input the one name that all of them have.
fn named(element: SlackInputBlockElement) -> SlackInputBlockElement {
    let id = || Input::ACTION_ID.into();
    match element {
        SlackInputBlockElement::PlainTextInput(one) => one.with_action_id(id()).into(),
        SlackInputBlockElement::StaticSelect(one) => one.with_action_id(id()).into(),
        SlackInputBlockElement::UsersSelect(one) => one.with_action_id(id()).into(),
        SlackInputBlockElement::RadioButtons(one) => one.with_action_id(id()).into(),
        SlackInputBlockElement::Checkboxes(one) => one.with_action_id(id()).into(),
        SlackInputBlockElement::MultiStaticSelect(one) => one.with_action_id(id()).into(),
        SlackInputBlockElement::DateTimePicker(one) => one.with_action_id(id()).into(),
        other => other,
    }
}

fn modal(
    which: Modal,
    title: &str,
    submit: &str,
    memory: &Memory,
    blocks: Vec<SlackBlock>,
) -> SlackView {
    view(which, title, Some(submit), memory, blocks)
}

/// A modal; without `submit` there is nothing to send.
fn view(
    which: Modal,
    title: &str,
    submit: Option<&str>,
    memory: &Memory,
    blocks: Vec<SlackBlock>,
) -> SlackView {
    let title = say::beginning(title, LONGEST_TITLE);
    let mut view = SlackModalView::new(plain(&title), blocks)
        .with_callback_id(which.callback_id().into())
        .with_private_metadata(memory.to_metadata())
        .with_close(plain(if submit.is_some() { "Cancel" } else { "Close" }));
    if let Some(submit) = submit {
        view = view.with_submit(plain(submit));
    }
    SlackView::Modal(view)
}
