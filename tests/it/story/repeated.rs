//! Slack delivers late, again, and in another order; the record is the same.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{hours, request};
use crate::world::{CHANNEL, Setting, World, berlin};

const QUESTION: &str = "@morgan deploying WAF rule to block SQL injection. Authorization?";

/// What is on record, without what is drawn anew each time: commitments, and
/// when it was put on record by whom's tap.
fn record(world: &World) -> Vec<(String, String, DateTime<Utc>, Value)> {
    let asides = [
        "delivered",
        "undelivered",
        "reminded",
        "asked_anew",
        "policy_adopted",
        "key_adopted",
        "checkpoint_shown",
    ];
    let mut facts = world.facts();
    facts.retain(|fact| !asides.contains(&fact.kind.as_str()));
    facts
        .into_iter()
        .map(|mut fact| {
            strip(&mut fact.data);
            (fact.kind, fact.actor, fact.at, fact.data)
        })
        .collect()
}

fn strip(value: &mut Value) {
    if let Value::Object(fields) = value {
        let is_link = fields.get("kind").is_some_and(|kind| kind == "links");
        fields.retain(|name, _| !(is_link && name == "of"));
        fields.retain(|name, _| !["what", "verbatim", "text", "captured"].contains(&&**name));
        fields.values_mut().for_each(strip);
    }
}

/// In which order what was held back comes, each how often.
#[derive(Clone, Copy)]
struct Trouble {
    name: &'static str,
    backwards: bool,
    times: usize,
    late: bool,
}

const TROUBLES: [Trouble; 5] = [
    Trouble {
        name: "as it was said",
        backwards: false,
        times: 1,
        late: false,
    },
    Trouble {
        name: "four times",
        backwards: false,
        times: 4,
        late: false,
    },
    Trouble {
        name: "backwards",
        backwards: true,
        times: 1,
        late: false,
    },
    Trouble {
        name: "an hour late",
        backwards: false,
        times: 1,
        late: true,
    },
    Trouble {
        name: "all of it",
        backwards: true,
        times: 4,
        late: true,
    },
];

/// What happens while the bot hears nothing.
async fn happen(world: &mut World, scene: &str) {
    let say = async |who: &str, words: &str| -> Value {
        let body = json!({"as": who, "channel": CHANNEL, "text": words});
        world.hand.act("say", body).await.unwrap()["ts"].clone()
    };
    match scene {
        "emoji" => {
            let ts = say("dana", QUESTION).await;
            let name = "white_check_mark";
            let body = json!({"as": "morgan", "channel": CHANNEL, "ts": ts, "name": name});
            world.hand.act("react", body).await.unwrap();
        }
        "offer" => {
            say("dana", QUESTION).await;
            say("morgan", "approved. Deploy.").await;
        }
        "answer" => {
            say("morgan", "approved. Deploy.").await;
            say("sam", "Status page is up.").await;
        }
        "mention" => {
            say("dana", "@breakglass Deploy WAF rule @morgan").await;
            say("morgan", "on my way").await;
        }
        other => panic!("no scene is called {other}"),
    }
}

async fn played(scene: &str, trouble: Trouble) -> Vec<(String, String, DateTime<Utc>, Value)> {
    let mut world = World::of(Setting {
        at: berlin("2026-03-14 10:14"),
        ..Setting::default()
    })
    .await;
    if scene == "answer" {
        request(&mut world).await;
    }
    let heard_before = world.hand.look("deliveries").await.unwrap()["deliveries"]
        .as_array()
        .map_or(0, Vec::len);
    world.stop().await;
    happen(&mut world, scene).await;
    if trouble.late {
        let later = world.now().await + hours(1);
        let body = json!({"jump_to": later});
        world.hand.act("clock/move", body).await.unwrap();
    }
    let all = world.hand.look("deliveries").await.unwrap()["deliveries"].clone();
    let mut missed: Vec<Value> = all.as_array().unwrap()[heard_before..]
        .iter()
        .map(|one| one["payload"].clone())
        .collect();
    assert!(missed.len() >= 2 || scene == "mention", "{all:#}");
    if trouble.backwards {
        missed.reverse();
    }
    world.start().await;
    for _ in 0..trouble.times {
        for payload in &missed {
            let body = json!({"kind": "events_api", "payload": payload});
            world.hand.act("deliver_raw", body).await.unwrap();
            world.settle().await;
        }
    }
    if scene == "offer" {
        world.press("dana", CHANNEL, "take_offer").await;
    }
    let record = record(&world);
    world.skip();
    world.end().await;
    record
}

#[tokio::test]
async fn however_slack_delivers_the_record_is_the_same() {
    for scene in ["emoji", "offer", "answer", "mention"] {
        let [first, others @ ..] = TROUBLES;
        let expected = played(scene, first).await;
        let kinds: Vec<_> = expected.iter().map(|(kind, ..)| kind.as_str()).collect();
        // What is known from the message that asks stands in the record at once; a
        // command is no message.
        let whole: &[&str] = match scene {
            "mention" => &["requested", "field_written", "field_written"],
            "answer" => &["requested", "authorized"],
            _ => &["requested", "field_written", "field_written", "authorized"],
        };
        assert_eq!(kinds, whole, "{scene}");
        for trouble in others {
            let found = played(scene, trouble).await;
            assert_eq!(found, expected, "{scene}, {}", trouble.name);
        }
    }
}
