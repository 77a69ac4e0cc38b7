//! Sources that are asked for what happened since the last look, because an
//! installation without a public address can't be told.
//!
//! Only reads. A look comes back with each page that tells something, so that it can
//! be kept; one that a rate limit ends goes on where it was.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use hyper_rustls::ConfigBuilderExt as _;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use url::Url;

use super::{Draw, Refused};
use crate::config::{Polled, Secret};
use crate::domain::deployment::{AHEAD, Deployment};
use crate::domain::named;
use crate::domain::policy::Counting;

mod cursor;
pub mod github;
pub mod gitlab;

pub use cursor::{Cursor, NoCursor};

/// How long one question may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// No answer of a hundred items comes near it.
const LARGEST_ANSWER: usize = 32 * 1024 * 1024;

/// How long to wait where a source asks us to and doesn't say how long.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// Nobody's limit lasts longer.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(24);

/// A deployment that is still going on after so long never ends.
const LONGEST_DEPLOYMENT: TimeDelta = TimeDelta::days(7);

/// For so long a deployment that failed may be tried again.
const TRIED_AGAIN: TimeDelta = TimeDelta::days(1);

/// What a look saw, as far as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The changes that it tells of; some may have been told before.
    pub told: Vec<Deployment>,
    /// From where to go on. Keep it only once `told` is kept.
    pub next: Cursor,
    /// Whether all that there is was seen. Otherwise it goes on at once, or at
    /// `again_at`.
    pub is_end: bool,
    /// When to go on, if a limit ended the look before its end.
    pub again_at: Option<DateTime<Utc>>,
    /// How many items couldn't be read.
    pub n_refused: u32,
}

named! {
    /// A source that can be asked.
    pub enum Asked {
        /// GitHub.
        Github = "github",
        /// GitLab.
        Gitlab = "gitlab",
    }
}

/// A source that is asked, and for what.
#[derive(Debug, Clone)]
pub struct Watch {
    /// Which source.
    pub asked: Asked,
    /// The repositories or projects, as the source calls them.
    pub paths: Vec<String>,
    api: Api,
}

impl Watch {
    /// Prepares to ask a source as the configuration says.
    pub fn of(asked: Asked, polled: &Polled) -> Result<Self, ApiError> {
        let token = polled.token.as_ref();
        let api = match asked {
            Asked::Github => Api::github(&polled.api_url, token)?,
            Asked::Gitlab => Api::gitlab(&polled.api_url, token)?,
        };
        Ok(Self {
            asked,
            paths: polled.paths.clone(),
            api,
        })
    }

    /// Looks through a repository or project, from where the cursor stands, until
    /// there is something to keep or nothing more to see.
    pub async fn look(
        &self,
        path: &str,
        cursor: Cursor,
        rules: &Counting,
        draw: Draw<'_>,
        now: DateTime<Utc>,
    ) -> Result<Look, PollError> {
        match self.asked {
            Asked::Github => github::look(&self.api, path, cursor, rules, draw, now).await,
            Asked::Gitlab => gitlab::look(&self.api, path, cursor, rules, draw, now).await,
        }
    }

    /// Asks whether a repository or project can be read at all.
    pub async fn can_read(&self, path: &str, now: DateTime<Utc>) -> Result<(), PollError> {
        let place = match self.asked {
            Asked::Github => format!("/repos/{path}"),
            Asked::Gitlab => format!("/projects/{}", encoded(path)),
        };
        Session::new(&self.api, now).get(&place, &[]).await?;
        Ok(())
    }
}

/// Why a source couldn't be looked through.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// It asks us to wait.
    #[error("it asks to wait until {until}")]
    Limited {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// The token isn't good, or isn't good enough.
    #[error("it refuses the token ({status}); make a new one that may read this")]
    Token {
        /// With which status.
        status: u16,
    },
    /// It knows nothing of this name, or doesn't show it to this token.
    #[error("it knows nothing of this name, or the token may not see it")]
    NotFound,
    /// It can't answer now.
    #[error("it answers with status {status}")]
    Status {
        /// Which one.
        status: u16,
    },
    /// It can't be reached.
    #[error("it can't be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The answer isn't in the form that it documents.
    #[error("its answer can't be read: {0}")]
    Malformed(Refused),
    /// The address can't be asked.
    #[error("its address can't be asked")]
    Address(#[from] url::ParseError),
}

impl PollError {
    /// Whether the same look may go well later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Limited { .. } | Self::Unreachable(_) | Self::Status { .. } => true,
            Self::Token { .. } | Self::NotFound | Self::Malformed(_) | Self::Address(_) => false,
        }
    }

    /// Whether it may be the fault of the one item that was asked for: what waits
    /// behind that can still be seen.
    fn is_of_one_item(&self) -> bool {
        match self {
            Self::NotFound | Self::Status { .. } | Self::Malformed(_) => true,
            Self::Limited { .. } | Self::Token { .. } | Self::Unreachable(_) | Self::Address(_) => {
                false
            }
        }
    }
}

/// A source can't be asked with these settings.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The token can't stand in a header.
    #[error("the token has letters that no token has; copy it again")]
    Token,
    /// No certificate authorities on this machine.
    #[error("this machine has no CA certificates to know the source by; install ca-certificates")]
    NoCertificates(#[source] std::io::Error),
    /// The TLS library can't be set up.
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
    /// The HTTP client can't be made.
    #[error("no HTTP client can be made")]
    Client(#[from] reqwest::Error),
}

/// A source's API.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    base: String,
}

impl Api {
    /// GitHub's API at `base`.
    pub fn github(base: &str, token: Option<&Secret>) -> Result<Self, ApiError> {
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/vnd.github+json");
        headers.insert(ACCEPT, json);
        headers.insert(
            HeaderName::from_static("x-github-api-version"),
            HeaderValue::from_static("2022-11-28"),
        );
        if let Some(token) = token {
            let word = format!("Bearer {}", token.reveal());
            headers.insert(AUTHORIZATION, kept_secret(&word)?);
        }
        Self::new(base, headers)
    }

    /// GitLab's API at `base`.
    pub fn gitlab(base: &str, token: Option<&Secret>) -> Result<Self, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = token {
            let name = HeaderName::from_static("private-token");
            headers.insert(name, kept_secret(token.reveal())?);
        }
        Self::new(base, headers)
    }

    fn new(base: &str, mut headers: HeaderMap) -> Result<Self, ApiError> {
        headers.insert(USER_AGENT, HeaderValue::from_static("breakglass"));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?;
        // Over plain HTTP no certificate is ever looked at.
        let tls = if base.starts_with("http://") {
            tls.with_root_certificates(rustls::RootCertStore::empty())
        } else {
            tls.with_native_roots().map_err(ApiError::NoCertificates)?
        };
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.with_no_client_auth())
            .default_headers(headers)
            .timeout(TIMEOUT)
            .redirect(at_home())
            .build()?;
        Ok(Self {
            http,
            base: base.trim_end_matches('/').to_owned(),
        })
    }
}

fn kept_secret(word: &str) -> Result<HeaderValue, ApiError> {
    let mut value = HeaderValue::from_str(word).map_err(|_| ApiError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A renamed repository is followed to its new name; no token goes elsewhere.
fn at_home() -> reqwest::redirect::Policy {
    reqwest::redirect::Policy::custom(|attempt| {
        let is_home = attempt
            .previous()
            .first()
            .is_some_and(|first| first.origin() == attempt.url().origin());
        if is_home && attempt.previous().len() <= 3 {
            attempt.follow()
        } else {
            attempt.stop()
        }
    })
}

/// What was answered.
struct Page {
    body: Value,
    is_last: bool,
    /// Behind which word the next page begins, where pages have no number.
    after: Option<String>,
}

/// One look, which ends where a limit does.
struct Session<'a> {
    api: &'a Api,
    now: DateTime<Utc>,
    /// Until when nothing more may be asked.
    spent_until: Option<DateTime<Utc>>,
}

impl<'a> Session<'a> {
    fn new(api: &'a Api, now: DateTime<Utc>) -> Self {
        Self {
            api,
            now,
            spent_until: None,
        }
    }

    /// Asks for one page.
    async fn get(&mut self, path: &str, query: &[(&str, &str)]) -> Result<Page, PollError> {
        if let Some(until) = self.spent_until {
            return Err(PollError::Limited { until });
        }
        let address = format!("{}{path}", self.api.base);
        let url = Url::parse_with_params(&address, query)?;
        let asked = self.api.http.get(url).send().await;
        let response = asked.map_err(PollError::Unreachable)?;
        let status = response.status();
        let headers = response.headers().clone();
        let is_spent =
            number(&headers, &["x-ratelimit-remaining", "ratelimit-remaining"]) == Some(0);
        if !status.is_success() {
            return Err(self.refusal(status, &headers, is_spent, response).await);
        }
        if is_spent {
            self.spent_until = Some(self.until(&headers));
        }
        let next = next_page(&headers);
        let is_last = next.is_none() && number(&headers, &["x-next-page"]).is_none();
        let after = next.as_deref().and_then(behind);
        let body = content(response).await?;
        let body =
            serde_json::from_slice(&body).map_err(|_| PollError::Malformed(Refused::NotJson))?;
        Ok(Page {
            body,
            is_last,
            after,
        })
    }

    async fn refusal(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        is_spent: bool,
        response: Response,
    ) -> PollError {
        let may_be_a_limit = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::FORBIDDEN
        );
        let asks_to_wait = status == StatusCode::TOO_MANY_REQUESTS
            || is_spent
            || headers.contains_key("retry-after");
        if may_be_a_limit && asks_to_wait {
            return PollError::Limited {
                until: self.until(headers),
            };
        }
        if status == StatusCode::FORBIDDEN {
            // GitHub's second limit is told in words where no header does.
            let said = content(response).await.unwrap_or_default();
            let said = String::from_utf8_lossy(&said).to_lowercase();
            if said.contains("rate limit") {
                return PollError::Limited {
                    until: self.until(headers),
                };
            }
        }
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => PollError::Token {
                status: status.as_u16(),
            },
            StatusCode::NOT_FOUND | StatusCode::GONE => PollError::NotFound,
            other => PollError::Status {
                status: other.as_u16(),
            },
        }
    }

    /// Until when the source asks us to wait.
    fn until(&self, headers: &HeaderMap) -> DateTime<Utc> {
        let after = number(headers, &["retry-after"])
            .and_then(TimeDelta::try_seconds)
            .map(|pause| self.now + pause.min(LONGEST_PAUSE));
        let reset = || {
            let reset = number(headers, &["x-ratelimit-reset", "ratelimit-reset"])?;
            DateTime::from_timestamp(reset, 0)
        };
        after
            .or_else(reset)
            .filter(|until| *until > self.now && *until <= self.now + LONGEST_PAUSE)
            .unwrap_or(self.now + PAUSE)
    }
}

/// Ends a look where it ended, with what was seen until then. What lies more than
/// [`AHEAD`] later is refused, as at the other doors.
fn ended(
    session: &Session<'_>,
    looked: Result<bool, PollError>,
    mut told: Vec<Deployment>,
    mut n_refused: u32,
    next: Cursor,
) -> Result<Look, PollError> {
    let (is_end, again_at) = match looked {
        Ok(true) => (true, None),
        Ok(false) => (false, session.spent_until),
        Err(PollError::Limited { until }) => (false, Some(until)),
        // What was seen is kept first; the fault comes again.
        Err(_) if !told.is_empty() => (false, None),
        Err(error) => return Err(error),
    };
    let latest = session.now + AHEAD;
    told.retain(|one| {
        let is_refused = one.at > latest;
        n_refused += u32::from(is_refused);
        !is_refused
    });
    Ok(Look {
        told,
        next,
        is_end,
        again_at,
        n_refused,
    })
}

fn number(headers: &HeaderMap, names: &[&str]) -> Option<i64> {
    names
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok()?.trim().parse().ok())
}

/// The address of the next page, if there is one. It isn't followed, only counted
/// on: it comes from outside, and the token would go there.
fn next_page(headers: &HeaderMap) -> Option<String> {
    let links = headers.get_all("link").iter();
    links
        .filter_map(|link| link.to_str().ok())
        .flat_map(|link| link.split(','))
        .find(|link| link.contains("rel=\"next\""))
        .and_then(|link| link.split(['<', '>']).nth(1).map(str::to_owned))
}

/// The word in the address of the next page behind which that page begins.
fn behind(address: &str) -> Option<String> {
    let address = Url::parse(address).ok()?;
    let mut pairs = address.query_pairs();
    pairs
        .find(|(name, _)| name == "after")
        .map(|(_, word)| word.into_owned())
}

async fn content(mut response: Response) -> Result<Vec<u8>, PollError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(PollError::Unreachable)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(PollError::Malformed(Refused::NotJson));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A part of an address, such as the path of a project.
fn encoded(part: &str) -> String {
    url::form_urlencoded::byte_serialize(part.as_bytes()).collect()
}

/// The same instant as the sources write it.
fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests;
