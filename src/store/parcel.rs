//! What goes out as one message, with all that rendering it needs.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::texts::{self, Words};
use super::{Kind, Outcome, Owed, Question, Reported, Shut, StoreError};
use super::{deployments, inbox, log, offers, outbox, people, reports};
use crate::domain::change::{EmergencyChange, Recorded};
use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, WorkspaceId};
use crate::domain::offer::Offer;
use crate::gesture::{Ask, Gesture};

/// A change with its words and its events.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The change.
    pub change: EmergencyChange,
    /// Its events in order; the first has version 1.
    pub history: Vec<Recorded>,
    /// The words behind its commitments.
    pub words: Words,
}

/// What goes out as one message, and all that rendering it needs.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The messages, leader first.
    pub owed: Vec<Owed>,
    /// The changes that they show.
    pub changes: BTreeMap<ChangeNumber, Snapshot>,
    /// For a reply: the gesture, what became of it, and its words.
    pub answer: Option<Answered>,
    /// For an offer and for what is said to it: the offer.
    pub offer: Option<Offered>,
    /// The card of the leader's change, if it stands.
    pub card: Option<(ChannelId, MessageTs)>,
    /// Whether that card was given up: it stands nowhere and never will.
    pub card_is_lost: bool,
    /// The direct message conversation with the person, if known.
    pub direct: Option<ChannelId>,
    /// The questions that they ask.
    pub questions: BTreeMap<u64, Question>,
    /// For word of a channel that is shut: since when, if it still is, and why.
    pub shut: Option<Shut>,
    /// For the weekly report: its week as it was frozen, its picture, and where it
    /// stands.
    pub report: Option<Reported>,
}

/// A gesture with what became of it.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The gesture.
    pub gesture: Gesture,
    /// What became of it.
    pub outcome: Outcome,
    /// The change that it was about or that it began.
    pub change: Option<ChangeNumber>,
    /// The change that the new one is much like, found when it was asked for.
    pub twin: Option<ChangeNumber>,
    /// The words that it commits to.
    pub words: Words,
}

/// An offer with its words and where it is whispered.
#[derive(Debug, Clone)]
pub struct Offered {
    /// The offer.
    pub offer: Offer,
    /// The words of its messages.
    pub words: Words,
    /// The thread; nothing: in the channel.
    pub thread: Option<MessageTs>,
}

/// Which change a message is about.
pub(super) fn change_of(kind: &Kind) -> Option<ChangeNumber> {
    match kind {
        Kind::Card { change }
        | Kind::Ledger { change }
        | Kind::Note { change, .. }
        | Kind::Reminder { change, .. }
        | Kind::Told { change, .. } => Some(*change),
        Kind::Reply { .. }
        | Kind::Offer { .. }
        | Kind::Home { .. }
        | Kind::Shut { .. }
        | Kind::Question { .. }
        | Kind::Report { .. } => None,
    }
}

pub(super) fn snapshot(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
) -> Result<Option<Snapshot>, StoreError> {
    log::load(connection, workspace, number)?
        .map(|loaded| with_words(connection, workspace, loaded))
        .transpose()
}

/// Adds its words to a change that was loaded.
pub(super) fn with_words(
    connection: &Connection,
    workspace: &WorkspaceId,
    (change, history): (EmergencyChange, Vec<Recorded>),
) -> Result<Snapshot, StoreError> {
    let words = texts::words(connection, workspace, change.commitments())?;
    Ok(Snapshot {
        change,
        history,
        words,
    })
}

/// Reads what rendering the messages needs, leader first.
pub(super) fn parcel(
    connection: &Connection,
    workspace: &WorkspaceId,
    owed: Vec<Owed>,
) -> Result<Option<Parcel>, StoreError> {
    let Some(leader) = owed.first().cloned() else {
        return Ok(None);
    };
    let answer = match &leader.kind {
        Kind::Reply { gesture } => answered(connection, workspace, gesture)?,
        Kind::Card { .. }
        | Kind::Ledger { .. }
        | Kind::Note { .. }
        | Kind::Reminder { .. }
        | Kind::Told { .. }
        | Kind::Offer { .. }
        | Kind::Home { .. }
        | Kind::Question { .. }
        | Kind::Shut { .. }
        | Kind::Report { .. } => None,
    };
    let about = owed.iter().filter_map(|one| change_of(&one.kind));
    let spoken_of = answer
        .iter()
        .flat_map(|one| one.change.into_iter().chain(one.twin));
    let reviewed = match answer.as_ref().map(|one| &one.gesture.ask) {
        Some(Ask::RecordMeeting { changes, .. }) => changes.clone(),
        _ => Vec::new(),
    };
    let mut changes = BTreeMap::new();
    for number in about.chain(spoken_of).chain(reviewed) {
        if let Some(snapshot) = snapshot(connection, workspace, number)? {
            changes.insert(number, snapshot);
        }
    }
    let offer = match (&leader.kind, answer.as_ref().map(|one| &one.gesture.ask)) {
        (Kind::Offer { offer, .. }, _)
        | (_, Some(Ask::TakeOffer { offer } | Ask::DeclineOffer { offer })) => {
            offered(connection, workspace, *offer)?
        }
        _ => None,
    };
    let (card, card_is_lost) = match change_of(&leader.kind) {
        Some(number) => (
            outbox::card(connection, workspace, number)?,
            outbox::card_is_lost(connection, workspace, number)?,
        ),
        None => (None, false),
    };
    let direct = match (&leader.kind, &offer) {
        (
            Kind::Reminder { person, .. }
            | Kind::Told { person, .. }
            | Kind::Question { person, .. }
            | Kind::Shut { person, .. },
            _,
        ) => people::direct(connection, workspace, person)?,
        (Kind::Offer { .. }, Some(offered)) => {
            people::direct(connection, workspace, &offered.offer.asker)?
        }
        (
            Kind::Card { .. }
            | Kind::Ledger { .. }
            | Kind::Note { .. }
            | Kind::Reply { .. }
            | Kind::Offer { .. }
            | Kind::Home { .. }
            | Kind::Report { .. },
            _,
        ) => None,
    };
    let (shut, report) = match &leader.kind {
        Kind::Shut { channel, .. } => {
            let shut = outbox::shut_since(connection, workspace, channel)?;
            (shut, None)
        }
        Kind::Report { week, .. } => (None, reports::reported(connection, workspace, *week)?),
        Kind::Card { .. }
        | Kind::Ledger { .. }
        | Kind::Note { .. }
        | Kind::Reminder { .. }
        | Kind::Told { .. }
        | Kind::Reply { .. }
        | Kind::Offer { .. }
        | Kind::Question { .. }
        | Kind::Home { .. } => (None, None),
    };
    let questions = questions(connection, workspace, &owed)?;
    Ok(Some(Parcel {
        owed,
        changes,
        answer,
        offer,
        card,
        card_is_lost,
        direct,
        questions,
        shut,
        report,
    }))
}

/// Reads the questions that are asked in one message.
fn questions(
    connection: &Connection,
    workspace: &WorkspaceId,
    owed: &[Owed],
) -> Result<BTreeMap<u64, Question>, StoreError> {
    let mut questions = BTreeMap::new();
    for one in owed {
        if let Kind::Question { question, .. } = &one.kind
            && let Some(found) = deployments::question(connection, workspace, *question)?
        {
            questions.insert(*question, found);
        }
    }
    Ok(questions)
}

fn answered(
    connection: &Connection,
    workspace: &WorkspaceId,
    key: &str,
) -> Result<Option<Answered>, StoreError> {
    let Some(gesture) = inbox::find(connection, workspace, key)? else {
        return Ok(None);
    };
    let Some((outcome, change)) = inbox::outcome(connection, workspace, key)? else {
        return Ok(None);
    };
    Ok(Some(Answered {
        words: texts::words(connection, workspace, gesture.commitments())?,
        twin: inbox::twin(connection, workspace, key)?,
        gesture,
        outcome,
        change,
    }))
}

fn offered(
    connection: &Connection,
    workspace: &WorkspaceId,
    id: u64,
) -> Result<Option<Offered>, StoreError> {
    let Some(found) = offers::find(connection, workspace, id)? else {
        return Ok(None);
    };
    Ok(Some(Offered {
        words: offers::words(connection, workspace, &found.offer)?,
        offer: found.offer,
        thread: found.thread,
    }))
}
