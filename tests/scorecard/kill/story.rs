//! What people do in the proof: several emergencies at once, each by its own
//! script, with time passing in between.

use anyhow::Context as _;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::world::{CHANNEL, World, list, text};

/// One thing that somebody does for a change.
#[derive(Debug, Clone, Copy)]
enum Step {
    Ask,
    SayWhy,
    Authorize,
    TakeCommand,
    GoAhead,
    Deploy,
    WriteFirst,
    WriteRest,
    StandIn,
    Approve,
    AnswerExceptions,
}

/// Authorized, deployed, documented, approved.
const GOOD: &[Step] = &[
    Step::Ask,
    Step::SayWhy,
    Step::Authorize,
    Step::TakeCommand,
    Step::Deploy,
    Step::WriteFirst,
    Step::WriteRest,
    Step::Approve,
];

/// The person asked is asleep.
const ASLEEP: &[Step] = &[
    Step::Ask,
    Step::SayWhy,
    Step::GoAhead,
    Step::Deploy,
    Step::TakeCommand,
    Step::StandIn,
    Step::WriteFirst,
    Step::WriteRest,
    Step::Approve,
    Step::AnswerExceptions,
];

/// Nobody documents.
const ABANDONED: &[Step] = &[Step::Ask, Step::Authorize, Step::Deploy];

/// Nobody answers.
const UNANSWERED: &[Step] = &[Step::Ask];

/// How a change goes, and how far it has come.
struct Plan {
    tag: String,
    requester: &'static str,
    steps: std::slice::Iter<'static, Step>,
    number: Option<u64>,
}

/// What came of a story.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Told {
    /// What people did.
    pub(crate) n_acts: usize,
    /// What they no longer had to do: the button was gone.
    pub(crate) n_moot: usize,
}

/// What goes wrong in Slack, and how often: everything that a network and a busy
/// service do. Signing in is left out, for who can't sign in has nothing to lose.
const TROUBLE: [(&str, &str, f64); 18] = [
    ("chat.postMessage", "late", 0.06),
    ("chat.postMessage", "applied_then_drop", 0.04),
    ("chat.postMessage", "applied_then_silence", 0.02),
    ("chat.postMessage", "silence", 0.02),
    ("chat.postMessage", "ratelimited", 0.04),
    ("chat.postMessage", "server_error", 0.04),
    ("chat.postMessage", "drop_connection", 0.02),
    ("chat.update", "late", 0.04),
    ("chat.update", "ratelimited", 0.04),
    ("chat.update", "server_error", 0.04),
    ("conversations.history", "server_error", 0.1),
    ("conversations.history", "ratelimited", 0.1),
    ("conversations.replies", "drop_connection", 0.1),
    ("conversations.open", "server_error", 0.1),
    ("users.info", "server_error", 0.05),
    ("users.info", "ratelimited", 0.05),
    ("usergroups.users.list", "drop_connection", 0.05),
    ("users.list", "server_error", 0.1),
];

/// The same for what Slack delivers.
const CONFUSION: [(&str, f64); 2] = [("duplicate", 0.1), ("delay", 0.1)];

async fn misbehave(world: &mut World) -> anyhow::Result<()> {
    for (method, fault, probability) in TROUBLE {
        let order = json!({
            "method": method, "fault": fault, "probability": probability,
            "delay_ms": 40, "retry_after_s": 3, "seed": world.dice.number() >> 1,
        });
        world.hand.act("misbehave", order).await?;
    }
    for (fault, probability) in CONFUSION {
        let order = json!({
            "deliveries": fault, "probability": probability,
            "delay_ms": 20, "seed": world.dice.number() >> 1,
        });
        world.hand.act("misbehave", order).await?;
    }
    Ok(())
}

/// Tells one story in a world: until its kills are used up, and then to a good end.
pub(crate) async fn tell(world: &mut World, n_plans: usize) -> anyhow::Result<Told> {
    let mut told = Told::default();
    let mut n_rounds = 0;
    while n_rounds == 0 || world.is_in_danger() {
        n_rounds += 1;
        misbehave(world).await?;
        let mut plans: Vec<Plan> = (0..n_plans)
            .map(|n| plan(world, &format!("r{n_rounds}p{n}")))
            .collect();
        while !plans.is_empty() {
            let which = world.dice.below(plans.len());
            let Some(plan) = plans.get_mut(which) else {
                continue;
            };
            match plan.steps.next().copied() {
                None => drop(plans.swap_remove(which)),
                Some(step) => {
                    if take(world, plan, step)
                        .await
                        .with_context(|| format!("{}: {step:?}", plan.tag))?
                    {
                        told.n_acts += 1;
                    } else {
                        told.n_moot += 1;
                    }
                    let seconds = [0, 0, 0, 2, 20, 90, 600, 3600, 10_000];
                    let span = world.dice.choose(&seconds).copied().unwrap_or_default();
                    world.pass(TimeDelta::seconds(span)).await?;
                }
            }
        }
        for _ in 0..6 {
            let hours = 3 + i64::try_from(world.dice.below(12))?;
            world.pass(TimeDelta::hours(hours)).await?;
        }
        world.calm().await?;
    }
    // Another day in peace: the chase goes on, and every doubt has been settled.
    world.pass(TimeDelta::hours(26)).await?;
    world.calm().await?;
    Ok(told)
}

fn plan(world: &mut World, tag: &str) -> Plan {
    let steps = match world.dice.below(6) {
        0..=2 => GOOD,
        3 => ASLEEP,
        4 => ABANDONED,
        _ => UNANSWERED,
    };
    let requester = if world.dice.one_in(3) { "sam" } else { "dana" };
    Plan {
        tag: format!("auth-api-{tag}"),
        requester,
        steps: steps.iter(),
        number: None,
    }
}

/// Does one step; false if there was nothing left to do.
async fn take(world: &mut World, plan: &mut Plan, step: Step) -> anyhow::Result<bool> {
    let tag = plan.tag.clone();
    let requester = plan.requester;
    if matches!(step, Step::Ask) {
        let words = format!("Roll back release {tag} in production @morgan");
        world.slash(requester, &words).await?;
        plan.number = Some(number_of(world, &tag).await?);
        return Ok(true);
    }
    let number = plan.number.context("nobody has asked yet")?;
    match step {
        Step::Ask => Ok(false),
        Step::SayWhy => {
            world
                .press(requester, "criterion:production_down", number)
                .await
        }
        Step::Authorize => world.press("morgan", "authorize", number).await,
        Step::TakeCommand => world.press("riley", "take_command", number).await,
        Step::GoAhead => world.press(requester, "go_ahead", number).await,
        Step::Deploy => world.press(requester, "deployed", number).await,
        Step::StandIn => world.press("priya", "authorize", number).await,
        Step::Approve => {
            let values = json!({
                "genuine": {"input": "genuine"},
                "genuine_words": {"input": format!("Nobody could log in until {tag} was gone.")},
            });
            world.fill_in("morgan", "approve", number, &values).await
        }
        Step::WriteFirst => {
            let values = json!({
                "section:what_was_done": {"input": format!("Rolled {tag} back to the release before.")},
                "section:testing": {"input": format!("Smoke test of {tag} passed: https://ci.example.com/runs/{tag}")},
                "section:rollback_plan": {"input": format!("Roll {tag} forward again; takes two minutes.")},
            });
            world.fill_in(requester, "document", number, &values).await
        }
        Step::WriteRest => {
            let values = json!({
                "section:outcome": {"input": format!("Logins work again since {tag} is gone.")},
                "section:lessons_learned": {"input": format!("{tag} should have been rolled out in steps.")},
                "section:category": {"input": "code"},
                "section:incident_link": {"input": format!("https://incidents.example.com/{tag}")},
                "section:security_impact": {"input": "none"},
                "section:rollback_executed": {"input": "executed"},
                "section:outcome_code": {"input": "successful"},
                "section:incident_resolved": {"input": "yes"},
                "section:data_exposed": {"input": "no"},
                "section:permanence": {"input": "permanent"},
            });
            world.fill_in(requester, "document", number, &values).await
        }
        Step::AnswerExceptions => {
            let values = json!({
                "cause": {"input": format!("Nobody with authority was awake for {tag}.")},
                "remedy": {"input": format!("After {tag} an approver joins the rota.")},
                "owner": {"input": "U0MORGAN01"},
            });
            world
                .fill_in("morgan", "answer_exceptions", number, &values)
                .await
        }
    }
}

/// The number on the newest card that bears a tag. It comes, however often the
/// bot is killed: it was acknowledged.
async fn number_of(world: &mut World, tag: &str) -> anyhow::Result<u64> {
    for patience in [0, 5, 30, 60, 600, 600, 3600, 3600] {
        world.settle(patience).await?;
        let seen = world.hand.transcript("dana", CHANNEL).await?;
        let number = seen
            .iter()
            .rev()
            .filter(|message| text(message, "text").contains(tag) || says(message, tag))
            .find_map(number_on);
        if let Some(number) = number {
            return Ok(number);
        }
    }
    anyhow::bail!("the card of an acknowledged request never came")
}

fn says(message: &Value, tag: &str) -> bool {
    list(message, "words").any(|words| words.as_str().is_some_and(|words| words.contains(tag)))
}

fn number_on(message: &Value) -> Option<u64> {
    let (_, after) = text(message, "text").split_once("CHG-")?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
