//! CircleCI's webhooks, as
//! <https://circleci.com/docs/reference/outbound-webhooks-reference/> describes them.

use chrono::{DateTime, Utc};

use super::payload::{self, Payload};
use super::{Draw, Ignored, Reading, Refused};
use crate::domain::deployment::{self, Deployment, Happening, SourceName};
use crate::domain::policy::Counting;

/// What this source is called.
pub const SOURCE: &str = "circleci";

/// Reads a delivery; `event` is its `Circleci-Event-Type`. What the body says that
/// it is goes before it: the header isn't signed.
pub fn read(
    event: &str,
    body: &[u8],
    rules: &Counting,
    draw: Draw<'_>,
    _received_at: DateTime<Utc>,
) -> Result<Reading, Refused> {
    let value = payload::parse(body)?;
    let payload = Payload::new(&value);
    let (part, named, folder) = match payload.text("/type").unwrap_or(event) {
        "workflow-completed" => (payload.at("/workflow"), "workflow.id", "workflows"),
        "job-completed" => (payload.at("/job"), "job.id", "jobs"),
        "ping" => return Ok(Reading::Ignored(Ignored::Ping)),
        other => return Ok(Reading::Unknown(super::github::unknown(other))),
    };
    let id = part.identifier("/id").ok_or(Refused::Missing(named))?;
    let project = payload
        .text("/project/slug")
        .ok_or(Refused::Missing("project.slug"))?;
    let status = part.text("/status");
    if status != Some("success") {
        return Ok(Reading::Ignored(Ignored::NotDone));
    }
    if !part.text("/name").is_some_and(|name| rules.deploys(name)) {
        return Ok(Reading::Ignored(Ignored::NotADeployment));
    }
    let code = Code::of(payload.at("/pipeline"));
    // A tag is made on purpose, and no branch goes with it. Where neither is told,
    // the name has to do.
    let goes = code.tag.is_some()
        || code
            .branch
            .is_none_or(|branch| rules.goes_to_production(branch));
    if !goes {
        return Ok(Reading::Ignored(Ignored::OtherBranch));
    }
    let at = part
        .instant("/stopped_at")
        .or_else(|| payload.instant("/happened_at"))
        .ok_or(Refused::Missing("happened_at"))?;
    let page = payload.identifier("/workflow/url");
    let external = format!("{project}/{folder}/{id}");
    let external = deployment::identifier(&external).unwrap_or(external);
    let told = Deployment {
        system: payload.identifier("/project/name"),
        author: code.author.and_then(deployment::identifier),
        author_email: code.email.and_then(payload::email),
        commit: code.commit,
        change_type: payload::change_type(code.subject, &[]),
        deploy_log_url: page.clone(),
        outcome: status.and_then(deployment::identifier),
        reference: payload::reference(&[code.branch, code.tag, code.subject, code.body]),
        marks: payload::marks(code.branch, code.subject),
        title: payload::title(code.subject, draw)?,
        url: page,
        ..Deployment::new(SourceName::new(SOURCE), external, Happening::Run, at)
    };
    Ok(Reading::Told(vec![told]))
}

/// By what the delivery names itself, so that it counts once.
pub fn delivery(body: &[u8]) -> Option<String> {
    let value = payload::parse(body).ok()?;
    Payload::new(&value).identifier("/id")
}

/// What was built. Where the code lies decides how that is written.
struct Code<'a> {
    branch: Option<&'a str>,
    tag: Option<&'a str>,
    commit: Option<String>,
    subject: Option<&'a str>,
    body: Option<&'a str>,
    author: Option<&'a str>,
    email: Option<&'a str>,
}

impl<'a> Code<'a> {
    fn of(pipeline: Payload<'a>) -> Self {
        let vcs = pipeline.at("/vcs");
        let parameters = pipeline.at("/trigger_parameters");
        let git = parameters.at("/git");
        let gitlab = parameters.at("/gitlab");
        let app = parameters.at("/github_app");
        Self {
            branch: vcs
                .text("/branch")
                .or_else(|| git.text("/branch"))
                .or_else(|| gitlab.text("/branch"))
                .or_else(|| app.text("/branch")),
            tag: vcs.text("/tag").or_else(|| git.text("/tag")),
            commit: vcs
                .commit("/revision")
                .or_else(|| git.commit("/checkout_sha"))
                .or_else(|| gitlab.commit("/commit_sha"))
                .or_else(|| app.commit("/commit_sha")),
            subject: vcs
                .text("/commit/subject")
                .or_else(|| gitlab.text("/commit_title"))
                .or_else(|| app.text("/commit_title")),
            body: vcs
                .text("/commit/body")
                .or_else(|| gitlab.text("/commit_message")),
            author: vcs
                .text("/commit/author/name")
                .or_else(|| gitlab.text("/commit_author_name"))
                .or_else(|| app.text("/user_username")),
            email: vcs
                .text("/commit/author/email")
                .or_else(|| gitlab.text("/commit_author_email")),
        }
    }
}
