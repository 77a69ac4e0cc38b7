//! The folder of each sample, and that of the policies.

use std::io::{Seek, Write};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::archive::Archive;
use super::context::{Context, plain, short_name};
use super::draw::Chosen;
use super::fault::PackFault;
use super::proof::Proof;
use super::{CHANGES, Step};
use crate::domain::change::Attached;
use crate::domain::merkle::Hash;
use crate::domain::policy::Party;
use crate::evidence::pages::{self, Imprint, PageFault, Procedure, normal};
use crate::evidence::record::{NormalRecord, Record};
use crate::store::Dossier;

/// The longest name of an attachment or a sample in the pack, in bytes.
const LONGEST_NAME: usize = 80;

/// A sample as it was written.
#[derive(Debug)]
pub(super) struct Folder {
    /// What the folder is called.
    pub(super) name: String,
    pub(super) record: Told,
    /// The names of its files, as they are in the folder.
    pub(super) files: Vec<String>,
}

/// What a sample's record is of.
#[derive(Debug)]
pub(super) enum Told {
    Emergency(Box<Record>),
    Normal(Box<NormalRecord>),
}

/// Writes the samples' folders.
pub(super) fn write<W: Write + Seek>(
    context: &Context<'_>,
    archive: &mut Archive<W>,
    samples: &[Chosen],
    proof: &Proof,
    tell: &dyn Fn(Step),
) -> Result<Vec<Folder>, PackFault> {
    let mut folders = Vec::new();
    for (n, sample) in (1..).zip(samples) {
        let mut writer = Writer {
            context,
            archive,
            n,
            of: samples.len() as u64,
            files: Vec::new(),
            name: String::new(),
        };
        let record = match sample {
            Chosen::Emergency(dossier) => writer.emergency(dossier, proof)?,
            Chosen::Normal(change) => {
                let Some(record) = context.normal(change) else {
                    continue;
                };
                let intakes = change.tellings.iter().map(|one| one.intake).collect();
                writer.normal(&record, &short_name(change), intakes, proof)?;
                Told::Normal(Box::new(record))
            }
        };
        folders.push(Folder {
            name: writer.name,
            record,
            files: writer.files,
        });
        tell(Step::Samples {
            n,
            of: samples.len(),
        });
    }
    Ok(folders)
}

/// Writes the files of one sample.
struct Writer<'w, 'a, W: Write + Seek> {
    context: &'w Context<'a>,
    archive: &'w mut Archive<W>,
    n: usize,
    of: u64,
    files: Vec<String>,
    name: String,
}

impl<W: Write + Seek> Writer<'_, '_, W> {
    fn put(&mut self, file: &str, bytes: &[u8]) -> Result<(), PackFault> {
        let path = format!("{CHANGES}{}/{file}", self.name);
        self.archive.add(&path, bytes)?;
        self.files.push(file.to_owned());
        Ok(())
    }

    fn begin(&mut self, at: DateTime<Utc>, called: &str) {
        let day = at.with_timezone(&self.context.wanted.zone).date_naive();
        self.name = format!("Sample {} - {day} {}", self.n, plain(called, LONGEST_NAME));
    }

    /// Writes a record, the papers made from it, and the proof of what it was made from.
    fn papers<R: Serialize>(
        &mut self,
        papers: &[Paper<R>],
        record: &R,
        seqs: &[u64],
        proof: &Proof,
    ) -> Result<(), PackFault> {
        let json = json(record)?;
        let imprint = self.context.foot().of_sample(self.n, self.of, &json);
        for (name, paper) in papers_of(papers, record, &imprint)? {
            self.put(name, &paper)?;
        }
        self.put("record.json", &json)?;
        let inclusion = proof.of(self.context, seqs)?;
        self.put("inclusion_proof.json", &inclusion)
    }

    fn emergency(&mut self, dossier: &Dossier, proof: &Proof) -> Result<Told, PackFault> {
        let record = self.context.record(dossier)?;
        let at = dossier
            .change
            .deployed_at()
            .unwrap_or(dossier.change.requested_at);
        self.begin(at, &record.number);
        self.papers(&PAPERS, &record, &dossier.seqs, proof)?;
        self.attachments(dossier, &record)?;
        Ok(Told::Emergency(Box::new(record)))
    }

    /// Writes the files that were attached and are kept.
    fn attachments(&mut self, dossier: &Dossier, record: &Record) -> Result<(), PackFault> {
        let both = dossier.change.attachments.iter().zip(&record.attachments);
        for (n, (one, told)) in (1..).zip(both) {
            let Attached::File { sha256, .. } = &one.attached else {
                continue;
            };
            // What was taken out of the record isn't there any more, and told as such.
            let Some(bytes) = self.context.moment.attachment(sha256)? else {
                continue;
            };
            self.put(&attachment_name(n, told.name.text.as_deref()), &bytes)?;
        }
        Ok(())
    }

    fn normal(
        &mut self,
        record: &NormalRecord,
        called: &str,
        mut intakes: Vec<u64>,
        proof: &Proof,
    ) -> Result<(), PackFault> {
        self.begin(record.at, called);
        intakes.sort_unstable();
        intakes.dedup();
        self.papers(&NORMAL_PAPERS, record, &intakes, proof)
    }
}

/// A paper: its file's name, and what makes it from a record.
pub(in crate::evidence) type Paper<R> =
    (&'static str, fn(&R, &Imprint) -> Result<Vec<u8>, PageFault>);

/// The papers of an emergency change.
pub(in crate::evidence) const PAPERS: [Paper<Record>; 4] = [
    ("change_ticket.pdf", pages::change_ticket),
    ("approval_record.pdf", pages::approval_record),
    ("testing_results.pdf", pages::testing_results),
    (
        "deployment_confirmation.pdf",
        pages::deployment_confirmation,
    ),
];

/// The papers of a normal change.
pub(in crate::evidence) const NORMAL_PAPERS: [Paper<NormalRecord>; 5] = [
    ("pull_request.pdf", normal::change_ticket),
    ("approval_record.pdf", normal::approval_record),
    ("ci_results.pdf", normal::testing_results),
    ("deployment_log.pdf", normal::deployment_confirmation),
    (
        "monitoring_confirmation.pdf",
        normal::monitoring_confirmation,
    ),
];

/// Makes the papers of a record, by the names of their files.
pub(in crate::evidence) fn papers_of<R>(
    papers: &[Paper<R>],
    record: &R,
    imprint: &Imprint,
) -> Result<Vec<(&'static str, Vec<u8>)>, PageFault> {
    let made = papers
        .iter()
        .map(|(name, make)| Ok((*name, make(record, imprint)?)));
    made.collect()
}

/// What stands below all papers of a pack.
#[derive(Debug)]
pub(in crate::evidence) struct Foot<'a> {
    pub(in crate::evidence) workspace: &'a str,
    /// The period in words.
    pub(in crate::evidence) period: String,
    /// How the log stands at the checkpoint, in a line, and when that was made.
    pub(in crate::evidence) log: String,
    pub(in crate::evidence) at: DateTime<Utc>,
}

impl Foot<'_> {
    /// Below the papers of the n-th sample, which are made from its record.
    pub(in crate::evidence) fn of_sample(&self, n: usize, of: u64, record: &[u8]) -> Imprint {
        let digest = hex::encode(Sha256::digest(record));
        self.imprint(
            &format!("Sample {n} of {of}"),
            format!("Made from record.json, SHA-256 {digest}"),
        )
    }

    fn imprint(&self, part_of: &str, bound_to: String) -> Imprint {
        Imprint {
            part_of: format!(
                "{part_of} · SOC 2 evidence, {} · {}",
                self.period, self.workspace
            ),
            bound_to,
            checkpoint: self.log.clone(),
            at: self.at,
        }
    }
}

/// Where the n-th attachment of a change stands in its folder.
pub(in crate::evidence) fn attachment_name(n: u32, name: Option<&str>) -> String {
    let name = plain(name.unwrap_or("redacted"), LONGEST_NAME);
    format!("attachments/{n} {name}")
}

/// JSON as a person reads it, with a newline at its end.
pub(in crate::evidence) fn json(value: &impl Serialize) -> Result<Vec<u8>, PackFault> {
    let mut json = serde_json::to_vec_pretty(value)?;
    json.push(b'\n');
    Ok(json)
}

/// Writes the procedure that the policy in force lays down, and each policy that was in
/// force in the period as it was written.
pub(super) fn policies<W: Write + Seek>(
    context: &Context<'_>,
    archive: &mut Archive<W>,
) -> Result<(), PackFault> {
    let policy = &context.policy;
    let called = |party: &Party| match party {
        Party::Person(who) => context.name(who).unwrap_or_else(|| who.to_string()),
        Party::Group(group) => format!("everyone in {group}"),
    };
    let procedure = Procedure {
        policy,
        organisation: context.moment.workspace().as_str(),
        adopted_at: context.adopted.get(&policy.version.0).copied(),
        called: &called,
        channel: &|_| None,
    };
    let adopted = context.moment.policies()?;
    let hash = |bytes: &str| -> Hash { Sha256::digest(bytes).into() };
    let of = adopted.iter().find(|one| one.version == policy.version);
    let bound = of.map_or_else(
        || "Made from the policy that holds where none is written".to_owned(),
        |one| {
            format!(
                "Made from policy version {}, SHA-256 {}",
                one.version.0,
                hex::encode(hash(&one.bytes))
            )
        },
    );
    let imprint = context.foot().imprint("Policy", bound);
    let paper = pages::emergency_change_procedure(procedure, &imprint)?;
    let folder = format!("{CHANGES}Policies/");
    archive.add(&format!("{folder}emergency_change_procedure.pdf"), &paper)?;
    // A policy holds until the next one is adopted.
    let ends = adopted
        .iter()
        .skip(1)
        .map(|next| context.adopted.get(&next.version.0));
    let ends = ends.chain([None]);
    for (one, end) in adopted.iter().zip(ends) {
        let since = context.adopted.get(&one.version.0);
        let begins = since.is_some_and(|since| *since < context.to.min(context.at));
        let lasts = end.is_none_or(|end| *end > context.from);
        if begins && lasts {
            let name = format!("{folder}policy version {}.toml", one.version.0);
            archive.add(&name, one.bytes.as_bytes())?;
        }
    }
    Ok(())
}
