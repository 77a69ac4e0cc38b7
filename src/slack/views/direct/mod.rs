//! Direct messages: reminders with the button that ends them, and news that one
//! person should hear.

use chrono::{DateTime, Utc};
use slack_morphism::prelude::{SlackActionBlockElement, SlackBlock};

use crate::domain::authorization::Ground;
use crate::domain::change::{Authorization, EmergencyChange, Evidence, Exception, Review};
use crate::domain::id::UserId;
use crate::domain::obligation::{Duty, Rung, is_last_word};
use crate::domain::ticket::{ContentHash, Field, gaps};
use crate::slack::control::Control;

use crate::slack::views::blocks::{
    actions, actions_about, choose_person, context, fits, message, paragraphs, primary, section,
};
use crate::slack::views::facts::{self, Decision};
use crate::slack::views::summary::summary;
use crate::slack::views::{Message, Showing, moves, say, ticket};

mod answers;
mod done;
mod told;

use answers::{is_outdated, nap, with_answers};
use done::{all_done, done};
pub use told::told;

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

/// What is said about one thing.
#[derive(Debug, Clone)]
struct Entry<'a> {
    due: &'a Due<'a>,
    /// The exceptions that one answer covers, where it is about exceptions.
    exceptions: Vec<Exception>,
    /// Whether the entry before it was about the same change, and has said so.
    follows: bool,
}

/// Returns what is to be said. The exceptions of a change are one thing: one
/// form answers them all.
fn entries<'a>(items: impl IntoIterator<Item = &'a Due<'a>>) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    for due in items {
        let number = due.showing.change.number;
        if let (true, Duty::AnswerException(exception)) = (due.open, due.duty) {
            let known = entries
                .iter_mut()
                .find(|one| one.due.showing.change.number == number && !one.exceptions.is_empty());
            if let Some(known) = known {
                known.exceptions.push(exception);
                continue;
            }
        }
        let follows = entries
            .last()
            .is_some_and(|one| one.due.open && one.due.showing.change.number == number);
        let exceptions = match due.duty {
            Duty::AnswerException(exception) if due.open => vec![exception],
            Duty::AnswerException(_)
            | Duty::AnswerRequest
            | Duty::ConfirmDeployment
            | Duty::Ticket
            | Duty::CommanderAuthorization
            | Duty::Confirmation
            | Duty::SecondAuthorization
            | Duty::Approval
            | Duty::Remediation
            | Duty::SecurityReview
            | Duty::DatabaseApproval
            | Duty::GenuinenessReview
            | Duty::MeetingReview
            | Duty::PermanentFix
            | Duty::FollowUp(_) => Vec::new(),
        };
        entries.push(Entry {
            due,
            exceptions,
            follows,
        });
    }
    entries
}

/// Returns one message for everything that a person is reminded of at once.
pub fn reminder(items: &[Due<'_>], now: DateTime<Utc>) -> Message {
    let entries = entries(items);
    let open = entries.iter().filter(|entry| entry.due.open).count();
    if open == 0 {
        return all_done(items);
    }
    let text = fallback(items, open, now);
    let heading = (entries.len() > 1).then(|| section(&heading(open)));
    for room in ROOMS {
        let mut blocks: Vec<SlackBlock> = heading.clone().into_iter().collect();
        blocks.extend(entries.iter().flat_map(|entry| said(entry, room, now)));
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
    let entries = entries(ordered);
    let mut shown = entries.len();
    loop {
        let (in_full, rest) = entries.split_at_checked(shown).unwrap_or((&[], &entries));
        let mut blocks: Vec<SlackBlock> = heading.cloned().into_iter().collect();
        blocks.extend(in_full.iter().flat_map(|entry| said(entry, 60, now)));
        if !rest.is_empty() {
            let mut numbers: Vec<String> = rest
                .iter()
                .map(|entry| say::title(entry.due.showing.change))
                .collect();
            numbers.dedup();
            blocks.push(section(&format!(
                "And {}. `/emergency list` shows them all.",
                say::listed(numbers.into_iter().take(40))
            )));
        }
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
    let title = say::title(first.showing.change);
    let when = first.due_at.map_or_else(String::new, |due_at| {
        format!(", {}", say::due_shortly(due_at, now))
    });
    let line = format!("{title}{when}: {}", wanted(first));
    if open > 1 {
        format!("{line}; and {} more", open - 1)
    } else {
        line
    }
}

/// What is wanted of the reader, in a few words.
pub(super) fn wanted(due: &Due<'_>) -> String {
    let change = due.showing.change;
    match due.duty {
        Duty::AnswerRequest => format!(
            "{} asks you for authorization",
            say::person(&change.requester)
        ),
        Duty::ConfirmDeployment => "deployed?".to_owned(),
        Duty::Ticket => format!("the ticket misses {}", ticket::missing(&due.showing)),
        Duty::CommanderAuthorization if commands(due) => {
            "your authorization as incident commander".to_owned()
        }
        Duty::CommanderAuthorization => "who commanded the incident?".to_owned(),
        Duty::Confirmation if is_said_of_another(due) => "who else can authorize this?".to_owned(),
        Duty::Confirmation => "did you authorize this?".to_owned(),
        Duty::SecondAuthorization => "a second person's authorization".to_owned(),
        Duty::Approval => match facts::decision(&due.showing) {
            Decision::Ready(_) => "ready for your decision".to_owned(),
            Decision::Waits(_) | Decision::NotOwed => {
                "your decision, once the ticket is ready".to_owned()
            }
        },
        Duty::Remediation => "say how it was put right".to_owned(),
        Duty::AnswerException(_) => "an exception waits for your answer".to_owned(),
        Duty::SecurityReview
        | Duty::DatabaseApproval
        | Duty::GenuinenessReview
        | Duty::MeetingReview
        | Duty::PermanentFix
        | Duty::FollowUp(_) => {
            format!("{} is yours", due.duty)
        }
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

/// Whether somebody else is said to have authorized it than whoever is asked now.
fn is_said_of_another(due: &Due<'_>) -> bool {
    let given = due.showing.change.authorization.as_ref();
    given.is_some_and(|given| given.by != *due.owner)
}

fn said(entry: &Entry<'_>, room: usize, now: DateTime<Utc>) -> Vec<SlackBlock> {
    let due = entry.due;
    let change = due.showing.change;
    if !due.open {
        return vec![section(&format!("*{}*  {}", say::title(change), done(due)))];
    }
    let mut lines = Vec::new();
    if !entry.follows {
        lines.push(format!(
            "*{}*  {}",
            say::title(change),
            due.showing.what_in_a_line(ROOM_FOR_WHAT)
        ));
    }
    lines.push(body(due, &entry.exceptions, room));
    lines.extend(time(due, now));
    lines.extend(nap(due, now));
    let mut blocks = paragraphs(&lines.join("\n"));
    if is_outdated(due) {
        blocks.push(context("A newer message below has the buttons."));
        return blocks;
    }
    let is_ready = || matches!(facts::decision(&due.showing), Decision::Ready(_));
    if due.duty == Duty::Approval && is_ready() {
        blocks.extend(summary(&due.showing, room));
    }
    blocks.extend(with_answers(buttons(due), due, now));
    blocks
}

/// What is owed, naming exactly what is missing.
fn body(due: &Due<'_>, exceptions: &[Exception], room: usize) -> String {
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
            ticket::missing(&due.showing)
        ),
        Duty::Ticket => format!("The ticket still misses {}.", ticket::missing(&due.showing)),
        Duty::CommanderAuthorization if commands(due) => format!(
            "You are named as this incident's commander, and your authorization of the change is missing.\n{}",
            background(due, room)
        ),
        Duty::CommanderAuthorization => {
            "Who commanded the incident? Their authorization of the change is missing.".to_owned()
        }
        Duty::Confirmation if is_said_of_another(due) => format!(
            "Whoever is said to have authorized it is no longer there to confirm that. *Ask someone else* on the card asks another.\n{}",
            background(due, room)
        ),
        Duty::Confirmation => format!("{}\n{}", said_to_have(due), background(due, room)),
        Duty::SecondAuthorization => format!(
            "{}. Was it right? Then authorize it afterwards, as the second person; if not, say why in the card's thread.\n{}",
            why_a_second(change),
            background(due, room)
        ),
        Duty::Approval => match facts::decision(&due.showing) {
            Decision::Ready(_) => "The ticket is ready for your decision.".to_owned(),
            Decision::Waits(_) => format!(
                "It can't be decided yet: it waits for {}.",
                say::listed(facts::waits(&due.showing, Some(due.owner)))
            ),
            Decision::NotOwed => "The decision is made.".to_owned(),
        },
        Duty::Remediation => match &change.rejection {
            Some(rejection) => format!(
                "{} rejected it: {}\n{}Say how it was put right.",
                say::person(&rejection.by),
                say::wrote_in_a_line(&due.showing.texts.said(&rejection.reason), 600),
                rejection.remedy.map_or_else(String::new, |remedy| format!(
                    "*Remedy:* {}. ",
                    say::remedy(remedy)
                ))
            ),
            None => "Say how it was put right.".to_owned(),
        },
        Duty::GenuinenessReview => format!(
            "Whoever decided on it had authorized it, so a second word is yours: was it a genuine emergency?\n{}",
            background(due, room)
        ),
        Duty::PermanentFix => ticket::planned_fix(&due.showing, room),
        Duty::FollowUp(n) => ticket::follow_up(&due.showing, n, room),
        Duty::SecurityReview | Duty::DatabaseApproval => format!(
            "{} is missing. Read the ticket, and review it as it stands.",
            say::duty(due.duty)
        ),
        Duty::MeetingReview => format!("{} is missing.", say::duty(due.duty)),
        Duty::AnswerException(_) => {
            let words: Vec<&str> = exceptions.iter().map(|one| say::exception(*one)).collect();
            format!(
                "{}: {}. Say how it came to that, what is done about it, and by whom.",
                if words.len() == 1 {
                    "Exception"
                } else {
                    "Exceptions"
                },
                words.join("; ")
            )
        }
    }
}

/// Why a second person is asked.
fn why_a_second(change: &EmergencyChange) -> &'static str {
    let stood_in = change
        .authorization
        .as_ref()
        .is_some_and(|given| given.ground == Ground::MostSenior);
    if stood_in {
        "The most senior engineer available authorized it because nobody with the authority was at hand"
    } else {
        "It went ahead without authorization"
    }
}

/// Who says that the reader authorized it, when that was, and what to answer.
fn said_to_have(due: &Due<'_>) -> String {
    let given = due.showing.change.authorization.as_ref();
    let attested = given.and_then(|given| Some((given, given.attested.as_ref()?)));
    match attested {
        Some((
            Authorization {
                at,
                evidence: Some(Evidence::Words { text, .. }),
                ..
            },
            attested,
        )) => format!(
            "{} takes your words of {} for an authorization of this: “{}”. Did you authorize it?",
            say::person(&attested.by),
            say::at(*at),
            say::wrote_in_a_line(&due.showing.texts.said(text), ROOM_FOR_WHAT)
        ),
        Some((given, attested)) => format!(
            "{} says that you authorized this by word of mouth {}. Did you?",
            say::person(&attested.by),
            say::at(given.at)
        ),
        None => "You are said to have authorized this by word of mouth. Did you?".to_owned(),
    }
}

/// What somebody has to know who authorizes a change afterwards.
fn background(due: &Due<'_>, room: usize) -> String {
    let mut lines = vec![facts::why(&due.showing)];
    let room = room.min(facts::ROOM_FOR_A_QUOTE);
    lines.extend(facts::story(&due.showing, room));
    lines.join("\n")
}

fn is_last(due: &Due<'_>) -> bool {
    is_last_word(due.duty, due.rung, due.showing.change, due.showing.policy)
}

/// When it is due, and which reminder this is.
fn time(due: &Due<'_>, now: DateTime<Utc>) -> Option<String> {
    let Some(due_at) = due.due_at else {
        return match due.rung {
            Rung::Again(1)
            | Rung::Opening
            | Rung::Ready
            | Rung::Before(_)
            | Rung::Overdue(_)
            | Rung::AfterNap(_) => None,
            Rung::Again(n) if is_last(due) => Some(format!("Asked {n} times; this is the last.")),
            Rung::Again(n) => Some(format!("Asked {n} times.")),
        };
    };
    let when = say::capitalised(&say::due(due_at, now));
    Some(if due_at > now && is_last(due) {
        format!("*{when}.* This is the last reminder before the deadline.")
    } else if due_at > now {
        format!("*{when}.*")
    } else {
        format!("*{when}.* The miss is on record; finishing it still closes the change.")
    })
}

/// The buttons that end the reminder.
pub(super) fn buttons(due: &Due<'_>) -> Vec<SlackBlock> {
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
        Duty::Ticket => ticket_buttons(&due.showing),
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
        Duty::Confirmation if is_said_of_another(due) => Vec::new(),
        Duty::Confirmation => row(vec![
            primary(moves::confirm(change)).into(),
            moves::dispute(change).into(),
        ]),
        Duty::SecondAuthorization => row(vec![primary(moves::authorize(change)).into()]),
        Duty::Approval => match facts::decision(&due.showing) {
            Decision::Ready(seen) => decision(due, seen),
            Decision::Waits(_) | Decision::NotOwed => Vec::new(),
        },
        Duty::Remediation => row(vec![primary(moves::remediate(change)).into()]),
        Duty::AnswerException(_) => row(vec![primary(moves::answer(change)).into()]),
        Duty::SecurityReview => review(change, Review::Security),
        Duty::DatabaseApproval => review(change, Review::Database),
        Duty::GenuinenessReview => row(vec![primary(moves::review_genuineness(change)).into()]),
        Duty::PermanentFix => row(vec![primary(moves::permanent_fix(change)).into()]),
        Duty::FollowUp(n) => row(vec![primary(moves::finish_follow_up(change, n)).into()]),
        Duty::MeetingReview => row(vec![primary(moves::mark_as_reviewed()).into()]),
    }
}

/// The buttons of a review, and the ticket to read before.
fn review(change: &EmergencyChange, which: Review) -> Vec<SlackBlock> {
    vec![actions(vec![
        primary(moves::review(change, which)).into(),
        moves::read_in_full(change).into(),
    ])]
}

/// The buttons of the decision. One tap approves where nothing speaks against
/// it, and says in so many words that it was a genuine emergency.
fn decision(due: &Due<'_>, seen: ContentHash) -> Vec<SlackBlock> {
    let change = due.showing.change;
    let asks = moves::asks_first(change, due.owner);
    let mut row: Vec<SlackActionBlockElement> =
        vec![primary(moves::approve(change, seen, asks)).into()];
    if !asks {
        row.push(moves::approve_but(change, seen).into());
    }
    row.push(moves::reject(change).into());
    row.push(moves::read_in_full(change).into());
    let mut blocks = vec![actions(row)];
    if !asks {
        blocks.push(context(
            "*Approve* says too that it was a genuine emergency. If it wasn't, or on a condition: *Approve, but…*",
        ));
    }
    blocks
}

/// The ticket's form, and the five kinds of emergency where that is missing.
fn ticket_buttons(showing: &Showing<'_>) -> Vec<SlackBlock> {
    let change = showing.change;
    let gaps = gaps(change, showing.policy);
    let mut blocks = Vec::new();
    if gaps.iter().any(|gap| gap.is_written()) {
        blocks.push(actions(vec![primary(moves::document(change)).into()]));
    }
    if gaps.contains(&Field::Criterion) {
        blocks.push(context("Why was it an emergency?"));
        blocks.extend(moves::criteria_or_another(change));
    }
    blocks
}
