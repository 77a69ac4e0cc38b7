//! The one encoding of an event, version by version, and the log's tree.
//!
//! A leaf is the bytes encoded here once and never re-serialized: UTF-8 JSON in
//! the fixed key order `{v, workspace, seq, change, at, source, actor, type,
//! data}`. Decoders for every `v` stay for ever; a golden file holds each one.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::form::{Form, Json, field, variants};
use super::{StoreError, Witness};
use crate::domain::change::{Actor, EmergencyChange, Event, Recorded, Source};
use crate::domain::deployment::{Doubt, Explanation};
use crate::domain::id::{ChangeNumber, UserId, WorkspaceId};
use crate::domain::merkle::{Frontier, Hash, leaf_hash};
use crate::domain::text::Commitment;

/// The version of the form in which new leaves are written.
///
/// 1: the main job. 2: evidence, attestation and capture came to the events of 1,
/// which read as without them where they don't stand. 3: fields came in the place
/// of sections, reviews and follow-ups beside the decision.
const VERSION: u64 = 3;

variants!(Event, put_event, take_event {
    "requested" => Requested { what, verbatim, asked, place, policy, said, captured, drill, documented_within },
    "criterion_stated" => CriterionStated { criterion },
    "asked_anew" => AskedAnew { asked },
    "authorized" => Authorized { by, method, strength, ground, evidence, attested },
    "attestation_confirmed" => AttestationConfirmed,
    "attestation_disputed" => AttestationDisputed,
    "denied" => Denied { ground, evidence },
    "went_ahead" => WentAhead,
    "commander_named" => CommanderNamed { commander },
    "commander_authorized" => CommanderAuthorized { method, strength, ground },
    "second_authorized" => SecondAuthorized { method, strength, ground, evidence },
    "deployed" => Deployed { deployed_at, known_from, implementer },
    "deployment_corrected" => DeploymentCorrected { from, to, reason },
    "reason_stated" => ReasonStated { reason, text },
    "linked_as_duplicate" => LinkedAsDuplicate { of },
    "message_edited" => MessageEdited { message, from, to },
    "message_deleted" => MessageDeleted { message, from },
    "reaction_removed" => ReactionRemoved { name, on },
    "lapsed" => Lapsed,
    "withdrawn" => Withdrawn,
    "section_written" => SectionWritten { section, text },
    "field_written" => FieldWritten { field, value, vague, taken_from, replaced },
    "attachment_kept" => AttachmentKept { name, attached, message },
    "redacted" => Redacted { text, reason },
    "documented" => Documented,
    "ticket_reopened" => TicketReopened { missing },
    "approved" => Approved { content, ground, conditions, genuine, despite },
    "approval_taken_back" => ApprovalTakenBack { field },
    "rejected" => Rejected { reason, ground, remedy, owner, due_at, genuine },
    "reviewed" => Reviewed { review, ground, content, words },
    "genuineness_reviewed" => GenuinenessReviewed { ground, genuine },
    "meeting_held" => MeetingHeld { held_at, minutes, improvements },
    "permanent_fix_made" => PermanentFixMade { how },
    "follow_up_added" => FollowUpAdded { what, owner, due_at },
    "follow_up_done" => FollowUpDone { n, how },
    "remediated" => Remediated { how },
    "exception_recorded" => ExceptionRecorded { exception },
    "exception_answered" => ExceptionAnswered { exception, cause, remedy, owner },
    "deadline_missed" => DeadlineMissed { duty, owner, due_at },
    "reminded" => Reminded { duty, owner, due_at, rung } later { round },
    "snoozed" => Snoozed { duty, owner, until },
    "handed_over" => HandedOver { duty, from, to, why },
    "escalated" => Escalated { duty, due_at, to, step },
    "delivered" => Delivered { key, channel, ts, payload, showed },
    "undelivered" => Undelivered { key, error },
    "closed" => Closed,
});

/// A leaf that belongs to no change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HouseEvent {
    /// A policy came into force, with its full bytes.
    PolicyAdopted { version: u64, bytes: String },
    /// Changes that a source told of were taken in: so many rows, and SHA-256 over
    /// their hashes in order.
    DeploymentsTakenIn { source: String, n: u64, rows: Hash },
    /// Somebody explained a change that a source told of.
    QuestionAnswered {
        question: u64,
        doubt: Doubt,
        source: String,
        external_id: String,
        answer: Explanation,
        change: Option<ChangeNumber>,
        by: UserId,
        proof: Option<Commitment>,
    },
    /// The log's first key: its checkpoints are signed by it from here on.
    KeyAdopted { key: String },
    /// Another key took its place. The note names the new key and is signed by the
    /// old one; there is none where that was lost.
    KeyRotated {
        from: String,
        to: String,
        note: Option<String>,
    },
    /// A checkpoint was shown to somebody else. This alone is no news: a checkpoint
    /// isn't made for it, or it would be owed for ever.
    CheckpointShown {
        size: u64,
        root: Hash,
        made_at: DateTime<Utc>,
        witness: Witness,
        place: String,
    },
    /// Somebody was given a pack: of which days or which change, up to which
    /// checkpoint, and the SHA-256 of its bytes.
    PackDelivered {
        to: UserId,
        first_day: String,
        last_day: String,
        about: Option<ChangeNumber>,
        size: u64,
        root: Hash,
        sha256: Hash,
        place: String,
    },
}

variants!(HouseEvent, put_house_event, take_house_event {
    "policy_adopted" => PolicyAdopted { version, bytes },
    "deployments_taken_in" => DeploymentsTakenIn { source, n, rows },
    "question_answered" => QuestionAnswered { question, doubt, source, external_id, answer, change, by, proof },
    "key_adopted" => KeyAdopted { key },
    "key_rotated" => KeyRotated { from, to, note },
    "checkpoint_shown" => CheckpointShown { size, root, made_at, witness, place },
    "pack_delivered" => PackDelivered { to, first_day, last_day, about, size, root, sha256, place },
});

/// Encodes an event of a change as a leaf.
pub(super) fn encode(
    workspace: &WorkspaceId,
    seq: u64,
    change: ChangeNumber,
    recorded: &Recorded,
) -> Vec<u8> {
    let (kind, data) = put_event(&recorded.event);
    leaf(
        workspace,
        seq,
        [
            ("change", change.put()),
            ("at", recorded.at.put()),
            ("source", recorded.source.put()),
            ("actor", recorded.actor.put()),
            ("type", Json::text(kind)),
            ("data", data),
        ],
    )
}

/// Encodes an event of the house, which belongs to no change.
pub(super) fn encode_house_event(
    workspace: &WorkspaceId,
    seq: u64,
    at: DateTime<Utc>,
    event: &HouseEvent,
) -> Vec<u8> {
    let (kind, data) = put_house_event(event);
    leaf(
        workspace,
        seq,
        [
            ("change", Json::Null),
            ("at", at.put()),
            ("source", Source::Clock.put()),
            ("actor", Actor::Bot.put()),
            ("type", Json::text(kind)),
            ("data", data),
        ],
    )
}

fn leaf(workspace: &WorkspaceId, seq: u64, rest: [(&'static str, Json); 6]) -> Vec<u8> {
    let mut out = String::with_capacity(256);
    let head = [
        ("v", Json::Integer(VERSION)),
        ("workspace", Json::text(workspace.as_str())),
        ("seq", Json::Integer(seq)),
    ];
    Json::Object(head.into_iter().chain(rest).collect()).write(&mut out);
    out.into_bytes()
}

/// Decodes the leaf of a change's event.
pub(super) fn decode(leaf: &[u8]) -> Option<Recorded> {
    let value: Value = serde_json::from_slice(leaf).ok()?;
    let kind = value.get("type")?.as_str()?;
    let data = value.get("data")?;
    let event = match value.get("v")?.as_u64()? {
        1 | 2 => take_event(kind, &as_written_since(kind, data))?,
        3 => take_event(kind, data)?,
        _ => return None,
    };
    Some(Recorded {
        at: field(&value, "at")?,
        source: field(&value, "source")?,
        actor: field(&value, "actor")?,
        event,
    })
}

/// Returns the data of an event of the first two versions as the third has it,
/// where an absent field isn't enough: a section is a field of the same name,
/// and nothing was approved in spite of anything.
fn as_written_since(kind: &str, data: &Value) -> Value {
    let mut data = data.clone();
    if let Value::Object(fields) = &mut data {
        match kind {
            "approval_taken_back" => {
                let section = fields.remove("section").unwrap_or(Value::Null);
                fields.insert("field".to_owned(), section);
            }
            "approved" => {
                fields.insert("despite".to_owned(), Value::Array(Vec::new()));
            }
            _ => {}
        }
    }
    data
}

/// Decodes the leaf of an event of the house.
pub(super) fn decode_house_event(leaf: &[u8]) -> Option<HouseEvent> {
    let value: Value = serde_json::from_slice(leaf).ok()?;
    match value.get("v")?.as_u64()? {
        1..=3 => take_house_event(value.get("type")?.as_str()?, value.get("data")?),
        _ => None,
    }
}

/// Appends to the log of one workspace. The head moves when it is saved, in the
/// same transaction.
pub(super) struct Appender<'c> {
    connection: &'c Connection,
    workspace: &'c WorkspaceId,
    frontier: Frontier,
}

impl<'c> Appender<'c> {
    pub(super) fn begin(
        connection: &'c Connection,
        workspace: &'c WorkspaceId,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            connection,
            workspace,
            frontier: frontier(connection, workspace)?,
        })
    }

    /// Returns the place that the next leaf will have.
    pub(super) fn next(&self) -> u64 {
        self.frontier.size()
    }

    /// Appends the events of a change, whose versions go on from `version`.
    pub(super) fn append(
        &mut self,
        change: ChangeNumber,
        version: u64,
        recorded: &[Recorded],
    ) -> Result<(), StoreError> {
        for (version, one) in (version + 1..).zip(recorded) {
            let leaf = encode(self.workspace, self.frontier.size(), change, one);
            self.insert(Some((change, version)), &leaf)?;
        }
        Ok(())
    }

    /// Appends an event of the house.
    pub(super) fn append_house_event(
        &mut self,
        at: DateTime<Utc>,
        event: &HouseEvent,
    ) -> Result<(), StoreError> {
        let leaf = encode_house_event(self.workspace, self.frontier.size(), at, event);
        self.insert(None, &leaf)
    }

    fn insert(
        &mut self,
        place: Option<(ChangeNumber, u64)>,
        leaf: &[u8],
    ) -> Result<(), StoreError> {
        let hash = leaf_hash(leaf);
        self.connection
            .prepare_cached(
                "INSERT INTO event (workspace, seq, change, version, leaf, leaf_hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                self.workspace.as_str(),
                self.frontier.size(),
                place.map(|(change, _)| change.0),
                place.map(|(_, version)| version),
                leaf,
                hash,
            ])?;
        self.frontier.append(hash);
        Ok(())
    }

    /// Moves the head to the last leaf appended.
    pub(super) fn save(self) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO head (workspace, size, peaks) VALUES (?1, ?2, ?3)
                 ON CONFLICT (workspace) DO UPDATE SET size = ?2, peaks = ?3",
            )?
            .execute(params![
                self.workspace.as_str(),
                self.frontier.size(),
                self.frontier.peaks().concat(),
            ])?;
        Ok(())
    }
}

/// Returns the head of a workspace's log.
pub(super) fn frontier(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Frontier, StoreError> {
    let row: Option<(u64, Vec<u8>)> = connection
        .prepare_cached("SELECT size, peaks FROM head WHERE workspace = ?1")?
        .query_row([workspace.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((size, peaks)) = row else {
        return Ok(Frontier::default());
    };
    let (peaks, _) = peaks.as_chunks::<32>();
    Frontier::restore(size, peaks.to_vec()).ok_or(StoreError::Corrupt("the log's head"))
}

/// Returns a change's events in order.
pub(super) fn history(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: ChangeNumber,
) -> Result<Vec<Recorded>, StoreError> {
    connection
        .prepare_cached(
            "SELECT leaf FROM event WHERE workspace = ?1 AND change = ?2 ORDER BY version",
        )?
        .query_map(params![workspace.as_str(), change.0], |row| {
            row.get::<_, Vec<u8>>(0)
        })?
        .map(|leaf| decode(&leaf?).ok_or(StoreError::Corrupt("an event")))
        .collect()
}

/// Returns a change, folded from its events, with them.
pub(super) fn load(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
) -> Result<Option<(EmergencyChange, Vec<Recorded>)>, StoreError> {
    let history = history(connection, workspace, number)?;
    if history.is_empty() {
        return Ok(None);
    }
    let change = EmergencyChange::replay(number, &history)
        .ok_or(StoreError::Corrupt("a change's history"))?;
    Ok(Some((change, history)))
}

/// Returns whether every leaf hashes to what stands beside it and the head to
/// all of them: the number of leaves, or what is wrong first.
pub(super) fn check(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Result<u64, String>, StoreError> {
    let mut grown = Frontier::default();
    let mut statement = connection
        .prepare("SELECT seq, leaf, leaf_hash FROM event WHERE workspace = ?1 ORDER BY seq")?;
    let mut rows = statement.query([workspace.as_str()])?;
    while let Some(row) = rows.next()? {
        let seq: u64 = row.get(0)?;
        let leaf: Vec<u8> = row.get(1)?;
        let kept: Hash = row.get(2)?;
        if seq != grown.size() {
            return Ok(Err(format!("record {} is missing", grown.size())));
        }
        if leaf_hash(&leaf) != kept {
            return Ok(Err(format!("record {seq} was altered")));
        }
        if decode(&leaf).is_none() && decode_house_event(&leaf).is_none() {
            return Ok(Err(format!("record {seq} is of no known form")));
        }
        grown.append(kept);
    }
    if grown != frontier(connection, workspace)? {
        return Ok(Err("the log's head doesn't fit its records".to_owned()));
    }
    Ok(Ok(grown.size()))
}
