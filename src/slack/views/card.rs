//! The card: the one thing that speaks into the channel unasked. It is posted
//! with the request and edited in place ever after.

use slack_morphism::prelude::SlackBlock;

use crate::domain::change::Stage;
use crate::domain::obligation::Duty;

use super::blocks::{context, message, paragraphs, section};
use super::{Message, Showing, facts, moves, say};

/// How much of *what* the card shows; the rest is in the status.
const ROOM_FOR_WHAT: usize = 1200;

/// How much of it a notification shows.
const ROOM_IN_A_LINE: usize = 150;

/// Returns the card of a change as it stands.
pub fn card(showing: &Showing<'_>) -> Message {
    message(&fallback(showing), blocks(showing))
}

/// Returns the card where it couldn't be posted in its channel and goes to a
/// person: it says so, and how that is mended.
pub fn card_aside(showing: &Showing<'_>) -> Message {
    let channel = say::channel(&showing.change.place.channel);
    let mut blocks = blocks(showing);
    blocks.push(context(&format!(
        "I can't post in {channel}, so the card comes to you; the record is the same. `/invite @breakglass` typed there lets me in, unless the channel is archived."
    )));
    message(&fallback(showing), blocks)
}

fn blocks(showing: &Showing<'_>) -> Vec<SlackBlock> {
    let change = showing.change;
    let number = change.number;
    let what = say::wrote(&showing.texts.said(&change.what), ROOM_FOR_WHAT);
    let mut blocks = vec![section(&format!(
        "*{}*  {}",
        say::title(change),
        what.words
    ))];
    if change.drill {
        blocks.push(context(moves::DRILL));
    }
    if what.is_cut {
        blocks.push(context(&format!(
            "The whole text: `/emergency status {number}`"
        )));
    }

    let mut lines = vec![facts::request(showing, facts::ROOM_FOR_A_QUOTE)];
    lines.extend(repeated(showing));
    lines.extend(facts::story(showing, facts::ROOM_FOR_A_QUOTE));
    blocks.extend(paragraphs(&lines.join("\n")));

    // Of what is over, nobody is asked any more why it was an emergency.
    let is_asked = !change.is_over() || change.criterion.is_some() || change.reason.is_some();
    let why = is_asked.then(|| section(&facts::why(showing)));
    let criteria = moves::criteria(change);
    let accounts = facts::accounts(showing);
    let accounts = (!accounts.is_empty()).then(|| section(&accounts.join("\n")));
    let moves: Vec<SlackBlock> = moves::follow_ups(showing)
        .into_iter()
        .chain(moves::moves(showing))
        .collect();
    // A phone shows little at once. What the incident waits for stands above the
    // question that may be answered later.
    if criteria.is_empty() {
        blocks.extend(why);
        blocks.extend(accounts);
        blocks.extend(moves);
    } else {
        blocks.extend(accounts);
        blocks.extend(moves);
        blocks.extend(why);
        blocks.extend(criteria);
    }
    blocks
}

/// That the request was repeated, while it is unanswered.
fn repeated(showing: &Showing<'_>) -> Option<String> {
    let change = showing.change;
    if change.stage != Stage::Requested || change.went_ahead.is_some() {
        return None;
    }
    let asked = (Duty::AnswerRequest, change.asked.first().cloned());
    let last_at = change.chases.get(&asked)?.last_at?;
    if last_at <= change.asked_at {
        return None;
    }
    Some(format!("No answer yet; asked again {}", say::at(last_at)))
}

fn fallback(showing: &Showing<'_>) -> String {
    let change = showing.change;
    let title = say::title(change);
    let what = showing.what_in_a_line(ROOM_IN_A_LINE);
    if change.stage != Stage::Requested || change.went_ahead.is_some() {
        return format!("{title}, {}: {what}", facts::standing(change));
    }
    let requester = say::person(&change.requester);
    let asked = facts::owner(change.asked.first());
    format!("{title}: {requester} asks {asked} to authorize: {what}")
}
