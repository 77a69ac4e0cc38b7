//! The pack of a quarter: forty emergencies, played through Slack, and four hundred
//! normal changes, told by CI, with what a quarter brings: the unauthorized, the late,
//! the rejected, the withdrawn, the redacted, and words in every script.
//!
//! The pack stays in the folder for temporary files of the tests' target, to be looked
//! at: `target/tmp/quarter/pack.zip`.

use std::path::Path;

use breakglass::intake::seal::Token;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{program, run};
use crate::world::{CHANNEL, Setting, World, berlin, browser};

const TOKEN: &str = "It's a Secret to Everybody";
/// One of them is withdrawn.
const N_EMERGENCIES: usize = 41;
const N_NORMAL: usize = 400;

/// What was done in an emergency, and on what.
const DEEDS: [(&str, &str); 12] = [
    ("Deploy WAF rule to block SQL injection", "auth-api"),
    ("Restart the stuck payment workers", "payments-api"),
    ("Roll back release 2026.31", "checkout"),
    ("Rotate the leaked signing key", "auth-api"),
    ("Raise the connection limit of the primary", "orders-db"),
    ("Fail over to the replica", "orders-db"),
    ("Switch the flag new-pricing off", "web"),
    (
        "Block the crawler's networks at the edge: 5,000 requests a second",
        "edge",
    ),
    (
        "Δίκτυο: перезапустить шлюз αβγ, 再起動 → ゲートウェイ",
        "gateway",
    ),
    ("=HYPERLINK(\"http://evil.example\",\"open me\")", "web"),
    ("Renew the certificate of the mail relay 🔥", "mail"),
    ("Remove the 10.4 GB of logs that fill the disk", "search"),
];

const TITLES: [&str; 6] = [
    "Show the delivery date on the order page",
    "Update tokio to 1.48",
    "Añadir la traducción al español",
    "=1+1 rows of the import are counted twice",
    "検索の並び順を直す",
    "Remove the unused price table, and whatever else was left of the old discount engine that nobody has used since the spring of 2024",
];

const AUTHORS: [&str; 4] = ["lee", "dana", "ines", "tomasz"];
const TYPES: [&str; 4] = ["feature", "dependency", "fix", "configuration"];

fn normal(n: usize, at: DateTime<Utc>) -> Value {
    let mut change = json!({
        "deployed_at": at.to_rfc3339(),
        "source": "ci",
        "external_id": format!("run-{}", 7000 + n),
        "title": TITLES[n % TITLES.len()],
        "system": DEEDS[n % DEEDS.len()].1,
        "author": AUTHORS[n % 4],
        "url": format!("https://git.northwind.example/shop/pull/{}", 900 + n),
        "commit": format!("{:040x}", 0xabc_def0_u64 * (n as u64 + 1)),
        "kind": if n % 9 == 4 { "standard" } else { "normal" },
        "type": TYPES[n % 4],
        "outcome": if n % 31 == 7 { "failure" } else { "success" },
    });
    // What a source doesn't tell is told as not collected.
    if n % 17 != 3 {
        change["approved_by"] = json!(AUTHORS[(n + 1) % 4]);
        change["approval_url"] = json!(format!(
            "https://git.northwind.example/shop/pull/{}#review",
            900 + n
        ));
    }
    if n % 13 != 5 {
        change["testing_result"] = json!("412 passed, 0 failed, 3 skipped");
        change["testing_url"] = json!(format!("https://ci.northwind.example/{}", 7000 + n));
        change["deploy_log_url"] = json!(format!("https://ci.northwind.example/{}/log", 7000 + n));
    }
    change
}

/// CI tells of the normal changes between two instants, evenly spread.
async fn tell(world: &World, from: DateTime<Utc>, until: DateTime<Utc>, which: &[usize]) {
    let Some(first) = which.first() else {
        return;
    };
    let step = (until - from) / (which.len() as i32 + 1);
    let mut changes = Vec::new();
    let mut at = from;
    for n in which {
        at += step;
        changes.push(normal(*n, at));
    }
    let answer = browser()
        .post(format!("http://{}/hooks/changes", world.address()))
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("idempotency-key", format!("from {first}"))
        .body(json!(changes).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 200);
}

/// One emergency from the first word to the last, as its number wants it.
async fn emergency(world: &mut World, n: usize) {
    let (what, system) = DEEDS[n % DEEDS.len()];
    let number = 1001 + n;
    let who = ["dana", "riley", "dana", "sam"][n % 4];
    world
        .slash(who, &format!("{what} on {system} @morgan"))
        .await;
    if n == 24 {
        let choice = format!("withdraw/{number}");
        world.choose(who, CHANNEL, "more", &choice).await;
        return;
    }
    world
        .press(
            who,
            CHANNEL,
            [
                "criterion:production_down",
                "criterion:customer_impact",
                "criterion:vulnerability",
                "criterion:data_loss",
            ][n % 4],
        )
        .await;
    let is_unauthorized = n % 13 == 5;
    if is_unauthorized {
        world.go(TimeDelta::minutes(7)).await;
        world.press(who, CHANNEL, "go_ahead").await;
    } else {
        world.go(TimeDelta::seconds(40 + 7 * n as i64)).await;
        world.press("morgan", CHANNEL, "authorize").await;
    }
    world.press("riley", CHANNEL, "take_command").await;
    world.go(TimeDelta::minutes(5 + n as i64 % 20)).await;
    world.press(who, CHANNEL, "deployed").await;
    if n % 3 == 0 {
        let card = world.text(&format!(
            "SELECT ts FROM outbox WHERE key = 'card:CHG-{number}'"
        ));
        let files = json!([
            {"name": "replay of 40 samples.log", "content": "40 samples, 40 blocked\n"},
            {"name": "=cmd report of Ines <final>.log", "content": format!("a name of a trickster's {n}\n")},
        ]);
        world
            .share(who, CHANNEL, &card, "the test run", files)
            .await;
    }
    if n >= 38 {
        return;
    }
    let is_late = n % 11 == 7;
    world
        .go(TimeDelta::hours(if is_late {
            27
        } else {
            3 + n as i64 % 5
        }))
        .await;
    let did = format!(
        "{what}. Checked on {system} beforehand; the change is in the shop's repository since then."
    );
    let failed = n % 10 == 6;
    let mut sections = vec![
        ("what_was_done", did.as_str()),
        (
            "testing",
            "Replayed 40 attack samples on staging, all blocked: https://ci.northwind.example/42",
        ),
        ("rollback_plan", "Switch it off again; takes 30 s."),
        (
            "outcome",
            if failed {
                "It made it worse: rolled back after four minutes, 212 orders had to be entered again by hand."
            } else {
                "Back to normal within two minutes; no data exposed."
            },
        ),
        (
            "lessons_learned",
            "• Keep such rules ready to switch on.\n• Ring the second on-call, too.\n• Ελέγξτε τα όρια κάθε μήνα.",
        ),
        ("category", "code"),
        (
            "security_impact",
            if n % 2 == 1 { "reduced" } else { "none" },
        ),
        (
            "rollback_executed",
            if failed { "executed" } else { "not_needed" },
        ),
        (
            "outcome_code",
            if failed { "rolled_back" } else { "successful" },
        ),
        ("incident_resolved", "yes"),
        ("data_exposed", "no"),
        ("permanence", "permanent"),
    ];
    world.document(who, CHANNEL, &sections).await;
    if n % 4 == 2 {
        // It closed a hole, and more is asked of it.
        sections = vec![
            (
                "security_impact_words",
                "The rule reads requests and opens nothing.",
            ),
            ("data_scope", "customer"),
        ];
        world.document(who, CHANNEL, &sections).await;
    }
    world.go(TimeDelta::minutes(50)).await;
    if !world.sees("morgan", "@breakglass", "approve").await && !is_unauthorized {
        // Nobody is asked at night.
        world.go(TimeDelta::hours(9)).await;
    }
    if n == 27 {
        world.tap("morgan", "@breakglass", "reject").await;
        let refusal = [
            ("reason", json!("The rule also blocks partners.")),
            ("way", json!("accept_risk")),
            ("genuine", json!("genuine")),
            ("owner", json!("U0PRIYA001")),
        ];
        world.send_in("morgan", &refusal).await;
    } else if n == 16 {
        world.tap("morgan", "@breakglass", "approve").await;
        let words = "Could have waited for the morning: nobody was affected.";
        let answer = [
            ("genuine", json!("not_genuine")),
            ("genuine_words", json!(words)),
        ];
        world.send_in("morgan", &answer).await;
    } else {
        if is_unauthorized {
            world.press("morgan", CHANNEL, "authorize").await;
        }
        world.approve("morgan", "@breakglass").await;
    }
    if n % 4 == 2 {
        world.tap("priya", CHANNEL, "review:security").await;
        world.send_in("priya", &[]).await;
    }
    if is_unauthorized || (is_late && n < 20) {
        world.slash("priya", "exceptions").await;
        world.tap("priya", CHANNEL, "answer_exceptions").await;
        let answers = [
            ("cause", json!("Nobody with authority was on call.")),
            ("remedy", json!("An approver joins the rota.")),
            ("owner", json!("U0PRIYA001")),
        ];
        world.send_in("priya", &answers).await;
    }
    if n == 3 {
        world.slash("sam", &format!("redact CHG-{number}")).await;
        let form = world.hand.modal("sam").await.unwrap();
        let text = first_option(&form);
        world
            .send_in(
                "sam",
                &[
                    ("texts", json!([text])),
                    ("reason", json!("A token was pasted; it is revoked.")),
                ],
            )
            .await;
    }
}

/// The value of the first option that a form offers.
fn first_option(form: &Value) -> Value {
    match form {
        Value::Object(object) => object
            .get("options")
            .and_then(|options| options.get(0))
            .map_or_else(
                || {
                    let found = object.values().map(first_option);
                    found.fold(
                        Value::Null,
                        |one, other| if one.is_null() { other } else { one },
                    )
                },
                |option| option["value"].clone(),
            ),
        Value::Array(all) => all
            .iter()
            .map(first_option)
            .find(|one| !one.is_null())
            .unwrap_or_default(),
        _ => Value::Null,
    }
}

#[tokio::test]
#[ignore = "takes two minutes; `.ci/run` runs it"]
async fn the_pack_of_a_quarter_holds_and_tells_all_of_it() {
    let mut setting = Setting {
        at: berlin("2026-07-01 08:00"),
        ..Setting::default()
    };
    setting.policy.administrators = vec!["U0SAM00001".to_owned()];
    setting.sources.keys.changes = Some(Token::new(TOKEN).unwrap());
    let mut world = World::of(setting).await;
    let ends = berlin("2026-09-30 23:00");
    let step = (ends - world.now().await) / N_EMERGENCIES as i32;
    let all: Vec<usize> = (0..N_NORMAL).collect();
    let mut told = all.chunks(N_NORMAL / (N_EMERGENCIES - 1));
    for n in 0..N_EMERGENCIES {
        let from = world.now().await;
        emergency(&mut world, n).await;
        world.go_to(from + step).await;
        tell(&world, from, from + step, told.next().unwrap_or_default()).await;
        world.skip();
    }
    world.go(TimeDelta::hours(3)).await;
    world.skip();

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quarter");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    let arguments = "evidence --from 2026-07-01 --to 2026-09-30 --stratum exceptions-first --seed 20261015 --out pack.zip";
    let mut make = program(&folder);
    make.args(arguments.split(' '))
        .env("BREAKGLASS_DATABASE", world.database());
    let mut verify = program(&folder);
    verify.args(["verify", "pack.zip"]);
    let (made, verified) = tokio::task::spawn_blocking(move || (run(&mut make), run(&mut verify)))
        .await
        .unwrap();
    assert_eq!(made.code, Some(0), "{made:?}");
    assert_eq!(verified.code, Some(0), "{verified:?}");
    println!("{}\n{}", made.out, verified.out);
    world.end().await;
}
