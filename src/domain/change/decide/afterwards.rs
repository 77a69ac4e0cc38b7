//! What comes after the decision: answers to exceptions, the team meeting, the
//! permanent fix and follow-ups. Closing doesn't end these.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::conclude::{refuse_unless_deployed, said};
use super::{Draft, reason_given};
use crate::domain::authorization::{Act, Member, judge};
use crate::domain::change::{Event, Exception, Refusal};
use crate::domain::id::UserId;
use crate::domain::text::Text;
use crate::domain::ticket::{Circumstance, holds};

pub(super) fn answer_exceptions(
    draft: &mut Draft<'_>,
    by: &Member,
    exceptions: &BTreeSet<Exception>,
    cause: &Text,
    remedy: &Text,
    owner: &UserId,
) -> Result<(), Refusal> {
    judge(Act::AnswerException, by, &draft.change, draft.policy)?;
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
        let event = Event::ExceptionAnswered {
            exception,
            cause: cause.commitment(),
            remedy: remedy.commitment(),
            owner: owner.clone(),
        };
        draft.record_by(&by.id, event);
    }
    Ok(())
}

pub(super) fn record_meeting(
    draft: &mut Draft<'_>,
    by: &Member,
    held_at: DateTime<Utc>,
    minutes: Option<&Text>,
    improvements: Option<&Text>,
) -> Result<(), Refusal> {
    refuse_unless_deployed(&draft.change)?;
    judge(Act::RecordMeeting, by, &draft.change, draft.policy)?;
    let number = draft.change.number;
    if let Some(meeting) = &draft.change.meeting {
        return Err(Refusal::AlreadyReviewed {
            number,
            by: meeting.by.clone(),
            at: meeting.held_at,
        });
    }
    if draft.change.approval.is_none() {
        return Err(Refusal::NotApproved { number });
    }
    if held_at > draft.now {
        return Err(Refusal::MeetingAhead { at: held_at });
    }
    // Of several changes, a meeting has reviewed those that were there.
    if let Some(deployed_at) = draft.change.deployed_at()
        && held_at < deployed_at
    {
        return Err(Refusal::MeetingBefore {
            number,
            at: held_at,
            deployed_at,
        });
    }
    let minutes = said(minutes)?.map(Text::commitment);
    let improvements = said(improvements)?.map(Text::commitment);
    let event = Event::MeetingHeld {
        held_at,
        minutes,
        improvements,
    };
    draft.record_by(&by.id, event);
    Ok(())
}

pub(super) fn record_permanent_fix(
    draft: &mut Draft<'_>,
    by: &Member,
    how: &Text,
) -> Result<(), Refusal> {
    refuse_unless_deployed(&draft.change)?;
    judge(Act::Document, by, &draft.change, draft.policy)?;
    let number = draft.change.number;
    let owed = holds(Circumstance::Workaround, &draft.change, draft.policy);
    if !owed || draft.change.permanent_fix.is_some() {
        return Err(Refusal::NoFixOwed { number });
    }
    reason_given(how)?;
    let how = how.commitment();
    draft.record_by(&by.id, Event::PermanentFixMade { how });
    Ok(())
}

pub(super) fn add_follow_up(
    draft: &mut Draft<'_>,
    by: &Member,
    what: &Text,
    owner: &UserId,
    due_at: DateTime<Utc>,
) -> Result<(), Refusal> {
    refuse_unless_deployed(&draft.change)?;
    judge(Act::Document, by, &draft.change, draft.policy)?;
    reason_given(what)?;
    if due_at <= draft.now {
        return Err(Refusal::InThePast { at: due_at });
    }
    let event = Event::FollowUpAdded {
        what: what.commitment(),
        owner: owner.clone(),
        due_at,
    };
    draft.record_by(&by.id, event);
    Ok(())
}

pub(super) fn finish_follow_up(
    draft: &mut Draft<'_>,
    by: &Member,
    n: u16,
    how: Option<&Text>,
) -> Result<(), Refusal> {
    refuse_unless_deployed(&draft.change)?;
    judge(Act::Document, by, &draft.change, draft.policy)?;
    let nth = usize::from(n).checked_sub(1);
    let open = nth
        .and_then(|nth| draft.change.follow_ups.get(nth))
        .is_some_and(|one| one.done.is_none());
    if !open {
        return Err(Refusal::NoFollowUp {
            number: draft.change.number,
        });
    }
    let how = said(how)?.map(Text::commitment);
    draft.record_by(&by.id, Event::FollowUpDone { n, how });
    Ok(())
}
