//! Who is asked what about a change that a source told of.

use super::emergency::write_systems;
use super::*;

/// Somebody pushed directly, and a request to merge explains it.
fn pushed(id: &str) -> Deployment {
    Deployment {
        commit: Some(commit_of(1)),
        marks: BTreeSet::from([Mark::DirectPush]),
        ..told(id, -1)
    }
}

async fn asked_after(store: &Store, by: TimeDelta) -> Vec<Question> {
    store.sweep_deployments(now() + by).await.unwrap();
    store.unasked(100).await.unwrap()
}

async fn reply(
    store: &Store,
    id: u64,
    answer: Explanation,
    change: Option<ChangeNumber>,
) -> Explained {
    let reply = Reply {
        answer,
        change,
        proof: Some(text("reviewed by Sam in the call", 77)),
        by: UserId::new(DANA),
    };
    let answered = store.answer_question(id, reply, rules(), now() + SETTLED_AFTER);
    answered.await.unwrap()
}

#[tokio::test]
async fn somebody_is_asked_once_and_not_before_all_may_be_told() {
    let home = Home::new();
    let store = home.open().unwrap();
    take(&store, vec![pushed("1")]).await;
    assert_eq!(
        store.next_at(TimeDelta::seconds(90)).await.unwrap(),
        Some(now() + SETTLED_AFTER)
    );
    let early = asked_after(&store, SETTLED_AFTER - TimeDelta::seconds(1)).await;
    assert_eq!(early, []);
    let questions = asked_after(&store, SETTLED_AFTER).await;
    let [question] = questions.as_slice() else {
        panic!("{questions:?}")
    };
    assert_eq!(question.doubt, Doubt::Undeclared);
    assert_eq!(question.marks, BTreeSet::from([Mark::DirectPush]));
    assert_eq!(question.told.as_ref().unwrap().external_id, "1");
    // More is told of it, and it is the same question still.
    let again = Deployment {
        marks: BTreeSet::from([Mark::Bypassed]),
        ..pushed("2")
    };
    take(&store, vec![again]).await;
    assert_eq!(asked_after(&store, SETTLED_AFTER * 9).await.len(), 1);
    store
        .asked(question.id, UserId::new(DANA), now())
        .await
        .unwrap();
    assert_eq!(store.unasked(100).await.unwrap(), []);
    let kept = store.question(question.id).await.unwrap().unwrap();
    assert_eq!(kept.asked, Some((UserId::new(DANA), now())));
    store.close().await;
}

#[tokio::test]
async fn a_review_that_is_told_of_later_answers_before_anybody_is_asked() {
    let home = Home::new();
    let store = home.open().unwrap();
    take(&store, vec![pushed("1")]).await;
    let merge = Deployment {
        happening: Happening::Merge,
        approved_by: Some("sam".to_owned()),
        marks: BTreeSet::new(),
        ..pushed("pull/7")
    };
    take(&store, vec![merge.clone()]).await;
    assert_eq!(asked_after(&store, SETTLED_AFTER * 2).await, []);
    assert_eq!(store.next_at(TimeDelta::seconds(90)).await.unwrap(), None);
    // Or before it is asked.
    let home = Home::new();
    let store = home.open().unwrap();
    take(&store, vec![pushed("1")]).await;
    assert_eq!(asked_after(&store, SETTLED_AFTER).await.len(), 1);
    take(&store, vec![merge]).await;
    assert_eq!(store.unasked(100).await.unwrap(), []);
    store.close().await;
}

#[tokio::test]
async fn nobody_is_asked_about_last_year_or_what_does_not_count() {
    let home = Home::new();
    let store = home.open().unwrap();
    let old = Deployment {
        commit: Some(commit_of(2)),
        at: now() - ASKED_WITHIN - TimeDelta::minutes(1),
        ..pushed("1")
    };
    let no_change = Deployment {
        happening: Happening::Push,
        ..pushed("2")
    };
    let emergency = Deployment {
        kind: Some(ChangeKind::Emergency),
        commit: Some(commit_of(3)),
        ..pushed("3")
    };
    take(&store, vec![old, no_change, emergency]).await;
    assert_eq!(asked_after(&store, SETTLED_AFTER).await, []);
    store.close().await;
}

#[tokio::test]
async fn the_first_answer_stands_and_says_what_counts() {
    for (answer, n_counted) in [
        (Explanation::Normal, 1),
        (Explanation::NotProduction, 0),
        (Explanation::Declared, 0),
    ] {
        let home = Home::new();
        let store = home.open().unwrap();
        request(&store, "one").await;
        take(&store, vec![pushed("1")]).await;
        asked_after(&store, SETTLED_AFTER).await;
        let unfit = [
            reply(&store, 1, Explanation::Yes, None).await,
            reply(&store, 1, Explanation::Declared, None).await,
            reply(&store, 1, Explanation::Declared, Some(ChangeNumber(7))).await,
            reply(&store, 99, Explanation::Normal, None).await,
        ];
        assert!(unfit.iter().all(|one| *one == Explained::Unfit));
        let change = (answer == Explanation::Declared).then_some(ChangeNumber::FIRST);
        assert_eq!(reply(&store, 1, answer, change).await, Explained::Now);
        assert_eq!(
            reply(&store, 1, Explanation::Normal, None).await,
            Explained::Before(answer, UserId::new(DANA))
        );
        assert_eq!(counted(&store).await.len(), n_counted, "{answer:?}");
        let (from, to) = (now() - TimeDelta::days(1), now() + TimeDelta::days(1));
        assert_eq!(store.unexplained(from, to).await.unwrap(), []);
        let deployed = store.emergencies_between(from, to, now()).await.unwrap();
        assert_eq!(deployed.len(), usize::from(change.is_some()));
        // What was not production doesn't become it by being told again.
        take(&store, vec![pushed("2")]).await;
        assert_eq!(counted(&store).await.len(), n_counted, "{answer:?}");
        store.verify().await.unwrap().unwrap();
        store.close().await;
    }
}

#[tokio::test]
async fn a_change_on_the_system_of_an_open_emergency_is_only_asked_about() {
    for answer in [Explanation::Yes, Explanation::No] {
        let home = Home::new();
        let store = home.open().unwrap();
        request(&store, "one").await;
        write_systems(&store, &["waf", "api"]).await;
        let on = |id: &str, system: &str, minutes| Deployment {
            system: Some(system.to_owned()),
            ..told(id, minutes)
        };
        let open_for = OPEN_FOR.num_minutes();
        let taken = take_at(
            &store,
            vec![
                on("1", "waf", open_for),
                on("2", "waf", open_for + 1),
                on("3", "waf", -1),
                on("4", "billing", 5),
            ],
            now() + OPEN_FOR + TimeDelta::hours(1),
        )
        .await;
        assert_eq!(taken, [TakenIn::Counted; 4]);
        let questions = store.unasked(100).await.unwrap();
        let [question] = questions.as_slice() else {
            panic!("{questions:?}")
        };
        assert_eq!(question.doubt, Doubt::Belongs);
        assert_eq!(question.change, Some(ChangeNumber::FIRST));
        assert_eq!(question.told.as_ref().unwrap().external_id, "1");
        let (from, to) = (now(), now() + OPEN_FOR * 2);
        let named = store.unexplained(from, to).await.unwrap();
        assert_eq!(named, questions);
        let later = now() + OPEN_FOR * 2;
        let said = Reply {
            answer,
            change: None,
            proof: None,
            by: UserId::new(DANA),
        };
        let explained = store.answer_question(question.id, said, rules(), later);
        assert_eq!(explained.await.unwrap(), Explained::Now);
        store.sweep_deployments(later).await.unwrap();
        let deployed = store.emergencies_between(from, to, later).await.unwrap();
        let next = store.unasked(100).await.unwrap();
        if answer == Explanation::Yes {
            assert_eq!(counted(&store).await.len(), 3);
            assert_eq!(deployed[0].deployed_at, now() + OPEN_FOR);
            assert_eq!(next, []);
        } else {
            // Then it went there during an incident, and nobody has declared it.
            assert_eq!(counted(&store).await.len(), 4);
            assert_eq!(deployed, []);
            assert_eq!(next.len(), 1);
            assert_eq!(next[0].doubt, Doubt::Undeclared);
            assert_eq!(next[0].marks, BTreeSet::from([Mark::DuringIncident]));
        }
        store.verify().await.unwrap().unwrap();
        store.close().await;
    }
}
