//! Whoever reads only the beginning, as `head` does, has read enough: a command then ends
//! as it would have ended, without a word about it.

use std::path::Path;
use std::process::Stdio;

use super::{Ended, finish, program, run};

/// What a command comes to if nobody reads what it prints.
fn unread(folder: &Path, arguments: &[&str]) -> Ended {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = program(folder);
    command
        .args(arguments)
        .stdout(writer)
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    // Else this process would keep the pipe's other end.
    drop(command);
    finish(child)
}

#[test]
fn a_closed_pipe_changes_neither_how_a_command_ends_nor_what_it_says_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("no-pack.zip"), "no pack").unwrap();
    std::fs::write(folder.path().join("wrong.toml"), "wrong = 1").unwrap();
    for arguments in [
        &["fields"][..],
        &["fields", "--json"],
        &["check-config"],
        &["check-config", "--json"],
        &["check-config", "wrong.toml"],
        &["check-config", "--json", "wrong.toml"],
        &["doctor"],
        &["doctor", "--json"],
        &["verify", "no-pack.zip"],
        &["verify", "--json", "no-pack.zip"],
    ] {
        let read = run(program(folder.path()).args(arguments));
        assert_ne!(read.out, "", "{arguments:?} prints nothing: {read:?}");
        let unread = unread(folder.path(), arguments);
        assert_eq!(unread.code, read.code, "{arguments:?}: {unread:?}");
        assert_eq!(unread.err, read.err, "{arguments:?}");
    }
}
