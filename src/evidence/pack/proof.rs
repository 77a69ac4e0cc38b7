//! What it takes to check a pack: the checkpoint, the key, every hash of the log, its
//! leaves from the first of the period on, and the proofs beside the samples.
//!
//! What was recorded after the period may be of it: a deployment that somebody told of
//! late, or whose time was put right. So all leaves up to the checkpoint are in the pack,
//! and those before of the changes that go on in them: by these alone it can be told
//! which changes the change log has to list.

use std::collections::BTreeSet;
use std::io::{Seek, Write};
use std::ops::ControlFlow;

use chrono::SecondsFormat;
use serde_json::json;

use super::archive::{Archive, Pressed};
use super::context::Context;
use super::draw::{Chosen, Which};
use super::fault::PackFault;
use super::papers::{self, Folder};
use super::population::About;
use super::sampling;
use super::{PROGRAM, ROOM, VERIFIER};
use crate::domain::merkle::Prover;
use crate::evidence::checkpoint::root_in_words;
use crate::evidence::sample::Draw;

/// The form of pack.json.
const FORM: &str = "breakglass-pack";

/// Its version: it rises when a verifier of the old one would be misled.
const VERSION: u32 = 1;

/// Proofs of the log, made in one pass over its hashes.
pub(super) struct Proof {
    prover: Prover,
    /// The leaves that stand in the pack whole: from here on, and up to the checkpoint.
    first: u64,
    end: u64,
    /// And these beside them.
    beside: BTreeSet<u64>,
}

/// How the samples were chosen.
pub(super) struct Sampling<'a> {
    pub(super) which: &'a Which,
    pub(super) draw: Option<Draw>,
    pub(super) folders: &'a [Folder],
    pub(super) about: &'a About,
}

impl Proof {
    /// Reads the log's hashes, holds them against the checkpoint and keeps what proves
    /// the samples' records.
    pub(super) fn begin(context: &Context<'_>, samples: &[Chosen]) -> Result<Self, PackFault> {
        let moment = context.moment;
        let (from, to, end) = (context.from, context.to, context.size);
        let first = moment.first_since(from, end)?;
        let intake = moment.first_intake_of(from, to, end)?;
        let first = intake.map_or(first, |intake| intake.min(first));
        let mut beside: BTreeSet<u64> = samples
            .iter()
            .flat_map(|one| match one {
                Chosen::Emergency(dossier) => dossier.seqs.clone(),
                Chosen::Normal(change) => change.tellings.iter().map(|one| one.intake).collect(),
            })
            .collect();
        let mut prover = Prover::of(end);
        for seq in &beside {
            prover.want_inclusion(*seq);
        }
        moment.leaf_hashes(end, |hash| prover.take(hash))?;
        if prover.root() != Some(context.wanted.checkpoint.root) {
            let n = context.wanted.checkpoint.n;
            return Err(PackFault::NotAsSigned { n });
        }
        beside.extend(moment.key_records(end)?);
        beside.extend(moment.policy_records(end)?);
        beside.extend(moment.begun_before(first, end)?);
        // The last one before them is seen to be from before the period.
        beside.extend(first.checked_sub(1));
        beside.retain(|seq| !(first..end).contains(seq));
        Ok(Self {
            prover,
            first,
            end,
            beside,
        })
    }

    /// Returns the proof that some records stand in the log, with the records.
    pub(super) fn of(&self, context: &Context<'_>, seqs: &[u64]) -> Result<Vec<u8>, PackFault> {
        let n = context.wanted.checkpoint.n;
        let broken = || PackFault::NotAsSigned { n };
        let mut records = Vec::new();
        for seq in seqs {
            let leaf = context.moment.leaf(*seq)?.ok_or_else(broken)?;
            let leaf = String::from_utf8(leaf).map_err(|_| broken())?;
            let proof = self.prover.inclusion(*seq).ok_or_else(broken)?;
            let path: Vec<String> = proof.path.iter().map(hex::encode).collect();
            records.push(json!({"seq": seq, "leaf": leaf, "path": path}));
        }
        papers::json(&json!({
            "size": context.size,
            "root": root_in_words(&context.wanted.checkpoint.root),
            "records": records,
        }))
    }

    /// Writes the room of what it takes to check the pack.
    pub(super) fn write<W: Write + Seek>(
        &self,
        context: &Context<'_>,
        archive: &mut Archive<W>,
        sampling: &Sampling<'_>,
    ) -> Result<(), PackFault> {
        let mut add = |name: &str, bytes: &[u8]| archive.add(&format!("{ROOM}{name}"), bytes);
        let key = context.wanted.key.verifier();
        add("verify.py", VERIFIER.as_bytes())?;
        add("checkpoint.txt", context.wanted.checkpoint.note.as_bytes())?;
        // The same in the two parts that openssl asks for.
        add("checkpoint.body", context.note.text().as_bytes())?;
        let signature = context
            .note
            .signatures()
            .iter()
            .find(|one| one.id == key.id());
        add(
            "checkpoint.sig",
            signature.map_or(&[][..], |one| one.bytes.as_slice()),
        )?;
        add("key.txt", format!("{key}\n").as_bytes())?;
        add("key.pem", key.to_pem().as_bytes())?;
        add("pack.json", &self.about(context, sampling)?)?;
        let moment = context.moment;
        archive.stream(&format!("{ROOM}hashes.bin"), Pressed::Already, |out| {
            let mut done = Ok(());
            moment.leaf_hashes(context.size, |hash| {
                if done.is_ok() {
                    done = out.write_all(&hash);
                }
            })?;
            Ok(done?)
        })?;
        archive.stream(&format!("{ROOM}leaves.jsonl"), Pressed::Small, |out| {
            for seq in self.beside.range(..self.first) {
                Self::leaf(context, *seq, out)?;
            }
            let mut done = Ok(());
            moment.records(self.first, |record| {
                if record.seq >= self.end || done.is_err() {
                    return ControlFlow::Break(());
                }
                done = out
                    .write_all(record.leaf)
                    .and_then(|()| out.write_all(b"\n"));
                ControlFlow::Continue(())
            })?;
            done?;
            Ok(())
        })?;
        archive.stream(&format!("{ROOM}tellings.bin"), Pressed::Already, |out| {
            let mut done = Ok(());
            moment.telling_hashes(self.first, self.end, |hash| {
                if done.is_ok() {
                    done = out.write_all(&hash);
                }
            })?;
            Ok(done?)
        })
    }

    fn leaf(context: &Context<'_>, seq: u64, out: &mut impl Write) -> Result<(), PackFault> {
        if let Some(leaf) = context.moment.leaf(seq)? {
            out.write_all(&leaf)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// What the pack is of, for programs.
    fn about(&self, context: &Context<'_>, sampling: &Sampling<'_>) -> Result<Vec<u8>, PackFault> {
        let wanted = context.wanted;
        let at =
            |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let about = sampling.about;
        papers::json(&json!({
            "form": FORM,
            "version": VERSION,
            "program": PROGRAM,
            "workspace": context.moment.workspace().as_str(),
            "checkpoint": {
                "n": wanted.checkpoint.n,
                "size": context.size,
                "root": root_in_words(&wanted.checkpoint.root),
                "made_at": at(context.at),
            },
            "period": {
                "first_day": wanted.first_day.to_string(),
                "last_day": wanted.last_day.to_string(),
                "zone": wanted.zone.name(),
                "from": at(context.from),
                "to": at(context.to),
            },
            "population": {
                "changes": about.n_changes(),
                "emergencies": about.n_emergencies(),
                "normal": about.n_normal,
                "standard": about.n_standard,
                "left_out": {
                    "no_production": about.omitted.n_no_production,
                    "of_an_emergency_by_answer": about.omitted.n_by_answer,
                    "of_an_emergency_by_name": about.omitted.n_by_name,
                },
                "told_up_to": at(context.at.min(context.to)),
            },
            "samples": sampling::as_json(sampling.which, sampling.draw, sampling.folders),
            "leaves": {"first": self.first, "end": self.end},
        }))
    }
}
