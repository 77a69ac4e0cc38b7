//! The organisation's rules: who may permit and approve, and by when.
//!
//! A policy is versioned, and a change keeps the version under which it was
//! declared, so that a later edit can't rewrite what was owed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{NaiveTime, TimeDelta, Weekday};

use super::id::{ChannelId, GroupId, UserId};

mod category;
mod counting;
mod due;

pub use category::{Category, Risk};
pub use counting::Counting;
pub use due::{Due, Term};

/// The version of a policy: 1 for the first that a workspace adopted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyVersion(pub u32);

/// A person, or everyone in a user group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// One person.
    Person(UserId),
    /// Whoever is in the group at the time.
    Group(GroupId),
}

named! {
    /// What the policy names people for.
    pub enum Role {
        /// Engineering leads, who authorize and approve.
        Approvers = "approvers",
        /// Those who may command an incident.
        Commanders = "commanders",
        /// Those who review security incidents.
        Security = "security",
        /// Those who approve database changes.
        Database = "database",
        /// Those who answer for the process to the auditor.
        Compliance = "compliance",
        /// Those who may take a leaked secret out of a text.
        Administrators = "administrators",
        /// Those to whom the auditor's pack may be sent.
        Evidence = "evidence",
    }
}

impl Role {
    /// Whether a category may ask for its approval: whether anybody is chased
    /// for it.
    pub const fn approves(self) -> bool {
        match self {
            Self::Approvers | Self::Commanders | Self::Security | Self::Database => true,
            Self::Compliance | Self::Administrators | Self::Evidence => false,
        }
    }
}

named! {
    /// A framework whose fields the ticket can ask for.
    pub enum Framework {
        /// SOC 2, CC8.1. Always asked.
        Soc2 = "soc2",
        /// PCI DSS 4, requirement 6.5.1.
        PciDss = "pci_dss",
        /// NIST SP 800-53, CM-3.
        Nist = "nist",
        /// DORA, RTS on ICT risk management, Article 17.
        Dora = "dora",
        /// NIS2, implementing regulation, 6.4.3.
        Nis2 = "nis2",
        /// ISO/IEC 27001, A.8.32.
        Iso27001 = "iso27001",
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Soc2 => "SOC 2",
            Self::PciDss => "PCI DSS",
            Self::Nist => "NIST SP 800-53",
            Self::Dora => "DORA",
            Self::Nis2 => "NIS2",
            Self::Iso27001 => "ISO 27001",
        })
    }
}

/// When the weekly report is posted, in the zone of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportTime {
    /// On which day.
    pub weekday: Weekday,
    /// At what time.
    pub time: NaiveTime,
}

impl Default for ReportTime {
    /// When the week begins, and people are there.
    fn default() -> Self {
        Self {
            weekday: Weekday::Mon,
            time: Policy::MORNING,
        }
    }
}

/// The organisation's rules for emergency changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Which version this is.
    pub version: PolicyVersion,
    /// Who may authorize and approve. Empty while no policy is written.
    pub approvers: Vec<Party>,
    /// Who may act as incident commander. Empty: any full member.
    pub commanders: Vec<Party>,
    /// Who reviews security incidents. Empty: the approvers.
    pub security: Vec<Party>,
    /// Who approves database changes. Empty: the approvers.
    pub database: Vec<Party>,
    /// Who answers for the process. Empty: the approvers.
    pub compliance: Vec<Party>,
    /// Who may take a leaked secret out of a text. Empty: nobody.
    pub administrators: Vec<Party>,
    /// To whom the auditor's pack may be sent. It holds what was said in private
    /// channels, too. Empty: nobody.
    pub evidence: Vec<Party>,
    /// The kinds of changes, in the order in which they are offered.
    pub categories: Vec<Category>,
    /// How long whoever owes something may take.
    pub due: Due,
    /// The systems that a change may touch, in the order in which they are
    /// offered. Empty: the ticket doesn't ask.
    pub systems: Vec<String>,
    /// Whose systems are whose, by the teams' names. A system may be of several.
    pub teams: BTreeMap<String, Vec<String>>,
    /// The frameworks whose fields the ticket asks for, SOC 2 always among them.
    pub frameworks: BTreeSet<Framework>,
    /// The share of emergencies that isn't to be exceeded, in thousandths.
    pub guideline: u16,
    /// Who hears of a missed deadline: the first at once, each next one a day after
    /// the one before, while it isn't made good.
    pub escalation: Vec<UserId>,
    /// Where the weekly report is posted.
    pub report_channel: Option<ChannelId>,
    /// When it is posted.
    pub report_at: ReportTime,
    /// What counts as one change to production.
    pub counting: Counting,
    /// Who is asked about a change that looks like an emergency and wasn't
    /// declared, where its author isn't known in Slack.
    pub undeclared: Option<UserId>,
    /// The names of incident channels; `*` stands for anything.
    pub incident_channels: Vec<String>,
    /// The emoji that authorize, without colons.
    pub emoji: Vec<String>,
    /// For how many months words and files are kept after the last thing that happened to
    /// a change. Nothing: for good.
    pub keep_texts: Option<u16>,
}

/// Writes for how many months words are kept.
pub fn months_in_words(months: u16) -> String {
    match months {
        1 => "1 month".to_owned(),
        months => format!("{months} months"),
    }
}

impl Policy {
    /// How long after the deployment the paperwork is due: 24 hours, the
    /// guide's "documented within 24 hours of deployment".
    pub const DOCUMENTATION: TimeDelta = TimeDelta::hours(24);

    /// The guide's share: under 10 % of all changes, in thousandths.
    pub const GUIDELINE: u16 = 100;

    /// How long an exception may wait for its answer, and a rejection for its
    /// remedy, where no date was given.
    pub const REMEDY: TimeDelta = TimeDelta::days(7);

    /// When the night begins for the chase, in the reader's own zone.
    pub const NIGHT_FROM: NaiveTime = hm(NIGHT_FROM);
    /// When it ends.
    pub const NIGHT_TO: NaiveTime = hm(NIGHT_TO);
    /// When a reminder that would fall into the night is sent instead.
    pub const EVENING: NaiveTime = hm(EVENING);
    /// When the weekly report is posted where nobody wrote another time.
    pub const MORNING: NaiveTime = hm(MORNING);
    /// Who was active this recently is awake, whatever the hour.
    pub const AWAKE: TimeDelta = TimeDelta::minutes(30);

    /// The rules where nobody wrote any.
    pub fn unwritten(version: PolicyVersion) -> Self {
        Self {
            version,
            approvers: Vec::new(),
            commanders: Vec::new(),
            security: Vec::new(),
            database: Vec::new(),
            compliance: Vec::new(),
            administrators: Vec::new(),
            evidence: Vec::new(),
            categories: Category::guide(),
            due: Due::default(),
            systems: Vec::new(),
            teams: BTreeMap::new(),
            frameworks: BTreeSet::from([Framework::Soc2]),
            guideline: Self::GUIDELINE,
            escalation: Vec::new(),
            report_channel: None,
            report_at: ReportTime::default(),
            counting: Counting::default(),
            undeclared: None,
            incident_channels: vec!["inc-*".to_owned(), "incident*".to_owned()],
            emoji: vec!["white_check_mark".to_owned()],
            keep_texts: None,
        }
    }

    /// Whether somebody has written down who may approve.
    pub fn is_written(&self) -> bool {
        !self.approvers.is_empty()
    }

    /// Returns those whom the policy names for a role.
    pub fn named(&self, role: Role) -> &[Party] {
        match role {
            Role::Approvers => &self.approvers,
            Role::Commanders => &self.commanders,
            Role::Security => &self.security,
            Role::Database => &self.database,
            Role::Compliance => &self.compliance,
            Role::Administrators => &self.administrators,
            Role::Evidence => &self.evidence,
        }
    }

    /// Returns those who fill a role: whom the policy names for it, else the
    /// approvers, where an engineering lead can stand in. What is empty then is
    /// open to any full member for approvers and commanders, and to nobody for
    /// administrators and evidence.
    pub fn holders(&self, role: Role) -> &[Party] {
        match (role, self.named(role)) {
            (Role::Security | Role::Database | Role::Compliance, []) => &self.approvers,
            (_, named) => named,
        }
    }

    /// Returns who is asked about an undeclared change whose author isn't known:
    /// whom the policy names for it, else who hears of a missed deadline first.
    pub fn asked_about_undeclared(&self) -> Option<&UserId> {
        self.undeclared.as_ref().or_else(|| self.escalation.first())
    }

    /// Returns the category of this name.
    pub fn category(&self, id: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.id == id)
    }

    /// Whether a channel of this name is one in which incidents are worked on.
    /// Slack's names have no capitals, so those of a pattern count for nothing.
    pub fn is_incident_channel(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.incident_channels
            .iter()
            .any(|pattern| fits(&pattern.to_lowercase(), &name))
    }
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut open) = name
        .strip_prefix(head)
        .and_then(|name| name.strip_suffix(tail))
    else {
        return false;
    };
    // The first place where a part stands is the best: it leaves most for the rest.
    middle.split('*').all(|part| match open.split_once(part) {
        Some((_, after)) => {
            open = after;
            true
        }
        None => false,
    })
}

/// Hour and minute of the times above, for the comparisons below.
const NIGHT_FROM: (u32, u32) = (22, 0);
const NIGHT_TO: (u32, u32) = (8, 0);
const EVENING: (u32, u32) = (21, 30);
const MORNING: (u32, u32) = (9, 0);

const fn hm((hour, minute): (u32, u32)) -> NaiveTime {
    match NaiveTime::from_hms_opt(hour, minute, 0) {
        Some(time) => time,
        None => NaiveTime::MIN,
    }
}

// The evening rung must fall into the day, before the night that it spares.
const _: () = assert!(NIGHT_TO.0 * 60 + NIGHT_TO.1 < EVENING.0 * 60 + EVENING.1);
const _: () = assert!(EVENING.0 * 60 + EVENING.1 < NIGHT_FROM.0 * 60 + NIGHT_FROM.1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_and_for_nothing() {
        assert!(fits("inc-*", "inc-auth") && fits("inc-*", "inc-"));
        assert!(fits("*-war-*", "p1-war-room") && fits("*", "") && fits("**", "a"));
        assert!(fits("a*é", "aéé") && fits("a*b*c*d", "abxbcxd"));
        assert!(!fits("inc-*", "xinc-auth") && !fits("inc", "incident"));
        assert!(!fits("*-room", "room-a") && !fits("a*a", "a") && !fits("a*b*c", "acb"));
    }

    #[test]
    fn a_pattern_full_of_stars_is_decided_at_once() {
        let stars = "a*".repeat(500) + "b";
        assert!(!fits(&stars, &"a".repeat(5_000)));
    }

    #[test]
    fn where_no_specialist_is_named_the_approvers_stand_in() {
        let lead = Party::Person(UserId::new("U0LEAD"));
        let dba = Party::Person(UserId::new("U0DBA"));
        let policy = Policy {
            approvers: vec![lead],
            database: vec![dba.clone()],
            ..Policy::unwritten(PolicyVersion(1))
        };
        assert_eq!(policy.holders(Role::Database), [dba]);
        assert_eq!(policy.holders(Role::Security), policy.approvers);
        assert_eq!(policy.holders(Role::Compliance), policy.approvers);
        assert_eq!(policy.holders(Role::Commanders), []);
        assert_eq!(policy.holders(Role::Administrators), []);
        assert_eq!(policy.holders(Role::Evidence), []);
    }

    #[test]
    fn capitals_make_no_other_channel() {
        let mut policy = Policy::unwritten(PolicyVersion(1));
        assert!(policy.is_incident_channel("inc-auth") && policy.is_incident_channel("INCIDENTS"));
        assert!(!policy.is_incident_channel("inc") && !policy.is_incident_channel("coincident"));
        policy.incident_channels = vec!["SEV*".to_owned()];
        assert!(policy.is_incident_channel("sev-1") && !policy.is_incident_channel("inc-auth"));
        policy.incident_channels.clear();
        assert!(!policy.is_incident_channel("inc-auth"));
    }
}
