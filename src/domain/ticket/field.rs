//! The fields of the retrospective ticket: one row of one table for each.
//!
//! A row says where the field stands, what kind of value it has, when it has to
//! be there, and which demand of which framework it answers. Nothing else in the
//! house knows any of that.

use std::fmt;

use super::framework::Citations;
use crate::domain::policy::Framework;

named! {
    /// A part of the ticket, in the order in which it is read.
    pub enum Part {
        /// Which change it is, and why it was an emergency.
        Identity = "identity",
        /// Who did and permitted what.
        People = "people",
        /// What was changed.
        Change = "change",
        /// How that is known to work.
        Testing = "testing",
        /// What it can harm.
        Risk = "risk",
        /// How to go back.
        Rollback = "rollback",
        /// What came of it.
        Outcome = "outcome",
        /// What is learned from it.
        Lessons = "lessons",
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity and reason",
            Self::People => "people",
            Self::Change => "what changed",
            Self::Testing => "testing",
            Self::Risk => "risk and impact",
            Self::Rollback => "rollback",
            Self::Outcome => "outcome",
            Self::Lessons => "lessons",
        })
    }
}

/// What kind of value a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Kept by the bot as it happens; nobody writes it into the ticket.
    Recorded,
    /// Words that somebody types.
    Words,
    /// One of these.
    Choice(&'static [&'static str]),
    /// One of the policy's categories.
    Category,
    /// One address, or the stated reason why there is none.
    Link,
    /// Addresses, one a line.
    Links,
    /// Somebody.
    Person,
    /// A point in time.
    Instant,
    /// Some of the policy's systems.
    Systems,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recorded => "recorded",
            Self::Words => "words",
            Self::Choice(_) => "choice",
            Self::Category => "category",
            Self::Link => "link",
            Self::Links => "links",
            Self::Person => "person",
            Self::Instant => "time",
            Self::Systems => "systems",
        })
    }
}

named! {
    /// A circumstance that asks for more.
    pub enum Circumstance {
        /// The category is `security`, or it was a vulnerability.
        SecurityIncident = "security_incident",
        /// It is temporary, or works around the fault.
        Workaround = "workaround",
        /// The category is `database`.
        Database = "database",
        /// The policy lists the systems.
        PolicyListsSystems = "policy_lists_systems",
    }
}

impl fmt::Display for Circumstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SecurityIncident => "when it is a security incident",
            Self::Workaround => "when it is temporary or a workaround",
            Self::Database => "when the category is a database's",
            Self::PolicyListsSystems => "when the policy lists systems",
        })
    }
}

/// When a field has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Always there: the bot keeps it.
    Kept,
    /// To close: somebody's act, which an obligation of its own asks for.
    Act,
    /// The same under a circumstance.
    ActWhen(Circumstance),
    /// Somebody's act that closing doesn't wait for, and that is chased on after it.
    Afterwards,
    /// To close.
    Close,
    /// To close, under a circumstance.
    When(Circumstance),
    /// To close, under a circumstance, or if the policy names one of these.
    WhenOr(Circumstance, &'static [Framework]),
    /// To close, if the policy names one of these.
    Framework(&'static [Framework]),
    /// Never.
    Optional,
}

/// A field's row in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The part of the ticket in which it stands.
    pub part: Part,
    /// What people call it, as it reads in a list.
    pub label: &'static str,
    /// What kind of value it has.
    pub kind: Kind,
    /// When it has to be there.
    pub requirement: Requirement,
    /// Which demands it answers.
    pub citations: Citations,
}

named! {
    /// A field of the ticket.
    pub enum Field {
        /// The change's number.
        Number = "number",
        /// Which version of the organisation's rules holds for it.
        Policy = "policy",
        /// What was asked for, verbatim.
        Request = "request",
        /// Which kind of change it is.
        Category = "category",
        /// Which kind of emergency it was, or the reason stated instead.
        Criterion = "criterion",
        /// Why the normal process couldn't be followed.
        WhyNotNormal = "why_not_normal",
        /// The incident that it belongs to.
        IncidentLink = "incident_link",
        /// How bad that is.
        IncidentSeverity = "incident_severity",
        /// When that began.
        IncidentBeganAt = "incident_began_at",
        /// When that was over.
        IncidentEndedAt = "incident_ended_at",
        /// Its ticket in another system.
        ExternalTicket = "external_ticket",

        /// Who asked, and when.
        Requester = "requester",
        /// Who permitted it, when, how and on what ground.
        Authorization = "authorization",
        /// Who commanded the incident and authorized it as such.
        Commander = "commander",
        /// Who deployed it, and when.
        Deployment = "deployment",
        /// Who decided on it afterwards, when, and on exactly what.
        Decision = "decision",
        /// What the security group says of it.
        SecurityReview = "security_review",
        /// What the database administrator says of it.
        DatabaseApproval = "database_approval",
        /// Whether whoever decided holds it for a genuine emergency.
        Genuine = "genuine",
        /// Which controls were not met, and their answers.
        Exceptions = "exceptions",
        /// When what was due, and whether it came in time.
        Deadlines = "deadlines",
        /// Who took over from whom.
        HandOff = "hand_off",
        /// Who was notified, when and how.
        Notifications = "notifications",
        /// Who was reminded of what, and when.
        Reminders = "reminders",
        /// Everything that happened to the record, in an order that can be verified.
        EventLog = "event_log",

        /// When somebody set to work on it.
        WorkBeganAt = "work_began_at",
        /// What was changed, where.
        WhatWasDone = "what_was_done",
        /// The systems that it touched.
        Systems = "systems",
        /// Its pull request, commit and deployment.
        Links = "links",
        /// The configuration before.
        ConfigurationBefore = "configuration_before",
        /// The configuration after.
        ConfigurationAfter = "configuration_after",
        /// The controls that were bypassed.
        ControlsBypassed = "controls_bypassed",
        /// When and how those were restored.
        ControlsRestored = "controls_restored",

        /// What was tested before and after, even if minimal.
        Testing = "testing",
        /// Which tests were put off, until when.
        TestingDeferred = "testing_deferred",
        /// Who validated it in production.
        ValidatedBy = "validated_by",
        /// When.
        ValidatedAt = "validated_at",
        /// What was attached, each with its SHA-256.
        Attachments = "attachments",

        /// How much harm it could do.
        RiskLevel = "risk_level",
        /// Why so much.
        RiskReason = "risk_reason",
        /// What it does to security.
        SecurityImpact = "security_impact",
        /// The same in words.
        SecurityImpactWords = "security_impact_words",
        /// What customers noticed of it.
        CustomerImpact = "customer_impact",
        /// The most sensitive data that it touched.
        DataScope = "data_scope",
        /// Which rules apply to what it touched: card data, health, accounts.
        RegulatedScope = "regulated_scope",
        /// What it does to the privacy of people.
        PrivacyImpact = "privacy_impact",

        /// How to go back.
        RollbackPlan = "rollback_plan",
        /// What would have made one go back.
        RollbackTrigger = "rollback_trigger",
        /// What becomes of the data then.
        RollbackData = "rollback_data",
        /// Who may start it.
        RollbackWho = "rollback_who",
        /// Whether it was rolled back.
        RollbackExecuted = "rollback_executed",

        /// What came of it.
        Outcome = "outcome",
        /// The same as a code.
        OutcomeCode = "outcome_code",
        /// Whether it resolved the incident.
        IncidentResolved = "incident_resolved",
        /// Whether data was exposed.
        DataExposed = "data_exposed",
        /// Whether it stays.
        Permanence = "permanence",
        /// What takes its place, if it doesn't.
        PermanentFix = "permanent_fix",
        /// Who sees to that.
        PermanentFixOwner = "permanent_fix_owner",
        /// By when.
        PermanentFixDueAt = "permanent_fix_due_at",

        /// What to do better.
        LessonsLearned = "lessons_learned",
        /// What follows from that: who does what by when.
        FollowUps = "follow_ups",
        /// When a team meeting reviewed it, with its minutes.
        MeetingReview = "meeting_review",
    }
}

/// The choices that rules ask after, by their names in the record.
pub mod choice {
    /// It stays for a while.
    pub const TEMPORARY: &str = "temporary";
    /// It works around the fault.
    pub const WORKAROUND: &str = "workaround";

    /// Whether something else has to take its place.
    pub fn is_provisional(permanence: &str) -> bool {
        matches!(permanence, TEMPORARY | WORKAROUND)
    }
}

use Circumstance::{Database, PolicyListsSystems, SecurityIncident, Workaround};
use Framework::{Dora, Iso27001, Nis2, Nist, PciDss};
use Kind::{Choice, Instant, Link, Links, Person, Recorded, Words};
use Requirement::{Act, ActWhen, Afterwards, Close, Kept, Optional, When, WhenOr};

const fn row(
    part: Part,
    label: &'static str,
    kind: Kind,
    requirement: Requirement,
    citations: Citations,
) -> Row {
    Row {
        part,
        label,
        kind,
        requirement,
        citations,
    }
}

const fn asked_by(frameworks: &'static [Framework]) -> Requirement {
    Requirement::Framework(frameworks)
}

/// Nothing is cited yet. What is cited is the demand as it reads in the framework;
/// of ISO 27001, whose A.8.32 is one sentence, an item of the list by which 27002
/// explains it; of NIS2 also what ENISA's guidance wants to see for it.
const C: Citations = Citations::none();

impl Field {
    /// The table. It is an exhaustive match, so that no field is without a row.
    #[rustfmt::skip]
    #[expect(clippy::too_many_lines, reason = "one row for each field; a table is read at once")]
    pub const fn row(self) -> Row {
        match self {
            Self::Number => row(Part::Identity, "number", Recorded, Kept,
                C.soc2("Tracks System Changes").guide("create formal change ticket").nist("CM-3e").iso("A.8.32; 27002: maintaining records of changes")),
            Self::Policy => row(Part::Identity, "policy in force", Recorded, Kept,
                C.soc2("Manages Changes Throughout the System Life Cycle").guide("define what constitutes an emergency clearly").nist("CM-3a").dora("17(1)(f)").nis2("6.4.1").iso("A.8.32")),
            Self::Request => row(Part::Identity, "request", Recorded, Kept,
                C.soc2("Documents Changes").guide("document in incident channel (slack, teams); capture what's being changed and why").pci("reason for, and description of, the change").nist("CM-3e").dora("17(1)(d)(i)").nis2("6.4.2").iso("27002: maintaining records of changes")),
            Self::Category => row(Part::Identity, "category", Kind::Category, Close,
                C.soc2("Manages Changes Throughout the System Life Cycle").guide("define change categories").nist("CM-3a").nis2("6.4.2").iso("A.8.32")),
            Self::Criterion => row(Part::Identity, "why it was an emergency", Recorded, Close,
                C.soc2("Provides for Changes Necessary in Emergency Situations").guide("demonstrate change was necessary").pci("reason for, and description of, the change").dora("17(1)(f)").nis2("ENISA on 6.4.3: reason for the emergency").iso("27002: emergency and contingency considerations")),
            Self::WhyNotNormal => row(Part::Identity, "why the normal process couldn't be followed", Words, asked_by(&[Nis2]),
                C.soc2("Provides for Changes Necessary in Emergency Situations").guide("when normal process can be expedited").dora("17(1)(f)").nis2("6.4.3: why the procedures could not be followed")),
            Self::IncidentLink => row(Part::Identity, "incident link", Link, Close,
                C.soc2("Identifies Changes in Infrastructure, Data, Software, and Procedures Required to Remediate Incidents").guide("link change ticket to incident ticket").nis2("ENISA on 6.4.3: reason for the emergency")),
            Self::IncidentSeverity => row(Part::Identity, "how severe the incident was", Choice(&["low", "medium", "high", "critical"]), Optional,
                C.soc2("Identifies Changes in Infrastructure, Data, Software, and Procedures Required to Remediate Incidents").guide("they were truly emergencies (documented incident)")),
            Self::IncidentBeganAt => row(Part::Identity, "when the incident began", Instant, asked_by(&[Dora]),
                C.soc2("Identifies Changes in Infrastructure, Data, Software, and Procedures Required to Remediate Incidents").guide("they were truly emergencies (documented incident)").dora("17(1)(d)(ii)")),
            Self::IncidentEndedAt => row(Part::Identity, "when the incident was over", Instant, Optional,
                C.guide("document outcome (resolved incident)").dora("17(1)(d)(ii)")),
            Self::ExternalTicket => row(Part::Identity, "ticket in another system", Link, Optional,
                C.soc2("Tracks System Changes").guide("create formal change ticket").nist("CM-3e")),

            Self::Requester => row(Part::People, "requester", Recorded, Kept,
                C.soc2("Authorizes Changes").guide("who requested it").nist("CM-3e").dora("17(1)(b)").iso("27002: maintaining records of changes")),
            Self::Authorization => row(Part::People, "authorization", Recorded, Act,
                C.soc2("Authorizes Changes").guide("note who authorized the change; show emergency authorization").pci("documented change approval by authorized parties").nist("CM-3b; CM-3(1)(d); AU-10").dora("17(1)(b); 17(1)(f)").nis2("ENISA on 6.4.3: approval").iso("27002: authorization of changes")),
            Self::Commander => row(Part::People, "incident commander", Recorded, Act,
                C.soc2("Authorizes Changes").guide("required: incident commander approval").pci("documented change approval by authorized parties").nist("CM-3b").dora("17(1)(c)").iso("27002: authorization of changes")),
            Self::Deployment => row(Part::People, "deployment", Recorded, Kept,
                C.soc2("Deploys System Changes").guide("record deployment time").nist("CM-3d").dora("17(1)(b); 17(1)(d)(ii)").iso("27002: implementation of changes")),
            Self::Decision => row(Part::People, "retrospective decision", Recorded, Act,
                C.soc2("Approves System Changes").guide("get retroactive approval from engineering manager").pci("documented change approval by authorized parties").nist("CM-3b; CM-3c").dora("17(1)(g)").nis2("ENISA on 6.4.3: approval").iso("27002: authorization of changes")),
            Self::SecurityReview => row(Part::People, "security review", Recorded, ActWhen(SecurityIncident),
                C.soc2("Approves System Changes").guide("security team reviews and approves retrospectively").pci("documented change approval by authorized parties").nist("CM-3(4)").dora("17(1)(g)").iso("27002: authorization of changes")),
            Self::DatabaseApproval => row(Part::People, "database administrator's approval", Recorded, ActWhen(Database),
                C.soc2("Approves System Changes").guide("required: dba approval (for database changes)").pci("documented change approval by authorized parties").nist("CM-3b").dora("17(1)(g)").iso("27002: authorization of changes")),
            Self::Genuine => row(Part::People, "whether it was a genuine emergency", Recorded, Act,
                C.soc2("Provides for Changes Necessary in Emergency Situations").guide("failure 5: emergency changes without justification").nist("CM-3f").dora("17(1)(g)").nis2("ENISA on 6.4.3: reason for the emergency")),
            Self::Exceptions => row(Part::People, "exceptions and their answers", Recorded, Act,
                C.soc2("Approves System Changes").guide("failure 4: no segregation of duties").nist("CM-3(7); AC-5; CM-5(4)").dora("17(1)(b)").nis2("ENISA on 6.4.3: reason for the delay").iso("27002: maintaining records of changes")),
            Self::Deadlines => row(Part::People, "deadlines, and whether they were met", Recorded, Kept,
                C.soc2("Tracks System Changes").guide("documented within 24 hours of deployment").nist("CM-3(1)(c)").dora("17(1)(d)(ii)").nis2("ENISA on 6.4.3: reason for the delay")),
            Self::HandOff => row(Part::People, "hand-off", Words, Optional,
                C.dora("17(1)(c)")),
            Self::Notifications => row(Part::People, "who was notified", Words, asked_by(&[Nist, Dora]),
                C.guide("deployment notifications provide additional documentation").nist("CM-3(1)(f)").dora("17(1)(d)").iso("27002: communicating changes to relevant interested parties")),
            Self::Reminders => row(Part::People, "reminders", Recorded, Kept,
                C.soc2("Tracks System Changes").nist("CM-3(1)(b); CM-3(1)(c)")),
            Self::EventLog => row(Part::People, "log of events", Recorded, Kept,
                C.soc2("Tracks System Changes").guide("logged and trackable").nist("CM-3e; CM-5(1)(b); AU-10").iso("27002: maintaining records of changes")),

            Self::WorkBeganAt => row(Part::Change, "when the work began", Instant, Optional,
                C.soc2("Deploys System Changes").nist("CM-3d").dora("17(1)(d)(ii)")),
            Self::WhatWasDone => row(Part::Change, "what was done", Words, Close,
                C.soc2("Documents Changes").guide("description: full details").pci("reason for, and description of, the change").nist("CM-3d; CM-3e").dora("17(1)(d)(i)").nis2("6.4.2").iso("27002: implementation of changes")),
            Self::Systems => row(Part::Change, "systems", Kind::Systems, When(PolicyListsSystems),
                C.soc2("Tracks System Changes").guide("files or systems affected").pci("6.5.2").nist("CM-3a").dora("17(1)(d)(i)").iso("27002: planning and assessing the potential impact of changes")),
            Self::Links => row(Part::Change, "pull request, commit, deployment", Links, Optional,
                C.soc2("Tracks System Changes").guide("deployment record (when it went to production)").nist("CM-3d; CM-3e").iso("27002: maintaining records of changes")),
            Self::ConfigurationBefore => row(Part::Change, "configuration before", Words, asked_by(&[Nist]),
                C.soc2("Creates Baseline Configuration of IT Technology").guide("configuration before/after").nist("CM-3e")),
            Self::ConfigurationAfter => row(Part::Change, "configuration after", Words, asked_by(&[Nist]),
                C.soc2("Configures Software").guide("configuration before/after").nist("CM-3e")),
            Self::ControlsBypassed => row(Part::Change, "controls bypassed", Words, asked_by(&[Dora]),
                C.soc2("Provides for Changes Necessary in Emergency Situations").guide("sometimes you need to deploy a hotfix immediately").nist("CM-5(1)").dora("17(1)(f)").nis2("6.4.3: why the procedures could not be followed")),
            Self::ControlsRestored => row(Part::Change, "controls restored", Words, asked_by(&[Dora]),
                C.soc2("Provides for Changes Necessary in Emergency Situations").guide("security controls still functioning").pci("6.5.2").nist("CM-4(2); CM-5(1)").dora("17(1)(f)").nis2("ENISA on 6.4.3: follow-up actions")),

            Self::Testing => row(Part::Testing, "testing", Words, Close,
                C.soc2("Tests System Changes").guide("document testing performed (even if minimal)").pci("testing to verify that the change does not adversely impact system security; for bespoke and custom software: 6.2.4").nist("CM-3(2)").dora("17(1)(a); 17(1)(c)(iii)").nis2("6.4.2").iso("27002: tests and acceptance of tests for the changes")),
            Self::TestingDeferred => row(Part::Testing, "tests put off", Words, Optional,
                C.soc2("Tests System Changes").guide("document testing performed (even if minimal)").pci("for bespoke and custom software: 6.2.4").nist("CM-3(2)").dora("17(1)(g)").nis2("ENISA on 6.4.3: follow-up actions")),
            Self::ValidatedBy => row(Part::Testing, "who validated it in production", Person, asked_by(&[PciDss, Nist]),
                C.soc2("Tests System Changes").guide("multiple responders verify changes when possible").pci("6.5.2").nist("CM-4(2)").dora("17(1)(a)").iso("27002: tests and acceptance of tests for the changes")),
            Self::ValidatedAt => row(Part::Testing, "when it was validated", Instant, asked_by(&[PciDss, Nist]),
                C.soc2("Tests System Changes").guide("post-deployment verification").pci("6.5.2").nist("CM-4(2)").dora("17(1)(a); 17(1)(d)(ii)")),
            Self::Attachments => row(Part::Testing, "attached evidence", Recorded, Kept,
                C.soc2("Documents Changes").guide("keep test results (screenshots, logs, test reports)").nist("CM-3e").iso("27002: maintaining records of changes")),

            Self::RiskLevel => row(Part::Risk, "risk level", Choice(&["low", "medium", "medium_high", "high"]), asked_by(&[Nist, Dora, Nis2, Iso27001]),
                C.soc2("Identifies and Evaluates System Changes").guide("risk level of the change").nist("CM-4").dora("17(1)(h)").nis2("6.4.2").iso("27002: planning and assessing the potential impact of changes")),
            Self::RiskReason => row(Part::Risk, "why that risk", Words, Optional,
                C.soc2("Identifies and Evaluates System Changes").guide("risk assessment for changes").nist("CM-4").nis2("6.4.2")),
            Self::SecurityImpact => row(Part::Risk, "security impact", Choice(&["none", "reduced", "increased", "unknown"]), Close,
                C.soc2("Identifies and Evaluates System Changes").guide("risk-assessed for security impact").pci("documentation of security impact").nist("CM-3b; CM-4").dora("17(1)(h)").nis2("6.4.2").iso("27002: planning and assessing the potential impact of changes")),
            Self::SecurityImpactWords => row(Part::Risk, "security impact in words", Words, WhenOr(SecurityIncident, &[PciDss]),
                C.soc2("Identifies and Evaluates System Changes").guide("risk-assessed for security impact").pci("documentation of security impact").nist("CM-3b; CM-4").dora("17(1)(h)")),
            Self::CustomerImpact => row(Part::Risk, "customer impact", Words, Optional,
                C.soc2("Identifies and Evaluates System Changes").guide("customer impact assessment").dora("17(1)(d)(iii)").nis2("6.4.2")),
            Self::DataScope => row(Part::Risk, "most sensitive data touched", Choice(&["none", "internal", "customer", "personal", "health", "card"]), WhenOr(SecurityIncident, &[PciDss]),
                C.soc2("Protects Confidential Information").guide("database schema modifications affecting customer data").pci("6.5.2").nist("CM-4").dora("17(1)(h)")),
            Self::RegulatedScope => row(Part::Risk, "rules that apply to what it touched", Words, Optional,
                C.soc2("Identifies and Evaluates System Changes").pci("6.5.2").nist("CM-4")),
            Self::PrivacyImpact => row(Part::Risk, "privacy impact", Words, asked_by(&[Nist]),
                C.soc2("Protects Personal Information").nist("CM-3b; CM-4")),

            Self::RollbackPlan => row(Part::Rollback, "rollback plan", Words, Close,
                C.soc2("Deploys System Changes").guide("add rollback plan").pci("procedures to address failures and return to a secure state").nist("CM-3d").dora("17(1)(e)").nis2("ENISA on 6.4.3: how to revert").iso("27002: emergency and contingency considerations")),
            Self::RollbackTrigger => row(Part::Rollback, "what would start a rollback", Words, asked_by(&[Dora]),
                C.guide("how to identify if the change caused issues").pci("procedures to address failures and return to a secure state").dora("17(1)(e)")),
            Self::RollbackData => row(Part::Rollback, "the data in a rollback", Words, WhenOr(Database, &[Dora]),
                C.guide("data recovery procedures if needed").pci("procedures to address failures and return to a secure state").dora("17(1)(e)")),
            Self::RollbackWho => row(Part::Rollback, "who may start a rollback", Person, asked_by(&[Dora]),
                C.guide("who has authority to initiate rollback").dora("17(1)(e)")),
            Self::RollbackExecuted => row(Part::Rollback, "whether it was rolled back", Choice(&["not_needed", "executed", "executed_in_part", "failed"]), Close,
                C.soc2("Deploys System Changes").guide("document rollback execution (even if never needed in production)").pci("procedures to address failures and return to a secure state").nist("CM-3e").dora("17(1)(e)").iso("27002: emergency and contingency considerations")),

            Self::Outcome => row(Part::Outcome, "outcome", Words, Close,
                C.soc2("Documents Changes").guide("document outcome (resolved incident)").nist("CM-3e; CM-3f").dora("17(1)(d)(iii)").nis2("6.4.3: the result of the change").iso("27002: maintaining records of changes")),
            Self::OutcomeCode => row(Part::Outcome, "outcome code", Choice(&["successful", "with_issues", "unsuccessful", "rolled_back"]), Close,
                C.soc2("Tracks System Changes").guide("deployment outcome (success/failure)").nist("CM-3f").dora("17(1)(d)(iii)").nis2("6.4.3: the result of the change")),
            Self::IncidentResolved => row(Part::Outcome, "whether the incident is resolved", Choice(&["yes", "partly", "no"]), Close,
                C.soc2("Identifies Changes in Infrastructure, Data, Software, and Procedures Required to Remediate Incidents").guide("document outcome (resolved incident)").nis2("6.4.3: the result of the change")),
            Self::DataExposed => row(Part::Outcome, "whether data was exposed", Choice(&["no", "yes", "unknown"]), Close,
                C.soc2("Protects Confidential Information").guide("outcome: attack blocked, no customer data exposed").nis2("6.4.3: the result of the change")),
            Self::Permanence => row(Part::Outcome, "whether it is permanent", Choice(&["permanent", choice::TEMPORARY, choice::WORKAROUND]), Close,
                C.soc2("Manages Changes Throughout the System Life Cycle").guide("permanent fixes implemented through normal process").dora("17(1)(g)").nis2("ENISA on 6.4.3: follow-up actions")),
            Self::PermanentFix => row(Part::Outcome, "the permanent fix", Words, When(Workaround),
                C.soc2("Manages Changes Throughout the System Life Cycle").guide("permanent fixes implemented through normal process").dora("17(1)(g)").nis2("ENISA on 6.4.3: follow-up actions")),
            Self::PermanentFixOwner => row(Part::Outcome, "who makes the permanent fix", Person, When(Workaround),
                C.guide("permanent fixes implemented through normal process").dora("17(1)(g)")),
            Self::PermanentFixDueAt => row(Part::Outcome, "by when the permanent fix is made", Instant, Optional,
                C.guide("permanent fixes implemented through normal process").dora("17(1)(g)")),

            Self::LessonsLearned => row(Part::Lessons, "lessons learned", Words, Close,
                C.soc2("Provides for Changes Necessary in Emergency Situations").guide("note lessons learned").nist("CM-3f").dora("17(1)(g)").nis2("ENISA on 6.4.3: follow-up actions")),
            Self::FollowUps => row(Part::Lessons, "follow-ups", Recorded, Afterwards,
                C.soc2("Manages Changes Throughout the System Life Cycle").guide("process improvements are identified if needed").nist("CM-3f").dora("17(1)(g)").nis2("ENISA on 6.4.3: follow-up actions").iso("27002: ensuring that operating documentation and user procedures are changed as necessary")),
            Self::MeetingReview => row(Part::Lessons, "review in a team meeting", Recorded, Afterwards,
                C.soc2("Provides for Changes Necessary in Emergency Situations").guide("change is reviewed in next team meeting").nist("CM-3f; CM-3g").dora("17(1)(g)")),
        }
    }

    /// Whether somebody writes it into the ticket.
    pub fn is_written(self) -> bool {
        match self.row().kind {
            Recorded => false,
            Words
            | Choice(_)
            | Kind::Category
            | Link
            | Links
            | Person
            | Instant
            | Kind::Systems => true,
        }
    }

    /// Whether somebody has to type it to close any ticket: five of all fields.
    pub fn is_typed(self) -> bool {
        matches!(self.row().kind, Words) && matches!(self.row().requirement, Close)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().label)
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("kept by the bot"),
            Self::Act | Self::Close => f.write_str("to close"),
            Self::ActWhen(circumstance) | Self::When(circumstance) => {
                write!(f, "to close {circumstance}")
            }
            Self::Afterwards => f.write_str("asked for, also after closing"),
            Self::WhenOr(circumstance, frameworks) => {
                write!(f, "to close {circumstance}, or if the policy names ")?;
                write_any(f, frameworks)
            }
            Self::Framework(frameworks) => {
                f.write_str("to close, if the policy names ")?;
                write_any(f, frameworks)
            }
            Self::Optional => f.write_str("optional"),
        }
    }
}

fn write_any(f: &mut fmt::Formatter<'_>, frameworks: &[Framework]) -> fmt::Result {
    for (n, framework) in frameworks.iter().enumerate() {
        let or = if n > 0 { " or " } else { "" };
        write!(f, "{or}{framework}")?;
    }
    Ok(())
}
