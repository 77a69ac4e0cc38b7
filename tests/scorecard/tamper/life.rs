//! A record as it comes to be: policies, changes with and without files, what sources
//! told, words taken out, checkpoints that were shown, keys that were replaced. Shorter than a real one, and
//! no two alike.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use breakglass::domain::authorization::{Member, Standing};
use breakglass::domain::change::{
    Actor, Attached, Command, Given, MessageRef, Place, Source, Submission,
};
use breakglass::domain::deployment::{Deployment, Happening, SourceName};
use breakglass::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId, WorkspaceId};
use breakglass::domain::policy::{Party, Policy, PolicyVersion};
use breakglass::domain::text::{Salt, Text};
use breakglass::evidence::checkpoint::origin;
use breakglass::evidence::key;
use breakglass::evidence::note::SignerKey;
use breakglass::evidence::seal::Seal;
use breakglass::store::{Execution, Fetched, Intake, Options, Outcome, Rules, Store, Target, look};
use chrono::{DateTime, TimeDelta, Utc};

use crate::dice::Dice;

pub(super) const WORKSPACE: &str = "T0BREAK01";

const DANA: &str = "U0DANA0001";
const MORGAN: &str = "U0MORGAN01";

/// What a record came to.
pub(super) struct Life {
    /// Every key that was in force, the first first.
    pub(super) keys: Vec<SignerKey>,
    /// The notes of all checkpoints, the first first, and over how much each is.
    pub(super) notes: Vec<String>,
    pub(super) sizes: Vec<u64>,
    pub(super) n_records: u64,
}

/// Somebody living through it.
struct Living<'a> {
    path: &'a Path,
    store: Store,
    rules: Arc<Rules>,
    seal: Seal,
    keys: Vec<SignerKey>,
    now: DateTime<Utc>,
    n_changes: u64,
    /// How many texts there were: no two have one salt.
    n_texts: u64,
    /// What was asked for, of the changes whose words still stand.
    whats: Vec<(ChangeNumber, Text)>,
}

impl Life {
    pub(super) async fn live(
        path: &Path,
        dice: &mut Dice,
        of_one_key: bool,
    ) -> anyhow::Result<Self> {
        let store = Store::open(&Options::at(path), WorkspaceId::new(WORKSPACE))?;
        let begins = DateTime::from_timestamp(1_773_450_840, 0).unwrap_or_default();
        let mut living = Living {
            path,
            rules: Arc::new(Rules::new(policy(), [], chrono_tz::Europe::Berlin)),
            seal: Seal::of(&store, path, true, begins).await?,
            keys: vec![key_at(path)?],
            store,
            now: begins,
            n_changes: 0,
            n_texts: 0,
            whats: Vec::new(),
        };
        living
            .store
            .adopt_policy("first".to_owned(), begins)
            .await?;
        living.request(dice).await?;
        living.take_in(dice).await?;
        living.checkpoint().await?;
        for _ in 0..12 + dice.below(12) {
            living.now += TimeDelta::minutes(20);
            match dice.below(if of_one_key { 11 } else { 12 }) {
                0..=3 => living.request(dice).await?,
                4 => living.take_in(dice).await?,
                5 => {
                    let bytes = format!("at {}", living.now);
                    living.store.adopt_policy(bytes, living.now).await?;
                }
                6 => living.take_out(dice).await?,
                7 => living.show().await?,
                8..=10 => living.checkpoint().await?,
                _ => living.rotate().await?,
            }
        }
        living.request(dice).await?;
        living.checkpoint().await?;
        for _ in 0..dice.below(3) {
            living.request(dice).await?;
        }
        living.store.close().await;
        let (keys, path) = (living.keys, living.path);
        let (checkpoints, head) = look(path, None, |moment| {
            Ok((moment.checkpoints()?, moment.head()?))
        })?;
        ensure!(checkpoints.len() > 1, "there are too few checkpoints");
        Ok(Self {
            keys,
            sizes: checkpoints.iter().map(|one| one.size).collect(),
            notes: checkpoints.into_iter().map(|one| one.note).collect(),
            n_records: head.context("there is no log")?.size,
        })
    }

    /// How much the newest checkpoint is over.
    pub(super) fn signed(&self) -> u64 {
        self.sizes.last().copied().unwrap_or_default()
    }
}

impl Living<'_> {
    fn text(&mut self, body: String) -> Text {
        self.n_texts += 1;
        let mut salt = [7; 32];
        salt[..8].copy_from_slice(&self.n_texts.to_be_bytes());
        Text::new(body, Salt(salt))
    }

    fn execution(
        &self,
        target: Target,
        commands: Vec<(&str, Command)>,
        texts: Vec<Text>,
    ) -> Execution {
        let submission = |(who, command)| Submission {
            actor: Actor::Person(UserId::new(who)),
            at: self.now,
            source: Source::Slack,
            command,
        };
        Execution {
            target,
            submissions: commands.into_iter().map(submission).collect(),
            texts,
            gesture: None,
            met: Vec::new(),
            asks_back: None,
            afterwards: None,
        }
    }

    async fn execute(
        &self,
        target: Target,
        commands: Vec<(&str, Command)>,
        texts: Vec<Text>,
    ) -> anyhow::Result<Option<ChangeNumber>> {
        let execution = self.execution(target, commands, texts);
        let rules = Arc::clone(&self.rules);
        let (outcome, number) = self.store.execute(execution, rules, self.now).await?;
        ensure!(outcome == Outcome::Done, "{outcome:?}");
        Ok(number)
    }

    /// Somebody asks, in a message of their own or not; it may be permitted and
    /// deployed.
    async fn request(&mut self, dice: &mut Dice) -> anyhow::Result<()> {
        self.n_changes += 1;
        let n = self.n_changes;
        let what = self.text(format!("Fix number {n}"));
        let verbatim = self.text(format!("Fix number {n} @morgan"));
        let channel = ChannelId::new(format!("C{:09}", dice.below(4)));
        let said = dice.one_in(2).then(|| MessageRef {
            channel: channel.clone(),
            ts: MessageTs::new(format!("{}.{n:06}", self.now.timestamp())),
            thread: None,
            permalink: None,
        });
        let request = Command::Request {
            what: what.clone(),
            verbatim: verbatim.clone(),
            asked: vec![Party::Person(UserId::new(MORGAN))],
            place: Place {
                channel,
                thread: None,
            },
            criterion: None,
            said,
            captured: None,
            drill: false,
            known: Vec::new(),
        };
        let texts = vec![what.clone(), verbatim];
        let asked = vec![(DANA, request)];
        let number = self.execute(Target::New, asked, texts).await?;
        let number = number.context("the change has no number")?;
        self.whats.push((number, what));
        let mut then = Vec::new();
        match dice.below(4) {
            0 => {}
            1 => then.push((DANA, Command::GoAhead { by: member(DANA) })),
            _ => then.push((
                MORGAN,
                Command::Authorize {
                    by: member(MORGAN),
                    given: Given::Button,
                },
            )),
        }
        if dice.one_in(2) {
            let deployed = Command::RecordDeployment {
                at: self.now,
                source: Source::Slack,
                by: UserId::new(DANA),
            };
            then.push((DANA, deployed));
        }
        for one in then {
            self.execute(Target::Change(number), vec![one], Vec::new())
                .await?;
        }
        if dice.one_in(3) {
            self.attach(number).await?;
        }
        Ok(())
    }

    /// Somebody shares a file that shows something of a change.
    async fn attach(&mut self, number: ChangeNumber) -> anyhow::Result<()> {
        let name = self.text(format!("what {number} looked like.txt"));
        let bytes = format!("all green at {}", self.now).into_bytes();
        let file = Fetched::new(bytes.clone());
        let attached = Attached::File {
            id: format!("F{:09}", self.n_texts),
            sha256: file.sha256(),
            n_bytes: bytes.len() as u64,
        };
        let attach = Command::Attach {
            by: member(DANA),
            message: MessageRef {
                channel: ChannelId::new("C000000001"),
                ts: MessageTs::new(format!("{}.9", self.now.timestamp())),
                thread: None,
                permalink: None,
            },
            attached: vec![(name.clone(), attached)],
        };
        let execution = self.execution(Target::Change(number), vec![(DANA, attach)], vec![name]);
        let rules = Arc::clone(&self.rules);
        let done = self.store.attach(execution, vec![file], rules, self.now);
        let (outcome, _) = done.await?;
        ensure!(outcome == Outcome::Done, "{outcome:?}");
        Ok(())
    }

    /// A source tells of some.
    async fn take_in(&mut self, dice: &mut Dice) -> anyhow::Result<()> {
        let mut told = Vec::new();
        for n in 0..=dice.below(3) {
            let title = self.text(format!("Merge branch {n}"));
            let tested = self.text(format!("{n} tests passed"));
            let mut of = |what: &str| dice.one_in(2).then(|| format!("{what}/{n}"));
            let (author, approved_by, commit) = (of("lee"), of("kim"), of("c0ffee"));
            told.push(Deployment {
                title: Some(title),
                testing_result: dice.one_in(2).then_some(tested),
                author,
                approved_by,
                commit,
                system: Some("web".to_owned()),
                ..Deployment::new(
                    SourceName::new("github"),
                    format!("run/{}/{n}", self.now.timestamp()),
                    Happening::Deployment,
                    self.now,
                )
            });
        }
        let intake = Intake::new(SourceName::new("github"), told);
        let rules = Arc::clone(&self.rules);
        self.store
            .take_in(intake, Arc::default(), rules, self.now)
            .await?;
        Ok(())
    }

    /// Somebody takes words out of the record.
    async fn take_out(&mut self, dice: &mut Dice) -> anyhow::Result<()> {
        if self.whats.is_empty() {
            return Ok(());
        }
        let (number, what) = self.whats.swap_remove(dice.below(self.whats.len()));
        let reason = self.text("A token was pasted.".to_owned());
        let redact = Command::Redact {
            by: member(MORGAN),
            administrators: vec![Party::Person(UserId::new(MORGAN))],
            texts: BTreeSet::from([what.commitment()]),
            reason: Some(reason.clone()),
        };
        let taken_out = vec![(MORGAN, redact)];
        self.execute(Target::Change(number), taken_out, vec![reason])
            .await?;
        Ok(())
    }

    async fn checkpoint(&self) -> anyhow::Result<()> {
        self.seal.checkpoint(&self.store, self.now).await?;
        Ok(())
    }

    /// What is owed to the address goes there.
    async fn show(&self) -> anyhow::Result<()> {
        for showing in self.store.showings(self.now, 3).await? {
            let place = "auditor.example".to_owned();
            self.store.shown(showing, place, self.now).await?;
        }
        Ok(())
    }

    async fn rotate(&mut self) -> anyhow::Result<()> {
        Seal::rotate(&self.store, self.path, false, true, self.now).await?;
        self.seal = Seal::of(&self.store, self.path, true, self.now).await?;
        self.keys.push(key_at(self.path)?);
        Ok(())
    }
}

/// The policy by which all goes.
pub(super) fn policy() -> Policy {
    let mut policy = Policy::unwritten(PolicyVersion(1));
    policy.approvers = vec![Party::Person(UserId::new(MORGAN))];
    policy
}

fn member(who: &str) -> Member {
    Member {
        id: UserId::new(who),
        standing: Standing::Full,
        groups: BTreeSet::new(),
    }
}

/// The key in force.
fn key_at(path: &Path) -> anyhow::Result<SignerKey> {
    let workspace = WorkspaceId::new(WORKSPACE);
    let file = key::path_of(path, &workspace);
    key::read(&file, &origin(&workspace)?)?.context("there is no key")
}
