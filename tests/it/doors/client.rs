//! What the client makes of a network, and of a Slack, that misbehaves.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use breakglass::clock::Clock;
use breakglass::domain::authorization::Standing;
use breakglass::domain::id::{ChannelId, GroupId, MessageTs, UserId, WorkspaceId};
use breakglass::slack::client::{HTTP_TIMEOUT, Outgoing, Settings, SlackClient};
use breakglass::slack::error::{ErrorCode, SlackError};
use breakglass::slack::lookup::{Lookup, Named};
use breakglass::slack::transport::TransportError;
use serde_json::json;
use tokio::net::TcpListener;

use super::fake::{self, Api, BOT_TOKEN, client, client_with_timeout, ok};

fn channel() -> ChannelId {
    ChannelId::new("C0INCAUTH1")
}

fn message() -> Outgoing {
    Outgoing {
        text: "hunter2 was here".to_owned(),
        blocks: Vec::new(),
        thread: None,
        key: Some("outbox-7".to_owned()),
    }
}

async fn posting(client: &SlackClient) -> Result<MessageTs, SlackError> {
    let posted = client.post(&channel(), message()).await;
    if let Err(error) = &posted {
        let shown = format!("{error} {error:?} {client:?}");
        for secret in ["hunter2", BOT_TOKEN, "<html>"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    posted.map(|posted| posted.ts)
}

#[tokio::test]
async fn a_message_goes_out_with_its_key_and_without_previews() {
    let answer = ok(
        json!({"ok": true, "channel": "C0INCAUTH1", "ts": "1.000002",
        "message": {"a": "shape", "that": ["nobody", {"has": "seen"}]}}),
    );
    let (api, address) = Api::serving([answer]).await;
    let outgoing = Outgoing {
        thread: Some(MessageTs::new("1.000001")),
        ..message()
    };
    let posted = client(address).post(&channel(), outgoing).await.unwrap();
    assert_eq!(posted.ts, MessageTs::new("1.000002"));
    let [call] = &api.calls()[..] else { panic!() };
    assert_eq!(call.uri.path(), "/api/chat.postMessage");
    assert_eq!(call.headers["authorization"], format!("Bearer {BOT_TOKEN}"));
    assert_eq!(
        call.body,
        json!({
            "channel": "C0INCAUTH1",
            "text": "hunter2 was here",
            "thread_ts": "1.000001",
            "unfurl_links": false,
            "unfurl_media": false,
            "mrkdwn": true,
            "metadata": {"event_type": "breakglass", "event_payload": {"key": "outbox-7"}},
        })
    );
}

#[tokio::test]
async fn an_update_makes_no_links_of_what_looks_like_them() {
    let answer = ok(json!({"ok": true, "channel": "C0INCAUTH1", "ts": "1.000002", "text": "x"}));
    let (api, address) = Api::serving([answer]).await;
    let ts = MessageTs::new("1.000002");
    let outgoing = Outgoing {
        key: None,
        ..message()
    };
    client(address)
        .update(&channel(), &ts, outgoing)
        .await
        .unwrap();
    assert_eq!(
        api.calls()[0].body,
        json!({"channel": "C0INCAUTH1", "ts": "1.000002", "text": "hunter2 was here",
               "parse": "none", "link_names": false})
    );
}

#[tokio::test]
async fn nobody_listening_means_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = posting(&client(address)).await;
    assert_eq!(refused, Err(SlackError::Unreachable));
}

#[tokio::test]
async fn silence_after_sending_leaves_the_outcome_open() {
    let (address, mut asked) = fake::never_answers().await;
    let client = client_with_timeout(address, Duration::from_millis(50));
    assert_eq!(posting(&client).await, Err(SlackError::Unknown));
    asked.recv().await.unwrap();
}

#[tokio::test]
async fn a_connection_that_breaks_after_sending_leaves_the_outcome_open() {
    for words in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{\"ok\":t",
    ] {
        let address = fake::says_and_closes(words).await;
        let broken = posting(&client(address)).await;
        assert_eq!(broken, Err(SlackError::Unknown), "{words:?}");
    }
}

#[tokio::test]
async fn each_way_to_fail_has_its_name() {
    let pause = [("retry-after", "7")];
    let html = [("content-type", "text/html")];
    let limited = || SlackError::RateLimited {
        retry_after: Duration::from_secs(7),
    };
    let refused = |code| SlackError::Refused { code };
    let too_many = StatusCode::TOO_MANY_REQUESTS;
    let no = |error: &str| ok(json!({"ok": false, "error": error}));
    let cases = [
        (
            (
                too_many,
                pause,
                axum::Json(json!({"ok": false, "error": "ratelimited"})),
            )
                .into_response(),
            limited(),
        ),
        ((too_many, pause, html, "<html>").into_response(), limited()),
        (
            (StatusCode::INTERNAL_SERVER_ERROR, html, "<html>").into_response(),
            SlackError::Unknown,
        ),
        (
            StatusCode::SERVICE_UNAVAILABLE.into_response(),
            SlackError::Unknown,
        ),
        // A page of somebody else's, such as a hotel's.
        (
            (StatusCode::OK, html, "<html>").into_response(),
            SlackError::Malformed,
        ),
        (ok(json!({"ok": true})), SlackError::Malformed),
        (no("not_in_channel"), refused(ErrorCode::NotInChannel)),
        (no("internal_error"), SlackError::Unknown),
        (
            no("brand_new"),
            refused(ErrorCode::Other("brand_new".into())),
        ),
    ];
    for (answer, expected) in cases {
        let (_api, address) = Api::serving([answer]).await;
        assert_eq!(posting(&client(address)).await, Err(expected));
    }
}

#[tokio::test]
async fn nothing_is_tried_twice() {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    let (api, address) = Api::serving([unavailable.into_response()]).await;
    posting(&client(address)).await.unwrap_err();
    assert_eq!(api.calls().len(), 1);
}

#[tokio::test]
async fn the_identity_comes_with_its_scopes() {
    let body = json!({"ok": true, "url": "https://northwind.slack.com/", "team": "Northwind",
        "user": "breakglass", "team_id": "T0BREAK01", "user_id": "U0BREAKGLS"});
    let scopes = [("x-oauth-scopes", "chat:write,commands, users:read")];
    let (_api, address) = Api::serving([(scopes, ok(body)).into_response()]).await;
    let identity = client(address).auth_test().await.unwrap();
    assert_eq!(identity.workspace, WorkspaceId::new("T0BREAK01"));
    assert_eq!(identity.bot_user, UserId::new("U0BREAKGLS"));
    let scopes: Vec<_> = identity.scopes.into_iter().collect();
    assert_eq!(scopes, ["chat:write", "commands", "users:read"]);
}

#[tokio::test]
async fn the_identity_fails_as_other_calls_do() {
    let pause = [("retry-after", "7")];
    let retry_after = Duration::from_secs(7);
    let (_api, address) = Api::serving([
        (StatusCode::TOO_MANY_REQUESTS, pause).into_response(),
        StatusCode::BAD_GATEWAY.into_response(),
        ok(json!({"ok": false, "error": "invalid_auth"})),
        ok(json!({"ok": true, "team": "no more"})),
    ])
    .await;
    let client = client(address);
    for expected in [
        SlackError::RateLimited { retry_after },
        SlackError::Unknown,
        SlackError::Refused {
            code: ErrorCode::InvalidAuth,
        },
        SlackError::Malformed,
    ] {
        assert_eq!(client.auth_test().await, Err(expected));
    }
}

#[tokio::test]
async fn an_answer_goes_to_slack_alone_and_without_the_token() {
    let fine = || "ok".into_response();
    let (api, address) = Api::serving([fine(), fine()]).await;
    let client = client(address);
    let answer = json!({"text": "Kept.", "replace_original": true});
    for foreign in [
        "https://evil.example.com/commands/T1/1/x",
        "https://hooks.slack.com.example.com/x",
        "https://hooks.slack.com@127.0.0.1/x",
        "http://hooks.slack.com/commands/T1/1/x",
        "http://127.0.0.1:1/commands/T1/1/x",
        "not an address",
    ] {
        let refused = client.respond(foreign, &answer).await;
        assert_eq!(refused, Err(SlackError::ForeignAddress), "{foreign}");
    }
    assert!(api.calls().is_empty());
    let url = format!("http://{address}/commands/T1/1/x");
    client.respond(&url, &answer).await.unwrap();
    let [call] = &api.calls()[..] else { panic!() };
    assert_eq!(call.body, answer);
    assert!(!call.headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_message_is_found_by_its_key_wherever_it_stands() {
    let message = |ts: &str, metadata| json!({"ts": ts, "text": "x", "metadata": metadata});
    let ours = |key| json!({"event_type": "breakglass", "event_payload": {"key": key}});
    let (api, address) = Api::serving([
        ok(
            json!({"ok": true, "response_metadata": {"next_cursor": "bmV4dA=="}, "messages": [
                {"ts": "9.000001", "text": "no metadata"},
                message("8.000001", json!({"event_type": "other", "event_payload": {"key": "outbox-7", "n": 5}})),
                message("7.000001", ours("outbox-8")),
            ]}),
        ),
        ok(json!({"ok": true, "messages": [message("6.000001", ours("outbox-7"))]})),
        ok(
            json!({"ok": true, "response_metadata": {"next_cursor": ""}, "messages": []}),
        ),
    ])
    .await;
    let client = client(address);
    let sent_at = MessageTs::new("1760753640.000100").at().unwrap();
    let found = client
        .find_by_key(&channel(), None, sent_at, "outbox-7")
        .await
        .unwrap();
    assert_eq!(found, Some(MessageTs::new("6.000001")));
    let thread = MessageTs::new("5.000001");
    let none = client
        .find_by_key(&channel(), Some(&thread), sent_at, "outbox-7")
        .await
        .unwrap();
    assert_eq!(none, None);
    let asked: Vec<String> = api
        .calls()
        .iter()
        .map(|call| call.uri.to_string())
        .collect();
    assert_eq!(
        asked,
        [
            // Five minutes before it was sent, for two clocks may differ.
            "/api/conversations.history?channel=C0INCAUTH1&oldest=1760753340.000100&inclusive=true&include_all_metadata=true&limit=200",
            "/api/conversations.history?channel=C0INCAUTH1&oldest=1760753340.000100&inclusive=true&include_all_metadata=true&limit=200&cursor=bmV4dA%3D%3D",
            "/api/conversations.replies?channel=C0INCAUTH1&ts=5.000001&oldest=1760753340.000100&inclusive=true&include_all_metadata=true&limit=200",
        ]
    );
}

#[tokio::test]
async fn a_cursor_that_leads_to_itself_is_not_followed_for_ever() {
    let page = json!({"ok": true, "messages": [], "response_metadata": {"next_cursor": "x"}});
    let (_api, address) = Api::serving([ok(page.clone()), ok(page)]).await;
    let found = client(address)
        .find_by_key(&channel(), None, Clock::system().now(), "outbox-7")
        .await;
    assert_eq!(found, Err(SlackError::Malformed));
}

#[tokio::test]
async fn a_typed_name_means_the_one_who_is_shown_by_it() {
    let person = |id: &str, handle: &str, shown: &str| {
        json!({"id": id, "name": handle, "team_id": "T1",
        "profile": {"display_name": shown, "real_name": "Somebody"}})
    };
    let gone = json!({"id": "U9", "name": "olga", "deleted": true});
    let (api, address) = Api::serving([
        ok(
            json!({"ok": true, "response_metadata": {"next_cursor": "p2"}, "members": [
                person("U1", "mreyes", "Morgan"), person("U2", "morgan", "Mo"), gone]}),
        ),
        ok(json!({"ok": true, "members": [person("U3", "sam1", "Sam"), person("U4", "sam2", "Sam")]})),
        ok(json!({"ok": true, "usergroups": [{"id": "S1", "handle": "eng-managers", "name": "EM"}]})),
    ])
    .await;
    let lookup = Lookup::new(client(address), WorkspaceId::new("T1"), Clock::system());
    let one = |id| Named::One(UserId::new(id));
    for (typed, expected) in [
        ("@morgan", one("U1")),
        ("MORGAN", one("U1")),
        ("mreyes", one("U1")),
        ("mo", one("U2")),
        ("olga", Named::Nobody),
        (
            "sam",
            Named::Several(vec![UserId::new("U3"), UserId::new("U4")]),
        ),
    ] {
        assert_eq!(lookup.user_named(typed).await.unwrap(), expected, "{typed}");
    }
    for _ in 0..2 {
        let group = lookup.group_named("@Eng-Managers").await.unwrap();
        assert_eq!(group, Named::One(GroupId::new("S1")));
    }
    // Two pages and one list: the rest was remembered.
    assert_eq!(api.calls().len(), 3);
}

#[tokio::test]
async fn what_decides_is_read_afresh_and_a_name_may_be_remembered() {
    let user = |flag: &str| {
        ok(json!({"ok": true, "user":
            {"id": "U1", "team_id": "T1", "name": "gus", "tz": "Europe/Berlin", flag: true}}))
    };
    let (api, address) = Api::serving([user("is_restricted"), user("deleted")]).await;
    let lookup = Lookup::new(client(address), WorkspaceId::new("T1"), Clock::system());
    let gus = UserId::new("U1");
    let first = lookup.known_member(&gus).await.unwrap();
    assert_eq!(lookup.known_member(&gus).await.unwrap(), first);
    assert_eq!(api.calls().len(), 1);
    let second = lookup.member(&gus).await.unwrap();
    assert_ne!(second.standing, first.standing);
    assert_eq!(lookup.known_member(&gus).await.unwrap(), second);
}

#[tokio::test]
async fn what_slack_does_not_show_is_a_stranger_an_empty_group_a_private_place() {
    let no = |error: &str| ok(json!({"ok": false, "error": error}));
    let (_api, address) = Api::serving([
        no("user_not_visible"),
        no("no_such_subteam"),
        no("channel_not_found"),
        no("fatal_error"),
    ])
    .await;
    let lookup = Lookup::new(client(address), WorkspaceId::new("T1"), Clock::system());
    let stranger = lookup.member(&UserId::new("U1")).await.unwrap();
    assert_eq!(stranger.standing, Standing::Foreign);
    let group = lookup.group_members(&GroupId::new("S1")).await.unwrap();
    assert!(group.is_empty());
    let place = lookup.channel(&channel()).await.unwrap();
    assert!(place.private && !place.bot_is_member && place.name.is_none());
    // While Slack can't be asked, nobody is anything.
    let nothing = lookup.member(&UserId::new("U1")).await;
    assert_eq!(nothing, Err(SlackError::Unknown));
}

#[test]
fn a_token_never_travels_in_the_clear() {
    let made = |api_url: &str| {
        SlackClient::new(Settings {
            api_url: api_url.to_owned(),
            bot_token: BOT_TOKEN.to_owned(),
            app_token: None,
            http_timeout: HTTP_TIMEOUT,
        })
    };
    for insecure in [
        "http://slack.com/api",
        "ftp://127.0.0.1/api",
        "http://127.0.0.1.example.com",
    ] {
        assert!(
            matches!(made(insecure), Err(TransportError::Insecure)),
            "{insecure}"
        );
    }
    for local in [
        "http://127.0.0.1:8417/api",
        "http://localhost:1/api/",
        "http://[::1]:1/api",
    ] {
        assert!(made(local).is_ok(), "{local}");
    }
    assert!(matches!(
        made("slack"),
        Err(TransportError::NotAnAddress(_))
    ));
}
