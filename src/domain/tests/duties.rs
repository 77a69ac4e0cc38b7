//! Segregation of duties, written out by hand: who may do what, on what ground.

use super::*;
use crate::domain::authorization::{Act, holds_the_role, judge};
use crate::domain::change::NotGenuine;

/// Dana asked, Riley deployed; neither may decide.
fn change() -> EmergencyChange {
    requested().at(minutes(5)).deploys(RILEY).change
}

fn said(act: Act, who: &Member, change: &EmergencyChange, policy: &Policy) -> String {
    match judge(act, who, change, policy) {
        Ok(ground) => ground.name().to_owned(),
        Err(refusal) => {
            let name = format!("{refusal:?}");
            name.split(' ').next().unwrap().to_owned()
        }
    }
}

fn standing(id: &str, standing: Standing) -> Member {
    Member {
        standing,
        ..full(id)
    }
}

const TO_DECIDE: [Act; 7] = [
    Act::Authorize,
    Act::Deny,
    Act::SecondAuthorize,
    Act::Approve,
    Act::Reject,
    Act::Command,
    Act::StandIn,
];

const BESIDE_IT: [Act; 11] = [
    Act::GoAhead,
    Act::Document,
    Act::NameCommander,
    Act::ReviewSecurity,
    Act::ReviewDatabase,
    Act::ReviewGenuineness,
    Act::RecordMeeting,
    Act::AnswerException,
    Act::Remediate,
    Act::AcceptRisk,
    Act::HandOn,
];

#[test]
fn no_act_is_left_out_of_the_tables() {
    let all: BTreeSet<Act> = TO_DECIDE
        .into_iter()
        .chain(BESIDE_IT)
        .chain([Act::Redact])
        .collect();
    assert_eq!(all, Act::ALL.iter().copied().collect());
}

#[test]
fn words_are_removed_by_administrators_alone_whoever_leaked_them() {
    let named = Policy {
        administrators: vec![person(SAM), person(DANA)],
        ..written()
    };
    let change = change();
    let judged = |who: &Member, policy: &Policy| said(Act::Redact, who, &change, policy);
    for (who, expected) in [
        (SAM, "policy"),
        (DANA, "policy"),
        (MORGAN, "NotAnAdministrator"),
    ] {
        assert_eq!(judged(&full(who), &named), expected, "{who}");
    }
    assert_eq!(judged(&standing(SAM, Standing::Guest), &named), "Guest");
    let unwritten = Policy::unwritten(PolicyVersion(1));
    assert_eq!(judged(&full(SAM), &unwritten), "NotAnAdministrator");
}

fn check(policy: &Policy, table: &[(Member, [&str; 7])]) {
    check_acts(TO_DECIDE, policy, table);
}

fn check_acts<const N: usize>(acts: [Act; N], policy: &Policy, table: &[(Member, [&str; N])]) {
    let change = change();
    for (who, expected) in table {
        let judged = acts.map(|act| said(act, who, &change, policy));
        assert_eq!(judged, expected.map(str::to_owned), "{who:?}");
    }
}

/// Sam answers for the process, Pat for security, Ben for the databases.
fn staffed() -> Policy {
    Policy {
        compliance: vec![person(SAM)],
        security: vec![person("U0PAT")],
        database: vec![person("U0BEN")],
        ..written()
    }
}

#[test]
fn a_guest_or_a_stranger_says_nothing_of_why_it_was_an_emergency() {
    let act = Act::Document;
    for (standing, refusal) in [
        (Standing::Guest, Refusal::Guest { act }),
        (Standing::Foreign, Refusal::Foreign { act }),
        (Standing::Bot, Refusal::Bot { act }),
    ] {
        let gus = || Member {
            standing,
            ..full("U0GUS")
        };
        let criterion = Command::StateCriterion {
            by: gus(),
            criterion: Criterion::ProductionDown,
        };
        let reason = Command::StateReason {
            by: gus(),
            reason: NotGenuine::Other,
            text: Some(text("It was in my way.")),
        };
        given(requested())
            .when(by("U0GUS", criterion))
            .refused(&refusal)
            .when(by("U0GUS", reason))
            .refused(&refusal);
    }
}

#[test]
fn beside_the_decision_everybody_has_their_part() {
    let own = "OwnRequest";
    let dep = "OwnDeployment";
    let no = "NotAnApprover";
    let yes = "policy";
    let mem = "member";
    let inv = "involved";
    let risk = "owner";
    let his = "NotYours";
    check_acts(
        BESIDE_IT,
        &staffed(),
        &[
            // go ahead, document, name a commander, security, database, genuine?,
            // meeting, exceptions, remedy, accept the risk, hand on
            (
                full(DANA),
                [mem, mem, inv, own, own, own, no, own, own, own, his],
            ),
            (
                full(RILEY),
                [mem, mem, inv, dep, dep, dep, no, dep, dep, dep, his],
            ),
            (
                full(MORGAN),
                [mem, mem, yes, no, no, no, yes, yes, yes, risk, his],
            ),
            (
                full(SAM),
                [mem, mem, no, no, no, yes, yes, yes, no, risk, yes],
            ),
            (
                full("U0PAT"),
                [mem, mem, no, yes, no, no, no, no, no, risk, his],
            ),
            (
                full("U0BEN"),
                [mem, mem, no, no, yes, no, no, no, no, risk, his],
            ),
            (standing(MORGAN, Standing::Guest), ["Guest"; 11]),
            (standing(SAM, Standing::Bot), ["Bot"; 11]),
            (standing(SAM, Standing::Deactivated), ["Left"; 11]),
            (standing("U0PAT", Standing::Foreign), ["Foreign"; 11]),
        ],
    );
    let any = "no_policy";
    check_acts(
        BESIDE_IT,
        &Policy::unwritten(PolicyVersion(1)),
        &[
            (
                full(DANA),
                [mem, mem, inv, own, own, own, any, own, own, own, his],
            ),
            (
                full(SAM),
                [mem, mem, any, any, any, any, any, any, any, risk, his],
            ),
        ],
    );
}

#[test]
fn where_no_specialist_is_named_the_approvers_review() {
    let judged = |act, who| said(act, &full(who), &change(), &written());
    for act in [
        Act::ReviewSecurity,
        Act::ReviewDatabase,
        Act::ReviewGenuineness,
    ] {
        assert_eq!(judged(act, ALEX), "policy");
        assert_eq!(judged(act, SAM), "NotAnApprover");
    }
}

#[test]
fn whoever_approved_it_is_not_the_second_word_on_whether_it_was_genuine() {
    let change = approved().change;
    let judged = |who| said(Act::ReviewGenuineness, &full(who), &change, &written());
    assert_eq!(judged(MORGAN), "OwnDecision");
    assert_eq!(judged(ALEX), "policy");
}

#[test]
fn nobody_but_a_full_member_goes_ahead() {
    let guest = standing(DANA, Standing::Guest);
    let story = given(requested()).when(by(DANA, Command::GoAhead { by: guest }));
    let story = story.refused(&Refusal::Guest { act: Act::GoAhead });
    assert_eq!(story.change.went_ahead, None);
}

#[test]
fn the_owner_of_a_remedy_tells_of_it_though_they_deployed_it() {
    let change = given(deployed()).when(reject(MORGAN)).change;
    let judged = |who| said(Act::Remediate, &full(who), &change, &written());
    assert_eq!(judged(DANA), "owner", "who implemented it");
    assert_eq!(judged(ALEX), "policy");
    assert_eq!(judged(SAM), "NotAnApprover");
}

#[test]
fn under_a_written_policy_those_decide_whom_it_names_and_who_did_not_do_it() {
    let not = "NotACommander";
    let own = "OwnRequest";
    let dep = "OwnDeployment";
    let no = "NotAnApprover";
    let yes = "policy";
    check(
        &written(),
        &[
            // authorize, deny, second person, approve, reject, command, stand in
            (full(DANA), [own, own, own, own, own, not, own]),
            (full(RILEY), [dep, dep, dep, dep, dep, "policy", dep]),
            (full(MORGAN), [yes, yes, yes, yes, yes, not, yes]),
            (full(ALEX), [yes, yes, yes, yes, yes, not, yes]),
            (full(KIM), [yes, yes, yes, yes, yes, not, yes]),
            (full(SAM), [no, no, no, no, no, not, "most_senior"]),
            (standing(MORGAN, Standing::Guest), ["Guest"; 7]),
            (standing(MORGAN, Standing::Bot), ["Bot"; 7]),
            (standing(MORGAN, Standing::Deactivated), ["Left"; 7]),
            (standing(MORGAN, Standing::Foreign), ["Foreign"; 7]),
            (standing(RILEY, Standing::Guest), ["Guest"; 7]),
            (standing(KIM, Standing::Foreign), ["Foreign"; 7]),
        ],
    );
}

#[test]
fn under_no_policy_any_full_member_decides_who_did_not_do_it() {
    let any = "no_policy";
    let own = "OwnRequest";
    let dep = "OwnDeployment";
    check(
        &Policy::unwritten(PolicyVersion(1)),
        &[
            (full(DANA), [own, own, own, own, own, any, own]),
            (full(RILEY), [dep, dep, dep, dep, dep, any, dep]),
            (full(MORGAN), [any; 7]),
            (full(SAM), [any; 7]),
            (standing(SAM, Standing::Guest), ["Guest"; 7]),
            (standing(SAM, Standing::Bot), ["Bot"; 7]),
            (standing(SAM, Standing::Deactivated), ["Left"; 7]),
            (standing(SAM, Standing::Foreign), ["Foreign"; 7]),
        ],
    );
}

#[test]
fn to_be_named_by_the_policy_helps_neither_requester_nor_implementer() {
    let own = "OwnRequest";
    let dep = "OwnDeployment";
    let mut policy = written();
    policy.approvers.extend([person(DANA), person(RILEY)]);
    policy.commanders.push(person(DANA));
    check(
        &policy,
        &[
            (full(DANA), [own, own, own, own, own, "policy", own]),
            (full(RILEY), [dep, dep, dep, dep, dep, "policy", dep]),
        ],
    );
}

#[test]
fn every_implementer_counts_not_only_the_first() {
    let change = given(deployed()).at(hours(1)).deploys(MORGAN).change;
    for (who, expected) in [(DANA, "OwnRequest"), (MORGAN, "OwnDeployment")] {
        assert_eq!(
            said(Act::Approve, &full(who), &change, &written()),
            expected
        );
    }
}

#[test]
fn whoever_went_ahead_cannot_be_the_second_person_but_may_approve() {
    let story = given(requested()).when(go_ahead(MORGAN));
    let judged = |act| said(act, &full(MORGAN), &story.change, &story.policy);
    assert_eq!(judged(Act::Authorize), "OwnGoingAhead");
    assert_eq!(judged(Act::SecondAuthorize), "OwnGoingAhead");
    assert_eq!(judged(Act::Approve), "policy");
}

#[test]
fn whoever_stood_in_is_neither_the_second_person_nor_the_approver_though_named_since() {
    let story = given(requested()).when(by(SAM, Command::StandIn { by: full(SAM) }));
    let mut policy = written();
    policy.approvers.push(person(SAM));
    let judged = |act| said(act, &full(SAM), &story.change, &policy);
    for act in [
        Act::Authorize,
        Act::SecondAuthorize,
        Act::StandIn,
        Act::Approve,
    ] {
        assert_eq!(judged(act), "OwnStandIn");
    }
    assert_eq!(judged(Act::Deny), "policy");
    assert_eq!(judged(Act::Reject), "policy");
}

#[test]
fn a_group_counts_for_whoever_is_in_it_at_the_time() {
    let mut left = full(KIM);
    left.groups.clear();
    let change = change();
    assert_eq!(
        said(Act::Approve, &full(KIM), &change, &written()),
        "policy"
    );
    assert_eq!(
        said(Act::Approve, &left, &change, &written()),
        "NotAnApprover"
    );
}

#[test]
fn only_a_full_member_whom_the_policy_names_holds_the_role() {
    assert!(holds_the_role(&full(MORGAN), &written()));
    assert!(holds_the_role(&full(KIM), &written()));
    assert!(!holds_the_role(&full(DANA), &written()));
    assert!(!holds_the_role(
        &standing(MORGAN, Standing::Guest),
        &written()
    ));
    let unwritten = Policy::unwritten(PolicyVersion(1));
    assert!(!holds_the_role(&full(MORGAN), &unwritten));
}

#[test]
fn the_same_rules_hold_whichever_door_the_act_comes_through() {
    let own = Refusal::OwnRequest {
        act: Act::Authorize,
    };
    given(requested()).when(authorize(DANA)).refused(&own);
    given(requested())
        .when(deny(DANA))
        .refused(&Refusal::OwnRequest { act: Act::Deny });
    given(documented())
        .approves(DANA)
        .refused(&Refusal::OwnRequest { act: Act::Approve })
        .when(reject(DANA))
        .refused(&Refusal::OwnRequest { act: Act::Reject })
        .approves(SAM)
        .refused(&Refusal::NotAnApprover { act: Act::Approve });
    let own = Refusal::OwnDeployment {
        act: Act::SecondAuthorize,
    };
    given(requested())
        .at(minutes(5))
        .deploys(MORGAN)
        .at(minutes(6))
        .when(authorize(MORGAN))
        .refused(&own);
}
