//! The messages that are part of a record, found by their name in Slack.
//!
//! Derived from the events: [`of`] says which messages an event brings, and
//! nothing else puts a row here.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use crate::domain::change::{Event, Evidence, MessageRef, Recorded};
use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, WorkspaceId};

/// What a message is to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Half {
    /// It asks.
    Request,
    /// It answers.
    Answer,
    /// The emoji that answers stands on it.
    Emoji,
}

impl Half {
    const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Answer => "answer",
            Self::Emoji => "emoji",
        }
    }
}

/// Returns the message that an event puts on record, if it does.
fn of(event: &Event) -> Option<(Half, &MessageRef)> {
    match event {
        Event::Requested { said, .. } => Some((Half::Request, said.as_ref()?)),
        Event::Authorized { evidence, .. }
        | Event::Denied { evidence, .. }
        | Event::SecondAuthorized { evidence, .. } => match evidence.as_ref()? {
            Evidence::Words { message, .. } => Some((Half::Answer, message)),
            Evidence::Emoji { on, .. } => Some((Half::Emoji, on)),
            Evidence::Account { .. } => None,
        },
        Event::CriterionStated { .. }
        | Event::AskedAnew { .. }
        | Event::AttestationConfirmed
        | Event::AttestationDisputed
        | Event::WentAhead
        | Event::CommanderNamed { .. }
        | Event::CommanderAuthorized { .. }
        | Event::Deployed { .. }
        | Event::DeploymentCorrected { .. }
        | Event::ReasonStated { .. }
        | Event::LinkedAsDuplicate { .. }
        | Event::MessageEdited { .. }
        | Event::MessageDeleted { .. }
        | Event::ReactionRemoved { .. }
        | Event::Lapsed
        | Event::Withdrawn
        | Event::SectionWritten { .. }
        | Event::FieldWritten { .. }
        | Event::AttachmentKept { .. }
        | Event::Redacted { .. }
        | Event::Documented
        | Event::Approved { .. }
        | Event::ApprovalTakenBack { .. }
        | Event::Rejected { .. }
        | Event::Remediated { .. }
        | Event::TicketReopened { .. }
        | Event::Reviewed { .. }
        | Event::GenuinenessReviewed { .. }
        | Event::MeetingHeld { .. }
        | Event::PermanentFixMade { .. }
        | Event::FollowUpAdded { .. }
        | Event::FollowUpDone { .. }
        | Event::ExceptionRecorded { .. }
        | Event::ExceptionAnswered { .. }
        | Event::DeadlineMissed { .. }
        | Event::Snoozed { .. }
        | Event::HandedOver { .. }
        | Event::Escalated { .. }
        | Event::Reminded { .. }
        | Event::Delivered { .. }
        | Event::Undelivered { .. }
        | Event::Closed => None,
    }
}

/// Keeps the messages that new events put on record.
pub(super) fn keep(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    recorded: &[Recorded],
) -> Result<(), StoreError> {
    for (half, message) in recorded.iter().filter_map(|one| of(&one.event)) {
        connection
            .prepare_cached(
                "INSERT INTO quote (workspace, channel, ts, half, change)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                workspace.as_str(),
                message.channel.as_str(),
                message.ts.as_str(),
                half.name(),
                number.0,
            ])?;
    }
    Ok(())
}

/// Returns the changes to which a message is this half, the first first.
pub(super) fn changes_of(
    connection: &Connection,
    workspace: &WorkspaceId,
    (channel, ts): (&ChannelId, &MessageTs),
    half: Half,
) -> Result<Vec<ChangeNumber>, StoreError> {
    connection
        .prepare_cached(
            "SELECT change FROM quote
             WHERE workspace = ?1 AND channel = ?2 AND ts = ?3 AND half = ?4 ORDER BY change",
        )?
        .query_map(
            params![
                workspace.as_str(),
                channel.as_str(),
                ts.as_str(),
                half.name()
            ],
            |row| Ok(ChangeNumber(row.get(0)?)),
        )?
        .map(|number| Ok(number?))
        .collect()
}

/// Returns the changes that a message's words are part of.
pub(super) fn captured(
    connection: &Connection,
    workspace: &WorkspaceId,
    (channel, ts): (&ChannelId, &MessageTs),
) -> Result<BTreeSet<ChangeNumber>, StoreError> {
    let mut changes = BTreeSet::new();
    for half in [Half::Request, Half::Answer] {
        changes.extend(changes_of(connection, workspace, (channel, ts), half)?);
    }
    Ok(changes)
}

/// Returns whether the rows of a change are what its events say.
pub(super) fn fit(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    history: &[Recorded],
) -> Result<bool, StoreError> {
    let said: BTreeSet<(String, String, String)> = history
        .iter()
        .filter_map(|one| of(&one.event))
        .map(|(half, message)| {
            (
                message.channel.as_str().to_owned(),
                message.ts.as_str().to_owned(),
                half.name().to_owned(),
            )
        })
        .collect();
    let kept: BTreeSet<(String, String, String)> = connection
        .prepare_cached("SELECT channel, ts, half FROM quote WHERE workspace = ?1 AND change = ?2")?
        .query_map(params![workspace.as_str(), number.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<Result<_, _>>()?;
    Ok(said == kept)
}

/// Returns the change whose card a message is.
pub(super) fn card_at(
    connection: &Connection,
    workspace: &WorkspaceId,
    (channel, ts): (&ChannelId, &MessageTs),
) -> Result<Option<ChangeNumber>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT change FROM outbox
             WHERE workspace = ?1 AND channel = ?2 AND ts = ?3 AND kind = 'card'",
        )?
        .query_row(
            params![workspace.as_str(), channel.as_str(), ts.as_str()],
            |row| Ok(ChangeNumber(row.get(0)?)),
        )
        .optional()?)
}
