//! What one clause of an answer does.
//!
//! Pure. The rules stand in the order in which they are asked: what makes the
//! whole answer worthless first, then what refuses, then what grants, and last
//! the words that mean something only because nothing else is said.

use super::doubt::{is_conditional, is_guess, is_hearsay, is_of_the_past, is_passed_on};
use super::grant::{granted, is_courtesy};
use super::lexicon::{is_of_another_day, is_only_a_rehearsal};
use super::phrases::{among, any, found};
use super::refusal::refused;

/// How much an answer says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// `Sounds good`, `+1`: anybody may cheer so.
    Nod,
    /// `Yes`: an answer, to whatever was asked last.
    Bare,
    /// `Go ahead`, `hold off`.
    Clear,
    /// `Approved`: what nobody says of anything else.
    Formal,
}

/// What a clause does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// It grants, perhaps by an order.
    Grant(Strength, Option<&'static str>),
    /// It refuses.
    Refuse(Strength),
    /// It calls to stop.
    Stop,
    /// Its author says that they can't grant.
    Unable,
    /// It makes whatever else is granted conditional, hearsay or a guess.
    Void,
    /// It takes nothing away from a mere yes: `thanks`, `ping me when it's done`.
    Benign,
    /// It is about something else.
    Idle,
}

/// A clause that was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    pub(super) act: Act,
    /// Whether it tells what to do later, so that the rest of its sentence is no
    /// condition.
    pub(super) is_told: bool,
}

/// Reads one clause.
pub(super) fn act(words: &[&str]) -> Heard {
    let heard = |act| Heard {
        act,
        is_told: false,
    };
    // A `but` is weighed by what follows it.
    if let ["but", rest @ ..] = words {
        if is_reservation(rest) {
            return heard(Act::Void);
        }
        return act(rest);
    }
    if is_contingency(words) {
        return Heard {
            act: Act::Benign,
            is_told: true,
        };
    }
    if let Some(at) = told_later(words).or_else(|| contingency_from(words)) {
        let before = words.get(..at).unwrap_or_default();
        let act = if before.is_empty() {
            Act::Benign
        } else {
            decided(before)
        };
        return Heard { act, is_told: true };
    }
    heard(decided(words))
}

/// Reads a clause of which nothing is put off to later.
fn decided(words: &[&str]) -> Act {
    let words = without_idioms(words);
    let words = words.as_slice();
    if words.is_empty() {
        return Act::Benign;
    }
    if is_hearsay(words) || is_of_the_past(words) {
        return Act::Void;
    }
    if let Some(refused) = refused(words) {
        return refused;
    }
    if is_conditional(words) || is_guess(words) || is_passed_on(words) {
        return Act::Void;
    }
    if let Some(granted) = granted(words) {
        // `Approved in staging`, `approved for tomorrow`: not here, not now.
        return if is_only_a_rehearsal(words) || is_of_another_day(words) {
            Act::Void
        } else {
            granted
        };
    }
    if is_benign(words) {
        return Act::Benign;
    }
    Act::Idle
}

/// `Roll back if error rates climb`: what to do later, and no condition.
fn is_contingency(words: &[&str]) -> bool {
    let rest: Vec<&str> = words
        .iter()
        .copied()
        .skip_while(|word| among(word, "and but just then please be ready prepared to"))
        .collect();
    let undoes = among(
        rest.first().copied().unwrap_or_default(),
        "rollback revert roll abort undo stop back pull bail",
    );
    let turns = rest
        .iter()
        .any(|word| among(word, "if when once should unless sign"));
    undoes && turns && !rest.contains(&"until")
}

/// Returns where a clause begins to say who wants to hear of it: `ping me when`.
fn told_later(words: &[&str]) -> Option<usize> {
    let at = words.iter().enumerate().position(|(at, word)| {
        let next = words.get(at + 1).copied().unwrap_or_default();
        let is_first = at == 0
            || words
                .get(at - 1)
                .is_some_and(|word| among(word, "and then please just but also"));
        let wants = match *word {
            "page" | "update" => among(next, "me us here this @"),
            "ping" | "tell" | "dm" | "message" | "notify" => {
                among(next, "me us here the this support everyone @")
            }
            "call" => matches!(next, "me" | "us" | "out"),
            "shout" | "yell" | "holler" | "scream" | "report" | "watch" | "monitor" => true,
            "post" => among(next, "here in the when once it an results updates"),
            "let" => matches!(next, "me" | "us") && words.get(at + 2) == Some(&"know"),
            "keep" => among(next, "me us an posted watching the"),
            "log" | "document" | "record" | "note" => among(next, "it the this everything that"),
            "say" => matches!(next, "when" | "so"),
            "make" => {
                next == "sure"
                    && words.get(at + 2) == Some(&"to")
                    && words.get(at + 3).is_some_and(|word| {
                        among(word, "post log document watch monitor tell update")
                    })
            }
            _ => false,
        };
        // `And page Sam`: an aside, whoever it is.
        let is_aside = among(word, "page ping tell call dm notify inform")
            && matches!(
                words.get(..at),
                Some(["and"] | ["and", "then" | "also" | "please"])
            );
        (wants || is_aside) && is_first
    })?;
    // `and` before it leads over.
    let lead = words
        .get(..at)?
        .iter()
        .rev()
        .take_while(|word| among(word, "and then please just but also"))
        .count();
    Some(at - lead)
}

/// Returns where a clause turns to what to do later: `go and revert if it fails`.
fn contingency_from(words: &[&str]) -> Option<usize> {
    (1..words.len()).find(|at| {
        let leads_over = matches!(words.get(*at), Some(&("and" | "then")));
        leads_over && is_contingency(words.get(*at..).unwrap_or_default())
    })
}

/// What follows a `but` and takes back what stands before it.
fn is_reservation(rest: &[&str]) -> bool {
    rest.iter().any(|word| {
        among(
            word,
            "check only not wait ask talk get need needs havent im i cant \
             dont security legal verify confirm want id",
        )
    })
}

/// Leaves out what looks like a condition and is none.
fn without_idioms<'a>(words: &[&'a str]) -> Vec<&'a str> {
    const IDIOMS: &str = "when ready | when you are ready | when youre ready | when you \
                          are | when you can | when you like | whenever youre ready | \
                          whenever you are ready | whenever you want | whenever ready | \
                          whenever | as soon as you can | as soon as possible | as soon \
                          as youre ready | as soon as you are ready | if you need \
                          anything | if you need me | if you need help | if needed | if \
                          need be | no worries | no problem | no rush | no need to ask | you dont need to ask | you dont have to ask | \
                          what you need to do | what you need | whatever you need | what \
                          you have to do | what you have to | after that | after this | \
                          after the fact | at once | first thing | before it gets worse";
    let mut kept = words.to_vec();
    // Nobody says one twice in a clause, and alone they say something.
    for idiom in IDIOMS.split('|') {
        let place = found(&kept, idiom).next();
        if let Some((from, to)) = place
            && kept.len() > to - from
        {
            kept.drain(from..to);
        }
    }
    kept
}

/// `Thanks`, `I'm watching the graphs`, `be careful`.
fn is_benign(words: &[&str]) -> bool {
    let all_small = words.iter().all(|word| {
        is_courtesy(word)
            || word.starts_with(':')
            || among(
                word,
                "careful be slowly luck good carefully jumping night quick work \
                 awesome nice no worries rush problem time at a first step gogo",
            )
            || word.starts_with(|c: char| c.is_ascii_digit())
    });
    let watches = any(
        words,
        "watching | ill watch | ill monitor | monitoring | standing by \
         | im here | im on the | im around | keep an eye | be careful | \
         good luck | with you | ill tell | ill let | ill post | ill \
         inform | ill take responsibility | one at a time | at a time | \
         we need this | need this | thanks for | for jumping",
    );
    all_small || watches
}
