//! `breakglass key`: puts a new key in the place of the one that signs the log.

use anyhow::bail;
use clap::{Args, Subcommand};

use super::say;
use crate::clock::Clock;
use crate::config::{Flags, Settings};
use crate::evidence::seal::Seal;
use crate::store::{self, Store};

/// What `breakglass key` takes.
#[derive(Debug, Clone, Args)]
pub struct KeyArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Put a new key in the place of the one that signs the log, which signs that it
    /// does; the bot has to be stopped
    Rotate(RotateArgs),
}

#[derive(Debug, Clone, Args)]
struct RotateArgs {
    #[command(flatten)]
    flags: Flags,
    /// The key is lost and can't sign its successor: put that on record instead
    #[arg(long)]
    lost: bool,
}

/// Rotates the key, and prints the new one.
pub async fn run(args: KeyArgs) -> anyhow::Result<()> {
    let What::Rotate(RotateArgs { flags, lost }) = args.what;
    let settings = Settings::load(&flags)?;
    let path = &settings.database;
    let workspaces = store::workspaces(path)?;
    let [workspace] = workspaces.as_slice() else {
        bail!(
            "{} holds the logs of {} workspaces, and one is needed",
            path.display(),
            workspaces.len()
        );
    };
    let options = super::options(path, settings.backup.as_ref());
    let store = Store::open(&options, workspace.clone())?;
    let to_address = settings.witness_url.is_some();
    let now = Clock::system().now();
    let rotated = Seal::rotate(&store, path, lost, to_address, now).await;
    store.close().await;
    let rotated = rotated?;
    say(format_args!(
        "before: {}\nnow:    {}\n        SHA-256 {}\nTell whoever verifies the log. {}",
        rotated.from,
        rotated.to,
        rotated.to.fingerprint(),
        if lost {
            "The record says that the key before was lost, and that nobody signed this one."
        } else {
            "The record holds the hand-over, signed by the key before."
        }
    ))
}
