//! Slack, at both ends of the bot; the only room that knows slack-morphism.
//!
//! Two doors let Slack's deliveries in, `socket` (Socket Mode) and `events`
//! (signed HTTP); behind them there is one way. `client` writes, `lookup`
//! reads, `views` holds all words that the bot says.

use std::sync::Arc;

use futures_util::future::BoxFuture;

pub mod client;
pub mod control;
pub mod error;
pub mod events;
pub mod inbound;
pub mod lookup;
pub mod reach;
pub mod readers;
pub mod socket;
pub mod survey;
pub mod transport;
pub mod views;

/// One thing that Slack handed in, through either door, with its signature or
/// its socket already trusted and nothing else looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// What kind of thing it is.
    pub kind: DeliveryKind,
    /// Slack's payload. A command's form fields stand here as a JSON object of
    /// strings, which is how Socket Mode delivers them.
    pub payload: serde_json::Value,
}

/// The three kinds of thing that Slack delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryKind {
    /// A slash command.
    Command,
    /// A button, a modal, a shortcut.
    Interaction,
    /// An event of the Events API: the whole `event_callback`.
    Event,
}

/// What Slack hears back.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The delivery is kept, or is none of ours; Slack need not send it again.
    Acknowledged,
    /// As before, with a payload: the errors of a modal.
    With(serde_json::Value),
    /// The delivery could not be kept. Slack is told nothing, or an error, and
    /// delivers again.
    NotKept,
}

/// What stands behind both doors.
pub type Receive = Arc<dyn Fn(Delivery) -> BoxFuture<'static, Answer> + Send + Sync>;
