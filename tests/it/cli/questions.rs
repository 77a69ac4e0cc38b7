//! What is asked of the record by `breakglass evidence --list`, and what `breakglass
//! verify` says of files that are no packs.

use serde_json::{Value, json};

use super::evidence::{Desk, LEAKED, PERIOD, ended, lived, read};
use crate::world::World;

#[tokio::test]
async fn the_auditors_questions_are_answered_as_text_and_as_json() {
    let world = lived().await;
    let desk = Desk::of(&world);
    let asked = async |arguments: &[&str]| -> (String, Value) {
        let mut all = vec!["evidence"];
        all.extend(arguments);
        let words = desk.run(&all).await;
        assert_eq!(words.code, Some(0), "{words:?}");
        all.push("--json");
        let machine = desk.run(&all).await;
        assert_eq!(machine.code, Some(0), "{machine:?}");
        (words.out, read(machine.out.as_bytes()))
    };
    let whose = |said: &Value| -> Vec<String> {
        let lines = said.as_array().unwrap().iter();
        lines
            .map(|line| line["who"].as_str().unwrap().to_owned())
            .collect()
    };
    let (words, said) = asked(&["--list", "deployed", "--on", "2026-03-14"]).await;
    assert_eq!(whose(&said), ["CHG-1001", "CHG-1002"]);
    assert_eq!(words.lines().count(), 2, "{words}");
    assert!(words.contains("Restart the queue"), "{words}");
    let list = [&["--list", "deployed"], &PERIOD[..]].concat();
    let (_, said) = asked(&list).await;
    assert_eq!(
        whose(&said),
        [
            "ledger R-1",
            "ledger R-2",
            "ledger R-3",
            "CHG-1001",
            "CHG-1002"
        ]
    );
    for (question, answer) in [
        ("unapproved", "not approved"),
        ("unauthorized-before-deployment", "not authorized"),
    ] {
        let list = [&["--list", question], &PERIOD[..]].concat();
        let (words, said) = asked(&list).await;
        assert_eq!(whose(&said), ["CHG-1002"], "{question}");
        assert_eq!(said[0]["more"], answer);
        assert!(words.contains(&format!("[{answer}]")), "{words}");
    }
    let (words, said) = asked(&["--list", "unapproved", "--on", "2026-03-10"]).await;
    assert_eq!((words.as_str(), said), ("None.\n", json!([])));
    let (words, said) = asked(&["--change", "CHG-1001", "--list"]).await;
    let facts = world.facts();
    let n_facts = facts
        .iter()
        .filter(|fact| fact.change == Some(1001))
        .count();
    assert_eq!(said.as_array().unwrap().len(), n_facts);
    assert_eq!(words.lines().count(), said.as_array().unwrap().len());
    let first = words.lines().next().unwrap();
    assert!(first.contains(LEAKED), "{first}");
    assert!(said.to_string().contains("Replayed 40 attack samples"));
    for (arguments, fault) in [
        (&["--list", "deployed"][..], "name the day with --on"),
        (&["--list"][..], "name the changes with --change"),
        (
            &["--list", "--change", "CHG-1009"][..],
            "there is no CHG-1009",
        ),
        (
            &["--list", "--change", "seven"][..],
            "they look like CHG-1042",
        ),
    ] {
        let all = [&["evidence"], arguments].concat();
        desk.run(&all).await.failed_saying(&[fault]);
    }
    ended(world).await;
}

#[tokio::test]
async fn a_question_only_reads_and_is_answered_by_what_has_just_happened() {
    let mut world = lived().await;
    let desk = Desk::of(&world);
    world.slash("dana", "deployed CHG-1002").await;
    let count = |world: &World| {
        let log = world.count("SELECT count(*) FROM event");
        (log, world.count("SELECT count(*) FROM checkpoint"))
    };
    let before = count(&world);
    let covered = world.count("SELECT max(size) FROM checkpoint");
    assert!(covered < before.0, "something is news to the checkpoints");
    let told = desk
        .run(&["evidence", "--list", "--change", "CHG-1002", "--json"])
        .await;
    assert_eq!(told.code, Some(0), "{told:?}");
    let n_told = read(told.out.as_bytes()).as_array().unwrap().len();
    let of_it = world.facts();
    let of_it = of_it.iter().filter(|fact| fact.change == Some(1002));
    assert_eq!(n_told, of_it.count());
    let deployed = [&["evidence", "--list", "deployed"], &PERIOD[..]].concat();
    assert_eq!(desk.run(&deployed).await.code, Some(0));
    assert_eq!(count(&world), before);
    ended(world).await;
}

#[tokio::test]
async fn a_file_that_is_not_there_or_no_pack_is_said_to_be_that_and_nothing_worse() {
    let world = lived().await;
    let desk = Desk::of(&world);
    std::fs::write(desk.path("letter.zip"), "Dear auditor").unwrap();
    for (name, said) in [
        ("pakc.zip", "pakc.zip can't be read"),
        ("letter.zip", "letter.zip can't be opened as a zip"),
    ] {
        let ended = desk.run(&["verify", name]).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        ended.says(&[said]);
        assert!(!ended.err.contains("keep the file"), "{ended:?}");
        assert!(!ended.err.contains("doesn't hold"), "{ended:?}");
    }
    ended(world).await;
}
