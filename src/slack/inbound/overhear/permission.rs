//! The words that ask by naming the permission: `need approval to`,
//! `authorization?`, `please approve`.
//!
//! Pure; it only looks at the words of one clause.

use super::asking::{Around, Asking, Manner, verb_from};
use super::lexicon::{Form, Weight, change, is_of_everyday_life};
use super::object::{Thing, thing};
use super::phrases::{among, find, found, prefix};
use super::words::NAME;

/// Whether a word names a permission.
pub(super) fn is_permission(word: &str) -> bool {
    among(
        word,
        "authorization approval approver permission sign-off go-ahead \
         clearance blessing consent greenlight",
    )
}

/// Whether a word says that something is permitted.
pub(super) fn is_permitted(word: &str) -> bool {
    among(word, "approved authorized permitted granted greenlit")
}

/// Returns how many words at `at` name a permission.
fn permission(words: &[&str], at: usize) -> Option<usize> {
    const PHRASES: &str = "go no go | go or no go | go nogo | yes no | yes or no | sign \
                           off | go ahead | green light | thumbs up | thumb up | final \
                           word";
    let rest = words.get(at..)?;
    if let Some(width) = prefix(rest, PHRASES) {
        return Some(width);
    }
    let word = rest.first()?;
    let is_ack = *word == "ack" && matches!(rest.get(1), Some(&("to" | "for")));
    (is_permission(word) || is_ack || matches!(*word, "thumbsup" | "auth")).then_some(1)
}

/// As [`permission`], and the short words that are one after `your` or `a`.
fn permission_of_yours(words: &[&str], at: usize) -> Option<usize> {
    permission(words, at).or_else(|| {
        let word = words.get(at)?;
        let before = at.checked_sub(1).and_then(|before| words.get(before))?;
        let owned = among(
            before,
            "a an your the formal quick verbal emergency explicit final \
             official",
        );
        // `Need ok to …`, hurried.
        let hurried = matches!(*before, "need" | "get" | "want" | "requesting")
            && *word == "ok"
            && matches!(
                words.get(at + 1),
                None | Some(&("to" | "for" | "from" | "on" | "please"))
            );
        let short = among(word, "go ok yes nod ack call word :+1: green");
        let released = *before == "your" && *word == "release";
        (owned && short || hurried || released).then_some(1)
    })
}

/// `Need approval to …`, `requesting authorization for …`, `looking for a go`.
pub(super) fn wanted(words: &[&str], is_addressed: bool) -> Option<Asking> {
    for (at, word) in words.iter().enumerate() {
        let begins = match *word {
            // `Every deploy needs approval` is a rule.
            "needs" => {
                let before = words.get(..at).unwrap_or_default();
                is_addressed
                    && !before
                        .iter()
                        .any(|word| among(word, "every each any all reminder always pipeline"))
            }
            "need" | "needing" | "requesting" | "request" | "seek" | "seeking" | "want"
            | "wanting" | "like" | "require" | "give" | "gimme" | "grant" => true,
            "ask" => {
                let before = at.checked_sub(1).and_then(|before| words.get(before));
                matches!(before, Some(&("i" | "we" | "to")))
            }
            "looking" | "asking" | "hoping" | "wait" | "waiting" | "awaiting" => {
                // A wait that asks is a wait for `your` word; others' are told of.
                let is_wait = matches!(*word, "wait" | "waiting" | "awaiting");
                !is_wait || words.iter().skip(at).take(4).any(|word| *word == "your")
            }
            "have" | "get" if matches!(words.get(..at), Some([.., "chance", "i" | "we", _])) => {
                true
            }
            "have" | "get" => {
                matches!(
                    words.get(..at),
                    Some([.., "do" | "can" | "may" | "could", "i" | "we"])
                )
            }
            "got" => matches!(words.get(at + 1), Some(&"your")),
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
            "do" => !matches!(words.get(at), Some(&("have" | "get"))) || n + 2 != at,
            _ => false,
        });
        if is_denied {
            continue;
        }
        // `Actually, I just need …`: all that leads to the wish belongs to it.
        let lead = before
            .iter()
            .rev()
            .take_while(|word| {
                among(
                    word,
                    "i we id wed do can could just really actually would also still \
                     im",
                )
            })
            .count();
        if let Some(found) = wanted_from(words, at, at - lead) {
            return Some(found);
        }
    }
    None
}

/// Finds the permission that is wanted by the word at `at`, and what it is for.
pub(super) fn wanted_from(words: &[&str], at: usize, from: usize) -> Option<Asking> {
    for (n, word) in words.iter().enumerate().skip(at + 1).take(8) {
        if let Some(width) = permission_of_yours(words, n) {
            return permission_for(words, from, n + width);
        }
        // `need you to approve …`, `need someone to sign off on …`
        if let Some(width) = approving(words, n) {
            let before = words.get(at + 1..n).unwrap_or_default();
            let is_theirs = before.last() == Some(&"to")
                && before
                    .iter()
                    .any(|who| among(who, "you someone somebody anyone one manager lead em ic @"));
            return is_theirs.then(|| after_approving(words, from, n + width));
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
                ["with" | "ahead", ..] => 3,
                _ => 2,
            };
            Some(Asking::of(
                Manner::Plain,
                from..(next + more).min(words.len()),
            ))
        }
        ["before", "i" | "we", ..] if change(words, next + 2).is_some() => Some(Asking {
            verb: change(words, next + 2),
            ..Asking::of(Manner::Plain, from..next + 2)
        }),
        ["to" | "before" | "and", ..] => {
            if let Some((verb_at, verb)) = verb_from(words, next + 1, Form::Base) {
                return Some(Asking::leading_to(verb, Manner::Plain, from..verb_at));
            }
            let only_looks = words.get(next + 1).is_some_and(|word| {
                among(
                    word,
                    "view look see read access check talk ask join share record \
                     speak discuss use",
                )
            });
            let more = usize::from(words.get(next) == Some(&"to"));
            (!only_looks).then(|| Asking::of(Manner::Plain, from..next + more))
        }
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
    words.get(next).is_some_and(|word| {
        among(
            word,
            "process list policy form flow matrix rate was header headers \
             token tokens service server api error errors is chain workflow \
             step rules came took already failing failed fails broken down \
             outage issue issues problem page bug code endpoint denied \
             request requests",
        )
    })
}

/// `Authorization?`, `permission to …`, `approval for … please`.
pub(super) fn named(words: &[&str], lead: usize, around: Around) -> Option<Asking> {
    let mut at = lead;
    while words.get(at).is_some_and(|word| {
        among(
            word,
            "your any an a the emergency explicit formal manager change \
             production prod urgent final verbal quick",
        )
    }) {
        at += 1;
    }
    let noun_at = at;
    let Some(width) = permission_of_yours(words, noun_at) else {
        return named_last(words, noun_at, around);
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
            || words.contains(&"please")
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

/// `Redis restart approval please`: the change stands before.
fn named_last(words: &[&str], at: usize, around: Around) -> Option<Asking> {
    let noun_at = (at..words.len()).find(|n| permission(words, *n).is_some())?;
    let next = words.get(noun_at + permission(words, noun_at)?);
    let is_asked = next.is_some_and(|word| among(word, "please needed required requested thanks"))
        || (next.is_none_or(|word| *word == NAME) && around.is_question);
    let is_told = words
        .iter()
        .take(noun_at)
        .any(|word| among(word, "no without had has have with is was by dont"));
    (is_asked && !is_told).then(|| Asking::of(Manner::Plain, noun_at..words.len()))
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
pub(super) fn told_to_approve(words: &[&str], lead: usize, around: Around) -> Option<Asking> {
    for at in lead..words.len() {
        let Some(width) = approving(words, at) else {
            continue;
        };
        let is_ok = words.get(at) == Some(&"ok");
        let before = words.get(lead..at).unwrap_or_default();
        let says_please = words
            .get(..at)
            .is_some_and(|before| before.contains(&"please"));
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
                "just" | "quickly",
            ]
            | [
                "who" | "which" | "anyone" | "anybody" | "someone" | "somebody",
                ..,
                "can" | "could" | "may",
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
                says_please
                    || words.get(at + width..) == Some(&["please"])
                    || !is_ok
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
        if is_asked {
            // `Who can approve …?` may only want to know who.
            let manner = if asks_who_may(before) {
                Manner::Soft
            } else {
                Manner::Plain
            };
            return Some(Asking {
                manner,
                ..after_approving(words, lead, at + width)
            });
        }
    }
    // `approved?` after what is to be done.
    let rest = words.get(lead..).unwrap_or_default();
    let is_tag = around.is_question && matches!(rest, [word] if is_permitted(word));
    is_tag.then(|| Asking::tag(lead..words.len()))
}

/// `Who can approve`, `which of you could sign off on`.
pub(super) fn asks_who_may(words: &[&str]) -> bool {
    words.iter().any(|word| matches!(*word, "who" | "which"))
        && words
            .iter()
            .any(|word| matches!(*word, "can" | "could" | "may"))
}

/// Reads what is to be approved.
fn after_approving(words: &[&str], from: usize, next: usize) -> Asking {
    let mut next = next;
    while words
        .get(next)
        .is_some_and(|word| among(word, "the a an this that to on me my us for @"))
    {
        next += 1;
    }
    // `Approve / deny?`
    if words
        .get(next)
        .is_some_and(|word| among(word, "deny or reject"))
    {
        next = words.len();
    }
    // `The revert PR` is a review that is asked for.
    let is_elsewhere = thing(words.get(next..).unwrap_or_default()) == Thing::EverydayLife;
    let verb = change(words, next).filter(|it| it.form != Form::Past && !is_elsewhere);
    Asking {
        verb,
        ..Asking::of(Manner::Plain, from..next)
    }
}

/// `Say the word`, `standing by for your go`, `on your go`.
pub(super) fn awaited(words: &[&str]) -> Option<Asking> {
    const PHRASES: &str = "say the word | say go | on your go | on your word | on your \
                           mark | on your signal | on your ok | for your go | for your ok \
                           | for your word | for your call | give the word | its your \
                           call";
    if let Some((at, end)) = found(words, PHRASES).next() {
        let from = words
            .get(..at)
            .unwrap_or_default()
            .iter()
            .rposition(|word| matches!(*word, "waiting" | "standing" | "ready" | "just"))
            .unwrap_or(at);
        return Some(Asking::tag(from..end));
    }
    let at = find(words, &["for", "your"])?;
    let width = permission(words, at + 2)?;
    Some(Asking::of(Manner::Plain, at..at + 2 + width))
}
