//! The forms by which somebody answers a reminder without doing what it asks:
//! handing it to somebody else, being away.

use chrono::TimeDelta;
use slack_morphism::prelude::SlackView;

use crate::domain::obligation::{Duty, obligations};
use crate::slack::control::{Input, Memory, Modal};
use crate::slack::views::blocks::section;
use crate::slack::views::{Showing, facts, say};

use super::{OpenedFrom, about, input, instant, modal, someone, title};

/// How long somebody is away unless they say otherwise: about a day.
const A_DAY: TimeDelta = TimeDelta::hours(24);

/// Returns the question to whom something passes.
pub fn delegate(showing: &Showing<'_>, duty: Duty, from: OpenedFrom<'_>) -> SlackView {
    let change = showing.change;
    let owed = obligations(change, showing.policy)
        .into_iter()
        .find(|one| one.duty == duty && one.met_at.is_none());
    let owner = owed.as_ref().map_or_else(
        || "Nobody".to_owned(),
        |one| facts::owner(one.owner.as_ref()),
    );
    let due = owed.and_then(|one| one.due_at).map_or_else(
        || ".".to_owned(),
        |due_at| format!(", {}.", say::due(due_at, showing.now)),
    );
    let blocks = vec![
        about(showing),
        section(&format!(
            "*{}* is {owner}'s{due}",
            say::capitalised(&duty.to_string())
        )),
        input(
            Input::Owner,
            "Who does it instead?",
            someone(None),
            Some("They are told at once, and so is whoever it was with. The deadline stays."),
            false,
        ),
    ];
    let memory = Memory {
        duty: Some(duty.name()),
        ..Memory::at(from.channel, from.thread).about(change.number)
    };
    let title = title(change, "Hand on ", "");
    modal(Modal::Delegate, &title, "Hand on", &memory, blocks)
}

/// Returns the question until when somebody is away.
pub fn away(showing: &Showing<'_>, from: OpenedFrom<'_>) -> SlackView {
    let blocks = vec![
        section(
            "What you owe and is due before you are back passes to somebody else who may do it, in every change. What nobody else may do stays yours, and you are told which that is.",
        ),
        input(
            Input::DueAt,
            "When are you back?",
            instant(Some(showing.now + A_DAY)),
            None,
            false,
        ),
    ];
    let memory = Memory::at(from.channel, from.thread).about(showing.change.number);
    modal(Modal::Away, "I'm away", "Save", &memory, blocks)
}
