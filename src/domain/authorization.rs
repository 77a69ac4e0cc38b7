//! Who may permit what, and segregation of duties.
//!
//! [`judge`] holds these rules; nothing else does.

use std::collections::BTreeSet;

use super::change::{EmergencyChange, Refusal};
use super::id::{GroupId, UserId};
use super::policy::{Party, Policy};

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
    }
}

named! {
    /// Why somebody had the authority. Written into the record.
    pub enum Ground {
        /// The policy names them, or a group that they were in.
        Policy = "policy",
        /// They commanded the incident.
        Commander = "commander",
        /// No policy is written, and they are a full member.
        NoPolicy = "no_policy",
        /// Nobody with the authority was at hand, and they were the most senior
        /// engineer available, as they attest. A second person makes it good.
        MostSenior = "most_senior",
    }
}

/// Decides whether `who` may do `act` to `change`, and on what ground.
///
/// Segregation of duties (SOC 2 CC8.1: whoever implements a change isn't its
/// sole approver): neither the requester nor an implementer may authorize or
/// approve, nor may whoever went ahead make that good, nor may whoever stood in
/// as the most senior engineer be the second person or the approver. The
/// commander may hold both roles, because commanding is not approving; one
/// person may be commander and authorizer.
pub fn judge(
    act: Act,
    who: &Member,
    change: &EmergencyChange,
    policy: &Policy,
) -> Result<Ground, Refusal> {
    match who.standing {
        Standing::Full => {}
        Standing::Guest => return Err(Refusal::Guest { act }),
        Standing::Bot => return Err(Refusal::Bot { act }),
        Standing::Deactivated => return Err(Refusal::Left { act }),
        Standing::Foreign => return Err(Refusal::Foreign { act }),
    }
    match act {
        Act::Command => {
            if policy.commanders.is_empty() {
                return Ok(Ground::NoPolicy);
            }
            if policy.commanders.iter().any(|party| who.is_of(party)) {
                return Ok(Ground::Policy);
            }
            Err(Refusal::NotACommander)
        }
        Act::Authorize
        | Act::Deny
        | Act::SecondAuthorize
        | Act::StandIn
        | Act::Approve
        | Act::Reject => {
            if who.id == change.requester {
                return Err(Refusal::OwnRequest { act });
            }
            if change.implementers().any(|id| *id == who.id) {
                return Err(Refusal::OwnDeployment { act });
            }
            let permits = matches!(act, Act::Authorize | Act::SecondAuthorize | Act::StandIn);
            if permits
                && change
                    .went_ahead
                    .as_ref()
                    .is_some_and(|one| one.by == who.id)
            {
                return Err(Refusal::OwnGoingAhead { act });
            }
            let grants = permits || act == Act::Approve;
            if grants && change.stood_in().is_some_and(|by| *by == who.id) {
                return Err(Refusal::OwnStandIn { act });
            }
            if !policy.is_written() {
                return Ok(Ground::NoPolicy);
            }
            if policy.approvers.iter().any(|party| who.is_of(party)) {
                return Ok(Ground::Policy);
            }
            if act == Act::StandIn {
                return Ok(Ground::MostSenior);
            }
            Err(Refusal::NotAnApprover { act })
        }
    }
}

/// Whether `who` would hold the role but for being the requester, which makes
/// going ahead a self-authorization rather than none at all.
pub fn holds_the_role(who: &Member, policy: &Policy) -> bool {
    who.standing == Standing::Full && policy.approvers.iter().any(|party| who.is_of(party))
}
