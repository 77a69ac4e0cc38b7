//! `breakglass evidence` when the disk is full, and when it is killed in the middle.
//!
//! How large a file may become is a limit that the system keeps for each process. Who
//! ignores its signal is told like somebody whose disk is full; whoever doesn't is killed
//! at that byte, and no line of theirs runs any more. So each happens where it should, and
//! nobody needs to be quick.

use std::path::Path;
use std::process::Command;

use super::evidence::{Desk, PERIOD, ended, lived};
use super::{Ended, program, run};

/// So many blocks of 512 bytes fit: none of the first file, some of it, most of the pack.
const ROOM: [u32; 4] = [0, 1, 64, 512];

/// Runs the program with room for so many blocks a file.
async fn export(desk: &Desk, name: &str, before: &str, blocks: u32) -> Ended {
    let limited = format!("{before}\nulimit -c 0; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let plain = program(desk.folder.path());
    let mut command = Command::new("sh");
    command
        .args(["-c", &limited])
        .arg(plain.get_program())
        .args(["evidence", "--out", name])
        .args(PERIOD)
        .args(["--sample", "10", "--seed", "7"])
        .env_clear()
        .env("BREAKGLASS_DATABASE", &desk.database)
        .env("BREAKGLASS_LISTEN", &desk.listen)
        .current_dir(desk.folder.path());
    tokio::task::spawn_blocking(move || run(&mut command))
        .await
        .unwrap()
}

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[tokio::test]
async fn a_full_disk_ends_with_one_sentence_and_leaves_what_was_there() {
    let world = lived().await;
    let desk = Desk::of(&world);
    assert_eq!(desk.export("older.zip", &[]).await.code, Some(0));
    let older = bytes(&desk.path("older.zip"));
    for blocks in ROOM {
        let full = export(&desk, "pack.zip", "trap '' XFSZ", blocks).await;
        full.failed_saying(&["can't be written: "]);
        let same = export(&desk, "older.zip", "trap '' XFSZ", blocks).await;
        same.failed_saying(&["older.zip is there already"]);
        assert_eq!(desk.left(), ["older.zip"], "{blocks}");
    }
    assert!(bytes(&desk.path("older.zip")) == older);
    // What was there isn't in the way of one that fits.
    assert_eq!(desk.export("pack.zip", &[]).await.code, Some(0));
    assert!(bytes(&desk.path("pack.zip")) == older);
    ended(world).await;
}

#[tokio::test]
async fn one_that_is_killed_in_the_middle_leaves_nothing() {
    let world = lived().await;
    let desk = Desk::of(&world);
    for blocks in ROOM {
        let killed = export(&desk, "pack.zip", "", blocks).await;
        assert_eq!((killed.code, killed.out.as_str()), (None, ""), "{killed:?}");
        assert_eq!(desk.left(), Vec::<String>::new(), "{blocks}");
    }
    assert_eq!(desk.export("pack.zip", &[]).await.code, Some(0));
    assert!(desk.verify("pack.zip", &[]).await.0);
    ended(world).await;
}
