//! The ticket, the decision on it, and what the decision is bound to.

use super::*;
use crate::domain::authorization::Ground;
use crate::domain::change::Stage;

#[test]
fn the_last_part_completes_the_ticket_whatever_it_is() {
    let story = given(deployed())
        .at(hours(1))
        .when(document(DANA, &[Field::Testing, Field::WhatWasDone]))
        .when(state_criterion(DANA))
        .when(document(RILEY, &[Field::RollbackPlan, Field::Outcome]))
        .when(document(RILEY, &TICKET[..TICKET.len() - 1]));
    assert_eq!(story.change.stage, Stage::Deployed);
    let story = story.when(document(DANA, &[Field::LessonsLearned]));
    assert_eq!(story.events().last(), Some(&Event::Documented));
    given(deployed())
        .when(document(DANA, TICKET))
        .when(state_criterion(DANA))
        .then(&[
            Event::CriterionStated {
                criterion: Criterion::ProductionDown,
            },
            Event::Documented,
        ]);
}

#[test]
fn blank_sections_are_passed_over() {
    given(deployed())
        .when(document(DANA, &[Field::Testing]))
        .when(write(
            DANA,
            vec![
                (Field::Testing, Told::Words(text("  "))),
                (Field::Outcome, told(Field::Outcome, "as it was")),
                (Field::OutcomeCode, Told::Choice(String::new())),
                (Field::Systems, Told::Systems(Vec::new())),
            ],
        ))
        .then(&[wrote(Field::Outcome, "as it was")]);
}

#[test]
fn an_approval_is_bound_to_the_content_that_was_seen() {
    let seen = content_hash(&documented().change);
    given(documented())
        .at(hours(2))
        .when(document_as(DANA, &[Field::Outcome], "rewritten"))
        .when(approving(MORGAN, seen))
        .refused(&Refusal::ContentChanged { number: NUMBER })
        .approves(MORGAN)
        .then(&[
            Event::Approved {
                content: content_hash(
                    &documented()
                        .at(hours(2))
                        .when(document_as(DANA, &[Field::Outcome], "rewritten"))
                        .change,
                ),
                ground: Ground::Policy,
                conditions: None,
                genuine: Some(yes()),
                despite: Vec::new(),
            },
            Event::Closed,
        ]);
}

#[test]
fn every_part_of_the_content_changes_its_hash() {
    let base = documented();
    let mut hashes = BTreeSet::from([content_hash(&base.change)]);
    let mut differs = |edit: fn(&mut EmergencyChange)| {
        let mut change = base.change.clone();
        edit(&mut change);
        assert!(hashes.insert(content_hash(&change)), "{change:#?}");
    };
    differs(|change| change.number = NUMBER.next());
    differs(|change| change.requester = user(ALEX));
    differs(|change| change.requested_at += TimeDelta::microseconds(1));
    differs(|change| change.what = text("Deploy something else").commitment());
    differs(|change| change.verbatim = text("deploy something else").commitment());
    differs(|change| change.criterion = Some(Criterion::DataLoss));
    differs(|change| change.criterion = None);
    differs(|change| change.authorization = None);
    differs(|change| change.authorization.as_mut().unwrap().by = user(ALEX));
    differs(|change| change.authorization.as_mut().unwrap().at += minutes(1));
    differs(|change| change.commander.as_mut().unwrap().who = user(ALEX));
    differs(|change| change.commander.as_mut().unwrap().authorized_at = None);
    differs(|change| change.deployments.first_mut().unwrap().at += minutes(1));
    differs(|change| change.deployments.first_mut().unwrap().by = user(ALEX));
    differs(|change| {
        change.fields.remove(&Field::Testing);
    });
    differs(|change| {
        let other = text("other words").commitment();
        change.fields.get_mut(&Field::Testing).unwrap().value = Value::Words(other);
    });
    differs(|change| {
        let testing = change.fields.remove(&Field::Testing).unwrap();
        let outcome = change.fields.insert(Field::Outcome, testing).unwrap();
        change.fields.insert(Field::Testing, outcome);
    });
    let second = approved().change;
    let mut without = second.clone();
    without.second = None;
    assert_ne!(content_hash(&second), content_hash(&without));
    without.second = second.second.clone();
    without.second.as_mut().unwrap().at += minutes(1);
    assert_ne!(content_hash(&second), content_hash(&without));
    without.second = None;
    without.went_ahead = second.second.clone();
    assert_ne!(content_hash(&second), content_hash(&without));
}

#[test]
fn an_edit_takes_the_approval_back() {
    let story = given(approved())
        .at(hours(3))
        .when(document_as(DANA, &[Field::Outcome], "rewritten"))
        .then(&[
            wrote(Field::Outcome, "rewritten"),
            Event::ApprovalTakenBack {
                field: Some(Field::Outcome),
            },
        ]);
    assert_eq!(story.change.stage, Stage::Documented);
    let story = story.at(hours(4)).approves(MORGAN);
    assert_eq!(story.change.stage, Stage::Approved);
}

#[test]
fn a_further_deployment_takes_the_approval_back() {
    let story = given(approved()).at(hours(3)).deploys(RILEY);
    assert_eq!(
        story.events().get(1),
        Some(&Event::ApprovalTakenBack { field: None })
    );
    assert_eq!(story.change.approval, None);
}

#[test]
fn a_remedy_is_told_once_and_keeps_its_time() {
    let story = rejected().at(hours(3)).when(remediate(DANA));
    let at = story.now;
    let story = story
        .at(days(9))
        .when(remediate(MORGAN))
        .refused(&Refusal::AlreadyReviewed {
            number: NUMBER,
            by: user(DANA),
            at,
        });
    let owed = story.obligation(Duty::Remediation).unwrap();
    assert_eq!(owed.met_at, Some(at));
    let missed = story.ticks().misses();
    assert!(missed.iter().all(|(duty, ..)| *duty != Duty::Remediation));
}

#[test]
fn what_was_approved_always_is_what_stands() {
    for mut story in stages() {
        for step in [
            state_criterion(DANA),
            stating(DANA, Criterion::DataLoss),
            name_commander(DANA, ALEX),
            take_command(RILEY),
            authorize(KIM),
            document_as(DANA, &[Field::Testing], "differently"),
            deployed_at(DANA, story.now + hours(1)),
        ] {
            story = story.at(hours(9)).when(step);
            if let Some(approval) = &story.change.approval {
                assert_eq!(approval.content, content_hash(&story.change));
            }
        }
    }
}

#[test]
fn a_rejection_opens_a_remedy_and_closes_when_all_is_answered() {
    let story = given(rejected());
    assert_eq!(story.exceptions(), [Exception::Rejected]);
    let story = story
        .at(hours(3))
        .when(remediate(DANA))
        .then(&[Event::Remediated {
            how: text("Rolled back, and shipped through review.").commitment(),
        }])
        .at(hours(4))
        .when(answer(MORGAN, &[Exception::Rejected]));
    assert_eq!(story.events().last(), Some(&Event::Closed));
    let owed = story.owed().into_iter().filter(|one| one.met_at.is_none());
    let later: Vec<Duty> = owed.map(|one| one.duty).collect();
    assert_eq!(
        later,
        [Duty::GenuinenessReview],
        "no meeting reviews a rejection"
    );
}

#[test]
fn a_rejected_change_without_its_ticket_stays_open() {
    let story = given(deployed())
        .at(hours(1))
        .when(reject(MORGAN))
        .when(remediate(DANA))
        .when(answer(MORGAN, &[Exception::Rejected]));
    assert_eq!(story.change.stage, Stage::Rejected);
    let story = story
        .when(document(DANA, TICKET))
        .when(state_criterion(DANA));
    assert_eq!(story.change.stage, Stage::Closed);
}

#[test]
fn approval_closes_what_owes_nothing_more() {
    let story = given(documented()).at(hours(2)).approves(MORGAN);
    assert_eq!(story.events().last(), Some(&Event::Closed));
    assert_eq!(story.change.closed_at, Some(story.now));
    assert_eq!(story.owed_to_close(), [], "approval ends the chase");
}

#[test]
fn an_unanswered_exception_keeps_an_approved_change_open() {
    let story = given(approved());
    assert_eq!(story.change.stage, Stage::Approved);
    let story = story.when(answer(MORGAN, &[Exception::DeployedBeforeAuthorization]));
    assert_eq!(story.change.stage, Stage::Closed);
}
