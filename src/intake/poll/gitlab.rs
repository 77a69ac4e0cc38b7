//! Asks GitLab for deployments and merged requests.

use chrono::{DateTime, TimeDelta, Utc};

use super::cursor::{Part, Progress};
use super::github::items;
use super::{Api, Cursor, Look, PollError, Session, encoded, ended, written};
use crate::domain::deployment::{self, Deployment, Happening, Mark};
use crate::domain::policy::Counting;
use crate::intake::gitlab::{self, Project};
use crate::intake::payload::{self, Payload};
use crate::intake::{Draw, Refused};

/// So many items come with a page, the most that GitLab gives.
const PER_PAGE: &str = "100";

/// Looks through a project, from where the cursor stands, until there is something to
/// keep or nothing more to see.
pub async fn look(
    api: &Api,
    path: &str,
    cursor: Cursor,
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
    ended(&eye.session, looked, eye.told, eye.n_refused, eye.cursor)
}

struct Eye<'a> {
    session: Session<'a>,
    at: String,
    cursor: Cursor,
    rules: &'a Counting,
    draw: Draw<'a>,
    told: Vec<Deployment>,
    n_refused: u32,
}

impl Eye<'_> {
    /// Returns whether the end was reached.
    async fn look(&mut self) -> Result<bool, PollError> {
        let page = self.session.get(&self.at, &[]).await?;
        let project = Project::of(Payload::new(&page.body)).map_err(PollError::Malformed)?;
        loop {
            let is_over = match self.progress().part {
                // What is listed was changed since, so that nothing has to be asked
                // for again; and it doesn't list what else GitHub does.
                Part::Open | Part::Bypasses | Part::Pushes => true,
                part => self.page(part, &project).await?,
            };
            if is_over && self.cursor.turn(self.session.now) {
                return Ok(true);
            }
            if !self.told.is_empty() {
                return Ok(false);
            }
        }
    }

    fn progress(&mut self) -> &mut Progress {
        self.cursor.progress(self.session.now)
    }

    /// Goes through one page of what was changed since the last look, the oldest
    /// change first. Each page is asked for by the time at which the one before
    /// ended: whatever changes meanwhile comes once more at the end, and nothing that
    /// was to come moves forward. Returns whether it is the last page.
    async fn page(&mut self, part: Part, project: &Project<'_>) -> Result<bool, PollError> {
        let since = self.since();
        let number = self.progress().page.to_string();
        let path = format!(
            "{}/{}",
            self.at,
            if part == Part::Merges {
                "merge_requests"
            } else {
                "deployments"
            }
        );
        let mut query = vec![
            ("updated_after", since.as_str()),
            ("order_by", "updated_at"),
            ("sort", "asc"),
            ("per_page", PER_PAGE),
            ("page", &number),
        ];
        if part == Part::Merges {
            query.extend([("state", "merged"), ("scope", "all")]);
            query.extend(project.branch.map(|branch| ("target_branch", branch)));
        } else {
            query.push(("status", "success"));
        }
        let page = self.session.get(&path, &query).await?;
        let list = items(page.body)?;
        for one in &list {
            let one = Payload::new(one);
            let Some((id, at)) = one.number("/id").zip(one.instant("/updated_at")) else {
                self.n_refused += 1;
                continue;
            };
            if self.progress().has_seen(id, at) {
                continue;
            }
            if part == Part::Merges {
                self.request(project, one).await?;
            } else {
                self.deployment(project, one).await?;
            }
            self.progress().see(id, at);
        }
        // More were changed in that second than one page holds.
        if self.since() == since {
            self.progress().page += 1;
        }
        Ok(page.is_last || list.is_empty())
    }

    /// From when on the next page is asked for. Whether what was changed just then is
    /// among it depends on the list.
    fn since(&mut self) -> String {
        let begin = self.cursor.begin();
        let reached = self.progress().reached;
        written(reached.map_or(begin, |at| at - TimeDelta::seconds(1)))
    }

    async fn deployment(
        &mut self,
        project: &Project<'_>,
        one: Payload<'_>,
    ) -> Result<(), PollError> {
        let is_production = gitlab::is_production(
            one.text("/environment/name"),
            one.text("/environment/tier"),
            self.rules,
        );
        if !is_production || one.text("/status") != Some("success") {
            return Ok(());
        }
        match deployed(project, one, self.draw) {
            Ok(told) => self.complete(told, None).await,
            Err(refused) => self.refuse(refused),
        }
    }

    async fn request(
        &mut self,
        project: &Project<'_>,
        request: Payload<'_>,
    ) -> Result<(), PollError> {
        let merged_at = request.instant("/merged_at");
        if !merged_at.is_some_and(|at| self.cursor.reaches(at)) {
            return Ok(());
        }
        match gitlab::merged(project, request, self.draw) {
            Ok(Ok(told)) => self.merge(request, told).await,
            Ok(Err(_ignored)) => Ok(()),
            Err(refused) => self.refuse(refused),
        }
    }

    async fn merge(&mut self, request: Payload<'_>, mut told: Deployment) -> Result<(), PollError> {
        let number = request.number("/iid").unwrap_or_default();
        let path = format!("{}/merge_requests/{number}/approvals", self.at);
        match self.session.get(&path, &[]).await {
            Ok(page) => {
                let approvals = Payload::new(&page.body);
                let by = approvals
                    .items("/approved_by")
                    .filter_map(|one| one.identifier("/user/username"))
                    .find(|by| Some(by) != told.author.as_ref());
                if by.is_some() {
                    told.approved_by = by;
                    told.approval_url.clone_from(&told.url);
                } else if approvals.at("/approved_by").is_there() {
                    told.marks.insert(Mark::Unreviewed);
                }
            }
            // Not every edition shows approvals; nothing is said of them then.
            Err(PollError::NotFound | PollError::Token { .. }) => {}
            Err(error) if error.is_of_one_item() => self.n_refused += 1,
            Err(error) => return Err(error),
        }
        self.complete(told, request.commit("/sha")).await
    }

    /// Tells of a change; first looks up the commit of what somebody may be asked
    /// about, or what may belong to an emergency: lists of requests don't say how
    /// their authors can be reached.
    async fn complete(
        &mut self,
        mut told: Deployment,
        head: Option<String>,
    ) -> Result<(), PollError> {
        let matters = !told.marks.is_empty() || told.reference.is_some();
        let commit = head.or_else(|| told.commit.clone());
        if let Some(commit) = commit.filter(|_| matters && told.author_email.is_none()) {
            let path = format!("{}/repository/commits/{commit}", self.at);
            match self.session.get(&path, &[]).await {
                Ok(page) => {
                    let address = Payload::new(&page.body).text("/author_email");
                    told.author_email = address.and_then(payload::email);
                }
                Err(PollError::Token { .. }) => {}
                Err(error) if error.is_of_one_item() => {}
                Err(error) => return Err(error),
            }
        }
        self.told.push(told);
        Ok(())
    }

    fn refuse(&mut self, refused: Refused) -> Result<(), PollError> {
        if refused.is_transient() {
            return Err(PollError::Malformed(refused));
        }
        self.n_refused += 1;
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
