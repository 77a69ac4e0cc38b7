//! Reads the project's own sources as a row of tokens, so that a rule about
//! them isn't fooled by a comment, a string or a line break.

use std::fs;
use std::path::Path;

/// A file of the project and what it consists of.
pub(crate) struct Source {
    /// Its path from the top of the project, with `/` between the parts.
    pub(crate) path: String,
    /// Its tokens, in order, without comments.
    pub(crate) tokens: Vec<Token>,
}

/// A word, a mark or a string of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// The word or mark; of a string, what stands between its quotation marks.
    pub(crate) text: String,
    /// On which line.
    pub(crate) line: usize,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier, a keyword or a number.
    Word,
    /// `::`, or one character that is no word.
    Mark,
    /// A string literal.
    Text,
}

impl Source {
    /// Reads a Rust file's content.
    pub(crate) fn rust(path: &str, content: &str) -> Self {
        Self {
            path: path.to_owned(),
            tokens: tokens(content),
        }
    }

    /// Returns the lines on which the words and marks of `pattern` follow upon one
    /// another, such as `Utc :: now`.
    pub(crate) fn lines_with(&self, pattern: &str) -> Vec<usize> {
        let pattern: Vec<&str> = pattern.split(' ').collect();
        self.tokens
            .windows(pattern.len())
            .filter(|window| {
                window
                    .iter()
                    .zip(&pattern)
                    .all(|(token, wanted)| token.kind != Kind::Text && token.text == *wanted)
            })
            .map(|window| window[0].line)
            .collect()
    }

    /// Returns its string literals.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Token> {
        self.tokens.iter().filter(|token| token.kind == Kind::Text)
    }

    /// Returns itself without what is compiled for tests only.
    pub(crate) fn without_tests(&self) -> Self {
        let gate = ["#", "[", "cfg", "(", "test", ")", "]"];
        let mut tokens = Vec::new();
        let mut rest = &self.tokens[..];
        while let Some(token) = rest.first() {
            let is_gate = rest.len() >= gate.len()
                && rest
                    .iter()
                    .zip(gate)
                    .all(|(token, wanted)| token.text == wanted);
            if is_gate {
                rest = after_item(&rest[gate.len()..]);
            } else {
                tokens.push(token.clone());
                rest = &rest[1..];
            }
        }
        Self {
            path: self.path.clone(),
            tokens,
        }
    }

    /// Returns the modules that it declares for tests only, in files of their own.
    pub(crate) fn test_modules(&self) -> Vec<String> {
        let gate = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
        self.tokens
            .windows(gate.len() + 2)
            .filter(|window| {
                window
                    .iter()
                    .zip(gate)
                    .all(|(token, wanted)| token.text == wanted)
            })
            .filter(|window| window[gate.len() + 1].text == ";")
            .map(|window| window[gate.len()].text.clone())
            .collect()
    }
}

/// Skips one item: up to its `;` or its closing brace.
fn after_item(tokens: &[Token]) -> &[Token] {
    let mut depth = 0_usize;
    for (n, token) in tokens.iter().enumerate() {
        match (token.kind, token.text.as_str()) {
            (Kind::Mark, "{") => depth += 1,
            (Kind::Mark, "}") if depth <= 1 => return &tokens[n + 1..],
            (Kind::Mark, "}") => depth -= 1,
            (Kind::Mark, ";") if depth == 0 => return &tokens[n + 1..],
            _ => {}
        }
    }
    &[]
}

/// Splits Rust into tokens.
fn tokens(content: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = content;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (kind, text, length) = if rest.starts_with("//") {
            (None, "", rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (None, "", block_comment(rest))
        } else if first.is_whitespace() {
            (None, "", first.len_utf8())
        } else if let Some((text, length)) = string(rest) {
            (Some(Kind::Text), text, length)
        } else if let Some(length) = character(rest) {
            (None, "", length)
        } else if first.is_alphanumeric() || first == '_' {
            let length = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            (Some(Kind::Word), &rest[..length], length)
        } else if rest.starts_with("::") {
            (Some(Kind::Mark), "::", 2)
        } else {
            let length = first.len_utf8();
            (Some(Kind::Mark), &rest[..length], length)
        };
        tokens.extend(kind.map(|kind| Token {
            kind,
            text: text.to_owned(),
            line,
        }));
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// Returns the length of a block comment; they nest.
fn block_comment(from: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < from.len() {
        if from[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if from[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += from[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    from.len()
}

/// Returns a string literal's content and its whole length.
fn string(from: &str) -> Option<(&str, usize)> {
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        from.strip_prefix(prefix)
            .is_some_and(|rest| rest.trim_start_matches('#').starts_with('"'))
    })?;
    let after = &from[prefix.len()..];
    let n_hashes = after.len() - after.trim_start_matches('#').len();
    let is_raw = prefix.ends_with('r');
    if n_hashes > 0 && !is_raw {
        return None;
    }
    let start = prefix.len() + n_hashes + 1;
    let body = &from[start..];
    if is_raw {
        let closing = format!("\"{}", "#".repeat(n_hashes));
        let length = body.find(&closing)?;
        return Some((&body[..length], start + length + closing.len()));
    }
    let mut is_escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return Some((&body[..at], start + at + 1)),
            _ => {}
        }
    }
    None
}

/// Returns the length of a character literal; a lifetime is none.
fn character(from: &str) -> Option<usize> {
    let body = from.strip_prefix('\'')?;
    if let Some(escape) = body.strip_prefix('\\') {
        let kind = escape.chars().next()?;
        return Some(2 + kind.len_utf8() + escape[kind.len_utf8()..].find('\'')? + 1);
    }
    let c = body.chars().next()?;
    body[c.len_utf8()..]
        .starts_with('\'')
        .then_some(1 + c.len_utf8() + 1)
}

/// Reads a file of the project; a file that isn't there is nothing.
pub(crate) fn file(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// Reads all files below a folder of the project that end in `ending`, in order
/// of their paths.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder)) else {
            continue;
        };
        for entry in entries {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.ends_with(ending) {
                let content = fs::read_to_string(entry.path()).unwrap();
                found.push((path, content));
            }
        }
    }
    found.sort();
    found
}

/// Reads the sources of the bot.
pub(crate) fn sources() -> Vec<Source> {
    let sources: Vec<_> = files("src", ".rs")
        .iter()
        .map(|(path, content)| Source::rust(path, content))
        .collect();
    assert!(!sources.is_empty(), "there are sources");
    sources
}

#[test]
fn comments_strings_and_characters_are_told_from_code() {
    let source = Source::rust(
        "a.rs",
        "//! Utc::now\nfn a<'a>() { /* x /* y */ z */ \"a \\\" b\"; r#\"c \" d\"#; '\"'; '\\''; Utc\n  ::now() }",
    );
    assert_eq!(source.lines_with("Utc :: now"), [2]);
    let texts: Vec<_> = source.texts().map(|token| token.text.as_str()).collect();
    assert_eq!(texts, ["a \\\" b", "c \" d"]);
    for gone in ["x", "y", "z"] {
        assert!(source.lines_with(gone).is_empty(), "{gone}");
    }
}

#[test]
fn what_is_for_tests_only_can_be_left_out() {
    let source = Source::rust(
        "a.rs",
        "mod a;\n#[cfg(test)]\nmod given;\n#[cfg(test)]\nmod tests { fn b() { {} } }\nfn c() {}",
    );
    assert_eq!(source.test_modules(), ["given"]);
    let rest = source.without_tests();
    assert!(rest.lines_with("b").is_empty());
    assert!(rest.lines_with("given").is_empty());
    assert_eq!(rest.lines_with("fn c"), [6]);
}
