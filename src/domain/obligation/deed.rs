//! Which event is an answer to a reminder of what.

use super::Duty;
use crate::domain::change::Event;
use crate::domain::id::UserId;

/// What somebody did about something that they were reminded of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Authorized it.
    Authorized,
    /// Denied it.
    Denied,
    /// Said that they gave an attested authorization.
    Confirmed,
    /// Said that they didn't.
    Disputed,
    /// Said who commands.
    NamedCommander,
    /// Said that it was deployed.
    Deployed,
    /// Said that it was never deployed, or took the request back.
    CalledOff,
    /// Wrote into the ticket.
    Wrote,
    /// Attached evidence to it.
    Attached,
    /// Approved it in retrospect.
    Approved,
    /// Rejected it in retrospect.
    Rejected,
    /// Reviewed it.
    Reviewed,
    /// Said whether it was genuine.
    Judged,
    /// Recorded the meeting.
    Met,
    /// Said that it is fixed for good, put right, or followed up.
    Done,
    /// Answered the exception.
    Answered,
}

/// Returns which duties an event does something about, and what; nothing for what
/// answers no reminder.
pub(super) fn deed(event: &Event) -> Option<(Deed, Vec<Duty>)> {
    Some(match event {
        // It stands for the second person's, where that was waited for.
        Event::Authorized { .. } => (
            Deed::Authorized,
            vec![Duty::AnswerRequest, Duty::SecondAuthorization],
        ),
        Event::Denied { .. } => (Deed::Denied, vec![Duty::AnswerRequest]),
        Event::AttestationConfirmed => (Deed::Confirmed, vec![Duty::Confirmation]),
        Event::AttestationDisputed => (Deed::Disputed, vec![Duty::Confirmation]),
        Event::CommanderNamed { .. } => (Deed::NamedCommander, vec![Duty::CommanderAuthorization]),
        Event::CommanderAuthorized { .. } => (Deed::Authorized, vec![Duty::CommanderAuthorization]),
        Event::SecondAuthorized { .. } => (Deed::Authorized, vec![Duty::SecondAuthorization]),
        Event::Deployed { .. } => (Deed::Deployed, vec![Duty::ConfirmDeployment]),
        Event::Lapsed | Event::Withdrawn | Event::LinkedAsDuplicate { .. } => {
            (Deed::CalledOff, vec![Duty::ConfirmDeployment])
        }
        // Why it was an emergency is a part of the ticket.
        Event::CriterionStated { .. }
        | Event::ReasonStated { .. }
        | Event::SectionWritten { .. }
        | Event::FieldWritten { .. } => (Deed::Wrote, vec![Duty::Ticket]),
        Event::AttachmentKept { .. } => (Deed::Attached, vec![Duty::Ticket]),
        Event::Approved { .. } => (Deed::Approved, vec![Duty::Approval]),
        Event::Rejected { .. } => (Deed::Rejected, vec![Duty::Approval]),
        Event::Reviewed { review, .. } => (Deed::Reviewed, vec![Duty::of_review(*review)]),
        Event::GenuinenessReviewed { .. } => (Deed::Judged, vec![Duty::GenuinenessReview]),
        Event::MeetingHeld { .. } => (Deed::Met, vec![Duty::MeetingReview]),
        Event::PermanentFixMade { .. } => (Deed::Done, vec![Duty::PermanentFix]),
        Event::FollowUpDone { n, .. } => (Deed::Done, vec![Duty::FollowUp(*n)]),
        Event::Remediated { .. } => (Deed::Done, vec![Duty::Remediation]),
        Event::ExceptionAnswered { exception, .. } => {
            (Deed::Answered, vec![Duty::AnswerException(*exception)])
        }
        // What nobody was reminded of, or what nobody did; naps and hand-overs
        // are told as such.
        Event::Requested { .. }
        | Event::AskedAnew { .. }
        | Event::WentAhead
        | Event::DeploymentCorrected { .. }
        | Event::MessageEdited { .. }
        | Event::MessageDeleted { .. }
        | Event::ReactionRemoved { .. }
        | Event::Redacted { .. }
        | Event::Documented
        | Event::TicketReopened { .. }
        | Event::ApprovalTakenBack { .. }
        | Event::FollowUpAdded { .. }
        | Event::ExceptionRecorded { .. }
        | Event::DeadlineMissed { .. }
        | Event::Reminded { .. }
        | Event::Snoozed { .. }
        | Event::HandedOver { .. }
        | Event::Escalated { .. }
        | Event::Delivered { .. }
        | Event::Undelivered { .. }
        | Event::Closed => return None,
    })
}

/// Returns whose deed an event is: an authorization is that of whoever gave it,
/// whoever put it on record.
pub(super) fn doer<'a>(event: &'a Event, actor: Option<&'a UserId>) -> Option<&'a UserId> {
    if let Event::Authorized { by, .. } = event {
        return Some(by);
    }
    actor
}
