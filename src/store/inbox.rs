//! What people did, kept before it is acknowledged, until it is answered.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::form::{Form, Json, field, variants};
use super::{StoreError, instant, micros};
use crate::domain::id::{ChangeNumber, ChannelId, WorkspaceId};
use crate::domain::text::Commitment;
use crate::gesture::{Ask, Gesture, Mention};

variants!(Ask, put_ask, take_ask {
    "request" => Request { what, verbatim, asked, criterion, said, deployed, drill },
    "capture" => Capture { what, request, requester, answer, verdict, criterion, deployed, shown },
    "overhear" => Overhear { ts, text, verdict, addressed },
    "attach" => Attach { ts, files, links },
    "react" => React { ts, name },
    "unreact" => Unreact { ts, name },
    "note_edit" => NoteEdit { ts, text },
    "note_deletion" => NoteDeletion { ts },
    "take_offer" => TakeOffer { offer },
    "decline_offer" => DeclineOffer { offer },
    "attest" => Attest { change, who, when, account },
    "confirm_attestation" => ConfirmAttestation { change },
    "dispute_attestation" => DisputeAttestation { change },
    "stand_in" => StandIn { change },
    "correct_deployment" => CorrectDeployment { change, from, when, reason },
    "state_reason" => StateReason { change, reason, text },
    "link_as_duplicate" => LinkAsDuplicate { change, of },
    "state_criterion" => StateCriterion { change, criterion },
    "ask_someone_else" => AskSomeoneElse { change, asked },
    "authorize" => Authorize { change },
    "deny" => Deny { change },
    "go_ahead" => GoAhead { change },
    "take_command" => TakeCommand { change },
    "name_commander" => NameCommander { change, commander },
    "record_deployment" => RecordDeployment { change, when, at, by },
    "lapse" => Lapse { change },
    "withdraw" => Withdraw { change },
    "document" => Document { change, sections, shown, criterion },
    "take_over" => TakeOver { change, from, part },
    "redact" => Redact { change, texts, reason },
    "approve" => Approve { change, seen, genuine, conditions },
    "reject" => Reject { change, reason, remedy, owner, due_at, genuine },
    "review" => Review { change, review, seen, words },
    "review_genuineness" => ReviewGenuineness { change, genuine },
    "record_permanent_fix" => RecordPermanentFix { change, how },
    "snooze" => Snooze { change, duty, nap },
    "delegate" => Delegate { change, duty, to },
    "say_away" => SayAway { until },
    "add_follow_up" => AddFollowUp { change, what, owner, due_at },
    "finish_follow_up" => FinishFollowUp { change, n, how },
    "remediate" => Remediate { change, how },
    "answer_exceptions" => AnswerExceptions { change, exceptions, cause, remedy, owner },
    "status" => Status { change },
    "rate" => Rate { window },
    "evidence" => Evidence { change, period },
    "list" => List { which },
    "which_to_document" => WhichToDocument,
    "exceptions" => Exceptions,
    "agenda" => Agenda,
    "open_home" => OpenHome,
    "record_meeting" => RecordMeeting { changes, held_at, minutes, improvements },
    "explain" => Explain { question, answer, proof, second },
    "vouch" => Vouch { question, is_given },
    "list_normal" => ListNormal { what, when, system },
    "help" => Help,
    "unsure" => Unsure { meant, typed },
    "not_yet" => NotYet { word },
});

/// Whether a gesture is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It was kept now.
    New,
    /// It was kept before.
    Known,
}

/// A gesture that waits to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The gesture.
    pub gesture: Gesture,
    /// How often it could not be answered for lack of Slack's answer.
    pub attempts: u32,
    /// When to try next.
    pub not_before: DateTime<Utc>,
}

/// What became of a gesture: the answer that a redelivery gets again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// A rule said no, in these words.
    Refused(String),
    /// It asked for something to read.
    Answered,
    /// Nothing was recorded yet: the person is asked whether they mean this time.
    AskedBack {
        /// The time, as it was understood.
        at: DateTime<Utc>,
        /// The question.
        sentence: String,
    },
}

impl Outcome {
    /// Returns the form in which it is kept.
    fn put(&self) -> String {
        match self {
            Self::Done => "done".to_owned(),
            Self::Answered => "answered".to_owned(),
            Self::Refused(sentence) => format!("refused:{sentence}"),
            Self::AskedBack { at, sentence } => format!("asked_back:{}:{sentence}", micros(*at)),
        }
    }

    /// Reads the form in which it is kept.
    fn take(stored: &str) -> Option<Self> {
        match stored.split_once(':') {
            Some(("refused", sentence)) => Some(Self::Refused(sentence.to_owned())),
            Some(("asked_back", rest)) => {
                let (at, sentence) = rest.split_once(':')?;
                Some(Self::AskedBack {
                    at: DateTime::from_timestamp_micros(at.parse().ok()?)?,
                    sentence: sentence.to_owned(),
                })
            }
            Some(_) => None,
            None => match stored {
                "done" => Some(Self::Done),
                "answered" => Some(Self::Answered),
                _ => None,
            },
        }
    }
}

fn encode(gesture: &Gesture) -> String {
    let (kind, data) = put_ask(&gesture.ask);
    let mut out = String::with_capacity(256);
    Json::Object(vec![
        ("actor", gesture.actor.put()),
        ("at", gesture.at.put()),
        ("source", gesture.source.put()),
        ("channel", gesture.channel.put()),
        ("thread", gesture.thread.put()),
        ("response_url", gesture.response_url.put()),
        ("ask", Json::text(kind)),
        ("data", data),
    ])
    .write(&mut out);
    out
}

fn decode(key: &str, stored: &str) -> Option<Gesture> {
    let value: Value = serde_json::from_str(stored).ok()?;
    Some(Gesture {
        key: key.to_owned(),
        actor: field(&value, "actor")?,
        at: field(&value, "at")?,
        source: field(&value, "source")?,
        channel: field(&value, "channel")?,
        thread: field(&value, "thread")?,
        response_url: field(&value, "response_url")?,
        ask: take_ask(value.get("ask")?.as_str()?, value.get("data")?)?,
    })
}

pub(super) fn keep(
    connection: &Connection,
    workspace: &WorkspaceId,
    gesture: &Gesture,
    now: DateTime<Utc>,
) -> Result<Arrival, StoreError> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO inbox (workspace, key, received_at, state, gesture, not_before)
             VALUES (?1, ?2, ?3, 'waiting', ?4, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            workspace.as_str(),
            gesture.key,
            micros(now),
            encode(gesture)
        ])?;
    Ok(if inserted == 1 {
        Arrival::New
    } else {
        Arrival::Known
    })
}

pub(super) fn waiting(
    connection: &Connection,
    workspace: &WorkspaceId,
    limit: usize,
) -> Result<Vec<Waiting>, StoreError> {
    connection
        .prepare_cached(
            "SELECT key, gesture, attempts, not_before FROM inbox
             WHERE workspace = ?1 AND state = 'waiting' ORDER BY received_at LIMIT ?2",
        )?
        .query_map(params![workspace.as_str(), limit], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get(2)?,
                row.get::<_, i64>(3)?,
            ))
        })?
        .map(|row| {
            let (key, stored, attempts, not_before) = row?;
            Ok(Waiting {
                gesture: decode(&key, &stored).ok_or(StoreError::Corrupt("a gesture"))?,
                attempts,
                not_before: instant(not_before),
            })
        })
        .collect()
}

pub(super) fn find(
    connection: &Connection,
    workspace: &WorkspaceId,
    key: &str,
) -> Result<Option<Gesture>, StoreError> {
    connection
        .prepare_cached("SELECT gesture FROM inbox WHERE workspace = ?1 AND key = ?2")?
        .query_row(params![workspace.as_str(), key], |row| {
            row.get::<_, String>(0)
        })
        .optional()?
        .map(|stored| decode(key, &stored).ok_or(StoreError::Corrupt("a gesture")))
        .transpose()
}

/// Returns what became of a gesture; nothing while it waits.
pub(super) fn outcome(
    connection: &Connection,
    workspace: &WorkspaceId,
    key: &str,
) -> Result<Option<(Outcome, Option<ChangeNumber>)>, StoreError> {
    let row: Option<(String, Option<u64>)> = connection
        .prepare_cached(
            "SELECT result, change FROM inbox
             WHERE workspace = ?1 AND key = ?2 AND state = 'done'",
        )?
        .query_row(params![workspace.as_str(), key], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((result, change)) = row else {
        return Ok(None);
    };
    let outcome = Outcome::take(&result).ok_or(StoreError::Corrupt("a gesture's result"))?;
    Ok(Some((outcome, change.map(ChangeNumber))))
}

pub(super) fn settle(
    connection: &Connection,
    workspace: &WorkspaceId,
    gesture: &Gesture,
    outcome: &Outcome,
    change: Option<ChangeNumber>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE inbox SET state = 'done', result = ?3, change = ?4,
                    gesture = coalesce(?5, gesture)
             WHERE workspace = ?1 AND key = ?2",
        )?
        .execute(params![
            workspace.as_str(),
            gesture.key,
            outcome.put(),
            change.map(|number| number.0),
            without_handles(gesture).as_ref().map(encode),
        ])?;
    Ok(())
}

/// Keeps which change the gesture's new one is much like.
pub(super) fn keep_twin(
    connection: &Connection,
    workspace: &WorkspaceId,
    key: &str,
    twin: ChangeNumber,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE inbox SET twin = ?3 WHERE workspace = ?1 AND key = ?2")?
        .execute(params![workspace.as_str(), key, twin.0])?;
    Ok(())
}

/// Returns the change that the gesture's new one is much like, if there is one.
pub(super) fn twin(
    connection: &Connection,
    workspace: &WorkspaceId,
    key: &str,
) -> Result<Option<ChangeNumber>, StoreError> {
    let twin: Option<Option<u64>> = connection
        .prepare_cached("SELECT twin FROM inbox WHERE workspace = ?1 AND key = ?2")?
        .query_row(params![workspace.as_str(), key], |row| row.get(0))
        .optional()?;
    Ok(twin.flatten().map(ChangeNumber))
}

/// Whether a gesture that still waits needs a text.
pub(super) fn needs(
    connection: &Connection,
    workspace: &WorkspaceId,
    text: Commitment,
) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT 1 FROM inbox
             WHERE workspace = ?1 AND state = 'waiting' AND instr(gesture, ?2) > 0",
        )?
        .exists(params![workspace.as_str(), text.to_string()])?)
}

/// Whether a gesture that still waits was made in a channel.
pub(super) fn awaits(
    connection: &Connection,
    workspace: &WorkspaceId,
    channel: &ChannelId,
) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT 1 FROM inbox
             WHERE workspace = ?1 AND state = 'waiting'
               AND json_extract(gesture, '$.channel') = ?2",
        )?
        .exists(params![workspace.as_str(), channel.as_str()])?)
}

/// A handle that Slack didn't resolve is typed by a person. Once it has been
/// looked up it stands in the text only; nothing if there was none.
fn without_handles(gesture: &Gesture) -> Option<Gesture> {
    let Ask::Request { asked, .. } = &gesture.ask else {
        return None;
    };
    let is_handle = |mention: &Mention| matches!(mention, Mention::Handle(_));
    if !asked.iter().any(is_handle) {
        return None;
    }
    let mut gesture = gesture.clone();
    if let Ask::Request { asked, .. } = &mut gesture.ask {
        asked.retain(|mention| !is_handle(mention));
    }
    Some(gesture)
}

pub(super) fn postpone(
    connection: &Connection,
    workspace: &WorkspaceId,
    key: &str,
    until: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE inbox SET attempts = attempts + 1, not_before = ?3
             WHERE workspace = ?1 AND key = ?2 AND state = 'waiting'",
        )?
        .execute(params![workspace.as_str(), key, micros(until)])?;
    Ok(())
}
