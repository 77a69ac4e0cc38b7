//! The one thread that writes, and how it groups what waits.
//!
//! Each job runs inside its own savepoint of one transaction, so a refused or
//! failed job takes nothing else with it. All jobs of a group are answered after
//! the one commit; a commit error means *unknown*, and stops the thread for good.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::StoreError;

/// How many jobs one transaction takes at most. Beyond that the wait of the
/// first grows faster than the sharing of the flush saves.
pub const LARGEST_GROUP: usize = 64;

/// How many places of a group are kept for what can wait, so that a flood of
/// gestures can't starve the deliveries.
const KEPT_FOR_LATER: usize = 8;

const _: () = assert!(KEPT_FOR_LATER < LARGEST_GROUP);

/// Runs in the transaction; what it returns tells its caller, once it is known
/// whether the transaction was committed.
type Job = Box<dyn FnOnce(&Connection) -> Told + Send>;
type Told = Box<dyn FnOnce(bool) + Send>;

/// The jobs of one transaction, and whoever waits for the file to be written anew.
type Group = (Vec<Job>, Vec<oneshot::Sender<()>>);

/// What may go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Somebody waits for an acknowledgement.
    Now,
    /// Nobody does.
    Later,
}

#[derive(Default)]
struct Queue {
    /// Whoever waits until the file holds nothing that was taken out of it.
    scrubs: Vec<oneshot::Sender<()>>,
    now: VecDeque<Job>,
    later: VecDeque<Job>,
    closed: bool,
}

/// A handle to the writer thread.
#[derive(Clone)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    fault: watch::Receiver<bool>,
}

struct Shared {
    queue: Mutex<Queue>,
    arrived: Condvar,
    /// How many jobs came for which somebody waits, since the start.
    n_urgent: AtomicUsize,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writer")
    }
}

impl Writer {
    /// Starts the thread on a connection of its own.
    pub(super) fn start(connection: Connection, largest_group: usize) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            arrived: Condvar::new(),
            n_urgent: AtomicUsize::new(0),
        });
        let (failed, fault) = watch::channel(false);
        let theirs = Arc::clone(&shared);
        thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                if write(&connection, &theirs, largest_group).is_err() {
                    failed.send_replace(true);
                }
                let mut queue = lock(&theirs.queue);
                queue.closed = true;
                queue.scrubs.clear();
                queue.now.clear();
                queue.later.clear();
                drop(queue);
                // Folds the write-ahead log into the file and closes it.
                if let Err((_, error)) = connection.close() {
                    tracing::warn!(error = %error, "the database did not close cleanly");
                }
            })
            .map_err(|_| StoreError::Stopped)?;
        Ok(Self { shared, fault })
    }

    /// Runs `work` in a savepoint of the next transaction and returns what it
    /// returned, once that is durable.
    pub(super) async fn run<T, F>(&self, urgency: Urgency, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = in_savepoint(connection, work);
            Box::new(move |committed| {
                // Who no longer waits needs no answer.
                let _ = tell.send(if committed {
                    result
                } else {
                    Err(StoreError::Unknown)
                });
            })
        });
        {
            let mut queue = lock(&self.shared.queue);
            if queue.closed {
                return Err(StoreError::Stopped);
            }
            match urgency {
                Urgency::Now => {
                    queue.now.push_back(job);
                    self.shared.n_urgent.fetch_add(1, Ordering::Relaxed);
                }
                Urgency::Later => queue.later.push_back(job),
            }
        }
        self.shared.arrived.notify_one();
        told.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// Writes the file anew, so that nothing stands in it that was taken out.
    /// What can't be done now is done when the file is opened next.
    pub(super) async fn scrub(&self) {
        let (tell, told) = oneshot::channel();
        {
            let mut queue = lock(&self.shared.queue);
            if queue.closed {
                return;
            }
            queue.scrubs.push(tell);
        }
        self.shared.arrived.notify_one();
        // Whoever is dropped has nothing to wait for.
        let _ = told.await;
    }

    /// Returns how many jobs came so far for which somebody waits.
    pub(super) fn n_urgent(&self) -> usize {
        self.shared.n_urgent.load(Ordering::Relaxed)
    }

    /// Returns when a commit has failed. Never otherwise.
    pub(super) async fn failed(&self) {
        let mut fault = self.fault.clone();
        if fault.wait_for(|failed| *failed).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Finishes what waits, and stops.
    pub(super) async fn stop(&self) {
        lock(&self.shared.queue).closed = true;
        self.shared.arrived.notify_one();
        let mut fault = self.fault.clone();
        // The sender is dropped when the thread ends.
        while fault.changed().await.is_ok() {}
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes group after group until the queue is closed and empty.
fn write(connection: &Connection, shared: &Shared, largest: usize) -> Result<(), StoreError> {
    while let Some((group, scrubs)) = next_group(shared, largest) {
        if !scrubs.is_empty() {
            // The words are gone from their table; only their traces are left.
            if let Err(error) = super::file::scrub(connection) {
                tracing::error!(error = %error, "the file can't be written anew, so what was redacted may still be found in it; make room on the disk and restart");
            }
            for tell in scrubs {
                let _ = tell.send(());
            }
        }
        if group.is_empty() {
            continue;
        }
        let told: Result<Vec<Told>, StoreError> = (|| {
            connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
            Ok(group.into_iter().map(|job| job(connection)).collect())
        })();
        let told = told.inspect_err(|error| {
            tracing::error!(error = %error, "a transaction can't be begun; the bot stops");
        })?;
        let committed = connection
            .prepare_cached("COMMIT")
            .and_then(|mut commit| commit.execute([]));
        for tell in told {
            tell(committed.is_ok());
        }
        if let Err(error) = committed {
            tracing::error!(error = %error, "a commit failed; whether it holds is unknown; the bot stops");
            return Err(error.into());
        }
    }
    Ok(())
}

fn next_group(shared: &Shared, largest: usize) -> Option<Group> {
    let mut queue = lock(&shared.queue);
    while queue.now.is_empty() && queue.later.is_empty() && queue.scrubs.is_empty() {
        if queue.closed {
            return None;
        }
        queue = shared
            .arrived
            .wait(queue)
            .unwrap_or_else(PoisonError::into_inner);
    }
    let kept = KEPT_FOR_LATER
        .min(queue.later.len())
        .min(largest.saturating_sub(1));
    let n_now = queue.now.len().min(largest - kept);
    let n_later = queue.later.len().min(largest - n_now);
    let mut group: Vec<Job> = queue.now.drain(..n_now).collect();
    group.extend(queue.later.drain(..n_later));
    Some((group, std::mem::take(&mut queue.scrubs)))
}

fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    let result = work(connection);
    if result.is_err() {
        connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    connection.prepare_cached("RELEASE job")?.execute([])?;
    result
}
