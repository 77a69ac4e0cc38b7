//! Who was heard from, and who is missed.

use super::*;

/// A source that deploys on weekdays at noon for so many weeks and stops on a day.
fn weekdays(weeks: i64, until: &str) -> Vec<Hearing<'static>> {
    let until = at(until);
    (0..weeks * 7)
        .map(|back| until - TimeDelta::days(back))
        .filter(|at| !["Sat", "Sun"].contains(&at.format("%a").to_string().as_str()))
        .map(|at| Hearing {
            source: "github",
            at,
            is_usual: true,
        })
        .collect()
}

fn silent(hearings: Vec<Hearing<'_>>) -> Vec<String> {
    let week = week();
    let coverage = Coverage::of(&Utc, &week, hearings, week.to + TimeDelta::hours(9));
    coverage.silent.into_iter().map(|one| one.source).collect()
}

#[test]
fn a_weekend_is_no_silence_and_six_days_are() {
    // The week ends on Sunday, 1 November.
    assert_eq!(silent(weekdays(8, "2026-10-30T12:00:00Z")), [""; 0]);
    assert_eq!(silent(weekdays(1, "2026-10-30T12:00:00Z")), [""; 0]);
    assert_eq!(silent(weekdays(8, "2026-10-26T12:00:00Z")), ["github"]);
    assert_eq!(silent(weekdays(1, "2026-10-26T12:00:00Z")), ["github"]);
    // A whole week without a word, and who gave it up in summer.
    assert_eq!(silent(weekdays(8, "2026-10-23T12:00:00Z")), ["github"]);
    assert_eq!(silent(weekdays(8, "2026-07-23T12:00:00Z")), [""; 0]);
}

#[test]
fn a_source_that_never_rests_is_missed_after_two_days() {
    let polled = |hours: i64| {
        (0..60)
            .map(|back| Hearing {
                source: "gitlab",
                at: week().to - TimeDelta::hours(hours + 24 * back),
                is_usual: true,
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(silent(polled(48)), [""; 0]);
    assert_eq!(silent(polled(49)), ["gitlab"]);
    // Of whom nobody knows what kind they are, habit says it: five days of four weeks.
    let unusual = |n: usize| {
        let told = polled(120).into_iter().map(|one| Hearing {
            is_usual: false,
            ..one
        });
        silent(told.take(n).collect())
    };
    assert_eq!(unusual(60), ["gitlab"]);
    assert_eq!(unusual(5), ["gitlab"]);
    assert_eq!(unusual(4), [""; 0]);
    let weekly = (0..12).map(|back| Hearing {
        source: "ledger",
        at: at("2026-10-25T12:00:00Z") - TimeDelta::weeks(back),
        is_usual: false,
    });
    assert_eq!(silent(weekly.collect()), [""; 0]);
}

#[test]
fn one_failure_doesnt_hide_the_next() {
    let mut hearings = weekdays(3, "2026-10-26T12:00:00Z");
    // Nothing was heard for ten days before, either.
    hearings.extend(weekdays(4, "2026-09-25T12:00:00Z"));
    assert_eq!(silent(hearings), ["github"]);
    // Who speaks once a week is silent for six days, as always.
    let seldom = (0..8).map(|back| Hearing {
        source: "jenkins",
        at: at("2026-10-26T12:00:00Z") - TimeDelta::weeks(back),
        is_usual: true,
    });
    assert_eq!(silent(seldom.collect()), [""; 0]);
}

#[test]
fn the_first_week_ever_is_known_as_such() {
    let week = week();
    let hearings = weekdays(1, "2026-10-30T12:00:00Z");
    let coverage = Coverage::of(&Utc, &week, hearings, week.to);
    let new: Vec<_> = coverage.new_in(&week).collect();
    assert_eq!(new.len(), 1);
    assert_eq!(new[0].first_at, at("2026-10-26T12:00:00Z"));
    // What comes after the window's end was not heard in it.
    let later = weekdays(1, "2026-11-06T12:00:00Z");
    let coverage = Coverage::of(&Utc, &week, later, week.to + TimeDelta::days(9));
    assert_eq!(coverage, Coverage::default());
}
