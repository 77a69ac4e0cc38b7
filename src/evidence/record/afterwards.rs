//! What came after a change was made, as its record shows it: the decision, the reviews,
//! what is owed, and the controls that were not met. Plain data.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Act, Named, Person, Who, Words};

/// The decision afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Whether it was approved or rejected.
    pub verdict: Named,
    /// By whom.
    pub by: Person,
    /// When.
    pub at: DateTime<Utc>,
    /// Why they had the authority.
    pub ground: Option<Named>,
    /// SHA-256 over exactly what was approved.
    pub content_hash: Option<String>,
    /// Whether the ticket still is what was approved.
    pub is_of_present_content: Option<bool>,
    /// Conditions of an approval, or the reason of a rejection.
    pub words: Option<Words>,
    /// Whether they hold it for a genuine emergency.
    pub is_genuine: Option<bool>,
    /// What they say of that.
    pub genuine_words: Option<Words>,
    /// Fields that said too little, and that they approved all the same.
    pub despite: Vec<Named>,
    /// How a rejected change is to be put right.
    pub remedy: Option<Named>,
    /// By whom.
    pub remedy_owner: Option<Person>,
    /// By when.
    pub remedy_due_at: Option<DateTime<Utc>>,
}

/// That an approval was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBack {
    /// Whose act took it back.
    pub by: Who,
    /// When.
    pub at: DateTime<Utc>,
    /// Which field was edited; nothing: a deployment was told of or put right.
    pub field: Option<Named>,
}

/// A review beside the decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Which.
    pub review: Named,
    /// Who gave it, and when.
    pub act: Act,
    /// SHA-256 over exactly what was reviewed.
    pub content_hash: String,
    /// What they say.
    pub words: Option<Words>,
}

/// A word on whether it was a genuine emergency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genuineness {
    /// Who gave it, and when.
    pub act: Act,
    /// Whether it was.
    pub is_genuine: bool,
    /// Why.
    pub words: Option<Words>,
}

/// The review in a team meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// Who recorded it, and when.
    pub act: Act,
    /// When it was held.
    pub held_at: DateTime<Utc>,
    /// Where its minutes are.
    pub minutes: Option<Words>,
    /// Which improvements it found.
    pub improvements: Option<Words>,
}

/// Words on something that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// What was done.
    pub words: Words,
    /// Who says so, and when.
    pub act: Act,
}

/// Something to be done after the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// What.
    pub what: Words,
    /// By whom.
    pub owner: Person,
    /// By when.
    pub due_at: DateTime<Utc>,
    /// Who wrote it down, and when.
    pub added: Act,
    /// Who did it, and when.
    pub done: Option<Act>,
    /// How.
    pub how: Option<Words>,
}

/// Something that is or was owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    /// What.
    pub duty: Named,
    /// By whom.
    pub owner: Option<Who>,
    /// Since when.
    pub opened_at: DateTime<Utc>,
    /// Until when.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was done.
    pub met_at: Option<DateTime<Utc>>,
    /// Whether its deadline passed before it was done.
    pub is_missed: bool,
    /// Whether closing waits for it.
    pub closing_waits: bool,
}

/// A control that was not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// Which.
    pub exception: Named,
    /// When it was recorded.
    pub at: DateTime<Utc>,
    /// Its answer.
    pub answer: Option<Answer>,
}

/// The answer to an exception.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Who gave it, and when.
    pub act: Act,
    /// Why it came to that.
    pub cause: Words,
    /// What is done about it.
    pub remedy: Words,
    /// By whom.
    pub owner: Person,
}
