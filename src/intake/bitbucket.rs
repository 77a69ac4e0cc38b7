//! Bitbucket's webhooks: of the Cloud, as
//! <https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/> describes
//! them, and of the Data Center's merged pull requests.

use chrono::{DateTime, Utc};

use super::payload::{self, Payload};
use super::{Draw, Ignored, Reading, Refused};
use crate::domain::deployment::{self, Deployment, Happening, Mark, SourceName};
use crate::domain::policy::Counting;

/// What this source is called.
pub const SOURCE: &str = "bitbucket";

/// Reads a delivery; `event` is its `X-Event-Key`.
pub fn read(
    event: &str,
    body: &[u8],
    rules: &Counting,
    draw: Draw<'_>,
    received_at: DateTime<Utc>,
) -> Result<Reading, Refused> {
    let read = match event {
        "diagnostics:ping" => return Ok(Reading::Ignored(Ignored::Ping)),
        "pullrequest:fulfilled" => fulfilled,
        "repo:commit_status_created" | "repo:commit_status_updated" => commit_status,
        "pr:merged" => merged,
        other => return Ok(Reading::Unknown(super::github::unknown(other))),
    };
    let value = payload::parse(body)?;
    Ok(
        match read(Payload::new(&value), rules, draw, received_at)? {
            Ok(told) => Reading::Told(vec![told]),
            Err(ignored) => Reading::Ignored(ignored),
        },
    )
}

type Read = Result<Result<Deployment, Ignored>, Refused>;

fn telling(path: &str, id: &str, happening: Happening, at: DateTime<Utc>) -> Deployment {
    let id = format!("{path}/{id}");
    let id = deployment::identifier(&id).unwrap_or(id);
    let name = path.rsplit('/').next().unwrap_or(path);
    Deployment {
        system: deployment::identifier(name),
        ..Deployment::new(SourceName::new(SOURCE), id, happening, at)
    }
}

fn goes_to_production(payload: Payload<'_>, branch: Option<&str>, rules: &Counting) -> bool {
    let Some(branch) = branch else {
        return false;
    };
    match payload.text("/repository/mainbranch/name") {
        Some(main) => branch == main,
        None => rules.goes_to_production(branch),
    }
}

/// Somebody's name; Bitbucket hides those of people who left.
fn name_of(person: Payload<'_>) -> Option<String> {
    ["/nickname", "/username", "/display_name"]
        .into_iter()
        .find_map(|field| person.identifier(field))
}

fn fulfilled(
    payload: Payload<'_>,
    rules: &Counting,
    draw: Draw<'_>,
    _received_at: DateTime<Utc>,
) -> Read {
    let request = payload.at("/pullrequest");
    let path = payload
        .text("/repository/full_name")
        .ok_or(Refused::Missing("repository.full_name"))?;
    let number = request
        .identifier("/id")
        .ok_or(Refused::Missing("pullrequest.id"))?;
    if !goes_to_production(payload, request.text("/destination/branch/name"), rules) {
        return Ok(Err(Ignored::OtherBranch));
    }
    let at = request
        .instant("/updated_on")
        .ok_or(Refused::Missing("pullrequest.updated_on"))?;
    let branch = request.text("/source/branch/name");
    let title = request.text("/title");
    let page = request.identifier("/links/html/href");
    let author = request.at("/author");
    let approver = request
        .items("/participants")
        .filter(|one| one.is("/approved") || one.text("/state") == Some("approved"))
        .map(|one| one.at("/user"))
        .find(|user| !is_same(*user, author, "/uuid"));
    let mut told = Deployment {
        author: name_of(author),
        commit: request.commit("/merge_commit/hash"),
        change_type: payload::change_type(title, &[]),
        outcome: Some("merged".to_owned()),
        reference: payload::reference(&[branch, title]),
        marks: payload::marks(branch, title),
        title: payload::title(title, draw)?,
        ..telling(
            path,
            &format!("pull-requests/{number}"),
            Happening::Merge,
            at,
        )
    };
    match approver {
        Some(user) => {
            told.approved_by = name_of(user);
            told.approval_url.clone_from(&page);
        }
        None if request.at("/participants").is_there() => {
            told.marks.insert(Mark::Unreviewed);
        }
        None => {}
    }
    told.url = page;
    Ok(Ok(told))
}

fn is_same(one: Payload<'_>, other: Payload<'_>, field: &str) -> bool {
    let id = one.identifier(field);
    id.is_some() && id == other.identifier(field)
}

/// The state of a build on a commit. A pipeline's step that deploys tells of
/// itself so, and has no event of its own.
fn commit_status(
    payload: Payload<'_>,
    rules: &Counting,
    draw: Draw<'_>,
    _received_at: DateTime<Utc>,
) -> Read {
    let status = payload.at("/commit_status");
    let path = payload
        .text("/repository/full_name")
        .ok_or(Refused::Missing("repository.full_name"))?;
    let key = status
        .identifier("/key")
        .ok_or(Refused::Missing("commit_status.key"))?;
    let name = status.text("/name").unwrap_or(&key);
    let deploys = rules.deploys(name)
        || rules.deploys(&key)
        || rules.is_production(name)
        || rules.is_production(&key);
    if !deploys {
        return Ok(Err(Ignored::NotADeployment));
    }
    // Without a branch the status is of the commit alone.
    let branch = status.text("/refname");
    if branch.is_some() && !goes_to_production(payload, branch, rules) {
        return Ok(Err(Ignored::OtherBranch));
    }
    let state = status.text("/state");
    if state != Some("SUCCESSFUL") {
        return Ok(Err(Ignored::NotDone));
    }
    let commit = status.commit("/commit/hash").or_else(|| {
        let page = status.text("/links/commit/href")?;
        deployment::commit(page.rsplit('/').next()?)
    });
    let at = status
        .instant("/updated_on")
        .or_else(|| status.instant("/created_on"))
        .ok_or(Refused::Missing("commit_status.updated_on"))?;
    let author = status.at("/commit/author");
    let raw = author.text("/raw");
    let message = status.text("/commit/message");
    let title = message.and_then(|message| message.lines().next());
    let id = format!("statuses/{}/{key}", commit.as_deref().unwrap_or("unknown"));
    Ok(Ok(Deployment {
        commit,
        author: name_of(author.at("/user")).or_else(|| {
            let (name, _) = raw?.split_once('<')?;
            deployment::identifier(name)
        }),
        author_email: raw.and_then(|raw| {
            let (_, address) = raw.split_once('<')?;
            payload::email(address.trim_end().trim_end_matches('>'))
        }),
        url: status.identifier("/url"),
        change_type: payload::change_type(title, &[]),
        deploy_log_url: status.identifier("/url"),
        outcome: state.and_then(deployment::identifier),
        reference: payload::reference(&[branch, message]),
        marks: payload::marks(branch, title),
        title: payload::title(title, draw)?,
        ..telling(path, &id, Happening::Deployment, at)
    }))
}

fn merged(
    payload: Payload<'_>,
    rules: &Counting,
    draw: Draw<'_>,
    received_at: DateTime<Utc>,
) -> Read {
    let request = payload.at("/pullRequest");
    let into = request.at("/toRef");
    let slug = into
        .text("/repository/slug")
        .ok_or(Refused::Missing("pullRequest.toRef.repository.slug"))?;
    let key = into
        .text("/repository/project/key")
        .ok_or(Refused::Missing("pullRequest.toRef.repository.project.key"))?;
    let number = request
        .identifier("/id")
        .ok_or(Refused::Missing("pullRequest.id"))?;
    let target = into.text("/displayId");
    if !target.is_some_and(|branch| rules.goes_to_production(branch)) {
        return Ok(Err(Ignored::OtherBranch));
    }
    let at = request
        .instant("/closedDate")
        .or_else(|| payload.instant("/date"))
        .unwrap_or(received_at);
    let branch = request.text("/fromRef/displayId");
    let title = request.text("/title");
    let page = request
        .items("/links/self")
        .find_map(|link| link.identifier("/href"));
    let author = request.at("/author/user");
    let approver = request
        .items("/reviewers")
        .chain(request.items("/participants"))
        .filter(|one| one.is("/approved"))
        .map(|one| one.at("/user"))
        .find(|user| !is_same(*user, author, "/name"));
    let mut told = Deployment {
        author: author.identifier("/name"),
        author_email: author.text("/emailAddress").and_then(payload::email),
        commit: request.commit("/properties/mergeCommit/id"),
        change_type: payload::change_type(title, &[]),
        outcome: Some("merged".to_owned()),
        reference: payload::reference(&[branch, title]),
        marks: payload::marks(branch, title),
        title: payload::title(title, draw)?,
        ..telling(
            &format!("{key}/{slug}"),
            &format!("pull-requests/{number}"),
            Happening::Merge,
            at,
        )
    };
    match approver {
        Some(user) => {
            told.approved_by = user.identifier("/name");
            told.approval_url.clone_from(&page);
        }
        None if request.at("/reviewers").is_there() => {
            told.marks.insert(Mark::Unreviewed);
        }
        None => {}
    }
    told.url = page;
    Ok(Ok(told))
}
