//! To whom passes what can't stay with its owner, who is left alone while away, and
//! who counts where somebody is named after it passed.

use super::*;
use crate::domain::effect::{Effect, effects};
use crate::domain::obligation::Rung;

/// Deployed at noon, so that nothing falls into the night.
fn at_noon() -> Story {
    under(written())
}

fn under(policy: Policy) -> Story {
    let began_at = berlin("2026-03-14 11:55");
    Story::begin(began_at, policy, Town::berlin(), request())
        .at(minutes(1))
        .when(authorize(MORGAN))
        .at(minutes(2))
        .when(take_command(RILEY))
        .at(minutes(5))
        .deploys(DANA)
}

fn delegate(who: &str, duty: Duty, to: &str) -> Move {
    let (by_whom, to) = (full(who), full(to));
    let command = Command::Delegate {
        by: by_whom,
        duty,
        to,
    };
    by(who, command)
}

fn owner_of(story: &Story, duty: Duty) -> Option<Party> {
    story.obligation(duty).and_then(|one| one.owner)
}

fn goes_away(story: &Story, who: &str, until: DateTime<Utc>) {
    let absent = Absence::Away { until };
    story.town.absent.borrow_mut().insert(user(who), absent);
}

fn leaves(story: &Story, who: &str) {
    let absent = Absence::Left;
    story.town.absent.borrow_mut().insert(user(who), absent);
}

/// Which duties the last command saw passing on, and to whom.
fn passed(story: &Story) -> Vec<(Duty, Party)> {
    let passed = |event: Event| match event {
        Event::HandedOver { duty, to, .. } => Some((duty, to)),
        _ => None,
    };
    story.events().into_iter().filter_map(passed).collect()
}

#[test]
fn what_passes_takes_along_what_follows_it() {
    let story = Story::begin(
        berlin("2026-03-14 11:55"),
        written(),
        Town::berlin(),
        request(),
    )
    .at(minutes(5))
    .deploys(DANA)
    .at(minutes(7))
    .when(authorize(MORGAN));
    let answer = Duty::AnswerException(Exception::DeployedBeforeAuthorization);
    assert_eq!(owner_of(&story, answer), Some(person(MORGAN)));
    goes_away(&story, MORGAN, story.began_at + days(20));
    let story = story.at(hours(1)).ticks();
    assert_eq!(passed(&story), [(Duty::Approval, person(ALEX))]);
    assert_eq!(owner_of(&story, answer), Some(person(ALEX)));
}

#[test]
fn all_that_passes_in_a_moment_is_told_in_one_note_and_not_to_who_is_away() {
    let story = under(Policy {
        security: vec![person(MORGAN), person(KIM)],
        ..written()
    });
    let story = story
        .at(minutes(6))
        .when(stating(DANA, Criterion::Vulnerability));
    goes_away(&story, MORGAN, story.began_at + days(3));
    let before = story.change.clone();
    let story = story.at(hours(1)).ticks();
    assert_eq!(
        passed(&story),
        [
            (Duty::Approval, person(ALEX)),
            (Duty::SecurityReview, person(KIM))
        ]
    );
    let recorded = story.outcome.as_ref().unwrap();
    let owed = effects(Some(&before), &story.change, recorded, &story.policy);
    let notes = owed.iter().filter(|one| matches!(one, Effect::Note { .. }));
    assert_eq!(notes.count(), 1);
    let told = owed.iter().filter(|one| matches!(one, Effect::Tell { .. }));
    assert_eq!(told.count(), 0);
}

#[test]
fn a_security_review_passes_to_nobody_who_may_not_do_it() {
    let policy = Policy {
        approvers: vec![group(LEADS)],
        security: vec![person(KIM)],
        ..written()
    };
    let story = under(policy).when(stating(DANA, Criterion::Vulnerability));
    assert_eq!(owner_of(&story, Duty::SecurityReview), Some(person(KIM)));
    leaves(&story, KIM);
    let story = story.at(hours(1)).ticks();
    // Nobody else is named for it, so it stays, and is seen to be missed.
    assert_eq!(owner_of(&story, Duty::SecurityReview), Some(person(KIM)));
    let policy = Policy {
        security: vec![person(KIM), group("S0SEC")],
        ..written()
    };
    let story = under(policy).when(stating(DANA, Criterion::Vulnerability));
    leaves(&story, KIM);
    let story = story.at(hours(1)).ticks();
    assert_eq!(owner_of(&story, Duty::SecurityReview), Some(group("S0SEC")));
}

#[test]
fn who_is_named_for_a_permanent_fix_after_it_passed_owns_it() {
    let name = |who| {
        let owner = (Field::PermanentFixOwner, Told::Person(user(who)));
        write(DANA, vec![owner])
    };
    let story = at_noon()
        .when(choose(DANA, Field::Permanence, "workaround"))
        .at(hours(1))
        .when(delegate(DANA, Duty::PermanentFix, SAM));
    assert_eq!(owner_of(&story, Duty::PermanentFix), Some(person(SAM)));
    let story = story.at(hours(2)).when(name(KIM));
    assert_eq!(owner_of(&story, Duty::PermanentFix), Some(person(KIM)));
    // To whom it comes back by name it is said again.
    let story = story.at(hours(3)).when(name(DANA));
    assert_eq!(owner_of(&story, Duty::PermanentFix), Some(person(DANA)));
}

#[test]
fn who_is_asked_after_a_second_authorization_passed_is_the_second_person() {
    let story = requested()
        .until(minutes(7))
        .when(go_ahead(DANA))
        .at(minutes(8))
        .deploys(DANA)
        .at(hours(1))
        .when(delegate(MORGAN, Duty::SecondAuthorization, ALEX));
    assert_eq!(
        owner_of(&story, Duty::SecondAuthorization),
        Some(person(ALEX))
    );
    let story = story.at(hours(2)).when(ask(DANA, &[group(LEADS)]));
    assert_eq!(
        owner_of(&story, Duty::SecondAuthorization),
        Some(group(LEADS))
    );
}

/// When the reminders of a duty came after an instant, by Dana's clock.
fn said_since(story: &Story, of: Duty, from: DateTime<Utc>) -> Vec<String> {
    let said = story.history.iter().filter(
        |one| matches!(&one.event, Event::Reminded { duty, .. } if *duty == of && one.at > from),
    );
    said.map(|one| {
        let local = story.town.local(None, one.at);
        local.format("%a %H:%M").to_string()
    })
    .collect()
}

#[test]
fn who_is_away_is_left_alone_until_their_return() {
    let story = at_noon();
    let back_at = story.began_at + hours(22) + minutes(30);
    goes_away(&story, DANA, back_at);
    let from = story.now;
    let story = story.ticks().until(hours(24));
    // Everything that was to be said in between is said once.
    assert_eq!(
        said_since(&story, Duty::Ticket, from),
        ["Sun 10:25", "Sun 11:00", "Sun 11:30"]
    );
}

#[test]
fn who_is_away_past_the_deadline_hears_once_before_it_where_it_can_not_pass() {
    let mut policy = written();
    policy.commanders = vec![person(RILEY)];
    let story = Story::begin(
        berlin("2026-03-14 11:55"),
        policy,
        Town::berlin(),
        request(),
    )
    .at(minutes(1))
    .when(authorize(MORGAN))
    .when(name_commander(DANA, RILEY))
    .at(minutes(5))
    .deploys(DANA);
    goes_away(&story, RILEY, story.began_at + days(2));
    let from = story.now;
    let story = story.ticks().until(hours(24) + minutes(4));
    assert_eq!(
        said_since(&story, Duty::CommanderAuthorization, from),
        ["Sun 11:30"]
    );
}

#[test]
fn the_night_of_a_return_puts_nothing_off_until_after_the_deadline() {
    // Due at 02:19; back at 23:00.
    let story = deployed();
    let back_at = story.began_at + hours(20) + minutes(46);
    goes_away(&story, DANA, back_at);
    let from = story.now;
    let story = story.ticks().until(hours(24));
    assert_eq!(said_since(&story, Duty::Ticket, from), ["Sat 21:30"]);
}

#[test]
fn the_absence_of_who_is_asked_holds_no_request_up() {
    let story = requested();
    goes_away(&story, MORGAN, story.began_at + days(3));
    let from = story.now;
    let story = story.until(minutes(10));
    assert_eq!(
        said_since(&story, Duty::AnswerRequest, from),
        ["Sat 02:17", "Sat 02:20"]
    );
}

#[test]
fn who_can_name_another_is_asked_where_a_duty_can_not_pass_and_its_owner_left() {
    let story = Story::begin(
        berlin("2026-03-14 11:55"),
        written(),
        Town::berlin(),
        request(),
    )
    .at(minutes(1))
    .when(authorize(MORGAN))
    .when(name_commander(DANA, RILEY))
    .at(minutes(5))
    .deploys(DANA);
    leaves(&story, RILEY);
    let story = story.at(hours(1)).ticks();
    let duty = Duty::CommanderAuthorization;
    assert_eq!(owner_of(&story, duty), Some(person(DANA)));
    let heard = |one: &Recorded| {
        matches!(&one.event, Event::Reminded { duty: of, owner, rung: Rung::Opening, .. }
            if *of == duty && *owner == Some(person(DANA)))
    };
    assert!(story.history.iter().any(heard));
    // Whom they name owns it.
    let story = story.at(hours(2)).when(name_commander(DANA, ALEX));
    assert_eq!(owner_of(&story, duty), Some(person(ALEX)));

    let story = authorized();
    leaves(&story, DANA);
    let story = story.at(hours(8)).ticks();
    assert_eq!(owner_of(&story, Duty::ConfirmDeployment), Some(person(SAM)));
}

#[test]
fn a_risk_that_its_owner_left_behind_is_an_approver_s_to_accept() {
    let story = documented()
        .at(hours(10))
        .when(reject_with(MORGAN, Remedy::AcceptRisk, Some(KIM)));
    assert_eq!(owner_of(&story, Duty::Remediation), Some(person(KIM)));
    leaves(&story, KIM);
    let story = story.at(hours(11)).ticks();
    assert_eq!(owner_of(&story, Duty::Remediation), Some(person(MORGAN)));
}

#[test]
fn nothing_comes_back_to_who_had_left_until_slack_has_them_again() {
    let pass_twice = |is_back: bool| {
        let story = at_noon();
        leaves(&story, MORGAN);
        let story = story.at(hours(1)).ticks();
        assert_eq!(owner_of(&story, Duty::Approval), Some(person(ALEX)));
        // What Slack said of Morgan counts no more by then.
        story.town.absent.borrow_mut().remove(&user(MORGAN));
        if is_back {
            let groups = BTreeSet::new();
            story.town.groups.borrow_mut().insert(user(MORGAN), groups);
        }
        leaves(&story, ALEX);
        let story = story.at(hours(3)).ticks();
        owner_of(&story, Duty::Approval)
    };
    assert_eq!(pass_twice(false), Some(group(LEADS)));
    assert_eq!(pass_twice(true), Some(person(MORGAN)));
}
