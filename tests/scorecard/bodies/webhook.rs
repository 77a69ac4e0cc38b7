//! What the sources of deployments send once their seal holds: JSON of any shape.

use breakglass::domain::deployment::{Deployment, LONGEST};
use breakglass::domain::policy::Counting;
use breakglass::domain::text::Salt;
use breakglass::intake::{Reading, bitbucket, changes, circleci, github, gitlab, jenkins};
use chrono::{DateTime, TimeDelta, Utc};

macro_rules! fixtures {
    ($($name:literal),+ $(,)?) => {
        &[$(include_bytes!(concat!("../../fixtures/intake/", $name, ".json"))),+]
    };
}

pub(super) const SEEDS: &[&[u8]] = fixtures!(
    "bitbucket/pullrequest_fulfilled.approved",
    "bitbucket/repo_commit_status_updated.deployed",
    "changes/odd_ones_among_good",
    "changes/whole",
    "circleci/job-completed.deploy",
    "circleci/workflow-completed.tag_and_null_author",
    "github/deployment_status.production",
    "github/pull_request.null_author_and_fork",
    "github/push.direct",
    "github/push.default_branch_deleted",
    "github/workflow_run.rerun",
    "gitlab/deployment.success",
    "gitlab/merge_request.merged",
    "jenkins/completed",
    "jenkins/without_code_and_culprits",
);

pub(super) const WORDS: &[&str] = &[
    "null",
    "{}",
    "[]",
    "\"\"",
    "0",
    "-1",
    "1e999",
    "true",
    "\\ud800",
    "\\u0000",
    "CHG-1042",
    "99999999999999999999",
    "2026-11-23T09:00:00Z",
    "9999-99-99",
    "production",
    "refs/heads/main",
    "0000000000000000000000000000000000000000",
    ",",
    ":",
    "\"",
];

/// The events by whose names the sources send.
const EVENTS: &[&str] = &[
    "deployment_status",
    "workflow_run",
    "pull_request",
    "push",
    "Deployment Hook",
    "Merge Request Hook",
    "pullrequest:fulfilled",
    "repo:commit_status_updated",
];

/// Whatever is read is named, short enough to be kept, and didn't happen long after
/// it was told.
pub(super) fn body(bytes: &[u8]) -> Result<(), String> {
    let rules = Counting::default();
    let draw = || Ok(Salt([7; 32]));
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
    let mut told: Vec<Deployment> = Vec::new();
    for event in EVENTS {
        for reading in [
            github::read(event, bytes, &rules, &draw, now),
            gitlab::read(event, bytes, &rules, &draw, now),
            bitbucket::read(event, bytes, &rules, &draw, now),
            jenkins::read(event, bytes, &rules, &draw, now),
            circleci::read(event, bytes, &rules, &draw, now),
        ] {
            told.extend(told_by(reading.ok()));
        }
    }
    if let Ok(rows) = changes::read(bytes, &draw, now) {
        told.extend(rows.into_iter().flatten());
    }
    told.iter().try_for_each(|one| sound(one, now))
}

fn told_by(reading: Option<Reading>) -> Vec<Deployment> {
    match reading {
        Some(Reading::Told(told)) => told,
        Some(Reading::Ignored(_) | Reading::Unknown(_)) | None => Vec::new(),
    }
}

/// What is wrong with a telling that is to be counted, if anything.
pub(super) fn sound(told: &Deployment, now: DateTime<Utc>) -> Result<(), String> {
    let names = [
        Some(&told.external_id),
        told.system.as_ref(),
        told.author.as_ref(),
        told.url.as_ref(),
        told.commit.as_ref(),
        told.approved_by.as_ref(),
        told.outcome.as_ref(),
    ];
    if told.external_id.trim().is_empty() || told.source.as_str().is_empty() {
        return Err("it has no name".to_owned());
    }
    if let Some(long) = names
        .into_iter()
        .flatten()
        .find(|name| name.len() > LONGEST)
    {
        return Err(format!("a name has {} bytes", long.len()));
    }
    if told.at > now + TimeDelta::days(2) {
        return Err(format!("it will happen at {}", told.at));
    }
    Ok(())
}
