//! Weeks, quarters and days, whatever the clocks do.

use chrono::{TimeZone, Timelike};

use super::*;

#[test]
fn a_week_is_a_monday_to_a_monday_whatever_the_clocks_do() {
    // The week of each change of clocks in 2026, with how many hours it has.
    for (zone, at_noon, from, to, hours) in [
        (
            BERLIN,
            "2026-03-25",
            "2026-03-22T23:00:00Z",
            "2026-03-29T22:00:00Z",
            167,
        ),
        (
            BERLIN,
            "2026-10-21",
            "2026-10-18T22:00:00Z",
            "2026-10-25T23:00:00Z",
            169,
        ),
        (
            chrono_tz::America::New_York,
            "2026-11-01",
            "2026-10-26T04:00:00Z",
            "2026-11-02T05:00:00Z",
            169,
        ),
        // They go by half an hour, and the other way round.
        (
            chrono_tz::Australia::Lord_Howe,
            "2026-10-01",
            "2026-09-27T13:30:00Z",
            "2026-10-04T13:00:00Z",
            167,
        ),
        // Friday begins at one o'clock.
        (
            chrono_tz::Africa::Cairo,
            "2026-04-24",
            "2026-04-19T22:00:00Z",
            "2026-04-26T21:00:00Z",
            167,
        ),
        (
            chrono_tz::Asia::Kolkata,
            "2026-03-25",
            "2026-03-22T18:30:00Z",
            "2026-03-29T18:30:00Z",
            168,
        ),
    ] {
        let noon = day(at_noon).and_hms_opt(12, 0, 0).unwrap();
        let noon = zone.from_local_datetime(&noon).unwrap().to_utc();
        let week = Window::week(&zone, noon);
        assert_eq!((week.from, week.to), (at(from), at(to)), "{zone}");
        let length = (week.to - week.from).num_minutes();
        assert!((length - hours * 60).abs() <= 30, "{zone}: {length}");
        assert!(week.holds(week.from) && !week.holds(week.to));
    }
}

#[test]
fn a_day_without_midnight_begins_when_the_clocks_begin_to_show_it() {
    let cairo = chrono_tz::Africa::Cairo;
    assert_eq!(
        midnight(&cairo, day("2026-04-24")),
        at("2026-04-23T22:00:00Z")
    );
    // Cuba shows midnight twice.
    let havana = chrono_tz::America::Havana;
    assert_eq!(
        midnight(&havana, day("2026-11-01")),
        at("2026-11-01T04:00:00Z")
    );
    // Samoa had no 30 December 2011.
    let apia = chrono_tz::Pacific::Apia;
    assert_eq!(
        midnight(&apia, day("2011-12-30")),
        midnight(&apia, day("2011-12-31"))
    );
}

#[test]
fn quarters_are_the_calendars_and_weeks_roll_by_four() {
    let now = at("2026-11-23T08:00:00Z");
    let quarter = Window::quarter(&BERLIN, now);
    assert_eq!(quarter.first_day, day("2026-10-01"));
    assert_eq!(quarter.last_day(), day("2026-12-31"));
    // Berlin's October begins in UTC's September.
    assert_eq!(quarter.from, at("2026-09-30T22:00:00Z"));
    let rolling = Window::rolling(&BERLIN, now - TimeDelta::days(1));
    assert_eq!(rolling.first_day, day("2026-10-26"));
    assert_eq!(rolling.end_day, day("2026-11-23"));
    let last = Window::last_week(&BERLIN, now);
    assert_eq!(
        (last.first_day, last.iso_week()),
        (day("2026-11-16"), (2026, 47))
    );
    let kept = Window::between(&BERLIN, WindowKind::Week, last.from, last.to);
    assert_eq!(kept, last);
    assert_eq!(
        [last, rolling, quarter].map(|window| window.to_string()),
        ["16–22 Nov", "26 Oct – 22 Nov", "Q4 2026"]
    );
    let weeks = Window::weeks(&BERLIN, last.from, 12);
    assert_eq!(weeks.len(), 12);
    assert_eq!(weeks.last(), Some(&last));
    assert_eq!(
        Window::week(&Utc, at("2027-01-01T00:00:00Z")).iso_week(),
        (2026, 53)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every instant lies in exactly one of the weeks around it, the weeks have no
    /// gaps, and each begins on a Monday at the first minute its zone has.
    #[test]
    fn weeks_follow_one_another_in_every_zone(
        zone in prop::sample::select(vec![
            BERLIN,
            chrono_tz::America::New_York,
            chrono_tz::Africa::Cairo,
            chrono_tz::Australia::Lord_Howe,
            chrono_tz::America::Sao_Paulo,
        ]),
        seconds in 946_684_800i64..2_051_222_400,
    ) {
        let at = DateTime::from_timestamp(seconds, 0).unwrap();
        let weeks = Window::weeks(&zone, at, 60);
        prop_assert!(weeks.last().unwrap().holds(at));
        prop_assert!(weeks.windows(2).all(|two| two[0].to == two[1].from));
        for week in weeks {
            let local = week.from.with_timezone(&zone);
            let before = (week.from - TimeDelta::seconds(1)).with_timezone(&zone);
            prop_assert_eq!(local.format("%a").to_string(), "Mon");
            prop_assert_eq!(before.format("%a").to_string(), "Sun");
            prop_assert!(local.hour() <= 1);
        }
    }
}
