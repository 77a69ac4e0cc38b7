//! The file that a pack is written to: it bears its name when it is whole, and not a
//! moment earlier. Whatever ends us before leaves nothing behind.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rustix::fs::{AtFlags, CWD, Mode, OFlags};

/// What only the owner may do with it: what is in it is confidential.
const MODE: u32 = 0o600;

/// A file that isn't whole yet.
pub(super) struct Unfinished {
    file: File,
    /// Its name in the meantime, where the disk keeps no files without one.
    named: Option<PathBuf>,
}

/// Returns the folder in which a file is.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

impl Unfinished {
    /// Begins a file that will bear this name, on the same disk.
    pub(super) fn beside(path: &Path) -> anyhow::Result<Self> {
        if path.symlink_metadata().is_ok() {
            bail!(
                "{} is there already; name another file with --out",
                path.display()
            );
        }
        let folder = folder_of(path);
        let open = rustix::fs::open(
            &folder,
            OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC,
            Mode::from_raw_mode(MODE),
        );
        if let Ok(file) = open {
            return Ok(Self {
                file: file.into(),
                named: None,
            });
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let name = PathBuf::from(name);
        let file = File::options()
            .write(true)
            .read(true)
            .create(true)
            .truncate(true)
            .mode(MODE)
            .open(&name)
            .with_context(|| format!("{} can't be written", path.display()))?;
        Ok(Self {
            file,
            named: Some(name),
        })
    }

    /// Returns what to write to.
    pub(super) fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Gives the file its name. Whoever made one of that name meanwhile keeps it.
    pub(super) fn finish(mut self, path: &Path) -> anyhow::Result<()> {
        let failed = || format!("{} can't be written", path.display());
        self.file.sync_all().with_context(failed)?;
        match &self.named {
            None => {
                let unnamed = format!("/proc/self/fd/{}", self.file.as_raw_fd());
                rustix::fs::linkat(CWD, unnamed, CWD, path, AtFlags::SYMLINK_FOLLOW)
                    .map_err(io::Error::from)
                    .with_context(failed)?;
            }
            Some(name) => {
                std::fs::hard_link(name, path).with_context(failed)?;
                std::fs::remove_file(name).with_context(failed)?;
                self.named = None;
            }
        }
        // Its name is on the disk, too.
        File::open(folder_of(path))
            .and_then(|folder| folder.sync_all())
            .with_context(failed)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(name) = &self.named {
            // Nobody is left to be told.
            let _ = std::fs::remove_file(name);
        }
    }
}
