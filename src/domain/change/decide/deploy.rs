//! When it went into production, or that it never did.

use chrono::{DateTime, TimeDelta, Utc};

use super::permit::refuse_if_denied;
use super::{Draft, reason_given};
use crate::domain::change::{
    Actor, EmergencyChange, Event, Exception, Refusal, SAME_DEPLOYMENT, Source, Stage,
};
use crate::domain::id::{ChangeNumber, UserId};
use crate::domain::text::Text;
/// How far into the future a stated deployment may lie: nobody's clock is exact.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(2);

pub(super) fn record_deployment(
    draft: &mut Draft<'_>,
    at: DateTime<Utc>,
    source: Source,
    by: &UserId,
) -> Result<(), Refusal> {
    if let Some(of) = draft.change.duplicate_of {
        return Err(Refusal::Duplicate {
            number: draft.change.number,
            of,
        });
    }
    let withdrawn = draft.change.stage == Stage::Withdrawn;
    // What was withdrawn or lapsed and deployed after all has to be seen.
    // A rehearsal that was ended has nothing to show.
    if (!withdrawn || draft.change.drill) && draft.change.stage != Stage::Lapsed {
        draft.change.refuse_if_over()?;
    }
    if at > draft.now + CLOCK_TOLERANCE {
        return Err(Refusal::InTheFuture { at });
    }
    let permitted_at = draft.change.authorization.as_ref().map(|given| given.at);
    // Told twice is known once, unless the second telling lies before the
    // authorization and the first doesn't.
    let same = draft.change.deployments.iter().find(|known| {
        known.by == *by
            && (known.at - at).abs() < SAME_DEPLOYMENT
            && !permitted_at.is_some_and(|given_at| at < given_at && given_at <= known.at)
    });
    if let Some(known) = same {
        return Err(Refusal::AlreadyDeployed {
            number: draft.change.number,
            by: known.by.clone(),
            at: known.at,
        });
    }
    draft.record(Event::Deployed {
        deployed_at: at,
        known_from: source,
        implementer: by.clone(),
    });
    if draft.change.approval.is_some() {
        // What was done is more than what was approved.
        draft.record(Event::ApprovalTakenBack { field: None });
    }
    if let Some(exception) = exception_of_deployment(&draft.change, at, withdrawn) {
        draft.except(exception);
    }
    let authorizers = [
        draft.change.authorization.as_ref().map(|given| &given.by),
        draft.change.second.as_ref().map(|act| &act.by),
    ];
    if authorizers.contains(&Some(by)) {
        draft.except(Exception::SelfAuthorized);
    }
    Ok(())
}

/// Which control a deployment at `at` passed by.
pub(super) fn exception_of_deployment(
    change: &EmergencyChange,
    at: DateTime<Utc>,
    withdrawn: bool,
) -> Option<Exception> {
    if withdrawn {
        return Some(Exception::NotAuthorized);
    }
    match &change.authorization {
        Some(given) if given.at > at => Some(Exception::DeployedBeforeAuthorization),
        Some(_) => None,
        // A denial stands until somebody authorizes, even if others were asked since.
        None if change.denial.as_ref().is_some_and(|act| act.at <= at) => {
            Some(Exception::DeployedAgainstDenial)
        }
        // Going ahead has left its own exception, and so has a deployment under
        // what was withdrawn or disputed.
        None if change.went_ahead.is_some()
            || change.exceptions.contains_key(&Exception::NotAuthorized) =>
        {
            None
        }
        None => Some(Exception::DeployedBeforeAuthorization),
    }
}

pub(super) fn correct_deployment(
    draft: &mut Draft<'_>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    reason: &Text,
) -> Result<(), Refusal> {
    let change = &draft.change;
    let number = change.number;
    change.refuse_if_over()?;
    let involved = match &draft.submission.actor {
        Actor::Person(who) => change.is_involved(who),
        Actor::Clock | Actor::Bot => false,
    };
    if !involved {
        return Err(Refusal::NotInvolved { number });
    }
    if !change.deployments.iter().any(|known| known.at == from) {
        return Err(Refusal::NoSuchDeployment { number, at: from });
    }
    if to > draft.now + CLOCK_TOLERANCE {
        return Err(Refusal::InTheFuture { at: to });
    }
    if to == from {
        return Err(Refusal::AlreadyStated { number });
    }
    reason_given(reason)?;
    draft.record(Event::DeploymentCorrected {
        from,
        to,
        reason: reason.commitment(),
    });
    if draft.change.approval.is_some() {
        draft.record(Event::ApprovalTakenBack { field: None });
    }
    if let Some(exception) = exception_of_deployment(&draft.change, to, false) {
        draft.except(exception);
    }
    Ok(())
}

pub(super) fn link_as_duplicate(draft: &mut Draft<'_>, of: ChangeNumber) -> Result<(), Refusal> {
    let number = draft.change.number;
    draft.change.refuse_if_over()?;
    if of == number {
        return Err(Refusal::OwnDuplicate { number });
    }
    if !draft.change.is_before_deployment() {
        return Err(Refusal::Deployed {
            number,
            what: "linked as a duplicate",
        });
    }
    draft.change.refuse_unless_requester(
        &draft.submission.actor,
        "say that it is the same as another",
    )?;
    // Were both to name the other, neither would stand.
    if of > number {
        return Err(Refusal::CameAfter { number, of });
    }
    // A denial isn't made unseen by pointing to another request.
    if draft.change.stage == Stage::Denied {
        refuse_if_denied(&draft.change)?;
    }
    draft.record(Event::LinkedAsDuplicate { of });
    Ok(())
}

pub(super) fn lapse(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    if !draft.change.is_before_deployment() {
        return Err(Refusal::Deployed {
            number: draft.change.number,
            what: "marked as never deployed",
        });
    }
    draft
        .change
        .refuse_unless_requester(&draft.submission.actor, "say that it was never deployed")?;
    if draft.change.authorization.is_none() && draft.change.went_ahead.is_none() {
        return Err(Refusal::NotPermitted {
            number: draft.change.number,
        });
    }
    draft.record(Event::Lapsed);
    Ok(())
}

pub(super) fn withdraw(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    // A rehearsal may end at any time; it counts nowhere.
    if !draft.change.is_before_deployment() && !draft.change.drill {
        return Err(Refusal::Deployed {
            number: draft.change.number,
            what: "withdrawn",
        });
    }
    draft
        .change
        .refuse_unless_requester(&draft.submission.actor, "withdraw it")?;
    // A denial isn't made unseen by taking back what was denied.
    if draft.change.stage == Stage::Denied && !draft.change.drill {
        refuse_if_denied(&draft.change)?;
    }
    draft.record(Event::Withdrawn);
    Ok(())
}
