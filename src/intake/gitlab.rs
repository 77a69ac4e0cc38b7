//! GitLab's webhooks, as <https://docs.gitlab.com/user/project/integrations/webhook_events/>
//! describes them.

use chrono::{DateTime, Utc};

use super::payload::{self, Payload};
use super::{Draw, Ignored, Reading, Refused};
use crate::domain::deployment::{self, Deployment, Happening, SourceName};
use crate::domain::policy::Counting;

/// What this source is called.
pub const SOURCE: &str = "gitlab";

/// Reads a delivery; `event` is its `X-Gitlab-Event`. What the body says that it
/// is goes before it: the header isn't signed.
pub fn read(
    event: &str,
    body: &[u8],
    rules: &Counting,
    draw: Draw<'_>,
    _received_at: DateTime<Utc>,
) -> Result<Reading, Refused> {
    let value = payload::parse(body)?;
    let payload = Payload::new(&value);
    let kind = payload
        .text("/object_kind")
        .or_else(|| payload.text("/event_name"))
        .unwrap_or(event);
    let read = match kind {
        "deployment" => deployment_changed(payload, rules, draw)?,
        "merge_request" => merge_request(payload, draw)?,
        other => return Ok(Reading::Unknown(super::github::unknown(other))),
    };
    Ok(match read {
        Ok(told) => Reading::Told(vec![told]),
        Err(ignored) => Reading::Ignored(ignored),
    })
}

type Read = Result<Result<Deployment, Ignored>, Refused>;

/// A project, as payloads and answers have it.
pub(super) struct Project<'a> {
    pub(super) path: &'a str,
    pub(super) page: Option<&'a str>,
    pub(super) branch: Option<&'a str>,
}

impl<'a> Project<'a> {
    pub(super) fn of(payload: Payload<'a>) -> Result<Self, Refused> {
        Ok(Self {
            path: payload
                .text("/path_with_namespace")
                .ok_or(Refused::Missing("project.path_with_namespace"))?,
            page: payload.text("/web_url"),
            branch: payload.text("/default_branch"),
        })
    }

    pub(super) fn telling(&self, id: &str, happening: Happening, at: DateTime<Utc>) -> Deployment {
        let id = format!("{}/{id}", self.path);
        let id = deployment::identifier(&id).unwrap_or(id);
        let name = self.path.rsplit('/').next().unwrap_or(self.path);
        Deployment {
            system: deployment::identifier(name),
            ..Deployment::new(SourceName::new(SOURCE), id, happening, at)
        }
    }
}

/// Whether an environment is production: by the policy's names, or because its
/// tier says so.
pub(super) fn is_production(name: Option<&str>, tier: Option<&str>, rules: &Counting) -> bool {
    tier == Some("production") || name.is_some_and(|name| rules.is_production(name))
}

fn deployment_changed(payload: Payload<'_>, rules: &Counting, draw: Draw<'_>) -> Read {
    let project = Project::of(payload.at("/project"))?;
    let status = payload.text("/status").ok_or(Refused::Missing("status"))?;
    let environment = payload.text("/environment");
    if !is_production(environment, payload.text("/environment_tier"), rules) {
        return Ok(Err(Ignored::NotProduction));
    }
    if status != "success" {
        return Ok(Err(Ignored::NotDone));
    }
    // Before version 14 a deployment's own number wasn't told.
    let id = payload
        .identifier("/deployment_id")
        .map(|id| format!("deployments/{id}"))
        .or_else(|| {
            let id = payload.identifier("/deployable_id")?;
            Some(format!("jobs/{id}"))
        })
        .ok_or(Refused::Missing("deployment_id"))?;
    let at = payload
        .instant("/status_changed_at")
        .ok_or(Refused::Missing("status_changed_at"))?;
    let page = payload.text("/commit_url");
    let commit = page
        .and_then(|page| page.rsplit('/').next())
        .and_then(deployment::commit);
    let branch = payload.text("/ref");
    let title = payload.text("/commit_title");
    Ok(Ok(Deployment {
        author: payload.identifier("/user/username"),
        author_email: payload.text("/user/email").and_then(payload::email),
        url: payload
            .identifier("/deployable_url")
            .or_else(|| page.and_then(deployment::identifier)),
        commit,
        change_type: payload::change_type(title, &[]),
        deploy_log_url: payload.identifier("/deployable_url"),
        outcome: deployment::identifier(status),
        reference: payload::reference(&[branch, title]),
        marks: payload::marks(branch, title),
        title: payload::title(title, draw)?,
        ..project.telling(&id, Happening::Deployment, at)
    }))
}

fn merge_request(payload: Payload<'_>, draw: Draw<'_>) -> Read {
    let project = Project::of(payload.at("/project"))?;
    let request = payload.at("/object_attributes");
    let action = request.text("/action");
    if action != Some("merge") || request.text("/state") != Some("merged") {
        return Ok(Err(Ignored::NotMerged));
    }
    let mut told = match merged(&project, request, draw)? {
        Ok(told) => told,
        Err(ignored) => return Ok(Err(ignored)),
    };
    // Those who were asked to review and said yes; others may have approved too,
    // so that nobody here doesn't mean that nobody did.
    let mut approved = payload
        .items("/reviewers")
        .filter(|reviewer| reviewer.text("/state") == Some("approved"))
        .filter_map(|reviewer| reviewer.identifier("/username"));
    told.approved_by = approved.next();
    if told.approved_by.is_some() {
        told.approval_url.clone_from(&told.url);
    }
    Ok(Ok(told))
}

/// A merged request, as the webhook has it in `object_attributes` and the API as
/// a whole.
pub(super) fn merged(project: &Project<'_>, request: Payload<'_>, draw: Draw<'_>) -> Read {
    let number = request
        .number("/iid")
        .ok_or(Refused::Missing("object_attributes.iid"))?;
    let into = request.text("/target_branch");
    if into.is_none() || into != project.branch {
        return Ok(Err(Ignored::OtherBranch));
    }
    let at = request
        .instant("/merged_at")
        .or_else(|| request.instant("/updated_at"))
        .ok_or(Refused::Missing("object_attributes.updated_at"))?;
    let branch = request.text("/source_branch");
    let title = request.text("/title");
    // The webhook has labels as objects, the API as texts.
    let labels: Vec<_> = request
        .items("/labels")
        .filter_map(|label| label.text("").or_else(|| label.text("/title")))
        .collect();
    let last = request.at("/last_commit");
    let page = request
        .text("/url")
        .or_else(|| request.text("/web_url"))
        .map(str::to_owned)
        .or_else(|| Some(format!("{}/-/merge_requests/{number}", project.page?)));
    let page = page.as_deref().and_then(deployment::identifier);
    Ok(Ok(Deployment {
        kind: payload::kind(&labels),
        author: request
            .identifier("/author/username")
            .or_else(|| last.identifier("/author/name")),
        author_email: last.text("/author/email").and_then(payload::email),
        // What lies on the target branch afterwards; where the branch was moved
        // forward without a merge, that is its last commit.
        commit: request
            .commit("/merge_commit_sha")
            .or_else(|| request.commit("/squash_commit_sha"))
            .or_else(|| last.commit("/id"))
            .or_else(|| request.commit("/sha")),
        change_type: payload::change_type(title, &labels),
        testing_url: page
            .as_deref()
            .and_then(|page| deployment::identifier(&format!("{page}/pipelines"))),
        outcome: Some("merged".to_owned()),
        reference: payload::reference(&[branch, title]),
        marks: payload::marks(branch, title),
        title: payload::title(title, draw)?,
        url: page,
        ..project.telling(&format!("merge_requests/{number}"), Happening::Merge, at)
    }))
}
