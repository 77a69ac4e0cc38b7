//! `breakglass backup` and `breakglass restore`, from outside.

use std::os::unix::fs::PermissionsExt as _;

use breakglass::sandbox::hand::Hand;
use serde_json::{Value, json};

use super::{Ended, Sandbox};

const KEY: &str = "T0BREAK01.key";

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Ended {
    let mut command = super::program(sandbox.folder());
    sandbox.run(command.args(arguments))
}

fn request(sandbox: &Sandbox, what: &str) {
    let answered = sandbox.act(
        "slash",
        json!({"as": "dana", "channel": "#inc-auth-outage", "command": "/emergency",
                "text": format!("{what} @morgan")}),
    );
    assert_eq!(answered["status"], "acknowledged", "{answered}");
}

/// Where the card of a change stands, once it does.
fn card(sandbox: &Sandbox, number: &str) -> String {
    let hand = Hand::on(sandbox.told("control")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    loop {
        let seen = hand.transcript("morgan", "#inc-auth-outage");
        let seen = runtime.block_on(seen).unwrap();
        let is_it = |one: &&Value| one["text"].as_str().unwrap().starts_with(number);
        if let Some(card) = seen.iter().find(is_it) {
            return card["ts"].as_str().unwrap().to_owned();
        }
    }
}

/// Morgan authorizes by the button on a card.
fn press(sandbox: &Sandbox, ts: &str) {
    let answered = sandbox.act(
        "click",
        json!({"as": "morgan", "channel": "#inc-auth-outage", "ts": ts, "action_id": "authorize"}),
    );
    assert_eq!(answered["status"], "acknowledged", "{answered}");
}

fn verify(sandbox: &Sandbox, database: &str) -> Ended {
    run(sandbox, &["verify", "--database", database, "--deep"])
}

fn names(sandbox: &Sandbox) -> Vec<String> {
    let entries = sandbox.folder().read_dir().unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_backup_made_beside_the_bot_is_whole_and_holds_what_was_acknowledged() {
    let sandbox = Sandbox::start();
    let bot = sandbox.serve();
    request(&sandbox, "Deploy WAF rule");
    let made = run(&sandbox, &["backup", "a.backup"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(
        made.out.contains("a.backup: ") && made.out.contains("T0BREAK01: "),
        "{made:?}"
    );
    assert!(made.out.contains("The key isn't in it."), "{made:?}");
    // The bot goes on as if nothing was.
    request(&sandbox, "Deploy another rule");
    assert_eq!(bot.end("TERM"), Some(0));
    let path = sandbox.folder().join("a.backup");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let verdict = verify(&sandbox, "a.backup");
    assert_eq!(verdict.code, Some(0), "{verdict:?}");
    let held: String = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT group_concat(body) FROM text", [], |row| row.get(0))
        .unwrap();
    assert!(
        held.contains("Deploy WAF rule") && !held.contains("another"),
        "{held}"
    );
    assert!(
        !names(&sandbox)
            .iter()
            .any(|name| name.contains(".part") || name.contains("backup.lock"))
    );
    run(&sandbox, &["backup", "a.backup"]).failed_saying(&["a.backup", "is there already"]);
}

#[test]
fn a_restored_bot_goes_on_with_its_key() {
    let sandbox = Sandbox::start();
    let bot = sandbox.serve();
    request(&sandbox, "Deploy WAF rule");
    assert_eq!(bot.end("TERM"), Some(0));
    let made = run(&sandbox, &["backup", "--with-key", "a.backup"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let key = sandbox.folder().join(format!("a.backup.{KEY}"));
    assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    run(&sandbox, &["restore", "a.backup"])
        .failed_saying(&["breakglass.db is there already", "--database"]);
    let bot = sandbox.serve();
    request(&sandbox, "What the backup doesn't know");
    let forgotten = card(&sandbox, "CHG-1002");
    assert_eq!(bot.end("TERM"), Some(0));
    for name in names(&sandbox) {
        if name.starts_with("breakglass.db") {
            std::fs::remove_file(sandbox.folder().join(name)).unwrap();
        }
    }
    let restored = run(&sandbox, &["restore", "a.backup"]);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    assert!(!restored.out.contains("isn't beside it"), "{restored:?}");
    assert!(
        restored.out.contains("number is 100 higher"),
        "{restored:?}"
    );
    let bot = sandbox.serve();
    request(&sandbox, "Deploy another rule");
    let ts = card(&sandbox, "CHG-1102");
    press(&sandbox, &ts);
    // What became of the one that nobody knows any more stays in Slack, and acts on none.
    press(&sandbox, &forgotten);
    assert_eq!(bot.end("TERM"), Some(0));
    let authorized: String = rusqlite::Connection::open(sandbox.folder().join("breakglass.db"))
        .unwrap()
        .query_row(
            "SELECT group_concat(change) FROM event WHERE instr(CAST(leaf AS TEXT), '\"type\":\"authorized\"') > 0",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(authorized, "1102");
    let verdict = verify(&sandbox, "breakglass.db");
    assert_eq!(verdict.code, Some(0), "{verdict:?}");
}

#[test]
fn without_the_key_it_says_where_that_belongs() {
    let sandbox = Sandbox::start();
    assert_eq!(sandbox.serve().end("TERM"), Some(0));
    let made = run(&sandbox, &["backup", "a.backup"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let restored = run(&sandbox, &["restore", "a.backup", "--database", "other.db"]);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    assert!(
        restored
            .out
            .contains(&format!("put the file back as other.db.{KEY}")),
        "{restored:?}"
    );
}

#[test]
fn a_drill_says_how_long_it_took_and_leaves_nothing_behind() {
    let sandbox = Sandbox::start();
    let bot = sandbox.serve();
    request(&sandbox, "Deploy WAF rule");
    let made = run(&sandbox, &["backup", "a.backup"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let before = names(&sandbox);
    let scratch = tempfile::tempdir().unwrap();
    let mut command = super::program(sandbox.folder());
    command.env("TMPDIR", scratch.path());
    let drilled = sandbox.run(command.args(["restore", "a.backup", "--drill"]));
    assert_eq!(drilled.code, Some(0), "{drilled:?}");
    assert!(drilled.out.contains("It was restored in "), "{drilled:?}");
    assert_eq!(scratch.path().read_dir().unwrap().count(), 0);
    assert_eq!(names(&sandbox), before);
    assert_eq!(bot.end("TERM"), Some(0));
    run(&sandbox, &["restore", "--drill"]).failed_saying(&["no nightly ones are configured"]);
}

#[test]
fn a_backup_that_is_torn_altered_or_newer_is_not_restored() {
    let sandbox = Sandbox::start();
    let bot = sandbox.serve();
    request(&sandbox, "Deploy WAF rule");
    assert_eq!(bot.end("TERM"), Some(0));
    assert_eq!(run(&sandbox, &["backup", "a.backup"]).code, Some(0));
    let whole = std::fs::read(sandbox.folder().join("a.backup")).unwrap();
    std::fs::write(sandbox.folder().join("torn"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(sandbox.folder().join("altered"), &whole).unwrap();
    rusqlite::Connection::open(sandbox.folder().join("altered"))
        .unwrap()
        .execute_batch("UPDATE change SET requester = 'U0GUS00001'")
        .unwrap();
    std::fs::write(sandbox.folder().join("newer"), &whole).unwrap();
    rusqlite::Connection::open(sandbox.folder().join("newer"))
        .unwrap()
        .execute_batch("PRAGMA user_version = 99")
        .unwrap();
    sandbox.write("foreign", "nothing of the sort");
    for (backup, said) in [
        ("torn", "damaged"),
        ("altered", "CHG-1001 isn't what its records say"),
        ("newer", "written by a newer Breakglass"),
        ("foreign", "is not a Breakglass database"),
        ("none", "there is no none"),
    ] {
        let refused = run(&sandbox, &["restore", backup, "--database", "back.db"]);
        refused.failed_saying(&[said]);
        assert!(
            !names(&sandbox)
                .iter()
                .any(|name| name.starts_with("back.db")),
            "{backup}"
        );
    }
}
