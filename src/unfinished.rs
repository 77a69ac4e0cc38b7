//! A file that bears its name when it is whole, and not a moment earlier. Whatever ends
//! us before leaves nothing of that name behind, and nothing is written over.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

/// What only the owner may do with it: what is in it is confidential.
const MODE: u32 = 0o600;

/// A file that isn't whole yet.
#[derive(Debug)]
pub(crate) struct Unfinished {
    file: File,
    /// Its name in the meantime, where it has one.
    named: Option<PathBuf>,
}

/// Returns the folder in which a file is.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Puts a whole file in the place of another, for good.
pub(crate) fn put_in_place(whole: &Path, path: &Path) -> io::Result<()> {
    std::fs::rename(whole, path)?;
    sync_name(path)
}

/// Has the name of a file on the disk, too.
fn sync_name(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// Returns a name with this behind it.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

impl Unfinished {
    /// Begins a file that will bear this name, on the same disk.
    pub(crate) fn beside(path: &Path) -> io::Result<Self> {
        must_be_free(path)?;
        let open = rustix::fs::open(
            folder_of(path),
            OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC,
            Mode::from_raw_mode(MODE),
        );
        match open {
            Ok(file) => Ok(Self {
                file: file.into(),
                named: None,
            }),
            // The disk keeps no files without a name.
            Err(_) => Self::named_beside(path),
        }
    }

    /// The same for somebody who opens files by their names: it has one in the meantime.
    /// What somebody who was killed left under that is begun anew.
    pub(crate) fn named_beside(path: &Path) -> io::Result<Self> {
        must_be_free(path)?;
        let name = with_ending(path, ".part");
        let file = File::options()
            .write(true)
            .read(true)
            .create(true)
            .truncate(false)
            .mode(MODE)
            .open(&name)?;
        let busy = || {
            io::Error::new(
                ErrorKind::ResourceBusy,
                "another process writes it just now",
            )
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Whoever wrote it may have given it its name since we opened it: it is theirs.
        let (ours, there) = (file.metadata()?, std::fs::symlink_metadata(&name));
        if there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
            file.set_len(0)?;
        } else {
            return Err(busy());
        }
        Ok(Self {
            file,
            named: Some(name),
        })
    }

    /// Returns what to write to.
    pub(crate) fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Returns its name in the meantime, if it has one.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.named.as_deref()
    }

    /// Gives the file its name. Whoever made one of that name meanwhile keeps it.
    pub(crate) fn finish(mut self, path: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        match &self.named {
            None => {
                let unnamed = format!("/proc/self/fd/{}", self.file.as_raw_fd());
                rustix::fs::linkat(CWD, unnamed, CWD, path, AtFlags::SYMLINK_FOLLOW)?;
            }
            Some(name) => {
                rename(name, path)?;
                self.named = None;
            }
        }
        sync_name(path)
    }
}

/// Gives a file another name that nothing bears. FAT knows no second name for a file,
/// and NFS no renaming that spares what is there.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => {
            std::fs::hard_link(from, to)?;
            std::fs::remove_file(from)
        }
        done => Ok(done?),
    }
}

fn must_be_free(path: &Path) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        let what = "it is there already";
        return Err(io::Error::new(ErrorKind::AlreadyExists, what));
    }
    Ok(())
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(name) = &self.named {
            // Nobody is left to be told.
            let _ = std::fs::remove_file(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn left(folder: &Path) -> Vec<String> {
        let names = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = names
            .map(|one| one.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Both ways to begin one: where the disk keeps files without a name, and where not.
    const WAYS: [fn(&Path) -> io::Result<Unfinished>; 2] =
        [Unfinished::beside, Unfinished::named_beside];

    #[test]
    fn a_file_bears_its_name_when_it_is_whole_and_nothing_lies_beside_it() {
        for begin in WAYS {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("pack.zip");
            let unfinished = begin(&path).unwrap();
            unfinished.file().unwrap().write_all(b"whole").unwrap();
            assert!(!path.exists());
            unfinished.finish(&path).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), b"whole");
            assert_eq!(left(folder.path()), ["pack.zip"]);
        }
    }

    #[test]
    fn one_that_is_given_up_leaves_nothing() {
        for begin in WAYS {
            let folder = tempfile::tempdir().unwrap();
            let unfinished = begin(&folder.path().join("pack.zip")).unwrap();
            unfinished.file().unwrap().write_all(b"half").unwrap();
            drop(unfinished);
            assert_eq!(left(folder.path()), Vec::<String>::new());
        }
    }

    #[test]
    fn one_that_somebody_made_meanwhile_is_theirs() {
        for begin in WAYS {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("pack.zip");
            let unfinished = begin(&path).unwrap();
            std::fs::write(&path, "theirs").unwrap();
            unfinished.finish(&path).unwrap_err();
            assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
            assert_eq!(left(folder.path()), ["pack.zip"]);
        }
    }

    #[test]
    fn what_a_kill_left_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pack.zip");
        std::fs::write(folder.path().join("pack.zip.part"), "half of an older one").unwrap();
        let unfinished = Unfinished::named_beside(&path).unwrap();
        unfinished.file().unwrap().write_all(b"whole").unwrap();
        unfinished.finish(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(left(folder.path()), ["pack.zip"]);
    }
}
