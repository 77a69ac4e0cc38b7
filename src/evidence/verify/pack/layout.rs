//! How the files lie in a pack's zip: one behind the other from its first byte to its
//! list of them, each once, and nothing besides. Whatever else stood there, some program
//! would show, and nobody signed it. The times in it say nothing: who unpacks a pack and
//! packs it anew has altered no file.

use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom};

use super::flaw::Flaw;
use super::place::unreadable;

/// A file, as the zip's list has it.
struct Entry {
    name: Vec<u8>,
    is_streamed: bool,
    is_remarked: bool,
    /// Where it begins, and how many bytes of it there are, packed.
    offset: u64,
    packed: u64,
}

impl Entry {
    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }
}

/// The list of a zip, and where it begins.
pub(super) struct Layout {
    entries: Vec<Entry>,
    begins: u64,
}

/// A number as a zip has it, its lowest byte first.
fn number(bytes: &[u8], at: usize, n: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(n)?)?;
    let number = bytes.iter().rev();
    Some(number.fold(0, |whole, byte| (whole << 8) | u64::from(*byte)))
}

/// What a field holds whose number stands elsewhere.
const ELSEWHERE: u64 = 0xFFFF_FFFF;

fn broken() -> Flaw {
    Flaw::altered("the zip's list of its files can't be read")
}

fn read_at(file: &mut (impl Read + Seek), at: u64, n: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    if file.take(n).read_to_end(&mut bytes)? as u64 == n {
        Ok(bytes)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

impl Layout {
    /// Reads the list.
    pub(super) fn of(file: &mut (impl Read + Seek)) -> Result<Self, Flaw> {
        let size = file.seek(SeekFrom::End(0)).map_err(|_| broken())?;
        let mut ends = size.saturating_sub(22);
        let end = read_at(file, ends, 22).map_err(|_| broken())?;
        if !end.starts_with(b"PK\x05\x06") || number(&end, 20, 2) != Some(0) {
            return Err(Flaw::inserted(
                "the zip holds a comment, or bytes behind its end",
            ));
        }
        let fields = |end: &[u8], at: [usize; 3], sizes: [usize; 3]| -> Option<[u64; 3]> {
            let [n, size, begins] = at;
            let [of_n, of_size, of_begins] = sizes;
            Some([
                number(end, n, of_n)?,
                number(end, size, of_size)?,
                number(end, begins, of_begins)?,
            ])
        };
        let mut found = fields(&end, [10, 12, 16], [2, 4, 4]).ok_or_else(broken)?;
        let locator = ends.checked_sub(20);
        let locator = locator.and_then(|at| read_at(file, at, 20).ok());
        if let Some(locator) = locator.filter(|one| one.starts_with(b"PK\x06\x07")) {
            let at = number(&locator, 8, 8).ok_or_else(broken)?;
            let long = read_at(file, at, 56).map_err(|_| broken())?;
            let large = fields(&long, [32, 40, 48], [8, 8, 8]).ok_or_else(broken)?;
            let fits = found
                .iter()
                .zip(&large)
                .zip([0xFFFF, ELSEWHERE, ELSEWHERE])
                .all(|((short, long), elsewhere)| short == long || *short == elsewhere);
            if !long.starts_with(b"PK\x06\x06") || !fits || at.checked_add(76) != Some(ends) {
                return Err(broken());
            }
            (found, ends) = (large, at);
        }
        let [n, length, begins] = found;
        if begins.checked_add(length) != Some(ends) {
            return Err(Flaw::inserted(
                "the zip holds bytes before its first file, or around its list, that are of no file",
            ));
        }
        let list = read_at(file, begins, length).map_err(|_| broken())?;
        let mut rest = list.as_slice();
        let mut entries = Vec::new();
        while !rest.is_empty() {
            let (entry, after) = entry(rest).ok_or_else(broken)?;
            entries.push(entry);
            rest = after;
        }
        if entries.len() as u64 != n {
            return Err(broken());
        }
        Ok(Self { entries, begins })
    }

    /// Returns the first name that two files have.
    pub(super) fn doubled(&self) -> Option<String> {
        let mut seen = BTreeSet::new();
        let mut names = self.entries.iter();
        let again = names.find(|entry| !seen.insert(&entry.name));
        again.map(Entry::shown)
    }

    /// Whether there is nothing but the files.
    pub(super) fn is_of_files(&self, file: &mut (impl Read + Seek)) -> Result<(), Flaw> {
        let mut at = 0;
        let nexts = self.entries.iter().skip(1).map(|next| next.offset);
        let nexts = nexts.chain([self.begins]);
        for (entry, next) in self.entries.iter().zip(nexts) {
            let name = entry.shown();
            if entry.is_remarked {
                return Err(Flaw::inserted(format!("the zip holds a comment on {name}")));
            }
            if entry.offset > at {
                return Err(Flaw::inserted(format!(
                    "the zip holds bytes before {name} that are of no file"
                )));
            }
            if entry.offset < at {
                return Err(Flaw::altered(format!(
                    "{name} lies in the zip where another file does"
                )));
            }
            if name.ends_with('/') && entry.packed > 0 {
                return Err(Flaw::inserted(format!(
                    "the folder {name} in the zip holds bytes that are of no file"
                )));
            }
            let head = read_at(file, entry.offset, 30).map_err(|_| unreadable(&name))?;
            let (Some(of_name), Some(of_more)) = (number(&head, 26, 2), number(&head, 28, 2))
            else {
                return Err(unreadable(&name));
            };
            let said = read_at(file, entry.offset + 30, of_name);
            if !head.starts_with(b"PK\x03\x04") || said.ok().as_ref() != Some(&entry.name) {
                return Err(unreadable(&name));
            }
            at = [30, of_name, of_more, entry.packed]
                .iter()
                .try_fold(entry.offset, |at, more| at.checked_add(*more))
                .ok_or_else(broken)?;
            // A program that didn't know how long the file would be says so behind it.
            if entry.is_streamed && matches!(next.checked_sub(at), Some(12 | 16 | 20 | 24)) {
                at = next;
            }
        }
        if at == self.begins {
            Ok(())
        } else {
            Err(Flaw::inserted(
                "the zip holds bytes behind its last file that are of no file",
            ))
        }
    }
}

/// Reads the first entry of a list; returns what is behind it, too.
fn entry(list: &[u8]) -> Option<(Entry, &[u8])> {
    let (head, rest) = list.split_first_chunk::<46>()?;
    if !head.starts_with(b"PK\x01\x02") {
        return None;
    }
    let length = |at| usize::try_from(number(head, at, 2)?).ok();
    let (name, rest) = rest.split_at_checked(length(28)?)?;
    let (mut more, rest) = rest.split_at_checked(length(30)?)?;
    let (remark, rest) = rest.split_at_checked(length(32)?)?;
    // Length, packed length and offset, of which those stand elsewhere that are large.
    let mut numbers = [
        number(head, 24, 4)?,
        number(head, 20, 4)?,
        number(head, 42, 4)?,
    ];
    while let (Some(kind), Some(length)) = (number(more, 0, 2), number(more, 2, 2)) {
        let end = usize::try_from(length).ok()?.checked_add(4)?;
        let mut at = 4;
        for one in numbers
            .iter_mut()
            .filter(|one| kind == 1 && **one == ELSEWHERE)
        {
            *one = number(more.get(..end)?, at, 8)?;
            at += 8;
        }
        more = more.get(end..)?;
    }
    let [_, packed, offset] = numbers;
    let entry = Entry {
        name: name.to_owned(),
        is_streamed: number(head, 8, 2)? & 8 != 0,
        is_remarked: !remark.is_empty(),
        offset,
        packed,
    };
    Some((entry, rest))
}
