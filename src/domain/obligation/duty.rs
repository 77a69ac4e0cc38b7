//! What can be owed, and what each of it means: the columns of one table.

use std::fmt;

use crate::domain::change::{Exception, Review};
use crate::domain::policy::Term;

/// What can be owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Duty {
    /// An answer to the request for authorization.
    AnswerRequest,
    /// Word of whether it was deployed.
    ConfirmDeployment,
    /// The ticket's fields.
    Ticket,
    /// The commander's authorization.
    CommanderAuthorization,
    /// Word of whether an authorization by word of mouth was given.
    Confirmation,
    /// A second person's authorization.
    SecondAuthorization,
    /// The retrospective decision.
    Approval,
    /// The security group's review.
    SecurityReview,
    /// The database administrator's approval.
    DatabaseApproval,
    /// The remedy after a rejection.
    Remediation,
    /// The answer to an exception.
    AnswerException(Exception),
    /// The compliance lead's word on whether it was a genuine emergency.
    GenuinenessReview,
    /// The review in a team meeting.
    MeetingReview,
    /// The permanent fix in place of what is temporary or a workaround.
    PermanentFix,
    /// A follow-up, the how-manieth of the ticket.
    FollowUp(u16),
}

impl Duty {
    /// Returns the name that stands in the record.
    pub fn name(self) -> String {
        match self {
            Self::AnswerRequest => "answer_request".to_owned(),
            Self::ConfirmDeployment => "confirm_deployment".to_owned(),
            Self::Ticket => "ticket".to_owned(),
            Self::CommanderAuthorization => "commander_authorization".to_owned(),
            Self::Confirmation => "confirmation".to_owned(),
            Self::SecondAuthorization => "second_authorization".to_owned(),
            Self::Approval => "approval".to_owned(),
            Self::SecurityReview => "security_review".to_owned(),
            Self::DatabaseApproval => "database_approval".to_owned(),
            Self::Remediation => "remediation".to_owned(),
            Self::AnswerException(exception) => format!("answer_exception:{}", exception.name()),
            Self::GenuinenessReview => "genuineness_review".to_owned(),
            Self::MeetingReview => "meeting_review".to_owned(),
            Self::PermanentFix => "permanent_fix".to_owned(),
            Self::FollowUp(n) => format!("follow_up:{n}"),
        }
    }

    /// Reads a name that stands in the record.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "answer_request" => Self::AnswerRequest,
            "confirm_deployment" => Self::ConfirmDeployment,
            "ticket" => Self::Ticket,
            "commander_authorization" => Self::CommanderAuthorization,
            "confirmation" => Self::Confirmation,
            "second_authorization" => Self::SecondAuthorization,
            "approval" => Self::Approval,
            "security_review" => Self::SecurityReview,
            "database_approval" => Self::DatabaseApproval,
            "remediation" => Self::Remediation,
            "genuineness_review" => Self::GenuinenessReview,
            "meeting_review" => Self::MeetingReview,
            "permanent_fix" => Self::PermanentFix,
            other => match other.split_once(':')? {
                ("answer_exception", exception) => {
                    Self::AnswerException(Exception::from_name(exception)?)
                }
                ("follow_up", n) => Self::FollowUp(n.parse().ok()?),
                _ => return None,
            },
        })
    }

    /// Whether an approval has to wait for it.
    pub const fn is_needed_for_approval(self) -> bool {
        match self {
            Self::Ticket
            | Self::CommanderAuthorization
            | Self::Confirmation
            | Self::SecondAuthorization => true,
            Self::AnswerRequest
            | Self::ConfirmDeployment
            | Self::Approval
            | Self::SecurityReview
            | Self::DatabaseApproval
            | Self::Remediation
            | Self::AnswerException(_)
            | Self::GenuinenessReview
            | Self::MeetingReview
            | Self::PermanentFix
            | Self::FollowUp(_) => false,
        }
    }

    /// Whether closing has to wait for it.
    pub const fn is_needed_to_close(self) -> bool {
        match self {
            Self::Ticket
            | Self::CommanderAuthorization
            | Self::Confirmation
            | Self::SecondAuthorization
            | Self::Approval
            | Self::SecurityReview
            | Self::DatabaseApproval
            | Self::Remediation
            | Self::AnswerException(_) => true,
            Self::AnswerRequest
            | Self::ConfirmDeployment
            | Self::GenuinenessReview
            | Self::MeetingReview
            | Self::PermanentFix
            | Self::FollowUp(_) => false,
        }
    }

    /// Whether it may ring at night. Only the emergency itself may; nobody is
    /// woken for paperwork.
    pub const fn may_wake(self) -> bool {
        match self {
            Self::AnswerRequest => true,
            Self::ConfirmDeployment
            | Self::Ticket
            | Self::CommanderAuthorization
            | Self::Confirmation
            | Self::SecondAuthorization
            | Self::Approval
            | Self::SecurityReview
            | Self::DatabaseApproval
            | Self::Remediation
            | Self::AnswerException(_)
            | Self::GenuinenessReview
            | Self::MeetingReview
            | Self::PermanentFix
            | Self::FollowUp(_) => false,
        }
    }

    /// The exception that its missed deadline is.
    pub const fn exception_when_missed(self) -> Option<Exception> {
        match self {
            Self::Ticket => Some(Exception::DocumentedLate),
            Self::Approval => Some(Exception::ApprovedLate),
            Self::CommanderAuthorization => Some(Exception::CommanderLate),
            Self::Confirmation => Some(Exception::ConfirmedLate),
            Self::SecondAuthorization => Some(Exception::SecondPersonLate),
            Self::SecurityReview => Some(Exception::SecurityReviewLate),
            Self::DatabaseApproval => Some(Exception::DatabaseApprovalLate),
            // A late answer to an exception is shown beside it; an exception of
            // an exception would chase its own tail. What isn't needed to close
            // opens nothing that is.
            Self::AnswerRequest
            | Self::ConfirmDeployment
            | Self::Remediation
            | Self::AnswerException(_)
            | Self::GenuinenessReview
            | Self::MeetingReview
            | Self::PermanentFix
            | Self::FollowUp(_) => None,
        }
    }

    /// The time that the policy sets for it; nothing where there is no deadline, or
    /// it brings its own date.
    pub const fn term(self) -> Option<Term> {
        match self {
            Self::Ticket => Some(Term::Ticket),
            Self::CommanderAuthorization => Some(Term::CommanderAuthorization),
            Self::Confirmation => Some(Term::Confirmation),
            Self::SecondAuthorization => Some(Term::SecondAuthorization),
            Self::Approval => Some(Term::Approval),
            Self::SecurityReview => Some(Term::SecurityReview),
            Self::DatabaseApproval => Some(Term::DatabaseApproval),
            Self::Remediation => Some(Term::Remediation),
            Self::AnswerException(_) => Some(Term::AnswerException),
            Self::GenuinenessReview => Some(Term::GenuinenessReview),
            Self::MeetingReview => Some(Term::MeetingReview),
            Self::PermanentFix => Some(Term::PermanentFix),
            Self::AnswerRequest | Self::ConfirmDeployment | Self::FollowUp(_) => None,
        }
    }

    /// Returns what a review meets.
    pub const fn of_review(review: Review) -> Self {
        match review {
            Review::Security => Self::SecurityReview,
            Review::Database => Self::DatabaseApproval,
        }
    }
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FollowUp(n) => return write!(f, "follow-up {n}"),
            Self::AnswerRequest => "an answer to the request",
            Self::ConfirmDeployment => "word of the deployment",
            Self::Ticket => "the ticket",
            Self::CommanderAuthorization => "the incident commander's authorization",
            Self::Confirmation => "the confirmation of an attested authorization",
            Self::SecondAuthorization => "a second person's authorization",
            Self::Approval => "the retrospective decision",
            Self::SecurityReview => "the security group's review",
            Self::DatabaseApproval => "the database administrator's approval",
            Self::Remediation => "the remedy after the rejection",
            Self::AnswerException(_) => "the answer to an exception",
            Self::GenuinenessReview => "the compliance lead's word on whether it was genuine",
            Self::MeetingReview => "the review in a team meeting",
            Self::PermanentFix => "the permanent fix",
        })
    }
}
