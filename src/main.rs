//! The command line; nothing else.
#![forbid(unsafe_code)]

use std::io::IsTerminal as _;
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

/// What is logged unless `RUST_LOG` says otherwise. slack-morphism's own debug
/// lines would show the address of the socket with its ticket.
const LOGGED: &str = "info,slack_morphism=warn,tokio_cron_scheduler=warn";

/// The store's three readers and one lookup of a name. Tokio would start a thread
/// whenever none is idle at that very moment, dozens in a rush, and each keeps
/// memory of its own.
const BLOCKING: usize = 4;

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    tracing_subscriber::fmt()
        // A log that is kept in a file is read without a terminal's colours.
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING)
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(breakglass::cli::run()),
        Err(error) => {
            eprintln!("breakglass: the system starts no threads: {error}");
            ExitCode::FAILURE
        }
    }
}
