//! `breakglass doctor`: what is wrong with the installation, and the mend.

use crate::config::Flags;

/// What `breakglass doctor` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    flags: Flags,
}

/// Checks, prints, and fails if anything needs mending.
pub async fn run(args: DoctorArgs) -> anyhow::Result<()> {
    anyhow::bail!("{args:?}")
}
