//! Every delivery repeated, and in another order each time: a machine of the stages
//! written out here says of each gesture whether it does anything, and of each
//! change where it stands in the end.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use breakglass::domain::authorization::{Member, Standing};
use breakglass::domain::change::{Actor, Command, Given, Place, Source, Stage, Submission};
use breakglass::domain::id::{ChangeNumber, ChannelId, UserId};
use breakglass::domain::policy::Party;
use breakglass::domain::text::{Salt, Text};
use breakglass::gesture::{Ask, Gesture, Heard, Mention};
use breakglass::store::{Arrival, Execution, Outcome, Store, Target};
use chrono::{DateTime, TimeDelta, Utc};

use crate::Score;
use crate::dice::Dice;
use crate::power::{open, rules};

/// How many changes one run has, and how many gestures about them.
const CHANGES: usize = 3;
const GESTURES: usize = 18;

/// What somebody does; the people are Dana, who asks, and Morgan, who may permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Authorize,
    Deny,
    Withdraw,
    Lapse,
    Deploy,
}

const ACTS: [Act; 7] = [
    Act::Authorize,
    Act::Authorize,
    Act::Deny,
    Act::Withdraw,
    Act::Lapse,
    Act::Deploy,
    Act::Deploy,
];

/// A change as the model has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Model {
    stage: Stage,
    is_authorized: bool,
    is_made_good: bool,
    was_deployed_by_dana: bool,
}

impl Model {
    const REQUESTED: Self = Self {
        stage: Stage::Requested,
        is_authorized: false,
        is_made_good: false,
        was_deployed_by_dana: false,
    };

    /// Takes an act in. Returns whether it does anything.
    fn take(&mut self, act: Act) -> bool {
        let is_over = matches!(self.stage, Stage::Withdrawn | Stage::Lapsed);
        let is_deployed = self.stage == Stage::Deployed;
        match act {
            Act::Authorize if is_over || self.is_authorized => false,
            Act::Authorize if is_deployed => {
                let is_news = !self.is_made_good;
                self.is_made_good = true;
                is_news
            }
            Act::Authorize => {
                self.is_authorized = true;
                self.stage = Stage::Authorized;
                true
            }
            Act::Deny => {
                let can = self.stage == Stage::Requested;
                if can {
                    self.stage = Stage::Denied;
                }
                can
            }
            Act::Withdraw => {
                let can = matches!(self.stage, Stage::Requested | Stage::Authorized);
                if can {
                    self.stage = Stage::Withdrawn;
                }
                can
            }
            Act::Lapse => {
                let can = self.stage == Stage::Authorized;
                if can {
                    self.stage = Stage::Lapsed;
                }
                can
            }
            // It happened, whatever was said before; told a second time, it is no news.
            Act::Deploy => {
                let is_news = !self.was_deployed_by_dana;
                self.was_deployed_by_dana = true;
                self.stage = Stage::Deployed;
                is_news
            }
        }
    }
}

/// A gesture as it is delivered.
#[derive(Debug, Clone)]
struct Delivery {
    heard: Heard,
    /// Which of the run's changes it is about, and what it does; nothing: it begins it.
    about: (usize, Option<Act>),
}

/// Runs `n_runs` of them.
pub(crate) async fn deliveries(place: &Path, n_runs: usize, seed: u64) -> anyhow::Result<Score> {
    let mut failures = Vec::new();
    let mut n_delivered = 0;
    for run in 0..n_runs {
        let mut dice = Dice::new(seed.wrapping_mul(7_919) + run as u64);
        let (found, n) = one_run(place, &mut dice, true).await?;
        n_delivered += n;
        failures.extend(found.map(|fault| format!("run {run}: {fault}")));
    }
    let mut control_failures = 0;
    for run in 0..n_runs.min(5) {
        let mut dice = Dice::new(seed.wrapping_mul(7_919) + run as u64);
        let (found, _) = one_run(place, &mut dice, false).await?;
        control_failures += usize::from(found.is_some());
    }
    Ok(Score {
        harness: "deliveries",
        runs: n_runs,
        of: "runs",
        seed,
        about: format!("{n_delivered} deliveries"),
        failures,
        control: "an inbox that forgets",
        control_failures,
    })
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_450_840, 0).unwrap_or_default()
}

/// One shuffled run; returns the first thing that isn't as the model has it. Where
/// the inbox doesn't remember, each redelivery comes under a name of its own.
async fn one_run(
    place: &Path,
    dice: &mut Dice,
    remembers: bool,
) -> anyhow::Result<(Option<String>, usize)> {
    let folder = tempfile::tempdir_in(place)?;
    let path = folder.path().join("breakglass.db");
    let store = open(&path).context("the store doesn't open")?;
    let mut models: Vec<Option<Model>> = vec![None; CHANGES];
    let mut numbers: Vec<Option<ChangeNumber>> = vec![None; CHANGES];
    let mut became: BTreeMap<String, (bool, Option<ChangeNumber>)> = BTreeMap::new();
    // Each change is asked for first, as Slack's buttons on its card demand.
    let mut script: Vec<(usize, Option<Act>)> = (0..CHANGES).map(|which| (which, None)).collect();
    for _ in 0..GESTURES {
        script.push((dice.below(CHANGES), dice.choose(&ACTS).copied()));
    }
    let mut arrivals: Vec<usize> = (0..CHANGES).collect();
    let mut rest: Vec<usize> = (CHANGES..script.len()).collect();
    while !rest.is_empty() {
        arrivals.push(rest.swap_remove(dice.below(rest.len())));
    }
    // What came once comes up to three times more, anywhere later.
    for which in arrivals.clone() {
        for _ in 0..dice.below(4) {
            let first = arrivals.iter().position(|one| *one == which).unwrap_or(0);
            let at = first + 1 + dice.below(arrivals.len() - first);
            arrivals.insert(at, which);
        }
    }
    let n = arrivals.len();
    let mut seen = vec![0_usize; script.len()];
    for which in arrivals {
        let Some((about, times)) = script.get(which).copied().zip(seen.get_mut(which)) else {
            continue;
        };
        *times += 1;
        let key = if remembers {
            format!("gesture-{which}")
        } else {
            format!("gesture-{which}-{times}")
        };
        let change = numbers.get(about.0).copied().flatten();
        let Some(delivery) = delivery(&key, about, change) else {
            continue;
        };
        let (arrival, done, number) = hand_in(&store, &delivery, change).await?;
        let Some(model) = models.get_mut(about.0) else {
            continue;
        };
        let fault = if *times == 1 {
            let expected = match about.1 {
                None => {
                    *model = Some(Model::REQUESTED);
                    true
                }
                Some(act) => model.as_mut().is_some_and(|model| model.take(act)),
            };
            if let (None, Some(place)) = (about.1, numbers.get_mut(about.0)) {
                *place = number;
            }
            became.insert(key.clone(), (done, number));
            (done != expected).then(|| {
                format!("{about:?} came to {done}, and the model says {expected}: {model:?}")
            })
        } else {
            let first = became
                .get(&format!("gesture-{which}"))
                .or_else(|| became.get(&format!("gesture-{which}-1")));
            let same = first == Some(&(done, number)) && arrival == Arrival::Known;
            (!same).then(|| {
                format!("{about:?} repeated came to {done} ({arrival:?}), first {first:?}")
            })
        };
        if fault.is_some() {
            store.close().await;
            return Ok((fault, n));
        }
    }
    let mut fault = None;
    for (number, model) in numbers.iter().zip(&models) {
        let (Some(number), Some(model)) = (number, model) else {
            continue;
        };
        let stands = store.change(*number).await?.map(|one| one.change.stage);
        if stands != Some(model.stage) {
            fault = Some(format!(
                "{number} is {stands:?}, and the model says {model:?}"
            ));
        }
    }
    if let Err(broken) = store.verify().await? {
        fault = Some(broken);
    }
    store.close().await;
    Ok((fault, n))
}

/// Keeps a delivery and, unless it is known, carries it out; returns what became of
/// it, now or then.
async fn hand_in(
    store: &Store,
    delivery: &Delivery,
    change: Option<ChangeNumber>,
) -> anyhow::Result<(Arrival, bool, Option<ChangeNumber>)> {
    let gesture = delivery.heard.gesture.clone();
    let arrival = store.keep(delivery.heard.clone(), now()).await?;
    let execution = Execution {
        target: change
            .filter(|_| delivery.about.1.is_some())
            .map_or(Target::New, Target::Change),
        submissions: vec![Submission {
            actor: Actor::Person(gesture.actor.clone()),
            at: gesture.at,
            source: gesture.source,
            command: command(delivery),
        }],
        texts: Vec::new(),
        gesture: Some(gesture),
        met: Vec::new(),
        asks_back: None,
        afterwards: None,
    };
    let (outcome, number) = store.execute(execution, rules(), now()).await?;
    Ok((arrival, outcome == Outcome::Done, number))
}

fn words(key: &str, about: usize) -> (Text, Text) {
    let mut salt = [3; 32];
    for (place, byte) in salt.iter_mut().zip(key.bytes()) {
        *place = byte;
    }
    let what = Text::new(format!("Restart gateway number {about}"), Salt(salt));
    salt[31] = 9;
    let verbatim = Text::new(
        format!("Restart gateway number {about} @morgan"),
        Salt(salt),
    );
    (what, verbatim)
}

fn delivery(
    key: &str,
    about: (usize, Option<Act>),
    change: Option<ChangeNumber>,
) -> Option<Delivery> {
    let (ask, actor, texts) = match about.1 {
        None => {
            let (what, verbatim) = words(key, about.0);
            let ask = Ask::Request {
                what: what.commitment(),
                verbatim: verbatim.commitment(),
                asked: vec![Mention::User(UserId::new("U0MORGAN01"))],
                criterion: None,
                said: None,
                deployed: None,
                drill: false,
            };
            (ask, "U0DANA0001", vec![what, verbatim])
        }
        Some(act) => {
            let change = change?;
            let (ask, actor) = match act {
                Act::Authorize => (Ask::Authorize { change }, "U0MORGAN01"),
                Act::Deny => (Ask::Deny { change }, "U0MORGAN01"),
                Act::Withdraw => (Ask::Withdraw { change }, "U0DANA0001"),
                Act::Lapse => (Ask::Lapse { change }, "U0DANA0001"),
                Act::Deploy => (
                    Ask::RecordDeployment {
                        change: Some(change),
                        when: None,
                        at: None,
                        by: None,
                    },
                    "U0DANA0001",
                ),
            };
            (ask, actor, Vec::new())
        }
    };
    Some(Delivery {
        heard: Heard {
            gesture: Gesture {
                key: key.to_owned(),
                actor: UserId::new(actor),
                at: now(),
                source: Source::Slack,
                channel: Some(ChannelId::new(format!("C0INC{}", about.0))),
                thread: None,
                response_url: None,
                ask,
            },
            texts,
        },
        about,
    })
}

fn command(delivery: &Delivery) -> Command {
    let gesture = &delivery.heard.gesture;
    let by = Member {
        id: gesture.actor.clone(),
        standing: Standing::Full,
        groups: std::collections::BTreeSet::new(),
    };
    let given = Given::Button;
    match delivery.about.1 {
        None => {
            let (what, verbatim) = words(&gesture.key, delivery.about.0);
            Command::Request {
                what,
                verbatim,
                asked: vec![Party::Person(UserId::new("U0MORGAN01"))],
                place: Place {
                    channel: ChannelId::new(format!("C0INC{}", delivery.about.0)),
                    thread: None,
                },
                criterion: None,
                said: None,
                captured: None,
                drill: false,
                known: Vec::new(),
            }
        }
        Some(Act::Authorize) => Command::Authorize { by, given },
        Some(Act::Deny) => Command::Deny { by, given },
        Some(Act::Withdraw) => Command::Withdraw,
        Some(Act::Lapse) => Command::Lapse,
        Some(Act::Deploy) => Command::RecordDeployment {
            at: now() - TimeDelta::seconds(1),
            source: Source::Slack,
            by: gesture.actor.clone(),
        },
    }
}
