//! A change of the register is counted there, and learns of its deployment.

use super::*;
use crate::domain::change::Stage;
use crate::domain::ticket::{Field, Told, Writing};

/// Carries a command out in the name of Dana.
pub(super) async fn act(
    store: &Store,
    target: Target,
    command: Command,
    texts: Vec<Text>,
    at: DateTime<Utc>,
) {
    let execution = Execution {
        target,
        submissions: vec![Submission {
            actor: Actor::Person(UserId::new(DANA)),
            at,
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
    let (outcome, _) = store.execute(execution, rules, at).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
}

/// Writes a field of a change's ticket.
async fn write(store: &Store, number: ChangeNumber, field: Field, told: Told, at: DateTime<Utc>) {
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
    act(store, Target::Change(number), command, texts, at).await;
}

pub(super) async fn write_links(store: &Store, links: &str, salt: u8) {
    write_links_of(store, ChangeNumber::FIRST, links, salt).await;
}

pub(super) async fn write_links_of(store: &Store, number: ChangeNumber, links: &str, salt: u8) {
    write_links_at(store, number, links, salt, now()).await;
}

pub(super) async fn write_links_at(
    store: &Store,
    number: ChangeNumber,
    links: &str,
    salt: u8,
    at: DateTime<Utc>,
) {
    let told = Told::Links(text(links, salt));
    write(store, number, Field::Links, told, at).await;
}

pub(super) async fn write_systems(store: &Store, systems: &[&str]) {
    let systems = systems.iter().map(ToString::to_string).collect();
    let told = Told::Systems(systems);
    write(store, ChangeNumber::FIRST, Field::Systems, told, now()).await;
}

pub(super) async fn first(store: &Store) -> EmergencyChange {
    let found = store.change(ChangeNumber::FIRST).await.unwrap();
    found.unwrap().change
}

pub(super) const BELONGS: TakenIn = TakenIn::Belongs(ChangeNumber::FIRST);

#[tokio::test]
async fn a_branch_that_names_the_change_tells_when_it_was_deployed() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let merge = Deployment {
        happening: Happening::Merge,
        reference: Some(ChangeNumber::FIRST),
        commit: Some(commit_of(1)),
        ..told("pull/7", -2)
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
    let far = vec![
        naming("1", 1002, 0),
        naming("2", u64::MAX, 0),
        naming("3", 1001, -week - 1),
        naming("4", 1001, week + 1),
    ];
    let taken = take_at(&store, far, now() + TimeDelta::days(8)).await;
    assert_eq!(taken, [TakenIn::Counted; 4]);
    assert_eq!(first(&store).await.stage, Stage::Requested);
    assert_eq!(store.unasked(100).await.unwrap(), []);
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
async fn the_first_that_was_is_the_deployment_in_whatever_order_it_is_told() {
    let naming = |id: &str, minutes| Deployment {
        reference: Some(ChangeNumber::FIRST),
        ..told(id, minutes)
    };
    for order in [[30, 5, 60], [5, 30, 60], [60, 30, 5]] {
        let home = Home::new();
        let store = home.open().unwrap();
        request(&store, "one").await;
        for minutes in order {
            let one = naming(&minutes.to_string(), minutes);
            take_at(&store, vec![one], now() + TimeDelta::hours(2)).await;
        }
        let change = first(&store).await;
        assert_eq!(change.deployed_at(), Some(now() + TimeDelta::minutes(5)));
        // What is later, or about the same time, is nothing new.
        let near = vec![naming("near", 1), naming("later", 90)];
        take_at(&store, near, now() + TimeDelta::hours(2)).await;
        assert_eq!(first(&store).await.version, change.version, "{order:?}");
        store.verify().await.unwrap().unwrap();
        store.close().await;
    }
}

#[tokio::test]
async fn a_source_knows_better_than_a_hand_but_not_than_a_correction() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let target = Target::Change(ChangeNumber::FIRST);
    let at = |minutes| now() + TimeDelta::minutes(minutes);
    let by_hand = Command::RecordDeployment {
        at: at(600),
        source: Source::Slack,
        by: UserId::new(DANA),
    };
    act(&store, target, by_hand, Vec::new(), at(600)).await;
    let naming = |id: &str, minutes| Deployment {
        reference: Some(ChangeNumber::FIRST),
        author_email: Some("priya@acme.dev".to_owned()),
        ..told(id, minutes)
    };
    let take = async |one| {
        let intake = Intake {
            authors: BTreeMap::from([("priya@acme.dev".to_owned(), UserId::new("U0PRIYA001"))]),
            ..Intake::new(SourceName::new("github"), vec![one])
        };
        let taken = store.take_in(intake, counting(), rules(), at(700));
        taken.await.unwrap()
    };
    // Whoever it was, it is the one deployment of which Dana spoke.
    assert_eq!(take(naming("1", 597)).await, [BELONGS]);
    assert_eq!(first(&store).await.deployments.len(), 1);
    assert_eq!(take(naming("2", 30)).await, [BELONGS]);
    assert_eq!(first(&store).await.deployed_at(), Some(at(30)));
    let reason = text("The job waited for its window till then.", 9);
    let corrected = Command::CorrectDeployment {
        from: at(30),
        to: at(60),
        reason: reason.clone(),
    };
    act(&store, target, corrected, vec![reason], at(700)).await;
    assert_eq!(take(naming("3", 31)).await, [BELONGS]);
    assert_eq!(first(&store).await.deployed_at(), Some(at(60)));
    store.close().await;
}
