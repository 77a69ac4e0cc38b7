//! Facts about the sheets, read back by another library.

use std::io::{Cursor, Read as _};

use calamine::{Data, Reader as _, Xlsx};
use chrono::TimeDelta;

use super::*;
use crate::domain::deployment::ChangeKind;
use crate::evidence::record::NormalRecord;
use crate::evidence::record::tests::{normal, the_guides_story};

fn at(day: i64) -> DateTime<Utc> {
    let first = DateTime::parse_from_rfc3339("2026-10-01T09:30:15Z")
        .unwrap()
        .to_utc();
    first + TimeDelta::days(day)
}

fn cover() -> Cover<'static> {
    Cover {
        title: "Change Log",
        at: at(91),
        scratch: None,
    }
}

fn weeks() -> Vec<WeekRow> {
    let week = |n: i64, n_changes, n_emergencies| WeekRow {
        from: at(7 * n),
        to: at(7 * n + 7),
        n_changes,
        n_emergencies,
        n_not_genuine: 0,
        guideline: 100,
        is_within: n_emergencies * 10 <= n_changes,
        interval: (n_changes > 0).then_some((0.02, 0.19)),
        is_unknown: n_changes == 0,
        remark: (n == 2).then(|| "Reported as 3 of 40; one was told of later.".to_owned()),
    };
    vec![week(0, 41, 3), week(1, 0, 0), week(2, 12, 4)]
}

fn population() -> Population {
    let text = |words: &str| Fact::Text(words.to_owned());
    Population {
        facts: vec![
            ("Period from".to_owned(), Fact::Instant(at(0))),
            ("Period to".to_owned(), Fact::Instant(at(91))),
            ("All changes".to_owned(), Fact::Count(440)),
            ("Emergencies".to_owned(), Fact::Count(40)),
            (
                "Sampling".to_owned(),
                text("25 of 440, seed 7, exceptions first"),
            ),
            ("Root of the log".to_owned(), Fact::Hash("9f3c".repeat(16))),
        ],
        coverage: vec![CoverageRow {
            source: "github".to_owned(),
            counts_by: "a deployment".to_owned(),
            n_told: 400,
            n_duplicate: 12,
            n_unknown: 3,
            n_refused: 0,
            first_at: Some(at(0)),
            last_at: Some(at(90)),
            remark: Some("Silent from 2026-11-02 to 2026-11-04.".to_owned()),
        }],
        query: vec!["SELECT … WHERE counted_at >= ? AND counted_at < ?".to_owned()],
        recipe: vec!["The smallest first.".to_owned()],
        notes: vec!["=Rehearsals are left out.".to_owned()],
    }
}

fn left_out() -> Vec<LeftOutRow> {
    vec![LeftOutRow {
        at: at(4),
        change: "github acme/web/push/1".to_owned(),
        description: "Try the new runner".to_owned(),
        told_by: "github".to_owned(),
        because: "It didn't go to production, by somebody's word".to_owned(),
        said_by: Some("Riley".to_owned()),
        said_at: Some(at(5)),
        ..LeftOutRow::default()
    }]
}

fn rows() -> Vec<ChangeRow> {
    let record = the_guides_story().record(&["hunter2"]);
    vec![
        ChangeRow::of(&record),
        ChangeRow::of_normal(&normal(Some("Add MFA to admin panel")), ChangeKind::Normal),
        ChangeRow::of_normal(&normal(None), ChangeKind::Normal),
        ChangeRow {
            at: at(3),
            description: "=HYPERLINK(\"https://evil.example\",\"click\")".to_owned(),
            change: "+1+1".to_owned(),
            change_type: "-2".to_owned(),
            kind: "@SUM(A1)".to_owned(),
            system: Some("\tx _x0041_ \u{1}".to_owned()),
            made_by: Some("山田 🔥 <&>".to_owned()),
            minutes_ahead: Some(-12.5),
            ..ChangeRow::default()
        },
    ]
}

fn written(rows_of_a_sheet: u32, rows: Vec<ChangeRow>) -> (Vec<u8>, Written) {
    let record = the_guides_story().record(&[]);
    let mut out = Vec::new();
    let exceptions = ExceptionRow::of(&record);
    let beside = Beside {
        exceptions,
        left_out: left_out(),
        weeks: weeks(),
    };
    let done = write(&mut out, cover(), rows, beside, population, rows_of_a_sheet);
    (out, done.unwrap())
}

fn read(file: &[u8], sheet: &str) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file.to_vec())).unwrap();
    let range = book.worksheet_range(sheet).unwrap();
    range.rows().map(<[Data]>::to_vec).collect()
}

/// What should be read back of a value.
fn same(value: &Value, read: &Data) -> bool {
    match (value, read) {
        (Value::Nothing, Data::Empty) => true,
        (Value::Text(words), Data::String(read)) => words == read,
        (Value::Number(number), Data::Float(read)) => (number - read).abs() < 1e-12,
        (Value::Instant(at), Data::DateTime(read)) => {
            let days = read.as_f64() - 25_569.0;
            #[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
            let seconds = at.timestamp() as f64;
            (days * 86_400.0 - seconds).abs() < 0.5
        }
        _ => false,
    }
}

#[test]
fn what_was_written_is_read_back_equal_by_another_library() {
    let (file, done) = written(ROWS_OF_A_SHEET, rows());
    assert_eq!(
        (done.n_changes, done.n_exceptions, done.n_sheets),
        (4, 1, 1)
    );
    let log = read(&file, "Change Log");
    assert_eq!(log.len(), 5);
    for (row, read) in rows().into_iter().zip(log.iter().skip(1)) {
        let cells = row.cells();
        assert_eq!(cells.len(), read.len());
        for (value, read) in cells.iter().zip(read) {
            assert!(same(value, read), "{value:?} was read as {read:?}");
        }
    }
    for (row, read) in left_out()
        .into_iter()
        .zip(read(&file, "Left out").iter().skip(1))
    {
        for (value, read) in row.cells().iter().zip(read) {
            assert!(same(value, read), "{value:?} was read as {read:?}");
        }
    }
    for (week, read) in weeks()
        .into_iter()
        .zip(read(&file, "Rate by week").iter().skip(1))
    {
        for (value, read) in week.cells().iter().zip(read) {
            assert!(same(value, read), "{value:?} was read as {read:?}");
        }
    }
}

#[test]
fn the_guides_columns_come_first_and_under_its_names() {
    let (file, _) = written(ROWS_OF_A_SHEET, rows());
    let heading: Vec<String> = read(&file, "Change Log")[0]
        .iter()
        .take(7)
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        heading,
        [
            "Date (UTC)",
            "Type",
            "Description",
            "Approval",
            "Testing",
            "Deploy Log",
            "Outcome"
        ]
    );
}

#[test]
fn what_is_read_in_full_has_the_room_for_it_and_no_row_is_higher_than_excel_has() {
    let exception = |cause: &str| ExceptionRow {
        change: "CHG-1001".to_owned(),
        recorded_at: at(1),
        cause: Some(cause.to_owned()),
        ..ExceptionRow::default()
    };
    let words = "The pager of the second approver was off. ";
    let beside = Beside {
        exceptions: [
            exception("Short."),
            exception(&words.repeat(4)),
            exception("One\nTwo\nThree"),
            exception(&words.repeat(900)),
        ],
        left_out: left_out(),
        weeks: weeks(),
    };
    let mut out = Vec::new();
    write(&mut out, cover(), rows(), beside, population, 99).unwrap();
    let sheet = part(out, "xl/worksheets/sheet2.xml");
    let heights: Vec<Option<f64>> = sheet
        .split("<row ")
        .skip(2)
        .take(4)
        .map(|row| {
            let (_, ht) = row.split('>').next()?.split_once(" ht=\"")?;
            ht.split('"').next()?.parse().ok()
        })
        .collect();
    assert_eq!(heights, [None, Some(54.0), Some(40.5), Some(408.75)]);
}

/// The text of a part of the file.
fn part(file: Vec<u8>, name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let mut text = String::new();
    let mut part = archive.by_name(name).unwrap();
    part.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn no_row_stands_in_a_sheet_twice() {
    let high = || ExceptionRow {
        recorded_at: at(1),
        cause: Some("One\nTwo".to_owned()),
        ..ExceptionRow::default()
    };
    for exceptions in [vec![], vec![high()], vec![high(), high()]] {
        let mut out = Vec::new();
        let beside = Beside {
            exceptions,
            left_out: [],
            weeks: [],
        };
        write(&mut out, cover(), [], beside, population, 9).unwrap();
        for n in 1..=5 {
            let sheet = part(out.clone(), &format!("xl/worksheets/sheet{n}.xml"));
            let rows: Vec<&str> = sheet
                .split("<row r=\"")
                .skip(1)
                .map(|row| row.split('"').next().unwrap())
                .collect();
            let mut unlike = rows.clone();
            unlike.dedup();
            assert_eq!(rows, unlike, "sheet {n}");
        }
    }
}

#[test]
fn of_a_normal_change_an_approval_that_is_missing_or_its_authors_own_is_an_exception() {
    let exceptions = |alter: fn(&mut NormalRecord), kind| {
        let mut record = normal(Some("Add MFA to admin panel"));
        alter(&mut record);
        ChangeRow::of_normal(&record, kind).exceptions
    };
    let alone = |record: &mut NormalRecord| record.approver_is_another = Some(false);
    let missing = |record: &mut NormalRecord| {
        (record.approved_by, record.approval_url) = (None, None);
    };
    assert_eq!(exceptions(|_| (), ChangeKind::Normal), None);
    assert_eq!(
        exceptions(alone, ChangeKind::Normal).as_deref(),
        Some("approved by its author")
    );
    assert_eq!(
        exceptions(missing, ChangeKind::Normal).as_deref(),
        Some("approval not collected")
    );
    // What is approved in advance needs none.
    let standard = |record: &mut NormalRecord| {
        record.kind.name = "standard".to_owned();
        (record.approved_by, record.approval_url) = (None, None);
    };
    assert_eq!(exceptions(standard, ChangeKind::Standard), None);
}

#[test]
fn no_cell_is_a_formula() {
    let (file, _) = written(ROWS_OF_A_SHEET, rows());
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file.clone())).unwrap();
    for name in book.sheet_names() {
        let formulas = book.worksheet_formula(&name).unwrap();
        assert!(formulas.rows().flatten().all(String::is_empty), "{name}");
    }
    let read = read(&file, "Change Log");
    assert_eq!(
        read[4][2].to_string(),
        "=HYPERLINK(\"https://evil.example\",\"click\")"
    );
}

#[test]
fn beyond_a_sheets_rows_the_log_goes_on_in_the_next() {
    let many: Vec<ChangeRow> = (0..10)
        .map(|n| ChangeRow {
            at: at(n),
            change: format!("#{n}"),
            ..ChangeRow::default()
        })
        .collect();
    let (file, done) = written(5, many);
    assert_eq!((done.n_changes, done.n_sheets), (10, 3));
    let book: Xlsx<_> = Xlsx::new(Cursor::new(file.clone())).unwrap();
    assert_eq!(
        book.sheet_names(),
        [
            "Change Log",
            "Change Log (2)",
            "Change Log (3)",
            "Exceptions",
            "Left out",
            "Rate by week",
            "Population"
        ]
    );
    let names: Vec<String> = ["Change Log", "Change Log (2)", "Change Log (3)"]
        .iter()
        .flat_map(|sheet| {
            let rows = read(&file, sheet);
            assert_eq!(
                rows[0][7].to_string(),
                "Change",
                "each sheet has the heading"
            );
            rows.into_iter()
                .skip(1)
                .map(|row| row[7].to_string())
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(names, (0..10).map(|n| format!("#{n}")).collect::<Vec<_>>());
}

#[test]
fn a_log_that_fills_its_sheet_exactly_begins_no_other_and_one_of_nothing_has_one() {
    let row = |n| ChangeRow {
        at: at(n),
        ..ChangeRow::default()
    };
    assert_eq!(written(5, (0..4).map(row).collect()).1.n_sheets, 1);
    assert_eq!(written(5, (0..5).map(row).collect()).1.n_sheets, 2);
    assert_eq!(written(5, Vec::new()).1.n_sheets, 1);
}

#[test]
fn the_same_rows_make_the_same_file_to_the_byte() {
    let (once, again) = (written(5, rows()).0, written(5, rows()).0);
    assert!(once == again);
}

#[test]
fn a_text_that_no_cell_can_hold_is_cut_and_says_where_it_stands_whole() {
    let long = ChangeRow {
        description: "🔥".repeat(40_000),
        ..ChangeRow::default()
    };
    let (file, _) = written(5, vec![long]);
    let cell = read(&file, "Change Log")[1][2].to_string();
    assert!(cell.encode_utf16().count() <= 32_767 && cell.ends_with("record.json]"));
}

#[test]
fn what_was_redacted_says_so_in_its_cell() {
    let record = the_guides_story().record(&["Validated"]);
    let row = ChangeRow::of(&record);
    assert_eq!(
        row.testing.as_deref(),
        Some("[redacted by Sam Ковальчук on 2026-10-20 02:14:03 UTC: It held a password.]")
    );
}

#[test]
fn the_population_tells_how_it_was_obtained() {
    let (file, _) = written(ROWS_OF_A_SHEET, rows());
    let all: Vec<String> = read(&file, "Population")
        .into_iter()
        .flatten()
        .map(|one| one.to_string())
        .collect();
    for sought in [
        "github",
        "440",
        "25 of 440, seed 7, exceptions first",
        "=Rehearsals are left out.",
    ] {
        assert!(all.iter().any(|one| one == sought), "{sought}");
    }
}
