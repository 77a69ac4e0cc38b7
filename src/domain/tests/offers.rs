//! The quiet offer: once quietly, once by direct message, then listed.

use super::capture::message_at;
use super::*;
use crate::domain::change::Verdict;
use crate::domain::offer::{Offer, OfferStage, Quoted};

fn offered(stage: OfferStage, next_at: Option<DateTime<Utc>>) -> Offer {
    let quoted = |who, ts, words| Quoted {
        by: user(who),
        message: message_at(ts),
        text: text(words).commitment(),
    };
    let request = quoted(DANA, "1773450840.000100", "deploying it. Authorization?");
    Offer {
        id: 7,
        channel: request.message.channel.clone(),
        asker: request.by.clone(),
        request,
        answer: quoted(MORGAN, "1773450900.000200", "approved. Deploy."),
        verdict: Verdict::Grant,
        offered_at: berlin("2026-03-14 02:15"),
        stage,
        change: None,
        next_at,
    }
}

#[test]
fn unanswered_it_comes_once_more_after_an_hour() {
    let offered_at = berlin("2026-03-14 02:15");
    let first_at = Offer::first_at(offered_at);
    assert_eq!(first_at, offered_at + hours(1));
    let offer = offered(OfferStage::Offered, Some(first_at));
    assert_eq!(offer.due(first_at - TimeDelta::microseconds(1)), None);
    assert_eq!(
        offer.due(first_at),
        Some((OfferStage::Again, Some(first_at + hours(24))))
    );
}

#[test]
fn unanswered_for_a_day_more_it_counts_as_undeclared_and_comes_no_third_time() {
    let next_at = berlin("2026-03-15 03:15");
    let offer = offered(OfferStage::Again, Some(next_at));
    assert_eq!(offer.due(next_at - TimeDelta::microseconds(1)), None);
    assert_eq!(offer.due(next_at), Some((OfferStage::Undeclared, None)));
    let undeclared = offered(OfferStage::Undeclared, None);
    assert_eq!(undeclared.due(next_at + days(90)), None);
    assert!(undeclared.stage.is_open(), "it may still be declared");
}

#[test]
fn slept_through_it_still_leaves_a_day_after_the_direct_message() {
    let first_at = berlin("2026-03-14 03:15");
    let offer = offered(OfferStage::Offered, Some(first_at));
    let woke_at = first_at + days(3);
    assert_eq!(
        offer.due(woke_at),
        Some((OfferStage::Again, Some(woke_at + hours(24))))
    );
}

#[test]
fn answered_it_moves_no_more() {
    let past = berlin("2026-03-14 03:15");
    for stage in [OfferStage::Taken, OfferStage::Declined] {
        assert!(!stage.is_open());
        assert_eq!(offered(stage, Some(past)).due(past + days(9)), None);
    }
}
