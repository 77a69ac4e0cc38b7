//! Where Slack says no: tokens, scopes, channels, limits, names.

use serde_json::{Value, json};

use super::bench::{BOT, Bench, DANA, INCIDENT, MANIFEST, bench, bench_with, buttons};

async fn with_token(bench: &Bench, token: Option<&str>) -> Value {
    let mut request = bench
        .http
        .post(format!("{}/auth.test", bench.running.slack_api_url()));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_token_must_be_there_be_ours_be_of_the_right_kind_and_not_be_revoked() {
    let bench = bench().await;
    let credentials = bench.running.credentials().clone();
    assert_eq!(with_token(&bench, None).await["error"], "not_authed");
    assert_eq!(
        with_token(&bench, Some("xoxb-made-up")).await["error"],
        "invalid_auth"
    );
    assert_eq!(
        with_token(&bench, Some(&credentials.app_token)).await["error"],
        "not_allowed_token_type"
    );
    assert_eq!(
        with_token(&bench, Some(&credentials.bot_token)).await["user_id"],
        BOT
    );
    assert_eq!(
        bench.error("apps.connections.open", json!({})).await,
        "not_allowed_token_type"
    );
    bench
        .control("token", json!({"token": "bot", "revoked": true}))
        .await;
    assert_eq!(
        with_token(&bench, Some(&credentials.bot_token)).await["error"],
        "token_revoked"
    );
}

#[tokio::test]
async fn the_token_may_stand_in_the_form() {
    let bench = bench().await;
    let body = format!("token={}", bench.running.credentials().bot_token);
    let url = format!("{}/auth.test", bench.running.slack_api_url());
    let request = bench
        .http
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["team"], "Northwind");
}

#[tokio::test]
async fn a_scope_that_the_manifest_does_not_grant_is_missing() {
    let bench = bench_with(&MANIFEST.replace("      - chat:write\n", "")).await;
    let answer = bench
        .api(
            "chat.postMessage",
            json!({"channel": INCIDENT, "text": "x"}),
        )
        .await;
    assert_eq!(answer["error"], "missing_scope");
    assert_eq!(answer["needed"], "chat:write");
    assert!(answer["provided"].as_str().unwrap().contains("users:read"));
    // Which scope a conversation needs depends on its kind.
    bench
        .control(
            "channel",
            json!({"channel": "#inc-secret", "invite": ["breakglass"]}),
        )
        .await;
    let answer = bench
        .api("conversations.history", json!({"channel": "G0PRIVATE1"}))
        .await;
    assert_eq!(
        (&answer["error"], &answer["needed"]),
        (&json!("missing_scope"), &json!("groups:history"))
    );
    let answer = bench
        .api(
            "users.lookupByEmail",
            json!({"email": "dana@northwind.example"}),
        )
        .await;
    assert_eq!(answer["needed"], "users:read.email");
}

#[tokio::test]
async fn granted_scopes_are_listed_in_a_header() {
    let bench = bench().await;
    let response = bench.respond("auth.test", json!({})).await;
    let scopes = response.headers()["x-oauth-scopes"].to_str().unwrap();
    assert!(scopes.split(',').any(|scope| scope == "chat:write"));
}

#[tokio::test]
async fn an_unknown_method_is_named_so() {
    let bench = bench().await;
    let response = bench.respond("chat.shout", json!({})).await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.json::<Value>().await.unwrap()["error"],
        "unknown_method"
    );
}

#[tokio::test]
async fn api_test_gives_back_what_it_is_given_and_fails_as_it_is_asked_to() {
    let bench = bench().await;
    assert_eq!(bench.api("api.test", json!({})).await, json!({"ok": true}));
    assert_eq!(
        bench.api("api.test", json!({"foo": "bar"})).await,
        json!({"ok": true, "args": {"foo": "bar"}})
    );
    assert_eq!(
        bench.api("api.test", json!({"error": "out_of_tea"})).await,
        json!({"ok": false, "error": "out_of_tea", "args": {"error": "out_of_tea"}})
    );
}

#[tokio::test]
async fn posting_is_refused_where_the_bot_cannot_post() {
    let bench = bench().await;
    for (channel, error) in [
        ("C0GENERAL1", "not_in_channel"),
        ("G0PRIVATE1", "channel_not_found"),
        ("C0ARCHIVED", "is_archived"),
        ("C0NOWHERE", "channel_not_found"),
        ("U0OLGA0001", "user_not_found"),
    ] {
        assert_eq!(
            bench
                .error("chat.postMessage", json!({"channel": channel, "text": "x"}))
                .await,
            error,
            "{channel}"
        );
    }
    bench
        .control(
            "channel",
            json!({"channel": INCIDENT, "remove": ["breakglass"]}),
        )
        .await;
    assert_eq!(
        bench
            .error(
                "chat.postMessage",
                json!({"channel": INCIDENT, "text": "x"})
            )
            .await,
        "not_in_channel"
    );
    assert_eq!(
        bench
            .error("conversations.history", json!({"channel": INCIDENT}))
            .await,
        "not_in_channel"
    );
}

#[tokio::test]
async fn a_message_must_say_something_and_not_too_much() {
    let bench = bench().await;
    let post = |more: Value| {
        let mut arguments = json!({"channel": INCIDENT});
        arguments
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        arguments
    };
    assert_eq!(
        bench.error("chat.postMessage", post(json!({}))).await,
        "no_text"
    );
    assert_eq!(
        bench
            .error("chat.postMessage", post(json!({"text": "  "})))
            .await,
        "no_text"
    );
    let long = bench
        .done(
            "chat.postMessage",
            post(json!({"text": "x".repeat(40_001)})),
        )
        .await;
    assert_eq!(
        long["response_metadata"]["warnings"][0],
        "message_truncated"
    );
    let ts = &long["ts"];
    let edit = post(json!({"ts": ts, "text": "x".repeat(4001)}));
    assert_eq!(bench.error("chat.update", edit).await, "msg_too_long");
    let section = json!({"type": "section", "text": {"type": "mrkdwn", "text": "x".repeat(3000)}});
    let five = post(json!({"blocks": vec![section; 5]}));
    assert_eq!(
        bench.error("chat.postMessage", five).await,
        "msg_blocks_too_long"
    );
    let heavy = json!({"event_type": "t", "event_payload": {"key": "x".repeat(9000)}});
    let heavy = post(json!({"text": "x", "metadata": heavy}));
    assert_eq!(
        bench.error("chat.postMessage", heavy).await,
        "metadata_too_large"
    );
    let invalid =
        post(json!({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}]}));
    let answer = bench.api("chat.postMessage", invalid).await;
    assert_eq!(answer["error"], "invalid_blocks");
    let message = answer["response_metadata"]["messages"][0].as_str().unwrap();
    assert_eq!(
        message,
        "[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]"
    );
    let lost = post(json!({"text": "x", "thread_ts": "1.000000"}));
    assert_eq!(
        bench.error("chat.postMessage", lost).await,
        "thread_not_found"
    );
}

#[tokio::test]
async fn only_its_own_messages_can_be_changed_by_the_app() {
    let bench = bench().await;
    let ts = bench.say("dana", INCIDENT, "mine").await;
    let edit = json!({"channel": INCIDENT, "ts": ts, "text": "yours"});
    assert_eq!(
        bench.error("chat.update", edit.clone()).await,
        "cant_update_message"
    );
    assert_eq!(
        bench.error("chat.delete", edit).await,
        "cant_delete_message"
    );
    let nothing = json!({"channel": INCIDENT, "ts": "1.000000", "text": "x"});
    assert_eq!(
        bench.error("chat.update", nothing.clone()).await,
        "message_not_found"
    );
    assert_eq!(
        bench.error("chat.delete", nothing).await,
        "message_not_found"
    );
    let private = json!({"channel": INCIDENT, "user": DANA, "text": "psst"});
    let ts = bench.done("chat.postEphemeral", private).await["message_ts"].clone();
    let edit = json!({"channel": INCIDENT, "ts": ts, "text": "x"});
    assert_eq!(bench.error("chat.update", edit).await, "message_not_found");
}

#[tokio::test]
async fn an_edit_keeps_the_blocks_that_it_does_not_name() {
    let bench = bench().await;
    let card = json!({"channel": INCIDENT, "text": "card", "blocks": buttons(&["a"])});
    let ts = bench.done("chat.postMessage", card).await["ts"].clone();
    let kept = bench
        .done(
            "chat.update",
            json!({"channel": INCIDENT, "ts": ts, "text": "still"}),
        )
        .await;
    assert_eq!(kept["message"]["blocks"][0]["type"], "actions");
    let gone = bench
        .done(
            "chat.update",
            json!({"channel": INCIDENT, "ts": ts, "text": "bare", "blocks": []}),
        )
        .await;
    assert!(gone["message"].get("blocks").is_none());
}

#[tokio::test]
async fn an_ephemeral_needs_somebody_in_the_channel() {
    let bench = bench().await;
    let to = |user: &str| json!({"channel": INCIDENT, "user": user, "text": "x"});
    assert_eq!(
        bench.error("chat.postEphemeral", to("U0NOBODY")).await,
        "user_not_found"
    );
    assert_eq!(
        bench.error("chat.postEphemeral", to("U0XAVIER01")).await,
        "user_not_in_channel"
    );
}

#[tokio::test]
async fn a_channel_takes_five_messages_at_once_and_then_one_a_second() {
    let bench = bench().await;
    let message = json!({"channel": INCIDENT, "text": "x"});
    for _ in 0..5 {
        bench.done("chat.postMessage", message.clone()).await;
    }
    let response = bench.respond("chat.postMessage", message.clone()).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(
        response.json::<Value>().await.unwrap()["error"],
        "ratelimited"
    );
    bench.control("clock/move", json!({"by_s": 1})).await;
    bench.done("chat.postMessage", message).await;
}

#[tokio::test]
async fn a_method_is_limited_by_its_tier() {
    let bench = bench().await;
    for _ in 0..20 {
        bench.done("usergroups.list", json!({})).await;
    }
    assert_eq!(
        bench.respond("usergroups.list", json!({})).await.status(),
        429
    );
    bench.control("app", json!({"rate_limits": false})).await;
    bench.done("usergroups.list", json!({})).await;
}

#[tokio::test]
async fn metadata_comes_back_only_when_asked_for() {
    let bench = bench().await;
    let key = json!({"event_type": "outbox", "event_payload": {"key": "k1"}});
    bench
        .done(
            "chat.postMessage",
            json!({"channel": INCIDENT, "text": "x", "metadata": key}),
        )
        .await;
    let history = bench
        .done("conversations.history", json!({"channel": INCIDENT}))
        .await;
    assert!(history["messages"][0].get("metadata").is_none());
    let asked = json!({"channel": INCIDENT, "include_all_metadata": true});
    let history = bench.done("conversations.history", asked).await;
    assert_eq!(history["messages"][0]["metadata"], key);
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let bench = bench().await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = bench
            .done("users.list", json!({"limit": 4, "cursor": cursor}))
            .await;
        let members = page["members"].as_array().unwrap();
        assert!(members.len() <= 4);
        seen.extend(
            members
                .iter()
                .map(|member| member["id"].as_str().unwrap().to_owned()),
        );
        cursor = page["response_metadata"]["next_cursor"]
            .as_str()
            .unwrap()
            .to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), 9, "all but the stranger");
    assert_eq!(
        bench
            .error("users.list", json!({"cursor": "nonsense"}))
            .await,
        "invalid_cursor"
    );
}

#[tokio::test]
async fn people_groups_and_channels_are_found() {
    let bench = bench().await;
    let dana = bench.done("users.info", json!({"user": DANA})).await;
    assert_eq!(dana["user"]["tz"], "Europe/Berlin");
    assert!(
        dana["user"]["profile"].get("email").is_none(),
        "the scope for it is not granted"
    );
    assert_eq!(
        bench.error("users.info", json!({"user": "U0NOBODY"})).await,
        "user_not_found"
    );
    let members = bench
        .done("usergroups.users.list", json!({"usergroup": "S0ENGMGRS1"}))
        .await;
    assert_eq!(members["users"], json!(["U0MORGAN01", "U0PRIYA001"]));
    let info = bench
        .done("conversations.info", json!({"channel": "C0SHARED01"}))
        .await;
    assert_eq!(info["channel"]["is_ext_shared"], true);
    let listed = bench
        .done("conversations.list", json!({"exclude_archived": true}))
        .await;
    assert_eq!(listed["channels"].as_array().unwrap().len(), 4);
    let opened = bench
        .done("conversations.open", json!({"users": DANA}))
        .await;
    let posted = bench
        .done(
            "chat.postMessage",
            json!({"channel": DANA, "text": "hello"}),
        )
        .await;
    assert_eq!(posted["channel"], opened["channel"]["id"]);
    let link = bench
        .done(
            "chat.getPermalink",
            json!({"channel": INCIDENT, "message_ts": bench.say("dana", INCIDENT, "x").await}),
        )
        .await;
    assert_eq!(
        link["permalink"],
        "https://northwind.slack.com/archives/C0INCAUTH1/p1795227240000001"
    );
}

#[tokio::test]
async fn a_response_url_answers_five_times_within_half_an_hour() {
    let bench = bench().await;
    let mut socket = bench.socket().await;
    let typed = json!({"as": "dana", "channel": INCIDENT, "command": "/emergency"});
    let mut fresh = async || {
        let (_, envelope) = tokio::join!(bench.control("slash", typed.clone()), socket.take());
        envelope["payload"]["response_url"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (one, other) = (fresh().await, fresh().await);
    let answer = async |url: &str| {
        let response = bench
            .http
            .post(url)
            .json(&json!({"text": "x"}))
            .send()
            .await
            .unwrap();
        (
            response.status().as_u16(),
            response.json::<Value>().await.unwrap(),
        )
    };
    for _ in 0..5 {
        assert_eq!(answer(&one).await.0, 200);
    }
    assert_eq!(
        answer(&one).await,
        (404, json!({"ok": false, "error": "used_url"}))
    );
    bench.control("clock/move", json!({"by_s": 1800})).await;
    assert_eq!(answer(&other).await.1["error"], "expired_url");
    let seen = bench
        .look("transcript?as=dana&channel=inc-auth-outage")
        .await;
    assert!(
        seen["messages"]
            .as_array()
            .unwrap()
            .iter()
            .all(|message| message["ephemeral"] == true)
    );
}

#[tokio::test]
async fn a_response_url_replaces_and_deletes_what_was_clicked() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    let private =
        json!({"channel": INCIDENT, "user": DANA, "text": "ask", "blocks": buttons(&["yes"])});
    let ts = bench.done("chat.postEphemeral", private).await["message_ts"].clone();
    bench
        .control(
            "click",
            json!({"as": "dana", "channel": INCIDENT, "ts": ts, "action_id": "yes"}),
        )
        .await;
    let url = heard.recv().await.unwrap()["payload"]["response_url"]
        .as_str()
        .unwrap()
        .to_owned();
    bench
        .http
        .post(&url)
        .json(&json!({"replace_original": true, "text": "done"}))
        .send()
        .await
        .unwrap();
    let seen = bench
        .look("transcript?as=dana&channel=inc-auth-outage")
        .await;
    assert_eq!(seen["messages"][0]["text"], "done");
    assert_eq!(seen["messages"][0]["ts"], ts);
    bench
        .http
        .post(&url)
        .json(&json!({"delete_original": true}))
        .send()
        .await
        .unwrap();
    let seen = bench
        .look("transcript?as=dana&channel=inc-auth-outage")
        .await;
    assert_eq!(seen["messages"], json!([]));
}

#[tokio::test]
async fn an_upload_takes_three_calls_and_lands_in_the_channel() {
    let bench = bench().await;
    let promised = bench
        .done(
            "files.getUploadURLExternal",
            json!({"filename": "rate.png", "length": 4}),
        )
        .await;
    let url = promised["upload_url"].as_str().unwrap();
    let id = promised["file_id"].clone();
    let too_short = bench.http.post(url).body("abc").send().await.unwrap();
    assert_eq!(too_short.status(), 400);
    let early = json!({"files": [{"id": id}], "channel_id": INCIDENT});
    assert_eq!(
        bench.error("files.completeUploadExternal", early).await,
        "file_not_found"
    );
    let taken = bench.http.post(url).body("abcd").send().await.unwrap();
    assert_eq!(taken.text().await.unwrap(), "OK - 4");
    let elsewhere = json!({"files": [{"id": id}], "channel_id": "C0GENERAL1"});
    assert_eq!(
        bench.error("files.completeUploadExternal", elsewhere).await,
        "not_in_channel"
    );
    let complete = json!({"files": [{"id": id, "title": "Rate"}], "channel_id": INCIDENT, "initial_comment": "chart"});
    bench.done("files.completeUploadExternal", complete).await;
    let info = bench.done("files.info", json!({"file": id})).await;
    let share = &info["file"]["shares"]["public"][INCIDENT][0]["ts"];
    let history = bench
        .done("conversations.history", json!({"channel": INCIDENT}))
        .await;
    assert_eq!(&history["messages"][0]["ts"], share);
    assert_eq!(history["messages"][0]["files"][0]["title"], "Rate");
}

#[tokio::test]
async fn an_unshared_picture_can_be_shown_once_slack_has_looked_at_it() {
    let bench = bench().await;
    let long = json!({"filename": "rate.png", "length": 4, "alt_txt": "x".repeat(1001)});
    assert_eq!(
        bench.error("files.getUploadURLExternal", long).await,
        "alt_txt_too_large"
    );
    let empty = json!({"filename": "rate.png", "length": 0});
    assert_eq!(
        bench.error("files.getUploadURLExternal", empty).await,
        "missing_argument"
    );
    let mut ids = Vec::new();
    for name in ["rate.png", "rate.csv"] {
        let promised = bench
            .done(
                "files.getUploadURLExternal",
                json!({"filename": name, "length": 4}),
            )
            .await;
        let url = promised["upload_url"].as_str().unwrap();
        bench.http.post(url).body("abcd").send().await.unwrap();
        let complete = json!({"files": [{"id": promised["file_id"]}]});
        let done = bench.done("files.completeUploadExternal", complete).await;
        assert_eq!(done["files"][0]["mimetype"], "");
        assert_eq!(
            done["files"][0]["shares"],
            json!({"public": {}, "private": {}})
        );
        ids.push(promised["file_id"].clone());
    }
    let shown = |file: Value| {
        json!({"channel": INCIDENT, "blocks": [
            {"type": "divider"},
            {"type": "image", "slack_file": file, "alt_text": "rate"}
        ]})
    };
    let early = bench
        .api("chat.postMessage", shown(json!({"id": ids[0]})))
        .await;
    assert_eq!(early["error"], "invalid_blocks");
    assert_eq!(
        early["response_metadata"]["messages"],
        json!(["[ERROR] invalid slack file [json-pointer:/blocks/1/slack_file]"])
    );
    bench.control("clock/move", json!({"by_s": 1})).await;
    let info = bench.done("files.info", json!({"file": ids[0]})).await;
    assert_eq!(info["file"]["mimetype"], "image/png");
    let address = info["file"]["permalink"].clone();
    for file in [json!({"id": ids[0]}), json!({"url": address})] {
        bench.done("chat.postMessage", shown(file)).await;
    }
    for file in [
        json!({"id": ids[1]}),
        json!({"id": "F0NOWHERE1"}),
        json!({"id": ids[0], "url": address}),
        json!({}),
    ] {
        assert_eq!(
            bench.error("chat.postMessage", shown(file)).await,
            "invalid_blocks"
        );
    }
}

#[tokio::test]
async fn blocks_validate_names_every_fault_with_its_pointer() {
    let bench = bench().await;
    bench
        .done(
            "blocks.validate",
            json!({"blocks": "[{\"type\": \"divider\"}]"}),
        )
        .await;
    let answer = bench
        .api(
            "blocks.validate",
            json!({"blocks": [{"type": "header"}, {"type": "hedder"}]}),
        )
        .await;
    assert_eq!(answer["error"], "invalid_blocks");
    assert_eq!(answer["errors"][0]["pointer"], "/0");
    assert_eq!(answer["errors"][0]["code"], "missing_field");
    assert_eq!(answer["errors"][1]["pointer"], "/1/type");
    let view = json!({"view": {"type": "modal", "blocks": []}});
    assert_eq!(bench.error("blocks.validate", view).await, "invalid_view");
    assert_eq!(
        bench.error("blocks.validate", json!({})).await,
        "invalid_arguments"
    );
}

#[tokio::test]
async fn reactions_of_the_app_have_their_own_refusals() {
    let bench = bench().await;
    let ts = bench.say("dana", INCIDENT, "x").await;
    let react = |name: &str| json!({"channel": INCIDENT, "timestamp": ts, "name": name});
    bench.done("reactions.add", react("eyes")).await;
    assert_eq!(
        bench.error("reactions.add", react("eyes")).await,
        "already_reacted"
    );
    assert_eq!(
        bench.error("reactions.add", react("two words")).await,
        "invalid_name"
    );
    let got = bench
        .done(
            "reactions.get",
            json!({"channel": INCIDENT, "timestamp": ts}),
        )
        .await;
    assert_eq!(got["message"]["reactions"][0]["count"], 1);
}
