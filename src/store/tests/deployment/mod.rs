//! What sources tell is counted once, in whatever order it comes, and what the log
//! says of it can't be altered.

mod emergency;
mod question;
mod recount;
mod tied;

use std::collections::BTreeSet;

use super::capture::{DANA, MORGAN, member, text};
use super::*;
use crate::domain::deployment::{
    ChangeKind, Deployment, Doubt, Explanation, Happening, Mark, SourceName,
};
use crate::domain::policy::Counting;
use crate::store::deployments::SINCE;

/// A telling of a deployment, so many minutes after the house's now.
fn told(id: &str, minutes: i64) -> Deployment {
    let at = now() + TimeDelta::minutes(minutes);
    Deployment::new(SourceName::new("github"), id, Happening::Deployment, at)
}

/// A commit; none is that of all zeros, which is git's word for none.
fn commit_of(n: u8) -> String {
    hex::encode([n + 1; 20])
}

fn counting() -> Arc<Counting> {
    let rule = (SourceName::new("gitlab"), Happening::Merge);
    Arc::new(Counting {
        happenings: [rule].into(),
        ..Counting::default()
    })
}

async fn take(store: &Store, told: Vec<Deployment>) -> Vec<TakenIn> {
    take_at(store, told, now()).await
}

async fn take_at(store: &Store, told: Vec<Deployment>, at: DateTime<Utc>) -> Vec<TakenIn> {
    let intake = Intake::new(SourceName::new("github"), told);
    store
        .take_in(intake, counting(), rules(), at)
        .await
        .unwrap()
}

/// What counts, as (minutes after now, kind, system, source).
async fn counted(store: &Store) -> Vec<(i64, ChangeKind, Option<String>, String)> {
    let span = TimeDelta::days(4_000);
    store
        .counted(now() - span, now() + span, Vec::new(), |all, one| {
            all.push((
                (one.at - now()).num_minutes(),
                one.kind,
                one.system.map(|it| it.name.to_owned()),
                one.source.name.to_owned(),
            ));
        })
        .await
        .unwrap()
}

async fn n_leaves(store: &Store) -> u64 {
    count(store, "SELECT count(*) FROM event").await
}

#[tokio::test]
async fn a_change_that_two_sources_tell_of_is_counted_once() {
    let home = Home::new();
    let store = home.open().unwrap();
    let merge = Deployment {
        happening: Happening::Merge,
        commit: Some(commit_of(1)),
        url: Some("https://github.com/acme/api/pull/7".to_owned()),
        ..told("pull/7", -10)
    };
    let deployment = Deployment {
        commit: Some(commit_of(1)),
        kind: Some(ChangeKind::Standard),
        system: Some("api".to_owned()),
        ..told("deployment/1", -5)
    };
    let job = Deployment {
        source: SourceName::new("jenkins"),
        url: Some("https://github.com/acme/api/pull/7".to_owned()),
        ..told("job/1", -4)
    };
    let taken = take(&store, vec![merge, deployment, job]).await;
    assert_eq!(
        taken,
        [TakenIn::NotCounted, TakenIn::Counted, TakenIn::NotCounted]
    );
    let once = (
        -5,
        ChangeKind::Standard,
        Some("api".to_owned()),
        "github".to_owned(),
    );
    assert_eq!(counted(&store).await, [once]);
    store.verify().await.unwrap().unwrap();
    store.close().await;
}

#[tokio::test]
async fn what_counts_is_one_rule_a_source_and_a_list_counts_always() {
    let home = Home::new();
    let store = home.open().unwrap();
    let of = |source: &str, happening| Deployment {
        source: SourceName::new(source),
        happening,
        ..told(source, 0)
    };
    let taken = take(
        &store,
        vec![
            of("gitlab", Happening::Merge),
            Deployment {
                external_id: "2".to_owned(),
                ..of("gitlab", Happening::Deployment)
            },
            of("unheard of", Happening::Deployment),
            of("github", Happening::Run),
            of("list", Happening::Listed),
        ],
    )
    .await;
    let counts = taken.iter().map(|one| *one == TakenIn::Counted);
    assert_eq!(counts.collect::<Vec<_>>(), [true, false, true, false, true]);
    store.close().await;
}

#[tokio::test]
async fn what_is_told_again_is_known_by_its_words_whatever_their_salts() {
    let home = Home::new();
    let store = home.open().unwrap();
    let with = |title: &str, salt| Deployment {
        title: Some(text(title, salt)),
        testing_result: Some(text("green", salt + 100)),
        marks: BTreeSet::from([Mark::Bypassed, Mark::Unrecorded]),
        author: Some("dana".to_owned()),
        ..told("1", 0)
    };
    assert_eq!(
        take(&store, vec![with("Deploy WAF rule", 1)]).await,
        [TakenIn::Counted]
    );
    let before = n_leaves(&store).await;
    let again = vec![with("Deploy WAF rule", 2), with("Deploy WAF rule", 3)];
    assert_eq!(take(&store, again).await, [TakenIn::Duplicate; 2]);
    assert_eq!(n_leaves(&store).await, before, "nothing new has no record");
    // Another word is a fact more, of the same change.
    assert_eq!(
        take(&store, vec![with("Deploy WAF rules", 4)]).await,
        [TakenIn::NotCounted]
    );
    assert_eq!(counted(&store).await.len(), 1);
    // What was taken out doesn't come back by being told again.
    home.tamper("UPDATE text SET salt = NULL, body = NULL")
        .unwrap();
    assert_eq!(
        take(&store, vec![with("Deploy WAF rule", 5)]).await,
        [TakenIn::Duplicate]
    );
    assert_eq!(
        count(&store, "SELECT count(*) FROM text WHERE body IS NOT NULL").await,
        0
    );
    store.verify().await.unwrap().unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_delivery_is_taken_in_once_for_a_month() {
    let home = Home::new();
    let store = home.open().unwrap();
    let deliver = async |id: &str, days: i64| {
        let intake = Intake {
            delivery: Some("72d3162e".to_owned()),
            ..Intake::new(SourceName::new("github"), vec![told(id, 0)])
        };
        let at = now() + TimeDelta::days(days);
        let taken = store.take_in(intake, counting(), rules(), at).await;
        taken.unwrap().remove(0)
    };
    assert_eq!(deliver("1", 0).await, TakenIn::Counted);
    assert_eq!(deliver("2", 30).await, TakenIn::Duplicate);
    assert_eq!(deliver("2", 31).await, TakenIn::Counted);
    let days = store.hearings(now(), now() + TimeDelta::days(40)).await;
    let n_duplicate: Vec<_> = days.unwrap().iter().map(|it| it.n_duplicate).collect();
    assert_eq!(n_duplicate, [0, 1, 0]);
    store.close().await;
}

#[tokio::test]
async fn every_source_that_was_heard_is_known_by_its_days() {
    let home = Home::new();
    let store = home.open().unwrap();
    let heard = |source: &str, told: Vec<Deployment>, n_unknown, n_refused| Intake {
        is_list: source == "csv",
        n_unknown,
        n_refused,
        read_to: Some(ReadTo {
            path: "acme/api".to_owned(),
            cursor: format!("page {n_refused}"),
            is_end: true,
        }),
        ..Intake::new(SourceName::new(source), told)
    };
    let listed = Deployment {
        source: SourceName::new("spreadsheet"),
        ..told("1", 0)
    };
    let day = TimeDelta::days(1);
    for (intake, at) in [
        (heard("csv", vec![listed.clone(), listed], 0, 0), now()),
        (heard("gitlab", Vec::new(), 0, 0), now()),
        (heard("gitlab", Vec::new(), 2, 3), now() + day),
        (heard("gitlab", Vec::new(), 1, 0), now() + day),
    ] {
        let taken = store.take_in(intake, counting(), rules(), at);
        taken.await.unwrap();
    }
    let seen: Vec<_> = store
        .hearings(now(), now() + day * 2)
        .await
        .unwrap()
        .into_iter()
        .map(|it| {
            let n = [it.n_told, it.n_duplicate, it.n_unknown, it.n_refused];
            (it.source.to_string(), it.day, n, it.spoke_at.is_some())
        })
        .collect();
    let today = now().date_naive();
    assert_eq!(
        seen,
        [
            ("gitlab".to_owned(), today, [0; 4], true),
            ("gitlab".to_owned(), today + day, [0, 0, 3, 3], false),
            ("spreadsheet".to_owned(), today, [2, 1, 0, 0], false),
        ]
    );
    let last = store.last_heard(now() + day).await.unwrap();
    assert_eq!(last.get(&SourceName::new("gitlab")), Some(&(now() + day)));
    assert_eq!(last.get(&SourceName::new("csv")), None);
    let cursor = store.cursor(SourceName::new("gitlab"), "acme/api".to_owned());
    assert_eq!(cursor.await.unwrap().as_deref(), Some("page 0"));
    store.close().await;
}

#[tokio::test]
async fn a_polled_source_is_heard_only_when_all_that_is_asked_of_it_was_read() {
    let home = Home::new();
    let store = home.open().unwrap();
    let (github, day) = (SourceName::new("github"), TimeDelta::days(1));
    let ask = |paths: &[&str]| {
        let paths = paths
            .iter()
            .map(|path| (github.clone(), (*path).to_owned()));
        store.asks(paths.collect())
    };
    let read = async |path: &str, is_end, at: DateTime<Utc>| {
        let intake = Intake {
            read_to: Some(ReadTo {
                path: path.to_owned(),
                cursor: "here".to_owned(),
                is_end,
            }),
            ..Intake::new(github.clone(), Vec::new())
        };
        let taken = store.take_in(intake, counting(), rules(), at).await;
        assert_eq!(taken.unwrap(), []);
        let heard = store.last_heard(at).await.unwrap();
        heard.get(&github).copied()
    };
    let known = async || {
        let readings = store.readings().await.unwrap().into_iter();
        let all = readings.map(|it| (it.path, it.read_at, it.fault));
        all.collect::<Vec<_>>()
    };
    ask(&["acme/a", "acme/b"]).await.unwrap();
    assert_eq!(read("acme/a", true, now()).await, None);
    assert_eq!(read("acme/b", false, now()).await, None, "not to its end");
    let (a, b) = ("acme/a".to_owned(), "acme/b".to_owned());
    let fault = "it knows nothing of this name";
    let noted = store.not_read(github.clone(), b.clone(), fault.to_owned());
    noted.await.unwrap();
    let missing = (b.clone(), None, Some(fault.to_owned()));
    assert_eq!(known().await, [(a.clone(), Some(now()), None), missing]);
    assert_eq!(read("acme/b", true, now()).await, Some(now()));
    let both = [(a.clone(), Some(now()), None), (b, Some(now()), None)];
    assert_eq!(known().await, both);
    // After a day without the one, the other isn't all of it any more.
    let later = now() + day + TimeDelta::seconds(1);
    assert_eq!(read("acme/a", true, later).await, Some(now()));
    // What isn't asked any more keeps nothing back, and is remembered.
    ask(&["acme/a"]).await.unwrap();
    assert_eq!(known().await, [(a, Some(later), None)]);
    assert_eq!(read("acme/a", true, later).await, Some(later));
    let cursor = store.cursor(github.clone(), "acme/b".to_owned());
    assert_eq!(cursor.await.unwrap().as_deref(), Some("here"));
    store.close().await;
}

#[tokio::test]
async fn what_was_told_or_answered_can_not_be_altered_unseen() {
    let of = async |sql: &str| {
        let home = Home::new();
        let store = home.open().unwrap();
        let with_title = Deployment {
            title: Some(text("Deploy WAF rule", 1)),
            marks: BTreeSet::from([Mark::Hotfix]),
            ..told("1", 0)
        };
        take(&store, vec![with_title, told("2", 1)]).await;
        take(&store, vec![told("3", 2)]).await;
        let later = now() + SETTLED_AFTER;
        store.sweep_deployments(later).await.unwrap();
        let reply = Reply {
            answer: Explanation::Normal,
            change: None,
            proof: None,
            by: UserId::new(DANA),
        };
        let explained = store.answer_question(1, reply, rules(), later).await;
        assert_eq!(explained.unwrap(), Explained::Now);
        store.close().await;
        drop(store);
        home.verdict().await.unwrap();
        let refused = home.tamper(sql);
        if refused.is_err() {
            home.tamper(&format!(
                "PRAGMA foreign_keys = OFF;
                 DROP TRIGGER deployment_is_never_altered;
                 DROP TRIGGER deployment_is_never_deleted; {sql}"
            ))
            .unwrap();
        }
        (refused.is_err(), home.verdict().await.unwrap_err())
    };
    for sql in [
        "UPDATE deployment SET at = at + 1 WHERE id = 1",
        "UPDATE deployment SET title = zeroblob(32) WHERE id = 1",
        "UPDATE deployment SET marks = 0 WHERE id = 1",
        "UPDATE deployment SET said_in = 'C0ENGINEER' WHERE id = 1",
        "DELETE FROM deployment WHERE id = 2",
    ] {
        let (was_refused, verdict) = of(sql).await;
        assert!(was_refused, "{sql}");
        assert!(
            verdict.contains("record 0, which github"),
            "{sql}: {verdict}"
        );
    }
    let moved = "UPDATE deployment SET intake = 7 WHERE id = 3";
    let verdict = of(moved).await.1;
    assert!(verdict.contains("record 1, which github"), "{verdict}");
    let renamed = "UPDATE source SET name = 'gitlab'";
    let verdict = of(renamed).await.1;
    assert!(verdict.contains("aren't those"), "{verdict}");
    let forged = "UPDATE question SET answered_by = 'U0MORGAN01'";
    let verdict = of(forged).await.1;
    assert!(verdict.contains("question 1"), "{verdict}");
    for said in [
        "UPDATE text SET body = 'Deploy nothing' WHERE telling = 1",
        "UPDATE text SET salt = zeroblob(32) WHERE telling = 1",
        "DELETE FROM text WHERE telling = 1",
    ] {
        let verdict = of(said).await.1;
        assert!(verdict.contains("words of deployment 1"), "{verdict}");
    }
    let planted = "INSERT INTO question (workspace, deployment, kind, marks, made_at, answer,
                                         answered_by, answered_at)
                   VALUES ('T0BREAK01', 3, 'undeclared', 1, 1, 'normal', 'U0DANA0001', 1)";
    let verdict = of(planted).await.1;
    assert!(verdict.contains("question 2 has no record"), "{verdict}");
    let added = "INSERT INTO deployment (workspace, intake, source, external_id, happening, at,
                                         marks, heard_at, week, counts, leader)
                 VALUES ('T0BREAK01', 9, 1, '4', 'listed', 1, 0, 1, 0, 1, 1)";
    let verdict = of(added).await.1;
    assert!(verdict.contains("has no record"), "{verdict}");
}

#[tokio::test]
async fn a_window_is_counted_without_touching_a_row() {
    let home = Home::new();
    let store = home.open().unwrap();
    take(&store, vec![told("1", 0)]).await;
    let plan = store
        .read(|connection, _| {
            let sql = format!("EXPLAIN QUERY PLAN {}", deployments::COUNTED);
            let plan = connection.query_row(&sql, ["a", "1", "2"], |row| row.get(3))?;
            Ok::<String, _>(plan)
        })
        .await
        .unwrap();
    assert!(
        plan.contains("USING COVERING INDEX deployment_counted"),
        "{plan}"
    );
    assert!(plan.contains("counted_at>? AND counted_at<?"), "{plan}");
    store.close().await;
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one table: statements, and by which index each is found"
)]
async fn nothing_is_looked_for_among_all_that_was_told() {
    let home = Home::new();
    let store = home.open().unwrap();
    let plan = async |sql: &str| {
        let sql = sql.to_owned();
        store
            .read(move |connection, _| {
                let mut select = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let wanted = vec!["1"; select.parameter_count()];
                let steps = select.query_map(rusqlite::params_from_iter(wanted), |row| {
                    row.get::<_, String>(3)
                })?;
                let steps: Vec<String> = steps.collect::<rusqlite::Result<_>>()?;
                Ok::<String, StoreError>(steps.join("; "))
            })
            .await
            .unwrap()
    };
    for (sql, index) in [
        (
            "SELECT body FROM text WHERE workspace = ?1 AND commitment = ?2 AND telling IS NULL",
            "INDEX text_committed (workspace=? AND commitment=?)",
        ),
        (
            "SELECT body FROM text WHERE telling = ?1 AND workspace = ?2 AND commitment = ?3",
            "INDEX text_told (telling=?)",
        ),
        (
            "SELECT leader FROM deployment
             WHERE workspace = ?1 AND week = ?2 AND commit_hash = ?3 AND at >= ?4
             ORDER BY at DESC LIMIT 1",
            "INDEX deployment_commit (workspace=? AND week=? AND commit_hash=? AND at>?)",
        ),
        (
            "SELECT leader FROM deployment WHERE workspace = ?1 AND week = ?2 AND url = ?3 LIMIT 1",
            "INDEX deployment_url (workspace=? AND week=? AND url=?)",
        ),
        (
            deployments::NEXT_BEGINNING,
            "COVERING INDEX deployment_commit (workspace=? AND week=? AND commit_hash>? AND commit_hash<?)",
        ),
        (
            deployments::IS_ANY_SHORT,
            "INDEX deployment_abbreviated (workspace=?)",
        ),
        (
            deployments::OF_COMMIT,
            "INDEX deployment_commit (workspace=? AND week=? AND commit_hash>? AND commit_hash<?)",
        ),
        (
            deployments::OF_LINK,
            "INDEX deployment_url (workspace=? AND week=? AND url=? AND at>? AND at<?)",
        ),
        (
            deployments::OF_NUMBER,
            "INDEX deployment_reference (workspace=? AND reference=? AND at>? AND at<?)",
        ),
        (
            "SELECT id FROM deployment WHERE workspace = ?1 AND matched = ?2",
            "INDEX deployment_matched (workspace=? AND matched=?)",
        ),
        (
            "SELECT id FROM deployment WHERE workspace = ?1 AND emergency = ?2",
            "INDEX deployment_emergency (workspace=? AND emergency=?)",
        ),
        (
            &deployments::members("matched", "AND +matched IS NOT NULL"),
            "INDEX deployment_member (workspace=? AND leader=?)",
        ),
        (
            &deployments::members("matched", "AND +matched IS NOT NULL"),
            "USING INTEGER PRIMARY KEY",
        ),
        (
            &deployments::answers(),
            "INDEX question_about (workspace=? AND deployment=?)",
        ),
        (
            "UPDATE deployment SET leader = ?3
             WHERE workspace = ?1 AND leader = ?2 AND leader <> id",
            "INDEX deployment_member (workspace=? AND leader=?)",
        ),
        (
            "SELECT min(settles_at) FROM deployment
             WHERE workspace = ?1 AND settles_at IS NOT NULL",
            "INDEX deployment_settles (workspace=? AND settles_at>?)",
        ),
        (
            deployments::NEAR,
            "INDEX deployment_counted (workspace=? AND counted_at>? AND counted_at<?)",
        ),
        (
            deployments::AFTERWARDS,
            "INDEX deployment_counted (workspace=? AND counted_at>? AND counted_at<?)",
        ),
        (
            "SELECT leader FROM deployment
             WHERE workspace = ?1 AND made_by = ?2 AND at BETWEEN ?3 AND ?4",
            "INDEX deployment_made_by (workspace=? AND made_by=? AND at>? AND at<?)",
        ),
        // The newest first, as they stand: nothing is sorted for it.
        (SINCE, "SCAN deployment"),
    ] {
        let plan = plan(sql).await;
        assert!(plan.contains(index), "{sql}: {plan}");
        assert!(!plan.contains("USING INDEX") || sql != SINCE, "{plan}");
    }
    store.close().await;
}

#[tokio::test]
async fn a_password_before_an_addresss_host_is_not_kept() {
    let home = Home::new();
    let store = home.open().unwrap();
    for (id, told_url, kept) in [
        (
            "1",
            "https://ci:s3cret@ci.example/log?at=1",
            "https://ci.example/log?at=1",
        ),
        ("2", "https://s3cret@ci.example", "https://ci.example"),
        (
            "3",
            "https://ci.example/@team/log",
            "https://ci.example/@team/log",
        ),
        (
            "4",
            "https://ci.example?by=a@b",
            "https://ci.example?by=a@b",
        ),
        ("5", "build 7 of a@b", "build 7 of a@b"),
    ] {
        let one = Deployment {
            deploy_log_url: Some(told_url.to_owned()),
            url: Some(told_url.to_owned()),
            ..told(id, 0)
        };
        take(&store, vec![one]).await;
        let found = store.read(move |connection, _| {
            let sql = "SELECT url, deploy_log_url FROM deployment WHERE external_id = ?1";
            Ok(connection.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?)))?)
        });
        let found: (String, String) = found.await.unwrap();
        assert_eq!(found, (kept.to_owned(), kept.to_owned()));
    }
    store.close().await;
}

#[tokio::test]
async fn a_frozen_week_stays_as_it_was_reported() {
    let home = Home::new();
    let store = home.open().unwrap();
    let week = |figures: &str| FrozenWeek {
        from: now(),
        to: now() + TimeDelta::weeks(1),
        zone: "Europe/Berlin".to_owned(),
        figures: figures.as_bytes().to_vec(),
        reported_at: now() + TimeDelta::weeks(1),
        log_size: 7,
        is_posted: false,
    };
    assert!(
        store
            .freeze_week(week("3 of 41"), None, now())
            .await
            .unwrap()
    );
    assert!(
        !store
            .freeze_week(week("4 of 41"), None, now())
            .await
            .unwrap()
    );
    let frozen = store.frozen_weeks(now(), now() + TimeDelta::days(1)).await;
    assert_eq!(frozen.unwrap(), [week("3 of 41")]);
    store.close().await;
}
