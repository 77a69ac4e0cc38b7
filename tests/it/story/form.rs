//! The ticket as people fill it in: little to type, nothing lost, and nothing
//! vague that closes quietly.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{SECTIONS, deployed, documented};
use crate::world::{CHANNEL, World};

/// The names of the inputs of the form that somebody has open.
async fn inputs(world: &World, who: &str) -> BTreeSet<String> {
    let form = world.hand.modal(who).await.unwrap();
    form["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|block| block["type"] == "input")
        .map(|block| block["block_id"].as_str().unwrap().to_owned())
        .collect()
}

/// Every field that was written, with why it is vague, if it is.
fn written(world: &World) -> Vec<(String, Value)> {
    world
        .facts()
        .into_iter()
        .filter(|fact| fact.kind == "field_written")
        .map(|fact| {
            let field = fact.data["field"].as_str().unwrap().to_owned();
            (field, fact.data["vague"].clone())
        })
        .collect()
}

fn filled(fields: &[(&str, &str)]) -> Vec<(String, Value)> {
    fields
        .iter()
        .map(|(field, words)| (format!("section:{field}"), json!(words)))
        .collect()
}

async fn send(world: &mut World, who: &str, fields: &[(&str, &str)]) {
    let values = filled(fields);
    let values: Vec<_> = values
        .iter()
        .map(|(block, value)| (block.as_str(), value.clone()))
        .collect();
    world.send_in(who, &values).await;
}

#[tokio::test]
async fn a_plain_hotfix_closes_with_five_things_typed_and_two_forms() {
    let mut world = deployed().await;
    world.document("dana", CHANNEL, &SECTIONS).await;
    let n_typed = SECTIONS
        .iter()
        .filter(|(_, words)| words.contains(' '))
        .count();
    assert_eq!(n_typed, 5);
    world.approve("morgan", "@breakglass").await;
    assert_eq!(world.stage(1001), "closed");
    let opened = world.calls("views.open").await.len() + world.calls("views.push").await.len();
    assert_eq!(opened, 2);
    assert!(written(&world).iter().all(|(_, vague)| vague.is_null()));
    assert_eq!(world.fact("approved").data["despite"], json!([]));
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_security_incident_with_a_workaround_is_asked_for_exactly_what_it_owes_more() {
    let mut world = deployed().await;
    world.tap("dana", CHANNEL, "document").await;
    let plain = inputs(&world, "dana").await;
    let mut fields = SECTIONS;
    for (name, chosen) in &mut fields {
        match *name {
            "category" => *chosen = "security",
            "permanence" => *chosen = "workaround",
            _ => {}
        }
    }
    send(&mut world, "dana", &fields).await;
    world.heard(
        "dana, aside",
        &["Still missing: security impact in words, the permanent fix and 2 choices (most sensitive data touched and who makes the permanent fix)"],
    );
    assert_eq!(world.n_facts("documented"), 0);
    world.tap("dana", CHANNEL, "document").await;
    let more: Vec<String> = inputs(&world, "dana")
        .await
        .difference(&plain)
        .cloned()
        .collect();
    assert_eq!(
        more,
        [
            "section:data_scope",
            "section:permanent_fix",
            "section:permanent_fix_owner",
            "section:security_impact_words",
        ]
    );
    let fix = "Parametrise the login query of auth-api";
    let values = [
        ("section:data_scope", json!("customer")),
        (
            "section:security_impact_words",
            json!("The rule reads requests and opens nothing."),
        ),
        ("section:permanent_fix", json!(fix)),
        ("section:permanent_fix_owner", json!("U0DANA0001")),
    ];
    world.send_in("dana", &values).await;
    world.approve("morgan", "@breakglass").await;
    // The security group has its say before it closes; the fix outlives that.
    assert_eq!(world.stage(1001), "approved");
    world.tap("priya", CHANNEL, "review:security").await;
    world.send_in("priya", &[]).await;
    assert_eq!(world.stage(1001), "closed");
    assert_eq!(world.fact("reviewed").actor, "user:U0PRIYA001");
    assert_eq!(world.n_facts("permanent_fix_made"), 0);
    world.tap("dana", "@breakglass", "permanent_fix").await;
    world
        .send_in("dana", &[("how", json!("Merged as #4711 through review"))])
        .await;
    assert_eq!(world.n_facts("permanent_fix_made"), 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn five_times_ok_closes_nothing_quietly() {
    let mut world = deployed().await;
    let mut fields = SECTIONS;
    for (_, words) in fields.iter_mut().filter(|(_, words)| words.contains(' ')) {
        *words = "ok";
    }
    world.document("dana", CHANNEL, &fields).await;
    let marked = written(&world)
        .into_iter()
        .filter(|(_, vague)| !vague.is_null())
        .count();
    assert_eq!(marked, 5);
    world.heard("dana, aside", &["says nothing about this change"]);
    let told = world.read("morgan");
    assert!(
        told.iter()
            .any(|one| one.words.contains("says nothing about this change")),
        "{told:#?}"
    );
    // The approver sees it once more in the form that asks them.
    world.tap("morgan", "@breakglass", "approve").await;
    let form = world.hand.modal("morgan").await.unwrap().to_string();
    assert!(form.contains("Says too little"), "{form}");
    world
        .send_in("morgan", &[("genuine", json!("genuine"))])
        .await;
    let despite = world.fact("approved").data["despite"].clone();
    assert_eq!(despite.as_array().unwrap().len(), 5, "{despite}");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn who_saves_over_another_is_told_and_both_texts_stay() {
    let mut world = deployed().await;
    for who in ["dana", "riley"] {
        world.tap(who, CHANNEL, "document").await;
        world.hand.modal(who).await.unwrap();
    }
    let (first, second) = (
        "Blocked at 02:20 by rule 4711",
        "All 40 samples are blocked",
    );
    send(&mut world, "dana", &[("outcome", first)]).await;
    send(&mut world, "riley", &[("outcome", second)]).await;
    world.heard("riley", &["Somebody else had saved “outcome”"]);
    world.slash("sam", "status CHG-1001").await;
    let status = world.read("sam, aside").pop().unwrap().words;
    assert!(
        status.contains(first) && status.contains(second),
        "{status}"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn what_can_not_be_right_is_said_beside_its_input_and_nothing_is_lost() {
    let mut world = deployed().await;
    world.tap("dana", CHANNEL, "document").await;
    let outcome = "Attack blocked at 02:20; no data exposed";
    let kept = world
        .submit(
            "dana",
            &[
                ("section:outcome", json!(outcome)),
                ("section:incident_link", json!("see https://a.example/1")),
            ],
        )
        .await;
    assert_eq!(kept["outcome"], "errors", "{kept}");
    let beside: Vec<_> = kept["errors"].as_object().unwrap().keys().collect();
    assert_eq!(beside, ["section:incident_link"]);
    world
        .send_in(
            "dana",
            &[("section:incident_link", json!("https://a.example/1"))],
        )
        .await;
    let fields: Vec<String> = written(&world)
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(fields, ["incident_link", "incident_began_at", "outcome"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn more_fields_open_on_top_of_what_is_being_typed() {
    let mut world = deployed().await;
    world.tap("dana", CHANNEL, "document").await;
    world.hand.modal("dana").await.unwrap();
    let more = json!({"as": "dana", "action_id": "more_fields"});
    world.hand.act("click", more).await.unwrap();
    world.settle().await;
    send(
        &mut world,
        "dana",
        &[("customer_impact", "Logins failed for two minutes")],
    )
    .await;
    // The form below is still there.
    send(
        &mut world,
        "dana",
        &[("outcome", "Attack blocked at 02:20")],
    )
    .await;
    let fields: Vec<String> = written(&world)
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    let expected = [
        "customer_impact",
        "incident_link",
        "incident_began_at",
        "outcome",
    ];
    assert_eq!(fields, expected);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn when_the_incident_began_is_proposed_from_the_card_and_put_right_by_hand() {
    let mut world = deployed().await;
    let requested_at = world.fact("requested").at;
    let began_at = |world: &World| -> i64 {
        let facts = world.facts();
        let mut written = facts.iter().rev();
        let last = written
            .find(|fact| fact.kind == "field_written" && fact.data["field"] == "incident_began_at")
            .unwrap();
        let at: chrono::DateTime<chrono::Utc> =
            last.data["value"]["of"].as_str().unwrap().parse().unwrap();
        at.timestamp()
    };
    world.tap("dana", CHANNEL, "document").await;
    let form = world.hand.modal("dana").await.unwrap().to_string();
    assert!(form.contains("This is when it was declared"), "{form}");
    send(
        &mut world,
        "dana",
        &[("outcome", "Attack blocked at 02:20")],
    )
    .await;
    assert_eq!(began_at(&world), requested_at.timestamp());
    // Somebody knows better.
    let earlier = requested_at.timestamp() - 3600;
    world.tap("dana", CHANNEL, "document").await;
    world
        .send_in("dana", &[("section:incident_began_at", json!(earlier))])
        .await;
    assert_eq!(began_at(&world), earlier);
    world.skip();
    world.slash("sam", "status CHG-1001").await;
    let status = world.read("sam, aside").pop().unwrap().words;
    assert!(status.contains("before the deployment"), "{status}");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_no_to_genuine_says_why_and_stays_beside_the_approval() {
    let mut world = documented().await;
    world.tap("morgan", "@breakglass", "approve").await;
    let kept = world
        .submit("morgan", &[("genuine", json!("not_genuine"))])
        .await;
    assert!(kept["errors"]["genuine_words"].is_string(), "{kept}");
    let why = "It could have waited until Monday";
    world
        .send_in("morgan", &[("genuine_words", json!(why))])
        .await;
    assert_eq!(world.fact("approved").data["genuine"]["is_genuine"], false);
    assert_eq!(
        world.fact("exception_recorded").data["exception"],
        "not_genuine"
    );
    world.slash("sam", "status CHG-1001").await;
    let status = world.read("sam, aside").pop().unwrap().words;
    assert!(status.contains(why), "{status}");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_risk_is_accepted_by_somebody_who_did_not_take_it() {
    let mut world = documented().await;
    world.tap("morgan", "@breakglass", "reject").await;
    let refusal = [
        ("reason", json!("The rule also blocks partners.")),
        ("way", json!("accept_risk")),
        ("genuine", json!("genuine")),
    ];
    let kept = world.submit("morgan", &refusal).await;
    assert!(kept["errors"]["owner"].is_string(), "{kept}");
    world
        .send_in("morgan", &[("owner", json!("U0SAM00001"))])
        .await;
    let rejected = world.fact("rejected").data;
    assert_eq!(rejected["remedy"], "accept_risk");
    assert_eq!(rejected["owner"], "U0SAM00001");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_follow_up_is_written_down_in_the_ticket_and_done_from_its_reminder() {
    let mut world = documented().await;
    world.tap("dana", CHANNEL, "document").await;
    world.hand.modal("dana").await.unwrap();
    let add = json!({"as": "dana", "action_id": "add_follow_up"});
    world.hand.act("click", add).await.unwrap();
    world.settle().await;
    let what = "Put the rule under version control";
    let values = [("what", json!(what)), ("owner", json!("U0RILEY001"))];
    world.send_in("dana", &values).await;
    assert_eq!(world.fact("follow_up_added").data["owner"], "U0RILEY001");
    let close = json!({"as": "dana", "all": true});
    world.hand.act("close", close).await.unwrap();
    world.go(super::hours(24 * 8)).await;
    world.tap("riley", "@breakglass", "finish_follow_up").await;
    world.send_in("riley", &[]).await;
    assert_eq!(world.n_facts("follow_up_done"), 1);
    world.skip();
    world.end().await;
}
