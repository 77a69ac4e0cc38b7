//! What holds whatever people do, in whatever order, however late it is heard.

use super::*;
use crate::domain::change::{Given, Stage};
use crate::domain::obligation::needs_second_person;
use chrono::Timelike;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const PEOPLE: [&str; 6] = [DANA, MORGAN, RILEY, ALEX, SAM, KIM];

/// Far apart, with half hours, and with clocks that go forward and back.
const ZONES: [Tz; 6] = [
    chrono_tz::Europe::Berlin,
    chrono_tz::America::Los_Angeles,
    chrono_tz::Asia::Kathmandu,
    chrono_tz::Pacific::Auckland,
    chrono_tz::Australia::Lord_Howe,
    chrono_tz::Tz::UTC,
];

/// Something that somebody does, or time that passes.
#[derive(Debug, Clone)]
struct Step {
    /// How long after the step before.
    after: i64,
    /// How many minutes later than it was done it is heard.
    late: i64,
    /// Whether the sweep runs in between, or sleeps.
    swept: bool,
    who: &'static str,
    whom: &'static str,
    standing: Standing,
    kind: usize,
    section: Section,
    back: i64,
    stale: bool,
    /// Whether somebody does it whose part it is; else anybody does.
    apt: bool,
}

/// What people do, as often as it takes for some changes to be closed.
const KINDS: [usize; 32] = [
    0, 0, 1, 2, 3, 3, 3, 3, 4, 5, 6, 6, 6, 7, 8, 8, 10, 11, 12, 13, 13, 13, 15, 15, 15, 15, 15, 17,
    18, 19, 19, 19,
];

fn step() -> impl Strategy<Value = Step> {
    (
        (
            prop_oneof![0..20_i64, 0..600_i64, 0..9000_i64],
            prop_oneof![3 => Just(0), 1 => 0..2000_i64],
            any::<bool>(),
        ),
        (
            select(&PEOPLE[..]),
            select(&PEOPLE[..]),
            prop_oneof![9 => Just(Standing::Full), 1 => select(Standing::ALL)],
        ),
        select(&KINDS[..]),
        select(Section::ALL),
        prop_oneof![Just(0), -2..60_i64, 0..3000_i64],
        (prop::bool::weighted(0.1), prop::bool::weighted(0.8)),
    )
        .prop_map(
            |((after, late, swept), (who, whom, standing), kind, section, back, (stale, apt))| {
                Step {
                    after,
                    late,
                    swept,
                    who,
                    whom,
                    standing,
                    kind,
                    section,
                    back,
                    stale,
                    apt,
                }
            },
        )
}

fn taken(step: &Step, story: &Story) -> Move {
    let who = match step.kind {
        3 | 4 | 15 | 17 if step.apt && [DANA, RILEY, SAM].contains(&step.who) => KIM,
        6 if step.apt => RILEY,
        8 if step.apt => DANA,
        _ => step.who,
    };
    let member = Member {
        standing: step.standing,
        ..full(who)
    };
    let command = match step.kind {
        0 => Command::StateCriterion {
            criterion: Criterion::Vulnerability,
        },
        1 => Command::StateCriterion {
            criterion: Criterion::DataLoss,
        },
        2 => Command::AskSomeoneElse {
            asked: vec![person(step.whom)],
        },
        3 => Command::Authorize {
            by: member,
            given: Given::Button,
        },
        4 => Command::Deny {
            by: member,
            given: Given::Button,
        },
        5 => Command::GoAhead { by: member },
        6 => Command::TakeCommand { by: member },
        7 => Command::NameCommander {
            commander: user(step.whom),
        },
        8 => Command::RecordDeployment {
            at: story.now - minutes(step.back),
            source: Source::Webhook,
            by: user(who),
        },
        10 => Command::Lapse,
        11 => Command::Withdraw,
        12 => Command::Document {
            sections: vec![(step.section, text(&format!("{}", story.change.version)))],
        },
        13 => return document_as(who, Section::ALL, &story.change.version.to_string()),
        15 => Command::Approve {
            by: member,
            seen: if step.stale {
                content_hash(&requested().change)
            } else {
                content_hash(&story.change)
            },
        },
        17 => Command::Reject {
            by: member,
            reason: text("No."),
        },
        18 => Command::Remediate { how: text("So.") },
        _ => return answer(who, Exception::ALL),
    };
    by(who, command)
}

fn check_reminders(story: &Story, from: usize) {
    let mut seen = BTreeSet::new();
    for one in story.history.iter().skip(from) {
        let Event::Reminded {
            duty, owner, rung, ..
        } = &one.event
        else {
            continue;
        };
        assert!(
            seen.insert((*duty, owner.clone(), one.at)),
            "{duty:?} twice at {}",
            one.at
        );
        let who = match owner {
            Some(Party::Person(who)) => Some(who),
            Some(Party::Group(_)) | None => None,
        };
        let hour = story.town.local(who, one.at).hour();
        let night = !(8..22).contains(&hour);
        let awake = who
            .and_then(|who| story.town.active_at(who))
            .is_some_and(|active_at| one.at - active_at <= minutes(30));
        assert!(
            !night || awake || *duty == Duty::AnswerRequest,
            "{who:?} is woken at {} for {duty:?} {rung:?}",
            one.at
        );
    }
}

fn check_state(story: &Story) {
    let change = &story.change;
    assert_eq!(change.is_before_deployment(), change.deployments.is_empty());
    assert_eq!(change.stage == Stage::Closed, change.closed_at.is_some());
    if let Some(approval) = &change.approval {
        assert_eq!(approval.content, content_hash(change));
        assert_ne!(approval.by, change.requester);
        assert!(change.implementers().all(|one| *one != approval.by));
    }
    if change.stage == Stage::Closed {
        for one in story.owed() {
            assert!(one.met_at.is_some(), "{one:?} is owed by a closed change");
        }
        assert_eq!(change.unanswered().count(), 0);
        assert_eq!(story.next_due_at(), None);
    }
    if let Some(second) = &change.second
        && needs_second_person(change)
        && story
            .obligation(Duty::SecondAuthorization)
            .is_some_and(|one| one.met_at == Some(second.at))
    {
        assert!(
            change
                .went_ahead
                .as_ref()
                .is_none_or(|act| act.by != second.by)
        );
    }
    let mut missed = BTreeSet::new();
    for (duty, due_at, noticed_at) in story.misses() {
        assert!(missed.insert((duty, due_at)), "{duty:?} is missed twice");
        assert!(noticed_at >= due_at);
    }
    assert_eq!(missed, change.missed);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_people_do_the_rules_hold(
        steps in prop::collection::vec(step(), 1..40),
        began in 0..525_600_i64,
        zones in prop::collection::vec(any::<Index>(), PEOPLE.len()),
        is_written in any::<bool>(),
    ) {
        let mut town = Town::berlin();
        for (who, zone) in PEOPLE.iter().zip(&zones) {
            town.zones.insert(user(who), *zone.get(&ZONES));
        }
        let policy = if is_written { written() } else { Policy::unwritten(PolicyVersion(1)) };
        let began_at = berlin("2026-01-01 00:00") + minutes(began);
        let mut story = Story::begin(began_at, policy, town, request());
        for step in &steps {
            let seen = story.history.len();
            let since = story.now + minutes(step.after) - story.began_at;
            story = if step.swept { story.until(since) } else { story.at(since) };
            check_reminders(&story, seen);

            let seen = story.history.len();
            let version = story.change.version;
            let exceptions = story.exceptions();
            let done_at = (story.now - minutes(step.late)).max(story.began_at);
            let what = taken(step, &story);
            story = story.when_done(done_at, what);
            if story.outcome.is_err() {
                prop_assert_eq!(story.change.version, version);
            }
            for exception in exceptions {
                prop_assert!(story.change.exceptions.contains_key(&exception));
            }
            story = story.ticks();
            check_reminders(&story, seen);
            check_state(&story);
            let next = story.next_due_at();
            prop_assert!(next.is_none_or(|next| next > story.now), "{next:?} at {}", story.now);
        }
        let seen = story.history.len();
        let end = story.now + days(12) - story.began_at;
        let story = story.until(end);
        check_reminders(&story, seen);
        check_state(&story);
    }

    #[test]
    fn a_second_tick_in_the_same_instant_brings_nothing(
        steps in prop::collection::vec(step(), 1..12),
    ) {
        let mut story = requested();
        for step in &steps {
            let since = story.now + minutes(step.after) - story.began_at;
            let what = taken(step, &story);
            story = story.at(since).when(what).ticks();
            let n = story.history.len();
            story = story.ticks();
            prop_assert_eq!(story.history.len(), n);
        }
    }
}
