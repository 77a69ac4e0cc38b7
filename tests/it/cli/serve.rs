//! `breakglass serve`: one line for each thing that can be wrong, and the way out.

use std::net::TcpListener;

use serde_json::json;

use super::{Sandbox, program, run};

#[test]
fn usage_is_another_exit_code_than_failure() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["serve", "--nonsense"][..], &["nonsense"], &[]] {
        let ended = run(program(folder.path()).args(arguments));
        assert_eq!(ended.code, Some(2), "{ended:?}");
    }
}

#[test]
fn a_call_may_not_take_longer_than_a_lost_send_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["serve", "doctor"] {
        let mut program = program(folder.path());
        let ended = run(program.args([command, "--http-timeout-ms", "30001"]));
        assert_eq!(ended.code, Some(2), "{ended:?}");
        ended.says(&["30001 is not in 1..=30000"]);
    }
}

#[test]
fn a_missing_or_malformed_secret_says_where_it_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let serve = |secrets: &[(&str, &str)]| {
        let mut command = program(folder.path());
        run(command.arg("serve").envs(secrets.iter().copied()))
    };
    let bot = ("SLACK_BOT_TOKEN", "xoxb-1-abc");
    serve(&[]).failed_saying(&["set SLACK_BOT_TOKEN", "OAuth & Permissions"]);
    serve(&[("SLACK_BOT_TOKEN", " ")]).failed_saying(&["set SLACK_BOT_TOKEN"]);
    let swapped = serve(&[("SLACK_BOT_TOKEN", "xapp-hunter2")]);
    swapped.failed_saying(&["SLACK_BOT_TOKEN is no token", "xoxb-…", "copy it again"]);
    assert!(!swapped.err.contains("hunter2"));
    serve(&[bot]).failed_saying(&["SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "Socket Mode"]);
    let split = serve(&[bot, ("SLACK_APP_TOKEN", "xapp-hun ter2")]);
    split.failed_saying(&["SLACK_APP_TOKEN is no token", "App-Level Tokens"]);
    assert!(!split.err.contains("ter2"));
    serve(&[("SLACK_BOT_TOKEN_FILE", "nowhere")]).failed_saying(&[
        "SLACK_BOT_TOKEN_FILE",
        "nowhere",
        "can't be read",
    ]);
}

#[test]
fn a_fault_in_the_file_is_told_with_its_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let serve = |file: &[u8]| {
        std::fs::write(folder.path().join("breakglass.toml"), file).unwrap();
        run(program(folder.path()).arg("serve"))
    };
    serve(b"[policy]\nzone = \"Europe/Berlin\n").failed_saying(&["breakglass.toml:2:22"]);
    serve(b"[policy]\n\n  approver = []\n").failed_saying(&[
        "breakglass.toml:3:3",
        "unknown key `approver`",
        "did you mean `approvers`?",
    ]);
    serve(b"listen = \"here\"\n").failed_saying(&["breakglass.toml:1:10"]);
    serve(b"# \xff\n").failed_saying(&["breakglass.toml:1:3", "UTF-8"]);
    serve(b"[policy]\napprovers = [\"@morgan\"]\n").failed_saying(&[
        "breakglass.toml:2:14",
        "`@morgan`",
        "U0123ABCD",
    ]);
    serve(b"[policy]\nescalation = \"S0ENGMGRS1\"\n")
        .failed_saying(&["breakglass.toml:2:14", "group"]);
    serve(b"[policy]\nreport_channel = \"#eng\"\n").failed_saying(&["`#eng`", "C0123ABCD"]);
    serve(b"[policy]\nzone = \"Berlin\"\n").failed_saying(&["`Berlin`", "`Europe/Berlin`"]);
    let named = run(program(folder.path()).args(["serve", "--config", "elsewhere.toml"]));
    named.failed_saying(&["elsewhere.toml", "can't be read", "name another file"]);
}

#[test]
fn the_sandboxs_clock_is_refused_with_the_real_slack() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = [
        ("SLACK_BOT_TOKEN", "xoxb-1-abc"),
        ("SLACK_APP_TOKEN", "xapp-1-abc"),
    ];
    let serve = |slack: &str, clock: &str| {
        let mut command = program(folder.path());
        command.args(["serve", "--clock-from", clock, "--slack-api-url", slack]);
        run(command.envs(secrets))
    };
    let box_ = "http://127.0.0.1:9/api";
    for slack in ["https://slack.com/api", "https://127.0.0.1.example.com/api"] {
        serve(slack, "http://127.0.0.1:9").failed_saying(&["--clock-from", "real time"]);
    }
    serve(box_, "http://192.0.2.1").failed_saying(&["--clock-from"]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", taken.local_addr().unwrap());
    drop(taken);
    serve(box_, &nobody).failed_saying(&["no sandbox answers", "breakglass sandbox"]);
}

#[test]
fn a_slack_that_cannot_be_reached_is_named() {
    let sandbox = Sandbox::start();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/api", taken.local_addr().unwrap());
    drop(taken);
    let serve = |url: &str| sandbox.run(sandbox.installed("serve").args(["--slack-api-url", url]));
    serve(&nobody).failed_saying(&["can't be reached", &nobody, "check the network"]);
    serve("http://slack.example/api").failed_saying(&["https://"]);
    serve("slack").failed_saying(&["must look like https://slack.com/api"]);
}

#[test]
fn a_token_that_slack_refuses_is_named() {
    let sandbox = Sandbox::start();
    sandbox.act("token", json!({"token": "bot", "revoked": true}));
    let ended = sandbox.run(&mut sandbox.installed("serve"));
    ended.failed_saying(&["SLACK_BOT_TOKEN", "install the app again"]);
    sandbox.act("token", json!({"token": "bot", "revoked": false}));
    sandbox.act("token", json!({"token": "app", "revoked": true}));
    // By then the bot has said that it is up; the reason is the last line.
    let ended = sandbox.run(&mut sandbox.installed("serve"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let last = ended.err.lines().last().unwrap();
    assert!(last.starts_with("breakglass: "), "{ended:?}");
    assert!(last.contains("SLACK_APP_TOKEN") && last.contains("connections:write"));
}

#[test]
fn an_address_in_use_is_named() {
    let sandbox = Sandbox::start();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = sandbox.run(sandbox.installed("serve").args(["--listen", &address]));
    ended.failed_saying(&[&address, "--listen"]);
}

#[test]
fn a_database_that_cannot_be_written_is_named() {
    let sandbox = Sandbox::start();
    // Not even root may make a file in the first; the second has no folder.
    for path in ["/sys/breakglass.db", "nowhere/breakglass.db"] {
        let ended = sandbox.run(sandbox.installed("serve").args(["--database", path]));
        ended.failed_saying(&[path, "can't be written", "--database"]);
    }
}

#[test]
fn somebody_elses_file_is_refused_and_left_as_it_is() {
    let sandbox = Sandbox::start();
    let path = sandbox.folder().join("theirs.db");
    let refused = || {
        let ended = sandbox.run(sandbox.installed("serve").args(["--database", "theirs.db"]));
        ended.failed_saying(&["theirs.db", "is not a Breakglass database", "--database"]);
    };
    std::fs::write(&path, "not a database\n".repeat(100)).unwrap();
    refused();
    std::fs::remove_file(&path).unwrap();
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (a INTEGER)")
        .unwrap();
    let before = std::fs::read(&path).unwrap();
    refused();
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_database_of_a_later_version_is_refused() {
    let sandbox = Sandbox::start();
    sandbox.serve().end("TERM");
    rusqlite::Connection::open(sandbox.folder().join("breakglass.db"))
        .unwrap()
        .execute_batch("PRAGMA user_version = 99")
        .unwrap();
    let ended = sandbox.run(&mut sandbox.installed("serve"));
    ended.failed_saying(&["breakglass.db", "newer Breakglass", "form 99", "backup"]);
}

#[test]
fn a_second_bot_is_told_who_holds_the_database() {
    let sandbox = Sandbox::start();
    let first = sandbox.serve();
    let holder = format!("process {}", first.id());
    let second = sandbox.run(&mut sandbox.installed("serve"));
    second.failed_saying(&["breakglass.db", "in use", &holder, "stop that process"]);
    assert_eq!(first.end("TERM"), Some(0));
    // The lock goes with its holder, however that ended.
    let third = sandbox.serve();
    third.end("KILL");
    assert_eq!(sandbox.serve().end("TERM"), Some(0));
}

#[test]
fn a_bot_that_is_told_to_stop_finishes_what_it_took_on() {
    for signal in ["TERM", "INT"] {
        let sandbox = Sandbox::start();
        let bot = sandbox.serve();
        let taken_on = sandbox.act(
            "slash",
            json!({"as": "dana", "channel": "#inc-auth-outage", "command": "/emergency",
                    "text": "Deploy WAF rule to block SQL injection @morgan"}),
        );
        assert_eq!(taken_on["status"], "acknowledged", "{taken_on}");
        assert_eq!(bot.end(signal), Some(0));
        let said = sandbox.run(&mut sandbox.installed("doctor"));
        assert!(said.out.contains("of 1 change of T0BREAK01"), "{said:?}");
    }
}
