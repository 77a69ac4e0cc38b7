//! What one clause of an answer does.
//!
//! Pure. The rules stand in the order in which they are asked: what makes the
//! whole answer worthless first, then what refuses, then what grants, and last
//! the words that mean something only because nothing else is said.

use super::lexicon::{
    Change, Form, Weight, change, is_address, is_of_everyday_life, is_of_production, is_state,
};
use super::phrases::{any, find, starts};
use super::words::{CODE, NAME, PICTURE};

/// How much an answer says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// `Sounds good`, `+1`: anybody may cheer so.
    Nod,
    /// `Yes`: an answer, to whatever was asked last.
    Bare,
    /// `Approved`, `go ahead`.
    Clear,
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
    if is_contingency(words) {
        return Heard {
            act: Act::Benign,
            is_told: true,
        };
    }
    if let Some(at) = told_later(words) {
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
        return granted;
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
        .skip_while(|word| {
            matches!(
                *word,
                "and" | "but" | "just" | "then" | "please" | "be" | "ready" | "prepared" | "to"
            )
        })
        .collect();
    let undoes = matches!(
        rest.first().copied().unwrap_or_default(),
        "rollback" | "revert" | "roll" | "abort" | "undo" | "stop" | "back" | "pull" | "bail"
    );
    let turns = rest
        .iter()
        .any(|word| matches!(*word, "if" | "when" | "once" | "should" | "unless"));
    undoes && turns && !rest.contains(&"until")
}

/// Returns where a clause begins to say who wants to hear of it: `ping me when`.
fn told_later(words: &[&str]) -> Option<usize> {
    let at = words.iter().enumerate().position(|(at, word)| {
        let next = words.get(at + 1).copied().unwrap_or_default();
        let is_first = at == 0
            || matches!(
                words.get(at - 1),
                Some(&("and" | "then" | "please" | "just" | "but" | "also"))
            );
        let wants = match *word {
            "ping" | "tell" | "page" | "dm" | "message" | "notify" | "update" => {
                matches!(
                    next,
                    "me" | "us" | "here" | "the" | "this" | "support" | "everyone" | NAME
                )
            }
            "call" => matches!(next, "me" | "us" | "out"),
            "shout" | "yell" | "holler" | "scream" | "report" => true,
            "post" => matches!(
                next,
                "here" | "in" | "the" | "when" | "once" | "it" | "an" | "results" | "updates"
            ),
            "let" => matches!(next, "me" | "us") && words.get(at + 2) == Some(&"know"),
            "keep" => matches!(next, "me" | "us" | "an" | "posted" | "watching" | "the"),
            "log" | "document" | "record" | "note" => {
                matches!(next, "it" | "the" | "this" | "everything" | "that")
            }
            "say" => matches!(next, "when" | "so"),
            "watch" | "monitor" => true,
            "make" => {
                next == "sure"
                    && words.get(at + 2) == Some(&"to")
                    && matches!(
                        words.get(at + 3),
                        Some(
                            &("post"
                                | "log"
                                | "document"
                                | "watch"
                                | "monitor"
                                | "tell"
                                | "update")
                        )
                    )
            }
            _ => false,
        };
        wants && is_first
    })?;
    // `and` before it leads over.
    let lead = words
        .get(..at)?
        .iter()
        .rev()
        .take_while(|word| matches!(**word, "and" | "then" | "please" | "just" | "but" | "also"))
        .count();
    Some(at - lead)
}

/// Leaves out what looks like a condition and is none.
fn without_idioms<'a>(words: &[&'a str]) -> Vec<&'a str> {
    const IDIOMS: &[&[&str]] = &[
        &["when", "ready"],
        &["when", "you", "are", "ready"],
        &["when", "youre", "ready"],
        &["when", "you", "are"],
        &["when", "you", "can"],
        &["when", "you", "like"],
        &["whenever", "youre", "ready"],
        &["whenever", "you", "are", "ready"],
        &["whenever", "you", "want"],
        &["whenever", "ready"],
        &["whenever"],
        &["as", "soon", "as", "you", "can"],
        &["as", "soon", "as", "possible"],
        &["as", "soon", "as", "youre", "ready"],
        &["as", "soon", "as", "you", "are", "ready"],
        &["if", "you", "need", "anything"],
        &["if", "you", "need", "me"],
        &["if", "you", "need", "help"],
        &["if", "needed"],
        &["if", "need", "be"],
        &["after", "that"],
        &["after", "this"],
        &["after", "the", "fact"],
        &["at", "once"],
        &["first", "thing"],
        &["before", "it", "gets", "worse"],
    ];
    let mut kept = words.to_vec();
    for idiom in IDIOMS {
        // Nobody says one twice in a clause.
        if let Some(at) = find(&kept, idiom) {
            kept.drain(at..at + idiom.len());
        }
    }
    kept
}

/// Whether a clause tells what somebody said or decided.
fn is_hearsay(words: &[&str]) -> bool {
    let tells = words.iter().enumerate().any(|(at, word)| {
        let told = matches!(
            *word,
            "said"
                | "says"
                | "saying"
                | "told"
                | "according"
                | "thinks"
                | "heard"
                | "mentioned"
                | "wrote"
                | "agreed"
        );
        told && !matches!(
            at.checked_sub(1).and_then(|before| words.get(before)),
            Some(&("i" | "we" | "enough"))
        ) && !(*word == "agreed" && at == 0)
    });
    if tells {
        return true;
    }
    // A decision has an author; without `I`, `this`, `rollback` before it, it is another's.
    words.iter().enumerate().any(|(at, word)| {
        is_decision(words, at).is_some_and(|width| {
            let before = words.get(..at).unwrap_or_default();
            let after = words.get(at + width..).unwrap_or_default();
            let is_others = !before.iter().all(|word| is_own(word));
            let by_others = match after {
                ["by", "me" | "us" | "myself", ..] => false,
                ["by", ..] => true,
                ["from", "my" | "me" | "our" | "here" | "this", ..]
                | ["on", "my" | "our" | "behalf", ..] => false,
                ["from", ..] => true,
                _ => false,
            };
            // `<@U4> approved it` tells of them; `<@U4> approved` speaks to them.
            let is_told_of = before.is_empty() && matches!(*word, "okd" | "oked");
            let is_denied = before
                .iter()
                .any(|word| matches!(*word, "not" | "isnt" | "arent" | "no"));
            (is_others && !is_denied) || by_others || is_told_of
        })
    })
}

/// Returns how many words at `at` name a decision that was made.
fn is_decision(words: &[&str], at: usize) -> Option<usize> {
    match words.get(at..)? {
        [
            "approved" | "authorized" | "granted" | "greenlit" | "denied" | "rejected" | "declined"
            | "vetoed" | "okd" | "oked" | "permitted",
            ..,
        ] => Some(1),
        ["signed", "off", ..] => Some(2),
        _ => None,
    }
}

/// Whether a word before a decision leaves it its author's own.
fn is_own(word: &str) -> bool {
    matches!(
        word,
        "i" | "im"
            | "ive"
            | "am"
            | "we"
            | "weve"
            | "its"
            | "it"
            | "is"
            | "this"
            | "thats"
            | "that"
            | "you"
            | "youre"
            | "your"
            | "are"
            | "have"
            | "a"
            | "an"
            | "the"
            | "my"
            | "our"
            | "emergency"
            | "hereby"
            | "formally"
            | "officially"
            | "then"
            | "and"
            | "so"
            | "ok"
            | "yes"
            | "sure"
            | "please"
            | "just"
            | "all"
            | "also"
            | "fully"
            | "totally"
            | "definitely"
            | "now"
            | "consider"
            | "considered"
            | "me"
            | "from"
            | "side"
            | "end"
            | "permission"
            | "authorization"
            | "approval"
            | "request"
            | "go"
            | "ahead"
            | "of"
            | "course"
            | "very"
            | "for"
            | "to"
            | "on"
            | "here"
            | "good"
            | "verbally"
            | "immediate"
            | "both"
            | "them"
            | "these"
            | "hotfix"
            | "agreed"
            | "confirmed"
            | "lgtm"
            | "fine"
            | "great"
            | "cool"
            | "thanks"
            | "absolutely"
            | "yours"
            | "sign-off"
            | "rolling"
            | "back"
            | "roll"
            | "urgent"
            | "one"
            | "plan"
            | "not"
            | "no"
            | "cant"
            | "cannot"
            | "be"
            | "pr"
            | "prs"
            | "mr"
            | "invoice"
            | "dont"
            | "out"
            | "off"
            | "over"
            | "with"
            | "under"
            | "step"
            | "option"
            | "per"
            | "temporarily"
            | "retroactively"
            | "given"
    ) || word == NAME
        || word == CODE
        || is_address(word)
        || word.starts_with(':')
        || word.starts_with(|c: char| c.is_ascii_digit())
        || is_of_production(word)
        || change(&[word], 0).is_some_and(|it| it.form != Form::Past)
}

/// Whether a clause tells of another time.
fn is_of_the_past(words: &[&str]) -> bool {
    let is_decided = (0..words.len()).any(|at| is_decision(words, at).is_some());
    let then = any(
        words,
        &[
            &["yesterday"],
            &["already"],
            &["earlier"],
            &["last", "week"],
            &["last", "night"],
            &["last", "time"],
            &["last", "month"],
            &["this", "morning"],
            &["ago"],
            &["was"],
            &["were", "approved"],
            &["been"],
            &["had"],
            &["got"],
            &["previously"],
            &["before"],
            &["has"],
            &["have", "been"],
            &["in", "jira"],
            &["in", "the", "ticket"],
            &["in", "the", "cab"],
            &["in", "cab"],
        ],
    );
    is_decided && then
}

fn is_conditional(words: &[&str]) -> bool {
    let is_bound = words.iter().enumerate().any(|(at, word)| match *word {
        "if" | "once" | "unless" | "until" | "till" | "provided" | "providing" | "assuming"
        | "pending" | "contingent" | "depending" | "depends" | "after" | "first" | "iff"
        | "conditional" | "conditionally" | "condition" => true,
        "when" => true,
        "before" => matches!(
            words.get(at + 1),
            Some(&("you" | "that" | "we" | "deploying" | "pushing"))
        ),
        _ => false,
    });
    let is_held = any(
        words,
        &[
            &["as", "long", "as"],
            &["so", "long", "as"],
            &["subject", "to"],
            &["as", "soon", "as"],
            &["wait", "for"],
            &["waiting", "for"],
            &["waiting", "on"],
            &["wait", "on"],
            &["on", "condition"],
            &["only", "when"],
        ],
    );
    let is_limited = words
        .iter()
        .position(|word| *word == "but")
        .is_some_and(|at| {
            words.get(at + 1..).unwrap_or_default().iter().any(|word| {
                matches!(
                    *word,
                    "check"
                        | "only"
                        | "not"
                        | "wait"
                        | "ask"
                        | "talk"
                        | "get"
                        | "need"
                        | "needs"
                        | "havent"
                        | "im"
                        | "i"
                        | "cant"
                        | "dont"
                        | "security"
                        | "legal"
                        | "verify"
                        | "confirm"
                        | "want"
                        | "id"
                )
            })
        });
    is_bound || is_held || is_limited
}

fn is_guess(words: &[&str]) -> bool {
    any(
        words,
        &[
            &["maybe"],
            &["perhaps"],
            &["probably"],
            &["possibly"],
            &["not", "sure"],
            &["unsure"],
            &["guess"],
            &["think"],
            &["might"],
            &["should", "be"],
            &["leaning"],
            &["tentatively"],
            &["theory"],
            &["principle"],
            &["theoretically"],
            &["suppose"],
            &["dunno"],
            &["dont", "know"],
            &["no", "idea"],
            &["no", "clue"],
            &["assume"],
            &["seems"],
            &["believe"],
            &["hopefully"],
            &["ish"],
            &["id", "approve"],
            &["would", "approve"],
            &["id", "authorize"],
            &["will", "approve"],
            &["ill", "approve"],
            &["ill", "authorize"],
            &["can", "approve"],
            &["going", "to", "approve"],
            &["about", "to", "approve"],
            &["to", "be", "approved"],
            &["would", "be", "ok"],
            &["would", "be", "fine"],
            &["could", "be"],
            &["would", "go"],
            &["id", "go"],
            &["in", "5"],
            &["depends"],
        ],
    )
}

/// Whether a clause sends the question on to somebody else.
fn is_passed_on(words: &[&str]) -> bool {
    let sends = matches!(
        words.first().copied().unwrap_or_default(),
        "ask" | "asking" | "check" | "checking"
    ) && words
        .iter()
        .any(|word| matches!(*word, "with" | "ask" | "asking") || *word == NAME);
    sends
        || any(
            words,
            &[
                &["not", "my"],
                &["isnt", "my"],
                &["above", "my"],
                &["up", "to", "security"],
                &["up", "to", NAME],
                &["check", "with"],
                &["checking", "with"],
                &["confirm", "with"],
                &["talk", "to"],
                &["run", "it", "by"],
                &["run", "it", "past"],
                &["run", "this", "by"],
                &["defer", "to"],
                &["waiting", "for"],
                &["waiting", "on"],
                &["need", "to", "ask"],
                &["needs", "approval"],
                &["need", "approval"],
                &["needs", "to"],
                &["needs", "security"],
                &["needs", "legal"],
                &["youd", "need"],
                &["you", "need"],
                &["youll", "need"],
                &["havent", "looked"],
                &["need", "security"],
                &["need", "legal"],
                &["asking"],
                &["let", "me", "check"],
                &["let", "me", "ask"],
                &["let", "me", "confirm"],
                &["let", "me", "look"],
                &["once", "more"],
                &["not", "on", "call"],
                &["cant", "speak"],
                &["not", "opposed"],
            ],
        )
}

const NEVER: &[&str] = &[
    "dont", "not", "never", "cant", "cannot", "wont", "shouldnt", "mustnt",
];

/// Reads a clause that refuses.
fn refused(words: &[&str]) -> Option<Act> {
    // `Don't wait`, `no objection`: they only look like refusals.
    let is_hypothetical = words.iter().any(|word| matches!(*word, "if" | "unless"));
    let act = refusal(words)?;
    Some(if is_hypothetical { Act::Void } else { act })
}

fn refusal(words: &[&str]) -> Option<Act> {
    let clear = Some(Act::Refuse(Strength::Clear));
    let rest: Vec<&str> = words
        .iter()
        .copied()
        .skip_while(|word| {
            matches!(
                *word,
                "please"
                    | "ok"
                    | "so"
                    | "just"
                    | "and"
                    | "but"
                    | "lets"
                    | "sorry"
                    | "yes"
                    | "now"
                    | "no"
                    | "stop"
                    | "wait"
                    | "hey"
                    | "also"
                    | "we"
                    | "you"
                    | "guys"
                    | "im"
                    | "pls"
            ) && words.len() > 1
        })
        .collect();
    let first = words.first().copied().unwrap_or_default();
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
        &[
            &["cant", "approve"],
            &["cant", "authorize"],
            &["cannot", "approve"],
            &["cannot", "authorize"],
            &["wont", "approve"],
            &["wont", "authorize"],
            &["not", "approving"],
            &["not", "authorizing"],
            &["cant", "ok"],
            &["cant", "sign", "off"],
            &["cannot", "sign", "off"],
            &["cant", "allow"],
            &["dont", "approve"],
            &["dont", "authorize"],
            &["do", "not", "approve"],
            &["do", "not", "authorize"],
            &["not", "going", "to", "approve"],
            &["unable", "to", "approve"],
        ],
    ) {
        return Some(Act::Unable);
    }
    if is_prohibition(words) {
        return clear;
    }
    let decides_no = (0..words.len()).any(|at| {
        let negated = words
            .get(..at)
            .unwrap_or_default()
            .iter()
            .any(|word| matches!(*word, "not" | "isnt" | "arent"));
        match words.get(at..).unwrap_or_default() {
            [
                "denied" | "rejected" | "declined" | "vetoed" | "refused",
                ..,
            ] => !negated,
            ["approved" | "authorized" | "granted" | "permitted", ..] => negated,
            _ => false,
        }
    });
    if decides_no {
        return clear;
    }
    let refuses = any(
        words,
        &[
            &["not", "yet"],
            &["not", "now"],
            &["not", "today"],
            &["not", "until"],
            &["not", "without"],
            &["not", "like", "this"],
            &["not", "comfortable"],
            &["not", "ok"],
            &["not", "happy"],
            &["not", "a", "good", "idea"],
            &["not", "on", "my", "watch"],
            &["not", "going", "to", "happen"],
            &["not", "right", "now"],
            &["not", "at", "this"],
            &["not", "cleared"],
            &["hold", "off"],
            &["holding", "off"],
            &["hold", "fire"],
            &["hold", "your", "horses"],
            &["stand", "down"],
            &["no", "go"],
            &["no-go"],
            &["absolutely", "not"],
            &["definitely", "not"],
            &["certainly", "not"],
            &["rather", "not"],
            &["rather", "you", "didnt"],
            &["rather", "we", "didnt"],
            &["rather", "you", "not"],
            &["lets", "not"],
            &["lets", "wait"],
            &["lets", "hold"],
            &["leave", "it", "alone"],
            &["leave", "it", "as"],
            &["no", "way"],
            &["i", "object"],
            &["veto"],
            &["nack"],
            &["nak"],
            &["not", "a", "go"],
            &["not", "good", "to", "go"],
            &["abort"],
            &["too", "risky"],
        ],
    );
    if refuses && !is_about_something_else(words) {
        return clear;
    }
    let short = words.len() <= 4;
    let holds = match rest.as_slice() {
        ["hold"]
        | [
            "hold",
            "please" | "it" | "this" | "that" | "for" | "until",
            ..,
        ] => true,
        ["leave", "it" | "that"]
        | ["negative"]
        | ["deny"]
        | ["decline"]
        | ["reject"]
        | ["disapproved"] => true,
        ["hands", "off", ..] => true,
        _ => false,
    };
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
    words.iter().any(|word| {
        is_of_everyday_life(word)
            && !matches!(
                *word,
                "plan"
                    | "call"
                    | "swap"
                    | "page"
                    | "customers"
                    | "customer"
                    | "team"
                    | "legal"
                    | "shift"
                    | "day"
            )
    }) && !words.iter().any(|word| is_of_production(word))
}

/// `no`, `nope, sorry`, `no we'd lose data`; but not `no alerts here`.
fn is_no(words: &[&str]) -> bool {
    let is_refusing_picture = |word: &str| {
        matches!(
            word,
            ":-1:"
                | ":thumbsdown:"
                | ":x:"
                | ":no_entry:"
                | ":no_entry_sign:"
                | ":octagonal_sign:"
                | ":stop_sign:"
                | ":stop:"
                | ":no_good:"
                | ":woman-gesturing-no:"
                | ":man-gesturing-no:"
                | ":no:"
                | ":nope:"
                | ":denied:"
                | ":negative_squared_cross_mark:"
                | ":red_circle:"
                | ":raised_hand:"
                | ":hand:"
                | ":heavy_multiplication_x:"
        )
    };
    if words.iter().all(|word| {
        is_refusing_picture(word)
            || matches!(
                *word,
                "no" | "sorry"
                    | "please"
                    | "thanks"
                    | "sir"
                    | "from"
                    | "me"
                    | "not"
                    | "im"
                    | "afraid"
                    | "hell"
                    | "god"
                    | "hard"
                    | "its"
                    | "a"
                    | "thats"
            )
            || *word == NAME
    }) && words
        .iter()
        .any(|word| *word == "no" || is_refusing_picture(word))
    {
        return true;
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
        .position(|word| matches!(*word, "dont") || NEVER.contains(word) && *word != "not")
        .or_else(|| find(words, &["do", "not"]));
    let Some(at) = at else {
        return false;
    };
    let word = words.get(at).copied().unwrap_or_default();
    if matches!(
        word,
        "never" | "cant" | "cannot" | "wont" | "shouldnt" | "mustnt"
    ) {
        let is_ours = matches!(
            at.checked_sub(1).and_then(|before| words.get(before)),
            Some(&("you" | "we" | "this"))
        );
        return is_ours
            && matches!(word, "cant" | "cannot" | "shouldnt" | "mustnt")
            && change(words, at + 1).is_some();
    }
    let next = if word == "do" { at + 2 } else { at + 1 };
    let before = words.get(..at).unwrap_or_default();
    let is_said_to_others = before.iter().all(|word| {
        matches!(
            *word,
            "please"
                | "no"
                | "yes"
                | "ok"
                | "so"
                | "just"
                | "but"
                | "and"
                | "wait"
                | "stop"
                | "you"
                | "lets"
                | "sorry"
                | "we"
                | "guys"
                | "better"
                | "hey"
                | "all"
        ) || *word == NAME
            || word.starts_with(':')
    });
    let forbids = match words.get(next).copied() {
        None => true,
        Some(
            "do" | "touch" | "proceed" | "go" | "even" | "you" | "try" | "please" | "start"
            | "make" | "mess" | "just" | "yet",
        ) => true,
        Some(_) => change(words, next).is_some_and(|it| {
            !matches!(it.stem, "let" | "use" | "skip" | "force" | "bypass" | "log")
        }),
    };
    is_said_to_others && forbids && !is_about_something_else(words)
}

/// Reads a clause that grants.
fn granted(words: &[&str]) -> Option<Act> {
    if is_mine_to_do(words) {
        return None;
    }
    if decision_granted(words) || phrase_grants(words) {
        return Some(Act::Grant(Strength::Clear, None));
    }
    if let Some(stem) = order(words) {
        return Some(Act::Grant(Strength::Clear, Some(stem)));
    }
    bare(words).map(|strength| Act::Grant(strength, None))
}

/// `I'll do it`, `going ahead`: the author acts, and grants nothing.
fn is_mine_to_do(words: &[&str]) -> bool {
    any(
        words,
        &[
            &["ill"],
            &["i", "will"],
            &["weill"],
            &["i", "can"],
            &["im", "going"],
            &["im", "doing"],
            &["im", "on"],
            &["let", "me"],
            &["going", "ahead"],
            &["will", "do"],
            &["on", "it"],
            &["i", "did"],
            &["doing", "it"],
            &["doing", "so"],
            &["i", "already"],
            &["i", "just"],
            &["theyll"],
            &["he"],
            &["she"],
            &["they"],
            &["should", "we"],
            &["who"],
            &["want", "to"],
            &["about", "to"],
        ],
    ) && !any(
        words,
        &[
            &["ill", "allow"],
            &["ill", "sign", "off"],
            &["ill", "take", "responsibility"],
            &["ill", "watch"],
        ],
    )
}

/// `Approved`, `I authorize this`, `signed off`.
fn decision_granted(words: &[&str]) -> bool {
    (0..words.len()).any(|at| {
        let before = words.get(..at).unwrap_or_default();
        let rest = words.get(at..).unwrap_or_default();
        let width = match rest {
            [
                "approved" | "authorized" | "granted" | "greenlit" | "permitted",
                ..,
            ] => 1,
            ["signed", "off", ..] => 2,
            [
                "approve" | "authorize" | "approving" | "authorizing" | "greenlight",
                ..,
            ] if before.iter().all(|word| {
                matches!(
                    *word,
                    "i" | "we"
                        | "hereby"
                        | "yes"
                        | "ok"
                        | "do"
                        | "im"
                        | "and"
                        | "to"
                        | "happy"
                        | "fully"
                        | "formally"
                        | "confirm"
                        | "sure"
                        | "me"
                ) || *word == NAME
                    || word.starts_with(':')
            }) =>
            {
                1
            }
            ["sign", "off", ..] if matches!(before, ["i"] | ["yes", "i"] | ["we"]) => 2,
            _ => return false,
        };
        let after = rest.get(width..).unwrap_or_default();
        let is_denied = before
            .iter()
            .any(|word| NEVER.contains(word) || matches!(*word, "no" | "isnt"));
        let is_own_act = before.iter().all(|word| is_own(word));
        let is_elsewhere = words
            .iter()
            .any(|word| is_of_everyday_life(word) && !matches!(*word, "call" | "swap" | "plan"))
            && !words.iter().any(|word| {
                is_of_production(word)
                    || change(&[word], 0).is_some_and(|it| it.weight == Weight::Sure)
            });
        is_own_act && !is_denied && !is_elsewhere && may_follow(after)
    })
}

/// What may stand after a decision without making an adjective of it: `approved
/// vendors` decides nothing.
fn may_follow(after: &[&str]) -> bool {
    let Some(first) = after.first() else {
        return true;
    };
    matches!(
        *first,
        "by" | "to" | "for" | "from" | "on" | "and" | "go" | "now" | "please" | "thanks" | "you" | "then" | "as" | "with"
            | "under" | "via" | "this" | "it" | "that" | "the" | "your" | "ok" | "yes" | "at" | "all" | "both" | "given"
            | "immediately" | "right" | "in" | "until" | "here" | "so" | "verbally" | "ship" | "do" | "sir" | "lets"
            | "because" | "since" | "per" | "only" | "one" | "but" | "again" | "these" | "those" | "man" | "mate" | "retroactively"
            | "deploy" | "off" | "u" | "send" | "good" | "proceed" | "just" | "make" | "start" | "temporarily"
    ) || *first == NAME
        || first.starts_with(':')
        || *first == CODE
        || first.starts_with(|c: char| c.is_ascii_digit())
        || (change(after, 0).is_some_and(|it| it.form != Form::Past) && !after.iter().any(|word| is_state(word)))
        // A name without a mark between: `approved dana`.
        || (after.len() == 1 && !is_of_production(first) && !is_of_everyday_life(first) && !first.ends_with('s'))
}

/// What makes a phrase somebody else's, or another day's.
fn is_borrowed(before: &[&str]) -> bool {
    before.iter().any(|word| {
        matches!(
            *word,
            "will"
                | "would"
                | "should"
                | "could"
                | "might"
                | "ill"
                | "id"
                | "said"
                | "he"
                | "she"
                | "they"
                | "not"
                | "dont"
                | "cant"
                | "never"
                | "wont"
                | "didnt"
                | "isnt"
                | "legal"
                | "security"
                | "who"
                | "ready"
                | "about"
                | "to"
                | "has"
                | "need"
                | "needs"
                | "waiting"
                | "before"
                | "wait"
                | "no"
                | "arent"
                | "must"
                | "until"
                | "for"
        )
    })
}

fn phrase_grants(words: &[&str]) -> bool {
    const PHRASES: &[&[&str]] = &[
        &["go", "ahead"],
        &["go-ahead"],
        &["go", "for", "it"],
        &["do", "it"],
        &["do", "this"],
        &["do", "that"],
        &["do", "so"],
        &["please", "do"],
        &["ship", "it"],
        &[":shipit:"],
        &["send", "it"],
        &["make", "it", "so"],
        &["make", "it", "happen"],
        &["pull", "the", "trigger"],
        &["hit", "it"],
        &["fire", "away"],
        &["have", "at", "it"],
        &["be", "my", "guest"],
        &["by", "all", "means"],
        &["knock", "yourself", "out"],
        &["youre", "clear"],
        &["you", "are", "clear"],
        &["youre", "cleared"],
        &["you", "are", "cleared"],
        &["cleared", "to"],
        &["cleared", "for"],
        &["clear", "to"],
        &["good", "to", "go"],
        &["youre", "good"],
        &["were", "good"],
        &["green", "light"],
        &["greenlight"],
        &["youre", "authorized"],
        &["permission", "granted"],
        &["you", "have", "my"],
        &["you", "have", "a", "go"],
        &["you", "have", "the", "go"],
        &["you", "have", "permission"],
        &["you", "have", "approval"],
        &["you", "have", "authorization"],
        &["you", "have", "a", "green"],
        &["youve", "got", "my"],
        &["you", "got", "my"],
        &["got", "my", "ok"],
        &["got", "my", "approval"],
        &["its", "a", "go"],
        &["thats", "a", "go"],
        &["is", "a", "go"],
        &["were", "a", "go"],
        &["we", "are", "go"],
        &["were", "go"],
        &["youre", "go"],
        &["its", "a", "yes"],
        &["thats", "a", "yes"],
        &["a", "yes", "from", "me"],
        &["go", "from", "me"],
        &["go", "from", "my"],
        &["yes", "from", "me"],
        &["yes", "from", "my"],
        &["ok", "from", "me"],
        &["ok", "from", "my"],
        &["ok", "from", "our"],
        &["fine", "by", "me"],
        &["fine", "with", "me"],
        &["ok", "by", "me"],
        &["ok", "with", "me"],
        &["ok", "for", "me"],
        &["fine", "for", "me"],
        &["good", "with", "me"],
        &["good", "by", "me"],
        &["works", "for", "me"],
        &["no", "objection"],
        &["no", "objections"],
        &["no", "concerns"],
        &["no", "problem", "with"],
        &["no", "issue", "with"],
        &["no", "issues", "with"],
        &["im", "ok", "with"],
        &["im", "fine", "with"],
        &["im", "happy", "with"],
        &["im", "good", "with"],
        &["im", "comfortable", "with"],
        &["happy", "with", "that"],
        &["happy", "with", "this"],
        &["ok", "with", "that"],
        &["ok", "with", "this"],
        &["fine", "with", "that"],
        &["fine", "with", "this"],
        &["thumbs", "up", "from"],
        &["thumbs", "up"],
        &["carry", "on"],
        &["crack", "on"],
        &["you", "may"],
        &["my", "blessing"],
        &["lets", "do"],
        &["lets", "go"],
        &["lets", "proceed"],
        &["feel", "free"],
        &["roll", "with", "it"],
        &["run", "with", "it"],
        &["authorization", "given"],
        &["approval", "given"],
        &["sign", "off", "given"],
        &["i", "confirm"],
        &["see", "why", "not"],
        &["i", "say", "go"],
        &["say", "yes"],
        &["take", "the", "shot"],
        &["punch", "it"],
        &["light", "it", "up"],
        &["go", "go"],
        &["ok", "to", "go"],
        &["ok", "to", "proceed"],
        &["you", "can", "go"],
        &["you", "can", "proceed"],
        &["is", "authorized"],
        &[":approved:"],
        &[":lgtm:", ":shipit:"],
    ];
    let grants = PHRASES.iter().any(|phrase| {
        find(words, phrase).is_some_and(|at| {
            let before = words.get(..at).unwrap_or_default();
            let after = words.get(at + phrase.len()..).unwrap_or_default();
            // `No objection` begins with what would borrow it.
            !is_borrowed(before)
                && before.iter().all(|word| is_own(word) || is_courtesy(word))
                && !matches!(after, ["yourself" | "later" | "tomorrow", ..])
        })
    });
    grants || is_go(words) || is_proceed(words)
}

/// `Go`, `go now`, `go with it`; but not `go to the runbook`.
fn is_go(words: &[&str]) -> bool {
    words
        .iter()
        .position(|word| *word == "go")
        .is_some_and(|at| {
            let before = words.get(..at).unwrap_or_default();
            let follows = match words.get(at + 1..).unwrap_or_default() {
                [] => true,
                [
                    "now" | "please" | "on" | "from" | "deploy" | "ship" | "rollback" | "revert"
                    | "restart" | "then" | "immediately" | "thanks" | "man" | "asap" | "fast"
                    | "quick" | "do",
                    ..,
                ] => true,
                [
                    "for",
                    "deploy" | "rollback" | "it" | "launch" | "the" | "release" | "failover"
                    | "restart" | "deployment",
                    ..,
                ] => true,
                ["with", "it" | "that" | "this" | "the", ..] => true,
                [first, ..] => *first == NAME || first.starts_with(':'),
            };
            follows
                && !is_borrowed(before)
                && before.iter().all(|word| is_own(word) || is_courtesy(word))
                && !before.contains(&"here")
        })
}

fn is_proceed(words: &[&str]) -> bool {
    words
        .iter()
        .position(|word| matches!(*word, "proceed" | "execute" | "engage" | "continue"))
        .is_some_and(|at| {
            let before = words.get(..at).unwrap_or_default();
            let rest = words.get(at + 1..).unwrap_or_default();
            !is_borrowed(before)
                && before
                    .iter()
                    .all(|word| is_own(word) || is_courtesy(word) || matches!(*word, "can" | "may"))
                && !rest
                    .first()
                    .is_some_and(|word| is_state(word) || is_of_everyday_life(word))
        })
}

/// Returns the change that a clause orders: `Deploy.`, `roll it back`.
fn order(words: &[&str]) -> Option<&'static str> {
    const LEADS: &[&[&str]] = &[
        &["you", "can"],
        &["you", "may"],
        &["you", "should"],
        &["lets"],
        &["go", "ahead", "and"],
        &["go", "and"],
        &["feel", "free", "to"],
        &["ok", "to"],
        &["good", "to"],
        &["fine", "to"],
        &["safe", "to"],
        &["i", "want", "you", "to"],
    ];
    let mut rest: Vec<&str> = words.to_vec();
    let mut is_said_yes = false;
    let lead = rest
        .iter()
        .take_while(|word| {
            is_yes(word)
                || is_courtesy(word)
                || **word == NAME
                || matches!(
                    **word,
                    "just" | "then" | "now" | "and" | "so" | "but" | "also"
                )
        })
        .count();
    is_said_yes |= rest.iter().take(lead).any(|word| is_yes(word));
    rest.drain(..lead);
    let mut is_led = false;
    // The `ok` of `ok to deploy` is part of its lead.
    for phrase in LEADS {
        if starts(&rest, phrase) {
            rest.drain(..phrase.len());
            is_led = true;
        } else if lead > 0
            && phrase.first() == Some(&"ok")
            && starts(&rest, &["to"])
            && words.get(lead - 1) == Some(&"ok")
        {
            rest.drain(..1);
            is_led = true;
        }
    }
    while rest
        .first()
        .is_some_and(|word| matches!(*word, "just" | "please" | "also" | "now"))
    {
        rest.drain(..1);
    }
    let it: Change = change(&rest, 0)?;
    let after = rest.get(1..).unwrap_or_default();
    if it.form != Form::Base || rest.len() > 10 || after.iter().any(|word| is_state(word)) {
        return None;
    }
    if matches!(
        it.stem,
        "let" | "make" | "use" | "try" | "go" | "proceed" | "put" | "set" | "log" | "kick"
    ) {
        return None;
    }
    if matches!(
        it.stem,
        "stop" | "cancel" | "abort" | "drop" | "pause" | "suspend"
    ) && !is_said_yes
        && !is_led
    {
        return (matches!(it.stem, "cancel" | "drop" | "pause" | "suspend")
            && after
                .first()
                .is_some_and(|word| matches!(*word, "it" | "the" | "that")))
        .then_some(it.stem);
    }
    let is_short = match after.first() {
        None => {
            it.weight > Weight::Everyday
                || matches!(
                    it.stem,
                    "push" | "ship" | "release" | "merge" | "apply" | "run"
                )
                || is_said_yes
        }
        Some(next) => {
            matches!(
                *next,
                "it" | "this"
                    | "that"
                    | "them"
                    | "now"
                    | "away"
                    | "please"
                    | "both"
                    | "all"
                    | "back"
                    | "off"
                    | "down"
                    | "out"
                    | "over"
                    | "immediately"
                    | "these"
                    | "those"
                    | "and"
                    | "at"
            ) || *next == NAME
                || next.starts_with(':')
                || (it.weight > Weight::Everyday
                    && matches!(*next, "the" | "to" | "in" | "on" | "from" | "your"))
                || (it.weight > Weight::Everyday && (is_of_production(next) || is_said_yes))
                || (it.weight == Weight::Everyday && is_said_yes && matches!(*next, "the" | "to"))
        }
    };
    let names_other = rest.iter().any(|word| is_of_everyday_life(word)) && it.weight < Weight::Sure;
    ((is_led && it.weight > Weight::Everyday) || is_short)
        .then_some(it.stem)
        .filter(|_| !names_other)
}

fn is_yes(word: &str) -> bool {
    matches!(
        word,
        "yes"
            | "ok"
            | "sure"
            | "alright"
            | "affirmative"
            | "affirm"
            | "absolutely"
            | "definitely"
            | "certainly"
            | "confirmed"
            | "confirm"
            | "agreed"
            | "agree"
            | "course"
            | "righto"
            | "okie"
            | "yessir"
            | "granted"
            | "fine"
            | "totally"
            | "yesh"
    ) || is_granting_picture(word)
}

fn is_granting_picture(word: &str) -> bool {
    matches!(
        word,
        ":+1:"
            | ":thumbsup:"
            | ":thumbs_up:"
            | ":thumbsup_all:"
            | ":white_check_mark:"
            | ":heavy_check_mark:"
            | ":ballot_box_with_check:"
            | ":check:"
            | ":check_mark:"
            | ":checkmark:"
            | ":green_check:"
            | ":green-check:"
            | ":ok_hand:"
            | ":ok:"
            | ":green_circle:"
            | ":large_green_circle:"
            | ":yes:"
            | ":approved:"
            | ":approve:"
            | ":go:"
            | ":green:"
            | ":heavy_plus_sign:"
            | ":green_heart:"
            | ":thumbup:"
            | ":ok_woman:"
            | ":ok_man:"
            | ":lgtm:"
    )
}

fn is_cheer(word: &str) -> bool {
    matches!(
        word,
        ":rocket:"
            | ":ship:"
            | ":shipit:"
            | ":100:"
            | ":fire:"
            | ":muscle:"
            | "lgtm"
            | "sgtm"
            | "roger"
            | "wilco"
    )
}

/// Words that say nothing beside a yes.
fn is_courtesy(word: &str) -> bool {
    matches!(
        word,
        "please"
            | "thanks"
            | "then"
            | "sir"
            | "boss"
            | "mate"
            | "man"
            | "dude"
            | "team"
            | "all"
            | "so"
            | "np"
            | "you"
            | "i"
            | "do"
            | "that"
            | "thats"
            | "its"
            | "it"
            | "is"
            | "this"
            | "with"
            | "by"
            | "me"
            | "for"
            | "from"
            | "to"
            | "my"
            | "side"
            | "end"
            | "of"
            | "just"
            | "now"
            | "very"
            | "much"
            | "and"
            | "go"
            | "oh"
            | "sorry"
            | "quickly"
            | "fast"
            | "quick"
            | "thing"
            | "indeed"
            | "yes"
            | "ok"
            | "sure"
            | "we"
            | "guys"
            | "folks"
            | "friend"
            | "well"
            | "hell"
            | "fuck"
            | "god"
            | "asap"
            | "immediately"
            | "again"
            | "both"
            | "absolutely"
            | "definitely"
            | "great"
            | "perfect"
            | "cool"
            | "understood"
            | "makes"
            | "sense"
            | "here"
            | "damn"
            | "one"
            | "on"
            | "in"
            | "the"
            | "case"
            | "am"
            | "mine"
    ) || word == NAME
        || word == PICTURE
}

/// Reads words that answer whatever was asked last.
fn bare(words: &[&str]) -> Option<Strength> {
    let n_yes = words.iter().filter(|word| is_yes(word)).count();
    let n_cheers = words.iter().filter(|word| is_cheer(word)).count();
    let is_only = words
        .iter()
        .all(|word| is_yes(word) || is_cheer(word) || is_courtesy(word));
    // `ok thanks` has heard; it grants nothing.
    let has_heard =
        words.contains(&"thanks") && !words.contains(&"yes") && !words.contains(&"sure");
    let is_borrowed_yes = words.iter().any(|word| matches!(*word, "you" | "we"))
        && !words.contains(&"yes")
        && words.contains(&"ok");
    if is_only && n_yes > 0 && !has_heard && !is_borrowed_yes {
        let only_votes = words.iter().all(|word| {
            matches!(*word, ":+1:" | ":thumbsup:") || is_courtesy(word) || is_cheer(word)
        });
        return Some(if only_votes && words.contains(&"from") {
            Strength::Nod
        } else {
            Strength::Bare
        });
    }
    let no_trouble = matches!(
        words,
        ["no", "problem" | "problems" | "worries" | "prob" | "probs"]
            | ["not", "a", "problem"]
            | ["np"]
            | ["i", "dont", "mind"]
            | ["dont", "mind"]
            | ["y"]
            | ["why", "not"]
    );
    if no_trouble {
        return Some(Strength::Bare);
    }
    let i_do = matches!(
        words,
        ["i", "do"] | ["we", "do"] | ["you", "do"] | ["you", "are"] | ["it", "is"] | ["you", "can"]
    );
    if i_do {
        return Some(Strength::Bare);
    }
    let nods = matches!(
        words,
        ["sounds" | "looks", "good" | "right" | "fine" | "ok", ..]
            | ["all", "good"]
            | ["good"]
            | ["works"]
            | ["makes", "sense"]
            | ["good", "with", "that" | "it"]
            | ["good", "plan" | "call" | "idea"]
    ) && words.len() <= 6;
    (nods || (is_only && n_cheers > 0)).then_some(Strength::Nod)
}

/// `Thanks`, `I'm watching the graphs`, `be careful`.
fn is_benign(words: &[&str]) -> bool {
    let all_small = words.iter().all(|word| {
        is_courtesy(word)
            || word.starts_with(':')
            || matches!(
                *word,
                "careful"
                    | "be"
                    | "slowly"
                    | "luck"
                    | "good"
                    | "carefully"
                    | "jumping"
                    | "night"
                    | "quick"
                    | "work"
                    | "awesome"
                    | "nice"
                    | "no"
                    | "worries"
                    | "rush"
                    | "problem"
                    | "time"
                    | "at"
                    | "a"
                    | "first"
                    | "step"
                    | "gogo"
            )
            || word.starts_with(|c: char| c.is_ascii_digit())
    });
    let watches = any(
        words,
        &[
            &["watching"],
            &["ill", "watch"],
            &["ill", "monitor"],
            &["monitoring"],
            &["standing", "by"],
            &["im", "here"],
            &["im", "on", "the"],
            &["im", "around"],
            &["keep", "an", "eye"],
            &["be", "careful"],
            &["good", "luck"],
            &["with", "you"],
            &["ill", "tell"],
            &["ill", "let"],
            &["ill", "post"],
            &["ill", "inform"],
            &["ill", "take", "responsibility"],
            &["one", "at", "a", "time"],
            &["at", "a", "time"],
            &["we", "need", "this"],
            &["need", "this"],
            &["thanks", "for"],
            &["for", "jumping"],
            &["have", "my"],
            &["kill", "it"],
        ],
    );
    all_small || watches
}
