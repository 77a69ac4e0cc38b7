//! All words that the bot says: pure functions from a change to Slack's blocks.
//!
//! Nothing here asks Slack, the store or a clock anything; what a view shows is
//! handed to it. Words are short, kind and exact: what happened, what is kept,
//! what to do next. The first line of everything reads well on a phone.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use slack_morphism::prelude::SlackBlock;

use crate::domain::change::{Actor, EmergencyChange, Recorded};
use crate::domain::id::{ChangeNumber, UserId};
use crate::domain::obligation::obligations;
use crate::domain::policy::{Party, Policy};
use crate::domain::text::Commitment;
use crate::domain::ticket::{Entry, Repeat};
use crate::engine::Engine;
use crate::gesture::Which;
use crate::store::{self, Snapshot};

pub mod card;
pub mod chase;
pub mod direct;
pub mod home;
pub mod ledger;
pub mod modal;
pub mod note;
pub mod offer;
pub mod overview;
pub mod question;
pub mod reply;
pub mod report;
pub mod seal;
pub mod shut;

mod afterwards;
mod blocks;
mod facts;
mod moves;
mod say;
mod status;
mod summary;
#[cfg(test)]
mod tests;
mod ticket;
mod typed;

pub use typed::{Typed, typed};

/// A message as Slack takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// What a notification shows, and whatever can't show blocks.
    pub text: String,
    /// What is seen.
    pub blocks: Vec<SlackBlock>,
}

/// What somebody wrote, as far as it may be shown here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The words, verbatim.
    Words(String),
    /// The words aren't there any more.
    Redacted,
    /// Somebody took the words out of the record, and said why.
    Removed(Removal),
    /// The words were said in a private channel and stay there.
    Withheld,
}

/// Who took words out of the record, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Who; the clock: the policy's rule, by which words leave after a time.
    pub by: Actor,
    /// When.
    pub at: DateTime<Utc>,
    /// Why; nothing: that was taken out, too.
    pub reason: Option<String>,
}

/// Where a view finds the words that commitments stand for, across a wait for Slack,
/// too.
pub trait Words: Sync {
    /// Returns what `text` stands for.
    fn said(&self, text: &Commitment) -> Said;
}

/// A change with all that is needed to show it.
#[derive(Clone, Copy)]
pub struct Showing<'a> {
    /// The change as it stands.
    pub change: &'a EmergencyChange,
    /// The policy under which it was declared.
    pub policy: &'a Policy,
    /// Its words.
    pub texts: &'a dyn Words,
    /// Its events in order.
    pub history: &'a [Recorded],
    /// What it repeats, where that was looked up.
    pub repeat: Option<&'a Repeat>,
    /// The present.
    pub now: DateTime<Utc>,
}

impl fmt::Debug for Showing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Showing")
            .field("change", &self.change.number)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl Words for store::Words {
    fn said(&self, text: &Commitment) -> Said {
        match self.get(text) {
            Some(Some(words)) => Said::Words(words.clone()),
            Some(None) | None => Said::Redacted,
        }
    }
}

impl Words for Snapshot {
    fn said(&self, text: &Commitment) -> Said {
        match (self.words.said(text), self.change.redactions.get(text)) {
            (Said::Redacted, Some(redaction)) => Said::Removed(Removal {
                by: redaction.by.clone(),
                at: redaction.at,
                reason: self.words.get(&redaction.reason).cloned().flatten(),
            }),
            (said, _) => said,
        }
    }
}

/// The words of a private channel for whoever reads elsewhere: none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withheld;

impl Words for Withheld {
    fn said(&self, _: &Commitment) -> Said {
        Said::Withheld
    }
}

/// Shows a change as the store has it.
pub fn showing<'a>(snapshot: &'a Snapshot, engine: &'a Engine, now: DateTime<Utc>) -> Showing<'a> {
    Showing {
        change: &snapshot.change,
        policy: engine.policy_of(&snapshot.change),
        texts: snapshot,
        history: &snapshot.history,
        repeat: None,
        now,
    }
}

/// How many blocks Slack lets a message have.
const MOST_BLOCKS: usize = 50;

/// Joins messages into one, in their order; nothing if there are none.
pub fn joined(messages: impl IntoIterator<Item = Message>) -> Option<Message> {
    let mut messages = messages.into_iter();
    let mut whole = messages.next()?;
    let mut n_more = 0usize;
    for message in messages {
        n_more += 1;
        if whole.blocks.len() + message.blocks.len() <= MOST_BLOCKS {
            whole.blocks.extend(message.blocks);
        }
    }
    if n_more > 0 {
        whole.text = format!("{} (and {n_more} more)", whole.text);
    }
    Some(whole)
}

/// Joins a message and what belongs to it, where both fit; else the first stands
/// alone.
pub fn both(mut main: Message, more: Message) -> Message {
    if main.blocks.len() + more.blocks.len() <= MOST_BLOCKS {
        main.blocks.extend(more.blocks);
    }
    main
}

/// Whether a list of this kind shows a change to `who`.
pub fn is_listed(showing: &Showing<'_>, which: Which, who: &UserId) -> bool {
    match which {
        Which::Open => true,
        Which::Overdue => overdue_since(showing).is_some(),
        Which::Mine => has_part(showing.change, who),
    }
}

/// Since when something is owed that hasn't come yet; a miss that was made good
/// stays on record, and nobody owes it any more.
pub fn overdue_since(showing: &Showing<'_>) -> Option<DateTime<Utc>> {
    let owed = facts::owed(showing).into_iter();
    owed.filter_map(|one| one.due_at)
        .filter(|due_at| *due_at < showing.now)
        .min()
}

/// When the next of what is owed is due, if that lies ahead.
pub fn next_due(showing: &Showing<'_>) -> Option<DateTime<Utc>> {
    let owed = facts::owed(showing).into_iter();
    owed.filter_map(|one| one.due_at)
        .filter(|due_at| *due_at >= showing.now)
        .min()
}

/// Whether somebody has a role in a change.
pub fn has_part(change: &EmergencyChange, who: &UserId) -> bool {
    let authorizer = change.authorization.as_ref().map(|given| &given.by);
    let commander = change.commander.as_ref().map(|one| &one.who);
    let asked = change.asked.contains(&Party::Person(who.clone()));
    asked
        || change.requester == *who
        || authorizer == Some(who)
        || commander == Some(who)
        || change.implementers().any(|one| one == who)
}

/// Whether a change is some of somebody's business, so that its words are theirs to
/// read wherever they are: they have a role in it, owe or owed it something, or
/// have said something of it that is on record.
pub fn concerns(change: &EmergencyChange, policy: &Policy, who: &UserId) -> bool {
    let acted = [
        change.captured.as_ref().map(|one| &one.by),
        change.second.as_ref().map(|one| &one.by),
        change.approval.as_ref().map(|one| &one.by),
        change.rejection.as_ref().map(|one| &one.by),
        change.genuineness.as_ref().map(|one| &one.by),
    ];
    let reviewed = change.reviews.values().map(|one| &one.by);
    let answers = change.exceptions.values();
    let answered = answers
        .filter_map(|state| state.answer.as_ref())
        .flat_map(|answer| [&answer.by, &answer.owner]);
    let wrote = |entry: &Entry| entry.by == Actor::Person(who.clone());
    let owner = Some(Party::Person(who.clone()));
    has_part(change, who)
        || acted.contains(&Some(who))
        || reviewed.chain(answered).any(|one| one == who)
        || change.fields.values().any(wrote)
        || obligations(change, policy)
            .iter()
            .any(|one| one.owner == owner)
}

impl<'a> Showing<'a> {
    /// Shows with the change what it repeats, if it is among what was looked up.
    #[must_use]
    pub fn repeating(self, repeats: &'a BTreeMap<ChangeNumber, Repeat>) -> Self {
        Self {
            repeat: repeats.get(&self.change.number),
            ..self
        }
    }

    /// Shows the change to somebody outside the private channel in which it was
    /// declared: its words stay there.
    #[must_use]
    pub fn seen_from_outside(self) -> Self {
        Self {
            texts: &Withheld,
            ..self
        }
    }

    /// Whether its words stay where they were said.
    pub fn is_withheld(&self) -> bool {
        self.texts.said(&self.change.what) == Said::Withheld
    }

    /// Returns what is changed, as one line of at most `room` characters.
    fn what_in_a_line(&self, room: usize) -> String {
        say::wrote_in_a_line(&self.texts.said(&self.change.what), room)
    }
}
