//! The pack's file: a zip whose bytes follow from what is put into it, and nothing
//! else. Every file in it is hashed on its way in, and stands in the list that is
//! signed at the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Datelike, Timelike, Utc};
use sha2::{Digest, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::fault::PackFault;
use super::{LIST, SEAL};
use crate::domain::merkle::Hash;
use crate::evidence::note::{SignedNote, SignerKey};

/// The pack in the making.
pub(super) struct Archive<W: Write + Seek> {
    zip: ZipWriter<Steady<W>>,
    fault: Arc<Mutex<Option<io::Error>>>,
    options: SimpleFileOptions,
    listed: BTreeMap<String, Hash>,
}

/// A file of the pack in the making.
pub(super) struct Entry<'a, W: Write + Seek> {
    zip: &'a mut ZipWriter<Steady<W>>,
    sha: Sha256,
}

impl<W: Write + Seek> Write for Entry<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.zip.write(bytes)?;
        self.sha.update(bytes.get(..n).unwrap_or_default());
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.zip.flush()
    }
}

/// What the pack is written to, as those who write it see it: it never fails. They
/// would tell the terminal of it when they are dropped; the first fault is kept for the
/// archive to tell instead, and what comes after it goes nowhere.
struct Steady<W> {
    out: W,
    at: u64,
    end: u64,
    fault: Arc<Mutex<Option<io::Error>>>,
}

impl<W> Steady<W> {
    /// Does something unless something failed before.
    fn unless_failed(&mut self, act: impl FnOnce(&mut W) -> io::Result<()>) {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if fault.is_none() {
            *fault = act(&mut self.out).err();
        }
    }
}

impl<W: Write> Write for Steady<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_failed(|out| out.write_all(bytes));
        self.at += bytes.len() as u64;
        self.end = self.end.max(self.at);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_failed(Write::flush);
        Ok(())
    }
}

impl<W: Seek> Seek for Steady<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
        };
        let at = at.ok_or(io::ErrorKind::InvalidInput)?;
        if at != self.at {
            self.unless_failed(|out| out.seek(SeekFrom::Start(at)).map(|_| ()));
            self.at = at;
        }
        Ok(at)
    }
}

/// How a file is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pressed {
    /// Smaller than it is.
    Small,
    /// As it is: it is pressed already.
    Already,
}

impl<W: Write + Seek> Archive<W> {
    /// Begins a pack; all of its files bear this time.
    pub(super) fn begin(out: W, made_at: DateTime<Utc>) -> Self {
        // What zip's calendar, which begins in 1980, doesn't have stands at its beginning.
        let at = zip::DateTime::from_date_and_time(
            u16::try_from(made_at.year()).unwrap_or_default(),
            u8::try_from(made_at.month()).unwrap_or_default(),
            u8::try_from(made_at.day()).unwrap_or_default(),
            u8::try_from(made_at.hour()).unwrap_or_default(),
            u8::try_from(made_at.minute()).unwrap_or_default(),
            u8::try_from(made_at.second()).unwrap_or_default(),
        )
        .unwrap_or_default();
        let fault = Arc::default();
        let out = Steady {
            out,
            at: 0,
            end: 0,
            fault: Arc::clone(&fault),
        };
        Self {
            zip: ZipWriter::new(out),
            fault,
            options: SimpleFileOptions::default()
                .last_modified_time(at)
                .unix_permissions(0o644),
            listed: BTreeMap::new(),
        }
    }

    /// Puts a file in.
    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> Result<Hash, PackFault> {
        self.stream(name, Pressed::Small, |entry| Ok(entry.write_all(bytes)?))?;
        Ok(Sha256::digest(bytes).into())
    }

    /// Puts a file in whose bytes come one after the other, as many as there are.
    pub(super) fn stream<T>(
        &mut self,
        name: &str,
        pressed: Pressed,
        write: impl FnOnce(&mut Entry<'_, W>) -> Result<T, PackFault>,
    ) -> Result<T, PackFault> {
        let method = match pressed {
            Pressed::Small => zip::CompressionMethod::Deflated,
            Pressed::Already => zip::CompressionMethod::Stored,
        };
        // Any of them may be larger than 4 GB, and none is read by programs so old
        // that they don't know of that.
        let options = self.options.compression_method(method).large_file(true);
        self.zip.start_file(name, options)?;
        let mut entry = Entry {
            zip: &mut self.zip,
            sha: Sha256::new(),
        };
        let done = write(&mut entry)?;
        let hash = entry.sha.finalize().into();
        self.failed()?;
        self.listed.insert(name.to_owned(), hash);
        Ok(done)
    }

    /// Lists every file, signs the list and ends the pack. Returns how many files
    /// there are.
    pub(super) fn seal(mut self, key: &SignerKey) -> Result<usize, PackFault> {
        let mut list = String::new();
        for (name, hash) in &self.listed {
            // Writing to a string can't fail.
            let _ = writeln!(list, "{}  {name}", hex::encode(hash));
        }
        let n_files = self.listed.len();
        let hash = self.add(LIST, list.as_bytes())?;
        let text = format!("{}/pack\n{}\n", key.verifier().name(), hex::encode(hash));
        let note = SignedNote::sign(text, key)?;
        self.add(SEAL, note.to_string().as_bytes())?;
        let mut out = self.zip.finish()?;
        out.flush()?;
        let fault = self
            .fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        fault.map_or(Ok(n_files), |fault| Err(fault.into()))
    }

    /// Tells the first fault, if there was one.
    fn failed(&self) -> Result<(), PackFault> {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        fault.take().map_or(Ok(()), |fault| Err(fault.into()))
    }
}
