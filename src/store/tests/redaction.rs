//! What goes with words that are taken out, and what shows it.

use super::capture::*;
use super::*;
use crate::domain::change::Verdict;
use crate::domain::offer::{OfferStage, Quoted};

const SAM: &str = "U0SAM00001";

/// Takes texts out of the first change.
async fn redact(store: &Store, texts: &[Commitment]) {
    let change = ChangeNumber::FIRST;
    let reason = text("A token was pasted.", 90);
    let ask = Ask::Redact {
        change,
        texts: texts.to_vec(),
        reason: Some(reason.commitment()),
    };
    let gesture = gesture("redact", SAM, ask);
    let heard = Heard {
        gesture: gesture.clone(),
        texts: vec![reason.clone()],
    };
    store.keep(heard, now()).await.unwrap();
    let command = Command::Redact {
        by: member(SAM),
        administrators: vec![Party::Person(UserId::new(SAM))],
        texts: texts.iter().copied().collect(),
        reason: Some(reason),
    };
    let target = Target::Change(change);
    let (outcome, _) = carry(store, gesture, target, command).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
    store.verify().await.unwrap().unwrap();
}

/// What the first change changes.
async fn what(store: &Store) -> Commitment {
    let snapshot = store.change(ChangeNumber::FIRST).await.unwrap();
    snapshot.unwrap().change.what
}

/// Keeps a text that no record has.
async fn typed(store: &Store, text: &Text) {
    let ask = Ask::NotYet {
        word: "rate".to_owned(),
    };
    let key = format!("typed {}", text.commitment());
    let gesture = gesture(&key, DANA, ask);
    let heard = Heard {
        gesture: gesture.clone(),
        texts: vec![text.clone()],
    };
    store.keep(heard, now()).await.unwrap();
    let answered = store.answer(gesture, Outcome::Answered, None, now());
    answered.await.unwrap();
}

/// Everything was sent and stands somewhere.
fn all_sent(home: &Home) {
    home.tamper(
        "UPDATE outbox SET state = 'settled', shown_revision = owed_revision, ts = '1.000001'",
    )
    .unwrap();
}

async fn is_owed(store: &Store, key: &str) -> bool {
    let key = key.to_owned();
    store
        .read(move |connection, _| {
            Ok(connection.query_row(
                "SELECT state = 'owed' AND owed_revision > shown_revision FROM outbox
                 WHERE key = ?1",
                [key],
                |row| row.get(0),
            )?)
        })
        .await
        .unwrap()
}

#[tokio::test]
async fn every_home_is_drawn_anew_however_long_ago_it_was_opened() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    for (who, opened_at) in [(DANA, now()), ("U0RILEY001", now() - TimeDelta::days(30))] {
        let key = format!("opened by {who}");
        let mut opened = gesture(&key, who, Ask::OpenHome);
        opened.at = opened_at;
        let heard = Heard {
            gesture: opened.clone(),
            texts: Vec::new(),
        };
        store.keep(heard, opened_at).await.unwrap();
        store.open_home(opened, opened_at).await.unwrap();
    }
    all_sent(&home);
    let what = what(&store).await;
    redact(&store, &[what]).await;
    assert!(is_owed(&store, "home:U0DANA0001").await);
    assert!(is_owed(&store, "home:U0RILEY001").await);
    store.close().await;
}

#[tokio::test]
async fn an_offer_that_repeats_removed_words_loses_them_and_is_drawn_anew() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let asks = text("Deploy WAF rule, may I?", 10);
    let answers = text("approved. Deploy.", 11);
    let offer = NewOffer {
        channel: ChannelId::new(CHANNEL),
        thread: None,
        asker: UserId::new(DANA),
        request: Quoted {
            by: UserId::new(DANA),
            message: message(ASKED),
            text: asks.commitment(),
        },
        answer: Quoted {
            by: UserId::new(MORGAN),
            message: message(ANSWERED),
            text: answers.commitment(),
        },
        verdict: Verdict::Grant,
        outranks: false,
    };
    let (heard, _) = overhear(&store, "heard", MORGAN, 200).await;
    let made = store.make_offer(heard, offer, vec![asks.clone(), answers.clone()], now());
    made.await.unwrap();
    all_sent(&home);
    let what = what(&store).await;
    redact(&store, &[what]).await;
    assert!(!is_kept(&store, &asks).await);
    assert!(is_kept(&store, &answers).await);
    assert!(is_owed(&store, "offer:1").await);
    // It still counts as a pair that nobody declared.
    let (offer, words) = store.offer(1).await.unwrap().unwrap();
    assert_eq!(offer.stage, OfferStage::Offered);
    assert_eq!(words[&asks.commitment()], None);
    store.close().await;
}

#[tokio::test]
async fn what_only_resembles_removed_words_stays() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let longer = text("Deploy WAF rules everywhere", 20);
    let again = text("Deploy WAF rule @dana", 21);
    typed(&store, &longer).await;
    typed(&store, &again).await;
    let what = what(&store).await;
    redact(&store, &[what]).await;
    assert!(is_kept(&store, &longer).await);
    assert!(!is_kept(&store, &again).await);
    store.close().await;
}

#[tokio::test]
async fn what_a_source_told_that_repeats_removed_words_loses_them_and_still_verifies() {
    use crate::domain::deployment::{Deployment, Happening, SourceName};
    use crate::domain::policy::Counting;

    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let told = |id: &str, title: &str, salt| Deployment {
        title: Some(text(title, salt)),
        ..Deployment::new(SourceName::new("github"), id, Happening::Deployment, now())
    };
    let told = vec![
        told("1", "fix: Deploy WAF rule now", 101),
        told("2", "Deploy WAF rules", 102),
    ];
    let intake = Intake::new(SourceName::new("github"), told);
    let counting = Arc::new(Counting::default());
    let taken = store.take_in(intake, counting, rules(), now()).await;
    assert_eq!(taken.unwrap(), [TakenIn::Counted; 2]);
    let what = what(&store).await;
    redact(&store, &[what]).await;
    let titles = "SELECT count(*) FROM text WHERE telling IS NOT NULL AND body IS NOT NULL";
    assert_eq!(count(&store, titles).await, 1);
    store.close().await;
}

#[tokio::test]
async fn whoever_writes_looks_through_what_came_after_the_reader_and_no_more() {
    use crate::domain::deployment::{Deployment, Happening, SourceName};
    use crate::domain::policy::Counting;
    use crate::store::texts::{Echoes, TOLD_AFTER, redact_told};

    let home = Home::new();
    let store = home.open().unwrap();
    let take = async |id: i64| {
        let told = Deployment {
            title: Some(text("Rotate hunter2", 100 + u8::try_from(id).unwrap())),
            ..Deployment::new(
                SourceName::new("github"),
                id.to_string(),
                Happening::Deployment,
                now(),
            )
        };
        let intake = Intake::new(SourceName::new("github"), vec![told]);
        let counting = Arc::new(Counting::default());
        store
            .take_in(intake, counting, rules(), now())
            .await
            .unwrap();
    };
    let left = "SELECT coalesce(group_concat(telling), '') FROM text WHERE body IS NOT NULL";
    let left = async || {
        let read =
            store.read(move |connection, _| Ok(connection.query_row(left, [], |row| row.get(0))?));
        read.await.unwrap()
    };
    take(1).await;
    take(2).await;
    // The reader finds what is meant, which of the first two is but one.
    let echoes = store.read(|connection, workspace| {
        let mut echoes = Echoes::begin(connection)?;
        let is_first = std::cell::Cell::new(true);
        echoes.look_for(connection, workspace, "hunter2", |_| {
            is_first.replace(false)
        })?;
        Ok(echoes)
    });
    let echoes = echoes.await.unwrap();
    take(3).await;
    let written = store.write(Urgency::Now, move |connection, workspace| {
        redact_told(connection, workspace, "hunter2", &echoes, |_| true)
    });
    written.await.unwrap();
    let kept: String = left().await;
    assert_eq!(kept, "2");
    // Words for which no reader looked are looked for in all of them.
    let written = store.write(Urgency::Now, |connection, workspace| {
        redact_told(connection, workspace, "Rotate", &Echoes::default(), |_| {
            true
        })
    });
    written.await.unwrap();
    let kept: String = left().await;
    assert_eq!(kept, "");
    let plan = store.read(|connection, workspace| {
        let sql = format!("EXPLAIN QUERY PLAN {TOLD_AFTER}");
        let given = rusqlite::params![workspace.as_str(), 7, "x"];
        Ok(connection.query_row(&sql, given, |row| row.get::<_, String>(3))?)
    });
    let plan = plan.await.unwrap();
    assert!(plan.contains("INDEX text_told (telling>?)"), "{plan}");
    store.close().await;
}
