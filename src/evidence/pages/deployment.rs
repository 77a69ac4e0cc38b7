//! `deployment_confirmation.pdf`: what went to production, when, by whom, how that
//! is known, and what came of it.

use super::paper::{Cell, Paper, Tone};
use super::parts::{at, called, person, sentence, shortly, soft, strong, summary, text, words};
use super::ticket::{ahead, fields, title};
use super::{Imprint, PageFault};
use crate::domain::ticket::Field;
use crate::evidence::record::{Record, apart, utc};

/// Writes the confirmation of an emergency change's deployment.
pub fn deployment_confirmation(record: &Record, imprint: &Imprint) -> Result<Vec<u8>, PageFault> {
    let mut paper = Paper::new(
        "Deployment confirmation",
        &title(record),
        "What went to production, when, and what came of it",
    );
    summary(&mut paper, record);
    paper.section("Deployments");
    if record.deployments.is_empty() {
        let words = "Nothing of this change is known to be in production.";
        paper.boxed(Tone::Calm, &[strong(words)]);
    } else {
        let rows: Vec<Vec<Cell>> = record
            .deployments
            .iter()
            .map(|one| {
                vec![
                    vec![shortly(one.at)],
                    person(&one.by),
                    vec![sentence(&one.known_from)],
                    vec![
                        shortly(one.recorded_at),
                        soft(format!(
                            "\n{} the deployment",
                            apart(one.recorded_at, one.at)
                        )),
                    ],
                ]
            })
            .collect();
        paper.table(
            &[
                ("In production", 2.0),
                ("Implemented by", 2.4),
                ("Known", 2.2),
                ("Recorded", 2.2),
            ],
            &rows,
        );
    }
    if let Some(ahead) = ahead(record) {
        let mut cell = vec![text("The authorization came ")];
        cell.extend(ahead);
        paper.paragraph(&cell);
    }
    for one in &record.corrections {
        paper.subheading(&[strong("A time was put right")]);
        paper.row("From", &[at(one.from)]);
        paper.row("To", &[at(one.to)]);
        paper.row("Why", &words(&one.reason));
        let act = &one.act;
        paper.row(
            "By",
            &[text(called(&act.by)), soft(format!(" · {}", utc(act.at)))],
        );
    }
    paper.section("What was deployed");
    fields(
        &mut paper,
        record,
        &[
            Field::WhatWasDone,
            Field::Systems,
            Field::Links,
            Field::ConfigurationBefore,
            Field::ConfigurationAfter,
            Field::ControlsBypassed,
            Field::ControlsRestored,
        ],
    );
    paper.section("What came of it");
    fields(
        &mut paper,
        record,
        &[
            Field::Outcome,
            Field::OutcomeCode,
            Field::IncidentResolved,
            Field::DataExposed,
            Field::Permanence,
        ],
    );
    paper.section("Rollback");
    fields(
        &mut paper,
        record,
        &[Field::RollbackPlan, Field::RollbackExecuted],
    );
    paper.write(imprint)
}
