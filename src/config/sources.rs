//! The sources of changes: the secrets by which they are believed, and how those
//! are reached that are asked.

use anyhow::{Context as _, anyhow};

use super::read::{File, PolledFile};
use super::{Secret, secret, value};
use crate::intake::routes::Keys;
use crate::intake::seal::{BadKey, Gitlab, Signing, Token};

/// Where GitHub's API is, unless somebody runs their own.
pub(super) const GITHUB_API_URL: &str = "https://api.github.com";

/// Where GitLab's API is, unless somebody runs their own.
pub(super) const GITLAB_API_URL: &str = "https://gitlab.com/api/v4";

/// The variables that hold a source's secret, or, with `_FILE`, name its file.
pub(super) const SECRETS: [&str; 8] = [
    "GITHUB_WEBHOOK_SECRET",
    "GITLAB_WEBHOOK_TOKEN",
    "BITBUCKET_WEBHOOK_SECRET",
    "JENKINS_WEBHOOK_TOKEN",
    "CIRCLECI_WEBHOOK_SECRET",
    "BREAKGLASS_CHANGES_TOKEN",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
];

/// The sources of changes.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// By what the sources prove themselves that send.
    pub keys: Keys,
    /// GitHub, if it is asked.
    pub github: Option<Polled>,
    /// GitLab, if it is asked.
    pub gitlab: Option<Polled>,
    /// The variables whose tokens are set, and nothing is named that they open.
    pub idle: Vec<&'static str>,
}

/// A source that is asked for its changes.
#[derive(Debug, Clone)]
pub struct Polled {
    /// Where its API is.
    pub api_url: String,
    /// By what it knows us; without, only what is public can be read.
    pub token: Option<Secret>,
    /// What is asked: `owner/name`, or a project's path.
    pub paths: Vec<String>,
}

impl Sources {
    /// Reads the environment, over the file.
    pub fn load(file: &File) -> anyhow::Result<Self> {
        let mut idle = Vec::new();
        for (polled, token) in [
            (&file.github, "GITHUB_TOKEN"),
            (&file.gitlab, "GITLAB_TOKEN"),
        ] {
            if polled.paths.is_empty() && secret(token)?.is_some() {
                idle.push(token);
            }
        }
        Ok(Self {
            idle,
            keys: Keys {
                github: key("GITHUB_WEBHOOK_SECRET", Signing::new)?,
                gitlab: key("GITLAB_WEBHOOK_TOKEN", Gitlab::new)?,
                bitbucket: key("BITBUCKET_WEBHOOK_SECRET", Signing::new)?,
                jenkins: key("JENKINS_WEBHOOK_TOKEN", Token::new)?,
                circleci: key("CIRCLECI_WEBHOOK_SECRET", Signing::new)?,
                changes: key("BREAKGLASS_CHANGES_TOKEN", Token::new)?,
            },
            github: polled(&file.github, "GITHUB", GITHUB_API_URL)?,
            gitlab: polled(&file.gitlab, "GITLAB", GITLAB_API_URL)?,
        })
    }
}

/// Reads the word by which our own form is taken in.
pub fn changes_token() -> anyhow::Result<Option<Secret>> {
    secret("BREAKGLASS_CHANGES_TOKEN")
}

fn key<T>(name: &str, read: impl Fn(&str) -> Result<T, BadKey>) -> anyhow::Result<Option<T>> {
    secret(name)?
        .map(|secret| read(secret.reveal()))
        .transpose()
        .map_err(|bad| anyhow!("{name} {bad}"))
}

fn polled(file: &PolledFile, name: &str, usual: &str) -> anyhow::Result<Option<Polled>> {
    if file.paths.is_empty() {
        return Ok(None);
    }
    let variable = format!("{name}_API_URL");
    let over = std::env::var_os(&variable)
        .map(|url| url.into_string().ok().context("it isn't text"))
        .transpose()
        .with_context(|| format!("{variable} can't be read"))?
        .filter(|url| !url.trim().is_empty());
    let api_url = match over {
        Some(url) => {
            value::source_url(url.trim(), usual).map_err(|wrong| anyhow!("{variable}: {wrong}"))?
        }
        None => file.api_url.clone().unwrap_or_else(|| usual.to_owned()),
    };
    Ok(Some(Polled {
        api_url,
        token: secret(&format!("{name}_TOKEN"))?,
        paths: file.paths.clone(),
    }))
}
