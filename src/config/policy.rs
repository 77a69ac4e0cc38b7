//! The organisation's policy as written: the part of the file whose bytes go
//! into the log whenever they change.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, anyhow};
use chrono_tz::Tz;
use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};

use super::fault::Wrong;
use super::{read, value};
use crate::domain::deployment::{Happening, SourceName};
use crate::domain::policy::{
    Category, Counting, Due, Framework, Party, Policy, PolicyVersion, ReportTime, Role, Term,
};

/// A policy as it is written. All that is in force is written down when it is
/// adopted, the defaults too: a later version of this program may have others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyFile {
    /// People (`U…`) and user groups (`S…`) who may authorize and approve.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    /// People and user groups who may act as incident commander.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commanders: Vec<String>,
    /// People and user groups who review security incidents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub security: Vec<String>,
    /// People and user groups who approve database changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub database: Vec<String>,
    /// People and user groups who answer for the process.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compliance: Vec<String>,
    /// People and user groups who may take a leaked secret out of a text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub administrators: Vec<String>,
    /// People and user groups to whom the auditor's pack may be sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// The people who hear of a missed deadline: the first at once, each next one
    /// a day after the one before. One is written as a text of its own.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "one_or_more")]
    pub escalation: Vec<String>,
    /// The channel of the weekly report (`C…`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report_channel: Option<String>,
    /// When it is posted, in the zone below: a weekday and a time.
    #[serde(serialize_with = "report_at")]
    pub report_at: ReportTime,
    /// Who is asked about an undeclared change whose author isn't known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undeclared: Option<String>,
    /// The names of incident channels; `*` stands for anything.
    pub incident_channels: Vec<String>,
    /// The emoji that authorize, such as `white_check_mark`.
    pub emoji: Vec<String>,
    /// For how many months words and files are kept; for good without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_texts: Option<u16>,
    /// The zone of people who have none in Slack.
    pub zone: String,
    /// The systems that a change may touch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub systems: Vec<String>,
    /// The frameworks whose fields the ticket asks for.
    #[serde(serialize_with = "frameworks")]
    pub frameworks: BTreeSet<Framework>,
    /// The share of emergencies that isn't to be exceeded, in thousandths.
    #[serde(serialize_with = "share")]
    pub guideline: u16,
    /// The names of production environments.
    pub production: Vec<String>,
    /// The names of workflows and jobs that deploy to production.
    pub jobs: Vec<String>,
    /// The branches that go to production.
    pub branches: Vec<String>,
    /// Whether standard changes are among those that are counted.
    pub standard_changes: bool,
    /// The systems of each team.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub teams: BTreeMap<String, Vec<String>>,
    /// What counts as a change, by source.
    #[serde(serialize_with = "counts")]
    pub counts: BTreeMap<SourceName, Happening>,
    /// How long whoever owes something may take.
    #[serde(serialize_with = "due")]
    pub due: Due,
    /// The kinds of changes.
    #[serde(rename = "category", serialize_with = "categories")]
    pub categories: Vec<Category>,
}

impl Default for PolicyFile {
    fn default() -> Self {
        let unwritten = Policy::unwritten(PolicyVersion(1));
        Self {
            approvers: Vec::new(),
            commanders: Vec::new(),
            security: Vec::new(),
            database: Vec::new(),
            compliance: Vec::new(),
            administrators: Vec::new(),
            evidence: Vec::new(),
            escalation: Vec::new(),
            report_channel: None,
            report_at: unwritten.report_at,
            undeclared: None,
            incident_channels: unwritten.incident_channels,
            emoji: unwritten.emoji,
            keep_texts: None,
            zone: "UTC".to_owned(),
            systems: unwritten.systems,
            frameworks: unwritten.frameworks,
            guideline: unwritten.guideline,
            production: unwritten.counting.production,
            jobs: unwritten.counting.jobs,
            branches: unwritten.counting.branches,
            standard_changes: unwritten.counting.standard,
            teams: unwritten.teams,
            counts: unwritten.counting.happenings,
            due: unwritten.due,
            categories: unwritten.categories,
        }
    }
}

impl PolicyFile {
    /// Reads the bytes of a policy that was adopted. What earlier versions of
    /// this program adopted is read as they read it, and they knew fewer keys.
    pub fn read(bytes: &str) -> anyhow::Result<Self> {
        read::adopted(bytes).map_err(|fault| {
            anyhow!(
                "a policy in the database can't be read: line {}, column {}: {}",
                fault.line,
                fault.column,
                fault.wrong
            )
        })
    }

    /// Returns the bytes that are adopted.
    pub fn bytes(&self) -> anyhow::Result<String> {
        toml::to_string(self).context("the policy can't be written down")
    }

    /// Returns the zone of people who have none in Slack.
    pub fn zone(&self) -> anyhow::Result<Tz> {
        value::zone(&self.zone).map_err(|wrong| anyhow!("policy.zone: {wrong}"))
    }

    /// Returns the names that stand in the list of a role.
    pub(super) fn role_mut(&mut self, role: Role) -> &mut Vec<String> {
        match role {
            Role::Approvers => &mut self.approvers,
            Role::Commanders => &mut self.commanders,
            Role::Security => &mut self.security,
            Role::Database => &mut self.database,
            Role::Compliance => &mut self.compliance,
            Role::Administrators => &mut self.administrators,
            Role::Evidence => &mut self.evidence,
        }
    }

    /// Returns what counts as one change to production.
    pub fn counting(&self) -> Counting {
        Counting {
            happenings: self.counts.clone(),
            production: self.production.clone(),
            jobs: self.jobs.clone(),
            branches: self.branches.clone(),
            standard: self.standard_changes,
        }
    }

    /// Reads the policy as the rules need it.
    pub fn policy(&self, version: PolicyVersion) -> anyhow::Result<Policy> {
        let parties = |names: &[String], role: Role| -> anyhow::Result<Vec<Party>> {
            names
                .iter()
                .map(|name| value::party(name).map_err(of(role.name())))
                .collect()
        };
        let escalation: Result<_, Wrong> =
            self.escalation.iter().map(|id| value::person(id)).collect();
        let channel = self
            .report_channel
            .as_deref()
            .map(value::channel)
            .transpose();
        let undeclared = self.undeclared.as_deref().map(value::person).transpose();
        let emoji: Result<_, Wrong> = self.emoji.iter().map(|name| value::emoji(name)).collect();
        Ok(Policy {
            version,
            approvers: parties(&self.approvers, Role::Approvers)?,
            commanders: parties(&self.commanders, Role::Commanders)?,
            security: parties(&self.security, Role::Security)?,
            database: parties(&self.database, Role::Database)?,
            compliance: parties(&self.compliance, Role::Compliance)?,
            administrators: parties(&self.administrators, Role::Administrators)?,
            evidence: parties(&self.evidence, Role::Evidence)?,
            categories: self.categories.clone(),
            due: self.due.clone(),
            systems: self.systems.clone(),
            teams: self.teams.clone(),
            frameworks: self.frameworks.clone(),
            guideline: self.guideline,
            escalation: escalation.map_err(of("escalation"))?,
            report_channel: channel.map_err(of("report_channel"))?,
            report_at: self.report_at,
            counting: self.counting(),
            undeclared: undeclared.map_err(of("undeclared"))?,
            incident_channels: self.incident_channels.clone(),
            emoji: emoji.map_err(of("emoji"))?,
            keep_texts: self.keep_texts,
        })
    }
}

/// Names the key of a policy that was put together in another way than by
/// reading a file.
fn of(key: &str) -> impl Fn(Wrong) -> anyhow::Error {
    move |wrong| anyhow!("policy.{key}: {wrong}")
}

fn frameworks<S: Serializer>(named: &BTreeSet<Framework>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(named.iter().map(|framework| framework.name()))
}

fn one_or_more<S: Serializer>(names: &[String], to: S) -> Result<S::Ok, S::Error> {
    match names {
        [one] => to.serialize_str(one),
        more => more.serialize(to),
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands fields by reference"
)]
fn share<S: Serializer>(thousandths: &u16, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(f64::from(*thousandths) / 1000.0)
}

fn due<S: Serializer>(due: &Due, to: S) -> Result<S::Ok, S::Error> {
    let all: BTreeMap<_, _> = Term::ALL
        .iter()
        .map(|term| (term.name(), value::in_words(due.within(*term))))
        .collect();
    all.serialize(to)
}

fn report_at<S: Serializer>(at: &ReportTime, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&value::report_time_in_words(*at))
}

fn counts<S: Serializer>(
    named: &BTreeMap<SourceName, Happening>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_map(
        named
            .iter()
            .map(|(source, happening)| (source.as_str(), happening.name())),
    )
}

fn categories<S: Serializer>(categories: &[Category], to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Row<'a> {
        id: &'a str,
        label: &'a str,
        risk: &'static str,
        testing: &'a str,
        approval: Vec<&'static str>,
    }
    let mut seq = to.serialize_seq(Some(categories.len()))?;
    for one in categories {
        seq.serialize_element(&Row {
            id: &one.id,
            label: &one.label,
            risk: one.risk.name(),
            testing: &one.testing,
            approval: one.approval.iter().map(|role| role.name()).collect(),
        })?;
    }
    seq.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_adopted_is_read_as_it_was_written() {
        let mut policy = PolicyFile {
            approvers: vec!["S0ENGMGRS1".to_owned()],
            administrators: vec!["U0SAM00001".to_owned()],
            evidence: vec!["U0SAM00001".to_owned(), "S0ENGMGRS1".to_owned()],
            escalation: vec!["U0SAM00001".to_owned()],
            systems: vec!["auth".to_owned(), "billing \"old\"".to_owned()],
            frameworks: BTreeSet::from([Framework::Soc2, Framework::PciDss]),
            guideline: 75,
            report_at: ReportTime {
                weekday: chrono::Weekday::Fri,
                time: chrono::NaiveTime::from_hms_opt(16, 30, 0).unwrap(),
            },
            undeclared: Some("U0SAM00001".to_owned()),
            keep_texts: Some(36),
            production: vec!["live".to_owned()],
            jobs: vec!["roll-out".to_owned(), "!*dry*".to_owned()],
            branches: vec!["trunk".to_owned()],
            standard_changes: false,
            teams: [("Identity".to_owned(), vec!["auth".to_owned()])].into(),
            counts: PolicyFile::default()
                .counts
                .into_iter()
                .chain([(SourceName::new("github"), Happening::Merge)])
                .collect(),
            categories: vec![Category::new(
                "schema",
                "Schema",
                crate::domain::policy::Risk::MediumHigh,
                "All of it",
                [Role::Database],
            )],
            ..PolicyFile::default()
        };
        policy.due.set(Term::Ticket, chrono::TimeDelta::hours(36));
        for policy in [policy, PolicyFile::default()] {
            let bytes = policy.bytes().unwrap();
            let again = PolicyFile::read(&bytes).unwrap();
            assert_eq!(again.bytes().unwrap(), bytes);
            assert_eq!(
                again.policy(PolicyVersion(3)).unwrap(),
                policy.policy(PolicyVersion(3)).unwrap()
            );
        }
    }

    #[test]
    fn the_defaults_stand_in_what_is_adopted() {
        insta::assert_snapshot!(PolicyFile::default().bytes().unwrap(), @r#"
        report_at = "Monday 09:00"
        incident_channels = ["inc-*", "incident*"]
        emoji = ["white_check_mark"]
        zone = "UTC"
        frameworks = ["soc2"]
        guideline = 0.1
        production = ["production", "prod"]
        jobs = ["*deploy*", "*release*", "!*staging*", "!*preview*", "!*sandbox*"]
        branches = ["main", "master"]
        standard_changes = true

        [counts]
        bitbucket = "merge"
        circleci = "run"
        github = "deployment"
        gitlab = "deployment"
        jenkins = "run"

        [due]
        answer_exception = "7 days"
        approval = "24 h"
        commander_authorization = "24 h"
        confirmation = "24 h"
        database_approval = "24 h"
        genuineness_review = "7 days"
        meeting_review = "14 days"
        permanent_fix = "30 days"
        remediation = "7 days"
        second_authorization = "24 h"
        security_review = "24 h"
        ticket = "24 h"

        [[category]]
        id = "code"
        label = "Code deployment"
        risk = "medium"
        testing = "Unit and integration tests"
        approval = ["approvers", "commanders"]

        [[category]]
        id = "database"
        label = "Database migration"
        risk = "high"
        testing = "Full test suite"
        approval = ["approvers", "commanders", "database"]

        [[category]]
        id = "infrastructure"
        label = "Infrastructure"
        risk = "medium_high"
        testing = "Staging verification"
        approval = ["approvers", "commanders"]

        [[category]]
        id = "configuration"
        label = "Configuration"
        risk = "medium"
        testing = "Staging test"
        approval = ["approvers", "commanders"]

        [[category]]
        id = "hotfix"
        label = "Hotfix"
        risk = "high"
        testing = "Minimal, documented"
        approval = ["approvers", "commanders"]

        [[category]]
        id = "security"
        label = "Security patch"
        risk = "high"
        testing = "Security testing and staging"
        approval = ["approvers", "commanders", "security"]
        "#);
    }

    #[test]
    fn what_an_earlier_version_adopted_still_reads_and_has_the_guides_rest() {
        // Written by the version before categories, with what it let pass.
        let bytes = "approvers = [\"U0MORGAN01\", \"U0MORGAN01\"]\ncommanders = []\n\
            escalation = \"U0SAM00001\"\nincident_channels = [\"#inc-*\", \"a b\"]\n\
            emoji = [\":White_Check_Mark:\"]\nzone = \"Europe/Berlin\"\n";
        let policy = PolicyFile::read(bytes)
            .unwrap()
            .policy(PolicyVersion(1))
            .unwrap();
        assert_eq!(policy.approvers.len(), 2);
        assert_eq!(policy.incident_channels, ["#inc-*", "a b"]);
        assert_eq!(policy.emoji, ["white_check_mark"]);
        assert_eq!(policy.categories, Category::guide());
        assert_eq!(policy.due, Due::default());
        assert_eq!(policy.guideline, Policy::GUIDELINE);
        assert_eq!(policy.counting, Counting::default());
        assert_eq!(policy.report_at, ReportTime::default());
        assert!(PolicyFile::read("approvers = [\"S0ENGMGRS1\"]\n").is_ok());
        let torn = PolicyFile::read("zone = \"Nowhere\"")
            .unwrap_err()
            .to_string();
        assert!(
            torn.contains("in the database") && torn.contains("`Nowhere`"),
            "{torn}"
        );
    }
}
