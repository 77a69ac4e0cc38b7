//! Who is reminded of what, and when nobody is.

use std::collections::BTreeMap;

use breakglass::clock::Stopwatch;
use chrono::{Timelike, Utc};
use chrono_tz::Tz;

use super::{SECTIONS, deployed, hours, in_production, minutes};
use crate::world::{CHANNEL, Fact, Setting, World, berlin};

/// The reminders on record: when, of what, whom, on which rung.
fn reminders(world: &World) -> Vec<(Fact, String, String, String)> {
    let field = |fact: &Fact, name: &str| fact.data[name].as_str().unwrap_or_default().to_owned();
    world
        .facts()
        .into_iter()
        .filter(|fact| fact.kind == "reminded")
        .map(|fact| {
            let (duty, owner, rung) = (
                field(&fact, "duty"),
                field(&fact, "owner"),
                field(&fact, "rung"),
            );
            (fact, duty, owner, rung)
        })
        .collect()
}

fn is_night(at: chrono::DateTime<Utc>, zone: Tz) -> bool {
    let hour = at.with_timezone(&zone).hour();
    !(8..22).contains(&hour)
}

#[tokio::test]
#[expect(
    clippy::print_stdout,
    reason = "how long two days took is worth reading"
)]
async fn two_days_in_which_nobody_documents_are_chased_to_the_hour_and_never_at_night() {
    let began = Stopwatch::start();
    let mut world = deployed().await;
    let before = Stopwatch::start();
    world.go(hours(48)).await;
    let simulated = before.elapsed();
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    let berlin = chrono_tz::Europe::Berlin;
    for (fact, duty, owner, rung) in reminders(&world) {
        *count.entry(format!("{owner} {duty}")).or_default() += 1;
        // Whoever acted half an hour ago is awake: so are all at the deployment.
        assert!(
            rung == "opening" || !is_night(fact.at, berlin),
            "{owner} was woken at {} for {duty}, {rung}",
            fact.at
        );
    }
    println!(
        "48 simulated hours in {simulated:?} of {:?}: {count:#?}",
        began.elapsed()
    );
    let of = |who: &str, duty: &str| count.get(&format!("user:{who} {duty}")).copied();
    // At the opening, 16 h and 8 h before, at 21:30 for what the night spares,
    // and after the miss every four hours, by day.
    assert_eq!(of("U0DANA0001", "ticket"), Some(9), "{count:#?}");
    // The approver of a ticket that isn't ready hears at the opening and once more.
    assert_eq!(of("U0MORGAN01", "approval"), Some(2), "{count:#?}");
    // The miss is on record once, and everybody concerned has heard of it.
    assert_eq!(world.n_facts("deadline_missed"), 2);
    let sam = world.read("sam");
    assert!(
        sam.iter().any(|one| one.words.contains("missed")),
        "{sam:#?}"
    );
    for one in world.read("dana") {
        assert!(one.words.contains("CHG-1001"));
    }
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_complete_ticket_ends_the_chase_of_whoever_owed_it() {
    let mut world = deployed().await;
    world.document("dana", CHANNEL, &SECTIONS).await;
    let so_far = reminders(&world).len();
    world.go(hours(20)).await;
    let later = reminders(&world).split_off(so_far);
    assert!(!later.is_empty());
    assert!(
        later
            .iter()
            .all(|(_, duty, owner, _)| duty == "approval" && owner == "user:U0MORGAN01"),
        "{later:#?}"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn approval_ends_the_chase() {
    let mut world = deployed().await;
    world.document("dana", CHANNEL, &SECTIONS).await;
    world.approve("morgan", "@breakglass").await;
    // What closing doesn't wait for is still asked for: a second word on whether it
    // was genuine, and the team meeting.
    let chased = |world: &World| {
        let later = ["genuineness_review", "meeting_review"];
        let mut reminders = reminders(world);
        reminders.retain(|(_, duty, _, _)| !later.contains(&duty.as_str()));
        reminders
    };
    let so_far = chased(&world);
    world.skip();
    world.go(hours(24 * 14)).await;
    assert_eq!(chased(&world), so_far);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn each_is_spared_the_night_of_their_own_zone() {
    let mut world = World::of(Setting {
        at: berlin("2026-03-14 15:00"),
        ..Setting::default()
    })
    .await;
    world.slash("dana", "Deploy WAF rule @priya").await;
    world.press("priya", CHANNEL, "authorize").await;
    world.press("dana", CHANNEL, "deployed").await;
    world.document("dana", CHANNEL, &SECTIONS).await;
    world
        .press("dana", CHANNEL, "criterion:vulnerability")
        .await;
    world.press("riley", CHANNEL, "take_command").await;
    world.go(hours(48)).await;
    let new_york = chrono_tz::America::New_York;
    let of_priya: Vec<_> = reminders(&world)
        .into_iter()
        .filter(|(_, _, owner, _)| owner == "user:U0PRIYA001")
        .collect();
    assert!(of_priya.len() > 4, "{of_priya:#?}");
    for (fact, _, _, rung) in &of_priya {
        assert!(!is_night(fact.at, new_york), "{rung} at {}", fact.at);
    }
    // In Berlin some of these fell into the night: the zone is hers.
    assert!(
        of_priya
            .iter()
            .any(|(fact, ..)| is_night(fact.at, chrono_tz::Europe::Berlin)),
        "{of_priya:#?}"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_restart_in_the_night_loses_no_reminder_and_sends_none_twice() {
    let mut calm = deployed().await;
    calm.go(hours(30)).await;
    let expected: Vec<_> = reminders(&calm)
        .into_iter()
        .map(|(fact, duty, owner, rung)| (fact.at.timestamp() / 60, duty, owner, rung))
        .collect();
    let posted = calm.calls("chat.postMessage").await.len();
    calm.skip();
    calm.end().await;

    let mut world = deployed().await;
    for n in 0..6 {
        world.go(hours(5)).await;
        if n % 2 == 0 {
            world.crash().await;
        } else {
            world.stop().await;
        }
        world.start().await;
    }
    let seen: Vec<_> = reminders(&world)
        .into_iter()
        .map(|(fact, duty, owner, rung)| (fact.at.timestamp() / 60, duty, owner, rung))
        .collect();
    assert_eq!(seen, expected);
    assert_eq!(world.calls("chat.postMessage").await.len(), posted);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn what_came_due_while_the_bot_was_down_is_told_once_when_it_is_back() {
    let mut world = deployed().await;
    world.stop().await;
    world.go(hours(9)).await;
    assert_eq!(world.read_all(), []);
    world.start().await;
    world.go(minutes(1)).await;
    // The rung at 16 hours, slept through, is said late; those before it are not.
    let said = world.read("dana");
    assert_eq!(said.len(), 1, "{said:#?}");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn an_earlier_deployment_learned_late_creates_the_miss() {
    let mut world = World::new().await;
    world.slash("dana", "Deploy WAF rule @morgan").await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.go(hours(30)).await;
    world.slash("dana", "deployed 29 h ago").await;
    // So far back, it is asked back first.
    world.press("dana", CHANNEL, "deployed_at").await;
    assert!(world.n_facts("deadline_missed") >= 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn the_ledger_under_the_card_is_kept_up_and_rings_nobody() {
    let mut world = in_production().await;
    let [ledger] = world.ledgers(CHANNEL).try_into().unwrap();
    assert!(ledger.threaded);
    for line in [
        "• The ticket (what was done",
        "): @dana, due",
        "• The retrospective decision: @morgan, due",
        "• The incident commander's authorization: @riley, done",
    ] {
        assert!(ledger.words.contains(line), "{line} in {}", ledger.words);
    }
    // It was posted without a name, and only an edit brought them.
    let posted = world.calls("chat.postMessage").await;
    let posted: Vec<String> = posted
        .iter()
        .map(ToString::to_string)
        .filter(|call| call.contains("what is owed, and what is done"))
        .collect();
    assert_eq!(posted.len(), 1);
    assert!(!posted[0].contains("<@"), "{}", posted[0]);
    world.document("dana", CHANNEL, &SECTIONS).await;
    let [ledger] = world.ledgers(CHANNEL).try_into().unwrap();
    let done = "• The ticket: @dana, done";
    assert!(ledger.words.contains(done), "{}", ledger.words);
    world.skip();
    world.end().await;
}
