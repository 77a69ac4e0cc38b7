//! A change of the register is counted there, and learns of its deployment.

use super::*;
use crate::domain::change::Stage;
use crate::domain::ticket::{Field, Told, Writing};

/// Writes a field of the first change's ticket.
async fn write(store: &Store, field: Field, told: Told) {
    let texts: Vec<Text> = told.text().cloned().into_iter().collect();
    let command = Command::Document {
        by: Some(member(DANA)),
        fields: vec![Writing {
            field,
            told,
            base: None,
            taken_from: None,
        }],
        standing: Vec::new(),
    };
    let execution = Execution {
        target: Target::Change(ChangeNumber::FIRST),
        submissions: vec![Submission {
            actor: Actor::Person(UserId::new(DANA)),
            at: now(),
            source: Source::Receipt,
            command,
        }],
        texts,
        gesture: None,
        met: Vec::new(),
        asks_back: None,
        afterwards: None,
    };
    let mut policy = rules().newest().clone();
    policy.systems = vec!["waf".to_owned(), "api".to_owned()];
    let rules = Arc::new(Rules::new(policy, [], chrono_tz::Europe::Berlin));
    let (outcome, _) = store.execute(execution, rules, now()).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
}

pub(super) async fn write_links(store: &Store, links: &str, salt: u8) {
    write(store, Field::Links, Told::Links(text(links, salt))).await;
}

pub(super) async fn write_systems(store: &Store, systems: &[&str]) {
    let systems = systems.iter().map(ToString::to_string).collect();
    write(store, Field::Systems, Told::Systems(systems)).await;
}

async fn first(store: &Store) -> EmergencyChange {
    let found = store.change(ChangeNumber::FIRST).await.unwrap();
    found.unwrap().change
}

const BELONGS: TakenIn = TakenIn::Belongs(ChangeNumber::FIRST);

#[tokio::test]
async fn a_branch_that_names_the_change_tells_when_it_was_deployed() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let merge = Deployment {
        happening: Happening::Merge,
        reference: Some(ChangeNumber::FIRST),
        commit: Some(commit_of(1)),
        ..told("pull/7", -3)
    };
    let deployment = Deployment {
        commit: Some(commit_of(1)),
        author_email: Some("priya@acme.dev".to_owned()),
        ..told("deployment/1", -1)
    };
    // Merged is not deployed.
    assert_eq!(take(&store, vec![merge]).await, [BELONGS]);
    assert_eq!(first(&store).await.stage, Stage::Requested);
    let intake = Intake {
        authors: BTreeMap::from([("priya@acme.dev".to_owned(), UserId::new("U0PRIYA001"))]),
        ..Intake::new(SourceName::new("github"), vec![deployment])
    };
    let taken = store.take_in(intake, counting(), rules(), now()).await;
    assert_eq!(taken.unwrap(), [BELONGS]);
    let change = first(&store).await;
    assert_eq!(change.stage, Stage::Deployed);
    assert_eq!(change.deployed_at(), Some(now() - TimeDelta::minutes(1)));
    assert_eq!(change.deployments[0].known_from, Source::Webhook);
    assert_eq!(change.deployments[0].by, UserId::new("U0PRIYA001"));
    // It is counted there, once.
    assert_eq!(counted(&store).await, []);
    let day = TimeDelta::days(1);
    let between = store.emergencies_between(now() - day, now() + day, now());
    let numbers: Vec<_> = between.await.unwrap().iter().map(|it| it.number).collect();
    assert_eq!(numbers, [ChangeNumber::FIRST]);
    let before = store.emergencies_between(now() - day, now() - TimeDelta::minutes(1), now());
    assert_eq!(before.await.unwrap(), [], "the end is not in the window");
    store.verify().await.unwrap().unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_number_that_does_not_exist_or_is_far_away_belongs_to_nothing() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let naming = |id: &str, number, minutes| Deployment {
        reference: Some(ChangeNumber(number)),
        ..told(id, minutes)
    };
    let week = 7 * 24 * 60;
    let taken = take(
        &store,
        vec![
            naming("1", 1002, 0),
            naming("2", u64::MAX, 0),
            naming("3", 1001, -week - 1),
            // What is still to come can't have been deployed.
            naming("4", 1001, 10),
        ],
    )
    .await;
    assert_eq!(taken, [TakenIn::Counted; 4]);
    assert_eq!(first(&store).await.stage, Stage::Requested);
    assert_eq!(
        take(&store, vec![naming("5", 1001, -week)]).await,
        [BELONGS]
    );
    store.close().await;
}

#[tokio::test]
async fn a_ticket_that_names_the_link_or_commit_finds_what_was_told_before() {
    let hash = commit_of(9);
    for links in [
        "https://github.com/acme/api/pull/7/files".to_owned(),
        format!("https://wiki.acme.dev/1\nhttps://github.com/acme/api/commit/{hash}"),
    ] {
        let home = Home::new();
        let store = home.open().unwrap();
        request(&store, "one").await;
        let deployment = Deployment {
            commit: Some(commit_of(9)),
            url: Some("https://github.com/acme/api/pull/7/".to_owned()),
            ..told("1", -2)
        };
        let other = Deployment {
            commit: Some(commit_of(8)),
            url: Some("https://github.com/acme/api/pull/70".to_owned()),
            ..told("2", -2)
        };
        let taken = take(&store, vec![deployment, other]).await;
        assert_eq!(taken, [TakenIn::Counted; 2]);
        write_links(&store, &links, 7).await;
        let change = first(&store).await;
        assert_eq!(change.deployed_at(), Some(now() - TimeDelta::minutes(2)));
        assert_eq!(
            change.deployments[0].by,
            UserId::new(DANA),
            "who asked for it"
        );
        assert_eq!(counted(&store).await.len(), 1, "the other one");
        // The change goes on from there.
        let (outcome, _) = authorize(&store, "two", MORGAN).await;
        assert_eq!(outcome, Outcome::Done);
        // And it is found as well if the ticket came first.
        let later = Deployment {
            commit: Some(commit_of(9)),
            url: Some("https://github.com/acme/api/pull/7".to_owned()),
            ..told("3", -1)
        };
        assert_eq!(take(&store, vec![later]).await, [BELONGS]);
        store.verify().await.unwrap().unwrap();
        store.close().await;
    }
}

#[tokio::test]
async fn what_a_ticket_no_longer_names_finds_nothing() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    write_links(&store, "https://github.com/acme/api/pull/7", 7).await;
    assert_eq!(count(&store, "SELECT count(*) FROM named").await, 1);
    write_links(&store, "https://github.com/acme/api/pull/8", 8).await;
    let of = |n: u8| Deployment {
        url: Some(format!("https://github.com/acme/api/pull/{n}")),
        ..told(&n.to_string(), 0)
    };
    let taken = take(&store, vec![of(7), of(8)]).await;
    assert_eq!(taken, [TakenIn::Counted, BELONGS]);
    store.close().await;
}

#[tokio::test]
async fn what_tickets_named_before_this_was_known_is_learned() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    write_links(&store, "https://github.com/acme/api/pull/7", 7).await;
    store.close().await;
    drop(store);
    home.tamper("DELETE FROM named").unwrap();
    let connection = Connection::open(home.path()).unwrap();
    deployments::learn_all(&connection).unwrap();
    drop(connection);
    let store = home.open().unwrap();
    let deployment = Deployment {
        url: Some("https://github.com/acme/api/pull/7".to_owned()),
        ..told("1", 0)
    };
    assert_eq!(take(&store, vec![deployment]).await, [BELONGS]);
    store.close().await;
}

#[tokio::test]
async fn a_known_deployment_is_not_told_to_the_register_again() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let naming = |id: &str, minutes| Deployment {
        reference: Some(ChangeNumber::FIRST),
        ..told(id, minutes)
    };
    take(&store, vec![naming("1", -5)]).await;
    let version = first(&store).await.version;
    take(&store, vec![naming("2", -60), naming("3", -1)]).await;
    assert_eq!(first(&store).await.version, version);
    store.close().await;
}
