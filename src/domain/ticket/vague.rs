//! Which words say too little to be evidence.
//!
//! A guess by the words alone, which only ever marks: a vague text is accepted,
//! and whoever decides sees the mark beside it. It would rather miss one than
//! scold somebody who said something.

use std::collections::BTreeSet;
use std::fmt;

use super::{Field, Kind};

named! {
    /// Why a text says too little.
    pub enum Vague {
        /// It would fit any change: `misc fixes`, `ok`, `tested locally`.
        SaysNothing = "says_nothing",
        /// It promises to say it later: `TBD`.
        Later = "later",
        /// It points elsewhere without a link: `see above`.
        Elsewhere = "elsewhere",
        /// Another field says the very same.
        Copied = "copied",
        /// It is too short to tell anything.
        TooShort = "too_short",
        /// It tells of a test without a link, or why there is none.
        NoEvidence = "no_evidence",
    }
}

impl fmt::Display for Vague {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SaysNothing => "says nothing about this change",
            Self::Later => "promises to say it later",
            Self::Elsewhere => "points elsewhere without a link",
            Self::Copied => "says the same as another field",
            Self::TooShort => "is too short to tell",
            Self::NoEvidence => "has no link to what was tested, and no reason why there is none",
        })
    }
}

/// Returns why the words of a field say too little, if they do; `others` are the
/// words of the ticket's other fields.
pub fn vague(field: Field, text: &str, others: &[(Field, &str)]) -> Option<Vague> {
    match field.row().kind {
        Kind::Words | Kind::Link => {}
        Kind::Recorded
        | Kind::Choice(_)
        | Kind::Category
        | Kind::Links
        | Kind::Person
        | Kind::Instant
        | Kind::Systems => return None,
    }
    let words = words_of(text);
    let has_link = has_link(text);
    let all_in = |known: &str| all_of(&words, known);
    let any_in = |known: &str| any_of(&words, known);
    if words.is_empty() {
        return Some(Vague::SaysNothing);
    }
    if takes_none_for_an_answer(field) && all_in(NONE) {
        return None;
    }
    if !has_link {
        if any_in(PROMISES) && all_of(&words, PROMISES_AND_AROUND) {
            return Some(Vague::Later);
        }
        if any_in(POINTERS) && all_of(&words, POINTERS_AND_AROUND) {
            return Some(Vague::Elsewhere);
        }
        if words
            .iter()
            .all(|word| is_in(word, NOTHING) || is_noise(word))
        {
            return Some(Vague::SaysNothing);
        }
    }
    let is_copied = |(other, body): &(Field, &str)| *other != field && words_of(body) == words;
    if others.iter().any(is_copied) {
        return Some(Vague::Copied);
    }
    if has_link {
        return None;
    }
    let telling: BTreeSet<&String> = words.iter().filter(|word| !is_in(word, SMALL)).collect();
    let names_something = words
        .iter()
        .any(|word| word.contains(char::is_numeric) || is_a_sentence(word));
    if telling.len() < ENOUGH_TO_TELL && !names_something {
        return Some(Vague::TooShort);
    }
    (field == Field::Testing && !says_why_not(&words)).then_some(Vague::NoEvidence)
}

/// So many different words that aren't small ones tell something.
const ENOUGH_TO_TELL: usize = 3;

/// So many letters of a script without capitals are more than one word.
const LETTERS_OF_A_SENTENCE: usize = 8;

/// After a *because* stand so many words, or it gives no reason.
const ENOUGH_FOR_A_REASON: usize = 2;

/// Whether a plain *none* is a full answer.
fn takes_none_for_an_answer(field: Field) -> bool {
    matches!(
        field,
        Field::ControlsBypassed
            | Field::ControlsRestored
            | Field::CustomerImpact
            | Field::PrivacyImpact
            | Field::RegulatedScope
            | Field::TestingDeferred
            | Field::HandOff
            | Field::Notifications
            | Field::SecurityImpactWords
            | Field::RollbackData
    )
}

/// Whether it says that something couldn't be tested or shown, and why.
fn says_why_not(words: &[String]) -> bool {
    let Some(at) = words.iter().position(|word| is_in(word, REASONS)) else {
        return false;
    };
    let (before, after) = words.split_at(at);
    let denies = before.iter().any(|word| is_in(word, DENIALS));
    let about_it = before.iter().any(|word| is_in(word, PROOFS));
    let reason = after.iter().skip(1).filter(|word| !is_in(word, SMALL));
    denies && about_it && reason.count() >= ENOUGH_FOR_A_REASON
}

fn has_link(text: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| {
        text.split(scheme)
            .skip(1)
            .any(|rest| rest.starts_with(char::is_alphanumeric))
    })
}

/// The words in lower case, without what stands around them. `n/a` is one word,
/// and an apostrophe none.
fn words_of(text: &str) -> Vec<String> {
    text.to_lowercase()
        .replace(['\'', '’'], "")
        .replace("n/a", "na")
        .replace("n.a.", "na")
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether it is a sentence in a script that puts no spaces between its words.
fn is_a_sentence(word: &str) -> bool {
    let uncased = |c: &char| c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase();
    word.chars().filter(uncased).count() >= LETTERS_OF_A_SENTENCE
}

/// A letter alone, a key held down, or letters that nobody can say.
fn is_noise(word: &str) -> bool {
    if word.contains(char::is_numeric) {
        return false;
    }
    let different: BTreeSet<char> = word.chars().collect();
    let is_latin = word.is_ascii();
    let has_vowel = word.contains(['a', 'e', 'i', 'o', 'u', 'y']);
    different.len() == 1 || (is_latin && word.len() > 4 && !has_vowel)
}

fn is_in(word: &str, known: &str) -> bool {
    known.split_whitespace().any(|one| one == word)
}

fn all_of(words: &[String], known: &str) -> bool {
    words.iter().all(|word| is_in(word, known))
}

fn any_of(words: &[String], known: &str) -> bool {
    words.iter().any(|word| is_in(word, known))
}

/// Words that only hold others together.
const SMALL: &str = "\
    a about after all an and are as at be been by did do does done for from had has have i in into \
    is it its me my now of on or our so some that the their them then there they this to up was we \
    were will with you your";

/// An answer where nothing had to be told.
const NONE: &str = "\
    none no nothing nobody not at all na any was were is had impact effect needed required \
    applicable affected bypassed deferred notified data customer customers privacy the on of to";

/// Words that would fit any change.
const NOTHING: &str = "\
    a adjusted adjustment adjustments all alright an and any applicable applied are as asdf at \
    back bar baz been bla blah bug bugfix bugfixes bugs by change changed changes check checked \
    checks code commit config configuration confirmed correct correctly deploy deployed deployment \
    did do does done emergency error errors everything expected few fine fix fixed fixes fixing \
    foo for good great had happened has hotfix how i idk in ipsum is issue issues it its just k \
    learned lesson lessons lgtm like local locally looks lorem made machine manual manually minor \
    misc miscellaneous my na needed new nil no none normal nope not nothing of ok okay on our out \
    outcome passed patch patched plan please pls problem problems prod production quick qwer \
    qwerty release released required resolved revert reverted roll rollback rolled simple small \
    solved some something sorted sorry special standard stuff success successful successfully test \
    tested testing tests that the there thing things this to unknown update updated updates usual \
    various verified was we well went were what which will with work worked working works yep yes";

/// Words that put it off.
const PROMISES: &str = "tbd tbc tba todo later soon pending wip follow follows tomorrow afterwards";

/// The same, and what stands around them.
const PROMISES_AND_AROUND: &str = "\
    tbd tbc tba todo later soon pending wip follow follows tomorrow afterwards a add added and be \
    come coming details do done fill filled i ill in is it more on progress provide provided still \
    test testing tests the this to update we well will with work write written";

/// Words that point elsewhere.
const POINTERS: &str = "\
    see above below discussed described mentioned stated same ditto idem refer cf thread channel \
    elsewhere";

/// The same, and what stands around them.
const POINTERS_AND_AROUND: &str = "\
    see above below discussed described mentioned stated same ditto idem refer cf thread channel \
    elsewhere a already an and as before call chat check comment comments commit description doc \
    docs earlier field for github here in incident info is it its jira link log logs message \
    messages more details note notes of on other our please pls postmortem pr previous pull \
    request section slack story that the this ticket to up was we what with";

/// Words that begin a reason.
const REASONS: &str = "because since as due so cause reason why without";

/// Words that deny.
const DENIALS: &str = "\
    no not none never nothing without couldnt cant cannot wasnt isnt havent hadnt didnt untested \
    impossible unable skipped omitted";

/// What such a reason is about.
const PROOFS: &str = "\
    test tests tested testing untested possible link links log logs screenshot screenshots evidence \
    record records recorded trace proof reproduce reproduced reproducible staging verify verified \
    check checked validated validate impossible skipped";
