//! The payloads under `tests/fixtures/intake`, each held against what it tells.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::*;
use crate::domain::deployment::ChangeKind;
use crate::domain::policy::Counting;
use crate::domain::text::Text;

#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands for a draw that may fail"
)]
pub(super) fn salt() -> Result<Salt, getrandom::Error> {
    Ok(Salt([7; 32]))
}

fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-23T09:00:00Z")
        .unwrap()
        .to_utc()
}

fn fixtures(provider: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/intake")
        .join(provider);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 5, "{provider}: {paths:?}");
    paths
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect()
}

type Read = fn(&str, &[u8], &Counting, Draw<'_>, DateTime<Utc>) -> Result<Reading, Refused>;

const DOORS: &[(&str, Read)] = &[
    ("github", github::read),
    ("gitlab", gitlab::read),
    ("bitbucket", bitbucket::read),
    ("jenkins", jenkins::read),
    ("circleci", circleci::read),
];

fn event(name: &str) -> String {
    let event = name.split('.').next().unwrap_or_default();
    let is_bitbuckets = ["repo_", "pr_", "pullrequest_"]
        .iter()
        .any(|prefix| event.starts_with(prefix));
    if is_bitbuckets {
        event.replacen('_', ":", 1)
    } else {
        event.to_owned()
    }
}

/// A telling on few lines: what the store will be told.
fn shown(told: &Deployment) -> String {
    let mut lines = vec![format!(
        "  {} {} at {}",
        told.happening.name(),
        told.external_id,
        told.at.format("%dT%H:%M:%S")
    )];
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            facts.push(format!("{name}={value}"));
        }
    };
    fact("kind", told.kind.map(ChangeKind::name));
    fact("system", told.system.as_deref());
    fact("author", told.author.as_deref());
    fact("email", told.author_email.as_deref());
    fact(
        "commit",
        told.commit.as_deref().and_then(|commit| commit.get(..7)),
    );
    fact("type", told.change_type.as_deref());
    fact("approved_by", told.approved_by.as_deref());
    fact("outcome", told.outcome.as_deref());
    let reference = told.reference.map(|number| format!("CHG-{}", number.0));
    fact("reference", reference.as_deref());
    for mark in &told.marks {
        fact("mark", Some(mark.name()));
    }
    if !facts.is_empty() {
        lines.push(format!("    {}", facts.join(" ")));
    }
    for (name, value) in [
        ("title", told.title.as_ref().map(Text::body)),
        ("tests", told.testing_result.as_ref().map(Text::body)),
        ("url", told.url.as_deref()),
        ("approval", told.approval_url.as_deref()),
        ("testing", told.testing_url.as_deref()),
        ("log", told.deploy_log_url.as_deref()),
    ] {
        if let Some(value) = value {
            lines.push(format!("    {name}: {value}"));
        }
    }
    lines.join("\n")
}

fn all(provider: &str, read: Read) -> String {
    let rules = Counting::default();
    let mut out = String::new();
    for (name, body) in fixtures(provider) {
        let said = match read(&event(&name), &body, &rules, &salt, now()) {
            Ok(Reading::Told(told)) => {
                let told: Vec<_> = told.iter().map(shown).collect();
                format!("\n{}", told.join("\n"))
            }
            Ok(Reading::Ignored(why)) => format!(" ignored: {why}"),
            Ok(Reading::Unknown(event)) => format!(" unknown: {event}"),
            Err(refused) => format!(" refused: {refused}"),
        };
        writeln!(out, "{name}:{said}").unwrap();
    }
    out
}

/// Holds what was read against the file beside the folder, which was looked at.
fn held(provider: &str, said: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/intake")
        .join(provider)
        .with_extension("txt");
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(said == expected, "{} now is\n{said}", file.display());
}

#[test]
fn each_payload_of_githubs_counts_right() {
    held("github", &all("github", github::read));
}

#[test]
fn each_payload_of_gitlabs_counts_right() {
    held("gitlab", &all("gitlab", gitlab::read));
}

#[test]
fn each_payload_of_bitbuckets_counts_right() {
    held("bitbucket", &all("bitbucket", bitbucket::read));
}

#[test]
fn each_payload_of_jenkinss_counts_right() {
    held("jenkins", &all("jenkins", jenkins::read));
}

#[test]
fn each_payload_of_circlecis_counts_right() {
    held("circleci", &all("circleci", circleci::read));
}

#[test]
fn each_change_in_our_own_form_counts_right() {
    let mut out = String::new();
    for (name, body) in fixtures("changes") {
        writeln!(out, "{name}:").unwrap();
        match changes::read(&body, &salt, now()) {
            Ok(rows) => {
                for (index, row) in rows.iter().enumerate() {
                    let said = match row {
                        Ok(told) => format!("{} {}", told.source, shown(told).trim_start()),
                        Err(fault) => format!("refused: {fault}"),
                    };
                    writeln!(out, "  {index} {said}").unwrap();
                }
            }
            Err(refused) => writeln!(out, "  refused: {refused}").unwrap(),
        }
    }
    held("changes", &out);
}

#[test]
fn a_thousand_changes_are_a_request_and_one_more_is_none() {
    let one = r#"{"deployed_at":"2026-11-21T12:00:00Z","source":"ops","external_id":1}"#;
    let many = |n| format!("[{}]", vec![one; n].join(","));
    let read = |n| changes::read(many(n).as_bytes(), &salt, now());
    assert_eq!(read(1_000).unwrap().len(), 1_000);
    assert_eq!(read(1_001), Err(Refused::TooMany));
}

#[test]
fn one_build_told_of_twice_has_one_identity() {
    for (door, one, other) in [
        ("github", "workflow_run.deploy", "workflow_run.rerun"),
        (
            "github",
            "pull_request.merged",
            "pull_request_review.after_the_merge",
        ),
        ("jenkins", "completed", "finalized_again"),
    ] {
        let read = DOORS.iter().find(|(name, _)| *name == door).unwrap().1;
        let told = |file: &str| {
            let all = fixtures(door);
            let body = &all.iter().find(|(name, _)| name == file).unwrap().1;
            let rules = Counting::default();
            match read(&event(file), body, &rules, &salt, now()).unwrap() {
                Reading::Told(mut told) => told.remove(0),
                other => panic!("{file}: {other:?}"),
            }
        };
        let (one, other) = (told(one), told(other));
        assert_eq!(one.external_id, other.external_id);
        assert!(one.is_same_as(&other));
    }
}

/// Whatever is cut out of a payload, or put in place of a part of it, is read or
/// refused, and never brings the program down.
#[test]
fn garbage_is_refused_and_says_why() {
    let rules = Counting::default();
    for (door, read) in DOORS {
        for (name, body) in fixtures(door) {
            let event = event(&name);
            let go = |body: &[u8]| read(&event, body, &rules, &salt, now());
            if go(&body) == Ok(Reading::Ignored(Ignored::Ping)) {
                continue;
            }
            let is_known = !matches!(go(&body), Ok(Reading::Unknown(_)));
            for garbage in [&b"\xff\xfe"[..], b"", b"{", b"payload=%7B%7D"] {
                if is_known {
                    assert_eq!(go(garbage), Err(Refused::NotJson), "{door} {name}");
                }
            }
            for empty in [&b"{}"[..], b"[]", b"null", b"7"] {
                assert!(!matches!(go(empty), Ok(Reading::Told(_))), "{door} {name}");
            }
            for cut in (0..body.len()).step_by(997) {
                assert!(!matches!(go(&body[..cut]), Ok(Reading::Told(_))));
            }
            let whole: serde_json::Value = serde_json::from_slice(&body).unwrap();
            for odd in [
                serde_json::Value::Null,
                serde_json::json!(-7),
                serde_json::json!([]),
                serde_json::json!("𝔘\u{0}"),
            ] {
                for place in places(&whole) {
                    let mut touched = whole.clone();
                    *touched.pointer_mut(&place).unwrap() = odd.clone();
                    let _ = go(&serde_json::to_vec(&touched).unwrap());
                }
            }
        }
    }
}

/// Every place in a payload, of the first levels.
fn places(value: &serde_json::Value) -> Vec<String> {
    fn walk(value: &serde_json::Value, at: &str, depth: u8, into: &mut Vec<String>) {
        if depth == 0 {
            return;
        }
        if let Some(fields) = value.as_object() {
            for (name, value) in fields {
                let place = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                walk(value, &place, depth - 1, into);
                into.push(place);
            }
        }
    }
    let mut places = Vec::new();
    walk(value, "", 3, &mut places);
    places
}

#[test]
fn what_is_written_at_length_is_cut_and_keeps_no_line_breaks() {
    let body = serde_json::json!({
        "deployed_at": "2026-11-21T12:00:00Z",
        "source": "ops",
        "external_id": "1",
        "system": "a\nb",
        "title": "é".repeat(5_000),
        "url": "u".repeat(5_000),
    });
    let read = changes::read(body.to_string().as_bytes(), &salt, now()).unwrap();
    let told = read[0].as_ref().unwrap();
    assert_eq!(told.system.as_deref(), Some("a b"));
    assert_eq!(told.title.as_ref().unwrap().body().chars().count(), 1_000);
    assert_eq!(told.url.as_ref().unwrap().len(), 500);
}
