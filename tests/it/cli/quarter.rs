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
    let step = (until - from) / (i32::try_from(which.len()).unwrap() + 1);
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

/// An emergency, and what its number makes of it.
struct Emergency {
    n: usize,
    number: usize,
    who: &'static str,
    what: &'static str,
    system: &'static str,
}

impl Emergency {
    const WITHDRAWN: usize = 24;
    const REJECTED: usize = 27;
    const NOT_GENUINE: usize = 16;
    const REDACTED: usize = 3;
    /// From here on nobody has documented them when the quarter ends.
    const UNFINISHED: usize = 38;

    fn of(n: usize) -> Self {
        let (what, system) = DEEDS[n % DEEDS.len()];
        Self {
            n,
            number: 1001 + n,
            who: ["dana", "riley", "dana", "sam"][n % 4],
            what,
            system,
        }
    }

    fn is_unauthorized(&self) -> bool {
        self.n % 13 == 5
    }

    fn is_late(&self) -> bool {
        self.n % 11 == 7
    }

    fn has_failed(&self) -> bool {
        self.n % 10 == 6
    }

    /// It closed a hole, and more is asked of it.
    fn is_of_security(&self) -> bool {
        self.n % 4 == 2
    }

    fn minutes(&self) -> TimeDelta {
        TimeDelta::minutes(i64::try_from(self.n % 20).unwrap())
    }

    /// From the first word to the last, or as far as it gets.
    async fn plays(&self, world: &mut World) {
        let line = format!("{} on {} @morgan", self.what, self.system);
        world.slash(self.who, &line).await;
        if self.n == Self::WITHDRAWN {
            let choice = format!("withdraw/{}", self.number);
            world.choose(self.who, CHANNEL, "more", &choice).await;
            return;
        }
        self.goes_out(world).await;
        if self.n >= Self::UNFINISHED {
            return;
        }
        let hours = if self.is_late() { 27 } else { 3 };
        world.go(TimeDelta::hours(hours) + self.minutes()).await;
        self.is_documented(world).await;
        world.go(TimeDelta::minutes(50)).await;
        let is_asked = world.sees("morgan", "@breakglass", "approve").await;
        if !is_asked && !self.is_unauthorized() {
            // Nobody is asked at night.
            world.go(TimeDelta::hours(9)).await;
        }
        self.is_decided(world).await;
        if self.is_of_security() {
            world.tap("priya", CHANNEL, "review:security").await;
            world.send_in("priya", &[]).await;
        }
        if self.is_unauthorized() || (self.is_late() && self.n < 20) {
            world.slash("priya", "exceptions").await;
            world.tap("priya", CHANNEL, "answer_exceptions").await;
            let answers = [
                ("cause", json!("Nobody with authority was on call.")),
                ("remedy", json!("An approver joins the rota.")),
                ("owner", json!("U0PRIYA001")),
            ];
            world.send_in("priya", &answers).await;
        }
        if self.n == Self::REDACTED {
            let line = format!("redact CHG-{}", self.number);
            world.slash("sam", &line).await;
            let form = world.hand.modal("sam").await.unwrap();
            let removal = [
                ("texts", json!([first_option(&form)])),
                ("reason", json!("A token was pasted; it is revoked.")),
            ];
            world.send_in("sam", &removal).await;
        }
    }

    /// Somebody says why, permits it or doesn't, commands, deploys.
    async fn goes_out(&self, world: &mut World) {
        let criterion = [
            "criterion:production_down",
            "criterion:customer_impact",
            "criterion:vulnerability",
            "criterion:data_loss",
        ][self.n % 4];
        world.press(self.who, CHANNEL, criterion).await;
        if self.is_unauthorized() {
            world.go(TimeDelta::minutes(7)).await;
            world.press(self.who, CHANNEL, "go_ahead").await;
        } else {
            world.go(TimeDelta::seconds(40)).await;
            world.press("morgan", CHANNEL, "authorize").await;
        }
        world.press("riley", CHANNEL, "take_command").await;
        world.go(TimeDelta::minutes(5) + self.minutes()).await;
        world.press(self.who, CHANNEL, "deployed").await;
        if self.n.is_multiple_of(3) {
            let key = format!("card:CHG-{}", self.number);
            let card = world.text(&format!("SELECT ts FROM outbox WHERE key = '{key}'"));
            let trick = format!("a name of a trickster's, {}\n", self.n);
            let files = json!([
                {"name": "replay of 40 samples.log", "content": "40 samples, 40 blocked\n"},
                {"name": "=cmd report of Ines <final>.log", "content": trick},
            ]);
            let words = "the test run";
            world.share(self.who, CHANNEL, &card, words, files).await;
        }
    }

    async fn is_documented(&self, world: &mut World) {
        let did = format!(
            "{}. Checked on {} beforehand; the change is in the shop's repository since then.",
            self.what, self.system
        );
        let (outcome, rolled_back, code) = if self.has_failed() {
            (
                "It made it worse: rolled back after four minutes, 212 orders had to be entered again by hand.",
                "executed",
                "rolled_back",
            )
        } else {
            (
                "Back to normal within two minutes; no data exposed.",
                "not_needed",
                "successful",
            )
        };
        let impact = if self.n % 2 == 1 { "reduced" } else { "none" };
        let sections = [
            ("what_was_done", did.as_str()),
            (
                "testing",
                "Replayed 40 attack samples on staging, all blocked: https://ci.northwind.example/42",
            ),
            ("rollback_plan", "Switch it off again; takes 30 s."),
            ("outcome", outcome),
            (
                "lessons_learned",
                "• Keep such rules ready to switch on.\n• Ring the second on-call, too.\n• Ελέγξτε τα όρια κάθε μήνα.",
            ),
            ("category", "code"),
            ("security_impact", impact),
            ("rollback_executed", rolled_back),
            ("outcome_code", code),
            ("incident_resolved", "yes"),
            ("data_exposed", "no"),
            ("permanence", "permanent"),
        ];
        world.document(self.who, CHANNEL, &sections).await;
        if self.is_of_security() {
            let more = [
                (
                    "security_impact_words",
                    "The rule reads requests and opens nothing.",
                ),
                ("data_scope", "customer"),
            ];
            world.document(self.who, CHANNEL, &more).await;
        }
    }

    async fn is_decided(&self, world: &mut World) {
        if self.n == Self::REJECTED {
            world.tap("morgan", "@breakglass", "reject").await;
            let refusal = [
                ("reason", json!("The rule also blocks partners.")),
                ("way", json!("accept_risk")),
                ("genuine", json!("genuine")),
                ("owner", json!("U0PRIYA001")),
            ];
            return world.send_in("morgan", &refusal).await;
        }
        if self.n == Self::NOT_GENUINE {
            world.tap("morgan", "@breakglass", "approve").await;
            let words = "Could have waited for the morning: nobody was affected.";
            let answer = [
                ("genuine", json!("not_genuine")),
                ("genuine_words", json!(words)),
            ];
            return world.send_in("morgan", &answer).await;
        }
        if self.is_unauthorized() {
            world.press("morgan", CHANNEL, "authorize").await;
        }
        world.approve("morgan", "@breakglass").await;
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
    setting.policy.report_channel = Some("C0ENGINEER".to_owned());
    setting.sources.keys.changes = Some(Token::new(TOKEN).unwrap());
    let mut world = World::of(setting).await;
    let ends = berlin("2026-09-30 23:00");
    let step = (ends - world.now().await) / i32::try_from(N_EMERGENCIES).unwrap();
    let all: Vec<usize> = (0..N_NORMAL).collect();
    let mut told = all.chunks(N_NORMAL / (N_EMERGENCIES - 1));
    for n in 0..N_EMERGENCIES {
        let from = world.now().await;
        Emergency::of(n).plays(&mut world).await;
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
    let picked = [
        Emergency::REDACTED,
        Emergency::NOT_GENUINE,
        Emergency::REJECTED,
        Emergency::UNFINISHED,
    ];
    let picked: Vec<_> = picked
        .map(|n| format!("CHG-{}", Emergency::of(n).number))
        .into();
    let period = "evidence --from 2026-07-01 --to 2026-09-30";
    let exports = [
        format!("{period} --stratum exceptions-first --seed 20261015 --out pack.zip"),
        format!("{period} --change {} --out picked.zip", picked.join(" ")),
    ];
    let database = world.database();
    let task = tokio::task::spawn_blocking(move || {
        exports.map(|line| {
            let export = run(program(&folder)
                .args(line.split(' '))
                .env("BREAKGLASS_DATABASE", &database));
            assert_eq!(export.code, Some(0), "{export:?}");
            let (_, pack) = line.rsplit_once(' ').unwrap();
            let verified = run(program(&folder).args(["verify", pack]));
            assert_eq!(verified.code, Some(0), "{verified:?}");
            export.out
        })
    });
    let [exported, named] = task.await.unwrap();
    assert!(named.contains("4 samples"), "{named}");
    let n_changes = N_NORMAL + N_EMERGENCIES - 1;
    let told = format!(
        "{n_changes} changes, {} of them emergencies; 25 samples",
        N_EMERGENCIES - 1
    );
    assert!(exported.contains(&told), "{exported}");
    world.end().await;
}
