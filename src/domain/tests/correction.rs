//! The time of a deployment put right: by whom, why, and what it moves.

use super::*;
use crate::domain::change::Stage;

fn correct(who: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> Move {
    correct_because(who, from, to, "The pipeline's log says so.")
}

fn correct_because(who: &str, from: DateTime<Utc>, to: DateTime<Utc>, why: &str) -> Move {
    let reason = text(why);
    by(who, Command::CorrectDeployment { from, to, reason })
}

impl Story {
    fn corrects(self, by: TimeDelta) -> Self {
        let from = self.change.deployed_at().unwrap();
        self.when(correct(DANA, from, from + by))
    }
}

#[test]
fn a_corrected_time_stands_with_its_reason_beside_the_one_that_stood() {
    let story = deployed().at(hours(2)).corrects(minutes(7));
    let from = berlin("2026-03-14 02:19");
    assert_eq!(
        story.events(),
        [Event::DeploymentCorrected {
            from,
            to: from + minutes(7),
            reason: text("The pipeline's log says so.").commitment(),
        }]
    );
    let deployment = story.change.deployments.first().unwrap();
    assert_eq!(deployment.at, from + minutes(7));
    assert_eq!(deployment.known_from, Source::Attested);
    let correction = story.change.corrections.first().unwrap();
    assert_eq!((correction.from, &correction.by), (from, &user(DANA)));
    assert!(story.change.commitments().contains(&correction.reason));
    assert_eq!(
        story.change.due_at(),
        Some(from + minutes(7) + hours(24)),
        "the deadline had not passed"
    );
}

#[test]
fn a_deadline_that_has_passed_moves_no_more_and_its_miss_stays() {
    let story = deployed().until(hours(25));
    let due_at = berlin("2026-03-15 02:19");
    let missed = story.misses();
    assert_eq!(missed.len(), 2);
    let story = story.corrects(hours(10));
    assert_eq!(story.change.due_at(), Some(due_at));
    assert_eq!(story.misses(), missed);
    let story = story.until(hours(60));
    assert_eq!(story.misses(), missed, "nor is it missed a second time");
    assert!(story.exceptions().contains(&Exception::DocumentedLate));
}

#[test]
fn met_in_time_and_moved_after_the_deadline_stays_met_in_time() {
    let story = documented().at(hours(2)).when(reject(MORGAN));
    let story = story.at(hours(30)).corrects(hours(3));
    assert_eq!(story.change.due_at(), Some(berlin("2026-03-15 02:19")));
    assert_eq!(story.misses(), []);
}

#[test]
fn an_earlier_time_learned_late_can_create_a_miss() {
    let story = deployed()
        .at(hours(20))
        .when(state_criterion(DANA))
        .when(document(DANA, TICKET))
        .when(reject(MORGAN));
    assert_eq!(story.misses(), []);
    let story = story.at(hours(40)).corrects(-hours(6));
    let due_at = berlin("2026-03-14 20:19");
    assert_eq!(
        story.misses(),
        [
            (Duty::Ticket, due_at, story.now),
            (Duty::Approval, due_at, story.now)
        ]
    );
    assert_eq!(story.change.due_at(), Some(due_at));
    let story = story.corrects(hours(6));
    assert_eq!(story.change.due_at(), Some(due_at), "it had passed by then");
    assert_eq!(story.misses().len(), 2);
}

#[test]
fn moved_off_the_ladder_is_climbed_again() {
    let story = Story::begin(
        berlin("2026-03-14 08:14"),
        written(),
        Town::berlin(),
        request(),
    )
    .at(minutes(1))
    .when(authorize(MORGAN))
    .at(minutes(2))
    .when(take_command(RILEY))
    .at(minutes(5))
    .deploys(DANA)
    .until(hours(23) + minutes(55));
    let story = story.corrects(hours(10)).until(hours(35));
    insta::assert_snapshot!(story.reminders(&[Duty::Ticket]), @r"
    Sat 14 08:19 U0DANA: ticket opening
    Sat 14 16:19 U0DANA: ticket before-960
    Sat 14 21:30 U0DANA: ticket before-30
    Sun 15 08:09 U0DANA: ticket before-960
    Sun 15 10:19 U0DANA: ticket before-480
    Sun 15 14:19 U0DANA: ticket before-240
    Sun 15 16:19 U0DANA: ticket before-120
    Sun 15 17:19 U0DANA: ticket before-60
    Sun 15 17:49 U0DANA: ticket before-30
    ");
}

#[test]
fn a_time_before_the_authorization_is_its_exception_and_a_later_one_takes_none_away() {
    let story = deployed().at(hours(1)).corrects(-minutes(5));
    assert_eq!(
        story.events().get(1),
        Some(&Event::ExceptionRecorded {
            exception: Exception::DeployedBeforeAuthorization,
        })
    );
    let story = story.corrects(minutes(5));
    assert_eq!(story.exceptions(), [Exception::DeployedBeforeAuthorization]);
    let denied = deployed_without().at(minutes(9));
    let said_at = denied.began_at + minutes(7);
    let denied = denied
        .when_done(said_at, deny(MORGAN))
        .refused(&Refusal::Deployed {
            number: NUMBER,
            what: "denied",
        });
    assert_eq!(
        denied.exceptions(),
        [Exception::DeployedBeforeAuthorization]
    );
    let against = requested().at(minutes(3)).when(deny(MORGAN)).at(minutes(9));
    let earlier = against.began_at + minutes(2);
    let against = against.when(deployed_at(DANA, earlier));
    assert_eq!(
        against.exceptions(),
        [Exception::DeployedBeforeAuthorization]
    );
    let against = against.corrects(minutes(3));
    assert_eq!(
        against.exceptions(),
        [
            Exception::DeployedBeforeAuthorization,
            Exception::DeployedAgainstDenial
        ]
    );
}

#[test]
fn it_takes_an_approval_back() {
    let story = approved().at(hours(3)).corrects(minutes(1));
    assert_eq!(
        story.events().get(1),
        Some(&Event::ApprovalTakenBack { field: None })
    );
    assert_eq!(story.change.approval, None);
    assert_eq!(story.change.stage, Stage::Documented);
}

#[test]
fn only_the_requester_and_who_deployed_it_correct_it() {
    let story = authorized().at(minutes(5)).deploys(RILEY);
    let from = story.now;
    let to = from - minutes(1);
    let story = story
        .when(correct(MORGAN, from, to))
        .refused(&Refusal::NotInvolved { number: NUMBER })
        .when(Move {
            actor: Actor::Bot,
            command: correct(DANA, from, to).command,
        })
        .refused(&Refusal::NotInvolved { number: NUMBER })
        .when(correct(RILEY, from, to));
    assert_eq!(story.change.deployed_at(), Some(to));
    let story = story.when(correct(DANA, to, from));
    assert_eq!(story.change.deployed_at(), Some(from));
}

#[test]
fn a_correction_needs_a_deployment_a_reason_and_another_time_in_the_past() {
    let story = deployed().at(hours(1));
    let (from, now) = (story.change.deployed_at().unwrap(), story.now);
    let ahead = now + minutes(2) + TimeDelta::microseconds(1);
    let story = story
        .when(correct(DANA, from + minutes(1), from))
        .refused(&Refusal::NoSuchDeployment {
            number: NUMBER,
            at: from + minutes(1),
        })
        .when(correct(DANA, from, ahead))
        .refused(&Refusal::InTheFuture { at: ahead })
        .when(correct(DANA, from, from))
        .refused(&Refusal::AlreadyStated { number: NUMBER })
        .when(correct_because(DANA, from, now, " "))
        .refused(&Refusal::NoReason);
    assert_eq!(story.change.corrections, []);
    closed()
        .when(correct(DANA, from, now))
        .refused(&Refusal::Over {
            number: NUMBER,
            stage: Stage::Closed,
        });
}

#[test]
fn the_second_of_two_deployments_put_right_leaves_the_clock_with_the_first() {
    let story = deployed().at(hours(2)).deploys(DANA);
    let (first, second) = (story.change.deployed_at().unwrap(), story.now);
    let story = story
        .at(hours(3))
        .when(correct(DANA, second, second + minutes(9)));
    assert_eq!(story.change.due_at(), Some(first + hours(24)));
    let story = story.when(correct(DANA, second + minutes(9), first - minutes(1)));
    assert_eq!(story.change.deployed_at(), Some(first - minutes(1)));
}
