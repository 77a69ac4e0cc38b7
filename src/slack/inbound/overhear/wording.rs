//! What is shown of a request: the change without greeting, names and question,
//! and whom it asks.
//!
//! Pure; the words themselves are never altered, only left out.

use std::ops::Range;

use super::asking::Asking;
use super::phrases::among;
use super::words::{NAME, QUOTE, Said};
use crate::domain::id::UserId;
use crate::gesture::Mention;

/// Returns who is asked: everybody named, but those who are only spoken of.
pub(super) fn asked(said: &Said) -> Vec<Mention> {
    let mut asked: Vec<Mention> = Vec::new();
    for (at, who) in said.named() {
        let before = said.part(0..at.start);
        let last = before
            .trim_end_matches(|c: char| !c.is_alphanumeric())
            .rsplit(|c: char| !c.is_alphanumeric())
            .next()
            .unwrap_or_default()
            .to_lowercase();
        let touches = before.trim_end().ends_with(|c: char| c.is_alphanumeric());
        let is_spoken_of = touches && among(&last, "by what that after per via like with of")
            || among(&last, "cc fyi");
        let after = said.part(at.end..said.plain().len()).trim_start();
        let next: String = after
            .chars()
            .take_while(|c| c.is_alphabetic() || matches!(c, '\'' | '’'))
            .flat_map(char::to_lowercase)
            .collect();
        let does_something = after.starts_with("'s")
            || after.starts_with("’s")
            || among(
                &next,
                "deployed merged pushed shipped reverted reviewed said found \
                 wrote built tested confirmed made fixed changed",
            );
        if !is_spoken_of && !does_something && !asked.contains(who) {
            asked.push(who.clone());
        }
    }
    asked
}

/// Returns the words of the change: the message without the greeting, the names
/// and the words that ask.
pub(super) fn what(said: &Said, s: usize, c: usize, asking: &Asking) -> String {
    let mut pieces: Vec<String> = Vec::new();
    for (n, sentence) in said.sentences.iter().enumerate() {
        let mut kept: Vec<Range<usize>> = Vec::new();
        for (m, clause) in sentence.clauses.iter().enumerate() {
            let is_asking = n == s && m == c;
            let words = clause.words();
            let cut = if is_asking {
                asking.phrase.clone()
            } else {
                0..0
            };
            // `can I re-enable …`: the verb begins before its stem.
            let is_prefixed = cut.end.checked_sub(1).and_then(|last| words.get(last));
            let cut = match is_prefixed {
                Some(&("re" | "hot")) => cut.start..cut.end - 1,
                Some(_) | None => cut,
            };
            for (w, (word, at)) in words.iter().zip(&clause.at).enumerate() {
                let is_beside =
                    *word == NAME && !cut.is_empty() && (w + 1 == cut.start || w == cut.end);
                let is_left_out = cut.contains(&w)
                    || is_beside
                    || *word == QUOTE && said.part(at.clone()).starts_with('>');
                if !is_left_out {
                    kept.push(at.clone());
                }
            }
        }
        let words: Vec<String> = kept
            .iter()
            .map(|at| said.part(at.clone()).to_lowercase())
            .collect();
        let is_name = |at: &Range<usize>| said.named().any(|(name, _)| name == at);
        let is_idle = |n: usize| {
            kept.get(n).is_some_and(is_name) || words.get(n).is_some_and(|word| says_nothing(word))
        };
        let first = (0..kept.len()).find(|n| !is_idle(*n));
        let last = (0..kept.len()).rev().find(|n| !is_idle(*n));
        if let (Some(first), Some(last)) = (first, last) {
            pieces.push(joined(
                said,
                kept.get(first..=last).unwrap_or_default(),
                sentence.end,
            ));
        }
    }
    let what = trimmed(&pieces.join(" "));
    if what.is_empty() {
        trimmed(said.plain())
    } else {
        what
    }
}

/// Whether a word at either end of a sentence may be left out of the change.
fn says_nothing(word: &str) -> bool {
    among(
        word,
        "hi hey hello heya yo morning all team folks guys everyone \
         please pls plz so and also ok thanks now asap emergency urgent \
         actually just then",
    )
}

/// Joins what is kept of a sentence: as it was typed where nothing was left out.
fn joined(said: &Said, kept: &[Range<usize>], end: usize) -> String {
    let mut text = String::new();
    let mut until: Option<usize> = None;
    for at in kept {
        if let Some(until) = until {
            let gap = said.part(until..at.start);
            // A gap that held words lost them; a comma marks the place.
            if gap.chars().any(char::is_alphanumeric) {
                text.push_str(if gap.contains('\n') { "\n" } else { ", " });
            } else {
                text.push_str(gap);
            }
        }
        text.push_str(said.part(at.clone()));
        until = Some(at.end);
    }
    if let Some(until) = until {
        let tail = said.part(until..end);
        if !tail.chars().any(char::is_alphanumeric) {
            text.push_str(tail.trim_end());
        }
    }
    text
}

/// Returns a text without the marks at its ends.
pub(super) fn trimmed(text: &str) -> String {
    text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, ',' | ';' | ':' | '-' | '–' | '—' | '?' | '.' | '!')
    })
    .to_owned()
}

/// Returns the people with whose names a text begins.
pub(super) fn spoken_to(text: &str) -> impl Iterator<Item = UserId> {
    let said = Said::of(text);
    let mut people = Vec::new();
    let mut until = 0;
    for (at, who) in said.named() {
        let between = said.part(until..at.start);
        if between.chars().any(char::is_alphanumeric) {
            break;
        }
        until = at.end;
        if let Mention::User(user) = who {
            people.push(user.clone());
        }
    }
    people.into_iter()
}
