//! The key that signs checkpoints, and the file that keeps it: beside the database,
//! readable for its owner alone.
//!
//! The file holds one line in the form of Go's `sumdb/note`,
//! `PRIVATE+KEY+<name>+<number>+<0x01 and the 32 secret bytes, base64>`.
//! Whoever has the line can sign in the log's name: it is never shown, and a file that
//! others may read isn't used.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::note::{KeyName, NoteFault, SignedNote, SignerKey, VerifierKey};
use crate::config::Secret;
use crate::domain::id::WorkspaceId;
use crate::unfinished::{put_in_place, with_ending};

/// What only the owner may do with the file: read and write it.
const MODE: u32 = 0o600;

/// What announces a secret key.
const PRIVATE: &str = "PRIVATE+KEY+";

/// What the word of the door is made for, so that no signature or other hash is one.
const WORD: &[u8] = b"breakglass: who asks a running bot for a checkpoint\n";

/// What announces Ed25519.
const ED25519: u8 = 0x01;

/// More bytes than a key's file ever has.
const LARGEST: u64 = 4096;

/// Why there is no key to sign with. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// Others may read the file.
    #[error("{path} may be read by others (its mode is {mode:03o}): `chmod 600 {path}`, and rotate the key if somebody may have read it (`breakglass key rotate`)", path = .path.display())]
    Wide {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file can't be read or written.
    #[error("the key's file {path} can't be used ({source}); let this user read and write it", path = .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// There is something else in the file.
    #[error("{path} holds no key ({why}); put the key back that stood there", path = .path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: NoteFault,
    },
    /// It is the key of another log.
    #[error("{path} holds the key of {found}, and this is the log of {wanted}; put the right file in its place", path = .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Whose key it is.
        found: KeyName,
        /// Whose it should be.
        wanted: KeyName,
    },
    /// The system has no randomness to give.
    #[error("the system gives no random bytes for a key: {0}")]
    NoRandomness(getrandom::Error),
}

/// Returns where the key of a workspace's log is kept.
pub fn path_of(database: &Path, workspace: &WorkspaceId) -> PathBuf {
    with_ending(database, &format!(".{workspace}.key"))
}

/// Returns where the next key waits until the log has taken it.
pub fn next_to(path: &Path) -> PathBuf {
    with_ending(path, ".next")
}

/// Draws a new key.
pub fn draw(name: &KeyName) -> Result<SignerKey, KeyFault> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(KeyFault::NoRandomness)?;
    Ok(SignerKey::new(name.clone(), &secret))
}

/// Returns the word by which whoever can read the key is known to a bot that runs on
/// this machine. The key can't be made of it.
pub fn word(key: &SignerKey) -> Secret {
    let mut hash = Sha256::new();
    hash.update(WORD);
    hash.update(key.secret());
    Secret::new(hex::encode(hash.finalize()))
}

/// Reads the key of a log from its file; nothing if there is no file.
pub fn read(path: &Path, name: &KeyName) -> Result<Option<SignerKey>, KeyFault> {
    let unusable = |source| KeyFault::Unusable {
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(error)),
    };
    // Of the file that was opened, not of whatever stands there by now.
    let mode = file.metadata().map_err(unusable)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFault::Wide {
            path: path.to_owned(),
            mode,
        });
    }
    let mut line = String::new();
    file.take(LARGEST)
        .read_to_string(&mut line)
        .map_err(unusable)?;
    let key = decode(line.trim_end()).map_err(|why| KeyFault::NoKey {
        path: path.to_owned(),
        why,
    })?;
    if key.verifier().name() != name {
        return Err(KeyFault::Foreign {
            path: path.to_owned(),
            found: key.verifier().name().clone(),
            wanted: name.clone(),
        });
    }
    Ok(Some(key))
}

/// Writes a key to a file that isn't there yet. Once this returns, it is there even if
/// the machine dies.
pub fn write(path: &Path, key: &SignerKey) -> Result<(), KeyFault> {
    let unusable = |source| KeyFault::Unusable {
        path: path.to_owned(),
        source,
    };
    if path.try_exists().map_err(unusable)? {
        return Err(unusable(ErrorKind::AlreadyExists.into()));
    }
    // Whole or not at all: what was half written stands under another name.
    let half = with_ending(path, ".part");
    match std::fs::remove_file(&half) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(unusable(error)),
    }
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(&half)
        .and_then(|mut file| {
            file.write_all(encode(key).as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| put_in_place(&half, path));
    written.map_err(unusable)
}

/// Puts the file of the next key in the place of the one before, which is gone then.
pub fn replace(next: &Path, path: &Path) -> Result<(), KeyFault> {
    put_in_place(next, path).map_err(|source| KeyFault::Unusable {
        path: path.to_owned(),
        source,
    })
}

fn encode(key: &SignerKey) -> String {
    let secret = STANDARD.encode([&[ED25519], &key.secret()[..]].concat());
    let verifier = key.verifier();
    format!(
        "{PRIVATE}{}+{:08x}+{secret}\n",
        verifier.name(),
        verifier.id()
    )
}

fn decode(line: &str) -> Result<SignerKey, NoteFault> {
    let rest = line
        .strip_prefix(PRIVATE)
        .ok_or(NoteFault::Key("it doesn't begin with PRIVATE+KEY+"))?;
    let mut parts = rest.splitn(3, '+');
    let (Some(name), Some(id), Some(secret)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(NoteFault::Key("it has fewer than three parts"));
    };
    let bytes = STANDARD.decode(secret).unwrap_or_default();
    let Some((&ED25519, secret)) = bytes.split_first() else {
        return Err(NoteFault::Key("it isn't one of Ed25519"));
    };
    let secret =
        <&[u8; 32]>::try_from(secret).map_err(|_| NoteFault::Key("it isn't one of Ed25519"))?;
    let key = SignerKey::new(KeyName::new(name)?, secret);
    if format!("{:08x}", key.verifier().id()) != id {
        return Err(NoteFault::Key("its number doesn't fit its name and key"));
    }
    Ok(key)
}

/// What the old key says about the new one.
///
/// Its second line is no number, so that nobody can pass it off as a checkpoint.
fn words_of_hand_over(to: &VerifierKey) -> String {
    format!("{}\nfrom here on signed by\n{to}\n", to.name())
}

/// Signs, with the old key, that the new one takes its place.
pub fn hand_over(from: &SignerKey, to: &VerifierKey) -> Result<SignedNote, NoteFault> {
    SignedNote::sign(words_of_hand_over(to), from)
}

/// Whether a note says, signed by the old key, that the new one takes its place.
pub fn is_handed_over(note: &SignedNote, from: &VerifierKey, to: &VerifierKey) -> bool {
    note.text() == words_of_hand_over(to) && note.verified_by(&[from]).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> KeyName {
        KeyName::new("breakglass/T0BREAK01").unwrap()
    }

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = path_of(&folder.path().join("b.db"), &WorkspaceId::new("T0BREAK01"));
        (folder, path)
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_key_is_kept_for_its_owner_alone_and_read_back() {
        let (folder, path) = folder();
        assert!(read(&path, &name()).unwrap().is_none());
        let key = draw(&name()).unwrap();
        write(&path, &key).unwrap();
        assert_eq!(path.file_name().unwrap(), "b.db.T0BREAK01.key");
        assert_eq!(mode(&path), 0o600);
        let again = read(&path, &name()).unwrap().unwrap();
        assert_eq!(again.verifier(), key.verifier());
        assert_eq!(again.sign_bytes(b"a"), key.sign_bytes(b"a"));
        // Nothing of it stands elsewhere.
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn no_two_keys_are_the_same() {
        let (a, b) = (draw(&name()).unwrap(), draw(&name()).unwrap());
        assert_ne!(a.verifier(), b.verifier());
    }

    #[test]
    fn a_key_that_others_may_read_is_not_used() {
        let (_folder, path) = folder();
        write(&path, &draw(&name()).unwrap()).unwrap();
        for wide in [0o640, 0o604, 0o620, 0o601, 0o777] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(wide)).unwrap();
            let fault = read(&path, &name()).unwrap_err();
            assert!(matches!(fault, KeyFault::Wide { mode, .. } if mode == wide));
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
        assert!(read(&path, &name()).unwrap().is_some());
    }

    #[test]
    fn a_key_is_never_written_over_another() {
        let (_folder, path) = folder();
        let key = draw(&name()).unwrap();
        write(&path, &key).unwrap();
        assert!(write(&path, &draw(&name()).unwrap()).is_err());
        let kept = read(&path, &name()).unwrap().unwrap();
        assert_eq!(kept.verifier(), key.verifier());
    }

    #[test]
    fn what_was_half_written_before_is_no_hindrance() {
        let (_folder, path) = folder();
        let half = path.with_file_name("b.db.T0BREAK01.key.part");
        std::fs::write(&half, "PRIVATE+KEY+").unwrap();
        write(&path, &draw(&name()).unwrap()).unwrap();
        assert!(!half.exists());
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn what_is_no_key_or_anothers_is_told() {
        let (_folder, path) = folder();
        let theirs = draw(&KeyName::new("breakglass/T2").unwrap()).unwrap();
        write(&path, &theirs).unwrap();
        let fault = read(&path, &name()).unwrap_err();
        assert!(matches!(fault, KeyFault::Foreign { .. }), "{fault}");
        let whole = encode(&draw(&name()).unwrap());
        for bad in ["", "a", &whole[..60], &whole.replace("+KEY+", "+KEX+")] {
            std::fs::write(&path, bad).unwrap();
            let fault = read(&path, &name()).unwrap_err();
            assert!(matches!(fault, KeyFault::NoKey { .. }), "{bad:?}: {fault}");
            // What is wrong with a secret is told without it.
            assert!(!fault.to_string().contains(&whole[50..60]));
        }
    }

    #[test]
    fn a_key_is_handed_over_by_the_one_before_and_by_nobody_else() {
        let (from, to, other) = (
            draw(&name()).unwrap(),
            draw(&name()).unwrap(),
            draw(&name()).unwrap(),
        );
        let note = hand_over(&from, to.verifier()).unwrap();
        assert!(is_handed_over(&note, from.verifier(), to.verifier()));
        assert!(!is_handed_over(&note, from.verifier(), other.verifier()));
        assert!(!is_handed_over(&note, other.verifier(), to.verifier()));
        let forged = hand_over(&other, to.verifier()).unwrap();
        assert!(!is_handed_over(&forged, from.verifier(), to.verifier()));
        assert!(super::super::checkpoint::Checkpoint::of(&note).is_err());
    }
}
