//! The one wrapper around slack-morphism's client: everything that the bot
//! writes to Slack leaves through here, and every call has a timeout.
//!
//! Nothing is tried twice here and no rate is kept; the outbox does both, for
//! only it remembers across a restart. Answers are read with small structures
//! of our own: a message that was posted must not look unposted because some
//! field of the echo was new to a library.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt as _;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use slack_morphism::prelude::{
    ClientResult, SlackApiChatPostEphemeralRequest, SlackApiChatPostMessageRequest,
    SlackApiChatUpdateRequest, SlackApiToken, SlackApiViewsOpenRequest,
    SlackApiViewsPublishRequest, SlackBlock, SlackClientApiCallContext, SlackClientHttpApiUri,
    SlackClientHttpConnector, SlackClientHyperConnector, SlackHyperClient,
    SlackHyperHttpsConnector, SlackMessageContent, SlackMessageMetadata, SlackView,
};
use url::Url;

use super::error::{ErrorCode, Failures, SlackError};
use super::transport::{self, TransportError, is_loopback};
use crate::domain::id::{ChannelId, MessageTs, UserId, WorkspaceId};

/// Slack's own address.
pub const API_URL: &str = SlackClientHttpApiUri::SLACK_API_URI_STR;

/// How long a call may take unless configured otherwise: Slack answers within a
/// second, and its own clients give up after ten or more.
pub const HTTP_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the outbox lets a send of unknown outcome rest before it looks for
/// it, so that what Slack applies late is seen and not repeated.
pub const GRACE: Duration = Duration::from_secs(30);

const _: () = assert!(
    GRACE.as_millis() > HTTP_TIMEOUT.as_millis(),
    "a send must have ended, one way or the other, before anyone looks for it"
);

/// How long a file may take: ten megabytes over a line that is slow today.
const FILE_TIMEOUT: Duration = Duration::from_secs(30);

/// How much longer a larger file that is sent may take: that line carries 250 kB a
/// second.
const SLOWEST_KILOBYTE: Duration = Duration::from_millis(4);

/// How long Slack lets the description of a file be.
const LONGEST_FILE_ALT: usize = 1000;

/// Slack keeps a trigger for three seconds; a later answer opens nothing.
const TRIGGER_LIFE: Duration = Duration::from_secs(3);

/// Far more than Slack's answer to `auth.test`, far less than would hurt.
const LARGEST_IDENTITY: usize = 64 * 1024;

/// Slack's clock and ours may differ by this much when we look for a message.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// Marks the metadata of our messages.
const METADATA_TYPE: &str = "breakglass";

type RawClient = legacy::Client<SlackHyperHttpsConnector, Body>;

/// What a client is made from.
#[derive(Clone)]
pub struct Settings {
    /// Where Slack's Web API is, without a slash at the end.
    pub api_url: String,
    /// The bot's token, `xoxb-…`.
    pub bot_token: String,
    /// The app's token, `xapp-…`, which only Socket Mode needs.
    pub app_token: Option<String>,
    /// How long a call may take.
    pub http_timeout: Duration,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("api_url", &self.api_url)
            .field("http_timeout", &self.http_timeout)
            .finish_non_exhaustive()
    }
}

/// Slack, as the bot writes to it. Clones share connections.
#[derive(Clone)]
pub struct SlackClient(Arc<Inner>);

struct Inner {
    morphism: SlackHyperClient,
    raw: RawClient,
    tls: Arc<rustls::ClientConfig>,
    api: Url,
    bot: SlackApiToken,
    app: Option<SlackApiToken>,
    timeout: Duration,
    failures: Failures,
}

impl fmt::Debug for SlackClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlackClient")
            .field("api", &self.0.api.as_str())
            .field("timeout", &self.0.timeout)
            .finish_non_exhaustive()
    }
}

/// Whom a token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The workspace's name.
    pub team: String,
    /// The bot, as a member of the workspace.
    pub bot_user: UserId,
    /// The bot's name.
    pub bot: String,
    /// The workspace's address.
    pub url: String,
    /// What the token may do.
    pub scopes: BTreeSet<String>,
    /// What time it was at Slack, to the second.
    pub said_at: Option<DateTime<Utc>>,
}

/// A message on its way out.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// What notifications and screen readers say.
    pub text: String,
    /// What the message shows.
    pub blocks: Vec<SlackBlock>,
    /// The message whose thread this belongs to.
    pub thread: Option<MessageTs>,
    /// What the outbox finds the message by when a send's outcome is unknown.
    pub key: Option<String>,
}

/// A message that Slack has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Where it stands; for a direct message, the conversation.
    pub channel: ChannelId,
    /// Its timestamp, which names it.
    pub ts: MessageTs,
}

/// A modal or Home that Slack shows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Shown {
    /// Names the view in updates.
    pub id: String,
    /// Names its present content, so that an update can refuse to overwrite another.
    #[serde(default)]
    pub hash: String,
}

/// A picture on its way into Slack.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// What the file is called, with its ending.
    pub name: &'a str,
    /// What people see above it.
    pub title: &'a str,
    /// What it shows, in words.
    pub alt: &'a str,
    /// The file.
    pub bytes: &'a [u8],
}

impl Outgoing {
    /// Returns the bytes that a commitment to this message is made of: what it
    /// says, and neither its key nor its place.
    pub fn rendered(&self) -> Result<Vec<u8>, serde_json::Error> {
        #[derive(Serialize)]
        struct Rendered<'a> {
            text: &'a str,
            blocks: &'a [SlackBlock],
        }
        serde_json::to_vec(&Rendered {
            text: &self.text,
            blocks: &self.blocks,
        })
    }

    fn into_content(self) -> SlackMessageContent {
        let mut content = SlackMessageContent::new().with_text(self.text);
        if !self.blocks.is_empty() {
            content = content.with_blocks(self.blocks);
        }
        content.opt_metadata(self.key.map(|key| {
            // Strings only: slack-morphism fails on a history that holds a number.
            SlackMessageMetadata::new(METADATA_TYPE.to_owned())
                .with_event_payload([("key".to_owned(), key)].into())
        }))
    }
}

impl SlackClient {
    /// Makes a client; connects to nothing yet.
    pub fn new(settings: Settings) -> Result<Self, TransportError> {
        let api = transport::api(&settings.api_url)?;
        let tls = Arc::new(transport::tls(&api)?);
        let connector = transport::connector(&tls, settings.http_timeout);
        let raw = legacy::Client::builder(TokioExecutor::new()).build(connector.clone());
        let morphism = SlackHyperClient::new(
            SlackClientHyperConnector::with_connector(connector)
                .with_slack_api_url(api.as_str().trim_end_matches('/')),
        );
        Ok(Self(Arc::new(Inner {
            morphism,
            raw,
            tls,
            api,
            bot: SlackApiToken::new(settings.bot_token.into()),
            app: settings
                .app_token
                .map(|token| SlackApiToken::new(token.into())),
            timeout: settings.http_timeout,
            failures: Failures::default(),
        })))
    }

    /// Returns how long a call may take.
    pub fn timeout(&self) -> Duration {
        self.0.timeout
    }

    /// Asks Slack whom the bot's token speaks for, and what it may do.
    ///
    /// The scopes stand in a header, which slack-morphism throws away; this one
    /// call is therefore made by hand.
    pub async fn auth_test(&self) -> Result<Identity, SlackError> {
        #[derive(Deserialize)]
        struct Answer {
            team_id: String,
            team: String,
            user_id: String,
            user: String,
            url: String,
        }
        let request = Request::post(format!("{}/auth.test", self.0.api_url()))
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.0.bot.token_value.0),
            )
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::empty())
            .map_err(|_| SlackError::Unreachable)?;
        let exchange = async {
            let answer = self
                .0
                .raw
                .request(request)
                .await
                .map_err(|error| SlackError::from_transport(&error))?;
            let (head, body) = answer.into_parts();
            let body = to_bytes(Body::new(body), LARGEST_IDENTITY)
                .await
                .map_err(|_| SlackError::Unknown)?;
            Ok((head, body))
        };
        let (head, body) = tokio::time::timeout(self.0.timeout, exchange)
            .await
            .unwrap_or(Err(SlackError::Unknown))?;
        let answer: Answer = read_answer(head.status, &head.headers, &body)?;
        let scopes = head
            .headers
            .get("x-oauth-scopes")
            .and_then(|scopes| scopes.to_str().ok())
            .unwrap_or_default();
        Ok(Identity {
            workspace: WorkspaceId::new(answer.team_id),
            team: answer.team,
            bot_user: UserId::new(answer.user_id),
            bot: answer.user,
            url: answer.url,
            scopes: scopes
                .split(',')
                .map(|scope| scope.trim().to_owned())
                .filter(|scope| !scope.is_empty())
                .collect(),
            said_at: head
                .headers
                .get(header::DATE)
                .and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok())
                .map(|date| date.to_utc()),
        })
    }

    /// Posts a message into a channel or conversation.
    pub async fn post(&self, channel: &ChannelId, message: Outgoing) -> Result<Posted, SlackError> {
        #[derive(Serialize)]
        struct Post {
            #[serde(flatten)]
            message: SlackApiChatPostMessageRequest,
            // A field that slack-morphism lacks.
            mrkdwn: bool,
        }
        let thread = message.thread.clone();
        let message =
            SlackApiChatPostMessageRequest::new(channel.as_str().into(), message.into_content())
                .opt_thread_ts(thread.map(|ts| ts.as_str().into()))
                .with_unfurl_links(false)
                .with_unfurl_media(false);
        self.write(
            "chat.postMessage",
            &Post {
                message,
                mrkdwn: true,
            },
        )
        .await
        .map(|Stands { channel, ts }| Posted {
            channel: ChannelId::new(channel),
            ts: MessageTs::new(ts),
        })
    }

    /// Replaces what a message says.
    pub async fn update(
        &self,
        channel: &ChannelId,
        ts: &MessageTs,
        message: Outgoing,
    ) -> Result<Posted, SlackError> {
        let request = SlackApiChatUpdateRequest::new(
            channel.as_str().into(),
            message.into_content(),
            ts.as_str().into(),
        )
        // Otherwise Slack treats an update as if a person had typed it, and makes
        // links and mentions of what looks like them.
        .with_parse("none".to_owned())
        .with_link_names(false);
        self.write("chat.update", &request)
            .await
            .map(|Stands { channel, ts }| Posted {
                channel: ChannelId::new(channel),
                ts: MessageTs::new(ts),
            })
    }

    /// Shows a message to one person only, in a channel or one of its threads.
    pub async fn post_ephemeral(
        &self,
        channel: &ChannelId,
        user: &UserId,
        message: Outgoing,
    ) -> Result<(), SlackError> {
        let thread = message.thread.clone();
        // It stands in no history, so nothing could find it by a key.
        let message = Outgoing {
            key: None,
            ..message
        };
        let request = SlackApiChatPostEphemeralRequest::new(
            channel.as_str().into(),
            user.as_str().into(),
            message.into_content(),
        )
        .opt_thread_ts(thread.map(|ts| ts.as_str().into()));
        self.write("chat.postEphemeral", &request)
            .await
            .map(|Done { ok: _ }| ())
    }

    /// Answers at the address that came with a command or a button. Only Slack
    /// is answered, whatever the address says; the bot's token stays here.
    pub async fn respond(&self, response_url: &str, answer: &Value) -> Result<(), SlackError> {
        let url = Url::parse(response_url).map_err(|_| SlackError::ForeignAddress)?;
        if !self.0.may_answer_at(&url) {
            return Err(SlackError::ForeignAddress);
        }
        let context = SlackClientApiCallContext {
            rate_control_params: None,
            token: None,
            tracing_span: &tracing::Span::none(),
            is_sensitive_url: true,
        };
        let connector = &self.0.morphism.http_api.connector;
        // Slack answers the word "ok"; there is nothing in it to read.
        let answered = connector.http_post_uri::<Value, Value>(url, answer, context);
        self.within(self.0.timeout, answered).await.map(|_| ())
    }

    /// Fetches a file's bytes from the address that Slack gave for it, as many as
    /// it is said to have. The token goes to Slack's own host only, and nowhere
    /// that an answer points to.
    pub(super) async fn fetch(&self, address: &str, n_bytes: u64) -> Result<Vec<u8>, SlackError> {
        let url = Url::parse(address).map_err(|_| SlackError::ForeignAddress)?;
        if !self.0.may_fetch_from(&url) {
            return Err(SlackError::ForeignAddress);
        }
        let request = Request::get(url.as_str())
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.0.bot.token_value.0),
            )
            .body(Body::empty())
            .map_err(|_| SlackError::ForeignAddress)?;
        let largest = usize::try_from(n_bytes).map_err(|_| SlackError::Malformed)?;
        let exchange = async {
            let answer = self
                .0
                .raw
                .request(request)
                .await
                .map_err(|error| SlackError::from_transport(&error))?;
            let (head, body) = answer.into_parts();
            if head.status != StatusCode::OK {
                let retry_after = retry_after(&head.headers);
                return Err(SlackError::from_status(
                    head.status.as_u16(),
                    retry_after,
                    "",
                ));
            }
            // One more than it is said to have tells that it is another.
            let mut bytes = Vec::new();
            let mut chunks = Body::new(body).into_data_stream();
            while let Some(chunk) = chunks.next().await {
                bytes.extend_from_slice(&chunk.map_err(|_| SlackError::Unknown)?);
                if bytes.len() > largest {
                    break;
                }
            }
            Ok(bytes)
        };
        tokio::time::timeout(FILE_TIMEOUT, exchange)
            .await
            .unwrap_or(Err(SlackError::Unknown))
    }

    /// Uploads a picture that nobody sees until a message shows it. Returns Slack's
    /// name for the file. Whatever becomes of it, doing it again shows nothing twice.
    pub async fn upload_unshared(&self, picture: Picture<'_>) -> Result<String, SlackError> {
        let alt: String = picture.alt.chars().take(LONGEST_FILE_ALT).collect();
        let alt = Some(alt.as_str());
        let bytes = Bytes::copy_from_slice(picture.bytes);
        let file = self.hand_in(picture.name, alt, bytes).await?;
        // Without a channel, only the bot sees it.
        let request = serde_json::json!({"files": [{"id": file, "title": picture.title}]});
        self.write("files.completeUploadExternal", &request)
            .await
            .map(|Done { ok: _ }| file)
    }

    /// Hands in the bytes of a file that is to be shared. Returns Slack's name for it;
    /// until it is shared, nobody sees it, and it may be handed in again.
    pub async fn hand_in(
        &self,
        name: &str,
        alt: Option<&str>,
        bytes: Bytes,
    ) -> Result<String, SlackError> {
        #[derive(Deserialize)]
        struct Promised {
            upload_url: String,
            file_id: String,
        }
        let length = bytes.len().to_string();
        // Older than the rest of the three, it is documented with a query.
        let promised: Promised = self
            .read(
                "files.getUploadURLExternal",
                &[
                    ("filename", Some(name)),
                    ("length", Some(&length)),
                    ("alt_txt", alt),
                ],
            )
            .await?;
        self.send_bytes(&promised.upload_url, bytes).await?;
        Ok(promised.file_id)
    }

    /// Shares a file that was handed in, in a thread. Slack takes it once.
    pub async fn share_file(
        &self,
        file: &str,
        title: &str,
        channel: &ChannelId,
        thread: &MessageTs,
    ) -> Result<(), SlackError> {
        let request = serde_json::json!({
            "files": [{"id": file, "title": title}],
            "channel_id": channel.as_str(),
            "thread_ts": thread.as_str(),
        });
        self.write("files.completeUploadExternal", &request)
            .await
            .map(|Done { ok: _ }| ())
    }

    /// Shares a file that was handed in, in a conversation, with a few words of the
    /// bot's own. Slack takes it once.
    pub async fn share_file_with(
        &self,
        file: &str,
        title: &str,
        channel: &ChannelId,
        comment: &str,
    ) -> Result<(), SlackError> {
        let request = serde_json::json!({
            "files": [{"id": file, "title": title}],
            "channel_id": channel.as_str(),
            "initial_comment": comment,
        });
        self.write("files.completeUploadExternal", &request)
            .await
            .map(|Done { ok: _ }| ())
    }

    /// Whether a file that was handed in is one by now: whoever doesn't know whether
    /// sharing it succeeded finds out by that.
    pub async fn is_shared(&self, file: &str) -> Result<bool, SlackError> {
        #[derive(Deserialize)]
        struct Found {
            file: File,
        }
        #[derive(Deserialize)]
        struct File {
            id: String,
        }
        match self.read("files.info", &[("file", Some(file))]).await {
            Ok(Found { file: found }) => Ok(found.id == file),
            Err(SlackError::Refused {
                code: ErrorCode::FileNotFound | ErrorCode::FileDeleted,
            }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sends a file's bytes to the address that Slack gave for them. It is the key
    /// to itself; the token doesn't go there.
    async fn send_bytes(&self, address: &str, bytes: Bytes) -> Result<(), SlackError> {
        let n_bytes = bytes.len();
        let url = Url::parse(address).map_err(|_| SlackError::ForeignAddress)?;
        if !self.0.may_fetch_from(&url) {
            return Err(SlackError::ForeignAddress);
        }
        let request = Request::post(url.as_str())
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .body(Body::from(bytes))
            .map_err(|_| SlackError::ForeignAddress)?;
        let within =
            FILE_TIMEOUT + SLOWEST_KILOBYTE * u32::try_from(n_bytes / 1_000).unwrap_or(u32::MAX);
        let exchange = async {
            let answer = self
                .0
                .raw
                .request(request)
                .await
                .map_err(|error| SlackError::from_transport(&error))?;
            match answer.status() {
                StatusCode::OK => Ok(()),
                status => Err(SlackError::from_status(
                    status.as_u16(),
                    retry_after(answer.headers()),
                    "",
                )),
            }
        };
        tokio::time::timeout(within, exchange)
            .await
            .unwrap_or(Err(SlackError::Unknown))
    }

    /// Whether Slack can show an uploaded picture by now: it looks at files after
    /// their upload, and until then refuses the blocks that name them.
    pub async fn can_show(&self, file: &str) -> Result<bool, SlackError> {
        #[derive(Deserialize)]
        struct Found {
            file: File,
        }
        #[derive(Deserialize)]
        struct File {
            #[serde(default)]
            mimetype: Option<String>,
        }
        let Found { file } = self.read("files.info", &[("file", Some(file))]).await?;
        // What it hasn't looked at yet is of no kind.
        Ok(file.mimetype.is_some_and(|kind| kind.starts_with("image/")))
    }

    /// Opens the conversation between the bot and a person.
    pub async fn open_direct(&self, user: &UserId) -> Result<ChannelId, SlackError> {
        #[derive(Deserialize)]
        struct Opened {
            channel: Channel,
        }
        #[derive(Deserialize)]
        struct Channel {
            id: String,
        }
        // Documented as names between commas; slack-morphism sends a JSON array.
        let request = serde_json::json!({"users": user.as_str()});
        self.write("conversations.open", &request)
            .await
            .map(|Opened { channel }| ChannelId::new(channel.id))
    }

    /// Opens a modal. The trigger lives three seconds, and so does the attempt.
    pub async fn open_view(&self, trigger: &str, view: SlackView) -> Result<Shown, SlackError> {
        let request = SlackApiViewsOpenRequest::new(trigger.into(), view);
        let session = self.0.morphism.open_session(&self.0.bot);
        let api = &session.http_session_api;
        let opened = api.http_post("views.open", &request, None);
        self.within(self.0.timeout.min(TRIGGER_LIFE), opened)
            .await
            .map(|View { view }| view)
    }

    /// Opens a modal on top of the one in which its button was pressed; what was
    /// typed there waits below.
    pub async fn push_view(&self, trigger: &str, view: SlackView) -> Result<Shown, SlackError> {
        let request = SlackApiViewsOpenRequest::new(trigger.into(), view);
        let session = self.0.morphism.open_session(&self.0.bot);
        let api = &session.http_session_api;
        let pushed = api.http_post("views.push", &request, None);
        self.within(self.0.timeout.min(TRIGGER_LIFE), pushed)
            .await
            .map(|View { view }| view)
    }

    /// Publishes a person's App Home.
    pub async fn publish_home(&self, user: &UserId, view: SlackView) -> Result<Shown, SlackError> {
        let request = SlackApiViewsPublishRequest::new(user.as_str().into(), view);
        self.write("views.publish", &request)
            .await
            .map(|View { view }| view)
    }

    /// Looks in a channel, or in one of its threads, for our message with this
    /// key that was sent no earlier than `oldest`.
    pub async fn find_by_key(
        &self,
        channel: &ChannelId,
        thread: Option<&MessageTs>,
        oldest: DateTime<Utc>,
        key: &str,
    ) -> Result<Option<MessageTs>, SlackError> {
        let method = match thread {
            Some(_) => "conversations.replies",
            None => "conversations.history",
        };
        let mut cursor = None;
        loop {
            let page: Page = self
                .read(
                    method,
                    &[
                        ("channel", Some(channel.as_str())),
                        ("ts", thread.map(MessageTs::as_str)),
                        ("oldest", Some(&slack_seconds(oldest - CLOCK_SKEW))),
                        ("inclusive", Some("true")),
                        ("include_all_metadata", Some("true")),
                        ("limit", Some("200")),
                        ("cursor", cursor.as_deref()),
                    ],
                )
                .await?;
            if let Some(found) = page.messages.into_iter().find(|message| message.bears(key)) {
                return Ok(Some(MessageTs::new(found.ts)));
            }
            let next = page.response_metadata.following();
            if next.is_none() {
                return Ok(None);
            }
            if next == cursor {
                // A cursor that leads to itself would be followed for ever.
                return Err(SlackError::Malformed);
            }
            cursor = next;
        }
    }

    /// Asks for the address at which people find a message.
    pub async fn permalink(
        &self,
        channel: &ChannelId,
        ts: &MessageTs,
    ) -> Result<String, SlackError> {
        #[derive(Deserialize)]
        struct Found {
            permalink: String,
        }
        self.read(
            "chat.getPermalink",
            &[
                ("channel", Some(channel.as_str())),
                ("message_ts", Some(ts.as_str())),
            ],
        )
        .await
        .map(|Found { permalink }| permalink)
    }

    /// Asks for the address of a new Socket Mode connection, with the app's token.
    pub(super) async fn open_socket(&self) -> Result<SocketAddress, SlackError> {
        #[derive(Deserialize)]
        struct Opened {
            url: String,
        }
        let Some(app) = &self.0.app else {
            let code = ErrorCode::NotAuthed;
            return Err(SlackError::Refused { code });
        };
        let session = self.0.morphism.open_session(app);
        let api = &session.http_session_api;
        let nothing = serde_json::Map::new();
        let opened = api.http_post("apps.connections.open", &nothing, None);
        let Opened { url } = self.within(self.0.timeout, opened).await?;
        let url = Url::parse(&url).map_err(|_| SlackError::Malformed)?;
        if url.scheme() == "wss" || (url.scheme() == "ws" && is_loopback(&url)) {
            Ok(SocketAddress(url))
        } else {
            Err(SlackError::ForeignAddress)
        }
    }

    /// The trust in certificates that Socket Mode shares.
    pub(super) fn tls(&self) -> Arc<rustls::ClientConfig> {
        Arc::clone(&self.0.tls)
    }

    /// Calls a method that only reads.
    pub(super) async fn read<T>(
        &self,
        method: &str,
        parameters: &[(&str, Option<&str>)],
    ) -> Result<T, SlackError>
    where
        T: DeserializeOwned + Send,
    {
        let parameters = parameters.to_vec();
        let session = self.0.morphism.open_session(&self.0.bot);
        let answer = session.http_session_api.http_get(method, &parameters, None);
        self.within(self.0.timeout, answer).await
    }

    async fn write<R, T>(&self, method: &str, request: &R) -> Result<T, SlackError>
    where
        R: Serialize + Send + Sync,
        T: DeserializeOwned + Send,
    {
        let session = self.0.morphism.open_session(&self.0.bot);
        let answer = session.http_session_api.http_post(method, request, None);
        self.within(self.0.timeout, answer).await
    }

    /// Gives a call its time. One that outlives it was sent, for a connection
    /// has to be made in less: whether Slack obeyed is unknown.
    async fn within<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = ClientResult<T>>,
    ) -> Result<T, SlackError> {
        let answered = match tokio::time::timeout(limit, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(SlackError::from_morphism(&error)),
            Err(_elapsed) => Err(SlackError::Unknown),
        };
        answered.inspect_err(|error| self.0.failures.count(error))
    }

    /// Returns how many calls failed since the start, by what became of them.
    pub fn failures(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.failures.all()
    }
}

impl Inner {
    fn api_url(&self) -> &str {
        self.api.as_str().trim_end_matches('/')
    }

    /// The host of Slack's files; or, for a workspace in a box, the box.
    fn may_fetch_from(&self, url: &Url) -> bool {
        let slack = url.scheme() == "https"
            && url.host_str() == Some("files.slack.com")
            && url.port().is_none()
            && url.username().is_empty();
        slack || (is_loopback(&self.api) && url.origin() == self.api.origin())
    }

    /// Slack's own host; or, for a workspace in a box, the box.
    fn may_answer_at(&self, url: &Url) -> bool {
        let slack = url.scheme() == "https"
            && url.host_str() == Some("hooks.slack.com")
            && url.port().is_none()
            && url.username().is_empty();
        slack || (is_loopback(&self.api) && url.origin() == self.api.origin())
    }
}

/// Where a Socket Mode connection is opened. It carries a ticket, so it doesn't
/// show itself.
pub(super) struct SocketAddress(Url);

impl SocketAddress {
    pub(super) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for SocketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SocketAddress(…)")
    }
}

/// Every success says `"ok": true`; an answer that doesn't came from elsewhere.
#[derive(Deserialize)]
struct Done {
    #[expect(dead_code, reason = "that it stands there is the point")]
    ok: bool,
}

#[derive(Deserialize)]
struct Stands {
    channel: String,
    ts: String,
}

#[derive(Deserialize)]
struct View {
    view: Shown,
}

#[derive(Deserialize)]
struct Page {
    messages: Vec<Message>,
    #[serde(default)]
    response_metadata: Cursor,
}

/// Where a list goes on.
#[derive(Deserialize, Default)]
pub(super) struct Cursor {
    #[serde(default)]
    next_cursor: String,
}

impl Cursor {
    /// Returns the cursor of the next page, if there is one.
    pub(super) fn following(self) -> Option<String> {
        Some(self.next_cursor).filter(|cursor| !cursor.is_empty())
    }
}

#[derive(Deserialize)]
struct Message {
    ts: String,
    // Other apps put here what they like; only ours needs to be understood.
    metadata: Option<Value>,
}

impl Message {
    fn bears(&self, key: &str) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| {
            let text = |pointer| metadata.pointer(pointer).and_then(Value::as_str);
            text("/event_type") == Some(METADATA_TYPE) && text("/event_payload/key") == Some(key)
        })
    }
}

/// Writes an instant as Slack writes timestamps.
pub(super) fn slack_seconds(at: DateTime<Utc>) -> String {
    format!("{}.{:06}", at.timestamp(), at.timestamp_subsec_micros())
}

/// How long Slack asks to be left alone.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get(header::RETRY_AFTER)
        .and_then(|seconds| seconds.to_str().ok()?.parse().ok())
        .map(Duration::from_secs)
}

/// Reads the answer to a call made by hand, as slack-morphism reads the others.
fn read_answer<T: DeserializeOwned>(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<T, SlackError> {
    #[derive(Deserialize)]
    struct Verdict {
        ok: bool,
        #[serde(default)]
        error: String,
    }
    let text = std::str::from_utf8(body).map_err(|_| SlackError::Malformed)?;
    if status != StatusCode::OK {
        let retry_after = retry_after(headers);
        return Err(SlackError::from_status(status.as_u16(), retry_after, text));
    }
    let verdict: Verdict = serde_json::from_str(text).map_err(|_| SlackError::Malformed)?;
    if !verdict.ok {
        return Err(SlackError::from_code(&verdict.error, Some(text)));
    }
    serde_json::from_str(text).map_err(|_| SlackError::Malformed)
}
