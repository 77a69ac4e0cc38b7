//! Who is asked what about a change that a source told of.

use super::emergency::write_systems;
use super::*;
use crate::domain::change::Verdict;
use crate::store::tests::capture::{ANSWERED, ASKED};
use crate::store::tests::offer;

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
        happening: Happening::Run,
        ..pushed("2")
    };
    // The emergencies of the time before the register are listed, and are what they
    // are called.
    let before = called_emergency("3", Happening::Listed, -1);
    take(&store, vec![old, no_change, before]).await;
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
        let again = Deployment {
            outcome: Some("success".to_owned()),
            ..pushed("1")
        };
        take(&store, vec![again]).await;
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
                on("3", "waf", -11),
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

fn called_emergency(id: &str, happening: Happening, minutes: i64) -> Deployment {
    Deployment {
        happening,
        kind: Some(ChangeKind::Emergency),
        ..told(id, minutes)
    }
}

/// What would be named as unexplained, as (what it is called, why).
async fn named(store: &Store) -> Vec<(String, BTreeSet<Mark>)> {
    let span = TimeDelta::days(90);
    let found = store.unexplained(now() - span, now() + span).await.unwrap();
    let name = |one: Question| (one.told.unwrap().external_id, one.marks);
    found.into_iter().map(name).collect()
}

#[tokio::test]
async fn what_goes_to_production_after_it_was_said_not_to_counts_and_is_asked_about() {
    let home = Home::new();
    let store = home.open().unwrap();
    let of_commit = |id: &str, minutes| Deployment {
        commit: Some(commit_of(4)),
        ..told(id, minutes)
    };
    let merge = Deployment {
        happening: Happening::Merge,
        marks: BTreeSet::from([Mark::Hotfix]),
        ..of_commit("pull/7", -5)
    };
    take(&store, vec![merge, of_commit("staging", -3)]).await;
    assert_eq!(asked_after(&store, SETTLED_AFTER).await.len(), 1);
    let answered = reply(&store, 1, Explanation::NotProduction, None).await;
    assert_eq!(answered, Explained::Now);
    assert_eq!(counted(&store).await, []);
    // A job that counts nowhere makes no question of it.
    let job = Deployment {
        happening: Happening::Run,
        ..of_commit("job", 20)
    };
    let later = now() + TimeDelta::minutes(60);
    take_at(&store, vec![job], later).await;
    assert_eq!(store.next_at(TimeDelta::seconds(90)).await.unwrap(), None);
    let production = of_commit("production", 55);
    let taken = take_at(&store, vec![production], later).await;
    assert_eq!(taken, [TakenIn::Counted]);
    let minutes: Vec<_> = counted(&store).await.iter().map(|one| one.0).collect();
    assert_eq!(minutes, [55], "not when it was no production");
    let asked = asked_after(&store, TimeDelta::minutes(60) + SETTLED_AFTER).await;
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].id, 2);
    assert_eq!(asked[0].marks, BTreeSet::from([Mark::Hotfix]));
    assert_eq!(
        asked[0].told.as_ref().unwrap().at,
        now() + TimeDelta::minutes(55)
    );
    store.verify().await.unwrap().unwrap();
    store.close().await;
}

#[tokio::test]
async fn what_its_source_calls_an_emergency_counts_as_one_until_it_is_explained() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let listed = |id: &str, minutes| called_emergency(id, Happening::Listed, minutes);
    take(
        &store,
        vec![
            called_emergency("label", Happening::Deployment, -1),
            listed("before the register", -2),
            listed("since", 0),
        ],
    )
    .await;
    let asked = asked_after(&store, SETTLED_AFTER).await;
    let labelled = BTreeSet::from([Mark::Labelled]);
    let expected = [
        ("label".to_owned(), labelled.clone()),
        ("since".to_owned(), labelled),
    ];
    assert_eq!(named(&store).await, expected);
    assert_eq!(asked.len(), 2);
    let kinds = async || counted(&store).await.into_iter().map(|one| one.1);
    assert!(kinds().await.all(|kind| kind == ChangeKind::Emergency));
    let of = |name: &str| {
        let is = |one: &&Question| one.told.as_ref().unwrap().external_id == name;
        asked.iter().find(is).unwrap().id
    };
    reply(&store, of("label"), Explanation::Normal, None).await;
    let first = Some(ChangeNumber::FIRST);
    reply(&store, of("since"), Explanation::Declared, first).await;
    let left: Vec<_> = kinds().await.collect();
    assert_eq!(left, [ChangeKind::Emergency, ChangeKind::Normal]);
    assert_eq!(named(&store).await, []);
    // Told again, it is as normal as before.
    let again = Deployment {
        outcome: Some("success".to_owned()),
        ..called_emergency("label", Happening::Deployment, -1)
    };
    take(&store, vec![again]).await;
    assert!(kinds().await.any(|kind| kind == ChangeKind::Normal));
    store.verify().await.unwrap().unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_marked_merge_is_asked_about_even_if_only_a_later_one_is_deployed() {
    let home = Home::new();
    let store = home.open().unwrap();
    let merge = Deployment {
        happening: Happening::Merge,
        marks: BTreeSet::from([Mark::Unreviewed]),
        commit: Some(commit_of(1)),
        ..told("pull/7", -9)
    };
    let typo = Deployment {
        happening: Happening::Merge,
        marks: BTreeSet::new(),
        commit: Some(commit_of(2)),
        ..told("pull/8", -8)
    };
    let deployment = Deployment {
        commit: Some(commit_of(2)),
        ..told("deployment", -7)
    };
    take(&store, vec![merge.clone(), typo, deployment]).await;
    assert_eq!(counted(&store).await.len(), 1);
    let asked = asked_after(&store, SETTLED_AFTER).await;
    let [question] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert_eq!(question.told.as_ref().unwrap().external_id, "pull/7");
    assert!(question.stands && !question.is_deployed);
    let unreviewed = BTreeSet::from([Mark::Unreviewed]);
    assert_eq!(named(&store).await, [("pull/7".to_owned(), unreviewed)]);
    let at = merge.at;
    let second = TimeDelta::seconds(1);
    assert_eq!(store.unexplained(at, at + second).await.unwrap(), asked);
    assert_eq!(
        store.unexplained(at + second, now()).await.unwrap().len(),
        0
    );
    // An approval after the merge is no review before it.
    let too_late = Deployment {
        approved_by: Some("sam".to_owned()),
        ..merge
    };
    take(&store, vec![too_late.clone()]).await;
    assert_eq!(named(&store).await.len(), 1);
    // One in time is told late, and there is nothing left to explain.
    let reviewed = Deployment {
        marks: BTreeSet::new(),
        ..too_late
    };
    take(&store, vec![reviewed]).await;
    assert_eq!(named(&store).await, []);
    store.close().await;
}

#[tokio::test]
async fn what_went_to_an_emergency_s_system_is_asked_about_whatever_is_told_first() {
    for is_told_first in [true, false] {
        let home = Home::new();
        let store = home.open().unwrap();
        let on = |id: &str, minutes| Deployment {
            system: Some("WAF".to_owned()),
            ..told(id, minutes)
        };
        let tell = async || {
            let told = vec![
                on("in time", -10),
                on("before", -11),
                called_emergency("elsewhere", Happening::Listed, 1),
                Deployment {
                    kind: Some(ChangeKind::Emergency),
                    ..on("called", 1)
                },
            ];
            take(&store, told).await;
        };
        if is_told_first {
            tell().await;
        }
        request(&store, "one").await;
        write_systems(&store, &["api", "waf"]).await;
        if !is_told_first {
            tell().await;
        }
        // And nobody is asked twice.
        write_systems(&store, &["waf"]).await;
        let asked = store.unasked(100).await.unwrap();
        let names: BTreeSet<_> = asked
            .iter()
            .map(|one| one.told.as_ref().unwrap().external_id.as_str())
            .collect();
        assert_eq!(names, BTreeSet::from(["called", "in time"]));
        assert_eq!(asked.len(), 2, "{is_told_first}");
        assert!(asked.iter().all(|one| one.doubt == Doubt::Belongs));
        store.close().await;
    }
}

/// Dana was authorized at 02:15 to deploy to the WAF, and recorded nothing.
async fn left_open(store: &Store) {
    let grant = offer::pair((ASKED, 10), (ANSWERED, 11), Verdict::Grant);
    offer::offer(store, "overheard", grant, now()).await;
}

/// Lets the offer come to its end.
async fn given_up(store: &Store) -> DateTime<Utc> {
    let mut at = now();
    for _ in 0..3 {
        at += TimeDelta::hours(40);
        offer::sweep(store, at).await;
    }
    assert_eq!(store.undeclared(None, 10).await.unwrap().len(), 1);
    at
}

fn after_the_authorization() -> Vec<Deployment> {
    let on = |id: &str, system: &str, minutes| Deployment {
        system: Some(system.to_owned()),
        ..told(id, minutes)
    };
    let by_dana = Deployment {
        author_email: Some("dana@acme.dev".to_owned()),
        ..told("by dana", 9)
    };
    vec![
        on("its system", "WAF", 5),
        by_dana,
        on("another system", "wa", 5),
        on("before it", "WAF", 0),
        on("a day later", "WAF", 60 * 24 + 2),
    ]
}

async fn take_in_with_authors(store: &Store, at: DateTime<Utc>) {
    let intake = Intake {
        authors: BTreeMap::from([("dana@acme.dev".to_owned(), UserId::new(DANA))]),
        ..Intake::new(SourceName::new("github"), after_the_authorization())
    };
    let taken = store.take_in(intake, counting(), rules(), at);
    assert_eq!(taken.await.unwrap(), [TakenIn::Counted; 5]);
}

#[tokio::test]
async fn what_followed_an_authorization_that_nobody_recorded_is_asked_about() {
    for is_told_first in [true, false] {
        let home = Home::new();
        let store = home.open().unwrap();
        left_open(&store).await;
        if is_told_first {
            take_in_with_authors(&store, now() + TimeDelta::days(2)).await;
            store
                .sweep_deployments(now() + TimeDelta::days(2))
                .await
                .unwrap();
            assert_eq!(named(&store).await, [], "it may be recorded yet");
        }
        let at = given_up(&store).await;
        if !is_told_first {
            take_in_with_authors(&store, at).await;
        }
        store.sweep_deployments(at + SETTLED_AFTER).await.unwrap();
        let unrecorded = BTreeSet::from([Mark::Unrecorded]);
        let expected = [
            ("its system".to_owned(), unrecorded.clone()),
            ("by dana".to_owned(), unrecorded),
        ];
        assert_eq!(named(&store).await, expected, "{is_told_first}");
        // It is answered after all.
        let no = offer::no_thanks(&store).await;
        store.decline_offer(no, 1, at).await.unwrap();
        assert_eq!(named(&store).await, []);
        store.verify().await.unwrap().unwrap();
        store.close().await;
    }
}
