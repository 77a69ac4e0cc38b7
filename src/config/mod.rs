//! What the operator sets: `breakglass.toml`, over it the environment, over that
//! the flags. Secrets redact themselves.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::domain::id::{ChannelId, GroupId, UserId};
use crate::domain::policy::{Party, Policy, PolicyVersion};

/// The file that is read if it exists and no other was named.
pub const FILE: &str = "breakglass.toml";

/// A value that nobody may read in a log.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Returns the secret, to hand it to the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The flags that say how the bot runs, each also from the environment.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Flags {
    /// The configuration file [default: breakglass.toml, if there is one]
    #[arg(long, env = "BREAKGLASS_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The database file [default: breakglass.db]
    #[arg(long, env = "BREAKGLASS_DATABASE", value_name = "FILE")]
    pub database: Option<PathBuf>,
    /// The address to listen on [default: 127.0.0.1:8417]
    #[arg(long, env = "BREAKGLASS_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<std::net::SocketAddr>,
    /// Where Slack's Web API is [default: <https://slack.com/api>]
    #[arg(long, env = "BREAKGLASS_SLACK_API_URL", value_name = "URL")]
    pub slack_api_url: Option<String>,
    /// How long a call to Slack may take, in milliseconds [default: 10000]
    #[arg(
        long,
        env = "BREAKGLASS_HTTP_TIMEOUT_MS",
        value_name = "MS",
        hide = true
    )]
    pub http_timeout_ms: Option<u64>,
    /// How many commands share one commit at most; the benchmark turns sharing
    /// off to measure what it saves
    #[arg(long, value_name = "N", hide = true)]
    pub largest_group: Option<std::num::NonZeroUsize>,
}

/// What stands in `breakglass.toml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    database: Option<PathBuf>,
    listen: Option<std::net::SocketAddr>,
    slack_api_url: Option<String>,
    #[serde(default)]
    policy: PolicyFile,
}

/// The part of the file that is the organisation's policy. Its bytes go into the
/// log whenever they change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyFile {
    /// People (`U…`) and user groups (`S…`) who may authorize and approve.
    pub approvers: Vec<String>,
    /// People and user groups who may act as incident commander.
    pub commanders: Vec<String>,
    /// The person who hears of a missed deadline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalation: Option<String>,
    /// The channel of the weekly report (`C…`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report_channel: Option<String>,
    /// The names of incident channels; `*` stands for anything.
    pub incident_channels: Vec<String>,
    /// The emoji that authorize, such as `white_check_mark`.
    pub emoji: Vec<String>,
    /// The zone of people who have none in Slack.
    pub zone: String,
}

impl Default for PolicyFile {
    fn default() -> Self {
        let unwritten = Policy::unwritten(PolicyVersion(1));
        Self {
            approvers: Vec::new(),
            commanders: Vec::new(),
            escalation: None,
            report_channel: None,
            incident_channels: unwritten.incident_channels,
            emoji: unwritten.emoji,
            zone: "UTC".to_owned(),
        }
    }
}

impl PolicyFile {
    /// Reads the bytes of a policy that was adopted.
    pub fn read(bytes: &str) -> anyhow::Result<Self> {
        toml::from_str(bytes).context("a policy in the database can't be read")
    }

    /// Returns the bytes that are adopted.
    pub fn bytes(&self) -> anyhow::Result<String> {
        toml::to_string(self).context("the policy can't be written down")
    }

    /// Returns the zone of people who have none in Slack.
    pub fn zone(&self) -> anyhow::Result<Tz> {
        self.zone.parse().ok().with_context(|| {
            format!(
                "policy.zone: `{}` is no time zone; write one such as `Europe/Berlin`",
                self.zone
            )
        })
    }

    /// Reads the policy as the rules need it.
    pub fn policy(&self, version: PolicyVersion) -> anyhow::Result<Policy> {
        let parties = |names: &[String], field: &str| -> anyhow::Result<Vec<Party>> {
            names.iter().map(|name| party(name, field)).collect()
        };
        let escalation = match self.escalation.as_deref() {
            None => None,
            Some(name) => match party(name, "policy.escalation")? {
                Party::Person(id) => Some(id),
                Party::Group(_) => bail!(
                    "policy.escalation: `{name}` is a group; name one person, such as `U0123ABCD`"
                ),
            },
        };
        let report_channel = match self.report_channel.as_deref() {
            None => None,
            Some(id) if is_id(id, "CG") => Some(ChannelId::new(id)),
            Some(name) => bail!(
                "policy.report_channel: `{name}` is no channel id; copy it from the channel's details in Slack, such as `C0123ABCD`"
            ),
        };
        Ok(Policy {
            version,
            approvers: parties(&self.approvers, "policy.approvers")?,
            commanders: parties(&self.commanders, "policy.commanders")?,
            escalation,
            report_channel,
            incident_channels: self.incident_channels.clone(),
            emoji: emoji(&self.emoji)?,
        })
    }
}

fn party(name: &str, field: &str) -> anyhow::Result<Party> {
    if is_id(name, "UW") {
        Ok(Party::Person(UserId::new(name)))
    } else if is_id(name, "S") {
        Ok(Party::Group(GroupId::new(name)))
    } else {
        bail!(
            "{field}: `{name}` names nobody; copy the id from the profile in Slack, such as `U0123ABCD` for a person or `S0123ABCD` for a user group"
        )
    }
}

/// Reads names of emoji, with or without their colons. Slack names the same
/// gesture in another skin by a suffix, which no policy needs to list.
fn emoji(names: &[String]) -> anyhow::Result<Vec<String>> {
    let read = |name: &String| {
        let bare = name.trim().trim_matches(':').to_lowercase();
        let fine = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '\'');
        if bare.is_empty() || !bare.chars().all(fine) {
            bail!(
                "policy.emoji: `{name}` is no emoji's name; write one such as `white_check_mark`"
            );
        }
        Ok(bare)
    };
    names.iter().map(read).collect()
}

/// Whether `id` looks like one of Slack's: a letter of `kinds`, then letters
/// and digits.
fn is_id(id: &str, kinds: &str) -> bool {
    let mut chars = id.chars();
    chars.next().is_some_and(|first| kinds.contains(first))
        && id.len() >= 5
        && chars.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

/// Everything that `serve` needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The database file.
    pub database: PathBuf,
    /// The address to listen on.
    pub listen: std::net::SocketAddr,
    /// Where Slack's Web API is.
    pub slack_api_url: String,
    /// How long a call to Slack may take.
    pub http_timeout: Duration,
    /// How many commands share one commit at most.
    pub largest_group: usize,
    /// The policy as written.
    pub policy: PolicyFile,
    /// How Slack's deliveries come in.
    pub door: Door,
    /// The bot's token.
    pub bot_token: Secret,
}

/// How Slack's deliveries come in.
#[derive(Debug, Clone)]
pub enum Door {
    /// Over a socket that we open.
    Socket {
        /// The app's token.
        app_token: Secret,
    },
    /// Over signed HTTP.
    Http {
        /// The secret with which Slack signs.
        signing_secret: Secret,
    },
}

/// All that isn't secret: the file and, over it, the environment and the flags.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file that was read; none was named, and there is none, without it.
    pub file: Option<PathBuf>,
    /// The database file.
    pub database: PathBuf,
    /// The address to listen on.
    pub listen: std::net::SocketAddr,
    /// Where Slack's Web API is.
    pub slack_api_url: String,
    /// How long a call to Slack may take.
    pub http_timeout: Duration,
    /// How many commands share one commit at most.
    pub largest_group: usize,
    /// The policy as written; its ids and its zone are well formed.
    pub policy: PolicyFile,
}

impl Config {
    /// Reads the file, the environment and the flags.
    pub fn load(flags: &Flags) -> anyhow::Result<Self> {
        let settings = Settings::load(flags)?;
        Ok(Self {
            bot_token: bot_token()?,
            door: Door::load()?,
            database: settings.database,
            listen: settings.listen,
            slack_api_url: settings.slack_api_url,
            http_timeout: settings.http_timeout,
            largest_group: settings.largest_group,
            policy: settings.policy,
        })
    }
}

impl Settings {
    /// Reads the file, and what stands over it.
    pub fn load(flags: &Flags) -> anyhow::Result<Self> {
        let (path, file) = read_file(flags.config.as_deref())?;
        // A policy that can't be read is told now, not when the first one acts.
        let in_file = || {
            let path = path.as_deref().unwrap_or(Path::new(FILE));
            format!("{} has a fault", path.display())
        };
        file.policy.policy(PolicyVersion(1)).with_context(in_file)?;
        file.policy.zone().with_context(in_file)?;
        Ok(Self {
            file: path,
            database: flags
                .database
                .clone()
                .or(file.database)
                .unwrap_or_else(|| PathBuf::from("breakglass.db")),
            listen: flags
                .listen
                .or(file.listen)
                .unwrap_or_else(|| std::net::SocketAddr::from(([127, 0, 0, 1], 8417))),
            slack_api_url: flags
                .slack_api_url
                .clone()
                .or(file.slack_api_url)
                .unwrap_or_else(|| "https://slack.com/api".to_owned()),
            http_timeout: flags
                .http_timeout_ms
                .map_or(crate::slack::client::HTTP_TIMEOUT, Duration::from_millis),
            largest_group: flags
                .largest_group
                .map_or(crate::store::LARGEST_GROUP, std::num::NonZeroUsize::get),
            policy: file.policy,
        })
    }
}

impl Door {
    /// Reads which door the secrets in the environment open.
    pub fn load() -> anyhow::Result<Self> {
        match (secret("SLACK_APP_TOKEN")?, secret("SLACK_SIGNING_SECRET")?) {
            (Some(app_token), _) => {
                must_be_a_token(
                    &app_token,
                    "xapp-",
                    "SLACK_APP_TOKEN",
                    "Basic Information, App-Level Tokens",
                )?;
                Ok(Self::Socket { app_token })
            }
            (None, Some(signing_secret)) => Ok(Self::Http { signing_secret }),
            (None, None) => bail!(
                "no way in for Slack: set SLACK_APP_TOKEN (xapp-…, for Socket Mode) or SLACK_SIGNING_SECRET (for HTTP)"
            ),
        }
    }
}

/// Reads the bot's token from the environment.
pub fn bot_token() -> anyhow::Result<Secret> {
    let token = secret("SLACK_BOT_TOKEN")?
        .context("no bot token: set SLACK_BOT_TOKEN to the Bot User OAuth Token (xoxb-…) of your app's OAuth & Permissions page")?;
    must_be_a_token(&token, "xoxb-", "SLACK_BOT_TOKEN", "OAuth & Permissions")?;
    Ok(token)
}

/// Reads the file that was named, or the usual one if there is one; returns
/// which it was.
fn read_file(named: Option<&Path>) -> anyhow::Result<(Option<PathBuf>, File)> {
    let path = named.unwrap_or(Path::new(FILE));
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return Ok((None, File::default()));
        }
        Err(error) => bail!(
            "{} can't be read ({error}); name another file with --config",
            path.display()
        ),
    };
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => {
            let sound = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let (line, column) = place(&String::from_utf8_lossy(sound), error.valid_up_to());
            bail!(
                "{} has a fault in line {line}, column {column}: it isn't UTF-8 text",
                path.display()
            )
        }
    };
    match toml::from_str(text) {
        Ok(file) => Ok((Some(path.to_owned()), file)),
        Err(error) => {
            let (line, column) = place(text, error.span().unwrap_or_default().start);
            // The library's own display quotes the line, and the line may hold
            // what nobody should read in a log.
            bail!(
                "{} has a fault in line {line}, column {column}: {}",
                path.display(),
                error.message().replace('\n', "; ")
            )
        }
    }
}

/// Returns the line and the column, from 1, of the byte `at` of a text.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (line, column)
}

/// Reads a secret from the environment, or from the file that `…_FILE` names.
/// An empty one counts as none.
fn secret(name: &str) -> anyhow::Result<Option<Secret>> {
    let value = if let Some(value) = std::env::var_os(name) {
        value
            .into_string()
            .ok()
            .with_context(|| format!("{name} isn't text"))?
    } else if let Some(path) = std::env::var_os(format!("{name}_FILE")) {
        std::fs::read_to_string(&path).with_context(|| {
            format!(
                "{name}_FILE names {}, which can't be read",
                Path::new(&path).display()
            )
        })?
    } else {
        return Ok(None);
    };
    Ok(Some(value.trim().to_owned())
        .filter(|value| !value.is_empty())
        .map(Secret))
}

fn must_be_a_token(secret: &Secret, prefix: &str, name: &str, page: &str) -> anyhow::Result<()> {
    let rest = secret.reveal().strip_prefix(prefix);
    if !rest
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        bail!(
            "{name} is no token of the form {prefix}…: copy it again from your app's page, {page}"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_file_counts_from_one_and_in_characters() {
        assert_eq!(place("", 0), (1, 1));
        assert_eq!(place("ab\ncd", 4), (2, 2));
        assert_eq!(place("ä = \"ö\"", 5), (1, 5));
        assert_eq!(place("a", 99), (1, 2));
    }

    #[test]
    fn a_token_is_judged_by_its_form_alone() {
        let judge = |token: &str| must_be_a_token(&Secret::new(token), "xoxb-", "T", "P");
        assert!(judge("xoxb-1-a").is_ok());
        for bad in ["xoxp-1", "xoxb-", "xoxb-1 2", "xoxb-1\n2", "xoxb-ä"] {
            let said = judge(bad).unwrap_err().to_string();
            assert!(!said.contains("1 2") && !said.contains('ä'), "{said}");
        }
    }
}
