//! When whom is reminded of what, by their own clock.

use super::*;
use crate::domain::change::Stage;
use crate::domain::obligation::{Rung, by_day};

const DAY: [Duty; 2] = [Duty::Ticket, Duty::Approval];

/// The story of the design, deployed at `at` and then left alone.
fn left_alone(at: &str) -> Story {
    Story::begin(berlin(at), written(), Town::berlin(), request())
        .at(minutes(1))
        .when(authorize(MORGAN))
        .at(minutes(2))
        .when(take_command(RILEY))
        .at(minutes(5))
        .deploys(DANA)
}

#[test]
fn nobody_documents_and_nobody_is_woken() {
    let story = left_alone("2026-03-14 02:14").until(hours(49));
    insta::assert_snapshot!(story.reminders(&DAY), @r"
    Sat 14 02:19 U0DANA: ticket opening
    Sat 14 02:19 U0MORGAN: approval opening
    Sat 14 10:19 U0DANA: ticket before-960
    Sat 14 18:19 U0DANA: ticket before-480
    Sat 14 21:30 U0DANA: ticket before-30
    Sat 14 21:30 U0MORGAN: approval before-60
    Sun 15 08:00 U0DANA: ticket overdue-1
    Sun 15 10:19 U0DANA: ticket overdue-2
    Sun 15 14:19 U0DANA: ticket overdue-3
    Sun 15 18:19 U0DANA: ticket overdue-4
    Sun 15 21:30 U0DANA: ticket overdue-6
    ");
}

#[test]
fn by_day_the_gaps_shrink_towards_the_deadline() {
    let story = left_alone("2026-03-14 17:55").until(hours(25));
    insta::assert_snapshot!(story.reminders(&[Duty::Ticket]), @r"
    Sat 14 18:00 U0DANA: ticket opening
    Sat 14 21:30 U0DANA: ticket before-960
    Sun 15 10:00 U0DANA: ticket before-480
    Sun 15 14:00 U0DANA: ticket before-240
    Sun 15 16:00 U0DANA: ticket before-120
    Sun 15 17:00 U0DANA: ticket before-60
    Sun 15 17:30 U0DANA: ticket before-30
    ");
}

#[test]
fn the_approver_climbs_the_whole_ladder_from_the_moment_it_is_ready() {
    let story = left_alone("2026-03-14 17:55")
        .until(hours(4))
        .when(state_criterion(DANA))
        .until(hours(15))
        .when(document(DANA, TICKET))
        .until(hours(30));
    insta::assert_snapshot!(story.reminders(&DAY), @r"
    Sat 14 18:00 U0DANA: ticket opening
    Sat 14 18:00 U0MORGAN: approval opening
    Sat 14 21:30 U0DANA: ticket before-960
    Sun 15 08:55 U0MORGAN: approval ready
    Sun 15 10:00 U0MORGAN: approval before-480
    Sun 15 14:00 U0MORGAN: approval before-240
    Sun 15 16:00 U0MORGAN: approval before-120
    Sun 15 17:00 U0MORGAN: approval before-60
    Sun 15 17:30 U0MORGAN: approval before-30
    Sun 15 21:30 U0MORGAN: approval overdue-3
    ");
}

#[test]
fn the_approver_of_an_unready_ticket_hears_of_it_four_hours_and_one_hour_before() {
    let story = left_alone("2026-03-14 17:55").until(days(2));
    insta::assert_snapshot!(story.reminders(&[Duty::Approval]), @r"
    Sat 14 18:00 U0MORGAN: approval opening
    Sun 15 14:00 U0MORGAN: approval before-240
    Sun 15 17:00 U0MORGAN: approval before-60
    ");
}

#[test]
fn a_decision_ready_after_its_deadline_is_chased_from_then() {
    let story = left_alone("2026-03-14 17:55")
        .when(state_criterion(DANA))
        .until(hours(39))
        .when(document(DANA, TICKET))
        .until(hours(54));
    insta::assert_snapshot!(story.reminders(&[Duty::Approval]), @r"
    Sat 14 18:00 U0MORGAN: approval opening
    Sun 15 14:00 U0MORGAN: approval before-240
    Sun 15 17:00 U0MORGAN: approval before-60
    Mon 16 08:55 U0MORGAN: approval ready
    Mon 16 10:00 U0MORGAN: approval overdue-4
    Mon 16 14:00 U0MORGAN: approval overdue-5
    Mon 16 18:00 U0MORGAN: approval overdue-6
    ");
}

#[test]
fn each_reader_is_spared_their_own_night() {
    let mut town = Town::berlin();
    town.zones
        .insert(user(MORGAN), chrono_tz::America::Los_Angeles);
    let story = Story::begin(berlin("2026-03-14 17:55"), written(), town, request())
        .at(minutes(1))
        .when(authorize(MORGAN))
        .at(minutes(2))
        .when(take_command(RILEY))
        .at(minutes(5))
        .deploys(DANA)
        .at(minutes(9))
        .when(state_criterion(DANA))
        .when(document(DANA, TICKET))
        .until(hours(26));
    insta::assert_snapshot!(story.reminders(&[Duty::Approval]), @r"
    Sat 14 10:00 U0MORGAN: approval opening
    Sat 14 10:04 U0MORGAN: approval ready
    Sat 14 18:00 U0MORGAN: approval before-960
    Sat 14 21:30 U0MORGAN: approval before-240
    Sun 15 08:00 U0MORGAN: approval before-120
    Sun 15 09:00 U0MORGAN: approval before-60
    Sun 15 09:30 U0MORGAN: approval before-30
    ");
}

#[test]
fn who_is_up_anyway_is_told_at_once() {
    let story = left_alone("2026-03-14 02:14");
    assert_eq!(
        story.reminders(&DAY),
        "Sat 14 02:19 U0DANA: ticket opening\n\
         Sat 14 02:19 U0MORGAN: approval opening"
    );
}

/// Deployed at 02:19 as a pipeline says; Dana sleeps.
fn told_by_a_pipeline(active_minutes_before: Option<i64>) -> Story {
    let story = Story::begin(
        berlin("2026-03-13 18:00"),
        written(),
        Town::berlin(),
        request(),
    )
    .at(minutes(1))
    .when(authorize(MORGAN))
    .when(take_command(RILEY));
    let deployed = berlin("2026-03-14 02:19");
    if let Some(before) = active_minutes_before {
        story.town.sees(&user(DANA), deployed - minutes(before));
    }
    let since = deployed - story.began_at;
    story.at(since).when(Move {
        actor: Actor::Bot,
        ..deployed_at(DANA, deployed)
    })
}

#[test]
fn what_opens_at_night_waits_for_the_morning_unless_its_reader_is_awake() {
    let opening = |story: Story| {
        let story = story.until(hours(15));
        story.reminders(&[Duty::Ticket])
    };
    let morning = "Sat 14 08:00 U0DANA: ticket opening";
    assert_eq!(opening(told_by_a_pipeline(None)), morning);
    assert_eq!(opening(told_by_a_pipeline(Some(31))), morning);
    assert_eq!(
        opening(told_by_a_pipeline(Some(30))),
        "Sat 14 02:19 U0DANA: ticket opening"
    );
}

#[test]
fn what_falls_into_the_night_is_said_the_evening_before_even_for_tomorrow_s_deadline() {
    // Deployed at 07:00: every rung but one falls into the next night.
    let story = left_alone("2026-03-14 06:55").until(hours(24));
    insta::assert_snapshot!(story.reminders(&[Duty::Ticket]), @r"
    Sat 14 07:00 U0DANA: ticket opening
    Sat 14 15:00 U0DANA: ticket before-960
    Sat 14 21:30 U0DANA: ticket before-30
    ");
}

#[test]
fn rungs_slept_through_collapse_into_the_highest() {
    let story = left_alone("2026-03-14 09:00").at(hours(20)).ticks();
    assert_eq!(
        story.reminders(&[Duty::Ticket]),
        "Sat 14 09:05 U0DANA: ticket opening",
        "05:00 is no time to say it"
    );
    let story = story.until(days(1));
    insta::assert_snapshot!(story.reminders(&[Duty::Ticket]), @r"
    Sat 14 09:05 U0DANA: ticket opening
    Sun 15 08:00 U0DANA: ticket before-120
    Sun 15 08:30 U0DANA: ticket before-60
    Sun 15 09:00 U0DANA: ticket before-30
    ");
}

#[test]
fn a_bot_that_wakes_at_night_lets_people_sleep() {
    let story = left_alone("2026-03-14 09:00");
    let story = story.at(hours(14)).ticks();
    assert_eq!(
        story.next_due_at(),
        Some(berlin("2026-03-15 08:00")),
        "23:00 is too late for what was due at 17:05 and 21:30"
    );
    story.town.sees(&user(DANA), story.now - minutes(3));
    let story = story.ticks();
    assert!(
        story
            .reminders(&[Duty::Ticket])
            .ends_with("Sat 14 23:00 U0DANA: ticket before-120"),
        "Dana is up, and hears once of all of it"
    );
}

#[test]
fn a_rung_that_overtakes_another_leaves_nothing_behind() {
    // Due at 23:10: the rung of 22:40 is said at 21:30, before those of 21:10
    // and 22:10 have been, if the bot slept until 21:50.
    let story = left_alone("2026-03-14 23:05").until(hours(20));
    let story = story.at(hours(22) + minutes(45)).ticks();
    let said = story.reminders(&[Duty::Ticket]);
    assert!(
        said.ends_with("Sun 15 21:50 U0DANA: ticket before-30"),
        "{said}"
    );
    assert!(story.next_due_at().unwrap() > story.now);
    let n = story.history.len();
    assert_eq!(story.ticks().history.len(), n, "once is enough");
}

#[test]
fn what_is_moved_to_the_evening_does_not_follow_on_the_heels_of_another() {
    // Due at 01:25: the rung of four hours before is said at 21:25.
    let story = left_alone("2026-03-14 01:20").until(hours(24));
    insta::assert_snapshot!(story.reminders(&[Duty::Ticket]), @r"
    Sat 14 01:25 U0DANA: ticket opening
    Sat 14 09:25 U0DANA: ticket before-960
    Sat 14 17:25 U0DANA: ticket before-480
    Sat 14 21:25 U0DANA: ticket before-240
    Sat 14 21:55 U0DANA: ticket before-30
    ");
    // Due at 01:45, that rung is overtaken by those of the night.
    let story = left_alone("2026-03-14 01:40").until(hours(24));
    insta::assert_snapshot!(story.reminders(&[Duty::Ticket]), @r"
    Sat 14 01:45 U0DANA: ticket opening
    Sat 14 09:45 U0DANA: ticket before-960
    Sat 14 17:45 U0DANA: ticket before-480
    Sat 14 21:30 U0DANA: ticket before-30
    ");
}

#[test]
fn the_night_is_spared_in_the_week_the_clocks_go_forward() {
    let story = left_alone("2026-03-28 02:14").until(hours(49));
    insta::assert_snapshot!(story.reminders(&[Duty::Ticket]), @r"
    Sat 28 02:19 U0DANA: ticket opening
    Sat 28 10:19 U0DANA: ticket before-960
    Sat 28 18:19 U0DANA: ticket before-480
    Sat 28 21:30 U0DANA: ticket before-30
    Sun 29 08:00 U0DANA: ticket overdue-1
    Sun 29 11:19 U0DANA: ticket overdue-2
    Sun 29 15:19 U0DANA: ticket overdue-3
    Sun 29 19:19 U0DANA: ticket overdue-4
    Sun 29 21:30 U0DANA: ticket overdue-6
    ");
}

#[test]
fn the_night_is_spared_in_the_week_the_clocks_go_back() {
    let story = left_alone("2026-10-24 02:14").until(hours(49));
    insta::assert_snapshot!(story.reminders(&[Duty::Ticket]), @r"
    Sat 24 02:19 U0DANA: ticket opening
    Sat 24 10:19 U0DANA: ticket before-960
    Sat 24 18:19 U0DANA: ticket before-480
    Sat 24 21:30 U0DANA: ticket before-30
    Sun 25 08:00 U0DANA: ticket overdue-1
    Sun 25 09:19 U0DANA: ticket overdue-2
    Sun 25 13:19 U0DANA: ticket overdue-3
    Sun 25 17:19 U0DANA: ticket overdue-4
    Sun 25 21:19 U0DANA: ticket overdue-5
    Sun 25 21:49 U0DANA: ticket overdue-6
    ");
}

#[test]
fn the_deadline_is_a_day_of_the_wall_clock_in_utc_whatever_the_clocks_do() {
    for at in ["2026-03-28 02:14", "2026-10-24 02:14", "2026-06-06 02:14"] {
        let story = left_alone(at);
        let deployed_at = story.change.deployed_at().unwrap();
        assert_eq!(story.change.due_at(), Some(deployed_at + hours(24)));
    }
}

#[test]
fn a_request_rings_at_night_after_three_and_six_minutes_and_no_more() {
    let story = given(requested()).until(days(2));
    assert_eq!(
        story.reminders(&[Duty::AnswerRequest]),
        "Sat 14 02:17 U0MORGAN: answer_request again-1\n\
         Sat 14 02:20 U0MORGAN: answer_request again-2"
    );
    assert_eq!(story.next_due_at(), None);
}

#[test]
fn whoever_is_asked_anew_is_asked_again_even_if_they_were_before() {
    let story = given(requested())
        .until(minutes(8))
        .when(ask(DANA, &[person(ALEX)]))
        .until(minutes(12))
        .when(ask(DANA, &[person(MORGAN)]))
        .until(hours(1));
    assert_eq!(
        story.reminders(&[Duty::AnswerRequest]),
        "Sat 14 02:17 U0MORGAN: answer_request again-1\n\
         Sat 14 02:20 U0MORGAN: answer_request again-2\n\
         Sat 14 02:25 U0ALEX: answer_request again-1\n\
         Sat 14 02:29 U0MORGAN: answer_request again-1\n\
         Sat 14 02:32 U0MORGAN: answer_request again-2"
    );
}

#[test]
fn an_authorization_ends_the_asking() {
    let story = given(authorized()).until(days(1));
    assert_eq!(story.reminders(&[Duty::AnswerRequest]), "");
}

#[test]
fn deployed_is_asked_four_times_and_never_at_night_of_who_sleeps() {
    let by_day = Story::begin(
        berlin("2026-03-14 09:14"),
        written(),
        Town::berlin(),
        request(),
    )
    .at(minutes(1))
    .when(authorize(MORGAN))
    .until(days(9));
    assert_eq!(
        by_day.reminders(&[Duty::ConfirmDeployment]),
        "Sat 14 09:45 U0DANA: confirm_deployment again-1\n\
         Sat 14 11:15 U0DANA: confirm_deployment again-2\n\
         Sat 14 17:15 U0DANA: confirm_deployment again-3\n\
         Sun 15 09:15 U0DANA: confirm_deployment again-4"
    );
    assert_eq!(by_day.next_due_at(), None);
    let at_night = given(authorized()).until(days(9));
    assert_eq!(
        at_night.reminders(&[Duty::ConfirmDeployment]),
        "Sat 14 08:00 U0DANA: confirm_deployment again-2\n\
         Sat 14 10:15 U0DANA: confirm_deployment again-3\n\
         Sat 14 21:30 U0DANA: confirm_deployment again-4"
    );
}

#[test]
fn the_deployment_ends_the_asking_whether_it_was_deployed() {
    let story = given(deployed()).until(days(2));
    assert_eq!(story.reminders(&[Duty::ConfirmDeployment]), "");
}

#[test]
fn approval_ends_the_chase() {
    let story = given(closed());
    let pressing = [Duty::Ticket, Duty::CommanderAuthorization, Duty::Approval];
    let said = story.reminders(&pressing);
    let story = story.until(days(30));
    assert_eq!(story.reminders(&pressing), said);
    assert_eq!(story.change.stage, Stage::Closed);
}

#[test]
fn a_complete_ticket_ends_the_implementer_s_chase() {
    let story = given(documented());
    let said = story.reminders(&[Duty::Ticket]);
    assert_eq!(story.until(days(9)).reminders(&[Duty::Ticket]), said);
}

#[test]
fn another_owner_is_another_chase() {
    let story = left_alone("2026-03-14 09:00")
        .when(state_criterion(DANA))
        .until(hours(22))
        .deploys(MORGAN)
        .until(hours(24));
    insta::assert_snapshot!(story.reminders(&[Duty::Approval]), @r"
    Sat 14 09:05 U0MORGAN: approval opening
    Sat 14 21:30 U0MORGAN: approval before-240
    Sun 15 08:00 U0ALEX: approval before-240
    Sun 15 08:30 U0ALEX: approval before-60
    ");
}

#[test]
fn an_approval_taken_back_is_chased_from_the_foot_of_the_ladder() {
    // Approved on the last rung; the exception keeps the change open.
    let story = requested()
        .at(hours(12))
        .deploys(DANA)
        .when(authorize(MORGAN))
        .when(take_command(RILEY))
        .when(state_criterion(DANA))
        .when(document(DANA, TICKET))
        .until(hours(35) + minutes(50))
        .approves(MORGAN);
    let before = story.reminders(&[Duty::Approval]);
    assert!(before.ends_with("before-30"), "{before}");
    let story = story
        .until(hours(60))
        .when(document_as(DANA, &[Field::Outcome], "rewritten"))
        .until(hours(85));
    let anew = story.reminders(&[Duty::Approval]);
    insta::assert_snapshot!(anew.strip_prefix(&before).unwrap().trim_start(), @r"
    Mon 16 14:14 U0MORGAN: approval ready
    Mon 16 21:30 U0MORGAN: approval before-480
    Tue 17 10:14 U0MORGAN: approval before-240
    Tue 17 12:14 U0MORGAN: approval before-120
    Tue 17 13:14 U0MORGAN: approval before-60
    Tue 17 13:44 U0MORGAN: approval before-30
    ");
}

#[test]
fn a_remedy_is_chased_three_days_one_day_and_four_hours_before() {
    let story = given(rejected()).until(days(9));
    insta::assert_snapshot!(story.reminders(&[Duty::Remediation]), @r"
    Sat 14 08:00 U0DANA: remediation opening
    Tue 17 21:30 U0DANA: remediation before-4320
    Thu 19 21:30 U0DANA: remediation before-1440
    Fri 20 21:30 U0DANA: remediation before-240
    Sat 21 08:14 U0DANA: remediation overdue-1
    Sat 21 12:14 U0DANA: remediation overdue-2
    Sat 21 16:14 U0DANA: remediation overdue-3
    Sat 21 20:14 U0DANA: remediation overdue-4
    Sat 21 21:30 U0DANA: remediation overdue-6
    Sun 22 21:30 U0DANA: remediation overdue-7
    ");
}

#[test]
fn a_group_is_reminded_by_the_clock_of_the_house() {
    let mut story = requested();
    story.policy.approvers = vec![group(LEADS)];
    let story = story.at(minutes(5)).deploys(MORGAN).until(hours(8));
    assert_eq!(
        story.reminders(&[Duty::SecondAuthorization]),
        "Sat 14 08:00 S0LEADS: second_authorization opening"
    );
}

/// The whole chase of a change that nobody touches, person by person.
#[test]
fn ten_days_untouched() {
    let story = given(requested())
        .at(minutes(7))
        .when(go_ahead(DANA))
        .at(minutes(9))
        .deploys(DANA)
        .until(days(10));
    let mut all = vec![
        Duty::AnswerRequest,
        Duty::ConfirmDeployment,
        Duty::Ticket,
        Duty::CommanderAuthorization,
        Duty::SecondAuthorization,
        Duty::Approval,
        Duty::Remediation,
    ];
    all.extend(Exception::ALL.iter().copied().map(Duty::AnswerException));
    let said = story.reminders(&all);
    // What a person is told at one time goes out as one message.
    let mut messages: BTreeMap<&str, Vec<(String, Vec<&str>)>> = BTreeMap::new();
    for line in said.lines() {
        let (when_and_who, what) = line.split_once(": ").unwrap();
        let (when, who) = when_and_who.rsplit_once(' ').unwrap();
        let of_who = messages.entry(who).or_default();
        match of_who.last_mut() {
            Some((last, whats)) if last == when => whats.push(what),
            _ => of_who.push((when.to_owned(), vec![what])),
        }
    }
    let mut lines = Vec::new();
    for (who, of_who) in messages {
        lines.push(who.to_owned());
        for (when, whats) in of_who {
            lines.push(format!("  {when}  {}", whats.join(", ")));
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    U0DANA
      Sat 14 02:23  ticket opening, commander_authorization opening
      Sat 14 10:23  ticket before-960, commander_authorization before-960
      Sat 14 18:23  ticket before-480, commander_authorization before-480
      Sat 14 21:30  ticket before-30, commander_authorization before-30
      Sun 15 08:00  ticket overdue-1, commander_authorization overdue-1
      Sun 15 10:23  ticket overdue-2, commander_authorization overdue-2
      Sun 15 14:23  ticket overdue-3, commander_authorization overdue-3
      Sun 15 18:23  ticket overdue-4, commander_authorization overdue-4
      Sun 15 21:30  ticket overdue-6, commander_authorization overdue-6
      Mon 16 21:30  ticket overdue-7, commander_authorization overdue-7
      Tue 17 21:30  ticket overdue-8, commander_authorization overdue-8
      Wed 18 21:30  ticket overdue-9, commander_authorization overdue-9
      Thu 19 21:30  ticket overdue-10, commander_authorization overdue-10
      Fri 20 21:30  ticket overdue-11, commander_authorization overdue-11
      Sat 21 21:30  ticket overdue-12, commander_authorization overdue-12
      Sun 22 21:30  ticket overdue-13, commander_authorization overdue-13
      Mon 23 21:30  ticket overdue-14, commander_authorization overdue-14
    U0MORGAN
      Sat 14 08:00  second_authorization opening, approval opening, answer_exception:not_authorized opening
      Sat 14 10:23  second_authorization before-960
      Sat 14 18:23  second_authorization before-480
      Sat 14 21:30  second_authorization before-30, approval before-60
      Sun 15 08:00  second_authorization overdue-1, answer_exception:documented_late opening, answer_exception:approved_late opening, answer_exception:commander_late opening, answer_exception:second_person_late opening
      Sun 15 10:23  second_authorization overdue-2
      Sun 15 14:23  second_authorization overdue-3
      Sun 15 18:23  second_authorization overdue-4
      Sun 15 21:30  second_authorization overdue-6
      Mon 16 21:30  second_authorization overdue-7
      Tue 17 21:30  second_authorization overdue-8, answer_exception:not_authorized before-4320
      Wed 18 21:30  second_authorization overdue-9, answer_exception:documented_late before-4320, answer_exception:approved_late before-4320, answer_exception:commander_late before-4320, answer_exception:second_person_late before-4320
      Thu 19 21:30  second_authorization overdue-10, answer_exception:not_authorized before-1440
      Fri 20 21:30  second_authorization overdue-11, answer_exception:not_authorized before-240, answer_exception:documented_late before-1440, answer_exception:approved_late before-1440, answer_exception:commander_late before-1440, answer_exception:second_person_late before-1440
      Sat 21 08:00  answer_exception:not_authorized overdue-1
      Sat 21 10:23  answer_exception:not_authorized overdue-2
      Sat 21 14:23  answer_exception:not_authorized overdue-3
      Sat 21 18:23  answer_exception:not_authorized overdue-4
      Sat 21 21:30  second_authorization overdue-12, answer_exception:not_authorized overdue-6, answer_exception:documented_late before-240, answer_exception:approved_late before-240, answer_exception:commander_late before-240, answer_exception:second_person_late before-240
      Sun 22 08:00  answer_exception:documented_late overdue-1, answer_exception:approved_late overdue-1, answer_exception:commander_late overdue-1, answer_exception:second_person_late overdue-1
      Sun 22 10:23  answer_exception:documented_late overdue-2, answer_exception:approved_late overdue-2, answer_exception:commander_late overdue-2, answer_exception:second_person_late overdue-2
      Sun 22 14:23  answer_exception:documented_late overdue-3, answer_exception:approved_late overdue-3, answer_exception:commander_late overdue-3, answer_exception:second_person_late overdue-3
      Sun 22 18:23  answer_exception:documented_late overdue-4, answer_exception:approved_late overdue-4, answer_exception:commander_late overdue-4, answer_exception:second_person_late overdue-4
      Sun 22 21:30  second_authorization overdue-13, answer_exception:not_authorized overdue-7, answer_exception:documented_late overdue-6, answer_exception:approved_late overdue-6, answer_exception:commander_late overdue-6, answer_exception:second_person_late overdue-6
      Mon 23 21:30  second_authorization overdue-14, answer_exception:not_authorized overdue-8, answer_exception:documented_late overdue-7, answer_exception:approved_late overdue-7, answer_exception:commander_late overdue-7, answer_exception:second_person_late overdue-7
    ");
}

#[test]
fn news_that_can_wait_reaches_people_by_day() {
    let town = Town::berlin();
    let sam = user(SAM);
    for (at, told) in [
        ("2026-03-14 02:19", "2026-03-14 08:00"),
        ("2026-03-14 07:59", "2026-03-14 08:00"),
        ("2026-03-14 08:00", "2026-03-14 08:00"),
        ("2026-03-14 21:59", "2026-03-14 21:59"),
        ("2026-03-14 22:00", "2026-03-15 08:00"),
    ] {
        assert_eq!(by_day(&sam, berlin(at), &town), berlin(told), "{at}");
    }
    town.sees(&sam, berlin("2026-03-14 02:00"));
    let awake = berlin("2026-03-14 02:19");
    assert_eq!(by_day(&sam, awake, &town), awake);
}

#[test]
fn a_rung_keeps_its_name_in_the_record() {
    for rung in [
        Rung::Opening,
        Rung::Ready,
        Rung::Again(2),
        Rung::Before(960),
        Rung::Overdue(7),
    ] {
        assert_eq!(Rung::from_name(&rung.name()), Some(rung));
    }
    for unknown in ["", "again", "before-", "before-x", "after-3", "again-256"] {
        assert_eq!(Rung::from_name(unknown), None, "{unknown}");
    }
}
