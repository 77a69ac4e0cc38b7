//! The ticket, the decision on it, and what went wrong.

use std::collections::BTreeSet;

use super::{Draft, reason_given, within_bounds};
use crate::domain::authorization::{Act, Member, judge};
use crate::domain::change::{
    Criterion, EmergencyChange, Event, Exception, NotGenuine, Refusal, Waiting,
};
use crate::domain::id::UserId;
use crate::domain::obligation::Duty;
use crate::domain::text::Text;
use crate::domain::ticket::{ContentHash, Section, content_hash, gaps};
pub(super) fn state_criterion(draft: &mut Draft<'_>, criterion: Criterion) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    if draft.change.criterion == Some(criterion) {
        return Err(Refusal::AlreadyStated {
            number: draft.change.number,
        });
    }
    // It is part of what was approved, and stays that.
    refuse_if_approved(&draft.change)?;
    draft.record(Event::CriterionStated { criterion });
    Ok(())
}

pub(super) fn state_reason(
    draft: &mut Draft<'_>,
    reason: NotGenuine,
    text: Option<&Text>,
) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    refuse_if_approved(&draft.change)?;
    let text = text.filter(|text| !text.is_blank());
    match text {
        Some(text) => within_bounds(text)?,
        None if reason == NotGenuine::Other => return Err(Refusal::NoReason),
        None => {}
    }
    let known = draft.change.reason.as_ref();
    if text.is_none() && known.is_some_and(|stated| stated.reason == reason) {
        return Err(Refusal::AlreadyStated {
            number: draft.change.number,
        });
    }
    draft.record(Event::ReasonStated {
        reason,
        text: text.map(Text::commitment),
    });
    draft.except(Exception::NotGenuine);
    Ok(())
}

pub(super) fn document(draft: &mut Draft<'_>, sections: &[(Section, Text)]) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    let written: Vec<_> = sections
        .iter()
        .filter(|(_, text)| !text.is_blank())
        .collect();
    for (_, text) in &written {
        within_bounds(text)?;
    }
    for (section, text) in written {
        draft.record(Event::SectionWritten {
            section: *section,
            text: text.commitment(),
        });
        if draft.change.approval.is_some() {
            draft.record(Event::ApprovalTakenBack {
                section: Some(*section),
            });
        }
    }
    Ok(())
}

pub(super) fn approve(
    draft: &mut Draft<'_>,
    by: &Member,
    seen: ContentHash,
) -> Result<(), Refusal> {
    let change = &draft.change;
    refuse_if_approved(change)?;
    refuse_after_rejection(change)?;
    change.refuse_if_over()?;
    if change.deployments.is_empty() {
        return Err(Refusal::NotDeployed {
            number: change.number,
        });
    }
    let ground = judge(Act::Approve, by, change, draft.policy)?;
    let waiting: Vec<String> = gaps(change)
        .iter()
        .map(ToString::to_string)
        .chain(
            draft
                .owed()
                .iter()
                .filter(|one| {
                    one.met_at.is_none()
                        && one.duty.is_needed_for_approval()
                        && one.duty != Duty::Ticket
                })
                .map(|one| one.duty.to_string()),
        )
        .collect();
    if !waiting.is_empty() {
        return Err(Refusal::NotReady {
            number: change.number,
            waiting: Waiting(waiting),
        });
    }
    let content = content_hash(change);
    if content != seen {
        return Err(Refusal::ContentChanged {
            number: change.number,
        });
    }
    draft.record_by(&by.id, Event::Approved { content, ground });
    Ok(())
}

fn refuse_if_approved(change: &EmergencyChange) -> Result<(), Refusal> {
    match &change.approval {
        Some(approval) => Err(Refusal::AlreadyApproved {
            number: change.number,
            by: approval.by.clone(),
            at: approval.at,
        }),
        None => Ok(()),
    }
}

fn refuse_after_rejection(change: &EmergencyChange) -> Result<(), Refusal> {
    match &change.rejection {
        Some(rejection) => Err(Refusal::AlreadyRejected {
            number: change.number,
            by: rejection.by.clone(),
            at: rejection.at,
        }),
        None => Ok(()),
    }
}

pub(super) fn reject(draft: &mut Draft<'_>, by: &Member, reason: &Text) -> Result<(), Refusal> {
    let change = &draft.change;
    refuse_after_rejection(change)?;
    refuse_if_approved(change)?;
    change.refuse_if_over()?;
    if change.deployments.is_empty() {
        return Err(Refusal::NotDeployed {
            number: change.number,
        });
    }
    reason_given(reason)?;
    let ground = judge(Act::Reject, by, change, draft.policy)?;
    let reason = reason.commitment();
    draft.record_by(&by.id, Event::Rejected { reason, ground });
    draft.except(Exception::Rejected);
    Ok(())
}

pub(super) fn remediate(draft: &mut Draft<'_>, how: &Text) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    if draft.change.rejection.is_none() {
        return Err(Refusal::NotRejected {
            number: draft.change.number,
        });
    }
    reason_given(how)?;
    draft.record(Event::Remediated {
        how: how.commitment(),
    });
    Ok(())
}

pub(super) fn answer_exceptions(
    draft: &mut Draft<'_>,
    exceptions: &BTreeSet<Exception>,
    cause: &Text,
    remedy: &Text,
    owner: &UserId,
) -> Result<(), Refusal> {
    reason_given(cause)?;
    reason_given(remedy)?;
    let open: Vec<Exception> = draft
        .change
        .unanswered()
        .filter(|exception| exceptions.contains(exception))
        .collect();
    if open.is_empty() {
        return Err(Refusal::NothingToAnswer {
            number: draft.change.number,
        });
    }
    for exception in open {
        draft.record(Event::ExceptionAnswered {
            exception,
            cause: cause.commitment(),
            remedy: remedy.commitment(),
            owner: owner.clone(),
        });
    }
    Ok(())
}
