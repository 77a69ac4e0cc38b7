//! News of one event that one person should hear.

use slack_morphism::prelude::SlackActionBlockElement;

use crate::domain::change::{Event, Recorded};
use crate::domain::obligation::obligations;
use crate::domain::policy::Policy;
use crate::slack::views::blocks::{actions, message, primary, section};
use crate::slack::views::{Message, Showing, facts, moves, note, say};

use super::ROOM_FOR_WHAT;

/// Returns the news of an event for one person; nothing of events of which
/// nobody in particular is told.
pub fn told(showing: &Showing<'_>, recorded: &Recorded) -> Option<Message> {
    let change = showing.change;
    let title = say::title(change);
    let who = note::actor(&recorded.actor);
    let what = showing.what_in_a_line(ROOM_FOR_WHAT);
    let (line, row): (String, Vec<SlackActionBlockElement>) = match &recorded.event {
        Event::Approved { .. } => (
            format!("{who} approved it in retrospect. Thank you for the paperwork."),
            Vec::new(),
        ),
        Event::ApprovalTakenBack { field } => (note::taken_back(&who, *field), Vec::new()),
        Event::FieldWritten {
            field,
            replaced: Some(_),
            ..
        } => (note::saved_over(*field), Vec::new()),
        Event::Rejected { reason, due_at, .. } => (
            format!(
                "{who} rejected it: {}\nSay how it was put right, by {}.",
                say::wrote_in_a_line(&showing.texts.said(reason), 1500),
                say::at(due_at.unwrap_or(recorded.at + Policy::REMEDY))
            ),
            if change.remediation.is_none() {
                vec![primary(moves::remediate(change)).into()]
            } else {
                Vec::new()
            },
        ),
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
        Event::DeadlineMissed {
            duty,
            owner,
            due_at,
        } => (
            note::missed(
                showing,
                *duty,
                &format!(" from {}", facts::owner(owner.as_ref())),
                *due_at,
                recorded.at,
            ),
            Vec::new(),
        ),
        Event::HandedOver {
            duty,
            from,
            to,
            why,
        } => (
            format!(
                "{} Nothing more is asked of you for it.",
                note::handed_over(*duty, from.as_ref(), to, *why, &recorded.actor)
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
