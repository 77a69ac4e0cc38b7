//! The same four papers for a normal change, from what its sources told. What none
//! of them told is said to be *not collected*, and never left out.

use super::paper::{Cell, Paper, Tone};
use super::parts::{alarm, at, code, good, sentence, shortly, soft, strong, text, words};
use super::{Imprint, PageFault};
use crate::evidence::record::{NormalRecord, Words, capitalised};

/// What stands where no source told anything.
const NOT_COLLECTED: &str = "not collected";

/// Writes the ticket of a normal change.
pub fn change_ticket(record: &NormalRecord, imprint: &Imprint) -> Result<Vec<u8>, PageFault> {
    let mut paper = begin("Change ticket", record);
    marks(&mut paper, record);
    paper.section("The change");
    paper.row("Name", &[strong(record.name.as_str())]);
    said(&mut paper, "Title", record.title.as_ref());
    paper.row("Kind", &[sentence(&record.kind)]);
    plain(&mut paper, "Type", record.change_type.as_ref());
    plain(&mut paper, "System", record.system.as_ref());
    plain(&mut paper, "Author", record.author.as_ref());
    if let Some(email) = &record.author_email {
        paper.row("E-mail", &[text(email.as_str())]);
    }
    paper.row("In production", &[at(record.at)]);
    plain(&mut paper, "Outcome", record.outcome.as_ref());
    hash(&mut paper, "Commit", record.commit.as_ref());
    address(&mut paper, "Where to look at it", record.url.as_ref());
    sources(&mut paper, record);
    paper.write(imprint)
}

/// Writes what is known of its approval.
pub fn approval_record(record: &NormalRecord, imprint: &Imprint) -> Result<Vec<u8>, PageFault> {
    let mut paper = begin("Approval record", record);
    marks(&mut paper, record);
    paper.section("Approval");
    plain(&mut paper, "Approved by", record.approved_by.as_ref());
    plain(&mut paper, "Author", record.author.as_ref());
    let apart = match record.approver_is_another {
        Some(true) => vec![
            good("kept"),
            soft(": the approver is somebody else than the author"),
        ],
        Some(false) => vec![alarm("not kept"), soft(": the author is the only approver")],
        None => vec![soft("can't be told: author or approver was not collected")],
    };
    paper.row("Segregation of duties", &apart);
    address(
        &mut paper,
        "Where to look at it",
        record.approval_url.as_ref(),
    );
    sources(&mut paper, record);
    paper.write(imprint)
}

/// Writes what is known of its tests.
pub fn testing_results(record: &NormalRecord, imprint: &Imprint) -> Result<Vec<u8>, PageFault> {
    let mut paper = begin("Testing results", record);
    paper.section("Testing");
    said(&mut paper, "Result", record.testing_result.as_ref());
    address(
        &mut paper,
        "Where to look at it",
        record.testing_url.as_ref(),
    );
    sources(&mut paper, record);
    paper.write(imprint)
}

/// Writes the confirmation of its deployment.
pub fn deployment_confirmation(
    record: &NormalRecord,
    imprint: &Imprint,
) -> Result<Vec<u8>, PageFault> {
    let mut paper = begin("Deployment confirmation", record);
    paper.section("Deployment");
    paper.row("In production", &[at(record.at)]);
    plain(&mut paper, "System", record.system.as_ref());
    plain(&mut paper, "Outcome", record.outcome.as_ref());
    hash(&mut paper, "Commit", record.commit.as_ref());
    address(
        &mut paper,
        "Log of the deployment",
        record.deploy_log_url.as_ref(),
    );
    sources(&mut paper, record);
    paper.write(imprint)
}

/// Writes what is known of how it went afterwards.
pub fn monitoring_confirmation(
    record: &NormalRecord,
    imprint: &Imprint,
) -> Result<Vec<u8>, PageFault> {
    let mut paper = begin("Monitoring confirmation", record);
    paper.section("After the deployment");
    plain(&mut paper, "Outcome", record.outcome.as_ref());
    paper.row("Monitoring", &[soft(NOT_COLLECTED)]);
    paper.remark(
        "Breakglass takes in what deployed and with what outcome. What dashboards and alerts \
         showed afterwards it doesn't collect for normal changes.",
    );
    sources(&mut paper, record);
    paper.write(imprint)
}

fn begin(kind: &str, record: &NormalRecord) -> Paper {
    let title = record.title.as_ref().map(|title| match &title.text {
        Some(words) => words.split_whitespace().collect::<Vec<_>>().join(" "),
        None => "(redacted)".to_owned(),
    });
    let title = title.map_or_else(
        || record.name.clone(),
        |title| {
            let mut cut: String = title.chars().take(LONGEST_TITLE).collect();
            if cut.len() < title.len() {
                cut.push('…');
            }
            format!("{}: {cut}", record.name)
        },
    );
    Paper::new(kind, &title, &capitalised(&record.kind.words))
}

/// How much of a title a heading shows, in characters; the row below shows it all.
const LONGEST_TITLE: usize = 110;

fn marks(paper: &mut Paper, record: &NormalRecord) {
    if record.marks.is_empty() {
        return;
    }
    let marks: Vec<&str> = record.marks.iter().map(|one| one.words.as_str()).collect();
    paper.boxed(
        Tone::Alarm,
        &[
            strong("Not like a normal change: "),
            text(marks.join("; ")),
            text("."),
        ],
    );
}

fn plain(paper: &mut Paper, label: &str, value: Option<&String>) {
    let cell = value.map_or_else(
        || vec![soft(NOT_COLLECTED)],
        |words| vec![text(words.as_str())],
    );
    paper.row(label, &cell);
}

fn hash(paper: &mut Paper, label: &str, value: Option<&String>) {
    let cell = value.map_or_else(
        || vec![soft(NOT_COLLECTED)],
        |words| vec![code(words.as_str())],
    );
    paper.row(label, &cell);
}

fn said(paper: &mut Paper, label: &str, value: Option<&Words>) {
    let cell = value.map_or_else(|| vec![soft(NOT_COLLECTED)], words);
    paper.row(label, &cell);
}

fn address(paper: &mut Paper, label: &str, value: Option<&String>) {
    match value {
        Some(address) => paper.link(label, address),
        None => paper.row(label, &[soft(NOT_COLLECTED)]),
    }
}

/// What each source told, and the leaf of the log by which it can be proved.
fn sources(paper: &mut Paper, record: &NormalRecord) {
    paper.section("By whom that is known");
    paper.remark(
        "Each telling as it came in. Its facts are hashed into the leaf of the log that its \
         intake is. What no source told is not collected: it may exist elsewhere.",
    );
    let rows: Vec<Vec<Cell>> = record
        .tellings
        .iter()
        .map(|one| {
            let leaf = one
                .leaf
                .map_or_else(|| "—".to_owned(), |leaf| leaf.to_string());
            vec![
                vec![
                    text(one.source.as_str()),
                    soft(format!("\n{}", one.external_id)),
                ],
                vec![sentence(&one.happening)],
                vec![shortly(one.at), soft("\nheard "), shortly(one.heard_at)],
                vec![text(leaf)],
                vec![code(one.hash.as_str())],
            ]
        })
        .collect();
    paper.table(
        &[
            ("Source", 2.0),
            ("By", 1.6),
            ("At", 2.6),
            ("Leaf", 0.7),
            ("SHA-256 of its facts", 3.1),
        ],
        &rows,
    );
}
