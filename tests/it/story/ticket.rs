//! The ticket: written in sittings, approved as it reads, or rejected.

use serde_json::json;

use super::{SECTIONS, deployed, documented, hours, minutes};
use crate::world::{CHANNEL, World};

#[tokio::test]
async fn the_ticket_is_written_in_as_many_sittings_as_it_takes() {
    let mut world = deployed().await;
    for section in SECTIONS {
        world.document("dana", "@breakglass", &[section]).await;
    }
    // The incident link and when it began were known, and the risk follows from the
    // category.
    assert_eq!(world.n_facts("field_written"), SECTIONS.len() + 3);
    assert_eq!(world.n_facts("documented"), 1);
    assert_eq!(world.stage(1001), "documented");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn what_nobody_touched_is_not_written_anew() {
    let mut world = deployed().await;
    let [first, second, ..] = SECTIONS;
    world.document("dana", CHANNEL, &[first]).await;
    // The form shows the first section again, and it is sent back as it was.
    world.document("dana", CHANNEL, &[second]).await;
    let written: Vec<_> = world
        .facts()
        .into_iter()
        .filter(|fact| fact.kind == "field_written")
        .map(|fact| fact.data["field"].clone())
        .collect();
    let expected = ["incident_link", "incident_began_at", first.0, second.0];
    assert_eq!(written, expected);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn two_who_write_at_once_keep_both_their_words() {
    let mut world = deployed().await;
    let [first, second, ..] = SECTIONS;
    world.tap("dana", CHANNEL, "document").await;
    world.hand.modal("dana").await.unwrap();
    world.tap("riley", CHANNEL, "document").await;
    world.hand.modal("riley").await.unwrap();
    world
        .send_in("dana", &[("section:what_was_done", json!(first.1))])
        .await;
    world
        .send_in("riley", &[("section:testing", json!(second.1))])
        .await;
    let written: Vec<_> = world
        .facts()
        .into_iter()
        .filter(|fact| fact.kind == "field_written")
        .map(|fact| (fact.actor, fact.data["field"].clone()))
        // What the form proposed is saved beside it.
        .filter(|(_, field)| field != "incident_link" && field != "incident_began_at")
        .collect();
    assert_eq!(
        written,
        [
            ("user:U0DANA0001".to_owned(), json!("what_was_done")),
            ("user:U0RILEY001".to_owned(), json!("testing")),
        ]
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_form_with_a_fault_stays_open_with_what_was_typed() {
    let mut world = documented().await;
    world.tap("morgan", "@breakglass", "reject").await;
    let kept = world.submit("morgan", &[("reason", json!("   "))]).await;
    assert_eq!(kept["outcome"], "errors", "{kept}");
    assert!(world.hand.modal("morgan").await.is_ok());
    assert_eq!(world.stage(1001), "documented");
    world
        .send_in("morgan", &[("reason", json!("No rollback was rehearsed."))])
        .await;
    assert_eq!(world.stage(1001), "rejected");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn approval_closes_a_change_to_which_nothing_more_is_owed() {
    let mut world = documented().await;
    world.approve("morgan", "@breakglass").await;
    assert_eq!(world.stage(1001), "closed");
    let approved = world.fact("approved");
    assert_eq!(approved.actor, "user:U0MORGAN01");
    world.heard("dana", &["@morgan approved it in retrospect"]);
    world.read("morgan");
    world.heard(CHANNEL, &["Closed", "Approved in retrospect", "Closed"]);
    world.end().await;
}

#[tokio::test]
async fn an_approval_of_what_has_changed_since_is_refused() {
    let mut world = documented().await;
    world.tap("morgan", "@breakglass", "approve").await;
    world.hand.modal("morgan").await.unwrap();
    world
        .document("dana", CHANNEL, &[("outcome", "Attack blocked at 02:21.")])
        .await;
    world.skip();
    world
        .send_in("morgan", &[("genuine", json!("genuine"))])
        .await;
    assert_eq!(world.n_facts("approved"), 0);
    world.heard(
        "morgan, aside",
        &["CHG-1001 was edited after this message was shown"],
    );
    // The message shows the newest by now.
    world.approve("morgan", "@breakglass").await;
    assert_eq!(world.n_facts("approved"), 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn the_implementer_can_not_approve() {
    let mut world = documented().await;
    let seen = "0".repeat(64);
    world
        .deliver_press("dana", "approve", &format!("1001:{seen}"))
        .await;
    world.settle().await;
    assert_eq!(world.n_facts("approved"), 0);
    world.heard("dana, aside", &["somebody else has to approve it"]);
    world.end().await;
}

#[tokio::test]
async fn nothing_is_approved_while_something_is_missing() {
    let mut world = deployed().await;
    world
        .deliver_press("morgan", "approve", &format!("1001:{}", "0".repeat(64)))
        .await;
    world.settle().await;
    assert_eq!(world.n_facts("approved"), 0);
    world.heard(
        "morgan, aside",
        &["can't be approved yet. Still missing: category, incident link, what was done"],
    );
    world.end().await;
}

/// Going ahead without authorization leaves something to answer, so that an
/// approval doesn't close the change.
async fn approved_with_an_exception() -> World {
    let mut world = World::new().await;
    world.slash("dana", "Deploy WAF rule @morgan").await;
    world
        .press("dana", CHANNEL, "criterion:production_down")
        .await;
    world.go(minutes(7)).await;
    world.press("dana", CHANNEL, "go_ahead").await;
    world.press("dana", CHANNEL, "deployed").await;
    world.press("riley", CHANNEL, "take_command").await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.document("dana", CHANNEL, &SECTIONS).await;
    world.go(hours(8)).await;
    world.approve("morgan", "@breakglass").await;
    assert_eq!(world.stage(1001), "approved");
    world.skip();
    world
}

#[tokio::test]
async fn an_edit_takes_the_approval_back() {
    let mut world = approved_with_an_exception().await;
    world.slash("dana", "document CHG-1001").await;
    world
        .send_in(
            "dana",
            &[("section:outcome", json!("Two customers were hit."))],
        )
        .await;
    assert_eq!(world.stage(1001), "documented");
    assert_eq!(world.fact("approval_taken_back").data["field"], "outcome");
    world.skip();
    world.approve("morgan", "@breakglass").await;
    assert_eq!(world.stage(1001), "approved");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn an_answered_exception_closes_an_approved_change() {
    let mut world = approved_with_an_exception().await;
    answer_exceptions(&mut world).await;
    assert_eq!(world.stage(1001), "closed");
    world.skip();
    world.go(hours(24 * 30)).await;
    // Of a closed change people hear only what closing didn't wait for.
    let news = world.read_all();
    let later = ["whether it was genuine", "team meeting"];
    assert!(
        news.iter()
            .all(|one| later.iter().any(|duty| one.words.contains(duty))),
        "{news:#?}"
    );
    world.end().await;
}

async fn answer_exceptions(world: &mut World) {
    world
        .tap("morgan", "@breakglass", "answer_exceptions")
        .await;
    world
        .send_in(
            "morgan",
            &[
                ("cause", json!("Nobody with authority was on call.")),
                ("remedy", json!("An approver joins the rota.")),
                ("owner", json!("U0MORGAN01")),
            ],
        )
        .await;
}

#[tokio::test]
async fn a_rejected_change_is_closed_once_it_is_put_right_and_its_exceptions_answered() {
    let mut world = documented().await;
    world.go(hours(8)).await;
    world.skip();
    world.tap("morgan", "@breakglass", "reject").await;
    world
        .send_in("morgan", &[("reason", json!("No rollback was rehearsed."))])
        .await;
    assert_eq!(world.stage(1001), "rejected");
    let told = world.read("dana");
    assert!(
        told.iter()
            .any(|one| one.words.contains("No rollback was rehearsed.")),
        "{told:#?}"
    );
    world.tap("dana", "@breakglass", "remediate").await;
    world
        .send_in("dana", &[("how", json!("Rehearsed on Monday; took 20 s."))])
        .await;
    assert_eq!(world.stage(1001), "rejected");
    answer_exceptions(&mut world).await;
    assert_eq!(world.stage(1001), "closed");
    world.skip();
    world.end().await;
}
