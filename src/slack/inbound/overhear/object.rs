//! What a change is done to: is it a part of production, or a thing of everyday
//! life that people also restart, move and approve?
//!
//! Pure. English puts the noun that counts last (`the invoice service`, `the
//! service invoice`), so the last word before the next preposition decides.

use super::lexicon::{is_live, is_of_everyday_life, is_of_production, is_rehearsal};
use super::phrases::among;

/// What the words after a verb name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thing {
    /// `the prod gateway`, `the invoice service`.
    Production,
    /// `the service invoice`, `shifts`, `this to sev 3`.
    EverydayLife,
    /// `the preview environment`, `my dev pod`.
    Rehearsal,
    /// A name that no list knows: `checkout`.
    Unknown,
    /// `it`, or nothing.
    Unsaid,
}

/// Words that begin another part of the sentence.
const BOUNDARIES: &str = "to for on in at from with about because and or so until \
                          while before after by of via into onto as if when that \
                          which who since then using without during";

/// Of these, the words after which stands a reason or a companion, and no object.
const REASONS: &str = "for about because so until while before after when if since \
                       with by as and then who which during";

/// Returns what a verb is done to, by the words after it.
pub(super) fn thing(object: &[&str]) -> Thing {
    let (own, rest) = split(object);
    let first = named(own);
    // `this to sev3`, `Kim to staff`: where it goes says what it is.
    let target = match rest.first() {
        Some(before) if !among(before, REASONS) => {
            named(split(rest.get(1..).unwrap_or_default()).0)
        }
        Some(_) | None => Thing::Unsaid,
    };
    match (first, target) {
        (Thing::Unsaid | Thing::Unknown, Thing::Unsaid) => first,
        (Thing::Unsaid | Thing::Unknown, _) => target,
        (_, Thing::EverydayLife) if is_movable(own) => target,
        _ => first,
    }
}

/// Whether the words name something of everyday life that isn't only a part of
/// the name of something else: a call, but not the `call recording service`.
pub(super) fn speaks_of_everyday_life(words: &[&str]) -> bool {
    words
        .split(|word| among(word, BOUNDARIES))
        .any(|part| named(part) == Thing::EverydayLife)
}

/// Whether words say that it happens where customers are: `in prod`, but not `the
/// production rota`.
pub(super) fn names_live(words: &[&str]) -> bool {
    words.iter().enumerate().any(|(at, word)| {
        is_live(word)
            && !words
                .get(at + 1)
                .is_some_and(|next| is_of_everyday_life(next))
    })
}

/// Logs and dumps are carried away without a change to production.
fn is_movable(words: &[&str]) -> bool {
    words
        .iter()
        .any(|word| among(word, "log logs dump dumps graph data"))
}

fn split<'a, 'b>(words: &'a [&'b str]) -> (&'a [&'b str], &'a [&'b str]) {
    let end = words
        .iter()
        .position(|word| among(word, BOUNDARIES))
        .unwrap_or(words.len());
    words.split_at(end)
}

/// Reads one noun with what stands before it.
fn named(words: &[&str]) -> Thing {
    let things: Vec<&str> = words.iter().copied().filter(|word| is_thing(word)).collect();
    let Some(last) = things.last() else {
        return Thing::Unsaid;
    };
    let is_live_too = things.iter().any(|word| is_live(word));
    if things.iter().any(|word| is_rehearsal(word)) && !is_live_too {
        Thing::Rehearsal
    } else if is_of_everyday_life(last) {
        Thing::EverydayLife
    } else if is_of_production(last) {
        Thing::Production
    } else if things.iter().any(|word| is_of_everyday_life(word)) {
        Thing::EverydayLife
    } else if things.iter().any(|word| is_of_production(word)) {
        Thing::Production
    } else {
        Thing::Unknown
    }
}

/// Whether a word after a verb is a thing and not `it`, `now`, `please`.
pub(super) fn is_thing(word: &str) -> bool {
    !(among(
        word,
        "it this that them these those now please out off on again up down straight \
         away right immediately to and then ahead yet so we can all both already the \
         a an my our your its @ one back over asap today tonight here i you manually",
    ) || word.starts_with(':')
        || word.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(expected: Thing, objects: &[&str]) {
        for object in objects {
            let words: Vec<&str> = object.split(' ').collect();
            assert_eq!(thing(&words), expected, "{object}");
        }
    }

    #[test]
    fn the_last_noun_decides() {
        is(
            Thing::Production,
            &[
                "the invoice service to 3.2",
                "the newsletter job in prod",
                "redis for the vendor",
                "replica 2 to primary",
            ],
        );
        is(
            Thing::EverydayLife,
            &[
                "the service invoice",
                "this to sev3 please",
                "Kim to staff",
                "a case with aws about the cluster",
                "shifts on the production rota",
                "the prod logs to my laptop",
            ],
        );
        is(Thing::Rehearsal, &["the preview environment", "my dev pod"]);
        is(Thing::Unknown, &["checkout3", "Kim for the db part"]);
        is(Thing::Unsaid, &["", "it now", "it because prod is down"]);
    }
}
