//! What is owed and said after the decision, and after closing.

use super::*;
use crate::domain::change::Review;
use crate::domain::obligation::Duty;
use crate::domain::policy::Term;
use crate::domain::ticket::Value;
use crate::gesture::{Ask, Gesture};
use crate::slack::views::direct::told;
use crate::slack::views::ledger::ledger;
use crate::slack::views::modal::{self, OpenedFrom};
use crate::slack::views::note::note;
use crate::slack::views::{card, reply, typed};

impl Story {
    pub(super) fn follows_up(mut self, what: &str, days: i64) -> Self {
        let what = self.writes(what);
        let due_at = self.now + TimeDelta::days(days);
        let (by, owner) = (Self::member("dana"), user("priya"));
        let command = Command::AddFollowUp {
            by,
            what,
            owner,
            due_at,
        };
        self.does("dana", command)
    }

    /// A workaround that is approved and closed, with what comes after it still open.
    fn closed_with_more_to_come() -> Self {
        let mut story = Self::deployed()
            .hours(1)
            .documents_all()
            .follows_up("Keep such rules ready to switch on", 5)
            .follows_up("Alert on SQL in the access log", 3);
        let fix = story.writes("Parse the input where it comes in");
        let chosen = vec![
            (Field::Permanence, Told::Choice("workaround".to_owned())),
            (Field::PermanentFix, Told::Words(fix)),
            (Field::PermanentFixOwner, Told::Person(user("priya"))),
        ];
        story.writes_into(chosen).hours(2).approves("morgan")
    }

    fn meets(mut self) -> Self {
        let minutes = self.writes("https://wiki.example.com/minutes/7");
        let improvements = self.writes("Such rules go through the normal process now");
        let command = Command::RecordMeeting {
            by: Self::member("morgan"),
            held_at: self.now,
            minutes: Some(minutes),
            improvements: Some(improvements),
        };
        self.does("morgan", command)
    }

    fn fixes_for_good(mut self) -> Self {
        let how = self.writes("Merged as #4711 through review");
        let by = Self::member("priya");
        self.does("priya", Command::RecordPermanentFix { by, how })
    }

    fn finishes(mut self, n: u16, how: &str) -> Self {
        let how = Some(self.writes(how));
        let by = Self::member("priya");
        self.does("priya", Command::FinishFollowUp { by, n, how })
    }

    /// The note of the last event that `is_wanted`.
    fn noted(&self, is_wanted: impl Fn(&Event) -> bool) -> String {
        read(&note(&self.showing(), self.event(is_wanted)).unwrap())
    }
}

#[test]
fn what_came_after_the_decision_is_read_in_the_status() {
    let story = Story::unanswered()
        .goes_ahead("dana")
        .deploys("dana")
        .hours(1)
        .answers("morgan", &[Exception::NotAuthorized]);
    let seen = read(&reply::status(&story.showing()));
    insta::assert_snapshot!(part(&seen, "*Exceptions*", 5), @r"
    *Exceptions*
    • Went ahead without authorization. Answered by @Morgan Sat 03:14 UTC
    _Cause:_ Nobody who may authorize was on call
    _Remedy:_ A second approver joins the rota
    _Done by:_ @Dana
    ");
    let story = Story::closed_with_more_to_come()
        .hours(30)
        .meets()
        .fixes_for_good()
        .finishes(1, "They stand in the runbook");
    let seen = read(&reply::status(&story.showing()));
    insta::assert_snapshot!(part(&seen, "*Team meeting*", 9), @r"
        *Team meeting* of Sun 08:14 UTC, said by @Morgan Sun 08:14 UTC
        _Minutes:_ https://wiki.example.com/minutes/7
        _What we do differently:_ Such rules go through the normal process now
        *Fixed for good*, says @Priya Sun 08:14 UTC: Merged as #4711 through review
        *Follow-ups*
        • Follow-up 1: Keep such rules ready to switch on
        @Priya; done, says @Priya Sun 08:14 UTC: They stand in the runbook
        • Follow-up 2: Alert on SQL in the access log
        @Priya, until 2026-03-31 03:14 UTC
        ");
}

/// So many lines from the one that begins so.
fn part(seen: &str, begins: &str, n_lines: usize) -> String {
    let lines = seen.lines().skip_while(|line| !line.starts_with(begins));
    lines.take(n_lines).collect::<Vec<_>>().join("\n")
}

/// The rows of buttons.
fn buttons(seen: &str) -> String {
    let rows = seen.lines().filter(|line| line.contains('['));
    rows.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_owed_after_closing_has_its_buttons_on_the_card_and_in_the_status() {
    let story = Story::closed_with_more_to_come();
    assert!(story.change.closed_at.is_some());
    let seen = read(&card::card(&story.showing()));
    insta::assert_snapshot!(buttons(&seen), @r"
    *Follow-up 2:* Alert on SQL in the access log [Done]
    *Follow-up 1:* Keep such rules ready to switch on [Done]
    [Was it genuine?] [Fixed for good] [Mark as reviewed…] [Add a follow-up…]
    ");
    let status = read(&reply::status(&story.showing()));
    assert_eq!(buttons(&status), buttons(&seen));
}

#[test]
fn the_compliance_leads_word_has_its_button_on_the_card() {
    let mut story = Story::deployed();
    story.policy.compliance = vec![group("compliance")];
    let story = story.documents_all().hours(2).approves("morgan");
    let seen = read(&card::card(&story.showing()));
    assert!(seen.contains("[Was it genuine?]"), "{seen}");
    assert!(seen.contains("[Mark as reviewed…]"), "{seen}");
}

#[test]
fn a_follow_up_can_be_added_from_the_deployment_on() {
    for story in [Story::deployed(), Story::closed_with_more_to_come()] {
        let seen = read(&card::card(&story.showing()));
        assert!(seen.contains("Add a follow-up…"), "{seen}");
    }
    let seen = read(&card::card(&Story::asked().showing()));
    assert!(!seen.contains("Add a follow-up…"), "{seen}");
}

#[test]
fn follow_ups_are_told_apart() {
    let story = Story::closed_with_more_to_come();
    let seen = read(&reply::status(&story.showing()));
    insta::assert_snapshot!(part(&seen, "*Still owed*", 5), @r"
    *Still owed*
    • The compliance lead's word on whether it was genuine: @Sam, due 2026-04-04 04:14 UTC (in 7 days)
    • The review in a team meeting: @Morgan, due 2026-04-11 04:14 UTC (in 14 days)
    • The permanent fix: @Priya, due 2026-04-27 03:14 UTC (in 30 days)
    • Follow-up 1, “Keep such rules ready to switch on”: @Priya, due 2026-04-02 03:14 UTC (in 5 days)
    ");
    let late = story.after(TimeDelta::days(4));
    let missed = late.noted(|e| matches!(e, Event::DeadlineMissed { .. }));
    assert!(missed.contains("Follow-up 2 was due"), "{missed}");
    // Nobody is pressed for what closing doesn't wait for.
    assert!(missed.contains("the reminders go on, weekly."), "{missed}");
}

#[test]
fn all_that_is_owed_is_in_the_status_however_much_that_is() {
    let mut story = Story::deployed();
    for n in 0..30 {
        let what = format!("{n:02} {}", "&".repeat(900));
        story = story.follows_up(&what, 5);
    }
    let seen = read(&reply::status(&story.showing()));
    for n in 1..=30 {
        assert!(seen.contains(&format!("• Follow-up {n}, “")), "{n}: {seen}");
    }
}

#[test]
fn the_ledger_shows_whose_each_thing_is_until_when_and_whether_it_is_done() {
    let story = Story::deployed().hours(1);
    // At night nobody's phone rings for it.
    insta::assert_snapshot!(read(&ledger(&story.showing(), true)), @r"
    » CHG-1001: what is owed, and what is done
    *Still owed*
    • The ticket (what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent)): the implementer, due Sun 02:19 UTC
    • The retrospective decision: whoever is named for it, due Sun 02:19 UTC
    *Done*
    • The incident commander's authorization: whoever is named for it, done Sat 02:16 UTC
    ");
    insta::assert_snapshot!(read(&ledger(&story.showing(), false)), @r"
    » CHG-1001: what is owed, and what is done
    *Still owed*
    • The ticket (what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent)): @Dana, due Sun 02:19 UTC
    • The retrospective decision: @Morgan, due Sun 02:19 UTC
    *Done*
    • The incident commander's authorization: @Riley, done Sat 02:16 UTC
    ");
    let late = story.hours(30);
    insta::assert_snapshot!(read(&ledger(&late.showing(), false)), @r"
    » CHG-1001: what is owed, and what is done
    *Still owed*
    • The ticket (what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent)): @Dana, was due Sun 02:19 UTC and is overdue
    • The retrospective decision: @Morgan, was due Sun 02:19 UTC and is overdue
    • The answer to “ticket not complete by its deadline”: @Morgan, due 2026-04-05 08:14 UTC
    • The answer to “not decided by its deadline”: @Morgan, due 2026-04-05 08:14 UTC
    *Done*
    • The incident commander's authorization: @Riley, done Sat 02:16 UTC
    ");
    let closed = Story::closed_with_more_to_come().meets();
    insta::assert_snapshot!(read(&ledger(&closed.showing(), false)), @r"
    » CHG-1001: what is owed, and what is done
    *Still owed*
    • The compliance lead's word on whether it was genuine: @Sam, due 2026-04-04 04:14 UTC
    • The permanent fix: @Priya, due 2026-04-27 03:14 UTC
    • Follow-up 1, “Keep such rules ready to switch on”: @Priya, due 2026-04-02 03:14 UTC
    • Follow-up 2, “Alert on SQL in the access log”: @Priya, due 2026-03-31 03:14 UTC
    *Done*
    • The ticket: @Dana, done Sat 03:14 UTC
    • The incident commander's authorization: @Riley, done Sat 02:16 UTC
    • The retrospective decision: @Morgan, done Sat 04:14 UTC
    • The review in a team meeting: @Morgan, done Sat 04:14 UTC
    ");
}

#[test]
fn times_are_those_of_the_policy() {
    let twelve = |mut story: Story| {
        for term in [Term::SecondAuthorization, Term::Remediation] {
            story.policy.due.set(term, TimeDelta::hours(12));
        }
        story
    };
    let story = twelve(Story::unanswered());
    let seen = read(&card::card(&story.showing()));
    assert!(seen.contains("within 12 h of the deployment"), "{seen}");
    let ahead = story.goes_ahead("dana");
    let seen = ahead.noted(|e| matches!(e, Event::WentAhead));
    assert!(seen.contains("within 12 h of the deployment"), "{seen}");
    let stood_in = twelve(Story::asked()).stands_in("priya");
    let seen = stood_in.noted(|e| matches!(e, Event::Authorized { .. }));
    assert!(seen.contains("within 12 h of the deployment"), "{seen}");
    let rejected = twelve(Story::deployed().documents_all()).rejects("morgan", "No test");
    let is_rejected = |e: &Event| matches!(e, Event::Rejected { .. });
    let seen = rejected.noted(is_rejected);
    assert!(seen.contains("has until Sat 14:19 UTC"), "{seen}");
    let news = told(
        &rejected.showing(),
        rejected.event(is_rejected),
        &user("dana"),
    );
    let news = read(&news.unwrap());
    assert!(news.contains("by Sat 14:19 UTC"), "{news}");
    let mut story = Story::asked();
    story.change.documented_within = Some(TimeDelta::hours(12));
    let deployed = story.minutes(5).deploys("dana");
    let seen = deployed.noted(|e| matches!(e, Event::Deployed { .. }));
    assert!(seen.contains("(in 12 h)"), "{seen}");
}

#[test]
fn an_approval_taken_back_by_a_corrected_time_says_so() {
    // An exception without its answer keeps it open.
    let story = Story::unanswered()
        .goes_ahead("dana")
        .deploys("dana")
        .commands("riley")
        .because(Criterion::ProductionDown)
        .hours(2)
        .authorizes("sam")
        .documents_all()
        .approves("morgan");
    assert!(story.change.closed_at.is_none());
    let is_back = |e: &Event| matches!(e, Event::ApprovalTakenBack { .. });
    let corrected = story.corrects(began() + TimeDelta::minutes(3));
    let seen = corrected.noted(is_back);
    assert!(
        seen.contains("put the deployment's time right after the approval"),
        "{seen}"
    );
}

#[test]
fn only_whoever_puts_it_right_is_asked_how() {
    let mut story = Story::deployed().documents_all();
    let reason = story.writes("The risk is too great");
    let command = Command::Reject {
        by: Story::member("morgan"),
        reason,
        remedy: Remedy::AcceptRisk,
        owner: Some(Story::member("sam")),
        due_at: None,
        genuine: None,
    };
    let story = story.does("morgan", command);
    let rejected = story.event(|e| matches!(e, Event::Rejected { .. }));
    let news = |who| read(&told(&story.showing(), rejected, &user(who)).unwrap());
    insta::assert_snapshot!(news("dana"), @r"
    » CHG-1001: @Morgan rejected it: The risk is too great
    @Sam says how it is put right, by 2026-04-04 02:19 UTC; nothing is asked of you.
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Morgan rejected it: The risk is too great
    @Sam says how it is put right, by 2026-04-04 02:19 UTC; nothing is asked of you.
    ");
    assert!(news("sam").contains("[+Say how it was put right]"));
    let late = story.after(TimeDelta::days(8));
    let missed = |e: &Event| {
        matches!(
            e,
            Event::DeadlineMissed {
                duty: Duty::Remediation,
                ..
            }
        )
    };
    let seen = late.noted(missed);
    assert!(seen.contains("from whoever was named for it"), "{seen}");
}

#[test]
fn closing_says_what_is_still_to_come() {
    let story = Story::closed_with_more_to_come();
    insta::assert_snapshot!(story.noted(|e| matches!(e, Event::Closed)), @r"
» CHG-1001: Closed 1 h 55 min after the deployment, without exceptions. Thank you. What closing doesn't wait for is still to come: the compliance lead's word on whether it was genuine, the review in a team meeting, the permanent fix, follow-up 1 and follow-up 2.
Closed 1 h 55 min after the deployment, without exceptions. Thank you. What closing doesn't wait for is still to come: the compliance lead's word on whether it was genuine, the review in a team meeting, the permanent fix, follow-up 1 and follow-up 2.
");
}

#[test]
fn the_meeting_and_the_end_of_a_follow_up_are_told_in_full() {
    let story = Story::closed_with_more_to_come()
        .meets()
        .finishes(2, "The alert is live");
    insta::assert_snapshot!(story.noted(|e| matches!(e, Event::MeetingHeld { .. })), @r"
        » CHG-1001: Reviewed in the team meeting of Sat 04:14 UTC, says @Morgan.
        Minutes: https://wiki.example.com/minutes/7
        What we do differently: Such rules go through the normal process now
        Reviewed in the team meeting of Sat 04:14 UTC, says @Morgan.
        Minutes: https://wiki.example.com/minutes/7
        What we do differently: Such rules go through the normal process now
        ");
    insta::assert_snapshot!(story.noted(|e| matches!(e, Event::FollowUpDone { .. })), @r"
    » CHG-1001: Follow-up 2 is done, says @Priya: The alert is live
    Follow-up 2 is done, says @Priya: The alert is live
    ");
}

fn gesture(ask: Ask) -> Gesture {
    Gesture {
        key: "g1".to_owned(),
        actor: user("dana"),
        at: began(),
        source: Source::Slack,
        channel: None,
        thread: None,
        response_url: None,
        ask,
    }
}

#[test]
fn a_refused_form_is_given_back_field_by_field() {
    let mut story = Story::deployed();
    let reason = story.writes("No test shows that it works & why");
    let refused = gesture(Ask::Reject {
        change: story.change.number,
        reason: reason.commitment(),
        remedy: Some(Remedy::Redo),
        owner: Some(user("priya")),
        due_at: Some(began()),
        genuine: None,
    });
    let typed = typed(&refused, &story.notebook, &story.policy);
    let replies = reply::refused("That can't be.", &typed);
    let [reply] = replies.as_slice() else {
        panic!("{replies:#?}")
    };
    insta::assert_snapshot!(read(reply), @r"
        » That can't be.
        That can't be.
        · You typed:
        *Why you reject it*
        > No test shows that it works &amp; why
        *How it is put right*
        > Redo it through the normal process
        *By whom*
        > @Priya
        *By when*
        > Sat 02:14 UTC
        ");
}

#[test]
fn nothing_of_a_long_form_is_lost_with_its_refusal() {
    let mut story = Story::deployed();
    let fields = [
        Field::WhatWasDone,
        Field::Testing,
        Field::RollbackPlan,
        Field::Outcome,
        Field::LessonsLearned,
    ];
    let sections = fields.map(|field| {
        let words = format!("{field} begins {} {field} ends", "& ".repeat(1400));
        (field, Value::Words(story.writes(&words).commitment()))
    });
    let refused = gesture(Ask::Document {
        change: story.change.number,
        sections: sections.to_vec(),
        shown: None,
        criterion: Some(Criterion::DataLoss),
    });
    let typed = typed(&refused, &story.notebook, &story.policy);
    let replies = reply::refused("That can't be.", &typed);
    assert!(replies.len() > 1, "{}", replies.len());
    let seen: String = replies.iter().map(read).collect();
    assert!(seen.contains("Data would be lost"), "{seen}");
    for field in fields {
        assert!(seen.contains(&format!("{field} begins")), "{field}");
        assert!(seen.contains(&format!("{field} ends")), "{field}");
    }
    assert_eq!(seen.matches("&amp;").count(), 5 * 1400);
}

#[test]
fn the_form_of_a_decision_shows_what_is_decided_on() {
    let story = Story::deployed().documents_all();
    let seen = content_hash(&story.change);
    let from = OpenedFrom::default();
    let form = reading::view(&modal::approve(&story.showing(), seen, from));
    for words in ["Disable rule 1042", "[Read in full]", "[!Reject]"] {
        assert!(form.contains(words), "{words}: {form}");
    }
    let form = modal::review(&story.showing(), Review::Security, seen, from);
    let form = reading::view(&form);
    for words in ["Disable rule 1042", "[Read in full]"] {
        assert!(form.contains(words), "{words}: {form}");
    }
}
