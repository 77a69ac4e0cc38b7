//! Overhears a conversation: did somebody ask to be authorized, and did somebody
//! answer?
//!
//! Pure: lines go in, a pair comes out or nothing. It asks neither Slack nor the
//! store, and it decides nothing; what it finds is only ever offered to a person.
//! Its rules would rather miss a pair than make one up, for an offer that is
//! wrong is worse than none.

mod answer;
mod asking;
mod clause;
mod doubt;
mod grant;
mod lexicon;
mod object;
mod pairing;
mod permission;
mod phrases;
mod question;
mod refusal;
mod spelling;
#[cfg(test)]
mod tests;
mod wording;
mod words;

pub use crate::domain::change::Verdict;
use crate::domain::id::{MessageTs, UserId};
use crate::gesture::Mention;

/// One message of a conversation, as Slack has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who said it.
    pub by: UserId,
    /// Its text, with Slack's markup.
    pub text: String,
    /// Its timestamp.
    pub ts: MessageTs,
    /// The thread in which it stands, if any.
    pub thread: Option<MessageTs>,
    /// Whether a program said it.
    pub bot: bool,
    /// Whether it was edited since.
    pub edited: bool,
}

/// What somebody asks for, and of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The change, in the person's words, without greeting, names and question.
    /// It is for reading; the evidence is the whole text. Escape it before it is
    /// shown, as all that people wrote.
    pub what: String,
    /// Who is asked, in order of appearance. Empty: nobody in particular.
    pub asked: Vec<Mention>,
}

/// A request for authorization, and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The line that asks.
    pub request: &'a Line,
    /// The line that answers.
    pub answer: &'a Line,
    /// What it answers.
    pub verdict: Verdict,
    /// What is asked for. Where the question is a line of its own (`ok?`), what
    /// its author said just before, which [`asks`] can't know.
    pub wanted: Request,
}

/// Reads what a message asks to be authorized, by its words alone.
pub fn asks(text: &str) -> Option<Request> {
    question::read(text)
        .filter(|question| question.says_what)
        .map(|question| question.request)
}

/// Reads whether a message grants or refuses, by its words alone. Conditions,
/// hearsay, guesses, questions back and chatter do neither.
pub fn answers(text: &str) -> Option<Verdict> {
    answer::weigh(text).map(|weighed| weighed.verdict)
}

/// Whether a message grants or refuses by itself, as `approved` or `don't deploy`
/// do; `yes` and `go ahead` say it only to the question right before them.
pub fn stands_alone(text: &str) -> bool {
    answer::weigh(text).is_some_and(|weighed| match weighed.verdict {
        Verdict::Grant => weighed.strength >= clause::Strength::Formal,
        Verdict::Refuse => weighed.strength >= clause::Strength::Clear,
    })
}

/// Returns the newest pair of a conversation, oldest line first.
pub fn pair(conversation: &[Line]) -> Option<Pair<'_>> {
    let mut ear = pairing::Ear::default();
    conversation.iter().filter_map(|line| ear.hear(line)).last()
}

/// Returns the request that `answer` answers, one line of the conversation.
///
/// Where its words answer, it is the request that [`pair`] would name. Where they
/// don't, because a person says by a shortcut or an emoji that they do, it is the
/// one request open to its author. Nothing where two could be meant.
pub fn request_before<'a>(conversation: &'a [Line], answer: &Line) -> Option<&'a Line> {
    let mut ear = pairing::Ear::default();
    for line in conversation {
        if line == answer {
            let meant = ear.meant_by(line);
            return ear.hear(line).map(|pair| pair.request).or(meant);
        }
        ear.hear(line);
    }
    ear.meant_by(answer)
}
