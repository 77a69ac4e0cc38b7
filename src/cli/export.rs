//! `breakglass export`: everything in open forms, to leave with it. Needs no token, and
//! may run beside the bot.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use chrono::NaiveDate;
use clap::Args;

use super::evidence::{bring_up_to_date, policies, signing_key, workspace};
use crate::config::{Flags, Settings};
use crate::domain::rate::so_many;
use crate::evidence::pack::{self, Exported, PackFault, Wanted, Which};
use crate::intake::{Column, as_row};
use crate::store::{self, StoreError};
use crate::unfinished::with_ending;

/// What `breakglass export` takes.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    flags: Flags,
    /// The folder to make
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// The workspace, where the database has several
    #[arg(long, value_name = "ID")]
    workspace: Option<String>,
}

/// Writes everything. The folder bears its name when it is whole.
pub async fn run(args: ExportArgs) -> anyhow::Result<()> {
    let settings = Settings::load(&args.flags)?;
    let database = &settings.database;
    let out = &args.out;
    if out.symlink_metadata().is_ok() {
        bail!(
            "{} is there already; name another folder with --out",
            out.display()
        );
    }
    let workspace = workspace(database, args.workspace.as_deref())?;
    bring_up_to_date(&settings, &workspace).await?;
    let key = signing_key(database, &workspace)?;
    let half = with_ending(out, ".part");
    super::make_folder(&half).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => anyhow!(
            "{} is there: another export writes it just now, or one was killed over it; remove it then",
            half.display()
        ),
        _ => super::not_made(out, &error),
    })?;
    let written = store::look(database, Some(&workspace), |moment| {
        Ok::<_, StoreError>((|| -> anyhow::Result<Exported> {
            let checkpoints = moment.checkpoints()?;
            let checkpoint = checkpoints.last().context(
                "there is no checkpoint yet: `breakglass serve` makes the first when it starts",
            )?;
            let (policies, zone) = policies(moment)?;
            let wanted = Wanted {
                first_day: NaiveDate::MIN,
                last_day: NaiveDate::MIN,
                which: &Which::Named(Vec::new()),
                checkpoint,
                key: &key,
                policies: &policies,
                zone,
            };
            let columns: Vec<&str> = Column::ALL.iter().map(|one| one.name()).collect();
            let done = pack::export(moment, &wanted, &half, &columns, &as_row);
            done.map_err(|fault| match fault {
                PackFault::Writing(error) => super::not_made(out, &error),
                other => other.into(),
            })
        })())
    });
    let done = written
        .with_context(|| format!("{} can't be read", database.display()))
        .and_then(|done| done)
        .and_then(|done| {
            std::fs::rename(&half, out).map_err(|error| super::not_made(out, &error))?;
            Ok(done)
        });
    if done.is_err() {
        // Nobody is helped by half of it.
        let _ = std::fs::remove_dir_all(&half);
    }
    super::say(in_words(done?, out))
}

fn in_words(done: Exported, out: &Path) -> String {
    format!(
        "{}: {}, {}, {} of what sources told, {} of the log. README.txt in it says what each file is.",
        out.display(),
        so_many(done.n_changes, "emergency change", "emergency changes"),
        so_many(done.n_files, "attached file", "attached files"),
        so_many(done.n_tellings, "line", "lines"),
        so_many(done.n_records, "record", "records")
    )
}
