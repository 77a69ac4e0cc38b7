//! `breakglass evidence` from outside: packs of a real life of the bot, what both
//! verifiers say of them, and what forgers make of them.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use breakglass::domain::id::WorkspaceId;
use breakglass::domain::merkle::{Frontier, Hash, Prover, leaf_hash};
use breakglass::evidence::checkpoint::{Checkpoint, origin, root_in_words};
use breakglass::evidence::key;
use breakglass::evidence::note::{SignedNote, SignerKey};
use breakglass::intake::seal::Token;
use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::printed::words;
use super::{Ended, finish, program, run};
use crate::world::{CHANNEL, Setting, World, browser};

const TOKEN: &str = "It's a Secret to Everybody";
pub(super) const LEAKED: &str = "hunter2-4f9c";

/// The whole life of the world below.
pub(super) const PERIOD: [&str; 4] = ["--from", "2026-03-13", "--to", "2026-03-14"];

/// More than there are: everything becomes a sample.
const ALL_OF_IT: [&str; 4] = ["--sample", "10", "--seed", "7"];

/// Three normal changes on Friday; in the night an emergency as the policy wants it,
/// with a token in its words, and one that nobody authorized.
pub(super) async fn lived() -> World {
    let mut setting = Setting::default();
    setting.policy.administrators = vec!["U0SAM00001".to_owned()];
    setting.sources.keys.changes = Some(Token::new(TOKEN).unwrap());
    let mut world = World::of(setting).await;
    normal_changes(&world).await;
    let line = format!("Rotate the key {LEAKED} on auth-api @morgan");
    world.slash("dana", &line).await;
    world
        .press("dana", CHANNEL, "criterion:production_down")
        .await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.press("riley", CHANNEL, "take_command").await;
    world.press("dana", CHANNEL, "deployed").await;
    world
        .document("dana", CHANNEL, &crate::story::SECTIONS)
        .await;
    world.approve("morgan", "@breakglass").await;
    world.slash("dana", "Restart the queue @morgan").await;
    world.slash("dana", "deployed CHG-1002").await;
    // The hourly checkpoint is over all of that.
    world.go(TimeDelta::hours(2)).await;
    world.skip();
    world
}

async fn normal_changes(world: &World) {
    let changes: Vec<Value> = (1..=3)
        .map(|n| {
            json!({
                "deployed_at": format!("2026-03-13T{:02}:00:00Z", 8 + n),
                "source": "ledger",
                "external_id": format!("R-{n}"),
                "title": format!("Add thing {n}"),
                "author": "lee",
                "approved_by": "kim",
                "testing_result": "all green",
                "outcome": "success",
            })
        })
        .collect();
    let answer = browser()
        .post(format!("http://{}/hooks/changes", world.address()))
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("idempotency-key", "of Friday")
        .body(json!(changes).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 200);
}

/// Packs beside a bot at work, in a folder of their own.
pub(super) struct Desk {
    pub(super) folder: TempDir,
    pub(super) database: PathBuf,
    pub(super) listen: String,
}

impl Desk {
    pub(super) fn of(world: &World) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            database: world.database(),
            listen: world.address().to_string(),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program while the bot and its Slack go on.
    pub(super) async fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = program(self.folder.path());
        command
            .args(arguments)
            .env("BREAKGLASS_DATABASE", &self.database)
            .env("BREAKGLASS_LISTEN", &self.listen);
        tokio::task::spawn_blocking(move || run(&mut command))
            .await
            .unwrap()
    }

    /// What lies on it.
    pub(super) fn left(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = names
            .map(|one| one.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub(super) async fn export(&self, name: &str, more: &[&str]) -> Ended {
        let arguments = [&["evidence", "--out", name], &PERIOD[..], more].concat();
        self.run(&arguments).await
    }

    /// Makes a pack of everything and returns its files.
    async fn pack(&self, name: &str, more: &[&str]) -> Files {
        let made = self.export(name, &[&ALL_OF_IT[..], more].concat()).await;
        assert_eq!(made.code, Some(0), "{made:?}");
        files(&std::fs::read(self.path(name)).unwrap())
    }

    /// What the program says of a pack, and, where there is a Python, the verifier that
    /// packs bring along. They say the same.
    pub(super) async fn verify(&self, name: &str, more: &[&str]) -> (bool, String) {
        let ended = self.run(&[&["verify", name], more].concat()).await;
        assert!(matches!(ended.code, Some(0 | 1)), "{ended:?}");
        let verifier = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/evidence/pack/verify.py");
        let spawned = Command::new("python3")
            .arg("-B")
            .arg(verifier)
            .arg(name)
            .args(more)
            .current_dir(self.folder.path())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn();
        match spawned {
            Ok(child) => {
                let theirs = finish(child);
                // Only ours makes records and papers again, and says so behind.
                let more = ended.out.strip_prefix(&theirs.out);
                let more = more.unwrap_or_else(|| panic!("{theirs:?} {ended:?}"));
                let says_so = more.starts_with("Made again, ") || more.starts_with("Not made");
                assert_eq!(says_so, ended.code == Some(0), "{more}");
                assert!(says_so || more.is_empty(), "{more}");
                assert_eq!(theirs.code, ended.code, "{theirs:?}");
            }
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
        }
        (ended.code == Some(0), ended.out)
    }

    fn write(&self, name: &str, files: &Files) {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            let options = zip::write::SimpleFileOptions::default();
            zip.start_file(name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// The key of the bot.
    fn key(&self) -> SignerKey {
        let workspace = WorkspaceId::new("T0BREAK01");
        let path = key::path_of(&self.database, &workspace);
        key::read(&path, &origin(&workspace).unwrap())
            .unwrap()
            .unwrap()
    }
}

type Files = BTreeMap<String, Vec<u8>>;

pub(super) fn files(pack: &[u8]) -> Files {
    let mut archive = zip::ZipArchive::new(Cursor::new(pack)).unwrap();
    let mut files = BTreeMap::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        files.insert(file.name().unwrap().into_owned(), bytes);
    }
    files
}

fn text(files: &Files, name: &str) -> String {
    String::from_utf8(files[name].clone()).unwrap()
}

pub(super) fn read(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// Makes everything in a pack fit again, once its records are others: hashes, root,
/// proofs, checkpoint, the list of files, all signatures.
fn made_to_fit(files: &mut Files, key: &SignerKey) {
    let mut hashes: Vec<Hash> = files["verify/hashes.bin"]
        .chunks(32)
        .map(|hash| hash.try_into().unwrap())
        .collect();
    let leaves = text(files, "verify/leaves.jsonl");
    let mut by_seq = BTreeMap::new();
    for leaf in leaves.lines() {
        let seq = read(leaf.as_bytes())["seq"].as_u64().unwrap();
        hashes[usize::try_from(seq).unwrap()] = leaf_hash(leaf.as_bytes());
        by_seq.insert(seq, leaf);
    }
    let size = hashes.len() as u64;
    let mut frontier = Frontier::default();
    let mut prover = Prover::of(size);
    for seq in by_seq.keys() {
        prover.want_inclusion(*seq);
    }
    for hash in &hashes {
        frontier.append(*hash);
        prover.take(*hash);
    }
    let root = frontier.root();
    files.insert("verify/hashes.bin".to_owned(), hashes.concat());
    for (name, bytes) in files.iter_mut() {
        if !name.ends_with("/inclusion_proof.json") {
            continue;
        }
        let mut proofs = read(bytes);
        proofs["root"] = json!(root_in_words(&root));
        for record in proofs["records"].as_array_mut().unwrap() {
            let seq = record["seq"].as_u64().unwrap();
            let path = prover.inclusion(seq).unwrap().path;
            record["leaf"] = json!(by_seq[&seq]);
            record["path"] = path.iter().map(hex::encode).collect();
        }
        *bytes = serde_json::to_vec(&proofs).unwrap();
    }
    let checkpoint = Checkpoint {
        origin: key.verifier().name().to_string(),
        size,
        root,
    };
    let mut about = read(&files["verify/pack.json"]);
    about["checkpoint"]["root"] = json!(root_in_words(&root));
    files.insert(
        "verify/pack.json".to_owned(),
        serde_json::to_vec(&about).unwrap(),
    );
    let note = checkpoint.sign(key).unwrap();
    let signature = note.signatures()[0].bytes.clone();
    for (name, bytes) in [
        ("checkpoint.txt", note.to_string().into_bytes()),
        ("checkpoint.body", note.text().as_bytes().to_vec()),
        ("checkpoint.sig", signature),
        ("key.txt", format!("{}\n", key.verifier()).into_bytes()),
        ("key.pem", key.verifier().to_pem().into_bytes()),
    ] {
        files.insert(format!("verify/{name}"), bytes);
    }
    listed(files, key);
}

/// Lists the files as they are, and signs the list.
fn listed(files: &mut Files, key: &SignerKey) {
    files.retain(|name, _| !name.starts_with("verify/MANIFEST"));
    let mut list = String::new();
    for (name, bytes) in files.iter() {
        let hash = hex::encode(Sha256::digest(bytes));
        list.extend([&hash, "  ", name, "\n"]);
    }
    let hash = hex::encode(Sha256::digest(&list));
    let words = format!("{}/pack\n{hash}\n", key.verifier().name());
    let note = SignedNote::sign(words, key).unwrap();
    files.insert("verify/MANIFEST".to_owned(), list.into_bytes());
    files.insert("verify/MANIFEST.note".to_owned(), note.to_string().into());
}

/// Puts one person's name in the place of another's, wherever a value is just that.
fn renamed(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(words) if words == from => to.clone_into(words),
        Value::Array(parts) => parts.iter_mut().for_each(|part| renamed(part, from, to)),
        Value::Object(parts) => parts.values_mut().for_each(|part| renamed(part, from, to)),
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
}

/// Lets Riley have done, in every record, what Morgan did.
fn put_on_somebody_else(files: &mut Files) {
    let (from, to) = ("U0MORGAN01", "U0RILEY001");
    let leaves = text(files, "verify/leaves.jsonl");
    assert!(leaves.contains(from));
    files.insert(
        "verify/leaves.jsonl".to_owned(),
        leaves.replace(from, to).into_bytes(),
    );
    // What another version made, nobody here makes again.
    let about = text(files, "verify/pack.json");
    let program = concat!("breakglass ", env!("CARGO_PKG_VERSION"));
    assert!(about.contains(program));
    let about = about.replace(program, "breakglass 99.0.0");
    files.insert("verify/pack.json".to_owned(), about.into_bytes());
    for (name, bytes) in files.iter_mut() {
        if name.ends_with("/record.json") {
            let mut record = read(bytes);
            renamed(&mut record, from, to);
            *bytes = serde_json::to_vec(&record).unwrap();
        }
    }
}

pub(super) async fn ended(mut world: World) {
    world.settle().await;
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_pack_holds_by_both_verifiers_and_a_second_one_is_the_same_to_the_byte() {
    let world = lived().await;
    let desk = Desk::of(&world);
    let pack = desk.pack("first.zip", &[]).await;
    let samples: Vec<&str> = pack
        .keys()
        .filter_map(|name| name.strip_suffix("/record.json"))
        .map(|name| name.split_once(" - ").unwrap().1)
        .collect();
    let mut sorted = samples.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [
            "2026-03-13 R-1",
            "2026-03-13 R-2",
            "2026-03-13 R-3",
            "2026-03-14 CHG-1001",
            "2026-03-14 CHG-1002"
        ]
    );
    let key = desk.key().verifier().to_string();
    std::fs::write(desk.path("kept.txt"), &pack["verify/checkpoint.txt"]).unwrap();
    let (holds, said) = desk.verify("first.zip", &[]).await;
    assert!(holds && said.starts_with("Everything holds: "), "{said}");
    assert!(said.contains("You gave no witness"), "{said}");
    let (holds, said) = desk
        .verify("first.zip", &["--key", &key, "--witness", "kept.txt"])
        .await;
    assert!(holds && !said.contains("You "), "{said}");
    let again = desk.pack("second.zip", &[]).await;
    assert_eq!(
        pack.keys().collect::<Vec<_>>(),
        again.keys().collect::<Vec<_>>()
    );
    let bytes = |name: &str| std::fs::read(desk.path(name)).unwrap();
    assert!(bytes("first.zip") == bytes("second.zip"));
    ended(world).await;
}

#[tokio::test]
async fn a_pack_that_is_there_is_not_written_over_and_nothing_half_made_is_left() {
    let world = lived().await;
    let desk = Desk::of(&world);
    std::fs::write(desk.path("there.zip"), "mine").unwrap();
    desk.export("there.zip", &[])
        .await
        .failed_saying(&["there.zip is there already", "--out"]);
    assert_eq!(std::fs::read(desk.path("there.zip")).unwrap(), b"mine");
    desk.export("none.zip", &["--change", "CHG-1009"])
        .await
        .failed_saying(&["CHG-1009 isn't in the change log"]);
    desk.export("none.zip", &["--checkpoint", "999"])
        .await
        .failed_saying(&["there is no checkpoint 999"]);
    assert_eq!(desk.left(), ["there.zip"]);
    ended(world).await;
}

#[tokio::test]
async fn an_altered_paper_is_found_by_the_list_and_an_altered_list_by_its_signature() {
    let world = lived().await;
    let desk = Desk::of(&world);
    let mut pack = desk.pack("pack.zip", &[]).await;
    let paper = pack
        .keys()
        .find(|name| name.ends_with("CHG-1001/approval_record.pdf"))
        .unwrap()
        .clone();
    pack.get_mut(&paper).unwrap().push(b'\n');
    desk.write("paper.zip", &pack);
    let (holds, said) = desk.verify("paper.zip", &[]).await;
    assert!(!holds);
    assert_eq!(
        said,
        format!("altered: {paper} isn't the file that was listed\n")
    );
    let note = pack["verify/MANIFEST.note"].clone();
    listed(&mut pack, &desk.key());
    pack.insert("verify/MANIFEST.note".to_owned(), note);
    desk.write("list.zip", &pack);
    let (holds, said) = desk.verify("list.zip", &[]).await;
    assert!(!holds);
    assert_eq!(
        said,
        "altered: verify/MANIFEST isn't the list that was signed\n"
    );
    ended(world).await;
}

#[tokio::test]
async fn a_pack_rewritten_and_signed_with_another_key_is_found_by_the_key() {
    let world = lived().await;
    let desk = Desk::of(&world);
    let mut pack = desk.pack("pack.zip", &[]).await;
    let ours = desk.key();
    let theirs = key::draw(ours.verifier().name()).unwrap();
    let (our_name, their_name) = (ours.verifier().to_string(), theirs.verifier().to_string());
    put_on_somebody_else(&mut pack);
    made_to_fit(&mut pack, &theirs);
    desk.write("clumsy.zip", &pack);
    let (holds, said) = desk.verify("clumsy.zip", &[]).await;
    assert!(
        !holds && said.contains("another key than the log names"),
        "{said}"
    );
    // Whoever knows better lets the log name their key, too.
    let leaves = text(&pack, "verify/leaves.jsonl");
    assert!(leaves.contains(&our_name));
    let leaves = leaves.replace(&our_name, &their_name);
    pack.insert("verify/leaves.jsonl".to_owned(), leaves.into_bytes());
    made_to_fit(&mut pack, &theirs);
    desk.write("clever.zip", &pack);
    let (holds, said) = desk.verify("clever.zip", &[]).await;
    assert!(holds, "nothing of it shows without the key: {said}");
    assert!(
        said.contains("give --key to compare it with yours"),
        "{said}"
    );
    let (holds, said) = desk.verify("clever.zip", &["--key", &our_name]).await;
    assert!(!holds);
    assert_eq!(
        said,
        format!("the pack is signed with another key than the one you gave: {their_name}\n")
    );
    ended(world).await;
}

#[tokio::test]
async fn a_pack_rewritten_and_signed_with_the_same_key_is_found_by_the_witness() {
    let world = lived().await;
    let desk = Desk::of(&world);
    let mut pack = desk.pack("pack.zip", &[]).await;
    let key = desk.key();
    let kept: SignedNote = text(&pack, "verify/checkpoint.txt").parse().unwrap();
    let seen = Checkpoint::of(&kept).unwrap();
    std::fs::write(desk.path("kept.txt"), kept.to_string()).unwrap();
    let line = format!(
        "Log: {} records, root {}",
        seen.size,
        root_in_words(&seen.root)
    );
    std::fs::write(desk.path("line.txt"), line).unwrap();
    put_on_somebody_else(&mut pack);
    made_to_fit(&mut pack, &key);
    desk.write("rewritten.zip", &pack);
    let named = key.verifier().to_string();
    let (holds, said) = desk.verify("rewritten.zip", &["--key", &named]).await;
    assert!(holds, "nothing of it shows without a witness: {said}");
    assert!(said.contains("could have made all of it anew"), "{said}");
    for witness in ["kept.txt", "line.txt"] {
        let (holds, said) = desk.verify("rewritten.zip", &["--witness", witness]).await;
        assert!(!holds);
        let expected = format!(
            "the first {} records aren't those that the witness saw\n",
            seen.size
        );
        assert_eq!(said, expected, "{witness}");
        let (holds, said) = desk.verify("pack.zip", &["--witness", witness]).await;
        assert!(holds, "{witness}: {said}");
    }
    ended(world).await;
}

/// The places at which two values differ, as far as they are of one shape.
fn differences(one: &Value, other: &Value, place: &str, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => {
            for (name, part) in one {
                differences(part, &other[name], &format!("{place}/{name}"), found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (n, (part, other)) in one.iter().zip(other).enumerate() {
                differences(part, other, &format!("{place}/{n}"), found);
            }
        }
        _ if one == other => {}
        _ => found.push(place.to_owned()),
    }
}

#[tokio::test]
async fn a_redaction_between_two_packs_changes_only_what_it_must_and_both_hold() {
    let mut world = lived().await;
    let desk = Desk::of(&world);
    let n = world.count("SELECT max(n) FROM checkpoint").to_string();
    let before = desk.pack("before.zip", &["--checkpoint", &n]).await;
    let what = world
        .facts()
        .into_iter()
        .find(|fact| fact.kind == "requested")
        .unwrap()
        .data["what"]
        .clone();
    world.slash("sam", "redact CHG-1001").await;
    let reason = "A token was pasted; it is revoked.";
    world
        .send_in(
            "sam",
            &[("texts", json!([what])), ("reason", json!(reason))],
        )
        .await;
    let after = desk.pack("after.zip", &["--checkpoint", &n]).await;
    for name in ["before.zip", "after.zip"] {
        let (holds, said) = desk.verify(name, &[]).await;
        assert!(holds, "{name}: {said}");
    }
    assert!(before.keys().eq(after.keys()));
    let folder = before
        .keys()
        .find_map(|name| name.strip_suffix("CHG-1001/record.json"))
        .map(|place| format!("{place}CHG-1001/"))
        .unwrap();
    let differ: Vec<&str> = before
        .keys()
        .filter(|name| before[*name] != after[*name])
        .map(String::as_str)
        .collect();
    // Where its words stood; and what is made of all the files.
    let must = [
        format!("{folder}record.json"),
        format!("{folder}change_ticket.pdf"),
        "SOC 2 Evidence/Change Management/Change Log.xlsx".to_owned(),
        "index.html".to_owned(),
        "verify/MANIFEST".to_owned(),
        "verify/MANIFEST.note".to_owned(),
    ];
    for name in &must {
        assert!(differ.contains(&name.as_str()), "{name}: {differ:#?}");
    }
    let is_its_paper = |name: &str| {
        name.strip_prefix(&folder)
            .is_some_and(|name| Path::new(name).extension().is_some_and(|end| end == "pdf"))
    };
    for name in &differ {
        assert!(
            must.iter().any(|one| one == name) || is_its_paper(name),
            "{differ:#?}"
        );
    }
    let record = format!("{folder}record.json");
    let (one, other) = (read(&before[&record]), read(&after[&record]));
    let mut places = Vec::new();
    differences(&one, &other, "", &mut places);
    assert!(!places.is_empty());
    for place in &places {
        let part = place.rsplit('/').next().unwrap();
        assert!(["text", "salt", "redacted"].contains(&part), "{places:#?}");
    }
    let holding = |pack: &Files| -> Vec<String> {
        let names = pack
            .iter()
            .filter(|(_, bytes)| words(bytes).contains(LEAKED));
        names.map(|(name, _)| name.clone()).collect()
    };
    // Where its words stood a reader finds them; the list of files has none.
    let held = holding(&before);
    for name in &must[..4] {
        assert!(held.contains(name), "{name}: {held:#?}");
    }
    assert_eq!(holding(&after), Vec::<String>::new());
    assert!(text(&after, &record).contains(reason));
    ended(world).await;
}
