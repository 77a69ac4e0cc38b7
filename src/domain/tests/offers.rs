//! The quiet offer: once quietly, once by direct message, then listed.

use super::*;
use crate::domain::change::{MessageRef, Verdict};
use crate::domain::offer::{Offer, OfferClosed, OfferStage, OfferStep, Quoted};

fn quoted(who: &str, ts: &str, words: &str) -> Quoted {
    Quoted {
        by: user(who),
        message: MessageRef {
            channel: ChannelId::new("C0AUTH"),
            ts: MessageTs::new(ts),
            thread: None,
            permalink: None,
        },
        text: text(words).commitment(),
    }
}

fn offered(now: DateTime<Utc>) -> Offer {
    Offer::begin(
        7,
        quoted(
            DANA,
            "1773450840.000100",
            "deploying the WAF rule. Authorization?",
        ),
        quoted(MORGAN, "1773450900.000200", "approved. Deploy."),
        Verdict::Grant,
        &Town::berlin(),
        now,
    )
}

#[test]
fn it_is_offered_to_the_asker_where_they_asked() {
    let now = berlin("2026-03-14 10:15");
    let offer = offered(now);
    assert_eq!(offer.asker, user(DANA));
    assert_eq!(offer.channel, ChannelId::new("C0AUTH"));
    assert_eq!(offer.stage, OfferStage::Offered);
    assert_eq!(offer.next_at, Some(now + hours(1)));
    assert!(offer.is_open());
}

#[test]
fn unanswered_it_comes_once_more_and_then_counts_as_undeclared() {
    let (town, now) = (Town::berlin(), berlin("2026-03-14 10:15"));
    let mut offer = offered(now);
    assert_eq!(offer.pass(&town, now + minutes(59)), None);
    assert_eq!(offer.pass(&town, now + hours(1)), Some(OfferStep::Again));
    assert_eq!(offer.stage, OfferStage::Again);
    assert_eq!(offer.next_at, Some(now + hours(25)));
    assert_eq!(offer.pass(&town, now + hours(1)), None, "once");
    assert_eq!(offer.pass(&town, now + hours(25) - minutes(1)), None);
    assert_eq!(
        offer.pass(&town, now + hours(25)),
        Some(OfferStep::Undeclared)
    );
    assert_eq!((offer.stage, offer.next_at), (OfferStage::Undeclared, None));
    assert_eq!(
        offer.pass(&town, now + days(30)),
        None,
        "never a third time"
    );
    assert!(offer.is_open(), "it may still be declared");
}

#[test]
fn its_direct_message_waits_for_the_morning() {
    let now = berlin("2026-03-14 02:15");
    let mut offer = offered(now);
    let morning = berlin("2026-03-14 08:00");
    assert_eq!(offer.next_at, Some(morning));
    let town = Town::berlin();
    assert_eq!(offer.pass(&town, morning), Some(OfferStep::Again));
}

#[test]
fn the_hour_that_the_bot_slept_into_the_night_waits_for_the_morning_too() {
    let (town, now) = (Town::berlin(), berlin("2026-03-14 20:30"));
    let mut offer = offered(now);
    assert_eq!(offer.next_at, Some(berlin("2026-03-14 21:30")));
    let woke_at = berlin("2026-03-14 23:10");
    assert_eq!(offer.pass(&town, woke_at), None);
    assert_eq!(offer.stage, OfferStage::Offered);
    assert_eq!(offer.next_at, Some(berlin("2026-03-15 08:00")));
}

#[test]
fn who_is_awake_may_hear_of_it_at_night() {
    let town = Town::berlin();
    let mut offer = offered(berlin("2026-03-14 20:30"));
    let now = berlin("2026-03-14 23:10");
    town.sees(&user(DANA), now - minutes(5));
    assert_eq!(offer.pass(&town, now), Some(OfferStep::Again));
}

#[test]
fn slept_through_it_still_leaves_a_day_after_the_direct_message() {
    let (town, now) = (Town::berlin(), berlin("2026-03-14 10:15"));
    let mut offer = offered(now);
    let woke_at = now + days(3);
    assert_eq!(offer.pass(&town, woke_at), Some(OfferStep::Again));
    assert_eq!(offer.pass(&town, woke_at), None);
    assert_eq!(offer.next_at, Some(woke_at + hours(24)));
}

#[test]
fn no_thanks_is_remembered() {
    let (town, now) = (Town::berlin(), berlin("2026-03-14 10:15"));
    let mut offer = offered(now);
    assert_eq!(offer.decline(), Ok(()));
    assert_eq!(offer.pass(&town, now + days(9)), None);
    assert_eq!(offer.stage, OfferStage::Declined);
    assert_eq!(offer.decline(), Err(OfferClosed::Declined));
    assert_eq!(offer.refuse_if_closed(), Err(OfferClosed::Declined));
}

#[test]
fn taken_it_keeps_the_number_and_is_answered_for_good() {
    let (town, now) = (Town::berlin(), berlin("2026-03-14 10:15"));
    let mut offer = offered(now);
    offer.take(NUMBER);
    offer.take(NUMBER.next());
    assert_eq!(
        (offer.stage, offer.change),
        (OfferStage::Taken, Some(NUMBER))
    );
    assert_eq!(offer.decline(), Err(OfferClosed::Taken(NUMBER)));
    assert_eq!(offer.pass(&town, now + days(9)), None);
    insta::assert_snapshot!(OfferClosed::Taken(NUMBER), @"That is on record already, as CHG-1042.");
}

#[test]
fn what_was_declined_or_undeclared_can_be_recorded_after_all() {
    let (town, now) = (Town::berlin(), berlin("2026-03-14 10:15"));
    let mut declined = offered(now);
    declined.decline().unwrap();
    let mut undeclared = offered(now);
    undeclared.pass(&town, now + hours(1));
    undeclared.pass(&town, now + hours(25));
    for mut offer in [declined, undeclared] {
        offer.take(NUMBER);
        assert_eq!(
            (offer.stage, offer.change),
            (OfferStage::Taken, Some(NUMBER))
        );
    }
}
