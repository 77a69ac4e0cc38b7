//! Does a message grant or refuse what somebody asked?
//!
//! Pure. An answer is taken for what its author decides here and now: a
//! condition, a report of what somebody else decided, a guess and a question back
//! decide nothing, whatever other words stand beside them.

use super::Verdict;
use super::clause::{Act, Strength, act};
use super::doubt::is_in_jest;
use super::phrases::{among, any, are, starts_with};
use super::words::{NAME, Said, Sentence};

/// What an answer's words amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weighed {
    /// What it does.
    pub(super) verdict: Verdict,
    /// How much it says by itself.
    pub(super) strength: Strength,
    /// What it orders and nothing else: `roll it back`.
    pub(super) order: Option<&'static str>,
    /// `Stop!`, which grants if stopping something was asked for.
    pub(super) is_stop: bool,
}

/// An answer of more words than this argues; nobody grants so.
const LONGEST: usize = 90;

/// Weighs an answer, or returns nothing if it decides nothing.
pub(super) fn weigh(text: &str) -> Option<Weighed> {
    let said = Said::of(text);
    if said.n_words() > LONGEST {
        return None;
    }
    let mut scale = Scale::default();
    for sentence in &said.sentences {
        scale.put(sentence);
    }
    scale.verdict()
}

/// Whether a message takes back what its author asked.
pub(super) fn withdraws(text: &str) -> bool {
    let said = Said::of(text);
    said.n_words() <= 30
        && said.sentences.iter().any(|sentence| {
            sentence.clauses.iter().any(|clause| {
                any(
                    &clause.words(),
                    "nvm | nevermind | never mind | scratch that | false alarm | \
                     disregard | ignore that | ignore me | cancel that | forget it \
                     | forget that | no longer needed | not needed anymore | dont \
                     need it anymore | recovered by itself | recovered on its own",
                )
            })
        })
}

/// Whether a message says that there is nothing against it: `none`, `no`.
pub(super) fn has_no_objection(text: &str) -> bool {
    let said = Said::of(text);
    let [sentence] = said.sentences.as_slice() else {
        return false;
    };
    let words: Vec<&str> = sentence
        .clauses
        .iter()
        .flat_map(|clause| clause.words())
        .filter(|word| *word != NAME)
        .collect();
    !sentence.is_question
        && !words.is_empty()
        && words.iter().all(|word| {
            among(
                word,
                "no none not at all from me my side here nothing zero thanks \
                 objection objections concerns",
            )
        })
        && words
            .iter()
            .any(|word| among(word, "no none not nothing zero"))
}

/// Whether a message says that its author stands in for another: `I'm her
/// delegate`, `covering for Morgan`.
pub(super) fn stands_in(text: &str) -> bool {
    const PHRASES: &str = "covering for | standing in for | filling in for | acting for | on \
                           behalf of | acting em | acting ic | acting manager | acting lead";
    Said::of(text).sentences.iter().any(|sentence| {
        !sentence.is_question
            && sentence.clauses.iter().any(|clause| {
                let words = clause.words();
                let is_deputy = words.contains(&"im")
                    && words
                        .iter()
                        .any(|word| matches!(*word, "delegate" | "deputy"));
                (is_deputy || any(&words, PHRASES))
                    && !words.iter().any(|word| among(word, "who not is"))
            })
    })
}

/// What the clauses of a message add up to.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing that was heard or wasn't, and they don't \
              exclude one another"
)]
#[derive(Debug, Default)]
struct Scale {
    grant: Option<Strength>,
    order: Option<&'static str>,
    ordered_only: bool,
    refusal: Option<Strength>,
    is_stop: bool,
    is_refused: bool,
    is_weak: bool,
    is_void: bool,
    asks: bool,
    has_more: bool,
    turns_elsewhere: bool,
}

impl Scale {
    fn put(&mut self, sentence: &Sentence) {
        let n_clauses = sentence.clauses.len();
        let mut is_told = is_turned_contingency(sentence);
        for (n, clause) in sentence.clauses.iter().enumerate() {
            let words = clause.words();
            // `<@U4> approved it` tells of them; `<@U4> approved` speaks to them.
            self.is_void |= matches!(
                words.as_slice(),
                [
                    NAME,
                    "approved" | "authorized" | "granted",
                    "it" | "this" | "that",
                    ..
                ]
            );
            self.is_void |= is_in_jest(&words);
            let words = own_words(&words);
            self.turns_elsewhere |= words.contains(&"instead");
            let is_last = n + 1 == n_clauses;
            if (sentence.is_question && is_last) || is_question(&words) {
                self.asks = true;
                // `approved, right?` wants to be told.
                self.is_void |= sentence.is_question
                    && are(&words, "right | yes | no | correct | ok | yeah | huh");
                continue;
            }
            // What follows `ping me`, `revert if`, is no condition of the grant.
            if is_told {
                continue;
            }
            let heard = act(&words);
            is_told = heard.is_told;
            let is_clear_only = sentence.is_question;
            self.weigh(heard.act, is_clear_only);
        }
    }

    fn weigh(&mut self, act: Act, is_clear_only: bool) {
        match act {
            Act::Grant(strength, order) => {
                if is_clear_only && strength < Strength::Clear {
                    self.asks = true;
                    return;
                }
                self.ordered_only = order.is_some() && (self.grant.is_none() || self.ordered_only);
                self.order = order.or(self.order);
                self.grant = self.grant.max(Some(strength));
            }
            Act::Refuse(strength) => {
                self.refusal = self.refusal.max(Some(strength));
                self.is_refused = true;
            }
            Act::Stop => {
                self.refusal = Some(Strength::Clear);
                self.is_stop = true;
            }
            Act::Unable => {
                self.refusal = self.refusal.max(Some(Strength::Bare));
                self.is_weak = true;
            }
            Act::Void => self.is_void = true,
            Act::Benign => {}
            Act::Idle => self.has_more = true,
        }
    }

    /// Whether all that seems to grant is an order to end something.
    fn ends_it(&self) -> bool {
        self.ordered_only
            && self
                .order
                .is_some_and(|order| among(order, "cancel drop pause suspend kill stop abort"))
    }

    fn verdict(self) -> Option<Weighed> {
        let weighed = |verdict, strength| Weighed {
            verdict,
            strength,
            order: None,
            is_stop: false,
        };
        match (self.grant, self.refusal) {
            // `Cancel that, don't deploy`: an order may be to end it.
            (Some(_), Some(strength)) if self.turns_elsewhere || self.ends_it() => {
                Some(weighed(Verdict::Refuse, strength))
            }
            // `Ok, stop it`: whether that grants, the question says.
            (Some(_), Some(_)) if self.is_stop && !self.is_refused && !self.is_void => {
                Some(Weighed {
                    order: Some("stop"),
                    ..weighed(Verdict::Grant, Strength::Clear)
                })
            }
            (None, None) | (Some(_), Some(_)) => None,
            (None, Some(strength)) => {
                let is_unsure =
                    (self.is_weak && self.is_void) || (self.asks && strength < Strength::Clear);
                (!is_unsure).then(|| Weighed {
                    is_stop: self.is_stop,
                    ..weighed(Verdict::Refuse, strength)
                })
            }
            (Some(strength), None) => {
                let is_alone = !self.asks && !self.has_more;
                let is_plain = !self.is_void && !self.turns_elsewhere;
                (is_plain && (strength >= Strength::Clear || is_alone)).then(|| Weighed {
                    order: self.order.filter(|_| self.ordered_only),
                    ..weighed(Verdict::Grant, strength)
                })
            }
        }
    }
}

/// `If it gets worse, roll back`: what to do later, said the other way round.
fn is_turned_contingency(sentence: &Sentence) -> bool {
    let words: Vec<&str> = sentence
        .clauses
        .iter()
        .flat_map(|clause| clause.words())
        .collect();
    let is_if = matches!(words.first(), Some(&("if" | "when" | "should" | "once")));
    is_if
        && words.iter().any(|word| {
            among(
                word,
                "rollback revert back stop abort undo ping call page tell shout \
                 yell wake",
            )
        })
        && !any(&words, "go ahead | approved | do it | deploy | yes | ok")
}

/// Leaves out who is spoken to and what leads over.
fn own_words<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let kept: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| *word != super::words::QUOTE)
        .collect();
    let lead = kept
        .iter()
        .take_while(|word| {
            **word == NAME
                || among(
                    word,
                    "hi hey so and well then oh alright right sorry great perfect \
                     nice cool understood roger copy hm hmm um uh uhm",
                )
        })
        .count();
    // `Oh no` is a sigh.
    if matches!(kept.as_slice(), ["oh" | "ah", "no", ..]) {
        return kept;
    }
    // `cool` alone is all that is said; it must not vanish.
    if lead == kept.len() {
        return kept;
    }
    kept.get(lead..).unwrap_or_default().to_vec()
}

/// Whether a clause asks, though no mark says so.
fn is_question(words: &[&str]) -> bool {
    let asks_first = among(
        words.first().copied().unwrap_or_default(),
        "what who why how which where whats whos hows did does has was \
         whose didnt isnt hasnt",
    );
    let offers_choice = are(words, "yes n | yes no | yes or no");
    asks_first
        || offers_choice
        || starts_with(
            words,
            "is it | is this | is that | is there | are you | are we | have \
             you | have we | can you | could you | do you | do we | when \
             did",
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn all(verdict: Option<Verdict>, answers: &[&str]) {
        for answer in answers {
            assert_eq!(weigh(answer).map(|it| it.verdict), verdict, "{answer}");
        }
    }

    #[test]
    fn what_a_person_decides_grants() {
        all(
            Some(Verdict::Grant),
            &[
                "approved",
                "@engineering-manager approved. Deploy.",
                "<@U1> Approved, go ahead",
                "Yes, go ahead. Ping me when it's done.",
                "I approve this change",
                "WAF rule approved",
                "go for it, I'm watching the dashboards",
                "fine by me",
                "no objections from my side",
                "no problem, go ahead",
                "don't wait, do it",
                "you have my authorization",
                "consider it approved",
                "Approved. Roll back if error rates climb.",
                "approved. did you warn support?",
                "yes please",
                "ok",
                "👍🏽",
                ":white_check_mark:",
                "lgtm ship it",
                "go when you're ready",
                "let's roll it back",
                "yes from me",
                "greenlit",
                "PR approved, go ahead and deploy",
            ],
        );
    }

    #[test]
    fn what_a_person_declines_refuses() {
        all(
            Some(Verdict::Refuse),
            &[
                "no",
                "not yet",
                "Not yet, waiting for security",
                "don't deploy",
                "please do not deploy this until I've looked",
                "hold off",
                "denied",
                "no go",
                "I can't approve that",
                "absolutely not",
                "👎",
                "not approved",
                "no, roll back instead",
                "stop",
                "let's hold off on this",
                "hold off. if it gets worse we'll talk",
            ],
        );
    }

    #[test]
    fn conditions_reports_guesses_and_questions_decide_nothing() {
        all(
            None,
            &[
                "approved if the canary is green",
                "if the canary is green",
                "yes once the backup is done",
                "ok as long as staging passes",
                "approved by legal, waiting for security",
                "Morgan approved it yesterday",
                "security said go ahead",
                "it was approved last week",
                "already approved",
                "<@U4> approved it",
                "approved?",
                "ok, what's the blast radius?",
                "what does it do?",
                "maybe",
                "probably fine",
                "I think so",
                "I'd approve it but I'm not on call",
                "I'll approve in 5",
                "not sure",
                "ask Riley",
                "let me check",
                "ok looking now",
                "I'll do it",
                "no idea",
                "no alerts here",
                "&gt; approved",
                "\"approved\"",
                "`approved`",
                "approved the invoice",
                "your PR is approved",
                "approved vendors are in the wiki",
                "go to the runbook",
                "yes but don't touch eu",
                "it's approved, right?",
                "",
                "can't approve, ask security",
                "don't know yet",
                "yes, I see the errors too",
            ],
        );
    }
}
