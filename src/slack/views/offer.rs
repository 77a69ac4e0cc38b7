//! The quiet offer: two messages read like a request and its answer, and whoever
//! asked is asked whether to put them on record. Nobody else sees it.

use crate::domain::change::Verdict;
use crate::domain::offer::{Offer, OfferStage, Quoted};
use crate::slack::control::{self, Control};

use super::blocks::{actions, button_of, context, message, one_line, primary, section};
use super::{Message, Words, say};

/// How much of the answer the first line shows: it shall be read on a phone.
const ROOM_IN_A_LINE: usize = 60;

/// How much of each message is quoted; the link beside it leads to the rest.
const ROOM_FOR_A_QUOTE: usize = 400;

/// Returns the offer: first where it was said, and `again` by direct message.
pub fn offer(offer: &Offer, words: &dyn Words, again: bool) -> Message {
    let answer = say::wrote_in_a_line(&words.said(&offer.answer.text), ROOM_IN_A_LINE);
    let line = format!(
        "{}'s “{answer}” reads like {}. Record it?",
        say::person(&offer.answer.by),
        say::verdict(offer.verdict)
    );
    let half = |half: &Quoted, label: &str| {
        let said = say::quotation(&words.said(&half.text), ROOM_FOR_A_QUOTE);
        format!("{}:\n{said}", said_at(half, label))
    };
    let pair = format!(
        "{}\n{}",
        half(&offer.request, "Your request"),
        half(&offer.answer, "The answer")
    );
    let hint = if again {
        format!(
            "Said in {}. I won't ask again; unanswered for a day, the pair is listed as undeclared.",
            say::channel(&offer.channel)
        )
    } else {
        "One tap records both as they stand, with their times. Only you see this.".to_owned()
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
            format!(
                "Done: the request behind {pair} is on record{number}; the card is in {channel}."
            )
        }
        OfferStage::Declined => {
            format!("Done: {pair} isn't recorded, as you said. You won't be asked again.")
        }
        OfferStage::Undeclared => format!(
            "{pair} in {channel} is listed as undeclared.\n*Record authorization* in the message's menu still records it."
        ),
        OfferStage::Offered | OfferStage::Again => {
            format!("{pair} in {channel} isn't on record yet.")
        }
    })
}
