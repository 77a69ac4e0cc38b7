//! The rows of the sheets, in plain data, and how they come of records.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::deployment::ChangeKind;
use crate::domain::ticket::Field;
use crate::evidence::record::{Evidence, NormalRecord, Record, Value, Words, capitalised, utc};

/// A change of the log. What is nothing was not collected, or doesn't apply.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChangeRow {
    /// When it went to production; of one that never did, when it was asked for.
    pub at: DateTime<Utc>,
    /// What sort of change it was: the guide's *Type*.
    pub change_type: String,
    /// What was changed.
    pub description: String,
    /// Who approved it, and where that can be seen.
    pub approval: Option<String>,
    /// How it was tested, or where that can be seen.
    pub testing: Option<String>,
    /// Where the log of its deployment is.
    pub deploy_log: Option<String>,
    /// What came of it.
    pub outcome: Option<String>,
    /// What it is called.
    pub change: String,
    /// Emergency, normal or standard.
    pub kind: String,
    /// The systems that it touched.
    pub system: Option<String>,
    /// Who asked for it, or made it.
    pub made_by: Option<String>,
    /// Who deployed it.
    pub implemented_by: Option<String>,
    /// Who authorized it.
    pub authorized_by: Option<String>,
    /// When.
    pub authorized_at: Option<DateTime<Utc>>,
    /// How many minutes before the deployment that was; negative: after it.
    pub minutes_ahead: Option<f64>,
    /// Where its ticket stands.
    pub ticket: Option<String>,
    /// When the ticket was due.
    pub ticket_due_at: Option<DateTime<Utc>>,
    /// When it was complete.
    pub ticket_complete_at: Option<DateTime<Utc>>,
    /// Who decided on it afterwards.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// The controls that weren't met.
    pub exceptions: Option<String>,
    /// Which sources told of it.
    pub told_by: Option<String>,
    /// The hash of its commit.
    pub commit: Option<String>,
    /// Where it can be looked at.
    pub link: Option<String>,
    /// What the log holds of it: of an emergency the hash of its ticket, of a normal
    /// change that of its first telling.
    pub sha256: Option<String>,
}

/// An exception, with its answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExceptionRow {
    /// The change's number.
    pub change: String,
    /// When it was deployed.
    pub deployed_at: Option<DateTime<Utc>>,
    /// Which control wasn't met.
    pub exception: String,
    /// When that was recorded.
    pub recorded_at: DateTime<Utc>,
    /// By when it was to be answered.
    pub answer_due_at: Option<DateTime<Utc>>,
    /// When it was.
    pub answered_at: Option<DateTime<Utc>>,
    /// By whom.
    pub answered_by: Option<String>,
    /// Why it came to that.
    pub cause: Option<String>,
    /// What is done about it.
    pub remedy: Option<String>,
    /// By whom.
    pub owner: Option<String>,
    /// What the change was about.
    pub what: String,
}

/// A change that sources told of and that doesn't count by itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LeftOutRow {
    /// When it went to production, by its sources.
    pub at: DateTime<Utc>,
    /// What it would be called.
    pub change: String,
    /// What was changed.
    pub description: String,
    /// Which sources told of it.
    pub told_by: String,
    /// Why it was left out.
    pub because: String,
    /// The emergency change with which it is counted.
    pub counted_with: Option<String>,
    /// Who said so, where somebody was asked.
    pub said_by: Option<String>,
    /// When.
    pub said_at: Option<DateTime<Utc>>,
    /// Why they were asked.
    pub asked_because: Option<String>,
    /// What else is to be known.
    pub remark: Option<String>,
}

/// A week's rate.
#[derive(Debug, Clone, PartialEq)]
pub struct WeekRow {
    /// Since when.
    pub from: DateTime<Utc>,
    /// Until when.
    pub to: DateTime<Utc>,
    /// All changes that counted.
    pub n_changes: u64,
    /// The emergencies among them.
    pub n_emergencies: u64,
    /// The emergencies that were found not genuine.
    pub n_not_genuine: u64,
    /// The share that isn't to be exceeded, in thousandths.
    pub guideline: u16,
    /// Whether the week kept to it.
    pub is_within: bool,
    /// Between which shares the rate lies for 19 of 20.
    pub interval: Option<(f64, f64)>,
    /// Whether no source of changes had been heard from.
    pub is_unknown: bool,
    /// What else is to be known: what was reported then, and why that differs.
    pub remark: Option<String>,
}

/// How the population was obtained.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Population {
    /// What it is: period, counts, as of when, sampling, each under its name.
    pub facts: Vec<(String, Fact)>,
    /// The sources, and how much was heard from each.
    pub coverage: Vec<CoverageRow>,
    /// How it was asked for: the query, line by line.
    pub query: Vec<String>,
    /// How samples are drawn from it, line by line.
    pub recipe: Vec<String>,
    /// What the reader has to know: what isn't in it, and why.
    pub notes: Vec<String>,
}

/// A fact about the population.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// Words.
    Text(String),
    /// A count.
    Count(u64),
    /// An instant.
    Instant(DateTime<Utc>),
    /// A hash or another identifier.
    Hash(String),
}

/// How much was heard from a source in the period.
#[derive(Debug, Clone, PartialEq)]
pub struct CoverageRow {
    /// Which source.
    pub source: String,
    /// By what it counts.
    pub counts_by: String,
    /// How many changes it told of.
    pub n_told: u64,
    /// How many tellings were known already.
    pub n_duplicate: u64,
    /// How many were of no known kind.
    pub n_unknown: u64,
    /// How many were refused.
    pub n_refused: u64,
    /// When it was heard from first in the period.
    pub first_at: Option<DateTime<Utc>>,
    /// When it was last.
    pub last_at: Option<DateTime<Utc>>,
    /// Whether it fell silent, and what else is to be known.
    pub remark: Option<String>,
}

/// What somebody wrote, for a cell: the words, or that they are gone.
pub fn shown(words: &Words) -> String {
    match (&words.text, &words.redacted) {
        (Some(text), _) => text.clone(),
        (None, Some(removed)) => {
            let by = removed.by.name.as_ref().unwrap_or(&removed.by.id);
            let why = removed
                .why
                .as_ref()
                .map_or_else(String::new, |why| format!(": {why}"));
            format!("[{} by {by} on {}{why}]", removed.word(), utc(removed.at))
        }
        (None, None) => format!("[missing from the database: {}]", words.commitment),
    }
}

fn called(person: &crate::evidence::record::Person) -> String {
    person.name.as_ref().unwrap_or(&person.id).clone()
}

impl ChangeRow {
    /// Makes the row of an emergency change.
    pub fn of(record: &Record) -> Self {
        let said = |field: Field| match record.entry(field)?.value.as_ref()? {
            Value::Words(words) | Value::Links(words) => Some(shown(words)),
            Value::Choice(choice) => Some(choice.words.clone()),
            Value::Person(who) => Some(called(who)),
            Value::Instant { at } => Some(utc(*at)),
            Value::Systems { names } => Some(names.join(", ")),
        };
        let given = record.authorization.as_ref();
        let evidence = given.and_then(|given| match given.evidence.as_ref()? {
            Evidence::Words { message, .. } | Evidence::Emoji { message, .. } => {
                message.permalink.clone()
            }
            Evidence::Account { .. } => None,
        });
        let approval = record
            .decision
            .as_ref()
            .map(|decision| format!("{}: {}", record.number, decision.verdict.words));
        let deployed = record.deployments.iter().min_by_key(|one| one.at);
        let exceptions: Vec<&str> = record
            .exceptions
            .iter()
            .map(|one| one.exception.words.as_str())
            .collect();
        let decision = record.decision.as_ref();
        Self {
            at: deployed.map_or(record.request.at, |one| one.at),
            change_type: said(Field::Category).unwrap_or_else(|| "Emergency".to_owned()),
            description: shown(&record.what),
            approval,
            testing: said(Field::Testing),
            deploy_log: said(Field::Links),
            outcome: said(Field::OutcomeCode),
            change: record.number.clone(),
            kind: if record.drill { "Drill" } else { "Emergency" }.to_owned(),
            system: said(Field::Systems),
            made_by: Some(called(&record.request.by)),
            implemented_by: deployed.map(|one| called(&one.by)),
            authorized_by: given.map(|given| called(&given.by)),
            authorized_at: given.map(|given| given.at),
            minutes_ahead: record.authorized_ahead_by_seconds.map(minutes),
            ticket: Some(capitalised(&record.stage.name)),
            ticket_due_at: record.ticket_due_at,
            ticket_complete_at: record.documented_at,
            decided_by: decision.map(|one| called(&one.by)),
            decided_at: decision.map(|one| one.at),
            exceptions: (!exceptions.is_empty()).then(|| exceptions.join("; ")),
            told_by: Some("register".to_owned()),
            commit: None,
            link: evidence,
            sha256: Some(record.content_hash.clone()),
        }
    }

    /// Makes the row of a normal change; `kind`: as what it counts, which may differ from
    /// what its sources say.
    pub fn of_normal(record: &NormalRecord, kind: ChangeKind) -> Self {
        let both = |who: &Option<String>, place: &Option<String>| match (who, place) {
            (Some(who), Some(place)) => Some(format!("{who}, {place}")),
            (one, other) => one.clone().or_else(|| other.clone()),
        };
        let mut sources: Vec<&str> = record
            .tellings
            .iter()
            .map(|one| one.source.as_str())
            .collect();
        sources.dedup();
        let exceptions = record.exceptions();
        Self {
            at: record.at,
            change_type: record
                .change_type
                .clone()
                .unwrap_or_else(|| "Not collected".to_owned()),
            description: record
                .title
                .as_ref()
                .map_or_else(|| record.name.clone(), shown),
            approval: both(&record.approved_by, &record.approval_url),
            testing: both(
                &record.testing_result.as_ref().map(shown),
                &record.testing_url,
            ),
            deploy_log: record.deploy_log_url.clone(),
            outcome: record.outcome.clone(),
            change: record.name.clone(),
            kind: capitalised(kind.name()),
            system: record.system.clone(),
            made_by: record.author.clone(),
            exceptions: (!exceptions.is_empty()).then(|| exceptions.join("; ")),
            told_by: Some(sources.join(", ")),
            commit: record.commit.clone(),
            link: record.url.clone(),
            sha256: record.tellings.first().map(|one| one.hash.clone()),
            ..Self::default()
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "no change lasts 2^52 seconds")]
fn minutes(seconds: i64) -> f64 {
    // To a tenth, as people read it.
    let tenths = TimeDelta::seconds(seconds).num_seconds() / 6;
    tenths as f64 / 10.0
}

impl ExceptionRow {
    /// Makes the rows of a change's exceptions.
    pub fn of(record: &Record) -> Vec<Self> {
        let deployed_at = record.deployments.iter().map(|one| one.at).min();
        let due_at = |exception: &str| {
            let duty = format!("answer_exception:{exception}");
            let owed = record.obligations.iter().find(|one| one.duty.name == duty);
            owed.and_then(|one| one.due_at)
        };
        record
            .exceptions
            .iter()
            .map(|one| {
                let answer = one.answer.as_ref();
                Self {
                    change: record.number.clone(),
                    deployed_at,
                    exception: capitalised(&one.exception.words),
                    recorded_at: one.at,
                    answer_due_at: due_at(&one.exception.name),
                    answered_at: answer.map(|answer| answer.act.at),
                    answered_by: answer.map(|answer| called(&answer.act.by)),
                    cause: answer.map(|answer| shown(&answer.cause)),
                    remedy: answer.map(|answer| shown(&answer.remedy)),
                    owner: answer.map(|answer| called(&answer.owner)),
                    what: shown(&record.what),
                }
            })
            .collect()
    }
}
