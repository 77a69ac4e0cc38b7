//! `breakglass backup`: a checked copy of the database, beside a running bot or without
//! one. Needs no token.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::backup::{self, Made};
use crate::config::{Flags, Settings};
use crate::domain::rate::{grouped, so_many};
use crate::evidence::verify::Verdict;

/// What `breakglass backup` takes.
#[derive(Debug, Clone, Args)]
pub struct BackupArgs {
    #[command(flatten)]
    flags: Flags,
    /// The file to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Put the key that signs the log beside it: whoever has that can sign in your name
    #[arg(long)]
    with_key: bool,
}

/// Makes the copy.
pub fn run(args: &BackupArgs) -> anyhow::Result<()> {
    let settings = Settings::load(&args.flags)?;
    let made = backup::take(&settings.database, &args.file, args.with_key)?;
    let mut lines = vec![in_words(&made, &args.file)];
    lines.extend(made.with_key.iter().map(|workspace| {
        format!("  The key of {workspace} stands beside it: keep both as secret as the key.")
    }));
    if made.with_key.is_empty() {
        lines.push(
            "  The key isn't in it. Keep a copy of that elsewhere: without it, a restored log goes on under a new key."
                .to_owned(),
        );
    }
    super::say(lines.join("\n"))
}

/// What a copy has come to.
pub(super) fn in_words(made: &Made, at: &Path) -> String {
    let mut lines = vec![format!(
        "{}: {} bytes; every page, every record and all that is shown of the changes was checked.",
        at.display(),
        grouped(made.n_bytes)
    )];
    lines.extend(made.logs.iter().map(of_log));
    lines.join("\n")
}

fn of_log(log: &Verdict) -> String {
    let signed = match (log.signed, &log.key) {
        (Some(reach), Some(key)) => format!(
            "; {} of them are under a checkpoint signed by {key}",
            grouped(reach.size)
        ),
        _ => "; none is signed yet".to_owned(),
    };
    format!(
        "  {}: {}{signed}.",
        log.workspace,
        so_many(log.n_records, "record", "records")
    )
}
