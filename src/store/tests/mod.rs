//! The store's promises about its file, each with what breaks it.

mod capture;
mod delivery;
mod deployment;
mod log;
mod migration;
mod offer;
mod people;
mod redaction;
mod register;
mod retention;
mod verify;

use std::path::PathBuf;

use chrono::DateTime;
use tempfile::TempDir;

use super::*;
use crate::domain::authorization::{Member, Standing};
use crate::domain::change::{Actor, Given, Place, Source, Submission};
use crate::domain::id::Permalink;
use crate::domain::obligation::{Duty, Rung};
use crate::domain::policy::Party;
use crate::domain::text::Salt;
use crate::gesture::{Ask, Mention};

fn workspace() -> WorkspaceId {
    WorkspaceId::new("T0BREAK01")
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_450_840, 0).unwrap()
}

fn rules() -> Arc<Rules> {
    let mut policy = Policy::unwritten(PolicyVersion(1));
    policy.approvers = vec![Party::Person(UserId::new("U0MORGAN01"))];
    Arc::new(Rules::new(policy, [], chrono_tz::Europe::Berlin))
}

/// A folder with a database in it.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("breakglass.db")
    }

    fn open(&self) -> Result<Store, OpenError> {
        Store::open(&Options::at(self.path()), workspace())
    }

    /// A file whose log has a few records, closed.
    async fn lived_in() -> Self {
        let home = Self::new();
        let store = home.open().unwrap();
        store.adopt_policy("a".to_owned(), now()).await.unwrap();
        request(&store, "one").await;
        authorize(&store, "two", "U0MORGAN01").await;
        assert!(store.verify().await.unwrap().is_ok());
        store.close().await;
        home
    }

    /// Somebody at the file with another program.
    fn tamper(&self, sql: &str) -> rusqlite::Result<()> {
        Connection::open(self.path())?.execute_batch(sql)
    }

    /// What `verify` finds.
    async fn verdict(&self) -> Result<u64, String> {
        let store = self.open().unwrap();
        let verdict = store.verify().await.unwrap();
        store.close().await;
        verdict
    }
}

fn gesture(key: &str, actor: &str, ask: Ask) -> Gesture {
    Gesture {
        key: key.to_owned(),
        actor: UserId::new(actor),
        at: now(),
        source: Source::Slack,
        channel: Some(ChannelId::new("C0INCAUTH1")),
        thread: None,
        response_url: None,
        ask,
    }
}

async fn request(store: &Store, key: &str) -> (Outcome, Option<ChangeNumber>) {
    let what = Text::new("Deploy WAF rule", Salt([1; 32]));
    let verbatim = Text::new("Deploy WAF rule @morgan", Salt([2; 32]));
    let morgan = UserId::new("U0MORGAN01");
    let ask = Ask::Request {
        what: what.commitment(),
        verbatim: verbatim.commitment(),
        asked: vec![Mention::User(morgan.clone())],
        criterion: None,
        said: None,
        deployed: None,
        drill: false,
    };
    let gesture = gesture(key, "U0DANA0001", ask);
    let heard = Heard {
        gesture: gesture.clone(),
        texts: vec![what.clone(), verbatim.clone()],
    };
    store.keep(heard, now()).await.unwrap();
    let command = Command::Request {
        what,
        verbatim,
        asked: vec![Party::Person(morgan)],
        place: Place {
            channel: ChannelId::new("C0INCAUTH1"),
            thread: None,
        },
        criterion: None,
        said: None,
        captured: None,
        drill: false,
        known: Vec::new(),
    };
    carry(store, gesture, Target::New, command).await.unwrap()
}

async fn authorize(store: &Store, key: &str, who: &str) -> (Outcome, Option<ChangeNumber>) {
    let change = ChangeNumber::FIRST;
    let gesture = gesture(key, who, Ask::Authorize { change });
    let heard = Heard {
        gesture: gesture.clone(),
        texts: Vec::new(),
    };
    store.keep(heard, now()).await.unwrap();
    let by = Member {
        id: UserId::new(who),
        standing: Standing::Full,
        groups: std::collections::BTreeSet::new(),
    };
    let given = Given::Button;
    let command = Command::Authorize { by, given };
    carry(store, gesture, Target::Change(change), command)
        .await
        .unwrap()
}

async fn carry(
    store: &Store,
    gesture: Gesture,
    target: Target,
    command: Command,
) -> Result<(Outcome, Option<ChangeNumber>), StoreError> {
    let submission = Submission {
        actor: Actor::Person(gesture.actor.clone()),
        at: gesture.at,
        source: gesture.source,
        command,
    };
    let execution = Execution {
        target,
        submissions: vec![submission],
        texts: Vec::new(),
        gesture: Some(gesture),
        met: Vec::new(),
        asks_back: None,
        afterwards: None,
    };
    store.execute(execution, rules(), now()).await
}

async fn count(store: &Store, sql: &'static str) -> u64 {
    store
        .read(move |connection, _| Ok(connection.query_row(sql, [], |row| row.get(0))?))
        .await
        .unwrap()
}

#[tokio::test]
async fn no_statement_alters_or_removes_an_event() {
    let home = Home::lived_in().await;
    for sql in [
        "UPDATE event SET leaf = x'00' WHERE seq = 1",
        "DELETE FROM event WHERE seq = 1",
        "DELETE FROM event",
    ] {
        let refused = home.tamper(sql).unwrap_err().to_string();
        assert!(refused.contains("an event is never"), "{sql}: {refused}");
    }
    home.verdict().await.unwrap();
}

#[tokio::test]
async fn an_altered_record_is_found() {
    let home = Home::lived_in().await;
    home.tamper(
        "DROP TRIGGER event_is_never_updated;
         UPDATE event SET leaf = CAST(replace(CAST(leaf AS TEXT), 'U0DANA0001', 'U0RILEY001') AS BLOB)
         WHERE seq = 1",
    )
    .unwrap();
    assert_eq!(home.verdict().await.unwrap_err(), "record 1 was altered");
}

#[tokio::test]
async fn a_record_altered_together_with_its_hash_is_found() {
    let home = Home::lived_in().await;
    let leaf: Vec<u8> = Connection::open(home.path())
        .unwrap()
        .query_row("SELECT leaf FROM event WHERE seq = 1", [], |row| row.get(0))
        .unwrap();
    let leaf = String::from_utf8(leaf).unwrap();
    let forged = leaf.replace("U0DANA0001", "U0RILEY001");
    assert_ne!(forged, leaf);
    let hash = crate::domain::merkle::leaf_hash(forged.as_bytes());
    home.tamper(&format!(
        "DROP TRIGGER event_is_never_updated;
         UPDATE event SET leaf = x'{}', leaf_hash = x'{}' WHERE seq = 1",
        hex::encode(forged),
        hex::encode(hash),
    ))
    .unwrap();
    let found = home.verdict().await.unwrap_err();
    assert_eq!(found, "the log's head doesn't fit its records");
}

#[tokio::test]
async fn a_missing_record_is_found_wherever_it_is_missing() {
    for (seq, expected) in [(0, "record 0 is missing"), (1, "record 1 is missing")] {
        let home = Home::lived_in().await;
        home.tamper(&format!(
            "DROP TRIGGER event_is_never_deleted; DELETE FROM event WHERE seq = {seq}"
        ))
        .unwrap();
        assert_eq!(home.verdict().await.unwrap_err(), expected);
    }
    let home = Home::lived_in().await;
    home.tamper(
        "DROP TRIGGER event_is_never_deleted;
         DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)",
    )
    .unwrap();
    let found = home.verdict().await.unwrap_err();
    assert_eq!(found, "the log's head doesn't fit its records");
}

#[tokio::test]
async fn an_altered_register_is_found() {
    for sql in [
        "UPDATE change SET stage = 'closed'",
        "UPDATE change SET version = version + 1",
    ] {
        let home = Home::lived_in().await;
        home.tamper(sql).unwrap();
        let found = home.verdict().await.unwrap_err();
        assert!(found.contains("CHG-1001"), "{sql}: {found}");
    }
}

#[tokio::test]
async fn a_second_writer_is_refused_and_told_who_holds_the_file() {
    let home = Home::new();
    let store = home.open().unwrap();
    let refused = home.open().unwrap_err();
    let holder = format!("process {}", std::process::id());
    assert!(refused.to_string().contains(&holder), "{refused}");
    assert!(matches!(refused, OpenError::Locked { .. }));
    store.close().await;
    drop(store);
    home.open().unwrap().close().await;
}

#[tokio::test]
async fn a_file_that_can_not_be_written_is_refused_with_what_to_do() {
    // A folder stands where the file should: nobody can write that, not even root.
    let home = Home::new();
    std::fs::create_dir(home.path()).unwrap();
    let refused = home.open().unwrap_err();
    assert!(matches!(refused, OpenError::Unwritable { .. }), "{refused}");
    assert!(refused.to_string().contains("--database"), "{refused}");
}

#[tokio::test]
async fn a_file_of_a_later_version_is_refused_and_left_alone() {
    let home = Home::lived_in().await;
    home.tamper("PRAGMA user_version = 99").unwrap();
    let before = std::fs::read(home.path()).unwrap();
    let refused = home.open().unwrap_err();
    assert!(
        matches!(refused, OpenError::Newer { found: 99, .. }),
        "{refused}"
    );
    assert_eq!(std::fs::read(home.path()).unwrap(), before);
}

#[tokio::test]
async fn somebody_elses_file_is_refused_and_left_alone() {
    let home = Home::new();
    home.tamper("CREATE TABLE recipe (name TEXT)").unwrap();
    let before = std::fs::read(home.path()).unwrap();
    let refused = home.open().unwrap_err();
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
    assert_eq!(std::fs::read(home.path()).unwrap(), before);

    let home = Home::new();
    std::fs::write(
        home.path(),
        "no database at all, but long enough".repeat(40),
    )
    .unwrap();
    let refused = home.open().unwrap_err();
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
}

#[tokio::test]
async fn a_refused_command_keeps_its_gesture_with_the_answer() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let n_events = count(&store, "SELECT count(*) FROM event").await;
    let (outcome, _) = authorize(&store, "two", "U0DANA0001").await;
    assert!(matches!(&outcome, Outcome::Refused(why) if why.contains("You asked for this")));
    assert_eq!(count(&store, "SELECT count(*) FROM event").await, n_events);
    assert_eq!(
        count(&store, "SELECT count(*) FROM inbox WHERE state = 'done'").await,
        2
    );
    // A redelivery gets the same answer, though the facts have changed since.
    let (again, _) = authorize(&store, "two", "U0DANA0001").await;
    assert_eq!(again, outcome);
    store.close().await;
}

#[tokio::test]
async fn the_same_gesture_is_carried_out_once() {
    let home = Home::new();
    let store = home.open().unwrap();
    let first = request(&store, "one").await;
    let second = request(&store, "one").await;
    assert_eq!(first, second);
    assert_eq!(count(&store, "SELECT count(*) FROM change").await, 1);
    store.close().await;
}

#[tokio::test]
async fn what_fails_halfway_leaves_nothing_behind() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    // The last step of a command, the outbox, fails; the log and the register were written before it.
    home.tamper(
        "CREATE TRIGGER full BEFORE INSERT ON outbox
         BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
    )
    .unwrap();
    let before = count(&store, "SELECT count(*) FROM event").await;
    let change = ChangeNumber::FIRST;
    let by = Member {
        id: UserId::new("U0MORGAN01"),
        standing: Standing::Full,
        groups: std::collections::BTreeSet::new(),
    };
    let gesture = gesture("two", "U0MORGAN01", Ask::Authorize { change });
    let command = Command::Authorize {
        by,
        given: Given::Button,
    };
    let failed = carry(&store, gesture, Target::Change(change), command).await;
    assert!(matches!(failed, Err(StoreError::Sqlite(_))), "{failed:?}");
    assert_eq!(count(&store, "SELECT count(*) FROM event").await, before);
    assert_eq!(
        count(
            &store,
            "SELECT count(*) FROM change WHERE stage = 'requested'"
        )
        .await,
        1
    );
    store.verify().await.unwrap().unwrap();
    // It can be done once the trouble is over.
    home.tamper("DROP TRIGGER full").unwrap();
    let (outcome, _) = authorize(&store, "three", "U0MORGAN01").await;
    assert_eq!(outcome, Outcome::Done);
    store.verify().await.unwrap().unwrap();
    store.close().await;
}

#[tokio::test]
async fn commands_handed_in_together_never_decide_on_stale_state() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let presses = (0..20).map(|n| {
        let store = store.clone();
        async move {
            authorize(&store, &format!("press {n}"), "U0MORGAN01")
                .await
                .0
        }
    });
    let outcomes = futures_util::future::join_all(presses).await;
    let n_done = outcomes.iter().filter(|one| **one == Outcome::Done).count();
    assert_eq!(n_done, 1, "{outcomes:#?}");
    store.verify().await.unwrap().unwrap();
    store.close().await;
}
