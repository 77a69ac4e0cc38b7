//! The quiet offer: two messages read like a request and its answer, and whoever
//! asked is asked whether to put them on record. Nobody else sees it.

use crate::domain::change::Verdict;
use crate::domain::offer::{Offer, OfferStage, Quoted};
use crate::slack::control::{self, Control};

use super::blocks::{actions, button_of, context, message, one_line, primary, section};
use super::{Message, Words, say};

/// How much of each message is quoted; the link beside it leads to the rest.
const ROOM_FOR_A_QUOTE: usize = 400;

/// Returns the offer: first where it was said, and `again` by direct message.
pub fn offer(offer: &Offer, words: &dyn Words, again: bool) -> Message {
    let answerer = say::person(&offer.answer.by);
    let line = format!(
        "It reads as if {answerer} {} this. Record it?",
        say::verdict(offer.verdict)
    );
    let half = |half: &Quoted, who: &str, did: &str| {
        let said = say::quotation(&words.said(&half.text), ROOM_FOR_A_QUOTE);
        format!("{who} {}:\n{said}", said_at(half, did))
    };
    let pair = format!(
        "{}\n{}",
        half(&offer.request, "You", "asked"),
        half(&offer.answer, &answerer, "answered")
    );
    let hint = if again {
        format!(
            "Said in {}. Nothing is on record yet. I won't ask again; after a day it is listed as undeclared.",
            say::channel(&offer.channel)
        )
    } else {
        "One tap records both, word for word. Only you see this.".to_owned()
    };
    let id = control::offer_value(offer.id);
    let row = vec![
        primary(button_of(Control::TakeOffer, "Record it", &id)).into(),
        button_of(Control::DeclineOffer, "No, thanks", &id).into(),
    ];
    message(
        &line,
        vec![section(&line), section(&pair), actions(row), context(&hint)],
    )
}

/// One half with its time and its address.
fn said_at(half: &Quoted, label: &str) -> String {
    let label = say::link(&half.message, label);
    match half.message.ts.at() {
        Some(at) => format!("{label} {}", say::at(at)),
        None => label,
    }
}

/// Returns what the direct message says once it has done its work.
pub fn offer_closed(offer: &Offer) -> Message {
    let what = match offer.verdict {
        Verdict::Grant => "authorization",
        Verdict::Refuse => "refusal",
    };
    let pair = format!(
        "{}'s {what}{}",
        say::person(&offer.answer.by),
        offer
            .answer
            .message
            .ts
            .at()
            .map_or_else(String::new, |at| format!(" of {}", say::at(at)))
    );
    let channel = say::channel(&offer.channel);
    one_line(&match offer.stage {
        OfferStage::Taken => {
            let number = offer
                .change
                .map_or_else(String::new, |number| format!(" as {number}"));
            // Of two answers to one request, one may have come too late.
            format!("On record{number}: the request behind {pair}. The card is in {channel}.")
        }
        OfferStage::Declined => {
            format!("Not recorded: {pair}. You won't be asked about it again.")
        }
        OfferStage::Undeclared => format!(
            "Listed as undeclared: {pair} in {channel}.\n*Record authorization* in the message's menu still records it."
        ),
        OfferStage::Offered | OfferStage::Again => {
            format!("Not on record yet: {pair} in {channel}.")
        }
    })
}
