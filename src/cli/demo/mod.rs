//! `breakglass demo`: the bot in a Slack workspace in a box, in one process.
//!
//! The bot is the real one: it signs in, keeps a socket open and writes to a
//! real database. Only Slack is at home.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde_json::json;
use tokio::task::JoinHandle;

use super::manifest::MANIFEST;
use super::serve;
use crate::clock::Clock;
use crate::config::{Config, Door, PolicyFile, Secret, Sources};
use crate::intake::routes::Keys;
use crate::intake::seal::Token;
use crate::sandbox::hand::Hand;
use crate::sandbox::{self, Options, Running};
use crate::slack::client::HTTP_TIMEOUT;
use crate::stop::{self, Stopper};
use crate::store::LARGEST_GROUP;

mod story;
mod transcript;
mod week;

/// What the page shows a newcomer: the story of the README, step by step.
const TOUR: &str = include_str!("tour.json");

/// What `breakglass demo` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct DemoArgs {
    /// The address of the workspace in a box
    #[arg(long, default_value = "127.0.0.1:8417", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Keep what happens in this file; without it, it is thrown away
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// Play the story with the clock moved, print it, and end
    #[arg(long)]
    story: bool,
}

/// Runs until SIGTERM or SIGINT, or until the story is told.
pub async fn run(args: DemoArgs) -> anyhow::Result<()> {
    if args.story {
        return story::tell(args.database).await;
    }
    let signal = super::stop_signal()?;
    let demo = Demo::start(args.listen, None, args.database).await?;
    greet(&demo)?;
    signal.await;
    demo.stop().await
}

fn greet(demo: &Demo) -> anyhow::Result<()> {
    super::say(format_args!(
        "{page}

Breakglass runs there in a Slack workspace in a box; nothing leaves this machine.
Open it in a browser: you are Dana, on call, and a tour shows the way.

  control    {control}   (what the page does, a script can do)
  database   {database}

Or watch the stories play by themselves:  breakglass demo --story

Ctrl-C ends it.",
        page = demo.sandbox.page_url(),
        control = demo.sandbox.control_url(),
        database = demo.database.display(),
    ))
}

/// The sandbox with the bot in it.
struct Demo {
    sandbox: Running,
    hand: Hand,
    bot: JoinHandle<anyhow::Result<()>>,
    stopper: Stopper,
    database: PathBuf,
    // Removes the database when the demo ends, unless it is to be kept.
    thrown_away: Option<ThrownAway>,
}

/// A folder that goes when it is dropped.
struct ThrownAway(PathBuf);

impl Drop for ThrownAway {
    fn drop(&mut self) {
        // What can't be removed is in the system's folder for such things.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Returns an address on this machine at which nobody listens.
fn free_port() -> anyhow::Result<SocketAddr> {
    let any = std::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)));
    let listener = any.context("no port is free on this machine")?;
    Ok(listener.local_addr()?)
}

impl Demo {
    async fn start(
        listen: SocketAddr,
        frozen_at: Option<DateTime<Utc>>,
        database: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let (database, thrown_away) = if let Some(database) = database {
            (database, None)
        } else {
            let folder = std::env::temp_dir().join(format!("breakglass-{}", std::process::id()));
            std::fs::create_dir_all(&folder)
                .with_context(|| format!("{} can't be made", folder.display()))?;
            (folder.join("demo.db"), Some(ThrownAway(folder)))
        };
        let sandbox = sandbox::start(Options {
            listen,
            manifest: MANIFEST.to_owned(),
            frozen_at,
            request_url: None,
            seed: 1,
            tour: Some(TOUR.to_owned()),
        })
        .await?;
        let hand = Hand::on(sandbox.control_url())?;
        let credentials = sandbox.credentials();
        let bot = free_port()?;
        // The build server in the box knows the bot's door and its word.
        let door = json!({
            "url": format!("http://{bot}/hooks/changes"),
            "token": credentials.signing_secret,
        });
        hand.act("webhook/connect", door).await?;
        let config = Config {
            database: database.clone(),
            listen: bot,
            metrics_listen: None,
            slack_api_url: sandbox.slack_api_url(),
            http_timeout: HTTP_TIMEOUT,
            largest_group: LARGEST_GROUP,
            policy: PolicyFile {
                approvers: vec!["S0ENGMGRS1".to_owned()],
                commanders: vec!["S0COMMAND1".to_owned()],
                security: vec!["S0SECURIT1".to_owned()],
                evidence: vec!["U0SAM00001".to_owned()],
                escalation: vec!["U0SAM00001".to_owned()],
                report_channel: Some("C0ENGINEER".to_owned()),
                zone: "Europe/Berlin".to_owned(),
                ..PolicyFile::default()
            },
            door: Door::Socket {
                app_token: Secret::new(&credentials.app_token),
            },
            bot_token: Secret::new(&credentials.bot_token),
            sources: Sources {
                keys: Keys {
                    changes: Some(Token::new(&credentials.signing_secret)?),
                    ..Keys::default()
                },
                ..Sources::default()
            },
            witness_url: None,
            backup: None,
        };
        let clock = Clock::following(&format!("http://{}", sandbox.address())).await?;
        let (stopper, stop) = stop::pair();
        let bot = tokio::spawn(async move { serve::work(&config, clock, stop).await });
        let demo = Self {
            sandbox,
            hand,
            bot,
            stopper,
            database,
            thrown_away,
        };
        demo.hand.settle(0).await.context("the bot did not start")?;
        Ok(demo)
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.stopper.stop();
        self.bot.await.context("the bot ended badly")??;
        self.sandbox.stop().await;
        drop(self.thrown_away);
        Ok(())
    }
}
