//! Modals and Home: opening, filling in, submitting, and every answer that an app may give.

use serde_json::{Value, json};

use super::bench::{Bench, DANA, INCIDENT, Socket, bench, buttons, modal};

/// Dana's modal, opened by the app from a click; with the socket that hears what becomes of it.
async fn opened() -> (Bench, Socket, Value) {
    let bench = bench().await;
    let mut socket = bench.socket().await;
    let trigger = trigger(&bench, &mut socket).await;
    let view = bench
        .done(
            "views.open",
            json!({"trigger_id": trigger, "view": modal()}),
        )
        .await["view"]
        .clone();
    (bench, socket, view)
}

/// A fresh trigger of Dana's.
async fn trigger(bench: &Bench, socket: &mut Socket) -> Value {
    let typed = json!({"as": "dana", "channel": INCIDENT, "command": "/emergency"});
    let (_, envelope) = tokio::join!(bench.control("slash", typed), socket.take());
    envelope["payload"]["trigger_id"].clone()
}

/// Submits as Dana, the app answering `answer`.
async fn submitted(
    bench: &Bench,
    socket: &mut Socket,
    words: &str,
    answer: Option<Value>,
) -> (Value, Value) {
    let values = json!({"testing": {"words": words}});
    tokio::join!(
        bench.control("submit", json!({"as": "dana", "values": values})),
        async {
            let envelope = socket.frame().await;
            socket.acknowledge(&envelope, answer).await;
            envelope["payload"].clone()
        }
    )
}

#[tokio::test]
async fn what_was_typed_reaches_the_app_and_the_modal_closes() {
    let (bench, mut socket, view) = opened().await;
    let (outcome, payload) = submitted(&bench, &mut socket, "in staging", None).await;
    assert_eq!(outcome["outcome"], "closed");
    assert_eq!(payload["type"], "view_submission");
    assert_eq!(payload["view"]["id"], view["id"]);
    assert_eq!(
        payload["view"]["state"]["values"],
        json!({"testing": {"words": {"type": "plain_text_input", "value": "in staging"}}})
    );
    assert_eq!(bench.look("views?as=dana").await["views"], json!([]));
}

#[tokio::test]
async fn the_client_keeps_back_what_is_missing_or_too_short() {
    let (bench, _socket, _) = opened().await;
    for (words, error) in [
        ("", "required"),
        ("ab", "at least 3"),
        ("123456789012345678901", "at most 20"),
    ] {
        let values = json!({"testing": {"words": words}});
        let outcome = bench
            .control("submit", json!({"as": "dana", "values": values}))
            .await;
        assert_eq!(
            (&outcome["outcome"], &outcome["by"]),
            (&json!("errors"), &json!("client"))
        );
        assert!(
            outcome["errors"]["testing"]
                .as_str()
                .unwrap()
                .contains(error),
            "{outcome}"
        );
    }
    let deliveries = bench.look("deliveries").await;
    assert_eq!(
        deliveries["deliveries"].as_array().unwrap().len(),
        1,
        "only the command was delivered"
    );
}

#[tokio::test]
async fn errors_leave_the_modal_open_with_what_was_typed() {
    let (bench, mut socket, _) = opened().await;
    let answer = json!({"response_action": "errors", "errors": {"testing": "Say where."}});
    let (outcome, _) = submitted(&bench, &mut socket, "tested", Some(answer)).await;
    assert_eq!(outcome["outcome"], "errors");
    assert_eq!(outcome["errors"]["testing"], "Say where.");
    let views = bench.look("views?as=dana").await;
    assert_eq!(
        views["views"][0]["state"]["values"]["testing"]["words"]["value"],
        "tested"
    );
}

#[tokio::test]
async fn errors_that_name_no_input_are_trouble() {
    let (bench, mut socket, _) = opened().await;
    for errors in [json!({"nowhere": "x"}), json!({}), Value::Null] {
        let answer = json!({"response_action": "errors", "errors": errors});
        let (outcome, _) = submitted(&bench, &mut socket, "tested", Some(answer)).await;
        assert_eq!(outcome["outcome"], "trouble", "{outcome}");
    }
}

#[tokio::test]
async fn an_update_redraws_and_a_push_stacks_and_clear_closes_all() {
    let (bench, mut socket, view) = opened().await;
    let mut second = modal();
    second["title"]["text"] = "Second".into();
    let update = json!({"response_action": "update", "view": second});
    let (outcome, _) = submitted(&bench, &mut socket, "tested", Some(update)).await;
    assert_eq!(outcome["outcome"], "updated");
    let views = bench.look("views?as=dana").await;
    assert_eq!(views["views"][0]["title"]["text"], "Second");
    assert_eq!(views["views"][0]["id"], view["id"]);
    assert_eq!(
        views["views"][0]["state"]["values"]["testing"]["words"]["value"],
        "tested"
    );

    let push = json!({"response_action": "push", "view": modal()});
    let (outcome, _) = submitted(&bench, &mut socket, "tested", Some(push.clone())).await;
    assert_eq!(outcome["outcome"], "pushed");
    assert_eq!(outcome["view"]["root_view_id"], view["id"]);
    let (outcome, _) = submitted(&bench, &mut socket, "tested", Some(push.clone())).await;
    assert_eq!(outcome["outcome"], "pushed");
    let (outcome, _) = submitted(&bench, &mut socket, "tested", Some(push)).await;
    assert_eq!(outcome["error"], "push_limit_reached");
    let (outcome, _) = submitted(
        &bench,
        &mut socket,
        "tested",
        Some(json!({"response_action": "clear"})),
    )
    .await;
    assert_eq!(outcome["outcome"], "closed");
    assert_eq!(bench.look("views?as=dana").await["views"], json!([]));
}

#[tokio::test]
async fn a_submission_that_nobody_takes_leaves_the_modal_open() {
    let (bench, _socket, _) = opened().await;
    bench.control("app", json!({"patience_ms": 20})).await;
    let values = json!({"testing": {"words": "tested"}});
    let outcome = bench
        .control("submit", json!({"as": "dana", "values": values}))
        .await;
    assert_eq!(
        (&outcome["outcome"], &outcome["status"]),
        (&json!("timeout"), &json!("operation_timeout"))
    );
    assert_eq!(
        bench.look("views?as=dana").await["views"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_trigger_opens_one_modal_and_only_in_time() {
    let bench = bench().await;
    let mut socket = bench.socket().await;
    let fresh = trigger(&bench, &mut socket).await;
    // A malformed view does not spend the trigger.
    let malformed = json!({"trigger_id": fresh, "view": {"type": "modal"}});
    assert_eq!(
        bench.error("views.open", malformed).await,
        "invalid_arguments"
    );
    bench
        .done("views.open", json!({"trigger_id": fresh, "view": modal()}))
        .await;
    let again = json!({"trigger_id": fresh, "view": modal()});
    assert_eq!(
        bench.error("views.open", again).await,
        "exchanged_trigger_id"
    );
    let invented = json!({"trigger_id": "1.2.3", "view": modal()});
    assert_eq!(
        bench.error("views.open", invented).await,
        "invalid_trigger_id"
    );
    bench.control("app", json!({"trigger_life_ms": 0})).await;
    let late = trigger(&bench, &mut socket).await;
    let late = json!({"trigger_id": late, "view": modal()});
    assert_eq!(bench.error("views.open", late).await, "expired_trigger_id");
}

#[tokio::test]
async fn a_view_is_updated_only_from_the_hash_it_stands_at() {
    let (bench, _socket, view) = opened().await;
    let update = |hash: &Value| json!({"view_id": view["id"], "hash": hash, "view": modal()});
    let redrawn = bench.done("views.update", update(&view["hash"])).await;
    assert_ne!(redrawn["view"]["hash"], view["hash"]);
    assert_eq!(
        bench.error("views.update", update(&view["hash"])).await,
        "hash_conflict"
    );
    let unknown = json!({"view_id": "V0NOWHERE", "view": modal()});
    assert_eq!(bench.error("views.update", unknown).await, "not_found");
}

#[tokio::test]
async fn external_ids_are_unique_and_views_have_a_size() {
    let bench = bench().await;
    let mut socket = bench.socket().await;
    let mut named = modal();
    named["external_id"] = "one".into();
    let trigger_id = trigger(&bench, &mut socket).await;
    bench
        .done(
            "views.open",
            json!({"trigger_id": trigger_id, "view": named}),
        )
        .await;
    let trigger_id = trigger(&bench, &mut socket).await;
    let twice = json!({"trigger_id": trigger_id, "view": named});
    assert_eq!(
        bench.error("views.open", twice).await,
        "duplicate_external_id"
    );
    bench
        .done(
            "views.update",
            json!({"external_id": "one", "view": modal()}),
        )
        .await;
    let mut huge = modal();
    huge["private_metadata"] = "x".repeat(250_001).into();
    let huge = json!({"trigger_id": trigger_id, "view": huge});
    assert_eq!(bench.error("views.open", huge).await, "view_too_large");
}

#[tokio::test]
async fn clicks_in_a_modal_carry_its_state_and_may_push() {
    let (bench, mut socket, view) = opened().await;
    let mut with_button = modal();
    let button = buttons(&["more"])[0].clone();
    with_button["blocks"].as_array_mut().unwrap().push(button);
    bench
        .done(
            "views.update",
            json!({"view_id": view["id"], "view": with_button}),
        )
        .await;
    let values = json!({"testing": {"words": "half"}});
    bench
        .control(
            "submit",
            json!({"as": "dana", "values": values, "only_fill": true}),
        )
        .await;
    let click = json!({"as": "dana", "action_id": "more"});
    let (_, envelope) = tokio::join!(bench.control("click_view", click), socket.take());
    let payload = &envelope["payload"];
    assert_eq!(
        payload["container"],
        json!({"type": "view", "view_id": view["id"]})
    );
    assert_eq!(
        payload["view"]["state"]["values"]["testing"]["words"]["value"],
        "half"
    );
    let pushed = bench
        .done(
            "views.push",
            json!({"trigger_id": payload["trigger_id"], "view": modal()}),
        )
        .await;
    assert_eq!(pushed["view"]["previous_view_id"], view["id"]);
}

#[tokio::test]
async fn closing_is_told_only_if_the_app_asked_for_it() {
    let (bench, mut socket, _) = opened().await;
    assert_eq!(
        bench.control("close", json!({"as": "dana"})).await["closed"],
        1
    );
    assert_eq!(
        bench.control("close", json!({"as": "dana"})).await["ok"],
        false
    );
    let mut telling = modal();
    telling["notify_on_close"] = true.into();
    let trigger_id = trigger(&bench, &mut socket).await;
    bench
        .done(
            "views.open",
            json!({"trigger_id": trigger_id, "view": telling}),
        )
        .await;
    let (_, envelope) = tokio::join!(bench.control("close", json!({"as": "dana"})), socket.take());
    assert_eq!(envelope["payload"]["type"], "view_closed");
}

#[tokio::test]
async fn a_home_tab_is_published_redrawn_and_clicked() {
    let bench = bench().await;
    let mut socket = bench.socket().await;
    let home = json!({"type": "home", "blocks": buttons(&["owe"])});
    let first = bench
        .done("views.publish", json!({"user_id": DANA, "view": home}))
        .await["view"]
        .clone();
    let second = bench
        .done(
            "views.publish",
            json!({"user_id": DANA, "view": home, "hash": first["hash"]}),
        )
        .await;
    assert_eq!(second["view"]["id"], first["id"]);
    let stale = json!({"user_id": DANA, "view": home, "hash": first["hash"]});
    assert_eq!(bench.error("views.publish", stale).await, "hash_conflict");
    let nobody = json!({"user_id": "U0NOBODY", "view": home});
    assert_eq!(bench.error("views.publish", nobody).await, "user_not_found");
    assert_eq!(
        bench.look("home_view?as=dana").await["view"]["usable"][0]["label"],
        "owe"
    );
    let click = json!({"as": "dana", "action_id": "owe"});
    let (_, envelope) = tokio::join!(bench.control("click_view", click), socket.take());
    assert_eq!(envelope["payload"]["view"]["type"], "home");
}
