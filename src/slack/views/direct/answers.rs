//! What can be answered to a reminder beside doing what it asks, and how it looks
//! once it was.

use chrono::{DateTime, Utc};
use slack_morphism::prelude::{SlackActionBlockElement, SlackBlock};

use super::Due;
use crate::domain::change::{NAPS_IN_A_ROW, Nap};
use crate::domain::obligation::{Chase, Rung, act_of, obligations};
use crate::domain::policy::Party;
use crate::slack::control::Control;
use crate::slack::views::blocks::{actions, button, menu};
use crate::slack::views::say;

fn chase<'a>(due: &Due<'a>) -> Option<&'a Chase> {
    let owner = Some(Party::Person(due.owner.clone()));
    due.showing.change.chases.get(&(due.duty, owner))
}

/// Until when its owner has put it off, if they have.
pub(super) fn nap(due: &Due<'_>, now: DateTime<Utc>) -> Option<String> {
    let until = chase(due)?.nap_until.filter(|until| *until > now)?;
    Some(format!("You put it off until {}.", say::at(until)))
}

/// The menu of answers: not now, for as long as fits before the deadline; somebody
/// else; I'm away.
fn answers(due: &Due<'_>, now: DateTime<Utc>) -> Option<SlackActionBlockElement> {
    if due.duty.may_wake() {
        return None;
    }
    let change = due.showing.change;
    let chase = chase(due);
    let may_nap = chase.is_none_or(|chase| {
        chase.naps_in_a_row < NAPS_IN_A_ROW && chase.nap_until.is_none_or(|until| until <= now)
    });
    let naps = Nap::ALL
        .iter()
        .filter(|nap| may_nap && due.due_at.is_none_or(|due_at| now + nap.length() <= due_at));
    let mut moves: Vec<(Control, &str)> = naps
        .map(|nap| {
            let label = match nap {
                Nap::HalfAnHour => "Remind me in 30 minutes",
                Nap::Hour => "Remind me in an hour",
                Nap::TwoHours => "Remind me in 2 hours",
            };
            (Control::Snooze(*nap, due.duty), label)
        })
        .collect();
    if act_of(due.duty, change).is_some() {
        moves.push((Control::Delegate(due.duty), "Delegate…"));
    }
    moves.push((Control::Away, "I'm away…"));
    Some(match moves.as_slice() {
        // Slack wants at least two options in a menu.
        [(control, label)] => button(*control, label, change.number).into(),
        [..] => menu(change.number, &moves).into(),
    })
}

/// Puts the menu of answers at the end of the first row of buttons.
pub(super) fn with_answers(
    mut blocks: Vec<SlackBlock>,
    due: &Due<'_>,
    now: DateTime<Utc>,
) -> Vec<SlackBlock> {
    let Some(answers) = answers(due, now) else {
        return blocks;
    };
    let row = blocks.iter_mut().find_map(|block| match block {
        SlackBlock::Actions(row) => Some(row),
        _ => None,
    });
    match row {
        Some(row) => row.elements.push(answers),
        None => blocks.push(actions(vec![answers])),
    }
    blocks
}

/// Whether a later message says the same with buttons of its own: the first word of
/// a decision, once the ticket is ready.
pub(super) fn is_outdated(due: &Due<'_>) -> bool {
    let change = due.showing.change;
    let ready_at = obligations(change, due.showing.policy)
        .into_iter()
        .find(|one| one.duty == due.duty)
        .filter(|one| one.ready_at > Some(one.opened_at))
        .and_then(|one| one.ready_at);
    let last_at = chase(due).and_then(|chase| chase.last_at);
    due.rung == Rung::Opening && ready_at.is_some() && last_at >= ready_at
}
