//! The words by which people grant: decisions, set phrases, orders, and a mere
//! yes.
//!
//! Pure; it only looks at the words of one clause.

use super::clause::{Act, Strength};
use super::doubt::is_own;
use super::lexicon::{
    Form, Weight, change, is_of_everyday_life, is_of_production, is_rehearsal, is_state,
};
use super::phrases::{among, any, are, found, prefix, starts_with};
use super::refusal::NEVER;
use super::words::{NAME, PICTURE};

/// Reads a clause that grants.
pub(super) fn granted(words: &[&str]) -> Option<Act> {
    if is_mine_to_do(words) {
        return None;
    }
    if decision_granted(words) {
        return Some(Act::Grant(Strength::Formal, None));
    }
    if phrase_grants(words) {
        return Some(Act::Grant(Strength::Clear, None));
    }
    // `Yes to the rollback`.
    let says_yes_to = starts_with(words, "yes to | yes on")
        && (2..words.len()).any(|at| {
            change(words, at).is_some_and(|it| it.weight > Weight::Everyday)
                || matches!(words.get(at), Some(&("that" | "this")))
        });
    if says_yes_to {
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
        "ill | i will | weill | i can | im going | im doing | im on | \
         let me | going ahead | will do | on it | i did | doing it | \
         doing so | i already | i just | theyll | he | she | they | \
         should we | who | want to | about to",
    ) && !any(
        words,
        "ill allow | ill sign off | ill take responsibility | ill watch",
    )
}

/// `Approved`, `I authorize this`, `signed off`.
fn decision_granted(words: &[&str]) -> bool {
    let is_elsewhere = words
        .iter()
        .any(|word| is_of_everyday_life(word) && !among(word, "call ic commander"))
        && !words.iter().any(|word| {
            is_of_production(word) || change(&[word], 0).is_some_and(|it| it.weight == Weight::Sure)
        });
    !is_elsewhere
        && (0..words.len()).any(|at| {
            let (before, rest) = words.split_at(at);
            let is_denied = before
                .iter()
                .any(|word| among(word, NEVER) || matches!(*word, "no" | "isnt"));
            let width = decision_made(before, rest).or_else(|| decision_stated(before, rest));
            !is_denied
                && width.is_some_and(|width| may_follow(rest.get(width..).unwrap_or_default()))
        })
}

/// `Approved`: its author is whoever says it, unless another is named.
fn decision_made(before: &[&str], rest: &[&str]) -> Option<usize> {
    let width = prefix(
        rest,
        "approved | authorized | granted | greenlit | permitted | \
         signed off",
    )?;
    // `On the approved list`
    let is_adjective = matches!(before.last(), Some(&("the" | "a" | "an")));
    (!is_adjective && before.iter().all(|word| is_own(word))).then_some(width)
}

/// `I authorize`, `as IC I approve`; but `authorize please` asks.
fn decision_stated(before: &[&str], rest: &[&str]) -> Option<usize> {
    let width = prefix(
        rest,
        "approve | authorize | approving | authorizing | greenlight | \
         sign off",
    )?;
    let is_mine = before.iter().all(|word| {
        *word == NAME
            || word.starts_with(':')
            || among(
                word,
                "i we hereby yes ok do im and to happy fully formally confirm \
                 sure me as ic em cto manager oncall on call the incident \
                 commander duty lead head",
            )
    });
    let asks = rest.get(width..) == Some(&["please"]);
    // `Sign off` alone is what people do in the evening.
    let is_said = width == 1 || before.iter().any(|word| matches!(*word, "i" | "we"));
    (is_mine && !asks && is_said).then_some(width)
}

/// What may stand after a decision without making an adjective of it: `approved
/// vendors` decides nothing.
pub(super) fn may_follow(after: &[&str]) -> bool {
    let Some(first) = after.first() else {
        return true;
    };
    let goes_on = among(
        first,
        "cc fyi by to for from on and go now please thanks you then as \
         with under via this it that the your ok yes at all both given \
         immediately right in until here so verbally ship do sir lets \
         because since per only one but again these those man mate \
         retroactively deploy off u send good proceed just make start \
         temporarily @ `",
    ) || first.starts_with(|c: char| c == ':' || c.is_ascii_digit());
    let orders = change(after, 0).is_some_and(|it| it.form != Form::Past)
        && !after.iter().any(|word| is_state(word));
    // `Approved dana`, without a mark between.
    let names_somebody = after.len() == 1
        && !is_of_production(first)
        && !is_of_everyday_life(first)
        && !first.ends_with('s');
    goes_on || orders || names_somebody
}

/// What makes a phrase somebody else's, or another day's.
fn is_borrowed(before: &[&str]) -> bool {
    before.iter().any(|word| {
        among(
            word,
            "will would should could might ill id said he she they not dont \
             cant never wont didnt isnt legal security who ready about to \
             has need needs waiting before wait no arent must until for",
        )
    })
}

/// Whether a word may stand before words that grant and leave them their author's.
fn is_beside(word: &str) -> bool {
    is_own(word)
        || is_courtesy(word)
        || is_yes(word)
        || is_cheer(word)
        || matches!(word, "can" | "may" | "lets" | "were")
}

/// `Go ahead`, `you have my ok`, `fine by me`.
fn phrase_grants(words: &[&str]) -> bool {
    const PHRASES: &str = "youve got the green light | youve got a green light | youve \
                           got the go ahead | youve got permission | youve got approval | \
                            you are good to proceed | good to proceed \
                           | clear to proceed | free to proceed | fine to proceed | get \
                           it done | get it out | get it out there | signing off on | \
                           sign off from me | sign-off from me | approval is given | i \
                           give my approval | i give you permission | i give permission | \
                           giving you the go ahead | giving my approval | giving you \
                           permission | giving you approval | go ahead | go-ahead | go \
                           for it | do it | do this | do that | do so | please do | ship \
                           it | :shipit: | send it | make it so | make it happen | pull \
                           the trigger | hit it | fire away | have at it | be my guest | \
                           by all means | knock yourself out | youre clear | you are \
                           clear | youre cleared | you are cleared | cleared to | cleared \
                           for | clear to | good to go | youre good | green light | \
                           greenlight | youre authorized | permission granted | you have \
                           a go | you have the go | you have permission | you have \
                           approval | you have authorization | you have a green | its a \
                           go | thats a go | is a go | were a go | we are go | were go | \
                           youre go | its a yes | thats a yes | a yes from me | go from \
                           me | go from my | yes from me | yes from my | ok from me | ok \
                           from my | ok from our | fine by me | fine with me | ok by me | \
                           ok with me | ok for me | fine for me | good with me | good by \
                           me | works for me | no objection | no objections | no concerns \
                           | no problem with | no issue with | no issues with | im ok \
                           with | im fine with | im happy with | im good with | im \
                           comfortable with | happy with that | happy with this | ok with \
                           that | ok with this | fine with that | fine with this | thumbs \
                           up from | thumbs up | carry on | crack on | my blessing | roll \
                           with it | run with it | authorization given | approval given | \
                           sign off given | i confirm | see why not | i say go | say yes \
                           | take the shot | punch it | light it up | go go | ok to go | \
                           ok to proceed | you can go | you can proceed | authorization \
                           confirmed | approval confirmed | is your authorization | is my \
                           authorization | is your approval | is my approval | consider \
                           this my | consider it my | consider this your | is authorized \
                           | :approved: | :lgtm: :shipit:";
    /// `You have my …`
    const WORDS_GIVEN: &str = "approval | authorization | permission | ok | blessing | go | \
                               go-ahead | consent | yes | sign-off | sign off | thumbs up | \
                               green light | release | word";
    let given = found(words, "you have my | youve got my | you got my | youve my")
        .filter(|(_, to)| starts_with(words.get(*to..).unwrap_or_default(), WORDS_GIVEN));
    let grants = found(words, PHRASES).chain(given).any(|(from, to)| {
        let before = words.get(..from).unwrap_or_default();
        let after = words.get(to..).unwrap_or_default();
        // `Checkout works for me` tells how checkout is.
        let tells = before.iter().any(|word| {
            is_of_production(word)
                && change(&[word], 0).is_none_or(|it| it.weight == Weight::Everyday)
        });
        !is_borrowed(before)
            && !tells
            && before.iter().all(|word| is_beside(word))
            && is_granted_for(after)
    });
    grants || is_go(words) || is_proceed(words)
}

/// Whether what follows a phrase leaves it a grant: `go ahead and deploy`, but not
/// `go ahead and page the vendor`.
fn is_granted_for(after: &[&str]) -> bool {
    let is_elsewhere = after.iter().any(|word| is_of_everyday_life(word))
        && !after.iter().any(|word| is_of_production(word));
    let is_for_it = match after {
        ["and" | "to", "please" | "just", rest @ ..] | ["and" | "to", rest @ ..] => {
            change(rest, 0).is_some()
                || rest.first().is_some_and(|word| {
                    among(word, "do it this that proceed go continue then thanks")
                })
        }
        ["from", who, ..] => among(who, "me my our us here"),
        _ => !after.iter().any(|word| {
            among(word, "yourself later tomorrow window instead") || is_rehearsal(word)
        }),
    };
    is_for_it && !is_elsewhere
}

/// `Go`, `go now`, `go with it`; but not `go to the runbook`.
fn is_go(words: &[&str]) -> bool {
    words
        .iter()
        .position(|word| *word == "go")
        .is_some_and(|at| {
            let before = words.get(..at).unwrap_or_default();
            let after = words.get(at + 1..).unwrap_or_default();
            let follows = after.first().is_none_or(|word| {
                word.starts_with(':')
                    || among(
                        word,
                        "now please deploy ship rollback revert restart then \
                         immediately thanks man fast quick do @",
                    )
            }) || starts_with(
                after,
                "from me | from my | from our | from us | from here | for \
                 deploy | for rollback | for it | for launch | for the | for \
                 release | for failover | for restart | for deployment | with \
                 it | with that | with this | with the",
            );
            follows
                && !is_borrowed(before)
                && before.iter().all(|word| is_beside(word))
                && !before.contains(&"here")
                && !before.contains(&"let")
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
                    .all(|word| is_beside(word) || matches!(*word, "can" | "may"))
                && !rest
                    .first()
                    .is_some_and(|word| is_state(word) || is_of_everyday_life(word))
        })
}

/// Returns the change that a clause orders: `Deploy.`, `roll it back`.
fn order(words: &[&str]) -> Option<&'static str> {
    const LEADS: &str = "you can | you may | you should | lets | go ahead and | go and \
                         | feel free to | ok to | good to | fine to | safe to | i want \
                         you to";
    let mut rest: Vec<&str> = words.to_vec();
    let lead = rest
        .iter()
        .take_while(|word| {
            is_yes(word) || **word == NAME || among(word, "just then now and so please also thanks")
        })
        .count();
    let is_said_yes = rest.iter().take(lead).any(|word| is_yes(word));
    rest.drain(..lead);
    let mut is_led = false;
    // The `ok` of `ok to deploy` was read as a yes.
    if lead > 0 && words.get(lead - 1) == Some(&"ok") && rest.first() == Some(&"to") {
        rest.drain(..1);
        is_led = true;
    }
    for lead in LEADS.split('|') {
        if starts_with(&rest, lead) {
            rest.drain(..lead.split_ascii_whitespace().count());
            is_led = true;
        }
    }
    while rest
        .first()
        .is_some_and(|word| matches!(*word, "just" | "please" | "also" | "now"))
    {
        rest.drain(..1);
    }
    // `Do the rollback`: the change is the noun.
    if let Some(n) = prefix(
        &rest,
        "do the | do that | start the | start that | begin the | run \
         the | execute the | perform the | trigger the",
    ) && let Some(it) = change(&rest, n).filter(|it| it.weight > Weight::Everyday)
        && rest.len() <= n + 4
    {
        return Some(it.stem);
    }
    let it = change(&rest, 0)?;
    let after = rest.get(1..).unwrap_or_default();
    if it.form != Form::Base || rest.len() > 10 || after.iter().any(|word| is_state(word)) {
        return None;
    }
    // `Put it in maintenance`, but not `put the kettle on`.
    let is_placed = among(it.stem, "put set") && matches!(after, ["it" | "them" | "that", ..]);
    if among(it.stem, "let make use try go proceed put set kick") && !is_placed {
        return None;
    }
    if among(it.stem, "stop cancel abort drop pause suspend") && !is_said_yes && !is_led {
        return (matches!(it.stem, "cancel" | "drop" | "pause" | "suspend")
            && after
                .first()
                .is_some_and(|word| matches!(*word, "it" | "the" | "that")))
        .then_some(it.stem);
    }
    let is_short = match after.first() {
        None => {
            it.weight > Weight::Everyday
                || among(it.stem, "push ship release merge apply run")
                || is_said_yes
        }
        Some(next) => {
            among(
                next,
                "it this that them now away please both all back off down out \
                 over immediately these those and at",
            ) || *next == NAME
                || next.starts_with(':')
                || (it.weight > Weight::Everyday && among(next, "the to in on from your"))
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
    among(
        word,
        "yes ok sure alright affirmative affirm absolutely definitely \
         certainly confirmed confirm agreed agree course righto okie \
         yessir granted fine totally yesh obviously",
    ) || is_granting_picture(word)
}

fn is_granting_picture(word: &str) -> bool {
    among(
        word,
        ":+1: :thumbsup: :thumbs_up: :thumbsup_all: :white_check_mark: \
         :heavy_check_mark: :ballot_box_with_check: :check: \
         :check_mark: :checkmark: :green_check: :green-check: :ok_hand: \
         :ok: :green_circle: :large_green_circle: :yes: :approved: \
         :approve: :go: :green: :heavy_plus_sign: :green_heart: \
         :thumbup: :ok_woman: :ok_man: :lgtm:",
    )
}

/// Pictures and words of applause, which anybody may give.
fn is_cheer(word: &str) -> bool {
    among(
        word,
        ":rocket: :ship: :shipit: :100: :fire: :muscle: lgtm sgtm",
    )
}

/// Words that say nothing beside a yes.
pub(super) fn is_courtesy(word: &str) -> bool {
    among(
        word,
        "please thanks then sir boss mate man dude team all so np you i \
         do that thats its it is this with by me for from to my side \
         end of just now very much and go oh sorry quickly fast quick \
         thing indeed yes ok sure we guys folks friend well hell fuck \
         god love 100 immediately again both absolutely definitely great \
         perfect cool understood makes sense maam mam damn am mine omg \
         ugh yikes",
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
    let has_heard = words
        .iter()
        .any(|word| among(word, "thanks makes sense cool great perfect understood"))
        && !words.contains(&"yes")
        && !words.contains(&"sure");
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
    let no_trouble = are(
        words,
        "no problem | no problems | no prob | no probs | not a problem \
         | np | i dont mind | dont mind | y | why not",
    );
    if no_trouble {
        return Some(Strength::Bare);
    }
    let i_do = are(
        words,
        "i do | we do | you do | you are | it is | you can | you may | \
         feel free | go on | go on then",
    );
    if i_do {
        return Some(Strength::Bare);
    }
    let looks_good = prefix(
        words,
        "sounds good | sounds right | sounds fine | sounds ok | looks \
         good | looks right | looks fine | looks ok",
    );
    let nods = looks_good.is_some_and(|width| {
        let rest = words.get(width..).unwrap_or_default();
        rest.first()
            .is_none_or(|word| word.starts_with(':') || is_cheer(word))
            || starts_with(rest, "to me | for me | with me | thanks | please")
    }) || are(
        words,
        "all good | good | works | makes sense | good with that | good \
         with it | good plan | good call | good idea",
    );
    (nods || (is_only && n_cheers > 0)).then_some(Strength::Nod)
}
