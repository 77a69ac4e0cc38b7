//! Does a message ask to be authorized, for what, and by whom?
//!
//! Pure. Three things must come together: words that ask for permission, a change
//! to production for which they ask, and nothing that makes them a question about
//! something else (who, when, whether it was, whether one would need it).

use std::ops::Range;

use super::Request;
use super::lexicon::{
    Change, Form, Weight, change, is_live, is_of_everyday_life, is_of_production, is_rehearsal,
    is_state,
};
use super::phrases::{find, greets, starts};
use super::words::{Clause, NAME, QUOTE, Said, Sentence};
use crate::domain::id::UserId;
use crate::gesture::Mention;

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

/// What a message asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    /// The change, and who is asked.
    pub(super) request: Request,
    /// How it is put.
    pub(super) manner: Manner,
    /// The stems of the changes of which it speaks.
    pub(super) stems: Vec<&'static str>,
    /// Whether the message says itself what is to be changed. If it doesn't, what
    /// the same person said just before may.
    pub(super) says_what: bool,
}

/// Words that ask for permission, where they stand in a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asking {
    manner: Manner,
    /// The words to leave out where only the change is wanted.
    phrase: Range<usize>,
    /// The change, if the phrase leads up to one.
    verb: Option<Change>,
    /// `ok?`, which asks only after words that announce a change.
    is_tag: bool,
}

impl Asking {
    fn of(manner: Manner, phrase: Range<usize>) -> Self {
        Self {
            manner,
            phrase,
            verb: None,
            is_tag: false,
        }
    }

    fn tag(phrase: Range<usize>) -> Self {
        Self {
            is_tag: true,
            ..Self::of(Manner::Plain, phrase)
        }
    }
}

/// What is known of a clause besides its words.
#[derive(Debug, Clone, Copy)]
struct Around {
    /// A question mark ends its sentence.
    is_question: bool,
    /// Somebody is named in the message.
    is_addressed: bool,
    /// It is the only clause of its sentence, or the last.
    is_last: bool,
}

/// A message longer than this is a report, whatever it asks at the end; ours are
/// a few lines. In words, code and quotations not counted.
const LONGEST: usize = 400;

/// Reads what a message asks, or nothing if it asks for no authorization.
pub(super) fn read(text: &str) -> Option<Question> {
    let said = Said::of(text);
    if said.n_words() > LONGEST {
        return None;
    }
    let is_addressed = said.named().next().is_some();
    let (s, c, asking) = find_asking(&said, is_addressed)?;
    let sentence = said.sentences.get(s)?;
    let clause = sentence.clauses.get(c)?;
    let verdict = subject(&said, sentence, clause, &asking);
    let says_what = match verdict {
        Subject::Production => true,
        Subject::Unsaid => false,
        Subject::SomethingElse => return None,
    };
    let stems = stems(&said);
    Some(Question {
        request: Request {
            what: what(&said, s, c, &asking),
            asked: asked(&said),
        },
        manner: asking.manner,
        stems,
        says_what,
    })
}

/// Returns what a message announces, if it announces a change and asks nothing:
/// `rolling back the checkout release`.
pub(super) fn announced(text: &str) -> Option<String> {
    let said = Said::of(text);
    if said.n_words() > LONGEST || said.sentences.iter().any(|sentence| sentence.is_question) {
        return None;
    }
    let is_change = said.sentences.iter().any(|sentence| {
        sentence
            .clauses
            .iter()
            .any(|clause| announces(&clause.words()))
    });
    is_change.then(|| trimmed(said.plain()))
}

/// Finds the words that ask. The last that do count: `could you look at this? ok
/// to deploy?`
fn find_asking(said: &Said, is_addressed: bool) -> Option<(usize, usize, Asking)> {
    let mut found = None;
    for (s, sentence) in said.sentences.iter().enumerate() {
        let mut is_conditional = false;
        for (c, clause) in sentence.clauses.iter().enumerate() {
            let words = clause.words();
            let around = Around {
                is_question: sentence.is_question,
                is_addressed,
                is_last: c + 1 == sentence.clauses.len(),
            };
            let lead = lead(&words);
            let first = words.get(lead).copied().unwrap_or_default();
            // `once the snapshot is done, can we restore it?` is of another day.
            is_conditional |= matches!(
                first,
                "if" | "once" | "after" | "when" | "assuming" | "unless" | "suppose"
            );
            if is_conditional || is_of_another_kind(&words, lead) {
                continue;
            }
            if let Some(asking) = asking(&words, lead, around) {
                let better = found.as_ref().is_none_or(|(_, _, old): &(_, _, Asking)| {
                    asking.verb.is_some() || old.verb.is_none()
                });
                if better {
                    found = Some((s, c, asking));
                }
            }
        }
    }
    found
}

/// Returns how many words at the beginning only greet or name.
fn lead(words: &[&str]) -> usize {
    words
        .iter()
        .take_while(|word| **word == NAME || **word == QUOTE || greets(word))
        .count()
}

/// Questions about something else: who, when, whether it was, and rules about
/// asking.
fn is_of_another_kind(words: &[&str], lead: usize) -> bool {
    let rest = words.get(lead..).unwrap_or_default();
    let first = rest.first().copied().unwrap_or_default();
    let asks_for_a_fact = matches!(
        first,
        "who"
            | "what"
            | "when"
            | "why"
            | "how"
            | "where"
            | "which"
            | "whats"
            | "whos"
            | "hows"
            | "whose"
            | "wheres"
            | "did"
            | "was"
            | "were"
            | "has"
            | "had"
            | "does"
            | "didnt"
            | "wasnt"
            | "hasnt"
            | "remember"
            | "isnt"
    ) && !starts(rest, &["what", "about", "me"]);
    let starts_so = |phrases: &[&[&str]]| phrases.iter().any(|phrase| starts(rest, phrase));
    let is_opinion = starts_so(&[
        &["do", "you", "think"],
        &["do", "we", "need"],
        &["do", "i", "need"],
        &["do", "we", "still"],
        &["are", "we", "ready"],
        &["are", "you", "ready"],
        &["is", "it", "ready"],
        &["have", "we"],
        &["have", "you"],
        &["have", "they"],
        &["do", "we", "know"],
        &["no", "need"],
    ]);
    let tells_of_it = ["was", "were", "been", "got", "already", "gave", "gives"]
        .iter()
        .any(|told| {
            words
                .iter()
                .position(|word| word == told)
                .is_some_and(|at| {
                    words
                        .iter()
                        .skip(at + 1)
                        .take(4)
                        .any(|word| is_permission(word) || is_permitted(word))
                })
        });
    asks_for_a_fact || is_opinion || tells_of_it
}

fn is_permission(word: &str) -> bool {
    matches!(
        word,
        "authorization"
            | "approval"
            | "permission"
            | "sign-off"
            | "go-ahead"
            | "clearance"
            | "blessing"
            | "consent"
            | "greenlight"
    )
}

fn is_permitted(word: &str) -> bool {
    matches!(
        word,
        "approved" | "authorized" | "permitted" | "granted" | "greenlit"
    )
}

/// Returns how many words at `at` name a permission.
fn permission(words: &[&str], at: usize) -> Option<usize> {
    let rest = words.get(at..)?;
    let two = [
        ["sign", "off"],
        ["go", "ahead"],
        ["green", "light"],
        ["thumbs", "up"],
        ["thumb", "up"],
        ["go", "signal"],
        ["final", "word"],
    ];
    if let Some(width) = [
        &["go", "no", "go"][..],
        &["go", "or", "no", "go"],
        &["go", "nogo"],
    ]
    .iter()
    .find(|phrase| starts(rest, phrase))
    .map(|phrase| phrase.len())
    {
        return Some(width);
    }
    if two.iter().any(|phrase| starts(rest, phrase)) {
        return Some(2);
    }
    let word = rest.first()?;
    (is_permission(word) || matches!(*word, "thumbsup" | "auth" | "go/no-go")).then_some(1)
}

/// As [`permission`], and the short words that are one after `your` or `a`.
fn permission_of_yours(words: &[&str], at: usize) -> Option<usize> {
    permission(words, at).or_else(|| {
        let word = words.get(at)?;
        let before = at.checked_sub(1).and_then(|before| words.get(before))?;
        let owned = matches!(
            *before,
            "a" | "an" | "your" | "the" | "ur" | "formal" | "quick"
        );
        (owned
            && matches!(
                *word,
                "go" | "ok" | "yes" | "nod" | "call" | "word" | "+1" | "green"
            ))
        .then_some(1)
    })
}

/// Finds words that ask for permission in a clause.
fn asking(words: &[&str], lead: usize, around: Around) -> Option<Asking> {
    modal(words)
        .or_else(|| ready(words, lead, around))
        .or_else(|| objection(words, lead, around))
        .or_else(|| wanted(words))
        .or_else(|| named(words, lead, around))
        .or_else(|| told_to_approve(words, lead, around))
        .or_else(|| awaited(words))
        .or_else(|| tag(words, lead, around))
        .or_else(|| bare(words, lead, around))
}

const BETWEEN: &[&str] = &[
    "just",
    "now",
    "please",
    "also",
    "quickly",
    "safely",
    "simply",
    "then",
    "and",
    "really",
    "at",
    "least",
    "immediately",
    "maybe",
    "temporarily",
    "try",
    "to",
    "manually",
];

/// Finds the change that begins within the few words from `at`.
fn verb_from(words: &[&str], at: usize, form: Form) -> Option<(usize, Change)> {
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
        .take_while(|word| BETWEEN.contains(word))
        .count();
    let at = at + skipped.min(4);
    let found = change(words, at)?;
    // `deploying` after `go ahead with`, `deploy` after `can I`.
    (found.form == form || found.form == Form::Ongoing).then_some((at, found))
}

/// `Can I …`, `may we …`, `shall I …`.
fn modal(words: &[&str]) -> Option<Asking> {
    let at = words.windows(2).position(|pair| match pair {
        [modal, who] => {
            matches!(
                *modal,
                "can" | "could" | "may" | "shall" | "should" | "might" | "cani"
            ) && matches!(*who, "i" | "we")
        }
        _ => false,
    })?;
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    if before.is_some_and(|word| {
        matches!(
            *word,
            "when" | "how" | "what" | "why" | "so" | "that" | "where" | "think" | "if"
        )
    }) {
        return None;
    }
    let manner = match words.get(at) {
        Some(&"should") => Manner::Soft,
        _ => Manner::Plain,
    };
    let rest = words.get(at + 2..).unwrap_or_default();
    let rest_at = at
        + 2
        + rest
            .iter()
            .take_while(|word| BETWEEN.contains(word))
            .count();
    let rest = words.get(rest_at..).unwrap_or_default();
    match rest.first().copied().unwrap_or_default() {
        "get" | "have" | "ask" | "request" => return wanted_from(words, rest_at, at),
        "do" if matches!(rest.get(1), Some(&("it" | "this" | "that" | "so"))) => {
            return Some(Asking::of(manner, at..rest_at + 2));
        }
        "go" if rest.len() == 1 || matches!(rest.get(1), Some(&("ahead" | "now" | "for"))) => {
            if let Some((verb_at, verb)) = verb_from(words, rest_at, Form::Base)
                && verb.stem != "go"
            {
                return Some(Asking {
                    verb: Some(verb),
                    ..Asking::of(manner, at..verb_at)
                });
            }
            let width = 2.min(rest.len());
            let with = usize::from(matches!(rest.get(2), Some(&("with" | "on"))));
            return Some(Asking::of(manner, at..rest_at + width + with));
        }
        "proceed" | "continue" => {
            let with = usize::from(matches!(rest.get(1), Some(&"with")));
            return Some(Asking::of(manner, at..rest_at + 1 + with));
        }
        _ => {}
    }
    let (verb_at, verb) = verb_from(words, rest_at, Form::Base)?;
    Some(Asking {
        verb: Some(verb),
        ..Asking::of(manner, at..verb_at)
    })
}

/// `Ok to …`, `ok if I …`, `good to go?`, `are you ok with me …ing`.
fn ready(words: &[&str], lead: usize, around: Around) -> Option<Asking> {
    for (at, word) in words.iter().enumerate() {
        let manner = match *word {
            "ok" | "fine" | "good" | "cool" | "clear" | "cleared" | "alright" | "happy"
            | "allowed" | "permitted" | "comfortable" | "acceptable" | "authorized"
            | "approved" => Manner::Plain,
            "safe" | "wise" | "sensible" => Manner::Soft,
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
            .any(|word| matches!(*word, "not" | "isnt" | "arent" | "never" | "youre" | "its"));
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
            Some(&("go" | "proceed" | "continue"))
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
        return Some(Asking {
            verb: Some(verb),
            ..Asking::of(manner, lead..verb_at)
        });
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
            .take_while(|word| BETWEEN.contains(word))
            .count();
        let verb_at = next + 2 + skipped;
        let verb = change(words, verb_at)?;
        return Some(Asking {
            verb: Some(verb),
            ..Asking::of(manner, lead..verb_at)
        });
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
                .all(|word| {
                    matches!(
                        *word,
                        "with" | "me" | "my" | "us" | "our" | "about" | "for" | "just"
                    )
                })
        });
    if let Some((verb_at, verb)) = doing {
        return Some(Asking {
            verb: Some(verb),
            ..Asking::of(manner, lead..verb_at)
        });
    }
    // `ok for a restart of redis?`
    if let ["for" | "with", "a" | "the" | "an", ..] = rest(next)
        && let Some(verb) = (next + 2..(next + 5).min(words.len())).find_map(|at| change(words, at))
        && verb.weight > Weight::Everyday
    {
        return Some(Asking {
            verb: Some(verb),
            ..Asking::of(manner, lead..next + 1)
        });
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
            return Some(Asking {
                verb: Some(verb),
                ..Asking::of(Manner::Mind, lead..verb_at)
            });
        }
        if matches!(after, ["me" | "us" | "my", ..]) {
            let verb = change(words, at + 2)?;
            return Some(Asking {
                verb: Some(verb),
                ..Asking::of(Manner::Mind, lead..at + 2)
            });
        }
    }
    let at = words.iter().position(|word| {
        matches!(
            *word,
            "objection" | "objections" | "concerns" | "objects" | "object" | "complaints"
        )
    })?;
    let before = words.get(lead..at).unwrap_or_default();
    let is_asked = around.is_question || matches!(rest, ["any" | "anyone" | "anybody", ..]);
    if !is_asked
        || !before.iter().all(|word| {
            matches!(
                *word,
                "any"
                    | "no"
                    | "anyone"
                    | "anybody"
                    | "got"
                    | "have"
                    | "has"
                    | "does"
                    | "there"
                    | "are"
                    | "further"
                    | "strong"
                    | "serious"
                    | "if"
                    | "you"
                    | "do"
            )
        })
    {
        return None;
    }
    let after = words.get(at + 1..).unwrap_or_default();
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
        Some(verb) => Some(Asking {
            verb: Some(verb),
            ..Asking::of(Manner::Objections, lead..verb_at)
        }),
        None => Some(Asking::of(Manner::Objections, lead..at + 2)),
    }
}

impl Asking {
    fn objecting(self) -> Self {
        Self {
            manner: Manner::Objections,
            ..self
        }
    }
}

/// `Need approval to …`, `requesting authorization for …`, `looking for a go`.
fn wanted(words: &[&str]) -> Option<Asking> {
    for (at, word) in words.iter().enumerate() {
        let begins = match *word {
            "need" | "needs" | "needing" | "requesting" | "request" | "seek" | "seeking"
            | "want" | "wanting" | "like" | "require" | "requesting:" => true,
            "looking" | "asking" | "ask" | "hoping" | "wait" | "waiting" | "awaiting" => {
                // A wait that asks is a wait for `your` word; others' are told of.
                let is_wait = matches!(*word, "wait" | "waiting" | "awaiting");
                !is_wait || words.iter().skip(at).take(4).any(|word| *word == "your")
            }
            "have" => {
                matches!(
                    words.get(at.wrapping_sub(2)..at),
                    Some(["do" | "can" | "may" | "could", "i" | "we"])
                ) && at >= 2
            }
            "give" | "gimme" | "grant" => true,
            "got" => matches!(words.get(at + 1), Some(&("your"))),
            _ => false,
        };
        if !begins {
            continue;
        }
        let before = words.get(..at).unwrap_or_default();
        let is_denied = before.iter().enumerate().any(|(n, word)| match *word {
            "you" | "youd" | "youll" => !matches!(*words.get(at).unwrap_or(&""), "give" | "grant"),
            "dont" | "doesnt" | "didnt" | "not" | "no" | "if" | "will" | "they" | "he" | "she"
            | "does" | "why" | "when" | "always" | "usually" | "never" | "wed" | "shouldnt"
            | "anyone" | "everyone" | "theyll" | "it" | "policy" => true,
            "do" => !matches!(words.get(at), Some(&"have")) || n + 2 != at,
            _ => false,
        });
        if is_denied {
            continue;
        }
        if let Some(found) = wanted_from(words, at, at) {
            return Some(found);
        }
    }
    None
}

/// Finds the permission that is wanted by the word at `at`, and what it is for.
fn wanted_from(words: &[&str], at: usize, from: usize) -> Option<Asking> {
    for (n, word) in words.iter().enumerate().skip(at + 1).take(8) {
        if let Some(width) = permission_of_yours(words, n) {
            return permission_for(words, from, n + width);
        }
        // `need you to approve …`, `need someone to sign off on …`
        if let Some(width) = approving(words, n) {
            let before = words.get(at + 1..n).unwrap_or_default();
            let is_theirs = before.last() == Some(&"to")
                && before.iter().any(|who| {
                    matches!(
                        *who,
                        "you" | "someone" | "somebody" | "anyone" | "one" | NAME
                    )
                });
            return is_theirs
                .then(|| after_approving(words, from, n + width))
                .flatten();
        }
        if is_of_everyday_life(word)
            || matches!(*word, "if" | "that" | "which" | "to") && n > at + 4
        {
            return None;
        }
    }
    None
}

/// Reads what a permission is for; the words of asking begin at `from`.
fn permission_for(words: &[&str], from: usize, next: usize) -> Option<Asking> {
    let mut next = next;
    if is_about_permissions(words, next) {
        return None;
    }
    // `approval from <@U2> to …`, `sign-off here to …`
    for _ in 0..3 {
        match words.get(next..).unwrap_or_default() {
            ["from", "you" | "someone" | "somebody" | "anyone" | NAME, ..] => next += 2,
            ["from", ..] => return None,
            [
                NAME | "please" | "here" | "now" | "required" | "requested" | "needed" | "first",
                ..,
            ] => {
                next += 1;
            }
            _ => break,
        }
    }
    match words.get(next..).unwrap_or_default() {
        ["to", "go" | "proceed", ..] => {
            let more = match words.get(next + 2..).unwrap_or_default() {
                ["ahead", "with" | "and", ..] => 4,
                ["with", ..] => 3,
                ["ahead", ..] => 3,
                _ => 2,
            };
            Some(Asking::of(
                Manner::Plain,
                from..(next + more).min(words.len()),
            ))
        }
        ["to" | "before" | "and", ..] => match verb_from(words, next + 1, Form::Base) {
            Some((verb_at, verb)) => Some(Asking {
                verb: Some(verb),
                ..Asking::of(Manner::Plain, from..verb_at)
            }),
            None if words.get(next) == Some(&"to") => None,
            None => Some(Asking::of(Manner::Plain, from..next)),
        },
        ["for" | "on", ..] => {
            let verb = change(words, next + 1).filter(|it| it.weight > Weight::Everyday);
            Some(Asking {
                verb,
                ..Asking::of(Manner::Plain, from..next + 1)
            })
        }
        _ => Some(Asking::of(Manner::Plain, from..next)),
    }
}

/// `approval process`, `authorization header`: spoken of, not asked for.
fn is_about_permissions(words: &[&str], next: usize) -> bool {
    matches!(
        words.get(next),
        Some(
            &("process"
                | "list"
                | "policy"
                | "form"
                | "flow"
                | "matrix"
                | "rate"
                | "was"
                | "header"
                | "headers"
                | "token"
                | "tokens"
                | "service"
                | "server"
                | "api"
                | "error"
                | "errors"
                | "is"
                | "chain"
                | "workflow"
                | "step"
                | "rules"
                | "came"
                | "took"
                | "already"
                | "failing"
                | "failed"
                | "fails"
                | "broken"
                | "down"
                | "outage"
                | "issue"
                | "issues"
                | "problem"
                | "page"
                | "bug"
                | "code"
                | "endpoint"
                | "denied"
                | "request"
                | "requests")
        )
    )
}

/// `Authorization?`, `permission to …`, `approval for … please`.
fn named(words: &[&str], lead: usize, around: Around) -> Option<Asking> {
    let mut at = lead;
    while matches!(
        words.get(at),
        Some(
            &("your"
                | "any"
                | "an"
                | "a"
                | "the"
                | "emergency"
                | "explicit"
                | "formal"
                | "manager"
                | "change"
                | "production"
                | "prod"
                | "urgent"
                | "final"
                | "verbal"
                | "quick")
        )
    ) {
        at += 1;
    }
    // `redis restart approval please`: the change stands before.
    let (noun_at, width) = match permission(words, at) {
        Some(width) => (at, width),
        None => {
            let noun_at = (at..words.len()).find(|n| permission(words, *n).is_some())?;
            let width = permission(words, noun_at)?;
            let next = words.get(noun_at + width);
            let is_asked = matches!(
                next,
                Some(&("please" | "needed" | "required" | "requested" | "thanks"))
            ) || (next.is_none_or(|word| *word == NAME) && around.is_question);
            let begins_a_sentence = words.iter().take(noun_at).any(|word| {
                matches!(
                    *word,
                    "no" | "without"
                        | "had"
                        | "has"
                        | "have"
                        | "with"
                        | "is"
                        | "was"
                        | "by"
                        | "dont"
                )
            });
            if !is_asked || begins_a_sentence {
                return None;
            }
            return Some(Asking::of(Manner::Plain, noun_at..words.len()));
        }
    };
    let next = noun_at + width;
    if is_about_permissions(words, next) {
        return None;
    }
    let rest = words.get(next..).unwrap_or_default();
    let is_bare = rest
        .iter()
        .all(|word| *word == NAME || matches!(*word, "please" | "now" | "thanks" | "here"));
    let is_auth = words.get(noun_at) == Some(&"auth");
    let is_go_ahead = words.get(noun_at) == Some(&"go") && words.get(noun_at + 1) == Some(&"ahead");
    if is_bare {
        let is_asked = around.is_question
            || rest.contains(&"please")
            || (at > lead && words.get(lead) == Some(&"your"));
        return is_asked.then(|| Asking {
            is_tag: is_auth || is_go_ahead,
            ..Asking::of(Manner::Plain, lead..words.len())
        });
    }
    // `go ahead and deploy` grants.
    if is_go_ahead && !around.is_question {
        return None;
    }
    match rest {
        [
            "to" | "for" | "please" | "required" | "requested" | "needed" | "from" | NAME | "on",
            ..,
        ] => {
            let found = permission_for(words, lead, next)?;
            // `approval for the restart` alone may be a heading of something told.
            let is_asked = around.is_question
                || around.is_addressed
                || rest
                    .iter()
                    .any(|word| matches!(*word, "please" | "requested" | "required" | "needed"))
                || matches!(rest, ["to", ..]);
            is_asked.then_some(found)
        }
        _ => None,
    }
}

/// Returns how many words at `at` are the verb of approving.
fn approving(words: &[&str], at: usize) -> Option<usize> {
    match words.get(at..)? {
        ["approve" | "authorize" | "greenlight" | "ok" | "bless", ..] => Some(1),
        ["sign", "off", "on", ..] => Some(3),
        ["sign", "off", ..] | ["green", "light", ..] | ["give", "ok", ..] => Some(2),
        _ => None,
    }
}

/// `Please approve …`, `can you authorize …`, `approve?`
fn told_to_approve(words: &[&str], lead: usize, around: Around) -> Option<Asking> {
    for at in lead..words.len() {
        let Some(width) = approving(words, at) else {
            continue;
        };
        let is_ok = words.get(at) == Some(&"ok");
        let before = words.get(lead..at).unwrap_or_default();
        let is_asked = match before {
            [.., "please" | "kindly"]
            | [
                ..,
                "can" | "could" | "would" | "will" | "do",
                "you" | "someone" | "anyone" | "somebody" | "anybody" | NAME,
            ]
            | [
                ..,
                "can" | "could" | "would" | "will",
                "you" | NAME,
                "please" | "just" | "quickly",
            ]
            | [.., "confirm", "you"]
            | [.., "for", "you" | "someone" | NAME, "to"]
            | [.., "asking", "you", "to"]
            | [
                ..,
                "anyone" | "someone" | "somebody",
                "able" | "around" | "here",
                "to",
            ] => true,
            // A bare `approve` at the end may be the answer; with a question mark,
            // or with a change behind it, it asks.
            [] => {
                !is_ok
                    && (around.is_question
                        || (around.is_addressed
                            && words.get(at + width..).unwrap_or_default().len() > 1
                            && words.get(at + width..).is_some_and(|rest| {
                                (0..rest.len()).any(|n| {
                                    change(rest, n).is_some_and(|it| it.weight == Weight::Sure)
                                })
                            })))
            }
            _ => false,
        };
        if is_asked && !before.contains(&"who") {
            return after_approving(words, lead.max(at.saturating_sub(before.len())), at + width);
        }
    }
    // `approved?` after what is to be done.
    let rest = words.get(lead..).unwrap_or_default();
    let is_tag = around.is_question && matches!(rest, [word] if is_permitted(word));
    is_tag.then(|| Asking::tag(lead..words.len()))
}

fn after_approving(words: &[&str], from: usize, next: usize) -> Option<Asking> {
    let mut next = next;
    while matches!(
        words.get(next),
        Some(
            &("the"
                | "a"
                | "an"
                | "this"
                | "that"
                | "to"
                | "on"
                | "me"
                | "my"
                | "us"
                | "for"
                | NAME)
        )
    ) {
        next += 1;
    }
    let verb = change(words, next).filter(|it| it.form != Form::Past);
    Some(Asking {
        verb,
        ..Asking::of(Manner::Plain, from..next)
    })
}

/// `Say the word`, `standing by for your go`, `on your go`.
fn awaited(words: &[&str]) -> Option<Asking> {
    let phrases: [&[&str]; 12] = [
        &["say", "the", "word"],
        &["say", "go"],
        &["on", "your", "go"],
        &["on", "your", "word"],
        &["on", "your", "mark"],
        &["on", "your", "signal"],
        &["on", "your", "ok"],
        &["for", "your", "go"],
        &["for", "your", "ok"],
        &["for", "your", "word"],
        &["for", "your", "call"],
        &["give", "the", "word"],
    ];
    if let Some((at, phrase)) = phrases
        .iter()
        .find_map(|phrase| Some((find(words, phrase)?, phrase)))
    {
        let from = words
            .get(..at)
            .unwrap_or_default()
            .iter()
            .rposition(|word| matches!(*word, "waiting" | "standing" | "ready" | "just"))
            .unwrap_or(at);
        return Some(Asking::tag(from..at + phrase.len()));
    }
    let at = find(words, &["for", "your"])?;
    let width = permission(words, at + 2)?;
    Some(Asking::of(Manner::Plain, at..at + 2 + width))
}

/// `Ok?`, `go?`, `good with you?` after what is to be done.
fn tag(words: &[&str], lead: usize, around: Around) -> Option<Asking> {
    if !around.is_question || !around.is_last {
        return None;
    }
    let rest: Vec<&str> = words
        .get(lead..)
        .unwrap_or_default()
        .iter()
        .copied()
        .filter(|word| {
            *word != NAME
                && !matches!(
                    *word,
                    "is" | "that"
                        | "this"
                        | "with"
                        | "you"
                        | "by"
                        | "for"
                        | "everyone"
                        | "all"
                        | "are"
                        | "we"
                        | "am"
                        | "i"
                        | "so"
                        | "it"
                        | "right"
                        | "do"
                        | "sound"
                        | "sounds"
                        | "from"
                        | "me"
                        | "to"
                        | "a"
                        | "have"
                        | "proceed"
                        | "then"
                )
        })
        .collect();
    // The greeting words swallow an `ok` at the head.
    let head = words.get(..lead).unwrap_or_default();
    let is_head = rest.is_empty() && head.contains(&"ok");
    let is_tag = matches!(
        rest.as_slice(),
        ["ok"
            | "go"
            | "good"
            | "fine"
            | "alright"
            | "cool"
            | "clear"
            | "cleared"
            | "agreed"
            | "acceptable"]
            | ["go", "ahead"]
            | ["yes", "no"]
            | ["yes", "or", "no"]
            | ["n"]
            | ["yes", "n"]
            | ["thumbs", "up"]
            | ["good", "go"]
            | [":+1:" | ":thumbsup:"]
    );
    (is_tag || is_head).then(|| Asking::tag(0..words.len()))
}

/// `Scale consumers to 24?`: a change with a question mark, and somebody asked.
fn bare(words: &[&str], lead: usize, around: Around) -> Option<Asking> {
    if !around.is_question || !around.is_addressed {
        return None;
    }
    let verb = change(words, lead)?;
    let rest = words.get(lead + 1..).unwrap_or_default();
    let is_change = verb.form == Form::Base
        && verb.weight > Weight::Everyday
        && !rest.iter().any(|word| is_state(word));
    is_change.then(|| Asking {
        verb: Some(verb),
        ..Asking::of(Manner::Plain, lead..lead)
    })
}

/// What a question is about.
enum Subject {
    Production,
    Unsaid,
    SomethingElse,
}

/// Decides whether what is asked for is a change to production.
fn subject(said: &Said, sentence: &Sentence, clause: &Clause, asking: &Asking) -> Subject {
    let in_sentence: Vec<&str> = sentence
        .clauses
        .iter()
        .flat_map(|clause| clause.words())
        .collect();
    let in_clause = clause.words();
    if is_of_another_day(&in_clause) || is_only_a_rehearsal(&in_clause) {
        return Subject::SomethingElse;
    }
    let after = in_clause.get(asking.phrase.start..).unwrap_or_default();
    let everyday = after.iter().any(|word| is_of_everyday_life(word));
    let names_production = in_sentence.iter().any(|word| is_of_production(word));
    let is_live = in_sentence.iter().any(|word| is_live(word));
    match asking.verb {
        Some(verb) if verb.form != Form::Past || asking.manner == Manner::Mind => {
            let object = in_clause.get(asking.phrase.end + 1..).unwrap_or_default();
            match verb.weight {
                Weight::Sure => Subject::Production,
                Weight::Likely if !everyday || names_production => Subject::Production,
                Weight::Likely => Subject::SomethingElse,
                Weight::Everyday if everyday && !is_live => Subject::SomethingElse,
                Weight::Everyday if in_clause.iter().any(|word| is_of_production(word)) => {
                    Subject::Production
                }
                Weight::Everyday
                    if matches!(verb.stem, "push" | "ship" | "release" | "apply" | "merge")
                        && !object.iter().any(|word| is_thing(word)) =>
                {
                    Subject::Production
                }
                Weight::Everyday if object.iter().any(|word| is_thing(word)) => {
                    if is_live || evidence(said, asking) {
                        Subject::Production
                    } else {
                        Subject::SomethingElse
                    }
                }
                Weight::Everyday if evidence(said, asking) => Subject::Production,
                Weight::Everyday => Subject::Unsaid,
            }
        }
        Some(_) | None => {
            let has_sure = (0..in_sentence.len()).any(|at| {
                change(&in_sentence, at)
                    .is_some_and(|it| it.weight == Weight::Sure && it.form != Form::Past)
            });
            if everyday && !has_sure && !is_live {
                Subject::SomethingElse
            } else if evidence(said, asking) {
                Subject::Production
            } else if said.n_words() <= 10 {
                Subject::Unsaid
            } else {
                Subject::SomethingElse
            }
        }
    }
}

/// Whether a word after a verb is a thing and not `it`, `now`, `please`.
fn is_thing(word: &str) -> bool {
    !(matches!(
        word,
        "it" | "this"
            | "that"
            | "them"
            | "these"
            | "those"
            | "now"
            | "please"
            | "out"
            | "off"
            | "on"
            | "again"
            | "back"
            | "up"
            | "down"
            | "straight"
            | "away"
            | "right"
            | "immediately"
            | "to"
            | "and"
            | "then"
            | "ahead"
            | "yet"
            | "so"
            | "we"
            | "can"
            | "all"
            | "both"
            | "already"
            | NAME
    ) || word.starts_with(':'))
}

/// `Tomorrow`, `on Monday`: what can wait is no emergency, and its answer no
/// authorization to act now.
fn is_of_another_day(words: &[&str]) -> bool {
    let names_a_day = |word: &&str| {
        matches!(
            *word,
            "monday" | "tuesday" | "wednesday" | "thursday" | "friday" | "saturday" | "sunday"
        )
    };
    words.contains(&"tomorrow")
        || words.iter().any(|word| names_a_day(word))
        || ["week", "sprint", "month", "quarter", "release"]
            .iter()
            .any(|span| find(words, &["next", span]).is_some())
}

/// Whether a change is said to happen only where nobody is hurt.
fn is_only_a_rehearsal(words: &[&str]) -> bool {
    let goes_there = words.windows(2).any(|pair| match pair {
        [to, place] => {
            matches!(*to, "to" | "on" | "in" | "the" | "into" | "from" | "our")
                && is_rehearsal(place)
        }
        _ => false,
    });
    goes_there && !words.iter().any(|word| is_live(word))
}

/// Whether the message speaks of a change that is still to come.
fn evidence(said: &Said, asking: &Asking) -> bool {
    said.sentences.iter().any(|sentence| {
        sentence.clauses.iter().any(|clause| {
            let words = clause.words();
            if asking.is_tag {
                announces(&words)
            } else {
                announces(&words) || names_a_change(&words)
            }
        })
    })
}

/// Whether words announce a change: `rolling back …`, `I want to restart …`.
fn announces(words: &[&str]) -> bool {
    let names_production = words.iter().any(|word| is_of_production(word));
    (0..words.len()).any(|at| {
        let Some(it) = change(words, at) else {
            return false;
        };
        let before = words.get(..at).unwrap_or_default();
        // `the rollback is stuck` tells of one.
        let is_noun = it.form == Form::Base
            && (words.get(at + 1).is_some_and(|word| is_state(word))
                || matches!(
                    before.last(),
                    Some(&("the" | "a" | "last" | "that" | "this" | "our" | "my" | "bad" | "your"))
                ));
        let is_denied = before.iter().any(|word| {
            matches!(
                *word,
                "did"
                    | "didnt"
                    | "dont"
                    | "not"
                    | "was"
                    | "were"
                    | "stopped"
                    | "keeps"
                    | "keep"
                    | "still"
            )
        });
        it.form != Form::Past
            && !is_noun
            && !is_denied
            && (it.weight > Weight::Everyday || names_production && it.stem != "go")
            && !matches!(it.stem, "let" | "make" | "use" | "try")
    })
}

/// Whether words name a change as a thing: `the hotfix`, `WAF rule 9921`.
fn names_a_change(words: &[&str]) -> bool {
    words.iter().any(|word| is_of_production(word))
        || (0..words.len()).any(|at| {
            change(words, at)
                .is_some_and(|it| it.weight > Weight::Everyday && it.form != Form::Past)
        })
}

fn stems(said: &Said) -> Vec<&'static str> {
    let mut stems = Vec::new();
    for clause in said.sentences.iter().flat_map(|sentence| &sentence.clauses) {
        let words = clause.words();
        for at in 0..words.len() {
            if let Some(it) = change(&words, at)
                && !stems.contains(&it.stem)
            {
                stems.push(it.stem);
            }
        }
    }
    stems
}

/// Returns who is asked: everybody named, but those who are only spoken of.
fn asked(said: &Said) -> Vec<Mention> {
    let mut asked: Vec<Mention> = Vec::new();
    for (at, who) in said.named() {
        let before = said.part(0..at.start);
        let last = before
            .trim_end_matches(|c: char| !c.is_alphanumeric())
            .rsplit(|c: char| !c.is_alphanumeric())
            .next()
            .unwrap_or_default()
            .to_lowercase();
        let touches = before.trim_end().ends_with(|c: char| c.is_alphanumeric());
        let is_spoken_of = touches
            && matches!(
                &*last,
                "by" | "what"
                    | "that"
                    | "after"
                    | "cc"
                    | "per"
                    | "via"
                    | "like"
                    | "with"
                    | "of"
                    | "fyi"
            );
        let after = said.part(at.end..said.plain().len()).trim_start();
        let next: String = after
            .chars()
            .take_while(|c| c.is_alphabetic() || matches!(c, '\'' | '’'))
            .flat_map(char::to_lowercase)
            .collect();
        let does_something = after.starts_with("'s")
            || after.starts_with("’s")
            || matches!(
                &*next,
                "deployed"
                    | "merged"
                    | "pushed"
                    | "shipped"
                    | "reverted"
                    | "reviewed"
                    | "said"
                    | "found"
                    | "is"
                    | "was"
                    | "has"
                    | "wrote"
                    | "built"
                    | "tested"
                    | "confirmed"
                    | "made"
                    | "fixed"
                    | "changed"
                    | "and"
            ) && next != "and";
        if !is_spoken_of && !does_something && !asked.contains(who) {
            asked.push(who.clone());
        }
    }
    asked
}

/// Returns the words of the change: the message without the greeting, the names
/// and the words that ask.
fn what(said: &Said, s: usize, c: usize, asking: &Asking) -> String {
    let mut pieces: Vec<String> = Vec::new();
    for (n, sentence) in said.sentences.iter().enumerate() {
        let mut kept: Vec<Range<usize>> = Vec::new();
        for (m, clause) in sentence.clauses.iter().enumerate() {
            let is_asking = n == s && m == c;
            let words = clause.words();
            let cut = if is_asking {
                asking.phrase.clone()
            } else {
                0..0
            };
            for (w, (word, at)) in words.iter().zip(&clause.at).enumerate() {
                let is_left_out =
                    cut.contains(&w) || *word == QUOTE && said.part(at.clone()).starts_with('>');
                if !is_left_out {
                    kept.push(at.clone());
                }
            }
        }
        let words: Vec<String> = kept
            .iter()
            .map(|at| said.part(at.clone()).to_lowercase())
            .collect();
        let is_name = |at: &Range<usize>| said.named().any(|(name, _)| name == at);
        let is_idle = |n: usize| {
            kept.get(n).is_some_and(is_name)
                || words
                    .get(n)
                    .is_some_and(|word| greets(word) || word == "pls")
        };
        let first = (0..kept.len()).find(|n| !is_idle(*n));
        let last = (0..kept.len()).rev().find(|n| !is_idle(*n));
        if let (Some(first), Some(last)) = (first, last) {
            pieces.push(joined(
                said,
                kept.get(first..=last).unwrap_or_default(),
                sentence.end,
            ));
        }
    }
    let what = trimmed(&pieces.join(" "));
    if what.is_empty() {
        trimmed(said.plain())
    } else {
        what
    }
}

/// Joins what is kept of a sentence: as it was typed where nothing was left out.
fn joined(said: &Said, kept: &[Range<usize>], end: usize) -> String {
    let mut text = String::new();
    let mut until: Option<usize> = None;
    for at in kept {
        if let Some(until) = until {
            let gap = said.part(until..at.start);
            // A gap that held words lost them; a comma marks the place.
            if gap.chars().any(char::is_alphanumeric) {
                text.push_str(if gap.contains('\n') { "\n" } else { ", " });
            } else {
                text.push_str(gap);
            }
        }
        text.push_str(said.part(at.clone()));
        until = Some(at.end);
    }
    if let Some(until) = until {
        let tail = said.part(until..end);
        if !tail.chars().any(char::is_alphanumeric) && !tail.contains('?') {
            text.push_str(tail.trim_end());
        }
    }
    text
}

fn trimmed(text: &str) -> String {
    text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, ',' | ';' | ':' | '-' | '–' | '—' | '?' | '.' | '!')
    })
    .to_owned()
}

/// Returns the stems of the changes of which a text speaks.
pub(super) fn stems_of(text: &str) -> Vec<&'static str> {
    let said = Said::of(text);
    if said.n_words() > LONGEST {
        return Vec::new();
    }
    stems(&said)
}

/// Returns the people with whose names a text begins.
pub(super) fn spoken_to(text: &str) -> impl Iterator<Item = UserId> {
    let said = Said::of(text);
    let mut people = Vec::new();
    let mut until = 0;
    for (at, who) in said.named() {
        let between = said.part(until..at.start);
        if between.chars().any(char::is_alphanumeric) {
            break;
        }
        until = at.end;
        if let Mention::User(user) = who {
            people.push(user.clone());
        }
    }
    people.into_iter()
}
