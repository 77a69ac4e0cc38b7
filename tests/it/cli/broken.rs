//! Broken installations, more than fifteen: each is broken by one thing, and `doctor` says that
//! thing, its mend, and no other fault.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::json;

use super::{Sandbox, Serving};

const POLICY: &str = r#"
[policy]
approvers = ["S0ENGMGRS1"]
commanders = ["S0COMMAND1"]
escalation = "U0SAM00001"
report_channel = "C0ENGINEER"
zone = "Europe/Berlin"
"#;

/// A sound installation of this workspace, before something breaks.
struct Installation {
    sandbox: Sandbox,
    doctor: Command,
    /// What must go on while it is examined.
    held: Vec<std::net::TcpListener>,
}

impl Installation {
    fn sound() -> Self {
        Self::of(include_str!("../../../manifest.yml"))
    }

    fn of(manifest: &str) -> Self {
        let sandbox = Sandbox::with_manifest(manifest);
        sandbox.write("breakglass.toml", POLICY);
        let mut doctor = sandbox.installed("doctor");
        doctor
            .env("BREAKGLASS_CHANGES_TOKEN", "a-long-enough-word")
            .env("BREAKGLASS_LISTEN", "127.0.0.1:0");
        Self {
            sandbox,
            doctor,
            held: Vec::new(),
        }
    }

    /// One whose bot has run.
    fn used() -> Self {
        let installation = Self::sound();
        assert_eq!(installation.sandbox.serve().end("TERM"), Some(0));
        installation
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.sandbox.folder().join(name)
    }

    fn sql(&self, sql: &str) {
        rusqlite::Connection::open(self.path("breakglass.db"))
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    }

    /// Nothing is amiss but this one line.
    #[track_caller]
    fn says_only(mut self, line: &str) {
        let ended = self.sandbox.run(&mut self.doctor);
        let faults: Vec<_> = ended
            .out
            .lines()
            .filter(|line| line.starts_with('✗'))
            .collect();
        assert_eq!(faults.len(), 1, "{ended:#?}");
        assert!(faults[0].starts_with(line), "{faults:#?}");
        // It names the mend: something to do, behind what was found.
        assert!(
            faults[0].contains(';') || faults[0].matches(": ").count() > 1,
            "{faults:?}"
        );
        assert_eq!(ended.code, Some(1), "{ended:?}");
        drop(self.held);
    }
}

#[test]
fn nothing_is_amiss_before_something_breaks() {
    for mut installation in [Installation::sound(), Installation::used()] {
        let ended = installation.sandbox.run(&mut installation.doctor);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
    }
}

#[test]
fn broken_1_the_bot_token_is_missing() {
    let mut it = Installation::sound();
    it.doctor.env_remove("SLACK_BOT_TOKEN");
    it.says_only("✗ bot token: no bot token: set SLACK_BOT_TOKEN to the Bot User OAuth Token");
}

#[test]
fn broken_2_the_bot_token_was_revoked() {
    let it = Installation::sound();
    it.sandbox
        .act("token", json!({"token": "bot", "revoked": true}));
    it.says_only("✗ workspace: Slack refuses SLACK_BOT_TOKEN (token_revoked): install the app again and copy the new Bot User OAuth Token");
}

#[test]
fn broken_3_the_app_token_was_revoked() {
    let it = Installation::sound();
    it.sandbox
        .act("token", json!({"token": "app", "revoked": true}));
    it.says_only("✗ Socket Mode: Slack refuses SLACK_APP_TOKEN (token_revoked); make a new token with connections:write");
}

#[test]
fn broken_4_there_is_no_way_in_for_slack() {
    let mut it = Installation::sound();
    it.doctor.env_remove("SLACK_APP_TOKEN");
    it.says_only("✗ door: no way in for Slack: set SLACK_APP_TOKEN");
}

#[test]
fn broken_5_a_scope_is_missing() {
    let manifest = include_str!("../../../manifest.yml");
    let line = |line: &&str| line.trim().starts_with("- files:write");
    let line = manifest.lines().find(line).unwrap();
    let it = Installation::of(&manifest.replace(line, ""));
    it.says_only("✗ scopes: the token lacks files:write; add them");
}

#[test]
fn broken_6_slack_cannot_be_reached() {
    let mut it = Installation::sound();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/api", taken.local_addr().unwrap());
    drop(taken);
    it.doctor.env("BREAKGLASS_SLACK_API_URL", &nobody);
    it.says_only(&format!(
        "✗ workspace: Slack can't be reached at {nobody}: check the network"
    ));
}

#[test]
fn broken_7_the_clock_is_wrong() {
    let mut it = Installation::sound();
    let slack = it.sandbox.told("slack_api_url").to_owned();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let there = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(slack_of_yesterday(listener, slack));
    it.doctor.env("BREAKGLASS_SLACK_API_URL", there);
    it.says_only("✗ clock: this machine is 8");
}

/// The same Slack, whose clock shows the year before.
async fn slack_of_yesterday(listener: tokio::net::TcpListener, slack: String) {
    use axum::body::{Bytes, to_bytes};
    use axum::extract::Request;
    use axum::response::Response;
    let http = super::plain_http();
    let pass_on = async move |request: Request| {
        let (head, body) = request.into_parts();
        let body: Bytes = to_bytes(body, 1 << 20).await.unwrap();
        let answer = http
            .request(head.method, format!("{slack}{}", head.uri))
            .headers(head.headers)
            .body(body)
            .send()
            .await
            .unwrap();
        let yesterday = chrono::Utc::now() - chrono::TimeDelta::days(1);
        let mut passed = Response::builder().status(answer.status());
        for name in ["x-oauth-scopes", "content-type"] {
            if let Some(value) = answer.headers().get(name) {
                passed = passed.header(name, value);
            }
        }
        passed
            .header("date", yesterday.to_rfc2822())
            .body(axum::body::Body::from(answer.bytes().await.unwrap()))
            .unwrap()
    };
    let _ = axum::serve(listener, axum::Router::new().fallback(pass_on)).await;
}

#[test]
fn broken_8_the_report_channel_has_no_bot() {
    let it = Installation::sound();
    it.sandbox.act(
        "channel",
        json!({"channel": "#engineering", "remove": ["breakglass"]}),
    );
    it.says_only("✗ report channel: the bot isn't in #engineering; invite it there");
}

#[test]
fn broken_9_a_group_of_the_policy_has_nobody_in_it() {
    let it = Installation::sound();
    it.sandbox.act(
        "usergroup",
        json!({"usergroup": "incident-commanders", "members": []}),
    );
    it.says_only(
        "✗ commanders: @incident-commanders (S0COMMAND1) has no members; add full members",
    );
}

#[test]
fn broken_10_the_configuration_has_a_slip() {
    let it = Installation::sound();
    it.sandbox
        .write("breakglass.toml", &POLICY.replace("zone", "zones"));
    it.says_only("✗ configuration: breakglass.toml:7:1: unknown key `zones` in [policy]; did you mean `zone`?");
}

#[test]
fn broken_11_the_database_is_somebody_elses_file() {
    let it = Installation::sound();
    it.sandbox
        .write("breakglass.db", &"not a database\n".repeat(100));
    it.says_only("✗ database: breakglass.db is not a Breakglass database; choose another file");
}

#[test]
fn broken_12_the_record_was_altered() {
    let it = Installation::used();
    it.sql(
        "DROP TRIGGER event_is_never_updated;
         UPDATE event SET leaf = CAST(leaf || ' ' AS BLOB) WHERE seq = 0",
    );
    it.says_only("✗ log: T0BREAK01: record 0 was altered");
}

#[test]
fn broken_13_the_key_is_gone() {
    let it = Installation::used();
    std::fs::remove_file(it.path("breakglass.db.T0BREAK01.key")).unwrap();
    it.says_only("✗ key: the log is signed by ");
}

#[test]
fn broken_14_the_disk_is_full() {
    let mut it = Installation::sound();
    // Nobody can put a byte there, though the folder may be writable.
    it.doctor
        .env("BREAKGLASS_DATABASE", "/proc/self/fdinfo/x.db");
    let ended = it.sandbox.run(&mut it.doctor);
    let line = ended.out.lines().find(|line| line.starts_with("✗ disk: "));
    let line = line.unwrap();
    assert!(line.contains(": 0 MiB free in /proc/"), "{line}");
    let mend = "; make room; the bot stops where nothing can be written, and loses nothing";
    assert!(line.ends_with(mend), "{line}");
}

#[test]
fn broken_15_somebody_else_has_the_address() {
    let mut it = Installation::sound();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    it.doctor.env("BREAKGLASS_LISTEN", address.to_string());
    it.held.push(taken);
    it.says_only(&format!(
        "✗ address: another program listens at {address}; stop it, or choose another"
    ));
}

#[test]
fn broken_16_a_source_refuses_its_token() {
    let mut it = Installation::sound();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let refuses = axum::routing::any(async || axum::http::StatusCode::UNAUTHORIZED);
    runtime.spawn(async move {
        let _ = axum::serve(listener, axum::Router::new().fallback_service(refuses)).await;
    });
    it.doctor
        .env("GITHUB_API_URL", url)
        .env("GITHUB_TOKEN", "ghp-hunter2");
    let github = format!("[github]\nrepositories = [\"acme/web\"]\n{POLICY}");
    it.sandbox.write("breakglass.toml", &github);
    it.says_only("✗ github: acme/web can't be read: it refuses the token (401)");
}

#[test]
fn broken_17_a_webhooks_secret_is_torn() {
    let mut it = Installation::sound();
    it.doctor.env("GITLAB_WEBHOOK_TOKEN", "whsec_not whole");
    it.says_only("✗ configuration: GITLAB_WEBHOOK_TOKEN begins with whsec_ and isn't base64 behind it; copy the whole signing token again");
}

#[test]
fn a_running_bot_has_its_address_and_is_ready_until_slack_is_gone() {
    let mut it = Installation::sound();
    let address = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().to_string()
    };
    let mut serve = it.sandbox.installed("serve");
    let bot: Serving = it
        .sandbox
        .serve_with(serve.env("BREAKGLASS_LISTEN", &address));
    it.doctor.env("BREAKGLASS_LISTEN", &address);
    let ended = it.sandbox.run(&mut it.doctor);
    let line = format!("✓ address: the bot answers at {address}");
    assert!(ended.out.lines().any(|one| one == line), "{ended:#?}");
    let mut probe = it.sandbox.installed("doctor");
    let probe = probe.arg("--ready").env("BREAKGLASS_LISTEN", &address);
    let ready = it.sandbox.run(probe);
    assert_eq!((ready.code, ready.out.as_str()), (Some(0), ""), "{ready:?}");
    assert_eq!(bot.end("TERM"), Some(0));
    let gone = it.sandbox.run(probe);
    gone.failed_saying(&["no bot answers at", &address]);
}

#[test]
fn a_secret_that_everybody_may_read_is_told_and_not_shown() {
    let mut it = Installation::sound();
    let token = it.sandbox.told("bot_token").to_owned();
    it.sandbox.write("token", &token);
    let path = it.path("token");
    let mode = |mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&path, mode).unwrap();
    };
    it.doctor
        .env_remove("SLACK_BOT_TOKEN")
        .env("SLACK_BOT_TOKEN_FILE", "token");
    mode(0o644);
    let wide = it.sandbox.run(&mut it.doctor);
    assert!(
        wide.out.contains(
            "! secrets: everybody on this machine may read token, which holds SLACK_BOT_TOKEN; `chmod 600 token`"
        ),
        "{wide:#?}"
    );
    mode(0o640);
    let narrow = it.sandbox.run(&mut it.doctor);
    assert!(!narrow.out.contains("secrets:"), "{narrow:#?}");
    assert_eq!((wide.code, narrow.code), (Some(0), Some(0)));
}

#[test]
fn nobody_else_may_read_the_database_unless_somebody_lets_them() {
    let mut it = Installation::used();
    for name in ["breakglass.db", "breakglass.db.T0BREAK01.key"] {
        let mode = it.path(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let wide = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(it.path("breakglass.db"), wide).unwrap();
    let ended = it.sandbox.run(&mut it.doctor);
    let line = "! database: everybody on this machine may read breakglass.db, which holds what was said in private channels; `chmod 600 breakglass.db`";
    assert!(ended.out.lines().any(|one| one == line), "{ended:#?}");
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
