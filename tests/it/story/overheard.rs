//! How what people say, mark and point at comes onto the record.

use serde_json::{Value, json};

use super::{hours, minutes, requested};
use crate::world::{CHANNEL, World};

const ASKED: &str = "@morgan deploying WAF rule to block SQL injection. Authorization?";
const ANSWERED: &str = "approved. Deploy.";

/// Acts as somebody on a message, and waits.
async fn act(world: &mut World, route: &str, body: Value) -> Value {
    let done = world.try_act(route, body).await.unwrap();
    world.settle().await;
    done
}

async fn react(world: &mut World, who: &str, ts: &str) {
    let body = json!({"as": who, "channel": CHANNEL, "ts": ts, "name": "white_check_mark"});
    act(world, "react", body).await;
}

async fn point_at(world: &mut World, who: &str, ts: &str) {
    let body =
        json!({"as": who, "channel": CHANNEL, "ts": ts, "callback_id": "record_authorization"});
    act(world, "shortcut", body).await;
}

async fn reply(world: &mut World, who: &str, thread: &str, words: &str) -> String {
    let body = json!({"as": who, "channel": CHANNEL, "thread_ts": thread, "text": words});
    let said = act(world, "say", body).await;
    said["ts"].as_str().unwrap().to_owned()
}

/// Where the first card stands.
fn card(world: &World) -> String {
    let posted = world
        .facts()
        .into_iter()
        .find(|one| one.kind == "delivered");
    posted.unwrap().data["ts"].as_str().unwrap().to_owned()
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
        point_at(&mut world, "riley", ts).await;
        world.send_in("riley", &[]).await;
        is_on_record(&world, &request, &answer);
        world.skip();
        // Once on record, the shortcut shows where it stands.
        point_at(&mut world, "dana", ts).await;
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
async fn no_thanks_is_remembered() {
    let mut world = World::new().await;
    world.say("dana", CHANNEL, ASKED).await;
    world.say("morgan", CHANNEL, ANSWERED).await;
    world.press("dana", CHANNEL, "decline_offer").await;
    world.skip();
    world.deliver_again(3).await;
    world.go(hours(2)).await;
    assert!(world.deeds().is_empty());
    assert!(!world.sees("dana", "@breakglass", "take_offer").await);
    world.end().await;
}

#[tokio::test]
async fn the_emoji_of_whoever_was_asked_records_the_pair() {
    let mut world = World::new().await;
    let request = world.say("dana", CHANNEL, ASKED).await;
    react(&mut world, "sam", &request).await;
    assert!(world.deeds().is_empty());
    react(&mut world, "morgan", &request).await;
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
    let card = card(&world);
    react(&mut world, "morgan", &card).await;
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
    let card = card(&world);
    reply(&mut world, "morgan", &card, "no, don't deploy that").await;
    assert_eq!(world.deeds(), ["requested", "denied"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn an_answer_to_one_of_two_has_to_say_which() {
    let mut world = requested().await;
    world
        .slash("dana", "Restart the payments API @morgan")
        .await;
    world.skip();
    world.say("morgan", CHANNEL, ANSWERED).await;
    assert_eq!(world.n_facts("authorized"), 0);
    world.heard(
        "morgan, aside",
        &["CHG-1001 and CHG-1002 wait for your answer"],
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn what_happens_to_a_captured_message_is_on_record() {
    let mut world = World::new().await;
    let request = world.say("dana", CHANNEL, ASKED).await;
    let answer = world.say("morgan", CHANNEL, ANSWERED).await;
    world.press("dana", CHANNEL, "take_offer").await;
    world.skip();
    let edited = json!({"as": "morgan", "channel": CHANNEL, "ts": answer, "text": "rejected"});
    act(&mut world, "edit", edited).await;
    assert_eq!(world.n_facts("message_edited"), 1);
    let deleted = json!({"as": "dana", "channel": CHANNEL, "ts": request});
    act(&mut world, "delete", deleted).await;
    assert_eq!(world.n_facts("message_deleted"), 1);
    assert_eq!(world.stage(1001), "authorized");
    // Of another message nothing is kept.
    let chatter = world.say("sam", CHANNEL, "graphs look better").await;
    let kept = world.count("SELECT count(*) FROM inbox");
    let edited =
        json!({"as": "sam", "channel": CHANNEL, "ts": chatter, "text": "graphs look best"});
    act(&mut world, "edit", edited).await;
    assert_eq!(world.count("SELECT count(*) FROM inbox"), kept);
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
    let card = card(&world);
    reply(&mut world, "morgan", &card, "@breakglass approved").await;
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
    let answer = reply(&mut world, "morgan", &request, ANSWERED).await;
    point_at(&mut world, "dana", &request).await;
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

#[tokio::test]
async fn word_of_mouth_waits_for_whoever_gave_it() {
    let mut world = requested().await;
    world.choose("dana", CHANNEL, "more", "attest/1001").await;
    let kept = world.submit("dana", &[("whom", json!("U0DANA0001"))]).await;
    assert_eq!(kept["outcome"], "errors", "{kept}");
    world
        .send_in(
            "dana",
            &[
                ("whom", json!("U0MORGAN01")),
                ("account", json!("On the phone")),
            ],
        )
        .await;
    assert_eq!(world.fact("authorized").data["strength"], "attested");
    world.skip();
    // Nobody is woken for it.
    world.go(hours(8)).await;
    world
        .press("morgan", "@breakglass", "confirm_attestation")
        .await;
    assert_eq!(world.n_facts("attestation_confirmed"), 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn the_time_of_a_deployment_is_put_right_from_its_echo() {
    let mut world = requested().await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.go(minutes(10)).await;
    world.slash("dana", "deployed 2 min ago").await;
    world.press("dana", CHANNEL, "correct_deployment").await;
    world
        .send_in(
            "dana",
            &[
                ("when", json!("5 min ago")),
                ("reason", json!("Looked it up")),
            ],
        )
        .await;
    assert_eq!(world.n_facts("deployment_corrected"), 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn another_reason_is_kept_as_stated() {
    let mut world = requested().await;
    world
        .choose("dana", CHANNEL, "more", "state_reason/1001")
        .await;
    world
        .send_in("dana", &[("stated", json!("deadline_today"))])
        .await;
    assert_eq!(world.fact("reason_stated").data["reason"], "deadline_today");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn two_of_one_are_linked_by_a_tap() {
    let mut world = requested().await;
    world
        .slash(
            "dana",
            "Deploying the WAF rule to block SQL injection @morgan",
        )
        .await;
    world.press("dana", CHANNEL, "same").await;
    assert_eq!(world.n_facts("linked_as_duplicate"), 1);
    assert_eq!(world.stage(1002), "withdrawn");
    world.skip();
    world.end().await;
}
