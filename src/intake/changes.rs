//! `POST /hooks/changes`: our own form, one JSON object or an array of them.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::row::{Column, Row, RowFault};
use super::{Draw, Refused, payload};
use crate::domain::deployment::Deployment;

/// What this door is called; the changes name their sources themselves.
pub const SOURCE: &str = "changes";

/// The header by which `breakglass import` says that somebody hands a list in: its
/// sources don't speak by it.
pub const LIST: &str = "breakglass-list";

/// How many changes one request may tell of: one commit takes them all in, and
/// others wait for it.
pub const LARGEST_BATCH: usize = 1_000;

/// Reads what was sent: each change, or why it can't be counted, in order.
pub fn read(
    body: &[u8],
    draw: Draw<'_>,
    received_at: DateTime<Utc>,
) -> Result<Vec<Result<Deployment, RowFault>>, Refused> {
    let value = payload::parse(body)?;
    let one = |value: &Value| object(value, draw, received_at);
    match &value {
        Value::Array(many) if many.len() > LARGEST_BATCH => Err(Refused::TooMany),
        Value::Array(many) => Ok(many.iter().map(one).collect()),
        Value::Object(_) => Ok(vec![one(&value)]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(Refused::NotAChange)
        }
    }
}

fn object(value: &Value, draw: Draw<'_>, now: DateTime<Utc>) -> Result<Deployment, RowFault> {
    let fields = value.as_object().ok_or(RowFault::NotAnObject)?;
    let mut row = Row::default();
    for (name, value) in fields {
        let Some(column) = Column::from_name(name) else {
            continue;
        };
        let text = match value {
            Value::Null => continue,
            Value::String(text) => Cow::Borrowed(text.as_str()),
            Value::Number(number) => Cow::Owned(number.to_string()),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                return Err(RowFault::Form(column));
            }
        };
        row.set(column, text);
    }
    row.deployment(draw, now)
}
