//! What slips in between the steps: other talk, edits, an outage, a second way
//! taken at once. Nothing is recorded that nobody said, and nothing is lost.

use chrono::TimeDelta;
use serde_json::json;

use super::{minutes, requested};
use crate::world::{CHANNEL, Setting, World, berlin};

const ASKED: &str = "@morgan deploying WAF rule to block SQL injection. Authorization?";
const ANSWERED: &str = "approved. Deploy.";

async fn by_day() -> World {
    World::of(Setting {
        at: berlin("2026-03-14 10:14"),
        ..Setting::default()
    })
    .await
}

async fn edit(world: &mut World, who: &str, ts: &str, words: &str) {
    let body = json!({"as": who, "channel": CHANNEL, "ts": ts, "text": words});
    world.try_act("edit", body).await.unwrap();
    world.settle().await;
}

#[tokio::test]
async fn a_yes_to_another_question_authorizes_nothing_and_says_so() {
    for (who, question) in [
        ("dana", "@morgan are you on the bridge call?"),
        ("sam", "anybody looking at the graphs?"),
    ] {
        let mut world = requested().await;
        world.say(who, CHANNEL, question).await;
        world.say("morgan", CHANNEL, "yes").await;
        assert_eq!(world.deeds(), ["requested"], "{question}");
        world.heard("morgan, aside", &["CHG-1001"]);
        world.say("morgan", CHANNEL, "approved, go ahead").await;
        assert_eq!(world.deeds(), ["requested", "authorized"], "{question}");
        world.skip();
        world.end().await;
    }
}

#[tokio::test]
async fn an_answer_that_comes_before_its_request_to_the_bot_answers_it() {
    let mut world = by_day().await;
    world.stop().await;
    let before = world.hand.look("deliveries").await.unwrap()["deliveries"]
        .as_array()
        .map_or(0, Vec::len);
    for (who, words) in [
        (
            "dana",
            "@breakglass Deploy WAF rule to block SQL injection @morgan",
        ),
        ("morgan", ANSWERED),
    ] {
        let body = json!({"as": who, "channel": CHANNEL, "text": words});
        world.try_act("say", body).await.unwrap();
    }
    let all = world.hand.look("deliveries").await.unwrap()["deliveries"].clone();
    let mut missed: Vec<_> = all.as_array().unwrap()[before..]
        .iter()
        .map(|one| one["payload"].clone())
        .collect();
    missed.reverse();
    world.start().await;
    for payload in &missed {
        let body = json!({"kind": "events_api", "payload": payload});
        world.try_act("deliver_raw", body).await.unwrap();
        world.settle().await;
    }
    assert_eq!(world.deeds(), ["requested", "authorized"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn what_was_edited_between_offer_and_tap_is_on_record_both_ways() {
    let mut world = by_day().await;
    let request = world.say("dana", CHANNEL, ASKED).await;
    let answer = world.say("morgan", CHANNEL, ANSWERED).await;
    edit(
        &mut world,
        "morgan",
        &answer,
        "approved. Deploy. After 03:00.",
    )
    .await;
    let body = json!({"as": "dana", "channel": CHANNEL, "ts": request});
    world.try_act("delete", body).await.unwrap();
    world.settle().await;
    world.press("dana", CHANNEL, "take_offer").await;
    let given = world.fact("authorized");
    let said = given.data["evidence"]["of"]["text"].clone();
    assert_eq!(world.words_of(&said), ANSWERED);
    let edited = world.fact("message_edited");
    assert_eq!(edited.data["from"], said);
    assert_eq!(
        world.words_of(&edited.data["to"]),
        "approved. Deploy. After 03:00."
    );
    assert_eq!(world.n_facts("message_deleted"), 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn an_edit_during_an_outage_is_on_record() {
    let mut world = by_day().await;
    world
        .slash("dana", "Deploy WAF rule to block SQL injection @morgan")
        .await;
    world
        .misbehave(json!({"method": "*", "fault": "server_error"}))
        .await;
    let ts = world.say("morgan", CHANNEL, ANSWERED).await;
    edit(&mut world, "morgan", &ts, "I never said that").await;
    world.go(minutes(2)).await;
    world.behave().await;
    world.go(minutes(3)).await;
    let given = world.fact("authorized");
    assert_eq!(
        world.words_of(&given.data["evidence"]["of"]["text"]),
        ANSWERED
    );
    assert_eq!(world.n_facts("message_edited"), 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn one_answer_taken_two_ways_at_once_makes_one_change() {
    let mut world = by_day().await;
    world.say("dana", CHANNEL, ASKED).await;
    let answer = world.say("morgan", CHANNEL, ANSWERED).await;
    // Both open the form; Riley finds no request in it.
    world.shortcut("riley", CHANNEL, &answer).await;
    world.shortcut("dana", CHANNEL, &answer).await;
    world
        .send_in(
            "riley",
            &[
                ("request", json!("none")),
                ("what", json!("WAF rule")),
                ("requester", json!("U0DANA0001")),
            ],
        )
        .await;
    world.send_in("dana", &[]).await;
    assert_eq!(world.n_facts("requested"), 1);
    world.press("dana", CHANNEL, "take_offer").await;
    assert_eq!(world.n_facts("requested"), 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn the_shortcut_records_where_the_bot_is_not() {
    let mut world = by_day().await;
    let private = "#inc-secret";
    let ts = world.say("dana", private, ASKED).await;
    world.shortcut("dana", private, &ts).await;
    world.send_in("dana", &[]).await;
    assert_eq!(world.deeds(), ["requested"]);
    let asked = world.fact("requested");
    assert!(
        world
            .words_of(&asked.data["verbatim"])
            .contains("deploying WAF rule")
    );
    assert_eq!(asked.data["said"]["ts"], ts);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn the_shortcut_on_a_card_shows_where_the_change_stands() {
    let mut world = requested().await;
    let card = world.card_ts();
    world.shortcut("sam", CHANNEL, &card).await;
    world.heard("sam, aside", &["CHG-1001"]);
    assert_eq!(world.deeds(), ["requested"]);
    world.end().await;
}

#[tokio::test]
async fn an_answer_to_the_bot_that_answers_nothing_is_answered() {
    let mut world = World::new().await;
    world.say("morgan", CHANNEL, "@breakglass approved").await;
    world.heard("morgan, aside", &["no open request"]);
    assert_eq!(world.count("SELECT count(*) FROM text"), 0);
    world.end().await;
}

#[tokio::test]
async fn a_dispute_is_told_to_whoever_asked_by_day() {
    let mut world = by_day().await;
    world
        .slash("dana", "Deploy WAF rule to block SQL injection @morgan")
        .await;
    world.choose("dana", CHANNEL, "more", "attest/1001").await;
    world
        .send_in("dana", &[("whom", json!("U0MORGAN01"))])
        .await;
    world.skip();
    world
        .press("morgan", "@breakglass", "dispute_attestation")
        .await;
    let told = world.read("dana");
    assert!(
        told.iter()
            .any(|one| one.words.contains("didn't authorize")),
        "{told:#?}"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_form_that_contradicts_the_message_records_nothing() {
    let mut world = requested().await;
    world.skip();
    let request = world
        .say(
            "priya",
            CHANNEL,
            "@morgan need to restart the payments API. OK to go?",
        )
        .await;
    let answer = world.say("morgan", CHANNEL, "no, don't restart it").await;
    world.skip();
    let n_before = world.deeds().len();
    world.shortcut("priya", CHANNEL, &request).await;
    let sent = world
        .submit(
            "priya",
            &[("answer", json!(answer)), ("verdict", json!("grant"))],
        )
        .await;
    assert_eq!(world.n_facts("authorized"), 0, "{sent}");
    let _ = n_before;
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn somebody_without_authority_does_not_take_the_place_of_whoever_has_it() {
    let mut world = by_day().await;
    world
        .say(
            "dana",
            CHANNEL,
            "deploying WAF rule to block SQL injection. Authorization?",
        )
        .await;
    world.say("sam", CHANNEL, ANSWERED).await;
    world.skip();
    world.go(TimeDelta::seconds(20)).await;
    world
        .say("morgan", CHANNEL, "approved. Deploy it now.")
        .await;
    world.press("dana", CHANNEL, "take_offer").await;
    assert_eq!(world.fact("authorized").actor, "user:U0MORGAN01");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn whoever_captures_for_another_is_told_of_them_and_deploys_nothing() {
    let mut world = by_day().await;
    let asked = "deploying WAF rule to block SQL injection. Authorization?";
    world.say("dana", CHANNEL, asked).await;
    let answer = world.say("sam", CHANNEL, ANSWERED).await;
    world.skip();
    world.shortcut("riley", CHANNEL, &answer).await;
    world.send_in("riley", &[("when", json!("20 h ago"))]).await;
    assert_eq!(world.n_facts("authorized"), 0);
    let told = world.read("riley, aside");
    assert!(
        told.iter()
            .any(|one| one.words.contains("policy doesn't name them")),
        "{told:#?}"
    );
    world.press("riley", CHANNEL, "deployed_at").await;
    assert_eq!(world.fact("deployed").data["implementer"], "U0DANA0001");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_time_stated_by_another_is_echoed_to_them() {
    let mut world = by_day().await;
    world.say("dana", CHANNEL, ASKED).await;
    let answer = world.say("morgan", CHANNEL, ANSWERED).await;
    world.skip();
    world.go(minutes(30)).await;
    world.shortcut("riley", CHANNEL, &answer).await;
    world
        .send_in("riley", &[("when", json!("20 min ago"))])
        .await;
    let deployed = world.fact("deployed");
    assert_eq!(deployed.data["implementer"], "U0DANA0001");
    assert_eq!(deployed.actor, "user:U0RILEY001");
    world.heard("riley, aside", &["Recorded as deployed"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_denial_captured_after_the_authorization_is_told_whose_stands() {
    let mut world = by_day().await;
    world.say("dana", CHANNEL, ASKED).await;
    let denial = world.say("morgan", CHANNEL, "no, don't deploy that").await;
    world.go(minutes(2)).await;
    world.say("morgan", CHANNEL, "ok, approved. Deploy.").await;
    world.press("dana", CHANNEL, "take_offer").await;
    assert_eq!(world.deeds(), ["requested", "authorized"]);
    world.skip();
    // The denial is overtaken, and nobody is asked about it again.
    world.go(minutes(70)).await;
    assert!(!world.sees("dana", "@breakglass", "take_offer").await);
    world.skip();
    world.shortcut("riley", CHANNEL, &denial).await;
    world.send_in("riley", &[]).await;

    world.heard(
        "riley, aside",
        &["That stands, so this refusal isn't recorded"],
    );
    assert_eq!(world.deeds(), ["requested", "authorized"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_bare_time_that_would_be_yesterday_s_attests_nothing() {
    let mut world = by_day().await;
    world
        .slash("dana", "Deploy WAF rule to block SQL injection @morgan")
        .await;
    world.choose("dana", CHANNEL, "more", "attest/1001").await;
    world
        .submit(
            "dana",
            &[("whom", json!("U0MORGAN01")), ("when", json!("23:50"))],
        )
        .await;
    world.settle().await;
    assert_eq!(world.deeds(), ["requested"]);
    world.heard("dana, aside", &["before CHG-1001 was asked for"]);
    world.skip();
    world.end().await;
}
