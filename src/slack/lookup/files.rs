//! Files that people shared: what Slack says of one, and its bytes.

use serde::Deserialize;

use super::Lookup;
use crate::domain::change::{LARGEST_ATTACHMENT, NotFetched};
use crate::slack::error::{ErrorCode, SlackError};

/// A file as Slack describes it.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedFile {
    /// Its name, as its owner gave it.
    pub name: String,
    /// How many bytes it has.
    pub n_bytes: Option<u64>,
    /// Where it is kept, if that is elsewhere.
    pub kept_at: Option<String>,
    /// Where Slack hands it over.
    url: Option<String>,
}

impl std::fmt::Debug for SharedFile {
    /// What people shared doesn't belong in logs of the program.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedFile")
            .field("n_bytes", &self.n_bytes)
            .finish_non_exhaustive()
    }
}

/// The bytes of a file, or why there are none.
pub type Bytes = Result<Vec<u8>, NotFetched>;

#[derive(Deserialize)]
struct Answer {
    file: Described,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Described {
    name: Option<String>,
    title: Option<String>,
    size: Option<u64>,
    mode: String,
    is_external: bool,
    url_private: Option<String>,
    url_private_download: Option<String>,
}

impl Lookup {
    /// Reads what Slack says of a file; why there is nothing, if it is gone or
    /// closed to the bot.
    pub async fn file(&self, id: &str) -> Result<Result<SharedFile, NotFetched>, SlackError> {
        let read = self
            .0
            .client
            .read("files.info", &[("file", Some(id))])
            .await;
        let Answer { file } = match read {
            Ok(answer) => answer,
            Err(error) => return refused(error).map(Err),
        };
        // What was deleted, or lies behind the limit of a free plan, is a shell.
        if matches!(file.mode.as_str(), "tombstone" | "hidden_by_limit") {
            return Ok(Err(NotFetched::Gone));
        }
        let name = [file.name, file.title]
            .into_iter()
            .flatten()
            .find(|name| !name.trim().is_empty());
        Ok(Ok(SharedFile {
            name: name.unwrap_or_else(|| id.to_owned()),
            n_bytes: file.size,
            kept_at: file.url_private.clone().filter(|_| file.is_external),
            url: file.url_private_download.or(file.url_private),
        }))
    }

    /// Fetches the bytes of a file, through Slack only.
    pub async fn bytes(&self, file: &SharedFile) -> Result<Bytes, SlackError> {
        let (Some(url), Some(n_bytes)) = (&file.url, file.n_bytes) else {
            return Ok(Err(NotFetched::NotAllowed));
        };
        if n_bytes > LARGEST_ATTACHMENT {
            return Ok(Err(NotFetched::TooLarge));
        }
        match self.0.client.fetch(url, n_bytes).await {
            // Where a token isn't enough, Slack hands over the page that asks
            // for a password instead.
            Ok(bytes) if bytes.len() as u64 != n_bytes => Ok(Err(NotFetched::NotTheFile)),
            Ok(bytes) => Ok(Ok(bytes)),
            Err(SlackError::ForeignAddress) => Ok(Err(NotFetched::NotAllowed)),
            Err(error) => refused(error).map(Err),
        }
    }
}

/// Why Slack has no file for us; what may be better later stays an error.
fn refused(error: SlackError) -> Result<NotFetched, SlackError> {
    if error.is_transient() || error.concerns_the_token() {
        return Err(error);
    }
    Ok(match error {
        SlackError::Refused {
            code:
                ErrorCode::FileNotFound | ErrorCode::FileDeleted | ErrorCode::HttpStatus(404 | 410),
        } => NotFetched::Gone,
        SlackError::Refused { .. }
        | SlackError::RateLimited { .. }
        | SlackError::Unreachable
        | SlackError::Unknown
        | SlackError::Malformed
        | SlackError::ForeignAddress => NotFetched::NotAllowed,
    })
}
