//! What people answer to a reminder beside doing what it asks.

use serde_json::json;

use super::{SECTIONS, deployed, hours, minutes};
use crate::world::{CHANNEL, World, shown};

/// What the last direct message to somebody about a change reads.
async fn last_message(world: &World, who: &str) -> String {
    let seen = world.hand.transcript(who, "@breakglass").await.unwrap();
    seen.last().unwrap().to_string()
}

#[tokio::test]
async fn a_reminder_is_put_off_and_comes_again_when_the_nap_is_over() {
    let mut world = deployed().await;
    world.go(hours(16)).await;
    world.skip();
    world
        .choose("dana", "@breakglass", "more", "snooze:hour:ticket/1001")
        .await;
    let fact = world.fact("snoozed");
    assert_eq!(fact.data["duty"], "ticket");
    let message = last_message(&world, "dana").await;
    assert!(message.contains("You put it off until"), "{message}");
    // Whoever does it meanwhile still can: only the menu's naps are gone.
    assert!(world.sees("dana", "@breakglass", "document").await);
    world.skip();
    world.go(minutes(59)).await;
    assert!(world.read("dana").is_empty());
    world.go(minutes(2)).await;
    let read = world.read("dana");
    assert_eq!(read.len(), 1, "{}", shown(&read));
    assert_eq!(world.n_facts("snoozed"), 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn what_is_delegated_is_told_to_both_and_done_by_the_new_owner() {
    let mut world = deployed().await;
    world.document("dana", CHANNEL, &SECTIONS).await;
    world.skip();
    world
        .choose("morgan", "@breakglass", "more", "delegate:approval/1001")
        .await;
    world
        .send_in("morgan", &[("owner", json!("U0PRIYA001"))])
        .await;
    let fact = world.fact("handed_over");
    assert_eq!(
        (&fact.data["why"], &fact.data["duty"]),
        (&json!("delegated"), &json!("approval"))
    );
    let told = world.read(CHANNEL);
    assert!(
        shown(&told).contains("The retrospective decision passes from the authorizer to somebody else: @morgan asked for it."),
        "{}",
        shown(&told)
    );
    let read = world.read("priya");
    assert!(
        read.iter()
            .any(|one| one.words.contains("ready for your decision")),
        "{}",
        shown(&read)
    );
    let message = last_message(&world, "morgan").await;
    assert!(message.contains("Handed to"), "{message}");
    assert!(!world.sees("morgan", "@breakglass", "approve").await);
    world.press("priya", "@breakglass", "approve").await;
    assert_eq!(world.stage(1001), "closed");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn who_may_not_do_it_is_not_handed_it() {
    let mut world = deployed().await;
    world.document("dana", CHANNEL, &SECTIONS).await;
    world.skip();
    world
        .choose("morgan", "@breakglass", "more", "delegate:approval/1001")
        .await;
    world
        .send_in("morgan", &[("owner", json!("U0DANA0001"))])
        .await;
    let read = world.read_all();
    assert!(
        shown(&read).contains("can't approve it: they asked for it"),
        "{}",
        shown(&read)
    );
    assert_eq!(world.n_facts("handed_over"), 0);
    world.end().await;
}

#[tokio::test]
async fn who_is_away_hands_on_what_is_due_before_they_are_back() {
    let mut world = deployed().await;
    world.document("dana", CHANNEL, &SECTIONS).await;
    world.skip();
    let back = (world.now().await + hours(72)).timestamp();
    world
        .choose("morgan", "@breakglass", "more", "away/1001")
        .await;
    world.send_in("morgan", &[("due_at", json!(back))]).await;
    let fact = world.fact("handed_over");
    assert_eq!(fact.data["why"], "away");
    let read = world.read_all();
    assert!(
        shown(&read).contains("You're away until"),
        "{}",
        shown(&read)
    );
    assert!(
        shown(&read).contains("the retrospective decision passes to"),
        "{}",
        shown(&read)
    );
    world.end().await;
}

#[tokio::test]
async fn the_status_tells_what_became_of_each_reminder() {
    let mut world = deployed().await;
    world.go(hours(10)).await;
    world.skip();
    world.slash("sam", "status CHG-1001").await;
    let read = world.read_all();
    let shown = shown(&read);
    assert!(
        shown.contains("*Reminders*") || shown.contains("Reminders"),
        "{shown}"
    );
    assert!(shown.contains("16 h ahead. Delivered"), "{shown}");
    world.end().await;
}

#[tokio::test]
async fn who_left_the_workspace_owes_nothing_any_more() {
    let mut world = deployed().await;
    world.document("dana", CHANNEL, &SECTIONS).await;
    world.skip();
    let left = json!({"person": "morgan", "deleted": true});
    world.try_act("person", left).await.unwrap();
    world.go(hours(24)).await;
    let handed = world.facts();
    let handed = handed.iter().filter(|one| one.kind == "handed_over");
    let handed: Vec<_> = handed
        .map(|one| (one.data["duty"].as_str().unwrap(), one.data["why"].as_str()))
        .collect();
    assert!(handed.contains(&("approval", Some("left"))), "{handed:?}");
    // It is the group's now, which hears of it where the card stands, and of the
    // miss as well; nothing is sent to whoever isn't there.
    let read = world.read(CHANNEL);
    let passes = "passes from the authorizer to a group that may do it: whoever had it is no longer a full member";
    assert!(shown(&read).contains(passes), "{}", shown(&read));
    assert!(shown(&read).contains("one of you is needed"));
    assert!(
        world
            .read("morgan")
            .iter()
            .all(|one| one.words.contains("Handed to"))
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn who_is_no_longer_in_the_group_owes_no_approval_any_more() {
    let mut world = deployed().await;
    world.document("dana", CHANNEL, &SECTIONS).await;
    world.skip();
    let leads = json!({"usergroup": "S0ENGMGRS1", "members": ["priya"]});
    world.try_act("usergroup", leads).await.unwrap();
    world.go(hours(12)).await;
    let fact = world.fact("handed_over");
    assert_eq!(
        (&fact.data["duty"], &fact.data["why"]),
        (&json!("approval"), &json!("ineligible"))
    );
    let read = world.read(CHANNEL);
    let passes =
        "passes from the authorizer to a group that may do it: whoever had it may no longer do it";
    assert!(shown(&read).contains(passes), "{}", shown(&read));
    world.press("morgan", CHANNEL, "approve").await;
    assert_eq!(world.stage(1001), "documented");
    world.approve("priya", CHANNEL).await;
    assert_eq!(world.stage(1001), "closed");
    world.skip();
    world.end().await;
}
