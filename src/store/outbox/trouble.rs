//! What stands in delivery's way: a token that Slack refuses, channels that are
//! shut, messages that can't be read, a clock that jumped.
//!
//! None of it takes a message away. It says what waits, and until when.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::owing::owe;
use super::row::{COLUMNS, Kind, read};
use crate::domain::id::{ChangeNumber, ChannelId, UserId, WorkspaceId};
use crate::domain::obligation::by_day;
use crate::store::parcel::change_of;
use crate::store::people::Roster;
use crate::store::{StoreError, instant, log, micros};

/// How long nothing is tried after Slack has refused the token. Somebody has to
/// mend it, and sees within so long that they have.
const HALTED: TimeDelta = TimeDelta::minutes(1);

/// How long a message that can't be read is left alone.
const SET_ASIDE: TimeDelta = TimeDelta::hours(1);

/// After how many failures in vain a message counts as stuck: Slack's short
/// troubles are over by then.
pub(in crate::store) const STUCK: u32 = 5;

/// Slack refuses the bot's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halt {
    /// Slack's word for it.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when nothing is tried.
    pub(super) not_before: DateTime<Utc>,
}

/// Slack lets the bot write nothing into a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shut {
    /// Slack's word for it.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// Stops all sending, and owes a message again that was stopped by it. Returns
/// whether that is news.
pub(in crate::store) fn halt(
    connection: &Connection,
    workspace: &WorkspaceId,
    leader: Option<&str>,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let is_news = halted(connection, workspace)?.is_none();
    connection
        .prepare_cached(
            "INSERT INTO halt (workspace, reason, since, not_before) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET reason = ?2, not_before = ?4",
        )?
        .execute(params![
            workspace.as_str(),
            reason,
            micros(now),
            micros(now + HALTED)
        ])?;
    if let Some(leader) = leader {
        // It isn't the message's fault, so that it doesn't count as an attempt.
        connection
            .prepare_cached(
                "UPDATE outbox SET state = 'owed', claimed_at = NULL, batch = NULL,
                        attempts = iif(key = ?2 AND state = 'claimed', attempts - 1, attempts),
                        said_at = iif(ts IS NULL, NULL, said_at), not_before = ?3
                 WHERE workspace = ?1 AND (key = ?2 OR (batch = ?2 AND state = 'claimed'))",
            )?
            .execute(params![workspace.as_str(), leader, micros(now)])?;
    }
    Ok(is_news)
}

/// Returns why nothing is sent, if nothing is.
pub(in crate::store) fn halted(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<Halt>, StoreError> {
    let halt = connection
        .prepare_cached("SELECT reason, since, not_before FROM halt WHERE workspace = ?1")?
        .query_row([workspace.as_str()], |row| {
            Ok(Halt {
                reason: row.get(0)?,
                since: instant(row.get(1)?),
                not_before: instant(row.get(2)?),
            })
        })
        .optional()?;
    Ok(halt)
}

/// One message tries whether Slack takes the token again; the next one does so
/// later. A reply to an address of its own says nothing of the token.
pub(super) fn probe(
    connection: &Connection,
    workspace: &WorkspaceId,
    leader: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE halt SET not_before = ?2 WHERE workspace = ?1 AND EXISTS (
                 SELECT 1 FROM outbox
                 WHERE workspace = ?1 AND key = ?3 AND kind <> 'reply')",
        )?
        .execute(params![workspace.as_str(), micros(now + HALTED), leader])?;
    Ok(())
}

/// Slack has taken the token.
pub(in crate::store) fn go_on(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<(), StoreError> {
    let n = connection
        .prepare_cached("DELETE FROM halt WHERE workspace = ?1")?
        .execute([workspace.as_str()])?;
    if n > 0 {
        tracing::info!("Slack takes the bot's token again; what waited is sent now");
    }
    Ok(())
}

/// Notes that Slack lets nothing into a channel, and tells an operator, by day.
/// Returns whether that is news.
pub(in crate::store) fn shut(
    connection: &Connection,
    workspace: &WorkspaceId,
    (channel, reason): (&ChannelId, &str),
    told: Option<&UserId>,
    roster: &Roster<'_>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let n = connection
        .prepare_cached(
            "INSERT INTO shut (workspace, channel, reason, since) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            workspace.as_str(),
            channel.as_str(),
            reason,
            micros(now)
        ])?;
    if n > 0
        && let Some(person) = told
    {
        let key = format!("shut:{channel}:{}:{person}", micros(now));
        let kind = Kind::Shut {
            channel: channel.clone(),
            person: person.clone(),
        };
        let at = by_day(person, now, roster);
        owe(connection, workspace, &key, person.as_str(), &kind, at)?;
    }
    Ok(n > 0)
}

/// Slack has let a message into a channel.
pub(in crate::store) fn reopen(
    connection: &Connection,
    workspace: &WorkspaceId,
    channel: &ChannelId,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM shut WHERE workspace = ?1 AND channel = ?2")?
        .execute(params![workspace.as_str(), channel.as_str()])?;
    Ok(())
}

/// Returns why nothing gets into a channel, if nothing does.
pub(in crate::store) fn shut_since(
    connection: &Connection,
    workspace: &WorkspaceId,
    channel: &ChannelId,
) -> Result<Option<Shut>, StoreError> {
    let shut = connection
        .prepare_cached("SELECT reason, since FROM shut WHERE workspace = ?1 AND channel = ?2")?
        .query_row(params![workspace.as_str(), channel.as_str()], |row| {
            Ok(Shut {
                reason: row.get(0)?,
                since: instant(row.get(1)?),
            })
        })
        .optional()?;
    Ok(shut)
}

/// Owes the card of a change anew whose channel was shut: it goes elsewhere, and
/// what hangs on it follows.
pub(in crate::store) fn uproot_card(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: ChangeNumber,
    channel: &ChannelId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE outbox SET state = 'owed', not_before = ?4, channel = NULL, ts = NULL
             WHERE workspace = ?1 AND key = ?2 AND channel = ?3 AND ts IS NOT NULL
               AND state IN ('settled', 'owed', 'failed')",
        )?
        .execute(params![
            workspace.as_str(),
            format!("card:{change}"),
            channel.as_str(),
            micros(now),
        ])?;
    Ok(())
}

/// Sets aside what can't be read of a lane, so that the rest goes on: the rows that
/// make no sense by themselves; else those whose change doesn't.
pub(in crate::store) fn set_aside(
    connection: &Connection,
    workspace: &WorkspaceId,
    lane: &str,
    why: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT id, {COLUMNS} FROM outbox
         WHERE workspace = ?1 AND lane = ?2 AND state = 'owed' AND not_before <= ?3
         ORDER BY priority, id"
    ))?;
    let mut rows = select.query(params![workspace.as_str(), lane, micros(now)])?;
    let mut first: Option<i64> = None;
    let (mut unreadable, mut about) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let id = row.get("id")?;
        first.get_or_insert(id);
        match read(row) {
            Ok(owed) => about.extend(change_of(&owed.kind).map(|change| (id, change))),
            Err(_) => unreadable.push(id),
        }
    }
    // Where every row makes sense, the change of one of them doesn't.
    if unreadable.is_empty() {
        for (id, change) in about {
            match log::load(connection, workspace, change) {
                Err(StoreError::Corrupt(_)) => unreadable.push(id),
                Err(error) => return Err(error),
                Ok(_) => {}
            }
        }
    }
    if unreadable.is_empty() {
        unreadable.extend(first);
    }
    leave_alone(connection, &unreadable, why, now)
}

/// Sets aside what was claimed and can't be read, with what it went out in.
pub(in crate::store) fn set_claimed_aside(
    connection: &Connection,
    workspace: &WorkspaceId,
    why: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT id, {COLUMNS}, (SELECT leader.id FROM outbox AS leader
             WHERE leader.workspace = ?1 AND leader.key = outbox.batch) AS leader
         FROM outbox WHERE workspace = ?1 AND state = 'claimed'"
    ))?;
    let mut rows = select.query([workspace.as_str()])?;
    let mut unreadable = Vec::new();
    while let Some(row) = rows.next()? {
        if read(row).is_err() {
            unreadable.push(row.get("id")?);
            unreadable.extend(row.get::<_, Option<i64>>("leader")?);
        }
    }
    leave_alone(connection, &unreadable, why, now)
}

fn leave_alone(
    connection: &Connection,
    rows: &[i64],
    why: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut update = connection.prepare_cached(
        "UPDATE outbox SET not_before = ?2, attempts = max(attempts + 1, ?3), error = ?4
         WHERE id = ?1",
    )?;
    for id in rows {
        update.execute(params![id, micros(now + SET_ASIDE), STUCK, why])?;
    }
    Ok(())
}

/// The civil clock jumped by `by` and shows `at` now. What waits for so long goes on
/// waiting for so long; what is due at an instant, deadlines above all, stays due
/// at that instant.
pub(in crate::store) fn clock_stepped(
    connection: &Connection,
    workspace: &WorkspaceId,
    (at, by): (DateTime<Utc>, TimeDelta),
    grace: TimeDelta,
) -> Result<(), StoreError> {
    let by_micros = by.num_microseconds().unwrap_or(i64::MAX);
    let before = micros(at - by);
    connection
        .prepare_cached(
            "INSERT INTO clock_step (workspace, seen_at, by_micros) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![workspace.as_str(), micros(at), by_micros])?;
    // What was due or could be tried by the old clock still is by the new one.
    for (table, waits) in [("outbox", "state = 'owed'"), ("inbox", "state = 'waiting'")] {
        connection
            .prepare_cached(&format!(
                "UPDATE {table} SET not_before = ?2
                 WHERE workspace = ?1 AND {waits} AND not_before <= ?3 AND not_before > ?2"
            ))?
            .execute(params![workspace.as_str(), micros(at), before])?;
    }
    // A pause goes on as long as it was to be. Of messages only those that failed wait
    // for a while; the rest wait for an instant.
    for (table, waits) in [
        ("lane", "TRUE"),
        ("halt", "TRUE"),
        ("outbox", "state = 'owed' AND error IS NOT NULL"),
        ("inbox", "state = 'waiting'"),
    ] {
        connection
            .prepare_cached(&format!(
                "UPDATE {table} SET not_before = not_before + ?2
                 WHERE workspace = ?1 AND {waits} AND not_before > ?3"
            ))?
            .execute(params![workspace.as_str(), by_micros, before])?;
    }
    connection
        .prepare_cached(
            "UPDATE offer SET next_at = ?2
             WHERE workspace = ?1 AND next_at <= ?3 AND next_at > ?2",
        )?
        .execute(params![workspace.as_str(), micros(at), before])?;
    // What may be under way isn't looked for before its grace is over. Its claim is
    // never moved on: the history is searched from there.
    connection
        .prepare_cached(
            "UPDATE outbox SET claimed_at = claimed_at + min(?2, 0), not_before = ?3
             WHERE workspace = ?1 AND state = 'claimed'",
        )?
        .execute(params![workspace.as_str(), by_micros, micros(at + grace)])?;
    Ok(())
}
