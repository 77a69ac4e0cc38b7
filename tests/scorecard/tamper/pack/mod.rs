//! A pack, as somebody who has it, and may hold the key, hands it on: whatever they did
//! to it is found and named, and a pack that nobody touched is never accused.
//!
//! Every run verifies a pack untouched first, as it came, with the key that is expected
//! and a checkpoint that somebody else kept. Then one thing is done to it. Where there
//! is a Python, the verifier that packs bring along has to say the same.

mod deed;
mod forge;
mod record;
mod wrapping;

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use breakglass::domain::id::ChangeNumber;
use breakglass::evidence::note::{SignedNote, SignerKey};
use breakglass::evidence::pack::{Stratum, VERIFIER, Wanted, Which, make};
use breakglass::evidence::verify::{PackAsk, pack, read_key, read_witness};
use breakglass::store::{Kept, Moment, look};
use chrono::{Days, NaiveDate};

use super::forger::signer;
use super::life::{Life, policy};
use crate::dice::Dice;
use crate::{Form, Score};
use deed::{Deed, Expected, Hand};
use forge::Files;

/// A pack of a life, and what somebody else knows of it.
struct Packed {
    bytes: Vec<u8>,
    files: Files,
    /// The key that signed it.
    key: SignerKey,
    which: Which,
    days: (NaiveDate, NaiveDate),
    /// The number and the size of its checkpoint.
    n: u64,
    size: u64,
}

/// Makes the pack of a life as its file is now; nothing where it can't be made.
fn packed(
    path: &Path,
    key: &SignerKey,
    which: &Which,
    days: (NaiveDate, NaiveDate),
    checkpoint: impl Fn(&Moment<'_>) -> anyhow::Result<Kept>,
) -> anyhow::Result<(Vec<u8>, Kept)> {
    let scratch = path.parent().context("nowhere")?;
    look(path, None, |moment| {
        Ok(checkpoint(moment).and_then(|checkpoint| {
            let policies = [policy()];
            let wanted = Wanted {
                first_day: days.0,
                last_day: days.1,
                which,
                checkpoint: &checkpoint,
                key,
                policies: &policies,
                zone: chrono_tz::Europe::Berlin,
            };
            let mut out = Cursor::new(Vec::new());
            make(moment, &wanted, scratch, &mut out, &|_| {})?;
            Ok((out.into_inner(), checkpoint))
        }))
    })?
}

/// A life, and the pack of it.
async fn live(path: &Path, dice: &mut Dice) -> anyhow::Result<(Life, Packed)> {
    let folder = path.parent().context("nowhere")?;
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    let is_of_one_key = dice.one_in(2);
    let life = Life::live(path, dice, is_of_one_key).await?;
    let packed = Packed::of(path, &life, dice)?;
    Ok((life, packed))
}

/// The newest checkpoint of a log.
fn newest(moment: &Moment<'_>) -> anyhow::Result<Kept> {
    moment.checkpoints()?.pop().context("no checkpoint")
}

impl Packed {
    /// A pack of a period, of some checkpoint and of samples, as the dice will.
    fn of(path: &Path, life: &Life, dice: &mut Dice) -> anyhow::Result<Self> {
        let begins: NaiveDate = "2026-03-13".parse()?;
        let days = match dice.below(3) {
            0 => (begins, begins + Days::new(1)),
            1 => (begins + Days::new(1), begins + Days::new(2)),
            _ => (begins, begins + Days::new(90)),
        };
        let which = match dice.below(6) {
            0 => Which::Named(vec![ChangeNumber::FIRST.to_string()]),
            1 => Which::On(begins + Days::new(1)),
            of => Which::Drawn {
                size: (of > 2).then(|| 1 + dice.below(6)),
                seed: dice.one_in(2).then(|| dice.number()),
                stratum: *dice.choose(Stratum::ALL).context("no stratum")?,
            },
        };
        // Only what the key in force has signed can be told by it.
        let key = life.keys.last().context("no key")?.clone();
        let mut by_it = Vec::new();
        for (n, note) in (1_u64..).zip(&life.notes) {
            let note: SignedNote = note.parse()?;
            if note.verified_by(&[key.verifier()]).is_ok() {
                by_it.push(n);
            }
        }
        let later = dice.one_in(4).then(|| by_it.split_off(by_it.len() / 2));
        let n = *later.unwrap_or(by_it).last().context("it signed none")?;
        // What is named has to be there by then.
        let which = if n < life.notes.len() as u64 && matches!(which, Which::Named(_)) {
            Which::On(begins + Days::new(1))
        } else {
            which
        };
        let (bytes, kept) = packed(path, &key, &which, days, |moment| {
            let mut all = moment.checkpoints()?.into_iter();
            all.find(|one| one.n == n).context("it is gone")
        })?;
        Ok(Self {
            files: Files::of(&bytes)?,
            bytes,
            key,
            which,
            days,
            n,
            size: kept.size,
        })
    }
}

/// Both verifiers, and where they find what they verify.
struct Bench {
    folder: PathBuf,
    has_python: bool,
}

/// What is asked beside the pack.
#[derive(Debug, Clone, Default)]
struct Beside {
    key: Option<String>,
    witness: Option<String>,
}

impl Bench {
    fn at(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("verify.py"), VERIFIER)?;
        let has_python = match Command::new("python3").arg("--version").output() {
            Ok(done) => done.status.success(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => return Err(error.into()),
        };
        if !has_python {
            println!("packs: there is no python3 here; their own verifier isn't asked");
        }
        Ok(Self {
            folder: folder.to_owned(),
            has_python,
        })
    }

    /// What ours says; nothing if everything holds.
    fn by_rust(&self, bytes: &[u8], beside: &Beside) -> anyhow::Result<Option<String>> {
        let path = self.folder.join("pack.zip");
        std::fs::write(&path, bytes)?;
        let key = beside.key.as_deref().map(read_key).transpose()?;
        let witnesses: Vec<_> = beside
            .witness
            .as_deref()
            .map(read_witness)
            .transpose()?
            .into_iter()
            .collect();
        let ask = PackAsk {
            key: key.as_ref(),
            witnesses: &witnesses,
        };
        let said = pack(&path, &ask).err().map(|flaw| flaw.to_string());
        Ok(said.map(|said| said.replace(&path.display().to_string(), "pack.zip")))
    }

    /// What the pack's own says of the same.
    fn by_python(&self, beside: &Beside) -> anyhow::Result<Option<String>> {
        let mut python = Command::new("python3");
        python.current_dir(&self.folder);
        python.args(["-B", "verify.py", "pack.zip"]);
        if let Some(key) = &beside.key {
            python.args(["--key", key]);
        }
        if let Some(witness) = &beside.witness {
            std::fs::write(self.folder.join("witness.txt"), witness)?;
            python.args(["--witness", "witness.txt"]);
        }
        let done = python.output()?;
        let said = String::from_utf8(done.stdout)?;
        let first = said.lines().next().unwrap_or_default().to_owned();
        let wrong = String::from_utf8_lossy(&done.stderr);
        ensure!(wrong.is_empty(), "the pack's own verifier fell: {wrong}");
        match done.status.code() {
            Some(0) => Ok(None),
            Some(1) => Ok(Some(first)),
            code => bail!("the pack's own verifier ended with {code:?}: {said}"),
        }
    }
}

/// Runs so many, each from a seed of its own, and every deed in turn.
pub(crate) async fn packs_tampered(
    place: &Path,
    form: Form,
    runs: usize,
    seed: u64,
) -> anyhow::Result<Score> {
    // One life and one pack serve so many runs, and Python is asked in so many.
    let (serves, asked) = match form {
        Form::Few => (16, Some(5)),
        Form::Short => (4, Some(8)),
        Form::Long => (1, Some(1)),
    };
    let bench = Bench::at(&place.join("packs"))?;
    let mut score = Score {
        harness: "what_is_done_to_a_pack_is_found_and_named",
        runs,
        of: "packs, each verified untouched and then altered",
        seed,
        about: String::new(),
        failures: Vec::new(),
        control: "rewritten and signed anew, and verified without key and witness",
        control_failures: 0,
    };
    let (mut n_packs, mut n_samples, mut n_asked, mut n_otherwise) = (0, 0, 0, 0);
    let mut last: Option<(Life, Packed)> = None;
    let path = bench.folder.join("life").join("log.db");
    for run in 0..runs {
        let mut dice = Dice::new(seed.wrapping_mul(9_973).wrapping_add(run as u64));
        let is_asked = bench.has_python && asked.is_some_and(|every| run % every == 0);
        let deed = Deed::ALL[run % Deed::ALL.len()];
        let mut kept = last.take().filter(|_| run % serves != 0);
        let (life, packed, done) = loop {
            let (life, packed) = if let Some(kept) = kept.take() {
                kept
            } else {
                n_packs += 1;
                live(&path, &mut dice).await?
            };
            let hand = Hand {
                life: &life,
                packed: &packed,
                path: &path,
            };
            let done = deed.done(&hand, &mut dice);
            let done = done.with_context(|| format!("run {run}: {deed:?}"))?;
            // What it could be done to isn't in every pack.
            if let Some(done) = done {
                break (life, packed, done);
            }
        };
        n_samples += packed.files.ending("/record.json").len();

        // Untouched, with all that somebody may know.
        let key = dice.choose(&life.keys).context("no key")?;
        let within = life.notes.get(..usize::try_from(packed.n)?);
        let beside = Beside {
            key: dice.one_in(2).then(|| key.verifier().to_string()),
            witness: if dice.one_in(2) {
                dice.choose(within.context("no note")?).cloned()
            } else {
                None
            },
        };
        let untouched = bench.by_rust(&packed.bytes, &beside)?;
        let mut accused: Vec<String> = untouched.into_iter().collect();
        if is_asked {
            accused.extend(bench.by_python(&beside)?);
        }
        for fault in accused {
            let failure = format!("run {run}: untouched, and accused: {fault}");
            score.failures.push(failure);
        }

        let said = bench.by_rust(&done.bytes, &done.beside)?;
        score.failures.extend(
            done.missed(said.as_deref())
                .map(|why| format!("run {run}: {}: {why}", done.what)),
        );
        if is_asked {
            n_asked += 1;
            let python = bench.by_python(&done.beside)?;
            score.failures.extend(
                done.missed(python.as_deref())
                    .map(|why| format!("run {run}, Python: {}: {why}", done.what)),
            );
            let differ = said != python;
            n_otherwise += usize::from(differ);
            if differ && (done.is_worded_alike || said.is_some() != python.is_some()) {
                score.failures.push(format!(
                    "run {run}: {}: ours says {said:?}, and Python {python:?}",
                    done.what
                ));
            }
        }
        if let Expected::Beside(_) = &done.expected {
            let alone = bench.by_rust(&done.bytes, &Beside::default())?;
            match alone {
                None => score.control_failures += 1,
                Some(fault) => {
                    let failure = format!("run {run}: {} needs nothing: {fault}", done.what);
                    score.failures.push(failure);
                }
            }
        }
        last = Some((life, packed));
    }
    score.about = format!(
        "{} ways, {n_packs} packs with {n_samples} samples; Python asked of {n_asked}, and said it in other words of {n_otherwise}",
        Deed::ALL.len()
    );
    Ok(score)
}

/// The key that signed a checkpoint among those of a life.
fn signed_by<'k>(keys: &'k [SignerKey], note: &str) -> anyhow::Result<Option<&'k SignerKey>> {
    Ok(signer(keys, &note.parse()?))
}
