//! The ticket, the decision on it, and what the decision is bound to.

use super::*;
use crate::domain::authorization::Ground;
use crate::domain::change::Stage;

#[test]
fn the_last_part_completes_the_ticket_whatever_it_is() {
    let sections = given(deployed())
        .at(hours(1))
        .when(document(DANA, &[Section::Testing, Section::WhatWasDone]))
        .when(state_criterion(DANA))
        .when(document(RILEY, &[Section::RollbackPlan, Section::Outcome]));
    assert_eq!(sections.change.stage, Stage::Deployed);
    let sections = sections.when(document(DANA, &[Section::LessonsLearned]));
    assert_eq!(sections.events().last(), Some(&Event::Documented));
    given(deployed())
        .when(document(DANA, Section::ALL))
        .when(state_criterion(DANA))
        .then(&[
            Event::CriterionStated {
                criterion: Criterion::Vulnerability,
            },
            Event::Documented,
        ]);
}

#[test]
fn blank_sections_are_passed_over() {
    given(deployed())
        .when(document(DANA, &[Section::Testing]))
        .when(by(
            DANA,
            Command::Document {
                sections: vec![
                    (Section::Testing, text("  ")),
                    (Section::Outcome, text("No more injections.")),
                ],
            },
        ))
        .then(&[Event::SectionWritten {
            section: Section::Outcome,
            text: text("No more injections.").commitment(),
        }]);
}

#[test]
fn an_approval_is_bound_to_the_content_that_was_seen() {
    let seen = content_hash(&documented().change);
    given(documented())
        .at(hours(2))
        .when(document_as(DANA, &[Section::Outcome], "rewritten"))
        .when(by(
            MORGAN,
            Command::Approve {
                by: full(MORGAN),
                seen,
            },
        ))
        .refused(&Refusal::ContentChanged { number: NUMBER })
        .approves(MORGAN)
        .then(&[
            Event::Approved {
                content: content_hash(
                    &documented()
                        .at(hours(2))
                        .when(document_as(DANA, &[Section::Outcome], "rewritten"))
                        .change,
                ),
                ground: Ground::Policy,
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
        change.sections.remove(&Section::Testing);
    });
    differs(|change| {
        let other = text("other words").commitment();
        change.sections.get_mut(&Section::Testing).unwrap().text = other;
    });
    differs(|change| {
        let testing = change.sections.remove(&Section::Testing).unwrap();
        let outcome = change.sections.insert(Section::Outcome, testing).unwrap();
        change.sections.insert(Section::Testing, outcome);
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
        .when(document_as(DANA, &[Section::Outcome], "rewritten"))
        .then(&[
            Event::SectionWritten {
                section: Section::Outcome,
                text: text("outcome: rewritten").commitment(),
            },
            Event::ApprovalTakenBack {
                section: Some(Section::Outcome),
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
        Some(&Event::ApprovalTakenBack { section: None })
    );
    assert_eq!(story.change.approval, None);
}

#[test]
fn what_was_approved_always_is_what_stands() {
    for mut story in stages() {
        for step in [
            state_criterion(DANA),
            by(
                DANA,
                Command::StateCriterion {
                    criterion: Criterion::DataLoss,
                },
            ),
            name_commander(DANA, ALEX),
            take_command(RILEY),
            authorize(KIM),
            document_as(DANA, &[Section::Testing], "differently"),
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
    assert_eq!(story.next_due_at(), None);
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
        .when(document(DANA, Section::ALL))
        .when(state_criterion(DANA));
    assert_eq!(story.change.stage, Stage::Closed);
}

#[test]
fn approval_closes_what_owes_nothing_more() {
    let story = given(documented()).at(hours(2)).approves(MORGAN);
    assert_eq!(story.events().last(), Some(&Event::Closed));
    assert_eq!(story.change.closed_at, Some(story.now));
    assert_eq!(story.next_due_at(), None, "approval ends the chase");
}

#[test]
fn an_unanswered_exception_keeps_an_approved_change_open() {
    let story = given(approved());
    assert_eq!(story.change.stage, Stage::Approved);
    let story = story.when(answer(MORGAN, &[Exception::DeployedBeforeAuthorization]));
    assert_eq!(story.change.stage, Stage::Closed);
}
