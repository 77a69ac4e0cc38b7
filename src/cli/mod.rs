//! The command line: one file a subcommand.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};
use rustix::fs::Mode;

use crate::backup::Nightly;
use crate::store::Options;

pub mod backup;
pub mod check_config;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod evidence;
pub mod export;
pub mod fields;
pub mod import;
pub mod key;
pub mod log;
pub mod manifest;
pub mod rate;
pub mod rehearse;
pub mod restore;
pub mod sandbox;
pub mod serve;
pub mod setup;
pub mod verify;

/// Emergency changes on the record: authorized in the incident, documented in a
/// day, counted every week, proved at the audit.
#[derive(Debug, Parser)]
#[command(name = "breakglass", version, about)]
struct Arguments {
    /// How the log is written
    #[arg(
        long,
        global = true,
        env = "BREAKGLASS_LOG",
        value_enum,
        value_name = "FORM",
        default_value_t = log::Form::Text
    )]
    log: log::Form,
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Play with the bot in a Slack workspace in a box; no Slack account needed
    Demo(demo::DemoArgs),
    /// Ask for what the bot needs, check it, and write the configuration
    Setup(setup::SetupArgs),
    /// Print the app's manifest, to paste on Slack's page
    Manifest(manifest::ManifestArgs),
    /// Run the bot
    Serve(serve::ServeArgs),
    /// Read the configuration and explain every fault in it; needs no token
    CheckConfig(check_config::CheckConfigArgs),
    /// Print the ticket's fields, with the demands of the frameworks that each answers
    Fields(fields::FieldsArgs),
    /// Check the configuration, the token, the scopes, the channels and the database
    Doctor(doctor::DoctorArgs),
    /// Take in a list of changes for the rate, with or without the bot running
    Import(import::ImportArgs),
    /// Count which share of all changes were emergencies, as the weekly report does
    Rate(rate::RateArgs),
    /// Make the pack that an auditor asks for, or answer an auditor's question; words of
    /// private channels are in it, too
    Evidence(evidence::EvidenceArgs),
    /// Check that the record is what it was, and name the first thing that isn't
    Verify(verify::VerifyArgs),
    /// Put a new key in the place of the one that signs the log
    Key(key::KeyArgs),
    /// Make a checked copy of the database, beside the bot or without it
    Backup(backup::BackupArgs),
    /// Write everything into a folder, in forms that anybody can read
    Export(export::ExportArgs),
    /// Check a backup and put it in place, or only try that
    Restore(restore::RestoreArgs),
    /// Try the quiet offer on conversations of your own channels
    Rehearse(rehearse::RehearseArgs),
    /// Run the Slack workspace in a box alone
    Sandbox(sandbox::SandboxArgs),
    /// Print what a shell needs to complete these commands
    Completions(completions::CompletionsArgs),
}

/// Runs what the command line asks. Exit codes: 0 done; 1 it failed, with one
/// line why; 2 usage.
pub async fn run() -> ExitCode {
    let arguments = Arguments::parse();
    // The database holds what people said in private channels.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    log::begin(arguments.log);
    let done = match arguments.command {
        Subcommands::Demo(args) => demo::run(args).await,
        Subcommands::Setup(args) => setup::run(args).await,
        Subcommands::Manifest(args) => manifest::run(&args),
        Subcommands::Serve(args) => serve::run(args).await,
        Subcommands::CheckConfig(args) => check_config::run(&args),
        Subcommands::Fields(args) => fields::run(args),
        Subcommands::Doctor(args) => doctor::run(args).await,
        Subcommands::Import(args) => import::run(args).await,
        Subcommands::Rate(args) => rate::run(&args),
        Subcommands::Evidence(args) => evidence::run(args).await,
        Subcommands::Verify(args) => verify::run(&args),
        Subcommands::Key(args) => key::run(args).await,
        Subcommands::Backup(args) => backup::run(&args),
        Subcommands::Export(args) => export::run(args).await,
        Subcommands::Restore(args) => restore::run(&args),
        Subcommands::Rehearse(args) => rehearse::run(args),
        Subcommands::Sandbox(args) => sandbox::run(args).await,
        Subcommands::Completions(args) => completions::run(&args, Arguments::command()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Who has read enough of what was printed may have left this behind, too.
            let _ = writeln!(io::stderr(), "breakglass: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}

/// Prints what a command is for. Whoever reads only the beginning, by `head` or a pager,
/// has read enough.
fn print(what: impl Display) -> anyhow::Result<()> {
    let mut out = io::stdout();
    match write!(out, "{what}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("the answer can't be printed"),
    }
}

/// The same with an end of line.
fn say(line: impl Display) -> anyhow::Result<()> {
    print(format_args!("{line}\n"))
}

/// Joins what went wrong and why into one line. A cause that is already part of
/// what was said isn't said again.
fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let said = cause.to_string();
        if line.is_empty() {
            line = said;
        } else if !line.contains(&said) {
            line.push_str(": ");
            line.push_str(&said);
        }
    }
    line.replace(['\n', '\r'], " ")
}

/// Why a file that was asked for with `--out` isn't made.
fn not_made(out: &Path, error: &std::io::Error) -> anyhow::Error {
    let out = out.display();
    match error.kind() {
        ErrorKind::AlreadyExists => {
            anyhow::anyhow!("{out} is there already; name another file with --out")
        }
        ErrorKind::StorageFull => anyhow::anyhow!(
            "there is no room for {out}: make some, or name another place with --out"
        ),
        _ => anyhow::anyhow!("{out} can't be written: {error}"),
    }
}

/// Makes a folder for its owner alone.
fn make_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

/// How a database is opened for writing whose backups, if it has any, are kept so.
fn options(database: &Path, backup: Option<&Nightly>) -> Options {
    Options {
        backups: backup.map(|nightly| nightly.folder.clone()),
        ..Options::at(database)
    }
}

/// Ends with the first SIGTERM or SIGINT.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
