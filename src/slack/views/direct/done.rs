//! Reminders that have done their work: what was done, by whom, and no buttons.

use chrono::{DateTime, Utc};

use crate::domain::change::{EmergencyChange, Review};
use crate::domain::id::UserId;
use crate::domain::obligation::{Duty, obligations};
use crate::domain::policy::Party;
use crate::slack::views::blocks::one_line;
use crate::slack::views::{Message, facts, say};

use super::Due;

/// That something was done, by whom and when as far as known.
pub(super) fn done(due: &Due<'_>) -> String {
    let change = due.showing.change;
    let by = |who: &UserId, at: DateTime<Utc>| format!("{} {}", say::person(who), say::at(at));
    if let Some(to) = handed_to(due) {
        return format!("Handed to {to}: nothing more is asked of you for it.");
    }
    let done = match due.duty {
        Duty::AnswerRequest => answered(change),
        Duty::ConfirmDeployment => change.deployments.first().map_or_else(
            || "nothing is waited for any more".to_owned(),
            |one| format!("deployed by {}", by(&one.by, one.at)),
        ),
        Duty::Ticket => change.documented_at.map_or_else(
            || "the ticket is no longer owed".to_owned(),
            |at| format!("the ticket is complete since {}", say::at(at)),
        ),
        Duty::CommanderAuthorization => match &change.commander {
            Some(commander) => match commander.authorized_at {
                Some(at) => format!("authorized as commander by {}", by(&commander.who, at)),
                None => format!("{} is asked as the commander", say::person(&commander.who)),
            },
            None => "the commander's authorization is no longer owed".to_owned(),
        },
        Duty::Confirmation => match &change.authorization {
            Some(given) => match given.confirmed_at {
                Some(at) => format!("confirmed by {}", by(&given.by, at)),
                None => "nothing is to be confirmed any more".to_owned(),
            },
            None => "you said that you didn't authorize it".to_owned(),
        },
        Duty::SecondAuthorization => change.second.as_ref().map_or_else(
            || "a second person's authorization is no longer owed".to_owned(),
            |act| format!("authorized afterwards by {}", by(&act.by, act.at)),
        ),
        Duty::Approval => match (&change.approval, &change.rejection) {
            (Some(approval), _) => format!("approved by {}", by(&approval.by, approval.at)),
            (None, Some(rejection)) => format!("rejected by {}", by(&rejection.by, rejection.at)),
            (None, None) => "the decision is no longer yours".to_owned(),
        },
        Duty::Remediation => change.remediation.as_ref().map_or_else(
            || "nothing is to be put right any more".to_owned(),
            |one| format!("put right, said by {}", by(&one.by, one.at)),
        ),
        Duty::AnswerException(exception) => change
            .exceptions
            .get(&exception)
            .and_then(|state| state.answer.as_ref())
            .map_or_else(
                || "the exception is no longer yours to answer".to_owned(),
                |answer| format!("exception answered by {}", by(&answer.by, answer.at)),
            ),
        Duty::SecurityReview => reviewed(change, Review::Security),
        Duty::DatabaseApproval => reviewed(change, Review::Database),
        Duty::GenuinenessReview => change.genuineness.as_ref().map_or_else(
            || "nobody is asked any more whether it was genuine".to_owned(),
            |one| format!("said by {}", by(&one.by, one.at)),
        ),
        Duty::MeetingReview => change.meeting.as_ref().map_or_else(
            || "no meeting has to review it any more".to_owned(),
            |one| format!("reviewed, said by {}", by(&one.by, one.at)),
        ),
        Duty::PermanentFix => change.permanent_fix.as_ref().map_or_else(
            || "no permanent fix is owed any more".to_owned(),
            |one| format!("fixed for good, said by {}", by(&one.by, one.at)),
        ),
        Duty::FollowUp(n) => change
            .follow_ups
            .get(usize::from(n).saturating_sub(1))
            .and_then(|one| one.done.as_ref())
            .map_or_else(
                || "the follow-up is no longer owed".to_owned(),
                |one| format!("followed up by {}", by(&one.by, one.at)),
            ),
    };
    format!("Done: {done}.")
}

/// To whom it passed from the reader, while it is still owed.
fn handed_to(due: &Due<'_>) -> Option<String> {
    let reader = Party::Person(due.owner.clone());
    let handed = due.showing.change.handed.get(&due.duty)?;
    let is_owed = obligations(due.showing.change, due.showing.policy)
        .iter()
        .any(|one| one.duty == due.duty && one.met_at.is_none());
    (is_owed && handed.to != reader).then(|| facts::owner(Some(&handed.to)))
}

/// Who reviewed it beside the approver.
fn reviewed(change: &EmergencyChange, review: Review) -> String {
    change.reviews.get(&review).map_or_else(
        || "the review is no longer owed".to_owned(),
        |one| format!("reviewed by {} {}", say::person(&one.by), say::at(one.at)),
    )
}

/// How a request for authorization was answered.
fn answered(change: &EmergencyChange) -> String {
    let by = |who: &UserId, at: DateTime<Utc>| format!("{} {}", say::person(who), say::at(at));
    if let Some(given) = &change.authorization {
        format!("authorized by {}", by(&given.by, given.at))
    } else if let Some(act) = &change.went_ahead {
        format!(
            "{} went ahead without authorization {}",
            say::person(&act.by),
            say::at(act.at)
        )
    } else if let Some(denial) = &change.denial {
        format!("denied by {}", by(&denial.by, denial.at))
    } else {
        format!(
            "the request is {}; nothing is asked of you",
            facts::standing(change)
        )
    }
}

/// A reminder of which nothing is left.
pub(super) fn all_done(items: &[Due<'_>]) -> Message {
    match items {
        [] => one_line("Nothing waits for you."),
        [only] => one_line(&format!(
            "*{}*  {}",
            say::title(only.showing.change),
            done(only)
        )),
        [..] => {
            let mut numbers: Vec<String> = items
                .iter()
                .map(|due| say::title(due.showing.change))
                .collect();
            numbers.dedup();
            one_line(&format!(
                "Done: nothing of this reminder is left ({}).",
                say::listed(numbers.into_iter().take(40))
            ))
        }
    }
}
