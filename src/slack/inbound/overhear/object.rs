//! What a change is done to: is it a part of production, or a thing of everyday
//! life that people also restart, move and approve?
//!
//! Pure. English puts the noun that counts last (`the invoice service`, `the
//! service invoice`), so the last word before the next preposition decides.

use super::lexicon::{
    Weight, change, is_live, is_of_everyday_life, is_of_production, is_rehearsal,
};
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

/// Of these, the words after which stands where it happens; after the others stands
/// a reason or a companion.
const PLACES: &str = "to on in at from of via into onto";

/// Returns what a verb is done to, by the words after it: the first noun that
/// says so.
pub(super) fn thing(object: &[&str]) -> Thing {
    let mut said = Thing::Unsaid;
    for (before, own) in parts(object) {
        if !before.is_empty() && !among(before, PLACES) {
            continue;
        }
        match (said, named(own)) {
            // `The messages from the queue` are a part of it.
            (Thing::EverydayLife, Thing::Production) if before == "from" => {
                return Thing::Production;
            }
            (Thing::EverydayLife, _) | (_, Thing::Unsaid) => {}
            (_, thing @ (Thing::Production | Thing::Rehearsal)) => return thing,
            (_, thing @ (Thing::Unknown | Thing::EverydayLife)) => said = thing,
        }
    }
    said
}

/// As [`thing`], for what is put somewhere: `the kafka restart to the runbook`,
/// `the prod logs to my laptop`. Where it goes to says what it is.
pub(super) fn placed(object: &[&str]) -> Thing {
    parts(object)
        .filter(|(before, _)| among(before, "to on onto in into"))
        .map(|(_, own)| named(own))
        .find(|thing| matches!(thing, Thing::EverydayLife | Thing::Rehearsal))
        .unwrap_or_else(|| thing(object))
}

/// Takes a clause apart at its prepositions, each part with the one before it.
fn parts<'a, 'b>(words: &'a [&'b str]) -> impl Iterator<Item = (&'b str, &'a [&'b str])> {
    let mut rest = Some(words);
    let mut before = "";
    std::iter::from_fn(move || {
        let words = rest?;
        let end = words.iter().position(|word| among(word, BOUNDARIES));
        let (own, next) = words.split_at(end.unwrap_or(words.len()));
        let part = (before, own);
        rest = next.split_first().map(|(word, after)| {
            before = word;
            after
        });
        Some(part)
    })
}

/// Whether the words name something of everyday life that isn't only a part of
/// the name of something else: a call, but not the `call recording service`.
pub(super) fn speaks_of_everyday_life(words: &[&str]) -> bool {
    parts(words).any(|(_, part)| named(part) == Thing::EverydayLife)
}

/// Whether words say that it happens where customers are: `in prod`, but not `the
/// production rota`.
pub(super) fn names_live(words: &[&str]) -> bool {
    words.iter().enumerate().any(|(at, word)| {
        is_live(word)
            && !words
                .get(at + 1)
                .is_some_and(|next| is_of_everyday_life(next))
            && at.checked_sub(1).and_then(|before| words.get(before)) != Some(&"go")
    })
}

/// Reads one noun with what stands before it.
fn named(words: &[&str]) -> Thing {
    let things: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| is_thing(word))
        .collect();
    let Some(last) = things.last() else {
        return Thing::Unsaid;
    };
    // `The prod rollback` is a thing of production as `prod` is.
    let is_of_production = |word: &str| {
        is_of_production(word) || change(&[word], 0).is_some_and(|it| it.weight == Weight::Sure)
    };
    let is_live = things.iter().any(|word| is_live(word));
    if things.iter().any(|word| is_rehearsal(word)) && !is_live {
        Thing::Rehearsal
    } else if is_of_everyday_life(last)
        || !is_of_production(last) && words.iter().any(|word| matches!(*word, "my" | "myself"))
    {
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
         a an my our your its @ one over asap today tonight here i you manually",
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
                "my comment",
            ],
        );
        is(Thing::Rehearsal, &["the preview environment", "my dev pod"]);
        is(Thing::Unknown, &["checkout3", "Kim for the db part"]);
        is(Thing::Unsaid, &["", "it now", "it because prod is down"]);
    }

    #[test]
    fn where_a_thing_is_put_says_what_it_is() {
        let words = |text: &'static str| text.split(' ').collect::<Vec<_>>();
        assert_eq!(
            placed(&words("the kafka restart to the runbook")),
            Thing::EverydayLife
        );
        assert_eq!(
            placed(&words("the prod logs to my laptop")),
            Thing::Rehearsal
        );
        assert_eq!(
            placed(&words("max_conn to 500 on redis")),
            Thing::Production
        );
    }
}
