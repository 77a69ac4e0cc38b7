//! A normal change as the pack shows it: what its sources told, and what they
//! didn't.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::fill::{Words as Found, remover};
use super::words::{happening, kind, mark};
use super::{NORMAL_FORM, Named, Removed, Sources, VERSION, Words};
use crate::domain::deployment::{ChangeKind, Deployment, Happening, unexplained};
use crate::domain::text::{Commitment, Text};

/// Everything of one normal change that the pack shows. What is nothing was not
/// collected: no source told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NormalRecord {
    /// Always [`NORMAL_FORM`].
    pub form: String,
    /// Always [`VERSION`].
    pub version: u32,
    /// Whose log it stands in.
    pub workspace: String,
    /// As of when it is told: the checkpoint's time.
    pub as_of: DateTime<Utc>,
    /// What it is called among the changes, such as `PR 1234` or a source's id.
    pub name: String,
    /// When it went to production first.
    pub at: DateTime<Utc>,
    /// What kind of change it was, by what its sources say.
    pub kind: Named,
    /// What it is called.
    pub title: Option<Words>,
    /// The system that was changed.
    pub system: Option<String>,
    /// What sort of change it was.
    pub change_type: Option<String>,
    /// Who made it, as the source names them.
    pub author: Option<String>,
    /// Their e-mail address.
    pub author_email: Option<String>,
    /// Where it can be looked at.
    pub url: Option<String>,
    /// The hash of its commit.
    pub commit: Option<String>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// Where that can be seen.
    pub approval_url: Option<String>,
    /// How it was tested, and what came of that.
    pub testing_result: Option<Words>,
    /// Where the tests can be seen.
    pub testing_url: Option<String>,
    /// Where the log of its deployment is.
    pub deploy_log_url: Option<String>,
    /// What came of it, in the source's word.
    pub outcome: Option<String>,
    /// Whether whoever approved it is somebody else than who made it, by what the
    /// sources call them; nothing where that can't be told.
    pub approver_is_another: Option<bool>,
    /// What a normal change doesn't look like, and what isn't explained by what else
    /// is known.
    pub marks: Vec<Named>,
    /// What each source told, oldest first.
    pub tellings: Vec<Telling>,
}

/// What one source told at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    /// Who told.
    pub source: String,
    /// What the source calls it.
    pub external_id: String,
    /// By what it told.
    pub happening: Named,
    /// When it went to production, by the source.
    pub at: DateTime<Utc>,
    /// When we heard.
    pub heard_at: DateTime<Utc>,
    /// The leaf of the log that holds the hash, from 0, where that was told.
    pub leaf: Option<u64>,
    /// SHA-256 over its facts, as that leaf holds it.
    pub hash: String,
    /// What that is over: (name, value in hexadecimal) pairs, in order.
    pub hashed: Vec<(String, String)>,
    /// What came of it.
    pub outcome: Option<String>,
    /// Where it can be looked at.
    pub url: Option<String>,
}

/// A telling as the register has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What was told. Of a text that was taken out, the words are blank.
    pub deployment: Deployment,
    /// The commitment to its title, which stays when the words go.
    pub title: Option<Commitment>,
    /// The same of what was tested.
    pub testing_result: Option<Commitment>,
    /// When we heard.
    pub heard_at: DateTime<Utc>,
    /// The leaf of the log that holds its hash.
    pub leaf: Option<u64>,
}

impl Told {
    /// Takes a telling with the texts that it has.
    pub fn new(deployment: Deployment, heard_at: DateTime<Utc>, leaf: Option<u64>) -> Self {
        Self {
            title: deployment.title.as_ref().map(Text::commitment),
            testing_result: deployment.testing_result.as_ref().map(Text::commitment),
            deployment,
            heard_at,
            leaf,
        }
    }
}

impl NormalRecord {
    /// Makes the record of a change by all that was told of it; nothing of nothing.
    /// Where several sources tell of the same, the last word counts.
    pub fn of(name: &str, told: &[Told], sources: Sources<'_>) -> Option<Self> {
        let mut told: Vec<&Told> = told.iter().collect();
        told.sort_by_key(|one| (one.deployment.at, one.heard_at));
        let first = told.first()?;
        let last = |of: &dyn Fn(&Deployment) -> Option<String>| {
            told.iter().rev().find_map(|one| of(&one.deployment))
        };
        let text = |of: &dyn Fn(&Told) -> Option<Commitment>| {
            let text = told.iter().rev().find_map(|one| of(one))?;
            Some(looked_up(text, sources))
        };
        let author = last(&|one| one.author.clone());
        let approved_by = last(&|one| one.approved_by.clone());
        // What one of them takes for an emergency counts as one.
        let kinds = told.iter().filter_map(|one| one.deployment.kind).max();
        let marks = told
            .iter()
            .flat_map(|one| one.deployment.marks.iter().copied())
            .collect();
        let is_merged = told
            .iter()
            .any(|one| one.deployment.happening == Happening::Merge);
        let marks = unexplained(&marks, is_merged, approved_by.is_some());
        Some(Self {
            form: NORMAL_FORM.to_owned(),
            version: VERSION,
            workspace: sources.workspace.to_owned(),
            as_of: sources.as_of,
            name: name.to_owned(),
            at: first.deployment.at,
            kind: kind(kinds.unwrap_or(ChangeKind::Normal)),
            title: text(&|one| one.title),
            system: last(&|one| one.system.clone()),
            change_type: last(&|one| one.change_type.clone()),
            author_email: last(&|one| one.author_email.clone()),
            url: last(&|one| one.url.clone()),
            commit: last(&|one| one.commit.clone()),
            approval_url: last(&|one| one.approval_url.clone()),
            testing_result: text(&|one| one.testing_result),
            testing_url: last(&|one| one.testing_url.clone()),
            deploy_log_url: last(&|one| one.deploy_log_url.clone()),
            outcome: last(&|one| one.outcome.clone()),
            approver_is_another: is_another(author.as_deref(), approved_by.as_deref()),
            author,
            approved_by,
            marks: marks.into_iter().map(mark).collect(),
            tellings: told.iter().map(|one| one.telling()).collect(),
        })
    }

    /// Returns the controls that weren't met as far as its sources told, in words: its
    /// marks, and an approval that nobody told of or that is its author's own. A
    /// standard change is approved in advance.
    pub fn exceptions(&self) -> Vec<String> {
        let mut all: Vec<String> = self.marks.iter().map(|one| one.words.clone()).collect();
        if self.kind.name != ChangeKind::Standard.name() {
            if self.approved_by.is_none() && self.approval_url.is_none() {
                all.push("approval not collected".to_owned());
            }
            if self.approver_is_another == Some(false) {
                all.push("approved by its author".to_owned());
            }
        }
        all
    }
}

impl Told {
    fn telling(&self) -> Telling {
        let one = &self.deployment;
        Telling {
            source: one.source.to_string(),
            external_id: one.external_id.clone(),
            happening: happening(one.happening),
            at: one.at,
            heard_at: self.heard_at,
            leaf: self.leaf,
            hash: hex::encode(one.hash_with(self.title, self.testing_result)),
            hashed: one
                .hashed(self.title, self.testing_result)
                .into_iter()
                .map(|(name, value)| (name.to_owned(), hex::encode(value)))
                .collect(),
            outcome: one.outcome.clone(),
            url: one.url.clone(),
        }
    }
}

/// Whether somebody among those who approved is somebody else than the author.
fn is_another(author: Option<&str>, approved_by: Option<&str>) -> Option<bool> {
    let author = author?.trim().to_lowercase();
    let approved_by = approved_by?.to_lowercase();
    let mut approvers = approved_by
        .split([',', ';'])
        .map(str::trim)
        .filter(|one| !one.is_empty());
    Some(approvers.any(|approver| approver != author))
}

fn looked_up(text: Commitment, sources: Sources<'_>) -> Words {
    let (words, redacted) = match (sources.text)(text) {
        Found::Text(words) => (Some(words), None),
        Found::Redacted { at, by, why } => {
            let by = remover(&by, sources.person);
            (None, Some(Removed { at, by, why }))
        }
        Found::Missing => (None, None),
    };
    Words {
        commitment: text.to_string(),
        text: words.as_ref().map(|text| text.body().to_owned()),
        salt: words.map(|text| hex::encode(text.salt().0)),
        redacted,
    }
}
