//! The doors for sources that send: `POST /hooks/{github,gitlab,bitbucket,jenkins,circleci,changes}`.
//!
//! Nothing is read before it is known who sent it, and nothing is answered with
//! success before it is kept.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::row::RowFault;
use super::seal::{self, Gitlab, Signing, Token, Unsealed};
use super::{
    Intake, Reading, Refused, TakenIn, bitbucket, changes, circleci, github, gitlab, jenkins,
};
use crate::clock::Clock;
use crate::domain::deployment::{self, SourceName};
use crate::domain::named;
use crate::domain::policy::Counting;
use crate::engine::draw_salt;

/// GitHub sends nothing larger than 25 MB, and nobody else comes near it.
pub const LARGEST_BODY: usize = 25 * 1024 * 1024;

/// How long a body may take to arrive: the sources give up after ten seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// What takes longer to read than others should have to wait, in bytes.
const LONG: usize = 256 * 1024;

/// How many such bodies are in memory at once. Whoever sends one has proved nothing
/// yet, and Slack is answered by the same process.
const LONG_AT_ONCE: usize = 4;

/// By what the sources prove who they are. Those without have no door.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    /// GitHub's webhook secret.
    pub github: Option<Signing>,
    /// GitLab's secret or signing token.
    pub gitlab: Option<Gitlab>,
    /// Bitbucket's webhook secret.
    pub bitbucket: Option<Signing>,
    /// The word that Jenkins sends.
    pub jenkins: Option<Token>,
    /// CircleCI's webhook secret.
    pub circleci: Option<Signing>,
    /// The word of whoever sends our own form.
    pub changes: Option<Token>,
}

/// What was told couldn't be kept; it may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it couldn't be kept; send it again")]
pub struct NotKept;

/// Keeps what was told and came at an instant, and says of each telling what became
/// of it, in order.
pub type TakeIn = Arc<
    dyn Fn(Intake, DateTime<Utc>) -> BoxFuture<'static, Result<Vec<TakenIn>, NotKept>>
        + Send
        + Sync,
>;

named! {
    /// A door.
    pub enum Source {
        /// GitHub.
        Github = "github",
        /// GitLab.
        Gitlab = "gitlab",
        /// Bitbucket.
        Bitbucket = "bitbucket",
        /// Jenkins.
        Jenkins = "jenkins",
        /// CircleCI.
        Circleci = "circleci",
        /// Our own form.
        Changes = "changes",
    }
}

impl Keys {
    /// Returns the sources that have a door.
    pub fn open(&self) -> Vec<Source> {
        let has_one = |source: &&Source| match source {
            Source::Github => self.github.is_some(),
            Source::Gitlab => self.gitlab.is_some(),
            Source::Bitbucket => self.bitbucket.is_some(),
            Source::Jenkins => self.jenkins.is_some(),
            Source::Circleci => self.circleci.is_some(),
            Source::Changes => self.changes.is_some(),
        };
        Source::ALL.iter().filter(has_one).copied().collect()
    }

    /// Whether the body is from whom it says.
    fn is_genuine(
        &self,
        source: Source,
        headers: &HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), Unsealed> {
        match source {
            Source::Github => {
                let key = self.github.as_ref().ok_or(Unsealed::Absent)?;
                seal::hub(key, "x-hub-signature-256", headers, body)
            }
            Source::Bitbucket => {
                let key = self.bitbucket.as_ref().ok_or(Unsealed::Absent)?;
                seal::hub(key, "x-hub-signature", headers, body)
            }
            Source::Gitlab => {
                let key = self.gitlab.as_ref().ok_or(Unsealed::Absent)?;
                seal::gitlab(key, headers, body, now)
            }
            Source::Circleci => {
                let key = self.circleci.as_ref().ok_or(Unsealed::Absent)?;
                seal::circleci(key, headers, body)
            }
            // The word came in the headers, and was the right one.
            Source::Jenkins | Source::Changes => Ok(()),
        }
    }
}

impl Source {
    /// The variable that opens the door.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Github => "GITHUB_WEBHOOK_SECRET",
            Self::Gitlab => "GITLAB_WEBHOOK_TOKEN",
            Self::Bitbucket => "BITBUCKET_WEBHOOK_SECRET",
            Self::Jenkins => "JENKINS_WEBHOOK_TOKEN",
            Self::Circleci => "CIRCLECI_WEBHOOK_SECRET",
            Self::Changes => "BREAKGLASS_CHANGES_TOKEN",
        }
    }

    /// The header that names what happened.
    const fn event(self) -> Option<&'static str> {
        match self {
            Self::Github => Some("x-github-event"),
            Self::Gitlab => Some("x-gitlab-event"),
            Self::Bitbucket => Some("x-event-key"),
            Self::Circleci => Some("circleci-event-type"),
            Self::Jenkins | Self::Changes => None,
        }
    }

    /// The headers that number a delivery, the same at each attempt.
    const fn delivery(self) -> &'static [&'static str] {
        match self {
            Self::Github => &["x-github-delivery"],
            // `X-Gitlab-Event-UUID` is shared by deliveries that cause each other.
            Self::Gitlab => &["webhook-id", "idempotency-key"],
            // Of the Cloud, and of the Data Center.
            Self::Bitbucket => &["x-request-uuid", "x-request-id"],
            Self::Circleci => &[],
            Self::Jenkins | Self::Changes => &["idempotency-key"],
        }
    }
}

struct Doors {
    keys: Arc<Keys>,
    long: Semaphore,
    rules: Arc<Counting>,
    clock: Clock,
    take_in: TakeIn,
}

/// Returns the doors.
pub fn router(keys: Keys, rules: Arc<Counting>, clock: Clock, take_in: TakeIn) -> Router {
    let doors = Arc::new(Doors {
        keys: Arc::new(keys),
        long: Semaphore::new(LONG_AT_ONCE),
        rules,
        clock,
        take_in,
    });
    let mut router = Router::new();
    for source in Source::ALL {
        let source = *source;
        let door = move |State(doors): State<Arc<Doors>>, request: Request| async move {
            doors.receive(source, request).await
        };
        router = router.route(&format!("/hooks/{}", source.name()), post(door));
    }
    router
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(doors)
}

/// Why a delivery was turned away.
#[derive(Debug, PartialEq, thiserror::Error)]
enum TurnedAway {
    #[error("nothing is taken in here until {} is set", .0.variable())]
    Shut(Source),
    #[error("{0}")]
    Unsealed(#[from] Unsealed),
    #[error("larger than {} MB, and no source sends so much; send changes in parts", LARGEST_BODY / 1024 / 1024)]
    TooLarge,
    #[error("not there within ten seconds")]
    Late,
    #[error("it ended before its end")]
    Broken,
    #[error("{0}")]
    Refused(Refused),
    #[error("{NotKept}")]
    NotKept,
}

impl IntoResponse for TurnedAway {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Shut(_) => StatusCode::NOT_FOUND,
            Self::Unsealed(_) => StatusCode::UNAUTHORIZED,
            Self::TooLarge | Self::Refused(Refused::TooMany) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
            Self::Broken | Self::Refused(Refused::NotJson) => StatusCode::BAD_REQUEST,
            Self::NotKept | Self::Refused(Refused::NoSalt(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Refused(Refused::Missing(_) | Refused::NotAChange | Refused::InTheFuture) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
        };
        (status, Json(json!({"error": self.to_string()}))).into_response()
    }
}

impl Doors {
    async fn receive(&self, source: Source, request: Request) -> Result<Response, TurnedAway> {
        let taken = self.take(source, request).await;
        if let Err(away) = &taken {
            tracing::warn!(source = source.name(), reason = %away, "a delivery was turned away");
        }
        taken
    }

    async fn take(&self, source: Source, request: Request) -> Result<Response, TurnedAway> {
        self.may_come_in(source, request.headers())?;
        let headers = Arc::new(request.headers().clone());
        let (body, _place) = self.whole(request).await?;
        let received_at = self.clock.now();
        let (keys, sealed) = (Arc::clone(&self.keys), Arc::clone(&headers));
        let check = move |body: &[u8]| keys.is_genuine(source, &sealed, body, received_at);
        apart(body.clone(), check).await??;
        let delivery = source
            .delivery()
            .iter()
            .find_map(|name| text(&headers, name))
            .and_then(deployment::identifier);
        let intake = Intake {
            delivery,
            is_list: headers.contains_key(changes::LIST),
            ..Intake::new(SourceName::new(source.name()), Vec::new())
        };
        if source == Source::Changes {
            return self.listed(intake, body, received_at).await;
        }
        let event = source.event().and_then(|name| text(&headers, name));
        let event = event.unwrap_or_default().to_owned();
        self.told((source, event), intake, body, received_at).await
    }

    /// What can be known before the body is there: whether there is a key, and
    /// whether something came that could fit it.
    fn may_come_in(&self, source: Source, headers: &HeaderMap) -> Result<(), TurnedAway> {
        let shut = TurnedAway::Shut(source);
        let wants = |header: &str| {
            if headers.contains_key(header) {
                Ok(())
            } else {
                Err(TurnedAway::Unsealed(Unsealed::Absent))
            }
        };
        let keys = &self.keys;
        match source {
            Source::Github => {
                keys.github.as_ref().ok_or(shut)?;
                wants("x-hub-signature-256")
            }
            Source::Gitlab => match keys.gitlab.as_ref().ok_or(shut)? {
                key @ Gitlab::Token(_) => Ok(seal::gitlab(key, headers, b"", self.clock.now())?),
                Gitlab::Signing(_) => wants("webhook-signature"),
            },
            Source::Bitbucket => {
                keys.bitbucket.as_ref().ok_or(shut)?;
                wants("x-hub-signature")
            }
            Source::Jenkins => Ok(seal::bearer(keys.jenkins.as_ref().ok_or(shut)?, headers)?),
            Source::Circleci => {
                keys.circleci.as_ref().ok_or(shut)?;
                wants("circleci-signature")
            }
            Source::Changes => Ok(seal::bearer(keys.changes.as_ref().ok_or(shut)?, headers)?),
        }
    }

    /// Waits for the body, and not for one that is too large or that many others are
    /// before. Its place is free again when what is returned beside it is dropped.
    async fn whole(
        &self,
        request: Request,
    ) -> Result<(Bytes, Option<SemaphorePermit<'_>>), TurnedAway> {
        let told = text(request.headers(), header::CONTENT_LENGTH.as_str())
            .and_then(|length| length.parse::<usize>().ok());
        if told.is_some_and(|length| length > LARGEST_BODY) {
            return Err(TurnedAway::TooLarge);
        }
        let is_long = told.is_none_or(|length| length > LONG);
        let arrived = timeout(PATIENCE, async {
            let place = if is_long {
                Some(self.long.acquire().await.map_err(|_| TurnedAway::Broken)?)
            } else {
                None
            };
            match Bytes::from_request(request, &()).await {
                Ok(body) => Ok((body, place)),
                Err(refused) if refused.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                    Err(TurnedAway::TooLarge)
                }
                Err(_) => Err(TurnedAway::Broken),
            }
        });
        arrived.await.map_err(|_elapsed| TurnedAway::Late)?
    }

    /// A delivery in a source's own words.
    async fn told(
        &self,
        (source, event): (Source, String),
        mut intake: Intake,
        body: Bytes,
        at: DateTime<Utc>,
    ) -> Result<Response, TurnedAway> {
        let rules = Arc::clone(&self.rules);
        let read = move |body: &[u8]| {
            let read = match source {
                Source::Github => github::read,
                Source::Gitlab => gitlab::read,
                Source::Bitbucket => bitbucket::read,
                Source::Circleci => circleci::read,
                Source::Jenkins | Source::Changes => jenkins::read,
            };
            // CircleCI numbers its deliveries in the body.
            let delivery = match source {
                Source::Circleci => circleci::delivery(body),
                _ => None,
            };
            (read(&event, body, &rules, &draw_salt, at), delivery)
        };
        let (reading, delivery) = apart(body, read).await?;
        intake.delivery = intake.delivery.or(delivery);
        let answer = match reading.and_then(|reading| reading.by(at)) {
            Ok(Reading::Told(told)) => {
                intake.told = told;
                let taken = self.keep(intake, at).await?;
                return Ok(Json(summary(&taken)).into_response());
            }
            Ok(Reading::Ignored(why)) => why.to_string(),
            Ok(Reading::Unknown(event)) => {
                let why = format!("`{event}` is nothing that this program reads");
                tracing::debug!(source = source.name(), event, "an event of no known kind");
                intake.n_unknown = 1;
                why
            }
            Err(refused) if refused.is_transient() => return Err(TurnedAway::Refused(refused)),
            Err(refused) => {
                intake.n_refused = 1;
                self.keep(intake, at).await?;
                return Err(TurnedAway::Refused(refused));
            }
        };
        // That the source was heard from is worth keeping, too.
        self.keep(intake, at).await?;
        Ok(Json(json!({"ignored": answer})).into_response())
    }

    /// A delivery in our own form.
    async fn listed(
        &self,
        mut intake: Intake,
        body: Bytes,
        at: DateTime<Utc>,
    ) -> Result<Response, TurnedAway> {
        let rows = apart(body, move |body| changes::read(body, &draw_salt, at)).await?;
        let rows = match rows {
            Ok(rows) => rows,
            Err(refused) => {
                if !refused.is_transient() {
                    intake.n_refused = 1;
                    self.keep(intake, at).await?;
                }
                return Err(TurnedAway::Refused(refused));
            }
        };
        if rows.iter().any(|row| row == &Err(RowFault::NoSalt)) {
            return Err(TurnedAway::NotKept);
        }
        let mut places = Vec::with_capacity(rows.len());
        let mut refused = Vec::new();
        for (index, row) in rows.into_iter().enumerate() {
            match row {
                Ok(told) => {
                    places.push(index);
                    intake.told.push(told);
                }
                Err(fault) => refused.push(json!({"index": index, "reason": fault.to_string()})),
            }
        }
        intake.n_refused = refused.len() as u64;
        let taken = self.keep(intake, at).await?;
        let status = if places.is_empty() && !refused.is_empty() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::OK
        };
        Ok((status, Json(by_index(&places, &taken, &refused))).into_response())
    }

    async fn keep(&self, intake: Intake, at: DateTime<Utc>) -> Result<Vec<TakenIn>, TurnedAway> {
        let n = intake.told.len();
        let taken = (self.take_in)(intake, at)
            .await
            .map_err(|NotKept| TurnedAway::NotKept)?;
        debug_assert_eq!(taken.len(), n, "each telling has its answer");
        Ok(taken)
    }
}

/// Reads what is long beside the work of others.
async fn apart<T: Send + 'static>(
    body: Bytes,
    read: impl FnOnce(&[u8]) -> T + Send + 'static,
) -> Result<T, TurnedAway> {
    if body.len() <= LONG {
        return Ok(read(&body));
    }
    tokio::task::spawn_blocking(move || read(&body))
        .await
        .map_err(|_| TurnedAway::Broken)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// What became of the tellings of one delivery, in numbers.
fn summary(taken: &[TakenIn]) -> Value {
    let n = |wanted: TakenIn| taken.iter().filter(|one| **one == wanted).count();
    let belongs: Vec<_> = taken
        .iter()
        .filter_map(|one| match one {
            TakenIn::Belongs(number) => Some(number.to_string()),
            TakenIn::Counted | TakenIn::NotCounted | TakenIn::Duplicate => None,
        })
        .collect();
    json!({
        "counted": n(TakenIn::Counted),
        "not_counted": n(TakenIn::NotCounted),
        "duplicate": n(TakenIn::Duplicate),
        "belongs": belongs,
    })
}

/// What became of each change of a list, by its index.
fn by_index(places: &[usize], taken: &[TakenIn], refused: &[Value]) -> Value {
    let mut counted = Vec::new();
    let mut not_counted = Vec::new();
    let mut duplicate = Vec::new();
    let mut belongs = Vec::new();
    for (index, taken) in places.iter().zip(taken) {
        match taken {
            TakenIn::Counted => counted.push(*index),
            TakenIn::NotCounted => not_counted.push(*index),
            TakenIn::Duplicate => duplicate.push(*index),
            TakenIn::Belongs(number) => {
                belongs.push(json!({"index": index, "change": number.to_string()}));
            }
        }
    }
    json!({
        "counted": counted,
        "not_counted": not_counted,
        "duplicate": duplicate,
        "belongs": belongs,
        "refused": refused,
    })
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doors")
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
