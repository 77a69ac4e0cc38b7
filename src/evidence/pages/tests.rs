//! Facts about the papers, told from what stands in their bytes.

use super::*;
use crate::domain::policy::Party;
use crate::evidence::record::tests::{
    normal as a_normal_change, person_called, policy, the_guides_story,
};

fn imprint() -> Imprint {
    Imprint {
        part_of: "Sample 2 of 25 · SOC 2 evidence, 2026-10-01 to 2026-12-31 · T0ACME".to_owned(),
        bound_to: "Made from record.json, SHA-256 4b0d5c1e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c".to_owned(),
        checkpoint: "Log as of checkpoint 12,345 · root 9f3c1a22… · 2026-12-31 23:00:00 UTC".to_owned(),
        at: DateTime::parse_from_rfc3339("2026-12-31T23:00:00Z").unwrap().to_utc(),
    }
}

fn called(party: &Party) -> String {
    match party {
        Party::Person(who) => person_called(who).unwrap_or_else(|| who.to_string()),
        Party::Group(_) => "everyone in @eng-leads".to_owned(),
    }
}

fn papers() -> Vec<(&'static str, Vec<u8>)> {
    let imprint = &imprint();
    let record = &the_guides_story().record(&["hunter2"]);
    let collected = &a_normal_change(Some("Add MFA to admin panel"));
    let bare = &a_normal_change(None);
    let policy = &policy();
    let procedure = Procedure {
        policy,
        organisation: "Acme",
        adopted_at: Some(imprint.at),
        called: &called,
        channel: &|_| Some("engineering".to_owned()),
    };
    vec![
        ("change_ticket", change_ticket(record, imprint).unwrap()),
        ("approval_record", approval_record(record, imprint).unwrap()),
        ("testing_results", testing_results(record, imprint).unwrap()),
        (
            "deployment_confirmation",
            deployment_confirmation(record, imprint).unwrap(),
        ),
        (
            "procedure",
            emergency_change_procedure(procedure, imprint).unwrap(),
        ),
        (
            "normal_ticket",
            normal::change_ticket(collected, imprint).unwrap(),
        ),
        (
            "normal_approval",
            normal::approval_record(bare, imprint).unwrap(),
        ),
        (
            "normal_testing",
            normal::testing_results(bare, imprint).unwrap(),
        ),
        (
            "normal_deployment",
            normal::deployment_confirmation(bare, imprint).unwrap(),
        ),
    ]
}

#[test]
fn the_same_record_makes_the_same_paper_to_the_byte() {
    let (once, again) = (papers(), papers());
    for ((name, once), (_, again)) in once.iter().zip(&again) {
        assert!(once == again, "{name} differs");
        assert!(once.starts_with(b"%PDF-1.7"), "{name} is no PDF");
    }
}

/// Whether bytes hold others.
fn holds(bytes: &[u8], sought: &str) -> bool {
    bytes
        .windows(sought.len())
        .any(|window| window == sought.as_bytes())
}

#[test]
fn a_paper_says_that_it_is_pdf_a_and_bears_no_time_but_the_one_it_was_given() {
    for (name, paper) in papers() {
        assert!(holds(&paper, "<pdfaid:part>2</pdfaid:part>"), "{name}");
        assert!(
            holds(&paper, "<pdfaid:conformance>U</pdfaid:conformance>"),
            "{name}"
        );
        assert!(holds(&paper, "2026-12-31T23:00:00"), "{name}");
    }
}

/// Every 43rd character of the first plane, some of the others, and every one that plays tricks.
fn all_sorts() -> String {
    let some = (0..=0xFFFF_u32)
        .step_by(43)
        .chain((0x1_0000..0x11_0000).step_by(40_009));
    let tricks = [
        "\u{202E}",
        "\u{0}",
        "e\u{301}\u{302}",
        "\u{FEFF}",
        "\r",
        "ﬁ",
        "\u{2028}",
    ];
    some.filter_map(char::from_u32)
        .chain(tricks.concat().chars())
        .collect()
}

#[test]
fn whatever_somebody_wrote_can_be_printed() {
    let mut paper = paper::Paper::new("Trial", &all_sorts(), "");
    paper.row(&all_sorts(), &[parts::text(all_sorts())]);
    let cell = || vec![parts::code(all_sorts())];
    paper.table(&[("One", 1.0), ("Two", 5.0)], &[vec![cell(), cell()]]);
    paper.boxed(paper::Tone::Alarm, &[parts::strong(all_sorts())]);
    paper.item(&[parts::alarm(all_sorts())]);
    paper.link("Link", &all_sorts());
    let paper = paper.write(&imprint()).unwrap();
    assert!(holds(&paper, "%%EOF"));
}

#[test]
fn a_table_begins_anew_on_each_page_and_loses_no_row() {
    let rows: Vec<Vec<paper::Cell>> = (0..300)
        .map(|n| {
            vec![
                vec![parts::text(format!("row {n}"))],
                vec![parts::text("x\n".repeat(n % 90))],
            ]
        })
        .collect();
    let mut paper = paper::Paper::new("Trial", "Trial", "");
    paper.table(&[("Left", 1.0), ("Right", 1.0)], &rows);
    let words = paper.words_by_page();
    assert!(words.len() > 100);
    let heads = words
        .iter()
        .filter(|page| page.iter().any(|one| one == "Left"));
    assert_eq!(heads.count(), words.len(), "each page has the heading");
    let all: Vec<&String> = words.iter().flatten().collect();
    for n in 0..300 {
        assert_eq!(
            all.iter()
                .filter(|one| **one == &format!("row {n}"))
                .count(),
            1
        );
    }
    let xs = all.iter().filter(|one| one.as_str() == "x").count();
    assert_eq!(xs, (0..300).map(|n| n % 90).sum::<usize>());
}

#[test]
fn another_word_makes_another_paper() {
    let story = the_guides_story();
    let paper = |redacted| change_ticket(&story.record(redacted), &imprint()).unwrap();
    assert_ne!(paper(&[]), paper(&["hunter2"]));
}
