//! A message of the outbox as it stands in its row.

use chrono::{DateTime, Utc};
use rusqlite::Row;

use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId};
use crate::domain::named;
use crate::domain::obligation::{Duty, Rung};
use crate::store::{StoreError, instant};

/// What a message of the outbox is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The card of a change.
    Card {
        /// Which change.
        change: ChangeNumber,
    },
    /// What is owed and done, in the card's thread.
    Ledger {
        /// Which change.
        change: ChangeNumber,
    },
    /// A line in the card's thread.
    Note {
        /// Which change.
        change: ChangeNumber,
        /// The event that it tells, by the version of the change.
        version: u64,
    },
    /// A reminder by direct message.
    Reminder {
        /// Which change.
        change: ChangeNumber,
        /// Who is reminded.
        person: UserId,
        /// Of what.
        duty: Duty,
        /// Due when.
        due_at: Option<DateTime<Utc>>,
        /// On which rung.
        rung: Rung,
        /// How often the same had passed on, or come to be owed anew, before.
        round: Option<u16>,
    },
    /// News by direct message.
    Told {
        /// Which change.
        change: ChangeNumber,
        /// Who hears of it.
        person: UserId,
        /// The event, by the version of the change.
        version: u64,
    },
    /// A reply that only one person sees.
    Reply {
        /// The key of the gesture that it answers.
        gesture: String,
    },
    /// The offer to put on record what was said.
    Offer {
        /// Which offer.
        offer: u64,
        /// Whether it comes for the second time, by direct message.
        again: bool,
    },
    /// Somebody's Home.
    Home {
        /// Whose.
        person: UserId,
    },
    /// Word to an operator of a channel that the bot can't write in any more.
    Shut {
        /// Which channel.
        channel: ChannelId,
        /// Who hears of it.
        person: UserId,
    },
    /// The weekly report.
    Report {
        /// Where the week begins.
        week: DateTime<Utc>,
        /// Which message of it.
        part: ReportPart,
    },
    /// A question about a change that a source told of, by direct message.
    Question {
        /// Which question.
        question: u64,
        /// Who is asked, or whose word it is to be.
        person: UserId,
        /// Whether it comes for the second time.
        again: bool,
    },
}

named! {
    /// What the weekly report is made of.
    pub enum ReportPart {
        /// The report itself.
        Report = "report",
        /// What stands in its thread.
        Details = "details",
    }
}

/// A message of the outbox as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// Its key, unique in the workspace; travels with the message.
    pub key: String,
    /// What it is.
    pub kind: Kind,
    /// How often what it shows has changed.
    pub revision: u64,
    /// How often sending it has failed.
    pub attempts: u32,
    /// Where it stands in Slack already, if it does: then it is edited.
    pub stands: Option<(ChannelId, MessageTs)>,
    /// The message that it went out as part of.
    pub batch: Option<String>,
}

/// How a kind stands in the columns of its row.
#[derive(Default)]
pub(super) struct Columns<'k> {
    pub(super) kind: &'static str,
    pub(super) change: Option<ChangeNumber>,
    pub(super) version: Option<u64>,
    pub(super) person: Option<&'k UserId>,
    pub(super) duty: Option<String>,
    pub(super) due_at: Option<DateTime<Utc>>,
    pub(super) rung: Option<String>,
    pub(super) round: Option<u16>,
    pub(super) gesture: Option<&'k str>,
    pub(super) offer: Option<u64>,
    pub(super) again: Option<bool>,
    pub(super) place: Option<&'k ChannelId>,
    pub(super) week: Option<DateTime<Utc>>,
    pub(super) part: Option<&'static str>,
    pub(super) question: Option<u64>,
}

/// Returns the columns in which a kind stands.
pub(super) fn columns(kind: &Kind) -> Columns<'_> {
    match kind {
        Kind::Card { change } => Columns {
            kind: "card",
            change: Some(*change),
            ..Columns::default()
        },
        // A note that tells of no event in particular: of all that is owed.
        Kind::Ledger { change } => Columns {
            kind: "note",
            change: Some(*change),
            ..Columns::default()
        },
        Kind::Note { change, version } => Columns {
            kind: "note",
            change: Some(*change),
            version: Some(*version),
            ..Columns::default()
        },
        Kind::Reminder {
            change,
            person,
            duty,
            due_at,
            rung,
            round,
        } => Columns {
            kind: "reminder",
            change: Some(*change),
            person: Some(person),
            duty: Some(duty.name()),
            due_at: *due_at,
            rung: Some(rung.name()),
            round: *round,
            ..Columns::default()
        },
        Kind::Told {
            change,
            person,
            version,
        } => Columns {
            kind: "told",
            change: Some(*change),
            version: Some(*version),
            person: Some(person),
            ..Columns::default()
        },
        Kind::Reply { gesture } => Columns {
            kind: "reply",
            gesture: Some(gesture),
            ..Columns::default()
        },
        Kind::Offer { offer, again } => Columns {
            kind: "offer",
            offer: Some(*offer),
            again: Some(*again),
            ..Columns::default()
        },
        Kind::Home { person } => Columns {
            kind: "home",
            person: Some(person),
            ..Columns::default()
        },
        Kind::Shut { channel, person } => Columns {
            kind: "shut",
            person: Some(person),
            place: Some(channel),
            ..Columns::default()
        },
        Kind::Report { week, part } => Columns {
            kind: "report",
            week: Some(*week),
            part: Some(part.name()),
            ..Columns::default()
        },
        Kind::Question {
            question,
            person,
            again,
        } => Columns {
            kind: "question",
            person: Some(person),
            again: Some(*again),
            question: Some(*question),
            ..Columns::default()
        },
    }
}

/// What [`read`] reads.
pub(super) const COLUMNS: &str = "key, kind, change, version, person, duty, due_at, rung, round, gesture, \
                       offer, again, place, week, part, question, owed_revision, attempts, channel, ts, batch";

/// Reads a row.
pub(super) fn read(row: &Row<'_>) -> Result<Owed, StoreError> {
    let corrupt = || StoreError::Corrupt("a message of the outbox");
    let change = row
        .get::<_, Option<u64>>("change")?
        .map(ChangeNumber)
        .ok_or_else(corrupt);
    let version = row.get::<_, Option<u64>>("version")?.ok_or_else(corrupt);
    let person = row
        .get::<_, Option<String>>("person")?
        .map(UserId::new)
        .ok_or_else(corrupt);
    let kind = match row.get::<_, String>("kind")?.as_str() {
        "card" => Kind::Card { change: change? },
        "note" => match version {
            Ok(version) => Kind::Note {
                change: change?,
                version,
            },
            Err(_) => Kind::Ledger { change: change? },
        },
        "reminder" => Kind::Reminder {
            change: change?,
            person: person?,
            duty: row
                .get::<_, Option<String>>("duty")?
                .and_then(|name| Duty::from_name(&name))
                .ok_or_else(corrupt)?,
            due_at: row.get::<_, Option<i64>>("due_at")?.map(instant),
            rung: row
                .get::<_, Option<String>>("rung")?
                .and_then(|name| Rung::from_name(&name))
                .ok_or_else(corrupt)?,
            round: Some(row.get("round")?).filter(|round| *round > 0),
        },
        "told" => Kind::Told {
            change: change?,
            person: person?,
            version: version?,
        },
        "reply" => Kind::Reply {
            gesture: row
                .get::<_, Option<String>>("gesture")?
                .ok_or_else(corrupt)?,
        },
        "offer" => Kind::Offer {
            offer: row.get::<_, Option<u64>>("offer")?.ok_or_else(corrupt)?,
            again: row.get::<_, Option<bool>>("again")?.ok_or_else(corrupt)?,
        },
        "home" => Kind::Home { person: person? },
        "shut" => Kind::Shut {
            channel: row
                .get::<_, Option<String>>("place")?
                .map(ChannelId::new)
                .ok_or_else(corrupt)?,
            person: person?,
        },
        "report" => Kind::Report {
            week: row
                .get::<_, Option<i64>>("week")?
                .map(instant)
                .ok_or_else(corrupt)?,
            part: row
                .get::<_, Option<String>>("part")?
                .and_then(|name| ReportPart::from_name(&name))
                .ok_or_else(corrupt)?,
        },
        "question" => Kind::Question {
            question: row.get::<_, Option<u64>>("question")?.ok_or_else(corrupt)?,
            person: person?,
            again: row.get::<_, Option<bool>>("again")?.ok_or_else(corrupt)?,
        },
        _ => return Err(corrupt()),
    };
    let channel: Option<String> = row.get("channel")?;
    let ts: Option<String> = row.get("ts")?;
    Ok(Owed {
        key: row.get("key")?,
        kind,
        revision: row.get("owed_revision")?,
        attempts: row.get("attempts")?,
        stands: channel
            .zip(ts)
            .map(|(channel, ts)| (ChannelId::new(channel), MessageTs::new(ts))),
        batch: row.get("batch")?,
    })
}
