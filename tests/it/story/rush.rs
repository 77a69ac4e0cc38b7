//! Five hundred reminders that fall due within one minute, while Slack says no to
//! every fifth message.
//!
//! The changes are put into the database while the bot is stopped, as a night in
//! which it was down would leave them; the bot that then sends is the real one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use breakglass::domain::authorization::{Member, Standing};
use breakglass::domain::change::{Actor, Command, Criterion, Place, Source, Submission};
use breakglass::domain::id::{ChangeNumber, ChannelId, GroupId, UserId, WorkspaceId};
use breakglass::domain::policy::{Party, PolicyVersion};
use breakglass::domain::text::{Salt, Text};
use breakglass::gesture::{Ask, Gesture, Heard};
use breakglass::store::{Execution, Options, Rules, Store, Target};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::world::{Setting, World, berlin};

/// Conversations in which two reminders each fall due: threads of as many channels,
/// and direct messages with as many people.
const EACH: usize = 100;

/// Channels in which a card has changed, and people who have opened their Home.
const LESSER: usize = 40;

/// How long Slack asks to be left alone.
const RETRY_AFTER: TimeDelta = TimeDelta::seconds(7);

/// How many lanes send at once; their calls may arrive in any order.
const AT_ONCE: usize = 32;

/// A world with many people and channels in it.
struct Crowd {
    world: World,
    people: Vec<UserId>,
    channels: Vec<ChannelId>,
    rules: Arc<Rules>,
}

impl Crowd {
    async fn gathered() -> Self {
        let setting = Setting {
            at: berlin("2026-03-16 09:00"),
            ..Setting::default()
        };
        let policy = setting.policy.policy(PolicyVersion(1)).unwrap();
        let mut world = World::of(setting).await;
        world.stop().await;
        // The pace is the bot's to keep: the sandbox would forgive a burst.
        let unlimited = json!({"rate_limits": false});
        world.try_act("app", unlimited).await.unwrap();
        let (mut people, mut channels) = (Vec::new(), Vec::new());
        let id = |made: &Value, what: &str| made[what]["id"].as_str().unwrap().to_owned();
        for n in 0..EACH {
            let body = json!({"person": format!("p{n}")});
            let made = world.try_act("person", body).await.unwrap();
            people.push(UserId::new(id(&made, "person")));
        }
        for n in 0..EACH + LESSER {
            let body = json!({"channel": format!("#inc-{n}"), "invite": ["breakglass"]});
            let made = world.try_act("channel", body).await.unwrap();
            channels.push(ChannelId::new(id(&made, "channel")));
        }
        Self {
            world,
            people,
            channels,
            rules: Arc::new(Rules::new(policy, [], chrono_tz::Europe::Berlin)),
        }
    }

    fn open(&self) -> Store {
        let workspace = WorkspaceId::new("T0BREAK01");
        Store::open(&Options::at(self.world.database()), workspace).unwrap()
    }

    /// Somebody does something, as if it had been resolved.
    async fn act(
        &self,
        store: &Store,
        target: Target,
        (who, at): (&UserId, DateTime<Utc>),
        command: Command,
    ) -> ChangeNumber {
        let texts = match &command {
            Command::Request { what, .. } => vec![what.clone()],
            _ => Vec::new(),
        };
        let execution = Execution {
            target,
            submissions: vec![Submission {
                actor: Actor::Person(who.clone()),
                at,
                source: Source::Slack,
                command,
            }],
            texts,
            gesture: None,
            met: Vec::new(),
            asks_back: None,
            afterwards: None,
        };
        let rules = Arc::clone(&self.rules);
        let (outcome, number) = store.execute(execution, rules, at).await.unwrap();
        assert_eq!(outcome, breakglass::store::Outcome::Done);
        number.unwrap()
    }

    async fn request(
        &self,
        store: &Store,
        who: &UserId,
        channel: &ChannelId,
        at: DateTime<Utc>,
    ) -> ChangeNumber {
        let what = Text::new(format!("Fix {channel}"), Salt([7; 32]));
        let command = Command::Request {
            what: what.clone(),
            verbatim: what,
            asked: vec![Party::Group(GroupId::new("S0ENGMGRS1"))],
            place: Place {
                channel: channel.clone(),
                thread: None,
            },
            criterion: None,
            said: None,
            captured: None,
            drill: false,
            known: Vec::new(),
        };
        self.act(store, Target::New, (who, at), command).await
    }
}

fn member(who: &UserId) -> Member {
    Member {
        id: who.clone(),
        standing: Standing::Full,
        groups: BTreeSet::new(),
    }
}

/// A call that put something into a conversation, or tried to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Call {
    n: u64,
    method: String,
    /// The conversation, or whose Home.
    place: String,
    at: DateTime<Utc>,
    outcome: String,
}

async fn calls(world: &World, since: DateTime<Utc>) -> Vec<Call> {
    let mut all = Vec::new();
    for method in ["chat.postMessage", "chat.update", "views.publish"] {
        for call in world.calls(method).await {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let arguments = &call["arguments"];
            all.push(Call {
                n: call["n"].as_u64().unwrap(),
                method: method.to_owned(),
                place: format!(
                    "{}{}",
                    text(&arguments["channel"]),
                    text(&arguments["user_id"])
                ),
                at: call["at"].as_str().unwrap().parse().unwrap(),
                outcome: text(&call["outcome"]),
            });
        }
    }
    all.retain(|call| call.at >= since);
    all.sort_by_key(|call| call.n);
    all
}

/// What is wrong with the times of these calls; nothing if all is as promised.
fn impatient(calls: &[Call], since: DateTime<Utc>) -> Vec<String> {
    let mut places: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for call in calls {
        places.entry(&call.place).or_default().push(call);
    }
    let mut faults = Vec::new();
    for (place, calls) in places {
        for (one, next) in calls.iter().zip(calls.iter().skip(1)) {
            let wait = if one.outcome == "ok" {
                TimeDelta::seconds(1)
            } else {
                RETRY_AFTER
            };
            if next.at - one.at < wait {
                faults.push(format!("{place}: {next:?} comes too soon after {one:?}"));
            }
        }
        let refused = calls.iter().any(|call| call.outcome != "ok");
        let n = i64::try_from(calls.len()).unwrap();
        let last = calls.last().unwrap();
        if !refused && last.at - since > TimeDelta::seconds(n) {
            faults.push(format!(
                "{place}: {last:?} is late, though nothing was refused"
            ));
        }
    }
    faults
}

/// How many of these places had their turn before the first of those.
fn turns_before(calls: &[Call], these: &BTreeSet<String>, other: &str) -> usize {
    let served: BTreeSet<&str> = calls
        .iter()
        .take_while(|call| call.method != other)
        .map(|call| call.place.as_str())
        .filter(|place| these.contains(*place))
        .collect();
    served.len()
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one night, told from its beginning to its end"
)]
async fn five_hundred_reminders_due_in_one_minute_all_arrive_each_in_its_turn() {
    let mut crowd = Crowd::gathered().await;
    let began = crowd.world.now().await;
    let store = crowd.open();
    let version = crowd.world.setting.policy.bytes().unwrap();
    store.adopt_policy(version, began).await.unwrap();
    // Each of a hundred people has deployed twice without permission, each time in a
    // channel that somebody else used as well: they owe two tickets, half of them
    // have two commanders to name, and the group owes each channel two second
    // persons.
    for n in 0..2 * EACH {
        let at = began + TimeDelta::milliseconds(i64::try_from(n).unwrap() * 290);
        let who = crowd.people[n % EACH].clone();
        let channel = crowd.channels[(n + n / EACH) % EACH].clone();
        let number = crowd.request(&store, &who, &channel, at).await;
        let to = Target::Change(number);
        let by = member(&who);
        let ahead = Command::GoAhead { by };
        crowd.act(&store, to, (&who, at), ahead).await;
        if n < EACH {
            let commander = UserId::new("U0RILEY001");
            let command = Command::TakeCommand {
                by: Member {
                    groups: [GroupId::new("S0COMMAND1")].into(),
                    ..member(&commander)
                },
            };
            crowd.act(&store, to, (&commander, at), command).await;
        }
        let deployed = Command::RecordDeployment {
            at,
            source: Source::Slack,
            by: who.clone(),
        };
        crowd.act(&store, to, (&who, at), deployed).await;
    }
    let mut lesser = Vec::new();
    for n in 0..LESSER {
        let (who, channel) = (&crowd.people[n], &crowd.channels[EACH + n]);
        lesser.push(crowd.request(&store, who, channel, began).await);
    }
    store.close().await;
    drop(store);
    crowd.world.start().await;
    crowd.world.go(TimeDelta::minutes(7)).await;
    let opened = "SELECT count(*) FROM outbox WHERE state <> 'settled' AND not_before <= 0";
    assert_eq!(crowd.world.count(opened), 0);

    // It is down while sixteen hours before the deadlines pass, and finds it all
    // due at once.
    crowd.world.stop().await;
    crowd.world.go_to(berlin("2026-03-16 17:01")).await;
    let since = crowd.world.now().await;
    let store = crowd.open();
    loop {
        let rules = Arc::clone(&crowd.rules);
        if store.sweep(BTreeSet::new(), rules, since).await.unwrap() == 0 {
            break;
        }
    }
    for (n, number) in lesser.into_iter().enumerate() {
        let who = crowd.people[n].clone();
        let command = Command::StateCriterion {
            by: member(&who),
            criterion: Criterion::ProductionDown,
        };
        let to = Target::Change(number);
        crowd.act(&store, to, (&who, since), command).await;
        let gesture = Gesture {
            key: format!("home {n}"),
            actor: who,
            at: since,
            source: Source::Slack,
            channel: None,
            thread: None,
            response_url: None,
            ask: Ask::OpenHome,
        };
        let heard = Heard {
            gesture: gesture.clone(),
            texts: Vec::new(),
        };
        store.keep(heard, since).await.unwrap();
        store.open_home(gesture, since).await.unwrap();
    }
    store.close().await;
    drop(store);
    let in_a_minute: Vec<_> = crowd
        .world
        .facts()
        .into_iter()
        .filter(|fact| fact.kind == "reminded" && fact.data["rung"] == "before-960")
        .collect();
    assert_eq!(in_a_minute.len(), 500);

    crowd
        .world
        .misbehave(json!({
            "method": "*", "fault": "ratelimited", "probability": 0.2, "seed": 11,
            "retry_after_s": RETRY_AFTER.num_seconds(),
        }))
        .await;
    crowd.world.start().await;
    crowd.world.go(TimeDelta::minutes(5)).await;

    let calls = calls(&crowd.world, since).await;
    let n_refused = calls.iter().filter(|call| call.outcome != "ok").count();
    assert!(n_refused > 50, "{n_refused}");
    assert!(
        calls
            .iter()
            .all(|call| ["ok", "ratelimited"].contains(&call.outcome.as_str()))
    );
    // None before its time, and nobody waits for somebody else's.
    assert_eq!(impatient(&calls, since), [""; 0]);
    // Deadlines have their turn before updates, and those before what can wait.
    let deadlines: BTreeSet<String> = calls
        .iter()
        .filter(|call| call.method == "chat.postMessage")
        .map(|call| call.place.clone())
        .collect();
    assert_eq!(deadlines.len(), 2 * EACH);
    let before_updates = turns_before(&calls, &deadlines, "chat.update");
    assert!(before_updates >= 2 * EACH - AT_ONCE, "{before_updates}");
    let updates: BTreeSet<String> = calls
        .iter()
        .filter(|call| call.method == "chat.update")
        .map(|call| call.place.clone())
        .collect();
    assert_eq!(updates.len(), LESSER);
    let before_homes = turns_before(&calls, &updates, "views.publish");
    assert!(
        before_homes >= LESSER.saturating_sub(AT_ONCE),
        "{before_homes}"
    );

    // None is dropped and none sent twice: what stands in Slack is what was owed.
    let world = &crowd.world;
    assert_eq!(
        world.count("SELECT count(*) FROM outbox WHERE state = 'failed'"),
        0
    );
    let unsettled = format!(
        "SELECT count(*) FROM outbox WHERE state <> 'settled' AND not_before <= {}",
        world.now().await.timestamp_micros()
    );
    assert_eq!(world.count(&unsettled), 0);
    let posted = |outcome: &str| {
        let is = |call: &&Call| call.method == "chat.postMessage" && call.outcome == outcome;
        u64::try_from(calls.iter().filter(is).count()).unwrap()
    };
    // The notes of the group's reminders, and one message a person: what they owe
    // at one time is one message.
    let reminders = "SELECT count(*) FROM outbox WHERE kind = 'reminder' AND rung = 'before-960'
         AND state = 'settled'";
    assert_eq!(world.count(reminders), 300);
    let messages = format!("{reminders} AND batch IS NULL AND ts IS NOT NULL");
    assert_eq!(world.count(&messages), EACH as u64);
    assert_eq!(posted("ok"), 200 + EACH as u64);
    let standing = "SELECT count(DISTINCT channel || ts) - count(*) FROM outbox
         WHERE ts IS NOT NULL AND batch IS NULL";
    assert_eq!(world.count(standing), 0);
    crowd.world.behave().await;
    crowd.world.skip();
    crowd.world.end().await;
}

#[test]
fn calls_that_come_too_soon_or_too_late_are_found() {
    let since = berlin("2026-03-16 17:00");
    let call = |n: u64, place: &str, seconds: i64, outcome: &str| Call {
        n,
        method: "chat.postMessage".to_owned(),
        place: place.to_owned(),
        at: since + TimeDelta::seconds(seconds),
        outcome: outcome.to_owned(),
    };
    let good = [
        call(1, "C1", 0, "ok"),
        call(2, "C2", 0, "ratelimited"),
        call(3, "C1", 1, "ok"),
        call(4, "C2", 7, "ok"),
    ];
    assert_eq!(impatient(&good, since), [""; 0]);
    for bad in [
        call(5, "C1", 1, "ok"),
        call(5, "C2", 7, "ok"),
        call(5, "C3", 2, "ok"),
        call(5, "C1", 9, "ok"),
    ] {
        let calls: Vec<_> = good.iter().cloned().chain([bad]).collect();
        assert_eq!(impatient(&calls, since).len(), 1, "{calls:#?}");
    }
    let early = [call(2, "C2", 0, "ratelimited"), call(3, "C2", 6, "ok")];
    assert_eq!(impatient(&early, since).len(), 1);
}
