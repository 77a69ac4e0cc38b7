//! The Home, the queue of exceptions, the agenda, and which change is meant.

use std::collections::BTreeSet;

use super::*;
use crate::domain::change::Verdict;
use crate::domain::offer::OfferStage;
use crate::slack::views::Typed;
use crate::slack::views::home::{Home, Reader, home, view};
use crate::slack::views::modal::{OpenedFrom, record_meeting};
use crate::slack::views::overview::{MOST_LIKELY, Wanted, agenda, exceptions, reviewed, which};
use crate::slack::views::reply::Undeclared;

use super::offer::offered;

fn reader(name: &str) -> Reader {
    Reader {
        who: user(name),
        groups: BTreeSet::new(),
        is_partial: false,
        is_full: true,
    }
}

fn seen_by(reader: &Reader, changes: &[Showing<'_>], undeclared: &[Undeclared<'_>]) -> String {
    let now = changes.iter().map(|one| one.now).max().unwrap_or(began());
    let message = home(&Home {
        reader,
        changes,
        undeclared,
        rate: None,
        has_policy: true,
        now,
    });
    let whole = view(message.blocks);
    reading::view(&whole)
}

/// A change of every kind of thing that can be owed, so many times over.
fn many(n: usize) -> Vec<Story> {
    let worst = "&😀".repeat(1000);
    (0..n)
        .map(|at| {
            let mut story = match at % 4 {
                0 => Story::asking(&worst, vec![person("morgan")]),
                1 => Story::unanswered().minutes(7).pushes_ahead(),
                2 => Story::deployed().hours(30),
                _ => Story::deployed().documents_all(),
            };
            let number = u64::try_from(at).unwrap();
            story.change.number = ChangeNumber(ChangeNumber::FIRST.0 + number);
            story
        })
        .collect()
}

impl Story {
    fn pushes_ahead(self) -> Self {
        self.goes_ahead("dana").minutes(9).deploys("dana")
    }

    fn approved() -> Self {
        Self::deployed().documents_all().approves("morgan")
    }
}

#[test]
fn an_empty_home_says_what_will_stand_on_it() {
    insta::assert_snapshot!(seen_by(&reader("dana"), &[], &[]), @r"
    # Home
    *What you owe*
    Nothing. Once you have deployed an emergency change, its ticket stands here with its clock and what it still misses.
    *What waits for you*
    Nothing. When somebody asks you for authorization, or a ticket is ready for your decision, it stands here with its buttons.
    *Open emergency changes*
    None. `/emergency Deploy … @morgan`, said in the incident's channel, begins one and asks Morgan for authorization; `/emergency drill …` rehearses it.
    · As of Sat 02:14 UTC. Opening this tab draws it anew; `/emergency help` says what you can say.
    nothing to send
    ");
}

#[test]
fn a_home_shows_what_is_owed_then_what_waits_then_what_is_open() {
    let [asks, owes] = [Story::asked(), Story::deployed()];
    let showing = [asks.showing(), owes.showing()];
    insta::assert_snapshot!(seen_by(&reader("morgan"), &showing, &[]), @r"
    # Home
    *What you owe*
    Nothing. Once you have deployed an emergency change, its ticket stands here with its clock and what it still misses.
    *What waits for you* (1)
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asks you for authorization
    [+Authorize] [!Deny]
    *Open emergency changes* (2)
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana · waits for authorization [Show]
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana · deployed, its ticket is owed · the ticket, due Sun 02:19 UTC (in 24 h) [Show]
    · As of Sat 02:19 UTC. Opening this tab draws it anew; `/emergency help` says what you can say.
    nothing to send
    ");
    insta::assert_snapshot!(seen_by(&reader("dana"), &showing[1..], &[]), @r"
    # Home
    *What you owe* (1)
    *CHG-1001*  Deploy WAF rule to block SQL injection
    The ticket misses what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent), *due Sun 02:19 UTC (in 24 h)*
    [+Document]
    *What waits for you*
    Nothing. When somebody asks you for authorization, or a ticket is ready for your decision, it stands here with its buttons.
    *Open emergency changes* (1)
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana · deployed, its ticket is owed · the ticket, due Sun 02:19 UTC (in 24 h) [Show]
    · As of Sat 02:19 UTC. Opening this tab draws it anew; `/emergency help` says what you can say.
    nothing to send
    ");
}

#[test]
fn however_much_is_open_the_home_fits_with_forty_changes_listed() {
    let (offer, words) = offered(OfferStage::Undeclared, Verdict::Grant);
    let pairs = [Undeclared {
        offer: &offer,
        texts: &words,
    }; 20];
    for n in [1, 7, 40, 120] {
        let stories = many(n);
        let showing: Vec<_> = stories.iter().map(Story::showing).collect();
        for who in ["dana", "morgan", "sam", "riley"] {
            let mut reader = reader(who);
            reader.is_partial = true;
            let seen = seen_by(&reader, &showing, &pairs);
            assert!(
                seen.contains(&format!("*Open emergency changes* ({n})")),
                "{seen}"
            );
            assert_eq!(seen.matches("[Show]").count(), n.min(40), "{who}");
            assert!(seen.contains("*Undeclared* (20)"), "{seen}");
        }
    }
}

#[test]
fn words_said_in_private_stand_on_no_overview() {
    let stories = many(8);
    let showing: Vec<_> = stories
        .iter()
        .map(|story| story.showing().seen_from_outside())
        .collect();
    let seen = seen_by(&reader("dana"), &showing, &[]);
    let queue = read(&exceptions(&showing, began()));
    for text in [seen, queue] {
        assert!(text.contains("in a private channel"), "{text}");
        assert!(!text.contains("WAF"), "{text}");
        assert!(!text.contains("&amp;"), "{text}");
    }
}

#[test]
fn who_asked_or_deployed_is_not_shown_a_decision_on_it() {
    let story = Story::asking(WHAT, vec![group("leads")]);
    let mut requester = reader("dana");
    requester.groups.insert(GroupId::new("SLEADS"));
    let mut other = reader("morgan");
    other.groups.insert(GroupId::new("SLEADS"));
    assert!(!seen_by(&requester, &[story.showing()], &[]).contains("[+Authorize]"));
    assert!(seen_by(&other, &[story.showing()], &[]).contains("[+Authorize]"));
}

#[test]
fn a_decision_waits_for_the_approver_only_once_it_can_be_made() {
    let early = Story::deployed();
    assert!(!seen_by(&reader("morgan"), &[early.showing()], &[]).contains("your decision\n"));
    let ready = Story::deployed().documents_all();
    let seen = seen_by(&reader("morgan"), &[ready.showing()], &[]);
    assert!(seen.contains("Ready for your decision"), "{seen}");
    // One tap would say of a content that it was read which nobody was shown.
    assert!(!seen.contains("[+Approve]"), "{seen}");
    assert!(seen.contains("[+Read and decide…]"), "{seen}");
}

#[test]
fn a_closed_change_is_open_no_more_and_may_still_be_owed_something() {
    let story = Story::approved();
    assert!(story.change.closed_at.is_some());
    let seen = seen_by(&reader("morgan"), &[story.showing()], &[]);
    assert!(seen.contains("*Open emergency changes*\nNone."), "{seen}");
    assert!(seen.contains("[+Mark as reviewed…]"), "{seen}");
}

#[test]
fn the_queue_and_the_agenda_fit_however_much_there_is() {
    let stories = many(120);
    let showing: Vec<_> = stories.iter().map(Story::showing).collect();
    let queue = read(&exceptions(&showing, began() + TimeDelta::hours(40)));
    assert!(queue.contains("younger"), "{queue}");
    let approved: Vec<_> = (0..120).map(|_| Story::approved()).collect();
    let showing: Vec<_> = approved.iter().map(Story::showing).collect();
    let items = read(&agenda(&showing, began() + TimeDelta::hours(40)));
    assert!(
        items.contains("For the next team meeting* (120)"),
        "{items}"
    );
    let form = record_meeting(&showing, OpenedFrom::default(), began()).unwrap();
    assert!(reading::view(&form).contains("Team meeting"));
    assert_eq!(record_meeting(&[], OpenedFrom::default(), began()), None);
}

#[test]
fn the_agenda_names_what_a_meeting_talks_about() {
    let story = Story::approved();
    insta::assert_snapshot!(read(&agenda(&[story.showing()], story.now)), @r"
    » For the next team meeting: 1
    *For the next team meeting* (1)
    *CHG-1001*  Deploy WAF rule to block SQL injection
    deployed Sat 02:19 UTC, Production down
    due 2026-04-11 02:19 UTC (in 14 days)
    [+Mark as reviewed…]
    ");
    insta::assert_snapshot!(read(&agenda(&[], story.now)), @r"
    » The next team meeting has no emergency change to review. Each comes up here once it is approved in retrospect, and stays until a meeting has reviewed it.
    The next team meeting has no emergency change to review. Each comes up here once it is approved in retrospect, and stays until a meeting has reviewed it.
    ");
}

#[test]
fn the_queue_names_each_exception_with_its_age() {
    let story = Story::unanswered().minutes(7).pushes_ahead();
    let later = story.now + TimeDelta::hours(3);
    insta::assert_snapshot!(read(&exceptions(&[story.showing()], later)), @r"
    » Exceptions without an answer: 1
    *Exceptions without an answer* (1, of 1 change)
    *CHG-1001*  Went ahead without authorization
    Deploy WAF rule to block SQL injection
    3 h 2 min old · from @Morgan, due 2026-04-04 02:23 UTC (in 7 days) [Answer]
    · Whoever answers for the process, or may approve, answers them; never who asked for the change or deployed it. One form answers all of a change.
    ");
    insta::assert_snapshot!(read(&exceptions(&[], later)), @r"
    » No exception waits for an answer. A control that isn't met (late, without authorization, against a denial) stands here until somebody says why, and what is done about it.
    No exception waits for an answer. A control that isn't met (late, without authorization, against a denial) stands here until somebody says why, and what is done about it.
    ");
}

#[test]
fn which_change_is_meant_is_asked_with_at_most_five_buttons() {
    let stories = many(9);
    let showing: Vec<_> = stories.iter().map(Story::showing).collect();
    for (wanted, label) in [
        (Wanted::Status, "[Show]"),
        (Wanted::Document, "[Document]"),
        (Wanted::Deployed(began()), "[This one]"),
    ] {
        let seen = read(&which(&showing, wanted, None));
        assert_eq!(seen.matches(label).count(), MOST_LIKELY, "{seen}");
    }
}

#[test]
fn what_a_meeting_did_not_review_is_told_with_the_reason() {
    let [one, other] = [Story::approved(), Story::deployed()];
    let now = one.now;
    let reviewed_one = one.does(
        "morgan",
        Command::RecordMeeting {
            by: Story::member("morgan"),
            held_at: now,
            minutes: None,
            improvements: None,
        },
    );
    let showing = [reviewed_one.showing(), other.showing()];
    let seen = read(&reviewed(&showing, (&user("morgan"), now), None, &[])[0]);
    assert!(seen.contains("Reviewed in the meeting of"), "{seen}");
    assert!(seen.contains("Not marked: CHG-1001."), "{seen}");
    let typed = [Typed {
        label: Some("Where its minutes are".to_owned()),
        words: "https://wiki.example.com/minutes/7".to_owned(),
    }];
    let no = Some("A meeting can't be reviewed ahead.");
    let seen = read(&reviewed(&showing, (&user("morgan"), now), no, &typed)[0]);
    assert!(
        seen.contains("> https://wiki.example.com/minutes/7"),
        "{seen}"
    );
}
