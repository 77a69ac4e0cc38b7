//! What the words and the night need to know of people: their name, their zone,
//! when they were last active. Never consulted for who may do what.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono::{LocalResult, TimeDelta, TimeZone};
use chrono_tz::Tz;
use rusqlite::{Connection, OptionalExtension, params};

use super::{StoreError, instant, micros};
use crate::domain::authorization::{Member, Standing};
use crate::domain::id::{ChannelId, GroupId, UserId, WorkspaceId};
use crate::domain::obligation::{Absence, People};

/// How long what Slack said of somebody counts for what they owe. Older than that
/// it is as if nothing had been said: they may have joined a group since, or come
/// back.
const COUNTS: TimeDelta = TimeDelta::hours(1);

/// How old it may be before it is written again, though it is the same.
const FRESH: TimeDelta = TimeDelta::minutes(30);

// What is asked anew before each reminder must not expire in between.
const _: () = assert!(FRESH.num_minutes() < COUNTS.num_minutes());

/// What Slack said of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// The name they show.
    pub name: String,
    /// Their IANA zone, such as `Europe/Berlin`.
    pub zone: Option<String>,
}

pub(super) fn meet(
    connection: &Connection,
    workspace: &WorkspaceId,
    person: &Person,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO person (workspace, id, name, zone) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET name = ?3, zone = coalesce(?4, zone)",
        )?
        .execute(params![
            workspace.as_str(),
            person.id.as_str(),
            person.name,
            person.zone,
        ])?;
    Ok(())
}

pub(super) fn is_active(
    connection: &Connection,
    workspace: &WorkspaceId,
    who: &UserId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO person (workspace, id, active_at) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET active_at = max(coalesce(active_at, ?3), ?3)",
        )?
        .execute(params![workspace.as_str(), who.as_str(), micros(at)])?;
    Ok(())
}

/// Keeps the direct message conversation with somebody.
pub(super) fn speaks_in(
    connection: &Connection,
    workspace: &WorkspaceId,
    who: &UserId,
    channel: &ChannelId,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO person (workspace, id, direct) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET direct = ?3",
        )?
        .execute(params![workspace.as_str(), who.as_str(), channel.as_str()])?;
    Ok(())
}

pub(super) fn direct(
    connection: &Connection,
    workspace: &WorkspaceId,
    who: &UserId,
) -> Result<Option<ChannelId>, StoreError> {
    let row: Option<Option<String>> = connection
        .prepare_cached("SELECT direct FROM person WHERE workspace = ?1 AND id = ?2")?
        .query_row(params![workspace.as_str(), who.as_str()], |row| row.get(0))
        .optional()?;
    Ok(row.flatten().map(ChannelId::new))
}

/// Which of these the bot doesn't know the zone of.
pub(super) fn unmet(
    connection: &Connection,
    workspace: &WorkspaceId,
    people: &[UserId],
) -> Result<Vec<UserId>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT 1 FROM person WHERE workspace = ?1 AND id = ?2 AND name IS NOT NULL",
    )?;
    let mut unmet = Vec::new();
    for who in people {
        if !select.exists(params![workspace.as_str(), who.as_str()])? {
            unmet.push(who.clone());
        }
    }
    Ok(unmet)
}

/// Whether somebody is in the workspace what they were when they were last seen,
/// and that was not long ago.
pub(super) fn is_as_seen(
    connection: &Connection,
    workspace: &WorkspaceId,
    who: &Member,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let (standing, seen_at): (Option<String>, Option<i64>) = connection
        .prepare_cached("SELECT standing, seen_at FROM person WHERE workspace = ?1 AND id = ?2")?
        .query_row(params![workspace.as_str(), who.id.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?
        .unwrap_or_default();
    let is_fresh = seen_at.is_some_and(|seen_at| is_within(FRESH, instant(seen_at), now));
    if !is_fresh || standing.as_deref() != Some(who.standing.name()) {
        return Ok(false);
    }
    let groups: BTreeSet<GroupId> = connection
        .prepare_cached("SELECT user_group FROM membership WHERE workspace = ?1 AND person = ?2")?
        .query_map(params![workspace.as_str(), who.id.as_str()], |row| {
            Ok(GroupId::new(row.get::<_, String>(0)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(groups == who.groups)
}

/// Whether what was seen then is no older than that; a clock that was set back
/// makes nothing younger.
fn is_within(age: TimeDelta, seen_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - seen_at).abs() <= age
}

/// Lets what Slack said of people count no more: under another policy other groups
/// decide.
pub(super) fn forget_what_was_seen(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE person SET seen_at = NULL WHERE workspace = ?1")?
        .execute([workspace.as_str()])?;
    Ok(())
}

/// Keeps what somebody is in the workspace, and in which of the policies' groups.
pub(super) fn is_seen(
    connection: &Connection,
    workspace: &WorkspaceId,
    who: &Member,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO person (workspace, id, standing, seen_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET standing = ?3, seen_at = ?4",
        )?
        .execute(params![
            workspace.as_str(),
            who.id.as_str(),
            who.standing.name(),
            micros(now),
        ])?;
    connection
        .prepare_cached("DELETE FROM membership WHERE workspace = ?1 AND person = ?2")?
        .execute(params![workspace.as_str(), who.id.as_str()])?;
    for group in &who.groups {
        connection
            .prepare_cached(
                "INSERT INTO membership (workspace, person, user_group) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![workspace.as_str(), who.id.as_str(), group.as_str()])?;
    }
    Ok(())
}

/// Keeps until when somebody is away; a time that has come says that they are back.
pub(super) fn is_away(
    connection: &Connection,
    workspace: &WorkspaceId,
    who: &UserId,
    until: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO person (workspace, id, away_until) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET away_until = ?3",
        )?
        .execute(params![workspace.as_str(), who.as_str(), micros(until)])?;
    Ok(())
}

/// The people as the ladder sees them, read as it asks.
pub(super) struct Roster<'c> {
    pub(super) connection: &'c Connection,
    pub(super) workspace: &'c WorkspaceId,
    /// The zone of people who have none.
    pub(super) house: Tz,
}

impl Roster<'_> {
    fn row(&self, who: &UserId) -> (Option<String>, Option<i64>) {
        self.connection
            .prepare_cached("SELECT zone, active_at FROM person WHERE workspace = ?1 AND id = ?2")
            .and_then(|mut select| {
                select
                    .query_row(params![self.workspace.as_str(), who.as_str()], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })
                    .optional()
            })
            .ok()
            .flatten()
            .unwrap_or_default()
    }

    fn zone(&self, who: Option<&UserId>) -> Tz {
        who.and_then(|who| self.row(who).0)
            .and_then(|zone| zone.parse().ok())
            .unwrap_or(self.house)
    }
}

impl People for Roster<'_> {
    fn local(&self, who: Option<&UserId>, at: DateTime<Utc>) -> NaiveDateTime {
        at.with_timezone(&self.zone(who)).naive_local()
    }

    fn instant(&self, who: Option<&UserId>, local: NaiveDateTime) -> DateTime<Utc> {
        resolve(self.zone(who), local)
    }

    fn active_at(&self, who: &UserId) -> Option<DateTime<Utc>> {
        self.row(who).1.map(instant)
    }

    fn absence(&self, who: &UserId, now: DateTime<Utc>) -> Option<Absence> {
        let (standing, away_until, seen_at): (Option<String>, Option<i64>, Option<i64>) = self
            .connection
            .prepare_cached(
                "SELECT standing, away_until, seen_at FROM person
                 WHERE workspace = ?1 AND id = ?2",
            )
            .and_then(|mut select| {
                select
                    .query_row(params![self.workspace.as_str(), who.as_str()], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                    })
                    .optional()
            })
            .ok()
            .flatten()
            .unwrap_or_default();
        let counts = seen_at.is_some_and(|seen_at| is_within(COUNTS, instant(seen_at), now));
        let standing = standing.as_deref().and_then(Standing::from_name);
        if counts && standing.is_some_and(|standing| standing != Standing::Full) {
            return Some(Absence::Left);
        }
        let until = away_until.map(instant).filter(|until| *until > now)?;
        Some(Absence::Away { until })
    }

    fn groups_of(&self, who: &UserId, now: DateTime<Utc>) -> Option<BTreeSet<GroupId>> {
        let read = || -> rusqlite::Result<Option<BTreeSet<GroupId>>> {
            let seen_at: Option<Option<i64>> = self
                .connection
                .prepare_cached("SELECT seen_at FROM person WHERE workspace = ?1 AND id = ?2")?
                .query_row(params![self.workspace.as_str(), who.as_str()], |row| {
                    row.get(0)
                })
                .optional()?;
            let counts = |seen_at| is_within(COUNTS, instant(seen_at), now);
            if !seen_at.flatten().is_some_and(counts) {
                return Ok(None);
            }
            self.connection
                .prepare_cached(
                    "SELECT user_group FROM membership WHERE workspace = ?1 AND person = ?2",
                )?
                .query_map(params![self.workspace.as_str(), who.as_str()], |row| {
                    Ok(GroupId::new(row.get::<_, String>(0)?))
                })?
                .collect::<rusqlite::Result<_>>()
                .map(Some)
        };
        read().ok().flatten()
    }
}

/// Returns when the clocks of `zone` show `local`: the first time where they
/// show it twice, an hour on where they skip it.
pub fn resolve(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => zone
            .from_local_datetime(&(local + TimeDelta::hours(1)))
            .earliest()
            .map_or_else(|| local.and_utc(), |at| at.to_utc()),
    }
}
