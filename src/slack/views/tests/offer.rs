use super::*;
use crate::domain::change::Verdict;
use crate::domain::offer::{Offer, OfferStage, Quoted};
use crate::slack::views::offer::{offer, offer_closed};

/// An offer of the guide's two lines, with their words.
pub(super) fn offered(stage: OfferStage, verdict: Verdict) -> (Offer, Notebook) {
    offered_words(stage, verdict, ASKED, "<@UMORGAN> approved. Deploy.")
}

pub(super) fn offered_words(
    stage: OfferStage,
    verdict: Verdict,
    asked: &str,
    answered: &str,
) -> (Offer, Notebook) {
    let mut notebook = Notebook::default();
    let mut quoted = |who: &str, minutes: i64, words: &str| {
        let text = Text::new(words, Salt([7; 32]));
        let said = Said::Words(words.to_owned());
        notebook.0.insert(text.commitment(), said);
        Quoted {
            by: user(who),
            message: message(minutes),
            text: text.commitment(),
        }
    };
    let request = quoted("dana", 0, asked);
    let answer = quoted("morgan", 1, answered);
    let offer = Offer {
        id: 7,
        channel: ChannelId::new("C1"),
        asker: user("dana"),
        request,
        answer,
        verdict,
        offered_at: began() + TimeDelta::minutes(1),
        stage,
        change: (stage == OfferStage::Taken).then_some(ChangeNumber(1001)),
        next_at: None,
    };
    (offer, notebook)
}

#[test]
fn the_offer_shows_both_halves_and_asks_once() {
    let (one, words) = offered(OfferStage::Offered, Verdict::Grant);
    insta::assert_snapshot!(read(&offer(&one, &words, false)), @r"
    » It reads as if @Morgan authorized this. Record it?
    It reads as if @Morgan authorized this. Record it?
    You asked↗ Sat 02:14 UTC:
    > @Morgan deploying WAF rule to block SQL injection. Authorization?
    @Morgan answered↗ Sat 02:15 UTC:
    > @Morgan approved. Deploy.
    [+Record it] [No, thanks]
    · One tap records both, word for word. Only you see this.
    ");
}

#[test]
fn unanswered_it_comes_once_more_and_says_so() {
    let (one, words) = offered(OfferStage::Again, Verdict::Grant);
    insta::assert_snapshot!(read(&offer(&one, &words, true)), @r"
    » It reads as if @Morgan authorized this. Record it?
    It reads as if @Morgan authorized this. Record it?
    You asked↗ Sat 02:14 UTC:
    > @Morgan deploying WAF rule to block SQL injection. Authorization?
    @Morgan answered↗ Sat 02:15 UTC:
    > @Morgan approved. Deploy.
    [+Record it] [No, thanks]
    · Said in #c1. Nothing is on record yet. I won't ask again; after a day it is listed as undeclared.
    ");
}

#[test]
fn a_refusal_is_offered_as_one() {
    let (one, words) = offered_words(
        OfferStage::Offered,
        Verdict::Refuse,
        ASKED,
        "not yet, wait for the backup",
    );
    let seen = read(&offer(&one, &words, false));
    assert!(seen.contains("as if @Morgan refused this."), "{seen}");
}

#[test]
fn its_buttons_name_the_offer() {
    let (one, words) = offered(OfferStage::Offered, Verdict::Grant);
    let blocks = serde_json::to_value(offer(&one, &words, false).blocks).unwrap();
    for (at, name) in [(0, "take_offer"), (1, "decline_offer")] {
        let button = &blocks[2]["elements"][at];
        assert_eq!(button["action_id"], name);
        assert_eq!(button["value"], "7");
    }
}

#[test]
fn a_closed_offer_says_what_became_of_it() {
    let closed = |stage| read(&offer_closed(&offered(stage, Verdict::Grant).0));
    insta::assert_snapshot!(closed(OfferStage::Taken), @r"
    » On record as CHG-1001: the request behind @Morgan's authorization of Sat 02:15 UTC. The card is in #c1.
    On record as CHG-1001: the request behind @Morgan's authorization of Sat 02:15 UTC. The card is in #c1.
    ");
    insta::assert_snapshot!(closed(OfferStage::Declined), @r"
    » Not recorded: @Morgan's authorization of Sat 02:15 UTC. You won't be asked about it again.
    Not recorded: @Morgan's authorization of Sat 02:15 UTC. You won't be asked about it again.
    ");
    insta::assert_snapshot!(closed(OfferStage::Undeclared), @r"
    » Listed as undeclared: @Morgan's authorization of Sat 02:15 UTC in #c1.
    *Record authorization* in the message's menu still records it.
    Listed as undeclared: @Morgan's authorization of Sat 02:15 UTC in #c1.
    *Record authorization* in the message's menu still records it.
    ");
    insta::assert_snapshot!(closed(OfferStage::Offered), @r"
    » Not on record yet: @Morgan's authorization of Sat 02:15 UTC in #c1.
    Not on record yet: @Morgan's authorization of Sat 02:15 UTC in #c1.
    ");
    let refusal = offer_closed(&offered(OfferStage::Taken, Verdict::Refuse).0);
    assert!(refusal.text.contains("'s refusal of"), "{}", refusal.text);
}

#[test]
fn the_longest_messages_fit_an_offer() {
    for piece in ["&", "😀", "x\n", "<!here>"] {
        let words = piece.repeat(crate::domain::change::LONGEST_TEXT);
        let (one, notebook) = offered_words(OfferStage::Offered, Verdict::Grant, &words, &words);
        for again in [false, true] {
            let shown = offer(&one, &notebook, again);
            read(&shown);
            assert!(!shown.text.contains("<!"), "{}", shown.text);
        }
    }
}
