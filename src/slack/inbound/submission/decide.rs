//! The forms of the retrospective decision and of the reviews beside it, as they
//! were handed in.

use chrono::{DateTime, Utc};

use super::{Filled, Submitted, TOO_LONG, fault, find_in_plan, unless_blank};
use crate::domain::change::{Genuineness, LONGEST_TEXT, Remedy};
use crate::domain::id::ChangeNumber;
use crate::domain::text::{Salt, Text};
use crate::gesture::Ask;
use crate::slack::control::{GENUINE, Input, Memory, NOT_GENUINE};
use crate::slack::inbound::{Faults, Unheard};

/// Reads the answer to *was it a genuine emergency?*
fn genuine(
    filled: &Filled<'_>,
    faults: &mut Faults,
    salt: &mut dyn FnMut() -> Salt,
) -> (Genuineness, Option<Text>) {
    let words = filled.text(Input::GenuineWords);
    let is_genuine = match filled.option(Input::Genuine) {
        Some(GENUINE) => true,
        Some(NOT_GENUINE) => {
            if let Some(fault) = fault(words, "Say why it wasn't; a few words are enough.") {
                faults.find(Input::GenuineWords, fault);
            }
            false
        }
        Some(_) | None => {
            faults.find(Input::Genuine, "Choose yes or no.");
            false
        }
    };
    find_too_long(faults, Input::GenuineWords, words);
    let words = unless_blank(words, salt);
    let genuine = Genuineness {
        is_genuine,
        words: words.as_ref().map(Text::commitment),
    };
    (genuine, words)
}

fn find_too_long(faults: &mut Faults, input: Input, words: &str) {
    if words.chars().count() > LONGEST_TEXT {
        faults.find(input, TOO_LONG);
    }
}

pub(super) fn approve(
    filled: &Filled<'_>,
    memory: &Memory,
    change: ChangeNumber,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let Some(seen) = memory.seen() else {
        return Err(Unheard::Broken("an approval of nothing"));
    };
    let mut faults = Faults::default();
    let (genuine, why) = genuine(filled, &mut faults, salt);
    let conditions = filled.text(Input::Conditions);
    find_too_long(&mut faults, Input::Conditions, conditions);
    faults.settle()?;
    let conditions = unless_blank(conditions, salt);
    let ask = Ask::Approve {
        change,
        seen,
        genuine: Some(genuine),
        conditions: conditions.as_ref().map(Text::commitment),
    };
    Ok((ask, why.into_iter().chain(conditions).collect()))
}

pub(super) fn review_genuineness(
    filled: &Filled<'_>,
    change: ChangeNumber,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let mut faults = Faults::default();
    let (genuine, why) = genuine(filled, &mut faults, salt);
    faults.settle()?;
    let ask = Ask::ReviewGenuineness { change, genuine };
    Ok((ask, why.into_iter().collect()))
}

pub(super) fn review(
    filled: &Filled<'_>,
    memory: &Memory,
    change: ChangeNumber,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let (Some(seen), Some(review)) = (memory.seen(), memory.review()) else {
        return Err(Unheard::Broken("a review of nothing"));
    };
    let words = filled.text(Input::Account);
    let mut faults = Faults::default();
    find_too_long(&mut faults, Input::Account, words);
    faults.settle()?;
    let words = unless_blank(words, salt);
    let ask = Ask::Review {
        change,
        review,
        seen,
        words: words.as_ref().map(Text::commitment),
    };
    Ok((ask, words.into_iter().collect()))
}

pub(super) fn reject(
    filled: &Filled<'_>,
    memory: &Memory,
    change: ChangeNumber,
    received_at: DateTime<Utc>,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let reason = filled.text(Input::Reason);
    let mut faults = Faults::default();
    if let Some(fault) = fault(reason, "Say why; a few words are enough.") {
        faults.find(Input::Reason, fault);
    }
    let (genuine, why) = genuine(filled, &mut faults, salt);
    let remedy = filled.option(Input::Way).and_then(Remedy::from_name);
    let owner = filled.person(Input::Owner);
    let took_it = owner
        .as_ref()
        .is_some_and(|owner| memory.involved.iter().any(|who| who == owner.as_str()));
    if remedy == Some(Remedy::AcceptRisk) && took_it {
        faults.find(
            Input::Owner,
            "Whoever took the risk can't accept it. Choose somebody else.",
        );
    }
    let due_at = filled.instant(Input::DueAt);
    if due_at.is_some() {
        find_in_plan(&mut faults, due_at, received_at);
    }
    faults.settle()?;
    let reason = Text::new(reason, salt());
    let ask = Ask::Reject {
        change,
        reason: reason.commitment(),
        remedy,
        owner,
        due_at,
        genuine: Some(genuine),
    };
    Ok((ask, std::iter::once(reason).chain(why).collect()))
}
