//! What the program logs: to standard error, as lines for people or for programs.
//!
//! No room logs what a person wrote, nor a token; a test plays a story and looks.

use std::io::IsTerminal as _;

use clap::ValueEnum;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

use crate::metrics::CountsErrors;

/// What is logged unless `RUST_LOG` says otherwise. slack-morphism's own debug
/// lines would show the address of the socket with its ticket.
const LOGGED: &str = "info,slack_morphism=warn,tokio_cron_scheduler=warn";

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people
    Text,
    /// One JSON object a line, for programs
    Json,
}

/// Begins to log.
pub fn begin(form: Form) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match form {
        // A log that is kept in a file is read without a terminal's colours.
        Form::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        Form::Json => lines.json().flatten_event(true).boxed(),
    };
    // Errors are counted whatever is written down.
    tracing_subscriber::registry()
        .with(CountsErrors)
        .with(lines.with_filter(filter))
        .init();
}
