//! Takes a message apart into sentences, clauses and words, as far as the rules
//! of the offer look at it.
//!
//! Pure, and says nothing about what the words mean. What is spoken about and
//! not said (code, quotations, addresses, what is struck through) becomes a mark
//! that no rule takes for a word.

use std::ops::Range;

use super::spelling::canonical;
use crate::gesture::Mention;
use crate::slack::inbound::grammar::markup::{Reading, Spot, is_invisible, quotations};

/// The word that stands where somebody is named.
pub(super) const NAME: &str = "@";
/// The word that stands for code.
pub(super) const CODE: &str = "`";
/// The word that stands for a quotation, and for what is struck through.
pub(super) const QUOTE: &str = "\"";
/// The word that stands for an address.
pub(super) const LINK: &str = "://";
/// The word that stands for a picture without a meaning here.
pub(super) const PICTURE: &str = ":picture:";

/// A message taken apart.
#[derive(Debug)]
pub(super) struct Said {
    reading: Reading,
    /// Its sentences, none of them without a word.
    pub(super) sentences: Vec<Sentence>,
}

/// What ends with a full stop, a question mark, an exclamation mark or a line.
#[derive(Debug, Default)]
pub(super) struct Sentence {
    /// What stands between its commas, none of it without a word.
    pub(super) clauses: Vec<Clause>,
    /// Whether a question mark ends it.
    pub(super) is_question: bool,
    /// Where its last mark ends in the plain text.
    pub(super) end: usize,
}

/// A part of a sentence.
#[derive(Debug, Default)]
pub(super) struct Clause {
    /// Its words, each as the rules compare it.
    pub(super) words: Vec<String>,
    /// Where each of them stands in the plain text.
    pub(super) at: Vec<Range<usize>>,
}

impl Clause {
    /// Returns the words for comparison.
    pub(super) fn words(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }
}

impl Said {
    /// Takes a message apart.
    pub(super) fn of(text: &str) -> Self {
        let reading = Reading::of(text);
        let sentences = Reader::new(&reading).read();
        Self { reading, sentences }
    }

    /// Returns the part of the plain text that `at` covers.
    pub(super) fn part(&self, at: Range<usize>) -> &str {
        self.reading.part(at)
    }

    /// Returns the whole text with Slack's escapes undone.
    pub(super) fn plain(&self) -> &str {
        &self.reading.plain
    }

    /// Returns who is named in it, in order of appearance, each with the place.
    pub(super) fn named(&self) -> impl Iterator<Item = (&Range<usize>, &Mention)> {
        self.reading.spots.iter().map(|spot| (&spot.at, &spot.who))
    }

    /// Returns the words of each of its clauses.
    pub(super) fn clauses(&self) -> impl Iterator<Item = Vec<&str>> {
        self.sentences
            .iter()
            .flat_map(|sentence| &sentence.clauses)
            .map(Clause::words)
    }

    /// Returns how many words it has.
    pub(super) fn n_words(&self) -> usize {
        self.clauses().map(|words| words.len()).sum()
    }
}

/// Walks through the plain text once.
struct Reader<'a> {
    plain: &'a str,
    /// What is one word whatever stands in it, in order.
    wholes: Vec<(Range<usize>, &'static str)>,
    sentences: Vec<Sentence>,
    sentence: Sentence,
    clause: Clause,
}

/// What ends where a mark stands.
enum Mark {
    Sentence { asks: bool },
    Clause,
    Nothing,
}

impl<'a> Reader<'a> {
    fn new(reading: &'a Reading) -> Self {
        Self {
            plain: &reading.plain,
            wholes: wholes(&reading.plain, &reading.spots),
            sentences: Vec::new(),
            sentence: Sentence::default(),
            clause: Clause::default(),
        }
    }

    fn read(mut self) -> Vec<Sentence> {
        let wholes = std::mem::take(&mut self.wholes);
        let mut at = 0;
        for (whole, word) in wholes {
            self.stretch(at, whole.start);
            at = whole.end;
            self.take(word.to_owned(), whole);
        }
        self.stretch(at, self.plain.len());
        self.end_sentence(self.plain.len(), false);
        self.sentences
    }

    /// Reads what stands between two wholes.
    fn stretch(&mut self, from: usize, to: usize) {
        let mut at = from;
        while let Some(rest) = self.plain.get(at..to)
            && let Some(c) = rest.chars().next()
        {
            let width = if let Some((width, name)) = picture(rest, self.plain.get(..at)) {
                if let Some(name) = name {
                    self.take(name, at..at + width);
                }
                width
            } else if let Some((width, word)) = word(rest, self.plain.get(..at)) {
                // What follows a `but` is said apart from what it limits.
                if word == "but" {
                    self.end_clause();
                }
                self.take(word, at..at + width);
                width
            } else {
                let width = c.len_utf8();
                match mark(
                    c,
                    rest.get(width..).unwrap_or_default(),
                    self.plain.get(..at),
                ) {
                    Mark::Sentence { asks } => self.end_sentence(at + width, asks),
                    Mark::Clause => self.end_clause(),
                    Mark::Nothing => {}
                }
                width
            };
            at += width;
        }
    }

    fn take(&mut self, word: String, at: Range<usize>) {
        // `Do not` is `don't`, `pre-prod` is `preprod`.
        if let (Some(before), Some(from)) =
            (self.clause.words.last_mut(), self.clause.at.last_mut())
            && let Some(joined) = joined(before, &word)
        {
            joined.clone_into(before);
            from.end = at.end;
            return;
        }
        self.clause.words.push(word);
        self.clause.at.push(at);
    }

    fn end_clause(&mut self) {
        let clause = std::mem::take(&mut self.clause);
        if !clause.words.is_empty() {
            self.sentence.clauses.push(clause);
        }
    }

    fn end_sentence(&mut self, end: usize, asks: bool) {
        self.end_clause();
        let mut sentence = std::mem::take(&mut self.sentence);
        if sentence.clauses.is_empty() {
            // `really ?!` and `ok ?`: the mark belongs to what it follows.
            if let Some(before) = self.sentences.last_mut().filter(|_| asks) {
                before.is_question = true;
            }
            return;
        }
        sentence.is_question = asks;
        sentence.end = end;
        self.sentences.push(sentence);
    }
}

/// Returns the one word that two are.
fn joined(before: &str, word: &str) -> Option<&'static str> {
    Some(match (before, word) {
        ("do", "not") => "dont",
        ("will", "not") => "wont",
        ("can", "not") => "cant",
        ("would", "not") => "wouldnt",
        ("should", "not") => "shouldnt",
        ("pre", "prod" | "production") => "preprod",
        ("non", "prod" | "production") => "nonprod",
        _ => return None,
    })
}

/// Finds what is one word whatever stands in it: names, code, quotations,
/// addresses. Of two that overlap, the one that begins first counts.
fn wholes(plain: &str, spots: &[Spot]) -> Vec<(Range<usize>, &'static str)> {
    let mut found: Vec<(Range<usize>, &'static str)> = Vec::new();
    found.extend(spots.iter().map(|spot| (spot.at.clone(), NAME)));
    for at in quotations(plain) {
        let quoted = plain.get(at.clone()).unwrap_or_default();
        if quoted.starts_with(">>>") {
            // Slack quotes all that follows.
            found.push((at.start..plain.len(), QUOTE));
        } else {
            let kind = if quoted.starts_with('`') { CODE } else { QUOTE };
            found.push((at, kind));
        }
    }
    found.extend(between(plain, '~').map(|at| (at, QUOTE)));
    found.extend(between(plain, '\'').map(|at| (at, QUOTE)));
    let mut until = 0;
    let addresses = plain.match_indices("://").filter_map(|(at, _)| {
        if at < until {
            return None;
        }
        let start = plain
            .get(..at)?
            .rfind(|c: char| !c.is_ascii_alphanumeric())
            .map_or(0, |before| before + char_width(plain, before));
        let rest = plain.get(at..)?;
        let width = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`'))
            .unwrap_or(rest.len());
        until = at + width;
        let address = rest
            .get(..width)?
            .trim_end_matches(['.', ',', '!', '?', ')', ';']);
        (start < at).then_some((start..at + address.len(), LINK))
    });
    found.extend(addresses);
    found.sort_by_key(|(at, _)| (at.start, at.end));
    let mut open = 0;
    found.retain(|(at, _)| {
        let stands = at.start >= open && at.start < at.end;
        if stands {
            open = at.end;
        }
        stands
    });
    found
}

/// Finds what stands between two marks of a kind that open a word and close one,
/// on one line: `~approved~`, `'approved'`.
fn between(plain: &str, mark: char) -> impl Iterator<Item = Range<usize>> {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let mut opened: Option<usize> = None;
    let mut before = None;
    let mut characters = plain.char_indices().peekable();
    std::iter::from_fn(move || {
        while let Some((at, c)) = characters.next() {
            let after = characters.peek().map(|(_, c)| *c);
            let was = before.replace(c);
            if c == '\n' {
                opened = None;
            }
            if c != mark {
                continue;
            }
            match opened {
                Some(start) if is_edge(after) && was.is_some_and(|c| !c.is_whitespace()) => {
                    opened = None;
                    return Some(start..at + c.len_utf8());
                }
                None if is_edge(was) && after.is_some_and(char::is_alphanumeric) => {
                    opened = Some(at);
                }
                Some(_) | None => {}
            }
        }
        None
    })
}

fn char_width(plain: &str, at: usize) -> usize {
    plain
        .get(at..)
        .and_then(|rest| rest.chars().next())
        .map_or(1, char::len_utf8)
}

/// Reads a picture, as Slack spells it (`:+1:`) or as a character, and returns
/// how wide it is and how it is called; one that only colours the picture before
/// it has no name.
fn picture(rest: &str, before: Option<&str>) -> Option<(usize, Option<String>)> {
    let c = rest.chars().next()?;
    if c == ':' {
        let inner: &str = rest.get(1..)?;
        let width = inner
            .bytes()
            .take(60)
            .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+')))?;
        let (name, after) = inner.split_at(width);
        let is_name =
            matches!(name, "+1" | "-1" | "100") || name.bytes().any(|b| b.is_ascii_alphabetic());
        let stands_alone = before
            .and_then(|before| before.chars().next_back())
            .is_none_or(|c| !c.is_ascii_digit());
        if !after.starts_with(':') || !is_name || !stands_alone {
            return None;
        }
        let name = name.to_ascii_lowercase();
        let name = (!name.starts_with("skin-tone")).then(|| format!(":{name}:"));
        return Some((width + 2, name));
    }
    let name = match c {
        '👍' => ":+1:",
        '👎' => ":-1:",
        '✅' => ":white_check_mark:",
        '✔' | '✓' | '☑' => ":heavy_check_mark:",
        '👌' => ":ok_hand:",
        '🆗' => ":ok:",
        '🟢' => ":green_circle:",
        '🚀' => ":rocket:",
        '❌' | '✖' | '❎' => ":x:",
        '🛑' => ":octagonal_sign:",
        '⛔' => ":no_entry:",
        '🚫' => ":no_entry_sign:",
        '🙅' => ":no_good:",
        '✋' => ":raised_hand:",
        '😂' | '🤣' | '😆' | '🙃' | '🤡' | '😜' | '🤪' => ":joy:",
        '\u{1f3fb}'..='\u{1f3ff}' | '\u{fe0e}' | '\u{fe0f}' | '\u{200d}' | '♀' | '♂' => {
            return Some((c.len_utf8(), None));
        }
        '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}' => PICTURE,
        _ => return None,
    };
    Some((c.len_utf8(), Some(name.to_owned())))
}

/// Reads a word: letters and digits, with the apostrophes of `don't`, the points
/// of `2.31.0` and the colon of `02:15` in it.
fn word(rest: &str, before: Option<&str>) -> Option<(usize, String)> {
    let begins_apart = before
        .and_then(|before| before.chars().next_back())
        .is_none_or(|c| !c.is_alphanumeric());
    for vote in ["+1", "-1"] {
        if begins_apart
            && let Some(after) = rest.strip_prefix(vote)
            && !after.starts_with(|c: char| c.is_alphanumeric() || c == '.')
        {
            return Some((vote.len(), format!(":{vote}:")));
        }
    }
    let mut width = 0;
    let mut characters = rest.char_indices().peekable();
    let mut was: Option<char> = None;
    while let Some((at, c)) = characters.next() {
        let after = characters.peek().map(|(_, c)| *c);
        let joins = match c {
            '\'' | '’' | 'ʼ' => {
                was.is_some_and(char::is_alphabetic) && after.is_some_and(char::is_alphabetic)
            }
            '.' => {
                was.is_some_and(char::is_alphanumeric)
                    && after.is_some_and(|c| c.is_ascii_alphanumeric() && !c.is_ascii_uppercase())
            }
            ':' => {
                was.is_some_and(|c| c.is_ascii_digit()) && after.is_some_and(|c| c.is_ascii_digit())
            }
            c => c.is_alphanumeric() || (at > 0 && is_invisible(c)),
        };
        if !joins {
            break;
        }
        was = Some(c);
        width = at + c.len_utf8();
    }
    let typed = rest.get(..width).filter(|typed| !typed.is_empty())?;
    // `#881` and `api#881` name a pull request, not a thing in production.
    if let Some(number) = rest.get(width..).and_then(|after| after.strip_prefix('#')) {
        let digits = number.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            return Some((width + 1 + digits, "pr".to_owned()));
        }
    }
    Some((width, canonical(typed)))
}

/// Reads a mark between words.
fn mark(c: char, after: &str, before: Option<&str>) -> Mark {
    let next = after.chars().next();
    let ends = next.is_none_or(|c| !c.is_alphanumeric());
    let spaced = before
        .and_then(|before| before.chars().next_back())
        .is_none_or(char::is_whitespace)
        && next.is_none_or(char::is_whitespace);
    match c {
        '?' | '？' | '⁉' | '؟' => Mark::Sentence { asks: true },
        '!' | '\n' | '…' | '。' | '！' | '|' => Mark::Sentence { asks: false },
        '.' if ends => Mark::Sentence { asks: false },
        ',' | ';' | ':' | '(' | ')' | '—' | '–' | '、' | '，' | '[' | ']' => Mark::Clause,
        '-' if spaced => Mark::Clause,
        _ => Mark::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sentences apart by `|`, clauses by `,`, questions with `?`.
    fn shown(text: &str) -> String {
        let said = Said::of(text);
        let sentence = |sentence: &Sentence| {
            let clauses: Vec<_> = sentence
                .clauses
                .iter()
                .map(|clause| clause.words.join(" "))
                .collect();
            clauses.join(", ") + if sentence.is_question { "?" } else { "" }
        };
        said.sentences
            .iter()
            .map(sentence)
            .collect::<Vec<_>>()
            .join(" | ")
    }

    #[test]
    fn a_message_falls_into_sentences_clauses_and_words() {
        assert_eq!(
            shown("<@U2> rolling back api to v2.31.0, ok? It's *bad* at 02:15."),
            "@ rolling back api to v2.31.0, ok? | its bad at 02:15"
        );
        assert_eq!(
            shown("re-enable login_v3 - go/no-go ?"),
            "re enable login v3, go no go?"
        );
        assert_eq!(shown("2Gi -> 4Gi...\n\nthen"), "2gi 4gi | then");
        assert_eq!(shown("we'll see, well"), "weill see, well");
    }

    #[test]
    fn what_is_spoken_about_is_no_word() {
        assert_eq!(
            shown("&gt; approved\nwho said that?"),
            "\" | who said that?"
        );
        assert_eq!(shown("&gt;&gt;&gt; approved\nand deployed"), "\"");
        assert_eq!(
            shown("`approved` “approved” ~approved~ 'approved'"),
            "` \" \" \""
        );
        assert_eq!(shown("don't and won't"), "dont and wont");
        assert_eq!(
            shown(
                "<https://a.example/approve?x=1|the approval> \
                 <https://a.example/ok>."
            ),
            "the approval, ://, ://"
        );
        assert_eq!(shown("approve acme/api#881, #12"), "approve acme pr, 12");
    }

    #[test]
    fn a_picture_is_a_word_whatever_its_colour() {
        assert_eq!(
            shown("👍🏽 :thumbsup::skin-tone-4: ✅\u{fe0f} +1"),
            ":+1: :thumbsup: :white_check_mark: :+1:"
        );
        assert_eq!(shown("at 02:15:33 👀"), format!("at 02:15:33 {PICTURE}"));
    }
}
