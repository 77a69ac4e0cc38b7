//! What people answer to a reminder: not now, somebody else, I'm away; and what
//! the clock does where nobody answers.

use super::*;
use crate::domain::change::{Handover, Nap};
use crate::domain::obligation::{
    Answered, ChaseLine, Deed, Delivery, Moot, Rung, chase_log, note_key, reminder_key,
};

fn snooze(who: &str, duty: Duty, nap: Nap) -> Move {
    by(
        who,
        Command::Snooze {
            by: full(who),
            duty,
            nap,
        },
    )
}

fn delegate(who: &str, duty: Duty, to: &str) -> Move {
    by(
        who,
        Command::Delegate {
            by: full(who),
            duty,
            to: full(to),
        },
    )
}

/// Deployed at noon, so that nothing falls into the night.
fn at_noon() -> Story {
    Story::begin(
        berlin("2026-03-14 11:55"),
        written(),
        Town::berlin(),
        request(),
    )
    .at(minutes(1))
    .when(authorize(MORGAN))
    .at(minutes(2))
    .when(take_command(RILEY))
    .at(minutes(5))
    .deploys(DANA)
}

fn owner_of(story: &Story, duty: Duty) -> Option<Party> {
    obligations(&story.change, &story.policy)
        .into_iter()
        .find(|one| one.duty == duty)
        .and_then(|one| one.owner)
}

fn refusal(story: &Story) -> String {
    story.outcome.as_ref().unwrap_err().to_string()
}

#[test]
fn a_nap_keeps_quiet_and_ends_with_one_reminder() {
    // The rung of 8 hours before falls into the nap.
    let story = at_noon()
        .until(hours(15) + minutes(50))
        .until(hours(23) - minutes(30))
        .when(snooze(DANA, Duty::Ticket, Nap::HalfAnHour))
        .until(hours(24));
    insta::assert_snapshot!(story.reminders(&[Duty::Ticket]), @r"
    Sat 14 12:00 U0DANA: ticket opening
    Sat 14 20:00 U0DANA: ticket before-960
    Sat 14 21:30 U0DANA: ticket before-480
    Sun 15 08:00 U0DANA: ticket before-240
    Sun 15 10:00 U0DANA: ticket before-120
    Sun 15 10:55 U0DANA: ticket after_nap-1
    Sun 15 11:25 U0DANA: ticket before-60
    Sun 15 11:55 U0DANA: ticket before-30
    ");
}

#[test]
fn a_fourth_nap_in_a_row_is_refused_until_something_is_done() {
    let nap = || snooze(DANA, Duty::Ticket, Nap::HalfAnHour);
    let story = at_noon()
        .at(hours(1))
        .when(nap())
        .at(hours(2))
        .when(nap())
        .at(hours(3))
        .when(nap())
        .at(hours(4))
        .when(nap());
    insta::assert_snapshot!(refusal(&story), @"You put this off 3 times in a row. It is due <!date^1773572400^{date_short_pretty} {time}|2026-03-15 11:00 UTC>. Do a part of it, or hand it to somebody else with *Delegate*.");
    let story = story
        .at(hours(5))
        .when(state_criterion(DANA))
        .at(hours(5) + minutes(1))
        .when(nap());
    assert!(story.outcome.is_ok());
}

#[test]
fn nobody_sleeps_past_the_deadline() {
    let due = minutes(5) + hours(24);
    let story = at_noon()
        .at(due - minutes(100))
        .when(snooze(DANA, Duty::Ticket, Nap::TwoHours));
    insta::assert_snapshot!(refusal(&story), @"It is due <!date^1773572400^{date_short_pretty} {time}|2026-03-15 11:00 UTC>, and a reminder can't be put off past that. An hour still fits.");
    let story = story
        .at(due - minutes(20))
        .when(snooze(DANA, Duty::Ticket, Nap::HalfAnHour));
    insta::assert_snapshot!(refusal(&story), @"It is due <!date^1773572400^{date_short_pretty} {time}|2026-03-15 11:00 UTC>, and a reminder can't be put off past that. *Delegate* hands it to somebody else; *I'm away* does so for all you owe.");
    let story = story
        .until(due + hours(1))
        .when(snooze(DANA, Duty::Ticket, Nap::HalfAnHour));
    assert!(story.outcome.is_err());
}

#[test]
fn a_nap_ends_at_the_deadline_at_the_latest_and_the_miss_is_on_record_then() {
    let due = minutes(5) + hours(24);
    let story = at_noon()
        .at(due - minutes(30))
        .when(snooze(DANA, Duty::Ticket, Nap::HalfAnHour))
        .until(due + minutes(1));
    assert!(story.change.has_missed(Duty::Ticket, story.began_at + due));
}

#[test]
fn only_the_owner_puts_off_and_nobody_a_request() {
    let story = at_noon()
        .at(hours(1))
        .when(snooze(MORGAN, Duty::Ticket, Nap::Hour));
    insta::assert_snapshot!(refusal(&story), @"That is <@U0DANA>'s to do, so only they, the compliance lead or the escalation contact can hand it on, and only they can put it off.");
    let story =
        requested()
            .at(minutes(1))
            .when(snooze(MORGAN, Duty::AnswerRequest, Nap::HalfAnHour));
    insta::assert_snapshot!(refusal(&story), @"Somebody is waiting for an answer to deploy, so this can't be put off. *Ask someone else* on the card hands it on.");
}

#[test]
fn who_is_delegated_to_owns_it_and_is_chased_from_the_foot_of_the_ladder() {
    let story = at_noon()
        .at(hours(1))
        .when(delegate(MORGAN, Duty::Approval, ALEX));
    assert_eq!(owner_of(&story, Duty::Approval), Some(person(ALEX)));
    // What the approver owes beside the decision goes with it.
    assert_eq!(
        crate::domain::obligation::approver(&story.change, &story.policy),
        Some(person(ALEX))
    );
    let story = story.until(hours(2));
    assert!(story.history.iter().any(|one| matches!(
        &one.event,
        Event::Reminded { duty: Duty::Approval, owner: Some(Party::Person(who)), rung: Rung::Opening, .. }
            if *who == user(ALEX)
    )));
}

#[test]
fn delegation_is_judged_as_the_act_is() {
    // Whoever deployed it can't approve it, whoever hands it to them.
    let story = at_noon()
        .at(hours(1))
        .when(delegate(MORGAN, Duty::Approval, DANA));
    insta::assert_snapshot!(refusal(&story), @"<@U0DANA> can't approve it: they asked for it. Somebody else has to.");
    let story = story.when(delegate(MORGAN, Duty::Approval, RILEY));
    insta::assert_snapshot!(refusal(&story), @"<@U0RILEY> can't approve it: the policy doesn't name them. Somebody else has to.");
    let story = story.when(delegate(DANA, Duty::Approval, ALEX));
    insta::assert_snapshot!(refusal(&story), @"That is <@U0MORGAN>'s to do, so only they, the compliance lead or the escalation contact can hand it on, and only they can put it off.");
    let story = story.when(delegate(RILEY, Duty::CommanderAuthorization, ALEX));
    assert!(story.outcome.is_err());
    let story = story.when(delegate(MORGAN, Duty::Approval, MORGAN));
    insta::assert_snapshot!(refusal(&story), @"<@U0MORGAN> owes that already. Nothing has changed.");
}

#[test]
fn the_escalation_contact_may_hand_on_what_isn_t_theirs() {
    let story = at_noon()
        .at(hours(1))
        .when(delegate(SAM, Duty::Ticket, RILEY));
    assert_eq!(owner_of(&story, Duty::Ticket), Some(person(RILEY)));
}

#[test]
fn a_delegate_who_becomes_an_implementer_gives_it_back() {
    let story = at_noon()
        .at(hours(1))
        .when(delegate(MORGAN, Duty::Approval, ALEX))
        .at(hours(2))
        .deploys(ALEX);
    assert_eq!(owner_of(&story, Duty::Approval), Some(person(MORGAN)));
}

#[test]
fn what_somebody_owes_passes_on_while_they_are_away_past_its_deadline() {
    let story = at_noon();
    let until = story.began_at + days(3);
    story
        .town
        .absent
        .borrow_mut()
        .insert(user(MORGAN), Absence::Away { until });
    let story = story.until(hours(1)).at(hours(1)).ticks();
    assert_eq!(owner_of(&story, Duty::Approval), Some(person(ALEX)));
    let handed = &story.change.handed[&Duty::Approval];
    assert_eq!(
        (handed.why, &handed.from),
        (Handover::Away, &Some(person(MORGAN)))
    );
    // Whoever is back in time does it then.
    let story = at_noon();
    let until = story.began_at + hours(5);
    let absent = Absence::Away { until };
    story.town.absent.borrow_mut().insert(user(MORGAN), absent);
    let story = story.at(hours(1)).ticks();
    assert_eq!(owner_of(&story, Duty::Approval), Some(person(MORGAN)));
}

#[test]
fn who_left_hands_on_to_whoever_is_still_there() {
    let story = at_noon();
    for gone in [MORGAN, ALEX, DANA] {
        let mut absent = story.town.absent.borrow_mut();
        absent.insert(user(gone), Absence::Left);
    }
    let story = story.at(hours(1)).ticks();
    assert_eq!(owner_of(&story, Duty::Approval), Some(group(LEADS)));
    // Nobody else asked or deployed: the contact for what is missed sees to it.
    assert_eq!(owner_of(&story, Duty::Ticket), Some(person(SAM)));
    let again = story.history.len();
    let story = story.at(hours(1) + minutes(1)).ticks();
    let handed = |one: &Recorded| matches!(one.event, Event::HandedOver { .. });
    assert!(!story.history[again..].iter().any(handed));
}

#[test]
fn who_was_taken_out_of_the_approvers_owes_no_approval() {
    let mut policy = written();
    policy.approvers = vec![group(LEADS), person(ALEX)];
    let story = Story::begin(
        berlin("2026-03-14 11:55"),
        policy,
        Town::berlin(),
        asking(&[person(KIM)]),
    )
    .at(minutes(1))
    .when(authorize(KIM))
    .at(minutes(5))
    .deploys(DANA);
    let leads = BTreeSet::from([GroupId::new(LEADS)]);
    story.town.groups.borrow_mut().insert(user(KIM), leads);
    let story = story.at(hours(1)).ticks();
    assert_eq!(owner_of(&story, Duty::Approval), Some(person(KIM)));
    story
        .town
        .groups
        .borrow_mut()
        .insert(user(KIM), BTreeSet::new());
    let story = story.at(hours(2)).ticks();
    assert_eq!(owner_of(&story, Duty::Approval), Some(group(LEADS)));
    assert_eq!(
        story.change.handed[&Duty::Approval].why,
        Handover::Ineligible
    );
}

#[test]
fn each_further_contact_hears_a_day_after_the_one_before_while_it_is_open() {
    let mut policy = written();
    policy.escalation = vec![user(SAM), user(ALEX), user(RILEY)];
    let story = Story::begin(
        berlin("2026-03-14 11:55"),
        policy,
        Town::berlin(),
        request(),
    )
    .at(minutes(1))
    .when(authorize(MORGAN))
    .at(minutes(2))
    .when(take_command(RILEY))
    .at(minutes(5))
    .deploys(DANA);
    let told = |story: &Story| -> Vec<(String, i64)> {
        story
            .history
            .iter()
            .filter_map(|one| match &one.event {
                Event::Escalated {
                    duty: Duty::Ticket,
                    to,
                    due_at,
                    ..
                } => Some((to.as_str().to_owned(), (one.at - *due_at).num_hours())),
                _ => None,
            })
            .collect()
    };
    let story = story.until(hours(24 * 5));
    assert_eq!(
        told(&story),
        [(ALEX.to_owned(), 24), (RILEY.to_owned(), 48)]
    );
}

#[test]
fn what_is_overdue_is_not_put_off_and_is_said_to_have_been_due() {
    let story =
        at_noon()
            .until(minutes(5) + hours(26))
            .when(snooze(DANA, Duty::Ticket, Nap::HalfAnHour));
    insta::assert_snapshot!(refusal(&story), @"It was due <!date^1773572400^{date_short_pretty} {time}|2026-03-15 11:00 UTC>, and what is overdue can't be put off. Do it now, or hand it to somebody else with *Delegate*.");
}

#[test]
fn nobody_is_told_to_delegate_what_nobody_else_may_do() {
    // Nobody commands yet, so whoever asked for the change owes that word.
    let unnamed = |at| {
        Story::begin(
            berlin("2026-03-14 11:55"),
            written(),
            Town::berlin(),
            request(),
        )
        .at(minutes(1))
        .when(authorize(MORGAN))
        .at(minutes(5))
        .deploys(DANA)
        .until(at)
    };
    let nap = || snooze(DANA, Duty::CommanderAuthorization, Nap::HalfAnHour);
    let ahead = unnamed(hours(24) - minutes(10)).when(nap());
    insta::assert_snapshot!(refusal(&ahead), @"It is due <!date^1773572400^{date_short_pretty} {time}|2026-03-15 11:00 UTC>, and a reminder can't be put off past that. *I'm commanding* or *Name the commander* on the card says who commands.");
    let over = unnamed(hours(25)).when(nap());
    insta::assert_snapshot!(refusal(&over), @"It was due <!date^1773572400^{date_short_pretty} {time}|2026-03-15 11:00 UTC>, and what is overdue can't be put off. *I'm commanding* or *Name the commander* on the card says who commands.");
    let often = unnamed(hours(1))
        .when(nap())
        .at(hours(2))
        .when(nap())
        .at(hours(3))
        .when(nap())
        .at(hours(4))
        .when(nap());
    insta::assert_snapshot!(refusal(&often), @"You put this off 3 times in a row. It is due <!date^1773572400^{date_short_pretty} {time}|2026-03-15 11:00 UTC>. *I'm commanding* or *Name the commander* on the card says who commands.");
}

#[test]
fn what_a_nap_held_up_in_the_evening_comes_once_and_then_in_the_morning() {
    let story = Story::begin(
        berlin("2026-03-14 20:40"),
        written(),
        Town::berlin(),
        request(),
    )
    .at(minutes(1))
    .when(authorize(MORGAN))
    .until(minutes(10))
    .when(snooze(DANA, Duty::ConfirmDeployment, Nap::Hour))
    .until(hours(12));
    assert!(story.outcome.is_ok());
    let said = story.reminders(&[Duty::ConfirmDeployment]);
    let evening = said.lines().filter(|line| line.starts_with("Sat 14"));
    assert_eq!(evening.count(), 1, "{said}");
    assert!(said.contains("Sun 15 08:00"), "{said}");
}

#[test]
fn whoever_had_a_part_in_it_may_be_handed_the_meeting() {
    // Dana asked for it and deployed it, and the policy names her.
    let mut story = approved().at(hours(4));
    story.policy.approvers.push(person(DANA));
    let owner = owner_of(&story, Duty::MeetingReview);
    let Some(Party::Person(owner)) = owner else {
        panic!("nobody owes the meeting: {owner:?}");
    };
    let story = story.when(delegate(owner.as_str(), Duty::MeetingReview, DANA));
    assert!(story.outcome.is_ok(), "{:?}", story.outcome);
    assert_eq!(owner_of(&story, Duty::MeetingReview), Some(person(DANA)));
}

/// Slack has a message of this key, since the story's present.
fn delivered(story: &Story, key: String) -> Move {
    Move {
        actor: Actor::Bot,
        command: Command::RecordDelivery {
            key,
            channel: ChannelId::new("D0DANA"),
            ts: MessageTs::new(format!("{}.000100", story.now.timestamp())),
            payload: [9; 32],
            showed: story.change.version,
        },
    }
}

fn refused(key: String) -> Move {
    Move {
        actor: Actor::Bot,
        command: Command::RecordFailure {
            key,
            error: "user_not_found".to_owned(),
        },
    }
}

/// The key of the first word of the ticket to Dana.
fn first_word(story: &Story) -> String {
    let due = story.began_at + minutes(5) + hours(24);
    reminder_key(
        NUMBER,
        Duty::Ticket,
        &user(DANA),
        Some(due),
        (Rung::Opening, None),
    )
}

fn lines_of(story: &Story, duty: Duty) -> Vec<ChaseLine> {
    chase_log(NUMBER, &story.history, &story.policy)
        .into_iter()
        .filter(|one| one.duty == duty)
        .collect()
}

#[test]
fn the_chase_log_tells_of_each_reminder_what_became_of_it() {
    let story = at_noon().until(hours(1));
    let delivery = delivered(&story, first_word(&story));
    let story = story
        .when(delivery)
        .at(hours(2))
        .when(snooze(DANA, Duty::Ticket, Nap::Hour));
    let lines = lines_of(&story, Duty::Ticket);
    let line = lines.first().unwrap();
    assert!(matches!(&line.delivery, Delivery::Delivered { payload, .. } if *payload == [9; 32]));
    assert_eq!(
        line.answered,
        Some(Answered::Snoozed(story.began_at + hours(3)))
    );
    let lines = lines_of(&story, Duty::Approval);
    let other = lines.first().unwrap();
    assert_eq!(
        (&other.delivery, &other.answered),
        (&Delivery::Waiting, &None)
    );
}

#[test]
fn what_somebody_does_about_one_thing_answers_no_reminder_of_another() {
    let story = at_noon().at(hours(1)).when(state_criterion(MORGAN));
    assert_eq!(lines_of(&story, Duty::Approval)[0].answered, None);
    let story = at_noon().at(hours(2)).when(state_criterion(DANA));
    assert_eq!(lines_of(&story, Duty::Approval)[0].answered, None);
    assert_eq!(
        lines_of(&story, Duty::Ticket)[0].answered,
        Some(Answered::Acted {
            at: story.began_at + hours(2),
            by: user(DANA),
            deed: Deed::Wrote,
        })
    );
}

#[test]
fn what_a_group_reads_in_the_thread_is_on_record_with_its_place() {
    let story = Story::begin(
        berlin("2026-03-14 11:55"),
        written(),
        Town::berlin(),
        asking(&[group(LEADS)]),
    )
    .until(minutes(4));
    let version = story
        .history
        .iter()
        .position(|one| matches!(one.event, Event::Reminded { .. }))
        .unwrap() as u64
        + 1;
    assert_eq!(
        lines_of(&story, Duty::AnswerRequest)[0].delivery,
        Delivery::Waiting
    );
    let delivery = delivered(&story, note_key(NUMBER, version));
    let story = story.when(delivery).at(minutes(5)).when(authorize(MORGAN));
    let line = &lines_of(&story, Duty::AnswerRequest)[0];
    assert!(matches!(line.delivery, Delivery::Delivered { .. }));
    assert_eq!(
        line.answered,
        Some(Answered::Acted {
            at: story.began_at + minutes(5),
            by: user(MORGAN),
            deed: Deed::Authorized,
        })
    );
}

#[test]
fn what_had_nothing_left_to_say_is_on_record_as_unsaid_and_why() {
    let story = at_noon()
        .at(hours(1))
        .when(delegate(MORGAN, Duty::Approval, ALEX));
    let line = &lines_of(&story, Duty::Approval)[0];
    let passed = Delivery::Unsaid {
        at: story.began_at + hours(1),
        why: Moot::Passed,
    };
    assert_eq!(
        (&line.owner, &line.delivery),
        (&Some(person(MORGAN)), &passed)
    );
    // A message that went out for others of the parcel left it out.
    let due = story.began_at + minutes(5) + hours(24);
    let key = reminder_key(
        NUMBER,
        Duty::Approval,
        &user(MORGAN),
        Some(due),
        (Rung::Opening, None),
    );
    let delivery = delivered(&story.at(hours(2)), key.clone());
    let story = at_noon()
        .at(hours(1))
        .when(delegate(MORGAN, Duty::Approval, ALEX))
        .at(hours(2))
        .when(delivery);
    assert_eq!(lines_of(&story, Duty::Approval)[0].delivery, passed);
    // What was rendered before was said.
    let mut early = delivered(&at_noon().at(hours(1)), key);
    if let Command::RecordDelivery { showed, .. } = &mut early.command {
        *showed -= 1;
    }
    let story = story.at(hours(2)).when(early);
    assert!(matches!(
        lines_of(&story, Duty::Approval)[0].delivery,
        Delivery::Delivered { .. }
    ));
}

#[test]
fn what_is_called_off_is_owed_no_more() {
    let story = Story::begin(
        berlin("2026-03-14 11:55"),
        written(),
        Town::berlin(),
        request(),
    )
    .at(minutes(1))
    .when(authorize(MORGAN))
    .until(minutes(40));
    assert_eq!(
        lines_of(&story, Duty::ConfirmDeployment)[0].delivery,
        Delivery::Waiting
    );
    let story = story.when(by(DANA, Command::Lapse));
    let line = &lines_of(&story, Duty::ConfirmDeployment)[0];
    assert!(matches!(line.delivery, Delivery::Unsaid { .. }), "{line:?}");
    assert!(matches!(
        line.answered,
        Some(Answered::Acted {
            deed: Deed::CalledOff,
            ..
        })
    ));
}

#[test]
fn an_edit_that_failed_takes_no_delivery_back() {
    let story = at_noon().until(hours(1));
    let key = first_word(&story);
    let delivery = delivered(&story, key.clone());
    let story = story.when(delivery).at(hours(2)).when(refused(key.clone()));
    assert!(matches!(
        lines_of(&story, Duty::Ticket)[0].delivery,
        Delivery::Delivered { .. }
    ));
    let never = at_noon().until(hours(1)).when(refused(key));
    assert!(matches!(
        &lines_of(&never, Duty::Ticket)[0].delivery,
        Delivery::Undelivered { error, .. } if error == "user_not_found"
    ));
}

/// The names under which reminders of one duty wait to be sent.
fn keys(story: &Story, of: Duty) -> Vec<String> {
    story
        .history
        .iter()
        .filter_map(|one| match &one.event {
            Event::Reminded {
                duty,
                owner: Some(Party::Person(who)),
                due_at,
                rung,
                round,
            } if *duty == of => Some(reminder_key(NUMBER, of, who, *due_at, (*rung, *round))),
            _ => None,
        })
        .collect()
}

#[test]
fn what_comes_back_to_somebody_is_told_under_a_name_of_its_own() {
    let story = at_noon()
        .at(hours(1))
        .when(delegate(MORGAN, Duty::Approval, ALEX))
        .at(hours(2))
        .when(delegate(ALEX, Duty::Approval, MORGAN));
    let due = (story.began_at + minutes(5) + hours(24)).timestamp_micros();
    assert_eq!(
        keys(&story, Duty::Approval),
        [
            format!("reminder:CHG-1042:approval:U0MORGAN:{due}:opening"),
            format!("reminder:CHG-1042:approval:U0ALEX:{due}:opening:1"),
            format!("reminder:CHG-1042:approval:U0MORGAN:{due}:opening:2"),
        ]
    );
}

#[test]
fn who_is_asked_anew_is_asked_again_under_names_of_their_own() {
    let ask = |whom| {
        let asked = vec![person(whom)];
        by(DANA, Command::AskSomeoneElse { asked })
    };
    let story = requested()
        .until(minutes(7))
        .when(ask(ALEX))
        .until(minutes(8))
        .when(ask(MORGAN))
        .until(minutes(20));
    let keys = keys(&story, Duty::AnswerRequest);
    let distinct: BTreeSet<&String> = keys.iter().collect();
    assert_eq!((keys.len(), distinct.len()), (4, 4), "{keys:?}");
}

/// The reminders of the ticket after an instant and up to another.
fn n_said_between(story: &Story, from: DateTime<Utc>, to: DateTime<Utc>) -> usize {
    let of_the_ticket = |one: &&Recorded| {
        matches!(
            one.event,
            Event::Reminded {
                duty: Duty::Ticket,
                ..
            }
        )
    };
    let said = story.history.iter().filter(of_the_ticket);
    said.filter(|one| one.at > from && one.at <= to).count()
}

#[test]
fn a_nap_ends_when_its_owner_chose_though_it_is_night_by_then() {
    // Deployed at 02:19, and due at 02:19: nothing but this is said before.
    let story = deployed().until(hours(19) + minutes(21));
    let due = story.began_at + minutes(5) + hours(24);
    let pressed_at = story.now;
    for late in [0, 1, 5] {
        let mut story = deployed().until(hours(19) + minutes(21));
        story.now += TimeDelta::seconds(late);
        let story = story.when_done(pressed_at, snooze(DANA, Duty::Ticket, Nap::HalfAnHour));
        assert!(story.outcome.is_ok());
        let story = story.until(hours(36));
        let said = n_said_between(&story, pressed_at + minutes(29), due);
        assert_eq!(said, 1, "handled {late} s late");
    }
}

#[test]
fn a_nap_that_ended_while_the_bot_was_down_wakes_nobody_hours_later() {
    let story =
        at_noon()
            .until(hours(9) + minutes(45))
            .when(snooze(DANA, Duty::Ticket, Nap::HalfAnHour));
    let back_at = story.began_at + hours(15);
    let story = story.at(hours(15)).ticks();
    assert_eq!(n_said_between(&story, back_at - minutes(1), back_at), 0);
}

#[test]
fn nothing_passes_to_who_is_away_until_after_it_is_due() {
    let away = |until| {
        let story = at_noon();
        let until = story.began_at + until;
        let absent = Absence::Away { until };
        story.town.absent.borrow_mut().insert(user(ALEX), absent);
        story
            .at(hours(1))
            .when(delegate(MORGAN, Duty::Approval, ALEX))
    };
    let story = away(days(3));
    insta::assert_snapshot!(refusal(&story), @"<@U0ALEX> is away until <!date^1773744900^{date_short_pretty} {time}|2026-03-17 10:55 UTC>, and it is due before that. Somebody else has to do it.");
    assert_eq!(owner_of(&story, Duty::Approval), Some(person(MORGAN)));
    let story = away(hours(6));
    assert_eq!(owner_of(&story, Duty::Approval), Some(person(ALEX)));
}

/// Three contacts hear of what is missed.
fn with_three_contacts() -> Policy {
    Policy {
        escalation: vec![user(SAM), user(ALEX), user(RILEY)],
        ..written()
    }
}

/// Who heard of a missed ticket after the first contact, and how many hours after
/// that was noticed.
fn told_of_the_ticket(story: &Story) -> Vec<(String, i64)> {
    let of_it = |one: &&Recorded| {
        matches!(
            one.event,
            Event::DeadlineMissed {
                duty: Duty::Ticket,
                ..
            }
        )
    };
    let noticed_at = story.history.iter().find(of_it).unwrap().at;
    story
        .history
        .iter()
        .filter_map(|one| match &one.event {
            Event::Escalated {
                duty: Duty::Ticket,
                to,
                ..
            } => Some((to.as_str().to_owned(), (one.at - noticed_at).num_hours())),
            _ => None,
        })
        .collect()
}

#[test]
fn of_what_was_learned_late_each_contact_hears_a_day_after_the_one_before() {
    let story = Story::begin(
        berlin("2026-03-14 11:55"),
        with_three_contacts(),
        Town::berlin(),
        request(),
    )
    .at(minutes(1))
    .when(authorize(MORGAN));
    let deployed_at_noon = story.began_at + minutes(5);
    let story = story.at(days(4)).when(deployed_at(DANA, deployed_at_noon));
    assert_eq!(told_of_the_ticket(&story), []);
    let story = story.until(days(8));
    assert_eq!(
        told_of_the_ticket(&story),
        [(ALEX.to_owned(), 24), (RILEY.to_owned(), 48)]
    );
}

#[test]
fn who_was_slept_through_isn_t_told_together_with_the_one_before() {
    let story = Story::begin(
        berlin("2026-03-14 11:55"),
        with_three_contacts(),
        Town::berlin(),
        request(),
    )
    .at(minutes(1))
    .when(authorize(MORGAN))
    .at(minutes(5))
    .deploys(DANA)
    .until(hours(25))
    .at(days(6))
    .ticks();
    assert_eq!(told_of_the_ticket(&story).len(), 1);
}

#[test]
fn no_further_contact_hears_of_what_closing_doesn_t_wait_for() {
    let mut story = approved();
    story.policy = with_three_contacts();
    let story = story.until(days(40));
    let missed = |one: &Recorded| matches!(one.event, Event::DeadlineMissed { duty, .. } if !duty.is_needed_to_close());
    let escalated = |one: &Recorded| matches!(one.event, Event::Escalated { duty, .. } if !duty.is_needed_to_close());
    assert!(story.history.iter().any(missed));
    assert!(!story.history.iter().any(escalated));
}

#[test]
fn a_ticket_that_is_ready_another_time_is_so_said_under_a_name_of_its_own() {
    let ready = |story: &Story| -> Vec<String> {
        let keys = keys(story, Duty::Approval).into_iter();
        keys.filter(|key| key.contains(":ready")).collect()
    };
    let story = documented().until(hours(12));
    assert_eq!(ready(&story).len(), 1, "{:?}", keys(&story, Duty::Approval));
    let choose = |to: &str| {
        let told = Told::Choice(to.to_owned());
        write(DANA, vec![(Field::Permanence, told)])
    };
    let story = story
        .at(hours(13))
        .when(choose("temporary"))
        .at(hours(14))
        .when(choose("permanent"))
        .until(hours(15));
    let told: BTreeSet<String> = ready(&story).into_iter().collect();
    assert_eq!(told.len(), 2, "{:?}", ready(&story));
}
