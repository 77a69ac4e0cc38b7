//! A hand on the control interface, for stories and tests: acts as people,
//! moves the clock, looks.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// Longer than the sandbox itself waits for its app to settle.
const PATIENCE: Duration = Duration::from_mins(2);

/// Something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum HandError {
    /// The sandbox can't be asked.
    #[error("the sandbox doesn't answer")]
    Transport(#[from] reqwest::Error),
    /// The HTTP client can't be made.
    #[error("no HTTP client can be made")]
    Tls(#[from] rustls::Error),
    /// The sandbox says why not.
    #[error("{route}: {why}")]
    Refused {
        /// What was asked.
        route: String,
        /// Its sentence.
        why: String,
    },
}

/// A client of the control interface. Clones share connections.
#[derive(Debug, Clone)]
pub struct Hand {
    http: reqwest::Client,
    control: String,
}

impl Hand {
    /// Takes the base URL of the control interface, such as
    /// `http://127.0.0.1:8417/sandbox`.
    pub fn on(control: impl Into<String>) -> Result<Self, HandError> {
        Ok(Self {
            http: super::plain_client()?.timeout(PATIENCE).build()?,
            control: control.into(),
        })
    }

    /// Posts to a route and returns its answer.
    pub async fn act(&self, route: &str, body: Value) -> Result<Value, HandError> {
        let answer = self
            .http
            .post(format!("{}/{route}", self.control))
            .json(&body)
            .send()
            .await?;
        accepted(route, answer).await
    }

    /// Reads a route, such as `transcript?as=dana&channel=general`.
    pub async fn look(&self, route: &str) -> Result<Value, HandError> {
        let answer = self
            .http
            .get(format!("{}/{route}", self.control))
            .send()
            .await?;
        accepted(route, answer).await
    }

    /// Behaves again.
    pub async fn behave(&self) -> Result<(), HandError> {
        let answer = self
            .http
            .delete(format!("{}/misbehave", self.control))
            .send()
            .await?;
        accepted("misbehave", answer).await.map(|_| ())
    }

    /// Waits until nothing is under way, going through what becomes due within
    /// `within_s` seconds of the sandbox's time.
    pub async fn settle(&self, within_s: u32) -> Result<DateTime<Utc>, HandError> {
        let body = json!({"within_s": within_s, "n_sleepers": 1});
        Ok(now_of(&self.act("clock/settle", body).await?))
    }

    /// Moves the clock, stopping at whatever becomes due on the way.
    pub async fn move_to(&self, to: DateTime<Utc>) -> Result<DateTime<Utc>, HandError> {
        Ok(now_of(&self.act("clock/move", json!({"to": to})).await?))
    }

    /// Returns what the clock shows.
    pub async fn now(&self) -> Result<DateTime<Utc>, HandError> {
        Ok(now_of(&self.look("clock").await?))
    }

    /// Returns a conversation as somebody sees it, top level messages first.
    pub async fn transcript(&self, who: &str, channel: &str) -> Result<Vec<Value>, HandError> {
        let channel = channel.replace('#', "%23").replace('@', "%40");
        let seen = self
            .look(&format!("transcript?as={who}&channel={channel}"))
            .await?;
        Ok(seen
            .get("messages")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default())
    }

    /// Presses the newest button of this name that somebody sees in a
    /// conversation.
    pub async fn press(&self, who: &str, channel: &str, action: &str) -> Result<Value, HandError> {
        let seen = self.transcript(who, channel).await?;
        let all = seen.iter().flat_map(|message| {
            let thread = message.get("thread").and_then(Value::as_array);
            std::iter::once(message).chain(thread.into_iter().flatten())
        });
        let mut found: Vec<(&str, &Value)> = all
            .flat_map(|message| {
                let ts = message
                    .get("ts")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let usable = message.get("usable").and_then(Value::as_array);
                usable.into_iter().flatten().map(move |one| (ts, one))
            })
            .filter(|(_, one)| one.get("action_id").and_then(Value::as_str) == Some(action))
            .collect();
        found.sort_by(|a, b| a.0.cmp(b.0));
        let Some((ts, button)) = found.last() else {
            return Err(HandError::Refused {
                route: "click".to_owned(),
                why: format!("{who} sees no `{action}` in {channel}"),
            });
        };
        let mut body = json!({"as": who, "channel": channel, "ts": ts, "action_id": action});
        if let (Some(block), Some(body)) = (button.get("block_id"), body.as_object_mut()) {
            body.insert("block_id".to_owned(), block.clone());
        }
        self.act("click", body).await
    }

    /// Waits until somebody has a modal open.
    pub async fn modal(&self, who: &str) -> Result<Value, HandError> {
        self.settle(0).await?;
        let seen = self.look(&format!("views?as={who}")).await?;
        let top = seen
            .get("views")
            .and_then(Value::as_array)
            .and_then(|views| views.last());
        top.cloned().ok_or_else(|| HandError::Refused {
            route: "views".to_owned(),
            why: format!("{who} has no modal open"),
        })
    }
}

async fn accepted(route: &str, answer: reqwest::Response) -> Result<Value, HandError> {
    let status = answer.status();
    let value: Value = answer.json().await?;
    if status.is_success() {
        return Ok(value);
    }
    let why = value
        .get("error")
        .and_then(Value::as_str)
        .unwrap_or("refused");
    Err(HandError::Refused {
        route: route.to_owned(),
        why: why.to_owned(),
    })
}

fn now_of(answer: &Value) -> DateTime<Utc> {
    answer
        .get("now")
        .and_then(Value::as_str)
        .and_then(|now| DateTime::parse_from_rfc3339(now).ok())
        .map(|now| now.to_utc())
        .unwrap_or_default()
}
