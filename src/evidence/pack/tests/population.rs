//! Facts about what a pack says of its population, and of how its samples were drawn.

use calamine::{Data, Reader as _, Xlsx};

use super::*;
use crate::domain::deployment::{Explanation, Mark};
use crate::store::{Reply, SETTLED_AFTER};

/// The rows of a sheet, below its heading where it has one.
fn sheet(pack: &BTreeMap<String, Vec<u8>>, name: &str) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(pack[BOOK].clone())).unwrap();
    let range = book.worksheet_range(name).unwrap();
    let words = |row: &[Data]| row.iter().map(ToString::to_string).collect();
    range.rows().map(words).collect()
}

/// What stands beside a label on the sheet that tells of the population.
fn fact(pack: &BTreeMap<String, Vec<u8>>, label: &str) -> String {
    let rows = sheet(pack, "Population");
    let row = rows.iter().find(|row| row[0] == label);
    row.unwrap_or_else(|| panic!("{label}"))[1].clone()
}

fn about(pack: &BTreeMap<String, Vec<u8>>) -> serde_json::Value {
    serde_json::from_slice(&pack["verify/pack.json"]).unwrap()
}

fn sampled(pack: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    serde_json::from_value(about(pack)["samples"]["names"].clone()).unwrap()
}

fn readme(pack: &BTreeMap<String, Vec<u8>>) -> String {
    String::from_utf8(pack["README.txt"].clone()).unwrap()
}

/// Whatever an auditor does with a table.
fn as_csv(rows: &[Vec<String>]) -> String {
    let cell = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
    let line = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().join(",");
    rows.iter().map(line).collect::<Vec<_>>().join("\r\n")
}

impl World {
    /// A deployment that looks like an emergency which nobody declared, and the question
    /// about it.
    async fn doubted(&mut self, name: &str, reference: Option<ChangeNumber>) -> Option<u64> {
        let source = SourceName::new("github");
        let title = self.text(&format!("Try {name}"));
        let deployment = Deployment {
            title: Some(title),
            marks: [Mark::Bypassed].into(),
            reference,
            ..Deployment::new(source.clone(), name, Happening::Deployment, self.now)
        };
        let intake = Intake::new(source, vec![deployment]);
        let (counting, rules) = (Arc::new(Counting::default()), Arc::clone(&self.rules));
        let taken = self.store.take_in(intake, counting, rules, self.now);
        taken.await.unwrap();
        self.now += SETTLED_AFTER;
        self.store.sweep_deployments(self.now).await.unwrap();
        let asked = self.store.unasked(9).await.unwrap();
        asked.last().map(|question| question.id)
    }

    async fn answers(&mut self, question: u64, answer: Explanation) {
        let reply = Reply {
            answer,
            change: None,
            proof: None,
            by: UserId::new("U0RILEY001"),
        };
        let rules = Arc::clone(&self.rules);
        let done = self.store.answer_question(question, reply, rules, self.now);
        done.await.unwrap();
    }
}

#[tokio::test]
async fn by_the_recipe_anybody_draws_the_same_samples_from_the_change_log() {
    let mut world = World::lived().await;
    // Asked for and never deployed: it is listed, and never drawn.
    world.request("Rotate the key").await;
    world.later(60);
    world.checkpoint().await;
    for (stratum, n) in [
        (Stratum::All, 5),
        (Stratum::Emergency, 2),
        (Stratum::Normal, 3),
        (Stratum::Exceptions, 1),
        (Stratum::ExceptionsFirst, 4),
    ] {
        let which = Which::Drawn {
            size: (stratum != Stratum::Exceptions).then_some(n),
            seed: Some(20_261_015),
            stratum,
        };
        let pack = files(&world.pack(&which).unwrap());
        let drawn = sampled(&pack);
        assert_eq!(drawn.len(), n, "{stratum:?}");
        // By the words of the recipe.
        let mut rows = sheet(&pack, "Change Log");
        let heading = rows.remove(0);
        let place = |name: &str| heading.iter().position(|one| one == name).unwrap();
        let (change, kind, exceptions) = (place("Change"), place("Kind"), place("Exceptions"));
        assert!(rows.iter().any(|row| row[kind] == "Not deployed"));
        rows.retain(|row| match stratum {
            Stratum::Emergency => row[kind] == "Emergency",
            Stratum::Normal => ["Normal", "Standard"].contains(&row[kind].as_str()),
            _ => ["Emergency", "Normal", "Standard"].contains(&row[kind].as_str()),
        });
        if stratum == Stratum::Exceptions {
            rows.retain(|row| !row[exceptions].is_empty());
        }
        rows.sort_by_key(|row| {
            let rank = crate::evidence::sample::rank(20_261_015, &row[change]);
            let comes_later = stratum == Stratum::ExceptionsFirst && row[exceptions].is_empty();
            (comes_later, rank)
        });
        let by_hand: Vec<&String> = rows.iter().map(|row| &row[change]).take(n).collect();
        assert_eq!(by_hand, drawn.iter().collect::<Vec<_>>(), "{stratum:?}");
        // By the program of the README.
        std::fs::write(
            world.folder.path().join("log.csv"),
            as_csv(&sheet(&pack, "Change Log")),
        )
        .unwrap();
        let readme = readme(&pack);
        let from = readme.find("    import csv").unwrap();
        let program: String = readme[from..]
            .lines()
            .map_while(|line| line.strip_prefix("    "))
            .fold(String::new(), |all, line| all + line + "\n");
        let done = ran(Program::new("python3")
            .args(["-c", &program])
            .current_dir(world.folder.path()));
        if let Some(done) = done {
            let said = String::from_utf8(done.stdout).unwrap();
            assert_eq!(said.lines().collect::<Vec<_>>(), drawn, "{stratum:?}");
        }
        // And of the order stands where programs look for it.
        let order = &about(&pack)["samples"]["drawn"]["order"];
        let n_parts = if stratum == Stratum::ExceptionsFirst {
            2
        } else {
            1
        };
        assert_eq!(order.as_array().unwrap().len(), n_parts, "{order}");
    }
    world.store.close().await;
}

#[tokio::test]
async fn a_pack_says_whether_somebody_named_the_seed() {
    let world = World::lived().await;
    for (seed, is, words) in [
        (
            Some(7),
            "named",
            "seed 7 (named by whoever asked for the pack)",
        ),
        (
            None,
            "beginning of the checkpoint's root",
            "the beginning of the checkpoint's root, for nobody named one",
        ),
    ] {
        let pack = files(
            &world
                .pack(&Which::Drawn {
                    size: None,
                    seed,
                    stratum: Stratum::All,
                })
                .unwrap(),
        );
        assert_eq!(about(&pack)["samples"]["drawn"]["seed_is"], is);
        assert!(readme(&pack).contains(words), "{}", readme(&pack));
        assert!(fact(&pack, "Samples").contains(words));
    }
    world.store.close().await;
}

#[tokio::test]
async fn what_was_left_out_is_told_with_who_said_so_when_and_why() {
    let mut world = World::lived().await;
    let question = world.doubted("deploy/1", None).await.unwrap();
    world.answers(question, Explanation::NotProduction).await;
    let answered_at = world.now;
    world.later(60);
    let change = world.request("Block the address").await;
    world.later(1);
    world.deploy(change).await;
    world.doubted("deploy/2", Some(change)).await;
    // What counts, and is explained otherwise, isn't left out.
    let question = world.doubted("deploy/3", None).await.unwrap();
    world.answers(question, Explanation::Normal).await;
    world.later(60);
    let before = world.checkpoint().await;
    let question = world.doubted("deploy/4", None).await.unwrap();
    let last = world.checkpoint().await;
    world.later(1);
    world.answers(question, Explanation::NotProduction).await;
    world.checkpoint().await;

    let pack = files(&world.pack(&drawn(2)).unwrap());
    let rows = sheet(&pack, "Left out");
    let told: Vec<String> = rows[1..]
        .iter()
        .map(|row| format!("{}: {} [{}] {}", row[1], row[4], row[5], row[6]))
        .collect();
    assert_eq!(
        told,
        [
            "github deploy/1: It didn't go to production, by somebody's word [] U0RILEY001",
            &format!(
                "github deploy/2: It belongs to an emergency change, by its number or the change's ticket [{change}] "
            ),
            "github deploy/4: It didn't go to production, by somebody's word [] U0RILEY001",
        ]
    );
    assert_eq!(rows[1][8], "The branch's protection was bypassed");
    assert!(rows[1][9].is_empty());
    let said_at: Data = {
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(pack[BOOK].clone())).unwrap();
        let range = book.worksheet_range("Left out").unwrap();
        range.get((1, 7)).unwrap().clone()
    };
    let Data::DateTime(said_at) = said_at else {
        panic!("{said_at:?}")
    };
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
    let seconds = answered_at.timestamp() as f64;
    assert!(((said_at.as_f64() - 25_569.0) * 86_400.0 - seconds).abs() < 0.5);
    assert_eq!(
        fact(&pack, "Left out: no production, by somebody's word"),
        "2"
    );
    assert_eq!(
        fact(&pack, "Left out: of an emergency, by somebody's word"),
        "0"
    );
    assert_eq!(
        fact(&pack, "Left out: of an emergency, by number or ticket"),
        "1"
    );
    assert_eq!(about(&pack)["population"]["left_out"]["no_production"], 2);
    let logged: Vec<String> = sheet(&pack, "Change Log")
        .iter()
        .map(|row| row[7].clone())
        .collect();
    assert!(logged.contains(&"github deploy/3".to_owned()));
    for n in [1, 2, 4] {
        assert!(!logged.contains(&format!("github deploy/{n}")), "{n}");
    }

    // Of an older checkpoint what is left out since is said to be so; what wasn't told
    // by then isn't there.
    let pack = files(&world.pack_at(&drawn(2), Some(last)).unwrap());
    let rows = sheet(&pack, "Left out");
    assert_eq!(
        (rows.len(), rows[3][9].as_str()),
        (4, "Said after the checkpoint.")
    );
    let notes = sheet(&pack, "Population");
    assert!(
        notes
            .iter()
            .any(|row| row[0].starts_with("More was recorded after the checkpoint"))
    );
    let pack = files(&world.pack_at(&drawn(2), Some(before)).unwrap());
    assert_eq!(sheet(&pack, "Left out").len(), 3);
    world.store.close().await;
}

#[tokio::test]
async fn what_was_shown_to_be_normal_counts_as_such_at_any_checkpoint() {
    let mut world = World::lived().await;
    let named_so = Deployment {
        kind: Some(crate::domain::deployment::ChangeKind::Emergency),
        ..Deployment::new(
            SourceName::new("changes"),
            "release 9",
            Happening::Listed,
            world.now,
        )
    };
    let intake = Intake::new(named_so.source.clone(), vec![named_so]);
    let (counting, rules) = (Arc::new(Counting::default()), Arc::clone(&world.rules));
    let taken = world.store.take_in(intake, counting, rules, world.now);
    taken.await.unwrap();
    world.now += SETTLED_AFTER;
    world.store.sweep_deployments(world.now).await.unwrap();
    let question = world.store.unasked(9).await.unwrap()[0].id;
    world.answers(question, Explanation::Normal).await;
    let n = world.checkpoint().await;
    let kind = |pack: &[u8]| {
        let pack = files(pack);
        let rows = sheet(&pack, "Change Log");
        let row = rows.iter().find(|row| row[7] == "changes release 9");
        let counts = about(&pack)["population"]["normal"].clone();
        (row.unwrap()[8].clone(), counts)
    };
    let newest = kind(&world.pack(&drawn(1)).unwrap());
    assert_eq!(newest.0, "Normal");
    world.later(60);
    world.told(8).await;
    world.checkpoint().await;
    assert_eq!(kind(&world.pack_at(&drawn(1), Some(n)).unwrap()), newest);
    world.store.close().await;
}

#[tokio::test]
async fn an_older_checkpoint_has_the_weeks_as_they_were_known_then() {
    let mut world = World::lived().await;
    world.later(8 * 24 * 60);
    let n = world.checkpoint().await;
    let weeks = |pack: Vec<u8>| sheet(&files(&pack), "Rate by week");
    let before = weeks(world.pack_at(&drawn(1), Some(n)).unwrap());
    // A change of the first week is told of late, and one of its emergencies is none.
    let now = world.now;
    world.now = monday() + TimeDelta::hours(9);
    world.told(9).await;
    world.now = now + TimeDelta::hours(1);
    world.checkpoint().await;
    assert_eq!(weeks(world.pack_at(&drawn(1), Some(n)).unwrap()), before);
    assert_ne!(weeks(world.pack(&drawn(1)).unwrap()), before);
    world.store.close().await;
}

#[tokio::test]
async fn a_period_that_is_not_over_says_up_to_when_it_is_told() {
    let world = World::lived().await;
    let pack = files(&world.pack(&drawn(1)).unwrap());
    let words = "Told up to the checkpoint of 2026-10-05 ";
    assert!(readme(&pack).contains(words));
    let index = String::from_utf8(pack["index.html"].clone()).unwrap();
    assert!(index.contains(words));
    let notes = sheet(&pack, "Population");
    assert!(notes.iter().any(|row| row[0].starts_with(words)));
    assert_ne!(
        fact(&pack, "Told up to (UTC)"),
        fact(&pack, "Up to, and not with (UTC)")
    );
    // Of days that are over nothing of the sort is said.
    let on = world.pack_of((day("2026-10-01"), day("2026-10-04")), &drawn(1), None);
    let pack = files(&on.unwrap());
    assert!(!readme(&pack).contains("Told up to"));
    world.store.close().await;
}

#[tokio::test]
async fn normal_changes_are_named_by_their_names_and_others_than_the_periods_are_refused() {
    let world = World::lived().await;
    let named = |names: &[&str]| Which::Named(names.iter().map(|&one| one.to_owned()).collect());
    let pack = world.pack(&named(&["github acme/web/pull/2", "CHG-1001"]));
    let pack = files(&pack.unwrap());
    assert_eq!(sampled(&pack), ["github acme/web/pull/2", "CHG-1001"]);
    let path = world.folder.path().join("named.zip");
    std::fs::write(&path, zipped(&pack)).unwrap();
    by_rust(&path).unwrap();
    let before = (day("2026-09-01"), day("2026-09-30"));
    for name in ["CHG-1001", "github acme/web/pull/2", "nothing"] {
        let refused = world.pack_of(before, &named(&[name]), None).unwrap_err();
        assert!(
            refused.to_string().starts_with(&format!(
                "{name} isn't in the change log of 2026-09-01 to 2026-09-30"
            )),
            "{refused}"
        );
    }
    world.store.close().await;
}
