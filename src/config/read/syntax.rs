//! What isn't TOML, told in plain words.
//!
//! The parser goes on after a fault and then stumbles over its consequences;
//! one torn passage is one fault.

use std::ops::Range;

use toml::de::{DeTable, DeValue, Error};

use super::super::fault::Wrong;
use super::Found;

/// The passages of a text that aren't TOML.
#[derive(Debug, Default)]
pub(super) struct Torn {
    /// One fault each.
    pub(super) found: Vec<Found>,
    passages: Vec<Range<usize>>,
}

impl Torn {
    /// Whether something stands in a torn passage.
    pub(super) fn covers(&self, span: &Range<usize>) -> bool {
        self.passages
            .iter()
            .any(|torn| span.start <= torn.end && torn.start <= span.end)
    }
}

/// Puts the parser's errors together by the passage in which they stand.
pub(super) fn faults(text: &str, table: &DeTable<'_>, errors: &[Error]) -> Torn {
    let mut values = Vec::new();
    values_of(table, &mut values);
    let mut errors: Vec<_> = errors
        .iter()
        .map(|error| (error.span().unwrap_or_default(), error.message()))
        .collect();
    errors.sort_by_key(|(span, _)| (span.start, span.end));
    let mut torn = Torn::default();
    for (span, message) in errors {
        let line = line_of(text, span.start);
        let begins_table = text
            .get(line.clone())
            .is_some_and(|line| line.trim_start().starts_with('['));
        let is_consequence = torn.covers(&span);
        let within = values
            .iter()
            .find(|value| value.start <= span.start && span.start <= value.end);
        let mut passage = line.clone();
        if let Some(value) = within {
            passage = passage.start.min(value.start)..passage.end.max(value.end);
        }
        if begins_table && within.is_none() {
            // What follows belongs to a table that can't be named.
            passage.end = text.len();
        }
        torn.passages.push(passage);
        match within {
            // A list without an end swallows the next lines, and the parser
            // first misses a comma between them.
            Some(list)
                if message.contains("`=` in array") || message.contains("unclosed array") =>
            {
                let first = list.start..line_of(text, list.start).end.min(list.end);
                torn.found
                    .retain(|(span, _)| !(list.start..=list.end).contains(&span.start));
                torn.found.push((
                    first,
                    Wrong::new(
                        "a list begins here and has no end",
                        "put a `]` behind the last of it",
                    ),
                ));
            }
            Some(_) | None if is_consequence => {}
            Some(_) | None if begins_table && message.contains("duplicate key") => {
                torn.found.push((
                    span,
                    Wrong::new(
                        "this table begins here for the second time",
                        "put all of its keys under one such line",
                    ),
                ));
            }
            Some(_) | None => {
                let piece = text.get(span.clone()).unwrap_or_default();
                torn.found.push((span, in_words(message, piece)));
            }
        }
    }
    torn
}

fn line_of(text: &str, at: usize) -> Range<usize> {
    let at = at.min(text.len());
    let begin = text
        .get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1);
    let end = text
        .get(at..)
        .and_then(|after| after.find('\n'))
        .map_or(text.len(), |n| at + n);
    begin..end
}

/// Collects where the values stand that aren't tables.
fn values_of(table: &DeTable<'_>, into: &mut Vec<Range<usize>>) {
    for value in table.values() {
        match value.get_ref() {
            DeValue::Table(table) => values_of(table, into),
            DeValue::Array(array) => {
                let mut is_of_tables = false;
                for one in array {
                    if let DeValue::Table(table) = one.get_ref() {
                        is_of_tables = true;
                        values_of(table, into);
                    }
                }
                if !is_of_tables {
                    into.push(value.span());
                }
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => into.push(value.span()),
        }
    }
}

/// Says what the parser means, and what to do.
fn in_words(message: &str, piece: &str) -> Wrong {
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let mend = if says(&["duplicate key"]) {
        return Wrong::new("this key stands here for the second time", "write it once");
    } else if piece.starts_with(|c: char| c.is_ascii_digit() || "+-".contains(c)) {
        return Wrong::new(
            "this is neither a number nor a text in quotation marks",
            "write a number alone, such as `0.10`, and a text as `\"24 h\"`",
        );
    } else if says(&["string values must be quoted"]) {
        return Wrong::new(
            "a value is missing here, or a text without quotation marks",
            "write texts in straight quotation marks: `\"…\"`",
        );
    } else if says(&["invalid basic string", "invalid literal string"]) {
        return Wrong::new(
            "a text begins here and doesn't end on its line",
            "close it with the quotation mark that opens it",
        );
    } else if says(&["in array", "between array elements"]) {
        return Wrong::new(
            "a list isn't written as one here",
            "put one comma between its parts and a `]` at its end",
        );
    } else if says(&[
        "unclosed table",
        "missing table open",
        "unclosed array table",
    ]) {
        "write a table's name in brackets on a line of its own, such as `[policy]`"
    } else if says(&["extra `=`"]) {
        "write one `=` between key and value"
    } else if says(&["key with no value", "missing value", "missing assignment"]) {
        "write a line as `key = value`"
    } else if says(&[
        "invalid unquoted key",
        "invalid key-value pair",
        "keys cannot",
    ]) {
        "a key has letters, digits, `-` and `_`, and an `=` comes after it"
    } else if says(&["missing comma", "extra comma", "inline table"]) {
        "write `{ key = value, key = value }`"
    } else if says(&["escape", "unicode"]) {
        "write `\\\\` for a backslash, or put the text in single quotation marks"
    } else {
        "write a line as `key = value`; https://toml.io shows how"
    };
    // Beyond the comma the parser says what it would have taken.
    let what = message.split(", expected").next().unwrap_or(message);
    Wrong::new(format!("this isn't TOML: {what}"), mend)
}
