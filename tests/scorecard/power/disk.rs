//! A disk that can lose power: what stands between `SQLite` and the system's files.
//!
//! It is registered as the way in which every connection of this process opens
//! its files. Reads and writes go through to the system. Beside them it keeps,
//! for each file of a database, what the last flush made durable and what was
//! written since. When the power goes, every call fails; afterwards the files are
//! put back to what a real disk might hold: of what wasn't flushed any part, in
//! any order, torn at sectors. Shared memory is forwarded, and gone after the cut.
//!
//! `SQLite` promises nothing about a disk that forgets what it flushed, and
//! neither does this one: it forgets only where a control asks for that.
#![allow(unsafe_code, reason = "SQLite calls its files through C pointers")]
#![allow(
    non_snake_case,
    reason = "the functions bear the names that SQLite gives them"
)]

use std::collections::BTreeMap;
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::Context as _;
use rusqlite::ffi;

use crate::dice::Dice;

/// How much of a write a disk takes or leaves at once.
const SECTOR: usize = 512;

/// What the disk does to whoever writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// None.
    None,
    /// The power goes at the n-th call that writes, flushes or removes.
    PowerCut { at: u64 },
    /// That call fails with this code, and, if it stays, all after it.
    Fails { at: u64, code: c_int, stays: bool },
    /// That call does nothing, and says that it did: a disk that lies.
    Lies { at: u64 },
}

/// What a disk has of a file.
#[derive(Debug, Default)]
struct Image {
    /// What the last flush made durable.
    durable: Vec<u8>,
    /// What was done since.
    pending: Vec<Pending>,
    /// Whether it was ever flushed; its name may be gone otherwise.
    was_flushed: bool,
}

#[derive(Debug)]
enum Pending {
    Write { from: usize, bytes: Vec<u8> },
    Truncate { to: usize },
}

/// The one disk of this process.
#[derive(Debug)]
struct Disk {
    has_power: bool,
    trouble: Trouble,
    n_calls: u64,
    has_failed: bool,
    forgets_commits: bool,
    images: BTreeMap<PathBuf, Image>,
}

static DISK: Mutex<Disk> = Mutex::new(Disk {
    has_power: true,
    trouble: Trouble::None,
    n_calls: 0,
    has_failed: false,
    forgets_commits: false,
    images: BTreeMap::new(),
});

fn disk() -> MutexGuard<'static, Disk> {
    DISK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What becomes of a call.
enum Verdict {
    Done,
    Swallowed,
    Refused(c_int),
}

impl Disk {
    /// Counts a call that alters the disk, and says what becomes of it.
    fn admit(&mut self, when_dark: c_int) -> Verdict {
        if !self.has_power {
            return Verdict::Refused(when_dark);
        }
        self.n_calls += 1;
        match self.trouble {
            Trouble::PowerCut { at } if self.n_calls >= at => {
                self.has_power = false;
                Verdict::Refused(when_dark)
            }
            Trouble::Fails { at, code, stays }
                if self.n_calls == at || (stays && self.n_calls > at) =>
            {
                self.has_failed = true;
                Verdict::Refused(code)
            }
            Trouble::Lies { at } if self.n_calls == at => {
                self.has_failed = true;
                Verdict::Swallowed
            }
            Trouble::None
            | Trouble::PowerCut { .. }
            | Trouble::Fails { .. }
            | Trouble::Lies { .. } => Verdict::Done,
        }
    }

    /// What `synchronous=NORMAL` leaves out, this may leave out too: a flush of the
    /// write-ahead log is not done for a commit, but before a checkpoint.
    fn flush_before_checkpoint(&mut self, path: &Path) {
        if self.forgets_commits {
            let mut log = path.as_os_str().to_owned();
            log.push("-wal");
            if let Some(image) = self.images.get_mut(Path::new(&log)) {
                image.flush();
            }
        }
    }
}

impl Image {
    fn flush(&mut self) {
        for one in self.pending.drain(..) {
            one.apply(&mut self.durable);
        }
        self.was_flushed = true;
    }
}

impl Pending {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Write { from, bytes } => write_at(to, *from, bytes),
            Self::Truncate { to: length } => to.truncate(*length),
        }
    }

    /// The part of it that came to the disk, or nothing.
    fn torn(self, dice: &mut Dice) -> Vec<Self> {
        match self {
            Self::Truncate { .. } if dice.one_in(2) => Vec::new(),
            Self::Truncate { to } => vec![Self::Truncate { to }],
            Self::Write { from, bytes } => match dice.below(4) {
                0 => Vec::new(),
                1 => vec![Self::Write { from, bytes }],
                _ => {
                    let mut kept = Vec::new();
                    let mut at = from;
                    let mut rest = bytes.as_slice();
                    while !rest.is_empty() {
                        // A write needn't begin at a sector; its first piece ends at one.
                        let (piece, after) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
                        if dice.one_in(2) {
                            kept.push(Self::Write {
                                from: at,
                                bytes: piece.to_vec(),
                            });
                        }
                        at += piece.len();
                        rest = after;
                    }
                    kept
                }
            },
        }
    }
}

fn write_at(to: &mut Vec<u8>, from: usize, bytes: &[u8]) {
    let end = from + bytes.len();
    if to.len() < end {
        to.resize(end, 0);
    }
    if let Some(place) = to.get_mut(from..end) {
        place.copy_from_slice(bytes);
    }
}

/// Gives the disk power and a trouble, and begins to count its calls.
pub(crate) fn power_on(trouble: Trouble) {
    let mut disk = disk();
    disk.has_power = true;
    disk.trouble = trouble;
    disk.n_calls = 0;
    disk.has_failed = false;
}

/// Takes the power away now.
pub(crate) fn power_off() {
    disk().has_power = false;
}

/// Whether the disk has power.
pub(crate) fn has_power() -> bool {
    disk().has_power
}

/// Whether the trouble came.
pub(crate) fn has_failed() -> bool {
    disk().has_failed
}

/// How many calls wrote, flushed or removed since the power came.
pub(crate) fn n_calls() -> u64 {
    disk().n_calls
}

/// Lets the disk leave out what `synchronous=NORMAL` leaves out, or no longer.
pub(crate) fn forget_commits(forgets: bool) {
    disk().forgets_commits = forgets;
}

/// Puts the files to what a disk may hold after the power went; nobody may have
/// them open. What was written and not flushed is there, or not, or in part.
pub(crate) fn put_back(dice: &mut Dice) -> anyhow::Result<()> {
    let mut disk = disk();
    for (path, mut image) in std::mem::take(&mut disk.images) {
        let mut pending: Vec<Pending> = image
            .pending
            .drain(..)
            .flat_map(|one| one.torn(dice))
            .collect();
        // In any order.
        while !pending.is_empty() {
            let one = pending.swap_remove(dice.below(pending.len()));
            one.apply(&mut image.durable);
        }
        if !image.was_flushed && dice.one_in(2) {
            match std::fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).context("a file can't be removed"),
            }
        } else {
            std::fs::write(&path, &image.durable).context("a file can't be put back")?;
        }
        let mut shared = path.into_os_string();
        shared.push("-shm");
        // Most have none.
        let _ = std::fs::remove_file(shared);
    }
    Ok(())
}

/// Forgets every file, which stay as they are; nobody may have them open.
pub(crate) fn forget_files() {
    disk().images.clear();
}

/// A file as `SQLite` sees it; the system's own follows right behind.
#[repr(C)]
struct Ours {
    methods: *const ffi::sqlite3_io_methods,
    /// Owned; null where the file is none of a database.
    path: *mut PathBuf,
}

/// The way into the system's files that ours goes through.
struct System(*mut ffi::sqlite3_vfs);

// SAFETY: SQLite's own, registered for the life of the process and never altered.
unsafe impl Send for System {}
// SAFETY: as above; its functions may be called from any thread.
unsafe impl Sync for System {}

static SYSTEM: OnceLock<System> = OnceLock::new();

/// Makes this the way in which every connection opens its files.
pub(crate) fn register() -> anyhow::Result<()> {
    // SAFETY: SQLite is initialised by its first call; the default is never removed.
    let system = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
    anyhow::ensure!(!system.is_null(), "SQLite has no way to files");
    if SYSTEM.set(System(system)).is_err() {
        return Ok(());
    }
    // SAFETY: a plain C structure, of which the functions that we leave stay right:
    // they look for nothing in it but what is copied.
    let mut ours = unsafe { std::ptr::read(system) };
    ours.zName = c"a disk that can lose power".as_ptr();
    ours.pNext = std::ptr::null_mut();
    ours.szOsFile += c_int::try_from(size_of::<Ours>())?;
    ours.xOpen = Some(xOpen);
    ours.xDelete = Some(xDelete);
    // SAFETY: leaked, so that it lives as long as the process, as SQLite asks.
    let registered = unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(ours)), 1) };
    anyhow::ensure!(
        registered == ffi::SQLITE_OK,
        "SQLite takes no other way to files"
    );
    Ok(())
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // 2: with shared memory, without memory-mapped pages.
    iVersion: 2,
    xClose: Some(xClose),
    xRead: Some(xRead),
    xWrite: Some(xWrite),
    xTruncate: Some(xTruncate),
    xSync: Some(xSync),
    xFileSize: Some(xFileSize),
    xLock: Some(xLock),
    xUnlock: Some(xUnlock),
    xCheckReservedLock: Some(xCheckReservedLock),
    xFileControl: Some(xFileControl),
    xSectorSize: Some(xSectorSize),
    xDeviceCharacteristics: Some(xDeviceCharacteristics),
    xShmMap: Some(xShmMap),
    xShmLock: Some(xShmLock),
    xShmBarrier: Some(xShmBarrier),
    xShmUnmap: Some(xShmUnmap),
    xFetch: None,
    xUnfetch: None,
};

/// The system's own file behind ours.
unsafe fn behind(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: szOsFile made room for both, one after the other.
    unsafe { file.cast::<Ours>().add(1).cast() }
}

/// The path of a database's file; nothing for others.
unsafe fn path_of<'a>(file: *mut ffi::sqlite3_file) -> Option<&'a Path> {
    // SAFETY: xOpen wrote it, and xClose alone takes it away.
    unsafe { (*file.cast::<Ours>()).path.as_ref() }.map(PathBuf::as_path)
}

/// Calls the same function of the system's own file.
macro_rules! forward {
    ($file:ident . $name:ident ( $($argument:expr),* )) => {{
        // SAFETY: a file that xOpen opened, with what SQLite handed over.
        unsafe {
            let behind = behind($file);
            match (*behind).pMethods.as_ref().and_then(|methods| methods.$name) {
                Some(function) => function(behind $(, $argument)*),
                None => ffi::SQLITE_IOERR,
            }
        }
    }};
}

unsafe extern "C" fn xOpen(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite hands over room for szOsFile bytes.
    unsafe {
        (*file).pMethods = std::ptr::null();
    }
    if !has_power() {
        return ffi::SQLITE_CANTOPEN;
    }
    let Some(System(system)) = SYSTEM.get() else {
        return ffi::SQLITE_CANTOPEN;
    };
    // SAFETY: the system's own function, with its own structure.
    let opened = unsafe {
        match (**system).xOpen {
            Some(open) => open(*system, name, behind(file), flags, out),
            None => ffi::SQLITE_CANTOPEN,
        }
    };
    if opened != ffi::SQLITE_OK {
        return opened;
    }
    let ours = ffi::SQLITE_OPEN_MAIN_DB | ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_WAL;
    let path = if flags & ours == 0 || name.is_null() {
        std::ptr::null_mut()
    } else {
        // SAFETY: a name that ends with a zero, as SQLite's all do.
        let name = unsafe { CStr::from_ptr(name) };
        let path = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
        let mut disk = disk();
        disk.images.entry(path.clone()).or_insert_with(|| {
            // What stands there before is as durable as it ever was.
            let durable = std::fs::read(&path).unwrap_or_default();
            Image {
                was_flushed: !durable.is_empty(),
                durable,
                pending: Vec::new(),
            }
        });
        Box::into_raw(Box::new(path))
    };
    // SAFETY: as above; this is the head of that room.
    unsafe {
        file.cast::<Ours>().write(Ours {
            methods: &raw const METHODS,
            path,
        });
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn xDelete(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync: c_int,
) -> c_int {
    // SAFETY: a name that ends with a zero.
    let path = PathBuf::from(OsStr::from_bytes(
        unsafe { CStr::from_ptr(name) }.to_bytes(),
    ));
    let mut disk = disk();
    if disk.images.contains_key(&path) {
        match disk.admit(ffi::SQLITE_IOERR_DELETE) {
            Verdict::Done => {
                disk.images.remove(&path);
            }
            Verdict::Swallowed => return ffi::SQLITE_OK,
            Verdict::Refused(code) => return code,
        }
    }
    drop(disk);
    let Some(System(system)) = SYSTEM.get() else {
        return ffi::SQLITE_IOERR_DELETE;
    };
    // SAFETY: the system's own function, with its own structure.
    unsafe {
        match (**system).xDelete {
            Some(delete) => delete(*system, name, sync),
            None => ffi::SQLITE_IOERR_DELETE,
        }
    }
}

unsafe extern "C" fn xClose(file: *mut ffi::sqlite3_file) -> c_int {
    let closed = forward!(file.xClose());
    // SAFETY: xOpen made it, and nobody calls the file again after this.
    unsafe {
        let path = std::mem::replace(&mut (*file.cast::<Ours>()).path, std::ptr::null_mut());
        if !path.is_null() {
            drop(Box::from_raw(path));
        }
    }
    closed
}

unsafe extern "C" fn xRead(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    n: c_int,
    from: ffi::sqlite3_int64,
) -> c_int {
    if has_power() {
        forward!(file.xRead(into, n, from))
    } else {
        ffi::SQLITE_IOERR_READ
    }
}

unsafe extern "C" fn xWrite(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    n: c_int,
    from: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: a file that xOpen opened.
    if let Some(path) = unsafe { path_of(file) } {
        let mut disk = disk();
        let in_the_air = disk.has_power;
        let verdict = disk.admit(ffi::SQLITE_IOERR_WRITE);
        if !disk.images.contains_key(path) {
            return ffi::SQLITE_IOERR_WRITE;
        }
        let length = usize::try_from(n).unwrap_or_default();
        // SAFETY: SQLite hands over that many bytes.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), length) };
        let cut = matches!(verdict, Verdict::Refused(_)) && in_the_air && !disk.has_power;
        // What was in the air when the power went may have come down too.
        if cut || matches!(verdict, Verdict::Done) {
            if !path.as_os_str().as_bytes().ends_with(b"-wal") {
                disk.flush_before_checkpoint(path);
            }
            if let Some(image) = disk.images.get_mut(path) {
                image.pending.push(Pending::Write {
                    from: usize::try_from(from).unwrap_or_default(),
                    bytes: bytes.to_vec(),
                });
            }
        }
        match verdict {
            Verdict::Done => {}
            Verdict::Swallowed => return ffi::SQLITE_OK,
            Verdict::Refused(code) => return code,
        }
    }
    forward!(file.xWrite(bytes, n, from))
}

unsafe extern "C" fn xTruncate(file: *mut ffi::sqlite3_file, to: ffi::sqlite3_int64) -> c_int {
    // SAFETY: a file that xOpen opened.
    if let Some(path) = unsafe { path_of(file) } {
        let mut disk = disk();
        match disk.admit(ffi::SQLITE_IOERR_TRUNCATE) {
            Verdict::Done => {
                if let Some(image) = disk.images.get_mut(path) {
                    image.pending.push(Pending::Truncate {
                        to: usize::try_from(to).unwrap_or_default(),
                    });
                }
            }
            Verdict::Swallowed => return ffi::SQLITE_OK,
            Verdict::Refused(code) => return code,
        }
    }
    forward!(file.xTruncate(to))
}

/// The disk is flushed in our books only: what the system would do for that
/// proves nothing here and costs most of the time.
unsafe extern "C" fn xSync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: a file that xOpen opened.
    let Some(path) = (unsafe { path_of(file) }) else {
        return forward!(file.xSync(flags));
    };
    let mut disk = disk();
    match disk.admit(ffi::SQLITE_IOERR_FSYNC) {
        Verdict::Done => {
            let left_out = disk.forgets_commits && path.as_os_str().as_bytes().ends_with(b"-wal");
            if !left_out && let Some(image) = disk.images.get_mut(path) {
                image.flush();
            }
            ffi::SQLITE_OK
        }
        Verdict::Swallowed => ffi::SQLITE_OK,
        Verdict::Refused(code) => code,
    }
}

unsafe extern "C" fn xFileSize(
    file: *mut ffi::sqlite3_file,
    size: *mut ffi::sqlite3_int64,
) -> c_int {
    forward!(file.xFileSize(size))
}

unsafe extern "C" fn xLock(file: *mut ffi::sqlite3_file, lock: c_int) -> c_int {
    forward!(file.xLock(lock))
}

unsafe extern "C" fn xUnlock(file: *mut ffi::sqlite3_file, lock: c_int) -> c_int {
    forward!(file.xUnlock(lock))
}

unsafe extern "C" fn xCheckReservedLock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    forward!(file.xCheckReservedLock(out))
}

unsafe extern "C" fn xFileControl(
    file: *mut ffi::sqlite3_file,
    operation: c_int,
    argument: *mut c_void,
) -> c_int {
    forward!(file.xFileControl(operation, argument))
}

unsafe extern "C" fn xSectorSize(file: *mut ffi::sqlite3_file) -> c_int {
    forward!(file.xSectorSize())
}

/// What the system promises, which is that a write harms nothing beside it: ours
/// tears what is written, and nothing else.
unsafe extern "C" fn xDeviceCharacteristics(file: *mut ffi::sqlite3_file) -> c_int {
    forward!(file.xDeviceCharacteristics())
}

unsafe extern "C" fn xShmMap(
    file: *mut ffi::sqlite3_file,
    page: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    forward!(file.xShmMap(page, size, extend, out))
}

unsafe extern "C" fn xShmLock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    n: c_int,
    flags: c_int,
) -> c_int {
    forward!(file.xShmLock(offset, n, flags))
}

unsafe extern "C" fn xShmBarrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: a file that xOpen opened.
    unsafe {
        let behind = behind(file);
        let methods = (*behind).pMethods.as_ref();
        if let Some(barrier) = methods.and_then(|methods| methods.xShmBarrier) {
            barrier(behind);
        }
    }
}

unsafe extern "C" fn xShmUnmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    forward!(file.xShmUnmap(delete))
}
