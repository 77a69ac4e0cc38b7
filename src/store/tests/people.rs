//! What Slack said of people, and for how long that counts for what they owe.

use std::collections::BTreeSet;

use super::capture::member;
use super::*;
use crate::domain::id::GroupId;
use crate::domain::obligation::obligations;

const KIM: &str = "U0KIM00001";
const MORGAN: &str = "U0MORGAN01";
const LEADS: &str = "S0LEADS001";

/// The leads approve, and Morgan.
fn led() -> Arc<Rules> {
    let mut policy = Policy::unwritten(PolicyVersion(1));
    policy.approvers = vec![
        Party::Group(GroupId::new(LEADS)),
        Party::Person(UserId::new(MORGAN)),
    ];
    Arc::new(Rules::new(policy, [], chrono_tz::Europe::Berlin))
}

fn lead(who: &str) -> Member {
    Member {
        groups: BTreeSet::from([GroupId::new(LEADS)]),
        ..member(who)
    }
}

/// Carries out what somebody does at an instant.
async fn does(store: &Store, who: &str, at: DateTime<Utc>, command: Command) {
    let submission = Submission {
        actor: Actor::Person(UserId::new(who)),
        at,
        source: Source::Slack,
        command,
    };
    let execution = Execution {
        target: Target::Change(ChangeNumber::FIRST),
        submissions: vec![submission],
        texts: Vec::new(),
        gesture: None,
        met: Vec::new(),
        asks_back: None,
        afterwards: None,
    };
    let (outcome, _) = store.execute(execution, led(), at).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
}

async fn authorizes(store: &Store, by: Member, at: DateTime<Utc>) {
    let who = by.id.clone();
    let given = Given::Button;
    does(store, who.as_str(), at, Command::Authorize { by, given }).await;
}

async fn deploys(store: &Store, at: DateTime<Utc>) {
    let by = UserId::new("U0DANA0001");
    let source = Source::Slack;
    does(
        store,
        "U0DANA0001",
        at,
        Command::RecordDeployment { at, source, by },
    )
    .await;
}

async fn approver(store: &Store) -> Option<Party> {
    let snapshot = store.change(ChangeNumber::FIRST).await.unwrap().unwrap();
    let rules = led();
    obligations(&snapshot.change, rules.of(&snapshot.change))
        .into_iter()
        .find(|one| one.duty == Duty::Approval)
        .and_then(|one| one.owner)
}

fn person(who: &str) -> Party {
    Party::Person(UserId::new(who))
}

#[tokio::test]
async fn who_joined_a_group_since_keeps_what_falls_to_them() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    store.saw(member(KIM), led(), now()).await.unwrap();
    // They have joined the leads in between, and Slack says so of whoever acts.
    let at = now() + TimeDelta::minutes(10);
    authorizes(&store, lead(KIM), at).await;
    deploys(&store, at + TimeDelta::minutes(1)).await;
    assert_eq!(approver(&store).await, Some(person(KIM)));
    store.close().await;
}

#[tokio::test]
async fn who_came_back_owes_what_falls_to_them() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let gone = Member {
        standing: Standing::Deactivated,
        ..member(KIM)
    };
    store.saw(gone, led(), now()).await.unwrap();
    let at = now() + TimeDelta::minutes(10);
    authorizes(&store, lead(KIM), at).await;
    deploys(&store, at + TimeDelta::minutes(1)).await;
    assert_eq!(approver(&store).await, Some(person(KIM)));
    store.close().await;
}

#[tokio::test]
async fn what_slack_said_of_somebody_counts_for_an_hour() {
    for (minutes, expected) in [(59, person(MORGAN)), (62, person(KIM))] {
        let home = Home::new();
        let store = home.open().unwrap();
        request(&store, "one").await;
        authorizes(&store, lead(KIM), now()).await;
        // They were taken out of the group, which is said once and never again.
        let at = now() + TimeDelta::minutes(1);
        assert!(store.saw(member(KIM), led(), at).await.unwrap());
        deploys(&store, now() + TimeDelta::minutes(minutes)).await;
        assert_eq!(
            approver(&store).await,
            Some(expected),
            "after {minutes} min"
        );
        store.close().await;
    }
}

#[tokio::test]
async fn what_was_seen_half_an_hour_ago_is_news_again() {
    let home = Home::new();
    let store = home.open().unwrap();
    let saw = async |minutes| {
        let at = now() + TimeDelta::minutes(minutes);
        store.saw(member(KIM), led(), at).await.unwrap()
    };
    assert!(saw(0).await);
    assert!(!saw(29).await);
    assert!(saw(31).await);
    assert!(!saw(32).await);
    // A clock that was set back makes nothing younger.
    assert!(saw(-60).await);
    store.close().await;
}

#[tokio::test]
async fn another_policy_lets_nothing_count_that_was_seen_under_the_one_before() {
    let home = Home::new();
    let store = home.open().unwrap();
    assert!(store.saw(member(KIM), led(), now()).await.unwrap());
    store.adopt_policy("a".to_owned(), now()).await.unwrap();
    assert!(store.saw(member(KIM), led(), now()).await.unwrap());
    store.close().await;
}
