//! `breakglass setup`, `manifest` and `completions`: from nothing to a bot that runs.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use super::{Ended, Sandbox, finish, program, run};

/// `setup` in an environment that knows nothing but where Slack is.
fn setup(sandbox: &Sandbox) -> std::process::Command {
    let mut command = program(sandbox.folder());
    command
        .arg("setup")
        .env("BREAKGLASS_SLACK_API_URL", sandbox.told("slack_api_url"))
        .env("BREAKGLASS_LISTEN", "127.0.0.1:0");
    command
}

/// Types these lines, and then nothing more.
fn typing(sandbox: &Sandbox, lines: &[&str]) -> Ended {
    let mut child = setup(sandbox)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Who has heard enough doesn't listen to the rest.
    let _ = stdin.write_all(format!("{}\n", lines.join("\n")).as_bytes());
    drop(stdin);
    let ended = finish(child);
    for secret in ["bot_token", "app_token", "signing_secret"] {
        let secret = sandbox.told(secret);
        assert!(!ended.out.contains(secret) && !ended.err.contains(secret));
    }
    ended
}

fn read(sandbox: &Sandbox, name: &str) -> String {
    std::fs::read_to_string(sandbox.folder().join(name)).unwrap()
}

#[test]
fn what_is_typed_is_checked_and_the_bot_runs_on_what_is_written() {
    let sandbox = Sandbox::start();
    let (bot, app) = (sandbox.told("bot_token"), sandbox.told("app_token"));
    let ended = typing(
        &sandbox,
        &[
            "xapp-swapped",
            "xoxb-of-nobody",
            bot,
            app,
            "@nobody-here",
            "@eng-managers",
            "@incident-commanders",
            "@gus",
            "@sam",
            "#engineering",
            "inc-*",
            "Europe/Berlin",
        ],
    );
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    ended.says(&[
        "✗ SLACK_BOT_TOKEN is no token of the form xoxb-…",
        "✗ Slack refuses SLACK_BOT_TOKEN (invalid_auth)",
        "✓ Slack knows the bot: Northwind (T0BREAK01), as @breakglass.",
        "✓ Slack opens a connection.",
        "✗ nobody is called @nobody-here",
        "✗ gus (U0GUS00001) is a guest",
        "✓ Written: breakglass.toml",
        "Everything stands.",
    ]);
    let written = read(&sandbox, "breakglass.toml");
    for line in [
        "approvers = [\"S0ENGMGRS1\"]",
        "commanders = [\"S0COMMAND1\"]",
        "escalation = \"U0SAM00001\"",
        "report_channel = \"C0ENGINEER\"",
        "incident_channels = [\"inc-*\"]",
        "zone = \"Europe/Berlin\"",
    ] {
        assert!(written.lines().any(|one| one == line), "{line}: {written}");
    }
    assert!(!written.contains(bot) && !written.contains(app));
    for (name, secret) in [("slack-bot-token", bot), ("slack-app-token", app)] {
        let mode = std::fs::metadata(sandbox.folder().join(name)).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        assert_eq!(read(&sandbox, name).trim(), secret);
    }
    let mut serve = program(sandbox.folder());
    serve
        .arg("serve")
        .env("BREAKGLASS_LISTEN", "127.0.0.1:0")
        .env("BREAKGLASS_SLACK_API_URL", sandbox.told("slack_api_url"));
    assert_eq!(sandbox.serve_with(&mut serve).end("TERM"), Some(0));
}

#[test]
fn a_second_run_keeps_what_is_there_and_adds_what_is_missing() {
    let sandbox = Sandbox::start();
    let (bot, app) = (sandbox.told("bot_token"), sandbox.told("app_token"));
    let first = "# ours\n[policy]\nzone = \"Europe/Berlin\" # home\n";
    sandbox.write("breakglass.toml", first);
    let once = typing(&sandbox, &[bot, app, "@eng-managers", "", "@sam", "", ""]);
    assert_eq!(once.code, Some(0), "{once:#?}");
    once.says(&[
        "breakglass.toml is there; what it says is kept.",
        "zone is kept.",
    ]);
    let written = read(&sandbox, "breakglass.toml");
    assert!(written.starts_with("# ours\n[policy]\n"), "{written}");
    assert!(written.contains("\nzone = \"Europe/Berlin\" # home\n"));
    assert_eq!(read(&sandbox, "breakglass.toml.before-setup"), first);
    let again = typing(&sandbox, &["", "", "", ""]);
    assert_eq!(again.code, Some(0), "{again:#?}");
    again.says(&[
        "The bot's token is kept.",
        "The door for Slack is kept.",
        "approvers is kept.",
        "Nothing is missing, and nothing was written.",
    ]);
    assert_eq!(read(&sandbox, "breakglass.toml"), written);
}

#[test]
fn who_answers_nothing_is_told_what_is_missing_and_nothing_is_written() {
    let sandbox = Sandbox::start();
    let ended = run(&mut setup(&sandbox));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    ended.says(&["the bot's token is missing", "set SLACK_BOT_TOKEN"]);
    let ended = typing(&sandbox, &[sandbox.told("bot_token"), "", ""]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    ended.says(&["the door for Slack is missing", "SLACK_SIGNING_SECRET"]);
    assert!(!sandbox.folder().join("breakglass.toml").exists());
}

#[test]
fn answers_may_come_from_a_file_and_secrets_from_the_environment() {
    let sandbox = Sandbox::start();
    sandbox.write(
        "answers",
        "# for the robot\napprovers = U0MORGAN01, S0ENGMGRS1\nescalation = U0SAM00001\nzone = \"UTC\"\n",
    );
    let mut command = setup(&sandbox);
    command
        .args(["--answers", "answers"])
        .env("SLACK_BOT_TOKEN", sandbox.told("bot_token"))
        .env("SLACK_APP_TOKEN", sandbox.told("app_token"));
    let ended = sandbox.run(&mut command);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let written = read(&sandbox, "breakglass.toml");
    assert!(
        written.contains("approvers = [\"U0MORGAN01\", \"S0ENGMGRS1\"]"),
        "{written}"
    );
    assert!(!written.contains("[slack]"), "{written}");
    assert!(!sandbox.folder().join("slack-bot-token").exists());
    sandbox.write("answers", "aprovers = U0MORGAN01\n");
    let ended = sandbox.run(&mut command);
    ended.says(&["answers:1: write one of bot_token"]);
    assert_eq!(ended.code, Some(1));
}

#[test]
fn the_manifest_is_printed_for_either_door() {
    let folder = tempfile::tempdir().unwrap();
    let print = |arguments: &[&str]| {
        let mut command = program(folder.path());
        run(command.arg("manifest").args(arguments))
    };
    assert_eq!(print(&[]).out, include_str!("../../../manifest.yml"));
    let http = print(&["--url", "https://bg.example.com"]);
    assert!(
        http.out
            .contains("request_url: https://bg.example.com/slack/events")
    );
    print(&["--url", "http://bg.example.com"]).failed_saying(&["https://"]);
}

#[test]
fn each_shell_gets_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let ended = run(program(folder.path()).args(["completions", shell]));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        for command in ["setup", "serve", "doctor", "evidence", "check-config"] {
            assert!(ended.out.contains(command), "{command} for {shell}");
        }
    }
}
