//! The messages that Slack shall have, and how far they have come.
//!
//! A message is owed, claimed, and then settled or failed. What it says is
//! rendered from the state of the moment in which it is claimed.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::people::Roster;
use super::{Rules, StoreError, instant, log, micros};
use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId, WorkspaceId};
use crate::domain::obligation::{Duty, by_day, day_began_at, has_room, is_last_word, next_morning};

mod home;
pub(super) mod owing;
mod report;
mod row;
mod trouble;

pub(super) use home::{open_home, redraw_all_homes, redraw_homes};
use owing::UPDATE;
pub(super) use owing::{drop_question, owe_question, redraw_question};
pub(super) use owing::{
    owe_effects, owe_offer, owe_reply, owe_reply_again, owe_requests, redraw_offer,
};
#[cfg(test)]
pub(super) use report::REPORT_STANDS;
pub(super) use report::{keep_picture, owe_details, owe_report, picture, report_stands};
use row::{COLUMNS, read};
pub use row::{Kind, Owed, ReportPart};
pub use trouble::{Halt, Shut};
pub(super) use trouble::{
    STUCK, clock_stepped, go_on, halt, halted, reopen, set_aside, set_claimed_aside, shut,
    shut_since, uproot_card,
};

/// How long after a reply was asked for it is still worth giving: Slack keeps
/// the door open for 30 minutes.
const REPLY_LIFE_MINUTES: i64 = 30;

/// The lanes in which something may be sent now, the most urgent first, and of
/// those the one that waits longest. Reads nothing but the index of what is owed.
pub(super) const LANES: &str = "SELECT owing.lane FROM outbox AS owing
     WHERE owing.workspace = ?1 AND owing.state = 'owed' AND owing.not_before <= ?2
       AND NOT EXISTS (SELECT 1 FROM lane WHERE lane.workspace = ?1
                       AND lane.lane = owing.lane AND lane.not_before > ?2)
     GROUP BY owing.lane ORDER BY min(owing.urgency), min(owing.not_before), owing.lane
     LIMIT ?3";

/// The lanes of replies that need no token: Slack gave an address for them, which
/// dies within half an hour.
const REPLYING: &str = "SELECT owing.lane FROM outbox AS owing
     JOIN inbox ON inbox.workspace = ?1 AND inbox.key = owing.gesture
     WHERE owing.workspace = ?1 AND owing.state = 'owed' AND owing.not_before <= ?2
       AND owing.kind = 'reply' AND owing.attempts = 0
       AND json_extract(inbox.gesture, '$.response_url') IS NOT NULL
     ORDER BY owing.id LIMIT ?3";

/// The most urgent lane of the others.
const PROBING: &str = "SELECT owing.lane FROM outbox AS owing
     WHERE owing.workspace = ?1 AND owing.state = 'owed' AND owing.not_before <= ?2
       AND NOT (owing.kind = 'reply' AND owing.attempts = 0 AND EXISTS (
           SELECT 1 FROM inbox WHERE inbox.workspace = ?1 AND inbox.key = owing.gesture
             AND json_extract(inbox.gesture, '$.response_url') IS NOT NULL))
       AND NOT EXISTS (SELECT 1 FROM lane WHERE lane.workspace = ?1
                       AND lane.lane = owing.lane AND lane.not_before > ?2)
     ORDER BY owing.urgency, owing.not_before, owing.lane LIMIT ?3";

/// When the next lane may send.
pub(super) const NEXT_OWED: &str = "SELECT min(max(owing.first, coalesce(lane.not_before, 0)))
     FROM (SELECT lane, min(not_before) AS first FROM outbox
           WHERE workspace = ?1 AND state = 'owed' GROUP BY lane) AS owing
     LEFT JOIN lane ON lane.workspace = ?1 AND lane.lane = owing.lane";

/// When the next message of unknown fate may be looked for.
pub(super) const NEXT_DOUBTFUL: &str = "SELECT min(max(claimed_at + ?2, not_before)) FROM outbox
     WHERE workspace = ?1 AND state = 'claimed' AND batch IS NULL";

/// How often somebody was chased since an instant.
pub(super) const N_CHASED: &str = "SELECT count(*) FROM outbox
     WHERE workspace = ?1 AND person = ?2 AND kind = 'reminder' AND said_at >= ?3
       AND duty <> ?4";

/// In how many messages somebody is asked about changes in one of their days.
const MOST_ASKING: u32 = 3;

/// About how many changes one message asks: more of them nobody reads to the end.
const ASKED_AT_ONCE: usize = 5;

/// In how many messages somebody was asked about changes since an instant.
pub(super) const N_ASKING: &str = "SELECT count(*) FROM outbox
     WHERE workspace = ?1 AND person = ?2 AND kind = 'question' AND said_at >= ?3";

/// Returns the lanes in which something may be sent now, the most urgent first.
pub(super) fn lanes(
    connection: &Connection,
    workspace: &WorkspaceId,
    now: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<String>, StoreError> {
    let lanes = |sql, limit| -> Result<Vec<String>, StoreError> {
        connection
            .prepare_cached(sql)?
            .query_map(params![workspace.as_str(), micros(now), limit], |row| {
                row.get(0)
            })?
            .map(|lane| Ok(lane?))
            .collect()
    };
    let Some(halt) = halted(connection, workspace)? else {
        return lanes(LANES, limit);
    };
    let mut open = lanes(REPLYING, limit)?;
    if halt.not_before <= now {
        // One tries whether the token is mended.
        open.extend(lanes(PROBING, 1)?);
    }
    Ok(open)
}

/// Returns when something may be sent, or looked for, next.
pub(super) fn next_at(
    connection: &Connection,
    workspace: &WorkspaceId,
    grace: chrono::TimeDelta,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let owed: Option<i64> = connection
        .prepare_cached(NEXT_OWED)?
        .query_row([workspace.as_str()], |row| row.get(0))?;
    let halted = halted(connection, workspace)?.map(|halt| micros(halt.not_before));
    let owed = owed.map(|owed| halted.map_or(owed, |halted| owed.max(halted)));
    let doubted: Option<i64> = connection.prepare_cached(NEXT_DOUBTFUL)?.query_row(
        params![workspace.as_str(), grace.num_microseconds()],
        |row| row.get(0),
    )?;
    Ok(owed.into_iter().chain(doubted).min().map(instant))
}

/// What a lane sends next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// These, in one message, leader first; none if nothing is due.
    Now(Vec<Owed>),
    /// Nothing more of what chases somebody before this: they were chased enough
    /// today.
    Held(DateTime<Utc>),
    /// No more questions about changes before this: it is night, or they were asked
    /// enough today.
    Unasked(DateTime<Utc>),
}

/// Returns the next message of a lane with those that go out in one with it:
/// what a person is owed at one time is one message.
pub(super) fn next_of(
    connection: &Connection,
    workspace: &WorkspaceId,
    lane: &str,
    rules: &Rules,
    roster: &Roster<'_>,
    now: DateTime<Utc>,
) -> Result<Next, StoreError> {
    let leader = {
        let mut select = connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM outbox
             WHERE workspace = ?1 AND lane = ?2 AND state = 'owed' AND not_before <= ?3
             ORDER BY priority, id LIMIT 1"
        ))?;
        let mut rows = select.query(params![workspace.as_str(), lane, micros(now)])?;
        match rows.next()? {
            Some(row) => read(row)?,
            None => return Ok(Next::Now(Vec::new())),
        }
    };
    if leader.stands.is_some() {
        let parts = part_of(connection, workspace, &leader.key)?;
        return Ok(Next::Now(std::iter::once(leader).chain(parts).collect()));
    }
    let mut owed = vec![leader.clone()];
    if let Kind::Question { person, .. } = &leader.kind {
        let morning = by_day(person, now, roster);
        if morning > now {
            return Ok(Next::Unasked(morning));
        }
        let since = day_began_at(person, now, roster);
        let n_today: u32 = connection.prepare_cached(N_ASKING)?.query_row(
            params![workspace.as_str(), person.as_str(), micros(since)],
            |row| row.get(0),
        )?;
        if n_today >= MOST_ASKING {
            return Ok(Next::Unasked(next_morning(person, now, roster)));
        }
    }
    if let Some(kind) = shared(&leader.kind) {
        // The request for authorization stands alone: nothing may bury it.
        let mut select = connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM outbox
             WHERE workspace = ?1 AND lane = ?2 AND state = 'owed' AND not_before <= ?3
               AND kind = ?5 AND ts IS NULL AND key <> ?4
               AND (duty IS ?6) = ?7 ORDER BY priority, id"
        ))?;
        let mut rows = select.query(params![
            workspace.as_str(),
            lane,
            micros(now),
            leader.key,
            kind,
            Duty::AnswerRequest.name(),
            is_request(&leader.kind),
        ])?;
        while let Some(row) = rows.next()? {
            owed.push(read(row)?);
        }
    }
    if matches!(leader.kind, Kind::Question { .. }) {
        owed.truncate(ASKED_AT_ONCE);
    }
    // What somebody asked to hear now, they hear now.
    let asked_for =
        |one: &Owed| matches!(&one.kind, Kind::Reminder { rung, .. } if rung.is_asked_for());
    if let Kind::Reminder { person, duty, .. } = &leader.kind
        && duty.is_chased()
        && !owed.iter().any(asked_for)
    {
        let n_today = n_chased(connection, workspace, person, roster, now)?;
        if !has_room(n_today, true)
            || !has_room(n_today, false) && !says_a_last_word(connection, workspace, &owed, rules)?
        {
            return Ok(Next::Held(next_morning(person, now, roster)));
        }
    }
    Ok(Next::Now(owed))
}

fn is_request(kind: &Kind) -> bool {
    matches!(kind, Kind::Reminder { duty, .. } if !duty.is_chased())
}

/// How many chasing messages somebody was sent in their present day.
fn n_chased(
    connection: &Connection,
    workspace: &WorkspaceId,
    person: &UserId,
    roster: &Roster<'_>,
    now: DateTime<Utc>,
) -> Result<u32, StoreError> {
    let since = day_began_at(person, now, roster);
    let n = connection.prepare_cached(N_CHASED)?.query_row(
        params![
            workspace.as_str(),
            person.as_str(),
            micros(since),
            Duty::AnswerRequest.name()
        ],
        |row| row.get(0),
    )?;
    Ok(n)
}

/// Whether one of these is the last reminder before its deadline.
fn says_a_last_word(
    connection: &Connection,
    workspace: &WorkspaceId,
    owed: &[Owed],
    rules: &Rules,
) -> Result<bool, StoreError> {
    for one in owed {
        if let Kind::Reminder {
            change, duty, rung, ..
        } = &one.kind
            && let Some((change, _)) = log::load(connection, workspace, *change)?
            && is_last_word(*duty, *rung, &change, rules.of(&change))
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Lets what chases somebody wait who was chased enough today.
pub(super) fn hold_back(
    connection: &Connection,
    workspace: &WorkspaceId,
    lane: &str,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE outbox SET not_before = ?4
             WHERE workspace = ?1 AND lane = ?2 AND state = 'owed' AND not_before <= ?3
               AND kind = 'reminder' AND ts IS NULL AND duty <> ?5",
        )?
        .execute(params![
            workspace.as_str(),
            lane,
            micros(now),
            micros(until),
            Duty::AnswerRequest.name()
        ])?;
    Ok(())
}

/// Lets questions about changes wait that somebody isn't asked now.
pub(super) fn hold_questions(
    connection: &Connection,
    workspace: &WorkspaceId,
    lane: &str,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE outbox SET not_before = ?4
             WHERE workspace = ?1 AND lane = ?2 AND state = 'owed' AND not_before <= ?3
               AND kind = 'question' AND ts IS NULL",
        )?
        .execute(params![
            workspace.as_str(),
            lane,
            micros(now),
            micros(until)
        ])?;
    Ok(())
}

/// The name of a kind of which several go out as one message.
fn shared(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Reminder { .. } => Some("reminder"),
        Kind::Told { .. } => Some("told"),
        Kind::Question { .. } => Some("question"),
        Kind::Card { .. }
        | Kind::Ledger { .. }
        | Kind::Note { .. }
        | Kind::Reply { .. }
        | Kind::Offer { .. }
        | Kind::Home { .. }
        | Kind::Shut { .. }
        | Kind::Report { .. } => None,
    }
}

/// Returns the messages that went out as part of another.
fn part_of(
    connection: &Connection,
    workspace: &WorkspaceId,
    leader: &str,
) -> Result<Vec<Owed>, StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM outbox WHERE workspace = ?1 AND batch = ?2 ORDER BY id"
    ))?;
    let mut rows = select.query(params![workspace.as_str(), leader])?;
    let mut parts = Vec::new();
    while let Some(row) = rows.next()? {
        parts.push(read(row)?);
    }
    Ok(parts)
}

/// A message that was claimed and of which it is unknown whether Slack has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubtful {
    /// The message, and those that went out in one with it.
    pub parcel: Vec<Owed>,
    /// The revision of it that was to be shown.
    pub revision: u64,
    /// When it was claimed.
    pub claimed_at: DateTime<Utc>,
    /// The conversation it was to go to.
    pub channel: Option<ChannelId>,
    /// The SHA-256 of what was to be sent.
    pub payload: [u8; 32],
    /// The version of the change that it was to show.
    pub showed: u64,
}

/// Returns the messages whose grace is over and whose fate isn't known.
pub(super) fn doubtful(
    connection: &Connection,
    workspace: &WorkspaceId,
    now: DateTime<Utc>,
    grace: chrono::TimeDelta,
    limit: usize,
) -> Result<Vec<Doubtful>, StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, claimed_at, payload, showed FROM outbox
         WHERE workspace = ?1 AND state = 'claimed' AND claimed_at <= ?2 AND not_before <= ?3
           AND batch IS NULL ORDER BY claimed_at LIMIT ?4"
    ))?;
    let mut rows = select.query(params![
        workspace.as_str(),
        micros(now - grace),
        micros(now),
        limit
    ])?;
    let mut doubtful = Vec::new();
    while let Some(row) = rows.next()? {
        let leader = read(row)?;
        let parts = part_of(connection, workspace, &leader.key)?;
        doubtful.push(Doubtful {
            revision: leader.revision,
            claimed_at: instant(row.get("claimed_at")?),
            channel: row.get::<_, Option<String>>("channel")?.map(ChannelId::new),
            payload: row
                .get::<_, Option<[u8; 32]>>("payload")?
                .unwrap_or_default(),
            showed: row.get::<_, Option<u64>>("showed")?.unwrap_or_default(),
            parcel: std::iter::once(leader).chain(parts).collect(),
        });
    }
    Ok(doubtful)
}

/// What is about to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The message and those that go out in one with it, leader first.
    pub keys: Vec<String>,
    /// The revision of the leader that is shown.
    pub revision: u64,
    /// Where it goes.
    pub channel: Option<ChannelId>,
    /// SHA-256 of what is sent.
    pub payload: [u8; 32],
    /// The version of the change that it shows; the largest, of several.
    pub showed: u64,
}

/// Claims a message, if it is still owed as it was rendered.
pub(super) fn claim(
    connection: &Connection,
    workspace: &WorkspaceId,
    claim: &Claim,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let Some((leader, followers)) = claim.keys.split_first() else {
        return Ok(false);
    };
    let claimed = connection
        .prepare_cached(
            "UPDATE outbox SET state = 'claimed', claimed_at = ?4, payload = ?5, showed = ?6,
                    channel = iif(ts IS NULL, ?7, channel), attempts = attempts + 1,
                    said_at = iif(ts IS NULL, ?4, said_at)
             WHERE workspace = ?1 AND key = ?2 AND state = 'owed' AND owed_revision = ?3",
        )?
        .execute(params![
            workspace.as_str(),
            leader,
            claim.revision,
            micros(now),
            claim.payload,
            claim.showed,
            claim.channel.as_ref().map(ChannelId::as_str),
        ])?;
    if claimed == 0 {
        return Ok(false);
    }
    trouble::probe(connection, workspace, leader, now)?;
    let mut follow = connection.prepare_cached(
        "UPDATE outbox SET state = 'claimed', claimed_at = ?3, batch = ?4
         WHERE workspace = ?1 AND key = ?2 AND state = 'owed'",
    )?;
    for key in followers {
        follow.execute(params![workspace.as_str(), key, micros(now), leader])?;
    }
    Ok(true)
}

/// Notes that Slack has a message. It is owed again if what it shows has
/// changed since it was claimed, and so is a ledger that is new: its first edit
/// brings the names.
pub(super) fn settle(
    connection: &Connection,
    workspace: &WorkspaceId,
    claim: &Claim,
    stands: Option<&(ChannelId, MessageTs)>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some((leader, _)) = claim.keys.split_first() else {
        return Ok(());
    };
    connection
        .prepare_cached(
            "UPDATE outbox SET shown_revision = ?3, attempts = 0, error = NULL,
                    channel = coalesce(?4, channel), ts = coalesce(?5, ts),
                    owed_revision = owed_revision
                        + (ts IS NULL AND ?5 IS NOT NULL AND kind = 'note' AND version IS NULL),
                    state = iif(owed_revision > ?3
                        OR (ts IS NULL AND ?5 IS NOT NULL AND kind = 'note' AND version IS NULL),
                        'owed', 'settled'),
                    not_before = ?6, urgency = max(urgency, ?7)
             WHERE workspace = ?1 AND key = ?2",
        )?
        .execute(params![
            workspace.as_str(),
            leader,
            claim.revision,
            stands.map(|(channel, _)| channel.as_str()),
            stands.map(|(_, ts)| ts.as_str()),
            micros(now),
            UPDATE,
        ])?;
    connection
        .prepare_cached(
            "UPDATE outbox SET state = 'settled', shown_revision = owed_revision
             WHERE workspace = ?1 AND batch = ?2",
        )?
        .execute(params![workspace.as_str(), leader])?;
    if stands.is_some() {
        trouble::go_on(connection, workspace)?;
    }
    Ok(())
}

/// Owes a message again from `not_before` on: it was not sent, and that was an
/// attempt, even if it was never claimed. What was to go out in one with it is owed
/// again for itself; what stands already, where this was an edit, stays as it is.
pub(super) fn release(
    connection: &Connection,
    workspace: &WorkspaceId,
    leader: &str,
    not_before: DateTime<Utc>,
    error: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE outbox SET attempts = attempts + (state = 'owed'),
                    state = 'owed', claimed_at = NULL, batch = NULL,
                    not_before = ?3, error = ?4, said_at = iif(ts IS NULL, NULL, said_at)
             WHERE workspace = ?1 AND (key = ?2 OR (batch = ?2 AND state = 'claimed'))",
        )?
        .execute(params![
            workspace.as_str(),
            leader,
            micros(not_before),
            error
        ])?;
    Ok(())
}

/// Notes that a claimed message goes elsewhere than was meant, and says so: there
/// it is to be looked for.
pub(super) fn redirect(
    connection: &Connection,
    workspace: &WorkspaceId,
    leader: &str,
    channel: &ChannelId,
    payload: [u8; 32],
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE outbox SET channel = ?3, payload = ?4
             WHERE workspace = ?1 AND key = ?2 AND state = 'claimed' AND ts IS NULL",
        )?
        .execute(params![
            workspace.as_str(),
            leader,
            channel.as_str(),
            payload
        ])?;
    Ok(())
}

/// Owes a message anew that stands nowhere any more.
pub(super) fn uproot(
    connection: &Connection,
    workspace: &WorkspaceId,
    key: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE outbox SET state = 'owed', claimed_at = NULL, channel = NULL, ts = NULL
             WHERE workspace = ?1 AND key = ?2 AND state = 'claimed'",
        )?
        .execute(params![workspace.as_str(), key])?;
    Ok(())
}

/// Looks for a message of unknown fate again from `not_before` on.
pub(super) fn doubt_until(
    connection: &Connection,
    workspace: &WorkspaceId,
    leader: &str,
    not_before: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE outbox SET not_before = ?3
             WHERE workspace = ?1 AND key = ?2 AND state = 'claimed'",
        )?
        .execute(params![workspace.as_str(), leader, micros(not_before)])?;
    Ok(())
}

/// Gives a message up.
pub(super) fn fail(
    connection: &Connection,
    workspace: &WorkspaceId,
    leader: &str,
    error: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE outbox SET state = 'failed', error = ?3,
                    said_at = iif(ts IS NULL, NULL, said_at)
             WHERE workspace = ?1 AND (key = ?2 OR batch = ?2)",
        )?
        .execute(params![workspace.as_str(), leader, error])?;
    // Slack had something to say to the message itself.
    trouble::go_on(connection, workspace)
}

/// Lets nothing into a lane before an instant.
pub(super) fn hold_lane(
    connection: &Connection,
    workspace: &WorkspaceId,
    lane: &str,
    until: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO lane (workspace, lane, not_before) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET not_before = max(not_before, ?3)",
        )?
        .execute(params![workspace.as_str(), lane, micros(until)])?;
    Ok(())
}

/// Returns where the card of a change stands.
pub(super) fn card(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: ChangeNumber,
) -> Result<Option<(ChannelId, MessageTs)>, StoreError> {
    let row: Option<(Option<String>, Option<String>)> = connection
        .prepare_cached("SELECT channel, ts FROM outbox WHERE workspace = ?1 AND key = ?2")?
        .query_row(
            params![workspace.as_str(), format!("card:{change}")],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    Ok(row
        .and_then(|(channel, ts)| channel.zip(ts))
        .map(|(channel, ts)| (ChannelId::new(channel), MessageTs::new(ts))))
}

/// Whether the card of a change was given up, so that nothing can hang on it.
pub(super) fn card_is_lost(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: ChangeNumber,
) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT 1 FROM outbox
             WHERE workspace = ?1 AND key = ?2 AND state = 'failed' AND ts IS NULL",
        )?
        .exists(params![workspace.as_str(), format!("card:{change}")])?)
}

/// Whether a reply asked for at `received_at` can still be given.
pub fn reply_is_alive(received_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - received_at < chrono::TimeDelta::minutes(REPLY_LIFE_MINUTES)
}
