//! `breakglass verify`: whether the record is what it was.
//!
//! Only reads: takes no lock, leaves no trace, and may be run beside a running bot or
//! on a copy that somebody else keeps. Needs no token and no configuration.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};

use super::say;
use crate::domain::id::WorkspaceId;
use crate::domain::rate::so_many;
use crate::evidence::checkpoint::root_in_words;
use crate::evidence::note::VerifierKey;
use crate::evidence::verify::{self, Ask, Flaw, Given, PackAsk, Reach, Verdict};
use crate::store;

/// What `breakglass verify` takes.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// The pack to verify, as it came or unpacked
    #[arg(value_name = "PACK.zip", conflicts_with = "deep")]
    pack: Option<PathBuf>,
    /// The database to verify instead
    #[arg(
        long,
        env = "BREAKGLASS_DATABASE",
        value_name = "FILE",
        required_unless_present = "pack"
    )]
    database: Option<PathBuf>,
    /// Rebuild everything that is shown from the log, and compare
    #[arg(long)]
    deep: bool,
    /// The key that the log has to be signed by, as `doctor` prints it, or a file with it
    #[arg(long, value_name = "KEY|FILE")]
    key: Option<String>,
    /// A checkpoint that somebody else kept: the file from the report's thread, or a file
    /// with the line from below a message. May be given more than once
    #[arg(long, value_name = "FILE")]
    witness: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Verifies, prints the verdict, and fails if anything is wrong.
pub fn run(args: &VerifyArgs) -> anyhow::Result<()> {
    let key = args.key.as_deref().map(key).transpose()?;
    let witnesses = args
        .witness
        .iter()
        .map(|path| given(path))
        .collect::<anyhow::Result<Vec<_>>>()?;
    if let Some(path) = &args.pack {
        return pack(path, key.as_ref(), &witnesses, args.json);
    }
    let Some(database) = &args.database else {
        bail!("name a pack, or a database with --database");
    };
    let ask = Ask {
        key: key.as_ref(),
        witnesses: &witnesses,
        is_deep: args.deep,
    };
    let mut verdicts = Vec::new();
    for workspace in logs(database)? {
        let verdict = store::look(database, Some(&workspace), |moment| {
            Ok(verify::database(moment, &ask))
        })?;
        verdicts.push(verdict);
    }
    let holds = verdicts.iter().all(Verdict::holds);
    if args.json {
        let logs: Vec<Value> = verdicts.iter().map(as_json).collect();
        say(json!({"holds": holds, "logs": logs}))?;
    } else {
        for verdict in &verdicts {
            say(in_words(verdict))?;
        }
    }
    if holds {
        Ok(())
    } else {
        bail!("the record doesn't hold; keep the file as it is")
    }
}

/// Verifies a pack, and says what the verifier in it says.
fn pack(
    path: &Path,
    key: Option<&VerifierKey>,
    witnesses: &[Given],
    is_json: bool,
) -> anyhow::Result<()> {
    let found = verify::pack(path, &PackAsk { key, witnesses });
    if is_json {
        let said = match &found {
            Ok(sound) => json!({
                "holds": true,
                "fault": null,
                "files": sound.n_files,
                "samples": sound.n_samples,
                "records_in_full": sound.n_leaves,
                "records": sound.size,
                "root": root_in_words(&sound.root),
                "key": sound.key.to_string(),
                "key_expected": key.is_some(),
                "witnessed": !witnesses.is_empty(),
                "made_again": sound.is_made_again,
                "witnessed_up_to": sound.witnessed,
                "keys_replaced_as_lost": sound.lost,
                "texts_gone_unconfirmed": sound.n_gone,
            }),
            Err(flaw) => json!({
                "holds": false,
                "fault": {"sort": flaw.sort(), "said": flaw.to_string()},
            }),
        };
        say(said)?;
    } else {
        match &found {
            Ok(sound) => say(sound.in_words(key.is_some()))?,
            Err(flaw) => say(flaw)?,
        }
    }
    match found {
        Ok(_) => Ok(()),
        // Nothing was found to be wrong with a pack: there was none to look at.
        Err(Flaw::NoPack { .. }) => {
            let shown = path.display();
            if let Err(error) = std::fs::metadata(path) {
                return Err(error).with_context(|| format!("{shown} can't be read"));
            }
            bail!(
                "{shown} can't be opened as a zip: it is no pack, or damaged; nothing was verified"
            )
        }
        Err(_) => bail!("the pack doesn't hold; keep the file as it is"),
    }
}

/// The logs of a file: one a workspace.
fn logs(database: &Path) -> anyhow::Result<Vec<WorkspaceId>> {
    let logs = store::workspaces(database)?;
    if logs.is_empty() {
        let shown = database.display();
        if database.exists() {
            bail!("{shown} holds no log: nobody has signed in with it yet");
        }
        bail!("there is no {shown}");
    }
    Ok(logs)
}

fn key(named: &str) -> anyhow::Result<VerifierKey> {
    if let Ok(key) = named.parse() {
        return Ok(key);
    }
    let text = std::fs::read_to_string(named)
        .with_context(|| format!("--key is no key, and no file that can be read: {named}"))?;
    verify::read_key(&text).with_context(|| format!("{named} holds no key"))
}

fn given(path: &Path) -> anyhow::Result<Given> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("{shown} can't be read"))?;
    verify::read_witness(&text).with_context(|| format!("{shown} is no witness"))
}

/// The verdict as it is printed.
fn in_words(verdict: &Verdict) -> String {
    let mut lines = Vec::new();
    let workspace = &verdict.workspace;
    if let Some(fault) = &verdict.fault {
        lines.push(format!("✗ {workspace}: {fault}"));
        let held = [verdict.signed, verdict.witnessed];
        if let Some(reach) = held.into_iter().flatten().max_by_key(|reach| reach.size) {
            lines.push(format!(
                "  Up to record {} the log fits what was signed{}.",
                reach.size.saturating_sub(1),
                at(reach)
            ));
        }
    } else {
        lines.push(format!(
            "✓ {workspace}: all {} records are there, in order and unaltered",
            verdict.n_records
        ));
        if let Some(reach) = verdict.signed {
            lines.push(format!(
                "  {}; the newest is over {}{}.",
                so_many(
                    verdict.n_checkpoints,
                    "checkpoint holds",
                    "checkpoints hold"
                ),
                so_many(reach.size, "record", "records"),
                at(reach)
            ));
        }
        if let Some(reach) = verdict.witnessed {
            lines.push(format!(
                "  It is the log that was witnessed when it had {} records{}.",
                reach.size,
                at(reach)
            ));
        }
        if verdict.is_deep {
            lines.push("  All that is shown of the changes is what the log says.".to_owned());
        }
        if let Some(key) = &verdict.key {
            let expected = if verdict.is_pinned {
                ", as expected"
            } else {
                ""
            };
            lines.push(format!("  Signed by {key}{expected}."));
        }
    }
    lines.push("  What this can't say:".to_owned());
    lines.extend(verdict.limits().iter().map(|one| format!("  · {one}")));
    lines.join("\n")
}

fn at(reach: Reach) -> String {
    reach.at.map_or_else(String::new, |at| {
        format!(", made {}", at.format("%Y-%m-%d %H:%M UTC"))
    })
}

fn as_json(verdict: &Verdict) -> Value {
    let reach = |reach: Option<Reach>| {
        reach.map(|reach| {
            json!({
                "records": reach.size,
                "at": reach.at.map(|at| at.to_rfc3339()),
            })
        })
    };
    let fault = verdict.fault.as_ref().map(|fault| {
        let record = fault.record().map(|whose| {
            json!({
                "seq": whose.seq,
                "type": whose.kind,
                "at": whose.at.map(|at| at.to_rfc3339()),
                "change": whose.change.map(|change| change.to_string()),
            })
        });
        json!({
            "sort": fault.sort(),
            "said": fault.to_string(),
            "record": record,
        })
    });
    json!({
        "workspace": verdict.workspace,
        "holds": verdict.holds(),
        "fault": fault,
        "records": verdict.n_records,
        "checkpoints": verdict.n_checkpoints,
        "signed": reach(verdict.signed),
        "witnessed": reach(verdict.witnessed),
        "key": verdict.key,
        "key_expected": verdict.is_pinned,
        "deep": verdict.is_deep,
        "limits": verdict.limits(),
    })
}
