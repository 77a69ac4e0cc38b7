//! Modals and Home tabs: what each person has open, in which order, holding what.
//! Keeps and changes views; whether a view is well-formed and who may open it was asked before.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::cast::{APP, BOT, TEAM};
use super::json::{flag, list, put, text};
use super::posting::name_blocks;
use super::state::State;
use super::widgets::{Values, initial_values, values_json};

/// Slack stacks at most three views.
const DEEPEST: usize = 3;

/// A view somebody has open, or a Home tab.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) id: String,
    pub(super) user: String,
    /// The view as the app sent it, with its blocks named.
    pub(super) body: Value,
    pub(super) hash: String,
    pub(super) values: Values,
    root: String,
    previous: Option<String>,
}

impl View {
    pub(super) fn blocks(&self) -> &[Value] {
        list(&self.body, "blocks")
    }

    pub(super) fn is_home(&self) -> bool {
        text(&self.body, "type") == Some("home")
    }

    fn external_id(&self) -> Option<&str> {
        text(&self.body, "external_id").filter(|id| !id.is_empty())
    }

    /// Whether the app wants to hear that it was closed.
    pub(super) fn notifies_on_close(&self) -> bool {
        flag(&self.body, "notify_on_close")
    }

    /// The view as methods and payloads show it.
    pub(super) fn to_json(&self) -> Value {
        let or = |key: &str, otherwise: Value| self.body.get(key).cloned().unwrap_or(otherwise);
        let mut view = json!({
            "id": self.id,
            "team_id": TEAM,
            "type": or("type", "modal".into()),
            "blocks": or("blocks", json!([])),
            "private_metadata": or("private_metadata", "".into()),
            "callback_id": or("callback_id", "".into()),
            "state": {"values": values_json(&self.values)},
            "hash": self.hash,
            "title": or("title", json!({"type": "plain_text", "text": "View Title", "emoji": true})),
            "clear_on_close": flag(&self.body, "clear_on_close"),
            "notify_on_close": self.notifies_on_close(),
            "close": or("close", Value::Null),
            "submit": or("submit", Value::Null),
            "previous_view_id": self.previous,
            "root_view_id": self.root,
            "app_id": APP,
            "external_id": or("external_id", "".into()),
            "app_installed_team_id": TEAM,
            "bot_id": BOT,
        });
        put(
            &mut view,
            "submit_disabled",
            self.body.get("submit_disabled").cloned(),
        );
        view
    }
}

/// Why a view was not opened, changed or published, as Slack names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ViewFault {
    /// No such view is open.
    #[error("not_found")]
    NotFound,
    /// The view was changed since the hash was read.
    #[error("hash_conflict")]
    HashConflict,
    /// Another open view has this external id.
    #[error("duplicate_external_id")]
    DuplicateExternalId,
    /// Three views are stacked already.
    #[error("push_limit_reached")]
    PushLimitReached,
}

/// Everything open.
#[derive(Debug, Default)]
pub(super) struct Views {
    open: BTreeMap<String, View>,
    stacks: BTreeMap<String, Vec<String>>,
    homes: BTreeMap<String, String>,
}

impl Views {
    pub(super) fn view(&self, id: &str) -> Option<&View> {
        self.open.get(id)
    }

    pub(super) fn view_mut(&mut self, id: &str) -> Option<&mut View> {
        self.open.get_mut(id)
    }

    /// A view by its own id or the app's external id.
    pub(super) fn find(&self, id: Option<&str>, external_id: Option<&str>) -> Option<&View> {
        match (id, external_id) {
            (Some(id), _) => self.open.get(id),
            (None, Some(external)) => self
                .open
                .values()
                .find(|view| view.external_id() == Some(external)),
            (None, None) => None,
        }
    }

    /// The modals that a person has open, the topmost last.
    pub(super) fn stack(&self, user: &str) -> impl DoubleEndedIterator<Item = &View> {
        let ids = self.stacks.get(user).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|id| self.open.get(id))
    }

    /// The modal that a person sees.
    pub(super) fn top(&self, user: &str) -> Option<&View> {
        self.stack(user).next_back()
    }

    pub(super) fn home(&self, user: &str) -> Option<&View> {
        self.homes.get(user).and_then(|id| self.open.get(id))
    }

    /// Closes all of a person's modals; the closed ones are returned, the topmost first.
    pub(super) fn clear(&mut self, user: &str) -> Vec<View> {
        let ids = self.stacks.remove(user).unwrap_or_default();
        ids.iter()
            .rev()
            .filter_map(|id| self.open.remove(id))
            .collect()
    }

    /// Closes the topmost modal.
    pub(super) fn pop(&mut self, user: &str) -> Option<View> {
        let stack = self.stacks.get_mut(user)?;
        let id = stack.pop()?;
        self.open.remove(&id)
    }

    fn taken(&self, external_id: Option<&str>, by_other_than: Option<&str>) -> bool {
        external_id.is_some_and(|external| {
            self.open.values().any(|view| {
                view.external_id() == Some(external) && Some(view.id.as_str()) != by_other_than
            })
        })
    }
}

/// Gives a view as the app sent it what Slack adds.
fn draw(state: &mut State, mut body: Value, before: &Values) -> (Value, Values, String) {
    let blocks = name_blocks(state, list(&body, "blocks"));
    let values = initial_values(&blocks, before);
    put(&mut body, "blocks", Some(blocks.into()));
    let hash = format!("{}.{}", state.clock.now().timestamp(), state.ids.token(8));
    (body, values, hash)
}

fn external_id(body: &Value) -> Option<&str> {
    text(body, "external_id").filter(|id| !id.is_empty())
}

/// Opens a modal as the only one of this person.
pub(super) fn open(state: &mut State, user: &str, body: Value) -> Result<Value, ViewFault> {
    if state.views.taken(external_id(&body), None) {
        return Err(ViewFault::DuplicateExternalId);
    }
    state.views.clear(user);
    Ok(add(state, user, body))
}

/// Puts a modal on top of those that this person has open.
pub(super) fn push(state: &mut State, user: &str, body: Value) -> Result<Value, ViewFault> {
    let depth = state.views.stack(user).count();
    if depth == 0 {
        return Err(ViewFault::NotFound);
    }
    if depth >= DEEPEST {
        return Err(ViewFault::PushLimitReached);
    }
    if state.views.taken(external_id(&body), None) {
        return Err(ViewFault::DuplicateExternalId);
    }
    Ok(add(state, user, body))
}

fn add(state: &mut State, user: &str, body: Value) -> Value {
    let (body, values, hash) = draw(state, body, &Values::new());
    let id = state.ids.object("V");
    let stack = state.views.stacks.entry(user.to_owned()).or_default();
    let root = stack.first().cloned().unwrap_or_else(|| id.clone());
    let previous = stack.last().cloned();
    stack.push(id.clone());
    let view = View {
        id: id.clone(),
        user: user.to_owned(),
        body,
        hash,
        values,
        root,
        previous,
    };
    let shown = view.to_json();
    state.views.open.insert(id, view);
    shown
}

/// Redraws a view in place. What was typed stays where block and action keep their names.
pub(super) fn update(
    state: &mut State,
    id: &str,
    body: Value,
    hash: Option<&str>,
) -> Result<Value, ViewFault> {
    let before = state.views.open.get(id).ok_or(ViewFault::NotFound)?;
    if hash.is_some_and(|hash| hash != before.hash) {
        return Err(ViewFault::HashConflict);
    }
    if state.views.taken(external_id(&body), Some(id)) {
        return Err(ViewFault::DuplicateExternalId);
    }
    let kept = before.values.clone();
    let (body, values, hash) = draw(state, body, &kept);
    let view = state.views.open.get_mut(id).ok_or(ViewFault::NotFound)?;
    view.body = body;
    view.values = values;
    view.hash = hash;
    Ok(view.to_json())
}

/// Puts a view on a person's Home tab.
pub(super) fn publish(
    state: &mut State,
    user: &str,
    body: Value,
    hash: Option<&str>,
) -> Result<Value, ViewFault> {
    if let Some(id) = state.views.homes.get(user).cloned() {
        return update(state, &id, body, hash);
    }
    if hash.is_some() {
        return Err(ViewFault::HashConflict);
    }
    let (body, values, hash) = draw(state, body, &Values::new());
    let id = state.ids.object("V");
    let view = View {
        id: id.clone(),
        user: user.to_owned(),
        body,
        hash,
        values,
        root: id.clone(),
        previous: None,
    };
    let shown = view.to_json();
    state.views.homes.insert(user.to_owned(), id.clone());
    state.views.open.insert(id, view);
    Ok(shown)
}
