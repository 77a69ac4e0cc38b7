//! What is computed of a change's facts.

use super::*;
use crate::domain::ticket::{
    Capacity, Order, Past, Repeat, Timeliness, capacities, documented as in_time, incident_order,
    past, repeat_of,
};

#[test]
fn a_ticket_is_in_time_to_the_second_and_late_from_the_next() {
    let due_at = berlin("2026-03-15 02:19");
    let second = TimeDelta::seconds(1);
    assert_eq!(
        Timeliness::of(due_at, due_at),
        Timeliness::InTime {
            by: TimeDelta::zero()
        }
    );
    assert_eq!(
        Timeliness::of(due_at + second, due_at),
        Timeliness::Late { by: second }
    );
}

#[test]
fn a_ticket_that_isnt_complete_is_the_later_the_later_it_is() {
    let story = deployed();
    assert_eq!(in_time(&requested().change, story.now), None, "no deadline");
    assert_eq!(in_time(&story.change, story.now + hours(24)), None);
    assert_eq!(
        in_time(&story.change, story.now + hours(25)),
        Some(Timeliness::Late { by: hours(1) })
    );
    let complete = documented();
    assert_eq!(
        in_time(&complete.change, complete.now + days(9)),
        Some(Timeliness::InTime {
            by: hours(23) + minutes(5)
        })
    );
}

#[test]
fn whoever_did_everything_is_seen_to_have_done_everything() {
    let story = Story::begin(
        berlin("2026-03-14 02:14"),
        Policy::unwritten(PolicyVersion(1)),
        Town::berlin(),
        request(),
    )
    .when(go_ahead(DANA))
    .when(take_command(DANA))
    .at(minutes(5))
    .deploys(DANA)
    .at(minutes(6))
    .deploys(DANA);
    let held = capacities(&story.change);
    assert_eq!(
        held[&user(DANA)],
        [
            Capacity::Requester,
            Capacity::Implementer,
            Capacity::Commander
        ]
    );
    let second = capacities(&approved().change);
    assert_eq!(
        second[&user(MORGAN)],
        [Capacity::Authorizer, Capacity::Approver],
        "afterwards, too"
    );
}

#[test]
fn an_incident_that_began_after_the_change_wasnt_its_cause() {
    let began = |local: &str| {
        let at = Told::Instant(berlin(local));
        let story = given(deployed())
            .at(hours(3))
            .when(write(DANA, vec![(Field::IncidentBeganAt, at)]));
        incident_order(&story.change)
    };
    let before = Order::Before { by: minutes(19) };
    assert_eq!(began("2026-03-14 02:00"), Some(before));
    let after = Order::After { by: minutes(11) };
    assert_eq!(began("2026-03-14 02:30"), Some(after));
    assert_eq!(incident_order(&deployed().change), None);
}

fn on(systems: &[&str]) -> Story {
    let mut story = deployed();
    story.policy.systems = vec!["waf".to_owned(), "api".to_owned(), "db".to_owned()];
    let systems = systems.iter().map(|one| (*one).to_owned()).collect();
    story.when(write(
        DANA,
        vec![
            (Field::Category, Told::Choice("hotfix".to_owned())),
            (Field::Systems, Told::Systems(systems)),
        ],
    ))
}

fn earlier(number: u64, category: &str, system: &str, before: TimeDelta) -> Past {
    Past {
        number: ChangeNumber(number),
        category: category.to_owned(),
        systems: vec!["mail".to_owned(), system.to_owned()],
        deployed_at: berlin("2026-03-14 02:19") - before,
    }
}

#[test]
fn the_same_category_on_the_same_system_within_ninety_days_is_a_repeat() {
    let story = on(&["waf", "api"]);
    let others = [
        earlier(1001, "hotfix", "waf", days(90)),
        earlier(1020, "hotfix", "api", days(3)),
        earlier(1010, "hotfix", "waf", days(40)),
        earlier(990, "hotfix", "waf", days(90) + minutes(1)),
        earlier(1030, "code", "waf", days(2)),
        earlier(1031, "hotfix", "db", days(2)),
        earlier(1043, "hotfix", "waf", -days(1)),
        past(&story.change).unwrap(),
    ];
    assert_eq!(
        repeat_of(&story.change, &others),
        Some(Repeat {
            of: vec![ChangeNumber(1001), ChangeNumber(1010), ChangeNumber(1020)],
        })
    );
    assert_eq!(repeat_of(&story.change, &others[3..]), None);
    assert_eq!(repeat_of(&deployed().change, &others), None, "no category");
}

#[test]
fn a_rehearsal_repeats_nothing_and_is_repeated_by_nothing() {
    let mut story = on(&["waf"]);
    story.change.drill = true;
    assert_eq!(past(&story.change), None);
    let others = [earlier(1001, "hotfix", "waf", days(1))];
    assert_eq!(repeat_of(&story.change, &others), None);
}
