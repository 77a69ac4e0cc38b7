//! Whoever tampers with the file is found out, by the right name; and nobody else is
//! accused.

use std::path::Path;

use chrono::TimeDelta;
use rusqlite::params;

use super::*;
use crate::domain::merkle::{Frontier, Prover, leaf_hash};
use crate::evidence::checkpoint::{Checkpoint, origin, root_in_words};
use crate::evidence::key;
use crate::evidence::note::{SignedNote, SignerKey, VerifierKey};
use crate::evidence::seal::{Seal, SealFault};
use crate::evidence::verify::{
    Ask as Wanted, Fault, Given as Brought, Verdict, database, read_witness,
};

/// A log with some checkpoints, and what others have of it.
struct Sealed {
    home: Home,
    /// The notes of all checkpoints, the first first.
    notes: Vec<String>,
    key: VerifierKey,
}

fn hour(n: i64) -> DateTime<Utc> {
    now() + TimeDelta::hours(n)
}

/// Policy, key, seven changes of which one is authorized, with a checkpoint every hour;
/// the second was shown at the address.
async fn sealed() -> Sealed {
    let home = Home::new();
    let store = home.open().unwrap();
    store.adopt_policy("a".to_owned(), now()).await.unwrap();
    let seal = Seal::of(&store, &home.path(), true, now()).await.unwrap();
    for n in 1..8 {
        request(&store, &format!("request {n}")).await;
        if n == 2 {
            authorize(&store, "authorize", "U0MORGAN01").await;
        }
        if n % 2 == 0 {
            seal.checkpoint(&store, hour(n)).await.unwrap();
        }
        if n == 4 {
            let showing = store.showings(hour(n), 9).await.unwrap().remove(1);
            let place = "auditor.example".to_owned();
            store.shown(showing, place, hour(n)).await.unwrap();
        }
    }
    store.close().await;
    let key = seal.verifier().clone();
    let notes = notes(&home.path());
    assert_eq!(notes.len(), 4);
    Sealed { home, notes, key }
}

fn notes(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut select = connection
        .prepare("SELECT note FROM checkpoint ORDER BY n")
        .unwrap();
    let notes = select.query_map([], |row| row.get(0)).unwrap();
    notes.collect::<Result<_, _>>().unwrap()
}

fn verify(path: &Path, key: Option<&VerifierKey>, witnesses: &[Brought]) -> Verdict {
    let wanted = Wanted {
        key,
        witnesses,
        is_deep: true,
    };
    look(path, None, |moment| Ok(database(moment, &wanted))).unwrap()
}

/// Lets somebody at the file of a fresh log, and returns what is found.
async fn after(sql: &str) -> Fault {
    let sealed = sealed().await;
    sealed.home.tamper(&unguarded(sql)).unwrap();
    let verdict = verify(&sealed.home.path(), None, &[]);
    verdict.fault.unwrap_or_else(|| panic!("unseen: {sql}"))
}

/// SQL by somebody whom no trigger stops.
fn unguarded(sql: &str) -> String {
    format!(
        "DROP TRIGGER event_is_never_updated; DROP TRIGGER event_is_never_deleted;
         DROP TRIGGER checkpoint_is_never_updated; DROP TRIGGER checkpoint_is_never_deleted;
         DROP INDEX event_of_change; PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; {sql}"
    )
}

/// Somebody who knows how the log is made, and makes another one of it.
struct Forger(Connection);

impl Forger {
    fn at(path: &Path) -> Self {
        let connection = Connection::open(path).unwrap();
        connection.execute_batch(&unguarded("")).unwrap();
        Self(connection)
    }

    fn leaves(&self) -> Vec<(Option<u64>, Option<u64>, String)> {
        let mut select = self
            .0
            .prepare("SELECT change, version, CAST(leaf AS TEXT) FROM event ORDER BY seq")
            .unwrap();
        let rows = select
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// Writes the log anew, with every place, hash and head as it should be.
    fn rewrite(&self, leaves: &[(Option<u64>, Option<u64>, String)]) -> Vec<[u8; 32]> {
        self.0.execute_batch("DELETE FROM event").unwrap();
        let mut frontier = Frontier::default();
        let mut roots = vec![frontier.root()];
        for (seq, (change, version, leaf)) in leaves.iter().enumerate() {
            let (head, rest) = leaf.split_once("\"seq\":").unwrap();
            let (_, rest) = rest.split_once(',').unwrap();
            let leaf = format!("{head}\"seq\":{seq},{rest}");
            let hash = leaf_hash(leaf.as_bytes());
            self.0
                .execute(
                    "INSERT INTO event VALUES ('T0BREAK01', ?1, ?2, ?3, ?4, ?5)",
                    params![seq, change, version, leaf.as_bytes(), hash],
                )
                .unwrap();
            frontier.append(hash);
            roots.push(frontier.root());
        }
        self.0
            .execute(
                "UPDATE head SET size = ?1, peaks = ?2",
                params![frontier.size(), frontier.peaks().concat()],
            )
            .unwrap();
        roots
    }

    /// Signs every checkpoint anew.
    fn sign(&self, roots: &[[u8; 32]], key: &SignerKey) {
        let mut select = self.0.prepare("SELECT n, size FROM checkpoint").unwrap();
        let all: Vec<(u64, usize)> = select
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        for (n, size) in all {
            let checkpoint = Checkpoint {
                origin: key.verifier().name().to_string(),
                size: size as u64,
                root: roots[size],
            };
            let note = checkpoint.sign(key).unwrap().to_string();
            self.0
                .execute(
                    "UPDATE checkpoint SET note = ?2, root = ?3 WHERE n = ?1",
                    params![n, note, roots[size]],
                )
                .unwrap();
        }
    }
}

fn their_key(sealed: &Sealed) -> SignerKey {
    let name = sealed.key.name().clone();
    key::read(&key::path_of(&sealed.home.path(), &workspace()), &name)
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn a_log_that_nobody_touched_holds_with_key_and_witnesses() {
    let sealed = sealed().await;
    let witnesses: Vec<_> = sealed
        .notes
        .iter()
        .map(|note| read_witness(note).unwrap())
        .collect();
    let verdict = verify(&sealed.home.path(), Some(&sealed.key), &witnesses);
    assert_eq!(verdict.fault, None);
    assert_eq!(verdict.n_checkpoints, 4);
    assert_eq!(verdict.n_records, 11);
    assert_eq!(verdict.signed.unwrap().size, 10);
    assert_eq!(verdict.witnessed.unwrap().size, 10);
    assert!(verdict.is_pinned && verdict.unsigned.is_empty());
    // What it can't know is said all the same.
    let limits = verdict.limits().join("\n");
    assert!(limits.contains("the last record"), "{limits}");
    assert!(limits.contains("nobody ever recorded"), "{limits}");
}

#[tokio::test]
async fn a_log_of_before_there_were_keys_holds_as_far_as_can_be_said() {
    let home = Home::lived_in().await;
    let verdict = verify(&home.path(), None, &[]);
    assert_eq!((verdict.fault, verdict.n_checkpoints), (None, 0));
    let name = origin(&workspace()).unwrap();
    let other = SignerKey::new(name, &[1; 32]);
    let verdict = verify(&home.path(), Some(other.verifier()), &[]);
    assert!(matches!(verdict.fault, Some(Fault::Key { .. })));
}

#[tokio::test]
async fn an_altered_record_is_named_with_its_change() {
    let fault = after(
        "UPDATE event SET leaf = CAST(replace(CAST(leaf AS TEXT), 'U0DANA', 'U0GUS0') AS BLOB) WHERE seq = 5",
    )
    .await;
    let fault_said = fault.to_string();
    let Fault::Altered(whose) = fault else {
        panic!("{fault_said}");
    };
    assert_eq!((whose.seq, whose.change), (5, Some(ChangeNumber(1003))));
    insta::assert_snapshot!(fault_said, @"altered: record 5 (requested, of CHG-1003, 2026-03-14 01:14:00 UTC) isn't what was written; it doesn't fit the hash that was kept of it");
}

#[tokio::test]
async fn an_altered_hash_is_named_as_its_record() {
    let fault = after("UPDATE event SET leaf_hash = zeroblob(32) WHERE seq = 5").await;
    assert!(
        matches!(&fault, Fault::Altered(whose) if whose.seq == 5),
        "{fault}"
    );
    let fault = after("UPDATE event SET leaf_hash = x'00' WHERE seq = 5").await;
    assert!(
        matches!(&fault, Fault::Altered(whose) if whose.seq == 5),
        "{fault}"
    );
}

#[tokio::test]
async fn a_deleted_record_is_named_wherever_it_stood() {
    for seq in [0, 3, 6] {
        let fault = after(&format!("DELETE FROM event WHERE seq = {seq}")).await;
        let is_named =
            matches!(&fault, Fault::Missing { from, to, .. } if *from == seq && *to == seq);
        assert!(is_named, "{fault}");
    }
    // The last one, with and without the head.
    let fault = after("DELETE FROM event WHERE seq = 10").await;
    assert!(
        matches!(
            &fault,
            Fault::Head {
                found: 10,
                said: Some(11)
            }
        ),
        "{fault}"
    );
    let fault = after("DELETE FROM event WHERE seq >= 8").await;
    assert!(
        matches!(
            &fault,
            Fault::Truncated {
                found: 8,
                were: 10,
                ..
            }
        ),
        "{fault}"
    );
}

#[tokio::test]
async fn a_record_deleted_with_all_others_moved_up_is_missing() {
    let fault = after(
        "DELETE FROM event WHERE seq = 3; UPDATE event SET seq = seq - 1 WHERE seq = 4;
         UPDATE event SET seq = seq - 1 WHERE seq = 5; UPDATE event SET seq = seq - 1 WHERE seq = 6;
         UPDATE event SET seq = seq - 1 WHERE seq = 7; UPDATE event SET seq = seq - 1 WHERE seq = 8",
    )
    .await;
    assert!(
        matches!(&fault, Fault::Missing { from: 3, to: 3, .. }),
        "{fault}"
    );
}

#[tokio::test]
async fn two_records_that_changed_places_are_out_of_order() {
    let swap = |columns: &str| {
        let set = columns
            .split(',')
            .map(|c| {
                format!(
                    "{c} = (SELECT other.{c} FROM copy AS other WHERE other.seq = 11 - event.seq)"
                )
            })
            .collect::<Vec<_>>()
            .join(", ");
        format!(
            "CREATE TEMP TABLE copy AS SELECT * FROM event;
             UPDATE event SET {set} WHERE seq IN (4, 7)"
        )
    };
    let fault = after(&swap("leaf,leaf_hash,change,version")).await;
    let is_named = matches!(&fault, Fault::OutOfOrder { stands: 4, whose } if whose.seq == 7);
    assert!(is_named, "{fault}");
    let fault = after(&swap("leaf")).await;
    assert!(
        matches!(&fault, Fault::Altered(whose) if whose.seq == 4),
        "{fault}"
    );
    let fault = after(&swap("change,version")).await;
    assert!(
        matches!(&fault, Fault::Displaced(whose) if whose.seq == 4),
        "{fault}"
    );
}

#[tokio::test]
async fn a_record_put_in_is_named() {
    // Behind the end.
    let fault = after(
        "INSERT INTO event SELECT workspace, 11, NULL, NULL, leaf, leaf_hash FROM event WHERE seq = 0",
    )
    .await;
    assert!(
        matches!(&fault, Fault::Inserted(whose) if whose.seq == 11),
        "{fault}"
    );
    // Between others, which move down.
    let sealed = sealed().await;
    let path = sealed.home.path();
    let forged = Forger::at(&path);
    for seq in (5..12).rev() {
        let moves = "UPDATE event SET seq = ?1 + 1 WHERE seq = ?1";
        forged.0.execute(moves, [seq]).unwrap();
    }
    let leaf = forged.leaves()[0].2.replace("\"seq\":0", "\"seq\":5");
    forged
        .0
        .execute(
            "INSERT INTO event VALUES ('T0BREAK01', 5, NULL, NULL, ?1, ?2)",
            params![leaf.as_bytes(), leaf_hash(leaf.as_bytes())],
        )
        .unwrap();
    let fault = verify(&path, None, &[]).fault.unwrap();
    assert!(
        matches!(&fault, Fault::Inserted(whose) if whose.seq == 5),
        "{fault}"
    );
}

#[tokio::test]
async fn a_log_written_anew_does_not_fit_its_checkpoints() {
    let sealed = sealed().await;
    let path = sealed.home.path();
    let forger = Forger::at(&path);
    let mut leaves = forger.leaves();
    leaves[5].2 = leaves[5].2.replace("U0DANA", "U0GUS0");
    forger.rewrite(&leaves);
    let fault = verify(&path, None, &[]).fault.unwrap();
    let Fault::Signed {
        checkpoint,
        from,
        to,
        changes,
    } = &fault
    else {
        panic!("{fault}");
    };
    assert_eq!(checkpoint.0, 3);
    let (from, to) = (from.as_ref().unwrap().seq, to.as_ref().unwrap().seq);
    assert!(from <= 5 && 5 <= to, "{fault}");
    assert!(changes.contains(&ChangeNumber(1003)), "{fault}");
}

#[tokio::test]
async fn a_log_signed_anew_by_another_key_is_found_by_the_key() {
    let sealed = sealed().await;
    let path = sealed.home.path();
    let other = SignerKey::new(sealed.key.name().clone(), &[9; 32]);
    let forger = Forger::at(&path);
    let mut leaves = forger.leaves();
    leaves[5].2 = leaves[5].2.replace("U0DANA", "U0GUS0");
    let roots = forger.rewrite(&leaves);
    forger.sign(&roots, &other);
    // The log still names the key that it had.
    let fault = verify(&path, None, &[]).fault.unwrap();
    assert!(
        matches!(&fault, Fault::CheckpointBad { n: 1, .. }),
        "{fault}"
    );
    // Whoever is thorough has it name the other one.
    for leaf in &mut leaves {
        leaf.2 = leaf
            .2
            .replace(&sealed.key.to_string(), &other.verifier().to_string());
    }
    let mut shown: serde_json::Value = serde_json::from_str(&leaves[7].2).unwrap();
    assert_eq!(shown["type"], "checkpoint_shown");
    let roots = forger.rewrite(&leaves);
    let size = usize::try_from(shown["data"]["size"].as_u64().unwrap()).unwrap();
    let old = shown["data"]["root"].take();
    leaves[7].2 = leaves[7]
        .2
        .replace(old.as_str().unwrap(), &hex::encode(roots[size]));
    let roots = forger.rewrite(&leaves);
    forger.sign(&roots, &other);
    forger
        .0
        .execute(
            "UPDATE log_key SET key = ?1",
            [other.verifier().to_string()],
        )
        .unwrap();
    // Only the register shows who asked, and it may be forged as well.
    forger
        .0
        .execute_batch("UPDATE change SET requester = 'U0GUS00001' WHERE number = 1003")
        .unwrap();
    assert_eq!(
        verify(&path, None, &[]).fault,
        None,
        "nothing else gives it away"
    );
    let fault = verify(&path, Some(&sealed.key), &[]).fault.unwrap();
    assert!(matches!(&fault, Fault::Key { .. }), "{fault}");
    let brought = read_witness(&sealed.notes[3]).unwrap();
    assert!(verify(&path, None, &[brought]).fault.is_some());
}

#[tokio::test]
async fn a_log_signed_anew_by_its_own_key_is_found_by_what_somebody_kept() {
    let sealed = sealed().await;
    let path = sealed.home.path();
    let forger = Forger::at(&path);
    let mut leaves = forger.leaves();
    // After the second checkpoint, which the log says was shown.
    leaves[9].2 = leaves[9].2.replace("U0DANA", "U0GUS0");
    let roots = forger.rewrite(&leaves);
    forger.sign(&roots, &their_key(&sealed));
    forger
        .0
        .execute_batch("UPDATE change SET requester = 'U0GUS00001' WHERE number = 1006")
        .unwrap();
    assert_eq!(
        verify(&path, Some(&sealed.key), &[]).fault,
        None,
        "nothing else gives it away"
    );
    let kept = |n: usize| read_witness(&sealed.notes[n]).unwrap();
    // What was kept before doesn't know.
    let verdict = verify(&path, None, &[kept(1), kept(2)]);
    assert_eq!(verdict.fault, None);
    let fault = verify(&path, None, &[kept(1), kept(3)]).fault.unwrap();
    let Fault::Witnessed { size: 10, from, to } = &fault else {
        panic!("{fault}");
    };
    let (from, to) = (from.as_ref().unwrap().seq, to.as_ref().unwrap().seq);
    assert!(from <= 9 && 9 <= to, "{fault}");
    // The line under a message does, too.
    let root = root_in_words(&kept(3).root);
    let line = read_witness(&format!("Log: 10 records, root `{root}`")).unwrap();
    let fault = verify(&path, None, &[line]).fault.unwrap();
    assert!(
        matches!(&fault, Fault::Witnessed { size: 10, .. }),
        "{fault}"
    );
    // A log cut off before, signed and all.
    let roots = forger.rewrite(&leaves[..8]);
    forger
        .0
        .execute_batch("DELETE FROM checkpoint WHERE n > 3; DELETE FROM change WHERE number > 1004")
        .unwrap();
    forger.sign(&roots, &their_key(&sealed));
    let fault = verify(&path, None, &[kept(3)]).fault.unwrap();
    assert!(
        matches!(&fault, Fault::Truncated { were: 10, .. }),
        "{fault}"
    );
}

#[tokio::test]
async fn what_is_done_to_checkpoints_is_named() {
    for (sql, n) in [
        ("DELETE FROM checkpoint WHERE n = 2", None),
        ("DELETE FROM checkpoint WHERE n = 3", Some(3)),
        ("DELETE FROM checkpoint", None),
    ] {
        let fault = after(sql).await;
        let is_named = matches!(&fault, Fault::CheckpointMissing { n: found, .. } if *found == n);
        assert!(is_named, "{sql}: {fault}");
    }
    for sql in [
        "UPDATE checkpoint SET root = zeroblob(32) WHERE n = 3",
        "UPDATE checkpoint SET note = replace(note, '1', '2') WHERE n = 3",
        "UPDATE checkpoint SET note = '' WHERE n = 3",
        "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE n = 2) WHERE n = 3",
        "UPDATE checkpoint SET note = note || '— a AAAA\n' WHERE n = 3",
    ] {
        let fault = after(sql).await;
        assert!(
            matches!(&fault, Fault::CheckpointBad { n: 3, .. }),
            "{sql}: {fault}"
        );
    }
}

#[tokio::test]
async fn what_is_derived_is_held_against_the_log() {
    for (sql, said) in [
        ("UPDATE change SET stage = 'closed' WHERE number = 1003", "another stage"),
        ("UPDATE change SET requester = 'U0SAM' WHERE number = 1003", "another requester"),
        ("UPDATE change SET due_at = 7 WHERE number = 1003", "another deadline"),
        ("DELETE FROM change WHERE number = 1003", "CHG-1003 is missing from the register"),
        (
            "INSERT INTO change SELECT workspace, 1099, version, stage, policy, requester, channel,
             requested_at, deployed_at, due_at, closed_at, next_due_at FROM change WHERE number = 1003",
            "no record speaks of it",
        ),
        ("UPDATE text SET body = 'Deploy nothing'", "the words of CHG-1001"),
        ("UPDATE text SET body = NULL, salt = NULL", "the words of CHG-1001"),
        ("UPDATE policy SET bytes = x'62'", "version 1 of the policy"),
        ("DELETE FROM policy", "version 1 of the policy"),
        ("UPDATE log_key SET key = 'a'", "kept as the one in force"),
    ] {
        let fault = after(sql).await;
        assert!(fault.to_string().contains(said), "{sql}: {fault}");
    }
    // When the clock looks next depends on more than the log, and is nobody's claim.
    let sealed = sealed().await;
    sealed
        .home
        .tamper("UPDATE change SET next_due_at = 7")
        .unwrap();
    assert_eq!(verify(&sealed.home.path(), None, &[]).fault, None);
}

#[tokio::test]
async fn a_head_that_is_gone_or_altered_is_found() {
    let fault = after("DELETE FROM head").await;
    assert!(
        matches!(
            &fault,
            Fault::Head {
                found: 11,
                said: None
            }
        ),
        "{fault}"
    );
    let fault = after("UPDATE head SET peaks = zeroblob(64)").await;
    assert!(
        matches!(&fault, Fault::Head { said: Some(11), .. }),
        "{fault}"
    );
    let fault = after("UPDATE head SET size = 12").await;
    assert!(
        matches!(&fault, Fault::Head { said: Some(12), .. }),
        "{fault}"
    );
}

#[tokio::test]
async fn a_rotated_key_is_trusted_through_the_one_that_handed_over() {
    let sealed = sealed().await;
    let (path, old) = (sealed.home.path(), sealed.key.clone());
    let store = sealed.home.open().unwrap();
    let rotated = Seal::rotate(&store, &path, false, false, hour(9))
        .await
        .unwrap();
    assert_eq!(rotated.from, old.to_string());
    let seal = Seal::of(&store, &path, false, hour(10)).await.unwrap();
    assert_eq!(seal.verifier(), &rotated.to);
    request(&store, "after").await;
    seal.checkpoint(&store, hour(11)).await.unwrap();
    store.close().await;
    for expected in [&old, &rotated.to] {
        let verdict = verify(&path, Some(expected), &[]);
        assert_eq!((verdict.fault, verdict.is_pinned), (None, true));
        assert_eq!(verdict.n_checkpoints, 7);
        assert!(verdict.unsigned.is_empty());
    }
    // What was witnessed under the old key still counts.
    let brought = read_witness(&sealed.notes[3]).unwrap();
    assert_eq!(verify(&path, Some(&rotated.to), &[brought]).fault, None);
}

#[tokio::test]
async fn a_lost_key_is_replaced_only_on_record() {
    let sealed = sealed().await;
    let (path, old) = (sealed.home.path(), sealed.key.clone());
    let file = key::path_of(&path, &workspace());
    let store = sealed.home.open().unwrap();
    let refused = Seal::rotate(&store, &path, true, false, hour(9)).await;
    assert!(matches!(refused, Err(SealFault::NotLost { .. })));
    std::fs::remove_file(&file).unwrap();
    let refused = Seal::of(&store, &path, false, hour(9)).await;
    assert!(matches!(refused, Err(SealFault::Missing { .. })));
    let rotated = Seal::rotate(&store, &path, true, false, hour(9))
        .await
        .unwrap();
    store.close().await;
    let verdict = verify(&path, None, &[]);
    assert_eq!((verdict.fault.clone(), verdict.unsigned.len()), (None, 1));
    assert!(
        verdict
            .limits()
            .join("\n")
            .contains("in place of a lost one")
    );
    let verdict = verify(&path, Some(&old), &[]);
    assert!(matches!(verdict.fault, Some(Fault::Key { .. })));
    assert_eq!(verify(&path, Some(&rotated.to), &[]).fault, None);
}

#[tokio::test]
async fn a_rotation_broken_off_anywhere_is_finished_or_forgotten() {
    let sealed = sealed().await;
    let path = sealed.home.path();
    let file = key::path_of(&path, &workspace());
    let old = std::fs::read(&file).unwrap();
    let store = sealed.home.open().unwrap();
    // The log has taken the new key, and its file isn't in its place yet.
    let rotated = Seal::rotate(&store, &path, false, false, hour(9))
        .await
        .unwrap();
    std::fs::rename(&file, key::next_to(&file)).unwrap();
    std::fs::write(&file, &old).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let seal = Seal::of(&store, &path, false, hour(10)).await.unwrap();
    assert_eq!(seal.verifier(), &rotated.to);
    assert!(!key::next_to(&file).exists());
    // A new key was drawn, and the log never took it.
    let name = seal.verifier().name().clone();
    key::write(&key::next_to(&file), &key::draw(&name).unwrap()).unwrap();
    let again = Seal::of(&store, &path, false, hour(11)).await.unwrap();
    assert_eq!(again.verifier(), &rotated.to);
    Seal::rotate(&store, &path, false, false, hour(12))
        .await
        .unwrap();
    store.close().await;
    assert_eq!(verify(&path, None, &[]).fault, None);
}

#[tokio::test]
async fn that_a_checkpoint_was_shown_is_no_reason_for_another_one() {
    let home = Home::new();
    let store = home.open().unwrap();
    let seal = Seal::of(&store, &home.path(), true, now()).await.unwrap();
    assert_eq!(store.checkpoint_at().await.unwrap(), None);
    request(&store, "one").await;
    assert_eq!(store.checkpoint_at().await.unwrap(), Some(hour(1)));
    let first = seal.checkpoint(&store, hour(1)).await.unwrap().unwrap();
    assert_eq!(first.n, 2);
    for showing in store.showings(hour(1), 9).await.unwrap() {
        store.shown(showing, "a".to_owned(), hour(1)).await.unwrap();
    }
    assert_eq!(store.checkpoint_at().await.unwrap(), None);
    assert_eq!(seal.checkpoint(&store, hour(2)).await.unwrap(), Some(first));
    // The next news takes those facts along.
    request(&store, "two").await;
    let third = seal.checkpoint(&store, hour(3)).await.unwrap().unwrap();
    assert_eq!((third.n, third.size), (3, 5));
    store.close().await;
    assert_eq!(verify(&home.path(), None, &[]).fault, None);
}

#[tokio::test]
async fn an_independent_implementation_accepts_checkpoints_and_proofs() {
    let sealed = sealed().await;
    let forger = Forger::at(&sealed.home.path());
    let leaves: Vec<Vec<u8>> = forger
        .leaves()
        .into_iter()
        .map(|leaf| leaf.2.into_bytes())
        .collect();
    let sizes: Vec<(u64, [u8; 32])> = sealed
        .notes
        .iter()
        .map(|note| {
            let note: SignedNote = note.parse().unwrap();
            assert!(note.verified_by(&[&sealed.key]).is_ok());
            let checkpoint = Checkpoint::of(&note).unwrap();
            (checkpoint.size, checkpoint.root)
        })
        .collect();
    let (size, root) = *sizes.last().unwrap();
    let mut prover = Prover::of(size);
    for seq in 0..size {
        prover.want_inclusion(seq);
    }
    for (from, _) in &sizes {
        prover.want_consistency(*from);
    }
    for leaf in &leaves {
        prover.take(leaf_hash(leaf));
    }
    let theirs = |root: [u8; 32], size| ct_merkle::RootHash::<sha2::Sha256>::new(root.into(), size);
    for (seq, leaf) in (0..size).zip(&leaves) {
        let proof = prover.inclusion(seq).unwrap();
        let proof = ct_merkle::InclusionProof::try_from_bytes(proof.path.concat()).unwrap();
        theirs(root, size)
            .verify_inclusion(leaf, seq, &proof)
            .unwrap();
    }
    for (from, old) in sizes {
        let proof = prover.consistency(from).unwrap();
        let proof = ct_merkle::ConsistencyProof::try_from_bytes(proof.path.concat()).unwrap();
        theirs(root, size)
            .verify_consistency(&theirs(old, from), &proof)
            .unwrap();
    }
}

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[tokio::test]
async fn of_many_random_mutations_none_is_missed() {
    let sealed = sealed().await;
    let path = sealed.home.path();
    let copy = path.with_file_name("copy.db");
    let witness = read_witness(&sealed.notes[3]).unwrap();
    let mut dice = Dice(7);
    for n in 0..150 {
        std::fs::copy(&path, &copy).unwrap();
        let forger = Forger::at(&copy);
        // Within what was witnessed.
        let seq = dice.roll(10);
        let place = usize::try_from(seq).unwrap();
        let mut leaves = forger.leaves();
        let what = dice.roll(6);
        let expected: &[&str] = match what {
            0 => {
                // One byte of a record.
                let len = u64::try_from(leaves[place].2.len()).unwrap();
                let at = dice.roll(len) + 1;
                forger
                    .0
                    .execute(
                        "UPDATE event SET leaf = CAST(substr(leaf, 1, ?2 - 1) || x'7e' || substr(leaf, ?2 + 1) AS BLOB) WHERE seq = ?1",
                        params![seq, at],
                    )
                    .unwrap();
                &["altered"]
            }
            1 => {
                forger
                    .0
                    .execute("DELETE FROM event WHERE seq = ?1", [seq])
                    .unwrap();
                &["missing"]
            }
            2 => {
                let gone = leaves.remove(place);
                assert!(!gone.2.is_empty());
                forger.rewrite(&leaves);
                // A key or a showing that is gone is missed by that name.
                &["altered", "missing", "checkpoint", "key"]
            }
            3 => {
                let again = leaves[place].clone();
                leaves.insert(place, again);
                forger.rewrite(&leaves);
                &["altered", "missing", "checkpoint", "key"]
            }
            4 => {
                let other = (place + 1) % 10;
                leaves.swap(place, other);
                forger.rewrite(&leaves);
                &["altered", "missing", "checkpoint", "key"]
            }
            _ => {
                leaves.truncate(place);
                forger.rewrite(&leaves);
                &["missing"]
            }
        };
        drop(forger);
        let verdict = verify(&copy, Some(&sealed.key), std::slice::from_ref(&witness));
        let fault = verdict
            .fault
            .unwrap_or_else(|| panic!("{n}: {what} of {seq} is missed"));
        assert!(
            expected.contains(&fault.sort()),
            "{n}: {what} of {seq}: {fault}"
        );
        let untouched = verify(&path, Some(&sealed.key), std::slice::from_ref(&witness));
        assert_eq!(untouched.fault, None);
    }
}
