//! The modals: what a person is asked for in a form of their own.
//!
//! What they put in comes back through `inbound`; the names of the inputs stand
//! in `control`.

use std::fmt;

use slack_morphism::prelude::{
    SlackBlock, SlackBlockCheckboxesElement, SlackBlockChoiceItem, SlackBlockId,
    SlackBlockPlainTextInputElement, SlackBlockPlainTextOnly, SlackBlockRadioButtonsElement,
    SlackBlockText, SlackBlockUsersSelectElement, SlackInputBlock, SlackInputBlockElement,
    SlackModalView, SlackView,
};

use crate::domain::change::{Criterion, EmergencyChange, Exception, LONGEST_TEXT};
use crate::domain::id::{ChannelId, GroupId, MessageTs, UserId};
use crate::domain::ticket::Section;
use crate::slack::control::{Input, Memory, Modal};

use super::blocks::{context, plain, section};
use super::{Said, Showing, direct, moves, say};

mod capture;
mod redact;

pub use capture::{Candidate, Proposal, attest, correct_deployment, record, state_reason};
pub use redact::redact;

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

/// Returns the form of the ticket, with what stands in it.
pub fn document(showing: &Showing<'_>, from: OpenedFrom<'_>) -> SlackView {
    let change = showing.change;
    let mut memory = Memory::at(from.channel, from.thread).about(change.number);
    let due = match (change.documented_at, change.due_at()) {
        (None, Some(due_at)) => format!("The ticket is {}. ", say::due(due_at, showing.now)),
        (Some(_), _) | (None, None) => String::new(),
    };
    let decided = if change.approval.is_some() {
        "It is approved: an edit takes the approval back. "
    } else {
        ""
    };
    let mut blocks = vec![
        section(&format!(
            "*{}*  {}",
            say::title(change),
            showing.what_in_a_line(300)
        )),
        context(&format!(
            "{due}{decided}Fill in what you can; you can come back for the rest."
        )),
    ];
    for part in Section::ALL {
        let mut element = long_text().with_placeholder(plain(example(*part)));
        let mut hint = hint(*part);
        if let Some(words) = change.words(part.field()) {
            match showing.texts.said(&words) {
                Said::Words(words) if say::width(&words) <= LONGEST_TEXT => {
                    memory.show(*part, &words);
                    element = element.with_initial_value(words);
                }
                Said::Words(_) => {
                    hint = "What stands is too long to edit here and stays unless you write anew.";
                }
                Said::Redacted | Said::Removed(_) => {
                    hint = "What stood here was redacted. It stays so unless you write anew.";
                }
                Said::Withheld => {
                    hint = "What stands was said in a private channel. It stays unless you write anew.";
                }
            }
        }
        blocks.push(input(
            Input::Section(*part),
            direct::title(*part),
            element.into(),
            Some(hint),
            true,
        ));
    }
    modal(
        Modal::Document,
        &title(change, "", " ticket"),
        "Save",
        &memory,
        blocks,
    )
}

/// Returns the question why a change is rejected.
pub fn reject(showing: &Showing<'_>, from: OpenedFrom<'_>) -> SlackView {
    let number = showing.change.number;
    let blocks = vec![
        about(showing),
        input(
            Input::Reason,
            "Why do you reject it?",
            long_text().with_focus_on_load(true).into(),
            Some(
                "The implementer reads this and has 7 days to put it right. A rejection stays on record.",
            ),
            false,
        ),
    ];
    let memory = Memory::at(from.channel, from.thread).about(number);
    modal(
        Modal::Reject,
        &title(showing.change, "Reject ", ""),
        "Reject",
        &memory,
        blocks,
    )
}

/// Returns the question how a rejected change was put right.
pub fn remediate(showing: &Showing<'_>, from: OpenedFrom<'_>) -> SlackView {
    let number = showing.change.number;
    let mut blocks = vec![about(showing)];
    if let Some(rejection) = &showing.change.rejection {
        let reason = say::wrote(&showing.texts.said(&rejection.reason), 2000);
        blocks.push(section(&format!(
            "{} rejected it: {}",
            say::person(&rejection.by),
            reason.words
        )));
    }
    blocks.push(input(
        Input::How,
        "How was it put right?",
        long_text()
            .with_placeholder(plain(
                "Rolled the rule back; the fix went through review as #4711",
            ))
            .with_focus_on_load(true)
            .into(),
        None,
        false,
    ));
    let memory = Memory::at(from.channel, from.thread).about(number);
    modal(
        Modal::Remediate,
        &title(showing.change, "Put ", " right"),
        "Save",
        &memory,
        blocks,
    )
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

const fn hint(section: Section) -> &'static str {
    match section {
        Section::WhatWasDone => "What was changed, and where: system, rule, version.",
        Section::Testing => "Even if minimal: what you checked, and what you saw.",
        Section::RollbackPlan => "How to go back, and how to tell that going back worked.",
        Section::Outcome => "What came of it: the incident, customers, data.",
        Section::LessonsLearned => "What would make the next one unnecessary, or calmer.",
    }
}

/// Good answers, after the guide's example.
const fn example(section: Section) -> &'static str {
    match section {
        Section::WhatWasDone => "Deployed WAF rule 1042 on the production load balancer",
        Section::Testing => {
            "Validated that the rule blocks the attack pattern without false positives"
        }
        Section::RollbackPlan => {
            "Disable rule 1042 in the console; requests pass again within a minute"
        }
        Section::Outcome => "Attack blocked, no customer data exposed",
        Section::LessonsLearned => "Need predefined WAF rules for common attack patterns",
    }
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
        block_id: Some(SlackBlockId(name.block_id().to_owned())),
        label: plain(label),
        element: named(element),
        hint,
        optional: optional.then_some(true),
        dispatch_action: None,
    }
    .into()
}

/// Gives the element of an input the one name that all of them have.
fn named(element: SlackInputBlockElement) -> SlackInputBlockElement {
    let id = || Input::ACTION_ID.into();
    match element {
        SlackInputBlockElement::PlainTextInput(one) => one.with_action_id(id()).into(),
        SlackInputBlockElement::StaticSelect(one) => one.with_action_id(id()).into(),
        SlackInputBlockElement::MultiStaticSelect(one) => one.with_action_id(id()).into(),
        SlackInputBlockElement::UsersSelect(one) => one.with_action_id(id()).into(),
        SlackInputBlockElement::RadioButtons(one) => one.with_action_id(id()).into(),
        SlackInputBlockElement::Checkboxes(one) => one.with_action_id(id()).into(),
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
