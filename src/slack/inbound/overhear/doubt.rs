//! What makes an answer decide nothing: conditions, hearsay, guesses, other times
//! and other people's decisions.
//!
//! Pure; it only looks at the words of one clause.

use super::lexicon::{Form, change, is_address, is_of_production};
use super::phrases::{among, any};
use super::words::{CODE, NAME};

/// Whether a clause tells what somebody said or decided.
pub(super) fn is_hearsay(words: &[&str]) -> bool {
    let tells = words.iter().enumerate().any(|(at, word)| {
        let told = among(
            word,
            "said says saying told according thinks heard mentioned wrote \
             agreed",
        );
        told && !matches!(
            at.checked_sub(1).and_then(|before| words.get(before)),
            Some(&("i" | "ive" | "we" | "weve" | "im" | "enough" | "already"))
        ) && !(*word == "agreed"
            && words
                .get(..at)
                .is_some_and(|before| before.iter().all(|word| is_own(word))))
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
                ["by"] => true,
                ["by", who, ..] => !among(who, "me us myself"),
                ["from", who, ..] => !among(who, "my me our here this"),
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
pub(super) fn is_own(word: &str) -> bool {
    among(
        word,
        "i im ive am we weve its it is this thats that you youre your \
         are have a an the my our emergency hereby formally officially \
         then and so ok yes sure please just all also fully totally \
         definitely now consider considered me from side end permission \
         authorization approval request go ahead of course very for to \
         on here good verbally immediate both them these hotfix agreed \
         confirmed lgtm fine great cool thanks absolutely yours \
         sign-off rolling back roll urgent one plan not no cant \
         be pr prs mr invoice dont out off over with under step option \
         per temporarily retroactively given yourself",
    ) || word == NAME
        || word == CODE
        || is_address(word)
        || word.starts_with(':')
        || word.starts_with(|c: char| c.is_ascii_digit())
        || is_of_production(word)
        || change(&[word], 0).is_some_and(|it| it.form != Form::Past)
}

/// Whether a clause tells of another time.
pub(super) fn is_of_the_past(words: &[&str]) -> bool {
    let is_decided = (0..words.len()).any(|at| is_decision(words, at).is_some());
    let then = any(
        words,
        "yesterday | already | earlier | last week | last night | last \
         time | last month | this morning | ago | was | were approved | \
         been | had | got | previously | before | has | have been | in \
         jira | in the ticket | in the cab | in cab | in github | on \
         github | in gitlab | on gitlab | in servicenow | on jira | on \
         the pr | on the ticket",
    );
    is_decided && then
}

/// Whether words are said in jest.
pub(super) fn is_in_jest(words: &[&str]) -> bool {
    words.iter().any(|word| {
        among(
            word,
            "lol lmao rofl haha hahaha hehe jk kidding joking :joy: :rofl: :laughing: \
             :upside_down_face: :clown_face: :stuck_out_tongue: \
             :stuck_out_tongue_winking_eye: :zany_face:",
        )
    }) || words.last() == Some(&"s")
}

/// Whether a clause binds the answer to something that is still to come.
pub(super) fn is_conditional(words: &[&str]) -> bool {
    let is_bound = words.iter().enumerate().any(|(at, word)| match *word {
        "after" | "afterwards" => at + 1 < words.len(),
        "if" | "when" | "once" | "unless" | "until" | "till" | "provided" | "providing"
        | "assuming" | "pending" | "contingent" | "depending" | "depends" | "first" | "iff"
        | "conditional" | "conditionally" | "condition" => true,
        "before" => matches!(
            words.get(at + 1),
            Some(&("you" | "that" | "we" | "deploying" | "pushing"))
        ),
        _ => false,
    });
    let is_held = any(
        words,
        "as long as | so long as | subject to | as soon as | wait for | \
         waiting for | waiting on | wait on | on condition | only when",
    );
    is_bound || is_held
}

/// Whether a clause guesses, or speaks of what would be.
pub(super) fn is_guess(words: &[&str]) -> bool {
    any(
        words,
        "maybe | perhaps | probably | possibly | not sure | unsure | \
         guess | think | might | should be | leaning | tentatively | \
         theory | principle | theoretically | suppose | dunno | dont \
         know | no idea | no clue | assume | seems | believe | \
         hopefully | ish | id approve | would approve | id authorize | \
         will approve | ill approve | ill authorize | can approve | \
         going to approve | about to approve | to be approved | would \
         be ok | would be fine | could be | would go | id go | in 5 | \
         depends",
    )
}

/// Whether a clause sends the question on to somebody else.
pub(super) fn is_passed_on(words: &[&str]) -> bool {
    let sends = matches!(
        words.first().copied().unwrap_or_default(),
        "ask" | "asking" | "check" | "checking"
    ) && words
        .iter()
        .any(|word| matches!(*word, "with" | "ask" | "asking") || *word == NAME);
    sends
        || any(
            words,
            "not my | isnt my | above my | up to security | up to @ | check \
             with | checking with | confirm with | talk to | run it by | \
             run it past | run this by | defer to | waiting for | waiting \
             on | need to ask | needs approval | need approval | needs to | \
             needs security | needs legal | youd need | you need | youll \
             need | havent looked | need security | need legal | asking | \
             let me check | let me ask | let me confirm | let me look | \
             once more | not on call | cant speak | not opposed",
        )
}
