//! The longest texts that people can write still fit what Slack takes.

use super::*;
use crate::domain::authorization::Act;
use crate::domain::change::{LONGEST_TEXT, Refusal, Review, Verdict};
use crate::domain::obligation::{Duty, Rung, obligations};
use crate::domain::offer::OfferStage;
use crate::gesture::Which;
use crate::slack::views::direct::{Due, reminder, told};
use crate::slack::views::modal::{self, NamedGroup, OpenedFrom, Prefill};
use crate::slack::views::reply::Undeclared;
use crate::slack::views::{
    Typed,
    card::{card, card_aside},
    ledger::ledger,
    note::note,
    offer::{offer, offer_closed},
    reply, say,
};

use super::offer::{offered, offered_words};

/// Characters that cost most: five when escaped, two where Slack counts them,
/// a line each, and plain ones.
const WORST: [&str; 4] = ["&", "😀", "x\n", "x"];

fn longest(piece: &str) -> String {
    let n = LONGEST_TEXT / piece.chars().count();
    piece.repeat(n)
}

/// All that can be quoted at once.
fn in_words(words: &str) -> Story {
    let capture = Capture {
        by: user("dana"),
        at: began() + TimeDelta::minutes(9),
    };
    let mut story = Story::asked_in_a_message(words, Some(capture))
        .minutes(9)
        .refuses_in_a_message("morgan", 2, words)
        .asks(vec![person("sam"), group("eng")])
        .answers_in_a_message("sam", 3, words);
    // Slack's markup and ours cost room, too.
    for what in [story.change.what, story.change.verbatim] {
        story.notebook.0.insert(what, Said::Words(words.to_owned()));
    }
    story
        .states(NotGenuine::Other, Some(words))
        .edits("sam", 3, words)
        .deletes("dana", 0)
}

fn spoken(words: &str) -> Story {
    Story::asking(words, vec![person("morgan"), group("eng")])
        .minutes(3)
        .attests("morgan", Some(words))
}

/// Every stage of a change of the longest texts, with every exception that can
/// come together.
fn stages(words: &str) -> Vec<Story> {
    let all: Vec<(Section, &str)> = Section::ALL.iter().map(|one| (*one, words)).collect();
    let begun = || Story::asking(words, vec![person("morgan"), group("eng")]);
    let deployed = || {
        let mut story = begun().minutes(3).minutes(6).goes_ahead("dana").minutes(9);
        for n in 0..8 {
            story = story.deploys(&format!("dana{n}"));
        }
        story.because(Criterion::CustomerImpact)
    };
    let ready = || {
        deployed()
            .hours(40)
            .authorizes("sam")
            .commands("riley")
            .fills_all(words)
    };
    let rejected = || ready().rejects("morgan", words);
    let remediated = || rejected().remediates("dana0", words);
    vec![
        begun(),
        begun().minutes(3).minutes(6),
        begun().denies("morgan"),
        spoken(words),
        spoken(words)
            .minutes(9)
            .does("morgan", Command::ConfirmAttestation),
        in_words(words),
        in_words(words)
            .deploys("dana")
            .minutes(30)
            .corrects(began() - TimeDelta::hours(1)),
        begun().does("dana", Command::Withdraw),
        begun().authorizes("morgan"),
        begun().authorizes("morgan").does("dana", Command::Lapse),
        deployed(),
        deployed().hours(40),
        ready(),
        ready().approves("morgan"),
        ready().approves("morgan").documents(&all),
        rejected(),
        remediated(),
        remediated().answers("morgan", Exception::ALL),
        (0..40).fold(
            remediated().answers("morgan", Exception::ALL),
            |story, _| story.follows_up(words, 5),
        ),
    ]
}

/// A form of the longest texts.
fn given_back(words: &str) -> Vec<Typed> {
    let one = Typed {
        label: Some("What came of it".to_owned()),
        words: say::safe(words, usize::MAX).words,
    };
    vec![one; 12]
}

#[test]
fn the_longest_texts_fit_every_view() {
    let mut n_views = 0;
    for piece in WORST {
        let words = longest(piece);
        for story in stages(&words) {
            let showing = story.showing();
            read(&card(&showing));
            read(&card_aside(&showing));
            read(&reply::twin(&showing, &showing));
            read(&reply::deployed_at(&showing, story.now));
            for message in reply::refused_about(&words, &given_back(&words), &showing) {
                read(&message);
            }
            for is_new in [true, false] {
                read(&ledger(&showing, is_new));
            }
            read(&reply::asked_back(
                &words,
                Some(story.change.number),
                story.now,
                None,
            ));
            read(&reply::status(&showing));
            for message in reply::status_in_full(&showing) {
                read(&message);
            }
            for one in &story.history {
                if let Some(note) = note(&showing, one) {
                    read(&note);
                }
                if let Some(news) = told(&showing, one, &user("dana")) {
                    read(&news);
                }
                n_views += 2;
            }
            let from = OpenedFrom::default();
            reading::view(&modal::document(&showing, None, from));
            reading::view(&modal::more_fields(&showing, from));
            let seen = content_hash(&story.change);
            reading::view(&modal::approve(&showing, seen, from));
            reading::view(&modal::review(&showing, Review::Security, seen, from));
            reading::view(&modal::review_genuineness(&showing, from));
            reading::view(&modal::permanent_fix(&showing, from));
            reading::view(&modal::add_follow_up(&showing, from));
            reading::view(&modal::finish_follow_up(&showing, 1, from));
            read(&reply::saved(&showing, Field::ALL));
            reading::view(&modal::reject(&showing, from));
            reading::view(&modal::remediate(&showing, from));
            reading::view(&modal::answer_exceptions(&showing, from));
            reading::view(&modal::ask_someone_else(&showing, &[], from));
            reading::view(&modal::attest(&showing, from));
            reading::view(&modal::correct_deployment(&showing, story.now, from));
            reading::view(&modal::state_reason(&showing, from));
            let many: Vec<_> = (0..60).map(|_| story.showing()).collect();
            let (offer, notebook) =
                offered_words(OfferStage::Undeclared, Verdict::Grant, &words, &words);
            let pair = Undeclared {
                offer: &offer,
                texts: &notebook,
            };
            read(&reply::list(&many, Which::Open, &[pair; 30]));
            n_views += 8;
        }
        for message in reply::refused(&words, &given_back(&words)) {
            read(&message);
        }
        read(&reply::unsure(&words, Some(&words)));
        read(&reply::not_yet(&words));
        let prefill = Prefill {
            what: words,
            asked: None,
            drill: false,
        };
        let groups: Vec<NamedGroup> = (0..30)
            .map(|n| NamedGroup {
                id: GroupId::new(format!("S{n}")),
                name: prefill.what.clone(),
            })
            .collect();
        reading::view(&modal::declare(&prefill, &groups, OpenedFrom::default()));
    }
    assert!(n_views > 1000, "{n_views}");
}

#[test]
fn however_much_is_due_at_once_fits_one_message() {
    for piece in WORST {
        let words = longest(piece);
        let mut stories = stages(&words);
        for (number, story) in (1001..).zip(&mut stories) {
            story.change.number = ChangeNumber(number);
        }
        let reader = user("dana");
        let items: Vec<Due<'_>> = stories
            .iter()
            .flat_map(|story| {
                obligations(&story.change, &story.policy)
                    .into_iter()
                    .map(|one| Due {
                        showing: story.showing(),
                        duty: one.duty,
                        owner: &reader,
                        due_at: one.due_at,
                        rung: Rung::Overdue(1),
                        open: one.met_at.is_none(),
                    })
            })
            .collect();
        let now = stories[0].now;
        for one in &items {
            read(&reminder(std::slice::from_ref(one), now));
        }
        for n in [2, 5, 20, items.len()] {
            let seen = read(&reminder(&items[..n.min(items.len())], now));
            assert!(
                seen.contains("wait for you") || seen.contains("One thing"),
                "{seen}"
            );
        }
    }
}

#[test]
fn what_is_cut_says_where_the_whole_stands() {
    let story = Story::asking(&longest("x"), vec![person("morgan")]);
    let seen = read(&card(&story.showing()));
    assert!(
        seen.contains("…\n· The whole text: `/emergency status CHG-1001`"),
        "{seen}"
    );
    let whole = read(&reply::status(&story.showing()));
    let x = whole
        .lines()
        .filter(|line| line.starts_with("xx"))
        .collect::<String>();
    assert_eq!(x, longest("x"));
}

#[test]
fn a_long_text_is_broken_between_words_and_never_inside_an_escape() {
    let words = format!("{} {}", "a".repeat(2000), "&".repeat(400));
    let story = Story::asking(&words, vec![person("morgan")]);
    let seen = read(&reply::status(&story.showing()));
    let lines: Vec<&str> = seen.lines().skip(2).take(2).collect();
    assert_eq!(lines[0], "a".repeat(2000));
    assert_eq!(lines[1], "&amp;".repeat(400));
    let unbroken = Story::asking(&"&".repeat(900), vec![person("morgan")]);
    let seen = read(&reply::status(&unbroken.showing()));
    let lines: Vec<&str> = seen.lines().skip(2).take(2).collect();
    assert_eq!(lines, ["&amp;".repeat(600), "&amp;".repeat(300)]);
}

/// What a phone shows of a message without a touch: about three lines.
const ON_A_PHONE: usize = 120;

#[test]
fn whatever_asks_for_an_answer_reads_well_on_a_phone() {
    let asked = Story::asked_in_a_message(ASKED, None);
    let spoken = Story::asked().minutes(3).attests("morgan", None);
    let (offered, words) = offered(OfferStage::Offered, Verdict::Grant);
    let (undeclared, _) = offered_words(OfferStage::Undeclared, Verdict::Grant, ASKED, "ok");
    let role = Refusal::NotAnApprover {
        act: Act::Authorize,
    };
    let asks = [
        card(&asked.showing()),
        card(&Story::captured().showing()),
        card(&spoken.showing()),
        card(&Story::drilled().showing()),
        card_aside(&asked.showing()),
        reply::twin(&asked.showing(), &spoken.showing()),
        reply::deployed_at(&Story::deployed().showing(), asked.now),
        reply::refused_about(&role.to_string(), &[], &asked.showing()).remove(0),
        reply::unsure("status", Some("statsu")),
        offer(&offered, &words, false),
        offer(&offered, &words, true),
        offer_closed(&undeclared),
        reminder(&[confirmation(&spoken)], spoken.now),
    ];
    for message in asks {
        let seen = read(&message);
        let mut lines = seen.lines();
        let (notification, first) = (lines.next().unwrap(), lines.next().unwrap());
        for line in [notification, first] {
            assert!(say::width(line) <= ON_A_PHONE, "{line}");
        }
    }
}

fn confirmation(story: &Story) -> Due<'_> {
    let Some(owner) = story.change.awaits_confirmation() else {
        panic!("nothing waits to be confirmed");
    };
    Due {
        showing: story.showing(),
        duty: Duty::Confirmation,
        owner,
        due_at: None,
        rung: Rung::Opening,
        open: true,
    }
}
