//! The status: everything about one change, for whoever asks.

use slack_morphism::prelude::SlackBlock;

use crate::domain::change::EmergencyChange;
use crate::domain::obligation::{Obligation, chase_log};

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

/// Returns everything about one change, with its next moves.
pub fn status(showing: &Showing<'_>) -> Message {
    let change = showing.change;
    let text = format!(
        "{}, {}: {}",
        say::title(change),
        facts::standing(change),
        showing.what_in_a_line(ROOM_IN_A_LINE)
    );
    let mut blocks = Vec::new();
    let in_full = ROOMS.map(|room| (room, usize::MAX, true));
    let least = [
        (400, usize::MAX),
        (60, usize::MAX),
        (10, usize::MAX),
        (10, MOST_OWED),
        (10, FEWEST_OWED),
    ];
    let least = least.map(|(room, most)| (room, most, false));
    for (room, most, in_detail) in in_full.into_iter().chain(least) {
        blocks = status_blocks(showing, room, most, in_detail);
        if fits(&blocks) {
            break;
        }
    }
    message(&text, blocks)
}

/// All of a change with each text in at most `room` characters, and at `most` so
/// many things that are owed; where even that has no room, what came after the
/// decision isn't told `in_detail`.
fn status_blocks(
    showing: &Showing<'_>,
    room: usize,
    most: usize,
    in_detail: bool,
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
    let log = chase_log(change.number, showing.history);
    if !log.is_empty() && in_detail {
        let lines = chase::lines(&log).join("\n");
        blocks.extend(paragraphs(&format!("*Reminders*\n{lines}")));
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
    let chase = chase(change);
    if !chase.is_empty() && in_detail {
        blocks.push(context(&format!("Reminders so far: {}.", chase.join("; "))));
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
