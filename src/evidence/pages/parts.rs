//! The small parts of the papers: people, instants, what somebody wrote, and the
//! tables that several papers have.

use chrono::{DateTime, Utc};

use super::line::{ALARM, GOOD, Span, Style};
use super::paper::{Cell, Paper, Tone};
use crate::evidence::record::{
    Evidence, Message, Named, Permission, Person, Record, Who, Words, capitalised, span, utc,
};

/// What stands where nothing is known.
const NOTHING: &str = "—";

pub(super) fn text(words: impl Into<String>) -> Span {
    Span::new(words, Style::BODY)
}

pub(super) fn strong(words: impl Into<String>) -> Span {
    Span::new(words, Style::STRONG)
}

pub(super) fn soft(words: impl Into<String>) -> Span {
    Span::new(words, Style::LABEL)
}

pub(super) fn alarm(words: impl Into<String>) -> Span {
    Span::new(words, Style::STRONG.ink(ALARM))
}

pub(super) fn good(words: impl Into<String>) -> Span {
    Span::new(words, Style::STRONG.ink(GOOD))
}

pub(super) fn code(words: impl Into<String>) -> Span {
    Span::new(words, Style::CODE)
}

pub(super) fn nothing() -> Cell {
    vec![soft(NOTHING)]
}

/// Words of a sentence, as its beginning.
pub(super) fn sentence(named: &Named) -> Span {
    text(capitalised(&named.words))
}

/// Somebody, by name and id: names change, ids don't.
pub(super) fn person(person: &Person) -> Vec<Span> {
    match &person.name {
        Some(name) => vec![text(name.as_str()), soft(format!(" ({})", person.id))],
        None => vec![text(person.id.as_str())],
    }
}

pub(super) fn called(person: &Person) -> &str {
    person.name.as_ref().unwrap_or(&person.id)
}

pub(super) fn who(who: &Who) -> String {
    match who {
        Who::Person(one) => called(one).to_owned(),
        Who::Group(one) => format!("group {}", called(one)),
        Who::Clock => "the clock".to_owned(),
        Who::Bot => "the bot".to_owned(),
    }
}

pub(super) fn at(at: DateTime<Utc>) -> Span {
    text(utc(at))
}

/// An instant for the narrow column of a table; its Z is the zone.
pub(super) fn shortly(when: DateTime<Utc>) -> Span {
    text(when.format("%Y-%m-%d %H:%M:%SZ").to_string())
}

pub(super) fn shortly_if_any(when: Option<DateTime<Utc>>) -> Cell {
    when.map_or_else(nothing, |when| vec![shortly(when)])
}

/// What somebody wrote, verbatim, or that it is gone.
pub(super) fn words(words: &Words) -> Vec<Span> {
    match (&words.text, &words.redacted) {
        (Some(words), _) => vec![text(words.as_str())],
        (None, Some(removed)) => {
            let why = removed.why.as_ref();
            let why = why.map_or_else(String::new, |why| format!(" Why: {why}"));
            vec![
                alarm(capitalised(removed.word())),
                soft(format!(
                    " by {} on {}.{why} The commitment ",
                    called(&removed.by),
                    utc(removed.at)
                )),
                code(words.commitment.as_str()),
                soft(" stays in the log."),
            ]
        }
        (None, None) => vec![
            alarm("Missing"),
            soft(" from the database, though nobody redacted it. Its commitment is "),
            code(words.commitment.as_str()),
            soft("."),
        ],
    }
}

/// Words in one cell of a table: an ellipsis would hide evidence, so all of them.
pub(super) fn words_if_any(words_: Option<&Words>) -> Cell {
    words_.map_or_else(nothing, words)
}

pub(super) fn channel(message: &Message) -> String {
    match &message.channel_name {
        Some(name) => format!("#{name} ({})", message.channel),
        None => message.channel.clone(),
    }
}

/// Rows that say where a message stands.
pub(super) fn message_rows(paper: &mut Paper, label: &str, message: &Message) {
    paper.row(
        label,
        &[
            text(channel(message)),
            soft(" · message "),
            text(message.ts.as_str()),
        ],
    );
    if let Some(permalink) = &message.permalink {
        paper.link("Permalink", permalink);
    }
}

/// Whether something came in time: how long before or after its deadline.
pub(super) fn timeliness(
    met_at: Option<DateTime<Utc>>,
    due_at: Option<DateTime<Utc>>,
    as_of: DateTime<Utc>,
) -> Cell {
    match (met_at, due_at) {
        (Some(met_at), Some(due_at)) if met_at <= due_at => {
            vec![
                good("in time"),
                soft(format!(", by {}", span(due_at - met_at))),
            ]
        }
        (Some(met_at), Some(due_at)) => {
            vec![
                alarm("late"),
                soft(format!(", by {}", span(met_at - due_at))),
            ]
        }
        (None, Some(due_at)) if as_of > due_at => {
            vec![
                alarm("overdue"),
                soft(format!(" for {}", span(as_of - due_at))),
            ]
        }
        (None, _) => vec![soft("open")],
        (Some(_), None) => vec![good("done")],
    }
}

/// A permission or refusal, with all that is known of it.
pub(super) fn permission(paper: &mut Paper, given: &Permission) {
    paper.row("Who", &person(&given.by));
    paper.row(
        "When",
        &[at(given.at), soft(format!(" · {}", given.source.words))],
    );
    if let Some(method) = &given.method {
        let mut how = vec![sentence(method)];
        if let Some(strength) = &given.strength {
            how.push(soft(format!(" · {}", strength.words)));
        }
        paper.row("Method", &how);
    }
    if let Some(ground) = &given.ground {
        paper.row("Ground of the authority", &[sentence(ground)]);
    }
    match &given.evidence {
        Some(Evidence::Words {
            text: said,
            message,
        }) => {
            paper.row("Verbatim", &words(said));
            message_rows(paper, "Message", message);
        }
        Some(Evidence::Emoji { name, message }) => {
            paper.row("Emoji", &[text(format!(":{name}:"))]);
            message_rows(paper, "On the message", message);
        }
        Some(Evidence::Account { text: account }) => {
            paper.row("Account of what was said", &words(account));
        }
        None => {}
    }
    if let Some(attested) = &given.attested {
        paper.row(
            "Attested by",
            &[
                text(called(&attested.by)),
                soft(format!(" · {}", utc(attested.at))),
            ],
        );
        let confirmed = given.confirmed_at;
        let confirmed =
            confirmed.map_or_else(|| vec![alarm("not confirmed")], |when| vec![at(when)]);
        paper.row("Confirmed", &confirmed);
    }
}

/// What the first look has to tell: whether it is a rehearsal, and the exceptions.
pub(super) fn summary(paper: &mut Paper, record: &Record) {
    if record.drill {
        let words = "Drill. This rehearses an emergency change; nothing of it counts in the rate.";
        paper.boxed(Tone::Calm, &[strong(words)]);
    }
    if let Some(of) = &record.duplicate_of {
        paper.boxed(
            Tone::Calm,
            &[strong(format!("A second record of {of}, which counts."))],
        );
    }
    let overdue: Vec<&str> = record
        .obligations
        .iter()
        .filter(|one| one.met_at.is_none() && one.due_at.is_some_and(|due| due < record.as_of))
        .map(|one| one.duty.words.as_str())
        .collect();
    let overdue = (!overdue.is_empty()).then(|| format!(" Overdue: {}.", overdue.join("; ")));
    let n = record.exceptions.len();
    if n == 0 {
        let (tone, words) = match (&overdue, record.closed_at) {
            (Some(_), _) => (Tone::Alarm, "No exceptions."),
            (None, Some(_)) => (Tone::Good, "No exceptions: every control was met."),
            (None, None) => (Tone::Good, "No exceptions so far. The change isn't closed."),
        };
        paper.boxed(tone, &[strong(words), text(overdue.unwrap_or_default())]);
        return;
    }
    let open = record
        .exceptions
        .iter()
        .filter(|one| one.answer.is_none())
        .count();
    let answered = match open {
        0 => "all answered".to_owned(),
        open => format!("{open} not answered"),
    };
    let noun = if n == 1 { "exception" } else { "exceptions" };
    let list: Vec<&str> = record
        .exceptions
        .iter()
        .map(|one| one.exception.words.as_str())
        .collect();
    paper.boxed(
        Tone::Alarm,
        &[
            strong(format!("{n} {noun}, {answered}: ")),
            text(list.join("; ")),
            text("."),
            text(overdue.unwrap_or_default()),
        ],
    );
}

/// The controls that weren't met, with their answers.
pub(super) fn exceptions(paper: &mut Paper, record: &Record) {
    paper.section("Exceptions and their answers");
    if record.exceptions.is_empty() {
        paper.paragraph(&[soft("None.")]);
    }
    for one in &record.exceptions {
        let recorded = soft(format!(" · recorded {}", utc(one.at)));
        paper.subheading(&[alarm(capitalised(&one.exception.words)), recorded]);
        match &one.answer {
            Some(answer) => {
                paper.row("Cause", &words(&answer.cause));
                paper.row("Remedy", &words(&answer.remedy));
                paper.row("Owner of the remedy", &person(&answer.owner));
                paper.row(
                    "Answered",
                    &[
                        text(called(&answer.act.by)),
                        soft(format!(" · {}", utc(answer.act.at))),
                    ],
                );
            }
            None => paper.row("Answer", &[alarm("none yet")]),
        }
    }
}

/// What was attached, each with its hash.
pub(super) fn attachments(paper: &mut Paper, record: &Record) {
    paper.section("Attachments");
    if record.attachments.is_empty() {
        paper.paragraph(&[soft("None.")]);
        return;
    }
    for one in &record.attachments {
        paper.row("Name", &words(&one.name));
        let mut what = vec![sentence(&one.kind)];
        if let Some(n_bytes) = one.n_bytes {
            what.push(soft(format!(" · {n_bytes} bytes")));
        }
        if let Some(why) = &one.not_kept_because {
            what.push(soft(format!(" · {}", why.words)));
        }
        if one.is_after_approval {
            what.push(soft(
                " · attached after the approval, which doesn't speak of it",
            ));
        }
        paper.row("Kind", &what);
        if let Some(sha256) = &one.sha256 {
            paper.row("SHA-256", &[code(sha256.as_str())]);
        }
        paper.row(
            "Attached by",
            &[
                text(called(&one.act.by)),
                soft(format!(" · {}", utc(one.act.at))),
            ],
        );
    }
}
