//! How often somebody is chased in one of their days, and when that day is over.

use super::*;
use crate::domain::obligation::{
    KEPT_FOR_THE_LAST, MOST_CHASING, day_began_at, has_room, next_morning,
};

#[test]
fn six_messages_may_say_anything_and_two_more_only_a_last_word() {
    let may = |last| (0..12).filter(|n| has_room(*n, last)).count();
    assert_eq!(may(false), 6);
    assert_eq!(may(true), 8);
    assert_eq!((MOST_CHASING, KEPT_FOR_THE_LAST), (8, 2));
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
