//! `breakglass import`: a list of changes for the rate.
//!
//! Writes the database itself where nobody else does, and hands the list to the bot
//! where it runs. What was taken in stays so: a list may be imported again.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::clock::{Clock, Stopwatch};
use crate::config::{self, Flags, PolicyFile, Settings};
use crate::domain::deployment::{Deployment, SourceName};
use crate::engine::{Engine, draw_salt};
use crate::intake::csv::BadLine;
use crate::intake::import::{ImportError, News, Progress, import};
use crate::intake::running::{HandOver, Running};
use crate::store::{self, Intake, OpenError, Rules, Store, StoreError, TakenIn};

/// By what name a list comes in whose lines name their sources themselves.
const SOURCE: &str = "import";

/// So many bad lines are shown to a person, who mends a few and sees the pattern.
const SHOWN: u64 = 20;

/// How often the progress is drawn anew.
const FRAME: Duration = Duration::from_millis(100);

/// What `breakglass import` takes.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    #[command(flatten)]
    flags: Flags,
    /// The list; its first line names the columns. `-` reads standard input
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Go on from this line of the file, as an import that broke off says
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    from_line: u64,
    /// Print what became of the list as JSON, with every line that couldn't be read
    #[arg(long)]
    json: bool,
}

/// Who keeps what is read.
enum Keeper {
    /// We do.
    Own(Engine, Clock),
    /// The bot, which runs.
    Bot(Running),
}

/// Why a batch wasn't kept.
#[derive(Debug, thiserror::Error)]
enum NotKept {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    HandOver(#[from] HandOver),
}

impl Keeper {
    /// Opens the database, or finds the bot that has it open.
    async fn find(settings: &Settings) -> anyhow::Result<Self> {
        let path = &settings.database;
        let workspaces = store::workspaces(path)?;
        let [workspace] = workspaces.as_slice() else {
            let shown = path.display();
            match workspaces.len() {
                0 => bail!(
                    "{shown} has no register yet; start the bot once with `breakglass serve`, so that it is known whose changes these are"
                ),
                n => bail!(
                    "{shown} holds the registers of {n} workspaces; post the list to the bot of the one you mean, at /hooks/changes"
                ),
            }
        };
        let options = super::options(path, settings.backup.as_ref());
        match Store::open(&options, workspace.clone()) {
            Ok(store) => {
                let rules = rules(&store).await?;
                Ok(Self::Own(Engine::new(store, rules), Clock::system()))
            }
            Err(OpenError::Locked { holder, .. }) => {
                let Some(word) = config::changes_token()? else {
                    bail!(
                        "{} is in use by {holder}; set BREAKGLASS_CHANGES_TOKEN here and for the bot, so that the list can be handed to it, or stop it while you import",
                        path.display()
                    );
                };
                Ok(Self::Bot(Running::at(settings.listen, word)?))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn keep(&self, told: Vec<Deployment>) -> Result<Vec<TakenIn>, NotKept> {
        match self {
            Self::Own(engine, clock) => {
                let intake = Intake {
                    is_list: true,
                    ..Intake::new(SourceName::new(SOURCE), told)
                };
                Ok(engine.take_in(intake, clock.now()).await?)
            }
            Self::Bot(bot) => Ok(bot.hand_over(&told).await?),
        }
    }

    async fn close(self) {
        match self {
            Self::Own(engine, _) => engine.store().close().await,
            Self::Bot(_) => {}
        }
    }
}

/// Returns the rules that the bot brought into force: an import changes none.
async fn rules(store: &Store) -> anyhow::Result<Rules> {
    let mut policies = Vec::new();
    let mut zone = None;
    for adopted in store.policies().await? {
        let file = PolicyFile::read(&adopted.bytes)?;
        policies.push(file.policy(adopted.version)?);
        zone = Some(file.zone()?);
    }
    policies
        .pop()
        .zip(zone)
        .map(|(newest, zone)| Rules::new(newest, policies, zone))
        .context("no policy is in force yet; start the bot once with `breakglass serve`")
}

/// Takes a list in.
pub async fn run(args: ImportArgs) -> anyhow::Result<()> {
    let settings = Settings::load(&args.flags)?;
    let (list, length) = open(&args.file)?;
    let keeper = Keeper::find(&settings).await?;
    let mut report = Report::begin(args.json, length);
    let runtime = Handle::current();
    // Reading and keeping take turns on threads of their own.
    let done = block_in_place(|| {
        import(
            list,
            args.from_line,
            &draw_salt,
            Clock::system().now(),
            |told| runtime.block_on(keeper.keep(told)),
            |news| report.tell(&news),
        )
    });
    keeper.close().await;
    report.end(&args.file, done)
}

/// Opens the list, and finds out how long it is where that can be known.
fn open(path: &Path) -> anyhow::Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let file = File::open(path)
        .with_context(|| format!("{} can't be read; name another file", path.display()))?;
    let about = file.metadata().ok().filter(std::fs::Metadata::is_file);
    Ok((Box::new(file), about.map(|about| about.len())))
}

/// What is said while a list is taken in, and at its end.
struct Report {
    is_json: bool,
    length: Option<u64>,
    /// Since the progress was drawn; nothing where nobody watches.
    drawn: Option<Stopwatch>,
    progress: Progress,
    n_bad: u64,
}

impl Report {
    fn begin(is_json: bool, length: Option<u64>) -> Self {
        if is_json {
            say("{\"bad\":[");
        }
        Self {
            is_json,
            length,
            drawn: io::stderr().is_terminal().then(Stopwatch::start),
            progress: Progress::default(),
            n_bad: 0,
        }
    }

    fn tell(&mut self, news: &News<'_>) {
        match news {
            News::Bad(line) => self.bad(line),
            News::Kept(progress) => {
                self.progress = **progress;
                if self.drawn.is_some_and(|since| since.elapsed() >= FRAME) {
                    self.drawn = Some(Stopwatch::start());
                    draw(&bar(&self.progress, self.length));
                }
            }
        }
    }

    fn bad(&mut self, line: &BadLine) {
        self.n_bad += 1;
        if self.is_json {
            let comma = if self.n_bad == 1 { "" } else { "," };
            let object = json!({"line": line.line, "reason": line.fault.to_string()});
            say(&format!("{comma}{object}"));
        } else if self.n_bad <= SHOWN {
            self.wipe();
            eprintln!("{line}");
        }
    }

    /// Takes the bar away, so that a line can be written.
    fn wipe(&self) {
        if self.drawn.is_some() {
            draw("");
        }
    }

    fn end(self, path: &Path, done: Result<Progress, ImportError<NotKept>>) -> anyhow::Result<()> {
        self.wipe();
        let more = self.n_bad.saturating_sub(SHOWN);
        if more > 0 && !self.is_json {
            eprintln!("and {more} more; --json names them all");
        }
        let has_begun = !matches!(done, Err(ImportError::Header(_)));
        let go_on = done.as_ref().err().filter(|_| has_begun);
        let go_on = go_on.map(|_| self.progress.line + 1);
        let progress = self.progress;
        if self.is_json {
            say(&format!("],{}\n", of_json(&progress, self.n_bad, go_on)));
        } else if has_begun {
            say(&format!("{}: {}\n", path.display(), in_words(&progress)));
        }
        let failed = match done {
            Ok(_) if self.n_bad == 0 => return Ok(()),
            Ok(_) => {
                let lines = super::doctor::count(
                    usize::try_from(self.n_bad).unwrap_or(usize::MAX),
                    "line",
                    "lines",
                );
                bail!(
                    "{lines} couldn't be read; mend them and import the file again: nothing counts twice"
                )
            }
            Err(error) => super::one_line(&anyhow::Error::new(error)),
        };
        match go_on {
            Some(line) => bail!("{failed}; go on with --from-line {line}"),
            None => bail!(failed),
        }
    }
}

/// The end of the object that began with the bad lines.
fn of_json(progress: &Progress, n_bad: u64, go_on: Option<u64>) -> String {
    let rest = json!({
        "line": progress.line,
        "counted": progress.n_counted,
        "not_counted": progress.n_not_counted,
        "duplicate": progress.n_duplicate,
        "belongs": progress.n_belongs,
        "n_bad": n_bad,
        "go_on_from_line": go_on,
    });
    rest.to_string().trim_start_matches('{').to_owned()
}

fn in_words(progress: &Progress) -> String {
    let Progress {
        n_counted,
        n_not_counted,
        n_duplicate,
        n_belongs,
        n_bad,
        n_bytes: _,
        line: _,
    } = progress;
    let mut words = format!("{n_counted} counted");
    for (n, what) in [
        (n_duplicate, "known before"),
        (n_not_counted, "added to what is known"),
        (n_belongs, "of emergency changes"),
        (n_bad, "not readable"),
    ] {
        if *n > 0 {
            words.push_str(", ");
            words.push_str(&n.to_string());
            words.push(' ');
            words.push_str(what);
        }
    }
    words
}

/// One frame of the progress.
fn bar(progress: &Progress, length: Option<u64>) -> String {
    const WIDTH: u64 = 30;
    let n = progress.n_counted + progress.n_not_counted + progress.n_duplicate;
    let n = n + progress.n_belongs;
    let Some(length) = length.filter(|length| *length > 0) else {
        return format!("{n} changes, line {}", progress.line);
    };
    let read = progress.n_bytes.min(length);
    let full = usize::try_from(read * WIDTH / length).unwrap_or_default();
    let left = usize::try_from(WIDTH).unwrap_or_default() - full;
    let percent = read * 100 / length;
    format!(
        "[{}{}] {percent:>3} %  {n} changes",
        "#".repeat(full),
        "-".repeat(left)
    )
}

/// Writes over the last line of the terminal.
fn draw(line: &str) {
    // Whoever watches no more is no reason to stop.
    let _ = write!(io::stderr(), "\r\u{1b}[K{line}").and_then(|()| io::stderr().flush());
}

fn say(text: &str) {
    // A reader that has gone away has read what it wanted.
    let _ = io::stdout().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_with_what_was_read() {
        let at = |n_bytes| Progress {
            n_bytes,
            n_counted: 7,
            n_duplicate: 2,
            line: 11,
            ..Progress::default()
        };
        let half = bar(&at(500), Some(1_000));
        assert_eq!(
            half,
            format!("[{}{}]  50 %  9 changes", "#".repeat(15), "-".repeat(15))
        );
        let whole = bar(&at(1_000), Some(1_000));
        assert_eq!(whole, format!("[{}] 100 %  9 changes", "#".repeat(30)));
        // A file that grows while it is read isn't read beyond its end.
        assert_eq!(bar(&at(2_000), Some(1_000)), whole);
        assert_eq!(bar(&at(500), None), "9 changes, line 11");
    }

    #[test]
    fn only_what_happened_is_said() {
        let progress = Progress {
            n_counted: 3,
            n_bad: 1,
            ..Progress::default()
        };
        assert_eq!(in_words(&progress), "3 counted, 1 not readable");
    }
}
