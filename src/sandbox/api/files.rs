//! `files.*`: the three calls of an upload, and looking one up.

use serde_json::{Value, json};

use super::{Arguments, Failure, Outcome};
use crate::sandbox::files::FileFault;
use crate::sandbox::json::text;
use crate::sandbox::message::{Author, Message, Ts};
use crate::sandbox::posting;
use crate::sandbox::state::State;
use crate::sandbox::workspace::Kind;

/// How long the description of an image may be.
const LONGEST_ALT: usize = 1000;

pub(super) fn upload_url(state: &mut State, arguments: &Arguments) -> Outcome {
    let name = arguments.required("filename")?;
    let length = arguments
        .number("length")
        .and_then(|length| usize::try_from(length).ok())
        .filter(|length| *length > 0)
        .ok_or(Failure::Named("missing_argument"))?;
    let alt = arguments.text("alt_txt");
    if alt
        .as_ref()
        .is_some_and(|alt| alt.chars().count() > LONGEST_ALT)
    {
        return Err(Failure::Named("alt_txt_too_large"));
    }
    let id = state.ids.object("F");
    let at = state.clock.now();
    state.files.promise(id.clone(), name, length, alt, at);
    Ok(json!({"upload_url": format!("{}/upload/v1/{id}", state.base_url), "file_id": id}))
}

pub(super) fn complete(state: &mut State, arguments: &Arguments) -> Outcome {
    let promised = arguments.list("files", "invalid_arguments")?;
    if promised.is_empty() {
        return Err(Failure::Named("invalid_arguments"));
    }
    let channel = match arguments.text("channel_id") {
        None => None,
        Some(id) => {
            let channel = super::conversations::visible(state, &id)?;
            if !channel.has_bot() {
                return Err(Failure::Named("not_in_channel"));
            }
            if channel.archived {
                return Err(Failure::Named("is_archived"));
            }
            Some((channel.id.clone(), channel.kind == Kind::Public))
        }
    };
    let thread: Option<Ts> = match arguments.text("thread_ts") {
        None => None,
        Some(ts) => Some(
            ts.parse()
                .map_err(|_| Failure::Named("invalid_thread_ts"))?,
        ),
    };
    let at = state.clock.now();
    let mut ids = Vec::new();
    for file in &promised {
        let id = text(file, "id").ok_or(Failure::Named("invalid_arguments"))?;
        state
            .files
            .complete(id, text(file, "title"), at)
            .map_err(|fault| {
                Failure::Named(match fault {
                    FileFault::NotFound => "file_not_found",
                    FileFault::WrongSize | FileFault::AlreadyUploaded => "file_update_failed",
                })
            })?;
        ids.push(id.to_owned());
    }
    if let Some((channel, is_public)) = channel {
        let ts = state.clock.stamp();
        for id in &ids {
            state.files.shared(id, &channel, ts, is_public);
        }
        let comment = arguments.text("initial_comment").unwrap_or_default();
        let mut message = Message::new(ts, Author::App, comment);
        message.files = shown(state, &ids);
        message.thread = thread;
        message.subtype = Some("file_share");
        posting::post(state, &channel, message);
    }
    Ok(json!({"files": shown(state, &ids)}))
}

fn shown(state: &State, ids: &[String]) -> Vec<Value> {
    ids.iter()
        .filter_map(|id| state.files.file(id))
        .map(|file| file.to_json(&state.base_url, state.clock.now()))
        .collect()
}

pub(super) fn info(state: &mut State, arguments: &Arguments) -> Outcome {
    let id = arguments.required("file")?;
    let file = state
        .files
        .file(&id)
        .ok_or(Failure::Named("file_not_found"))?;
    let file = file.to_json(&state.base_url, state.clock.now());
    Ok(json!({
        "file": file,
        "comments": [],
        "response_metadata": {"next_cursor": ""},
    }))
}
