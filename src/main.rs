//! The command line; nothing else.
#![forbid(unsafe_code)]

use std::process::ExitCode;

/// The store's three readers and one lookup of a name. Tokio would start a thread
/// whenever none is idle at that very moment, dozens in a rush, and each keeps
/// memory of its own.
const BLOCKING: usize = 4;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING)
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(breakglass::cli::run());
            // What a thread still makes nobody waits for any more.
            runtime.shutdown_background();
            code
        }
        Err(error) => {
            eprintln!("breakglass: the system starts no threads: {error}");
            ExitCode::FAILURE
        }
    }
}
