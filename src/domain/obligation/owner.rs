//! Who owes something, and whether they had no part in what it is about.

use chrono::{DateTime, Utc};

use crate::domain::authorization::{Ground, reviewers};
use crate::domain::change::{Authorization, EmergencyChange};
use crate::domain::id::UserId;
use crate::domain::policy::{Party, Policy, Role};

use super::Duty;
use super::handover::may_still;

pub(super) fn implementer(change: &EmergencyChange) -> Option<Party> {
    change.implementers().next().cloned().map(Party::Person)
}

/// Who is to approve: to whom it was handed, by default who authorized.
pub fn approver(change: &EmergencyChange, policy: &Policy) -> Option<Party> {
    if let Some(handed) = change.handed.get(&Duty::Approval)
        && may_still(Duty::Approval, &handed.to, change)
    {
        return Some(handed.to.clone());
    }
    let authorizer = with_authority(change).map(|given| &given.by);
    let second = change.second.as_ref().map(|act| &act.by);
    authorizer
        .into_iter()
        .chain(second)
        .find(|who| !change.is_involved(who))
        .cloned()
        .map(Party::Person)
        .or_else(|| uninvolved(change, policy))
}

/// Whether nobody but those who did it has permitted it in time, so that a
/// second person has to stand in.
pub fn needs_second_person(change: &EmergencyChange) -> bool {
    let alone = |by: &UserId| change.is_involved(by);
    change.went_ahead.is_some() || with_authority(change).is_none_or(|given| alone(&given.by))
}

/// The authorization, unless all that it rests on is having been the most senior
/// engineer available.
fn with_authority(change: &EmergencyChange) -> Option<&Authorization> {
    change
        .authorization
        .as_ref()
        .filter(|given| given.ground != Ground::MostSenior)
}

/// When somebody who had no part in it permitted it, before or after.
pub fn made_good_at(change: &EmergencyChange) -> Option<DateTime<Utc>> {
    let second = change.second.as_ref().map(|act| (&act.by, act.at));
    let authorizer = with_authority(change).map(|one| (&one.by, one.at));
    second
        .into_iter()
        .chain(authorizer)
        .find(|(by, _)| stands_apart(change, by))
        .map(|(_, at)| at)
}

/// Somebody who was asked, else whom the policy names, and who had no part in it.
pub(super) fn uninvolved(change: &EmergencyChange, policy: &Policy) -> Option<Party> {
    change
        .asked
        .iter()
        .chain(&policy.approvers)
        .find(|party| match party {
            Party::Person(who) => stands_apart(change, who),
            Party::Group(_) => true,
        })
        .cloned()
}

/// Those of these lists who had no part in it, each once.
pub(super) fn uninvolved_of(change: &EmergencyChange, lists: &[&[Party]]) -> Vec<Party> {
    let mut parties: Vec<Party> = Vec::new();
    for party in lists.iter().copied().flatten() {
        let apart = match party {
            Party::Person(who) => stands_apart(change, who),
            Party::Group(_) => true,
        };
        if apart && !parties.contains(party) {
            parties.push(party.clone());
        }
    }
    parties
}

/// The first of these who had no part in it; a group may have somebody else.
pub(super) fn first_apart(change: &EmergencyChange, parties: &[Party]) -> Option<Party> {
    parties
        .iter()
        .find(|party| match party {
            Party::Person(who) => !change.is_involved(who),
            Party::Group(_) => true,
        })
        .cloned()
}

/// The compliance lead who is to say whether it was a genuine emergency, if who
/// decided on it had also authorized it: theirs is the second word on it.
pub(super) fn judge_of_genuineness(change: &EmergencyChange, policy: &Policy) -> Option<Party> {
    let (decided, _) = change.decision()?;
    let authorized = change.authorization.as_ref().map(|given| &given.by);
    let second = change.second.as_ref().map(|act| &act.by);
    if authorized != Some(decided) && second != Some(decided) {
        return None;
    }
    let others: Vec<Party> = reviewers(Role::Compliance, change, policy)
        .iter()
        .filter(|party| **party != Party::Person(decided.clone()))
        .cloned()
        .collect();
    first_apart(change, &others)
}

/// Who went ahead, or stood in as the most senior engineer, can't be the second
/// person who makes that good.
fn stands_apart(change: &EmergencyChange, who: &UserId) -> bool {
    let went_ahead = change.went_ahead.as_ref().is_some_and(|act| act.by == *who);
    let stood_in = change.stood_in().is_some_and(|by| by == who);
    !went_ahead && !stood_in && !change.is_involved(who)
}
