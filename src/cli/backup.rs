//! `breakglass backup`: a checked copy of the database, beside a running bot or without
//! one. Needs no token.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::backup::{self, Made};
use crate::config::{Flags, Settings};
use crate::domain::rate::grouped;
use crate::evidence::verify::Verdict;

/// What `breakglass backup` takes.
#[derive(Debug, Clone, Args)]
pub struct BackupArgs {
    #[command(flatten)]
    flags: Flags,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Put the key that signs the log beside it: whoever has that can sign in your name
    #[arg(long)]
    with_key: bool,
}

/// Makes the copy.
#[expect(
    clippy::print_stdout,
    reason = "whoever asked wants to know what the copy holds"
)]
pub fn run(args: &BackupArgs) -> anyhow::Result<()> {
    let settings = Settings::load(&args.flags)?;
    let made = backup::take(&settings.database, &args.out, args.with_key)?;
    println!("{}", in_words(&made, &args.out));
    for workspace in &made.with_key {
        println!("  The key of {workspace} stands beside it: keep both as secret as the key.");
    }
    if made.with_key.is_empty() {
        println!(
            "  The key isn't in it. Keep a copy of that elsewhere: without it, a restored log goes on under a new key."
        );
    }
    Ok(())
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
        "  {}: {} records{signed}.",
        log.workspace,
        grouped(log.n_records)
    )
}
