//! What `doctor` checks on this machine: the file, the secrets' form, the
//! database, the room on the disk. Opens files to read them, and nothing else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::{Access, access, stat, statvfs};

use super::{Finding, count};
use crate::backup::Nightly;
use crate::config::{Faults, Secret};
use crate::domain::deployment::SourceName;
use crate::domain::id::WorkspaceId;
use crate::evidence::checkpoint::origin;
use crate::evidence::key;
use crate::intake::routes::Source;
use crate::store::{self, Inspection, OpenError, Reading, Register, Unsent};
use crate::unfinished::folder_of;

/// Below this a burst of an incident's traffic could fill the disk.
const TIGHT: u64 = 1 << 30;

/// Below this not even the write-ahead log is sure to fit, which may grow to
/// 64 MiB before it is cut.
const FULL: u64 = 128 << 20;

/// What helps when the record itself is not what it was.
const BACKUP: &str = "stop the bot, move the file aside as it is for the auditor, and put the last backup in place with `breakglass restore`";

/// How old the newest nightly backup may be: a night, and the time that one takes.
const STALE: TimeDelta = TimeDelta::hours(26);

/// Which file was read.
pub(super) fn file(read: Option<&Path>) -> Finding {
    let found = match read {
        Some(path) => format!("{} is well formed", path.display()),
        None => "no breakglass.toml here; the defaults and the environment hold".to_owned(),
    };
    Finding::good("configuration", found)
}

/// What is wrong with the file, in the words of `check-config`.
pub(super) fn faults(error: &anyhow::Error) -> Vec<Finding> {
    let Some(Faults { file, faults }) = error.downcast_ref() else {
        return vec![Finding::failed("configuration", error)];
    };
    faults
        .iter()
        .map(|fault| {
            let place = format!("{}:{}:{}", file.display(), fault.line, fault.column);
            let found = format!("{place}: {}", fault.wrong.what);
            Finding::bad("configuration", found, fault.wrong.mend.clone())
        })
        .collect()
}

/// Slack's signing secrets are 32 hexadecimal digits.
pub(super) fn signing_secret(secret: &Secret) -> Finding {
    let secret = secret.reveal();
    if secret.len() == 32 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Finding::good(
            "door",
            "signed HTTP; SLACK_SIGNING_SECRET has the form of one, and the first delivery shows whether it is the right one",
        )
    } else {
        Finding::mind(
            "door",
            "signed HTTP; SLACK_SIGNING_SECRET isn't 32 hexadecimal digits, as Slack's are",
            "copy it again from your app's page, Basic Information",
        )
    }
}

/// Tells of the secrets that anybody on this machine may read. Which group may read
/// one is the operator's affair: a container's secrets are often its group's.
pub(super) fn secrets(files: &[(String, PathBuf)]) -> Vec<Finding> {
    let told = |(name, path): &(String, PathBuf)| wide("secrets", path, name);
    files.iter().filter_map(told).collect()
}

/// Tells of a file that anybody on this machine may read, and what it holds.
fn wide(check: &'static str, path: &Path, holds: &str) -> Option<Finding> {
    let is_wide = stat(path).is_ok_and(|stat| stat.st_mode & 0o004 != 0);
    let path = path.display();
    is_wide.then(|| {
        Finding::mind(
            check,
            format!("everybody on this machine may read {path}, which holds {holds}"),
            format!("`chmod 600 {path}`"),
        )
    })
}

/// When each source was heard from last; nothing where no register could be read.
pub(super) type Heard = Option<BTreeMap<SourceName, DateTime<Utc>>>;

/// Looks at the database and the disk under it. `ours` is the workspace that
/// the token speaks for, where that is known.
pub(super) fn database(path: &Path, ours: Option<&WorkspaceId>) -> (Vec<Finding>, Heard) {
    let mut findings = vec![sqlite()];
    let mut heard = None;
    let folder = folder_of(path);
    match store::inspect(path) {
        Ok(None) => findings.push(to_be_made(path, &folder)),
        Ok(Some(inspection)) => {
            findings.push(form(path, &folder, &inspection));
            findings.extend(wide("database", path, "what was said in private channels"));
            for register in &inspection.registers {
                if ours.is_none_or(|ours| *ours == register.workspace) {
                    heard = Some(register.heard.clone());
                }
                findings.push(log(register));
                findings.extend(key(path, register));
                findings.extend(unshown(register));
                findings.extend(in_the_way(register));
                findings.extend(unsent(register));
                findings.extend(register.readings.iter().filter_map(unread));
            }
            findings.extend(ours.and_then(|ours| foreign(&inspection, ours)));
        }
        Err(error) => findings.push(closed(&error)),
    }
    findings.extend(room(&folder));
    (findings, heard)
}

/// What of a polled source the running bot couldn't read when it last tried.
fn unread(reading: &Reading) -> Option<Finding> {
    let fault = reading.fault.as_ref()?;
    let since = reading.read_at.map_or_else(
        || "was never read".to_owned(),
        |at| format!("wasn't read since {}", at.format("%Y-%m-%d %H:%M UTC")),
    );
    Some(Finding::mind(
        Source::from_name(reading.source.as_str()).map_or("sources", Source::name),
        format!("{} {since}: {fault}", reading.path),
        "its changes are missing from the rate till then; see the bot's log",
    ))
}

fn sqlite() -> Finding {
    let version = store::sqlite_version();
    if store::sqlite_is_sound() {
        Finding::good("SQLite", version)
    } else {
        Finding::bad(
            "SQLite",
            format!("{version} can corrupt a database"),
            "build this program with 3.51.3 or newer",
        )
    }
}

fn to_be_made(path: &Path, folder: &Path) -> Finding {
    match access(folder, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Finding::good(
            "database",
            format!("{} doesn't exist yet; serve makes it", path.display()),
        ),
        Err(why) => Finding::bad(
            "database",
            format!(
                "{} doesn't exist, and its folder can't be written ({why})",
                path.display()
            ),
            "make the folder and let this user write it, or choose another file with --database",
        ),
    }
}

/// The errors of opening say themselves what to do.
fn closed(error: &OpenError) -> Finding {
    Finding {
        verdict: super::Verdict::Bad,
        ..Finding::good("database", error.to_string())
    }
}

fn form(path: &Path, folder: &Path, inspection: &Inspection) -> Finding {
    let shown = path.display();
    if let Some(fault) = &inspection.fault {
        return Finding::bad("database", format!("{shown} is damaged ({fault})"), BACKUP);
    }
    let writable = access(path, Access::WRITE_OK).and_then(|()| access(folder, Access::WRITE_OK));
    if let Err(why) = writable {
        return Finding::bad(
            "database",
            format!("{shown} is sound, but can't be written ({why})"),
            "let this user write the file and its folder, or run the bot as the user who may",
        );
    }
    let found = if inspection.form == inspection.known {
        format!("{shown} is sound, writable and of form {}", inspection.form)
    } else {
        format!(
            "{shown} is sound, writable and of form {}; the next serve keeps a copy and brings it to form {}",
            inspection.form, inspection.known
        )
    };
    Finding::good("database", found)
}

fn log(register: &Register) -> Finding {
    let workspace = register.workspace.as_str();
    match &register.records {
        Ok(n_records) => Finding::good(
            "log",
            format!(
                "all {n_records} records verify, of {} of {workspace}",
                count(
                    usize::try_from(register.n_changes).unwrap_or(usize::MAX),
                    "change",
                    "changes"
                )
            ),
        ),
        Err(fault) => Finding::bad("log", format!("{workspace}: {fault}"), BACKUP),
    }
}

/// The key that signs the log: whoever verifies it needs the line.
fn key(database: &Path, register: &Register) -> Option<Finding> {
    let Some(known) = &register.key else {
        return Some(Finding::good("key", "none yet; serve makes one"));
    };
    let file = key::path_of(database, &register.workspace);
    let name = origin(&register.workspace).ok()?;
    let missing = |what: String| {
        Finding::bad(
            "key",
            format!("the log is signed by {known}, and {what}"),
            "put the right file back; if it is lost, `breakglass key rotate --lost` puts that on record",
        )
    };
    Some(match key::read(&file, &name) {
        Ok(Some(key)) if key.verifier().to_string() == *known => {
            let newest = register.checkpoint.map_or_else(String::new, |(size, at)| {
                let at = at.format("%Y-%m-%d %H:%M UTC");
                format!("; the newest checkpoint is over {size} records, {at}")
            });
            Finding::good(
                "key",
                format!(
                    "the log is signed by {known} (SHA-256 {}){newest}",
                    key.verifier().fingerprint()
                ),
            )
        }
        Ok(Some(_)) => missing(format!("{} holds another key", file.display())),
        Ok(None) => missing(format!("{} isn't there", file.display())),
        Err(fault) => Finding {
            verdict: super::Verdict::Bad,
            ..Finding::good("key", fault.to_string())
        },
    })
}

fn unshown(register: &Register) -> Option<Finding> {
    let (n, why) = register.unshown.as_ref()?;
    let n = count(
        usize::try_from(*n).unwrap_or(usize::MAX),
        "checkpoint",
        "checkpoints",
    );
    Some(Finding::mind(
        "witness",
        format!("{n} couldn't be shown to others ({why})"),
        "look at `witness_url`, and at whether the bot may write in the report's channel",
    ))
}

/// What the bot found in its way when it last tried to send.
fn in_the_way(register: &Register) -> Vec<Finding> {
    let when = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC");
    let halt = register.halt.iter().map(|halt| {
        Finding::bad(
            "sending",
            format!(
                "nothing is sent since {}, because Slack refuses the token ({})",
                when(halt.since),
                halt.reason
            ),
            "install the app again, set the new Bot User OAuth Token and restart; what waited is sent then",
        )
    });
    let shut = register.shut.iter().map(|(channel, shut)| {
        Finding::mind(
            "channels",
            format!(
                "Slack lets the bot write nothing in {channel} since {} ({})",
                when(shut.since),
                shut.reason
            ),
            mend_of(&shut.reason),
        )
    });
    let step = register.clock_step.map(|(at, by)| {
        let steps = usize::try_from(register.n_clock_steps).unwrap_or(usize::MAX);
        let ahead = if by < TimeDelta::zero() { "back" } else { "ahead" };
        Finding::mind(
            "clock steps",
            format!(
                "this machine's clock jumped {}, last at {} by {} s {ahead}",
                count(steps, "time", "times"),
                when(at),
                by.num_seconds().unsigned_abs()
            ),
            "let it keep time by NTP; deadlines didn't move, but instants recorded in between are off by as much",
        )
    });
    halt.chain(shut).chain(step).collect()
}

/// A message that was given up is told and not a fault: the record is whole, and
/// nothing here could still send it.
fn unsent(register: &Register) -> Vec<Finding> {
    let mut findings: Vec<_> = register.unsent.iter().map(unsent_one).collect();
    let shown = u64::try_from(register.unsent.len()).unwrap_or(u64::MAX);
    if let Some(more) = register
        .n_unsent
        .checked_sub(shown)
        .filter(|more| *more > 0)
    {
        findings.push(Finding::mind(
            "messages",
            format!("{more} older ones didn't reach Slack either"),
            "mend the newest first",
        ));
    }
    findings
}

fn unsent_one(message: &Unsent) -> Finding {
    let about = message
        .change
        .map_or_else(String::new, |change| format!(" of {change}"));
    let tried = count(
        usize::try_from(message.attempts).unwrap_or(usize::MAX),
        "attempt",
        "attempts",
    );
    let became = if message.given_up {
        "was given up"
    } else {
        "is still tried"
    };
    let why = match message.error.as_str() {
        "" => "no reason was given",
        why => why,
    };
    Finding::mind(
        "messages",
        format!("a {}{about} {became} after {tried} ({why})", message.kind),
        mend_of(why),
    )
}

/// What an operator can do about a message that Slack refused.
fn mend_of(why: &str) -> &'static str {
    let says = |codes: &[&str]| codes.iter().any(|code| why.contains(code));
    if says(&["not_in_channel", "channel_not_found"]) {
        "invite the bot to the channel"
    } else if says(&["is_archived"]) {
        "the channel is archived; the change goes on by direct message"
    } else if says(&["restricted_action"]) {
        "let the bot post there, in the channel's settings"
    } else if says(&["missing_scope"]) {
        "see scopes above"
    } else if says(&["cannot_dm_bot", "user_disabled", "user_not_found"]) {
        "name somebody else for it; that person can't be written to"
    } else {
        "if it stays so, report it with this line"
    }
}

fn foreign(inspection: &Inspection, ours: &WorkspaceId) -> Option<Finding> {
    let others = || inspection.registers.iter().map(|one| &one.workspace);
    if inspection.registers.is_empty() || others().any(|workspace| workspace == ours) {
        return None;
    }
    let held = super::few(others().map(WorkspaceId::as_str));
    Some(Finding::mind(
        "register",
        format!(
            "the database holds {held}, and the token speaks for {}",
            ours.as_str()
        ),
        "check that token and database belong together",
    ))
}

/// Looks for the backups that are made every night, if any are to be.
pub(super) fn backups(
    nightly: Option<&Nightly>,
    database: &Path,
    now: DateTime<Utc>,
) -> Option<Finding> {
    let nightly = nightly?;
    let shown = nightly.folder.display();
    // What isn't there yet is made in what is.
    let there = nightly.folder.ancestors().find(|one| one.exists());
    let there = there.unwrap_or(Path::new("."));
    if let Err(why) = access(there, Access::WRITE_OK | Access::EXEC_OK) {
        return Some(Finding::bad(
            "backup",
            format!("{shown} can't be written ({why}), so no nightly backup is made"),
            "let this user write the folder, or name another one in [backup]",
        ));
    }
    if !database.exists() {
        return Some(Finding::good(
            "backup",
            format!("one will be made in {shown} every night"),
        ));
    }
    Some(match nightly.newest_at(database) {
        Err(why) => Finding::bad(
            "backup",
            format!("{shown} can't be read ({why})"),
            "let this user read the folder, or name another one in [backup]",
        ),
        Ok(None) => Finding::mind(
            "backup",
            format!("there is no nightly backup in {shown} yet"),
            "the bot makes one at 03:15; if it doesn't, its log says why",
        ),
        Ok(Some(at)) if now - at > STALE => Finding::mind(
            "backup",
            format!(
                "the newest nightly backup in {shown} is of {}",
                at.format("%Y-%m-%d %H:%M UTC")
            ),
            "the bot's log says why there is none since; `breakglass backup` makes one now",
        ),
        Ok(Some(at)) => Finding::good(
            "backup",
            format!(
                "the newest nightly one in {shown} is of {}",
                at.format("%Y-%m-%d %H:%M UTC")
            ),
        ),
    })
}

/// `None` where the folder isn't there; the database's own line says so.
fn room(folder: &Path) -> Option<Finding> {
    let disk = statvfs(folder).ok()?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    Some(judge_room(free, &folder))
}

fn judge_room(free: u64, folder: &Path) -> Finding {
    let shown = if free >= 10 << 30 {
        format!("{} GiB", free >> 30)
    } else {
        format!("{} MiB", free >> 20)
    };
    let shown = format!("{shown} free in {}", folder.display());
    if free < FULL {
        Finding::bad(
            "disk",
            shown,
            "make room; the bot stops where nothing can be written, and loses nothing",
        )
    } else if free < TIGHT {
        Finding::mind("disk", shown, "make room soon")
    } else {
        Finding::good("disk", shown)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn little_room_is_told_before_there_is_none() {
        let judge = |free| judge_room(free, Path::new("/data"));
        assert_eq!(judge(u64::MAX).verdict, Verdict::Good);
        assert_eq!(judge(TIGHT - 1).verdict, Verdict::Mind);
        assert_eq!(judge(FULL - 1).verdict, Verdict::Bad);
        assert_eq!(judge(5 << 30).found, "5120 MiB free in /data");
    }

    #[test]
    fn a_signing_secret_is_known_by_its_form() {
        let of = |secret: &str| signing_secret(&Secret::new(secret)).verdict;
        assert_eq!(of("8f742231b10e8888abcd99yyyzzz85a5"), Verdict::Mind);
        assert_eq!(of("8f742231b10e8888abcd99000fff85a5"), Verdict::Good);
        assert_eq!(of("8f74"), Verdict::Mind);
    }

    #[test]
    fn a_database_of_another_workspace_is_told() {
        let ours = WorkspaceId::new("T1");
        let register = |workspace: &str| Register {
            workspace: WorkspaceId::new(workspace),
            records: Ok(1),
            n_changes: 0,
            n_unsent: 0,
            unsent: Vec::new(),
            halt: None,
            shut: Vec::new(),
            n_clock_steps: 0,
            clock_step: None,
            key: None,
            checkpoint: None,
            unshown: None,
            heard: BTreeMap::new(),
            readings: Vec::new(),
        };
        let held = |registers| Inspection {
            form: 1,
            known: 1,
            fault: None,
            registers,
        };
        assert_eq!(foreign(&held(Vec::new()), &ours), None);
        assert_eq!(foreign(&held(vec![register("T1")]), &ours), None);
        let told = foreign(&held(vec![register("T2")]), &ours).unwrap();
        assert_eq!(told.verdict, Verdict::Mind);
    }

    #[test]
    fn a_refusal_that_an_operator_can_mend_says_how() {
        let mend = mend_of("Slack refused: not_in_channel");
        assert_eq!(mend, "invite the bot to the channel");
        assert!(mend_of("Slack refused: something_new").contains("report it"));
    }
}
