//! How long whoever owes something may take.

use std::collections::BTreeMap;
use std::fmt;

use chrono::TimeDelta;

named! {
    /// Something owed whose time the policy sets. It bears the name of its duty.
    pub enum Term {
        /// The ticket's sections, from the deployment.
        Ticket = "ticket",
        /// The commander's authorization, from the deployment.
        CommanderAuthorization = "commander_authorization",
        /// The confirmation of an authorization by word of mouth.
        Confirmation = "confirmation",
        /// A second person's authorization.
        SecondAuthorization = "second_authorization",
        /// The retrospective decision, from the deployment.
        Approval = "approval",
        /// The security group's review, from the deployment.
        SecurityReview = "security_review",
        /// The database administrator's approval, from the deployment.
        DatabaseApproval = "database_approval",
        /// The answer to an exception.
        AnswerException = "answer_exception",
        /// The remedy after a rejection, where it was given no date.
        Remediation = "remediation",
        /// The compliance lead's word on whether it was an emergency.
        GenuinenessReview = "genuineness_review",
        /// The review in the team's meeting, from the approval.
        MeetingReview = "meeting_review",
        /// The permanent fix after a workaround, where it was given no date.
        PermanentFix = "permanent_fix",
    }
}

impl Term {
    /// What the guide asks, and where it is silent, what teams do.
    pub const fn guide(self) -> TimeDelta {
        match self {
            Self::Ticket
            | Self::CommanderAuthorization
            | Self::Confirmation
            | Self::SecondAuthorization
            | Self::Approval
            | Self::SecurityReview
            | Self::DatabaseApproval => super::Policy::DOCUMENTATION,
            Self::AnswerException | Self::Remediation | Self::GenuinenessReview => {
                super::Policy::REMEDY
            }
            Self::MeetingReview => TimeDelta::days(14),
            Self::PermanentFix => TimeDelta::days(30),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ticket => "the ticket",
            Self::CommanderAuthorization => "the commander's authorization",
            Self::Confirmation => "confirmation of what was said",
            Self::SecondAuthorization => "a second person's authorization",
            Self::Approval => "the retrospective decision",
            Self::SecurityReview => "the security review",
            Self::DatabaseApproval => "the DBA's approval",
            Self::AnswerException => "the answer to an exception",
            Self::Remediation => "the remedy after a rejection",
            Self::GenuinenessReview => "whether it was genuine",
            Self::MeetingReview => "the review in the meeting",
            Self::PermanentFix => "the permanent fix",
        })
    }
}

/// The time for each thing owed; the guide's at first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due(BTreeMap<Term, TimeDelta>);

impl Default for Due {
    fn default() -> Self {
        Self(Term::ALL.iter().map(|term| (*term, term.guide())).collect())
    }
}

impl Due {
    /// Returns how long whoever owes it may take.
    pub fn within(&self, term: Term) -> TimeDelta {
        self.0.get(&term).copied().unwrap_or(term.guide())
    }

    /// Sets how long they may take.
    pub fn set(&mut self, term: Term, within: TimeDelta) {
        self.0.insert(term, within);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_isnt_set_is_the_guides() {
        let mut due = Due::default();
        assert_eq!(due.within(Term::Ticket), TimeDelta::hours(24));
        assert_eq!(due.within(Term::AnswerException), TimeDelta::days(7));
        assert_eq!(due.within(Term::MeetingReview), TimeDelta::days(14));
        assert_eq!(due.within(Term::PermanentFix), TimeDelta::days(30));
        due.set(Term::Ticket, TimeDelta::hours(12));
        assert_eq!(due.within(Term::Ticket), TimeDelta::hours(12));
        assert_eq!(due.within(Term::Approval), TimeDelta::hours(24));
    }
}
