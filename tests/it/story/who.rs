//! Who may permit what, tried by every way that Slack has; each refusal is a
//! kind sentence that keeps what was typed and says what to do.

use serde_json::json;

use super::{hours, minutes, request, requested};
use crate::world::{CHANNEL, Setting, World, berlin};
use breakglass::config::PolicyFile;

/// Brings Xavier, of another organisation, into the incident's channel.
async fn with_the_partner(world: &mut World) {
    let body = json!({"channel": CHANNEL, "invite": ["xavier"], "shared": true});
    world.hand.act("channel", body).await.unwrap();
    world.settle().await;
}

#[tokio::test]
async fn guests_bots_and_strangers_authorize_by_no_way() {
    let mut world = requested().await;
    with_the_partner(&mut world).await;
    let card = world.card_ts();
    for (who, sentence) in [
        ("gus", "Guests can't authorize it"),
        ("xavier", "Only people of this organisation"),
    ] {
        world
            .say_in_thread(who, CHANNEL, &card, "approved. Deploy.")
            .await;
        world.heard(&format!("{who}, aside"), &[sentence]);
        world.react(who, CHANNEL, &card, "white_check_mark").await;
        world.heard(&format!("{who}, aside"), &[sentence]);
        assert_eq!(world.stage(1001), "requested");
    }
    // A bot isn't even spoken to: two bots would never end.
    world
        .say_in_thread("ci", CHANNEL, &card, "approved. Deploy.")
        .await;
    assert_eq!(world.deeds(), ["requested"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn the_requester_can_not_answer_themselves_and_is_offered_the_ways_on() {
    let mut world = requested().await;
    let card = world.card_ts();
    // By words and emoji it is simply no answer.
    world
        .say_in_thread("dana", CHANNEL, &card, "approved, deploying")
        .await;
    world
        .react("dana", CHANNEL, &card, "white_check_mark")
        .await;
    world.heard("dana, aside", &[]);
    // By the button they are told so.
    world.press("dana", CHANNEL, "authorize").await;
    world.heard("dana, aside", &["somebody else has to authorize it"]);
    assert_eq!(world.deeds(), ["requested"]);
    world.end().await;
}

#[tokio::test]
async fn nobody_with_authority_at_hand_the_most_senior_engineer_stands_in() {
    let mut world = requested().await;
    world.press("sam", CHANNEL, "authorize").await;
    world.heard("sam, aside", &["The policy doesn't name you"]);
    world.press("sam", CHANNEL, "stand_in").await;
    let given = world.fact("authorized");
    assert_eq!(given.data["ground"], "most_senior");
    assert_eq!(given.data["strength"], "attested");
    world.skip();
    world.press("dana", CHANNEL, "deployed").await;
    // A second person with authority makes it good; whoever stood in can't.
    world.skip();
    world.deliver_press("sam", "authorize", "1001").await;
    world.settle().await;
    assert_eq!(world.n_facts("second_authorized"), 0);
    world.skip();
    world.press("morgan", CHANNEL, "authorize").await;
    assert_eq!(world.fact("second_authorized").actor, "user:U0MORGAN01");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_guest_can_not_stand_in() {
    let mut world = requested().await;
    for who in ["gus", "dana"] {
        world.deliver_press(who, "stand_in", "1001").await;
        world.settle().await;
        assert_eq!(world.read_all().len(), 1, "{who}");
    }
    assert_eq!(world.deeds(), ["requested"]);
    world.end().await;
}

#[tokio::test]
async fn going_ahead_is_self_authorized_only_for_whoever_holds_the_role() {
    for (who, exception) in [("dana", "not_authorized"), ("morgan", "self_authorized")] {
        let mut world = World::new().await;
        world.slash(who, "Restart the payments API @priya").await;
        world.go(minutes(7)).await;
        world.press(who, CHANNEL, "go_ahead").await;
        let recorded = world.fact("exception_recorded");
        assert_eq!(recorded.data["exception"], exception, "{who}");
        world.skip();
        world.end().await;
    }
}

#[tokio::test]
async fn only_a_commander_commands_and_one_act_serves_both() {
    let mut world = requested().await;
    world.press("sam", CHANNEL, "take_command").await;
    world.heard("sam, aside", &["among the incident commanders"]);
    world.press("riley", CHANNEL, "take_command").await;
    assert_eq!(world.fact("commander_authorized").actor, "user:U0RILEY001");
    world.skip();
    world.deliver_press("morgan", "take_command", "1001").await;
    world.settle().await;
    world.heard(
        "morgan, aside",
        &["already authorized CHG-1001 as the incident's commander"],
    );
    world.end().await;
}

#[tokio::test]
async fn without_a_policy_any_full_member_but_those_who_did_it_may() {
    let mut world = World::of(Setting {
        policy: PolicyFile {
            zone: "Europe/Berlin".to_owned(),
            ..PolicyFile::default()
        },
        ..Setting::default()
    })
    .await;
    request(&mut world).await;
    world.press("gus", CHANNEL, "authorize").await;
    world.heard("gus, aside", &["Guests can't authorize it"]);
    world.press("sam", CHANNEL, "authorize").await;
    assert_eq!(world.fact("authorized").data["ground"], "no_policy");
    world.skip();
    world.end().await;
}

/// Dana says that Morgan agreed by phone.
async fn attested() -> World {
    let mut world = World::of(Setting {
        at: berlin("2026-03-14 10:14"),
        ..Setting::default()
    })
    .await;
    request(&mut world).await;
    world.choose("dana", CHANNEL, "more", "attest/1001").await;
    world
        .send_in(
            "dana",
            &[
                ("whom", json!("U0MORGAN01")),
                ("account", json!("On the bridge: go, now.")),
            ],
        )
        .await;
    world
}

#[tokio::test]
async fn word_of_mouth_stays_attested_until_the_one_who_agreed_confirms() {
    let mut world = attested().await;
    world.heard("morgan", &["word of mouth"]);
    world.skip();
    // Only Morgan can say so.
    world
        .deliver_press("priya", "confirm_attestation", "1001")
        .await;
    world.settle().await;
    world.heard("priya, aside", &["so only they can say whether they did"]);
    world
        .press("morgan", "@breakglass", "confirm_attestation")
        .await;
    assert_eq!(
        world.deeds(),
        ["requested", "authorized", "attestation_confirmed"]
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn what_was_never_said_authorizes_nothing() {
    let mut world = attested().await;
    world
        .press("morgan", "@breakglass", "dispute_attestation")
        .await;
    assert_eq!(world.stage(1001), "requested");
    world.skip();
    world.choose("dana", CHANNEL, "more", "deployed/1001").await;
    world.skip();
    assert!(
        world
            .facts()
            .iter()
            .any(|fact| fact.data["exception"] == "deployed_before_authorization")
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_confirmation_that_never_comes_is_missed_with_the_deadline() {
    let mut world = attested().await;
    world.press("dana", CHANNEL, "deployed").await;
    world.go(hours(25)).await;
    assert!(
        world
            .facts()
            .iter()
            .any(|fact| fact.data["exception"] == "confirmed_late")
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn whom_somebody_names_must_have_the_authority_too() {
    let mut world = requested().await;
    for (who, sentence) in [
        ("U0SAM00001", "policy doesn't name"),
        ("U0GUS00001", "they are a guest"),
        ("U0DANA0001", "somebody else"),
    ] {
        world.choose("dana", CHANNEL, "more", "attest/1001").await;
        world.submit("dana", &[("whom", json!(who))]).await;
        let told = world.read_all();
        let told = format!("{told:?}");
        assert!(
            told.contains(sentence) || world.hand.modal("dana").await.is_ok(),
            "{who}: {told}"
        );
        world
            .hand
            .act("close", json!({"as": "dana", "all": true}))
            .await
            .ok();
        assert_eq!(world.deeds(), ["requested"], "{who}");
    }
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn words_that_do_not_plainly_authorize_are_the_readers_account_only() {
    let mut world = World::of(Setting {
        at: berlin("2026-03-14 10:14"),
        ..Setting::default()
    })
    .await;
    let asked = world
        .say(
            "dana",
            CHANNEL,
            "@morgan restarting auth-api. Authorization?",
        )
        .await;
    let answered = world.say("morgan", CHANNEL, "looking at the graphs").await;
    world.skip();
    world.shortcut("dana", CHANNEL, &asked).await;
    world.send_in("dana", &[("answer", json!(answered))]).await;
    let given = world.fact("authorized");
    assert_eq!(given.data["by"], "U0MORGAN01");
    assert_eq!(given.data["strength"], "attested");
    assert_eq!(given.actor, "user:U0DANA0001");
    world.heard("morgan", &["takes your words"]);
    world.skip();
    world
        .press("morgan", "@breakglass", "dispute_attestation")
        .await;
    assert_eq!(world.stage(1001), "requested");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn whoever_can_not_answer_is_not_asked_and_the_requester_hears_it_at_once() {
    for (named, sentence) in [
        ("@gus", "@gus can't authorize"),
        ("@dana", "You can't authorize your own change"),
    ] {
        let mut world = World::new().await;
        world.slash("dana", &format!("Fix the login {named}")).await;
        world.heard(CHANNEL, &["@dana asks @eng-managers for authorization"]);
        world.heard("dana, aside", &[sentence]);
        world.heard("gus", &[]);
        world.end().await;
    }
}

#[tokio::test]
async fn a_time_to_come_or_unreadable_is_no_request() {
    let mut world = requested().await;
    for words in [
        "deployed in 5 min",
        "deployed CHG-1001 25:99",
        "deployed tomorrow",
    ] {
        world.slash("dana", words).await;
        world.heard("dana, aside", &["nothing was recorded"]);
    }
    assert_eq!(world.deeds(), ["requested"]);
    // The control: words that only begin like it are one.
    world
        .slash("priya", "deployed in eu-west is broken, roll back @morgan")
        .await;
    world.heard(CHANNEL, &["CHG-1002"]);
    world.end().await;
}
