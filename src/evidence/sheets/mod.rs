//! `Change Log.xlsx`: every change of the period, the exceptions with their
//! answers, what was left out and why, the rate by week, and how the population was
//! obtained.
//!
//! Rows stream through and are not kept, so that a million of them need no more
//! memory than ten. The same rows make the same file, to the byte. No cell is ever a
//! formula, whatever it begins with.

use std::io::Write;
use std::path::Path;

use chrono::{DateTime, Utc};
use rust_xlsxwriter::{Workbook, XlsxError};

mod book;
mod room;
mod row;
#[cfg(test)]
mod tests;

pub use row::{ChangeRow, CoverageRow, ExceptionRow, Fact, LeftOutRow, Population, WeekRow, shown};

use book::{Book, Column, Value};

/// So many rows a sheet of Excel has, its heading among them.
const ROWS_OF_A_SHEET: u32 = 1_048_576;

/// Why the file couldn't be written.
#[derive(Debug, thiserror::Error)]
pub enum SheetFault {
    /// The writer failed.
    #[error("the change log can't be written")]
    Writing(#[from] XlsxError),
    /// Rows found no room where they lie while they are written.
    #[error(
        "the change log can't be written: the disk on which its rows lie in the meantime is full, or fails"
    )]
    NoRoom,
}

/// What the file has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// So many changes.
    pub n_changes: u64,
    /// So many exceptions.
    pub n_exceptions: u64,
    /// On so many sheets the log goes.
    pub n_sheets: u32,
}

/// What the file is made of beside its rows.
#[derive(Debug, Clone, Copy)]
pub struct Cover<'a> {
    /// What it is called in its properties.
    pub title: &'a str,
    /// The checkpoint's time: the only one that the file bears as its own.
    pub at: DateTime<Utc>,
    /// Where rows may lie while they are written: a folder that holds what is
    /// confidential. Nothing: the system's.
    pub scratch: Option<&'a Path>,
}

/// What stands on the sheets beside the log.
#[derive(Debug)]
pub struct Beside<E, L, W> {
    /// The exceptions of emergency changes.
    pub exceptions: E,
    /// What sources told of and what isn't counted by itself.
    pub left_out: L,
    /// The rate.
    pub weeks: W,
}

/// Writes the change log. `population` is asked for when all changes have passed.
pub fn change_log(
    out: impl Write + Send,
    cover: Cover<'_>,
    changes: impl IntoIterator<Item = ChangeRow>,
    beside: Beside<
        impl IntoIterator<Item = ExceptionRow>,
        impl IntoIterator<Item = LeftOutRow>,
        impl IntoIterator<Item = WeekRow>,
    >,
    population: impl FnOnce() -> Population,
) -> Result<Written, SheetFault> {
    room::unless_full(|| write(out, cover, changes, beside, population, ROWS_OF_A_SHEET))
        .unwrap_or(Err(SheetFault::NoRoom))
}

fn write(
    out: impl Write + Send,
    cover: Cover<'_>,
    changes: impl IntoIterator<Item = ChangeRow>,
    beside: Beside<
        impl IntoIterator<Item = ExceptionRow>,
        impl IntoIterator<Item = LeftOutRow>,
        impl IntoIterator<Item = WeekRow>,
    >,
    population: impl FnOnce() -> Population,
    rows_of_a_sheet: u32,
) -> Result<Written, SheetFault> {
    let mut workbook = Workbook::new();
    if let Some(scratch) = cover.scratch {
        workbook.set_tempdir(scratch)?;
    }
    let mut book = Book::new(workbook, cover, rows_of_a_sheet)?;
    let log = book.sheets(
        "Change Log",
        &CHANGES,
        changes.into_iter().map(ChangeRow::cells),
    )?;
    let unmet = book.sheets(
        "Exceptions",
        &EXCEPTIONS,
        beside.exceptions.into_iter().map(ExceptionRow::cells),
    )?;
    book.sheets(
        "Left out",
        &LEFT_OUT,
        beside.left_out.into_iter().map(LeftOutRow::cells),
    )?;
    book.sheets(
        "Rate by week",
        &WEEKS,
        beside.weeks.into_iter().map(WeekRow::cells),
    )?;
    book.population("Population", &population())?;
    book.save(out)?;
    Ok(Written {
        n_changes: log.n_rows,
        n_exceptions: unmet.n_rows,
        n_sheets: log.n_sheets,
    })
}

/// The guide's columns, in its order and under its names; then what else is known.
const CHANGES: [Column; 25] = [
    Column::instant("Date"),
    Column::text("Type", 15.0),
    Column::text("Description", 52.0),
    Column::text("Approval", 34.0),
    Column::text("Testing", 34.0),
    Column::text("Deploy Log", 34.0),
    Column::text("Outcome", 15.0),
    Column::text("Change", 16.0),
    Column::text("Kind", 13.0),
    Column::text("System", 18.0),
    Column::text("Requested or made by", 22.0),
    Column::text("Implemented by", 22.0),
    Column::text("Authorized by", 22.0),
    Column::instant("Authorized at"),
    Column::number("Minutes authorized ahead"),
    Column::text("Ticket", 18.0),
    Column::instant("Ticket due"),
    Column::instant("Ticket complete"),
    Column::text("Decided by", 22.0),
    Column::instant("Decided at"),
    Column::text("Exceptions", 36.0),
    Column::text("Told by", 20.0),
    Column::text("Commit", 44.0),
    Column::text("Link", 40.0),
    Column::text("SHA-256", 66.0),
];

const EXCEPTIONS: [Column; 11] = [
    Column::text("Change", 14.0),
    Column::instant("Deployed"),
    Column::prose("Exception", 42.0),
    Column::instant("Recorded"),
    Column::instant("Answer due"),
    Column::instant("Answered"),
    Column::text("Answered by", 22.0),
    Column::prose("Cause", 48.0),
    Column::prose("Remedy", 48.0),
    Column::text("Owner of the remedy", 22.0),
    Column::prose("What the change was", 44.0),
];

const LEFT_OUT: [Column; 10] = [
    Column::instant("Date"),
    Column::text("Change", 34.0),
    Column::prose("Description", 44.0),
    Column::text("Told by", 20.0),
    Column::prose("Left out because", 40.0),
    Column::text("Counted with", 14.0),
    Column::text("Said by", 22.0),
    Column::instant("Said at"),
    Column::prose("Asked because", 44.0),
    Column::prose("Remark", 44.0),
];

const WEEKS: [Column; 11] = [
    Column::instant("From"),
    Column::instant("To"),
    Column::number("Changes"),
    Column::number("Emergencies"),
    Column::share("Rate"),
    Column::share("Guideline"),
    Column::text("Within the guideline", 16.0),
    Column::share("95 % interval from"),
    Column::share("95 % interval to"),
    Column::number("Not genuine"),
    Column::prose("Remark", 60.0),
];

impl ChangeRow {
    fn cells(self) -> Vec<Value> {
        vec![
            Value::instant(Some(self.at)),
            Value::Text(self.change_type),
            Value::Text(self.description),
            Value::text(self.approval),
            Value::text(self.testing),
            Value::text(self.deploy_log),
            Value::text(self.outcome),
            Value::Text(self.change),
            Value::Text(self.kind),
            Value::text(self.system),
            Value::text(self.made_by),
            Value::text(self.implemented_by),
            Value::text(self.authorized_by),
            Value::instant(self.authorized_at),
            Value::number(self.minutes_ahead),
            Value::text(self.ticket),
            Value::instant(self.ticket_due_at),
            Value::instant(self.ticket_complete_at),
            Value::text(self.decided_by),
            Value::instant(self.decided_at),
            Value::text(self.exceptions),
            Value::text(self.told_by),
            Value::text(self.commit),
            Value::text(self.link),
            Value::text(self.sha256),
        ]
    }
}

impl ExceptionRow {
    fn cells(self) -> Vec<Value> {
        vec![
            Value::Text(self.change),
            Value::instant(self.deployed_at),
            Value::Text(self.exception),
            Value::instant(Some(self.recorded_at)),
            Value::instant(self.answer_due_at),
            Value::instant(self.answered_at),
            Value::text(self.answered_by),
            Value::text(self.cause),
            Value::text(self.remedy),
            Value::text(self.owner),
            Value::Text(self.what),
        ]
    }
}

impl LeftOutRow {
    fn cells(self) -> Vec<Value> {
        vec![
            Value::instant(Some(self.at)),
            Value::Text(self.change),
            Value::Text(self.description),
            Value::Text(self.told_by),
            Value::Text(self.because),
            Value::text(self.counted_with),
            Value::text(self.said_by),
            Value::instant(self.said_at),
            Value::text(self.asked_because),
            Value::text(self.remark),
        ]
    }
}

impl WeekRow {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of changes are far below 2^52"
    )]
    fn cells(self) -> Vec<Value> {
        let rate = (self.n_changes > 0 && !self.is_unknown)
            .then(|| self.n_emergencies as f64 / self.n_changes as f64);
        let within = match (rate, self.is_within) {
            (Some(_), true) => "yes",
            (Some(_), false) => "no",
            (None, _) => "not known",
        };
        vec![
            Value::instant(Some(self.from)),
            Value::instant(Some(self.to)),
            Value::Number(self.n_changes as f64),
            Value::Number(self.n_emergencies as f64),
            Value::number(rate),
            Value::Number(f64::from(self.guideline) / 1000.0),
            Value::Text(within.to_owned()),
            Value::number(self.interval.map(|(low, _)| low)),
            Value::number(self.interval.map(|(_, high)| high)),
            Value::Number(self.n_not_genuine as f64),
            Value::text(self.remark),
        ]
    }
}
