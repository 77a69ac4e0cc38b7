//! The words by which people refuse, and those that only look like it.
//!
//! Pure; it only looks at the words of one clause.

use super::clause::{Act, Strength};
use super::grant::may_follow;
use super::lexicon::{Weight, change, is_of_everyday_life, is_of_production};
use super::phrases::{among, any, are, starts_with};
use super::words::NAME;

/// Words that turn what follows them round.
pub(super) const NEVER: &str = "dont not never cant wont shouldnt mustnt";

/// Reads a clause that refuses.
pub(super) fn refused(words: &[&str]) -> Option<Act> {
    // `Don't deploy if the canary is red` refuses nothing yet.
    let is_hypothetical = words.iter().any(|word| matches!(*word, "if" | "unless"));
    let act = refusal(words)?;
    Some(if is_hypothetical { Act::Void } else { act })
}

/// Phrases that refuse wherever they stand in a clause.
const PHRASES: &str = "not yet | better not | not a chance | no chance | over my dead \
         body | do nothing | wouldnt do | i wouldnt | prefer you dont | prefer \
         you didnt | prefer not | be a no | say no | saying no | thats a negative | its a negative \
         | not during | not while | no for now | no for the | not now | \
         not today | not until | not before | not without | not like this | not \
         comfortable | not ok | not happy | not a good idea | not on my \
         watch | not going to happen | not right now | not at this | \
         not cleared | under no circumstances | i dont want that | i dont want \
         this | i dont want it | hold off | holding off | hold fire | hold your \
         horses | stand down | no go | no-go | absolutely not | \
         definitely not | certainly not | rather not | rather you didnt \
         | rather we didnt | rather you not | lets not | lets wait | \
         lets hold | leave it alone | leave it as | no way | i object | \
         veto | i reject | i deny | i decline | i refuse | not \
         happening | no can do | nack | nak | not a go | not good to go \
         | abort | too risky";

/// `Denied`, `not approved`.
fn decides_no(words: &[&str]) -> bool {
    (0..words.len()).any(|at| {
        let negated = words
            .get(..at)
            .unwrap_or_default()
            .iter()
            .any(|word| matches!(*word, "not" | "isnt" | "arent"));
        match words.get(at..).unwrap_or_default() {
            [
                "denied" | "rejected" | "declined" | "vetoed" | "refused",
                after @ ..,
            ] => !negated && may_follow(after),
            ["approved" | "authorized" | "granted" | "permitted", ..] => negated,
            _ => false,
        }
    })
}

/// Reads a refusal, as if it stood under no condition.
fn refusal(words: &[&str]) -> Option<Act> {
    let clear = Some(Act::Refuse(Strength::Clear));
    let rest: Vec<&str> = words
        .iter()
        .copied()
        .skip_while(|word| {
            let leads = among(
                word,
                "please ok so just and but lets sorry yes now no stop wait hey \
                 also we you guys im",
            );
            (leads || word.starts_with(':')) && words.len() > 1
        })
        .collect();
    let first = words
        .iter()
        .copied()
        .find(|word| !among(word, "please ok just and no wait"))
        .unwrap_or_default();
    if is_no(words) {
        let only = words
            .iter()
            .all(|word| *word == "no" || word.starts_with(':') || *word == NAME);
        return Some(Act::Refuse(if only {
            Strength::Bare
        } else {
            Strength::Clear
        }));
    }
    if any(
        words,
        "cant approve | cant authorize | wont approve | wont authorize | \
         not approving | not authorizing | cant ok | cant let you | cant sign off | cant allow | \
         dont approve | dont authorize | not going to approve | unable to approve",
    ) {
        return Some(Act::Unable);
    }
    if is_prohibition(words) {
        return clear;
    }
    if decides_no(words) {
        return clear;
    }
    if any(words, PHRASES) && !is_about_something_else(words) {
        return clear;
    }
    let short = words.len() <= 4;
    let holds = are(
        &rest,
        "hold | negative | deny | decline | reject | disapproved",
    ) || starts_with(
        &rest,
        "hold please | hold it | hold this | hold that | hold for | \
         hold until | hands off | hold on that | hold on this | \
         rejecting this | rejecting that | rejecting it | declining \
         this | declining for | denying this",
    ) || (starts_with(&rest, "hold the | hold all")
        && (2..rest.len()).any(|at| change(&rest, at).is_some()))
        || (short && starts_with(&rest, "leave it | leave that") && !words.contains(&"me"));
    if holds {
        return clear;
    }
    if first == "stop"
        && (short
            || matches!(
                words.get(1),
                Some(&("dont" | "do" | "everything" | "deploying" | "right"))
            ))
    {
        return Some(Act::Stop);
    }
    None
}

/// `hold off on the comms` refuses something that nobody asked.
fn is_about_something_else(words: &[&str]) -> bool {
    let words = words.strip_prefix(&["leave"]).unwrap_or(words);
    // `Until I'm at my desk` is when, not what.
    let words = words
        .split(|word| among(word, "until till while before because"))
        .next()
        .unwrap_or_default();
    words.iter().any(|word| {
        is_of_everyday_life(word)
            && !among(
                word,
                "plan call swap page customers customer team legal shift day",
            )
    }) && !words.iter().any(|word| is_of_production(word))
}

/// `no`, `nope, sorry`, `no we'd lose data`; but not `no alerts here`.
fn is_no(words: &[&str]) -> bool {
    let is_refusing_picture = |word: &str| {
        among(
            word,
            ":-1: :thumbsdown: :x: :no_entry: :no_entry_sign: \
             :octagonal_sign: :stop_sign: :stop: :no_good: \
             :woman-gesturing-no: :man-gesturing-no: :no: :nope: :denied: \
             :negative_squared_cross_mark: :red_circle: :raised_hand: \
             :hand: :heavy_multiplication_x:",
        )
    };
    if words.iter().all(|word| {
        is_refusing_picture(word)
            || among(
                word,
                "no sorry please thanks sir from me my side end not im afraid hell god \
                 hard firm definite its a thats hm hmm",
            )
            || *word == NAME
    }) && words
        .iter()
        .any(|word| *word == "no" || is_refusing_picture(word))
    {
        return true;
    }
    // `No restarts please`.
    if let ["no", what, rest @ ..] = words
        && let Some(single) = what.strip_suffix('s')
        && change(&[single], 0).is_some_and(|it| it.weight == Weight::Sure)
    {
        return rest.len() <= 2;
    }
    matches!(
        words,
        [
            "no",
            "not"
                | "dont"
                | "we"
                | "wed"
                | "you"
                | "that"
                | "thats"
                | "its"
                | "it"
                | "this"
                | "i"
                | "im"
                | "id"
                | "because"
                | "cause"
                | "cuz"
                | "way"
                | "wait"
                | "stop"
                | "please"
                | "sorry"
                | "leave"
                | "lets"
                | "too"
                | "never"
                | "cant"
                | "hold"
                | "bc"
                | "theres"
                | "do",
            ..
        ]
    ) && !matches!(
        words,
        ["no", "you", "can" | "go", ..]
            | [
                "no",
                "that" | "thats" | "its" | "it",
                "fine" | "ok" | "is",
                ..
            ]
            | ["no", "i", "dont", "mind" | "know" | "think", ..]
    )
}

/// `don't deploy`, `please do not touch it`.
fn is_prohibition(words: &[&str]) -> bool {
    let at = words
        .iter()
        .position(|word| matches!(*word, "dont") || among(word, NEVER) && *word != "not");
    let Some(at) = at else {
        return false;
    };
    let word = words.get(at).copied().unwrap_or_default();
    if among(word, "never cant wont shouldnt mustnt") {
        let is_ours = matches!(
            at.checked_sub(1).and_then(|before| words.get(before)),
            Some(&("you" | "we" | "this"))
        );
        return is_ours
            && matches!(word, "cant" | "shouldnt" | "mustnt")
            && (change(words, at + 1).is_some() || words.get(at + 1) == Some(&"do"));
    }
    let next = at + 1;
    let before = words.get(..at).unwrap_or_default();
    let is_said_to_others = before.iter().all(|word| {
        among(
            word,
            "please no yes ok so just but and wait stop you lets sorry we \
             guys better hey all",
        ) || *word == NAME
            || word.starts_with(':')
    });
    let forbids = match words.get(next).copied() {
        None => true,
        Some(word)
            if among(
                word,
                "do touch proceed go even you try please start make mess just yet",
            ) =>
        {
            true
        }
        Some(_) => {
            change(words, next).is_some_and(|it| !among(it.stem, "let use skip force bypass log"))
        }
    };
    is_said_to_others && forbids && !is_about_something_else(words)
}
