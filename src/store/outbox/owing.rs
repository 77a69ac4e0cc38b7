//! What comes into the outbox, and what is to be shown anew.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::row::columns;
use super::{Kind, ReportPart};
use crate::domain::change::{EmergencyChange, Event, Recorded};
use crate::domain::effect::Effect;
use crate::domain::id::{ChannelId, UserId, WorkspaceId};
use crate::domain::obligation::{Duty, Rung, by_day, note_key, reminder_key};
use crate::domain::offer::Offer;
use crate::gesture::Gesture;
use crate::store::people::Roster;
use crate::store::{StoreError, micros};

/// The order within a lane: state before what tells of it.
fn priority(kind: &Kind) -> u8 {
    match kind {
        Kind::Reply { .. } => 0,
        Kind::Card { .. } => 1,
        Kind::Reminder { .. } => 2,
        Kind::Told { .. } => 3,
        Kind::Note { .. } => 4,
        // What happened before what follows from it.
        Kind::Ledger { .. } | Kind::Offer { .. } | Kind::Shut { .. } | Kind::Question { .. } => 5,
        Kind::Home { .. } => 6,
        Kind::Report { part, .. } => match part {
            ReportPart::Report => 7,
            ReportPart::Details => 8,
        },
    }
}

/// Whose turn it is among the lanes. Once it stands, a message is only ever edited,
/// and an edit is an update.
#[derive(Debug, Clone, Copy)]
enum Urgency {
    /// Somebody waits for an answer, or for permission.
    Emergency = 0,
    /// A deadline nears or has passed.
    Deadline = 1,
    /// Something else has happened.
    Update = UPDATE as isize,
    /// It can be looked at whenever there is time.
    Digest = 3,
}

/// The urgency of what has happened, as a number of the database.
pub(super) const UPDATE: u8 = 2;

fn urgency(kind: &Kind, is_about_a_deadline: bool) -> Urgency {
    match kind {
        Kind::Reply { .. } | Kind::Card { .. } => Urgency::Emergency,
        Kind::Reminder { duty, .. } if !duty.is_chased() => Urgency::Emergency,
        Kind::Reminder { due_at, .. } if due_at.is_some() => Urgency::Deadline,
        Kind::Told { .. } | Kind::Note { .. } if is_about_a_deadline => Urgency::Deadline,
        Kind::Reminder { .. } | Kind::Told { .. } | Kind::Note { .. } => Urgency::Update,
        Kind::Ledger { .. }
        | Kind::Offer { .. }
        | Kind::Shut { .. }
        | Kind::Question { .. }
        | Kind::Home { .. }
        | Kind::Report { .. } => Urgency::Digest,
    }
}

/// Whether what an event tells is that a deadline nears or has passed, or that an
/// answer is waited for.
fn is_about_a_deadline(event: &Event) -> bool {
    match event {
        Event::Reminded { duty, due_at, .. } => due_at.is_some() || !duty.is_chased(),
        Event::DeadlineMissed { .. } | Event::Escalated { .. } => true,
        Event::Requested { .. }
        | Event::CriterionStated { .. }
        | Event::AskedAnew { .. }
        | Event::Authorized { .. }
        | Event::AttestationConfirmed
        | Event::AttestationDisputed
        | Event::Denied { .. }
        | Event::WentAhead
        | Event::CommanderNamed { .. }
        | Event::CommanderAuthorized { .. }
        | Event::SecondAuthorized { .. }
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
        | Event::TicketReopened { .. }
        | Event::Approved { .. }
        | Event::ApprovalTakenBack { .. }
        | Event::Rejected { .. }
        | Event::Reviewed { .. }
        | Event::GenuinenessReviewed { .. }
        | Event::MeetingHeld { .. }
        | Event::PermanentFixMade { .. }
        | Event::FollowUpAdded { .. }
        | Event::FollowUpDone { .. }
        | Event::Remediated { .. }
        | Event::ExceptionRecorded { .. }
        | Event::ExceptionAnswered { .. }
        | Event::Snoozed { .. }
        | Event::HandedOver { .. }
        | Event::Delivered { .. }
        | Event::Undelivered { .. }
        | Event::Closed => false,
    }
}

pub(super) fn owe(
    connection: &Connection,
    workspace: &WorkspaceId,
    key: &str,
    lane: &str,
    kind: &Kind,
    not_before: DateTime<Utc>,
) -> Result<(), StoreError> {
    let urgency = urgency(kind, false);
    owe_as(
        connection,
        workspace,
        (key, lane),
        kind,
        urgency,
        not_before,
    )
}

fn owe_as(
    connection: &Connection,
    workspace: &WorkspaceId,
    (key, lane): (&str, &str),
    kind: &Kind,
    urgency: Urgency,
    not_before: DateTime<Utc>,
) -> Result<(), StoreError> {
    let columns = columns(kind);
    connection
        .prepare_cached(
            "INSERT INTO outbox (workspace, key, kind, state, lane, priority, urgency, not_before,
                                 change, version, person, duty, due_at, rung, gesture, offer,
                                 again, place, round, week, part, question)
             VALUES (?1, ?2, ?3, 'owed', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,
                     ?16, ?17, ?18, ?19, ?20, ?21)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            workspace.as_str(),
            key,
            columns.kind,
            lane,
            priority(kind),
            urgency as u8,
            micros(not_before),
            columns.change.map(|number| number.0),
            columns.version,
            columns.person.map(UserId::as_str),
            columns.duty,
            columns.due_at.map(micros),
            columns.rung,
            columns.gesture,
            columns.offer,
            columns.again,
            columns.place.map(ChannelId::as_str),
            columns.round.unwrap_or_default(),
            columns.week.map(micros),
            columns.part,
            columns.question,
        ])?;
    Ok(())
}

/// Owes the present state of what is kept up in one message: an edit of the one that
/// stands, or the first of it.
fn draw(
    connection: &Connection,
    workspace: &WorkspaceId,
    (key, lane): (&str, &str),
    kind: &Kind,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let redrawn = connection
        .prepare_cached(
            "UPDATE outbox SET owed_revision = owed_revision + 1,
                    state = iif(state = 'settled', 'owed', state),
                    not_before = iif(state = 'settled', ?3, not_before)
             WHERE workspace = ?1 AND key = ?2",
        )?
        .execute(params![workspace.as_str(), key, micros(now)])?;
    if redrawn == 0 {
        owe(connection, workspace, key, lane, kind, now)?;
    }
    Ok(())
}

/// Shows anew what stands of a change.
pub(in crate::store) const REDRAW: &str = "UPDATE outbox SET owed_revision = owed_revision + 1,
            state = iif(state = 'settled', 'owed', state),
            not_before = iif(state = 'settled', ?3, not_before)
     WHERE workspace = ?1 AND (ts IS NOT NULL OR state = 'claimed')
       AND kind IN ('note', 'reminder', 'told') AND key IN (
         SELECT coalesce(batch, key) FROM outbox WHERE workspace = ?1 AND change = ?2)";

/// Shows anew what stands of one duty of a change.
pub(in crate::store) const REFRESH: &str = "UPDATE outbox SET owed_revision = owed_revision + 1,
            state = iif(state = 'settled', 'owed', state),
            not_before = iif(state = 'settled', ?4, not_before)
     WHERE workspace = ?1 AND (ts IS NOT NULL OR state = 'claimed') AND key IN (
         SELECT coalesce(batch, key) FROM outbox
         WHERE workspace = ?1 AND change = ?2
           AND (kind = 'reminder' AND duty = ?3 OR kind = 'told' AND ?5))";

/// Puts what a change's events owe into the outbox.
pub(in crate::store) fn owe_effects(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
    recorded: &[Recorded],
    effects: &[Effect],
    roster: &Roster<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let number = change.number;
    let channel = change.place.channel.as_str();
    let first = change.version + 1 - recorded.len() as u64;
    let of_event = |kind: &Kind, version: u64| {
        let told = (first..)
            .zip(recorded)
            .any(|(at, one)| at == version && is_about_a_deadline(&one.event));
        urgency(kind, told)
    };
    for effect in effects {
        match effect {
            Effect::Card => {
                let (key, card) = (format!("card:{number}"), Kind::Card { change: number });
                draw(connection, workspace, (&key, channel), &card, now)?;
            }
            Effect::Ledger => {
                let (key, ledger) = (format!("ledger:{number}"), Kind::Ledger { change: number });
                draw(connection, workspace, (&key, channel), &ledger, now)?;
            }
            Effect::Note { version } => {
                let key = note_key(number, *version);
                let note = Kind::Note {
                    change: number,
                    version: *version,
                };
                let (way, urgency) = ((key.as_str(), channel), of_event(&note, *version));
                owe_as(connection, workspace, way, &note, urgency, now)?;
            }
            Effect::Remind {
                person,
                duty,
                due_at,
                rung,
                round,
            } => {
                let key = reminder_key(number, *duty, person, *due_at, (*rung, *round));
                let reminder = Kind::Reminder {
                    change: number,
                    person: person.clone(),
                    duty: *duty,
                    due_at: *due_at,
                    rung: *rung,
                    round: *round,
                };
                owe(connection, workspace, &key, person.as_str(), &reminder, now)?;
            }
            Effect::Tell { person, version } => {
                let key = format!("told:{number}:{version}:{person}");
                let told = Kind::Told {
                    change: number,
                    person: person.clone(),
                    version: *version,
                };
                let at = by_day(person, now, roster);
                let way = (key.as_str(), person.as_str());
                let urgency = of_event(&told, *version);
                owe_as(connection, workspace, way, &told, urgency, at)?;
            }
            Effect::Redraw => {
                connection.prepare_cached(REDRAW)?.execute(params![
                    workspace.as_str(),
                    number.0,
                    micros(now)
                ])?;
            }
            Effect::Refresh { duty } => {
                connection.prepare_cached(REFRESH)?.execute(params![
                    workspace.as_str(),
                    number.0,
                    duty.name(),
                    micros(now),
                    // The news of a rejection asks for its remedy, too.
                    *duty == Duty::Remediation,
                ])?;
            }
        }
    }
    Ok(())
}

/// Owes a person the answer to their gesture.
pub(in crate::store) fn owe_reply(
    connection: &Connection,
    workspace: &WorkspaceId,
    gesture: &Gesture,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let key = format!("reply:{}", gesture.key);
    let reply = Kind::Reply {
        gesture: gesture.key.clone(),
    };
    // A lane of its own: a reply goes to its response_url and waits for nobody.
    owe(connection, workspace, &key, &key, &reply, now)
}

/// Owes a person more than the first answer to their gesture could say.
pub(in crate::store) fn owe_reply_again(
    connection: &Connection,
    workspace: &WorkspaceId,
    gesture: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let key = format!("reply:{gesture}:again");
    let reply = Kind::Reply {
        gesture: gesture.to_owned(),
    };
    owe(connection, workspace, &key, &key, &reply, now)
}

/// Owes whoever asked an offer; from `not_before` on, where it comes again.
pub(in crate::store) fn owe_offer(
    connection: &Connection,
    workspace: &WorkspaceId,
    offer: &Offer,
    again: bool,
    not_before: DateTime<Utc>,
) -> Result<(), StoreError> {
    let [first, second] = keys_of_offer(offer.id);
    let kind = Kind::Offer {
        offer: offer.id,
        again,
    };
    if again {
        let lane = offer.asker.as_str();
        owe(connection, workspace, &second, lane, &kind, not_before)
    } else {
        // A lane of its own, as for a reply: a whisper waits for nobody.
        owe(connection, workspace, &first, &first, &kind, not_before)
    }
}

/// The keys of an offer's two messages.
fn keys_of_offer(id: u64) -> [String; 2] {
    [format!("offer:{id}"), format!("offer:{id}:again")]
}

/// Lets the messages of an offer show what has become of it, where they stand or
/// are about to; what isn't sent yet shows it anyway.
pub(in crate::store) fn redraw_offer(
    connection: &Connection,
    workspace: &WorkspaceId,
    id: u64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let [first, second] = keys_of_offer(id);
    connection
        .prepare_cached(
            "UPDATE outbox SET owed_revision = owed_revision + 1,
                    state = iif(state = 'settled', 'owed', state),
                    not_before = iif(state = 'settled', ?4, not_before)
             WHERE workspace = ?1 AND key IN (?2, ?3) AND (ts IS NOT NULL OR state = 'claimed')",
        )?
        .execute(params![workspace.as_str(), first, second, micros(now)])?;
    Ok(())
}

/// Owes somebody a question; from `not_before` on.
pub(in crate::store) fn owe_question(
    connection: &Connection,
    workspace: &WorkspaceId,
    (question, person, again): (u64, &UserId, bool),
    not_before: DateTime<Utc>,
) -> Result<(), StoreError> {
    let again_or_not = if again { ":again" } else { "" };
    let key = format!("question:{question}:{person}{again_or_not}");
    let kind = Kind::Question {
        question,
        person: person.clone(),
        again,
    };
    owe(
        connection,
        workspace,
        &key,
        person.as_str(),
        &kind,
        not_before,
    )
}

/// Lets the messages about a question show what has become of it, where they stand or
/// are about to; what isn't sent yet shows it anyway.
pub(in crate::store) fn redraw_question(
    connection: &Connection,
    workspace: &WorkspaceId,
    question: u64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE outbox SET owed_revision = owed_revision + 1,
                    state = iif(state = 'settled', 'owed', state),
                    not_before = iif(state = 'settled', ?3, not_before)
             WHERE workspace = ?1 AND (ts IS NOT NULL OR state = 'claimed') AND key IN (
                 SELECT coalesce(batch, key) FROM outbox
                 WHERE workspace = ?1 AND question = ?2)",
        )?
        .execute(params![workspace.as_str(), question, micros(now)])?;
    Ok(())
}

/// Sends a question to nobody who isn't there any more.
pub(in crate::store) fn drop_question(
    connection: &Connection,
    workspace: &WorkspaceId,
    question: u64,
    person: &UserId,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE outbox SET state = 'settled'
             WHERE workspace = ?1 AND question = ?2 AND person = ?3 AND state = 'owed'
               AND ts IS NULL",
        )?
        .execute(params![workspace.as_str(), question, person.as_str()])?;
    Ok(())
}

/// Owes people the request itself by direct message, at once: its card can't
/// stand where they would see it. Who is asked anew hears of it anew.
pub(in crate::store) fn owe_requests(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
    people: &[UserId],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (number, duty, rung) = (change.number, Duty::AnswerRequest, Rung::Opening);
    for person in people {
        let key = reminder_key(number, duty, person, Some(change.asked_at), (rung, None));
        let reminder = Kind::Reminder {
            change: number,
            person: person.clone(),
            duty,
            due_at: None,
            rung,
            round: None,
        };
        owe(connection, workspace, &key, person.as_str(), &reminder, now)?;
    }
    Ok(())
}
