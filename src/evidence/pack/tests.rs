//! Facts about whole packs, made of a store and checked by the verifier inside.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::path::Path;
use std::process::Command as Program;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tempfile::TempDir;
use zip::ZipArchive;

use super::*;
use crate::config::PolicyFile;
use crate::domain::authorization::{Member, Standing};
use crate::domain::change::{Actor, Command, Given, Place, Source, Submission};
use crate::domain::deployment::{Deployment, Happening, SourceName};
use crate::domain::id::{ChangeNumber, ChannelId, UserId, WorkspaceId};
use crate::domain::policy::{Counting, Party, PolicyVersion};
use crate::domain::text::{Salt, Text};
use crate::evidence::checkpoint::origin;
use crate::evidence::key;
use crate::evidence::seal::Seal;
use crate::gesture::{Ask, Gesture, Heard};
use crate::store::{Execution, Intake, Options, Rules, Store, Target, look};

/// Monday, 5 October 2026, 09:00 UTC.
fn monday() -> DateTime<Utc> {
    DateTime::from_timestamp(1_791_190_800, 0).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A workspace whose life goes by.
struct World {
    folder: TempDir,
    store: Store,
    rules: Arc<Rules>,
    now: DateTime<Utc>,
    n: u8,
}

const POLICY: &str = "zone = \"Europe/Berlin\"\napprovers = [\"U0MORGAN01\"]\n";

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("breakglass.db");
        let store = Store::open(&Options::at(&database), WorkspaceId::new("T0ACME")).unwrap();
        let policy = PolicyFile::read(POLICY).unwrap();
        let now = monday();
        store
            .adopt_policy(policy.bytes().unwrap(), now)
            .await
            .unwrap();
        let rules = Rules::new(
            policy.policy(PolicyVersion(1)).unwrap(),
            [],
            chrono_tz::Europe::Berlin,
        );
        Self {
            folder,
            store,
            rules: Arc::new(rules),
            now,
            n: 0,
        }
    }

    fn text(&mut self, words: &str) -> Text {
        self.n += 1;
        Text::new(words, Salt([self.n; 32]))
    }

    fn later(&mut self, minutes: i64) {
        self.now += TimeDelta::minutes(minutes);
    }

    async fn carry(
        &mut self,
        who: &str,
        ask: Ask,
        target: Target,
        command: Command,
    ) -> ChangeNumber {
        self.n += 1;
        let texts = match &command {
            Command::Request { what, verbatim, .. } => vec![what.clone(), verbatim.clone()],
            _ => Vec::new(),
        };
        let gesture = Gesture {
            key: format!("gesture {}", self.n),
            actor: UserId::new(who),
            at: self.now,
            source: Source::Slack,
            channel: Some(ChannelId::new("C0INCAUTH1")),
            thread: None,
            response_url: None,
            ask,
        };
        let heard = Heard {
            gesture: gesture.clone(),
            texts,
        };
        self.store.keep(heard, self.now).await.unwrap();
        let execution = Execution {
            target,
            submissions: vec![Submission {
                actor: Actor::Person(gesture.actor.clone()),
                at: gesture.at,
                source: gesture.source,
                command,
            }],
            texts: Vec::new(),
            gesture: Some(gesture),
            met: Vec::new(),
            asks_back: None,
            afterwards: None,
        };
        let done = self
            .store
            .execute(execution, Arc::clone(&self.rules), self.now);
        let (outcome, number) = done.await.unwrap();
        number.unwrap_or_else(|| panic!("{outcome:?}"))
    }

    async fn request(&mut self, what: &str) -> ChangeNumber {
        let verbatim = self.text(&format!("{what} @morgan"));
        let what = self.text(what);
        let ask = Ask::Request {
            what: what.commitment(),
            verbatim: verbatim.commitment(),
            asked: Vec::new(),
            criterion: None,
            said: None,
            deployed: None,
            drill: false,
        };
        let command = Command::Request {
            what,
            verbatim,
            asked: vec![Party::Person(UserId::new("U0MORGAN01"))],
            place: Place {
                channel: ChannelId::new("C0INCAUTH1"),
                thread: None,
            },
            criterion: None,
            said: None,
            captured: None,
            drill: false,
            known: Vec::new(),
        };
        self.carry("U0DANA0001", ask, Target::New, command).await
    }

    async fn authorize(&mut self, change: ChangeNumber) {
        let by = Member {
            id: UserId::new("U0MORGAN01"),
            standing: Standing::Full,
            groups: std::collections::BTreeSet::new(),
        };
        let given = Given::Button;
        let command = Command::Authorize { by, given };
        let ask = Ask::Authorize { change };
        self.carry("U0MORGAN01", ask, Target::Change(change), command)
            .await;
    }

    async fn deploy(&mut self, change: ChangeNumber) {
        let command = Command::RecordDeployment {
            at: self.now,
            source: Source::Receipt,
            by: UserId::new("U0DANA0001"),
        };
        let ask = Ask::Authorize { change };
        self.carry("U0DANA0001", ask, Target::Change(change), command)
            .await;
    }

    /// A pull request that is merged and deployed, as two tellings.
    async fn told(&mut self, number: u64) {
        let source = || SourceName::new("github");
        let url = format!("https://github.com/acme/web/pull/{number}");
        let title = self.text(&format!("Add <b>thing</b> {number}"));
        let merge = Deployment {
            title: Some(title),
            url: Some(url.clone()),
            author: Some("lee".to_owned()),
            approved_by: Some("kim".to_owned()),
            ..Deployment::new(
                source(),
                format!("acme/web/pull/{number}"),
                Happening::Merge,
                self.now,
            )
        };
        let deployment = Deployment {
            url: Some(url),
            outcome: Some("success".to_owned()),
            ..Deployment::new(
                source(),
                format!("acme/web/deployments/{number}"),
                Happening::Deployment,
                self.now + TimeDelta::minutes(5),
            )
        };
        for one in [merge, deployment] {
            let intake = Intake::new(source(), vec![one]);
            let (counting, rules) = (Arc::new(Counting::default()), Arc::clone(&self.rules));
            let taken = self.store.take_in(intake, counting, rules, self.now);
            taken.await.unwrap();
        }
    }

    async fn checkpoint(&self) -> u64 {
        let database = self.folder.path().join("breakglass.db");
        let seal = Seal::of(&self.store, &database, false, self.now)
            .await
            .unwrap();
        let kept = seal.checkpoint(&self.store, self.now).await.unwrap();
        kept.unwrap().n
    }

    fn pack(&self, which: &Which) -> Result<Vec<u8>, PackFault> {
        self.pack_at(which, None)
    }

    fn pack_at(&self, which: &Which, n: Option<u64>) -> Result<Vec<u8>, PackFault> {
        let database = self.folder.path().join("breakglass.db");
        let workspace = WorkspaceId::new("T0ACME");
        let path = key::path_of(&database, &workspace);
        let key = key::read(&path, &origin(&workspace).unwrap())
            .unwrap()
            .unwrap();
        let policy = PolicyFile::read(POLICY).unwrap();
        let policies = [policy.policy(PolicyVersion(1)).unwrap()];
        let made = look(&database, None, |moment| {
            let kept = moment.checkpoints()?;
            let checkpoint = match n {
                Some(n) => kept.iter().find(|one| one.n == n),
                None => kept.last(),
            };
            let wanted = Wanted {
                first_day: day("2026-10-01"),
                last_day: day("2026-12-31"),
                which,
                checkpoint: checkpoint.unwrap(),
                key: &key,
                policies: &policies,
                zone: chrono_tz::Europe::Berlin,
            };
            let mut out = Cursor::new(Vec::new());
            Ok(make(moment, &wanted, self.folder.path(), &mut out, &|_| {})
                .map(|_| out.into_inner()))
        });
        made.unwrap()
    }

    /// A life with two emergencies and a few normal changes, sealed.
    async fn lived() -> Self {
        let mut world = Self::new().await;
        world.checkpoint().await;
        for number in 1..=3 {
            world.told(number).await;
            world.later(60);
        }
        let change = world.request("Deploy <WAF> rule").await;
        world.later(1);
        world.authorize(change).await;
        world.later(4);
        world.deploy(change).await;
        world.later(60);
        let change = world.request("Restart the queue").await;
        world.later(2);
        world.deploy(change).await;
        world.later(60);
        world.told(4).await;
        world.later(60);
        world.checkpoint().await;
        world
    }
}

fn drawn(size: usize) -> Which {
    Which::Drawn {
        size: Some(size),
        seed: Some(7),
        stratum: Stratum::All,
    }
}

fn files(pack: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(pack)).unwrap();
    let mut files = BTreeMap::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        files.insert(file.name().unwrap().into_owned(), bytes);
    }
    files
}

/// What the verifier in a pack says of it.
fn by_python(pack: &Path, arguments: &[&str]) -> (bool, String) {
    let verifier = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/evidence/pack/verify.py");
    let done = Program::new("python3")
        .arg("-B")
        .arg(verifier)
        .arg(pack)
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8(done.stdout).unwrap() + &String::from_utf8_lossy(&done.stderr);
    (done.status.success(), said)
}

#[tokio::test]
async fn a_pack_holds_by_its_own_verifier_and_is_the_same_to_the_byte() {
    let world = World::lived().await;
    let pack = world.pack(&drawn(6)).unwrap();
    if let Ok(kept) = std::env::var("BREAKGLASS_KEEP_PACK") {
        std::fs::write(kept, &pack).unwrap();
    }
    assert_eq!(world.pack(&drawn(6)).unwrap(), pack);
    let path = world.folder.path().join("pack.zip");
    std::fs::write(&path, &pack).unwrap();
    let (holds, said) = by_python(&path, &[]);
    assert!(holds && said.starts_with("Everything holds:"), "{said}");
    let names: Vec<String> = files(&pack).into_keys().collect();
    insta::assert_snapshot!(names.join("\n"));
    world.store.close().await;
}
