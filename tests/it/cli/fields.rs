//! `breakglass fields`: the table that an auditor holds against the frameworks.

use std::process::Stdio;

use breakglass::domain::ticket::{Field, Part};
use serde_json::{Value, json};

use super::{finish, program, run};

fn printed(more: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(program(folder.path()).arg("fields").args(more));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    ended.out
}

fn document() -> Value {
    serde_json::from_str(&printed(&["--json"])).unwrap()
}

fn entry(name: &str) -> Value {
    let document = document();
    let fields = document["fields"].as_array().unwrap();
    let found = fields.iter().find(|one| one["field"] == name);
    found.unwrap().clone()
}

/// A page without its line breaks, so that a wrapped text is found again.
fn run_together(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_terminal_of_a_hundred_columns_shows_all_fields_section_by_section() {
    let page = printed(&[]);
    let widest = page.lines().map(|line| line.chars().count()).max();
    assert_eq!(widest, Some(100), "the rules between the sections");
    let headings: Vec<String> = Part::ALL
        .iter()
        .map(|part| part.to_string().to_uppercase())
        .collect();
    let found: Vec<&str> = page
        .lines()
        .filter(|line| headings.iter().any(|heading| heading == line))
        .collect();
    assert_eq!(found, headings);
    for (n, part) in Part::ALL.iter().enumerate() {
        let from = page.find(&format!("\n{}\n", headings[n])).unwrap();
        let to = headings.get(n + 1).map_or(page.len(), |next| {
            page.find(&format!("\n{next}\n")).unwrap()
        });
        // A field begins after an empty line or a rule, at the second column.
        let section = page[from..to].replace('─', "");
        let labels: Vec<String> = section
            .split("\n\n")
            .map(|block| block.trim_start_matches('\n'))
            .filter(|block| block.starts_with("  "))
            .map(|block| {
                let left = block.lines().map(|line| {
                    let column: String = line.chars().take(34).collect();
                    column
                });
                let label = left.take_while(|line| !line.starts_with("    "));
                run_together(&label.collect::<Vec<_>>().join(" "))
            })
            .collect();
        let expected: Vec<&str> = Field::ALL
            .iter()
            .map(|field| field.row())
            .filter(|row| row.part == *part)
            .map(|row| row.label)
            .collect();
        assert_eq!(labels, expected, "{part}");
    }
}

#[test]
fn a_field_is_shown_with_its_kind_its_requirement_and_its_demands() {
    let page = printed(&[]);
    for block in [
        "
  testing                           SOC 2     Tests System Changes
    words                           guide     document testing performed (even if minimal)
    to close                        PCI DSS   testing to verify that the change does not adversely
                                              impact system security
                                              for bespoke and custom software: 6.2.4
                                    NIST      CM-3(2)
                                    DORA      17(1)(a), 17(1)(c)(iii)
                                    NIS2      6.4.2
                                    ISO       27002: tests and acceptance of tests for the changes
",
        "
  the permanent fix                 SOC 2     Manages Changes Throughout the System Life Cycle
    words                           guide     permanent fixes implemented through normal process
    to close when it is temporary   DORA      17(1)(g)
    or a workaround                 NIS2      ENISA on 6.4.3: follow-up actions
",
        "
  who validated it in production    SOC 2     Tests System Changes
    person                          guide     multiple responders verify changes when possible
    to close, if the policy names   PCI DSS   6.5.2
    PCI DSS or NIST SP 800-53       NIST      CM-4(2)
                                    DORA      17(1)(a)
                                    ISO       27002: tests and acceptance of tests for the changes
",
        "
  when the incident was over        guide     document outcome (resolved incident)
    time                            DORA      17(1)(d)(ii)
    optional
",
    ] {
        assert!(page.contains(block), "no{block}in {page}");
    }
}

#[test]
fn the_document_says_of_each_field_what_the_page_says() {
    let (page, document) = (printed(&[]), document());
    // The column on the right, in which what is wrapped goes on.
    let right = page.lines().map(|line| line.chars().skip(46).collect());
    let right = run_together(&right.collect::<Vec<String>>().join(" "));
    let fields = document["fields"].as_array().unwrap();
    let names: Vec<&str> = fields
        .iter()
        .map(|one| one["field"].as_str().unwrap())
        .collect();
    let all: Vec<&str> = Field::ALL.iter().map(|field| field.name()).collect();
    assert_eq!(names, all);
    let frameworks: Vec<&str> = document["frameworks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        frameworks,
        ["soc2", "pci_dss", "nist", "dora", "nis2", "iso27001"]
    );
    let mut n_demands = 0;
    for field in fields {
        let answers = field["answers"].as_object().unwrap();
        assert_eq!(answers.len(), 7, "{field}");
        for demand in answers.values().flat_map(|one| one.as_array().unwrap()) {
            assert!(right.contains(demand.as_str().unwrap()), "{demand}");
            n_demands += 1;
        }
    }
    assert!(n_demands > 200, "{n_demands}");
}

#[test]
fn the_document_tells_a_program_when_a_field_has_to_be_there() {
    let needed = |name: &str| entry(name)["requirement"].clone();
    let is = |needed: &str, circumstance: Value, frameworks: Value, words: &str| json!({"needed": needed, "circumstance": circumstance, "frameworks": frameworks, "words": words});
    assert_eq!(
        needed("rollback_plan"),
        is("to_close", Value::Null, json!([]), "to close")
    );
    assert_eq!(
        needed("security_review"),
        is(
            "to_close_when",
            json!("security_incident"),
            json!([]),
            "to close when it is a security incident"
        )
    );
    assert_eq!(
        needed("notifications"),
        is(
            "framework",
            Value::Null,
            json!(["nist", "dora"]),
            "to close, if the policy names NIST SP 800-53 or DORA"
        )
    );
    assert_eq!(
        needed("hand_off"),
        is("optional", Value::Null, json!([]), "optional")
    );
    assert_eq!(
        needed("event_log"),
        is("kept", Value::Null, json!([]), "kept by the bot")
    );
    let outcome = entry("outcome_code");
    assert_eq!(
        outcome["choices"],
        json!(["successful", "with_issues", "unsuccessful", "rolled_back"])
    );
    assert_eq!(
        (&outcome["section"], &outcome["label"], &outcome["kind"]),
        (&json!("outcome"), &json!("outcome code"), &json!("choice"))
    );
}

#[test]
fn whoever_reads_only_the_beginning_hears_no_complaint() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = program(folder.path())
        .arg("fields")
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let ended = finish(child);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
}
