//! The interactive elements of Block Kit: where they stand, what state they keep, what a person may choose in them.
//! Pure; whether an element is well-formed was checked by `blocks`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::json::{list, put, text};

/// The state of a message's or view's elements: by block, then by action.
pub(super) type Values = BTreeMap<(String, String), Value>;

const STATEFUL: [&str; 22] = [
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "rich_text_input",
    "static_select",
    "external_select",
    "users_select",
    "conversations_select",
    "channels_select",
    "multi_static_select",
    "multi_external_select",
    "multi_users_select",
    "multi_conversations_select",
    "multi_channels_select",
    "radio_buttons",
    "checkboxes",
    "datepicker",
    "timepicker",
    "datetimepicker",
    "file_input",
    "feedback_buttons",
];

/// Whether a person can do something with it.
pub(super) fn is_interactive(element: &Value) -> bool {
    text(element, "type").is_some_and(|kind| {
        STATEFUL.contains(&kind)
            || ["button", "overflow", "workflow_button", "icon_button"].contains(&kind)
    })
}

fn is_stateful(element: &Value) -> bool {
    text(element, "type").is_some_and(|kind| STATEFUL.contains(&kind))
}

/// Every element of these blocks that a person can do something with, and the block in which it stands.
pub(super) fn elements(blocks: &[Value]) -> impl Iterator<Item = (&Value, &Value)> {
    blocks.iter().flat_map(|block| {
        let singles = ["element", "accessory"]
            .into_iter()
            .filter_map(|place| block.get(place));
        singles
            .chain(list(block, "elements"))
            .filter(|element| is_interactive(element))
            .map(move |element| (block, element))
    })
}

/// The key under which the state of an element is kept.
pub(super) fn key(block: &Value, element: &Value) -> (String, String) {
    let named = |value, key| text(value, key).unwrap_or_default().to_owned();
    (named(block, "block_id"), named(element, "action_id"))
}

/// The field in which an element's state holds what was chosen.
fn state_field(kind: &str) -> &'static str {
    match kind {
        "static_select" | "external_select" | "radio_buttons" | "overflow" => "selected_option",
        "multi_static_select" | "multi_external_select" | "checkboxes" => "selected_options",
        "users_select" => "selected_user",
        "multi_users_select" => "selected_users",
        "conversations_select" => "selected_conversation",
        "multi_conversations_select" => "selected_conversations",
        "channels_select" => "selected_channel",
        "multi_channels_select" => "selected_channels",
        "datepicker" => "selected_date",
        "timepicker" => "selected_time",
        "datetimepicker" => "selected_date_time",
        "rich_text_input" => "rich_text_value",
        "file_input" => "files",
        _ => "value",
    }
}

/// The field in which an element says what it holds at the beginning.
fn initial_field(kind: &str) -> &'static str {
    match kind {
        "static_select" | "external_select" | "radio_buttons" => "initial_option",
        "multi_static_select" | "multi_external_select" | "checkboxes" => "initial_options",
        "users_select" => "initial_user",
        "multi_users_select" => "initial_users",
        "conversations_select" => "initial_conversation",
        "multi_conversations_select" => "initial_conversations",
        "channels_select" => "initial_channel",
        "multi_channels_select" => "initial_channels",
        "datepicker" => "initial_date",
        "timepicker" => "initial_time",
        "datetimepicker" => "initial_date_time",
        _ => "initial_value",
    }
}

/// Whether the element holds a list, which is empty rather than null when nothing is chosen.
fn holds_list(kind: &str) -> bool {
    kind.starts_with("multi_") || kind == "checkboxes" || kind == "file_input"
}

/// An element's state when it holds `chosen`, or nothing.
fn holding(element: &Value, chosen: Option<Value>) -> Value {
    let kind = text(element, "type").unwrap_or_default();
    let nothing = if holds_list(kind) {
        json!([])
    } else {
        Value::Null
    };
    let mut state = json!({"type": kind});
    put(
        &mut state,
        state_field(kind),
        Some(chosen.unwrap_or(nothing)),
    );
    state
}

/// The state at the beginning; what stood in `before` under the same names is kept, as a redrawn modal keeps it.
pub(super) fn initial_values(blocks: &[Value], before: &Values) -> Values {
    elements(blocks)
        .filter(|(_, element)| is_stateful(element))
        .map(|(block, element)| {
            let key = key(block, element);
            let kind = text(element, "type").unwrap_or_default();
            let kept = before
                .get(&key)
                .filter(|state| text(state, "type") == Some(kind))
                .cloned();
            let state =
                kept.unwrap_or_else(|| holding(element, element.get(initial_field(kind)).cloned()));
            (key, state)
        })
        .collect()
}

/// The state as payloads carry it under `state.values`.
pub(super) fn values_json(values: &Values) -> Value {
    let mut blocks: Map<String, Value> = Map::new();
    for ((block, action), state) in values {
        let entry = blocks.entry(block.clone()).or_insert_with(|| json!({}));
        put(entry, action, Some(state.clone()));
    }
    Value::Object(blocks)
}

/// Why a person cannot choose that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unchoosable {
    /// The element offers no such option.
    #[error("there is no such option")]
    NoSuchOption,
    /// The element takes text, or a list, or a number of seconds, and was given something else.
    #[error("that is not what this kind of element holds")]
    WrongKind,
}

/// The options of an element, grouped or not.
fn options(element: &Value) -> impl Iterator<Item = &Value> {
    let grouped = list(element, "option_groups")
        .iter()
        .flat_map(|group| list(group, "options"));
    list(element, "options").iter().chain(grouped)
}

fn option(element: &Value, wanted: &Value) -> Result<Value, Unchoosable> {
    let wanted = wanted
        .as_str()
        .or_else(|| text(wanted, "value"))
        .ok_or(Unchoosable::WrongKind)?;
    // An external select has its options from the app, so the person's choice is taken as given.
    if text(element, "type").is_some_and(|kind| kind.contains("external")) {
        return Ok(
            json!({"text": {"type": "plain_text", "text": wanted, "emoji": true}, "value": wanted}),
        );
    }
    options(element)
        .find(|option| text(option, "value") == Some(wanted))
        .cloned()
        .ok_or(Unchoosable::NoSuchOption)
}

/// An element's state after a person chose or typed `input`; null empties it.
pub(super) fn chosen(element: &Value, input: &Value) -> Result<Value, Unchoosable> {
    let kind = text(element, "type").unwrap_or_default();
    if input.is_null() {
        return Ok(holding(element, None));
    }
    let held = match state_field(kind) {
        "selected_option" => option(element, input)?,
        "selected_options" => {
            let wanted = input.as_array().ok_or(Unchoosable::WrongKind)?;
            wanted
                .iter()
                .map(|wanted| option(element, wanted))
                .collect::<Result<Vec<_>, _>>()?
                .into()
        }
        "selected_users" | "selected_conversations" | "selected_channels" | "files" => input
            .as_array()
            .cloned()
            .map(Value::from)
            .ok_or(Unchoosable::WrongKind)?,
        "selected_date_time" => input
            .as_i64()
            .map(Value::from)
            .ok_or(Unchoosable::WrongKind)?,
        "rich_text_value" => input
            .is_object()
            .then(|| input.clone())
            .ok_or(Unchoosable::WrongKind)?,
        _ => match input {
            Value::String(typed) if typed.is_empty() => Value::Null,
            Value::String(typed) => typed.as_str().into(),
            Value::Number(number) => number.to_string().into(),
            _ => return Err(Unchoosable::WrongKind),
        },
    };
    Ok(holding(element, Some(held)))
}

/// What an element's state holds, if anything.
fn held(state: &Value) -> Option<&Value> {
    let field = state_field(text(state, "type").unwrap_or_default());
    state
        .get(field)
        .filter(|held| !held.is_null() && held.as_array().is_none_or(|held| !held.is_empty()))
}

/// What Slack's client says about a field before it lets a modal go, if it says anything.
pub(super) fn complaint(block: &Value, element: &Value, state: &Value) -> Option<String> {
    let optional = super::json::flag(block, "optional");
    let Some(held) = held(state) else {
        return (!optional).then(|| "Please complete this required field.".to_owned());
    };
    let number = |key| element.get(key).and_then(Value::as_u64);
    let Some(typed) = held.as_str() else {
        let most = number("max_selected_items").or_else(|| number("max_files"));
        let n = held.as_array().map_or(0, Vec::len) as u64;
        return most
            .filter(|most| n > *most)
            .map(|most| format!("Please select at most {most}."));
    };
    let n = typed.chars().count() as u64;
    match text(element, "type").unwrap_or_default() {
        "plain_text_input" => {
            if let Some(least) = number("min_length").filter(|least| n < *least) {
                return Some(format!("Must be at least {least} characters."));
            }
            // An input without a limit of its own takes 3,000 characters.
            let most = number("max_length").unwrap_or(3000);
            (n > most).then(|| format!("Must be at most {most} characters."))
        }
        "email_text_input" => {
            (!looks_like_email(typed)).then(|| "Please enter a valid email address.".to_owned())
        }
        "url_text_input" => {
            let ok = ["http://", "https://"]
                .iter()
                .any(|scheme| typed.starts_with(scheme));
            (!ok).then(|| "Please enter a valid URL.".to_owned())
        }
        "number_input" => number_complaint(element, typed),
        _ => None,
    }
}

fn looks_like_email(typed: &str) -> bool {
    typed.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !typed.contains(char::is_whitespace)
    })
}

fn number_complaint(element: &Value, typed: &str) -> Option<String> {
    let bound = |key| text(element, key).and_then(|bound| bound.parse::<f64>().ok());
    let Ok(number) = typed.parse::<f64>() else {
        return Some("Please enter a number.".to_owned());
    };
    if !super::json::flag(element, "is_decimal_allowed") && typed.contains('.') {
        return Some("Please enter a whole number.".to_owned());
    }
    if bound("min_value").is_some_and(|least| number < least)
        || bound("max_value").is_some_and(|most| number > most)
    {
        return Some("That number is out of range.".to_owned());
    }
    None
}

/// What an action in `block_actions` says of the element that was used.
pub(super) fn action(
    block: &Value,
    element: &Value,
    state: Option<&Value>,
    action_ts: &str,
) -> Value {
    let mut action = json!({
        "type": text(element, "type"),
        "action_id": text(element, "action_id"),
        "block_id": text(block, "block_id"),
        "action_ts": action_ts,
    });
    for key in ["text", "value", "style", "placeholder", "initial_option"] {
        // A text input's `value` comes from its state, and a button's from its definition.
        put(&mut action, key, element.get(key).cloned());
    }
    if let Some(state) = state {
        super::json::merge(&mut action, state.clone());
    }
    action
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select() -> Value {
        json!({"type": "static_select", "action_id": "a", "options": [
            {"text": {"type": "plain_text", "text": "One"}, "value": "1"}]})
    }

    #[test]
    fn a_choice_must_be_on_offer() {
        assert_eq!(
            chosen(&select(), &json!("1")).unwrap()["selected_option"]["value"],
            "1"
        );
        assert_eq!(
            chosen(&select(), &json!("2")),
            Err(Unchoosable::NoSuchOption)
        );
        assert_eq!(chosen(&select(), &json!(3)), Err(Unchoosable::WrongKind));
    }

    #[test]
    fn nothing_chosen_is_null_or_an_empty_list() {
        assert_eq!(
            holding(&select(), None),
            json!({"type": "static_select", "selected_option": null})
        );
        let boxes = json!({"type": "checkboxes"});
        assert_eq!(
            holding(&boxes, None),
            json!({"type": "checkboxes", "selected_options": []})
        );
    }

    #[test]
    fn a_redrawn_modal_keeps_what_was_typed_under_the_same_names() {
        let blocks = [json!({"type": "input", "block_id": "b", "element":
            {"type": "plain_text_input", "action_id": "a", "initial_value": "first"}})];
        let mut values = initial_values(&blocks, &Values::new());
        let key = ("b".to_owned(), "a".to_owned());
        assert_eq!(values[&key]["value"], "first");
        values.insert(
            key.clone(),
            json!({"type": "plain_text_input", "value": "typed"}),
        );
        assert_eq!(initial_values(&blocks, &values)[&key]["value"], "typed");
    }

    #[test]
    fn the_client_complains_about_what_is_missing_too_short_or_too_long() {
        let block = json!({"type": "input"});
        let element = json!({"type": "plain_text_input", "min_length": 3, "max_length": 5});
        let complain = |typed: &str| {
            let state = chosen(&element, &json!(typed)).unwrap();
            complaint(&block, &element, &state)
        };
        assert!(complain("").unwrap().contains("required"));
        assert!(complain("ab").unwrap().contains("at least 3"));
        assert!(complain("abcdef").unwrap().contains("at most 5"));
        assert_eq!(complain("abcd"), None);
        let optional = json!({"type": "input", "optional": true});
        assert_eq!(
            complaint(
                &optional,
                &element,
                &chosen(&element, &Value::Null).unwrap()
            ),
            None
        );
    }
}
