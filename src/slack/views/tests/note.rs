use super::*;
use crate::domain::change::Handover;
use crate::domain::obligation::Duty;
use crate::slack::views::{direct, note::note};

/// What the thread is told of the last event that `is_wanted`.
fn told(story: &Story, is_wanted: impl Fn(&Event) -> bool) -> String {
    let note = note(&story.showing(), story.event(is_wanted)).unwrap();
    // A note is read where the card stands; only a notification needs the number.
    let seen = read(&note);
    let twice = seen.strip_prefix("» CHG-1001: ").unwrap();
    let (notification, line) = twice.split_at(twice.len() / 2);
    assert_eq!(format!("\n{notification}"), line);
    notification.to_owned()
}

#[test]
fn being_asked_in_anothers_place_is_told() {
    let story = Story::unanswered().asks(vec![person("sam"), group("eng")]);
    insta::assert_snapshot!(told(&story, |e| matches!(e, Event::AskedAnew { .. })), @"@Sam and @engs, @Dana asks you for authorization: Deploy WAF rule to block SQL injection");
}

#[test]
fn an_authorization_says_how_fast_it_came_and_what_is_next() {
    let story = Story::asked().minutes(1).authorizes("morgan");
    insta::assert_snapshot!(told(&story, |e| matches!(e, Event::Authorized { .. })), @"Authorized by @Morgan Sat 02:15 UTC, 1 min after being asked. @Dana, deploy; then press *Deployed now* on the card.");
}

#[test]
fn a_denial_names_the_ways_on() {
    let story = Story::asked().denies("morgan");
    insta::assert_snapshot!(told(&story, |e| matches!(e, Event::Denied { .. })), @"Denied by @Morgan. @Dana can ask someone else, or go ahead without; that is recorded as an exception.");
}

#[test]
fn going_ahead_says_what_it_means() {
    let story = Story::unanswered().goes_ahead("dana");
    insta::assert_snapshot!(told(&story, |e| matches!(e, Event::WentAhead)), @"@Dana goes ahead without authorization. That is recorded as an exception; a second person makes it good within 24 h of the deployment.");
}

#[test]
fn the_commanders_authorization_is_told() {
    let story = Story::asked().commands("riley");
    insta::assert_snapshot!(told(&story, |e| matches!(e, Event::CommanderAuthorized { .. })), @"@Riley commands the incident and authorizes the change as such.");
}

#[test]
fn the_second_persons_authorization_is_told() {
    let story = Story::unanswered()
        .goes_ahead("dana")
        .deploys("dana")
        .hours(8)
        .authorizes("sam");
    insta::assert_snapshot!(told(&story, |e| matches!(e, Event::SecondAuthorized { .. })), @"@Sam authorized it afterwards, as the second person.");
}

#[test]
fn a_deployment_is_told_with_its_relation_to_the_authorization() {
    let is_deployed = |e: &Event| matches!(e, Event::Deployed { .. });
    insta::assert_snapshot!(told(&Story::deployed(), is_deployed), @"Deployed by @Dana Sat 02:19 UTC, 4 min after the authorization. The ticket is due Sun 02:19 UTC (in 24 h).");
    let without = Story::asked().minutes(4).deploys("dana");
    insta::assert_snapshot!(told(&without, is_deployed), @"Deployed by @Dana Sat 02:18 UTC, without an authorization. The ticket is due Sun 02:18 UTC (in 24 h).");
    let before = Story::asked()
        .minutes(10)
        .authorizes("morgan")
        .minutes(20)
        .deployed_earlier("dana", TimeDelta::minutes(15));
    insta::assert_snapshot!(told(&before, is_deployed), @"Deployed by @Dana Sat 02:19 UTC, as they say, 5 min before the authorization. The ticket is due Sun 02:19 UTC (in 23 h 45 min).");
    let too_late = Story::asked()
        .authorizes("morgan")
        .hours(30)
        .deployed_earlier("dana", TimeDelta::hours(29));
    insta::assert_snapshot!(told(&too_late, is_deployed), @"Deployed by @Dana Sat 03:14 UTC, as they say, 1 h after the authorization. The ticket is overdue since Sun 03:14 UTC (5 h).");
}

#[test]
fn the_ends_before_a_deployment_are_told() {
    let withdrawn = Story::asked().does("dana", Command::Withdraw);
    insta::assert_snapshot!(told(&withdrawn, |e| matches!(e, Event::Withdrawn)), @"@Dana withdrew the request. It stays listed.");
    let lapsed = Story::asked()
        .authorizes("morgan")
        .does("dana", Command::Lapse);
    insta::assert_snapshot!(told(&lapsed, |e| matches!(e, Event::Lapsed)), @"@Dana says it was never deployed. It stays listed; nothing more is owed.");
}

#[test]
fn a_decision_is_told() {
    let ready = || Story::deployed().hours(9).documents_all();
    let approved = ready().approves("morgan");
    insta::assert_snapshot!(told(&approved, |e| matches!(e, Event::Approved { .. })), @"Approved in retrospect by @Morgan, exactly as the ticket reads now.");
    insta::assert_snapshot!(told(&approved, |e| matches!(e, Event::Closed)), @"Closed 8 h 55 min after the deployment, without exceptions. Thank you. What closing doesn't wait for is still to come: the compliance lead's word on whether it was genuine and the review in a team meeting.");
    let rejected = ready().rejects("morgan", "No test shows\nthat it works");
    insta::assert_snapshot!(told(&rejected, |e| matches!(e, Event::Rejected { .. })), @r"
    Rejected in retrospect by @Morgan: No test shows that it works
    @Dana has until 2026-04-04 11:14 UTC to say how it was put right. Remedy: Redo it through the normal process.
    ");
    let put_right = rejected.remediates("dana", "Tested on staging");
    insta::assert_snapshot!(told(&put_right, |e| matches!(e, Event::Remediated { .. })), @"Put right, says @Dana: Tested on staging");
    let answered = put_right.answers("morgan", &[Exception::Rejected]);
    insta::assert_snapshot!(told(&answered, |e| matches!(e, Event::ExceptionAnswered { .. })), @"@Morgan answered the exception “rejected in retrospect”. Cause: Nobody who may authorize was on call. Remedy: A second approver joins the rota. By @Dana.");
    insta::assert_snapshot!(told(&answered, |e| matches!(e, Event::Closed)), @"Closed 8 h 55 min after the deployment, with one exception on record, answered. Thank you. What closing doesn't wait for is still to come: the compliance lead's word on whether it was genuine.");
}

#[test]
fn an_edit_after_the_approval_is_told() {
    // An open exception keeps the approved change from closing.
    let story = Story::asked()
        .because(Criterion::ProductionDown)
        .deploys("dana")
        .authorizes("sam")
        .commands("riley")
        .documents_all()
        .approves("morgan")
        .documents(&[(Section::Testing, "Also on staging")]);
    insta::assert_snapshot!(told(&story, |e| matches!(e, Event::ApprovalTakenBack { .. })), @"@Dana edited “testing” after the approval, so the approval no longer holds. The approver decides anew.");
}

#[test]
fn a_deployment_after_the_approval_is_told() {
    let story = Story::asked()
        .because(Criterion::ProductionDown)
        .deploys("dana")
        .authorizes("sam")
        .commands("riley")
        .documents_all()
        .approves("morgan")
        .hours(3)
        .deploys("dana");
    insta::assert_snapshot!(told(&story, |e| matches!(e, Event::ApprovalTakenBack { .. })), @"@Dana told of a further deployment after the approval, so the approval no longer holds. The approver decides anew.");
}

#[test]
fn a_missed_deadline_says_what_whose_and_what_now() {
    let missed = |duty: Duty| move |e: &Event| matches!(e, Event::DeadlineMissed { duty: one, .. } if *one == duty);
    let story = Story::deployed().hours(24).minutes(24 * 60 + 5);
    insta::assert_snapshot!(told(&story, missed(Duty::Ticket)), @r"
    Deadline missed. The ticket was due Sun 02:19 UTC from the implementer. Missing: what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent).
    Deadline missed. The retrospective decision was due Sun 02:19 UTC from the approver. It waits for the ticket. The miss stays on record; the reminders go on, every 4 h for a day, then daily.
    ");
    insta::assert_snapshot!(told(&story, missed(Duty::Approval)), @r"
    Deadline missed. The ticket was due Sun 02:19 UTC from the implementer. Missing: what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent).
    Deadline missed. The retrospective decision was due Sun 02:19 UTC from the approver. It waits for the ticket. The miss stays on record; the reminders go on, every 4 h for a day, then daily.
    ");
    let noticed_late = Story::deployed().hours(30);
    insta::assert_snapshot!(told(&noticed_late, missed(Duty::Ticket)), @r"
    Deadline missed. The ticket was due Sun 02:19 UTC from the implementer (noticed Sun 08:14 UTC). Missing: what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent).
    Deadline missed. The retrospective decision was due Sun 02:19 UTC from the approver (noticed Sun 08:14 UTC). It waits for the ticket. The miss stays on record; the reminders go on, every 4 h for a day, then daily.
    ");
    let come_in_since = Story::deployed().hours(30).documents_all();
    insta::assert_snapshot!(told(&come_in_since, missed(Duty::Ticket)), @r"
    Deadline missed. The ticket was due Sun 02:19 UTC from the implementer (noticed Sun 08:14 UTC). It has come in since; the miss stays on record.
    Deadline missed. The retrospective decision was due Sun 02:19 UTC from the approver (noticed Sun 08:14 UTC). The miss stays on record; the reminders go on, every 4 h for a day, then daily.
    ");
}

#[test]
fn what_passes_on_rings_nobody_in_the_thread() {
    let mut story = Story::deployed();
    let handed = |to: Party, why, actor| Recorded {
        at: story.now,
        source: Source::Clock,
        actor,
        event: Event::HandedOver {
            duty: Duty::Approval,
            from: Some(person("morgan")),
            to,
            why,
        },
    };
    for why in [Handover::Away, Handover::Left, Handover::Ineligible] {
        for to in [group("engs"), person("sam"), person("riley")] {
            let passed = handed(to, why, Actor::Clock);
            let said = note(&story.showing(), &passed).unwrap();
            let said = serde_json::to_string(&said.blocks).unwrap() + &said.text;
            assert!(!said.contains("<@") && !said.contains("<!"), "{said}");
        }
    }
    let left = handed(group("engs"), Handover::Left, Actor::Clock);
    insta::assert_snapshot!(read(&note(&story.showing(), &left).unwrap()), @r"
    » CHG-1001: The retrospective decision passes from the authorizer to a group that may do it: whoever had it is no longer a full member of this workspace. Whose it is now stands in the list in this thread.
    The retrospective decision passes from the authorizer to a group that may do it: whoever had it is no longer a full member of this workspace. Whose it is now stands in the list in this thread.
    ");
    let away = handed(person("riley"), Handover::Away, Actor::Clock);
    insta::assert_snapshot!(read(&note(&story.showing(), &away).unwrap()), @r"
    » CHG-1001: The retrospective decision passes from the authorizer to the incident commander: whoever had it is away until after it is due. Whose it is now stands in the list in this thread.
    The retrospective decision passes from the authorizer to the incident commander: whoever had it is away until after it is due. Whose it is now stands in the list in this thread.
    ");
    // Whoever asks for it is awake.
    let delegated = handed(
        person("sam"),
        Handover::Delegated,
        Actor::Person(user("morgan")),
    );
    insta::assert_snapshot!(read(&note(&story.showing(), &delegated).unwrap()), @r"
    » CHG-1001: The retrospective decision passes from the authorizer to somebody else: @Morgan asked for it. Whose it is now stands in the list in this thread.
    The retrospective decision passes from the authorizer to somebody else: @Morgan asked for it. Whose it is now stands in the list in this thread.
    ");
    insta::assert_snapshot!(read(&direct::told(&story.showing(), &away, &user("morgan")).unwrap()), @r"
    » CHG-1001: The retrospective decision passes from you to @Riley: you're away until after it is due. Nothing more is asked of you for it.
    *CHG-1001*  Deploy WAF rule to block SQL injection
    The retrospective decision passes from you to @Riley: you're away until after it is due. Nothing more is asked of you for it.
    ");
    // Nor is the wrong one named when it is missed.
    story.history.push(delegated.clone());
    story.change.apply(&delegated);
    let story = story.hours(26);
    insta::assert_snapshot!(told(&story, |e| matches!(e, Event::DeadlineMissed { duty: Duty::Approval, .. })), @r"
    Deadline missed. The ticket was due Sun 02:19 UTC from the implementer (noticed Sun 04:14 UTC). Missing: what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent).
    Deadline missed. The retrospective decision was due Sun 02:19 UTC from whoever it was handed to (noticed Sun 04:14 UTC). It waits for the ticket. The miss stays on record; the reminders go on, every 4 h for a day, then daily.
    ");
}

#[test]
fn a_request_is_repeated_to_whoever_is_asked() {
    let reminded = |e: &Event| matches!(e, Event::Reminded { .. });
    insta::assert_snapshot!(told(&Story::asked().minutes(3), reminded), @"@Morgan, @Dana still waits for your answer, 3 min after asking: Deploy WAF rule to block SQL injection. *Authorize* and *Deny* are on the card.");
    let group = Story::asking(WHAT, vec![group("eng")])
        .minutes(3)
        .minutes(6);
    insta::assert_snapshot!(told(&group, reminded), @"@engs, @Dana still waits for your answer, 6 min after asking: Deploy WAF rule to block SQL injection. *Authorize* and *Deny* are on the card.");
}

#[test]
fn what_a_group_owes_is_said_in_the_thread() {
    let mut story = Story::asking(WHAT, vec![group("eng")])
        .minutes(3)
        .minutes(6);
    story.policy.approvers = vec![group("eng")];
    let story = story.goes_ahead("dana").minutes(9).deploys("dana").hours(7);
    let second = |e: &Event| {
        matches!(
            e,
            Event::Reminded {
                duty: Duty::SecondAuthorization,
                ..
            }
        )
    };
    insta::assert_snapshot!(told(&story, second), @"@engs, one of you is needed: a second person's authorization, due Sun 02:23 UTC (in 17 h 9 min). The card has the buttons.");
    let answer = |e: &Event| {
        matches!(
            e,
            Event::Reminded {
                duty: Duty::AnswerException(_),
                ..
            }
        )
    };
    insta::assert_snapshot!(told(&story, answer), @"@engs, one of you is needed: the answer to an exception (went ahead without authorization), due 2026-04-04 02:23 UTC (in 7 days). The card has the buttons.");
}

#[test]
fn what_only_the_card_shows_makes_no_note() {
    let story = Story::deployed().documents_all();
    for silent in story.history.iter().filter(|one| {
        matches!(
            one.event,
            Event::Requested { .. }
                | Event::CriterionStated { .. }
                | Event::SectionWritten { .. }
                | Event::Documented
                | Event::ExceptionRecorded { .. }
        )
    }) {
        assert_eq!(note(&story.showing(), silent), None, "{silent:?}");
    }
    let reminded = story.event(|e| {
        matches!(
            e,
            Event::Reminded {
                duty: Duty::Ticket,
                ..
            }
        )
    });
    assert_eq!(note(&story.showing(), reminded), None);
}

#[test]
fn an_event_owes_a_note_exactly_if_there_is_one() {
    use crate::domain::effect::{Effect, effects};
    let stories = [
        Story::deployed()
            .hours(30)
            .documents_all()
            .approves("morgan"),
        Story::unanswered()
            .goes_ahead("dana")
            .deploys("dana")
            .hours(40)
            .authorizes("sam"),
        Story::asked()
            .denies("morgan")
            .asks(vec![group("eng")])
            .minutes(20),
        Story::deployed()
            .documents_all()
            .rejects("morgan", "no")
            .remediates("dana", "so")
            .answers("morgan", &[Exception::Rejected]),
    ];
    let mut n_notes = 0;
    for story in &stories {
        let mut before = EmergencyChange::replay(ChangeNumber(1001), &story.history[..1]);
        for one in &story.history[1..] {
            let mut after = before.clone().unwrap();
            after.apply(one);
            let effects = effects(
                before.as_ref(),
                &after,
                std::slice::from_ref(one),
                &story.policy,
            );
            let owes = effects
                .iter()
                .any(|effect| matches!(effect, Effect::Note { .. }));
            let says = note(&story.showing(), one).is_some();
            assert_eq!(owes, says, "{one:?}");
            n_notes += u32::from(says);
            before = Some(after);
        }
    }
    assert!(n_notes > 15, "{n_notes}");
}

#[test]
fn how_an_authorization_was_given_is_told() {
    let is_authorized = |e: &Event| matches!(e, Event::Authorized { .. });
    insta::assert_snapshot!(told(&Story::captured(), is_authorized), @"Authorized by @Morgan Sat 02:15 UTC, 1 min after being asked, in a message. @Dana, deploy; then press *Deployed now* on the card.");
    let by_emoji = Story::asked_in_a_message(ASKED, None)
        .minutes(1)
        .reacts("morgan", 0);
    insta::assert_snapshot!(told(&by_emoji, is_authorized), @"Authorized by @Morgan Sat 02:15 UTC, 1 min after being asked, by an emoji. @Dana, deploy; then press *Deployed now* on the card.");
    let spoken = Story::asked().minutes(3).attests("morgan", None);
    insta::assert_snapshot!(told(&spoken, is_authorized), @"Authorized by @Morgan Sat 02:16 UTC, 2 min after being asked, by word of mouth, as @Dana says; @Morgan is asked to confirm that. @Dana, deploy; then press *Deployed now* on the card.");
    let senior = Story::asked().minutes(5).stands_in("gil");
    insta::assert_snapshot!(told(&senior, is_authorized), @"Authorized by @Gil Sat 02:19 UTC, 5 min after being asked, as the most senior engineer available by their own word; a second person makes it good within 24 h of the deployment. @Dana, deploy; then press *Deployed now* on the card.");
    let before = Story::asked_in_a_message(ASKED, None)
        .minutes(3)
        .answers_in_a_message("morgan", -2, "whatever you need is authorized");
    insta::assert_snapshot!(told(&before, is_authorized), @"Authorized by @Morgan Sat 02:12 UTC, 2 min before being asked, in a message. @Dana, deploy; then press *Deployed now* on the card.");
}

#[test]
fn answers_in_messages_are_told_with_their_links() {
    let denied = Story::asked()
        .minutes(2)
        .refuses_in_a_message("morgan", 2, "not yet");
    insta::assert_snapshot!(told(&denied, |e| matches!(e, Event::Denied { .. })), @"Denied by @Morgan in a message↗. @Dana can ask someone else, or go ahead without; that is recorded as an exception.");
    let second = Story::unanswered()
        .goes_ahead("dana")
        .deploys("dana")
        .minutes(30)
        .reacts("sam", 0);
    insta::assert_snapshot!(told(&second, |e| matches!(e, Event::SecondAuthorized { .. })), @"@Sam authorized it afterwards by :white_check_mark: on a message↗, as the second person.");
}

#[test]
fn the_word_of_whoever_is_named_is_told() {
    let spoken = || Story::asked().minutes(3).attests("morgan", None).minutes(9);
    let confirmed = spoken().does("morgan", Command::ConfirmAttestation);
    insta::assert_snapshot!(told(&confirmed, |e| matches!(e, Event::AttestationConfirmed)), @"@Morgan confirms having authorized it.");
    let is_disputed = |e: &Event| matches!(e, Event::AttestationDisputed);
    let disputed = spoken().does("morgan", Command::DisputeAttestation);
    insta::assert_snapshot!(told(&disputed, is_disputed), @"@Morgan says: I did not authorize it. @Dana can ask someone else, or go ahead without; that is recorded as an exception.");
    let too_late = spoken()
        .deploys("dana")
        .does("morgan", Command::DisputeAttestation);
    insta::assert_snapshot!(told(&too_late, is_disputed), @"@Morgan says: I did not authorize it. It is deployed, so that is an exception; a second person makes it good.");
}

#[test]
fn a_correction_is_told_with_both_times_and_the_reason() {
    let story = Story::deployed()
        .minutes(30)
        .corrects(began() + TimeDelta::minutes(2));
    insta::assert_snapshot!(told(&story, |e| matches!(e, Event::DeploymentCorrected { .. })), @"@Dana put the deployment's time right: Sat 02:16 UTC, not Sat 02:19 UTC. Why: Pressed it after lunch");
}

#[test]
fn another_reason_is_told_as_stated() {
    let story = Story::asked().states(NotGenuine::SkippingProcess, Some("review takes days"));
    insta::assert_snapshot!(told(&story, |e| matches!(e, Event::ReasonStated { .. })), @"@Dana stated another reason: To skip the normal process: “review takes days”. None of the five, so it is flagged for the genuineness review. The fix goes on.");
}

#[test]
fn a_duplicate_is_told_with_the_number_that_goes_on() {
    let of = ChangeNumber(1000);
    let story = Story::asked().does("dana", Command::LinkAsDuplicate { of });
    insta::assert_snapshot!(told(&story, |e| matches!(e, Event::LinkedAsDuplicate { .. })), @"@Dana says that it is the same as CHG-1000, where it goes on. This number stays listed.");
}

#[test]
fn what_became_of_a_captured_message_is_told() {
    let edited = Story::captured().edits("morgan", 1, "I never said that");
    insta::assert_snapshot!(told(&edited, |e| matches!(e, Event::MessageEdited { .. })), @"@Morgan edited a message↗ that is captured here. What was captured stays; both are on record.");
    let deleted = edited.deletes("dana", 0);
    insta::assert_snapshot!(told(&deleted, |e| matches!(e, Event::MessageDeleted { .. })), @"A message of @Dana's that is captured here was deleted. What was captured stays.");
    let MessageRef { channel, ts, .. } = message(0);
    let name = "white_check_mark".to_owned();
    let taken = Story::asked_in_a_message(ASKED, None)
        .minutes(1)
        .reacts("morgan", 0)
        .does("morgan", Command::NoteReactionRemoved { name, channel, ts });
    insta::assert_snapshot!(told(&taken, |e| matches!(e, Event::ReactionRemoved { .. })), @"@Morgan took :white_check_mark: away from a message↗. That is on record and takes nothing back.");
}

#[test]
fn a_drill_is_marked_in_every_note() {
    let story = Story::drilled().minutes(1).authorizes("morgan");
    let authorized = story.event(|e| matches!(e, Event::Authorized { .. }));
    let seen = read(&note(&story.showing(), authorized).unwrap());
    assert!(
        seen.starts_with("» Drill · CHG-1001: Authorized by"),
        "{seen}"
    );
    assert!(seen.contains("\nDrill · Authorized by"), "{seen}");
    let ended = story.does("dana", Command::Withdraw);
    let withdrawn = ended.event(|e| matches!(e, Event::Withdrawn));
    let seen = read(&note(&ended.showing(), withdrawn).unwrap());
    assert!(
        seen.ends_with("Drill · @Dana ended the drill. It counts nowhere."),
        "{seen}"
    );
}
