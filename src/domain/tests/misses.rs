//! Deadlines missed: recorded once and for ever, with when they were due and
//! when that was noticed.

use super::*;

#[test]
fn the_miss_is_recorded_once_at_its_time_however_long_the_chase_goes_on() {
    let story = given(deployed()).until(days(20));
    let due_at = berlin("2026-03-15 02:19");
    let answers = due_at + days(7);
    assert_eq!(
        story.misses(),
        [
            (Duty::Ticket, due_at, due_at),
            (Duty::Approval, due_at, due_at),
            (
                Duty::AnswerException(Exception::DocumentedLate),
                answers,
                answers
            ),
            (
                Duty::AnswerException(Exception::ApprovedLate),
                answers,
                answers
            ),
        ]
    );
}

#[test]
fn done_in_the_last_instant_is_done_in_time() {
    let story = given(deployed());
    let due_at = story.change.due_at().unwrap();
    let story = story
        .at(hours(24) + minutes(5))
        .when(state_criterion(DANA))
        .when(document(DANA, TICKET));
    assert_eq!(story.now, due_at);
    assert_eq!(story.obligation(Duty::Ticket).unwrap().met_at, Some(due_at));
    let missed: Vec<_> = story.misses().iter().map(|(duty, ..)| *duty).collect();
    assert!(missed.contains(&Duty::Approval), "this one was missed");
    // The criterion came in the same instant, while the sections were missing.
    assert_eq!(
        missed.iter().filter(|duty| **duty == Duty::Ticket).count(),
        1
    );
    let at_once = given(deployed())
        .at(hours(1))
        .when(state_criterion(DANA))
        .at(hours(24) + minutes(5))
        .when(document(DANA, TICKET));
    assert_eq!(at_once.exceptions(), [Exception::ApprovedLate]);
}

#[test]
fn met_late_while_the_bot_was_down_is_missed_all_the_same() {
    let gesture_at = berlin("2026-03-15 05:00");
    let story = given(deployed())
        .at(hours(1))
        .when(state_criterion(DANA))
        .at(hours(40))
        .when_done(gesture_at, document(DANA, TICKET));
    assert_eq!(
        story.obligation(Duty::Ticket).unwrap().met_at,
        Some(gesture_at)
    );
    let due_at = berlin("2026-03-15 02:19");
    assert_eq!(
        story.misses(),
        [
            (Duty::Ticket, due_at, story.now),
            (Duty::Approval, due_at, story.now)
        ]
    );
}

#[test]
fn met_in_time_and_heard_late_is_not_missed() {
    let gesture_at = berlin("2026-03-14 20:00");
    let story = given(deployed())
        .at(hours(1))
        .when(state_criterion(DANA))
        .at(hours(40))
        .when_done(gesture_at, document(DANA, TICKET));
    assert_eq!(story.exceptions(), [Exception::ApprovedLate]);
}

#[test]
fn a_deployment_told_late_may_have_missed_its_deadline_already() {
    let story = authorized();
    let deployed = story.began_at + minutes(5);
    let story = story.at(hours(30)).when(deployed_at(DANA, deployed));
    let due_at = deployed + days(1);
    let noticed_at = story.now;
    assert_eq!(
        story.misses(),
        [
            (Duty::Ticket, due_at, noticed_at),
            (Duty::CommanderAuthorization, due_at, noticed_at),
            (Duty::Approval, due_at, noticed_at),
        ]
    );
    let story = story.ticks();
    assert_eq!(story.misses().len(), 3);
}

#[test]
fn an_earlier_deployment_learned_late_can_create_a_miss_and_never_removes_one() {
    let story = given(documented())
        .at(hours(23))
        .when(reject(MORGAN))
        .at(hours(25));
    assert_eq!(story.misses(), []);
    let earlier = story.began_at - hours(5);
    let story = story.when(deployed_at(RILEY, earlier));
    assert_eq!(
        story.misses(),
        [(Duty::Approval, earlier + days(1), story.now)],
        "decided 23 h after the request, 28 h after the deployment"
    );
    let missed = given(deployed()).until(hours(25));
    let known = missed.misses();
    assert_eq!(known.len(), 2);
    let earlier = missed.began_at - hours(1);
    let missed = missed.when(deployed_at(RILEY, earlier)).until(days(2));
    assert_eq!(missed.misses().get(..2), Some(known.as_slice()));
}

#[test]
fn an_earlier_deployment_moves_a_deadline_that_has_not_passed() {
    let story = given(deployed()).at(hours(2));
    let earlier = story.began_at - hours(3);
    let story = story.when(deployed_at(RILEY, earlier));
    assert_eq!(story.change.due_at(), Some(earlier + days(1)));
    let later = story.at(hours(3)).deploys(ALEX);
    assert_eq!(later.change.due_at(), Some(earlier + days(1)));
}

#[test]
fn each_of_the_four_deadlines_of_the_day_is_an_exception_of_its_own() {
    let story = given(requested())
        .at(minutes(7))
        .when(go_ahead(DANA))
        .at(minutes(9))
        .deploys(DANA)
        .until(hours(25));
    assert_eq!(
        story.exceptions(),
        [
            Exception::NotAuthorized,
            Exception::DocumentedLate,
            Exception::ApprovedLate,
            Exception::CommanderLate,
            Exception::SecondPersonLate,
        ]
    );
}

#[test]
fn done_after_the_deadline_the_miss_stays_and_the_chase_ends() {
    let story = given(deployed())
        .until(hours(30))
        .when(state_criterion(DANA))
        .when(document(DANA, TICKET))
        .approves(MORGAN);
    assert_eq!(story.change.stage.name(), "approved");
    let story = story.when(answer(MORGAN, Exception::ALL));
    assert_eq!(story.change.stage.name(), "closed");
    assert_eq!(story.misses().len(), 2);
    assert_eq!(story.owed_to_close(), []);
}

#[test]
fn a_second_decision_missed_is_a_second_miss() {
    let story = given(approved())
        .at(hours(30))
        .when(document_as(DANA, &[Field::Outcome], "rewritten"))
        .until(days(4));
    let due_at = story.began_at + hours(54);
    assert_eq!(story.misses(), [(Duty::Approval, due_at, due_at)]);
}

#[test]
fn nothing_is_missed_before_its_time() {
    let story = given(deployed())
        .at(hours(24) + minutes(5) - TimeDelta::microseconds(1))
        .ticks();
    assert_eq!(story.misses(), []);
    let story = story.at(hours(24) + minutes(5)).ticks();
    assert_eq!(story.misses().len(), 2);
}
