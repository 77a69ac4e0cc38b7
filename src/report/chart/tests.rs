//! Facts about the picture.

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::domain::deployment::ChangeKind;
use crate::domain::rate::{Counted, Coverage, Heard, Rules, Tally, Window};

/// A Monday, nine o'clock.
fn now() -> DateTime<Utc> {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

/// A week's (emergencies, changes); nothing where nobody was heard from.
type Week = Option<(u64, u64)>;

/// Figures of weeks that end with the one before now, or with the present one.
fn figures(weeks: &[Week], is_running: bool) -> Vec<Figures> {
    let last = if is_running {
        now()
    } else {
        now() - TimeDelta::days(7)
    };
    let windows = Window::weeks(&Utc, last, weeks.len() as u64);
    let rules = Rules {
        guideline: 100,
        with_standard: true,
    };
    let mut tally = Tally::new(rules, &windows);
    for (window, week) in windows.iter().zip(weeks) {
        let (n_emergencies, n_changes) = week.unwrap_or((2, 2));
        for n in 0..n_changes {
            let kind = if n < n_emergencies {
                ChangeKind::Emergency
            } else {
                ChangeKind::Normal
            };
            tally.count(&Counted {
                at: window.from,
                kind,
                system: None,
                source: "github",
            });
        }
    }
    windows
        .iter()
        .zip(weeks)
        .map(|(window, week)| {
            let heard = Heard {
                source: "github".to_owned(),
                first_at: window.from,
                last_at: window.from,
                is_regular: true,
            };
            let coverage = Coverage {
                heard: vec![heard],
                silent: Vec::new(),
            };
            let mut figures = tally.figures(window, coverage, now());
            if week.is_none() {
                // Only the register knows of it.
                figures = Tally::new(rules, [window]).figures(window, Coverage::default(), now());
                figures.n_emergencies = 2;
                figures.n_changes = 2;
            }
            figures
        })
        .collect()
}

const BEFORE: [Week; 11] = [
    Some((2, 38)),
    Some((4, 44)),
    Some((5, 39)),
    Some((0, 31)),
    Some((3, 42)),
    Some((6, 47)),
    Some((4, 40)),
    Some((1, 29)),
    Some((2, 45)),
    Some((4, 43)),
    Some((5, 46)),
];

/// Eleven weeks and a last one.
fn twelve(last: Week) -> Vec<Figures> {
    let mut weeks = BEFORE.to_vec();
    weeks.push(last);
    figures(&weeks, false)
}

/// Weeks of every kind.
fn mixed() -> Vec<Figures> {
    let mut quiet = BEFORE.to_vec();
    quiet[3] = None;
    quiet[4] = Some((1, 3));
    quiet[5] = Some((0, 4));
    quiet[6] = Some((0, 0));
    quiet.push(Some((3, 41)));
    figures(&quiet, false)
}

fn chart(weeks: &[Figures], reported: usize) -> Chart<'_> {
    Chart {
        weeks,
        reported: &weeks[reported],
    }
}

fn drawn(weeks: &[Figures], reported: usize) -> String {
    svg(&chart(weeks, reported))
}

/// The texts of a drawing, in their order.
fn words(svg: &str) -> Vec<String> {
    svg.split("<text")
        .skip(1)
        .map(|text| {
            let inner = text.split_once('>').unwrap().1;
            let inner = inner.split_once("</text>").unwrap().0;
            let parts = inner.split(['<', '>']).enumerate();
            parts
                .filter(|(n, _)| n % 2 == 0)
                .map(|(_, part)| part)
                .collect()
        })
        .collect()
}

#[test]
fn the_same_figures_make_the_same_picture_to_the_byte() {
    let weeks = mixed();
    let picture = png(&chart(&weeks, 11)).unwrap();
    assert_eq!(png(&chart(&weeks, 11)).unwrap(), picture);
    assert!(picture.starts_with(b"\x89PNG"));
    // A message with it is seen at once on a bad line, too.
    assert!(picture.len() < 120_000, "{}", picture.len());
    let size = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
    assert_eq!((size(16), size(20)), (1440, 912));
}

#[test]
fn the_letters_are_the_charts_own() {
    let with = png(&chart(&mixed(), 11)).unwrap();
    let options = Options::default();
    let tree = Tree::from_str(&drawn(&mixed(), 11), &options).unwrap();
    let mut bare = Pixmap::new(1440, 912).unwrap();
    resvg::render(&tree, Transform::from_scale(DOTS, DOTS), &mut bare.as_mut());
    assert!(bare.encode_png().unwrap().len() < with.len() / 2);
}

#[test]
fn each_picture_says_its_week_in_words() {
    let said: Vec<String> = [
        Some((0, 0)),
        Some((1, 3)),
        Some((3, 41)),
        Some((5, 50)),
        Some((9, 41)),
        None,
    ]
    .into_iter()
    .map(|week| words(&drawn(&twelve(week), 11))[..2].join(" | "))
    .collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    No changes | 16–22 Nov: nothing was deployed
    1 of 3 changes was an emergency | 16–22 Nov: 33.3 %, too few changes for a verdict
    3 of 41 changes were emergencies | 16–22 Nov: 7.3 %, within the guideline of 10 %
    5 of 50 changes were emergencies | 16–22 Nov: 10.0 %, within the guideline of 10 %
    9 of 41 changes were emergencies | 16–22 Nov: 22.0 %, over the guideline of 10 %
    Emergency rate unknown | 16–22 Nov: no source of changes was heard from
    ");
}

#[test]
fn an_unknown_week_is_a_mark_and_nothing_is_no_sliver() {
    let svg = drawn(&mixed(), 11);
    // Of twelve weeks one is unknown, one had no changes, two no emergency.
    assert_eq!(svg.matches("Z\" fill=\"").count() - cuts(&svg), 8);
    let words = words(&svg);
    assert!(words.iter().any(|one| one == "?"));
    assert!(words.iter().any(|one| one == "–"));
    assert!(words.iter().any(|one| one == "no source heard from"));
    assert!(words.iter().any(|one| one == "under 10 changes"));
}

fn cuts(svg: &str) -> usize {
    svg.matches("v7l-").count()
}

#[test]
fn one_of_three_doesnt_dwarf_the_weeks_that_say_something() {
    let svg = drawn(&mixed(), 11);
    assert_eq!(cuts(&svg), 1);
    assert!(words(&svg).contains(&"33.3".to_owned()));
    assert!(!words(&svg).contains(&"30".to_owned()));
    // Where there is nothing else, it stands in full.
    let alone = drawn(&figures(&[Some((1, 3))], false), 0);
    assert_eq!(cuts(&alone), 0);
}

#[test]
fn a_week_that_isnt_over_is_striped() {
    let mut weeks = BEFORE.to_vec();
    weeks.push(Some((1, 12)));
    assert!(drawn(&figures(&weeks, true), 11).contains("url(#within)"));
    assert!(!drawn(&figures(&weeks, false), 11).contains("url(#within)"));
}

#[test]
fn whoever_doesnt_see_the_picture_reads_all_of_it() {
    insta::assert_snapshot!(alt(&chart(&mixed(), 11)), @"Bar chart: emergencies as a share of all changes, by week, against the guideline of 10 %. 31 Aug – 6 Sep 5.3 % (2 of 38); 7–13 Sep 9.1 % (4 of 44); 14–20 Sep 12.8 % (5 of 39); 21–27 Sep unknown; 28 Sep – 4 Oct 33.3 % (1 of 3, too few for a verdict); 5–11 Oct 0.0 % (0 of 4, too few for a verdict); 12–18 Oct no changes; 19–25 Oct 3.4 % (1 of 29); 26 Oct – 1 Nov 4.4 % (2 of 45); 2–8 Nov 9.3 % (4 of 43); 9–15 Nov 10.9 % (5 of 46); 16–22 Nov 7.3 % (3 of 41).");
}
