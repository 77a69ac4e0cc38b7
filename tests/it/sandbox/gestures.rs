//! What people do in conversations, and what the app hears of it.

use serde_json::json;

use super::bench::{BOT, DANA, INCIDENT, MANIFEST, bench, bench_with, buttons};

#[tokio::test]
async fn what_a_person_says_reaches_the_app_as_an_event() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    let ts = bench
        .say(
            "dana",
            "#inc-auth-outage",
            "@morgan deploying WAF rule. Authorization?",
        )
        .await;
    let envelope = heard.recv().await.unwrap();
    assert_eq!(envelope["type"], "events_api");
    assert_eq!(envelope["accepts_response_payload"], false);
    let payload = &envelope["payload"];
    assert_eq!(payload["type"], "event_callback");
    assert_eq!(payload["authorizations"][0]["user_id"], BOT);
    let event = &payload["event"];
    assert_eq!(event["type"], "message");
    assert_eq!(event["channel"], INCIDENT);
    assert_eq!(event["channel_type"], "channel");
    assert_eq!(event["user"], DANA);
    assert_eq!(
        event["text"],
        "<@U0MORGAN01> deploying WAF rule. Authorization?"
    );
    assert_eq!(event["ts"], ts);
    assert_eq!(ts, "1795227240.000000");
}

#[tokio::test]
async fn the_app_hears_nothing_from_where_it_is_not() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    bench.say("dana", "#general", "not for the bot").await;
    bench.say("dana", "#inc-secret", "nor this").await;
    bench.say("dana", "#inc-auth-outage", "but this").await;
    assert_eq!(
        heard.recv().await.unwrap()["payload"]["event"]["text"],
        "but this"
    );
}

#[tokio::test]
async fn the_app_hears_its_own_posts_edits_and_deletions() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    let posted = bench
        .done(
            "chat.postMessage",
            json!({"channel": INCIDENT, "text": "card"}),
        )
        .await;
    let event = heard.recv().await.unwrap()["payload"]["event"].clone();
    assert_eq!(
        (&event["bot_id"], &event["app_id"]),
        (&json!("B0BREAKGLS"), &json!("A0BREAKGLS"))
    );
    bench
        .done(
            "chat.update",
            json!({"channel": INCIDENT, "ts": posted["ts"], "text": "changed"}),
        )
        .await;
    let event = heard.recv().await.unwrap()["payload"]["event"].clone();
    assert_eq!(event["subtype"], "message_changed");
    assert_eq!(event["message"]["text"], "changed");
    assert_eq!(event["previous_message"]["text"], "card");
    bench
        .done(
            "chat.delete",
            json!({"channel": INCIDENT, "ts": posted["ts"]}),
        )
        .await;
    let event = heard.recv().await.unwrap()["payload"]["event"].clone();
    assert_eq!(event["subtype"], "message_deleted");
    assert_eq!(event["deleted_ts"], posted["ts"]);
}

#[tokio::test]
async fn a_mention_is_heard_as_message_and_as_mention() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    bench
        .say("dana", "#inc-auth-outage", "@breakglass status")
        .await;
    let mut types = Vec::new();
    for _ in 0..2 {
        types.push(heard.recv().await.unwrap()["payload"]["event"]["type"].clone());
    }
    types.sort_by_key(ToString::to_string);
    assert_eq!(types, [json!("app_mention"), json!("message")]);
}

#[tokio::test]
async fn a_slash_command_carries_what_slack_documents() {
    let bench = bench().await;
    let mut socket = bench.socket().await;
    let typed = json!({"as": "dana", "channel": "#inc-auth-outage", "command": "/emergency",
        "text": "Deploy WAF rule @morgan @eng-managers #engineering"});
    let (answer, envelope) = tokio::join!(bench.control("slash", typed), async {
        let envelope = socket.frame().await;
        socket
            .acknowledge(&envelope, Some(json!({"text": "noted"})))
            .await;
        envelope
    });
    assert_eq!(envelope["type"], "slash_commands");
    assert_eq!(envelope["accepts_response_payload"], true);
    let payload = &envelope["payload"];
    assert_eq!(
        payload["text"],
        "Deploy WAF rule <@U0MORGAN01|morgan> <!subteam^S0ENGMGRS1|@eng-managers> <#C0ENGINEER|engineering>"
    );
    for (field, value) in [
        ("command", "/emergency"),
        ("channel_id", INCIDENT),
        ("channel_name", "inc-auth-outage"),
        ("user_id", DANA),
        ("user_name", "dana"),
        ("team_id", "T0BREAK01"),
        ("team_domain", "northwind"),
        ("api_app_id", "A0BREAKGLS"),
        ("is_enterprise_install", "false"),
    ] {
        assert_eq!(payload[field], value, "{field}");
    }
    assert_eq!(answer["status"], "acknowledged");
    // The acknowledgement's payload is shown to Dana alone.
    let seen = bench
        .look("transcript?as=dana&channel=inc-auth-outage")
        .await;
    assert_eq!(seen["messages"][0]["text"], "noted");
    assert_eq!(seen["messages"][0]["ephemeral"], true);
    let seen = bench
        .look("transcript?as=morgan&channel=inc-auth-outage")
        .await;
    assert_eq!(seen["messages"], json!([]));
}

#[tokio::test]
async fn a_command_that_nobody_takes_fails_before_the_eyes_of_its_user() {
    let bench = bench().await;
    let typed = json!({"as": "dana", "channel": INCIDENT, "command": "/emergency", "text": "x"});
    assert_eq!(
        bench.control("slash", typed.clone()).await["status"],
        "dispatch_failed"
    );
    bench.control("app", json!({"patience_ms": 20})).await;
    let _silent = bench.socket().await;
    assert_eq!(
        bench.control("slash", typed).await["status"],
        "operation_timeout"
    );
    let seen = bench
        .look("transcript?as=dana&channel=inc-auth-outage")
        .await;
    assert_eq!(
        seen["messages"][1]["text"],
        "/emergency failed with the error \"operation_timeout\""
    );
}

#[tokio::test]
async fn only_a_button_that_is_there_and_visible_can_be_clicked() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    let card =
        json!({"channel": INCIDENT, "text": "card", "blocks": buttons(&["authorize", "deny"])});
    let ts = bench.done("chat.postMessage", card).await["ts"].clone();
    heard.recv().await.unwrap();
    let click = |who: &str, action: &str| json!({"as": who, "channel": INCIDENT, "ts": ts, "action_id": action});
    assert_eq!(
        bench.control("click", click("morgan", "authorize")).await["status"],
        "acknowledged"
    );
    let payload = heard.recv().await.unwrap()["payload"].clone();
    assert_eq!(payload["type"], "block_actions");
    assert_eq!(payload["user"]["id"], "U0MORGAN01");
    assert_eq!(
        payload["container"],
        json!({"type": "message", "message_ts": ts, "channel_id": INCIDENT, "is_ephemeral": false})
    );
    assert_eq!(payload["actions"][0]["action_id"], "authorize");
    assert_eq!(payload["actions"][0]["block_id"], "acts");
    assert_eq!(payload["actions"][0]["value"], "authorize");
    assert_eq!(payload["message"]["ts"], ts);
    assert!(
        payload["response_url"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:")
    );
    assert_eq!(
        bench.control("click", click("morgan", "approve")).await["ok"],
        false
    );
    assert_eq!(
        bench.control("click", click("xavier", "authorize")).await["ok"],
        false
    );
    assert_eq!(
        bench.control("click", click("olga", "authorize")).await["ok"],
        false
    );

    let private = json!({"channel": INCIDENT, "user": DANA, "text": "only you", "blocks": buttons(&["mine"])});
    let ts = bench.done("chat.postEphemeral", private).await["message_ts"].clone();
    let click = |who: &str| json!({"as": who, "channel": INCIDENT, "ts": ts, "action_id": "mine"});
    assert_eq!(bench.control("click", click("morgan")).await["ok"], false);
    assert_eq!(bench.control("click", click("dana")).await["ok"], true);
    let payload = heard.recv().await.unwrap()["payload"].clone();
    assert_eq!(payload["container"]["is_ephemeral"], true);
    assert!(payload.get("message").is_none());
}

#[tokio::test]
async fn shortcuts_reactions_and_home_reach_the_app() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    let ts = bench.say("morgan", INCIDENT, "approved. Deploy.").await;
    heard.recv().await.unwrap();
    let record = json!({"as": "dana", "channel": INCIDENT, "ts": ts, "callback_id": "record"});
    assert_eq!(bench.control("shortcut", record).await["ok"], true);
    let payload = heard.recv().await.unwrap()["payload"].clone();
    assert_eq!(payload["type"], "message_action");
    assert_eq!(payload["message_ts"], ts);
    assert_eq!(payload["message"]["text"], "approved. Deploy.");
    assert_eq!(
        payload["channel"],
        json!({"id": INCIDENT, "name": "inc-auth-outage"})
    );
    bench
        .control("shortcut", json!({"as": "dana", "callback_id": "declare"}))
        .await;
    assert_eq!(heard.recv().await.unwrap()["payload"]["type"], "shortcut");
    let unknown = bench
        .control("shortcut", json!({"as": "dana", "callback_id": "record"}))
        .await;
    assert_eq!(unknown["ok"], false);

    let emoji = json!({"as": "dana", "channel": INCIDENT, "ts": ts, "name": "rotating_light"});
    bench.control("react", emoji.clone()).await;
    let event = heard.recv().await.unwrap()["payload"]["event"].clone();
    assert_eq!(
        (&event["type"], &event["item"]["ts"]),
        (&json!("reaction_added"), &json!(ts))
    );
    assert_eq!(event["item_user"], "U0MORGAN01");
    bench.control("unreact", emoji).await;
    assert_eq!(
        heard.recv().await.unwrap()["payload"]["event"]["type"],
        "reaction_removed"
    );

    bench.control("home", json!({"as": "dana"})).await;
    let event = heard.recv().await.unwrap()["payload"]["event"].clone();
    assert_eq!(
        (&event["type"], &event["tab"]),
        (&json!("app_home_opened"), &json!("home"))
    );
}

#[tokio::test]
async fn threads_and_edits_show_in_the_transcript() {
    let bench = bench().await;
    let ts = bench.say("dana", INCIDENT, "question").await;
    bench
        .control(
            "say",
            json!({"as": "morgan", "channel": INCIDENT, "text": "answer", "thread_ts": ts}),
        )
        .await;
    let edited = json!({"as": "dana", "channel": INCIDENT, "ts": ts, "text": "question?"});
    assert_eq!(bench.control("edit", edited).await["ok"], true);
    let by_another = json!({"as": "morgan", "channel": INCIDENT, "ts": ts, "text": "mine"});
    assert_eq!(bench.control("edit", by_another).await["ok"], false);
    let seen = bench.look("transcript?as=sam&channel=C0INCAUTH1").await;
    let message = &seen["messages"][0];
    assert_eq!(
        (&message["text"], &message["edited"]),
        (&json!("question?"), &json!(true))
    );
    assert_eq!(message["thread"][0]["text"], "answer");
    assert_eq!(seen["messages"].as_array().unwrap().len(), 1);
    let replies = bench
        .done(
            "conversations.replies",
            json!({"channel": INCIDENT, "ts": ts}),
        )
        .await;
    assert_eq!(replies["messages"][0]["reply_count"], 1);
    assert_eq!(replies["messages"][1]["parent_user_id"], DANA);
}

#[tokio::test]
async fn changes_of_the_workspace_are_told_to_the_app() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    let changed = bench
        .control(
            "person",
            json!({"person": "dana", "zone": "America/New_York"}),
        )
        .await;
    assert_eq!(changed["person"]["tz"], "America/New_York");
    let event = heard.recv().await.unwrap()["payload"]["event"].clone();
    assert_eq!(
        (&event["type"], &event["user"]["tz"]),
        (&json!("user_change"), &json!("America/New_York"))
    );
    bench
        .control(
            "person",
            json!({"person": "noor", "real_name": "Noor Haddad"}),
        )
        .await;
    bench
        .control(
            "channel",
            json!({"channel": "#inc-new", "invite": ["breakglass", "noor"]}),
        )
        .await;
    let event = heard.recv().await.unwrap()["payload"]["event"].clone();
    assert_eq!(
        (&event["type"], &event["user"]),
        (&json!("member_joined_channel"), &json!(BOT))
    );
    heard.recv().await.unwrap();
    bench
        .control("channel", json!({"channel": "#inc-new", "archived": true}))
        .await;
    assert_eq!(
        heard.recv().await.unwrap()["payload"]["event"]["type"],
        "channel_archive"
    );
    let error = bench
        .error(
            "chat.postMessage",
            json!({"channel": "#inc-new", "text": "x"}),
        )
        .await;
    assert_eq!(error, "is_archived");
}

#[tokio::test]
async fn people_of_another_organisation_have_no_commands_but_can_click_and_speak() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    let typed = json!({"as": "xavier", "channel": "#inc-partner", "command": "/emergency"});
    assert_eq!(bench.control("slash", typed).await["ok"], false);
    assert_eq!(
        bench.control("home", json!({"as": "xavier"})).await["ok"],
        false
    );
    bench.say("xavier", "#inc-partner", "we see it too").await;
    let payload = heard.recv().await.unwrap()["payload"].clone();
    assert_eq!(payload["is_ext_shared_channel"], true);
    assert_eq!(payload["event"]["user_team"], "T0PARTNER1");
    let card = json!({"channel": "C0SHARED01", "text": "card", "blocks": buttons(&["go"])});
    let ts = bench.done("chat.postMessage", card).await["ts"].clone();
    heard.recv().await.unwrap();
    let click = json!({"as": "xavier", "channel": "#inc-partner", "ts": ts, "action_id": "go"});
    assert_eq!(bench.control("click", click).await["ok"], true);
    assert_eq!(
        heard.recv().await.unwrap()["payload"]["user"]["team_id"],
        "T0PARTNER1"
    );
}

#[tokio::test]
async fn a_conversation_that_was_never_opened_reads_as_empty() {
    let bench = bench().await;
    let seen = bench.look("transcript?as=dana&channel=@breakglass").await;
    assert_eq!(seen["messages"], json!([]));
    assert_eq!(
        bench.look("transcript?as=dana&channel=@nobody").await["ok"],
        false
    );
    assert_eq!(
        bench.look("transcript?as=xavier&channel=general").await["ok"],
        false
    );
    bench
        .done(
            "chat.postMessage",
            json!({"channel": DANA, "text": "hello"}),
        )
        .await;
    let seen = bench.look("transcript?as=dana&channel=@breakglass").await;
    assert_eq!(seen["messages"][0]["text"], "hello");
}

#[tokio::test]
async fn the_messages_tab_can_be_opened_and_written_into_only_if_the_manifest_allows_it() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    bench
        .control("home", json!({"as": "dana", "tab": "messages"}))
        .await;
    assert_eq!(
        heard.recv().await.unwrap()["payload"]["event"]["tab"],
        "messages"
    );
    let read_only = MANIFEST.replace("read_only_enabled: false", "read_only_enabled: true");
    let bench = bench_with(&read_only).await;
    let words = json!({"as": "dana", "channel": "@breakglass", "text": "x"});
    assert_eq!(bench.control("say", words).await["ok"], false);
    let off = MANIFEST.replace("messages_tab_enabled: true", "messages_tab_enabled: false");
    let bench = bench_with(&off).await;
    let error = bench
        .error("chat.postMessage", json!({"channel": DANA, "text": "x"}))
        .await;
    assert_eq!(error, "messages_tab_disabled");
}

#[tokio::test]
async fn what_is_chosen_in_a_message_reaches_the_app_with_its_state() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    let label = |text: &str| json!({"type": "plain_text", "text": text});
    let blocks = json!([{"type": "actions", "block_id": "why", "elements": [
        {"type": "static_select", "action_id": "criterion", "options": [
            {"text": label("Outage"), "value": "outage"}, {"text": label("Other"), "value": "other"}]},
        {"type": "users_select", "action_id": "who"},
        {"type": "button", "action_id": "go", "text": label("Yes"), "value": "yes"},
        {"type": "button", "action_id": "stay", "text": label("No"), "value": "no"},
    ]}]);
    let card = json!({"channel": INCIDENT, "text": "card", "blocks": blocks});
    let ts = bench.done("chat.postMessage", card).await["ts"].clone();
    heard.recv().await.unwrap();
    let choose = |action: &str, value: &str| json!({"as": "dana", "channel": INCIDENT, "ts": ts, "action_id": action, "value": value});
    assert_eq!(
        bench.control("select", choose("criterion", "outage")).await["ok"],
        true
    );
    let payload = heard.recv().await.unwrap()["payload"].clone();
    assert_eq!(payload["actions"][0]["selected_option"]["value"], "outage");
    assert_eq!(
        payload["state"]["values"]["why"]["criterion"]["selected_option"]["text"]["text"],
        "Outage"
    );
    assert_eq!(
        payload["state"]["values"]["why"]["who"]["selected_user"],
        json!(null)
    );
    assert_eq!(
        bench.control("select", choose("criterion", "whim")).await["ok"],
        false
    );
    bench.control("select", choose("who", "U0RILEY001")).await;
    assert_eq!(
        heard.recv().await.unwrap()["payload"]["actions"][0]["selected_user"],
        "U0RILEY001"
    );
    assert_eq!(
        bench.control("click", choose("go", "no")).await["ok"],
        false,
        "that button says yes"
    );
}

#[tokio::test]
async fn an_administrator_can_delete_what_the_app_wrote_and_others_can_not() {
    let bench = bench().await;
    let ts = bench
        .done(
            "chat.postMessage",
            json!({"channel": INCIDENT, "text": "card"}),
        )
        .await["ts"]
        .clone();
    let delete = |who: &str| json!({"as": who, "channel": INCIDENT, "ts": ts});
    assert_eq!(bench.control("delete", delete("dana")).await["ok"], false);
    assert_eq!(bench.control("delete", delete("morgan")).await["ok"], true);
    let gone = bench
        .error(
            "chat.update",
            json!({"channel": INCIDENT, "ts": ts, "text": "x"}),
        )
        .await;
    assert_eq!(gone, "message_not_found");
}
