//! How often somebody is chased in one of their days, and when that day is over.

use super::*;
use crate::domain::obligation::{
    KEPT_FOR_THE_LAST, MOST_CHASING, Rung, day_began_at, has_room, is_last_word, next_morning,
};

#[test]
fn six_messages_may_say_anything_and_two_more_only_a_last_word() {
    let may = |last| (0..12).filter(|n| has_room(*n, last)).count();
    assert_eq!(may(false), 6);
    assert_eq!(may(true), 8);
    assert_eq!((MOST_CHASING, KEPT_FOR_THE_LAST), (8, 2));
}

#[test]
fn the_last_word_is_the_last_rung_that_there_is() {
    let story = Story::begin(
        berlin("2026-03-14 11:55"),
        written(),
        Town::berlin(),
        request(),
    )
    .at(minutes(1))
    .when(authorize(MORGAN))
    .at(minutes(5))
    .deploys(DANA);
    let last = |story: &Story, duty| -> Vec<u16> {
        [240, 60, 30]
            .into_iter()
            .filter(|one| is_last_word(duty, Rung::Before(*one), &story.change, &story.policy))
            .collect()
    };
    assert_eq!(last(&story, Duty::Ticket), [30]);
    // An approver whose ticket isn't ready hears of it an hour ahead for the last time.
    assert_eq!(last(&story, Duty::Approval), [60, 30]);
    let rungs = [
        Rung::Opening,
        Rung::Ready,
        Rung::Overdue(1),
        Rung::AfterNap(1),
    ];
    for rung in rungs {
        assert!(!is_last_word(
            Duty::Ticket,
            rung,
            &story.change,
            &story.policy
        ));
    }
    let asked = |n| {
        is_last_word(
            Duty::AnswerRequest,
            Rung::Again(n),
            &story.change,
            &story.policy,
        )
    };
    assert_eq!((asked(1), asked(2)), (false, true));
    let day = story.until(hours(24)).reminders(&[Duty::Approval]);
    assert!(
        day.contains("approval before-60") && !day.contains("before-30"),
        "{day}"
    );
}

#[test]
fn only_what_was_put_off_comes_at_a_time_that_somebody_chose() {
    assert!(Rung::AfterNap(1).is_asked_for());
    for rung in [
        Rung::Opening,
        Rung::Ready,
        Rung::Again(1),
        Rung::Before(30),
        Rung::Overdue(1),
    ] {
        assert!(!rung.is_asked_for());
    }
}

#[test]
fn only_the_request_for_authorization_is_no_chase() {
    assert!(!Duty::AnswerRequest.is_chased());
    for duty in [Duty::ConfirmDeployment, Duty::Ticket, Duty::FollowUp(1)] {
        assert!(duty.is_chased(), "{duty:?}");
    }
}

#[test]
fn the_day_is_the_readers_own_and_may_have_23_or_25_hours() {
    let mut town = Town::berlin();
    let (dana, morgan) = (user(DANA), user(MORGAN));
    town.zones
        .insert(morgan.clone(), chrono_tz::America::New_York);
    let at = berlin("2026-03-14 03:00");
    assert_eq!(day_began_at(&dana, at, &town), berlin("2026-03-14 00:00"));
    assert_eq!(next_morning(&dana, at, &town), berlin("2026-03-15 08:00"));
    // There it is still the evening before.
    let new_york = |local| instant_in(chrono_tz::America::New_York, local);
    assert_eq!(
        day_began_at(&morgan, at, &town),
        new_york("2026-03-13 00:00")
    );
    assert_eq!(
        next_morning(&morgan, at, &town),
        new_york("2026-03-14 08:00")
    );
    for (day, next, long) in [
        ("2026-03-29 00:00", "2026-03-30 00:00", 23),
        ("2026-10-25 00:00", "2026-10-26 00:00", 25),
    ] {
        let (began, over) = (berlin(day), berlin(next));
        assert_eq!(over - began, hours(long));
        let last = over - TimeDelta::microseconds(1);
        assert_eq!(day_began_at(&dana, last, &town), began);
        assert_eq!(day_began_at(&dana, over, &town), over);
        assert_eq!(next_morning(&dana, last, &town), over + hours(8));
    }
}

#[test]
fn a_day_without_a_midnight_begins_all_the_same() {
    let mut town = Town::berlin();
    let dana = user(DANA);
    town.zones.insert(dana.clone(), chrono_tz::Africa::Cairo);
    // On the 24th of April the clocks of Cairo go from 00:00 to 01:00.
    let first = instant_in(chrono_tz::Africa::Cairo, "2026-04-24 01:00");
    assert_eq!(day_began_at(&dana, first, &town), first);
    let evening = first + hours(20);
    assert_eq!(day_began_at(&dana, evening, &town), first);
}
