//! Writes the files of an installation: whole or not at all, and never over what
//! somebody wrote.

use std::fs::{OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::config::{self, Secret};
use crate::unfinished::{put_in_place, with_ending};

/// What only the owner may do with a secret: read and write it.
const PRIVATE: u32 = 0o600;

/// The configuration names people, and holds no secret.
const OPEN: u32 = 0o644;

/// Writes a text as TOML does.
pub(super) fn line(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Writes a list of texts as TOML does.
pub(super) fn list_line(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| line(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// Returns the configuration with more in it. Every line that was there is there still.
pub(super) fn with(
    before: Option<&str>,
    slack: &[(&'static str, String)],
    policy: &[(&'static str, String)],
) -> anyhow::Result<String> {
    let mut text = before.map_or_else(
        || "# Written by `breakglass setup`; `breakglass check-config` explains it.\n".to_owned(),
        str::to_owned,
    );
    let lines = |keys: &[(&'static str, String)], quoted: bool| -> String {
        let lines = keys.iter().map(|(key, value)| {
            if quoted {
                format!("{key} = {}\n", line(value))
            } else {
                format!("{key} = {value}\n")
            }
        });
        lines.collect()
    };
    for (table, added) in [
        ("[slack]", lines(slack, true)),
        ("[policy]", lines(policy, false)),
    ] {
        if !added.is_empty() {
            text = below(&text, table, &added);
        }
    }
    if let Err(faults) = config::File::read(text.as_bytes()) {
        let why = faults
            .first()
            .map_or_else(String::new, |fault| fault.wrong.to_string());
        bail!(
            "the file is written in a way that nothing can be added to ({why}); add this yourself: {}",
            [lines(slack, true), lines(policy, false)]
                .concat()
                .replace('\n', "; ")
        );
    }
    Ok(text)
}

/// Puts lines right below the head of a table, which is made if it isn't there.
fn below(text: &str, table: &str, added: &str) -> String {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        let bare = line.split('#').next().unwrap_or(line).trim();
        if bare == table {
            let (before, after) = text.split_at(at);
            let end = if before.ends_with('\n') { "" } else { "\n" };
            return format!("{before}{end}{added}{after}");
        }
    }
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{text}{end}\n{table}\n{added}")
}

/// Writes the configuration; what stood there is kept beside it.
pub(super) fn write(path: &Path, before: Option<&str>, after: &str) -> anyhow::Result<()> {
    if let Some(before) = before {
        put(&with_ending(path, ".before-setup"), before.as_bytes(), OPEN)?;
    }
    put(path, after.as_bytes(), OPEN)
}

/// Writes a secret, which nobody but its owner may read from the first byte on.
pub(super) fn write_secret(path: &Path, secret: &Secret) -> anyhow::Result<()> {
    put(path, format!("{}\n", secret.reveal()).as_bytes(), PRIVATE)
}

/// Whole or not at all: what was half written stands under another name.
fn put(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let part = with_ending(path, ".part");
    let _there_may_be_none = std::fs::remove_file(&part);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&part)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            // Beside what was said above, the process lets nobody read what it makes.
            file.set_permissions(Permissions::from_mode(mode))?;
            file.sync_all()
        })
        .and_then(|()| put_in_place(&part, path));
    written.with_context(|| {
        format!(
            "{} can't be written; let this user write its folder",
            path.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn more(before: Option<&str>) -> anyhow::Result<String> {
        let slack = [("bot_token_file", "/etc/bg/\"t".to_owned())];
        let policy = [("approvers", list_line(&["U0123ABCD".to_owned()]))];
        with(before, &slack, &policy)
    }

    #[test]
    fn every_line_that_was_there_is_there_still_and_in_its_order() {
        for before in [
            "",
            "database = \"x.db\"",
            "# ours\n[policy] # the rules\nzone = \"Europe/Berlin\" # home\n\n[github]\nrepositories = [\"a/b\"]\n",
            "[slack]\napp_token_file = \"a\"\n[policy]\nzone = \"UTC\"",
        ] {
            let after = more(Some(before)).unwrap();
            let mut lines = after.lines();
            for line in before.lines() {
                assert!(
                    lines.any(|one| one == line),
                    "{line} of {before} in {after}"
                );
            }
            let read = config::File::read(after.as_bytes()).unwrap();
            assert_eq!(read.policy.approvers, ["U0123ABCD"]);
            assert_eq!(read.slack.bot_token, Some(PathBuf::from("/etc/bg/\"t")));
        }
    }

    #[test]
    fn what_cannot_be_added_to_is_left_alone_and_told() {
        let said = more(Some("policy = { zone = \"UTC\" }\n")).unwrap_err();
        assert!(
            said.to_string().contains("approvers = [\"U0123ABCD\"]"),
            "{said}"
        );
    }
}
