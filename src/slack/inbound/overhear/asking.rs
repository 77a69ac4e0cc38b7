//! The words that ask: `can I`, `ok to`, `any objections`, a change with a
//! question mark.
//!
//! Pure; it only looks at the words of one clause. Those that name the permission
//! itself are in `permission`.

use std::ops::Range;

use super::lexicon::{Change, Form, Weight, change, is_deed, is_state};
use super::permission::{awaited, named, told_to_approve, wanted, wanted_from};
use super::phrases::{among, are, found, greets, starts};
use super::words::{NAME, QUOTE};

/// How a question is put, which decides what a short answer to it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// `Can I …?`, `authorization?`: yes is yes.
    Plain,
    /// `Should we …?`, `safe to …?`: may be a question of fact, so that a mere yes
    /// isn't enough.
    Soft,
    /// `Mind if I …?`: yes and no can both mean either.
    Mind,
    /// `Any objections?`: no is yes.
    Objections,
}

/// Words that ask for permission, where they stand in a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asking {
    pub(super) manner: Manner,
    /// Whether it names the permission: `approval to …`, `please authorize …`.
    pub(super) is_formal: bool,
    /// The words to leave out where only the change is wanted.
    pub(super) phrase: Range<usize>,
    /// The change, if the phrase leads up to one.
    pub(super) verb: Option<Change>,
    /// `ok?`, which asks only after words that announce a change.
    pub(super) is_tag: bool,
}

impl Asking {
    pub(super) fn of(manner: Manner, phrase: Range<usize>) -> Self {
        Self {
            manner,
            is_formal: false,
            phrase,
            verb: None,
            is_tag: false,
        }
    }

    /// Words that lead up to a change.
    pub(super) fn leading_to(verb: Change, manner: Manner, phrase: Range<usize>) -> Self {
        Self {
            verb: Some(verb),
            ..Self::of(manner, phrase)
        }
    }

    /// How much the words that ask are to be preferred to others in the message: a
    /// bare change with a question mark least, words that lead up to a change most.
    pub(super) fn rank(&self) -> u8 {
        match (self.phrase.is_empty(), self.verb) {
            (true, _) => 0,
            (false, None) => 1,
            (false, Some(_)) => 2,
        }
    }

    pub(super) fn formal(self) -> Self {
        Self {
            is_formal: true,
            ..self
        }
    }

    fn objecting(self) -> Self {
        Self {
            manner: Manner::Objections,
            ..self
        }
    }

    pub(super) fn tag(phrase: Range<usize>) -> Self {
        Self {
            is_tag: true,
            ..Self::of(Manner::Plain, phrase)
        }
    }
}

/// What is known of a clause besides its words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    /// A question mark ends its sentence.
    pub(super) is_question: bool,
    /// Somebody is named in the message.
    pub(super) is_addressed: bool,
    /// It is the only clause of its sentence, or the last.
    pub(super) is_last: bool,
}

/// Returns how many words at the beginning only greet or name.
pub(super) fn lead(words: &[&str]) -> usize {
    words
        .iter()
        .take_while(|word| **word == NAME || **word == QUOTE || greets(word))
        .count()
}

/// Finds words that ask for permission in a clause.
pub(super) fn asking(words: &[&str], lead: usize, around: Around) -> Option<Asking> {
    modal(words, around.is_question)
        .or_else(|| ready(words, lead, around))
        .or_else(|| objection(words, lead, around))
        .or_else(|| wanted(words, around.is_addressed).map(Asking::formal))
        .or_else(|| named(words, lead, around).map(Asking::formal))
        .or_else(|| told_to_approve(words, lead, around).map(Asking::formal))
        .or_else(|| awaited(words))
        .or_else(|| tag(words, lead, around))
        .or_else(|| bare(words, lead, around))
}

/// Words that may stand between asking and the change.
const BETWEEN: &str = "just now please also quickly safely simply then and really at \
                       least immediately maybe temporarily try to manually re hot";

/// Finds the change that begins within the few words from `at`.
pub(super) fn verb_from(words: &[&str], at: usize, form: Form) -> Option<(usize, Change)> {
    let mut at = at;
    for phrase in [
        &["go", "ahead", "and"][..],
        &["go", "ahead", "with"],
        &["start"],
    ] {
        if starts(words.get(at..)?, phrase) && words.len() > at + phrase.len() {
            let next = at + phrase.len();
            if phrase.len() > 1 || change(words, next).is_some_and(|it| it.form == Form::Ongoing) {
                at = next;
            }
        }
    }
    let skipped = words
        .iter()
        .skip(at)
        .take_while(|word| among(word, BETWEEN))
        .count();
    let at = at + skipped.min(4);
    let Some(found) = change(words, at).filter(|it| it.stem != "make") else {
        return deed(words, at);
    };
    // `deploying` after `go ahead with`, `deploy` after `can I`.
    (found.form == form || found.form == Form::Ongoing).then_some((at, found))
}

/// Finds the change behind a verb that only leads to it: `do an emergency deploy`,
/// `ssh to web-3 and restart nginx`.
fn deed(words: &[&str], at: usize) -> Option<(usize, Change)> {
    let verb = words.get(at)?;
    let article = words.get(at + 1).copied().unwrap_or_default();
    if is_deed(verb) && matches!(article, "a" | "an" | "the") {
        return (at + 2..(at + 5).min(words.len()))
            .find_map(|n| change(words, n).map(|it| (n, it)))
            .filter(|(_, it)| it.weight == Weight::Sure);
    }
    let and = words
        .iter()
        .skip(at + 1)
        .take(7)
        .position(|word| *word == "and")?;
    let next = at + 1 + and + 1;
    change(words, next)
        .filter(|it| it.form == Form::Base)
        .map(|it| (next, it))
}

/// `Can I …`, `may we …`, `shall I …`.
fn modal(words: &[&str], is_question: bool) -> Option<Asking> {
    let at = words.windows(2).position(|pair| match pair {
        [modal, who] => {
            among(modal, "can could may shall should might") && matches!(*who, "i" | "we")
        }
        _ => false,
    });
    let Some(at) = at else {
        return to_know(words, is_question);
    };
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    if before.is_some_and(|word| among(word, "when how what why so that where think if")) {
        return None;
    }
    let manner = match words.get(at) {
        Some(&"should") => Manner::Soft,
        _ => Manner::Plain,
    };
    let rest = words.get(at + 2..).unwrap_or_default();
    let rest_at = at + 2 + rest.iter().take_while(|word| among(word, BETWEEN)).count();
    let rest = words.get(rest_at..).unwrap_or_default();
    match rest.first().copied().unwrap_or_default() {
        "get" | "have" | "ask" | "request" => {
            return wanted_from(words, rest_at, at).map(Asking::formal);
        }
        "do" if matches!(rest.get(1), Some(&("it" | "this" | "that" | "so"))) => {
            return Some(Asking::of(manner, at..rest_at + 2));
        }
        "go" if rest.len() == 1 || matches!(rest.get(1), Some(&("ahead" | "now" | "for"))) => {
            if let Some((verb_at, verb)) = verb_from(words, rest_at, Form::Base)
                && verb.stem != "go"
            {
                return Some(Asking::leading_to(verb, manner, at..verb_at));
            }
            let is_with = matches!(rest.get(2), Some(&("with" | "on")));
            let end = rest_at + 2.min(rest.len()) + usize::from(is_with);
            return Some(Asking::of(manner, at..end));
        }
        "proceed" | "continue" => {
            let with = usize::from(matches!(rest.get(1), Some(&"with")));
            return Some(Asking::of(manner, at..rest_at + 1 + with));
        }
        _ => {}
    }
    let (verb_at, verb) = verb_from(words, rest_at, Form::Base)?;
    Some(Asking::leading_to(verb, manner, at..verb_at))
}

/// `Let me know if I can …`, `do you want me to …?`
fn to_know(words: &[&str], is_question: bool) -> Option<Asking> {
    const LEADS: &str = "let me know if i can | let me know if we can | let me know if \
                         i may | let me know if i should | confirm i can | confirm that i can \
                         | confirm we can | confirm i may | any chance i can | any \
                         chance we can";
    const OFFERS: &str = "do you want me to | want me to | would you like me to | like \
                          me to";
    let lead = |phrases, manner| {
        let (from, to) = found(words, phrases).next()?;
        let (verb_at, verb) = verb_from(words, to, Form::Base)?;
        Some(Asking::leading_to(verb, manner, from..verb_at))
    };
    lead(LEADS, Manner::Plain).or_else(|| lead(OFFERS, Manner::Soft).filter(|_| is_question))
}

/// `Ok to …`, `ok if I …`, `good to go?`, `are you ok with me …ing`.
fn ready(words: &[&str], lead: usize, around: Around) -> Option<Asking> {
    for (at, word) in words.iter().enumerate() {
        let manner = match *word {
            "ok" | "fine" | "good" | "cool" | "clear" | "cleared" | "alright" | "happy"
            | "comfortable" | "acceptable" | "authorized" | "approved" => Manner::Plain,
            // `Are we allowed to …` may ask for the rule.
            "safe" | "wise" | "sensible" | "possible" | "allowed" | "permitted" => Manner::Soft,
            _ => continue,
        };
        let before = words.get(lead..at).unwrap_or_default();
        // `it's ok to deploy` grants; `not ok to` refuses.
        let is_asked = before.is_empty() && around.is_addressed
            || around.is_question
            || starts(before, &["is", "it"])
            || starts(before, &["is", "that"])
            || starts(before, &["are", "you"])
            || starts(before, &["would", "it"])
            || starts(before, &["would", "you"])
            || starts(before, &["am", "i"])
            || starts(before, &["are", "we"]);
        let is_aside = before
            .iter()
            .any(|word| among(word, "not isnt arent never youre its been"));
        if !is_asked || is_aside {
            continue;
        }
        if let Some(asking) = ready_for(words, lead, at, manner) {
            return Some(asking);
        }
    }
    None
}

/// What may follow `ok` where it asks.
fn ready_for(words: &[&str], lead: usize, at: usize, manner: Manner) -> Option<Asking> {
    let mut next = at + 1;
    let rest = |from: usize| words.get(from..).unwrap_or_default();
    for by in ["with", "by", "for", "from"] {
        for who in ["me", "you", "us", "yall", "everyone", "all", NAME] {
            if starts(rest(next), &[by, who]) {
                next += 2;
            }
        }
    }
    if rest(next).first() == Some(&"to") {
        if matches!(
            rest(next + 1).first(),
            Some(&("go" | "proceed" | "continue" | "crack" | "carry"))
        ) {
            // `good to go with the rollback?`
            let more = match rest(next + 2) {
                ["ahead", "with" | "and", ..] => 4,
                ["with" | "on" | "for", ..] => 3,
                _ => 2,
            };
            return Some(Asking::of(manner, lead..(next + more).min(words.len())));
        }
        if matches!(rest(next + 1), ["do", "it" | "this" | "that", ..]) {
            return Some(Asking::of(manner, lead..next + 3));
        }
        let (verb_at, verb) = verb_from(words, next + 1, Form::Base)?;
        return Some(Asking::leading_to(verb, manner, lead..verb_at));
    }
    if starts(rest(next), &["if", "i"]) || starts(rest(next), &["if", "we"]) {
        if matches!(
            rest(next + 2),
            ["go", "ahead"] | ["proceed"] | ["do", "it" | "this" | "that"]
        ) {
            return Some(Asking::of(manner, lead..words.len()));
        }
        let skipped = rest(next + 2)
            .iter()
            .take_while(|word| among(word, BETWEEN))
            .count();
        let verb_at = next + 2 + skipped;
        let verb = change(words, verb_at)?;
        return Some(Asking::leading_to(verb, manner, lead..verb_at));
    }
    // `ok with me failing over`, `ok rolling back`: the doing follows soon.
    let doing = (next..(next + 4).min(words.len()))
        .find_map(|at| {
            change(words, at)
                .filter(|it| it.form == Form::Ongoing)
                .map(|it| (at, it))
        })
        .filter(|(doing_at, _)| {
            words
                .get(next..*doing_at)
                .unwrap_or_default()
                .iter()
                .all(|word| among(word, "with me my us our about for just"))
        });
    if let Some((verb_at, verb)) = doing {
        return Some(Asking::leading_to(verb, manner, lead..verb_at));
    }
    // `ok for a restart of redis?`
    if let ["for" | "with", "a" | "the" | "an", ..] = rest(next)
        && let Some(verb) = (next + 2..(next + 5).min(words.len())).find_map(|at| change(words, at))
        && verb.weight > Weight::Everyday
    {
        return Some(Asking::leading_to(verb, manner, lead..next + 1));
    }
    None
}

/// `Mind if I …`, `any objections to …`.
fn objection(words: &[&str], lead: usize, around: Around) -> Option<Asking> {
    let rest = words.get(lead..).unwrap_or_default();
    if let Some(at) = words.iter().position(|word| *word == "mind") {
        let after = words.get(at + 1..).unwrap_or_default();
        if matches!(after, ["if", "i" | "we", ..]) {
            let (verb_at, verb) = verb_from(words, at + 3, Form::Base)
                .or_else(|| Some((at + 3, change(words, at + 3)?)))?;
            return Some(Asking::leading_to(verb, Manner::Mind, lead..verb_at));
        }
        if matches!(after, ["me" | "us" | "my", ..]) {
            let verb = change(words, at + 2)?;
            return Some(Asking::leading_to(verb, Manner::Mind, lead..at + 2));
        }
    }
    let at = words.iter().position(|word| {
        among(
            word,
            "objection objections concerns objects object complaints problem problems issue \
             issues",
        )
    })?;
    let before = words.get(lead..at).unwrap_or_default();
    let is_asked = around.is_question || matches!(rest, ["any" | "anyone" | "anybody", ..]);
    if !is_asked
        || !before.iter().all(|word| {
            among(
                word,
                "any no anyone anybody is got have has does there are further \
                 strong serious if you do",
            )
        })
    {
        return None;
    }
    let after = words.get(at + 1..).unwrap_or_default();
    // `Any issues with the deploy?` wants to know how it went.
    let is_of_mine = matches!(after, ["if" | "with", "me" | "us" | "i" | "we" | "my", ..]);
    if words
        .get(at)
        .is_some_and(|word| among(word, "problem problems issue issues"))
        && !is_of_mine
    {
        return None;
    }
    let verb_at = match after {
        [
            "to" | "if" | "with" | "against",
            "me" | "us" | "i" | "we" | "my" | "the" | "a",
            ..,
        ] => at + 3,
        ["to" | "against" | "with", ..] => at + 2,
        _ => return Some(Asking::tag(lead..words.len()).objecting()),
    };
    match change(words, verb_at) {
        Some(verb) => Some(Asking::leading_to(verb, Manner::Objections, lead..verb_at)),
        None => Some(Asking::of(Manner::Objections, lead..at + 2)),
    }
}

/// `Ok?`, `go?`, `good with you?` after what is to be done.
fn tag(words: &[&str], lead: usize, around: Around) -> Option<Asking> {
    const IF_OK: &str = "if youre ok | if you are ok | if thats ok | if that is ok | if \
                         its ok | if youre good | if thats good | if you approve | if \
                         you agree";
    const UNLESS: &str = "unless you object | unless you say no | unless you disagree | \
                          unless anyone objects | unless anybody objects | unless someone \
                          objects | unless there are objections";
    if !around.is_last {
        return None;
    }
    let unnamed: Vec<&str> = words.iter().copied().filter(|word| *word != NAME).collect();
    if are(&unnamed, "yes n | yes no | yes or no | please confirm") {
        return Some(Asking::tag(0..words.len()));
    }
    // A mere yes or no to `unless you object` can mean either.
    if let Some((from, _)) = found(words, UNLESS).next() {
        return Some(Asking {
            manner: Manner::Mind,
            ..Asking::tag(from..words.len())
        });
    }
    // `Deploying now, if that's ok`.
    if let Some((from, _)) = found(words, IF_OK).next()
        && around.is_addressed
    {
        return Some(Asking::tag(from..words.len()));
    }
    if !around.is_question {
        return None;
    }
    // `Is a restart of edge ok?`; but `is the restart ok?` wants to know how it went.
    if let [
        "is" | "would",
        "a" | "an",
        ..,
        "ok" | "acceptable" | "fine" | "possible",
    ] = words.get(lead..).unwrap_or_default()
    {
        return Some(Asking::of(Manner::Soft, words.len() - 1..words.len()));
    }
    let rest: Vec<&str> = words
        .get(lead..)
        .unwrap_or_default()
        .iter()
        .copied()
        .filter(|word| {
            *word != NAME
                && !among(
                    word,
                    "is that this with you by for everyone all are we am i so it its \
                     right do sound sounds from me to a have proceed then",
                )
        })
        .collect();
    // The greeting words swallow an `ok` at the head.
    let head = words.get(..lead).unwrap_or_default();
    let is_head = rest.is_empty() && head.contains(&"ok");
    let is_tag = are(
        &rest,
        "ok | go | good | fine | alright | cool | clear | cleared | \
         agree | agreed | concur | authorized | permitted | allowed | on board | \
         acceptable | yes | confirm | shall | should | may | \
         can | could | go ahead | thumbs up | good go | :+1: | \
         :thumbsup:",
    );
    (is_tag || is_head).then(|| Asking::tag(0..words.len()))
}

/// `Scale consumers to 24?`: a change with a question mark, and somebody asked.
fn bare(words: &[&str], lead: usize, around: Around) -> Option<Asking> {
    if !around.is_question || !around.is_addressed || !around.is_last {
        return None;
    }
    let verb = change(words, lead)?;
    let rest = words.get(lead + 1..).unwrap_or_default();
    let is_change = verb.form == Form::Base
        && verb.weight > Weight::Everyday
        && !rest.iter().any(|word| is_state(word));
    is_change.then(|| Asking::leading_to(verb, Manner::Plain, lead..lead))
}
