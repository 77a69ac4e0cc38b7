//! The desk's routes: what one person has before them, once or as it changes; how far they have read; their files.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::{Path, Query, State as AxumState};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::{Stream, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use super::look::{OfPerson, person_id};
use super::{Body, Room, act, refused};
use crate::sandbox::desk;
use crate::sandbox::files;
use crate::sandbox::gestures::{self, Misuse};
use crate::sandbox::message::Ts;
use crate::sandbox::state::{Shared, State};

/// What changes within one blink is sent as one: a click alone is a handful of changes.
const BLINK: Duration = Duration::from_millis(25);

/// A page that lost its connection comes back this soon.
const COME_BACK: Duration = Duration::from_millis(500);

/// The routes of a page that draws Slack for somebody.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/desk", get(look))
        .route("/desk/live", get(live))
        .route("/read", post(read))
        .route("/files/{id}/{name}", get(file))
}

fn drawn(state: &State, named: &str) -> Result<Value, Misuse> {
    Ok(desk::desk(state, gestures::actor(state, named)?))
}

async fn look(AxumState(shared): Room, Query(of): Query<OfPerson>) -> Response {
    let looked =
        shared.peek(|state| Ok::<_, Misuse>((drawn(state, &of.r#as)?, desk::clock(state))));
    match looked {
        Ok((desk, clock)) => Json(json!({"desk": desk, "clock": clock})).into_response(),
        Err(misuse) => refused(&misuse),
    }
}

/// What a live page was last told.
struct Told {
    shared: Arc<Shared>,
    named: String,
    pulse: tokio::sync::watch::Receiver<u64>,
    desk: Option<Value>,
    clock: u64,
}

/// Sends the whole desk at once and whenever it has changed, and the clock whenever it was moved. Whoever comes back
/// after a lost connection is told everything anew, so nothing can be missed.
async fn live(AxumState(shared): Room, Query(of): Query<OfPerson>) -> Response {
    if let Err(misuse) = shared.peek(|state| person_id(state, &of.r#as)) {
        return refused(&misuse);
    }
    let told = Told {
        pulse: shared.pulse(),
        shared,
        named: of.r#as,
        desk: None,
        clock: 0,
    };
    Sse::new(changes(told))
        .keep_alive(KeepAlive::default())
        .into_response()
}

fn changes(told: Told) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(told, async |mut told| {
        loop {
            told.pulse.borrow_and_update();
            if let Some(news) = told.news() {
                let event = Event::default().retry(COME_BACK).data(news.to_string());
                return Some((Ok(event), told));
            }
            told.pulse.changed().await.ok()?;
            tokio::time::sleep(BLINK).await;
        }
    })
}

impl Told {
    /// What changed since the last telling, if anything did.
    fn news(&mut self) -> Option<Value> {
        let (desk, clock, version) = self.shared.peek(|state| {
            let version = state.clock.version();
            (drawn(state, &self.named).ok(), desk::clock(state), version)
        });
        let fresh = desk.filter(|desk| self.desk.as_ref() != Some(desk));
        if fresh.is_none() && version == self.clock {
            return None;
        }
        self.clock = version;
        let news = json!({"desk": fresh, "clock": clock});
        self.desk = fresh.or_else(|| self.desk.take());
        Some(news)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HaveRead {
    r#as: String,
    channel: String,
    ts: String,
    /// Names the thread that was read; without it, the channel was.
    #[serde(default)]
    thread_ts: Option<String>,
}

async fn read(room: Room, body: Body<HaveRead>) -> Response {
    act(room, body, |state, read: &HaveRead| {
        let by = gestures::actor(state, &read.r#as)?.id.clone();
        let channel = gestures::place(state, &by, &read.channel)?;
        let ts = gestures::seen(channel, &by, &read.ts)?.ts;
        let thread: Option<Ts> = match &read.thread_ts {
            Some(head) => Some(gestures::seen(channel, &by, head)?.ts),
            None => None,
        };
        let channel = channel.id.clone();
        state.read.mark(&by, &channel, thread, ts);
        Ok(json!({"ok": true}))
    })
    .await
}

/// The bytes of a file, for whoever looks: the control interface asks nobody who they are.
async fn file(AxumState(shared): Room, Path((id, _)): Path<(String, String)>) -> Response {
    let found = shared.peek(|state| {
        let file = state.files.file(&id)?;
        Some((files::media(&file.name).0, state.files.bytes(&id)?))
    });
    let Some((media, bytes)) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    // What somebody uploaded may hold scripts; they are not run here. A browser's
    // own reader of PDF can't work in such a box, and runs none.
    if media != "application/pdf" {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("sandbox; default-src 'none'; style-src 'unsafe-inline'"),
        );
    }
    response
}
