//! The auditor's questions: what was deployed, what wasn't approved in time, what wasn't
//! authorized before its deployment, and all that happened to a change.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::domain::deployment::ChangeKind;
use crate::evidence::pack::identity;
use crate::evidence::record::{Record, Who};
use crate::store::{Emergency, Moment, Place, StoreError};

/// How long after its deployment an emergency change is approved in time.
const IN_TIME: TimeDelta = TimeDelta::hours(24);

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Question {
    /// Everything that was deployed
    Deployed,
    /// The emergencies that weren't approved within 24 hours of their deployment
    Unapproved,
    /// The emergencies that nobody had authorized before their deployment
    UnauthorizedBeforeDeployment,
    /// All that happened to the changes named with --change, from the first message on
    History,
}

/// A line of an answer.
pub(super) struct Line {
    at: DateTime<Utc>,
    /// The change, or who did it.
    who: String,
    what: String,
    /// What else is to be known.
    more: String,
}

/// Answers a question about a period.
pub(super) fn answer(
    moment: &Moment<'_>,
    question: Question,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<Vec<Line>, StoreError> {
    let mut lines = Vec::new();
    for one in moment.emergencies_between(from, to, now)? {
        let more = match question {
            Question::Deployed => Some(format!("emergency, {}", one.stage.name())),
            Question::Unapproved => unapproved(&one, now),
            Question::UnauthorizedBeforeDeployment => unauthorized(&one),
            Question::History => None,
        };
        let Some(more) = more else { continue };
        let dossier = moment.dossier(one.number, u64::MAX)?;
        let text = match dossier {
            Some(dossier) => moment.text(dossier.change.what)?,
            None => None,
        };
        lines.push(Line {
            at: one.deployed_at,
            who: one.number.to_string(),
            what: text.map_or_else(|| "(redacted)".to_owned(), |text| text.body().to_owned()),
            more,
        });
    }
    if question == Question::Deployed {
        others(moment, from, to, &mut lines)?;
    }
    lines.sort_by(|a, b| (a.at, &a.who).cmp(&(b.at, &b.who)));
    Ok(lines)
}

fn unapproved(one: &Emergency, now: DateTime<Utc>) -> Option<String> {
    let due_at = one.deployed_at + IN_TIME;
    match one.approved_at {
        Some(at) if at <= due_at => None,
        Some(at) => Some(format!("approved {}", utc(at))),
        None if due_at > now => None,
        None => Some("not approved".to_owned()),
    }
}

fn unauthorized(one: &Emergency) -> Option<String> {
    match one.authorized_at {
        Some(at) if at <= one.deployed_at => None,
        Some(at) => Some(format!("authorized {}", utc(at))),
        None => Some("not authorized".to_owned()),
    }
}

/// The changes that sources told of.
fn others(
    moment: &Moment<'_>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    lines: &mut Vec<Line>,
) -> Result<(), StoreError> {
    let mut place = Some(Place::first(from, true));
    while let Some(here) = place {
        let (page, next) = moment.counted_changes(&here, to, u64::MAX)?;
        for one in page {
            let titles = one
                .tellings
                .iter()
                .rev()
                .filter_map(|one| one.told.title.as_ref());
            let title = titles.map(|title| title.body().to_owned()).next();
            lines.push(Line {
                at: one.at,
                who: identity(&one),
                what: title.unwrap_or_default(),
                more: match one.kind {
                    ChangeKind::Normal => "normal",
                    ChangeKind::Standard => "standard",
                    ChangeKind::Emergency => "emergency by its source's word",
                }
                .to_owned(),
            });
        }
        place = next;
    }
    Ok(())
}

/// All that happened to a change.
pub(super) fn history(record: &Record) -> Vec<Line> {
    let called = |who: &Who| match who {
        Who::Person(one) | Who::Group(one) => one.name.clone().unwrap_or_else(|| one.id.clone()),
        Who::Clock => "the clock".to_owned(),
        Who::Bot => "the bot".to_owned(),
    };
    record
        .timeline
        .iter()
        .map(|event| {
            let texts = event.texts.iter().map(|passage| {
                let words = passage.words.text.as_deref().unwrap_or("(redacted)");
                format!("{}: {words}", passage.label)
            });
            Line {
                at: event.at,
                who: called(&event.actor),
                what: event.event.words.clone(),
                more: texts.collect::<Vec<_>>().join("; "),
            }
        })
        .collect()
}

fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The lines as a table.
pub(super) fn in_words(lines: &[Line]) -> String {
    let width = lines.iter().map(|line| line.who.chars().count()).max();
    let width = width.unwrap_or_default();
    if lines.is_empty() {
        return "None.".to_owned();
    }
    let said: Vec<String> = lines
        .iter()
        .map(|line| {
            let mut said = format!("{}  {:<width$}  {}", utc(line.at), line.who, line.what);
            if !line.more.is_empty() {
                // Writing to a string can't fail.
                let _ = write!(said, "  [{}]", line.more);
            }
            // A terminal obeys what it prints.
            said.replace(char::is_control, " ")
        })
        .collect();
    said.join("\n")
}

/// The lines for programs.
pub(super) fn as_json(lines: &[Line]) -> Value {
    lines
        .iter()
        .map(|line| {
            json!({
                "at": line.at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
                "who": line.who,
                "what": line.what,
                "more": line.more,
            })
        })
        .collect()
}
