//! What the operator sets: `breakglass.toml`, over it the environment, over that
//! the flags. Secrets redact themselves.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::backup::Nightly;

mod fault;
mod policy;
mod read;
mod sources;
mod value;

pub use fault::{Fault, Faults, Wrong};
pub use policy::PolicyFile;
pub use read::{File, PolledFile, SlackFiles};
pub use sources::{Polled, Sources, changes_token};
pub use value::{in_words as duration_in_words, report_time_in_words};

/// The file that is read if it exists and no other was named.
pub const FILE: &str = "breakglass.toml";

/// A value that nobody may read in a log.
#[derive(Clone, PartialEq, Eq)]
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
    /// The address of /metrics, with /healthz and /readyz [default: none]
    #[arg(long, env = "BREAKGLASS_METRICS_LISTEN", value_name = "ADDRESS")]
    pub metrics_listen: Option<std::net::SocketAddr>,
    /// Where Slack's Web API is [default: <https://slack.com/api>]
    #[arg(long, env = "BREAKGLASS_SLACK_API_URL", value_name = "URL")]
    pub slack_api_url: Option<String>,
    /// How long a call to Slack may take, in milliseconds [default: 10000]
    #[arg(
        long,
        env = "BREAKGLASS_HTTP_TIMEOUT_MS",
        value_name = "MS",
        value_parser = clap::value_parser!(u64).range(1..=30_000),
        hide = true
    )]
    pub http_timeout_ms: Option<u64>,
    /// How many commands share one commit at most; the benchmark turns sharing
    /// off to measure what it saves
    #[arg(long, value_name = "N", hide = true)]
    pub largest_group: Option<std::num::NonZeroUsize>,
}

/// Everything that `serve` needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The database file.
    pub database: PathBuf,
    /// The address to listen on.
    pub listen: std::net::SocketAddr,
    /// The address of the figures, if they are wanted.
    pub metrics_listen: Option<std::net::SocketAddr>,
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
    /// The sources of changes.
    pub sources: Sources,
    /// Where copies of the log's checkpoints go.
    pub witness_url: Option<Secret>,
    /// Where a backup is kept every night.
    pub backup: Option<Nightly>,
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

/// All but Slack's secrets: the file and, over it, the environment and the flags.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file that was read; none was named, and there is none, without it.
    pub file: Option<PathBuf>,
    /// The database file.
    pub database: PathBuf,
    /// The address to listen on.
    pub listen: std::net::SocketAddr,
    /// The address of the figures, if they are wanted.
    pub metrics_listen: Option<std::net::SocketAddr>,
    /// Where Slack's Web API is.
    pub slack_api_url: String,
    /// How long a call to Slack may take.
    pub http_timeout: Duration,
    /// How many commands share one commit at most.
    pub largest_group: usize,
    /// The policy as written; its ids and its zone are well formed.
    pub policy: PolicyFile,
    /// The sources of changes.
    pub sources: Sources,
    /// Where copies of the log's checkpoints go. An address may be the key to itself.
    pub witness_url: Option<Secret>,
    /// The files that hold Slack's secrets, where the environment doesn't.
    pub slack: SlackFiles,
    /// Where a backup is kept every night.
    pub backup: Option<Nightly>,
}

impl Config {
    /// Reads the file, the environment and the flags.
    pub fn load(flags: &Flags) -> anyhow::Result<Self> {
        let settings = Settings::load(flags)?;
        Ok(Self {
            bot_token: bot_token(&settings.slack)?,
            door: Door::load(&settings.slack)?,
            database: settings.database,
            listen: settings.listen,
            metrics_listen: settings.metrics_listen,
            slack_api_url: settings.slack_api_url,
            http_timeout: settings.http_timeout,
            largest_group: settings.largest_group,
            policy: settings.policy,
            sources: settings.sources,
            witness_url: settings.witness_url,
            backup: settings.backup,
        })
    }
}

impl Settings {
    /// Reads the file, and what stands over it.
    pub fn load(flags: &Flags) -> anyhow::Result<Self> {
        let (path, file) = read_file(flags.config.as_deref())?;
        let sources = Sources::load(&file)?;
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
            metrics_listen: flags.metrics_listen.or(file.metrics_listen),
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
            sources,
            witness_url: file.witness_url.map(Secret::new),
            slack: file.slack,
            backup: file.backup,
            policy: file.policy,
        })
    }
}

impl Door {
    /// Reads which door the secrets open, of the environment or of `files`.
    pub fn load(files: &SlackFiles) -> anyhow::Result<Self> {
        let app_token = secret_in("SLACK_APP_TOKEN", files.app_token.as_deref())?;
        let signing_secret = secret_in("SLACK_SIGNING_SECRET", files.signing_secret.as_deref())?;
        match (app_token, signing_secret) {
            (Some(app_token), _) => {
                token_of_form(&app_token, "SLACK_APP_TOKEN")?;
                Ok(Self::Socket { app_token })
            }
            (None, Some(signing_secret)) => Ok(Self::Http { signing_secret }),
            (None, None) => bail!(
                "no way in for Slack: set SLACK_APP_TOKEN (xapp-…, for Socket Mode) or SLACK_SIGNING_SECRET (for HTTP)"
            ),
        }
    }
}

/// Reads the bot's token from the environment, or from its file.
pub fn bot_token(files: &SlackFiles) -> anyhow::Result<Secret> {
    let token = secret_in("SLACK_BOT_TOKEN", files.bot_token.as_deref())?
        .context("no bot token: set SLACK_BOT_TOKEN to the Bot User OAuth Token (xoxb-…) of your app's OAuth & Permissions page")?;
    token_of_form(&token, "SLACK_BOT_TOKEN")?;
    Ok(token)
}

/// Reads the file that was named, or the usual one if there is one; returns
/// which it was. What is wrong with its content is a [`Faults`].
pub fn read_file(named: Option<&Path>) -> anyhow::Result<(Option<PathBuf>, File)> {
    let path = named.unwrap_or(Path::new(FILE));
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return Ok((None, File::default()));
        }
        Err(error) => bail!(
            "{} can't be read ({error}); name another file",
            path.display()
        ),
    };
    match File::read(&bytes) {
        Ok(file) => Ok((Some(path.to_owned()), file)),
        Err(faults) => Err(Faults {
            file: path.to_owned(),
            faults,
        }
        .into()),
    }
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
    Ok(non_empty(&value))
}

/// The same, and if the environment has none, from the file that the configuration
/// names.
fn secret_in(name: &str, file: Option<&Path>) -> anyhow::Result<Option<Secret>> {
    let Some(file) = file else {
        return secret(name);
    };
    if let Some(secret) = secret(name)? {
        return Ok(Some(secret));
    }
    let value = std::fs::read_to_string(file).with_context(|| {
        let key = name.trim_start_matches("SLACK_").to_lowercase();
        format!(
            "[slack] {key}_file names {}, which can't be read",
            file.display()
        )
    })?;
    Ok(non_empty(&value))
}

/// Returns the files in which secrets stand, each with the name of the secret.
pub fn secret_files(slack: &SlackFiles) -> Vec<(String, PathBuf)> {
    let named = [
        ("SLACK_BOT_TOKEN", &slack.bot_token),
        ("SLACK_APP_TOKEN", &slack.app_token),
        ("SLACK_SIGNING_SECRET", &slack.signing_secret),
    ];
    let mut files: BTreeMap<String, PathBuf> = named
        .into_iter()
        .filter_map(|(name, file)| Some((name.to_owned(), file.clone()?)))
        .collect();
    let of_slack = named.map(|(name, _)| name).into_iter();
    for name in of_slack.chain(sources::SECRETS) {
        if std::env::var_os(name).is_some() {
            files.remove(name);
        } else if let Some(path) = std::env::var_os(format!("{name}_FILE")) {
            files.insert(name.to_owned(), path.into());
        }
    }
    files.into_iter().collect()
}

fn non_empty(value: &str) -> Option<Secret> {
    let value = value.trim();
    (!value.is_empty()).then(|| Secret::new(value))
}

/// Judges a token by its form alone; `name` is that of its variable.
pub fn token_of_form(secret: &Secret, name: &str) -> anyhow::Result<()> {
    match name {
        "SLACK_APP_TOKEN" => {
            must_be_a_token(secret, "xapp-", name, "Basic Information, App-Level Tokens")
        }
        _ => must_be_a_token(secret, "xoxb-", name, "OAuth & Permissions"),
    }
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
    fn a_token_is_judged_by_its_form_alone() {
        let judge = |token: &str| must_be_a_token(&Secret::new(token), "xoxb-", "T", "P");
        assert!(judge("xoxb-1-a").is_ok());
        for bad in ["xoxp-1", "xoxb-", "xoxb-1 2", "xoxb-1\n2", "xoxb-ä"] {
            let said = judge(bad).unwrap_err().to_string();
            assert!(!said.contains("1 2") && !said.contains('ä'), "{said}");
        }
    }
}
