//! `breakglass setup`: asks for what the bot needs, checks each answer against Slack,
//! and writes the configuration.
//!
//! Writes `breakglass.toml` and, in files of their own that only their owner may read,
//! Slack's secrets. What stands there already is kept: a second run asks for what is
//! missing and adds it. Whoever answers nothing is told what is missing.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use super::doctor;
use super::serve;
use crate::config::{self, Door, File, Flags, Secret, Settings, SlackFiles};
use crate::slack::client::Identity;
use crate::slack::client::SlackClient;
use crate::slack::survey;

mod answers;
mod file;
mod policy;
mod terminal;

use answers::Answers;
use terminal::Terminal;

/// What `breakglass setup` takes.
#[derive(Debug, Clone, Args)]
pub struct SetupArgs {
    #[command(flatten)]
    flags: Flags,
    /// Answers, one a line as `key = value`, for whoever can't be asked; see the README
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
}

/// What is known once Slack let us in.
struct SignedIn {
    client: SlackClient,
    identity: Identity,
}

/// A run of it.
struct Setup {
    asking: Answers,
    path: PathBuf,
    file: File,
    settings: Settings,
    files: SlackFiles,
    /// What the file is to say that it doesn't yet: in `[slack]`, and in `[policy]`.
    slack: Vec<(&'static str, String)>,
    policy: Vec<(&'static str, String)>,
}

/// Asks, checks, writes, and says how it stands.
pub async fn run(args: SetupArgs) -> anyhow::Result<()> {
    let path = args
        .flags
        .config
        .clone()
        .unwrap_or_else(|| PathBuf::from(config::FILE));
    // A file that was named may still be to be made.
    let exists = path.try_exists().unwrap_or(false);
    let flags = Flags {
        config: exists.then(|| path.clone()),
        ..args.flags
    };
    let (_, file) = config::read_file(flags.config.as_deref())?;
    let settings = Settings::load(&flags)?;
    let asking = match &args.answers {
        Some(answers) => Answers::read(answers)?,
        None => Answers::Asked(Terminal::of_process()),
    };
    let files = settings.slack.clone();
    let mut setup = Setup {
        asking,
        path,
        file,
        settings,
        files,
        slack: Vec::new(),
        policy: Vec::new(),
    };
    if exists {
        setup.asking.say(&format!(
            "{} is there; what it says is kept.",
            setup.path.display()
        ));
    }
    let signed_in = setup.sign_in().await?;
    setup.ask_policy(&signed_in).await?;
    setup.write()?;
    setup.conclude(flags).await
}

impl Setup {
    /// Asks for both secrets until Slack takes them.
    async fn sign_in(&mut self) -> anyhow::Result<SignedIn> {
        let (client, identity) = self.bot_token().await?;
        self.asking.say(&format!(
            "✓ Slack knows the bot: {} ({}), as @{}.",
            identity.team,
            identity.workspace.as_str(),
            identity.bot
        ));
        let scopes = doctor::scopes_of(&identity);
        if scopes.is_bad() {
            self.asking.say(&scopes.line());
        }
        self.door().await?;
        Ok(SignedIn { client, identity })
    }

    async fn bot_token(&mut self) -> anyhow::Result<(SlackClient, Identity)> {
        let known = config::bot_token(&self.files);
        let is_known = known.is_ok();
        let mut why = match known {
            Ok(token) => match self.try_token(&token).await {
                Ok(signed_in) => {
                    self.asking.say("The bot's token is kept.");
                    return Ok(signed_in);
                }
                // Another token helps only against a refusal of this one.
                Err(error) if !Self::may_be_replaced("SLACK_BOT_TOKEN") => return Err(error),
                Err(error) => error,
            },
            Err(error) => error,
        };
        if is_known {
            self.asking.say(&format!("✗ {}", super::one_line(&why)));
        }
        loop {
            let question =
                "Bot User OAuth Token (xoxb-…), from your app's page, OAuth & Permissions";
            let Some(answer) = self.asking.secret("bot_token", question)? else {
                return Err(why.context("the bot's token is missing"));
            };
            let token = Secret::new(answer);
            why = match config::token_of_form(&token, "SLACK_BOT_TOKEN") {
                Ok(()) => match self.try_token(&token).await {
                    Ok(signed_in) => {
                        self.keep_secret("bot_token_file", "slack-bot-token", &token)?;
                        return Ok(signed_in);
                    }
                    Err(error) => error,
                },
                Err(error) => error,
            };
            self.asking.say(&format!("✗ {}", super::one_line(&why)));
        }
    }

    async fn try_token(&self, token: &Secret) -> anyhow::Result<(SlackClient, Identity)> {
        let config = doctor::config_of(&self.settings, token, None);
        let client = serve::client(&config)?;
        let identity = serve::sign_in(&client, &config).await?;
        Ok((client, identity))
    }

    /// Whether a secret stands nowhere or in a file of ours: the environment is its
    /// owner's affair.
    fn may_be_replaced(name: &str) -> bool {
        std::env::var_os(name).is_none() && std::env::var_os(format!("{name}_FILE")).is_none()
    }

    async fn door(&mut self) -> anyhow::Result<()> {
        let mut why = match Door::load(&self.files) {
            Ok(door) => match self.try_door(door).await {
                Ok(()) => {
                    self.asking.say("The door for Slack is kept.");
                    return Ok(());
                }
                Err(error) if !Self::may_be_replaced("SLACK_APP_TOKEN") => return Err(error),
                Err(error) => {
                    self.asking.say(&format!("✗ {}", super::one_line(&error)));
                    error
                }
            },
            Err(error) => error,
        };
        loop {
            let question = "App-Level Token (xapp-…) with connections:write, from Basic Information; empty, if Slack reaches this bot by HTTP";
            let Some(answer) = self.asking.secret("app_token", question)? else {
                break;
            };
            let app_token = Secret::new(answer);
            why = match config::token_of_form(&app_token, "SLACK_APP_TOKEN") {
                Ok(()) => {
                    let door = Door::Socket {
                        app_token: app_token.clone(),
                    };
                    match self.try_door(door).await {
                        Ok(()) => {
                            self.asking.say("✓ Slack opens a connection.");
                            return self.keep_secret(
                                "app_token_file",
                                "slack-app-token",
                                &app_token,
                            );
                        }
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            self.asking.say(&format!("✗ {}", super::one_line(&why)));
        }
        let question = "Signing Secret, from Basic Information";
        let Some(answer) = self.asking.secret("signing_secret", question)? else {
            return Err(why.context("the door for Slack is missing"));
        };
        self.keep_secret(
            "signing_secret_file",
            "slack-signing-secret",
            &Secret::new(answer),
        )?;
        self.asking.say(
            "Paste what `breakglass manifest --url https://YOUR.HOST` prints on your app's page, App Manifest.",
        );
        Ok(())
    }

    /// Whether Slack opens a connection. A signing secret shows itself at the first
    /// delivery.
    async fn try_door(&self, door: Door) -> anyhow::Result<()> {
        if matches!(door, Door::Http { .. }) {
            return Ok(());
        }
        let token = Secret::new("xoxb-none");
        let client = serve::client(&doctor::config_of(&self.settings, &token, Some(door)))?;
        let opened = survey::socket(&client).await;
        let finding = doctor::socket(opened);
        if finding.is_bad() {
            bail!("{}", finding.in_words());
        }
        Ok(())
    }

    /// Keeps a secret in a file of its own beside the configuration.
    fn keep_secret(
        &mut self,
        key: &'static str,
        name: &str,
        secret: &Secret,
    ) -> anyhow::Result<()> {
        let named = match key {
            "bot_token_file" => &mut self.files.bot_token,
            "app_token_file" => &mut self.files.app_token,
            _ => &mut self.files.signing_secret,
        };
        let path = if let Some(path) = named {
            path.clone()
        } else {
            let folder = self.path.parent().unwrap_or(Path::new(""));
            let path = std::path::absolute(folder.join(name))
                .with_context(|| format!("{name} can't be placed"))?;
            self.slack.push((key, path.display().to_string()));
            *named = Some(path.clone());
            path
        };
        file::write_secret(&path, secret)?;
        self.asking.say(&format!("✓ Kept in {}.", path.display()));
        Ok(())
    }

    fn write(&mut self) -> anyhow::Result<()> {
        if self.slack.is_empty() && self.policy.is_empty() {
            self.asking
                .say("Nothing is missing, and nothing was written.");
            return Ok(());
        }
        let before = match std::fs::read_to_string(&self.path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("{} can't be read", self.path.display()));
            }
        };
        let after = file::with(before.as_deref(), &self.slack, &self.policy)?;
        file::write(&self.path, before.as_deref(), &after)?;
        self.asking
            .say(&format!("✓ Written: {}", self.path.display()));
        Ok(())
    }

    /// Says what `doctor` would, of what stands there now.
    async fn conclude(&mut self, flags: Flags) -> anyhow::Result<()> {
        let flags = Flags {
            config: Some(self.path.clone()).filter(|path| path.exists()),
            ..flags
        };
        let findings = doctor::examine(&flags).await;
        for finding in findings.iter().filter(|finding| !finding.is_good()) {
            self.asking.say(&finding.line());
        }
        match findings.iter().filter(|finding| finding.is_bad()).count() {
            0 => {
                self.asking.say("Everything stands. Start the bot with `breakglass serve`, and invite it to your incident channels.");
                Ok(())
            }
            1 => bail!("one thing needs mending; then run `breakglass doctor`"),
            n => bail!("{n} things need mending; then run `breakglass doctor`"),
        }
    }
}
