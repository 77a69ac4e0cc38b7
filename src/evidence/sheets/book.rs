//! How a sheet is written: heading, formats, dates that are dates, text that is
//! text, and another sheet when one is full.

use std::io::Write;

use chrono::{DateTime, NaiveDate, Utc};
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
};

use super::{Cover, Fact, Population, ROWS_OF_A_SHEET, SheetFault};

/// The longest text of a cell, in UTF-16 units.
const LONGEST: usize = 32_767;

/// What stands at the end of a text that is longer.
const CUT: &str = " … [cut: the whole text stands in record.json]";

/// How high a heading is, in points: three lines.
const HEADING: f64 = 42.0;

/// How high a line of a cell is, in points, and the highest row that Excel has.
const LINE: f64 = 13.5;
const HIGHEST: f64 = 409.0;

const INSTANT: &str = "yyyy-mm-dd hh:mm:ss";

/// What a column holds.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Text,
    /// Text that is read in full: its lines are broken.
    Prose,
    Instant,
    Number,
    Share,
}

/// A column of a sheet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    heading: &'static str,
    width: f64,
    shape: Shape,
}

impl Column {
    pub(super) const fn text(heading: &'static str, width: f64) -> Self {
        Self {
            heading,
            width,
            shape: Shape::Text,
        }
    }

    pub(super) const fn prose(heading: &'static str, width: f64) -> Self {
        Self {
            heading,
            width,
            shape: Shape::Prose,
        }
    }

    pub(super) const fn instant(heading: &'static str) -> Self {
        Self {
            heading,
            width: 20.0,
            shape: Shape::Instant,
        }
    }

    pub(super) const fn number(heading: &'static str) -> Self {
        Self {
            heading,
            width: 14.0,
            shape: Shape::Number,
        }
    }

    pub(super) const fn share(heading: &'static str) -> Self {
        Self {
            heading,
            width: 12.0,
            shape: Shape::Share,
        }
    }
}

impl Column {
    /// Returns how many lines a cell has where lines are broken, by a guess: nobody
    /// knows here how wide letters are. Rather a line too many than one that is hidden.
    fn lines(&self, value: &Value) -> u32 {
        let (Shape::Prose, Value::Text(text)) = (self.shape, value) else {
            return 1;
        };
        let mut n_lines = 0u32;
        for line in text.split('\n') {
            let mut used = 0.0;
            n_lines = n_lines.saturating_add(1);
            for word in line.split_inclusive(char::is_whitespace) {
                let width: f64 = word.chars().map(width).sum();
                if used > 0.0 && used + width > self.width {
                    n_lines = n_lines.saturating_add(1);
                    used = 0.0;
                }
                used += width;
                // A word that is wider than its column is broken, too.
                while used > self.width {
                    n_lines = n_lines.saturating_add(1);
                    used -= self.width;
                }
            }
        }
        n_lines
    }
}

/// About how wide a letter is, in the widths of a digit of the standard font.
fn width(letter: char) -> f64 {
    if letter < '\u{1100}' { 1.0 } else { 2.0 }
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Instant(DateTime<Utc>),
    Number(f64),
    Nothing,
}

impl Value {
    pub(super) fn text(text: Option<String>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }

    pub(super) fn instant(at: Option<DateTime<Utc>>) -> Self {
        at.map_or(Self::Nothing, Self::Instant)
    }

    pub(super) fn number(number: Option<f64>) -> Self {
        number.map_or(Self::Nothing, Self::Number)
    }
}

/// How much of a table was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) n_rows: u64,
    pub(super) n_sheets: u32,
}

struct Formats {
    heading: Format,
    figure: Format,
    text: Format,
    instant: Format,
    number: Format,
    whole: Format,
    count: Format,
    share: Format,
    label: Format,
    title: Format,
    code: Format,
    wrapped: Format,
}

impl Formats {
    fn new() -> Self {
        let cell = || Format::new().set_font_size(10).set_align(FormatAlign::Top);
        // The mark of text stays when somebody edits the cell: `=1+1` typed over by
        // itself must not become a formula.
        let text = || cell().set_quote_prefix();
        // Words stand to the left: a figure keeps away from those of the next column.
        // (`_W` leaves the room of a W; an indent LibreOffice leaves out now and then.)
        let figure = |format| cell().set_num_format(format).set_align(FormatAlign::Right);
        let heading = || {
            Format::new()
                .set_font_size(10)
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::VerticalCenter)
                .set_background_color(Color::RGB(0x00E9_EDF2))
                .set_border_bottom(FormatBorder::Thin)
        };
        Self {
            heading: heading(),
            // The same, above numbers.
            figure: heading().set_align(FormatAlign::Right).set_indent(1),
            text: text(),
            instant: cell().set_num_format(INSTANT).set_align(FormatAlign::Left),
            count: cell().set_num_format("#,##0").set_align(FormatAlign::Left),
            number: figure("#,##0.0_W"),
            whole: figure("#,##0_W"),
            share: figure("0.0 %_W"),
            label: text().set_font_color(Color::RGB(0x0059_616B)),
            title: text().set_bold().set_font_size(12),
            code: text().set_font_name("Courier New"),
            wrapped: text().set_text_wrap(),
        }
    }
}

/// The file in the making.
pub(super) struct Book {
    workbook: Workbook,
    formats: Formats,
    rows_of_a_sheet: u32,
}

impl Book {
    pub(super) fn new(
        mut workbook: Workbook,
        cover: Cover<'_>,
        rows_of_a_sheet: u32,
    ) -> Result<Self, SheetFault> {
        let made_at = ExcelDateTime::from_timestamp(cover.at.timestamp())?;
        workbook.set_properties(
            &DocProperties::new()
                .set_title(cover.title)
                .set_author("Breakglass")
                .set_creation_datetime(&made_at),
        );
        Ok(Self {
            workbook,
            formats: Formats::new(),
            rows_of_a_sheet,
        })
    }

    /// Writes a table, on as many sheets as it needs: `Change Log`, `Change Log (2)`.
    pub(super) fn sheets(
        &mut self,
        name: &str,
        columns: &[Column],
        rows: impl Iterator<Item = Vec<Value>>,
    ) -> Result<Extent, SheetFault> {
        let mut rows = rows.peekable();
        let mut extent = Extent {
            n_rows: 0,
            n_sheets: 0,
        };
        loop {
            extent.n_sheets += 1;
            let name = match extent.n_sheets {
                1 => name.to_owned(),
                n => format!("{name} ({n})"),
            };
            let sheet = self.workbook.add_worksheet_with_constant_memory()?;
            begin(sheet, &name, columns, &self.formats)?;
            let mut last = 0;
            let mut is_high = true;
            while last + 1 < self.rows_of_a_sheet {
                let Some(row) = rows.next() else { break };
                last += 1;
                extent.n_rows += 1;
                let n_lines = row
                    .iter()
                    .zip(columns)
                    .map(|(value, column)| column.lines(value));
                let n_lines = n_lines.max().unwrap_or(1);
                // The last row that Excel has can't be followed by another; see below.
                is_high = n_lines > 1 && last + 1 < ROWS_OF_A_SHEET;
                if is_high {
                    sheet.set_row_height(last, (f64::from(n_lines) * LINE).min(HIGHEST))?;
                }
                for ((at, value), column) in (0u16..).zip(row).zip(columns) {
                    put(sheet, (last, at), &value, column.shape, &self.formats)?;
                }
            }
            if is_high {
                // The writer (0.102, `flush_last_row`) writes a last row that has a height
                // twice, which Excel takes for damage: it must not be the last.
                sheet.write_blank(last + 1, 0, &self.formats.text)?;
            }
            let widest = u16::try_from(columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
            sheet.autofilter(0, 0, last, widest)?;
            if rows.peek().is_none() {
                return Ok(extent);
            }
        }
    }

    /// Writes how the population was obtained: no table, but a page to be read.
    pub(super) fn population(
        &mut self,
        name: &str,
        population: &Population,
    ) -> Result<(), SheetFault> {
        let formats = &self.formats;
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?;
        sheet.set_landscape().set_print_fit_to_pages(1, 0);
        for (at, width) in (0u16..).zip([34.0, 30.0, 12.0, 12.0, 12.0, 12.0, 20.0, 20.0, 48.0]) {
            sheet.set_column_width(at, width)?;
        }
        let mut row = 0;
        let title = "How this population was obtained";
        sheet.write_string_with_format(row, 0, title, &formats.title)?;
        row += 2;
        for (label, fact) in &population.facts {
            sheet.write_string_with_format(row, 0, fitting(label).as_ref(), &formats.label)?;
            match fact {
                Fact::Text(words) => {
                    sheet.write_string_with_format(
                        row,
                        1,
                        fitting(words).as_ref(),
                        &formats.text,
                    )?;
                }
                Fact::Hash(hash) => {
                    sheet.write_string_with_format(
                        row,
                        1,
                        fitting(hash).as_ref(),
                        &formats.code,
                    )?;
                }
                Fact::Count(n) => {
                    let n = count(*n);
                    sheet.write_number_with_format(row, 1, n, &formats.count)?;
                }
                Fact::Instant(at) => put_instant(sheet, (row, 1), *at, formats)?,
            }
            row += 1;
        }
        row += 1;
        sheet.write_string_with_format(row, 0, "Sources and their coverage", &formats.title)?;
        row += 1;
        sheet.set_row_height(row, HEADING)?;
        for (at, heading) in (0u16..).zip(COVERAGE) {
            let is_figure = FIGURES.contains(&at);
            let format = if is_figure {
                &formats.figure
            } else {
                &formats.heading
            };
            sheet.write_string_with_format(row, at, heading, format)?;
        }
        for one in &population.coverage {
            row += 1;
            let cells = [
                Value::Text(one.source.clone()),
                Value::Text(one.counts_by.clone()),
                Value::Number(count(one.n_told)),
                Value::Number(count(one.n_duplicate)),
                Value::Number(count(one.n_unknown)),
                Value::Number(count(one.n_refused)),
                Value::instant(one.first_at),
                Value::instant(one.last_at),
                Value::text(one.remark.clone()),
            ];
            for (at, cell) in (0u16..).zip(cells) {
                put(sheet, (row, at), &cell, Shape::Number, formats)?;
            }
        }
        for (heading, lines, format) in [
            ("The query", &population.query, &formats.code),
            ("How samples are drawn", &population.recipe, &formats.code),
            // A note is read across the sheet, not in its first column.
            ("What to know of it", &population.notes, &formats.text),
        ] {
            if lines.is_empty() {
                continue;
            }
            row += 2;
            sheet.write_string_with_format(row, 0, heading, &formats.title)?;
            for line in lines {
                row += 1;
                sheet.write_string_with_format(row, 0, fitting(line).as_ref(), format)?;
            }
        }
        Ok(())
    }

    /// Packs the file.
    pub(super) fn save(mut self, out: impl Write + Send) -> Result<(), SheetFault> {
        self.workbook.save_to_writer(out)?;
        Ok(())
    }
}

const COVERAGE: [&str; 9] = [
    "Source",
    "Counts by",
    "Told",
    "Known already",
    "Of no known kind",
    "Refused",
    "Heard first (UTC)",
    "Heard last (UTC)",
    "Remark",
];

/// Which of these are figures.
const FIGURES: std::ops::Range<u16> = 2..6;

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn count(n: u64) -> f64 {
    n as f64
}

/// Sets up a sheet: its columns, its heading that stays, how it is printed.
fn begin(
    sheet: &mut Worksheet,
    name: &str,
    columns: &[Column],
    formats: &Formats,
) -> Result<(), SheetFault> {
    sheet.set_name(name)?;
    sheet.set_freeze_panes(1, 0)?;
    sheet.set_landscape().set_print_fit_to_pages(1, 0);
    sheet.set_repeat_rows(0, 0)?;
    sheet.set_row_height(0, HEADING)?;
    for (at, column) in (0u16..).zip(columns) {
        sheet.set_column_width(at, column.width)?;
        let (heading, format) = match column.shape {
            Shape::Instant => (format!("{} (UTC)", column.heading), &formats.heading),
            Shape::Text | Shape::Prose => (column.heading.to_owned(), &formats.heading),
            Shape::Number | Shape::Share => (column.heading.to_owned(), &formats.figure),
        };
        sheet.write_string_with_format(0, at, heading, format)?;
    }
    Ok(())
}

fn put(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    value: &Value,
    shape: Shape,
    formats: &Formats,
) -> Result<(), SheetFault> {
    match value {
        Value::Nothing => {}
        Value::Text(text) => {
            let format = match shape {
                Shape::Prose => &formats.wrapped,
                Shape::Text | Shape::Instant | Shape::Number | Shape::Share => &formats.text,
            };
            sheet.write_string_with_format(row, column, fitting(text).as_ref(), format)?;
        }
        Value::Number(number) => {
            let format = match shape {
                Shape::Share => &formats.share,
                _ if number.fract() == 0.0 => &formats.whole,
                Shape::Number | Shape::Text | Shape::Prose | Shape::Instant => &formats.number,
            };
            sheet.write_number_with_format(row, column, *number, format)?;
        }
        Value::Instant(at) => put_instant(sheet, (row, column), *at, formats)?,
    }
    Ok(())
}

/// Writes an instant as a date that can be sorted and filtered; one that Excel's
/// calendar doesn't have, as text.
fn put_instant(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    at: DateTime<Utc>,
    formats: &Formats,
) -> Result<(), SheetFault> {
    let date = at.date_naive();
    let is_in_its_calendar =
        FIRST_DAY.is_some_and(|first| date >= first) && LAST_DAY.is_some_and(|last| date <= last);
    if is_in_its_calendar {
        let at = at.naive_utc();
        sheet.write_datetime_with_format(row, column, at, &formats.instant)?;
    } else {
        let at = at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
        sheet.write_string_with_format(row, column, at, &formats.text)?;
    }
    Ok(())
}

/// Excel's calendar is right from this day on: it takes 1900 for a leap year.
const FIRST_DAY: Option<NaiveDate> = NaiveDate::from_ymd_opt(1900, 3, 1);
const LAST_DAY: Option<NaiveDate> = NaiveDate::from_ymd_opt(9999, 12, 31);

/// Returns as much of a text as a cell takes.
fn fitting(text: &str) -> std::borrow::Cow<'_, str> {
    if text.encode_utf16().count() <= LONGEST {
        return text.into();
    }
    let room = LONGEST - CUT.encode_utf16().count();
    let mut used = 0;
    let mut kept: String = text
        .chars()
        .take_while(|letter| {
            used += letter.len_utf16();
            used <= room
        })
        .collect();
    kept.push_str(CUT);
    kept.into()
}
