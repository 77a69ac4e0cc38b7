//! `breakglass check-config`: every fault at its place with its mend, or what is
//! in force.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Ended, program, run};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config")
}

/// Runs it on a file that has this content and no other company.
fn check(content: impl AsRef<[u8]>, more: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("breakglass.toml"), content).unwrap();
    run(program(folder.path()).arg("check-config").args(more))
}

/// The broken files, by name.
fn broken() -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(fixtures().join("broken"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "toml"))
        .collect();
    files.sort();
    files
}

#[test]
fn each_broken_file_is_told_what_is_wrong_where_and_how_to_mend_it() {
    let files = broken();
    assert!(files.len() >= 20, "{files:?}");
    let mut differing = Vec::new();
    for file in files {
        let name = file.file_name().unwrap();
        let ended = run(program(file.parent().unwrap())
            .arg("check-config")
            .arg(name));
        assert_eq!(ended.code, Some(1), "{name:?}: {ended:?}");
        let said = format!("{}{}", ended.out, ended.err);
        let expected = std::fs::read_to_string(file.with_extension("txt")).unwrap();
        if said != expected {
            differing.push(format!("{name:?} now says\n{said}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn what_is_said_of_a_fault_stands_at_the_fault() {
    for file in broken() {
        let content = std::fs::read_to_string(&file).unwrap();
        let ended = check(&content, &["--json"]);
        let told: Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!((ended.code, &told["ok"]), (Some(1), &json!(false)));
        let faults = told["faults"].as_array().unwrap();
        assert!(!faults.is_empty(), "{file:?}");
        let places: BTreeSet<_> = faults
            .iter()
            .map(|fault| {
                (
                    fault["line"].as_u64(),
                    fault["column"].as_u64(),
                    fault["what"].as_str(),
                )
            })
            .collect();
        assert_eq!(places.len(), faults.len(), "{file:?} tells something twice");
        for fault in faults {
            let line = fault["line"].as_u64().unwrap() - 1;
            let column = fault["column"].as_u64().unwrap();
            let line = content.lines().nth(line.try_into().unwrap()).unwrap();
            assert!(
                column <= line.chars().count() as u64 + 1,
                "{file:?}: {fault}"
            );
            assert_ne!(fault["mend"], "", "{file:?}: {fault}");
        }
    }
}

#[test]
fn a_secret_in_the_file_is_shown_to_nobody() {
    let content = std::fs::read_to_string(fixtures().join("broken/secret.toml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("breakglass.toml"), content).unwrap();
    for arguments in [
        &["check-config"][..],
        &["check-config", "--json"],
        &["doctor"],
        &["serve"],
    ] {
        let ended = run(program(folder.path()).args(arguments));
        assert_eq!(ended.code, Some(1));
        for secret in ["hunter2", "8f742231"] {
            assert!(!ended.out.contains(secret), "{ended:?}");
            assert!(!ended.err.contains(secret), "{ended:?}");
        }
    }
}

#[test]
fn what_isnt_text_is_told_where_it_begins() {
    let ended = check(b"[policy]\nzone = \"\xff\"\n", &[]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.out.starts_with("breakglass.toml:2:9: it isn't UTF-8"),
        "{ended:?}"
    );
    let ended = run(program(&fixtures()).args(["check-config", "nowhere.toml"]));
    ended.failed_saying(&["nowhere.toml", "can't be read"]);
}

#[test]
fn where_nobody_wrote_anything_the_guides_rules_are_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(program(folder.path()).arg("check-config"));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(ended.out, @r"
    There is no breakglass.toml here. In force are the defaults:

    Who
      authorize and approve         any full member
      command an incident           any full member
      review security incidents     nobody named; whoever may approve
      approve database changes      nobody named; whoever may approve
      answer for the process        nobody named; whoever may approve
      take out a leaked secret      nobody
      have the auditor's pack sent  nobody
      hear of a missed deadline     nobody

    Categories
                          risk         testing                       approval besides lead and commander  id
      Code deployment     medium       Unit and integration tests    –                                    code
      Database migration  high         Full test suite               database                             database
      Infrastructure      medium-high  Staging verification          –                                    infrastructure
      Configuration       medium       Staging test                  –                                    configuration
      Hotfix              high         Minimal, documented           –                                    hotfix
      Security patch      high         Security testing and staging  security                             security

    Due
      the ticket                       24 h     ticket
      the commander's authorization    24 h     commander_authorization
      confirmation of what was said    24 h     confirmation
      a second person's authorization  24 h     second_authorization
      the retrospective decision       24 h     approval
      the security review              24 h     security_review
      the DBA's approval               24 h     database_approval
      the answer to an exception       7 days   answer_exception
      the remedy after a rejection     7 days   remediation
      whether it was genuine           7 days   genuineness_review
      the review in the meeting        14 days  meeting_review
      the permanent fix                30 days  permanent_fix

    Changes
      of bitbucket counts         a merge
      of circleci counts          a run
      of github counts            a deployment
      of gitlab counts            a deployment
      of jenkins counts           a run
      production environments     production, prod
      jobs that deploy            *deploy*, *release*, !*staging*, !*preview*, !*sandbox*
      branches to production      main, master
      standard changes are        counted
      undeclared, author unknown  nobody
      asked of GitHub             nothing
      asked of GitLab             nothing

    Rules
      guideline                 10 % of all changes
      frameworks                SOC 2
      systems                   none; the ticket doesn't ask
      incident channels         inc-*, incident*
      emoji that authorize      white_check_mark
      weekly report to          none
      weekly report at          Monday 09:00
      zone of people without    UTC
      copies of checkpoints to  nobody
      backed up every night to  nowhere
      words and files kept      for good

    ! nobody is named in policy.approvers, so any full member may authorize and approve what they neither asked for nor deployed
    ");
}

#[test]
fn what_is_in_force_is_told() {
    let whole = std::fs::read_to_string(fixtures().join("whole.toml")).unwrap();
    let ended = check(whole, &[]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(ended.out, @r"
    breakglass.toml is well formed. In force:

    Who
      authorize and approve         S0123ABCD, U0123ABCD
      command an incident           S0456EFGH
      review security incidents     S0SECURITY
      approve database changes      U0123DBA1, U0456DBA2
      answer for the process        U0456EFGH
      take out a leaked secret      U0456EFGH
      have the auditor's pack sent  U0456EFGH, S0AUDIT01
      hear of a missed deadline     U0456EFGH

    Categories
                          risk    testing                     approval besides lead and commander  id
      Code deployment     medium  Unit and integration tests  –                                    code
      Database migration  high    Full test suite             database                             database

    Due
      the ticket                       24 h     ticket
      the commander's authorization    24 h     commander_authorization
      confirmation of what was said    24 h     confirmation
      a second person's authorization  24 h     second_authorization
      the retrospective decision       24 h     approval
      the security review              24 h     security_review
      the DBA's approval               24 h     database_approval
      the answer to an exception       7 days   answer_exception
      the remedy after a rejection     7 days   remediation
      whether it was genuine           7 days   genuineness_review
      the review in the meeting        14 days  meeting_review
      the permanent fix                30 days  permanent_fix

    Changes
      of bitbucket counts         a merge
      of circleci counts          a run
      of github counts            a merge
      of gitlab counts            a deployment
      of jenkins counts           a run
      production environments     production, prod
      jobs that deploy            *deploy*, *release*, !*staging*
      branches to production      main, master
      standard changes are        left out
      undeclared, author unknown  U0123ABCD
      asked of GitHub             acme/web, acme/api
      asked of GitLab             acme/billing, 15

    Rules
      guideline                 10 % of all changes
      frameworks                SOC 2, PCI DSS, NIST SP 800-53, DORA, NIS2, ISO 27001
      systems                   auth, billing, web
      incident channels         inc-*, incident*
      emoji that authorize      white_check_mark
      weekly report to          C0123ABCD
      weekly report at          Monday 09:00
      zone of people without    Europe/Berlin
      copies of checkpoints to  auditor.example
      backed up every night to  /var/backups/breakglass, 14 are kept
      words and files kept      36 months after the last thing that happened

    ! no category asks for the security group; only the criterion `vulnerability` does
    ");
}

#[test]
fn whose_systems_are_whose_is_read_or_told_how_to_write() {
    let ended = check(
        "[policy.teams]\npayments = [\"billing\", \" ledger \"]\n",
        &["--json"],
    );
    let said: Value = serde_json::from_str(&ended.out).unwrap();
    let teams = &said["policy"]["teams"];
    assert_eq!(
        teams,
        &serde_json::json!({"payments": ["billing", "ledger"]})
    );
    for (written, wrong) in [
        ("[policy]\nteams = \"payments\"\n", "below `[policy.teams]`"),
        (
            "[policy.teams]\npayments = \"billing\"\n",
            "payments = [\"billing\"]",
        ),
        (
            "[policy.teams]\npayments = [\"\"]\n",
            "a system's name is empty",
        ),
    ] {
        let ended = check(written, &[]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.out.contains(wrong), "{ended:?}");
    }
}

#[test]
fn what_an_auditor_would_ask_about_is_remarked_and_no_fault() {
    let ended = check(
        "[policy]\napprovers = [\"U0MORGAN01\"]\ndatabase = [\"U0BEN00001\"]\nguideline = 0.155\n[policy.due]\nticket = \"72 h\"\n",
        &[],
    );
    assert_eq!(ended.code, Some(0));
    let remarks: Vec<_> = ended
        .out
        .lines()
        .filter(|line| line.starts_with('!'))
        .collect();
    assert_eq!(
        remarks,
        [
            "! only one person may authorize and approve, and never a change of their own; name a second one in policy.approvers",
            "! only one person is named in policy.database; where they had a part in a change, policy.approvers review it in their place",
            "! the ticket may take 3 days; the guide says 24 h, and an auditor will ask why",
            "! the guideline is 15.5 %; the guide says under 10 %",
        ]
    );
}

#[test]
fn the_same_is_told_to_a_program_that_asks() {
    let whole = std::fs::read_to_string(fixtures().join("whole.toml")).unwrap();
    let ended = check(whole, &["--json"]);
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.code, &told["ok"]), (Some(0), &json!(true)));
    assert_eq!(told["file"], "breakglass.toml");
    assert_eq!(
        told["policy"]["roles"]["approvers"],
        json!(["S0123ABCD", "U0123ABCD"])
    );
    assert_eq!(told["policy"]["due"]["meeting_review"]["hours"], 14 * 24);
    assert_eq!(
        told["policy"]["category"][1],
        json!({"id": "database", "label": "Database migration", "risk": "high",
               "testing": "Full test suite", "approval": ["approvers", "commanders", "database"]})
    );
}

/// The examples of the README, without their indentation.
fn examples_of_the_readme() -> Vec<String> {
    let readme = include_str!("../../../README.md");
    let mut examples = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for line in readme.lines() {
        let indent = line.len() - line.trim_start().len();
        match (&mut open, line.trim()) {
            (None, "```toml") => open = Some((indent, String::new())),
            (Some(_), "```") => examples.extend(open.take().map(|(_, example)| example)),
            (Some((indent, example)), _) => {
                example.push_str(line.get(*indent..).unwrap_or_default());
                example.push('\n');
            }
            (None, _) => {}
        }
    }
    examples
}

#[test]
fn the_documented_examples_are_sound_and_every_key_of_them_is_read() {
    let mut examples = examples_of_the_readme();
    assert!(!examples.is_empty());
    examples.push(std::fs::read_to_string(fixtures().join("whole.toml")).unwrap());
    for example in examples {
        let ended = check(&example, &[]);
        assert_eq!(ended.code, Some(0), "{example}\n{ended:?}");
        for (number, line) in example.lines().enumerate() {
            let Some((key, _)) = line.split_once(" = ") else {
                continue;
            };
            // A key that nobody reads would take anything.
            let spoilt: Vec<_> = example
                .lines()
                .enumerate()
                .map(|(n, line)| {
                    if n == number {
                        format!("{key} = 1979-05-27")
                    } else {
                        line.to_owned()
                    }
                })
                .collect();
            let ended = check(spoilt.join("\n"), &["--json"]);
            let told: Value = serde_json::from_str(&ended.out).unwrap();
            let fault = &told["faults"][0];
            assert_eq!(fault["line"], number + 1, "{line}: {told}");
            let what = fault["what"].as_str().unwrap();
            assert!(what.contains("is a date"), "{line}: {what}");
        }
    }
}

#[test]
fn every_key_that_is_known_stands_in_the_whole_example() {
    let whole = std::fs::read_to_string(fixtures().join("whole.toml")).unwrap();
    for table in [
        "",
        "[github]\n",
        "[gitlab]\n",
        "[evidence]\n",
        "[slack]\n",
        "[policy]\n",
        "[policy.counts]\n",
        "[policy.due]\n",
        "[[policy.category]]\n",
    ] {
        let ended = check(format!("{table}zzzzzz = 1\n"), &["--json"]);
        let told: Value = serde_json::from_str(&ended.out).unwrap();
        let mends: Vec<_> = told["faults"].as_array().unwrap().iter().collect();
        let known = mends
            .iter()
            .find_map(|fault| fault["mend"].as_str()?.strip_prefix("write one of "))
            .unwrap();
        for key in known.split(", ").map(|key| key.trim_matches('`')) {
            let stands = whole.lines().any(|line| {
                line.starts_with(&format!("{key} = "))
                    || line.contains(&format!("policy.{key}]"))
                    || line == format!("[{key}]")
            });
            assert!(stands, "`{key}` isn't documented");
        }
    }
}

#[test]
fn serve_and_doctor_say_the_same_of_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let content = std::fs::read_to_string(fixtures().join("broken/much_at_once.toml")).unwrap();
    std::fs::write(folder.path().join("breakglass.toml"), content).unwrap();
    let told = run(program(folder.path()).args(["check-config", "--json"]));
    let told: Value = serde_json::from_str(&told.out).unwrap();
    let lines: Vec<_> = told["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| {
            format!(
                "breakglass.toml:{}:{}: {}; {}",
                fault["line"],
                fault["column"],
                fault["what"].as_str().unwrap(),
                fault["mend"].as_str().unwrap()
            )
        })
        .collect();
    let doctor = run(program(folder.path()).arg("doctor"));
    for line in &lines {
        let said = format!("✗ configuration: {line}");
        assert!(
            doctor.out.lines().any(|one| one == said),
            "{said} not in {doctor:?}"
        );
    }
    let serve = run(program(folder.path()).arg("serve"));
    let more = lines.len() - 1;
    serve.failed_saying(&[
        &lines[0],
        &format!("and {more} more"),
        "breakglass check-config",
    ]);
}
