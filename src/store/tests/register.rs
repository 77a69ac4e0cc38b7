//! Which changes are found where there are many.

use super::capture::*;
use super::*;

/// Three requests, none of which is answered.
async fn three(store: &Store) {
    for key in ["one", "two", "three"] {
        request(store, key).await;
    }
}

fn numbers(found: &[Snapshot]) -> Vec<u64> {
    found.iter().map(|one| one.change.number.0).collect()
}

#[tokio::test]
async fn what_was_asked_for_last_is_never_crowded_out_of_what_is_owed() {
    let home = Home::new();
    let store = home.open().unwrap();
    three(&store).await;
    let owing = store.owing_changes(2).await.unwrap();
    assert_eq!(numbers(&owing), [1002, 1003]);
    // What is closed and still owed something comes after all that is open.
    home.tamper("UPDATE change SET stage = 'closed' WHERE number = 1003")
        .unwrap();
    let owing = store.owing_changes(2).await.unwrap();
    assert_eq!(numbers(&owing), [1001, 1002]);
    let owing = store.owing_changes(9).await.unwrap();
    assert_eq!(numbers(&owing), [1001, 1002, 1003]);
    store.close().await;
}

#[tokio::test]
async fn a_wanted_change_is_found_behind_any_number_of_others() {
    let home = Home::new();
    let store = home.open().unwrap();
    three(&store).await;
    let first = |change: &EmergencyChange| change.number == ChangeNumber::FIRST;
    let found = store.open_changes_that(first, 1).await.unwrap();
    assert_eq!(numbers(&found), [1001]);
    let found = store.open_changes_that(|_| true, 2).await.unwrap();
    assert_eq!(numbers(&found), [1003, 1002]);
    store.close().await;
}

#[tokio::test]
async fn ones_own_undeclared_pairs_are_found_behind_any_number_of_others() {
    let home = Home::new();
    let store = home.open().unwrap();
    for (n, asker) in [(1u8, DANA), (2, "U0PRIYA001"), (3, "U0PRIYA001")] {
        let channel = format!("C0NUMBER{n}");
        let half = |by: &str, ts: String, salt: u8| {
            let mut message = message(&ts);
            message.channel = ChannelId::new(&channel);
            let said = text("said", salt);
            let quoted = crate::domain::offer::Quoted {
                by: UserId::new(by),
                message,
                text: said.commitment(),
            };
            (quoted, said)
        };
        let (request, asks) = half(asker, format!("177345084{n}.000100"), n);
        let (answer, answers) = half(MORGAN, format!("177345090{n}.000200"), 100 + n);
        let offer = NewOffer {
            channel: ChannelId::new(&channel),
            thread: None,
            asker: UserId::new(asker),
            request,
            answer,
            verdict: crate::domain::change::Verdict::Grant,
            outranks: false,
        };
        let (heard, _) = overhear(&store, &channel, MORGAN, 200 + n).await;
        let made = store.make_offer(heard, offer, vec![asks, answers], now());
        made.await.unwrap();
    }
    home.tamper("UPDATE offer SET stage = 'undeclared'")
        .unwrap();
    let found = async |only: Option<OffersOf>| {
        let found = store.undeclared(only, 1).await.unwrap();
        let [(offer, _)] = found.as_slice() else {
            panic!("{found:?}")
        };
        offer.id
    };
    let dana = |here| OffersOf {
        who: UserId::new(DANA),
        here,
    };
    assert_eq!(found(None).await, 3);
    assert_eq!(found(Some(dana(None))).await, 1);
    let here = Some(ChannelId::new("C0NUMBER2"));
    assert_eq!(found(Some(dana(here))).await, 2);
    store.close().await;
}
