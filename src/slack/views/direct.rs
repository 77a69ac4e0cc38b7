//! Direct messages: reminders with the button that ends them, and news that one
//! person should hear.

use chrono::{DateTime, Utc};
use slack_morphism::prelude::{SlackActionBlockElement, SlackBlock};

use crate::domain::change::{EmergencyChange, Event, Exception, Recorded};
use crate::domain::id::UserId;
use crate::domain::obligation::{Duty, Rung};
use crate::domain::policy::Policy;
use crate::domain::ticket::{Gap, Section, gaps};
use crate::slack::control::Control;

use super::blocks::{
    actions, actions_about, choose_person, context, fits, message, one_line, primary, section,
};
use super::facts::{self, Decision};
use super::{Message, Showing, moves, note, say};

/// How much of each text is shown: the most that lets all items into a message.
const ROOMS: [usize; 5] = [1800, 900, 400, 150, 60];

/// How much of *what* the heading of an item shows.
const ROOM_FOR_WHAT: usize = 120;

/// One thing that somebody is reminded of.
#[derive(Debug, Clone)]
pub struct Due<'a> {
    /// The change.
    pub showing: Showing<'a>,
    /// What is owed to it.
    pub duty: Duty,
    /// Who is reminded.
    pub owner: &'a UserId,
    /// Until when.
    pub due_at: Option<DateTime<Utc>>,
    /// On which rung.
    pub rung: Rung,
    /// Whether it is still owed; what isn't is shown as done.
    pub open: bool,
}

/// Returns one message for everything that a person is reminded of at once.
pub fn reminder(items: &[Due<'_>], now: DateTime<Utc>) -> Message {
    let open = items.iter().filter(|due| due.open).count();
    if open == 0 {
        return all_done(items);
    }
    let text = fallback(items, open, now);
    let heading = (items.len() > 1).then(|| section(&heading(open)));
    for room in ROOMS {
        let mut blocks: Vec<SlackBlock> = heading.clone().into_iter().collect();
        blocks.extend(items.iter().flat_map(|due| item(due, room, now)));
        if fits(&blocks) {
            return message(&text, blocks);
        }
    }
    crowded(items, &text, heading.as_ref(), now)
}

/// More than one message holds: as many as it does, the most urgent first, and
/// the numbers of the rest.
fn crowded(
    items: &[Due<'_>],
    text: &str,
    heading: Option<&SlackBlock>,
    now: DateTime<Utc>,
) -> Message {
    let mut ordered: Vec<&Due<'_>> = items.iter().filter(|due| due.open).collect();
    ordered.sort_by_key(|due| due.due_at);
    let mut shown = ordered.len();
    loop {
        let (in_full, rest) = ordered.split_at_checked(shown).unwrap_or((&[], &ordered));
        let mut blocks: Vec<SlackBlock> = heading.cloned().into_iter().collect();
        blocks.extend(in_full.iter().flat_map(|due| item(due, 60, now)));
        let numbers = rest.iter().map(|due| due.showing.change.number.to_string());
        blocks.push(section(&format!(
            "And {}. `/emergency list` shows them all.",
            say::listed(numbers.take(40))
        )));
        if fits(&blocks) || shown == 0 {
            return message(text, blocks);
        }
        shown -= 1;
    }
}

fn heading(open: usize) -> String {
    if open == 1 {
        "*One thing waits for you*".to_owned()
    } else {
        format!("*{open} things wait for you*")
    }
}

fn fallback(items: &[Due<'_>], open: usize, now: DateTime<Utc>) -> String {
    let first = items
        .iter()
        .filter(|due| due.open)
        .min_by_key(|due| due.due_at.unwrap_or(DateTime::<Utc>::MAX_UTC));
    let Some(first) = first else {
        return String::new();
    };
    let number = first.showing.change.number;
    let when = first.due_at.map_or_else(String::new, |due_at| {
        format!(", {}", say::due_shortly(due_at, now))
    });
    let line = format!("{number}{when}: {}", wanted(first));
    if open > 1 {
        format!("{line}; and {} more", open - 1)
    } else {
        line
    }
}

/// What is wanted of the reader, in a few words.
fn wanted(due: &Due<'_>) -> String {
    let change = due.showing.change;
    match due.duty {
        Duty::AnswerRequest => format!(
            "{} asks you for authorization",
            say::person(&change.requester)
        ),
        Duty::ConfirmDeployment => "deployed?".to_owned(),
        Duty::Ticket => format!("the ticket misses {}", facts::missing(change)),
        Duty::CommanderAuthorization if commands(due) => {
            "your authorization as incident commander".to_owned()
        }
        Duty::CommanderAuthorization => "who commanded the incident?".to_owned(),
        Duty::SecondAuthorization => "a second person's authorization".to_owned(),
        Duty::Approval => match facts::decision(&due.showing) {
            Decision::Ready(_) => "ready for your decision".to_owned(),
            Decision::Waits(_) | Decision::NotOwed => {
                "your decision, once the ticket is ready".to_owned()
            }
        },
        Duty::Remediation => "say how it was put right".to_owned(),
        Duty::AnswerException(_) => "an exception waits for your answer".to_owned(),
    }
}

/// Whether the reader is the incident's commander.
fn commands(due: &Due<'_>) -> bool {
    due.showing
        .change
        .commander
        .as_ref()
        .is_some_and(|commander| commander.who == *due.owner)
}

fn item(due: &Due<'_>, room: usize, now: DateTime<Utc>) -> Vec<SlackBlock> {
    let change = due.showing.change;
    if !due.open {
        return vec![section(&format!("*{}*  {}", change.number, done(due)))];
    }
    let title = format!(
        "*{}*  {}",
        change.number,
        due.showing.what_in_a_line(ROOM_FOR_WHAT)
    );
    let mut lines = vec![title, body(due)];
    lines.extend(time(due, now));
    let mut blocks = vec![section(&lines.join("\n"))];
    if due.duty == Duty::Approval {
        blocks.extend(summary(&due.showing, room));
    }
    blocks.extend(buttons(due));
    blocks
}

/// What is owed, naming exactly what is missing.
fn body(due: &Due<'_>) -> String {
    let change = due.showing.change;
    let requester = say::person(&change.requester);
    match due.duty {
        Duty::AnswerRequest => format!(
            "{requester} asks you for authorization, since {}.",
            say::at(change.asked_at)
        ),
        Duty::ConfirmDeployment => format!(
            "Is it deployed? If it was earlier, say `/emergency deployed {} 20 min ago`.",
            change.number
        ),
        Duty::Ticket if due.rung == Rung::Opening => format!(
            "The ticket misses {}. Now is when you remember it best; what you can't say yet can follow.",
            facts::missing(change)
        ),
        Duty::Ticket => format!("The ticket still misses {}.", facts::missing(change)),
        Duty::CommanderAuthorization if commands(due) => format!(
            "You are named as this incident's commander, and your authorization of the change is missing.\n{}",
            background(due)
        ),
        Duty::CommanderAuthorization => {
            "Who commanded the incident? Their authorization of the change is missing.".to_owned()
        }
        Duty::SecondAuthorization => format!(
            "It went ahead without authorization, and you are asked as the second person. Was it right? Then authorize it afterwards; if not, say why in the card's thread.\n{}",
            background(due)
        ),
        Duty::Approval => match facts::decision(&due.showing) {
            Decision::Ready(_) => "The ticket is ready for your decision.".to_owned(),
            Decision::Waits(waits) => format!(
                "Nothing to do yet: your decision waits for {}.",
                say::listed(waits)
            ),
            Decision::NotOwed => "The decision is made.".to_owned(),
        },
        Duty::Remediation => match &change.rejection {
            Some(rejection) => format!(
                "{} rejected it: {}\nSay how it was put right.",
                say::person(&rejection.by),
                say::wrote_in_a_line(&due.showing.texts.said(&rejection.reason), 600)
            ),
            None => "Say how it was put right.".to_owned(),
        },
        Duty::AnswerException(exception) => format!(
            "Exception: {}. Say how it came to that, what is done about it, and by whom.",
            say::exception(exception)
        ),
    }
}

/// What somebody has to know who authorizes a change afterwards.
fn background(due: &Due<'_>) -> String {
    let mut lines = vec![facts::why(due.showing.change)];
    lines.extend(facts::story(&due.showing));
    lines.join("\n")
}

/// When it is due, and which reminder this is.
fn time(due: &Due<'_>, now: DateTime<Utc>) -> Option<String> {
    let Some(due_at) = due.due_at else {
        return match due.rung {
            Rung::Again(1) | Rung::Opening | Rung::Ready | Rung::Before(_) | Rung::Overdue(_) => {
                None
            }
            Rung::Again(n) if due.duty.is_last_before_deadline(due.rung) => {
                Some(format!("Asked {n} times; this is the last."))
            }
            Rung::Again(n) => Some(format!("Asked {n} times.")),
        };
    };
    let when = say::due(due_at, now);
    let mut letters = when.chars();
    let when: String = letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default();
    let last = due_at > now && due.duty.is_last_before_deadline(due.rung);
    Some(if last {
        format!("*{when}.* This is the last reminder before the deadline.")
    } else if due_at > now {
        format!("*{when}.*")
    } else {
        format!("*{when}.* The miss is on record; finishing it still closes the change.")
    })
}

/// Everything that the decision is about.
fn summary(showing: &Showing<'_>, room: usize) -> Vec<SlackBlock> {
    let change = showing.change;
    if !matches!(facts::decision(showing), Decision::Ready(_)) {
        return Vec::new();
    }
    let what = say::wrote(&showing.texts.said(&change.what), room);
    let mut is_cut = what.is_cut;
    let mut lines = vec![
        format!("*What:* {}", what.words),
        facts::why(change),
        facts::request(change),
    ];
    lines.extend(facts::story(showing));
    let exceptions: Vec<Exception> = change.exceptions.keys().copied().collect();
    if !exceptions.is_empty() {
        let said = exceptions
            .into_iter()
            .map(|one| say::exception(one).to_owned());
        lines.push(format!("*Exceptions:* {}", say::listed(said)));
    }
    let mut blocks = vec![section(&lines.join("\n"))];
    for part in Section::ALL {
        if let Some(written) = change.sections.get(part) {
            let text = say::wrote(&showing.texts.said(&written.text), room);
            is_cut |= text.is_cut;
            blocks.push(section(&format!(
                "*{}* ({})\n{}",
                title(*part),
                say::person(&written.by),
                text.words
            )));
        }
    }
    if is_cut {
        blocks.push(context(
            "Some of it is shortened here; *Read in full* opens the whole ticket.",
        ));
    }
    blocks
}

/// The name of a section as a heading.
pub(super) const fn title(section: Section) -> &'static str {
    match section {
        Section::WhatWasDone => "What was done",
        Section::Testing => "Testing",
        Section::RollbackPlan => "Rollback plan",
        Section::Outcome => "Outcome",
        Section::LessonsLearned => "Lessons learned",
    }
}

/// The buttons that end the reminder.
fn buttons(due: &Due<'_>) -> Vec<SlackBlock> {
    let change = due.showing.change;
    let row = |elements: Vec<SlackActionBlockElement>| vec![actions(elements)];
    match due.duty {
        Duty::AnswerRequest => row(vec![
            primary(moves::authorize(change)).into(),
            moves::deny(change).into(),
        ]),
        Duty::ConfirmDeployment => row(vec![
            primary(moves::deployed_now(change)).into(),
            moves::never_deployed(change).into(),
        ]),
        Duty::Ticket => ticket_buttons(change),
        Duty::CommanderAuthorization if commands(due) => row(vec![
            primary(moves::take_command(change, "Authorize as commander")).into(),
        ]),
        Duty::CommanderAuthorization => vec![actions_about(
            Control::NameCommander,
            change.number,
            vec![
                choose_person(Control::NameCommander, "Who commanded?").into(),
                moves::take_command(change, "I did").into(),
            ],
        )],
        Duty::SecondAuthorization => row(vec![primary(moves::authorize(change)).into()]),
        Duty::Approval => match facts::decision(&due.showing) {
            Decision::Ready(seen) => row(vec![
                primary(moves::approve(change, seen)).into(),
                moves::reject(change).into(),
                moves::read_in_full(change).into(),
            ]),
            Decision::Waits(_) | Decision::NotOwed => Vec::new(),
        },
        Duty::Remediation => row(vec![primary(moves::remediate(change)).into()]),
        Duty::AnswerException(_) => row(vec![primary(moves::answer(change)).into()]),
    }
}

/// The ticket's form, and the five kinds of emergency where that is missing.
fn ticket_buttons(change: &EmergencyChange) -> Vec<SlackBlock> {
    let gaps = gaps(change);
    let mut blocks = Vec::new();
    if gaps.iter().any(|gap| matches!(gap, Gap::Section(_))) {
        blocks.push(actions(vec![primary(moves::document(change)).into()]));
    }
    if gaps.contains(&Gap::Criterion) {
        blocks.push(context("Why was it an emergency?"));
        blocks.push(moves::criteria(change));
    }
    blocks
}

/// That something was done, by whom and when as far as known.
fn done(due: &Due<'_>) -> String {
    let change = due.showing.change;
    let by = |who: &UserId, at: DateTime<Utc>| format!("{} {}", say::person(who), say::at(at));
    let done = match due.duty {
        Duty::AnswerRequest => answered(change),
        Duty::ConfirmDeployment => change.deployments.first().map_or_else(
            || "nothing is waited for any more".to_owned(),
            |one| format!("deployed by {}", by(&one.by, one.at)),
        ),
        Duty::Ticket => change.documented_at.map_or_else(
            || "the ticket is no longer owed".to_owned(),
            |at| format!("the ticket is complete since {}", say::at(at)),
        ),
        Duty::CommanderAuthorization => match &change.commander {
            Some(commander) => match commander.authorized_at {
                Some(at) => format!("authorized as commander by {}", by(&commander.who, at)),
                None => format!("{} is asked as the commander", say::person(&commander.who)),
            },
            None => "the commander's authorization is no longer owed".to_owned(),
        },
        Duty::SecondAuthorization => change.second.as_ref().map_or_else(
            || "a second person's authorization is no longer owed".to_owned(),
            |act| format!("authorized afterwards by {}", by(&act.by, act.at)),
        ),
        Duty::Approval => match (&change.approval, &change.rejection) {
            (Some(approval), _) => format!("approved by {}", by(&approval.by, approval.at)),
            (None, Some(rejection)) => format!("rejected by {}", by(&rejection.by, rejection.at)),
            (None, None) => "the decision is no longer yours".to_owned(),
        },
        Duty::Remediation => change.remediation.as_ref().map_or_else(
            || "nothing is to be put right any more".to_owned(),
            |one| format!("put right, said by {}", by(&one.by, one.at)),
        ),
        Duty::AnswerException(exception) => change
            .exceptions
            .get(&exception)
            .and_then(|state| state.answer.as_ref())
            .map_or_else(
                || "the exception is no longer yours to answer".to_owned(),
                |answer| format!("exception answered by {}", by(&answer.by, answer.at)),
            ),
    };
    format!("Done: {done}.")
}

/// How a request for authorization was answered.
fn answered(change: &EmergencyChange) -> String {
    let by = |who: &UserId, at: DateTime<Utc>| format!("{} {}", say::person(who), say::at(at));
    if let Some(given) = &change.authorization {
        format!("authorized by {}", by(&given.by, given.at))
    } else if let Some(act) = &change.went_ahead {
        format!(
            "{} went ahead without authorization {}",
            say::person(&act.by),
            say::at(act.at)
        )
    } else if let Some(denial) = &change.denial {
        format!("denied by {}", by(&denial.by, denial.at))
    } else {
        format!(
            "the request is {}; nothing is asked of you",
            facts::standing(change)
        )
    }
}

fn all_done(items: &[Due<'_>]) -> Message {
    match items {
        [] => one_line("Nothing waits for you."),
        [only] => one_line(&format!("*{}*  {}", only.showing.change.number, done(only))),
        [..] => {
            let mut numbers: Vec<String> = items
                .iter()
                .map(|due| due.showing.change.number.to_string())
                .collect();
            numbers.dedup();
            one_line(&format!(
                "Done: nothing of this reminder is left ({}).",
                say::listed(numbers.into_iter().take(40))
            ))
        }
    }
}

/// Returns the news of an event for one person; nothing of events of which
/// nobody in particular is told.
pub fn told(showing: &Showing<'_>, recorded: &Recorded) -> Option<Message> {
    let change = showing.change;
    let number = change.number;
    let who = note::actor(&recorded.actor);
    let what = showing.what_in_a_line(ROOM_FOR_WHAT);
    let (line, row): (String, Vec<SlackActionBlockElement>) = match &recorded.event {
        Event::Approved { .. } => (
            format!("{who} approved it in retrospect. Thank you for the paperwork."),
            Vec::new(),
        ),
        Event::ApprovalTakenBack { section } => {
            (note::taken_back(&who, &section.to_string()), Vec::new())
        }
        Event::Rejected { reason, .. } => (
            format!(
                "{who} rejected it: {}\nSay how it was put right, by {}.",
                say::wrote_in_a_line(&showing.texts.said(reason), 1500),
                say::at(recorded.at + Policy::REMEDY)
            ),
            if change.remediation.is_none() {
                vec![primary(moves::remediate(change)).into()]
            } else {
                Vec::new()
            },
        ),
        Event::DeadlineMissed {
            duty,
            owner,
            due_at,
        } => (
            note::missed(
                showing,
                *duty,
                &facts::owner(owner.as_ref()),
                *due_at,
                recorded.at,
            ),
            Vec::new(),
        ),
        Event::Requested { .. }
        | Event::CriterionStated { .. }
        | Event::AskedAnew { .. }
        | Event::Authorized { .. }
        | Event::Denied { .. }
        | Event::WentAhead
        | Event::CommanderNamed { .. }
        | Event::CommanderAuthorized { .. }
        | Event::SecondAuthorized { .. }
        | Event::Deployed { .. }
        | Event::Lapsed
        | Event::Withdrawn
        | Event::SectionWritten { .. }
        | Event::Documented
        | Event::Remediated { .. }
        | Event::ExceptionRecorded { .. }
        | Event::ExceptionAnswered { .. }
        | Event::Reminded { .. }
        | Event::Delivered { .. }
        | Event::Undelivered { .. }
        | Event::Closed => return None,
    };
    let mut blocks = vec![section(&format!("*{number}*  {what}\n{line}"))];
    if !row.is_empty() {
        blocks.push(actions(row));
    }
    Some(message(&format!("{number}: {line}"), blocks))
}
