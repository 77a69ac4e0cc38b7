//! A register with many closed changes and some open ones.
//!
//! The open ones come about as they do at work. The closed ones are written into
//! the file in one go, each with a row of the register, a record and a settled
//! message: what a sweep could stumble over.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use breakglass::clock::Stopwatch;
use breakglass::domain::id::WorkspaceId;
use breakglass::domain::policy::{Policy, PolicyVersion};
use breakglass::store::{Options, Outcome, Rules, Store};
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;

use crate::declared::{Declared, execution};

const WORKSPACE: &str = "T0BREAK01";

/// How many deployments are told at once: they share their commits.
const TOGETHER: u32 = 50;

/// Monday, 16 March 2026, 09:00 in Berlin: sixteen hours before the deadline is day
/// there, too.
pub(crate) fn began() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_648_000, 0).unwrap_or_default()
}

/// A store with its rules.
pub(crate) struct Register {
    pub(crate) store: Store,
    pub(crate) rules: Arc<Rules>,
}

impl Register {
    /// Makes one, and sweeps what its deployments owe at once.
    pub(crate) async fn make(path: &Path, n_closed: u32, n_open: u32) -> anyhow::Result<Self> {
        open(path)?.close().await;
        fill(path, n_closed)?;
        let rules = Rules::new(
            Policy::unwritten(PolicyVersion(1)),
            [],
            chrono_tz::Europe::Berlin,
        );
        let register = Self {
            store: open(path)?,
            rules: Arc::new(rules),
        };
        for first in (0..n_open).step_by(TOGETHER as usize) {
            let some = (first..n_open.min(first + TOGETHER)).map(|n| register.deploy(n));
            futures_util::future::try_join_all(some).await?;
        }
        let settled = began() + TimeDelta::minutes(30);
        loop {
            let rules = Arc::clone(&register.rules);
            let due = register.store.sweep(BTreeSet::default(), rules, settled);
            if due.await? == 0 {
                break;
            }
        }
        Ok(register)
    }

    /// Somebody goes ahead and deploys, in the n-th second.
    async fn deploy(&self, n: u32) -> anyhow::Result<()> {
        let at = began() + TimeDelta::seconds(i64::from(n));
        let execution = execution(usize::try_from(n)?, &Declared::deployed(at));
        let rules = Arc::clone(&self.rules);
        let (outcome, _) = self.store.execute(execution, rules, at).await?;
        ensure!(outcome == Outcome::Done, "{outcome:?}");
        Ok(())
    }
}

fn open(path: &Path) -> anyhow::Result<Store> {
    Ok(Store::open(
        &Options::at(path),
        WorkspaceId::new(WORKSPACE),
    )?)
}

/// Writes closed changes into a file that nobody has open.
fn fill(path: &Path, n_closed: u32) -> anyhow::Result<()> {
    let file = Connection::open(path)?;
    // A leaf of common length; its hash is nobody's business here.
    file.execute_batch(&format!(
        "PRAGMA synchronous = OFF;
         BEGIN;
         CREATE TEMP TABLE n AS
             WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {n_closed})
             SELECT n FROM n;
         INSERT INTO change (workspace, number, version, stage, policy, requester, channel,
                             requested_at, deployed_at, due_at, closed_at)
         SELECT '{WORKSPACE}', 1001 + n, 1, 'closed', 1, printf('U%09d', n % 400),
                printf('C%09d', n % 50), n * 60000000, n * 60000000 + 300000000,
                n * 60000000 + 86700000000, n * 60000000 + 80000000000 FROM n;
         INSERT INTO event (workspace, seq, change, version, leaf, leaf_hash)
         SELECT '{WORKSPACE}', n, 1001 + n, 1, zeroblob(300), zeroblob(32) FROM n;
         INSERT INTO head (workspace, size, peaks)
         VALUES ('{WORKSPACE}', {n_closed}, zeroblob(32 * {}));
         INSERT INTO outbox (workspace, key, kind, state, lane, priority, urgency, not_before,
                             change, owed_revision, shown_revision, channel, ts)
         SELECT '{WORKSPACE}', 'card:CHG-' || (1001 + n), 'card', 'settled',
                printf('C%09d', n % 50), 1, 2, n * 60000000, 1001 + n, 9, 9,
                printf('C%09d', n % 50), n || '.000100' FROM n;
         COMMIT;",
        n_closed.count_ones()
    ))?;
    Ok(())
}

/// Asks what is due without the index, and returns how long that takes at best.
pub(crate) fn without_the_index(path: &Path) -> anyhow::Result<Duration> {
    let file = Connection::open(path)?;
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let watch = Stopwatch::start();
        let _found: i64 = file.query_row(
            "SELECT count(*) FROM change WHERE workspace = ?1 AND ifnull(next_due_at, 1) <= 0",
            [WORKSPACE],
            |row| row.get(0),
        )?;
        best = best.min(watch.elapsed());
    }
    Ok(best)
}
