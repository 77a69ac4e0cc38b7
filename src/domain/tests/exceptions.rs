//! The paths nobody likes: legal, seen, never erased, and made good.

use super::*;
use crate::domain::authorization::Ground;
use crate::domain::change::Stage;
use crate::domain::change::Strength;

#[test]
fn the_path_everybody_likes_leaves_no_exception() {
    assert_eq!(closed().exceptions(), []);
}

#[test]
fn deployed_before_the_authorization_is_an_exception_however_it_is_learned() {
    let expected = [Exception::DeployedBeforeAuthorization];
    let first_deployed = given(requested())
        .at(minutes(1))
        .deploys(DANA)
        .at(minutes(5))
        .when(authorize(MORGAN));
    assert_eq!(first_deployed.exceptions(), expected);
    let first_authorized = given(authorized());
    let at = first_authorized.began_at;
    let first_authorized = first_authorized.at(minutes(9)).when(deployed_at(DANA, at));
    assert_eq!(first_authorized.exceptions(), expected);
    assert_eq!(
        first_authorized.change.authorized_ahead_by(),
        Some(-minutes(1))
    );
}

#[test]
fn deployed_in_the_instant_of_the_authorization_is_no_exception() {
    let story = authorized();
    let at = story.now;
    assert_eq!(story.when(deployed_at(DANA, at)).exceptions(), []);
}

#[test]
fn deployed_against_a_denial_is_an_exception() {
    let story = given(requested())
        .at(minutes(1))
        .when(deny(MORGAN))
        .at(minutes(5))
        .deploys(DANA)
        .then(&[
            Event::Deployed {
                deployed_at: berlin("2026-03-14 02:19"),
                known_from: Source::Attested,
                implementer: user(DANA),
            },
            Event::ExceptionRecorded {
                exception: Exception::DeployedAgainstDenial,
            },
        ]);
    assert_eq!(story.change.stage, Stage::Deployed);
}

#[test]
fn asking_somebody_else_does_not_wash_a_denial_off() {
    let story = given(requested())
        .at(minutes(1))
        .when(deny(MORGAN))
        .at(minutes(2))
        .when(ask(DANA, &[person(ALEX)]))
        .at(minutes(5))
        .deploys(DANA);
    assert_eq!(story.exceptions(), [Exception::DeployedAgainstDenial]);
}

#[test]
fn authorized_by_somebody_else_the_denial_no_longer_stands() {
    let story = given(requested())
        .at(minutes(1))
        .when(deny(MORGAN))
        .at(minutes(2))
        .when(authorize(ALEX))
        .at(minutes(5))
        .deploys(DANA);
    assert_eq!(story.exceptions(), []);
}

#[test]
fn deployed_before_the_denial_is_not_against_it() {
    let story = given(requested()).at(minutes(3)).when(deny(MORGAN));
    let at = story.began_at + minutes(2);
    let story = story.at(minutes(9)).when(deployed_at(DANA, at));
    assert_eq!(story.exceptions(), [Exception::DeployedBeforeAuthorization]);
}

#[test]
fn a_denial_looked_up_after_the_deployment_is_still_heard() {
    let pressed_at = berlin("2026-03-14 02:15");
    let story = given(requested())
        .at(minutes(5))
        .deploys(DANA)
        .at(minutes(6))
        .when_done(pressed_at, deny(MORGAN))
        .then(&[
            Event::Denied {
                ground: Ground::Policy,
                evidence: None,
            },
            Event::ExceptionRecorded {
                exception: Exception::DeployedAgainstDenial,
            },
        ]);
    assert_eq!(story.change.stage, Stage::Deployed);
}

#[test]
fn going_ahead_is_an_exception_that_a_second_person_makes_good() {
    let story = given(requested())
        .at(minutes(7))
        .when(go_ahead(DANA))
        .then(&[
            Event::WentAhead,
            Event::ExceptionRecorded {
                exception: Exception::NotAuthorized,
            },
        ])
        .at(minutes(9))
        .deploys(DANA);
    assert_eq!(
        story.exceptions(),
        [Exception::NotAuthorized],
        "one is enough"
    );
    let second = story.obligation(Duty::SecondAuthorization).unwrap();
    assert_eq!(second.owner, Some(person(MORGAN)));
    assert_eq!(second.due_at, Some(berlin("2026-03-15 02:23")));
    let story = story
        .at(hours(7))
        .when(authorize(MORGAN))
        .then(&[Event::SecondAuthorized {
            method: Method::Button,
            strength: Strength::Direct,
            ground: Ground::Policy,
            evidence: None,
        }]);
    let second = story.obligation(Duty::SecondAuthorization).unwrap();
    assert_eq!(second.met_at, Some(story.now));
    assert_eq!(story.exceptions(), [Exception::NotAuthorized], "it stays");
}

#[test]
fn going_ahead_with_the_role_is_to_authorize_oneself() {
    let story = given(requested()).when(go_ahead(ALEX));
    assert_eq!(story.exceptions(), [Exception::SelfAuthorized]);
}

#[test]
fn the_second_person_is_never_the_one_who_went_ahead() {
    let story = given(requested())
        .when(go_ahead(MORGAN))
        .at(minutes(5))
        .deploys(DANA);
    let second = story.obligation(Duty::SecondAuthorization).unwrap();
    assert_eq!(second.owner, Some(person(ALEX)), "though Morgan was asked");
}

#[test]
fn an_authorization_that_comes_after_going_ahead_and_before_the_deployment_makes_it_good() {
    let story = given(requested())
        .at(minutes(7))
        .when(go_ahead(DANA))
        .at(minutes(8))
        .when(authorize(MORGAN))
        .at(minutes(9))
        .deploys(DANA);
    let second = story.obligation(Duty::SecondAuthorization).unwrap();
    assert_eq!(second.met_at, Some(berlin("2026-03-14 02:22")));
    assert_eq!(story.exceptions(), [Exception::NotAuthorized]);
}

#[test]
fn an_authorizer_who_deploys_authorized_themselves() {
    let story = given(authorized())
        .at(minutes(3))
        .when(take_command(RILEY))
        .at(minutes(5))
        .deploys(MORGAN);
    assert_eq!(story.exceptions(), [Exception::SelfAuthorized]);
    let second = story.obligation(Duty::SecondAuthorization).unwrap();
    assert_eq!((second.owner, second.met_at), (Some(person(ALEX)), None));
    assert_eq!(
        story.obligation(Duty::Approval).unwrap().owner,
        Some(person(ALEX))
    );
    let story = story
        .at(minutes(9))
        .when(authorize(ALEX))
        .then(&[Event::SecondAuthorized {
            method: Method::Button,
            strength: Strength::Direct,
            ground: Ground::Policy,
            evidence: None,
        }])
        .at(hours(1))
        .when(document(DANA, TICKET))
        .when(state_criterion(DANA))
        .approves(ALEX)
        .when(answer(ALEX, &[Exception::SelfAuthorized]));
    assert_eq!(story.change.stage, Stage::Closed);
}

#[test]
fn an_authorizer_who_deploys_days_later_leaves_a_day_to_find_a_second_person() {
    let story = given(deployed()).until(days(2)).deploys(MORGAN);
    let second = story.obligation(Duty::SecondAuthorization).unwrap();
    assert_eq!(second.due_at, Some(story.now + days(1)));
    assert!(!story.exceptions().contains(&Exception::SecondPersonLate));
    let story = story.at(days(2) + hours(5)).when(authorize(ALEX));
    let story = story.until(days(9));
    assert!(
        !story.exceptions().contains(&Exception::SecondPersonLate),
        "made good in time"
    );
}

#[test]
fn no_exception_is_recorded_twice_and_none_is_ever_erased() {
    let mut story = given(requested());
    let mut seen = BTreeSet::new();
    for (n, step) in (1..).zip([
        deny(MORGAN),
        go_ahead(DANA),
        deployed_at(DANA, story.began_at + minutes(3)),
        deployed_at(RILEY, story.began_at + minutes(4)),
        authorize(MORGAN),
        deployed_at(MORGAN, story.began_at + minutes(20)),
        authorize(ALEX),
        tick(),
        document(DANA, TICKET),
        state_criterion(DANA),
        reject(ALEX),
        remediate(DANA),
        answer(ALEX, Exception::ALL),
    ]) {
        story = story.at(hours(5 * n)).when(step);
        let now: BTreeSet<_> = story.exceptions().into_iter().collect();
        assert!(now.is_superset(&seen));
        seen = now;
    }
    let n_recorded = story
        .history
        .iter()
        .filter(|one| matches!(one.event, Event::ExceptionRecorded { .. }))
        .count();
    assert_eq!(n_recorded, seen.len());
    assert!(seen.len() >= 6, "{seen:?}");
}

#[test]
fn an_answer_names_cause_remedy_and_owner_and_leaves_the_exception() {
    let story = given(approved())
        .at(hours(3))
        .when(answer(MORGAN, Exception::ALL));
    let state = story
        .change
        .exceptions
        .get(&Exception::DeployedBeforeAuthorization)
        .unwrap();
    let answer = state.answer.as_ref().unwrap();
    assert_eq!(answer.by, user(MORGAN));
    assert_eq!(answer.owner, user(ALEX));
    assert_eq!(answer.cause, text("Nobody was awake.").commitment());
    assert_eq!(answer.remedy, text("A second person on call.").commitment());
}

#[test]
fn an_exception_is_answered_once() {
    given(rejected())
        .when(answer(MORGAN, &[Exception::Rejected]))
        .when(answer(ALEX, &[Exception::Rejected]))
        .refused(&Refusal::NothingToAnswer { number: NUMBER });
}
