//! The form of what shows that a change was a normal one.

use slack_morphism::prelude::{SlackBlockPlainTextInputElement, SlackView};

use crate::domain::change::LONGEST_TEXT;
use crate::slack::control::{Input, Memory, Modal};
use crate::slack::views::blocks::{plain, section};
use crate::slack::views::question;
use crate::store::Question;

use super::{OpenedFrom, input, modal, someone};

/// Returns the question where the review of a change is, or who can confirm it.
pub fn explain_normal(about: &Question, from: OpenedFrom<'_>) -> SlackView {
    let link = SlackBlockPlainTextInputElement::new()
        .with_max_length(LONGEST_TEXT as u64)
        .with_placeholder(plain("https://…"))
        .with_focus_on_load(true);
    let blocks = vec![
        section(&format!(
            "{}\nOne of the two is enough.",
            question::what_happened(about)
        )),
        input(
            Input::Proof,
            "Where was it reviewed?",
            link.into(),
            Some("The request to merge, the ticket or the change record."),
            true,
        ),
        input(
            Input::Whom,
            "Or who can confirm it?",
            someone(None),
            Some("They are asked by direct message. Until they say so, it stays unexplained."),
            true,
        ),
    ];
    let memory = Memory {
        question: Some(about.id),
        ..Memory::at(from.channel, from.thread)
    };
    modal(
        Modal::ExplainNormal,
        "A normal change",
        "Save",
        &memory,
        blocks,
    )
}
