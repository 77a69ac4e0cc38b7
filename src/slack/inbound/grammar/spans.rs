//! Words that name a span of time. It says whether they do; which instants a
//! period begins and ends at is decided where the register is read.

use crate::domain::rate::WindowKind;
use crate::slack::inbound::when;

/// A span of time up to now, as asked for in `rate 12 weeks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many of `unit`; at least one.
    pub count: u16,
    /// Of what.
    pub unit: Unit,
}

/// What a [`Window`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Days.
    Days,
    /// Weeks.
    Weeks,
    /// Calendar months.
    Months,
    /// Calendar quarters.
    Quarters,
    /// Calendar years.
    Years,
}

impl Window {
    /// Returns the kind of window that the rate is counted in and that comes nearest.
    pub fn kind(self) -> WindowKind {
        let days = u32::from(self.count)
            * match self.unit {
                Unit::Days => 1,
                Unit::Weeks => 7,
                Unit::Months => 30,
                Unit::Quarters => 91,
                Unit::Years => 365,
            };
        match days {
            ..=10 => WindowKind::Week,
            11..=45 => WindowKind::Rolling,
            46.. => WindowKind::Quarter,
        }
    }
}

/// Reads `12 weeks`, `12w`, `last month`, `for the past 90 days`.
pub(super) fn window(words: &[&str]) -> Option<Window> {
    let mut rest = words;
    for fillers in [
        &["for", "over", "in", "of"][..],
        &["the"],
        &["last", "past", "this"],
    ] {
        if let Some((first, after)) = rest.split_first()
            && fillers.contains(first)
        {
            rest = after;
        }
    }
    let (count, unit) = match *rest {
        [word] => {
            let (digits, unit) = split_number(word);
            (if digits.is_empty() { "1" } else { digits }, unit)
        }
        [count, unit] => (count, unit),
        _ => return None,
    };
    let count: u16 = count.parse().ok().filter(|count| *count > 0)?;
    let unit = match unit {
        "d" | "day" | "days" => Unit::Days,
        "w" | "week" | "weeks" => Unit::Weeks,
        "m" | "month" | "months" => Unit::Months,
        "q" | "quarter" | "quarters" => Unit::Quarters,
        "y" | "year" | "years" => Unit::Years,
        _ => return None,
    };
    Some(Window { count, unit })
}

/// `2026-10`, `2026-10-31`, `2026-10-01..2026-10-31`. Those that can't be, such as
/// `2026-02-30`, too: whoever slips there wants no emergency.
fn looks_like_dates(word: &str) -> bool {
    word.split("..").all(|part| {
        let mut numbers = part.split('-');
        numbers.next().is_some_and(|year| year.len() == 4)
            && (2..=3).contains(&part.split('-').count())
            && part
                .split('-')
                .all(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    })
}

fn split_number(word: &str) -> (&str, &str) {
    let length = word
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(word.len());
    word.split_at(length)
}

/// Whether the words say which evidence: a period, a sample, a seed.
/// `last october`, `from 2026-10-01 to 2026-10-31 sample 25 seed 7`, `q3 2026`.
pub(super) fn is_period(words: &[&str]) -> bool {
    let mut before = "";
    let mut n_facts = 0;
    for (n, word) in words.iter().enumerate() {
        let word = word.trim_start_matches("--");
        let after = words.get(n + 1).copied().unwrap_or_default();
        let is_filler = matches!(
            word,
            "from"
                | "to"
                | "until"
                | "till"
                | "through"
                | "between"
                | "and"
                | "for"
                | "of"
                | "the"
                | "in"
                | "last"
                | "past"
                | "previous"
                | "this"
                | "-"
                | "–"
                | "—"
                | "sample"
                | "samples"
                | "seed"
        );
        let is_count = matches!(before, "sample" | "samples" | "seed" | "last" | "past")
            || is_span(after)
            || matches!(after, "sample" | "samples");
        let is_fact = is_span(word)
            || looks_like_dates(word)
            || when::year(word).is_some()
            || when::month(word).is_some()
            || matches!(word, "q1" | "q2" | "q3" | "q4" | "today" | "yesterday")
            || (when::ordinal(word).is_some()
                && [before, after]
                    .iter()
                    .any(|near| when::month(near).is_some()))
            || (is_count && !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()));
        if !is_filler && !is_fact {
            return false;
        }
        n_facts += u32::from(is_fact);
        before = word;
    }
    n_facts > 0
}

fn is_span(word: &str) -> bool {
    matches!(
        word,
        "day"
            | "days"
            | "week"
            | "weeks"
            | "month"
            | "months"
            | "quarter"
            | "quarters"
            | "year"
            | "years"
    )
}
