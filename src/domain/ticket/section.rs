//! The five sections of the first tickets, which the record knows for ever.

use std::fmt;

use super::Field;

named! {
    /// A part of the first tickets that a person wrote: now a field of words of
    /// the same name.
    pub enum Section {
        /// What was changed, where.
        WhatWasDone = "what_was_done",
        /// What was tested before and after, even if minimal.
        Testing = "testing",
        /// How to go back.
        RollbackPlan = "rollback_plan",
        /// What came of it.
        Outcome = "outcome",
        /// What to do better.
        LessonsLearned = "lessons_learned",
    }
}

impl Section {
    /// Returns the field of the same name.
    pub const fn field(self) -> Field {
        match self {
            Self::WhatWasDone => Field::WhatWasDone,
            Self::Testing => Field::Testing,
            Self::RollbackPlan => Field::RollbackPlan,
            Self::Outcome => Field::Outcome,
            Self::LessonsLearned => Field::LessonsLearned,
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.field().fmt(f)
    }
}
