//! What Jenkins tells of a build that ended, in the form of its
//! [Notification plugin](https://plugins.jenkins.io/notification/).

use chrono::{DateTime, Utc};

use super::payload::{self, Payload};
use super::{Draw, Ignored, Reading, Refused};
use crate::domain::deployment::{self, Deployment, Happening, SourceName};
use crate::domain::policy::Counting;

/// What this source is called.
pub const SOURCE: &str = "jenkins";

/// The parameters by which jobs are told where to deploy to.
const ENVIRONMENT: &[&str] = &[
    "environment",
    "env",
    "deploy_env",
    "deploy_environment",
    "target_env",
    "target_environment",
    "stage",
];

/// Reads a delivery. Jenkins doesn't name its events.
pub fn read(
    _event: &str,
    body: &[u8],
    rules: &Counting,
    draw: Draw<'_>,
    received_at: DateTime<Utc>,
) -> Result<Reading, Refused> {
    let value = payload::parse(body)?;
    let payload = Payload::new(&value);
    let build = payload.at("/build");
    let name = payload.text("/name").ok_or(Refused::Missing("name"))?;
    let phase = build
        .text("/phase")
        .ok_or(Refused::Missing("build.phase"))?;
    let status = build.text("/status");
    match phase {
        "COMPLETED" | "FINALIZED" => {}
        "QUEUED" | "STARTED" => return Ok(Reading::Ignored(Ignored::NotDone)),
        other => return Ok(Reading::Unknown(super::github::unknown(other))),
    }
    // What is unstable ran to its end; its tests were unhappy.
    if !matches!(status, Some("SUCCESS" | "UNSTABLE")) {
        return Ok(Reading::Ignored(Ignored::NotDone));
    }
    let job = payload.text("/display_name").unwrap_or(name);
    let path = payload.text("/url").unwrap_or(name);
    let environment = environment(build.at("/parameters"), &value);
    let branch = build
        .text("/scm/branch")
        .map(|branch| branch.trim_start_matches("refs/remotes/"))
        .map(|branch| branch.strip_prefix("origin/").unwrap_or(branch));
    match environment {
        Some(environment) if rules.is_production(environment) => {}
        Some(_) => return Ok(Reading::Ignored(Ignored::NotProduction)),
        None if !(rules.deploys(job) || rules.deploys(name) || rules.deploys(path)) => {
            return Ok(Reading::Ignored(Ignored::NotADeployment));
        }
        None if branch.is_some_and(|branch| !rules.goes_to_production(branch)) => {
            return Ok(Reading::Ignored(Ignored::OtherBranch));
        }
        None => {}
    }
    let page = build.identifier("/full_url");
    let number = build
        .identifier("/number")
        .ok_or(Refused::Missing("build.number"))?;
    // Two servers may have a job of one name.
    let id = match page.as_deref().and_then(|page| page.split_once("://")) {
        Some((_, place)) => place.trim_end_matches('/').to_owned(),
        None => format!("{}/{number}", path.trim_matches('/')),
    };
    let id = deployment::identifier(&id).unwrap_or(id);
    let at = build.instant("/timestamp").unwrap_or(received_at);
    let told = Deployment {
        system: deployment::identifier(job),
        author: build
            .items("/scm/culprits")
            .find_map(|one| one.identifier("")),
        commit: build.commit("/scm/commit"),
        testing_url: page
            .as_deref()
            .filter(|_| build.at("/test_summary").is_there())
            .and_then(|page| deployment::identifier(&format!("{page}testReport/"))),
        testing_result: tests(build, draw)?,
        deploy_log_url: page
            .as_deref()
            .and_then(|page| deployment::identifier(&format!("{page}console"))),
        outcome: status.and_then(deployment::identifier),
        reference: payload::reference(&[branch, build.text("/notes"), Some(path)]),
        // `scm.changes` are names of files, which say nothing of the kind of change.
        marks: payload::marks(branch, build.text("/notes")),
        title: payload::title(build.text("/notes"), draw)?,
        url: page,
        ..Deployment::new(SourceName::new(SOURCE), id, Happening::Run, at)
    };
    Ok(Reading::Told(vec![told]))
}

/// Where the job was told to deploy to.
fn environment<'a>(parameters: Payload<'a>, whole: &'a serde_json::Value) -> Option<&'a str> {
    let named = whole.pointer("/build/parameters")?.as_object()?;
    named
        .keys()
        .filter(|key| ENVIRONMENT.contains(&key.to_lowercase().as_str()))
        .find_map(|key| parameters.text(&format!("/{key}")))
}

/// What became of the tests, in a sentence.
fn tests(build: Payload<'_>, draw: Draw<'_>) -> Result<Option<crate::domain::text::Text>, Refused> {
    let summary = build.at("/test_summary");
    let (Some(total), Some(failed)) = (summary.number("/total"), summary.number("/failed")) else {
        return Ok(None);
    };
    let skipped = summary.number("/skipped").unwrap_or(0);
    payload::text(
        &format!("{total} tests, {failed} failed, {skipped} skipped"),
        100,
        draw,
    )
}
