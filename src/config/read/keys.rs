//! The keys of the file, and what is said of one that isn't among them.

use super::super::fault::Wrong;
use super::super::value::nearest;
use crate::domain::policy::{Role, Term};

/// The keys of a table, and where in the file it stands.
pub(super) struct Keys {
    place: &'static str,
    keys: Vec<&'static str>,
}

/// The keys before the first table.
pub(super) fn of_file() -> Keys {
    Keys {
        place: "at the head of the file",
        keys: vec!["database", "listen", "slack_api_url", "policy"],
    }
}

/// The keys of the policy: the roles, and the rest.
pub(super) fn of_policy() -> Keys {
    let rest = [
        "escalation",
        "report_channel",
        "incident_channels",
        "emoji",
        "zone",
        "systems",
        "frameworks",
        "guideline",
        "due",
        "category",
    ];
    let roles = Role::ALL.iter().map(|role| role.name());
    Keys {
        place: "in [policy]",
        keys: roles.chain(rest).collect(),
    }
}

/// The keys of a category.
pub(super) fn of_category() -> Keys {
    Keys {
        place: "in [[policy.category]]",
        keys: vec!["id", "label", "risk", "testing", "approval"],
    }
}

/// The keys of the due times are the terms.
pub(super) fn of_due() -> Keys {
    Keys {
        place: "in [policy.due]",
        keys: Term::ALL.iter().map(|term| term.name()).collect(),
    }
}

fn all() -> [Keys; 4] {
    [of_file(), of_policy(), of_due(), of_category()]
}

/// Says what is wrong with a key that `table` doesn't have.
pub(super) fn unknown(key: &str, table: &Keys) -> Wrong {
    let what = format!("unknown key `{key}` {}", table.place);
    let home = all().into_iter().find(|other| other.keys.contains(&key));
    let mend = if is_for_secrets(key) {
        "no secret stands in this file; set SLACK_BOT_TOKEN, SLACK_APP_TOKEN or SLACK_SIGNING_SECRET in the environment".to_owned()
    } else if let Some(home) = home {
        format!("it belongs {}; move it there", home.place)
    } else {
        other_word(key, &table.keys)
    };
    Wrong::new(what, mend)
}

/// Whether a key of this name would hold a secret.
fn is_for_secrets(key: &str) -> bool {
    let key = key.to_lowercase();
    ["token", "secret", "password", "api_key"]
        .iter()
        .any(|word| key.contains(word))
}

/// The key of the line on which a byte stands; nothing where the line goes on
/// with a value of the line before.
pub(super) fn key_on_line(text: &str, at: usize) -> Option<&str> {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let begin = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(begin..).unwrap_or_default().lines().next()?;
    let (key, _) = line.split_once(['=', ':'])?;
    Some(key.trim().rsplit('.').next().unwrap_or(key))
}

/// Whether what stands beside this key may be shown.
pub(super) fn is_known(key: Option<&str>) -> bool {
    key.is_none_or(|key| {
        let key = key.trim_matches(['"', '\'']);
        all().iter().any(|table| table.keys.contains(&key))
    })
}

pub(super) fn ticked<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.into_iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

/// Proposes the word that was meant, or tells those that are known.
pub(super) fn other_word(word: &str, known: &[&str]) -> String {
    nearest(word, known.iter().copied()).map_or_else(
        || format!("write one of {}", ticked(known.iter().copied())),
        |meant| format!("did you mean `{meant}`?"),
    )
}
