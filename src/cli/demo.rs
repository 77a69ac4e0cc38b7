//! `breakglass demo`: the bot in a Slack workspace in a box, in one process.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::clock::Clock;
use crate::config::{Config, Door, PolicyFile, Secret};
use crate::sandbox::{self, Options, Running};
use crate::slack::client::HTTP_TIMEOUT;
use crate::stop;

/// The app as the sandbox installs it: the manifest that ships with the bot.
const MANIFEST: &str = include_str!("../../manifest.yml");

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
    anyhow::bail!("not wired: {args:?} {MANIFEST}")
}
