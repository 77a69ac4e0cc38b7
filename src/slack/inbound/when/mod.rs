//! The time at which something happened, in a person's words: `20 min ago`,
//! `02:19`, `yesterday 23:50 CET`.
//!
//! Pure: [`When::parse`] reads the words, [`When::instant`] says which instant
//! they mean to somebody in a time zone. It guesses only what nobody would
//! misunderstand; anything else is [`Unclear`], and the person is asked.

#[cfg(test)]
mod tests;

use std::iter;

use chrono::offset::LocalResult;
use chrono::{
    DateTime, Datelike, Days, FixedOffset, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike,
    Utc, Weekday,
};
use chrono_tz::{OffsetName, Tz};

use super::grammar::bare;

/// How far ahead of us a person's watch may be.
const WATCH_TOLERANCE: TimeDelta = TimeDelta::minutes(2);

/// The longest way back that words such as `3 days ago` reach.
const LONGEST_AGO: TimeDelta = TimeDelta::days(90);

/// When something happened, as a person said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// So long ago; `now` is no time ago.
    Ago(TimeDelta),
    /// At a moment of some calendar.
    At(Moment),
}

/// A moment, as far as it was said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moment {
    day: Option<Day>,
    clock: Option<NaiveTime>,
    zone: Option<Zone>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    Today,
    Yesterday,
    /// From yesterday's noon to today's.
    LastNight,
    The(Weekday),
    Date(NaiveDate),
    DateOfAYear {
        month: u32,
        day: u32,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Zone {
    Offset(FixedOffset),
    Named(Tz),
    Abbreviation(String),
}

/// Why words for a time name no instant; each says how to put it better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// Only a day was said.
    #[error("At what time? Say it like `yesterday 23:50`.")]
    NoTimeOfDay,
    /// The moment is yet to come.
    #[error("That time is still to come. Say when it was deployed, like `20 min ago` or `02:19`.")]
    ToCome,
    /// Clocks were set back, and it was that time twice.
    #[error("Clocks went back, so it was that time twice. Say which, like `02:19 UTC`.")]
    Twice,
    /// Clocks were set forward, and it was never that time.
    #[error("Clocks went forward, so it was never that time. Say it like `20 min ago` or in UTC.")]
    Never,
    /// The abbreviation names more than one zone, or none.
    #[error("Which time zone is that? Say it like `02:19 UTC` or `02:19 +05:30`.")]
    WhichZone,
}

impl When {
    /// Reads words for a time, or returns nothing if they are other words.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<String> = text
            .split_whitespace()
            .map(bare)
            .filter(|word| !word.is_empty())
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Self::of(&words)
    }

    /// Reads words in lower case and without the punctuation after them.
    pub(super) fn of(words: &[&str]) -> Option<Self> {
        let words = match words {
            ["at" | "about" | "around" | "on" | "since", rest @ ..] => rest,
            all => all,
        };
        if matches!(words, ["now"] | ["just" | "right", "now"]) {
            return Some(Self::Ago(TimeDelta::zero()));
        }
        ago(words)
            .map(Self::Ago)
            .or_else(|| moment(words).map(Self::At))
    }

    /// Whether the words say a time of day, or how long ago it was.
    pub fn says_a_time_of_day(&self) -> bool {
        match self {
            Self::Ago(_) => true,
            Self::At(moment) => moment.clock.is_some(),
        }
    }

    /// Whether the words name no day, so that the day is our guess.
    pub fn leaves_the_day_open(&self) -> bool {
        match self {
            Self::Ago(_) => false,
            Self::At(moment) => moment.day.is_none(),
        }
    }

    /// Returns the instant that is meant by somebody who says it at `now` and
    /// lives in `zone`. A time without a day is the latest that has passed.
    pub fn instant(&self, now: DateTime<Utc>, zone: Tz) -> Result<DateTime<Utc>, Unclear> {
        match self {
            Self::Ago(span) => Ok(now - *span),
            Self::At(moment) => moment.instant(now, zone),
        }
    }
}

impl Moment {
    fn instant(&self, now: DateTime<Utc>, own: Tz) -> Result<DateTime<Utc>, Unclear> {
        let clock = self.clock.ok_or(Unclear::NoTimeOfDay)?;
        match &self.zone {
            None => latest(self.day, clock, now, &own),
            Some(Zone::Named(zone)) => latest(self.day, clock, now, zone),
            Some(Zone::Offset(offset)) => latest(self.day, clock, now, offset),
            Some(Zone::Abbreviation(name)) => {
                let offset = offset_named(name, now, own).ok_or(Unclear::WhichZone)?;
                latest(self.day, clock, now, &offset)
            }
        }
    }
}

/// Returns the latest instant, not to come, at which clocks of the zone showed
/// the time on such a day.
fn latest<Z: TimeZone>(
    day: Option<Day>,
    clock: NaiveTime,
    now: DateTime<Utc>,
    zone: &Z,
) -> Result<DateTime<Utc>, Unclear> {
    let today = now.with_timezone(zone).date_naive();
    let days_back = |n: u64| today.checked_sub_days(Days::new(n));
    // An unsaid day may be yesterday, an unsaid week the last, an unsaid year the last.
    let candidates: Vec<NaiveDate> = match day {
        None => [days_back(0), days_back(1)].into_iter().flatten().collect(),
        Some(Day::Today) => vec![today],
        Some(Day::LastNight) if clock.hour() < 12 => vec![today],
        Some(Day::Yesterday | Day::LastNight) => days_back(1).into_iter().collect(),
        Some(Day::The(weekday)) => (0..=7)
            .filter_map(days_back)
            .filter(|date| date.weekday() == weekday)
            .collect(),
        Some(Day::Date(date)) => vec![date],
        Some(Day::DateOfAYear { month, day }) => [today.year(), today.year() - 1]
            .into_iter()
            .filter_map(|year| NaiveDate::from_ymd_opt(year, month, day))
            .collect(),
    };
    for date in candidates {
        let instant = match zone.from_local_datetime(&date.and_time(clock)) {
            LocalResult::Single(instant) => instant.to_utc(),
            // The second time is still to come, and perhaps the first is too.
            LocalResult::Ambiguous(first, second) if second.to_utc() > now + WATCH_TOLERANCE => {
                first.to_utc()
            }
            LocalResult::Ambiguous(..) => return Err(Unclear::Twice),
            LocalResult::None => return Err(Unclear::Never),
        };
        if instant <= now + WATCH_TOLERANCE {
            return Ok(instant.min(now));
        }
    }
    Err(Unclear::ToCome)
}

/// Abbreviations that mean one offset wherever they are used, in minutes.
/// `CST` and `IST` mean several and are understood only where they are local.
const ABBREVIATIONS: &[(&str, i32)] = &[
    ("utc", 0),
    ("gmt", 0),
    ("z", 0),
    ("wet", 0),
    ("west", 60),
    ("bst", 60),
    ("cet", 60),
    ("cest", 120),
    ("eet", 120),
    ("eest", 180),
    ("msk", 180),
    ("sgt", 480),
    ("hkt", 480),
    ("awst", 480),
    ("jst", 540),
    ("kst", 540),
    ("aest", 600),
    ("aedt", 660),
    ("nzst", 720),
    ("nzdt", 780),
    ("edt", -240),
    ("est", -300),
    ("cdt", -300),
    ("mdt", -360),
    ("mst", -420),
    ("pdt", -420),
    ("pst", -480),
];

/// Abbreviations that only some zones' inhabitants can mean.
const LOCAL_ABBREVIATIONS: &[&str] = &["cst", "ist"];

fn offset_named(name: &str, now: DateTime<Utc>, own: Tz) -> Option<FixedOffset> {
    if let Some((_, minutes)) = ABBREVIATIONS.iter().find(|(known, _)| *known == name) {
        return FixedOffset::east_opt(minutes * 60);
    }
    // No winter or summer is so short that it falls between these days.
    [0, 91, 182, 273]
        .into_iter()
        .map(|days| now - TimeDelta::days(days))
        .map(|at| own.offset_from_utc_datetime(&at.naive_utc()))
        .find(|offset| {
            offset
                .abbreviation()
                .is_some_and(|known| known.eq_ignore_ascii_case(name))
        })
        .map(|offset| chrono::Offset::fix(&offset))
}

/// `20 min ago`, `1h20m`, `an hour and a half ago`.
fn ago(words: &[&str]) -> Option<TimeDelta> {
    let mut rest = match words {
        [span @ .., "ago" | "back" | "earlier"] | span => span,
    };
    let mut sum: Option<TimeDelta> = None;
    let mut last_unit = TimeDelta::zero();
    while !rest.is_empty() {
        let (part, after) = match rest {
            ["and", "a", "half", after @ ..] if sum.is_some() => (last_unit / 2, after),
            ["and", after @ ..] if sum.is_some() && !after.is_empty() => (TimeDelta::zero(), after),
            ["half", "a" | "an", unit, after @ ..] | ["half", unit, after @ ..]
                if self::unit(unit).is_some() =>
            {
                (self::unit(unit)? / 2, after)
            }
            ["a" | "an", unit, after @ ..] if self::unit(unit).is_some() => {
                last_unit = self::unit(unit)?;
                (last_unit, after)
            }
            [amount, unit, after @ ..] if self::unit(unit).is_some() => {
                last_unit = self::unit(unit)?;
                (times(amount, last_unit)?, after)
            }
            [glued, after @ ..] => (glued_span(glued)?, after),
            [] => return None,
        };
        sum = Some(sum.unwrap_or_default().checked_add(&part)?);
        rest = after;
    }
    sum.filter(|span| *span <= LONGEST_AGO)
}

/// `1h20m`, `20min`, `~5m`.
fn glued_span(word: &str) -> Option<TimeDelta> {
    let mut rest = word.trim_start_matches('~');
    let mut sum: Option<TimeDelta> = None;
    while !rest.is_empty() {
        let (amount, after) = split(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, after) = split(after, |c| c.is_ascii_alphabetic());
        let part = times(amount, self::unit(unit)?)?;
        sum = Some(sum.unwrap_or_default().checked_add(&part)?);
        rest = after;
    }
    sum
}

/// Multiplies a unit by `20` or `1.5`.
fn times(amount: &str, unit: TimeDelta) -> Option<TimeDelta> {
    let (whole, tenths) = match amount.trim_start_matches('~').split_once('.') {
        Some((whole, tenth)) => (number(whole, 99_999)?, number(tenth, 9)?),
        None => (number(amount.trim_start_matches('~'), 99_999)?, 0),
    };
    let tenths = i32::try_from(whole * 10 + tenths).ok()?;
    unit.checked_mul(tenths).map(|span| span / 10)
}

fn unit(word: &str) -> Option<TimeDelta> {
    Some(match word {
        "s" | "sec" | "secs" | "second" | "seconds" => TimeDelta::seconds(1),
        "m" | "min" | "mins" | "minute" | "minutes" => TimeDelta::minutes(1),
        "h" | "hr" | "hrs" | "hour" | "hours" => TimeDelta::hours(1),
        "d" | "day" | "days" => TimeDelta::days(1),
        "w" | "week" | "weeks" => TimeDelta::weeks(1),
        _ => return None,
    })
}

/// `02:19`, `yesterday 23:50 CET`, `2026-11-21 02:19Z`, `Nov 21 at 2:19 am`.
fn moment(words: &[&str]) -> Option<Moment> {
    let mut moment = Moment::default();
    let mut rest = words;
    while !rest.is_empty() {
        rest = match rest {
            ["at" | "on", after @ ..] if !after.is_empty() => after,
            [hour, half @ ("am" | "pm"), after @ ..] => {
                moment.set_clock((time_of_day(&format!("{hour}{half}"))?, None))?;
                after
            }
            _ => {
                if let Some((day, after)) = day(rest) {
                    moment.set_day(day)?;
                    after
                } else {
                    let (word, after) = rest.split_first()?;
                    if let Some(read) = clock(word) {
                        moment.set_clock(read)?;
                    } else if let Some((date, read)) = word
                        .split_once('t')
                        .and_then(|(date, time)| Some((self::date(date)?, clock(time)?)))
                    {
                        moment.set_day(Day::Date(date))?;
                        moment.set_clock(read)?;
                    } else {
                        moment.set_zone(zone(word)?)?;
                    }
                    after
                }
            }
        };
    }
    (moment.day.is_some() || moment.clock.is_some()).then_some(moment)
}

impl Moment {
    /// What is said twice isn't understood.
    fn set_day(&mut self, day: Day) -> Option<()> {
        self.day.replace(day).is_none().then_some(())
    }

    fn set_clock(&mut self, (clock, zone): (NaiveTime, Option<Zone>)) -> Option<()> {
        if let Some(zone) = zone {
            self.set_zone(zone)?;
        }
        self.clock.replace(clock).is_none().then_some(())
    }

    fn set_zone(&mut self, zone: Zone) -> Option<()> {
        self.zone.replace(zone).is_none().then_some(())
    }
}

/// Reads a day at the beginning of the words.
fn day<'a, 'b>(words: &'a [&'b str]) -> Option<(Day, &'a [&'b str])> {
    let of_year = |month: &str, day: &str, year: &str| {
        let date = NaiveDate::from_ymd_opt(self::year(year)?, self::month(month)?, ordinal(day)?);
        date.map(Day::Date)
    };
    let of_any_year = |month: &str, day: &str| {
        let (month, day) = (self::month(month)?, ordinal(day)?);
        // A leap year knows all days that there can be.
        NaiveDate::from_ymd_opt(2024, month, day).map(|_| Day::DateOfAYear { month, day })
    };
    if let [one, two, year, after @ ..] = words
        && let Some(day) = of_year(one, two, year).or_else(|| of_year(two, one, year))
    {
        return Some((day, after));
    }
    if let [one, two, after @ ..] = words
        && let Some(day) = of_any_year(one, two).or_else(|| of_any_year(two, one))
    {
        return Some((day, after));
    }
    match words {
        ["last", "night", after @ ..] => Some((Day::LastNight, after)),
        ["this", "morning" | "afternoon" | "evening", after @ ..]
        | ["today" | "tonight", after @ ..] => Some((Day::Today, after)),
        ["yesterday", after @ ..] => Some((Day::Yesterday, after)),
        ["last", name, after @ ..] | [name, after @ ..] if weekday(name).is_some() => {
            Some((Day::The(weekday(name)?), after))
        }
        [word, after @ ..] => date(word).map(|date| (Day::Date(date), after)),
        [] => None,
    }
}

/// Reads a time of day, with the zone that may be glued to it: `02:19z`.
fn clock(word: &str) -> Option<(NaiveTime, Option<Zone>)> {
    let word = word.trim_start_matches('~');
    if let Some(time) = time_of_day(word) {
        return Some((time, None));
    }
    let (face, glued) = split(word, |c| matches!(c, '0'..='9' | ':' | '.'));
    Some((time_of_day(face)?, Some(zone(glued)?)))
}

/// `2:19`, `02:19:05`, `02:19:05.123`, `2am`, `2:19pm`, `noon`.
fn time_of_day(word: &str) -> Option<NaiveTime> {
    match word {
        "noon" => return NaiveTime::from_hms_opt(12, 0, 0),
        "midnight" => return NaiveTime::from_hms_opt(0, 0, 0),
        _ => {}
    }
    let half = [("am", 0), ("pm", 12)]
        .into_iter()
        .find_map(|(name, hours)| Some((word.strip_suffix(name)?, hours)));
    let (face, half) = half.map_or((word, None), |(face, hours)| (face, Some(hours)));
    let mut parts = face.split(':');
    let mut hour = number(parts.next()?, 23)?;
    let minute = match (parts.next(), half) {
        (Some(minute), _) => minute,
        // `2am` is a time; `2` alone is a number.
        (None, Some(_)) => "00",
        (None, None) => return None,
    };
    let second = parts.next().unwrap_or("00");
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
    if parts.next().is_some() || minute.len() != 2 || second.len() != 2 || fraction.len() > 9 {
        return None;
    }
    if let Some(hours) = half {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + hours;
    }
    let nanos: String = fraction.chars().chain(iter::repeat('0')).take(9).collect();
    NaiveTime::from_hms_nano_opt(
        hour,
        number(minute, 59)?,
        number(second, 59)?,
        number(&nanos, 999_999_999)?,
    )
}

fn zone(word: &str) -> Option<Zone> {
    let signed = word
        .strip_prefix("utc")
        .or_else(|| word.strip_prefix("gmt"))
        .unwrap_or(word);
    for (sign, east) in [('+', 1), ('-', -1), ('−', -1)] {
        if let Some(offset) = signed.strip_prefix(sign) {
            let (hours, minutes) = match offset.split_once(':') {
                Some((hours, minutes)) => (hours, minutes),
                None if offset.len() == 4 => offset.split_at_checked(2)?,
                None => (offset, "00"),
            };
            let seconds = (number(hours, 14)? * 60 + number(minutes, 59)?) * 60;
            let seconds = i32::try_from(seconds).ok()?;
            return FixedOffset::east_opt(east * seconds).map(Zone::Offset);
        }
    }
    if ABBREVIATIONS.iter().any(|(known, _)| *known == word) || LOCAL_ABBREVIATIONS.contains(&word)
    {
        return Some(Zone::Abbreviation(word.to_owned()));
    }
    // Without its stroke a zone's name may be any word: `Japan`, `Navajo`.
    word.contains('/').then_some(())?;
    chrono_tz::TZ_VARIANTS
        .iter()
        .find(|zone| zone.name().eq_ignore_ascii_case(word))
        .map(|zone| Zone::Named(*zone))
}

fn weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "mon" | "monday" => Weekday::Mon,
        "tue" | "tues" | "tuesday" => Weekday::Tue,
        "wed" | "wednesday" => Weekday::Wed,
        "thu" | "thur" | "thurs" | "thursday" => Weekday::Thu,
        "fri" | "friday" => Weekday::Fri,
        "sat" | "saturday" => Weekday::Sat,
        "sun" | "sunday" => Weekday::Sun,
        _ => return None,
    })
}

/// `2026-11-21`.
pub(super) fn date(word: &str) -> Option<NaiveDate> {
    let (year, rest) = word.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    if month.len() != 2 || day.len() != 2 {
        return None;
    }
    NaiveDate::from_ymd_opt(self::year(year)?, number(month, 12)?, number(day, 31)?)
}

/// `november`, `nov`, `sept`; the month's number.
pub(super) fn month(word: &str) -> Option<u32> {
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
    (1..)
        .zip(MONTHS)
        .find(|(_, name)| {
            *name == word
                || (word.len() == 3 && name.starts_with(word))
                || (*name == "september" && word == "sept")
        })
        .map(|(number, _)| number)
}

/// `2026`; of this century.
pub(super) fn year(word: &str) -> Option<i32> {
    (word.len() == 4).then_some(())?;
    let year = number(word, 2099)?;
    (year >= 2000).then(|| i32::try_from(year).ok()).flatten()
}

/// `21`, `21st`; a day's number in its month.
pub(super) fn ordinal(word: &str) -> Option<u32> {
    let day = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|ending| word.strip_suffix(ending))
        .unwrap_or(word);
    number(day, 31).filter(|day| *day > 0)
}

/// Reads digits and nothing else, not above `most`.
fn number(word: &str, most: u32) -> Option<u32> {
    let is_number = !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    is_number
        .then(|| word.parse().ok())
        .flatten()
        .filter(|n| *n <= most)
}

/// Splits a word after the characters at its beginning that are wanted.
fn split(word: &str, is_wanted: impl Fn(char) -> bool) -> (&str, &str) {
    word.split_at(word.find(|c| !is_wanted(c)).unwrap_or(word.len()))
}
