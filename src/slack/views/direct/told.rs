//! News of one event that one person should hear.

use chrono::{DateTime, Utc};
use slack_morphism::prelude::SlackActionBlockElement;

use crate::domain::change::{EmergencyChange, Event, Recorded};
use crate::domain::id::UserId;
use crate::domain::obligation::obligations;
use crate::slack::views::blocks::{actions, message, primary, section};
use crate::slack::views::{Message, Showing, facts, moves, note, say};

use super::ROOM_FOR_WHAT;

/// Returns the news of an event for one person, the `reader`; nothing of events of which
/// nobody in particular is told.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each event; the compiler sees that none is missing"
)]
pub fn told(showing: &Showing<'_>, recorded: &Recorded, reader: &UserId) -> Option<Message> {
    let change = showing.change;
    let title = say::title(change);
    let who = note::actor(&recorded.actor);
    let what = showing.what_in_a_line(ROOM_FOR_WHAT);
    let (line, row): (String, Vec<SlackActionBlockElement>) = match &recorded.event {
        Event::Approved { .. } => (
            format!("{who} approved it in retrospect. Thank you for the paperwork."),
            Vec::new(),
        ),
        Event::ApprovalTakenBack { field } => (
            note::taken_back(change, &who, *field, recorded.at),
            Vec::new(),
        ),
        Event::FieldWritten {
            field,
            replaced: Some(_),
            ..
        } => (note::saved_over(*field), Vec::new()),
        Event::Rejected { reason, due_at, .. } => {
            let reason = say::wrote_in_a_line(&showing.texts.said(reason), 1500);
            let until = facts::remedy_due_at(showing, *due_at, recorded.at);
            let (next, row) = puts_it_right(change, reader, until);
            (format!("{who} rejected it: {reason}\n{next}"), row)
        }
        Event::AttestationDisputed => (
            format!(
                "{who} says that they didn't authorize it. {}",
                if change.deployed_at().is_some() {
                    "It is recorded as deployed without; somebody else who may authorize makes that good on the card."
                } else {
                    "Ask somebody who may authorize before you deploy; the card has the buttons."
                }
            ),
            Vec::new(),
        ),
        Event::DeadlineMissed { .. } => (
            note::missed_at_once(showing, recorded, |_, owner| {
                format!(" from {}", facts::owner(owner))
            }),
            Vec::new(),
        ),
        Event::HandedOver {
            duty,
            from: _,
            to,
            why,
        } => (
            format!(
                "{} Nothing more is asked of you for it.",
                note::passes_from_you(*duty, to, *why, &recorded.actor)
            ),
            Vec::new(),
        ),
        Event::Escalated {
            duty,
            due_at,
            to: _,
            step: _,
        } => (
            format!(
                "{} was due {} and is still open. It waits for {}; a word from you may help.",
                say::capitalised(&duty.to_string()),
                say::at(*due_at),
                facts::owner(
                    obligations(change, showing.policy)
                        .into_iter()
                        .find(|one| one.duty == *duty)
                        .and_then(|one| one.owner)
                        .as_ref()
                ),
            ),
            Vec::new(),
        ),
        Event::Requested { .. }
        | Event::CriterionStated { .. }
        | Event::AskedAnew { .. }
        | Event::Authorized { .. }
        | Event::Denied { .. }
        | Event::WentAhead
        | Event::CommanderNamed { .. }
        | Event::CommanderAuthorized { .. }
        | Event::SecondAuthorized { .. }
        | Event::Deployed { .. }
        | Event::AttestationConfirmed
        | Event::DeploymentCorrected { .. }
        | Event::ReasonStated { .. }
        | Event::LinkedAsDuplicate { .. }
        | Event::AttachmentKept { .. }
        | Event::Redacted { .. }
        | Event::MessageEdited { .. }
        | Event::MessageDeleted { .. }
        | Event::ReactionRemoved { .. }
        | Event::Lapsed
        | Event::Withdrawn
        | Event::SectionWritten { .. }
        | Event::FieldWritten { replaced: None, .. }
        | Event::Documented
        | Event::Remediated { .. }
        | Event::TicketReopened { .. }
        | Event::Reviewed { .. }
        | Event::GenuinenessReviewed { .. }
        | Event::MeetingHeld { .. }
        | Event::PermanentFixMade { .. }
        | Event::FollowUpAdded { .. }
        | Event::FollowUpDone { .. }
        | Event::ExceptionRecorded { .. }
        | Event::ExceptionAnswered { .. }
        | Event::Reminded { .. }
        | Event::Snoozed { .. }
        | Event::Delivered { .. }
        | Event::Undelivered { .. }
        | Event::Closed => return None,
    };
    let mut blocks = vec![section(&format!("*{title}*  {what}\n{line}"))];
    if !row.is_empty() {
        blocks.push(actions(row));
    }
    Some(message(&format!("{title}: {line}"), blocks))
}

/// Who says how it is put right, to the `reader`: only whoever is named for it may.
fn puts_it_right(
    change: &EmergencyChange,
    reader: &UserId,
    until: DateTime<Utc>,
) -> (String, Vec<SlackActionBlockElement>) {
    let until = say::at(until);
    if let Some(owner) = change.remedy_owner().filter(|owner| *owner != reader) {
        let owner = say::person(owner);
        let next =
            format!("{owner} says how it is put right, by {until}; nothing is asked of you.");
        return (next, Vec::new());
    }
    let next = format!("Say how it was put right, by {until}.");
    if change.remediation.is_some() {
        return (next, Vec::new());
    }
    (next, vec![primary(moves::remediate(change)).into()])
}
