//! How a question finds its way: with whom it is, when it comes once more, and what
//! becomes of a person's answer to it, together with their gesture.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, params};

use super::{Explained, Intake, Question, Reply, question, take};
use crate::domain::deployment::{Deployment, Explanation};
use crate::domain::id::{UserId, WorkspaceId};
use crate::domain::obligation::by_day;
use crate::domain::policy::Counting;
use crate::gesture::Gesture;
use crate::store::execute::{self, Execution, roster};
use crate::store::writer::Urgency;
use crate::store::{Outcome, Person, Rules, Store, StoreError};
use crate::store::{inbox, instant, micros, outbox, people};

/// How long an answer is waited for before it is asked once more.
const ASKED_AGAIN_AFTER: TimeDelta = TimeDelta::days(1);

/// How long a question waits for others of the same person: what was told of at once
/// is asked in one message.
const GATHERED_FOR: TimeDelta = TimeDelta::minutes(1);

/// How often one person is asked the same.
const MOST_ASKED: u8 = 2;

/// Returns when a question goes further next.
pub(in crate::store) fn next_at(
    connection: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let at: Option<i64> = connection
        .prepare_cached(
            "SELECT min(next_at) FROM question WHERE workspace = ?1 AND next_at IS NOT NULL",
        )?
        .query_row([workspace.as_str()], |row| row.get(0))?;
    Ok(at.map(instant))
}

/// Lets a question rest until an instant; nothing: for good.
fn rest(
    connection: &Connection,
    workspace: &WorkspaceId,
    id: u64,
    until: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE question SET next_at = ?3 WHERE workspace = ?1 AND id = ?2")?
        .execute(params![workspace.as_str(), id, until.map(micros)])?;
    Ok(())
}

/// Puts a question to somebody, by day; who has it already is asked once more.
fn put(
    connection: &Connection,
    workspace: &WorkspaceId,
    id: u64,
    to: &Person,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some(kept) = question::find(connection, workspace, id)? else {
        return Ok(());
    };
    let before = kept.question;
    let is_theirs = before.asked.as_ref().is_some_and(|(who, _)| *who == to.id);
    let n_asked = if is_theirs { before.n_asked + 1 } else { 1 };
    if before.answered.is_some() || n_asked > MOST_ASKED {
        return rest(connection, workspace, id, None);
    }
    people::meet(connection, workspace, to)?;
    let roster = roster(connection, workspace, rules);
    let at = by_day(&to.id, now + GATHERED_FOR, &roster);
    let next_at = (n_asked < MOST_ASKED).then(|| at + ASKED_AGAIN_AFTER);
    let asked_at = before.asked.filter(|_| is_theirs).map_or(now, |(_, at)| at);
    connection
        .prepare_cached(
            "UPDATE question SET asked_of = ?3, asked_at = ?4, n_asked = ?5, next_at = ?6
             WHERE workspace = ?1 AND id = ?2",
        )?
        .execute(params![
            workspace.as_str(),
            id,
            to.id.as_str(),
            micros(asked_at),
            n_asked,
            next_at.map(micros),
        ])?;
    // Whoever had it before reads that it isn't with them any more.
    outbox::redraw_question(connection, workspace, id, now)?;
    let again = n_asked > 1;
    outbox::owe_question(connection, workspace, (id, &to.id, again), at)
}

/// Takes a question back from somebody who was gone before it reached them.
fn take_back(
    connection: &Connection,
    workspace: &WorkspaceId,
    id: u64,
    from: &UserId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    outbox::drop_question(connection, workspace, id, from)?;
    let Some(kept) = question::find(connection, workspace, id)? else {
        return Ok(());
    };
    if kept.question.answered.is_some() {
        return Ok(());
    }
    let is_second = |(who, _): &(UserId, UserId)| who == from;
    if kept.question.second.as_ref().is_some_and(is_second) {
        name(connection, workspace, id, None)?;
        return outbox::redraw_question(connection, workspace, id, now);
    }
    rest(connection, workspace, id, Some(now))
}

/// Notes whose word it is to be, and who says so.
fn name(
    connection: &Connection,
    workspace: &WorkspaceId,
    id: u64,
    second: Option<(&UserId, &UserId)>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE question SET second = ?3, named_by = ?4 WHERE workspace = ?1 AND id = ?2",
        )?
        .execute(params![
            workspace.as_str(),
            id,
            second.map(|(who, _)| who.as_str()),
            second.map(|(_, by)| by.as_str()),
        ])?;
    Ok(())
}

/// Settles the gesture that answered a question. Who says the same twice is told
/// nothing: the message shows it.
fn conclude(
    connection: &Connection,
    workspace: &WorkspaceId,
    gesture: &Gesture,
    (id, answer): (u64, Explanation),
    explained: &Explained,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (outcome, change) = match explained {
        Explained::Now => {
            let question = question::find(connection, workspace, id)?;
            (
                Outcome::Done,
                question.and_then(|kept| kept.question.change),
            )
        }
        Explained::Before(before, by) if *before == answer && *by == gesture.actor => {
            (Outcome::Done, None)
        }
        Explained::Before(_, by) if *by == gesture.actor => (
            Outcome::Refused("You answered that before, and the first answer stands.".to_owned()),
            None,
        ),
        Explained::Before(_, by) => (
            Outcome::Refused(format!(
                "<@{by}> answered that before, and the first answer stands."
            )),
            None,
        ),
        Explained::Unfit => (
            Outcome::Refused("That isn't asked any more, so nothing was recorded.".to_owned()),
            None,
        ),
    };
    inbox::settle(connection, workspace, gesture, &outcome, change)?;
    if matches!(outcome, Outcome::Refused(_)) {
        outbox::owe_reply(connection, workspace, gesture, now)?;
    }
    Ok(())
}

/// Whether a question waits for an answer. If it doesn't, the gesture that was to answer
/// it is settled by that.
fn is_open(
    connection: &Connection,
    workspace: &WorkspaceId,
    gesture: &Gesture,
    said: (u64, Explanation),
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let found = question::question(connection, workspace, said.0)?;
    let explained = match found.map(|question| question.answered) {
        None => Explained::Unfit,
        Some(Some((answer, by, _))) => Explained::Before(answer, by),
        Some(None) => return Ok(true),
    };
    conclude(connection, workspace, gesture, said, &explained, now)?;
    Ok(false)
}

impl Store {
    /// Returns the questions that go further by now: to be put to somebody, or once
    /// more.
    pub async fn questions_due(
        &self,
        now: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<Question>, StoreError> {
        self.read(move |connection, workspace| {
            // Mostly there is none, and that is seen from the index.
            match next_at(connection, workspace)? {
                Some(next_at) if next_at <= now => question::due(connection, workspace, now, limit),
                Some(_) | None => Ok(Vec::new()),
            }
        })
        .await
    }

    /// Puts a question to somebody, by day; who has it already is asked once more.
    pub async fn put_question(
        &self,
        id: u64,
        to: Person,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            put(connection, workspace, id, &to, &rules, now)
        })
        .await
    }

    /// Lets a question rest until an instant; for good where there is nothing to ask
    /// any more, and then what stands of it says so.
    pub async fn rest_question(
        &self,
        id: u64,
        until: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            rest(connection, workspace, id, until)?;
            match until {
                Some(_) => Ok(()),
                None => outbox::redraw_question(connection, workspace, id, now),
            }
        })
        .await
    }

    /// Takes questions back from somebody who was gone before they were sent.
    pub async fn take_questions_back(
        &self,
        ids: Vec<u64>,
        from: UserId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Later, move |connection, workspace| {
            for id in ids {
                take_back(connection, workspace, id, &from, now)?;
            }
            Ok(())
        })
        .await
    }

    /// Answers a question by a gesture, which is settled in the same transaction.
    pub async fn explain(
        &self,
        gesture: Gesture,
        id: u64,
        reply: Reply,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write_once(gesture, move |connection, workspace, gesture| {
            let explained = question::answer(connection, workspace, id, &reply, &rules, now)?;
            let said = (id, reply.answer);
            conclude(connection, workspace, gesture, said, &explained, now)
        })
        .await
    }

    /// Declares an emergency change after the fact, and answers the question out of
    /// which it came, in one transaction.
    pub async fn declare_from(
        &self,
        id: u64,
        execution: Execution,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let Some(gesture) = execution.gesture.clone() else {
            return Err(StoreError::Corrupt("an answer of nobody"));
        };
        self.write_once(gesture, move |connection, workspace, gesture| {
            let said = (id, Explanation::Declared);
            if !is_open(connection, workspace, gesture, said, now)? {
                return Ok(());
            }
            let done = execute::execute(connection, workspace, &execution, &rules, now)?;
            if let (Outcome::Done, Some(number)) = done {
                let reply = Reply {
                    answer: Explanation::Declared,
                    change: Some(number),
                    proof: None,
                    by: gesture.actor.clone(),
                };
                question::answer(connection, workspace, id, &reply, &rules, now)?;
            }
            Ok(())
        })
        .await
    }

    /// Notes whose word it is to be that a change was a normal one, and asks them, by
    /// day. Nothing is answered by that.
    pub async fn name_second(
        &self,
        gesture: Gesture,
        id: u64,
        second: Person,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write_once(gesture, move |connection, workspace, gesture| {
            let said = (id, Explanation::Normal);
            if !is_open(connection, workspace, gesture, said, now)? {
                return Ok(());
            }
            people::meet(connection, workspace, &second)?;
            let pair = (&second.id, &gesture.actor);
            name(connection, workspace, id, Some(pair))?;
            outbox::redraw_question(connection, workspace, id, now)?;
            let roster = roster(connection, workspace, &rules);
            let at = by_day(&second.id, now, &roster);
            outbox::owe_question(connection, workspace, (id, &second.id, false), at)?;
            inbox::settle(connection, workspace, gesture, &Outcome::Done, None)
        })
        .await
    }

    /// Notes that whoever was named doesn't give their word: the question is open as
    /// before.
    pub async fn refuse_word(
        &self,
        gesture: Gesture,
        id: u64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write_once(gesture, move |connection, workspace, gesture| {
            let said = (id, Explanation::Normal);
            if !is_open(connection, workspace, gesture, said, now)? {
                return Ok(());
            }
            name(connection, workspace, id, None)?;
            outbox::redraw_question(connection, workspace, id, now)?;
            inbox::settle(connection, workspace, gesture, &Outcome::Done, None)
        })
        .await
    }

    /// Takes in a change of which a person tells, and answers their gesture, in one
    /// transaction. Its words are the title's from then on.
    pub async fn list_normal(
        &self,
        gesture: Gesture,
        told: Deployment,
        rules: Arc<Rules>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let source = told.source.clone();
        let prepared = vec![super::row::Prepared::new(told)];
        self.write_once(gesture, move |connection, workspace, gesture| {
            let intake = Intake {
                is_list: true,
                ..Intake::new(source.clone(), Vec::new())
            };
            // What somebody lists counts, whatever the rules are.
            let counting = Counting::default();
            let (told, rules) = (prepared.as_slice(), &rules);
            take::take(connection, workspace, &intake, told, &counting, rules, now)?;
            inbox::settle(connection, workspace, gesture, &Outcome::Done, None)?;
            outbox::owe_reply(connection, workspace, gesture, now)
        })
        .await
    }
}
