//! Whom a question about a change goes to: whoever made the change, by their e-mail
//! address; else whom the policy names.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::Dispatcher;
use crate::domain::authorization::Standing;
use crate::domain::deployment::Doubt;
use crate::domain::id::UserId;
use crate::slack::error::SlackError;
use crate::store::{Person, Question, StoreError};

/// How long Slack is left alone that couldn't say who somebody is.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// How often it is looked whether there is somebody now who can be asked.
const NOBODY_PAUSE: TimeDelta = TimeDelta::days(1);

/// For how long that is looked.
const NOBODY_FOR: TimeDelta = TimeDelta::days(7);

/// Why nobody can be named.
enum Unnamed {
    Slack(SlackError),
    Store(StoreError),
}

impl From<SlackError> for Unnamed {
    fn from(error: SlackError) -> Self {
        Self::Slack(error)
    }
}

impl From<StoreError> for Unnamed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Dispatcher {
    /// Puts a question to whoever can answer it, for the first time or once more.
    pub async fn ask(&self, question: Question, now: DateTime<Utc>) -> Result<(), StoreError> {
        let store = self.engine.store();
        if !question.stands {
            return store.rest_question(question.id, None, now).await;
        }
        match self.answerer(&question).await {
            Ok(Some(person)) => {
                let rules = Arc::clone(self.engine.rules());
                store.put_question(question.id, person, rules, now).await
            }
            // The report names the change anyway.
            Ok(None) => {
                let until = now + NOBODY_PAUSE;
                let until = (until < question.made_at + NOBODY_FOR).then_some(until);
                store.rest_question(question.id, until, now).await
            }
            Err(Unnamed::Slack(error)) => {
                tracing::warn!(error = %error, "whom to ask about a change can't be read now");
                let until = Some(now + PAUSE);
                store.rest_question(question.id, until, now).await
            }
            Err(Unnamed::Store(error)) => Err(error),
        }
    }

    /// Whether somebody isn't there any more to be asked. While Slack can't say, they
    /// are.
    pub(super) async fn has_left(&self, who: &UserId) -> bool {
        match self.lookup.member(who).await {
            Ok(facts) => facts.standing != Standing::Full,
            Err(error) => {
                tracing::warn!(error = %error, "whether somebody is still there can't be read");
                false
            }
        }
    }

    async fn answerer(&self, question: &Question) -> Result<Option<Person>, Unnamed> {
        let mut candidates: Vec<UserId> = Vec::new();
        // Who has it already keeps it.
        candidates.extend(question.asked.iter().map(|(who, _)| who.clone()));
        let author = match &question.told {
            Some(told) => self.lookup.author_of(told).await?,
            None => None,
        };
        match question.doubt {
            Doubt::Undeclared => candidates.extend(author),
            Doubt::Belongs => {
                if let Some(number) = question.change
                    && let Some(snapshot) = self.engine.store().change(number).await?
                {
                    let change = &snapshot.change;
                    let has_part = |who: &UserId| {
                        *who == change.requester || change.implementers().any(|one| one == who)
                    };
                    candidates.extend(author.filter(has_part));
                    candidates.extend(change.implementers().cloned());
                    candidates.push(change.requester.clone());
                }
            }
        }
        let policy = self.engine.rules().newest();
        candidates.extend(policy.asked_about_undeclared().cloned());
        for who in candidates {
            let facts = self.lookup.member(&who).await?;
            if facts.standing == Standing::Full {
                return Ok(Some(Person {
                    id: facts.id,
                    name: facts.name,
                    zone: facts.zone,
                }));
            }
        }
        Ok(None)
    }
}
