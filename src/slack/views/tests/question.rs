use std::collections::BTreeSet;

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
    insta::assert_snapshot!(shown(&asked(), "dana"), @"");
    insta::assert_snapshot!(read(&question(&asked(), &user("dana"), true)), @"");
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
    insta::assert_snapshot!(shown(&little, "dana"), @"");
}

#[test]
fn until_the_second_person_has_spoken_it_stays_unexplained() {
    let waiting = Question {
        second: Some((user("morgan"), user("dana"))),
        ..asked()
    };
    insta::assert_snapshot!(shown(&waiting, "dana"), @"");
    insta::assert_snapshot!(shown(&waiting, "morgan"), @"");
    insta::assert_snapshot!(shown(&asked(), "morgan"), @"");
    let given = Question {
        second: Some((user("morgan"), user("dana"))),
        ..answered(Explanation::Normal, "morgan")
    };
    insta::assert_snapshot!(shown(&given, "dana"), @"");
}

#[test]
fn whether_it_is_the_deployment_of_a_change_is_asked_by_its_number() {
    let belongs = Question {
        doubt: Doubt::Belongs,
        change: Some(ChangeNumber(1042)),
        marks: BTreeSet::from([Mark::DuringIncident]),
        ..asked()
    };
    insta::assert_snapshot!(shown(&belongs, "dana"), @"");
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
    insta::assert_snapshot!(of(Explanation::Declared), @"");
    insta::assert_snapshot!(of(Explanation::Normal), @"");
    insta::assert_snapshot!(of(Explanation::NotProduction), @"");
    insta::assert_snapshot!(of(Explanation::Yes), @"");
    insta::assert_snapshot!(of(Explanation::No), @"");
    let moot = Question {
        stands: false,
        belongs_to: Some(ChangeNumber(1042)),
        ..asked()
    };
    insta::assert_snapshot!(shown(&moot, "dana"), @"");
}

#[test]
fn the_form_asks_for_a_link_or_a_person() {
    let form = explain_normal(&asked(), OpenedFrom::default());
    insta::assert_snapshot!(view(&form), @"");
}
