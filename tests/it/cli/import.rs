//! `breakglass import`: every line has its fate, beside a bot and without one.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Value, json};

use super::{Ended, Sandbox, Serving, program, run};
use crate::world::port::Port;

const WORD: &str = "a-long-enough-word-for-changes";

/// A workspace whose bot ran once, so that its register is there.
fn known() -> Sandbox {
    let sandbox = Sandbox::start();
    assert_eq!(sandbox.serve().end("TERM"), Some(0));
    sandbox
}

fn import(sandbox: &Sandbox, arguments: &[&str]) -> Ended {
    sandbox.run(program(sandbox.folder()).arg("import").args(arguments))
}

/// The program beside a bot that listens on this address.
fn beside(sandbox: &Sandbox, port: &Port) -> Command {
    let mut command = program(sandbox.folder());
    command
        .arg("import")
        .env("BREAKGLASS_LISTEN", port.address.to_string());
    command
}

/// Starts the bot on this address, with or without a door for lists.
fn serve(sandbox: &Sandbox, port: &Port, word: Option<&str>) -> Serving {
    let mut command = sandbox.installed("serve");
    command.env("BREAKGLASS_LISTEN", port.address.to_string());
    if let Some(word) = word {
        command.env("BREAKGLASS_CHANGES_TOKEN", word);
    }
    sandbox.serve_with(&mut command)
}

fn port() -> Port {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _entered = runtime.enter();
    Port::take().unwrap()
}

/// A list of so many changes; every line of which the number is in `bad` has no zone.
fn list(n: u64, bad: impl Fn(u64) -> bool) -> String {
    let mut text = String::from("deployed_at,source,external_id,title\n");
    for line in 2..n + 2 {
        let zone = if bad(line) { "" } else { "Z" };
        writeln!(text, "2026-01-02T03:04:05{zone},ops,{line},Change {line}").unwrap();
    }
    text
}

fn count(sandbox: &Sandbox, sql: &str) -> u64 {
    rusqlite::Connection::open(sandbox.folder().join("breakglass.db"))
        .unwrap()
        .query_row(sql, [], |row| row.get(0))
        .unwrap()
}

const COUNTED: &str =
    "SELECT count(*) FROM deployment WHERE id = leader AND counted_at IS NOT NULL";

fn object(ended: &Ended) -> Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

#[test]
fn a_list_is_taken_in_once_however_often_it_is_imported() {
    let sandbox = known();
    sandbox.write("list.csv", &list(2_500, |_| false));
    let ended = import(&sandbox, &["list.csv"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.out, "list.csv: 2500 counted\n");
    assert_eq!(ended.err, "", "nobody watches, so nothing is drawn");
    let ended = import(&sandbox, &["list.csv"]);
    assert_eq!(ended.out, "list.csv: 0 counted, 2500 known before\n");
    assert_eq!(count(&sandbox, COUNTED), 2_500);
    // The log of it verifies, and the bot starts again.
    let doctor = sandbox.run(&mut sandbox.installed("doctor"));
    assert!(doctor.out.contains("✓ log: all "), "{doctor:?}");
    assert_eq!(sandbox.serve().end("TERM"), Some(0));
}

#[test]
fn bad_lines_are_told_by_number_and_reason_and_the_rest_is_taken() {
    let sandbox = known();
    sandbox.write("list.csv", &list(100, |line| line % 4 == 0));
    let ended = import(&sandbox, &["list.csv"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.out, "list.csv: 75 counted, 25 not readable\n");
    let said: Vec<_> = ended.err.lines().collect();
    assert_eq!(said.len(), 22, "{ended:?}");
    assert_eq!(
        said[0],
        "line 4: `deployed_at` has no zone; write `2026-01-02T03:04:05Z` for UTC, or the offset in place of the Z"
    );
    assert!(said[19].starts_with("line 80: "));
    assert_eq!(said[20], "and 5 more; --json names them all");
    assert!(said[21].starts_with("breakglass: 25 lines couldn't be read; mend them"));
    let ended = import(&sandbox, &["list.csv", "--json"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
    let said = object(&ended);
    let bad = said["bad"].as_array().unwrap();
    assert_eq!((bad.len(), &bad[24]["line"]), (25, &json!(100)));
    assert!(bad[0]["reason"].as_str().unwrap().contains("no zone"));
    assert_eq!(
        (
            &said["counted"],
            &said["duplicate"],
            &said["n_bad"],
            &said["line"]
        ),
        (&json!(0), &json!(75), &json!(25), &json!(101))
    );
    assert_eq!(said["go_on_from_line"], Value::Null);
    // Mended, it is imported again as a whole.
    sandbox.write("list.csv", &list(100, |_| false));
    let ended = import(&sandbox, &["list.csv"]);
    assert_eq!(ended.out, "list.csv: 25 counted, 75 known before\n");
    assert_eq!(ended.code, Some(0));
}

#[test]
fn an_import_goes_on_from_a_line() {
    let sandbox = known();
    sandbox.write("list.csv", &list(30, |line| line == 5));
    let ended = import(&sandbox, &["list.csv", "--from-line", "11"]);
    assert_eq!(
        (ended.code, &*ended.out),
        (Some(0), "list.csv: 21 counted\n")
    );
    assert_eq!(
        count(&sandbox, "SELECT min(external_id + 0) FROM deployment"),
        11
    );
}

#[test]
fn a_list_that_cannot_be_read_says_why_and_nothing_is_taken() {
    let sandbox = known();
    import(&sandbox, &["nowhere.csv"]).failed_saying(&["nowhere.csv", "name another file"]);
    sandbox.write("list.csv", "");
    import(&sandbox, &["list.csv"]).failed_saying(&["the file is empty", "deployed_at,system"]);
    sandbox.write("list.csv", "deployed_at;source;external_id\n");
    import(&sandbox, &["list.csv"]).failed_saying(&["semicolons", "save the file with commas"]);
    sandbox.write("list.csv", "deployed_at,source\n");
    import(&sandbox, &["list.csv"]).failed_saying(&["no column `external_id`"]);
    let ended = import(&sandbox, &["list.csv", "--json"]);
    assert_eq!(
        (ended.code, &object(&ended)["counted"]),
        (Some(1), &json!(0))
    );
    for arguments in [&["import"][..], &["import", "a.csv", "--from-line", "x"]] {
        let ended = run(program(sandbox.folder()).args(arguments));
        assert_eq!(ended.code, Some(2), "{ended:?}");
    }
    assert_eq!(count(&sandbox, "SELECT count(*) FROM deployment"), 0);
}

#[test]
fn nobodys_list_is_not_taken_in() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("list.csv"), list(1, |_| false)).unwrap();
    let ended = run(program(folder.path()).args(["import", "list.csv"]));
    ended.failed_saying(&["breakglass.db has no register yet", "breakglass serve"]);
    assert!(!folder.path().join("breakglass.db").exists());
}

#[test]
fn a_running_bot_is_handed_the_list_if_it_has_a_door_for_it() {
    let sandbox = known();
    let port = port();
    sandbox.write("list.csv", &list(2_500, |line| line == 7));
    let import = |word: Option<&str>| {
        let mut command = beside(&sandbox, &port);
        command.arg("list.csv");
        if let Some(word) = word {
            command.env("BREAKGLASS_CHANGES_TOKEN", word);
        }
        sandbox.run(&mut command)
    };
    let bot = serve(&sandbox, &port, None);
    let holder = format!("process {}", bot.id());
    import(None).failed_saying(&["in use", &holder, "set BREAKGLASS_CHANGES_TOKEN", "stop it"]);
    let ended = import(Some(WORD));
    assert_eq!(ended.code, Some(1));
    ended.says(&["started without BREAKGLASS_CHANGES_TOKEN", "--from-line 1"]);
    assert_eq!(bot.end("TERM"), Some(0));

    let bot = serve(&sandbox, &port, Some(WORD));
    let ended = import(Some("another-long-enough-word"));
    ended.says(&["another BREAKGLASS_CHANGES_TOKEN", "--from-line 1"]);
    let ended = import(Some(WORD));
    assert_eq!(
        ended.out, "list.csv: 2499 counted, 1 not readable\n",
        "{ended:?}"
    );
    ended.says(&[
        "line 7: `deployed_at` has no zone",
        "1 line couldn't be read",
    ]);
    let ended = import(Some(WORD));
    assert_eq!(
        ended.out,
        "list.csv: 0 counted, 2499 known before, 1 not readable\n"
    );
    // Elsewhere nobody answers.
    let elsewhere = self::port();
    let mut command = beside(&sandbox, &elsewhere);
    let command = command
        .arg("list.csv")
        .env("BREAKGLASS_CHANGES_TOKEN", WORD);
    sandbox
        .run(command)
        .says(&["doesn't answer at http://127.0.0.1:", "--listen"]);
    assert_eq!(bot.end("TERM"), Some(0));
    assert_eq!(count(&sandbox, COUNTED), 2_499);
    // A list says nothing of whether its sources speak, by whichever door it comes.
    let spoke = "SELECT count(*) FROM hearing WHERE spoke_at IS NOT NULL";
    assert_eq!(count(&sandbox, spoke), 0);
}
