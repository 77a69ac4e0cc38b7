//! How the sources write things: what they have in common.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::Value;

use super::{Draw, Refused};
use crate::domain::deployment::{self, ChangeKind, Mark};
use crate::domain::id::ChangeNumber;
use crate::domain::text::Text;

/// The longest title that is kept, in characters: more is no title.
const LONGEST_TITLE: usize = 1_000;

/// A part of a payload. What isn't there, is null or is empty is nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payload<'a>(&'a Value);

/// Stands for what isn't there.
const NOTHING: &Value = &Value::Null;

impl<'a> Payload<'a> {
    pub(super) fn new(value: &'a Value) -> Self {
        Self(value)
    }

    /// Returns the part at a place such as `/repository/name`.
    pub(super) fn at(self, place: &str) -> Self {
        Self(self.0.pointer(place).unwrap_or(NOTHING))
    }

    pub(super) fn is_there(self) -> bool {
        !self.0.is_null()
    }

    pub(super) fn text(self, place: &str) -> Option<&'a str> {
        let text = self.at(place).0.as_str()?;
        (!text.trim().is_empty()).then_some(text)
    }

    pub(super) fn is(self, place: &str) -> bool {
        self.at(place).0.as_bool().unwrap_or(false)
    }

    pub(super) fn number(self, place: &str) -> Option<u64> {
        self.at(place).0.as_u64()
    }

    pub(super) fn items(self, place: &str) -> impl Iterator<Item = Payload<'a>> {
        let list = self.at(place).0.as_array();
        list.into_iter().flatten().map(Payload)
    }

    /// Returns what is kept of an identifier, which may be written as a number.
    pub(super) fn identifier(self, place: &str) -> Option<String> {
        match self.at(place).0 {
            Value::String(text) => deployment::identifier(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    pub(super) fn commit(self, place: &str) -> Option<String> {
        deployment::commit(self.text(place)?)
    }

    pub(super) fn instant(self, place: &str) -> Option<DateTime<Utc>> {
        match self.at(place).0 {
            Value::String(text) => instant(text),
            Value::Number(number) => epoch(number.as_i64()?),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

/// Reads a payload.
pub(super) fn parse(body: &[u8]) -> Result<Value, Refused> {
    serde_json::from_slice(body).map_err(|_| Refused::NotJson)
}

/// Reads an instant as one of the sources writes it.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.to_utc());
    }
    // GitLab: `2021-04-28 21:50:00 +0200` and `2017-12-10 17:08:07 UTC`;
    // Bitbucket Data Center: `2018-07-05T19:33:20+0000`.
    for form in ["%Y-%m-%d %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%.f%z"] {
        if let Ok(instant) = DateTime::parse_from_str(text, form) {
            return Some(instant.to_utc());
        }
    }
    let bare = text.strip_suffix("UTC")?.trim_end();
    NaiveDateTime::parse_from_str(bare, "%Y-%m-%d %H:%M:%S%.f")
        .ok()
        .map(|instant| instant.and_utc())
}

/// From here on a count since 1970 can only be of milliseconds: as seconds it
/// would lie beyond the year 5000.
const MILLISECONDS: i64 = 100_000_000_000;

fn epoch(count: i64) -> Option<DateTime<Utc>> {
    if count >= MILLISECONDS {
        DateTime::from_timestamp_millis(count)
    } else {
        DateTime::from_timestamp(count, 0)
    }
}

/// Returns what was written as a text with a salt of its own; the first line of
/// it, for a title.
pub(super) fn title(raw: Option<&str>, draw: Draw<'_>) -> Result<Option<Text>, Refused> {
    let Some(line) = raw.and_then(|raw| raw.trim().lines().next()) else {
        return Ok(None);
    };
    text(line, LONGEST_TITLE, draw)
}

/// Returns what was written as a text with a salt of its own.
pub(super) fn text(raw: &str, longest: usize, draw: Draw<'_>) -> Result<Option<Text>, Refused> {
    let raw = raw.trim();
    if raw.is_empty() {
        return Ok(None);
    }
    let end = raw.char_indices().nth(longest).map(|(at, _)| at);
    let kept = end.and_then(|end| raw.get(..end)).unwrap_or(raw);
    Ok(Some(Text::new(kept, draw()?)))
}

/// Returns an e-mail address by which somebody may be found, and none of those
/// that stand in for a hidden one.
pub(super) fn email(raw: &str) -> Option<String> {
    let raw = raw.trim().to_lowercase();
    let (name, host) = raw.split_once('@')?;
    let stands_in = name.is_empty()
        || !host.contains('.')
        || host.starts_with("users.noreply.")
        || name == "noreply"
        || name == "no-reply"
        || raw.contains(char::is_whitespace);
    if stands_in {
        return None;
    }
    deployment::identifier(&raw)
}

/// Returns the first emergency change that one of the texts names: branch, title or
/// a commit's message. A description is left out, because it mentions what a change
/// is about as often as what it is.
pub(super) fn reference(texts: &[Option<&str>]) -> Option<ChangeNumber> {
    texts
        .iter()
        .flatten()
        .find_map(|text| deployment::reference(text))
}

/// Returns what branch and title say of themselves.
pub(super) fn marks(branch: Option<&str>, title: Option<&str>) -> BTreeSet<Mark> {
    let branch = branch.unwrap_or_default().to_lowercase();
    let branch = branch.strip_prefix("refs/heads/").unwrap_or(&branch);
    let title = title.unwrap_or_default().trim().to_lowercase();
    let mut marks = BTreeSet::new();
    if has_word(branch, "hotfix") || has_word(&title, "hotfix") {
        marks.insert(Mark::Hotfix);
    }
    if has_word(branch, "revert") || title.starts_with("revert ") || title.starts_with("revert:") {
        marks.insert(Mark::Revert);
    }
    marks
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric())
        .any(|part| part == word)
}

/// Returns what sort of change it was: by the prefix of a title such as
/// `feat(auth): …`, else by the first label.
pub(super) fn change_type(title: Option<&str>, labels: &[&str]) -> Option<String> {
    let prefix = title.and_then(|title| {
        let (prefix, _) = title.split_once(':')?;
        let prefix = prefix.trim_end_matches('!');
        let bare = prefix.split('(').next()?.trim();
        let is_one = !bare.is_empty()
            && bare.len() <= 12
            && bare.bytes().all(|byte| byte.is_ascii_lowercase());
        is_one.then_some(bare)
    });
    prefix
        .or_else(|| labels.first().copied())
        .and_then(deployment::identifier)
}

/// Returns what kind of change the labels say that it was.
pub(super) fn kind(labels: &[&str]) -> Option<ChangeKind> {
    let of = |label: &&str| {
        let label = label.to_lowercase();
        let bare = label.replace([' ', '_', ':', '/'], "-");
        let bare = bare.strip_suffix("-change").unwrap_or(&bare);
        let bare = bare.strip_prefix("change-").unwrap_or(bare);
        ChangeKind::from_name(bare.trim_matches('-'))
    };
    // An emergency that is also called normal was one.
    labels.iter().filter_map(of).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_as_each_source_writes_it() {
        let noon = DateTime::from_timestamp(1_795_262_400, 0).unwrap();
        for text in [
            "2026-11-21T12:00:00Z",
            "2026-11-21T12:00:00.000Z",
            "2026-11-21T13:00:00+01:00",
            "2026-11-21 14:00:00 +0200",
            "2026-11-21 12:00:00 UTC",
            "2026-11-21T12:00:00+0000",
        ] {
            assert_eq!(instant(text), Some(noon), "{text}");
        }
        assert_eq!(epoch(1_795_262_400), Some(noon));
        assert_eq!(epoch(1_795_262_400_000), Some(noon));
        for text in ["2026-11-21 12:00:00", "yesterday", "", "UTC"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn branch_and_title_say_what_they_are() {
        let of = |branch: &str, title: &str| {
            let marks = marks(Some(branch), Some(title));
            (marks.contains(&Mark::Hotfix), marks.contains(&Mark::Revert))
        };
        assert_eq!(of("hotfix/waf", "WAF rule"), (true, false));
        assert_eq!(of("refs/heads/HOTFIX-1", ""), (true, false));
        assert_eq!(of("main", "[hotfix] WAF"), (true, false));
        assert_eq!(of("revert-12-main", "x"), (false, true));
        assert_eq!(of("main", "Revert \"Add a cache\""), (false, true));
        assert_eq!(
            of("hotfixes", "Reverting isn't this; revert is no word of it"),
            (false, false)
        );
    }

    #[test]
    fn a_hidden_address_finds_nobody() {
        for raw in [
            "[REDACTED]",
            "1+dana@users.noreply.github.com",
            "noreply@github.com",
            "gitlabdev@dv6700",
            "@x.y",
            "",
        ] {
            assert_eq!(email(raw), None, "{raw}");
        }
        assert_eq!(
            email(" Dana@Example.com ").as_deref(),
            Some("dana@example.com")
        );
    }

    #[test]
    fn labels_say_the_kind_and_a_prefix_the_type() {
        assert_eq!(
            kind(&["bug", "Standard Change"]),
            Some(ChangeKind::Standard)
        );
        assert_eq!(
            kind(&["change::normal", "emergency"]),
            Some(ChangeKind::Emergency)
        );
        assert_eq!(kind(&["bug"]), None);
        let of = |title| change_type(Some(title), &["backend"]);
        assert_eq!(of("feat(auth)!: passkeys").as_deref(), Some("feat"));
        assert_eq!(of("fix: typo").as_deref(), Some("fix"));
        assert_eq!(of("Fix a bug: here").as_deref(), Some("backend"));
        assert_eq!(change_type(None, &[]), None);
    }
}
