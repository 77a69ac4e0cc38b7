//! What stands in delivery's way: too many reminders, a token that Slack refuses,
//! a channel that is shut, a bot that was down.

use chrono::TimeDelta;
use serde_json::json;

use super::{hours, in_production, minutes, requested};
use crate::world::{CHANNEL, Setting, World, berlin};

/// How many chasing messages somebody was sent between two instants.
fn n_chased(world: &World, who: &str, from: &str, to: &str) -> u64 {
    let [from, to] = [from, to].map(|at| berlin(at).timestamp_micros());
    world.count(&format!(
        "SELECT count(*) FROM outbox WHERE kind = 'reminder' AND person = '{who}'
         AND duty <> 'answer_request' AND said_at >= {from} AND said_at < {to}"
    ))
}

#[tokio::test]
async fn a_day_of_many_emergencies_chases_nobody_more_than_eight_times() {
    let mut world = World::of(Setting {
        at: berlin("2026-03-16 09:17"),
        ..Setting::default()
    })
    .await;
    for n in 0..9 {
        world
            .slash("dana", &format!("Fix number {n} @morgan"))
            .await;
        world.press("morgan", CHANNEL, "authorize").await;
        world.press("dana", CHANNEL, "deployed").await;
        world.go(minutes(31)).await;
    }
    world.go_to(berlin("2026-03-16 23:59")).await;
    let today = n_chased(&world, "U0DANA0001", "2026-03-16 00:00", "2026-03-17 00:00");
    assert!((6..=8).contains(&today), "{today}");
    // More was owed than that: it waits for the morning, and is then one message.
    let waiting = "SELECT count(*) FROM outbox WHERE kind = 'reminder' AND state = 'owed'
         AND person = 'U0DANA0001'";
    let held = world.count(waiting);
    assert!(held >= 3, "{held}");
    let dm = |one: &crate::world::News| one.place == "dana";
    world.skip();
    world.go_to(berlin("2026-03-17 07:59")).await;
    assert_eq!(world.read("dana"), []);
    world.go_to(berlin("2026-03-17 08:01")).await;
    let said = world.read_all();
    let said: Vec<_> = said.into_iter().filter(dm).collect();
    assert_eq!(said.len(), 1, "{said:#?}");
    for n in 1001..=1009 {
        let number = format!("CHG-{n}");
        assert!(said[0].words.contains(&number), "{number}: {said:#?}");
    }
    assert_eq!(world.count(waiting), 0);
    // And so on, day by day.
    for (from, to) in [("17", "18"), ("18", "19")] {
        world.go_to(berlin(&format!("2026-03-{to} 00:00"))).await;
        for who in ["U0DANA0001", "U0MORGAN01", "U0SAM00001"] {
            let (from, to) = (
                format!("2026-03-{from} 00:00"),
                format!("2026-03-{to} 00:00"),
            );
            let n = n_chased(&world, who, &from, &to);
            assert!(n <= 8, "{who}: {n} from {from}");
        }
    }
    // A night in which some rungs came due, and nobody was sent one.
    let night = n_chased(&world, "U0DANA0001", "2026-03-17 22:00", "2026-03-18 08:00");
    assert_eq!(night, 0);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_refused_token_is_tried_once_a_minute_and_nothing_is_lost() {
    let mut world = requested().await;
    let payments = json!({"channel": "#inc-payments", "invite": ["priya", "morgan", "breakglass"]});
    world.try_act("channel", payments).await.unwrap();
    world
        .slash_in("priya", "#inc-payments", "Restart the ledger @morgan")
        .await;
    world.heard("#inc-payments", &["Restart the ledger"]);
    let token = |revoked: bool| json!({"token": "bot", "revoked": revoked});
    world.try_act("token", token(true)).await.unwrap();
    let before = world.calls("chat.update").await.len();
    // Who asked needn't be looked up to take it back.
    world.deliver_press("dana", "withdraw", "1001").await;
    world.deliver_press("priya", "withdraw", "1002").await;
    world.go(minutes(10)).await;
    world.heard(CHANNEL, &[]);
    let tried: Vec<_> = world.calls("chat.update").await.split_off(before);
    assert!((9..=13).contains(&tried.len()), "{}", tried.len());
    assert_eq!(world.count("SELECT count(*) FROM halt"), 1);
    // That it waited is no fault of the messages'.
    let attempts = "SELECT max(attempts) FROM outbox WHERE state = 'owed'";
    assert!(world.count(attempts) <= 1);
    world.try_act("token", token(false)).await.unwrap();
    world.go(minutes(2)).await;
    assert_eq!(world.n_facts("withdrawn"), 2);
    assert_eq!(world.count("SELECT count(*) FROM halt"), 0);
    for place in [CHANNEL, "#inc-payments"] {
        let card = world.read(place);
        let withdrawn = |one: &crate::world::News| one.words.contains("withdrawn");
        assert!(card.iter().any(withdrawn), "{card:#?}");
    }
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_channel_that_is_shut_is_told_once_and_its_news_goes_by_direct_message() {
    for (change, told) in [
        (json!({"channel": CHANNEL, "archived": true}), "is archived"),
        (
            json!({"channel": CHANNEL, "remove": ["breakglass"]}),
            "I'm not in",
        ),
    ] {
        let mut world = World::of(Setting {
            at: berlin("2026-03-16 09:00"),
            ..Setting::default()
        })
        .await;
        world.slash("dana", "Deploy WAF rule @morgan").await;
        world.slash("priya", "Restart the API @morgan").await;
        world.skip();
        world.try_act("channel", change).await.unwrap();
        world.deliver_press("morgan", "authorize", "1001").await;
        world.settle().await;
        world.deliver_press("morgan", "authorize", "1002").await;
        world.settle().await;
        // Slack still lets a card be edited in a channel that the bot was taken out of.
        let stays = world.read(CHANNEL);
        assert!(stays.iter().all(|one| !one.threaded), "{stays:#?}");
        world.heard("dana", &["*Authorized* by", "Authorized by @morgan"]);
        world.heard("priya", &["*Authorized* by", "Authorized by @morgan"]);
        let heard = world.read("sam");
        assert_eq!(heard.len(), 1, "{heard:#?}");
        assert!(heard[0].words.contains(told), "{heard:#?}");
        // It works on where it stands now, and nobody is told again.
        world.press("dana", "@breakglass", "deployed").await;
        assert_eq!(world.stage(1001), "deployed");
        world.go(hours(2)).await;
        assert_eq!(world.read("sam"), []);
        world.skip();
        world.end().await;
    }
}

#[tokio::test]
async fn a_line_of_a_thread_whose_channel_was_shut_takes_its_card_along() {
    let mut world = World::of(Setting {
        at: berlin("2026-03-16 09:00"),
        ..Setting::default()
    })
    .await;
    world.slash("dana", "Deploy WAF rule @eng-managers").await;
    world.skip();
    world
        .try_act("channel", json!({"channel": CHANNEL, "archived": true}))
        .await
        .unwrap();
    // Nothing changes on the card, but the group is asked again in its thread.
    world.go(minutes(4)).await;
    let said = world.read("dana");
    assert!(said.len() >= 2, "{said:#?}");
    assert!(said.iter().any(|one| one.threaded), "{said:#?}");
    assert_eq!(world.n_facts("undelivered"), 0);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_week_of_downtime_is_caught_up_with_at_once() {
    let mut world = in_production().await;
    let deployed_at = world.fact("deployed").at;
    world.crash().await;
    world.go(TimeDelta::days(7)).await;
    let back = world.now().await;
    assert_eq!(world.n_facts("deadline_missed"), 0);
    world.start().await;
    let missed: Vec<_> = world
        .facts()
        .into_iter()
        .filter(|fact| fact.kind == "deadline_missed")
        .collect();
    assert!(missed.len() >= 2, "{missed:#?}");
    for miss in &missed {
        // Noticed within a minute of the start, and due when it was due.
        assert!(miss.at - back <= minutes(1), "{miss:#?}");
        let due_at: chrono::DateTime<chrono::Utc> =
            miss.data["due_at"].as_str().unwrap().parse().unwrap();
        assert!(due_at - deployed_at <= hours(24) + minutes(1), "{miss:#?}");
    }
    // Of all the rungs of the week one is said, and no miss is recorded again.
    world.go(minutes(1)).await;
    let n = missed.len();
    let dana = n_chased(&world, "U0DANA0001", "2026-03-20 00:00", "2026-03-22 00:00");
    assert!(dana <= 1, "{dana}");
    world.go(hours(1)).await;
    assert_eq!(world.n_facts("deadline_missed"), n);
    world.skip();
    world.end().await;
}
