//! The keys of the file, and what is said of one that isn't among them.

use super::super::fault::Wrong;
use super::super::value::nearest;
use crate::domain::policy::{Counting, Role, Term};

/// The keys of a table, and where in the file it stands.
pub(super) struct Keys {
    place: &'static str,
    known: Vec<&'static str>,
    /// The secrets that somebody may look for a place for here.
    secrets: &'static str,
}

const OF_SLACK: &str = "SLACK_BOT_TOKEN, SLACK_APP_TOKEN or SLACK_SIGNING_SECRET";

/// The keys before the first table.
pub(super) fn of_file() -> Keys {
    Keys {
        place: "at the head of the file",
        secrets: OF_SLACK,
        known: vec![
            "database",
            "listen",
            "metrics_listen",
            "slack_api_url",
            "github",
            "gitlab",
            "evidence",
            "slack",
            "backup",
            "policy",
        ],
    }
}

/// The keys of the policy: the roles, and the rest.
pub(super) fn of_policy() -> Keys {
    let rest = [
        "escalation",
        "report_channel",
        "report_at",
        "undeclared",
        "incident_channels",
        "emoji",
        "keep_texts",
        "zone",
        "systems",
        "frameworks",
        "guideline",
        "production",
        "jobs",
        "branches",
        "standard_changes",
        "counts",
        "teams",
        "due",
        "category",
    ];
    let roles = Role::ALL.iter().map(|role| role.name());
    Keys {
        place: "in [policy]",
        secrets: OF_SLACK,
        known: roles.chain(rest).collect(),
    }
}

/// The keys of a category.
pub(super) fn of_category() -> Keys {
    Keys {
        place: "in [[policy.category]]",
        secrets: OF_SLACK,
        known: vec!["id", "label", "risk", "testing", "approval"],
    }
}

/// The keys of the due times are the terms.
pub(super) fn of_due() -> Keys {
    Keys {
        place: "in [policy.due]",
        secrets: OF_SLACK,
        known: Term::ALL.iter().map(|term| term.name()).collect(),
    }
}

/// The keys of what counts are the sources.
pub(super) fn of_counts() -> Keys {
    Keys {
        place: "in [policy.counts]",
        secrets: OF_SLACK,
        known: Counting::USUAL.iter().map(|(name, _)| *name).collect(),
    }
}

/// The keys of GitHub, as it is polled.
pub(super) fn of_github() -> Keys {
    Keys {
        place: "in [github]",
        secrets: "GITHUB_TOKEN, or GITHUB_WEBHOOK_SECRET,",
        known: vec!["repositories", "api_url"],
    }
}

/// The keys of GitLab, as it is polled.
pub(super) fn of_gitlab() -> Keys {
    Keys {
        place: "in [gitlab]",
        secrets: "GITLAB_TOKEN, or GITLAB_WEBHOOK_TOKEN,",
        known: vec!["projects", "api_url"],
    }
}

/// The keys of what proves the record.
pub(super) fn of_evidence() -> Keys {
    Keys {
        place: "in [evidence]",
        secrets: OF_SLACK,
        known: vec!["witness_url"],
    }
}

/// The keys of where Slack's secrets are.
pub(super) fn of_slack() -> Keys {
    Keys {
        place: "in [slack]",
        secrets: OF_SLACK,
        known: vec!["bot_token_file", "app_token_file", "signing_secret_file"],
    }
}

/// The keys of the nightly backups.
pub(super) fn of_backup() -> Keys {
    Keys {
        place: "in [backup]",
        secrets: OF_SLACK,
        known: vec!["folder", "keep"],
    }
}

fn all() -> [Keys; 10] {
    [
        of_slack(),
        of_evidence(),
        of_backup(),
        of_file(),
        of_policy(),
        of_due(),
        of_counts(),
        of_category(),
        of_github(),
        of_gitlab(),
    ]
}

/// Says what is wrong with a key that `table` doesn't have.
pub(super) fn unknown(key: &str, table: &Keys) -> Wrong {
    let what = format!("unknown key `{key}` {}", table.place);
    let home = all().into_iter().find(|other| other.known.contains(&key));
    let mend = if is_for_secrets(key) {
        format!(
            "no secret stands in this file; set {} in the environment",
            table.secrets
        )
    } else if let Some(home) = home {
        format!("it belongs {}; move it there", home.place)
    } else {
        other_word(key, &table.known)
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

/// Whether what stands on the line of the byte `at` behind its key may be
/// shown: nothing of what we didn't ask for, which may be a secret.
pub(super) fn may_be_shown(text: &str, at: usize) -> bool {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let begin = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(begin..).unwrap_or_default();
    let line = line.lines().next().unwrap_or_default();
    if is_for_secrets(line) {
        return false;
    }
    let Some((key, _)) = line.split_once(['=', ':']) else {
        return true;
    };
    // A value that goes on from the line before begins otherwise than a key.
    if key.contains(['[', '{', ',', '#']) {
        return true;
    }
    let key = key.rsplit('.').next().unwrap_or(key);
    let key = key.trim().trim_matches(['"', '\'']);
    all().iter().any(|table| table.known.contains(&key))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_is_shown() {
        for shown in [
            "zone = \"Berlin\"",
            "policy.zone = 1",
            "[policy]",
            "  \"U0123ABCD\", # lead: Morgan",
            "ticket = \"24\"",
        ] {
            assert!(may_be_shown(shown, 0), "{shown}");
        }
        for hidden in [
            "pass = \"hunter2\"",
            "password: hunter2",
            "policy = { approvers = [], bot_token = \"hunter2\" }",
            "\"key\" = hunter2",
        ] {
            assert!(!may_be_shown(hidden, 0), "{hidden}");
        }
    }

    #[test]
    fn a_key_is_known_in_the_table_that_it_is_read_in() {
        let terms = of_due().known;
        assert!(terms.contains(&"ticket") && terms.len() == Term::ALL.len());
        let said = |key: &str, table: &Keys| unknown(key, table).mend;
        assert_eq!(
            said("zone", &of_due()),
            "it belongs in [policy]; move it there"
        );
        assert_eq!(
            said("ticket", &of_policy()),
            "it belongs in [policy.due]; move it there"
        );
        assert_eq!(said("lable", &of_category()), "did you mean `label`?");
        assert!(said("SLACK_APP_TOKEN", &of_file()).contains("in the environment"));
    }
}
