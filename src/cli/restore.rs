//! `breakglass restore`: puts a backup in place, where nothing stands yet; or only tries
//! that, in a folder of its own, and says how long it took. Needs no token.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use super::backup::in_words;
use crate::backup::{self, Made};
use crate::clock::{Clock, Stopwatch};
use crate::config::{Flags, Settings};
use crate::store::LEFT_OUT_NUMBERS;

/// What `breakglass restore` takes.
#[derive(Debug, Clone, Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    flags: Flags,
    /// The backup [with --drill: the newest of the nightly ones, unless one is named]
    #[arg(value_name = "BACKUP", required_unless_present = "drill")]
    backup: Option<PathBuf>,
    /// Restore into a folder that is thrown away, and say how long it took
    #[arg(long)]
    drill: bool,
}

/// Puts the backup in place.
pub fn run(args: &RestoreArgs) -> anyhow::Result<()> {
    let settings = Settings::load(&args.flags)?;
    let from = match &args.backup {
        Some(named) => named.clone(),
        None => newest(&settings)?,
    };
    if args.drill {
        return drill(&from);
    }
    let database = &settings.database;
    let made = backup::restore(&from, database, Clock::system().now())?;
    let mut lines = vec![in_words(&made, database)];
    lines.extend(
        afterwards(&made, database)
            .iter()
            .map(|line| format!("  {line}")),
    );
    super::say(lines.join("\n"))
}

/// What whoever restored has to know before the bot is started.
fn afterwards(made: &Made, database: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(form) = made.older_form {
        lines.push(format!(
            "It was of an older form ({form}), and is of this program's now."
        ));
    }
    for log in &made.logs {
        if !backup::has_key(log, database) {
            lines.push(format!(
                "The key of {} isn't beside it: put the file back as {}.{}.key, or, if it is lost, run `breakglass key rotate --lost`.",
                log.workspace,
                database.display(),
                log.workspace
            ));
        }
    }
    lines.push(format!(
        "What happened after the backup isn't in it, and Slack still shows it. The next change's number is {LEFT_OUT_NUMBERS} higher than it would be, so that none is given twice."
    ));
    lines.push(format!(
        "How much that is, a checkpoint tells that somebody kept: `breakglass verify --database {} --witness FILE`.",
        database.display()
    ));
    lines
}

/// Restores into a folder that is thrown away.
fn drill(from: &Path) -> anyhow::Result<()> {
    let watch = Stopwatch::start();
    let scratch = Scratch::make()?;
    let database = scratch.0.join("breakglass.db");
    let made = backup::restore(from, &database, Clock::system().now())?;
    let took = watch.elapsed();
    super::say(format_args!(
        "{}\n  It was restored in {:.1} s, and what was restored is removed again.",
        in_words(&made, from),
        took.as_secs_f64()
    ))
}

fn newest(settings: &Settings) -> anyhow::Result<PathBuf> {
    let Some(nightly) = &settings.backup else {
        bail!("name the backup; no nightly ones are configured");
    };
    let shown = nightly.folder.display();
    let kept = nightly
        .kept(&settings.database)
        .with_context(|| format!("{shown} can't be read"))?;
    match kept.into_iter().next_back() {
        Some((_, path)) => Ok(path),
        None => bail!("there is no nightly backup in {shown} yet; name another"),
    }
}

/// A folder for its owner alone that goes when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> anyhow::Result<Self> {
        let name = format!("breakglass-drill-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        super::make_folder(&path).with_context(|| {
            format!(
                "no folder can be made for the drill ({}); set TMPDIR to a place with room",
                path.display()
            )
        })?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
