//! Which words a change's record holds: where each text stands in it, and which
//! were taken out again.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};

use super::{Actor, EmergencyChange, Event, Evidence};
use crate::domain::text::{Commitment, repeats};
use crate::domain::ticket::Field;

/// What a text is to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// What is changed.
    What,
    /// The request as it was typed.
    Request,
    /// A message that answered.
    Answer,
    /// An account of what was said by word of mouth.
    Account,
    /// What a captured message said after an edit.
    Edit,
    /// Why a time was put right.
    Correction,
    /// A reason that is none of the five.
    Reason,
    /// A field of the ticket.
    Field(Field),
    /// The name of a file, or an address.
    Attachment,
    /// What goes with a decision, a review or a meeting.
    Decision,
    /// What is said of an exception, a remedy, a fix or a follow-up.
    Answered,
    /// Why something was taken out.
    Redaction,
}

impl fmt::Display for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::What => "what is changed",
            Self::Request => "the request as typed",
            Self::Answer => "an answer in words",
            Self::Account => "an account of what was said",
            Self::Edit => "an edited message",
            Self::Correction => "why a time was put right",
            Self::Reason => "a stated reason",
            Self::Field(field) => return field.fmt(f),
            Self::Attachment => "an attachment",
            Self::Decision => "words of a decision",
            Self::Answered => "an answer or a remedy",
            Self::Redaction => "why something was removed",
        })
    }
}

/// Where a text came into the record first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    /// As what.
    pub passage: Passage,
    /// By whom.
    pub by: Actor,
    /// When.
    pub at: DateTime<Utc>,
}

/// That a text was taken out of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    /// Who did; the clock: the policy's rule, by which words leave after a time.
    pub by: Actor,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: Commitment,
}

/// Returns everything that goes with these texts when they are taken out: they
/// themselves, whatever repeats their words, and of the request both its forms.
pub fn going_with(
    change: &EmergencyChange,
    chosen: impl IntoIterator<Item = Commitment>,
    words_of: impl Fn(&Commitment) -> Option<String>,
) -> BTreeSet<Commitment> {
    let mut going: BTreeSet<Commitment> = chosen.into_iter().collect();
    let chosen: Vec<String> = going.iter().filter_map(&words_of).collect();
    let is_said_again = |text: &&Commitment| {
        words_of(text).is_some_and(|other| chosen.iter().any(|words| repeats(&other, words)))
    };
    going.extend(change.texts.keys().filter(is_said_again));
    let is_the_request = |text: &Commitment| {
        let stands = change.texts.get(text);
        stands.is_some_and(|one| matches!(one.passage, Passage::What | Passage::Request))
    };
    if going.iter().any(is_the_request) {
        going.extend([change.what, change.verbatim]);
    }
    going
}

/// Returns the texts that an event brings into the record.
pub(super) fn passages(event: &Event) -> Vec<(Passage, Commitment)> {
    let one = |passage, text: &Commitment| vec![(passage, *text)];
    let if_any = |passage, texts: &[&Option<Commitment>]| -> Vec<(Passage, Commitment)> {
        let said = texts.iter().filter_map(|text| **text);
        said.map(|text| (passage, text)).collect()
    };
    match event {
        Event::Requested { what, verbatim, .. } => {
            vec![(Passage::What, *what), (Passage::Request, *verbatim)]
        }
        Event::Authorized { evidence, .. }
        | Event::Denied { evidence, .. }
        | Event::SecondAuthorized { evidence, .. } => match evidence {
            Some(Evidence::Words { text, .. }) => one(Passage::Answer, text),
            Some(Evidence::Account { text }) => one(Passage::Account, text),
            Some(Evidence::Emoji { .. }) | None => Vec::new(),
        },
        Event::DeploymentCorrected { reason, .. } => one(Passage::Correction, reason),
        Event::ReasonStated { text, .. } => if_any(Passage::Reason, &[text]),
        Event::MessageEdited { to, .. } => one(Passage::Edit, to),
        Event::SectionWritten { section, text } => one(Passage::Field(section.field()), text),
        Event::FieldWritten { field, value, .. } => value
            .commitment()
            .map(|text| (Passage::Field(*field), text))
            .into_iter()
            .collect(),
        Event::AttachmentKept { name, .. } => one(Passage::Attachment, name),
        Event::Approved {
            conditions,
            genuine,
            ..
        } => {
            let words = genuine.as_ref().and_then(|genuine| genuine.words);
            if_any(Passage::Decision, &[conditions, &words])
        }
        Event::Rejected {
            reason, genuine, ..
        } => {
            let words = genuine.as_ref().and_then(|genuine| genuine.words);
            if_any(Passage::Decision, &[&Some(*reason), &words])
        }
        Event::Reviewed { words, .. } => if_any(Passage::Decision, &[words]),
        Event::GenuinenessReviewed { genuine, .. } => if_any(Passage::Decision, &[&genuine.words]),
        Event::MeetingHeld {
            minutes,
            improvements,
            ..
        } => if_any(Passage::Decision, &[minutes, improvements]),
        Event::PermanentFixMade { how } | Event::Remediated { how } => one(Passage::Answered, how),
        Event::FollowUpAdded { what, .. } => one(Passage::Answered, what),
        Event::FollowUpDone { how, .. } => if_any(Passage::Answered, &[how]),
        Event::ExceptionAnswered { cause, remedy, .. } => {
            vec![(Passage::Answered, *cause), (Passage::Answered, *remedy)]
        }
        Event::Redacted { reason, .. } => one(Passage::Redaction, reason),
        Event::CriterionStated { .. }
        | Event::AskedAnew { .. }
        | Event::AttestationConfirmed
        | Event::AttestationDisputed
        | Event::WentAhead
        | Event::CommanderNamed { .. }
        | Event::CommanderAuthorized { .. }
        | Event::Deployed { .. }
        | Event::LinkedAsDuplicate { .. }
        | Event::MessageDeleted { .. }
        | Event::ReactionRemoved { .. }
        | Event::Lapsed
        | Event::Withdrawn
        | Event::Documented
        | Event::TicketReopened { .. }
        | Event::ApprovalTakenBack { .. }
        | Event::ExceptionRecorded { .. }
        | Event::DeadlineMissed { .. }
        | Event::Snoozed { .. }
        | Event::HandedOver { .. }
        | Event::Escalated { .. }
        | Event::Reminded { .. }
        | Event::Delivered { .. }
        | Event::Undelivered { .. }
        | Event::Closed => Vec::new(),
    }
}
