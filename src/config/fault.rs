//! A fault in the file: where it stands, what is wrong and how to mend it.
//!
//! Never shows what may be a secret: somebody who takes the file for the place
//! of a token must not find it in a log.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What is wrong with a value, and the mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub mend: String,
}

impl Wrong {
    pub(super) fn new(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            mend: mend.into(),
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.mend)
    }
}

/// A fault at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong, and the mend.
    pub wrong: Wrong,
    /// The line as it may be shown.
    shown: String,
    /// How many characters of it are meant.
    width: usize,
}

impl Fault {
    /// Finds the place of a fault in its text. `hides` is whether the value on
    /// that line may not be shown.
    pub(super) fn at(text: &str, span: &Range<usize>, wrong: &Wrong, hides: bool) -> Self {
        let (line, column) = place(text, span.start);
        let before = text.get(..span.start.min(text.len())).unwrap_or(text);
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        let whole = text.get(begin..).unwrap_or_default();
        let whole = whole.lines().next().unwrap_or_default();
        let mut shown = masked(whole);
        if hides && let Some(at) = shown.find(['=', ':']) {
            let (key, value) = shown.split_at(at + 1);
            let gap = value.len() - value.trim_start().len();
            let gap = value.get(..gap).unwrap_or_default();
            shown = format!("{key}{gap}…");
        }
        let meant = text
            .get(span.start..span.end.min(begin + whole.len()))
            .map_or(0, |meant| meant.chars().count());
        let room = shown.chars().count().saturating_sub(column - 1);
        Self {
            line,
            column,
            wrong: Wrong::new(masked(&wrong.what), masked(&wrong.mend)),
            shown,
            width: meant.min(room).max(1),
        }
    }

    /// The line with its fault under it, and the mend.
    pub fn explained(&self, file: &Path) -> String {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let (shown, column) = window(&self.shown, self.column);
        // A tab stays one, so that the caret stands where the eye looks.
        let indent: String = shown
            .chars()
            .take(column - 1)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .chain(std::iter::repeat(' '))
            .take(column - 1)
            .collect();
        let width = self
            .width
            .min(shown.chars().count().max(column) + 1 - column);
        let carets = "^".repeat(width.max(1));
        format!(
            "{}:{number}:{}: {}\n{margin} |\n{number} | {shown}\n{margin} | {indent}{carets}\n{margin} = {}\n",
            file.display(),
            self.column,
            self.wrong.what,
            self.wrong.mend
        )
    }

    /// The same in one line.
    pub fn line(&self, file: &Path) -> String {
        format!(
            "{}:{}:{}: {}",
            file.display(),
            self.line,
            self.column,
            self.wrong
        )
    }
}

/// Everything that is wrong with a file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.faults.first() else {
            return write!(f, "{} is sound", self.file.display());
        };
        f.write_str(&first.line(&self.file))?;
        match self.faults.len() {
            1 => Ok(()),
            n => write!(
                f,
                "; and {} more: `breakglass check-config {}` explains them all",
                n - 1,
                self.file.display()
            ),
        }
    }
}

impl std::error::Error for Faults {}

/// Returns the line and the column, from 1, of the byte `at` of a text.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (line, column)
}

/// No screen shows more of a line than this at once.
const SHOWN: usize = 100;

/// The part of a long line around a column, and where the column stands in it.
fn window(line: &str, column: usize) -> (String, usize) {
    let n = line.chars().count();
    if n <= SHOWN {
        return (line.to_owned(), column);
    }
    let skipped = column.saturating_sub(SHOWN / 2).min(n - SHOWN);
    let part: String = line.chars().skip(skipped).take(SHOWN).collect();
    let head = if skipped > 0 { "…" } else { "" };
    let tail = if skipped + SHOWN < n { "…" } else { "" };
    let column = column - skipped + head.chars().count();
    (format!("{head}{part}{tail}"), column)
}

/// A secret is at least so long, and has digits as well as letters: Slack's
/// signing secrets have 32, its ids about eleven.
const SECRET: usize = 20;

/// Covers what looks like a token or another secret, character by character, so
/// that columns stay; and what would move the cursor.
fn masked(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '/');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() {
            let shown = if first.is_control() && first != '\t' {
                '�'
            } else {
                first
            };
            out.push(shown);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        if is_secret(word) {
            out.extend(word.chars().map(|_| '•'));
        } else {
            out.push_str(word);
        }
        rest = after;
    }
    out
}

fn is_secret(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    if lower.starts_with("xox") || lower.starts_with("xapp-") {
        return true;
    }
    // Names have hyphens and few digits; a secret's parts are long and mixed.
    word.split(['-', '_', '/']).any(|part| {
        part.len() >= SECRET
            && part.bytes().any(|byte| byte.is_ascii_digit())
            && part.bytes().any(|byte| byte.is_ascii_alphabetic())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_file_counts_from_one_and_in_characters() {
        assert_eq!(place("", 0), (1, 1));
        assert_eq!(place("ab\ncd", 4), (2, 2));
        assert_eq!(place("ä = \"ö\"", 5), (1, 5));
        assert_eq!(place("a", 99), (1, 2));
    }

    #[test]
    fn what_looks_like_a_secret_is_covered_and_keeps_its_width() {
        for secret in [
            "xoxb-1-abc",
            "xapp-1-A0-1-ff",
            "8f742231b10e8888abcd99000fff85a5",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        ] {
            let line = format!("a = \"{secret}\" # b");
            let shown = masked(&line);
            assert_eq!(shown.chars().count(), line.chars().count());
            assert!(
                !shown.contains(secret) && shown.ends_with("\" # b"),
                "{shown}"
            );
        }
        for name in [
            "S0123ABCD99",
            "inc-2026-10-auth-outage-postmortem",
            "Europe/Berlin",
        ] {
            assert_eq!(masked(name), name);
        }
        assert_eq!(masked("a\u{1b}[2Jb"), "a�[2Jb");
    }

    #[test]
    fn the_caret_stands_under_what_is_meant() {
        let text = "[policy]\n\tzone = \"Berlin\"\n";
        let wrong = Wrong::new("a", "b");
        let fault = Fault::at(text, &(17..25), &wrong, false);
        assert_eq!(
            fault.explained(Path::new("f")),
            "f:2:9: a\n  |\n2 | \tzone = \"Berlin\"\n  | \t       ^^^^^^^^\n  = b\n"
        );
        let hidden = Fault::at("pass = hunter2 # ah", &(7..14), &wrong, true);
        let said = hidden.explained(Path::new("f"));
        assert!(
            said.contains("pass = …\n") && !said.contains("hunter2"),
            "{said}"
        );
        assert!(said.contains("\n  |        ^\n"), "{said}");
    }

    #[test]
    fn a_line_that_goes_on_for_ever_is_shown_around_its_fault() {
        let text = format!(
            "emoji = [{}\"thumbs up\", {}]",
            "\"a\", ".repeat(60),
            "\"b\", ".repeat(60)
        );
        let at = text.find("\"thumbs").unwrap();
        let fault = Fault::at(&text, &(at..at + 11), &Wrong::new("a", "b"), false);
        let said = fault.explained(Path::new("f"));
        let lines: Vec<_> = said.lines().collect();
        let caret = lines[3].chars().position(|c| c == '^').unwrap();
        let under: String = lines[2].chars().skip(caret).take(11).collect();
        assert_eq!(under, "\"thumbs up\"");
        assert!(lines[2].chars().count() < 120);
    }
}
