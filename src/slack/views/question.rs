//! What is asked about changes that other systems told of: was it an emergency that
//! nobody declared, does it belong to this one. It accuses nobody.

use crate::domain::deployment::{Doubt, Explanation, Mark};
use crate::domain::id::UserId;
use crate::domain::ticket::is_address;
use crate::slack::control::{self, Control};
use crate::store::Question;

use super::blocks::{actions, button_of, context, message, one_line, primary, section};
use super::{Message, say};

/// How much of a change's title is shown.
const ROOM_FOR_A_TITLE: usize = 200;

/// How much of a name is shown that another system gave.
const ROOM_FOR_A_NAME: usize = 80;

/// How long an address may be that is shown: several changes are asked about in one
/// message.
const LONGEST_ADDRESS: usize = 500;

/// Whether somebody can still answer a question, or give their word.
pub fn is_open_to(question: &Question, who: &UserId) -> bool {
    question.stands && (is_with(question, who) || is_named(question, who))
}

fn is_with(question: &Question, who: &UserId) -> bool {
    question
        .asked
        .as_ref()
        .is_some_and(|(asked, _)| asked == who)
}

fn is_named(question: &Question, who: &UserId) -> bool {
    question
        .second
        .as_ref()
        .is_some_and(|(named, _)| named == who)
}

/// Returns a question as `reader` reads it: asked, or what became of it.
pub fn question(question: &Question, reader: &UserId, again: bool) -> Message {
    if !question.stands {
        return one_line(&what_became(question));
    }
    if is_named(question, reader) {
        return word_wanted(question);
    }
    if !is_with(question, reader) {
        return one_line(&format!(
            "Nothing is left for you to say about {}.",
            title(question)
        ));
    }
    match question.doubt {
        Doubt::Undeclared => undeclared(question, again),
        Doubt::Belongs => belongs(question, again),
    }
}

/// What is asked of whoever made a change that looks like an emergency.
fn undeclared(question: &Question, again: bool) -> Message {
    let line = format!("Was this an emergency? {}", what_happened(question));
    let id = control::question_value(question.id);
    let explain = |answer, label| button_of(Control::Explain(answer), label, &id);
    let mut blocks = vec![section(&line), section(&why(question))];
    if let Some((second, _)) = &question.second {
        blocks.push(section(&format!(
            ":hourglass_flowing_sand: {} is asked to confirm that it was a normal change. Until then it stays unexplained.",
            say::person(second)
        )));
    }
    blocks.push(actions(vec![
        primary(explain(Explanation::Declared, "Declare the emergency")).into(),
        explain(Explanation::Normal, "Normal change").into(),
        explain(Explanation::NotProduction, "Not production").into(),
    ]));
    blocks.push(context(hint(again)));
    message(&line, blocks)
}

/// What is asked of whoever asked for an emergency change or made it.
fn belongs(question: &Question, again: bool) -> Message {
    let number = question
        .change
        .map_or_else(|| "an emergency change".to_owned(), |one| one.to_string());
    let line = format!(
        "Is this the deployment of {number}? {}",
        what_happened(question)
    );
    let id = control::question_value(question.id);
    let explain = |answer, label| button_of(Control::Explain(answer), label, &id);
    let row = vec![
        primary(explain(Explanation::Yes, "Yes")).into(),
        explain(Explanation::No, "No").into(),
        explain(Explanation::NotProduction, "Not production").into(),
    ];
    let tie = if question.marks.contains(&Mark::DuringIncident) {
        "It went to a system of that change while it was being worked on."
    } else {
        "It has that change's number, or the ticket links to it, but it went to production at another time."
    };
    let reason = format!("{tie} *Yes* puts its deployment time on record.");
    message(
        &line,
        vec![
            section(&line),
            section(&reason),
            actions(row),
            context(hint(again)),
        ],
    )
}

/// What is asked of whoever is named as the second person.
fn word_wanted(question: &Question) -> Message {
    let by = question
        .second
        .as_ref()
        .map_or_else(|| "Somebody".to_owned(), |(_, by)| say::person(by));
    let line = format!("{by} says that this was a normal change. Can you confirm it?");
    let id = control::question_value(question.id);
    let row = vec![
        primary(button_of(Control::Vouch(true), "Yes, it was", &id)).into(),
        button_of(Control::Vouch(false), "I can't confirm it", &id).into(),
    ];
    message(
        &line,
        vec![
            section(&line),
            section(&format!("{}\n{}", what_happened(question), why(question))),
            actions(row),
            context(
                "Your word goes on record: the change was reviewed or approved before it went to production.",
            ),
        ],
    )
}

const fn hint(again: bool) -> &'static str {
    if again {
        "I won't ask again. Until it is answered, the weekly report names it as unexplained."
    } else {
        "Unanswered, I ask once more in a day; then the weekly report names it as unexplained."
    }
}

/// What the message says once it has done its work.
fn what_became(question: &Question) -> String {
    let what = title(question);
    let Some((answer, by, _)) = &question.answered else {
        return match question.belongs_to {
            Some(number) => format!("Settled: {what} belongs to {number}."),
            None => format!("Settled: nothing is left to explain about {what}."),
        };
    };
    let by = say::person(by);
    let number = question
        .change
        .map_or_else(|| "an emergency change".to_owned(), |one| one.to_string());
    match answer {
        Explanation::Declared => format!("Declared by {by} as {number}: {what}."),
        Explanation::Normal => match &question.second {
            Some((second, named_by)) if say::person(second) == by => format!(
                "On record as a normal change: {what}. {} said so, and {by} confirmed it.",
                say::person(named_by)
            ),
            Some(_) | None => {
                format!("On record as a normal change: {what}. {by} gave its review.")
            }
        },
        Explanation::NotProduction => {
            format!("Not counted: by the word of {by}, {what} didn't go to production.")
        }
        Explanation::Yes => {
            format!("On record by the word of {by}: {what} is the deployment of {number}.")
        }
        Explanation::No => format!("{what} isn't the deployment of {number}, says {by}."),
    }
}

/// What another system told of: one sentence.
pub(super) fn what_happened(question: &Question) -> String {
    let title = title(question);
    let Some(told) = &question.told else {
        return title;
    };
    let named = |name: &String| say::safe(name, ROOM_FOR_A_NAME).words;
    let system = told.system.as_ref().map(named);
    let teller = told.teller().map(|who| say::person(&who));
    let author = teller.or_else(|| told.author.as_ref().map(named));
    let after = |before: &str, name: Option<String>| {
        name.map_or_else(String::new, |name| format!("{before}{name}"))
    };
    let (whither, of) = if question.is_deployed {
        ("production", " on ")
    } else {
        ("the deployed branch", " of ")
    };
    format!(
        "{title} went to {whither}{} {}{}.",
        after(of, system),
        say::at(told.at),
        after(", made by ", author)
    )
}

/// What a change is called, with the way to it.
fn title(question: &Question) -> String {
    let Some(told) = &question.told else {
        return "A change".to_owned();
    };
    let words = told
        .title
        .as_ref()
        .map(|title| title.body().lines().next().unwrap_or_default().trim())
        .filter(|title| !title.is_empty());
    let label = match words {
        Some(words) => format!("“{}”", say::safe(words, ROOM_FOR_A_TITLE).words),
        // Its words were removed, or aren't this reader's.
        None if told.said_in.is_some() => "A change that somebody listed".to_owned(),
        None => format!(
            "{} of {}",
            say::safe(&told.external_id, ROOM_FOR_A_NAME).words,
            say::safe(told.source.as_str(), ROOM_FOR_A_NAME).words
        ),
    };
    match told.url.as_deref().and_then(address) {
        Some(address) => format!("<{address}|{label}>"),
        None => label,
    }
}

/// Returns an address that can't tear the markup around it, if it is short enough.
fn address(url: &str) -> Option<String> {
    if !is_address(url) || url.contains(['<', '>', '|', ' ']) {
        return None;
    }
    let address = url.replace('&', "&amp;");
    (address.len() <= LONGEST_ADDRESS).then_some(address)
}

/// Why it is asked about: its marks, in words.
fn why(question: &Question) -> String {
    let change = question.change.map(|number| number.to_string());
    let marks = question.marks.iter().map(|mark| {
        match mark {
            Mark::Unreviewed => "it was merged although nobody had reviewed it",
            Mark::Bypassed => "the branch's protection was bypassed",
            Mark::DirectPush => "it was pushed to the deployed branch directly",
            Mark::Hotfix => "it calls itself a hotfix",
            Mark::Revert => "it takes an earlier change back",
            Mark::DuringIncident => "an incident was being worked on, on its system",
            Mark::Unrecorded => "an authorization was given shortly before that nobody recorded",
            Mark::Labelled => "its source calls it an emergency",
        }
        .to_owned()
    });
    let marks = say::capitalised(&say::listed(marks));
    let undeclared = match (question.doubt, change) {
        (Doubt::Undeclared, _) | (Doubt::Belongs, None) => {
            "No emergency change was declared for it.".to_owned()
        }
        (Doubt::Belongs, Some(number)) => format!("Nobody has said that it belongs to {number}."),
    };
    if marks.is_empty() {
        return undeclared;
    }
    format!("{marks}. {undeclared}")
}
