//! The retrospective decision, the reviews beside it, and how a rejection is
//! put right.

use chrono::{DateTime, Utc};

use super::{Draft, reason_given, within_bounds};
use crate::domain::authorization::{Act, Member, judge, refuse_own_risk, refuse_owner_of_remedy};
use crate::domain::change::{
    EmergencyChange, Event, Exception, Genuine, Genuineness, Refusal, Remedy, Review, Stage,
    Waiting,
};
use crate::domain::obligation::Duty;
use crate::domain::policy::Term;
use crate::domain::text::Text;
use crate::domain::ticket::{Circumstance, ContentHash, content_hash, gaps, holds};

pub(super) fn approve(
    draft: &mut Draft<'_>,
    by: &Member,
    seen: ContentHash,
    conditions: Option<&Text>,
    genuine: &Genuine,
) -> Result<(), Refusal> {
    let change = &draft.change;
    refuse_if_approved(change)?;
    refuse_after_rejection(change)?;
    change.refuse_if_over()?;
    refuse_unless_deployed(change)?;
    let ground = judge(Act::Approve, by, change, draft.policy)?;
    let waiting = waiting(draft);
    if !waiting.is_empty() {
        return Err(Refusal::NotReady {
            number: change.number,
            waiting: Waiting(waiting),
        });
    }
    let content = refuse_unless_seen(change, seen)?;
    let conditions = said(conditions)?.map(Text::commitment);
    let genuine = genuineness(genuine)?;
    let no = !genuine.is_genuine;
    let despite = change.vague().map(|(field, _)| field).collect();
    draft.record_by(
        &by.id,
        Event::Approved {
            content,
            ground,
            conditions,
            genuine: Some(genuine),
            despite,
        },
    );
    if no {
        draft.except(Exception::NotGenuine);
    }
    let implementer = draft.change.implementers().next().cloned();
    if let (Some(what), Some(owner)) = (conditions, implementer) {
        // Nobody would see to a condition that nobody owes.
        draft.record_by(
            &by.id,
            Event::FollowUpAdded {
                what,
                owner,
                due_at: draft.submission.at + draft.policy.due.within(Term::Remediation),
            },
        );
    }
    Ok(())
}

/// What an approval waits for, in words.
fn waiting(draft: &Draft<'_>) -> Vec<String> {
    let missing = match draft.change.documented_at {
        Some(_) => Vec::new(),
        None => gaps(&draft.change, draft.policy),
    };
    let owed = draft.owed().into_iter().filter(|one| {
        one.met_at.is_none() && one.duty.is_needed_for_approval() && one.duty != Duty::Ticket
    });
    missing
        .iter()
        .map(ToString::to_string)
        .chain(owed.map(|one| one.duty.to_string()))
        .collect()
}

/// Reads an answer to *was it a genuine emergency?*; who says no says why.
fn genuineness(genuine: &Genuine) -> Result<Genuineness, Refusal> {
    let words = said(genuine.words.as_ref())?;
    if words.is_none() && !genuine.is_genuine {
        return Err(Refusal::NoReason);
    }
    Ok(Genuineness {
        is_genuine: genuine.is_genuine,
        words: words.map(Text::commitment),
    })
}

/// A text that may be left out; blank is left out.
pub(super) fn said(text: Option<&Text>) -> Result<Option<&Text>, Refusal> {
    let text = text.filter(|text| !text.is_blank());
    text.map_or(Ok(()), within_bounds)?;
    Ok(text)
}

fn refuse_unless_seen(change: &EmergencyChange, seen: ContentHash) -> Result<ContentHash, Refusal> {
    let content = content_hash(change);
    if content != seen {
        return Err(Refusal::ContentChanged {
            number: change.number,
        });
    }
    Ok(content)
}

/// What belongs to a change that went into production may come after it was
/// closed; of a second record, the first one holds it.
pub(super) fn refuse_unless_deployed(change: &EmergencyChange) -> Result<(), Refusal> {
    let number = change.number;
    if let Some(of) = change.duplicate_of {
        return Err(Refusal::Duplicate { number, of });
    }
    if change.deployments.is_empty() {
        return Err(Refusal::NotDeployed { number });
    }
    // A rehearsal that was ended has come to nothing, though it was deployed.
    if change.stage == Stage::Withdrawn {
        change.refuse_if_over()?;
    }
    Ok(())
}

pub(super) fn refuse_if_approved(change: &EmergencyChange) -> Result<(), Refusal> {
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

/// How, by whom and by when a rejected change is to be put right.
#[derive(Clone, Copy)]
pub(super) struct Rejected<'a> {
    pub(super) remedy: Remedy,
    pub(super) owner: Option<&'a Member>,
    pub(super) due_at: Option<DateTime<Utc>>,
}

pub(super) fn reject(
    draft: &mut Draft<'_>,
    by: &Member,
    reason: &Text,
    how: Rejected<'_>,
    genuine: Option<&Genuine>,
) -> Result<(), Refusal> {
    let Rejected {
        remedy,
        owner,
        due_at,
    } = how;
    let change = &draft.change;
    refuse_after_rejection(change)?;
    refuse_if_approved(change)?;
    change.refuse_if_over()?;
    refuse_unless_deployed(change)?;
    reason_given(reason)?;
    let ground = judge(Act::Reject, by, change, draft.policy)?;
    if let Some(owner) = owner {
        refuse_owner_of_remedy(act_of(Some(remedy)), owner)?;
    }
    let owner = owner
        .map(|owner| &owner.id)
        .or_else(|| change.implementers().next())
        .cloned();
    if let (Remedy::AcceptRisk, Some(owner)) = (remedy, &owner) {
        refuse_own_risk(owner, change)?;
    }
    if let Some(at) = due_at.filter(|at| *at <= draft.now) {
        return Err(Refusal::InThePast { at });
    }
    let genuine = genuine.map(genuineness).transpose()?;
    let no = genuine.as_ref().is_some_and(|said| !said.is_genuine);
    draft.record_by(
        &by.id,
        Event::Rejected {
            reason: reason.commitment(),
            ground,
            remedy: Some(remedy),
            owner,
            due_at,
            genuine,
        },
    );
    draft.except(Exception::Rejected);
    if no {
        draft.except(Exception::NotGenuine);
    }
    Ok(())
}

/// What whoever puts a rejected change right does.
fn act_of(remedy: Option<Remedy>) -> Act {
    match remedy {
        Some(Remedy::AcceptRisk) => Act::AcceptRisk,
        Some(Remedy::RollBack | Remedy::Redo) | None => Act::Remediate,
    }
}

/// Says how a rejected change was put right.
pub(super) fn remediate(draft: &mut Draft<'_>, by: &Member, how: &Text) -> Result<(), Refusal> {
    let change = &draft.change;
    change.refuse_if_over()?;
    let Some(rejection) = &change.rejection else {
        return Err(Refusal::NotRejected {
            number: change.number,
        });
    };
    judge(act_of(rejection.remedy), by, change, draft.policy)?;
    // A second telling would move the time at which it was put right.
    if let Some(done) = &change.remediation {
        return Err(Refusal::AlreadyReviewed {
            number: change.number,
            by: done.by.clone(),
            at: done.at,
        });
    }
    reason_given(how)?;
    let how = how.commitment();
    draft.record_by(&by.id, Event::Remediated { how });
    Ok(())
}

/// The security group's or the database administrator's word on what stands.
pub(super) fn review(
    draft: &mut Draft<'_>,
    by: &Member,
    review: Review,
    seen: ContentHash,
    words: Option<&Text>,
) -> Result<(), Refusal> {
    let change = &draft.change;
    refuse_unless_deployed(change)?;
    let (act, circumstance) = match review {
        Review::Security => (Act::ReviewSecurity, Circumstance::SecurityIncident),
        Review::Database => (Act::ReviewDatabase, Circumstance::Database),
    };
    let ground = judge(act, by, change, draft.policy)?;
    let number = change.number;
    if !holds(circumstance, change, draft.policy) {
        return Err(Refusal::NoReviewOwed { number });
    }
    if let Some(done) = change.reviews.get(&review) {
        return Err(Refusal::AlreadyReviewed {
            number,
            by: done.by.clone(),
            at: done.at,
        });
    }
    let content = refuse_unless_seen(change, seen)?;
    let words = said(words)?.map(Text::commitment);
    draft.record_by(
        &by.id,
        Event::Reviewed {
            review,
            ground,
            content,
            words,
        },
    );
    Ok(())
}

/// The second word on whether it was an emergency. A *no* takes nothing out of
/// the count; it stands beside it.
pub(super) fn review_genuineness(
    draft: &mut Draft<'_>,
    by: &Member,
    genuine: &Genuine,
) -> Result<(), Refusal> {
    let change = &draft.change;
    refuse_unless_deployed(change)?;
    let ground = judge(Act::ReviewGenuineness, by, change, draft.policy)?;
    if change.decision().is_none() {
        return Err(Refusal::NotDecided {
            number: change.number,
        });
    }
    if let Some(done) = &change.genuineness {
        return Err(Refusal::AlreadyReviewed {
            number: change.number,
            by: done.by.clone(),
            at: done.at,
        });
    }
    let genuine = genuineness(genuine)?;
    let no = !genuine.is_genuine;
    draft.record_by(&by.id, Event::GenuinenessReviewed { ground, genuine });
    if no {
        draft.except(Exception::NotGenuine);
    }
    Ok(())
}
