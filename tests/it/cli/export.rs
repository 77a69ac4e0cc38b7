//! `breakglass export`: everything, in forms that others read without us.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use breakglass::domain::deployment::{Deployment, Happening, SourceName};
use breakglass::domain::merkle::{Frontier, leaf_hash};
use breakglass::evidence::checkpoint::Checkpoint;
use breakglass::evidence::note::{SignedNote, VerifierKey};
use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::evidence::{Desk, LEAKED, ended, lived};
use super::rate::{MONDAY, at, quarter, register};
use super::{Ended, program, run};
use crate::world::{CHANNEL, World};

const LOG: &str = "40 samples, 40 blocked\n";

/// All files below a folder, by their names in it.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        for entry in std::fs::read_dir(folder.join(&inner)).unwrap() {
            let entry = entry.unwrap();
            let name = inner.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(name);
            } else {
                found.insert(name.to_str().unwrap().to_owned());
            }
        }
    }
    found
}

/// Sam takes the token out of what was asked for.
async fn redact(world: &mut World) {
    let mut facts = world.facts();
    facts.retain(|fact| fact.kind == "requested");
    let what = facts[0].data["what"].clone();
    world.slash("sam", "redact CHG-1001").await;
    world.hand.modal("sam").await.unwrap();
    let reason = json!("A token was pasted; it is revoked.");
    let values = [("texts", json!([what])), ("reason", reason)];
    world.send_in("sam", &values).await;
}

#[tokio::test]
async fn everything_is_there_in_forms_that_others_read() {
    let mut world = lived().await;
    let card = world.text("SELECT ts FROM outbox WHERE key = 'card:CHG-1002'");
    let shared = json!([{"name": "waf-test.log", "content": LOG}]);
    world.share("dana", CHANNEL, &card, "", shared).await;
    redact(&mut world).await;
    let desk = Desk::of(&world);
    let made = desk.run(&["export", "--out", "all"]).await;
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(
        made.out.starts_with(
            "all: 2 emergency changes, 1 attached file, 3 lines of what sources told, "
        ),
        "{made:?}"
    );
    let all = desk.path("all");
    let text = |name: &str| std::fs::read_to_string(all.join(name)).unwrap();
    let object = |name: &str| -> Value { serde_json::from_str(&text(name)).unwrap() };
    let found = files(&all);

    let schema = object("record.schema.json");
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    for number in ["CHG-1001", "CHG-1002"] {
        let record = object(&format!("emergencies/{number}.json"));
        assert_eq!(record["number"], number);
        let faults: Vec<String> = schema
            .iter_errors(&record)
            .map(|fault| fault.to_string())
            .collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
    let sha256 = hex::encode(Sha256::digest(LOG));
    assert_eq!(text(&format!("attachments/{sha256}")), LOG);
    assert!(text("emergencies/CHG-1002.json").contains(&sha256));
    // What was taken out is nowhere, and that it was is there.
    let taken = object("emergencies/CHG-1001.json")["redactions"].clone();
    assert!(!taken.as_array().unwrap().is_empty(), "{taken}");
    for name in &found {
        let bytes = std::fs::read(all.join(name)).unwrap();
        let mut parts = bytes.windows(LEAKED.len());
        assert!(!parts.any(|part| part == LEAKED.as_bytes()), "{name}");
    }

    let list = text("changes.csv");
    assert_eq!(list.lines().count(), 4, "{list}");
    assert!(list.starts_with("deployed_at,system,title,author,source,external_id,"));
    assert!(list.contains("2026-03-13T09:00:00Z,,Add thing 1,lee,ledger,R-1,"));

    let mut frontier = Frontier::default();
    for leaf in text("log/records.jsonl").lines() {
        serde_json::from_str::<Value>(leaf).unwrap();
        frontier.append(leaf_hash(leaf.as_bytes()));
    }
    let mut names = found.iter();
    let newest = names.rfind(|name| name.starts_with("log/checkpoints/"));
    let newest = newest.unwrap();
    let note: SignedNote = text(newest).parse().unwrap();
    let key: VerifierKey = text("log/key.txt").trim_end().parse().unwrap();
    note.verified_by(&[&key]).unwrap();
    let checkpoint = Checkpoint::of(&note).unwrap();
    let read = (frontier.size(), frontier.root());
    assert_eq!(read, (checkpoint.size, checkpoint.root));
    let n_records = world.count("SELECT count(*) FROM event");
    assert_eq!(
        checkpoint.size, n_records,
        "the bot was asked for a new one"
    );

    let policy = world.text("SELECT CAST(bytes AS TEXT) FROM policy WHERE version = 1");
    assert_eq!(text("policies/0001.toml"), policy);

    let listed: BTreeSet<String> = text("SHA256SUMS")
        .lines()
        .map(|line| line.split_once("  ").unwrap().1.to_owned())
        .chain(["SHA256SUMS".to_owned()])
        .collect();
    assert_eq!(listed, found);
    let checked = run(Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(&all));
    assert_eq!(checked.code, Some(0), "{checked:?}");

    // Nothing that is there is touched.
    desk.run(&["export", "--out", "all"])
        .await
        .failed_saying(&["all is there already"]);
    std::fs::create_dir(desk.path("other.part")).unwrap();
    std::fs::write(desk.path("other.part/mine"), "a").unwrap();
    desk.run(&["export", "--out", "other"])
        .await
        .failed_saying(&["other.part is there"]);
    assert_eq!(desk.left(), ["all", "other.part"]);
    assert!(desk.path("other.part/mine").exists());
    ended(world).await;
}

/// Exports where a file may have so many blocks of 512 bytes.
fn limited(folder: &Path, blocks: u32) -> Ended {
    let limits = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let plain = program(folder);
    let mut command = Command::new("sh");
    command
        .args(["-c", &limits])
        .arg(plain.get_program())
        .args(["export", "--out", "all"])
        .env_clear()
        .current_dir(folder);
    run(&mut command)
}

fn rate(folder: &Path) -> Vec<Value> {
    let arguments = ["rate", "--json", "--as-of", "2026-03-15"];
    let said = run(program(folder).args(arguments));
    assert_eq!(said.code, Some(0), "{said:?}");
    let said: Value = serde_json::from_str(&said.out).unwrap();
    let windows = said["windows"].as_array().unwrap();
    windows
        .iter()
        .map(|one| json!([one["from"], one["n_changes"], one["n_emergencies"]]))
        .collect()
}

/// A quarter's list, and one change of which a deployment and a merge were told.
fn told() -> Vec<Deployment> {
    let mut told = quarter();
    let happened = at(MONDAY) + TimeDelta::hours(30);
    for (id, happening, minutes) in [
        ("pull/7", Happening::Merge, 0),
        ("deployment/3", Happening::Deployment, 10),
    ] {
        let at = happened + TimeDelta::minutes(minutes);
        told.push(Deployment {
            commit: Some("5f3c0de1a2b3c4d5e6f708192a3b4c5d6e7f8091".to_owned()),
            title: None,
            ..Deployment::new(SourceName::new("github"), id.to_owned(), happening, at)
        });
    }
    told
}

#[test]
fn what_sources_told_is_taken_in_again_and_counts_the_same() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    register(old.path(), &["T0ONE"], &told());
    register(new.path(), &["T0TWO"], &[]);
    let made = run(program(old.path()).args(["export", "--out", "all"]));
    assert_eq!(made.code, Some(0), "{made:?}");
    assert_ne!(rate(old.path()), rate(new.path()));
    let list = old.path().join("all/changes.csv");
    let taken = run(program(new.path()).arg("import").arg(list));
    assert_eq!(taken.code, Some(0), "{taken:?}");
    assert_eq!(rate(old.path()), rate(new.path()));
}

#[test]
fn a_full_disk_ends_with_one_sentence_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    register(folder.path(), &["T0ONE"], &quarter());
    // The key and the checkpoint are there then, and nothing is written but the export.
    let made = run(program(folder.path()).args(["export", "--out", "first"]));
    assert_eq!(made.code, Some(0), "{made:?}");
    // Enough for what SQLite has beside a database, and for some of the files.
    for blocks in [65, 80] {
        limited(folder.path(), blocks).failed_saying(&["can't be written: "]);
        let half = ["all", "all.part"].map(|name| folder.path().join(name).exists());
        assert_eq!(half, [false, false], "{blocks}");
    }
}
