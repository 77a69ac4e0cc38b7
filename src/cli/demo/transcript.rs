//! A conversation as plain lines: who said what, when, with which buttons.

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono_tz::Tz;
use serde_json::Value;

/// The people, groups and channels of the sandbox by id, with the mark that Slack
/// shows before their names.
pub(super) type Handles = BTreeMap<String, String>;

/// Everything that has been seen of some conversations.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<(String, String), String>);

/// A message that is new, or shows something new.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct News {
    /// Slack's timestamp: the order in which things were said.
    pub(super) ts: String,
    /// Where.
    pub(super) place: String,
    /// In how many lines.
    pub(super) lines: Vec<String>,
    /// Whether it was said before and now says something else.
    pub(super) edited: bool,
}

impl Seen {
    /// Takes in what a conversation shows and returns what is new in it.
    pub(super) fn take(
        &mut self,
        place: &str,
        messages: &[Value],
        handles: &Handles,
        zone: Tz,
    ) -> Vec<News> {
        let mut news = Vec::new();
        for message in messages {
            self.take_one(place, "", message, handles, zone, &mut news);
            let thread = message.get("thread").and_then(Value::as_array);
            for reply in thread.into_iter().flatten() {
                self.take_one(place, "↳ ", reply, handles, zone, &mut news);
            }
        }
        news
    }

    fn take_one(
        &mut self,
        place: &str,
        indent: &str,
        message: &Value,
        handles: &Handles,
        zone: Tz,
        news: &mut Vec<News>,
    ) {
        let ts = text(message, "ts").to_owned();
        let lines = lines(message, handles, zone);
        let shown = lines.join("\n");
        let before = self.0.insert((place.to_owned(), ts.clone()), shown.clone());
        if before.as_ref() == Some(&shown) {
            return;
        }
        let clock = clock(&ts, "%a %H:%M", zone);
        let from = message
            .pointer("/from/handle")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let whispered = if message.get("ephemeral") == Some(&Value::Bool(true)) {
            " (only they see it)"
        } else {
            ""
        };
        let head = format!("{clock}  {place}  {indent}{from}{whispered}");
        news.push(News {
            ts,
            place: place.to_owned(),
            lines: std::iter::once(head).chain(lines).collect(),
            edited: before.is_some(),
        });
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn lines(message: &Value, handles: &Handles, zone: Tz) -> Vec<String> {
    let buttons: Vec<&str> = message
        .get("usable")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|one| one.get("label").and_then(Value::as_str))
        .collect();
    let words: Vec<&str> = message
        .get("words")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|words| !buttons.contains(words))
        .collect();
    let said = if words.is_empty() {
        vec![text(message, "text")]
    } else {
        words
    };
    let mut lines: Vec<String> = said
        .iter()
        .flat_map(|words| {
            readable(words, handles, zone)
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .filter(|line| !line.trim().is_empty())
        .collect();
    if !buttons.is_empty() {
        let row: Vec<String> = buttons.iter().map(|label| format!("[{label}]")).collect();
        lines.push(row.join(" "));
    }
    lines
}

/// Shows Slack's markup as Slack shows it: names, and times in the zone.
pub(super) fn readable(markup: &str, handles: &Handles, zone: Tz) -> String {
    let mut out = String::new();
    let mut rest = markup;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let Some((token, after)) = after.split_once('>') else {
            out.push('<');
            rest = after;
            break;
        };
        out.push_str(&shown(token, handles, zone));
        rest = after;
    }
    out.push_str(rest);
    out.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

fn shown(token: &str, handles: &Handles, zone: Tz) -> String {
    if let Some(date) = token.strip_prefix("!date^") {
        let mut parts = date.splitn(3, '^');
        let (unix, format) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        let format = if format.contains("date") {
            "%a %H:%M"
        } else {
            "%H:%M"
        };
        return clock(unix, format, zone);
    }
    let (name, label) = token
        .split_once('|')
        .map_or((token, None), |(n, l)| (n, Some(l)));
    let id = name
        .trim_start_matches(['@', '#'])
        .trim_start_matches("!subteam^");
    match (handles.get(id), label) {
        (Some(shown), _) => shown.clone(),
        (None, Some(label)) => label.to_owned(),
        (None, None) => name.to_owned(),
    }
}

fn clock(unix: &str, format: &str, zone: Tz) -> String {
    unix.split('.')
        .next()
        .and_then(|seconds| seconds.parse().ok())
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .map_or_else(
            || unix.to_owned(),
            |at| at.with_timezone(&zone).format(format).to_string(),
        )
}
