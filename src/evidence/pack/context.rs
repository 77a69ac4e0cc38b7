//! What every part of a pack is made from: the moment, the period, the checkpoint, and
//! how changes become records by them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Wanted;
use super::fault::PackFault;
use super::papers::Foot;
use crate::domain::deployment::{Deployment, Happening};
use crate::domain::id::{ChangeNumber, UserId};
use crate::domain::merkle::Hash;
use crate::domain::policy::{Policy, PolicyVersion};
use crate::domain::rate::grouped;
use crate::domain::text::{Commitment, Text};
use crate::evidence::checkpoint::{Checkpoint, root_in_words};
use crate::evidence::note::SignedNote;
use crate::evidence::pages::is_hidden;
use crate::evidence::record::{Found, NormalRecord, Record, Sources, Told, utc};
use crate::store::{CountedChange, Dossier, Moment, StoreError};

/// What counts as the ending of a file's name, in bytes.
const LONGEST_ENDING: usize = 8;

/// What a pack is made from.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) moment: &'a Moment<'a>,
    pub(super) wanted: &'a Wanted<'a>,
    /// The period: its first instant, and the first one after it.
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    /// How many records the log has at the checkpoint, and when that was made.
    pub(super) size: u64,
    pub(super) at: DateTime<Utc>,
    /// The checkpoint as it was signed.
    pub(super) note: SignedNote,
    /// Whether no source told anything after the checkpoint.
    pub(super) is_exact: bool,
    /// Whether nothing at all was recorded after it.
    pub(super) is_newest: bool,
    /// The policy in force at the checkpoint, and when each one was adopted.
    pub(super) policy: Policy,
    pub(super) adopted: BTreeMap<u32, DateTime<Utc>>,
    names: BTreeMap<UserId, String>,
}

impl<'a> Context<'a> {
    pub(super) fn of(moment: &'a Moment<'a>, wanted: &'a Wanted<'a>) -> Result<Self, PackFault> {
        let n = wanted.checkpoint.n;
        let note: SignedNote = wanted
            .checkpoint
            .note
            .parse()
            .map_err(|_| PackFault::NotAsSigned { n })?;
        note.verified_by(&[wanted.key.verifier()])
            .map_err(|_| PackFault::OtherKey { n })?;
        let signed = Checkpoint::of(&note).map_err(|_| PackFault::NotAsSigned { n })?;
        let (size, at) = (signed.size, wanted.checkpoint.made_at);
        if (size, signed.root) != (wanted.checkpoint.size, wanted.checkpoint.root) {
            return Err(PackFault::NotAsSigned { n });
        }
        let mut adopted = BTreeMap::new();
        for policy in wanted.policies {
            if let Some(since) = moment.adopted_at(policy.version)? {
                adopted.insert(policy.version.0, since);
            }
        }
        let in_force = wanted.policies.iter().rev().find(|policy| {
            adopted
                .get(&policy.version.0)
                .is_some_and(|since| *since <= at)
        });
        let policy = in_force.or(wanted.policies.last()).cloned();
        let (from, to) = wanted.period();
        Ok(Self {
            moment,
            wanted,
            from,
            to,
            size,
            at,
            note,
            is_exact: !moment.is_told_since(size)?,
            is_newest: moment.is_newest(size)?,
            policy: policy.unwrap_or_else(|| Policy::unwritten(PolicyVersion(1))),
            adopted,
            names: moment.names()?,
        })
    }

    /// Returns what somebody is called.
    pub(super) fn name(&self, who: &UserId) -> Option<String> {
        self.names.get(who).cloned()
    }

    /// The period as it is written.
    pub(super) fn period(&self) -> String {
        format!("{} to {}", self.wanted.first_day, self.wanted.last_day)
    }

    /// Up to when the period is told of, where it ends after the checkpoint.
    pub(super) fn told_up_to(&self) -> Option<DateTime<Utc>> {
        (self.at < self.to).then_some(self.at)
    }

    /// The same in a sentence.
    pub(super) fn unfinished(&self) -> Option<String> {
        self.told_up_to().map(|at| {
            format!(
                "Told up to the checkpoint of {}. The period ends later: what happened or was told after that isn't in this pack.",
                utc(at)
            )
        })
    }

    /// How the log stands, in a line.
    pub(super) fn checkpoint(&self) -> String {
        log_in_words(self.size, &self.wanted.checkpoint.root)
    }

    /// What stands below its papers.
    pub(super) fn foot(&self) -> Foot<'_> {
        Foot {
            workspace: self.moment.workspace().as_str(),
            period: self.period(),
            log: self.checkpoint(),
            at: self.at,
        }
    }

    /// Returns a change as the log tells it up to the checkpoint.
    pub(super) fn dossier(&self, number: ChangeNumber) -> Result<Option<Dossier>, StoreError> {
        self.moment.dossier(number, self.size)
    }

    /// Makes the record of an emergency change.
    pub(super) fn record(&self, dossier: &Dossier) -> Result<Record, StoreError> {
        let policies = self.wanted.policies;
        told(self.moment, dossier, policies, &self.names, self.at)
    }

    /// Makes the record of a normal change; nothing if nothing was told of it.
    pub(super) fn normal(&self, change: &CountedChange) -> Option<NormalRecord> {
        let told: Vec<Told> = change
            .tellings
            .iter()
            .map(|one| Told {
                deployment: one.told.clone(),
                title: one.title,
                testing_result: one.testing_result,
                heard_at: one.heard_at,
                leaf: Some(one.intake),
            })
            .collect();
        let text = |of: Commitment| {
            let texts = change
                .tellings
                .iter()
                .flat_map(|one| [&one.told.title, &one.told.testing_result])
                .flatten();
            let mut texts = texts.filter(|text| text.commitment() == of);
            texts
                .next()
                .map_or(Found::Missing, |text| Found::Text(text.clone()))
        };
        let person = |who: &UserId| self.name(who);
        let sources = Sources {
            workspace: self.moment.workspace().as_str(),
            text: &text,
            person: &person,
            group: &|_| None,
            channel: &|_| None,
            as_of: self.at,
        };
        let mut record = NormalRecord::of(&identity(change), &told, sources)?;
        record.at = change.at;
        Some(record)
    }
}

/// Makes the record of an emergency change as of a time.
pub(super) fn told(
    moment: &Moment<'_>,
    dossier: &Dossier,
    policies: &[Policy],
    names: &BTreeMap<UserId, String>,
    as_of: DateTime<Utc>,
) -> Result<Record, StoreError> {
    let texts = Texts::of(moment, dossier)?;
    let sources = Sources {
        workspace: moment.workspace().as_str(),
        text: &|of| texts.find(of),
        person: &|who| names.get(who).cloned(),
        group: &|_| None,
        channel: &|_| None,
        as_of,
    };
    Ok(Record::of(
        &dossier.change,
        &dossier.history,
        &dossier.seqs,
        &policy_of(policies, dossier.change.policy),
        sources,
    ))
}

/// Returns the policy of a version; the unwritten one, where it isn't among them.
pub(in crate::evidence) fn policy_of(policies: &[Policy], version: PolicyVersion) -> Policy {
    let found = policies.iter().rfind(|policy| policy.version == version);
    found.cloned().unwrap_or_else(|| Policy::unwritten(version))
}

/// How a log stands, in a line.
pub(in crate::evidence) fn log_in_words(size: u64, root: &Hash) -> String {
    let root = root_in_words(root);
    format!("Log: {} records, root {root}", grouped(size))
}

/// The texts of a change, and which of them were taken out, whenever that was.
struct Texts<'a> {
    kept: BTreeMap<Commitment, Text>,
    dossier: &'a Dossier,
}

impl<'a> Texts<'a> {
    fn of(moment: &Moment<'_>, dossier: &'a Dossier) -> Result<Self, StoreError> {
        let mut kept = BTreeMap::new();
        for commitment in dossier.now.commitments() {
            if let Some(text) = moment.text(commitment)? {
                kept.insert(commitment, text);
            }
        }
        Ok(Self { kept, dossier })
    }

    fn find(&self, of: Commitment) -> Found {
        if let Some(gone) = self.dossier.now.redactions.get(&of) {
            return Found::Redacted {
                at: gone.at,
                by: gone.by.clone(),
                why: self
                    .kept
                    .get(&gone.reason)
                    .filter(|_| !self.dossier.now.redactions.contains_key(&gone.reason))
                    .map(|text| text.body().to_owned()),
            };
        }
        self.kept
            .get(&of)
            .map_or(Found::Missing, |text| Found::Text(text.clone()))
    }
}

/// The telling by which a normal change is called: what somebody asked to merge before
/// what was deployed, and the first that was heard.
fn called_by(change: &CountedChange) -> Option<&Deployment> {
    let tellings = || change.tellings.iter().map(|one| &one.told);
    let merge = tellings().find(|one| one.happening == Happening::Merge);
    merge.or_else(|| tellings().next())
}

/// What a normal change is called among all: its source and what that calls it. No
/// other bears it, for tellings that share it are of one change.
pub fn identity(change: &CountedChange) -> String {
    called_by(change).map_or_else(String::new, |one| {
        format!("{} {}", one.source, one.external_id)
    })
}

/// The short form of that, as people say it: `PR #7`.
pub(super) fn short_name(change: &CountedChange) -> String {
    let Some(one) = called_by(change) else {
        return "change".to_owned();
    };
    let mut parts = one.external_id.rsplit('/');
    let (last, before) = (parts.next().unwrap_or_default(), parts.next());
    let short = match before {
        Some("pull" | "pull-requests") => format!("PR #{last}"),
        Some("merge_requests") => format!("MR !{last}"),
        Some("deployments") => format!("Deploy #{last}"),
        Some("runs" | "jobs") => format!("Run #{last}"),
        Some("push" | "commit") => format!("Commit {}", last.get(..12).unwrap_or(last)),
        _ => one.external_id.clone(),
    };
    plain(&short, 60)
}

/// What a name looks like in the name of a file, on every system: at most so many bytes,
/// its ending kept, and no letter in it that can't be seen or turns others around.
pub(super) fn plain(name: &str, longest: usize) -> String {
    let seen: String = name
        .chars()
        .map(|letter| match letter {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '-',
            letter if letter.is_control() => '-',
            letter => letter,
        })
        .filter(|letter| !is_hidden(*letter))
        .collect();
    let is_loose = |letter: char| letter == '.' || letter.is_whitespace();
    let seen = seen.trim_matches(is_loose);
    let ending = match seen.rsplit_once('.') {
        Some((_, ending)) if ending.len() <= LONGEST_ENDING => ending,
        Some(_) | None => "",
    };
    let kept = if seen.len() <= longest {
        seen.to_owned()
    } else if ending.is_empty() {
        let kept = seen.get(..seen.floor_char_boundary(longest));
        kept.unwrap_or_default()
            .trim_end_matches(is_loose)
            .to_owned()
    } else {
        let room = longest.saturating_sub(ending.len() + 1);
        let kept = seen.get(..seen.floor_char_boundary(room));
        let kept = kept.unwrap_or_default().trim_end_matches(is_loose);
        format!("{kept}.{ending}")
    };
    if kept.is_empty() {
        "unnamed".to_owned()
    } else {
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_files_name_fits_on_every_disk_and_keeps_its_ending() {
        let named = |name: &str| plain(name, 20);
        assert_eq!(named("log.txt"), "log.txt");
        assert_eq!(named("a/b\\c:d\n.txt"), "a-b-c-d-.txt");
        assert_eq!(named(" .. "), "unnamed");
        assert_eq!(named("\u{202E}"), "unnamed");
        assert_eq!(
            named(&format!("{}.tar.gz", "x".repeat(50))),
            format!("{}.gz", "x".repeat(17))
        );
        assert_eq!(
            named(&format!("a.{}", "x".repeat(50))),
            format!("a.{}", "x".repeat(18))
        );
        let burning = "🔥".repeat(80);
        assert_eq!(named(&burning), "🔥".repeat(5));
        assert_eq!(
            named(&format!("{burning}.png")),
            format!("{}.png", "🔥".repeat(4))
        );
        let all = "0123456789 日本語 🔥🔥🔥 e\u{301}".repeat(9);
        for longest in 8..120 {
            assert!(plain(&all, longest).len() <= longest);
            let ended = plain(&format!("{all}.pdf"), longest);
            assert_eq!(ended.rsplit('.').next(), Some("pdf"));
            assert!(ended.len() <= longest, "{ended}");
        }
    }

    #[test]
    fn a_files_name_has_no_letter_that_turns_others_around_or_cannot_be_seen() {
        assert_eq!(plain("invoice\u{202E}gnp.exe", 80), "invoicegnp.exe");
        assert_eq!(
            plain("pay\u{200B}load\u{FEFF}.pdf\u{2066}", 80),
            "payload.pdf"
        );
    }
}
