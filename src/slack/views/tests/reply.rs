use std::collections::BTreeMap;

use super::*;
use crate::domain::authorization::Act;
use crate::domain::change::{Nap, Refusal, Verdict};
use crate::domain::id::ChangeNumber;
use crate::domain::obligation::{Duty, Rung, chase_log, reminder_key};
use crate::domain::offer::OfferStage;
use crate::domain::ticket::Repeat;
use crate::gesture::Which;
use crate::slack::control;
use crate::slack::views::reply::{
    Undeclared, asked_back, deployed_at, help, list, not_yet, pack as reply_pack, pack_under_way,
    refused, refused_about, status, status_in_full, twin, unsure, which_pack,
};
use crate::slack::views::{Typed, Withheld, is_listed};
use crate::store::{OrderedPack, PackStage, PackWish};

use super::offer::offered;

#[test]
fn a_refusal_gives_back_what_was_typed() {
    let sentence = crate::domain::change::Refusal::NothingSaid.to_string();
    insta::assert_snapshot!(read(&refused(&sentence, &[typed_alone("deploy &lt;!here&gt; now\nand then")])[0]), @r"
    » Say what you're changing, for example: `/emergency Deploy WAF rule to block SQL injection @morgan`.
    Say what you're changing, for example: `/emergency Deploy WAF rule to block SQL injection @morgan`.
    · You typed:
    > deploy &lt;!here&gt; now
    > and then
    ");
    insta::assert_snapshot!(read(&refused(&sentence, &[])[0]), @r"
    » Say what you're changing, for example: `/emergency Deploy WAF rule to block SQL injection @morgan`.
    Say what you're changing, for example: `/emergency Deploy WAF rule to block SQL injection @morgan`.
    ");
}

fn typed_alone(words: &str) -> Typed {
    Typed {
        label: None,
        words: words.to_owned(),
    }
}

/// A status with all its messages.
fn in_full(story: &Story) -> String {
    let said = status_in_full(&story.showing());
    said.iter().map(read).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_status_tells_everything() {
    insta::assert_snapshot!(in_full(&Story::unanswered()), @r"
    » CHG-1001, waits for authorization: Deploy WAF rule to block SQL injection
    *CHG-1001* is waiting for authorization.
    Deploy WAF rule to block SQL injection
    @Dana asks @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Why an emergency:* not yet stated
    *Reminders*
    • Sat 02:17 UTC to @Morgan: an answer to the request, time 1. On its way.
    • Sat 02:20 UTC to @Morgan: an answer to the request, time 2. On its way.
    *Still owed*
    • The answer to the request: @Morgan
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed]
    · Not an emergency: a faster launch, a deadline today, skipping the process.
    [+Authorize] [!Deny] [Ask someone else] [Going ahead without (It is recorded under your name as an exception, and a second person makes it good within 24 h of the deployment.)] [I'm commanding] [… Deployed now | Agreed by phone or in person… | Another reason… | Withdraw the request]
    ");
    let story = Story::unanswered()
        .goes_ahead("dana")
        .minutes(9)
        .deploys("dana")
        .hours(10)
        .documents(&[(Section::Testing, "Rule blocks the pattern")])
        .hours(25);
    insta::assert_snapshot!(in_full(&story), @r"
    » CHG-1001, deployed, its ticket is owed: Deploy WAF rule to block SQL injection
    *CHG-1001* is deployed, its ticket is owed.
    Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Why an emergency:* not yet stated
    *Without authorization*: @Dana went ahead Sat 02:20 UTC
    *Incident commander* not known yet
    *Deployed* by @Dana Sat 02:23 UTC
    *Testing*
    Testing: Rule blocks the pattern (@Dana)
    :warning: _has no link to what was tested, and no reason why there is none_
    *What follows*
    Not documented, 51 min late by now
    @Dana was requester and implementer
    *Exceptions*
    • Went ahead without authorization: not answered yet
    • Ticket not complete by its deadline: not answered yet
    • Not decided by its deadline: not answered yet
    • Commander's authorization missing at its deadline: not answered yet
    • Second person's authorization missing at its deadline: not answered yet
    *Reminders*
    • Sat 02:17 UTC to @Morgan: an answer to the request, time 1. Not said: nobody owed it any more Sat 02:20 UTC.
    • Sat 02:20 UTC to @Morgan: an answer to the request, time 2. Not said: nobody owed it any more Sat 02:20 UTC.
    • Sat 02:23 UTC to @Dana: the ticket, the first word. On its way.
    • Sat 02:23 UTC to @Dana: the incident commander's authorization, the first word. On its way.
    • Sat 02:23 UTC to @Morgan: a second person's authorization, the first word. On its way.
    • Sat 02:23 UTC to @Morgan: the retrospective decision, the first word. On its way.
    • Sat 02:23 UTC to @Morgan: the answer to “went ahead without authorization”, the first word. On its way.
    • Sat 12:14 UTC to @Dana: the ticket, 16 h ahead. On its way. → Worked on Sat 12:14 UTC.
    • Sat 12:14 UTC to @Dana: the incident commander's authorization, 16 h ahead. On its way.
    • Sat 12:14 UTC to @Morgan: a second person's authorization, 16 h ahead. On its way.
    *Still owed*
    • The ticket (what was done, rollback plan, outcome, lessons learned and 9 choices (category, why it was an emergency, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent)): @Dana, overdue since Sun 02:23 UTC (51 min)
    • The incident commander's authorization: @Dana, overdue since Sun 02:23 UTC (51 min)
    • A second person's authorization: @Morgan, overdue since Sun 02:23 UTC (51 min)
    • The retrospective decision: @Morgan, overdue since Sun 02:23 UTC (51 min)
    • The answer to “went ahead without authorization”: @Morgan, due 2026-04-04 02:23 UTC (in 6 days)
    • The answer to “ticket not complete by its deadline”: @Morgan, due 2026-04-05 03:14 UTC (in 7 days)
    • The answer to “not decided by its deadline”: @Morgan, due 2026-04-05 03:14 UTC (in 7 days)
    • The answer to “commander's authorization missing at its deadline”: @Morgan, due 2026-04-05 03:14 UTC (in 7 days)
    • The answer to “second person's authorization missing at its deadline”: @Morgan, due 2026-04-05 03:14 UTC (in 7 days)
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed]
    · Not an emergency: a faster launch, a deadline today, skipping the process.
    [+Document] [Authorize afterwards] [I'm commanding] [Answer the exceptions] [… Correct deployment time… | Add a follow-up… | Another reason…]
    ");
}

#[test]
fn the_status_of_what_is_closed_tells_everything() {
    let closed = Story::deployed().documents_all().approves("morgan");
    insta::assert_snapshot!(in_full(&closed), @r"
    » CHG-1001, closed: Deploy WAF rule to block SQL injection
    *CHG-1001* is closed.
    Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Why an emergency:* Production is down and needs a fix.
    *Authorized* by @Morgan Sat 02:15 UTC, 4 min before deployment, by the button
    *Incident commander* @Riley authorized it Sat 02:16 UTC
    *Deployed* by @Dana Sat 02:19 UTC
    *Approved* in retrospect by @Morgan Sat 02:19 UTC
    *A genuine emergency?* yes, says @Morgan
    *Closed* Sat 02:19 UTC
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
    *What follows*
    Documented in time, 24 h early
    @Dana was requester and implementer
    @Morgan was authorizer and approver
    *Reminders*
    • Sat 02:19 UTC to @Dana: the ticket, the first word. Not said: it was done Sat 02:19 UTC. → Worked on Sat 02:19 UTC.
    • Sat 02:19 UTC to @Morgan: the retrospective decision, the first word. Not said: it was done Sat 02:19 UTC. → Approved Sat 02:19 UTC.
    • Sat 02:19 UTC to @Sam: the compliance lead's word on whether it was genuine, the first word. On its way.
    • Sat 02:19 UTC to @Morgan: the review in a team meeting, the first word. On its way.
    · Done: the ticket Sat 02:19 UTC; the incident commander's authorization Sat 02:16 UTC; the retrospective decision Sat 02:19 UTC.
    *Still owed*
    • The compliance lead's word on whether it was genuine: @Sam, due 2026-04-04 02:19 UTC (in 7 days)
    • The review in a team meeting: @Morgan, due 2026-04-11 02:19 UTC (in 14 days)
    [Was it genuine?] [Mark as reviewed…] [Add a follow-up…]
    ");
}

/// Records what the bot did.
fn by_the_bot(mut story: Story, command: Command) -> Story {
    let submission = Submission {
        actor: Actor::Bot,
        at: story.now,
        source: Source::Clock,
        command,
    };
    let recorded = decide(
        &story.change,
        &submission,
        &story.policy,
        &Sleepless,
        story.now,
    );
    for one in recorded.unwrap() {
        story.change.apply(&one);
        story.history.push(one);
    }
    story
}

/// Slack has a reminder, or says no to it.
fn sent(story: Story, duty: Duty, who: &str, rung: Rung, taken: bool) -> Story {
    let due = story
        .history
        .iter()
        .rev()
        .find_map(|one| match &one.event {
            Event::Reminded {
                duty: about,
                due_at,
                rung: on,
                ..
            } if *about == duty && *on == rung => Some(*due_at),
            _ => None,
        })
        .unwrap();
    let key = reminder_key(story.change.number, duty, &user(who), due, (rung, None));
    let ts = MessageTs::new(format!("{}.000100", story.now.timestamp()));
    let command = if taken {
        Command::RecordDelivery {
            key,
            channel: ChannelId::new(format!("D0{}", who.to_uppercase())),
            ts,
            payload: [0xab; 32],
            showed: story.change.version,
        }
    } else {
        Command::RecordFailure {
            key,
            error: "user_not_found".to_owned(),
        }
    };
    by_the_bot(story, command)
}

#[test]
fn the_status_tells_of_each_reminder_where_it_stands_and_what_came_of_it() {
    let story = Story::deployed();
    let story = sent(story, Duty::Ticket, "dana", Rung::Opening, true);
    let story = sent(story, Duty::Approval, "morgan", Rung::Opening, false).hours(11);
    let late = story.minutes(11 * 60 + 20);
    let snooze = Command::Snooze {
        by: Story::member("dana"),
        duty: Duty::Ticket,
        nap: Nap::Hour,
    };
    let story = sent(late, Duty::Ticket, "dana", Rung::Before(16 * 60), true)
        .does("dana", snooze)
        .hours(13)
        .documents_all();
    let delegate = Command::Delegate {
        by: Story::member("morgan"),
        duty: Duty::Approval,
        to: Story::member("sam"),
    };
    let story = story.does("morgan", delegate).hours(14);
    let seen = in_full(&story);
    let begin = seen.find("*Reminders*").unwrap();
    let end = seen.find("· Done:").unwrap();
    insta::assert_snapshot!(&seen[begin..end], @r"
    *Reminders*
    • Sat 02:19 UTC to @Dana: the ticket, the first word. Delivered: `D0DANA` `1774664340.000100` `abababababab`.
    • Sat 02:19 UTC to @Morgan: the retrospective decision, the first word. Could not be delivered Sat 02:19 UTC: `user_not_found`.
    • Sat 13:14 UTC to @Dana: the ticket, 16 h ahead. Delivered Sat 13:34 UTC: `D0DANA` `1774704840.000100` `abababababab`. → Put off until Sat 14:34 UTC.
    • Sat 15:14 UTC to @Dana: the ticket, after it was put off. Not said: it was done Sat 15:14 UTC. → Worked on Sat 15:14 UTC.
    • Sat 15:14 UTC to @Morgan: the retrospective decision, the ticket is ready. Not said: it had passed to somebody else Sat 15:14 UTC. → Handed to @Sam Sat 15:14 UTC.
    • Sat 15:14 UTC to @Sam: the retrospective decision, the ticket is ready. On its way.
    · Each with its place in Slack (conversation, ts) and the first 12 digits of the SHA-256 of what was sent.
    ");
}

#[test]
fn the_reminders_of_many_days_have_messages_of_their_own_and_the_newest_are_in_full() {
    let mut story = Story::deployed();
    for hour in 1..24 * 60 {
        story = story.hours(hour);
    }
    let count = |said: &[Message]| -> usize {
        let lines = said.iter().map(|one| read(one).matches("\n• ").count());
        lines.sum()
    };
    let log = chase_log(story.change.number, &story.history, &story.policy);
    let said = status_in_full(&story.showing());
    assert!(read(&said[0]).contains("The reminders follow."));
    assert_eq!(count(&said[1..]), log.len());
    assert!(said.len() > 1 && said.len() <= 4, "{}", said.len());
    // Two years of it, a look a day at noon, are more than may be said in answer to one command.
    for day in 60..730 {
        story = story.hours(24 * day + 10);
    }
    let log = chase_log(story.change.number, &story.history, &story.policy);
    let said = status_in_full(&story.showing());
    assert_eq!(said.len(), 4);
    let shown = count(&said[1..]);
    let heading = format!(
        "*Reminders*, the last {shown}; {} earlier are on record",
        log.len() - shown
    );
    assert!(read(&said[1]).contains(&heading), "{}", read(&said[1]));
    assert!(shown > 100, "{shown}");
    let Rung::Overdue(newest) = log.last().unwrap().rung else {
        panic!("nothing is overdue after two years");
    };
    assert!(read(said.last().unwrap()).contains(&format!("overdue, time {newest}.")));
}

#[test]
fn a_list_has_a_line_for_each_change() {
    let one = Story::deployed();
    let two = Story::asked();
    insta::assert_snapshot!(read(&list(&[two.showing(), one.showing()], Which::Open, &[])), @r"
    » Open emergency changes: 2
    *Open emergency changes* (2)
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana · waits for authorization
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana · deployed, its ticket is owed · the ticket, due Sun 02:19 UTC (in 24 h)
    · `/emergency status CHG-…` shows one in full.
    ");
}

#[test]
fn a_long_list_says_how_many_more_there_are() {
    let one = Story::deployed();
    let many: Vec<_> = (0..50).map(|_| one.showing()).collect();
    let seen = read(&list(&many, Which::Overdue, &[]));
    assert!(
        seen.contains("(50)") && seen.contains("And 30 more."),
        "{seen}"
    );
}

#[test]
fn an_empty_list_teaches() {
    insta::assert_snapshot!(read(&list(&[], Which::Mine, &[])), @r"
    » You have no part in an open change. `/emergency Deploy … @morgan` asks Morgan for authorization; `/emergency list open` shows everybody's.
    You have no part in an open change. `/emergency Deploy … @morgan` asks Morgan for authorization; `/emergency list open` shows everybody's.
    ");
    insta::assert_snapshot!(read(&list(&[], Which::Open, &[])), @r"
    » No emergency change is open. `/emergency Deploy … @morgan` begins one and asks Morgan for authorization.
    No emergency change is open. `/emergency Deploy … @morgan` begins one and asks Morgan for authorization.
    ");
    insta::assert_snapshot!(read(&list(&[], Which::Overdue, &[])), @r"
    » Nothing is overdue. `/emergency list open` shows what is still owed.
    Nothing is overdue. `/emergency list open` shows what is still owed.
    ");
}

#[test]
fn help_begins_with_examples() {
    insta::assert_snapshot!(read(&help()), @r"
    » What you can say to /emergency
    *Ask for authorization*
    `/emergency Deploy WAF rule to block SQL injection @morgan`
    `/emergency` alone opens a form
    `/emergency drill Deploy WAF rule @morgan` rehearses it and counts nowhere

    *Answer*
    *Authorize* on the card, `approved` in its thread, or your team's emoji (mostly :white_check_mark:) on the request

    *Said in messages already?*
    The menu of the answer (or of the request) has *Record authorization*

    *Say that it is deployed*
    `/emergency deployed`
    `/emergency deployed CHG-1042 20 min ago`

    *Record a normal change that no other system tells of*
    `/emergency normal Rotated the certificates at 14:00 system auth-api`

    *Do the paperwork*
    `/emergency document CHG-1042`

    *A secret got into the record?*
    `/emergency redact CHG-1042`, for administrators

    *See where things stand*
    `/emergency status CHG-1042`
    `/emergency list`, `/emergency list open`, `/emergency list overdue`
    `/emergency exceptions`, `/emergency agenda`
    `/emergency rate`, `/emergency rate month`, `/emergency rate quarter`
    `/emergency evidence last quarter`, the auditor's pack, for those whom the policy names
    · Everything else you type is taken as a request: the fix comes first. Mentioning the bot does the same as the command.
    ");
}

#[test]
fn what_was_not_done_is_said() {
    insta::assert_snapshot!(read(&unsure("status", Some("statu"))), @r"
    » Did you mean `/emergency status`? Nothing was recorded.
    Did you mean `/emergency status`? Nothing was recorded.
    [No, ask for authorization]
    ");
    insta::assert_snapshot!(read(&not_yet("evidence")), @r"
    » `evidence` isn't there yet, so nothing was done. `/emergency help` shows what is.
    `evidence` isn't there yet, so nothing was done. `/emergency help` shows what is.
    ");
}

#[test]
fn the_slipped_word_is_in_the_form_already() {
    let typed = "statsu ".to_owned() + &"x".repeat(3000);
    let blocks = serde_json::to_value(unsure("status", Some(&typed)).blocks).unwrap();
    let value = blocks[1]["elements"][0]["value"].as_str().unwrap();
    assert!(value.starts_with("statsu x"), "{value}");
    assert_eq!(value.len(), 2000);
}

#[test]
fn a_time_far_back_is_asked_back() {
    let at = began() - TimeDelta::hours(14);
    let sentence = "That was 14 h ago. Really?";
    let seen = asked_back(sentence, Some(ChangeNumber(1001)), at, None);
    insta::assert_snapshot!(read(&seen), @r"
    » That was 14 h ago. Really?
    That was 14 h ago. Really?
    [+Yes, record it]
    · No deployment is recorded yet. If it was at another time, say it again: `/emergency deployed CHG-1001 20 min ago`.
    ");
    let blocks = serde_json::to_value(&seen.blocks).unwrap();
    let button = &blocks[1]["elements"][0];
    assert_eq!(button["action_id"], "deployed_at");
    assert_eq!(
        control::read_time_value(button["value"].as_str().unwrap()),
        Some((ChangeNumber(1001), at, None))
    );
}

#[test]
fn a_stated_time_is_echoed_with_the_way_to_fix_it() {
    let story = Story::asked()
        .minutes(40)
        .deployed_earlier("dana", TimeDelta::minutes(20));
    let at = story.change.deployed_at().unwrap();
    insta::assert_snapshot!(read(&deployed_at(&story.showing(), at)), @r"
    » CHG-1001: recorded as deployed 20 min ago
    *CHG-1001*  Recorded as deployed Sat 02:34 UTC, 20 min ago.
    [Fix the time]
    ");
}

#[test]
fn two_of_one_are_asked_about_and_nothing_waits() {
    let (mut new, old) = (Story::asked(), Story::asked());
    new.change.number = ChangeNumber(1002);
    let seen = twin(&new.showing(), &old.showing());
    insta::assert_snapshot!(read(&seen), @r"
    » CHG-1002 reads much like CHG-1001. The same?
    *CHG-1002* reads much like *CHG-1001*, which @Dana asked for Sat 02:14 UTC. The same?
    CHG-1001:
    > Deploy WAF rule to block SQL injection
    CHG-1002:
    > Deploy WAF rule to block SQL injection
    [The same] [Another one]
    · Nothing waits for your answer: CHG-1002 stands until you say that it is the same; then it goes on as CHG-1001.
    ");
    let blocks = serde_json::to_value(&seen.blocks).unwrap();
    for at in [0, 1] {
        let value = blocks[2]["elements"][at]["value"].as_str().unwrap();
        assert_eq!(
            control::read_same_value(value),
            Some((ChangeNumber(1002), ChangeNumber(1001)))
        );
    }
}

#[test]
fn whoever_the_policy_doesnt_name_may_be_the_most_senior_at_hand() {
    let no = Refusal::NotAnApprover {
        act: Act::Authorize,
    }
    .to_string();
    let story = Story::asked();
    insta::assert_snapshot!(read(&refused_about(&no, &[], &story.showing())[0]), @r"
    » The policy doesn't name you among those who may authorize it. Those it names are on the card.
    The policy doesn't name you among those who may authorize it.
    Those it names are on the card.
    [I'm the most senior engineer available (You say that nobody with the authority is at hand. That is recorded as your word, and a second person with the authority makes it good within 24 h of the deployment.)]
    ");
    let guest = Refusal::Guest {
        act: Act::Authorize,
    }
    .to_string();
    let ways = [
        refused_about(&guest, &[], &story.showing()),
        refused_about(&no, &[], &Story::deployed().showing()),
        refused_about(&no, &[], &Story::asked().denies("morgan").showing()),
        refused_about(&no, &[], &Story::asked().authorizes("morgan").showing()),
    ];
    for seen in ways {
        assert!(!read(&seen[0]).contains("most senior engineer"), "{seen:?}");
    }
}

#[test]
fn what_nobody_declared_stands_at_the_end_of_the_list() {
    let story = Story::asked();
    let (grant, words) = offered(OfferStage::Undeclared, Verdict::Grant);
    let (refusal, same) = offered(OfferStage::Undeclared, Verdict::Refuse);
    let undeclared = [
        Undeclared {
            offer: &grant,
            texts: &words,
        },
        Undeclared {
            offer: &refusal,
            texts: &same,
        },
        Undeclared {
            offer: &grant,
            texts: &Withheld,
        },
    ];
    insta::assert_snapshot!(read(&list(&[story.showing()], Which::Open, &undeclared)), @r"
    » Open emergency changes: 1 (undeclared: 3)
    *Open emergency changes* (1)
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana · waits for authorization
    · `/emergency status CHG-…` shows one in full.
    *Undeclared* (3)
    These read like a request and its answer, and nobody has put them on record.
    @Dana asked↗ Sat 02:14 UTC: “@Morgan deploying WAF rule to block SQL injection. Authorization?”
    @Morgan answered↗ Sat 02:15 UTC: “@Morgan approved. Deploy.”
    @Dana asked↗ Sat 02:14 UTC: “@Morgan deploying WAF rule to block SQL injection. Authorization?”
    @Morgan answered↗ Sat 02:15 UTC: “@Morgan approved. Deploy.”
    A pair of messages in a private channel, Sat 02:15 UTC
    · The answer's message menu has *Record authorization*, also later.
    ");
    let many: Vec<_> = (0..9).map(|_| undeclared[0]).collect();
    let seen = read(&list(&[], Which::Open, &many));
    assert!(seen.contains("No emergency change is open."), "{seen}");
    assert!(seen.contains("And 4 more."), "{seen}");
}

#[test]
fn a_private_channels_change_is_listed_by_number() {
    let story = Story::deployed();
    let seen = list(&[story.showing().seen_from_outside()], Which::Open, &[]);
    insta::assert_snapshot!(read(&seen), @r"
    » Open emergency changes: 1
    *Open emergency changes* (1)
    *CHG-1001*  in a private channel
    deployed, its ticket is owed · the ticket, due Sun 02:19 UTC (in 24 h)
    · `/emergency status CHG-…` shows one in full.
    ");
    let status = read(&status(&Story::captured().showing().seen_from_outside()));
    assert!(
        !status.contains("WAF") && !status.contains("approved."),
        "{status}"
    );
}

#[test]
fn a_drill_is_listed_and_answered_as_one() {
    let drill = Story::drilled();
    let seen = read(&list(&[drill.showing()], Which::Mine, &[]));
    assert!(seen.contains("*Drill · CHG-1001*"), "{seen}");
    let seen = read(&status(&drill.showing()));
    assert!(seen.starts_with("» Drill · CHG-1001, waits"), "{seen}");
    assert!(seen.contains("*Drill · CHG-1001* is waiting"), "{seen}");
    let deployed = Story::drilled()
        .minutes(20)
        .deployed_earlier("dana", TimeDelta::minutes(5));
    let seen = read(&deployed_at(
        &deployed.showing(),
        deployed.change.deployed_at().unwrap(),
    ));
    assert!(seen.contains("*Drill · CHG-1001*"), "{seen}");
}

#[test]
fn the_status_has_the_whole_pair() {
    let words = "line\n".repeat(40);
    let story = Story::asked_in_a_message(&words, None);
    let seen = read(&status(&story.showing()));
    assert_eq!(seen.matches("> line").count(), 40, "{seen}");
}

#[test]
fn a_miss_is_listed_as_overdue_until_it_is_made_good() {
    let is_overdue = |story: &Story| is_listed(&story.showing(), Which::Overdue, &user("sam"));
    let in_time = Story::deployed().minutes(24 * 60 + 5);
    assert!(!is_overdue(&in_time), "to the second");
    let late = in_time.hours(25);
    assert!(is_overdue(&late));
    let documented = late.documents_all();
    assert!(is_overdue(&documented), "the decision is late, too");
    let approved = documented.approves("morgan");
    assert!(!approved.change.missed.is_empty(), "it stays on record");
    assert!(!is_overdue(&approved));
    assert!(
        is_overdue(&approved.hours(9 * 24)),
        "nobody answered for it"
    );
}

#[test]
fn a_repeat_is_shown_with_the_earlier_numbers_and_what_to_do() {
    let story = Story::deployed();
    let repeating = |earlier: std::ops::RangeInclusive<u64>| {
        let of = earlier.map(ChangeNumber).collect();
        BTreeMap::from([(story.change.number, Repeat { of })])
    };
    let of = |repeats| read(&status(&story.showing().repeating(&repeats)));
    let one = of(repeating(990..=990));
    assert!(
        one.contains(
            "It repeats CHG-990: the same category on the same system, within 90 days. \
             Propose to make it a *standard change*: approved once, in advance, and no \
             emergency next time"
        ),
        "{one}"
    );
    let many = of(repeating(980..=992));
    assert!(
        many.contains("It repeats CHG-983, CHG-984,")
            && many.contains("CHG-992 and 3 before them:"),
        "{many}"
    );
    let of_another = BTreeMap::from([(
        ChangeNumber(7),
        Repeat {
            of: vec![ChangeNumber(1)],
        },
    )]);
    assert!(!of(of_another).contains("It repeats"));
}

#[test]
fn of_a_pack_it_is_said_what_becomes_of_it() {
    let day = |word: &str| word.parse().unwrap();
    let order = |change, stage| OrderedPack {
        id: 1,
        to: UserId::new("U0SAM00001"),
        wish: PackWish {
            first_day: day("2026-07-01"),
            last_day: day("2026-09-30"),
            change,
            sample: None,
            seed: None,
        },
        handed_in: None,
        attempts: 0,
        stage,
    };
    insta::assert_snapshot!(read(&reply_pack(&order(None, PackStage::Owed))), @r"
    » The auditor's pack, 2026-07-01 to 2026-09-30, is being made, and comes to you by direct message.
    The auditor's pack, 2026-07-01 to 2026-09-30, is being made, and comes to you by direct message.
    ");
    let number = Some(ChangeNumber(1042));
    insta::assert_snapshot!(read(&reply_pack(&order(number, PackStage::Delivered))), @r"
    » The auditor's pack of CHG-1042 came to you by direct message.
    The auditor's pack of CHG-1042 came to you by direct message.
    ");
    let refused = PackStage::GivenUp("Slack refused: missing_scope".to_owned());
    insta::assert_snapshot!(read(&reply_pack(&order(number, refused))), @r"
    » The auditor's pack of CHG-1042 couldn't be sent: Slack refused: missing_scope. Ask again; if that doesn't help, whoever runs Breakglass makes it with `breakglass evidence --from 2026-07-01 --to 2026-09-30 --change CHG-1042 --out PACK.zip`.
    The auditor's pack of CHG-1042 couldn't be sent: Slack refused: missing_scope. Ask again; if that doesn't help, whoever runs Breakglass makes it with `breakglass evidence --from 2026-07-01 --to 2026-09-30 --change CHG-1042 --out PACK.zip`.
    ");
    insta::assert_snapshot!(read(&pack_under_way()), @r"
    » You asked for that pack already. It is being made, and comes to you by direct message.
    You asked for that pack already. It is being made, and comes to you by direct message.
    ");
    insta::assert_snapshot!(read(&which_pack(day("2026-11-18"))), @r"
    » Which pack?
    *The auditor's pack comes to you by direct message. Say for when:*
    `/emergency evidence 2026-07-01 2026-09-30`: these days
    `/emergency evidence last quarter`, `… this quarter`, `… q3 2026`, `… october`
    `/emergency evidence last quarter sample 25 seed 7`: so many samples, by the auditor's seed
    `/emergency evidence CHG-1042`: one change
    · It holds what was said in private channels, too.
    ");
}
