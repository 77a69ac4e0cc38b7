//! HTTP delivery, signed as Slack signs it.
//! Makes one request and judges its answer; whether and when to try again is decided in `deliver.rs`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::deliver::{Failure, Kind, Reply};

/// One signed request, ready to go.
#[derive(Debug)]
pub(super) struct Post {
    url: String,
    content_type: &'static str,
    body: String,
    timestamp: i64,
    signature: String,
    retry: Option<(u32, &'static str)>,
}

impl Post {
    /// Marks the request as a retry, as Slack's headers do.
    pub(super) fn retried(mut self, n: u32, reason: Option<&'static str>) -> Self {
        self.retry = (n > 0).then_some((n, reason.unwrap_or("unknown_error")));
        self
    }
}

/// `v0=` and the HMAC-SHA256 of `v0:timestamp:body` in hexadecimal.
pub(super) fn signature(secret: &str, timestamp: i64, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        // HMAC takes keys of every length; the signature type merely cannot say so.
        return String::new();
    };
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

fn form(payload: &Value) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (key, value) in payload.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => form.append_pair(key, text),
            other => form.append_pair(key, &other.to_string()),
        };
    }
    form.finish()
}

/// The request for one payload.
pub(super) fn post(
    base: &str,
    kind: Kind,
    payload: &Value,
    secret: &str,
    now: DateTime<Utc>,
) -> Post {
    const FORM: &str = "application/x-www-form-urlencoded";
    let (path, content_type, body) = match kind {
        Kind::Event => ("events", "application/json", payload.to_string()),
        Kind::Command => ("commands", FORM, form(payload)),
        Kind::Interaction => {
            let wrapped = serde_json::json!({"payload": payload.to_string()});
            ("interactions", FORM, form(&wrapped))
        }
    };
    let timestamp = now.timestamp();
    Post {
        url: format!("{}/{path}", base.trim_end_matches('/')),
        content_type,
        signature: signature(secret, timestamp, &body),
        body,
        timestamp,
        retry: None,
    }
}

/// Sends it and waits for a 2xx, as long as Slack would.
pub(super) async fn send(
    http: &reqwest::Client,
    post: Post,
    patience: Duration,
) -> Result<Reply, Failure> {
    let failure = |reason| Failure {
        reason,
        no_retry: false,
    };
    let mut request = http
        .post(&post.url)
        .header("Content-Type", post.content_type)
        .header("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
        .header("X-Slack-Request-Timestamp", post.timestamp)
        .header("X-Slack-Signature", post.signature)
        .body(post.body);
    if let Some((n, reason)) = post.retry {
        request = request
            .header("X-Slack-Retry-Num", n)
            .header("X-Slack-Retry-Reason", reason);
    }
    let exchange = async {
        let response = request.send().await.map_err(|error| {
            failure(if error.is_redirect() {
                "too_many_redirects"
            } else {
                "connection_failed"
            })
        })?;
        let no_retry = response
            .headers()
            .get("x-slack-no-retry")
            .is_some_and(|value| value == "1");
        if !response.status().is_success() {
            return Err(Failure {
                reason: "http_error",
                no_retry,
            });
        }
        let is_json = response
            .headers()
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.contains("json"));
        let body = response
            .text()
            .await
            .map_err(|_| failure("connection_failed"))?;
        Ok(reply(&body, is_json))
    };
    tokio::time::timeout(patience, exchange)
        .await
        .unwrap_or_else(|_| Err(failure("http_timeout")))
}

/// A JSON object is a payload; any other body is text. An empty object is text as well: Slack shows people the braces.
fn reply(body: &str, is_json: bool) -> Reply {
    let payload = serde_json::from_str::<Value>(body)
        .ok()
        .filter(|value| is_json && value.as_object().is_some_and(|map| !map.is_empty()));
    let text = (payload.is_none() && !body.trim().is_empty()).then(|| body.to_owned());
    Reply { payload, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_in_slacks_documentation() {
        let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        assert_eq!(
            signature("8f742231b10e8888abcd99yyyzzz85a5", 1_531_420_618, body),
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
        );
    }

    #[test]
    fn an_empty_json_object_is_shown_as_text() {
        let empty = reply("{}", true);
        assert_eq!(empty.text.as_deref(), Some("{}"));
        let message = reply(r#"{"text": "hi"}"#, true);
        assert!(message.text.is_none() && message.payload.is_some());
        assert!(reply("", false).text.is_none());
    }
}
