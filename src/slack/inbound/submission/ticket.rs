//! The form of the ticket, as it was handed in. What nobody touched isn't
//! written, and what can't be right is said beside its input.

use chrono::{DateTime, Utc};

use super::{Filled, Submitted, TOO_LONG};
use crate::domain::change::{Criterion, LONGEST_TEXT};
use crate::domain::id::ChangeNumber;
use crate::domain::text::{Salt, Text};
use crate::domain::ticket::{Field, Kind, Value, is_address};
use crate::gesture::Ask;
use crate::slack::control::{Input, Memory};
use crate::slack::inbound::{Faults, Unheard};

/// What was put into a field: as a form remembers it, and what it means.
struct Entered {
    remembered: String,
    told: Told,
}

/// What it means; of words, the words.
enum Told {
    Words(String),
    Links(String),
    Other(Value),
}

pub(super) fn document(
    filled: &Filled<'_>,
    memory: &Memory,
    change: ChangeNumber,
    received_at: DateTime<Utc>,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let mut faults = Faults::default();
    let mut sections = Vec::new();
    let mut texts = Vec::new();
    for field in Field::ALL.iter().copied() {
        let input = Input::Field(field);
        if filled.element(input).is_none() {
            continue;
        }
        let Some(entered) = entered(filled, field) else {
            if memory.has_shown(field) {
                faults.find(
                    input,
                    "What is written here can be changed but not emptied. Say what is true now.",
                );
            }
            continue;
        };
        if memory.stood_as(field, &entered.remembered) {
            continue;
        }
        if let Some(fault) = fault(field, &entered.told, received_at) {
            faults.find(input, fault);
            continue;
        }
        let value = match entered.told {
            Told::Words(words) => {
                let text = Text::new(words, salt());
                let value = Value::Words(text.commitment());
                texts.push(text);
                value
            }
            Told::Links(words) => {
                let text = Text::new(words, salt());
                let value = Value::Links(text.commitment());
                texts.push(text);
                value
            }
            Told::Other(value) => value,
        };
        sections.push((field, value));
    }
    faults.settle()?;
    let criterion = filled
        .option(Input::Criterion)
        .and_then(Criterion::from_name);
    if sections.is_empty() && criterion.is_none() {
        return Err(Unheard::Ignored("nothing new was written"));
    }
    let ask = Ask::Document {
        change,
        sections,
        shown: memory.version,
        criterion,
    };
    Ok((ask, texts))
}

/// Returns what was put into a field, if anything was.
fn entered(filled: &Filled<'_>, field: Field) -> Option<Entered> {
    let input = Input::Field(field);
    let words = || {
        let words = filled.text(input);
        (!words.trim().is_empty()).then(|| words.to_owned())
    };
    let (remembered, told) = match field.row().kind {
        Kind::Recorded => return None,
        Kind::Words => {
            let words = words()?;
            (words.clone(), Told::Words(words))
        }
        Kind::Links => {
            let words = words()?;
            (words.clone(), Told::Links(words))
        }
        Kind::Link => {
            let words = words()?;
            let told = if is_address(words.trim()) {
                Told::Links(words.clone())
            } else {
                Told::Words(words.clone())
            };
            (words, told)
        }
        Kind::Choice(_) | Kind::Category => {
            let name = filled.option(input)?.to_owned();
            (name.clone(), Told::Other(Value::Choice(name)))
        }
        Kind::Person => {
            let who = filled.person(input)?;
            (who.as_str().to_owned(), Told::Other(Value::Person(who)))
        }
        Kind::Instant => {
            let at = filled.instant(input)?;
            let value = Value::Instant(at);
            (at.timestamp().to_string(), Told::Other(value))
        }
        Kind::Systems => {
            let mut names: Vec<String> = filled.options(input).map(str::to_owned).collect();
            if names.is_empty() {
                return None;
            }
            names.sort();
            (names.join("\n"), Told::Other(Value::Systems(names)))
        }
    };
    Some(Entered { remembered, told })
}

/// What is wrong with it, if anything is.
fn fault(field: Field, told: &Told, received_at: DateTime<Utc>) -> Option<&'static str> {
    match told {
        Told::Words(words) | Told::Links(words) if words.chars().count() > LONGEST_TEXT => {
            Some(TOO_LONG)
        }
        Told::Words(words) if field.row().kind == Kind::Link && words.contains("://") => {
            Some("Put the address here alone, beginning with https://; or say why there is none.")
        }
        Told::Links(words) if !words.split_whitespace().all(is_address) => {
            Some("One address a line, each beginning with https://.")
        }
        // Only a plan lies ahead.
        Told::Other(Value::Instant(at))
            if *at > received_at && field != Field::PermanentFixDueAt =>
        {
            Some("That is in the future. Choose when it was.")
        }
        Told::Words(_) | Told::Links(_) | Told::Other(_) => None,
    }
}
