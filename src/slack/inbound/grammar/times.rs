//! The shapes of words that name a time or a span, so that a subcommand can be
//! told from a request. It says whether words have the shape; which instant
//! they mean is decided where somebody's time zone is known.

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

/// Whether the words say when something happened: `20 min ago`, `at 02:19`,
/// `yesterday 23:50 CET`, `just now`.
pub(super) fn is_time(words: &[&str]) -> bool {
    let rest = match words {
        ["at" | "about" | "around" | "on" | "since", rest @ ..] => rest,
        all => all,
    };
    matches!(rest, ["now"] | ["just" | "right", "now"]) || is_while_ago(rest) || is_moment(rest)
}

/// `20 min ago`, `1h20m`, `an hour and a half ago`.
fn is_while_ago(words: &[&str]) -> bool {
    let mut rest = match words {
        [span @ .., "ago" | "back" | "earlier"] | span => span,
    };
    let mut n_parts = 0;
    loop {
        rest = match rest {
            [] => return n_parts > 0,
            ["and", "a", "half", after @ ..] if n_parts > 0 => after,
            ["and", after @ ..] if n_parts > 0 && !after.is_empty() => after,
            ["half" | "a" | "an", unit, after @ ..] if is_unit(unit) => after,
            ["half", "a" | "an", unit, after @ ..] if is_unit(unit) => after,
            [count, unit, after @ ..] if is_amount(count) && is_unit(unit) => after,
            [glued, after @ ..] if is_glued_span(glued) => after,
            _ => return false,
        };
        n_parts += 1;
    }
}

/// `1h20m`, `20min`, `~5m`.
fn is_glued_span(word: &str) -> bool {
    let mut rest = word.trim_start_matches('~');
    while !rest.is_empty() {
        let (amount, after) = split_number(rest);
        let length = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(length);
        if !is_amount(amount) || !is_unit(unit) {
            return false;
        }
        rest = after;
    }
    !word.is_empty()
}

fn is_amount(word: &str) -> bool {
    let word = word.trim_start_matches('~');
    // Four digits reach a week in minutes; more is no time that anybody says.
    (1..=5).contains(&word.len())
        && word.starts_with(|c: char| c.is_ascii_digit())
        && word.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn is_unit(word: &str) -> bool {
    matches!(
        word,
        "s" | "sec"
            | "secs"
            | "second"
            | "seconds"
            | "m"
            | "min"
            | "mins"
            | "minute"
            | "minutes"
            | "h"
            | "hr"
            | "hrs"
            | "hour"
            | "hours"
            | "d"
            | "day"
            | "days"
            | "w"
            | "week"
            | "weeks"
    )
}

/// `02:19`, `yesterday 23:50 CET`, `2026-11-21 02:19Z`, `Nov 21 at 2:19 am`.
fn is_moment(words: &[&str]) -> bool {
    let mut rest = words;
    let mut n_facts = 0;
    loop {
        rest = match rest {
            [] => return n_facts > 0,
            ["at" | "on", after @ ..] if !after.is_empty() => after,
            [zone, after @ ..] if n_facts > 0 && is_zone(zone) => after,
            fact => {
                n_facts += 1;
                match fact {
                    [hour, "am" | "pm", after @ ..]
                        if is_clock(hour) || is_number_up_to(hour, 12) =>
                    {
                        after
                    }
                    ["last", "night", after @ ..]
                    | ["this", "morning" | "afternoon" | "evening", after @ ..] => after,
                    ["last" | "on", day, after @ ..] if is_weekday(day) => after,
                    [month, day, year, after @ ..]
                        if is_month(month) && is_day_of_month(day) && is_year(year) =>
                    {
                        after
                    }
                    [day, month, year, after @ ..]
                        if is_month(month) && is_day_of_month(day) && is_year(year) =>
                    {
                        after
                    }
                    [month, day, after @ ..] if is_month(month) && is_day_of_month(day) => after,
                    [day, month, after @ ..] if is_month(month) && is_day_of_month(day) => after,
                    [word, after @ ..]
                        if is_clock(word)
                            || is_date(word)
                            || is_date_and_clock(word)
                            || is_weekday(word)
                            || matches!(
                                *word,
                                "today" | "yesterday" | "tonight" | "noon" | "midnight"
                            ) =>
                    {
                        after
                    }
                    _ => return false,
                }
            }
        };
    }
}

/// `2:19`, `02:19:05`, `2am`, `2:19pm`, `02:19z`, `02:19+01:00`.
fn is_clock(word: &str) -> bool {
    let word = word.trim_start_matches('~');
    if let Some(hour) = word.strip_suffix("am").or_else(|| word.strip_suffix("pm"))
        && (is_number_up_to(hour, 12) || is_clock_face(hour))
    {
        return true;
    }
    let length = word
        .find(|c: char| !matches!(c, '0'..='9' | ':' | '.'))
        .unwrap_or(word.len());
    let (face, zone) = word.split_at(length);
    is_clock_face(face) && (zone.is_empty() || is_zone(zone))
}

fn is_clock_face(face: &str) -> bool {
    let mut parts = face.split(':');
    let hour = parts.next().unwrap_or_default();
    let minute = parts.next().unwrap_or_default();
    let second = parts.next();
    is_number_up_to(hour, 23)
        && minute.len() == 2
        && is_number_up_to(minute, 59)
        && second.is_none_or(|second| {
            let whole = second.split('.').next().unwrap_or_default();
            whole.len() == 2 && is_number_up_to(whole, 59)
        })
        && parts.next().is_none()
}

fn is_date_and_clock(word: &str) -> bool {
    word.split_once('t')
        .is_some_and(|(date, clock)| is_date(date) && is_clock(clock))
}

/// `2026-11-21`.
fn is_date(word: &str) -> bool {
    let mut parts = word.split('-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    year.is_some_and(is_year)
        && month.is_some_and(|m| m.len() == 2 && is_number_up_to(m, 12))
        && day.is_some_and(|d| d.len() == 2 && is_number_up_to(d, 31))
        && parts.next().is_none()
}

/// `2026-10`.
fn is_year_and_month(word: &str) -> bool {
    word.split_once('-').is_some_and(|(year, month)| {
        is_year(year) && month.len() == 2 && is_number_up_to(month, 12)
    })
}

const ABBREVIATIONS: [&str; 29] = [
    "utc", "z", "gmt", "cet", "cest", "wet", "west", "eet", "eest", "msk", "bst", "ist", "est",
    "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt", "jst", "kst", "sgt", "hkt", "aest", "aedt",
    "awst", "nzst", "nzdt",
];

fn is_zone(word: &str) -> bool {
    if let Some(offset) = word
        .trim_start_matches("utc")
        .trim_start_matches("gmt")
        .strip_prefix(['+', '-', '−'])
    {
        let digits = offset.replacen(':', "", 1);
        return (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    }
    ABBREVIATIONS.contains(&word)
        || (word.contains('/')
            && chrono_tz::TZ_VARIANTS
                .iter()
                .any(|zone| zone.name().eq_ignore_ascii_case(word)))
}

fn is_weekday(word: &str) -> bool {
    matches!(
        word,
        "mon"
            | "monday"
            | "tue"
            | "tues"
            | "tuesday"
            | "wed"
            | "wednesday"
            | "thu"
            | "thur"
            | "thurs"
            | "thursday"
            | "fri"
            | "friday"
            | "sat"
            | "saturday"
            | "sun"
            | "sunday"
    )
}

fn is_month(word: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    word == "sept"
        || MONTHS
            .iter()
            .any(|m| *m == word || (word.len() == 3 && m.starts_with(word)))
}

fn is_day_of_month(word: &str) -> bool {
    let day = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|ending| word.strip_suffix(ending))
        .unwrap_or(word);
    day != "0" && is_number_up_to(day, 31)
}

fn is_year(word: &str) -> bool {
    word.len() == 4 && word.starts_with("20") && is_number_up_to(word, 2099)
}

fn is_number_up_to(word: &str, most: u16) -> bool {
    word.bytes().all(|b| b.is_ascii_digit()) && word.parse::<u16>().is_ok_and(|n| n <= most)
}

fn split_number(word: &str) -> (&str, &str) {
    let length = word
        .find(|c: char| !matches!(c, '0'..='9' | '.' | '~'))
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
            || is_date(word)
            || is_year_and_month(word)
            || is_year(word)
            || is_month(word)
            || matches!(word, "q1" | "q2" | "q3" | "q4" | "today" | "yesterday")
            || (is_day_of_month(word) && (is_month(before) || is_month(after)))
            || word
                .split_once("..")
                .is_some_and(|(from, to)| is_date(from) && is_date(to))
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
