//! `breakglass sandbox`: the workspace in a box alone, until it is told to stop.
//! Prints one line of JSON that says where it is and how to sign in; starts nothing else.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::json;

use super::manifest::MANIFEST;
use crate::sandbox::{self, Options};

/// What `breakglass sandbox` takes.
#[derive(Debug, Clone, Args)]
pub struct SandboxArgs {
    /// Where to listen; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The app's manifest [default: the bot's own]
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Stop the clock at this instant, so that it moves only when told
    #[arg(long, value_name = "RFC3339")]
    frozen_at: Option<DateTime<Utc>>,
    /// Deliver over HTTP to URL/events, URL/commands and URL/interactions instead of Socket Mode
    #[arg(long, value_name = "URL")]
    request_url: Option<String>,
    /// Draw tokens and ids from this seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs until SIGTERM or SIGINT.
pub async fn run(args: SandboxArgs) -> anyhow::Result<()> {
    let manifest = match &args.manifest {
        None => MANIFEST.to_owned(),
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("the manifest {} can't be read", file.display()))?,
    };
    // Handlers first: whoever reads the line below may send the signal at once.
    let stopped = super::stop_signal()?;
    let running = sandbox::start(Options {
        listen: args.listen,
        manifest,
        frozen_at: args.frozen_at,
        request_url: args.request_url,
        seed: args.seed,
        tour: None,
    })
    .await?;
    let credentials = running.credentials();
    super::say(json!({
        "listen": running.address(),
        "slack_api_url": running.slack_api_url(),
        "control": running.control_url(),
        "bot_token": credentials.bot_token,
        "app_token": credentials.app_token,
        "signing_secret": credentials.signing_secret,
    }))?;
    stopped.await;
    running.stop().await;
    Ok(())
}
