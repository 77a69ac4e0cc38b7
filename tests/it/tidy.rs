//! The invariants of the house: each test states what is absent from it.
//!
//! Every rule is also tried on a planted line, so that a rule that has gone
//! blind fails too.

use std::collections::BTreeSet;

use crate::scopes::{listed, methods, needed, snake};
use crate::source::{Kind, Source, file, files, sources};
use crate::sql::{columns_for_words, sql_words};

/// A rule about one file: returns what breaks it, and on which line.
type Rule = fn(&Source) -> Vec<(usize, String)>;

/// Holds a rule against all sources, and against planted lines that break it and
/// lines that don't.
fn check(rule: Rule, planted: &[(&str, &str)], innocent: &[(&str, &str)]) {
    for (path, content) in planted {
        let broken = rule(&Source::rust(path, content));
        assert!(!broken.is_empty(), "the rule is blind to: {content}");
    }
    for (path, content) in innocent {
        let broken = rule(&Source::rust(path, content));
        assert!(broken.is_empty(), "{content} is innocent of {broken:?}");
    }
    assert_none(sources().iter().flat_map(|source| {
        rule(source)
            .into_iter()
            .map(|(line, what)| format!("{}:{line}: {what}", source.path))
    }));
}

fn assert_none(offences: impl IntoIterator<Item = String>) {
    let offences: Vec<_> = offences.into_iter().collect();
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

/// Returns each line on which one of the patterns stands.
fn found(source: &Source, patterns: &[&str]) -> Vec<(usize, String)> {
    patterns
        .iter()
        .flat_map(|pattern| {
            source
                .lines_with(pattern)
                .into_iter()
                .map(|line| (line, pattern.replace(' ', "")))
        })
        .collect()
}

fn is_below(source: &Source, folders: &[&str]) -> bool {
    folders.iter().any(|folder| source.path.starts_with(folder))
}

/// Every way to ask the machine what time it is.
const CLOCK_READINGS: &[&str] = &[
    "Utc :: now",
    "Local :: now",
    "SystemTime :: now",
    "Instant :: now",
    // A clock under another name would be read unseen.
    "Utc as",
    "Local as",
    "SystemTime as",
    "Instant as",
];

/// I1, of one file: what the rules of emergency changes may not know.
fn impurities(source: &Source) -> Vec<(usize, String)> {
    if !is_below(source, &["src/domain"]) {
        return Vec::new();
    }
    let source = source.without_tests();
    let mut broken = found(&source, CLOCK_READINGS);
    broken.extend(found(
        &source,
        &[
            "async",
            "await",
            "tokio",
            "std :: fs",
            "std :: io",
            "std :: net",
            "std :: env",
            "std :: process",
            "std :: thread",
        ],
    ));
    let allowed = ["chrono", "thiserror", "sha2"];
    for dependency in dependencies() {
        if !allowed.contains(&dependency.as_str()) {
            broken.extend(found(
                &source,
                &[&format!("{dependency} ::"), &format!("use {dependency}")],
            ));
        }
    }
    // Nor the rooms around it: the data never turns back.
    broken.extend(
        source
            .tokens
            .windows(3)
            .filter(|w| w[0].text == "crate" && w[1].text == "::" && w[2].text != "domain")
            .map(|w| (w[0].line, format!("crate::{}", w[2].text))),
    );
    broken
}

/// Returns the crates that the project builds upon, as Rust spells them.
fn dependencies() -> Vec<String> {
    let manifest = file("Cargo.toml").unwrap();
    let found: Vec<_> = manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim().replace('-', "_"))
        .collect();
    assert!(found.contains(&"slack_morphism".to_owned()));
    found
}

#[test]
fn i1_the_domain_knows_neither_the_world_nor_the_time() {
    let test_modules: BTreeSet<String> = sources()
        .iter()
        .filter(|source| is_below(source, &["src/domain"]))
        .flat_map(Source::test_modules)
        .collect();
    let is_for_tests = |path: &str| {
        path.split('/')
            .any(|part| test_modules.contains(part.trim_end_matches(".rs")))
    };
    assert_none(
        sources()
            .iter()
            .filter(|source| !is_for_tests(&source.path))
            .flat_map(|source| {
                impurities(source)
                    .into_iter()
                    .map(|(line, what)| format!("{}:{line}: {what}", source.path))
            }),
    );
    for planted in [
        "use serde::Serialize;",
        "use serde_json;",
        "fn a(row: &rusqlite::Row) {}",
        "async fn a() {}",
        "let now = chrono::Utc::now();",
        "use crate::store::Register;",
        "let a = std::fs::read(\"b\");",
        "#[cfg(test)] mod tests {} use axum::Router;",
    ] {
        let source = Source::rust("src/domain/a.rs", planted);
        assert!(!impurities(&source).is_empty(), "blind to: {planted}");
        let elsewhere = Source::rust("src/engine.rs", planted);
        assert!(impurities(&elsewhere).is_empty());
    }
    for innocent in [
        "use chrono::{DateTime, Utc}; use crate::domain::id::UserId; // serde::Serialize",
        "#[cfg(test)] mod tests { use proptest::prelude::*; use serde::Serialize; }",
        "let hash = sha2::Sha256::new(); let bytes = hash.bytes;",
    ] {
        let source = Source::rust("src/domain/a.rs", innocent);
        assert_eq!(impurities(&source), [], "{innocent}");
    }
}

#[test]
fn i2_only_the_store_knows_sqlite_and_only_slack_knows_slack_morphism() {
    check(
        |source| {
            let mut broken = Vec::new();
            if !is_below(source, &["src/store/"]) {
                broken.extend(found(source, &["rusqlite", "libsqlite3_sys"]));
            }
            if !is_below(source, &["src/slack/"]) {
                broken.extend(found(source, &["slack_morphism"]));
            }
            broken
        },
        &[
            ("src/engine.rs", "use rusqlite::Connection;"),
            ("src/slack/client.rs", "fn a() -> rusqlite::Result<()> {}"),
            ("src/store/log.rs", "use slack_morphism::prelude::*;"),
            ("src/main.rs", "slack_morphism::SlackClient::new()"),
        ],
        &[
            ("src/store/log.rs", "use rusqlite::Connection;"),
            ("src/slack/views/card.rs", "use slack_morphism::prelude::*;"),
            ("src/lib.rs", "//! rusqlite\nlet a = \"rusqlite\";"),
        ],
    );
}

#[test]
fn i3_the_clock_is_read_in_one_place() {
    check(
        |source| {
            let is_the_place =
                ["src/clock.rs", "src/sandbox/clock.rs"].contains(&source.path.as_str());
            if is_the_place {
                Vec::new()
            } else {
                found(source, CLOCK_READINGS)
            }
        },
        &[
            ("src/engine.rs", "let now = Utc::now();"),
            ("src/engine.rs", "let now = chrono::Utc\n    ::now();"),
            ("src/dispatch/mod.rs", "std::time::SystemTime::now()"),
            ("src/sandbox/limits.rs", "tokio::time::Instant::now()"),
            ("src/store/clock.rs", "use chrono::Utc as Time;"),
        ],
        &[
            ("src/clock.rs", "Utc::now()"),
            ("src/sandbox/clock.rs", "Utc::now()"),
            ("src/engine.rs", "clock.now(); // not Utc::now()"),
        ],
    );
}

/// The methods of Slack's by which something is written, `chat.postMessage`
/// among them, by the families that they belong to.
const WRITING: &[(&str, &[&str])] = &[
    (
        "chat",
        &[
            "postMessage",
            "postEphemeral",
            "update",
            "delete",
            "scheduleMessage",
            "meMessage",
        ],
    ),
    ("views", &["open", "update", "push", "publish"]),
    ("reactions", &["add", "remove"]),
    ("pins", &["add", "remove"]),
    (
        "files",
        &["getUploadURLExternal", "completeUploadExternal", "delete"],
    ),
    (
        "conversations",
        &["open", "join", "invite", "create", "setTopic", "archive"],
    ),
];

/// The client's own methods that write.
const WRITERS: &[&str] = &[
    "post",
    "update",
    "post_ephemeral",
    "respond",
    "open_direct",
    "publish_home",
    "upload_unshared",
    "hand_in",
    "share_file",
    "share_file_with",
];

/// I4, of one file: words to the outside that don't go through the outbox.
fn ways_around_the_outbox(source: &Source) -> Vec<(usize, String)> {
    // The sandbox is the outside.
    if is_below(source, &["src/sandbox/", "src/slack/client.rs"]) {
        return Vec::new();
    }
    let mut broken = Vec::new();
    for (family, methods) in WRITING {
        for method in *methods {
            let name = format!("{family}.{method}");
            broken.extend(found(source, &[&format!(". {}", snake(&name))]));
            broken.extend(
                source
                    .texts()
                    .filter(|text| text.text == name)
                    .map(|text| (text.line, name.clone())),
            );
        }
    }
    let senders = [
        "src/dispatch/mod.rs",
        "src/dispatch/pack.rs",
        "src/dispatch/picture.rs",
        "src/dispatch/witness.rs",
    ];
    if senders.contains(&source.path.as_str()) {
        return broken;
    }
    // Whoever holds the client could write with it; a modal must be opened while
    // its trigger lives, so `open_view` is free.
    let holds_the_client = !source.lines_with("SlackClient").is_empty();
    for writer in WRITERS {
        let call = if holds_the_client {
            format!(". {writer} (")
        } else {
            format!("client . {writer} (")
        };
        broken.extend(found(source, &[&call]));
    }
    // Other roads out: each has its reason.
    let has_an_errand = [
        "src/clock.rs",            // asks the sandbox what time it is
        "src/cli/",                // speaks with the running bot, in the operator's name
        "src/beside.rs",           // the same, for what the bot alone may write
        "src/slack/",              // reads, and is held to the above
        "src/intake/",             // polls GitHub and GitLab
        "src/dispatch/address.rs", // the dispatcher's own way to a witness
    ];
    if !is_below(source, &has_an_errand) {
        broken.extend(found(
            source,
            &["reqwest", "TcpStream :: connect", "connect_async"],
        ));
    }
    broken
}

#[test]
fn i4_nothing_is_written_to_the_outside_but_from_the_dispatcher() {
    check(
        ways_around_the_outbox,
        &[
            (
                "src/engine.rs",
                "use crate::slack::client::SlackClient; fn a() { slack.post(b, c) }",
            ),
            ("src/bot/mod.rs", "client.upload_unshared(a)"),
            (
                "src/slack/inbound/mod.rs",
                "self.client.post_ephemeral(a, b)",
            ),
            ("src/slack/inbound/mod.rs", "self\n.client\n.respond(a, b)"),
            ("src/slack/socket.rs", "session.chat_post_message(&request)"),
            ("src/dispatch/mod.rs", "session.chat_update(&request)"),
            ("src/engine.rs", "call(\"chat.postMessage\")"),
            (
                "src/report/chart.rs",
                "session.files_get_upload_url_external(&request)",
            ),
            ("src/engine.rs", "reqwest::get(url)"),
        ],
        &[
            (
                "src/dispatch/mod.rs",
                "use crate::slack::client::SlackClient; fn a() { client.post(b, c) }",
            ),
            (
                "src/slack/client.rs",
                "self.write(\"chat.update\", &request)",
            ),
            (
                "src/slack/inbound/mod.rs",
                "self.client.open_view(trigger, view)",
            ),
            (
                "src/sandbox/api.rs",
                "match method { \"chat.update\" => a, _ => b }",
            ),
            ("src/store/log.rs", "hasher.update(bytes)"),
        ],
    );
}

/// The tables that hold events.
const EVENT_TABLES: &[&str] = &["EVENT", "CHECKPOINT"];

/// I5, of one piece of SQL: whether it changes or removes an event.
fn rewrites_history(sql: &str) -> bool {
    let words = sql_words(sql);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    EVENT_TABLES.iter().any(|table| {
        let holds = |pattern: &[&str]| {
            words.windows(pattern.len() + 1).any(|window| {
                window[..pattern.len()] == *pattern
                    && window[pattern.len()].rsplit('.').next() == Some(table)
            })
        };
        // In English too one may update an event.
        (holds(&["UPDATE"]) && words.contains(&"SET"))
            || ["ABORT", "FAIL", "IGNORE", "REPLACE", "ROLLBACK"]
                .iter()
                .any(|or| holds(&["UPDATE", "OR", or]))
            || holds(&["DELETE", "FROM"])
            || holds(&["REPLACE", "INTO"])
            || holds(&["DROP", "TABLE"])
            || (holds(&["INTO"]) && words.windows(2).any(|w| w == ["DO", "UPDATE"]))
    })
}

#[test]
fn i5_an_event_is_never_updated_or_deleted() {
    let mut offences = Vec::new();
    for (path, sql) in migrations() {
        offences.extend(
            sql.split(';')
                .filter(|s| rewrites_history(s))
                .map(|s| format!("{path}: {s}")),
        );
    }
    // The store's own tests play whoever tampers with the file from outside.
    let tampering = |source: &Source| is_below(source, &["src/store/tests"]);
    for source in sources().iter().filter(|source| !tampering(source)) {
        offences.extend(
            source
                .texts()
                .filter(|text| rewrites_history(&text.text))
                .map(|text| format!("{}:{}: {}", source.path, text.line, text.text)),
        );
    }
    assert_none(offences);
    for table in EVENT_TABLES {
        let known = migrations().iter().any(|(_, sql)| {
            sql_words(sql)
                .windows(3)
                .any(|w| w[0] == "CREATE" && w[1] == "TABLE" && w[2] == *table)
        });
        assert!(
            known,
            "no migration makes the table {table} that this rule guards"
        );
    }
    for planted in [
        "UPDATE event SET leaf = ?1",
        "update or ignore\n  main.event set leaf = ?1",
        "DELETE FROM event WHERE seq = 1",
        "INSERT OR REPLACE INTO event VALUES (1)",
        "INSERT INTO event VALUES (1) ON CONFLICT DO UPDATE SET leaf = 2",
        "DROP TABLE event",
    ] {
        assert!(rewrites_history(planted), "blind to: {planted}");
    }
    for innocent in [
        "INSERT INTO event (seq) VALUES (?1)",
        "UPDATE change SET state = ?1",
        "DELETE FROM outbox -- not DELETE FROM event",
        "CREATE TRIGGER event_stays BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'no'); END",
        "an update of the event",
    ] {
        assert!(!rewrites_history(innocent), "{innocent}");
    }
}

#[test]
fn i6_the_manifest_asks_for_the_scopes_that_are_used_and_no_others() {
    let used: BTreeSet<String> = sources()
        .iter()
        .filter(|source| is_below(source, &["src/slack/"]))
        .flat_map(|source| methods(&source.without_tests()))
        .collect();
    let manifest = file("manifest.yml");
    assert!(
        manifest.is_some() || used.is_empty(),
        "methods are used, and there is no manifest.yml"
    );
    if let Some(manifest) = manifest {
        let events = listed(&manifest, "bot_events");
        let (mut scopes, unknown) = needed(&used, &events);
        if manifest.contains("slash_commands:") || manifest.contains("shortcuts:") {
            scopes.insert("commands".to_owned());
        }
        assert_eq!(unknown, [""; 0], "say above which scopes these need");
        assert_eq!(listed(&manifest, "bot"), scopes);
    }
    let planted = Source::rust(
        "src/slack/client.rs",
        "fn a() { session.chat_post_message(b); call(\"users.info\"); session.pins_add(c); d.e(\"a.b\") }",
    );
    let found = methods(&planted);
    assert_eq!(
        found,
        ["chat.postMessage", "pins_add", "users.info"]
            .map(str::to_owned)
            .into()
    );
    let events = listed(
        "a:\n  bot_events:\n    # why\n    - app_mention # why\n\n    - odd\nb:\n  - c",
        "bot_events",
    );
    let (scopes, unknown) = needed(&found, &events);
    assert_eq!(
        scopes,
        ["app_mentions:read", "chat:write", "users:read"]
            .map(str::to_owned)
            .into()
    );
    assert_eq!(unknown, ["pins_add", "odd"]);
}

/// What has been seen of one block in braces.
#[derive(Default)]
struct Block {
    matches_events: bool,
    wildcard: Option<usize>,
}

/// I7, of one file: arms that would swallow an event that is added later.
fn arms_for_the_rest(source: &Source) -> Vec<(usize, String)> {
    let forms = ["src/domain/effect.rs", "src/store/log.rs", "src/evidence/"];
    if !is_below(source, &forms) {
        return Vec::new();
    }
    let source = source.without_tests();
    let mut blocks = vec![Block::default()];
    let mut broken = Vec::new();
    for window in source.tokens.windows(3) {
        let [before, token, after] = window else {
            continue;
        };
        let begins_an_arm = matches!(before.text.as_str(), "{" | "}" | "," | "|");
        let block = blocks.last_mut().unwrap();
        match (token.kind, token.text.as_str()) {
            (Kind::Mark, "{") => blocks.push(Block::default()),
            (Kind::Mark, "}") => {
                let done = blocks.pop().unwrap();
                if blocks.is_empty() {
                    blocks.push(Block::default());
                }
                let line = done.wildcard.filter(|_| done.matches_events);
                broken.extend(line.map(|line| (line, "_ in a match on Event".to_owned())));
            }
            (_, "Event") if begins_an_arm && after.text == "::" => block.matches_events = true,
            (_, "_") if begins_an_arm && matches!(after.text.as_str(), "=" | "if") => {
                block.wildcard = Some(token.line);
            }
            _ => {}
        }
    }
    broken
}

#[test]
fn i7_every_event_has_its_effects_its_stored_and_its_exported_form() {
    check(
        arms_for_the_rest,
        &[
            (
                "src/domain/effect.rs",
                "fn a() { match event { Event::Closed => {} Event::Lapsed | Event::Withdrawn => b(), _ => c() } }",
            ),
            (
                "src/store/log.rs",
                "fn a() { match event { Event::Denied { ground } => { b(ground) } _ if c => {} } }",
            ),
        ],
        &[
            (
                "src/store/log.rs",
                "fn a() { match name { \"closed\" => Event::Closed, _ => { return Err(b) } } }",
            ),
            (
                "src/domain/effect.rs",
                "fn a() { match event { Event::Closed => match b { Some(_) => c, _ => d }, Event::Lapsed => {} } }",
            ),
        ],
    );
}

/// I8, of one file: whether bot and sandbox know each other.
fn acquaintances(source: &Source) -> Vec<(usize, String)> {
    let rooms = |wanted: fn(&str) -> bool| {
        source
            .tokens
            .windows(3)
            .filter(|w| matches!(w[0].text.as_str(), "crate" | "breakglass") && w[1].text == "::")
            .filter(|w| wanted(&w[2].text))
            .map(|w| (w[0].line, format!("crate::{}", w[2].text)))
            .collect::<Vec<_>>()
    };
    if is_below(source, &["src/sandbox/"]) {
        return rooms(|room| room != "sandbox");
    }
    let may_know = ["src/cli/demo.rs", "src/cli/demo/", "src/cli/sandbox.rs"];
    if is_below(source, &may_know) {
        return Vec::new();
    }
    // `crate::{sandbox, …}` and `super::sandbox` too. The command line's own
    // module of that name is another thing.
    let mut broken = found(source, &["crate :: sandbox", "breakglass :: sandbox"]);
    broken.extend(found(
        source,
        &["sandbox :: start", "super :: super :: sandbox"],
    ));
    let grouped = source.tokens.windows(4).filter(|w| {
        w[0].text == "crate" && w[1].text == "::" && w[2].text == "{" && w[3].text == "sandbox"
    });
    broken.extend(grouped.map(|w| (w[0].line, "crate::{sandbox".to_owned())));
    broken
}

#[test]
fn i8_the_sandbox_and_the_bot_do_not_know_each_other() {
    check(
        acquaintances,
        &[
            ("src/sandbox/api.rs", "use crate::domain::id::UserId;"),
            ("src/sandbox/api.rs", "use crate::{slack, engine};"),
            ("src/engine.rs", "use crate::sandbox::Options;"),
            ("src/engine.rs", "use crate::{sandbox, store};"),
            ("src/main.rs", "breakglass::sandbox::start(options)"),
        ],
        &[
            (
                "src/sandbox/api.rs",
                "use crate::sandbox::state::State; // crate::domain",
            ),
            ("src/cli/demo.rs", "use crate::sandbox;"),
            ("src/cli/sandbox.rs", "use crate::sandbox::Options;"),
            (
                "src/cli/mod.rs",
                "mod sandbox; Command::Sandbox(args) => sandbox::run(args)",
            ),
            ("src/lib.rs", "pub mod sandbox;"),
        ],
    );
}

/// Columns in which words could be kept, and why these hold none that a person
/// wrote. A name alone counts in every table.
const WORDLESS_COLUMNS: &[(&str, &str)] = &[
    ("workspace", "Slack's identifier"),
    ("stage", "a name of an enumeration, under a CHECK"),
    ("state", "a name of an enumeration, under a CHECK"),
    ("kind", "a name of an enumeration, under a CHECK"),
    ("part", "a name of an enumeration, under a CHECK"),
    ("channel", "Slack's identifier"),
    ("lane", "Slack's identifier of a conversation or a person"),
    ("head.peaks", "hashes"),
    (
        "event.leaf",
        "an event as it was encoded; its words are commitments",
    ),
    ("event.leaf_hash", "a hash"),
    ("change.requester", "Slack's identifier"),
    (
        "policy.bytes",
        "the organisation's rules, which the log holds in full",
    ),
    ("attachment.sha256", "a hash"),
    (
        "attachment.bytes",
        "a file as it came, which a redaction takes away as it does a text",
    ),
    ("person.id", "Slack's identifier"),
    (
        "person.name",
        "what Slack calls the person; it is said in no change",
    ),
    ("person.zone", "a name of the time zone database"),
    ("person.direct", "Slack's identifier of a conversation"),
    ("person.standing", "a name of an enumeration, under a CHECK"),
    ("membership.person", "Slack's identifier"),
    ("membership.user_group", "Slack's identifier"),
    ("inbox.key", "Slack's identifier of a delivery"),
    (
        "inbox.gesture",
        "a gesture as it was encoded; its words are commitments",
    ),
    ("inbox.result", "what the bot said"),
    ("person.standing", "a name of an enumeration, under a CHECK"),
    ("membership.person", "Slack's identifier"),
    ("membership.user_group", "Slack's identifier"),
    ("home.person", "Slack's identifier"),
    ("outbox.key", "made by the bot, of identifiers"),
    ("outbox.person", "Slack's identifier"),
    ("outbox.duty", "a name of an enumeration"),
    ("outbox.rung", "a name of an enumeration"),
    ("outbox.gesture", "a key of the inbox"),
    ("outbox.batch", "a key of the outbox"),
    ("outbox.ts", "Slack's timestamp of a message"),
    ("outbox.payload", "a hash"),
    ("outbox.error", "one of Slack's error names"),
    ("outbox.place", "Slack's identifier of a channel"),
    ("halt.reason", "one of Slack's error names"),
    ("shut.reason", "one of Slack's error names"),
    ("quote.ts", "Slack's timestamp of a message"),
    ("quote.half", "a name of an enumeration, under a CHECK"),
    ("offer.thread", "Slack's timestamp of a message"),
    ("offer.asker", "Slack's identifier"),
    ("offer.request_by", "Slack's identifier"),
    ("offer.request_ts", "Slack's timestamp of a message"),
    ("offer.request_thread", "Slack's timestamp of a message"),
    ("offer.request_permalink", "Slack's address of a message"),
    ("offer.request_text", "a commitment"),
    ("offer.answer_by", "Slack's identifier"),
    ("offer.answer_ts", "Slack's timestamp of a message"),
    ("offer.answer_thread", "Slack's timestamp of a message"),
    ("offer.answer_permalink", "Slack's address of a message"),
    ("offer.answer_text", "a commitment"),
    ("offer.verdict", "a name of an enumeration, under a CHECK"),
    ("source.name", "what a source is called"),
    ("system.name", "what machines call a system"),
    ("deployment.external_id", "the source's identifier"),
    (
        "deployment.happening",
        "a name of an enumeration, under a CHECK",
    ),
    ("deployment.author", "what the source calls a person"),
    (
        "deployment.author_email",
        "the source's address of a person",
    ),
    ("deployment.said_in", "Slack's identifier"),
    ("deployment.made_by", "Slack's identifier"),
    ("deployment.url", "the source's address of a change"),
    ("deployment.commit_hash", "a hash"),
    ("deployment.change_type", "the source's name for a sort"),
    ("deployment.approved_by", "what the source calls a person"),
    ("deployment.approval_url", "the source's address"),
    ("deployment.testing_url", "the source's address"),
    ("deployment.deploy_log_url", "the source's address"),
    ("deployment.outcome", "the source's name for a state"),
    ("deployment.title", "a commitment"),
    ("deployment.testing_result", "a commitment"),
    ("named.hash", "a hash"),
    ("cursor.source", "what a source is called"),
    ("cursor.path", "what a source calls a repository"),
    ("cursor.position", "a place in a source's lists, as form"),
    ("cursor.fault", "this program's words for a fault"),
    ("delivery.id", "the source's identifier of a delivery"),
    ("frozen_week.zone", "a name of the time zone database"),
    ("frozen_week.figures", "figures as they were reported"),
    ("correction.figures", "figures as they are known later"),
    (
        "correction.reason",
        "what differs from those before, by its name",
    ),
    ("picture.look", "a name of an enumeration, under a CHECK"),
    ("picture.file", "Slack's identifier"),
    ("checkpoint.root", "a hash"),
    ("checkpoint.note", "hashes and a signature, by the bot"),
    ("log_key.key", "a public key"),
    ("showing.witness", "a name of an enumeration, under a CHECK"),
    ("showing.file", "Slack's identifier"),
    ("showing.error", "what stood in the way, in the bot's words"),
    ("pack.gesture", "Slack's identifier of a gesture"),
    ("pack.person", "Slack's identifier"),
    ("pack.first_day", "a date"),
    ("pack.last_day", "a date"),
    ("pack.sha256", "a hash"),
    ("pack.file", "Slack's identifier"),
    ("pack.error", "what stood in the way, in the bot's words"),
    ("question.asked_of", "Slack's identifier"),
    ("question.answer", "a name of an enumeration, under a CHECK"),
    ("question.answered_by", "Slack's identifier"),
    ("question.proof", "a commitment"),
    ("question.second", "Slack's identifier"),
    ("question.named_by", "Slack's identifier"),
];

/// Returns the migrations, in order.
fn migrations() -> Vec<(String, String)> {
    let migrations = files("migrations", ".sql");
    assert!(
        !migrations.is_empty() || files("src/store", ".rs").is_empty(),
        "there is a store, and no migration"
    );
    migrations
}

/// I9: returns the columns that could hold words and aren't known to hold none.
fn columns_unaccounted_for(sql: &str) -> Vec<String> {
    columns_for_words(sql)
        .into_iter()
        .filter(|full| {
            let (table, column) = full.split_once('.').unwrap();
            table != "text"
                && !WORDLESS_COLUMNS
                    .iter()
                    .any(|(known, _)| known == full || *known == column)
        })
        .collect()
}

#[test]
fn i9_no_table_but_text_holds_what_a_person_wrote() {
    assert_none(migrations().iter().flat_map(|(path, sql)| {
        columns_unaccounted_for(sql)
            .into_iter()
            .map(move |column| format!("{path}: {column}"))
    }));
    // What is excused must be there, or the excuse waits for somebody to misuse it.
    let columns: Vec<String> = migrations()
        .iter()
        .flat_map(|(_, sql)| columns_for_words(sql))
        .collect();
    assert_none(
        WORDLESS_COLUMNS
            .iter()
            .filter(|(known, _)| {
                !columns
                    .iter()
                    .any(|full| full == known || full.split('.').next_back() == Some(known))
            })
            .map(|(known, _)| format!("{known} is excused and doesn't exist")),
    );
    let planted = "
        -- One row a change; what TEXT, it holds.
        CREATE TABLE change (
            workspace TEXT NOT NULL, -- not, what TEXT
            number INTEGER NOT NULL CHECK (number IN (1, 2)),
            what TEXT NOT NULL,
            raw blob,
            PRIMARY KEY (workspace, number)
        ) STRICT;
        CREATE TABLE IF NOT EXISTS text (body TEXT NOT NULL) STRICT;
        CREATE INDEX b ON change (what);
        ALTER TABLE change ADD COLUMN title TEXT;";
    assert_eq!(
        columns_unaccounted_for(planted),
        ["change.what", "change.raw", "change.title"]
    );
}

#[test]
fn the_readme_names_only_files_that_exist() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let folders = ["src/", "tests/", "migrations/", "benches/", "packaging/"];
    let named: Vec<&str> = readme
        .split(['`', '(', ')'])
        .filter(|word| !word.contains(char::is_whitespace))
        .filter(|word| folders.iter().any(|folder| word.starts_with(folder)))
        .collect();
    assert!(named.len() > 10, "the README leads a newcomer to the code");
    let missing: Vec<_> = named
        .iter()
        .filter(|path| !root.join(path).exists())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
