//! What leaves when its time is over, and what stays.

use super::*;
use crate::domain::change::{Redaction, Stage};

/// Rules by which words are kept for a year.
fn a_year() -> Arc<Rules> {
    let mut policy = Policy::unwritten(PolicyVersion(1));
    policy.keep_texts = Some(12);
    Arc::new(Rules::new(policy, [], chrono_tz::Europe::Berlin))
}

fn reasons() -> Vec<Text> {
    (0..5)
        .map(|n| Text::new("Its time was over.", Salt([200 + n; 32])))
        .collect()
}

async fn withdraw(store: &Store, number: ChangeNumber) {
    let key = format!("withdraw {number}");
    let gesture = gesture(&key, "U0DANA0001", Ask::Withdraw { change: number });
    let heard = Heard {
        gesture: gesture.clone(),
        texts: Vec::new(),
    };
    store.keep(heard, now()).await.unwrap();
    let target = Target::Change(number);
    let (outcome, _) = carry(store, gesture, target, Command::Withdraw)
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::Done);
}

async fn words(store: &Store) -> u64 {
    let said = "SELECT count(*) FROM text WHERE body IS NOT NULL AND body <> 'Its time was over.'";
    count(store, said).await
}

#[tokio::test]
async fn words_go_when_their_time_is_over_and_the_record_says_so_and_verifies() {
    let home = Home::new();
    let store = home.open().unwrap();
    let (_, number) = request(&store, "one").await;
    let number = number.unwrap();
    withdraw(&store, number).await;
    let early = now() + TimeDelta::days(364);
    assert_eq!(store.expire(reasons(), a_year(), early).await.unwrap(), 0);
    assert_eq!(words(&store).await, 2);
    let late = now() + TimeDelta::days(367);
    assert_eq!(store.expire(reasons(), a_year(), late).await.unwrap(), 1);
    assert_eq!(words(&store).await, 0);
    let change = store.change(number).await.unwrap().unwrap().change;
    assert_eq!(change.stage, Stage::Withdrawn);
    assert_eq!(change.redactions.len(), 2);
    let by_rule = |one: &Redaction| one.by == Actor::Clock && one.at == late;
    assert!(change.redactions.values().all(by_rule), "{change:?}");
    store.verify().await.unwrap().unwrap();
    // It goes once, and why it went stays.
    assert_eq!(store.expire(reasons(), a_year(), late).await.unwrap(), 0);
    let decade = now() + TimeDelta::days(3_650);
    assert_eq!(store.expire(reasons(), a_year(), decade).await.unwrap(), 0);
    let why = "SELECT count(*) FROM text WHERE body = 'Its time was over.'";
    assert_eq!(count(&store, why).await, 1);
    // Nobody hears of it.
    let told = "SELECT count(*) FROM outbox WHERE version > 2";
    assert_eq!(count(&store, told).await, 0);
    store.close().await;
}

#[tokio::test]
async fn a_copy_from_before_words_went_is_known_by_it() {
    let home = Home::new();
    let store = home.open().unwrap();
    let (_, number) = request(&store, "one").await;
    let copy = |name: &str| Copy::of(&home.path(), &home.path().with_file_name(name)).unwrap();
    let before = copy("before");
    withdraw(&store, number.unwrap()).await;
    assert!(!before.holds_what_left(&home.path()).unwrap());
    let late = now() + TimeDelta::days(367);
    assert_eq!(store.expire(reasons(), a_year(), late).await.unwrap(), 1);
    assert!(before.holds_what_left(&home.path()).unwrap());
    let after = copy("after");
    assert!(!after.holds_what_left(&home.path()).unwrap());
    // And the words stand in no byte of it, wherever they stood in the file.
    let bytes = |copy: &Copy| std::fs::read(copy.path()).unwrap();
    let holds = |bytes: Vec<u8>| bytes.windows(15).any(|part| part == b"Deploy WAF rule");
    assert_eq!([holds(bytes(&before)), holds(bytes(&after))], [true, false]);
    store.close().await;
}

#[tokio::test]
async fn nothing_goes_of_an_open_change_or_where_no_rule_says_so() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    authorize(&store, "two", "U0MORGAN01").await;
    let decade = now() + TimeDelta::days(3_650);
    assert_eq!(store.expire(reasons(), a_year(), decade).await.unwrap(), 0);
    withdraw(&store, ChangeNumber::FIRST).await;
    assert_eq!(store.expire(reasons(), rules(), decade).await.unwrap(), 0);
    assert_eq!(words(&store).await, 2);
    assert_eq!(store.expire(reasons(), a_year(), decade).await.unwrap(), 1);
    store.verify().await.unwrap().unwrap();
    store.close().await;
}

#[tokio::test]
async fn what_another_change_still_has_stays_until_that_ones_time_is_over() {
    let home = Home::new();
    let store = home.open().unwrap();
    // Both were asked for in the very same words, under the same salts.
    let (_, first) = request(&store, "one").await;
    let (_, second) = request(&store, "two").await;
    assert_ne!(first, second);
    withdraw(&store, first.unwrap()).await;
    let decade = now() + TimeDelta::days(3_650);
    assert_eq!(store.expire(reasons(), a_year(), decade).await.unwrap(), 0);
    assert_eq!(words(&store).await, 2);
    withdraw(&store, second.unwrap()).await;
    assert_eq!(store.expire(reasons(), a_year(), decade).await.unwrap(), 2);
    assert_eq!(words(&store).await, 0);
    store.verify().await.unwrap().unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_night_takes_so_many_changes_as_there_are_reasons_and_the_next_goes_on() {
    let home = Home::new();
    let store = home.open().unwrap();
    for n in 0..7_u8 {
        let what = Text::new("Deploy WAF rule", Salt([20 + n; 32]));
        let command = Command::Request {
            what: what.clone(),
            verbatim: what.clone(),
            asked: Vec::new(),
            place: Place {
                channel: ChannelId::new("C0INCAUTH1"),
                thread: None,
            },
            criterion: None,
            said: None,
            captured: None,
            drill: false,
            known: Vec::new(),
        };
        let opened = gesture(&format!("ask {n}"), "U0DANA0001", Ask::OpenHome);
        let heard = Heard {
            gesture: opened.clone(),
            texts: vec![what],
        };
        store.keep(heard, now()).await.unwrap();
        let (_, number) = carry(&store, opened, Target::New, command).await.unwrap();
        withdraw(&store, number.unwrap()).await;
    }
    let decade = now() + TimeDelta::days(3_650);
    let mut nights = Vec::new();
    for _ in 0..3 {
        nights.push(store.expire(reasons(), a_year(), decade).await.unwrap());
    }
    assert_eq!(nights, [5, 2, 0]);
    store.verify().await.unwrap().unwrap();
    store.close().await;
}
