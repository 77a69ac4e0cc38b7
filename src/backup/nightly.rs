//! What is done every night: a backup is made, the oldest go, and what isn't kept any
//! longer is taken out of the record.

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

use super::{BackupFault, Made, take};
use crate::clock::Clock;
use crate::engine::Engine;
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

    /// Returns when the newest of them was made.
    pub fn newest_at(&self, database: &Path) -> io::Result<Option<DateTime<Utc>>> {
        let mut newest = None;
        for (_, path) in self.kept(database)? {
            let made_at = std::fs::metadata(path)?.modified()?;
            newest = newest.max(Some(made_at.into()));
        }
        Ok(newest)
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
        let mut kept = self.kept(database).map_err(unusable)?;
        // One that bears a later day is of a clock that was ahead, and must not push this
        // night's out.
        kept.retain(|(of, _)| *of <= day);
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

/// What became of the last try.
#[derive(Debug, Clone, Copy, Default)]
enum Tried {
    /// There was none since the bot was started.
    #[default]
    Never,
    /// The work of this night is done.
    Done(NaiveDate),
    /// It failed then.
    Failed(DateTime<Utc>),
}

impl Tried {
    /// Whether the work of a night may be tried. A clock that was set back since the last
    /// try failed doesn't keep it waiting.
    fn may(self, night: NaiveDate, now: DateTime<Utc>) -> bool {
        match self {
            Self::Never => true,
            Self::Done(done) => done != night,
            Self::Failed(at) => now < at || at + TRIED_AGAIN_AFTER <= now,
        }
    }
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
    pub async fn work(self) -> Infallible {
        let mut tried = Tried::default();
        loop {
            self.wake.notified().await;
            self.look(&mut tried, self.clock.now()).await;
        }
    }

    /// Does what is due at an instant. What fails is told, and tried again an hour later.
    async fn look(&self, tried: &mut Tried, now: DateTime<Utc>) {
        let Some(night) = due(now, self.zone).filter(|night| tried.may(*night, now)) else {
            return;
        };
        // What leaves tonight stands in tonight's backup.
        *tried = if self.back_up(night).await && self.expire(now).await {
            Tried::Done(night)
        } else {
            Tried::Failed(now)
        };
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
    thread::Builder::new()
        .name("backup".to_owned())
        .spawn(move || {
            // Whoever no longer waits needs no answer.
            let _ = tell.send(nightly.make(&database, day));
        })
        .ok()?;
    told.await.ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use chrono::Datelike as _;

    use super::*;
    use crate::backup::tests::database;
    use crate::domain::id::WorkspaceId;
    use crate::domain::policy::{Policy, PolicyVersion};
    use crate::store::{Options, Rules, Store};

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
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

    /// Everything that is done at night, for a database in a folder of its own.
    async fn nights(folder: &Path) -> Nights {
        let database = database(folder).await;
        let store = Store::open(&Options::at(&database), WorkspaceId::new("T0BREAK01")).unwrap();
        let policy = Policy::unwritten(PolicyVersion(1));
        let zone = chrono_tz::Europe::Berlin;
        Nights {
            backup: Some(Nightly {
                folder: folder.join("backups"),
                keep: NonZeroUsize::new(2).unwrap(),
            }),
            database,
            zone,
            engine: Engine::new(store, Rules::new(policy, [], zone)),
            clock: Clock::system(),
            wake: Arc::default(),
        }
    }

    /// The nights whose backups are there after somebody looked at each of these instants.
    async fn kept_after(nights: &Nights, tried: &mut Tried, looks: &[&str]) -> Vec<u32> {
        for at in looks {
            nights.look(tried, at.parse().unwrap()).await;
        }
        let nightly = nights.backup.as_ref().unwrap();
        let kept = nightly.kept(&nights.database).unwrap();
        kept.into_iter().map(|(day, _)| day.day()).collect()
    }

    #[tokio::test]
    async fn each_night_makes_one_whenever_it_is_looked_at_and_however_the_clock_jumps() {
        let folder = tempfile::tempdir().unwrap();
        let nights = nights(folder.path()).await;
        let mut tried = Tried::default();
        // In Berlin it is an hour later.
        let early = ["2026-03-14T01:00:00Z", "2026-03-14T02:14:00Z"];
        assert!(kept_after(&nights, &mut tried, &early).await.is_empty());
        // It jumps over the hour, is set back before it, and comes to it again.
        let jumping = [
            "2026-03-14T04:00:00Z",
            "2026-03-14T02:10:00Z",
            "2026-03-14T02:15:00Z",
            "2026-03-14T02:16:00Z",
        ];
        assert_eq!(kept_after(&nights, &mut tried, &jumping).await, [14]);
        let made = |n: u32| {
            let nightly = nights.backup.as_ref().unwrap();
            let at = nightly.path(&nights.database, day(n));
            std::fs::metadata(at).unwrap().modified().unwrap()
        };
        let first = made(14);
        // A bot that is started again that day makes none either.
        let again = ["2026-03-14T10:00:00Z"];
        let kept = kept_after(&nights, &mut Tried::default(), &again).await;
        assert_eq!((kept.as_slice(), made(14)), ([14].as_slice(), first));
        // One that slept through the hour makes it up.
        let late = ["2026-03-15T21:00:00Z"];
        assert_eq!(kept_after(&nights, &mut tried, &late).await, [14, 15]);
        // A clock that was a week ahead for a moment pushes out no night that comes.
        let ahead = ["2026-03-22T03:00:00Z", "2026-03-16T03:00:00Z"];
        assert_eq!(kept_after(&nights, &mut tried, &ahead).await, [15, 16, 22]);
        let next = ["2026-03-17T03:00:00Z"];
        assert_eq!(kept_after(&nights, &mut tried, &next).await, [16, 17, 22]);
    }

    /// What is logged.
    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Heard {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn one_that_fails_is_told_and_tried_again_an_hour_later_and_the_next_night() {
        let folder = tempfile::tempdir().unwrap();
        let nights = nights(folder.path()).await;
        let mut tried = Tried::default();
        let heard = Heard::default();
        let log = heard.clone();
        let lines = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || log.clone())
            .finish();
        let _listening = tracing::subscriber::set_default(lines);
        // A file stands where the folder belongs.
        let in_the_way = folder.path().join("backups");
        std::fs::write(&in_the_way, "").unwrap();
        let at = |at: &str| -> DateTime<Utc> { at.parse().unwrap() };
        nights.look(&mut tried, at("2026-03-14T02:15:00Z")).await;
        let told = String::from_utf8(heard.0.lock().unwrap().clone()).unwrap();
        assert!(
            told.contains("ERROR")
                && told.contains("the night's backup isn't made; it is tried again in an hour")
                && told.contains("backups can't be used"),
            "{told}"
        );
        std::fs::remove_file(&in_the_way).unwrap();
        let soon = ["2026-03-14T02:16:00Z", "2026-03-14T03:14:00Z"];
        assert!(kept_after(&nights, &mut tried, &soon).await.is_empty());
        let hour = ["2026-03-14T03:15:00Z"];
        assert_eq!(kept_after(&nights, &mut tried, &hour).await, [14]);
        // It fails all the day; the clock was ahead when it did last.
        std::fs::rename(&in_the_way, folder.path().join("away")).unwrap();
        std::fs::write(&in_the_way, "").unwrap();
        nights.look(&mut tried, at("2026-03-15T22:30:00Z")).await;
        std::fs::remove_file(&in_the_way).unwrap();
        let set_back = ["2026-03-15T12:00:00Z"];
        assert_eq!(kept_after(&nights, &mut tried, &set_back).await, [15]);
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
}
