//! Which answer belongs to which request, as a conversation goes on.
//!
//! Pure. It walks through the lines once, in the order given, and keeps what is
//! open; where two requests could be meant, none is.

use chrono::{DateTime, TimeDelta, Utc};

use super::answer::{self, Weighed};
use super::asking::Manner;
use super::clause::Strength;
use super::phrases::among;
use super::question::{self, Question};
use super::wording;
use super::{Line, Pair, Request, Verdict};
use crate::domain::id::{MessageTs, UserId};
use crate::gesture::Mention;

/// How long after a request an answer is still taken for one. In an incident
/// half an hour is another situation.
const PATIENCE: TimeDelta = TimeDelta::minutes(30);

/// How long before `ok?` its author may have said what for.
const BREATH: TimeDelta = TimeDelta::minutes(3);

/// Where a line stands: in the channel, or in the thread under a message.
fn place(line: &Line) -> Option<&MessageTs> {
    line.thread.as_ref().filter(|thread| **thread != line.ts)
}

/// Whether `later` is said where `earlier` is heard: beside it, or in the thread
/// that hangs from it.
fn is_within_earshot(earlier: &Line, later: &Line) -> bool {
    place(earlier) == place(later) || place(later) == Some(&earlier.ts)
}

/// Whether a line may ask or answer: a person's own words, as first said.
fn is_first_hand(line: &Line) -> bool {
    !line.bot && !line.edited
}

/// A request that somebody made.
#[derive(Debug)]
struct Open<'a> {
    at: DateTime<Utc>,
    n: usize,
    line: &'a Line,
    question: Question,
    /// How it was last answered.
    answered: Option<Verdict>,
}

impl Open<'_> {
    /// Whether this person is one of those asked.
    fn names(&self, person: &UserId) -> bool {
        self.question
            .request
            .asked
            .iter()
            .any(|asked| matches!(asked, Mention::User(user) if user == person))
    }

    /// Whether this person may answer: whoever was asked by name, else anybody.
    fn may_be_answered_by(&self, person: &UserId) -> bool {
        let asked = &self.question.request.asked;
        let only_people =
            !asked.is_empty() && asked.iter().all(|asked| matches!(asked, Mention::User(_)));
        *person != self.line.by && (!only_people || self.names(person))
    }
}

/// What was heard so far.
#[derive(Debug, Default)]
pub(super) struct Ear<'a> {
    lines: Vec<&'a Line>,
    open: Vec<Open<'a>>,
}

impl<'a> Ear<'a> {
    /// Hears the next line, and returns the pair that it closes.
    pub(super) fn hear(&mut self, line: &'a Line) -> Option<Pair<'a>> {
        let n = self.lines.len();
        self.lines.push(line);
        let at = line.ts.at()?;
        self.open
            .retain(|open| at - open.at <= PATIENCE && at >= open.at);
        if !is_first_hand(line) {
            return None;
        }
        if answer::withdraws(&line.text) {
            self.open
                .retain(|open| open.line.by != line.by || !is_within_earshot(open.line, line));
            return None;
        }
        if let Some(answered) = self.answered(n, line) {
            let (which, verdict) = answered;
            let open = self.open.get_mut(which)?;
            open.answered = Some(verdict);
            return Some(Pair {
                request: open.line,
                answer: line,
                verdict,
                wanted: open.question.request.clone(),
            });
        }
        if let Some(question) = self.asked(line, at) {
            // Who asks the same again has asked once.
            self.open.retain(|open| {
                open.line.by != line.by
                    || !is_within_earshot(open.line, line)
                    || !is_same(&open.question, &question)
            });
            self.open.push(Open {
                at,
                n,
                line,
                question,
                answered: None,
            });
        }
        None
    }

    /// Returns the one request that this line could answer, whatever it says.
    pub(super) fn meant_by(&self, line: &Line) -> Option<&'a Line> {
        let at = line.ts.at()?;
        let mut meant = self.open.iter().filter(|open| {
            at - open.at <= PATIENCE
                && at >= open.at
                && is_within_earshot(open.line, line)
                && open.may_be_answered_by(&line.by)
        });
        let first = meant.next()?;
        meant.next().is_none().then_some(first.line)
    }

    /// Reads a request, with what its author said just before where it needs that.
    fn asked(&self, line: &Line, at: DateTime<Utc>) -> Option<Question> {
        let question = question::read(&line.text)?;
        if question.says_what {
            return Some(question);
        }
        let before = self
            .lines
            .iter()
            .rev()
            .skip(1)
            .take(6)
            .find(|before| before.by == line.by && is_within_earshot(before, line))?;
        let is_fresh = before
            .ts
            .at()
            .is_some_and(|then| at - then <= BREATH && at >= then);
        if !is_fresh || !is_first_hand(before) {
            return None;
        }
        let what = question::announced(&before.text)?;
        Some(Question {
            request: Request {
                what,
                ..question.request
            },
            says_what: true,
            ..question
        })
    }

    /// Finds the request that a line answers, and how.
    fn answered(&self, n: usize, line: &Line) -> Option<(usize, Verdict)> {
        let weighed = answer::weigh(&line.text);
        let has_no_objection = answer::has_no_objection(&line.text);
        let stands_in = weighed.is_some() && answer::stands_in(&line.text);
        let fits: Vec<(usize, Verdict)> = self
            .open
            .iter()
            .enumerate()
            .filter(|(_, open)| {
                is_within_earshot(open.line, line)
                    && (open.may_be_answered_by(&line.by) || stands_in && open.line.by != line.by)
            })
            .filter_map(|(which, open)| {
                let verdict = if open.question.manner == Manner::Objections && has_no_objection {
                    Some(Verdict::Grant)
                } else {
                    weighed.and_then(|weighed| self.settles(open, n, line, weighed))
                }?;
                Some((which, verdict))
            })
            .collect();
        let is_open = |(which, _): &&(usize, Verdict)| {
            self.open
                .get(*which)
                .is_some_and(|open| open.answered.is_none())
        };
        match fits.iter().filter(is_open).collect::<Vec<_>>().as_slice() {
            [] => fits.last().copied(),
            [one] => Some(**one),
            several => self.singled_out(line, several),
        }
    }

    /// Decides whether an answer settles a request, and how.
    fn settles(&self, open: &Open<'_>, n: usize, line: &Line, weighed: Weighed) -> Option<Verdict> {
        let is_clear = weighed.strength >= Strength::Clear;
        let question = &open.question;
        // Another decision on the same request must be said, and must be another.
        if let Some(before) = open.answered
            && (before == weighed.verdict || !is_clear)
        {
            return None;
        }
        if !is_clear && (question.manner != Manner::Plain || !self.is_direct(open, n, line)) {
            return None;
        }
        if weighed.strength == Strength::Nod && !open.names(&line.by) {
            return None;
        }
        if is_spoken_to_another(open, line) {
            return None;
        }
        if weighed.strength < Strength::Formal && self.answers_another(open, n, line) {
            return None;
        }
        if weighed.is_stop && question.stems.contains(&"stop") {
            return None;
        }
        // `Roll it back` in answer to `ok to deploy?` is another plan.
        if let Some(order) = weighed.order
            && is_counter(order)
            && !question.stems.iter().any(|stem| is_alike(stem, order))
        {
            return None;
        }
        Some(weighed.verdict)
    }

    /// Whether nothing came between a request and a short answer to which the
    /// answer could belong.
    fn is_direct(&self, open: &Open<'_>, n: usize, line: &Line) -> bool {
        let is_to_nobody = open.question.request.asked.is_empty();
        let mut between = self
            .lines
            .get(open.n + 1..n)
            .unwrap_or_default()
            .iter()
            .filter(|between| is_within_earshot(between, line) && place(between) == place(line));
        !between.any(|between| {
            let is_others = between.by != open.line.by;
            let asks = between.text.contains('?');
            is_others && (asks || (is_to_nobody && between.by != line.by))
        })
    }

    /// Whether somebody else asked something just before, so that a `go ahead` may
    /// be for them.
    fn answers_another(&self, open: &Open<'_>, n: usize, line: &Line) -> bool {
        let just_before = self
            .lines
            .get(open.n + 1..n)
            .unwrap_or_default()
            .iter()
            .rfind(|between| place(between) == place(line));
        let is_asked_by_another = just_before.is_some_and(|between| {
            between.by != open.line.by && between.by != line.by && between.text.contains('?')
        });
        let speaks_of_it = question::stems_of(&line.text)
            .iter()
            .any(|stem| open.question.stems.contains(stem));
        is_asked_by_another && !speaks_of_it && !names(line, &open.line.by)
    }

    /// Of several requests, the one that the answer singles out: by its author's
    /// name, or by what is to be done.
    fn singled_out(&self, line: &Line, several: &[&(usize, Verdict)]) -> Option<(usize, Verdict)> {
        let named: Vec<_> = several
            .iter()
            .filter(|(which, _)| {
                self.open
                    .get(*which)
                    .is_some_and(|open| names(line, &open.line.by))
            })
            .collect();
        if let [one] = named.as_slice() {
            return Some(***one);
        }
        let stems = question::stems_of(&line.text);
        let spoken_of: Vec<_> = several
            .iter()
            .filter(|(which, _)| {
                self.open
                    .get(*which)
                    .is_some_and(|open| open.question.stems.iter().any(|stem| stems.contains(stem)))
            })
            .collect();
        match spoken_of.as_slice() {
            [one] => Some(***one),
            _ => None,
        }
    }
}

/// Whether a line names somebody.
fn names(line: &Line, person: &UserId) -> bool {
    line.text.contains(&format!("<@{person}>")) || line.text.contains(&format!("<@{person}|"))
}

/// Whether an answer begins with the name of somebody who didn't ask.
fn is_spoken_to_another(open: &Open<'_>, line: &Line) -> bool {
    let mut spoken_to = wording::spoken_to(&line.text).peekable();
    spoken_to.peek().is_some() && spoken_to.all(|user| user != open.line.by)
}

/// Orders that undo or end something.
fn is_counter(stem: &str) -> bool {
    among(
        stem,
        "rollback revert kill stop cancel abort drop pause restore \
         suspend disable",
    )
}

/// Whether two changes are ways to do the same.
fn is_alike(a: &str, b: &str) -> bool {
    let group = |stem: &str| match stem {
        "rollback" | "revert" | "restore" => 1,
        "kill" | "stop" | "cancel" | "abort" | "terminate" | "disable" | "turn" | "shut"
        | "pause" | "suspend" | "flip" | "switch" | "toggle" => 2,
        _ => 0,
    };
    a == b || (group(a) != 0 && group(a) == group(b))
}

/// Whether two questions of one person ask for the same.
fn is_same(a: &Question, b: &Question) -> bool {
    let words = |question: &Question| -> Vec<String> {
        question
            .request
            .what
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.len() > 2)
            .map(str::to_lowercase)
            .collect()
    };
    let (a, b) = (words(a), words(b));
    let (few, many) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let shared = few.iter().filter(|word| many.contains(word)).count();
    shared * 3 >= few.len() * 2
}
