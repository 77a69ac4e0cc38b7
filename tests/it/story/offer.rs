//! What the quiet offer says, to whom and when. What is overheard is put into
//! the store by hand here: these are the promises of its delivery.

use breakglass::domain::change::{MessageRef, Source, Verdict};
use breakglass::domain::id::{ChannelId, MessageTs, UserId, WorkspaceId};
use breakglass::domain::offer::Quoted;
use breakglass::domain::text::{Salt, Text};
use breakglass::gesture::{Ask, Gesture, Heard};
use breakglass::store::{NewOffer, Options, Store};
use chrono::TimeDelta;

use super::minutes;
use crate::world::World;

/// A world in which Dana asked and Morgan answered in `channel`, and the bot
/// overheard it just now.
async fn overheard_in(channel: &str) -> World {
    let mut world = World::new().await;
    world.stop().await;
    let now = world.now().await;
    let options = Options::at(world.database());
    let store = Store::open(&options, WorkspaceId::new("T0BREAK01")).unwrap();
    let channel = ChannelId::new(channel);
    let says = |body: &str, by: &str, ts: &str, salt: u8| {
        let text = Text::new(body, Salt([salt; 32]));
        let quoted = Quoted {
            by: UserId::new(by),
            message: MessageRef {
                channel: channel.clone(),
                ts: MessageTs::new(ts),
                thread: None,
                permalink: None,
            },
            text: text.commitment(),
        };
        (quoted, text)
    };
    let (request, asks) = says(
        "deploying the WAF rule. Authorization?",
        "U0DANA0001",
        "1773450840.000100",
        1,
    );
    let (answer, answers) = says("approved. Deploy.", "U0MORGAN01", "1773450900.000200", 2);
    let gesture = Gesture {
        key: "overheard".to_owned(),
        actor: UserId::new("U0MORGAN01"),
        at: now,
        source: Source::Slack,
        channel: Some(channel.clone()),
        thread: None,
        response_url: None,
        ask: Ask::Overhear {
            ts: MessageTs::new("1773450900.000200"),
            text: answer.text,
            verdict: Verdict::Grant,
            addressed: false,
        },
    };
    let heard = Heard {
        gesture: gesture.clone(),
        texts: vec![answers.clone()],
    };
    store.keep(heard, now).await.unwrap();
    let offer = NewOffer {
        channel,
        thread: None,
        asker: UserId::new("U0DANA0001"),
        request,
        answer,
        verdict: Verdict::Grant,
        outranks: false,
    };
    let made = store.make_offer(gesture, offer, vec![asks, answers], now);
    made.await.unwrap();
    store.close().await;
    drop(store);
    world.start().await;
    world.settle().await;
    world
}

#[tokio::test]
async fn an_offer_is_whispered_to_the_asker_and_comes_once_more_by_day() {
    let mut world = overheard_in("C0INCAUTH1").await;
    world.heard("dana, aside", &["approved. Deploy."]);
    // It is three in the morning an hour later: the direct message waits.
    world.go(minutes(70)).await;
    assert!(world.read_all().is_empty());
    world.go(TimeDelta::hours(7)).await;
    world.heard("dana", &["approved. Deploy."]);
    assert!(world.sees("dana", "@breakglass", "take_offer").await);
    // Left alone for a day more, it is listed, and its buttons are gone.
    world.go(TimeDelta::hours(25)).await;
    assert!(!world.sees("dana", "@breakglass", "take_offer").await);
    world.skip();
    world.slash("riley", "list open").await;
    world.heard("riley, aside", &["deploying the WAF rule"]);
    world.end().await;
}

#[tokio::test]
async fn an_offer_that_can_not_be_whispered_goes_by_direct_message_at_once() {
    // The bot isn't in this channel.
    let mut world = overheard_in("G0PRIVATE1").await;
    world.heard("dana", &["approved. Deploy."]);
    assert!(world.sees("dana", "@breakglass", "take_offer").await);
    world.end().await;
}
