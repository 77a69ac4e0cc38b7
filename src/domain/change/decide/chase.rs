//! What people answer to a reminder beside doing what it asks: not now, somebody
//! else; and what the clock does where nobody answers.

use super::Draft;
use crate::domain::authorization::{Act, Member, judge, refuse_unless_full};
use crate::domain::change::{Event, Handover, Nap, Refusal};
use crate::domain::obligation::{
    Duty, ESCALATED_AFTER, Obligation, People, act_of, cannot_stay, next_owner,
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
    by: &Member,
    duty: Duty,
    to: &Member,
) -> Result<(), Refusal> {
    let owed = open(draft, duty)?;
    let change = &draft.change;
    let Some(act) = act_of(duty, change) else {
        return Err(Refusal::NotToDelegate { duty });
    };
    refuse_unless_full(Act::Document, by)?;
    if !is_theirs(by, &owed) && !answers_for_it(by, draft) {
        return Err(Refusal::NotYours {
            owner: owed.owner.clone(),
        });
    }
    if owed.owner == Some(Party::Person(to.id.clone())) {
        return Err(Refusal::AlreadyTheirs {
            owner: to.id.clone(),
        });
    }
    judge(act, to, change, draft.policy).map_err(|refusal| refusal.of(&to.id))?;
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

/// Whether they see to it that things are done: the contacts for what is missed,
/// and the compliance lead.
fn answers_for_it(by: &Member, draft: &Draft<'_>) -> bool {
    let policy = draft.policy;
    policy.escalation.contains(&by.id) || policy.compliance.iter().any(|party| by.is_of(party))
}

/// Whatever can't stay with its owner passes to whoever comes next. Where nobody
/// does, it stays, and is seen to be missed.
pub(super) fn hand_over(draft: &mut Draft<'_>, people: &dyn People) {
    let mut done: Vec<(Duty, Option<Party>)> = Vec::new();
    while let Some(owed) = draft
        .owed()
        .into_iter()
        .find(|one| one.met_at.is_none() && !done.contains(&(one.duty, one.owner.clone())))
    {
        done.push((owed.duty, owed.owner.clone()));
        let why = cannot_stay(&owed, &draft.change, draft.policy, people, draft.now);
        let Some(why) = why else { continue };
        let next = next_owner(&owed, &draft.change, draft.policy, people, draft.now);
        if let Some(to) = next {
            draft.follow(Event::HandedOver {
                duty: owed.duty,
                from: owed.owner,
                to,
                why,
            });
        }
    }
}

/// The further contacts hear, one after the other, of what is missed and still
/// not done.
pub(super) fn escalate(draft: &mut Draft<'_>) {
    for owed in draft.owed() {
        let at = owed.next_escalation_at(&draft.change, draft.policy);
        let (Some(_), Some(due_at)) = (at.filter(|at| *at <= draft.now), owed.due_at) else {
            continue;
        };
        // One who was slept through hears of it with the latest.
        let told = draft.change.escalations(owed.duty, due_at);
        let passed = draft.now - due_at;
        let latest = (told + 1..)
            .take_while(|step| ESCALATED_AFTER * i32::from(*step) <= passed)
            .take_while(|step| usize::from(*step) < draft.policy.escalation.len());
        for step in latest.collect::<Vec<_>>() {
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
}
