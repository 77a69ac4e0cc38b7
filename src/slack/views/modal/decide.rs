//! The forms of the retrospective decision and of the reviews beside it.

use std::collections::BTreeSet;

use slack_morphism::prelude::{
    SlackBlock, SlackBlockChoiceItem, SlackBlockRadioButtonsElement, SlackBlockText, SlackView,
};

use crate::domain::change::{Remedy, Review};
use crate::domain::id::UserId;
use crate::domain::policy::Term;
use crate::domain::ticket::ContentHash;
use crate::slack::control::{GENUINE, Input, Memory, Modal, NOT_GENUINE};
use crate::slack::views::blocks::{actions, plain, section};
use crate::slack::views::summary::summary;
use crate::slack::views::{Showing, facts, moves, say, ticket};

use super::{OpenedFrom, about, input, instant, long_text, modal, someone, title};

/// How much of each text a form shows that decides on it.
const ROOM: usize = 600;

fn radio(label: &str, value: &str) -> SlackBlockChoiceItem<SlackBlockText> {
    SlackBlockChoiceItem::new(plain(label).into(), value.to_owned())
}

/// Whether it was a genuine emergency; who says no says why.
fn genuine() -> [SlackBlock; 2] {
    let answers = vec![
        radio("Yes, it couldn't wait", GENUINE),
        radio("No, it could have waited", NOT_GENUINE),
    ];
    [
        input(
            Input::Genuine,
            "Was it a genuine emergency?",
            SlackBlockRadioButtonsElement::new(answers).into(),
            Some("A no takes nothing out of the count; it stands beside it."),
            false,
        ),
        input(
            Input::GenuineWords,
            "Why, or why not?",
            long_text().into(),
            Some("Needed for a no."),
            true,
        ),
    ]
}

/// Returns the questions that go with an approval of exactly `seen`.
pub fn approve(showing: &Showing<'_>, seen: ContentHash, from: OpenedFrom<'_>) -> SlackView {
    let change = showing.change;
    let mut blocks = vec![about(showing)];
    blocks.extend(summary(showing, ROOM));
    // An approval says of a content that it was read. Whoever decides reads it here,
    // as it is now, and can decide either way.
    blocks.push(actions(vec![
        moves::read_in_full(change).into(),
        moves::reject(change).into(),
    ]));
    blocks.extend(genuine());
    blocks.push(input(
        Input::Conditions,
        "On what condition?",
        long_text().into(),
        Some("It becomes a follow-up of the implementer's. Leave it empty if there is none."),
        true,
    ));
    let memory = Memory {
        seen: Some(seen.to_string()),
        ..Memory::at(from.channel, from.thread).about(change.number)
    };
    let title = title(change, "Approve ", "");
    modal(Modal::Approve, &title, "Approve", &memory, blocks)
}

/// Returns the question whether it was a genuine emergency, for the compliance
/// lead.
pub fn review_genuineness(showing: &Showing<'_>, from: OpenedFrom<'_>) -> SlackView {
    let change = showing.change;
    let mut blocks = vec![about(showing), section(&facts::why(showing))];
    blocks.extend(ticket::repeat(showing).map(|line| section(&format!("{line}."))));
    blocks.extend(genuine());
    let memory = Memory::at(from.channel, from.thread).about(change.number);
    modal(
        Modal::ReviewGenuineness,
        &title(change, "Review ", ""),
        "Save",
        &memory,
        blocks,
    )
}

/// Returns the form of a review beside the approver's decision.
pub fn review(
    showing: &Showing<'_>,
    review: Review,
    seen: ContentHash,
    from: OpenedFrom<'_>,
) -> SlackView {
    let change = showing.change;
    let label = match review {
        Review::Security => "What does the security group say of it?",
        Review::Database => "What does the database administrator say of it?",
    };
    let mut blocks = vec![about(showing)];
    blocks.extend(summary(showing, ROOM));
    blocks.push(actions(vec![moves::read_in_full(change).into()]));
    blocks.push(input(
        Input::Account,
        label,
        long_text().into(),
        Some("You review the ticket exactly as it reads now. Words may stay empty."),
        true,
    ));
    let memory = Memory {
        seen: Some(seen.to_string()),
        review: Some(review.name().to_owned()),
        ..Memory::at(from.channel, from.thread).about(change.number)
    };
    let title = title(change, "Review ", "");
    modal(Modal::Review, &title, "I reviewed it", &memory, blocks)
}

/// Returns the question why a change is rejected, and how it is put right.
pub fn reject(showing: &Showing<'_>, from: OpenedFrom<'_>) -> SlackView {
    let change = showing.change;
    let ways: Vec<_> = Remedy::ALL
        .iter()
        .map(|one| radio(say::remedy(*one), one.name()))
        .collect();
    let usual = radio(say::remedy(Remedy::Redo), Remedy::Redo.name());
    let due_at = showing.now + showing.policy.due.within(Term::Remediation);
    let mut blocks = vec![
        about(showing),
        input(
            Input::Reason,
            "Why do you reject it?",
            long_text().with_focus_on_load(true).into(),
            Some("Whoever puts it right reads this. A rejection stays on record."),
            false,
        ),
        input(
            Input::Way,
            "How is it put right?",
            SlackBlockRadioButtonsElement::new(ways)
                .with_initial_option(usual)
                .into(),
            None,
            false,
        ),
        input(
            Input::Owner,
            "By whom?",
            someone(change.implementers().next()),
            Some("Who accepts a risk isn't one of those who took it."),
            false,
        ),
        input(Input::DueAt, "By when?", instant(Some(due_at)), None, false),
    ];
    blocks.extend(genuine());
    let mut memory = Memory::at(from.channel, from.thread).about(change.number);
    let involved: BTreeSet<&UserId> = std::iter::once(&change.requester)
        .chain(change.implementers())
        .collect();
    memory.involved = involved
        .into_iter()
        .take(MOST_INVOLVED)
        .map(|who| who.as_str().to_owned())
        .collect();
    let title = title(change, "Reject ", "");
    modal(Modal::Reject, &title, "Reject", &memory, blocks)
}

/// How many of those who took the risk a form remembers; a rule knows them all.
const MOST_INVOLVED: usize = 40;

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
        if let Some(remedy) = rejection.remedy {
            blocks.push(section(&format!("*Remedy:* {}", say::remedy(remedy))));
        }
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
