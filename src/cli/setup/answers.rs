//! Where the answers come from: a person, or a file for whoever can't be asked.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::terminal::Terminal;

/// What an answers file may answer.
const KEYS: [&str; 9] = [
    "bot_token",
    "app_token",
    "signing_secret",
    "approvers",
    "commanders",
    "escalation",
    "report_channel",
    "incident_channels",
    "zone",
];

/// See the module.
#[derive(Debug)]
pub(super) enum Answers {
    /// Somebody is asked.
    Asked(Terminal),
    /// They stand in a file; each is given once.
    Written(Written),
}

/// The answers of a file; they don't show themselves, for secrets are among them.
pub(super) struct Written(BTreeMap<String, String>);

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Written(…)")
    }
}

impl Answers {
    /// Reads a file of answers.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{} can't be read", path.display()))?;
        let mut answers = BTreeMap::new();
        for (n, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let place = || format!("{}:{}", path.display(), n + 1);
            // The line isn't shown: it may be a secret.
            let Some((key, value)) = line.split_once('=') else {
                bail!("{}: write `key = value`", place());
            };
            let key = key.trim();
            if !KEYS.contains(&key) {
                bail!("{}: write one of {}", place(), KEYS.join(", "));
            }
            let value = value.trim().trim_matches('"');
            if !value.is_empty() {
                answers.insert(key.to_owned(), value.to_owned());
            }
        }
        Ok(Self::Written(Written(answers)))
    }

    pub(super) fn say(&mut self, line: &str) {
        match self {
            Self::Asked(terminal) => terminal.say(line),
            Self::Written(_) => eprintln!("{line}"),
        }
    }

    /// Returns an answer that may show.
    pub(super) fn open(&mut self, key: &str, question: &str) -> anyhow::Result<Option<String>> {
        self.answer(key, question, false)
    }

    /// Returns an answer that must not.
    pub(super) fn secret(&mut self, key: &str, question: &str) -> anyhow::Result<Option<String>> {
        self.answer(key, question, true)
    }

    fn answer(
        &mut self,
        key: &str,
        question: &str,
        is_secret: bool,
    ) -> anyhow::Result<Option<String>> {
        match self {
            Self::Asked(terminal) => terminal
                .ask(question, is_secret)
                .context("the terminal can't be read"),
            Self::Written(Written(answers)) => Ok(answers.remove(key)),
        }
    }
}
