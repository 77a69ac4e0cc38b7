//! How what people say, mark and point at comes onto the record.

use serde_json::{Value, json};

use super::{minutes, requested};
use crate::world::{CHANNEL, World};

const ASKED: &str = "@morgan deploying WAF rule to block SQL injection. Authorization?";
const ANSWERED: &str = "approved. Deploy.";

/// Acts as somebody on a message, and waits.
async fn act(world: &mut World, route: &str, body: Value) -> Value {
    let done = world.try_act(route, body).await.unwrap();
    world.settle().await;
    done
}

/// That the pair is on record as it was said.
fn is_on_record(world: &World, request: &str, answer: &str) {
    assert_eq!(world.deeds(), ["requested", "authorized"]);
    let asked = world.fact("requested");
    assert_eq!(asked.actor, "user:U0DANA0001");
    assert_eq!(asked.data["said"]["ts"], request);
    assert!(asked.data["said"]["permalink"].is_string(), "{asked:?}");
    let given = world.fact("authorized");
    assert_eq!(given.actor, "user:U0MORGAN01");
    assert_eq!(given.data["method"], "message");
    assert!(given.data.to_string().contains(answer), "{given:?}");
}

#[tokio::test]
async fn the_shortcut_on_either_half_records_the_pair() {
    for on_the_answer in [true, false] {
        let mut world = World::new().await;
        let request = world.say("dana", CHANNEL, ASKED).await;
        let answer = world.say("morgan", CHANNEL, ANSWERED).await;
        world.skip();
        let ts = if on_the_answer { &answer } else { &request };
        world.shortcut("riley", CHANNEL, ts).await;
        world.send_in("riley", &[]).await;
        is_on_record(&world, &request, &answer);
        world.skip();
        // Once on record, the shortcut shows where it stands.
        world.shortcut("dana", CHANNEL, ts).await;
        world.heard("dana, aside", &["*CHG-1001* is authorized"]);
        assert_eq!(world.n_facts("requested"), 1);
        world.skip();
        world.end().await;
    }
}

#[tokio::test]
async fn the_quiet_offer_records_the_pair_if_the_asker_wants() {
    let mut world = World::new().await;
    let request = world.say("dana", CHANNEL, ASKED).await;
    let answer = world.say("morgan", CHANNEL, ANSWERED).await;
    assert_eq!(world.n_facts("requested"), 0);
    world.press("dana", CHANNEL, "take_offer").await;
    is_on_record(&world, &request, &answer);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn the_emoji_of_whoever_was_asked_records_the_pair() {
    let mut world = World::new().await;
    let request = world.say("dana", CHANNEL, ASKED).await;
    world
        .react("sam", CHANNEL, &request, "white_check_mark")
        .await;
    assert!(world.deeds().is_empty());
    world
        .react("morgan", CHANNEL, &request, "white_check_mark")
        .await;
    assert_eq!(world.deeds(), ["requested", "authorized"]);
    assert_eq!(world.fact("authorized").data["method"], "reaction");
    world.skip();
    let body =
        json!({"as": "morgan", "channel": CHANNEL, "ts": request, "name": "white_check_mark"});
    act(&mut world, "unreact", body).await;
    assert_eq!(world.n_facts("reaction_removed"), 1);
    assert_eq!(world.stage(1001), "authorized");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn an_emoji_on_the_card_authorizes() {
    let mut world = requested().await;
    let card = world.card_ts();
    world
        .react("morgan", CHANNEL, &card, "white_check_mark")
        .await;
    assert_eq!(world.deeds(), ["requested", "authorized"]);
    assert_eq!(world.fact("authorized").data["method"], "reaction");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn the_next_words_of_whoever_was_asked_answer_the_card() {
    let mut world = requested().await;
    world.say("sam", CHANNEL, "looking at the graphs").await;
    world.say("morgan", CHANNEL, ANSWERED).await;
    assert_eq!(world.deeds(), ["requested", "authorized"]);
    world.skip();
    assert!(!world.sees("dana", CHANNEL, "take_offer").await);
    world.end().await;
}

#[tokio::test]
async fn a_no_under_the_card_denies() {
    let mut world = requested().await;
    let card = world.card_ts();
    world
        .say_in_thread("morgan", CHANNEL, &card, "no, don't deploy that")
        .await;
    assert_eq!(world.deeds(), ["requested", "denied"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn words_that_came_to_nothing_are_kept_nowhere() {
    let mut world = World::new().await;
    world
        .say("morgan", "#engineering", "approved the invoice")
        .await;
    world.say("morgan", "#engineering", "approved").await;
    world.say("morgan", CHANNEL, "approved").await;
    assert_eq!(world.count("SELECT count(*) FROM text"), 0);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_mention_answers_in_the_thread_of_the_card() {
    let mut world = requested().await;
    let card = world.card_ts();
    world
        .say_in_thread("morgan", CHANNEL, &card, "@breakglass approved")
        .await;
    assert_eq!(world.deeds(), ["requested", "authorized"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn what_is_deployed_already_is_recorded_with_its_request() {
    let mut world = World::new().await;
    world
        .slash(
            "dana",
            "Restart the payments API, deployed 20 min ago @morgan",
        )
        .await;
    assert_eq!(
        world.deeds(),
        ["requested", "deployed", "exception_recorded"]
    );
    world.skip();
    world
        .slash("dana", "Fail over DNS, deployed 20 h ago @morgan")
        .await;
    // The fix never waits: it is on record, and its time is asked back.
    assert_eq!(world.n_facts("requested"), 2);
    assert_eq!(world.n_facts("deployed"), 1);
    world.press("dana", CHANNEL, "deployed_at").await;
    assert_eq!(world.n_facts("deployed"), 2);
    world.skip();
    world.go(minutes(1)).await;
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_question_and_its_answer_in_a_thread_are_one_pair() {
    let mut world = World::new().await;
    let request = world.say("dana", CHANNEL, ASKED).await;
    let answer = world
        .say_in_thread("morgan", CHANNEL, &request, ANSWERED)
        .await;
    world.shortcut("dana", CHANNEL, &request).await;
    world.send_in("dana", &[]).await;
    is_on_record(&world, &request, &answer);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn deliveries_repeated_four_times_and_late_make_one_record() {
    let mut world = requested().await;
    world.stop().await;
    let body = json!({"as": "morgan", "channel": CHANNEL, "text": ANSWERED});
    world.try_act("say", body).await.unwrap();
    world.start().await;
    world.settle().await;
    world.deliver_again(4).await;
    assert_eq!(world.deeds(), ["requested", "authorized"]);
    assert_eq!(world.fact("authorized").data["method"], "message");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn while_slack_is_down_what_was_overheard_waits() {
    let mut world = World::new().await;
    let request = world.say("dana", CHANNEL, ASKED).await;
    world
        .misbehave(json!({"method": "*", "fault": "server_error"}))
        .await;
    let body =
        json!({"as": "morgan", "channel": CHANNEL, "ts": request, "name": "white_check_mark"});
    world.try_act("react", body).await.unwrap();
    world.go(minutes(2)).await;
    assert!(world.deeds().is_empty());
    world.behave().await;
    world.go(minutes(6)).await;
    assert_eq!(world.deeds(), ["requested", "authorized"]);
    let given = world.fact("authorized");
    let asked = world.fact("requested");
    assert!(given.at - asked.at < minutes(1), "{given:?}");
    world.skip();
    world.end().await;
}
