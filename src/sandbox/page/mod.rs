//! The workspace in a browser: hands out the page's files and says what the page may do.
//!
//! The page is plain ES modules under `assets/`, each with one task, compiled in: no build step, nothing from another
//! host. It draws what `/sandbox/desk/live` tells it and acts by the gestures that tests use. It is no part of the
//! protocol: an app can't tell whether somebody clicks here or a test does.
//!
//! What it shows of Block Kit; `tests/it/sandbox/page.rs` holds the table, the renderer and the bot's views together.
//!
//! | Block | How it is shown | The bot sends it |
//! |---|---|---|
//! | `section` | words, fields in two columns, one element beside them | yes |
//! | `actions` | a row that wraps | yes |
//! | `context` | small print, with small pictures | yes |
//! | `header` | a bold line, a heading for screen readers | – |
//! | `divider` | a thin line | – |
//! | `image` | the picture under its title; opens in full; its `alt_text` is read out | yes |
//! | `input` | label, field, hint; what is wrong stands under the field in red | yes |
//! | `rich_text` | what people write: sections, lists, quotes, code | people's |
//! | `markdown` | as `mrkdwn` | – |
//! | `data_visualization` | bar, line, area or pie as a drawing, and the figures as a table | yes |
//! | `table` | a table with a header row | – |
//!
//! | Element | How it is shown | The bot sends it |
//! |---|---|---|
//! | `button` | primary green, danger red, plain; a link if it has a `url`; asks first if it has `confirm` | yes |
//! | `overflow` | ⋯ opens a menu; arrows, Enter, Esc | yes |
//! | `static_select` | a list in which one can type; groups have headings | yes |
//! | `multi_static_select` | the same; what is chosen stands as chips | yes |
//! | `external_select` | asks the app as one types | – |
//! | `multi_external_select` | the same, many | – |
//! | `users_select` | people with faces and titles | yes |
//! | `multi_users_select` | the same, many | – |
//! | `channels_select` | channels that one is in | – |
//! | `multi_channels_select` | the same, many | – |
//! | `conversations_select` | as `channels_select` | – |
//! | `multi_conversations_select` | the same, many | – |
//! | `radio_buttons` | one under the other, with descriptions | yes |
//! | `checkboxes` | one under the other, with descriptions | yes |
//! | `plain_text_input` | one line or many; grows; counts down near its limit | yes |
//! | `email_text_input` | one line | – |
//! | `url_text_input` | one line | – |
//! | `number_input` | one line; digits on a phone | – |
//! | `datepicker` | the browser's own | – |
//! | `timepicker` | the browser's own | – |
//! | `datetimepicker` | date and time in the reader's zone | yes |

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State as AxumState};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::state::Shared;

/// Everything from here, scripts and styles only from files, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What is sent along with every file of the page. It may change with the next build, so it is asked for each time.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (header::CACHE_CONTROL, "no-cache"),
];

/// One file of the page.
struct Asset {
    name: &'static str,
    media: &'static str,
    text: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const DRAWING: &str = "image/svg+xml";
const STYLE: &str = "text/css; charset=utf-8";

/// Lists files of `assets/`, each under its own name.
macro_rules! assets {
    ($($name:literal: $media:expr),+ $(,)?) => {
        [$(Asset { name: $name, media: $media, text: include_str!(concat!("assets/", $name)) }),+]
    };
}

const ASSETS: &[Asset] = &assets! {
    "index.html": "text/html; charset=utf-8",
    "icon.svg": DRAWING,
    "glyph-archive.svg": DRAWING,
    "glyph-back.svg": DRAWING,
    "glyph-clock.svg": DRAWING,
    "glyph-hash.svg": DRAWING,
    "glyph-lock.svg": DRAWING,
    "glyph-more.svg": DRAWING,
    "glyph-pair.svg": DRAWING,
    "glyph-react.svg": DRAWING,
    "glyph-send.svg": DRAWING,
    "glyph-ship.svg": DRAWING,
    "glyph-theme.svg": DRAWING,
    "glyph-thread.svg": DRAWING,
    "glyph-trouble.svg": DRAWING,
    "colours.css": STYLE,
    "base.css": STYLE,
    "stage.css": STYLE,
    "desk.css": STYLE,
    "message.css": STYLE,
    "blocks.css": STYLE,
    "float.css": STYLE,
    "tour.css": STYLE,
    "apphome.js": SCRIPT,
    "blocks.js": SCRIPT,
    "chart.js": SCRIPT,
    "complete.js": SCRIPT,
    "composer.js": SCRIPT,
    "confirm.js": SCRIPT,
    "conversation.js": SCRIPT,
    "deadline.js": SCRIPT,
    "desk.js": SCRIPT,
    "dom.js": SCRIPT,
    "elements.js": SCRIPT,
    "emoji.js": SCRIPT,
    "emojipicker.js": SCRIPT,
    "float.js": SCRIPT,
    "gestures.js": SCRIPT,
    "heads.js": SCRIPT,
    "live.js": SCRIPT,
    "main.js": SCRIPT,
    "mentions.js": SCRIPT,
    "menu.js": SCRIPT,
    "message.js": SCRIPT,
    "modal.js": SCRIPT,
    "mrkdwn.js": SCRIPT,
    "people.js": SCRIPT,
    "picker.js": SCRIPT,
    "regions.js": SCRIPT,
    "richtext.js": SCRIPT,
    "sidebar.js": SCRIPT,
    "stage.js": SCRIPT,
    "theme.js": SCRIPT,
    "times.js": SCRIPT,
    "toasts.js": SCRIPT,
    "tour.js": SCRIPT,
    "values.js": SCRIPT,
    "webhook.js": SCRIPT,
};

/// `/` and the files that it names.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(async || asset("index.html")))
        .route(
            "/page/{name}",
            get(async |Path(name): Path<String>| asset(&name)),
        )
        .route("/page/tour.json", get(tour))
}

fn asset(name: &str) -> Response {
    match ASSETS.iter().find(|asset| asset.name == name) {
        Some(asset) => served(asset.media, asset.text.to_owned()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn served(media: &'static str, text: String) -> Response {
    let mut headers: HeaderMap = HEADERS
        .into_iter()
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    (headers, text).into_response()
}

/// What whoever started the workspace would like to show; nothing, unless they would.
async fn tour(AxumState(shared): AxumState<Arc<Shared>>) -> Response {
    let tour = shared.tour.clone().unwrap_or_else(|| "null".to_owned());
    served("application/json", tour)
}

/// Lets no other page act here: a browser says for whom it asks, and another's page isn't answered.
pub(super) async fn only_ours(request: axum::extract::Request, next: Next) -> Response {
    let headers = request.headers();
    let said = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let ours = match (said(header::ORIGIN), said(header::HOST)) {
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_some_and(|(_, asker)| asker == host),
        (Some(_), None) => false,
        (None, _) => true,
    };
    if ours {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "another page may not act here").into_response()
    }
}
