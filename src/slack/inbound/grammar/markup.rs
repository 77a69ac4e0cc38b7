//! Reads Slack's markup: what a person typed, and whom it names.
//!
//! Pure, and never wrong in a way that hurts: what isn't understood stays as it
//! is. It asks nobody who a name belongs to.

use std::ops::Range;

use super::Mention;
use crate::domain::id::{GroupId, UserId};

/// A text as it was typed, and where in it somebody is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::slack::inbound) struct Reading {
    /// The text with Slack's escapes undone exactly once.
    pub(in crate::slack::inbound) plain: String,
    /// Who is named in it, in order of appearance.
    pub(in crate::slack::inbound) spots: Vec<Spot>,
}

/// One place of a [`Reading`] that names somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::slack::inbound) struct Spot {
    /// Where in the plain text.
    pub(in crate::slack::inbound) at: Range<usize>,
    /// Who.
    pub(in crate::slack::inbound) who: Mention,
}

/// A word of a [`Reading`]: what stands between white space, a name being whole
/// even where its label has spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Where in the plain text.
    pub(in crate::slack::inbound) at: Range<usize>,
    /// Whether it is a name and nothing else but punctuation after it.
    pub(super) names: bool,
}

/// What one `<…>` of Slack's means.
enum Mark {
    Names(Mention, String),
    Reads(String),
}

impl Reading {
    /// Reads a text as Slack delivers it.
    pub(in crate::slack::inbound) fn of(text: &str) -> Self {
        let mut plain = String::with_capacity(text.len());
        let mut spots = Vec::new();
        let mut closed = Vec::new();
        let mut rest = text;
        while let Some(found) = rest.find(['&', '<']) {
            let (before, from) = rest.split_at(found);
            plain.push_str(before);
            let start = plain.len();
            if let Some((character, after)) = entity(from) {
                plain.push(character);
                rest = after;
            } else if let Some((mark, after)) = bracketed(from) {
                match mark {
                    Mark::Names(who, shown) => {
                        plain.push_str(&shown);
                        spots.push(Spot {
                            at: start..plain.len(),
                            who,
                        });
                    }
                    Mark::Reads(shown) => plain.push_str(&shown),
                }
                closed.push(start..plain.len());
                rest = after;
            } else {
                // A stray `&` or `<` is itself; both are one byte long.
                let (stray, after) = from.split_at(1);
                plain.push_str(stray);
                rest = after;
            }
        }
        plain.push_str(rest);
        closed.extend(quotations(&plain));
        spots.extend(handles(&plain, closed));
        spots.sort_by_key(|spot| spot.at.start);
        Self { plain, spots }
    }

    /// Returns the part of the plain text that `at` covers.
    pub(in crate::slack::inbound) fn part(&self, at: Range<usize>) -> &str {
        self.plain.get(at).unwrap_or_default()
    }

    /// Returns a word as it was typed.
    pub(super) fn text(&self, word: &Word) -> &str {
        self.part(word.at.clone())
    }

    /// Splits the text into words; what can't be seen is no word.
    pub(super) fn words(&self) -> Vec<Word> {
        let mut words = Vec::new();
        let mut begun: Option<usize> = None;
        let mut spots = self.spots.iter().peekable();
        for (at, character) in self.plain.char_indices() {
            while spots.next_if(|spot| spot.at.end <= at).is_some() {}
            let inside = spots.peek().is_some_and(|spot| spot.at.contains(&at));
            if character.is_whitespace() && !inside {
                words.extend(begun.take().map(|start| self.word(start..at)));
            } else if begun.is_none() {
                begun = Some(at);
            }
        }
        words.extend(begun.map(|start| self.word(start..self.plain.len())));
        words.retain(|word| !self.text(word).chars().all(is_invisible));
        words
    }

    fn word(&self, at: Range<usize>) -> Word {
        let names =
            self.spots
                .iter()
                .find(|spot| at.contains(&spot.at.start))
                .is_some_and(|spot| {
                    self.part(at.start..spot.at.start).chars().all(is_invisible)
                        && self.part(spot.at.end..at.end).chars().all(|c| {
                            is_invisible(c) || matches!(c, ',' | ':' | ';' | '.' | '!' | '?')
                        })
                });
        Word { at, names }
    }
}

/// Whether a character shows nothing: zero-width spaces and joiners, marks of
/// direction, soft hyphens. Variation selectors belong to the emoji before them.
pub(in crate::slack::inbound) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}

/// Slack escapes three characters and no others.
fn entity(from: &str) -> Option<(char, &str)> {
    [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')]
        .into_iter()
        .find_map(|(escaped, character)| Some((character, from.strip_prefix(escaped)?)))
}

/// Undoes Slack's three escapes, once.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find('&') {
        let (before, from) = rest.split_at(found);
        plain.push_str(before);
        let (character, after) = entity(from).unwrap_or(('&', from.get(1..).unwrap_or_default()));
        plain.push(character);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// Reads one `<…>`, and returns what comes after it.
fn bracketed(from: &str) -> Option<(Mark, &str)> {
    let (inner, after) = from.strip_prefix('<')?.split_once('>')?;
    if inner.contains(['<', '\n']) {
        return None;
    }
    let (target, label) = match inner.split_once('|') {
        Some((target, label)) => (target, Some(unescaped(label)).filter(|l| !is_blank(l))),
        None => (inner, None),
    };
    Some((mark(target, label)?, after))
}

fn mark(target: &str, label: Option<String>) -> Option<Mark> {
    let at_sign = |label: &str| format!("@{}", label.trim_start_matches('@'));
    if let Some(id) = target.strip_prefix('@') {
        let id = identifier(id, &['U', 'W'])?;
        let shown = label.map_or_else(|| format!("<@{id}>"), |label| at_sign(&label));
        return Some(Mark::Names(Mention::User(UserId::new(id)), shown));
    }
    if let Some(id) = target.strip_prefix("!subteam^") {
        let id = identifier(id, &['S'])?;
        let shown = label.map_or_else(|| format!("<!subteam^{id}>"), |label| at_sign(&label));
        return Some(Mark::Names(Mention::Group(GroupId::new(id)), shown));
    }
    if let Some(id) = target.strip_prefix('#') {
        // Slack leaves out the name of a private channel.
        let id = identifier(id, &['C', 'G', 'D'])?;
        let name = label.as_deref().unwrap_or(id);
        return Some(Mark::Reads(format!("#{}", name.trim_start_matches('#'))));
    }
    if let Some(special) = target.strip_prefix('!') {
        return match special {
            // Everybody is nobody: these can't authorize, and as words they ping no one.
            "here" | "channel" | "everyone" => Some(Mark::Reads(format!("@{special}"))),
            // Dates and whatever comes later carry words for those who can't read them.
            _ => label.map(Mark::Reads),
        };
    }
    let (scheme, _) = target.split_once(':')?;
    if scheme.is_empty()
        || !scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'+')
    {
        return None;
    }
    let target = unescaped(target);
    Some(Mark::Reads(match label {
        Some(label) if is_typed_address(&label, &target) => label,
        Some(label) => format!("{label} ({target})"),
        None => target,
    }))
}

/// Whether Slack made the link itself, of an address typed without its scheme.
fn is_typed_address(label: &str, target: &str) -> bool {
    ["http://", "https://", "mailto:", "tel:"]
        .iter()
        .find_map(|scheme| target.strip_prefix(scheme))
        .is_some_and(|rest| rest.trim_end_matches('/') == label.trim_end_matches('/'))
        || label == target
}

fn identifier<'a>(id: &'a str, kinds: &[char]) -> Option<&'a str> {
    (id.starts_with(kinds) && id.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(id)
}

fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

/// Finds names that Slack didn't resolve: `@morgan`, `@eng-managers`.
///
/// Not part of a name are an address's `@` (`dana@example.com`), a package's
/// (`@types/node`, `left-pad@1.2`), an hour's (`@5pm`), and what stands in
/// quotation marks or in code, because that is spoken about and not to.
fn handles(plain: &str, mut closed: Vec<Range<usize>>) -> Vec<Spot> {
    closed.sort_by_key(|range| range.start);
    let mut closed = closed.into_iter().peekable();
    let mut closed_until = 0;
    let mut spots: Vec<Spot> = Vec::new();
    for (at, _) in plain.match_indices('@') {
        while let Some(range) = closed.next_if(|range| range.start <= at) {
            closed_until = range.end.max(closed_until);
        }
        if at < closed_until {
            continue;
        }
        let before = plain.get(..at).unwrap_or_default();
        let after = plain.get(at + 1..).unwrap_or_default();
        let length = after
            .find(|c| !may_stand_in_a_name(c))
            .unwrap_or(after.len());
        let (name, beyond) = after.split_at(length);
        let name = name.trim_end_matches(['.', '-', '_', '\u{200c}', '\u{200d}']);
        let is_everybody = ["here", "channel", "everyone"]
            .iter()
            .any(|all| name.eq_ignore_ascii_case(all));
        let end = at + 1 + name.len();
        let follows_a_name = spots.last().is_some_and(|spot| spot.at.end + 1 == at);
        let is_package =
            beyond.starts_with('/') && !beyond.starts_with("/@") && !beyond.starts_with("/<");
        if name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && !is_everybody
            && !is_package
            && may_stand_before_a_name(before, name, follows_a_name)
        {
            spots.push(Spot {
                at: at..end,
                who: Mention::Handle(name.to_owned()),
            });
        }
    }
    spots
}

fn may_stand_in_a_name(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '.' | '_' | '-' | '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}')
        // Indic scripts join letters by signs that are no letters; two are full stops.
        || (matches!(c, '\u{900}'..='\u{dff}') && !matches!(c, '\u{964}' | '\u{965}'))
}

fn may_stand_before_a_name(before: &str, name: &str, follows_a_name: bool) -> bool {
    match before.chars().next_back() {
        Some('/') => follows_a_name || before.ends_with(">/"),
        Some('<' | '.' | '_' | '%' | '-' | '=' | '\'' | '$' | '#' | '\\' | '@') => false,
        Some(c) if c.is_ascii_alphanumeric() => false,
        // `部署@morgan` needs no space before the name; `josé@example.com` is an address.
        Some(c) if c.is_alphanumeric() => !name.contains('.'),
        None | Some(_) => true,
    }
}

/// Finds what is quoted: code, words in quotation marks, quoted lines.
pub(in crate::slack::inbound) fn quotations(plain: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut done = 0;
    for (at, character) in plain.char_indices() {
        if at < done {
            continue;
        }
        if let Some(end) = quotation(plain, at, character) {
            found.push(at..end);
            done = end;
        }
    }
    found
}

/// Returns where the quotation that opens at `at` ends, if one does.
fn quotation(plain: &str, at: usize, opener: char) -> Option<usize> {
    let before = plain.get(..at)?.chars().next_back();
    let from = plain.get(at + opener.len_utf8()..)?;
    let line = from.split('\n').next().unwrap_or_default();
    let start = at + opener.len_utf8();
    let closed_by = |closer: char| line.find(closer).map(|n| start + n + closer.len_utf8());
    match opener {
        '`' => match from.strip_prefix("``") {
            Some(block) => block.find("```").map(|n| start + 2 + n + 3),
            None => closed_by('`'),
        },
        '“' => closed_by('”'),
        '«' => closed_by('»'),
        '„' => closed_by('“').or_else(|| closed_by('”')),
        '「' => closed_by('」'),
        // An inch or a stray mark is no quotation: it must open a word and close one.
        '"' if before.is_none_or(|c| !c.is_alphanumeric()) => closed_by('"').filter(|end| {
            plain
                .get(*end..)
                .and_then(|rest| rest.chars().next())
                .is_none_or(|c| !c.is_alphanumeric())
        }),
        '>' if before.is_none_or(|c| c == '\n') => Some(start + line.len()),
        _ => None,
    }
}
