//! All that a decision is about, as whoever decides reads it.

use slack_morphism::prelude::SlackBlock;

use super::blocks::{context, paragraphs, section};
use super::{Showing, facts, say, ticket};

/// Everything that the decision is about.
pub(super) fn summary(showing: &Showing<'_>, room: usize) -> Vec<SlackBlock> {
    let change = showing.change;
    let what = say::wrote(&showing.texts.said(&change.what), room);
    let mut is_cut = what.is_cut;
    let mut lines = vec![
        format!("*What:* {}", what.words),
        facts::why(showing),
        facts::request(showing, room.min(facts::ROOM_FOR_A_QUOTE)),
    ];
    lines.extend(facts::story(showing, room.min(facts::ROOM_FOR_A_QUOTE)));
    lines.extend(facts::exceptions(change));
    let mut blocks = paragraphs(&lines.join("\n"));
    for part in ticket::parts(showing, room) {
        is_cut |= part.is_cut;
        blocks.extend(paragraphs(&part.words));
    }
    blocks.extend(facts::taken_over(showing.change).map(|lines| section(&lines)));
    blocks.extend(facts::evidence(showing).map(|lines| section(&lines)));
    // It stands where the eye is when it decides.
    blocks.extend(ticket::vague(change).map(|line| section(&line)));
    blocks.extend(ticket::repeat(showing).map(|line| section(&format!("{line}."))));
    if is_cut {
        blocks.push(context(
            "Some of it is shortened here; *Read in full* opens the whole ticket.",
        ));
    }
    blocks
}
