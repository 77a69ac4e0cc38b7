//! Files: promised, uploaded, shared.
//! Holds their bytes and what Slack says of them; posting the message that shares one is done elsewhere.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::cast::{BOT_USER, TEAM};
use super::message::Ts;

/// How long after its completion Slack still looks at a file that an app uploaded:
/// until then its kind isn't known and no block may show it.
const PROCESSING: TimeDelta = TimeDelta::seconds(1);

/// The kinds of images that a block may show.
const IMAGES: [&str; 4] = ["png", "jpg", "jpeg", "gif"];

/// A file, from the moment at which an upload URL was asked for.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) id: String,
    pub(super) name: String,
    title: Option<String>,
    pub(super) alt_text: Option<String>,
    promised: usize,
    /// Whose it is.
    owner: String,
    bytes: Option<Bytes>,
    complete: bool,
    /// From when on it can be shown.
    ready: DateTime<Utc>,
    created: DateTime<Utc>,
    /// Where it was shared: channel and message.
    shares: Vec<(String, Ts, bool)>,
}

/// Why bytes were not taken or an upload not completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FileFault {
    /// No such upload was begun.
    #[error("file_not_found")]
    NotFound,
    /// The bytes are not as many as were promised.
    #[error("file_upload_size_restricted")]
    WrongSize,
    /// Bytes were already taken for this upload, or it is complete.
    #[error("file_update_failed")]
    AlreadyUploaded,
}

/// All files.
#[derive(Debug, Default)]
pub(super) struct Files {
    all: BTreeMap<String, File>,
}

impl Files {
    pub(super) fn promise(
        &mut self,
        id: String,
        name: String,
        length: usize,
        alt_text: Option<String>,
        at: DateTime<Utc>,
    ) {
        let file = File {
            id: id.clone(),
            name,
            title: None,
            alt_text,
            promised: length,
            owner: BOT_USER.to_owned(),
            bytes: None,
            complete: false,
            ready: at,
            created: at,
            shares: Vec::new(),
        };
        self.all.insert(id, file);
    }

    /// Takes a file that a person's client uploads with their message.
    pub(super) fn add(
        &mut self,
        id: String,
        owner: String,
        name: String,
        bytes: Bytes,
        at: DateTime<Utc>,
    ) {
        let file = File {
            id: id.clone(),
            name,
            title: None,
            alt_text: None,
            promised: bytes.len(),
            owner,
            bytes: Some(bytes),
            complete: true,
            ready: at,
            created: at,
            shares: Vec::new(),
        };
        self.all.insert(id, file);
    }

    /// Takes the bytes that were promised.
    pub(super) fn upload(&mut self, id: &str, bytes: Bytes) -> Result<usize, FileFault> {
        let file = self.all.get_mut(id).ok_or(FileFault::NotFound)?;
        if file.bytes.is_some() {
            return Err(FileFault::AlreadyUploaded);
        }
        if bytes.len() != file.promised {
            return Err(FileFault::WrongSize);
        }
        let n = bytes.len();
        file.bytes = Some(bytes);
        Ok(n)
    }

    /// Makes an uploaded file a real one.
    pub(super) fn complete(
        &mut self,
        id: &str,
        title: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<(), FileFault> {
        let file = self.all.get_mut(id).ok_or(FileFault::NotFound)?;
        if file.bytes.is_none() || file.complete {
            return Err(FileFault::NotFound);
        }
        file.title = title.map(str::to_owned);
        file.complete = true;
        file.ready = at + PROCESSING;
        Ok(())
    }

    /// Notes that a message shares the file.
    pub(super) fn shared(&mut self, id: &str, channel: &str, ts: Ts, public: bool) {
        if let Some(file) = self.all.get_mut(id) {
            file.shares.push((channel.to_owned(), ts, public));
        }
    }

    /// A complete file.
    pub(super) fn file(&self, id: &str) -> Option<&File> {
        self.all.get(id).filter(|file| file.complete)
    }

    pub(super) fn bytes(&self, id: &str) -> Option<Bytes> {
        self.file(id).and_then(|file| file.bytes.clone())
    }
}

impl Files {
    /// The file that a block names by the address of its bytes or of its page.
    pub(super) fn at(&self, url: &str, base_url: &str) -> Option<&File> {
        let path = url.strip_prefix(base_url)?.strip_prefix("/files/")?;
        self.file(path.split_once('/').map_or(path, |(id, _)| id))
    }
}

/// The media type that a file name suggests, and Slack's name for the kind.
pub(super) fn media(name: &str) -> (&'static str, &'static str) {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "png" => ("image/png", "png"),
        "jpg" | "jpeg" => ("image/jpeg", "jpg"),
        "gif" => ("image/gif", "gif"),
        "svg" => ("image/svg+xml", "svg"),
        "pdf" => ("application/pdf", "pdf"),
        "csv" => ("text/csv", "csv"),
        "zip" => ("application/zip", "zip"),
        "json" => ("application/json", "json"),
        "txt" | "md" | "log" => ("text/plain", "text"),
        _ => ("application/octet-stream", "binary"),
    }
}

impl File {
    /// Whether an image block of the app may show it: its own or one that was shared,
    /// an image, and looked at.
    pub(super) fn can_be_shown(&self, now: DateTime<Utc>) -> bool {
        let (_, extension) = self.name.rsplit_once('.').unwrap_or_default();
        let is_image = IMAGES.contains(&extension.to_ascii_lowercase().as_str());
        let is_seen = self.owner == BOT_USER || !self.shares.is_empty();
        is_image && is_seen && self.ready <= now
    }

    /// The file as `files.info` shows it.
    pub(super) fn to_json(&self, base_url: &str, now: DateTime<Utc>) -> Value {
        // What isn't looked at yet is of no kind.
        let (mimetype, filetype) = if self.ready <= now {
            media(&self.name)
        } else {
            ("", "")
        };
        let mut public = json!({});
        let mut private = json!({});
        for (channel, ts, is_public) in &self.shares {
            let share = json!([{"ts": ts.to_string(), "reply_users": [], "reply_users_count": 0, "reply_count": 0}]);
            let place = if *is_public {
                &mut public
            } else {
                &mut private
            };
            super::json::put(place, channel, Some(share));
        }
        let channels = |wanted: bool| -> Vec<&str> {
            self.shares
                .iter()
                .filter(|(_, _, public)| *public == wanted)
                .map(|(channel, _, _)| channel.as_str())
                .collect()
        };
        json!({
            "id": self.id,
            "created": self.created.timestamp(),
            "timestamp": self.created.timestamp(),
            "name": self.name,
            "title": self.title.as_ref().unwrap_or(&self.name),
            "mimetype": mimetype,
            "filetype": filetype,
            "pretty_type": filetype.to_uppercase(),
            "user": self.owner,
            "user_team": TEAM,
            "editable": false,
            "size": self.promised,
            "mode": "hosted",
            "is_external": false,
            "external_type": "",
            "is_public": !channels(true).is_empty(),
            "public_url_shared": false,
            "display_as_bot": false,
            "username": "",
            "alt_txt": self.alt_text,
            "url_private": format!("{base_url}/files/{}/{}", self.id, self.name),
            "url_private_download": format!("{base_url}/files/{}/{}", self.id, self.name),
            "permalink": format!("{base_url}/files/{}/{}", self.id, self.name),
            "comments_count": 0,
            "is_starred": false,
            "has_rich_preview": false,
            "file_access": "visible",
            "shares": {"public": public, "private": private},
            "channels": channels(true),
            "groups": channels(false),
            "ims": [],
        })
    }
}
