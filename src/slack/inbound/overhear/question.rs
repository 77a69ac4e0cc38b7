//! Does a message ask to be authorized, for what, and by whom?
//!
//! Pure. Three things must come together: words that ask for permission, a change
//! to production for which they ask, and nothing that makes them a question about
//! something else (who, when, whether it was, whether one would need it).

use super::Request;
use super::asking::{Around, Asking, Manner, asking, lead};
use super::doubt::is_in_jest;
use super::lexicon::{
    Form, Weight, change, is_deed, is_of_another_day, is_of_production, is_only_a_rehearsal,
    is_state,
};
use super::object::{Thing, names_live, placed, speaks_of_everyday_life, thing};
use super::permission::{asks_who_may, is_permission, is_permitted};
use super::phrases::{among, any, find, starts_with};
use super::wording::{asked, trimmed, what};
use super::words::{Clause, NAME, Said, Sentence};

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

/// A message longer than this is a report, whatever it asks at the end; ours are
/// a few lines. In words, code and quotations not counted.
const LONGEST: usize = 400;

/// Reads what a message asks, or nothing if it asks for no authorization.
pub(super) fn read(text: &str) -> Option<Question> {
    let said = Said::of(text);
    if said.n_words() > LONGEST || said.clauses().any(|words| is_not_meant(&words)) {
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
    announced_in(&said).then(|| trimmed(said.plain()))
}

/// Jokes, drills and thoughts, whatever they ask.
fn is_not_meant(words: &[&str]) -> bool {
    let is_drill = any(words, "tabletop | game day | gameday | the drill | a drill")
        && !any(words, "not a drill")
        || words
            .iter()
            .any(|word| matches!(*word, "exercise" | "drill"))
            && words
                .iter()
                .all(|word| matches!(*word, "exercise" | "drill" | NAME) || word.starts_with(':'));
    is_drill || is_in_jest(words) || any(words, "hypothetically | theoretically | in theory")
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
            let is_idle = |word: &&str| matches!(*word, "alright" | "ok" | "right");
            is_conditional |= !words.iter().take(lead).any(is_idle)
                && among(first, "if once after when assuming unless suppose")
                || starts_with(words.get(lead..).unwrap_or_default(), "in case");
            if is_conditional || is_of_another_kind(&words, lead) {
                continue;
            }
            let asking = asking(&words, lead, around).filter(|asking| !is_put_off(&words, asking));
            if let Some(asking) = asking {
                let better = found
                    .as_ref()
                    .is_none_or(|(_, _, old): &(_, _, Asking)| asking.rank() >= old.rank());
                if better {
                    found = Some((s, c, asking));
                }
            }
        }
    }
    found
}

/// Whether what is asked for is put off or made conditional by the asker, or only
/// told of: `can we roll back if this fails?`, `permission to deploy was given`.
fn is_put_off(words: &[&str], asking: &Asking) -> bool {
    let after = words.get(asking.phrase.end..).unwrap_or_default();
    let is_conditional = asking.verb.is_some()
        && after.iter().enumerate().any(|(at, word)| {
            let next = after.get(at + 1).copied().unwrap_or_default();
            match *word {
                "if" => !among(next, "thats that its you youre ok needed"),
                "once" => next != "more",
                "after" | "when" => true,
                _ => false,
            }
        });
    let is_told = asking.is_formal
        && (after
            .iter()
            .any(|word| among(word, "was given granted has"))
            || find(after, &["is", "given"]).is_some());
    is_conditional || is_told
}

/// Questions about something else: who, when, whether it was, and rules about
/// asking.
fn is_of_another_kind(words: &[&str], lead: usize) -> bool {
    let rest = words.get(lead..).unwrap_or_default();
    let first = rest.first().copied().unwrap_or_default();
    let asks_for_a_fact = among(
        first,
        "who what when why how where which whats whos hows whose wheres \
         did was were has had does didnt wasnt hasnt remember isnt",
    ) && !starts_with(rest, "what about me")
        && !asks_who_may(rest);
    let is_opinion = starts_with(
        rest,
        "do you think | do we need | do i need | do we still | are we \
         ready | are you ready | is it ready | have we | have you | \
         have they | do we know | no need",
    );
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

/// What a question is about.
enum Subject {
    Production,
    Unsaid,
    SomethingElse,
}

/// Decides whether what is asked for is a change to production.
fn subject(said: &Said, sentence: &Sentence, clause: &Clause, asking: &Asking) -> Subject {
    let words = clause.words();
    let in_sentence: Vec<&str> = sentence
        .clauses
        .iter()
        .flat_map(|clause| clause.words())
        .collect();
    if is_of_another_day(&in_sentence) || is_only_a_rehearsal(&words) {
        return Subject::SomethingElse;
    }
    let verb = asking
        .verb
        .filter(|verb| verb.form != Form::Past || asking.manner == Manner::Mind);
    let Some(verb) = verb else {
        let asked_for = words.get(asking.phrase.start..).unwrap_or_default();
        return subject_without_verb(said, asked_for, asking);
    };
    let object = words.get(asking.phrase.end + 1..).unwrap_or_default();
    let is_live = names_live(&in_sentence);
    let topic_is_everyday = || {
        said.clauses()
            .any(|words| speaks_of_everyday_life(&without_reviews(&words)))
    };
    // `Raise a change`: the paper.
    if among(verb.stem, "raise open create") && object.iter().take(3).any(|word| *word == "change")
    {
        return Subject::SomethingElse;
    }
    let what = match verb.weight {
        Weight::Everyday | Weight::Likely => placed(object),
        Weight::Sure => thing(object),
    };
    let is_production = match (what, verb.weight) {
        (Thing::Rehearsal, _) => false,
        (Thing::EverydayLife, Weight::Sure) => is_live || names_a_review(object),
        // `bypass code review and deploy`
        (Thing::EverydayLife, _) => is_live || leads_to_a_change(object),
        (_, Weight::Sure) | (Thing::Production, _) | (Thing::Unknown, Weight::Likely) => true,
        (Thing::Unsaid, Weight::Likely) => is_live || announced_in(said) || !topic_is_everyday(),
        (Thing::Unknown, Weight::Everyday) => is_live || asking.is_formal,
        (Thing::Unsaid, Weight::Everyday) => {
            if among(verb.stem, "run go proceed") && !is_live && !evidence(said, asking) {
                return Subject::Unsaid;
            }
            let is_meant = object
                .first()
                .is_some_and(|word| among(word, "it this that them these"));
            is_live
                || announced_in(said)
                || !topic_is_everyday()
                    && (asking.is_formal
                        || among(verb.stem, "push ship release apply")
                        || is_meant && evidence(said, asking))
        }
    };
    if is_production {
        Subject::Production
    } else {
        Subject::SomethingElse
    }
}

/// As [`subject`], where the words that ask lead up to no verb: `authorization?`
fn subject_without_verb(said: &Said, asked_for: &[&str], asking: &Asking) -> Subject {
    /// A question that needs what was said before it is short.
    const SHORT: usize = 10;
    let after = asked_for.get(asking.phrase.len()..).unwrap_or_default();
    let is_named_first = thing(after) == Thing::EverydayLife;
    if is_named_first {
        Subject::SomethingElse
    } else if announced_in(said) {
        Subject::Production
    } else if said.clauses().any(|words| speaks_of_everyday_life(&words)) {
        Subject::SomethingElse
    } else if evidence(said, asking) || !asking.is_tag && names_production(after) {
        Subject::Production
    } else if said.n_words() <= SHORT {
        Subject::Unsaid
    } else {
        Subject::SomethingElse
    }
}

fn leads_to_a_change(object: &[&str]) -> bool {
    (1..object.len()).any(|at| {
        object.get(at - 1) == Some(&"and")
            && change(object, at).is_some_and(|it| it.weight == Weight::Sure)
    })
}

/// Leaves out pull requests, which are reviewed and deployed alike.
fn without_reviews<'a>(words: &[&'a str]) -> Vec<&'a str> {
    words
        .iter()
        .copied()
        .filter(|word| !among(word, "pr prs mr"))
        .collect()
}

/// Whether what a verb is done to is a pull request: `deploy #881`.
fn names_a_review(object: &[&str]) -> bool {
    thing(&without_reviews(object)) != Thing::EverydayLife
}

fn names_production(words: &[&str]) -> bool {
    words.iter().any(|word| is_of_production(word))
}

/// Whether the message speaks of a change that is still to come.
fn evidence(said: &Said, asking: &Asking) -> bool {
    announced_in(said) || !asking.is_tag && said.clauses().any(|words| names_a_change(&words))
}

/// Whether the message announces a change.
fn announced_in(said: &Said) -> bool {
    said.clauses().any(|words| announces(&words))
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
                ) && !is_done(before));
        let is_denied = before.iter().any(|word| {
            among(
                word,
                "did didnt dont not was were stopped keeps keep still you youre",
            )
        });
        // `A proposal for moving the queue`
        let is_spoken_of =
            it.form == Form::Ongoing && matches!(before.last(), Some(&("for" | "about")));
        let object = words.get(at + 1..).unwrap_or_default();
        let is_elsewhere = it.weight < Weight::Sure
            && matches!(thing(object), Thing::EverydayLife | Thing::Rehearsal);
        it.form != Form::Past
            && !is_elsewhere
            && !is_noun
            && !is_denied
            && !is_spoken_of
            && (it.weight > Weight::Everyday || names_production && it.stem != "go")
            && !matches!(it.stem, "let" | "make" | "use" | "try")
    })
}

/// Whether what stands before a noun makes a deed of it: `make the rollback`.
fn is_done(before: &[&str]) -> bool {
    matches!(before, [.., deed, "the" | "a" | "an"] if is_deed(deed))
}

/// Whether words name a change as a thing: `the hotfix`, `redis restart`.
fn names_a_change(words: &[&str]) -> bool {
    (0..words.len()).any(|at| {
        let is_artefact = words
            .get(at)
            .is_some_and(|word| among(word, "fix build release migration workaround mitigation"));
        let is_verb = change(words, at)
            .is_some_and(|it| it.weight > Weight::Everyday && it.form != Form::Past);
        let is_told_of = match words.get(at + 1..).unwrap_or_default() {
            ["is" | "are", how, ..] => is_state(how),
            [next, ..] => is_state(next) && !among(next, "is are ready window"),
            [] => false,
        };
        (is_artefact || is_verb) && !is_told_of
    })
}

/// Returns the stems of the changes of which a message speaks.
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

/// Returns the stems of the changes of which a text speaks.
pub(super) fn stems_of(text: &str) -> Vec<&'static str> {
    let said = Said::of(text);
    if said.n_words() > LONGEST {
        return Vec::new();
    }
    stems(&said)
}
