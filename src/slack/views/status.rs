//! The status: everything about one change, for whoever asks.

use slack_morphism::prelude::SlackBlock;

use crate::domain::change::EmergencyChange;
use crate::domain::obligation::{ChaseLine, Obligation, chase_log};

use super::blocks::{context, fits, message, paragraphs, section};
use super::{Message, Showing, afterwards, chase, facts, ledger, moves, say, ticket};

/// How much of each text the status shows: the most that fits a message.
const ROOMS: [usize; 7] = [15_000, 2800, 1800, 900, 400, 150, 60];

/// Why somebody outside a private channel is shown no words, and where they are.
const KEPT_IN_PRIVATE: &str = "It was declared in a private channel, and its words stay there, with its ticket and its buttons. In that channel everybody reads them; elsewhere, whoever has a part in it.";

/// How much of a section of the ticket it shows, beside its heading.
const LONGEST_SECTION: usize = 2800;

/// How many things are shown that are owed, where not all have room.
const MOST_OWED: usize = 20;

/// How many are shown where hardly any has.
const FEWEST_OWED: usize = 8;

/// How much of *what* its notification shows.
const ROOM_IN_A_LINE: usize = 100;

/// What a status says of the reminders.
#[derive(Clone, Copy)]
enum Chase<'a> {
    /// How many there were.
    InTotal,
    /// Each of them.
    Here(&'a [ChaseLine]),
    /// They have messages of their own after it.
    Follows,
}

/// Returns everything about one change, with its next moves.
pub fn status(showing: &Showing<'_>) -> Message {
    status_with(showing, Chase::InTotal)
}

/// Returns everything about one change with each reminder that anybody got of it, in
/// messages of their own where one can't hold both.
pub fn status_in_full(showing: &Showing<'_>) -> Vec<Message> {
    let log = chase_log(showing.change.number, showing.history, showing.policy);
    if log.is_empty() {
        return vec![status(showing)];
    }
    let [(room, most, in_detail), ..] = in_full();
    let blocks = status_blocks(showing, room, most, in_detail, Chase::Here(&log));
    if fits(&blocks) {
        return vec![message(&in_a_line(showing), blocks)];
    }
    let title = say::title(showing.change);
    let log = chase::messages(&title, &log);
    std::iter::once(status_with(showing, Chase::Follows))
        .chain(log)
        .collect()
}

/// How much is shown of what, from the most on.
fn in_full() -> [(usize, usize, bool); ROOMS.len()] {
    ROOMS.map(|room| (room, usize::MAX, true))
}

fn in_a_line(showing: &Showing<'_>) -> String {
    format!(
        "{}, {}: {}",
        say::title(showing.change),
        facts::standing(showing.change),
        showing.what_in_a_line(ROOM_IN_A_LINE)
    )
}

fn status_with(showing: &Showing<'_>, chase: Chase<'_>) -> Message {
    let mut blocks = Vec::new();
    let least = [
        (400, usize::MAX),
        (60, usize::MAX),
        (10, usize::MAX),
        (10, MOST_OWED),
        (10, FEWEST_OWED),
    ];
    let least = least.map(|(room, most)| (room, most, false));
    for (room, most, in_detail) in in_full().into_iter().chain(least) {
        blocks = status_blocks(showing, room, most, in_detail, chase);
        if fits(&blocks) {
            break;
        }
    }
    message(&in_a_line(showing), blocks)
}

/// All of a change with each text in at most `room` characters, and at `most` so
/// many things that are owed; where even that has no room, what came after the
/// decision isn't told `in_detail`.
fn status_blocks(
    showing: &Showing<'_>,
    room: usize,
    most: usize,
    in_detail: bool,
    reminders: Chase<'_>,
) -> Vec<SlackBlock> {
    let change = showing.change;
    let what = say::wrote(&showing.texts.said(&change.what), room);
    let mut is_cut = false;
    let mut blocks = vec![section(&format!(
        "*{}* is {}.",
        say::title(change),
        said_standing(change)
    ))];
    if change.drill {
        blocks.push(context(moves::DRILL));
    }
    if showing.is_withheld() {
        blocks.push(section(KEPT_IN_PRIVATE));
    } else {
        blocks.extend(paragraphs(&what.words));
    }
    let mut lines = vec![facts::request(showing, room), facts::why(showing)];
    lines.extend(facts::story(showing, room));
    blocks.extend(paragraphs(&lines.join("\n")));
    for part in ticket::parts(showing, room.min(LONGEST_SECTION)) {
        is_cut |= part.is_cut;
        blocks.extend(paragraphs(&part.words));
    }
    let computed = ticket::computed(showing);
    if !computed.is_empty() {
        blocks.push(section(&format!("*What follows*\n{}", computed.join("\n"))));
    }
    if is_cut {
        blocks.push(context(
            "Some of it is shortened here; *Document* opens the whole ticket.",
        ));
    }
    blocks.extend(facts::taken_over(showing.change).map(|lines| section(&lines)));
    blocks.extend(facts::evidence(showing).map(|lines| section(&lines)));
    if in_detail {
        for part in afterwards::parts(showing, room.min(LONGEST_SECTION)) {
            blocks.extend(paragraphs(&part));
        }
    } else {
        let exceptions = facts::exceptions(change);
        blocks.extend(exceptions.iter().map(|line| section(line)));
        blocks.push(context(
            "What came after the decision has no room here; the thread under the card tells it.",
        ));
    }
    if let Chase::Here(log) = reminders {
        blocks.extend(chase::blocks(log));
    }
    let met = facts::met(showing);
    if !met.is_empty() {
        blocks.push(context(&format!("Done: {}.", met.join("; "))));
    }
    let owed = facts::owed(showing);
    if !owed.is_empty() {
        let room = room.min(ledger::ROOM_FOR_A_FOLLOW_UP);
        let lines = owed.iter().map(|one| obligation(showing, one, room));
        let mut lines: Vec<String> = lines.collect();
        let more = lines.len().saturating_sub(most);
        if more > 0 {
            lines.truncate(most);
            lines.push(format!("and {more} more, in the thread under the card"));
        }
        blocks.extend(paragraphs(&format!("*Still owed*\n{}", lines.join("\n"))));
    }
    match reminders {
        Chase::InTotal => {
            let chase = chase(change);
            if !chase.is_empty() && in_detail {
                blocks.push(context(&format!("Reminders so far: {}.", chase.join("; "))));
            }
        }
        Chase::Follows => blocks.push(context("The reminders follow.")),
        Chase::Here(_) => {}
    }
    // Nobody decides on what they can't read.
    if !showing.is_withheld() {
        blocks.extend(moves::criteria(change));
        blocks.extend(moves::follow_ups(showing));
        blocks.extend(moves::moves(showing));
    }
    blocks
}

/// Where a change stands, as it follows "is".
fn said_standing(change: &EmergencyChange) -> String {
    match facts::standing(change) {
        "waits for authorization" => "waiting for authorization".to_owned(),
        other => other.to_owned(),
    }
}

fn obligation(showing: &Showing<'_>, one: &Obligation, room: usize) -> String {
    let due = one.due_at.map_or_else(String::new, |due_at| {
        format!(", {}", say::due(due_at, showing.now))
    });
    let what = ledger::what(showing, one.duty, room);
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
