//! Where a pack is: a file as it came, or the folder that it was unpacked to.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zip::{CompressionMethod, ZipArchive};

use super::flaw::Flaw;
use super::layout::Layout;

/// The longest file that is read whole, but for hashes, whose number is known before:
/// what is longer was made to take our memory.
pub(super) const LONGEST: u64 = 64 << 20;

/// What can be read from any place in it.
pub(super) trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// The files of a pack.
pub(super) struct Place {
    inside: Inside,
    names: BTreeSet<String>,
    /// What is in the zip that is of no file.
    odd: Option<Flaw>,
}

enum Inside {
    Zip(Box<ZipArchive<BufReader<File>>>),
    Folder(PathBuf),
}

impl Place {
    pub(super) fn open(path: &Path) -> Result<Self, Flaw> {
        let no_pack = || Flaw::NoPack {
            what: format!("{} is neither a pack nor the folder of one", path.display()),
        };
        if path.is_dir() {
            let mut names = BTreeSet::new();
            walk(path, "", &mut names).map_err(|_| no_pack())?;
            return Ok(Self {
                inside: Inside::Folder(path.to_owned()),
                names,
                odd: None,
            });
        }
        let file = File::open(path).map_err(|_| no_pack())?;
        let mut file = BufReader::new(file);
        let layout = Layout::of(&mut file);
        if let Some(name) = layout.as_ref().ok().and_then(Layout::doubled) {
            return Err(Flaw::inserted(format!(
                "the pack holds two files named {name}"
            )));
        }
        let odd = layout.and_then(|layout| layout.is_of_files(&mut file));
        let zip = ZipArchive::new(file).map_err(|_| no_pack())?;
        let names = zip.file_names();
        let names: Result<BTreeSet<String>, _> = names
            .map(|name| name.map(std::borrow::Cow::into_owned))
            .collect();
        let mut names = names.map_err(|_| no_pack())?;
        names.retain(|name| !name.ends_with('/'));
        Ok(Self {
            inside: Inside::Zip(Box::new(zip)),
            names,
            odd: odd.err(),
        })
    }

    /// Whether there is nothing but the files.
    pub(super) fn is_of_files(&mut self) -> Result<(), Flaw> {
        self.odd.take().map_or(Ok(()), Err)
    }

    pub(super) fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// Reads a file with something that goes back and forth in it.
    pub(super) fn with_seek<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut dyn ReadSeek) -> Result<T, Flaw>,
    ) -> Result<T, Flaw> {
        if !self.names.contains(name) {
            return Err(Flaw::missing(name));
        }
        let broken = |_| unreadable(name);
        match &mut self.inside {
            Inside::Folder(folder) => match File::open(folder.join(name)) {
                Ok(file) => read(&mut BufReader::new(file)),
                Err(_) => Err(unreadable(name)),
            },
            Inside::Zip(zip) => {
                let mut file = zip.by_name(name).map_err(broken)?;
                if file.compression() == CompressionMethod::Stored {
                    drop(file);
                    return read(&mut zip.by_name_seek(name).map_err(broken)?);
                }
                // Somebody packed it anew.
                let mut bytes = Vec::new();
                let done = file.read_to_end(&mut bytes);
                done.map_err(|_| unreadable(name))?;
                read(&mut Cursor::new(bytes))
            }
        }
    }

    /// Reads a file with something that takes its bytes as they come.
    pub(super) fn with<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut dyn Read) -> Result<T, Flaw>,
    ) -> Result<T, Flaw> {
        if !self.names.contains(name) {
            return Err(Flaw::missing(name));
        }
        match &mut self.inside {
            Inside::Zip(zip) => match zip.by_name(name) {
                Ok(mut file) => read(&mut file),
                Err(_) => Err(unreadable(name)),
            },
            Inside::Folder(folder) => match File::open(folder.join(name)) {
                Ok(file) => read(&mut BufReader::new(file)),
                Err(_) => Err(unreadable(name)),
            },
        }
    }

    pub(super) fn read(&mut self, name: &str) -> Result<Vec<u8>, Flaw> {
        self.read_up_to(name, LONGEST)?
            .ok_or_else(|| too_long(name))
    }

    /// Reads a file that has so many bytes at the most; nothing of one that has more.
    pub(super) fn read_up_to(&mut self, name: &str, most: u64) -> Result<Option<Vec<u8>>, Flaw> {
        self.with(name, |file| {
            let mut bytes = Vec::new();
            let n = file
                .take(most.saturating_add(1))
                .read_to_end(&mut bytes)
                .map_err(|_| unreadable(name))?;
            Ok((n as u64 <= most).then_some(bytes))
        })
    }

    /// Returns the SHA-256 of a file.
    pub(super) fn digest(&mut self, name: &str) -> Result<String, Flaw> {
        self.with(name, |file| {
            let mut sha = Sha256::new();
            let mut buffer = vec![0; 1 << 16];
            loop {
                let n = file.read(&mut buffer).map_err(|_| unreadable(name))?;
                if n == 0 {
                    return Ok(hex::encode(sha.finalize()));
                }
                sha.update(buffer.get(..n).unwrap_or_default());
            }
        })
    }

    pub(super) fn json(&mut self, name: &str) -> Result<serde_json::Value, Flaw> {
        serde_json::from_slice(&self.read(name)?)
            .map_err(|_| Flaw::altered(format!("{name} isn't JSON")))
    }
}

pub(super) fn too_long(name: &str) -> Flaw {
    Flaw::altered(format!("{name} is longer than such a file can be"))
}

pub(super) fn unreadable(name: &str) -> Flaw {
    Flaw::altered(format!("{name} can't be read"))
}

fn walk(folder: &Path, before: &str, names: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{before}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.insert(name);
        }
    }
    Ok(())
}
