//! The quiet offer: made once, once more, and then listed.

use super::capture::*;
use super::*;
use crate::domain::change::Verdict;
use crate::domain::offer::{OfferStage, Quoted};

/// Saturday, 14 March 2026, in Berlin, where nobody has said where they are.
fn by_day() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_482_400, 0).unwrap()
}

/// A pair of messages, with texts of their own.
pub(super) fn pair(
    request: (&str, u8),
    answer: (&str, u8),
    verdict: Verdict,
) -> (NewOffer, Vec<Text>) {
    let asks = text("deploying the WAF rule. Authorization?", request.1);
    let says = text("approved. Deploy.", answer.1);
    let offer = NewOffer {
        channel: ChannelId::new(CHANNEL),
        thread: None,
        asker: UserId::new(DANA),
        request: Quoted {
            by: UserId::new(DANA),
            message: message(request.0),
            text: asks.commitment(),
        },
        answer: Quoted {
            by: UserId::new(MORGAN),
            message: message(answer.0),
            text: says.commitment(),
        },
        verdict,
        outranks: false,
    };
    (offer, vec![asks, says])
}

pub(super) async fn offer(
    store: &Store,
    key: &str,
    new: (NewOffer, Vec<Text>),
    at: DateTime<Utc>,
) -> Text {
    let (gesture, words) = overhear(store, key, MORGAN, 200).await;
    let (offer, texts) = new;
    let made = store.make_offer(gesture, offer, texts, at);
    made.await.unwrap();
    words
}

/// Somebody presses *No, thanks* at the first offer.
pub(super) async fn no_thanks(store: &Store) -> Gesture {
    let no = gesture("no", DANA, Ask::DeclineOffer { offer: 1 });
    hear(store, &no, &[]).await;
    no
}

async fn stage(store: &Store, id: u64) -> OfferStage {
    store.offer(id).await.unwrap().unwrap().0.stage
}

pub(super) async fn sweep(store: &Store, at: DateTime<Utc>) -> usize {
    let unheard = BTreeSet::new();
    store.sweep(unheard, rules(), at).await.unwrap()
}

async fn next_at(store: &Store) -> Option<DateTime<Utc>> {
    store.next_at(seconds(60)).await.unwrap()
}

/// Sends what a lane owes, as the dispatcher does; returns its kind.
async fn send(store: &Store, lane: &str, stands: Option<&str>, at: DateTime<Utc>) -> Option<Kind> {
    let parcel = store.parcel(lane.to_owned(), rules(), at).await.unwrap()?;
    let claim = Claim {
        keys: parcel.owed.iter().map(|one| one.key.clone()).collect(),
        revision: parcel.owed[0].revision,
        channel: None,
        payload: [1; 32],
        showed: 0,
    };
    assert!(store.claim(claim.clone(), at).await.unwrap());
    let kind = parcel.owed[0].kind.clone();
    let stands = stands.map(|ts| (ChannelId::new("D0DANA0001"), MessageTs::new(ts)));
    let settled = store.settle(parcel.owed, claim, stands, rules(), at);
    settled.await.unwrap();
    Some(kind)
}

fn whisper(offer: u64) -> Kind {
    Kind::Offer {
        offer,
        again: false,
    }
}

fn direct(offer: u64) -> Kind {
    Kind::Offer { offer, again: true }
}

#[tokio::test]
async fn an_offer_comes_at_once_after_an_hour_and_is_then_undeclared() {
    let home = Home::new();
    let store = home.open().unwrap();
    let start = by_day();
    let grant = pair((ASKED, 10), (ANSWERED, 11), Verdict::Grant);
    let overheard = offer(&store, "one", grant, start).await;
    // The overheard text was a reading of its own, and nobody needs it.
    assert!(!is_kept(&store, &overheard).await);
    let (found, words) = store.offer(1).await.unwrap().unwrap();
    assert_eq!(found.request.message, message(ASKED));
    assert_eq!(found.answer.message, message(ANSWERED));
    assert_eq!(
        words[&found.answer.text].as_deref(),
        Some("approved. Deploy.")
    );
    assert_eq!(send(&store, "offer:1", None, start).await, Some(whisper(1)));

    let hour = start + TimeDelta::hours(1);
    assert_eq!(next_at(&store).await, Some(hour));
    assert_eq!(sweep(&store, hour - seconds(1)).await, 0);
    assert_eq!(stage(&store, 1).await, OfferStage::Offered);
    assert_eq!(sweep(&store, hour).await, 1);
    assert_eq!(stage(&store, 1).await, OfferStage::Again);
    let kind = send(&store, DANA, Some("1773486000.000100"), hour).await;
    assert_eq!(kind, Some(direct(1)));

    let day = hour + TimeDelta::hours(24);
    assert_eq!(next_at(&store).await, Some(day));
    assert!(store.undeclared(None, 10).await.unwrap().is_empty());
    assert_eq!(sweep(&store, day).await, 1);
    let undeclared = store.undeclared(None, 10).await.unwrap();
    assert_eq!(undeclared.len(), 1);
    assert!(undeclared[0].1.values().all(Option::is_some));
    // Its message gives its buttons up; nothing more is ever due.
    let again = send(&store, DANA, Some("1773486000.000100"), day).await;
    assert_eq!(again, Some(direct(1)));
    assert_eq!(next_at(&store).await, None);
    store.close().await;
}

#[tokio::test]
async fn an_offer_that_would_come_again_at_night_waits_for_the_morning() {
    let home = Home::new();
    let store = home.open().unwrap();
    // 03:00 in Berlin.
    let night = DateTime::from_timestamp(1_773_453_600, 0).unwrap();
    let grant = pair((ASKED, 10), (ANSWERED, 11), Verdict::Grant);
    let heard_at = night - TimeDelta::hours(3);
    offer(&store, "one", grant, heard_at).await;
    send(&store, "offer:1", None, heard_at).await;
    assert_eq!(sweep(&store, night).await, 1);
    let morning = next_at(&store).await.unwrap();
    assert_eq!(morning, night + TimeDelta::hours(5));
    assert_eq!(send(&store, DANA, None, night).await, None);
    let kind = send(&store, DANA, Some("1773471600.000100"), morning).await;
    assert_eq!(kind, Some(direct(1)));
    // The day to answer runs from the morning.
    assert_eq!(next_at(&store).await, Some(morning + TimeDelta::hours(24)));
    store.close().await;
}

#[tokio::test]
async fn a_pair_is_offered_once_and_another_answer_of_the_same_sense_not_at_all() {
    let home = Home::new();
    let store = home.open().unwrap();
    let start = by_day();
    let of = |answer: (&str, u8), verdict| pair((ASKED, answer.1 + 100), answer, verdict);
    offer(&store, "one", of((ANSWERED, 11), Verdict::Grant), start).await;
    for (key, answer) in [
        ("two", (ANSWERED, 12)),
        ("three", ("1773450999.000100", 13)),
    ] {
        let (again, texts) = of(answer, Verdict::Grant);
        offer(&store, key, (again, texts.clone()), start).await;
        assert_eq!(
            count(&store, "SELECT count(*) FROM offer").await,
            1,
            "{key}"
        );
        assert!(!is_kept(&store, &texts[0]).await, "{key}");
    }
    // Another sense is other news.
    let refused = of(("1773450999.000200", 14), Verdict::Refuse);
    offer(&store, "four", refused, start).await;
    assert_eq!(count(&store, "SELECT count(*) FROM offer").await, 2);
    store.close().await;
}

#[tokio::test]
async fn a_declined_offer_is_remembered_without_its_words() {
    let home = Home::new();
    let store = home.open().unwrap();
    let start = by_day();
    let (new, texts) = pair((ASKED, 10), (ANSWERED, 11), Verdict::Grant);
    offer(&store, "one", (new, texts.clone()), start).await;
    send(&store, "offer:1", None, start).await;
    let hour = start + TimeDelta::hours(1);
    sweep(&store, hour).await;
    send(&store, DANA, Some("1773486000.000100"), hour).await;
    let no = no_thanks(&store).await;
    store.decline_offer(no, 1, hour).await.unwrap();
    assert_eq!(stage(&store, 1).await, OfferStage::Declined);
    for text in &texts {
        assert!(!is_kept(&store, text).await);
    }
    // Where it stands it is redrawn, and the whisper is answered.
    let kind = send(&store, DANA, Some("1773486000.000100"), hour).await;
    assert_eq!(kind, Some(direct(1)));
    let parcel = store
        .parcel("reply:no".to_owned(), rules(), hour)
        .await
        .unwrap();
    let offered = parcel.unwrap().offer.unwrap();
    assert_eq!(offered.offer.stage, OfferStage::Declined);
    // It never goes further, and never comes back.
    assert_eq!(sweep(&store, hour + TimeDelta::days(2)).await, 0);
    assert!(store.undeclared(None, 10).await.unwrap().is_empty());
    let (again, texts) = pair((ASKED, 20), (ANSWERED, 21), Verdict::Grant);
    offer(&store, "two", (again, texts), start).await;
    assert_eq!(count(&store, "SELECT count(*) FROM offer").await, 1);
    store.close().await;
}

#[tokio::test]
async fn an_offer_is_taken_when_its_request_becomes_a_change_by_any_way() {
    let home = Home::new();
    let store = home.open().unwrap();
    let start = by_day();
    let (new, texts) = pair((ASKED, 100), (ANSWERED, 101), Verdict::Grant);
    offer(&store, "one", (new, texts.clone()), start).await;
    // Riley captures it by the shortcut, before the whisper is sent.
    let (outcome, number) = capture(&store, "two", 10).await;
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(stage(&store, 1).await, OfferStage::Taken);
    assert_eq!(
        count(&store, "SELECT change FROM offer WHERE id = 1").await,
        number.unwrap().0
    );
    // The shortcut read the words for itself; the offer's own are let go.
    for text in &texts {
        assert!(!is_kept(&store, text).await);
    }
    sweep(&store, start + TimeDelta::days(2)).await;
    assert_eq!(stage(&store, 1).await, OfferStage::Taken);
    // Declined too late, it stays what it is.
    let no = gesture("no", DANA, Ask::DeclineOffer { offer: 1 });
    hear(&store, &no, &[]).await;
    store.decline_offer(no, 1, start).await.unwrap();
    assert_eq!(stage(&store, 1).await, OfferStage::Taken);
    // What is on record isn't offered again.
    let other = pair((ASKED, 110), ("1773450999.000100", 111), Verdict::Refuse);
    offer(&store, "three", other, start).await;
    assert_eq!(count(&store, "SELECT count(*) FROM offer").await, 1);
    store.close().await;
}

#[tokio::test]
async fn an_offer_that_is_taken_becomes_a_change_of_its_own_words() {
    let home = Home::new();
    let store = home.open().unwrap();
    let start = by_day();
    let (new, texts) = pair((ASKED, 100), (ANSWERED, 101), Verdict::Grant);
    offer(&store, "one", (new, texts.clone()), start).await;
    send(&store, "offer:1", None, start).await;
    let yes = gesture("yes", DANA, Ask::TakeOffer { offer: 1 });
    hear(&store, &yes, &[]).await;
    let submissions = vec![
        asks(DANA, ASKED, &texts[0]),
        answers(MORGAN, ANSWERED, &texts[1]),
    ];
    let (outcome, number) = run(&store, &yes, Target::New, submissions, Vec::new()).await;
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(stage(&store, 1).await, OfferStage::Taken);
    for text in &texts {
        assert!(is_kept(&store, text).await);
    }
    // The whisper gives its buttons up.
    let parcel = store
        .parcel("reply:yes".to_owned(), rules(), start)
        .await
        .unwrap();
    let parcel = parcel.unwrap();
    assert_eq!(parcel.offer.unwrap().offer.stage, OfferStage::Taken);
    assert_eq!(parcel.answer.unwrap().change, number);
    store.close().await;
}

#[tokio::test]
async fn an_offer_redelivered_is_made_once() {
    let home = Home::new();
    let store = home.open().unwrap();
    let (gesture, _) = overhear(&store, "one", MORGAN, 200).await;
    for salt in [10, 20, 30, 40] {
        let (new, texts) = pair((ASKED, salt), (ANSWERED, salt + 1), Verdict::Grant);
        let made = store.make_offer(gesture.clone(), new, texts, by_day());
        made.await.unwrap();
    }
    assert_eq!(count(&store, "SELECT count(*) FROM offer").await, 1);
    assert_eq!(
        count(&store, "SELECT count(*) FROM outbox WHERE kind = 'offer'").await,
        1
    );
    assert_eq!(count(&store, "SELECT count(*) FROM text").await, 2);
    store.close().await;
}

#[tokio::test]
async fn the_table_takes_every_stage_of_an_offer() {
    let home = Home::new();
    let store = home.open().unwrap();
    let grant = pair((ASKED, 10), (ANSWERED, 11), Verdict::Grant);
    offer(&store, "one", grant, by_day()).await;
    for stage in OfferStage::ALL {
        home.tamper(&format!("UPDATE offer SET stage = '{}'", stage.name()))
            .unwrap();
    }
    let refused = home.tamper("UPDATE offer SET stage = 'forgotten'");
    assert!(refused.unwrap_err().to_string().contains("CHECK"));
    store.close().await;
}

#[tokio::test]
async fn an_offer_that_can_not_be_read_does_not_hold_up_the_others() {
    let home = Home::new();
    let store = home.open().unwrap();
    let start = by_day();
    offer(
        &store,
        "one",
        pair((ASKED, 10), (ANSWERED, 11), Verdict::Grant),
        start,
    )
    .await;
    let other = pair(
        ("1773450850.000100", 20),
        ("1773450860.000100", 21),
        Verdict::Grant,
    );
    offer(&store, "two", other, start).await;
    home.tamper(
        "PRAGMA ignore_check_constraints = ON; UPDATE offer SET stage = 'forgotten' WHERE id = 1",
    )
    .unwrap();
    let hour = start + TimeDelta::hours(1);
    assert_eq!(sweep(&store, hour).await, 2);
    assert_eq!(stage(&store, 2).await, OfferStage::Again);
    assert_eq!(sweep(&store, hour).await, 0);
    store.close().await;
}

#[tokio::test]
async fn whose_change_it_was_is_wanted_about_an_authorization_that_nobody_recorded() {
    use crate::domain::deployment::{Deployment, Happening, SourceName};
    let home = Home::new();
    let store = home.open().unwrap();
    let start = now();
    let wanted = async |minutes: i64| {
        let at = start + TimeDelta::minutes(minutes);
        let (source, happening) = (SourceName::new("github"), Happening::Push);
        let told = Deployment {
            author_email: Some("dana@acme.dev".to_owned()),
            ..Deployment::new(source, minutes.to_string(), happening, at)
        };
        let wanted = store.authors_wanted(&[told], start).await.unwrap();
        !wanted.is_empty()
    };
    assert!(!wanted(5).await, "nothing was overheard");
    let grant = pair((ASKED, 1), (ANSWERED, 2), Verdict::Grant);
    offer(&store, "one", grant, start).await;
    let day = 24 * 60;
    assert!(wanted(5).await && wanted(day).await && wanted(-1).await);
    assert!(!wanted(day + 1).await && !wanted(-day - 1).await);
    store.close().await;
}
