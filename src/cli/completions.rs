//! `breakglass completions`: what a shell needs to complete our commands.

use clap::Args;
use clap_complete::Shell;

/// What `breakglass completions` takes.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints the shell's own script.
pub fn run(args: &CompletionsArgs, mut command: clap::Command) -> anyhow::Result<()> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    super::print(String::from_utf8(script)?)
}
