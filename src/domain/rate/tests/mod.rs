//! Facts about the rate, each beside a recount that knows nothing of how it is
//! counted.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a test's numbers are small"
)]

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;

mod coverage;
mod recount;
mod windows;

const RULES: Rules = Rules {
    guideline: 100,
    with_standard: true,
};

const BERLIN: Tz = chrono_tz::Europe::Berlin;

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The week of 26 October to 1 November 2026, in UTC.
fn week() -> Window {
    Window::week(&Utc, at("2026-10-28T12:00:00Z"))
}

fn emergency(number: u64, deployed_at: DateTime<Utc>) -> Emergency {
    Emergency {
        number: ChangeNumber(number),
        requested_at: deployed_at - TimeDelta::minutes(5),
        deployed_at,
        authorized_at: Some(deployed_at - TimeDelta::minutes(4)),
        documented_at: None,
        documented_in_time: None,
        approved_at: None,
        criterion: None,
        systems: Vec::new(),
        category: None,
        is_not_genuine: false,
    }
}

fn normal(at: DateTime<Utc>) -> Counted<'static> {
    Counted {
        at,
        kind: ChangeKind::Normal,
        system: Some("web"),
        source: "github",
    }
}

fn heard() -> Coverage {
    let at = week().from + TimeDelta::days(6);
    Coverage {
        heard: vec![Heard {
            source: "github".to_owned(),
            first_at: at,
            last_at: at,
            is_regular: true,
        }],
        silent: Vec::new(),
    }
}

/// The week's figures with so many emergencies of the register among so many
/// changes.
fn figures(n_emergencies: u64, n_changes: u64, coverage: Coverage) -> Figures {
    figures_by(RULES, n_emergencies, n_changes, coverage)
}

fn figures_by(rules: Rules, n_emergencies: u64, n_changes: u64, coverage: Coverage) -> Figures {
    let week = week();
    let mut tally = Tally::new(rules, [&week]);
    for n in 0..n_changes - n_emergencies {
        tally.count(&normal(week.from + TimeDelta::minutes(n as i64)));
    }
    for n in 0..n_emergencies {
        tally.add(emergency(n, week.from + TimeDelta::hours(n as i64)));
    }
    tally.figures(&week, coverage, week.to)
}

#[test]
fn exactly_the_guideline_is_within_it() {
    for (n_emergencies, n_changes, verdict, percent) in [
        (4, 41, Verdict::Within, "9.8"),
        (5, 50, Verdict::Within, "10.0"),
        (9, 41, Verdict::Over, "22.0"),
        (51, 509, Verdict::Over, "10.02"),
        (0, 12, Verdict::Within, "0.0"),
        (1, 10, Verdict::Within, "10.0"),
        (10, 11, Verdict::Over, "90.9"),
    ] {
        let figures = figures(n_emergencies, n_changes, heard());
        assert_eq!(figures.verdict(), verdict, "{n_emergencies} of {n_changes}");
        assert_eq!(figures.percent().as_deref(), Some(percent));
    }
}

#[test]
fn fewer_than_ten_changes_have_a_rate_and_no_verdict() {
    let few = figures(1, 3, heard());
    assert_eq!(few.verdict(), Verdict::TooFew);
    assert_eq!(few.percent().as_deref(), Some("33.3"));
    let none = figures(0, 0, heard());
    assert_eq!((none.verdict(), none.rate()), (Verdict::TooFew, None));
    assert_eq!(none.interval(), None);
}

#[test]
fn with_nobody_heard_from_the_rate_is_unknown_and_never_everything() {
    let alone = figures(12, 12, Coverage::default());
    assert_eq!(alone.verdict(), Verdict::Unknown);
    assert_eq!((alone.rate(), alone.percent()), (None, None));
    assert_eq!(alone.n_emergencies, 12);
    assert_eq!(Budget::of(&alone, None), None);
    let why = |figures: &Figures| figures.why_unknown().map(str::to_owned);
    let nobody = "no source of changes was heard from";
    assert_eq!(why(&alone).as_deref(), Some(nobody));
    // Whoever was heard from and told of nothing else says the same of the others.
    let only = figures(12, 12, heard());
    assert_eq!((only.verdict(), only.rate()), (Verdict::Unknown, None));
    let only_those = Some("nothing but emergencies was told of");
    assert_eq!(why(&only).as_deref(), only_those);
    // Nothing at all is known to be nothing where somebody speaks by himself.
    assert_eq!(figures(0, 0, heard()).verdict(), Verdict::TooFew);
    let mut handed_in = heard();
    handed_in.heard[0].is_regular = false;
    let nothing = figures(0, 0, handed_in);
    assert_eq!(nothing.verdict(), Verdict::Unknown);
    // Whoever told later of a change that happened then was heard from, too.
    assert_eq!(
        figures(1, 12, Coverage::default()).verdict(),
        Verdict::Within
    );
}

#[test]
fn emergencies_that_a_source_tells_of_are_no_denominator() {
    let week = week();
    let count = |kinds: &[ChangeKind], with_standard| {
        let rules = Rules {
            with_standard,
            ..RULES
        };
        let mut tally = Tally::new(rules, [&week]);
        for kind in kinds {
            tally.count(&Counted {
                kind: *kind,
                ..normal(week.from)
            });
        }
        tally.figures(&week, Coverage::default(), week.to)
    };
    let listed = [ChangeKind::Emergency; 12];
    let only = count(&listed, true);
    assert_eq!((only.is_unknown(), only.rate()), (true, None));
    let only_those = Some("nothing but emergencies was told of");
    assert_eq!(only.why_unknown(), only_those);
    let with_one = [listed.as_slice(), &[ChangeKind::Normal]].concat();
    assert_eq!(count(&with_one, true).verdict(), Verdict::Over);
    // A standard change that doesn't count is nothing to divide by.
    let with_standard = [listed.as_slice(), &[ChangeKind::Standard]].concat();
    assert!(!count(&with_standard, true).is_unknown());
    assert!(count(&with_standard, false).is_unknown());
    assert!(!count(&[ChangeKind::Standard], false).is_unknown());
}

#[test]
fn what_is_shown_never_contradicts_the_verdict() {
    assert_eq!(percent(1_001, 10_000, 100).as_deref(), Some("10.01"));
    assert_eq!(percent(999, 10_000, 100).as_deref(), Some("9.99"));
    assert_eq!(percent(1, 5_000, 100).as_deref(), Some("0.02"));
    assert_eq!(percent(0, 5_000, 100).as_deref(), Some("0.0"));
    assert_eq!(percent(3, 40, 75).as_deref(), Some("7.5"));
    assert_eq!(percent(1, 0, 100), None);
    assert_eq!(
        [0, 999, 1_000, 1_234_567].map(grouped).join(" "),
        "0 999 1,000 1,234,567"
    );
    assert_eq!([100, 75, 5].map(guideline_percent).join(" "), "10 7.5 0.5");
}

#[test]
fn the_interval_is_wilsons() {
    // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    for (part, whole, low, high) in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ] {
        let interval = wilson(part, whole).unwrap();
        assert!((interval.low - low).abs() < 0.00005, "{interval:?}");
        assert!((interval.high - high).abs() < 0.00005, "{interval:?}");
    }
    assert_eq!(wilson(5, 5).unwrap().high.to_bits(), 1f64.to_bits());
    assert_eq!(wilson(0, 0), None);
}

proptest! {
    /// The interval's ends solve the equation that defines it.
    #[test]
    fn the_intervals_ends_are_the_shares_that_would_just_surprise_nobody(
        whole in 1u64..100_000,
        thousandths in 0u64..=1000,
    ) {
        let part = whole * thousandths / 1000;
        let interval = wilson(part, whole).unwrap();
        let (n, observed) = (whole as f64, part as f64 / whole as f64);
        for end in [interval.low, interval.high] {
            let deviation = 1.959_963_984_540_054 * (end * (1.0 - end) / n).sqrt();
            prop_assert!(((observed - end).abs() - deviation).abs() < 1e-9);
        }
        prop_assert!(interval.low <= observed && observed <= interval.high);
    }

    /// Trying it out one by one, and the budget, agree.
    #[test]
    fn the_budget_is_as_many_as_can_be_added(
        n_normal in 1u64..400,
        n_emergencies in 0u64..60,
        guideline in 1u16..400,
    ) {
        let rules = Rules { guideline, with_standard: true };
        let figures = figures_by(rules, n_emergencies, n_normal + n_emergencies, heard());
        let budget = Budget::of(&figures, None).unwrap();
        let fits = |n: u64, all: u64| n * 1000 <= u64::from(guideline) * all;
        if fits(n_emergencies, n_normal + n_emergencies) {
            let more = (0..1_000).find(|more| {
                let n = n_emergencies + more + 1;
                !fits(n, n_normal + n)
            });
            prop_assert_eq!(budget.left, more.unwrap() as i64);
        } else {
            let fewer = (1..=n_emergencies).find(|fewer| fits(n_emergencies - fewer, n_normal + n_emergencies));
            prop_assert_eq!(budget.left, -(fewer.unwrap() as i64));
        }
    }
}

#[test]
fn a_team_has_the_changes_of_its_systems_and_each_once() {
    let week = week();
    let teams = |of: &[(&str, &[&str])]| {
        let systems = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect();
        let of = of
            .iter()
            .map(|(team, all)| ((*team).to_owned(), systems(all)));
        Teams::new(&of.collect())
    };
    let count = |teams: &Teams| {
        let mut tally = Tally::new(RULES, [&week]).with_teams(teams);
        for n in 0..5 {
            tally.count(&normal(week.from + TimeDelta::hours(n)));
        }
        tally.count(&Counted {
            system: Some("lab"),
            ..normal(week.from)
        });
        tally.add(Emergency {
            systems: vec!["Web".to_owned(), "auth".to_owned()],
            ..emergency(1, week.from)
        });
        let by_team = tally.figures(&week, heard(), week.to).by_team;
        let said = by_team.into_iter();
        said.map(|one| (one.name, one.n_emergencies, one.n_changes))
            .collect::<Vec<_>>()
    };
    let two = teams(&[("Shop", &["web", "auth", "search"]), ("Core", &["AUTH"])]);
    assert_eq!(
        count(&two),
        [("Shop".to_owned(), 1, 6), ("Core".to_owned(), 1, 1)]
    );
    assert_eq!(count(&Teams::default()), []);
}

#[test]
fn standard_changes_are_in_or_out_and_shown_either_way() {
    let week = week();
    for (with_standard, n_changes) in [(true, 3), (false, 2)] {
        let rules = Rules {
            with_standard,
            ..RULES
        };
        let mut tally = Tally::new(rules, [&week]);
        for kind in ChangeKind::ALL {
            tally.count(&Counted {
                kind: *kind,
                ..normal(week.from)
            });
        }
        let figures = tally.figures(&week, heard(), week.to);
        assert_eq!((figures.n_changes, figures.n_standard), (n_changes, 1));
        let formula = rules.formula().to_string();
        assert_eq!(
            formula.contains("standard changes left out"),
            !with_standard
        );
    }
}

#[test]
fn medians_are_the_middle_of_those_that_are_known() {
    let week = week();
    let mut tally = Tally::new(RULES, [&week]);
    for (n, hours) in [3, 1, 10, 40].into_iter().enumerate() {
        let at = week.from + TimeDelta::hours(n as i64);
        tally.add(Emergency {
            documented_at: Some(at + TimeDelta::hours(hours)),
            documented_in_time: Some(hours <= 24),
            approved_at: (hours == 10).then(|| at + TimeDelta::hours(12)),
            authorized_at: None,
            criterion: (n == 0).then_some(Criterion::DataLoss),
            ..emergency(n as u64, at)
        });
    }
    let figures = tally.figures(&week, heard(), week.to);
    assert_eq!(figures.to_documentation, Some(TimeDelta::minutes(390)));
    assert_eq!(figures.to_approval, Some(TimeDelta::hours(12)));
    assert_eq!(figures.to_authorization, None);
    assert_eq!(
        figures.documented,
        Punctuality {
            n_in_time: 3,
            n_due: 4
        }
    );
    assert_eq!(
        figures.by_criterion,
        [(Some(Criterion::DataLoss), 1), (None, 3)]
    );
}

/// A quarter of thirteen weeks, eight of them over, with 100 changes a week.
fn quarter(n_emergencies: u64) -> (Figures, DateTime<Utc>) {
    let window = Window::quarter(&Utc, at("2026-05-01T00:00:00Z"));
    let now = window.from + TimeDelta::weeks(8);
    let mut tally = Tally::new(RULES, [&window]);
    for _ in 0..800 - n_emergencies {
        tally.count(&normal(window.from));
    }
    for n in 0..n_emergencies {
        tally.add(emergency(n, window.from));
    }
    (tally.figures(&window, heard(), now), now)
}

#[test]
fn the_budget_says_whether_and_when_the_pace_uses_it_up() {
    let pace = |n_emergencies| Pace {
        over: TimeDelta::weeks(4),
        n_changes: 400,
        n_emergencies,
    };
    let forecast = |so_far, lately| {
        let (figures, _) = quarter(so_far);
        Budget::of(&figures, Some(&pace(lately)))
            .unwrap()
            .forecast
            .unwrap()
    };
    // 91 days have 13 weeks: 1,300 changes leave room for 130.
    let steady = forecast(40, 20);
    assert_eq!((steady.n_changes, steady.n_emergencies), (1300, 65));
    assert_eq!((steady.left, steady.reach), (90, Reach::Kept));
    // Forty a month: the 51st from now is one too many, after five weeks and a bit.
    let (_, now) = quarter(0);
    let fast = forecast(80, 48);
    assert_eq!(fast.left, 50);
    let Reach::On(on) = fast.reach else {
        panic!("{fast:?}")
    };
    assert_eq!((on - now).num_hours(), 28 * 24 * 51 / 48);
    assert_eq!(forecast(131, 0).reach, Reach::Already);
    assert_eq!(forecast(130, 0).reach, Reach::Kept);
}

#[test]
fn a_pace_needs_a_week_and_ten_changes_and_is_that_of_the_time_that_is_known() {
    let (mut quarter, now) = quarter(40);
    let pace = Pace::of(&quarter).unwrap();
    assert_eq!((pace.over, pace.n_changes), (TimeDelta::weeks(8), 800));
    // The source is heard from since a while, and the first change came then.
    let mut since = |days| {
        let first = now - TimeDelta::days(days);
        quarter.first_at = Some(first);
        quarter.coverage.heard[0].first_at = first + TimeDelta::days(1);
        Pace::of(&quarter).map(|pace| pace.over)
    };
    assert_eq!(since(14), Some(TimeDelta::days(14)));
    assert_eq!(since(6), None);
    assert_eq!(Pace::of(&figures(1, 9, heard())), None);
}

#[test]
fn a_later_correction_stands_beside_what_was_reported() {
    let reported = Frozen::of(&figures(3, 41, heard()));
    assert_eq!(reported.corrected(&figures(3, 41, heard()), 0), None);
    let corrected = reported.corrected(&figures(4, 44, heard()), 0).unwrap();
    assert_eq!(corrected.reported, reported);
    let now = &corrected.now;
    assert_eq!((now.n_emergencies, now.n_changes), (4, 44));
    assert_eq!(
        corrected.differences,
        [Difference::ToldLater(2), Difference::DeclaredLater(1)]
    );
    let fewer = reported.corrected(&figures(2, 39, heard()), 0).unwrap();
    assert_eq!(
        fewer.differences,
        [Difference::CountedElsewhere(1), Difference::MovedAway(1)]
    );
    // Another week is no correction of this one.
    let mut other = figures(4, 44, heard());
    other.window = Window::week(&Utc, other.window.to);
    assert_eq!(reported.corrected(&other, 0), None);
}

#[test]
fn what_came_and_what_went_are_both_said_though_the_sum_stays() {
    let reported = Frozen::of(&figures(3, 41, heard()));
    let same = reported.corrected(&figures(3, 41, heard()), 5).unwrap();
    assert_eq!(
        same.differences,
        [Difference::ToldLater(5), Difference::CountedElsewhere(5)]
    );
    let fewer = reported.corrected(&figures(3, 40, heard()), 2).unwrap();
    assert_eq!(
        fewer.differences,
        [Difference::ToldLater(2), Difference::CountedElsewhere(3)]
    );
    // One emergency in the place of another.
    let mut other = figures(3, 41, heard());
    other.emergencies[0] = ChangeNumber(77);
    assert_eq!(
        reported.corrected(&other, 0).unwrap().differences,
        [Difference::DeclaredLater(1), Difference::MovedAway(1)]
    );
}

#[test]
fn a_difference_is_read_by_the_name_it_is_kept_by() {
    for one in [
        Difference::ToldLater(3),
        Difference::CountedElsewhere(3),
        Difference::DeclaredLater(3),
        Difference::MovedAway(3),
        Difference::FoundNotGenuine(3),
        Difference::FoundGenuine(3),
        Difference::StandardCounted,
        Difference::StandardLeftOut,
        Difference::HeardLater,
    ] {
        let (name, n) = one.named();
        assert_eq!(Difference::from_name(name, n), Some(one));
    }
    assert_eq!(Difference::from_name("net", 1), None);
}

#[test]
fn what_was_unknown_may_become_known_later() {
    let reported = Frozen::of(&figures(2, 2, Coverage::default()));
    assert!(reported.is_unknown);
    let corrected = reported.corrected(&figures(2, 30, heard()), 0).unwrap();
    assert_eq!(
        corrected.differences,
        [Difference::HeardLater, Difference::ToldLater(28)]
    );
}

#[test]
fn another_formula_is_the_reason_and_no_change_is_said_to_have_come() {
    let week = week();
    let count = |with_standard| {
        let mut tally = Tally::new(
            Rules {
                with_standard,
                ..RULES
            },
            [&week],
        );
        for n in 0..20 {
            let kind = if n < 5 {
                ChangeKind::Standard
            } else {
                ChangeKind::Normal
            };
            tally.count(&Counted {
                kind,
                ..normal(week.from)
            });
        }
        tally.figures(&week, heard(), week.to)
    };
    let corrected = Frozen::of(&count(true))
        .corrected(&count(false), 0)
        .unwrap();
    assert_eq!(corrected.differences, [Difference::StandardLeftOut]);
    let corrected = Frozen::of(&count(false))
        .corrected(&count(true), 0)
        .unwrap();
    assert_eq!(corrected.differences, [Difference::StandardCounted]);
}

#[test]
fn what_comes_three_times_in_ninety_days_is_proposed_as_a_standard_change() {
    let now = at("2026-11-23T08:00:00Z");
    let one = |number, days, system: &str| Emergency {
        category: Some("configuration".to_owned()),
        systems: vec![system.to_owned(), system.to_owned()],
        ..emergency(number, now - TimeDelta::days(days))
    };
    let all = [
        one(3, 1, "auth"),
        one(1, 80, "auth"),
        one(2, 20, "auth"),
        one(4, 91, "web"),
        one(5, 20, "web"),
        one(6, 10, "web"),
        emergency(7, now),
    ];
    assert_eq!(
        offenders(&all, now),
        [Offender {
            category: "configuration".to_owned(),
            system: "auth".to_owned(),
            changes: vec![ChangeNumber(1), ChangeNumber(2), ChangeNumber(3)],
        }]
    );
}

#[test]
fn rows_are_counted_and_not_kept() {
    let windows = Window::weeks(&BERLIN, at("2026-11-23T08:00:00Z"), 12);
    let mut tally = Tally::new(RULES, &windows);
    let (from, to) = tally.span().unwrap();
    assert_eq!(from, windows[0].from);
    assert_eq!(to, windows[11].to);
    let systems: Vec<String> = (0..40).map(|n| format!("system-{n}")).collect();
    let step = (to - from) / 100_000;
    for n in 0..100_000 {
        tally.count(&Counted {
            system: Some(&systems[n as usize % systems.len()]),
            ..normal(from + step * n)
        });
    }
    let figures: Vec<Figures> = windows
        .iter()
        .map(|week| tally.figures(week, heard(), to))
        .collect();
    let counted: u64 = figures.iter().map(|one| one.n_changes).sum();
    assert_eq!(counted, 100_000);
    for system in &systems {
        let parts = figures.iter().flat_map(|one| &one.by_system);
        let of_one: u64 = parts
            .filter(|part| part.name == *system)
            .map(|part| part.n_changes)
            .sum();
        assert_eq!(of_one, 2_500, "{system}");
    }
}
