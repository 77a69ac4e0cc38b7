//! `breakglass doctor`: what is wrong with the installation, and the mend.
//!
//! Only looks: it changes nothing at Slack, takes no lock and writes no file, so
//! that it may be run at any time beside a running bot.

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use super::say;
use crate::clock::Clock;
use crate::config::{self, Door, Flags, Settings, SlackFiles};

mod door;
mod house;
mod sources;
mod workspace;

pub(super) use workspace::{config_of, named, scopes_of, socket};

/// What `breakglass doctor` takes.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    flags: Flags,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Only ask the bot that runs here whether it is ready, as a container's health
    /// check does
    #[arg(long, conflicts_with = "json")]
    ready: bool,
}

/// What became of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// As it should be.
    Good,
    /// It works, and somebody should know.
    Mind,
    /// It doesn't work until it is mended.
    Bad,
}

/// What one check found, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    check: &'static str,
    verdict: Verdict,
    found: String,
    mend: Option<String>,
}

impl Finding {
    fn good(check: &'static str, found: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Good,
            found: found.into(),
            mend: None,
        }
    }

    fn mind(check: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Mind,
            found: found.into(),
            mend: Some(mend.into()),
        }
    }

    fn bad(check: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Bad,
            ..Self::mind(check, found, mend)
        }
    }

    /// A failure whose own words say what to do.
    fn failed(check: &'static str, error: &anyhow::Error) -> Self {
        Self {
            verdict: Verdict::Bad,
            ..Self::good(check, super::one_line(error))
        }
    }

    /// Whether nothing has to be done about it.
    pub(super) fn is_good(&self) -> bool {
        self.verdict == Verdict::Good
    }

    /// Whether it doesn't work until it is mended.
    pub(super) fn is_bad(&self) -> bool {
        self.verdict == Verdict::Bad
    }

    /// What was found, and its mend.
    pub(super) fn in_words(&self) -> String {
        match &self.mend {
            None => self.found.clone(),
            Some(mend) => format!("{}; {mend}", self.found),
        }
    }

    pub(super) fn line(&self) -> String {
        let mark = match self.verdict {
            Verdict::Good => '✓',
            Verdict::Mind => '!',
            Verdict::Bad => '✗',
        };
        let line = format!("{mark} {}: {}", self.check, self.in_words());
        // A name or a path may hold anything; a line is a line.
        line.replace(['\n', '\r'], " ")
    }

    fn json(&self) -> Value {
        let verdict = match self.verdict {
            Verdict::Good => "ok",
            Verdict::Mind => "warning",
            Verdict::Bad => "fault",
        };
        json!({
            "check": self.check,
            "verdict": verdict,
            "found": self.found,
            "mend": self.mend,
        })
    }
}

/// Checks, prints, and fails if anything needs mending.
pub async fn run(args: DoctorArgs) -> anyhow::Result<()> {
    if args.ready {
        return door::ready(Settings::load(&args.flags)?.listen).await;
    }
    let findings = examine(&args.flags).await;
    let n_bad = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Bad)
        .count();
    if args.json {
        let checks: Vec<_> = findings.iter().map(Finding::json).collect();
        say(json!({"ok": n_bad == 0, "checks": checks}))?;
    } else {
        for finding in &findings {
            say(finding.line())?;
        }
    }
    match n_bad {
        0 => Ok(()),
        1 => bail!("one thing needs mending"),
        n => bail!("{n} things need mending"),
    }
}

/// Examines an installation, and changes nothing.
pub(super) async fn examine(flags: &Flags) -> Vec<Finding> {
    let mut findings = Vec::new();
    let settings = Settings::load(flags);
    match &settings {
        Ok(settings) => findings.push(house::file(settings.file.as_deref())),
        Err(error) => findings.extend(house::faults(error)),
    }
    // Where the file can't be read, the environment alone may have them.
    let files = settings
        .as_ref()
        .map_or_else(|_| SlackFiles::default(), |it| it.slack.clone());
    let token = config::bot_token(&files);
    findings.push(match &token {
        Ok(_) => Finding::good("bot token", "SLACK_BOT_TOKEN has the form of one"),
        Err(error) => Finding::failed("bot token", error),
    });
    let door = Door::load(&files);
    findings.push(match &door {
        Ok(Door::Socket { .. }) => {
            Finding::good("door", "Socket Mode; SLACK_APP_TOKEN has the form of one")
        }
        Ok(Door::Http { signing_secret }) => house::signing_secret(signing_secret),
        Err(error) => Finding::failed("door", error),
    });
    findings.extend(house::secrets(&config::secret_files(&files)));
    let Ok(settings) = settings else {
        findings.push(unseen("the configuration", "mend it first"));
        return findings;
    };
    let mut ours = None;
    match token {
        Ok(token) => {
            let found = workspace::examine(&settings, &token, door.ok(), &Clock::system()).await;
            ours = found.workspace;
            findings.extend(found.findings);
        }
        Err(_) => findings.push(unseen("the bot token", "mend it first")),
    }
    findings.push(door::examine(settings.listen).await);
    let (found, heard) = house::database(&settings.database, ours.as_ref());
    findings.extend(found);
    let now = Clock::system().now();
    findings.extend(house::backups(
        settings.backup.as_ref(),
        &settings.database,
        now,
    ));
    findings.extend(sources::examine(&settings.sources, heard.as_ref(), now).await);
    findings
}

/// Says what was left out, so that silence isn't taken for health.
fn unseen(what: &str, mend: &str) -> Finding {
    Finding::mind(
        "unchecked",
        format!("what depends on {what} was not looked at"),
        mend,
    )
}

/// Counts in words that fit one thing and several.
pub(super) fn count(n: usize, one: &str, several: &str) -> String {
    match n {
        1 => format!("1 {one}"),
        n => format!("{n} {several}"),
    }
}

/// Names a few and counts the rest, so that a line stays a line.
fn few<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    const SHOWN: usize = 8;
    let names: Vec<_> = names.into_iter().collect();
    let shown: Vec<_> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_whatever_it_quotes() {
        let finding = Finding::bad("database", "a\nb", "mend\r\nit");
        assert_eq!(finding.line(), "✗ database: a b; mend  it");
    }

    #[test]
    fn a_long_list_names_a_few_and_counts_the_rest() {
        assert_eq!(few(["a", "b"]), "a, b");
        let many: Vec<_> = (0..11).map(|n| n.to_string()).collect();
        assert_eq!(few(many), "0, 1, 2, 3, 4, 5, 6, 7 and 3 more");
    }
}
