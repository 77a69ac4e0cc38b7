use std::collections::BTreeSet;

use super::super::blocks::fits;
use super::super::joined;
use super::super::modal::{OpenedFrom, explain_normal};
use super::super::question::question;
use super::reading::{message as read, view};
use super::{TimeDelta, began, user};
use crate::domain::deployment::{Deployment, Doubt, Explanation, Happening, Mark, SourceName};
use crate::domain::id::ChangeNumber;
use crate::domain::text::{Salt, Text};
use crate::store::Question;

/// Dana is asked about a hotfix that nobody reviewed.
fn asked() -> Question {
    let at = began() + TimeDelta::minutes(5);
    let source = SourceName::new("github");
    let told = Deployment {
        system: Some("auth-api".to_owned()),
        author: Some("dana-dev".to_owned()),
        url: Some("https://github.com/acme/auth-api/pull/7?a=1&b=2".to_owned()),
        title: Some(Text::new(
            "Skip <the> session check\n\nfor now",
            Salt([1; 32]),
        )),
        ..Deployment::new(source, "7", Happening::Merge, at)
    };
    Question {
        id: 7,
        doubt: Doubt::Undeclared,
        change: None,
        marks: BTreeSet::from([Mark::Unreviewed, Mark::Hotfix]),
        made_at: at,
        asked: Some((user("dana"), at)),
        answered: None,
        n_asked: 1,
        second: None,
        stands: true,
        is_deployed: true,
        belongs_to: None,
        told: Some(told),
    }
}

fn answered(answer: Explanation, by: &str) -> Question {
    Question {
        answered: Some((answer, user(by), began())),
        stands: false,
        ..asked()
    }
}

fn shown(about: &Question, reader: &str) -> String {
    read(&question(about, &user(reader), false))
}

#[test]
fn whoever_made_the_change_is_asked_without_being_accused() {
    insta::assert_snapshot!(shown(&asked(), "dana"), @r"
    » Was this an emergency? “Skip &lt;the&gt; session check”↗ went to production on auth-api Sat 02:19 UTC, made by dana-dev.
    Was this an emergency? “Skip &lt;the&gt; session check”↗ went to production on auth-api Sat 02:19 UTC, made by dana-dev.
    It was merged although nobody had reviewed it and it calls itself a hotfix. No emergency change was declared for it.
    [+Declare the emergency] [Normal change] [Not production]
    · Unanswered, I ask once more in a day; then the weekly report names it as unexplained.
    ");
    insta::assert_snapshot!(read(&question(&asked(), &user("dana"), true)), @r"
    » Was this an emergency? “Skip &lt;the&gt; session check”↗ went to production on auth-api Sat 02:19 UTC, made by dana-dev.
    Was this an emergency? “Skip &lt;the&gt; session check”↗ went to production on auth-api Sat 02:19 UTC, made by dana-dev.
    It was merged although nobody had reviewed it and it calls itself a hotfix. No emergency change was declared for it.
    [+Declare the emergency] [Normal change] [Not production]
    · I won't ask again. Until it is answered, the weekly report names it as unexplained.
    ");
}

#[test]
fn a_change_of_which_little_is_known_is_asked_about_by_its_name() {
    let little = Question {
        marks: BTreeSet::from([Mark::DirectPush]),
        told: Some(Deployment::new(
            SourceName::new("jenkins"),
            "deploy#4711",
            Happening::Run,
            began(),
        )),
        ..asked()
    };
    insta::assert_snapshot!(shown(&little, "dana"), @r"
    » Was this an emergency? deploy#4711 of jenkins went to production Sat 02:14 UTC.
    Was this an emergency? deploy#4711 of jenkins went to production Sat 02:14 UTC.
    It was pushed to the deployed branch directly. No emergency change was declared for it.
    [+Declare the emergency] [Normal change] [Not production]
    · Unanswered, I ask once more in a day; then the weekly report names it as unexplained.
    ");
}

#[test]
fn until_the_second_person_has_spoken_it_stays_unexplained() {
    let waiting = Question {
        second: Some((user("morgan"), user("dana"))),
        ..asked()
    };
    insta::assert_snapshot!(shown(&waiting, "dana"), @r"
    » Was this an emergency? “Skip &lt;the&gt; session check”↗ went to production on auth-api Sat 02:19 UTC, made by dana-dev.
    Was this an emergency? “Skip &lt;the&gt; session check”↗ went to production on auth-api Sat 02:19 UTC, made by dana-dev.
    It was merged although nobody had reviewed it and it calls itself a hotfix. No emergency change was declared for it.
    :hourglass_flowing_sand: @Morgan is asked to confirm that it was a normal change. Until then it stays unexplained.
    [+Declare the emergency] [Normal change] [Not production]
    · Unanswered, I ask once more in a day; then the weekly report names it as unexplained.
    ");
    insta::assert_snapshot!(shown(&waiting, "morgan"), @r"
    » @Dana says that this was a normal change. Can you confirm it?
    @Dana says that this was a normal change. Can you confirm it?
    “Skip &lt;the&gt; session check”↗ went to production on auth-api Sat 02:19 UTC, made by dana-dev.
    It was merged although nobody had reviewed it and it calls itself a hotfix. No emergency change was declared for it.
    [+Yes, it was] [I can't confirm it]
    · Your word goes on record: the change was reviewed or approved before it went to production.
    ");
    insta::assert_snapshot!(shown(&asked(), "morgan"), @r"
    » Nothing is left for you to say about “Skip &lt;the&gt; session check”↗.
    Nothing is left for you to say about “Skip &lt;the&gt; session check”↗.
    ");
    let given = Question {
        second: Some((user("morgan"), user("dana"))),
        ..answered(Explanation::Normal, "morgan")
    };
    insta::assert_snapshot!(shown(&given, "dana"), @r"
    » On record as a normal change: “Skip &lt;the&gt; session check”↗. @Dana said so, and @Morgan confirmed it.
    On record as a normal change: “Skip &lt;the&gt; session check”↗. @Dana said so, and @Morgan confirmed it.
    ");
}

#[test]
fn whether_it_is_the_deployment_of_a_change_is_asked_by_its_number() {
    let belongs = Question {
        doubt: Doubt::Belongs,
        change: Some(ChangeNumber(1042)),
        marks: BTreeSet::from([Mark::DuringIncident]),
        ..asked()
    };
    insta::assert_snapshot!(shown(&belongs, "dana"), @r"
    » Is this the deployment of CHG-1042? “Skip &lt;the&gt; session check”↗ went to production on auth-api Sat 02:19 UTC, made by dana-dev.
    Is this the deployment of CHG-1042? “Skip &lt;the&gt; session check”↗ went to production on auth-api Sat 02:19 UTC, made by dana-dev.
    It went to a system of that change while it was being worked on. *Yes* puts its deployment time on record.
    [+Yes] [No] [Not production]
    · Unanswered, I ask once more in a day; then the weekly report names it as unexplained.
    ");
    let by_its_number = Question {
        marks: BTreeSet::new(),
        ..belongs
    };
    let words = shown(&by_its_number, "dana");
    let tie = "It has that change's number, or the ticket links to it, but it went to production at another time. *Yes* puts";
    assert!(words.contains(tie), "{words}");
}

#[test]
fn a_question_that_is_answered_says_so() {
    let of = |answer| {
        let about = Question {
            change: Some(ChangeNumber(1042)),
            ..answered(answer, "dana")
        };
        shown(&about, "dana")
    };
    insta::assert_snapshot!(of(Explanation::Declared), @r"
    » Declared by @Dana as CHG-1042: “Skip &lt;the&gt; session check”↗.
    Declared by @Dana as CHG-1042: “Skip &lt;the&gt; session check”↗.
    ");
    insta::assert_snapshot!(of(Explanation::Normal), @r"
    » On record as a normal change: “Skip &lt;the&gt; session check”↗. @Dana gave its review.
    On record as a normal change: “Skip &lt;the&gt; session check”↗. @Dana gave its review.
    ");
    insta::assert_snapshot!(of(Explanation::NotProduction), @r"
    » Not counted: by the word of @Dana, “Skip &lt;the&gt; session check”↗ didn't go to production.
    Not counted: by the word of @Dana, “Skip &lt;the&gt; session check”↗ didn't go to production.
    ");
    insta::assert_snapshot!(of(Explanation::Yes), @r"
    » On record by the word of @Dana: “Skip &lt;the&gt; session check”↗ is the deployment of CHG-1042.
    On record by the word of @Dana: “Skip &lt;the&gt; session check”↗ is the deployment of CHG-1042.
    ");
    insta::assert_snapshot!(of(Explanation::No), @r"
    » “Skip &lt;the&gt; session check”↗ isn't the deployment of CHG-1042, says @Dana.
    “Skip &lt;the&gt; session check”↗ isn't the deployment of CHG-1042, says @Dana.
    ");
    let moot = Question {
        stands: false,
        belongs_to: Some(ChangeNumber(1042)),
        ..asked()
    };
    insta::assert_snapshot!(shown(&moot, "dana"), @r"
    » Settled: “Skip &lt;the&gt; session check”↗ belongs to CHG-1042.
    Settled: “Skip &lt;the&gt; session check”↗ belongs to CHG-1042.
    ");
}

#[test]
fn the_form_asks_for_a_link_or_a_person() {
    let form = explain_normal(&asked(), OpenedFrom::default());
    insta::assert_snapshot!(view(&form), @r"
    # A normal change
    “Skip &lt;the&gt; session check”↗ went to production on auth-api Sat 02:19 UTC, made by dana-dev.
    One of the two is enough.
    Where was it reviewed? (optional)
      [ ] https://…
      The request to merge, the ticket or the change record.
    Or who can confirm it? (optional)
      [Choose a person ▾]
      They are asked by direct message. Until they say so, it stays unexplained.
    [Save]
    ");
}

#[test]
fn as_many_as_are_asked_at_once_fit_one_message() {
    let long = |piece: &str| piece.repeat(300 / piece.len());
    for piece in ["x", "<", "&", "\"", "😀"] {
        let mut largest = asked();
        largest.marks = Mark::ALL.iter().copied().collect();
        largest.second = Some((user("morgan"), user("sam")));
        if let Some(told) = &mut largest.told {
            told.title = Some(Text::new(long(piece), Salt([1; 32])));
            told.system = Some(long(piece));
            told.author = Some(long(piece));
            told.url = Some(format!("https://example.com/{}", "&".repeat(90)));
        }
        let five = (0..5).map(|_| question(&largest, &user("dana"), false));
        let message = joined(five).unwrap();
        assert!(fits(&message.blocks), "{piece}: {}", message.blocks.len());
    }
}

#[test]
fn what_is_only_merged_is_not_called_deployed_and_a_label_is_named_as_one() {
    let merged = Question {
        is_deployed: false,
        marks: BTreeSet::from([Mark::Labelled]),
        ..asked()
    };
    insta::assert_snapshot!(shown(&merged, "dana"), @r"
    » Was this an emergency? “Skip &lt;the&gt; session check”↗ went to the deployed branch of auth-api Sat 02:19 UTC, made by dana-dev.
    Was this an emergency? “Skip &lt;the&gt; session check”↗ went to the deployed branch of auth-api Sat 02:19 UTC, made by dana-dev.
    Its source calls it an emergency. No emergency change was declared for it.
    [+Declare the emergency] [Normal change] [Not production]
    · Unanswered, I ask once more in a day; then the weekly report names it as unexplained.
    ");
}

#[test]
fn whoever_listed_a_change_is_named_and_kept_words_are_not_made_up() {
    let mut listed = asked();
    let told = listed.told.as_mut().unwrap();
    told.author = Some(user("morgan").as_str().to_owned());
    told.said_in = Some(crate::domain::id::ChannelId::new("G0PRIVATE1"));
    told.title = None;
    told.url = None;
    insta::assert_snapshot!(shown(&listed, "dana"), @r"
    » Was this an emergency? A change that somebody listed went to production on auth-api Sat 02:19 UTC, made by @Morgan.
    Was this an emergency? A change that somebody listed went to production on auth-api Sat 02:19 UTC, made by @Morgan.
    It was merged although nobody had reviewed it and it calls itself a hotfix. No emergency change was declared for it.
    [+Declare the emergency] [Normal change] [Not production]
    · Unanswered, I ask once more in a day; then the weekly report names it as unexplained.
    ");
}
