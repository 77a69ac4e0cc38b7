//! The arguments of a call, wherever they stood, and long answers in pages.
//! Reads shapes only; what an argument means is known to the method.

use axum::http::HeaderMap;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{Failure, Outcome};
use crate::sandbox::json::put;

/// The arguments of a call, wherever they stood.
#[derive(Debug, Clone, Default)]
pub(in crate::sandbox) struct Arguments {
    pub(super) given: Map<String, Value>,
}

impl Arguments {
    pub(super) fn read(
        query: Option<&str>,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Self, Failure> {
        let mut given = Map::new();
        let mut form = |bytes: &[u8]| {
            for (key, value) in form_urlencoded::parse(bytes) {
                given.insert(key.into_owned(), Value::String(value.into_owned()));
            }
        };
        form(query.unwrap_or_default().as_bytes());
        let content_type = headers
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if content_type.starts_with("application/json") {
            if !body.is_empty() {
                let parsed: Value =
                    serde_json::from_slice(body).map_err(|_| Failure::Named("invalid_json"))?;
                match parsed {
                    Value::Object(map) => given.extend(map),
                    _ => return Err(Failure::Named("json_not_object")),
                }
            }
        } else if content_type.starts_with("application/x-www-form-urlencoded")
            || content_type.is_empty()
        {
            form(body);
        } else if !body.is_empty() {
            return Err(Failure::Named("invalid_post_type"));
        }
        Ok(Self { given })
    }

    /// A text argument; numbers given as such are taken too.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        match self.given.get(key)? {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub(super) fn required(&self, key: &str) -> Result<String, Failure> {
        self.text(key).ok_or(Failure::Named("invalid_arguments"))
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        match self.given.get(key) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "true" || text == "1",
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            _ => false,
        }
    }

    pub(super) fn number(&self, key: &str) -> Option<i64> {
        self.text(key).and_then(|text| text.parse().ok())
    }

    /// A structured argument: JSON itself in a JSON body, JSON as text in a form.
    pub(super) fn json(&self, key: &str) -> Result<Option<Value>, ()> {
        match self.given.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|_| ()),
            Some(other) => Ok(Some(other.clone())),
        }
    }

    /// A structured argument that must be a list if it is there.
    pub(super) fn list(&self, key: &str, malformed: &'static str) -> Result<Vec<Value>, Failure> {
        match self.json(key) {
            Ok(None) => Ok(Vec::new()),
            Ok(Some(Value::Array(items))) => Ok(items),
            Ok(Some(_)) | Err(()) => Err(Failure::Named(malformed)),
        }
    }

    /// For the log: everything but the token.
    pub(super) fn logged(&self) -> Value {
        let mut given = self.given.clone();
        given.remove("token");
        Value::Object(given)
    }
}

/// One page of a long list, as Slack's cursors cut it.
pub(super) fn page(items: Vec<Value>, arguments: &Arguments, default: usize, key: &str) -> Outcome {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let from = match arguments.text("cursor") {
        None => 0,
        Some(cursor) => STANDARD
            .decode(cursor)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| {
                text.strip_prefix("offset:")
                    .and_then(|offset| offset.parse::<usize>().ok())
            })
            .ok_or(Failure::Named("invalid_cursor"))?,
    };
    let limit = match arguments.number("limit") {
        None | Some(0) => default,
        Some(limit) => usize::try_from(limit)
            .ok()
            .filter(|limit| *limit <= 1000)
            .ok_or(Failure::Named("invalid_limit"))?,
    };
    let n = items.len();
    let page: Vec<_> = items.into_iter().skip(from).take(limit).collect();
    let end = from + page.len();
    let next = if end < n {
        STANDARD.encode(format!("offset:{end}"))
    } else {
        String::new()
    };
    let mut answer = json!({"response_metadata": {"next_cursor": next}});
    put(&mut answer, key, Some(page.into()));
    Ok(answer)
}
