//! `testing_results.pdf`: what was tested before and after, who validated it, and
//! what shows it.

use super::paper::{Paper, Tone};
use super::parts::{attachments, soft, strong, summary, text};
use super::ticket::{fields, title};
use super::{Imprint, PageFault};
use crate::domain::ticket::Field;
use crate::evidence::record::Record;

/// Writes what is known of an emergency change's tests.
pub fn testing_results(record: &Record, imprint: &Imprint) -> Result<Vec<u8>, PageFault> {
    let mut paper = Paper::new(
        "Testing results",
        &title(record),
        "What was tested, even if minimal, and what shows it",
    );
    summary(&mut paper, record);
    if record
        .entry(Field::Testing)
        .is_none_or(|entry| entry.value.is_none())
    {
        let words = "Nobody has written down what was tested.";
        paper.boxed(Tone::Alarm, &[strong(words)]);
    }
    paper.section("Testing performed");
    fields(
        &mut paper,
        record,
        &[Field::Testing, Field::TestingDeferred],
    );
    paper.section("Validation in production");
    fields(
        &mut paper,
        record,
        &[
            Field::ValidatedBy,
            Field::ValidatedAt,
            Field::OutcomeCode,
            Field::IncidentResolved,
        ],
    );
    paper.section("Risk and security impact");
    fields(
        &mut paper,
        record,
        &[
            Field::RiskLevel,
            Field::RiskReason,
            Field::SecurityImpact,
            Field::SecurityImpactWords,
            Field::CustomerImpact,
        ],
    );
    attachments(&mut paper, record);
    if !record.attachments.is_empty() {
        paper.paragraph(&[
            text("The files lie beside this paper"),
            soft("; their SHA-256 must be those above."),
        ]);
    }
    paper.write(imprint)
}
