//! What a card shows of an authorization that happened in words, by an emoji or
//! by word of mouth.

use super::*;
use crate::slack::views::Withheld;
use crate::slack::views::card::{card, card_aside};

fn shown(story: &Story) -> String {
    read(&card(&story.showing()))
}

/// The lines of a card about who asked, who answered and what was done.
fn evidence(story: &Story) -> String {
    let seen = shown(story);
    let lines: Vec<&str> = seen
        .lines()
        .skip(2)
        .take_while(|line| {
            let ends = ["*Why", "*Ticket", "*Decision", "["];
            !ends.iter().any(|end| line.starts_with(end))
        })
        .collect();
    lines.join("\n")
}

#[test]
fn a_captured_pair_stands_on_the_card_word_for_word() {
    insta::assert_snapshot!(shown(&Story::captured()), @r"
    » CHG-1001, authorized, not deployed yet: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, in a message↗:
    > @Morgan deploying WAF rule to block SQL injection. Authorization?
    _Put on record by @Dana Sat 02:40 UTC_
    *Authorized* by @Morgan Sat 02:15 UTC, in a message↗:
    > @Morgan approved. Deploy.
    [+Deployed now] [Document] [I'm commanding] [… It was never deployed | Another reason… | Withdraw the request]
    *Why an emergency:* not yet stated
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed]
    · Not an emergency: a faster launch, a deadline today, skipping the process.
    ");
}

#[test]
fn a_request_in_a_message_is_quoted_while_it_waits() {
    insta::assert_snapshot!(evidence(&Story::asked_in_a_message(ASKED, None)), @r"
    @Dana asks @Morgan for authorization, Sat 02:14 UTC, in a message↗:
    > @Morgan deploying WAF rule to block SQL injection. Authorization?
    ");
}

#[test]
fn words_that_the_heading_says_arent_said_twice() {
    insta::assert_snapshot!(evidence(&Story::asked_in_a_message(WHAT, None)), @"@Dana asks @Morgan for authorization, Sat 02:14 UTC, in a message↗");
}

#[test]
fn a_request_without_a_message_says_whose_word_it_is() {
    let story = Story::asking_so(WHAT, vec![person("morgan")], |mut command| {
        if let Command::Request { captured, .. } = &mut command {
            *captured = Some(Capture {
                by: user("riley"),
                at: began() + TimeDelta::minutes(5),
            });
        }
        command
    });
    insta::assert_snapshot!(evidence(&story), @"@Dana asks @Morgan for authorization, Sat 02:14 UTC, as @Riley put on record Sat 02:19 UTC");
}

#[test]
fn a_refusal_in_a_message_is_quoted() {
    let story = Story::asked_in_a_message(ASKED, None)
        .minutes(2)
        .refuses_in_a_message("morgan", 2, "don't deploy, the pool is draining");
    insta::assert_snapshot!(evidence(&story), @r"
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, in a message↗:
    > @Morgan deploying WAF rule to block SQL injection. Authorization?
    *Denied* by @Morgan Sat 02:16 UTC, in a message↗:
    > don't deploy, the pool is draining
    ");
}

#[test]
fn a_second_persons_words_are_quoted() {
    let story = Story::unanswered()
        .goes_ahead("dana")
        .deploys("dana")
        .minutes(30)
        .answers_in_a_message("sam", 30, "fine by me, authorized afterwards");
    insta::assert_snapshot!(evidence(&story), @r"
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Without authorization*: @Dana went ahead Sat 02:20 UTC
    *Authorized afterwards* by @Sam Sat 02:44 UTC, in a message↗:
    > fine by me, authorized afterwards
    *Incident commander* not known yet
    *Deployed* by @Dana Sat 02:20 UTC
    ");
}

#[test]
fn an_emoji_says_on_which_message_it_stands() {
    let story = Story::asked_in_a_message(ASKED, None)
        .minutes(1)
        .reacts("morgan", 0);
    insta::assert_snapshot!(evidence(&story), @r"
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, in a message↗:
    > @Morgan deploying WAF rule to block SQL injection. Authorization?
    *Authorized* by @Morgan Sat 02:15 UTC, by :white_check_mark: on a message↗
    ");
    let MessageRef { channel, ts, .. } = message(0);
    let story = story.does(
        "morgan",
        Command::NoteReactionRemoved {
            name: "white_check_mark".to_owned(),
            channel,
            ts,
        },
    );
    insta::assert_snapshot!(evidence(&story), @r"
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, in a message↗:
    > @Morgan deploying WAF rule to block SQL injection. Authorization?
    *Authorized* by @Morgan Sat 02:15 UTC, by :white_check_mark: on a message↗, taken away since; what was captured stays
    ");
}

#[test]
fn word_of_mouth_waits_for_its_confirmation() {
    let story = Story::asked()
        .minutes(3)
        .attests("morgan", Some("On the bridge: “go ahead, block it”"));
    insta::assert_snapshot!(shown(&story), @r"
    » CHG-1001, authorized, not deployed yet: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Authorized* by @Morgan Sat 02:16 UTC, by word of mouth, as @Dana says; waits for @Morgan's confirmation:
    > On the bridge: “go ahead, block it”
    [+Deployed now] [Document] [I'm commanding] [… It was never deployed | Another reason… | Withdraw the request]
    *Why an emergency:* not yet stated
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed]
    · Not an emergency: a faster launch, a deadline today, skipping the process.
    ");
    let confirmed = story.minutes(9).does("morgan", Command::ConfirmAttestation);
    insta::assert_snapshot!(evidence(&confirmed), @r"
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Authorized* by @Morgan Sat 02:16 UTC, by word of mouth, as @Dana says; @Morgan confirmed that Sat 02:23 UTC:
    > On the bridge: “go ahead, block it”
    ");
}

#[test]
fn the_most_senior_engineer_stands_by_their_own_word() {
    let story = Story::asked().minutes(5).stands_in("gil");
    insta::assert_snapshot!(evidence(&story), @r"
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Authorized* by @Gil Sat 02:19 UTC, as the most senior engineer available, which is their own word
    ");
}

#[test]
fn what_was_captured_stays_whatever_becomes_of_its_message() {
    let edited = Story::captured().edits("morgan", 1, "I never said that");
    let deleted = edited.deletes("dana", 0);
    insta::assert_snapshot!(evidence(&deleted), @r"
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, in a message↗, deleted since; what was captured stays:
    > @Morgan deploying WAF rule to block SQL injection. Authorization?
    _Put on record by @Dana Sat 02:40 UTC_
    *Authorized* by @Morgan Sat 02:15 UTC, in a message↗, edited since; what was captured stays:
    > @Morgan approved. Deploy.
    ");
}

#[test]
fn a_long_message_is_shortened_to_a_few_lines() {
    let story = Story::asked_in_a_message(&"line\n".repeat(40), None);
    insta::assert_snapshot!(evidence(&story), @r"
    @Dana asks @Morgan for authorization, Sat 02:14 UTC, in a message↗:
    > line
    > line
    > line
    > line
    > line
    > line …
    ");
}

#[test]
fn a_message_without_an_address_is_no_link() {
    let mut story = Story::asked_in_a_message(ASKED, None);
    for quote in &mut story.change.quotes {
        quote.message.permalink = None;
    }
    assert!(evidence(&story).contains("in a message:"));
    for quote in &mut story.change.quotes {
        quote.message.permalink = Some(Permalink::new("https://x|<!here>"));
    }
    assert!(evidence(&story).contains("in a message:"));
}

#[test]
fn outside_a_private_channel_its_words_are_withheld() {
    let story = Story::captured();
    let seen = read(&card(&story.showing().seen_from_outside()));
    for words in ["WAF", "approved. Deploy", "injection"] {
        assert!(!seen.contains(words), "{seen}");
    }
    insta::assert_snapshot!(seen.lines().take(4).collect::<Vec<_>>().join("\n"), @r"
    » CHG-1001, authorized, not deployed yet: _said in a private channel, and kept there_
    *CHG-1001*  _said in a private channel, and kept there_
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, in a message↗
    _Put on record by @Dana Sat 02:40 UTC_
    ");
    assert_eq!(Withheld.said(&story.change.what), Said::Withheld);
}

#[test]
fn another_reason_is_shown_as_stated_and_flagged() {
    let story = Story::asked().states(NotGenuine::FasterLaunch, Some("Sales promised Monday"));
    insta::assert_snapshot!(shown(&story), @r"
    » CHG-1001: @Dana asks @Morgan to authorize: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asks @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Exception*: no genuine emergency, by its stated reason or by who decided on it
    [+Authorize] [!Deny] [I'm commanding] [… Deployed now | Agreed by phone or in person… | Withdraw the request]
    *Why, as stated:* To launch something faster: “Sales promised Monday”. Stated by @Dana Sat 02:14 UTC; none of the five, so it is flagged for the genuineness review.
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed]
    · If it is one of the five after all, tap it.
    ");
    let both = story.because(Criterion::CustomerImpact);
    let seen = shown(&both);
    assert!(
        seen.contains("*Why an emergency:* A bug hurts customers"),
        "{seen}"
    );
    assert!(
        seen.contains("*Also stated:* To launch something faster"),
        "{seen}"
    );
}

#[test]
fn a_drill_is_marked_wherever_it_stands() {
    insta::assert_snapshot!(shown(&Story::drilled()), @r"
    » Drill · CHG-1001: @Dana asks @Morgan to authorize: Deploy WAF rule to block SQL injection
    *Drill · CHG-1001*  Deploy WAF rule to block SQL injection
    · This is a drill: everything is rehearsed, and nothing counts.
    @Dana asks @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    [+Authorize] [!Deny] [I'm commanding] [End the drill] [… Deployed now | Agreed by phone or in person… | Another reason…]
    *Why an emergency:* not yet stated
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed]
    · Not an emergency: a faster launch, a deadline today, skipping the process.
    ");
    let deployed = Story::drilled()
        .minutes(1)
        .authorizes("morgan")
        .minutes(4)
        .deploys("dana");
    assert!(shown(&deployed).contains("[End the drill]"));
    let ended = deployed.does("dana", Command::Withdraw);
    insta::assert_snapshot!(shown(&ended), @r"
    » Drill · CHG-1001, ended: Deploy WAF rule to block SQL injection
    *Drill · CHG-1001*  Deploy WAF rule to block SQL injection
    · This is a drill: everything is rehearsed, and nothing counts.
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Authorized* by @Morgan Sat 02:15 UTC, 3 min before deployment, by the button
    *Incident commander* not known yet
    *Deployed* by @Dana Sat 02:18 UTC
    *Drill ended*. It counts nowhere.
    ");
}

#[test]
fn a_duplicate_says_of_which() {
    let story = Story::asked().does(
        "dana",
        Command::LinkAsDuplicate {
            of: ChangeNumber(1000),
        },
    );
    insta::assert_snapshot!(shown(&story), @r"
    » CHG-1001, withdrawn as a duplicate: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *The same as CHG-1000*, says the requester. It stays listed.
    ");
}

#[test]
fn a_card_that_cant_stand_in_its_channel_says_how_to_invite_the_bot() {
    let seen = read(&card_aside(&Story::asked().showing()));
    insta::assert_snapshot!(seen.lines().last().unwrap(), @"· I can't post in #c1, so the card comes to you; the record is the same. `/invite @breakglass` typed there lets me in, unless the channel is archived.");
}

#[test]
fn a_menu_of_one_is_a_button() {
    let story = Story::deployed().documents_all().approves("morgan");
    let json = serde_json::to_value(card(&story.showing()).blocks).unwrap();
    let row = json.as_array().unwrap().last().unwrap()["elements"].clone();
    let only = row.as_array().unwrap().last().unwrap().clone();
    assert_eq!(only["action_id"], "add_follow_up");
    assert_eq!(
        crate::slack::control::read_value(only["value"].as_str().unwrap()),
        Some(story.change.number)
    );
}
