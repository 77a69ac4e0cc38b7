//! What a file of an earlier form becomes.

use super::*;
use crate::domain::merkle::{Frontier, leaf_hash};

const REQUESTED: &str = include_str!("../../../tests/fixtures/log/v1/requested.json");

/// The change in that leaf.
const NUMBER: ChangeNumber = ChangeNumber(1042);

/// What was asked for, and the whole message that asked, each with what stands for it
/// in that leaf: nobody has the words behind those.
fn words() -> [(&'static str, Text); 2] {
    [
        ("0a", Text::new("said before", Salt([1; 32]))),
        ("b0", Text::new("said before @morgan", Salt([2; 32]))),
    ]
}

/// A file as the first form left it: one change with its words, its card, a reply and
/// a reminder.
fn of_the_first_form() -> Home {
    let home = Home::new();
    let connection = Connection::open(home.path()).unwrap();
    connection.execute_batch(file::MIGRATIONS[0]).unwrap();
    let mut leaf = REQUESTED.trim_end().to_owned();
    for (stands, text) in words() {
        leaf = leaf.replace(&stands.repeat(32), &text.commitment().to_string());
        connection
            .execute(
                "INSERT INTO text VALUES (?1, ?2, ?3, ?4)",
                rusqlite::params![
                    workspace().as_str(),
                    text.commitment().0,
                    text.salt().0,
                    text.body()
                ],
            )
            .unwrap();
    }
    let leaf = leaf.as_bytes();
    let mut frontier = Frontier::default();
    frontier.append(leaf_hash(leaf));
    connection
        .execute(
            "INSERT INTO event VALUES (?1, 0, ?2, 1, ?3, ?4)",
            rusqlite::params![workspace().as_str(), NUMBER.0, leaf, leaf_hash(leaf)],
        )
        .unwrap();
    connection
        .execute(
            "INSERT INTO head VALUES (?1, 1, ?2)",
            rusqlite::params![workspace().as_str(), frontier.peaks().concat()],
        )
        .unwrap();
    connection
        .execute_batch(
            "INSERT INTO change VALUES ('T0BREAK01', 1042, 1, 'requested', 3, 'U0DANA0001',
                                        'C0INCAUTH1', 1773450840000001, NULL, NULL, NULL, NULL);
             INSERT INTO outbox (id, workspace, key, kind, state, lane, priority, not_before,
                                 change, owed_revision, shown_revision, attempts, channel, ts,
                                 payload, showed)
             VALUES (7, 'T0BREAK01', 'card:CHG-1042', 'card', 'settled', 'C0INCAUTH1', 1,
                     1773450841000000, 1042, 3, 3, 0, 'C0INCAUTH1', '1773450841.000100',
                     zeroblob(32), 1);
             INSERT INTO outbox (id, workspace, key, kind, state, lane, priority, not_before,
                                 gesture)
             VALUES (9, 'T0BREAK01', 'reply:one', 'reply', 'owed', 'reply:one', 0,
                     1773450842000000, 'one');
             INSERT INTO outbox (id, workspace, key, kind, state, lane, priority, not_before,
                                 change, person, duty, rung, batch, claimed_at, error)
             VALUES (11, 'T0BREAK01', 'reminder:x', 'reminder', 'failed', 'U0MORGAN01', 2,
                     1773450843000000, 1042, 'U0MORGAN01', 'answer_request', 'again-1', 'b',
                     1773450844000000, 'is_archived');
             PRAGMA application_id = 0x454D4720; PRAGMA user_version = 1;",
        )
        .unwrap();
    home
}

/// Every row of the outbox of the first form, column by column.
fn rows(home: &Home, name: &str) -> Vec<Vec<rusqlite::types::Value>> {
    let path = home.path().with_file_name(name);
    let connection = Connection::open(path).unwrap();
    let mut select = connection
        .prepare(
            "SELECT id, workspace, key, kind, state, lane, priority, not_before, change, version,
                    person, duty, due_at, rung, gesture, owed_revision, shown_revision, batch,
                    claimed_at, attempts, channel, ts, payload, showed, error
             FROM outbox ORDER BY id",
        )
        .unwrap();
    select
        .query_map([], |row| (0..25).map(|n| row.get(n)).collect())
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

#[tokio::test]
async fn a_file_of_the_first_form_keeps_its_rows_and_is_copied_first() {
    let home = of_the_first_form();
    let before = rows(&home, "breakglass.db");
    assert_eq!(before.len(), 3);
    let store = home.open().unwrap();
    store.verify().await.unwrap().unwrap();
    store.close().await;
    drop(store);
    assert_eq!(rows(&home, "breakglass.db"), before);
    assert_eq!(rows(&home, "breakglass.db.form-1.backup"), before);
    let form = |name: &str| -> i32 {
        Connection::open(home.path().with_file_name(name))
            .unwrap()
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap()
    };
    assert_eq!(form("breakglass.db.form-1.backup"), 1);
    assert_eq!(form("breakglass.db"), 10);
}

#[tokio::test]
async fn where_backups_have_a_folder_the_copy_goes_there() {
    let home = of_the_first_form();
    let folder = home.path().with_file_name("backups");
    let options = Options {
        backups: Some(folder.clone()),
        ..Options::at(home.path())
    };
    // What can't be kept first isn't changed.
    std::fs::write(&folder, "").unwrap();
    let refused = Store::open(&options, workspace()).unwrap_err();
    assert!(matches!(refused, OpenError::NotKept { .. }), "{refused}");
    std::fs::remove_file(&folder).unwrap();
    Store::open(&options, workspace()).unwrap().close().await;
    assert_eq!(rows(&home, "backups/breakglass.db.form-1.backup").len(), 3);
    let beside = home.path().with_file_name("breakglass.db.form-1.backup");
    assert!(!beside.exists());
}

#[tokio::test]
async fn a_file_whose_log_was_altered_keeps_its_form() {
    let home = of_the_first_form();
    home.tamper(
        "DROP TRIGGER event_is_never_updated;
                 UPDATE event SET leaf = CAST(replace(leaf, 'U0DANA0001', 'U0GUS00001') AS BLOB)",
    )
    .unwrap();
    let refused = home.open().unwrap_err();
    assert!(matches!(refused, OpenError::Damaged { .. }), "{refused}");
    let form: i32 = Connection::open(home.path())
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(form, 1);
}

#[tokio::test]
async fn what_people_wrote_is_found_after_its_table_moved() {
    let home = of_the_first_form();
    let store = home.open().unwrap();
    let [(_, what), _] = words();
    let name = what.commitment();
    let found = store
        .read(move |connection, workspace| {
            Ok((
                texts::stands(connection, workspace, name)?,
                texts::find(connection, workspace, name)?,
            ))
        })
        .await
        .unwrap();
    assert!(found.0);
    assert_eq!(found.1.unwrap().body(), "said before");
    store.close().await;
}

#[tokio::test]
async fn a_file_that_grew_has_the_same_indexes_as_a_new_one() {
    let objects = |home: &Home| -> Vec<(String, Option<String>)> {
        Connection::open(home.path())
            .unwrap()
            .prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    };
    let (grown, new) = (of_the_first_form(), Home::new());
    for home in [&grown, &new] {
        home.open().unwrap().close().await;
    }
    assert_eq!(objects(&grown), objects(&new));
    let names: Vec<String> = objects(&new).into_iter().map(|(name, _)| name).collect();
    for index in [
        "outbox_owed",
        "outbox_claimed",
        "outbox_rung",
        "outbox_batch",
    ] {
        assert!(names.iter().any(|name| name == index), "{index}");
    }
}

#[tokio::test]
async fn a_change_declared_before_works_on() {
    let home = of_the_first_form();
    let store = home.open().unwrap();
    let gesture = gesture("two", "U0MORGAN01", Ask::Authorize { change: NUMBER });
    let heard = Heard {
        gesture: gesture.clone(),
        texts: Vec::new(),
    };
    store.keep(heard, now()).await.unwrap();
    let by = Member {
        id: UserId::new("U0MORGAN01"),
        standing: Standing::Full,
        groups: std::collections::BTreeSet::new(),
    };
    let given = Given::Button;
    let command = Command::Authorize { by, given };
    let target = Target::Change(NUMBER);
    let (outcome, _) = carry(&store, gesture, target, command).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
    store.verify().await.unwrap().unwrap();
    // Its card, posted under the first form, is edited where it stands.
    let parcel = store
        .parcel("C0INCAUTH1".to_owned(), rules(), now())
        .await
        .unwrap();
    let card = parcel.unwrap().owed.remove(0);
    assert_eq!(card.kind, Kind::Card { change: NUMBER });
    assert_eq!(card.stands.unwrap().1, MessageTs::new("1773450841.000100"));
    // The next change has the next number.
    let (_, next) = request(&store, "three").await;
    assert_eq!(next, Some(NUMBER.next()));
    store.close().await;
}
