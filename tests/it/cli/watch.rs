//! Watching over the bot: `/healthz`, `/readyz`, `/metrics`, and a log that holds no
//! words of people and no secrets.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{Sandbox, finish, signal};
use crate::world::port::Port;

fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: bot\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

fn declare(sandbox: &Sandbox, text: &str) {
    let answered = sandbox.act(
        "slash",
        json!({"as": "dana", "channel": "#inc-auth-outage", "command": "/emergency",
                "text": text}),
    );
    assert_eq!(answered["status"], "acknowledged", "{answered}");
}

#[test]
fn the_figures_have_an_address_of_their_own_and_name_nobody() {
    let sandbox = Sandbox::start();
    let (doors, figures) = (Port::take().unwrap(), Port::take().unwrap());
    let mut serve = sandbox.installed("serve");
    serve
        .env("BREAKGLASS_LISTEN", doors.address.to_string())
        .args(["--metrics-listen", &figures.address.to_string()]);
    let bot = sandbox.serve_with(&mut serve);
    declare(&sandbox, "Deploy WAF rule to block SQL injection @morgan");
    // Whoever can reach Slack's doors learns whether the bot is well, and no figure.
    assert_eq!(get(doors.address, "/metrics").0, 404);
    for address in [doors.address, figures.address] {
        assert_eq!(get(address, "/healthz").0, 200);
        let (status, said) = get(address, "/readyz");
        assert!(status == 200 && said.ends_with("\r\n\r\nready\n"), "{said}");
    }
    let (status, page) = get(figures.address, "/metrics");
    assert_eq!(status, 200);
    let (head, page) = page.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    for line in [
        "breakglass_acknowledgement_seconds_count{kind=\"command\"} 1",
        "breakglass_acknowledgement_seconds_bucket{kind=\"command\",le=\"+Inf\"} 1",
        "breakglass_ready 1",
        "breakglass_sending_halted 0",
        "breakglass_changes_overdue 0",
        "breakglass_errors_total{in=\"store\"} 0",
        "breakglass_slack_calls_failed_total{kind=\"refused\"} 0",
        "breakglass_emergency_rate_guideline 0.1",
    ] {
        assert!(page.lines().any(|one| one == line), "no {line} in {page}");
    }
    for name in [
        "dana",
        "morgan",
        "WAF",
        "U0DANA0001",
        "inc-auth",
        "T0BREAK01",
        "CHG-",
    ] {
        assert!(!page.contains(name), "{name} in {page}");
    }
    // Every figure is explained once, before it is said.
    let mut explained = BTreeSet::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let name = rest.split(' ').next().unwrap();
            assert!(explained.insert(name.to_owned()), "{name} twice");
        } else if !line.starts_with('#') {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let name = name.split('{').next().unwrap();
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|ending| name.strip_suffix(ending))
                .unwrap_or(name);
            assert!(explained.contains(family), "{line}");
        }
    }
    assert_eq!(bot.end("TERM"), Some(0));
}

#[test]
fn a_bot_that_slack_has_left_lives_and_is_not_ready() {
    let mut sandbox = Sandbox::start();
    let doors = Port::take().unwrap();
    let mut serve = sandbox.installed("serve");
    let bot = sandbox.serve_with(serve.env("BREAKGLASS_LISTEN", doors.address.to_string()));
    assert_eq!(get(doors.address, "/readyz").0, 200);
    sandbox.child.kill().unwrap();
    let not_ready = (0..1_000_000).find_map(|_| {
        let (status, said) = get(doors.address, "/readyz");
        (status == 503).then_some(said)
    });
    let said = not_ready.expect("it says for ever that it is ready");
    assert!(
        said.ends_with("not ready: Slack isn't heard from\n"),
        "{said}"
    );
    assert_eq!(get(doors.address, "/healthz").0, 200);
    assert_eq!(bot.end("TERM"), Some(0));
}

/// Starts the bot with a log that says everything, in a file: a pipe would fill.
fn talkative(sandbox: &Sandbox, command: &mut Command) -> Child {
    let log = std::fs::File::create(sandbox.folder().join("log")).unwrap();
    let mut child = command
        .env("RUST_LOG", "info,breakglass=trace")
        .env("BREAKGLASS_CHANGES_TOKEN", "hush-of-changes")
        .args(["--log", "json"])
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    while sandbox.n_sockets() == 0 {
        assert_eq!(child.try_wait().unwrap(), None, "the bot ended");
    }
    child
}

#[test]
fn a_story_leaves_no_words_and_no_secrets_in_the_log() {
    const WORD: &str = "Zebrafink";
    let sandbox = Sandbox::start();
    let bot = talkative(&sandbox, &mut sandbox.installed("serve"));
    declare(
        &sandbox,
        &format!("{WORD} rule to block SQL injection @morgan"),
    );
    let say = |who: &str, text: &str| {
        sandbox.act(
            "say",
            json!({"as": who, "channel": "#inc-auth-outage", "text": text}),
        )
    };
    say(
        "priya",
        &format!("@morgan I need to restart the {WORD} ledger. Authorization?"),
    );
    say("morgan", &format!("approved. Restart the {WORD}."));
    say("dana", &format!("@breakglass {WORD} again @morgan"));
    declare(&sandbox, &format!("normal Rotated the {WORD} certificates"));
    declare(&sandbox, "status CHG-1001");
    // Slack fails meanwhile, and an answer is lost: the ways on which errors are told.
    sandbox.act(
        "misbehave",
        json!({"method": "chat.postMessage", "fault": "silence", "times": 1}),
    );
    declare(&sandbox, &format!("Block the {WORD} addresses @morgan"));
    // What is under way is finished before it ends.
    signal("TERM", bot.id());
    assert_eq!(finish(bot).code, Some(0));
    let log = std::fs::read_to_string(sandbox.folder().join("log")).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.iter().any(|line| line["message"] == "ready"), "{log}");
    for secret in ["bot_token", "app_token", "signing_secret"] {
        assert!(!log.contains(sandbox.told(secret)), "{secret} in {log}");
    }
    for word in [WORD, "hush-of-changes", "SQL injection", "ticket="] {
        assert!(!log.contains(word), "{word} in {log}");
    }
    // And the words did reach the bot.
    let said = sandbox.run(&mut sandbox.installed("doctor"));
    assert!(said.out.contains("changes of T0BREAK01"), "{said:?}");
}
