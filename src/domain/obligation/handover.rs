//! From whom to whom what is owed may pass: by delegation, or because whoever
//! owes it is away, has left, or may no longer do it.

use std::collections::BTreeSet;

use super::owner::uninvolved_of;
use super::{Duty, Obligation, People};
use crate::domain::authorization::{Act, Member, Standing, judge, reviewers};
use crate::domain::change::{EmergencyChange, Handover, Remedy};
use crate::domain::id::{GroupId, UserId};
use crate::domain::policy::{Party, Policy, Role};

use chrono::{DateTime, Utc};

/// Why somebody can't be reached for what they owe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// They said that they are away, until then.
    Away {
        /// When they are back.
        until: DateTime<Utc>,
    },
    /// Slack no longer has them as a full member.
    Left,
}

/// Returns the act by which a duty is met, if it may pass to somebody else:
/// nobody can confirm what another is said to have said, accept a risk in
/// another's name, or command for them.
pub fn act_of(duty: Duty, change: &EmergencyChange) -> Option<Act> {
    match duty {
        Duty::Ticket | Duty::PermanentFix | Duty::FollowUp(_) => Some(Act::Document),
        Duty::SecondAuthorization => Some(Act::SecondAuthorize),
        Duty::Approval => Some(Act::Approve),
        Duty::SecurityReview => Some(Act::ReviewSecurity),
        Duty::DatabaseApproval => Some(Act::ReviewDatabase),
        Duty::AnswerException(_) => Some(Act::AnswerException),
        Duty::GenuinenessReview => Some(Act::ReviewGenuineness),
        Duty::MeetingReview => Some(Act::RecordMeeting),
        Duty::Remediation => {
            let remedy = change.rejection.as_ref().and_then(|one| one.remedy);
            match remedy {
                Some(Remedy::AcceptRisk) => None,
                // Whoever it passes to owns it then, and may say that it is done.
                Some(Remedy::RollBack | Remedy::Redo) | None => Some(Act::Document),
            }
        }
        // Asking somebody else, and naming another commander, have buttons of their own.
        Duty::AnswerRequest
        | Duty::ConfirmDeployment
        | Duty::CommanderAuthorization
        | Duty::Confirmation => None,
    }
}

/// Whether only somebody may do it who had no part in the change.
fn needs_distance(duty: Duty) -> bool {
    match duty {
        Duty::SecondAuthorization
        | Duty::Approval
        | Duty::SecurityReview
        | Duty::DatabaseApproval
        | Duty::AnswerException(_)
        | Duty::GenuinenessReview => true,
        // Whoever had a part in it may say that a meeting reviewed it.
        Duty::MeetingReview
        | Duty::AnswerRequest
        | Duty::ConfirmDeployment
        | Duty::Ticket
        | Duty::CommanderAuthorization
        | Duty::Confirmation
        | Duty::Remediation
        | Duty::PermanentFix
        | Duty::FollowUp(_) => false,
    }
}

/// Whether what was handed to `to` is still theirs: a fact that came later may
/// have made them a part of what they would judge.
pub(super) fn may_still(duty: Duty, to: &Party, change: &EmergencyChange) -> bool {
    match to {
        Party::Person(who) => !needs_distance(duty) || !change.is_involved(who),
        Party::Group(_) => true,
    }
}

/// Why an obligation can't stay with the person who owns it, at `now`.
pub fn cannot_stay(
    obligation: &Obligation,
    change: &EmergencyChange,
    policy: &Policy,
    people: &dyn People,
    now: DateTime<Utc>,
) -> Option<Handover> {
    let Some(Party::Person(who)) = &obligation.owner else {
        return None;
    };
    let absence = people.absence(who, now);
    let Some(act) = act_of(obligation.duty, change) else {
        // The card asks somebody else for an answer; all else waits for nobody
        // once its owner is gone.
        let waits = absence == Some(Absence::Left) && !obligation.duty.may_wake();
        return waits.then_some(Handover::Left);
    };
    match absence {
        Some(Absence::Left) => return Some(Handover::Left),
        // Who is back in time does it then.
        Some(Absence::Away { until }) if obligation.due_at.is_none_or(|due_at| due_at <= until) => {
            return Some(Handover::Away);
        }
        Some(Absence::Away { .. }) | None => {}
    }
    let groups = people.groups_of(who, now)?;
    (!may(act, who, groups, change, policy)).then_some(Handover::Ineligible)
}

fn may(
    act: Act,
    who: &UserId,
    groups: BTreeSet<GroupId>,
    change: &EmergencyChange,
    policy: &Policy,
) -> bool {
    let member = Member {
        id: who.clone(),
        standing: Standing::Full,
        groups,
    };
    judge(act, &member, change, policy).is_ok()
}

/// Returns who comes next: of those who were asked and whom the policy names for
/// it, the first who had no part in it and is there; for what anybody may do,
/// whoever else implemented or asked for it, then the escalation contact. What can't
/// pass is asked of whoever can name another.
pub fn next_owner(
    obligation: &Obligation,
    change: &EmergencyChange,
    policy: &Policy,
    people: &dyn People,
    now: DateTime<Utc>,
) -> Option<Party> {
    let duty = obligation.duty;
    let act = match duty {
        // Somebody who may approve puts their own name in the place of another's.
        Duty::Remediation => act_of(duty, change).or(Some(Act::AcceptRisk)),
        _ => act_of(duty, change),
    };
    let may = |who: &UserId, groups| act.is_none_or(|act| may(act, who, groups, change, policy));
    let is_there = |party: &Party| match party {
        Party::Person(who) => {
            let groups = people.groups_of(who, now);
            // What Slack said of them counts no more; until it says otherwise, nothing
            // comes back to who had left.
            let is_gone = groups.is_none() && change.gone.contains(who);
            !is_gone && people.absence(who, now).is_none() && may(who, groups.unwrap_or_default())
        }
        // Somebody who is in no other group and has no name speaks for a group.
        Party::Group(group) => may(&UserId::new(""), BTreeSet::from([group.clone()])),
    };
    candidates(duty, act, change, policy)
        .into_iter()
        .find(|party| Some(party) != obligation.owner.as_ref() && is_there(party))
}

/// Those who may come next, in order.
fn candidates(
    duty: Duty,
    act: Option<Act>,
    change: &EmergencyChange,
    policy: &Policy,
) -> Vec<Party> {
    let apart = |lists: &[&[Party]]| uninvolved_of(change, lists);
    let whoever = |people: Vec<&UserId>| people.into_iter().cloned().map(Party::Person).collect();
    match duty {
        Duty::SecondAuthorization | Duty::Approval => apart(&[&change.asked, &policy.approvers]),
        Duty::Remediation if act == Some(Act::AcceptRisk) => apart(&[&policy.approvers]),
        Duty::SecurityReview => apart(&[reviewers(Role::Security, change, policy)]),
        Duty::DatabaseApproval => apart(&[reviewers(Role::Database, change, policy)]),
        Duty::GenuinenessReview => apart(&[reviewers(Role::Compliance, change, policy)]),
        Duty::AnswerException(_) | Duty::MeetingReview => {
            apart(&[&policy.compliance, &policy.approvers])
        }
        Duty::Ticket | Duty::Remediation | Duty::PermanentFix | Duty::FollowUp(_) => whoever(
            change
                .implementers()
                .chain([&change.requester])
                .chain(policy.escalation.first())
                .collect(),
        ),
        Duty::ConfirmDeployment | Duty::CommanderAuthorization | Duty::Confirmation => {
            let contact = policy.escalation.first();
            whoever([&change.requester].into_iter().chain(contact).collect())
        }
        Duty::AnswerRequest => Vec::new(),
    }
}
