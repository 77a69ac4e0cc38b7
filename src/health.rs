//! How the bot is, for whoever watches over it: `/healthz`, `/readyz` and `/metrics`.
//!
//! Answers nobody but by figures and fixed sentences. The figures have an address of
//! their own, for they are nobody's business who may reach Slack's doors.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use tokio::sync::Mutex;

use crate::clock::{Clock, Stopwatch};
use crate::engine::Engine;
use crate::http;
use crate::metrics::{self, Acknowledgements, CONTENT_TYPE, Page};
use crate::report::assemble::{Wanted, assembled};
use crate::slack::client::SlackClient;
use crate::slack::socket::Heard;
use crate::slack::views;
use crate::store::{MOST_OWING, StoreError};

/// How long an answer holds: whoever asks more often learns nothing new and costs
/// nothing.
const READY_FOR: Duration = Duration::from_secs(1);

/// How long it holds that Slack answered, where it has no connection with us, and how
/// long the rate does, for which weeks of changes are counted.
const ASKED_FOR: Duration = Duration::from_mins(1);

/// By what it is known that Slack is there.
#[derive(Debug)]
pub enum SlackSide {
    /// The connections of Socket Mode, on which it has to be heard from all the time.
    Socket(Heard),
    /// A call: at the HTTP door Slack may be silent for days.
    Calls(SlackClient),
}

/// What was found out a moment ago.
type Known<T> = Mutex<Option<(Stopwatch, T)>>;

/// Returns what was found out within `lasting`, and finds out otherwise.
async fn known<T: Clone>(
    slot: &Known<T>,
    lasting: Duration,
    find_out: impl Future<Output = T>,
) -> T {
    let mut slot = slot.lock().await;
    if let Some((since, found)) = slot.as_ref()
        && since.elapsed() < lasting
    {
        return found.clone();
    }
    let found = find_out.await;
    *slot = Some((Stopwatch::start(), found.clone()));
    found
}

/// The calls that failed, as the page names them.
const FAILED: &str = "breakglass_slack_calls_failed_total";

/// What stands in the way of the bot's work.
type InTheWay = Vec<String>;

/// The share of emergencies, if it is known, and the guideline.
type Rate = (Option<f64>, f64);

/// See the module.
#[derive(Debug)]
pub struct Health {
    /// What the bot decides with.
    pub engine: Engine,
    /// What it reads the time from.
    pub clock: Clock,
    /// Where Slack is heard from.
    pub slack: SlackSide,
    /// Who counts the calls that failed.
    pub client: SlackClient,
    /// How long Slack waited.
    pub acknowledgements: Acknowledgements,
    /// What was found out lately.
    pub lately: Lately,
}

/// What was found out lately.
#[derive(Debug, Default)]
pub struct Lately {
    ready: Known<InTheWay>,
    slack: Known<bool>,
    rate: Known<Rate>,
}

/// Returns what anybody may ask: whether the bot lives, and whether it can work.
pub fn routes(health: Arc<Health>) -> Router {
    let ready = get(async move || health.ready().await);
    http::health().route("/readyz", ready)
}

/// The same, and the figures.
pub fn routes_with_metrics(health: Arc<Health>) -> Router {
    let figures = Arc::clone(&health);
    let metrics = get(async move || figures.metrics().await);
    routes(health).route("/metrics", metrics)
}

impl Health {
    async fn ready(&self) -> Response {
        let in_the_way = known(&self.lately.ready, READY_FOR, self.in_the_way()).await;
        if in_the_way.is_empty() {
            (StatusCode::OK, "ready\n").into_response()
        } else {
            let said = format!("not ready: {}\n", in_the_way.join("; "));
            (StatusCode::SERVICE_UNAVAILABLE, said).into_response()
        }
    }

    async fn in_the_way(&self) -> InTheWay {
        let mut found = Vec::new();
        if let Err(unwritable) = self.engine.store().writable().await {
            found.push(unwritable.to_string());
        }
        if !self.hears_slack().await {
            found.push("Slack isn't heard from".to_owned());
        }
        found
    }

    async fn hears_slack(&self) -> bool {
        match &self.slack {
            SlackSide::Socket(heard) => heard.connections() > 0,
            SlackSide::Calls(client) => {
                let asked = async { client.auth_test().await.is_ok() };
                known(&self.lately.slack, ASKED_FOR, asked).await
            }
        }
    }

    async fn metrics(&self) -> Response {
        match self.page(self.clock.now()).await {
            Ok(page) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], page).into_response(),
            Err(error) => {
                tracing::error!(error = %error, "the figures can't be read");
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        }
    }

    async fn page(&self, now: DateTime<Utc>) -> Result<String, StoreError> {
        let mut page = Page::default();
        self.acknowledgements.write(&mut page);
        metrics::write_errors(&mut page);
        page.head(
            FAILED,
            "counter",
            "Calls to Slack that failed, by what became of them.",
        );
        for (kind, n) in self.client.failures() {
            page.line(FAILED, &format!("kind=\"{kind}\""), n);
        }
        self.write_backlog(&mut page, now).await?;
        self.write_changes(&mut page, now).await?;
        self.write_rate(&mut page, now).await;
        let in_the_way = known(&self.lately.ready, READY_FOR, self.in_the_way()).await;
        page.gauge(
            "breakglass_ready",
            "1 if the database can be written and Slack is heard from.",
            u8::from(in_the_way.is_empty()),
        );
        if let SlackSide::Socket(heard) = &self.slack {
            page.gauge(
                "breakglass_slack_connections",
                "Open connections of Socket Mode.",
                heard.connections(),
            );
        }
        Ok(page.into_text())
    }

    async fn write_backlog(&self, page: &mut Page, now: DateTime<Utc>) -> Result<(), StoreError> {
        let backlog = self.engine.store().backlog(now).await?;
        let age = backlog
            .oldest_owed
            .map_or(0, |since| (now - since).num_seconds());
        for (name, help, value) in [
            (
                "breakglass_outbox_messages",
                "Messages that could go to Slack now and haven't gone yet.",
                backlog.n_owed,
            ),
            (
                "breakglass_outbox_oldest_seconds",
                "Since when the oldest of them could.",
                u64::try_from(age).unwrap_or(0),
            ),
            (
                "breakglass_outbox_unknown",
                "Messages on their way, or sent without an answer from Slack.",
                backlog.n_unknown,
            ),
            (
                "breakglass_inbox_waiting",
                "Acknowledged gestures that wait for their answer.",
                backlog.n_waiting,
            ),
            (
                "breakglass_sending_halted",
                "1 while Slack refuses the token, so that nothing is sent.",
                u64::from(backlog.is_halted),
            ),
        ] {
            page.gauge(name, help, value);
        }
        Ok(())
    }

    /// Counts as `/emergency list` does, over the changes that it looks through.
    async fn write_changes(&self, page: &mut Page, now: DateTime<Utc>) -> Result<(), StoreError> {
        let owing = self.engine.store().owing_changes(MOST_OWING).await?;
        let (mut n_due, mut n_overdue) = (0_u64, 0_u64);
        for snapshot in &owing {
            let showing = views::showing(snapshot, &self.engine, now);
            if views::overdue_since(&showing).is_some() {
                n_overdue += 1;
            } else if views::next_due(&showing).is_some() {
                n_due += 1;
            }
        }
        page.gauge(
            "breakglass_changes_due",
            "Changes to which something is owed by a deadline that lies ahead.",
            n_due,
        );
        page.gauge(
            "breakglass_changes_overdue",
            "Changes to which something is owed past its deadline.",
            n_overdue,
        );
        Ok(())
    }

    /// The rate of the four weeks that end with the present one.
    async fn write_rate(&self, page: &mut Page, now: DateTime<Utc>) {
        let (rate, guideline) = known(&self.lately.rate, ASKED_FOR, self.rate(now)).await;
        if let Some(rate) = rate {
            page.gauge(
                "breakglass_emergency_rate",
                "Share of the changes of these four weeks that were emergencies; absent while it is unknown.",
                rate,
            );
        }
        page.gauge(
            "breakglass_emergency_rate_guideline",
            "The share that the policy allows.",
            guideline,
        );
    }

    async fn rate(&self, now: DateTime<Utc>) -> Rate {
        let rules = self.engine.rules();
        let wanted = Wanted::by(rules.newest(), rules.house(), now);
        let guideline = f64::from(wanted.rules.guideline) / 1000.0;
        let store = self.engine.store();
        match assembled(store, wanted).await {
            Ok(assembled) => (assembled.these_weeks.rate(), guideline),
            Err(error) => {
                tracing::warn!(error = %error, "the rate can't be counted");
                (None, guideline)
            }
        }
    }
}
