//! Who permitted a change, and whether segregation of duties was kept.

use super::fill::Filler;
use super::told::apart;
use super::words::{ground, method, named, review, source, strength};
use super::{Duties, Permission, Record};
use crate::domain::authorization::Ground;
use crate::domain::change::{Actor, Event, Recorded};
use crate::domain::id::UserId;

/// The name of the act that permits.
pub(super) const AUTHORIZED: &str = "authorized";

/// The names of the acts that permit it in another capacity.
const SECOND: &str = "second_authorized";
const AS_COMMANDER: &str = "commander_authorized";

/// How rules stand that were kept, and that weren't.
const KEPT: &str = "kept";
const NOT_KEPT: &str = "not_kept";

/// Of whom the commander's rule speaks.
const COMMANDER: &str = "Whoever authorized it as incident commander";

impl Filler<'_> {
    /// Every act that permitted or refused it, as it happened.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each event; the compiler sees that none is missing"
    )]
    pub(super) fn permissions(&self, history: &[Recorded]) -> Vec<Permission> {
        let mut permissions = Vec::new();
        for recorded in history {
            let Actor::Person(actor) = &recorded.actor else {
                continue;
            };
            let plain = |name: &str, words: &str, by: &UserId, why: Option<Ground>| Permission {
                act: named(name, words),
                by: self.person(by),
                at: recorded.at,
                source: source(recorded.source),
                method: None,
                strength: None,
                ground: why.map(ground),
                evidence: None,
                attested: None,
                confirmed_at: None,
            };
            permissions.push(match &recorded.event {
                Event::Authorized {
                    by,
                    method: how,
                    strength: proves,
                    ground: why,
                    evidence,
                    attested,
                } => {
                    let given = self.change.authorization.as_ref();
                    let given = given.filter(|one| one.by == *by && one.at == recorded.at);
                    Permission {
                        method: Some(method(*how)),
                        strength: Some(strength(*proves)),
                        evidence: evidence.as_ref().map(|one| self.evidence(one)),
                        attested: attested.as_ref().map(|one| self.act_of(one)),
                        confirmed_at: given.and_then(|one| one.confirmed_at),
                        ..plain(AUTHORIZED, "authorized the change", by, Some(*why))
                    }
                }
                Event::Denied {
                    ground: why,
                    evidence,
                } => Permission {
                    evidence: evidence.as_ref().map(|one| self.evidence(one)),
                    ..plain("denied", "denied the change", actor, Some(*why))
                },
                Event::WentAhead => plain(
                    "went_ahead",
                    "went ahead without authorization",
                    actor,
                    None,
                ),
                Event::CommanderAuthorized {
                    method: how,
                    strength: proves,
                    ground: why,
                } => Permission {
                    method: Some(method(*how)),
                    strength: Some(strength(*proves)),
                    ..plain(
                        AS_COMMANDER,
                        "authorized the change as incident commander",
                        actor,
                        Some(*why),
                    )
                },
                Event::SecondAuthorized {
                    method: how,
                    strength: proves,
                    ground: why,
                    evidence,
                } => Permission {
                    method: Some(method(*how)),
                    strength: Some(strength(*proves)),
                    evidence: evidence.as_ref().map(|one| self.evidence(one)),
                    ..plain(
                        SECOND,
                        "authorized the change as second person",
                        actor,
                        Some(*why),
                    )
                },
                Event::AttestationConfirmed => plain(
                    "attestation_confirmed",
                    "confirmed the authorization that was attested",
                    actor,
                    None,
                ),
                Event::AttestationDisputed => plain(
                    "attestation_disputed",
                    "disputed the authorization that was attested",
                    actor,
                    None,
                ),
                Event::Requested { .. }
                | Event::CriterionStated { .. }
                | Event::AskedAnew { .. }
                | Event::CommanderNamed { .. }
                | Event::Deployed { .. }
                | Event::DeploymentCorrected { .. }
                | Event::ReasonStated { .. }
                | Event::LinkedAsDuplicate { .. }
                | Event::MessageEdited { .. }
                | Event::MessageDeleted { .. }
                | Event::ReactionRemoved { .. }
                | Event::Lapsed
                | Event::Withdrawn
                | Event::SectionWritten { .. }
                | Event::FieldWritten { .. }
                | Event::AttachmentKept { .. }
                | Event::Redacted { .. }
                | Event::Documented
                | Event::TicketReopened { .. }
                | Event::Approved { .. }
                | Event::ApprovalTakenBack { .. }
                | Event::Rejected { .. }
                | Event::Reviewed { .. }
                | Event::GenuinenessReviewed { .. }
                | Event::MeetingHeld { .. }
                | Event::PermanentFixMade { .. }
                | Event::FollowUpAdded { .. }
                | Event::FollowUpDone { .. }
                | Event::Remediated { .. }
                | Event::ExceptionRecorded { .. }
                | Event::ExceptionAnswered { .. }
                | Event::DeadlineMissed { .. }
                | Event::Reminded { .. }
                | Event::Snoozed { .. }
                | Event::HandedOver { .. }
                | Event::Escalated { .. }
                | Event::Delivered { .. }
                | Event::Undelivered { .. }
                | Event::Closed => continue,
            });
        }
        permissions
    }

    /// The rules of segregation of duties, held against what happened: those by which
    /// [`judge`](crate::domain::authorization::judge) lets people act, and no others.
    pub(super) fn segregation(&self) -> Vec<Duties> {
        let change = self.change;
        let apart = |whoever: &str| format!("{whoever} neither asked for it nor deployed it");
        let judge = |whoever: &str, who: &UserId, did: &str| Duties {
            rule: apart(whoever),
            standing: if change.is_involved(who) {
                named(NOT_KEPT, "not kept")
            } else {
                named(KEPT, "kept")
            },
            because: format!("{} {did}, {}", self.called(who), self.beside(who)),
        };
        let open = |whoever: &str, nobody: &str| Duties {
            rule: apart(whoever),
            standing: named("open", "open"),
            because: nobody.to_owned(),
        };
        let mut rules = Vec::new();
        let whoever = "Whoever authorized it";
        if let Some(given) = &change.authorization {
            rules.push(judge(whoever, &given.by, "authorized it"));
        }
        if let Some(second) = &change.second {
            let did = "authorized it as second person";
            rules.push(judge(
                &format!("{whoever} as second person"),
                &second.by,
                did,
            ));
        }
        if rules.is_empty() {
            rules.push(open(whoever, "Nobody authorized it"));
        }
        rules.push(
            self.commander_apart(&judge)
                .unwrap_or_else(|| open(COMMANDER, "Nobody authorized it as incident commander")),
        );
        let whoever = "Whoever decided on it afterwards";
        rules.push(match change.decision() {
            Some((by, _)) => judge(whoever, by, "decided on it"),
            None => open(whoever, "Nobody has decided on it"),
        });
        for (which, one) in &change.reviews {
            let whoever = format!("Whoever gave {}", review(*which).words);
            rules.push(judge(&whoever, &one.by, "reviewed it"));
        }
        rules
    }

    /// The commander may have asked for it or deployed it, for commanding is not
    /// approving (DESIGN.md §4): that is shown, and said to be allowed. Nothing while
    /// no commander has authorized it.
    fn commander_apart(&self, judge: &dyn Fn(&str, &UserId, &str) -> Duties) -> Option<Duties> {
        let change = self.change;
        let commander = change.commander.as_ref();
        let who = &commander.filter(|one| one.authorized_at.is_some())?.who;
        let mut duties = judge(COMMANDER, who, "authorized it as incident commander");
        if change.is_involved(who) {
            duties.standing = named("allowed", "not so, and allowed");
            duties.because.push_str(
                ". The procedure allows it: the commander's authorization takes the place neither \
                 of the authorizer's nor of the approval",
            );
        }
        let given = change.authorization.as_ref();
        if given.is_some_and(|given| given.by == *who) {
            duties
                .because
                .push_str("; commander and authorizer may be one person");
        }
        Some(duties)
    }

    /// What somebody was to the change beside what they permitted.
    fn beside(&self, who: &UserId) -> &'static str {
        let asked = self.change.requester == *who;
        let deployed = self.change.implementers().any(|by| by == who);
        match (asked, deployed) {
            (false, false) => "and neither asked for it nor deployed it",
            (true, false) => "and asked for it, too",
            (false, true) => "and deployed it, too",
            (true, true) => "and asked for it and deployed it, too",
        }
    }
}

impl Record {
    /// Says of a change without an authorization who permitted it otherwise, and when;
    /// nothing if there is one.
    pub fn without_authorization(&self) -> Option<String> {
        if self.authorization.is_some() {
            return None;
        }
        let Some(deployed_at) = self.deployments.iter().map(|one| one.at).min() else {
            let sentence = "Nobody has authorized this change, and it isn't known to be deployed.";
            return Some(sentence.to_owned());
        };
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for one in &self.permissions {
            let part = match one.act.name.as_str() {
                SECOND => "second person",
                AS_COMMANDER => "incident commander",
                _ => continue,
            };
            let name = one.by.name.as_ref().unwrap_or(&one.by.id);
            let when = apart(one.at, deployed_at);
            let said = format!("{name} as {part}, {when} the deployment");
            if one.at <= deployed_at {
                before.push(said);
            } else {
                after.push(said);
            }
        }
        let mut sentence = if before.is_empty() {
            "Nobody authorized this change before it was deployed".to_owned()
        } else {
            let but = before.join("; ");
            format!("Before it was deployed nobody authorized this change but {but}")
        };
        if after.is_empty() {
            sentence.push_str(", and nobody has since.");
        } else {
            sentence.push_str(". Since then: ");
            sentence.push_str(&after.join("; "));
            sentence.push('.');
        }
        Some(sentence)
    }
}

impl Duties {
    /// Whether the rule was kept.
    pub fn is_kept(&self) -> bool {
        self.standing.name == KEPT
    }

    /// Whether it was broken.
    pub fn is_broken(&self) -> bool {
        self.standing.name == NOT_KEPT
    }
}
