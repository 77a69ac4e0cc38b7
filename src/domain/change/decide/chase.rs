//! What people answer to a reminder beside doing what it asks: not now, somebody
//! else; and what the clock does where nobody answers.

use std::collections::BTreeSet;

use super::Draft;
use crate::domain::authorization::{Member, judge, judge_handing_on};
use crate::domain::change::{Event, Handover, Nap, Refusal};
use crate::domain::obligation::{
    Absence, Duty, Obligation, People, act_of, cannot_stay, next_owner,
};
use crate::domain::policy::Party;

/// How often in a row somebody may put one thing off.
pub const NAPS_IN_A_ROW: u8 = 3;

/// Puts a reminder off; never past the deadline.
pub(super) fn snooze(
    draft: &mut Draft<'_>,
    by: &Member,
    duty: Duty,
    nap: Nap,
) -> Result<(), Refusal> {
    let owed = open(draft, duty)?;
    if !is_theirs(by, &owed) {
        return Err(Refusal::NotYours {
            owner: owed.owner.clone(),
        });
    }
    if duty.may_wake() {
        return Err(Refusal::CantWait);
    }
    let from = draft.submission.at.max(draft.now);
    let until = from + nap.length();
    let stays = act_of(duty, &draft.change).is_none().then_some(duty);
    if let Some(due_at) = owed.due_at
        && until > due_at
    {
        let fits = |other: &&Nap| from + other.length() <= due_at;
        return Err(Refusal::PastTheDeadline {
            due_at,
            is_over: due_at <= from,
            stays,
            longest: Nap::ALL.iter().rev().find(fits).copied(),
        });
    }
    let chase = draft.change.chases.get(&(duty, owed.owner.clone()));
    if chase.is_some_and(|chase| chase.naps_in_a_row >= NAPS_IN_A_ROW) {
        return Err(Refusal::NappedEnough {
            due_at: owed.due_at,
            stays,
        });
    }
    draft.record_by(
        &by.id,
        Event::Snoozed {
            duty,
            owner: owed.owner,
            until,
        },
    );
    Ok(())
}

/// Hands what somebody owes to somebody who may do it.
pub(super) fn delegate(
    draft: &mut Draft<'_>,
    people: &dyn People,
    by: &Member,
    duty: Duty,
    to: &Member,
) -> Result<(), Refusal> {
    let owed = open(draft, duty)?;
    let change = &draft.change;
    let Some(act) = act_of(duty, change) else {
        return Err(Refusal::NotToDelegate { duty });
    };
    judge_handing_on(by, owed.owner.as_ref(), change, draft.policy)?;
    if owed.owner == Some(Party::Person(to.id.clone())) {
        return Err(Refusal::AlreadyTheirs {
            owner: to.id.clone(),
        });
    }
    judge(act, to, change, draft.policy).map_err(|refusal| refusal.of(&to.id))?;
    // It would come back at once; whoever is back in time does it then.
    if let Some(Absence::Away { until }) = people.absence(&to.id, draft.now)
        && owed.due_at.is_none_or(|due_at| due_at <= until)
    {
        return Err(Refusal::Away {
            who: to.id.clone(),
            until,
        });
    }
    draft.record_by(
        &by.id,
        Event::HandedOver {
            duty,
            from: owed.owner,
            to: Party::Person(to.id.clone()),
            why: Handover::Delegated,
        },
    );
    Ok(())
}

/// What is owed and not done of a duty.
fn open(draft: &Draft<'_>, duty: Duty) -> Result<Obligation, Refusal> {
    draft
        .owed()
        .into_iter()
        .find(|one| one.duty == duty && one.met_at.is_none())
        .ok_or(Refusal::NotOwed {
            number: draft.change.number,
        })
}

fn is_theirs(by: &Member, owed: &Obligation) -> bool {
    owed.owner.as_ref().is_some_and(|owner| by.is_of(owner))
}

/// Whatever can't stay with its owner passes to whoever comes next. Where nobody
/// does, it stays, and is seen to be missed.
pub(super) fn hand_over(draft: &mut Draft<'_>, people: &dyn People) {
    // One that passes may take others with it, so what is owed is read anew after
    // each. Each passes once in a moment.
    let mut passed = BTreeSet::new();
    while let Some((owed, to, why)) = next_handover(draft, people, &passed) {
        passed.insert(owed.duty);
        draft.follow(Event::HandedOver {
            duty: owed.duty,
            from: owed.owner,
            to,
            why,
        });
    }
}

fn next_handover(
    draft: &Draft<'_>,
    people: &dyn People,
    passed: &BTreeSet<Duty>,
) -> Option<(Obligation, Party, Handover)> {
    let (change, policy, now) = (&draft.change, draft.policy, draft.now);
    draft
        .owed()
        .into_iter()
        .filter(|owed| owed.met_at.is_none() && !passed.contains(&owed.duty))
        .find_map(|owed| {
            let why = cannot_stay(&owed, change, policy, people, now)?;
            let to = next_owner(&owed, change, policy, people, now)?;
            Some((owed, to, why))
        })
}

/// The further contacts hear, one after the other, of what is missed and still
/// not done: each when the one before has had a day.
pub(super) fn escalate(draft: &mut Draft<'_>) {
    for owed in draft.owed() {
        let at = owed.next_escalation_at(&draft.change, draft.policy);
        let (Some(_), Some(due_at)) = (at.filter(|at| *at <= draft.now), owed.due_at) else {
            continue;
        };
        let step = draft.change.escalations(owed.duty, due_at) + 1;
        if let Some(to) = draft.policy.escalation.get(usize::from(step)).cloned() {
            draft.follow(Event::Escalated {
                duty: owed.duty,
                due_at,
                to,
                step,
            });
        }
    }
}
