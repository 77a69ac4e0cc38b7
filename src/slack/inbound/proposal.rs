//! What the form about a message begins with: the messages around it, and which
//! of them ask and answer, as far as the rules of overhearing see it.
//!
//! It runs while a trigger of three seconds lives. Where Slack is slow, the form
//! opens with what is known: the message that it is about.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::DateTime;
use futures_util::future::join_all;

use super::grammar;
use super::overhear::{self, Line};
use crate::domain::change::Verdict;
use crate::domain::id::{ChannelId, MessageTs, UserId};
use crate::slack::lookup::{Lookup, Message};
use crate::slack::views::modal::{Candidate, Proposal};

/// How long reading the conversation may take, of the trigger's three seconds.
const READ_WITHIN: Duration = Duration::from_millis(1200);

/// How long the names of those in it may take.
const NAMES_WITHIN: Duration = Duration::from_millis(500);

/// How many messages before and after are offered to choose from.
const AROUND: usize = 10;

/// Proposes what to put on record about a message.
pub(super) async fn about(lookup: &Lookup, channel: &ChannelId, message: &Message) -> Proposal {
    let reading = lookup.messages_around(channel, message.thread.as_ref(), &message.ts, AROUND);
    let mut is_closed = false;
    let read = match tokio::time::timeout(READ_WITHIN, reading).await {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => {
            is_closed = error.closes_the_conversation();
            tracing::warn!(error = %error, "the messages around one can't be read");
            Vec::new()
        }
        Err(_elapsed) => {
            tracing::warn!("the messages around one take too long");
            Vec::new()
        }
    };
    let lines = lines(&read, message);
    let names = names(lookup, &lines).await;
    let mut proposal = propose(&lines, message, &names);
    if is_closed && !message.bot {
        // What is sent in later is all that the bot will ever see of it.
        proposal.unread = Some((message.ts.clone(), grammar::verbatim(&message.text)));
    }
    proposal
}

/// The lines to choose from, oldest first, with the message itself among them
/// whatever Slack answered. Apps neither ask nor answer.
fn lines(read: &[Message], about: &Message) -> Vec<Line> {
    let mut lines: Vec<Line> = read.iter().filter_map(Message::line).collect();
    if !lines.iter().any(|line| line.ts == about.ts) {
        lines.extend(about.line());
        lines.sort_by(|one, other| one.ts.cmp(&other.ts));
    }
    lines.retain(|line| !line.bot && !line.text.trim().is_empty());
    lines
}

async fn names(lookup: &Lookup, lines: &[Line]) -> BTreeMap<UserId, String> {
    let people: BTreeSet<&UserId> = lines.iter().map(|line| &line.by).collect();
    // Each by itself: one name that takes too long doesn't cost the others.
    let asked = people.into_iter().map(|who| async move {
        let known = tokio::time::timeout(NAMES_WITHIN, lookup.known_member(who)).await;
        Some((who.clone(), known.ok()?.ok()?.name))
    });
    join_all(asked).await.into_iter().flatten().collect()
}

fn propose(lines: &[Line], about: &Message, names: &BTreeMap<UserId, String>) -> Proposal {
    let (request, answer) = halves(lines, about);
    let verdict = answer
        .and_then(|answer| overhear::answers(&answer.text))
        .unwrap_or(Verdict::Grant);
    let candidates = lines.iter().map(|line| Candidate {
        ts: line.ts.clone(),
        by: line.by.clone(),
        by_name: names
            .get(&line.by)
            .cloned()
            .unwrap_or_else(|| line.by.as_str().to_owned()),
        text: grammar::verbatim(&line.text),
        at: line.ts.at().unwrap_or(DateTime::UNIX_EPOCH),
    });
    Proposal {
        unread: None,
        candidates: candidates.collect(),
        request: request.map(|line| line.ts.clone()),
        answer: answer.map(|line| line.ts.clone()),
        verdict,
        what: request
            .map(
                |line| match wanted(lines, &line.ts, answer.map(|one| &one.ts)) {
                    Some(wanted) => wanted.what,
                    None => what(&line.text),
                },
            )
            .unwrap_or_default(),
    }
}

/// What a request asks for and of whom, where it is a question by itself (`ok?`)
/// after words that say what: that takes the lines before it, and its answer.
pub(super) fn wanted(
    lines: &[Line],
    request: &MessageTs,
    answer: Option<&MessageTs>,
) -> Option<overhear::Request> {
    let answer = lines.iter().position(|line| Some(&line.ts) == answer)?;
    let pair = overhear::pair(lines.get(..=answer)?)?;
    (pair.request.ts == *request).then_some(pair.wanted)
}

/// What a request asks for, in the words that a record shows.
pub(super) fn what(text: &str) -> String {
    let what = match overhear::asks(text) {
        Some(request) => request.what,
        None => grammar::as_request(text).what,
    };
    if what.trim().is_empty() {
        return grammar::verbatim(text);
    }
    what
}

/// Which lines ask and answer, of which one is the line pointed at: it answers a
/// question before it, or it is the question, whose first answer comes after.
fn halves<'a>(lines: &'a [Line], about: &Message) -> (Option<&'a Line>, Option<&'a Line>) {
    let Some(pointed) = lines.iter().find(|line| line.ts == about.ts) else {
        return (None, None);
    };
    let asks = overhear::asks(&pointed.text).is_some();
    let answers = overhear::answers(&pointed.text).is_some();
    // People point at an answer that the rules don't read as one, too.
    let before = (answers || !asks)
        .then(|| overhear::request_before(lines, pointed))
        .flatten();
    if let Some(request) = before {
        return (Some(request), Some(pointed));
    }
    if answers && !asks {
        return (None, Some(pointed));
    }
    let answer = lines.iter().find(|line| {
        line.ts > pointed.ts && line.by != pointed.by && overhear::answers(&line.text).is_some()
    });
    (Some(pointed), answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(ts: u32, by: &str, text: &str) -> Message {
        Message {
            ts: MessageTs::new(format!("17607536{ts:02}.000100")),
            thread: None,
            by: Some(UserId::new(by)),
            text: text.to_owned(),
            bot: false,
            edited: false,
        }
    }

    fn conversation() -> Vec<Message> {
        vec![
            said(1, "U1", "anyone seen the 500s?"),
            said(
                2,
                "U1",
                "<@U2> deploying WAF rule to block SQL injection. Authorization?",
            ),
            said(3, "U3", "looking at the graphs"),
            said(4, "U2", "approved. Deploy."),
        ]
    }

    fn proposed(read: &[Message], about: &Message) -> Proposal {
        let names = BTreeMap::from([(UserId::new("U2"), "Morgan".to_owned())]);
        propose(&lines(read, about), about, &names)
    }

    #[test]
    fn either_half_finds_the_other() {
        let all = conversation();
        for n in [1, 3] {
            let proposal = proposed(&all, &all[n]);
            assert_eq!(proposal.request.as_ref(), Some(&all[1].ts), "{n}");
            assert_eq!(proposal.answer.as_ref(), Some(&all[3].ts), "{n}");
            assert_eq!(proposal.verdict, Verdict::Grant);
            assert!(proposal.what.contains("WAF rule"), "{}", proposal.what);
            assert_eq!(proposal.candidates.len(), 4);
            assert_eq!(proposal.candidates[3].by_name, "Morgan");
            assert_eq!(proposal.candidates[0].by_name, "U1");
        }
    }

    #[test]
    fn where_nothing_can_be_read_the_message_itself_is_there() {
        let all = conversation();
        let answer = proposed(&[], &all[3]);
        assert_eq!(
            (answer.request, answer.answer),
            (None, Some(all[3].ts.clone()))
        );
        let request = proposed(&[], &all[1]);
        assert_eq!(
            (request.request, request.answer),
            (Some(all[1].ts.clone()), None)
        );
        assert_eq!(request.candidates.len(), 1);
    }

    #[test]
    fn a_question_by_itself_takes_its_matter_from_the_words_before() {
        let mut all = conversation();
        all[1].text = "<@U2> I want to deploy the WAF rule on prod".to_owned();
        all[2] = said(3, "U1", "ok to go?");
        let proposal = proposed(&all, &all[3]);
        assert_eq!(proposal.request.as_ref(), Some(&all[2].ts));
        assert!(proposal.what.contains("WAF rule"), "{}", proposal.what);
    }

    #[test]
    fn apps_are_not_among_those_to_choose_from() {
        let mut all = conversation();
        all[2].bot = true;
        assert_eq!(proposed(&all, &all[3]).candidates.len(), 3);
    }

    #[test]
    fn the_form_keeps_what_was_said_and_logs_dont() {
        let all = conversation();
        let proposal = proposed(&all, &all[1]);
        assert_eq!(
            proposal.candidates[1].text,
            "<@U2> deploying WAF rule to block SQL injection. Authorization?"
        );
        assert!(!format!("{proposal:?}").contains("WAF"));
    }
}
