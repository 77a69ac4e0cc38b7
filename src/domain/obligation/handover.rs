//! From whom to whom what is owed may pass: by delegation, or because whoever
//! owes it is away, has left, or may no longer do it.

use std::collections::BTreeSet;

use super::owner::uninvolved_of;
use super::{Duty, Obligation, People};
use crate::domain::authorization::{Act, Member, Standing, judge};
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

/// The role whose holders come next, where it is a role's to do.
fn role_of(duty: Duty) -> Option<Role> {
    match duty {
        Duty::SecondAuthorization | Duty::Approval => Some(Role::Approvers),
        Duty::SecurityReview => Some(Role::Security),
        Duty::DatabaseApproval => Some(Role::Database),
        Duty::AnswerException(_) | Duty::GenuinenessReview | Duty::MeetingReview => {
            Some(Role::Compliance)
        }
        Duty::AnswerRequest
        | Duty::ConfirmDeployment
        | Duty::Ticket
        | Duty::CommanderAuthorization
        | Duty::Confirmation
        | Duty::Remediation
        | Duty::PermanentFix
        | Duty::FollowUp(_) => None,
    }
}

/// Whether what was handed to `to` is still theirs: a fact that came later may
/// have made them a part of what they would judge.
pub(super) fn may_still(duty: Duty, to: &Party, change: &EmergencyChange) -> bool {
    match to {
        // Whoever had a part in it may say that a meeting reviewed it.
        Party::Person(who) => {
            duty == Duty::MeetingReview || role_of(duty).is_none() || !change.is_involved(who)
        }
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
    let act = act_of(obligation.duty, change)?;
    match people.absence(who, now) {
        Some(Absence::Left) => return Some(Handover::Left),
        // Who is back in time does it then.
        Some(Absence::Away { until }) if obligation.due_at.is_none_or(|due_at| due_at <= until) => {
            return Some(Handover::Away);
        }
        Some(Absence::Away { .. }) | None => {}
    }
    let groups = people.groups_of(who)?;
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
/// the role, the first who had no part in it and is there; for what anybody may
/// do, whoever else implemented or asked for it, then the escalation contact.
pub fn next_owner(
    obligation: &Obligation,
    change: &EmergencyChange,
    policy: &Policy,
    people: &dyn People,
    now: DateTime<Utc>,
) -> Option<Party> {
    let act = act_of(obligation.duty, change)?;
    let is_there = |party: &Party| match party {
        Party::Person(who) => {
            let groups = people.groups_of(who).unwrap_or_default();
            people.absence(who, now).is_none() && may(act, who, groups, change, policy)
        }
        Party::Group(_) => true,
    };
    let another = |party: &Party| Some(party) != obligation.owner.as_ref();
    let candidates: Vec<Party> = match role_of(obligation.duty) {
        Some(role) => uninvolved_of(change, policy, role),
        None => change
            .implementers()
            .chain([&change.requester])
            .chain(policy.escalation.first())
            .cloned()
            .map(Party::Person)
            .collect(),
    };
    candidates
        .into_iter()
        .find(|party| another(party) && is_there(party))
}
