//! A list of changes, handed in as a file of comma-separated values.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use breakglass::clock::Stopwatch;
use breakglass::domain::deployment::SourceName;
use breakglass::domain::text::Salt;
use breakglass::intake::import::{News, import};
use breakglass::store::{Intake, Rules, Store, StoreError};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::now;

/// What became of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Imported {
    pub(crate) took: Duration,
    pub(crate) n_lines: u64,
    pub(crate) n_bad: u64,
}

/// Writes so many lines, as an export of a year looks, oldest first.
pub(crate) fn write(path: &Path, n: u64) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(
        file,
        "deployed_at,system,title,author,source,external_id,url,commit,kind,type,approved_by,\
         approval_url,testing_result,testing_url,deploy_log_url,outcome"
    )?;
    for line in 0..n {
        let at = at(line, n).to_rfc3339_opts(SecondsFormat::Micros, true);
        writeln!(
            file,
            "{at},system {},\"Raise the limit of {line}, as agreed\",dana,ledger,OPS-{line:08},\
             https://ci.example.com/{line},{:040x},{},feature,morgan,\
             https://git.example.com/pull/{line},\"{line} tests, all good\",,,success",
            line % 40,
            line + 1,
            if line % 50 == 1 {
                "emergency"
            } else {
                "normal"
            },
        )?;
    }
    file.flush()?;
    Ok(())
}

fn at(line: u64, n: u64) -> DateTime<Utc> {
    let year = TimeDelta::days(365).num_microseconds().unwrap_or_default();
    let n = i64::try_from(n).unwrap_or(i64::MAX);
    let back = i64::try_from(line).unwrap_or(i64::MAX);
    now() - TimeDelta::microseconds(year / n * (n - back))
}

/// How many changes of the list lie in a window, and how many are emergencies.
pub(crate) fn recount(n: u64, from: DateTime<Utc>, to: DateTime<Utc>) -> (u64, u64) {
    let in_it = (0..n).filter(|line| {
        let at = at(*line, n);
        from <= at && at < to
    });
    in_it.fold((0, 0), |(all, emergencies), line| {
        (all + 1, emergencies + u64::from(line % 50 == 1))
    })
}

/// Takes it in as `breakglass import` does: one thread reads, the store keeps.
pub(crate) async fn take_in(
    path: &Path,
    store: &Store,
    rules: &Arc<Rules>,
) -> anyhow::Result<Imported> {
    let file = File::open(path)?;
    let runtime = tokio::runtime::Handle::current();
    let (store, rules) = (store.clone(), Arc::clone(rules));
    let watch = Stopwatch::start();
    let done = tokio::task::spawn_blocking(move || {
        let mut n_lines = 0;
        let mut n_bad = 0;
        let draw = || Ok::<_, getrandom::Error>(Salt([7; 32]));
        let done = import(
            file,
            0,
            &draw,
            now(),
            |batch| {
                n_lines += batch.len() as u64;
                let intake = Intake::new(SourceName::new("ledger"), batch);
                let kept = store.take_in(intake, Arc::default(), Arc::clone(&rules), now());
                runtime.block_on(kept)?;
                Ok::<_, StoreError>(Vec::new())
            },
            |news| {
                if let News::Bad(_) = news {
                    n_bad += 1;
                }
            },
        );
        done.map(|_| (n_lines, n_bad))
    });
    let (n_lines, n_bad) = done
        .await?
        .map_err(anyhow::Error::from)
        .context("the list can't be taken in")?;
    Ok(Imported {
        took: watch.elapsed(),
        n_lines,
        n_bad,
    })
}
