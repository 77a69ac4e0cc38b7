//! Lists of changes as CSV, line by line: a bad line is told and the rest taken.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};

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
    reader: Reader<BufReader<R>>,
    columns: Vec<Option<Column>>,
    record: ByteRecord,
    draw: Draw<'a>,
    now: DateTime<Utc>,
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
        let mut source = BufReader::with_capacity(BUFFER, source);
        let start = source.fill_buf().map_err(HeaderFault::Io)?;
        // UTF-16 is what Excel calls "Unicode Text".
        if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) {
            return Err(HeaderFault::NotText);
        }
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(BUFFER)
            .from_reader(source);
        let mut header = ByteRecord::new();
        let has_one = reader.read_byte_record(&mut header).map_err(broken)?;
        if !has_one {
            return Err(HeaderFault::Empty);
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
            broken: None,
            is_over: false,
        })
    }

    /// How many bytes were read so far, for whoever shows the progress.
    pub fn n_bytes(&self) -> u64 {
        self.reader.position().byte()
    }

    /// Why reading ended before the file did, if it did.
    pub fn broken(&mut self) -> Option<io::Error> {
        self.broken.take()
    }

    /// Reads one line into a change.
    fn change(&self) -> Result<Deployment, RowFault> {
        if self.record.len() != self.columns.len() {
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
            // Spreadsheets leave lines of commas at the end.
            if self
                .record
                .iter()
                .any(|field| !field.trim_ascii().is_empty())
            {
                break;
            }
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        Some(self.change().map_err(|fault| BadLine { line, fault }))
    }
}
