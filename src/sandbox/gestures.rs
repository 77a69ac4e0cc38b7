//! What people do in conversations: say, edit, delete, react, command, shortcut, open Home.
//! Each gesture is refused if Slack's client would not offer it to that person; modals and buttons are in `touch.rs`.

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::cast::BOT_USER;
use super::deliver::{Kind as DeliveryKind, Outcome, Reply};
use super::manifest::ShortcutKind;
use super::message::{Author, Message, Ts};
use super::respond::{self, Addressee};
use super::state::State;
use super::views::{self, View};
use super::workspace::{Channel, Kind, Person};
use super::{events, payloads, posting, typed};

/// Why a person cannot do that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Misuse {
    #[error("nobody here is called {0}")]
    NoPerson(String),
    #[error("{0} has left and can do nothing any more")]
    Deactivated(String),
    #[error("there is no channel called {0}")]
    NoChannel(String),
    #[error("{person} is not in {channel}")]
    NotIn { person: String, channel: String },
    #[error("{0} is archived")]
    Archived(String),
    #[error("{0} is not a timestamp of a message that this person sees there")]
    NoMessage(String),
    #[error("only its author can do that with a message, and an administrator can delete it")]
    NotTheAuthor,
    #[error("the app has no command {0}")]
    NoCommand(String),
    #[error("the app has no such shortcut: {0}")]
    NoShortcut(String),
    #[error("slash commands cannot be used there")]
    NoCommandsHere,
    #[error(
        "{0} belongs to another organisation and does not have the app's commands and shortcuts"
    )]
    Stranger(String),
    #[error("the manifest turns the app's messages tab off, or makes it read-only")]
    MessagesTabOff,
    #[error("the manifest turns interactivity off, so nothing would be delivered")]
    NotInteractive,
    #[error("the manifest turns the Home tab off")]
    NoHomeTab,
    #[error("there is no element {0} that this person could use there")]
    NoElement(String),
    #[error("several elements are called {0}; add `block_id` or `value`")]
    Ambiguous(String),
    #[error("this person has no such modal open")]
    NoModal,
    #[error("the modal has no submit button")]
    NoSubmit,
    #[error("the modal's {block}/{action}: {why}")]
    Unchoosable {
        block: String,
        action: String,
        why: super::widgets::Unchoosable,
    },
    #[error("there are no words in it")]
    NoWords,
}

/// What an acknowledgement leads to, remembered with the delivery.
#[derive(Debug, Clone)]
pub(super) enum Then {
    Nothing,
    /// A command's answer is shown to whoever gave it.
    Command {
        user: String,
        channel: String,
        command: String,
    },
    /// A modal's answer closes, changes or refuses it.
    Submission {
        user: String,
        view: String,
    },
}

/// The app answered; does what the answer asks for, and says what that was.
pub(super) fn answered(state: &mut State, then: &Then, reply: &Reply) -> Value {
    match then {
        Then::Nothing => Value::Null,
        Then::Command { user, channel, .. } => {
            let body = match (&reply.payload, &reply.text) {
                (Some(payload), _) => payload.clone(),
                (None, Some(text)) => json!({"text": text}),
                (None, None) => return Value::Null,
            };
            let to = Addressee {
                user: user.clone(),
                channel: channel.clone(),
                message: None,
                thread: None,
            };
            match respond::answer(state, &to, &body) {
                Ok(()) => json!({"shown": true}),
                Err(fault) => json!({"shown": false, "error": fault.to_string()}),
            }
        }
        Then::Submission { user, view } => {
            super::touch::submission_answered(state, user, view, reply)
        }
    }
}

/// The app did not answer; the person sees what Slack would show.
pub(super) fn unanswered(state: &mut State, then: &Then, error: &'static str) {
    if let Then::Command {
        user,
        channel,
        command,
    } = then
    {
        let words = format!("{command} failed with the error \"{error}\"");
        respond::notice(state, user, channel, words);
    }
}

/// Somebody who can do things.
pub(super) fn actor<'a>(state: &'a State, named: &str) -> Result<&'a Person, Misuse> {
    let person = state
        .workspace
        .person(named)
        .ok_or_else(|| Misuse::NoPerson(named.to_owned()))?;
    if person.deleted {
        return Err(Misuse::Deactivated(person.handle.clone()));
    }
    Ok(person)
}

/// Somebody of our own: an app's commands and shortcuts are there only for the workspace that installed it.
fn colleague<'a>(state: &'a State, named: &str) -> Result<&'a Person, Misuse> {
    let person = actor(state, named)?;
    if person.is_stranger {
        Err(Misuse::Stranger(person.handle.clone()))
    } else {
        Ok(person)
    }
}

/// A conversation by id or name, or by `@handle` the direct one with that person, if `by` may be in it.
pub(super) fn place<'a>(state: &'a State, by: &str, named: &str) -> Result<&'a Channel, Misuse> {
    let direct = named
        .strip_prefix('@')
        .and_then(|handle| state.workspace.person(handle));
    let channel = match direct {
        Some(other) => state.workspace.direct(by, &other.id),
        None => state.workspace.channel(named),
    };
    let channel = channel.ok_or_else(|| Misuse::NoChannel(named.to_owned()))?;
    if !channel.has(by) {
        return Err(Misuse::NotIn {
            person: by.to_owned(),
            channel: named.to_owned(),
        });
    }
    Ok(channel)
}

/// As [`place`], but a direct conversation with somebody is opened if it was not.
fn place_or_direct(state: &mut State, by: &str, named: &str) -> Result<String, Misuse> {
    let other = named
        .strip_prefix('@')
        .and_then(|handle| state.workspace.person(handle))
        .map(|person| person.id.clone());
    match other {
        Some(other) if other != by => Ok(posting::open_direct(state, by, &other).0),
        _ => place(state, by, named).map(|channel| channel.id.clone()),
    }
}

/// A message that this person sees in a channel.
pub(super) fn seen<'a>(channel: &'a Channel, by: &str, ts: &str) -> Result<&'a Message, Misuse> {
    let unknown = || Misuse::NoMessage(ts.to_owned());
    let named: Ts = ts.parse().map_err(|_| unknown())?;
    channel
        .messages
        .get(&named)
        .filter(|message| message.only_for.as_deref().is_none_or(|only| only == by))
        .ok_or_else(unknown)
}

/// `POST /sandbox/say`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Say {
    r#as: String,
    channel: String,
    text: String,
    #[serde(default)]
    thread_ts: Option<String>,
    /// Shows a reply in the channel as well.
    #[serde(default)]
    broadcast: bool,
    /// What is shared with it.
    #[serde(default)]
    files: Vec<SharedFile>,
}

/// A file that somebody shares with their message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SharedFile {
    name: String,
    #[serde(default)]
    content: String,
    /// Fills the file up to so many bytes.
    #[serde(default)]
    at_least: usize,
}

/// Takes the files of a message in; returns them as the message shows them.
fn take_files(
    state: &mut State,
    by: &str,
    channel: &str,
    ts: Ts,
    files: &[SharedFile],
) -> Vec<Value> {
    let place = state.workspace.channels.get(channel);
    let is_public = place.is_some_and(|place| place.kind == Kind::Public);
    files
        .iter()
        .filter_map(|file| {
            let id = state.ids.object("F");
            let mut bytes = file.content.clone().into_bytes();
            bytes.resize(bytes.len().max(file.at_least), 0);
            let (at, name) = (state.clock.now(), file.name.clone());
            state
                .files
                .add(id.clone(), by.to_owned(), name, bytes.into(), at);
            state.files.shared(&id, channel, ts, is_public);
            Some(
                state
                    .files
                    .file(&id)?
                    .to_json(&state.base_url, state.clock.now()),
            )
        })
        .collect()
}

pub(super) fn say(state: &mut State, request: &Say) -> Result<Value, Misuse> {
    let (by, team, bot_id) = {
        let person = actor(state, &request.r#as)?;
        (
            person.id.clone(),
            person.team.clone(),
            person.bot_id.clone(),
        )
    };
    let place_id = place_or_direct(state, &by, &request.channel)?;
    let channel = place(state, &by, &place_id)?;
    if channel.archived {
        return Err(Misuse::Archived(channel.name.clone()));
    }
    let manifest = &state.app.manifest;
    let to_app = channel.kind == Kind::Direct && channel.has_bot();
    if to_app && (!manifest.messages_tab || manifest.messages_tab_read_only) {
        return Err(Misuse::MessagesTabOff);
    }
    let thread = match &request.thread_ts {
        Some(ts) => {
            let parent = seen(channel, &by, ts)?;
            Some(parent.thread.unwrap_or(parent.ts))
        }
        None => None,
    };
    if request.text.trim().is_empty() && request.files.is_empty() {
        return Err(Misuse::NoWords);
    }
    let block_id = state.ids.token(5);
    let client_msg_id = state.ids.uuid();
    let read = typed::read(&state.workspace, &request.text);
    let (words, rich_text) = (read.message_text(), read.rich_text(&block_id));
    let stamp = state.clock.stamp();
    let files = take_files(state, &by, &place_id, stamp, &request.files);
    let mut message = Message::new(stamp, Author::Person(by), words);
    message.team = team;
    message.blocks = vec![rich_text];
    message.thread = thread;
    message.subtype = (thread.is_some() && request.broadcast).then_some("thread_broadcast");
    if !files.is_empty() {
        message.subtype = Some("file_share");
    }
    message.files = files;
    message.client_msg_id = bot_id.is_none().then_some(client_msg_id);
    message.bot_id = bot_id;
    let ts = posting::post(state, &place_id, message);
    Ok(json!({"ok": true, "channel": place_id, "ts": ts.to_string()}))
}

/// `POST /sandbox/edit`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    r#as: String,
    channel: String,
    ts: String,
    text: String,
}

/// Who acts, the message's place and its name, if they may change it: its author, or whoever `others` lets.
fn own_message(
    state: &State,
    named: &str,
    channel: &str,
    ts: &str,
    others: fn(&Person) -> bool,
) -> Result<(String, String, Ts), Misuse> {
    let person = actor(state, named)?;
    let channel = place(state, &person.id, channel)?;
    let message = seen(channel, &person.id, ts)?;
    if message.author.user_id() != person.id && !others(person) {
        return Err(Misuse::NotTheAuthor);
    }
    Ok((person.id.clone(), channel.id.clone(), message.ts))
}

pub(super) fn edit(state: &mut State, request: &Edit) -> Result<Value, Misuse> {
    let (by, channel, ts) =
        own_message(state, &request.r#as, &request.channel, &request.ts, |_| {
            false
        })?;
    let block_id = state.ids.token(5);
    let read = typed::read(&state.workspace, &request.text);
    let (words, rich_text) = (read.message_text(), read.rich_text(&block_id));
    posting::edit(state, &channel, ts, Some(&by), |message| {
        message.text = words;
        message.blocks = vec![rich_text];
    });
    Ok(json!({"ok": true, "ts": ts.to_string()}))
}

/// `POST /sandbox/delete`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Delete {
    r#as: String,
    channel: String,
    ts: String,
}

pub(super) fn delete(state: &mut State, request: &Delete) -> Result<Value, Misuse> {
    let (_, channel, ts) = own_message(
        state,
        &request.r#as,
        &request.channel,
        &request.ts,
        |person| person.is_admin,
    )?;
    posting::delete(state, &channel, ts);
    Ok(json!({"ok": true}))
}

/// `POST /sandbox/react` and `/sandbox/unreact`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct React {
    r#as: String,
    channel: String,
    ts: String,
    name: String,
}

/// The message that is meant, and the name of the emoji.
fn reacted<'a>(state: &State, request: &'a React) -> Result<(String, String, Ts, &'a str), Misuse> {
    let by = actor(state, &request.r#as)?.id.clone();
    let channel = place(state, &by, &request.channel)?;
    let ts = seen(channel, &by, &request.ts)?.ts;
    Ok((by, channel.id.clone(), ts, request.name.trim_matches(':')))
}

pub(super) fn react(state: &mut State, request: &React) -> Result<Value, Misuse> {
    let (by, channel, ts, name) = reacted(state, request)?;
    let changed = posting::react(state, &channel, ts, &by, name);
    Ok(json!({"ok": true, "changed": changed}))
}

pub(super) fn unreact(state: &mut State, request: &React) -> Result<Value, Misuse> {
    let (by, channel, ts, name) = reacted(state, request)?;
    let changed = posting::unreact(state, &channel, ts, &by, name);
    Ok(json!({"ok": true, "changed": changed}))
}

/// `POST /sandbox/slash`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slash {
    r#as: String,
    channel: String,
    command: String,
    #[serde(default)]
    text: String,
}

pub(super) fn slash(
    state: &mut State,
    request: &Slash,
) -> Result<oneshot::Receiver<Outcome>, Misuse> {
    let by = colleague(state, &request.r#as)?.id.clone();
    let place_id = place_or_direct(state, &by, &request.channel)?;
    if place(state, &by, &place_id)?.archived {
        return Err(Misuse::NoCommandsHere);
    }
    let should_escape = state
        .app
        .manifest
        .command(&request.command)
        .ok_or_else(|| Misuse::NoCommand(request.command.clone()))?
        .should_escape;
    let words = typed::read(&state.workspace, request.text.trim()).command_text(should_escape);
    let payload = payloads::command(state, &by, &place_id, &request.command, &words);
    let then = Then::Command {
        user: by,
        channel: place_id,
        command: request.command.clone(),
    };
    let at = state.clock.now();
    Ok(state
        .deliveries
        .queue(DeliveryKind::Command, &payload, then, at))
}

/// `POST /sandbox/shortcut`: on a message if `ts` is given, else the global one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shortcut {
    r#as: String,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    ts: Option<String>,
    callback_id: String,
}

pub(super) fn shortcut(
    state: &mut State,
    request: &Shortcut,
) -> Result<oneshot::Receiver<Outcome>, Misuse> {
    let by = colleague(state, &request.r#as)?.id.clone();
    interactive(state)?;
    let wanted = if request.ts.is_some() {
        ShortcutKind::Message
    } else {
        ShortcutKind::Global
    };
    let offered = |offered: &super::manifest::Shortcut| {
        offered.kind == wanted && offered.callback_id == request.callback_id
    };
    if !state.app.manifest.shortcuts.iter().any(offered) {
        return Err(Misuse::NoShortcut(request.callback_id.clone()));
    }
    let payload = match (&request.channel, &request.ts) {
        (Some(channel), Some(ts)) => {
            let channel = place(state, &by, channel)?;
            let message = seen(channel, &by, ts)?.clone();
            if message.only_for.is_some() {
                return Err(Misuse::NoMessage(ts.clone()));
            }
            let channel = channel.id.clone();
            payloads::message_shortcut(state, &by, &channel, &message, &request.callback_id)
        }
        (None, Some(ts)) => return Err(Misuse::NoMessage(ts.clone())),
        (_, None) => payloads::global_shortcut(state, &by, &request.callback_id),
    };
    let at = state.clock.now();
    Ok(state
        .deliveries
        .queue(DeliveryKind::Interaction, &payload, Then::Nothing, at))
}

/// Whether clicks reach the app at all.
pub(super) fn interactive(state: &State) -> Result<(), Misuse> {
    if state.app.manifest.interactivity {
        Ok(())
    } else {
        Err(Misuse::NotInteractive)
    }
}

/// Which tab of the app somebody opens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tab {
    #[default]
    Home,
    Messages,
}

/// `POST /sandbox/home`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Home {
    r#as: String,
    #[serde(default)]
    tab: Tab,
}

pub(super) fn home(state: &mut State, request: &Home) -> Result<Value, Misuse> {
    let by = colleague(state, &request.r#as)?.id.clone();
    let manifest = &state.app.manifest;
    match request.tab {
        Tab::Home if !manifest.home_tab => return Err(Misuse::NoHomeTab),
        Tab::Messages if !manifest.messages_tab => return Err(Misuse::MessagesTabOff),
        Tab::Home | Tab::Messages => {}
    }
    let (channel, _) = posting::open_direct(state, &by, BOT_USER);
    let (tab, view) = match request.tab {
        Tab::Home => ("home", state.views.home(&by).map(View::to_json)),
        Tab::Messages => ("messages", None),
    };
    events::home_opened(state, &by, &channel, tab, view);
    Ok(json!({"ok": true, "channel": channel}))
}

/// A view by id if it is open to this person; else the modal on top, or the Home tab if there is none.
pub(super) fn open_view<'a>(
    state: &'a State,
    by: &str,
    id: Option<&str>,
) -> Result<&'a views::View, Misuse> {
    match id {
        Some(id) => state.views.view(id).filter(|view| view.user == by),
        None => state.views.top(by).or_else(|| state.views.home(by)),
    }
    .ok_or(Misuse::NoModal)
}
