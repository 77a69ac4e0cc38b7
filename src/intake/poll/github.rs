//! Asks GitHub for deployments, merged pull requests, bypassed protection and direct
//! pushes.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::cursor::{Part, Progress};
use super::{Api, Cursor, LONGEST_DEPLOYMENT, Look, Page, PollError, Session, TRIED_AGAIN, ended};
use crate::domain::deployment::{Deployment, Happening, Mark};
use crate::domain::policy::Counting;
use crate::intake::github::{self, Repository};
use crate::intake::payload::{self, Payload};
use crate::intake::{Draw, Refused};

/// So many items come with a page, the most that GitHub gives.
const PER_PAGE: &str = "100";

/// Looks through a repository, from where the cursor stands, until there is something
/// to keep or nothing more to see.
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
        path,
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
    path: &'a str,
    cursor: Cursor,
    rules: &'a Counting,
    draw: Draw<'a>,
    told: Vec<Deployment>,
    n_refused: u32,
}

impl Eye<'_> {
    /// Returns whether the end was reached.
    async fn look(&mut self) -> Result<bool, PollError> {
        let page = self.session.get(&self.at(""), &[]).await?;
        let payload = Payload::new(&page.body);
        let repository = Repository::of(payload).map_err(PollError::Malformed)?;
        loop {
            let is_over = match self.progress().part {
                Part::Open => self.open(&repository).await?,
                part => self.page(part, &repository).await?,
            };
            if is_over && self.cursor.turn(self.session.now) {
                return Ok(true);
            }
            if !self.told.is_empty() {
                return Ok(false);
            }
        }
    }

    fn at(&self, rest: &str) -> String {
        format!("/repos/{}{rest}", self.path)
    }

    fn progress(&mut self) -> &mut Progress {
        self.cursor.progress(self.session.now)
    }

    /// Asks again for the deployments that hadn't ended.
    async fn open(&mut self, repository: &Repository<'_>) -> Result<bool, PollError> {
        for id in self.cursor.open.clone() {
            if self.progress().edge.contains_key(&id) {
                continue;
            }
            let path = self.at(&format!("/deployments/{id}"));
            match self.session.get(&path, &[]).await {
                Ok(page) => {
                    self.deployment(repository, id, Payload::new(&page.body))
                        .await?;
                }
                // Somebody deleted it.
                Err(PollError::NotFound) => {
                    self.cursor.open.remove(&id);
                }
                // It is asked for again with the next look.
                Err(error) if error.is_of_one_item() => {
                    tracing::debug!(repository = self.path, id, %error, "can't be read now");
                }
                Err(error) => return Err(error),
            }
            let now = self.session.now;
            self.progress().edge.insert(id, now);
        }
        Ok(true)
    }

    /// Goes through one page of a list. Returns whether it is the last that matters.
    async fn page(&mut self, part: Part, repository: &Repository<'_>) -> Result<bool, PollError> {
        let Some(page) = self.ask(part, repository).await? else {
            return Ok(true);
        };
        let list = items(page.body)?;
        let begin = self.cursor.begin();
        let mut is_over = page.is_last || list.is_empty();
        let mut n_new = 0_u32;
        let stamp = match part {
            Part::Open | Part::Deployments => "/created_at",
            Part::Merges => "/updated_at",
            Part::Bypasses => "/pushed_at",
            Part::Pushes => "/timestamp",
        };
        for one in &list {
            let one = Payload::new(one);
            let Some((id, at)) = one.number("/id").zip(one.instant(stamp)) else {
                self.n_refused += 1;
                continue;
            };
            if at < begin {
                // In which order bypasses are listed isn't written anywhere.
                is_over |= part != Part::Bypasses;
                continue;
            }
            let progress = self.progress();
            if progress.edge.contains_key(&id)
                || part != Part::Bypasses && progress.has_passed(id, at)
            {
                continue;
            }
            n_new += 1;
            match part {
                Part::Open | Part::Deployments => {
                    let is_known =
                        self.cursor.open.contains(&id) || self.cursor.ended.contains_key(&id);
                    if !is_known {
                        self.deployment(repository, id, one).await?;
                    }
                }
                Part::Merges => self.merge(repository, one).await?,
                Part::Bypasses => self.bypass(repository, one).await?,
                Part::Pushes => self.push(repository, one).await?,
            }
            if part == Part::Bypasses {
                self.progress().edge.insert(id, at);
            } else {
                self.progress().pass(id, at);
            }
        }
        let progress = self.progress();
        // Where no next page is named, or the same again, the first would be asked for
        // for ever.
        is_over |= part == Part::Pushes && (page.after.is_none() || page.after == progress.after);
        progress.after = page.after;
        // Deployments can be deleted, and then others move up to a page that was
        // read: it is read until there is nothing new on it.
        if part != Part::Deployments || n_new == 0 {
            progress.page += 1;
        }
        Ok(is_over)
    }

    /// Asks for one page of a list; nothing, if this token may not see the list.
    async fn ask(
        &mut self,
        part: Part,
        repository: &Repository<'_>,
    ) -> Result<Option<Page>, PollError> {
        let progress = self.progress();
        let number = progress.page.to_string();
        let after = progress.after.clone();
        let branch = format!("refs/heads/{}", repository.branch.unwrap_or_default());
        let gap = self.session.now - self.cursor.begin();
        let period = if gap <= TimeDelta::days(1) {
            "day"
        } else if gap <= TimeDelta::weeks(1) {
            "week"
        } else if gap <= TimeDelta::days(28) || part == Part::Bypasses {
            "month"
        } else {
            "quarter"
        };
        let mut query = vec![("per_page", PER_PAGE)];
        let place = match part {
            Part::Open | Part::Deployments => {
                query.push(("page", &number));
                "/deployments"
            }
            // Of all states and into all branches: what is opened again or sent
            // elsewhere would leave the list, and others would move up to a page that
            // was read.
            Part::Merges => {
                query.extend([("state", "all"), ("sort", "updated"), ("direction", "desc")]);
                query.push(("page", &number));
                "/pulls"
            }
            Part::Bypasses => {
                query.extend([("ref", branch.as_str()), ("time_period", period)]);
                query.extend([("rule_suite_result", "bypass"), ("page", &number)]);
                "/rulesets/rule-suites"
            }
            Part::Pushes => {
                query.extend([("ref", branch.as_str()), ("time_period", period)]);
                query.push(("direction", "desc"));
                query.extend(after.as_deref().map(|after| ("after", after)));
                "/activity"
            }
        };
        match self.session.get(&self.at(place), &query).await {
            Ok(page) => Ok(Some(page)),
            // Bypasses are shown to administrators, activity by newer servers.
            Err(PollError::Token { .. } | PollError::NotFound)
                if matches!(part, Part::Bypasses | Part::Pushes) =>
            {
                tracing::debug!(repository = self.path, place, "isn't shown to this token");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn deployment(
        &mut self,
        repository: &Repository<'_>,
        id: u64,
        one: Payload<'_>,
    ) -> Result<(), PollError> {
        if !github::is_production(one, Payload::new(&Value::Null), self.rules) {
            return Ok(());
        }
        let path = self.at(&format!("/deployments/{id}/statuses"));
        let made_at = one.instant("/created_at").unwrap_or(self.session.now);
        let statuses = match self.list(&path).await {
            Ok(statuses) => statuses,
            Err(error) if error.is_of_one_item() => {
                tracing::debug!(repository = self.path, id, %error, "its statuses can't be read");
                let may_come = !matches!(error, PollError::NotFound) && self.goes_on(made_at, None);
                let was_refused = self.cursor.open.contains(&id);
                self.n_refused += u32::from(!was_refused);
                self.keep(id, made_at, may_come);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let is_success = |status: &&Value| Payload::new(status).text("/state") == Some("success");
        // The newest stands first, and whatever came after a success doesn't undo
        // it: a later deployment makes this one inactive.
        let success = statuses.iter().rev().find(is_success);
        if let Some(status) = success {
            match github::deployed(repository, one, Payload::new(status), self.draw) {
                Ok(mut told) => {
                    self.complete(&mut told, None).await?;
                    self.told.push(told);
                }
                Err(refused) => self.refuse(refused)?,
            }
        }
        let goes_on =
            success.is_none() && self.goes_on(made_at, statuses.first().map(Payload::new));
        self.keep(id, made_at, goes_on);
        Ok(())
    }

    /// Keeps of a deployment whether to ask for it again.
    fn keep(&mut self, id: u64, made_at: DateTime<Utc>, goes_on: bool) {
        if goes_on {
            self.cursor.open.insert(id);
        } else {
            self.cursor.open.remove(&id);
            self.cursor.ended.insert(id, made_at);
        }
    }

    /// Asks for what one item has.
    async fn list(&mut self, path: &str) -> Result<Vec<Value>, PollError> {
        let page = self.session.get(path, &[("per_page", PER_PAGE)]).await?;
        items(page.body)
    }

    /// Whether a deployment may succeed yet that was made then and hasn't.
    fn goes_on(&self, made_at: DateTime<Utc>, newest: Option<Payload<'_>>) -> bool {
        let is_young = |from, life| self.session.now - life < from;
        match newest.and_then(|status| status.text("/state")) {
            None | Some("queued" | "pending" | "in_progress" | "waiting") => {
                is_young(made_at, LONGEST_DEPLOYMENT)
            }
            Some("failure" | "error") => {
                let failed_at = newest.and_then(|status| status.instant("/created_at"));
                is_young(failed_at.unwrap_or(made_at), TRIED_AGAIN)
            }
            Some(_) => false,
        }
    }

    async fn merge(
        &mut self,
        repository: &Repository<'_>,
        request: Payload<'_>,
    ) -> Result<(), PollError> {
        let merged_at = request.instant("/merged_at");
        if !merged_at.is_some_and(|at| self.cursor.reaches(at)) {
            return Ok(());
        }
        let mut told = match github::merged(repository, request, self.draw) {
            Ok(Ok(told)) => told,
            Ok(Err(_ignored)) => return Ok(()),
            Err(refused) => return self.refuse(refused),
        };
        let number = request.number("/number").unwrap_or_default();
        let path = self.at(&format!("/pulls/{number}/reviews"));
        match self.list(&path).await {
            Ok(reviews) => judge(&mut told, reviews),
            // It was merged, whatever this request has; of its review nothing is said.
            Err(error) if error.is_of_one_item() => {
                tracing::warn!(repository = self.path, number, %error, "its reviews can't be read");
                self.n_refused += 1;
            }
            Err(error) => return Err(error),
        }
        // Who presses *Merge* is the author of the commit that this makes.
        self.complete(&mut told, request.commit("/head/sha"))
            .await?;
        self.told.push(told);
        Ok(())
    }

    /// Only who may administer the repository sees them; without, nothing is told.
    async fn bypass(
        &mut self,
        repository: &Repository<'_>,
        suite: Payload<'_>,
    ) -> Result<(), PollError> {
        let is_one = suite.text("/result") == Some("bypass");
        let pushed = suite.instant("/pushed_at").zip(suite.commit("/after_sha"));
        let Some((at, commit)) = pushed.filter(|_| is_one) else {
            return Ok(());
        };
        let by = suite.identifier("/actor_name");
        self.pushed(repository, (at, commit, by), Mark::Bypassed)
            .await
    }

    /// A push that no pull request brought: what GitHub itself pushed when somebody
    /// merged is called otherwise.
    async fn push(
        &mut self,
        repository: &Repository<'_>,
        activity: Payload<'_>,
    ) -> Result<(), PollError> {
        let is_direct = matches!(activity.text("/activity_type"), Some("push" | "force_push"));
        let pushed = activity
            .instant("/timestamp")
            .zip(activity.commit("/after"));
        let Some((at, commit)) = pushed.filter(|_| is_direct) else {
            return Ok(());
        };
        let by = activity.identifier("/actor/login");
        self.pushed(repository, (at, commit, by), Mark::DirectPush)
            .await
    }

    async fn pushed(
        &mut self,
        repository: &Repository<'_>,
        (at, commit, by): (DateTime<Utc>, String, Option<String>),
        mark: Mark,
    ) -> Result<(), PollError> {
        // What a push that is told of by the webhook is called, too.
        let id = format!("push/{commit}");
        let mut told = repository.telling(&id, Happening::Push, at);
        told.author = by;
        told.url = repository
            .page
            .map(|page| format!("{page}/commit/{commit}"));
        told.commit = Some(commit);
        told.marks.insert(mark);
        self.complete(&mut told, None).await?;
        self.told.push(told);
        Ok(())
    }

    /// Looks up the commit of what somebody may be asked about, or what may belong to
    /// an emergency: the lists don't say how its author can be reached.
    async fn complete(
        &mut self,
        told: &mut Deployment,
        head: Option<String>,
    ) -> Result<(), PollError> {
        let matters = !told.marks.is_empty() || told.reference.is_some();
        let Some(commit) = head.or_else(|| told.commit.clone()).filter(|_| matters) else {
            return Ok(());
        };
        let page = match self
            .session
            .get(&self.at(&format!("/commits/{commit}")), &[])
            .await
        {
            Ok(page) => page,
            // It is gone since, was never of this repository, or can't be shown.
            Err(PollError::Token { .. }) => return Ok(()),
            Err(error) if error.is_of_one_item() => return Ok(()),
            Err(error) => return Err(error),
        };
        let commit = Payload::new(&page.body);
        let address = || commit.text("/commit/author/email").and_then(payload::email);
        told.author_email = told.author_email.take().or_else(address);
        if told.happening == Happening::Push {
            let message = commit.text("/commit/message");
            let title = message.and_then(|message| message.lines().next());
            told.change_type = payload::change_type(title, &[]);
            told.outcome = Some("pushed".to_owned());
            told.reference = payload::reference(&[message]);
            told.marks.extend(payload::marks(None, title));
            match payload::title(title, self.draw) {
                Ok(title) => told.title = title,
                Err(refused) => self.refuse(refused)?,
            }
        }
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

/// Notes by whom a request that was merged had been approved, if by anybody.
fn judge(told: &mut Deployment, reviews: Vec<Value>) {
    // The oldest stands first, and each reviewer's last word holds.
    let mut words: BTreeMap<String, Value> = BTreeMap::new();
    let is_approval = |review: &Value| Payload::new(review).text("/state") == Some("APPROVED");
    for review in reviews {
        let payload = Payload::new(&review);
        let (Some(by), Some(state)) = (payload.identifier("/user/login"), payload.text("/state"))
        else {
            continue;
        };
        // A mere comment takes no approval back, and one that is given again is as
        // old as it was.
        let is_again = is_approval(&review) && words.get(&by).is_some_and(is_approval);
        if state != "COMMENTED" && !is_again && Some(&by) != told.author.as_ref() {
            words.insert(by, review);
        }
    }
    let is_late = |review: &Value| github::is_late(Payload::new(review), told);
    let approvals = words.into_iter().filter(|(_, review)| is_approval(review));
    let Some((by, review)) = approvals.min_by_key(|(_, review)| is_late(review)) else {
        told.marks.insert(Mark::Unreviewed);
        return;
    };
    if is_late(&review) {
        told.marks.insert(Mark::Unreviewed);
    }
    told.approved_by = Some(by);
    told.approval_url = Payload::new(&review).identifier("/html_url");
}

/// The items of a page.
pub(super) fn items(body: Value) -> Result<Vec<Value>, PollError> {
    match body {
        Value::Array(items) => Ok(items),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Err(PollError::Malformed(Refused::Missing("list")))
        }
    }
}
