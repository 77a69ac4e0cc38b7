//! What can go wrong between the bot and Slack, and what that allows.
//!
//! The one question that the outbox asks of a failure is whether the thing may
//! have happened all the same; this file answers it, and nothing here decides
//! what to do about it. No token, no body and no address gets into an error.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper_util::client::legacy;
use serde::Deserialize;
use slack_morphism::errors::SlackClientError;

/// How long to wait where Slack says "too many" without saying for how long;
/// the longest that its own answers usually name.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// A call to Slack that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlackError {
    /// Too many calls; nothing was done.
    #[error("Slack asks for a pause of {} s", retry_after.as_secs())]
    RateLimited {
        /// How long Slack wants to be left alone.
        retry_after: Duration,
    },
    /// The call never reached Slack, or Slack was unable to begin with it.
    #[error("Slack can't be reached")]
    Unreachable,
    /// The call was sent and no answer tells whether it was obeyed.
    #[error("Slack didn't answer, and may have done it or not")]
    Unknown,
    /// Slack said no, and would say no again.
    #[error("Slack refused: {code}")]
    Refused {
        /// Slack's reason.
        code: ErrorCode,
    },
    /// Slack's answer can't be read, so nothing is known about what it did.
    #[error("Slack's answer can't be read")]
    Malformed,
    /// Something names an address that isn't Slack's; nothing was sent there.
    #[error("the address given isn't one of Slack's")]
    ForeignAddress,
}

/// How many calls failed, by what became of them.
#[derive(Debug, Default)]
pub(super) struct Failures([AtomicU64; FAILURES.len()]);

/// The words for what became of a call, in the order of their counts.
const FAILURES: [&str; 6] = [
    "rate_limited",
    "unreachable",
    "unknown",
    "refused",
    "malformed",
    "foreign_address",
];

impl Failures {
    pub(super) fn count(&self, error: &SlackError) {
        let place = match error {
            SlackError::RateLimited { .. } => 0,
            SlackError::Unreachable => 1,
            SlackError::Unknown => 2,
            SlackError::Refused { .. } => 3,
            SlackError::Malformed => 4,
            SlackError::ForeignAddress => 5,
        };
        if let Some(n) = self.0.get(place) {
            n.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.0.iter().map(|n| n.load(Ordering::Relaxed));
        FAILURES.into_iter().zip(counts)
    }
}

impl SlackError {
    /// Returns whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Unreachable | Self::Unknown | Self::Malformed => true,
            Self::Refused { .. } | Self::ForeignAddress => false,
        }
    }

    /// Returns whether Slack may have obeyed although the call failed.
    pub fn outcome_is_unknown(&self) -> bool {
        match self {
            Self::Unknown | Self::Malformed => true,
            Self::RateLimited { .. }
            | Self::Unreachable
            | Self::Refused { .. }
            | Self::ForeignAddress => false,
        }
    }

    /// Returns whether the same call may succeed once an operator has mended
    /// something: a scope that is missing, or what stands between us and Slack.
    pub fn can_be_mended(&self) -> bool {
        match self {
            Self::Refused { code } => matches!(
                code,
                ErrorCode::MissingScope { .. } | ErrorCode::HttpStatus(401 | 403 | 407)
            ),
            Self::RateLimited { .. }
            | Self::Unreachable
            | Self::Unknown
            | Self::Malformed
            | Self::ForeignAddress => false,
        }
    }

    /// Returns whether no call can succeed until an operator mends the token.
    pub fn concerns_the_token(&self) -> bool {
        matches!(self, Self::Refused { code } if code.is_about_the_token())
    }

    /// Returns whether the place can't be spoken in, or the person isn't there
    /// to be whispered to, so that a direct message is the way.
    pub fn bars_the_place(&self) -> bool {
        match self {
            Self::Refused { code } => {
                code.is_about_the_place()
                    || matches!(
                        code,
                        ErrorCode::UserNotInChannel | ErrorCode::UsedUrl | ErrorCode::ExpiredUrl
                    )
            }
            Self::RateLimited { .. }
            | Self::Unreachable
            | Self::Unknown
            | Self::Malformed
            | Self::ForeignAddress => false,
        }
    }

    /// Returns whether the bot may not read the conversation: it isn't in it, or
    /// lacks the scope for its kind.
    pub fn closes_the_conversation(&self) -> bool {
        matches!(
            self,
            Self::Refused { code }
                if code.is_about_the_place() || matches!(code, ErrorCode::MissingScope { .. })
        )
    }

    /// Returns whether a message can't be edited where it stands, now or ever:
    /// it was deleted, or its place was closed to us.
    pub fn bars_the_edit(&self) -> bool {
        let gone = matches!(
            self,
            Self::Refused {
                code: ErrorCode::MessageNotFound
            }
        );
        gone || self.bars_the_place()
    }

    /// Reads the failure that slack-morphism reports.
    pub(super) fn from_morphism(error: &SlackClientError) -> Self {
        match error {
            SlackClientError::RateLimitError(error) => Self::RateLimited {
                retry_after: error.retry_after.unwrap_or(RETRY_AFTER),
            },
            SlackClientError::ApiError(error) => {
                Self::from_code(&error.code, error.http_response_body.as_deref())
            }
            SlackClientError::HttpError(error) => Self::from_status(
                error.status_code.as_u16(),
                None,
                error.http_response_body.as_deref().unwrap_or_default(),
            ),
            SlackClientError::HttpProtocolError(error) => error
                .cause
                .as_deref()
                .and_then(|cause| cause.downcast_ref::<legacy::Error>())
                .map_or(Self::Unknown, Self::from_transport),
            SlackClientError::ProtocolError(_) => Self::Malformed,
            // The connection broke while the answer was being read.
            SlackClientError::SystemError(_)
            | SlackClientError::EndOfStream(_)
            | SlackClientError::SocketModeProtocolError(_) => Self::Unknown,
        }
    }

    /// Reads the failure of a connection.
    pub(super) fn from_transport(error: &legacy::Error) -> Self {
        if error.is_connect() {
            Self::Unreachable
        } else {
            Self::Unknown
        }
    }

    /// Reads an answer whose HTTP status isn't 200.
    pub(super) fn from_status(status: u16, retry_after: Option<Duration>, body: &str) -> Self {
        match status {
            429 => Self::RateLimited {
                retry_after: retry_after.unwrap_or(RETRY_AFTER),
            },
            // A gateway that gave up waiting does not know what happened behind it.
            408 | 500.. => Self::Unknown,
            _ => match serde_json::from_str::<Detail>(body) {
                Ok(Detail {
                    error: Some(code), ..
                }) => Self::from_code(&code, Some(body)),
                Ok(_) | Err(_) => Self::Refused {
                    code: ErrorCode::HttpStatus(status),
                },
            },
        }
    }

    /// Reads the `error` of an answer with `ok: false`.
    pub(super) fn from_code(code: &str, body: Option<&str>) -> Self {
        let detail = || {
            body.and_then(|body| serde_json::from_str::<Detail>(body).ok())
                .unwrap_or_default()
        };
        match code {
            "ratelimited" | "rate_limited" => Self::RateLimited {
                retry_after: RETRY_AFTER,
            },
            // Slack documents of these two that part of the call may have succeeded.
            "fatal_error" | "internal_error" => Self::Unknown,
            // And of these that the call was not begun.
            "service_unavailable" | "request_timeout" | "team_added_to_org" => Self::Unreachable,
            "missing_scope" => Self::Refused {
                code: ErrorCode::MissingScope {
                    needed: detail().needed.unwrap_or_default().into(),
                },
            },
            "invalid_blocks" => Self::Refused {
                code: ErrorCode::InvalidBlocks {
                    at: detail().pointers().into(),
                },
            },
            other => Self::Refused {
                code: ErrorCode::parse(other),
            },
        }
    }
}

/// The parts of a failure's body that tell an operator what to mend. Slack's
/// sentences may quote what was sent, so only the pointers in them are kept.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Detail {
    error: Option<String>,
    needed: Option<String>,
    response_metadata: Messages,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Messages {
    messages: Vec<String>,
}

impl Detail {
    fn pointers(&self) -> String {
        let pointers: Vec<&str> = self
            .response_metadata
            .messages
            .iter()
            .filter_map(|message| {
                let (_, pointer) = message.split_once("[json-pointer:")?;
                Some(pointer.split_once(']')?.0)
            })
            .collect();
        pointers.join(" ")
    }
}

macro_rules! codes {
    ($($name:ident = $code:literal,)*) => {
        /// Slack's reason for a refusal: those that somebody acts on by name,
        /// and the rest.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum ErrorCode {
            $(#[doc = concat!("Slack's `", $code, "`.")] $name,)*
            /// Slack's `missing_scope`.
            MissingScope {
                /// The scope, or the choice of scopes, that the token lacks.
                needed: Box<str>,
            },
            /// Slack's `invalid_blocks`.
            InvalidBlocks {
                /// JSON pointers to the faults.
                at: Box<str>,
            },
            /// No reason but the status of the answer.
            HttpStatus(u16),
            /// Any other reason.
            Other(Box<str>),
        }

        impl ErrorCode {
            fn parse(code: &str) -> Self {
                match code {
                    $($code => Self::$name,)*
                    other => Self::Other(other.into()),
                }
            }
        }

        impl fmt::Display for ErrorCode {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name => f.write_str($code),)*
                    Self::MissingScope { needed } => write!(f, "missing_scope ({needed})"),
                    Self::InvalidBlocks { at } => write!(f, "invalid_blocks ({at})"),
                    Self::HttpStatus(status) => write!(f, "HTTP status {status}"),
                    Self::Other(code) => f.write_str(code),
                }
            }
        }
    };
}

codes! {
    AccountInactive = "account_inactive",
    CannotDmBot = "cannot_dm_bot",
    CantUpdateMessage = "cant_update_message",
    ChannelNotFound = "channel_not_found",
    DuplicateExternalId = "duplicate_external_id",
    EditWindowClosed = "edit_window_closed",
    ExchangedTriggerId = "exchanged_trigger_id",
    ExpiredTriggerId = "expired_trigger_id",
    ExpiredUrl = "expired_url",
    FileDeleted = "file_deleted",
    FileNotFound = "file_not_found",
    HashConflict = "hash_conflict",
    InvalidAuth = "invalid_auth",
    InvalidTriggerId = "invalid_trigger_id",
    IsArchived = "is_archived",
    MessageNotFound = "message_not_found",
    MetadataTooLarge = "metadata_too_large",
    MsgBlocksTooLong = "msg_blocks_too_long",
    MsgTooLong = "msg_too_long",
    NoSuchSubteam = "no_such_subteam",
    NoText = "no_text",
    NotAuthed = "not_authed",
    NotFound = "not_found",
    NotInChannel = "not_in_channel",
    RestrictedAction = "restricted_action",
    ThreadNotFound = "thread_not_found",
    TokenExpired = "token_expired",
    TokenRevoked = "token_revoked",
    UsedUrl = "used_url",
    UserDisabled = "user_disabled",
    UserNotFound = "user_not_found",
    UserNotInChannel = "user_not_in_channel",
    UserNotVisible = "user_not_visible",
    ViewTooLarge = "view_too_large",
}

impl ErrorCode {
    /// Returns whether Slack refuses the token itself, so that no call can
    /// succeed until an operator mends it.
    pub fn is_about_the_token(&self) -> bool {
        matches!(
            self,
            Self::InvalidAuth
                | Self::NotAuthed
                | Self::TokenExpired
                | Self::TokenRevoked
                | Self::AccountInactive
        )
    }

    /// Returns whether a channel is closed to the bot as a whole.
    pub fn closes_the_channel(&self) -> bool {
        matches!(
            self,
            Self::ChannelNotFound | Self::IsArchived | Self::NotInChannel
        )
    }

    /// Returns whether the place can't be written to: the channel is archived,
    /// gone, or closed to the bot.
    pub fn is_about_the_place(&self) -> bool {
        matches!(
            self,
            Self::ChannelNotFound | Self::IsArchived | Self::NotInChannel | Self::RestrictedAction
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_failure_after_sending_leaves_the_outcome_open() {
        assert_eq!(
            SlackError::from_code("internal_error", None),
            SlackError::Unknown
        );
        assert_eq!(SlackError::from_status(503, None, ""), SlackError::Unknown);
        assert_eq!(SlackError::from_status(408, None, ""), SlackError::Unknown);
        for refused in ["not_in_channel", "no_text", "something_new"] {
            let error = SlackError::from_code(refused, None);
            assert!(!error.outcome_is_unknown(), "{refused}");
            assert!(!error.is_transient(), "{refused}");
            assert!(error.to_string().ends_with(refused), "{error}");
        }
        assert!(SlackError::Unreachable.is_transient());
        assert!(!SlackError::Unreachable.outcome_is_unknown());
    }

    #[test]
    fn a_used_response_url_is_refused_by_name() {
        let error = SlackError::from_status(404, None, r#"{"ok":false,"error":"used_url"}"#);
        let code = ErrorCode::UsedUrl;
        assert_eq!(error, SlackError::Refused { code });
        let error = SlackError::from_status(404, None, "<html>no such page</html>");
        let code = ErrorCode::HttpStatus(404);
        assert_eq!(error, SlackError::Refused { code });
    }

    #[test]
    fn a_refusal_says_what_to_mend_and_quotes_nothing() {
        let scope = SlackError::from_code(
            "missing_scope",
            Some(r#"{"ok":false,"error":"missing_scope","needed":"im:write","provided":"x"}"#),
        );
        assert_eq!(scope.to_string(), "Slack refused: missing_scope (im:write)");
        let blocks = SlackError::from_code(
            "invalid_blocks",
            Some(
                r#"{"error":"invalid_blocks","response_metadata":{"messages":[
                    "[ERROR] hunter2 is too long [json-pointer:/blocks/0/text]",
                    "[ERROR] no more [json-pointer:/blocks/3]"]}}"#,
            ),
        );
        assert_eq!(
            blocks.to_string(),
            "Slack refused: invalid_blocks (/blocks/0/text /blocks/3)"
        );
    }

    #[test]
    fn a_pause_without_a_length_is_still_a_pause() {
        let error = SlackError::from_code("ratelimited", None);
        assert_eq!(
            error,
            SlackError::RateLimited {
                retry_after: RETRY_AFTER
            }
        );
        assert!(error.is_transient());
    }
}
