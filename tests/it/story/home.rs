//! The Home: what one person sees without a change in hand.

use serde_json::{Value, json};

use super::{in_production, minutes, request, requested};
use crate::world::{CHANNEL, Setting, World, acknowledged};

/// As it stands after a name; an empty Home explains itself in like words.
const ASKS_YOU: &str = "> asks you for authorization";

impl World {
    /// Opens the Home and returns what stands on it.
    async fn open_home(&mut self, who: &str) -> String {
        self.try_act("home", json!({"as": who})).await.unwrap();
        self.settle().await;
        self.home(who).await
    }

    async fn home_view(&self, who: &str) -> Value {
        let seen = self.hand.look(&format!("home_view?as={who}")).await;
        seen.unwrap()["view"].clone()
    }

    /// What stands on somebody's Home.
    async fn home(&self, who: &str) -> String {
        self.home_view(who).await["words"].to_string()
    }

    async fn press_home(&mut self, who: &str, action: &str) {
        let click = json!({"as": who, "action_id": action});
        acknowledged(&self.try_act("click_view", click).await.unwrap());
        self.settle().await;
    }

    async fn n_published(&self) -> usize {
        self.calls("views.publish").await.len()
    }
}

#[tokio::test]
async fn an_empty_home_teaches() {
    let mut world = World::new().await;
    let seen = world.open_home("dana").await;
    for words in [
        "What you owe",
        "What waits for you",
        "Open emergency changes",
        "/emergency Deploy",
    ] {
        assert!(seen.contains(words), "{words} in {seen}");
    }
    assert!(!seen.contains("No policy says"), "{seen}");
    world.end().await;
}

#[tokio::test]
async fn a_home_says_that_no_policy_is_written() {
    let mut setting = Setting::default();
    setting.policy.approvers.clear();
    let mut world = World::of(setting).await;
    let seen = world.open_home("dana").await;
    assert!(seen.contains("No policy says"), "{seen}");
    world.end().await;
}

#[tokio::test]
async fn a_home_that_nobody_opened_is_never_drawn() {
    let mut world = in_production().await;
    world.go(minutes(5)).await;
    assert_eq!(world.n_published().await, 0);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn who_is_asked_authorizes_on_their_home_and_it_is_drawn_anew() {
    let mut world = requested().await;
    let seen = world.open_home("morgan").await;
    let waits = seen.split("What waits for you").nth(1).unwrap().to_owned();
    assert!(waits.contains(ASKS_YOU), "{seen}");
    world.press_home("morgan", "authorize").await;
    assert_eq!(world.fact("authorized").actor, "user:U0MORGAN01");
    // Not twice within a minute.
    assert_eq!(world.n_published().await, 1);
    world.go(minutes(1)).await;
    assert_eq!(world.n_published().await, 2);
    let seen = world.home("morgan").await;
    assert!(!seen.contains(ASKS_YOU), "{seen}");
    assert!(seen.contains("authorized, not deployed yet"), "{seen}");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn what_one_owes_stands_with_its_clock_and_the_button_that_fixes_it() {
    let mut world = in_production().await;
    let seen = world.open_home("dana").await;
    let owes = seen.split("What waits for you").next().unwrap();
    assert!(owes.contains("The ticket misses "), "{owes}");
    assert!(owes.contains("(in 24 h)"), "{owes}");
    let click = json!({"as": "dana", "action_id": "document"});
    acknowledged(&world.try_act("click_view", click).await.unwrap());
    assert_eq!(
        world.hand.modal("dana").await.unwrap()["callback_id"],
        "document"
    );
    world.end().await;
}

#[tokio::test]
async fn what_waits_for_a_group_waits_for_its_members_but_not_for_who_asked() {
    let mut world = World::new().await;
    // Nobody is named, so the policy's group is asked; Morgan and Priya are in it.
    world.slash("morgan", "Deploy WAF rule").await;
    let priya = world.open_home("priya").await;
    assert!(priya.contains(ASKS_YOU), "{priya}");
    let morgan = world.open_home("morgan").await;
    assert!(!morgan.contains(ASKS_YOU), "{morgan}");
    let dana = world.open_home("dana").await;
    assert!(!dana.contains(ASKS_YOU), "{dana}");
    assert!(dana.contains("CHG-1001"), "{dana}");
    world.skip();
    world.press("priya", CHANNEL, "authorize").await;
    world.go(minutes(1)).await;
    let priya = world.home("priya").await;
    assert!(!priya.contains(ASKS_YOU), "{priya}");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_private_channels_words_stand_on_nobodys_home() {
    let mut world = World::new().await;
    let invite = json!({"as": "dana", "channel": "#inc-secret", "who": "breakglass"});
    // Whether the bot is in it or not, the words stay there.
    drop(world.try_act("invite", invite).await);
    world
        .slash_in("dana", "#inc-secret", "Rotate the leaked key @morgan")
        .await;
    for who in ["dana", "morgan", "riley"] {
        let seen = world.open_home(who).await;
        assert!(seen.contains("CHG-1001"), "{who}: {seen}");
        assert!(seen.contains("in a private channel"), "{who}: {seen}");
        assert!(!seen.contains("leaked key"), "{who}: {seen}");
    }
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_guests_home_shows_only_what_they_have_a_part_in() {
    let mut world = requested().await;
    let seen = world.open_home("gus").await;
    assert!(!seen.contains("CHG-1001"), "{seen}");
    world.end().await;
}

#[tokio::test]
async fn a_change_is_shown_from_the_home_to_its_reader_alone() {
    let mut world = requested().await;
    world.open_home("riley").await;
    world.press_home("riley", "status").await;
    world.heard("riley", &["waiting for authorization"]);
    world.end().await;
}

#[tokio::test]
async fn forty_open_changes_of_the_longest_words_fit_the_home() {
    let mut world = World::new().await;
    let longest = "&".repeat(2000);
    for n in 0..40 {
        let words = format!("{n} {longest} @morgan");
        acknowledged(&world.type_in("dana", CHANNEL, &words).await);
    }
    world.hand.settle(300).await.unwrap();
    world.settle().await;
    world.skip();
    for who in ["morgan", "sam"] {
        world.open_home(who).await;
        let view = world.home_view(who).await;
        let n = view["blocks"].as_array().unwrap().len();
        assert!(n <= 100, "{n}");
        let seen = view["words"].to_string();
        assert!(seen.contains("Open emergency changes* (40)"), "{seen}");
        for number in 1001..=1040 {
            assert!(seen.contains(&format!("CHG-{number}")), "{number}");
        }
    }
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_home_that_slack_does_not_take_comes_later() {
    let mut world = World::new().await;
    request(&mut world).await;
    for fault in ["server_error", "applied_then_drop"] {
        let order = json!({"method": "views.publish", "fault": fault, "times": 1});
        world.misbehave(order).await;
    }
    let seen = world.open_home("dana").await;
    assert!(seen.contains("CHG-1001"), "{seen}");
    world.end().await;
}

#[tokio::test]
async fn a_crash_between_opening_and_drawing_loses_no_home() {
    let mut world = requested().await;
    world.try_act("home", json!({"as": "dana"})).await.unwrap();
    // It is delivered while the hand goes on; what isn't kept Slack delivers again
    // only later.
    let is_kept = || world.count("SELECT count(*) FROM inbox WHERE gesture LIKE '%open_home%'") > 0;
    assert!((0..50_000).any(|_| is_kept()), "nobody kept it");
    world.crash().await;
    world.start().await;
    // What was being published when it crashed is published anew after the grace.
    world.go(super::minutes(1)).await;
    let seen = world.home("dana").await;
    assert!(seen.contains("CHG-1001"), "{seen}");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_decision_is_made_from_the_home_only_with_the_ticket_in_sight() {
    let mut world = in_production().await;
    world.document("dana", CHANNEL, &super::SECTIONS).await;
    world.skip();
    world.open_home("morgan").await;
    let click = json!({"as": "morgan", "action_id": "approve"});
    acknowledged(&world.try_act("click_view", click).await.unwrap());
    assert_eq!(world.n_facts("approved"), 0);
    let form = world.hand.modal("morgan").await.unwrap().to_string();
    for words in [
        "Disable rule 4711",
        "Attack blocked at 02:20",
        "Was it a genuine",
    ] {
        assert!(form.contains(words), "{words} in {form}");
    }
    world
        .send_in("morgan", &[("genuine", json!("genuine"))])
        .await;
    assert_eq!(world.n_facts("approved"), 1);
    world.skip();
    world.end().await;
}
