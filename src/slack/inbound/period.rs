//! Words that name the period of a pack, and what is drawn from it: `last quarter`,
//! `2026-07-01 2026-09-30`, `q3 2026 sample 25 seed 7`. Pure: today is a parameter.

use chrono::{Datelike as _, Days, Months, NaiveDate};

use super::grammar::bare;
use super::when;

/// A period, and how its samples are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first day.
    pub first_day: NaiveDate,
    /// Its last day.
    pub last_day: NaiveDate,
    /// How many changes are sampled; nothing: as many as is usual.
    pub sample: Option<u32>,
    /// By which seed; nothing: by the checkpoint's root.
    pub seed: Option<u32>,
}

/// Why words name no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPeriod {
    /// They aren't understood.
    #[error("I can't read a period in that")]
    Unread,
    /// It ends before it begins.
    #[error("That ends on {last_day}, before it begins on {first_day}")]
    Backwards {
        /// The first day.
        first_day: NaiveDate,
        /// The last one.
        last_day: NaiveDate,
    },
    /// Nothing of it is over.
    #[error("That begins on {0}, which hasn't come yet")]
    Ahead(NaiveDate),
}

/// Days from the first to the last.
type Span = (NaiveDate, NaiveDate);

/// What calendars count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "day" | "days" => Self::Day,
            "week" | "weeks" => Self::Week,
            "month" | "months" => Self::Month,
            "quarter" | "quarters" => Self::Quarter,
            "year" | "years" => Self::Year,
            _ => return None,
        })
    }

    /// The first day of the one in which a day is. Weeks begin on Monday.
    fn begin(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Day => Some(day),
            Self::Week => {
                day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into()))
            }
            Self::Month => day.with_day(1),
            Self::Quarter => day.with_day(1)?.with_month(day.month0() / 3 * 3 + 1),
            Self::Year => NaiveDate::from_ymd_opt(day.year(), 1, 1),
        }
    }

    /// The day so many of them after the first of one; before it, if negative.
    fn step(self, from: NaiveDate, n: i32) -> Option<NaiveDate> {
        let months = match self {
            Self::Day | Self::Week => {
                let days = i64::from(n) * if self == Self::Week { 7 } else { 1 };
                return from.checked_add_signed(chrono::TimeDelta::days(days));
            }
            Self::Month => n.checked_mul(1)?,
            Self::Quarter => n.checked_mul(3)?,
            Self::Year => n.checked_mul(12)?,
        };
        let by = Months::new(months.unsigned_abs());
        if months < 0 {
            from.checked_sub_months(by)
        } else {
            from.checked_add_months(by)
        }
    }

    /// So many whole ones from a first day on.
    fn span(self, from: NaiveDate, n: i32) -> Option<Span> {
        Some((from, self.step(from, n)?.pred_opt()?))
    }
}

/// The quarter before the one of today: what is asked for most.
pub fn last_quarter(today: NaiveDate) -> Option<Span> {
    let begin = Unit::Quarter.begin(today)?;
    Unit::Quarter.span(Unit::Quarter.step(begin, -1)?, 1)
}

/// Reads words as a period up to `today` or before.
pub fn period(words: &str, today: NaiveDate) -> Result<Period, NoPeriod> {
    let words: Vec<String> = words
        .split_whitespace()
        .map(|word| bare(word).trim_start_matches("--").to_owned())
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut reading = Reading {
        words: &words,
        today,
    };
    let (mut spans, mut sample, mut seed) = (Vec::new(), None, None);
    while let Some((first, rest)) = reading.words.split_first() {
        match *first {
            "sample" | "samples" if sample.is_none() => {
                reading.words = rest;
                sample = Some(reading.figure().ok_or(NoPeriod::Unread)?);
            }
            "seed" if seed.is_none() => {
                reading.words = rest;
                seed = Some(reading.figure().ok_or(NoPeriod::Unread)?);
            }
            "from" | "to" | "until" | "till" | "through" | "between" | "and" | "for" | "of"
            | "the" | "in" | "-" | "–" | "—" | "" => reading.words = rest,
            figure if matches!(rest.first(), Some(&"sample" | &"samples")) && sample.is_none() => {
                sample = Some(figure.parse().map_err(|_| NoPeriod::Unread)?);
                reading.words = rest.get(1..).unwrap_or_default();
            }
            _ => spans.push(reading.span().ok_or(NoPeriod::Unread)?),
        }
    }
    let (first_day, last_day) = match spans.as_slice() {
        [(first, last)] | [(first, _), (_, last)] => (*first, *last),
        _ => return Err(NoPeriod::Unread),
    };
    if last_day < first_day {
        return Err(NoPeriod::Backwards {
            first_day,
            last_day,
        });
    }
    if first_day > today {
        return Err(NoPeriod::Ahead(first_day));
    }
    Ok(Period {
        first_day,
        last_day,
        sample,
        seed,
    })
}

/// The words that aren't read yet.
struct Reading<'a> {
    words: &'a [&'a str],
    today: NaiveDate,
}

impl<'a> Reading<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    /// Takes the next word if it can be read so.
    fn take<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let read = read(self.words.first()?)?;
        self.words = self.words.get(1..)?;
        Some(read)
    }

    fn figure(&mut self) -> Option<u32> {
        self.take(|word| word.parse().ok())
    }

    /// Reads one part of the line: a day, a month, a quarter, a year, or so many of
    /// them up to now.
    fn span(&mut self) -> Option<Span> {
        let today = self.today;
        let word = self.next()?;
        if let Some((from, to)) = word.split_once("..") {
            return Some((when::date(from)?, when::date(to)?));
        }
        if let Some(day) = when::date(word) {
            return Some((day, day));
        }
        if let Some(first) = when::date(&format!("{word}-01")) {
            return Unit::Month.span(first, 1);
        }
        if let Some(year) = when::year(word) {
            if let Some(quarter) = self.take(quarter) {
                return quarter_of(year, quarter);
            }
            return Unit::Year.span(NaiveDate::from_ymd_opt(year, 1, 1)?, 1);
        }
        if let Some(quarter) = quarter(word) {
            let begun = |year| quarter_of(year, quarter).filter(|(first, _)| *first <= today);
            return match self.take(when::year) {
                Some(year) => quarter_of(year, quarter),
                None => begun(today.year()).or_else(|| begun(today.year() - 1)),
            };
        }
        if let Some(month) = when::month(word) {
            let day = self.take(when::ordinal);
            return self.month(month, day);
        }
        if let Some(day) = when::ordinal(word)
            && let Some(month) = self.take(when::month)
        {
            return self.month(month, Some(day));
        }
        match word {
            "today" => Some((today, today)),
            "yesterday" => today.pred_opt().map(|day| (day, day)),
            "this" => {
                let begin = self.take(Unit::of)?.begin(today)?;
                Some((begin, today))
            }
            "last" | "past" | "previous" => self.before(),
            _ => None,
        }
    }

    /// A month, or a day of it: of the year that is named, else the newest that has
    /// begun.
    fn month(&mut self, month: u32, day: Option<u32>) -> Option<Span> {
        let of = |year| {
            let first = NaiveDate::from_ymd_opt(year, month, day.unwrap_or(1))?;
            match day {
                Some(_) => Some((first, first)),
                None => Unit::Month.span(first, 1),
            }
        };
        let today = self.today;
        let begun = |year| of(year).filter(|(first, _)| *first <= today);
        match self.take(when::year) {
            Some(year) => of(year),
            None => begun(today.year()).or_else(|| begun(today.year() - 1)),
        }
    }

    /// What comes after `last`: whole calendar units before the one of today, a month
    /// by its name, or so many days up to today.
    fn before(&mut self) -> Option<Span> {
        let today = self.today;
        if let Some(month) = self.take(when::month) {
            let span = self.month(month, None)?;
            // In October, the last one was a year ago.
            let is_this = span.0 <= today && today <= span.1;
            return if is_this {
                Unit::Month.span(Unit::Year.step(span.0, -1)?, 1)
            } else {
                Some(span)
            };
        }
        let n = self.take(|word| word.parse().ok().filter(|n: &i32| *n > 0));
        let unit = self.take(Unit::of)?;
        let n = n.unwrap_or(1);
        if unit == Unit::Day {
            return Some((Unit::Day.step(today, 1 - n)?, today));
        }
        unit.span(unit.step(unit.begin(today)?, n.checked_neg()?)?, n)
    }
}

fn quarter(word: &str) -> Option<u32> {
    match word {
        "q1" => Some(1),
        "q2" => Some(2),
        "q3" => Some(3),
        "q4" => Some(4),
        _ => None,
    }
}

fn quarter_of(year: i32, quarter: u32) -> Option<Span> {
    Unit::Quarter.span(NaiveDate::from_ymd_opt(year, quarter * 3 - 2, 1)?, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(word: &str) -> NaiveDate {
        word.parse().unwrap()
    }

    /// Read on a Wednesday in November.
    fn read(words: &str) -> Result<Period, NoPeriod> {
        period(words, day("2026-11-18"))
    }

    #[test]
    fn a_period_is_read_as_people_say_it() {
        for (words, first_day, last_day) in [
            ("2026-07-01 2026-09-30", "2026-07-01", "2026-09-30"),
            ("2026-07-01..2026-09-30", "2026-07-01", "2026-09-30"),
            (
                "--from 2026-07-01 --to 2026-09-30",
                "2026-07-01",
                "2026-09-30",
            ),
            ("between 2026-07 and 2026-09", "2026-07-01", "2026-09-30"),
            ("2026-10-15", "2026-10-15", "2026-10-15"),
            ("2026-02", "2026-02-01", "2026-02-28"),
            ("2025", "2025-01-01", "2025-12-31"),
            ("Q3 2026", "2026-07-01", "2026-09-30"),
            ("2026 q3.", "2026-07-01", "2026-09-30"),
            ("q4", "2026-10-01", "2026-12-31"),
            ("last quarter", "2026-07-01", "2026-09-30"),
            ("the last 2 quarters", "2026-04-01", "2026-09-30"),
            ("this quarter", "2026-10-01", "2026-11-18"),
            ("last month", "2026-10-01", "2026-10-31"),
            ("last october", "2026-10-01", "2026-10-31"),
            ("last november", "2025-11-01", "2025-11-30"),
            ("december", "2025-12-01", "2025-12-31"),
            ("15 october", "2026-10-15", "2026-10-15"),
            ("October 15th 2025", "2025-10-15", "2025-10-15"),
            ("october to november", "2026-10-01", "2026-11-30"),
            ("last week", "2026-11-09", "2026-11-15"),
            ("this week", "2026-11-16", "2026-11-18"),
            ("last 90 days", "2026-08-21", "2026-11-18"),
            ("previous year", "2025-01-01", "2025-12-31"),
            ("yesterday", "2026-11-17", "2026-11-17"),
        ] {
            let read = read(words).unwrap();
            let days = (read.first_day, read.last_day);
            assert_eq!(days, (day(first_day), day(last_day)), "{words}");
            assert_eq!((read.sample, read.seed), (None, None), "{words}");
        }
    }

    #[test]
    fn a_sample_and_its_seed_are_read_beside_it() {
        for words in ["q3 2026 sample 40 seed 7", "40 samples for q3 2026 seed 7"] {
            let read = read(words).unwrap();
            assert_eq!((read.sample, read.seed), (Some(40), Some(7)), "{words}");
            assert_eq!(read.first_day, day("2026-07-01"), "{words}");
        }
    }

    #[test]
    fn what_is_no_period_is_said_and_never_guessed() {
        for words in [
            "2026-02-30",
            "2026-13-01 2026-14-01",
            "2026-01-01 2026-02-01 2026-03-01",
            "sample 25",
            "last",
            "last 0 quarters",
            "last 999999999 years",
            "seed seven",
            "of the",
            "",
        ] {
            assert_eq!(read(words), Err(NoPeriod::Unread), "{words}");
        }
        assert_eq!(
            read("2026-09-30 2026-07-01"),
            Err(NoPeriod::Backwards {
                first_day: day("2026-09-30"),
                last_day: day("2026-07-01")
            })
        );
        assert_eq!(read("q1 2027"), Err(NoPeriod::Ahead(day("2027-01-01"))));
    }

    #[test]
    fn the_last_quarter_is_the_one_that_is_over() {
        let of = |today: &str| last_quarter(day(today)).unwrap();
        assert_eq!(of("2026-11-18"), (day("2026-07-01"), day("2026-09-30")));
        assert_eq!(of("2026-01-01"), (day("2025-10-01"), day("2025-12-31")));
    }
}
