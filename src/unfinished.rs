//! A file that bears its name when it is whole, and not a moment earlier. Whatever ends
//! us before leaves nothing of that name behind, and nothing is written over.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};

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
                std::fs::hard_link(name, path)?;
                std::fs::remove_file(name)?;
                self.named = None;
            }
        }
        // Its name is on the disk, too.
        File::open(folder_of(path)).and_then(|folder| folder.sync_all())
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
