//! The details under the weekly report, in its thread.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use slack_morphism::prelude::SlackBlock;

use crate::domain::change::Exception;
use crate::domain::deployment::{Doubt, Mark};
use crate::domain::id::{ChangeNumber, UserId};
use crate::domain::obligation::Duty;
use crate::domain::rate::{Corrected, Figures, Frozen, Offender};
use crate::slack::views::blocks::{context, fits, message, paragraphs};
use crate::slack::views::reply::{Undeclared, undeclared_pair};
use crate::slack::views::{Message, Said, Showing, facts, home, say};

use super::{NO_POLICY, figures};

/// How many things each part names: the most that fits.
const MOST: [usize; 5] = [10, 6, 4, 2, 1];

/// How much of a title is shown.
const ROOM_FOR_A_TITLE: usize = 100;

/// How many numbers stand side by side.
const MOST_NUMBERS: usize = 8;

/// A change that looks like an emergency or like a part of one, which nobody explained.
#[derive(Debug, Clone)]
pub struct Unexplained<'a> {
    /// When it went to production.
    pub at: DateTime<Utc>,
    /// The system that was changed.
    pub system: Option<&'a str>,
    /// Whose it is, where Slack knows them.
    pub author: Option<UserId>,
    /// What is asked about it.
    pub doubt: Doubt,
    /// The emergency that it may belong to, where that is asked.
    pub emergency: Option<ChangeNumber>,
    /// What a normal change doesn't look like.
    pub marks: &'a BTreeSet<Mark>,
    /// What it is called.
    pub title: Option<Said>,
    /// Where it can be looked at.
    pub url: Option<&'a str>,
}

/// What comes again and again.
#[derive(Debug, Clone, Copy)]
pub struct Repeated<'a> {
    /// What it is.
    pub offender: &'a Offender,
    /// Whether any of its changes is a private channel's: what those were about isn't
    /// said here.
    pub is_private: bool,
}

/// What stands in the thread.
#[derive(Debug, Clone, Copy)]
pub struct Details<'a> {
    /// The reported week.
    pub week: &'a Figures,
    /// Changes to which something is owed that should have come, and those with
    /// exceptions that nobody answered; each as it may be shown here.
    pub changes: &'a [Showing<'a>],
    /// What comes again and again.
    pub offenders: &'a [Repeated<'a>],
    /// Changes that nobody explained.
    pub unexplained: &'a [Unexplained<'a>],
    /// Authorizations that nobody put on record.
    pub undeclared: &'a [Undeclared<'a>],
    /// Earlier weeks that are known better now.
    pub corrections: &'a [Corrected],
    /// Weeks just before this one that have no report of their own, the oldest first.
    pub skipped: &'a [Frozen],
    /// Whether somebody has written down who may approve.
    pub has_policy: bool,
}

/// Returns the details of the weekly report. Nobody is named in it who isn't asked
/// about something: the reminders have told the others already.
pub fn details(details: &Details<'_>) -> Message {
    let mut blocks = Vec::new();
    for most in MOST {
        blocks = parts(details, most);
        if fits(&blocks) {
            break;
        }
    }
    message("The details of this week's report", blocks)
}

/// Says how much of what the thread tells waits for somebody.
pub(super) fn counts(details: &Details<'_>) -> String {
    let n_undeclared = details.unexplained.len() + details.undeclared.len();
    let said: Vec<String> = [
        (overdue(details.changes).len(), "overdue", "overdue"),
        (
            exceptions(details.changes).len(),
            "with an exception unanswered",
            "with exceptions unanswered",
        ),
        (n_undeclared, "undeclared", "undeclared"),
        (
            details.offenders.len(),
            "candidate for a standard change",
            "candidates for standard changes",
        ),
        (
            details.corrections.len(),
            "earlier week corrected",
            "earlier weeks corrected",
        ),
    ]
    .into_iter()
    .filter(|(n, _, _)| *n > 0)
    .map(|(n, one, many)| format!("{n} {}", if n == 1 { one } else { many }))
    .collect();
    if said.is_empty() {
        "Nothing is overdue, unanswered or undeclared.".to_owned()
    } else {
        format!("In the thread: {}.", say::listed(said))
    }
}

fn parts(details: &Details<'_>, most: usize) -> Vec<SlackBlock> {
    let week = details.week;
    let mut blocks = Vec::new();
    let mut about = vec![format!(
        "*{}*",
        figures::when(&week.window, week.is_in_progress())
    )];
    about.extend(emergencies(week));
    about.extend(figures::systems(week));
    about.extend(figures::teams(week));
    about.extend(figures::criteria(week));
    about.extend(figures::medians(week));
    if about.len() > 1 {
        blocks.extend(paragraphs(&about.join("\n")));
    }
    for part in [
        part(
            "Overdue",
            &overdue(details.changes),
            most,
            "`/emergency list overdue` has them all.",
        ),
        part(
            "Exceptions without an answer",
            &exceptions(details.changes),
            most,
            "`/emergency exceptions` has the form.",
        ),
        unexplained(details.unexplained, most),
        undeclared(details.undeclared, most),
        offenders(details.offenders, most),
        corrections(details.corrections, most),
    ]
    .into_iter()
    .flatten()
    {
        blocks.extend(paragraphs(&part));
    }
    if blocks.is_empty() {
        blocks.extend(paragraphs(
            "Nothing is overdue, no exception waits for an answer, and nothing is undeclared.",
        ));
    }
    blocks.push(context(&figures::counted_from(week)));
    if !details.has_policy {
        blocks.push(context(NO_POLICY));
    }
    blocks
}

/// A part with its heading, and what has no room.
fn part(heading: &str, lines: &[String], most: usize, hint: &str) -> Option<String> {
    if lines.is_empty() {
        return None;
    }
    let mut said = vec![format!("*{heading}* ({})", lines.len())];
    said.extend(lines.iter().take(most).cloned());
    let more = lines.len().saturating_sub(most);
    if more > 0 {
        said.push(format!("And {more} more. {hint}"));
    } else if !hint.is_empty() {
        said.push(hint.to_owned());
    }
    Some(said.join("\n"))
}

fn emergencies(week: &Figures) -> Option<String> {
    let numbers = week.emergencies.iter().take(MOST_NUMBERS);
    let mut said: Vec<String> = numbers.map(ToString::to_string).collect();
    let more = week.emergencies.len().saturating_sub(MOST_NUMBERS);
    if more > 0 {
        said.push(format!("{more} more"));
    }
    (!said.is_empty()).then(|| format!("*Emergencies:* {}.", say::listed(said)))
}

/// A change by its number, and as much of it as may be said here.
fn named(showing: &Showing<'_>) -> String {
    format!(
        "• *{}*  {}",
        say::title(showing.change),
        home::what(showing)
    )
}

fn overdue(changes: &[Showing<'_>]) -> Vec<String> {
    let mut late: Vec<(DateTime<Utc>, String)> = changes
        .iter()
        .filter_map(|showing| {
            let late = facts::owed(showing).into_iter().filter(|one| {
                let is_late = one.due_at.is_some_and(|due_at| due_at < showing.now);
                is_late && !matches!(one.duty, Duty::AnswerException(_))
            });
            let late: Vec<_> = late.collect();
            let since = late.iter().filter_map(|one| one.due_at).min()?;
            let mut duties: Vec<String> = late.iter().map(|one| one.duty.to_string()).collect();
            duties.dedup();
            let line = format!(
                "{}\n   {}, overdue since {}",
                named(showing),
                say::listed(duties),
                say::at(since)
            );
            Some((since, line))
        })
        .collect();
    late.sort();
    late.into_iter().map(|(_, line)| line).collect()
}

fn exceptions(changes: &[Showing<'_>]) -> Vec<String> {
    changes
        .iter()
        .filter_map(|showing| {
            let said: Vec<String> = facts::owed(showing)
                .into_iter()
                .filter_map(|one| match one.duty {
                    Duty::AnswerException(exception) => Some(said_exception(exception)),
                    _ => None,
                })
                .collect();
            (!said.is_empty()).then(|| format!("{}\n   {}", named(showing), say::listed(said)))
        })
        .collect()
}

fn said_exception(exception: Exception) -> String {
    say::exception(exception).to_owned()
}

const fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Unreviewed => "merged without a review",
        Mark::Bypassed => "the branch's protection was bypassed",
        Mark::DirectPush => "pushed directly",
        Mark::Hotfix => "a hotfix by its name",
        Mark::Revert => "takes an earlier change back",
        Mark::DuringIncident => "deployed during an incident on its system",
        Mark::Unrecorded => "deployed after an authorization that nobody recorded",
        Mark::Labelled => "an emergency by its source's word",
    }
}

fn unexplained(all: &[Unexplained<'_>], most: usize) -> Option<String> {
    let lines: Vec<String> = all
        .iter()
        .map(|one| {
            let title = one.title.as_ref().map_or_else(
                || "A change without a title".to_owned(),
                |title| say::wrote_in_a_line(title, ROOM_FOR_A_TITLE),
            );
            let look = one.url.and_then(link).unwrap_or_default();
            let system = one.system.map_or_else(String::new, |system| {
                format!(" on {}", figures::name(system))
            });
            let author = one
                .author
                .as_ref()
                .map_or_else(String::new, |who| format!(", by {}", say::person(who)));
            let marks = one.marks.iter().map(|one| mark(*one).to_owned());
            let belongs = (one.doubt == Doubt::Belongs).then(|| {
                let number = one.emergency.map(|number| number.to_string());
                let number = number.as_deref().unwrap_or("an emergency");
                format!("may belong to {number}")
            });
            format!(
                "• {title}{look}\n   {}{system}{author}: {}",
                say::at(one.at),
                say::listed(marks.chain(belongs))
            )
        })
        .collect();
    part(
        "Changes that nobody has explained",
        &lines,
        most,
        "Whoever can say is asked what each was: an emergency to declare, part of one, a normal change with its review, or not production.",
    )
}

/// A place to look at, where its address can't tear the markup.
fn link(url: &str) -> Option<String> {
    let is_address = url.starts_with("https://") && !url.contains(['<', '>', '|', ' ']);
    is_address.then(|| format!(" (<{}|look>)", url.replace('&', "&amp;")))
}

fn undeclared(pairs: &[Undeclared<'_>], most: usize) -> Option<String> {
    let lines: Vec<String> = pairs
        .iter()
        .map(|pair| format!("• {}", undeclared_pair(pair)))
        .collect();
    part(
        "Authorizations that nobody put on record",
        &lines,
        most,
        "The answer's message menu has *Record authorization*, also later.",
    )
}

fn offenders(all: &[Repeated<'_>], most: usize) -> Option<String> {
    let lines: Vec<String> = all
        .iter()
        .map(|repeated| {
            let one = repeated.offender;
            let numbers = one.changes.iter().rev().take(MOST_NUMBERS);
            let mut numbers: Vec<String> = numbers.map(ToString::to_string).collect();
            let more = one.changes.len().saturating_sub(MOST_NUMBERS);
            if more > 0 {
                numbers.push(format!("{more} before"));
            }
            let system = figures::name(&one.system);
            let what = if repeated.is_private {
                format!("{system}, some of it in private")
            } else {
                format!("{} on {system}", figures::name(&one.category))
            };
            format!(
                "• {what}: {} times in 90 days ({})",
                one.changes.len(),
                say::listed(numbers)
            )
        })
        .collect();
    part(
        "Could be standard changes",
        &lines,
        most,
        "What comes again can be approved once, in advance, with its steps and its limits; then it is no emergency.",
    )
}

fn corrections(all: &[Corrected], most: usize) -> Option<String> {
    let lines: Vec<String> = all.iter().map(correction).collect();
    part("Earlier weeks, known better now", &lines, most, "")
}

fn correction(corrected: &Corrected) -> String {
    format!("• {}", figures::beside(corrected))
}
