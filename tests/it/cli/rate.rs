//! `breakglass rate`: the report's figures, as a table and as JSON, without a trace.

use std::path::Path;
use std::sync::Arc;

use breakglass::config::PolicyFile;
use breakglass::domain::deployment::{ChangeKind, Deployment, Happening, SourceName};
use breakglass::domain::id::WorkspaceId;
use breakglass::domain::policy::{Policy, PolicyVersion};
use breakglass::report::assemble::{Wanted, assembled};
use breakglass::report::frozen::freeze;
use breakglass::store::{Intake, OpenError, Options, Rules, Store};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Ended, program, run};

/// Midnight of Monday, 9 March 2026, in Berlin.
pub(super) const MONDAY: &str = "2026-03-08T23:00:00Z";

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// So many changes from an instant on, a minute apart, the first of them
/// emergencies.
pub(super) fn told(from: DateTime<Utc>, n_changes: i64, n_emergencies: i64) -> Vec<Deployment> {
    (0..n_changes)
        .map(|n| {
            let id = format!("{from} {n}");
            let source = SourceName::new("ledger");
            let happened = from + TimeDelta::minutes(n);
            Deployment {
                kind: (n < n_emergencies).then_some(ChangeKind::Emergency),
                ..Deployment::new(source, id, Happening::Listed, happened)
            }
        })
        .collect()
}

/// Opens the database. A program that another test starts at that moment holds the
/// lock of this process, too, until it is one of its own.
fn open(folder: &Path, workspace: &str) -> Store {
    let options = Options::at(folder.join("breakglass.db"));
    loop {
        match Store::open(&options, WorkspaceId::new(workspace)) {
            Ok(store) => return store,
            Err(OpenError::Locked { .. }) => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Writes a register: one of these workspaces counts what was told.
pub(super) fn register(folder: &Path, workspaces: &[&str], told: &[Deployment]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for workspace in workspaces {
        let store = open(folder, workspace);
        let rules = Arc::new(Rules::new(
            Policy::unwritten(PolicyVersion(1)),
            [],
            chrono_tz::Europe::Berlin,
        ));
        let policy = PolicyFile::read("zone = \"Europe/Berlin\"\n").unwrap();
        let now = at("2026-03-15T12:00:00Z");
        runtime.block_on(async {
            let bytes = policy.bytes().unwrap();
            store.adopt_policy(bytes, now).await.unwrap();
            let intake = Intake::new(SourceName::new("ledger"), told.to_vec());
            store
                .take_in(intake, Arc::default(), rules, now)
                .await
                .unwrap();
            store.close().await;
        });
    }
}

/// A quiet quarter with two weeks in it that say something.
pub(super) fn quarter() -> Vec<Deployment> {
    let monday = at(MONDAY);
    let mut all = told(monday, 40, 4);
    all.extend(told(monday - TimeDelta::weeks(1), 41, 9));
    all.extend(told(monday - TimeDelta::weeks(3), 3, 1));
    // The next week's first instant.
    all.extend(told(monday + TimeDelta::weeks(1), 1, 1));
    all
}

fn rate(folder: &Path, arguments: &[&str]) -> Ended {
    run(program(folder).arg("rate").args(arguments))
}

fn json_of(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.out).unwrap()
}

#[test]
fn the_table_shows_a_bar_a_week_and_what_it_comes_to() {
    let folder = tempfile::tempdir().unwrap();
    register(folder.path(), &["T0ONE"], &quarter());
    let ended = rate(folder.path(), &["--as-of", "2026-03-15", "--weeks", "4"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    insta::assert_snapshot!(ended.out, @r"
    Emergency rate as of the end of 15 Mar 2026 (CET); guideline 10 %

    Week             Emergencies  Changes    Rate
    16–22 Feb                  1        3  33.3 %  █████████│████████████████████   too few for a verdict
    23 Feb – 1 Mar             0        ?       –           │                       unknown
    2–8 Mar                    9       41  22.0 %  █████████│█████████              over
    9–15 Mar                   4       40  10.0 %  █████████│

    16 Feb – 15 Mar           14       84  16.7 %  over
    Q1 2026, so far           14       84  16.7 %  over

    Likely range of the four weeks (95 %): 10.2–26.1 %.
    Budget: 6 more emergencies in Q1 2026 than the guideline allows; the present pace doesn't make that good: about 22 of 132 (16.7 %) by its end.
    Heard from: ledger.
    Rate: emergency changes ÷ all changes deployed to production, each counted once; standard changes counted among all; drills left out; emergencies found not genuine counted as emergencies.
    ");
}

#[test]
fn the_json_has_what_others_read_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    register(folder.path(), &["T0ONE"], &quarter());
    let ended = rate(folder.path(), &["--json", "--as-of", "2026-03-15"]);
    let said = json_of(&ended);
    let windows = said["windows"].as_array().unwrap();
    let kinds: Vec<_> = windows.iter().map(|one| &one["kind"]).collect();
    let mut wanted = vec!["week"; 12];
    wanted.extend(["rolling", "quarter"]);
    assert_eq!(kinds, wanted);
    assert_eq!(said["as_of"], "2026-03-15T23:00:00Z");
    assert_eq!(said["guideline"], 0.1);
    assert!(said["formula"].as_str().unwrap().contains("÷"));
    assert_eq!(said.as_object().unwrap().len(), 5);
    assert_eq!(said["corrections"], json!([]));
    let interval = windows[11]["interval"].clone();
    assert_eq!(
        windows[11],
        json!({
            "kind": "week", "from": MONDAY, "to": "2026-03-15T23:00:00Z",
            "n_changes": 40, "n_emergencies": 4, "n_not_genuine": 0, "rate": 0.1,
            "interval": interval, "documented_in_time": null, "sources": ["ledger"],
        })
    );
    assert!(interval[0].as_f64().unwrap() < 0.1 && interval[1].as_f64().unwrap() > 0.1);
    // Nobody was heard from, and that isn't nothing and not everything.
    assert_eq!(windows[0]["rate"], Value::Null);
    assert_eq!(windows[0]["interval"], Value::Null);
    assert_eq!(windows[0]["sources"], json!([]));
    let sums: Vec<_> = windows[12..]
        .iter()
        .map(|one| (&one["n_changes"], &one["n_emergencies"], &one["from"]))
        .collect();
    assert_eq!(
        sums,
        [
            (&json!(84), &json!(14), &json!("2026-02-15T23:00:00Z")),
            (&json!(84), &json!(14), &json!("2025-12-31T23:00:00Z")),
        ]
    );
}

#[test]
fn a_day_in_the_week_ends_what_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = told(at(MONDAY), 12, 1);
    all.extend(told(at(MONDAY) + TimeDelta::days(2), 5, 0));
    register(folder.path(), &["T0ONE"], &all);
    let ended = rate(
        folder.path(),
        &["--json", "--weeks", "1", "--as-of", "2026-03-10"],
    );
    let week = &json_of(&ended)["windows"][0];
    assert_eq!(week["from"], MONDAY);
    assert_eq!(
        (&week["n_changes"], &week["n_emergencies"]),
        (&json!(12), &json!(1))
    );
}

#[test]
fn a_reported_week_that_is_known_better_now_is_told_beside() {
    let folder = tempfile::tempdir().unwrap();
    let monday = at(MONDAY);
    register(folder.path(), &["T0ONE"], &told(monday, 40, 4));
    let store = open(folder.path(), "T0ONE");
    let zone = chrono_tz::Europe::Berlin;
    let policy = Policy::unwritten(PolicyVersion(1));
    let reported_at = monday + TimeDelta::weeks(1) + TimeDelta::hours(9);
    let wanted = Wanted::by(&policy, zone, reported_at);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let rate = assembled(&store, wanted.clone()).await.unwrap();
        assert!(rate.corrections.is_empty());
        let week = freeze(&rate);
        let frozen = store.freeze_week(week, None, reported_at).await;
        assert!(frozen.unwrap());
        assert!(
            assembled(&store, wanted.clone())
                .await
                .unwrap()
                .corrections
                .is_empty()
        );
        store.close().await;
    });
    drop(store);
    let late = told(monday + TimeDelta::days(3), 2, 1);
    register(folder.path(), &["T0ONE"], &late);
    // On Sunday, too, it is what Monday's report said.
    for day in ["2026-03-15", "2026-03-17"] {
        let ended = rate(folder.path(), &["--as-of", day]);
        let said = "Known better now: 9–15 Mar: reported 4 of 40 (10.0 %), now 5 of 42 (11.9 %); 1 change was told of later and 1 emergency was declared later.";
        assert!(ended.out.contains(said), "{ended:?}");
        let ended = rate(folder.path(), &["--json", "--as-of", day]);
        let said = json_of(&ended);
        let mut shown = said["windows"].as_array().unwrap().iter();
        let week = shown.find(|one| one["from"] == MONDAY).unwrap();
        let counts = (&week["n_changes"], &week["n_emergencies"]);
        assert_eq!(counts, (&json!(40), &json!(4)));
        assert_eq!(
            said["corrections"],
            json!([{
                "from": MONDAY, "to": "2026-03-15T23:00:00Z",
                "reported_at": "2026-03-16T08:00:00Z",
                "reported": {
                    "n_changes": 40, "n_emergencies": 4, "n_not_genuine": 0,
                    "is_unknown": false,
                },
                "now": {
                    "n_changes": 42, "n_emergencies": 5, "n_not_genuine": 0,
                    "is_unknown": false,
                },
                "reasons": [
                    {"reason": "told_later", "n": 1}, {"reason": "declared_later", "n": 1},
                ],
            }])
        );
    }
}

#[test]
fn it_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    register(folder.path(), &["T0ONE"], &quarter());
    let names = || {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|one| one.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = (
        names(),
        std::fs::read(folder.path().join("breakglass.db")).unwrap(),
    );
    assert_eq!(rate(folder.path(), &[]).code, Some(0));
    let after = (
        names(),
        std::fs::read(folder.path().join("breakglass.db")).unwrap(),
    );
    assert!(before == after);
}

#[test]
fn it_reads_beside_a_bot_that_writes() {
    let folder = tempfile::tempdir().unwrap();
    register(folder.path(), &["T0ONE"], &quarter());
    let store = open(folder.path(), "T0ONE");
    let ended = rate(folder.path(), &["--json", "--as-of", "2026-03-15"]);
    assert_eq!(json_of(&ended)["windows"][11]["n_changes"], 40);
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(store.close());
}

#[test]
fn what_hinders_it_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    rate(folder.path(), &[]).failed_saying(&["breakglass.db", "no database yet"]);
    register(folder.path(), &["T0ONE", "T0TWO"], &quarter());
    rate(folder.path(), &[]).failed_saying(&["T0ONE, T0TWO"]);
    rate(folder.path(), &["--workspace", "T0NINE"]).failed_saying(&["T0ONE, T0TWO"]);
    let named = rate(folder.path(), &["--workspace", "T0TWO"]);
    assert_eq!(named.code, Some(0), "{named:?}");
    let day = ["--workspace", "T0TWO", "--as-of", "2999-01-01"];
    rate(folder.path(), &day).failed_saying(&["2999-01-01 is still to come"]);
    for usage in [["--as-of", "yesterday"], ["--weeks", "0"]] {
        assert_eq!(rate(folder.path(), &usage).code, Some(2));
    }
}
