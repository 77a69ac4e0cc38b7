//! Everything that a log and its register hold, in forms that anybody can read: for
//! whoever leaves, and for whoever wants to count for themselves. Each part streams; only
//! one change is held at a time.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest, Sha256};

use super::context::Context;
use super::fault::PackFault;
use super::{VERIFIER, Wanted};
use crate::domain::change::Attached;
use crate::domain::deployment::Deployment;
use crate::domain::id::ChangeNumber;
use crate::evidence::record::SCHEMA;
use crate::store::{Moment, Place};

/// What is said of it to whoever finds it.
const README: &str = include_str!("export.txt");

/// What an export has come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// How many emergency changes.
    pub n_changes: u64,
    /// How many tellings of changes by sources.
    pub n_tellings: u64,
    /// How many records of the log.
    pub n_records: u64,
    /// How many attached files.
    pub n_files: u64,
}

/// The folder, and what was written into it.
struct Folder<'a> {
    at: &'a Path,
    list: String,
}

/// A file that is hashed on its way.
struct Hashed {
    file: BufWriter<File>,
    sha: Sha256,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.sha.update(bytes.get(..n).unwrap_or_default());
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Folder<'_> {
    /// Writes a file, and puts it on the list.
    fn file<T>(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut Hashed) -> Result<T, PackFault>,
    ) -> Result<T, PackFault> {
        let path: PathBuf = self.at.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut out = Hashed {
            file: BufWriter::new(File::options().write(true).create_new(true).open(path)?),
            sha: Sha256::new(),
        };
        let done = write(&mut out)?;
        out.flush()?;
        out.file.get_ref().sync_all()?;
        // As `sha256sum --check` reads it.
        let _ = writeln!(self.list, "{}  {name}", hex::encode(out.sha.finalize()));
        Ok(done)
    }
}

/// Writes everything into an empty folder. `row`: a telling as a list of changes has it,
/// in the order of `columns`.
pub fn export(
    moment: &Moment<'_>,
    wanted: &Wanted<'_>,
    at: &Path,
    columns: &[&str],
    row: &dyn Fn(&Deployment) -> Vec<String>,
) -> Result<Exported, PackFault> {
    let context = Context::of(moment, wanted)?;
    let mut folder = Folder {
        at,
        list: String::new(),
    };
    let mut exported = Exported::default();
    folder.file("README.txt", |out| Ok(out.write_all(README.as_bytes())?))?;
    folder.file("record.schema.json", |out| {
        Ok(out.write_all(SCHEMA.as_bytes())?)
    })?;
    log(&context, &mut folder, &mut exported)?;
    changes(&context, &mut folder, &mut exported)?;
    folder.file("changes.csv", |out| {
        exported.n_tellings = tellings(&context, out, columns, row)?;
        Ok(())
    })?;
    folder.file("left-out.csv", |out| {
        exported.n_tellings += left_out(&context, out, columns, row)?;
        Ok(())
    })?;
    for adopted in moment.policies()? {
        let name = format!("policies/{:04}.toml", adopted.version.0);
        folder.file(&name, |out| Ok(out.write_all(adopted.bytes.as_bytes())?))?;
    }
    let list = std::mem::take(&mut folder.list);
    folder.file("SHA256SUMS", |out| Ok(out.write_all(list.as_bytes())?))?;
    Ok(exported)
}

/// The log: each record as it was written, a line each, and every checkpoint.
fn log(
    context: &Context<'_>,
    folder: &mut Folder<'_>,
    exported: &mut Exported,
) -> Result<(), PackFault> {
    exported.n_records = folder.file("log/records.jsonl", |out| {
        let (mut n, mut broken) = (0, None);
        context.moment.records(0, |record| {
            if record.seq >= context.size {
                return ControlFlow::Break(());
            }
            let written = out
                .write_all(record.leaf)
                .and_then(|()| out.write_all(b"\n"));
            if let Err(error) = written {
                broken = Some(error);
                return ControlFlow::Break(());
            }
            n += 1;
            ControlFlow::Continue(())
        })?;
        match broken {
            Some(error) => Err(error.into()),
            None => Ok(n),
        }
    })?;
    for kept in context.moment.checkpoints()? {
        if kept.n <= context.wanted.checkpoint.n {
            let name = format!("log/checkpoints/{:06}.txt", kept.n);
            folder.file(&name, |out| Ok(out.write_all(kept.note.as_bytes())?))?;
        }
    }
    folder.file("log/key.txt", |out| {
        Ok(writeln!(out, "{}", context.wanted.key.verifier())?)
    })?;
    folder.file("log/verify.py", |out| {
        Ok(out.write_all(VERIFIER.as_bytes())?)
    })
}

/// Every emergency change, with its files.
fn changes(
    context: &Context<'_>,
    folder: &mut Folder<'_>,
    exported: &mut Exported,
) -> Result<(), PackFault> {
    let (from, to) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    let mut written = BTreeSet::new();
    for number in context.moment.changes_about(from, to, 0)? {
        let Some(dossier) = context.dossier(number)? else {
            continue;
        };
        let record = context.record(&dossier)?;
        folder.file(&name_of(number), |out| {
            out.write_all(&serde_json::to_vec_pretty(&record)?)?;
            Ok(out.write_all(b"\n")?)
        })?;
        exported.n_changes += 1;
        for one in &dossier.change.attachments {
            let Attached::File { sha256, .. } = &one.attached else {
                continue;
            };
            // What was taken out isn't there any more.
            let Some(bytes) = context.moment.attachment(sha256)? else {
                continue;
            };
            if written.insert(*sha256) {
                let name = format!("attachments/{}", hex::encode(sha256));
                folder.file(&name, |out| Ok(out.write_all(&bytes)?))?;
                exported.n_files += 1;
            }
        }
    }
    Ok(())
}

fn name_of(number: ChangeNumber) -> String {
    format!("emergencies/{number}.json")
}

/// What sources told of the changes that count, as `breakglass import` reads it.
fn tellings(
    context: &Context<'_>,
    out: &mut Hashed,
    columns: &[&str],
    row: &dyn Fn(&Deployment) -> Vec<String>,
) -> Result<u64, PackFault> {
    let mut n = 0;
    let mut lines = csv::Writer::from_writer(out);
    lines.write_record(columns).map_err(unwritten)?;
    let from = DateTime::<Utc>::MIN_UTC;
    let mut place = Some(Place::first(from, context.is_exact));
    while let Some(here) = place {
        let to = DateTime::<Utc>::MAX_UTC;
        let (found, next) = context.moment.counted_changes(&here, to, context.size)?;
        for telling in found.iter().flat_map(|change| &change.tellings) {
            lines.write_record(row(&telling.told)).map_err(unwritten)?;
            n += 1;
        }
        place = next;
    }
    lines.flush()?;
    Ok(n)
}

/// What sources told of and what isn't counted by itself, with who said so.
fn left_out(
    context: &Context<'_>,
    out: &mut Hashed,
    columns: &[&str],
    row: &dyn Fn(&Deployment) -> Vec<String>,
) -> Result<u64, PackFault> {
    let mut n = 0;
    let mut lines = csv::Writer::from_writer(out);
    let more = ["counted_with", "said_by", "said_at"];
    lines
        .write_record([columns, &more].concat())
        .map_err(unwritten)?;
    let (from, to) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    for one in context.moment.left_out(from, to, context.size)? {
        let said = one.said.as_ref();
        let more = [
            one.counted_with.map(|number| number.to_string()),
            said.map(|said| said.by.to_string()),
            said.map(|said| said.at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        ];
        for telling in &one.change.tellings {
            let mut row = row(&telling.told);
            row.extend(more.iter().map(|field| field.clone().unwrap_or_default()));
            lines.write_record(row).map_err(unwritten)?;
            n += 1;
        }
    }
    lines.flush()?;
    Ok(n)
}

/// What stood against writing a line.
fn unwritten(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
