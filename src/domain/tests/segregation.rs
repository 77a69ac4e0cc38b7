//! Segregation of duties: every way in which one to five people can share the
//! five roles, with what DESIGN says of it, written out.
//!
//! A row names who holds the roles in the order requester, implementer,
//! authorizer, commander, approver: `01102` is one who asked and commanded,
//! another who deployed and is said to authorize, and a third who approves.

use super::*;
use crate::domain::authorization::Act;

/// Somebody who had no other part permitted it: nothing is amiss.
const APART: [&str; 2] = ["", "ticket approval"];

/// Nobody but the requester or an implementer permitted it: a second person is
/// to make that good, and somebody answers for it.
const ALONE: [&str; 2] = [
    "self_authorized",
    "ticket second_authorization approval answer_exception:self_authorized",
];

/// What the approver hears.
const OWN_REQUEST: &str = "you asked for it";
const OWN_DEPLOYMENT: &str = "you deployed it";
const APPROVES: &str = "approved";

/// What is owed after that.
const UNDECIDED: &str = "approval";
const ALONE_UNDECIDED: &str = "second_authorization approval answer_exception:self_authorized";
const TWO_MINDS: &str = "meeting_review";
/// Who authorized it also approved it, so that another says whether it was genuine.
const ONE_MIND: &str = "genuineness_review meeting_review";
/// The approver is the second person too, which is one mind again.
const MADE_GOOD: &str = "answer_exception:self_authorized genuineness_review meeting_review";

/// Roles; exceptions and what is owed with the deployment; the approver's
/// attempt; what is owed then.
#[rustfmt::skip]
const TABLE: [(&str, [&str; 2], &str, &str); 52] = [
    ("00000", ALONE, OWN_REQUEST, ALONE_UNDECIDED),
    ("00001", ALONE, APPROVES, MADE_GOOD),
    ("00010", ALONE, OWN_REQUEST, ALONE_UNDECIDED),
    ("00011", ALONE, APPROVES, MADE_GOOD),
    ("00012", ALONE, APPROVES, MADE_GOOD),
    ("00100", APART, OWN_REQUEST, UNDECIDED),
    ("00101", APART, APPROVES, ONE_MIND),
    ("00102", APART, APPROVES, TWO_MINDS),
    ("00110", APART, OWN_REQUEST, UNDECIDED),
    ("00111", APART, APPROVES, ONE_MIND),
    ("00112", APART, APPROVES, TWO_MINDS),
    ("00120", APART, OWN_REQUEST, UNDECIDED),
    ("00121", APART, APPROVES, ONE_MIND),
    ("00122", APART, APPROVES, TWO_MINDS),
    ("00123", APART, APPROVES, TWO_MINDS),
    ("01000", ALONE, OWN_REQUEST, ALONE_UNDECIDED),
    ("01001", ALONE, OWN_DEPLOYMENT, ALONE_UNDECIDED),
    ("01002", ALONE, APPROVES, MADE_GOOD),
    ("01010", ALONE, OWN_REQUEST, ALONE_UNDECIDED),
    ("01011", ALONE, OWN_DEPLOYMENT, ALONE_UNDECIDED),
    ("01012", ALONE, APPROVES, MADE_GOOD),
    ("01020", ALONE, OWN_REQUEST, ALONE_UNDECIDED),
    ("01021", ALONE, OWN_DEPLOYMENT, ALONE_UNDECIDED),
    ("01022", ALONE, APPROVES, MADE_GOOD),
    ("01023", ALONE, APPROVES, MADE_GOOD),
    ("01100", ALONE, OWN_REQUEST, ALONE_UNDECIDED),
    ("01101", ALONE, OWN_DEPLOYMENT, ALONE_UNDECIDED),
    ("01102", ALONE, APPROVES, MADE_GOOD),
    ("01110", ALONE, OWN_REQUEST, ALONE_UNDECIDED),
    ("01111", ALONE, OWN_DEPLOYMENT, ALONE_UNDECIDED),
    ("01112", ALONE, APPROVES, MADE_GOOD),
    ("01120", ALONE, OWN_REQUEST, ALONE_UNDECIDED),
    ("01121", ALONE, OWN_DEPLOYMENT, ALONE_UNDECIDED),
    ("01122", ALONE, APPROVES, MADE_GOOD),
    ("01123", ALONE, APPROVES, MADE_GOOD),
    ("01200", APART, OWN_REQUEST, UNDECIDED),
    ("01201", APART, OWN_DEPLOYMENT, UNDECIDED),
    ("01202", APART, APPROVES, ONE_MIND),
    ("01203", APART, APPROVES, TWO_MINDS),
    ("01210", APART, OWN_REQUEST, UNDECIDED),
    ("01211", APART, OWN_DEPLOYMENT, UNDECIDED),
    ("01212", APART, APPROVES, ONE_MIND),
    ("01213", APART, APPROVES, TWO_MINDS),
    ("01220", APART, OWN_REQUEST, UNDECIDED),
    ("01221", APART, OWN_DEPLOYMENT, UNDECIDED),
    ("01222", APART, APPROVES, ONE_MIND),
    ("01223", APART, APPROVES, TWO_MINDS),
    ("01230", APART, OWN_REQUEST, UNDECIDED),
    ("01231", APART, OWN_DEPLOYMENT, UNDECIDED),
    ("01232", APART, APPROVES, ONE_MIND),
    ("01233", APART, APPROVES, TWO_MINDS),
    ("01234", APART, APPROVES, TWO_MINDS),
];

const PEOPLE: [&str; 5] = ["U0ANN", "U0BOB", "U0CAT", "U0DAN", "U0EVE"];

struct Roles {
    requester: &'static str,
    implementer: &'static str,
    authorizer: &'static str,
    commander: &'static str,
    approver: &'static str,
}

fn roles(row: &str) -> Roles {
    let nth = |n: usize| PEOPLE[usize::from(row.as_bytes()[n] - b'0')];
    Roles {
        requester: nth(0),
        implementer: nth(1),
        authorizer: nth(2),
        commander: nth(3),
        approver: nth(4),
    }
}

/// The policy gives each of them every role, so that nothing but their part in
/// the change bars them; Sam, who has none, is the compliance lead.
fn everybody() -> Policy {
    let all: Vec<Party> = PEOPLE.iter().map(|who| person(who)).collect();
    Policy {
        approvers: all.clone(),
        commanders: all,
        compliance: vec![person(SAM)],
        ..Policy::unwritten(PolicyVersion(1))
    }
}

fn requested_by(who: &Roles) -> Story {
    let began_at = berlin("2026-03-14 10:14");
    let submission = Submission {
        actor: Actor::Person(user(who.requester)),
        at: began_at,
        source: Source::Receipt,
        command: asking(&[person(who.authorizer)]),
    };
    Story::begin_with(began_at, everybody(), Town::berlin(), &submission)
}

fn owed(story: &Story) -> String {
    let open = story.owed().into_iter().filter(|one| one.met_at.is_none());
    let names: Vec<String> = open.map(|one| one.duty.name()).collect();
    names.join(" ")
}

#[test]
fn the_table_names_every_way_to_share_five_roles_once() {
    let mut ways = vec!["0".to_owned()];
    for _ in 1..5 {
        ways = ways
            .iter()
            .flat_map(|way| {
                let newest = way.bytes().max().unwrap();
                (b'0'..=newest + 1).map(move |who| format!("{way}{}", char::from(who)))
            })
            .collect();
    }
    let listed: BTreeSet<&str> = TABLE.iter().map(|row| row.0).collect();
    assert_eq!(listed, ways.iter().map(String::as_str).collect());
    assert_eq!(listed.len(), TABLE.len());
}

#[test]
fn every_sharing_of_roles_has_the_exceptions_and_obligations_that_are_written_here() {
    for (row, [exceptions, with_deployment], attempt, afterwards) in TABLE {
        let who = roles(row);
        let mut story = requested_by(&who)
            .at(minutes(1))
            .when(authorize(who.authorizer));
        if who.authorizer == who.requester {
            let act = Act::Authorize;
            story = story
                .refused(&Refusal::OwnRequest { act })
                .when(go_ahead(who.requester));
        }
        let story = story
            .at(minutes(2))
            .when(take_command(who.commander))
            .at(minutes(5))
            .deploys(who.implementer);
        let recorded: Vec<&str> = story.exceptions().iter().map(|one| one.name()).collect();
        assert_eq!(recorded.join(" "), exceptions, "{row}");
        assert_eq!(owed(&story), with_deployment, "{row}");

        let mut story = story
            .at(hours(1))
            .when(state_criterion(who.requester))
            .when(document(who.implementer, TICKET));
        if attempt == APPROVES && exceptions == "self_authorized" {
            story = story.approves(who.approver);
            let waits = matches!(story.outcome, Err(Refusal::NotReady { .. }));
            assert!(waits, "{row}: {:?}", story.outcome);
            story = story.when(authorize(who.approver));
        }
        let story = story.at(hours(2)).approves(who.approver);
        let act = Act::Approve;
        match attempt {
            OWN_REQUEST => assert_eq!(story.outcome, Err(Refusal::OwnRequest { act }), "{row}"),
            OWN_DEPLOYMENT => {
                assert_eq!(story.outcome, Err(Refusal::OwnDeployment { act }), "{row}");
            }
            _ => assert_eq!(
                story.change.approval.as_ref().map(|one| one.by.as_str()),
                Some(who.approver),
                "{row}"
            ),
        }
        assert_eq!(owed(&story), afterwards, "{row}");
        let kept: Vec<&str> = story.exceptions().iter().map(|one| one.name()).collect();
        assert_eq!(kept.join(" "), exceptions, "{row}: never erased");
    }
}

#[test]
fn whoever_owes_the_decision_had_no_other_part_than_to_permit_it() {
    for (row, ..) in TABLE {
        let who = roles(row);
        let mut story = requested_by(&who)
            .at(minutes(1))
            .when(authorize(who.authorizer));
        if story.outcome.is_err() {
            story = story.when(go_ahead(who.requester));
        }
        let story = story.at(minutes(5)).deploys(who.implementer);
        for duty in [Duty::Approval, Duty::SecondAuthorization] {
            let owner = story.obligation(duty).and_then(|one| one.owner);
            for involved in [who.requester, who.implementer] {
                assert_ne!(owner, Some(person(involved)), "{row}: {duty}");
            }
        }
        let apart = ![who.requester, who.implementer].contains(&who.authorizer);
        if apart {
            let owner = story.obligation(Duty::Approval).unwrap().owner;
            assert_eq!(owner, Some(person(who.authorizer)), "{row}");
        }
    }
}
