//! What somebody is asked about a change that a source told of: whether it belongs
//! to an emergency, or was one that nobody declared. A guess is never more than a
//! question.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, Rows, params};

use super::belong::matched;
use super::group::{Group, bits, marks};
use super::names::Names;
use super::row::{self, FACTS, facts};
use super::{Explained, Question, Reply};
use crate::domain::deployment::{Deployment, Doubt, Explanation, Mark};
use crate::domain::id::{ChangeNumber, UserId, WorkspaceId};
use crate::domain::text::Text;
use crate::store::log::{Appender, HouseEvent};
use crate::store::{Rules, StoreError, instant, micros, outbox, texts};

/// How many groups are asked about in one transaction.
const AT_ONCE: usize = 100;

/// How many tellings of a change are put together for whoever reads of it.
const SHOWN: usize = 20;

/// Makes a question.
pub(super) fn ask(
    connection: &Connection,
    workspace: &WorkspaceId,
    (deployment, doubt, change): (i64, Doubt, Option<ChangeNumber>),
    marks: &BTreeSet<Mark>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO question (workspace, deployment, kind, change, marks, made_at, next_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        )?
        .execute(params![
            workspace.as_str(),
            deployment,
            doubt.name(),
            change.map(|number| number.0),
            bits(marks),
            micros(now),
        ])?;
    Ok(())
}

/// Returns when somebody is to be asked about a change next.
pub(in crate::store) fn next_at(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let at: Option<i64> = connection
        .prepare_cached(
            "SELECT min(settles_at) FROM deployment
             WHERE workspace = ?1 AND settles_at IS NOT NULL",
        )?
        .query_row([workspace.as_str()], |row| row.get(0))?;
    Ok(at.map(instant))
}

/// Asks about the changes that still look like undeclared emergencies now that all
/// that is told of them may have come. Returns how many it looked at.
pub(super) fn sweep(
    connection: &Connection,
    workspace: &WorkspaceId,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let settled: Vec<i64> = connection
        .prepare_cached(
            "SELECT id FROM deployment WHERE workspace = ?1 AND settles_at <= ?2
             ORDER BY settles_at LIMIT ?3",
        )?
        .query_map(params![workspace.as_str(), micros(now), AT_ONCE], |row| {
            row.get(0)
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut names = Names::new(connection, workspace);
    for leader in &settled {
        let mut group = row::group(connection, workspace, *leader)?;
        // One question at a time: whether it belongs to an emergency comes first.
        let waits = group.traits.was_proposed && is_open(connection, workspace, *leader)?;
        if group.looks_undeclared() && !waits {
            let marks = group.unexplained();
            ask(
                connection,
                workspace,
                (*leader, Doubt::Undeclared, None),
                &marks,
                now,
            )?;
            group.traits.was_asked = true;
        }
        group.settles_at = None;
        row::save_group(connection, workspace, &mut names, *leader, &group)?;
    }
    Ok(settled.len())
}

/// Whether a question about a group waits for its answer.
fn is_open(
    connection: &Connection,
    workspace: &WorkspaceId,
    leader: i64,
) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM question
             WHERE workspace = ?1 AND answer IS NULL AND deployment IN (
                 SELECT ?2 UNION ALL SELECT id FROM deployment
                 WHERE workspace = ?1 AND leader = ?2 AND leader <> id))",
        )?
        .query_row(params![workspace.as_str(), leader], |row| row.get(0))?)
}

const COLUMNS: &str = "SELECT id, deployment, kind, change, marks, made_at, asked_of, asked_at,
     answer, answered_by, answered_at, n_asked, second, named_by FROM question";

/// A question as it stands in its row.
pub(super) struct Kept {
    pub(super) question: Question,
    deployment: i64,
}

fn read(row: &Row<'_>) -> Result<Kept, StoreError> {
    let corrupt = || StoreError::Corrupt("a question");
    let doubt: String = row.get(2)?;
    let asked_of: Option<String> = row.get(6)?;
    let asked_at: Option<i64> = row.get(7)?;
    let answer: Option<String> = row.get(8)?;
    let answer = match answer {
        Some(name) => Some(Explanation::from_name(&name).ok_or_else(corrupt)?),
        None => None,
    };
    let by: Option<String> = row.get(9)?;
    let answered_at: Option<i64> = row.get(10)?;
    let answered = answer
        .zip(by)
        .zip(answered_at)
        .map(|((answer, by), at)| (answer, UserId::new(by), instant(at)));
    let second: Option<String> = row.get(12)?;
    let named_by: Option<String> = row.get(13)?;
    Ok(Kept {
        deployment: row.get(1)?,
        question: Question {
            id: row.get(0)?,
            doubt: Doubt::from_name(&doubt).ok_or_else(corrupt)?,
            change: row.get::<_, Option<u64>>(3)?.map(ChangeNumber),
            marks: marks(row.get(4)?),
            made_at: instant(row.get(5)?),
            asked: asked_of
                .zip(asked_at)
                .map(|(who, at)| (UserId::new(who), instant(at))),
            answered,
            n_asked: row.get(11)?,
            second: second
                .zip(named_by)
                .map(|(who, by)| (UserId::new(who), UserId::new(by))),
            stands: false,
            is_deployed: false,
            belongs_to: None,
            told: None,
        },
    })
}

pub(super) fn find(
    connection: &Connection,
    workspace: &WorkspaceId,
    id: u64,
) -> Result<Option<Kept>, StoreError> {
    let Ok(id) = i64::try_from(id) else {
        return Ok(None);
    };
    connection
        .prepare_cached(&format!("{COLUMNS} WHERE workspace = ?1 AND id = ?2"))?
        .query_row(params![workspace.as_str(), id], |row| Ok(read(row)))
        .optional()?
        .transpose()
}

/// Returns a question with what is known of the change.
pub(in crate::store) fn question(
    connection: &Connection,
    workspace: &WorkspaceId,
    id: u64,
) -> Result<Option<Question>, StoreError> {
    match find(connection, workspace, id)? {
        Some(kept) => with_facts(connection, workspace, kept).map(|(question, _)| Some(question)),
        None => Ok(None),
    }
}

/// Returns the questions that nobody was asked yet and that still make sense, oldest
/// first.
pub(super) fn unasked(
    connection: &Connection,
    workspace: &WorkspaceId,
    limit: usize,
) -> Result<Vec<Question>, StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "{COLUMNS} WHERE workspace = ?1 AND answer IS NULL AND asked_at IS NULL
             AND {STANDS_AT} IS NOT NULL ORDER BY id"
    ))?;
    let rows = select.query([workspace.as_str()])?;
    sensible(connection, workspace, rows, limit)
}

/// Returns the questions that go further by now, longest due first.
pub(super) fn due(
    connection: &Connection,
    workspace: &WorkspaceId,
    now: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<Question>, StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "{COLUMNS} WHERE workspace = ?1 AND next_at <= ?2 ORDER BY next_at LIMIT ?3"
    ))?;
    let mut rows = select.query(params![workspace.as_str(), micros(now), limit])?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        let (question, _) = with_facts(connection, workspace, read(row)?)?;
        due.push(question);
    }
    Ok(due)
}

/// When the change of a question counts, or was seen where it doesn't count; nothing
/// while it is of an emergency, or none.
const STANDS_AT: &str = "(SELECT iif(leader.emergency IS NULL,
         coalesce(leader.counted_at, leader.seen_at), NULL) FROM deployment
     JOIN deployment AS leader ON leader.id = deployment.leader
     WHERE deployment.id = question.deployment)";

/// Returns those of the questions that still make sense.
fn sensible(
    connection: &Connection,
    workspace: &WorkspaceId,
    mut rows: Rows<'_>,
    limit: usize,
) -> Result<Vec<Question>, StoreError> {
    let mut open = Vec::new();
    while open.len() < limit
        && let Some(row) = rows.next()?
    {
        let (question, group) = with_facts(connection, workspace, read(row)?)?;
        if makes_sense(&question, &group) {
            open.push(question);
        }
    }
    Ok(open)
}

/// Returns the questions without an answer about changes of a window, in order of
/// time: what the report names as unexplained.
pub(in crate::store) fn unexplained(
    connection: &Connection,
    workspace: &WorkspaceId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Question>, StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "{COLUMNS} WHERE workspace = ?1 AND answer IS NULL
             AND {STANDS_AT} >= ?2 AND {STANDS_AT} < ?3"
    ))?;
    let rows = select.query(params![workspace.as_str(), micros(from), micros(to)])?;
    let mut found = sensible(connection, workspace, rows, usize::MAX)?;
    found.sort_by_key(|one| (one.told.as_ref().map(|told| told.at), one.id));
    Ok(found)
}

/// Whether what is known by now leaves anything to ask.
fn makes_sense(question: &Question, group: &Group) -> bool {
    match question.doubt {
        Doubt::Undeclared => group.is_in_doubt(),
        Doubt::Belongs => group.counted_at().is_some(),
    }
}

fn with_facts(
    connection: &Connection,
    workspace: &WorkspaceId,
    kept: Kept,
) -> Result<(Question, Group), StoreError> {
    let leader = row::leader_of(connection, workspace, kept.deployment)?;
    let group = row::group(connection, workspace, leader)?;
    let told = known(connection, workspace, leader, &group)?;
    let stands = kept.question.answered.is_none() && makes_sense(&kept.question, &group);
    let question = Question {
        told,
        stands,
        is_deployed: group.first.is_some(),
        belongs_to: group.emergency,
        ..kept.question
    };
    Ok((question, group))
}

/// Returns what is known of a change by all who told of it: of each fact the latest.
pub(super) fn known(
    connection: &Connection,
    workspace: &WorkspaceId,
    leader: i64,
    group: &Group,
) -> Result<Option<Deployment>, StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {FACTS} FROM deployment WHERE id = ?2 AND workspace = ?1
         UNION ALL
         SELECT {FACTS} FROM deployment
         WHERE workspace = ?1 AND leader = ?2 AND leader <> id LIMIT ?3"
    ))?;
    let mut rows = select.query(params![workspace.as_str(), leader, SHOWN])?;
    let mut tellings = Vec::new();
    while let Some(row) = rows.next()? {
        tellings.push(facts(row)?.with_words(connection, workspace)?);
    }
    tellings.sort_by(|one, other| {
        let key = |told: &Deployment| (told.at, told.source.clone(), told.external_id.clone());
        key(one).cmp(&key(other))
    });
    // What a system calls it is anybody's to read, and what a person called it may not
    // be.
    tellings.sort_by_key(|one| one.said_in.is_none());
    let all = tellings.into_iter().reduce(with_later);
    Ok(all.map(|all| Deployment {
        at: group.stands_at().map_or(all.at, instant),
        ..all
    }))
}

/// Puts two tellings together: of each fact the later. Where the words are a
/// person's, they are the author.
fn with_later(before: Deployment, later: Deployment) -> Deployment {
    // What somebody listed in private names its link and commit by their words, which
    // don't come out under those of a system.
    let before = if before.said_in.is_some() && later.title.is_some() {
        Deployment {
            url: None,
            commit: None,
            reference: None,
            ..before
        }
    } else {
        before
    };
    let is_a_person_s = later.title.is_none() && before.said_in.is_some();
    let (author, said_in) = if is_a_person_s {
        (before.author, before.said_in)
    } else {
        let named = before.author.filter(|_| before.said_in.is_none());
        (later.author.or(named), later.said_in)
    };
    Deployment {
        source: later.source,
        external_id: later.external_id,
        happening: later.happening,
        at: later.at,
        kind: before.kind.max(later.kind),
        system: later.system.or(before.system),
        author,
        author_email: later.author_email.or(before.author_email),
        url: later.url.or(before.url),
        commit: later.commit.or(before.commit),
        change_type: later.change_type.or(before.change_type),
        approved_by: later.approved_by.or(before.approved_by),
        approval_url: later.approval_url.or(before.approval_url),
        testing_url: later.testing_url.or(before.testing_url),
        deploy_log_url: later.deploy_log_url.or(before.deploy_log_url),
        outcome: later.outcome.or(before.outcome),
        reference: later.reference.or(before.reference),
        marks: before.marks.union(&later.marks).copied().collect(),
        title: later.title.or(before.title),
        testing_result: later.testing_result.or(before.testing_result),
        said_in,
    }
}

/// Notes who was asked.
pub(super) fn asked(
    connection: &Connection,
    workspace: &WorkspaceId,
    id: u64,
    of: &UserId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE question SET asked_of = ?3, asked_at = ?4 WHERE workspace = ?1 AND id = ?2",
        )?
        .execute(params![workspace.as_str(), id, of.as_str(), micros(now)])?;
    Ok(())
}

/// Takes an answer to a question: on record, and with what follows from it.
pub(super) fn answer(
    connection: &Connection,
    workspace: &WorkspaceId,
    id: u64,
    reply: &Reply,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Explained, StoreError> {
    let Some(kept) = find(connection, workspace, id)? else {
        return Ok(Explained::Unfit);
    };
    if let Some((before, by, _)) = kept.question.answered {
        return Ok(Explained::Before(before, by));
    }
    let change = match reply.answer {
        Explanation::Declared => reply.change,
        Explanation::Yes => kept.question.change,
        Explanation::Normal | Explanation::NotProduction | Explanation::No => None,
    };
    let needs_change = matches!(reply.answer, Explanation::Declared | Explanation::Yes);
    let exists = match change {
        Some(number) => exists(connection, workspace, number)?,
        None => !needs_change,
    };
    if !exists || !reply.answer.answers(kept.question.doubt) {
        return Ok(Explained::Unfit);
    }
    let about = change.or(kept.question.change);
    put_on_record(connection, workspace, &kept, reply, about, now)?;
    outbox::redraw_question(connection, workspace, id, now)?;
    let telling = kept.deployment;
    if change.is_some() {
        matched(connection, workspace, telling, rules, now)?;
        return Ok(Explained::Now);
    }
    let leader = row::leader_of(connection, workspace, telling)?;
    let mut group = row::group(connection, workspace, leader)?;
    match reply.answer {
        // What is told of it later may be.
        Explanation::NotProduction => {
            row::exclude(connection, workspace, leader)?;
            group.exclude();
            if !is_open(connection, workspace, leader)? {
                group.traits.was_asked = false;
                group.traits.was_proposed = false;
            }
        }
        Explanation::Normal if marks(group.marks).contains(&Mark::Labelled) => {
            group.traits.is_normal = true;
        }
        // It went to production beside the emergency, and nobody has said why.
        Explanation::No => {
            group.marks |= bits(&kept.question.marks);
            if group.looks_undeclared() {
                group.settles_at = Some(micros(now));
            }
        }
        Explanation::Normal | Explanation::Declared | Explanation::Yes => {
            return Ok(Explained::Now);
        }
    }
    let mut names = Names::new(connection, workspace);
    row::save_group(connection, workspace, &mut names, leader, &group)?;
    Ok(Explained::Now)
}

fn exists(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
) -> Result<bool, StoreError> {
    let Ok(number) = i64::try_from(number.0) else {
        return Ok(false);
    };
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM change WHERE workspace = ?1 AND number = ?2)",
        )?
        .query_row(params![workspace.as_str(), number], |row| row.get(0))?)
}

/// Writes an answer down, in its row and in the log.
fn put_on_record(
    connection: &Connection,
    workspace: &WorkspaceId,
    kept: &Kept,
    reply: &Reply,
    change: Option<ChangeNumber>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let proof = reply.proof.as_ref().map(Text::commitment);
    if let Some(proof) = &reply.proof {
        texts::keep(connection, workspace, std::slice::from_ref(proof))?;
    }
    let id = kept.question.id;
    connection
        .prepare_cached(
            "UPDATE question SET answer = ?3, answered_by = ?4, answered_at = ?5, proof = ?6,
                    change = ?7, next_at = NULL
             WHERE workspace = ?1 AND id = ?2",
        )?
        .execute(params![
            workspace.as_str(),
            id,
            reply.answer.name(),
            reply.by.as_str(),
            micros(now),
            proof.map(|proof| proof.0),
            change.map(|number| number.0),
        ])?;
    let (source, external_id) = connection
        .prepare_cached(
            "SELECT (SELECT name FROM source WHERE id = deployment.source), external_id
             FROM deployment WHERE id = ?1",
        )?
        .query_row([kept.deployment], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut log = Appender::begin(connection, workspace)?;
    let event = HouseEvent::QuestionAnswered {
        question: id,
        doubt: kept.question.doubt,
        source,
        external_id,
        answer: reply.answer,
        change,
        by: reply.by.clone(),
        proof,
    };
    log.append_house_event(now, &event)?;
    log.save()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::{Happening, SourceName};
    use crate::domain::id::ChannelId;
    use crate::domain::text::{Salt, Text};

    #[test]
    fn a_private_link_does_not_come_out_under_a_systems_words() {
        let at = DateTime::UNIX_EPOCH;
        let told = |source: &str, happening| {
            Deployment::new(SourceName::new(source), "1".to_owned(), happening, at)
        };
        let listed = Deployment {
            url: Some("https://paste.acme.dev/x".to_owned()),
            said_in: Some(ChannelId::new("C0SECRET01")),
            ..told("person", Happening::Listed)
        };
        let deployed = Deployment {
            title: Some(Text::new("Ship it", Salt([7; 32]))),
            ..told("github", Happening::Deployment)
        };
        let untitled = told("github", Happening::Deployment);
        let shown = with_later(listed.clone(), deployed);
        assert_eq!((shown.url, shown.said_in), (None, None));
        // Whoever shows this one withholds both.
        let shown = with_later(listed, untitled);
        assert!(shown.url.is_some() && shown.said_in.is_some());
    }
}
