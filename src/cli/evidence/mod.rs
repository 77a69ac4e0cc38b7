//! `breakglass evidence`: the auditor's pack, and the auditor's questions.
//!
//! Reads the database beside a running bot. Where something happened since the newest
//! checkpoint, a pack has one made first: a running bot is asked for it, and where none
//! runs, this makes it, which is all that it writes there. A question only reads.

use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use chrono::NaiveDate;
use chrono_tz::Tz;
use clap::{Args, ValueEnum};

use super::say;
use crate::beside;
use crate::clock::Clock;
use crate::config::{Flags, PolicyFile, Settings};
use crate::domain::id::{ChangeNumber, WorkspaceId};
use crate::domain::policy::Policy;
use crate::domain::rate::{grouped, so_many};
use crate::evidence::checkpoint::origin;
use crate::evidence::key;
use crate::evidence::note::SignerKey;
use crate::evidence::pack::{self, Made, Step, Stratum, Wanted, Which, period};
use crate::evidence::seal::Seal;
use crate::store::{self, Kept, Moment, OpenError, Store, StoreError};
use crate::unfinished::{Unfinished, folder_of};

mod list;

/// What `breakglass evidence` takes.
#[derive(Debug, Clone, Args)]
pub struct EvidenceArgs {
    #[command(flatten)]
    flags: Flags,
    /// The period's first day, such as 2026-07-01
    #[arg(long, value_name = "DATE", required_unless_present_any = ["on", "list"])]
    from: Option<NaiveDate>,
    /// The period's last day
    #[arg(long, value_name = "DATE", required_unless_present_any = ["on", "list"])]
    to: Option<NaiveDate>,
    /// How many changes are sampled [default: by the usual table, 25 of more than 250]
    #[arg(long, value_name = "N", conflicts_with_all = ["change", "on"])]
    sample: Option<usize>,
    /// The seed by which they are drawn; the auditor names it [default: the beginning of
    /// the checkpoint's root]
    #[arg(long, value_name = "S", conflicts_with_all = ["change", "on"])]
    seed: Option<u64>,
    /// From which part of the population they are drawn
    #[arg(long, value_name = "PART", value_enum, default_value_t = Part::All,
          conflicts_with_all = ["change", "on"])]
    stratum: Part,
    /// These changes of the period instead, by their names in the change log's column
    /// Change: CHG-1042, 'github acme/web/pull/7'
    #[arg(long, value_name = "CHG", num_args = 1.., conflicts_with = "on")]
    change: Vec<String>,
    /// Everything that was deployed on this day instead
    #[arg(long, value_name = "DATE")]
    on: Option<NaiveDate>,
    /// Up to which checkpoint the log is told [default: the newest]
    #[arg(long, value_name = "N", conflicts_with = "list")]
    checkpoint: Option<u64>,
    /// The file to write
    #[arg(
        long,
        value_name = "PACK.zip",
        required_unless_present = "list",
        conflicts_with = "list"
    )]
    out: Option<PathBuf>,
    /// Answer a question instead; without one, all that happened to --change
    #[arg(long, value_name = "QUESTION", value_enum, num_args = 0..=1,
          default_missing_value = "history")]
    list: Option<list::Question>,
    /// Print the answer as JSON
    #[arg(long, requires = "list")]
    json: bool,
    /// The workspace, where the database has several
    #[arg(long, value_name = "ID")]
    workspace: Option<String>,
}

/// The parts of the population, as they are named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// All changes that were deployed
    All,
    /// The emergencies
    Emergency,
    /// The changes that weren't
    Normal,
    /// Those of which a control was not met
    Exceptions,
    /// Those first, and then the rest
    ExceptionsFirst,
}

impl Part {
    const fn stratum(self) -> Stratum {
        match self {
            Self::All => Stratum::All,
            Self::Emergency => Stratum::Emergency,
            Self::Normal => Stratum::Normal,
            Self::Exceptions => Stratum::Exceptions,
            Self::ExceptionsFirst => Stratum::ExceptionsFirst,
        }
    }
}

/// Makes the pack.
pub async fn run(args: EvidenceArgs) -> anyhow::Result<()> {
    let settings = Settings::load(&args.flags)?;
    let database = &settings.database;
    let workspace = workspace(database, args.workspace.as_deref())?;
    let which = which(&args);
    let Some(out) = &args.out else {
        let said = store::look(database, Some(&workspace), |moment| {
            Ok::<_, StoreError>(answer(moment, &args, &which))
        });
        return say(said.with_context(|| format!("{} can't be read", database.display()))??);
    };
    let days = days(&args)?;
    let unfinished = Unfinished::beside(out).map_err(|error| super::not_made(out, &error))?;
    if args.checkpoint.is_none() {
        bring_up_to_date(&settings, &workspace).await?;
    }
    let key = signing_key(database, &workspace)?;
    let asked = Asked {
        args: &args,
        key: &key,
        days,
        which: &which,
    };
    let progress = Progress::new();
    let scratch = folder_of(out);
    let written = unfinished.file()?;
    let made = store::look(database, Some(&workspace), |moment| {
        Ok::<_, StoreError>(asked.make(moment, &scratch, written, &progress))
    });
    progress.end();
    let made = made.with_context(|| format!("{} can't be read", database.display()))??;
    unfinished
        .finish(out)
        .map_err(|error| super::not_made(out, &error))?;
    if let Some(at) = made.told_up_to {
        // Nothing hangs on whether anybody reads it.
        let _ = writeln!(
            std::io::stderr(),
            "breakglass: the period isn't over at the checkpoint: the pack tells it up to {}",
            at.format("%Y-%m-%d %H:%M:%S UTC")
        );
    }
    say(in_words(&made, out))
}

/// What the command line asks for, with what it takes.
struct Asked<'a> {
    args: &'a EvidenceArgs,
    key: &'a SignerKey,
    days: (NaiveDate, NaiveDate),
    which: &'a Which,
}

impl Asked<'_> {
    /// Makes the pack.
    fn make(
        &self,
        moment: &Moment<'_>,
        scratch: &Path,
        out: std::fs::File,
        progress: &Progress,
    ) -> anyhow::Result<Made> {
        let tell = |step| progress.tell(step);
        let checkpoint = checkpoint(&moment.checkpoints()?, self.args.checkpoint)?;
        let (policies, zone) = policies(moment)?;
        let wanted = Wanted {
            first_day: self.days.0,
            last_day: self.days.1,
            which: self.which,
            checkpoint: &checkpoint,
            key: self.key,
            policies: &policies,
            zone,
        };
        let out = BufWriter::new(out);
        Ok(pack::make(moment, &wanted, scratch, out, &tell)?)
    }
}

/// Answers the question, by all that the log holds now: that needs no checkpoint.
fn answer(moment: &Moment<'_>, args: &EvidenceArgs, which: &Which) -> anyhow::Result<String> {
    let question = args.list.unwrap_or(list::Question::History);
    let now = Clock::system().now();
    let (policies, zone) = policies(moment)?;
    let lines = if question == list::Question::History {
        let Which::Named(names) = which else {
            bail!("name the changes with --change");
        };
        let mut lines = Vec::new();
        for name in names {
            let number = ChangeNumber::parse(name)
                .ok_or_else(|| anyhow!("{name} is no change's number; they look like CHG-1042"))?;
            let record = pack::record(moment, &policies, number, now)?;
            let record = record.ok_or_else(|| anyhow!("there is no {number}"))?;
            lines.extend(list::history(&record));
        }
        lines
    } else {
        if args.from.is_none() && args.on.is_none() {
            bail!("name the day with --on, or the period with --from and --to");
        }
        list::answer(moment, question, period(days(args)?, &zone), now)?
    };
    Ok(if args.json {
        list::as_json(&lines).to_string()
    } else {
        list::in_words(&lines)
    })
}

fn days(args: &EvidenceArgs) -> anyhow::Result<(NaiveDate, NaiveDate)> {
    let (from, to) = (args.from.or(args.on), args.to.or(args.on));
    match (from, to) {
        (Some(from), Some(to)) if from <= to => {
            if args.on.is_some_and(|day| day < from || to < day) {
                bail!("--on names a day outside of the period");
            }
            Ok((from, to))
        }
        (Some(from), Some(to)) => bail!("--from {from} comes after --to {to}"),
        (None, _) | (_, None) => bail!("name the period with --from and --to"),
    }
}

fn which(args: &EvidenceArgs) -> Which {
    if let Some(day) = args.on {
        return Which::On(day);
    }
    if args.change.is_empty() {
        return Which::Drawn {
            size: args.sample,
            seed: args.seed,
            stratum: args.stratum.stratum(),
        };
    }
    let mut names = Vec::new();
    for word in &args.change {
        let name = ChangeNumber::parse(word).map_or_else(|| word.clone(), |it| it.to_string());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Which::Named(names)
}

/// Reads the key that signs.
pub(super) fn signing_key(database: &Path, workspace: &WorkspaceId) -> anyhow::Result<SignerKey> {
    let path = key::path_of(database, workspace);
    key::read(&path, &origin(workspace)?)?.with_context(|| {
        format!(
            "the key that signs packs isn't there ({}): `breakglass serve` makes it when it starts; a copy of the database needs a copy of it",
            path.display()
        )
    })
}

pub(super) fn workspace(database: &Path, named: Option<&str>) -> anyhow::Result<WorkspaceId> {
    let shown = database.display();
    let found = store::workspaces(database)?;
    if let Some(named) = named {
        let named = WorkspaceId::new(named);
        if found.contains(&named) {
            return Ok(named);
        }
        bail!("{shown} holds no register of {named}");
    }
    match found.as_slice() {
        [only] => Ok(only.clone()),
        [] if database.exists() => {
            bail!("{shown} is still empty: nobody has signed in with it yet")
        }
        [] => bail!("there is no {shown}; `serve` and `import` make one"),
        _ => bail!("{shown} holds the registers of several workspaces: name one with --workspace"),
    }
}

/// Makes a checkpoint of what happened since the last one; where a bot holds the
/// database, that makes it. Without one, the pack ends at the newest there is, and that
/// is said.
pub(super) async fn bring_up_to_date(
    settings: &Settings,
    workspace: &WorkspaceId,
) -> anyhow::Result<()> {
    let database = &settings.database;
    let options = super::options(database, settings.backup.as_ref());
    let store = match Store::open(&options, workspace.clone()) {
        Ok(store) => store,
        Err(OpenError::Locked { .. }) => return ask_the_bot(settings, workspace).await,
        // A copy that may only be read is told up to its newest checkpoint.
        Err(OpenError::Unwritable { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let now = Clock::system().now();
    let to_address = settings.witness_url.is_some();
    let made = match Seal::of(&store, database, to_address, now).await {
        Ok(seal) => seal
            .checkpoint(&store, now)
            .await
            .map(|_| ())
            .map_err(Into::into),
        Err(fault) => Err(anyhow::Error::from(fault)),
    };
    store.close().await;
    made
}

async fn ask_the_bot(settings: &Settings, workspace: &WorkspaceId) -> anyhow::Result<()> {
    let path = key::path_of(&settings.database, workspace);
    let Some(key) = key::read(&path, &origin(workspace)?)? else {
        return Ok(());
    };
    if let Err(error) = beside::ask_for_checkpoint(settings.listen, &key::word(&key)).await {
        // Nothing depends on whether anybody reads it.
        let _ = writeln!(
            std::io::stderr(),
            "breakglass: {error}; what happened since the newest checkpoint isn't told"
        );
    }
    Ok(())
}

fn checkpoint(kept: &[Kept], n: Option<u64>) -> anyhow::Result<Kept> {
    let found = match n {
        None => kept.last(),
        Some(n) => kept.iter().find(|one| one.n == n),
    };
    match (found, n, kept.last()) {
        (Some(found), ..) => Ok(found.clone()),
        (None, Some(n), Some(last)) => {
            bail!("there is no checkpoint {n}; the newest is {}", last.n)
        }
        (None, ..) => {
            bail!("there is no checkpoint yet: `breakglass serve` makes the first when it starts")
        }
    }
}

pub(super) fn policies(moment: &Moment<'_>) -> anyhow::Result<(Vec<Policy>, Tz)> {
    let mut policies = Vec::new();
    let mut zone = Tz::UTC;
    for adopted in moment.policies()? {
        let file = PolicyFile::read(&adopted.bytes)?;
        zone = file.zone()?;
        policies.push(file.policy(adopted.version)?);
    }
    Ok((policies, zone))
}

fn in_words(made: &Made, out: &Path) -> String {
    let out = out.display();
    let seed = made
        .seed
        .map_or_else(String::new, |seed| format!(" Seed: {seed}."));
    format!(
        "{out}: {}, {}; {}, {}.{seed}\nCheck it with `breakglass verify {out}`, or with the verifier inside.\nIt holds what was said in private channels, too: keep it accordingly.",
        so_many(made.n_changes, "change", "changes"),
        so_many(
            made.n_emergencies,
            "of them an emergency",
            "of them emergencies"
        ),
        so_many(made.samples.len() as u64, "sample", "samples"),
        so_many(made.n_files as u64, "file", "files")
    )
}

/// How far the pack has come, on a terminal.
struct Progress {
    is_shown: bool,
}

impl Progress {
    fn new() -> Self {
        Self {
            is_shown: std::io::stderr().is_terminal(),
        }
    }

    fn tell(&self, step: Step) {
        let words = match step {
            Step::Emergencies(n) => format!("{} emergencies read", grouped(n)),
            Step::Log(n) => format!("{} changes in the log", grouped(n)),
            Step::Samples { n, of } => format!("{n} of {of} samples written"),
            Step::Proofs => "what it takes to check it".to_owned(),
        };
        self.draw(&words);
    }

    fn end(&self) {
        self.draw("");
    }

    fn draw(&self, words: &str) {
        if self.is_shown {
            // Nothing hangs on whether a terminal shows it.
            let _ = write!(std::io::stderr(), "\r\u{1b}[K{words}");
        }
    }
}
