//! Three years of deployments, written into the file in one go: each a telling that
//! counts by itself, at a steady pace. What each of them is follows from its number,
//! so that it can be recounted without asking the file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use breakglass::clock::Stopwatch;
use breakglass::domain::rate::Window;
use breakglass::store::{Outcome, Rules, Store};
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, params};

use crate::declared::{Declared, execution};
use crate::{WORKSPACE, now};

/// How long the deployments go back.
const SPAN: TimeDelta = TimeDelta::days(3 * 365);

/// Every so many-th is a standard change or an emergency of which a source alone
/// tells.
const STANDARD: u64 = 10;
const EMERGENCY: u64 = 50;

/// How many systems and sources there are.
const SYSTEMS: u64 = 40;
const SOURCES: u64 = 4;

/// How many emergencies the register has, six hours apart up to now.
const OF_THE_REGISTER: u32 = 300;

/// How many are declared at once: they share their commits.
const TOGETHER: u32 = 50;

/// So many deployments up to now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Years {
    pub(crate) n: u64,
}

impl Years {
    fn began() -> DateTime<Utc> {
        now() - SPAN
    }

    fn step(self) -> i64 {
        let span = SPAN.num_microseconds().unwrap_or_default();
        span / i64::try_from(self.n).unwrap_or(i64::MAX)
    }

    /// Writes them into a file that nobody has open, with a day's hearing for each
    /// source.
    pub(crate) fn fill(self, path: &Path) -> anyhow::Result<()> {
        let file = Connection::open(path)?;
        let (n, step, from) = (self.n, self.step(), Self::began().timestamp_micros());
        file.execute_batch(&format!(
            "PRAGMA synchronous = OFF;
             PRAGMA cache_size = -262144;
             BEGIN;
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {SOURCES})
             INSERT INTO source (id, workspace, name)
             SELECT n, '{WORKSPACE}', 'source ' || n FROM n;
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {SYSTEMS})
             INSERT INTO system (id, workspace, name)
             SELECT n, '{WORKSPACE}', 'system ' || n FROM n;
             INSERT INTO hearing (workspace, source, day, n_told, n_duplicate, n_unknown,
                                  n_refused, last_at)
             WITH RECURSIVE d (d) AS (SELECT {from} / 86400000000
                 UNION ALL SELECT d + 1 FROM d WHERE d + 1 < ({from} + {n} * {step}) / 86400000000)
             SELECT '{WORKSPACE}', id, d, 1, 0, 0, 0, d * 86400000000 + 80000000000
             FROM source, d;
             INSERT INTO deployment (id, workspace, intake, source, external_id, happening, at,
                 kind, system, author, url, commit_hash, marks, heard_at, week, counts, leader,
                 n_tellings, first_at, first_source, rank, last_system, last_system_at,
                 all_marks, traits, counted_at)
             WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {n})
             SELECT n + 1, '{WORKSPACE}', 0, n % {SOURCES} + 1, printf('deployment/%010d', n),
                 'deployment', {from} + n * {step},
                 CASE WHEN n % {EMERGENCY} = 1 THEN 'emergency'
                      WHEN n % {STANDARD} = 0 THEN 'standard' END,
                 n % {SYSTEMS} + 1, 'somebody', 'https://ci.example.com/' || n, randomblob(20),
                 0, {from} + n * {step}, ({from} + n * {step}) / 604800000000, 1, n + 1, 1,
                 {from} + n * {step}, n % {SOURCES} + 1,
                 CASE WHEN n % {EMERGENCY} = 1 THEN 2 WHEN n % {STANDARD} = 0 THEN 1 ELSE 0 END,
                 n % {SYSTEMS} + 1, {from} + n * {step}, 0, 0, {from} + n * {step}
             FROM n;
             COMMIT;
             PRAGMA wal_checkpoint(TRUNCATE);"
        ))?;
        Ok(())
    }

    /// What the rate of a window is made of, counted one by one: all changes, the
    /// emergencies, the standard ones.
    pub(crate) fn recount(self, window: &Window) -> (u64, u64, u64) {
        let (from, step) = (Self::began().timestamp_micros(), self.step());
        let (begin, end) = (
            window.from.timestamp_micros(),
            window.to.min(now()).timestamp_micros(),
        );
        let mut found = (0, 0, 0);
        let mut at = from;
        for n in 0..self.n {
            if begin <= at && at < end {
                found.0 += 1;
                found.1 += u64::from(n % EMERGENCY == 1);
                found.2 += u64::from(n % STANDARD == 0);
            }
            at += step;
        }
        for n in 0..OF_THE_REGISTER {
            if window.holds(declared_at(n)) {
                found.0 += 1;
                found.1 += 1;
            }
        }
        found
    }
}

/// Declares the register's emergencies as they are declared at work.
pub(crate) async fn declare(store: &Store, rules: &Arc<Rules>) -> anyhow::Result<()> {
    for first in (0..OF_THE_REGISTER).step_by(TOGETHER as usize) {
        let some = (first..OF_THE_REGISTER.min(first + TOGETHER)).map(|n| one(store, rules, n));
        futures_util::future::try_join_all(some).await?;
    }
    Ok(())
}

fn declared_at(n: u32) -> DateTime<Utc> {
    now() - TimeDelta::hours(6 * (i64::from(n) + 1))
}

async fn one(store: &Store, rules: &Arc<Rules>, n: u32) -> anyhow::Result<()> {
    let at = declared_at(n);
    let execution = execution(usize::try_from(n)?, &Declared::deployed(at));
    let (outcome, _) = store.execute(execution, Arc::clone(rules), at).await?;
    ensure!(outcome == Outcome::Done, "{outcome:?}");
    Ok(())
}

/// Counts a window without the index, and returns how long that takes.
pub(crate) fn without_the_index(path: &Path, window: &Window) -> anyhow::Result<Duration> {
    let file = Connection::open(path)?;
    let watch = Stopwatch::start();
    let _found: i64 = file.query_row(
        "SELECT count(*) FROM deployment NOT INDEXED
         WHERE workspace = ?1 AND counted_at >= ?2 AND counted_at < ?3",
        params![
            WORKSPACE,
            window.from.timestamp_micros(),
            window.to.timestamp_micros()
        ],
        |row| row.get(0),
    )?;
    Ok(watch.elapsed())
}
