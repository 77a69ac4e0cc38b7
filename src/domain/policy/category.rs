//! The categories of changes: how risky each is, what testing it wants, and
//! whose approval besides the engineering lead's and the commander's.

use std::collections::BTreeSet;
use std::fmt;

use super::Role;

named! {
    /// How much can go wrong.
    pub enum Risk {
        /// Little.
        Low = "low",
        /// Something.
        Medium = "medium",
        /// More than something.
        MediumHigh = "medium_high",
        /// Much.
        High = "high",
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::MediumHigh => "medium-high",
            Self::High => "high",
        })
    }
}

/// A kind of change, as the organisation sorts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// The name that stands in the record.
    pub id: String,
    /// What people read.
    pub label: String,
    /// How much can go wrong with it.
    pub risk: Risk,
    /// The testing that it wants.
    pub testing: String,
    /// Who must approve it. Every emergency needs an approver and the incident
    /// commander; these stand here whether or not the policy repeats them.
    pub approval: BTreeSet<Role>,
}

impl Category {
    /// The category of security incidents, whatever else it asks.
    pub const SECURITY: &'static str = "security";
    /// The category of database changes, whatever else it asks.
    pub const DATABASE: &'static str = "database";

    /// Makes a category. Roles are those that approve besides the two that
    /// approve every emergency.
    pub fn new(
        id: impl Into<String>,
        label: impl Into<String>,
        risk: Risk,
        testing: impl Into<String>,
        besides: impl IntoIterator<Item = Role>,
    ) -> Self {
        let id = id.into();
        // The guide asks for both without regard to how the table is written.
        let by_name = match id.as_str() {
            Self::SECURITY => Some(Role::Security),
            Self::DATABASE => Some(Role::Database),
            _ => None,
        };
        Self {
            id,
            label: label.into(),
            risk,
            testing: testing.into(),
            approval: [Role::Approvers, Role::Commanders]
                .into_iter()
                .chain(by_name)
                .chain(besides)
                .collect(),
        }
    }

    /// Whether the security group has to look at it.
    pub fn is_security(&self) -> bool {
        self.approval.contains(&Role::Security)
    }

    /// Whether a database administrator has to look at it.
    pub fn is_database(&self) -> bool {
        self.approval.contains(&Role::Database)
    }

    /// The guide's table of categories, and the security patch of its table of
    /// change types, without which nobody could say that it was one.
    pub fn guide() -> Vec<Self> {
        let row =
            |id: &str, label: &str, risk, testing: &str| Self::new(id, label, risk, testing, []);
        vec![
            row(
                "code",
                "Code deployment",
                Risk::Medium,
                "Unit and integration tests",
            ),
            row(
                Self::DATABASE,
                "Database migration",
                Risk::High,
                "Full test suite",
            ),
            row(
                "infrastructure",
                "Infrastructure",
                Risk::MediumHigh,
                "Staging verification",
            ),
            row(
                "configuration",
                "Configuration",
                Risk::Medium,
                "Staging test",
            ),
            row("hotfix", "Hotfix", Risk::High, "Minimal, documented"),
            row(
                Self::SECURITY,
                "Security patch",
                Risk::High,
                "Security testing and staging",
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guides_table_is_the_default() {
        let told: Vec<_> = Category::guide()
            .into_iter()
            .map(|one| format!("{}: {}, {}", one.label, one.risk, one.testing))
            .collect();
        assert_eq!(
            told,
            [
                "Code deployment: medium, Unit and integration tests",
                "Database migration: high, Full test suite",
                "Infrastructure: medium-high, Staging verification",
                "Configuration: medium, Staging test",
                "Hotfix: high, Minimal, documented",
                "Security patch: high, Security testing and staging",
            ]
        );
    }

    #[test]
    fn lead_and_commander_approve_every_emergency_and_some_need_a_third() {
        let guide = Category::guide();
        let third = |id: &str| {
            let category = guide.iter().find(|one| one.id == id).unwrap();
            let mut approval = category.approval.clone();
            assert!(approval.remove(&Role::Approvers) && approval.remove(&Role::Commanders));
            approval.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(third("database"), [Role::Database]);
        assert_eq!(third("security"), [Role::Security]);
        for id in ["code", "infrastructure", "configuration", "hotfix"] {
            assert_eq!(third(id), []);
        }
    }

    #[test]
    fn no_wording_of_the_table_takes_the_dba_out_of_a_database_change() {
        let bare = Category::new("database", "Schema", Risk::Low, "None", []);
        assert!(bare.is_database() && !bare.is_security());
        let other = Category::new("schema", "Schema", Risk::Low, "None", [Role::Database]);
        assert!(other.is_database());
    }
}
