//! Reading loose JSON without fear of what is missing.

use serde_json::{Map, Value};

/// JSON put away as text: a tree of it takes ten times the room, and logs and old versions are seldom looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packed(Box<str>);

impl Packed {
    pub(super) fn pack(value: &Value) -> Self {
        Self(value.to_string().into_boxed_str())
    }

    pub(super) fn unpack(&self) -> Value {
        // What was written as JSON reads as JSON.
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

/// The text under `key`.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// Whether `key` is literally `true`.
pub(super) fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// The array under `key`, empty if there is none.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The object, or an empty one if `value` is something else.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Puts `value` under `key` if there is one, as Slack leaves absent fields out.
pub(super) fn put(target: &mut Value, key: &str, value: Option<Value>) {
    if let (Some(map), Some(value)) = (target.as_object_mut(), value) {
        map.insert(key.to_owned(), value);
    }
}

/// Adds every field of `more` to `target`, over what stood there.
pub(super) fn merge(target: &mut Value, more: Value) {
    if let Some(map) = target.as_object_mut() {
        map.extend(object(more));
    }
}
