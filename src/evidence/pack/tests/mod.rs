//! Facts about whole packs, made of a store and checked by the verifier inside.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::path::Path;
use std::process::Command as Program;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;
use zip::ZipArchive;

mod population;

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
use crate::evidence::note::SignerKey;
use crate::evidence::pack::forged::sealed;
use crate::evidence::seal::Seal;
use crate::evidence::verify;
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
pub(super) struct World {
    pub(super) folder: TempDir,
    pub(super) store: Store,
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

    pub(super) fn pack(&self, which: &Which) -> Result<Vec<u8>, PackFault> {
        self.pack_at(which, None)
    }

    /// The key that signs its log.
    pub(super) fn key(&self) -> SignerKey {
        let database = self.folder.path().join("breakglass.db");
        let workspace = WorkspaceId::new("T0ACME");
        let path = key::path_of(&database, &workspace);
        key::read(&path, &origin(&workspace).unwrap())
            .unwrap()
            .unwrap()
    }

    fn pack_at(&self, which: &Which, n: Option<u64>) -> Result<Vec<u8>, PackFault> {
        self.pack_of((day("2026-10-01"), day("2026-12-31")), which, n)
    }

    fn pack_of(
        &self,
        (first_day, last_day): (NaiveDate, NaiveDate),
        which: &Which,
        n: Option<u64>,
    ) -> Result<Vec<u8>, PackFault> {
        let database = self.folder.path().join("breakglass.db");
        let key = self.key();
        let policy = PolicyFile::read(POLICY).unwrap();
        let policies = [policy.policy(PolicyVersion(1)).unwrap()];
        let made = look(&database, None, |moment| {
            let kept = moment.checkpoints()?;
            let checkpoint = match n {
                Some(n) => kept.iter().find(|one| one.n == n),
                None => kept.last(),
            };
            let wanted = Wanted {
                first_day,
                last_day,
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
    pub(super) async fn lived() -> Self {
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

pub(super) fn drawn(size: usize) -> Which {
    Which::Drawn {
        size: Some(size),
        seed: Some(7),
        stratum: Stratum::All,
    }
}

pub(super) fn files(pack: &[u8]) -> BTreeMap<String, Vec<u8>> {
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

/// Runs a program that a machine needn't have; nothing where it isn't there.
fn ran(program: &mut Program) -> Option<std::process::Output> {
    match program.output() {
        Ok(done) => Some(done),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("{error}"),
    }
}

/// What the verifier in a pack says of it, where there is a Python to run it.
pub(super) fn by_python(pack: &Path, arguments: &[&str]) -> Option<(bool, String)> {
    let verifier = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/evidence/pack/verify.py");
    let done = ran(Program::new("python3")
        .arg("-B")
        .arg(verifier)
        .arg(pack)
        .args(arguments))?;
    let said = String::from_utf8(done.stdout).unwrap() + &String::from_utf8_lossy(&done.stderr);
    Some((done.status.success(), said))
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
    by_rust(&path).unwrap();
    if let Some((holds, said)) = by_python(&path, &[]) {
        assert!(holds && said.starts_with("Everything holds:"), "{said}");
    }
    let names: Vec<String> = files(&pack).into_keys().collect();
    insta::assert_snapshot!(names.join("\n"));
    world.store.close().await;
}

/// Writes files as a zip again.
pub(super) fn zipped(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut zip, bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A die that falls the same each time (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(n).unwrap()).unwrap()
    }
}

/// Alters a pack somehow; returns what was done, and the files of which one has to be
/// named.
fn mutated(files: &mut BTreeMap<String, Vec<u8>>, dice: &mut Dice) -> (String, Vec<String>) {
    let names: Vec<String> = files.keys().cloned().collect();
    let name = names[dice.below(names.len())].clone();
    match dice.below(6) {
        0 => {
            let bytes = files.get_mut(&name).unwrap();
            let at = dice.below(bytes.len());
            bytes[at] ^= 1 << dice.below(7);
            (format!("edited {name} at {at}"), vec![name])
        }
        1 => {
            files.remove(&name);
            (format!("deleted {name}"), vec![name])
        }
        2 => {
            let new = format!("{name}.more");
            files.insert(new.clone(), b"more".to_vec());
            (format!("inserted {new}"), vec![new])
        }
        3 => {
            let bytes = files.get_mut(&name).unwrap();
            let at = dice.below(bytes.len());
            bytes.truncate(at);
            (format!("truncated {name} at {at}"), vec![name])
        }
        4 => {
            let other = names[dice.below(names.len())].clone();
            if files[&other] == files[&name] {
                return mutated(files, dice);
            }
            let (one, two) = (files[&name].clone(), files[&other].clone());
            files.insert(name.clone(), two);
            files.insert(other.clone(), one);
            (format!("swapped {name} and {other}"), vec![name, other])
        }
        _ => {
            // A paper, and the list with it; the signature stays.
            let papers: Vec<&String> = names.iter().filter(|name| is_of(name, "pdf")).collect();
            let paper = papers[dice.below(papers.len())].clone();
            let before = hex::encode(sha2::Digest::finalize(sha2::Digest::chain_update(
                <sha2::Sha256 as sha2::Digest>::new(),
                &files[&paper],
            )));
            let bytes = files.get_mut(&paper).unwrap();
            bytes.push(b'\n');
            let after = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&*bytes));
            let list = String::from_utf8(files[LIST].clone()).unwrap();
            assert!(list.contains(&before));
            files.insert(LIST.to_owned(), list.replace(&before, &after).into_bytes());
            (
                format!("altered {paper} and the list"),
                vec![LIST.to_owned()],
            )
        }
    }
}

/// Whether a file's name ends so.
fn is_of(name: &str, kind: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == kind)
}

pub(super) fn by_rust(path: &Path) -> Result<verify::Sound, verify::Flaw> {
    verify::pack(path, &verify::PackAsk::default())
}

/// Of a file in the room of proofs the log's own words may say what is wrong with it.
fn is_named(said: &str, names: &[String]) -> bool {
    let is_of_the_room = |name: &String| name.starts_with(ROOM) || is_of(name, "json");
    names
        .iter()
        .any(|name| said.contains(name.as_str()) || is_of_the_room(name))
}

#[tokio::test]
async fn whatever_is_done_to_a_pack_both_verifiers_find_it_and_name_it_alike() {
    let world = World::lived().await;
    let whole = files(&world.pack(&drawn(3)).unwrap());
    let path = world.folder.path().join("pack.zip");
    let mut dice = Dice(7);
    for n in 0..60 {
        let mut pack = whole.clone();
        let (done, names) = mutated(&mut pack, &mut dice);
        std::fs::write(&path, zipped(&pack)).unwrap();
        let flaw = by_rust(&path).unwrap_err().to_string();
        assert!(is_named(&flaw, &names), "{done}: {flaw}");
        // Python is slower to start than to verify.
        if n % 4 == 0
            && let Some((holds, said)) = by_python(&path, &[])
        {
            assert!(!holds, "{done}: {said}");
            let said = said.lines().next().unwrap();
            let is_of_form =
                |said: &str| said.contains("isn't of the form") || said.contains("the key");
            assert!(
                said == flaw || is_of_form(said) || is_of_form(&flaw),
                "{done}: {said} / {flaw}"
            );
        }
    }
    std::fs::write(&path, zipped(&whole)).unwrap();
    by_rust(&path).unwrap();
    world.store.close().await;
}

#[tokio::test]
async fn what_the_key_signs_but_the_log_doesnt_say_is_found_when_it_is_made_again() {
    let world = World::lived().await;
    let whole = files(&world.pack(&drawn(9)).unwrap());
    let path = world.folder.path().join("pack.zip");
    let record = whole
        .keys()
        .find(|name| name.contains("CHG-1001") && name.ends_with("/record.json"));
    let record = record.unwrap().clone();
    let paper = record.replace("record.json", "approval_record.pdf");
    let edit = |pointer: &str, value: Value| {
        let mut told: Value = serde_json::from_slice(&whole[&record]).unwrap();
        *told.pointer_mut(pointer).unwrap() = value;
        let mut bytes = serde_json::to_vec_pretty(&told).unwrap();
        bytes.push(b'\n');
        (record.clone(), bytes)
    };
    let of_another = whole
        .keys()
        .find(|name| name.contains("CHG-1002") && name.ends_with("/approval_record.pdf"));
    let policy = whole.keys().find(|name| is_of(name, "toml")).unwrap();
    let more = record.replace("record.json", "attachments/1 green.log");
    let key = world.key();
    let differs = |place: &str| format!("{record} says otherwise than the log's records: {place}");
    let deeds = [
        (
            edit("/deployments/0/at", json!("2026-10-05T06:00:00Z")),
            differs("deployments 1 at"),
        ),
        (edit("/stage/name", json!("closed")), differs("stage name")),
        (
            edit("/authorization/by/id", json!("U0RILEY")),
            differs("authorization by id"),
        ),
        (
            edit("/timeline/0/event/words", json!("Nothing")),
            differs("timeline 1 event words"),
        ),
        (
            (paper.clone(), whole[of_another.unwrap()].clone()),
            format!("{paper} isn't the paper that its record makes"),
        ),
        (
            (policy.clone(), b"# lax\n".to_vec()),
            format!("{policy} isn't the policy that record 0"),
        ),
        (
            (more.clone(), b"42 passed\n".to_vec()),
            format!("{more} is nothing of this sample"),
        ),
    ];
    for ((name, bytes), named) in deeds {
        let mut pack = whole.clone();
        pack.insert(name, bytes);
        std::fs::write(&path, zipped(&sealed(pack, &key))).unwrap();
        let flaw = by_rust(&path).unwrap_err().to_string();
        assert!(flaw.contains(&named), "{flaw} / {named}");
    }
    std::fs::write(&path, zipped(&sealed(whole, &key))).unwrap();
    assert!(by_rust(&path).unwrap().is_made_again);
    world.store.close().await;
}

#[tokio::test]
async fn an_unpacked_pack_holds_too_and_so_do_the_signatures_by_openssl() {
    let world = World::lived().await;
    let folder = world.folder.path().join("pack");
    for (name, bytes) in files(&world.pack(&drawn(1)).unwrap()) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let sound = by_rust(&folder).unwrap();
    assert_eq!((sound.n_samples, sound.size), (1, sound.n_leaves));
    if let Some((holds, said)) = by_python(&folder, &[]) {
        assert!(holds, "{said}");
    }
    let openssl = ran(Program::new("openssl")
        .args("pkeyutl -verify -pubin -inkey key.pem -rawin -in checkpoint.body -sigfile checkpoint.sig".split(' '))
        .current_dir(folder.join("verify")));
    if let Some(done) = openssl {
        assert!(done.status.success(), "{done:?}");
    }
    world.store.close().await;
}

#[tokio::test]
async fn an_older_checkpoint_gives_the_same_pack_whatever_was_recorded_since() {
    let mut world = World::lived().await;
    let n = world.checkpoint().await;
    let before = world.pack_at(&drawn(4), Some(n)).unwrap();
    let change = world.request("Flush the cache").await;
    world.later(3);
    world.deploy(change).await;
    world.told(9).await;
    world.checkpoint().await;
    let after = world.pack_at(&drawn(4), Some(n)).unwrap();
    let (before, after) = (files(&before), files(&after));
    let differ: Vec<&String> = before
        .keys()
        .filter(|name| after.get(*name) != before.get(*name))
        // That more was told since is said where the population is told of, and how much
        // was heard is kept by the day.
        .filter(|name| !name.ends_with("Change Log.xlsx") && *name != "index.html")
        .filter(|name| !name.starts_with("verify/MANIFEST"))
        .collect();
    assert_eq!(differ, Vec::<&String>::new());
    world.store.close().await;
}

#[tokio::test]
async fn one_day_or_named_changes_can_be_asked_for() {
    let world = World::lived().await;
    let folders = |pack: &[u8]| -> Vec<String> {
        let names = files(pack).into_keys();
        let records = names.filter(|name| name.ends_with("/record.json"));
        let folder = |name: String| name.split('/').nth(2).unwrap().to_owned();
        records.map(folder).collect()
    };
    let named = world
        .pack(&Which::Named(vec!["CHG-1002".to_owned()]))
        .unwrap();
    assert_eq!(folders(&named), ["Sample 1 - 2026-10-05 CHG-1002"]);
    let day = world.pack(&Which::On(day("2026-10-05"))).unwrap();
    assert_eq!(folders(&day).len(), 6);
    let missing = world
        .pack(&Which::Named(vec!["CHG-1009".to_owned()]))
        .unwrap_err();
    assert_eq!(
        missing.to_string(),
        "CHG-1009 isn't in the change log of 2026-10-01 to 2026-12-31 up to checkpoint 2; its \
         column Change has the names of those that are"
    );
    let first = Which::Drawn {
        size: Some(1),
        seed: Some(1),
        stratum: Stratum::ExceptionsFirst,
    };
    let first = folders(&world.pack(&first).unwrap());
    assert_eq!(first, ["Sample 1 - 2026-10-05 CHG-1002"]);
    world.store.close().await;
}
