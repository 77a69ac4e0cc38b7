//! The legal next moves of a change, and only those, as buttons.

use slack_morphism::prelude::{
    SlackActionBlockElement, SlackBlock, SlackBlockButtonElement, SlackBlockConfirmItem,
};

use crate::domain::change::{Criterion, EmergencyChange, Review, Stage};
use crate::domain::id::UserId;
use crate::domain::obligation::{Duty, Rung};
use crate::domain::ticket::{ContentHash, content_hash};
use crate::slack::control::{self, Control};

use super::blocks::{
    actions, button, button_of, context, danger, menu, plain, plain_button, primary, section_with,
};
use super::facts::{self, Decision};
use super::{Showing, say, ticket};

/// What a drill is, wherever its moves are shown.
pub(super) const DRILL: &str = "This is a drill: everything is rehearsed, and nothing counts.";

/// What isn't an emergency, wherever its kind is asked for.
const NO_EMERGENCY: &str =
    "Not an emergency: a faster launch, a deadline today, skipping the process.";

/// The five kinds of emergency, one tap each, while one of them is worth asking for.
pub(super) fn criteria(change: &EmergencyChange) -> Vec<SlackBlock> {
    if change.criterion.is_some() || change.approval.is_some() || change.is_over() {
        return Vec::new();
    }
    let hint = if change.reason.is_some() {
        "If it is one of the five after all, tap it."
    } else {
        NO_EMERGENCY
    };
    vec![actions(criterion_buttons(change)), context(hint)]
}

/// The same in a direct message, which has no menu for another reason.
pub(super) fn criteria_or_another(change: &EmergencyChange) -> Vec<SlackBlock> {
    let mut row = criterion_buttons(change);
    row.push(button(Control::StateReason, ANOTHER_REASON, change.number).into());
    vec![actions(row), context(NO_EMERGENCY)]
}

fn criterion_buttons(change: &EmergencyChange) -> Vec<SlackActionBlockElement> {
    Criterion::ALL
        .iter()
        .map(|criterion| {
            let control = Control::Criterion(*criterion);
            button(control, say::criterion_label(*criterion), change.number).into()
        })
        .collect()
}

/// The label of the question for a reason that is none of the five.
const ANOTHER_REASON: &str = "Another reason…";

/// The label of the form for something that is to be done afterwards.
const ADD_A_FOLLOW_UP: &str = "Add a follow-up…";

/// How many open follow-ups have their button at once; the next one moves up when
/// one is done.
const MOST_FOLLOW_UPS: usize = 5;

/// How much of a follow-up stands beside its button.
const ROOM_FOR_A_FOLLOW_UP: usize = 100;

/// The moves that are rarely wanted at this stage.
fn rare(change: &EmergencyChange) -> Vec<(Control, &'static str)> {
    let mut rare = Vec::new();
    let went_ahead = change.went_ahead.is_some();
    match change.stage {
        Stage::Requested | Stage::Denied if !went_ahead => {
            rare.push((Control::Deployed, "Deployed now"));
        }
        Stage::Requested | Stage::Denied | Stage::Authorized => {
            rare.push((Control::NeverDeployed, "It was never deployed"));
        }
        Stage::Deployed | Stage::Documented | Stage::Approved | Stage::Rejected => {
            rare.push((Control::CorrectDeployment, "Correct deployment time…"));
            rare.push((Control::AddFollowUp, ADD_A_FOLLOW_UP));
        }
        // What is learned later is still to be done by somebody.
        Stage::Closed => {
            rare.push((Control::AddFollowUp, ADD_A_FOLLOW_UP));
            return rare;
        }
        Stage::Withdrawn | Stage::Lapsed => return rare,
    }
    if change.stage == Stage::Requested {
        rare.push((Control::Attest, "Agreed by phone or in person…"));
    }
    if change.criterion.is_none() && change.reason.is_none() && change.approval.is_none() {
        rare.push((Control::StateReason, ANOTHER_REASON));
    }
    // A denial isn't made unseen by taking back what was denied. A drill has a
    // button for it.
    let withdraws = matches!(change.stage, Stage::Requested | Stage::Authorized);
    if withdraws && !change.drill {
        rare.push((Control::Withdraw, "Withdraw the request"));
    }
    rare
}

/// The next moves: one row, or none where nothing is left to do.
pub(super) fn moves(showing: &Showing<'_>) -> Option<SlackBlock> {
    let change = showing.change;
    let mut row: Vec<SlackActionBlockElement> = Vec::new();
    match change.stage {
        Stage::Requested if change.went_ahead.is_some() => {
            row.push(primary(deployed_now(change)).into());
            row.push(authorize(change).into());
            row.push(document(change).into());
        }
        Stage::Requested => {
            row.push(primary(authorize(change)).into());
            row.push(deny(change).into());
            let repeats = repeats(change);
            if repeats >= 1 {
                row.push(ask_someone_else(change).into());
            }
            if repeats >= 2 {
                row.push(go_ahead(showing).into());
            }
        }
        Stage::Denied if change.went_ahead.is_some() => {
            row.push(primary(deployed_now(change)).into());
            row.push(ask_someone_else(change).into());
        }
        Stage::Denied => {
            row.push(primary(ask_someone_else(change)).into());
            row.push(go_ahead(showing).into());
        }
        Stage::Authorized => {
            row.push(primary(deployed_now(change)).into());
            row.push(document(change).into());
        }
        Stage::Deployed => row.push(primary(document(change)).into()),
        Stage::Documented => {
            match facts::decision(showing) {
                Decision::Ready(seen) => {
                    // Whoever presses it here may have authorized it too.
                    row.push(primary(approve(change, seen, true)).into());
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
        Stage::Closed => {}
        Stage::Withdrawn | Stage::Lapsed => return None,
    }
    if facts::is_owed(showing, Duty::SecondAuthorization) {
        row.push(authorize(change).into());
    }
    let commanded = change
        .commander
        .as_ref()
        .is_some_and(|commander| commander.authorized_at.is_some());
    if !commanded && !change.is_over() {
        row.push(take_command(change, "I'm commanding").into());
    }
    if !change.deployments.is_empty() && change.unanswered().next().is_some() {
        row.push(answer(change).into());
    }
    // A group is asked in the thread, and answers here.
    for (duty, which) in [
        (Duty::SecurityReview, Review::Security),
        (Duty::DatabaseApproval, Review::Database),
    ] {
        if facts::is_owed(showing, duty) {
            row.push(review(change, which).into());
        }
    }
    row.extend(afterwards(showing));
    if change.drill && !change.is_over() {
        row.push(button(Control::Withdraw, "End the drill", change.number).into());
    }
    let rare = rare(change);
    match rare.as_slice() {
        [] => {}
        // Slack wants at least two options in a menu.
        [(control, label)] => row.push(button(*control, label, change.number).into()),
        [..] => row.push(menu(change.number, &rare).into()),
    }
    (!row.is_empty()).then(|| actions(row))
}

/// What is owed afterwards, whether that is before closing or after it.
fn afterwards(showing: &Showing<'_>) -> Vec<SlackActionBlockElement> {
    let change = showing.change;
    let mut row: Vec<SlackActionBlockElement> = Vec::new();
    if facts::is_owed(showing, Duty::GenuinenessReview) {
        row.push(review_genuineness(change).into());
    }
    if facts::is_owed(showing, Duty::PermanentFix) {
        row.push(permanent_fix(change).into());
    }
    if facts::is_owed(showing, Duty::MeetingReview) {
        row.push(mark_as_reviewed().into());
    }
    row
}

/// The follow-ups that are to be done, each with the button that says that it is,
/// the next due first.
pub(super) fn follow_ups(showing: &Showing<'_>) -> Vec<SlackBlock> {
    let mut open: Vec<_> = facts::owed(showing)
        .into_iter()
        .filter_map(|one| match one.duty {
            Duty::FollowUp(n) => Some((one.due_at, n)),
            _ => None,
        })
        .collect();
    open.sort_unstable();
    open.into_iter()
        .take(MOST_FOLLOW_UPS)
        .map(|(_, n)| {
            let what = ticket::follow_up(showing, n, ROOM_FOR_A_FOLLOW_UP);
            section_with(&what, finish_follow_up(showing.change, n))
        })
        .collect()
}

/// Says that a team meeting reviewed it, among others.
pub(super) fn mark_as_reviewed() -> SlackBlockButtonElement {
    plain_button(Control::RecordMeeting, "Mark as reviewed…")
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
            Some(
                Rung::Opening
                | Rung::Ready
                | Rung::Before(_)
                | Rung::Overdue(_)
                | Rung::AfterNap(_),
            )
            | None => chase.n_reminders,
        })
        .max()
        .unwrap_or_default()
}

/// Whether the most senior engineer available may stand in for whoever is asked.
pub(super) fn may_stand_in(change: &EmergencyChange) -> bool {
    change.stage == Stage::Requested && change.authorization.is_none()
}

/// Permits it as the most senior engineer available.
pub(super) fn stand_in(showing: &Showing<'_>) -> SlackBlockButtonElement {
    let change = showing.change;
    let confirm = SlackBlockConfirmItem::new(
        plain("Authorize it yourself?"),
        plain(&format!(
            "You say that nobody with the authority is at hand. That is recorded as your word, and a second person with the authority makes it good {}.",
            facts::second_person_within(showing.policy)
        ))
        .into(),
        plain("Authorize"),
        plain("Not yet"),
    );
    button(
        Control::StandIn,
        "I'm the most senior engineer available",
        change.number,
    )
    .with_confirm(confirm)
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

fn go_ahead(showing: &Showing<'_>) -> SlackBlockButtonElement {
    let number = showing.change.number;
    button(Control::GoAhead, "Going ahead without", number)
        .with_confirm(SlackBlockConfirmItem::new(
        plain("Go ahead without?"),
        plain(&format!(
            "It is recorded under your name as an exception, and a second person makes it good {}.",
            facts::second_person_within(showing.policy)
        ))
        .into(),
        plain("Go ahead"),
        plain("Not yet"),
    ))
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

/// Approves exactly `seen`: at once, or asking first whether it was a genuine
/// emergency.
pub(super) fn approve(
    change: &EmergencyChange,
    seen: ContentHash,
    asks: bool,
) -> SlackBlockButtonElement {
    let value = if asks {
        control::asking_value(change.number, seen)
    } else {
        control::approval_value(change.number, seen)
    };
    button_of(Control::Approve, "Approve", &value)
}

/// Opens what is decided on, with the decision below it.
pub(super) fn read_and_decide(
    change: &EmergencyChange,
    seen: ContentHash,
) -> SlackBlockButtonElement {
    let value = control::asking_value(change.number, seen);
    button_of(Control::Approve, "Read and decide…", &value)
}

/// Approves exactly `seen` with something to say beside it.
pub(super) fn approve_but(change: &EmergencyChange, seen: ContentHash) -> SlackBlockButtonElement {
    button_of(
        Control::ApproveBut,
        "Approve, but…",
        &control::asking_value(change.number, seen),
    )
}

/// Whether an approval by `who` asks first: a text says too little, or the
/// approver's authorization is what they would judge.
pub(super) fn asks_first(change: &EmergencyChange, who: &UserId) -> bool {
    let authorized = change.authorization.as_ref().map(|given| &given.by);
    let second = change.second.as_ref().map(|act| &act.by);
    change.vague().next().is_some() || authorized == Some(who) || second == Some(who)
}

/// Reviews exactly what stands now.
pub(super) fn review(change: &EmergencyChange, review: Review) -> SlackBlockButtonElement {
    let label = match review {
        Review::Security => "Security review",
        Review::Database => "Database approval",
    };
    let value = control::approval_value(change.number, content_hash(change));
    button_of(Control::Review(review), label, &value)
}

/// Says, as the compliance lead, whether it was a genuine emergency.
pub(super) fn review_genuineness(change: &EmergencyChange) -> SlackBlockButtonElement {
    button(Control::ReviewGenuineness, "Was it genuine?", change.number)
}

/// Says how it was fixed for good.
pub(super) fn permanent_fix(change: &EmergencyChange) -> SlackBlockButtonElement {
    button(Control::PermanentFix, "Fixed for good", change.number)
}

/// Says that a follow-up is done.
pub(super) fn finish_follow_up(change: &EmergencyChange, n: u16) -> SlackBlockButtonElement {
    let value = control::follow_up_value(change.number, n);
    button_of(Control::FinishFollowUp, "Done", &value)
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
