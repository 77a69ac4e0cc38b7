//! Replies that only the person who asked sees.

use chrono::{DateTime, Utc};
use slack_morphism::prelude::{SlackBlock, SlackBlockButtonElement};

use crate::domain::change::EmergencyChange;
use crate::domain::id::ChangeNumber;
use crate::domain::obligation::{Duty, Obligation};
use crate::domain::offer::Offer;
use crate::domain::ticket::Section;
use crate::gesture::Which;
use crate::slack::control::{self, Control};
use crate::store::Words;

use super::blocks::{actions, context, fits, message, one_line, paragraphs, plain, section};
use super::{Message, Showing, direct, facts, moves, say};

/// How much of each text the status shows: the most that fits a message.
const ROOMS: [usize; 7] = [15_000, 2800, 1800, 900, 400, 150, 60];

/// How much of a section of the ticket it shows, beside its heading.
const LONGEST_SECTION: usize = 2800;

/// How many changes a list shows.
const MOST_LISTED: usize = 20;

/// How much of *what* a line of a list shows.
const ROOM_IN_A_LIST: usize = 100;

/// How much of what was typed a refusal gives back.
const ROOM_FOR_TYPED: usize = 2800;

/// Returns a rule's no, with what was typed, so that nothing is lost.
///
/// `sentence` is the bot's own and may hold Slack's markup.
pub fn refused(sentence: &str, typed: Option<&str>) -> Message {
    let mut blocks = vec![section(sentence)];
    let typed = typed.map(str::trim).filter(|typed| !typed.is_empty());
    if let Some(typed) = typed {
        let typed = say::safe(typed, ROOM_FOR_TYPED).words;
        blocks.push(context("You typed:"));
        blocks.push(section(&shortened_quote(&typed)));
    }
    message(sentence, blocks)
}

/// A quotation costs two characters a line; of very many lines the last give way.
fn shortened_quote(words: &str) -> String {
    let quoted = say::quoted(words);
    if say::width(&quoted) <= super::blocks::LONGEST_TEXT {
        return quoted;
    }
    words.to_owned()
}

/// Asks whether a time is meant before it is recorded.
pub fn asked_back(sentence: &str, change: Option<ChangeNumber>, at: DateTime<Utc>) -> Message {
    let mut blocks = vec![section(sentence)];
    blocks.extend(change.map(|number| {
        let record = SlackBlockButtonElement::new(plain("Yes, record it"))
            .with_action_id(Control::DeployedAt.action_id().into())
            .with_value(control::time_value(number, at));
        actions(vec![record.into()])
    }));
    message(sentence, blocks)
}

/// Says how a time in words was understood, with the button that puts it right.
pub fn deployed_at(showing: &Showing<'_>, at: DateTime<Utc>) -> Message {
    let number = showing.change.number;
    let line = format!("{number}: deployed {}, as you said.", say::at(at));
    let fix = SlackBlockButtonElement::new(plain("Fix"))
        .with_action_id(Control::CorrectDeployment.action_id().into())
        .with_value(control::time_value(number, at));
    message(&line, vec![section(&line), actions(vec![fix.into()])])
}

/// Asks whether a new change is the same as one that is open.
pub fn twin(new: &Showing<'_>, open: &Showing<'_>) -> Message {
    let (number, of) = (new.change.number, open.change.number);
    let line = format!(
        "{number} reads like {of}, “{}”. The same?",
        open.what_in_a_line(ROOM_IN_A_LIST)
    );
    let button = |label: &str, control: Control| {
        SlackBlockButtonElement::new(plain(label))
            .with_action_id(control.action_id().into())
            .with_value(control::same_value(number, of))
    };
    let same = button("The same", Control::Same);
    let other = button("Another one", Control::NotSame);
    message(
        &line,
        vec![section(&line), actions(vec![same.into(), other.into()])],
    )
}

/// Returns everything about one change, with its next moves.
pub fn status(showing: &Showing<'_>) -> Message {
    let change = showing.change;
    let text = format!(
        "{}, {}: {}",
        change.number,
        facts::standing(change),
        showing.what_in_a_line(ROOM_IN_A_LIST)
    );
    let mut blocks = Vec::new();
    for room in ROOMS {
        blocks = status_blocks(showing, room);
        if fits(&blocks) {
            break;
        }
    }
    message(&text, blocks)
}

fn status_blocks(showing: &Showing<'_>, room: usize) -> Vec<SlackBlock> {
    let change = showing.change;
    let what = say::wrote(&showing.texts.said(&change.what), room);
    let mut is_cut = false;
    let mut blocks = vec![section(&format!(
        "*{}* is {}.",
        change.number,
        said_standing(change)
    ))];
    blocks.extend(paragraphs(&what.words));
    let mut lines = vec![facts::request(change), facts::why(change)];
    lines.extend(facts::story(showing));
    lines.extend(facts::exceptions(change));
    blocks.push(section(&lines.join("\n")));
    for part in Section::ALL {
        if let Some(written) = change.sections.get(part) {
            let text = say::wrote(
                &showing.texts.said(&written.text),
                room.min(LONGEST_SECTION),
            );
            is_cut |= text.is_cut;
            blocks.push(section(&format!(
                "*{}*\n{}",
                direct::title(*part),
                text.words
            )));
        }
    }
    if is_cut {
        blocks.push(context(
            "Some of it is shortened here; *Document* opens the whole ticket.",
        ));
    }
    let owed = facts::owed(showing);
    if !owed.is_empty() {
        let lines: Vec<String> = owed.iter().map(|one| obligation(showing, one)).collect();
        blocks.push(section(&format!("*Still owed*\n{}", lines.join("\n"))));
    }
    let chase = chase(change);
    if !chase.is_empty() {
        blocks.push(context(&format!("Reminders so far: {}.", chase.join("; "))));
    }
    if moves::wants_criterion(change) {
        blocks.push(moves::criteria(change));
    }
    blocks.extend(moves::moves(showing));
    blocks
}

/// Where a change stands, as it follows "is".
fn said_standing(change: &EmergencyChange) -> String {
    match facts::standing(change) {
        "waits for authorization" => "waiting for authorization".to_owned(),
        other => other.to_owned(),
    }
}

fn obligation(showing: &Showing<'_>, one: &Obligation) -> String {
    let what = match one.duty {
        Duty::Ticket => format!("The ticket ({})", facts::missing(showing.change)),
        Duty::AnswerException(exception) => {
            format!("The answer to “{}”", say::exception(exception))
        }
        Duty::AnswerRequest
        | Duty::ConfirmDeployment
        | Duty::CommanderAuthorization
        | Duty::Confirmation
        | Duty::SecondAuthorization
        | Duty::Approval
        | Duty::Remediation => say::duty(one.duty).to_owned(),
    };
    let due = one.due_at.map_or_else(String::new, |due_at| {
        format!(", {}", say::due(due_at, showing.now))
    });
    format!("• {what}: {}{due}", facts::owner(one.owner.as_ref()))
}

fn chase(change: &EmergencyChange) -> Vec<String> {
    change
        .chases
        .iter()
        .filter_map(|((duty, owner), chase)| {
            let last_at = chase.last_at?;
            let times = match chase.n_reminders {
                1 => "once".to_owned(),
                n => format!("{n} times, last"),
            };
            Some(format!(
                "{} of {duty} {times} {}",
                facts::owner(owner.as_ref()),
                say::at(last_at)
            ))
        })
        .collect()
}

/// Returns a list of changes, the newest first as they are handed over.
pub fn list(changes: &[Showing<'_>], which: Which, undeclared: &[(Offer, Words)]) -> Message {
    if changes.is_empty() && undeclared.is_empty() {
        return one_line(match which {
            Which::Mine => {
                "You have no part in an open change. `/emergency Deploy … @morgan` asks Morgan for authorization; `/emergency list open` shows everybody's."
            }
            Which::Open => {
                "No emergency change is open. `/emergency Deploy … @morgan` begins one and asks Morgan for authorization."
            }
            Which::Overdue => {
                "Nothing is overdue. `/emergency list open` shows what is still owed."
            }
        });
    }
    let heading = match which {
        Which::Mine => "Your emergency changes",
        Which::Open => "Open emergency changes",
        Which::Overdue => "Overdue emergency changes",
    };
    let mut blocks = vec![section(&format!("*{heading}* ({})", changes.len()))];
    blocks.extend(
        changes
            .iter()
            .take(MOST_LISTED)
            .map(|showing| section(&listed(showing))),
    );
    blocks.extend(undeclared.iter().map(|(offer, words)| {
        section(&format!(
            "*Undeclared*  {}\n{} · {}",
            say::wrote_in_a_line(
                &crate::slack::views::Words::said(words, &offer.request.text),
                ROOM_IN_A_LIST
            ),
            say::person(&offer.asker),
            say::at(offer.offered_at)
        ))
    }));
    let more = changes.len().saturating_sub(MOST_LISTED);
    let hint = "`/emergency status CHG-…` shows one in full.";
    blocks.push(context(&if more > 0 {
        format!("And {more} more. {hint}")
    } else {
        hint.to_owned()
    }));
    message(&format!("{heading}: {}", changes.len()), blocks)
}

fn listed(showing: &Showing<'_>) -> String {
    let change = showing.change;
    let due = facts::owed(showing)
        .iter()
        .filter_map(|one| one.due_at)
        .min()
        .map_or_else(String::new, |due_at| {
            format!(", {}", say::due(due_at, showing.now))
        });
    format!(
        "*{}*  {}\n{} · {}{due}",
        change.number,
        showing.what_in_a_line(ROOM_IN_A_LIST),
        say::person(&change.requester),
        facts::standing(change)
    )
}

/// Returns what can be said, by example.
pub fn help() -> Message {
    let examples = [
        "*Ask for authorization*",
        "`/emergency Deploy WAF rule to block SQL injection @morgan`",
        "`/emergency` alone opens a form",
        "",
        "*Say that it is deployed*",
        "`/emergency deployed`",
        "`/emergency deployed CHG-1042 20 min ago`",
        "",
        "*Do the paperwork*",
        "`/emergency document CHG-1042`",
        "",
        "*See where things stand*",
        "`/emergency status CHG-1042`",
        "`/emergency list`, `/emergency list open`, `/emergency list overdue`",
    ];
    message(
        "What you can say to /emergency",
        vec![
            section(&examples.join("\n")),
            context(
                "Everything else you type is taken as a request: the fix comes first. Mentioning the bot does the same as the command.",
            ),
        ],
    )
}

/// Asks whether a subcommand was meant. One more tap asks for authorization, in
/// case it wasn't.
pub fn unsure(meant: &str) -> Message {
    let line = format!(
        "Did you mean `/emergency {}`? Nothing was recorded.",
        say::safe(meant, 40).words
    );
    let request = SlackBlockButtonElement::new(plain("No, ask for authorization"))
        .with_action_id(Control::Declare.action_id().into());
    message(&line, vec![section(&line), actions(vec![request.into()])])
}

/// Says that a subcommand isn't there yet, and that nothing was recorded.
pub fn not_yet(word: &str) -> Message {
    one_line(&format!(
        "`{}` isn't there yet, so nothing was done. `/emergency help` shows what is.",
        say::safe(word, 40).words
    ))
}

/// Says that Slack can't be asked just now, and that the request is kept.
pub fn kept_for_later() -> Message {
    one_line(
        "Slack can't be asked who is who just now. What you did is kept with its time and tried again shortly; you needn't repeat it.",
    )
}
