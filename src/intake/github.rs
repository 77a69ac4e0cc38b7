//! GitHub's webhooks, as <https://docs.github.com/webhooks> describes them.
//!
//! No webhook says that somebody bypassed a branch's protection; the list of
//! rule suites does, which the poller reads.

use chrono::{DateTime, Utc};

use super::payload::{self, Payload};
use super::{Draw, Ignored, Reading, Refused};
use crate::domain::deployment::{self, Deployment, Happening, Mark, SourceName};
use crate::domain::policy::Counting;

/// What this source is called.
pub const SOURCE: &str = "github";

/// Reads a delivery; `event` is its `X-GitHub-Event`.
pub fn read(
    event: &str,
    body: &[u8],
    rules: &Counting,
    draw: Draw<'_>,
    received_at: DateTime<Utc>,
) -> Result<Reading, Refused> {
    let read = match event {
        "ping" => return Ok(Reading::Ignored(Ignored::Ping)),
        "deployment_status" => deployment_status,
        "workflow_run" => workflow_run,
        "pull_request" => pull_request,
        "pull_request_review" => pull_request_review,
        "push" => push,
        other => return Ok(Reading::Unknown(unknown(other))),
    };
    let value = payload::parse(body)?;
    let reading = Seen {
        payload: Payload::new(&value),
        rules,
        draw,
        received_at,
    };
    Ok(match read(&reading)? {
        Ok(told) => Reading::Told(vec![told]),
        Err(ignored) => Reading::Ignored(ignored),
    })
}

/// What an event is called that isn't read.
pub(super) fn unknown(event: &str) -> String {
    deployment::identifier(event).unwrap_or_else(|| "without a name".to_owned())
}

/// A delivery being read.
struct Seen<'a> {
    payload: Payload<'a>,
    rules: &'a Counting,
    draw: Draw<'a>,
    received_at: DateTime<Utc>,
}

type Read = Result<Result<Deployment, Ignored>, Refused>;

/// A repository, as payloads and answers have it.
pub(super) struct Repository<'a> {
    /// Owner and name.
    pub(super) path: &'a str,
    /// The name alone.
    pub(super) name: &'a str,
    /// Where it can be looked at.
    pub(super) page: Option<&'a str>,
    /// Its default branch.
    pub(super) branch: Option<&'a str>,
}

impl<'a> Repository<'a> {
    pub(super) fn of(payload: Payload<'a>) -> Result<Self, Refused> {
        let path = payload
            .text("/full_name")
            .ok_or(Refused::Missing("repository.full_name"))?;
        Ok(Self {
            path,
            name: path.rsplit('/').next().unwrap_or(path),
            page: payload.text("/html_url"),
            branch: payload.text("/default_branch"),
        })
    }

    pub(super) fn telling(&self, id: &str, happening: Happening, at: DateTime<Utc>) -> Deployment {
        let id = format!("{}/{id}", self.path);
        let id = deployment::identifier(&id).unwrap_or(id);
        Deployment {
            system: deployment::identifier(self.name),
            ..Deployment::new(SourceName::new(SOURCE), id, happening, at)
        }
    }
}

fn deployment_status(seen: &Seen<'_>) -> Read {
    let payload = seen.payload;
    let status = payload.at("/deployment_status");
    let deployment = payload.at("/deployment");
    let state = status
        .text("/state")
        .ok_or(Refused::Missing("deployment_status.state"))?;
    let repository = Repository::of(payload.at("/repository"))?;
    if !is_production(deployment, status, seen.rules) {
        return Ok(Err(Ignored::NotProduction));
    }
    if state != "success" {
        return Ok(Err(Ignored::NotDone));
    }
    let mut told = deployed(&repository, deployment, status, seen.draw)?;
    let run = payload.at("/workflow_run");
    if told.deploy_log_url.is_none() {
        told.deploy_log_url = run.identifier("/html_url");
    }
    if told.author.is_none() {
        told.author = run.identifier("/actor/login");
    }
    Ok(Ok(told))
}

/// Whether a deployment goes to production: by the policy's names, or because
/// GitHub was told so when it was made.
pub(super) fn is_production(
    deployment: Payload<'_>,
    status: Payload<'_>,
    rules: &Counting,
) -> bool {
    let environment = status
        .text("/environment")
        .or_else(|| deployment.text("/environment"));
    deployment.is("/production_environment")
        || environment.is_some_and(|name| rules.is_production(name))
}

/// A deployment whose status says that it succeeded.
pub(super) fn deployed(
    repository: &Repository<'_>,
    deployment: Payload<'_>,
    status: Payload<'_>,
    draw: Draw<'_>,
) -> Result<Deployment, Refused> {
    let id = deployment
        .identifier("/id")
        .ok_or(Refused::Missing("deployment.id"))?;
    let at = status
        .instant("/created_at")
        .or_else(|| status.instant("/updated_at"))
        .ok_or(Refused::Missing("deployment_status.created_at"))?;
    let commit = deployment.commit("/sha");
    let branch = deployment.text("/ref");
    let title = deployment.text("/description");
    // The page of deployments is one for all of them and would make them one.
    let page = repository.page.zip(commit.as_deref());
    let url =
        page.and_then(|(page, commit)| deployment::identifier(&format!("{page}/commit/{commit}")));
    Ok(Deployment {
        author: deployment.identifier("/creator/login"),
        url,
        deploy_log_url: status
            .identifier("/log_url")
            .or_else(|| status.identifier("/target_url")),
        outcome: status.identifier("/state"),
        reference: payload::reference(&[branch, title, status.text("/description")]),
        marks: payload::marks(branch, title),
        title: payload::title(title, draw)?,
        commit,
        ..repository.telling(&format!("deployments/{id}"), Happening::Deployment, at)
    })
}

fn workflow_run(seen: &Seen<'_>) -> Read {
    let payload = seen.payload;
    let run = payload.at("/workflow_run");
    let repository = Repository::of(payload.at("/repository"))?;
    let id = run
        .identifier("/id")
        .ok_or(Refused::Missing("workflow_run.id"))?;
    let is_success = run.text("/conclusion") == Some("success");
    if payload.text("/action") != Some("completed") || !is_success {
        return Ok(Err(Ignored::NotDone));
    }
    // A fork's branch may be called as ours is.
    let is_ours = run
        .text("/head_repository/full_name")
        .is_none_or(|path| path == repository.path);
    let branch = run.text("/head_branch");
    let is_release = run.text("/event") == Some("release");
    if !is_ours || !is_release && (branch.is_none() || branch != repository.branch) {
        return Ok(Err(Ignored::OtherBranch));
    }
    let name = run.text("/name").or_else(|| payload.text("/workflow/name"));
    if !name.is_some_and(|name| seen.rules.deploys(name)) {
        return Ok(Err(Ignored::NotADeployment));
    }
    let at = run
        .instant("/updated_at")
        .ok_or(Refused::Missing("workflow_run.updated_at"))?;
    let message = run.text("/head_commit/message");
    let title = run.text("/display_title").or(message);
    Ok(Ok(Deployment {
        author: run.identifier("/actor/login"),
        author_email: run
            .text("/head_commit/author/email")
            .and_then(payload::email),
        url: run.identifier("/html_url"),
        commit: run.commit("/head_sha"),
        change_type: payload::change_type(title, &[]),
        deploy_log_url: run.identifier("/html_url"),
        outcome: run.identifier("/conclusion"),
        reference: payload::reference(&[branch, title, message]),
        marks: payload::marks(branch, title),
        title: payload::title(title, seen.draw)?,
        // A re-run has the number of the run.
        ..repository.telling(&format!("runs/{id}"), Happening::Run, at)
    }))
}

fn pull_request(seen: &Seen<'_>) -> Read {
    let payload = seen.payload;
    let request = payload.at("/pull_request");
    let repository = Repository::of(payload.at("/repository"))?;
    if !request.is_there() {
        return Err(Refused::Missing("pull_request"));
    }
    if payload.text("/action") != Some("closed") {
        return Ok(Err(Ignored::NotMerged));
    }
    let merged = merged(&repository, request, seen.draw)?;
    Ok(merged.map(|mut told| {
        // Whatever approves it takes the mark away, be it told before or later.
        told.marks.insert(Mark::Unreviewed);
        told
    }))
}

/// A merged pull request, if it is one.
pub(super) fn merged(repository: &Repository<'_>, request: Payload<'_>, draw: Draw<'_>) -> Read {
    let number = request
        .number("/number")
        .ok_or(Refused::Missing("pull_request.number"))?;
    let Some(at) = request.instant("/merged_at") else {
        return Ok(Err(Ignored::NotMerged));
    };
    let into = request.text("/base/ref");
    let default = repository
        .branch
        .or_else(|| request.text("/base/repo/default_branch"));
    if into.is_none() || into != default {
        return Ok(Err(Ignored::OtherBranch));
    }
    let labels: Vec<_> = request
        .items("/labels")
        .filter_map(|label| label.text("/name"))
        .collect();
    let branch = request.text("/head/ref");
    let title = request.text("/title");
    Ok(Ok(Deployment {
        kind: payload::kind(&labels),
        author: request.identifier("/user/login"),
        author_email: request.text("/user/email").and_then(payload::email),
        url: request.identifier("/html_url"),
        commit: request.commit("/merge_commit_sha"),
        change_type: payload::change_type(title, &labels),
        testing_url: request
            .text("/html_url")
            .and_then(|page| deployment::identifier(&format!("{page}/checks"))),
        outcome: Some("merged".to_owned()),
        reference: payload::reference(&[branch, title]),
        marks: payload::marks(branch, title),
        title: payload::title(title, draw)?,
        ..repository.telling(&format!("pull/{number}"), Happening::Merge, at)
    }))
}

/// An approval. Before the merge it is a fact of the pull request and of no change;
/// what comes of it counts when it is merged.
fn pull_request_review(seen: &Seen<'_>) -> Read {
    let payload = seen.payload;
    let request = payload.at("/pull_request");
    let repository = Repository::of(payload.at("/repository"))?;
    let review = payload.at("/review");
    let is_approval = payload.text("/action") == Some("submitted")
        && review
            .text("/state")
            .is_some_and(|state| state.eq_ignore_ascii_case("approved"));
    if !is_approval {
        return Ok(Err(Ignored::NotDone));
    }
    let mut told = if request.at("/merged_at").is_there() {
        match merged(&repository, request, seen.draw)? {
            Ok(told) => told,
            Err(ignored) => return Ok(Err(ignored)),
        }
    } else {
        let number = request
            .number("/number")
            .ok_or(Refused::Missing("pull_request.number"))?;
        let at = review
            .instant("/submitted_at")
            .ok_or(Refused::Missing("review.submitted_at"))?;
        let id = format!("pull/{number}");
        Deployment {
            author: request.identifier("/user/login"),
            url: request.identifier("/html_url"),
            ..repository.telling(&id, Happening::Review, at)
        }
    };
    let by = review.identifier("/user/login");
    if by.is_some() && by != told.author {
        if is_late(review, &told) {
            told.marks.insert(Mark::Unreviewed);
        }
        told.approved_by = by;
        told.approval_url = review.identifier("/html_url");
    } else if told.happening == Happening::Review {
        // One's own word is none.
        return Ok(Err(Ignored::NotDone));
    }
    Ok(Ok(told))
}

/// Whether a review came only after the merge: nobody had reviewed what went out.
pub(super) fn is_late(review: Payload<'_>, told: &Deployment) -> bool {
    let at = review.instant("/submitted_at");
    told.happening == Happening::Merge && at.is_some_and(|at| at > told.at)
}

fn push(seen: &Seen<'_>) -> Read {
    let payload = seen.payload;
    let repository = Repository::of(payload.at("/repository"))?;
    let pushed = payload.text("/ref").ok_or(Refused::Missing("ref"))?;
    let branch = pushed.strip_prefix("refs/heads/");
    if branch.is_none() || branch != repository.branch {
        return Ok(Err(Ignored::OtherBranch));
    }
    let Some(commit) = payload.commit("/after") else {
        return Ok(Err(Ignored::NoCommits));
    };
    if payload.is("/deleted") || payload.is("/created") {
        return Ok(Err(Ignored::NoCommits));
    }
    let head = payload.at("/head_commit");
    let message = head.text("/message");
    let title = message.and_then(|message| message.lines().next());
    let mut marks = payload::marks(None, title);
    if !came_by_request(head) {
        marks.insert(Mark::DirectPush);
    }
    // A commit may be much older than its push.
    let at = payload
        .instant("/repository/pushed_at")
        .unwrap_or(seen.received_at);
    let told = repository.telling(&format!("push/{commit}"), Happening::Push, at);
    Ok(Ok(Deployment {
        commit: Some(commit),
        author: head
            .identifier("/author/username")
            .or_else(|| payload.identifier("/pusher/name"))
            .or_else(|| payload.identifier("/sender/login")),
        author_email: [head.text("/author/email"), payload.text("/pusher/email")]
            .into_iter()
            .flatten()
            .find_map(payload::email),
        url: head
            .identifier("/url")
            .or_else(|| payload.identifier("/compare")),
        change_type: payload::change_type(title, &[]),
        outcome: Some("pushed".to_owned()),
        reference: payload::reference(&[message]),
        marks,
        title: payload::title(title, seen.draw)?,
        ..told
    }))
}

/// Whether GitHub itself made the commit from a pull request: such a commit is
/// GitHub's and names the request.
fn came_by_request(commit: Payload<'_>) -> bool {
    let is_githubs = commit.text("/committer/username") == Some("web-flow")
        || commit.text("/committer/email") == Some("noreply@github.com");
    let line = commit.text("/message").and_then(|text| text.lines().next());
    let names_request = line.is_some_and(|line| {
        let number = line
            .trim_end()
            .strip_suffix(')')
            .and_then(|line| line.rsplit_once("(#"))
            .map(|(_, number)| number);
        line.starts_with("Merge pull request #")
            || number.is_some_and(|number| {
                !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
            })
    });
    is_githubs && names_request
}
