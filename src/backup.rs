//! Backups: taken while the bot runs, verified before they bear their names, and put
//! back. A backup is a database like any other; whatever reads one reads it, too.

use std::convert::Infallible;
use std::fs::DirEntry;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use tokio::sync::{Notify, oneshot};

use crate::clock::Clock;
use crate::domain::id::WorkspaceId;
use crate::engine::Engine;
use crate::evidence::checkpoint::origin;
use crate::evidence::key::{self, KeyFault};
use crate::evidence::note::SignerKey;
use crate::evidence::verify::{self, Ask, Verdict};
use crate::store::{self, Copy, CopyError, LookError, OpenError};
use crate::unfinished::with_ending;

/// What the names of nightly backups end in, as those do that are made when a file's
/// form changes: a redaction looks for copies by it.
const ENDING: &str = ".backup";

/// What the names of what is left end in where somebody was killed over one.
const HALF: [&str; 2] = [".backup.part", ".backup.part-journal"];

/// When the night's backup is made, in the zone of the house: when nobody works, and
/// after the hour that a change of clocks leaves out or repeats.
const AT: NaiveTime = match NaiveTime::from_hms_opt(3, 15, 0) {
    Some(at) => at,
    None => NaiveTime::MIN,
};

/// How long after one that couldn't be made the next is tried.
const TRIED_AGAIN_AFTER: TimeDelta = TimeDelta::hours(1);

/// Why a backup isn't made or not put back. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BackupFault {
    /// There is no copy.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The file can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What stands in it can't be looked at.
    #[error(transparent)]
    Look(#[from] LookError),
    /// Its record isn't what it was.
    #[error("the record in {path} doesn't hold ({what}), so there is no copy of it: keep the file as it is, and ask `breakglass verify --database {path} --deep`", path = .path.display())]
    Broken {
        /// The file that was copied.
        path: PathBuf,
        /// What is wrong first.
        what: String,
    },
    /// Something of a database stands where one is to be put.
    #[error("{path} is there already, and nothing is written over it: move it away, or name another place with --database", path = .0.display())]
    InTheWay(PathBuf),
    /// The key that goes with a copy.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// The key isn't there.
    #[error("the key that signs the log of {workspace} isn't at {path}, so it can't go along: leave --with-key out, or put it back", path = .path.display())]
    NoKey {
        /// Whose log.
        workspace: WorkspaceId,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The folder can't be used.
    #[error("the folder {path} can't be used ({source}); let this user write it", path = .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

/// A copy that holds, under its name.
#[derive(Debug)]
pub struct Made {
    /// What was found of each log in it.
    pub logs: Vec<Verdict>,
    /// How many bytes it has.
    pub n_bytes: u64,
    /// The form that it had before, if that was an older one.
    pub older_form: Option<usize>,
    /// The logs whose keys came along.
    pub with_key: Vec<WorkspaceId>,
}

/// Copies a database and verifies the copy: every page, every record, and all that is
/// derived from them. With `with_key` the keys go along, in files beside it: it can then
/// sign, and has to be kept as secret as they are.
pub fn take(database: &Path, out: &Path, with_key: bool) -> Result<Made, BackupFault> {
    let copy = Copy::of(database, out)?;
    let logs = verified(copy.path(), database)?;
    let mut keys = Vec::new();
    if with_key {
        for log in &logs {
            let workspace = WorkspaceId::new(log.workspace.as_str());
            let to = key::path_of(out, &workspace);
            let Some(key) = key_of(log, database, &workspace)? else {
                return Err(BackupFault::NoKey {
                    path: key::path_of(database, &workspace),
                    workspace,
                });
            };
            if to.exists() {
                return Err(BackupFault::InTheWay(to));
            }
            keys.push((workspace, to, key));
        }
    }
    finish(copy, logs, None, keys)
}

/// Copies a backup to where the bot will look for its database, verifies the copy, and
/// gives it its name. Keys that stand beside the backup go along.
pub fn restore(backup: &Path, database: &Path) -> Result<Made, BackupFault> {
    for part in ["", "-wal", "-shm", "-journal"] {
        let there = with_ending(database, part);
        if there.symlink_metadata().is_ok() {
            return Err(BackupFault::InTheWay(there));
        }
    }
    let copy = Copy::of(backup, database)?;
    let newest = store::newest_form();
    let older_form = Some(copy.bring_up_to_date()?).filter(|form| *form < newest);
    let logs = verified(copy.path(), backup)?;
    let mut keys = Vec::new();
    for log in &logs {
        let workspace = WorkspaceId::new(log.workspace.as_str());
        let to = key::path_of(database, &workspace);
        if to.symlink_metadata().is_ok() {
            continue;
        }
        if let Some(key) = key_of(log, backup, &workspace)? {
            keys.push((workspace, to, key));
        }
    }
    finish(copy, logs, older_form, keys)
}

/// Returns whether the key that signs a log stands beside a database.
pub fn has_key(log: &Verdict, database: &Path) -> bool {
    let workspace = WorkspaceId::new(log.workspace.as_str());
    log.key.is_none() || key_of(log, database, &workspace).is_ok_and(|found| found.is_some())
}

fn finish(
    copy: Copy,
    logs: Vec<Verdict>,
    older_form: Option<usize>,
    keys: Vec<(WorkspaceId, PathBuf, SignerKey)>,
) -> Result<Made, BackupFault> {
    let n_bytes = std::fs::metadata(copy.path()).map_or(0, |of| of.len());
    copy.keep()?;
    let mut with_key = Vec::new();
    for (workspace, to, key) in keys {
        key::write(&to, &key)?;
        with_key.push(workspace);
    }
    Ok(Made {
        logs,
        n_bytes,
        older_form,
        with_key,
    })
}

/// The key that a log names, if it stands beside a database: where it was being put in
/// the place of another, that may be the one that waits.
fn key_of(
    log: &Verdict,
    database: &Path,
    workspace: &WorkspaceId,
) -> Result<Option<SignerKey>, KeyFault> {
    let Ok(name) = origin(workspace) else {
        return Ok(None);
    };
    let path = key::path_of(database, workspace);
    for path in [key::next_to(&path), path] {
        let found = key::read(&path, &name)?;
        let is_it = |key: &SignerKey| Some(key.verifier().to_string()) == log.key;
        if let Some(key) = found.filter(is_it) {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// Verifies every log of a copy, and fails with the first thing that is wrong.
fn verified(copy: &Path, of: &Path) -> Result<Vec<Verdict>, BackupFault> {
    let workspaces = store::workspaces(copy)?;
    if workspaces.is_empty() {
        return Err(CopyError::Empty(of.to_owned()).into());
    }
    let ask = Ask {
        is_deep: true,
        ..Ask::default()
    };
    let mut verdicts = Vec::new();
    for workspace in workspaces {
        let verdict = store::look(copy, Some(&workspace), |moment| {
            Ok(verify::database(moment, &ask))
        })?;
        if let Some(fault) = &verdict.fault {
            return Err(BackupFault::Broken {
                path: of.to_owned(),
                what: fault.to_string(),
            });
        }
        verdicts.push(verdict);
    }
    Ok(verdicts)
}

// ---- every night ------------------------------------------------------------

/// Where a backup is kept every night, and how many are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nightly {
    /// The folder.
    pub folder: PathBuf,
    /// How many are kept: when there are more, the oldest go.
    pub keep: NonZeroUsize,
}

impl Nightly {
    /// How many are kept unless it is said.
    pub const KEPT: NonZeroUsize = match NonZeroUsize::new(14) {
        Some(n) => n,
        None => NonZeroUsize::MIN,
    };

    /// Returns the nightly backups of a database, oldest first.
    pub fn kept(&self, database: &Path) -> io::Result<Vec<(NaiveDate, PathBuf)>> {
        self.found(database, ENDING)
    }

    fn found(&self, database: &Path, ending: &str) -> io::Result<Vec<(NaiveDate, PathBuf)>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            found.extend(day_of(&entry, database, ending).map(|day| (day, entry.path())));
        }
        found.sort();
        Ok(found)
    }

    fn path(&self, database: &Path, day: NaiveDate) -> PathBuf {
        let name = database.file_name().unwrap_or_default();
        with_ending(&self.folder.join(name), &format!(".{day}{ENDING}"))
    }

    /// Makes the backup of a night, and lets the oldest go.
    fn make(&self, database: &Path, day: NaiveDate) -> Result<Made, BackupFault> {
        let unusable = |source| BackupFault::Folder {
            path: self.folder.clone(),
            source,
        };
        std::fs::create_dir_all(&self.folder).map_err(unusable)?;
        for ending in HALF {
            for (_, half) in self.found(database, ending).map_err(unusable)? {
                std::fs::remove_file(half).map_err(unusable)?;
            }
        }
        let made = take(database, &self.path(database, day), false)?;
        let kept = self.kept(database).map_err(unusable)?;
        let n_too_many = kept.len().saturating_sub(self.keep.get());
        for (_, old) in kept.into_iter().take(n_too_many) {
            std::fs::remove_file(old).map_err(unusable)?;
        }
        Ok(made)
    }
}

/// The night of which an entry of the folder is the backup, if it is one of ours.
fn day_of(entry: &DirEntry, database: &Path, ending: &str) -> Option<NaiveDate> {
    let name = entry.file_name().into_string().ok()?;
    let day = name
        .strip_prefix(database.file_name()?.to_str()?)?
        .strip_prefix('.')?
        .strip_suffix(ending)?;
    day.parse().ok()
}

/// The night whose backup is due at an instant, if its hour has come.
fn due(now: DateTime<Utc>, zone: Tz) -> Option<NaiveDate> {
    let local = now.with_timezone(&zone);
    (local.time() >= AT).then(|| local.date_naive())
}

/// What is done every night.
#[derive(Debug)]
pub struct Nights {
    /// The backup, if one is made.
    pub backup: Option<Nightly>,
    /// The database.
    pub database: PathBuf,
    /// The zone of the house.
    pub zone: Tz,
    /// What takes out what isn't kept any longer.
    pub engine: Engine,
    /// What the time is read from.
    pub clock: Clock,
    /// What wakes it.
    pub wake: Arc<Notify>,
}

impl Nights {
    /// Does each night's work when it is woken and that is due, and never ends by itself.
    /// What fails is told, and tried again an hour later.
    pub async fn work(self) -> Infallible {
        let mut not_before = DateTime::<Utc>::MIN_UTC;
        let mut done = None;
        loop {
            self.wake.notified().await;
            let now = self.clock.now();
            let night = due(now, self.zone).filter(|_| now >= not_before);
            let Some(night) = night.filter(|night| done != Some(*night)) else {
                continue;
            };
            // What leaves tonight stands in tonight's backup.
            if self.back_up(night).await && self.expire(now).await {
                done = Some(night);
            } else {
                not_before = now + TRIED_AGAIN_AFTER;
            }
        }
    }

    /// Returns whether the backup of a night is there, or none is wanted.
    async fn back_up(&self, night: NaiveDate) -> bool {
        let Some(nightly) = &self.backup else {
            return true;
        };
        if nightly.path(&self.database, night).exists() {
            return true;
        }
        match on_its_own_thread(nightly.clone(), self.database.clone(), night).await {
            Some(Ok(made)) => {
                tracing::info!(
                    %night,
                    n_bytes = made.n_bytes,
                    n_records = made.logs.iter().map(|log| log.n_records).sum::<u64>(),
                    "the night's backup is made and verified"
                );
                true
            }
            Some(Err(fault)) => {
                tracing::error!(error = %fault, "the night's backup isn't made; it is tried again in an hour");
                false
            }
            None => {
                tracing::error!(
                    "the night's backup ended without a word; it is tried again in an hour"
                );
                false
            }
        }
    }

    /// Returns whether nothing stood against taking out what isn't kept any longer.
    async fn expire(&self, now: DateTime<Utc>) -> bool {
        match self.engine.expire(now).await {
            Ok(0) => true,
            Ok(n_changes) => {
                tracing::info!(
                    n_changes,
                    "words and files whose time was over were taken out"
                );
                true
            }
            Err(error) => {
                tracing::error!(error = %error, "words whose time is over can't be taken out; it is tried again in an hour");
                false
            }
        }
    }
}

/// It takes long where there is much, and the threads that read must stay free.
async fn on_its_own_thread(
    nightly: Nightly,
    database: PathBuf,
    day: NaiveDate,
) -> Option<Result<Made, BackupFault>> {
    let (tell, told) = oneshot::channel();
    let started = thread::Builder::new()
        .name("backup".to_owned())
        .spawn(move || {
            // Whoever no longer waits needs no answer.
            let _ = tell.send(nightly.make(&database, day));
        });
    match started {
        Ok(_) => told.await.ok(),
        Err(source) => Some(Err(BackupFault::Folder {
            path: PathBuf::new(),
            source,
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Options, Store};

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
    }

    async fn database(folder: &Path) -> PathBuf {
        let path = folder.join("breakglass.db");
        let store = Store::open(&Options::at(&path), WorkspaceId::new("T0BREAK01")).unwrap();
        let at = DateTime::from_timestamp(1_773_450_840, 0).unwrap();
        store.adopt_policy("a".to_owned(), at).await.unwrap();
        store.close().await;
        path
    }

    #[test]
    fn a_night_is_due_once_its_hour_has_come_where_the_house_is() {
        let at = |utc: &str| due(utc.parse().unwrap(), chrono_tz::Europe::Berlin);
        assert_eq!(at("2026-03-14T02:14:59Z"), None);
        assert_eq!(at("2026-03-14T02:15:00Z"), Some(day(14)));
        assert_eq!(at("2026-03-14T22:59:00Z"), Some(day(14)));
        assert_eq!(at("2026-03-14T23:00:00Z"), None);
        // The night in which an hour is left out.
        assert_eq!(at("2026-03-29T01:15:00Z"), Some(day(29)));
    }

    #[tokio::test]
    async fn the_newest_nights_are_kept_and_nothing_else_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(folder.path()).await;
        let nightly = Nightly {
            folder: folder.path().join("backups"),
            keep: NonZeroUsize::new(2).unwrap(),
        };
        std::fs::create_dir(&nightly.folder).unwrap();
        let others = [
            "breakglass.db.form-3.backup",
            "other.db.2026-03-01.backup",
            "notes",
        ];
        for other in others {
            std::fs::write(nightly.folder.join(other), "a").unwrap();
        }
        let halves = ["", "-journal"].map(|part| {
            let half = format!("breakglass.db.2026-03-09.backup.part{part}");
            nightly.folder.join(half)
        });
        for half in &halves {
            std::fs::write(half, "a").unwrap();
        }
        for n in [10, 11, 12] {
            nightly.make(&database, day(n)).unwrap();
        }
        let kept = nightly.kept(&database).unwrap();
        let days: Vec<NaiveDate> = kept.into_iter().map(|(day, _)| day).collect();
        assert_eq!(days, [day(11), day(12)]);
        assert!(
            others
                .iter()
                .all(|other| nightly.folder.join(other).exists())
        );
        assert!(!halves.iter().any(|half| half.exists()));
        // One that is there is never written over.
        assert!(nightly.make(&database, day(12)).is_err());
    }

    #[tokio::test]
    async fn what_was_altered_is_not_copied_under_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(folder.path()).await;
        let mut bytes = std::fs::read(&database).unwrap();
        let word = b"policy_adopted";
        let at = bytes
            .windows(word.len())
            .position(|part| part == word)
            .unwrap();
        bytes[at] = b'P';
        std::fs::write(&database, bytes).unwrap();
        let out = folder.path().join("out");
        let fault = take(&database, &out, false).unwrap_err();
        assert!(matches!(fault, BackupFault::Broken { .. }), "{fault}");
        assert!(!out.exists() && !with_ending(&out, ".part").exists());
    }

    #[tokio::test]
    async fn nothing_that_is_there_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(folder.path()).await;
        let (out, back) = (folder.path().join("out"), folder.path().join("back.db"));
        take(&database, &out, false).unwrap();
        assert!(take(&database, &out, false).is_err());
        for part in ["", "-wal", "-shm", "-journal"] {
            let there = with_ending(&back, part);
            std::fs::write(&there, "a").unwrap();
            let fault = restore(&out, &back).unwrap_err();
            assert!(matches!(&fault, BackupFault::InTheWay(path) if *path == there));
            std::fs::remove_file(there).unwrap();
        }
        restore(&out, &back).unwrap();
        let fault = take(
            &folder.path().join("none.db"),
            &back.with_extension("b"),
            false,
        );
        assert!(matches!(
            fault,
            Err(BackupFault::Copy(CopyError::Missing(_)))
        ));
    }
}
