//! What was said in a private channel stays there, whatever is asked about it
//! elsewhere.

use super::{hours, minutes};
use crate::world::{CHANNEL, Setting, World};

/// A channel that the bot isn't in: its cards go to whoever asked.
const PRIVATE: &str = "#inc-secret";

/// Where somebody talks with the bot alone.
const ALONE: &str = "@breakglass";

const LINK: &str = "https://acme.slack.com/archives/C0INCAUTH1/p1";

/// A change of the private channel, deployed, of which Dana wrote the outcome.
async fn kept_secret() -> World {
    let mut setting = Setting::default();
    setting.policy.security = vec!["S0SECURIT1".to_owned()];
    let mut world = World::of(setting).await;
    world
        .slash_in("dana", PRIVATE, "Rotate the leaked key @morgan")
        .await;
    world.press("dana", ALONE, "criterion:vulnerability").await;
    world.press("morgan", ALONE, "authorize").await;
    world.press("dana", ALONE, "deployed").await;
    let sections = [
        (
            "outcome",
            "The vault key was on a public disk for nine days.",
        ),
        (
            "lessons_learned",
            "No vault key goes onto a public disk again.",
        ),
    ];
    world.document("dana", ALONE, &sections).await;
    world.skip();
    world
}

/// Panics if what somebody was shown holds a word of the private channel.
#[track_caller]
fn kept(shown: &str) {
    for secret in ["leaked key", "vault key", "nine days"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn the_ticket_of_a_private_channels_change_opens_for_no_outsider() {
    let mut world = kept_secret().await;
    // A guest isn't even told what there is.
    for (who, told) in [
        ("riley", "its words stay there"),
        ("gus", "isn't shown here"),
    ] {
        world.slash(who, "document CHG-1001").await;
        let modal = world.hand.modal(who).await;
        assert!(modal.is_err(), "{who}: {modal:?}");
        let read = world.read(&format!("{who}, aside"));
        assert_eq!(read.len(), 1, "{who}");
        assert!(read[0].words.contains(told), "{read:#?}");
        kept(&read[0].words);
    }
    // Whoever has a part in it reads it anywhere, and so does whoever it waits for,
    // by name or by their group.
    for who in ["dana", "morgan", "sam"] {
        world.slash(who, "document CHG-1001").await;
        let form = world.hand.modal(who).await.unwrap().to_string();
        assert!(form.contains("vault key"), "{who}: {form}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_form_that_needs_no_words_opens_without_them() {
    let mut world = kept_secret().await;
    // Names no incident, so an exception waits, and Priya may answer it.
    world.go(hours(25)).await;
    world.skip();
    world.slash("riley", "exceptions").await;
    for one in world.read("riley, aside") {
        kept(&one.words);
    }
    world.tap("riley", CHANNEL, "answer_exceptions").await;
    let form = world.hand.modal("riley").await.unwrap().to_string();
    assert!(form.contains("said in a private channel"), "{form}");
    kept(&form);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn nothing_is_taken_over_out_of_a_private_channel_wherever_it_is_asked() {
    let mut world = kept_secret().await;
    world
        .document("dana", ALONE, &[("incident_link", LINK)])
        .await;
    world
        .slash("dana", "Block the old key at the gate @morgan")
        .await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.press("dana", CHANNEL, "deployed").await;
    world
        .document("dana", CHANNEL, &[("incident_link", LINK)])
        .await;
    world.skip();
    for place in [PRIVATE, CHANNEL] {
        world.slash_in("dana", place, "status CHG-1002").await;
        for one in world.read_all() {
            assert!(!one.words.contains("Take over"), "{place}: {one:#?}");
        }
    }
    world.end().await;
}

#[tokio::test]
async fn the_escalation_contact_hears_of_a_miss_without_the_words() {
    let mut world = World::new().await;
    world
        .slash_in("dana", PRIVATE, "Rotate the leaked key @morgan")
        .await;
    world.press("morgan", ALONE, "authorize").await;
    world.press("dana", ALONE, "deployed").await;
    world.skip();
    world.go(hours(24) + minutes(1)).await;
    world.go(hours(12)).await;
    let read = world.read("sam");
    assert!(
        read.iter().any(|one| one.words.contains("Deadline missed")),
        "{read:#?}"
    );
    for one in read {
        kept(&one.words);
    }
    world.skip();
    world.end().await;
}
