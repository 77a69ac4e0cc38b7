//! The forms of what comes after the ticket: the permanent fix and follow-ups.

use slack_morphism::prelude::SlackView;

use crate::domain::policy::Term;
use crate::domain::ticket::Field;
use crate::slack::control::{Input, Memory, Modal};
use crate::slack::views::blocks::{plain, section};
use crate::slack::views::{Showing, say};

use super::{OpenedFrom, about, input, instant, long_text, modal, someone, title};

/// How much of what is to be done a form shows.
const ROOM: usize = 2000;

/// Returns the question how it was fixed for good.
pub fn permanent_fix(showing: &Showing<'_>, from: OpenedFrom<'_>) -> SlackView {
    let change = showing.change;
    let mut blocks = vec![about(showing)];
    if let Some(text) = change.words(Field::PermanentFix) {
        let planned = say::wrote(&showing.texts.said(&text), ROOM).words;
        blocks.push(section(&format!("*Planned:* {planned}")));
    }
    blocks.push(input(
        Input::How,
        "How was it fixed for good?",
        long_text()
            .with_placeholder(plain("Merged as #4711 through review: https://…"))
            .with_focus_on_load(true)
            .into(),
        Some("A link to where it can be seen says most."),
        false,
    ));
    let memory = Memory::at(from.channel, from.thread).about(change.number);
    let title = title(change, "", " fixed");
    modal(Modal::PermanentFix, &title, "Save", &memory, blocks)
}

/// Returns the form of a new follow-up.
pub fn add_follow_up(showing: &Showing<'_>, from: OpenedFrom<'_>) -> SlackView {
    let change = showing.change;
    let due_at = showing.now + showing.policy.due.within(Term::Remediation);
    let owner = change.implementers().next().unwrap_or(&change.requester);
    let blocks = vec![
        about(showing),
        input(
            Input::What,
            "What is to be done?",
            long_text().with_focus_on_load(true).into(),
            None,
            false,
        ),
        input(Input::Owner, "By whom?", someone(Some(owner)), None, false),
        input(Input::DueAt, "By when?", instant(Some(due_at)), None, false),
    ];
    let memory = Memory::at(from.channel, from.thread).about(change.number);
    let title = title(change, "", " follow-up");
    modal(Modal::AddFollowUp, &title, "Save", &memory, blocks)
}

/// Returns the question how a follow-up, the `n`th, was done.
pub fn finish_follow_up(showing: &Showing<'_>, n: u16, from: OpenedFrom<'_>) -> SlackView {
    let change = showing.change;
    let mut blocks = vec![about(showing)];
    let nth = usize::from(n).checked_sub(1);
    if let Some(one) = nth.and_then(|nth| change.follow_ups.get(nth)) {
        let what = say::wrote(&showing.texts.said(&one.what), ROOM).words;
        blocks.push(section(&format!("*Follow-up {n}:* {what}")));
    }
    blocks.push(input(
        Input::How,
        "How was it done?",
        long_text().with_focus_on_load(true).into(),
        Some("A link says most. It may stay empty."),
        true,
    ));
    let memory = Memory {
        follow_up: Some(n),
        ..Memory::at(from.channel, from.thread).about(change.number)
    };
    let title = title(change, "", " follow-up");
    modal(Modal::FinishFollowUp, &title, "Done", &memory, blocks)
}
