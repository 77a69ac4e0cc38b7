//! The quiet offer: two messages read like a request and its answer, and whoever
//! asked is asked whether to put them on record. Nobody else sees it.

use crate::domain::change::Verdict;
use crate::domain::offer::{Offer, OfferStage, Quoted};
use crate::slack::control::Control;

use super::blocks::{actions, button_of, context, message, one_line, primary, section};
use super::{Message, Words, say};

/// How much of the answer the first line shows: it shall be read on a phone.
const ROOM_FOR_THE_ANSWER: usize = 120;

/// How much of the request.
const ROOM_FOR_THE_REQUEST: usize = 200;

/// Returns the offer: first where it was said, and `again` by direct message.
pub fn offer(offer: &Offer, words: &dyn Words, again: bool) -> Message {
    let half = |half: &Quoted, room| say::wrote_in_a_line(&words.said(&half.text), room);
    let answer = half(&offer.answer, ROOM_FOR_THE_ANSWER);
    let request = half(&offer.request, ROOM_FOR_THE_REQUEST);
    let author = say::person(&offer.answer.by);
    let reads = say::verdict(offer.verdict);
    let line = format!("{author}'s “{answer}” reads like {reads} of your “{request}”. Record it?");
    let place = if again {
        format!(" in {}", say::channel(&offer.channel))
    } else {
        String::new()
    };
    let pair = format!(
        "{}, {}{place}.",
        said_at(&offer.request, "Your request"),
        said_at(&offer.answer, "the answer"),
    );
    let hint = if again {
        "Asked once more, and not again. Unanswered for a day, the pair is listed as undeclared."
    } else {
        "One tap records both as they stand, with their times. Only you see this."
    };
    let id = offer.id.to_string();
    let row = vec![
        primary(button_of(Control::TakeOffer, "Record it", &id)).into(),
        button_of(Control::DeclineOffer, "No, thanks", &id).into(),
    ];
    message(
        &line,
        vec![
            section(&line),
            actions(row),
            context(&format!("{pair} {hint}")),
        ],
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
        OfferStage::Taken => format!("Done: {pair} is on record; the card is in {channel}."),
        OfferStage::Declined => {
            format!("Done: {pair} isn't recorded, as you said. You won't be asked again.")
        }
        OfferStage::Undeclared => format!(
            "{pair} in {channel} is listed as undeclared. *Record authorization* in the message's menu still records it."
        ),
        OfferStage::Offered | OfferStage::Again => {
            format!("{pair} in {channel} isn't on record yet.")
        }
    })
}
