//! Both doors and the client against the workspace in a box, over the protocol
//! that Slack speaks.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use breakglass::clock::Clock;
use breakglass::domain::authorization::Standing;
use breakglass::domain::id::{ChannelId, GroupId, MessageTs, UserId};
use breakglass::http;
use breakglass::sandbox::{self, Running};
use breakglass::slack::client::{HTTP_TIMEOUT, Outgoing, Settings, SlackClient};
use breakglass::slack::error::{ErrorCode, SlackError};
use breakglass::slack::events::{SigningSecret, router};
use breakglass::slack::lookup::{Lookup, Named};
use breakglass::slack::socket::{self, Pace};
use breakglass::slack::{Answer, Delivery, DeliveryKind, Receive};
use breakglass::stop::{self, Stopper};
use serde_json::{Value, json};
use slack_morphism::prelude::{SlackBlock, SlackView};
use tokio::time::timeout;

use super::{Heard, browser, receive, receive_with, text};

const MANIFEST: &str = include_str!("manifest.yml");
const INCIDENT: &str = "C0INCAUTH1";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Through {
    Socket,
    Http,
}

/// A workspace, and a door of ours that stands open to it.
struct World {
    running: Running,
    browser: reqwest::Client,
    client: SlackClient,
    connected: socket::Heard,
    _stopper: Stopper,
}

impl World {
    async fn open(through: Through, receive: Receive) -> Self {
        let running = sandbox::start(sandbox::Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            manifest: MANIFEST.to_owned(),
            frozen_at: None,
            request_url: None,
            seed: 7,
            tour: None,
        })
        .await
        .unwrap();
        let (stopper, stop) = stop::pair();
        let world = Self {
            client: client(&running, HTTP_TIMEOUT),
            running,
            browser: browser(),
            connected: socket::Heard::default(),
            _stopper: stopper,
        };
        match through {
            Through::Socket => {
                tokio::spawn(socket::run(
                    world.client.clone(),
                    receive,
                    Clock::system(),
                    world.connected.clone(),
                    Pace::default(),
                    stop,
                ));
                world.connected.connected(2).await;
            }
            Through::Http => {
                let secret = &world.running.credentials().signing_secret;
                let secret = SigningSecret::new(secret).unwrap();
                let routes = router(secret, Clock::system(), receive);
                let listener = http::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
                let url = format!("http://{}/slack", listener.local_addr().unwrap());
                tokio::spawn(http::serve(listener, routes, stop));
                world.tell("app", json!({"request_url": url})).await;
            }
        }
        world
    }

    /// Does something in the workspace.
    async fn tell(&self, what: &str, order: Value) -> Value {
        let url = format!("{}/{what}", self.running.control_url());
        let answer = self.browser.post(url).json(&order).send().await.unwrap();
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{what} {order}: {answer}");
        answer
    }

    async fn look(&self, at: &str) -> Value {
        let url = format!("{}/{at}", self.running.control_url());
        self.browser
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    async fn slash(&self, words: &str) -> Value {
        self.tell(
            "slash",
            json!({"as": "dana", "channel": "#inc-auth-outage", "command": "/emergency", "text": words}),
        )
        .await
    }

    async fn misbehave(&self, method: &str, fault: &str) {
        let order = json!({"method": method, "fault": fault, "times": 1, "retry_after_s": 9});
        self.tell("misbehave", order).await;
    }
}

fn client(running: &Running, http_timeout: Duration) -> SlackClient {
    SlackClient::new(Settings {
        api_url: running.slack_api_url(),
        bot_token: running.credentials().bot_token.clone(),
        app_token: Some(running.credentials().app_token.clone()),
        http_timeout,
    })
    .unwrap()
}

fn saying(text: &str) -> Outgoing {
    Outgoing {
        text: text.to_owned(),
        blocks: Vec::new(),
        thread: None,
        key: Some("outbox-7".to_owned()),
    }
}

fn blocks(json: Value) -> Vec<SlackBlock> {
    serde_json::from_value(json).unwrap()
}

fn view(json: Value) -> SlackView {
    serde_json::from_value(json).unwrap()
}

fn channel(id: &str) -> ChannelId {
    ChannelId::new(id)
}

fn refused<T>(code: ErrorCode) -> Result<T, SlackError> {
    Err(SlackError::Refused { code })
}

/// Passes the bot's own posts over, and waits for the next other delivery.
async fn next(heard: &mut Heard) -> Delivery {
    loop {
        let delivery = heard.recv().await.unwrap();
        if delivery.payload.pointer("/event/bot_id").is_none() {
            return delivery;
        }
    }
}

/// Says of a delivery what doesn't change from one to the next.
fn outline(delivery: &Delivery) -> String {
    let payload = &delivery.payload;
    let at = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str);
    let fields: BTreeSet<_> = payload.as_object().unwrap().keys().collect();
    let what = ["/event/type", "/callback_id", "/view/callback_id", "/type"];
    let what = what.iter().find_map(|pointer| at(pointer));
    let words = at("/event/text").or(at("/text"));
    format!("{:?} {what:?} {words:?} {fields:?}", delivery.kind)
}

/// One conversation, as it passes through a door: every kind of delivery, and
/// every answer that the bot can give to one.
async fn conversation(through: Through) -> Vec<String> {
    let complain = std::sync::Arc::new(AtomicBool::new(true));
    let complaining = complain.clone();
    let (receive, mut heard) = receive_with(move |delivery| {
        if delivery.payload["type"] == "view_submission"
            && complaining.swap(false, Ordering::SeqCst)
        {
            Answer::With(json!({"response_action": "errors", "errors": {"what": "Say what."}}))
        } else {
            Answer::Acknowledged
        }
    });
    let world = World::open(through, receive).await;
    let client = &world.client;
    let mut seen = Vec::new();

    let answered = world.slash("Deploy WAF rule @morgan in #engineering").await;
    assert_eq!(answered["status"], "acknowledged");
    assert_eq!(answered["response"], Value::Null);
    let command = next(&mut heard).await;
    assert_eq!(command.kind, DeliveryKind::Command);
    assert_eq!(
        text(&command.payload),
        "Deploy WAF rule <@U0MORGAN01|morgan> in <#C0ENGINEER|engineering>"
    );
    seen.push(outline(&command));

    let modal = view(json!({"type": "modal", "callback_id": "declare",
        "title": {"type": "plain_text", "text": "Emergency"},
        "submit": {"type": "plain_text", "text": "Declare"},
        "blocks": [{"type": "input", "block_id": "what",
            "label": {"type": "plain_text", "text": "What"},
            "element": {"type": "plain_text_input", "action_id": "text"}}]}));
    let trigger = command.payload["trigger_id"].as_str().unwrap();
    let shown = client.open_view(trigger, modal.clone()).await.unwrap();
    let again = client.open_view(trigger, modal).await;
    assert_eq!(again, refused(ErrorCode::ExchangedTriggerId));
    assert!(!shown.id.is_empty());
    for expected in ["errors", "closed"] {
        let values = json!({"what": {"text": "Deploy WAF rule"}});
        let submitted = world
            .tell("submit", json!({"as": "dana", "values": values}))
            .await;
        assert_eq!(submitted["outcome"], expected, "{submitted}");
        seen.push(outline(&next(&mut heard).await));
    }

    let card = Outgoing {
        blocks: blocks(json!([{"type": "actions", "elements": [{"type": "button",
            "action_id": "authorize", "text": {"type": "plain_text", "text": "Authorize"}}]}])),
        ..saying("Authorize?")
    };
    let posted = client.post(&channel(INCIDENT), card).await.unwrap();
    let clicked = json!({"as": "morgan", "channel": INCIDENT, "ts": posted.ts.as_str(), "action_id": "authorize"});
    assert_eq!(world.tell("click", clicked).await["status"], "acknowledged");
    let click = next(&mut heard).await;
    assert_eq!(click.payload["user"]["id"], "U0MORGAN01");
    seen.push(outline(&click));
    let response_url = click.payload["response_url"].as_str().unwrap();
    let thanks =
        json!({"text": "Authorized.", "response_type": "ephemeral", "replace_original": false});
    client.respond(response_url, &thanks).await.unwrap();
    let seen_by_morgan = world
        .look("transcript?as=morgan&channel=%23inc-auth-outage")
        .await;
    assert!(seen_by_morgan.to_string().contains("Authorized."));

    let said = json!({"as": "morgan", "channel": "#inc-auth-outage", "text": "approved. Deploy."});
    let said = world.tell("say", said).await;
    seen.push(outline(&next(&mut heard).await));
    let reaction =
        json!({"as": "dana", "channel": INCIDENT, "ts": said["ts"], "name": "rotating_light"});
    world.tell("react", reaction).await;
    seen.push(outline(&next(&mut heard).await));
    let shortcut = json!({"as": "dana", "channel": INCIDENT, "ts": said["ts"], "callback_id": "record_authorization"});
    world.tell("shortcut", shortcut).await;
    seen.push(outline(&next(&mut heard).await));
    world.tell("home", json!({"as": "dana"})).await;
    seen.push(outline(&next(&mut heard).await));
    let home = view(json!({"type": "home", "blocks": [{"type": "divider"}]}));
    let dana = UserId::new("U0DANA0001");
    client.publish_home(&dana, home).await.unwrap();
    seen
}

#[tokio::test]
async fn the_same_conversation_passes_through_both_doors() {
    let through_socket = conversation(Through::Socket).await;
    assert_eq!(through_socket.len(), 8);
    assert_eq!(through_socket, conversation(Through::Http).await);
}

#[tokio::test]
async fn a_token_may_do_what_its_manifest_asks_for_until_it_is_revoked() {
    let (receive, _heard) = receive();
    let world = World::open(Through::Http, receive).await;
    let identity = world.client.auth_test().await.unwrap();
    assert_eq!(identity.workspace.as_str(), "T0BREAK01");
    assert_eq!(identity.bot_user.as_str(), "U0BREAKGLS");
    for scope in ["chat:write", "commands", "im:read", "usergroups:read"] {
        assert!(identity.scopes.contains(scope), "{scope}");
    }
    world
        .tell("token", json!({"token": "bot", "revoked": true}))
        .await;
    let Err(SlackError::Refused { code }) = world.client.auth_test().await else {
        panic!()
    };
    assert!(code.is_about_the_token(), "{code}");
}

#[tokio::test]
async fn a_message_is_posted_found_changed_and_linked_to() {
    let (receive, _heard) = receive();
    let world = World::open(Through::Http, receive).await;
    let (client, place, begun) = (&world.client, channel(INCIDENT), Clock::system().now());
    let top = client.post(&place, saying("A card")).await.unwrap();
    let reply = Outgoing {
        thread: Some(top.ts.clone()),
        key: Some("outbox-8".to_owned()),
        ..saying("A note")
    };
    let reply = client.post(&place, reply).await.unwrap();
    for (thread, key, expected) in [
        (None, "outbox-7", Some(&top.ts)),
        (None, "outbox-8", None),
        (Some(&top.ts), "outbox-8", Some(&reply.ts)),
        (Some(&top.ts), "outbox-9", None),
    ] {
        let found = client
            .find_by_key(&place, thread, begun, key)
            .await
            .unwrap();
        assert_eq!(found.as_ref(), expected, "{key}");
    }
    let changed = Outgoing {
        key: None,
        ..saying("Another card")
    };
    assert_eq!(client.update(&place, &top.ts, changed).await.unwrap(), top);
    let found = client.find_by_key(&place, None, begun, "outbox-7").await;
    assert_eq!(found.unwrap(), Some(top.ts.clone()));
    let link = client.permalink(&place, &top.ts).await.unwrap();
    assert!(link.contains(INCIDENT), "{link}");
    let gus = UserId::new("U0GUS00001");
    let whisper = client.post_ephemeral(&place, &gus, saying("Only you"));
    whisper.await.unwrap();
    let direct = client.open_direct(&gus).await.unwrap();
    let told = client.post(&direct, saying("Hello")).await.unwrap();
    assert_eq!(told.channel, direct);
}

#[tokio::test]
async fn slack_refuses_by_name() {
    let (receive, _heard) = receive();
    let world = World::open(Through::Http, receive).await;
    for (place, code) in [
        ("C0GENERAL1", ErrorCode::NotInChannel),
        ("C0ARCHIVED", ErrorCode::IsArchived),
        ("G0PRIVATE1", ErrorCode::ChannelNotFound),
        ("C0NOWHERE1", ErrorCode::ChannelNotFound),
    ] {
        assert!(code.is_about_the_place());
        let posted = world.client.post(&channel(place), saying("x")).await;
        assert_eq!(posted, refused(code), "{place}");
    }
    let nobody = MessageTs::new("1.000001");
    let incident = channel(INCIDENT);
    let updated = world.client.update(&incident, &nobody, saying("x"));
    assert_eq!(updated.await, refused(ErrorCode::MessageNotFound));
    let too_long = Outgoing {
        blocks: blocks(json!([{"type": "section",
            "text": {"type": "mrkdwn", "text": "x".repeat(3001)}}])),
        ..saying("x")
    };
    let Err(SlackError::Refused { code }) = world.client.post(&channel(INCIDENT), too_long).await
    else {
        panic!()
    };
    let ErrorCode::InvalidBlocks { at } = code else {
        panic!("{code}")
    };
    assert!(at.starts_with("/blocks/0"), "{at}");
}

#[tokio::test]
async fn what_happened_to_a_call_is_known_or_known_to_be_unknown() {
    let (receive, _heard) = receive();
    let world = World::open(Through::Http, receive).await;
    let (place, begun) = (channel(INCIDENT), Clock::system().now());
    let hasty = client(&world.running, Duration::from_millis(200));
    let retry_after = Duration::from_secs(9);
    for (fault, expected, applied) in [
        (
            "ratelimited",
            SlackError::RateLimited { retry_after },
            false,
        ),
        ("server_error", SlackError::Unknown, false),
        ("drop_connection", SlackError::Unknown, false),
        ("silence", SlackError::Unknown, false),
        ("applied_then_drop", SlackError::Unknown, true),
        ("applied_then_silence", SlackError::Unknown, true),
        ("late", SlackError::Unknown, true),
    ] {
        world.misbehave("chat.postMessage", fault).await;
        let message = Outgoing {
            key: Some(fault.to_owned()),
            ..saying(fault)
        };
        assert_eq!(hasty.post(&place, message).await, Err(expected), "{fault}");
        // What was applied late has landed by now.
        world
            .tell("clock/settle", json!({"timeout_ms": 5000}))
            .await;
        let found = hasty.find_by_key(&place, None, begun, fault).await;
        assert_eq!(found.unwrap().is_some(), applied, "{fault}");
    }
}

#[tokio::test]
async fn a_used_up_response_url_is_refused() {
    let (receive, mut heard) = receive();
    let world = World::open(Through::Http, receive).await;
    world.slash("help").await;
    let command = next(&mut heard).await;
    let url = command.payload["response_url"].as_str().unwrap();
    let answer = json!({"text": "Kept."});
    for _ in 0..5 {
        world.client.respond(url, &answer).await.unwrap();
    }
    let sixth = world.client.respond(url, &answer).await;
    assert!(
        matches!(sixth, Err(SlackError::Refused { .. })),
        "{sixth:?}"
    );
}

#[tokio::test]
async fn who_and_what_is_there_is_read_as_slack_tells_it() {
    let (receive, _heard) = receive();
    let world = World::open(Through::Http, receive).await;
    let workspace = world.client.auth_test().await.unwrap().workspace;
    let lookup = Lookup::new(world.client.clone(), workspace, Clock::system());
    for (person, standing) in [
        ("U0MORGAN01", Standing::Full),
        ("U0GUS00001", Standing::Guest),
        ("U0OLGA0001", Standing::Deactivated),
        ("U0XAVIER01", Standing::Foreign),
        ("U0CIBOT001", Standing::Bot),
        ("U0NOBODY01", Standing::Foreign),
    ] {
        let facts = lookup.member(&UserId::new(person)).await.unwrap();
        assert_eq!(facts.standing, standing, "{person}");
    }
    let priya = lookup.member(&UserId::new("U0PRIYA001")).await.unwrap();
    assert_eq!(priya.zone.as_deref(), Some("America/New_York"));
    let managers = GroupId::new("S0ENGMGRS1");
    let members = lookup.group_members(&managers).await.unwrap();
    let expected = ["U0MORGAN01", "U0PRIYA001"].map(UserId::new);
    assert_eq!(members, BTreeSet::from(expected));
    let nobody = lookup.group_members(&GroupId::new("S0NOWHERE1")).await;
    assert!(nobody.unwrap().is_empty());
    let morgan = Named::One(UserId::new("U0MORGAN01"));
    assert_eq!(lookup.user_named("@morgan").await.unwrap(), morgan);
    let group = lookup.group_named("eng-managers").await.unwrap();
    assert_eq!(group, Named::One(managers));

    let incident = lookup.channel(&channel(INCIDENT)).await.unwrap();
    assert_eq!(incident.name.as_deref(), Some("inc-auth-outage"));
    assert!(incident.bot_is_member && !incident.private && !incident.shared);
    let general = lookup.channel(&channel("C0GENERAL1")).await.unwrap();
    assert!(!general.bot_is_member && !general.private);
    let secret = lookup.channel(&channel("G0PRIVATE1")).await.unwrap();
    assert!(secret.private && !secret.bot_is_member && secret.name.is_none());
    let archived = lookup.channel(&channel("C0ARCHIVED")).await.unwrap();
    assert!(archived.archived);
    let partner = lookup.channel(&channel("C0SHARED01")).await.unwrap();
    assert!(partner.shared && partner.bot_is_member);
    let dana = UserId::new("U0DANA0001");
    let direct = world.client.open_direct(&dana).await.unwrap();
    let direct = lookup.channel(&direct).await.unwrap();
    assert!(direct.direct && direct.private && direct.bot_is_member);
}

#[tokio::test]
async fn a_delivery_made_four_times_arrives_four_times_through_either_door() {
    for through in [Through::Socket, Through::Http] {
        let (receive, mut heard) = receive();
        let world = World::open(through, receive).await;
        world.slash("once").await;
        world.tell("deliver_again", json!({"n": 3})).await;
        for _ in 0..4 {
            assert_eq!(text(&next(&mut heard).await.payload), "once");
        }
    }
}

#[tokio::test]
async fn an_event_that_meets_a_panic_comes_again() {
    for through in [Through::Socket, Through::Http] {
        let first = AtomicBool::new(true);
        let (receive, mut heard) = receive_with(move |_| {
            assert!(
                !first.swap(false, Ordering::SeqCst),
                "as this test wants it"
            );
            Answer::Acknowledged
        });
        let world = World::open(through, receive).await;
        world.tell("app", json!({"patience_ms": 100})).await;
        let said = json!({"as": "dana", "channel": INCIDENT, "text": "Anyone?"});
        world.tell("say", said).await;
        let event = heard.recv().await.unwrap();
        assert_eq!(event.payload["event"]["text"], "Anyone?");
    }
}

#[tokio::test]
async fn an_event_that_was_not_kept_comes_again() {
    for through in [Through::Socket, Through::Http] {
        let first = AtomicBool::new(true);
        let (receive, mut heard) = receive_with(move |_| {
            if first.swap(false, Ordering::SeqCst) {
                Answer::NotKept
            } else {
                Answer::Acknowledged
            }
        });
        let world = World::open(through, receive).await;
        world.tell("app", json!({"patience_ms": 100})).await;
        let said = json!({"as": "dana", "channel": INCIDENT, "text": "Anyone?"});
        world.tell("say", said).await;
        for _ in 0..2 {
            let event = heard.recv().await.unwrap();
            assert_eq!(event.payload["event"]["text"], "Anyone?");
        }
    }
}

#[tokio::test]
async fn a_modal_that_nobody_kept_stays_open() {
    let (receive, mut heard) = receive_with(|delivery| match delivery.kind {
        DeliveryKind::Command => Answer::Acknowledged,
        DeliveryKind::Interaction | DeliveryKind::Event => Answer::NotKept,
    });
    let world = World::open(Through::Http, receive).await;
    world.slash("").await;
    let command = next(&mut heard).await;
    let trigger = command.payload["trigger_id"].as_str().unwrap();
    let modal = view(
        json!({"type": "modal", "title": {"type": "plain_text", "text": "E"},
        "submit": {"type": "plain_text", "text": "Go"}, "blocks": [{"type": "input",
            "block_id": "b", "optional": true, "label": {"type": "plain_text", "text": "What"},
            "element": {"type": "plain_text_input", "action_id": "a"}}]}),
    );
    world.client.open_view(trigger, modal).await.unwrap();
    let submitted = world.tell("submit", json!({"as": "dana"})).await;
    assert_ne!(submitted["outcome"], "closed", "{submitted}");
    let open = world.look("views?as=dana").await;
    assert_eq!(open["views"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_refreshed_socket_loses_nothing() {
    for reason in ["warning", "refresh_requested"] {
        let (receive, mut heard) = receive();
        let world = World::open(Through::Socket, receive).await;
        let before = newest_socket(&world).await;
        let farewell = json!({"reason": reason, "socket": before});
        assert_eq!(world.tell("sockets/farewell", farewell).await["told"], 1);
        for n in 0..20 {
            let words = format!("message {n}");
            assert_eq!(world.slash(&words).await["status"], "acknowledged");
            assert_eq!(text(&next(&mut heard).await.payload), words);
        }
        let replaced = async { while newest_socket(&world).await == before {} };
        timeout(Duration::from_secs(5), replaced).await.unwrap();
    }
}

async fn newest_socket(world: &World) -> u64 {
    let sockets = world.look("sockets").await;
    let ids = sockets["sockets"].as_array().unwrap().iter();
    ids.filter_map(|socket| socket["id"].as_u64())
        .max()
        .unwrap()
}

#[tokio::test]
async fn sockets_that_were_cut_are_opened_again_and_the_event_comes_again() {
    let (receive, mut heard) = receive();
    let world = World::open(Through::Socket, receive).await;
    world
        .tell(
            "misbehave",
            json!({"deliveries": "drop_socket", "times": 1}),
        )
        .await;
    let said = json!({"as": "dana", "channel": INCIDENT, "text": "Anyone?"});
    world.tell("say", said).await;
    let event = next(&mut heard).await;
    assert_eq!(event.payload["event"]["text"], "Anyone?");
    world.tell("sockets/cut", json!({})).await;
    world.connected.connected(2).await;
    assert_eq!(world.slash("still there").await["status"], "acknowledged");
}

#[tokio::test]
async fn a_delivery_signed_six_minutes_ago_is_not_taken() {
    let (receive, mut heard) = receive();
    let world = World::open(Through::Http, receive).await;
    assert_eq!(world.slash("now").await["status"], "acknowledged");
    heard.recv().await.unwrap();
    // The workspace's clock goes wrong; the door's doesn't.
    world.tell("clock/move", json!({"by_s": 360})).await;
    assert_ne!(world.slash("later").await["status"], "acknowledged");
    assert!(heard.try_recv().is_err());
}

#[tokio::test]
async fn a_slack_that_hands_out_no_sockets_is_asked_until_it_does() {
    let (receive, _heard) = receive();
    let world = World::open(Through::Http, receive).await;
    world.tell("app", json!({"request_url": null})).await;
    world
        .misbehave("apps.connections.open", "server_error")
        .await;
    world
        .misbehave("apps.connections.open", "drop_connection")
        .await;
    let (receive, mut heard) = super::receive();
    let (_stopper, stop) = stop::pair();
    let connected = socket::Heard::default();
    let pace = Pace {
        first_pause: Duration::from_millis(1),
        ..Pace::default()
    };
    tokio::spawn(socket::run(
        world.client.clone(),
        receive,
        Clock::system(),
        connected.clone(),
        pace,
        stop,
    ));
    connected.connected(2).await;
    assert_eq!(world.slash("by socket").await["status"], "acknowledged");
    assert_eq!(text(&next(&mut heard).await.payload), "by socket");
}
