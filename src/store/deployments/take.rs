//! Taking in what a source told: what is known already, which tellings are of one
//! change, what counts, and what it means for the register. One transaction.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{CachedStatement, Connection, OptionalExtension, ToSql, params};
use sha2::{Digest, Sha256};

use super::belong::{self, Register};
use super::group::{Group, bits};
use super::names::Names;
use super::row::{self, Derived, FACTS, INSERT, Prepared, SHORT, week, within};
use super::unrecorded::Unrecorded;
use super::{ASKED_WITHIN, Intake, SETTLED_AFTER, TakenIn, hearing, named, near, reading};
use crate::domain::deployment::{ChangeKind, Happening, Mark};
use crate::domain::id::{ChangeNumber, UserId, WorkspaceId};
use crate::domain::policy::Counting;
use crate::store::log::{Appender, HouseEvent};
use crate::store::{Rules, StoreError, micros, texts};

/// How long a delivery's name is kept.
const DELIVERY_KEPT: TimeDelta = TimeDelta::days(30);

/// Takes in what a source told.
pub(super) fn take(
    connection: &Connection,
    workspace: &WorkspaceId,
    intake: &Intake,
    told: &[Prepared],
    counting: &Counting,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Vec<TakenIn>, StoreError> {
    let mut names = Names::new(connection, workspace);
    if let Some(delivery) = &intake.delivery {
        let source = names.source(intake.source.as_str())?;
        if !is_new_delivery(connection, workspace, source, delivery, now)? {
            let taken = vec![TakenIn::Duplicate; told.len()];
            hearing::hear(connection, workspace, &mut names, intake, told, &taken, now)?;
            return Ok(taken);
        }
    }
    let mut log = Appender::begin(connection, workspace)?;
    let authors = &intake.authors;
    let mut taker = Taker::begin((connection, workspace), authors, log.next(), now)?;
    let mut became = Vec::with_capacity(told.len());
    for one in told {
        became.push(taker.take(&mut names, one, counting)?);
    }
    if taker.n_new > 0 {
        let event = HouseEvent::DeploymentsTakenIn {
            source: intake.source.as_str().to_owned(),
            n: taker.n_new,
            rows: taker.rows.clone().finalize().into(),
        };
        log.append_house_event(now, &event)?;
        log.save()?;
    }
    let Taker {
        follow_up,
        register,
        ..
    } = taker;
    let at = (connection, workspace);
    look_after(at, &mut names, register, follow_up, authors, rules, now)?;
    if let Some(to) = &intake.read_to {
        reading::read_to(connection, workspace, &intake.source, to, now)?;
    }
    hearing::hear(
        connection, workspace, &mut names, intake, told, &became, now,
    )?;
    Ok(became)
}

/// Whether a delivery wasn't taken in before. It is from now on.
fn is_new_delivery(
    connection: &Connection,
    workspace: &WorkspaceId,
    source: i64,
    delivery: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    connection
        .prepare_cached("DELETE FROM delivery WHERE workspace = ?1 AND at < ?2")?
        .execute(params![workspace.as_str(), micros(now - DELIVERY_KEPT)])?;
    let n_new = connection
        .prepare_cached(
            "INSERT INTO delivery (workspace, source, id, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![workspace.as_str(), source, delivery, micros(now)])?;
    Ok(n_new > 0)
}

/// What is left to do about a group when all is taken in and logged.
#[derive(Debug)]
struct FollowUp {
    /// A telling of the group.
    id: i64,
    /// The address of whoever made the change.
    author_email: Option<String>,
    /// Whether the group may be tied to an emergency change by more than time and
    /// system.
    is_tied: bool,
}

/// Tells the register of deployments of its changes, and asks about those that may
/// be of one.
fn look_after(
    (connection, workspace): (&Connection, &WorkspaceId),
    names: &mut Names<'_>,
    mut register: Register,
    follow_up: Vec<FollowUp>,
    authors: &BTreeMap<String, UserId>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut unrecorded = None;
    for one in follow_up {
        // It may have found its group since.
        let leader = row::leader_of(connection, workspace, one.id)?;
        let mut group = row::group(connection, workspace, leader)?;
        let author = one.author_email.as_ref().and_then(|mail| authors.get(mail));
        if group.emergency.is_some() {
            let group = (leader, &group);
            belong::tell(connection, workspace, group, author, rules, now)?;
            continue;
        }
        let before = group.clone();
        let register = &mut register;
        if one.is_tied && belong::ask(connection, workspace, register, (leader, &group), now)?
            || near::propose(connection, workspace, register, leader, &group, now)?
        {
            group.traits.was_proposed = true;
        }
        let unrecorded = match &mut unrecorded {
            Some(known) => known,
            unknown => unknown.insert(Unrecorded::now(connection, workspace, now)?),
        };
        if unrecorded.is_before((connection, workspace), leader, &group)? {
            group.marks |= bits(&BTreeSet::from([Mark::Unrecorded]));
            settle(&mut group, true, now);
        }
        if group != before {
            row::save_group(connection, workspace, names, leader, &group)?;
        }
    }
    Ok(())
}

/// The most leaders that one telling can find: of its identity, and of its commit
/// and its link in its own week and those beside it.
type Leaders = Vec<i64>;

const SAME_IDENTITY: &str = "SELECT leader FROM deployment
     WHERE workspace = ?1 AND source = ?2 AND external_id = ?3 LIMIT 1";

const EXCLUDED: &str = "SELECT EXISTS (SELECT 1 FROM deployment
     WHERE workspace = ?1 AND source = ?2 AND external_id = ?3 AND is_excluded = 1)";

/// Everything of one commit or link in one week is of one group, so that one of it
/// is enough; of the weeks beside it, the nearest. The three are asked one by one:
/// joined in one statement, each would be written to a table of its own first.
const SAME_COMMIT: [&str; 3] = [
    "SELECT leader FROM deployment
     WHERE workspace = ?1 AND week = ?2 AND commit_hash = ?3 LIMIT 1",
    "SELECT leader FROM deployment
     WHERE workspace = ?1 AND week = ?2 AND commit_hash = ?3 AND at >= ?4
     ORDER BY at DESC LIMIT 1",
    "SELECT leader FROM deployment
     WHERE workspace = ?1 AND week = ?2 AND commit_hash = ?3 AND at <= ?4
     ORDER BY at LIMIT 1",
];

const SAME_URL: [&str; 3] = [
    "SELECT leader FROM deployment
     WHERE workspace = ?1 AND week = ?2 AND url = ?3 LIMIT 1",
    "SELECT leader FROM deployment
     WHERE workspace = ?1 AND week = ?2 AND url = ?3 AND at >= ?4 ORDER BY at DESC LIMIT 1",
    "SELECT leader FROM deployment
     WHERE workspace = ?1 AND week = ?2 AND url = ?3 AND at <= ?4 ORDER BY at LIMIT 1",
];

/// The next full commit of a week that begins as an abbreviated one does.
pub(in crate::store) const NEXT_BEGINNING: &str = "SELECT commit_hash FROM deployment
     WHERE workspace = ?1 AND week = ?2 AND commit_hash > ?3 AND commit_hash <= ?4
     ORDER BY commit_hash LIMIT 1";

/// How the tellings of one commit, or of one link, are found.
struct Neighbours<'c> {
    same_week: CachedStatement<'c>,
    before: CachedStatement<'c>,
    after: CachedStatement<'c>,
}

impl<'c> Neighbours<'c> {
    fn new(
        connection: &'c Connection,
        [same_week, before, after]: [&str; 3],
    ) -> Result<Self, StoreError> {
        Ok(Self {
            same_week: connection.prepare_cached(same_week)?,
            before: connection.prepare_cached(before)?,
            after: connection.prepare_cached(after)?,
        })
    }

    /// Notes the groups of what has the same name within a week of `at`.
    fn note(
        &mut self,
        workspace: &str,
        name: &dyn ToSql,
        at: i64,
        leaders: &mut Leaders,
    ) -> Result<(), StoreError> {
        let (week, within) = (week(at), within());
        note(
            leaders,
            self.same_week.query(params![workspace, week, name])?,
        )?;
        let earlier = params![workspace, week - 1, name, at - within];
        note(leaders, self.before.query(earlier)?)?;
        let later = params![workspace, week + 1, name, at + within];
        note(leaders, self.after.query(later)?)
    }
}

/// Takes in one telling after the other.
struct Taker<'c> {
    connection: &'c Connection,
    workspace: &'c WorkspaceId,
    authors: &'c BTreeMap<String, UserId>,
    now: DateTime<Utc>,
    intake: u64,
    next_id: i64,
    n_new: u64,
    rows: Sha256,
    /// Whether any ticket names a commit or a link.
    is_any_named: bool,
    /// Whether anybody told of an abbreviated commit.
    is_any_short: bool,
    register: Register,
    follow_up: Vec<FollowUp>,
    same_identity: CachedStatement<'c>,
    same_commit: Neighbours<'c>,
    same_url: Neighbours<'c>,
    insert: CachedStatement<'c>,
    keep_text: CachedStatement<'c>,
}

impl<'c> Taker<'c> {
    fn begin(
        (connection, workspace): (&'c Connection, &'c WorkspaceId),
        authors: &'c BTreeMap<String, UserId>,
        intake: u64,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let last: Option<i64> = connection
            .prepare_cached("SELECT max(id) FROM deployment")?
            .query_row([], |row| row.get(0))?;
        Ok(Self {
            connection,
            workspace,
            authors,
            now,
            intake,
            next_id: last.unwrap_or(0) + 1,
            n_new: 0,
            rows: Sha256::new(),
            is_any_named: named::is_any_named(connection, workspace)?,
            is_any_short: is_any_short(connection, workspace)?,
            register: Register::default(),
            follow_up: Vec::new(),
            same_identity: connection.prepare_cached(SAME_IDENTITY)?,
            same_commit: Neighbours::new(connection, SAME_COMMIT)?,
            same_url: Neighbours::new(connection, SAME_URL)?,
            insert: connection.prepare_cached(INSERT)?,
            keep_text: connection.prepare_cached(texts::KEEP_TOLD)?,
        })
    }

    fn take(
        &mut self,
        names: &mut Names<'_>,
        one: &Prepared,
        counting: &Counting,
    ) -> Result<TakenIn, StoreError> {
        let mut leaders = Leaders::new();
        let source = names.source(one.told.source.as_str())?;
        if self.is_known(source, one, &mut leaders)? {
            return Ok(TakenIn::Duplicate);
        }
        let is_excluded = !leaders.is_empty() && self.is_excluded(source, one)?;
        let workspace = self.workspace.as_str();
        if let Some(commit) = &one.commit {
            self.note_commit(commit, one.at, &mut leaders)?;
        }
        if let Some(url) = &one.told.url {
            self.same_url.note(workspace, url, one.at, &mut leaders)?;
        }
        let counts = counting.counts(&one.told.source, one.told.happening);
        let found = belong::find(
            (self.connection, self.workspace),
            &mut self.register,
            one,
            self.is_any_named,
            self.now,
        )?;
        let matched = found.belongs.first().copied();
        let mut alone = Group::of(&one.told, one.at, counts);
        if self.is_called_emergency(one)? {
            alone.marks |= bits(&BTreeSet::from([Mark::Labelled]));
        }
        if is_excluded {
            alone.exclude();
        }
        let derived = (counts, is_excluded, matched);
        let (was_counted, group) = self.write(names, one, derived, leaders, alone)?;
        for text in one.told.title.iter().chain(&one.told.testing_result) {
            self.keep_text.execute(params![
                self.workspace.as_str(),
                text.commitment().0,
                text.salt().0,
                text.body(),
                self.next_id - 1,
            ])?;
        }
        self.n_new += 1;
        self.rows.update(one.hash);
        let is_counted = group.counted_at().is_some();
        let is_new_to_the_register = group.emergency.is_some() && group.first.is_some();
        // What adds nothing else may be what makes a change of the others count.
        let is_tied = !found.perhaps.is_empty() || !was_counted && group.n_tellings > 1;
        if is_new_to_the_register || is_counted && self.is_recent(one.at) {
            self.follow_up.push(FollowUp {
                id: self.next_id - 1,
                author_email: one.told.author_email.clone(),
                is_tied,
            });
        }
        Ok(match group.emergency {
            Some(number) => TakenIn::Belongs(number),
            None if is_counted && !was_counted => TakenIn::Counted,
            None => TakenIn::NotCounted,
        })
    }

    /// Notes the groups of what is of the same commit: a full one is also the one that
    /// it begins with, and an abbreviated one all that begin so.
    fn note_commit(
        &mut self,
        commit: &[u8],
        at: i64,
        leaders: &mut Leaders,
    ) -> Result<(), StoreError> {
        let workspace = self.workspace.as_str();
        self.same_commit.note(workspace, &commit, at, leaders)?;
        if commit.len() > SHORT {
            if let Some(short) = commit.get(..SHORT).filter(|_| self.is_any_short) {
                self.same_commit.note(workspace, &short, at, leaders)?;
            }
            return Ok(());
        }
        self.is_any_short = true;
        let last = named::last_beginning(commit);
        let mut select = self.connection.prepare_cached(NEXT_BEGINNING)?;
        let mut beginning: BTreeSet<Vec<u8>> = BTreeSet::new();
        for week in week(at) - 1..=week(at) + 1 {
            let mut before = commit.to_vec();
            while let Some(next) = select
                .query_row(params![workspace, week, before, last], |row| {
                    row.get::<_, Vec<u8>>(0)
                })
                .optional()?
            {
                beginning.insert(next.clone());
                before = next;
            }
        }
        for full in beginning {
            self.same_commit.note(workspace, &full, at, leaders)?;
        }
        Ok(())
    }

    /// Whether it was told before, fact for fact. Notes the group of its identity.
    fn is_known(
        &mut self,
        source: i64,
        one: &Prepared,
        leaders: &mut Leaders,
    ) -> Result<bool, StoreError> {
        let (connection, workspace) = (self.connection, self.workspace);
        let identity = params![workspace.as_str(), source, one.told.external_id];
        note(leaders, self.same_identity.query(identity)?)?;
        if leaders.is_empty() {
            return Ok(false);
        }
        // However often it was told of, few tellings are of the same instant.
        let mut select = connection.prepare_cached(&format!(
            "SELECT {FACTS} FROM deployment
             WHERE workspace = ?1 AND source = ?2 AND external_id = ?3 AND at = ?4"
        ))?;
        let mut rows = select.query(params![
            workspace.as_str(),
            source,
            one.told.external_id,
            one.at
        ])?;
        while let Some(row) = rows.next()? {
            if row::is_told_before(connection, workspace, &row::facts(row)?, &one.told)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether something of that name was told before, and somebody said that it was
    /// not production: it doesn't become that by being told again.
    fn is_excluded(&self, source: i64, one: &Prepared) -> Result<bool, StoreError> {
        let identity = params![self.workspace.as_str(), source, one.told.external_id];
        Ok(self
            .connection
            .prepare_cached(EXCLUDED)?
            .query_row(identity, |row| row.get(0))?)
    }

    /// Whether a source calls it an emergency of which the register should know: not
    /// one of the list of those from before it began.
    fn is_called_emergency(&self, one: &Prepared) -> Result<bool, StoreError> {
        if one.told.kind != Some(ChangeKind::Emergency) || !self.is_recent(one.at) {
            return Ok(false);
        }
        if one.told.happening != Happening::Listed {
            return Ok(true);
        }
        let began_at: Option<i64> = self
            .connection
            .prepare_cached("SELECT min(requested_at) FROM change WHERE workspace = ?1")?
            .query_row([self.workspace.as_str()], |row| row.get(0))?;
        Ok(began_at.is_some_and(|began_at| began_at <= one.at))
    }

    /// Writes a telling down with the groups that it joins; returns whether one of
    /// them was counted, and what they are together.
    fn write(
        &mut self,
        names: &mut Names<'_>,
        one: &Prepared,
        (counts, is_excluded, matched): (bool, bool, Option<ChangeNumber>),
        mut leaders: Leaders,
        alone: Group,
    ) -> Result<(bool, Group), StoreError> {
        let (connection, workspace) = (self.connection, self.workspace);
        leaders.sort_unstable();
        leaders.dedup();
        let mut joined = Vec::with_capacity(leaders.len());
        for leader in leaders {
            joined.push((leader, row::group(connection, workspace, leader)?));
        }
        let was_counted = joined.iter().any(|(_, group)| group.counted_at().is_some());
        // The largest group keeps its leader, so that few have to follow another.
        let largest = joined
            .iter()
            .max_by_key(|(leader, group)| (group.n_tellings, std::cmp::Reverse(*leader)))
            .map(|(leader, _)| *leader);
        let id = self.next_id;
        self.next_id += 1;
        let leader = largest.unwrap_or(id);
        let others: Vec<i64> = joined
            .iter()
            .map(|(other, _)| *other)
            .filter(|other| *other != leader)
            .collect();
        let mut group = joined
            .into_iter()
            .fold(alone, |all, (_, group)| all.and(group));
        // What was found first stands.
        group.emergency = group.emergency.or(matched);
        settle(&mut group, self.is_recent(one.at), self.now);
        let email = one.told.author_email.as_ref();
        let found = email.and_then(|email| self.authors.get(email));
        let made_by = one.told.teller().or_else(|| found.cloned());
        let derived = Derived {
            id,
            intake: self.intake,
            heard_at: micros(self.now),
            counts,
            matched,
            is_excluded,
            made_by: made_by.as_ref(),
            leader,
            group: Some(&group).filter(|_| leader == id),
        };
        row::insert(&mut self.insert, workspace, names, one, &derived)?;
        for other in others {
            row::follow(connection, workspace, other, leader)?;
        }
        if leader != id {
            row::save_group(connection, workspace, names, leader, &group)?;
        }
        Ok((was_counted, group))
    }

    /// Whether it makes sense to ask anybody about something of that time.
    fn is_recent(&self, at: i64) -> bool {
        at >= micros(self.now - ASKED_WITHIN)
    }
}

/// Says when somebody is to be asked about a group, if at all.
pub(super) fn settle(group: &mut Group, is_recent: bool, now: DateTime<Utc>) {
    let later = micros(now + SETTLED_AFTER);
    group.settles_at = (group.looks_undeclared() && (is_recent || group.settles_at.is_some()))
        .then(|| group.settles_at.unwrap_or(later));
}

/// Whether anybody told of an abbreviated commit.
pub(in crate::store) const IS_ANY_SHORT: &str = "SELECT EXISTS (
         SELECT 1 FROM deployment WHERE workspace = ?1 AND length(commit_hash) = 6)";

fn is_any_short(connection: &Connection, workspace: &WorkspaceId) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(IS_ANY_SHORT)?
        .query_row([workspace.as_str()], |row| row.get(0))?)
}

fn note(leaders: &mut Leaders, mut rows: rusqlite::Rows<'_>) -> Result<(), StoreError> {
    while let Some(row) = rows.next()? {
        leaders.push(row.get(0)?);
    }
    Ok(())
}
