//! Our own form of a change: the names that a line of a CSV file and an object of
//! `POST /hooks/changes` share. README.md documents it.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

use super::{Draw, Refused, payload};
use crate::domain::deployment::{self, ChangeKind, Deployment, Happening, SourceName};
use crate::domain::named;
use crate::domain::text::Text;

named! {
    /// A column, and a field of an object.
    pub enum Column {
        /// When it went to production.
        DeployedAt = "deployed_at",
        /// The system that was changed.
        System = "system",
        /// What it is called.
        Title = "title",
        /// Who made it.
        Author = "author",
        /// Who lists it.
        Source = "source",
        /// What the source calls it.
        ExternalId = "external_id",
        /// Where it can be looked at.
        Url = "url",
        /// The full hash of the commit.
        Commit = "commit",
        /// `normal`, `standard` or `emergency`.
        Kind = "kind",
        /// What sort of change it was.
        Type = "type",
        /// Who approved it.
        ApprovedBy = "approved_by",
        /// Where that can be seen.
        ApprovalUrl = "approval_url",
        /// How it was tested.
        TestingResult = "testing_result",
        /// Where the tests can be seen.
        TestingUrl = "testing_url",
        /// Where the log of the deployment is.
        DeployLogUrl = "deploy_log_url",
        /// What came of it.
        Outcome = "outcome",
    }
}

impl Column {
    /// Those without which nothing can be counted.
    pub const REQUIRED: &'static [Self] = &[Self::DeployedAt, Self::Source, Self::ExternalId];
}

/// Why a line or an object can't be counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// A required column is empty.
    #[error("`{}` is empty", .0.name())]
    Empty(Column),
    /// The instant says no zone.
    #[error("`deployed_at` has no zone; write `{0}` for UTC, or the offset in place of the Z")]
    NoZone(String),
    /// The instant is only a day.
    #[error("`deployed_at` has no time of day; write `{0}`, with the time and the zone")]
    NoTime(String),
    /// It is no instant at all.
    #[error("`deployed_at` is no instant of RFC 3339; write one such as 2026-11-21T09:30:00+01:00")]
    NotAnInstant,
    /// Nobody deploys tomorrow.
    #[error("`deployed_at` lies in the future")]
    InTheFuture,
    /// Nobody deployed so early.
    #[error("`deployed_at` lies before the year 2000")]
    LongAgo,
    /// It is none of the three.
    #[error("`kind` is `{0}`; write normal, standard or emergency")]
    Kind(String),
    /// It isn't of the form.
    #[error("`{}` is neither a text nor a number", .0.name())]
    Form(Column),
    /// The bytes aren't UTF-8.
    #[error("it isn't UTF-8 text")]
    NotText,
    /// It isn't an object.
    #[error("it is no JSON object")]
    NotAnObject,
    /// The line has more or fewer fields than the header.
    #[error("it has {has} fields, and the header has {wants}")]
    Fields {
        /// How many it has.
        has: u64,
        /// How many the header has.
        wants: u64,
    },
    /// A quotation mark opens a field and nothing closes it where it should end.
    #[error(
        "a quotation mark opens here and isn't closed; everything down to line {0} is left out with it"
    )]
    OpenQuote(u64),
    /// No salt can be drawn for what a person wrote.
    #[error("this machine gives no random numbers")]
    NoSalt,
}

/// The year 2000, in seconds since 1970.
const YEAR_2000: i64 = 946_684_800;

/// The longest account of tests that is kept, in characters.
const LONGEST_RESULT: usize = 10_000;

/// What a row says, by column.
#[derive(Debug, Default)]
pub(super) struct Row<'a>([Option<Cow<'a, str>>; Column::ALL.len()]);

impl<'a> Row<'a> {
    pub(super) fn set(&mut self, column: Column, value: Cow<'a, str>) {
        if let Some(place) = self.0.get_mut(column as usize) {
            *place = (!value.trim().is_empty()).then_some(value);
        }
    }

    fn text(&self, column: Column) -> Option<&str> {
        self.0.get(column as usize)?.as_deref()
    }

    fn identifier(&self, column: Column) -> Option<String> {
        deployment::identifier(self.text(column)?)
    }

    /// Reads the row as a change that somebody lists.
    pub(super) fn deployment(
        &self,
        draw: Draw<'_>,
        now: DateTime<Utc>,
    ) -> Result<Deployment, RowFault> {
        let wanted = |column| self.text(column).ok_or(RowFault::Empty(column));
        let at = instant(wanted(Column::DeployedAt)?)?;
        if at > now + deployment::AHEAD {
            return Err(RowFault::InTheFuture);
        }
        if at.timestamp() < YEAR_2000 {
            return Err(RowFault::LongAgo);
        }
        let source = deployment::identifier(wanted(Column::Source)?)
            .ok_or(RowFault::Empty(Column::Source))?;
        let id = deployment::identifier(wanted(Column::ExternalId)?)
            .ok_or(RowFault::Empty(Column::ExternalId))?;
        let kind = self.text(Column::Kind).map(|word| {
            ChangeKind::from_name(&word.trim().to_lowercase())
                .ok_or_else(|| RowFault::Kind(shown(word)))
        });
        let title = self.text(Column::Title);
        let no_salt = |_: Refused| RowFault::NoSalt;
        let author = self.identifier(Column::Author);
        Ok(Deployment {
            kind: kind.transpose()?,
            system: self.identifier(Column::System),
            author_email: author.as_deref().and_then(payload::email),
            author,
            url: self.identifier(Column::Url),
            commit: self.text(Column::Commit).and_then(deployment::commit),
            change_type: self.identifier(Column::Type),
            approved_by: self.identifier(Column::ApprovedBy),
            approval_url: self.identifier(Column::ApprovalUrl),
            testing_url: self.identifier(Column::TestingUrl),
            deploy_log_url: self.identifier(Column::DeployLogUrl),
            outcome: self.identifier(Column::Outcome),
            reference: payload::reference(&[title, self.text(Column::ExternalId)]),
            marks: payload::marks(None, title),
            title: payload::title(title, draw).map_err(no_salt)?,
            testing_result: self
                .text(Column::TestingResult)
                .map_or(Ok(None), |text| payload::text(text, LONGEST_RESULT, draw))
                .map_err(no_salt)?,
            ..Deployment::new(SourceName::new(&source), id, Happening::Listed, at)
        })
    }
}

/// Writes what a source told as a line of a list, in the order of [`Column::ALL`]: what
/// reads one takes it in again.
pub fn as_row(told: &Deployment) -> Vec<String> {
    let object = object(told);
    let field = |column: &Column| object.get(column.name()).and_then(Value::as_str);
    Column::ALL
        .iter()
        .map(|column| field(column).unwrap_or_default().to_owned())
        .collect()
}

/// Writes a change that somebody lists as an object of our own form.
pub(super) fn object(told: &Deployment) -> Value {
    let at = told.at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let text = |text: &Option<Text>| text.as_ref().map(|text| text.body().to_owned());
    let mut object = Map::new();
    for column in Column::ALL {
        let value = match column {
            Column::DeployedAt => Some(at.clone()),
            Column::System => told.system.clone(),
            Column::Title => text(&told.title),
            Column::Author => told.author.clone(),
            Column::Source => Some(told.source.as_str().to_owned()),
            Column::ExternalId => Some(told.external_id.clone()),
            Column::Url => told.url.clone(),
            Column::Commit => told.commit.clone(),
            Column::Kind => told.kind.map(|kind| kind.name().to_owned()),
            Column::Type => told.change_type.clone(),
            Column::ApprovedBy => told.approved_by.clone(),
            Column::ApprovalUrl => told.approval_url.clone(),
            Column::TestingResult => text(&told.testing_result),
            Column::TestingUrl => told.testing_url.clone(),
            Column::DeployLogUrl => told.deploy_log_url.clone(),
            Column::Outcome => told.outcome.clone(),
        };
        if let Some(value) = value {
            object.insert(column.name().to_owned(), Value::String(value));
        }
    }
    Value::Object(object)
}

/// A word that somebody wrote, as far as it may be repeated to them.
fn shown(word: &str) -> String {
    word.trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(40)
        .collect()
}

/// Reads the instant, or says how to write it.
fn instant(text: &str) -> Result<DateTime<Utc>, RowFault> {
    let text = text.trim();
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.to_utc());
    }
    for form in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"] {
        if let Ok(instant) = NaiveDateTime::parse_from_str(text, form) {
            return Err(RowFault::NoZone(
                instant.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            ));
        }
    }
    if let Ok(day) = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Err(RowFault::NoTime(
            day.format("%Y-%m-%dT09:30:00Z").to_string(),
        ));
    }
    Err(RowFault::NotAnInstant)
}
