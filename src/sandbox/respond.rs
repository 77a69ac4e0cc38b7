//! Answers of the app to a person: through a response URL, or in the acknowledgement of a command.
//! Both take the same body, so one function posts it.

use serde_json::Value;

use super::blocks::{self, Surface};
use super::json::{flag, list, text};
use super::message::{Author, Message, Ts};
use super::posting;
use super::state::State;
use super::tickets::ResponseUrl;

/// Why an answer was not taken, as Slack names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum AnswerFault {
    /// Nothing to show.
    #[error("no_text")]
    NoText,
    /// The blocks are not well-formed.
    #[error("invalid_blocks")]
    InvalidBlocks,
    /// There is no channel or message to answer to any more.
    #[error("message_not_found")]
    MessageNotFound,
}

/// Where an answer goes.
#[derive(Debug, Clone)]
pub(super) struct Addressee {
    pub(super) user: String,
    pub(super) channel: String,
    pub(super) message: Option<Ts>,
    pub(super) thread: Option<Ts>,
}

impl From<ResponseUrl> for Addressee {
    fn from(url: ResponseUrl) -> Self {
        Self {
            user: url.user,
            channel: url.channel,
            message: url.message,
            thread: url.thread,
        }
    }
}

/// Shows `body` to whom it is for: a new ephemeral by default, else as `response_type`, `replace_original` and
/// `delete_original` say.
pub(super) fn answer(state: &mut State, to: &Addressee, body: &Value) -> Result<(), AnswerFault> {
    if flag(body, "delete_original") {
        let ts = to.message.ok_or(AnswerFault::MessageNotFound)?;
        let deleted = posting::delete(state, &to.channel, ts);
        return deleted.then_some(()).ok_or(AnswerFault::MessageNotFound);
    }
    let blocks = list(body, "blocks");
    let attachments = list(body, "attachments");
    let words = text(body, "text").unwrap_or_default();
    if words.is_empty() && blocks.is_empty() && attachments.is_empty() {
        return Err(AnswerFault::NoText);
    }
    if !blocks::validate(blocks, Surface::Message).is_empty() {
        return Err(AnswerFault::InvalidBlocks);
    }
    let named = posting::name_blocks(state, blocks);
    let fill = |message: &mut Message| {
        words.clone_into(&mut message.text);
        message.blocks.clone_from(&named);
        message.attachments = attachments.to_vec();
        message.metadata = body
            .get("metadata")
            .filter(|metadata| metadata.is_object())
            .cloned();
    };
    if flag(body, "replace_original") {
        let ts = to.message.ok_or(AnswerFault::MessageNotFound)?;
        let replaced = posting::edit(state, &to.channel, ts, None, fill);
        return replaced.then_some(()).ok_or(AnswerFault::MessageNotFound);
    }
    let mut message = Message::new(state.clock.stamp(), Author::App, String::new());
    fill(&mut message);
    message.thread = text(body, "thread_ts").and_then(|ts| ts.parse().ok());
    if text(body, "response_type") != Some("in_channel") {
        message.only_for = Some(to.user.clone());
        message.thread = message.thread.or(to.thread);
    }
    posting::post(state, &to.channel, message);
    Ok(())
}

/// What Slack itself tells a person alone, such as that a command failed.
pub(super) fn notice(state: &mut State, user: &str, channel: &str, words: String) {
    let mut message = Message::new(state.clock.stamp(), Author::Slackbot, words);
    message.only_for = Some(user.to_owned());
    posting::post(state, channel, message);
}
