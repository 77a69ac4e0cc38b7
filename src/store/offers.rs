//! The quiet offers: pairs of messages that whoever asked may put on record.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::people::Roster;
use super::{StoreError, deployments, instant, micros, outbox, texts};
use crate::domain::change::{MessageRef, Verdict};
use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, Permalink, UserId, WorkspaceId};
use crate::domain::obligation::by_day;
use crate::domain::offer::{Offer, OfferStage, Quoted};
use crate::domain::text::Commitment;

/// A pair of messages to be offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOffer {
    /// The conversation in which they were said.
    pub channel: ChannelId,
    /// The thread in which the offer is whispered; nothing: in the channel.
    pub thread: Option<MessageTs>,
    /// Who asked, and is offered it.
    pub asker: UserId,
    /// The message that asks.
    pub request: Quoted,
    /// The message that answers.
    pub answer: Quoted,
    /// What the answer does.
    pub verdict: Verdict,
    /// Whether it takes the place of an open offer with the answer of somebody
    /// else: they may not answer, and whoever answers here may.
    pub outranks: bool,
}

/// Some of the offers: those of which somebody said one half, and those of a
/// channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffersOf {
    /// Who.
    pub who: UserId,
    /// Which channel.
    pub here: Option<ChannelId>,
}

/// Returns who answered in the open offer of a request.
pub(super) fn answered_by(
    connection: &Connection,
    workspace: &WorkspaceId,
    request: &MessageRef,
    verdict: Verdict,
) -> Result<Option<UserId>, StoreError> {
    let by: Option<String> = connection
        .prepare_cached(
            "SELECT answer_by FROM offer
             WHERE workspace = ?1 AND channel = ?2 AND request_ts = ?3 AND verdict = ?4
               AND stage NOT IN ('taken', 'declined')",
        )?
        .query_row(
            params![
                workspace.as_str(),
                request.channel.as_str(),
                request.ts.as_str(),
                verdict.name(),
            ],
            |row| row.get(0),
        )
        .optional()?;
    Ok(by.map(UserId::new))
}

/// Puts the answer of somebody with the authority in the place of another's, as
/// long as nobody has taken that up. Returns the text of the one that gave way.
pub(super) fn outrank(
    connection: &Connection,
    workspace: &WorkspaceId,
    offer: &NewOffer,
    now: DateTime<Utc>,
) -> Result<Option<Commitment>, StoreError> {
    let answer = &offer.answer;
    let known: Option<(u64, [u8; 32])> = connection
        .prepare_cached(
            "SELECT id, answer_text FROM offer
             WHERE workspace = ?1 AND channel = ?2 AND request_ts = ?3 AND verdict = ?4
               AND answer_by <> ?5 AND stage NOT IN ('taken', 'declined')",
        )?
        .query_row(
            params![
                workspace.as_str(),
                offer.channel.as_str(),
                offer.request.message.ts.as_str(),
                offer.verdict.name(),
                answer.by.as_str(),
            ],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((id, gives_way)) = known.filter(|_| offer.outranks) else {
        return Ok(None);
    };
    connection
        .prepare_cached(
            "UPDATE offer SET answer_by = ?3, answer_ts = ?4, answer_thread = ?5,
                    answer_permalink = ?6, answer_text = ?7
             WHERE workspace = ?1 AND id = ?2",
        )?
        .execute(params![
            workspace.as_str(),
            id,
            answer.by.as_str(),
            answer.message.ts.as_str(),
            answer.message.thread.as_ref().map(MessageTs::as_str),
            answer.message.permalink.as_ref().map(Permalink::as_str),
            answer.text.0,
        ])?;
    outbox::redraw_offer(connection, workspace, id, now)?;
    Ok(Some(Commitment(gives_way)))
}

/// Keeps an offer, unless the same was made before: the same pair, or another
/// answer of the same sense to the same request. Returns its number if it is new.
pub(super) fn make(
    connection: &Connection,
    workspace: &WorkspaceId,
    offer: &NewOffer,
    now: DateTime<Utc>,
) -> Result<Option<u64>, StoreError> {
    let known = connection
        .prepare_cached(
            "SELECT 1 FROM offer WHERE workspace = ?1 AND channel = ?2 AND request_ts = ?3
               AND (answer_ts = ?4 OR verdict = ?5)",
        )?
        .exists(params![
            workspace.as_str(),
            offer.channel.as_str(),
            offer.request.message.ts.as_str(),
            offer.answer.message.ts.as_str(),
            offer.verdict.name(),
        ])?;
    if known {
        return Ok(None);
    }
    let id = connection
        .prepare_cached(
            "INSERT INTO offer (workspace, channel, thread, asker,
                                request_by, request_ts, request_thread, request_permalink,
                                request_text, answer_by, answer_ts, answer_thread,
                                answer_permalink, answer_text, verdict, offered_at, stage, next_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                     ?18)
             RETURNING id",
        )?
        .query_row(
            params![
                workspace.as_str(),
                offer.channel.as_str(),
                offer.thread.as_ref().map(MessageTs::as_str),
                offer.asker.as_str(),
                offer.request.by.as_str(),
                offer.request.message.ts.as_str(),
                offer.request.message.thread.as_ref().map(MessageTs::as_str),
                offer
                    .request
                    .message
                    .permalink
                    .as_ref()
                    .map(Permalink::as_str),
                offer.request.text.0,
                offer.answer.by.as_str(),
                offer.answer.message.ts.as_str(),
                offer.answer.message.thread.as_ref().map(MessageTs::as_str),
                offer
                    .answer
                    .message
                    .permalink
                    .as_ref()
                    .map(Permalink::as_str),
                offer.answer.text.0,
                offer.verdict.name(),
                micros(now),
                OfferStage::Offered.name(),
                micros(Offer::first_at(now)),
            ],
            |row| row.get(0),
        )?;
    Ok(Some(id))
}

const COLUMNS: &str = "id, channel, thread, asker, request_by, request_ts, request_thread, \
                       request_permalink, request_text, answer_by, answer_ts, answer_thread, \
                       answer_permalink, answer_text, verdict, offered_at, stage, change, next_at";

fn read(row: &Row<'_>) -> Result<Offer, StoreError> {
    let corrupt = || StoreError::Corrupt("an offer");
    let channel = ChannelId::new(row.get::<_, String>("channel")?);
    let quoted = |by: &str, ts: &str, thread: &str, permalink: &str, text: &str| {
        Ok::<_, rusqlite::Error>(Quoted {
            by: UserId::new(row.get::<_, String>(by)?),
            message: MessageRef {
                channel: channel.clone(),
                ts: MessageTs::new(row.get::<_, String>(ts)?),
                thread: row.get::<_, Option<String>>(thread)?.map(MessageTs::new),
                permalink: row.get::<_, Option<String>>(permalink)?.map(Permalink::new),
            },
            text: Commitment(row.get(text)?),
        })
    };
    Ok(Offer {
        id: row.get("id")?,
        asker: UserId::new(row.get::<_, String>("asker")?),
        request: quoted(
            "request_by",
            "request_ts",
            "request_thread",
            "request_permalink",
            "request_text",
        )?,
        answer: quoted(
            "answer_by",
            "answer_ts",
            "answer_thread",
            "answer_permalink",
            "answer_text",
        )?,
        verdict: Verdict::from_name(&row.get::<_, String>("verdict")?).ok_or_else(corrupt)?,
        offered_at: instant(row.get("offered_at")?),
        stage: OfferStage::from_name(&row.get::<_, String>("stage")?).ok_or_else(corrupt)?,
        change: row.get::<_, Option<u64>>("change")?.map(ChangeNumber),
        next_at: row.get::<_, Option<i64>>("next_at")?.map(instant),
        channel,
    })
}

/// An offer with where it is whispered.
pub(super) struct Found {
    pub(super) offer: Offer,
    pub(super) thread: Option<MessageTs>,
}

pub(super) fn find(
    connection: &Connection,
    workspace: &WorkspaceId,
    id: u64,
) -> Result<Option<Found>, StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM offer WHERE workspace = ?1 AND id = ?2"
    ))?;
    let mut rows = select.query(params![workspace.as_str(), id])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(Found {
        offer: read(row)?,
        thread: row.get::<_, Option<String>>("thread")?.map(MessageTs::new),
    }))
}

/// Returns the words of an offer; nothing for what was deleted.
pub(super) fn words(
    connection: &Connection,
    workspace: &WorkspaceId,
    offer: &Offer,
) -> Result<texts::Words, StoreError> {
    texts::words(
        connection,
        workspace,
        [offer.request.text, offer.answer.text],
    )
}

/// Returns the offers that were left unanswered, newest first: all, or `only`
/// those.
pub(super) fn undeclared(
    connection: &Connection,
    workspace: &WorkspaceId,
    only: Option<&OffersOf>,
    limit: usize,
) -> Result<Vec<Offer>, StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM offer
         WHERE workspace = ?1 AND stage = 'undeclared'
           AND (?2 IS NULL OR ?2 IN (asker, answer_by) OR channel = ?3)
         ORDER BY id DESC LIMIT ?4"
    ))?;
    let here = only.and_then(|only| only.here.as_ref());
    let mut rows = select.query(params![
        workspace.as_str(),
        only.map(|only| only.who.as_str()),
        here.map(ChannelId::as_str),
        limit
    ])?;
    let mut offers = Vec::new();
    while let Some(row) = rows.next()? {
        offers.push(read(row)?);
    }
    Ok(offers)
}

/// Returns the offers since an instant that were left unanswered.
pub(super) fn undeclared_since(
    connection: &Connection,
    workspace: &WorkspaceId,
    since: DateTime<Utc>,
) -> Result<Vec<Offer>, StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM offer
         WHERE workspace = ?1 AND stage = 'undeclared' AND offered_at >= ?2"
    ))?;
    let mut rows = select.query(params![workspace.as_str(), micros(since)])?;
    let mut offers = Vec::new();
    while let Some(row) = rows.next()? {
        offers.push(read(row)?);
    }
    Ok(offers)
}

/// Moves an offer on; its messages then show it.
fn advance(
    connection: &Connection,
    workspace: &WorkspaceId,
    offer: &Offer,
    (stage, next_at): (OfferStage, Option<DateTime<Utc>>),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE offer SET stage = ?3, next_at = ?4 WHERE workspace = ?1 AND id = ?2",
        )?
        .execute(params![
            workspace.as_str(),
            offer.id,
            stage.name(),
            next_at.map(micros)
        ])?;
    if stage != OfferStage::Again {
        outbox::redraw_offer(connection, workspace, offer.id, now)?;
    }
    if [stage, offer.stage].contains(&OfferStage::Undeclared) {
        deployments::weigh(connection, workspace, offer, now)?;
    }
    Ok(())
}

/// The offers that go further by now, longest due first.
pub(super) const DUE: &str = "SELECT id FROM offer
     WHERE workspace = ?1 AND next_at <= ?2 ORDER BY next_at LIMIT ?3";

/// When the next offer goes further.
pub(super) const NEXT_DUE: &str = "SELECT min(next_at) FROM offer
     WHERE workspace = ?1 AND next_at IS NOT NULL";

/// Returns the offers that go further by now, longest due first.
pub(super) fn due(
    connection: &Connection,
    workspace: &WorkspaceId,
    now: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<u64>, StoreError> {
    connection
        .prepare_cached(DUE)?
        .query_map(params![workspace.as_str(), micros(now), limit], |row| {
            row.get(0)
        })?
        .map(|id| Ok(id?))
        .collect()
}

/// Lets an offer go further: it comes once more, or counts as undeclared.
pub(super) fn tick(
    connection: &Connection,
    workspace: &WorkspaceId,
    id: u64,
    roster: &Roster<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some(Found { offer, .. }) = find(connection, workspace, id)? else {
        return Ok(());
    };
    let Some((stage, next_at)) = offer.due(now) else {
        return Ok(());
    };
    if stage != OfferStage::Again {
        return advance(connection, workspace, &offer, (stage, next_at), now);
    }
    // Nobody is woken for paperwork, and the time to answer runs from the morning.
    let at = by_day(&offer.asker, now, roster);
    let next_at = next_at.map(|next_at| next_at + (at - now));
    advance(connection, workspace, &offer, (stage, next_at), now)?;
    outbox::owe_offer(connection, workspace, &offer, true, at)
}

/// Looks at an offer again later: a row that can't be worked must not hold up
/// the others.
pub(super) fn look_again(
    connection: &Connection,
    workspace: &WorkspaceId,
    id: u64,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE offer SET next_at = ?3 WHERE workspace = ?1 AND id = ?2")?
        .execute(params![workspace.as_str(), id, micros(at)])?;
    Ok(())
}

/// Returns when an offer goes further next.
pub(super) fn next_at(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let at: Option<i64> = connection
        .prepare_cached(NEXT_DUE)?
        .query_row([workspace.as_str()], |row| row.get(0))?;
    Ok(at.map(instant))
}

/// Remembers a *No, thanks*. Returns the texts that nobody needs any more; none
/// if the offer had come to its end already.
pub(super) fn decline(
    connection: &Connection,
    workspace: &WorkspaceId,
    id: u64,
    now: DateTime<Utc>,
) -> Result<Vec<Commitment>, StoreError> {
    let Some(Found { offer, .. }) = find(connection, workspace, id)? else {
        return Ok(Vec::new());
    };
    if !offer.stage.is_open() {
        return Ok(Vec::new());
    }
    let declined = (OfferStage::Declined, None);
    advance(connection, workspace, &offer, declined, now)?;
    Ok(vec![offer.request.text, offer.answer.text])
}

/// Closes the offers of a message that has become part of a change, by whatever
/// way. Returns their texts.
pub(super) fn take(
    connection: &Connection,
    workspace: &WorkspaceId,
    message: &MessageRef,
    number: ChangeNumber,
    now: DateTime<Utc>,
) -> Result<Vec<Commitment>, StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM offer
         WHERE workspace = ?1 AND channel = ?2 AND ?3 IN (request_ts, answer_ts)"
    ))?;
    let mut rows = select.query(params![
        workspace.as_str(),
        message.channel.as_str(),
        message.ts.as_str()
    ])?;
    let mut offers = Vec::new();
    while let Some(row) = rows.next()? {
        offers.push(read(row)?);
    }
    let mut freed = Vec::new();
    for offer in offers.iter().filter(|offer| offer.stage.is_open()) {
        let taken = (OfferStage::Taken, None);
        advance(connection, workspace, offer, taken, now)?;
        connection
            .prepare_cached("UPDATE offer SET change = ?3 WHERE workspace = ?1 AND id = ?2")?
            .execute(params![workspace.as_str(), offer.id, number.0])?;
        freed.extend([offer.request.text, offer.answer.text]);
    }
    Ok(freed)
}

/// Whether an offer that can still be taken needs a text.
pub(super) fn needs(
    connection: &Connection,
    workspace: &WorkspaceId,
    text: Commitment,
) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT 1 FROM offer WHERE workspace = ?1 AND ?2 IN (request_text, answer_text)
               AND stage NOT IN ('taken', 'declined')",
        )?
        .exists(params![workspace.as_str(), text.0])?)
}

/// Returns the offers of which a text is one half, whatever became of them.
pub(super) fn quoting(
    connection: &Connection,
    workspace: &WorkspaceId,
    text: Commitment,
) -> Result<Vec<u64>, StoreError> {
    connection
        .prepare_cached(
            "SELECT id FROM offer WHERE workspace = ?1 AND ?2 IN (request_text, answer_text)",
        )?
        .query_map(params![workspace.as_str(), text.0], |row| row.get(0))?
        .map(|id| Ok(id?))
        .collect()
}
