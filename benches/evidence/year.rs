//! A year of a company that deploys much: what sources tell of, as polling them does, and
//! the emergencies among it, each with its authorization, its ticket and its approval, or
//! without. Everything comes about as it does at work, through the store, day by day,
//! with a checkpoint at the end of each.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, ensure};
use breakglass::config::PolicyFile;
use breakglass::domain::authorization::{Member, Standing};
use breakglass::domain::change::{
    Actor, Command, Criterion, Genuine, Given, Place, Source, Submission,
};
use breakglass::domain::deployment::{Deployment, Happening, SourceName};
use breakglass::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId, WorkspaceId};
use breakglass::domain::policy::{Party, PolicyVersion};
use breakglass::domain::text::{Salt, Text};
use breakglass::domain::ticket::{Told, Writing, content_hash};
use breakglass::evidence::seal::Seal;
use breakglass::store::{Execution, Intake, Options, Outcome, Rules, Store, Target};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::try_join_all;

use crate::documented::ticket;

const WORKSPACE: &str = "T0BREAK01";

const DANA: &str = "U0DANA0001";
const MORGAN: &str = "U0MORGAN01";
const RILEY: &str = "U0RILEY001";

/// Days begin at midnight UTC, so that a day of the year is a day of the pack.
const POLICY: &str = "\
zone = \"UTC\"
approvers = [\"U0MORGAN01\"]
commanders = [\"U0RILEY001\"]
[counts]
github = \"deployment\"
";

const DAYS: u64 = 365;

/// So many tellings come in one intake, as when a source is polled.
const TOGETHER: usize = 100;

/// All of a day may share a commit: how long a disk takes is no matter here.
const LARGEST_GROUP: usize = 4_096;

/// Every so many-th change is told of twice: when it is merged, and when it is deployed.
const MERGED: u64 = 4;

/// How often the bot says something of an emergency, as of one that was chased for a while.
const SAID: u64 = 100;

/// How large the year is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Year {
    pub(crate) n_emergencies: u64,
    pub(crate) n_normal: u64,
}

/// The first instant of 2025: whoever makes the pack lives later.
fn began() -> DateTime<Utc> {
    DateTime::from_timestamp(1_735_689_600, 0).unwrap_or_default()
}

impl Year {
    /// Lives it. Returns how many records the last checkpoint is over.
    pub(crate) async fn live(self, path: &Path) -> anyhow::Result<u64> {
        let options = Options {
            largest_group: LARGEST_GROUP,
            ..Options::at(path)
        };
        let store = Store::open(&options, WorkspaceId::new(WORKSPACE))?;
        let policy = PolicyFile::read(POLICY)?;
        let version = store.adopt_policy(policy.bytes()?, began()).await?;
        ensure!(version == PolicyVersion(1));
        let company = Company {
            rules: Arc::new(Rules::new(policy.policy(version)?, [], policy.zone()?)),
            seal: Seal::of(&store, path, false, began()).await?,
            store,
            n_texts: AtomicU64::new(0),
        };
        let mut n_records = 0;
        for day in 0..DAYS {
            let of_day = |all: u64| all * day / DAYS..all * (day + 1) / DAYS;
            let at = |n: u64, all: u64| {
                let year = TimeDelta::days(365).num_microseconds().unwrap_or_default();
                let step = year / i64::try_from(all).unwrap_or(i64::MAX);
                began() + TimeDelta::microseconds(step * i64::try_from(n).unwrap_or(i64::MAX))
            };
            let told: Vec<Deployment> = of_day(self.n_normal)
                .flat_map(|n| company.tellings(n, at(n, self.n_normal)))
                .collect();
            try_join_all(told.chunks(TOGETHER).map(|some| company.hear(some))).await?;
            let emergencies = of_day(self.n_emergencies);
            try_join_all(emergencies.map(|n| company.emergency(n, at(n, self.n_emergencies))))
                .await?;
            let evening = began() + TimeDelta::days(i64::try_from(day)? + 1);
            let made = company.seal.checkpoint(&company.store, evening).await?;
            n_records = made.map_or(n_records, |made| made.size);
        }
        company.store.close().await;
        Ok(n_records)
    }
}

struct Company {
    store: Store,
    rules: Arc<Rules>,
    seal: Seal,
    n_texts: AtomicU64,
}

impl Company {
    /// Words that nobody else wrote, as salts make them.
    fn text(&self, body: String) -> Text {
        let n = self.n_texts.fetch_add(1, Ordering::Relaxed);
        let mut salt = [7; 32];
        for (to, from) in salt.iter_mut().zip(n.to_be_bytes()) {
            *to = from;
        }
        Text::new(body, Salt(salt))
    }

    /// What sources tell of the n-th change.
    fn tellings(&self, n: u64, at: DateTime<Utc>) -> Vec<Deployment> {
        let source = if n.is_multiple_of(3) {
            "gitlab"
        } else {
            "github"
        };
        let deployed = Deployment {
            system: Some(format!("system {}", n % 40)),
            author: Some(format!("somebody-{}", n % 300)),
            url: Some(format!("https://ci.acme.dev/shop/deployments/{n}")),
            commit: Some(format!("{:040x}", u128::from(n) << 64)),
            deploy_log_url: Some(format!("https://ci.acme.dev/shop/runs/{n}/log")),
            outcome: Some("success".to_owned()),
            title: Some(self.text(format!(
                "Raise the limit of queue {n}, as agreed in planning"
            ))),
            ..Deployment::new(
                SourceName::new(source),
                format!("acme/shop/deployments/{n}"),
                Happening::Deployment,
                at,
            )
        };
        if !n.is_multiple_of(MERGED) {
            return vec![deployed];
        }
        let merged = Deployment {
            url: Some(format!("https://git.acme.dev/shop/pull/{n}")),
            change_type: Some("feature".to_owned()),
            approved_by: Some(format!("somebody-{}", (n + 1) % 300)),
            approval_url: Some(format!("https://git.acme.dev/shop/pull/{n}#review")),
            testing_url: Some(format!("https://ci.acme.dev/shop/runs/{n}/tests")),
            deploy_log_url: None,
            outcome: None,
            testing_result: Some(self.text(format!("{} tests, all green", n % 1000))),
            external_id: format!("acme/shop/pull/{n}"),
            happening: Happening::Merge,
            at: at - TimeDelta::minutes(20),
            ..deployed.clone()
        };
        vec![merged, deployed]
    }

    async fn hear(&self, some: &[Deployment]) -> anyhow::Result<()> {
        let last = some.last().context("nothing was told")?;
        let intake = Intake::new(last.source.clone(), some.to_vec());
        let counting = Arc::new(self.rules.newest().counting.clone());
        let rules = Arc::clone(&self.rules);
        let heard_at = last.at + TimeDelta::seconds(2);
        let taken = self.store.take_in(intake, counting, rules, heard_at);
        ensure!(taken.await?.len() == some.len());
        Ok(())
    }

    /// The n-th emergency. Seven of ten go as the policy wants it; one goes ahead without
    /// an authorization, one is authorized late and not approved, and of one nobody
    /// writes anything.
    async fn emergency(&self, n: u64, at: DateTime<Utc>) -> anyhow::Result<()> {
        let dana = UserId::new(DANA);
        let channel = ChannelId::new(format!("C{:09}", n % 50));
        let deployed_at = at + TimeDelta::minutes(5);
        let what = self.text(format!(
            "Restart the queue of system {}, it is stuck",
            n % 40
        ));
        let request = Command::Request {
            verbatim: self.text(format!("{} @morgan", what.body())),
            what,
            asked: vec![Party::Person(UserId::new(MORGAN))],
            place: Place {
                channel: channel.clone(),
                thread: None,
            },
            criterion: Some(Criterion::ProductionDown),
            said: None,
            captured: None,
            drill: false,
            known: Vec::new(),
        };
        let go_ahead = Command::GoAhead { by: member(DANA) };
        let authorize = || Command::Authorize {
            by: member(MORGAN),
            given: Given::Button,
        };
        let command = Command::TakeCommand { by: member(RILEY) };
        let deploy = Command::RecordDeployment {
            at: deployed_at,
            source: Source::Slack,
            by: dana,
        };
        let mut acts = vec![(DANA, 0, request)];
        match n % 10 {
            7 => acts.extend([(DANA, 2, go_ahead), (DANA, 5, deploy)]),
            8 => acts.extend([(DANA, 5, deploy), (MORGAN, 7, authorize())]),
            _ => acts.extend([(MORGAN, 1, authorize()), (DANA, 5, deploy)]),
        }
        acts.push((RILEY, 8, command));
        if n % 10 == 7 {
            acts.push((MORGAN, 9, authorize()));
        }
        let number = self.execute(Target::New, at, acts).await?;
        let target = Target::Change(number.context("the change has no number")?);
        let said = (1..=SAID).map(|n| Command::RecordDelivery {
            key: format!("note:{n}"),
            channel: channel.clone(),
            ts: MessageTs::new(format!("{}.{n:06}", at.timestamp())),
            payload: [7; 32],
            showed: n,
        });
        let said: Vec<_> = said.map(|one| ("", 10, one)).collect();
        self.execute(target, at, said).await?;
        if n % 10 == 9 {
            return Ok(());
        }
        let change = self.change(target).await?;
        let document = Command::Document {
            by: Some(member(DANA)),
            fields: ticket(&change, |words| self.text(words)),
            standing: Vec::new(),
        };
        self.execute(target, at, vec![(DANA, 120, document)])
            .await?;
        if n % 10 == 8 {
            return Ok(());
        }
        let change = self.change(target).await?;
        let mut acts = Vec::new();
        let exceptions: BTreeSet<_> = change.unanswered().collect();
        if !exceptions.is_empty() {
            let answer = Command::AnswerExceptions {
                by: member(MORGAN),
                exceptions,
                cause: self.text("Nobody who may authorize was awake.".to_owned()),
                remedy: self.text("Two of us are on call now.".to_owned()),
                owner: UserId::new(RILEY),
            };
            acts.push((MORGAN, 200, answer));
        }
        let approve = Command::Approve {
            by: member(MORGAN),
            seen: content_hash(&change),
            conditions: None,
            genuine: Genuine {
                is_genuine: true,
                words: None,
            },
        };
        acts.push((MORGAN, 210, approve));
        self.execute(target, at, acts).await?;
        Ok(())
    }

    async fn change(
        &self,
        target: Target,
    ) -> anyhow::Result<breakglass::domain::change::EmergencyChange> {
        let Target::Change(number) = target else {
            anyhow::bail!("a new change has no number");
        };
        let found = self.store.change(number).await?;
        Ok(found.context("the change isn't there")?.change)
    }

    /// What people did in so many minutes after `at`; nobody's is the bot's.
    async fn execute(
        &self,
        target: Target,
        at: DateTime<Utc>,
        acts: Vec<(&str, i64, Command)>,
    ) -> anyhow::Result<Option<ChangeNumber>> {
        let texts = acts.iter().flat_map(|(_, _, act)| texts(act)).collect();
        let submission = |(who, minutes, command)| Submission {
            actor: match who {
                "" => Actor::Bot,
                who => Actor::Person(UserId::new(who)),
            },
            at: at + TimeDelta::minutes(minutes),
            source: Source::Slack,
            command,
        };
        let submissions: Vec<Submission> = acts.into_iter().map(submission).collect();
        let now = submissions.last().map_or(at, |last| last.at);
        let execution = Execution {
            target,
            submissions,
            texts,
            gesture: None,
            met: Vec::new(),
            asks_back: None,
            afterwards: None,
        };
        let rules = Arc::clone(&self.rules);
        let (outcome, number) = self.store.execute(execution, rules, now).await?;
        ensure!(outcome == Outcome::Done, "{outcome:?}");
        Ok(number)
    }
}

/// The words of an act: what the store is to keep.
fn texts(act: &Command) -> Vec<Text> {
    match act {
        Command::Request { what, verbatim, .. } => vec![what.clone(), verbatim.clone()],
        Command::Document { fields, .. } => fields.iter().filter_map(words).collect(),
        Command::AnswerExceptions { cause, remedy, .. } => vec![cause.clone(), remedy.clone()],
        _ => Vec::new(),
    }
}

fn words(writing: &Writing) -> Option<Text> {
    match &writing.told {
        Told::Words(text) | Told::Links(text) => Some(text.clone()),
        _ => None,
    }
}

fn member(who: &str) -> Member {
    Member {
        id: UserId::new(who),
        standing: Standing::Full,
        groups: BTreeSet::new(),
    }
}
