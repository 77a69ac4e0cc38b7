//! Lists of changes as CSV, line by line: a bad line is told and the rest taken.

use std::borrow::Cow;
use std::io::{self, Read};

use chrono::{DateTime, Utc};
use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use super::Draw;
use super::row::{Column, Row, RowFault};
use crate::domain::deployment::Deployment;

/// Why a file can't be read at all.
#[derive(Debug, thiserror::Error)]
pub enum HeaderFault {
    /// The file ended before its header.
    #[error("the file is empty; its first line names the columns: {}", columns())]
    Empty,
    /// It is separated by something else.
    #[error(
        "the columns are separated by {0}; save the file with commas (CSV UTF-8) and try again"
    )]
    Separator(&'static str),
    /// A column is missing that each line needs.
    #[error("the header has no column `{}`; it may have: {}", .0.name(), columns())]
    Missing(Column),
    /// A column stands there twice.
    #[error("the header has the column `{}` twice; take one out", .0.name())]
    Twice(Column),
    /// The header isn't UTF-8.
    #[error("the file isn't UTF-8 text; save it as CSV UTF-8 and try again")]
    NotText,
    /// The file can't be read.
    #[error("the file can't be read")]
    Io(#[source] io::Error),
}

/// All columns, as they are written.
fn columns() -> String {
    let names: Vec<_> = Column::ALL.iter().map(|column| column.name()).collect();
    names.join(",")
}

/// A line that can't be counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct BadLine {
    /// The line on which it begins, from 1, the header's.
    pub line: u64,
    /// Why not.
    pub fault: RowFault,
}

/// The changes of a file, one line after the other.
pub struct Lines<'a, R> {
    reader: Reader<Ends<R>>,
    columns: Vec<Option<Column>>,
    record: ByteRecord,
    draw: Draw<'a>,
    now: DateTime<Utc>,
    from_line: u64,
    line: u64,
    broken: Option<io::Error>,
    is_over: bool,
}

impl<R> std::fmt::Debug for Lines<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines")
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

/// What separates columns in files that aren't ours.
const OTHER_SEPARATORS: &[(u8, &str)] = &[(b';', "semicolons"), (b'\t', "tabs"), (b'|', "bars")];

/// So much is read at once: files are long, and lines are short.
const BUFFER: usize = 256 * 1024;

impl<'a, R: Read> Lines<'a, R> {
    /// Reads the header. What lies further ahead than an hour isn't deployed yet.
    pub fn open(source: R, draw: Draw<'a>, now: DateTime<Utc>) -> Result<Self, HeaderFault> {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(BUFFER)
            .from_reader(Ends::of(source));
        let mut header = ByteRecord::new();
        let has_one = reader.read_byte_record(&mut header).map_err(broken)?;
        if !has_one {
            return Err(HeaderFault::Empty);
        }
        // UTF-16, which Excel calls "Unicode Text", begins so.
        let start = header.get(0).unwrap_or_default();
        if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) {
            return Err(HeaderFault::NotText);
        }
        let mut columns = Vec::with_capacity(header.len());
        for name in &header {
            let name = std::str::from_utf8(name).map_err(|_| HeaderFault::NotText)?;
            let name = name.trim_start_matches('\u{feff}').trim().to_lowercase();
            let column = Column::from_name(&name);
            if let Some(column) = column
                && columns.contains(&Some(column))
            {
                return Err(HeaderFault::Twice(column));
            }
            columns.push(column);
        }
        let first = Column::REQUIRED
            .iter()
            .find(|column| !columns.contains(&Some(**column)));
        if let Some(missing) = first {
            let whole: Vec<u8> = header.iter().flatten().copied().collect();
            let other = OTHER_SEPARATORS
                .iter()
                .find(|(byte, _)| columns.len() < Column::REQUIRED.len() && whole.contains(byte));
            return Err(match other {
                Some((_, name)) => HeaderFault::Separator(name),
                None => HeaderFault::Missing(*missing),
            });
        }
        Ok(Self {
            reader,
            columns,
            record: header,
            draw,
            now,
            from_line: 0,
            line: 1,
            broken: None,
            is_over: false,
        })
    }

    /// How many bytes were read so far, for whoever shows the progress.
    pub fn n_bytes(&self) -> u64 {
        self.reader.get_ref().n_bytes
    }

    /// The last line that was read.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Why reading ended before the file did, if it did.
    pub fn broken(&mut self) -> Option<io::Error> {
        self.broken.take()
    }

    /// Leaves out what stands before this line, because it was taken in before.
    #[must_use]
    pub fn from_line(mut self, line: u64) -> Self {
        self.from_line = line;
        self
    }

    /// The first and the last line of the record. The reader stands on the line
    /// after it, and the record itself may go over several.
    fn span(&self) -> (u64, u64) {
        let n_lines = self.record.as_slice().split(|byte| *byte == b'\n').count();
        let after = self.reader.position().line();
        let begins = after.saturating_sub(n_lines as u64);
        // What the file's end cuts off has no line after it to be counted from.
        let began = self.record.position().map_or(0, csv::Position::line);
        (begins.max(began), after.saturating_sub(1))
    }

    /// Reads one line into a change.
    fn change(&self, begins: u64, ends: u64) -> Result<Deployment, RowFault> {
        if self.record.len() != self.columns.len() {
            if ends > begins {
                return Err(RowFault::OpenQuote(ends));
            }
            return Err(RowFault::Fields {
                has: self.record.len() as u64,
                wants: self.columns.len() as u64,
            });
        }
        let mut row = Row::default();
        for (column, field) in self.columns.iter().zip(&self.record) {
            let Some(column) = column else { continue };
            let field = std::str::from_utf8(field).map_err(|_| RowFault::NotText)?;
            row.set(*column, Cow::Borrowed(field));
        }
        row.deployment(self.draw, self.now)
    }
}

/// A file whose lines all end in one way, whatever made it: only then can they be
/// counted.
struct Ends<R> {
    inner: R,
    n_bytes: u64,
    /// Whether the last byte was a carriage return, which stands for the end of a
    /// line with or without what follows it.
    was_return: bool,
    /// Whether the last line has its end.
    is_ended: bool,
}

impl<R> Ends<R> {
    fn of(inner: R) -> Self {
        Self {
            inner,
            n_bytes: 0,
            was_return: false,
            is_ended: true,
        }
    }

    /// Writes each end of a line as one byte; returns how many bytes are left.
    fn even(&mut self, read: &mut [u8]) -> usize {
        let mut kept = 0;
        for at in 0..read.len() {
            let byte = read.get(at).copied().unwrap_or_default();
            let follows = std::mem::replace(&mut self.was_return, byte == b'\r');
            if byte == b'\n' && follows {
                continue;
            }
            if let Some(place) = read.get_mut(kept) {
                *place = if byte == b'\r' { b'\n' } else { byte };
            }
            kept += 1;
        }
        kept
    }
}

impl<R: Read> Read for Ends<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.inner.read(into)?;
            if n == 0 {
                // The end of the file is the end of its last line.
                let Some(first) = into.first_mut().filter(|_| !self.is_ended) else {
                    return Ok(0);
                };
                *first = b'\n';
                self.is_ended = true;
                return Ok(1);
            }
            self.n_bytes += n as u64;
            let read = into.get_mut(..n).unwrap_or_default();
            let kept = if self.was_return || read.contains(&b'\r') {
                self.even(read)
            } else {
                n
            };
            if let Some(last) = read.get(..kept).and_then(<[u8]>::last) {
                self.is_ended = *last == b'\n';
                return Ok(kept);
            }
        }
    }
}

fn broken(error: csv::Error) -> HeaderFault {
    match error.into_kind() {
        ErrorKind::Io(error) => HeaderFault::Io(error),
        _ => HeaderFault::NotText,
    }
}

impl<R: Read> Iterator for Lines<'_, R> {
    type Item = Result<Deployment, BadLine>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        loop {
            match self.reader.read_byte_record(&mut self.record) {
                Ok(true) => {}
                Ok(false) => {
                    self.is_over = true;
                    return None;
                }
                Err(error) => {
                    // Bytes and flexible lines leave nothing else to go wrong.
                    self.is_over = true;
                    if let ErrorKind::Io(error) = error.into_kind() {
                        self.broken = Some(error);
                    }
                    return None;
                }
            }
            let (begins, ends) = self.span();
            self.line = ends;
            // Spreadsheets leave lines of commas at the end.
            let is_empty = self
                .record
                .iter()
                .all(|field| field.trim_ascii().is_empty());
            if !is_empty && begins >= self.from_line {
                let change = self.change(begins, ends);
                return Some(change.map_err(|fault| BadLine {
                    line: begins,
                    fault,
                }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::ChangeKind;
    use crate::intake::tests::salt;

    fn now() -> DateTime<Utc> {
        DateTime::parse_from_rfc3339("2026-11-23T09:00:00Z")
            .unwrap()
            .to_utc()
    }

    fn header(text: impl AsRef<[u8]>) -> Result<usize, String> {
        Lines::open(text.as_ref(), &salt, now())
            .map(Iterator::count)
            .map_err(|fault| fault.to_string())
    }

    fn read(text: impl AsRef<[u8]>) -> (Vec<Deployment>, Vec<String>) {
        let mut taken = Vec::new();
        let mut bad = Vec::new();
        for line in Lines::open(text.as_ref(), &salt, now()).unwrap() {
            match line {
                Ok(told) => taken.push(told),
                Err(line) => bad.push(line.to_string()),
            }
        }
        (taken, bad)
    }

    #[test]
    fn all_columns_are_read_whatever_their_order() {
        let commit = "AB".repeat(20);
        let text = format!(
            "outcome,Deploy_Log_URL,testing_url,testing_result,approval_url,approved_by,type,kind,\
             commit,url,external_id,source,author,title, system ,deployed_at,priority\n\
             success,https://l,https://t,\"all, and \"\"more\"\"\n green\",https://a,morgan,feature,standard,\
             {commit},https://u,R-17,Sheet,dana@acme.example,Grüße 🔑,auth,2026-11-21T13:00:00+01:00,high\n"
        );
        let (taken, bad) = read(text);
        assert_eq!(bad, [""; 0]);
        let told = &taken[0];
        assert_eq!(told.source.as_str(), "sheet");
        assert_eq!(told.at.to_rfc3339(), "2026-11-21T12:00:00+00:00");
        assert_eq!(told.kind, Some(ChangeKind::Standard));
        assert_eq!(told.commit, Some(commit.to_lowercase()));
        assert_eq!(told.system.as_deref(), Some("auth"));
        let said = told.testing_result.as_ref().unwrap();
        assert_eq!(said.body(), "all, and \"more\"\n green");
        assert_eq!(told.title.as_ref().unwrap().body(), "Grüße 🔑");
        assert_eq!(told.deploy_log_url.as_deref(), Some("https://l"));
        assert_eq!(told.author_email.as_deref(), Some("dana@acme.example"));
    }

    #[test]
    fn a_bad_line_is_told_by_its_number_and_the_rest_is_taken() {
        for end in ["\n", "\r\n", "\r"] {
            let text = "\u{feff}deployed_at,source,external_id,kind\r\n\
            2026-11-21T12:00:00Z,ops,1,\r\n\
            2026-11-21 12:00:00,ops,2,\r\n\
            2026-11-21T12:00:00Z,ops,3\r\n\
            \r\n\
            2026-11-21T12:00:00Z,\"o\nps\",4,\r\n\
            ,,,\r\n\
            2026-11-21T12:00:00Z,ops,,\r\n\
            2026-11-21T12:00:00Z,ops,6,urgent\r\n\
            2026-11-21T12:00:00Z,ops,7,\"emergency\""
                .replace("\r\n", end);
            let (taken, bad) = read(text);
            let ids: Vec<_> = taken.iter().map(|told| &*told.external_id).collect();
            assert_eq!(ids, ["1", "4", "7"]);
            assert_eq!(
                bad,
                [
                    "line 3: `deployed_at` has no zone; write `2026-11-21T12:00:00Z` for UTC, or the offset in place of the Z",
                    "line 4: it has 3 fields, and the header has 4",
                    "line 9: `external_id` is empty",
                    "line 10: `kind` is `urgent`; write normal, standard or emergency",
                ],
                "{end:?}"
            );
        }
        let (taken, bad) = read(&b"deployed_at,source,external_id\n2026-11-21T12:00:00Z,\xff,1\n2026-11-21T12:00:00Z,ops,2\n"[..]);
        assert_eq!(taken.len(), 1);
        assert_eq!(bad, ["line 2: it isn't UTF-8 text"]);
    }

    #[test]
    fn a_quotation_mark_that_stays_open_takes_nothing_with_it_in_silence() {
        let text = "deployed_at,source,external_id,title\n\
            2026-11-21T12:00:00Z,ops,1,\"two\nlines\"\n\
            2026-11-21T12:00:00Z,ops,\"2,open\n\
            2026-11-21T12:00:00Z,ops,3,x\n\
            2026-11-21T12:00:00Z,ops,4,\"closed\"\n\
            2026-11-21T12:00:00Z,ops,5,x\n";
        let (taken, bad) = read(text);
        let ids: Vec<_> = taken.iter().map(|told| &*told.external_id).collect();
        assert_eq!(ids, ["1", "5"]);
        assert_eq!(
            bad,
            [
                "line 4: a quotation mark opens here and isn't closed; everything down to line 6 is left out with it"
            ]
        );
    }

    #[test]
    fn a_quotation_mark_that_nothing_closes_is_told_by_its_own_line() {
        let text = "deployed_at,source,external_id,title\n\
            2026-11-21T12:00:00Z,ops,1,x\n\
            2026-11-21T12:00:00Z,ops,\"2,open\n\
            2026-11-21T12:00:00Z,ops,3,x\n";
        let (taken, bad) = read(text);
        assert_eq!(taken.len(), 1);
        assert_eq!(
            bad,
            [
                "line 3: a quotation mark opens here and isn't closed; everything down to line 4 is left out with it"
            ]
        );
    }

    /// A reader that gives what it has in small and smaller parts.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(into.len());
            let (part, rest) = self.0.split_at(n);
            into[..n].copy_from_slice(part);
            self.0 = rest;
            Ok(n)
        }
    }

    #[test]
    fn lines_are_counted_wherever_a_buffer_ends() {
        let line = "2026-11-21T12:00:00Z,ops,";
        let text = format!("deployed_at,source,external_id\r\n{line}\r\n\r\n{line}\r\n{line}1");
        for n in 1..40 {
            let slow = Slow(text.as_bytes(), n);
            let mut lines = Lines::open(slow, &salt, now()).unwrap();
            let bad: Vec<_> = lines
                .by_ref()
                .filter_map(Result::err)
                .map(|bad| bad.line)
                .collect();
            assert_eq!(bad, [2, 4], "{n}");
            assert_eq!(lines.n_bytes(), text.len() as u64);
        }
    }

    #[test]
    fn a_file_of_another_form_is_told_what_to_do() {
        for (text, said) in [
            (&b""[..], "the file is empty"),
            (b"\n\n", "the file is empty"),
            (
                b"deployed_at;source;external_id\n",
                "separated by semicolons",
            ),
            (b"deployed_at\tsource\texternal_id\n", "separated by tabs"),
            (b"deployed_at,source\n", "no column `external_id`"),
            (b"a;b,deployed_at,source\n", "no column `external_id`"),
            (b"source,external_id,Source,deployed_at\n", "`source` twice"),
            (b"2026-11-21T12:00:00Z,ops,1\n", "no column `deployed_at`"),
            (b"\xff\xfed\0e\0", "isn't UTF-8"),
            (b"caf\xe9,source\n", "isn't UTF-8"),
        ] {
            let fault = header(text).unwrap_err();
            assert!(fault.contains(said), "{fault}");
        }
        assert_eq!(header("deployed_at,source,external_id"), Ok(0));
        assert_eq!(header("deployed_at,source,external_id\n"), Ok(0));
    }

    #[test]
    fn a_file_that_cant_be_read_further_says_so() {
        struct Torn(bool);
        impl Read for Torn {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(io::Error::other("torn"));
                }
                let text = b"deployed_at,source,external_id\n2026-11-21T12:00:00Z,ops,1\n2026";
                into[..text.len()].copy_from_slice(text);
                Ok(text.len())
            }
        }
        let mut lines = Lines::open(Torn(false), &salt, now()).unwrap();
        assert!(lines.next().unwrap().is_ok());
        assert!(lines.next().is_none() && lines.next().is_none());
        assert_eq!(lines.broken().unwrap().to_string(), "torn");
        assert!(lines.n_bytes() > 50);
    }
}
