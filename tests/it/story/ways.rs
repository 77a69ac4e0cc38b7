//! The seven ways in which an authorization happens, and that all of them leave
//! the same record but for method and strength.

use serde_json::{Value, json};

use super::minutes;
use crate::world::{CHANNEL, Fact, World, acknowledged};

/// The guide's own two lines.
const QUESTION: &str =
    "@engineering-manager deploying WAF rule to block SQL injection. Authorization?";
const ANSWER: &str = "@engineering-manager approved. Deploy.";

/// The same question to somebody in particular.
const TO_MORGAN: &str = "@morgan deploying WAF rule to block SQL injection. Authorization?";

const COMMAND: &str = "Deploy WAF rule to block SQL injection @morgan";

impl World {
    /// Uses the message shortcut and waits only for the acknowledgement.
    pub(crate) async fn shortcut(&mut self, who: &str, channel: &str, ts: &str) {
        let body = json!({
            "as": who, "callback_id": "record_authorization", "channel": channel, "ts": ts,
        });
        acknowledged(&self.hand.act("shortcut", body).await.unwrap());
        self.settle().await;
    }

    pub(crate) async fn react(&mut self, who: &str, channel: &str, ts: &str, name: &str) {
        let body = json!({"as": who, "channel": channel, "ts": ts, "name": name});
        self.hand.act("react", body).await.unwrap();
        self.settle().await;
    }

    pub(crate) async fn unreact(&mut self, who: &str, channel: &str, ts: &str, name: &str) {
        let body = json!({"as": who, "channel": channel, "ts": ts, "name": name});
        self.hand.act("unreact", body).await.unwrap();
        self.settle().await;
    }

    pub(crate) async fn say_in_thread(
        &mut self,
        who: &str,
        channel: &str,
        thread: &str,
        words: &str,
    ) -> String {
        let body = json!({"as": who, "channel": channel, "text": words, "thread_ts": thread});
        let said = self.hand.act("say", body).await.unwrap();
        self.settle().await;
        said["ts"].as_str().unwrap().to_owned()
    }

    /// Where the card of a change stands.
    pub(crate) fn card_ts(&self) -> String {
        let card = self
            .facts()
            .into_iter()
            .find(|fact| fact.kind == "delivered" && fact.data["key"] == "card:CHG-1001");
        card.unwrap().data["ts"].as_str().unwrap().to_owned()
    }

    /// The words that a commitment on record stands for.
    pub(crate) fn words_of(&self, commitment: &Value) -> String {
        let commitment = commitment.as_str().unwrap();
        self.text(&format!(
            "SELECT body FROM text WHERE hex(commitment) = upper('{commitment}')"
        ))
    }
}

/// The address that Slack gives a message of the incident's channel.
fn permalink(ts: &str) -> String {
    format!(
        "https://northwind.slack.com/archives/C0INCAUTH1/p{}",
        ts.replace('.', "")
    )
}

/// The instant that a timestamp of Slack's states, as it stands in the log.
fn instant(ts: &str) -> chrono::DateTime<chrono::Utc> {
    let (seconds, micros) = ts.split_once('.').unwrap();
    let micros = seconds.parse::<i64>().unwrap() * 1_000_000 + micros.parse::<i64>().unwrap();
    chrono::DateTime::from_timestamp_micros(micros).unwrap()
}

/// Checks that the guide's pair stands on record as it was said.
fn the_pair_is_on_record(world: &World, asked_ts: &str, answered_ts: &str) {
    let asked = world.fact("requested");
    assert_eq!(asked.actor, "user:U0DANA0001");
    assert_eq!(asked.at, instant(asked_ts));
    assert_eq!(asked.data["said"]["ts"], asked_ts);
    assert_eq!(asked.data["said"]["permalink"], permalink(asked_ts));
    assert_eq!(world.words_of(&asked.data["verbatim"]), QUESTION);
    assert_eq!(
        world.words_of(&asked.data["what"]),
        "deploying WAF rule to block SQL injection"
    );

    let answered = world.fact("authorized");
    assert_eq!(answered.actor, "user:U0MORGAN01");
    assert_eq!(answered.at, instant(answered_ts));
    assert_eq!(answered.data["method"], "message");
    assert_eq!(answered.data["strength"], "direct");
    let evidence = &answered.data["evidence"]["of"];
    assert_eq!(evidence["message"]["ts"], answered_ts);
    assert_eq!(evidence["message"]["permalink"], permalink(answered_ts));
    assert_eq!(world.words_of(&evidence["text"]), ANSWER);
    assert_eq!(world.stage(1001), "authorized");
}

#[tokio::test]
async fn the_guides_two_lines_become_a_record_by_the_shortcut_on_the_answer() {
    let mut world = World::new().await;
    let asked = world.say("dana", CHANNEL, QUESTION).await;
    world.go(minutes(1)).await;
    let answered = world.say("morgan", CHANNEL, ANSWER).await;
    world.skip();
    world.shortcut("riley", CHANNEL, &answered).await;
    world.send_in("riley", &[]).await;
    the_pair_is_on_record(&world, &asked, &answered);
    assert_eq!(world.fact("requested").data["captured"]["by"], "U0RILEY001");
    world.heard(CHANNEL, &["CHG-1001, authorized", "Authorized by @morgan"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn the_guides_two_lines_become_a_record_by_the_shortcut_on_the_question() {
    let mut world = World::new().await;
    let asked = world.say("dana", CHANNEL, QUESTION).await;
    let answered = world.say("morgan", CHANNEL, ANSWER).await;
    world.skip();
    world.shortcut("dana", CHANNEL, &asked).await;
    world.send_in("dana", &[]).await;
    the_pair_is_on_record(&world, &asked, &answered);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn the_guides_two_lines_become_a_record_by_the_quiet_offer() {
    let mut world = World::new().await;
    let asked = world.say("dana", CHANNEL, QUESTION).await;
    world.heard(CHANNEL, &[]);
    let answered = world.say("morgan", CHANNEL, ANSWER).await;
    // The offer is the asker's alone, and nothing is on record before they say so.
    world.heard("dana, aside", &["approved. Deploy."]);
    world.heard(CHANNEL, &[]);
    assert_eq!(world.deeds(), [""; 0]);
    world.press("dana", CHANNEL, "take_offer").await;
    the_pair_is_on_record(&world, &asked, &answered);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_pair_in_a_thread_is_found_there() {
    let mut world = World::new().await;
    let start = world
        .say("priya", CHANNEL, "SQL injection attempts on auth-api")
        .await;
    let asked = world.say_in_thread("dana", CHANNEL, &start, QUESTION).await;
    world
        .say("sam", CHANNEL, "Is the status page up to date?")
        .await;
    let answered = world.say_in_thread("morgan", CHANNEL, &start, ANSWER).await;
    world.skip();
    world.shortcut("dana", CHANNEL, &answered).await;
    world.send_in("dana", &[]).await;
    let authorized = world.fact("authorized");
    assert_eq!(
        authorized.data["evidence"]["of"]["message"]["thread"],
        start
    );
    assert_eq!(world.fact("requested").data["said"]["ts"], asked);
    world.skip();
    world.end().await;
}

/// Goes one way, and returns what is on record of the request and its answer.
async fn gone(way: &str) -> (Vec<String>, Fact, Fact) {
    let mut world = World::new().await;
    match way {
        "command and button" => {
            world.slash("dana", COMMAND).await;
            world.press("morgan", CHANNEL, "authorize").await;
        }
        "form and button" => {
            world.slash("dana", "").await;
            let what = json!("Deploy WAF rule to block SQL injection");
            let values = [("what", what), ("whom", json!("U0MORGAN01"))];
            world.send_in("dana", &values).await;
            world.press("morgan", CHANNEL, "authorize").await;
        }
        "shortcut" => {
            world.say("dana", CHANNEL, TO_MORGAN).await;
            let answered = world.say("morgan", CHANNEL, "approved. Deploy.").await;
            world.shortcut("dana", CHANNEL, &answered).await;
            world.send_in("dana", &[]).await;
        }
        "emoji on the card" => {
            world.slash("dana", COMMAND).await;
            let card = world.card_ts();
            world
                .react("morgan", CHANNEL, &card, "white_check_mark")
                .await;
        }
        "emoji on the request" => {
            let asked = world.say("dana", CHANNEL, TO_MORGAN).await;
            world
                .react("morgan", CHANNEL, &asked, "white_check_mark")
                .await;
        }
        "mention and button" => {
            let words = "@breakglass Deploy WAF rule to block SQL injection @morgan";
            world.say("dana", CHANNEL, words).await;
            world.press("morgan", CHANNEL, "authorize").await;
        }
        "mention in a thread" => {
            let start = world
                .say("priya", CHANNEL, "SQL injection on auth-api")
                .await;
            let words = "@breakglass Deploy WAF rule to block SQL injection @morgan";
            world.say_in_thread("dana", CHANNEL, &start, words).await;
            world.press("morgan", CHANNEL, "authorize").await;
        }
        "answer in the card's thread" => {
            world.slash("dana", COMMAND).await;
            let card = world.card_ts();
            world
                .say_in_thread("morgan", CHANNEL, &card, "approved. Deploy.")
                .await;
        }
        "next words of the one asked" => {
            world.slash("dana", COMMAND).await;
            world.say("morgan", CHANNEL, "approved. Deploy.").await;
        }
        "quiet offer" => {
            world.say("dana", CHANNEL, TO_MORGAN).await;
            world.say("morgan", CHANNEL, "approved. Deploy.").await;
            world.press("dana", CHANNEL, "take_offer").await;
        }
        "after the fact" => {
            world.say("dana", CHANNEL, TO_MORGAN).await;
            let answered = world.say("morgan", CHANNEL, "approved. Deploy.").await;
            world.go(minutes(30)).await;
            world.shortcut("dana", CHANNEL, &answered).await;
            world
                .send_in("dana", &[("when", json!("20 min ago"))])
                .await;
        }
        "word of mouth" => {
            world.slash("dana", COMMAND).await;
            world.choose("dana", CHANNEL, "more", "attest/1001").await;
            world
                .send_in("dana", &[("whom", json!("U0MORGAN01"))])
                .await;
        }
        other => panic!("no way is called {other}"),
    }
    let (deeds, asked, answered) = (
        world.deeds(),
        world.fact("requested"),
        world.fact("authorized"),
    );
    world.skip();
    world.end().await;
    (deeds, asked, answered)
}

#[tokio::test]
async fn every_way_leaves_the_same_record_but_for_method_and_strength() {
    // Way, method, strength, and what it adds to the request and its answer.
    let table = [
        ("command and button", "button", "direct", &[][..]),
        ("form and button", "button", "direct", &[]),
        ("shortcut", "message", "direct", &[]),
        ("emoji on the card", "reaction", "direct", &[]),
        ("emoji on the request", "reaction", "direct", &[]),
        ("mention and button", "button", "direct", &[]),
        ("mention in a thread", "button", "direct", &[]),
        ("answer in the card's thread", "message", "direct", &[]),
        ("next words of the one asked", "message", "direct", &[]),
        ("quiet offer", "message", "direct", &[]),
        ("after the fact", "message", "direct", &["deployed"]),
        ("word of mouth", "spoken", "attested", &[]),
    ];
    for (way, method, strength, more) in table {
        let (deeds, asked, answered) = gone(way).await;
        let expected: Vec<_> = ["requested", "authorized"].iter().chain(more).collect();
        assert_eq!(deeds.iter().collect::<Vec<_>>(), expected, "{way}");
        assert_eq!(asked.actor, "user:U0DANA0001", "{way}");
        assert_eq!(asked.data["asked"], json!(["user:U0MORGAN01"]), "{way}");
        assert_eq!(asked.data["place"]["channel"], "C0INCAUTH1", "{way}");
        assert_eq!(answered.data["by"], "U0MORGAN01", "{way}");
        assert_eq!(answered.data["ground"], "policy", "{way}");
        assert_eq!(answered.data["method"], method, "{way}");
        assert_eq!(answered.data["strength"], strength, "{way}");
        let said_so = if strength == "attested" {
            "user:U0DANA0001"
        } else {
            "user:U0MORGAN01"
        };
        assert_eq!(answered.actor, said_so, "{way}");
        assert!(answered.at >= asked.at, "{way}");
    }
}

#[tokio::test]
async fn one_line_and_one_tap_are_enough() {
    let mut world = World::new().await;
    world.slash("dana", COMMAND).await;
    world.press("morgan", CHANNEL, "authorize").await;
    assert_eq!(world.deeds(), ["requested", "authorized"]);
    let ways = world.calls("chat.postMessage").await;
    for call in ways {
        // A notification shows the text; a phone shows its beginning.
        let text = call["arguments"]["text"].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{call}");
    }
    world.skip();
    world.end().await;
}
