//! The count at the end: what was acknowledged and is not on record, what was
//! owed and never said, what was said twice.
//!
//! Opens the database once the bot is dead, through the library; everything
//! else it takes from what Slack shows. It trusts neither about the other.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use breakglass::domain::change::{EmergencyChange, Event};
use breakglass::domain::id::{ChangeNumber, WorkspaceId};
use breakglass::domain::obligation::{obligations, reminder_key};
use breakglass::domain::policy::{Party, Policy, PolicyVersion};
use breakglass::store::{Options, Outcome, Snapshot, Store};
use chrono::TimeDelta;
use serde_json::Value;

use super::fact::Fact;
use super::world::{Evidence, policy, text};
use crate::processes::WORKSPACE;

/// What an audit found.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    /// Gestures that the bot acknowledged.
    pub(crate) n_acknowledged: usize,
    /// Those of them that a rule refused, which is on record too.
    pub(crate) n_refused: usize,
    /// Reminders that stand on record.
    pub(crate) n_reminders: usize,
    /// Those of them that had become pointless before they could be sent.
    pub(crate) n_moot: usize,
    /// Messages of ours that stand in Slack.
    pub(crate) n_messages: usize,
    /// Events of all changes.
    pub(crate) n_events: usize,
    /// What was acknowledged and isn't on record.
    pub(crate) lost: Vec<String>,
    /// What was owed and doesn't stand in Slack.
    pub(crate) missed: Vec<String>,
    /// What stands in Slack twice, or without having been owed.
    pub(crate) twice: Vec<String>,
    /// What else is wrong.
    pub(crate) broken: Vec<String>,
}

impl Tally {
    /// Adds another.
    pub(crate) fn add(&mut self, other: Self) {
        self.n_acknowledged += other.n_acknowledged;
        self.n_refused += other.n_refused;
        self.n_reminders += other.n_reminders;
        self.n_moot += other.n_moot;
        self.n_messages += other.n_messages;
        self.n_events += other.n_events;
        self.lost.extend(other.lost);
        self.missed.extend(other.missed);
        self.twice.extend(other.twice);
        self.broken.extend(other.broken);
    }

    /// Everything that is wrong, a line each.
    pub(crate) fn faults(&self) -> impl Iterator<Item = String> {
        let named = |what: &'static str, faults: &[String]| -> Vec<String> {
            faults.iter().map(|one| format!("{what}: {one}")).collect()
        };
        [
            named("lost", &self.lost),
            named("missed", &self.missed),
            named("twice", &self.twice),
            named("broken", &self.broken),
        ]
        .into_iter()
        .flatten()
    }
}

/// Audits a world that has ended.
pub(crate) async fn audit(evidence: &Evidence) -> anyhow::Result<Tally> {
    let workspace = WorkspaceId::new(WORKSPACE);
    let store = Store::open(&Options::at(&evidence.database), workspace)?;
    let mut tally = Tally::default();
    if let Err(fault) = store.verify().await? {
        tally.broken.push(fault);
    }
    let mut changes = BTreeMap::new();
    let mut number = ChangeNumber::FIRST;
    while let Some(snapshot) = store.change(number).await? {
        changes.insert(number, snapshot);
        number = ChangeNumber(number.0 + 1);
    }
    tally.n_events = changes.values().map(|one| one.history.len()).sum();
    acknowledged(&store, evidence, &changes, &mut tally).await?;
    reminded(evidence, &changes, &mut tally)?;
    said(evidence, &changes, &mut tally);
    settled(&store, evidence, &mut tally).await?;
    store.close().await;
    Ok(tally)
}

/// Everything that was acknowledged is on record.
async fn acknowledged(
    store: &Store,
    evidence: &Evidence,
    changes: &BTreeMap<ChangeNumber, Snapshot>,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let mut known = BTreeSet::new();
    for delivery in &evidence.deliveries {
        if delivery.get("acked") != Some(&Value::Bool(true)) {
            continue;
        }
        let Some(fact) = Fact::of(delivery) else {
            continue;
        };
        // What was delivered twice is one fact.
        if !known.insert(fact.key.clone()) {
            continue;
        }
        tally.n_acknowledged += 1;
        let Some((outcome, number)) = store.became(fact.key.clone()).await? else {
            // Who sends again what was kept, because nobody had acknowledged it,
            // writes nothing new; it is on record as it was sent first.
            let stands = || changes.values().any(|snapshot| fact.stands_in(snapshot));
            if fact.is_form() && stands() {
                continue;
            }
            tally.lost.push(format!(
                "{} isn't on record, or was never answered",
                fact.what
            ));
            continue;
        };
        match outcome {
            Outcome::Refused(_) => tally.n_refused += 1,
            Outcome::Answered | Outcome::AskedBack { .. } => {
                tally
                    .broken
                    .push(format!("{} was taken for a question", fact.what));
            }
            Outcome::Done => {
                let snapshot = number.and_then(|number| changes.get(&number));
                if !snapshot.is_some_and(|snapshot| fact.stands_in(snapshot)) {
                    tally.lost.push(format!("{} left no event", fact.what));
                }
            }
        }
    }
    Ok(())
}

/// Everything that the rules owe somebody by direct message was delivered, once.
fn reminded(
    evidence: &Evidence,
    changes: &BTreeMap<ChangeNumber, Snapshot>,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let rules = policy()?.policy(PolicyVersion(1))?;
    for (number, snapshot) in changes {
        let delivered = |wanted: &str| {
            let events = snapshot.history.iter();
            events
                .filter(|one| matches!(&one.event, Event::Delivered { key, .. } if key == wanted))
                .count()
        };
        let card = format!("card:{number}");
        if delivered(&card) != 1 {
            tally
                .missed
                .push(format!("{card} was delivered {} times", delivered(&card)));
        }
        for (version, one) in (1..).zip(&snapshot.history) {
            if let Event::Undelivered { key, error } = &one.event {
                tally.missed.push(format!("{key} was given up: {error}"));
            }
            let Event::Reminded {
                duty,
                owner: Some(Party::Person(person)),
                due_at,
                rung,
                round,
            } = &one.event
            else {
                continue;
            };
            tally.n_reminders += 1;
            let key = reminder_key(*number, *duty, person, *due_at, (*rung, *round));
            match delivered(&key) {
                1 => {}
                0 => {
                    // It may have become pointless before there was peace to send it.
                    let calm = evidence.calm.iter().find(|calm| **calm >= one.at);
                    let then = calm.and_then(|calm| {
                        let known = snapshot.history.iter().enumerate();
                        let known = known
                            .take_while(|(place, later)| *place < version || later.at <= *calm)
                            .map(|(_, one)| one);
                        EmergencyChange::replay(*number, known)
                    });
                    let owner = Some(Party::Person(person.clone()));
                    let is_open =
                        |change: &EmergencyChange| is_open(change, &rules, *duty, owner.as_ref());
                    if then.as_ref().is_none_or(is_open) {
                        tally.missed.push(format!("{key} was never delivered"));
                    } else {
                        tally.n_moot += 1;
                    }
                }
                n => tally.twice.push(format!("{key} was delivered {n} times")),
            }
        }
    }
    Ok(())
}

fn is_open(
    change: &EmergencyChange,
    rules: &Policy,
    duty: breakglass::domain::obligation::Duty,
    owner: Option<&Party>,
) -> bool {
    obligations(change, rules)
        .iter()
        .any(|one| one.duty == duty && one.met_at.is_none() && one.owner.as_ref() == owner)
}

/// What Slack shows is what the log says was delivered: each once, none besides.
fn said(evidence: &Evidence, changes: &BTreeMap<ChangeNumber, Snapshot>, tally: &mut Tally) {
    let mut by_key: BTreeMap<&str, usize> = BTreeMap::new();
    let mut standing: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for message in &evidence.messages {
        let key = message.pointer("/metadata/event_payload/key");
        if let Some(key) = key.and_then(Value::as_str) {
            tally.n_messages += 1;
            *by_key.entry(key).or_default() += 1;
            standing.insert((text(message, "in"), text(message, "ts")), key);
        }
    }
    for (key, n) in &by_key {
        if *n > 1 {
            tally.twice.push(format!("{key} stands {n} times"));
        }
    }
    let mut told: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for one in changes.values().flat_map(|one| &one.history) {
        if let Event::Delivered {
            key, channel, ts, ..
        } = &one.event
        {
            told.entry((channel.as_str(), ts.as_str()))
                .or_default()
                .push(key);
        }
    }
    for (place, keys) in &told {
        // What went out in one message bears the key of its leader.
        if !standing.get(place).is_some_and(|key| keys.contains(key)) {
            tally
                .missed
                .push(format!("{keys:?} don't stand where the log says"));
        }
    }
    for (place, key) in &standing {
        // What belongs to no change has no event: a reply answers a gesture, a report
        // is of a week, a question of what a source told.
        let of_no_change = ["reply:", "report:", "question:", "shut:"];
        let is_of_none = of_no_change.iter().any(|kind| key.starts_with(kind));
        if !is_of_none && !told.contains_key(place) {
            tally
                .twice
                .push(format!("{key} stands where the log doesn't say"));
        }
    }
}

/// Nothing waits to be answered, sent or looked for.
async fn settled(store: &Store, evidence: &Evidence, tally: &mut Tally) -> anyhow::Result<()> {
    let waiting = store.waiting(1000).await?;
    tally.lost.extend(
        waiting
            .iter()
            .map(|waiting| format!("{} still waits for an answer", waiting.gesture.key)),
    );
    let now = evidence.ended_at;
    for lane in store.lanes(now, 1000).await? {
        tally.missed.push(format!("something is owed in {lane}"));
    }
    let ages = now + TimeDelta::days(3650);
    for doubtful in store.doubtful(ages, TimeDelta::zero(), 1000).await? {
        let key = doubtful.parcel.first().map(|leader| leader.key.clone());
        tally.missed.push(format!("{key:?} is in doubt"));
    }
    let next = store.next_at(TimeDelta::zero()).await?;
    if next.is_some_and(|next| next <= now) {
        let next = next.context("there is something to do")?;
        tally
            .missed
            .push(format!("something has been due since {next:?}"));
    }
    Ok(())
}

/// What the audit must find amiss, or it would find nothing: evidence from which
/// one reminder was taken away.
pub(crate) fn without_a_reminder(evidence: &Evidence) -> Option<Evidence> {
    let is_reminder = |message: &Value| {
        message
            .pointer("/metadata/event_payload/key")
            .and_then(Value::as_str)
            .is_some_and(|key| key.starts_with("reminder:"))
    };
    let place = evidence.messages.iter().position(is_reminder)?;
    let mut poorer = evidence.clone();
    poorer.messages.remove(place);
    Some(poorer)
}
