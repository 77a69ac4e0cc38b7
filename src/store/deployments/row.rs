//! A telling and its group as they stand in the database.

use rusqlite::{CachedStatement, Connection, Row, params};

use super::group::{Group, Traits, bits, marks};
use super::names::Names;
use crate::domain::deployment::{
    ABBREVIATED, ChangeKind, Deployment, Happening, SAME_WITHIN, SourceName, commit,
    without_password,
};
use crate::domain::id::{ChangeNumber, ChannelId, UserId, WorkspaceId};
use crate::domain::merkle::Hash;
use crate::domain::text::{Commitment, Text};
use crate::store::{StoreError, instant, micros, texts};

/// How many bytes of a commit's hash an abbreviated one has.
pub(super) const SHORT: usize = ABBREVIATED / 2;

/// A telling, with what can be known of it before the transaction.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) told: Deployment,
    pub(super) at: i64,
    pub(super) hash: Hash,
    pub(super) commit: Option<Vec<u8>>,
}

impl Prepared {
    /// Takes a telling as the record will have it: to the microsecond, with its commit
    /// as it is compared, and without a number that no change can have.
    pub(super) fn new(mut told: Deployment) -> Self {
        let at = micros(told.at);
        told.at = instant(at);
        told.commit = told.commit.as_deref().and_then(commit);
        for address in [
            &mut told.url,
            &mut told.approval_url,
            &mut told.testing_url,
            &mut told.deploy_log_url,
        ] {
            *address = address.as_deref().map(without_password);
        }
        told.reference = told
            .reference
            .filter(|number| i64::try_from(number.0).is_ok());
        let commit = told
            .commit
            .as_deref()
            .and_then(|hash| hex::decode(hash).ok());
        Self {
            at,
            hash: told.hash(),
            commit,
            told,
        }
    }
}

/// Returns the week of an instant: what may be of one change stands in the same, the
/// one before or the one after.
pub(super) fn week(at: i64) -> i64 {
    at.div_euclid(within())
}

/// [`SAME_WITHIN`] in microseconds.
pub(super) fn within() -> i64 {
    SAME_WITHIN.num_seconds() * 1_000_000
}

/// The columns of a telling's facts, in the order in which [`facts`] reads them.
pub(super) const FACTS: &str = "(SELECT name FROM source WHERE id = deployment.source),
     external_id, happening, at, kind, (SELECT name FROM system WHERE id = deployment.system),
     author, author_email, url, commit_hash, change_type, approved_by, approval_url, testing_url,
     deploy_log_url, outcome, reference, marks, title, testing_result, id, said_in";

/// A telling without its words, for which it has their commitments.
#[derive(Debug)]
pub(super) struct Facts {
    id: i64,
    pub(super) told: Deployment,
    pub(super) title: Option<Commitment>,
    pub(super) testing_result: Option<Commitment>,
}

impl Facts {
    /// Returns its place in its table: tellings are in the order of these.
    pub(super) fn id(&self) -> i64 {
        self.id
    }

    /// Returns what the log holds of it.
    pub(super) fn hash(&self) -> Hash {
        self.told.hash_with(self.title, self.testing_result)
    }

    /// Puts its words in, as far as they weren't taken out.
    pub(super) fn with_words(
        self,
        connection: &Connection,
        workspace: &WorkspaceId,
    ) -> Result<Deployment, StoreError> {
        let find = |text: Option<Commitment>| match text {
            Some(text) => texts::find_told(connection, workspace, self.id, text),
            None => Ok(None),
        };
        Ok(Deployment {
            title: find(self.title)?,
            testing_result: find(self.testing_result)?,
            ..self.told
        })
    }
}

/// Reads the facts of a row that begins with [`FACTS`].
pub(super) fn facts(row: &Row<'_>) -> Result<Facts, StoreError> {
    let corrupt = || StoreError::Corrupt("what a source told");
    let source: String = row.get(0)?;
    let happening: String = row.get(2)?;
    let kind: Option<String> = row.get(4)?;
    let commit: Option<Vec<u8>> = row.get(9)?;
    let told = Deployment {
        source: SourceName::new(&source),
        external_id: row.get(1)?,
        happening: Happening::from_name(&happening).ok_or_else(corrupt)?,
        at: instant(row.get(3)?),
        kind: match kind {
            Some(kind) => Some(ChangeKind::from_name(&kind).ok_or_else(corrupt)?),
            None => None,
        },
        system: row.get(5)?,
        author: row.get(6)?,
        author_email: row.get(7)?,
        url: row.get(8)?,
        commit: commit.map(hex::encode),
        change_type: row.get(10)?,
        approved_by: row.get(11)?,
        approval_url: row.get(12)?,
        testing_url: row.get(13)?,
        deploy_log_url: row.get(14)?,
        outcome: row.get(15)?,
        reference: row.get::<_, Option<u64>>(16)?.map(ChangeNumber),
        marks: marks(row.get(17)?),
        title: None,
        testing_result: None,
        said_in: row.get::<_, Option<String>>(21)?.map(ChannelId::new),
    };
    Ok(Facts {
        id: row.get(20)?,
        told,
        title: row.get::<_, Option<Hash>>(18)?.map(Commitment),
        testing_result: row.get::<_, Option<Hash>>(19)?.map(Commitment),
    })
}

/// Whether a row has just the facts of a telling. Salts differ at each telling, so
/// words are compared as words; those that were taken out count as the same, lest
/// they come back.
pub(super) fn is_told_before(
    connection: &Connection,
    workspace: &WorkspaceId,
    facts: &Facts,
    told: &Deployment,
) -> Result<bool, StoreError> {
    let without_words = Deployment {
        title: None,
        testing_result: None,
        ..told.clone()
    };
    if facts.told != without_words {
        return Ok(false);
    }
    for (kept, said) in [
        (facts.title, &told.title),
        (facts.testing_result, &told.testing_result),
    ] {
        let is_same = match (kept, said) {
            (None, None) => true,
            (Some(kept), Some(said)) => texts::find_told(connection, workspace, facts.id, kept)?
                .is_none_or(|kept| kept.body() == said.body()),
            (None, Some(_)) | (Some(_), None) => false,
        };
        if !is_same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is derived of a telling.
pub(super) struct Derived<'a> {
    pub(super) id: i64,
    pub(super) intake: u64,
    pub(super) heard_at: i64,
    pub(super) counts: bool,
    pub(super) matched: Option<ChangeNumber>,
    pub(super) is_excluded: bool,
    /// Who made the change, as far as Slack was asked.
    pub(super) made_by: Option<&'a UserId>,
    pub(super) leader: i64,
    /// The group, of its leader.
    pub(super) group: Option<&'a Group>,
}

pub(super) const INSERT: &str = "INSERT INTO deployment (
         id, workspace, intake, source, external_id, happening, at, kind, system, author,
         author_email, url, commit_hash, change_type, approved_by, approval_url, testing_url,
         deploy_log_url, outcome, reference, marks, title, testing_result, heard_at, week, counts,
         matched, leader, n_tellings, first_at, first_source, rank, last_system, last_system_at,
         all_marks, traits, emergency, counted_at, settles_at, said_in, is_excluded, made_by,
         seen_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
             ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36,
             ?37, ?38, ?39, ?40, ?41, ?42, ?43)";

/// Writes a telling down.
pub(super) fn insert(
    statement: &mut CachedStatement<'_>,
    workspace: &WorkspaceId,
    names: &mut Names<'_>,
    one: &Prepared,
    derived: &Derived<'_>,
) -> Result<(), StoreError> {
    let told = &one.told;
    let commitment = |text: &Option<Text>| text.as_ref().map(|text| text.commitment().0);
    let system = match &told.system {
        Some(system) => Some(names.system(system)?),
        None => None,
    };
    let columns = match derived.group {
        Some(group) => Some(columns(group, names)?),
        None => None,
    };
    let columns = columns.as_ref();
    statement.execute(params![
        derived.id,
        workspace.as_str(),
        derived.intake,
        names.source(told.source.as_str())?,
        told.external_id,
        told.happening.name(),
        one.at,
        told.kind.map(ChangeKind::name),
        system,
        told.author,
        told.author_email,
        told.url,
        one.commit,
        told.change_type,
        told.approved_by,
        told.approval_url,
        told.testing_url,
        told.deploy_log_url,
        told.outcome,
        told.reference.map(|number| number.0),
        bits(&told.marks),
        commitment(&told.title),
        commitment(&told.testing_result),
        derived.heard_at,
        week(one.at),
        derived.counts,
        derived.matched.map(|number| number.0),
        derived.leader,
        columns.map(|it| it.n_tellings),
        columns.and_then(|it| it.first_at),
        columns.and_then(|it| it.first_source),
        columns.map(|it| it.rank),
        columns.and_then(|it| it.last_system),
        columns.and_then(|it| it.last_system_at),
        columns.map(|it| it.all_marks),
        columns.map(|it| it.traits),
        columns.and_then(|it| it.emergency),
        columns.and_then(|it| it.counted_at),
        columns.and_then(|it| it.settles_at),
        told.said_in.as_ref().map(ChannelId::as_str),
        derived.is_excluded,
        derived.made_by.map(UserId::as_str),
        columns.and_then(|it| it.seen_at),
    ])?;
    Ok(())
}

/// A group as its leader's columns have it.
struct Columns {
    n_tellings: u64,
    first_at: Option<i64>,
    first_source: Option<i64>,
    rank: u8,
    last_system: Option<i64>,
    last_system_at: Option<i64>,
    all_marks: u8,
    traits: u8,
    emergency: Option<u64>,
    counted_at: Option<i64>,
    settles_at: Option<i64>,
    seen_at: Option<i64>,
}

fn columns(group: &Group, names: &mut Names<'_>) -> Result<Columns, StoreError> {
    let first_source = match &group.first {
        Some((_, source)) => Some(names.source(source)?),
        None => None,
    };
    let last_system = match &group.system {
        Some((_, system)) => Some(names.system(system)?),
        None => None,
    };
    Ok(Columns {
        n_tellings: group.n_tellings,
        first_at: group.first.as_ref().map(|(at, _)| *at),
        first_source,
        rank: rank(group.kind()),
        last_system,
        last_system_at: group.system.as_ref().map(|(at, _)| *at),
        all_marks: group.marks,
        traits: group.traits.bits(),
        emergency: group.emergency.map(|number| number.0),
        counted_at: group.counted_at(),
        settles_at: group.settles_at,
        seen_at: group.seen_at,
    })
}

/// Returns the form in which a group's kind is kept.
fn rank(kind: ChangeKind) -> u8 {
    match kind {
        ChangeKind::Normal => 0,
        ChangeKind::Standard => 1,
        ChangeKind::Emergency => 2,
    }
}

/// Reads that form.
pub(super) fn kind(rank: u8) -> ChangeKind {
    match rank {
        0 => ChangeKind::Normal,
        1 => ChangeKind::Standard,
        _ => ChangeKind::Emergency,
    }
}

/// Returns the group of a leader.
pub(super) fn group(
    connection: &Connection,
    workspace: &WorkspaceId,
    leader: i64,
) -> Result<Group, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT n_tellings, first_at, (SELECT name FROM source WHERE id = first_source),
                    rank, last_system_at, (SELECT name FROM system WHERE id = last_system),
                    all_marks, traits, emergency, settles_at, seen_at
             FROM deployment WHERE id = ?2 AND workspace = ?1",
        )?
        .query_row(params![workspace.as_str(), leader], |row| {
            let first: Option<i64> = row.get(1)?;
            let system: Option<i64> = row.get(4)?;
            Ok(Group {
                n_tellings: row.get(0)?,
                first: first.zip(row.get(2)?),
                kind: kind(row.get(3)?),
                system: system.zip(row.get(5)?),
                marks: row.get(6)?,
                traits: Traits::from_bits(row.get(7)?),
                emergency: row.get::<_, Option<u64>>(8)?.map(ChangeNumber),
                settles_at: row.get(9)?,
                seen_at: row.get(10)?,
            })
        })?;
    Ok(found)
}

/// Saves the group of a leader.
pub(super) fn save_group(
    connection: &Connection,
    workspace: &WorkspaceId,
    names: &mut Names<'_>,
    leader: i64,
    group: &Group,
) -> Result<(), StoreError> {
    let it = columns(group, names)?;
    connection
        .prepare_cached(
            "UPDATE deployment SET n_tellings = ?3, first_at = ?4, first_source = ?5, rank = ?6,
                    last_system = ?7, last_system_at = ?8, all_marks = ?9, traits = ?10,
                    emergency = ?11, counted_at = ?12, settles_at = ?13, seen_at = ?14
             WHERE id = ?2 AND workspace = ?1",
        )?
        .execute(params![
            workspace.as_str(),
            leader,
            it.n_tellings,
            it.first_at,
            it.first_source,
            it.rank,
            it.last_system,
            it.last_system_at,
            it.all_marks,
            it.traits,
            it.emergency,
            it.counted_at,
            it.settles_at,
            it.seen_at,
        ])?;
    Ok(())
}

/// Returns who made a change, as far as Slack was asked.
pub(super) fn made_by(
    connection: &Connection,
    workspace: &WorkspaceId,
    leader: i64,
) -> Result<Vec<UserId>, StoreError> {
    connection
        .prepare_cached(
            "SELECT made_by FROM deployment
             WHERE workspace = ?1 AND id = ?2 AND made_by IS NOT NULL
             UNION ALL
             SELECT made_by FROM deployment
             WHERE workspace = ?1 AND leader = ?2 AND leader <> id AND made_by IS NOT NULL",
        )?
        .query_map(params![workspace.as_str(), leader], |row| {
            row.get(0).map(|id: String| UserId::new(id))
        })?
        .map(|one| Ok(one?))
        .collect()
}

/// Notes of all that is told of a group so far that it was not production.
pub(super) fn exclude(
    connection: &Connection,
    workspace: &WorkspaceId,
    leader: i64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE deployment SET is_excluded = 1
             WHERE workspace = ?1 AND (id = ?2 OR leader = ?2 AND leader <> id)",
        )?
        .execute(params![workspace.as_str(), leader])?;
    Ok(())
}

/// Lets a group's tellings follow another leader.
pub(super) fn follow(
    connection: &Connection,
    workspace: &WorkspaceId,
    from: i64,
    to: i64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE deployment SET leader = ?3
             WHERE workspace = ?1 AND leader = ?2 AND leader <> id",
        )?
        .execute(params![workspace.as_str(), from, to])?;
    connection
        .prepare_cached(
            "UPDATE deployment SET leader = ?3, n_tellings = NULL, first_at = NULL,
                    first_source = NULL, rank = NULL, last_system = NULL, last_system_at = NULL,
                    all_marks = NULL, traits = NULL, emergency = NULL, counted_at = NULL,
                    settles_at = NULL, seen_at = NULL
             WHERE id = ?2 AND workspace = ?1",
        )?
        .execute(params![workspace.as_str(), from, to])?;
    Ok(())
}

/// Returns the leader of a telling.
pub(super) fn leader_of(
    connection: &Connection,
    workspace: &WorkspaceId,
    id: i64,
) -> Result<i64, StoreError> {
    Ok(connection
        .prepare_cached("SELECT leader FROM deployment WHERE id = ?2 AND workspace = ?1")?
        .query_row(params![workspace.as_str(), id], |row| row.get(0))?)
}
