//! The week that is reported in the end: what CI deploys on its days, three
//! emergencies among it, and Monday, 09:00.

use anyhow::{Context as _, bail};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::story::{CHANNEL, CHOSEN, Telling, on, print};

/// How many changes there were in each of the eleven weeks before, and how many of
/// them were emergencies: from the lists of the time before Breakglass.
const BEFORE: [(u32, u32); 11] = [
    (31, 4),
    (28, 2),
    (35, 5),
    (33, 3),
    (36, 4),
    (30, 2),
    (38, 3),
    (40, 5),
    (37, 2),
    (42, 4),
    (39, 3),
];

/// How many changes CI deploys from Monday to Friday: with three emergencies, 41.
const DAYS: [u32; 5] = [8, 8, 7, 8, 7];

const SYSTEMS: [&str; 4] = ["auth-api", "payments-api", "web", "search"];

/// The first Monday of the week, in March.
const MONDAY: u32 = 9;

/// The story begins at noon of the Sunday before.
pub(super) fn begins() -> DateTime<Utc> {
    on(MONDAY - 1, 12, 0, 0)
}

/// Plays the week.
pub(super) async fn week(telling: &mut Telling) -> anyhow::Result<()> {
    let monday = on(MONDAY, 10, 0, 0);
    let before: Vec<Value> = BEFORE
        .iter()
        .rev()
        .zip(1..)
        .flat_map(|((n_changes, n_emergencies), weeks)| {
            let from = monday - TimeDelta::weeks(weeks);
            (0..*n_changes).map(move |n| {
                let kind = if n < *n_emergencies {
                    "emergency"
                } else {
                    "normal"
                };
                change(from + TimeDelta::hours(i64::from(n)), kind)
            })
        })
        .collect();
    tell(telling, "the eleven weeks before", before).await?;
    for (day, n_changes) in (MONDAY..).zip(DAYS) {
        if day == MONDAY + 1 {
            emergency(
                telling,
                day,
                (14, 5),
                "Restart the stuck payment workers @morgan",
            )
            .await?;
            document(telling, day).await?;
        }
        if day == MONDAY + 3 {
            emergency(
                telling,
                day,
                (16, 40),
                "Roll back release 2026.10 of auth-api @morgan",
            )
            .await?;
        }
        telling.go_to(on(day, 18, 0, 0)).await?;
        let deployed = (0..n_changes)
            .map(|n| change(on(day, 9 + n, 7, 0), "normal"))
            .collect();
        tell(telling, "its day", deployed).await?;
    }
    let words = "Deploy WAF rule to block SQL injection @morgan";
    emergency(telling, MONDAY + 5, (2, 14), words).await?;
    telling.go_to(on(MONDAY + 7, 8, 59, 0)).await?;
    telling.go_to(on(MONDAY + 7, 9, 1, 0)).await?;
    telling.expect(
        "engineering",
        "3 of 41 changes were emergencies (7.3 %; guideline 10 %)",
    )?;
    telling.expect("engineering", "Overdue")?;
    shows_its_chart(telling).await
}

fn change(at: DateTime<Utc>, kind: &str) -> Value {
    let n = at.timestamp() / 3600;
    let system = SYSTEMS
        .get(usize::try_from(n).unwrap_or_default() % SYSTEMS.len())
        .copied();
    json!({
        "deployed_at": at.to_rfc3339(),
        "system": system,
        "title": format!("Release {n}"),
        "source": "ci",
        "external_id": format!("run-{n}"),
        "kind": kind,
    })
}

/// CI tells the bot by its own door what it has deployed.
async fn tell(telling: &mut Telling, when: &str, changes: Vec<Value>) -> anyhow::Result<()> {
    let n = changes.len();
    print(&format!("▸ CI tells of {when}: {n} deployments\n"));
    let answer = telling.hand.act("webhook", json!(changes)).await?;
    let counted = answer
        .pointer("/response/counted")
        .and_then(Value::as_array)
        .map(Vec::len);
    if counted != Some(n) {
        bail!("the bot counted something else: {answer}");
    }
    telling.settle().await
}

/// Dana asks, Morgan authorizes, Dana deploys.
async fn emergency(
    telling: &mut Telling,
    day: u32,
    (hour, minute): (u32, u32),
    words: &str,
) -> anyhow::Result<()> {
    let asked = on(day, hour, minute, 0);
    telling.go_to(asked).await?;
    telling.slash("dana", words).await?;
    telling
        .press("dana", CHANNEL, "criterion:production_down")
        .await?;
    telling.go_to(asked + TimeDelta::minutes(1)).await?;
    telling.press("morgan", CHANNEL, "authorize").await?;
    telling.press("riley", CHANNEL, "take_command").await?;
    telling.go_to(asked + TimeDelta::minutes(5)).await?;
    telling.press("dana", CHANNEL, "deployed").await
}

/// The first of the three is documented and approved on its day.
async fn document(telling: &mut Telling, day: u32) -> anyhow::Result<()> {
    telling.go_to(on(day, 15, 30, 0)).await?;
    let sections = [
        (
            "section:what_was_done",
            "Restarted payment-worker 1 to 6 one after the other.",
        ),
        (
            "section:testing",
            "A card payment went through after each restart. https://ci.example.com/runs/8790",
        ),
        (
            "section:rollback_plan",
            "None is needed: the workers run the release that they ran before.",
        ),
        (
            "section:outcome",
            "The queue was empty at 14:25; no payment was lost.",
        ),
        (
            "section:lessons_learned",
            "A worker that hangs for a minute should be restarted by itself.",
        ),
    ];
    telling
        .document(&[sections.as_slice(), CHOSEN.as_slice()].concat())
        .await?;
    telling.go_to(on(day, 16, 0, 0)).await?;
    telling.approve("morgan").await
}

/// The newest report has a picture.
async fn shows_its_chart(telling: &mut Telling) -> anyhow::Result<()> {
    let said = telling.hand.look("messages?channel=C0ENGINEER").await?;
    let blocks = said
        .get("messages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|message| {
            message
                .get("thread_ts")
                .is_none_or(|thread| message.get("ts") == Some(thread))
        })
        .filter_map(|message| message.get("blocks").and_then(Value::as_array));
    let image = blocks
        .filter_map(|blocks| {
            blocks
                .iter()
                .find(|block| block.get("type").and_then(Value::as_str) == Some("image"))
        })
        .next_back()
        .context("the story breaks here: the report has no chart")?;
    let alt = image
        .get("alt_text")
        .and_then(Value::as_str)
        .unwrap_or_default();
    print(&format!("    │ [chart] {alt}\n"));
    if !alt.contains("7.3 % (3 of 41)") {
        bail!("the story breaks here: the chart shows something else");
    }
    telling.n_steps += 1;
    Ok(())
}
