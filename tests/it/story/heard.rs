//! What the bot overhears in a channel: answers under open cards, quiet offers,
//! emoji, and what happens to captured messages afterwards.

use serde_json::json;

use super::{hours, minutes, requested};
use crate::world::{CHANNEL, Setting, World, berlin};

const QUESTION: &str = "@morgan deploying WAF rule to block SQL injection. Authorization?";

/// Dana asked in plain words, and Morgan answered; Dana has seen the offer.
async fn offered() -> World {
    let mut world = World::of(Setting {
        at: berlin("2026-03-14 10:14"),
        ..Setting::default()
    })
    .await;
    world.say("dana", CHANNEL, QUESTION).await;
    world.say("morgan", CHANNEL, "approved. Deploy.").await;
    world.heard("dana, aside", &["approved. Deploy."]);
    world
}

#[tokio::test]
async fn an_answer_under_an_open_card_makes_no_second_change_and_no_offer() {
    let mut world = requested().await;
    world.say("dana", CHANNEL, QUESTION).await;
    world.say("morgan", CHANNEL, "approved. Deploy.").await;
    assert_eq!(world.deeds(), ["requested", "authorized"]);
    world.heard("dana, aside", &[]);
    world.heard(CHANNEL, &["*Authorized* by", "Authorized by @morgan"]);
    world.end().await;
}

#[tokio::test]
async fn a_refusal_in_plain_words_denies() {
    let mut world = requested().await;
    world.say("morgan", CHANNEL, "not yet, don't deploy").await;
    assert_eq!(world.deeds(), ["requested", "denied"]);
    assert_eq!(
        world.words_of(&world.fact("denied").data["evidence"]["of"]["text"]),
        "not yet, don't deploy"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn words_that_neither_grant_nor_refuse_leave_the_card_alone() {
    let mut world = requested().await;
    for words in [
        "approved by legal, waiting for security",
        "fine by me if the canary is green",
        "looking",
        "what does it block?",
    ] {
        world.say("morgan", CHANNEL, words).await;
    }
    world.say("sam", CHANNEL, "approved the invoice").await;
    assert_eq!(world.deeds(), ["requested"]);
    world.heard("morgan, aside", &[]);
    // What came to nothing isn't kept.
    let kept = world.count("SELECT count(*) FROM text WHERE body LIKE '%canary%'");
    assert_eq!(kept, 0);
    world.end().await;
}

#[tokio::test]
async fn somebody_else_s_cheer_authorizes_nothing() {
    let mut world = requested().await;
    world.say("sam", CHANNEL, "approved").await;
    assert_eq!(world.deeds(), ["requested"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn an_offer_unanswered_comes_once_more_by_dm_and_is_then_listed_as_undeclared() {
    let mut world = offered().await;
    world.go(minutes(59)).await;
    world.heard("dana", &[]);
    world.go(minutes(2)).await;
    world.heard("dana", &["approved. Deploy."]);
    world.go(hours(25)).await;
    // The message that nobody answered loses its buttons.
    world.heard("dana", &["undeclared"]);
    assert!(!world.sees("dana", "@breakglass", "take_offer").await);
    world.slash("sam", "list open").await;
    world.heard("sam, aside", &["ndeclared"]);
    assert_eq!(world.deeds(), [""; 0]);
    world.end().await;
}

#[tokio::test]
async fn an_offer_may_be_taken_from_the_dm() {
    let mut world = offered().await;
    world.go(minutes(61)).await;
    world.heard("dana", &["approved. Deploy."]);
    world.press("dana", "@breakglass", "take_offer").await;
    assert_eq!(world.deeds(), ["requested", "authorized"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn no_thanks_is_remembered() {
    let mut world = offered().await;
    world.press("dana", CHANNEL, "decline_offer").await;
    world.say("morgan", CHANNEL, "approved!").await;
    world.skip();
    world.go(hours(26)).await;
    world.heard("dana", &[]);
    assert_eq!(world.deeds(), [""; 0]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn no_offer_is_made_where_nothing_was_asked_or_answered() {
    let mut world = World::new().await;
    world.say("dana", CHANNEL, "I approved the invoice").await;
    world.say("morgan", CHANNEL, "approved").await;
    // A person who answers themselves.
    world.say("dana", CHANNEL, QUESTION).await;
    world.say("dana", CHANNEL, "approved, going ahead").await;
    // A quotation.
    world.say("morgan", CHANNEL, "> approved. Deploy.").await;
    // Outside incident channels.
    world.say("dana", "#engineering", QUESTION).await;
    world
        .say("morgan", "#engineering", "approved. Deploy.")
        .await;
    world.heard("dana, aside", &[]);
    assert_eq!(world.deeds(), [""; 0]);
    assert_eq!(world.count("SELECT count(*) FROM text"), 0);
    world.end().await;
}

#[tokio::test]
async fn an_edit_and_a_deletion_are_on_record_and_what_was_captured_stays() {
    let mut world = offered().await;
    world.press("dana", CHANNEL, "take_offer").await;
    world.skip();
    let asked = world.fact("requested").data["said"]["ts"].clone();
    let evidence = world.fact("authorized").data["evidence"]["of"].clone();
    let answered = evidence["message"]["ts"].clone();
    for (who, ts, words) in [
        ("morgan", &answered, "approved. Deploy. After 03:00."),
        ("morgan", &answered, "I never said that"),
    ] {
        let body = json!({"as": who, "channel": CHANNEL, "ts": ts, "text": words});
        world.hand.act("edit", body).await.unwrap();
        world.settle().await;
    }
    let body = json!({"as": "dana", "channel": CHANNEL, "ts": asked});
    world.hand.act("delete", body).await.unwrap();
    world.settle().await;
    let edits: Vec<_> = world
        .facts()
        .into_iter()
        .filter(|fact| fact.kind == "message_edited")
        .collect();
    assert_eq!(edits.len(), 2);
    // Each edit names what stood before it.
    assert_eq!(edits[0].data["from"], evidence["text"]);
    assert_eq!(edits[1].data["from"], edits[0].data["to"]);
    assert_eq!(world.words_of(&edits[1].data["to"]), "I never said that");
    assert_eq!(edits[0].actor, "user:U0MORGAN01");
    let deleted = world.fact("message_deleted");
    assert_eq!(
        deleted.data["from"],
        world.fact("requested").data["verbatim"]
    );
    assert_eq!(world.words_of(&evidence["text"]), "approved. Deploy.");
    assert_eq!(world.stage(1001), "authorized");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_message_of_no_record_may_be_edited_unheard() {
    let mut world = World::new().await;
    let ts = world.say("dana", CHANNEL, "status page is up").await;
    let body = json!({"as": "dana", "channel": CHANNEL, "ts": ts, "text": "status page is down"});
    world.hand.act("edit", body).await.unwrap();
    let body = json!({"as": "dana", "channel": CHANNEL, "ts": ts});
    world.hand.act("delete", body).await.unwrap();
    world.settle().await;
    assert_eq!(world.count("SELECT count(*) FROM inbox"), 0);
    world.end().await;
}

#[tokio::test]
async fn an_emoji_taken_away_is_on_record_and_takes_nothing_back() {
    let mut world = requested().await;
    let card = world.card_ts();
    world
        .react("morgan", CHANNEL, &card, "white_check_mark")
        .await;
    world
        .unreact("morgan", CHANNEL, &card, "white_check_mark")
        .await;
    assert_eq!(
        world.deeds(),
        ["requested", "authorized", "reaction_removed"]
    );
    assert_eq!(world.stage(1001), "authorized");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn other_emoji_and_other_people_s_emoji_authorize_nothing() {
    let mut world = requested().await;
    let card = world.card_ts();
    world.react("morgan", CHANNEL, &card, "eyes").await;
    world
        .react("dana", CHANNEL, &card, "white_check_mark")
        .await;
    assert_eq!(world.deeds(), ["requested"]);
    let asked = world
        .say(
            "priya",
            CHANNEL,
            "@morgan need approval to restart the API, ok to go?",
        )
        .await;
    world
        .react("sam", CHANNEL, &asked, "white_check_mark")
        .await;
    assert_eq!(world.deeds(), ["requested"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn with_two_open_cards_plain_words_say_too_little() {
    let mut world = requested().await;
    world
        .slash("priya", "Restart the payments database @morgan")
        .await;
    world.skip();
    world.say("morgan", CHANNEL, "approved").await;
    assert_eq!(world.n_facts("authorized"), 0);
    world.heard("morgan, aside", &["CHG-1001"]);
    world.skip();
    world.end().await;
}
