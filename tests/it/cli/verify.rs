//! `breakglass verify` and `breakglass key`: the verdict from outside.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::{Ended, Sandbox};

const KEY: &str = "breakglass.db.T0BREAK01.key";

/// A workspace whose bot has recorded a request and was stopped.
fn lived_in() -> Sandbox {
    let sandbox = Sandbox::start();
    let bot = sandbox.serve();
    let answered = sandbox.act(
        "slash",
        json!({"as": "dana", "channel": "#inc-auth-outage", "command": "/emergency",
                "text": "Deploy WAF rule @morgan"}),
    );
    assert_eq!(answered["status"], "acknowledged", "{answered}");
    assert_eq!(bot.end("TERM"), Some(0));
    sandbox
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Ended {
    let mut command = super::program(sandbox.folder());
    sandbox.run(command.args(arguments))
}

fn verify(sandbox: &Sandbox, arguments: &[&str]) -> (Ended, Value) {
    let mut all = vec!["verify", "--database", "breakglass.db", "--deep", "--json"];
    all.extend(arguments);
    let ended = run(sandbox, &all);
    let verdict = serde_json::from_str(&ended.out).unwrap_or(Value::Null);
    (ended, verdict)
}

fn tamper(sandbox: &Sandbox, sql: &str) {
    let path = sandbox.folder().join("breakglass.db");
    rusqlite::Connection::open(path)
        .unwrap()
        .execute_batch(sql)
        .unwrap();
}

#[test]
fn a_record_that_is_what_it_was_verifies_and_one_that_is_not_is_told() {
    let sandbox = lived_in();
    let (ended, verdict) = verify(&sandbox, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(verdict["holds"], true);
    assert_eq!(verdict["logs"][0]["workspace"], "T0BREAK01");
    assert!(verdict["logs"][0]["checkpoints"].as_u64().unwrap() >= 1);
    let words = run(&sandbox, &["verify", "--database", "breakglass.db"]);
    assert!(words.out.starts_with("✓ T0BREAK01: all "), "{words:?}");
    assert!(words.out.contains("What this can't say:"), "{words:?}");
    tamper(
        &sandbox,
        "DROP TRIGGER event_is_never_updated;
         UPDATE event SET leaf = CAST(replace(CAST(leaf AS TEXT), 'U0DANA', 'U0GUS0') AS BLOB)
         WHERE instr(leaf, '\"requested\"') > 0",
    );
    let (ended, verdict) = verify(&sandbox, &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(verdict["holds"], false);
    let fault = &verdict["logs"][0]["fault"];
    assert_eq!(fault["sort"], "altered");
    assert_eq!(fault["record"]["change"], "CHG-1001");
    assert_eq!(fault["record"]["type"], "requested");
    let words = run(&sandbox, &["verify", "--database", "breakglass.db"]);
    assert!(
        words.out.starts_with("✗ T0BREAK01: altered: record "),
        "{words:?}"
    );
    assert_eq!(words.err.lines().count(), 1, "{words:?}");
}

#[test]
fn what_somebody_kept_and_the_expected_key_are_read_from_files() {
    let sandbox = lived_in();
    let path = sandbox.folder().join("breakglass.db");
    let note: String = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT note FROM checkpoint ORDER BY n DESC", [], |row| {
            row.get(0)
        })
        .unwrap();
    sandbox.write("kept.txt", &note);
    let doctor = sandbox.run(&mut sandbox.installed("doctor"));
    let key = doctor
        .out
        .lines()
        .find(|line| line.contains("✓ key: the log is signed by breakglass/T0BREAK01+"))
        .unwrap_or_else(|| panic!("{doctor:?}"));
    sandbox.write("key.txt", key);
    let (ended, verdict) = verify(&sandbox, &["--witness", "kept.txt", "--key", "key.txt"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(verdict["logs"][0]["key_expected"], true);
    assert!(verdict["logs"][0]["witnessed"]["records"].as_u64().unwrap() > 0);
    let (ended, _) = verify(
        &sandbox,
        &[
            "--key",
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        ],
    );
    assert_eq!(ended.code, Some(1), "{ended:?}");
    sandbox.write("other.txt", "nothing of the sort");
    run(
        &sandbox,
        &[
            "verify",
            "--database",
            "breakglass.db",
            "--witness",
            "other.txt",
        ],
    )
    .failed_saying(&["other.txt is no witness", "Log: 1,234 records"]);
    run(&sandbox, &["verify", "--database", "none.db"]).failed_saying(&["there is no none.db"]);
}

#[test]
fn a_bot_whose_key_others_may_read_does_not_start() {
    let sandbox = lived_in();
    let key = sandbox.folder().join(KEY);
    assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = sandbox.run(&mut sandbox.installed("serve"));
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("chmod 600"), "{refused:?}");
}

#[test]
fn a_key_is_rotated_and_a_lost_one_replaced_on_record() {
    let sandbox = lived_in();
    let (_, before) = verify(&sandbox, &[]);
    let old = before["logs"][0]["key"].as_str().unwrap().to_owned();
    let rotated = run(&sandbox, &["key", "rotate", "--database", "breakglass.db"]);
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    assert!(
        rotated.out.contains(&format!("before: {old}")),
        "{rotated:?}"
    );
    let (ended, after) = verify(&sandbox, &["--key", &old]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_ne!(after["logs"][0]["key"], old.as_str());
    assert_eq!(sandbox.serve().end("TERM"), Some(0));
    std::fs::remove_file(sandbox.folder().join(KEY)).unwrap();
    let refused = sandbox.run(&mut sandbox.installed("serve"));
    assert!(
        refused.err.contains("breakglass key rotate --lost"),
        "{refused:?}"
    );
    let lost = run(
        &sandbox,
        &["key", "rotate", "--lost", "--database", "breakglass.db"],
    );
    assert_eq!(lost.code, Some(0), "{lost:?}");
    assert_eq!(sandbox.serve().end("TERM"), Some(0));
    let (ended, _) = verify(&sandbox, &["--key", &old]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let (ended, _) = verify(&sandbox, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
