//! The legal next moves of a change, and only those, as buttons.

use slack_morphism::prelude::{
    SlackActionBlockElement, SlackBlock, SlackBlockButtonElement, SlackBlockConfirmItem,
};

use crate::domain::change::{Criterion, EmergencyChange, Stage};
use crate::domain::obligation::{Duty, Rung};
use crate::domain::ticket::ContentHash;
use crate::slack::control::{self, Control};

use super::blocks::{actions, button, danger, menu, plain, primary};
use super::facts::{self, Decision};
use super::{Showing, say};

/// The five kinds of emergency, one tap each.
pub(super) fn criteria(change: &EmergencyChange) -> SlackBlock {
    let buttons = Criterion::ALL
        .iter()
        .map(|criterion| {
            let control = Control::Criterion(*criterion);
            button(control, say::criterion_label(*criterion), change.number).into()
        })
        .collect();
    actions(buttons)
}

/// Whether the kind of emergency is still worth asking for.
pub(super) fn wants_criterion(change: &EmergencyChange) -> bool {
    change.criterion.is_none() && !change.is_over()
}

/// The next moves: one row, or none where nothing is left to do.
pub(super) fn moves(showing: &Showing<'_>) -> Option<SlackBlock> {
    let change = showing.change;
    let number = change.number;
    let mut row: Vec<SlackActionBlockElement> = Vec::new();
    let mut rare: Vec<(Control, &str)> = Vec::new();
    match change.stage {
        Stage::Requested if change.went_ahead.is_some() => {
            row.push(primary(deployed_now(change)).into());
            row.push(authorize(change).into());
            row.push(document(change).into());
            rare.push((Control::NeverDeployed, "It was never deployed"));
            rare.push((Control::Withdraw, "Withdraw the request"));
        }
        Stage::Requested => {
            row.push(primary(authorize(change)).into());
            row.push(deny(change).into());
            let repeats = repeats(change);
            if repeats >= 1 {
                row.push(ask_someone_else(change).into());
            }
            if repeats >= 2 {
                row.push(go_ahead(change).into());
            }
            rare.push((Control::Deployed, "Deployed now"));
            rare.push((Control::Withdraw, "Withdraw the request"));
        }
        Stage::Denied if change.went_ahead.is_some() => {
            row.push(primary(deployed_now(change)).into());
            row.push(ask_someone_else(change).into());
            rare.push((Control::NeverDeployed, "It was never deployed"));
            rare.push((Control::Withdraw, "Withdraw the request"));
        }
        Stage::Denied => {
            row.push(primary(ask_someone_else(change)).into());
            row.push(go_ahead(change).into());
            rare.push((Control::Deployed, "Deployed now"));
            rare.push((Control::Withdraw, "Withdraw the request"));
        }
        Stage::Authorized => {
            row.push(primary(deployed_now(change)).into());
            row.push(document(change).into());
            rare.push((Control::NeverDeployed, "It was never deployed"));
            rare.push((Control::Withdraw, "Withdraw the request"));
        }
        Stage::Deployed => row.push(primary(document(change)).into()),
        Stage::Documented => {
            match facts::decision(showing) {
                Decision::Ready(seen) => {
                    row.push(primary(approve(change, seen)).into());
                    row.push(reject(change).into());
                }
                Decision::Waits(_) | Decision::NotOwed => {}
            }
            row.push(document(change).into());
        }
        Stage::Approved => row.push(document(change).into()),
        Stage::Rejected => {
            if change.remediation.is_none() {
                row.push(primary(remediate(change)).into());
            }
            if change.documented_at.is_none() {
                row.push(document(change).into());
            }
        }
        Stage::Withdrawn | Stage::Lapsed | Stage::Closed => return None,
    }
    if facts::is_owed(showing, Duty::SecondAuthorization) {
        row.push(authorize(change).into());
    }
    let commanded = change
        .commander
        .as_ref()
        .is_some_and(|commander| commander.authorized_at.is_some());
    if !commanded {
        row.push(take_command(change, "I'm commanding").into());
    }
    if !change.deployments.is_empty() && change.unanswered().next().is_some() {
        row.push(answer(change).into());
    }
    if !rare.is_empty() {
        row.push(menu(number, &rare).into());
    }
    (!row.is_empty()).then(|| actions(row))
}

/// How often the request was repeated. A chase that begins anew, because
/// somebody else is asked, doesn't take back a way out that was offered: what
/// was slept through counts by its rung, what was said by its number.
fn repeats(change: &EmergencyChange) -> u32 {
    change
        .chases
        .iter()
        .filter(|((duty, _), _)| *duty == Duty::AnswerRequest)
        .map(|(_, chase)| match chase.highest {
            Some(Rung::Again(n)) => chase.n_reminders.max(u32::from(n)),
            Some(Rung::Opening | Rung::Ready | Rung::Before(_) | Rung::Overdue(_)) | None => {
                chase.n_reminders
            }
        })
        .max()
        .unwrap_or_default()
}

/// Permits it: before the deployment as the authorizer, after it as the second person.
pub(super) fn authorize(change: &EmergencyChange) -> SlackBlockButtonElement {
    let label = if change.deployments.is_empty() {
        "Authorize"
    } else {
        "Authorize afterwards"
    };
    button(Control::Authorize, label, change.number)
}

/// *Yes, I authorized it*.
pub(super) fn confirm(change: &EmergencyChange) -> SlackBlockButtonElement {
    button(Control::ConfirmAttestation, "Yes, I did", change.number)
}

/// *No, I didn't*.
pub(super) fn dispute(change: &EmergencyChange) -> SlackBlockButtonElement {
    danger(button(
        Control::DisputeAttestation,
        "No, I didn't",
        change.number,
    ))
}

/// Refuses it.
pub(super) fn deny(change: &EmergencyChange) -> SlackBlockButtonElement {
    danger(button(Control::Deny, "Deny", change.number))
}

fn ask_someone_else(change: &EmergencyChange) -> SlackBlockButtonElement {
    button(Control::AskSomeoneElse, "Ask someone else", change.number)
}

fn go_ahead(change: &EmergencyChange) -> SlackBlockButtonElement {
    button(Control::GoAhead, "Going ahead without", change.number).with_confirm(
        SlackBlockConfirmItem::new(
            plain("Go ahead without?"),
            plain(
                "It is recorded under your name as an exception, and a second person makes it good within 24 h of the deployment.",
            )
            .into(),
            plain("Go ahead"),
            plain("Not yet"),
        ),
    )
}

/// Says who commands, and authorizes as such.
pub(super) fn take_command(change: &EmergencyChange, label: &str) -> SlackBlockButtonElement {
    button(Control::TakeCommand, label, change.number)
}

/// Says that it is in production.
pub(super) fn deployed_now(change: &EmergencyChange) -> SlackBlockButtonElement {
    button(Control::Deployed, "Deployed now", change.number)
}

/// Says that it never was.
pub(super) fn never_deployed(change: &EmergencyChange) -> SlackBlockButtonElement {
    button(Control::NeverDeployed, "Never deployed", change.number)
}

/// Opens the ticket.
pub(super) fn document(change: &EmergencyChange) -> SlackBlockButtonElement {
    button(Control::Document, "Document", change.number)
}

/// Opens the same for whoever reads it before a decision.
pub(super) fn read_in_full(change: &EmergencyChange) -> SlackBlockButtonElement {
    button(Control::Document, "Read in full", change.number)
}

/// Approves exactly `seen`.
pub(super) fn approve(change: &EmergencyChange, seen: ContentHash) -> SlackBlockButtonElement {
    button(Control::Approve, "Approve", change.number)
        .with_value(control::approval_value(change.number, seen))
}

/// Rejects it, asking why.
pub(super) fn reject(change: &EmergencyChange) -> SlackBlockButtonElement {
    danger(button(Control::Reject, "Reject", change.number))
}

/// Says how a rejected change was put right.
pub(super) fn remediate(change: &EmergencyChange) -> SlackBlockButtonElement {
    button(
        Control::Remediate,
        "Say how it was put right",
        change.number,
    )
}

/// Answers exceptions.
pub(super) fn answer(change: &EmergencyChange) -> SlackBlockButtonElement {
    let label = if change.unanswered().count() > 1 {
        "Answer the exceptions"
    } else {
        "Answer the exception"
    };
    button(Control::AnswerExceptions, label, change.number)
}
