//! `normal DESCRIPTION [at TIME] [system NAME]`: the odd normal change that no source
//! tells of.
//!
//! `normal operation is broken` begins with the same word and is an emergency. What
//! isn't certain is asked back, and what smells of trouble is never certain.

use super::markup::{Reading, Word};
use super::{as_typed, bare, is_ahead, is_of_a_clock, is_time};

/// How many words the name of a system has at most.
const LONGEST_NAME: usize = 4;

/// What is said of things that don't work, by how the words begin.
const TROUBLE: [&str; 21] = [
    "abort",
    "broke",
    "can't",
    "cannot",
    "crash",
    "dead",
    "degraded",
    "down",
    "error",
    "fail",
    "gone",
    "hang",
    "incident",
    "interrupt",
    "lost",
    "not",
    "outage",
    "slow",
    "stopp",
    "stuck",
    "unavail",
];

/// A normal change, as somebody lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normal {
    /// What was changed.
    pub what: String,
    /// When, in the person's words; nothing: now.
    pub when: Option<String>,
    /// The system that was changed, as it was typed.
    pub system: Option<String>,
}

/// Reads a line that begins with `normal`. Returns whether it is certain that it lists
/// a change: it says when or where that was, or has the word set off.
pub(super) fn read(reading: &Reading, words: &[Word]) -> Option<(Normal, bool)> {
    let (first, mut rest) = words.split_first()?;
    if bare(reading.text(first)) != "normal" {
        return None;
    }
    let mut is_set_off = reading.text(first).ends_with(':');
    if let Some((next, after)) = rest.split_first()
        && bare(reading.text(next)) == "change"
        && reading.text(next).ends_with(':')
    {
        is_set_off = true;
        rest = after;
    }
    let (mut before, mut system) = without_system(reading, rest);
    let (earlier, mut when) = without_time(reading, before);
    before = earlier;
    // The two may stand either way round.
    if when.is_some() && system.is_none() {
        (before, system) = without_system(reading, before);
    }
    let mut what = as_typed(reading, before)?;
    what.truncate(
        what.trim_end_matches([',', ';', ':', '-', '–', '—', ' '])
            .len(),
    );
    if what.is_empty() {
        // `at 14:00` alone says nothing of what was changed.
        what = as_typed(reading, rest)?;
        (when, system) = (None, None);
    }
    let is_stated = when.is_some() || system.is_some();
    let is_trouble = rest.iter().any(|word| {
        let text = reading.text(word);
        let word = bare(text).replace('’', "'");
        text.ends_with('?')
            || word.ends_with("n't")
            || TROUBLE.iter().any(|trouble| word.starts_with(trouble))
    });
    let normal = Normal { what, when, system };
    Some((normal, is_set_off || is_stated && !is_trouble))
}

/// Splits `at TIME` off the end. `at 25:99` and `at tomorrow` can't be right, and are
/// answered as the times that they are meant to be.
fn without_time<'w>(reading: &Reading, words: &'w [Word]) -> (&'w [Word], Option<String>) {
    let texts: Vec<String> = words.iter().map(|word| bare(reading.text(word))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let is_stated = |from: usize| {
        let stated = texts.get(from..).unwrap_or_default();
        is_time(stated) || is_of_a_clock(stated) || is_ahead(stated)
    };
    let places = (0..texts.len()).filter(|at| texts.get(*at) == Some(&"at"));
    for at in places {
        if is_stated(at + 1)
            && let Some((before, rest)) = words.split_at_checked(at)
        {
            return (before, as_typed(reading, rest.get(1..).unwrap_or_default()));
        }
    }
    // `20 min ago` needs no `at`.
    if texts.last() == Some(&"ago") {
        for n in 2..=3 {
            let at = texts.len().saturating_sub(n);
            if is_stated(at)
                && let Some((before, rest)) = words.split_at_checked(at)
            {
                return (before, as_typed(reading, rest));
            }
        }
    }
    (words, None)
}

/// Splits `system NAME` off the end. What follows an article is no name's beginning:
/// `restarted the system twice`.
fn without_system<'w>(reading: &Reading, words: &'w [Word]) -> (&'w [Word], Option<String>) {
    let is = |word: &Word, wanted: &[&str]| wanted.contains(&&*bare(reading.text(word)));
    let Some(at) = words.iter().rposition(|word| is(word, &["system"])) else {
        return (words, None);
    };
    let Some((before, rest)) = words.split_at_checked(at) else {
        return (words, None);
    };
    let name = rest.get(1..).unwrap_or_default();
    let names_none = before
        .last()
        .is_none_or(|last| is(last, &["a", "an", "the", "our", "this", "that", "whole"]));
    // A time behind it is read first.
    let holds_a_time = without_time(reading, name).1.is_some();
    if name.is_empty() || name.len() > LONGEST_NAME || names_none || holds_a_time {
        return (words, None);
    }
    (before, as_typed(reading, name))
}

#[cfg(test)]
mod tests {
    use super::super::{Slash, Verb, as_normal, parse};
    use super::Normal;

    fn normal(what: &str, when: Option<&str>, system: Option<&str>) -> Normal {
        Normal {
            what: what.to_owned(),
            when: when.map(str::to_owned),
            system: system.map(str::to_owned),
        }
    }

    #[test]
    fn a_normal_change_says_when_or_where_it_was() {
        for (typed, when, system) in [
            ("normal Rotated the certs at 14:00", Some("14:00"), None),
            ("Normal Rotated the certs, at 14:00.", Some("14:00."), None),
            (
                "normal Rotated the certs 20 min ago",
                Some("20 min ago"),
                None,
            ),
            (
                "normal Rotated the certs at yesterday 23:50",
                Some("yesterday 23:50"),
                None,
            ),
            (
                "normal Rotated the certs system auth-api",
                None,
                Some("auth-api"),
            ),
            (
                "normal Rotated the certs at 14:00 system auth-api",
                Some("14:00"),
                Some("auth-api"),
            ),
            (
                "normal Rotated the certs system billing api at 14:00",
                Some("14:00"),
                Some("billing api"),
            ),
            ("normal change: Rotated the certs", None, None),
            ("normal: Rotated the certs", None, None),
            // What can't be a time is answered as the time that it is meant to be.
            ("normal Rotated the certs at 25:99", Some("25:99"), None),
            (
                "normal Rotated the certs at tomorrow",
                Some("tomorrow"),
                None,
            ),
        ] {
            let expected = Slash::Normal(normal("Rotated the certs", when, system));
            assert_eq!(parse(typed), expected, "{typed}");
        }
    }

    #[test]
    fn what_may_be_an_emergency_is_asked_back() {
        for typed in [
            "normal",
            "normal operation is broken",
            "normal Rotated the certs",
            "normal logins fail at 14:00",
            "normal users can't log in at 14:00",
            "normal operation stopped at 02:19",
            "normal restart of the system",
            "normal traffic is down system auth-api",
            "normal users see the system down",
            "normal, is it?",
        ] {
            let slash = parse(typed);
            let Slash::Unsure { meant, request } = slash else {
                panic!("{typed}: {slash:?}");
            };
            assert_eq!(meant, Verb::Normal, "{typed}");
            assert!(typed.starts_with(&request.what), "{typed}: {request:?}");
        }
    }

    #[test]
    fn who_names_somebody_asks_them() {
        for typed in [
            "normal operation is broken @morgan",
            "normal operation is broken <@U123MORGAN>",
            "normal Rotated the certs at 14:00 @morgan",
        ] {
            assert!(matches!(parse(typed), Slash::Request(_)), "{typed}");
        }
        assert!(matches!(parse("normally this works"), Slash::Request(_)));
    }

    #[test]
    fn one_tap_lists_what_was_asked_back() {
        assert_eq!(
            as_normal("normal Rotated the certs"),
            Some(normal("Rotated the certs", None, None))
        );
        assert_eq!(as_normal("normal"), None);
        assert_eq!(as_normal("Rotated the certs"), None);
    }
}
