//! Who may permit what, and segregation of duties.
//!
//! [`judge`] holds these rules; nothing else does.

use std::collections::BTreeSet;

use super::change::{EmergencyChange, Refusal};
use super::id::{GroupId, UserId};
use super::policy::{Party, Policy, Role};

/// What Slack says of a person, read when the gesture is resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub id: UserId,
    /// What they are in the workspace.
    pub standing: Standing,
    /// Those of the policy's groups that they are in.
    pub groups: BTreeSet<GroupId>,
}

impl Member {
    /// Whether `party` is this person or a group that they are in.
    pub fn is_of(&self, party: &Party) -> bool {
        match party {
            Party::Person(id) => *id == self.id,
            Party::Group(group) => self.groups.contains(group),
        }
    }
}

named! {
    /// What somebody is in the workspace.
    pub enum Standing {
        /// A full member.
        Full = "full",
        /// A guest, of one channel or several.
        Guest = "guest",
        /// Not a person.
        Bot = "bot",
        /// Somebody who has left.
        Deactivated = "deactivated",
        /// A person of another organisation, through a shared channel.
        Foreign = "foreign",
    }
}

named! {
    /// The acts that need authority.
    pub enum Act {
        /// To permit the change now.
        Authorize = "authorize",
        /// To refuse it.
        Deny = "deny",
        /// To authorize it as the incident's commander.
        Command = "command",
        /// To stand in, afterwards, for an authorization that was not given.
        SecondAuthorize = "second_authorize",
        /// To approve it in retrospect.
        Approve = "approve",
        /// To reject it in retrospect.
        Reject = "reject",
        /// To permit it as the most senior engineer available, because nobody with
        /// the authority is at hand.
        StandIn = "stand_in",
        /// To go ahead without authorization.
        GoAhead = "go_ahead",
        /// To say who commands the incident.
        NameCommander = "name_commander",
        /// To write into the ticket, or to say what became of what it promises.
        Document = "document",
        /// To review it for the security group.
        ReviewSecurity = "review_security",
        /// To approve it as the database's administrator.
        ReviewDatabase = "review_database",
        /// To say, as the compliance lead, whether it was a genuine emergency.
        ReviewGenuineness = "review_genuineness",
        /// To say that a team meeting reviewed it.
        RecordMeeting = "record_meeting",
        /// To answer an exception.
        AnswerException = "answer_exception",
        /// To say how a rejected change was put right.
        Remediate = "remediate",
        /// To take words out of the record.
        Redact = "redact",
        /// To accept the risk of a rejected change.
        AcceptRisk = "accept_risk",
        /// To hand what somebody else owes to a third.
        HandOn = "hand_on",
    }
}

named! {
    /// Why somebody had the authority. Written into the record.
    pub enum Ground {
        /// The policy names them, or a group that they were in.
        Policy = "policy",
        /// They commanded the incident.
        Commander = "commander",
        /// The policy names nobody for it, and they are a full member.
        NoPolicy = "no_policy",
        /// Nobody with the authority was at hand, and they were the most senior
        /// engineer available, as they attest. A second person makes it good.
        MostSenior = "most_senior",
        /// They asked for it or deployed it.
        Involved = "involved",
        /// It is theirs to do: they are named as its owner.
        Owner = "owner",
        /// They are a full member, and any may.
        Member = "member",
    }
}

/// Decides whether `who` may do `act` to `change`, and on what ground.
///
/// Segregation of duties (SOC 2 CC8.1: whoever implements a change isn't its
/// sole approver): neither the requester nor an implementer may authorize,
/// approve, review or answer for it, nor may whoever went ahead make that good,
/// nor may whoever stood in as the most senior engineer be the second person or
/// the approver. The commander may hold both roles, because commanding is not
/// approving; one person may be commander and authorizer.
pub fn judge(
    act: Act,
    who: &Member,
    change: &EmergencyChange,
    policy: &Policy,
) -> Result<Ground, Refusal> {
    refuse_unless_full(act, who)?;
    match act {
        // The bot never stands in the way of the fix, nor of its being told.
        Act::GoAhead | Act::Document => Ok(Ground::Member),
        Act::Command => named(act, who, &[&policy.commanders]),
        Act::NameCommander => match involvement(who, change) {
            Some(ground) => Ok(ground),
            None => among_approvers(act, who, policy),
        },
        Act::Authorize
        | Act::Deny
        | Act::SecondAuthorize
        | Act::StandIn
        | Act::Approve
        | Act::Reject => {
            refuse_involved(act, who, change)?;
            refuse_who_permitted_alone(act, who, change)?;
            match among_approvers(act, who, policy) {
                Err(_) if act == Act::StandIn => Ok(Ground::MostSenior),
                judged => judged,
            }
        }
        Act::ReviewSecurity => {
            refuse_involved(act, who, change)?;
            named(act, who, &[reviewers(Role::Security, change, policy)])
        }
        Act::ReviewDatabase => {
            refuse_involved(act, who, change)?;
            named(act, who, &[reviewers(Role::Database, change, policy)])
        }
        Act::ReviewGenuineness => {
            refuse_involved(act, who, change)?;
            // Who decided has said so already; this is somebody else's word.
            if change.decision().is_some_and(|(by, _)| *by == who.id) {
                return Err(Refusal::OwnDecision { act });
            }
            named(act, who, &[reviewers(Role::Compliance, change, policy)])
        }
        Act::RecordMeeting => named(act, who, &[&policy.compliance, &policy.approvers]),
        Act::AnswerException => {
            refuse_involved(act, who, change)?;
            if policy.compliance.iter().any(|party| who.is_of(party)) {
                return Ok(Ground::Policy);
            }
            among_approvers(act, who, policy)
        }
        Act::Remediate => {
            if change.remedy_owner() == Some(&who.id) {
                return Ok(Ground::Owner);
            }
            refuse_involved(act, who, change)?;
            among_approvers(act, who, policy)
        }
        // Whoever leaked it may be the one to take it out; but nobody may whom the
        // policy doesn't name, and it names somebody.
        Act::Redact => {
            if policy.administrators.iter().any(|party| who.is_of(party)) {
                return Ok(Ground::Policy);
            }
            Err(Refusal::NotAnAdministrator {
                administrators: policy.administrators.clone(),
            })
        }
        // Who sees to it that things are done: the contacts for what is missed, and
        // the compliance lead.
        Act::HandOn => {
            let answers = policy.escalation.contains(&who.id)
                || policy.compliance.iter().any(|party| who.is_of(party));
            answers
                .then_some(Ground::Policy)
                .ok_or(Refusal::NotYours { owner: None })
        }
        // A risk is accepted by the one under whose name it stands. Should they be
        // gone, somebody who may approve puts their own name in its place.
        Act::AcceptRisk => {
            refuse_involved(act, who, change)?;
            match change.remedy_owner().filter(|owner| **owner != who.id) {
                Some(owner) => {
                    among_approvers(act, who, policy).map_err(|_| Refusal::NotTheirRisk {
                        owner: owner.clone(),
                    })
                }
                None => Ok(Ground::Owner),
            }
        }
    }
}

/// Decides whether `who` may hand on what `owner` owes: it is theirs to hand on, or
/// they may for anybody.
pub fn judge_handing_on(
    who: &Member,
    owner: Option<&Party>,
    change: &EmergencyChange,
    policy: &Policy,
) -> Result<Ground, Refusal> {
    refuse_unless_full(Act::HandOn, who)?;
    if owner.is_some_and(|owner| who.is_of(owner)) {
        return Ok(Ground::Owner);
    }
    judge(Act::HandOn, who, change, policy).map_err(|_| Refusal::NotYours {
        owner: owner.cloned(),
    })
}

/// Refuses to let anybody do something but full members.
pub fn refuse_unless_full(act: Act, who: &Member) -> Result<(), Refusal> {
    match who.standing {
        Standing::Full => Ok(()),
        Standing::Guest => Err(Refusal::Guest { act }),
        Standing::Bot => Err(Refusal::Bot { act }),
        Standing::Deactivated => Err(Refusal::Left { act }),
        Standing::Foreign => Err(Refusal::Foreign { act }),
    }
}

/// Refuses to have a remedy owed by somebody who couldn't say that it is done.
/// They are only named here, so the sentence speaks of them.
pub fn refuse_owner_of_remedy(act: Act, owner: &Member) -> Result<(), Refusal> {
    refuse_unless_full(act, owner).map_err(|refusal| refusal.of(&owner.id))
}

/// Returns those whose word a review beside the decision waits for: the holders
/// of the role, or the approvers where nobody named for it stands apart from the
/// change. The only administrator of a database may have deployed it themselves;
/// nobody can say of a group that it holds nobody else.
pub fn reviewers<'p>(role: Role, change: &EmergencyChange, policy: &'p Policy) -> &'p [Party] {
    let holders = policy.holders(role);
    let stands_apart = |party: &Party| match party {
        Party::Person(who) => {
            let decided =
                role == Role::Compliance && change.decision().is_some_and(|(by, _)| by == who);
            !decided && !change.is_involved(who)
        }
        Party::Group(_) => true,
    };
    if holders.iter().any(stands_apart) {
        holders
    } else {
        &policy.approvers
    }
}

/// Refuses to have a risk accepted by somebody who took it. They are only named
/// here; whether they may is judged when they accept it.
pub fn refuse_own_risk(owner: &UserId, change: &EmergencyChange) -> Result<(), Refusal> {
    if change.is_involved(owner) {
        return Err(Refusal::OwnRisk {
            owner: owner.clone(),
        });
    }
    Ok(())
}

/// Whether one of these lists names them; where all are empty, any full member.
fn named(act: Act, who: &Member, lists: &[&[Party]]) -> Result<Ground, Refusal> {
    let mut parties = lists.iter().copied().flatten();
    if lists.iter().all(|list| list.is_empty()) {
        return Ok(Ground::NoPolicy);
    }
    if parties.any(|party| who.is_of(party)) {
        return Ok(Ground::Policy);
    }
    Err(match act {
        Act::Command => Refusal::NotACommander,
        _ => Refusal::NotAnApprover { act },
    })
}

/// Whether the policy names them among the approvers; while it names none, any
/// full member counts as one.
fn among_approvers(act: Act, who: &Member, policy: &Policy) -> Result<Ground, Refusal> {
    named(act, who, &[&policy.approvers])
}

fn involvement(who: &Member, change: &EmergencyChange) -> Option<Ground> {
    change.is_involved(&who.id).then_some(Ground::Involved)
}

fn refuse_involved(act: Act, who: &Member, change: &EmergencyChange) -> Result<(), Refusal> {
    if who.id == change.requester {
        return Err(Refusal::OwnRequest { act });
    }
    if change.implementers().any(|id| *id == who.id) {
        return Err(Refusal::OwnDeployment { act });
    }
    Ok(())
}

/// Who went ahead, or stood in as the most senior engineer, doesn't make that
/// good themselves.
fn refuse_who_permitted_alone(
    act: Act,
    who: &Member,
    change: &EmergencyChange,
) -> Result<(), Refusal> {
    let permits = matches!(act, Act::Authorize | Act::SecondAuthorize | Act::StandIn);
    let went_ahead = change.went_ahead.as_ref();
    if permits && went_ahead.is_some_and(|one| one.by == who.id) {
        return Err(Refusal::OwnGoingAhead { act });
    }
    let grants = permits || act == Act::Approve;
    if grants && change.stood_in().is_some_and(|by| *by == who.id) {
        return Err(Refusal::OwnStandIn { act });
    }
    Ok(())
}

/// Whether `who` would hold the role but for being the requester, which makes
/// going ahead a self-authorization rather than none at all.
pub fn holds_the_role(who: &Member, policy: &Policy) -> bool {
    who.standing == Standing::Full && policy.approvers.iter().any(|party| who.is_of(party))
}
