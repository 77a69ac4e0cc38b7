//! The Socket Mode door.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use breakglass::clock::Clock;
use breakglass::slack::client::{HTTP_TIMEOUT, SlackClient};
use breakglass::slack::error::SlackError;
use breakglass::slack::socket::{self, Heard, Pace};
use breakglass::slack::{Answer, DeliveryKind, Receive};
use breakglass::stop::{self, Stopper};
use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::fake::{self, Peer, Sockets};
use super::{receive, receive_with, text};

struct Door {
    heard: Heard,
    stopper: Stopper,
    running: JoinHandle<Result<(), SlackError>>,
}

fn open(client: SlackClient, receive: Receive, pace: Pace) -> Door {
    let heard = Heard::default();
    let (stopper, stop) = stop::pair();
    let door = socket::run(client, receive, Clock::system(), heard.clone(), pace, stop);
    Door {
        heard,
        stopper,
        running: tokio::spawn(door),
    }
}

/// Slack's end, and ours, at the usual pace.
async fn connected(receive: Receive) -> (Sockets, Peer, Door) {
    let mut slack = Sockets::serving().await;
    let door = open(fake::client(slack.address), receive, Pace::default());
    let peer = slack.next().await;
    (slack, peer, door)
}

fn acknowledged(envelope_id: &str) -> Value {
    json!({"envelope_id": envelope_id})
}

#[tokio::test]
async fn two_connections_are_kept_open() {
    let (receive, _heard) = receive();
    let (mut slack, mut first, door) = connected(receive).await;
    let mut second = slack.next().await;
    for peer in [&mut first, &mut second] {
        // Once this is answered, the hello before it was heard.
        peer.deliver("e1", "one").await;
        assert_eq!(peer.hear().await, Some(acknowledged("e1")));
    }
    assert_eq!(door.heard.connections(), 2);
    assert!(door.heard.last_hello().is_some());
}

#[tokio::test]
async fn each_kind_of_envelope_arrives_as_what_it_is() {
    let (receive, mut heard) = receive();
    let (_slack, mut peer, _door) = connected(receive).await;
    for (kind, expected) in [
        ("slash_commands", DeliveryKind::Command),
        ("interactive", DeliveryKind::Interaction),
        ("events_api", DeliveryKind::Event),
    ] {
        let payload = json!({"type": "whatever", "text": kind});
        peer.say(json!({"envelope_id": kind, "type": kind, "payload": payload}))
            .await;
        assert_eq!(peer.hear().await, Some(acknowledged(kind)));
        let delivery = heard.recv().await.unwrap();
        assert_eq!((delivery.kind, delivery.payload), (expected, payload));
    }
}

#[tokio::test]
async fn a_slow_delivery_is_acknowledged_when_kept_and_delays_no_other() {
    let slow = Arc::new(Notify::new());
    let waiting = slow.clone();
    let receive: Receive = Arc::new(move |delivery| {
        let waiting = waiting.clone();
        async move {
            if text(&delivery.payload) == "slow" {
                waiting.notified().await;
            }
            Answer::Acknowledged
        }
        .boxed()
    });
    let (_slack, mut peer, _door) = connected(receive).await;
    peer.deliver("e1", "slow").await;
    peer.deliver("e2", "quick").await;
    assert_eq!(peer.hear().await, Some(acknowledged("e2")));
    slow.notify_one();
    assert_eq!(peer.hear().await, Some(acknowledged("e1")));
}

#[tokio::test]
async fn what_was_not_kept_is_not_acknowledged() {
    let (receive, _heard) = receive_with(|delivery| match text(&delivery.payload) {
        "lost" => Answer::NotKept,
        _ => Answer::Acknowledged,
    });
    let (_slack, mut peer, _door) = connected(receive).await;
    peer.deliver("e1", "lost").await;
    peer.deliver("e2", "kept").await;
    assert_eq!(peer.hear().await, Some(acknowledged("e2")));
}

#[tokio::test]
async fn a_panic_leaves_one_delivery_unacknowledged_and_the_connection_open() {
    let (receive, _heard) = receive_with(|delivery| {
        assert!(text(&delivery.payload) != "boom", "as this test wants it");
        Answer::Acknowledged
    });
    let (_slack, mut peer, _door) = connected(receive).await;
    peer.deliver("e1", "boom").await;
    peer.deliver("e2", "calm").await;
    assert_eq!(peer.hear().await, Some(acknowledged("e2")));
}

#[tokio::test]
async fn a_modals_errors_go_back_only_where_slack_takes_them() {
    let errors = json!({"response_action": "errors", "errors": {"what": "Say what."}});
    let said = errors.clone();
    let (receive, _heard) = receive_with(move |_| Answer::With(said.clone()));
    let (_slack, mut peer, _door) = connected(receive).await;
    peer.deliver("e1", "a modal").await;
    assert_eq!(
        peer.hear().await,
        Some(json!({"envelope_id": "e1", "payload": errors}))
    );
    peer.say(
        json!({"envelope_id": "e2", "type": "events_api", "payload": {},
                    "accepts_response_payload": false}),
    )
    .await;
    assert_eq!(peer.hear().await, Some(acknowledged("e2")));
}

#[tokio::test]
async fn what_nobody_knows_is_acknowledged_and_what_nobody_can_read_is_passed_over() {
    let (receive, mut heard) = receive();
    let (_slack, mut peer, _door) = connected(receive).await;
    peer.say_text(r#"{"type":"events_api","envelope_id":"#)
        .await;
    peer.say(json!({"type": "events_api", "payload": {}})).await;
    peer.say(json!({"type": "from_the_future"})).await;
    peer.say(json!({"type": "from_the_future", "envelope_id": "e1"}))
        .await;
    assert_eq!(peer.hear().await, Some(acknowledged("e1")));
    assert!(heard.try_recv().is_err());
}

#[tokio::test]
async fn an_envelope_delivered_four_times_is_handed_on_four_times() {
    let (receive, mut heard) = receive();
    let (_slack, mut peer, _door) = connected(receive).await;
    for _ in 0..4 {
        peer.deliver("e1", "again").await;
        assert_eq!(peer.hear().await, Some(acknowledged("e1")));
    }
    for _ in 0..4 {
        assert_eq!(text(&heard.recv().await.unwrap().payload), "again");
    }
}

#[tokio::test]
async fn beyond_thirty_two_in_hand_the_next_waits_its_turn() {
    let turns = Arc::new(Semaphore::new(0));
    let (begun, mut beginning) = mpsc::unbounded_channel();
    let most = Arc::new(AtomicUsize::new(0));
    let (waiting, in_hand) = (turns.clone(), Arc::new(AtomicUsize::new(0)));
    let at_most = most.clone();
    let receive: Receive = Arc::new(move |_| {
        let (begun, waiting) = (begun.clone(), waiting.clone());
        let (in_hand, at_most) = (in_hand.clone(), at_most.clone());
        async move {
            let now = in_hand.fetch_add(1, Ordering::SeqCst) + 1;
            at_most.fetch_max(now, Ordering::SeqCst);
            begun.send(()).unwrap();
            waiting.acquire().await.unwrap().forget();
            in_hand.fetch_sub(1, Ordering::SeqCst);
            Answer::Acknowledged
        }
        .boxed()
    });
    let (_slack, mut peer, _door) = connected(receive).await;
    for n in 0..40 {
        peer.deliver(&format!("e{n}"), "many").await;
    }
    for _ in 0..32 {
        beginning.recv().await.unwrap();
    }
    turns.add_permits(40);
    for _ in 0..40 {
        assert!(peer.hear().await.is_some());
    }
    assert_eq!(most.load(Ordering::SeqCst), 32);
}

#[tokio::test]
async fn a_refresh_leaves_no_gap() {
    let (receive, _heard) = receive();
    let (mut slack, mut old, door) = connected(receive).await;
    let _other = slack.next().await;
    old.say(json!({"type": "disconnect", "reason": "warning"}))
        .await;
    let mut new = slack.next().await;
    // Slack may still use the old one, until it closes it.
    old.deliver("e1", "late").await;
    assert_eq!(old.hear().await, Some(acknowledged("e1")));
    new.deliver("e2", "early").await;
    assert_eq!(new.hear().await, Some(acknowledged("e2")));
    assert!(door.heard.connections() >= 2);
}

#[tokio::test]
async fn a_connection_that_breaks_without_a_word_is_replaced() {
    let (receive, _heard) = receive();
    let (mut slack, peer, _door) = connected(receive).await;
    let other = slack.next().await;
    drop(peer);
    let mut replacement = slack.next().await;
    replacement.deliver("e1", "after").await;
    assert_eq!(replacement.hear().await, Some(acknowledged("e1")));
    drop(other);
    slack.next().await;
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_replaced() {
    let (receive, _heard) = receive();
    let mut slack = Sockets::serving().await;
    let pace = Pace {
        ping_every: Duration::from_millis(5),
        silence: Duration::from_millis(50),
        ..Pace::default()
    };
    let _door = open(fake::client(slack.address), receive, pace);
    // Nobody reads these two, so nobody answers their pings.
    let _silent = (slack.next().await, slack.next().await);
    slack.next().await;
}

#[tokio::test]
async fn a_connection_that_never_opens_is_tried_again() {
    let (receive, _heard) = receive();
    let (silent, mut asked) = fake::never_answers().await;
    let url = format!("ws://{silent}/link?ticket=hush");
    let answer = json!({"ok": true, "url": url});
    let (_api, address) = fake::Api::serving((0..100).map(|_| fake::ok(answer.clone()))).await;
    let pace = Pace {
        handshake: Duration::from_millis(20),
        first_pause: Duration::from_millis(1),
        ..Pace::default()
    };
    let door = open(fake::client(address), receive, pace);
    for _ in 0..6 {
        asked.recv().await.unwrap();
    }
    door.stopper.stop();
    door.running.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_api_that_never_answers_does_not_keep_the_door_from_closing() {
    let (receive, _heard) = receive();
    let (silent, mut asked) = fake::never_answers().await;
    let client = fake::client_with_timeout(silent, HTTP_TIMEOUT);
    let door = open(client, receive, Pace::default());
    asked.recv().await.unwrap();
    door.stopper.stop();
    door.running.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_is_in_hand_is_acknowledged_before_the_door_closes() {
    let finish = Arc::new(Notify::new());
    let (begun, mut beginning) = mpsc::unbounded_channel();
    let waiting = finish.clone();
    let receive: Receive = Arc::new(move |_| {
        let (begun, waiting) = (begun.clone(), waiting.clone());
        async move {
            begun.send(()).unwrap();
            waiting.notified().await;
            Answer::Acknowledged
        }
        .boxed()
    });
    let (_slack, mut peer, door) = connected(receive).await;
    peer.deliver("e1", "in hand").await;
    beginning.recv().await.unwrap();
    door.stopper.stop();
    finish.notify_one();
    assert_eq!(peer.hear().await, Some(acknowledged("e1")));
    assert_eq!(peer.hear().await, None);
    door.running.await.unwrap().unwrap();
    assert_eq!(door.heard.connections(), 0);
}

#[tokio::test]
async fn a_socket_in_the_clear_to_elsewhere_is_never_opened() {
    let (receive, _heard) = receive();
    let answer = json!({"ok": true, "url": "ws://wss.example.com/link"});
    let (api, address) = fake::Api::serving((0..100).map(|_| fake::ok(answer.clone()))).await;
    let pace = Pace {
        first_pause: Duration::from_millis(1),
        ..Pace::default()
    };
    let door = open(fake::client(address), receive, pace);
    while api.calls().len() < 4 {
        tokio::task::yield_now().await;
    }
    door.stopper.stop();
    door.running.await.unwrap().unwrap();
    assert_eq!(door.heard.last_hello(), None);
}
