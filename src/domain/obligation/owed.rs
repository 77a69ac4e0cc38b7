//! What is owed to a change: DESIGN's table, row by row.

use chrono::{DateTime, Utc};

use super::handover::may_still;
use super::owner::{
    approver, first_apart, implementer, judge_of_genuineness, made_good_at, needs_second_person,
    uninvolved,
};
use super::{Duty, Obligation};
use crate::domain::authorization::reviewers;
use crate::domain::change::{Approval, Criterion, EmergencyChange, Exception, Review, Stage};
use crate::domain::policy::{Category, Party, Policy, Role, Term};
use crate::domain::ticket::{Circumstance, Field, choice, holds};

/// Derives everything that is or was owed to a change.
pub fn obligations(change: &EmergencyChange, policy: &Policy) -> Vec<Obligation> {
    // A rehearsal that was ended owes nothing, though it went on to a deployment.
    if change.drill && change.stage == Stage::Withdrawn {
        return Vec::new();
    }
    let mut owed = owed_before_deployment(change, policy);
    if let (Some(learned_at), Some(deployed_at)) = (
        change.deployments.iter().map(|one| one.recorded_at).min(),
        change.deployed_at(),
    ) {
        let after = Deployment {
            change,
            policy,
            learned_at,
            deployed_at,
        };
        owed.extend(after.owed_for_the_decision());
        owed.extend(after.reviews());
        owed.extend(after.owed_for_what_went_wrong());
        owed.extend(after.owed_afterwards());
    }
    for one in &mut owed {
        if let Some(handed) = change.handed.get(&one.duty)
            && may_still(one.duty, &handed.to, change)
        {
            one.owner = Some(handed.to.clone());
        }
    }
    owed
}

fn owe(duty: Duty, owner: Option<Party>, opened_at: DateTime<Utc>) -> Obligation {
    Obligation {
        duty,
        owner,
        opened_at,
        ready_at: None,
        due_at: None,
        closing_waits: duty.is_needed_to_close(),
        met_at: None,
    }
}

fn owed_before_deployment(change: &EmergencyChange, policy: &Policy) -> Vec<Obligation> {
    let mut owed = Vec::new();
    if change.stage == Stage::Requested && change.went_ahead.is_none() {
        owed.push(owe(
            Duty::AnswerRequest,
            change.asked.first().cloned(),
            on_record(change, change.asked_at),
        ));
    }
    let ended = matches!(change.stage, Stage::Withdrawn | Stage::Lapsed);
    if let Some(given) = &change.authorization
        && let Some(attested) = given.attested.as_ref().filter(|one| one.by != given.by)
        && !ended
    {
        let owner = Some(Party::Person(given.by.clone()));
        owed.push(Obligation {
            due_at: change.due_within(policy.due.within(Term::Confirmation)),
            met_at: given.confirmed_at,
            ..owe(Duty::Confirmation, owner, attested.at)
        });
    }
    let permitted_at = change
        .authorization
        .as_ref()
        .map(|given| given.at)
        .or_else(|| change.went_ahead.as_ref().map(|act| act.at));
    if let Some(opened_at) = permitted_at
        && change.deployments.is_empty()
        && !ended
    {
        let requester = Some(Party::Person(change.requester.clone()));
        let opened_at = on_record(change, opened_at);
        owed.push(owe(Duty::ConfirmDeployment, requester, opened_at));
    }
    owed
}

/// Nobody is asked before it is on record: what was captured a day late would
/// otherwise begin with its last question.
fn on_record(change: &EmergencyChange, at: DateTime<Utc>) -> DateTime<Utc> {
    let captured_at = change.captured.as_ref().map(|capture| capture.at);
    captured_at.map_or(at, |captured_at| at.max(captured_at))
}

/// What is owed since a change is in production.
struct Deployment<'a> {
    change: &'a EmergencyChange,
    policy: &'a Policy,
    /// When we heard of it: nobody is reminded before.
    learned_at: DateTime<Utc>,
    deployed_at: DateTime<Utc>,
}

impl Deployment<'_> {
    /// When is due what has to come so long after the deployment, or after it
    /// came to be owed.
    fn due_at(&self, duty: Duty, since: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        let within = self.policy.due.within(duty.term()?);
        let due_at = self.change.due_within(within)?;
        Some(since.map_or(due_at, |since| due_at.max(since + within)))
    }

    /// The ticket, the authorizations that are still to come, and the decision.
    fn owed_for_the_decision(&self) -> Vec<Obligation> {
        let change = self.change;
        let mut owed = vec![
            Obligation {
                // One that misses more by what came to light since has as long
                // again from then.
                due_at: change.due_at().map(|due_at| {
                    change.reopened_at.map_or(due_at, |at| {
                        due_at.max(at + self.policy.due.within(Term::Ticket))
                    })
                }),
                met_at: change.documented_at,
                ..owe(Duty::Ticket, implementer(change), self.learned_at)
            },
            Obligation {
                due_at: self.due_at(Duty::CommanderAuthorization, None),
                met_at: change.commander.as_ref().and_then(|one| one.authorized_at),
                ..owe(
                    Duty::CommanderAuthorization,
                    // While nobody has said who commands, the requester is asked.
                    Some(Party::Person(change.commander.as_ref().map_or_else(
                        || change.requester.clone(),
                        |one| one.who.clone(),
                    ))),
                    self.learned_at,
                )
            },
        ];
        if needs_second_person(change) {
            // An authorizer who deploys in the end has a day from then to find another.
            let since = change
                .exceptions
                .get(&Exception::SelfAuthorized)
                .filter(|_| change.went_ahead.is_none())
                .map(|state| state.at);
            owed.push(Obligation {
                due_at: self.due_at(Duty::SecondAuthorization, since),
                met_at: made_good_at(change),
                ..owe(
                    Duty::SecondAuthorization,
                    uninvolved(change, self.policy),
                    self.learned_at,
                )
            });
        }
        let decided_at = change
            .approval
            .as_ref()
            .map(|one| one.at)
            .or_else(|| change.rejection.as_ref().map(|one| one.at));
        owed.push(Obligation {
            // An approval taken back is owed anew, within a day of the edit.
            due_at: self.due_at(Duty::Approval, change.taken_back_at),
            // A ticket written ahead of the deployment is ready with it.
            ready_at: ready_for_decision(change, &owed).map(|at| at.max(self.learned_at)),
            met_at: decided_at,
            ..owe(
                Duty::Approval,
                approver(change, self.policy),
                self.learned_at,
            )
        });
        owed
    }

    /// The reviews that a circumstance asks for, from when it is known.
    fn reviews(&self) -> Vec<Obligation> {
        if self.change.has_first_ticket() {
            return Vec::new();
        }
        let of = |review, circumstance, since: Option<DateTime<Utc>>, role| {
            if !holds(circumstance, self.change, self.policy) {
                return None;
            }
            let duty = Duty::of_review(review);
            let opened_at = since.map_or(self.learned_at, |since| since.max(self.learned_at));
            Some(Obligation {
                due_at: self.due_at(duty, since),
                met_at: self.change.reviews.get(&review).map(|one| one.at),
                ..owe(
                    duty,
                    first_apart(self.change, reviewers(role, self.change, self.policy)),
                    opened_at,
                )
            })
        };
        let security = of(
            Review::Security,
            Circumstance::SecurityIncident,
            self.security_since(),
            Role::Security,
        );
        let database = of(
            Review::Database,
            Circumstance::Database,
            self.category_since(Category::is_database),
            Role::Database,
        );
        security.into_iter().chain(database).collect()
    }

    /// Since when it is known as a security incident's: by the first sign of it.
    fn security_since(&self) -> Option<DateTime<Utc>> {
        let criteria = &self.change.criteria_since;
        let by_criterion = criteria.get(&Criterion::Vulnerability).copied();
        let by_category = self.category_since(Category::is_security);
        by_criterion.into_iter().chain(by_category).min()
    }

    /// Since when its category was one of these, whatever it was in between: to
    /// choose another for a while wins no time.
    fn category_since(&self, is_one: fn(&Category) -> bool) -> Option<DateTime<Utc>> {
        self.chosen_since(Field::Category, |id| {
            self.policy.category(id).is_some_and(is_one)
        })
    }

    fn chosen_since(&self, field: Field, is_one: impl Fn(&str) -> bool) -> Option<DateTime<Utc>> {
        let chosen = self.change.chosen_since.iter();
        chosen
            .filter(|((of, name), _)| *of == field && is_one(name))
            .map(|(_, at)| *at)
            .min()
    }

    /// The remedy after a rejection, and the answers to exceptions.
    fn owed_for_what_went_wrong(&self) -> Vec<Obligation> {
        let (change, due) = (self.change, &self.policy.due);
        let remedy = change.rejection.as_ref().map(|rejection| Obligation {
            due_at: Some(
                rejection
                    .due_at
                    .unwrap_or(rejection.at + due.within(Term::Remediation)),
            ),
            met_at: change.remediation.as_ref().map(|one| one.at),
            ..owe(
                Duty::Remediation,
                change.remedy_owner().cloned().map(Party::Person),
                rejection.at,
            )
        });
        let approver = approver(change, self.policy);
        let answers = change.exceptions.iter().map(|(exception, state)| {
            // Nobody is asked for it before the deployment, nor late from the start.
            let opened_at = state.at.max(self.learned_at);
            let duty = Duty::AnswerException(*exception);
            Obligation {
                due_at: Some(opened_at + due.within(Term::AnswerException)),
                met_at: state.answer.as_ref().map(|answer| answer.at),
                closing_waits: change.closing_waits_for(duty),
                ..owe(duty, approver.clone(), opened_at)
            }
        });
        remedy.into_iter().chain(answers).collect()
    }

    /// What closing doesn't wait for, and is chased on after it.
    fn owed_afterwards(&self) -> Vec<Obligation> {
        let genuineness = self.genuineness_review();
        let meeting = self.meeting_review();
        let fix = self.permanent_fix();
        genuineness
            .into_iter()
            .chain(meeting)
            .chain(fix)
            .chain(self.follow_ups())
            .collect()
    }

    fn genuineness_review(&self) -> Option<Obligation> {
        if self.change.has_first_ticket() {
            return None;
        }
        let (_, decided_at) = self.change.decision()?;
        let owner = judge_of_genuineness(self.change, self.policy)?;
        Some(Obligation {
            due_at: Some(decided_at + self.policy.due.within(Term::GenuinenessReview)),
            met_at: self.change.genuineness.as_ref().map(|one| one.at),
            ..owe(Duty::GenuinenessReview, Some(owner), decided_at)
        })
    }

    /// The approval, if anything comes after it.
    fn approval(&self) -> Option<&Approval> {
        let approval = self.change.approval.as_ref();
        approval.filter(|_| !self.change.has_first_ticket())
    }

    fn meeting_review(&self) -> Option<Obligation> {
        let approval = self.approval()?;
        let owner = self.policy.compliance.first().cloned();
        let owner = owner.or_else(|| Some(Party::Person(approval.by.clone())));
        Some(Obligation {
            due_at: Some(approval.at + self.policy.due.within(Term::MeetingReview)),
            met_at: self.change.meeting.as_ref().map(|one| one.at),
            ..owe(Duty::MeetingReview, owner, approval.at)
        })
    }

    fn permanent_fix(&self) -> Option<Obligation> {
        if !holds(Circumstance::Workaround, self.change, self.policy) {
            return None;
        }
        let known_at = self.chosen_since(Field::Permanence, choice::is_provisional)?;
        let owner = self.change.person(Field::PermanentFixOwner).cloned();
        let since = known_at.max(self.deployed_at);
        Some(Obligation {
            // What is promised after a miss takes nothing of it back.
            due_at: Some(
                self.change
                    .first_missed(Duty::PermanentFix)
                    .or_else(|| self.change.instant(Field::PermanentFixDueAt))
                    .unwrap_or(since + self.policy.due.within(Term::PermanentFix)),
            ),
            met_at: self.change.permanent_fix.as_ref().map(|one| one.at),
            ..owe(
                Duty::PermanentFix,
                owner
                    .map(Party::Person)
                    .or_else(|| implementer(self.change)),
                known_at.max(self.learned_at),
            )
        })
    }

    fn follow_ups(&self) -> impl Iterator<Item = Obligation> {
        (1u16..)
            .zip(&self.change.follow_ups)
            .map(|(n, one)| Obligation {
                due_at: Some(one.due_at),
                met_at: one.done.as_ref().map(|done| done.at),
                ..owe(
                    Duty::FollowUp(n),
                    Some(Party::Person(one.owner.clone())),
                    one.added.at.max(self.learned_at),
                )
            })
    }
}

/// Since when everything that an approval needs is there.
fn ready_for_decision(change: &EmergencyChange, owed: &[Obligation]) -> Option<DateTime<Utc>> {
    let mut ready_at = change.taken_back_at;
    for obligation in owed.iter().filter(|one| one.duty.is_needed_for_approval()) {
        ready_at = ready_at.max(Some(obligation.met_at?));
    }
    ready_at
}
