//! The forms that put on record what was said elsewhere: in messages, by word of
//! mouth, or wrongly.

use std::fmt;

use chrono::{DateTime, Utc};
use slack_morphism::prelude::{
    SlackBlock, SlackBlockChoiceItem, SlackBlockPlainTextOnly, SlackBlockRadioButtonsElement,
    SlackBlockStaticSelectElement, SlackBlockText, SlackBlockUsersSelectElement, SlackView,
};

use crate::domain::change::{LONGEST_TEXT, NotGenuine, Verdict};
use crate::domain::id::{MessageTs, UserId};
use crate::slack::control::{Input, Memory, Modal, NO_MESSAGE};

use super::super::blocks::{context, plain, section};
use super::super::{Showing, say};
use super::{
    LONGEST_OPTION, OpenedFrom, about, already_deployed, criterion, input, long_text, modal, time,
    title,
};

/// How many messages can be chosen from. More would be a crowd, and the modal
/// remembers who wrote each of them in the 3,000 characters that Slack keeps.
const MOST_CANDIDATES: usize = 40;

/// How much of an author's name an option shows.
const ROOM_FOR_A_NAME: usize = 20;

/// A message that may be the request or the answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its name in the conversation.
    pub ts: MessageTs,
    /// Who wrote it.
    pub by: UserId,
    /// The name that people know them by: an option of a select knows no other.
    pub by_name: String,
    /// What it says, Slack's escapes undone.
    pub text: String,
    /// When it was written.
    pub at: DateTime<Utc>,
}

impl fmt::Debug for Candidate {
    /// What people wrote doesn't belong in logs of the program.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("ts", &self.ts)
            .field("by", &self.by)
            .finish_non_exhaustive()
    }
}

/// What is proposed to be put on record.
#[derive(Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The messages to choose from, the oldest first.
    pub candidates: Vec<Candidate>,
    /// Which of them asks, as far as it can be told.
    pub request: Option<MessageTs>,
    /// Which of them answers.
    pub answer: Option<MessageTs>,
    /// What the answer does.
    pub verdict: Verdict,
    /// What is changed, in the words of the request.
    pub what: String,
    /// The message that the form is about with its words, where the bot can't read
    /// the conversation itself.
    pub unread: Option<(MessageTs, String)>,
}

impl fmt::Debug for Proposal {
    /// What people wrote doesn't belong in logs of the program.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proposal")
            .field("candidates", &self.candidates)
            .field("request", &self.request)
            .field("answer", &self.answer)
            .field("verdict", &self.verdict)
            .finish_non_exhaustive()
    }
}

/// Returns the form that records a request and its answer from messages.
pub fn record(proposal: &Proposal, now: DateTime<Utc>, from: OpenedFrom<'_>) -> SlackView {
    let shown = shown(proposal);
    let said = |one: &Candidate| option(one, &shown, now);
    let mut memory = Memory::at(from.channel, from.thread);
    for one in &shown {
        memory.wrote(&one.ts, &one.by);
    }
    if let Some((ts, words)) = &proposal.unread {
        memory.says(ts, words);
    }
    let mut what = long_text();
    if !proposal.what.trim().is_empty() {
        what = what.with_initial_value(say::beginning(&proposal.what, LONGEST_TEXT));
    }
    let blocks = vec![
        context(
            "If this is the pair, press *Record*. Both messages are kept word for word, with authors, times and links.",
        ),
        message(
            Input::Request,
            "Which message asks?",
            "No message asks",
            &shown,
            said,
            proposal.request.as_ref(),
        ),
        message(
            Input::Answer,
            "Which message answers?",
            "Nobody has answered yet",
            &shown,
            said,
            proposal.answer.as_ref(),
        ),
        verdict(proposal.verdict),
        input(
            Input::What,
            "What is changed?",
            what.into(),
            Some("For the card. Left empty, it is the message that asks."),
            true,
        ),
        input(
            Input::Requester,
            "Who asked, if no message does?",
            SlackBlockUsersSelectElement::new()
                .with_placeholder(plain("Choose a person"))
                .into(),
            None,
            true,
        ),
        criterion(),
        already_deployed(),
    ];
    modal(
        Modal::Record,
        "Record authorization",
        "Record",
        &memory,
        blocks,
    )
}

/// The choice of a message, or of none.
fn message(
    name: Input,
    label: &str,
    none: &str,
    candidates: &[&Candidate],
    said: impl Fn(&Candidate) -> String,
    chosen: Option<&MessageTs>,
) -> SlackBlock {
    type Choice = SlackBlockChoiceItem<SlackBlockPlainTextOnly>;
    let no_message: Choice = SlackBlockChoiceItem::new(plain(none), NO_MESSAGE.to_owned());
    let mut options: Vec<Choice> = vec![no_message.clone()];
    let mut initial = no_message;
    for one in candidates {
        let text = said(one);
        let choice = SlackBlockChoiceItem::new(plain(&text), one.ts.as_str().to_owned());
        if chosen == Some(&one.ts) {
            initial = choice.clone();
        }
        options.push(choice);
    }
    let select = SlackBlockStaticSelectElement::new()
        .with_placeholder(plain("Choose a message"))
        .with_options(options)
        .with_initial_option(initial);
    input(name, label, select.into(), None, false)
}

/// Those messages that there is room for: what is proposed, and the newest.
fn shown(proposal: &Proposal) -> Vec<&Candidate> {
    let proposed = [&proposal.request, &proposal.answer];
    let is_proposed = |one: &Candidate| proposed.iter().any(|ts| ts.as_ref() == Some(&one.ts));
    let candidates = &proposal.candidates;
    let n_proposed = candidates.iter().filter(|one| is_proposed(one)).count();
    let mut room = MOST_CANDIDATES.saturating_sub(n_proposed);
    let mut shown: Vec<&Candidate> = candidates
        .iter()
        .rev()
        .filter(|one| {
            if is_proposed(one) {
                return true;
            }
            let fits = room > 0;
            room = room.saturating_sub(1);
            fits
        })
        .collect();
    shown.reverse();
    shown
}

/// A message in a line of plain text. Slack shows no dates there in the reader's
/// zone, so it says how long ago that was.
fn option(one: &Candidate, all: &[&Candidate], now: DateTime<Utc>) -> String {
    let name = name(one);
    let words = named(&one.text, all);
    let line = format!("{name}, {} ago: {words}", say::span(now - one.at));
    if say::width(&line) <= LONGEST_OPTION {
        return line;
    }
    format!("{}…", say::beginning(&line, LONGEST_OPTION - 1).trim_end())
}

/// An author's name, which is somebody's words, too.
fn name(one: &Candidate) -> String {
    let name = say::plainly(one.by_name.trim(), |_| "somebody".to_owned());
    say::beginning(&name, ROOM_FOR_A_NAME)
}

/// What a message says as one line, with people by the names that are known.
/// Plain text knows no markup: it would show what stands in the angle brackets.
fn named(text: &str, all: &[&Candidate]) -> String {
    let name_of = |who: &UserId| {
        let known = all.iter().find(|one| one.by == *who);
        known
            .map_or("somebody", |one| one.by_name.trim())
            .to_owned()
    };
    let line = say::plainly(text, name_of);
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the answer does.
fn verdict(proposed: Verdict) -> SlackBlock {
    let option = |verdict: Verdict| -> SlackBlockChoiceItem<SlackBlockText> {
        let label = match verdict {
            Verdict::Grant => "It authorizes the change",
            Verdict::Refuse => "It refuses the change",
        };
        SlackBlockChoiceItem::new(plain(label).into(), verdict.name().to_owned())
    };
    let options = Verdict::ALL.iter().copied().map(option).collect();
    input(
        Input::Verdict,
        "What does the answer do?",
        SlackBlockRadioButtonsElement::new(options)
            .with_initial_option(option(proposed))
            .into(),
        None,
        false,
    )
}

/// Returns the question who authorized by word of mouth.
pub fn attest(showing: &Showing<'_>, from: OpenedFrom<'_>) -> SlackView {
    let change = showing.change;
    let blocks = vec![
        about(showing),
        context(
            "You may deploy on this. Whoever you name is asked to confirm it; until they do, the record says that it is your word.",
        ),
        input(
            Input::Whom,
            "Who authorized it?",
            SlackBlockUsersSelectElement::new()
                .with_placeholder(plain("Choose a person"))
                .into(),
            None,
            false,
        ),
        input(
            Input::When,
            "When was that?",
            time("5 min ago").into(),
            Some("Leave it empty if it was just now."),
            true,
        ),
        input(
            Input::Account,
            "How, and in what words?",
            long_text()
                .with_placeholder(plain("On the bridge call: “go ahead, block it”"))
                .into(),
            None,
            true,
        ),
    ];
    modal(
        Modal::Attest,
        &title(change, "", " agreed"),
        "Record",
        &Memory::at(from.channel, from.thread).about(change.number),
        blocks,
    )
}

/// Returns the correction of the deployment that is recorded `at` an instant.
pub fn correct_deployment(
    showing: &Showing<'_>,
    at: DateTime<Utc>,
    from: OpenedFrom<'_>,
) -> SlackView {
    let change = showing.change;
    let approved = if change.approval.is_some() {
        " It is approved: a correction takes the approval back."
    } else {
        ""
    };
    let blocks = vec![
        about(showing),
        section(&format!(
            "Recorded as deployed {}. Both times stay in the record.{approved}",
            say::at(at)
        )),
        input(
            Input::When,
            "When was it really?",
            time("02:19").with_focus_on_load(true).into(),
            Some("For example 20 min ago, 02:19 or yesterday 23:50 CET."),
            false,
        ),
        input(
            Input::Reason,
            "Why is the recorded time wrong?",
            long_text()
                .with_placeholder(plain(
                    "Pressed the button after the deployment had finished",
                ))
                .into(),
            None,
            false,
        ),
    ];
    let memory = Memory {
        deployed_at: Some(at.timestamp_micros()),
        ..Memory::at(from.channel, from.thread).about(change.number)
    };
    modal(
        Modal::CorrectDeployment,
        &title(change, "Correct ", ""),
        "Correct",
        &memory,
        blocks,
    )
}

/// Returns the question for a reason that is none of the five.
pub fn state_reason(showing: &Showing<'_>, from: OpenedFrom<'_>) -> SlackView {
    let change = showing.change;
    let options: Vec<SlackBlockChoiceItem<SlackBlockText>> = NotGenuine::ALL
        .iter()
        .map(|reason| {
            SlackBlockChoiceItem::new(
                plain(say::not_genuine(*reason)).into(),
                reason.name().to_owned(),
            )
        })
        .collect();
    let blocks = vec![
        about(showing),
        context(
            "None of these is a genuine emergency. The change goes on; the reason is kept as you state it, recorded as an exception and flagged for the genuineness review.",
        ),
        input(
            Input::Stated,
            "Why can't it wait?",
            SlackBlockRadioButtonsElement::new(options).into(),
            None,
            false,
        ),
        input(
            Input::Account,
            "In your own words",
            long_text().into(),
            Some("Needed for another reason; welcome with every one."),
            true,
        ),
    ];
    modal(
        Modal::StateReason,
        &title(change, "", " reason"),
        "State it",
        &Memory::at(from.channel, from.thread).about(change.number),
        blocks,
    )
}
