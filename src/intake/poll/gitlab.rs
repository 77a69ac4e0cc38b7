//! Asks GitLab for deployments and merged requests.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::github::items;
use super::{Api, Cursor, Look, PollError, Session, encoded, ended, written};
use crate::domain::deployment::{self, Deployment, Happening, Mark};
use crate::domain::policy::Counting;
use crate::intake::gitlab::{self, Project};
use crate::intake::payload::{self, Payload};
use crate::intake::{Draw, Refused};

/// So many items come with a page, the most that GitLab gives.
const PER_PAGE: &str = "100";

/// Looks through a project, from where the cursor stands until now.
pub async fn look(
    api: &Api,
    path: &str,
    cursor: &Cursor,
    rules: &Counting,
    draw: Draw<'_>,
    now: DateTime<Utc>,
) -> Result<Look, PollError> {
    let mut eye = Eye {
        session: Session::new(api, now),
        at: format!("/projects/{}", encoded(path)),
        cursor,
        rules,
        draw,
        told: Vec::new(),
        n_refused: 0,
    };
    let looked = eye.look().await;
    ended(looked, eye.told, eye.n_refused, cursor)
}

struct Eye<'a> {
    session: Session<'a>,
    at: String,
    cursor: &'a Cursor,
    rules: &'a Counting,
    draw: Draw<'a>,
    told: Vec<Deployment>,
    n_refused: u32,
}

impl Eye<'_> {
    async fn look(&mut self) -> Result<Cursor, PollError> {
        let page = self.session.get(&self.at, &[]).await?;
        let project = Project::of(Payload::new(&page.body)).map_err(PollError::Malformed)?;
        self.deployments(&project).await?;
        self.merges(&project).await?;
        // What is listed was changed since, so nothing has to be asked for again.
        Ok(Cursor::from(self.session.now))
    }

    /// Asks for every page of a list of what was changed since the last look.
    async fn list(&mut self, what: &str, more: &[(&str, &str)]) -> Result<Vec<Value>, PollError> {
        let since = written(self.cursor.begin());
        let path = format!("{}/{what}", self.at);
        let mut all = Vec::new();
        let mut number = 1_u32;
        loop {
            let page_number = number.to_string();
            let mut query = vec![
                ("updated_after", since.as_str()),
                ("order_by", "updated_at"),
                ("sort", "asc"),
                ("per_page", PER_PAGE),
                ("page", &page_number),
            ];
            query.extend_from_slice(more);
            let page = self.session.get(&path, &query).await?;
            let list = items(page.body)?;
            let is_over = page.is_last || list.is_empty();
            all.extend(list);
            if is_over {
                return Ok(all);
            }
            number += 1;
        }
    }

    async fn deployments(&mut self, project: &Project<'_>) -> Result<(), PollError> {
        let list = self.list("deployments", &[("status", "success")]).await?;
        for one in &list {
            let one = Payload::new(one);
            let is_production = gitlab::is_production(
                one.text("/environment/name"),
                one.text("/environment/tier"),
                self.rules,
            );
            if is_production && one.text("/status") == Some("success") {
                let told = deployed(project, one, self.draw);
                self.tell(told)?;
            }
        }
        Ok(())
    }

    async fn merges(&mut self, project: &Project<'_>) -> Result<(), PollError> {
        let mut more = vec![("state", "merged"), ("scope", "all")];
        more.extend(project.branch.map(|branch| ("target_branch", branch)));
        let list = self.list("merge_requests", &more).await?;
        for one in &list {
            let request = Payload::new(one);
            let is_new = request
                .instant("/merged_at")
                .is_some_and(|at| at >= self.cursor.begin());
            if !is_new {
                continue;
            }
            match gitlab::merged(project, request, self.draw) {
                Ok(Ok(told)) => self.merge(request, told).await?,
                Ok(Err(_ignored)) => {}
                Err(refused) => self.tell(Err(refused))?,
            }
        }
        Ok(())
    }

    async fn merge(&mut self, request: Payload<'_>, mut told: Deployment) -> Result<(), PollError> {
        let number = request.number("/iid").unwrap_or_default();
        let path = format!("{}/merge_requests/{number}/approvals", self.at);
        let page = match self.session.get(&path, &[]).await {
            Ok(page) => page,
            // Not every edition shows approvals; nothing is said of them then.
            Err(PollError::NotFound | PollError::Token { .. }) => return self.tell(Ok(told)),
            Err(error) => return Err(error),
        };
        let approvals = Payload::new(&page.body);
        if !approvals.at("/approved_by").is_there() {
            return self.tell(Ok(told));
        }
        let by = approvals
            .items("/approved_by")
            .filter_map(|one| one.identifier("/user/username"))
            .find(|by| Some(by) != told.author.as_ref());
        if by.is_some() {
            told.approved_by = by;
            told.approval_url.clone_from(&told.url);
        } else {
            told.marks.insert(Mark::Unreviewed);
        }
        self.tell(Ok(told))
    }

    fn tell(&mut self, told: Result<Deployment, Refused>) -> Result<(), PollError> {
        match told {
            Ok(told) => self.told.push(told),
            Err(refused) if refused.is_transient() => return Err(PollError::Malformed(refused)),
            Err(_) => self.n_refused += 1,
        }
        Ok(())
    }
}

/// A deployment as the API lists it; the webhook has its facts elsewhere.
fn deployed(
    project: &Project<'_>,
    one: Payload<'_>,
    draw: Draw<'_>,
) -> Result<Deployment, Refused> {
    let id = one
        .identifier("/id")
        .ok_or(Refused::Missing("deployment.id"))?;
    let at = ["/finished_at", "/deployable/finished_at", "/updated_at"]
        .into_iter()
        .find_map(|place| one.instant(place))
        .ok_or(Refused::Missing("deployment.updated_at"))?;
    let commit = one.commit("/sha");
    let branch = one.text("/ref");
    let job = one.at("/deployable");
    let title = job.text("/commit/title");
    let page = project.page.and_then(|page| {
        let place = match (job.identifier("/id"), commit.as_deref()) {
            (Some(job), _) => format!("{page}/-/jobs/{job}"),
            (None, Some(commit)) => format!("{page}/-/commit/{commit}"),
            (None, None) => return None,
        };
        deployment::identifier(&place)
    });
    Ok(Deployment {
        author: one.identifier("/user/username"),
        author_email: job.text("/commit/author_email").and_then(payload::email),
        deploy_log_url: page.clone().filter(|_| job.is_there()),
        url: page,
        commit,
        change_type: payload::change_type(title, &[]),
        outcome: one.identifier("/status"),
        reference: payload::reference(&[branch, title, job.text("/commit/message")]),
        marks: payload::marks(branch, title),
        title: payload::title(title, draw)?,
        ..project.telling(&format!("deployments/{id}"), Happening::Deployment, at)
    })
}
