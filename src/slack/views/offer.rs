//! The quiet offer to put on record what was said.

use slack_morphism::prelude::SlackBlockButtonElement;

use crate::domain::offer::{Offer, OfferStage};
use crate::slack::control::Control;
use crate::store;

use super::blocks::{actions, message, one_line, plain, primary, section};
use super::{Message, Words as _, say};

/// How much of a message the offer shows.
const ROOM: usize = 200;

/// Returns the offer, or the offer made once more.
pub fn offer(offer: &Offer, words: &store::Words, again: bool) -> Message {
    let line = format!(
        "{}{}'s “{}” reads like an answer to your “{}”. Record it?",
        if again { "Still not on record: " } else { "" },
        say::person(&offer.answer.by),
        say::wrote_in_a_line(&words.said(&offer.answer.text), ROOM),
        say::wrote_in_a_line(&words.said(&offer.request.text), ROOM),
    );
    let button = |label: &str, control: Control| {
        SlackBlockButtonElement::new(plain(label))
            .with_action_id(control.action_id().into())
            .with_value(offer.id.to_string())
    };
    let take = primary(button("Record it", Control::TakeOffer));
    let decline = button("No, thanks", Control::DeclineOffer);
    message(
        &line,
        vec![section(&line), actions(vec![take.into(), decline.into()])],
    )
}

/// Returns what stands in place of an offer that has come to its end.
pub fn offer_closed(offer: &Offer) -> Message {
    one_line(match offer.stage {
        OfferStage::Taken => "It is on record.",
        OfferStage::Declined => "Not recorded, as you said.",
        OfferStage::Offered | OfferStage::Again | OfferStage::Undeclared => {
            "Not recorded; it counts among the undeclared."
        }
    })
}
