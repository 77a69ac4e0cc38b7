//! Which production change belongs to which emergency change of the register: by
//! number, by commit or by link, never by time and system alone. What is too far off
//! in time for that is asked about.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::ASKED_WITHIN;
use super::group::Group;
use super::named::{self, Name, naming};
use super::names::Names;
use super::question;
use super::row::{self, Prepared};
use super::take::settle;
use crate::domain::change::{
    Command, EmergencyChange, Event, Recorded, SAME_DEPLOYMENT, Source, Stage,
};
use crate::domain::deployment::{
    BEFORE_THE_REQUEST, Doubt, Fit, Happening, NUMBER_HOLDS, SAME_WITHIN, Tie, fit,
};
use crate::domain::id::{ChangeNumber, UserId, WorkspaceId};
use crate::domain::ticket::Field;
use crate::store::execute::if_the_rules_allow;
use crate::store::{Rules, StoreError, instant, log, micros};

/// How many tellings of one change are looked at for what it may belong to.
const LOOKED_AT: usize = 20;

/// The changes that one transaction has looked at.
#[derive(Debug, Default)]
pub(super) struct Register(BTreeMap<ChangeNumber, Option<EmergencyChange>>);

impl Register {
    /// Returns a change as it stood when this transaction first looked at it.
    pub(super) fn change(
        &mut self,
        connection: &Connection,
        workspace: &WorkspaceId,
        number: ChangeNumber,
    ) -> Result<Option<&EmergencyChange>, StoreError> {
        let known = match self.0.entry(number) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(unknown) => {
                let loaded = log::load(connection, workspace, number)?;
                unknown.insert(loaded.map(|(change, _)| change))
            }
        };
        Ok(known.as_ref())
    }

    /// Returns the change that stands for a number: itself, or the one of which it is
    /// a second record.
    fn standing(
        &mut self,
        connection: &Connection,
        workspace: &WorkspaceId,
        number: ChangeNumber,
    ) -> Result<Option<&EmergencyChange>, StoreError> {
        let mut stands = number;
        // A second record is always of an earlier change.
        while let Some(change) = self.change(connection, workspace, stands)?
            && let Some(of) = change.duplicate_of
            && of < stands
        {
            stands = of;
        }
        self.change(connection, workspace, stands)
    }
}

/// That by which a telling may belong to an emergency change.
#[derive(Debug)]
struct Ties {
    at: i64,
    /// Whether it only says that somebody approved something.
    is_review: bool,
    /// Whether a person listed it in Slack as a normal change.
    is_said: bool,
    reference: Option<ChangeNumber>,
    names: Vec<Name>,
}

impl Ties {
    const COLUMNS: &str =
        "at, reference, commit_hash, url, happening = 'review', said_in IS NOT NULL";

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let commit: Option<Vec<u8>> = row.get(2)?;
        let url: Option<String> = row.get(3)?;
        Ok(Self {
            at: row.get(0)?,
            is_review: row.get(4)?,
            is_said: row.get(5)?,
            reference: row.get::<_, Option<u64>>(1)?.map(ChangeNumber),
            names: named::names_of(commit.as_deref(), url.as_deref()),
        })
    }
}

/// To which emergency changes a telling belongs by what it says.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// To which it belongs.
    pub(super) belongs: BTreeSet<ChangeNumber>,
    /// To which a person may say that it does.
    pub(super) perhaps: BTreeSet<ChangeNumber>,
}

/// Returns the emergency changes to which a telling belongs by what it says.
pub(super) fn find(
    (connection, workspace): (&Connection, &WorkspaceId),
    register: &mut Register,
    one: &Prepared,
    is_any_named: bool,
    now: DateTime<Utc>,
) -> Result<Found, StoreError> {
    let names = if is_any_named {
        named::names_of(one.commit.as_deref(), one.told.url.as_deref())
    } else {
        Vec::new()
    };
    let ties = Ties {
        at: one.at,
        is_review: one.told.happening == Happening::Review,
        is_said: one.told.said_in.is_some(),
        reference: one.told.reference,
        names,
    };
    by_ties((connection, workspace), register, &ties, now)
}

fn by_ties(
    (connection, workspace): (&Connection, &WorkspaceId),
    register: &mut Register,
    ties: &Ties,
    now: DateTime<Utc>,
) -> Result<Found, StoreError> {
    let mut found = Found::default();
    if ties.is_review {
        return Ok(found);
    }
    // A source's clock may go ahead of ours.
    let at = instant(ties.at).min(now);
    let mut candidates: BTreeSet<(ChangeNumber, bool)> = BTreeSet::new();
    candidates.extend(ties.reference.map(|number| (number, true)));
    for name in &ties.names {
        let naming = naming(connection, workspace, name)?;
        candidates.extend(naming.into_iter().map(|number| (number, false)));
    }
    for (number, by_number) in candidates {
        let requested_at: Option<i64> = connection
            .prepare_cached("SELECT requested_at FROM change WHERE workspace = ?1 AND number = ?2")?
            .query_row(params![workspace.as_str(), number.0], |row| row.get(0))
            .optional()?;
        let near = |it: &i64| (at - instant(*it)).abs() <= SAME_WITHIN;
        let Some(requested_at) = requested_at.filter(near) else {
            continue;
        };
        let Some(change) = register.standing(connection, workspace, number)? else {
            continue;
        };
        if change.drill {
            continue;
        }
        // Nobody meant to deploy it any more, or calls it a normal change: that is for
        // a person to say.
        let is_doubtful = ties.is_said || matches!(change.stage, Stage::Withdrawn | Stage::Lapsed);
        let tie = if by_number { Tie::Number } else { Tie::Ticket };
        match fit(tie, at, instant(requested_at), &said(change)) {
            Fit::Belongs if !is_doubtful => found.belongs.insert(change.number),
            Fit::Belongs | Fit::MayBelong => found.perhaps.insert(change.number),
            Fit::Apart => false,
        };
    }
    Ok(found)
}

/// When people said that a change was deployed. What sources told isn't among it: it
/// would matter then which of them was first.
fn said(change: &EmergencyChange) -> Vec<DateTime<Utc>> {
    let by_people = change
        .deployments
        .iter()
        .filter(|it| it.known_from != Source::Webhook);
    by_people.map(|it| it.at).collect()
}

/// Returns the emergency that stands of several to which the same belongs: the one
/// that was found first, or, of those that were found at once, the first of all.
fn stands(before: Option<ChangeNumber>, found: &BTreeSet<ChangeNumber>) -> Option<ChangeNumber> {
    before
        .filter(|number| found.contains(number))
        .or_else(|| found.first().copied())
}

/// Tells the register that the change to which a group belongs is in production, if it
/// doesn't know, or knows only of later. The implementer is the author where they are
/// known, and the requester otherwise. Returns the change as it stands then; nothing
/// if it is as it was.
pub(super) fn tell(
    connection: &Connection,
    workspace: &WorkspaceId,
    (leader, group): (i64, &Group),
    author: Option<&UserId>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Option<EmergencyChange>, StoreError> {
    let (Some(number), Some((first, _))) = (group.emergency, &group.first) else {
        return Ok(None);
    };
    let Some((change, _)) = log::load(connection, workspace, number)? else {
        return Ok(None);
    };
    let since = micros(change.requested_at - BEFORE_THE_REQUEST);
    let at = if answered(connection, workspace, leader)?.contains(&number) {
        Some(*first)
    } else if !said(&change).is_empty() {
        // What was merged before isn't in production by that, and a link may be of
        // something else: only what names the change knows better than people do.
        first_since(connection, workspace, leader, since, Some(number))?
    } else if *first >= since {
        Some(*first)
    } else {
        // It went to production before, for another reason.
        first_since(connection, workspace, leader, since, None)?
    };
    let Some(at) = at.map(|at| instant(at).min(now)) else {
        return Ok(None);
    };
    let is_near = |other: DateTime<Utc>| (other - at).abs() < SAME_DEPLOYMENT;
    let is_known = change.deployed_at().is_some_and(|known| known <= at);
    // Somebody has put that very time right.
    let is_corrected = change.corrections.iter().any(|it| is_near(it.from));
    if is_known || is_corrected {
        return Ok(None);
    }
    let told_twice = change.deployments.iter().find(|known| is_near(known.at));
    let by = told_twice.map(|known| &known.by).or(author);
    let command = Command::RecordDeployment {
        at,
        source: Source::Webhook,
        by: by.unwrap_or(&change.requester).clone(),
    };
    if_the_rules_allow(
        (connection, workspace),
        &change,
        Source::Webhook,
        command,
        rules,
        now,
    )
}

/// Returns what reads some columns of a group's tellings.
pub(in crate::store) fn members(columns: &str, and: &str) -> String {
    format!(
        "SELECT {columns} FROM deployment WHERE id = ?2 AND workspace = ?1 {and}
         UNION ALL
         SELECT {columns} FROM deployment
         WHERE workspace = ?1 AND leader = ?2 AND leader <> id {and}"
    )
}

/// Returns the first instant from `since` on at which a telling of a group counts: any,
/// or a deployment or run that has a change's number.
fn first_since(
    connection: &Connection,
    workspace: &WorkspaceId,
    leader: i64,
    since: i64,
    naming: Option<ChangeNumber>,
) -> Result<Option<i64>, StoreError> {
    let mut select = connection.prepare_cached(&members(
        "min(at)",
        "AND counts = 1 AND is_excluded = 0 AND at >= ?3
         AND (?4 IS NULL OR reference = ?4 AND happening IN ('deployment', 'run'))",
    ))?;
    let naming = naming.map(|number| number.0);
    let mut rows = select.query(params![workspace.as_str(), leader, since, naming])?;
    let mut first: Option<i64> = None;
    while let Some(row) = rows.next()? {
        first = first.into_iter().chain(row.get::<_, Option<i64>>(0)?).min();
    }
    Ok(first)
}

/// Returns what reads to which emergency changes people said that a group belongs.
pub(in crate::store) fn answers() -> String {
    format!(
        "SELECT change FROM question
         WHERE workspace = ?1 AND answer IN ('yes', 'declared') AND change IS NOT NULL
             AND deployment IN ({})",
        members("id", "")
    )
}

/// Returns the emergency changes to which a group belongs because somebody said so.
fn answered(
    connection: &Connection,
    workspace: &WorkspaceId,
    leader: i64,
) -> Result<BTreeSet<ChangeNumber>, StoreError> {
    let said: Vec<u64> = connection
        .prepare_cached(&answers())?
        .query_map(params![workspace.as_str(), leader], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut register = Register::default();
    let mut found = BTreeSet::new();
    for number in said.into_iter().map(ChangeNumber) {
        let stands = register.standing(connection, workspace, number)?;
        found.extend(stands.map(|change| change.number));
    }
    Ok(found)
}

/// Returns an emergency change of which a person may say that a group belongs to it, and
/// was not asked yet.
fn perhaps(
    connection: &Connection,
    workspace: &WorkspaceId,
    register: &mut Register,
    leader: i64,
    now: DateTime<Utc>,
) -> Result<Option<ChangeNumber>, StoreError> {
    let tied: Vec<Ties> = connection
        .prepare_cached(&format!("{} LIMIT ?3", members(Ties::COLUMNS, "")))?
        .query_map(params![workspace.as_str(), leader, LOOKED_AT], Ties::read)?
        .collect::<rusqlite::Result<_>>()?;
    let mut found = BTreeSet::new();
    for ties in &tied {
        found.extend(by_ties((connection, workspace), register, ties, now)?.perhaps);
    }
    let mut is_asked = connection.prepare_cached(&format!(
        "SELECT EXISTS (SELECT 1 FROM question
             WHERE workspace = ?1 AND kind = 'belongs' AND change = ?3 AND deployment IN ({}))",
        members("id", "")
    ))?;
    for number in found {
        let about = params![workspace.as_str(), leader, number.0];
        if !is_asked.query_row(about, |row| row.get::<_, bool>(0))? {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Asks whether a group that counts by itself belongs to a change to which it is tied.
/// Returns whether somebody is asked.
pub(super) fn ask(
    connection: &Connection,
    workspace: &WorkspaceId,
    register: &mut Register,
    (leader, group): (i64, &Group),
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let oldest = micros(now - ASKED_WITHIN);
    if group.counted_at().is_none_or(|at| at < oldest) {
        return Ok(false);
    }
    let Some(number) = perhaps(connection, workspace, register, leader, now)? else {
        return Ok(false);
    };
    let about = (leader, Doubt::Belongs, Some(number));
    question::ask(connection, workspace, about, &BTreeSet::new(), now)?;
    Ok(true)
}

/// Whether what happened to a change may tie something else to it than before.
fn concerns(event: &Event) -> bool {
    match event {
        Event::FieldWritten { field, .. } => *field == Field::Links,
        Event::Deployed { known_from, .. } => *known_from != Source::Webhook,
        Event::Requested { .. }
        | Event::Redacted { .. }
        | Event::DeploymentCorrected { .. }
        | Event::LinkedAsDuplicate { .. }
        | Event::Withdrawn
        | Event::Lapsed => true,
        _ => false,
    }
}

/// Learns what belongs to a change from what happened to it, and what no longer does.
/// Returns the change if that told the register of its deployment.
pub(in crate::store) fn learn(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
    recorded: &[Recorded],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Option<EmergencyChange>, StoreError> {
    if !recorded.iter().any(|one| concerns(&one.event)) {
        return Ok(None);
    }
    let names = named::learn(connection, workspace, change)?;
    let mut register = Register::default();
    let mut leaders: BTreeSet<i64> = BTreeSet::new();
    let belonging = params![workspace.as_str(), change.number.0];
    let mut select = connection
        .prepare_cached("SELECT id FROM deployment WHERE workspace = ?1 AND emergency = ?2")?;
    named::ids(select.query(belonging)?, &mut leaders)?;
    for id in tied_to(connection, workspace, change, &names)? {
        rematch(connection, workspace, &mut register, id, now)?;
        leaders.insert(row::leader_of(connection, workspace, id)?);
    }
    let mut as_it_stands = None;
    for leader in leaders {
        let told = regroup(connection, workspace, &mut register, leader, rules, now)?;
        as_it_stands = told
            .filter(|told| told.number == change.number)
            .or(as_it_stands);
    }
    Ok(as_it_stands)
}

/// What has a change's number in a time, as [`OF_COMMIT`](named::OF_COMMIT) has it.
pub(in crate::store) const OF_NUMBER: &str = "SELECT min(id) FROM deployment
     WHERE workspace = ?1 AND reference = ?2 AND at BETWEEN ?3 AND ?4
         AND happening <> 'review'
     GROUP BY leader, said_in IS NULL";

/// Returns the tellings that belong to a change, and of each group one that is tied to
/// it for each time of which the rules say something else.
fn tied_to(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
    names: &BTreeSet<Name>,
) -> Result<BTreeSet<i64>, StoreError> {
    let mut found = BTreeSet::new();
    let belonging = params![workspace.as_str(), change.number.0];
    let mut select = connection
        .prepare_cached("SELECT id FROM deployment WHERE workspace = ?1 AND matched = ?2")?;
    named::ids(select.query(belonging)?, &mut found)?;
    let mut select = connection.prepare_cached(OF_NUMBER)?;
    for (from, to) in times(change) {
        let number = change.number.0;
        let rows = select.query(params![workspace.as_str(), number, from, to])?;
        named::ids(rows, &mut found)?;
        for name in names {
            found.extend(named::told_of(connection, workspace, name, (from, to))?);
        }
    }
    Ok(found)
}

/// Returns the times about a change of each of which the rules say one thing.
fn times(change: &EmergencyChange) -> Vec<(i64, i64)> {
    let at = change.requested_at;
    let least = TimeDelta::microseconds(1);
    let begin = at - BEFORE_THE_REQUEST;
    let end = at + NUMBER_HOLDS;
    let said = said(change).into_iter().map(|at| {
        let span = SAME_DEPLOYMENT - least;
        (at - span, at + span)
    });
    [
        (at - SAME_WITHIN, begin - least),
        (begin, end),
        (end + least, at + SAME_WITHIN),
    ]
    .into_iter()
    .chain(said)
    .map(|(from, to)| (micros(from), micros(to)))
    .collect()
}

/// Looks anew at which emergency change a telling belongs to.
fn rematch(
    connection: &Connection,
    workspace: &WorkspaceId,
    register: &mut Register,
    id: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (ties, before) = connection
        .prepare_cached(&format!(
            "SELECT {}, matched FROM deployment WHERE id = ?2 AND workspace = ?1",
            Ties::COLUMNS
        ))?
        .query_row(params![workspace.as_str(), id], |row| {
            let before: Option<u64> = row.get("matched")?;
            Ok((Ties::read(row)?, before.map(ChangeNumber)))
        })?;
    let found = by_ties((connection, workspace), register, &ties, now)?;
    let matched = stands(before, &found.belongs);
    if matched != before {
        connection
            .prepare_cached("UPDATE deployment SET matched = ?3 WHERE id = ?2 AND workspace = ?1")?
            .execute(params![workspace.as_str(), id, matched.map(|it| it.0)])?;
    }
    Ok(())
}

/// Looks anew at which emergency change a group belongs to by its tellings and by what
/// people said, and does what follows from it. Returns the change if that told the
/// register of its deployment.
fn regroup(
    connection: &Connection,
    workspace: &WorkspaceId,
    register: &mut Register,
    leader: i64,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Option<EmergencyChange>, StoreError> {
    let mut found = answered(connection, workspace, leader)?;
    let matched: Vec<u64> = connection
        .prepare_cached(&members("matched", "AND +matched IS NOT NULL"))?
        .query_map(params![workspace.as_str(), leader], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    found.extend(matched.into_iter().map(ChangeNumber));
    let mut group = row::group(connection, workspace, leader)?;
    let before = group.clone();
    group.emergency = stands(group.emergency, &found);
    if group.emergency.is_none() {
        let asked = ask(connection, workspace, register, (leader, &group), now)?;
        group.traits.was_proposed |= asked;
    }
    if group != before {
        let oldest = micros(now - ASKED_WITHIN);
        let is_recent = group.first.as_ref().is_some_and(|(at, _)| *at >= oldest);
        settle(&mut group, is_recent, now);
        let mut names = Names::new(connection, workspace);
        row::save_group(connection, workspace, &mut names, leader, &group)?;
    }
    let author = row::made_by(connection, workspace, leader)?;
    tell(
        connection,
        workspace,
        (leader, &group),
        author.first(),
        rules,
        now,
    )
}

/// Does what follows from somebody's word that a telling belongs to an emergency
/// change: the word is on record.
pub(super) fn matched(
    connection: &Connection,
    workspace: &WorkspaceId,
    telling: i64,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let leader = row::leader_of(connection, workspace, telling)?;
    let mut register = Register::default();
    regroup(connection, workspace, &mut register, leader, rules, now)?;
    Ok(())
}
