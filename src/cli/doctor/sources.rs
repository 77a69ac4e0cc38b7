//! What `doctor` checks of the sources of changes: that there is one, that those
//! that are asked answer, and that none has fallen silent. Asks them for nothing but
//! the name of what they are asked for.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Finding, count, few};
use crate::config::{self, Polled, Sources};
use crate::domain::deployment::SourceName;
use crate::intake::poll::{Asked, PollError, Watch};
use crate::intake::routes::Source;

/// A source that tells nothing for so long is taken for broken: nearly everybody
/// deploys something in two days.
const SILENCE: TimeDelta = TimeDelta::days(2);

type Heard = BTreeMap<SourceName, DateTime<Utc>>;

/// Looks at the sources. `heard` is when each was heard from last, if there is a
/// register yet.
pub(super) async fn examine(
    sources: &Sources,
    heard: Option<&Heard>,
    now: DateTime<Utc>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let asked = [
        (Asked::Github, &sources.github),
        (Asked::Gitlab, &sources.gitlab),
    ];
    let mut names = Vec::new();
    for (asked, polled) in asked {
        if let Some(polled) = polled {
            names.push(asked.name());
            findings.extend(readable(asked, polled, now).await);
        }
    }
    let open = sources.keys.open();
    // A list names its sources itself, and comes when somebody sends one.
    let sending = open.iter().filter(|source| **source != Source::Changes);
    for source in sending {
        if !names.contains(&source.name()) {
            names.push(source.name());
        }
    }
    for name in &names {
        let has_door = open.iter().any(|source| source.name() == *name);
        findings.push(listened_to(name, has_door, heard, now));
    }
    if open.contains(&Source::Changes) {
        let found = "POST /hooks/changes takes in lists";
        findings.push(Finding::good(Source::Changes.name(), found));
    }
    for token in &sources.idle {
        findings.push(Finding::mind(
            "sources",
            format!("{token} is set, and nothing is named that it opens"),
            format!(
                "name what to ask in {} ({}), or leave the token out",
                config::FILE,
                if *token == "GITHUB_TOKEN" {
                    "[github] repositories"
                } else {
                    "[gitlab] projects"
                }
            ),
        ));
    }
    if names.is_empty() && !open.contains(&Source::Changes) {
        findings.push(none(heard));
    }
    findings
}

/// Nobody tells of changes: all of them are then emergencies, as far as is known.
fn none(heard: Option<&Heard>) -> Finding {
    const MEND: &str = "give a source its key or name what to ask, as the README says under \"Where changes come from\"";
    match heard.filter(|heard| !heard.is_empty()) {
        Some(heard) => Finding::mind(
            "sources",
            format!(
                "none is configured; only lists told of changes ({})",
                few(heard.keys().map(SourceName::as_str))
            ),
            MEND,
        ),
        None => Finding::mind(
            "sources",
            "none is configured, so the emergency rate is unknown",
            format!("{MEND}; or import lists with `breakglass import`"),
        ),
    }
}

/// Whether what is to be asked can be.
async fn readable(asked: Asked, polled: &Polled, now: DateTime<Utc>) -> Vec<Finding> {
    let name = asked.name();
    let watch = match Watch::of(asked, polled) {
        Ok(watch) => watch,
        Err(error) => {
            return vec![Finding::failed(name, &anyhow::Error::new(error))];
        }
    };
    let mut findings = Vec::new();
    let mut read = Vec::new();
    for path in &watch.paths {
        match watch.can_read(path, now).await {
            Ok(()) => read.push(path),
            Err(error) => findings.push(unreadable(asked, path, error)),
        }
    }
    if !read.is_empty() {
        let (one, several) = match asked {
            Asked::Github => ("repository", "repositories"),
            Asked::Gitlab => ("project", "projects"),
        };
        let found = format!(
            "{} can be read: {}",
            count(read.len(), one, several),
            few(read)
        );
        findings.insert(0, Finding::good(name, found));
    }
    findings
}

fn unreadable(asked: Asked, path: &str, error: PollError) -> Finding {
    let variable = asked.name().to_uppercase();
    let mend = match &error {
        PollError::Limited { .. } => {
            let found = format!("{path}: {error}");
            let mend = "the bot goes on by itself then";
            return Finding::mind(asked.name(), found, mend);
        }
        PollError::Token { .. } => format!("set it as {variable}_TOKEN"),
        PollError::NotFound => {
            format!(
                "correct it in {}, or let {variable}_TOKEN see it",
                Path::new(config::FILE).display()
            )
        }
        PollError::Status { .. } | PollError::Unreachable(_) => {
            format!("check the network, or {variable}_API_URL if you set it, and try again")
        }
        PollError::Malformed(_) | PollError::Address(_) => {
            format!("check {variable}_API_URL")
        }
    };
    let found = format!(
        "{path} can't be read: {}",
        super::super::one_line(&anyhow::Error::new(error))
    );
    Finding::bad(asked.name(), found, mend)
}

/// Whether a source was heard from lately.
fn listened_to(name: &str, has_door: bool, heard: Option<&Heard>, now: DateTime<Utc>) -> Finding {
    let check = Source::from_name(name).map_or("sources", Source::name);
    let Some(heard) = heard else {
        return Finding::good(check, "it is listened to as soon as the bot runs");
    };
    let mend = if has_door {
        format!(
            "see on its own page what became of its deliveries: POST /hooks/{name} has to be reachable from there, with the secret that the bot has"
        )
    } else {
        "see in the bot's log why it can't be asked, and that the bot runs".to_owned()
    };
    match heard.get(&SourceName::new(name)) {
        None => Finding::mind(check, "nothing was ever heard from it", mend),
        Some(at) => {
            let found = format!("heard from last on {}", at.format("%Y-%m-%d %H:%M UTC"));
            if now - *at > SILENCE {
                Finding::mind(check, format!("silent; {found}"), mend)
            } else {
                Finding::good(check, found)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_silent_after_two_days() {
        let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let after = |silence: TimeDelta| {
            let heard = BTreeMap::from([(SourceName::new("github"), now - silence)]);
            listened_to("github", true, Some(&heard), now).line()
        };
        let fresh = after(TimeDelta::days(2));
        assert!(fresh.starts_with("✓ github: heard from last on"), "{fresh}");
        let silent = after(TimeDelta::days(2) + TimeDelta::seconds(1));
        assert!(silent.starts_with("! github: silent; heard"), "{silent}");
        assert!(silent.contains("POST /hooks/github has to be reachable"));
        let never = listened_to("gitlab", false, Some(&BTreeMap::new()), now).line();
        assert!(never.starts_with("! gitlab: nothing was ever heard") && never.contains("log"));
        let new = listened_to("gitlab", true, None, now).line();
        assert!(new.starts_with('✓'), "{new}");
    }

    #[test]
    fn lists_alone_are_told_by_their_sources() {
        let at = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let heard = BTreeMap::from([(SourceName::new("ops"), at)]);
        assert!(
            none(Some(&heard))
                .line()
                .contains("only lists told of changes (ops)")
        );
        for unheard in [None, Some(&BTreeMap::new())] {
            assert!(
                none(unheard)
                    .line()
                    .contains("the emergency rate is unknown")
            );
        }
    }
}
