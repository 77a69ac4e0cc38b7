//! What reads like a request for authorization and its answer. Pure.

use crate::domain::change::Verdict;
use crate::domain::id::{MessageTs, UserId};
use crate::gesture::Mention;

use super::grammar;

/// One message of a conversation, as Slack has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who wrote it.
    pub by: UserId,
    /// Its text, in Slack's markup.
    pub text: String,
    /// Its name.
    pub ts: MessageTs,
    /// The thread that it stands in.
    pub thread: Option<MessageTs>,
    /// Whether an app wrote it.
    pub bot: bool,
    /// Whether it was edited.
    pub edited: bool,
}

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The change, without the question.
    pub what: String,
    /// Who is asked.
    pub asked: Vec<Mention>,
}

/// A request and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The request.
    pub request: &'a Line,
    /// The answer.
    pub answer: &'a Line,
    /// What it does.
    pub verdict: Verdict,
}

/// Returns what a message asks for, if it asks for authorization.
pub fn asks(text: &str) -> Option<Request> {
    let lower = text.to_lowercase();
    let asks = ["authorization?", "ok to ", "approve?"]
        .iter()
        .any(|words| lower.contains(words));
    let request = asks.then(|| grammar::as_request(text))?;
    Some(Request {
        what: request.what.replace(" Authorization?", ""),
        asked: request.asked,
    })
}

/// Returns what a message does to a request, if it answers one.
pub fn answers(text: &str) -> Option<Verdict> {
    let words = grammar::as_request(text).what.to_lowercase();
    if ["denied", "don't", "not yet", "no"]
        .iter()
        .any(|no| words.starts_with(no))
    {
        return Some(Verdict::Refuse);
    }
    ["approved", "yes", "go", "ok", "authorized"]
        .iter()
        .any(|yes| words.starts_with(yes))
        .then_some(Verdict::Grant)
}

/// Returns the newest pair of a conversation, oldest line first.
pub fn pair(conversation: &[Line]) -> Option<Pair<'_>> {
    conversation.iter().rev().find_map(|answer| {
        let verdict = answers(&answer.text)?;
        let request = request_before(conversation, answer)?;
        Some(Pair {
            request,
            answer,
            verdict,
        })
    })
}

/// Returns the request that `answer` answers.
pub fn request_before<'a>(conversation: &'a [Line], answer: &Line) -> Option<&'a Line> {
    conversation.iter().rev().find(|line| {
        line.ts < answer.ts && line.by != answer.by && !line.bot && asks(&line.text).is_some()
    })
}
