//! Reads the file's text and finds every fault in it at once.
//!
//! The one reader: of `breakglass.toml`, and of policies that were adopted. It
//! walks the parsed text instead of deserializing it, because that would end at
//! the first fault.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Wrong};
use super::policy::PolicyFile;
use super::value;
use crate::backup::Nightly;

mod category;
mod keys;
mod policy;
mod syntax;

use keys::Keys;

/// What stands in `breakglass.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    /// The database file.
    pub database: Option<PathBuf>,
    /// The address to listen on.
    pub listen: Option<SocketAddr>,
    /// The address of the figures.
    pub metrics_listen: Option<SocketAddr>,
    /// Where Slack's Web API is.
    pub slack_api_url: Option<String>,
    /// The repositories of GitHub's that are asked for their changes.
    pub github: PolledFile,
    /// The projects of GitLab's that are asked for their changes.
    pub gitlab: PolledFile,
    /// Where copies of the log's checkpoints go.
    pub witness_url: Option<String>,
    /// The files that hold Slack's secrets.
    pub slack: SlackFiles,
    /// Where a backup is kept every night.
    pub backup: Option<Nightly>,
    /// The organisation's rules.
    pub policy: PolicyFile,
}

/// The files that hold Slack's secrets; no secret stands in `breakglass.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlackFiles {
    /// Holds the bot's token.
    pub bot_token: Option<PathBuf>,
    /// Holds the app's token.
    pub app_token: Option<PathBuf>,
    /// Holds the secret with which Slack signs.
    pub signing_secret: Option<PathBuf>,
}

/// A source that is asked for its changes, because it can't send them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolledFile {
    /// What is asked: `owner/name`, or a project's path.
    pub paths: Vec<String>,
    /// Where the source's API is.
    pub api_url: Option<String>,
}

/// How a source that is polled is written.
struct Polled {
    name: &'static str,
    list: &'static str,
    example: &'static str,
    url: &'static str,
    read: fn(&str) -> Result<String, Wrong>,
    keys: fn() -> Keys,
}

const POLLED_GITHUB: Polled = Polled {
    name: "github",
    list: "repositories",
    example: "acme/web",
    url: super::sources::GITHUB_API_URL,
    read: value::repository,
    keys: keys::of_github,
};

const POLLED_GITLAB: Polled = Polled {
    name: "gitlab",
    list: "projects",
    example: "acme/billing",
    url: super::sources::GITLAB_API_URL,
    read: value::project,
    keys: keys::of_gitlab,
};

/// Slack shows at most so many options in a menu, and so many characters of each.
const OPTIONS: usize = 100;
const OPTION: usize = 75;

impl File {
    /// Reads a file's bytes, or says everything that is wrong with them.
    pub fn read(bytes: &[u8]) -> Result<Self, Vec<Fault>> {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let at = error.valid_up_to();
                let sound = String::from_utf8_lossy(bytes.get(..at).unwrap_or_default());
                let wrong =
                    Wrong::new("it isn't UTF-8 text from here on", "save the file as UTF-8");
                return Err(vec![Fault::at(&sound, &(at..at), &wrong, true)]);
            }
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut reading = Reading::of(text, Reader::Check);
        let file = reading.file(table.get_ref());
        reading.finish(syntax::faults(text, table.get_ref(), &errors), file)
    }
}

/// Reads a policy that was adopted: a table without its header.
pub(super) fn adopted(text: &str) -> Result<PolicyFile, Fault> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reading = Reading::of(text, Reader::Adopted);
    let policy = reading.policy(table.get_ref());
    reading
        .finish(syntax::faults(text, table.get_ref(), &errors), policy)
        .map_err(|faults| {
            let none = || Fault::at(text, &(0..0), &Wrong::new("it is torn", ""), true);
            faults.into_iter().next().unwrap_or_else(none)
        })
}

/// For whom a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// For somebody who can mend it.
    Check,
    /// For the record. It was judged by the rules of its day, and nobody can
    /// mend it any more.
    Adopted,
}

/// A fault while the text is read: where it begins and ends, and what it is.
type Found = (Range<usize>, Wrong);

/// A text being read.
struct Reading<'t> {
    text: &'t str,
    reader: Reader,
    found: Vec<Found>,
}

impl<'t> Reading<'t> {
    fn of(text: &'t str, reader: Reader) -> Self {
        Self {
            text,
            reader,
            found: Vec::new(),
        }
    }

    /// Returns what was read, if nothing is wrong with it.
    fn finish<T>(self, syntax: syntax::Torn, read: T) -> Result<T, Vec<Fault>> {
        // What a torn passage seems to say is no fault of its own.
        let mut found: Vec<Found> = self
            .found
            .into_iter()
            .filter(|(span, _)| !syntax.covers(span))
            .collect();
        found.extend(syntax.found);
        if found.is_empty() {
            return Ok(read);
        }
        found.sort_by_key(|(span, _)| span.start);
        Err(found
            .into_iter()
            .map(|(span, wrong)| {
                let hides = !keys::may_be_shown(self.text, span.start);
                Fault::at(self.text, &span, &wrong, hides)
            })
            .collect())
    }

    fn fault(&mut self, span: Range<usize>, what: impl Into<String>, mend: impl Into<String>) {
        self.found.push((span, Wrong::new(what, mend)));
    }

    /// Something that reads and makes no sense.
    fn nonsense(&mut self, span: Range<usize>, wrong: Wrong) {
        match self.reader {
            Reader::Check => self.found.push((span, wrong)),
            Reader::Adopted => {}
        }
    }

    fn keep<T>(&mut self, span: Range<usize>, read: Result<T, Wrong>) -> Option<T> {
        read.map_err(|wrong| self.found.push((span, wrong))).ok()
    }

    fn file(&mut self, table: &DeTable<'_>) -> File {
        let mut file = File::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "database" => file.database = self.database(value),
                "listen" => {
                    file.listen = self.text_as("listen", "127.0.0.1:8417", value, value::address);
                }
                "metrics_listen" => {
                    let example = "127.0.0.1:8418";
                    file.metrics_listen =
                        self.text_as("metrics_listen", example, value, value::address);
                }
                "slack_api_url" => {
                    let example = "https://slack.com/api";
                    file.slack_api_url =
                        self.text_as("slack_api_url", example, value, value::api_url);
                }
                "github" => file.github = self.polled(&POLLED_GITHUB, value),
                "gitlab" => file.gitlab = self.polled(&POLLED_GITLAB, value),
                "evidence" => file.witness_url = self.evidence(value),
                "slack" => file.slack = self.slack(value),
                "backup" => file.backup = self.backup(value),
                "policy" => {
                    if let Some(table) = self.section("policy", value) {
                        file.policy = self.policy(table);
                    }
                }
                other => self.unknown(key.span(), other, &keys::of_file()),
            }
        }
        file
    }

    fn polled(&mut self, source: &Polled, value: &Spanned<DeValue<'_>>) -> PolledFile {
        let mut polled = PolledFile::default();
        let Some(table) = self.section(source.name, value) else {
            return polled;
        };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                name if name == source.list => {
                    polled.paths = self.texts_as(name, source.example, value, source.read);
                    polled.paths.dedup();
                }
                "api_url" => {
                    polled.api_url = self.text_as("api_url", source.url, value, |url| {
                        value::source_url(url, source.url)
                    });
                }
                other => self.unknown(key.span(), other, &(source.keys)()),
            }
        }
        polled
    }

    /// Returns the keys below a line of the file, if it has any.
    fn section<'v, 'd>(
        &mut self,
        name: &str,
        value: &'v Spanned<DeValue<'d>>,
    ) -> Option<&'v DeTable<'d>> {
        self.table(
            name,
            value,
            format!("write its keys below the line `[{name}]`"),
        )
    }

    /// Returns a table, or says what stands in its place.
    fn table<'v, 'd>(
        &mut self,
        name: &str,
        value: &'v Spanned<DeValue<'d>>,
        mend: impl Into<String>,
    ) -> Option<&'v DeTable<'d>> {
        if let DeValue::Table(table) = value.get_ref() {
            return Some(table);
        }
        let what = format!("`{name}` is {}", kind(value.get_ref()));
        self.fault(value.span(), what, mend);
        None
    }

    fn evidence(&mut self, value: &Spanned<DeValue<'_>>) -> Option<String> {
        let table = self.section("evidence", value)?;
        let mut witness_url = None;
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "witness_url" => {
                    let example = "https://auditor.example/checkpoints";
                    witness_url = self.text_as("witness_url", example, value, |url| {
                        value::source_url(url, example)
                    });
                }
                other => self.unknown(key.span(), other, &keys::of_evidence()),
            }
        }
        witness_url
    }

    fn slack(&mut self, value: &Spanned<DeValue<'_>>) -> SlackFiles {
        let mut files = SlackFiles::default();
        let Some(table) = self.section("slack", value) else {
            return files;
        };
        for (key, value) in table {
            let key_name = key.get_ref().as_ref();
            let file = match key_name {
                "bot_token_file" => &mut files.bot_token,
                "app_token_file" => &mut files.app_token,
                "signing_secret_file" => &mut files.signing_secret,
                other => {
                    self.unknown(key.span(), other, &keys::of_slack());
                    continue;
                }
            };
            *file = self.path(key_name, "/etc/breakglass/bot-token", value);
        }
        files
    }

    fn backup(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Nightly> {
        let table = self.section("backup", value)?;
        let mut folder = None;
        let mut keep = Nightly::KEPT;
        let n_found = self.found.len();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "folder" => folder = self.path("folder", "/var/backups/breakglass", value),
                "keep" => keep = self.keep_backups(value).unwrap_or(keep),
                other => self.unknown(key.span(), other, &keys::of_backup()),
            }
        }
        if folder.is_none() && self.found.len() == n_found {
            self.fault(
                value.span(),
                "`[backup]` doesn't say where",
                "write `folder = \"/var/backups/breakglass\"` below it",
            );
        }
        Some(Nightly {
            folder: folder?,
            keep,
        })
    }

    fn keep_backups(&mut self, value: &Spanned<DeValue<'_>>) -> Option<NonZeroUsize> {
        let what = match value.get_ref() {
            DeValue::Integer(n) => match n.as_str().parse() {
                Ok(n) => return Some(n),
                Err(_) => "`keep` keeps no backup".to_owned(),
            },
            other => format!("`keep` is {}, and a number is wanted", kind(other)),
        };
        let mend = format!(
            "write how many are kept, such as `keep = {}`",
            Nightly::KEPT
        );
        self.fault(value.span(), what, mend);
        None
    }

    fn database(&mut self, value: &Spanned<DeValue<'_>>) -> Option<PathBuf> {
        if let DeValue::Array(_) = value.get_ref() {
            self.fault(
                value.span(),
                "`database` is the name of a file here",
                "if you mean those who approve database changes, move the line below `[policy]`",
            );
            return None;
        }
        self.path("database", "breakglass.db", value)
    }

    fn path(&mut self, key: &str, example: &str, value: &Spanned<DeValue<'_>>) -> Option<PathBuf> {
        self.text_as(key, example, value, |path| {
            if path.is_empty() {
                Err(Wrong::new(
                    format!("`{key}` names nothing"),
                    format!("write one such as `{example}`, or leave the key out"),
                ))
            } else {
                Ok(PathBuf::from(path))
            }
        })
    }

    /// Reads what Slack will show in a menu.
    fn option(&mut self, what: &str, words: &str, span: Range<usize>) -> Option<String> {
        let words = words.trim();
        let n = words.chars().count();
        if n == 0 {
            self.fault(span, format!("{what} is empty"), "write it, or take it out");
            None
        } else if n > OPTION {
            self.fault(
                span,
                format!("{what} has {n} characters, and Slack shows {OPTION}"),
                "shorten it",
            );
            None
        } else {
            Some(words.to_owned())
        }
    }

    /// Reads a text.
    fn words<'v>(
        &mut self,
        key: &str,
        example: &str,
        value: &'v Spanned<DeValue<'_>>,
    ) -> Option<&'v str> {
        if let DeValue::String(words) = value.get_ref() {
            return Some(words);
        }
        self.fault(
            value.span(),
            format!("`{key}` is {}, and a text is wanted", kind(value.get_ref())),
            format!("write `{key} = \"{example}\"`"),
        );
        None
    }

    /// Reads a text that means something.
    fn text_as<T>(
        &mut self,
        key: &str,
        example: &str,
        value: &Spanned<DeValue<'_>>,
        read: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let words = self.words(key, example, value)?;
        self.keep(value.span(), read(words))
    }

    /// Reads a list of texts, each with its place.
    fn texts<'v>(
        &mut self,
        key: &str,
        example: &str,
        value: &'v Spanned<DeValue<'_>>,
    ) -> Vec<(&'v str, Range<usize>)> {
        let DeValue::Array(array) = value.get_ref() else {
            let mend = match value.get_ref() {
                DeValue::String(one) => format!("write `{key} = [\"{one}\"]`"),
                _ => format!("write `{key} = [\"{example}\"]`"),
            };
            let what = format!("`{key}` is {}, and a list is wanted", kind(value.get_ref()));
            self.fault(value.span(), what, mend);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for one in array {
            if let DeValue::String(words) = one.get_ref() {
                texts.push((words.as_ref(), one.span()));
            } else {
                self.fault(
                    one.span(),
                    format!("{} stands in `{key}`, a list of texts", kind(one.get_ref())),
                    format!("write texts such as `\"{example}\"`"),
                );
            }
        }
        texts
    }

    fn texts_as<T>(
        &mut self,
        key: &str,
        example: &str,
        value: &Spanned<DeValue<'_>>,
        read: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Vec<T> {
        let texts = self.texts(key, example, value);
        texts
            .into_iter()
            .filter_map(|(words, span)| self.keep(span, read(words)))
            .collect()
    }

    fn unknown(&mut self, span: Range<usize>, key: &str, table: &Keys) {
        self.found.push((span, keys::unknown(key, table)));
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    const WHOLE: &str = include_str!("../../../tests/fixtures/config/whole.toml");

    /// Reads a text; each fault must stand in it and be told once.
    fn read(text: &str) -> Vec<Fault> {
        let faults = File::read(text.as_bytes()).err().unwrap_or_default();
        for (n, fault) in faults.iter().enumerate() {
            let line = text.split('\n').nth(fault.line - 1).unwrap();
            assert!(
                fault.column <= line.chars().count() + 1,
                "{fault:?} in {text}"
            );
            assert!(fault.explained(Path::new("f")).contains('^'));
            assert!(!fault.wrong.what.is_empty() && !fault.wrong.mend.is_empty());
            assert!(!faults[..n].contains(fault), "{fault:?} twice in {text}");
        }
        faults
    }

    #[test]
    fn the_whole_example_is_sound() {
        assert_eq!(read(WHOLE), []);
    }

    #[test]
    fn a_file_cut_off_anywhere_is_read_or_told_why_not() {
        for (at, _) in WHOLE.char_indices() {
            // One tear is one fault, save for what a category then lacks.
            let n = read(&WHOLE[..at])
                .iter()
                .filter(|fault| !fault.wrong.what.contains("this category has no"))
                .count();
            assert!(n <= 2, "{n} faults in {}", &WHOLE[..at]);
        }
    }

    proptest! {
        #[test]
        fn whatever_stands_in_the_file_is_read_or_told_why_not(text in "(?s).{0,200}") {
            read(&text);
        }

        #[test]
        fn a_slip_of_the_pen_is_read_or_told(
            at in 0..WHOLE.len(),
            n_gone in 0..40_usize,
            put in "[\\[\\]{}\"'=,.#\n\\\\a1 -]{0,4}",
        ) {
            let end = (at + n_gone).min(WHOLE.len());
            read(&format!("{}{put}{}", &WHOLE[..at], &WHOLE[end..]));
            // What was adopted is read by the same code.
            let _ = adopted(&format!("{}{put}{}", &WHOLE[..at], &WHOLE[end..]));
        }
    }
}
