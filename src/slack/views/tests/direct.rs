use super::*;
use crate::domain::change::Event;
use crate::domain::obligation::{Duty, Rung, obligations};
use crate::slack::views::direct::{Due, reminder, told};

/// Who reads a reminder of what `owner` owes. A test leaks a name.
fn reader(owner: Option<Party>) -> &'static UserId {
    match owner {
        Some(Party::Person(who)) => Box::leak(Box::new(who)),
        Some(Party::Group(_)) | None => panic!("nobody in particular is reminded"),
    }
}

/// A reminder of what is or was owed.
fn due(story: &Story, duty: Duty, rung: Rung) -> Due<'_> {
    let one = obligations(&story.change, &story.policy)
        .into_iter()
        .find(|one| one.duty == duty)
        .unwrap();
    Due {
        showing: story.showing(),
        duty,
        owner: reader(one.owner),
        due_at: one.due_at,
        rung,
        open: one.met_at.is_none(),
    }
}

fn reminded(story: &Story, duty: Duty, rung: Rung) -> String {
    read(&reminder(&[due(story, duty, rung)], story.now))
}

#[test]
fn whoever_is_asked_can_answer_from_the_message() {
    let story = Story::asked().minutes(3);
    insta::assert_snapshot!(reminded(&story, Duty::AnswerRequest, Rung::Again(1)), @r"
    » CHG-1001: @Dana asks you for authorization
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asks you for authorization, since Sat 02:14 UTC.
    [+Authorize] [!Deny]
    ");
    let story = story.minutes(6);
    insta::assert_snapshot!(reminded(&story, Duty::AnswerRequest, Rung::Again(2)), @r"
    » CHG-1001: @Dana asks you for authorization
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asks you for authorization, since Sat 02:14 UTC.
    Asked 2 times; this is the last.
    [+Authorize] [!Deny]
    ");
}

#[test]
fn the_requester_is_asked_whether_it_is_deployed() {
    let story = Story::asked().minutes(1).authorizes("morgan").minutes(31);
    insta::assert_snapshot!(reminded(&story, Duty::ConfirmDeployment, Rung::Again(1)), @r"
    » CHG-1001: deployed?
    *CHG-1001*  Deploy WAF rule to block SQL injection
    Is it deployed? If it was earlier, say `/emergency deployed CHG-1001 20 min ago`.
    [+Deployed now] [Never deployed] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | I'm away…]
    ");
    let story = story.hours(25);
    insta::assert_snapshot!(reminded(&story, Duty::ConfirmDeployment, Rung::Again(4)), @r"
    » CHG-1001: deployed?
    *CHG-1001*  Deploy WAF rule to block SQL injection
    Is it deployed? If it was earlier, say `/emergency deployed CHG-1001 20 min ago`.
    Asked 4 times; this is the last.
    [+Deployed now] [Never deployed] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | I'm away…]
    ");
}

#[test]
fn the_ticket_names_exactly_what_is_missing() {
    let story = Story::deployed();
    insta::assert_snapshot!(reminded(&story, Duty::Ticket, Rung::Opening), @r"
    » CHG-1001, due in 24 h: the ticket misses what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent)
    *CHG-1001*  Deploy WAF rule to block SQL injection
    The ticket misses what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent). Now is when you remember it best; what you can't say yet can follow.
    *Due Sun 02:19 UTC (in 24 h).*
    [+Document] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | Delegate… | I'm away…]
    ");
    let story = story.hours(20).documents(&[
        (Section::WhatWasDone, "a"),
        (Section::Testing, "b"),
        (Section::Outcome, "c"),
    ]);
    insta::assert_snapshot!(reminded(&story, Duty::Ticket, Rung::Before(240)), @r"
    » CHG-1001, due in 4 h 5 min: the ticket misses rollback plan, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent)
    *CHG-1001*  Deploy WAF rule to block SQL injection
    The ticket still misses rollback plan, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent).
    *Due Sun 02:19 UTC (in 4 h 5 min).*
    [+Document] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | Delegate… | I'm away…]
    ");
}

#[test]
fn the_last_reminder_says_that_it_is_the_last_even_the_evening_before() {
    let story = Story::deployed().minutes(23 * 60 + 35);
    insta::assert_snapshot!(reminded(&story, Duty::Ticket, Rung::Before(30)), @r"
    » CHG-1001, due in 30 min: the ticket misses what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent)
    *CHG-1001*  Deploy WAF rule to block SQL injection
    The ticket still misses what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent).
    *Due Sun 02:19 UTC (in 30 min).* This is the last reminder before the deadline.
    [+Document] [… Remind me in 30 minutes | Delegate… | I'm away…]
    ");
    let evening = Story::deployed().minutes(19 * 60 + 16);
    insta::assert_snapshot!(reminded(&evening, Duty::Ticket, Rung::Before(30)), @r"
    » CHG-1001, due in 4 h 49 min: the ticket misses what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent)
    *CHG-1001*  Deploy WAF rule to block SQL injection
    The ticket still misses what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent).
    *Due Sun 02:19 UTC (in 4 h 49 min).* This is the last reminder before the deadline.
    [+Document] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | Delegate… | I'm away…]
    ");
}

#[test]
fn an_overdue_ticket_says_since_when() {
    let story = Story::deployed().minutes(28 * 60 + 5);
    insta::assert_snapshot!(reminded(&story, Duty::Ticket, Rung::Overdue(1)), @r"
    » CHG-1001, overdue for 4 h: the ticket misses what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent)
    *CHG-1001*  Deploy WAF rule to block SQL injection
    The ticket still misses what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent).
    *Overdue since Sun 02:19 UTC (4 h).* The miss is on record; finishing it still closes the change.
    [+Document] [… Delegate… | I'm away…]
    ");
}

#[test]
fn a_missing_criterion_can_be_tapped_in_the_message() {
    let story = Story::asked()
        .authorizes("morgan")
        .deploys("dana")
        .documents_all();
    insta::assert_snapshot!(reminded(&story, Duty::Ticket, Rung::Before(480)), @r"
    » CHG-1001, due in 24 h: the ticket misses why it was an emergency
    *CHG-1001*  Deploy WAF rule to block SQL injection
    The ticket still misses why it was an emergency.
    *Due Sun 02:14 UTC (in 24 h).*
    · Why was it an emergency?
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed] [Another reason…] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | Delegate… | I'm away…]
    · Not an emergency: a faster launch, a deadline today, skipping the process.
    ");
}

#[test]
fn an_approver_who_owes_something_too_is_addressed() {
    let story = Story::asked()
        .minutes(3)
        .attests("morgan", None)
        .minutes(5)
        .deploys("dana");
    let seen = reminded(&story, Duty::Approval, Rung::Opening);
    let wanted = "an attested authorization from you, ";
    assert!(seen.contains(wanted), "{seen}");
    assert!(!seen.contains("@Morgan"), "{seen}");
}

#[test]
fn an_approver_hears_whom_the_ticket_waits_for() {
    let story = Story::deployed().documents(&[(Section::WhatWasDone, "a")]);
    insta::assert_snapshot!(reminded(&story, Duty::Approval, Rung::Opening), @r"
    » CHG-1001, due in 24 h: your decision, once the ticket is ready
    *CHG-1001*  Deploy WAF rule to block SQL injection
    It can't be decided yet: it waits for testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent) from @Dana.
    *Due Sun 02:19 UTC (in 24 h).*
    [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | Delegate… | I'm away…]
    ");
    let story = story.hours(20);
    insta::assert_snapshot!(reminded(&story, Duty::Approval, Rung::Before(240)), @r"
    » CHG-1001, due in 4 h 5 min: your decision, once the ticket is ready
    *CHG-1001*  Deploy WAF rule to block SQL injection
    It can't be decided yet: it waits for testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent) from @Dana.
    *Due Sun 02:19 UTC (in 4 h 5 min).*
    [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | Delegate… | I'm away…]
    ");
}

#[test]
fn an_approver_sees_everything_that_the_decision_is_about() {
    let story = Story::deployed().hours(9).documents_all();
    insta::assert_snapshot!(reminded(&story, Duty::Approval, Rung::Ready), @r"
    » CHG-1001, due in 15 h 5 min: ready for your decision
    *CHG-1001*  Deploy WAF rule to block SQL injection
    The ticket is ready for your decision.
    *Due Sun 02:19 UTC (in 15 h 5 min).*
    *What:* Deploy WAF rule to block SQL injection
    *Why an emergency:* Production is down and needs a fix.
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Authorized* by @Morgan Sat 02:15 UTC, 4 min before deployment, by the button
    *Incident commander* @Riley authorized it Sat 02:16 UTC
    *Deployed* by @Dana Sat 02:19 UTC
    *Identity and reason*
    Category: Hotfix (@Dana)
    Incident link: https://acme.slack.com/archives/C0INC/p1773450800000100 (@Dana)
    *What changed*
    What was done: Deployed WAF rule 1042 on the load balancer (@Dana)
    *Testing*
    Testing: Rule blocks the pattern, no false positives (@Dana)
    :warning: _has no link to what was tested, and no reason why there is none_
    *Risk and impact*
    Risk level: High (known from Slack)
    Security impact: Reduced (@Dana)
    *Rollback*
    Rollback plan: Disable rule 1042 (@Dana)
    Whether it was rolled back: Not needed (@Dana)
    *Outcome*
    Outcome: Attack blocked, no customer data exposed (@Dana)
    Outcome code: Successful (@Dana)
    Whether the incident is resolved: Yes (@Dana)
    Whether data was exposed: No (@Dana)
    Whether it is permanent: Permanent (@Dana)
    *Lessons*
    Lessons learned: Need predefined WAF rules (@Dana)
    :warning: Says too little: *Testing* has no link to what was tested, and no reason why there is none.
    [+Approve] [!Reject] [Read in full] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | Delegate… | I'm away…]
    ");
}

#[test]
fn approve_in_a_message_carries_the_content_that_it_shows() {
    let story = Story::deployed().documents_all();
    let message = reminder(&[due(&story, Duty::Approval, Rung::Ready)], story.now);
    let json = serde_json::to_string(&message.blocks).unwrap();
    let value =
        crate::slack::control::approval_value(ChangeNumber(1001), content_hash(&story.change));
    assert!(json.contains(&value), "{json}");
}

#[test]
fn the_commander_is_asked_to_authorize_and_others_who_commands() {
    let story = Story::asked().authorizes("morgan").deploys("dana").hours(3);
    insta::assert_snapshot!(reminded(&story, Duty::CommanderAuthorization, Rung::Opening), @r"
    » CHG-1001, due in 21 h: who commanded the incident?
    *CHG-1001*  Deploy WAF rule to block SQL injection
    Who commanded the incident? Their authorization of the change is missing.
    *Due Sun 02:14 UTC (in 21 h).*
    [Who commanded? ▾] [I did] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | I'm away…]
    ");
    let commander = user("riley");
    let by = Story::member("dana");
    let named = story.does("dana", Command::NameCommander { by, commander });
    insta::assert_snapshot!(reminded(&named, Duty::CommanderAuthorization, Rung::Before(960)), @r"
    » CHG-1001, due in 21 h: your authorization as incident commander
    *CHG-1001*  Deploy WAF rule to block SQL injection
    You are named as this incident's commander, and your authorization of the change is missing.
    *Why an emergency:* not yet stated
    *Authorized* by @Morgan Sat 02:14 UTC, under a minute before deployment, by the button
    *Incident commander* @Riley hasn't authorized it yet
    *Deployed* by @Dana Sat 02:14 UTC
    *Due Sun 02:14 UTC (in 21 h).*
    [+Authorize as commander] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | I'm away…]
    ");
}

#[test]
fn the_choice_of_a_commander_knows_its_change() {
    let story = Story::asked().authorizes("morgan").deploys("dana");
    let message = reminder(
        &[due(&story, Duty::CommanderAuthorization, Rung::Opening)],
        story.now,
    );
    let json = serde_json::to_value(&message.blocks).unwrap();
    let block = json[1]["block_id"].as_str().unwrap();
    assert_eq!(
        crate::slack::control::read_select_block(block),
        Some((
            crate::slack::control::Control::NameCommander,
            ChangeNumber(1001)
        ))
    );
}

#[test]
fn a_second_person_is_told_why_they_are_asked() {
    let story = Story::unanswered()
        .goes_ahead("dana")
        .minutes(9)
        .deploys("dana")
        .hours(7);
    insta::assert_snapshot!(reminded(&story, Duty::SecondAuthorization, Rung::Opening), @r"
    » CHG-1001, due in 17 h 9 min: a second person's authorization
    *CHG-1001*  Deploy WAF rule to block SQL injection
    It went ahead without authorization. Was it right? Then authorize it afterwards, as the second person; if not, say why in the card's thread.
    *Why an emergency:* not yet stated
    *Without authorization*: @Dana went ahead Sat 02:20 UTC
    *Incident commander* not known yet
    *Deployed* by @Dana Sat 02:23 UTC
    *Due Sun 02:23 UTC (in 17 h 9 min).*
    [+Authorize afterwards] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | Delegate… | I'm away…]
    ");
    let undeclared = Story::asked().minutes(1).deploys("dana");
    insta::assert_snapshot!(reminded(&undeclared, Duty::SecondAuthorization, Rung::Before(60)), @r"
    » CHG-1001, due in 24 h: a second person's authorization
    *CHG-1001*  Deploy WAF rule to block SQL injection
    It went ahead without authorization. Was it right? Then authorize it afterwards, as the second person; if not, say why in the card's thread.
    *Why an emergency:* not yet stated
    *Incident commander* not known yet
    *Deployed* by @Dana Sat 02:15 UTC
    *Due Sun 02:15 UTC (in 24 h).*
    [+Authorize afterwards] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | Delegate… | I'm away…]
    ");
}

#[test]
fn an_exception_asks_for_its_answer() {
    let story = Story::unanswered()
        .goes_ahead("dana")
        .minutes(9)
        .deploys("dana")
        .hours(7);
    let duty = Duty::AnswerException(Exception::NotAuthorized);
    insta::assert_snapshot!(reminded(&story, duty, Rung::Opening), @r"
    » CHG-1001, due in 7 days: an exception waits for your answer
    *CHG-1001*  Deploy WAF rule to block SQL injection
    Exception: went ahead without authorization. Say how it came to that, what is done about it, and by whom.
    *Due 2026-04-04 02:23 UTC (in 7 days).*
    [+Answer the exception] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | Delegate… | I'm away…]
    ");
    let story = story.after(TimeDelta::days(7) - TimeDelta::hours(4));
    insta::assert_snapshot!(reminded(&story, duty, Rung::Before(240)), @r"
    » CHG-1001, due in 4 h 9 min: an exception waits for your answer
    *CHG-1001*  Deploy WAF rule to block SQL injection
    Exception: went ahead without authorization. Say how it came to that, what is done about it, and by whom.
    *Due 2026-04-04 02:23 UTC (in 4 h 9 min).* This is the last reminder before the deadline.
    [+Answer the exceptions] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | Delegate… | I'm away…]
    ");
}

#[test]
fn the_exceptions_of_a_change_are_one_thing_with_one_button() {
    let story = Story::deployed().hours(31);
    let items = [
        due(&story, Duty::Approval, Rung::Overdue(1)),
        due(
            &story,
            Duty::AnswerException(Exception::DocumentedLate),
            Rung::Opening,
        ),
        due(
            &story,
            Duty::AnswerException(Exception::ApprovedLate),
            Rung::Opening,
        ),
    ];
    insta::assert_snapshot!(read(&reminder(&items, story.now)), @r"
    » CHG-1001, overdue for 6 h 55 min: your decision, once the ticket is ready; and 1 more
    *2 things wait for you*
    *CHG-1001*  Deploy WAF rule to block SQL injection
    It can't be decided yet: it waits for what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent) from @Dana.
    *Overdue since Sun 02:19 UTC (6 h 55 min).* The miss is on record; finishing it still closes the change.
    [… Delegate… | I'm away…]
    Exceptions: ticket not complete by its deadline; not decided by its deadline. Say how it came to that, what is done about it, and by whom.
    *Due 2026-04-05 09:14 UTC (in 7 days).*
    [+Answer the exceptions] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | Delegate… | I'm away…]
    ");
}

#[test]
fn a_rejection_asks_how_it_was_put_right() {
    let story = Story::deployed()
        .documents_all()
        .rejects("morgan", "No test shows\nthat it works");
    insta::assert_snapshot!(reminded(&story, Duty::Remediation, Rung::Opening), @r"
    » CHG-1001, due in 7 days: say how it was put right
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Morgan rejected it: No test shows that it works
    *Remedy:* Redo it through the normal process. Say how it was put right.
    *Due 2026-04-04 02:19 UTC (in 7 days).*
    [+Say how it was put right] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | Delegate… | I'm away…]
    ");
    let story = story.after(TimeDelta::days(8));
    insta::assert_snapshot!(reminded(&story, Duty::Remediation, Rung::Overdue(6)), @r"
    » CHG-1001, overdue for 23 h 55 min: say how it was put right
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Morgan rejected it: No test shows that it works
    *Remedy:* Redo it through the normal process. Say how it was put right.
    *Overdue since 2026-04-04 02:19 UTC (23 h 55 min).* The miss is on record; finishing it still closes the change.
    [+Say how it was put right] [… Delegate… | I'm away…]
    ");
}

#[test]
fn what_is_done_says_by_whom_and_has_no_buttons() {
    let story = Story::unanswered()
        .because(Criterion::ProductionDown)
        .goes_ahead("dana")
        .commands("riley")
        .minutes(9)
        .deploys("dana")
        .hours(8)
        .authorizes("sam")
        .documents_all()
        .rejects("morgan", "No test")
        .remediates("dana", "Tested")
        .answers("morgan", &[Exception::NotAuthorized]);
    let done = |duty| reminded(&story, duty, Rung::Opening);
    insta::assert_snapshot!(done(Duty::Ticket), @r"
    » *CHG-1001*  Done: the ticket is complete since Sat 10:14 UTC.
    *CHG-1001*  Done: the ticket is complete since Sat 10:14 UTC.
    ");
    insta::assert_snapshot!(done(Duty::CommanderAuthorization), @r"
    » *CHG-1001*  Done: authorized as commander by @Riley Sat 02:20 UTC.
    *CHG-1001*  Done: authorized as commander by @Riley Sat 02:20 UTC.
    ");
    insta::assert_snapshot!(done(Duty::SecondAuthorization), @r"
    » *CHG-1001*  Done: authorized afterwards by @Sam Sat 10:14 UTC.
    *CHG-1001*  Done: authorized afterwards by @Sam Sat 10:14 UTC.
    ");
    insta::assert_snapshot!(done(Duty::Approval), @r"
    » *CHG-1001*  Done: rejected by @Morgan Sat 10:14 UTC.
    *CHG-1001*  Done: rejected by @Morgan Sat 10:14 UTC.
    ");
    insta::assert_snapshot!(done(Duty::Remediation), @r"
    » *CHG-1001*  Done: put right, said by @Dana Sat 10:14 UTC.
    *CHG-1001*  Done: put right, said by @Dana Sat 10:14 UTC.
    ");
    insta::assert_snapshot!(done(Duty::AnswerException(Exception::NotAuthorized)), @r"
    » *CHG-1001*  Done: exception answered by @Morgan Sat 10:14 UTC.
    *CHG-1001*  Done: exception answered by @Morgan Sat 10:14 UTC.
    ");
}

/// A reminder of something that is no longer owed at all.
fn past(story: &Story, duty: Duty) -> String {
    let due = Due {
        showing: story.showing(),
        duty,
        owner: reader(Some(person("morgan"))),
        due_at: None,
        rung: Rung::Again(1),
        open: false,
    };
    read(&reminder(&[due], story.now))
}

#[test]
fn an_answered_request_says_how() {
    let answered = |story: &Story| past(story, Duty::AnswerRequest);
    insta::assert_snapshot!(answered(&Story::asked().authorizes("sam")), @r"
    » *CHG-1001*  Done: authorized by @Sam Sat 02:14 UTC.
    *CHG-1001*  Done: authorized by @Sam Sat 02:14 UTC.
    ");
    insta::assert_snapshot!(answered(&Story::asked().denies("sam")), @r"
    » *CHG-1001*  Done: denied by @Sam Sat 02:14 UTC.
    *CHG-1001*  Done: denied by @Sam Sat 02:14 UTC.
    ");
    insta::assert_snapshot!(answered(&Story::unanswered().goes_ahead("dana")), @r"
    » *CHG-1001*  Done: @Dana went ahead without authorization Sat 02:20 UTC.
    *CHG-1001*  Done: @Dana went ahead without authorization Sat 02:20 UTC.
    ");
    insta::assert_snapshot!(answered(&Story::asked().does("dana", Command::Withdraw)), @r"
    » *CHG-1001*  Done: the request is withdrawn; nothing is asked of you.
    *CHG-1001*  Done: the request is withdrawn; nothing is asked of you.
    ");
    insta::assert_snapshot!(past(&Story::deployed(), Duty::ConfirmDeployment), @r"
    » *CHG-1001*  Done: deployed by @Dana Sat 02:19 UTC.
    *CHG-1001*  Done: deployed by @Dana Sat 02:19 UTC.
    ");
}

#[test]
fn a_duty_that_passed_to_another_says_so() {
    let story = Story::deployed().documents_all();
    insta::assert_snapshot!(past(&story, Duty::Approval), @r"
    » *CHG-1001*  Done: the decision is no longer yours.
    *CHG-1001*  Done: the decision is no longer yours.
    ");
}

#[test]
fn several_things_come_as_one_message_and_done_ones_stay_without_buttons() {
    let one = Story::asked()
        .because(Criterion::DataLoss)
        .authorizes("morgan")
        .deploys("dana")
        .hours(20);
    let items = [
        due(&one, Duty::Ticket, Rung::Before(240)),
        due(&one, Duty::CommanderAuthorization, Rung::Before(240)),
    ];
    insta::assert_snapshot!(read(&reminder(&items, one.now)), @r"
    » CHG-1001, due in 4 h: the ticket misses what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent); and 1 more
    *2 things wait for you*
    *CHG-1001*  Deploy WAF rule to block SQL injection
    The ticket still misses what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent).
    *Due Sun 02:14 UTC (in 4 h).*
    [+Document] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | Delegate… | I'm away…]
    Who commanded the incident? Their authorization of the change is missing.
    *Due Sun 02:14 UTC (in 4 h).*
    [Who commanded? ▾] [I did] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | I'm away…]
    ");
    let later = one.commands("riley");
    let items = [
        due(&later, Duty::Ticket, Rung::Before(240)),
        due(&later, Duty::CommanderAuthorization, Rung::Before(240)),
    ];
    insta::assert_snapshot!(read(&reminder(&items, later.now)), @r"
    » CHG-1001, due in 4 h: the ticket misses what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent)
    *One thing waits for you*
    *CHG-1001*  Deploy WAF rule to block SQL injection
    The ticket still misses what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent).
    *Due Sun 02:14 UTC (in 4 h).*
    [+Document] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | Delegate… | I'm away…]
    *CHG-1001*  Done: authorized as commander by @Riley Sat 22:14 UTC.
    ");
    let done = later.documents_all();
    let items = [
        due(&done, Duty::Ticket, Rung::Before(240)),
        due(&done, Duty::CommanderAuthorization, Rung::Before(240)),
    ];
    insta::assert_snapshot!(read(&reminder(&items, done.now)), @r"
    » Done: nothing of this reminder is left (CHG-1001).
    Done: nothing of this reminder is left (CHG-1001).
    ");
}

#[test]
fn news_of_a_decision_reaches_the_implementer() {
    let ready = || Story::deployed().hours(9).documents_all();
    let news = |story: &Story, wanted: fn(&Event) -> bool| {
        read(&told(&story.showing(), story.event(wanted), &user("dana")).unwrap())
    };
    let approved = ready().approves("morgan");
    insta::assert_snapshot!(news(&approved, |e| matches!(e, Event::Approved { .. })), @r"
    » CHG-1001: @Morgan approved it in retrospect. Thank you for the paperwork.
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Morgan approved it in retrospect. Thank you for the paperwork.
    ");
    let rejected = ready().rejects("morgan", "No test shows that it works");
    insta::assert_snapshot!(news(&rejected, |e| matches!(e, Event::Rejected { .. })), @r"
    » CHG-1001: @Morgan rejected it: No test shows that it works
    Say how it was put right, by 2026-04-04 11:14 UTC.
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Morgan rejected it: No test shows that it works
    Say how it was put right, by 2026-04-04 11:14 UTC.
    [+Say how it was put right]
    ");
    let put_right = rejected.remediates("dana", "Tested");
    insta::assert_snapshot!(news(&put_right, |e| matches!(e, Event::Rejected { .. })), @r"
    » CHG-1001: @Morgan rejected it: No test shows that it works
    Say how it was put right, by 2026-04-04 11:14 UTC.
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Morgan rejected it: No test shows that it works
    Say how it was put right, by 2026-04-04 11:14 UTC.
    ");
    let taken_back = Story::asked()
        .because(Criterion::ProductionDown)
        .deploys("dana")
        .authorizes("sam")
        .commands("riley")
        .documents_all()
        .approves("morgan")
        .documents(&[(Section::Testing, "Also on staging")]);
    insta::assert_snapshot!(news(&taken_back, |e| matches!(e, Event::ApprovalTakenBack { .. })), @r"
    » CHG-1001: @Dana edited “testing” after the approval, so the approval no longer holds. The approver decides anew.
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana edited “testing” after the approval, so the approval no longer holds. The approver decides anew.
    ");
}

#[test]
fn news_of_a_missed_deadline_reaches_the_escalation_contact() {
    let story = Story::deployed().hours(25);
    let missed = story.event(|e| {
        matches!(
            e,
            Event::DeadlineMissed {
                duty: Duty::Ticket,
                ..
            }
        )
    });
    insta::assert_snapshot!(read(&told(&story.showing(), missed, &user("sam")).unwrap()), @r"
    » CHG-1001: Deadline missed. The ticket was due Sun 02:19 UTC from @Dana (noticed Sun 03:14 UTC). Missing: what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent).
    Deadline missed. The retrospective decision was due Sun 02:19 UTC from @Morgan (noticed Sun 03:14 UTC). It waits for the ticket. The miss stays on record; the reminders go on, every 4 h for a day, then daily.
    *CHG-1001*  Deploy WAF rule to block SQL injection
    Deadline missed. The ticket was due Sun 02:19 UTC from @Dana (noticed Sun 03:14 UTC). Missing: what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent).
    Deadline missed. The retrospective decision was due Sun 02:19 UTC from @Morgan (noticed Sun 03:14 UTC). It waits for the ticket. The miss stays on record; the reminders go on, every 4 h for a day, then daily.
    ");
}

#[test]
fn whoever_is_said_to_have_authorized_it_is_asked() {
    let story = Story::asked()
        .because(Criterion::ProductionDown)
        .minutes(3)
        .attests("morgan", Some("On the bridge: “go ahead”"));
    insta::assert_snapshot!(reminded(&story, Duty::Confirmation, Rung::Opening), @r"
    » CHG-1001: did you authorize this?
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana says that you authorized this by word of mouth Sat 02:16 UTC. Did you?
    *Why an emergency:* Production is down and needs a fix.
    *Authorized* by @Morgan Sat 02:16 UTC, by word of mouth, as @Dana says; waits for @Morgan's confirmation:
    > On the bridge: “go ahead”
    [+Yes, I did] [!No, I didn't] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | I'm away…]
    ");
    let confirmed = story.minutes(9).does("morgan", Command::ConfirmAttestation);
    insta::assert_snapshot!(reminded(&confirmed, Duty::Confirmation, Rung::Opening), @r"
    » *CHG-1001*  Done: confirmed by @Morgan Sat 02:23 UTC.
    *CHG-1001*  Done: confirmed by @Morgan Sat 02:23 UTC.
    ");
}

#[test]
fn whoever_didnt_authorize_it_is_left_in_peace() {
    let story = Story::asked().minutes(3).attests("morgan", None).minutes(9);
    let disputed = story.does("morgan", Command::DisputeAttestation);
    let item = Due {
        showing: disputed.showing(),
        duty: Duty::Confirmation,
        owner: &user("morgan"),
        due_at: None,
        rung: Rung::Opening,
        open: false,
    };
    insta::assert_snapshot!(read(&reminder(&[item], disputed.now)), @r"
    » *CHG-1001*  Done: you said that you didn't authorize it.
    *CHG-1001*  Done: you said that you didn't authorize it.
    ");
}

#[test]
fn a_second_person_hears_why_they_are_asked() {
    let story = Story::asked()
        .because(Criterion::ProductionDown)
        .minutes(5)
        .stands_in("gil")
        .minutes(9)
        .deploys("dana");
    insta::assert_snapshot!(reminded(&story, Duty::SecondAuthorization, Rung::Opening), @r"
    » CHG-1001, due in 24 h: a second person's authorization
    *CHG-1001*  Deploy WAF rule to block SQL injection
    The most senior engineer available authorized it because nobody with the authority was at hand. Was it right? Then authorize it afterwards, as the second person; if not, say why in the card's thread.
    *Why an emergency:* Production is down and needs a fix.
    *Authorized* by @Gil Sat 02:19 UTC, 4 min before deployment, as the most senior engineer available, which is their own word
    *Incident commander* not known yet
    *Deployed* by @Dana Sat 02:23 UTC
    *Due Sun 02:23 UTC (in 24 h).*
    [+Authorize afterwards] [… Remind me in 30 minutes | Remind me in an hour | Remind me in 2 hours | Delegate… | I'm away…]
    ");
}

#[test]
fn a_drill_is_marked_in_every_direct_message() {
    let story = Story::drilled()
        .minutes(1)
        .authorizes("morgan")
        .minutes(4)
        .deploys("dana");
    let seen = reminded(&story, Duty::Ticket, Rung::Opening);
    assert!(seen.starts_with("» Drill · CHG-1001, due"), "{seen}");
    assert!(seen.contains("*Drill · CHG-1001*"), "{seen}");
    let missed = story.hours(30);
    let is_missed = |e: &Event| matches!(e, Event::DeadlineMissed { .. });
    let news = told(&missed.showing(), missed.event(is_missed), &user("sam")).unwrap();
    assert!(read(&news).starts_with("» Drill · CHG-1001: "), "{news:?}");
    let done = missed.documents_all().because(Criterion::ProductionDown);
    let item = Due {
        showing: done.showing(),
        duty: Duty::Ticket,
        owner: &user("dana"),
        due_at: None,
        rung: Rung::Opening,
        open: false,
    };
    let seen = read(&reminder(&[item], done.now));
    assert!(seen.contains("*Drill · CHG-1001*  Done"), "{seen}");
}
