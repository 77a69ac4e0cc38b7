//! The weekly report on its way: what is owed, where it stands, and its picture.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::owing::owe;
use super::{Kind, ReportPart};
use crate::domain::id::{ChannelId, MessageTs, WorkspaceId};
use crate::store::{Look, Picture, StoreError, micros};

/// Owes the report of a week. Its name is that of the week wherever that begins, so
/// that it is owed once.
pub(in crate::store) fn owe_report(
    connection: &Connection,
    workspace: &WorkspaceId,
    (week, name): (DateTime<Utc>, &str),
    channel: &ChannelId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let key = format!("report:{name}");
    let part = ReportPart::Report;
    let kind = Kind::Report { week, part };
    owe(connection, workspace, &key, channel.as_str(), &kind, now)
}

/// Owes the details of a report that stands now, in its thread.
pub(in crate::store) fn owe_details(
    connection: &Connection,
    workspace: &WorkspaceId,
    (week, report): (DateTime<Utc>, &str),
    channel: &ChannelId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let key = format!("{report}:details");
    let part = ReportPart::Details;
    let kind = Kind::Report { week, part };
    owe(connection, workspace, &key, channel.as_str(), &kind, now)
}

/// Where the report of a week stands.
pub(in crate::store) const REPORT_STANDS: &str = "SELECT channel, ts FROM outbox
     WHERE workspace = ?1 AND kind = 'report' AND part = 'report' AND week = ?2";

/// Returns where the report of a week stands, if it does.
pub(in crate::store) fn report_stands(
    connection: &Connection,
    workspace: &WorkspaceId,
    week: DateTime<Utc>,
) -> Result<Option<(ChannelId, MessageTs)>, StoreError> {
    let row: Option<(Option<String>, Option<String>)> = connection
        .prepare_cached(REPORT_STANDS)?
        .query_row(params![workspace.as_str(), micros(week)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    Ok(row
        .and_then(|(channel, ts)| channel.zip(ts))
        .map(|(channel, ts)| (ChannelId::new(channel), MessageTs::new(ts))))
}

/// Returns what is known of a report's picture.
pub(in crate::store) fn picture(
    connection: &Connection,
    workspace: &WorkspaceId,
    week: DateTime<Utc>,
) -> Result<Option<Picture>, StoreError> {
    let row: Option<(String, Option<String>, u32)> = connection
        .prepare_cached("SELECT look, file, tries FROM picture WHERE workspace = ?1 AND week = ?2")?
        .query_row(params![workspace.as_str(), micros(week)], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    row.map(|(look, file, n_tries)| {
        let look = match (look.as_str(), file) {
            ("file", Some(file)) => Look::File(file),
            ("native", None) => Look::Native,
            ("nothing", None) => Look::Nothing,
            _ => return Err(StoreError::Corrupt("a picture")),
        };
        Ok(Picture { look, n_tries })
    })
    .transpose()
}

/// Keeps what is known of a report's picture.
pub(in crate::store) fn keep_picture(
    connection: &Connection,
    workspace: &WorkspaceId,
    week: DateTime<Utc>,
    picture: &Picture,
) -> Result<(), StoreError> {
    let (look, file) = match &picture.look {
        Look::File(file) => ("file", Some(file)),
        Look::Native => ("native", None),
        Look::Nothing => ("nothing", None),
    };
    connection
        .prepare_cached(
            "INSERT INTO picture (workspace, week, look, file, tries) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET look = ?3, file = ?4, tries = ?5",
        )?
        .execute(params![
            workspace.as_str(),
            micros(week),
            look,
            file,
            picture.n_tries
        ])?;
    Ok(())
}
