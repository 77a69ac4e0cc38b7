//! `breakglass fields`: the ticket's fields, each with when it has to be there and
//! which demands of the guide and the frameworks it answers.
//!
//! Prints the one table in `domain/ticket/field.rs`, and knows no field itself.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use crate::domain::policy::Framework;
use crate::domain::ticket::{Field, Kind, Part, Requirement, Row, provision};

/// What `breakglass fields` takes.
#[derive(Debug, Clone, Copy, Args)]
pub struct FieldsArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The columns of a page: a field takes the left, a framework the middle, what is
/// demanded the rest.
const PAGE: usize = 100;
const LEFT: usize = 32;
const MIDDLE: usize = 8;
const RIGHT: usize = PAGE - 2 * GAP - LEFT - 2 - MIDDLE;

/// Between two columns.
const GAP: usize = 2;

/// Prints the table.
pub fn run(args: FieldsArgs) -> anyhow::Result<()> {
    let page = if args.json {
        format!("{}\n", document())
    } else {
        page()
    };
    super::print(page)
}

/// What a framework is called in the middle column.
const fn short(framework: Framework) -> &'static str {
    match framework {
        Framework::Soc2 => "SOC 2",
        Framework::PciDss => "PCI DSS",
        Framework::Nist => "NIST",
        Framework::Dora => "DORA",
        Framework::Nis2 => "NIS2",
        Framework::Iso27001 => "ISO",
    }
}

/// Everybody whose demands a field answers, each with a name for the columns, and
/// the demands.
fn cited(row: &Row) -> Vec<(&'static str, Vec<&'static str>)> {
    let guide = ("guide", row.citations.guide_says().collect());
    let mut cited = vec![guide];
    cited.extend(Framework::ALL.iter().map(|framework| {
        let demands: Vec<_> = row.citations.of(*framework).collect();
        (short(*framework), demands)
    }));
    // CC8.1 comes first, and the guide explains it.
    cited.swap(0, 1);
    cited.retain(|(_, demands)| !demands.is_empty());
    cited
}

/// The table for a terminal, section by section.
fn page() -> String {
    let mut page = String::from("The fields of the ticket, and what each answers\n\n");
    for framework in Framework::ALL {
        let _ = writeln!(
            page,
            "  {:MIDDLE$}  {framework} {}",
            short(*framework),
            provision(*framework)
        );
    }
    let _ = writeln!(
        page,
        "  {:MIDDLE$}  the guide to CC8.1, in its words",
        "guide"
    );
    for part in Part::ALL {
        let heading = part.to_string().to_uppercase();
        let _ = write!(page, "\n{heading}\n{}\n", "─".repeat(PAGE));
        let fields = Field::ALL.iter().map(|field| field.row());
        let blocks: Vec<String> = fields
            .filter(|row| row.part == *part)
            .map(|row| block(&row))
            .collect();
        page.push_str(&blocks.join("\n"));
    }
    page
}

/// One field: what it is on the left, what it answers on the right.
fn block(row: &Row) -> String {
    let mut left = wrapped(row.label, LEFT);
    let kind = match row.kind {
        Kind::Choice(names) => format!("one of: {}", names.join(", ").replace('_', " ")),
        kind => kind.to_string(),
    };
    left.extend(indented(&kind));
    left.extend(indented(&row.requirement.to_string()));
    let mut right = Vec::new();
    for (who, demands) in cited(row) {
        let lines = in_lines(&demands);
        let lines = lines.iter().flat_map(|line| wrapped(line, RIGHT));
        for (n, line) in lines.enumerate() {
            right.push((if n == 0 { who } else { "" }, line));
        }
    }
    let mut block = String::new();
    for n in 0..left.len().max(right.len()) {
        let field = left.get(n).map_or("", String::as_str);
        let (who, demand) = right
            .get(n)
            .map_or(("", ""), |(who, line)| (who, line.as_str()));
        let line = format!("  {field:LEFT$}  {who:MIDDLE$}  {demand}");
        let _ = writeln!(block, "{}", line.trim_end());
    }
    block
}

/// Numbers of provisions side by side, and each demand in words on a line of its own.
fn in_lines(demands: &[&str]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut numbers_before = false;
    for demand in demands {
        let is_number = !demand.contains(' ');
        match lines.last_mut() {
            Some(line) if is_number && numbers_before => {
                line.push_str(", ");
                line.push_str(demand);
            }
            Some(_) | None => lines.push((*demand).to_owned()),
        }
        numbers_before = is_number;
    }
    lines
}

fn indented(text: &str) -> impl Iterator<Item = String> {
    let lines = wrapped(text, LEFT - 2);
    lines.into_iter().map(|line| format!("  {line}"))
}

/// Breaks a text between words into lines of at most `room` characters; a longer
/// word stands alone.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The table as one document.
fn document() -> Value {
    let frameworks: Vec<Value> = Framework::ALL
        .iter()
        .map(|framework| {
            json!({
                "id": framework.name(),
                "name": framework.to_string(),
                "provision": provision(*framework),
            })
        })
        .collect();
    let fields: Vec<Value> = Field::ALL.iter().map(|field| entry(*field)).collect();
    json!({"frameworks": frameworks, "fields": fields})
}

fn entry(field: Field) -> Value {
    let row = field.row();
    let choices = match row.kind {
        Kind::Choice(names) => json!(names),
        Kind::Recorded
        | Kind::Words
        | Kind::Category
        | Kind::Link
        | Kind::Links
        | Kind::Person
        | Kind::Instant
        | Kind::Systems => Value::Null,
    };
    let (needed, circumstance, asking): (_, _, &[Framework]) = match row.requirement {
        Requirement::Kept => ("kept", None, &[]),
        Requirement::Act | Requirement::Close => ("to_close", None, &[]),
        Requirement::ActWhen(circumstance) | Requirement::When(circumstance) => {
            ("to_close_when", Some(circumstance.name()), &[])
        }
        Requirement::WhenOr(circumstance, asking) => {
            ("to_close_when", Some(circumstance.name()), asking)
        }
        Requirement::Framework(asking) => ("framework", None, asking),
        Requirement::Afterwards => ("afterwards", None, &[]),
        Requirement::Optional => ("optional", None, &[]),
    };
    let asking: Vec<_> = asking.iter().map(|framework| framework.name()).collect();
    let mut answers = serde_json::Map::new();
    let guide: Vec<_> = row.citations.guide_says().collect();
    answers.insert("guide".to_owned(), json!(guide));
    for framework in Framework::ALL {
        let demands: Vec<_> = row.citations.of(*framework).collect();
        answers.insert(framework.name().to_owned(), json!(demands));
    }
    json!({
        "field": field.name(),
        "section": row.part.name(),
        "label": row.label,
        "kind": row.kind.to_string(),
        "choices": choices,
        "requirement": {
            "needed": needed,
            "circumstance": circumstance,
            "frameworks": asking,
            "words": row.requirement.to_string(),
        },
        "answers": answers,
    })
}
