//! An emergency as it comes about when somebody asks, goes ahead and deploys, all at
//! one instant: what registers are filled with, here and by the benchmarks.

use std::collections::BTreeSet;

use breakglass::domain::authorization::{Member, Standing};
use breakglass::domain::change::{Actor, Command, NotGenuine, Place, Source, Submission};
use breakglass::domain::id::{ChannelId, UserId};
use breakglass::domain::text::{Salt, Text};
use breakglass::store::{Execution, Target};
use chrono::{DateTime, Utc};

/// What becomes of it.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    pub(crate) at: DateTime<Utc>,
    pub(crate) drill: bool,
    /// Whether somebody says that it is deployed.
    pub(crate) by_hand: bool,
    pub(crate) is_not_genuine: bool,
}

impl Declared {
    /// One that is deployed, and nothing else.
    #[allow(dead_code, reason = "whoever draws lots for the rest says it all")]
    pub(crate) fn deployed(at: DateTime<Utc>) -> Self {
        Self {
            at,
            drill: false,
            by_hand: true,
            is_not_genuine: false,
        }
    }
}

/// Returns what brings the n-th about: somebody goes ahead, and may say that it is deployed.
pub(crate) fn execution(n: usize, declared: &Declared) -> Execution {
    let who = UserId::new(format!("U{n:09}"));
    let what = Text::new(format!("Fix number {n}"), Salt([7; 32]));
    let by = Member {
        id: who.clone(),
        standing: Standing::Full,
        groups: BTreeSet::default(),
    };
    let mut commands = vec![
        Command::Request {
            what: what.clone(),
            verbatim: what,
            asked: Vec::new(),
            place: Place {
                channel: ChannelId::new(format!("C{:09}", n % 50)),
                thread: None,
            },
            criterion: None,
            said: None,
            captured: None,
            drill: declared.drill,
            known: Vec::new(),
        },
        Command::GoAhead { by: by.clone() },
    ];
    if declared.is_not_genuine {
        commands.push(Command::StateReason {
            by,
            reason: NotGenuine::DeadlineToday,
            text: None,
        });
    }
    if declared.by_hand {
        commands.push(Command::RecordDeployment {
            at: declared.at,
            source: Source::Slack,
            by: who.clone(),
        });
    }
    let submissions = commands.into_iter().map(|command| Submission {
        actor: Actor::Person(who.clone()),
        at: declared.at,
        source: Source::Slack,
        command,
    });
    Execution {
        target: Target::New,
        submissions: submissions.collect(),
        texts: Vec::new(),
        gesture: None,
        met: Vec::new(),
        asks_back: None,
        afterwards: None,
    }
}
