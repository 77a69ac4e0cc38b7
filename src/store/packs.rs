//! The packs that people asked for in Slack, as whole transactions: asked for, handed
//! in, delivered. Makes none. To whom which pack was given is a fact of the log.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::checkpoints::{self, Kept};
use super::inbox::{self, Outcome};
use super::log::{Appender, HouseEvent};
use super::writer::Urgency;
use super::{Store, StoreError, instant, micros, outbox};
use crate::domain::id::{ChangeNumber, ChannelId, UserId, WorkspaceId};
use crate::domain::merkle::Hash;
use crate::gesture::Gesture;

/// What somebody wants in a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackWish {
    /// The period's first day.
    pub first_day: NaiveDate,
    /// Its last day.
    pub last_day: NaiveDate,
    /// The one change that it is about; nothing: samples are drawn.
    pub change: Option<ChangeNumber>,
    /// How many of them; nothing: as many as is usual.
    pub sample: Option<u32>,
    /// By which seed; nothing: by the checkpoint's root.
    pub seed: Option<u32>,
}

/// A pack as Slack has it, from its upload on; nobody sees it before it is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedIn {
    /// What Slack calls it.
    pub file: String,
    /// Up to which checkpoint it tells the log.
    pub checkpoint: u64,
    /// The SHA-256 of its bytes.
    pub sha256: Hash,
}

/// A pack that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderedPack {
    /// Its row.
    pub id: u64,
    /// Who asked, and gets it.
    pub to: UserId,
    /// For what.
    pub wish: PackWish,
    /// The pack, once Slack has it.
    pub handed_in: Option<HandedIn>,
    /// How often it was tried.
    pub attempts: u32,
    /// What has become of it.
    pub stage: PackStage,
}

/// What has become of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackStage {
    /// It is to be made, or to be shared.
    Owed,
    /// It was delivered.
    Delivered,
    /// It was given up, for this reason.
    GivenUp(String),
}

const COLUMNS: &str = "id, person, first_day, last_day, change, sample, seed, checkpoint, sha256, \
                       file, attempts, ended_at IS NOT NULL AS is_over, error";

fn read(row: &Row<'_>) -> Result<OrderedPack, StoreError> {
    let corrupt = || StoreError::Corrupt("a pack that was asked for");
    let day = |name: &str| -> Result<NaiveDate, StoreError> {
        row.get::<_, String>(name)?.parse().map_err(|_| corrupt())
    };
    let file: Option<String> = row.get("file")?;
    let checkpoint: Option<u64> = row.get("checkpoint")?;
    let sha256: Option<Hash> = row.get("sha256")?;
    let error: Option<String> = row.get("error")?;
    let is_over: bool = row.get("is_over")?;
    Ok(OrderedPack {
        id: row.get("id")?,
        to: UserId::new(row.get::<_, String>("person")?),
        wish: PackWish {
            first_day: day("first_day")?,
            last_day: day("last_day")?,
            change: row.get::<_, Option<u64>>("change")?.map(ChangeNumber),
            sample: row.get("sample")?,
            seed: row.get("seed")?,
        },
        handed_in: match (file, checkpoint, sha256) {
            (Some(file), Some(checkpoint), Some(sha256)) => Some(HandedIn {
                file,
                checkpoint,
                sha256,
            }),
            _ => None,
        },
        attempts: row.get("attempts")?,
        stage: match (is_over, error) {
            (false, _) => PackStage::Owed,
            (true, None) => PackStage::Delivered,
            (true, Some(why)) => PackStage::GivenUp(why),
        },
    })
}

impl Store {
    /// Takes an order for a pack, unless the same person waits for the same one; the
    /// reply is owed.
    pub async fn order_pack(
        &self,
        gesture: Gesture,
        wish: PackWish,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write_once(gesture, move |connection, workspace, gesture| {
            connection
                .prepare_cached(
                    "INSERT INTO pack (workspace, gesture, person, first_day, last_day, change,
                                       sample, seed, not_before)
                     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
                     WHERE NOT EXISTS (SELECT 1 FROM pack
                         WHERE workspace = ?1 AND ended_at IS NULL AND person = ?3
                           AND first_day = ?4 AND last_day = ?5 AND change IS ?6
                           AND sample IS ?7 AND seed IS ?8)",
                )?
                .execute(params![
                    workspace.as_str(),
                    gesture.key,
                    gesture.actor.as_str(),
                    wish.first_day.to_string(),
                    wish.last_day.to_string(),
                    wish.change.map(|number| number.0),
                    wish.sample,
                    wish.seed,
                    micros(now)
                ])?;
            inbox::settle(connection, workspace, gesture, &Outcome::Answered, None)?;
            outbox::owe_reply(connection, workspace, gesture, now)
        })
        .await
    }

    /// Returns the pack that is due, the one that waits longest.
    pub async fn pack_due(&self, now: DateTime<Utc>) -> Result<Option<OrderedPack>, StoreError> {
        self.read(move |connection, workspace| {
            let mut select = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM pack
                 WHERE workspace = ?1 AND ended_at IS NULL AND not_before <= ?2
                 ORDER BY not_before, id LIMIT 1"
            ))?;
            let mut rows = select.query(params![workspace.as_str(), micros(now)])?;
            rows.next()?.map(read).transpose()
        })
        .await
    }

    /// Returns the pack that a gesture asked for; nothing if it was on its way already.
    pub async fn pack_of(&self, gesture: String) -> Result<Option<OrderedPack>, StoreError> {
        self.read(move |connection, workspace| {
            let mut select = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM pack WHERE workspace = ?1 AND gesture = ?2"
            ))?;
            let mut rows = select.query(params![workspace.as_str(), gesture])?;
            rows.next()?.map(read).transpose()
        })
        .await
    }

    /// Keeps what Slack calls a pack, before it is shared; nothing if Slack has
    /// forgotten it, and it has to be made anew.
    pub async fn keep_pack(&self, id: u64, handed_in: Option<HandedIn>) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            let handed_in = handed_in.as_ref();
            connection
                .prepare_cached(
                    "UPDATE pack SET file = ?3, checkpoint = ?4, sha256 = ?5
                     WHERE workspace = ?1 AND id = ?2 AND ended_at IS NULL",
                )?
                .execute(params![
                    workspace.as_str(),
                    id,
                    handed_in.map(|one| one.file.as_str()),
                    handed_in.map(|one| one.checkpoint),
                    handed_in.map(|one| one.sha256),
                ])?;
            Ok(())
        })
        .await
    }

    /// Returns the checkpoint of a number.
    pub async fn checkpoint_n(&self, n: u64) -> Result<Option<Kept>, StoreError> {
        self.read(move |connection, workspace| checkpoints::find(connection, workspace, n))
            .await
    }

    /// Notes that a pack was delivered into somebody's conversation, in the log, too.
    pub async fn pack_delivered(
        &self,
        order: OrderedPack,
        handed_in: HandedIn,
        place: ChannelId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            let n_settled = connection
                .prepare_cached(
                    "UPDATE pack SET ended_at = ?3, error = NULL
                     WHERE workspace = ?1 AND id = ?2 AND ended_at IS NULL",
                )?
                .execute(params![workspace.as_str(), order.id, micros(now)])?;
            if n_settled == 0 {
                return Ok(());
            }
            let checkpoint = checkpoints::find(connection, workspace, handed_in.checkpoint)?
                .ok_or(StoreError::Corrupt("the checkpoint of a pack"))?;
            let mut log = Appender::begin(connection, workspace)?;
            let event = HouseEvent::PackDelivered {
                to: order.to,
                first_day: order.wish.first_day.to_string(),
                last_day: order.wish.last_day.to_string(),
                about: order.wish.change,
                size: checkpoint.size,
                root: checkpoint.root,
                sha256: handed_in.sha256,
                place: format!("{place} {}", handed_in.file),
            };
            log.append_house_event(now, &event)?;
            log.save()
        })
        .await
    }

    /// Tries a pack again from `until` on: nobody has it yet.
    pub async fn pack_later(
        &self,
        id: u64,
        until: DateTime<Utc>,
        error: String,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            connection
                .prepare_cached(
                    "UPDATE pack SET attempts = attempts + 1, not_before = ?3, error = ?4
                     WHERE workspace = ?1 AND id = ?2 AND ended_at IS NULL",
                )?
                .execute(params![workspace.as_str(), id, micros(until), error])?;
            Ok(())
        })
        .await
    }

    /// Gives a pack up, and owes whoever asked for it the reason.
    pub async fn give_up_pack(
        &self,
        id: u64,
        why: String,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            let gesture: Option<String> = connection
                .prepare_cached(
                    "UPDATE pack SET ended_at = ?3, error = ?4
                     WHERE workspace = ?1 AND id = ?2 AND ended_at IS NULL RETURNING gesture",
                )?
                .query_row(params![workspace.as_str(), id, micros(now), why], |row| {
                    row.get(0)
                })
                .optional()?;
            match gesture {
                Some(gesture) => outbox::owe_reply_again(connection, workspace, &gesture, now),
                None => Ok(()),
            }
        })
        .await
    }
}

/// When the next pack may be made.
pub(super) fn next_at(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let at: Option<i64> = connection
        .prepare_cached(
            "SELECT min(not_before) FROM pack WHERE workspace = ?1 AND ended_at IS NULL",
        )?
        .query_row([workspace.as_str()], |row| row.get(0))?;
    Ok(at.map(instant))
}
