//! What people say of a time, and what they mean.

use chrono_tz::{Asia, Europe, US};
use proptest::prelude::*;

use super::*;

/// Saturday, 17 October 2026, 02:30 in Berlin; there it is summer.
fn now() -> DateTime<Utc> {
    "2026-10-17T00:30:00Z".parse().unwrap()
}

#[track_caller]
fn means(table: &[(&str, &str)], now: DateTime<Utc>, zone: Tz) {
    for (words, expected) in table {
        let instant = When::parse(words)
            .unwrap_or_else(|| panic!("{words} is a time"))
            .instant(now, zone)
            .map(|at| at.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string());
        assert_eq!(instant.as_deref(), Ok(*expected), "{words}");
    }
}

#[test]
fn a_while_ago_is_counted_from_now() {
    means(
        &[
            ("now", "2026-10-17T00:30:00Z"),
            ("just now", "2026-10-17T00:30:00Z"),
            ("20 min ago", "2026-10-17T00:10:00Z"),
            ("20min", "2026-10-17T00:10:00Z"),
            ("1h20m ago", "2026-10-16T23:10:00Z"),
            ("1 h and 20 min ago", "2026-10-16T23:10:00Z"),
            ("an hour and a half ago", "2026-10-16T23:00:00Z"),
            ("half an hour ago", "2026-10-17T00:00:00Z"),
            ("half hour ago", "2026-10-17T00:00:00Z"),
            ("1.5 hours ago", "2026-10-16T23:00:00Z"),
            ("about ~5m ago", "2026-10-17T00:25:00Z"),
            ("2 days ago", "2026-10-15T00:30:00Z"),
            ("20\u{a0}min\u{200b} ago.", "2026-10-17T00:10:00Z"),
        ],
        now(),
        Europe::Berlin,
    );
}

#[test]
fn a_time_without_a_day_is_the_latest_that_has_passed() {
    means(
        &[
            ("02:19", "2026-10-17T00:19:00Z"),
            ("at 2:19 am", "2026-10-17T00:19:00Z"),
            ("2am", "2026-10-17T00:00:00Z"),
            ("12am", "2026-10-16T22:00:00Z"),
            ("23:50", "2026-10-16T21:50:00Z"),
            ("11:50pm", "2026-10-16T21:50:00Z"),
            ("noon", "2026-10-16T10:00:00Z"),
            // Nobody's watch is exact, and nothing was deployed in the future.
            ("02:31", "2026-10-17T00:30:00Z"),
            ("02:33", "2026-10-16T00:33:00Z"),
            ("02:19:05.25", "2026-10-17T00:19:05.250Z"),
        ],
        now(),
        Europe::Berlin,
    );
}

#[test]
fn days_are_those_of_the_person_who_says_them() {
    means(
        &[
            ("today 02:19", "2026-10-17T00:19:00Z"),
            ("yesterday 23:50", "2026-10-16T21:50:00Z"),
            ("last night 23:50", "2026-10-16T21:50:00Z"),
            ("last night 1:15", "2026-10-16T23:15:00Z"),
            ("friday 23:50", "2026-10-16T21:50:00Z"),
            ("Saturday 23:50", "2026-10-10T21:50:00Z"),
            ("last sat at 02:19", "2026-10-17T00:19:00Z"),
            ("2026-10-16 02:19", "2026-10-16T00:19:00Z"),
            ("Oct 16th at 02:19", "2026-10-16T00:19:00Z"),
            ("16 oct 2025, 02:19", "2025-10-16T00:19:00Z"),
            ("December 24 18:00", "2025-12-24T17:00:00Z"),
        ],
        now(),
        Europe::Berlin,
    );
    means(
        &[
            ("yesterday 23:50", "2026-10-16T03:50:00Z"),
            ("today 20:19", "2026-10-17T00:19:00Z"),
        ],
        now(),
        US::Eastern,
    );
}

#[test]
fn a_zone_that_is_said_is_the_one_that_counts() {
    means(
        &[
            ("00:19 UTC", "2026-10-17T00:19:00Z"),
            ("00:19Z", "2026-10-17T00:19:00Z"),
            ("yesterday 23:50 CET", "2026-10-16T22:50:00Z"),
            ("20:19 EDT", "2026-10-17T00:19:00Z"),
            ("05:49 +05:30", "2026-10-17T00:19:00Z"),
            ("05:49 UTC+0530", "2026-10-17T00:19:00Z"),
            ("20:19-04:00", "2026-10-17T00:19:00Z"),
            ("20:19 america/new_york", "2026-10-17T00:19:00Z"),
            ("2026-10-17T02:19:00+02:00", "2026-10-17T00:19:00Z"),
        ],
        now(),
        Asia::Tokyo,
    );
    means(
        &[("05:49 IST", "2026-10-17T00:19:00Z")],
        now(),
        Asia::Kolkata,
    );
    means(
        &[("18:19 CST", "2026-10-16T00:19:00Z")],
        "2026-10-16T00:30:00Z".parse().unwrap(),
        US::Central,
    );
}

#[test]
fn what_is_unclear_is_asked_about() {
    let unclear = |words: &str, now: &str| {
        When::parse(words)
            .unwrap()
            .instant(now.parse().unwrap(), Europe::Berlin)
            .unwrap_err()
    };
    let today = "2026-10-17T00:30:00Z";
    assert_eq!(unclear("yesterday", today), Unclear::NoTimeOfDay);
    assert_eq!(unclear("this morning", today), Unclear::NoTimeOfDay);
    assert_eq!(unclear("today 23:50", today), Unclear::ToCome);
    assert_eq!(unclear("2027-01-01 00:00", today), Unclear::ToCome);
    assert_eq!(unclear("05:49 IST", today), Unclear::WhichZone);
    assert_eq!(unclear("02:19", "2026-10-25T08:00:00Z"), Unclear::Twice);
    assert_eq!(unclear("02:19", "2026-03-29T08:00:00Z"), Unclear::Never);
    // Before the clocks were set back it was that time yesterday.
    means(
        &[
            ("02:19", "2026-10-25T00:19:00Z"),
            ("02:19 CEST", "2026-10-25T00:19:00Z"),
            ("02:50", "2026-10-24T00:50:00Z"),
        ],
        "2026-10-25T00:20:00Z".parse().unwrap(),
        Europe::Berlin,
    );
}

#[test]
fn other_words_are_no_time() {
    for words in [
        "",
        "at",
        "and",
        "half",
        "20",
        "2",
        "25:00",
        "02:60",
        "2:5",
        "13pm",
        "0am",
        "02:19 02:20",
        "today yesterday 02:19",
        "02:19 UTC CET",
        "02:19 prod",
        "2026-02-30 02:19",
        "feb 30 02:19",
        "20 hosts ago",
        "ago",
        "CET",
        "99999 weeks ago",
        "1.5.2 h",
        "wrong config",
        "in may",
        "may",
    ] {
        assert_eq!(When::parse(words), None, "{words}");
    }
}

proptest! {
    #[test]
    fn no_words_for_a_time_mean_one_to_come(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "now", "ago", "20", "1.5", "h", "min", "and", "a", "half", "02:19", "23:50", "2am", "12pm", "noon",
                "today", "yesterday", "last", "night", "friday", "2026-10-17", "oct", "31", "2025", "utc", "cet",
                "+05:30", "europe/berlin", "ist", "2026-10-25t02:19z", "at",
            ]),
            0..5,
        ),
        seconds in 0_i64..40_000_000,
    ) {
        let now = now() + TimeDelta::seconds(seconds);
        if let Some(when) = When::parse(&words.join(" "))
            && let Ok(instant) = when.instant(now, Europe::Berlin)
        {
            prop_assert!(instant <= now);
        }
    }

    #[test]
    fn whatever_is_said_is_read_or_not(words in "\\PC{0,40}") {
        let _ = When::parse(&words).map(|when| when.instant(now(), Europe::Berlin));
    }
}
