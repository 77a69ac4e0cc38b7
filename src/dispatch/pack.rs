//! Makes the packs that people asked for, and delivers each by direct message, once.
//!
//! A pack is made of a moment of the database, on a thread of its own, beside whoever
//! writes. What is lost on the way to Slack is made again; what Slack has is known by
//! its name before anybody sees it, and is shared once.

use std::io::Cursor;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::{Dispatcher, FIRST_PAUSE, LONGEST_PAUSE};
use crate::domain::id::ChannelId;
use crate::domain::policy::Policy;
use crate::domain::rate::grouped;
use crate::engine::Engine;
use crate::evidence::pack::{self, PackFault, Stratum, Wanted, Which};
use crate::evidence::seal::Seal;
use crate::slack::error::{ErrorCode, SlackError};
use crate::store::{self, HandedIn, Kept, LookError, OrderedPack, PackWish, StoreError};

/// How long Slack may be away before a pack is given up; with the longest pause, a day.
const MOST_TRIES: u32 = 12 * 24;

/// The largest file that Slack takes: 1 GB (slack.com/help, "Add files to Slack").
const LARGEST: usize = 1_000_000_000;

/// Why there is no pack yet.
#[derive(Debug, thiserror::Error)]
enum NotYet {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Slack(#[from] SlackError),
    #[error(transparent)]
    Look(#[from] LookError),
    #[error(transparent)]
    Pack(#[from] PackFault),
    /// The thread that made it died.
    #[error("the pack can't be made")]
    Died(#[from] tokio::task::JoinError),
    /// The log isn't signed.
    #[error("the log has no checkpoint")]
    NoCheckpoint,
    /// Slack takes no file of that size.
    #[error("the pack has {} MB, and Slack takes no file above 1,000 MB", grouped((*.0 / 1_000_000) as u64))]
    TooLarge(usize),
}

impl NotYet {
    fn is_transient(&self) -> bool {
        match self {
            Self::Store(error)
            | Self::Pack(PackFault::Store(error))
            | Self::Look(LookError::Store(error)) => error.is_transient(),
            Self::Slack(error) => error.is_transient(),
            // The key was rotated in between: the next one has a checkpoint by it.
            Self::Pack(PackFault::OtherKey { .. }) => true,
            Self::Look(_)
            | Self::Pack(_)
            | Self::Died(_)
            | Self::NoCheckpoint
            | Self::TooLarge(_) => false,
        }
    }
}

/// A pack in hand.
struct Made {
    bytes: Vec<u8>,
    checkpoint: Kept,
}

impl Dispatcher {
    /// Makes a pack, and delivers it.
    pub async fn pack(&self, order: OrderedPack, now: DateTime<Utc>) -> Result<(), StoreError> {
        let store = self.engine.store();
        let error = match self.deliver(&order, now).await {
            Ok((handed_in, place)) => {
                return store.pack_delivered(order, handed_in, place, now).await;
            }
            Err(NotYet::Store(error @ (StoreError::Unknown | StoreError::Stopped))) => {
                return Err(error);
            }
            Err(error) => error,
        };
        if let NotYet::Slack(SlackError::Refused { code }) = &error
            && code.is_about_the_token()
        {
            self.halt(None, code, now).await?;
            return store
                .pack_later(order.id, now + LONGEST_PAUSE, error.to_string())
                .await;
        }
        if let NotYet::Slack(SlackError::RateLimited { retry_after }) = &error {
            let pause = TimeDelta::from_std(*retry_after).unwrap_or(LONGEST_PAUSE);
            return store
                .pack_later(order.id, now + pause, error.to_string())
                .await;
        }
        if error.is_transient() && order.attempts < MOST_TRIES {
            tracing::warn!(pack = order.id, error = %error, "a pack waits");
            let pause =
                (FIRST_PAUSE * 2i32.saturating_pow(order.attempts.min(8))).min(LONGEST_PAUSE);
            return store
                .pack_later(order.id, now + pause, error.to_string())
                .await;
        }
        tracing::error!(pack = order.id, error = %error, "a pack is given up");
        store.give_up_pack(order.id, error.to_string(), now).await
    }

    /// Sees to it that Slack has the pack, and that its reader has it.
    async fn deliver(
        &self,
        order: &OrderedPack,
        now: DateTime<Utc>,
    ) -> Result<(HandedIn, ChannelId), NotYet> {
        let store = self.engine.store();
        let place = self.client.open_direct(&order.to).await?;
        let handed_in = match &order.handed_in {
            Some(handed_in) => {
                if self.client.is_shared(&handed_in.file).await? {
                    return Ok((handed_in.clone(), place));
                }
                handed_in.clone()
            }
            None => self.hand_in_pack(order, now).await?,
        };
        let size = match store.checkpoint_n(handed_in.checkpoint).await? {
            Some(checkpoint) => checkpoint.size,
            None => return Err(NotYet::NoCheckpoint),
        };
        let comment = comment(&order.wish, &handed_in, size);
        let shared = self
            .client
            .share_file_with(&handed_in.file, &title(&order.wish), &place, &comment)
            .await;
        if let Err(SlackError::Refused {
            code: ErrorCode::FileNotFound | ErrorCode::FileDeleted,
        }) = &shared
        {
            // What was handed in is gone; it has to be made and handed in again.
            store.keep_pack(order.id, None).await?;
            return Err(SlackError::Unknown.into());
        }
        shared?;
        Ok((handed_in, place))
    }

    async fn hand_in_pack(
        &self,
        order: &OrderedPack,
        now: DateTime<Utc>,
    ) -> Result<HandedIn, NotYet> {
        let store = self.engine.store();
        let made = self.made(&order.wish, now).await?;
        if made.bytes.len() > LARGEST {
            return Err(NotYet::TooLarge(made.bytes.len()));
        }
        let sha256: [u8; 32] = Sha256::digest(&made.bytes).into();
        let name = file_name(&order.wish);
        let file = self.client.hand_in(&name, None, made.bytes.into()).await?;
        let handed_in = HandedIn {
            file,
            checkpoint: made.checkpoint.n,
            sha256,
        };
        // Kept before it is shared: nobody gets it twice.
        store.keep_pack(order.id, Some(handed_in.clone())).await?;
        Ok(handed_in)
    }

    /// Makes the pack, after a checkpoint of all that is news.
    async fn made(&self, wish: &PackWish, now: DateTime<Utc>) -> Result<Made, NotYet> {
        let checkpoint = self.engine.checkpoint(now).await?;
        let (Some(checkpoint), Some(seal)) = (checkpoint, self.engine.seal()) else {
            return Err(NotYet::NoCheckpoint);
        };
        let (engine, seal, wish) = (self.engine.clone(), seal.clone(), wish.clone());
        // It takes seconds, and others wait for this thread.
        let making = move || make(&engine, &seal, &wish, checkpoint);
        tokio::task::spawn_blocking(making).await?
    }
}

fn make(engine: &Engine, seal: &Seal, wish: &PackWish, checkpoint: Kept) -> Result<Made, NotYet> {
    let store = engine.store();
    let policies: Vec<Policy> = engine.rules().all().cloned().collect();
    let which = match wish.change {
        Some(number) => Which::Named(vec![number.to_string()]),
        None => Which::Drawn {
            size: wish.sample.and_then(|n| usize::try_from(n).ok()),
            seed: wish.seed.map(u64::from),
            stratum: Stratum::All,
        },
    };
    let wanted = Wanted {
        first_day: wish.first_day,
        last_day: wish.last_day,
        which: &which,
        checkpoint: &checkpoint,
        key: seal.key(),
        policies: &policies,
        zone: engine.rules().house(),
    };
    // Rows lie there for a moment, on the disk that holds the rest.
    let scratch = store.path().parent().map(PathBuf::from);
    let scratch = scratch.filter(|folder| !folder.as_os_str().is_empty());
    let scratch = scratch.unwrap_or_else(|| PathBuf::from("."));
    let mut out = Cursor::new(Vec::new());
    let made = store::look(store.path(), Some(store.workspace()), |moment| {
        Ok(pack::make(moment, &wanted, &scratch, &mut out, &|_| {}))
    })?;
    made?;
    Ok(Made {
        bytes: out.into_inner(),
        checkpoint,
    })
}

fn file_name(wish: &PackWish) -> String {
    let about = match wish.change {
        Some(number) => number.to_string(),
        None => format!("{}-to-{}", wish.first_day, wish.last_day),
    };
    format!("soc2-evidence-{about}.zip")
}

fn title(wish: &PackWish) -> String {
    match wish.change {
        Some(number) => format!("SOC 2 evidence, {number}"),
        None => format!("SOC 2 evidence, {} to {}", wish.first_day, wish.last_day),
    }
}

/// What is said with the file. How to check it stands in its README.
fn comment(wish: &PackWish, handed_in: &HandedIn, size: u64) -> String {
    let sha256 = hex::encode(handed_in.sha256);
    let name = file_name(wish);
    format!(
        "*{}*, as the log stood at {} records. It holds what was said in private channels, too: keep it accordingly.\nSHA-256: `{sha256}`\nCheck it with `breakglass verify {name}`, or with the verifier inside.",
        title(wish),
        grouped(size)
    )
}
