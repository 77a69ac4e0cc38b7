//! Asks GitHub for deployments, merged pull requests and bypassed protection.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{Api, Cursor, LONGEST_DEPLOYMENT, Look, PollError, Session, ended};
use crate::domain::deployment::{Deployment, Happening, Mark};
use crate::domain::policy::Counting;
use crate::intake::github::{self, Repository};
use crate::intake::payload::Payload;
use crate::intake::{Draw, Refused};

/// So many items come with a page, the most that GitHub gives.
const PER_PAGE: &str = "100";

/// Looks through a repository, from where the cursor stands until now.
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
        path,
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
    path: &'a str,
    cursor: &'a Cursor,
    rules: &'a Counting,
    draw: Draw<'a>,
    told: Vec<Deployment>,
    n_refused: u32,
}

impl Eye<'_> {
    async fn look(&mut self) -> Result<Cursor, PollError> {
        let page = self.session.get(&self.at(""), &[]).await?;
        let payload = Payload::new(&page.body);
        let repository = Repository::of(payload).map_err(PollError::Malformed)?;
        let mut next = Cursor::from(self.session.now);
        self.deployments(&repository, &mut next).await?;
        self.merges(&repository).await?;
        self.bypasses(&repository).await?;
        Ok(next)
    }

    fn at(&self, rest: &str) -> String {
        format!("/repos/{}{rest}", self.path)
    }

    /// The newest stand first; those that hadn't ended are asked for again.
    async fn deployments(
        &mut self,
        repository: &Repository<'_>,
        next: &mut Cursor,
    ) -> Result<(), PollError> {
        let mut found: BTreeMap<u64, Value> = BTreeMap::new();
        let mut number = 1_u32;
        loop {
            let query = [("per_page", PER_PAGE), ("page", &number.to_string())];
            let page = self.session.get(&self.at("/deployments"), &query).await?;
            let list = items(page.body)?;
            let mut is_over = page.is_last || list.is_empty();
            for one in list {
                let payload = Payload::new(&one);
                let Some(id) = payload.number("/id") else {
                    self.n_refused += 1;
                    continue;
                };
                let made_at = payload.instant("/created_at");
                is_over |= made_at.is_some_and(|at| at < self.cursor.begin());
                if made_at.is_none_or(|at| at >= self.cursor.begin()) {
                    found.insert(id, one);
                }
            }
            if is_over {
                break;
            }
            number += 1;
        }
        for id in &self.cursor.open {
            if found.contains_key(id) {
                continue;
            }
            let path = self.at(&format!("/deployments/{id}"));
            match self.session.get(&path, &[]).await {
                Ok(page) => {
                    found.insert(*id, page.body);
                }
                // Somebody deleted it.
                Err(PollError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        for (id, one) in found {
            self.deployment(repository, id, Payload::new(&one), next)
                .await?;
        }
        Ok(())
    }

    async fn deployment(
        &mut self,
        repository: &Repository<'_>,
        id: u64,
        one: Payload<'_>,
        next: &mut Cursor,
    ) -> Result<(), PollError> {
        if !github::is_production(one, Payload::new(&Value::Null), self.rules) {
            return Ok(());
        }
        let path = self.at(&format!("/deployments/{id}/statuses"));
        let page = self.session.get(&path, &[("per_page", PER_PAGE)]).await?;
        let statuses = items(page.body)?;
        let state = |status: &Value| {
            let state = Payload::new(status).text("/state");
            state.map(str::to_owned)
        };
        // The newest stands first, and whatever came after a success doesn't undo
        // it: a later deployment makes this one inactive.
        let success = statuses
            .iter()
            .rev()
            .find(|status| state(status).as_deref() == Some("success"));
        if let Some(status) = success {
            let told = github::deployed(repository, one, Payload::new(status), self.draw);
            return self.tell(told);
        }
        let newest = statuses.first().and_then(state);
        let goes_on = matches!(
            newest.as_deref(),
            None | Some("queued" | "pending" | "in_progress" | "waiting")
        );
        let is_young = one
            .instant("/created_at")
            .is_some_and(|at| at > self.session.now - LONGEST_DEPLOYMENT);
        if goes_on && is_young {
            next.open.insert(id);
        }
        Ok(())
    }

    /// Those that were changed last stand first; a merge is a change.
    async fn merges(&mut self, repository: &Repository<'_>) -> Result<(), PollError> {
        let branch = repository.branch.unwrap_or_default();
        let mut number = 1_u32;
        loop {
            let page_number = number.to_string();
            let query = [
                ("state", "closed"),
                ("base", branch),
                ("sort", "updated"),
                ("direction", "desc"),
                ("per_page", PER_PAGE),
                ("page", &page_number),
            ];
            let page = self.session.get(&self.at("/pulls"), &query).await?;
            let list = items(page.body)?;
            let mut is_over = page.is_last || list.is_empty();
            for one in &list {
                let request = Payload::new(one);
                let begin = self.cursor.begin();
                is_over |= request.instant("/updated_at").is_some_and(|at| at < begin);
                if request.instant("/merged_at").is_some_and(|at| at >= begin) {
                    self.merge(repository, request).await?;
                }
            }
            if is_over {
                return Ok(());
            }
            number += 1;
        }
    }

    async fn merge(
        &mut self,
        repository: &Repository<'_>,
        request: Payload<'_>,
    ) -> Result<(), PollError> {
        let mut told = match github::merged(repository, request, self.draw) {
            Ok(Ok(told)) => told,
            Ok(Err(_ignored)) => return Ok(()),
            Err(refused) => return self.tell(Err(refused)),
        };
        let number = request.number("/number").unwrap_or_default();
        let path = self.at(&format!("/pulls/{number}/reviews"));
        let page = self.session.get(&path, &[("per_page", PER_PAGE)]).await?;
        // The oldest stands first, and each reviewer's last word holds.
        let mut words: BTreeMap<String, (String, Value)> = BTreeMap::new();
        for review in items(page.body)? {
            let payload = Payload::new(&review);
            let (Some(by), Some(state)) =
                (payload.identifier("/user/login"), payload.text("/state"))
            else {
                continue;
            };
            // A mere comment takes no approval back.
            if state != "COMMENTED" && Some(&by) != told.author.as_ref() {
                let state = state.to_owned();
                words.insert(by, (state, review));
            }
        }
        let mut approvals = words
            .into_iter()
            .filter(|(_, (state, _))| state == "APPROVED")
            .map(|(by, (_, review))| (by, review));
        if let Some((by, review)) = approvals.next() {
            let review = Payload::new(&review);
            let merged_at = told.at;
            let was_before = |review: Payload<'_>| {
                review
                    .instant("/submitted_at")
                    .is_none_or(|at| at <= merged_at)
            };
            let in_time =
                was_before(review) || approvals.any(|(_, one)| was_before(Payload::new(&one)));
            if !in_time {
                told.marks.insert(Mark::Unreviewed);
            }
            told.approved_by = Some(by);
            told.approval_url = review.identifier("/html_url");
        } else {
            told.marks.insert(Mark::Unreviewed);
        }
        self.tell(Ok(told))
    }

    /// Only who may administer the repository sees them; without, nothing is told.
    async fn bypasses(&mut self, repository: &Repository<'_>) -> Result<(), PollError> {
        let gap = self.session.now - self.cursor.begin();
        let period = if gap <= TimeDelta::days(1) {
            "day"
        } else if gap <= TimeDelta::weeks(1) {
            "week"
        } else {
            "month"
        };
        let branch = format!("refs/heads/{}", repository.branch.unwrap_or_default());
        let mut number = 1_u32;
        loop {
            let page_number = number.to_string();
            let query = [
                ("ref", branch.as_str()),
                ("time_period", period),
                ("rule_suite_result", "bypass"),
                ("per_page", PER_PAGE),
                ("page", &page_number),
            ];
            let path = self.at("/rulesets/rule-suites");
            let page = match self.session.get(&path, &query).await {
                Ok(page) => page,
                Err(PollError::Token { .. } | PollError::NotFound) => {
                    tracing::debug!(
                        repository = self.path,
                        "bypassed protection isn't shown to this token"
                    );
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            let list = items(page.body)?;
            for one in &list {
                let suite = Payload::new(one);
                let at = suite.instant("/pushed_at");
                let Some((at, commit)) = at.zip(suite.commit("/after_sha")) else {
                    continue;
                };
                if at < self.cursor.begin() || suite.text("/result") != Some("bypass") {
                    continue;
                }
                // What a push that is told of by the webhook is called, too.
                let id = format!("push/{commit}");
                let mut told = repository.telling(&id, Happening::Push, at);
                told.author = suite.identifier("/actor_name");
                told.url = repository
                    .page
                    .map(|page| format!("{page}/commit/{commit}"));
                told.commit = Some(commit);
                told.marks.insert(Mark::Bypassed);
                self.tell(Ok(told))?;
            }
            if page.is_last || list.is_empty() {
                return Ok(());
            }
            number += 1;
        }
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

/// The items of a page.
pub(super) fn items(body: Value) -> Result<Vec<Value>, PollError> {
    match body {
        Value::Array(items) => Ok(items),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Err(PollError::Malformed(Refused::Missing("list")))
        }
    }
}
