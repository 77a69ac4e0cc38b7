//! The table of fields held against the fields, and against what was decided.

use super::*;
use crate::domain::policy::Framework;
use crate::domain::ticket::{Circumstance, Part, Requirement, provision};

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
    let when = |circumstance| required(&Requirement::When(circumstance));
    assert_eq!(
        when(Circumstance::Workaround),
        ["permanent_fix", "permanent_fix_owner"]
    );
    assert_eq!(when(Circumstance::PolicyListsSystems), ["systems"]);
    // What these ask for is somebody's review, and no field.
    assert_eq!(when(Circumstance::SecurityIncident), [""; 0]);
    assert_eq!(when(Circumstance::Database), [""; 0]);
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
            .filter_map(|framework| row.citations.of(*framework))
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
            Requirement::Framework(asking) => {
                assert!(!asking.is_empty(), "{field}");
                for framework in asking {
                    assert!(
                        row.citations.of(*framework).is_some(),
                        "{field}: {framework}"
                    );
                    assert_ne!(*framework, Framework::Soc2, "{field}: that is always asked");
                }
            }
            Requirement::Close => {
                let soc2 = row.citations.of(Framework::Soc2).is_some();
                assert!(
                    soc2 && row.citations.guide_says().is_some(),
                    "{field} is asked of everybody, without SOC 2's and the guide's word"
                );
            }
            Requirement::Kept | Requirement::When(_) | Requirement::Optional => {}
        }
    }
}

#[test]
fn every_framework_finds_fields_for_each_of_its_demands() {
    let citing = |framework: Framework, demand: &str| {
        Field::ALL.iter().any(|field| {
            let cited = field.row().citations.of(framework);
            cited.is_some_and(|cited| cited.contains(demand))
        })
    };
    for demand in [
        "reason for, and description of, the change",
        "documentation of security impact",
        "documented change approval by authorized parties",
        "testing to verify",
        "6.2.4",
        "procedures to address failures and return to a secure state",
    ] {
        assert!(citing(Framework::PciDss, demand), "{demand}");
    }
    for letter in ["a", "b", "c", "d", "e", "f", "g"] {
        let demand = format!("CM-3 {letter}");
        assert!(citing(Framework::Nist, &demand), "{demand}");
        if letter != "g" {
            let demand = format!("17(1)({letter})");
            assert!(citing(Framework::Dora, &demand), "{demand}");
        }
    }
    assert!(citing(Framework::Dora, "17(1)(g)") && citing(Framework::Dora, "17(1)(h)"));
    for demand in ["why the procedures", "document the result", "how to revert"] {
        assert!(citing(Framework::Nis2, demand), "{demand}");
    }
    assert!(citing(Framework::Iso27001, "A.8.32"));
    for demand in [
        "Authorizes Changes",
        "Documents Changes",
        "Tracks System Changes",
        "Tests System Changes",
        "Approves System Changes",
        "Deploys System Changes",
        "Emergency Situations",
        "Remediate Incidents",
    ] {
        assert!(citing(Framework::Soc2, demand), "{demand}");
    }
    for framework in Framework::ALL {
        assert!(!provision(*framework).is_empty());
    }
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
