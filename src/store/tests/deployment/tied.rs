//! What is tied to an emergency by a number, a link or a commit belongs to it only
//! about the time of it, and only as long as it is tied.

use super::emergency::{BELONGS, act, first, write_links, write_links_of};
use super::*;
use crate::domain::change::Stage;

const PULL: &str = "https://github.com/acme/api/pull/7";
const SECOND: ChangeNumber = ChangeNumber(1002);
const DAY: i64 = 24 * 60;

fn linked(id: &str, minutes: i64) -> Deployment {
    Deployment {
        url: Some(PULL.to_owned()),
        ..told(id, minutes)
    }
}

fn naming(id: &str, number: ChangeNumber, minutes: i64) -> Deployment {
    Deployment {
        reference: Some(number),
        ..told(id, minutes)
    }
}

pub(super) async fn request_as(store: &Store, drill: bool) {
    let what = text("Deploy WAF rule", 50);
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
        drill,
        known: Vec::new(),
    };
    act(store, Target::New, command, vec![what], now()).await;
}

/// The open questions: about which telling, and which change.
async fn questions(store: &Store) -> Vec<(String, Option<ChangeNumber>)> {
    let open = store.unasked(100).await.unwrap();
    open.into_iter()
        .inspect(|one| assert_eq!(one.doubt, Doubt::Belongs))
        .map(|one| (one.told.unwrap().external_id, one.change))
        .collect()
}

async fn answer(store: &Store, answer: Explanation) {
    let question = store.unasked(1).await.unwrap().remove(0);
    let reply = Reply {
        answer,
        change: None,
        proof: None,
        by: UserId::new(DANA),
    };
    let answered = store.answer_question(question.id, reply, rules(), now());
    assert_eq!(answered.await.unwrap(), Explained::Now);
}

/// The emergencies that are in production, and since when, in minutes after now.
pub(super) async fn emergencies(store: &Store) -> Vec<(u64, i64)> {
    let span = TimeDelta::days(30);
    let found = store.emergencies_between(now() - span, now() + span, now() + span);
    let found = found.await.unwrap();
    let minutes = |at: DateTime<Utc>| (at - now()).num_minutes();
    found
        .iter()
        .map(|it| (it.number.0, minutes(it.deployed_at)))
        .collect()
}

#[tokio::test]
async fn a_link_to_what_caused_the_outage_is_only_asked_about() {
    for ticket_first in [true, false] {
        for reply in [Explanation::No, Explanation::Yes] {
            let home = Home::new();
            let store = home.open().unwrap();
            request(&store, "one").await;
            if ticket_first {
                write_links(&store, PULL, 7).await;
            }
            let taken = take(&store, vec![linked("1", -2 * DAY)]).await;
            assert_eq!(taken, [TakenIn::Counted]);
            if !ticket_first {
                write_links(&store, PULL, 7).await;
            }
            assert_eq!(first(&store).await.stage, Stage::Requested);
            assert_eq!(counted(&store).await.len(), 1);
            let about = ("1".to_owned(), Some(ChangeNumber::FIRST));
            assert_eq!(questions(&store).await, [about]);
            answer(&store, reply).await;
            if reply == Explanation::Yes {
                assert_eq!(emergencies(&store).await, [(1001, -2 * DAY)]);
                assert_eq!(counted(&store).await, []);
                // The answer stands whatever the ticket names by then.
                write_links(&store, "https://wiki.acme.dev/1", 8).await;
                assert_eq!(counted(&store).await, []);
            } else {
                assert_eq!(emergencies(&store).await, []);
                assert_eq!(counted(&store).await.len(), 1);
            }
            assert_eq!(questions(&store).await, [], "it is asked once");
            store.verify().await.unwrap().unwrap();
            store.close().await;
        }
    }
}

#[tokio::test]
async fn the_permanent_fix_of_tuesday_counts_by_itself_until_somebody_says_otherwise() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let tuesday = now() + TimeDelta::days(3);
    let taken = take_at(
        &store,
        vec![
            naming("fix", ChangeNumber::FIRST, 10),
            naming("the last", ChangeNumber::FIRST, DAY),
            naming("permanent", ChangeNumber::FIRST, DAY + 1),
        ],
        tuesday,
    )
    .await;
    assert_eq!(taken, [BELONGS, BELONGS, TakenIn::Counted]);
    assert_eq!(emergencies(&store).await, [(1001, 10)]);
    let about = ("permanent".to_owned(), Some(ChangeNumber::FIRST));
    assert_eq!(questions(&store).await, [about]);
    // What the ticket names is its own for a week.
    write_links(&store, PULL, 7).await;
    let taken = take_at(&store, vec![linked("later", 2 * DAY)], tuesday).await;
    assert_eq!(taken, [BELONGS]);
    store.close().await;
}

#[tokio::test]
async fn a_merge_before_the_request_is_asked_about_when_its_deployment_comes() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    write_links(&store, PULL, 7).await;
    let merge = Deployment {
        happening: Happening::Merge,
        commit: Some(commit_of(1)),
        ..linked("pull/7", -10)
    };
    let deployment = Deployment {
        commit: Some(commit_of(1)),
        ..told("deployment/1", 0)
    };
    assert_eq!(take(&store, vec![merge]).await, [TakenIn::NotCounted]);
    assert_eq!(questions(&store).await, [], "nothing counts yet");
    assert_eq!(take(&store, vec![deployment]).await, [TakenIn::Counted]);
    assert_eq!(questions(&store).await.len(), 1);
    store.close().await;
}

#[tokio::test]
async fn what_the_ticket_no_longer_names_counts_by_itself_again() {
    for taken_out in [false, true] {
        let home = Home::new();
        let store = home.open().unwrap();
        request(&store, "one").await;
        let in_its_branch = naming("2", ChangeNumber::FIRST, 0);
        take(&store, vec![linked("1", -1), in_its_branch]).await;
        let links = text(PULL, 7);
        write_links(&store, PULL, 7).await;
        assert_eq!(counted(&store).await, []);
        if taken_out {
            let sam = "U0SAM00001";
            let reason = text("A key stood in it.", 8);
            let command = Command::Redact {
                by: member(DANA),
                administrators: vec![
                    Party::Person(UserId::new(sam)),
                    Party::Person(UserId::new(DANA)),
                ],
                texts: BTreeSet::from([links.commitment()]),
                reason: Some(reason.clone()),
            };
            let target = Target::Change(ChangeNumber::FIRST);
            act(&store, target, command, vec![reason], now()).await;
        } else {
            write_links(&store, "https://github.com/acme/api/pull/8", 8).await;
        }
        let by_itself: Vec<i64> = counted(&store).await.iter().map(|one| one.0).collect();
        assert_eq!(by_itself, [-1], "and what has the number stays");
        let matched = "SELECT count(*) FROM deployment WHERE matched = 1001";
        assert_eq!(count(&store, matched).await, 1);
        // What is on record is never unwritten.
        assert_eq!(first(&store).await.stage, Stage::Deployed);
        store.verify().await.unwrap().unwrap();
        store.close().await;
    }
}

#[tokio::test]
async fn one_production_change_is_one_emergency_whoever_names_it() {
    let tickets = async |store: &Store| {
        write_links_of(store, SECOND, PULL, 7).await;
        write_links(store, PULL, 8).await;
    };
    for ticket_first in [true, false] {
        let home = Home::new();
        let store = home.open().unwrap();
        request(&store, "one").await;
        request(&store, "two").await;
        if ticket_first {
            tickets(&store).await;
        }
        take(&store, vec![linked("1", -1)]).await;
        if !ticket_first {
            tickets(&store).await;
        }
        // A branch that names the other moves nothing.
        let other = Deployment {
            reference: Some(ChangeNumber::FIRST),
            ..linked("2", 0)
        };
        take(&store, vec![other]).await;
        let found_first = if ticket_first { 1001 } else { 1002 };
        assert_eq!(emergencies(&store).await, [(found_first, -1)]);
        assert_eq!(counted(&store).await, []);
        store.close().await;
    }
}

#[tokio::test]
async fn what_a_person_lists_as_normal_records_no_deployment_by_its_words() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let listed = Deployment {
        happening: Happening::Listed,
        said_in: Some(ChannelId::new("C0INCAUTH1")),
        ..naming("sam's", ChangeNumber::FIRST, 60)
    };
    assert_eq!(take(&store, vec![listed]).await, [TakenIn::Counted]);
    assert_eq!(emergencies(&store).await, []);
    assert_eq!(
        count(&store, "SELECT count(*) FROM question WHERE change = 1001").await,
        1
    );
    store.close().await;
}

#[tokio::test]
async fn what_was_merged_before_isnt_in_production_by_that_where_people_say_since_when() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let by_hand = Command::RecordDeployment {
        at: now() + TimeDelta::minutes(26),
        source: Source::Slack,
        by: UserId::new(DANA),
    };
    let later = now() + TimeDelta::minutes(30);
    act(
        &store,
        Target::Change(ChangeNumber::FIRST),
        by_hand,
        Vec::new(),
        later,
    )
    .await;
    let merge = Deployment {
        happening: Happening::Merge,
        source: SourceName::new("bitbucket"),
        ..naming("pull/7", ChangeNumber::FIRST, 2)
    };
    take_at(&store, vec![merge], later).await;
    assert_eq!(emergencies(&store).await, [(1001, 26)]);
    let deployment = naming("deployments/1", ChangeNumber::FIRST, 5);
    take_at(&store, vec![deployment], later).await;
    assert_eq!(emergencies(&store).await, [(1001, 5)]);
    store.close().await;
}

#[tokio::test]
async fn an_approval_ties_nothing_to_an_emergency() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    write_links(&store, PULL, 7).await;
    let review = Deployment {
        happening: Happening::Review,
        ..linked("pull/7", 60)
    };
    take(&store, vec![review]).await;
    assert_eq!(
        count(&store, "SELECT count(emergency) FROM deployment").await,
        0
    );
    store.close().await;
}

#[tokio::test]
async fn a_change_that_was_only_practised_takes_nothing_from_the_count() {
    for ticket_first in [true, false] {
        let home = Home::new();
        let store = home.open().unwrap();
        request_as(&store, true).await;
        if ticket_first {
            write_links(&store, PULL, 7).await;
        }
        let real = vec![linked("1", 0), naming("2", ChangeNumber::FIRST, 0)];
        assert_eq!(take(&store, real).await, [TakenIn::Counted; 2]);
        if !ticket_first {
            write_links(&store, PULL, 7).await;
        }
        assert_eq!(counted(&store).await.len(), 2);
        assert_eq!(questions(&store).await, []);
        assert_eq!(count(&store, "SELECT count(*) FROM named").await, 0);
        store.close().await;
    }
}

#[tokio::test]
async fn what_was_withdrawn_has_nothing_unless_it_was_deployed_after_all() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let merge = Deployment {
        happening: Happening::Merge,
        commit: Some(commit_of(1)),
        ..naming("pull/7", ChangeNumber::FIRST, 0)
    };
    assert_eq!(take(&store, vec![merge]).await, [BELONGS]);
    let target = Target::Change(ChangeNumber::FIRST);
    act(&store, target, Command::Withdraw, Vec::new(), now()).await;
    let deployment = Deployment {
        commit: Some(commit_of(1)),
        ..told("deployment/1", 0)
    };
    assert_eq!(take(&store, vec![deployment]).await, [TakenIn::Counted]);
    // Somebody is asked: what was withdrawn and deployed after all has to be seen.
    assert_eq!(
        count(&store, "SELECT count(*) FROM question WHERE change = 1001").await,
        1
    );
    let by_hand = Command::RecordDeployment {
        at: now(),
        source: Source::Slack,
        by: UserId::new(DANA),
    };
    act(&store, target, by_hand, Vec::new(), now()).await;
    assert_eq!(emergencies(&store).await, [(1001, 0)]);
    assert_eq!(counted(&store).await, []);
    store.close().await;
}

#[tokio::test]
async fn what_is_tied_to_a_second_record_belongs_to_the_first() {
    // What isn't deployed yet can be linked, whatever is tied to it by then.
    for linked_first in [true, false] {
        let home = Home::new();
        let store = home.open().unwrap();
        request(&store, "one").await;
        request(&store, "two").await;
        let duplicate = Command::LinkAsDuplicate {
            of: ChangeNumber::FIRST,
        };
        let target = Target::Change(SECOND);
        let merge = Deployment {
            happening: Happening::Merge,
            commit: Some(commit_of(1)),
            ..linked("pull/7", 0)
        };
        write_links_of(&store, SECOND, PULL, 7).await;
        if linked_first {
            act(&store, target, duplicate.clone(), Vec::new(), now()).await;
        }
        take(&store, vec![merge]).await;
        if !linked_first {
            act(&store, target, duplicate, Vec::new(), now()).await;
        }
        let deployment = Deployment {
            commit: Some(commit_of(1)),
            ..told("deployment/1", 0)
        };
        let in_its_branch = naming("3", SECOND, 0);
        let taken = take(&store, vec![deployment, in_its_branch]).await;
        assert_eq!(taken, [BELONGS; 2]);
        assert_eq!(emergencies(&store).await, [(1001, 0)]);
        assert_eq!(counted(&store).await, []);
        store.close().await;
    }
}

#[tokio::test]
async fn a_source_whose_clock_goes_ahead_counts_an_emergency_once() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let ahead = naming("1", ChangeNumber::FIRST, 40);
    assert_eq!(take(&store, vec![ahead]).await, [BELONGS]);
    assert_eq!(
        emergencies(&store).await,
        [(1001, 0)],
        "not before its time"
    );
    assert_eq!(counted(&store).await, []);
    store.close().await;
}

#[tokio::test]
async fn what_is_told_of_the_time_that_people_said_belongs_whenever_that_was() {
    for told_first in [true, false] {
        let home = Home::new();
        let store = home.open().unwrap();
        request(&store, "one").await;
        let one = naming("1", ChangeNumber::FIRST, -600);
        if told_first {
            assert_eq!(take(&store, vec![one.clone()]).await, [TakenIn::Counted]);
        }
        let by_hand = Command::RecordDeployment {
            at: now() - TimeDelta::minutes(602),
            source: Source::Attested,
            by: UserId::new(DANA),
        };
        let target = Target::Change(ChangeNumber::FIRST);
        act(&store, target, by_hand, Vec::new(), now()).await;
        if !told_first {
            assert_eq!(take(&store, vec![one]).await, [BELONGS]);
        }
        assert_eq!(counted(&store).await, []);
        assert_eq!(emergencies(&store).await, [(1001, -602)]);
        assert_eq!(questions(&store).await, []);
        store.close().await;
    }
}

#[tokio::test]
async fn an_abbreviated_commit_and_the_full_one_are_one_change_in_whatever_order() {
    let merge = |minutes| Deployment {
        source: SourceName::new("bitbucket"),
        commit: Some("010101010101".to_owned()),
        ..told("pull/7", minutes)
    };
    let run = |id: &str, minutes| Deployment {
        source: SourceName::new("jenkins"),
        commit: Some(commit_of(0)),
        ..told(id, minutes)
    };
    let other = Deployment {
        commit: Some(format!("010101010102{}", "01".repeat(14))),
        ..told("other", 0)
    };
    // On both sides of where a week ends, too.
    for apart in [5, 3 * DAY, 7 * DAY] {
        let all = [merge(-apart), run("1", 0), run("2", 0), other.clone()];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]] {
            let home = Home::new();
            let store = home.open().unwrap();
            for place in order {
                take(&store, vec![all[place].clone()]).await;
            }
            let minutes: Vec<i64> = counted(&store).await.iter().map(|one| one.0).collect();
            assert_eq!(minutes, [-apart, 0], "{order:?}");
            store.verify().await.unwrap().unwrap();
            store.close().await;
        }
    }
}

#[tokio::test]
async fn a_ticket_finds_a_commit_by_its_abbreviation_and_the_other_way_round() {
    let full = commit_of(0);
    let short = "010101010101";
    for ticket_first in [true, false] {
        for (named, told_of) in [(full.as_str(), short), (short, full.as_str())] {
            let home = Home::new();
            let store = home.open().unwrap();
            request(&store, "one").await;
            let links = format!("https://bitbucket.org/acme/api/commits/{named}");
            if ticket_first {
                write_links(&store, &links, 7).await;
            }
            let one = Deployment {
                commit: Some(told_of.to_owned()),
                ..told("1", -1)
            };
            take(&store, vec![one]).await;
            if !ticket_first {
                write_links(&store, &links, 7).await;
            }
            assert_eq!(emergencies(&store).await, [(1001, -1)], "{named}");
            store.close().await;
        }
    }
}

/// An approval of the same commit may be told of first, or somebody may have said in Slack
/// that it was a normal change: neither hides the deployment that is tied.
#[tokio::test]
async fn what_is_told_of_a_commit_beside_its_deployment_does_not_hide_that_from_a_ticket() {
    let of = |id: &str, at| Deployment {
        commit: Some(commit_of(0)),
        ..told(id, at)
    };
    let approval = Deployment {
        happening: Happening::Review,
        ..of("1", 0)
    };
    let said = Deployment {
        said_in: Some(ChannelId::new("C0INCAUTH1")),
        ..of("2", 1)
    };
    for beside in [approval, said] {
        let home = Home::new();
        let store = home.open().unwrap();
        request(&store, "one").await;
        take(&store, vec![beside, of("3", 2)]).await;
        let links = format!("https://ci.acme.dev/commit/{}", commit_of(0));
        write_links(&store, &links, 7).await;
        assert_eq!(counted(&store).await, [], "it is the emergency's");
        store.close().await;
    }
}
