//! A change that went to production, as a source told of it: the denominator of
//! the emergency rate is made of these.
//!
//! Several sources tell of one change, each in its own words and at its own time:
//! a pull request, a deployment, a line of a list. Which of them are one change is
//! decided here, and so is whether it counts.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::change::SAME_DEPLOYMENT;
use super::id::{ChangeNumber, ChannelId, UserId};
use super::merkle::Hash;
use super::text::{Commitment, Text};

/// How far apart two tellings of one commit or one link may lie and still be of one
/// change: a re-run is no second change, and a return to an old version is one.
pub const SAME_WITHIN: TimeDelta = TimeDelta::days(7);

/// How long before its request a deployment of an emergency change may seem to lie:
/// nobody's clock is exact.
pub const BEFORE_THE_REQUEST: TimeDelta = TimeDelta::minutes(2);

/// How long after its request what has an emergency change's number belongs to it
/// unasked. Later it is as likely the permanent fix, or the lessons learned.
pub const NUMBER_HOLDS: TimeDelta = TimeDelta::hours(24);

/// The longest identifier that is kept of what a source says, in bytes; longer ones
/// are cut at a character.
pub const LONGEST: usize = 500;

/// Who tells of changes: `github`, `gitlab`, or whatever the writer of a list calls
/// it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceName(String);

impl SourceName {
    /// Takes a name as it was given, without its capitals and the space around it.
    pub fn new(raw: &str) -> Self {
        Self(raw.trim().to_lowercase())
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

named! {
    /// What happened, by which a source tells of a change. The policy says for each
    /// source which of them counts; the others only add facts.
    pub enum Happening {
        /// A version was deployed.
        Deployment = "deployment",
        /// A change was merged.
        Merge = "merge",
        /// A workflow, pipeline or job ended.
        Run = "run",
        /// Commits were pushed to the branch that is deployed.
        Push = "push",
        /// Somebody lists it as a change that happened. Counts always.
        Listed = "listed",
        /// Somebody approved a request to merge. Counts never: it may never be merged.
        Review = "review",
    }
}

named! {
    /// What kind of change it was.
    pub enum ChangeKind {
        /// The normal process was followed.
        Normal = "normal",
        /// A change of a kind that is approved in advance.
        Standard = "standard",
        /// An emergency. Whatever the register has counts there.
        Emergency = "emergency",
    }
}

named! {
    /// What a normal change doesn't look like: the mark of an emergency that nobody
    /// may have declared.
    pub enum Mark {
        /// Merged although nobody had reviewed it.
        Unreviewed = "unreviewed",
        /// The branch's protection was bypassed.
        Bypassed = "bypassed",
        /// Pushed to the deployed branch, without a request to merge.
        DirectPush = "direct_push",
        /// Its branch or title says that it is a hotfix.
        Hotfix = "hotfix",
        /// It takes an earlier change back.
        Revert = "revert",
        /// Deployed to a system on which an incident was being worked on.
        DuringIncident = "during_incident",
        /// Deployed shortly after an authorization that nobody recorded.
        Unrecorded = "unrecorded",
        /// Its source calls it an emergency, and the register knows of none.
        Labelled = "labelled",
    }
}

named! {
    /// What somebody is asked about a change that a source told of.
    pub enum Doubt {
        /// Whether it was an emergency that nobody declared.
        Undeclared = "undeclared",
        /// Whether it belongs to an emergency change of the register.
        Belongs = "belongs",
    }
}

named! {
    /// What they answer.
    pub enum Explanation {
        /// It was an emergency, and is declared now.
        Declared = "declared",
        /// It was a normal change.
        Normal = "normal",
        /// It didn't go to production.
        NotProduction = "not_production",
        /// It belongs to that emergency change.
        Yes = "yes",
        /// It doesn't.
        No = "no",
    }
}

impl Explanation {
    /// Whether it answers such a question.
    pub fn answers(self, doubt: Doubt) -> bool {
        match self {
            Self::Declared | Self::Normal => doubt == Doubt::Undeclared,
            Self::NotProduction => true,
            Self::Yes | Self::No => doubt == Doubt::Belongs,
        }
    }
}

/// Returns the marks that are left of a change when all that is known of it is put
/// together: whoever pushes what was asked to be merged didn't push directly, and
/// what somebody approved was reviewed.
pub fn unexplained(marks: &BTreeSet<Mark>, is_merged: bool, is_approved: bool) -> BTreeSet<Mark> {
    let stands = |mark: &Mark| match mark {
        Mark::DirectPush => !is_merged,
        Mark::Unreviewed => !is_approved,
        Mark::Bypassed
        | Mark::Hotfix
        | Mark::Revert
        | Mark::DuringIncident
        | Mark::Unrecorded
        | Mark::Labelled => true,
    };
    marks.iter().copied().filter(stands).collect()
}

/// By what something that went to production is tied to an emergency change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// Its branch, title or message has the change's number.
    Number,
    /// The change's ticket names its commit or its link.
    Ticket,
}

impl Tie {
    /// How long after the request it holds without anybody being asked.
    pub fn holds(self) -> TimeDelta {
        match self {
            Self::Number => NUMBER_HOLDS,
            Self::Ticket => SAME_WITHIN,
        }
    }
}

/// What its time says of something that is tied to an emergency change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It belongs to it.
    Belongs,
    /// It may; that is for a person to say. What a ticket links to may be what
    /// caused the outage.
    MayBelong,
    /// It is another system's number, or another time.
    Apart,
}

/// Returns whether something that went to production at `at` fits an emergency change
/// to which it is tied, of which people said that it was `deployed` then.
pub fn fit(
    tie: Tie,
    at: DateTime<Utc>,
    requested_at: DateTime<Utc>,
    deployed: &[DateTime<Utc>],
) -> Fit {
    let since = at - requested_at;
    if since.abs() > SAME_WITHIN {
        return Fit::Apart;
    }
    let is_that = |said: &DateTime<Utc>| (*said - at).abs() < SAME_DEPLOYMENT;
    if (-BEFORE_THE_REQUEST..=tie.holds()).contains(&since) || deployed.iter().any(is_that) {
        Fit::Belongs
    } else {
        Fit::MayBelong
    }
}

/// One telling of a change that went to production.
///
/// What people write freely are texts; all else is what machines call things, and
/// is at most [`LONGEST`] bytes long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Who tells of it.
    pub source: SourceName,
    /// What the source calls it; with the source, its identity.
    pub external_id: String,
    /// By what the source tells of it.
    pub happening: Happening,
    /// When it went to production.
    pub at: DateTime<Utc>,
    /// What kind of change the source says it was; most don't say.
    pub kind: Option<ChangeKind>,
    /// The system that was changed.
    pub system: Option<String>,
    /// Who made the change, as the source names them.
    pub author: Option<String>,
    /// Their e-mail address, by which they are found in Slack.
    pub author_email: Option<String>,
    /// Where it can be looked at.
    pub url: Option<String>,
    /// The commit, as [`commit`] has it.
    pub commit: Option<String>,
    /// What sort of change it was, such as *feature* or *configuration*.
    pub change_type: Option<String>,
    /// Who approved it, as the source names them.
    pub approved_by: Option<String>,
    /// Where that can be seen.
    pub approval_url: Option<String>,
    /// Where the tests can be seen.
    pub testing_url: Option<String>,
    /// Where the log of the deployment is.
    pub deploy_log_url: Option<String>,
    /// What came of it, in the source's word, such as *success*.
    pub outcome: Option<String>,
    /// The emergency change that branch, title or message name.
    pub reference: Option<ChangeNumber>,
    /// What a normal change doesn't look like.
    pub marks: BTreeSet<Mark>,
    /// What it is called.
    pub title: Option<Text>,
    /// How it was tested, and what came of that.
    pub testing_result: Option<Text>,
    /// Where a person told of it in their own words; they and nobody else are the
    /// author then.
    pub said_in: Option<ChannelId>,
}

impl Deployment {
    /// A telling of which no more is known than that it happened.
    pub fn new(
        source: SourceName,
        external_id: impl Into<String>,
        happening: Happening,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            source,
            external_id: external_id.into(),
            happening,
            at,
            kind: None,
            system: None,
            author: None,
            author_email: None,
            url: None,
            commit: None,
            change_type: None,
            approved_by: None,
            approval_url: None,
            testing_url: None,
            deploy_log_url: None,
            outcome: None,
            reference: None,
            marks: BTreeSet::new(),
            title: None,
            testing_result: None,
            said_in: None,
        }
    }

    /// Returns who made the change, where they told of it themselves.
    pub fn teller(&self) -> Option<UserId> {
        self.said_in.as_ref()?;
        self.author.as_deref().map(UserId::new)
    }

    /// Whether two tellings are of one change by what they say. Others may join
    /// them: one change is all tellings that hang together so.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let commit = match (&self.commit, &other.commit) {
            (Some(ours), Some(theirs)) => ours.starts_with(theirs) || theirs.starts_with(ours),
            (None, _) | (_, None) => false,
        };
        let url = self.url.is_some() && self.url == other.url;
        let identity = self.source == other.source && self.external_id == other.external_id;
        let near = (self.at - other.at).abs() <= SAME_WITHIN;
        identity || near && (commit || url)
    }

    /// Returns what the log holds of the telling: SHA-256 over its facts as
    /// length-prefixed (field, value) pairs in a fixed order. Texts stand as their
    /// commitments, so the hash survives a redaction.
    pub fn hash(&self) -> Hash {
        let commitment = |text: &Option<Text>| text.as_ref().map(Text::commitment);
        self.hash_with(commitment(&self.title), commitment(&self.testing_result))
    }

    /// Returns that hash by the commitments to the texts alone: the words may have
    /// been taken out since.
    pub fn hash_with(&self, title: Option<Commitment>, testing_result: Option<Commitment>) -> Hash {
        let mut sha = Sha256::new();
        self.each_hashed(title, testing_result, |name, value| {
            for part in [name.as_bytes(), value] {
                sha.update((part.len() as u64).to_be_bytes());
                sha.update(part);
            }
        });
        sha.finalize().into()
    }

    /// Returns what that hash is over: the facts as (name, value) pairs, in order.
    pub fn hashed(
        &self,
        title: Option<Commitment>,
        testing_result: Option<Commitment>,
    ) -> Vec<(&'static str, Vec<u8>)> {
        let mut all = Vec::new();
        self.each_hashed(title, testing_result, |name, value| {
            all.push((name, value.to_vec()));
        });
        all
    }

    fn each_hashed(
        &self,
        title: Option<Commitment>,
        testing_result: Option<Commitment>,
        mut field: impl FnMut(&'static str, &[u8]),
    ) {
        field("form", b"breakglass-deployment-v1");
        field("source", self.source.as_str().as_bytes());
        field("external_id", self.external_id.as_bytes());
        field("happening", self.happening.name().as_bytes());
        field("at", &self.at.timestamp_micros().to_be_bytes());
        if let Some(kind) = self.kind {
            field("kind", kind.name().as_bytes());
        }
        for (name, value) in [
            ("system", &self.system),
            ("author", &self.author),
            ("author_email", &self.author_email),
            ("url", &self.url),
            ("commit", &self.commit),
            ("type", &self.change_type),
            ("approved_by", &self.approved_by),
            ("approval_url", &self.approval_url),
            ("testing_url", &self.testing_url),
            ("deploy_log_url", &self.deploy_log_url),
            ("outcome", &self.outcome),
        ] {
            if let Some(value) = value {
                field(name, value.as_bytes());
            }
        }
        if let Some(said_in) = &self.said_in {
            field("said_in", said_in.as_str().as_bytes());
        }
        if let Some(reference) = self.reference {
            field("reference", &reference.0.to_be_bytes());
        }
        for mark in &self.marks {
            field("mark", mark.name().as_bytes());
        }
        for (name, text) in [("title", title), ("testing_result", testing_result)] {
            if let Some(text) = text {
                field(name, &text.0);
            }
        }
    }
}

/// Returns what is kept of an identifier: without the space around it, nothing if
/// that leaves nothing, and never more than [`LONGEST`] bytes.
pub fn identifier(raw: &str) -> Option<String> {
    // What can't be seen is space, so that no identifier is made of it.
    let seen = raw.replace(char::is_control, " ");
    let mut kept = seen.trim();
    if kept.len() > LONGEST {
        let cut = (0..=LONGEST).rev().find(|at| kept.is_char_boundary(*at));
        kept = kept.get(..cut.unwrap_or(0)).unwrap_or("").trim_end();
    }
    (!kept.is_empty()).then(|| kept.to_owned())
}

/// Returns an address without the name and password that may stand before its host:
/// what is told is never altered, and they have no place in it.
pub fn without_password(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// How much is kept of a commit's hash that isn't there in full, in hexadecimal
/// digits: Bitbucket Cloud tells twelve, and within a week no two are alike in them.
pub const ABBREVIATED: usize = 12;

/// Returns a commit as it is compared, in small letters: a full hash of git's (40 or
/// 64 hexadecimal digits), or the first [`ABBREVIATED`] digits of one that was cut.
/// A shorter one names nothing for certain.
pub fn commit(raw: &str) -> Option<String> {
    let raw = raw.trim();
    let is_hash = (ABBREVIATED..=64).contains(&raw.len())
        && raw.bytes().all(|byte| byte.is_ascii_hexdigit())
        // All zeros is git's word for "none": a branch that was deleted.
        && raw.bytes().any(|byte| byte != b'0');
    let kept = match raw.len() {
        40 | 64 => raw,
        _ => raw.get(..ABBREVIATED)?,
    };
    is_hash.then(|| kept.to_ascii_lowercase())
}

/// How far ahead of ours the clock of a source may be. What is told to have happened
/// later than that is refused at each door.
pub const AHEAD: TimeDelta = TimeDelta::hours(1);

/// Returns the emergency change that a text names, such as `CHG-1042` in
/// `hotfix/chg-1042-waf`; the first where it names several.
pub fn reference(text: &str) -> Option<ChangeNumber> {
    let lower = text.to_ascii_lowercase();
    let mut from = 0;
    while let Some(found) = lower.get(from..)?.find("chg-") {
        let at = from + found;
        let rest = lower.get(at + 4..)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let stands_alone = lower
            .get(..at)
            .and_then(|before| before.chars().next_back())
            .is_none_or(|before| !before.is_alphanumeric());
        let ends = rest
            .get(digits..)
            .and_then(|after| after.chars().next())
            .is_none_or(|after| !after.is_alphanumeric());
        let number = rest.get(..digits).and_then(|digits| digits.parse().ok());
        if let Some(number) = number.filter(|_| stands_alone && ends) {
            return Some(ChangeNumber(number));
        }
        from = at + 4;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(source: &str, id: &str, at: i64) -> Deployment {
        Deployment::new(
            SourceName::new(source),
            id,
            Happening::Deployment,
            DateTime::from_timestamp(at, 0).unwrap(),
        )
    }

    #[test]
    fn a_commit_makes_two_tellings_one_change_for_a_week() {
        let of = |at: i64| Deployment {
            commit: Some("a".repeat(40)),
            ..told("github", &at.to_string(), at)
        };
        let week = SAME_WITHIN.num_seconds();
        assert!(of(0).is_same_as(&of(week)) && of(week).is_same_as(&of(0)));
        assert!(!of(0).is_same_as(&of(week + 1)));
        assert!(!told("github", "1", 0).is_same_as(&told("github", "2", 0)));
        assert!(!told("github", "1", 0).is_same_as(&told("gitlab", "1", 0)));
        assert!(told("GitHub ", "1", 0).is_same_as(&told("github", "1", 9 * week)));
    }

    #[test]
    fn an_abbreviated_commit_is_the_one_that_begins_so() {
        let of = |commit: &str| Deployment {
            commit: Some(commit.to_owned()),
            ..told("github", commit, 0)
        };
        let full = of(&"ab".repeat(20));
        assert!(full.is_same_as(&of("abababababab")) && of("abababababab").is_same_as(&full));
        assert!(!full.is_same_as(&of("abababababac")));
        assert!(!of("").is_same_as(&told("github", "none", 0)));
    }

    #[test]
    fn what_is_tied_to_an_emergency_belongs_to_it_while_it_is_worked_on() {
        let at = |minutes: i64| told("github", "1", minutes * 60).at;
        let of = |tie, minutes| fit(tie, at(minutes), at(0), &[at(-600)]);
        let (day, week) = (24 * 60, 7 * 24 * 60);
        for (tie, holds) in [(Tie::Number, day), (Tie::Ticket, week)] {
            assert_eq!(of(tie, -2), Fit::Belongs);
            assert_eq!(of(tie, -3), Fit::MayBelong);
            assert_eq!(of(tie, -week), Fit::MayBelong);
            assert_eq!(of(tie, -week - 1), Fit::Apart);
            assert_eq!(of(tie, holds), Fit::Belongs);
            assert_eq!(of(tie, week + 1), Fit::Apart);
            assert_eq!(of(tie, -604), Fit::Belongs, "somebody said so");
            assert_eq!(of(tie, -605), Fit::MayBelong);
        }
        assert_eq!(of(Tie::Number, day + 1), Fit::MayBelong);
    }

    #[test]
    fn an_emergency_change_is_found_in_a_branch_and_not_in_a_word() {
        for text in [
            "CHG-1042",
            "hotfix/chg-1042-waf",
            "fix (Chg-1042): waf",
            "xchg-1 chg-1042",
        ] {
            assert_eq!(reference(text), Some(ChangeNumber(1042)), "{text}");
        }
        for text in [
            "CHG-",
            "CHG-1042a",
            "XCHG-1042",
            "chg 1042",
            "",
            "chg-99999999999999999999999",
        ] {
            assert_eq!(reference(text), None, "{text}");
        }
    }

    #[test]
    fn a_short_hash_and_that_of_nothing_are_no_commit() {
        assert_eq!(commit(&"AB".repeat(20)), Some("ab".repeat(20)));
        assert_eq!(commit(&"0".repeat(40)), None);
        assert_eq!(commit("abc1234"), None);
        assert_eq!(commit(&"0".repeat(12)), None);
        assert_eq!(commit("not a hash at all"), None);
    }

    #[test]
    fn of_a_hash_that_was_cut_the_first_twelve_digits_are_kept() {
        for cut in ["76F92F937E29", "76f92f937e29af", "76f92f937e29afb"] {
            assert_eq!(commit(cut).as_deref(), Some("76f92f937e29"), "{cut}");
        }
    }

    #[test]
    fn an_identifier_is_cut_at_a_character() {
        let kept = identifier(&"é".repeat(LONGEST)).unwrap();
        assert!(kept.len() <= LONGEST && kept.chars().all(|one| one == 'é'));
        assert_eq!(identifier(" \n "), None);
        assert_eq!(identifier("\0"), None);
        assert_eq!(identifier("a\nb").as_deref(), Some("a b"));
    }

    #[test]
    fn each_fact_is_in_the_hash() {
        let plain = told("github", "1", 0);
        let named = Deployment {
            system: Some("web".to_owned()),
            ..plain.clone()
        };
        let marked = Deployment {
            marks: BTreeSet::from([Mark::Bypassed]),
            ..plain.clone()
        };
        assert_ne!(plain.hash(), named.hash());
        let said = Deployment {
            said_in: Some(ChannelId::new("C0INCAUTH1")),
            ..plain.clone()
        };
        assert_ne!(plain.hash(), marked.hash());
        assert_ne!(plain.hash(), said.hash());
        assert_eq!(plain.hash(), told("github", "1", 0).hash());
    }
}
