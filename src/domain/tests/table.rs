//! The table of fields held against the fields, and against what was decided.
//!
//! What is expected is spelled out here and computed by nothing: by field what it
//! asks for, and by demand of the guide and the frameworks which fields answer it.

use super::*;
use crate::domain::obligation::Duty;
use crate::domain::policy::Framework;
use crate::domain::ticket::{Circumstance, Citations, Part, Requirement};

/// Every field: its part, name, kind, and when it has to be there.
const FIELDS: &[(&str, &str, &str, &str)] = &[
    ("identity", "number", "recorded", "kept"),
    ("identity", "policy", "recorded", "kept"),
    ("identity", "request", "recorded", "kept"),
    ("identity", "category", "category", "close"),
    ("identity", "criterion", "recorded", "close"),
    ("identity", "why_not_normal", "words", "for nis2"),
    ("identity", "incident_link", "link", "close"),
    ("identity", "incident_severity", "choice", "optional"),
    ("identity", "incident_began_at", "time", "for dora"),
    ("identity", "incident_ended_at", "time", "optional"),
    ("identity", "external_ticket", "link", "optional"),
    ("people", "requester", "recorded", "kept"),
    ("people", "authorization", "recorded", "act"),
    ("people", "commander", "recorded", "act"),
    ("people", "deployment", "recorded", "kept"),
    ("people", "decision", "recorded", "act"),
    (
        "people",
        "security_review",
        "recorded",
        "act when security_incident",
    ),
    (
        "people",
        "database_approval",
        "recorded",
        "act when database",
    ),
    ("people", "genuine", "recorded", "act"),
    ("people", "exceptions", "recorded", "act"),
    ("people", "deadlines", "recorded", "kept"),
    ("people", "hand_off", "words", "optional"),
    ("people", "notifications", "words", "for nist, dora"),
    ("people", "reminders", "recorded", "kept"),
    ("people", "event_log", "recorded", "kept"),
    ("change", "work_began_at", "time", "optional"),
    ("change", "what_was_done", "words", "close"),
    ("change", "systems", "systems", "when policy_lists_systems"),
    ("change", "links", "links", "optional"),
    ("change", "configuration_before", "words", "for nist"),
    ("change", "configuration_after", "words", "for nist"),
    ("change", "controls_bypassed", "words", "for dora"),
    ("change", "controls_restored", "words", "for dora"),
    ("testing", "testing", "words", "close"),
    ("testing", "testing_deferred", "words", "optional"),
    ("testing", "validated_by", "person", "for pci_dss, nist"),
    ("testing", "validated_at", "time", "for pci_dss, nist"),
    ("testing", "attachments", "recorded", "kept"),
    (
        "risk",
        "risk_level",
        "choice",
        "for nist, dora, nis2, iso27001",
    ),
    ("risk", "risk_reason", "words", "optional"),
    ("risk", "security_impact", "choice", "close"),
    (
        "risk",
        "security_impact_words",
        "words",
        "when security_incident, or for pci_dss",
    ),
    ("risk", "customer_impact", "words", "optional"),
    (
        "risk",
        "data_scope",
        "choice",
        "when security_incident, or for pci_dss",
    ),
    ("risk", "regulated_scope", "words", "optional"),
    ("risk", "privacy_impact", "words", "for nist"),
    ("rollback", "rollback_plan", "words", "close"),
    ("rollback", "rollback_trigger", "words", "for dora"),
    (
        "rollback",
        "rollback_data",
        "words",
        "when database, or for dora",
    ),
    ("rollback", "rollback_who", "person", "for dora"),
    ("rollback", "rollback_executed", "choice", "close"),
    ("outcome", "outcome", "words", "close"),
    ("outcome", "outcome_code", "choice", "close"),
    ("outcome", "incident_resolved", "choice", "close"),
    ("outcome", "data_exposed", "choice", "close"),
    ("outcome", "permanence", "choice", "close"),
    ("outcome", "permanent_fix", "words", "when workaround"),
    (
        "outcome",
        "permanent_fix_owner",
        "person",
        "when workaround",
    ),
    ("outcome", "permanent_fix_due_at", "time", "optional"),
    ("lessons", "lessons_learned", "words", "close"),
    ("lessons", "follow_ups", "recorded", "afterwards"),
    ("lessons", "meeting_review", "recorded", "afterwards"),
];

/// CC8.1, its points of focus of 2022. A ticket written afterwards shows nothing of
/// how the change was designed, and it isn't where patches or resilience are managed.
const SOC2: &[(&str, &[&str])] = &[
    (
        "Approves System Changes",
        &[
            "decision",
            "security_review",
            "database_approval",
            "exceptions",
        ],
    ),
    (
        "Authorizes Changes",
        &["requester", "authorization", "commander"],
    ),
    ("Configures Software", &["configuration_after"]),
    ("Considers System Resilience", &[]),
    (
        "Creates Baseline Configuration of IT Technology",
        &["configuration_before"],
    ),
    (
        "Deploys System Changes",
        &[
            "deployment",
            "work_began_at",
            "rollback_plan",
            "rollback_executed",
        ],
    ),
    ("Designs and Develops Changes", &[]),
    (
        "Documents Changes",
        &["request", "what_was_done", "attachments", "outcome"],
    ),
    (
        "Identifies Changes in Infrastructure, Data, Software, and Procedures Required to Remediate Incidents",
        &[
            "incident_link",
            "incident_severity",
            "incident_began_at",
            "incident_resolved",
        ],
    ),
    (
        "Identifies and Evaluates System Changes",
        &[
            "risk_level",
            "risk_reason",
            "security_impact",
            "security_impact_words",
            "customer_impact",
            "regulated_scope",
        ],
    ),
    (
        "Manages Changes Throughout the System Life Cycle",
        &[
            "policy",
            "category",
            "permanence",
            "permanent_fix",
            "follow_ups",
        ],
    ),
    ("Manages Patch Changes", &[]),
    ("Privacy by Design", &[]),
    (
        "Protects Confidential Information",
        &["data_scope", "data_exposed"],
    ),
    ("Protects Personal Information", &["privacy_impact"]),
    (
        "Provides for Changes Necessary in Emergency Situations",
        &[
            "criterion",
            "why_not_normal",
            "genuine",
            "controls_bypassed",
            "controls_restored",
            "lessons_learned",
            "meeting_review",
        ],
    ),
    (
        "Tests System Changes",
        &[
            "testing",
            "testing_deferred",
            "validated_by",
            "validated_at",
        ],
    ),
    (
        "Tracks System Changes",
        &[
            "number",
            "external_ticket",
            "deadlines",
            "reminders",
            "event_log",
            "systems",
            "links",
            "outcome_code",
        ],
    ),
];

/// The guide, in its own words.
const GUIDE: &[(&str, &[&str])] = &[
    ("add rollback plan", &["rollback_plan"]),
    ("capture what's being changed and why", &["request"]),
    (
        "change is reviewed in next team meeting",
        &["meeting_review"],
    ),
    (
        "configuration before/after",
        &["configuration_before", "configuration_after"],
    ),
    (
        "create formal change ticket",
        &["number", "external_ticket"],
    ),
    ("customer impact assessment", &["customer_impact"]),
    ("data recovery procedures if needed", &["rollback_data"]),
    (
        "database schema modifications affecting customer data",
        &["data_scope"],
    ),
    ("define change categories", &["category"]),
    ("define what constitutes an emergency clearly", &["policy"]),
    ("demonstrate change was necessary", &["criterion"]),
    (
        "deployment notifications provide additional documentation",
        &["notifications"],
    ),
    ("deployment outcome (success/failure)", &["outcome_code"]),
    ("deployment record (when it went to production)", &["links"]),
    ("description: full details", &["what_was_done"]),
    ("document in incident channel (slack, teams)", &["request"]),
    (
        "document outcome (resolved incident)",
        &["incident_ended_at", "outcome", "incident_resolved"],
    ),
    (
        "document rollback execution (even if never needed in production)",
        &["rollback_executed"],
    ),
    (
        "document testing performed (even if minimal)",
        &["testing", "testing_deferred"],
    ),
    ("documented within 24 hours of deployment", &["deadlines"]),
    ("failure 4: no segregation of duties", &["exceptions"]),
    (
        "failure 5: emergency changes without justification",
        &["genuine"],
    ),
    ("files or systems affected", &["systems"]),
    (
        "get retroactive approval from engineering manager",
        &["decision"],
    ),
    (
        "how to identify if the change caused issues",
        &["rollback_trigger"],
    ),
    (
        "keep test results (screenshots, logs, test reports)",
        &["attachments"],
    ),
    ("link change ticket to incident ticket", &["incident_link"]),
    ("logged and trackable", &["event_log"]),
    (
        "multiple responders verify changes when possible",
        &["validated_by"],
    ),
    ("note lessons learned", &["lessons_learned"]),
    ("note who authorized the change", &["authorization"]),
    (
        "outcome: attack blocked, no customer data exposed",
        &["data_exposed"],
    ),
    (
        "permanent fixes implemented through normal process",
        &[
            "permanence",
            "permanent_fix",
            "permanent_fix_owner",
            "permanent_fix_due_at",
        ],
    ),
    ("post-deployment verification", &["validated_at"]),
    (
        "process improvements are identified if needed",
        &["follow_ups"],
    ),
    ("record deployment time", &["deployment"]),
    (
        "required: dba approval (for database changes)",
        &["database_approval"],
    ),
    ("required: incident commander approval", &["commander"]),
    ("risk assessment for changes", &["risk_reason"]),
    ("risk level of the change", &["risk_level"]),
    (
        "risk-assessed for security impact",
        &["security_impact", "security_impact_words"],
    ),
    (
        "security controls still functioning",
        &["controls_restored"],
    ),
    (
        "security team reviews and approves retrospectively",
        &["security_review"],
    ),
    ("show emergency authorization", &["authorization"]),
    (
        "sometimes you need to deploy a hotfix immediately",
        &["controls_bypassed"],
    ),
    (
        "they were truly emergencies (documented incident)",
        &["incident_severity", "incident_began_at"],
    ),
    ("when normal process can be expedited", &["why_not_normal"]),
    ("who has authority to initiate rollback", &["rollback_who"]),
    ("who requested it", &["requester"]),
];

/// PCI DSS 6.5.1 has six bullets, of which one speaks of 6.2.4; 6.5.2 is about
/// what is to be confirmed after a significant change.
const PCI_DSS: &[(&str, &[&str])] = &[
    (
        "6.5.2",
        &[
            "systems",
            "controls_restored",
            "validated_by",
            "validated_at",
            "data_scope",
            "regulated_scope",
        ],
    ),
    (
        "documentation of security impact",
        &["security_impact", "security_impact_words"],
    ),
    (
        "documented change approval by authorized parties",
        &[
            "authorization",
            "commander",
            "decision",
            "security_review",
            "database_approval",
        ],
    ),
    (
        "for bespoke and custom software: 6.2.4",
        &["testing", "testing_deferred"],
    ),
    (
        "procedures to address failures and return to a secure state",
        &[
            "rollback_plan",
            "rollback_trigger",
            "rollback_data",
            "rollback_executed",
        ],
    ),
    (
        "reason for, and description of, the change",
        &["request", "criterion", "what_was_done"],
    ),
    (
        "testing to verify that the change does not adversely impact system security",
        &["testing"],
    ),
];

/// NIST SP 800-53, CM-3 with its enhancements, and the controls that it leans on.
const NIST: &[(&str, &[&str])] = &[
    ("AC-5", &["exceptions"]),
    ("AU-10", &["authorization", "event_log"]),
    ("CM-3(1)(b)", &["reminders"]),
    ("CM-3(1)(c)", &["deadlines", "reminders"]),
    ("CM-3(1)(d)", &["authorization"]),
    ("CM-3(1)(f)", &["notifications"]),
    ("CM-3(2)", &["testing", "testing_deferred"]),
    ("CM-3(4)", &["security_review"]),
    ("CM-3(7)", &["exceptions"]),
    ("CM-3a", &["policy", "category", "systems"]),
    (
        "CM-3b",
        &[
            "authorization",
            "commander",
            "decision",
            "database_approval",
            "security_impact",
            "security_impact_words",
            "privacy_impact",
        ],
    ),
    ("CM-3c", &["decision"]),
    (
        "CM-3d",
        &[
            "deployment",
            "work_began_at",
            "what_was_done",
            "links",
            "rollback_plan",
        ],
    ),
    (
        "CM-3e",
        &[
            "number",
            "request",
            "external_ticket",
            "requester",
            "event_log",
            "what_was_done",
            "links",
            "configuration_before",
            "configuration_after",
            "attachments",
            "rollback_executed",
            "outcome",
        ],
    ),
    (
        "CM-3f",
        &[
            "genuine",
            "outcome",
            "outcome_code",
            "lessons_learned",
            "follow_ups",
            "meeting_review",
        ],
    ),
    ("CM-3g", &["meeting_review"]),
    (
        "CM-4",
        &[
            "risk_level",
            "risk_reason",
            "security_impact",
            "security_impact_words",
            "data_scope",
            "regulated_scope",
            "privacy_impact",
        ],
    ),
    (
        "CM-4(2)",
        &["controls_restored", "validated_by", "validated_at"],
    ),
    ("CM-5(1)", &["controls_bypassed", "controls_restored"]),
    ("CM-5(1)(b)", &["event_log"]),
    ("CM-5(4)", &["exceptions"]),
];

/// DORA's RTS on ICT risk management, Article 17(1), from (a) to (h).
const DORA: &[(&str, &[&str])] = &[
    ("17(1)(a)", &["testing", "validated_by", "validated_at"]),
    (
        "17(1)(b)",
        &["requester", "authorization", "deployment", "exceptions"],
    ),
    ("17(1)(c)", &["commander", "hand_off"]),
    ("17(1)(c)(iii)", &["testing"]),
    ("17(1)(d)", &["notifications"]),
    ("17(1)(d)(i)", &["request", "what_was_done", "systems"]),
    (
        "17(1)(d)(ii)",
        &[
            "incident_began_at",
            "incident_ended_at",
            "deployment",
            "deadlines",
            "work_began_at",
            "validated_at",
        ],
    ),
    (
        "17(1)(d)(iii)",
        &["customer_impact", "outcome", "outcome_code"],
    ),
    (
        "17(1)(e)",
        &[
            "rollback_plan",
            "rollback_trigger",
            "rollback_data",
            "rollback_who",
            "rollback_executed",
        ],
    ),
    (
        "17(1)(f)",
        &[
            "policy",
            "criterion",
            "why_not_normal",
            "authorization",
            "controls_bypassed",
            "controls_restored",
        ],
    ),
    (
        "17(1)(g)",
        &[
            "decision",
            "security_review",
            "database_approval",
            "genuine",
            "testing_deferred",
            "permanence",
            "permanent_fix",
            "permanent_fix_owner",
            "permanent_fix_due_at",
            "lessons_learned",
            "follow_ups",
            "meeting_review",
        ],
    ),
    (
        "17(1)(h)",
        &[
            "risk_level",
            "security_impact",
            "security_impact_words",
            "data_scope",
        ],
    ),
];

/// NIS2's implementing regulation, 6.4, and the evidence that ENISA names for 6.4.3.
const NIS2: &[(&str, &[&str])] = &[
    ("6.4.1", &["policy"]),
    (
        "6.4.2",
        &[
            "request",
            "category",
            "what_was_done",
            "testing",
            "risk_level",
            "risk_reason",
            "security_impact",
            "customer_impact",
        ],
    ),
    (
        "6.4.3: the result of the change",
        &[
            "outcome",
            "outcome_code",
            "incident_resolved",
            "data_exposed",
        ],
    ),
    (
        "6.4.3: why the procedures could not be followed",
        &["why_not_normal", "controls_bypassed"],
    ),
    ("ENISA on 6.4.3: approval", &["authorization", "decision"]),
    (
        "ENISA on 6.4.3: follow-up actions",
        &[
            "controls_restored",
            "testing_deferred",
            "permanence",
            "permanent_fix",
            "lessons_learned",
            "follow_ups",
        ],
    ),
    ("ENISA on 6.4.3: how to revert", &["rollback_plan"]),
    (
        "ENISA on 6.4.3: reason for the delay",
        &["exceptions", "deadlines"],
    ),
    (
        "ENISA on 6.4.3: reason for the emergency",
        &["criterion", "incident_link", "genuine"],
    ),
];

/// ISO 27001 A.8.32 is one sentence; ISO 27002 8.32 lists what it means.
const ISO_27001: &[(&str, &[&str])] = &[
    (
        "27002: authorization of changes",
        &[
            "authorization",
            "commander",
            "decision",
            "security_review",
            "database_approval",
        ],
    ),
    (
        "27002: communicating changes to relevant interested parties",
        &["notifications"],
    ),
    (
        "27002: emergency and contingency considerations",
        &["criterion", "rollback_plan", "rollback_executed"],
    ),
    (
        "27002: ensuring that operating documentation and user procedures are changed as necessary",
        &["follow_ups"],
    ),
    (
        "27002: implementation of changes",
        &["deployment", "what_was_done"],
    ),
    (
        "27002: maintaining records of changes",
        &[
            "number",
            "request",
            "requester",
            "exceptions",
            "event_log",
            "links",
            "attachments",
            "outcome",
        ],
    ),
    (
        "27002: planning and assessing the potential impact of changes",
        &["systems", "risk_level", "security_impact"],
    ),
    (
        "27002: tests and acceptance of tests for the changes",
        &["testing", "validated_by"],
    ),
    ("A.8.32", &["number", "policy", "category"]),
];

fn required(wanted: &Requirement) -> Vec<&'static str> {
    Field::ALL
        .iter()
        .filter(|field| field.row().requirement == *wanted)
        .map(|field| field.name())
        .collect()
}

#[test]
fn these_fields_close_any_ticket_and_five_of_them_are_typed() {
    assert_eq!(
        required(&Requirement::Close),
        [
            "category",
            "criterion",
            "incident_link",
            "what_was_done",
            "testing",
            "security_impact",
            "rollback_plan",
            "rollback_executed",
            "outcome",
            "outcome_code",
            "incident_resolved",
            "data_exposed",
            "permanence",
            "lessons_learned",
        ]
    );
    let typed: Vec<&str> = Field::ALL
        .iter()
        .filter(|field| field.is_typed())
        .map(|field| field.name())
        .collect();
    assert_eq!(
        typed,
        [
            "what_was_done",
            "testing",
            "rollback_plan",
            "outcome",
            "lessons_learned"
        ]
    );
}

#[test]
fn a_circumstance_asks_for_these() {
    let when = |wanted: Circumstance| -> Vec<&str> {
        let asked = Field::ALL.iter().filter(|field| {
            matches!(
                field.row().requirement,
                Requirement::When(circumstance) | Requirement::WhenOr(circumstance, _)
                    if circumstance == wanted
            )
        });
        asked.map(|field| field.name()).collect()
    };
    assert_eq!(
        when(Circumstance::Workaround),
        ["permanent_fix", "permanent_fix_owner"]
    );
    assert_eq!(when(Circumstance::PolicyListsSystems), ["systems"]);
    assert_eq!(
        when(Circumstance::SecurityIncident),
        ["security_impact_words", "data_scope"]
    );
    assert_eq!(when(Circumstance::Database), ["rollback_data"]);
    let act_when = |circumstance| required(&Requirement::ActWhen(circumstance));
    assert_eq!(
        act_when(Circumstance::SecurityIncident),
        ["security_review"]
    );
    assert_eq!(act_when(Circumstance::Database), ["database_approval"]);
}

#[test]
fn every_field_has_a_label_of_its_own_and_answers_some_demand() {
    let mut labels = BTreeSet::new();
    for field in Field::ALL {
        let row = field.row();
        assert!(labels.insert(row.label), "{field} is called as another");
        assert!(!row.label.is_empty());
        let cited = Framework::ALL
            .iter()
            .flat_map(|framework| row.citations.of(*framework))
            .chain(row.citations.guide_says());
        let cited: Vec<&str> = cited.collect();
        assert!(!cited.is_empty(), "{field} answers nobody");
        assert!(cited.iter().all(|text| !text.trim().is_empty()));
    }
}

#[test]
fn whatever_a_framework_asks_for_cites_that_framework() {
    for field in Field::ALL {
        let row = field.row();
        match row.requirement {
            Requirement::Framework(asking) | Requirement::WhenOr(_, asking) => {
                assert!(!asking.is_empty(), "{field}");
                for framework in asking {
                    assert!(
                        row.citations.of(*framework).next().is_some(),
                        "{field}: {framework}"
                    );
                    assert_ne!(*framework, Framework::Soc2, "{field}: that is always asked");
                }
            }
            Requirement::Close => {
                let soc2 = row.citations.of(Framework::Soc2).next().is_some();
                assert!(
                    soc2 && row.citations.guide_says().next().is_some(),
                    "{field} is asked of everybody, without SOC 2's and the guide's word"
                );
            }
            Requirement::Kept
            | Requirement::Act
            | Requirement::ActWhen(_)
            | Requirement::Afterwards
            | Requirement::When(_)
            | Requirement::Optional => {}
        }
    }
}

/// Which fields answer which demand, as the table has it.
fn answering<'a, I>(demands: impl Fn(Citations) -> I) -> BTreeMap<&'a str, Vec<&'a str>>
where
    I: Iterator<Item = &'a str>,
{
    let mut answering: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for field in Field::ALL {
        for demand in demands(field.row().citations) {
            answering.entry(demand).or_default().push(field.name());
        }
    }
    answering
}

fn spelled_out<'a>(expected: &[(&'a str, &[&'a str])]) -> BTreeMap<&'a str, Vec<&'a str>> {
    let answered = expected.iter().filter(|(_, fields)| !fields.is_empty());
    answered
        .map(|(demand, fields)| (*demand, fields.to_vec()))
        .collect()
}

#[test]
fn each_field_stands_in_its_part_and_asks_for_what_was_decided() {
    let table: Vec<_> = Field::ALL
        .iter()
        .map(|field| {
            let row = field.row();
            let asks = match row.requirement {
                Requirement::Kept => "kept".to_owned(),
                Requirement::Act => "act".to_owned(),
                Requirement::ActWhen(circumstance) => format!("act when {}", circumstance.name()),
                Requirement::Afterwards => "afterwards".to_owned(),
                Requirement::Close => "close".to_owned(),
                Requirement::When(circumstance) => format!("when {}", circumstance.name()),
                Requirement::WhenOr(circumstance, asking) => {
                    let names: Vec<_> = asking.iter().map(|one| one.name()).collect();
                    format!("when {}, or for {}", circumstance.name(), names.join(", "))
                }
                Requirement::Framework(asking) => {
                    let names: Vec<_> = asking.iter().map(|one| one.name()).collect();
                    format!("for {}", names.join(", "))
                }
                Requirement::Optional => "optional".to_owned(),
            };
            (row.part.name(), field.name(), row.kind.to_string(), asks)
        })
        .collect();
    let table: Vec<_> = table
        .iter()
        .map(|(part, name, kind, asks)| (*part, *name, kind.as_str(), asks.as_str()))
        .collect();
    assert_eq!(table, FIELDS);
}

#[test]
fn each_demand_is_answered_by_these_fields() {
    for (framework, expected) in [
        (Framework::Soc2, SOC2),
        (Framework::PciDss, PCI_DSS),
        (Framework::Nist, NIST),
        (Framework::Dora, DORA),
        (Framework::Nis2, NIS2),
        (Framework::Iso27001, ISO_27001),
    ] {
        assert_eq!(
            answering(|citations| citations.of(framework)),
            spelled_out(expected),
            "{framework}"
        );
    }
    assert_eq!(
        answering(|citations| citations.guide_says()),
        spelled_out(GUIDE)
    );
}

#[test]
fn whoever_must_act_to_close_owes_it_by_an_obligation() {
    let acts = |wanted: fn(&Requirement) -> bool| -> Vec<&str> {
        let fields = Field::ALL.iter();
        fields
            .filter(|field| wanted(&field.row().requirement))
            .map(|field| field.name())
            .collect()
    };
    let exception = crate::domain::change::Exception::DocumentedLate;
    let to_close = [
        ("authorization", Duty::SecondAuthorization),
        ("commander", Duty::CommanderAuthorization),
        ("decision", Duty::Approval),
        ("security_review", Duty::SecurityReview),
        ("database_approval", Duty::DatabaseApproval),
        // It is asked with the decision.
        ("genuine", Duty::Approval),
        ("exceptions", Duty::AnswerException(exception)),
    ];
    assert_eq!(
        acts(|one| matches!(one, Requirement::Act | Requirement::ActWhen(_))),
        to_close.map(|(name, _)| name)
    );
    assert!(to_close.iter().all(|(_, duty)| duty.is_needed_to_close()));
    let afterwards = [
        ("follow_ups", Duty::FollowUp(1)),
        ("meeting_review", Duty::MeetingReview),
    ];
    assert_eq!(
        acts(|one| *one == Requirement::Afterwards),
        afterwards.map(|(name, _)| name)
    );
    assert!(
        afterwards
            .iter()
            .all(|(_, duty)| !duty.is_needed_to_close())
    );
}

#[test]
fn the_fields_stand_in_the_order_of_their_parts_and_every_part_has_some() {
    let parts: Vec<Part> = Field::ALL.iter().map(|field| field.row().part).collect();
    assert!(parts.is_sorted());
    let all: BTreeSet<Part> = parts.into_iter().collect();
    assert_eq!(all, Part::ALL.iter().copied().collect());
}

#[test]
fn a_choice_has_at_least_two_choices_and_no_two_alike() {
    for field in Field::ALL {
        if let Kind::Choice(choices) = field.row().kind {
            let different: BTreeSet<&str> = choices.iter().copied().collect();
            assert!(choices.len() > 1 && different.len() == choices.len());
        }
    }
}

#[test]
fn a_framework_that_the_policy_names_asks_for_its_fields() {
    let mut story = documented();
    assert_eq!(gaps_of(&story), [""; 0]);
    story.policy.frameworks.insert(Framework::Nis2);
    assert_eq!(gaps_of(&story), ["why_not_normal"]);
    story.policy.frameworks.insert(Framework::PciDss);
    assert_eq!(
        gaps_of(&story),
        [
            "why_not_normal",
            "validated_by",
            "validated_at",
            "security_impact_words",
            "data_scope"
        ]
    );
    story.policy.systems.push("waf".to_owned());
    assert!(gaps_of(&story).contains(&"systems"));
}

#[test]
fn a_security_incident_and_a_database_ask_for_words_of_their_own() {
    let chosen = |category| gaps_of(&documented().when(choose(DANA, Field::Category, category)));
    assert_eq!(chosen("security"), ["security_impact_words", "data_scope"]);
    assert_eq!(chosen("database"), ["rollback_data"]);
    let vulnerable = documented().when(stating(DANA, Criterion::Vulnerability));
    assert_eq!(
        gaps_of(&vulnerable),
        ["security_impact_words", "data_scope"]
    );
}

fn gaps_of(story: &Story) -> Vec<&'static str> {
    crate::domain::ticket::gaps(&story.change, &story.policy)
        .iter()
        .map(|field| field.name())
        .collect()
}

#[test]
fn a_field_keeps_its_name_in_the_record() {
    for field in Field::ALL {
        assert_eq!(Field::from_name(field.name()), Some(*field));
    }
    assert_eq!(Field::from_name("section"), None);
}
