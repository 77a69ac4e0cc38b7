//! The log's seal: its key, joined to the log that it signs.
//!
//! The log names every key that ever signed it, and each is named by the one before.
//! So that no key is in force of which only one of the two places knows, the file
//! comes first and the log second; a new key waits beside the old one until the log
//! has taken it.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::checkpoint::{Checkpoint, origin};
use super::key::{self, KeyFault};
use super::note::{NoteFault, SignerKey, VerifierKey};
use crate::config::Secret;
use crate::domain::merkle::Hash;
use crate::store::{HandOver, Kept, Store, StoreError};

/// Why the log can't be signed. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SealFault {
    /// The key's file.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// The workspace's name makes no name for a log.
    #[error("the log has no name: {0}")]
    Name(#[from] NoteFault),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key that the log names isn't there.
    #[error("the log is signed by {key}, and {path} isn't there: put the file back, or, if it is lost, run `breakglass key rotate --lost`, which puts that on record", path = .path.display())]
    Missing {
        /// Where it should be.
        path: std::path::PathBuf,
        /// Which key, as the log names it.
        key: String,
    },
    /// Another key is there.
    #[error("the log is signed by {key}, and {path} holds {found}: put the right file back, or, if it is lost, take this one away and run `breakglass key rotate --lost`", path = .path.display())]
    Another {
        /// The file.
        path: std::path::PathBuf,
        /// Which key, as the log names it.
        key: String,
        /// Which one is there.
        found: String,
    },
    /// There is nothing to rotate.
    #[error("the log has no key yet: `breakglass serve` makes one when it starts")]
    NoKeyYet,
    /// It isn't lost.
    #[error("the key is there ({path}); leave --lost out, so that it can hand over", path = .path.display())]
    NotLost {
        /// The file.
        path: std::path::PathBuf,
    },
}

/// What signs a log, and where copies go.
#[derive(Debug, Clone)]
pub struct Seal {
    key: Arc<SignerKey>,
    to_address: bool,
}

/// A key in the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The one before, as it is written for verifiers.
    pub from: String,
    /// The one after.
    pub to: VerifierKey,
}

impl Seal {
    /// Joins the key beside a database to the log in it. Where neither has one yet, it
    /// is made, and put on record with a first checkpoint. `to_address`: every
    /// checkpoint is owed to the configured address.
    pub async fn of(
        store: &Store,
        database: &Path,
        to_address: bool,
        now: DateTime<Utc>,
    ) -> Result<Self, SealFault> {
        let name = origin(store.workspace())?;
        let path = key::path_of(database, store.workspace());
        let next = key::next_to(&path);
        let known = store.log_key().await?;
        let key = match (known, key::read(&path, &name)?) {
            (Some(known), Some(key)) if key.verifier().to_string() == known => key,
            (Some(known), found) => match key::read(&next, &name)? {
                // We died after the log had taken it, and before the file was put in
                // its place.
                Some(key) if key.verifier().to_string() == known => {
                    key::replace(&next, &path)?;
                    key
                }
                _ => return Err(gone(known, found.as_ref(), path)),
            },
            (None, found) => {
                let key = if let Some(key) = found {
                    key
                } else {
                    let key = key::draw(&name)?;
                    key::write(&path, &key)?;
                    key
                };
                let seal = Self {
                    key: Arc::new(key.clone()),
                    to_address,
                };
                let first = HandOver::First {
                    key: key.verifier().to_string(),
                };
                store
                    .hand_over(first, seal.signs(), seal.signs(), to_address, now)
                    .await?;
                key
            }
        };
        store.shows_to_address(to_address).await?;
        Ok(Self {
            key: Arc::new(key),
            to_address,
        })
    }

    /// Puts a new key in the place of the one in force, which signs that it does. Where
    /// that is lost, it is put on record that nobody signed.
    pub async fn rotate(
        store: &Store,
        database: &Path,
        is_lost: bool,
        to_address: bool,
        now: DateTime<Utc>,
    ) -> Result<Rotated, SealFault> {
        let name = origin(store.workspace())?;
        let path = key::path_of(database, store.workspace());
        let next = key::next_to(&path);
        let from = store.log_key().await?.ok_or(SealFault::NoKeyYet)?;
        let old = match (key::read(&path, &name)?, is_lost) {
            (Some(key), false) if key.verifier().to_string() == from => Some(key),
            (Some(_), true) => return Err(SealFault::NotLost { path }),
            (found, false) => return Err(gone(from, found.as_ref(), path)),
            (None, true) => None,
        };
        // What an attempt before left, the log never took.
        match std::fs::remove_file(&next) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(KeyFault::Unusable { path: next, source }.into()),
        }
        let new = key::draw(&name)?;
        key::write(&next, &new)?;
        let note = match &old {
            Some(old) => Some(key::hand_over(old, new.verifier())?.to_string()),
            None => None,
        };
        let to = new.verifier().clone();
        let hand_over = HandOver::Next {
            from: from.clone(),
            to: to.to_string(),
            note,
        };
        let after = Self {
            key: Arc::new(new),
            to_address,
        };
        // Where there is no old key, nothing is signed before.
        let before = old.map_or_else(
            || after.clone(),
            |old| Self {
                key: Arc::new(old),
                to_address,
            },
        );
        store
            .hand_over(hand_over, before.signs(), after.signs(), to_address, now)
            .await?;
        key::replace(&next, &path)?;
        Ok(Rotated { from, to })
    }

    /// Returns the key that signs.
    pub fn key(&self) -> &SignerKey {
        &self.key
    }

    /// Returns the word by which a command on this machine shows that it can read the
    /// key.
    pub fn word(&self) -> Secret {
        key::word(&self.key)
    }

    /// Returns the key that verifies what it signs.
    pub fn verifier(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// Returns the checkpoint of all that is news, and makes it if need be.
    pub async fn checkpoint(
        &self,
        store: &Store,
        now: DateTime<Utc>,
    ) -> Result<Option<Kept>, StoreError> {
        store.checkpoint(self.signs(), self.to_address, now).await
    }

    /// What signs a log of a size and a root.
    fn signs(&self) -> impl Fn(u64, Hash) -> Option<String> + Send + 'static {
        let key = Arc::clone(&self.key);
        move |size, root| {
            let origin = key.verifier().name().to_string();
            let checkpoint = Checkpoint { origin, size, root };
            checkpoint.sign(&key).ok().map(|note| note.to_string())
        }
    }
}

fn gone(key: String, found: Option<&SignerKey>, path: std::path::PathBuf) -> SealFault {
    match found {
        Some(found) => SealFault::Another {
            path,
            key,
            found: found.verifier().to_string(),
        },
        None => SealFault::Missing { path, key },
    }
}
