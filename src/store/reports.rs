//! The weekly report, as whole transactions: since when there is one, the week that
//! is frozen and owed at once, and the picture that belongs to it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rusqlite::{Connection, OptionalExtension, params};

use super::writer::Urgency;
use super::{Correction, FrozenWeek, Store, StoreError, deployments, instant, micros, outbox};
use crate::domain::id::{ChannelId, MessageTs, WorkspaceId};
use crate::domain::rate::{Window, WindowKind};

/// Since when weekly reports are posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reporting {
    /// What was due up to then isn't made up for.
    pub since: DateTime<Utc>,
    /// Where the last week ends that is frozen.
    pub frozen_to: Option<DateTime<Utc>>,
}

/// How a report's chart is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// By our picture, which Slack calls so.
    File(String),
    /// By Slack's own chart.
    Native,
    /// Not at all.
    Nothing,
}

/// What is known of a report's picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// How the chart is shown.
    pub look: Look,
    /// How often Slack couldn't show it.
    pub n_tries: u32,
}

/// A report with what rendering it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// The week, as it was frozen.
    pub week: FrozenWeek,
    /// What is known of its picture.
    pub picture: Option<Picture>,
    /// Where the report stands, if it does.
    pub stands: Option<(ChannelId, MessageTs)>,
}

impl FrozenWeek {
    /// Returns the zone by which it is a week.
    pub fn zone(&self) -> Tz {
        self.zone.parse().unwrap_or(Tz::UTC)
    }

    /// Returns the week.
    pub fn window(&self) -> Window {
        Window::between(&self.zone(), WindowKind::Week, self.from, self.to)
    }

    /// Returns what the week is called in every zone.
    fn name(&self) -> String {
        let (year, week) = self.window().iso_week();
        format!("{year}-W{week:02}")
    }
}

impl Store {
    /// Notes whether weekly reports are posted from now on. Where they were before,
    /// those that were missed are made up for.
    pub async fn posts_reports(&self, posts: bool, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            let sql = if posts {
                "INSERT INTO reporting (workspace, since) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
            } else {
                "DELETE FROM reporting WHERE workspace = ?1 AND ?2 IS NOT NULL"
            };
            connection
                .prepare_cached(sql)?
                .execute(params![workspace.as_str(), micros(now)])?;
            Ok(())
        })
        .await
    }

    /// Returns since when weekly reports are posted, if they are.
    pub async fn reporting(&self) -> Result<Option<Reporting>, StoreError> {
        self.read(reporting).await
    }

    /// Freezes a week with its figures and, where it is to be posted, owes its report
    /// in the same transaction, with what that puts right of earlier weeks. Returns
    /// whether it wasn't frozen before; one that was stays as it is, and isn't owed
    /// again.
    pub async fn freeze_week(
        &self,
        week: FrozenWeek,
        post: Option<(ChannelId, Vec<Correction>)>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let week = FrozenWeek {
            is_posted: post.is_some(),
            ..week
        };
        self.write(Urgency::Later, move |connection, workspace| {
            if !deployments::freeze(connection, workspace, &week)? {
                return Ok(false);
            }
            if let Some((channel, corrections)) = &post {
                for one in corrections {
                    deployments::correct(connection, workspace, one)?;
                }
                let name = week.name();
                let named = (week.from, name.as_str());
                outbox::owe_report(connection, workspace, named, channel, now)?;
            }
            Ok(true)
        })
        .await
    }

    /// Keeps what is known of a report's picture.
    pub async fn keep_picture(
        &self,
        week: DateTime<Utc>,
        picture: Picture,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            outbox::keep_picture(connection, workspace, week, &picture)
        })
        .await
    }

    /// Returns where the report of a week stands, if it does.
    pub async fn report_stands(
        &self,
        week: DateTime<Utc>,
    ) -> Result<Option<(ChannelId, MessageTs)>, StoreError> {
        self.read(move |connection, workspace| outbox::report_stands(connection, workspace, week))
            .await
    }
}

fn reporting(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<Reporting>, StoreError> {
    let row = connection
        .prepare_cached(
            "SELECT since, (SELECT max(to_at) FROM frozen_week WHERE workspace = ?1)
             FROM reporting WHERE workspace = ?1",
        )?
        .query_row([workspace.as_str()], |row| {
            Ok(Reporting {
                since: instant(row.get(0)?),
                frozen_to: row.get::<_, Option<i64>>(1)?.map(instant),
            })
        })
        .optional()?;
    Ok(row)
}

/// Returns a report with what rendering it needs; nothing if its week isn't frozen.
pub(super) fn reported(
    connection: &Connection,
    workspace: &WorkspaceId,
    week: DateTime<Utc>,
) -> Result<Option<Reported>, StoreError> {
    let end = week + chrono::TimeDelta::microseconds(1);
    let frozen = deployments::frozen_weeks(connection, workspace, week, end)?.pop();
    let stands = outbox::report_stands(connection, workspace, week)?;
    let picture = outbox::picture(connection, workspace, week)?;
    Ok(frozen.map(|week| Reported {
        week,
        picture,
        stands,
    }))
}
