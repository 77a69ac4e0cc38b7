//! `breakglass doctor`: every fault in one line, with its mend, and no trace.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::{Ended, Sandbox};

const POLICY: &str = r#"
[policy]
approvers = ["S0ENGMGRS1"]
commanders = ["S0COMMAND1"]
escalation = "U0SAM00001"
report_channel = "C0ENGINEER"
zone = "Europe/Berlin"
"#;

/// A workspace with the bot in it and a policy written.
fn installed() -> Sandbox {
    let sandbox = Sandbox::start();
    sandbox.write("breakglass.toml", POLICY);
    sandbox
}

fn doctor(sandbox: &Sandbox) -> Ended {
    let mut command = sandbox.installed("doctor");
    sandbox.run(command.env("BREAKGLASS_CHANGES_TOKEN", "a-long-enough-word"))
}

/// Each check has its line, and nothing else is said.
#[track_caller]
fn found(ended: &Ended, lines: &[&str]) {
    for line in ended.out.lines() {
        assert!(line.starts_with(['✓', '!', '✗']), "{ended:?}");
    }
    for line in lines {
        let stands = ended.out.lines().any(|said| said.contains(line));
        assert!(stands, "no {line:?} in {ended:#?}");
    }
    let is_bad = ended.out.contains('✗');
    assert_eq!(ended.code, Some(i32::from(is_bad)), "{ended:?}");
    assert_eq!(ended.err.lines().count(), usize::from(is_bad), "{ended:?}");
}

/// The files of a folder with their content and their times of writing.
fn contents(folder: &Path) -> BTreeMap<String, (Vec<u8>, std::time::SystemTime)> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let written = entry.metadata().unwrap().modified().unwrap();
            (name, (std::fs::read(entry.path()).unwrap(), written))
        })
        .collect()
}

fn declare(sandbox: &Sandbox) {
    let answered = sandbox.act(
        "slash",
        json!({"as": "dana", "channel": "#inc-auth-outage", "command": "/emergency",
                "text": "Deploy WAF rule to block SQL injection @morgan"}),
    );
    assert_eq!(answered["status"], "acknowledged", "{answered}");
}

#[test]
fn a_sound_installation_has_nothing_to_mend() {
    let sandbox = installed();
    let ended = doctor(&sandbox);
    found(
        &ended,
        &[
            "✓ configuration: breakglass.toml is well formed",
            "✓ workspace: Northwind (T0BREAK01), as @breakglass",
            "of the manifest, and no more",
            "✓ Socket Mode: Slack opens a connection",
            "✓ clock: this machine and Slack agree",
            "✓ approvers: 2 people",
            "✓ commanders: 1 person",
            "✓ escalation: sam",
            "✓ report channel: #engineering",
            "✓ incident channels",
            "✓ database: breakglass.db doesn't exist yet; serve makes it",
            "✓ changes: POST /hooks/changes takes in lists",
        ],
    );
    assert!(
        !ended.out.contains('!') && ended.code == Some(0),
        "{ended:?}"
    );
}

#[test]
fn an_empty_environment_is_told_what_to_set() {
    let sandbox = Sandbox::start();
    let mut command = super::program(sandbox.folder());
    let ended = super::run(command.arg("doctor"));
    found(
        &ended,
        &[
            "✗ bot token: no bot token: set SLACK_BOT_TOKEN",
            "✗ door: no way in for Slack",
            "! unchecked",
        ],
    );
    assert!(ended.err.contains("2 things need mending"));
}

#[test]
fn an_unwritten_policy_is_told_and_is_no_fault() {
    let sandbox = Sandbox::start();
    let ended = doctor(&sandbox);
    found(
        &ended,
        &[
            "! policy: none is written",
            "! escalation: nobody is named",
            "! report channel: none is named, so no weekly report is posted",
        ],
    );
    assert_eq!(ended.code, Some(0));
}

#[test]
fn whom_the_policy_names_in_vain_is_named() {
    let sandbox = Sandbox::start();
    sandbox.write(
        "breakglass.toml",
        r#"[policy]
approvers = ["U0MORGAN01", "U0GUS00001", "U0OLGA0001", "U0XAVIER01", "U0CIBOT001", "U0NOBODY01", "S0NOSUCH01"]
commanders = ["S0COMMAND1"]
escalation = "U0OLGA0001"
report_channel = "C0NOSUCH01"
incident_channels = ["war-*"]
"#,
    );
    sandbox.act(
        "usergroup",
        json!({"usergroup": "incident-commanders", "members": ["gus"]}),
    );
    found(
        &doctor(&sandbox),
        &[
            "✗ approvers: gus (U0GUS00001) is a guest",
            "✗ approvers: olga (U0OLGA0001) has been deactivated",
            "✗ approvers: xavier (U0XAVIER01) isn't in this workspace",
            "✗ approvers: ci (U0CIBOT001) is a bot",
            "✗ approvers: U0NOBODY01 isn't in this workspace",
            "✗ approvers: there is no user group S0NOSUCH01",
            "! approvers: only one person may authorize and approve",
            "✗ commanders: @incident-commanders (S0COMMAND1) has only guests",
            "✗ escalation: olga",
            "✗ report channel: C0NOSUCH01 can't be seen",
            "! incident channels: no channel that the bot sees is named like war-*",
        ],
    );
    sandbox.act(
        "usergroup",
        json!({"usergroup": "incident-commanders", "members": []}),
    );
    found(
        &doctor(&sandbox),
        &["✗ commanders: @incident-commanders (S0COMMAND1) has no members"],
    );
}

#[test]
fn a_channel_that_the_bot_cannot_speak_in_is_named() {
    let sandbox = installed();
    let without = |channel: &str| {
        sandbox.act(
            "channel",
            json!({"channel": channel, "remove": ["breakglass"]}),
        );
    };
    without("#inc-auth-outage");
    without("#engineering");
    found(
        &doctor(&sandbox),
        &[
            "✗ report channel: the bot isn't in #engineering; invite it there",
            "! incident channels: @breakglass isn't in #inc-auth-outage; type /invite @breakglass",
        ],
    );
    sandbox.act(
        "channel",
        json!({"channel": "#engineering", "archived": true}),
    );
    found(
        &doctor(&sandbox),
        &["✗ report channel: #engineering is archived"],
    );
}

#[test]
fn scopes_are_held_against_the_manifest() {
    let manifest = include_str!("../../../manifest.yml");
    let line = manifest
        .lines()
        .find(|line| line.trim().starts_with("- usergroups:read"))
        .unwrap();
    let sandbox = Sandbox::with_manifest(&manifest.replace(line, "      - pins:write"));
    sandbox.write("breakglass.toml", POLICY);
    found(
        &doctor(&sandbox),
        &[
            "✗ scopes: the token lacks usergroups:read; add them",
            "! approvers: couldn't be checked (Slack refused: missing_scope (usergroups:read))",
        ],
    );
    let more =
        Sandbox::with_manifest(&manifest.replace(line, &format!("{line}\n      - pins:write")));
    let ended = doctor(&more);
    found(
        &ended,
        &["! scopes: the token may do more than the bot needs: pins:write"],
    );
    assert_eq!(ended.code, Some(0));
}

#[test]
fn a_token_that_slack_refuses_is_told_apart_from_the_other() {
    let sandbox = installed();
    sandbox.act("token", json!({"token": "app", "revoked": true}));
    found(
        &doctor(&sandbox),
        &[
            "✗ Socket Mode: Slack refuses SLACK_APP_TOKEN",
            "✓ approvers",
        ],
    );
    sandbox.act("token", json!({"token": "bot", "revoked": true}));
    found(
        &doctor(&sandbox),
        &[
            "✗ workspace: Slack refuses SLACK_BOT_TOKEN",
            "! unchecked",
            "✓ database",
        ],
    );
}

#[test]
fn looking_leaves_no_trace() {
    let sandbox = installed();
    let bot = sandbox.serve();
    declare(&sandbox);
    bot.end("TERM");
    let before = contents(sandbox.folder());
    found(
        &doctor(&sandbox),
        &["✓ log: all", "of 1 change of T0BREAK01"],
    );
    assert_eq!(contents(sandbox.folder()), before);
}

#[test]
fn a_running_bot_and_one_that_was_killed_can_be_examined() {
    let sandbox = installed();
    let bot = sandbox.serve();
    declare(&sandbox);
    found(
        &doctor(&sandbox),
        &["✓ database: breakglass.db is sound", "✓ log: all"],
    );
    bot.end("KILL");
    found(
        &doctor(&sandbox),
        &["✓ database: breakglass.db is sound", "✓ log: all"],
    );
    // And neither look was in the way of the next start.
    assert_eq!(sandbox.serve().end("TERM"), Some(0));
}

#[test]
fn what_happened_to_the_database_is_told() {
    let sandbox = installed();
    let bot = sandbox.serve();
    declare(&sandbox);
    bot.end("TERM");
    let path = sandbox.folder().join("breakglass.db");
    let tamper = |sql: &str| {
        rusqlite::Connection::open(&path)
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    };
    tamper(
        "UPDATE outbox SET state = 'failed', error = 'Slack refused: not_in_channel', attempts = 1 WHERE kind = 'card'",
    );
    let ended = doctor(&sandbox);
    found(
        &ended,
        &[
            "! messages: a card of CHG-1001 was given up after 1 attempt (Slack refused: not_in_channel); invite the bot",
        ],
    );
    assert_eq!(ended.code, Some(0));
    tamper(
        "DROP TRIGGER event_is_never_updated;
         UPDATE event SET leaf = CAST(leaf || ' ' AS BLOB) WHERE seq = 1",
    );
    found(
        &doctor(&sandbox),
        &["✗ log: T0BREAK01: record 1 was altered"],
    );
    tamper("PRAGMA user_version = 99");
    found(
        &doctor(&sandbox),
        &["✗ database: breakglass.db was written by a newer Breakglass"],
    );
    std::fs::write(&path, "not a database\n".repeat(100)).unwrap();
    found(
        &doctor(&sandbox),
        &["✗ database: breakglass.db is not a Breakglass database"],
    );
    let nowhere = sandbox.run(
        sandbox
            .installed("doctor")
            .args(["--database", "nowhere/b.db"]),
    );
    found(
        &nowhere,
        &["✗ database: nowhere/b.db doesn't exist, and its folder"],
    );
}

#[test]
fn what_stands_in_deliverys_way_is_told() {
    let sandbox = installed();
    let bot = sandbox.serve();
    declare(&sandbox);
    bot.end("TERM");
    let tamper = |sql: &str| {
        rusqlite::Connection::open(sandbox.folder().join("breakglass.db"))
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    };
    tamper(
        "INSERT INTO shut VALUES ('T0BREAK01', 'C0INCAUTH1', 'is_archived', 1773450840000000);
         INSERT INTO clock_step (workspace, seen_at, by_micros)
         VALUES ('T0BREAK01', 1773450840000000, 3000000),
                ('T0BREAK01', 1773450900000000, -93600000000);
         UPDATE outbox SET state = 'owed', rung = 'no such rung', attempts = 5,
                error = 'a message of the outbox in the database can''t be read'",
    );
    let ended = doctor(&sandbox);
    found(
        &ended,
        &[
            "! channels: Slack lets the bot write nothing in C0INCAUTH1 since 2026-03-14 01:14 UTC (is_archived); the channel is archived",
            "! clock steps: this machine's clock jumped 2 times, last at 2026-03-14 01:15 UTC by 93600 s back; let it keep time by NTP",
            "! messages: a card of CHG-1001 is still tried after 5 attempts (a message of the outbox in the database can't be read)",
        ],
    );
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_token_revoked_at_work_is_said_once_and_shown_while_the_bot_works_on() {
    let sandbox = installed();
    let bot = sandbox.serve();
    declare(&sandbox);
    let payments = json!({"channel": "#inc-payments", "invite": ["priya", "morgan", "breakglass"]});
    sandbox.act("channel", payments);
    let asked = sandbox.act(
        "slash",
        json!({"as": "priya", "channel": "#inc-payments", "command": "/emergency",
                "text": "Restart the ledger @morgan"}),
    );
    assert_eq!(asked["status"], "acknowledged", "{asked}");
    let until = |line: &str| {
        for _ in 0..500 {
            let ended = doctor(&sandbox);
            if ended.out.contains(line) {
                return ended;
            }
        }
        panic!("doctor never says {line:?}");
    };
    until("of 2 changes of T0BREAK01");
    sandbox.act("token", json!({"token": "bot", "revoked": true}));
    for (n, (who, change)) in [("U0DANA0001", "1001"), ("U0PRIYA001", "1002")]
        .into_iter()
        .enumerate()
    {
        let pressed = sandbox.act("deliver_raw", withdraws(n, who, change));
        assert_eq!(pressed["status"], "acknowledged", "{pressed}");
    }
    until("✗ sending: nothing is sent since");
    let (code, log) = bot.end_with_log("TERM");
    assert_eq!(code, Some(0), "{log}");
    let said = log.lines().filter(|line| line.contains("ERROR"));
    assert_eq!(said.count(), 1, "{log}");
    assert!(log.contains("Slack refuses SLACK_BOT_TOKEN"), "{log}");
}

/// A press of a button that needn't ask Slack anything.
fn withdraws(n: usize, who: &str, change: &str) -> Value {
    json!({"kind": "interactive", "payload": {
        "type": "block_actions",
        "team": {"id": "T0BREAK01", "domain": "northwind"},
        "user": {"id": who, "team_id": "T0BREAK01"},
        "api_app_id": "A0BREAKGLS",
        "trigger_id": format!("9{n}.1.late"),
        "container": {"type": "message", "channel_id": "C0INCAUTH1", "message_ts": "1.000001"},
        "channel": {"id": "C0INCAUTH1", "name": "inc-auth-outage"},
        "actions": [{
            "type": "button",
            "action_id": "withdraw",
            "block_id": "b",
            "value": change,
            "action_ts": format!("1773450840.{n:06}"),
        }],
    }})
}

#[test]
fn the_same_is_told_to_a_program() {
    let sandbox = installed();
    let mut command = sandbox.installed("doctor");
    let command = command.env("BREAKGLASS_CHANGES_TOKEN", "a-long-enough-word");
    let ended = sandbox.run(command.arg("--json"));
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(told["ok"], true);
    let said: Vec<_> = told["checks"].as_array().unwrap().iter().collect();
    assert_eq!(said.len(), doctor(&sandbox).out.lines().count());
    assert!(
        said.iter()
            .all(|one| one["verdict"] == "ok" && one["mend"].is_null())
    );
    sandbox.act("token", json!({"token": "bot", "revoked": true}));
    let ended = sandbox.run(sandbox.installed("doctor").arg("--json"));
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.code, &told["ok"]), (Some(1), &json!(false)));
}

/// A source's API of which one name can be read, one is unknown and one forbidden.
async fn api(listener: tokio::net::TcpListener) {
    use axum::http::StatusCode;
    use axum::routing::get;
    let said = |status: u16| {
        get(move || async move { (StatusCode::from_u16(status).unwrap(), "{}".to_owned()) })
    };
    let routes = axum::Router::new()
        .route("/repos/acme/web", said(200))
        .route("/repos/acme/secret", said(403))
        .route("/projects/pay%2Fbilling", said(200));
    let _ = axum::serve(listener, routes).await;
}

#[test]
fn each_source_is_looked_at_and_what_is_wrong_has_its_mend() {
    let sandbox = installed();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(api(listener));
    let unset = sandbox.run(&mut sandbox.installed("doctor"));
    found(
        &unset,
        &["! sources: none is configured, so the emergency rate is unknown; give a source its key"],
    );
    let idle = sandbox.run(
        sandbox
            .installed("doctor")
            .env("GITLAB_TOKEN", "glpat-hunter2"),
    );
    found(
        &idle,
        &[
            "! sources: GITLAB_TOKEN is set, and nothing is named that it opens; name what to ask in breakglass.toml ([gitlab] projects)",
        ],
    );
    assert!(!idle.out.contains("hunter2"));
    let asked = "[github]\nrepositories = [\"acme/web\", \"acme/nowhere\", \"acme/secret\"]\n\
         [gitlab]\nprojects = [\"pay/billing\"]\n";
    sandbox.write("breakglass.toml", &format!("{asked}{POLICY}"));
    let look = || {
        let mut command = sandbox.installed("doctor");
        command
            .env("GITHUB_API_URL", &url)
            .env("GITLAB_API_URL", &url)
            .env("GITHUB_TOKEN", "ghp-hunter2")
            .env("BITBUCKET_WEBHOOK_SECRET", "hunter2hunter2hunter2");
        let ended = sandbox.run(&mut command);
        assert!(!ended.out.contains("hunter2"));
        ended
    };
    let readable = [
        "✓ github: 1 repository can be read: acme/web",
        "✗ github: acme/nowhere can't be read: it knows nothing of this name",
        "or let GITHUB_TOKEN see it",
        "✗ github: acme/secret can't be read: it refuses the token (403)",
        "✓ gitlab: 1 project can be read: pay/billing",
    ];
    let before = look();
    found(&before, &readable);
    found(
        &before,
        &["✓ bitbucket: it is listened to as soon as the bot runs"],
    );
    // Once the bot ran, silence says something.
    assert_eq!(sandbox.serve().end("TERM"), Some(0));
    let after = look();
    found(&after, &readable);
    found(
        &after,
        &["! bitbucket: nothing was ever heard from it; see on its own page"],
    );
}

/// What `doctor` says of the nightly backups.
#[track_caller]
fn of_backups(sandbox: &Sandbox) -> String {
    let ended = doctor(sandbox);
    let mut lines = ended.out.lines();
    let line = lines.find(|line| line.contains(" backup: "));
    line.unwrap_or_else(|| panic!("{ended:#?}")).to_owned()
}

#[test]
fn nightly_backups_that_are_missing_or_old_are_told() {
    let sandbox = Sandbox::start();
    let nightly = "[backup]\nfolder = \"kept/nightly\"\n";
    sandbox.write("breakglass.toml", &format!("{nightly}{POLICY}"));
    assert_eq!(
        of_backups(&sandbox),
        "✓ backup: one will be made in kept/nightly every night"
    );
    assert_eq!(sandbox.serve().end("TERM"), Some(0));
    assert_eq!(
        of_backups(&sandbox),
        "! backup: there is no nightly backup in kept/nightly yet; the bot makes one at 03:15; if it doesn't, its log says why"
    );
    let folder = sandbox.folder().join("kept/nightly");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("breakglass.db.2026-03-14.backup");
    std::fs::write(&file, "").unwrap();
    // One that an upgrade left is none of these, however new.
    std::fs::write(folder.join("breakglass.db.form-3.backup"), "").unwrap();
    let line = of_backups(&sandbox);
    assert!(
        line.starts_with("✓ backup: the newest nightly one in kept/nightly is of "),
        "{line}"
    );
    let file = std::fs::File::options().write(true).open(file).unwrap();
    let made_at = file.metadata().unwrap().modified().unwrap();
    let older = made_at - std::time::Duration::from_hours(27);
    file.set_modified(older).unwrap();
    let line = of_backups(&sandbox);
    assert!(
        line.starts_with("! backup: the newest nightly backup in kept/nightly is of "),
        "{line}"
    );
    // A file where the folder belongs.
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "").unwrap();
    let line = of_backups(&sandbox);
    assert!(
        line.starts_with("✗ backup: kept/nightly can't be "),
        "{line}"
    );
}
